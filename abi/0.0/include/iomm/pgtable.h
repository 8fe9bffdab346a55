/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * I/O page tables, for whoever drives the hardware himself. Users of a domain
 * do not need this.
 *
 * A table is exclusive or shared, as it was made. Exclusive: its caller
 * serialises all calls on it, flushes of its gathers included; only
 * iomm_pgtable_get() and iomm_pgtable_put() are free of that. Shared
 * (IOMM_PGTABLE_SHARED): any call from any thread at any time, on ranges that
 * overlap too. Every page then ends as one of the racing calls left it, and a
 * call that covers several pages is one step for each of them, not for all
 * together. Calls that only read never wait for anybody.
 *
 * What a call changes step by step it also reports: when it fails, its counter
 * says how far it came, and everything behind that is as it was.
 */
#ifndef IOMM_PGTABLE_H
#define IOMM_PGTABLE_H

#include <iomm/gather.h>
#include <iomm/types.h>

/** Walkers snoop the CPU's caches: the provider's sync hook is not needed. */
#define IOMM_PGTABLE_COHERENT	  (1u << 0)
/** `max_table_pa` is given. */
#define IOMM_PGTABLE_MAX_TABLE_PA (1u << 1)
/** Calls from several threads at once are safe. Its TLB hooks and provider are
 * called from several threads at once, too. */
#define IOMM_PGTABLE_SHARED	  (1u << 2)
/** The upper half of the address space: the last `ias` bits of it, up to
 * 2^64 - 1. Arm stage 1: walked from TTBR1. */
#define IOMM_PGTABLE_UPPER	  (1u << 3)
/** Walkers track in the descriptors what was written to (Arm: DBM, needs
 * FEAT_HAFDBS or SMMU_IDR0.HTTU). For iomm_pgtable_read_and_clear_dirty().
 * Needs COHERENT: the walker's updates would be lost. */
#define IOMM_PGTABLE_DIRTY	  (1u << 4)
/** Walkers tolerate that a leaf, or a contiguous run, is replaced by leaves of
 * another size in place (Arm: FEAT_BBM level 2, SMMU_IDR3.BBML 2). Without it
 * break-before-make is used where the architecture demands it. */
#define IOMM_PGTABLE_HITLESS	  (1u << 5)
/** Arm stage 1, walked in Secure state: leaves point to Non-secure memory. */
#define IOMM_PGTABLE_NS		  (1u << 6)
/** Arm stage 2: memory types as FEAT_S2FWB encodes them (HCR_EL2.FWB, STE
 * S2FWB). */
#define IOMM_PGTABLE_S2FWB	  (1u << 7)
/** `root_pa` is given: works on tables that are there already, built by
 * firmware, by a guest, or by an earlier life of the program. */
#define IOMM_PGTABLE_ADOPT	  (1u << 8)
/** `numa_node` is given. */
#define IOMM_PGTABLE_NUMA_NODE	  (1u << 9)

/** What is wanted of a table. */
struct iomm_pgtable_config {
	uint32_t size;	/**< sizeof(struct iomm_pgtable_config) */
	uint32_t flags; /**< IOMM_PGTABLE_* */

	iomm_u64 granule; /**< table granule, bytes; 0: the format's smallest */
	/** Leaf sizes that may be used: a bit 2^n for each, in bytes, sizes of
	 * contiguous runs (Arm: the contiguous hint) among them; 0: all that
	 * the format has at this granule. */
	iomm_u64 page_sizes;
	/** Input address width, bits. 0: the widest that needs no optional
	 * feature of the walker (arm64: 48). */
	uint32_t ias;
	uint32_t oas; /**< output address width, bits; 0: likewise */
	/** With IOMM_PGTABLE_MAX_TABLE_PA: highest address, inclusive, that
	 * the walker can fetch a table from (a device's DMA mask). */
	iomm_u64 max_table_pa;
	/** Where tables live; the table takes a reference. NULL: the
	 * platform's memory, and a table's address is its pointer. */
	IOMM_PTR(struct iomm_table_memory *, memory);
	/** With IOMM_PGTABLE_ADOPT: address of the first table, in the
	 * walker's view. All tables below it are found through the provider's
	 * `to_virt` or linear offset, so `memory` is required. They are looked
	 * at once, entries that are not valid are zeroed, and from then on they
	 * must be written by nobody else. They are never freed. */
	iomm_u64 root_pa;
	/** With IOMM_PGTABLE_NUMA_NODE, and without `memory`: the node near
	 * which tables should lie (iomm_platform.alloc_near). A provider of the
	 * caller's knows best where his memory is, and is not told. */
	uint32_t numa_node;
	uint32_t reserved; /**< 0 */
};

