/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <iomm/ctx.h>

#include "base/abi.h"
#include "base/ctx.h"
#include "base/readers.h"

uint32_t iomm_version(void)
{
	return IOMM_VERSION_MAJOR << 16 | IOMM_VERSION_MINOR;
}

/* Memory, locks, time */

void *iomm_alloc(struct iomm_ctx *ctx, uint64_t bytes)
{
	return ctx->platform.alloc(ctx->platform_data, bytes, IOMM_ALLOC_ALIGN);
}

void iomm_free(struct iomm_ctx *ctx, void *ptr, uint64_t bytes)
{
	if (ptr)
		ctx->platform.free(ctx->platform_data, ptr, bytes,
				   IOMM_ALLOC_ALIGN);
}

char *iomm_strdup(struct iomm_ctx *ctx, const char *s)
{
	uint32_t bytes = iomm_strlen(s) + 1;
	char *copy = iomm_alloc(ctx, bytes);

	if (copy)
		(void)iomm_copy_string(copy, bytes, s);
	return copy;
}

void iomm_strfree(struct iomm_ctx *ctx, char *s)
{
	if (s)
		iomm_free(ctx, s, iomm_strlen(s) + 1);
}

int iomm_lock_init(struct iomm_ctx *ctx, struct iomm_lock *lock)
{
	if (!ctx->platform.lock_init)
		return 0;
	return iomm_answer(ctx->platform.lock_init(ctx->platform_data, lock));
}

void iomm_lock_fini(struct iomm_ctx *ctx, struct iomm_lock *lock)
{
	if (ctx->platform.lock_fini)
		ctx->platform.lock_fini(ctx->platform_data, lock);
}

uint64_t iomm_now(struct iomm_ctx *ctx)
{
	return ctx->platform.time(ctx->platform_data);
}

uint64_t iomm_deadline(struct iomm_ctx *ctx, uint64_t timeout)
{
	uint64_t now = iomm_now(ctx);

	return timeout < IOMM_FOREVER - now ? now + timeout : IOMM_FOREVER;
}

void iomm_wakeup(struct iomm_ctx *ctx)
{
	if (ctx->events.wakeup)
		ctx->events.wakeup(ctx->events_data);
}

void iomm_arriving(struct iomm_ctx *ctx)
{
	atomic_fetch_add_explicit(&ctx->arrivals, 1, memory_order_release);
}

uint32_t iomm_arrivals(struct iomm_ctx *ctx)
{
	return atomic_load_explicit(&ctx->arrivals, memory_order_acquire);
}

/* Also while the subsystems are being made, one after the other. */
static bool has(const struct iomm_ctx *ctx, const struct iomm_subsys *subsys)
{
	return ctx->state[subsys->id];
}

void iomm_arrived(struct iomm_ctx *ctx)
{
	uint32_t n;

	for (n = 0; n < IOMM_NR_SUBSYS; n++) {
		if (iomm_subsystems[n]->arrived && has(ctx, iomm_subsystems[n]))
			iomm_subsystems[n]->arrived(ctx);
	}
}

bool iomm_arrivals_expected(struct iomm_ctx *ctx)
{
	uint32_t n;

	for (n = 0; n < IOMM_NR_SUBSYS; n++) {
		if (iomm_subsystems[n]->expects &&
		    iomm_subsystems[n]->expects(ctx))
			return true;
	}
	return false;
}

/* Making and destroying */

