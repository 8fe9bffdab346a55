/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The context as the library sees it, and what it gives everybody: memory,
 * locks, the calling thread, entering and leaving, callbacks, errors, log.
 */
#ifndef IOMM_BASE_CTX_H
#define IOMM_BASE_CTX_H

#include <iomm/ctx.h>
#include <iomm/error.h>

#include "base/object.h"
#include "base/text.h"

/* Subsystems that keep state in the context. */
enum {
	IOMM_SUBSYS_FORMAT,
	IOMM_SUBSYS_IOASID,
	IOMM_SUBSYS_DEVICE,
	IOMM_NR_SUBSYS,
};

/*
 * What a subsystem does for the context. Base knows none of them: the list is
 * in src/subsystems.c. Entries may be NULL, but for init.
 */
struct iomm_subsys {
	uint32_t id;
	/* Makes ctx->state[id]; on failure leaves nothing. */
	int (*init)(struct iomm_ctx *ctx);
	/* Frees it. No handle of the context is left. */
	void (*fini)(struct iomm_ctx *ctx);
	void (*run)(struct iomm_ctx *ctx);
	int (*close)(struct iomm_ctx *ctx, uint64_t timeout);
	/* Earliest time at which run has something to do; IOMM_FOREVER. */
	uint64_t (*next_deadline)(struct iomm_ctx *ctx);
	/* May something still come, here, that others wait for? */
	bool (*expects)(struct iomm_ctx *ctx);
	/* Something has come, somewhere, or will not come any more. */
	void (*arrived)(struct iomm_ctx *ctx);
};

extern const struct iomm_subsys *const iomm_subsystems[IOMM_NR_SUBSYS];

struct iomm_readers;

struct iomm_ctx {
	_Atomic uint32_t refs;
	/* When it was made: tells it from one that was at the same address. */
	uint64_t born;
	uint32_t log_level;
	struct iomm_platform platform;
	void *platform_data;
	void (*platform_release)(void *data);
	struct iomm_ctx_events events;
	void *events_data;
	void (*events_release)(void *data);

	_Atomic(struct iomm_object *) reap;
	_Atomic uint32_t live[IOMM_HANDLE_KINDS];
	_Atomic uint32_t threads;     /* that were given a number */
	_Atomic uint32_t arrivals;    /* see iomm_arriving() */
	struct iomm_ctx *next_dead;   /* see struct iomm_thread */
	struct iomm_readers *readers; /* see base/readers.h */
	void *state[IOMM_NR_SUBSYS];
#if IOMM_CHECKED
	struct iomm_lock quarantine_lock;
	struct iomm_object *quarantine, **quarantine_tail;
	uint32_t quarantined;
#endif
};

/* Platform */

#define IOMM_ALLOC_ALIGN 16u

/* Zeroed, and aligned so. NULL when there is none. */
void *iomm_alloc(struct iomm_ctx *ctx, uint64_t bytes);
void iomm_free(struct iomm_ctx *ctx, void *ptr, uint64_t bytes);
char *iomm_strdup(struct iomm_ctx *ctx, const char *s);
void iomm_strfree(struct iomm_ctx *ctx, char *s);

int iomm_lock_init(struct iomm_ctx *ctx, struct iomm_lock *lock);
void iomm_lock_fini(struct iomm_ctx *ctx, struct iomm_lock *lock);

static inline void iomm_lock(struct iomm_ctx *ctx, struct iomm_lock *lock)
{
	if (ctx->platform.lock)
		ctx->platform.lock(ctx->platform_data, lock);
}

static inline void iomm_unlock(struct iomm_ctx *ctx, struct iomm_lock *lock)
{
	if (ctx->platform.unlock)
		ctx->platform.unlock(ctx->platform_data, lock);
}

uint64_t iomm_now(struct iomm_ctx *ctx);
/* now + timeout, IOMM_FOREVER when that does not fit. */
uint64_t iomm_deadline(struct iomm_ctx *ctx, uint64_t timeout);

/* Threads, frames */

#define IOMM_GUARDS_PER_THREAD 16u /* as iomm/device.h promises */
#define IOMM_ERROR_TEXT	       256u

/* A callback that is running on this thread; lives on the stack. */
struct iomm_frame {
	struct iomm_frame *outer;
	struct iomm_ctx *ctx;
	bool atomic;
	/* Whose code runs, if somebody wants to know what it registers; NULL
	 * after iomm_callback_begin(). */
	const void *owner;
};

/* What the library keeps per thread, in the platform's storage. */
struct iomm_thread {
	struct iomm_frame *frames; /* innermost first */
	uint32_t number;	   /* see iomm_thread_number() */
	/* Look-ups without a lock that run a function of the user's here, of
	 * any context: as good as a frame that is atomic. */
	uint32_t looking;
	/* Where the last context had its word, in bytes from the first; see
	 * base/readers.h. In another context somebody else may be there. */
	uint32_t reader;
	/* Contexts whose last reference went inside an atomic hook. */
	struct iomm_ctx *dead;
	struct {
		void *object;
		uint32_t count;
	} guards[IOMM_GUARDS_PER_THREAD];
	struct {
		const struct iomm_ctx *ctx;
		uint64_t born; /* of that context */
		uint64_t text[IOMM_TEXT_ARGS + 1];
		char strings[IOMM_ERROR_TEXT]; /* what %s pointed to */
	} error;
};

