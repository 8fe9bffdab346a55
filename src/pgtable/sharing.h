/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the threads that use a shared page table tell each other.
 *
 * Readers never wait: they say that they are there, and whoever frees the memory
 * of tables looks (iomm_table_reader_quiet). In a slot that is free a reader does
 * so by a read-modify-write, and so does who looks: of the two the later one
 * sees the earlier. Either the reader sees that the table was unlinked, or it is
 * seen.
 *
 * A thread that has a place of its own needs but a store, where the platform has
 * a barrier for all threads: who looks calls that first. The same goes for
 * writing where the thread wrote last.
 */
#ifndef IOMM_PGTABLE_SHARING_H
#define IOMM_PGTABLE_SHARING_H

#include <iomm/cursor.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "pgtable/engine_ops.h"
#include "pgtable/node.h"

/* While one spins. */
static inline void iomm_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield");
#endif
}

#define IOMM_SHARING_SHIFT 4u
#define IOMM_SHARING_SLOTS (1u << IOMM_SHARING_SHIFT)

/* A slot to a cache line: readers do not disturb each other. */
struct iomm_table_reader {
	_Atomic uint32_t busy;
	uint32_t pad[15];
};

/* A table above the last level, and when it was that. */
struct iomm_noted {
	struct iomm_tepid above; /* counts from the table's first address */
	uintptr_t generation;
};

/*
 * What a shared table knows of a thread: where it wrote last, for its next call.
 * It is nobody else's: a thread that ends leaves it to the one that gets its
 * storage.
 *
 * After some calls in a row in one table the thread keeps the lock of that, as
 * `mark` in the node's word. From then on it says in `writing` when it is in
 * there, and looks whether the lock is still its own. Whoever else wants that
 * takes it over, see iomm_node_lock_slow().
 */
struct iomm_place {
	_Atomic(void *) thread;	  /* its storage; NULL: free */
	uint32_t mark;		  /* IOMM_NODE_KEPT() of this one */
	uint32_t streak;	  /* calls in a row in the cursor's table */
	uint32_t enough;	  /* so many, and the lock is kept */
	bool keeps;		  /* that lock, for all the thread knows */
	_Atomic uint32_t writing; /* odd: it is in there */
	uint32_t pad[9];
	struct iomm_cursor cursor;
	struct iomm_common common; /* how the page looks that it read last */
	struct iomm_noted noted;   /* and above which table it was */
	uint64_t pad2[2];
	struct iomm_table_reader reader;
};

struct iomm_sharing {
	struct iomm_table_reader slot[IOMM_SHARING_SLOTS];
	struct iomm_table_reader more; /* counts those without a slot */
	struct iomm_place place[IOMM_SHARING_SLOTS];
	/* A store is enough: there is a barrier for all threads, or one thread */
	bool by_stores;
};

/* Between what a thread says and what it looks at. The processor's part is the
 * barrier of whoever looks at what it says. */
static inline void iomm_place_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/* How often in a row, at first: then a lock that is taken over has paid for
 * itself. It is twice as often after each time that it was. */
#define IOMM_PLACE_ENOUGH 8u
#define IOMM_PLACE_MOST	  (1u << 16)

static inline void iomm_place_exit(struct iomm_place *place, uint32_t writing)
{
	atomic_store_explicit(&place->writing, writing + 1,
			      memory_order_release);
}

/* Is the thread still the one who keeps this node, which its cursor stands in?
 * Then nobody else gets the lock before iomm_place_exit() is given what this
 * returns; else 0. */
static inline uint32_t
iomm_place_enter(struct iomm_place *place, struct iomm_node *node)
{
	uint32_t writing =
		atomic_load_explicit(&place->writing, memory_order_relaxed) + 1;

	atomic_store_explicit(&place->writing, writing, memory_order_relaxed);
	iomm_place_order();
	if (atomic_load_explicit(&node->word, memory_order_acquire) ==
	    place->mark)
		return writing;
	iomm_place_exit(place, writing);
	return 0;
}

/* Somebody has taken the lock over. Where that goes on the threads share a table
 * indeed, and keeping its lock is of no use. */
static inline void iomm_place_lost(struct iomm_place *place)
{
	place->keeps = false;
	place->streak = 0;
	if (place->enough < IOMM_PLACE_MOST)
		place->enough *= 2;
}

/* Unlocks the node that the cursor stands in, or keeps it. */
static inline void
iomm_place_unlock(const struct iomm_sharing *sharing, struct iomm_place *place,
		  struct iomm_node *node)
{
	place->keeps = sharing->by_stores && ++place->streak >= place->enough;
	atomic_store_explicit(&node->word, place->keeps ? place->mark : 0,
			      memory_order_release);
}

/* Before the cursor goes elsewhere. Who takes over meanwhile is the later one:
 * a store would open his lock. */
static inline void iomm_place_leave(struct iomm_place *place)
{
	struct iomm_node *node = place->cursor.table;
	uint32_t word = place->mark;

	if (place->keeps) {
		(void)atomic_compare_exchange_strong_explicit(
			&node->word, &word, 0, memory_order_release,
			memory_order_relaxed);
		if (place->enough > IOMM_PLACE_ENOUGH)
			place->enough /= 2;
	}
	place->keeps = false;
	place->streak = 0;
}

static inline uint32_t iomm_sharing_hash(uintptr_t page)
{
	return (uint32_t)page * UINT32_C(0x9e3779b1) >>
	       (32 - IOMM_SHARING_SHIFT);
}

static inline bool iomm_table_reader_take(struct iomm_table_reader *reader)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(&reader->busy, &free, 1,
						       memory_order_acquire,
						       memory_order_relaxed);
}

static inline struct iomm_table_reader *
iomm_table_reader_enter(struct iomm_sharing *sharing)
{
	/* Stacks of threads are far apart: a cheap guess at who else comes. */
	uint32_t n, first = iomm_sharing_hash((uintptr_t)&n >> 16);

	for (n = 0; n < IOMM_SHARING_SLOTS; n++) {
		uint32_t i = (first + n) & (IOMM_SHARING_SLOTS - 1);

		if (iomm_table_reader_take(&sharing->slot[i]))
			return &sharing->slot[i];
	}
	atomic_fetch_add_explicit(&sharing->more.busy, 1, memory_order_acquire);
	return &sharing->more;
}

/* The same for a thread with a place; NULL: it was interrupted there. */
static inline struct iomm_table_reader *
iomm_place_read(struct iomm_place *place)
{
	if (atomic_load_explicit(&place->reader.busy, memory_order_relaxed))
		return NULL;
	atomic_store_explicit(&place->reader.busy, 1, memory_order_relaxed);
	iomm_place_order();
	return &place->reader;
}

static inline void iomm_place_read_end(struct iomm_place *place)
{
	atomic_store_explicit(&place->reader.busy, 0, memory_order_release);
}

static inline void iomm_table_reader_exit(struct iomm_sharing *sharing,
					  struct iomm_table_reader *reader)
{
	if (reader == &sharing->more)
		atomic_fetch_sub_explicit(&reader->busy, 1,
					  memory_order_release);
	else
		atomic_store_explicit(&reader->busy, 0, memory_order_release);
}

/* Is there nobody who was there before this call? */
static inline bool iomm_table_reader_quiet(struct iomm_table_reader *reader)
{
	return !atomic_fetch_add_explicit(&reader->busy, 0,
					  memory_order_acq_rel);
}

#endif
