/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of this folder share. docs/concurrency.md has the argument for
 * the look-ups that take no lock. */
#ifndef IOMM_IOASID_SPACE_INTERNAL_H
#define IOMM_IOASID_SPACE_INTERNAL_H

#include <iomm/ioasid.h>

#include "base/claim.h"
#include "base/ctx.h"
#include "base/list.h"
#include "base/readers.h"
#include "ioasid/pairs.h"
#include "ioasid/tree.h"

/*
 * An entry's tag: whose it is, which use of the number this is, who made the
 * number, and whether it is an ID. What is not live is not found.
 */
#define IOMM_IOASID_LIVE      0x1u
#define IOMM_IOASID_BY_CUSTOM 0x2u /* the custom allocator's number */
#define IOMM_IOASID_BY_DRIVER 0x4u /* the set's driver's number */
#define IOMM_IOASID_USE_ONE   0x8u /* one use of the number */
#define IOMM_IOASID_USES      0xfff8u
#define IOMM_IOASID_SET_SHIFT 16u
#define IOMM_IOASID_SETS      0xffffu /* the highest set's number */
/* What says whose it is, if it is an ID. */
#define IOMM_IOASID_OWNER \
	(IOMM_IOASID_SETS << IOMM_IOASID_SET_SHIFT | IOMM_IOASID_LIVE)

/* An entry's word, under the lock. Once the ID is dead: the next dead one. */
#define IOMM_IOASID_REFS     0x3ffffu
#define IOMM_IOASID_BIND_ONE (1u << 18)
#define IOMM_IOASID_BINDS    (0xfffu << 18)
#define IOMM_IOASID_PENDING  (1u << 30)
#define IOMM_IOASID_SPID     (1u << 31)

static inline uint32_t iomm_ioasid_binds(uint32_t word)
{
	return (word & IOMM_IOASID_BINDS) / IOMM_IOASID_BIND_ONE;
}

/* Whoever makes numbers: a custom allocator, or the driver of a set. */
struct iomm_ioasid_maker {
	struct iomm_list link;
	uint32_t refs; /* the registration, and each call; the space's lock */
	const void *host;
	int (*alloc)(void *data, uint32_t min, uint32_t max, uint32_t *id);
	void (*free)(void *data, uint32_t id);
	void *data;
	void (*release)(void *data);
};

struct iomm_ioasid_subscription {
	struct iomm_list link;
	uint64_t set; /* serial; 0: all */
	uint32_t order;
	int (*notify)(void *data, const struct iomm_ioasid_event *event);
	void *data;
	void (*release)(void *data);
};

/* What there is of a set while it has IDs, with or without a handle. */
struct iomm_ioasid_core {
	struct iomm_ioasid_space *space; /* a reference */
	void (*release)(void *data);
	struct iomm_ioasid_maker *driver;
	uint64_t type;
	uint64_t serial; /* never again another set's */
	uint32_t number; /* in tags */
	uint32_t quota;
	uint32_t taken;
	uint32_t users; /* the handle; whoever drains it */
	bool closed;	/* hands out no more */
	bool returned;	/* the quota is the space's again */
	bool abandoned; /* to be drained by whoever can */
	struct iomm_pairs by_spid, by_id;
	struct iomm_ioasid_core *next; /* among those that are done */
};

struct iomm_ioasid_set {
	struct iomm_object obj;
	struct iomm_ioasid_space *space; /* the core's */
	struct iomm_ioasid_core *core;
	uint32_t tag; /* its IDs' tags, as far as IOMM_IOASID_OWNER goes */
};

/* Data that was replaced. */
struct iomm_ioasid_datum {
	struct iomm_ioasid_datum *next;
	void *data;
	void (*release)(void *data);
	uint32_t id; /* whose it was */
};

/* What is on its way out. */
struct iomm_ioasid_batch {
	struct iomm_ioasid_datum *data;
	struct iomm_ioasid_table *tables;
	uint32_t dead; /* the first of the dead IDs; 0: none */
};

struct iomm_ioasid_space {
	struct iomm_object obj;
	struct iomm_readers *readers; /* the context's */
	struct iomm_ioasid_tree tree;

	/* Seldom written, which is good for the neighbours above. */
	struct iomm_claim claim; /* on events, and on who hears them */
	struct iomm_list subscriptions, makers;
	struct iomm_ioasid_core **cores; /* by number - 1 */
	uint32_t nr_cores, room, lowest; /* in use; of the array; see set.c */
	uint64_t serial;
	_Atomic bool heard;  /* there are subscriptions */
	_Atomic bool closed; /* the context was */

