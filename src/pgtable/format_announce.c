/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Formats that are to come: announcing, deadlines, sealing. */
#include "pgtable/format_registry.h"

#include "base/abi.h"

static struct iomm_format_notice *from_link(struct iomm_list *link)
{
	return iomm_container_of(link, struct iomm_format_notice, link);
}

/* Going */

void iomm_format_past_init(struct iomm_format_past *past)
{
	iomm_list_init(&past->impls);
	iomm_list_init(&past->notices);
}

void iomm_format_forget_notice(struct iomm_format_notice *notice,
			       struct iomm_format_past *past)
{
	iomm_list_del(&notice->link);
	iomm_list_add_tail(&past->notices, &notice->link);
}

void iomm_format_forget(struct iomm_formats *formats, const char *name,
			struct iomm_format_past *past)
{
	struct iomm_format_view view = iomm_format_look(formats, name);

	if (view.failed) {
		iomm_list_del(&view.failed->link);
		iomm_list_add_tail(&past->impls, &view.failed->link);
	}
	if (view.notice && view.notice->state != IOMM_FORMAT_LOADING)
		iomm_format_forget_notice(view.notice, past);
}

void iomm_format_past_end(struct iomm_ctx *ctx, struct iomm_format_past *past)
{
	struct iomm_format_notice *notice;
	struct iomm_format_impl *impl;

	iomm_wake(ctx, &iomm_formats(ctx)->changes);
	while (!iomm_list_empty(&past->impls)) {
		impl = iomm_container_of(past->impls.next,
					 struct iomm_format_impl, link);
		iomm_list_del(&impl->link);
		iomm_free(ctx, impl, sizeof(*impl));
	}
	while (!iomm_list_empty(&past->notices)) {
		notice = from_link(past->notices.next);
		iomm_list_del(&notice->link);
		iomm_release(ctx, notice->release, notice->data);
		iomm_free(ctx, notice, sizeof(*notice));
	}
}

/* Announcing */

static int
read_loader(struct iomm_ctx *ctx, const struct iomm_format_loader *loader,
	    struct iomm_format_loader *l)
{
	int err;

	*l = (struct iomm_format_loader){ .size = sizeof(*l) };
	if (!loader)
		return 0;
	err = iomm_struct_in(ctx, l, sizeof(*l), IOMM_FORMAT_LOADER_SIZE_VER0,
			     loader, "iomm_format_loader");
	if (!err)
		err = iomm_check_bits(ctx, l->flags, 0,
				      "iomm_format_loader.flags");
	if (!err && !l->load)
		err = IOMM_FAIL(ctx, IOMM_EINVAL,
				"struct iomm_format_loader lacks load");
	return err;
}

/* In place of an earlier one that came to nothing. The lock is held. */
static int insert(struct iomm_ctx *ctx, struct iomm_format_notice *notice,
		  struct iomm_format_past *past)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_view view = iomm_format_look(formats, notice->name);
	uint32_t state = iomm_format_state(&view, iomm_now(ctx));

	if (formats->sealed)
		return IOMM_FAIL(ctx, IOMM_ENODEV,
				 "format %s is announced too late: the formats "
				 "are sealed",
				 IOMM_STR(notice->name));
	if (iomm_format_pending(state) || state == IOMM_FORMAT_LIVE)
		return IOMM_FAIL(ctx, IOMM_EEXIST, "format %s is %s already",
				 IOMM_STR(notice->name),
				 IOMM_STR(state == IOMM_FORMAT_LIVE
						  ? "there"
						  : "on its way"));
	/* A load that goes on after its deadline has its say first. */
	if (view.notice && view.notice->state == IOMM_FORMAT_LOADING)
		return IOMM_FAIL(ctx, IOMM_EEXIST,
				 "format %s is late, and its loader still runs",
				 IOMM_STR(notice->name));
	iomm_format_forget(formats, notice->name, past);
	iomm_list_add_tail(&formats->notices, &notice->link);
	return 0;
}

static int
announce(struct iomm_ctx *ctx, const struct iomm_format_notice *wanted)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_notice *notice = iomm_alloc(ctx, sizeof(*notice));
	struct iomm_format_past past;
	int err;

	if (!notice)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory to announce format %s",
				 IOMM_STR(wanted->name));
	*notice = *wanted;
	iomm_list_init(&notice->link);
	iomm_format_past_init(&past);
	iomm_lock(ctx, &formats->lock);
	err = insert(ctx, notice, &past);
	iomm_unlock(ctx, &formats->lock);
	iomm_format_past_end(ctx, &past);
	if (err)
		iomm_free(ctx, notice, sizeof(*notice));
	return err;
}

