/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/object.h"

#include "base/ctx.h"

#define SATURATED IOMM_REFS_SATURATED

#if IOMM_CHECKED
/* The count of an object that was destroyed and is kept in quarantine. */
#define DEAD	       0x7fffdeadu
#define QUARANTINE_MAX 4096u
#endif

static struct iomm_lock *lock_of(struct iomm_object *object)
{
	return (struct iomm_lock *)(void *)((char *)object +
					    object->type->lock);
}

/* So that the count begins a cache line. */
static uint32_t bytes_before(const struct iomm_object_type *type)
{
	return type->apart
		       ? IOMM_CACHE_LINE - offsetof(struct iomm_object, refs)
		       : 0;
}

static uint64_t align_of(const struct iomm_object_type *type)
{
	return type->apart ? IOMM_CACHE_LINE : IOMM_ALLOC_ALIGN;
}

static struct iomm_object *
take(struct iomm_ctx *ctx, const struct iomm_object_type *type)
{
	uint32_t before = bytes_before(type);
	char *memory = ctx->platform.alloc(ctx->platform_data,
					   before + type->bytes,
					   align_of(type));

	return memory ? (struct iomm_object *)(void *)(memory + before) : NULL;
}

void iomm_object_free(struct iomm_object *object)
{
	const struct iomm_object_type *type = object->type;
	struct iomm_ctx *ctx = object->ctx;
	uint32_t before = bytes_before(type);

	ctx->platform.free(ctx->platform_data, (char *)object - before,
			   before + type->bytes, align_of(type));
}

static struct iomm_object *
allocate(struct iomm_ctx *ctx, const struct iomm_object_type *type)
{
	struct iomm_object *object = take(ctx, type);

	if (!object)
		return NULL;
	object->type = type;
	object->ctx = ctx;
	if (type->lock && iomm_lock_init(ctx, lock_of(object))) {
		iomm_object_free(object);
		return NULL;
	}
	return object;
}

void *
iomm_object_create(struct iomm_ctx *ctx, const struct iomm_object_type *type)
{
	struct iomm_object *object = allocate(ctx, type);

	if (!object) {
		IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for a %s",
			  IOMM_STR(type->name));
		return NULL;
	}
	atomic_init(&object->refs, 1);
	iomm_ctx_hold(ctx);
	atomic_fetch_add_explicit(&ctx->live[type->kind], 1,
				  memory_order_relaxed);
	return object;
}

void *iomm_object_get(void *handle)
{
	struct iomm_object *object = handle;
	uint32_t old = atomic_fetch_add_explicit(&object->refs, 1,
						 memory_order_relaxed);

	if (old >= SATURATED - 1) {
		atomic_store_explicit(&object->refs, SATURATED,
				      memory_order_relaxed);
		if (old == SATURATED - 1)
			IOMM_LOG(object->ctx, IOMM_LOG_ERROR,
				 object->type->name,
				 "the reference count is full: this %s is "
				 "never freed",
				 IOMM_STR(object->type->name));
	}
	return handle;
}

bool iomm_object_get_unless_zero(struct iomm_object *object)
{
	uint32_t refs =
		atomic_load_explicit(&object->refs, memory_order_relaxed);

	while (refs && refs < SATURATED) {
		if (atomic_compare_exchange_weak_explicit(&object->refs, &refs,
							  refs + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	}
	return refs != 0;
}

/* Takes one off, unless no more than `keep` are left: false then. `*last` tells
 * whether that was the last one. A saturated count is final. */
static bool take_off(struct iomm_object *object, uint32_t keep, bool *last)
{
	uint32_t refs =
		atomic_load_explicit(&object->refs, memory_order_relaxed);

	*last = false;
	do {
		if (refs >= SATURATED)
			return true;
		if (refs <= keep)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&object->refs, &refs,
							refs - 1,
							memory_order_acq_rel,
							memory_order_relaxed));
	*last = refs == 1;
	return true;
}

void iomm_object_requeue(struct iomm_object *object)
{
	/* Once it is on the list another thread may destroy it. */
	struct iomm_ctx *ctx = object->ctx;

	object->next = atomic_load_explicit(&ctx->reap, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&ctx->reap, &object->next,
						      object,
						      memory_order_release,
						      memory_order_relaxed))
		;
}

