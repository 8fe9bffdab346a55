/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The software IOMMU's hardware, as its driver uses it. */
#ifndef IOMM_DOMAIN_SOFT_H
#define IOMM_DOMAIN_SOFT_H

#include <iomm/soft.h>

#include "base/ctx.h"
#include "base/index.h"
#include "base/list.h"
#include "pgtable/format.h"
#include "pgtable/raw_walk.h"

struct iomm_soft_region {
	struct iomm_soft_region *next;
	uint64_t paddr, last;
	unsigned char *memory;
	void *data;
	void (*release)(void *data);
};

/* An address space of a device. */
struct iomm_soft_at {
	uint64_t id;
	uint32_t pasid;
};

/* What it is set up for; all zeroes is blocked. */
struct iomm_soft_setup {
	bool identity;
	struct iomm_format *format; /* of the tables; else NULL */
	uint64_t tag;
	uint64_t regs[IOMM_PGTABLE_REGS];
};

/* Both. Those of PASID 0 stay for good once they are made, so that a device can
 * be set up and blocked without memory; others go when they are blocked. */
struct iomm_soft_entry {
	struct iomm_index_entry link;
	struct iomm_soft_at at;
	struct iomm_soft_setup setup; /* with a reference on the format */
};

struct iomm_soft_tlb_entry {
	bool valid;
	uint32_t prot;
	uint64_t tag;
	uint64_t page; /* the 4 KiB page that it was looked up for */
	uint64_t iova; /* the leaf that maps it */
	uint64_t page_size;
	uint64_t paddr;
};

struct iomm_soft {
	struct iomm_object obj;
	uint32_t flags; /* IOMM_SOFT_* */
	uint32_t tlb_mask;

	/* Held while a page is translated and accessed, so that what holds it
	 * to invalidate has waited for all who used the old translation. */
	struct iomm_lock lock;
	struct iomm_soft_region *regions;
	struct iomm_index entries;
	struct iomm_soft_tlb_entry *tlb;
	struct iomm_soft_stats stats;
	bool registered; /* an instance of the built-in driver uses it */
	/* Whom faults are reported to. Weak: taken back before it goes. */
	struct iomm_iommu *instance;
	uint64_t next_tag; /* the built-in driver's */
};

extern const struct iomm_object_type iomm_soft_type;

/* NULL: there is none. The lock is held. */
struct iomm_soft_entry *
iomm_soft_find(const struct iomm_soft *soft, struct iomm_soft_at at);

/* Makes an entry, blocked; setting it up then needs no memory. */
int iomm_soft_reserve(struct iomm_soft *soft, struct iomm_soft_at at);

/* Sets a reserved entry up. Cannot fail. */
void iomm_soft_program(struct iomm_soft *soft, struct iomm_soft_at at,
		       const struct iomm_soft_setup *setup);

/* Blocks it, whether there is an entry or not. */
void iomm_soft_block(struct iomm_soft *soft, struct iomm_soft_at at);

#endif
