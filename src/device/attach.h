/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The driver's side of attaching: what it is asked and told for one binding. */
#ifndef IOMM_DEVICE_ATTACH_H
#define IOMM_DEVICE_ATTACH_H

#include "device/member.h"

/* All IDs of a binding, in the address space of DMA without a PASID. */
struct iomm_attach iomm_attach_all(const struct iomm_binding *binding);

/* `domain` is what the driver made of it. EIO, ... with a sentence when the
 * driver refuses. */
int iomm_attach_prepare(const struct iomm_binding *binding, void *domain,
			const struct iomm_attach *at);
void iomm_attach_commit(const struct iomm_binding *binding, void *domain,
			const struct iomm_attach *at);
void iomm_attach_block(const struct iomm_binding *binding,
		       const struct iomm_attach *at);

#endif
