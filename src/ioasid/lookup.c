/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The look-up without a lock. docs/concurrency.md says why it may. */
#include "ioasid/space.h"

/* Not worth a place beside the path that is taken. */
static __attribute__((cold, noinline)) int
refuse_args(struct iomm_ioasid_space *space, const struct iomm_ioasid_set *set)
{
	int err = iomm_ioasid_check_args(space, set, "iomm_ioasid_find_with");

	return err ? err
		   : iomm_fail_null(space->obj.ctx, "iomm_ioasid_find_with");
}

static __attribute__((cold, noinline)) int
refuse_id(struct iomm_ioasid_space *space, uint32_t id, int err)
{
	if (err == -IOMM_ENOENT)
		return IOMM_FAIL(space->obj.ctx, IOMM_ENOENT,
				 "%u is not an ID of this space", id);
	return IOMM_FAIL(space->obj.ctx, IOMM_EACCES, "ID %u is of another set",
			 id);
}

/* The last of those who were waited for does what they were in the way of. */
static __attribute__((cold, noinline)) void left(struct iomm_ctx *ctx)
{
	if (iomm_readers_gone(ctx, atomic_load_explicit(&ctx->readers->age,
							memory_order_relaxed)))
		iomm_ioasid_collect_all(ctx);
}

/*
 * Data and tag of one use of the number: the tag is the same before and after,
 * and a use ends, and shows that, before the data of the next is stored.
 */
static inline __attribute__((always_inline)) int
look(struct iomm_ioasid_space *space, const struct iomm_ioasid_set *set,
     uint32_t id, void **data)
{
	struct iomm_ioasid_entry *entry = iomm_ioasid_look(&space->tree, id);
	uint32_t tag;

	if (!entry)
		return -IOMM_ENOENT;
	do {
		tag = atomic_load_explicit(&entry->tag, memory_order_acquire);
		if (!(tag & IOMM_IOASID_LIVE))
			return -IOMM_ENOENT;
		if (set && (tag ^ set->tag) >> IOMM_IOASID_SET_SHIFT)
			return -IOMM_EACCES;
		*data = atomic_load_explicit(&entry->data,
					     memory_order_acquire);
	} while (__builtin_expect(
		atomic_load_explicit(&entry->tag, memory_order_relaxed) != tag,
		0));
	return 0;
}

/* For a thread that cannot take the short way. */
static __attribute__((noinline)) int
find_long(struct iomm_ioasid_space *space, const struct iomm_ioasid_set *set,
	  uint32_t id, void (*fn)(void *arg, uint32_t id, void *data),
	  void *arg)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_reader_visit visit;
	void *data;
	int err;

	iomm_reader_visit(ctx, &visit);
	err = look(space, set, id, &data);
	if (!err)
		fn(arg, id, data);
	if (iomm_reader_leave(ctx, &visit))
		left(ctx);
	return err ? refuse_id(space, id, err) : 0;
}

int iomm_ioasid_find_with(struct iomm_ioasid_space *space,
			  struct iomm_ioasid_set *set, uint32_t id,
			  void (*fn)(void *arg, uint32_t id, void *data),
			  void *arg)
{
	struct iomm_readers *readers;
	struct iomm_thread *thread;
	struct iomm_reader *reader;
	struct iomm_ctx *ctx;
	void *data;
	int err;

	if (!iomm_ioasid_args_ok(space, set) || !fn)
		return refuse_args(space, set);
	ctx = space->obj.ctx;
	readers = ctx->readers;
	thread = ctx->platform.thread(ctx->platform_data);
	reader = iomm_reader_try_enter(readers, thread);
	if (!reader)
		return find_long(space, set, id, fn, arg);
	err = look(space, set, id, &data);
	if (__builtin_expect(!err, 1))
		fn(arg, id, data);
	if (iomm_reader_exit(readers, thread, reader))
		left(ctx);
	return __builtin_expect(err, 0) ? refuse_id(space, id, err) : 0;
}
