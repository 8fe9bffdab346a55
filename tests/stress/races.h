/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Threads at the same thing at the same time, for many rounds. A race is a
 * struct race: in each round `begin` makes what is fought for, all threads
 * start their `body` together, and when all have come to an end `end` looks at
 * what is left. Under ThreadSanitizer and AddressSanitizer it is they who look
 * during the round.
 *
 * The threads meet by acquire and release alone. ThreadSanitizer does not
 * understand fences, and would see races where there are none; and a lock of
 * the harness's would order the threads, and hide races of the library's. For
 * that reason the worlds here have the hosted platform, which counts nothing, and
 * the driver below counts without an order.
 */
#ifndef STRESS_RACES_H
#define STRESS_RACES_H

#include "model/random.h"
#include "unit/support.h"

#define RACE_THREADS 4u
#define RACE_MOST    8u	 /* threads in one race, but for one */
#define RACE_CROWD   64u /* and in that */

struct race {
	const char *name;
	uint32_t threads;
	size_t bytes; /* of what `shared` points to, zeroed for each round */
	void (*begin)(void *shared);
	/* On each thread. May not use cmocka: race_require(). */
	void (*body)(void *shared, uint32_t thread, struct random *random);
	void (*end)(void *shared);
};

/* Of rounds: RACE_ROUNDS in the environment, or 500; none of a race whose name
 * does not contain RACE_ONLY, if that is there. What the threads draw comes
 * from RACE_SEED; when they run, of course, does not. */
void race_test(void **state); /* *state is a struct race */
int race_clean(void **state);
#define RACE_TEST(race)                                   \
	{                                                 \
		(race).name, race_test, NULL, race_clean, \
			(void *)(uintptr_t) & (race)      \
	}

/* In a body or a callback: the round fails, for the first reason given. */
void race_fail(const char *what, long value);
#define race_require(condition, value)                        \
	do {                                                  \
		if (!(condition))                             \
			race_fail(#condition, (long)(value)); \
	} while (0)
/* Is the result one of those? The list ends with 1. */
void race_result(const char *call, int result, const int *allowed);
#define RACE_RESULT(call, ...) \
	race_result(#call, call, (const int[]){ __VA_ARGS__, 1 })

/* Loses a little time, so that the threads meet elsewhere each time. */
void race_dally(struct random *random);

/* A context on the hosted platform; with the small world; and with it, on a
 * platform that has no barrier for all threads. */
void race_context(struct world *w);
void race_world(struct world *w);
void race_world_fenced(struct world *w);

/* An IOMMU driver that agrees with everything. */
struct race_driver {
	_Atomic int64_t devices, domains;
	_Atomic uint32_t released;
};

int race_register(struct race_driver *driver, struct world *w, const char *node,
		  struct iomm_iommu **out);

/* One that walks tables of a format, see struct iomm_iommu_config. */
int race_register_walking(struct race_driver *driver, struct world *w,
			  const char *node, const char *format,
			  struct iomm_iommu **out);

static inline void count(_Atomic int64_t *counter, int64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

#endif
