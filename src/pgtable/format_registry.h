/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a context knows of formats: those that were registered, those that were
 * announced, and who wants to be told. Several entries may be of one name; what
 * they amount to together is a view.
 *
 * One lock, a leaf. No callback runs under it.
 */
#ifndef IOMM_PGTABLE_FORMAT_REGISTRY_H
#define IOMM_PGTABLE_FORMAT_REGISTRY_H

#include "pgtable/format.h"

/* A format that was announced. */
struct iomm_format_notice {
	struct iomm_list link; /* iomm_formats.notices */
	char name[IOMM_FORMAT_NAME_MAX];
	uint32_t state; /* IOMM_FORMAT_EXPECTED, LOADING, LATE, FAILED */
	int error;	/* FAILED: why; LOADING: why so far */
	uint64_t deadline;

	/* NULL: there is no loader, or it is done with. */
	int (*load)(void *data, struct iomm_ctx *ctx, const char *name);
	void *data;
	void (*release)(void *data);

	bool wanted;  /* EXPECTED: somebody has asked, and did not wait */
	bool arrived; /* LOADING: the format is registered */
	void *thread; /* LOADING: which one */
};

struct iomm_formats {
	struct iomm_lock lock;
	struct iomm_list impls;	  /* iomm_format_impl.link */
	struct iomm_list notices; /* iomm_format_notice.link; one per name */
	struct iomm_list subscriptions;
	uint64_t last_serial; /* of a subscription */
	/* The one that is being loaded. All loads take turns, so that a plugin
	 * with several formats registers all of them whichever was asked for. */
	struct iomm_format_notice *loading;
	/* Goes up when answers change; who waits sleeps on it. */
	_Atomic uint32_t changes;
	bool sealed; /* no more formats will come */
	bool closed; /* and none is taken any more */
};

static inline struct iomm_formats *iomm_formats(struct iomm_ctx *ctx)
{
	return ctx->state[IOMM_SUBSYS_FORMAT];
}

/* What is known of a name. The lock is held, as long as it is used. */
struct iomm_format_view {
	struct iomm_format_impl *current; /* TESTING or LIVE */
	struct iomm_format_impl *failed;
	struct iomm_format_notice *notice;
	bool dying;
	uint32_t dying_pins;
};

struct iomm_format_view
iomm_format_look(struct iomm_formats *formats, const char *name);
/* IOMM_FORMAT_*; 0: absent. */
uint32_t iomm_format_state(const struct iomm_format_view *view, uint64_t now);
/* Is it on its way? */
static inline bool iomm_format_pending(uint32_t state)
{
	return state == IOMM_FORMAT_EXPECTED || state == IOMM_FORMAT_LOADING ||
	       state == IOMM_FORMAT_TESTING;
}
/* What a request answers: 0, or a negative code. */
int iomm_format_answer(const struct iomm_format_view *view, uint64_t now);

/* Is the string a format's name? EINVAL. */
int iomm_format_check_name(struct iomm_ctx *ctx, const char *name);

/* Answers have changed. The lock is held; wake with iomm_wake(changes) after. */
void iomm_formats_changed(struct iomm_ctx *ctx);

/* Registering (format_register.c) */

int iomm_format_register_builtin(struct iomm_ctx *ctx,
				 const struct iomm_format_ops *ops,
				 uint32_t count);

/* Unregistering (format_unregister.c) */

static inline uint64_t iomm_format_batch_bytes(uint32_t count)
{
	return sizeof(struct iomm_format_batch) +
	       (uint64_t)count * sizeof(struct iomm_format_impl *);
}

/* Unmakes a type that codec.h has made. */
void iomm_format_close_type(struct iomm_ctx *ctx,
			    struct iomm_format_impl *impl);
/* Of one that is in no list. Its batch is released elsewhere. */
void iomm_format_free_impl(struct iomm_ctx *ctx, struct iomm_format_impl *impl);
/* Takes a pin off, and lets the format go if it was the last of a dying one. */
void iomm_format_unpin(struct iomm_ctx *ctx, struct iomm_format_impl *impl);
/* Unregisters all, or all but those that are built in, for good with their last
 * pins. */
void iomm_formats_unregister_all(struct iomm_ctx *ctx, bool builtin);

/* A handle; takes over a pin, also when it fails. */
int iomm_format_handle(struct iomm_ctx *ctx, struct iomm_format_impl *impl,
		       struct iomm_format **out);

/* Announcing (format_announce.c) */

void iomm_formats_run(struct iomm_ctx *ctx);
uint64_t iomm_formats_next_deadline(struct iomm_ctx *ctx);
void iomm_formats_seal_all(struct iomm_ctx *ctx);
/* Entries that were taken out, and are to be released without the lock. */
struct iomm_format_past {
	struct iomm_list impls; /* that failed */
	struct iomm_list notices;
};

void iomm_format_past_init(struct iomm_format_past *past);
/* What was known of a name is over, but for a load that is running, and for what
 * is live, tested or dying. The lock is held. */
void iomm_format_forget(struct iomm_formats *formats, const char *name,
			struct iomm_format_past *past);
/* One notice. The lock is held. */
void iomm_format_forget_notice(struct iomm_format_notice *notice,
			       struct iomm_format_past *past);
/* After a change of answers: wakes who waits, and frees. No lock is held. */
void iomm_format_past_end(struct iomm_ctx *ctx, struct iomm_format_past *past);

/* Loading (format_load.c). May it be loaded now? The lock is held. */
bool iomm_format_loadable(const struct iomm_formats *formats,
			  const struct iomm_format_notice *notice);
/* Takes the turn. The lock is held. */
void iomm_format_load_begin(struct iomm_ctx *ctx,
			    struct iomm_format_notice *notice);
/* Runs the loader, and ends the turn. No lock is held. */
void iomm_format_load(struct iomm_ctx *ctx, struct iomm_format_notice *notice);

/* Telling (format_event.c). No lock is held. */

void iomm_format_tell(struct iomm_ctx *ctx, const char *name, int result);
void iomm_format_drop_subscriptions(struct iomm_ctx *ctx);

#endif
