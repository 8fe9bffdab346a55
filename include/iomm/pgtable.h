/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * I/O page tables, for whoever drives the hardware himself. Users of a domain
 * do not need this.
 *
 * A table is exclusive: its caller serialises all calls on it, flushes of its
 * gathers included. iomm_pgtable_get() and iomm_pgtable_put() are free of that.
 */
#ifndef IOMM_PGTABLE_H
#define IOMM_PGTABLE_H

#include <iomm/gather.h>
#include <iomm/types.h>

/** Walkers snoop the CPU's caches: the provider's sync hook is not needed. */
#define IOMM_PGTABLE_COHERENT	  (1u << 0)
/** `max_table_pa` is given. */
#define IOMM_PGTABLE_MAX_TABLE_PA (1u << 1)

/** What is wanted of a table. */
struct iomm_pgtable_config {
	uint32_t size;	/**< sizeof(struct iomm_pgtable_config) */
	uint32_t flags; /**< IOMM_PGTABLE_* */

	iomm_u64 granule; /**< table granule, bytes; 0: the format's smallest */
	/** Leaf sizes that may be used: a bit 2^n for each, in bytes; 0: all
	 * that the format has at this granule. */
	iomm_u64 page_sizes;
	uint32_t ias; /**< input address width, bits; 0: the widest */
	uint32_t oas; /**< output address width, bits; 0: the widest */
	/** With IOMM_PGTABLE_MAX_TABLE_PA: highest address, inclusive, that
	 * the walker can fetch a table from (a device's DMA mask). */
	iomm_u64 max_table_pa;
	/** Where tables live; the table takes a reference. NULL: the
	 * platform's memory, and a table's address is its pointer. */
	IOMM_PTR(struct iomm_table_memory *, memory);
};

#define IOMM_PGTABLE_CONFIG_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_pgtable_config) == IOMM_PGTABLE_CONFIG_SIZE_VER0,
	    "iomm_pgtable_config");

/** Tables went out of use in the range: walk caches are to go too. */
#define IOMM_TLB_TABLES (1u << 0)

/**
 * How the translations that hardware has cached are invalidated. The hooks
 * return when no walker uses the old translations or tables any more; a
 * negative IOMM_E* means that this is not known, and nothing is reused.
 * Context: atomic. They may put references and nothing else.
 */
struct iomm_tlb_ops {
	uint32_t size;	/**< sizeof(struct iomm_tlb_ops) */
	uint32_t flags; /**< 0 */

	/** `[iova, last]`, mapped by leaves of `page_size`. `flags`:
	 * IOMM_TLB_TABLES. Required. */
	IOMM_FN(int, flush,
		(void *data, uint64_t iova, uint64_t last, uint64_t page_size,
		 uint32_t flags));
	/** The whole address space, tables included. Required. */
	IOMM_FN(int, flush_all, (void *data));
};

#define IOMM_TLB_OPS_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_tlb_ops) == IOMM_TLB_OPS_SIZE_VER0,
	    "iomm_tlb_ops");

/** Register values that a format can have. */
#define IOMM_PGTABLE_REGS 8u

/* regs[] of "arm64-s1", as an SMMUv3 context descriptor takes the fields
 * (IHI 0070, 5.4) and as the CPU's registers hold them (DDI 0487, D19.2). */
#define IOMM_ARM64_S1_TTBR0 0u /**< TTBR0_EL1: address of the first table */
#define IOMM_ARM64_S1_TCR   1u /**< TCR_EL1: T0SZ, IRGN0, ORGN0, SH0, TG0, IPS */
#define IOMM_ARM64_S1_MAIR  2u /**< MAIR_EL1 */

/** What was granted, and what hardware must be told. */
struct iomm_pgtable_info {
	uint32_t size;	/**< sizeof(struct iomm_pgtable_info) */
	uint32_t flags; /**< IOMM_PGTABLE_COHERENT as granted */

