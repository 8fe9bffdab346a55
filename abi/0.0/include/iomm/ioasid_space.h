/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * ID spaces: where I/O address-space IDs (PASIDs) are numbered, who is told of
 * them, and who may be asked for the numbers instead of the space itself.
 */
#ifndef IOMM_IOASID_SPACE_H
#define IOMM_IOASID_SPACE_H

#include <iomm/types.h>

/** No ID. It is never handed out, and neither is 0. */
#define IOMM_IOASID_INVALID 0xffffffffu

/** How a space is made. All zeroes: every PASID of 20 bits but 0. */
struct iomm_ioasid_space_config {
	uint32_t size;	/**< sizeof(struct iomm_ioasid_space_config) */
	uint32_t flags; /**< 0 */
	uint32_t min;	/**< first ID; 0: 1 */
	/** Last ID. 0: 0xfffff. All ones: as far as there are numbers, which
	 * leaves IOMM_IOASID_INVALID out. */
	uint32_t max;
};

#define IOMM_IOASID_SPACE_CONFIG_SIZE_VER0 16u
IOMM_LAYOUT(sizeof(struct iomm_ioasid_space_config) ==
		    IOMM_IOASID_SPACE_CONFIG_SIZE_VER0,
	    "iomm_ioasid_space_config");

/** What a space holds at the moment. */
struct iomm_ioasid_space_info {
	uint32_t size;	/**< sizeof(struct iomm_ioasid_space_info) */
	uint32_t flags; /**< 0 */
	uint32_t min;	/**< first ID */
	uint32_t max;	/**< last ID */
	/** Numbers that cannot be handed out: allocated, pending, or on their
	 * way back. */
	uint32_t taken;
	/** Numbers that no quota reserves, taken ones included. */
	uint32_t unreserved;
	uint32_t sets;	   /**< sets that still have a say */
	uint32_t reserved; /**< 0 */
	/** Memory in use, the space itself and its sets included. */
	iomm_u64 bytes;
};

#define IOMM_IOASID_SPACE_INFO_SIZE_VER0 40u
IOMM_LAYOUT(sizeof(struct iomm_ioasid_space_info) ==
		    IOMM_IOASID_SPACE_INFO_SIZE_VER0,
	    "iomm_ioasid_space_info");

/*
 * Events, for subscribers.
 */
#define IOMM_IOASID_ALLOC  1u /**< it exists; nobody knows it yet */
#define IOMM_IOASID_BIND   2u /**< idle becomes active: the first bind */
#define IOMM_IOASID_UNBIND 3u /**< active becomes idle: the last unbind */
#define IOMM_IOASID_FREE   4u /**< pending: stop using it, put references */

/*
 * The order in which subscribers are told; within one, first come first served.
 */
#define IOMM_IOASID_CPU	   1u /**< who loads IDs into processors */
#define IOMM_IOASID_IOMMU  2u /**< who has them in IOMMU tables */
#define IOMM_IOASID_DEVICE 3u /**< who programs them into devices */

/** What a subscriber is told. */
struct iomm_ioasid_event {
	uint32_t size;	/**< sizeof(struct iomm_ioasid_event) */
	uint32_t flags; /**< 0 */
	uint32_t event; /**< IOMM_IOASID_ALLOC, _BIND, _UNBIND, _FREE */
	uint32_t id;	/**< which */
	iomm_u64 type;	/**< the type tag of its set */
};

#define IOMM_IOASID_EVENT_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_ioasid_event) == IOMM_IOASID_EVENT_SIZE_VER0,
	    "iomm_ioasid_event");

/**
 * A custom allocator: whoever hands out the numbers in the space's place, as a
 * guest's host does. The space still records every ID, so look-ups do not come
 * here. Called without locks, several at once, and may take its time.
 */
struct iomm_ioasid_allocator_ops {
	uint32_t size;	/**< sizeof(struct iomm_ioasid_allocator_ops) */
	uint32_t flags; /**< 0 */

	/** Names the number space, if `alloc` and `free` do not say it all:
	 * allocators share one when all three are the same. Compared, and never
	 * followed. NULL is a name like any other. */
	IOMM_PTR(const void *, host);
	/** A number in `[min, max]` that is not out. 0, or a negative IOMM_E*;
	 * `id` is read on success only. Required. */
	IOMM_FN(int, alloc,
		(void *data, uint32_t min, uint32_t max, uint32_t *id));
	/** Takes a number back. Required. */
	IOMM_FN(void, free, (void *data, uint32_t id));
};

#define IOMM_IOASID_ALLOCATOR_OPS_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_ioasid_allocator_ops) ==
		    IOMM_IOASID_ALLOCATOR_OPS_SIZE_VER0,
	    "iomm_ioasid_allocator_ops");

IOMM_BEGIN_DECLS

