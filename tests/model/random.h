/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Random numbers that can be split: the n-th stream of a seed is found without
 * drawing from those before it, so that an operation keeps its arguments when
 * the others are left out. SplitMix64 (Steele, Lea, Flood, 2014).
 */
#ifndef MODEL_RANDOM_H
#define MODEL_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint64_t random_split(uint64_t seed, uint64_t n)
{
	return random_mix(random_mix(seed) +
			  (n + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

static inline uint64_t random_next(struct random *random)
{
	random->state += UINT64_C(0x9e3779b97f4a7c15);
	return random_mix(random->state);
}

/* Less than `limit`, which is not 0. */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
	return random_next(random) % limit;
}

static inline bool random_percent(struct random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

#endif
