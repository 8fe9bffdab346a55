/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * The context: the root of every handle. Contexts share nothing, so a VMM can
 * have one per guest and a test its own.
 *
 * The library makes no thread. What must happen later (replaying devices that
 * waited, deadlines, destroying what was put in an atomic hook) happens in
 * iomm_ctx_run(); iomm_ctx_next_deadline() and the `wakeup` event tell when to
 * call it.
 */
#ifndef IOMM_CTX_H
#define IOMM_CTX_H

#include <iomm/platform.h>
#include <iomm/types.h>

/** Things that a context tells its maker. Every entry is optional. */
struct iomm_ctx_events {
	uint32_t size;	/**< sizeof(struct iomm_ctx_events) */
	uint32_t flags; /**< 0 */

	/** There is work for iomm_ctx_run(). Called from any thread, atomic
	 * hooks included; must not call the library. */
	IOMM_FN(void, wakeup, (void *data));

	/** The context is gone, and `live_handles` is what its books still
	 * show, all kinds and itself included until now: anything but 0 is a
	 * handle that was lost. Must not call the library. */
	IOMM_FN(void, released, (void *data, uint32_t live_handles));

	/** A checked build caught a misuse that has no return value (a put too
	 * many, a handle used after its last put). Without it the sentence is
	 * logged and the process aborts. Must not call the library. */
	IOMM_FN(void, misuse, (void *data, const char *sentence));

	/** One line of the log, as iomm_platform.log, instead of that one: for
	 * who wants the log elsewhere, but not a platform of his own. Must not
	 * call the library. */
	IOMM_FN(void, log,
		(void *data, uint32_t level, const char *tag,
		 const char *line));
};

#define IOMM_CTX_EVENTS_SIZE_VER0 40u
IOMM_LAYOUT(sizeof(struct iomm_ctx_events) == IOMM_CTX_EVENTS_SIZE_VER0,
	    "iomm_ctx_events");

/** How a context is made. All zeroes is a good choice. */
struct iomm_ctx_config {
	uint32_t size;	    /**< sizeof(struct iomm_ctx_config) */
	uint32_t flags;	    /**< 0 */
	uint32_t log_level; /**< most talkative level; 0: IOMM_LOG_WARN */
	uint32_t reserved;  /**< 0 */

	/** Hooks; copied. NULL: the hosted platform; EINVAL in the
	 * freestanding core. */
	IOMM_PTR(const struct iomm_platform *, platform);
	/** Handed to every hook. */
	IOMM_PTR(void *, platform_data);
	/** Takes platform_data back. Optional. */
	IOMM_FN(void, platform_release, (void *data));

	/** Events; copied. Optional. */
	IOMM_PTR(const struct iomm_ctx_events *, events);
	/** Handed to every event. */
	IOMM_PTR(void *, events_data);
	/** Takes events_data back. Optional. */
	IOMM_FN(void, events_release, (void *data));
};

#define IOMM_CTX_CONFIG_SIZE_VER0 64u
IOMM_LAYOUT(sizeof(struct iomm_ctx_config) == IOMM_CTX_CONFIG_SIZE_VER0,
	    "iomm_ctx_config");

IOMM_BEGIN_DECLS

/**
 * Version of the library that is running: `major << 16 | minor`.
 *
 * @return the version; compare with the one compiled against
 *
 * Ownership: none.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API uint32_t iomm_version(void);

/**
 * Makes a context.
 *
 * @param config how, or NULL for the defaults of the hosted library
 * @param out the context, with one reference
 *
 * Ownership: the caller owns the reference. Both release functions run exactly
 *   once: after the context is gone, or before this call returns an error.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (NULL `out`, bad `size`, unknown flags, a required hook is
 *   missing), E2BIG, ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ctx_create(const struct iomm_ctx_config *config, struct iomm_ctx **out);

/**
 * Takes a reference.
 *
 * @param ctx a context to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none; the count saturates, and a saturated handle is never freed.
 * Since: 0.1
 */
IOMM_API struct iomm_ctx *iomm_ctx_get(struct iomm_ctx *ctx);

/**
 * Gives a reference back. Every handle of a context holds one, so the context
 * goes with the last of them; devices that are still registered are removed by
 * iomm_ctx_close(), not by this.
 *
 * @param ctx a context, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_ctx_put(struct iomm_ctx *ctx);

/**
 * Does what is due: loads formats that were asked for, replays devices whose
 * IOMMU or format has arrived, gives up on those whose deadline has passed,
 * destroys what was put where destroying was not possible.
 *
 * @param ctx a context
 *
 * Ownership: none.
 * Thread: any; several at once share the work.
 * Context: runs callbacks. In a callback: EDEADLK. Not in atomic hooks.
 * Errors: EINVAL, EDEADLK.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_ctx_run(struct iomm_ctx *ctx);

/**
 * Now, on the platform's clock: what deadlines are compared with.
 *
 * @param ctx a context
 * @return nanoseconds; 0 for NULL
 *
 * Ownership: none.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API uint64_t iomm_ctx_now(struct iomm_ctx *ctx);

/**
 * When iomm_ctx_run() has something to do next.
 *
 * @param ctx a context
 * @param deadline nanoseconds on the platform's clock; 0: there is work now
 *
 * Ownership: none.
 * Thread: any.
 * Context: any but atomic hooks.
 * Errors: EINVAL; ENOENT when nothing is pending.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ctx_next_deadline(struct iomm_ctx *ctx, uint64_t *deadline);

/**
 * Removes every device, unregisters every IOMMU instance and every format that is
 * not built in, ends subscriptions and announcements, and so cuts every edge that
 * a registration made. References that callers hold stay valid: devices and
 * instances answer ENODEV, tables keep their format.
 *
 * @param ctx a context
 * @param timeout how long to wait, in nanoseconds, for each guard that another
 *        thread holds; IOMM_FOREVER: as long as it takes
 *
 * Ownership: the caller keeps his reference.
 * Thread: any.
 * Context: waits and runs callbacks; in a callback: EDEADLK.
 * Errors: EINVAL, EDEADLK; ETIMEDOUT when something is still in use: what was
 *   removed stays removed, and the call can be repeated.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_ctx_close(struct iomm_ctx *ctx, uint64_t timeout);

/**
 * Tells the context that no further IOMMU instance will be registered.
 * Devices that wait for one stop waiting: their probe answers ENODEV.
 *
 * @param ctx a context
 *
 * Ownership: none.
 * Thread: any.
 * Context: any but atomic hooks.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_ctx_seal_iommus(struct iomm_ctx *ctx);

/**
 * How many handles of a kind are alive.
 *
 * @param ctx a context
 * @param kind an IOMM_HANDLE_*; IOMM_HANDLE_ANY: all, the context included
 * @return the count; 0 for NULL or an unknown kind
 *
 * Ownership: none.
 * Thread: any; a snapshot.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API uint32_t iomm_ctx_live_handles(struct iomm_ctx *ctx, uint32_t kind);

IOMM_END_DECLS

#endif
