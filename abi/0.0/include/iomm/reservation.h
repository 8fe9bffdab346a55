/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Reservations: the memory for a later map, taken now. Where mapping must not
 * fail, or must not allocate (when a fence has signalled, in the path of a
 * page fault), reserve first, where failing is easy, and commit later.
 */
#ifndef IOMM_RESERVATION_H
#define IOMM_RESERVATION_H

#include <iomm/types.h>

IOMM_BEGIN_DECLS

/**
 * Takes all the tables that mapping anything in the range can need, whatever
 * becomes of the tables that are there now.
 *
 * @param pgtable a table
 * @param iova first I/O address; a multiple of the smallest page size
 * @param bytes length; a multiple of the smallest page size, not 0
 * @param out the reservation, with one reference
 *
 * Ownership: the caller owns the reference; the reservation holds one on the
 *   table.
 * Thread: any when the table is shared, else externally synchronised.
 * Context: may call the provider; not in atomic hooks.
 * Errors: EINVAL, ENOMEM, what the provider answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_reserve(struct iomm_pgtable *pgtable, uint64_t iova,
		     uint64_t bytes, struct iomm_reservation **out);

/**
 * iomm_pgtable_map() inside the reserved range, without allocating: the tables
 * that it needs come from the reservation. The whole range can be committed
 * once, in one call or in pieces; what was unmapped again since can not.
 *
 * @param reservation a reservation
 * @param iova first I/O address, inside the range
 * @param paddr first output address
 * @param bytes length
 * @param prot IOMM_PROT_*
 * @param flags IOMM_MAP_*
 * @param mapped may be NULL. Out: always, the bytes that this call mapped
 *
 * Ownership: none; the memory at `paddr` is never touched.
 * Thread: the reservation is externally synchronised; the table as it was made.
 * Context: calls no provider hook but sync; may call the TLB hooks, as
 *   iomm_pgtable_map() does; not in atomic hooks.
 * Errors: EINVAL (as iomm_pgtable_map(), or outside of what was reserved),
 *   EOPNOTSUPP, EEXIST; ENOSPC: what was committed once was unmapped, and
 *   its tables are used up; what a TLB hook answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_reservation_commit(struct iomm_reservation *reservation, uint64_t iova,
			uint64_t paddr, uint64_t bytes, uint32_t prot,
			uint32_t flags, uint64_t *mapped);

/**
 * Takes a reference.
 *
 * @param reservation a reservation to which the caller holds a reference, or
 *        NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_reservation *
iomm_reservation_get(struct iomm_reservation *reservation);

/**
 * Gives a reference back. With the last one the tables that were not needed go
 * back to the page table.
 *
 * @param reservation a reservation, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_reservation_put(struct iomm_reservation *reservation);

IOMM_END_DECLS

#endif
