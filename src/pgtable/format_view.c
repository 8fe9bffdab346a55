/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the entries of a name amount to. */
#include "pgtable/format_registry.h"

#include "base/abi.h"
#include "base/mem.h"

static struct iomm_format_impl *impl_of(struct iomm_list *link)
{
	return iomm_container_of(link, struct iomm_format_impl, link);
}

static struct iomm_format_notice *notice_of(struct iomm_list *link)
{
	return iomm_container_of(link, struct iomm_format_notice, link);
}

static void add(struct iomm_format_view *view, struct iomm_format_impl *impl)
{
	switch (impl->state) {
	case IOMM_FORMAT_DYING:
		view->dying = true;
		view->dying_pins += impl->pins;
		break;
	case IOMM_FORMAT_FAILED:
		view->failed = impl;
		break;
	default:
		view->current = impl;
		break;
	}
}

struct iomm_format_view
iomm_format_look(struct iomm_formats *formats, const char *name)
{
	struct iomm_format_view view = { 0 };
	struct iomm_list *pos;

	iomm_list_for_each (pos, &formats->impls) {
		if (iomm_streq(impl_of(pos)->name, name))
			add(&view, impl_of(pos));
	}
	iomm_list_for_each (pos, &formats->notices) {
		if (iomm_streq(notice_of(pos)->name, name))
			view.notice = notice_of(pos);
	}
	return view;
}

uint32_t iomm_format_state(const struct iomm_format_view *view, uint64_t now)
{
	const struct iomm_format_notice *notice = view->notice;

	if (view->current)
		return view->current->state;
	/* A deadline is one also before anybody has run the context. */
	if (notice && notice->state != IOMM_FORMAT_FAILED &&
	    notice->deadline <= now)
		return IOMM_FORMAT_LATE;
	if (notice)
		return notice->state;
	if (view->failed)
		return IOMM_FORMAT_FAILED;
	return view->dying ? IOMM_FORMAT_DYING : 0;
}

int iomm_format_answer(const struct iomm_format_view *view, uint64_t now)
{
	switch (iomm_format_state(view, now)) {
	case IOMM_FORMAT_LIVE:
		return 0;
	case IOMM_FORMAT_EXPECTED:
	case IOMM_FORMAT_LOADING:
	case IOMM_FORMAT_TESTING:
		return -IOMM_EPROBE_DEFER;
	case IOMM_FORMAT_LATE:
		return -IOMM_ETIMEDOUT;
	case IOMM_FORMAT_FAILED:
		return view->notice ? view->notice->error : -IOMM_ELIBBAD;
	default:
		return -IOMM_ENOENT;
	}
}

int iomm_format_check_name(struct iomm_ctx *ctx, const char *name)
{
	if (name && name[0] && iomm_strlen(name) < IOMM_FORMAT_NAME_MAX)
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "\"%s\" is no name of a format: it has 1 to %u "
			 "characters",
			 IOMM_STR(name ? name : ""), IOMM_FORMAT_NAME_MAX - 1);
}

void iomm_formats_changed(struct iomm_ctx *ctx)
{
	atomic_fetch_add_explicit(&iomm_formats(ctx)->changes, 1,
				  memory_order_relaxed);
	iomm_arriving(ctx);
}

/* For a user's eyes */

static int compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

/* The one of two names that comes first behind `after`; NULL: neither does. */
static const char *nearer(const char *after, const char *a, const char *b)
{
	if (compare(b, after) <= 0)
		return a;
	return !a || compare(b, a) < 0 ? b : a;
}

static const char *next_name(struct iomm_formats *formats, const char *after)
{
	const char *name = NULL;
	struct iomm_list *pos;

	iomm_list_for_each (pos, &formats->impls)
		name = nearer(after, name, impl_of(pos)->name);
	iomm_list_for_each (pos, &formats->notices)
		name = nearer(after, name, notice_of(pos)->name);
	return name;
}

static void fill_slot(struct iomm_format_slot *slot, const char *name,
		      const struct iomm_format_view *view, uint64_t now)
{
	*slot = (struct iomm_format_slot){
		.size = sizeof(*slot),
		.state = iomm_format_state(view, now),
		.pins = view->current ? view->current->pins : 0,
		.dying_pins = view->dying_pins,
		.answer = (uint32_t)-iomm_format_answer(view, now),
	};
	(void)iomm_copy_string(slot->name, sizeof(slot->name), name);
	if (slot->state == IOMM_FORMAT_EXPECTED)
		slot->deadline = view->notice->deadline;
}

static int
next(struct iomm_ctx *ctx, const char *after, struct iomm_format_slot *slot)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_view view;
	struct iomm_format_slot known;
	const char *name;

	iomm_lock(ctx, &formats->lock);
	name = next_name(formats, after);
	if (name) {
		view = iomm_format_look(formats, name);
		fill_slot(&known, name, &view, iomm_now(ctx));
	}
	iomm_unlock(ctx, &formats->lock);
	if (!name)
		return IOMM_FAIL(ctx, IOMM_ENOENT,
				 "there is no format behind \"%s\"",
				 IOMM_STR(after));
	return iomm_struct_out(ctx, slot, &known, sizeof(known),
			       IOMM_FORMAT_SLOT_SIZE_VER0, "iomm_format_slot");
}

int iomm_format_next(struct iomm_ctx *ctx, const char *after,
		     struct iomm_format_slot *slot)
{
	if (!ctx)
		return -IOMM_EINVAL;
	if (!slot)
		return iomm_fail_null(ctx, "iomm_format_next");
	return next(ctx, after ? after : "", slot);
}
