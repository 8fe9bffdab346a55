/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading descriptors: what is wrong with them, and what defaults stand for. */
#include "alloc/allocator.h"
#include "base/abi.h"
#include "base/mem.h"

#define LANES_DEFAULT	    8u
#define RANGES_MAX	    256u
#define ALIGNMENT_DEFAULT   16u
#define ALIGNMENT_LEAST	    8u
#define ALIGNMENT_MOST	    (UINT64_C(1) << 30)
#define GRANULARITY_DEFAULT (64u << 10)
/* Units of a grant are counted in 32 bits. */
#define UNITS_SHIFT_MOST    31u

#define FLAGS                                               \
	(IOMM_ALLOC_SHARED_HUGE | IOMM_ALLOC_SECOND_RANGE | \
	 IOMM_ALLOC_SEAL_AFTER_INIT | IOMM_ALLOC_ALLOW_WX | \
	 IOMM_ALLOC_RANDOMIZE | IOMM_ALLOC_GUARD | IOMM_ALLOC_LAZY_SYNC)
#define PROTS (IOMM_ALLOC_READ | IOMM_ALLOC_WRITE | IOMM_ALLOC_EXEC)

static bool power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static int check_mapto(struct iomm_ctx *ctx, const struct iomm_alloc_desc *desc)
{
	struct iomm_alloc_desc bare = { .size = desc->size,
					.type = desc->type,
					.mapto = desc->mapto };

	if (!memcmp(&bare, desc, sizeof(bare)))
		return 0;
	return IOMM_FAIL(
		ctx, IOMM_EINVAL,
		"type %u is served by type %u, and says more than that",
		desc->type, desc->mapto);
}

static int check_prot(struct iomm_ctx *ctx, const struct iomm_alloc_desc *desc)
{
	const uint32_t wx = IOMM_ALLOC_WRITE | IOMM_ALLOC_EXEC;
	bool is_wx = (desc->prot & wx) == wx;

	if (!desc->prot)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "type %u allows nothing",
				 desc->type);
	if (is_wx && !(desc->flags & IOMM_ALLOC_ALLOW_WX))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "type %u is writable and executable, without "
				 "IOMM_ALLOC_ALLOW_WX",
				 desc->type);
	if (!is_wx && (desc->flags & IOMM_ALLOC_ALLOW_WX))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "type %u has IOMM_ALLOC_ALLOW_WX, and is not "
				 "both",
				 desc->type);
	if ((desc->flags & IOMM_ALLOC_SEAL_AFTER_INIT) && (desc->prot & wx))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "type %u is sealed, and allows more than "
				 "reading then",
				 desc->type);
	return 0;
}

static int
check_ranges(struct iomm_ctx *ctx, const struct iomm_alloc_desc *desc)
{
	uint32_t n;

	if (desc->range_count > RANGES_MAX ||
	    !desc->range_count != !desc->ranges)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "type %u has %u ranges: up to %u, and no "
				 "array without them",
				 desc->type, desc->range_count, RANGES_MAX);
	for (n = 0; n < desc->range_count; n++) {
		if (desc->ranges[n].first <= desc->ranges[n].last)
			continue;
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "range %u of type %u ends at %x, before it "
				 "starts at %x",
				 n, desc->type, desc->ranges[n].last,
				 desc->ranges[n].first);
	}
	return 0;
}

static int check_desc(struct iomm_ctx *ctx, const struct iomm_alloc_desc *desc)
{
	int r;

	if (!desc->type || (desc->type > IOMM_ALLOC_INITRODATA &&
			    desc->type < IOMM_ALLOC_USER))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%u is no type: your own start at %u",
				 desc->type, IOMM_ALLOC_USER);
	if (desc->mapto)
		return check_mapto(ctx, desc);
	r = iomm_check_bits(ctx, desc->flags, FLAGS, "iomm_alloc_desc.flags");
	if (!r)
		r = iomm_check_bits(ctx, desc->prot, PROTS,
				    "iomm_alloc_desc.prot");
	if (!r)
		r = check_prot(ctx, desc);
	return r ? r : check_ranges(ctx, desc);
}

/* Sizes */

