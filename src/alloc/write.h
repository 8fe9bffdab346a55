/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writing to memory that cannot be written where it is used, and changing what
 * it allows. Not locked; the memory is in the caller's hands. */
#ifndef IOMM_ALLOC_WRITE_H
#define IOMM_ALLOC_WRITE_H

#include "alloc/pool.h"

/* Puts bytes into a live block that is not sealed. */
int iomm_write_fill(struct iomm_pool *pool,
		    const struct iomm_alloc_grant *grant, void *dst,
		    const void *src, uint64_t bytes);

/* Makes `bytes` at `address` harmless; `sealed`: it is. */
int iomm_write_wipe(struct iomm_pool *pool,
		    const struct iomm_alloc_grant *grant, void *address,
		    uint64_t bytes, bool sealed);

/* As those, in a plain pool. */
int iomm_write_fill_plain(struct iomm_pool *pool, void *dst, void *writable,
			  const void *src, uint64_t bytes);
void iomm_write_wipe_plain(struct iomm_pool *pool,
			   const struct iomm_alloc_grant *grant, void *address,
			   uint64_t bytes);

#endif
