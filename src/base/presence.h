/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Presence: a count of those who are inside an object, and bits that refuse
 * more. A reference keeps memory alive; presence keeps a thing there.
 */
#ifndef IOMM_BASE_PRESENCE_H
#define IOMM_BASE_PRESENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct iomm_ctx;

struct iomm_presence {
	_Atomic uint32_t word;
};

/* False when entry is refused, or as many are inside as can be counted. */
bool iomm_presence_enter(struct iomm_presence *presence);

/* Enters although entry may be refused: for whoever dismantles the thing. */
void iomm_presence_force(struct iomm_presence *presence);
/* True for the last one, when nobody enters any more. */
bool iomm_presence_exit(struct iomm_ctx *ctx, struct iomm_presence *presence);

/* Refused for now, or for good. */
bool iomm_presence_refused(const struct iomm_presence *presence);
uint32_t iomm_presence_inside(const struct iomm_presence *presence);

/* Refuses entry for good; true the first time. In any context. */
bool iomm_presence_close(struct iomm_presence *presence);
bool iomm_presence_closed(const struct iomm_presence *presence);

/* Refuses entry from now on; true when it was not refused before. */
bool iomm_presence_refuse(struct iomm_presence *presence);
/* Takes a refusal back, save one for good. Others who drain go on, and refuse
 * anew. */
void iomm_presence_allow(struct iomm_ctx *ctx, struct iomm_presence *presence);

/*
 * Refuses entry, and waits until nobody is inside. EDEADLK in a callback,
 * ETIMEDOUT, each when somebody is; `what` names the thing in the sentence.
 */
int iomm_presence_drain(struct iomm_ctx *ctx, struct iomm_presence *presence,
			uint64_t deadline, const char *what);

#endif
