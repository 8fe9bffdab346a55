/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "alloc/type.h"

#include "alloc/backend.h"
#include "alloc/write.h"

/* The handle */

static void destroy_type(struct iomm_object *object)
{
	struct iomm_alloc_type *type = (void *)object;

	iomm_object_drop(type->allocator);
}

const struct iomm_object_type iomm_alloc_type_tag = {
	.kind = IOMM_HANDLE_ALLOC_TYPE,
	.bytes = sizeof(struct iomm_alloc_type),
	.name = "type of memory",
	.destroy = destroy_type,
};

int iomm_allocator_type(struct iomm_allocator *allocator, uint32_t number,
			struct iomm_alloc_type **out)
{
	const struct iomm_type_entry *entry;
	struct iomm_alloc_type *type;
	struct iomm_ctx *ctx;

	if (!iomm_handle_ok(allocator, &iomm_allocator_type_tag))
		return -IOMM_EINVAL;
	ctx = iomm_allocator_ctx(allocator);
	if (!out)
		return iomm_fail_null(ctx, "iomm_allocator_type");
	entry = iomm_allocator_entry(allocator, number);
	if (!entry)
		return -IOMM_ENOENT;
	type = iomm_object_create(ctx, &iomm_alloc_type_tag);
	if (!type)
		return -IOMM_ENOMEM;
	type->allocator = iomm_object_get(allocator);
	type->entry = entry;
	*out = type;
	return 0;
}

struct iomm_alloc_type *iomm_alloc_type_get(struct iomm_alloc_type *type)
{
	return iomm_handle_get(type, &iomm_alloc_type_tag);
}

void iomm_alloc_type_put(struct iomm_alloc_type *type)
{
	iomm_handle_put(type, &iomm_alloc_type_tag);
}

uint32_t iomm_alloc_type_number(const struct iomm_alloc_type *type)
{
	return iomm_handle_ok(type, &iomm_alloc_type_tag) ? type->entry->number
							  : 0;
}

/* The calls. The caller's reference keeps the allocator, so they need not, and
 * do not look for what hooks have put: the next call that does will. */

/* Can the call go on? */
static int
enter(const struct iomm_alloc_type *type, const void *needed, const char *call)
{
	if (!iomm_handle_ok(type, &iomm_alloc_type_tag))
		return -IOMM_EINVAL;
	if (!needed)
		return iomm_fail_null(type->object.ctx, call);
	return iomm_allocator_alive(type->allocator);
}

int iomm_alloc_type_alloc(struct iomm_alloc_type *type, uint64_t bytes,
			  void **out)
{
	int r = enter(type, out, "iomm_alloc_type_alloc");

	return r ? r
		 : iomm_pool_alloc(type->entry->pool, type->entry->slot, bytes,
				   out);
}

int iomm_alloc_type_free(struct iomm_alloc_type *type, void *address)
{
	int r = enter(type, address, "iomm_alloc_type_free");

	return r ? r
		 : iomm_pool_free(type->entry->pool, type->entry->slot,
				  address);
}

/* May these bytes be filled? The lane is locked. */
static int
check_fill(const struct iomm_alloc_type *type, const struct iomm_lane *lane,
	   const struct iomm_block *block, const void *dst, uint64_t bytes)
{
	const struct iomm_pool *pool = type->entry->pool;
	uintptr_t start = iomm_block_address(&lane->heap, block);
	uint64_t room = ((uint64_t)block->units << pool->shift) -
			((uintptr_t)dst - start);

	if (!iomm_block_marked(block, type->entry->slot))
		return IOMM_FAIL(type->object.ctx, IOMM_EINVAL,
				 "the allocation at %x is of another type",
				 start);
	if (iomm_pool_seals(pool) &&
	    iomm_block_marked(block, iomm_pool_sealed_slot(pool)))
		return IOMM_FAIL(type->object.ctx, IOMM_EACCES,
				 "the allocation at %x is sealed", start);
	if (bytes > room)
		return IOMM_FAIL(type->object.ctx, IOMM_EINVAL,
				 "%u bytes at %x are %u more than there are in "
				 "the allocation",
				 bytes, (uintptr_t)dst, bytes - room);
	return 0;
}

static int
fill(struct iomm_alloc_type *type, void *dst, const void *src, uint64_t bytes)
{
	struct iomm_pool *pool = type->entry->pool;
	struct iomm_lane *lane;
	struct iomm_block block;
	int r;

	lane = iomm_pool_find(pool, dst, &block);
	if (!lane)
		return IOMM_FAIL(type->object.ctx, IOMM_EINVAL,
				 "nothing is allocated at %x", (uintptr_t)dst);
	r = check_fill(type, lane, &block, dst, bytes);
	iomm_pool_unlock(pool, lane);
	if (r || !bytes)
		return r;
	return iomm_write_fill(pool, &block.span->grant, dst, src, bytes);
}

int iomm_alloc_type_fill(struct iomm_alloc_type *type, void *dst,
			 const void *src, uint64_t bytes)
{
	struct iomm_pool *pool;
	void *writable = NULL;
	int r = enter(type, dst && (src || !bytes) ? dst : NULL,
		      "iomm_alloc_type_fill");

	if (r)
		return r;
	pool = type->entry->pool;
	if (pool->plain && bytes)
		writable =
			iomm_pool_latest(pool, type->entry->slot, dst, bytes);
	if (writable)
		return iomm_write_fill_plain(pool, dst, writable, src, bytes);
	return fill(type, dst, src, bytes);
}

static int
seal(struct iomm_alloc_type *type, struct iomm_pool *pool, void *address)
{
	uint32_t sealed = iomm_pool_sealed_slot(pool);
	struct iomm_lane *lane = NULL;
	struct iomm_block block;
	int r = iomm_pool_find_start(pool, type->entry->slot, address, &lane,
				     &block);

	if (r)
		return r;
	if (iomm_block_marked(&block, sealed)) {
		iomm_pool_unlock(pool, lane);
		return IOMM_FAIL(type->object.ctx, IOMM_EEXIST,
				 "the allocation at %x is sealed",
				 (uintptr_t)address);
	}
	iomm_block_mark(&block, sealed, true);
	iomm_pool_unlock(pool, lane);
	r = iomm_backend_protect(pool, &block.span->grant, address,
				 (uint64_t)block.units << pool->shift,
				 pool->desc.prot);
	if (r) {
		iomm_pool_lock(pool, lane);
		iomm_block_mark(&block, sealed, false);
		iomm_pool_unlock(pool, lane);
	}
	return r;
}

int iomm_alloc_type_seal(struct iomm_alloc_type *type, void *address)
{
	int r = enter(type, address, "iomm_alloc_type_seal");

	if (r)
		return r;
	if (!iomm_pool_seals(type->entry->pool))
		return IOMM_FAIL(type->object.ctx, IOMM_EINVAL,
				 "type %u is not one that is sealed",
				 type->entry->number);
	return seal(type, type->entry->pool, address);
}

int iomm_alloc_type_sync(struct iomm_alloc_type *type)
{
	int r = enter(type, type, "iomm_alloc_type_sync");

	if (r)
		return r;
	if (!type->allocator->backend.ops.barrier)
		return IOMM_FAIL(type->object.ctx, IOMM_EOPNOTSUPP,
				 "the backend has no barrier: each thread "
				 "synchronises its own processor before it "
				 "runs code of type %u",
				 type->entry->number);
	return iomm_backend_barrier(type->entry->pool);
}
