/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A provider that carves tables out of one piece of memory. A walker or a guest
 * may be able to write that memory, so what is free is noted outside of it: in
 * a map of 64-bit words, one word a page, one bit a unit of 64 bytes (the
 * smallest table that hardware knows).
 */
#include "pgtable/memory.h"

#include "base/mem.h"

#include "base/ctx.h"

#define PAGE_SHIFT 12u
#define PAGE_BYTES (1u << PAGE_SHIFT)
#define UNIT_SHIFT 6u
#define ALL_UNITS  UINT64_MAX

struct arena {
	struct iomm_ctx *ctx;
	struct iomm_lock lock;
	char *va;
	uint64_t pa;
	uint64_t pages;
	uint64_t first_free; /* no page below is free as a whole */
	void *data;
	void (*release)(void *data);
	uint64_t used[]; /* a bit for each unit, a word for each page */
};

static uint64_t arena_bytes(uint64_t pages)
{
	return sizeof(struct arena) + (pages << 3);
}

/* Pages from the start that end at or below max_pa. */
static uint64_t pages_below(const struct arena *arena, uint64_t max_pa)
{
	uint64_t room;

	if (max_pa < arena->pa)
		return 0;
	room = max_pa - arena->pa;
	room = (room >> PAGE_SHIFT) +
	       ((room & (PAGE_BYTES - 1)) == PAGE_BYTES - 1);
	return room < arena->pages ? room : arena->pages;
}

static bool pages_free(const struct arena *arena, uint64_t page, uint64_t count)
{
	while (count && !arena->used[page + count - 1])
		count--;
	return !count;
}

/* Takes `count` pages, a power of two, aligned in the walker's view. */
static bool take_pages(struct arena *arena, uint64_t count, uint64_t limit,
		       uint64_t *offset)
{
	uint64_t base = arena->pa >> PAGE_SHIFT;
	uint64_t page;

	while (arena->first_free < arena->pages &&
	       arena->used[arena->first_free])
		arena->first_free++;
	page = ((base + arena->first_free + count - 1) & ~(count - 1)) - base;
	for (; page < limit && count <= limit - page; page += count) {
		if (!pages_free(arena, page, count))
			continue;
		memset(&arena->used[page], 0xff, (size_t)(count << 3));
		*offset = page << PAGE_SHIFT;
		return true;
	}
	return false;
}

/* Takes part of one page: of one that is broken already, if there is one. */
static bool take_units(struct arena *arena, uint32_t count, uint64_t limit,
		       uint64_t *offset)
{
	uint64_t mask = (UINT64_C(1) << count) - 1;
	uint64_t page, best = limit;
	uint32_t shift, best_shift = 0;

	for (page = 0; page < limit; page++) {
		if (arena->used[page] == ALL_UNITS ||
		    (!arena->used[page] && best != limit))
			continue;
		for (shift = 0; shift < 64; shift += count)
			if (!(arena->used[page] & mask << shift))
				break;
		if (shift == 64)
			continue;
		best = page;
		best_shift = shift;
		if (arena->used[page])
			break;
	}
	if (best == limit)
		return false;
	arena->used[best] |= mask << best_shift;
	*offset = (best << PAGE_SHIFT) + ((uint64_t)best_shift << UNIT_SHIFT);
	return true;
}

static int arena_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va,
		       uint64_t *pa)
{
	struct arena *arena = data;
	uint64_t limit = pages_below(arena, max_pa);
	uint64_t offset = 0;
	bool ok;

	iomm_lock(arena->ctx, &arena->lock);
	if (bytes >= PAGE_BYTES)
		ok = take_pages(arena, bytes >> PAGE_SHIFT, limit, &offset);
	else
		ok = take_units(arena, (uint32_t)(bytes >> UNIT_SHIFT), limit,
				&offset);
	iomm_unlock(arena->ctx, &arena->lock);
	if (!ok)
		return -IOMM_ENOMEM;
	*va = arena->va + offset;
	*pa = arena->pa + offset;
	return 0;
}

static void arena_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	struct arena *arena = data;
	uint64_t page = (pa - arena->pa) >> PAGE_SHIFT;
	uint64_t units = bytes >> UNIT_SHIFT;
	uint32_t shift = (uint32_t)(pa & (PAGE_BYTES - 1)) >> UNIT_SHIFT;

	(void)va;
	iomm_lock(arena->ctx, &arena->lock);
	if (bytes >= PAGE_BYTES)
		memset(&arena->used[page], 0,
		       (size_t)(bytes >> PAGE_SHIFT << 3));
	else
		arena->used[page] &= ~(((UINT64_C(1) << units) - 1) << shift);
	if (!arena->used[page] && page < arena->first_free)
		arena->first_free = page;
	iomm_unlock(arena->ctx, &arena->lock);
}

