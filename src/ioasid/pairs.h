/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A hash table of IDs and their set-private ones, by the one or the other. */
#ifndef IOMM_IOASID_PAIRS_H
#define IOMM_IOASID_PAIRS_H

#include <stdbool.h>
#include <stdint.h>

struct iomm_pair {
	uint64_t spid;
	uint32_t id; /* 0: an empty slot */
	uint32_t reserved;
};

struct iomm_pairs {
	struct iomm_pair *slot;
	uint32_t room; /* slots: a power of two, or 0 */
	uint32_t used;
	bool by_id; /* that is the key, and not the spid */
};

const struct iomm_pair *
iomm_pairs_find(const struct iomm_pairs *pairs, uint64_t key);

/* The room that one more asks for; 0: there is enough. */
uint32_t iomm_pairs_wants(const struct iomm_pairs *pairs);
/* Moves to `room` slots, which are zeroed. The old ones are the caller's. */
void iomm_pairs_move(struct iomm_pairs *pairs, struct iomm_pair *slot,
		     uint32_t room);

/* The key is not there, and there is room. */
void iomm_pairs_add(struct iomm_pairs *pairs, const struct iomm_pair *pair);
/* The key is there. */
void iomm_pairs_remove(struct iomm_pairs *pairs, uint64_t key);

#endif
