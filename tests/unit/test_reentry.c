/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls on domains from inside a driver's callbacks, and from several threads:
 * what need not wait works, what would wait answers EDEADLK, and nothing hangs.
 */
#include "unit/support.h"

#include <sched.h>

struct scene {
	struct world *w;
	struct mock first, second;
	struct iomm_device *one, *two;
	struct iomm_domain *domain, *other;
	int err[4];
	uint32_t calls;
	_Atomic uint32_t inside, leave;
};

static void start(struct scene *r, struct world *w)
{
	memset(r, 0, sizeof(*r));
	r->w = w;
	world_small(w);
	mock_register(&r->first, w, "first");
	mock_register(&r->second, w, "second");
	r->first.user = r->second.user = r;
	r->one = world_device(w, "one");
	r->two = world_device(w, "two");
	assert_ok(iomm_device_probe(r->one));
	assert_ok(iomm_device_probe(r->two));
	assert_ok(iomm_domain_create(r->one, NULL, &r->domain));
	assert_ok(iomm_domain_create(r->one, NULL, &r->other));
}

static void stop(struct scene *r)
{
	iomm_domain_put(r->domain);
	iomm_domain_put(r->other);
	iomm_device_put(r->one);
	iomm_device_put(r->two);
	mock_end(&r->first);
	mock_end(&r->second);
}

static void clear(struct scene *r)
{
	memset(r->first.on, 0, sizeof(r->first.on));
}

/* Attaching what is being attached, on this thread: it would wait for itself.
 * What is elsewhere is free. */
static void attach_in_prepare(struct mock *mock, void *object)
{
	struct scene *r = mock->user;

	(void)object;
	clear(r);
	r->err[0] = iomm_domain_attach(r->other, r->one);
	r->err[1] = iomm_domain_detach(r->other, r->one);
	r->err[2] = iomm_device_remove(r->one, IOMM_FOREVER);
	r->err[3] = iomm_domain_attach(r->other, r->two);
}

static void test_attach_in_prepare(void **state)
{
	struct scene r;

	start(&r, *state);
	r.first.on[MOCK_PREPARE] = attach_in_prepare;
	assert_ok(iomm_domain_attach(r.domain, r.one));
	assert_int_equal(r.err[0], -IOMM_EDEADLK);
	assert_int_equal(r.err[1], -IOMM_EDEADLK);
	assert_int_equal(r.err[2], -IOMM_EDEADLK);
	assert_ok(r.err[3]);
	/* The removal that could not be was none. */
	assert_ok(iomm_domain_detach(r.domain, r.one));
	assert_ok(iomm_domain_detach(r.other, r.two));
	stop(&r);
}

/* Mapping while attaching: the table is free. */
static void map_in_commit(struct mock *mock, void *object)
{
	struct scene *r = mock->user;

	(void)object;
	r->err[0] = iomm_domain_map(r->domain, 0, 0, 4 * KB, RW, 0, NULL);
	r->err[1] = iomm_domain_unmap(r->domain, 0, 4 * KB, NULL, NULL);
	r->err[2] = iomm_domain_create(r->two, NULL, &r->other);
}

static void test_map_in_commit(void **state)
{
	struct scene r;

	start(&r, *state);
	iomm_domain_put(r.other);
	r.other = NULL;
	r.first.on[MOCK_COMMIT] = map_in_commit;
	assert_ok(iomm_domain_attach(r.domain, r.one));
	assert_ok(r.err[0]);
	assert_ok(r.err[1]);
	assert_ok(r.err[2]);
	stop(&r);
}

/* The TLB hooks run while the table is at work. */
static void map_in_flush(struct mock *mock, void *object)
{
	struct scene *r = mock->user;
	struct iomm_gather gather;
	uint64_t done = 7;

	(void)object;
	clear(r);
	iomm_gather_init(&gather);
	r->err[0] = iomm_domain_map(r->domain, 0, 0, 4 * KB, RW, 0, &done);
	r->err[1] = iomm_domain_unmap(r->domain, 0, 4 * KB, &gather, &done);
	r->err[2] = iomm_domain_unmap(r->domain, 0, 4 * KB, NULL, &done);
	if (r->err[2] == -IOMM_EDEADLK)
		r->err[2] = iomm_domain_flush_all(r->domain);
	r->calls = (uint32_t)done;
	/* A put is legal even here; nothing is destroyed yet. */
	iomm_domain_put(r->other);
	r->other = NULL;
	r->err[3] = (int)world_live(r->w, IOMM_HANDLE_DOMAIN);
}

