/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Providers of table memory: hooks of the caller's, and the default one. The
 * arena is in arena.c. */
#include "pgtable/memory.h"

#include "base/abi.h"
#include "base/ctx.h"
#include "pgtable/pgtable.h"

/* Descriptors are read and written as 64-bit words. */
#define VA_ALIGN 8u

static void destroy_memory(struct iomm_object *object)
{
	struct iomm_table_memory *memory = (void *)object;

	iomm_release(object->ctx, memory->release, memory->data);
}

const struct iomm_object_type iomm_table_memory_type = {
	.kind = IOMM_HANDLE_TABLE_MEMORY,
	.bytes = sizeof(struct iomm_table_memory),
	.name = "table memory",
	.destroy = destroy_memory,
};

int iomm_table_memory_make(struct iomm_ctx *ctx,
			   const struct iomm_table_memory_ops *ops, void *data,
			   void (*release)(void *data), bool own,
			   struct iomm_table_memory **out)
{
	struct iomm_table_memory *memory;

	memory = iomm_object_create(ctx, &iomm_table_memory_type);
	if (!memory) {
		iomm_release(ctx, release, data);
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a table provider");
	}
	memory->own = own;
	memory->ops = *ops;
	memory->data = data;
	memory->release = release;
	*out = memory;
	return 0;
}

static int
check_ops(struct iomm_ctx *ctx, const struct iomm_table_memory_ops *ops,
	  struct iomm_table_memory_ops *known)
{
	int r;

	if (!ops)
		return iomm_fail_null(ctx, "iomm_table_memory_create");
	r = iomm_struct_in(ctx, known, sizeof(*known),
			   IOMM_TABLE_MEMORY_OPS_SIZE_VER0, ops,
			   "iomm_table_memory_ops");
	if (r)
		return r;
	r = iomm_check_bits(ctx, known->flags,
			    IOMM_TABLE_MEMORY_LINEAR | IOMM_TABLE_MEMORY_RAW,
			    "iomm_table_memory_ops.flags");
	if (r)
		return r;
	if (!known->alloc || !known->free)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a table provider needs alloc and free");
	return 0;
}

int iomm_table_memory_create(struct iomm_ctx *ctx,
			     const struct iomm_table_memory_ops *ops,
			     void *data, void (*release)(void *data),
			     struct iomm_table_memory **out)
{
	struct iomm_table_memory_ops known;
	int r;

	if (!ctx) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	iomm_enter(ctx);
	r = out ? check_ops(ctx, ops, &known)
		: iomm_fail_null(ctx, "iomm_table_memory_create");
	if (r)
		iomm_release(ctx, release, data);
	else
		r = iomm_table_memory_make(ctx, &known, data, release, false,
					   out);
	return iomm_leave(ctx, r);
}

struct iomm_table_memory *
iomm_table_memory_get(struct iomm_table_memory *memory)
{
	return iomm_handle_get(memory, &iomm_table_memory_type);
}

void iomm_table_memory_put(struct iomm_table_memory *memory)
{
	iomm_handle_put(memory, &iomm_table_memory_type);
}

/* The default one */

/* Can a walker that reaches up to max_pa have the table that the platform gave,
 * if it gave one? */
static int
check_reach(struct iomm_ctx *ctx, void *ptr, uint64_t bytes, uint64_t max_pa)
{
	uint64_t address = (uintptr_t)ptr;

	if (!ptr)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a table of %k", bytes);
	if (max_pa < bytes - 1 || address > max_pa - (bytes - 1))
		return IOMM_FAIL(
			ctx, IOMM_ENOMEM,
			"the platform's memory at %x is beyond %x, the "
			"last address that the walker can fetch tables "
			"from: give the table a memory provider",
			address, max_pa);
	return 0;
}

static int default_alloc(struct iomm_ctx *ctx, uint64_t bytes, uint64_t max_pa,
			 void **va, uint64_t *pa)
{
	const struct iomm_platform *platform = &ctx->platform;
	void *ptr = platform->alloc(ctx->platform_data, bytes, bytes);
	int err = check_reach(ctx, ptr, bytes, max_pa);

	if (err) {
		if (ptr)
			platform->free(ctx->platform_data, ptr, bytes, bytes);
		return err;
	}
	*va = ptr;
	*pa = (uintptr_t)ptr;
	return 0;
}

/* As that, near a NUMA node. */
struct near {
	struct iomm_ctx *ctx;
	uint32_t node;
};

static int
near_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	const struct near *near = data;
	struct iomm_ctx *ctx = near->ctx;
	void *ptr = ctx->platform.alloc_near(ctx->platform_data, bytes, bytes,
					     near->node);
	int err = check_reach(ctx, ptr, bytes, max_pa);

	if (err) {
		if (ptr)
			ctx->platform.free_near(ctx->platform_data, ptr, bytes,
						bytes);
		return err;
	}
	*va = ptr;
	*pa = (uintptr_t)ptr;
	return 0;
}

static void near_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	const struct near *near = data;
	struct iomm_ctx *ctx = near->ctx;

	(void)pa;
	ctx->platform.free_near(ctx->platform_data, va, bytes, bytes);
}

static void near_release(void *data)
{
	struct near *near = data;

	iomm_free(near->ctx, near, sizeof(*near));
}

int iomm_table_memory_near(struct iomm_ctx *ctx, uint32_t node,
			   struct iomm_table_memory **out)
{
	static const struct iomm_table_memory_ops ops = {
		.size = sizeof(ops),
		.alloc = near_alloc,
		.free = near_free,
	};
	struct near *near;