/** Up to and without `numa_node`. */
#define IOMM_PGTABLE_CONFIG_SIZE_VER0 56u
#define IOMM_PGTABLE_CONFIG_SIZE_VER1 64u
IOMM_LAYOUT(sizeof(struct iomm_pgtable_config) == IOMM_PGTABLE_CONFIG_SIZE_VER1,
	    "iomm_pgtable_config");

/** Tables went out of use in the range: walk caches are to go too. No leaf-only
 * invalidation, then, nor a hint at which level the leaves are (TTL). */
#define IOMM_TLB_TABLES (1u << 0)

/**
 * How the translations that hardware has cached are invalidated. The hooks
 * return when no walker uses the old translations or tables any more; a
 * negative IOMM_E* means that this is not known, and nothing is reused. Those of
 * a shared table are called from several threads at once.
 *
 * A hook begins by making sure that walkers see what was stored before it was
 * called: on Arm, a DSB for stores before the first TLBI (DDI 0487, D8.17).
 * Context: atomic. They may put references, and read the table.
 */
struct iomm_tlb_ops {
	uint32_t size;	/**< sizeof(struct iomm_tlb_ops) */
	uint32_t flags; /**< 0 */

	/** `[iova, last]`, mapped by leaves of `page_size`, or by tables that
	 * span no less: an invalidation for each `page_size` reaches all.
	 * `flags`: IOMM_TLB_TABLES. Required. */
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
#define IOMM_ARM64_S1_TTBR0 0u /**< TTBR0_EL1; with UPPER TTBR1_EL1 */
#define IOMM_ARM64_S1_TCR   1u /**< TCR_EL1, of one half; the other disabled */
#define IOMM_ARM64_S1_MAIR  2u /**< MAIR_EL1 */

/* regs[] of "arm64-s2", as an SMMUv3 stream table entry takes the fields
 * (IHI 0070, 5.2) and as the CPU's registers hold them (DDI 0487, D19.2). */
#define IOMM_ARM64_S2_VTTBR 0u /**< VTTBR_EL2: address of the first table */
#define IOMM_ARM64_S2_VTCR  1u /**< VTCR_EL2 */
#define IOMM_ARM64_S2_HCR   2u /**< HCR_EL2: FWB only (STE.S2FWB), else 0 */

/** What was granted, and what hardware must be told. */
struct iomm_pgtable_info {
	uint32_t size;	/**< sizeof(struct iomm_pgtable_info) */
	uint32_t flags; /**< IOMM_PGTABLE_* as granted */

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
	iomm_u64 spare;	  /**< tables kept for the next need: see trim */
	iomm_u64 foreign; /**< of `tables`: adopted, and never freed */
};

#define IOMM_PGTABLE_INFO_SIZE_VER0 160u
IOMM_LAYOUT(sizeof(struct iomm_pgtable_info) == IOMM_PGTABLE_INFO_SIZE_VER0,
	    "iomm_pgtable_info");

/** The answer of a translation. */
struct iomm_translation {
	uint32_t size;	/**< sizeof(struct iomm_translation) */
	uint32_t prot;	/**< IOMM_PROT_* of the mapping */
	iomm_u64 paddr; /**< output address of exactly the address asked for */
	/** Size of the leaf that maps it, or of the contiguous run that the
	 * leaf is part of; bytes. */
	iomm_u64 page_size;
};

#define IOMM_TRANSLATION_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_translation) == IOMM_TRANSLATION_SIZE_VER0,
	    "iomm_translation");

#define IOMM_WALK_TABLE 1u /**< the entry links a table */
#define IOMM_WALK_LEAF	2u /**< the entry maps memory */
#define IOMM_WALK_RUN	3u /**< a leaf that is part of a contiguous run */

