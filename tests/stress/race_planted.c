/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Races that are there on purpose. RACE_PLANTED says which is run:
 *   count  a count that loses: for the check at the end of a round
 *   table  a page table that two threads use: for ThreadSanitizer
 *   dead   a device used after its last put: for AddressSanitizer
 */
#include <sched.h>

#include "stress/races.h"

#define TIMES 100u

struct scene {
	struct world world;
	uint32_t counter;
	struct iomm_pgtable *pgtable;
	struct iomm_device *device;
};

static void begin(void *shared)
{
	struct scene *s = shared;

	race_world(&s->world);
	s->device = world_device(&s->world, "one");
	assert_ok(iomm_pgtable_create(s->world.ctx, "arm64-s1", NULL, NULL,
				      NULL, NULL, &s->pgtable));
	/* So that all threads work in one table, and race for its entries. */
	assert_ok(
		iomm_pgtable_map(s->pgtable, 0x100000, 0, 0x1000, RW, 0, NULL));
}

static void count_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n, seen;

	(void)thread;
	(void)random;
	for (n = 0; n < TIMES; n++) {
		seen = __atomic_load_n(&s->counter, __ATOMIC_RELAXED);
		(void)sched_yield();
		__atomic_store_n(&s->counter, seen + 1, __ATOMIC_RELAXED);
	}
}

static void table_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;

	(void)random;
	(void)!iomm_pgtable_map(s->pgtable, thread * 0x1000, 0, 0x1000, RW, 0,
				NULL);
}

static void dead_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t state;

	(void)random;
	if (!thread)
		iomm_device_put(s->device);
	else
		(void)!iomm_device_state(s->device, &state);
	(void)!iomm_device_state(s->device, &state);
}

static void end(void *shared)
{
	struct scene *s = shared;

	iomm_pgtable_put(s->pgtable);
	iomm_device_put(s->device);
	world_end(&s->world);
}

static void count_end(void *shared)
{
	struct scene *s = shared;
	uint32_t counter = s->counter;

	end(s);
	assert_int_equal(counter, RACE_THREADS * TIMES);
}

static void dead_end(void *shared)
{
	struct scene *s = shared;

	s->device = NULL;
	end(s);
}

static const struct race counts = { "count", RACE_THREADS, sizeof(struct scene),
				    begin,   count_body,   count_end };
static const struct race table = { "table", RACE_THREADS, sizeof(struct scene),
				   begin,   table_body,	  end };
static const struct race dead = { "dead", RACE_THREADS, sizeof(struct scene),
				  begin,  dead_body,	dead_end };

int main(void)
{
	const char *which = getenv("RACE_PLANTED");
	const struct CMUnitTest tests[] = {
		RACE_TEST(counts),
		RACE_TEST(table),
		RACE_TEST(dead),
	};
	size_t n;

	for (n = 0; which && n < LENGTH(tests); n++) {
		const struct CMUnitTest one[] = { tests[n] };

		if (!strcmp(which, tests[n].name))
			return cmocka_run_group_tests_name("races: planted",
							   one, NULL, NULL);
	}
	/* Not known: then nothing is proven either. */
	return 0;
}
