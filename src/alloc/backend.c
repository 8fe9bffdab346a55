/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "alloc/backend.h"

#include "alloc/allocator.h"

static void begin(const struct iomm_pool *pool, struct iomm_frame *frame)
{
	if (!pool->allocator->backend.own)
		iomm_callback_begin(iomm_pool_ctx(pool), frame, false);
}

static int end(const struct iomm_pool *pool, struct iomm_frame *frame, int r)
{
	if (!pool->allocator->backend.own)
		iomm_callback_end(iomm_pool_ctx(pool), frame);
	return iomm_answer(r);
}

/* The backend */

int iomm_backend_map(struct iomm_pool *pool, struct iomm_alloc_grant *grant)
{
	struct iomm_backend *backend = &pool->allocator->backend;
	struct iomm_frame frame;

	begin(pool, &frame);
	return end(pool, &frame, backend->ops.map(backend->data, grant));
}

int iomm_backend_unmap(struct iomm_pool *pool,
		       const struct iomm_alloc_grant *grant)
{
	struct iomm_backend *backend = &pool->allocator->backend;
	struct iomm_frame frame;

	begin(pool, &frame);
	return end(pool, &frame, backend->ops.unmap(backend->data, grant));
}

int iomm_backend_protect(struct iomm_pool *pool,
			 const struct iomm_alloc_grant *grant, void *address,
			 uint64_t bytes, uint32_t prot)
{
	struct iomm_backend *backend = &pool->allocator->backend;
	struct iomm_frame frame;
	int r;

	begin(pool, &frame);
	r = end(pool, &frame,
		backend->ops.protect(backend->data, grant, address, bytes,
				     prot));
	if (r)
		return IOMM_FAIL(iomm_pool_ctx(pool), -r,
				 "the backend does not change what %k at %x "
				 "of type %u allow: %s",
				 bytes, (uintptr_t)address, pool->desc.type,
				 IOMM_STR(iomm_strerror(r)));
	return 0;
}

void iomm_backend_flush(struct iomm_pool *pool, void *address, uint64_t bytes)
{
	struct iomm_backend *backend = &pool->allocator->backend;
	struct iomm_frame frame;

	iomm_callback_begin(iomm_pool_ctx(pool), &frame, true);
	backend->ops.flush(backend->data, address, bytes);
	iomm_callback_end(iomm_pool_ctx(pool), &frame);
}

/* Barriers. Their numbers wrap: what is over is never ahead of a ticket, unless
 * it came later. */

uint32_t iomm_barrier_ticket(struct iomm_pool *pool)
{
	return atomic_fetch_add_explicit(&pool->allocator->backend.begun, 1,
					 memory_order_acq_rel) +
	       1;
}

static bool is_later(uint32_t ticket, uint32_t than)
{
	return (int32_t)(ticket - than) > 0;
}

bool iomm_barrier_passed(const struct iomm_pool *pool, uint32_t ticket)
{
	return is_later(atomic_load_explicit(&pool->allocator->backend.over,
					     memory_order_acquire),
			ticket);
}

static void note_over(struct iomm_backend *backend, uint32_t ticket)
{
	uint32_t over =
		atomic_load_explicit(&backend->over, memory_order_relaxed);

	while (is_later(ticket, over) &&
	       !atomic_compare_exchange_weak_explicit(&backend->over, &over,
						      ticket,
						      memory_order_release,
						      memory_order_relaxed))
		;
}

int iomm_backend_barrier(struct iomm_pool *pool)
{
	struct iomm_backend *backend = &pool->allocator->backend;
	struct iomm_frame frame;
	uint32_t ticket;
	int r;

	if (!backend->ops.barrier || (backend->alone && *backend->alone))
		return 0;
	ticket = iomm_barrier_ticket(pool);
	begin(pool, &frame);
	r = end(pool, &frame, backend->ops.barrier(backend->data));
	if (r)
		return IOMM_FAIL(iomm_pool_ctx(pool), -r,
				 "the backend's barrier fails: %s",
				 IOMM_STR(iomm_strerror(r)));
	note_over(backend, ticket);
	return 0;
}

/* The descriptor */

int iomm_hook_fill(struct iomm_pool *pool, void *dst, void *writable,
		   const void *src, uint64_t bytes)
{
	struct iomm_frame frame;
	int r;

	iomm_callback_begin(iomm_pool_ctx(pool), &frame, false);
	r = iomm_answer(
		pool->desc.fill(pool->desc.data, dst, writable, src, bytes));
	iomm_callback_end(iomm_pool_ctx(pool), &frame);
	if (r)
		return IOMM_FAIL(iomm_pool_ctx(pool), -r,
				 "the fill of type %u failed for %k at %x: %s",
				 pool->desc.type, bytes, (uintptr_t)dst,
				 IOMM_STR(iomm_strerror(r)));
	return 0;
}

int iomm_hook_invalidate(struct iomm_pool *pool, void *address, void *writable,
			 uint64_t bytes)
{
	struct iomm_frame frame;
	int r;

	iomm_callback_begin(iomm_pool_ctx(pool), &frame, false);
	r = iomm_answer(pool->desc.invalidate(pool->desc.data, address,
					      writable, bytes));
	iomm_callback_end(iomm_pool_ctx(pool), &frame);
	if (r)
		return IOMM_FAIL(iomm_pool_ctx(pool), -r,
				 "the invalidate of type %u failed for %k at "
				 "%x: %s",
				 pool->desc.type, bytes, (uintptr_t)address,
				 IOMM_STR(iomm_strerror(r)));
	return 0;
}

static void tell(struct iomm_pool *pool, void (*hook)(void *, void *, uint64_t),
		 const struct iomm_alloc_grant *grant)
{
	struct iomm_frame frame;

	if (!hook)
		return;
	iomm_callback_begin(iomm_pool_ctx(pool), &frame, false);
	hook(pool->desc.data, grant->address, grant->bytes);
	iomm_callback_end(iomm_pool_ctx(pool), &frame);
}

void iomm_hook_mapped(struct iomm_pool *pool,
		      const struct iomm_alloc_grant *grant)
{
	tell(pool, pool->desc.on_map, grant);
}

void iomm_hook_unmapping(struct iomm_pool *pool,
			 const struct iomm_alloc_grant *grant)
{
	tell(pool, pool->desc.on_unmap, grant);
}
