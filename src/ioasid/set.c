/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sets. A set is two things: the handle, and a core that stays until its last
 * ID is gone, since that needs the release function and the books.
 */
#include "ioasid/space.h"

#include "base/abi.h"
#include "base/mem.h"

#define FIRST_ROOM 4u

/* Gives what is left to the space, and the core itself to collect. */
void iomm_ioasid_core_settle(struct iomm_ioasid_core *core)
{
	struct iomm_ioasid_space *space = core->space;

	if (!core->closed || core->taken)
		return;
	if (!core->returned) {
		core->returned = true;
		space->unreserved += core->quota;
	}
	if (core->users)
		return;
	space->cores[core->number - 1] = NULL;
	space->nr_cores--;
	if (core->number - 1 < space->lowest)
		space->lowest = core->number - 1;
	core->next = space->done;
	space->done = core;
}

static void free_core(struct iomm_ioasid_core *core)
{
	struct iomm_ioasid_space *space = core->space;

	iomm_ioasid_free_bytes(space, core->by_spid.slot,
			       core->by_spid.room * sizeof(struct iomm_pair),
			       16);
	iomm_ioasid_free_bytes(space, core->by_id.slot,
			       core->by_id.room * sizeof(struct iomm_pair), 16);
	iomm_ioasid_free_bytes(space, core, sizeof(*core), 16);
	iomm_object_drop(space);
}

void iomm_ioasid_core_destroy(struct iomm_ioasid_core *core)
{
	if (core->driver)
		iomm_ioasid_maker_put(core->space, core->driver);
	free_core(core);
}

static int drain(struct iomm_ioasid_core *core)
{
	struct iomm_ioasid_space *space = core->space;
	struct iomm_ioasid_entry *entry;
	uint32_t id = 0;
	int err;

	for (;;) {
		iomm_ioasid_lock(space);
		id = iomm_ioasid_next(space, core, id + 1, &entry);
		iomm_ioasid_unlock(space);
		if (!id)
			return 0;
		err = iomm_ioasid_free_one(core, id);
		/* Somebody else was faster. */
		if (err && err != -IOMM_ENOENT && err != -IOMM_EBUSY)
			return err;
	}
}

static void shut(struct iomm_ioasid_core *core)
{
	iomm_ioasid_lock(core->space);
	core->closed = true;
	iomm_ioasid_unlock(core->space);
}

/* One user less, who has shut the set. The core may be gone afterwards. */
static void leave(struct iomm_ioasid_core *core)
{
	struct iomm_ioasid_space *space = core->space;

	iomm_ioasid_lock(space);
	core->users--;
	iomm_ioasid_core_settle(core);
	iomm_ioasid_unlock_and_collect(space);
}

/* Frees what is left when the handle goes, now or when it can be done: where
 * the turn for events would have to be waited for, that is later. */
static void wind_up(struct iomm_ioasid_core *core)
{
	struct iomm_ioasid_space *space = core->space;

	if (!drain(core)) {
		leave(core);
		return;
	}
	iomm_ioasid_lock(space);
	core->abandoned = true;
	space->abandoned++;
	iomm_ioasid_unlock(space);
	iomm_ioasid_defer(space);
}

static struct iomm_ioasid_core *take_abandoned(struct iomm_ioasid_space *space)
{
	struct iomm_ioasid_core *core = NULL;
	uint32_t n;

	iomm_ioasid_lock(space);
	for (n = 0; space->abandoned && n < space->room && !core; n++) {
		if (space->cores[n] && space->cores[n]->abandoned)
			core = space->cores[n];
	}
	if (core) {
		core->abandoned = false;
		space->abandoned--;
	}
	iomm_ioasid_unlock(space);
	return core;
}

void iomm_ioasid_drain_abandoned(struct iomm_ioasid_space *space)
{
	struct iomm_ioasid_core *core = take_abandoned(space);

	if (core)
		wind_up(core);
}

