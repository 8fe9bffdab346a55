/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Unregistering: who asks does not get it any more, and with the last pin it
 * goes. */
#include "pgtable/format_registry.h"

#include "base/abi.h"
#include "pgtable/codec.h"

static struct iomm_format_impl *from_link(struct iomm_list *link)
{
	return iomm_container_of(link, struct iomm_format_impl, link);
}

void iomm_format_close_type(struct iomm_ctx *ctx, struct iomm_format_impl *impl)
{
	if (impl->made)
		iomm_codec_close(ctx, impl->type);
	impl->made = false;
}

void iomm_format_free_impl(struct iomm_ctx *ctx, struct iomm_format_impl *impl)
{
	iomm_format_close_type(ctx, impl);
	iomm_free(ctx, impl, sizeof(*impl));
}

static void leave_batch(struct iomm_ctx *ctx, struct iomm_format_batch *batch)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	bool last;

	iomm_lock(ctx, &formats->lock);
	last = !--batch->refs;
	iomm_unlock(ctx, &formats->lock);
	if (!last)
		return;
	iomm_release(ctx, batch->release, batch->data);
	iomm_free(ctx, batch, iomm_format_batch_bytes(batch->count));
}

/* It is dying, and has no pins. It stays in the list until its release has
 * returned, so that its owner is not taken for idle before. */
static void finish(struct iomm_ctx *ctx, struct iomm_format_impl *impl)
{
	struct iomm_formats *formats = iomm_formats(ctx);

	iomm_format_close_type(ctx, impl);
	if (impl->batch)
		leave_batch(ctx, impl->batch);
	iomm_lock(ctx, &formats->lock);
	iomm_list_del(&impl->link);
	iomm_unlock(ctx, &formats->lock);
	iomm_release(ctx, impl->done, impl->done_data);
	iomm_format_free_impl(ctx, impl);
}

void iomm_format_unpin(struct iomm_ctx *ctx, struct iomm_format_impl *impl)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	bool last;

	iomm_lock(ctx, &formats->lock);
	last = !--impl->pins && impl->state == IOMM_FORMAT_DYING;
	iomm_unlock(ctx, &formats->lock);
	if (last)
		finish(ctx, impl);
}

static int do_unregister(struct iomm_format *format, uint32_t flags,
			 void (*done)(void *data), void *data)
{
	struct iomm_ctx *ctx = format->object.ctx;
	struct iomm_format_impl *impl = format->impl;
	struct iomm_formats *formats = iomm_formats(ctx);
	uint32_t refs = atomic_load(&format->object.refs), pins;
	int err = 0;

	iomm_lock(ctx, &formats->lock);
	pins = impl->pins;
	if (impl->state != IOMM_FORMAT_LIVE)
		err = -IOMM_ENODEV;
	else if (!(flags & IOMM_FORMAT_DEFER) && (pins > 1 || refs > 1))
		err = -IOMM_EBUSY;
	if (!err) {
		impl->state = IOMM_FORMAT_DYING;
		impl->done = done;
		impl->done_data = data;
	}
	iomm_unlock(ctx, &formats->lock);
	if (err == -IOMM_ENODEV)
		return IOMM_FAIL(ctx, IOMM_ENODEV,
				 "this format %s was unregistered already",
				 IOMM_STR(impl->name));
	if (err)
		return IOMM_FAIL(ctx, IOMM_EBUSY,
				 "format %s has %u pins beside this one, which "
				 "has %u references",
				 IOMM_STR(impl->name), pins - 1, refs);
	/* With this pin, or a later one, it goes. */
	iomm_object_drop(format);
	return 0;
}

int iomm_format_unregister(struct iomm_format *format, uint32_t flags,
			   void (*done)(void *data), void *data)
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(format, &iomm_format_object))
		return -IOMM_EINVAL;
	ctx = format->object.ctx;
	iomm_enter(ctx);
	err = iomm_check_bits(ctx, flags, IOMM_FORMAT_DEFER,
			      "flags of iomm_format_unregister");
	if (!err && done && !(flags & IOMM_FORMAT_DEFER))
		err = IOMM_FAIL(ctx, IOMM_EINVAL,
				"iomm_format_unregister calls back only with "
				"IOMM_FORMAT_DEFER");
	if (!err)
		err = do_unregister(format, flags, done, data);
	return iomm_leave(ctx, err);
}

/* Unregistering many: each is retired, with a pin of who does it. The lock is
 * held. */
static void retire(struct iomm_format_impl *impl, const void *by)
{
	impl->state = IOMM_FORMAT_DYING;
	impl->pins++;
	impl->retired_by = by;
}

static struct iomm_format_impl *
take_retired(struct iomm_formats *formats, const void *by)
{
	struct iomm_list *pos;

	iomm_list_for_each (pos, &formats->impls) {
		if (from_link(pos)->retired_by != by)
			continue;
		from_link(pos)->retired_by = NULL;
		return from_link(pos);
	}
	return NULL;
}

static void unpin_retired(struct iomm_ctx *ctx, const void *by)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_impl *impl;

	do {
		iomm_lock(ctx, &formats->lock);
		impl = take_retired(formats, by);
		iomm_unlock(ctx, &formats->lock);
		if (impl)
			iomm_format_unpin(ctx, impl);
	} while (impl);
}

void iomm_formats_unregister_all(struct iomm_ctx *ctx, bool builtin)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_impl *impl;
	struct iomm_list *pos;

	iomm_lock(ctx, &formats->lock);
	iomm_list_for_each (pos, &formats->impls) {
		impl = from_link(pos);
		if (impl->state == IOMM_FORMAT_FAILED ||
		    (impl->state == IOMM_FORMAT_LIVE &&
		     (builtin || !impl->batch->builtin)))
			retire(impl, &pos);
	}
	iomm_unlock(ctx, &formats->lock);
	unpin_retired(ctx, &pos);
}

/* The lock is held. */
static const struct iomm_format_impl *
busy_one(struct iomm_formats *formats, const void *owner)
{
	const struct iomm_format_impl *impl;
	struct iomm_list *pos;

	iomm_list_for_each (pos, &formats->impls) {
		impl = from_link(pos);
		if (impl->owner == owner && impl->state != IOMM_FORMAT_FAILED &&
		    (impl->pins || impl->state != IOMM_FORMAT_LIVE))
			return impl;
	}
	return NULL;
}

int iomm_format_drop_owner(struct iomm_ctx *ctx, const void *owner)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	const struct iomm_format_impl *busy;
	struct iomm_list *pos;
	int err = 0;

	iomm_lock(ctx, &formats->lock);
	busy = busy_one(formats, owner);
	if (busy)
		err = IOMM_FAIL(ctx, IOMM_EBUSY,
				"format %s is in use: it has %u pins",
				IOMM_STR(busy->name), busy->pins);
	else
		iomm_list_for_each (pos, &formats->impls)
			if (from_link(pos)->owner == owner)
				retire(from_link(pos), &pos);
	iomm_unlock(ctx, &formats->lock);
	if (!err)
		unpin_retired(ctx, &pos);
	return err;
}
