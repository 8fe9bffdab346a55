/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bindings: idle and active IDs. */
#include "ioasid/space.h"

int iomm_ioasid_bind(struct iomm_ioasid_space *space,
		     struct iomm_ioasid_set *set, uint32_t id)
{
	struct iomm_ioasid_core *core = NULL;
	struct iomm_ioasid_entry *entry;
	bool turn;
	int err = iomm_ioasid_check_args(space, set, "iomm_ioasid_bind");

	if (!err)
		err = iomm_ioasid_turn(space, &turn);
	if (err)
		return err;
	iomm_ioasid_lock(space);
	err = iomm_ioasid_pick(space, iomm_ioasid_owner(set), id, &entry);
	if (!err && (entry->word & IOMM_IOASID_BINDS) == IOMM_IOASID_BINDS)
		err = IOMM_FAIL(space->obj.ctx, IOMM_EOVERFLOW,
				"ID %u is bound %u times, and more cannot be "
				"counted",
				id, iomm_ioasid_binds(entry->word));
	if (!err)
		err = iomm_ioasid_ref(space, id, entry);
	if (!err) {
		entry->word += IOMM_IOASID_BIND_ONE;
		if (turn && iomm_ioasid_binds(entry->word) == 1)
			core = iomm_ioasid_core_of(space, entry->tag);
	}
	iomm_ioasid_unlock(space);
	if (core)
		iomm_ioasid_tell(space, turn, core, IOMM_IOASID_BIND, id);
	iomm_ioasid_turn_end(space, turn);
	return err;
}

int iomm_ioasid_unbind(struct iomm_ioasid_space *space,
		       struct iomm_ioasid_set *set, uint32_t id)
{
	struct iomm_ioasid_core *core;
	struct iomm_ioasid_entry *entry;
	bool turn;
	int err = iomm_ioasid_check_args(space, set, "iomm_ioasid_unbind");

	if (!err)
		err = iomm_ioasid_turn(space, &turn);
	if (err)
		return err;
	iomm_ioasid_lock(space);
	err = iomm_ioasid_pick(space, iomm_ioasid_owner(set), id, &entry);
	if (!err && !iomm_ioasid_binds(entry->word))
		err = IOMM_FAIL(space->obj.ctx, IOMM_EINVAL,
				"ID %u is not bound to anything", id);
	if (!err) {
		/* The reference stays until everybody was told. */
		entry->word -= IOMM_IOASID_BIND_ONE;
		core = iomm_ioasid_core_of(space, entry->tag);
		if (turn && !iomm_ioasid_binds(entry->word)) {
			iomm_ioasid_unlock(space);
			iomm_ioasid_tell(space, turn, core, IOMM_IOASID_UNBIND,
					 id);
			iomm_ioasid_lock(space);
		}
		iomm_ioasid_unref(space, id, entry);
	}
	iomm_ioasid_unlock_and_collect(space);
	iomm_ioasid_turn_end(space, turn);
	return err;
}
