/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hosted platform: libc, pthreads, and Linux's futex. */
#define _GNU_SOURCE
#include <iomm/platform.h>

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/ctx.h"

#define SECOND 1000000000u

/* Asked for an alignment, glibc is several times slower than malloc(), which
 * has a common one by itself. */
static void *aligned(size_t bytes, size_t align)
{
	void *ptr = NULL;

	if (align <= _Alignof(max_align_t))
		return malloc(bytes);
	return posix_memalign(&ptr, align, bytes) ? NULL : ptr;
}

static void *hosted_alloc(void *data, uint64_t bytes, uint64_t align)
{
	void *ptr = NULL;

	(void)data;
	if (bytes <= SIZE_MAX && align <= SIZE_MAX)
		ptr = aligned((size_t)bytes, (size_t)align);
	return ptr ? memset(ptr, 0, (size_t)bytes) : NULL;
}

static void hosted_free(void *data, void *ptr, uint64_t bytes, uint64_t align)
{
	(void)data;
	(void)bytes;
	(void)align;
	free(ptr);
}

#define LONG_BITS  (8 * sizeof(unsigned long))
#define NODE_WORDS 16u

/* Best effort: memory is where it is if the node is none, or full. */
static void place_near(void *ptr, size_t bytes, uint32_t node)
{
	unsigned long nodes[NODE_WORDS] = { 0 };
	int kept = errno;

	if (node >= NODE_WORDS * LONG_BITS)
		return;
	nodes[node / LONG_BITS] = 1ul << node % LONG_BITS;
	(void)syscall(SYS_mbind, ptr, bytes, MPOL_PREFERRED, nodes,
		      NODE_WORDS * LONG_BITS + 1, 0);
	errno = kept;
}

/* Nodes have whole pages. Less than one is not worth a mapping. */
static bool is_mapped(uint64_t bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return bytes >= page && !(bytes & (page - 1)) && bytes <= SIZE_MAX / 2;
}

/* A mapping of its own, since memory of malloc() has been somewhere already,
 * and a policy for a part of it would stay with its addresses. */
static char *map_aligned(size_t bytes, size_t align)
{
	size_t slack = align > (size_t)sysconf(_SC_PAGESIZE) ? align : 0, skip;
	char *ptr;

	if (bytes > SIZE_MAX - slack)
		return NULL;
	ptr = mmap(NULL, bytes + slack, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ptr == MAP_FAILED)
		return NULL;
	if (!slack)
		return ptr;
	skip = (0 - (uintptr_t)ptr) & (align - 1);
	if (skip)
		(void)munmap(ptr, skip);
	if (slack - skip)
		(void)munmap(ptr + skip + bytes, slack - skip);
	return ptr + skip;
}

static void *
hosted_alloc_near(void *data, uint64_t bytes, uint64_t align, uint32_t node)
{
	int kept = errno;
	char *ptr;

	if (!is_mapped(bytes) || align > SIZE_MAX / 2)
		return hosted_alloc(data, bytes, align);
	ptr = map_aligned((size_t)bytes, (size_t)align);
	errno = kept;
	if (ptr)
		place_near(ptr, (size_t)bytes, node);
	return ptr;
}

static void
hosted_free_near(void *data, void *ptr, uint64_t bytes, uint64_t align)
{
	if (!is_mapped(bytes) || align > SIZE_MAX / 2)
		hosted_free(data, ptr, bytes, align);
	else
		(void)munmap(ptr, (size_t)bytes);
}

static pthread_mutex_t *mutex(struct iomm_lock *lock)
{
	_Static_assert(sizeof(pthread_mutex_t) <= sizeof(struct iomm_lock),
		       "a pthread mutex fits a lock");
	return (pthread_mutex_t *)(void *)lock;
}

static int hosted_lock_init(void *data, struct iomm_lock *lock)
{
	(void)data;
	/* The only failures are for attributes that are not used here. */
	(void)pthread_mutex_init(mutex(lock), NULL);
	return 0;
}

