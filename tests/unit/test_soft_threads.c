/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * DMA against mapping, unmapping and invalidation. Once an unmapping has been
 * flushed with success the page is the owner's again: no device may read what
 * he writes there, or write to it.
 */
#include "unit/soft_support.h"

#include <sched.h>

#define DEVICES 4u
#define PAGES	8u
#define ROUNDS	2000u
#define WORDS	(4096 / sizeof(uint64_t))
#define SECRET	UINT64_C(0x5ec4e75ec4e75ec4)
#define PUBLIC	UINT64_C(0x9b11c9b11c9b11c0)
#define DEVICE	UINT64_C(0xdeb1ceddeb1ce000)

struct arena_page {
	uint64_t words[WORDS];
};

struct traffic {
	struct machine m;
	struct iomm_iommu *iommu;
	struct iomm_device *one;
	struct iomm_domain *domain;
	_Atomic bool stop;
	_Atomic uint32_t bad;
	_Atomic uint64_t reads, writes, faults;
};

static struct arena_page *page_of(struct traffic *t, uint32_t n)
{
	return (struct arena_page *)(void *)(t->m.ram + n * 4 * KB);
}

static void fill_page(struct arena_page *page, uint64_t value)
{
	uint32_t n;

	for (n = 0; n < WORDS; n++)
		page->words[n] = value;
}

/* What a device may see of a page that is mapped: what its owner meant for it,
 * and what devices wrote. */
static bool may_be_seen(const struct arena_page *page)
{
	uint32_t n;

	for (n = 0; n < WORDS; n++) {
		if ((page->words[n] & ~UINT64_C(15)) != PUBLIC &&
		    (page->words[n] & ~UINT64_C(15)) != DEVICE)
			return false;
	}
	return true;
}

static void note(struct traffic *t, int err, _Atomic uint64_t *done)
{
	if (!err)
		atomic_fetch_add(done, 1);
	else if (err == -IOMM_EFAULT)
		atomic_fetch_add(&t->faults, 1);
	else
		atomic_fetch_add(&t->bad, 1);
}

static void *device(void *arg)
{
	struct traffic *t = arg;
	struct arena_page buf;
	uint64_t seed = (uintptr_t)&buf, iova;
	int err;

	while (!atomic_load(&t->stop)) {
		iova = next_random(&seed) % PAGES * 4 * KB;
		err = iomm_soft_read(t->m.soft, 0x10, 0, iova, &buf,
				     sizeof(buf), NULL);
		if (!err && !may_be_seen(&buf))
			atomic_fetch_add(&t->bad, 1);
		note(t, err, &t->reads);
		fill_page(&buf, DEVICE);
		err = iomm_soft_write(t->m.soft, 0x10, 0, iova + 64, &buf, 512,
				      NULL);
		note(t, err, &t->writes);
	}
	return NULL;
}

static bool all_secret(const struct arena_page *page)
{
	uint32_t n;

	for (n = 0; n < WORDS; n++) {
		if (page->words[n] != SECRET)
			return false;
	}
	return true;
}

static void map_page(struct traffic *t, uint32_t n)
{
	fill_page(page_of(t, n), PUBLIC | n);
	assert_ok(iomm_domain_map(t->domain, n * 4 * KB, RAM_PA + n * 4 * KB,
				  4 * KB, RW, 0, NULL));
}

static void unmap_page(struct traffic *t, uint32_t n, bool gathered)
{
	struct iomm_gather gather;
	uint64_t done = 0;

	iomm_gather_init(&gather);
	assert_ok(iomm_domain_unmap(t->domain, n * 4 * KB, 4 * KB,
				    gathered ? &gather : NULL, &done));
	assert_int_equal(done, 4 * KB);
	if (gathered) {
		sched_yield();
		assert_ok(iomm_gather_flush(&gather));
	}
	fill_page(page_of(t, n), SECRET);
}

static void start(struct traffic *t, struct world *w)
{
	struct iomm_soft_driver driver = { .size = sizeof(driver),
					   .name = "soft0" };

	memset(t, 0, sizeof(*t));
	world_small(w);
	machine_start(&t->m, w, NULL);
	driver.node = node_at(w->firmware, "/first");
	driver.memory = t->m.memory;
	assert_ok(iomm_soft_register(t->m.soft, &driver, &t->iommu));
	t->one = world_device(w, "one");
	assert_ok(iomm_device_probe(t->one));
	assert_ok(iomm_domain_create(t->one, NULL, &t->domain));
	assert_ok(iomm_domain_attach(t->domain, t->one));
}

static void stop(struct traffic *t)
{
	iomm_domain_put(t->domain);
	iomm_device_put(t->one);
	iomm_iommu_put(t->iommu);
	machine_stop(&t->m);
}

/* A test in which nothing met was none: the owners go on until all has. */
static bool all_met(const struct traffic *t)
{
	return t->reads && t->writes && t->faults;
}

static void run_devices(struct traffic *t, void (*owner)(struct traffic *t))
{
	pthread_t threads[DEVICES];
	uint32_t n;

	for (n = 0; n < DEVICES; n++)
		assert_int_equal(pthread_create(&threads[n], NULL, device, t),
				 0);
	owner(t);
	atomic_store(&t->stop, true);
	for (n = 0; n < DEVICES; n++)
		pthread_join(threads[n], NULL);
	assert_int_equal(t->bad, 0);
	assert_true(all_met(t));
}

static void own(struct traffic *t)
{
	uint64_t seed = 5;
	uint32_t n, page;

	for (page = 0; page < PAGES; page++)
		map_page(t, page);
	for (n = 0; n < ROUNDS || !all_met(t); n++) {
		page = (uint32_t)(next_random(&seed) % PAGES);
		unmap_page(t, page, n & 1);
		if (n % 64 == 0)
			sched_yield();
		assert_true(all_secret(page_of(t, page)));
		map_page(t, page);
	}
}

static void test_pages(void **state)
{
	struct traffic t;

	start(&t, *state);
	run_devices(&t, own);
	stop(&t);
}

/* The same, by attaching and detaching. */
static void own_device(struct traffic *t)
{
	uint32_t n, page;

	for (page = 0; page < PAGES; page++)
		map_page(t, page);
	for (n = 0; n < ROUNDS / 4 || !all_met(t); n++) {
		assert_ok(iomm_domain_detach(t->domain, t->one));
		if (n % 64 == 0)
			sched_yield();
		for (page = 0; page < PAGES; page++)
			fill_page(page_of(t, page), SECRET);
		sched_yield();
		for (page = 0; page < PAGES; page++) {
			assert_true(all_secret(page_of(t, page)));
			fill_page(page_of(t, page), PUBLIC);
		}
		assert_ok(iomm_domain_attach(t->domain, t->one));
		sched_yield();
	}
}

static void test_detach(void **state)
{
	struct traffic t;

	start(&t, *state);
	run_devices(&t, own_device);
	stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_pages),
		WORLD_TEST(test_detach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