static void test_map_in_flush(void **state)
{
	struct iomm_gather gather;
	struct scene r;

	start(&r, *state);
	assert_ok(iomm_domain_map(r.domain, 0, 0, 8 * KB, RW, 0, NULL));
	r.first.on[MOCK_FLUSH] = map_in_flush;
	assert_ok(iomm_domain_unmap(r.domain, 0, 4 * KB, NULL, NULL));
	assert_int_equal(r.err[0], -IOMM_EDEADLK);
	assert_int_equal(r.err[1], -IOMM_EDEADLK);
	assert_int_equal(r.err[2], -IOMM_EDEADLK);
	assert_int_equal(r.calls, 0);
	assert_int_equal(r.err[3], 2);
	/* Destroyed on the way out. */
	assert_int_equal(world_live(r.w, IOMM_HANDLE_DOMAIN), 1);
	assert_int_equal(r.first.domains, 1);

	/* So do they in the flush of a gather. */
	r.first.on[MOCK_FLUSH] = map_in_flush;
	iomm_gather_init(&gather);
	assert_ok(iomm_domain_unmap(r.domain, 4 * KB, 4 * KB, &gather, NULL));
	r.err[0] = 0;
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(r.err[0], -IOMM_EDEADLK);
	stop(&r);
}

/* Another thread is at work: outside of callbacks one waits for it, inside
 * that is refused. */
static void stay_inside(struct mock *mock, void *object)
{
	struct scene *r = mock->user;

	(void)object;
	atomic_store(&r->inside, 1);
	while (!atomic_load(&r->leave))
		sched_yield();
}

static void *attach_one(void *arg)
{
	struct scene *r = arg;

	return (void *)(intptr_t)iomm_domain_attach(r->domain, r->one);
}

static void attach_contended(void *data, const struct iomm_fault *fault)
{
	struct scene *r = data;

	(void)fault;
	r->err[0] = iomm_domain_attach(r->other, r->one);
	r->err[1] = iomm_domain_detach(r->domain, r->one);
	r->err[2] = iomm_device_remove(r->one, IOMM_FOREVER);
	r->err[3] = iomm_domain_create(r->one, NULL, &r->other);
	r->calls++;
}

static void fault_two(struct scene *r)
{
	struct iomm_fault fault = { .size = sizeof(fault), .id = 0x20 };

	assert_ok(iomm_iommu_report_fault(r->first.iommu, &fault));
}

static void test_contended_attach(void **state)
{
	pthread_t thread;
	struct scene r;
	void *err;
	int n;

	start(&r, *state);
	assert_ok(iomm_domain_set_fault_handler(r.other, attach_contended, &r,
						NULL));
	assert_ok(iomm_domain_attach(r.other, r.two));
	r.first.on[MOCK_PREPARE] = stay_inside;
	assert_int_equal(pthread_create(&thread, NULL, attach_one, &r), 0);
	while (!atomic_load(&r.inside))
		sched_yield();
	fault_two(&r);
	assert_int_equal(r.calls, 1);
	for (n = 0; n < 4; n++)
		assert_int_equal(r.err[n], -IOMM_EDEADLK);
	atomic_store(&r.leave, 1);
	pthread_join(thread, &err);
	assert_null(err);
	/* None of it had an effect. */
	assert_int_equal(device_state(r.one), IOMM_DEVICE_BOUND);
	assert_ok(iomm_domain_detach(r.domain, r.one));
	stop(&r);
}

static void first_stays_inside(struct mock *mock, void *object)
{
	struct scene *r = mock->user;

	if (!atomic_load(&r->inside))
		stay_inside(mock, object);
}

