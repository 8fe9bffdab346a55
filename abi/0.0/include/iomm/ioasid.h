/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * I/O address-space IDs (PASIDs), and the sets to which they belong.
 *
 * Several parties take IDs from one space, each with private data of its own
 * kind. A set is one party's share: what is looked up through a set is an ID of
 * that set or an error, and never somebody else's data.
 *
 * Look-ups with iomm_ioasid_find_with() take no lock and write nothing that
 * other threads look at.
 */
#ifndef IOMM_IOASID_H
#define IOMM_IOASID_H

#include <iomm/ioasid_space.h>

/** What a set is. All zeroes: no quota, type 0. */
struct iomm_ioasid_set_config {
	uint32_t size;	/**< sizeof(struct iomm_ioasid_set_config) */
	uint32_t flags; /**< 0 */
	/** IDs that are kept back for this set, and the most that it may have.
	 * 0: none are, and it may have what no quota reserves. */
	uint32_t quota;
	uint32_t reserved; /**< 0 */
	iomm_u64 type;	   /**< a tag of the user's, for subscribers */
};

#define IOMM_IOASID_SET_CONFIG_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_ioasid_set_config) ==
		    IOMM_IOASID_SET_CONFIG_SIZE_VER0,
	    "iomm_ioasid_set_config");

/** What a set holds at the moment. */
struct iomm_ioasid_set_info {
	uint32_t size;	/**< sizeof(struct iomm_ioasid_set_info) */
	uint32_t flags; /**< 0 */
	uint32_t quota; /**< as it was made with */
	/** IDs that count against the quota: allocated, pending, or on their
	 * way back. */
	uint32_t taken;
	iomm_u64 type; /**< as it was made with */
};

#define IOMM_IOASID_SET_INFO_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_ioasid_set_info) ==
		    IOMM_IOASID_SET_INFO_SIZE_VER0,
	    "iomm_ioasid_set_info");

/** iomm_ioasid_set_free(): frees the IDs that are left. */
#define IOMM_IOASID_DRAIN (1u << 0)

/*
 * States of an ID. One that is free is not found (ENOENT).
 */
#define IOMM_IOASID_STATE_IDLE	  1u /**< allocated, bound to nothing */
#define IOMM_IOASID_STATE_ACTIVE  2u /**< bound to something */
#define IOMM_IOASID_STATE_PENDING 3u /**< freed, and not yet let go */

/** iomm_ioasid_info.flags: the ID has a set-private one. */
#define IOMM_IOASID_HAS_SPID (1u << 0)

/** One ID. */
struct iomm_ioasid_info {
	uint32_t size;	   /**< sizeof(struct iomm_ioasid_info) */
	uint32_t flags;	   /**< IOMM_IOASID_HAS_SPID */
	uint32_t state;	   /**< IOMM_IOASID_STATE_* */
	uint32_t refs;	   /**< references, that of the allocation included */
	uint32_t binds;	   /**< iomm_ioasid_bind() without _unbind() */
	uint32_t reserved; /**< 0 */
	iomm_u64 type;	   /**< the type tag of its set */
	iomm_u64 spid;	   /**< with IOMM_IOASID_HAS_SPID */
};

#define IOMM_IOASID_INFO_SIZE_VER0 40u
IOMM_LAYOUT(sizeof(struct iomm_ioasid_info) == IOMM_IOASID_INFO_SIZE_VER0,
	    "iomm_ioasid_info");

IOMM_BEGIN_DECLS

