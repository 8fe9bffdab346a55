/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Linux's xarray and IDA, by interfaces that know none of the kernel's types.
 * Each function is the loop of one side. */
#ifndef PEER_XARRAY_H
#define PEER_XARRAY_H

#include <stdint.h>

struct linux_ids;

/* Several of a kind, of which each has IDs from 1 on. */
struct linux_ids *linux_ids_open(uint32_t copies);
void linux_ids_close(struct linux_ids *ids);

/* xa_alloc() from 1 to max, `count` times; each gets `data`, and one more. */
int linux_ids_alloc(struct linux_ids *ids, uint32_t copy, uint32_t max,
		    char *data, uint32_t count);
/* xa_erase() */
void linux_ids_free(struct linux_ids *ids, uint32_t copy, const uint32_t *order,
		    uint32_t count);
/* xa_load(); the sum of the data. */
uintptr_t linux_ids_find(struct linux_ids *ids, uint32_t copy,
			 const uint32_t *order, uint32_t count);
/* xa_for_each() */
uint32_t linux_ids_walk(struct linux_ids *ids, uint32_t copy);
/* Of nodes, in all. */
uint64_t linux_ids_bytes(void);

/* ida_alloc_range() and ida_free() */
int linux_ida_alloc(struct linux_ids *ids, uint32_t copy, uint32_t max,
		    uint32_t count);
void linux_ida_free(struct linux_ids *ids, uint32_t copy, const uint32_t *order,
		    uint32_t count);

#endif
