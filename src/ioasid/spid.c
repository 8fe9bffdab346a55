/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Set-private IDs: two tables for each set, one for either direction. */
#include "ioasid/space.h"

/* Makes room for one more, unless somebody else did so meanwhile. */
static int
grow(struct iomm_ioasid_space *space, struct iomm_pairs *pairs, uint32_t room)
{
	uint64_t bytes = room * sizeof(struct iomm_pair);
	struct iomm_pair *slot = iomm_ioasid_alloc_bytes(space, bytes, 16);
	struct iomm_pair *unused = slot;

	if (!slot)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOMEM,
				 "no memory for a set-private ID");
	iomm_ioasid_lock(space);
	if (iomm_pairs_wants(pairs) == room) {
		unused = pairs->slot;
		bytes = pairs->room * sizeof(struct iomm_pair);
		iomm_pairs_move(pairs, slot, room);
	}
	iomm_ioasid_unlock(space);
	iomm_ioasid_free_bytes(space, unused, bytes, 16);
	return 0;
}

/* EAGAIN: there is no room. The lock is held. */
static int attach(struct iomm_ioasid_core *core, uint32_t id, uint64_t spid)
{
	struct iomm_ioasid_space *space = core->space;
	const struct iomm_pair pair = { .spid = spid, .id = id };
	const struct iomm_pair *other;
	struct iomm_ioasid_entry *entry;
	int err = iomm_ioasid_pick_live(space, core->number, id, &entry);

	if (err)
		return err;
	other = iomm_pairs_find(&core->by_id, id);
	if (other)
		return IOMM_FAIL(space->obj.ctx, IOMM_EEXIST,
				 "ID %u is %x in its set already", id,
				 other->spid);
	other = iomm_pairs_find(&core->by_spid, spid);
	if (other)
		return IOMM_FAIL(space->obj.ctx, IOMM_EEXIST,
				 "%x is ID %u in this set already", spid,
				 other->id);
	if (iomm_pairs_wants(&core->by_id) || iomm_pairs_wants(&core->by_spid))
		return -IOMM_EAGAIN;
	iomm_pairs_add(&core->by_id, &pair);
	iomm_pairs_add(&core->by_spid, &pair);
	entry->word |= IOMM_IOASID_SPID;
	return 0;
}

int iomm_ioasid_attach_spid(struct iomm_ioasid_set *set, uint32_t id,
			    uint64_t spid)
{
	struct iomm_ioasid_core *core;
	uint32_t ids, spids;
	int err;

	if (!iomm_handle_ok(set, &iomm_ioasid_set_type))
		return -IOMM_EINVAL;
	core = set->core;
	for (;;) {
		iomm_ioasid_lock(set->space);
		err = attach(core, id, spid);
		ids = iomm_pairs_wants(&core->by_id);
		spids = iomm_pairs_wants(&core->by_spid);
		iomm_ioasid_unlock(set->space);
		if (err != -IOMM_EAGAIN)
			return err;
		err = ids ? grow(set->space, &core->by_id, ids) : 0;
		if (!err && spids)
			err = grow(set->space, &core->by_spid, spids);
		if (err)
			return err;
	}
}

void iomm_ioasid_forget_spid(struct iomm_ioasid_core *core, uint32_t id)
{
	uint64_t spid = iomm_pairs_find(&core->by_id, id)->spid;

	iomm_pairs_remove(&core->by_id, id);
	iomm_pairs_remove(&core->by_spid, spid);
	iomm_ioasid_tree_at(&core->space->tree, id)->word &= ~IOMM_IOASID_SPID;
}

/* The lock is held. */
static int
find(const struct iomm_ioasid_core *core, uint64_t spid, uint32_t *id)
{
	const struct iomm_pair *pair = iomm_pairs_find(&core->by_spid, spid);

	if (!pair)
		return IOMM_FAIL(core->space->obj.ctx, IOMM_ENOENT,
				 "no ID of this set is %x there", spid);
	*id = pair->id;
	return 0;
}

int iomm_ioasid_detach_spid(struct iomm_ioasid_set *set, uint64_t spid)
{
	uint32_t id = 0;
	int err;

	if (!iomm_handle_ok(set, &iomm_ioasid_set_type))
		return -IOMM_EINVAL;
	iomm_ioasid_lock(set->space);
	err = find(set->core, spid, &id);
	if (!err)
		iomm_ioasid_forget_spid(set->core, id);
	iomm_ioasid_unlock(set->space);
	return err;
}

int iomm_ioasid_find_spid(struct iomm_ioasid_set *set, uint64_t spid,
			  uint32_t *id)
{
	int err;

	if (!iomm_handle_ok(set, &iomm_ioasid_set_type))
		return -IOMM_EINVAL;
	if (!id)
		return iomm_fail_null(set->obj.ctx, "iomm_ioasid_find_spid");
	iomm_ioasid_lock(set->space);
	err = find(set->core, spid, id);
	iomm_ioasid_unlock(set->space);
	return err;
}
