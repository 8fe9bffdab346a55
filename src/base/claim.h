/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A claim: one thread at a time works on an object, callbacks included. It is
 * not a lock: it may be held across callbacks and waits, and because of that a
 * thread that is inside a callback never waits for one, and one inside an atomic
 * hook never takes one (EDEADLK).
 */
#ifndef IOMM_BASE_CLAIM_H
#define IOMM_BASE_CLAIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct iomm_ctx;

struct iomm_claim {
	_Atomic uint32_t word; /* 0 free, 1 claimed, 2 claimed and awaited */
	_Atomic(void *) owner; /* the thread's storage */
};

/* Waits until the deadline: ETIMEDOUT. `what` names the object in the sentence.
 */
int iomm_claim_take(struct iomm_ctx *ctx, struct iomm_claim *claim,
		    uint64_t deadline, const char *what);
/* Takes it if it is free. For whoever cannot wait, and has no use for a reason.
 */
bool iomm_claim_try(struct iomm_ctx *ctx, struct iomm_claim *claim);
void iomm_claim_drop(struct iomm_ctx *ctx, struct iomm_claim *claim);

#endif
