/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * What the library asks of the place it runs in. The hosted library brings a
 * platform made of libc and pthreads and uses it unless told otherwise; the
 * freestanding core has none and must be given one.
 */
#ifndef IOMM_PLATFORM_H
#define IOMM_PLATFORM_H

#include <iomm/types.h>

/** Room for a platform's lock, whatever it is made of. All zeroes at first. */
struct iomm_lock {
	iomm_u64 opaque[8]; /**< the platform's */
};

/** Bytes of storage that iomm_platform.thread gives each thread. */
#define IOMM_THREAD_SIZE 1024u

#define IOMM_LOG_ERROR 1u /**< something is lost or broken */
#define IOMM_LOG_WARN  2u /**< something is wrong, and was handled */
#define IOMM_LOG_INFO  3u /**< one line per device, instance and the like */
#define IOMM_LOG_DEBUG 4u /**< one line per operation */

/**
 * The hooks. Each is called from any thread, and with library locks held: none
 * may call the library. `data` is what was given beside the table.
 *
 * Without `lock` and `unlock` the platform promises one thread. Without `wait`
 * nothing can wait: what would is answered at once, with ETIMEDOUT or EBUSY.
 */
struct iomm_platform {
	uint32_t size;	/**< sizeof(struct iomm_platform) */
	uint32_t flags; /**< 0 */

	/** Zeroed memory; `align` is a power of two. NULL when there is none. */
	IOMM_FN(void *, alloc, (void *data, uint64_t bytes, uint64_t align));
	/** Takes back what `alloc` gave, with the same size and alignment. */
	IOMM_FN(void, free,
		(void *data, void *ptr, uint64_t bytes, uint64_t align));

	/** Makes a lock of zeroed storage; 0, or a negative IOMM_E*. Optional:
	 * zeroed is ready. */
	IOMM_FN(int, lock_init, (void *data, struct iomm_lock *lock));
	/** Undoes lock_init. Optional. */
	IOMM_FN(void, lock_fini, (void *data, struct iomm_lock *lock));
	/** Held for short stretches only, never across a callback that may
	 * wait. A spin lock will do. */
	IOMM_FN(void, lock, (void *data, struct iomm_lock *lock));
	/** Undoes lock. The two come together or not at all. */
	IOMM_FN(void, unlock, (void *data, struct iomm_lock *lock));

	/** Storage of the calling thread: IOMM_THREAD_SIZE bytes, aligned to
	 * 16, zeroed when first seen, the same at every call. Required; with
	 * one thread, a static array. */
	IOMM_FN(void *, thread, (void *data));

	/** Sleeps while `*word` is `expected`, until woken or until `deadline`
	 * (on the clock of `time`; IOMM_FOREVER: none). May return early. */
	IOMM_FN(void, wait,
		(void *data, uint32_t *word, uint32_t expected,
		 uint64_t deadline));
	/** Wakes all who wait on `word`. Needed when `wait` is there. */
	IOMM_FN(void, wake, (void *data, uint32_t *word));

	/** Nanoseconds on a clock that never goes back. Required. */
	IOMM_FN(uint64_t, time, (void *data));

	/** One line for a reader, without a line feed. `tag` names what it is
	 * about (a device, an instance) or is empty. Optional. */
	IOMM_FN(void, log,
		(void *data, uint32_t level, const char *tag,
		 const char *line));

	/** Returns when every other thread of the program has passed a full
	 * memory barrier; 0, or a negative IOMM_E* when that cannot be had.
	 * Asked when a context is made: what works then has to go on working.
	 * Called in any context, and under locks of the library's. Optional:
	 * without it each look-up that takes no lock, and each call on a shared
	 * page table, pays for a barrier of its own. The hosted one is
	 * membarrier(2); where that has worked once in a process and a filter
	 * takes it away later, the program is aborted. */
	IOMM_FN(int, barrier, (void *data));

	/** As `alloc`, nearest to a NUMA node if that can be had, and elsewhere
	 * if not: no node is an error. For page tables (IOMM_PGTABLE_NUMA_NODE).
	 * Optional: `alloc` is asked then. */
	IOMM_FN(void *, alloc_near,
		(void *data, uint64_t bytes, uint64_t align, uint32_t node));
	/** Takes back what `alloc_near` gave, with the same size and alignment.
	 * The two come together or not at all. */
	IOMM_FN(void, free_near,
		(void *data, void *ptr, uint64_t bytes, uint64_t align));
};

/** Up to and without `alloc_near`. */
#define IOMM_PLATFORM_SIZE_VER0 104u
#define IOMM_PLATFORM_SIZE_VER1 120u
IOMM_LAYOUT(sizeof(struct iomm_platform) == IOMM_PLATFORM_SIZE_VER1,
	    "iomm_platform");

#endif
