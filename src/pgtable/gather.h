/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_PGTABLE_GATHER_H
#define IOMM_PGTABLE_GATHER_H

#include <iomm/gather.h>

#include <stdbool.h>

#include "pgtable/pgtable.h"

/* In iomm_gather.flags. */
#define IOMM_GATHER_RANGE  (1u << 0) /* start and last say something */
#define IOMM_GATHER_TABLES (1u << 1) /* tables went out of use */

#define IOMM_GATHER_FLAGS (IOMM_GATHER_RANGE | IOMM_GATHER_TABLES)

static inline bool iomm_gather_well_formed(const struct iomm_gather *gather)
{
	return gather->size == sizeof(*gather) &&
	       !(gather->flags & ~IOMM_GATHER_FLAGS) &&
	       (gather->pgtable || !gather->flags);
}

/* A gather that is free, or serves this table. */
static inline bool iomm_gather_serves(const struct iomm_gather *gather,
				      const struct iomm_pgtable *pgtable)
{
	return gather && iomm_gather_well_formed(gather) &&
	       (!gather->pgtable || gather->pgtable == pgtable);
}

/* Why it does not. */
IOMM_COLD int iomm_gather_refuse(const struct iomm_gather *gather,
				 const struct iomm_pgtable *pgtable);

/* Does [start, last] of leaves of this size go into the gather as it is? */
static inline bool
iomm_gather_fits(const struct iomm_gather *gather, uint64_t start,
		 uint64_t last, uint64_t page_size)
{
	if (!(gather->flags & IOMM_GATHER_RANGE))
		return gather->pgtable;
	return gather->page_size == page_size &&
	       (!gather->start || last >= gather->start - 1) &&
	       (!start || gather->last >= start - 1);
}

/* Are all of these so: it is a gather, in use for this table, and [start, last]
 * of leaves of this size goes on from what is in it? */
static inline bool
iomm_gather_goes_on(const struct iomm_gather *gather,
		    const struct iomm_pgtable *pgtable, uint64_t start,
		    uint64_t last, uint64_t page_size)
{
	return gather && gather->size == sizeof(*gather) &&
	       gather->pgtable == pgtable &&
	       (gather->flags | IOMM_GATHER_TABLES) == IOMM_GATHER_FLAGS &&
	       gather->page_size == page_size && last + 1 >= gather->start &&
	       start <= gather->last + 1;
}

/* Notes a range that goes on from what is in it. */
static inline void
iomm_gather_extend(struct iomm_gather *gather, uint64_t start, uint64_t last)
{
	if (start < gather->start)
		gather->start = start;
	if (last > gather->last)
		gather->last = last;
}

/* Notes a range that fits. */
static inline void iomm_gather_note(struct iomm_gather *gather, uint64_t start,
				    uint64_t last, uint64_t page_size)
{
	if (!(gather->flags & IOMM_GATHER_RANGE)) {
		gather->flags |= IOMM_GATHER_RANGE;
		gather->page_size = page_size;
		gather->start = start;
		gather->last = last;
		return;
	}
	iomm_gather_extend(gather, start, last);
}

/* Invalidates and frees what the gather holds; it stays with its table. The
 * caller serialises, as the owner does. On failure nothing has changed. */
int iomm_gather_drain(struct iomm_gather *gather);

/* iomm_gather_flush() without the owner's brackets: for the owner. */
int iomm_gather_flush_held(struct iomm_gather *gather);

#endif