static void
set_defaults(struct iomm_pool *pool, const struct iomm_alloc_backend_ops *ops)
{
	struct iomm_alloc_desc *desc = &pool->desc;
	bool huge = (desc->flags & IOMM_ALLOC_SHARED_HUGE) && ops->huge;

	if (!desc->alignment)
		desc->alignment = ALIGNMENT_DEFAULT;
	if ((iomm_pool_seals(pool) || iomm_pool_flips(pool)) &&
	    desc->alignment < ops->page)
		desc->alignment = ops->page;
	if (!desc->granularity) {
		desc->granularity = GRANULARITY_DEFAULT;
		if (desc->granularity < desc->alignment)
			desc->granularity = desc->alignment;
		if (desc->granularity < ops->page)
			desc->granularity = ops->page;
	}
	if (huge && desc->granularity < ops->huge)
		desc->granularity = ops->huge;
}

static int
check_sizes(struct iomm_ctx *ctx, const struct iomm_pool *pool, uint64_t page)
{
	const struct iomm_alloc_desc *desc = &pool->desc;

	if (!power_of_two(desc->alignment) ||
	    desc->alignment < ALIGNMENT_LEAST ||
	    desc->alignment > ALIGNMENT_MOST)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the alignment of type %u, %x, is no power of "
				 "two from %u to %k",
				 desc->type, desc->alignment, ALIGNMENT_LEAST,
				 ALIGNMENT_MOST);
	if (!power_of_two(desc->granularity) || desc->granularity < page ||
	    desc->granularity > UINTPTR_MAX / 2 + 1)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the granularity of type %u, %x, is no power "
				 "of two from a page of %k up",
				 desc->type, desc->granularity, page);
	if (desc->granularity < desc->alignment)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the granularity of type %u, %k, is less than "
				 "its alignment, %k",
				 desc->type, desc->granularity,
				 desc->alignment);
	if (desc->granularity >> UNITS_SHIFT_MOST > desc->alignment)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the granularity of type %u, %k, is too much "
				 "for its alignment, %k",
				 desc->type, desc->granularity,
				 desc->alignment);
	return 0;
}

/* Pools */

static void
set_mapping(struct iomm_pool *pool, const struct iomm_alloc_backend_ops *ops)
{
	uint32_t flags = pool->desc.flags;

	pool->map_prot = pool->desc.prot;
	if (iomm_pool_seals(pool))
		pool->map_prot |= IOMM_ALLOC_WRITE;
	if (!(pool->map_prot & IOMM_ALLOC_WRITE) &&
	    (ops->flags & IOMM_ALLOC_BACKEND_ALIAS))
		pool->map_flags |= IOMM_ALLOC_GRANT_ALIAS;
	if ((flags & IOMM_ALLOC_SHARED_HUGE) && ops->huge)
		pool->map_flags |= IOMM_ALLOC_GRANT_HUGE;
	if (flags & IOMM_ALLOC_GUARD)
		pool->map_flags |= IOMM_ALLOC_GRANT_GUARD;
	if (flags & IOMM_ALLOC_RANDOMIZE)
		pool->map_flags |= IOMM_ALLOC_GRANT_RANDOM;
}

static int copy_ranges(struct iomm_ctx *ctx, struct iomm_pool *pool)
{
	static const struct iomm_alloc_range all = { 0, UINT64_MAX };
	struct iomm_alloc_desc *desc = &pool->desc;
	const struct iomm_alloc_range *from = desc->ranges;
	uint64_t bytes;

	if (!desc->range_count) {
		from = &all;
		desc->range_count = 1;
	}
	bytes = desc->range_count * sizeof(all);
	pool->ranges = iomm_alloc(ctx, bytes);
	if (!pool->ranges)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for %u ranges",
				 desc->range_count);
	memcpy(pool->ranges, from, (size_t)bytes);
	return 0;
}

