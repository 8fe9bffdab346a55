/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * A cursor: a place in a page table, for streams of small neighbouring maps and
 * unmaps. It remembers the table that was used last and how a protection is
 * encoded, so that the next call need not look for either.
 */
#ifndef IOMM_CURSOR_H
#define IOMM_CURSOR_H

#include <iomm/gather.h>
#include <iomm/types.h>

/**
 * A cursor. It belongs to the caller, has no pointers into itself, and may be
 * moved (not copied) at any time between calls. It holds a reference on its
 * page table. The fields are the library's.
 */
struct iomm_cursor {
	uint32_t size;	/**< sizeof(struct iomm_cursor) */
	uint32_t flags; /**< the library's */
	IOMM_PTR(struct iomm_pgtable *, pgtable); /**< whom it is on */
	IOMM_PTR(void *, table);		  /**< the table used last */
	iomm_u64 first;				  /**< its first address */
	iomm_u64 span;				  /**< and bytes; 0: none */
	iomm_u64 generation;			  /**< when that was so */
	iomm_u64 reserved[2];			  /**< 0 */
};

#define IOMM_CURSOR_SIZE_VER0 64u
IOMM_LAYOUT(sizeof(struct iomm_cursor) == IOMM_CURSOR_SIZE_VER0, "iomm_cursor");

IOMM_BEGIN_DECLS

/**
 * Puts a cursor on a table.
 *
 * @param cursor storage of the caller, of any content
 * @param pgtable a table
 *
 * Ownership: the cursor holds a reference on the table, until
 *   iomm_cursor_fini().
 * Thread: the cursor is externally synchronised.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_cursor_init(struct iomm_cursor *cursor, struct iomm_pgtable *pgtable);

/**
 * Takes the cursor off its table.
 *
 * @param cursor a cursor, or NULL; afterwards it is on no table
 *
 * Ownership: gives the reference on the table back.
 * Thread: the cursor is externally synchronised.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_cursor_fini(struct iomm_cursor *cursor);

/**
 * iomm_pgtable_map() at the cursor.
 *
 * @param cursor a cursor
 * @param iova first I/O address
 * @param paddr first output address
 * @param bytes length
 * @param prot IOMM_PROT_*
 * @param flags IOMM_MAP_*
 * @param mapped may be NULL. Out: always, the bytes that this call mapped
 *
 * Ownership: none; the memory at `paddr` is never touched.
 * Thread: as the table; the cursor is externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: as iomm_pgtable_map(); EINVAL: the cursor is on no table.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_cursor_map(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
		uint64_t bytes, uint32_t prot, uint32_t flags,
		uint64_t *mapped);

/**
 * iomm_pgtable_unmap() at the cursor.
 *
 * @param cursor a cursor
 * @param iova first I/O address
 * @param bytes length
 * @param gather notes what is to be invalidated and freed
 * @param unmapped may be NULL. Out: always, the bytes that were mapped there
 *        and are no more
 *
 * Ownership: the gather takes a reference on the table.
 * Thread: as the table; cursor and gather are externally synchronised.
 * Context: may call the provider and the TLB hooks; not in atomic hooks.
 * Errors: as iomm_pgtable_unmap(); EINVAL: the cursor is on no table.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_cursor_unmap(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		  struct iomm_gather *gather, uint64_t *unmapped);

IOMM_END_DECLS

#endif
