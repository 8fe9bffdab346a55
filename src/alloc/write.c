/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "alloc/write.h"

#include "alloc/allocator.h"
#include "alloc/backend.h"
#include "base/mem.h"

/* An instruction that traps, twice or more; 0 where that is one, or where the
 * library does not know the processor. */
#if defined(__x86_64__) || defined(__i386__)
#define TRAP UINT64_C(0xcccccccccccccccc) /* int3 */
#elif defined(__aarch64__)
#define TRAP UINT64_C(0xd4200000d4200000) /* brk #0 */
#elif defined(__riscv)
#define TRAP UINT64_C(0x9002900290029002) /* c.ebreak */
#elif defined(__arm__) && defined(__thumb__)
#define TRAP UINT64_C(0xde00de00de00de00) /* udf #0 */
#elif defined(__arm__)
#define TRAP UINT64_C(0xe7f000f0e7f000f0) /* udf #0 */
#else
#define TRAP UINT64_C(0)
#endif

/* Space is cut in multiples of 8, and aligned to that. */
static void put_traps(void *writable, uint64_t bytes)
{
	uint64_t trap = TRAP, n;

	if (trap == (trap & 0xff) * UINT64_C(0x0101010101010101)) {
		memset(writable, (int)(trap & 0xff), (size_t)bytes);
		return;
	}
	for (n = 0; n < bytes; n += sizeof(trap))
		memcpy((char *)writable + n, &trap, sizeof(trap));
}

static void
put_harmless(const struct iomm_pool *pool, void *writable, uint64_t bytes)
{
	if (iomm_pool_exec(pool))
		put_traps(writable, bytes);
	else
		memset(writable, 0, (size_t)bytes);
}

/* Where to write what is at an address; itself, without an alias. */
static void *writable_at(const struct iomm_alloc_grant *grant, void *address)
{
	return grant->alias ? (char *)grant->alias +
				      ((char *)address - (char *)grant->address)
			    : address;
}

/* A write that is going on. */
struct writing {
	void *writable;
	void *address; /* whole pages, of a pool that flips */
	uint64_t bytes;
};

static int begin(struct iomm_pool *pool, const struct iomm_alloc_grant *grant,
		 void *address, uint64_t bytes, struct writing *w)
{
	uintptr_t page = (uintptr_t)pool->allocator->backend.ops.page;
	uintptr_t at = (uintptr_t)address, first = at & ~(page - 1);

	w->writable = writable_at(grant, address);
	if (!iomm_pool_flips(pool))
		return 0;
	w->address = (char *)address - (at - first);
	w->bytes = (at - first + bytes + page - 1) & ~((uint64_t)page - 1);
	return iomm_backend_protect(pool, grant, w->address, w->bytes,
				    IOMM_ALLOC_READ | IOMM_ALLOC_WRITE);
}

static int end(struct iomm_pool *pool, const struct iomm_alloc_grant *grant,
	       const struct writing *w)
{
	if (!iomm_pool_flips(pool))
		return 0;
	return iomm_backend_protect(pool, grant, w->address, w->bytes,
				    pool->desc.prot);
}

static int fill(struct iomm_pool *pool, const struct iomm_alloc_grant *grant,
		void *dst, const void *src, uint64_t bytes)
{
	struct writing w;
	int err, r = begin(pool, grant, dst, bytes, &w);

	if (r)
		return r;
	if (pool->desc.fill)
		r = iomm_hook_fill(pool, dst, w.writable, src, bytes);
	else
		memcpy(w.writable, src, (size_t)bytes);
	err = end(pool, grant, &w);
	return r ? r : err;
}

/* What was written there is to be run. */
static int publish(struct iomm_pool *pool, void *dst, uint64_t bytes)
{
	if (pool->flushes)
		iomm_backend_flush(pool, dst, bytes);
	if (!pool->hot || (pool->desc.flags & IOMM_ALLOC_LAZY_SYNC))
		return 0;
	return iomm_backend_barrier(pool);
}

int iomm_write_fill_plain(struct iomm_pool *pool, void *dst, void *writable,
			  const void *src, uint64_t bytes)
{
	memcpy(writable, src, (size_t)bytes);
	return publish(pool, dst, bytes);
}

int iomm_write_fill(struct iomm_pool *pool,
		    const struct iomm_alloc_grant *grant, void *dst,
		    const void *src, uint64_t bytes)
{
	int r;

	if (pool->plain)
		return iomm_write_fill_plain(pool, dst, writable_at(grant, dst),
					     src, bytes);
	r = fill(pool, grant, dst, src, bytes);
	return r ? r : publish(pool, dst, bytes);
}

void iomm_write_wipe_plain(struct iomm_pool *pool,
			   const struct iomm_alloc_grant *grant, void *address,
			   uint64_t bytes)
{
	put_harmless(pool, writable_at(grant, address), bytes);
	if (pool->flushes)
		iomm_backend_flush(pool, address, bytes);
}

static int wipe(struct iomm_pool *pool, const struct iomm_alloc_grant *grant,
		void *address, uint64_t bytes)
{
	struct writing w;
	int r = begin(pool, grant, address, bytes, &w);

	if (r)
		return r;
	if (pool->desc.invalidate)
		r = iomm_hook_invalidate(pool, address, w.writable, bytes);
	else
		put_harmless(pool, w.writable, bytes);
	/* What stays writable is not executable, and is filled again before
	 * it is: not to get back is no failure here. */
	(void)end(pool, grant, &w);
	if (!r && pool->flushes)
		iomm_backend_flush(pool, address, bytes);
	return r;
}

int iomm_write_wipe(struct iomm_pool *pool,
		    const struct iomm_alloc_grant *grant, void *address,
		    uint64_t bytes, bool sealed)
{
	int r;

	if (!sealed)
		return wipe(pool, grant, address, bytes);
	r = iomm_backend_protect(pool, grant, address, bytes, pool->map_prot);
	if (r)
		return r;
	r = wipe(pool, grant, address, bytes);
	if (r)
		(void)iomm_backend_protect(pool, grant, address, bytes,
					   pool->desc.prot);
	return r;
}