	struct iomm_lock lock; /* for all of it, and the entries' words */
	uint32_t taken;
	uint32_t common;     /* of these, of sets without quota */
	uint32_t unreserved; /* numbers of no quota */
	uint32_t abandoned;  /* cores */
	uint32_t leaving;    /* the ID of whose end subscribers are told; 0 */
	uint64_t bytes;

	/* Replaced, while somebody may hold what find gave. */
	struct iomm_ioasid_datum *parked;
	/* Out of sight; then with a ticket; then with no reader left. */
	struct iomm_ioasid_batch fresh, aging, ready;
	bool ages;
	uintptr_t ticket;
	struct iomm_ioasid_core *done;
	/* On the context's list of spaces with something to do, which holds a
	 * reference. */
	bool listed;
	struct iomm_list link;
	struct iomm_list all; /* the context's spaces; its lock */
};

/* Of the context. */
struct iomm_ioasid_state {
	struct iomm_lock lock;
	struct iomm_list spaces; /* all; weak */
	struct iomm_list listed;
	/* Something waits for iomm_ctx_run(). */
	_Atomic bool deferred;
};

extern const struct iomm_subsys iomm_ioasid_subsys;
extern const struct iomm_object_type iomm_ioasid_space_type,
	iomm_ioasid_set_type;

static inline struct iomm_ioasid_state *iomm_ioasid_state(struct iomm_ctx *ctx)
{
	return ctx->state[IOMM_SUBSYS_IOASID];
}

static inline void iomm_ioasid_lock(struct iomm_ioasid_space *space)
{
	iomm_lock(space->obj.ctx, &space->lock);
}

static inline void iomm_ioasid_unlock(struct iomm_ioasid_space *space)
{
	iomm_unlock(space->obj.ctx, &space->lock);
}

/* Are space and, unless it is NULL, set what they should be? */
static inline bool iomm_ioasid_args_ok(const struct iomm_ioasid_space *space,
				       const struct iomm_ioasid_set *set)
{
	return iomm_handle_ok(space, &iomm_ioasid_space_type) &&
	       (!set || (iomm_handle_ok(set, &iomm_ioasid_set_type) &&
			 set->space == space));
}

/* The number of a set in its IDs' tags; NULL: 0. */
static inline uint32_t iomm_ioasid_owner(const struct iomm_ioasid_set *set)
{
	return set ? set->core->number : 0;
}

static inline struct iomm_ioasid_core *
iomm_ioasid_core_of(struct iomm_ioasid_space *space, uint32_t tag)
{
	return space->cores[(tag >> IOMM_IOASID_SET_SHIFT) - 1];
}

/* EINVAL, with a sentence if there is a context to keep it. */
int iomm_ioasid_check_args(struct iomm_ioasid_space *space,
			   const struct iomm_ioasid_set *set, const char *call);

/* Memory that counts as the space's. Not with the lock held. */
void *iomm_ioasid_alloc_bytes(struct iomm_ioasid_space *space, uint64_t bytes,
			      uint64_t align);
void iomm_ioasid_free_bytes(struct iomm_ioasid_space *space, void *ptr,
			    uint64_t bytes, uint64_t align);

/* The context was closed, and no ID is left that needs who is registered. The
 * lock is held; and it is not. */
static inline bool iomm_ioasid_is_over(const struct iomm_ioasid_space *space)
{
	return atomic_load_explicit(&space->closed, memory_order_relaxed) &&
	       !space->taken &&
	       !(iomm_list_empty(&space->subscriptions) &&
		 iomm_list_empty(&space->makers));
}
void iomm_ioasid_drop_registrations(struct iomm_ioasid_space *space);

/* id.c; the lock is held, but for the last two */

/* The entry of an ID. ENOENT; EACCES: not of this set, by number; 0: any. */
int iomm_ioasid_pick(struct iomm_ioasid_space *space, uint32_t owner,
		     uint32_t id, struct iomm_ioasid_entry **out);
/* EBUSY: and it is pending. */
int iomm_ioasid_pick_live(struct iomm_ioasid_space *space, uint32_t owner,
			  uint32_t id, struct iomm_ioasid_entry **out);
/* References that somebody holds: not the allocation's, nor a binding's. */
uint32_t iomm_ioasid_held(const struct iomm_ioasid_space *space, uint32_t id,
			  uint32_t word);
/* One reference more: EBUSY, EOVERFLOW; and one less. */
int iomm_ioasid_ref(struct iomm_ioasid_space *space, uint32_t id,
		    struct iomm_ioasid_entry *entry);
void iomm_ioasid_unref(struct iomm_ioasid_space *space, uint32_t id,
		       struct iomm_ioasid_entry *entry);
/* Gives an ID of a core back, events included. */
int iomm_ioasid_free_one(struct iomm_ioasid_core *core, uint32_t id);
/* Takes back data that was handed to a call that failed; NULL is none. */
void iomm_ioasid_release_data(struct iomm_ioasid_set *set, void *data);

