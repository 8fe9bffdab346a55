/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * All of libiomm.
 */
#ifndef IOMM_IOMM_H
#define IOMM_IOMM_H

#include <iomm/alloc_type.h>
#include <iomm/allocator.h>
#include <iomm/bus.h>
#include <iomm/ctx.h>
#include <iomm/cursor.h>
#include <iomm/device.h>
#include <iomm/domain.h>
#include <iomm/dump.h>
#include <iomm/error.h>
#include <iomm/firmware.h>
#include <iomm/format.h>
#include <iomm/fwspec.h>
#include <iomm/gather.h>
#include <iomm/group.h>
#include <iomm/ioasid.h>
#include <iomm/ioasid_space.h>
#include <iomm/iommu.h>
#include <iomm/pasid.h>
#include <iomm/pgtable.h>
#include <iomm/platform.h>
#include <iomm/reservation.h>
#include <iomm/soft.h>
#include <iomm/static_firmware.h>
#include <iomm/table_memory.h>
#include <iomm/types.h>

#endif
