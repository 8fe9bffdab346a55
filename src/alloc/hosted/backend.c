/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "alloc/hosted/hosted.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define ALONE &__libc_single_threaded
#endif
#endif

#ifndef ALONE
#define ALONE NULL
#endif

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define HUGE (UINT64_C(2) << 20)

int iomm_hosted_error(void)
{
	switch (errno) {
	case EPERM:
		return -IOMM_EACCES;
	case EAGAIN:
	case ENFILE:
	case EMFILE:
		return -IOMM_ENOMEM;
	default:
		return -errno;
	}
}

int iomm_hosted_prot(uint32_t prot)
{
	return (prot & IOMM_ALLOC_READ ? PROT_READ : 0) |
	       (prot & IOMM_ALLOC_WRITE ? PROT_WRITE : 0) |
	       (prot & IOMM_ALLOC_EXEC ? PROT_EXEC : 0);
}

/* Kernels from 6.3 on want to be told that a file may be executed, and older
 * ones do not know the word. */
int iomm_hosted_file(bool huge)
{
	unsigned int flags = MFD_CLOEXEC | (huge ? MFD_HUGETLB : 0);
	int fd = (int)syscall(SYS_memfd_create, "iomm", flags | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_memfd_create, "iomm", flags);
	if (fd < 0 && !huge)
		fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? iomm_hosted_error() : fd;
}

static int protect(void *data, const struct iomm_alloc_grant *grant,
		   void *address, uint64_t bytes, uint32_t prot)
{
	(void)data;
	(void)grant;
	return mprotect(address, (size_t)bytes, iomm_hosted_prot(prot))
		       ? iomm_hosted_error()
		       : 0;
}

#if !defined(__x86_64__) && !defined(__i386__)
static void flush_icache(void *data, void *address, uint64_t bytes)
{
	(void)data;
	__builtin___clear_cache(address, (char *)address + bytes);
}
#else
/* The caches see every store, by physical address. */
#define flush_icache NULL
#endif

static int membarrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

static int barrier(void *data)
{
	(void)data;
	return membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE)
		       ? iomm_hosted_error()
		       : 0;
}

/* What the system allows */

static int try_map(size_t page, int prot, int fd, void **at)
{
	*at = mmap(NULL, page, prot,
		   fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	return *at == MAP_FAILED ? iomm_hosted_error() : 0;
}

/* Maps a page of a file twice. */
static int try_alias(size_t page, int prot)
{
	void *one = NULL, *two = NULL;
	int fd = iomm_hosted_file(false), r;

	if (fd < 0)
		return fd;
	r = ftruncate(fd, (off_t)page) ? iomm_hosted_error()
				       : try_map(page, prot, fd, &one);
	if (!r) {
		r = try_map(page, PROT_READ | PROT_WRITE, fd, &two);
		if (!r)
			(void)munmap(two, page);
		(void)munmap(one, page);
	}
	(void)close(fd);
	return r;
}

/* Makes a page writable, and takes that back. */
static int try_protect(size_t page, int prot)
{
	void *at = NULL;
	int r = try_map(page, prot, -1, &at);

	if (r)
		return r;
	if (mprotect(at, page, PROT_READ | PROT_WRITE) ||
	    mprotect(at, page, prot))
		r = iomm_hosted_error();
	(void)munmap(at, page);
	return r;
}

static int find_way(struct iomm_hosted *hosted, bool exec, bool no_alias)
{
	size_t page = (size_t)hosted->page;
	int prot = PROT_READ | (exec ? PROT_EXEC : 0);
	int alias = no_alias ? -IOMM_EOPNOTSUPP : try_alias(page, prot);
	int r;

	hosted->has_alias = !alias;
	if (!alias)
		return 0;
	r = try_protect(page, prot);
	if (!r)
		return 0;
	return IOMM_FAIL(hosted->ctx, IOMM_EOPNOTSUPP,
			 "this system refuses executable memory that is "
			 "written elsewhere (a memfd mapped twice: errno %u) "
			 "and such that was writable (mprotect: errno %u)",
			 (uint32_t)-alias, (uint32_t)-r);
}

/* A word that is zero in a child. */
static uint32_t *make_alive(size_t page)
{
	uint32_t *alive = mmap(NULL, page, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (alive == MAP_FAILED)
		return NULL;
	if (madvise(alive, page, MADV_WIPEONFORK)) {
		(void)munmap(alive, page);
		return NULL;
	}
	*alive = 1;
	return alive;
}

static void release(void *data)
{
	struct iomm_hosted *hosted = data;

	iomm_hosted_drop(hosted);
	if (hosted->alive)
		(void)munmap(hosted->alive, (size_t)hosted->page);
	(void)pthread_mutex_destroy(&hosted->lock);
	iomm_free(hosted->ctx, hosted, sizeof(*hosted));
}

static void
set_ops(const struct iomm_hosted *hosted, struct iomm_alloc_backend_ops *ops)
{
	*ops = (struct iomm_alloc_backend_ops){
		.size = sizeof(*ops),
		.flags = hosted->has_alias ? IOMM_ALLOC_BACKEND_ALIAS : 0,
		.page = hosted->page,
		.huge = hosted->huge,
		.alive = hosted->alive,
		.map = iomm_hosted_map,
		.unmap = iomm_hosted_unmap,
		.protect = protect,
		.flush = flush_icache,
	};
	if (!membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE))
		ops->barrier = barrier;
}

int iomm_backend_hosted(struct iomm_ctx *ctx, uint32_t flags, bool exec,
			struct iomm_backend *backend)
{
	struct iomm_hosted *hosted = iomm_alloc(ctx, sizeof(*hosted));
	int r;

	if (!hosted)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for a backend");
	hosted->ctx = ctx;
	hosted->page = (uint64_t)sysconf(_SC_PAGESIZE);
	hosted->huge = HUGE;
	r = find_way(hosted, exec, flags & IOMM_ALLOCATOR_NO_ALIAS);
	if (r) {
		iomm_free(ctx, hosted, sizeof(*hosted));
		return r;
	}
	hosted->alive = make_alive((size_t)hosted->page);
	(void)pthread_mutex_init(&hosted->lock, NULL);
	set_ops(hosted, &backend->ops);
	backend->own = true;
	/* A thread that is made later starts with a fresh processor. */
	backend->alone = ALONE;
	backend->data = hosted;
	backend->release = release;
	return 0;
}