static int
read_and_announce(struct iomm_ctx *ctx, const char *name, uint64_t timeout,
		  const struct iomm_format_loader *loader, void *data,
		  void (*release)(void *data))
{
	struct iomm_format_notice wanted = {
		.state = IOMM_FORMAT_EXPECTED,
		.deadline = iomm_deadline(ctx, timeout),
		.data = data,
		.release = release,
	};
	struct iomm_format_loader l;
	int err = iomm_format_check_name(ctx, name);

	if (!err)
		err = read_loader(ctx, loader, &l);
	if (err)
		return err;
	(void)iomm_copy_string(wanted.name, sizeof(wanted.name), name);
	wanted.load = l.load;
	return announce(ctx, &wanted);
}

int iomm_format_announce(struct iomm_ctx *ctx, const char *name,
			 uint64_t timeout,
			 const struct iomm_format_loader *loader, void *data,
			 void (*release)(void *data))
{
	int err;

	if (!ctx) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	iomm_enter(ctx);
	err = read_and_announce(ctx, name, timeout, loader, data, release);
	if (err)
		iomm_release(ctx, release, data);
	return iomm_leave(ctx, err);
}

/* Deadlines */

/* One whose deadline has passed becomes late; its loader is not needed. */
static bool expire_one(struct iomm_ctx *ctx)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	uint64_t now = iomm_now(ctx);
	struct iomm_format_notice old = { .state = 0 };
	struct iomm_list *pos;

	iomm_lock(ctx, &formats->lock);
	iomm_list_for_each (pos, &formats->notices) {
		struct iomm_format_notice *notice = from_link(pos);

		if (notice->state != IOMM_FORMAT_EXPECTED ||
		    notice->deadline > now)
			continue;
		old = *notice;
		notice->state = IOMM_FORMAT_LATE;
		notice->load = NULL;
		notice->release = NULL;
		iomm_formats_changed(ctx);
		break;
	}
	iomm_unlock(ctx, &formats->lock);
	if (!old.state)
		return false;
	iomm_wake(ctx, &formats->changes);
	iomm_release(ctx, old.release, old.data);
	iomm_format_tell(ctx, old.name, -IOMM_ETIMEDOUT);
	iomm_arrived(ctx);
	return true;
}

/* One that somebody has asked for, with the turn to load it. */
static struct iomm_format_notice *take_wanted(struct iomm_ctx *ctx)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_notice *notice, *found = NULL;
	struct iomm_list *pos;

	iomm_lock(ctx, &formats->lock);
	iomm_list_for_each (pos, &formats->notices) {
		notice = from_link(pos);
		if (notice->wanted && iomm_format_loadable(formats, notice)) {
			found = notice;
			iomm_format_load_begin(ctx, found);
			break;
		}
	}
	iomm_unlock(ctx, &formats->lock);
	return found;
}

void iomm_formats_run(struct iomm_ctx *ctx)
{
	struct iomm_format_notice *notice;

	while (expire_one(ctx))
		;
	while ((notice = take_wanted(ctx)))
		iomm_format_load(ctx, notice);
}

uint64_t iomm_formats_next_deadline(struct iomm_ctx *ctx)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	const struct iomm_format_notice *notice;
	uint64_t next = IOMM_FOREVER;
	struct iomm_list *pos;

	iomm_lock(ctx, &formats->lock);
	iomm_list_for_each (pos, &formats->notices) {
		notice = from_link(pos);
		if (notice->wanted && iomm_format_loadable(formats, notice))
			next = 0;
		if (notice->state == IOMM_FORMAT_EXPECTED &&
		    notice->deadline < next)
			next = notice->deadline;
	}
	iomm_unlock(ctx, &formats->lock);
	return next;
}

/* Sealing */

void iomm_formats_seal_all(struct iomm_ctx *ctx)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_list *pos, *next;
	struct iomm_format_past past;
	uint32_t state;

	iomm_format_past_init(&past);
	iomm_lock(ctx, &formats->lock);
	formats->sealed = true;
	for (pos = formats->notices.next; pos != &formats->notices;
	     pos = next) {
		next = pos->next;
		state = from_link(pos)->state;
		if (state == IOMM_FORMAT_EXPECTED ||
		    state == IOMM_FORMAT_LATE ||
		    (state == IOMM_FORMAT_FAILED && formats->closed))
			iomm_format_forget_notice(from_link(pos), &past);
	}
	iomm_formats_changed(ctx);
	iomm_unlock(ctx, &formats->lock);
	iomm_list_for_each (pos, &past.notices)
		iomm_format_tell(ctx, from_link(pos)->name, -IOMM_ENOENT);
	iomm_format_past_end(ctx, &past);
	iomm_arrived(ctx);
}

int iomm_formats_seal(struct iomm_ctx *ctx)
{
	if (!ctx)
		return -IOMM_EINVAL;
	iomm_enter(ctx);
	iomm_formats_seal_all(ctx);
	return iomm_leave(ctx, 0);
}
