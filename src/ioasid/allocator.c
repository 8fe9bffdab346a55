/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Custom allocators, in the order of their registration. The first of the list
 * is the active one; when it goes while others share its numbers, the first of
 * those takes its place there.
 */
#include "ioasid/space.h"

#include "base/abi.h"

static struct iomm_ioasid_maker *from_link(struct iomm_list *link)
{
	return iomm_container_of(link, struct iomm_ioasid_maker, link);
}

struct iomm_ioasid_maker *iomm_ioasid_active(struct iomm_ioasid_space *space)
{
	return iomm_list_empty(&space->makers) ? NULL
					       : from_link(space->makers.next);
}

/* Calls */

int iomm_ioasid_maker_ask(struct iomm_ctx *ctx,
			  const struct iomm_ioasid_maker *maker, uint32_t min,
			  uint32_t max, uint32_t *id)
{
	struct iomm_frame frame;
	int r;

	iomm_enter(ctx);
	iomm_callback_begin(ctx, &frame, false);
	r = maker->alloc(maker->data, min, max, id);
	iomm_callback_end(ctx, &frame);
	if (iomm_answer(r) != r)
		r = IOMM_FAIL(ctx, IOMM_EPROTO,
			      "who was asked for an ID answered what is "
			      "neither 0 nor an error");
	else if (r)
		(void)IOMM_FAIL(ctx, -r,
				"who was asked for an ID from %u to %u has "
				"none: %s",
				min, max, IOMM_STR(iomm_strerror(r)));
	return iomm_leave(ctx, r);
}

void iomm_ioasid_maker_free(struct iomm_ctx *ctx,
			    const struct iomm_ioasid_maker *maker, uint32_t id)
{
	struct iomm_frame frame;

	iomm_enter(ctx);
	iomm_callback_begin(ctx, &frame, false);
	maker->free(maker->data, id);
	iomm_callback_end(ctx, &frame);
	(void)iomm_leave(ctx, 0);
}

void iomm_ioasid_maker_put(struct iomm_ioasid_space *space,
			   struct iomm_ioasid_maker *maker)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	bool last;

	iomm_ioasid_lock(space);
	last = !--maker->refs;
	iomm_ioasid_unlock(space);
	if (!last)
		return;
	iomm_release(ctx, maker->release, maker->data);
	iomm_ioasid_free_bytes(space, maker, sizeof(*maker), 16);
}

/* Registering */

static bool
shares(const struct iomm_ioasid_maker *a, const struct iomm_ioasid_maker *b)
{
	return a->alloc == b->alloc && a->free == b->free && a->host == b->host;
}

static struct iomm_ioasid_maker *
find(struct iomm_ioasid_space *space, const struct iomm_ioasid_maker *like)
{
	struct iomm_list *pos;

	iomm_list_for_each (pos, &space->makers) {
		if (shares(from_link(pos), like) &&
		    from_link(pos)->data == like->data)
			return from_link(pos);
	}
	return NULL;
}

static int
read_ops(struct iomm_ctx *ctx, const struct iomm_ioasid_allocator_ops *ops,
	 void *data, struct iomm_ioasid_maker *maker)
{
	struct iomm_ioasid_allocator_ops o;
	int err = iomm_struct_in(ctx, &o, sizeof(o),
				 IOMM_IOASID_ALLOCATOR_OPS_SIZE_VER0, ops,
				 "iomm_ioasid_allocator_ops");

	if (!err)
		err = iomm_check_bits(ctx, o.flags, 0,
				      "iomm_ioasid_allocator_ops.flags");
	if (err)
		return err;
	if (!o.alloc || !o.free)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a custom allocator needs alloc and free");
	*maker = (struct iomm_ioasid_maker){
		.refs = 1,
		.host = o.host,
		.alloc = o.alloc,
		.free = o.free,
		.data = data,
	};
	return 0;
}

