/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE /* syscall */
#include "stress/races.h"

#include "base/ctx.h"

#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

struct racer {
	struct arena *arena;
	uint32_t number;
	pthread_t thread;
};

/* What the threads of a race share with the one that runs it. */
struct arena {
	const struct race *race;
	void *shared;
	uint64_t seed;
	_Atomic uint32_t round; /* goes up when one begins */
	_Atomic uint32_t done;	/* threads that have ended it */
	_Atomic bool over;
	struct racer racer[RACE_CROWD];
	uint32_t threads;
};

/* The one that is used now; a test that failed leaves it to race_clean(). */
static struct arena *arena;

/* The first failure of a round. */
static struct {
	_Atomic uint32_t taken; /* 1: being written; 2: there */
	char text[256];
} failure;

void race_fail(const char *what, long value)
{
	uint32_t none = 0;

	if (!atomic_compare_exchange_strong_explicit(&failure.taken, &none, 1,
						     memory_order_relaxed,
						     memory_order_relaxed))
		return;
	(void)snprintf(failure.text, sizeof(failure.text), "%s (%ld)", what,
		       value);
	atomic_store_explicit(&failure.taken, 2, memory_order_release);
}

void race_result(const char *call, int result, const int *allowed)
{
	while (*allowed != 1 && *allowed != result)
		allowed++;
	if (*allowed == 1)
		race_fail(call, result);
}

void race_dally(struct random *random)
{
	volatile uint32_t n = (uint32_t)random_below(random, 200);

	if (random_percent(random, 10))
		(void)sched_yield();
	while (n)
		n--;
}

/* Rounds */

/* Those who wait sleep: yielding, they would take the CPUs from those who work.
 * Of futexes ThreadSanitizer knows nothing, so that they order nothing. */
static void wait_for(_Atomic uint32_t *word, uint32_t value)
{
	uint32_t now;

	while ((now = atomic_load_explicit(word, memory_order_acquire)) !=
	       value)
		(void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, now, NULL);
}

static void wake(_Atomic uint32_t *word)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX);
}

static void *racer_main(void *data)
{
	struct racer *racer = data;
	struct arena *a = racer->arena;
	struct random random;
	uint32_t round;

	for (round = 1;; round++) {
		wait_for(&a->round, round);
		if (atomic_load_explicit(&a->over, memory_order_relaxed))
			return NULL;
		random.state = random_split(a->seed + round, racer->number);
		a->race->body(a->shared, racer->number, &random);
		atomic_fetch_add_explicit(&a->done, 1, memory_order_release);
		wake(&a->done);
	}
}

static void one_round(uint32_t round)
{
	const struct race *race = arena->race;

	memset(arena->shared, 0, race->bytes);
	race->begin(arena->shared);
	atomic_store_explicit(&arena->done, 0, memory_order_relaxed);
	atomic_store_explicit(&arena->round, round, memory_order_release);
	wake(&arena->round);
	wait_for(&arena->done, race->threads);
	if (atomic_load_explicit(&failure.taken, memory_order_acquire))
		fail_msg("%s, seed %" PRIu64 ", round %" PRIu32 ": %s",
			 race->name, arena->seed, round, failure.text);
	race->end(arena->shared);
}

/* A number from the environment, not 0. */
static uint32_t wanted(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);
	unsigned long number = text ? strtoul(text, NULL, 10) : 0;

	return number > 0 && number < UINT32_MAX ? (uint32_t)number : otherwise;
}

static void
show_progress(const struct race *race, uint32_t round, uint32_t rounds)
{
	if (rounds >= 20000 && round % (rounds / 10) == 0)
		fprintf(stderr, "%s: %" PRIu32 " of %" PRIu32 " rounds\n",
			race->name, round, rounds);
}

static void start(const struct race *race)
{
	uint32_t n;

	assert_true(race->threads <= RACE_CROWD);
	memset(&failure, 0, sizeof(failure));
	arena = calloc(1, sizeof(*arena));
	assert_non_null(arena);
	arena->race = race;
	arena->seed = wanted("RACE_SEED", 1);
	arena->shared = calloc(1, race->bytes);
	assert_non_null(arena->shared);
	for (n = 0; n < race->threads; n++, arena->threads++) {
		arena->racer[n].arena = arena;
		arena->racer[n].number = n;
		assert_int_equal(pthread_create(&arena->racer[n].thread, NULL,
						racer_main, &arena->racer[n]),
				 0);
	}
}

/* Between rounds, whether the last one went well or not. */
int race_clean(void **state)
{
	uint32_t n;

	(void)state;
	atomic_store_explicit(&arena->over, true, memory_order_relaxed);
	atomic_fetch_add_explicit(&arena->round, 1, memory_order_release);
	wake(&arena->round);
	for (n = 0; n < arena->threads; n++)
		(void)pthread_join(arena->racer[n].thread, NULL);
	free(arena->shared);
	free(arena);
	return 0;
}

