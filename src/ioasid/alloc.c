/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Taking a number: the space's own choice, or somebody else's, and putting it
 * on record. */
#include "ioasid/space.h"

#define TABLE_ALIGN IOMM_CACHE_LINE

/* What is wanted, and the memory that was got for it. */
struct request {
	struct iomm_ioasid_core *core;
	uint32_t min, max;
	void *data;
	struct iomm_ioasid_table *spares;
	uint32_t nr_spares;
};

/* Tables. They are allocated without the lock, and used with it. */

static int add_spares(struct request *r, uint32_t needs)
{
	struct iomm_ioasid_space *space = r->core->space;
	struct iomm_ioasid_table *table;

	for (; r->nr_spares < needs; r->nr_spares++) {
		table = iomm_ioasid_alloc_bytes(space, sizeof(*table),
						TABLE_ALIGN);
		if (!table)
			return IOMM_FAIL(space->obj.ctx, IOMM_ENOMEM,
					 "no memory for a table of IDs");
		table->next = r->spares;
		r->spares = table;
	}
	return 0;
}

void iomm_ioasid_free_tables(struct iomm_ioasid_space *space,
			     struct iomm_ioasid_table *table)
{
	struct iomm_ioasid_table *next;

	for (; table; table = next) {
		next = table->next;
		iomm_ioasid_free_bytes(space, table, sizeof(*table),
				       TABLE_ALIGN);
	}
}

/* Books */

void iomm_ioasid_count(struct iomm_ioasid_core *core)
{
	core->taken++;
	core->space->taken++;
	if (!core->quota)
		core->space->common++;
}

void iomm_ioasid_discount(struct iomm_ioasid_core *core)
{
	core->taken--;
	core->space->taken--;
	if (!core->quota)
		core->space->common--;
	iomm_ioasid_core_settle(core);
}

/* May the set have one more? */
static int check_room(const struct iomm_ioasid_core *core)
{
	const struct iomm_ioasid_space *space = core->space;

	if (core->closed)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENODEV,
				 "the set was freed, and hands out no IDs");
	if (core->quota && core->taken >= core->quota)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOSPC,
				 "the set's quota of %u IDs is used up",
				 core->quota);
	if (!core->quota && space->common >= space->unreserved)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOSPC,
				 "all %u IDs that no quota reserves are taken",
				 space->unreserved);
	return 0;
}

static int no_number(const struct request *r)
{
	return IOMM_FAIL(r->core->space->obj.ctx, IOMM_ENOSPC,
			 "no ID is free from %u to %u", r->min, r->max);
}

static void write_entry(const struct iomm_ioasid_core *core, void *data,
			uint32_t by, struct iomm_ioasid_entry *entry)
{
	uint32_t use = atomic_load_explicit(&entry->tag, memory_order_relaxed) +
		       IOMM_IOASID_USE_ONE;

	entry->word = 1;
	/* After the last use was over, and before this one is seen. */
	atomic_store_explicit(&entry->data, data, memory_order_release);
	atomic_store_explicit(&entry->tag,
			      core->number << IOMM_IOASID_SET_SHIFT |
				      (use & IOMM_IOASID_USES) | by |
				      IOMM_IOASID_LIVE,
			      memory_order_release);
}

/* Puts a number that is free on record. EAGAIN: `*needs` tables are missing.
 * The lock is held. */
static int record(struct request *r, uint32_t id, uint32_t by, uint32_t *needs)
{
	struct iomm_ioasid_tree *tree = &r->core->space->tree;
	struct iomm_ioasid_table *left = r->spares;

	*needs = iomm_ioasid_look(tree, id) ? 0
					    : iomm_ioasid_tree_needs(tree, id);
	if (*needs > r->nr_spares)
		return -IOMM_EAGAIN;
	write_entry(r->core, r->data, by,
		    iomm_ioasid_tree_take(tree, id, &left));
	r->spares = left;
	r->nr_spares -= *needs;
	*needs = 0;
	return 0;
}

/* Somebody else's choice */

