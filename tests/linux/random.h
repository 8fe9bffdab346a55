/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef TESTS_LINUX_RANDOM_H
#define TESTS_LINUX_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state; /* not 0 */
};

/* xorshift64* */
static inline uint64_t random_next(struct random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * UINT64_C(2685821657736338717);
}

/* [0, below) */
static inline uint64_t random_below(struct random *random, uint64_t below)
{
	return (random_next(random) >> 8) % below;
}

static inline bool random_percent(struct random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

#endif
