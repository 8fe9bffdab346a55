/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Running loaders, and asking for formats. */
#include "pgtable/format_registry.h"

#include "base/abi.h"

/* Loading */

bool iomm_format_loadable(const struct iomm_formats *formats,
			  const struct iomm_format_notice *notice)
{
	return notice->state == IOMM_FORMAT_EXPECTED && notice->load &&
	       !formats->loading;
}

void iomm_format_load_begin(struct iomm_ctx *ctx,
			    struct iomm_format_notice *notice)
{
	notice->state = IOMM_FORMAT_LOADING;
	notice->thread = iomm_thread(ctx);
	notice->wanted = false;
	iomm_formats(ctx)->loading = notice;
}

static int run_loader(struct iomm_ctx *ctx, struct iomm_format_notice *notice)
{
	struct iomm_frame frame;
	int err;

	iomm_callback_begin(ctx, &frame, false);
	err = iomm_answer(notice->load(notice->data, ctx, notice->name));
	iomm_callback_end(ctx, &frame);
	return err;
}

/* What requests answer after a loader that brought no format. */
static int verdict(const struct iomm_formats *formats,
		   const struct iomm_format_notice *notice, int err)
{
	if (err == -IOMM_EPROBE_DEFER)
		return formats->sealed ? -IOMM_ENOENT : err;
	if (err)
		return err;
	/* It says that all went well. */
	return notice->error ? notice->error : -IOMM_EPROTO;
}

/* The lock is held. */
static void end_load(struct iomm_ctx *ctx, struct iomm_format_notice *notice,
		     int err, struct iomm_format_past *past)
{
	struct iomm_formats *formats = iomm_formats(ctx);

	formats->loading = NULL;
	iomm_formats_changed(ctx);
	if (!notice->arrived)
		notice->error = verdict(formats, notice, err);
	if (notice->arrived || formats->closed) {
		iomm_format_forget_notice(notice, past);
		return;
	}
	notice->load = NULL;
	notice->state = notice->error == -IOMM_EPROBE_DEFER
				? IOMM_FORMAT_EXPECTED
				: IOMM_FORMAT_FAILED;
}

/* The lock is held. */
static bool more_wanted(const struct iomm_formats *formats)
{
	const struct iomm_list *pos;

	iomm_list_for_each (pos, &formats->notices) {
		if (iomm_container_of(pos, struct iomm_format_notice, link)
			    ->wanted)
			return true;
	}
	return false;
}

void iomm_format_load(struct iomm_ctx *ctx, struct iomm_format_notice *notice)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	/* Others may free the notice as soon as its turn has ended. */
	void (*release)(void *data) = notice->release;
	void *data = notice->data;
	char name[IOMM_FORMAT_NAME_MAX];
	struct iomm_format_past past;
	int err = run_loader(ctx, notice);
	bool more;

	(void)iomm_copy_string(name, sizeof(name), notice->name);
	iomm_format_past_init(&past);
	iomm_lock(ctx, &formats->lock);
	end_load(ctx, notice, err, &past);
	err = notice->arrived ? 0 : notice->error;
	notice->release = NULL;
	more = more_wanted(formats);
	iomm_unlock(ctx, &formats->lock);
	iomm_format_past_end(ctx, &past);
	iomm_release(ctx, release, data);
	if (err && err != -IOMM_EPROBE_DEFER)
		iomm_format_tell(ctx, name, err);
	iomm_arrived(ctx);
	if (more)
		iomm_wakeup(ctx);
}

/* Asking */

enum step {
	ANSWER, /* as `result` says; 0: with a pin on `impl` */
	LOAD,	/* `notice`; it is this thread's turn */
	SLEEP,	/* until `changes` are others, or `deadline` */
};

struct question {
	const char *name;
	bool wait;
	bool wanted; /* iomm_ctx_run() is to load it */
	int result;
	struct iomm_format_impl *impl;
	struct iomm_format_notice *notice;
	uint32_t changes;
	uint64_t deadline;
};

static int fail_late(struct iomm_ctx *ctx, const char *name)
{
	return IOMM_FAIL(ctx, IOMM_ETIMEDOUT,
			 "format %s did not come before the deadline of its "
			 "announcement",
			 IOMM_STR(name));
}

static int fail_absent(struct iomm_ctx *ctx, const char *name,
		       const struct iomm_format_view *view)
{
	const struct iomm_formats *formats = iomm_formats(ctx);

	return IOMM_FAIL(
		ctx, IOMM_ENOENT, "there is no page-table format \"%s\"%s%s",
		IOMM_STR(name), IOMM_STR(view->dying ? " any more" : ""),
		IOMM_STR(formats->sealed ? ", and no more will come" : ""));
}

