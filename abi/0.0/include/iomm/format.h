/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Page-table formats. A context knows formats by name: some are built in, and
 * others are registered (<iomm/format_ops.h>), by the program or by a plugin. A
 * format may be there, be expected, or never come, and who asks for one is told
 * which. A handle pins the format: it does not go while there is one.
 *
 * | name       | what                                                     |
 * |------------|----------------------------------------------------------|
 * | "arm64-s1" | VMSAv8-64 stage 1 (Arm ARM DDI 0487, chapter D8)         |
 * | "arm64-s2" | VMSAv8-64 stage 2 (Arm ARM DDI 0487, chapter D8)         |
 *
 * What iomm_format_request() answers, and with it each call that makes a page
 * table or a domain:
 *
 * | the format                               | answer                     |
 * |------------------------------------------|----------------------------|
 * | is there                                 | a handle                   |
 * | is announced, or on its way              | EPROBE_DEFER; or it waits  |
 * | was announced, and its deadline passed   | ETIMEDOUT, until it comes  |
 * | was to be loaded, and its loader failed  | what the loader answered   |
 * | came, and failed its self-test           | ELIBBAD                    |
 * | is none of those                         | ENOENT                     |
 *
 * A format that failed is asked for anew by announcing or registering it once
 * more. One that was unregistered and still has pins is none of those, too.
 */
#ifndef IOMM_FORMAT_H
#define IOMM_FORMAT_H

#include <iomm/types.h>

/** What a format can do at most. */
struct iomm_format_info {
	uint32_t size;	/**< sizeof(struct iomm_format_info) */
	uint32_t flags; /**< 0 */

	iomm_u64 granules; /**< table granules: a bit 2^n for each, in bytes */
	uint32_t max_ias;  /**< widest input address, bits */
	uint32_t max_oas;  /**< widest output address, bits */
	uint32_t prot;	   /**< IOMM_PROT_* that can be expressed */
	uint32_t nr_regs;  /**< entries of iomm_pgtable_info.regs in use */
};

#define IOMM_FORMAT_INFO_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_format_info) == IOMM_FORMAT_INFO_SIZE_VER0,
	    "iomm_format_info");

/*
 * States of a format.
 */
#define IOMM_FORMAT_EXPECTED 1u /**< announced, and not there yet */
#define IOMM_FORMAT_LOADING  2u /**< its loader runs */
#define IOMM_FORMAT_TESTING  3u /**< registered; its self-test runs */
#define IOMM_FORMAT_LIVE     4u /**< can be used */
#define IOMM_FORMAT_DYING    5u /**< unregistered, and still pinned */
#define IOMM_FORMAT_LATE     6u /**< announced, and its deadline passed */
#define IOMM_FORMAT_FAILED   7u /**< its loader or its self-test failed */

/** What a context knows of one name. */
struct iomm_format_slot {
	uint32_t size;	/**< sizeof(struct iomm_format_slot) */
	uint32_t flags; /**< 0 */
	/** The format's name. */
	char name[IOMM_FORMAT_NAME_MAX];
	uint32_t state; /**< IOMM_FORMAT_* */
	uint32_t pins; /**< handles, and page tables, of the one that is live */
	/** Pins of those of this name that were unregistered. */
	uint32_t dying_pins;
	/** What a request answers: 0, or the number of an IOMM_E*, not negated. */
	uint32_t answer;
	/** EXPECTED: until when, on the platform's clock; else 0. */
	iomm_u64 deadline;
};

#define IOMM_FORMAT_SLOT_SIZE_VER0 56u
IOMM_LAYOUT(sizeof(struct iomm_format_slot) == IOMM_FORMAT_SLOT_SIZE_VER0,
	    "iomm_format_slot");

/** iomm_format_request(): waits for a format that is expected. */
#define IOMM_FORMAT_WAIT (1u << 0)

IOMM_BEGIN_DECLS

/**
 * Asks for a format, and pins it.
 *
 * A format that is announced with a loader is loaded when it is first asked
 * for: by the thread that waits for it, or by iomm_ctx_run(). One load runs at a
 * time, and all who wait share its result.
 *
 * @param ctx the context
 * @param name the format's name
 * @param flags 0, or IOMM_FORMAT_WAIT
 * @param timeout with IOMM_FORMAT_WAIT, how long to wait for others,
 *        nanoseconds; IOMM_FOREVER. Else 0
 * @param out the format, with one reference
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: with IOMM_FORMAT_WAIT it waits, and runs loaders; in a callback that
 *   would wait: EDEADLK. Not in atomic hooks.
 * Errors: EINVAL (NULL, unknown flags, a time-out without IOMM_FORMAT_WAIT);
 *   ENOENT: there is no such format, and none is announced, or no more will
 *   come; EPROBE_DEFER: not yet (also when the time-out has passed, or the
 *   platform cannot wait); ETIMEDOUT: not before the deadline of its
 *   announcement; ELIBBAD: it failed its self-test; what its loader answered;
 *   EDEADLK; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_request(struct iomm_ctx *ctx, const char *name, uint32_t flags,
		    uint64_t timeout, struct iomm_format **out);

/**
 * What the format can do.
 *
 * @param format a format
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_info(struct iomm_format *format, struct iomm_format_info *info);

/**
 * Takes a reference.
 *
 * @param format a format to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_format *iomm_format_get(struct iomm_format *format);

/**
 * Gives a reference back.
 *
 * @param format a format, or NULL
 *
 * Ownership: takes the caller's reference. With the last pin of a format that
 *   was unregistered, that one goes.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_format_put(struct iomm_format *format);

/**
 * What the context knows of the formats, one by one, in the order of their
 * names. Names that come and go meanwhile may be seen or not; the others are.
 *
 * @param ctx a context
 * @param after the name that was answered last, or NULL: the first one
 * @param slot filled with the next; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any; a snapshot.
 * Context: not in atomic hooks.
 * Errors: EINVAL; E2BIG; ENOENT: that was the last.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_next(struct iomm_ctx *ctx, const char *after,
		 struct iomm_format_slot *slot);

/**
 * Has `notify` called whenever a format arrives, or turns out not to: with each
 * name for which iomm_format_request() answers something else than EPROBE_DEFER
 * from now on. What happened before is not told: subscribe first, then ask.
 *
 * @param ctx a context
 * @param notify called with the format's name, valid during the call, and with
 *        0: it is there; or else with what a request answers. Without locks, on
 *        whichever thread it happened; several at once
 * @param data handed to it
 * @param release takes `data` back; may be NULL
 *
 * Ownership: `release` runs exactly once, after the last call, also when this
 *   call fails. iomm_ctx_close() ends subscriptions.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL; EEXIST: this function and data are subscribed already;
 *   ENODEV: the context was closed; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_subscribe(struct iomm_ctx *ctx,
		      void (*notify)(void *data, const char *name, int result),
		      void *data, void (*release)(void *data));

/**
 * Ends a subscription. A call that is under way on another thread may come to
 * its end yet; `release` runs after it.
 *
 * @param ctx a context
 * @param notify as it was subscribed
 * @param data as it was subscribed
 *
 * Ownership: `release` takes the data back.
 * Thread: any.
 * Context: any but atomic hooks; from inside `notify` too.
 * Errors: EINVAL; ENOENT: there is no such subscription.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_format_unsubscribe(
	struct iomm_ctx *ctx,
	void (*notify)(void *data, const char *name, int result), void *data);

IOMM_END_DECLS

#endif
