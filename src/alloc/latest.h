/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The allocation that a lane made last, for as long as it is one: the one that
 * is most likely filled next, and that needs no lock for it. Written under the
 * lane's lock; `seq` is odd meanwhile.
 *
 * Stores that release, and loads that acquire: who sees one of the new values
 * sees that `seq` is odd, or another.
 */
#ifndef IOMM_ALLOC_LATEST_H
#define IOMM_ALLOC_LATEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct iomm_latest {
	_Atomic uint32_t seq;
	_Atomic uint32_t slot;
	_Atomic uintptr_t start, end; /* both 0: there is none */
	_Atomic uintptr_t alias;      /* is so much further on */
};

static inline void
iomm_latest_set(struct iomm_latest *latest, uint32_t slot, uintptr_t start,
		uintptr_t end, uintptr_t alias)
{
	uint32_t seq = atomic_load_explicit(&latest->seq, memory_order_relaxed);

	atomic_store_explicit(&latest->seq, seq + 1, memory_order_relaxed);
	atomic_store_explicit(&latest->slot, slot, memory_order_release);
	atomic_store_explicit(&latest->start, start, memory_order_release);
	atomic_store_explicit(&latest->end, end, memory_order_release);
	atomic_store_explicit(&latest->alias, alias, memory_order_release);
	atomic_store_explicit(&latest->seq, seq + 2, memory_order_release);
}

/* Forgets it, if it starts there. Under the lock. */
static inline void iomm_latest_drop(struct iomm_latest *latest, uintptr_t start)
{
	if (atomic_load_explicit(&latest->start, memory_order_relaxed) == start)
		iomm_latest_set(latest, 0, 0, 0, 0);
}

/* Are these bytes in it, and is it of that type? Then how far on its alias is. */
static inline bool
iomm_latest_has(const struct iomm_latest *latest, uint32_t slot, uintptr_t at,
		uint64_t bytes, uintptr_t *alias)
{
	uint32_t seq = atomic_load_explicit(&latest->seq, memory_order_acquire);
	uint32_t of = atomic_load_explicit(&latest->slot, memory_order_acquire);
	uintptr_t start =
		atomic_load_explicit(&latest->start, memory_order_acquire);
	uintptr_t end =
		atomic_load_explicit(&latest->end, memory_order_acquire);

	*alias = atomic_load_explicit(&latest->alias, memory_order_acquire);
	return !(seq & 1) && of == slot && at >= start && at < end &&
	       bytes <= end - at &&
	       atomic_load_explicit(&latest->seq, memory_order_relaxed) == seq;
}

#endif
