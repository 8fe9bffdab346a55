/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DOMAIN_DOMAIN_H
#define IOMM_DOMAIN_DOMAIN_H

#include <iomm/domain.h>

#include "base/claim.h"
#include "base/ctx.h"
#include "device/device.h"

/*
 * What a domain's page table needs to live: it outlives the domain when a
 * gather still serves it. It belongs to the table, as the data of its hooks.
 */
struct iomm_space {
	struct iomm_ctx *ctx; /* alive as long as the table */
	/* Where tables cannot be shared: one thread at a time works on it. */
	struct iomm_claim claim;
	uint32_t nr_parts, room;
	struct iomm_domain_part *parts[]; /* one for each instance */
};

struct iomm_domain {
	struct iomm_object obj;
	uint32_t type; /* IOMM_DOMAIN_* */
	/* Paging only. */
	struct iomm_pgtable *pgtable;
	struct iomm_space *space;
	struct iomm_pgtable_info info; /* as created; the registers stay */

	struct iomm_lock lock; /* the handler */
	void (*handler)(void *data, const struct iomm_fault *fault);
	void *handler_data;
	void (*handler_release)(void *data);
};

extern const struct iomm_object_type iomm_domain_type;

/* What domains do when devices join and leave a group (attach.c). */
extern const struct iomm_group_ops iomm_domain_group_ops;

/* The domain's part at an instance; NULL when it was not made for it. */
struct iomm_domain_part *
iomm_space_part(const struct iomm_space *space, const struct iomm_iommu *iommu);

/* Makes the space and page table of a paging domain for the instances that the
 * group's devices are bound to. The group's claim is held. */
int iomm_space_create(struct iomm_group *group,
		      const struct iomm_domain_config *config,
		      struct iomm_pgtable **pgtable, struct iomm_space **space);

/* Brackets around calls on the table, which is shared, or serialised by them
 * where the host has no shared tables. ENODEV when every instance is gone. */
int iomm_space_begin(struct iomm_space *space);
void iomm_space_end(struct iomm_space *space);

#endif
