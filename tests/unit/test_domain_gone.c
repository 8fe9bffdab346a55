/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What becomes of domains, and of the gathers that serve them, when the driver
 * cannot invalidate, and when the instance goes. */
#include "unit/domain_support.h"

#include <sched.h>

#include "domain/domain.h"

static void unregister(struct mock *mock)
{
	assert_ok(iomm_iommu_unregister(mock->iommu, IOMM_FOREVER));
}

static void assert_gone(struct pair *r, struct iomm_domain *domain)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_translation t = { .size = sizeof(t) };
	uint64_t done = 7;

	assert_fails(iomm_domain_map(domain, 0, 0, 4 * KB, RW, 0, &done),
		     IOMM_ENODEV, r->w->ctx, "gone");
	assert_int_equal(done, 0);
	done = 7;
	assert_fails(iomm_domain_unmap(domain, 0, 4 * KB, NULL, &done),
		     IOMM_ENODEV, r->w->ctx, "gone");
	assert_int_equal(done, 0);
	assert_fails(iomm_domain_translate(domain, 0, &t), IOMM_ENODEV,
		     r->w->ctx, "gone");
	assert_fails(iomm_domain_flush_all(domain), IOMM_ENODEV, r->w->ctx,
		     "gone");
	assert_fails(iomm_domain_info(domain, &info), IOMM_ENODEV, r->w->ctx,
		     "gone");
}

/* A driver that cannot invalidate */

