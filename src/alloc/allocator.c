/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Holds the symbols until the allocator is there. */
#include <iomm/alloc_type.h>
#include <iomm/error.h>

int iomm_allocator_create(struct iomm_ctx *ctx,
			  const struct iomm_allocator_config *config,
			  const struct iomm_alloc_backend_ops *backend,
			  void *data, void (*release)(void *data),
			  struct iomm_allocator **out)
{
	(void)ctx;
	(void)config;
	(void)backend;
	(void)data;
	(void)release;
	(void)out;
	if (release)
		release(data);
	return -IOMM_EOPNOTSUPP;
}

struct iomm_allocator *iomm_allocator_get(struct iomm_allocator *allocator)
{
	(void)allocator;
	return allocator;
}

void iomm_allocator_put(struct iomm_allocator *allocator)
{
	(void)allocator;
}

int iomm_allocator_type(struct iomm_allocator *allocator, uint32_t type,
			struct iomm_alloc_type **out)
{
	(void)allocator;
	(void)type;
	(void)out;
	return -IOMM_EOPNOTSUPP;
}

int iomm_allocator_info(struct iomm_allocator *allocator,
			struct iomm_allocator_info *info)
{
	(void)allocator;
	(void)info;
	return -IOMM_EOPNOTSUPP;
}

int iomm_allocator_layout(struct iomm_allocator *allocator,
			  struct iomm_alloc_part *parts, uint32_t stride,
			  uint32_t count)
{
	(void)allocator;
	(void)parts;
	(void)stride;
	(void)count;
	return -IOMM_EOPNOTSUPP;
}

int iomm_allocator_find(struct iomm_allocator *allocator, const void *address,
			struct iomm_allocation *allocation)
{
	(void)allocator;
	(void)address;
	(void)allocation;
	return -IOMM_EOPNOTSUPP;
}

int iomm_allocator_trim(struct iomm_allocator *allocator)
{
	(void)allocator;
	return -IOMM_EOPNOTSUPP;
}

struct iomm_alloc_type *iomm_alloc_type_get(struct iomm_alloc_type *type)
{
	(void)type;
	return type;
}

void iomm_alloc_type_put(struct iomm_alloc_type *type)
{
	(void)type;
}

uint32_t iomm_alloc_type_number(const struct iomm_alloc_type *type)
{
	(void)type;
	return 0;
}

int iomm_alloc_type_alloc(struct iomm_alloc_type *type, uint64_t bytes,
			  void **out)
{
	(void)type;
	(void)bytes;
	(void)out;
	return -IOMM_EOPNOTSUPP;
}

int iomm_alloc_type_free(struct iomm_alloc_type *type, void *address)
{
	(void)type;
	(void)address;
	return -IOMM_EOPNOTSUPP;
}

int iomm_alloc_type_fill(struct iomm_alloc_type *type, void *dst,
			 const void *src, uint64_t bytes)
{
	(void)type;
	(void)dst;
	(void)src;
	(void)bytes;
	return -IOMM_EOPNOTSUPP;
}

int iomm_alloc_type_seal(struct iomm_alloc_type *type, void *address)
{
	(void)type;
	(void)address;
	return -IOMM_EOPNOTSUPP;
}

int iomm_alloc_type_sync(struct iomm_alloc_type *type)
{
	(void)type;
	return -IOMM_EOPNOTSUPP;
}

int iomm_alloc_type_stats(struct iomm_alloc_type *type,
			  struct iomm_alloc_stats *stats)
{
	(void)type;
	(void)stats;
	return -IOMM_EOPNOTSUPP;
}

int iomm_alloc_type_next(struct iomm_alloc_type *type, const void *after,
			 struct iomm_allocation *allocation)
{
	(void)type;
	(void)after;
	(void)allocation;
	return -IOMM_EOPNOTSUPP;
}