static int bad_choice(struct iomm_ioasid_space *space, const char *who,
		      uint32_t id, const char *flaw)
{
	return IOMM_FAIL(space->obj.ctx, IOMM_EPROTO,
			 "the %s answered %u, which %s", IOMM_STR(who), id,
			 IOMM_STR(flaw));
}

/* Is the number out already? And did the same maker make it? Then it is its
 * owner's, and giving it back would take it away from him. */
static bool is_out(const struct iomm_ioasid_core *core, uint32_t id,
		   uint32_t by, bool *same)
{
	struct iomm_ioasid_entry *entry;
	uint32_t out = 0, tag;

	*same = false;
	if (!iomm_ioasid_tree_taken(&core->space->tree, id, &out) || out != id)
		return false;
	entry = iomm_ioasid_tree_at(&core->space->tree, id);
	tag = atomic_load_explicit(&entry->tag, memory_order_relaxed);
	*same = tag & by && (by == IOMM_IOASID_BY_CUSTOM ||
			     tag >> IOMM_IOASID_SET_SHIFT == core->number);
	return true;
}

static int record_exactly(struct request *r, const char *who, uint32_t by,
			  uint32_t id, bool *same)
{
	struct iomm_ioasid_space *space = r->core->space;
	uint32_t needs = 0;
	int err;

	do {
		err = add_spares(r, needs);
		if (err)
			return err;
		iomm_ioasid_lock(space);
		err = is_out(r->core, id, by, same)
			      ? bad_choice(space, who, id, "is out already")
			      : record(r, id, by, &needs);
		iomm_ioasid_unlock(space);
	} while (err == -IOMM_EAGAIN);
	return err;
}

/* Records what a maker chose; what cannot be recorded goes back to it. */
static int
record_choice(struct request *r, const struct iomm_ioasid_maker *maker,
	      uint32_t by, uint32_t id)
{
	struct iomm_ioasid_space *space = r->core->space;
	const char *who = by == IOMM_IOASID_BY_CUSTOM ? "custom allocator"
						      : "driver";
	bool same = false;
	int err;

	if (id < r->min || id > r->max) {
		/* These two are no numbers that anybody could take back. */
		same = !id || id == IOMM_IOASID_INVALID;
		err = bad_choice(space, who, id, "is outside the range");
	} else {
		err = record_exactly(r, who, by, id, &same);
	}
	if (err && !same)
		iomm_ioasid_maker_free(space->obj.ctx, maker, id);
	return err;
}

/* The number is counted while the maker is asked, so that nobody takes the
 * maker away meanwhile, nor its place in the quota. */
static int ask(struct request *r, struct iomm_ioasid_maker *maker, uint32_t by,
	       uint32_t *id)
{
	struct iomm_ioasid_space *space = r->core->space;
	uint32_t choice = IOMM_IOASID_INVALID;
	int err;

	iomm_ioasid_count(r->core);
	maker->refs++;
	iomm_ioasid_unlock(space);
	err = iomm_ioasid_maker_ask(space->obj.ctx, maker, r->min, r->max,
				    &choice);
	if (!err)
		err = record_choice(r, maker, by, choice);
	iomm_ioasid_maker_put(space, maker);
	iomm_ioasid_lock(space);
	if (err)
		iomm_ioasid_discount(r->core);
	else
		*id = choice;
	return err;
}

/* The space's own choice; `*needs` tables may be missing. */
static int choose(struct request *r, uint32_t *id, uint32_t *needs)
{
	struct iomm_ioasid_tree *tree = &r->core->space->tree;
	int err;

	if (!iomm_ioasid_tree_free(tree, r->min, r->max, id))
		return no_number(r);
	err = record(r, *id, 0, needs);
	if (err)
		return err;
	if (r->min <= tree->lowest)
		iomm_ioasid_tree_remember(tree, *id,
					  iomm_ioasid_tree_at(tree, *id));
	iomm_ioasid_count(r->core);
	return 0;
}