	iomm_u64 granule;     /**< table granule, bytes */
	iomm_u64 page_sizes;  /**< leaf sizes in use, a bit for each */
	uint32_t ias;	      /**< input address width, bits */
	uint32_t oas;	      /**< output address width, bits */
	iomm_u64 first_iova;  /**< first address that can be mapped */
	iomm_u64 last_iova;   /**< last address that can be mapped, inclusive */
	iomm_u64 root_pa;     /**< first table, in the walker's view */
	iomm_u64 tables;      /**< tables in use now, the first included */
	iomm_u64 table_bytes; /**< their memory, bytes */
	iomm_u64 quarantined; /**< tables kept back since a flush failed */
	iomm_u64 regs[IOMM_PGTABLE_REGS]; /**< by format, see above */
};

#define IOMM_PGTABLE_INFO_SIZE_VER0 144u
IOMM_LAYOUT(sizeof(struct iomm_pgtable_info) == IOMM_PGTABLE_INFO_SIZE_VER0,
	    "iomm_pgtable_info");

/** The answer of a translation. */
struct iomm_translation {
	uint32_t size;	/**< sizeof(struct iomm_translation) */
	uint32_t prot;	/**< IOMM_PROT_* of the mapping */
	iomm_u64 paddr; /**< output address of exactly the address asked for */
	iomm_u64 page_size; /**< size of the leaf that maps it, bytes */
};

#define IOMM_TRANSLATION_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_translation) == IOMM_TRANSLATION_SIZE_VER0,
	    "iomm_translation");

#define IOMM_WALK_TABLE 1u /**< the entry links a table */
#define IOMM_WALK_LEAF	2u /**< the entry maps memory */

/** One entry, as iomm_pgtable_walk() shows it. */
struct iomm_walk_entry {
	uint32_t size;	/**< sizeof(struct iomm_walk_entry) */
	uint32_t kind;	/**< IOMM_WALK_* */
	uint32_t level; /**< as the architecture counts (arm64: 0..3) */
	uint32_t prot;	/**< leaf: IOMM_PROT_* */
	iomm_u64 iova;	/**< first address that the entry covers */
	iomm_u64 bytes; /**< how much it covers */
	iomm_u64 paddr; /**< leaf: output address; table: the table's address */
	iomm_u64 raw;	/**< the descriptor itself */
};

#define IOMM_WALK_ENTRY_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_walk_entry) == IOMM_WALK_ENTRY_SIZE_VER0,
	    "iomm_walk_entry");

IOMM_BEGIN_DECLS

