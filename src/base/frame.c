/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where a thread is: entering and leaving the library, and its callbacks. */
#include "base/ctx.h"

struct iomm_thread *iomm_thread(struct iomm_ctx *ctx)
{
	return ctx->platform.thread(ctx->platform_data);
}

uint32_t iomm_thread_number(struct iomm_ctx *ctx)
{
	struct iomm_thread *thread = iomm_thread(ctx);

	/* 0 is none yet. */
	while (!thread->number)
		thread->number =
			atomic_fetch_add_explicit(&ctx->threads, 1,
						  memory_order_relaxed) +
			1;
	return thread->number - 1;
}

static bool in_atomic(const struct iomm_thread *thread)
{
	const struct iomm_frame *f;

	for (f = thread->frames; f; f = f->outer) {
		if (f->atomic)
			return true;
	}
	return thread->looking;
}

/* May objects of ctx be destroyed here? Not in atomic hooks, and not while a
 * callback of the same context is running: what called it may still use them.
 */
static bool
may_reap(const struct iomm_thread *thread, const struct iomm_ctx *ctx)
{
	const struct iomm_frame *f;

	for (f = thread->frames; f; f = f->outer) {
		if (f->atomic || f->ctx == ctx)
			return false;
	}
	return !thread->looking;
}

void iomm_enter(struct iomm_ctx *ctx)
{
	iomm_ctx_hold(ctx);
}

/*
 * Destroys the contexts that wait for it on this thread, unless it is in an
 * atomic hook. The thread's storage may go with the last of them: it is not
 * looked at again.
 */
static void bury_contexts(struct iomm_thread *thread)
{
	struct iomm_ctx *dead = thread->dead, *next;

	if (!dead || in_atomic(thread))
		return;
	thread->dead = NULL;
	for (; dead; dead = next) {
		next = dead->next_dead;
		iomm_ctx_destroy(dead);
	}
}

int iomm_leave(struct iomm_ctx *ctx, int result)
{
	struct iomm_thread *thread = iomm_thread(ctx);

	if (atomic_load_explicit(&ctx->reap, memory_order_relaxed)) {
		if (may_reap(thread, ctx))
			iomm_object_reap(ctx);
		else
			iomm_wakeup(ctx);
	}
	bury_contexts(thread);
	iomm_ctx_drop(ctx);
	return result;
}

void iomm_callback_begin(struct iomm_ctx *ctx, struct iomm_frame *frame,
			 bool atomic)
{
	struct iomm_thread *thread = iomm_thread(ctx);

	frame->outer = thread->frames;
	frame->ctx = ctx;
	frame->atomic = atomic;
	frame->owner = NULL;
	thread->frames = frame;
}

void iomm_callback_end(struct iomm_ctx *ctx, struct iomm_frame *frame)
{
	iomm_thread(ctx)->frames = frame->outer;
}

const void *iomm_callback_owner(struct iomm_ctx *ctx)
{
	const struct iomm_frame *f;

	for (f = iomm_thread(ctx)->frames; f; f = f->outer) {
		if (f->ctx == ctx && f->owner)
			return f->owner;
	}
	return NULL;
}

void iomm_release(struct iomm_ctx *ctx, void (*release)(void *data), void *data)
{
	struct iomm_frame frame;

	if (!release)
		return;
	iomm_callback_begin(ctx, &frame, false);
	release(data);
	iomm_callback_end(ctx, &frame);
}

bool iomm_in_atomic(struct iomm_ctx *ctx)
{
	return in_atomic(iomm_thread(ctx));
}

bool iomm_in_callback(struct iomm_ctx *ctx)
{
	const struct iomm_thread *thread = iomm_thread(ctx);

	return thread->frames || thread->looking;
}

int iomm_may_wait(struct iomm_ctx *ctx, const char *what)
{
	if (!iomm_in_callback(ctx))
		return 0;
	return IOMM_FAIL(ctx, IOMM_EDEADLK,
			 "%s would wait, and nothing waits inside a callback",
			 IOMM_STR(what));
}

bool iomm_wait(struct iomm_ctx *ctx, _Atomic uint32_t *word, uint32_t expected,
	       uint64_t deadline)
{
	if (!ctx->platform.wait ||
	    (deadline != IOMM_FOREVER && iomm_now(ctx) >= deadline))
		return false;
	ctx->platform.wait(ctx->platform_data, (uint32_t *)(void *)word,
			   expected, deadline);
	return true;
}

void iomm_wake(struct iomm_ctx *ctx, _Atomic uint32_t *word)
{
	if (ctx->platform.wake)
		ctx->platform.wake(ctx->platform_data,
				   (uint32_t *)(void *)word);
}

/*
 * A context whose last reference goes inside an atomic hook of another context
 * cannot be torn down there, since that runs release functions. It waits on
 * the thread for the first exit from the library outside.
 */
void iomm_ctx_retire(struct iomm_ctx *ctx)
{
	struct iomm_thread *thread = iomm_thread(ctx);

	ctx->next_dead = thread->dead;
	thread->dead = ctx;
	bury_contexts(thread);
}
