/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "alloc/allocator.h"

#include "base/abi.h"
#include "base/mem.h"

#define TYPES_MAX  256u
#define PAGE_LEAST 64u

/* Making and destroying */

static void free_arrays(struct iomm_allocator *allocator)
{
	struct iomm_ctx *ctx = iomm_allocator_ctx(allocator);
	uint64_t n = allocator->nr_types;

	iomm_free(ctx, allocator->types, n * sizeof(*allocator->types));
	iomm_free(ctx, allocator->pools, n * sizeof(*allocator->pools));
}

static void destroy_pools(struct iomm_allocator *allocator)
{
	struct iomm_ctx *ctx = iomm_allocator_ctx(allocator);
	struct iomm_pool *pool;
	uint32_t n;

	for (n = 0; n < allocator->nr_pools; n++) {
		pool = &allocator->pools[n];
		if (!pool->types)
			continue;
		iomm_pool_fini(pool);
		iomm_free(ctx, pool->ranges,
			  pool->desc.range_count * sizeof(*pool->ranges));
	}
}

static void destroy_allocator(struct iomm_object *object)
{
	struct iomm_allocator *allocator = (void *)object;
	struct iomm_backend *backend = &allocator->backend;

	destroy_pools(allocator);
	free_arrays(allocator);
	if (backend->own && backend->release)
		backend->release(backend->data);
	iomm_release(object->ctx, allocator->release, allocator->data);
}

const struct iomm_object_type iomm_allocator_type_tag = {
	.kind = IOMM_HANDLE_ALLOCATOR,
	.bytes = sizeof(struct iomm_allocator),
	.name = "allocator",
	.destroy = destroy_allocator,
};

static int check_config(struct iomm_ctx *ctx,
			const struct iomm_allocator_config *config, bool own)
{
	int r = iomm_check_bits(ctx, config->flags,
				own ? IOMM_ALLOCATOR_NO_ALIAS : 0,
				"iomm_allocator_config.flags");

	if (r)
		return r;
	if (config->reserved)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "iomm_allocator_config.reserved is not 0");
	if (config->lanes > IOMM_LANES_MAX ||
	    (config->lanes & (config->lanes - 1)))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%u lanes are no power of two up to %u",
				 config->lanes, IOMM_LANES_MAX);
	if (!config->types || !config->type_count ||
	    config->type_count > TYPES_MAX ||
	    config->type_stride < IOMM_ALLOC_DESC_SIZE_VER0)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "an allocator has 1 to %u descriptors, and "
				 "not %u that are %u bytes apart",
				 TYPES_MAX, config->type_count,
				 config->type_stride);
	return 0;
}

static int
check_backend(struct iomm_ctx *ctx, const struct iomm_alloc_backend_ops *ops)
{
	int r = iomm_check_bits(ctx, ops->flags, IOMM_ALLOC_BACKEND_ALIAS,
				"iomm_alloc_backend_ops.flags");

	if (r)
		return r;
	if (!ops->map || !ops->unmap)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a backend needs map and unmap");
	if (ops->page < PAGE_LEAST || (ops->page & (ops->page - 1)) ||
	    (ops->huge & (ops->huge - 1)) ||
	    (ops->huge && ops->huge < ops->page))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "pages of %x and %x bytes are no powers of "
				 "two from %u up",
				 ops->page, ops->huge, PAGE_LEAST);
	return 0;
}

/* Is one of the types to be run? What is wrong with them is said later. */
static bool wants_exec(const struct iomm_allocator_config *config)
{
	struct iomm_alloc_desc desc;
	uint32_t n;

	for (n = 0; n < config->type_count; n++) {
		memcpy(&desc,
		       (const char *)config->types +
			       (size_t)n * config->type_stride,
		       IOMM_ALLOC_DESC_SIZE_VER0);
		if (desc.prot & IOMM_ALLOC_EXEC)
			return true;
	}
	return false;
}

static int
read_backend(struct iomm_ctx *ctx, const struct iomm_allocator_config *config,
	     const struct iomm_alloc_backend_ops *ops, void *data,
	     struct iomm_backend *backend)
{
	int r;

	if (ops) {
		backend->data = data;
		r = iomm_struct_in(ctx, &backend->ops, sizeof(backend->ops),
				   IOMM_ALLOC_BACKEND_OPS_SIZE_VER0, ops,
				   "iomm_alloc_backend_ops");
		return r ? r : check_backend(ctx, &backend->ops);
	}
#if __STDC_HOSTED__
	return iomm_backend_hosted(ctx, config->flags, wants_exec(config),
				   backend);
#else
	(void)wants_exec;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "the freestanding core has no backend of its own, and "
			 "%u types want one",
			 config->type_count);
#endif
}

/* Everything but the release function. On failure the allocator is to be put. */
static int fill_allocator(struct iomm_allocator *allocator,
			  const struct iomm_allocator_config *config,
			  const struct iomm_alloc_backend_ops *ops, void *data)
{
	struct iomm_ctx *ctx = iomm_allocator_ctx(allocator);
	uint64_t n = config->type_count;
	int r;

	r = read_backend(ctx, config, ops, data, &allocator->backend);
	if (r)
		return r;
	allocator->nr_types = config->type_count;
	allocator->types = iomm_alloc(ctx, n * sizeof(*allocator->types));
	allocator->pools = iomm_alloc(ctx, n * sizeof(*allocator->pools));
	if (!allocator->types || !allocator->pools)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for %u types",
				 allocator->nr_types);
	return iomm_allocator_read_types(allocator, config);
}