static void hosted_lock_fini(void *data, struct iomm_lock *lock)
{
	(void)data;
	(void)pthread_mutex_destroy(mutex(lock));
}

static void hosted_lock(void *data, struct iomm_lock *lock)
{
	(void)data;
	(void)pthread_mutex_lock(mutex(lock));
}

static void hosted_unlock(void *data, struct iomm_lock *lock)
{
	(void)data;
	(void)pthread_mutex_unlock(mutex(lock));
}

static struct iomm_thread nobody;
/* A pointer only: there is not much room for what is found this fast. */
_Thread_local struct iomm_thread *iomm_hosted_thread
	__attribute__((tls_model("initial-exec"))) = &nobody;

static void *hosted_thread(void *data)
{
	static _Thread_local _Alignas(
		16) unsigned char storage[IOMM_THREAD_SIZE];

	(void)data;
	if (iomm_hosted_thread == &nobody)
		iomm_hosted_thread = (void *)storage;
	return iomm_hosted_thread;
}

static uint64_t hosted_time(void *data)
{
	struct timespec now;

	(void)data;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void
hosted_wait(void *data, uint32_t *word, uint32_t expected, uint64_t deadline)
{
	struct timespec until = { .tv_sec = (time_t)(deadline / SECOND),
				  .tv_nsec = (long)(deadline % SECOND) };

	(void)data;
	/* FUTEX_WAIT_BITSET takes an absolute time on CLOCK_MONOTONIC. */
	(void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG,
		      expected, deadline == IOMM_FOREVER ? NULL : &until, NULL,
		      FUTEX_BITSET_MATCH_ANY);
}

static void hosted_wake(void *data, uint32_t *word)
{
	(void)data;
	(void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG,
		      INT32_MAX, NULL, NULL, 0);
}

static void
hosted_log(void *data, uint32_t level, const char *tag, const char *line)
{
	static const char *const name[] = { "", "error", "warning", "info",
					    "debug" };

	(void)data;
	if (*tag)
		(void)fprintf(stderr, "iomm: %s: %s: %s\n", name[level], tag,
			      line);
	else
		(void)fprintf(stderr, "iomm: %s: %s\n", name[level], line);
}

/* The kernel may be out of memory for a moment. */
static bool membarrier(int command)
{
	uint32_t tries = 100;
	long r;

	while ((r = syscall(SYS_membarrier, command, 0, 0)) &&
	       errno == ENOMEM && tries--)
		(void)sched_yield();
	return !r;
}

static int hosted_barrier(void *data)
{
	static _Atomic bool promised;
	int kept = errno;
	bool done;

	(void)data;
	/* A process has to say once that it is going to ask. */
	done = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) ||
	       (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
		membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
	if (done) {
		atomic_store_explicit(&promised, true, memory_order_relaxed);
		errno = kept;
		return 0;
	}
	if (!atomic_load_explicit(&promised, memory_order_relaxed)) {
		errno = kept;
		return -IOMM_EOPNOTSUPP;
	}
	/* Other threads may rely on it, and nobody can tell them. To go on would
	 * be to use memory that was freed. */
	(void)fprintf(
		stderr,
		"iomm: membarrier(2) worked in this process and does not "
		"any more (errno %d): let it through your seccomp filter\n",
		errno);
	abort();
}

const struct iomm_platform *iomm_platform_hosted(void)
{
	static const struct iomm_platform hosted = {
		.size = sizeof(hosted),
		.alloc = hosted_alloc,
		.free = hosted_free,
		.lock_init = hosted_lock_init,
		.lock_fini = hosted_lock_fini,
		.lock = hosted_lock,
		.unlock = hosted_unlock,
		.thread = hosted_thread,
		.wait = hosted_wait,
		.wake = hosted_wake,
		.time = hosted_time,
		.log = hosted_log,
		.barrier = hosted_barrier,
		.alloc_near = hosted_alloc_near,
		.free_near = hosted_free_near,
	};

	return &hosted;
}