_Static_assert(sizeof(struct iomm_thread) <= IOMM_THREAD_SIZE, "iomm_thread");

struct iomm_thread *iomm_thread(struct iomm_ctx *ctx);

#if __STDC_HOSTED__
/* What the hosted platform's hook answers on this thread, for who has no time
 * to call it; before it was asked, and where another platform is used, an empty
 * one that is nobody's. */
extern _Thread_local struct iomm_thread *iomm_hosted_thread
	__attribute__((tls_model("initial-exec")));
#endif

/* A number that the calling thread keeps, for spreading threads over what there
 * is several of. Two threads of a context that came one after the other have
 * different ones. */
uint32_t iomm_thread_number(struct iomm_ctx *ctx);

/*
 * Brackets around the body of a public call that may drop references. Enter
 * keeps the context alive until leave, which destroys what was dropped unless
 * a callback of this context is running further up the stack.
 */
void iomm_enter(struct iomm_ctx *ctx);
int iomm_leave(struct iomm_ctx *ctx, int result);

/* Brackets around each call of a callback. */
void iomm_callback_begin(struct iomm_ctx *ctx, struct iomm_frame *frame,
			 bool atomic);
void iomm_callback_end(struct iomm_ctx *ctx, struct iomm_frame *frame);

/* The owner of the innermost frame that has one, in this context; or NULL. */
const void *iomm_callback_owner(struct iomm_ctx *ctx);

/* What a callback answered: 0 or an error, if it keeps its contract. As in
 * Linux there are no errors below this. */
#define IOMM_MAX_ERROR 4095
static inline int iomm_answer(int result)
{
	return result > 0 || result < -IOMM_MAX_ERROR ? -IOMM_EPROTO : result;
}

/* Calls a release function, if there is one. */
void iomm_release(struct iomm_ctx *ctx, void (*release)(void *data),
		  void *data);

/* Is an atomic hook, of any context, running on this thread? */
bool iomm_in_atomic(struct iomm_ctx *ctx);

/* Is a callback, of any context, running on this thread? */
bool iomm_in_callback(struct iomm_ctx *ctx);

/* -IOMM_EDEADLK, with a sentence, when the calling thread is in a callback. */
int iomm_may_wait(struct iomm_ctx *ctx, const char *what);

/*
 * Waits until *word is not `expected` or the deadline has passed; false then,
 * or when the platform cannot wait. May return early.
 */
bool iomm_wait(struct iomm_ctx *ctx, _Atomic uint32_t *word, uint32_t expected,
	       uint64_t deadline);
void iomm_wake(struct iomm_ctx *ctx, _Atomic uint32_t *word);

/* Tells the owner of the event loop that iomm_ctx_run() has work. */
void iomm_wakeup(struct iomm_ctx *ctx);

/*
 * Arrivals: things that others may wait for without knowing what they are, as a
 * device whose driver said "not yet". Who brings something (or gives it up)
 * calls iomm_arriving() under the lock under which that can be seen, and
 * iomm_arrived() with no lock. Who waits remembers iomm_arrivals() before he
 * looks; if it is another afterwards he looks again, and else will be told.
 */
void iomm_arriving(struct iomm_ctx *ctx);
void iomm_arrived(struct iomm_ctx *ctx);
uint32_t iomm_arrivals(struct iomm_ctx *ctx);
/* May anything come yet, as far as the subsystems know? */
bool iomm_arrivals_expected(struct iomm_ctx *ctx);

/* References on the context itself, for those that are no objects. */
void iomm_ctx_hold(struct iomm_ctx *ctx);
void iomm_ctx_drop(struct iomm_ctx *ctx);

/* The last reference is gone: destroys the context as soon as this thread is
 * in no atomic hook; and the destruction itself. */
void iomm_ctx_retire(struct iomm_ctx *ctx);
void iomm_ctx_destroy(struct iomm_ctx *ctx);

/* Errors and log */

/* Notes the sentence for the thread and returns -code. */
int iomm_fail(struct iomm_ctx *ctx, int code, const uint64_t *text);
#define IOMM_FAIL(ctx, code, ...) \
	iomm_fail((ctx), (code), IOMM_TEXT(__VA_ARGS__))

/* The commonest one. */
int iomm_fail_null(struct iomm_ctx *ctx, const char *call);

void iomm_log(struct iomm_ctx *ctx, uint32_t level, const char *tag,
	      const uint64_t *text);
#define IOMM_LOG(ctx, level, tag, ...) \
	iomm_log((ctx), (level), (tag), IOMM_TEXT(__VA_ARGS__))

/* A misuse that has no return value. Checked builds only. */
void iomm_misuse(struct iomm_ctx *ctx, const uint64_t *text);

/* platform/hosted.c; not in the core. */
const struct iomm_platform *iomm_platform_hosted(void);

#endif