int iomm_ioasid_drain_all(struct iomm_ioasid_space *space)
{
	struct iomm_ioasid_core *core;
	uint32_t n = 0;
	int err = 0;

	do {
		iomm_ioasid_lock(space);
		for (core = NULL; n < space->room && !core; n++)
			core = space->cores[n];
		if (core) {
			core->closed = true;
			core->users++;
		}
		iomm_ioasid_unlock(space);
		if (core) {
			err = drain(core);
			leave(core);
		}
	} while (core && !err);
	return err;
}

/* The handle */

static void destroy(struct iomm_object *object)
{
	struct iomm_ioasid_set *set = (void *)object;

	/* One that was not finished has none. */
	if (!set->core)
		return;
	shut(set->core);
	wind_up(set->core);
}

const struct iomm_object_type iomm_ioasid_set_type = {
	.kind = IOMM_HANDLE_IOASID_SET,
	.bytes = sizeof(struct iomm_ioasid_set),
	.name = "set of IDs",
	.destroy = destroy,
};

/* A number for the core; EAGAIN: the array is full. The lock is held. */
static int publish(struct iomm_ioasid_core *core)
{
	struct iomm_ioasid_space *space = core->space;
	uint32_t n = space->lowest;

	if (atomic_load_explicit(&space->closed, memory_order_relaxed))
		return IOMM_FAIL(space->obj.ctx, IOMM_ENODEV,
				 "the context was closed");
	if (core->quota && core->quota > space->unreserved - space->common)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOSPC,
				 "a quota of %u IDs, where %u are neither "
				 "reserved nor taken",
				 core->quota,
				 space->unreserved - space->common);
	while (n < space->room && space->cores[n])
		n++;
	space->lowest = n;
	if (n == IOMM_IOASID_SETS)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOSPC,
				 "the ID space has %u sets, and more cannot be "
				 "told apart",
				 IOMM_IOASID_SETS);
	if (n == space->room)
		return -IOMM_EAGAIN;
	core->number = n + 1;
	core->serial = ++space->serial;
	space->cores[n] = core;
	space->nr_cores++;
	space->unreserved -= core->quota;
	return 0;
}

/* Twice the room for cores, unless somebody else was faster. */
static int grow(struct iomm_ioasid_space *space, uint32_t room)
{
	uint32_t more = room ? 2 * room : FIRST_ROOM;
	uint64_t bytes = more * sizeof(struct iomm_ioasid_core *);
	struct iomm_ioasid_core **cores =
		iomm_ioasid_alloc_bytes(space, bytes, 16);
	struct iomm_ioasid_core **unused = cores;

	if (!cores)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOMEM,
				 "no memory for a set of IDs");
	iomm_ioasid_lock(space);
	if (space->room == room) {
		if (room)
			memcpy(cores, space->cores,
			       room * sizeof(struct iomm_ioasid_core *));
		unused = space->cores;
		bytes = room * sizeof(struct iomm_ioasid_core *);
		space->cores = cores;
		space->room = more;
	}
	iomm_ioasid_unlock(space);
	iomm_ioasid_free_bytes(space, unused, bytes, 16);
	return 0;
}

static int add(struct iomm_ioasid_core *core)
{
	struct iomm_ioasid_space *space = core->space;
	uint32_t room;
	int err;

	for (;;) {
		iomm_ioasid_lock(space);
		room = space->room;
		err = publish(core);
		iomm_ioasid_unlock(space);
		if (err != -IOMM_EAGAIN)
			return err;
		err = grow(space, room);
		if (err)
			return err;
	}
}

static int make(struct iomm_ioasid_space *space,
		const struct iomm_ioasid_set_config *config,
		void (*release)(void *data), struct iomm_ioasid_set **out)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_ioasid_core *core =
		iomm_ioasid_alloc_bytes(space, sizeof(*core), 16);
	struct iomm_ioasid_set *set;
	int err;

	if (!core)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a set of IDs");
	core->space = iomm_object_get(space);
	core->release = release;
	core->type = config->type;
	core->quota = config->quota;
	core->users = 1;
	core->by_id.by_id = true;
	set = iomm_object_create(ctx, &iomm_ioasid_set_type);
	err = set ? add(core) : -IOMM_ENOMEM;
	if (err) {
		free_core(core);
		iomm_object_drop(set);
		return err;
	}
	set->space = space;
	set->core = core;
	set->tag = core->number << IOMM_IOASID_SET_SHIFT | IOMM_IOASID_LIVE;
	*out = set;
	return 0;
}

