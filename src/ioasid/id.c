/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One ID: references, states, data. Under the space's lock, but for what is in
 * lookup.c. */
#include "ioasid/space.h"

#include "base/abi.h"

int iomm_ioasid_pick(struct iomm_ioasid_space *space, uint32_t owner,
		     uint32_t id, struct iomm_ioasid_entry **out)
{
	struct iomm_ioasid_entry *entry = iomm_ioasid_look(&space->tree, id);
	uint32_t tag =
		entry ? atomic_load_explicit(&entry->tag, memory_order_relaxed)
		      : 0;

	if (!(tag & IOMM_IOASID_LIVE))
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOENT,
				 "%u is not an ID of this space", id);
	if (owner && tag >> IOMM_IOASID_SET_SHIFT != owner)
		return IOMM_FAIL(space->obj.ctx, IOMM_EACCES,
				 "ID %u is of another set", id);
	*out = entry;
	return 0;
}

static int check_not_pending(struct iomm_ioasid_space *space, uint32_t id,
			     const struct iomm_ioasid_entry *entry)
{
	if (!(entry->word & IOMM_IOASID_PENDING))
		return 0;
	return IOMM_FAIL(space->obj.ctx, IOMM_EBUSY,
			 "ID %u was freed, and waits for %u references", id,
			 entry->word & IOMM_IOASID_REFS);
}

int iomm_ioasid_pick_live(struct iomm_ioasid_space *space, uint32_t owner,
			  uint32_t id, struct iomm_ioasid_entry **out)
{
	int err = iomm_ioasid_pick(space, owner, id, out);

	return err ? err : check_not_pending(space, id, *out);
}

/* References */

uint32_t iomm_ioasid_held(const struct iomm_ioasid_space *space, uint32_t id,
			  uint32_t word)
{
	/* The allocation has one until all have been told that it ends. */
	uint32_t own = !(word & IOMM_IOASID_PENDING) || id == space->leaving;

	return (word & IOMM_IOASID_REFS) - own - iomm_ioasid_binds(word);
}

int iomm_ioasid_ref(struct iomm_ioasid_space *space, uint32_t id,
		    struct iomm_ioasid_entry *entry)
{
	int err = check_not_pending(space, id, entry);

	if (err)
		return err;
	if ((entry->word & IOMM_IOASID_REFS) == IOMM_IOASID_REFS)
		return IOMM_FAIL(space->obj.ctx, IOMM_EOVERFLOW,
				 "ID %u has %u references, and more cannot be "
				 "counted",
				 id, IOMM_IOASID_REFS);
	entry->word++;
	return 0;
}

/* What was replaced under those who held the ID goes with the last of them. */
static void unpark(struct iomm_ioasid_space *space, uint32_t id)
{
	struct iomm_ioasid_datum **link = &space->parked, *datum;

	while ((datum = *link)) {
		if (datum->id != id) {
			link = &datum->next;
			continue;
		}
		*link = datum->next;
		datum->next = space->fresh.data;
		space->fresh.data = datum;
	}
}

static void queue_dead(struct iomm_ioasid_batch *batch, uint32_t id,
		       struct iomm_ioasid_entry *entry)
{
	entry->word = batch->dead;
	batch->dead = id;
}

static bool has_data(struct iomm_ioasid_entry *entry)
{
	return atomic_load_explicit(&entry->data, memory_order_relaxed);
}

/* Nobody holds it any more: it is not found from here on. Its number is free at
 * once, unless readers may still be at its data, or its maker has to be told.
 */
static void bury(struct iomm_ioasid_space *space, uint32_t id,
		 struct iomm_ioasid_entry *entry)
{
	uint32_t tag = atomic_load_explicit(&entry->tag, memory_order_relaxed);
	struct iomm_ioasid_core *core = iomm_ioasid_core_of(space, tag);

	if (entry->word & IOMM_IOASID_SPID)
		iomm_ioasid_forget_spid(core, id);
	atomic_store_explicit(&entry->tag, tag & ~IOMM_IOASID_LIVE,
			      memory_order_release);
	/* The count of uses comes round: whoever saw this one has to be gone
	 * before it looks the same again. */
	if ((core->release && has_data(entry)) ||
	    (tag & IOMM_IOASID_USES) == IOMM_IOASID_USES)
		queue_dead(&space->fresh, id, entry);
	else if (tag & (IOMM_IOASID_BY_CUSTOM | IOMM_IOASID_BY_DRIVER))
		queue_dead(&space->ready, id, entry);
	else
		iomm_ioasid_finish(space, id, entry);
}

void iomm_ioasid_unref(struct iomm_ioasid_space *space, uint32_t id,
		       struct iomm_ioasid_entry *entry)
{
	entry->word--;
	if (space->parked && !iomm_ioasid_held(space, id, entry->word))
		unpark(space, id);
	if (!(entry->word & IOMM_IOASID_REFS))
		bury(space, id, entry);
}

