/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Attaching and detaching: who is asked, who is told, in which order. */
#include "unit/domain_support.h"

#include "device/device.h"

static void clear_traces(struct pair *r)
{
	r->first.nr_trace = 0;
	r->second.nr_trace = 0;
}

static void start(struct pair *r, struct world *w)
{
	pair_start(r, w);
	r->d1 = domain_for(r->both);
	r->d2 = domain_for(r->both);
	clear_traces(r);
}

/* Handles */

static void test_handles(void **state)
{
	struct world *w = *state, w2;
	struct iomm_device *foreign;
	struct mock mock;
	struct pair r;

	start(&r, w);
	assert_int_equal(iomm_domain_attach(NULL, r.one), -IOMM_EINVAL);
	assert_int_equal(iomm_domain_detach(NULL, r.one), -IOMM_EINVAL);
	assert_int_equal(iomm_domain_attach((void *)r.one, r.one),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_domain_detach((void *)r.one, r.one),
			 -IOMM_EINVAL);
	assert_fails(iomm_domain_attach(r.d1, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_domain_attach");
	assert_fails(iomm_domain_detach(r.d1, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_domain_detach");
	assert_fails(iomm_domain_attach(r.d1, (void *)r.d1), IOMM_EINVAL,
		     w->ctx, "iomm_domain_attach");
	assert_fails(iomm_domain_detach(r.d1, (void *)w->bus), IOMM_EINVAL,
		     w->ctx, "iomm_domain_detach");

	world_init(&w2);
	assert_ok(world_create(&w2));
	world_small(&w2);
	mock_register(&mock, &w2, "first");
	foreign = world_device(&w2, "one");
	assert_ok(iomm_device_probe(foreign));
	assert_fails(iomm_domain_attach(r.d1, foreign), IOMM_EINVAL, w->ctx,
		     "contexts");
	assert_fails(iomm_domain_detach(r.d1, foreign), IOMM_EINVAL, w->ctx,
		     "contexts");
	iomm_device_put(foreign);
	mock_end(&mock);
	world_end(&w2);
	pair_stop(&r);
}

static void test_unbound(void **state)
{
	struct world *w = *state;
	struct iomm_device *two, *none;
	struct pair r;

	start(&r, w);
	two = world_device(w, "two");
	none = world_device(w, "none");
	assert_fails(iomm_domain_attach(r.d1, two), IOMM_ENODEV, w->ctx,
		     "two is not bound");
	assert_fails(iomm_domain_detach(r.d1, two), IOMM_ENODEV, w->ctx,
		     "two is not bound");
	assert_fails(iomm_domain_attach(r.d1, none), IOMM_ENODEV, w->ctx,
		     "none is not bound");
	assert_ok(iomm_device_remove(r.one, 0));
	assert_fails(iomm_domain_attach(r.d1, r.one), IOMM_ENODEV, w->ctx,
		     "one is removed");
	assert_fails(iomm_domain_detach(r.d1, r.one), IOMM_ENODEV, w->ctx,
		     "one is removed");
	iomm_device_put(two);
	iomm_device_put(none);
	pair_stop(&r);
}

/* Order */

static uint32_t ticks;

static void tick(struct mock *mock, void *object)
{
	uint32_t *at = mock->user;

	(void)object;
	*at = ++ticks;
}

/* Everybody is asked before anybody is told. */
static void test_order(void **state)
{
	uint32_t prepared[2] = { 0 }, committed[2] = { 0 };
	struct pair r;

	start(&r, *state);
	ticks = 0;
	r.first.on[MOCK_PREPARE] = r.second.on[MOCK_PREPARE] = tick;
	r.first.user = &prepared[0];
	r.second.user = &prepared[1];
	r.second.answer[MOCK_PREPARE] = -IOMM_EIO;
	assert_int_equal(iomm_domain_attach(r.d1, r.both), -IOMM_EIO);
	r.second.answer[MOCK_PREPARE] = 0;
	assert_int_equal(ticks, 2);
	assert_true(prepared[0] && prepared[1]);
	clear_traces(&r);

	r.first.on[MOCK_PREPARE] = r.second.on[MOCK_PREPARE] = NULL;
	r.first.on[MOCK_COMMIT] = r.second.on[MOCK_COMMIT] = tick;
	r.first.user = &committed[0];
	r.second.user = &committed[1];
	assert_ok(iomm_domain_attach(r.d1, r.both));
	assert_int_equal(ticks, 4);
	assert_true(committed[0] == 3 && committed[1] == 4);
	assert_trace(&r.first, "prepare commit");
	assert_trace(&r.second, "prepare commit");
	assert_false(mock_blocked(&r.first, 0x30));
	assert_false(mock_blocked(&r.second, 0x31));

	assert_ok(iomm_domain_detach(r.d1, r.both));
	assert_trace(&r.first, "block");
	assert_trace(&r.second, "block");
	assert_true(mock_blocked(&r.first, 0x30));
	assert_true(mock_blocked(&r.second, 0x31));
	pair_stop(&r);
}

/* The hardware hears of the same registers that the user can ask for. */
static struct iomm_pgtable_info seen;

static void
keep_table(void *data, void *device, void *domain, const struct iomm_attach *at)
{
	seen = *at->table;
	mock_ops.attach_commit(data, device, domain, at);
}

static void test_registers(void **state)
{
	struct world *w = *state;
	struct iomm_iommu_ops ops = mock_ops;
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_domain *domain;
	struct iomm_device *one;
	struct mock mock;

	ops.attach_commit = keep_table;
	ops.attach_prepare = NULL; /* optional */
	world_small(w);
	mock_init(&mock, w);
	mock.ops = &ops;
	assert_ok(mock_register_as(&mock, node_at(w->firmware, "/first"),
				   "first", "mock"));
	one = world_device(w, "one");
	assert_ok(iomm_device_probe(one));
	domain = domain_for(one);
	assert_ok(iomm_domain_info(domain, &info));
	assert_ok(iomm_domain_map(domain, 0, 0, 4 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_attach(domain, one));
	assert_int_equal(seen.size, sizeof(seen));
	assert_memory_equal(seen.regs, info.regs, sizeof(info.regs));
	assert_int_equal(seen.root_pa, info.root_pa);
	iomm_domain_put(domain);
	iomm_device_put(one);
	mock_end(&mock);
}

/* Refusals have no effect. */

static void test_busy(void **state)
{
	struct mock_domain *attached = NULL;
	struct world *w = *state;
	struct pair r;

	start(&r, w);
	assert_ok(iomm_domain_attach(r.d1, r.both));
	clear_traces(&r);
	assert_fails(iomm_domain_attach(r.d1, r.both), IOMM_EBUSY, w->ctx,
		     "both has this domain attached already");
	assert_fails(iomm_domain_attach(r.d2, r.both), IOMM_EBUSY, w->ctx,
		     "another domain");
	assert_trace(&r.first, "");
	assert_trace(&r.second, "");
	assert_false(mock_blocked(&r.first, 0x30));
	assert_ok(iomm_domain_detach(r.d1, r.both));
	assert_ok(iomm_domain_attach(r.d2, r.both));
	/* One domain serves as many devices as one likes. */
	assert_ok(iomm_domain_attach(r.d2, r.one));
	assert_true(mock_attached(&r.first, 0x10, 0, &attached));
	assert_int_equal(attached->attached, 2);
	pair_stop(&r);
}

static void test_detach_other(void **state)
{
	struct world *w = *state;
	struct pair r;

	start(&r, w);
	assert_fails(iomm_domain_detach(r.d1, r.both), IOMM_ENOENT, w->ctx,
		     "both");
	assert_ok(iomm_domain_attach(r.d1, r.both));
	clear_traces(&r);
	assert_fails(iomm_domain_detach(r.d2, r.both), IOMM_ENOENT, w->ctx,
		     "not attached to both");
	assert_trace(&r.first, "");
	assert_false(mock_blocked(&r.first, 0x30));
	assert_ok(iomm_domain_detach(r.d1, r.both));
	assert_fails(iomm_domain_detach(r.d1, r.both), IOMM_ENOENT, w->ctx,
		     "both");
	pair_stop(&r);
}

static void test_wrong_instance(void **state)
{
	struct world *w = *state;
	struct iomm_device *other;
	struct iomm_domain *d;
	struct pair r;

	start(&r, w);
	other = world_device(w, "other");
	assert_ok(iomm_device_probe(other));
	d = domain_for(r.one);
	clear_traces(&r);
	assert_fails(iomm_domain_attach(d, other), IOMM_EINVAL, w->ctx,
		     "not made for second");
	/* One of two is not enough. */
	assert_fails(iomm_domain_attach(d, r.both), IOMM_EINVAL, w->ctx,
		     "not made for second");
	assert_trace(&r.first, "");
	assert_trace(&r.second, "");
	/* One too many is. */
	assert_ok(iomm_domain_attach(r.d1, other));
	iomm_domain_put(d);
	iomm_device_put(other);
	pair_stop(&r);
}

static void test_prepare_refuses(void **state)
{
	static const struct {
		int answer, code;
	} cases[] = {
		{ -IOMM_EINVAL, IOMM_EINVAL },
		{ -IOMM_EBUSY, IOMM_EBUSY },
		{ 5, IOMM_EPROTO },
		{ INT32_MIN, IOMM_EPROTO },
	};
	struct world *w = *state;
	struct pair r;
	uint32_t n;

	start(&r, w);
	for (n = 0; n < LENGTH(cases); n++) {
		r.first.answer[MOCK_PREPARE] = cases[n].answer;
		assert_fails(iomm_domain_attach(r.d1, r.both), cases[n].code,
			     w->ctx, "first refused");
		r.first.answer[MOCK_PREPARE] = 0;
		assert_trace(&r.first, "prepare");
		assert_trace(&r.second, "");

		r.second.answer[MOCK_PREPARE] = cases[n].answer;
		assert_fails(iomm_domain_attach(r.d1, r.both), cases[n].code,
			     w->ctx, "second refused");
		r.second.answer[MOCK_PREPARE] = 0;
		assert_trace(&r.first, "prepare");
		assert_trace(&r.second, "prepare");
	}
	/* Nothing is attached, and nothing is in the way. */
	assert_int_equal(iomm_domain_detach(r.d1, r.both), -IOMM_ENOENT);
	assert_ok(iomm_domain_attach(r.d2, r.both));
	pair_stop(&r);
}

/* Blocking domains, and who holds what */

static void test_blocked(void **state)
{
	struct world *w = *state;
	struct iomm_domain_config c = { .size = sizeof(c),
					.type = IOMM_DOMAIN_BLOCKED };
	struct iomm_domain *blocked = NULL;
	struct pair r;

	start(&r, w);
	assert_ok(iomm_domain_create(r.both, &c, &blocked));
	assert_ok(iomm_domain_attach(blocked, r.both));
	assert_true(mock_blocked(&r.first, 0x30));
	assert_trace(&r.first, "");
	assert_fails(iomm_domain_attach(r.d1, r.both), IOMM_EBUSY, w->ctx, "");
	assert_ok(iomm_domain_detach(blocked, r.both));
	assert_ok(iomm_domain_attach(r.d1, r.both));
	iomm_domain_put(blocked);
	pair_stop(&r);
}

/* The group holds the domain until it is detached, or the device goes. */
static void test_holds(void **state)
{
	struct world *w = *state;
	struct pair r;

	start(&r, w);
	assert_ok(iomm_domain_attach(r.d1, r.both));
	assert_ok(iomm_domain_attach(r.d2, r.one));
	iomm_domain_put(r.d1);
	iomm_domain_put(r.d2);
	assert_int_equal(world_live(w, IOMM_HANDLE_DOMAIN), 2);
	assert_ok(iomm_domain_detach(r.d1, r.both));
	assert_int_equal(world_live(w, IOMM_HANDLE_DOMAIN), 1);
	assert_int_equal(r.second.calls[MOCK_DOMAIN_FREE], 1);
	clear_traces(&r);
	assert_ok(iomm_device_remove(r.one, 0));
	assert_int_equal(world_live(w, IOMM_HANDLE_DOMAIN), 0);
	/* Blocked before it is let go, let go before the domain is freed. */
	assert_trace(&r.first, "block release flush_all domain_free");
	r.d1 = r.d2 = NULL;
	pair_stop(&r);
}

/* The device goes without a word: its last reference is put. */
static void test_last_put(void **state)
{
	struct world *w = *state;
	struct pair r;

	start(&r, w);
	assert_ok(iomm_domain_attach(r.d1, r.both));
	iomm_device_put(r.both);
	r.both = NULL;
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 1);
	assert_int_equal(world_live(w, IOMM_HANDLE_GROUP), 1);
	assert_int_equal(r.first.devices, 1);
	assert_int_equal(r.second.devices, 0);
	assert_ok(iomm_domain_map(r.d1, 0, 0, 4 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_attach(r.d1, r.one));
	pair_stop(&r);
}

/* Attaching takes no memory. */

static int attach_detach(struct world *w, void *arg)
{
	struct pair *r = arg;
	int err = iomm_domain_attach(r->d1, r->both);

	(void)w;
	return err ? err : iomm_domain_detach(r->d1, r->both);
}

static void test_no_memory(void **state)
{
	struct pair r;

	start(&r, *state);
	assert_int_equal(world_each_site(r.w, attach_detach, &r), 0);
	pair_stop(&r);
}

/* A domain that reaches further than the device is of no use to it. */
static void test_dma_mask(void **state)
{
	struct world *w = *state;
	struct iomm_device_config config = { .flags = IOMM_DEVICE_DMA_MASK,
					     .dma_mask = UINT32_MAX };
	struct iomm_domain_config c = { .size = sizeof(c), .ias = 39 };
	struct iomm_domain *wide, *fits;
	struct iomm_device *one;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	assert_ok(world_device_with(w, "one", config, &one));
	assert_ok(iomm_device_probe(one));
	assert_ok(iomm_domain_create(one, &c, &wide));
	assert_fails(iomm_domain_attach(wide, one), IOMM_EINVAL, w->ctx,
		     "0x7fffffffff, and one only to 0xffffffff");
	assert_int_equal(mock.calls[MOCK_COMMIT], 0);
	/* Without a wish it is made to fit. */
	assert_ok(iomm_domain_create(one, NULL, &fits));
	assert_ok(iomm_domain_attach(fits, one));
	assert_ok(iomm_domain_detach(fits, one));
	iomm_domain_put(wide);
	iomm_domain_put(fits);
	iomm_device_put(one);
	mock_end(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_dma_mask),
		WORLD_TEST(test_handles),
		WORLD_TEST(test_unbound),
		WORLD_TEST(test_order),
		WORLD_TEST(test_registers),
		WORLD_TEST(test_busy),
		WORLD_TEST(test_detach_other),
		WORLD_TEST(test_wrong_instance),
		WORLD_TEST(test_prepare_refuses),
		WORLD_TEST(test_blocked),
		WORLD_TEST(test_holds),
		WORLD_TEST(test_last_put),
		WORLD_TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