/** One entry, as iomm_pgtable_walk() shows it. */
struct iomm_walk_entry {
	uint32_t size;	/**< sizeof(struct iomm_walk_entry) */
	uint32_t kind;	/**< IOMM_WALK_* */
	int32_t level;	/**< as the architecture counts (arm64: -1..3) */
	uint32_t prot;	/**< leaf: IOMM_PROT_* */
	iomm_u64 iova;	/**< first address that the entry covers */
	iomm_u64 bytes; /**< how much it covers */
	iomm_u64 paddr; /**< leaf: output address; table: the table's address */
	iomm_u64 raw;	/**< the descriptor itself */
};

#define IOMM_WALK_ENTRY_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_walk_entry) == IOMM_WALK_ENTRY_SIZE_VER0,
	    "iomm_walk_entry");

/** A stretch of what is mapped: output addresses and protection go on from
 * its first byte to its last. */
struct iomm_extent {
	iomm_u64 iova;	   /**< first I/O address */
	iomm_u64 bytes;	   /**< length */
	iomm_u64 paddr;	   /**< output address of the first byte */
	uint32_t prot;	   /**< IOMM_PROT_* */
	uint32_t reserved; /**< 0 */
};

#define IOMM_EXTENT_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_extent) == IOMM_EXTENT_SIZE_VER0, "iomm_extent");

/** A piece of memory of a scatter list. */
struct iomm_segment {
	iomm_u64 paddr; /**< a multiple of the smallest page size */
	iomm_u64 bytes; /**< likewise, not 0 */
};

#define IOMM_SEGMENT_SIZE_VER0 16u
IOMM_LAYOUT(sizeof(struct iomm_segment) == IOMM_SEGMENT_SIZE_VER0,
	    "iomm_segment");

/** Maps the one page (of the forced size, else the smallest) at `paddr` over
 * and over, all through the range. */
#define IOMM_MAP_REPEAT	     (1u << 0)
/** Leaves of exactly 2^shift bytes, one of the table's page sizes. Without it
 * the largest that fit. */
#define IOMM_MAP_PAGE(shift) ((uint32_t)(shift) << 8)
/** The bits of IOMM_MAP_PAGE(). */
#define IOMM_MAP_PAGE_MASK   0xff00u

/** Only looks: what is dirty stays so. */
#define IOMM_DIRTY_KEEP (1u << 0)

IOMM_BEGIN_DECLS

