/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Descriptors in table memory. Walkers read them at any time, so each is
 * written by one store, and tables are little-endian whatever the host is.
 *
 * Where the host has no 64-bit store, an entry is made invalid first, by its
 * low half (which holds the valid bit in every format here), then its high half
 * is written, and its low half last.
 */
#ifndef IOMM_PGTABLE_DESC_H
#define IOMM_PGTABLE_DESC_H

#include <stdbool.h>
#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define IOMM_LE64(x) __builtin_bswap64(x)
#define IOMM_LE32(x) __builtin_bswap32(x)
#else
#define IOMM_LE64(x) (x)
#define IOMM_LE32(x) (x)
#endif

#ifndef IOMM_DESC_HALVES
#define IOMM_DESC_HALVES (__GCC_ATOMIC_LLONG_LOCK_FREE != 2)
#endif

#if !IOMM_DESC_HALVES

static inline uint64_t iomm_desc_load(const uint64_t *desc)
{
	return IOMM_LE64(__atomic_load_n(desc, __ATOMIC_RELAXED));
}

/* For a walker: what was stored before this was published is seen. */
static inline uint64_t iomm_desc_acquire(const uint64_t *desc)
{
	return IOMM_LE64(__atomic_load_n(desc, __ATOMIC_ACQUIRE));
}

/* Release, because late readers of a shared table look at the generation after
 * they have seen this. */
static inline void iomm_desc_clear(uint64_t *desc)
{
	__atomic_store_n(desc, 0, __ATOMIC_RELEASE);
}

/* For tables whose descriptors hardware changes: what was there last. */
static inline uint64_t iomm_desc_exchange(uint64_t *desc, uint64_t value)
{
	return IOMM_LE64(
		__atomic_exchange_n(desc, IOMM_LE64(value), __ATOMIC_ACQ_REL));
}

/* False, and nothing is changed, when it is not `old` any more. */
static inline bool
iomm_desc_replace(uint64_t *desc, uint64_t old, uint64_t value)
{
	uint64_t expected = IOMM_LE64(old);

	return __atomic_compare_exchange_n(desc, &expected, IOMM_LE64(value),
					   false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* All that was stored before is seen by whoever sees this: a table is complete
 * when it is linked, and a page has what was put there before it was mapped. */
static inline void iomm_desc_publish(uint64_t *desc, uint64_t value)
{
	__atomic_store_n(desc, IOMM_LE64(value), __ATOMIC_RELEASE);
}

#else

static inline uint64_t iomm_desc_load(const uint64_t *desc)
{
	const uint32_t *half = (const uint32_t *)(const void *)desc;
	uint32_t low = __atomic_load_n(half, __ATOMIC_RELAXED);
	uint32_t high = __atomic_load_n(half + 1, __ATOMIC_RELAXED);

	return (uint64_t)IOMM_LE32(high) << 32 | IOMM_LE32(low);
}

static inline uint64_t iomm_desc_acquire(const uint64_t *desc)
{
	const uint32_t *half = (const uint32_t *)(const void *)desc;
	uint32_t low = __atomic_load_n(half, __ATOMIC_ACQUIRE);
	uint32_t high = __atomic_load_n(half + 1, __ATOMIC_RELAXED);

	return (uint64_t)IOMM_LE32(high) << 32 | IOMM_LE32(low);
}

static inline void iomm_desc_publish(uint64_t *desc, uint64_t value)
{
	uint32_t *half = (uint32_t *)(void *)desc;
	uint32_t high = IOMM_LE32((uint32_t)(value >> 32));

	__atomic_store_n(half, 0, __ATOMIC_RELAXED);
	__atomic_store_n(half + 1, high, __ATOMIC_RELEASE);
	__atomic_store_n(half, IOMM_LE32((uint32_t)value), __ATOMIC_RELEASE);
}

static inline void iomm_desc_clear(uint64_t *desc)
{
	iomm_desc_publish(desc, 0);
}

/* Nobody else changes descriptors here: IOMM_PGTABLE_DIRTY is refused. */
static inline uint64_t iomm_desc_exchange(uint64_t *desc, uint64_t value)
{
	uint64_t old = iomm_desc_load(desc);

	iomm_desc_publish(desc, value);
	return old;
}

static inline bool
iomm_desc_replace(uint64_t *desc, uint64_t old, uint64_t value)
{
	if (iomm_desc_load(desc) != old)
		return false;
	iomm_desc_publish(desc, value);
	return true;
}

#endif

#endif
