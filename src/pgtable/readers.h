/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who is reading a shared page table right now. Readers never wait: they say
 * that they are there in a slot that is free, which whoever frees the memory of
 * tables looks at (iomm_readers_quiet).
 *
 * A reader takes its slot by a read-modify-write, and so does who looks: of the
 * two the later one sees the earlier. Either the reader sees that the table was
 * unlinked, or it is seen.
 */
#ifndef IOMM_PGTABLE_READERS_H
#define IOMM_PGTABLE_READERS_H

#include <iomm/cursor.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* While one spins. */
static inline void iomm_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield");
#endif
}

#define IOMM_READERS_SHIFT 4u
#define IOMM_READERS	   (1u << IOMM_READERS_SHIFT)

/* A slot to a cache line: readers do not disturb each other. */
struct iomm_reader {
	_Atomic uint32_t busy;
	uint32_t pad[15];
};

/* The cursor of a thread that writes, for its next call. It is nobody else's: a
 * thread that ends leaves it to the one that gets its storage. */
struct iomm_writer {
	_Atomic(void *) thread; /* its storage; NULL: free */
	struct iomm_cursor cursor;
	uint64_t pad[7];
};

struct iomm_readers {
	struct iomm_reader slot[IOMM_READERS];
	struct iomm_reader more; /* counts those who found no free slot */
	struct iomm_writer writer[IOMM_READERS];
};

static inline uint32_t iomm_reader_hash(uintptr_t page)
{
	return (uint32_t)page * UINT32_C(0x9e3779b1) >>
	       (32 - IOMM_READERS_SHIFT);
}

static inline bool iomm_reader_take(struct iomm_reader *reader)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(&reader->busy, &free, 1,
						       memory_order_acquire,
						       memory_order_relaxed);
}

static inline struct iomm_reader *
iomm_reader_enter(struct iomm_readers *readers)
{
	/* Stacks of threads are far apart: a cheap guess at who else comes. */
	uint32_t n, first = iomm_reader_hash((uintptr_t)&n >> 16);

	for (n = 0; n < IOMM_READERS; n++) {
		uint32_t i = (first + n) & (IOMM_READERS - 1);

		if (iomm_reader_take(&readers->slot[i]))
			return &readers->slot[i];
	}
	atomic_fetch_add_explicit(&readers->more.busy, 1, memory_order_acquire);
	return &readers->more;
}

static inline void
iomm_reader_exit(struct iomm_readers *readers, struct iomm_reader *reader)
{
	if (reader == &readers->more)
		atomic_fetch_sub_explicit(&reader->busy, 1,
					  memory_order_release);
	else
		atomic_store_explicit(&reader->busy, 0, memory_order_release);
}

/* Is there nobody who was there before this call? */
static inline bool iomm_reader_quiet(struct iomm_reader *reader)
{
	return !atomic_fetch_add_explicit(&reader->busy, 0,
					  memory_order_acq_rel);
}

#endif
