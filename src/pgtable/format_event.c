/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Telling who wants to know that a format has arrived, or will not. Nobody
 * waits here: an event may come from inside a loader. So subscribers are counted,
 * and found again by their number.
 */
#include "pgtable/format_registry.h"

struct subscription {
	struct iomm_list link; /* iomm_formats.subscriptions, in order */
	uint64_t serial;
	uint32_t refs; /* the list's, and of calls; the lock */
	void (*notify)(void *data, const char *name, int result);
	void *data;
	void (*release)(void *data);
};

static struct subscription *from_link(struct iomm_list *link)
{
	return iomm_container_of(link, struct subscription, link);
}

static void drop(struct iomm_ctx *ctx, struct subscription *sub)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	bool last;

	iomm_lock(ctx, &formats->lock);
	last = !--sub->refs;
	iomm_unlock(ctx, &formats->lock);
	if (!last)
		return;
	iomm_release(ctx, sub->release, sub->data);
	iomm_free(ctx, sub, sizeof(*sub));
}

/* The first behind a number, with a reference. */
static struct subscription *next(struct iomm_ctx *ctx, uint64_t serial)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct subscription *sub = NULL;
	struct iomm_list *pos;

	iomm_lock(ctx, &formats->lock);
	iomm_list_for_each (pos, &formats->subscriptions) {
		if (from_link(pos)->serial <= serial)
			continue;
		sub = from_link(pos);
		sub->refs++;
		break;
	}
	iomm_unlock(ctx, &formats->lock);
	return sub;
}

void iomm_format_tell(struct iomm_ctx *ctx, const char *name, int result)
{
	struct subscription *sub;
	struct iomm_frame frame;
	uint64_t serial = 0;

	while ((sub = next(ctx, serial))) {
		serial = sub->serial;
		iomm_callback_begin(ctx, &frame, false);
		sub->notify(sub->data, name, result);
		iomm_callback_end(ctx, &frame);
		drop(ctx, sub);
	}
}

/* The lock is held. */
static struct subscription *
find(struct iomm_formats *formats,
     void (*notify)(void *data, const char *name, int result), const void *data)
{
	struct iomm_list *pos;

	iomm_list_for_each (pos, &formats->subscriptions) {
		if (from_link(pos)->notify == notify &&
		    from_link(pos)->data == data)
			return from_link(pos);
	}
	return NULL;
}

/* The lock is held. */
static int insert(struct iomm_ctx *ctx, struct subscription *sub)
{
	struct iomm_formats *formats = iomm_formats(ctx);

	if (formats->closed)
		return IOMM_FAIL(ctx, IOMM_ENODEV, "the context was closed");
	if (find(formats, sub->notify, sub->data))
		return IOMM_FAIL(ctx, IOMM_EEXIST,
				 "this subscription is there already");
	sub->serial = ++formats->last_serial;
	iomm_list_add_tail(&formats->subscriptions, &sub->link);
	return 0;
}

static int subscribe(struct iomm_ctx *ctx, const struct subscription *wanted)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct subscription *sub = iomm_alloc(ctx, sizeof(*sub));
	int err;

	if (!sub)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a subscription");
	*sub = *wanted;
	iomm_lock(ctx, &formats->lock);
	err = insert(ctx, sub);
	iomm_unlock(ctx, &formats->lock);
	if (err)
		iomm_free(ctx, sub, sizeof(*sub));
	return err;
}

int iomm_format_subscribe(struct iomm_ctx *ctx,
			  void (*notify)(void *data, const char *name,
					 int result),
			  void *data, void (*release)(void *data))
{
	const struct subscription wanted = {
		.refs = 1,
		.notify = notify,
		.data = data,
		.release = release,
	};
	int err;

	if (!ctx) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	iomm_enter(ctx);
	err = notify ? subscribe(ctx, &wanted)
		     : iomm_fail_null(ctx, "iomm_format_subscribe");
	if (err)
		iomm_release(ctx, release, data);
	return iomm_leave(ctx, err);
}

int iomm_format_unsubscribe(struct iomm_ctx *ctx,
			    void (*notify)(void *data, const char *name,
					   int result),
			    void *data)
{
	struct iomm_formats *formats;
	struct subscription *sub;

	if (!ctx)
		return -IOMM_EINVAL;
	if (!notify)
		return iomm_fail_null(ctx, "iomm_format_unsubscribe");
	formats = iomm_formats(ctx);
	iomm_enter(ctx);
	iomm_lock(ctx, &formats->lock);
	sub = find(formats, notify, data);
	if (sub)
		iomm_list_del(&sub->link);
	iomm_unlock(ctx, &formats->lock);
	if (!sub)
		return iomm_leave(ctx,
				  IOMM_FAIL(ctx, IOMM_ENOENT,
					    "there is no such subscription"));
	drop(ctx, sub);
	return iomm_leave(ctx, 0);
}

void iomm_format_drop_subscriptions(struct iomm_ctx *ctx)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct subscription *sub;

	while ((sub = next(ctx, 0))) {
		iomm_lock(ctx, &formats->lock);
		if (!iomm_list_empty(&sub->link)) {
			iomm_list_del(&sub->link);
			sub->refs--;
		}
		iomm_unlock(ctx, &formats->lock);
		drop(ctx, sub);
	}
}