/* Runs release when it fails, by way of the allocator or without one. */
static int
create(struct iomm_ctx *ctx, const struct iomm_allocator_config *config,
       const struct iomm_alloc_backend_ops *ops, void *data,
       void (*release)(void *data), struct iomm_allocator **out)
{
	struct iomm_allocator_config known;
	struct iomm_allocator *allocator = NULL;
	int r;

	if (!out)
		r = iomm_fail_null(ctx, "iomm_allocator_create");
	else
		r = iomm_struct_in(ctx, &known, sizeof(known),
				   IOMM_ALLOCATOR_CONFIG_SIZE_VER0, config,
				   "iomm_allocator_config");
	if (!r)
		r = check_config(ctx, &known, !ops);
	if (!r) {
		allocator = iomm_object_create(ctx, &iomm_allocator_type_tag);
		r = allocator ? 0 : -IOMM_ENOMEM;
	}
	if (r) {
		iomm_release(ctx, release, data);
		return r;
	}
	allocator->data = data;
	allocator->release = release;
	r = fill_allocator(allocator, &known, ops, data);
	if (r)
		iomm_object_drop(allocator);
	else
		*out = allocator;
	return r;
}

int iomm_allocator_create(struct iomm_ctx *ctx,
			  const struct iomm_allocator_config *config,
			  const struct iomm_alloc_backend_ops *backend,
			  void *data, void (*release)(void *data),
			  struct iomm_allocator **out)
{
	if (!ctx) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	iomm_enter(ctx);
	return iomm_leave(ctx,
			  create(ctx, config, backend, data, release, out));
}

struct iomm_allocator *iomm_allocator_get(struct iomm_allocator *allocator)
{
	return iomm_handle_get(allocator, &iomm_allocator_type_tag);
}

void iomm_allocator_put(struct iomm_allocator *allocator)
{
	iomm_handle_put(allocator, &iomm_allocator_type_tag);
}

/* What the parts of the allocator ask it */

static bool is_allocator(const struct iomm_allocator *allocator)
{
	return iomm_handle_ok(allocator, &iomm_allocator_type_tag);
}

static bool is_dead(const struct iomm_allocator *allocator)
{
	const volatile uint32_t *alive = allocator->backend.ops.alive;

	return alive && !*alive;
}

int iomm_allocator_alive(const struct iomm_allocator *allocator)
{
	if (!is_dead(allocator))
		return 0;
	return IOMM_FAIL(iomm_allocator_ctx(allocator), IOMM_EOPNOTSUPP,
			 "this process was forked from the one that the "
			 "allocator belongs to: it may exec or exit");
}

const struct iomm_type_entry *
iomm_allocator_entry(const struct iomm_allocator *allocator, uint32_t number)
{
	uint32_t n;

	for (n = 0; n < allocator->nr_types; n++) {
		if (allocator->types[n].number == number)
			return &allocator->types[n];
	}
	IOMM_FAIL(iomm_allocator_ctx(allocator), IOMM_ENOENT,
		  "no descriptor is for type %u", number);
	return NULL;
}

/* Public calls */

int iomm_allocator_info(struct iomm_allocator *allocator,
			struct iomm_allocator_info *info)
{
	const struct iomm_alloc_backend_ops *ops;
	struct iomm_allocator_info known = { .size = sizeof(known) };

	if (!is_allocator(allocator))
		return -IOMM_EINVAL;
	ops = &allocator->backend.ops;
	if (ops->flags & IOMM_ALLOC_BACKEND_ALIAS)
		known.flags |= IOMM_ALLOCATOR_ALIAS;
	else if (ops->protect)
		known.flags |= IOMM_ALLOCATOR_PROTECT;
	if (ops->barrier)
		known.flags |= IOMM_ALLOCATOR_BARRIER;
	if (is_dead(allocator))
		known.flags |= IOMM_ALLOCATOR_DEAD;
	known.page = ops->page;
	known.huge = ops->huge;
	return iomm_struct_out(iomm_allocator_ctx(allocator), info, &known,
			       sizeof(known), IOMM_ALLOCATOR_INFO_SIZE_VER0,
			       "iomm_allocator_info");
}

static int trim(struct iomm_allocator *allocator)
{
	int err, result = 0;
	uint32_t n;

	for (n = 0; n < allocator->nr_pools; n++) {
		if (!allocator->pools[n].types)
			continue;
		err = iomm_pool_trim(&allocator->pools[n]);
		result = result ? result : err;
	}
	return result;
}

int iomm_allocator_trim(struct iomm_allocator *allocator)
{
	struct iomm_ctx *ctx;
	int r;

	if (!is_allocator(allocator))
		return -IOMM_EINVAL;
	ctx = iomm_allocator_ctx(allocator);
	r = iomm_allocator_alive(allocator);
	if (r)
		return r;
	iomm_enter(ctx);
	return iomm_leave(ctx, trim(allocator));
}
