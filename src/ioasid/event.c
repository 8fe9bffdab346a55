/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Events. One at a time in a space: who causes one, and who changes the list of
 * those who hear it, has the space's claim. So events of an ID come in the
 * order in which they happen.
 */
#include "ioasid/space.h"

static struct iomm_ioasid_subscription *from_link(struct iomm_list *link)
{
	return iomm_container_of(link, struct iomm_ioasid_subscription, link);
}

static int take_claim(struct iomm_ioasid_space *space)
{
	return iomm_claim_take(space->obj.ctx, &space->claim, IOMM_FOREVER,
			       "the events of an ID space");
}

int iomm_ioasid_turn_take(struct iomm_ioasid_space *space)
{
	int err;

	iomm_enter(space->obj.ctx);
	err = take_claim(space);
	return err ? iomm_leave(space->obj.ctx, err) : 0;
}

void iomm_ioasid_turn_drop(struct iomm_ioasid_space *space)
{
	iomm_claim_drop(space->obj.ctx, &space->claim);
	(void)iomm_leave(space->obj.ctx, 0);
}

/* Who is told that an ID goes has a reference on it meanwhile: he may hand the
 * work to somebody who has done it before the answer is here. The ID is pending,
 * so that nobody else gets one. */
static bool lend(struct iomm_ioasid_space *space, uint32_t id)
{
	struct iomm_ioasid_entry *entry;
	bool room;

	iomm_ioasid_lock(space);
	entry = iomm_ioasid_tree_at(&space->tree, id);
	room = (entry->word & IOMM_IOASID_REFS) < IOMM_IOASID_REFS;
	entry->word += room;
	iomm_ioasid_unlock(space);
	return room;
}

/* The allocation's own reference is still there, so this is not the last. */
static void take_back(struct iomm_ioasid_space *space, uint32_t id)
{
	struct iomm_ioasid_entry *entry;

	iomm_ioasid_lock(space);
	entry = iomm_ioasid_tree_at(&space->tree, id);
	if (iomm_ioasid_held(space, id, entry->word))
		iomm_ioasid_unref(space, id, entry);
	iomm_ioasid_unlock(space);
}

void iomm_ioasid_tell(struct iomm_ioasid_space *space, bool turn,
		      const struct iomm_ioasid_core *core, uint32_t event,
		      uint32_t id)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_ioasid_subscription *sub;
	struct iomm_ioasid_event e = {
		.size = sizeof(e), .event = event, .id = id, .type = core->type
	};
	struct iomm_frame frame;
	struct iomm_list *pos;
	bool lent;
	int r;

	if (!turn)
		return;
	iomm_list_for_each (pos, &space->subscriptions) {
		sub = from_link(pos);
		if (sub->set && sub->set != core->serial)
			continue;
		lent = event == IOMM_IOASID_FREE && lend(space, id);
		iomm_callback_begin(ctx, &frame, false);
		r = sub->notify(sub->data, &e);
		iomm_callback_end(ctx, &frame);
		if (lent && r == -IOMM_EAGAIN)
			continue;
		if (lent)
			take_back(space, id);
		if (r)
			IOMM_LOG(ctx, IOMM_LOG_WARN, "ioasid",
				 "a subscriber answered event %u of ID %u with "
				 "what is no answer to it",
				 event, id);
	}
}

/* The list */

static struct iomm_ioasid_subscription *
find(struct iomm_ioasid_space *space, uint64_t set,
     int (*notify)(void *data, const struct iomm_ioasid_event *event),
     const void *data)
{
	struct iomm_ioasid_subscription *sub;
	struct iomm_list *pos;

	iomm_list_for_each (pos, &space->subscriptions) {
		sub = from_link(pos);
		if (sub->set == set && sub->notify == notify &&
		    sub->data == data)
			return sub;
	}
	return NULL;
}

/* Behind those of its order. The claim and the lock are held. */
static int
insert(struct iomm_ioasid_space *space, const struct iomm_ioasid_core *core,
       struct iomm_ioasid_subscription *sub)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_list *pos;

	if (atomic_load_explicit(&space->closed, memory_order_relaxed) ||
	    (core && core->closed))
		return IOMM_FAIL(ctx, IOMM_ENODEV,
				 "the set was freed, or the context closed");
	if (find(space, sub->set, sub->notify, sub->data))
		return IOMM_FAIL(ctx, IOMM_EEXIST,
				 "this subscription is there already");
	iomm_list_for_each (pos, &space->subscriptions) {
		if (from_link(pos)->order > sub->order)
			break;
	}
	/* Before the one behind. */
	iomm_list_add_tail(pos, &sub->link);
	atomic_store_explicit(&space->heard, true, memory_order_relaxed);
	return 0;
}

