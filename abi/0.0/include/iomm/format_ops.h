/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Bringing page-table formats to a context: registering and unregistering them,
 * announcing those that come later, and saying that no more will.
 *
 * Nothing here runs with a lock held: a loader, a self-test, a subscriber and a
 * release function may each register, unregister and ask for formats. Only
 * waiting is forbidden to them, as to every callback.
 */
#ifndef IOMM_FORMAT_OPS_H
#define IOMM_FORMAT_OPS_H

#include <iomm/types.h>

/** What iomm_format_ops.abi says: the meaning of that struct and of what it
 * leads to. Goes up when they change in a way that a size cannot tell. */
#define IOMM_FORMAT_ABI 1u

struct iomm_codec;
struct iomm_format_type;

/**
 * A format, as it is registered. The implementation is one of two: `engine`, for
 * a format that was compiled together with the library's own engine; or `codec`,
 * which the engine calls for each descriptor.
 */
struct iomm_format_ops {
	uint32_t size;	/**< sizeof(struct iomm_format_ops) */
	uint32_t flags; /**< 0 */
	uint32_t abi;	/**< IOMM_FORMAT_ABI; required */
	/** With `engine`: the IOMM_ENGINE_VERSION that it was compiled with. It
	 * has to be the library's own. Else 0. */
	uint32_t engine_version;

	/** The format's name, shorter than IOMM_FORMAT_NAME_MAX; copied.
	 * Required. */
	IOMM_PTR(const char *, name);
	/** Instances of the engine; stay valid until `release`. */
	IOMM_PTR(const struct iomm_format_type *, engine);
	/** Encodes and decodes; stays valid until `release`. */
	IOMM_PTR(const struct iomm_codec *, codec);

	/** Can it do here what it has to? 0: yes. Called once, before anybody
	 * gets the format. Optional. */
	IOMM_FN(int, self_test, (void *data));
};

#define IOMM_FORMAT_OPS_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_format_ops) == IOMM_FORMAT_OPS_SIZE_VER0,
	    "iomm_format_ops");

/** How a format that was announced is fetched. */
struct iomm_format_loader {
	uint32_t size;	/**< sizeof(struct iomm_format_loader) */
	uint32_t flags; /**< 0 */

	/** Registers the format, on this thread, before it returns. 0; or
	 * EPROBE_DEFER: it is on its way, and somebody else will register it; or
	 * why it will not come. Called once at most. Required. */
	IOMM_FN(int, load,
		(void *data, struct iomm_ctx *ctx, const char *name));
};

#define IOMM_FORMAT_LOADER_SIZE_VER0 16u
IOMM_LAYOUT(sizeof(struct iomm_format_loader) == IOMM_FORMAT_LOADER_SIZE_VER0,
	    "iomm_format_loader");

/** iomm_format_unregister(): goes with its last pin, and not at once. */
#define IOMM_FORMAT_DEFER (1u << 0)

IOMM_BEGIN_DECLS

/**
 * Registers a format: it can be used from now on, and who waits for it gets it.
 * Its self-test runs first.
 *
 * @param ctx the context
 * @param ops what it is; copied
 * @param data handed to its callbacks
 * @param release takes `data` back; may be NULL
 * @param out NULL, or the format, with one reference: a pin like any other
 *
 * Ownership: the caller owns the reference. `release` runs exactly once, after
 *   the last callback, also when this call fails. A format that nobody
 *   unregisters goes with iomm_ctx_close() or with the context.
 * Thread: any.
 * Context: runs the self-test and subscribers; from inside a loader too. Not in
 *   atomic hooks.
 * Errors: EINVAL (malformed), E2BIG; ENOEXEC: compiled for another version;
 *   EEXIST: there is one of that name, or it is being loaded or tested by
 *   another thread; ELIBBAD: it failed its self-test, and that is what requests
 *   answer from now on; ENODEV: the formats are sealed, or the context was
 *   closed; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_register(struct iomm_ctx *ctx, const struct iomm_format_ops *ops,
		     void *data, void (*release)(void *data),
		     struct iomm_format **out);

/**
 * Registers several formats, all or none: nobody sees one of them before all
 * have passed their tests, and when one cannot be registered none is.
 *
 * @param ctx the context
 * @param ops the first of an array
 * @param count how many
 * @param stride bytes from one to the next
 * @param data handed to the callbacks of each
 * @param release takes `data` back; may be NULL
 * @param out NULL, or an array of `count` formats, each with one reference
 *
 * Ownership: as iomm_format_register(). `release` runs once, when the last of
 *   them has gone.
 * Thread: any.
 * Context: as iomm_format_register().
 * Errors: as iomm_format_register(); EINVAL: also for one name given twice, for
 *   none, or for a stride that is shorter than the structs.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_register_all(struct iomm_ctx *ctx,
			 const struct iomm_format_ops *ops, uint32_t count,
			 uint32_t stride, void *data,
			 void (*release)(void *data), struct iomm_format **out);

/**
 * Takes a format away: it is not given to anybody any more, and its name is
 * free. What was made with it stays as it is.
 *
 * @param format the format
 * @param flags 0: only if this reference is the only pin; or IOMM_FORMAT_DEFER:
 *        at once for those who ask, and for good with the last pin
 * @param done with IOMM_FORMAT_DEFER: called when the format is gone, and
 *        `release` has returned if it was the last of its registration, on
 *        whichever thread that happens. May be NULL; else NULL
 * @param data handed to `done`
 *
 * Ownership: takes the caller's reference on success, and leaves it to him on
 *   failure. `done` is called exactly once on success, perhaps before this call
 *   returns, and never on failure.
 * Thread: any.
 * Context: runs callbacks; not in atomic hooks.
 * Errors: EINVAL; EBUSY: there are other pins or references (without
 *   IOMM_FORMAT_DEFER); ENODEV: it was unregistered already.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_unregister(struct iomm_format *format, uint32_t flags,
		       void (*done)(void *data), void *data);

/**
 * Says that a format will come: until it is there, or the deadline has passed,
 * who asks for it is told to come back, or waits.
 *
 * @param ctx the context
 * @param name its name, shorter than IOMM_FORMAT_NAME_MAX; copied
 * @param timeout how long it may take, nanoseconds from now; IOMM_FOREVER
 * @param loader how to fetch it when somebody asks for it, copied; NULL: it
 *        comes by itself
 * @param data handed to the loader
 * @param release takes `data` back; may be NULL
 *
 * Ownership: `release` runs exactly once, when the loader has run or is not
 *   needed any more, also when this call fails.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (malformed), E2BIG; EEXIST: it is there, on its way, or
 *   announced already; ENODEV: the formats are sealed, or the context was
 *   closed; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_announce(struct iomm_ctx *ctx, const char *name, uint64_t timeout,
		     const struct iomm_format_loader *loader, void *data,
		     void (*release)(void *data));

/**
 * Says that no more formats will come. Those that were announced and are not
 * there will not be waited for any more; a load that is running comes to its
 * end. Sealing again does nothing.
 *
 * @param ctx a context
 *
 * Ownership: loaders that did not run are released.
 * Thread: any.
 * Context: runs subscribers; not in atomic hooks.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_formats_seal(struct iomm_ctx *ctx);

IOMM_END_DECLS

#endif
