/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the public calls check. Calls on a warm table take a few nanoseconds: so
 * a check is inline, and what says why it failed is elsewhere.
 */
#ifndef IOMM_PGTABLE_CHECK_H
#define IOMM_PGTABLE_CHECK_H

#include "pgtable/desc.h"
#include "pgtable/pgtable.h"

#define IOMM_ALL_PROT                                                          \
	(IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_EXEC | IOMM_PROT_CACHE | \
	 IOMM_PROT_MMIO | IOMM_PROT_PRIV)
_Static_assert(IOMM_ALL_PROT < IOMM_PGTABLE_PROTS, "protections");

struct iomm_extents;

/* Only a checked build looks at the handle more closely. */
static inline bool iomm_pgtable_ok(const struct iomm_pgtable *pgtable)
{
#if IOMM_CHECKED
	return iomm_handle_ok(pgtable, &iomm_pgtable_type);
#else
	return pgtable && pgtable->object.type == &iomm_pgtable_type;
#endif
}

/* `offset` is the address, counted from the table's first one. */
static inline bool iomm_is_range(const struct iomm_pgtable *pgtable,
				 uint64_t offset, uint64_t bytes)
{
	uint64_t last = offset + (bytes - 1);

	/* Of nothing the last is before the first. */
	return !((offset | bytes) & pgtable->page_mask) && last >= offset &&
	       last <= pgtable->last_offset;
}

static inline bool iomm_is_paddr(const struct iomm_pgtable *pgtable,
				 uint64_t paddr, uint64_t bytes)
{
	return !(paddr & pgtable->page_mask) && paddr <= pgtable->last_paddr &&
	       bytes - 1 <= pgtable->last_paddr - paddr;
}

/* Checks and encodes a protection that was not encoded yet. */
int iomm_encode_slow(struct iomm_pgtable *pgtable, uint32_t prot,
		     uint64_t *attrs);

/* How leaves of a protection look, if that is known already; else 0. */
static inline uint64_t
iomm_encoded(const struct iomm_pgtable *pgtable, uint32_t prot)
{
	if (prot >= IOMM_PGTABLE_PROTS)
		return 0;
#if IOMM_DESC_HALVES
	return pgtable->attrs[prot];
#else
	return __atomic_load_n(&pgtable->attrs[prot], __ATOMIC_RELAXED);
#endif
}

/* Anything but 0 has a sentence. */
static inline int
iomm_encode(struct iomm_pgtable *pgtable, uint32_t prot, uint64_t *attrs)
{
	*attrs = iomm_encoded(pgtable, prot);
	return *attrs ? 0 : iomm_encode_slow(pgtable, prot, attrs);
}

/* What is wrong: EINVAL with its sentence. */
IOMM_COLD int iomm_refuse_range(const struct iomm_pgtable *pgtable,
				uint64_t iova, uint64_t bytes);
IOMM_COLD int iomm_refuse_paddr(const struct iomm_pgtable *pgtable,
				uint64_t paddr, uint64_t bytes);

/* EOPNOTSUPP: the table is to be looked at only. */
IOMM_COLD int iomm_refuse_change(const struct iomm_pgtable *pgtable);

/* Both in one, where a few nanoseconds do not matter. */
int iomm_pgtable_check_range(const struct iomm_pgtable *pgtable, uint64_t iova,
			     uint64_t bytes, uint64_t *offset);
int iomm_pgtable_check_paddr(const struct iomm_pgtable *pgtable, uint64_t paddr,
			     uint64_t bytes);

/* Where the caller wants extents: `*count` says for how many there is room. */
int iomm_extents_init(const struct iomm_pgtable *pgtable,
		      struct iomm_extents *out, struct iomm_extent *extents,
		      uint32_t stride, const uint32_t *count);

/*
 * The public calls of these names, on a handle that is known to be good: they
 * check step by step, say what is wrong, and take the long way.
 */
int iomm_cursor_map_far(struct iomm_cursor *cursor, uint64_t iova,
			uint64_t paddr, uint64_t bytes, uint32_t prot,
			uint32_t flags, uint64_t *mapped);
int iomm_cursor_unmap_far(struct iomm_cursor *cursor, uint64_t iova,
			  uint64_t bytes, struct iomm_gather *gather,
			  uint64_t *unmapped);

int iomm_pgtable_translate_far(struct iomm_pgtable *pgtable, uint64_t iova,
			       struct iomm_translation *out);

/* Neither looks at a cursor; `spares`: tables of a reservation, or NULL. */
int iomm_pgtable_map_with(struct iomm_pgtable *pgtable, uint64_t iova,
			  uint64_t paddr, uint64_t bytes, uint32_t prot,
			  uint32_t flags, struct iomm_node_spares *spares,
			  uint64_t *mapped);
int iomm_pgtable_unmap_with(struct iomm_pgtable *pgtable, uint64_t iova,
			    uint64_t bytes, struct iomm_gather *gather,
			    uint64_t *unmapped);

#endif