	*out = NULL;
	if (!ctx->platform.alloc_near)
		return 0;
	near = iomm_alloc(ctx, sizeof(*near));
	if (!near)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a table provider");
	near->ctx = ctx;
	near->node = node;
	return iomm_table_memory_make(ctx, &ops, near, near_release, true, out);
}

/* What the engine calls */

static int call_alloc(struct iomm_table_memory *memory, uint64_t bytes,
		      uint64_t max_pa, void **va, uint64_t *pa)
{
	struct iomm_ctx *ctx = memory->object.ctx;
	struct iomm_frame frame;
	int r;

	if (memory->own)
		return memory->ops.alloc(memory->data, bytes, max_pa, va, pa);
	iomm_callback_begin(ctx, &frame, false);
	r = memory->ops.alloc(memory->data, bytes, max_pa, va, pa);
	iomm_callback_end(ctx, &frame);
	return r;
}

/* Why what the provider gave cannot be a table; NULL when it can. */
static const char *
find_flaw(const struct iomm_table_memory *memory, const void *va, uint64_t pa,
	  uint64_t bytes, uint64_t max_pa)
{
	const struct iomm_table_memory_ops *ops = &memory->ops;

	if (!va)
		return "no pointer";
	if (pa & (bytes - 1))
		return "an address that is not aligned to the size";
	if ((uintptr_t)va & (VA_ALIGN - 1))
		return "a pointer that is not aligned";
	if (max_pa < bytes - 1 || pa > max_pa - (bytes - 1))
		return "an address beyond the walker's reach";
	if ((ops->flags & IOMM_TABLE_MEMORY_LINEAR) &&
	    (uintptr_t)va != (uintptr_t)(pa + ops->linear_offset))
		return "a pointer that is not at its linear offset";
	return NULL;
}

int iomm_table_alloc(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
		     uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	const char *flaw;
	void *ptr = NULL;
	uint64_t address = 0;
	int r;

	if (!memory)
		return default_alloc(ctx, bytes, max_pa, va, pa);
	r = call_alloc(memory, bytes, max_pa, &ptr, &address);
	if (iomm_answer(r) != r)
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "the table provider's alloc answered what is "
				 "neither 0 nor an error");
	if (r)
		return IOMM_FAIL(ctx, -r,
				 "the table provider has no %k up to %x: %s",
				 bytes, max_pa, IOMM_STR(iomm_strerror(r)));
	flaw = find_flaw(memory, ptr, address, bytes, max_pa);
	if (flaw) {
		if (ptr)
			iomm_table_free(ctx, memory, ptr, address, bytes);
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "the table provider gave %s (%x for %k)",
				 IOMM_STR(flaw), address, bytes);
	}
	*va = ptr;
	*pa = address;
	return 0;
}

void iomm_table_give_begin(struct iomm_ctx *ctx,
			   struct iomm_table_memory *memory,
			   struct iomm_frame *frame)
{
	if (memory && !memory->own)
		iomm_callback_begin(ctx, frame, false);
}

void iomm_table_give_end(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
			 struct iomm_frame *frame)
{
	if (memory && !memory->own)
		iomm_callback_end(ctx, frame);
}

void iomm_table_give(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
		     void *va, uint64_t pa, uint64_t bytes)
{
	if (memory)
		memory->ops.free(memory->data, va, pa, bytes);
	else
		ctx->platform.free(ctx->platform_data, va, bytes, bytes);
}

void iomm_table_free(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
		     void *va, uint64_t pa, uint64_t bytes)
{
	struct iomm_frame frame;

	iomm_table_give_begin(ctx, memory, &frame);
	iomm_table_give(ctx, memory, va, pa, bytes);
	iomm_table_give_end(ctx, memory, &frame);
}

static void *
call_to_virt(struct iomm_table_memory *memory, uint64_t pa, uint64_t bytes)
{
	struct iomm_ctx *ctx = memory->object.ctx;
	struct iomm_frame frame;
	void *va;

	iomm_callback_begin(ctx, &frame, true);
	va = memory->ops.to_virt(memory->data, pa, bytes);
	iomm_callback_end(ctx, &frame);
	return va;
}

int iomm_table_find(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
		    uint64_t pa, uint64_t bytes, void **va)
{
	void *found = NULL;

	if (memory && memory->ops.to_virt)
		found = call_to_virt(memory, pa, bytes);
	else if (memory && (memory->ops.flags & IOMM_TABLE_MEMORY_LINEAR))
		found = (void *)(uintptr_t)(pa + memory->ops.linear_offset);
	if (!found)
		return IOMM_FAIL(ctx, IOMM_EFAULT,
				 "there is no memory for tables at %x (%k)", pa,
				 bytes);
	if ((uintptr_t)found & (VA_ALIGN - 1))
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "the table provider gave a pointer that is "
				 "not aligned (%x for %k)",
				 pa, bytes);
	*va = found;
	return 0;
}

void iomm_table_sync(struct iomm_table_memory *memory, const void *va,
		     uint64_t pa, uint64_t bytes)
{
	struct iomm_ctx *ctx = memory->object.ctx;
	struct iomm_frame frame;

	iomm_callback_begin(ctx, &frame, true);
	memory->ops.sync(memory->data, va, pa, bytes);
	iomm_callback_end(ctx, &frame);
}
