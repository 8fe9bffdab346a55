/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/presence.h"

#include "base/ctx.h"

#define REFUSED 0x80000000u
#define CLOSED	0x40000000u /* refused for good */
#define INSIDE	0x3fffffffu

bool iomm_presence_enter(struct iomm_presence *presence)
{
	uint32_t word =
		atomic_load_explicit(&presence->word, memory_order_relaxed);

	do {
		/* One more than can be counted would look like a refusal. */
		if (word >= CLOSED - 1)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&presence->word, &word,
							word + 1,
							memory_order_acquire,
							memory_order_relaxed));
	return true;
}

void iomm_presence_force(struct iomm_presence *presence)
{
	atomic_fetch_add_explicit(&presence->word, 1, memory_order_acquire);
}

bool iomm_presence_exit(struct iomm_ctx *ctx, struct iomm_presence *presence)
{
	uint32_t old = atomic_fetch_sub_explicit(&presence->word, 1,
						 memory_order_release);

	if (old <= INSIDE || (old & INSIDE) != 1)
		return false;
	iomm_wake(ctx, &presence->word);
	return true;
}

static uint32_t look(const struct iomm_presence *presence)
{
	return atomic_load_explicit(
		&((struct iomm_presence *)(uintptr_t)presence)->word,
		memory_order_relaxed);
}

bool iomm_presence_refused(const struct iomm_presence *presence)
{
	return look(presence) > INSIDE;
}

uint32_t iomm_presence_inside(const struct iomm_presence *presence)
{
	return look(presence) & INSIDE;
}

bool iomm_presence_close(struct iomm_presence *presence)
{
	return !(atomic_fetch_or_explicit(&presence->word, CLOSED,
					  memory_order_acq_rel) &
		 CLOSED);
}

bool iomm_presence_closed(const struct iomm_presence *presence)
{
	return look(presence) & CLOSED;
}

bool iomm_presence_refuse(struct iomm_presence *presence)
{
	return !(atomic_fetch_or_explicit(&presence->word, REFUSED,
					  memory_order_acq_rel) &
		 REFUSED);
}

void iomm_presence_allow(struct iomm_ctx *ctx, struct iomm_presence *presence)
{
	atomic_fetch_and_explicit(&presence->word, ~REFUSED,
				  memory_order_release);
	/* The last to leave wakes nobody now, so this has to. */
	iomm_wake(ctx, &presence->word);
}

int iomm_presence_drain(struct iomm_ctx *ctx, struct iomm_presence *presence,
			uint64_t deadline, const char *what)
{
	uint32_t word;
	int err;

	/* Refused again each time, since another thread may have allowed entry
	 * when its own attempt failed. */
	while ((word = atomic_fetch_or_explicit(&presence->word, REFUSED,
						memory_order_acq_rel) |
		       REFUSED) &
	       INSIDE) {
		err = iomm_may_wait(ctx, what);
		if (err)
			return err;
		if (!iomm_wait(ctx, &presence->word, word, deadline))
			return IOMM_FAIL(ctx, IOMM_ETIMEDOUT,
					 "%s: %u are still inside at the "
					 "deadline; it stays closed to others, "
					 "and the call can be repeated",
					 IOMM_STR(what), word & INSIDE);
	}
	return 0;
}
