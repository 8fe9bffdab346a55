/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Invalidate before free. Unmapping frees nothing: it notes in a gather what
 * must be invalidated and which tables went out of use. Flushing the gather
 * invalidates, waits, and only then gives the tables back; from then on, and
 * not before, the memory that was mapped may be used for something else. So may
 * the I/O addresses: what is mapped there earlier devices may not see before the
 * flush. Those around them may be mapped at any time.
 */
#ifndef IOMM_GATHER_H
#define IOMM_GATHER_H

#include <iomm/types.h>

/**
 * A gather. It belongs to the caller, has no pointers into itself, and may be
 * moved (not copied) at any time between calls. Its size is fixed. It serves one page table from
 * its first use to its flush, and holds a reference to it.
 *
 * The fields are the library's; read them through iomm_gather_pending().
 */
struct iomm_gather {
	uint32_t size;	/**< sizeof(struct iomm_gather) */
	uint32_t flags; /**< the library's */
	IOMM_PTR(struct iomm_pgtable *, pgtable); /**< whom it serves */
	iomm_u64 start;		  /**< first address to invalidate */
	iomm_u64 last;		  /**< last address to invalidate, inclusive */
	iomm_u64 page_size;	  /**< leaf size of all that is in it */
	IOMM_PTR(void *, tables); /**< tables that went out of use */
	iomm_u64 reserved[2];	  /**< 0 */
};

#define IOMM_GATHER_SIZE_VER0 64u
IOMM_LAYOUT(sizeof(struct iomm_gather) == IOMM_GATHER_SIZE_VER0, "iomm_gather");

IOMM_BEGIN_DECLS

/**
 * Makes `gather` empty.
 *
 * @param gather storage of the caller, of any content
 *
 * Ownership: none; an empty gather holds nothing.
 * Thread: `gather` is externally synchronised.
 * Context: any, atomic hooks included.
 * Errors: none; NULL does nothing.
 * Since: 0.1
 */
IOMM_API void iomm_gather_init(struct iomm_gather *gather);

/**
 * How much waits in the gather.
 *
 * @param gather a gather
 * @return bytes of I/O address space that its flush will invalidate, holes
 *         between unmapped parts included; 0 when it is empty
 *
 * Ownership: none.
 * Thread: `gather` is externally synchronised.
 * Context: any, atomic hooks included.
 * Errors: none; 0 for NULL.
 * Since: 0.1
 */
IOMM_API uint64_t iomm_gather_pending(const struct iomm_gather *gather);

/**
 * Invalidates what the gather covers, waits for it, gives the tables back, and
 * drops the reference on the page table. The gather is then empty, and can be
 * used again, for another table too. An empty gather is flushed for free.
 *
 * @param gather a gather
 *
 * Ownership: on success everything that the gather held is given back. On
 *   failure it holds all of it still: the flush can be repeated, or the gather
 *   given up with iomm_gather_abandon().
 * Thread: `gather` is externally synchronised; so is an exclusive page table
 *   (a shared one, and a domain, need no care).
 * Context: calls the TLB hooks, and may call the provider; not in atomic hooks.
 * Errors: EINVAL; EDEADLK when it would wait in a callback; else what the TLB
 *   hook answered: nothing may be reused.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_gather_flush(struct iomm_gather *gather);

/**
 * Hands everything in the gather over to the page table's quarantine, where it
 * stays until a flush of the whole table succeeds
 * (iomm_pgtable_flush_all()). The gather is then empty.
 *
 * @param gather a gather, or NULL
 *
 * Ownership: the page table owns what the gather held.
 * Thread: as iomm_gather_flush().
 * Context: not in atomic hooks.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_gather_abandon(struct iomm_gather *gather);

IOMM_END_DECLS

#endif