/* One attempt, under the lock, of which it lets go while it asks. */
static int
attempt(struct request *r, bool driver, uint32_t *id, uint32_t *needs)
{
	struct iomm_ioasid_core *core = r->core;
	struct iomm_ioasid_maker *maker;
	int err = check_room(core);

	*needs = 0;
	if (err)
		return err;
	if (driver) {
		err = ask(r, core->driver, IOMM_IOASID_BY_DRIVER, id);
		if (err != -IOMM_EAGAIN)
			return err;
		/* It leaves it to the space, where all may be different now. */
		err = check_room(core);
		if (err)
			return err;
	}
	maker = iomm_ioasid_active(core->space);
	return maker ? ask(r, maker, IOMM_IOASID_BY_CUSTOM, id)
		     : choose(r, id, needs);
}

static int take(struct request *r, bool driver, uint32_t *id)
{
	struct iomm_ioasid_space *space = r->core->space;
	uint32_t needs;
	int err;

	for (;;) {
		iomm_ioasid_lock(space);
		err = attempt(r, driver, id, &needs);
		iomm_ioasid_unlock_and_collect(space);
		if (!needs)
			return err;
		driver = false; /* it was asked */
		err = add_spares(r, needs);
		if (err)
			return err;
	}
}

/* What nearly every call comes to: nobody else is to be asked or told, and the
 * lowest free number is where the last one was. False: nothing was done. */
static bool take_quickly(struct iomm_ioasid_core *core, uint32_t min,
			 uint32_t max, void *data, uint32_t *id)
{
	struct iomm_ioasid_space *space = core->space;
	struct iomm_ioasid_entry *entry = NULL;

	iomm_ioasid_lock(space);
	if (!core->closed && iomm_list_empty(&space->makers) &&
	    (core->quota ? core->taken < core->quota
			 : space->common < space->unreserved))
		entry = iomm_ioasid_tree_take_near(&space->tree, min, max, id);
	if (entry) {
		write_entry(core, data, 0, entry);
		iomm_ioasid_count(core);
	}
	iomm_ioasid_unlock(space);
	return entry;
}

static int take_slowly(struct iomm_ioasid_core *core, bool driver, uint32_t min,
		       uint32_t max, void *data, uint32_t *id)
{
	struct iomm_ioasid_space *space = core->space;
	struct request r = { .core = core, .data = data };
	uint32_t taken;
	bool turn;
	int err;

	if (min > max)
		return IOMM_FAIL(space->obj.ctx, IOMM_EINVAL,
				 "IDs from %u to %u: that is no range", min,
				 max);
	r.min = min > space->tree.min ? min : space->tree.min;
	r.max = max < space->tree.max ? max : space->tree.max;
	if (r.min > r.max)
		return no_number(&r);
	err = iomm_ioasid_turn(space, &turn);
	if (err)
		return err;
	err = take(&r, driver && core->driver->alloc, &taken);
	if (r.spares)
		iomm_ioasid_free_tables(space, r.spares);
	if (!err && turn)
		iomm_ioasid_tell(space, turn, core, IOMM_IOASID_ALLOC, taken);
	iomm_ioasid_turn_end(space, turn);
	if (!err)
		*id = taken;
	return err;
}

int iomm_ioasid_take(struct iomm_ioasid_core *core, bool driver, uint32_t min,
		     uint32_t max, void *data, uint32_t *id)
{
	uint32_t taken;

	if (driver ||
	    atomic_load_explicit(&core->space->heard, memory_order_relaxed) ||
	    !take_quickly(core, min, max, data, &taken))
		return take_slowly(core, driver, min, max, data, id);
	*id = taken;
	return 0;
}

int iomm_ioasid_alloc(struct iomm_ioasid_set *set, uint32_t min, uint32_t max,
		      void *data, uint32_t *id)
{
	int err;

	if (!iomm_handle_ok(set, &iomm_ioasid_set_type))
		return -IOMM_EINVAL;
	err = id ? iomm_ioasid_take(set->core, false, min, max, data, id)
		 : iomm_fail_null(set->obj.ctx, "iomm_ioasid_alloc");
	if (err)
		iomm_ioasid_release_data(set, data);
	return err;
}