void iomm_object_drop(void *handle)
{
	struct iomm_object *object = handle;
	bool last;

	if (object && take_off(object, 0, &last) && last)
		iomm_object_requeue(object);
}

#if IOMM_CHECKED

/* Keeps the header of a dead object for a while, so that its use is seen. */
static void bury(struct iomm_object *object)
{
	struct iomm_ctx *ctx = object->ctx;
	struct iomm_object *oldest = NULL;

	atomic_store(&object->refs, DEAD);
	object->next = NULL;
	iomm_lock(ctx, &ctx->quarantine_lock);
	*ctx->quarantine_tail = object;
	ctx->quarantine_tail = &object->next;
	if (++ctx->quarantined > QUARANTINE_MAX) {
		oldest = ctx->quarantine;
		ctx->quarantine = oldest->next;
		ctx->quarantined--;
	}
	iomm_unlock(ctx, &ctx->quarantine_lock);
	if (oldest)
		iomm_object_free(oldest);
}

bool iomm_object_usable(const struct iomm_object *object, const char *call)
{
	if (atomic_load_explicit(
		    &((struct iomm_object *)(uintptr_t)object)->refs,
		    memory_order_relaxed) != DEAD)
		return true;
	iomm_misuse(object->ctx,
		    IOMM_TEXT("%s of a %s after its last put", IOMM_STR(call),
			      IOMM_STR(object->type->name)));
	return false;
}

#else

static void bury(struct iomm_object *object)
{
	iomm_object_free(object);
}

#endif

static void destroy(struct iomm_object *object)
{
	struct iomm_ctx *ctx = object->ctx;
	const struct iomm_object_type *type = object->type;

	if (type->ready && !type->ready(object))
		return;
	type->destroy(object);
	if (type->lock)
		iomm_lock_fini(ctx, lock_of(object));
	bury(object);
	atomic_fetch_sub_explicit(&ctx->live[type->kind], 1,
				  memory_order_relaxed);
	iomm_ctx_drop(ctx);
}

void iomm_object_reap(struct iomm_ctx *ctx)
{
	struct iomm_object *object, *next;

	while ((object = atomic_exchange_explicit(&ctx->reap, NULL,
						  memory_order_acquire))) {
		for (; object; object = next) {
			next = object->next;
			destroy(object);
		}
	}
}

/* Get and put have no result: a bad handle can only be reported, and only a
 * checked build looks. */
static bool fit_to_count(const struct iomm_object *object,
			 const struct iomm_object_type *type, const char *call)
{
#if IOMM_CHECKED
	if (object->type != type) {
		/* A handle of another kind, or of another copy of the
		 * library: either starts with an object. */
		iomm_misuse(object->ctx,
			    IOMM_TEXT("%s of something that is no %s of this "
				      "library",
				      IOMM_STR(call), IOMM_STR(type->name)));
		return false;
	}
	if (!iomm_object_usable(object, call))
		return false;
	if (!atomic_load_explicit(
		    &((struct iomm_object *)(uintptr_t)object)->refs,
		    memory_order_relaxed)) {
		iomm_misuse(object->ctx,
			    IOMM_TEXT("%s of a %s after its last put",
				      IOMM_STR(call), IOMM_STR(type->name)));
		return false;
	}
#else
	(void)object;
	(void)type;
	(void)call;
#endif
	return true;
}

void *iomm_handle_get(void *handle, const struct iomm_object_type *type)
{
	if (handle && fit_to_count(handle, type, "a get"))
		iomm_object_get(handle);
	return handle;
}

void iomm_handle_put(void *handle, const struct iomm_object_type *type)
{
	struct iomm_object *object = handle;
	struct iomm_ctx *ctx;
	bool last;

	if (!handle || !fit_to_count(handle, type, "a put"))
		return;
	ctx = object->ctx;
	if (take_off(object, 1, &last))
		return;
	/* It may be the last: the object's hold on the context goes with it. */
	iomm_enter(ctx);
	iomm_object_drop(handle);
	(void)iomm_leave(ctx, 0);
}