/* The part of a context that is known before there is memory for one. */
static int
read_config(struct iomm_ctx *ctx, const struct iomm_ctx_config *config)
{
	struct iomm_ctx_config c = { 0 };
	const struct iomm_platform *p;
	int err;

	err = config ? iomm_struct_in(NULL, &c, sizeof(c),
				      IOMM_CTX_CONFIG_SIZE_VER0, config,
				      "iomm_ctx_config")
		     : 0;
	/* Whatever could be read is ours to release, on failure too. */
	ctx->platform_data = c.platform_data;
	ctx->platform_release = c.platform_release;
	ctx->events_data = c.events_data;
	ctx->events_release = c.events_release;
	if (err)
		return err;
	if (c.flags || c.reserved || c.log_level > IOMM_LOG_DEBUG)
		return -IOMM_EINVAL;
	ctx->log_level = c.log_level ? c.log_level : IOMM_LOG_WARN;

	if (c.events) {
		err = iomm_struct_in(NULL, &ctx->events, sizeof(ctx->events),
				     IOMM_CTX_EVENTS_SIZE_VER0, c.events,
				     "iomm_ctx_events");
		if (err)
			return err;
		if (ctx->events.flags)
			return -IOMM_EINVAL;
	}
	p = c.platform;
#if __STDC_HOSTED__
	if (!p)
		p = iomm_platform_hosted();
#endif
	if (!p)
		return -IOMM_EINVAL;
	err = iomm_struct_in(NULL, &ctx->platform, sizeof(ctx->platform),
			     IOMM_PLATFORM_SIZE_VER0, p, "iomm_platform");
	if (err)
		return err;
	if (ctx->platform.flags || !ctx->platform.alloc ||
	    !ctx->platform.free || !ctx->platform.thread ||
	    !ctx->platform.time ||
	    !ctx->platform.lock != !ctx->platform.unlock ||
	    !ctx->platform.alloc_near != !ctx->platform.free_near ||
	    (ctx->platform.wait && !ctx->platform.wake))
		return -IOMM_EINVAL;
	return 0;
}

static void release_user_data(const struct iomm_ctx *ctx)
{
	if (ctx->events_release)
		ctx->events_release(ctx->events_data);
	if (ctx->platform_release)
		ctx->platform_release(ctx->platform_data);
}

static void fini_subsystems(struct iomm_ctx *ctx, uint32_t n)
{
	while (n--) {
		if (iomm_subsystems[n]->fini)
			iomm_subsystems[n]->fini(ctx);
		ctx->state[iomm_subsystems[n]->id] = NULL;
	}
}

static int init_subsystems(struct iomm_ctx *ctx)
{
	uint32_t n;
	int err;

	for (n = 0; n < IOMM_NR_SUBSYS; n++) {
		err = iomm_subsystems[n]->init(ctx);
		if (err) {
			fini_subsystems(ctx, n);
			return err;
		}
	}
	return 0;
}

#if IOMM_CHECKED

static int quarantine_init(struct iomm_ctx *ctx)
{
	ctx->quarantine_tail = &ctx->quarantine;
	return iomm_lock_init(ctx, &ctx->quarantine_lock);
}

static void quarantine_fini(struct iomm_ctx *ctx)
{
	struct iomm_object *object;

	while ((object = ctx->quarantine)) {
		ctx->quarantine = object->next;
		iomm_object_free(object);
	}
	iomm_lock_fini(ctx, &ctx->quarantine_lock);
}

#else

static int quarantine_init(struct iomm_ctx *ctx)
{
	(void)ctx;
	return 0;
}

static void quarantine_fini(struct iomm_ctx *ctx)
{
	(void)ctx;
}

#endif

int iomm_ctx_create(const struct iomm_ctx_config *config, struct iomm_ctx **out)
{
	struct iomm_ctx start = { 0 };
	struct iomm_ctx *ctx = NULL;
	int err;

	err = read_config(&start, config);
	if (!err && !out)
		err = -IOMM_EINVAL;
	if (err)
		goto fail;
	ctx = start.platform.alloc(start.platform_data, sizeof(*ctx),
				   IOMM_ALLOC_ALIGN);
	if (!ctx) {
		err = -IOMM_ENOMEM;
		goto fail;
	}
	*ctx = start;
	ctx->born = iomm_now(ctx);
	atomic_init(&ctx->refs, 1);
	atomic_init(&ctx->live[IOMM_HANDLE_CTX], 1);
	err = quarantine_init(ctx);
	if (err)
		goto fail_free;
	err = iomm_readers_init(ctx);
	if (err)
		goto fail_quarantine;
	err = init_subsystems(ctx);
	if (err)
		goto fail_readers;
	*out = ctx;
	return 0;

fail_readers:
	iomm_readers_fini(ctx);
fail_quarantine:
	quarantine_fini(ctx);
fail_free:
	start.platform.free(start.platform_data, ctx, sizeof(*ctx),
			    IOMM_ALLOC_ALIGN);
fail:
	release_user_data(&start);
	return err;
}

