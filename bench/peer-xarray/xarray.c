/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shared.h"

/* Without XA_DEBUG, with which the kernel's tests compile it. */
#include "lib/xarray.c"
#include <linux/idr.h>

#include "xarray.h"

struct linux_ids {
	struct one {
		struct xarray xa;
		struct ida ida;
	} * one;
	uint32_t copies;
};

/* What the debugging aids would bring. */
void xa_dump_node(const struct xa_node *node)
{
	(void)node;
}

void xa_dump_index(unsigned long index, unsigned int shift)
{
	(void)index;
	(void)shift;
}

struct linux_ids *linux_ids_open(uint32_t copies)
{
	static bool ready;
	struct linux_ids *ids = malloc(sizeof(*ids));
	uint32_t n;

	if (!ready) {
		rcu_register_thread();
		radix_tree_init();
		ready = true;
	}
	ids->one = calloc(copies, sizeof(*ids->one));
	ids->copies = copies;
	for (n = 0; n < copies; n++) {
		xa_init_flags(&ids->one[n].xa, XA_FLAGS_ALLOC1);
		ida_init(&ids->one[n].ida);
	}
	return ids;
}

void linux_ids_close(struct linux_ids *ids)
{
	uint32_t n;

	for (n = 0; n < ids->copies; n++) {
		xa_destroy(&ids->one[n].xa);
		ida_destroy(&ids->one[n].ida);
	}
	rcu_barrier();
	free(ids->one);
	free(ids);
}

int linux_ids_alloc(struct linux_ids *ids, uint32_t copy, uint32_t max,
		    char *data, uint32_t count)
{
	struct xarray *xa = &ids->one[copy].xa;
	uint32_t n, id;
	int err = 0;

	for (n = 0; n < count && !err; n++)
		err = xa_alloc(xa, &id, data + 4 * n, XA_LIMIT(1, max),
			       GFP_KERNEL);
	return err;
}

void linux_ids_free(struct linux_ids *ids, uint32_t copy, const uint32_t *order,
		    uint32_t count)
{
	struct xarray *xa = &ids->one[copy].xa;
	uint32_t n;

	for (n = 0; n < count; n++)
		xa_erase(xa, order[n]);
}

uintptr_t linux_ids_find(struct linux_ids *ids, uint32_t copy,
			 const uint32_t *order, uint32_t count)
{
	struct xarray *xa = &ids->one[copy].xa;
	uintptr_t sum = 0;
	uint32_t n;

	for (n = 0; n < count; n++)
		sum += (uintptr_t)xa_load(xa, order[n]);
	return sum;
}

uint32_t linux_ids_walk(struct linux_ids *ids, uint32_t copy)
{
	struct xarray *xa = &ids->one[copy].xa;
	unsigned long index;
	uint32_t count = 0;
	void *data;

	xa_for_each(xa, index, data) count++;
	return count;
}

extern int nr_allocated;

uint64_t linux_ids_bytes(void)
{
	return (uint64_t)nr_allocated * sizeof(struct xa_node);
}

int linux_ida_alloc(struct linux_ids *ids, uint32_t copy, uint32_t max,
		    uint32_t count)
{
	struct ida *ida = &ids->one[copy].ida;
	int err = 0;
	uint32_t n;

	for (n = 0; n < count && err >= 0; n++)
		err = ida_alloc_range(ida, 1, max, GFP_KERNEL);
	return err < 0 ? err : 0;
}

void linux_ida_free(struct linux_ids *ids, uint32_t copy, const uint32_t *order,
		    uint32_t count)
{
	struct ida *ida = &ids->one[copy].ida;
	uint32_t n;

	for (n = 0; n < count; n++)
		ida_free(ida, order[n]);
}