static int fail_failed(struct iomm_ctx *ctx, const char *name, int answer)
{
	return IOMM_FAIL(ctx, -answer, "format %s could not be had: %s",
			 IOMM_STR(name), IOMM_STR(iomm_strerror(answer)));
}

static int fail_pending(struct iomm_ctx *ctx, const char *name, uint32_t state)
{
	return IOMM_FAIL(ctx, IOMM_EPROBE_DEFER,
			 "format %s is not there yet: it is %s", IOMM_STR(name),
			 IOMM_STR(state == IOMM_FORMAT_EXPECTED ? "expected"
				  : state == IOMM_FORMAT_LOADING
					  ? "being loaded"
					  : "being tested"));
}

/* A format that is on its way. The lock is held. */
static enum step pend(struct iomm_ctx *ctx, struct question *q,
		      const struct iomm_format_view *view, uint32_t state)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_notice *notice = view->notice;

	if (!q->wait) {
		q->wanted = notice && notice->load &&
			    notice->state == IOMM_FORMAT_EXPECTED;
		if (q->wanted)
			notice->wanted = true;
		q->result = fail_pending(ctx, q->name, state);
		return ANSWER;
	}
	q->result = iomm_may_wait(ctx, "iomm_format_request");
	if (q->result)
		return ANSWER;
	q->notice = notice;
	if (notice && iomm_format_loadable(formats, notice)) {
		iomm_format_load_begin(ctx, notice);
		return LOAD;
	}
	q->changes =
		atomic_load_explicit(&formats->changes, memory_order_relaxed);
	q->deadline = notice ? notice->deadline : IOMM_FOREVER;
	return SLEEP;
}

/* The lock is held. */
static enum step look(struct iomm_ctx *ctx, struct question *q)
{
	struct iomm_format_view view =
		iomm_format_look(iomm_formats(ctx), q->name);
	uint64_t now = iomm_now(ctx);
	uint32_t state = iomm_format_state(&view, now);

	if (iomm_format_pending(state))
		return pend(ctx, q, &view, state);
	q->result = 0;
	if (state == IOMM_FORMAT_LIVE) {
		view.current->pins++;
		q->impl = view.current;
	} else if (state == IOMM_FORMAT_LATE) {
		q->result = fail_late(ctx, q->name);
	} else if (state == IOMM_FORMAT_FAILED) {
		q->result = fail_failed(ctx, q->name,
					iomm_format_answer(&view, now));
	} else {
		q->result = fail_absent(ctx, q->name, &view);
	}
	return ANSWER;
}

static int ask(struct iomm_ctx *ctx, const char *name, bool wait,
	       uint64_t until, struct iomm_format_impl **impl)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct question q = { .name = name, .wait = wait };
	enum step step;

	for (;;) {
		iomm_lock(ctx, &formats->lock);
		step = look(ctx, &q);
		iomm_unlock(ctx, &formats->lock);
		if (q.wanted)
			iomm_wakeup(ctx);
		if (step == ANSWER)
			break;
		if (step == LOAD)
			iomm_format_load(ctx, q.notice);
		else if (!iomm_wait(ctx, &formats->changes, q.changes,
				    until < q.deadline ? until : q.deadline))
			/* Once more, to say how it stands now. */
			q.wait = false;
	}
	*impl = q.impl;
	return q.result;
}

static int request(struct iomm_ctx *ctx, const char *name, bool wait,
		   uint64_t until, struct iomm_format **out)
{
	struct iomm_format_impl *impl;
	int err = ask(ctx, name, wait, until, &impl);

	return err ? err : iomm_format_handle(ctx, impl, out);
}

int iomm_format_pin(struct iomm_ctx *ctx, const char *name,
		    struct iomm_format **out)
{
	return request(ctx, name, false, 0, out);
}

static int
checked_request(struct iomm_ctx *ctx, const char *name, uint32_t flags,
		uint64_t timeout, struct iomm_format **out)
{
	int err;

	if (!name || !out)
		return iomm_fail_null(ctx, "iomm_format_request");
	err = iomm_check_bits(ctx, flags, IOMM_FORMAT_WAIT,
			      "flags of iomm_format_request");
	if (err)
		return err;
	if (timeout && !flags)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "iomm_format_request has a time-out only with "
				 "IOMM_FORMAT_WAIT");
	return request(ctx, name, flags & IOMM_FORMAT_WAIT,
		       iomm_deadline(ctx, timeout), out);
}

int iomm_format_request(struct iomm_ctx *ctx, const char *name, uint32_t flags,
			uint64_t timeout, struct iomm_format **out)
{
	if (!ctx)
		return -IOMM_EINVAL;
	iomm_enter(ctx);
	return iomm_leave(ctx, checked_request(ctx, name, flags, timeout, out));
}