static void *unmap_strict(void *arg)
{
	struct scene *r = arg;

	return (void *)(intptr_t)iomm_domain_unmap(r->domain, 0, 4 * KB, NULL,
						   NULL);
}

static void map_contended(void *data, const struct iomm_fault *fault)
{
	struct scene *r = data;
	uint64_t done = 7;

	(void)fault;
	r->err[0] =
		iomm_domain_map(r->domain, 64 * KB, 0, 4 * KB, RW, 0, &done);
	r->err[1] = iomm_domain_unmap(r->domain, 4 * KB, 4 * KB, NULL, &done);
	r->calls = 1 + (uint32_t)done;
}

/* An invalidation that takes its time keeps nobody else from his work on the
 * domain, in a callback either. */
static void test_contended_map(void **state)
{
	struct iomm_translation t = { .size = sizeof(t) };
	pthread_t thread;
	struct scene r;
	void *err;

	start(&r, *state);
	assert_ok(iomm_domain_set_fault_handler(r.other, map_contended, &r,
						NULL));
	assert_ok(iomm_domain_attach(r.other, r.two));
	assert_ok(iomm_domain_map(r.domain, 0, 0, 8 * KB, RW, 0, NULL));
	r.first.on[MOCK_FLUSH] = first_stays_inside;
	assert_int_equal(pthread_create(&thread, NULL, unmap_strict, &r), 0);
	while (!atomic_load(&r.inside))
		sched_yield();
	fault_two(&r);
	assert_int_equal(r.err[0], 0);
	assert_int_equal(r.err[1], 0);
	assert_int_equal(r.calls, 1 + 4 * KB);
	atomic_store(&r.leave, 1);
	pthread_join(thread, &err);
	assert_null(err);
	clear(&r);
	assert_int_equal(iomm_domain_translate(r.domain, 4 * KB, &t),
			 -IOMM_ENOENT);
	assert_ok(iomm_domain_translate(r.domain, 64 * KB, &t));
	stop(&r);
}

/* Everything at once: nothing hangs, nothing is lost. Each goes on until the
 * instance is gone: of those that find somebody else attached, any number of
 * rounds come to nothing. */
static void *shuffle(void *arg)
{
	struct scene *r = arg;
	struct iomm_domain *domain = NULL;
	int err;

	for (;;) {
		err = iomm_domain_create(r->one, NULL, &domain);
		if (err)
			return NULL;
		err = iomm_domain_map(domain, 0, 0, 4 * KB, RW, 0, NULL);
		if (!err)
			err = iomm_domain_attach(domain, r->one);
		if (!err)
			err = iomm_domain_unmap(domain, 0, 4 * KB, NULL, NULL);
		if (!err || err == -IOMM_EBUSY)
			err = iomm_domain_detach(domain, r->one);
		if (err && err != -IOMM_ENOENT && err != -IOMM_ENODEV)
			return r;
		iomm_domain_put(domain);
	}
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	struct scene r;
	void *bad;
	uint32_t n;

	start(&r, *state);
	for (n = 0; n < 4; n++)
		assert_int_equal(pthread_create(&threads[n], NULL, shuffle, &r),
				 0);
	assert_ok(iomm_domain_attach(r.other, r.two));
	while (r.first.calls[MOCK_FLUSH] < 100)
		sched_yield();
	/* In the middle of it the instance goes. */
	assert_ok(iomm_iommu_unregister(r.first.iommu, IOMM_FOREVER));
	for (n = 0; n < 4; n++) {
		pthread_join(threads[n], &bad);
		assert_null(bad);
	}
	assert_int_equal(r.first.domains, 0);
	stop(&r);
	assert_int_equal(r.first.calls[MOCK_DOMAIN_ALLOC],
			 r.first.calls[MOCK_DOMAIN_FREE]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_attach_in_prepare),
		WORLD_TEST(test_map_in_commit),
		WORLD_TEST(test_map_in_flush),
		WORLD_TEST(test_contended_attach),
		WORLD_TEST(test_contended_map),
		WORLD_TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