/* walk.c */

/* The first ID of a core from `from` on that is not pending; 0: none. Lets go
 * of the lock now and then. */
uint32_t iomm_ioasid_next(struct iomm_ioasid_space *space,
			  const struct iomm_ioasid_core *core, uint32_t from,
			  struct iomm_ioasid_entry **entry);

/* alloc.c */

/* Takes an ID for a core, of its driver's choice if `driver`. `data` is the
 * caller's again when this fails. */
int iomm_ioasid_take(struct iomm_ioasid_core *core, bool driver, uint32_t min,
		     uint32_t max, void *data, uint32_t *id);
void iomm_ioasid_free_tables(struct iomm_ioasid_space *space,
			     struct iomm_ioasid_table *table);
/* An ID more, or less, in the books. The lock is held. */
void iomm_ioasid_count(struct iomm_ioasid_core *core);
void iomm_ioasid_discount(struct iomm_ioasid_core *core);

/* retire.c */

/* Is there anything for collect? The lock is held. */
bool iomm_ioasid_has_work(const struct iomm_ioasid_space *space);
/* Lets go of the lock, and does what has become due under it. */
void iomm_ioasid_unlock_and_collect(struct iomm_ioasid_space *space);
/* Does what is due: releases data, gives numbers back, frees memory. In an
 * atomic hook that is left to iomm_ctx_run(). The lock is not held. */
void iomm_ioasid_collect(struct iomm_ioasid_space *space);
/* Leaves it to iomm_ctx_run(). The lock is not held. */
void iomm_ioasid_defer(struct iomm_ioasid_space *space);
/* Collects in all spaces of the context that have something to do. */
void iomm_ioasid_collect_all(struct iomm_ctx *ctx);
/* A number is free again. The lock is held. */
void iomm_ioasid_finish(struct iomm_ioasid_space *space, uint32_t id,
			struct iomm_ioasid_entry *entry);

/* spid.c */

/* An ID that has a set-private one loses it. The lock is held. */
void iomm_ioasid_forget_spid(struct iomm_ioasid_core *core, uint32_t id);

/* set.c */

int iomm_ioasid_set_make(struct iomm_ioasid_space *space,
			 const struct iomm_ioasid_set_config *config,
			 void (*release)(void *data),
			 struct iomm_ioasid_set **out);
/* Nothing may be left of it: then it is queued for collect. The lock is held. */
void iomm_ioasid_core_settle(struct iomm_ioasid_core *core);
void iomm_ioasid_core_destroy(struct iomm_ioasid_core *core);
/* Frees what is left of those sets whose handle is gone, or of all. */
void iomm_ioasid_drain_abandoned(struct iomm_ioasid_space *space);
int iomm_ioasid_drain_all(struct iomm_ioasid_space *space);

/* event.c */

int iomm_ioasid_turn_take(struct iomm_ioasid_space *space);
void iomm_ioasid_turn_drop(struct iomm_ioasid_space *space);

/* Takes the turn for events when there are subscribers; `*turn` says so. */
static inline int iomm_ioasid_turn(struct iomm_ioasid_space *space, bool *turn)
{
	*turn = atomic_load_explicit(&space->heard, memory_order_relaxed);
	return *turn ? iomm_ioasid_turn_take(space) : 0;
}

static inline void
iomm_ioasid_turn_end(struct iomm_ioasid_space *space, bool turn)
{
	if (turn)
		iomm_ioasid_turn_drop(space);
}

/* Tells the subscribers, if it is the caller's turn. Those that are not done
 * with a freed ID keep a reference. The caller has one; the lock is not held.
 */
void iomm_ioasid_tell(struct iomm_ioasid_space *space, bool turn,
		      const struct iomm_ioasid_core *core, uint32_t event,
		      uint32_t id);
void iomm_ioasid_drop_subscriptions(struct iomm_ioasid_space *space);

/* allocator.c */

/* The allocator whose turn it is; NULL: the space's own. The lock is held. */
struct iomm_ioasid_maker *iomm_ioasid_active(struct iomm_ioasid_space *space);
/* Calls; the caller has a reference, and not the lock. */
int iomm_ioasid_maker_ask(struct iomm_ctx *ctx,
			  const struct iomm_ioasid_maker *maker, uint32_t min,
			  uint32_t max, uint32_t *id);
void iomm_ioasid_maker_free(struct iomm_ctx *ctx,
			    const struct iomm_ioasid_maker *maker, uint32_t id);
void iomm_ioasid_maker_put(struct iomm_ioasid_space *space,
			   struct iomm_ioasid_maker *maker);
void iomm_ioasid_drop_makers(struct iomm_ioasid_space *space);

#endif