/**
 * Makes an ID space. It hands out the lowest number that is free, unless a
 * custom allocator is registered.
 *
 * @param ctx the context
 * @param config how, or NULL for the defaults
 * @param out the space, with one reference
 *
 * Ownership: the caller owns the reference; every set holds one.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (NULL, bad `size`, unknown flags, `min` over `max`, no number
 *   but all ones), E2BIG, ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_space_create(struct iomm_ctx *ctx,
			 const struct iomm_ioasid_space_config *config,
			 struct iomm_ioasid_space **out);

/**
 * Takes a reference.
 *
 * @param space a space to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_ioasid_space *
iomm_ioasid_space_get(struct iomm_ioasid_space *space);

/**
 * Gives a reference back. Sets hold one, and so does an ID that is not wholly
 * given back: the space goes with the last of them, and its allocators and
 * subscribers with it.
 *
 * @param space a space, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_ioasid_space_put(struct iomm_ioasid_space *space);

/**
 * What the space holds at the moment.
 *
 * @param space a space
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any; a snapshot.
 * Context: any, atomic hooks included.
 * Errors: EINVAL, E2BIG.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_space_info(struct iomm_ioasid_space *space,
		       struct iomm_ioasid_space_info *info);

/**
 * Registers a custom allocator. The first becomes the active one at once, for
 * which the space must be empty. Others queue: an allocator with the same
 * `alloc`, `free` and `host` as one that is there, and data of its own, shares
 * that one's numbers and its turn; any other waits for its own turn.
 *
 * @param space a space
 * @param ops the hooks; copied
 * @param data handed to every hook
 * @param release takes `data` back; may be NULL
 *
 * Ownership: the registration ends with iomm_ioasid_allocator_unregister(),
 *   with the space, or with iomm_ctx_close(). `release` runs exactly once,
 *   after the last hook, also when this call fails.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (malformed, a hook missing), E2BIG, ENOMEM; EBUSY: it would
 *   be active, and IDs are out; EEXIST: the same ops and data are registered;
 *   ENODEV: the context was closed.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_allocator_register(struct iomm_ioasid_space *space,
			       const struct iomm_ioasid_allocator_ops *ops,
			       void *data, void (*release)(void *data));

/**
 * Takes an allocator back out. While others share its numbers they go on with
 * what is out. The last of them needs that nothing is out; then the next in
 * the order of registration takes over, or the space itself.
 *
 * @param space the space
 * @param ops what was registered; `host`, `alloc` and `free` are looked at
 * @param data what was registered with it
 *
 * Ownership: `release` runs before this returns, or when a hook that another
 *   thread is inside has returned.
 * Thread: any.
 * Context: runs a callback; not in atomic hooks.
 * Errors: EINVAL, E2BIG; ENOENT: not registered; EBUSY: the last of those that
 *   are active, and IDs are out.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_allocator_unregister(struct iomm_ioasid_space *space,
				 const struct iomm_ioasid_allocator_ops *ops,
				 void *data);

/**
 * Has `notify` called for what happens to IDs from now on. Events of a space
 * come one at a time; a call that causes one waits for its turn, and returns
 * when all subscribers have been told.
 *
 * @param space a space
 * @param set whose IDs; NULL: all of the space
 * @param order IOMM_IOASID_CPU, _IOMMU or _DEVICE
 * @param notify called without locks; may take its time. The event is valid
 *        during the call. It may use find, find_with, get, put, set_data and
 *        the info calls; what would cause another event answers EDEADLK. It
 *        answers 0; or, to IOMM_IOASID_FREE, EAGAIN: then it still works on
 *        the ID, whose number is not used again before it, or whoever does the
 *        work, has called iomm_ioasid_put(), be that before it answers. Any other answer is logged, and counts as 0
 * @param data handed to it; with `notify` and `set` it names the subscription
 * @param release takes `data` back; may be NULL
 *
 * Ownership: holds no reference on `set`. The subscription ends with
 *   iomm_ioasid_unsubscribe(), with the space, or with iomm_ctx_close().
 *   `release` runs exactly once, after the last call, also when this fails.
 * Thread: any.
 * Context: may allocate and wait for its turn; in a callback that would wait:
 *   EDEADLK. Not in atomic hooks.
 * Errors: EINVAL (malformed, unknown `order`, a set of another space), ENOMEM,
 *   EDEADLK; EEXIST: there is such a subscription; ENODEV: the set was freed,
 *   or the context closed.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ioasid_subscribe(struct iomm_ioasid_space *space,
		      struct iomm_ioasid_set *set, uint32_t order,
		      int (*notify)(void *data,
				    const struct iomm_ioasid_event *event),
		      void *data, void (*release)(void *data));

/**
 * Ends a subscription.
 *
 * @param space the space
 * @param set what it was made with
 * @param notify what it was made with
 * @param data what it was made with
 *
 * Ownership: `release` has run when this returns. References that the
 *   subscriber answered EAGAIN for are still its to put.
 * Thread: any.
 * Context: runs a callback, and waits for its turn; in a callback that would
 *   wait, and in one of this space's events: EDEADLK. Not in atomic hooks.
 * Errors: EINVAL, EDEADLK; ENOENT: there is no such subscription.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_ioasid_unsubscribe(
	struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
	int (*notify)(void *data, const struct iomm_ioasid_event *event),
	void *data);

IOMM_END_DECLS

#endif