/* A table that somebody else built there: nothing is put over it from now on. */
static void *arena_to_virt(void *data, uint64_t pa, uint64_t bytes)
{
	struct arena *arena = data;
	uint64_t length = arena->pages << PAGE_SHIFT;
	uint64_t offset = pa - arena->pa;
	uint64_t page;

	if (pa < arena->pa || bytes > length || offset > length - bytes)
		return NULL;
	iomm_lock(arena->ctx, &arena->lock);
	for (page = offset >> PAGE_SHIFT;
	     page <= (offset + (bytes - 1)) >> PAGE_SHIFT; page++)
		arena->used[page] = UINT64_MAX;
	iomm_unlock(arena->ctx, &arena->lock);
	return arena->va + offset;
}

static void free_arena(struct arena *arena)
{
	iomm_lock_fini(arena->ctx, &arena->lock);
	iomm_free(arena->ctx, arena, arena_bytes(arena->pages));
}

/* Called as a release function: the provider's object still holds ctx. */
static void arena_release(void *data)
{
	struct arena *arena = data;
	void (*release)(void *data) = arena->release;
	void *owner = arena->data;

	free_arena(arena);
	if (release)
		release(owner);
}

static int check_arena(struct iomm_ctx *ctx, const void *va, uint64_t pa,
		       uint64_t bytes, const void *out)
{
	uint64_t all = (uintptr_t)va | pa | bytes;

	if (!va || !out)
		return iomm_fail_null(ctx, "iomm_table_memory_create_arena");
	if (!bytes || (all & (PAGE_BYTES - 1)))
		return IOMM_FAIL(
			ctx, IOMM_EINVAL,
			"pointer, address %x and length %x of an arena "
			"must be multiples of 4 KiB, and not empty",
			pa, bytes);
	if (pa + (bytes - 1) < pa ||
	    bytes - 1 > (uint64_t)(UINTPTR_MAX - (uintptr_t)va))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the arena of %x bytes at %x wraps around",
				 bytes, pa);
	return 0;
}

static int
make_arena(struct iomm_ctx *ctx, void *va, uint64_t pa, uint64_t bytes,
	   void *data, void (*release)(void *data), struct arena **out)
{
	struct arena *arena = iomm_alloc(ctx, arena_bytes(bytes >> PAGE_SHIFT));
	int r;

	if (!arena)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the books of an arena");
	r = iomm_lock_init(ctx, &arena->lock);
	if (r) {
		iomm_free(ctx, arena, arena_bytes(bytes >> PAGE_SHIFT));
		return r;
	}
	arena->ctx = ctx;
	arena->va = va;
	arena->pa = pa;
	arena->pages = bytes >> PAGE_SHIFT;
	arena->data = data;
	arena->release = release;
	*out = arena;
	return 0;
}

static int create_arena(struct iomm_ctx *ctx, void *va, uint64_t pa,
			uint64_t bytes, void *data, void (*release)(void *data),
			struct iomm_table_memory **out)
{
	struct iomm_table_memory_ops ops = {
		.size = sizeof(ops),
		.flags = IOMM_TABLE_MEMORY_LINEAR | IOMM_TABLE_MEMORY_RAW,
		.linear_offset = (uint64_t)(uintptr_t)va - pa,
		.alloc = arena_alloc,
		.free = arena_free,
		.to_virt = arena_to_virt,
	};
	struct arena *arena = NULL;
	int r = check_arena(ctx, va, pa, bytes, out);

	if (!r)
		r = make_arena(ctx, va, pa, bytes, data, release, &arena);
	if (r) {
		iomm_release(ctx, release, data);
		return r;
	}
	return iomm_table_memory_make(ctx, &ops, arena, arena_release, true,
				      out);
}

int iomm_table_memory_create_arena(struct iomm_ctx *ctx, void *va, uint64_t pa,
				   uint64_t bytes, void *data,
				   void (*release)(void *data),
				   struct iomm_table_memory **out)
{
	int r;

	if (!ctx) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	iomm_enter(ctx);
	r = create_arena(ctx, va, pa, bytes, data, release, out);
	return iomm_leave(ctx, r);
}