static int get(struct iomm_ioasid_space *space,
	       const struct iomm_ioasid_set *set, uint32_t id, void **data)
{
	struct iomm_ioasid_entry *entry;
	int err;

	iomm_ioasid_lock(space);
	err = iomm_ioasid_pick(space, iomm_ioasid_owner(set), id, &entry);
	if (!err)
		err = iomm_ioasid_ref(space, id, entry);
	if (!err && data)
		*data = atomic_load_explicit(&entry->data,
					     memory_order_relaxed);
	iomm_ioasid_unlock(space);
	return err;
}

int iomm_ioasid_check_args(struct iomm_ioasid_space *space,
			   const struct iomm_ioasid_set *set, const char *call)
{
	if (!iomm_handle_ok(space, &iomm_ioasid_space_type))
		return -IOMM_EINVAL;
	return iomm_ioasid_args_ok(space, set)
		       ? 0
		       : iomm_fail_null(space->obj.ctx, call);
}

int iomm_ioasid_get(struct iomm_ioasid_space *space,
		    struct iomm_ioasid_set *set, uint32_t id)
{
	int err = iomm_ioasid_check_args(space, set, "iomm_ioasid_get");

	return err ? err : get(space, set, id, NULL);
}

int iomm_ioasid_find(struct iomm_ioasid_space *space,
		     struct iomm_ioasid_set *set, uint32_t id, void **data)
{
	int err = iomm_ioasid_check_args(space, set, "iomm_ioasid_find");

	if (err)
		return err;
	return data ? get(space, set, id, data)
		    : iomm_fail_null(space->obj.ctx, "iomm_ioasid_find");
}

static void report_put(struct iomm_ioasid_space *space, uint32_t id)
{
#if IOMM_CHECKED
	iomm_misuse(space->obj.ctx,
		    IOMM_TEXT("a put of ID %u, on which nobody holds a "
			      "reference",
			      id));
#else
	(void)space;
	(void)id;
#endif
}

void iomm_ioasid_put(struct iomm_ioasid_space *space, uint32_t id)
{
	struct iomm_ioasid_entry *entry;
	bool good;

	if (!iomm_handle_ok(space, &iomm_ioasid_space_type))
		return;
	iomm_ioasid_lock(space);
	good = !iomm_ioasid_pick(space, 0, id, &entry) &&
	       iomm_ioasid_held(space, id, entry->word);
	if (good)
		iomm_ioasid_unref(space, id, entry);
	iomm_ioasid_unlock_and_collect(space);
	if (!good)
		report_put(space, id);
}

int iomm_ioasid_info(struct iomm_ioasid_space *space,
		     struct iomm_ioasid_set *set, uint32_t id,
		     struct iomm_ioasid_info *info)
{
	struct iomm_ioasid_info i = { 0 };
	struct iomm_ioasid_core *core;
	struct iomm_ioasid_entry *entry;
	int err = iomm_ioasid_check_args(space, set, "iomm_ioasid_info");

	if (err)
		return err;
	iomm_ioasid_lock(space);
	err = iomm_ioasid_pick(space, iomm_ioasid_owner(set), id, &entry);
	if (!err) {
		core = iomm_ioasid_core_of(space, entry->tag);
		i.refs = entry->word & IOMM_IOASID_REFS;
		i.binds = iomm_ioasid_binds(entry->word);
		i.state = entry->word & IOMM_IOASID_PENDING
				  ? IOMM_IOASID_STATE_PENDING
			  : i.binds ? IOMM_IOASID_STATE_ACTIVE
				    : IOMM_IOASID_STATE_IDLE;
		i.type = core->type;
		if (entry->word & IOMM_IOASID_SPID) {
			i.flags = IOMM_IOASID_HAS_SPID;
			i.spid = iomm_pairs_find(&core->by_id, id)->spid;
		}
	}
	iomm_ioasid_unlock(space);
	return err ? err
		   : iomm_struct_out(space->obj.ctx, info, &i, sizeof(i),
				     IOMM_IOASID_INFO_SIZE_VER0,
				     "iomm_ioasid_info");
}

/* Free */

/* What most calls come to: nobody else has anything to do with the ID, is to be
 * told of its end, or may be at its data. False: nothing was done. */