/* Strict: the bytes are unmapped, and said to be; the tables stay. */
static void test_strict_fails(void **state)
{
	static const struct {
		int answer, code;
	} cases[] = {
		{ -IOMM_EIO, IOMM_EIO },
		{ -IOMM_ETIMEDOUT, IOMM_ETIMEDOUT },
		{ 3, IOMM_EPROTO },
		{ INT32_MIN, IOMM_EPROTO },
	};
	struct iomm_translation t = { .size = sizeof(t) };
	struct iomm_domain *domain;
	uint64_t done, kept = 0, tables;
	struct pair r;
	uint32_t n, flushes;

	pair_start(&r, *state);
	domain = domain_for(r.one);
	tables = info_for(domain).tables;
	for (n = 0; n < LENGTH(cases); n++) {
		assert_ok(iomm_domain_map(domain, 0, 0, 8 * KB, RW, 0, NULL));
		done = 0;
		r.first.answer[MOCK_FLUSH] = cases[n].answer;
		assert_fails(iomm_domain_unmap(domain, 0, 8 * KB, NULL, &done),
			     cases[n].code, r.w->ctx, "invalidated");
		r.first.answer[MOCK_FLUSH] = 0;
		assert_int_equal(done, 8 * KB);
		assert_int_equal(iomm_domain_translate(domain, 0, &t),
				 -IOMM_ENOENT);
		assert_true(info_for(domain).quarantined > kept);
		kept = info_for(domain).quarantined;
	}
	/* What a later range covers is not what failed: they go with the flush
	 * of everything, at the latest at the end. */
	assert_ok(iomm_domain_map(domain, 0, 0, 8 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_unmap(domain, 0, 8 * KB, NULL, NULL));
	assert_int_equal(info_for(domain).quarantined, kept);
	assert_int_equal(info_for(domain).tables, tables);
	/* Before new tables took the place of those. */
	flushes = r.first.calls[MOCK_FLUSH_ALL];
	assert_int_equal(flushes, LENGTH(cases));
	r.first.answer[MOCK_FLUSH_ALL] = -IOMM_EIO;
	assert_fails(iomm_domain_flush_all(domain), IOMM_EIO, r.w->ctx,
		     "invalidated");
	r.first.answer[MOCK_FLUSH_ALL] = INT32_MAX;
	assert_fails(iomm_domain_flush_all(domain), IOMM_EPROTO, r.w->ctx, "");
	assert_int_equal(info_for(domain).quarantined, kept);
	r.first.answer[MOCK_FLUSH_ALL] = 0;
	assert_ok(iomm_domain_flush_all(domain));
	assert_int_equal(info_for(domain).quarantined, 0);
	assert_int_equal(r.first.calls[MOCK_FLUSH_ALL], flushes + 3);
	iomm_domain_put(domain);
	assert_int_equal(r.first.calls[MOCK_FLUSH_ALL], flushes + 4);
	pair_stop(&r);
}

/* What nobody asked for again goes at the end. */
static void test_quarantine_at_end(void **state)
{
	struct iomm_domain *domain;
	struct pair r;

	pair_start(&r, *state);
	domain = domain_for(r.both);
	assert_ok(iomm_domain_map(domain, 0, 0, 8 * KB, RW, 0, NULL));
	r.second.answer[MOCK_FLUSH] = -IOMM_EIO;
	assert_int_equal(iomm_domain_unmap(domain, 0, 8 * KB, NULL, NULL),
			 -IOMM_EIO);
	assert_true(info_for(domain).quarantined > 0);
	iomm_domain_put(domain);
	assert_int_equal(r.first.calls[MOCK_FLUSH_ALL], 1);
	assert_int_equal(r.second.calls[MOCK_FLUSH_ALL], 1);
	pair_stop(&r);
}

/* A gather that was not flushed is flushed later. */
static void test_gather_retry(void **state)
{
	struct iomm_gather gather;
	struct iomm_domain *domain;
	uint64_t done = 0, tables;
	struct pair r;

	pair_start(&r, *state);
	domain = domain_for(r.both);
	tables = info_for(domain).tables;
	assert_ok(iomm_domain_map(domain, 0, 0, 8 * KB, RW, 0, NULL));
	iomm_gather_init(&gather);
	assert_ok(iomm_domain_unmap(domain, 0, 8 * KB, &gather, &done));
	assert_int_equal(done, 8 * KB);
	r.second.answer[MOCK_FLUSH] = -IOMM_EIO;
	assert_fails(iomm_gather_flush(&gather), IOMM_EIO, r.w->ctx,
		     "invalidated");
	assert_int_equal(iomm_gather_pending(&gather), 8 * KB);
	r.second.answer[MOCK_FLUSH] = 0;
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(iomm_gather_pending(&gather), 0);
	assert_int_equal(info_for(domain).tables, tables);
	assert_int_equal(info_for(domain).quarantined, 0);
	iomm_domain_put(domain);
	pair_stop(&r);
}

/* An instance goes */

static void test_unregister_live(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain, *idle;
	struct pair r;

	pair_start(&r, w);
	domain = domain_for(r.one);
	idle = domain_for(r.one);
	assert_ok(iomm_domain_attach(domain, r.one));
	assert_ok(iomm_domain_map(domain, 0, 0, 8 * KB, RW, 0, NULL));
	unregister(&r.first);
	assert_int_equal(r.first.calls[MOCK_FLUSH_ALL], 2);
	assert_int_equal(r.first.calls[MOCK_DOMAIN_FREE], 2);
	assert_int_equal(device_state(r.one), IOMM_DEVICE_WAITING);
	assert_gone(&r, domain);
	assert_gone(&r, idle);
	assert_fails(iomm_domain_attach(domain, r.one), IOMM_ENODEV, w->ctx,
		     "one is not bound");
	assert_fails(iomm_domain_detach(domain, r.one), IOMM_ENODEV, w->ctx,
		     "one is not bound");
	/* It calls no hook any more. */
	r.first.nr_trace = 0;
	iomm_domain_put(domain);
	iomm_domain_put(idle);
	assert_trace(&r.first, "");
	assert_int_equal(world_live(w, IOMM_HANDLE_DOMAIN), 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_PGTABLE), 0);
	pair_stop(&r);
}

/* A new instance of the same node is another one. */
static void test_new_instance(void **state)
{
	struct world *w = *state;
	struct iomm_domain *old, *new;
	struct mock again;
	struct pair r;

	pair_start(&r, w);
	old = domain_for(r.one);
	unregister(&r.first);
	mock_register(&again, w, "first");
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(device_state(r.one), IOMM_DEVICE_BOUND);
	assert_fails(iomm_domain_attach(old, r.one), IOMM_EINVAL, w->ctx,
		     "not made for first");
	assert_gone(&r, old);
	new = domain_for(r.one);
	assert_ok(iomm_domain_attach(new, r.one));
	iomm_domain_put(old);
	iomm_domain_put(new);
	pair_stop(&r);
	mock_end(&again);
}