/* Of a descriptor that was checked. On failure nothing is left. */
static int
make_pool(struct iomm_allocator *allocator, const struct iomm_alloc_desc *desc,
	  uint32_t lanes, struct iomm_pool *pool)
{
	const struct iomm_alloc_backend_ops *ops = &allocator->backend.ops;
	struct iomm_ctx *ctx = iomm_allocator_ctx(allocator);
	int r;

	pool->allocator = allocator;
	pool->desc = *desc;
	set_mapping(pool, ops);
	set_defaults(pool, ops);
	r = check_sizes(ctx, pool, ops->page);
	if (r)
		return r;
	if ((iomm_pool_seals(pool) || iomm_pool_flips(pool)) && !ops->protect)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "type %u needs a backend with `protect`",
				 desc->type);
	while (pool->desc.alignment >> pool->shift > 1)
		pool->shift++;
	pool->fresh = pool->desc.granularity == pool->desc.alignment;
	pool->hot = iomm_pool_exec(pool) && ops->barrier;
	pool->flushes = iomm_pool_exec(pool) && ops->flush;
	pool->plain = !desc->fill && !desc->invalidate &&
		      !iomm_pool_flips(pool) && !iomm_pool_seals(pool);
	pool->nr_lanes = lanes;
	r = copy_ranges(ctx, pool);
	if (r)
		return r;
	r = iomm_pool_init(pool);
	if (!r)
		return 0;
	iomm_free(ctx, pool->ranges,
		  pool->desc.range_count * sizeof(*pool->ranges));
	return IOMM_FAIL(ctx, -r, "no memory for the pool of type %u",
			 desc->type);
}

/* The array */

/* A copy of the array, so that it does not change while it is looked at. */
struct array {
	struct iomm_alloc_desc *desc;
	uint32_t count;
};

static const struct iomm_alloc_desc *
look_up(const struct array *array, uint32_t count, uint32_t number)
{
	uint32_t n;

	for (n = 0; n < count; n++) {
		if (array->desc[n].type == number)
			return &array->desc[n];
	}
	return NULL;
}

static int
read_array(struct iomm_ctx *ctx, const struct iomm_allocator_config *config,
	   struct array *array)
{
	struct iomm_alloc_desc *desc = array->desc;
	const char *from = (const char *)config->types;
	uint32_t n;
	int r;

	for (n = 0; n < array->count; n++, desc++) {
		r = iomm_struct_in(ctx, desc, sizeof(*desc),
				   IOMM_ALLOC_DESC_SIZE_VER0,
				   from + (size_t)n * config->type_stride,
				   "iomm_alloc_desc");
		if (!r)
			r = check_desc(ctx, desc);
		if (r)
			return r;
		if (look_up(array, n, desc->type))
			return IOMM_FAIL(ctx, IOMM_EINVAL,
					 "type %u has two descriptors",
					 desc->type);
	}
	return 0;
}

/* Gives every type its pool, and its slot in there. */
static int
link_types(struct iomm_allocator *allocator, const struct array *array)
{
	const struct iomm_alloc_desc *desc, *target;
	struct iomm_type_entry *entry;
	uint32_t n;

	for (n = 0; n < array->count; n++) {
		desc = &array->desc[n];
		target = desc->mapto ? look_up(array, array->count, desc->mapto)
				     : desc;
		if (!target || target->mapto)
			return IOMM_FAIL(iomm_allocator_ctx(allocator),
					 IOMM_EINVAL,
					 "type %u is served by type %u, which "
					 "has no pool of its own",
					 desc->type, desc->mapto);
		entry = &allocator->types[n];
		entry->number = desc->type;
		entry->pool = &allocator->pools[target - array->desc];
		entry->slot = entry->pool->types++;
	}
	return 0;
}

static int make_pools(struct iomm_allocator *allocator,
		      const struct array *array, uint32_t lanes)
{
	struct iomm_pool *pool;
	int r = 0;

	for (; !r && allocator->nr_pools < array->count;
	     allocator->nr_pools += !r) {
		pool = &allocator->pools[allocator->nr_pools];
		if (pool->types)
			r = make_pool(allocator,
				      &array->desc[allocator->nr_pools], lanes,
				      pool);
	}
	return r;
}

static int
read_types(struct iomm_allocator *allocator,
	   const struct iomm_allocator_config *config, struct array *array)
{
	int r = read_array(iomm_allocator_ctx(allocator), config, array);

	if (!r)
		r = link_types(allocator, array);
	if (!r)
		r = make_pools(allocator, array,
			       config->lanes ? config->lanes : LANES_DEFAULT);
	return r;
}

int iomm_allocator_read_types(struct iomm_allocator *allocator,
			      const struct iomm_allocator_config *config)
{
	struct iomm_ctx *ctx = iomm_allocator_ctx(allocator);
	struct array array = { .count = config->type_count };
	uint64_t bytes = (uint64_t)array.count * sizeof(*array.desc);
	int r;

	array.desc = iomm_alloc(ctx, bytes);
	if (!array.desc)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for %u descriptors", array.count);
	r = read_types(allocator, config, &array);
	iomm_free(ctx, array.desc, bytes);
	return r;
}