void iomm_ctx_destroy(struct iomm_ctx *ctx)
{
	struct iomm_ctx end;
	uint32_t live;

	fini_subsystems(ctx, IOMM_NR_SUBSYS);
	iomm_readers_fini(ctx);
	quarantine_fini(ctx);
	atomic_fetch_sub_explicit(&ctx->live[IOMM_HANDLE_CTX], 1,
				  memory_order_relaxed);
	live = iomm_ctx_live_handles(ctx, IOMM_HANDLE_ANY);
	end = *ctx;
	end.platform.free(end.platform_data, ctx, sizeof(*ctx),
			  IOMM_ALLOC_ALIGN);
	if (end.events.released)
		end.events.released(end.events_data, live);
	release_user_data(&end);
}

void iomm_ctx_hold(struct iomm_ctx *ctx)
{
	if (atomic_fetch_add_explicit(&ctx->refs, 1, memory_order_relaxed) >=
	    IOMM_REFS_SATURATED - 1)
		atomic_store_explicit(&ctx->refs, IOMM_REFS_SATURATED,
				      memory_order_relaxed);
}

void iomm_ctx_drop(struct iomm_ctx *ctx)
{
	uint32_t refs = atomic_load_explicit(&ctx->refs, memory_order_relaxed);

	do {
		if (refs >= IOMM_REFS_SATURATED)
			return;
	} while (!atomic_compare_exchange_weak_explicit(&ctx->refs, &refs,
							refs - 1,
							memory_order_acq_rel,
							memory_order_relaxed));
	if (refs == 1)
		iomm_ctx_retire(ctx);
}

struct iomm_ctx *iomm_ctx_get(struct iomm_ctx *ctx)
{
	if (ctx)
		iomm_ctx_hold(ctx);
	return ctx;
}

void iomm_ctx_put(struct iomm_ctx *ctx)
{
	if (!ctx)
		return;
	/* What was put in an atomic hook goes with the next put outside. */
	iomm_enter(ctx);
	iomm_ctx_drop(ctx);
	(void)iomm_leave(ctx, 0);
}

uint32_t iomm_ctx_live_handles(struct iomm_ctx *ctx, uint32_t kind)
{
	uint32_t n, sum = 0;

	if (!ctx || kind >= IOMM_HANDLE_KINDS)
		return 0;
	for (n = 1; n < IOMM_HANDLE_KINDS; n++) {
		if (kind == IOMM_HANDLE_ANY || kind == n)
			sum += atomic_load_explicit(&ctx->live[n],
						    memory_order_relaxed);
	}
	return sum;
}

/* Work */

int iomm_ctx_run(struct iomm_ctx *ctx)
{
	uint32_t n;
	int err;

	if (!ctx)
		return -IOMM_EINVAL;
	err = iomm_may_wait(ctx, "iomm_ctx_run");
	if (err)
		return err;
	iomm_enter(ctx);
	for (n = 0; n < IOMM_NR_SUBSYS; n++) {
		if (iomm_subsystems[n]->run)
			iomm_subsystems[n]->run(ctx);
	}
	return iomm_leave(ctx, 0);
}

uint64_t iomm_ctx_now(struct iomm_ctx *ctx)
{
	return ctx ? iomm_now(ctx) : 0;
}

int iomm_ctx_next_deadline(struct iomm_ctx *ctx, uint64_t *deadline)
{
	uint64_t next = IOMM_FOREVER, t;
	uint32_t n;

	if (!ctx)
		return -IOMM_EINVAL;
	if (!deadline)
		return iomm_fail_null(ctx, "iomm_ctx_next_deadline");
	if (atomic_load_explicit(&ctx->reap, memory_order_relaxed))
		next = 0;
	for (n = 0; n < IOMM_NR_SUBSYS; n++) {
		if (!iomm_subsystems[n]->next_deadline)
			continue;
		t = iomm_subsystems[n]->next_deadline(ctx);
		next = t < next ? t : next;
	}
	if (next == IOMM_FOREVER)
		return IOMM_FAIL(ctx, IOMM_ENOENT,
				 "nothing is pending in this context");
	*deadline = next;
	return 0;
}

int iomm_ctx_close(struct iomm_ctx *ctx, uint64_t timeout)
{
	int err, result = 0;
	uint32_t n;

	if (!ctx)
		return -IOMM_EINVAL;
	err = iomm_may_wait(ctx, "iomm_ctx_close");
	if (err)
		return err;
	iomm_enter(ctx);
	for (n = IOMM_NR_SUBSYS; n--;) {
		if (!iomm_subsystems[n]->close)
			continue;
		err = iomm_subsystems[n]->close(ctx, timeout);
		result = result ? result : err;
	}
	return iomm_leave(ctx, result);
}
