/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hooks of backend and descriptor, as the allocator calls them: with
 * brackets, and with answers that are checked. None is called under a lock, but
 * for iomm_backend_flush(). */
#ifndef IOMM_ALLOC_BACKEND_H
#define IOMM_ALLOC_BACKEND_H

#include "alloc/pool.h"

int iomm_backend_map(struct iomm_pool *pool, struct iomm_alloc_grant *grant);
int iomm_backend_unmap(struct iomm_pool *pool,
		       const struct iomm_alloc_grant *grant);
int iomm_backend_protect(struct iomm_pool *pool,
			 const struct iomm_alloc_grant *grant, void *address,
			 uint64_t bytes, uint32_t prot);
/* Of a pool that flushes. */
void iomm_backend_flush(struct iomm_pool *pool, void *address, uint64_t bytes);
int iomm_backend_barrier(struct iomm_pool *pool);

/* A number for what was wiped up to now; and whether a barrier that began after
 * that is over, whoever asked for it. */
uint32_t iomm_barrier_ticket(struct iomm_pool *pool);
bool iomm_barrier_passed(const struct iomm_pool *pool, uint32_t ticket);

/* Those of the descriptor. The first two are there. */
int iomm_hook_fill(struct iomm_pool *pool, void *dst, void *writable,
		   const void *src, uint64_t bytes);
int iomm_hook_invalidate(struct iomm_pool *pool, void *address, void *writable,
			 uint64_t bytes);
void iomm_hook_mapped(struct iomm_pool *pool,
		      const struct iomm_alloc_grant *grant);
void iomm_hook_unmapping(struct iomm_pool *pool,
			 const struct iomm_alloc_grant *grant);

#endif
