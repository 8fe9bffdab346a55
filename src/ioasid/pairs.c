/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Open addressing, linear probing, at most three quarters full. */
#include "ioasid/pairs.h"

#include <stddef.h>

#define FIRST_ROOM 8u

static uint64_t
key_of(const struct iomm_pairs *pairs, const struct iomm_pair *pair)
{
	return pairs->by_id ? pair->id : pair->spid;
}

/* Where a key would be, if nobody else was there. */
static uint32_t home_of(const struct iomm_pairs *pairs, uint64_t key)
{
	uint32_t hash = (uint32_t)key * 0x9e3779b1u;

	hash = (hash ^ (uint32_t)(key >> 32)) * 0x85ebca6bu;
	return (hash ^ hash >> 16) & (pairs->room - 1);
}

/* The slot of a key, or the empty one that ends the search. There is one. */
static uint32_t slot_of(const struct iomm_pairs *pairs, uint64_t key)
{
	uint32_t n = home_of(pairs, key);

	while (pairs->slot[n].id && key_of(pairs, &pairs->slot[n]) != key)
		n = (n + 1) & (pairs->room - 1);
	return n;
}

const struct iomm_pair *
iomm_pairs_find(const struct iomm_pairs *pairs, uint64_t key)
{
	const struct iomm_pair *pair;

	if (!pairs->used)
		return NULL;
	pair = &pairs->slot[slot_of(pairs, key)];
	return pair->id ? pair : NULL;
}

uint32_t iomm_pairs_wants(const struct iomm_pairs *pairs)
{
	if (!pairs->room)
		return FIRST_ROOM;
	return pairs->used >= pairs->room / 4 * 3 ? 2 * pairs->room : 0;
}

void iomm_pairs_add(struct iomm_pairs *pairs, const struct iomm_pair *pair)
{
	pairs->slot[slot_of(pairs, key_of(pairs, pair))] = *pair;
	pairs->used++;
}

void iomm_pairs_move(struct iomm_pairs *pairs, struct iomm_pair *slot,
		     uint32_t room)
{
	const struct iomm_pair *old = pairs->slot;
	uint32_t n, count = pairs->room;

	pairs->slot = slot;
	pairs->room = room;
	pairs->used = 0;
	for (n = 0; n < count; n++) {
		if (old[n].id)
			iomm_pairs_add(pairs, &old[n]);
	}
}

void iomm_pairs_remove(struct iomm_pairs *pairs, uint64_t key)
{
	uint32_t mask = pairs->room - 1, hole = slot_of(pairs, key);
	uint32_t n = hole, home;

	/* Whoever is behind moves up, unless that is ahead of its home. */
	for (;;) {
		n = (n + 1) & mask;
		if (!pairs->slot[n].id)
			break;
		home = home_of(pairs, key_of(pairs, &pairs->slot[n]));
		if (((n - home) & mask) >= ((n - hole) & mask)) {
			pairs->slot[hole] = pairs->slot[n];
			hole = n;
		}
	}
	pairs->slot[hole].id = 0;
	pairs->used--;
}