/* The lock is held. */
static int
insert(struct iomm_ioasid_space *space, struct iomm_ioasid_maker *maker)
{
	struct iomm_ctx *ctx = space->obj.ctx;

	if (atomic_load_explicit(&space->closed, memory_order_relaxed))
		return IOMM_FAIL(ctx, IOMM_ENODEV, "the context was closed");
	if (find(space, maker))
		return IOMM_FAIL(ctx, IOMM_EEXIST,
				 "this allocator is registered already");
	if (iomm_list_empty(&space->makers) && space->taken)
		return IOMM_FAIL(ctx, IOMM_EBUSY,
				 "%u IDs are out that the allocator does not "
				 "know of",
				 space->taken);
	iomm_list_add_tail(&space->makers, &maker->link);
	return 0;
}

static int do_register(struct iomm_ioasid_space *space,
		       const struct iomm_ioasid_allocator_ops *ops, void *data,
		       void (*release)(void *data))
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_ioasid_maker wanted, *maker;
	int err = read_ops(ctx, ops, data, &wanted);

	if (err)
		return err;
	maker = iomm_ioasid_alloc_bytes(space, sizeof(*maker), 16);
	if (!maker)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a custom allocator");
	*maker = wanted;
	maker->release = release;
	iomm_ioasid_lock(space);
	err = insert(space, maker);
	iomm_ioasid_unlock(space);
	if (err)
		iomm_ioasid_free_bytes(space, maker, sizeof(*maker), 16);
	return err;
}

int iomm_ioasid_allocator_register(struct iomm_ioasid_space *space,
				   const struct iomm_ioasid_allocator_ops *ops,
				   void *data, void (*release)(void *data))
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(space, &iomm_ioasid_space_type)) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	ctx = space->obj.ctx;
	iomm_enter(ctx);
	err = do_register(space, ops, data, release);
	if (err)
		iomm_release(ctx, release, data);
	return iomm_leave(ctx, err);
}

/* The next of those that share an allocator's numbers; NULL: it is the last. */
static struct iomm_ioasid_maker *
next_sharer(struct iomm_ioasid_space *space,
	    const struct iomm_ioasid_maker *maker)
{
	struct iomm_list *pos;

	iomm_list_for_each (pos, &space->makers) {
		if (from_link(pos) != maker && shares(from_link(pos), maker))
			return from_link(pos);
	}
	return NULL;
}

/* The lock is held. */
static int
remove(struct iomm_ioasid_space *space, const struct iomm_ioasid_maker *like,
       struct iomm_ioasid_maker **out)
{
	struct iomm_ioasid_maker *maker = find(space, like), *next;
	bool active;

	if (!maker)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOENT,
				 "this allocator is not registered");
	active = maker == iomm_ioasid_active(space);
	next = next_sharer(space, maker);
	if (active && !next && space->taken)
		return IOMM_FAIL(space->obj.ctx, IOMM_EBUSY,
				 "%u IDs are out, and no other allocator "
				 "shares their numbers",
				 space->taken);
	iomm_list_del(&maker->link);
	if (active && next) {
		iomm_list_del(&next->link);
		/* Behind the end of a circle is its start. */
		iomm_list_add_tail(space->makers.next, &next->link);
	}
	*out = maker;
	return 0;
}

int iomm_ioasid_allocator_unregister(
	struct iomm_ioasid_space *space,
	const struct iomm_ioasid_allocator_ops *ops, void *data)
{
	struct iomm_ioasid_maker like, *maker = NULL;
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(space, &iomm_ioasid_space_type))
		return -IOMM_EINVAL;
	ctx = space->obj.ctx;
	iomm_enter(ctx);
	err = read_ops(ctx, ops, data, &like);
	if (!err) {
		iomm_ioasid_lock(space);
		err = remove(space, &like, &maker);
		iomm_ioasid_unlock(space);
	}
	if (!err)
		iomm_ioasid_maker_put(space, maker);
	return iomm_leave(ctx, err);
}

void iomm_ioasid_drop_makers(struct iomm_ioasid_space *space)
{
	struct iomm_ioasid_maker *maker;

	do {
		iomm_ioasid_lock(space);
		maker = iomm_ioasid_active(space);
		if (maker)
			iomm_list_del(&maker->link);
		iomm_ioasid_unlock(space);
		if (maker)
			iomm_ioasid_maker_put(space, maker);
	} while (maker);
}
