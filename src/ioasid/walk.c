/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Walks over the IDs of a set. */
#include "ioasid/space.h"

uint32_t iomm_ioasid_next(struct iomm_ioasid_space *space,
			  const struct iomm_ioasid_core *core, uint32_t from,
			  struct iomm_ioasid_entry **entry)
{
	uint32_t tag, id = 0;

	while (from) {
		if (!iomm_ioasid_tree_taken(&space->tree, from, &id)) {
			/* Others get a chance between two leaves. */
			iomm_ioasid_unlock(space);
			iomm_ioasid_lock(space);
			from = id;
			continue;
		}
		*entry = iomm_ioasid_tree_at(&space->tree, id);
		tag = atomic_load_explicit(&(*entry)->tag,
					   memory_order_relaxed);
		if (tag & IOMM_IOASID_LIVE &&
		    tag >> IOMM_IOASID_SET_SHIFT == core->number &&
		    !((*entry)->word & IOMM_IOASID_PENDING))
			return id;
		from = id + 1;
	}
	return 0;
}

static int
visit_each(struct iomm_ioasid_set *set,
	   int (*visit)(void *arg, uint32_t id, void *data), void *arg)
{
	struct iomm_ioasid_space *space = set->space;
	struct iomm_ioasid_entry *entry;
	struct iomm_frame frame;
	uint32_t id, from = 1;
	void *data;
	int r = 0;

	iomm_ioasid_lock(space);
	while (!r && (id = iomm_ioasid_next(space, set->core, from, &entry))) {
		from = id + 1;
		r = iomm_ioasid_ref(space, id, entry);
		if (r)
			break;
		data = atomic_load_explicit(&entry->data, memory_order_relaxed);
		iomm_ioasid_unlock(space);
		iomm_callback_begin(space->obj.ctx, &frame, false);
		r = visit(arg, id, data);
		iomm_callback_end(space->obj.ctx, &frame);
		iomm_ioasid_lock(space);
		iomm_ioasid_unref(space, id, entry);
		if (iomm_ioasid_has_work(space)) {
			iomm_ioasid_unlock_and_collect(space);
			iomm_ioasid_lock(space);
		}
	}
	iomm_ioasid_unlock(space);
	return r;
}

int iomm_ioasid_for_each(struct iomm_ioasid_set *set,
			 int (*visit)(void *arg, uint32_t id, void *data),
			 void *arg)
{
	struct iomm_ctx *ctx;
	int r;

	if (!iomm_handle_ok(set, &iomm_ioasid_set_type))
		return -IOMM_EINVAL;
	ctx = set->obj.ctx;
	if (!visit)
		return iomm_fail_null(ctx, "iomm_ioasid_for_each");
	iomm_enter(ctx);
	r = visit_each(set, visit, arg);
	return iomm_leave(ctx, r);
}