/**
 * Makes a set.
 *
 * @param space where its IDs come from
 * @param config what it is, or NULL for the defaults
 * @param release takes the private data of an ID back; may be NULL: then the
 *        caller knows how long data lives, also for look-ups that are running
 * @param out the set, with one reference
 *
 * Ownership: the caller owns the reference. The set holds its space.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (malformed), E2BIG, ENOMEM; ENOSPC: the quota is more than
 *   what is not reserved or taken, or the space has 65535 sets; ENODEV: the
 *   context was closed.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_set_create(struct iomm_ioasid_space *space,
		       const struct iomm_ioasid_set_config *config,
		       void (*release)(void *data),
		       struct iomm_ioasid_set **out);

/**
 * Takes a reference.
 *
 * @param set a set to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_ioasid_set *
iomm_ioasid_set_get(struct iomm_ioasid_set *set);

/**
 * Gives a reference back. With the last one the IDs that are left are freed,
 * as by iomm_ioasid_set_free() with IOMM_IOASID_DRAIN.
 *
 * @param set a set, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_ioasid_set_put(struct iomm_ioasid_set *set);

/**
 * Frees a set: it hands out no more IDs, and its quota goes back to the space
 * with its last ID.
 *
 * @param set a set
 * @param flags 0; or IOMM_IOASID_DRAIN: frees each ID that is left. Those that
 *        others hold references on become pending, and go with those
 *
 * Ownership: the caller keeps his reference.
 * Thread: any.
 * Context: runs callbacks; waits for its turn when the space has subscribers:
 *   in a callback that would wait: EDEADLK. Not in atomic hooks.
 * Errors: EINVAL, EDEADLK; EBUSY: IDs are left, and the call had no effect
 *   (without IOMM_IOASID_DRAIN). Freeing it again is not an error.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_set_free(struct iomm_ioasid_set *set, uint32_t flags);

/**
 * What the set holds at the moment.
 *
 * @param set a set
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any; a snapshot.
 * Context: any, atomic hooks included.
 * Errors: EINVAL, E2BIG.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_set_info(struct iomm_ioasid_set *set,
		     struct iomm_ioasid_set_info *info);

/**
 * Takes an ID: the lowest in the range that is free, or the one that the
 * active custom allocator answers.
 *
 * @param set a set
 * @param min the lowest that will do
 * @param max the highest that will do, as a device's most PASIDs less one;
 *        both may reach beyond the space, which narrows them
 * @param data private data; may be NULL, and set later
 * @param id the ID
 *
 * Ownership: the set takes `data`, and hands it to its `release` exactly once,
 *   also when this call fails. The ID is the caller's until iomm_ioasid_free().
 * Thread: any.
 * Context: may allocate and run callbacks; waits for its turn when the space
 *   has subscribers: in a callback that would wait: EDEADLK. Not in atomic
 *   hooks.
 * Errors: EINVAL (malformed, `min` over `max`), ENOMEM, EDEADLK; ENOSPC: none
 *   is free there, or the quota is used up; ENODEV: the set was freed; EPROTO:
 *   the custom allocator answered a number outside the range, or one that is
 *   out; what it answered instead of one.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_alloc(struct iomm_ioasid_set *set, uint32_t min, uint32_t max,
		  void *data, uint32_t *id);

/**
 * Gives an ID back. When nobody else holds a reference it goes at once: it is
 * not found any more, and its data is released by the last look-up that is
 * inside. Else it is pending: it goes with the last reference. Its number is
 * not used again before that, nor before every subscriber was told and has
 * let go.
 *
 * @param set the set of the ID
 * @param id the ID
 *
 * Ownership: takes the ID; `data` goes to `release`.
 * Thread: any.
 * Context: runs callbacks; waits for its turn when the space has subscribers:
 *   in a callback that would wait: EDEADLK. Not in atomic hooks.
 * Errors: EINVAL, EDEADLK; ENOENT: not an ID; EACCES: another set's; EBUSY:
 *   freed already, and pending.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_free(struct iomm_ioasid_set *set, uint32_t id);

/**
 * Takes a reference on an ID.
 *
 * @param space the space
 * @param set the set that the ID must be of; NULL: any
 * @param id the ID
 *
 * Ownership: the caller owns one reference, for iomm_ioasid_put().
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL; ENOENT: not an ID; EACCES: another set's; EBUSY: pending;
 *   EOVERFLOW: more references than can be counted, 262143.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_get(struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
		uint32_t id);

/**
 * Gives a reference on an ID back. The last one lets a pending ID go. One that
 * nobody holds is refused; a checked build reports it.
 *
 * @param space the space
 * @param id an ID on which the caller has a reference
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_ioasid_put(struct iomm_ioasid_space *space, uint32_t id);

/**
 * Looks an ID up and takes a reference, which keeps the ID.
 *
 * @param space the space
 * @param set the set that the ID must be of; NULL: any, and then nothing is
 *        known of what `data` is
 * @param id the ID
 * @param data its private data. It stays for as long as the reference, also when
 *        iomm_ioasid_set_data() replaces it
 *
 * Ownership: the caller owns one reference, for iomm_ioasid_put().
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: as iomm_ioasid_get().
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_find(struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
		 uint32_t id, void **data);

/**
 * Looks an ID up and calls `fn` with its private data, without a lock and
 * without a word that other threads look at. An ID that is pending is found.
 *
 * @param space the space
 * @param set the set that the ID must be of; NULL: any, and then nothing is
 *        known of what the data is
 * @param id the ID
 * @param fn called at most once, before this returns
 * @param arg handed to it, beside the ID's private data
 *
 * Ownership: `data` is valid during `fn`, also when the ID is freed or its data
 *   replaced meanwhile.
 * Thread: any.
 * Context: any, atomic hooks included. `fn` is called as an atomic hook is: it
 *   must not block, and what would wait answers EDEADLK.
 * Errors: EINVAL; ENOENT: not an ID; EACCES: another set's.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_find_with(struct iomm_ioasid_space *space,
		      struct iomm_ioasid_set *set, uint32_t id,
		      void (*fn)(void *arg, uint32_t id, void *data),
		      void *arg);

/**
 * Replaces the private data of an ID. Never waits: the old data is released by
 * the last look-up that is inside, and not while somebody has a reference on
 * the ID.
 *
 * @param set the set of the ID
 * @param id the ID
 * @param data the new data; may be NULL
 *
 * Ownership: as iomm_ioasid_alloc(); the old data goes to `release`.
 * Thread: any.
 * Context: may allocate and run callbacks; not in atomic hooks.
 * Errors: EINVAL, ENOMEM; ENOENT: not an ID; EACCES: another set's; EBUSY:
 *   pending.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_set_data(struct iomm_ioasid_set *set, uint32_t id, void *data);

/**
 * What there is to know of an ID.
 *
 * @param space the space
 * @param set the set that the ID must be of; NULL: any
 * @param id the ID
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any; a snapshot.
 * Context: any, atomic hooks included.
 * Errors: EINVAL, E2BIG; ENOENT: not an ID; EACCES: another set's.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_info(struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
		 uint32_t id, struct iomm_ioasid_info *info);

/**
 * Notes that the ID is bound to something: an address space, a domain, a
 * context of a device. The first makes it active.
 *
 * @param space the space
 * @param set the set that the ID must be of; NULL: any
 * @param id the ID
 *
 * Ownership: the binding owns a reference, until iomm_ioasid_unbind().
 * Thread: any.
 * Context: runs callbacks; waits for its turn when the space has subscribers:
 *   in a callback that would wait: EDEADLK. Not in atomic hooks.
 * Errors: as iomm_ioasid_get(); EDEADLK; EOVERFLOW also past 4095 binds.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_bind(struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
		 uint32_t id);

/**
 * Undoes one iomm_ioasid_bind(), also of an ID that is pending.
 *
 * @param space the space
 * @param set the set that the ID must be of; NULL: any
 * @param id the ID
 *
 * Ownership: gives the binding's reference back.
 * Thread: any.
 * Context: as iomm_ioasid_bind().
 * Errors: EINVAL (malformed, or not bound), EDEADLK; ENOENT: not an ID;
 *   EACCES: another set's.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_unbind(struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
		   uint32_t id);

/**
 * Gives an ID a set-private one beside it: the number that a guest knows it
 * by. It goes with the ID.
 *
 * @param set the set of the ID
 * @param id the ID
 * @param spid any number; unique in the set
 *
 * Ownership: none.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL, ENOMEM; ENOENT: not an ID; EACCES: another set's; EBUSY:
 *   pending; EEXIST: the ID has one, or another ID has this one.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_attach_spid(struct iomm_ioasid_set *set, uint32_t id,
			uint64_t spid);

/**
 * Takes a set-private ID away from its ID.
 *
 * @param set the set
 * @param spid the set-private ID
 *
 * Ownership: none.
 * Thread: any.
 * Context: any but atomic hooks.
 * Errors: EINVAL; ENOENT: no ID of the set has it.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_detach_spid(struct iomm_ioasid_set *set, uint64_t spid);

/**
 * The ID that has a set-private one.
 *
 * @param set the set
 * @param spid the set-private ID
 * @param id the ID
 *
 * Ownership: copies out; no reference is taken.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL; ENOENT: no ID of the set has it.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_find_spid(struct iomm_ioasid_set *set, uint64_t spid, uint32_t *id);

/**
 * Calls `visit` for each ID of a set that is not pending, in ascending order.
 * The ID has a reference meanwhile. `visit` may free the ID that it is called
 * for, or any other; what is added meanwhile may be missed.
 *
 * @param set a set
 * @param visit called without locks; anything but 0 ends the walk and is
 *        returned
 * @param arg handed to it, beside the ID's private data, which is valid during
 *        the call, unless `visit` replaces it
 *
 * Ownership: none.
 * Thread: any.
 * Context: runs callbacks; not in atomic hooks.
 * Errors: EINVAL, what `visit` returned.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_for_each(struct iomm_ioasid_set *set,
		     int (*visit)(void *arg, uint32_t id, void *data),
		     void *arg);

IOMM_END_DECLS

#endif
