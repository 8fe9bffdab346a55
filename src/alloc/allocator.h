/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_ALLOC_ALLOCATOR_H
#define IOMM_ALLOC_ALLOCATOR_H

#include "alloc/pool.h"
#include "base/ctx.h"

/* What a number stands for. */
struct iomm_type_entry {
	uint32_t number, slot;
	struct iomm_pool *pool;
};

/* Where memory comes from. */
struct iomm_backend {
	struct iomm_alloc_backend_ops ops;
	bool own; /* the hooks are the library's: no callback brackets */
	/* Not 0 while the process has one thread, so that no barrier is needed.
	 * NULL: that is not known. */
	const char *alone;
	void *data;
	void (*release)(void *data);
	/* Barriers are numbered as they begin, so that one serves all who wait.
	 * The last number that was taken, and the highest that is over. */
	_Atomic uint32_t begun, over;
};

struct iomm_allocator {
	struct iomm_object object;
	struct iomm_backend backend;
	uint32_t nr_types; /* and room for as many pools */
	struct iomm_type_entry *types;
	uint32_t nr_pools; /* that are made; one without types is not used */
	struct iomm_pool *pools;
	void *data;
	void (*release)(void *data);
};

extern const struct iomm_object_type iomm_allocator_type_tag;

static inline struct iomm_ctx *
iomm_allocator_ctx(const struct iomm_allocator *allocator)
{
	return allocator->object.ctx;
}

static inline struct iomm_ctx *iomm_pool_ctx(const struct iomm_pool *pool)
{
	return iomm_allocator_ctx(pool->allocator);
}

/* Does the backend work in this process? EOPNOTSUPP. */
int iomm_allocator_alive(const struct iomm_allocator *allocator);

/* NULL, with a sentence. */
const struct iomm_type_entry *
iomm_allocator_entry(const struct iomm_allocator *allocator, uint32_t number);

/* desc.c: makes types and pools of the descriptors. On failure the pools that
 * are counted are there. */
int iomm_allocator_read_types(struct iomm_allocator *allocator,
			      const struct iomm_allocator_config *config);

/* hosted/backend.c; not in the core. `exec`: some type is to be run. */
int iomm_backend_hosted(struct iomm_ctx *ctx, uint32_t flags, bool exec,
			struct iomm_backend *backend);

#endif