int iomm_ioasid_set_make(struct iomm_ioasid_space *space,
			 const struct iomm_ioasid_set_config *config,
			 void (*release)(void *data),
			 struct iomm_ioasid_set **out)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_ioasid_set_config c = { 0 };
	int err = config ? iomm_struct_in(ctx, &c, sizeof(c),
					  IOMM_IOASID_SET_CONFIG_SIZE_VER0,
					  config, "iomm_ioasid_set_config")
			 : 0;

	if (!err)
		err = iomm_check_bits(ctx, c.flags | c.reserved, 0,
				      "iomm_ioasid_set_config.flags");
	return err ? err : make(space, &c, release, out);
}

int iomm_ioasid_set_create(struct iomm_ioasid_space *space,
			   const struct iomm_ioasid_set_config *config,
			   void (*release)(void *data),
			   struct iomm_ioasid_set **out)
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(space, &iomm_ioasid_space_type))
		return -IOMM_EINVAL;
	ctx = space->obj.ctx;
	iomm_enter(ctx);
	err = out ? iomm_ioasid_set_make(space, config, release, out)
		  : iomm_fail_null(ctx, "iomm_ioasid_set_create");
	return iomm_leave(ctx, err);
}

struct iomm_ioasid_set *iomm_ioasid_set_get(struct iomm_ioasid_set *set)
{
	return iomm_handle_get(set, &iomm_ioasid_set_type);
}

void iomm_ioasid_set_put(struct iomm_ioasid_set *set)
{
	iomm_handle_put(set, &iomm_ioasid_set_type);
}

/* Closed, unless it has IDs. */
static int close_empty(struct iomm_ioasid_core *core)
{
	int err = 0;

	iomm_ioasid_lock(core->space);
	if (core->taken)
		err = IOMM_FAIL(core->space->obj.ctx, IOMM_EBUSY,
				"the set has %u IDs, and was not told to drain",
				core->taken);
	else
		core->closed = true;
	iomm_ioasid_core_settle(core);
	iomm_ioasid_unlock(core->space);
	return err;
}

int iomm_ioasid_set_free(struct iomm_ioasid_set *set, uint32_t flags)
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(set, &iomm_ioasid_set_type))
		return -IOMM_EINVAL;
	ctx = set->obj.ctx;
	err = iomm_check_bits(ctx, flags, IOMM_IOASID_DRAIN,
			      "the flags of iomm_ioasid_set_free");
	if (err)
		return err;
	if (!(flags & IOMM_IOASID_DRAIN))
		return close_empty(set->core);
	iomm_enter(ctx);
	shut(set->core);
	err = drain(set->core);
	iomm_ioasid_lock(set->space);
	iomm_ioasid_core_settle(set->core);
	iomm_ioasid_unlock(set->space);
	return iomm_leave(ctx, err);
}

int iomm_ioasid_set_info(struct iomm_ioasid_set *set,
			 struct iomm_ioasid_set_info *info)
{
	struct iomm_ioasid_set_info i = { 0 };

	if (!iomm_handle_ok(set, &iomm_ioasid_set_type))
		return -IOMM_EINVAL;
	iomm_ioasid_lock(set->space);
	i.quota = set->core->quota;
	i.taken = set->core->taken;
	i.type = set->core->type;
	iomm_ioasid_unlock(set->space);
	return iomm_struct_out(set->obj.ctx, info, &i, sizeof(i),
			       IOMM_IOASID_SET_INFO_SIZE_VER0,
			       "iomm_ioasid_set_info");
}