/**
 * Makes an empty page table.
 *
 * @param ctx the context
 * @param format the format's name ("arm64-s1"); the table pins it
 * @param config what is wanted, or NULL for the format's defaults
 * @param tlb invalidation hooks, copied; NULL while no hardware walks it
 * @param tlb_data handed to the hooks
 * @param tlb_release takes `tlb_data` back; may be NULL
 * @param out the table, with one reference
 *
 * Ownership: the caller owns the reference. `tlb_release` runs exactly once,
 *   after the last hook, also when this call fails.
 * Thread: any.
 * Context: may allocate and call the provider; not in atomic hooks.
 * Errors: EINVAL (malformed, or widths, granule or page sizes that the format
 *   has not got), E2BIG, ENOENT (no such format), ENOMEM, what the provider
 *   answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_create(struct iomm_ctx *ctx, const char *format,
		    const struct iomm_pgtable_config *config,
		    const struct iomm_tlb_ops *tlb, void *tlb_data,
		    void (*tlb_release)(void *data), struct iomm_pgtable **out);

/**
 * Takes a reference.
 *
 * @param pgtable a table to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_pgtable *iomm_pgtable_get(struct iomm_pgtable *pgtable);

/**
 * Gives a reference back. With the last one everything is invalidated
 * (flush_all), then freed; when that fails the tables are not freed, since
 * hardware may still walk them, and an error is logged.
 *
 * @param pgtable a table, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_pgtable_put(struct iomm_pgtable *pgtable);

/**
 * What was granted, the register values, and the memory in use.
 *
 * @param pgtable a table
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: the table is externally synchronised.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_info(struct iomm_pgtable *pgtable, struct iomm_pgtable_info *info);

/**
 * Maps `[iova, iova + bytes)` to `[paddr, paddr + bytes)`, with the largest
 * leaves that fit. What is already mapped is never replaced.
 *
 * @param pgtable a table
 * @param iova first I/O address; a multiple of the smallest page size
 * @param paddr first output address; a multiple of the smallest page size
 * @param bytes length; a multiple of the smallest page size, not 0
 * @param prot IOMM_PROT_*, at least READ or WRITE
 * @param flags 0
 * @param mapped may be NULL. Out: always, the bytes that this call mapped
 *
 * Ownership: none; the memory at `paddr` is never touched.
 * Thread: the table is externally synchronised.
 * Context: may call the provider; not in atomic hooks.
 * Errors: EINVAL (misaligned, zero, wrapping, outside the widths, unknown
 *   flags, no or unknown protection), EOPNOTSUPP (a protection that the format
 *   cannot express), EEXIST (something is mapped there), ENOMEM, what the
 *   provider answered. After these three the first `*mapped` bytes are mapped.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_map(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t paddr,
		 uint64_t bytes, uint32_t prot, uint32_t flags,
		 uint64_t *mapped);

/**
 * Unmaps what is mapped in `[iova, iova + bytes)`. Holes are skipped. A leaf
 * that reaches out of the range is split first, so that exactly the range goes.
 * Tables that end up empty go to the gather.
 *
 * @param pgtable a table
 * @param iova first I/O address; a multiple of the smallest page size
 * @param bytes length; a multiple of the smallest page size, not 0
 * @param gather notes what is to be invalidated and freed
 * @param unmapped may be NULL. Out: always, the bytes that were mapped there
 *        and are no more
 *
 * Ownership: the gather takes a reference on the table.
 * Thread: table and gather are externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: EINVAL (misaligned, zero, wrapping, outside the input width, a
 *   gather that serves another table), ENOMEM (a split had no memory for its
 *   table), what the provider or a TLB hook answered (a disjoint range flushes the gather
 *   early). After an error the first part is unmapped: a range that was fully
 *   mapped continues at `iova + *unmapped`.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_unmap(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
		   struct iomm_gather *gather, uint64_t *unmapped);

/**
 * Looks one address up. Output address 0 is an answer like any other.
 *
 * @param pgtable a table
 * @param iova any address
 * @param out filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: the table is externally synchronised.
 * Context: any, atomic hooks included.
 * Errors: EINVAL (malformed, or outside the input width); ENOENT: not mapped.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_translate(struct iomm_pgtable *pgtable, uint64_t iova,
		       struct iomm_translation *out);

/**
 * Shows every table entry and leaf that lies in or overlaps the range, in
 * ascending order, a table before what it holds.
 *
 * @param pgtable a table
 * @param iova first address
 * @param bytes length, not 0; the range must not wrap and may reach beyond
 *        the input width
 * @param visit called for each; anything but 0 ends the walk and is returned
 * @param data handed to `visit`
 *
 * Ownership: the entry is valid during the call only.
 * Thread: the table is externally synchronised.
 * Context: runs a callback, which must not change the table.
 * Errors: EINVAL, what `visit` returned.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_walk(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
		  int (*visit)(void *data, const struct iomm_walk_entry *entry),
		  void *data);

/**
 * Invalidates the whole address space and, when that succeeds, frees what is
 * in quarantine.
 *
 * @param pgtable a table
 *
 * Ownership: none.
 * Thread: the table is externally synchronised.
 * Context: calls the TLB hooks; not in atomic hooks.
 * Errors: EINVAL, what the TLB hook answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_flush_all(struct iomm_pgtable *pgtable);

IOMM_END_DECLS

#endif