/**
 * Makes an empty page table, or one for tables that are there
 * (IOMM_PGTABLE_ADOPT).
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
 *   has not got), E2BIG, EOPNOTSUPP (a flag that the format does not have;
 *   SHARED or DIRTY on a host without 64-bit atomics), ENOMEM, what the
 *   provider answered; for a format that is not there, or not yet, as
 *   iomm_format_request() without waiting. Adopting: EFAULT (a table that the
 *   provider does not know), ENOSPC (more than 2^20 tables: links that loop or
 *   share).
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
 * Thread: any when the table is shared, else externally synchronised.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_info(struct iomm_pgtable *pgtable, struct iomm_pgtable_info *info);

/**
 * Maps `[iova, iova + bytes)` to `[paddr, paddr + bytes)`, with the largest
 * leaves and contiguous runs that fit. What is already mapped is never
 * replaced. Walkers find what this call has mapped when it returns, on weakly
 * ordered machines from the barrier on by which a device is told to go; and where
 * addresses wait in a gather, or share a leaf with one that does, from its flush
 * on.
 *
 * Where a table, or a leaf in its place, is needed while one that went for being
 * empty still waits in a gather, walkers are made to forget that first (`flush`
 * with IOMM_TLB_TABLES, or `flush_all`).
 *
 * @param pgtable a table
 * @param iova first I/O address; a multiple of the smallest page size
 * @param paddr first output address; a multiple of the smallest page size
 * @param bytes length; a multiple of the smallest page size, not 0
 * @param prot IOMM_PROT_*, at least READ or WRITE
 * @param flags IOMM_MAP_*
 * @param mapped may be NULL. Out: always, the bytes that this call mapped
 *
 * Ownership: none; the memory at `paddr` is never touched.
 * Thread: any when the table is shared, else externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: EINVAL (misaligned, zero, wrapping, outside the widths, unknown
 *   flags, a page size that the table has not, no or unknown protection),
 *   EOPNOTSUPP (a protection that the format cannot express), EEXIST (something
 *   is mapped there), ENOMEM, what the provider or a TLB hook answered. After
 *   these four the first `*mapped` bytes are mapped.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_map(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t paddr,
		 uint64_t bytes, uint32_t prot, uint32_t flags,
		 uint64_t *mapped);

/**
 * Maps pieces of memory one after the other from `iova` on, in one walk; those
 * that go on from one another as one piece. As iomm_pgtable_map() in all else.
 *
 * @param pgtable a table
 * @param iova first I/O address; a multiple of the smallest page size
 * @param segments the pieces
 * @param count how many, not 0
 * @param stride bytes from one to the next, at least 16
 * @param prot IOMM_PROT_*, at least READ or WRITE
 * @param flags IOMM_MAP_PAGE()
 * @param mapped may be NULL. Out: always, the bytes that this call mapped
 *
 * Ownership: none; the segments are not kept.
 * Thread: any when the table is shared, else externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: as iomm_pgtable_map(). All segments are looked at before the first is
 *   mapped: after EINVAL nothing was.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_map_segments(struct iomm_pgtable *pgtable, uint64_t iova,
			  const struct iomm_segment *segments, uint32_t count,
			  uint32_t stride, uint32_t prot, uint32_t flags,
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
 * Thread: as the table; the gather is externally synchronised.
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
 * As iomm_pgtable_unmap(), and tells what was mapped there: for each stretch of
 * it where it pointed to and with what protection, in ascending order.
 *
 * @param pgtable a table
 * @param iova first I/O address; a multiple of the smallest page size
 * @param bytes length; a multiple of the smallest page size, not 0
 * @param gather notes what is to be invalidated and freed
 * @param extents room for `*count` of them
 * @param stride bytes from one to the next, at least 32
 * @param count how many there is room for, at least 1. Out: always, how many
 *        were filled
 *
 * Ownership: the gather takes a reference on the table.
 * Thread: as the table; the gather is externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: as iomm_pgtable_unmap(), and EMSGSIZE: the range holds more than fit.
 *   After any of them exactly what the extents say is unmapped; go on behind
 *   the last.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_unmap_extents(struct iomm_pgtable *pgtable, uint64_t iova,
			   uint64_t bytes, struct iomm_gather *gather,
			   struct iomm_extent *extents, uint32_t stride,
			   uint32_t *count);

/**
 * Gives what is mapped in `[iova, iova + bytes)` another protection. Holes are
 * skipped. A leaf or run that reaches out of the range is split first. A change
 * of the memory type goes through break-before-make: device accesses to the
 * leaf fault for a moment. What may not be written any more is not dirty any
 * more either: read that first.
 *
 * @param pgtable a table
 * @param iova first I/O address; a multiple of the smallest page size
 * @param bytes length; a multiple of the smallest page size, not 0
 * @param prot IOMM_PROT_*, at least READ or WRITE
 * @param gather notes what is to be invalidated: until it is flushed, devices
 *        may still use the old protection
 * @param changed may be NULL. Out: always, the bytes that have `prot` now,
 *        among them what had it before
 *
 * Ownership: the gather takes a reference on the table.
 * Thread: as the table; the gather is externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: as iomm_pgtable_unmap() and, for the protection, iomm_pgtable_map().
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_protect(struct iomm_pgtable *pgtable, uint64_t iova,
		     uint64_t bytes, uint32_t prot, struct iomm_gather *gather,
		     uint64_t *changed);

/**
 * Splits the leaves and contiguous runs in the range until none is larger than
 * `page_size`. What is mapped stays as it is; a leaf that reaches out of the
 * range is split as a whole.
 *
 * @param pgtable a table
 * @param iova first I/O address; a multiple of the smallest page size
 * @param bytes length; a multiple of the smallest page size, not 0
 * @param page_size one of the table's page sizes
 *
 * Ownership: none.
 * Thread: any when the table is shared, else externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: EINVAL, ENOMEM, what the provider or a TLB hook answered. Some are
 *   split then; what is mapped is the same.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_split(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
		   uint64_t page_size);

/**
 * Makes the largest leaves and contiguous runs in the range out of smaller ones
 * that together say the same. What is mapped stays as it is; what lies partly
 * outside of the range is left alone.
 *
 * @param pgtable a table
 * @param iova first I/O address; a multiple of the smallest page size
 * @param bytes length; a multiple of the smallest page size, not 0
 * @param gather takes the tables that went out of use
 *
 * Ownership: the gather takes a reference on the table.
 * Thread: as the table; the gather is externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: EINVAL, what a TLB hook answered. Some are merged then.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_merge(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
		   struct iomm_gather *gather);

/**
 * Finds out what the hardware has written to, and starts anew. A leaf or a
 * contiguous run is dirty as a whole: split what should be told more exactly.
 *
 * @param pgtable a table that was made with IOMM_PGTABLE_DIRTY
 * @param iova first I/O address; a multiple of the smallest page size
 * @param bytes length; a multiple of the smallest page size, not 0
 * @param flags IOMM_DIRTY_KEEP
 * @param bitmap a bit for each smallest page of the range, the first in bit 0
 *        of the first word: set where it is dirty, else left alone
 * @param words how many words of 64 bits there are
 * @param gather notes what is to be invalidated: writes before its flush may
 *        be missed by the next call otherwise. NULL with IOMM_DIRTY_KEEP
 *
 * Ownership: the gather takes a reference on the table.
 * Thread: as the table; bitmap and gather are externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: EINVAL, EMSGSIZE (too few words), EOPNOTSUPP (the table does not
 *   track), what a TLB hook answered. A bit that was cleared in the tables is
 *   set in the bitmap, after errors too.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_read_and_clear_dirty(struct iomm_pgtable *pgtable, uint64_t iova,
				  uint64_t bytes, uint32_t flags,
				  uint64_t *bitmap, uint32_t words,
				  struct iomm_gather *gather);

/**
 * Looks one address up. Output address 0 is an answer like any other.
 *
 * @param pgtable a table
 * @param iova any address
 * @param out filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any when the table is shared, else externally synchronised.
 * Context: any, atomic hooks included.
 * Errors: EINVAL (malformed, or outside the input width); ENOENT: not mapped.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_translate(struct iomm_pgtable *pgtable, uint64_t iova,
		       struct iomm_translation *out);

/**
 * What is mapped in the range, in ascending order. To go through all, go on
 * behind the last extent until none is filled.
 *
 * @param pgtable a table
 * @param iova first address
 * @param bytes length, not 0; the range must not wrap and may reach beyond
 *        the input width
 * @param extents room for `*count` of them; cut off at the ends of the range
 * @param stride bytes from one to the next, at least 32
 * @param count how many there is room for, at least 1. Out: on success, how
 *        many were filled; less than there was room for: these are all
 *
 * Ownership: copies out.
 * Thread: any when the table is shared, else externally synchronised.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_extents(struct iomm_pgtable *pgtable, uint64_t iova,
		     uint64_t bytes, struct iomm_extent *extents,
		     uint32_t stride, uint32_t *count);

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
 * Thread: any when the table is shared, else externally synchronised.
 * Context: runs a callback, which must not change an exclusive table. Of
 *   what changes during the walk it shows what is there when it comes by.
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
 * Thread: any when the table is shared, else externally synchronised.
 * Context: calls the TLB hooks, and may call the provider; not in atomic
 *   hooks.
 * Errors: EINVAL, what the TLB hook answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_flush_all(struct iomm_pgtable *pgtable);

/**
 * After a reset of the hardware: makes every table visible to walkers once more
 * (the provider's sync hook), invalidates everything, and tells what hardware
 * must be told again.
 *
 * @param pgtable a table
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any when the table is shared, else externally synchronised.
 * Context: calls the provider and the TLB hooks; not in atomic hooks.
 * Errors: EINVAL, what the TLB hook answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_restore(struct iomm_pgtable *pgtable,
		     struct iomm_pgtable_info *info);

/**
 * Gives the memory of tables back that are kept for the next need. A shared
 * table keeps those that a reader may still look at.
 *
 * @param pgtable a table, or NULL
 * @return bytes given back
 *
 * Ownership: none.
 * Thread: any when the table is shared, else externally synchronised.
 * Context: calls the provider; not in atomic hooks.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API uint64_t iomm_pgtable_trim(struct iomm_pgtable *pgtable);

IOMM_END_DECLS

#endif
