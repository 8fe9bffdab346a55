/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Linux's own page tables (drivers/iommu/io-pgtable*.c, unmodified) in a
 * program: a plain interface without a kernel header. Layouts and values are
 * the kernel's; linux.c has the compiler compare them.
 */
#ifndef PEER_LINUX_H
#define PEER_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINUX_READ   (1 << 0)
#define LINUX_WRITE  (1 << 1)
#define LINUX_CACHE  (1 << 2)
#define LINUX_NOEXEC (1 << 3)
#define LINUX_MMIO   (1 << 4)
#define LINUX_PRIV   (1 << 5)

#define LINUX_QUIRK_NS	  (1u << 0)
#define LINUX_QUIRK_TTBR1 (1u << 5)
#define LINUX_QUIRK_DIRTY (1u << 7) /* hardware tracks what it writes to */

#define LINUX_DIRTY_KEEP (1ul << 0)

/* GFP_KERNEL */
#define LINUX_GFP 0xcc0u

/* struct iommu_iotlb_gather */
struct linux_gather {
	unsigned long start;
	unsigned long end;
	size_t page_size;
	void *free_list[2];
	bool queued; /* the flush comes later: pages are not noted */
};

/* struct iommu_dirty_bitmap: told of each leaf that is dirty */
struct linux_dirty {
	void (*record)(struct linux_dirty *dirty, unsigned long iova,
		       size_t bytes);
};

/* struct io_pgtable_ops: what drivers call */
struct linux_ops {
	int (*map)(struct linux_ops *ops, unsigned long iova,
		   unsigned long long paddr, size_t page_size, size_t count,
		   int prot, unsigned int gfp, size_t *mapped);
	size_t (*unmap)(struct linux_ops *ops, unsigned long iova,
			size_t page_size, size_t count,
			struct linux_gather *gather);
	unsigned long long (*translate)(struct linux_ops *ops,
					unsigned long iova);
	int (*dirty)(struct linux_ops *ops, unsigned long iova, size_t size,
		     unsigned long flags, struct linux_dirty *dirty);
};

struct linux_config {
	bool stage2;
	bool coherent;
	uint32_t quirks; /* LINUX_QUIRK_* */
	uint64_t page_sizes;
	uint32_t ias, oas;
	/* Zeroed memory for tables. The address of a table is its pointer. */
	void *(*alloc)(void *cookie, size_t bytes, unsigned int gfp);
	void (*free)(void *cookie, void *table, size_t bytes);
	void *cookie;
};

struct linux_table {
	struct linux_ops *ops;
	/* As granted. */
	uint64_t page_sizes;
	uint32_t ias, oas;
	uint64_t *root;
	/* TCR or VTCR, MAIR; `sl` of stage 2 only. */
	uint32_t ips, tg, sh, orgn, irgn, sl, tsz;
	uint64_t mair;
};

/* False when Linux refuses. */
bool linux_table_open(struct linux_table *table,
		      const struct linux_config *config);
void linux_table_close(struct linux_table *table);

/* The same code with wmb() as a compiler barrier: what its sfence costs. */
bool linux_nofence_open(struct linux_table *table,
			const struct linux_config *config);
void linux_nofence_close(struct linux_table *table);

/* How often WARN_ON() would have printed. */
extern unsigned long linux_warnings;

#endif
