/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The look-up without a lock. docs/concurrency.md says why it may. */
#include "ioasid/space.h"

/* What one is called with; in this order, since it is handed on in registers. */
#define LOOK_UP                                                              \
	struct iomm_ioasid_space *space, const struct iomm_ioasid_set *set,  \
		uint32_t id, void (*fn)(void *arg, uint32_t id, void *data), \
		void *arg

/* Not worth a place beside the path that is taken. */
static __attribute__((cold, noinline)) int
refuse_args(struct iomm_ioasid_space *space, const struct iomm_ioasid_set *set)
{
	int err = iomm_ioasid_check_args(space, set, "iomm_ioasid_find_with");

	return err ? err
		   : iomm_fail_null(space->obj.ctx, "iomm_ioasid_find_with");
}

static int refuse_id(struct iomm_ioasid_space *space, uint32_t id, int err)
{
	if (err == -IOMM_ENOENT)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOENT,
				 "%u is not an ID of this space", id);
	return IOMM_FAIL(space->obj.ctx, IOMM_EACCES, "ID %u is of another set",
			 id);
}

/* The last of those who were waited for does what they were in the way of. 0,
 * so that it is the end of who calls it. */
static __attribute__((cold, noinline)) int left(struct iomm_readers *readers)
{
	if (iomm_readers_gone(readers->ctx,
			      atomic_load_explicit(&readers->age,
						   memory_order_relaxed)))
		iomm_ioasid_collect_all(readers->ctx);
	return 0;
}

/*
 * Data and tag of one use of the number: the tag is the same before and after,
 * and a use ends, and shows that, before the data of the next is stored.
 * EAGAIN: it was not the same.
 */
static inline __attribute__((always_inline)) int
look(struct iomm_ioasid_space *space, const struct iomm_ioasid_set *set,
     uint32_t id, void **data)
{
	struct iomm_ioasid_entry *entry = iomm_ioasid_look(&space->tree, id);
	uint32_t tag;

	if (!entry)
		return -IOMM_ENOENT;
	tag = atomic_load_explicit(&entry->tag, memory_order_acquire);
	if (set && (tag ^ set->tag) & IOMM_IOASID_OWNER)
		return tag & IOMM_IOASID_LIVE ? -IOMM_EACCES : -IOMM_ENOENT;
	if (!set && !(tag & IOMM_IOASID_LIVE))
		return -IOMM_ENOENT;
	*data = atomic_load_explicit(&entry->data, memory_order_acquire);
	if (atomic_load_explicit(&entry->tag, memory_order_relaxed) != tag)
		return -IOMM_EAGAIN;
	return 0;
}

/* For a thread that cannot take the short way, and for what is not found at
 * once. */
static __attribute__((noinline)) int find_long(LOOK_UP)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_reader_visit visit;
	void *data;
	int err;

	iomm_reader_visit(ctx, &visit);
	do {
		err = look(space, set, id, &data);
	} while (err == -IOMM_EAGAIN);
	if (!err)
		fn(arg, id, data);
	if (iomm_reader_leave(ctx, &visit))
		(void)left(ctx->readers);
	return err ? refuse_id(space, id, err) : 0;
}

/* What the short way does not find: it is left, for the long one. */
static __attribute__((cold, noinline)) int find_again(LOOK_UP)
{
	struct iomm_readers *readers = space->readers;
	struct iomm_thread *thread = iomm_thread(space->obj.ctx);

	if (iomm_reader_exit(readers, thread, iomm_reader_of(readers, thread)))
		(void)left(readers);
	return find_long(space, set, id, fn, arg);
}

/* The short way of a reader that has come in. What lives across the call of
 * `fn` has to be saved, so that is as little as can be. */
static inline __attribute__((always_inline)) int
find_short(LOOK_UP, struct iomm_thread *thread, struct iomm_reader *reader)
{
	struct iomm_readers *readers = space->readers;
	void *data;

	if (__builtin_expect(look(space, set, id, &data), 0))
		return find_again(space, set, id, fn, arg);
	fn(arg, id, data);
	if (__builtin_expect(iomm_reader_exit(readers, thread, reader), 0))
		return left(readers);
	return 0;
}

static __attribute__((noinline)) int find_by_hook(LOOK_UP)
{
	struct iomm_thread *thread = iomm_thread(space->obj.ctx);
	struct iomm_reader *reader = iomm_reader_try_enter(space->readers,
							   thread,
							   IOMM_READER_BY_HOOK);

	return reader ? find_short(space, set, id, fn, arg, thread, reader)
		      : find_long(space, set, id, fn, arg);
}

static inline __attribute__((always_inline)) int find(LOOK_UP)
{
#if __STDC_HOSTED__
	struct iomm_thread *thread = iomm_hosted_thread;
	struct iomm_reader *reader = iomm_reader_try_enter(space->readers,
							   thread,
							   IOMM_READER_HOSTED);

	if (__builtin_expect(reader != NULL, 1))
		return find_short(space, set, id, fn, arg, thread, reader);
#endif
	return find_by_hook(space, set, id, fn, arg);
}

/* Without a set. On its own, so that with one there is nothing to ask. */
static __attribute__((noinline)) int find_any(LOOK_UP)
{
	(void)set;
	return iomm_handle_ok(space, &iomm_ioasid_space_type) && fn
		       ? find(space, NULL, id, fn, arg)
		       : refuse_args(space, NULL);
}

int iomm_ioasid_find_with(struct iomm_ioasid_space *space,
			  struct iomm_ioasid_set *set, uint32_t id,
			  void (*fn)(void *arg, uint32_t id, void *data),
			  void *arg)
{
	if (!set)
		return find_any(space, set, id, fn, arg);
	/* A set that is of the space vouches for it. */
	if (!iomm_handle_ok(set, &iomm_ioasid_set_type) ||
	    set->space != space || !fn)
		return refuse_args(space, set);
	return find(space, set, id, fn, arg);
}