static int
subscribe(struct iomm_ioasid_space *space, const struct iomm_ioasid_core *core,
	  const struct iomm_ioasid_subscription *wanted)
{
	struct iomm_ioasid_subscription *sub =
		iomm_ioasid_alloc_bytes(space, sizeof(*sub), 16);
	int err;

	if (!sub)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOMEM,
				 "no memory for a subscription");
	*sub = *wanted;
	err = take_claim(space);
	if (!err) {
		iomm_ioasid_lock(space);
		err = insert(space, core, sub);
		iomm_ioasid_unlock(space);
		iomm_claim_drop(space->obj.ctx, &space->claim);
	}
	if (err)
		iomm_ioasid_free_bytes(space, sub, sizeof(*sub), 16);
	return err;
}

int iomm_ioasid_subscribe(struct iomm_ioasid_space *space,
			  struct iomm_ioasid_set *set, uint32_t order,
			  int (*notify)(void *data,
					const struct iomm_ioasid_event *event),
			  void *data, void (*release)(void *data))
{
	const struct iomm_ioasid_subscription wanted = {
		.order = order,
		.set = set && iomm_ioasid_args_ok(space, set)
			       ? set->core->serial
			       : 0,
		.notify = notify,
		.data = data,
		.release = release,
	};
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(space, &iomm_ioasid_space_type)) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	ctx = space->obj.ctx;
	iomm_enter(ctx);
	if (!iomm_ioasid_args_ok(space, set) || !notify)
		err = iomm_fail_null(ctx, "iomm_ioasid_subscribe");
	else if (order < IOMM_IOASID_CPU || order > IOMM_IOASID_DEVICE)
		err = IOMM_FAIL(ctx, IOMM_EINVAL,
				"%u is not an order of subscribers", order);
	else
		err = subscribe(space, set ? set->core : NULL, &wanted);
	if (err)
		iomm_release(ctx, release, data);
	return iomm_leave(ctx, err);
}

static void
drop(struct iomm_ioasid_space *space, struct iomm_ioasid_subscription *sub)
{
	iomm_release(space->obj.ctx, sub->release, sub->data);
	iomm_ioasid_free_bytes(space, sub, sizeof(*sub), 16);
}

static int
unsubscribe(struct iomm_ioasid_space *space, uint64_t set,
	    int (*notify)(void *data, const struct iomm_ioasid_event *event),
	    const void *data)
{
	struct iomm_ioasid_subscription *sub;
	int err = take_claim(space);

	if (err)
		return err;
	iomm_ioasid_lock(space);
	sub = find(space, set, notify, data);
	if (sub)
		iomm_list_del(&sub->link);
	if (iomm_list_empty(&space->subscriptions))
		atomic_store_explicit(&space->heard, false,
				      memory_order_relaxed);
	iomm_ioasid_unlock(space);
	iomm_claim_drop(space->obj.ctx, &space->claim);
	if (!sub)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOENT,
				 "there is no such subscription");
	drop(space, sub);
	return 0;
}

int iomm_ioasid_unsubscribe(
	struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
	int (*notify)(void *data, const struct iomm_ioasid_event *event),
	void *data)
{
	int err;

	if (!iomm_handle_ok(space, &iomm_ioasid_space_type))
		return -IOMM_EINVAL;
	if (!iomm_ioasid_args_ok(space, set))
		return iomm_fail_null(space->obj.ctx,
				      "iomm_ioasid_unsubscribe");
	iomm_enter(space->obj.ctx);
	err = unsubscribe(space, set ? set->core->serial : 0, notify, data);
	return iomm_leave(space->obj.ctx, err);
}

void iomm_ioasid_drop_subscriptions(struct iomm_ioasid_space *space)
{
	struct iomm_ioasid_subscription *sub;

	for (;;) {
		sub = NULL;
		iomm_ioasid_lock(space);
		if (!iomm_list_empty(&space->subscriptions)) {
			sub = from_link(space->subscriptions.next);
			iomm_list_del(&sub->link);
		}
		atomic_store_explicit(&space->heard, false,
				      memory_order_relaxed);
		iomm_ioasid_unlock(space);
		if (!sub)
			return;
		drop(space, sub);
	}
}