static bool free_quickly(struct iomm_ioasid_core *core, uint32_t id)
{
	struct iomm_ioasid_space *space = core->space;
	struct iomm_ioasid_entry *entry;
	uint32_t tag = 0;
	bool good;

	iomm_ioasid_lock(space);
	entry = iomm_ioasid_look(&space->tree, id);
	if (entry)
		tag = atomic_load_explicit(&entry->tag, memory_order_relaxed);
	/* Live, of this set, no maker's, and not the last use that is counted;
	 * and there is the allocation's reference, and nothing else. */
	good = (tag & ~IOMM_IOASID_USES) ==
		       (core->number << IOMM_IOASID_SET_SHIFT |
			IOMM_IOASID_LIVE) &&
	       (tag & IOMM_IOASID_USES) != IOMM_IOASID_USES &&
	       entry->word == 1 && !space->parked &&
	       !(core->release && has_data(entry));
	if (good) {
		atomic_store_explicit(&entry->tag, tag & ~IOMM_IOASID_LIVE,
				      memory_order_release);
		iomm_ioasid_tree_give(&space->tree, id, entry,
				      &space->fresh.tables);
		iomm_ioasid_discount(core);
	}
	/* It may have been the last of something. */
	if (good && (space->fresh.tables || core->closed))
		iomm_ioasid_unlock_and_collect(space);
	else
		iomm_ioasid_unlock(space);
	return good;
}

static int free_slowly(struct iomm_ioasid_core *core, uint32_t id)
{
	struct iomm_ioasid_space *space = core->space;
	struct iomm_ioasid_entry *entry;
	bool turn;
	int err = iomm_ioasid_turn(space, &turn);

	if (err)
		return err;
	iomm_ioasid_lock(space);
	err = iomm_ioasid_pick_live(space, core->number, id, &entry);
	if (!err) {
		entry->word |= IOMM_IOASID_PENDING;
		if (turn) {
			space->leaving = id;
			iomm_ioasid_unlock(space);
			iomm_ioasid_tell(space, turn, core, IOMM_IOASID_FREE,
					 id);
			iomm_ioasid_lock(space);
			space->leaving = 0;
		}
		iomm_ioasid_unref(space, id, entry);
	}
	iomm_ioasid_unlock_and_collect(space);
	iomm_ioasid_turn_end(space, turn);
	return err;
}

int iomm_ioasid_free_one(struct iomm_ioasid_core *core, uint32_t id)
{
	if (!atomic_load_explicit(&core->space->heard, memory_order_relaxed) &&
	    free_quickly(core, id))
		return 0;
	return free_slowly(core, id);
}

int iomm_ioasid_free(struct iomm_ioasid_set *set, uint32_t id)
{
	if (!iomm_handle_ok(set, &iomm_ioasid_set_type))
		return -IOMM_EINVAL;
	return iomm_ioasid_free_one(set->core, id);
}

/* Data */

void iomm_ioasid_release_data(struct iomm_ioasid_set *set, void *data)
{
	struct iomm_ctx *ctx = set->obj.ctx;

	if (!data)
		return;
	iomm_enter(ctx);
	iomm_release(ctx, set->core->release, data);
	(void)iomm_leave(ctx, 0);
}

/* Under the lock. Answers whether `datum` is used. */
static bool replace(struct iomm_ioasid_space *space, uint32_t id,
		    struct iomm_ioasid_entry *entry, void *data,
		    struct iomm_ioasid_datum *datum)
{
	struct iomm_ioasid_datum **to;
	void *old = atomic_load_explicit(&entry->data, memory_order_relaxed);

	atomic_store_explicit(&entry->data, data, memory_order_release);
	if (!old || !datum)
		return false;
	datum->data = old;
	datum->id = id;
	to = iomm_ioasid_held(space, id, entry->word) ? &space->parked
						      : &space->fresh.data;
	datum->next = *to;
	*to = datum;
	return true;
}

static int set_data(struct iomm_ioasid_set *set, uint32_t id, void *data)
{
	struct iomm_ioasid_space *space = set->space;
	struct iomm_ioasid_datum *datum = NULL;
	struct iomm_ioasid_entry *entry;
	bool used = false;
	int err;

	if (set->core->release) {
		datum = iomm_ioasid_alloc_bytes(space, sizeof(*datum), 16);
		if (!datum)
			return IOMM_FAIL(space->obj.ctx, IOMM_ENOMEM,
					 "no memory to keep the old data of ID "
					 "%u for those who look at it",
					 id);
		datum->release = set->core->release;
	}
	iomm_ioasid_lock(space);
	err = iomm_ioasid_pick_live(space, set->core->number, id, &entry);
	if (!err)
		used = replace(space, id, entry, data, datum);
	iomm_ioasid_unlock_and_collect(space);
	if (!used)
		iomm_ioasid_free_bytes(space, datum, sizeof(*datum), 16);
	return err;
}

int iomm_ioasid_set_data(struct iomm_ioasid_set *set, uint32_t id, void *data)
{
	int err;

	if (!iomm_handle_ok(set, &iomm_ioasid_set_type))
		return -IOMM_EINVAL;
	err = set_data(set, id, data);
	if (err)
		iomm_ioasid_release_data(set, data);
	return err;
}
