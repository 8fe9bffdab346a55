/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The counted object that every handle but the context starts with.
 *
 * A last put only pushes the object on its context's lock-free reap list; it
 * is destroyed by iomm_leave() at the outermost exit from the library that is
 * not atomic, or by iomm_ctx_run(). So a put is legal anywhere, and nothing is
 * destroyed under a lock or under the feet of a frame further up the stack.
 */
#ifndef IOMM_BASE_OBJECT_H
#define IOMM_BASE_OBJECT_H

#include <iomm/types.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define IOMM_HANDLE_KINDS 21u

/* Of most hosts; a guess does no harm. */
#define IOMM_CACHE_LINE 64u

struct iomm_object;

/* One per kind, static. Its address is the object's type tag: another kind, or
 * the same kind of another copy of the library, has another address. */
struct iomm_object_type {
	uint32_t kind; /* IOMM_HANDLE_* */
	uint32_t bytes;
	const char *name;
	/* Where its struct iomm_lock is, which comes and goes with the object;
	 * 0: it has none. */
	uint32_t lock;
	/* Threads count it while others work with it: the count has a cache
	 * line without the rest of the header, and what comes behind the header
	 * leaves as much room. */
	bool apart;
	/* May it be destroyed now? False: it is handed to somebody who calls
	 * iomm_object_requeue() when it may. NULL: always. */
	bool (*ready)(struct iomm_object *object);
	void (*destroy)(struct iomm_object *object);
};

struct iomm_object {
	const struct iomm_object_type *type;
	struct iomm_ctx *ctx;
	struct iomm_object *next; /* on the reap list; in quarantine */
	/* Aligned as any member may be, since it may begin a cache line, with all
	 * else before and behind it. */
	_Alignas(8) _Atomic uint32_t refs;
};

/* Allocates type->bytes zeroed with one reference; NULL when out of memory or
 * of locks, with a sentence. The object holds the context. */
void *
iomm_object_create(struct iomm_ctx *ctx, const struct iomm_object_type *type);

/* A count from here on means that somebody leaks references; it stays, and what
 * it counts is never freed. Far enough from the top that racing gets cannot
 * wrap. */
#define IOMM_REFS_SATURATED 0x80000000u

/* For the library itself. _drop never destroys: iomm_leave() does. */
void *iomm_object_get(void *object);
bool iomm_object_get_unless_zero(struct iomm_object *object);
void iomm_object_drop(void *object);

/* Gives back what _create allocated; the object is used no more. */
void iomm_object_free(struct iomm_object *object);

/* Puts one that was not ready on the reap list again. */
void iomm_object_requeue(struct iomm_object *object);

/* Destroys what is on the context's reap list, and what that drops. */
void iomm_object_reap(struct iomm_ctx *ctx);

/* For public get and put, which take NULL; put destroys when it may. */
void *iomm_handle_get(void *handle, const struct iomm_object_type *type);
void iomm_handle_put(void *handle, const struct iomm_object_type *type);

/* Is this a handle that was not put for the last time? Checked builds know,
 * and report it. */
#if IOMM_CHECKED
bool iomm_object_usable(const struct iomm_object *object, const char *call);
#else
static inline bool
iomm_object_usable(const struct iomm_object *object, const char *call)
{
	(void)object;
	(void)call;
	return true;
}
#endif

/* Is this a handle of the type? False for NULL. Checked builds report a dead
 * or foreign one. */
static inline bool
iomm_handle_ok(const void *handle, const struct iomm_object_type *type)
{
	const struct iomm_object *object = handle;

	return object && object->type == type &&
	       iomm_object_usable(object, "a use");
}

#endif
