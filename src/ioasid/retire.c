/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is out of sight, and may still be seen: it gets a ticket, and is let go
 * when no reader is left who came before that. Then data is released, numbers
 * are given back, tables are freed.
 */
#include "ioasid/space.h"

static bool is_empty(const struct iomm_ioasid_batch *batch)
{
	return !batch->data && !batch->tables && !batch->dead;
}

bool iomm_ioasid_has_work(const struct iomm_ioasid_space *space)
{
	return !is_empty(&space->fresh) || !is_empty(&space->ready) ||
	       space->done || space->abandoned || iomm_ioasid_is_over(space);
}

/* A number is free again, and an empty table goes the way of all. */
void iomm_ioasid_finish(struct iomm_ioasid_space *space, uint32_t id,
			struct iomm_ioasid_entry *entry)
{
	struct iomm_ioasid_core *core = iomm_ioasid_core_of(
		space, atomic_load_explicit(&entry->tag, memory_order_relaxed));

	iomm_ioasid_tree_give(&space->tree, id, entry, &space->fresh.tables);
	iomm_ioasid_discount(core);
}

/* The list of spaces that wait, which readers look at when they leave. */

static void enlist(struct iomm_ioasid_space *space)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_ioasid_state *state = iomm_ioasid_state(ctx);

	if (space->listed)
		return;
	space->listed = true;
	iomm_object_get(space);
	iomm_lock(ctx, &state->lock);
	iomm_list_add_tail(&state->listed, &space->link);
	iomm_unlock(ctx, &state->lock);
	iomm_readers_wait(ctx);
}

static void delist(struct iomm_ioasid_space *space)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_ioasid_state *state = iomm_ioasid_state(ctx);

	if (!space->listed)
		return;
	space->listed = false;
	iomm_readers_done(ctx);
	iomm_lock(ctx, &state->lock);
	iomm_list_del(&space->link);
	iomm_unlock(ctx, &state->lock);
	iomm_object_drop(space);
}

/* Moves batches on as far as readers let them. Only one ages at a time, and
 * becomes ready as a whole. The lock is held. */
static void advance(struct iomm_ioasid_space *space)
{
	struct iomm_ctx *ctx = space->obj.ctx;

	while (is_empty(&space->ready)) {
		if (!space->ages) {
			if (is_empty(&space->fresh))
				break;
			space->aging = space->fresh;
			space->fresh = (struct iomm_ioasid_batch){ 0 };
			space->ages = true;
			space->ticket = iomm_readers_ticket(ctx);
		}
		if (!iomm_readers_gone(ctx, space->ticket)) {
			if (space->listed)
				return;
			/* From now on those who leave look after it. */
			enlist(space);
			continue;
		}
		space->ready = space->aging;
		space->ages = false;
	}
	if (!space->ages && is_empty(&space->fresh) && !space->abandoned)
		delist(space);
}

/* One thing that is ready, with the lock let go meanwhile; false: none. */

static bool release_datum(struct iomm_ioasid_space *space)
{
	struct iomm_ioasid_datum *datum = space->ready.data;

	if (!datum)
		return false;
	space->ready.data = datum->next;
	iomm_ioasid_unlock(space);
	iomm_release(space->obj.ctx, datum->release, datum->data);
	iomm_ioasid_free_bytes(space, datum, sizeof(*datum), 16);
	iomm_ioasid_lock(space);
	return true;
}

static bool release_tables(struct iomm_ioasid_space *space)
{
	struct iomm_ioasid_table *tables = space->ready.tables;

	if (!tables)
		return false;
	space->ready.tables = NULL;
	iomm_ioasid_unlock(space);
	iomm_ioasid_free_tables(space, tables);
	iomm_ioasid_lock(space);
	return true;
}

/* Whoever made the number takes it back when nobody is at its data, and when
 * the space has it on record no more: its maker may hand it out at once. The
 * books count it until that is done, so that the maker stays. */
