/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/claim.h"

#include "base/ctx.h"

enum {
	FREE,
	CLAIMED,
	AWAITED
};

static int wait_for(struct iomm_ctx *ctx, struct iomm_claim *claim,
		    uint64_t deadline, const char *what)
{
	int err = iomm_may_wait(ctx, what);

	if (err)
		return err;
	/* Whoever waits marks the claim as awaited, and takes it as such: it
	 * cannot know whether it was the only one. */
	while (atomic_exchange_explicit(&claim->word, AWAITED,
					memory_order_acquire) != FREE) {
		if (iomm_wait(ctx, &claim->word, AWAITED, deadline))
			continue;
		if (!ctx->platform.wait)
			return IOMM_FAIL(ctx, IOMM_EBUSY,
					 "%s: another thread is at work on it, "
					 "and the platform cannot wait",
					 IOMM_STR(what));
		return IOMM_FAIL(ctx, IOMM_ETIMEDOUT,
				 "%s: another thread is still at work on it at "
				 "the deadline",
				 IOMM_STR(what));
	}
	return 0;
}

bool iomm_claim_try(struct iomm_ctx *ctx, struct iomm_claim *claim)
{
	uint32_t word = FREE;

	if (!atomic_compare_exchange_strong_explicit(&claim->word, &word,
						     CLAIMED,
						     memory_order_acquire,
						     memory_order_relaxed))
		return false;
	atomic_store_explicit(&claim->owner, iomm_thread(ctx),
			      memory_order_relaxed);
	return true;
}

int iomm_claim_take(struct iomm_ctx *ctx, struct iomm_claim *claim,
		    uint64_t deadline, const char *what)
{
	void *self = iomm_thread(ctx);
	int err;

	if (atomic_load_explicit(&claim->owner, memory_order_relaxed) == self)
		return IOMM_FAIL(ctx, IOMM_EDEADLK,
				 "%s: this thread is at work on it already, "
				 "further up its stack",
				 IOMM_STR(what));
	/* What is claimed runs callbacks and takes locks that whoever called
	 * the hook may hold. */
	if (iomm_in_atomic(ctx))
		return IOMM_FAIL(ctx, IOMM_EDEADLK,
				 "%s: an atomic hook must not make this call",
				 IOMM_STR(what));
	if (iomm_claim_try(ctx, claim))
		return 0;
	err = wait_for(ctx, claim, deadline, what);
	if (!err)
		atomic_store_explicit(&claim->owner, self,
				      memory_order_relaxed);
	return err;
}

void iomm_claim_drop(struct iomm_ctx *ctx, struct iomm_claim *claim)
{
	atomic_store_explicit(&claim->owner, NULL, memory_order_relaxed);
	if (atomic_exchange_explicit(&claim->word, FREE,
				     memory_order_release) == AWAITED)
		iomm_wake(ctx, &claim->word);
}
