/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hosted platform: libc, pthreads, and Linux's futex. */
#define _GNU_SOURCE
#include <iomm/platform.h>

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int hosted_barrier(void *data)
{
	int kept = errno;
	bool done;

	(void)data;
	/* A process has to say once that it is going to ask. */
	done = !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0,
			0) ||
	       (!syscall(SYS_membarrier,
			 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) &&
		!syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0,
			 0));
	errno = kept;
	return done ? 0 : -IOMM_EOPNOTSUPP;
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
	};

	return &hosted;
}