/* The other one is still served, until it is gone too. */
static void test_one_of_two(void **state)
{
	struct iomm_domain *domain;
	struct iomm_gather gather;
	struct pair r;

	pair_start(&r, *state);
	domain = domain_for(r.both);
	iomm_gather_init(&gather);
	assert_ok(iomm_domain_attach(domain, r.both));
	assert_ok(iomm_domain_map(domain, 0, 0, 8 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_unmap(domain, 4 * KB, 4 * KB, &gather, NULL));
	unregister(&r.second);
	assert_int_equal(r.second.calls[MOCK_DOMAIN_FREE], 1);
	assert_int_equal(r.first.calls[MOCK_DOMAIN_FREE], 0);
	/* A device is behind all of its instances, or none. */
	assert_int_equal(device_state(r.both), IOMM_DEVICE_WAITING);
	assert_true(r.first.calls[MOCK_RELEASE] == 1);

	assert_ok(iomm_domain_attach(domain, r.one));
	assert_ok(iomm_gather_flush(&gather));
	assert_ok(iomm_domain_unmap(domain, 0, 4 * KB, NULL, NULL));
	assert_int_equal(r.first.calls[MOCK_FLUSH], 2);
	assert_int_equal(r.second.calls[MOCK_FLUSH], 0);
	unregister(&r.first);
	assert_gone(&r, domain);
	iomm_domain_put(domain);
	pair_stop(&r);
}

/* A gather outlives the instance: it is gone, so nothing walks the tables. */
static void test_gather_outlives(void **state)
{
	struct world *w = *state;
	struct iomm_gather gather;
	struct iomm_domain *domain;
	struct pair r;

	pair_start(&r, w);
	domain = domain_for(r.one);
	iomm_gather_init(&gather);
	assert_ok(iomm_domain_map(domain, 0, 0, 8 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_unmap(domain, 0, 8 * KB, &gather, NULL));
	unregister(&r.first);
	iomm_domain_put(domain);
	assert_int_equal(world_live(w, IOMM_HANDLE_PGTABLE), 1);
	r.first.nr_trace = 0;
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(world_live(w, IOMM_HANDLE_PGTABLE), 0);
	assert_trace(&r.first, "");
	pair_stop(&r);
}

struct tables {
	uint64_t pa[8];
	uint32_t count;
};

static int note_table(void *data, const struct iomm_walk_entry *entry)
{
	struct tables *tables = data;

	if (entry->kind == IOMM_WALK_TABLE)
		tables->pa[tables->count++] = entry->paddr;
	return 0;
}

/* The driver could not say that the hardware is quiet: nothing is ever called
 * safe, and the memory of the tables is not used again. */
static void test_never_quiet(void **state)
{
	struct world *w = *state;
	struct iomm_domain_config c = { .size = sizeof(c), .ias = 39 };
	struct iomm_domain *domain = NULL;
	struct tables tables = { 0 };
	struct iomm_gather gather;
	struct pair r;

	pair_start(&r, w);
	assert_ok(iomm_domain_create(r.one, &c, &domain));
	iomm_gather_init(&gather);
	assert_ok(iomm_domain_map(domain, 0, 0, 4 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_map(domain, 8 * KB, 0, 4 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_unmap(domain, 0, 4 * KB, &gather, NULL));
	assert_ok(iomm_pgtable_walk(domain->pgtable, 0, 512 * GB, note_table,
				    &tables));
	tables.pa[tables.count++] = domain->info.root_pa;
	assert_int_equal(tables.count, 3);
	r.first.answer[MOCK_FLUSH_ALL] = -IOMM_EIO;
	unregister(&r.first);
	assert_true(world_logged(w, IOMM_LOG_ERROR, "quarantine"));
	assert_int_equal(r.first.calls[MOCK_DOMAIN_FREE], 1);
	assert_fails(iomm_gather_flush(&gather), IOMM_ENODEV, w->ctx,
		     "not invalidated");
	assert_int_equal(iomm_gather_pending(&gather), 4 * KB);
	iomm_gather_abandon(&gather);
	assert_gone(&r, domain);
	iomm_domain_put(domain);
	assert_int_equal(r.first.calls[MOCK_FLUSH_ALL], 1);
	assert_true(world_logged(w, IOMM_LOG_ERROR, "not given back"));
	pair_stop(&r);

	/* The test has no hardware, and takes them back, and the context with
	 * whose platform they would have stayed. */
	iomm_ctx_drop(w->ctx);
	while (tables.count)
		w->platform.free(w,
				 (void *)(uintptr_t)tables.pa[--tables.count],
				 4 * KB, 4 * KB);
}

/* The driver's last word comes late: a domain that is put while its instance
 * is half unregistered must not lose its tables for good. */
struct holder {
	struct pair *r;
	_Atomic uint32_t inside, leave;
};

static void wait_inside(struct mock *mock, void *object)
{
	struct holder *h = mock->user;

	(void)object;
	atomic_store(&h->inside, 1);
	while (!atomic_load(&h->leave))
		sched_yield();
}

static void *probe_one(void *arg)
{
	struct holder *h = arg;
	int err = iomm_device_probe(h->r->one);

	return (void *)(intptr_t)err;
}

static void test_put_while_going(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain;
	struct holder h = { 0 };
	pthread_t thread;
	struct pair r;

	pair_start(&r, w);
	h.r = &r;
	domain = domain_for(r.both);
	assert_ok(iomm_domain_map(domain, 0, 0, 4 * KB, RW, 0, NULL));
	assert_ok(iomm_device_remove(r.one, 0));
	iomm_device_put(r.one);
	r.one = world_device(w, "one");
	r.first.on[MOCK_PROBE] = wait_inside;
	r.first.user = &h;
	assert_int_equal(pthread_create(&thread, NULL, probe_one, &h), 0);
	while (!atomic_load(&h.inside))
		sched_yield();
	assert_fails(iomm_iommu_unregister(r.first.iommu, 1000), IOMM_ETIMEDOUT,
		     w->ctx, "first");
	iomm_domain_put(domain);
	atomic_store(&h.leave, 1);
	pthread_join(thread, NULL);
	unregister(&r.first);
	assert_false(world_logged(w, IOMM_LOG_ERROR, "not given back"));
	pair_stop(&r);
}

/* The whole story, with every allocation failing in turn */

static int map_story(struct iomm_domain *domain)
{
	struct iomm_gather gather;
	uint64_t done = 0;
	int err;

	err = iomm_domain_map(domain, 2 * MB, 2 * MB, 2 * MB + 8 * KB, RW, 0,
			      &done);
	if (err) {
		/* What was mapped can be unmapped with no memory at all, since
		 * it is unmapped whole. */
		if (done)
			assert_ok(iomm_domain_unmap(domain, 2 * MB, done, NULL,
						    NULL));
		return err;
	}
	iomm_gather_init(&gather);
	/* Splits a block, which takes a table. */
	err = iomm_domain_unmap(domain, 2 * MB + 4 * KB, 4 * KB, &gather,
				&done);
	assert_int_equal(done, err ? 0 : 4 * KB);
	assert_ok(iomm_gather_flush(&gather));
	assert_ok(iomm_domain_unmap(domain, 0, 8 * MB, NULL, &done));
	assert_int_equal(done, 2 * MB + 8 * KB - (err ? 0 : 4 * KB));
	return err;
}

static int whole_story(struct world *w, void *arg)
{
	struct iomm_device *device = arg;
	struct iomm_domain *domain = NULL;
	int err = iomm_domain_create(device, NULL, &domain);

	(void)w;
	if (err)
		return err;
	assert_ok(iomm_domain_attach(domain, device));
	err = map_story(domain);
	assert_ok(iomm_domain_detach(domain, device));
	iomm_domain_put(domain);
	return err;
}

static void test_no_memory(void **state)
{
	struct pair r;

	pair_start(&r, *state);
	assert_true(world_each_site(r.w, whole_story, r.both) > 10);
	assert_int_equal(r.first.domains, 0);
	assert_int_equal(r.second.domains, 0);
	pair_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_strict_fails),
		WORLD_TEST(test_quarantine_at_end),
		WORLD_TEST(test_gather_retry),
		WORLD_TEST(test_unregister_live),
		WORLD_TEST(test_new_instance),
		WORLD_TEST(test_one_of_two),
		WORLD_TEST(test_gather_outlives),
		WORLD_TEST(test_never_quiet),
		WORLD_TEST(test_put_while_going),
		WORLD_TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