static bool release_dead(struct iomm_ioasid_space *space)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_ioasid_maker *maker = NULL;
	struct iomm_ioasid_core *core;
	struct iomm_ioasid_entry *entry;
	uint32_t id = space->ready.dead, tag;

	if (!id)
		return false;
	entry = iomm_ioasid_tree_at(&space->tree, id);
	tag = atomic_load_explicit(&entry->tag, memory_order_relaxed);
	core = iomm_ioasid_core_of(space, tag);
	space->ready.dead = entry->word;
	if (tag & IOMM_IOASID_BY_CUSTOM)
		maker = iomm_ioasid_active(space);
	else if (tag & IOMM_IOASID_BY_DRIVER)
		maker = core->driver;
	if (maker)
		maker->refs++;
	iomm_ioasid_unlock(space);
	if (core->release && entry->data)
		iomm_release(ctx, core->release,
			     atomic_load_explicit(&entry->data,
						  memory_order_relaxed));
	iomm_ioasid_lock(space);
	iomm_ioasid_tree_give(&space->tree, id, entry, &space->fresh.tables);
	iomm_ioasid_unlock(space);
	if (maker) {
		iomm_ioasid_maker_free(ctx, maker, id);
		iomm_ioasid_maker_put(space, maker);
	}
	iomm_ioasid_lock(space);
	iomm_ioasid_discount(core);
	return true;
}

static bool destroy_done(struct iomm_ioasid_space *space)
{
	struct iomm_ioasid_core *core = space->done;

	if (!core)
		return false;
	space->done = core->next;
	iomm_ioasid_unlock(space);
	iomm_ioasid_core_destroy(core);
	iomm_ioasid_lock(space);
	return true;
}

void iomm_ioasid_defer(struct iomm_ioasid_space *space)
{
	struct iomm_ctx *ctx = space->obj.ctx;

	iomm_ioasid_lock(space);
	enlist(space);
	iomm_ioasid_unlock(space);
	atomic_store_explicit(&iomm_ioasid_state(ctx)->deferred, true,
			      memory_order_release);
	iomm_wakeup(ctx);
}

void iomm_ioasid_collect(struct iomm_ioasid_space *space)
{
	struct iomm_ctx *ctx = space->obj.ctx;

	if (iomm_in_atomic(ctx)) {
		iomm_ioasid_defer(space);
		return;
	}
	iomm_enter(ctx);
	iomm_object_get(space);
	iomm_ioasid_drain_abandoned(space);
	iomm_ioasid_lock(space);
	do {
		advance(space);
	} while (release_datum(space) || release_dead(space) ||
		 release_tables(space) || destroy_done(space));
	iomm_ioasid_unlock(space);
	iomm_ioasid_drop_registrations(space);
	iomm_object_drop(space);
	(void)iomm_leave(ctx, 0);
}

void iomm_ioasid_unlock_and_collect(struct iomm_ioasid_space *space)
{
	bool work = iomm_ioasid_has_work(space);

	iomm_ioasid_unlock(space);
	if (work)
		iomm_ioasid_collect(space);
}

void iomm_ioasid_collect_all(struct iomm_ctx *ctx)
{
	struct iomm_ioasid_state *state = iomm_ioasid_state(ctx);
	struct iomm_ioasid_space *space;
	struct iomm_list *link;
	uint32_t n = 0;

	iomm_lock(ctx, &state->lock);
	iomm_list_for_each (link, &state->listed)
		n++;
	iomm_unlock(ctx, &state->lock);
	while (n--) {
		space = NULL;
		iomm_lock(ctx, &state->lock);
		if (!iomm_list_empty(&state->listed)) {
			link = state->listed.next;
			iomm_list_del(link);
			iomm_list_add_tail(&state->listed, link);
			space = iomm_container_of(link,
						  struct iomm_ioasid_space,
						  link);
			iomm_object_get(space);
		}
		iomm_unlock(ctx, &state->lock);
		if (!space)
			return;
		iomm_ioasid_collect(space);
		iomm_object_drop(space);
	}
}
