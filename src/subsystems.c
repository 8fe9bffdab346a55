/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a context consists of, lowest first, and who does what for whom. The one
 * place that knows all. */
#include "base/ctx.h"
#include "device/registry.h"
#include "domain/domain.h"
#include "ioasid/space.h"
#include "pgtable/format.h"

const struct iomm_subsys *const iomm_subsystems[IOMM_NR_SUBSYS] = {
	&iomm_format_subsys,
	&iomm_ioasid_subsys,
	&iomm_device_subsys,
};

const struct iomm_group_ops *const iomm_group_ops = &iomm_domain_group_ops;