void race_test(void **state)
{
	const struct race *race = *state;
	uint32_t n, rounds = wanted("RACE_ROUNDS", 500);
	const char *only = getenv("RACE_ONLY");

	if (only && !strstr(race->name, only))
		rounds = 0;
	start(race);
	for (n = 1; n <= rounds; n++) {
		one_round(n);
		show_progress(race, n, rounds);
	}
	print_message("%s: %" PRIu32 " rounds\n", race->name, rounds);
}

/* Worlds */

/*
 * The hosted platform, which in addition gives way to others where they would
 * come at the worst time: around locks, and between making and using. Without
 * a word in common, so that nothing is ordered by it.
 */
static void give_way(void)
{
	static _Thread_local struct random random;

	if (!random.state)
		random.state = (uintptr_t)&random;
	if (!random_below(&random, 8))
		(void)sched_yield();
}

static void *race_alloc(void *data, uint64_t bytes, uint64_t align)
{
	give_way();
	return iomm_platform_hosted()->alloc(data, bytes, align);
}

static void race_lock(void *data, struct iomm_lock *lock)
{
	give_way();
	iomm_platform_hosted()->lock(data, lock);
}

static void race_unlock(void *data, struct iomm_lock *lock)
{
	iomm_platform_hosted()->unlock(data, lock);
	give_way();
}

static void make_context(struct world *w, int (*barrier)(void *data))
{
	world_init(w);
	w->platform = *iomm_platform_hosted();
	w->platform.barrier = barrier;
	w->platform.alloc = race_alloc;
	w->platform.lock = race_lock;
	w->platform.unlock = race_unlock;
	w->config.log_level = IOMM_LOG_ERROR;
	w->events.wakeup = NULL;
	assert_ok(world_create(w));
}

void race_context(struct world *w)
{
	make_context(w, iomm_platform_hosted()->barrier);
}

void race_world(struct world *w)
{
	race_context(w);
	world_small(w);
}

void race_world_fenced(struct world *w)
{
	make_context(w, NULL);
	world_small(w);
}

/* The driver */

static int
translate(void *data, const uint32_t *cells, uint32_t nr_cells, uint64_t *id)
{
	(void)data;
	*id = nr_cells ? cells[0] : 0;
	return 0;
}

static int probe(void *data, const struct iomm_probe_info *info, void **device)
{
	struct race_driver *driver = data;

	count(&driver->devices, 1);
	*device = calloc(1, sizeof(uint64_t));
	race_require(*device, info->nr_ids);
	return 0;
}

static void release(void *data, void *device)
{
	struct race_driver *driver = data;

	count(&driver->devices, -1);
	free(device);
}

static int
domain_alloc(void *data, struct iomm_domain_setup *setup, void **domain)
{
	struct race_driver *driver = data;

	(void)snprintf(setup->format, sizeof(setup->format), "arm64-s1");
	count(&driver->domains, 1);
	*domain = calloc(1, sizeof(uint64_t));
	return 0;
}

static void domain_free(void *data, void *domain)
{
	struct race_driver *driver = data;

	count(&driver->domains, -1);
	free(domain);
}

/* What is written to a device without a lock: only one callback at a time may
 * be at work on it. */
static void set(void *device, uint64_t value)
{
	give_way();
	*(uint64_t *)device = value;
}

static void attach_commit(void *data, void *device, void *domain,
			  const struct iomm_attach *at)
{
	(void)data;
	(void)domain;
	set(device, at->table->root_pa);
}

static void block(void *data, void *device, const struct iomm_attach *at)
{
	(void)data;
	(void)at;
	set(device, 0);
}

/* Invalidations of a domain go on side by side. */
static int flush(void *data, void *domain, uint64_t iova, uint64_t last,
		 uint64_t page_size, uint32_t flags)
{
	(void)data;
	(void)domain;
	(void)iova;
	(void)last;
	(void)page_size;
	(void)flags;
	give_way();
	return 0;
}

static int flush_all(void *data, void *domain)
{
	(void)data;
	(void)domain;
	give_way();
	return 0;
}

static void driver_release(void *data)
{
	struct race_driver *driver = data;

	atomic_fetch_add_explicit(&driver->released, 1, memory_order_relaxed);
}

int race_register(struct race_driver *driver, struct world *w, const char *node,
		  struct iomm_iommu **out)
{
	return race_register_walking(driver, w, node, NULL, out);
}

int race_register_walking(struct race_driver *driver, struct world *w,
			  const char *node, const char *format,
			  struct iomm_iommu **out)
{
	static const struct iomm_iommu_ops ops = {
		.size = sizeof(ops),
		.translate = translate,
		.probe = probe,
		.release = release,
		.domain_alloc = domain_alloc,
		.domain_free = domain_free,
		.attach_commit = attach_commit,
		.block = block,
		.flush = flush,
		.flush_all = flush_all,
	};
	struct iomm_iommu_config config = {
		.size = sizeof(config),
		.name = node,
		.driver = "race",
		.format = format,
	};
	char path[64];

	(void)snprintf(path, sizeof(path), "/%s", node);
	if (iomm_firmware_find(w->firmware, path, &config.node))
		race_fail(path, 0);
	return iomm_iommu_register(w->ctx, &config, &ops, driver,
				   driver_release, out);
}
