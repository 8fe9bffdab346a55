/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Making domains. What is done with them is in test_domain_map.c and
 * test_attach.c, what becomes of them in test_domain_gone.c. */
#include "unit/domain_support.h"

/* Creating */

#define REFUSED(device, config, code, part)                                 \
	do {                                                                \
		struct iomm_domain *out_ = UNTOUCHED;                       \
		assert_fails(iomm_domain_create((device), (config), &out_), \
			     (code), w->ctx, (part));                       \
		assert_ptr_equal(out_, UNTOUCHED);                          \
		assert_int_equal(world_live(w, IOMM_HANDLE_DOMAIN), 0);     \
	} while (0)

static void test_create_handles(void **state)
{
	struct world *w = *state;
	struct iomm_domain *out = UNTOUCHED;
	struct pair r;

	pair_start(&r, w);
	assert_int_equal(iomm_domain_create(NULL, NULL, &out), -IOMM_EINVAL);
	assert_int_equal(iomm_domain_create((void *)w->bus, NULL, &out),
			 -IOMM_EINVAL);
	assert_ptr_equal(out, UNTOUCHED);
	assert_fails(iomm_domain_create(r.one, NULL, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_domain_create");
	assert_null(iomm_domain_get(NULL));
	iomm_domain_put(NULL);
	pair_stop(&r);
}

static void test_create_config(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_domain_config config;
		uint64_t tail;
	} long_config = { .config.size = sizeof(long_config) };
	struct iomm_domain_config c = { 0 };
	struct iomm_domain *domain = NULL;
	struct pair r;

	pair_start(&r, w);
	REFUSED(r.one, &c, IOMM_EINVAL, "iomm_domain_config");
	c.size = IOMM_DOMAIN_CONFIG_SIZE_VER0 - 1;
	REFUSED(r.one, &c, IOMM_EINVAL, "size 39");
	c.size = sizeof(c);
	c.flags = 0x10;
	REFUSED(r.one, &c, IOMM_EINVAL, "0x10");
	c.flags = 0;
	c.type = 4;
	REFUSED(r.one, &c, IOMM_EINVAL, "type 4");

	long_config.tail = 1;
	REFUSED(r.one, &long_config.config, IOMM_E2BIG, "offset 40");
	assert_int_equal(r.first.calls[MOCK_DOMAIN_ALLOC], 0);
	long_config.tail = 0;
	assert_ok(iomm_domain_create(r.one, &long_config.config, &domain));
	iomm_domain_put(domain);
	pair_stop(&r);
}

/* What the format or the driver cannot give. The driver frees what it made. */
static void test_create_wishes(void **state)
{
	struct world *w = *state;
	struct iomm_domain_setup setup = { .size = sizeof(setup),
					   .granule = 16 * KB,
					   .page_sizes = 16 * KB,
					   .ias = 36 };
	struct iomm_domain_config c = { .size = sizeof(c) };
	struct pair r;

	pair_start(&r, w);
	c.granule = 8 * KB;
	REFUSED(r.one, &c, IOMM_EINVAL, "granule");
	c.granule = 0;
	c.ias = 53;
	REFUSED(r.one, &c, IOMM_EINVAL, "ias 53");
	c.ias = 0;
	c.page_sizes = 4 * MB;
	REFUSED(r.one, &c, IOMM_EINVAL, "page sizes");
	c.page_sizes = 0;
	c.format = "no-such";
	REFUSED(r.one, &c, IOMM_ENOENT, "no-such");
	c.format = "a name of twenty-four...";
	REFUSED(r.one, &c, IOMM_EINVAL, "24");
	c.format = NULL;

	/* The driver corrects them, which the user did not ask for. */
	r.first.setup = &setup;
	c.granule = 4 * KB;
	REFUSED(r.one, &c, IOMM_EINVAL, "4 KiB");
	c.granule = 0;
	c.ias = 40;
	REFUSED(r.one, &c, IOMM_EINVAL, "36 bits");
	c.ias = 0;
	c.page_sizes = 32 * MB;
	REFUSED(r.one, &c, IOMM_EINVAL, "page sizes");
	c.page_sizes = 0;
	c.format = "arm64-s2";
	r.first.format = "arm64-s1";
	REFUSED(r.one, &c, IOMM_EINVAL, "arm64-s2");
	assert_int_equal(r.first.domains, 0);
	assert_int_equal(r.first.calls[MOCK_DOMAIN_ALLOC],
			 r.first.calls[MOCK_DOMAIN_FREE]);
	pair_stop(&r);
}

static void test_create_granted(void **state)
{
	struct world *w = *state;
	struct iomm_domain_config c = { .size = sizeof(c),
					.granule = 64 * KB,
					.page_sizes = 64 * KB | 512 * MB,
					.ias = 42,
					.format = "arm64-s1" };
	struct iomm_domain *domain = NULL;
	struct iomm_pgtable_info info;
	struct pair r;

	pair_start(&r, w);
	assert_ok(iomm_domain_create(r.one, &c, &domain));
	info = info_for(domain);
	assert_int_equal(info.granule, 64 * KB);
	assert_int_equal(info.page_sizes, 64 * KB | 512 * MB);
	assert_int_equal(info.ias, 42);
	assert_int_equal(info.last_iova, (UINT64_C(1) << 42) - 1);
	assert_int_equal(info.regs[IOMM_ARM64_S1_TTBR0], info.root_pa);
	assert_int_equal(info.flags, IOMM_PGTABLE_SHARED);
	iomm_domain_put(domain);
	pair_stop(&r);
}

/* The device's mask and coherence are the driver's to know. */
static void test_create_device(void **state)
{
	struct world *w = *state;
	struct iomm_device_config config = { .flags = IOMM_DEVICE_DMA_MASK,
					     .dma_mask = UINT32_MAX };
	struct iomm_domain_config c = { .size = sizeof(c), .ias = 40 };
	const struct iomm_domain_setup wide = { .size = sizeof(wide),
						.flags = IOMM_PGTABLE_COHERENT,
						.granule = 4 * KB,
						.ias = 39 };
	struct iomm_domain *domain = NULL;
	struct iomm_device *other = NULL;
	struct pair r;

	pair_start(&r, w);
	assert_ok(world_device_with(w, "other", config, &other));
	assert_ok(iomm_device_probe(other));
	domain = domain_for(other);
	assert_int_equal(info_for(domain).ias, 32);
	assert_int_equal(info_for(domain).flags,
			 IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED);
	iomm_domain_put(domain);
	/* No wider, unless asked to be. */
	assert_ok(iomm_domain_create(other, &c, &domain));
	assert_int_equal(info_for(domain).ias, 40);
	assert_int_equal(info_for(domain).last_iova, (UINT64_C(1) << 40) - 1);
	iomm_domain_put(domain);
	/* If the driver has no other tables, they are not used beyond that. */
	r.second.setup = &wide;
	domain = domain_for(other);
	r.second.setup = NULL;
	assert_int_equal(info_for(domain).ias, 39);
	assert_int_equal(info_for(domain).last_iova, UINT32_MAX);
	assert_ok(iomm_domain_attach(domain, other));
	assert_ok(iomm_domain_map(domain, 4 * GB - 4 * KB, 0, 4 * KB, RW, 0,
				  NULL));
	assert_fails(iomm_domain_map(domain, 4 * GB, 0, 4 * KB, RW, 0, NULL),
		     IOMM_EINVAL, w->ctx, "beyond 0xffffffff, the last");
	assert_ok(iomm_domain_detach(domain, other));
	iomm_domain_put(domain);
	iomm_device_put(other);
	pair_stop(&r);
}

static void test_create_unbound(void **state)
{
	struct world *w = *state;
	struct iomm_device *two, *none;
	struct pair r;

	pair_start(&r, w);
	two = world_device(w, "two");
	none = world_device(w, "none");
	REFUSED(two, NULL, IOMM_ENODEV, "two is not bound");
	assert_int_equal(iomm_device_probe(none), -IOMM_ENODEV);
	REFUSED(none, NULL, IOMM_ENODEV, "none is not bound");
	assert_ok(iomm_device_remove(r.one, 0));
	REFUSED(r.one, NULL, IOMM_ENODEV, "one is removed");
	iomm_device_put(two);
	iomm_device_put(none);
	pair_stop(&r);
}

static void test_create_driver_refuses(void **state)
{
	static const struct {
		int answer, code;
	} cases[] = {
		{ -IOMM_EIO, IOMM_EIO },    { -IOMM_ENOSPC, IOMM_ENOSPC },
		{ 1, IOMM_EPROTO },	    { INT32_MAX, IOMM_EPROTO },
		{ INT32_MIN, IOMM_EPROTO }, { -4096, IOMM_EPROTO },
	};
	struct world *w = *state;
	struct pair r;
	uint32_t n;

	pair_start(&r, w);
	for (n = 0; n < LENGTH(cases); n++) {
		r.first.answer[MOCK_DOMAIN_ALLOC] = cases[n].answer;
		REFUSED(r.one, NULL, cases[n].code, "first cannot make");
		REFUSED(r.both, NULL, cases[n].code, "first cannot make");
	}
	assert_int_equal(r.first.calls[MOCK_DOMAIN_FREE], 0);
	assert_int_equal(r.second.calls[MOCK_DOMAIN_ALLOC], 0);

	/* The second refuses: what the first made is freed. */
	r.first.answer[MOCK_DOMAIN_ALLOC] = 0;
	r.second.answer[MOCK_DOMAIN_ALLOC] = -IOMM_EIO;
	REFUSED(r.both, NULL, IOMM_EIO, "second cannot make");
	assert_int_equal(r.first.calls[MOCK_DOMAIN_FREE], 1);
	assert_int_equal(r.second.calls[MOCK_DOMAIN_FREE], 0);
	pair_stop(&r);
}

/* A driver that leaves a setup that is none. */
static int bad_format(void *data, struct iomm_domain_setup *setup, void **out)
{
	int err = mock_ops.domain_alloc(data, setup, out);

	memset(setup->format, 'x', sizeof(setup->format));
	return err;
}

static int no_format(void *data, struct iomm_domain_setup *setup, void **out)
{
	int err = mock_ops.domain_alloc(data, setup, out);

	memset(setup->format, 0, sizeof(setup->format));
	return err;
}

static int bad_size(void *data, struct iomm_domain_setup *setup, void **out)
{
	int err = mock_ops.domain_alloc(data, setup, out);

	setup->size = 4096;
	return err;
}

static void test_create_driver_garbage(void **state)
{
	int (*const alloc[])(void *, struct iomm_domain_setup *,
			     void **) = { bad_format, no_format, bad_size };
	struct world *w = *state;
	struct iomm_iommu_ops ops = mock_ops;
	struct iomm_device *one;
	struct mock mock;
	uint32_t n;

	world_small(w);
	one = world_device(w, "one");
	for (n = 0; n < LENGTH(alloc); n++) {
		ops.domain_alloc = alloc[n];
		mock_init(&mock, w);
		mock.ops = &ops;
		assert_ok(mock_register_as(&mock,
					   node_at(w->firmware, "/first"),
					   "first", "mock"));
		assert_ok(iomm_device_probe(one));
		REFUSED(one, NULL, IOMM_EPROTO, "first");
		assert_int_equal(mock.calls[MOCK_DOMAIN_FREE], 1);
		mock_end(&mock);
	}
	iomm_device_put(one);
}

static int create_both(struct world *w, void *device)
{
	struct iomm_domain *domain = UNTOUCHED;
	int err = iomm_domain_create(device, NULL, &domain);

	(void)w;
	if (err)
		assert_ptr_equal(domain, UNTOUCHED);
	else
		iomm_domain_put(domain);
	return err;
}

static void test_create_no_memory(void **state)
{
	struct pair r;

	pair_start(&r, *state);
	/* The domain and its lock, its space, two parts, the table. */
	assert_true(world_each_site(r.w, create_both, r.both) >= 7);
	assert_int_equal(r.first.domains, 0);
	assert_int_equal(r.second.domains, 0);
	pair_stop(&r);
}

/* Several instances */

static void test_disagree(void **state)
{
	struct world *w = *state;
	struct iomm_domain_setup setup = { .size = sizeof(setup),
					   .granule = 16 * KB };
	struct pair r;

	pair_start(&r, w);
	r.second.setup = &setup;
	REFUSED(r.both, NULL, IOMM_EINVAL, "cannot walk the same table");
	r.second.setup = NULL;
	r.first.format = "arm64-s1";
	r.second.format = "arm64-s2";
	REFUSED(r.both, NULL, IOMM_EINVAL, "cannot walk the same table");
	assert_int_equal(r.first.calls[MOCK_DOMAIN_FREE], 2);
	assert_int_equal(r.second.calls[MOCK_DOMAIN_FREE], 2);
	pair_stop(&r);
}

static void test_flush_reaches_each(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain;
	struct pair r;

	pair_start(&r, w);
	domain = domain_for(r.both);
	assert_ok(iomm_domain_map(domain, 64 * KB, 0, 8 * KB, RW, 0, NULL));
	assert_int_equal(r.first.calls[MOCK_FLUSH], 0);
	assert_ok(iomm_domain_unmap(domain, 64 * KB, 8 * KB, NULL, NULL));
	assert_int_equal(r.first.calls[MOCK_FLUSH], 1);
	assert_int_equal(r.second.calls[MOCK_FLUSH], 1);
	assert_int_equal(r.second.flush_iova, 64 * KB);
	assert_int_equal(r.second.flush_last, 72 * KB - 1);
	assert_int_equal(r.second.flush_page, 4 * KB);
	assert_int_equal(r.second.flush_flags & ~IOMM_TLB_TABLES, 0);

	/* The first fails: the second is told all the same. */
	assert_ok(iomm_domain_map(domain, 64 * KB, 0, 8 * KB, RW, 0, NULL));
	r.first.answer[MOCK_FLUSH] = -IOMM_EIO;
	assert_fails(iomm_domain_unmap(domain, 64 * KB, 8 * KB, NULL, NULL),
		     IOMM_EIO, w->ctx, "invalidated");
	assert_int_equal(r.second.calls[MOCK_FLUSH], 2);
	r.first.answer[MOCK_FLUSH] = 0;
	iomm_domain_put(domain);
	pair_stop(&r);
}

/* A blocking domain has no table, and asks no driver for anything. */
static void test_blocked(void **state)
{
	struct world *w = *state;
	struct iomm_domain_config c = { .size = sizeof(c),
					.type = IOMM_DOMAIN_BLOCKED };
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_translation t = { .size = sizeof(t) };
	struct iomm_domain *domain = NULL;
	uint64_t done = 7;
	struct pair r;

	pair_start(&r, w);
	assert_ok(iomm_domain_create(r.one, &c, &domain));
	assert_fails(iomm_domain_map(domain, 0, 0, 4 * KB, RW, 0, &done),
		     IOMM_EINVAL, w->ctx, "no page table");
	assert_int_equal(done, 0);
	done = 7;
	assert_fails(iomm_domain_unmap(domain, 0, 4 * KB, NULL, &done),
		     IOMM_EINVAL, w->ctx, "no page table");
	assert_int_equal(done, 0);
	assert_fails(iomm_domain_translate(domain, 0, &t), IOMM_EINVAL, w->ctx,
		     "no page table");
	assert_fails(iomm_domain_info(domain, &info), IOMM_EINVAL, w->ctx,
		     "no page table");
	assert_fails(iomm_domain_flush_all(domain), IOMM_EINVAL, w->ctx,
		     "no page table");
	assert_int_equal(r.first.calls[MOCK_DOMAIN_ALLOC], 0);
	iomm_domain_put(domain);
	/* As for a paging one, the device must be there. */
	assert_ok(iomm_device_remove(r.one, 0));
	REFUSED(r.one, &c, IOMM_ENODEV, "removed");
	pair_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_create_handles),
		WORLD_TEST(test_create_config),
		WORLD_TEST(test_create_wishes),
		WORLD_TEST(test_create_granted),
		WORLD_TEST(test_create_device),
		WORLD_TEST(test_create_unbound),
		WORLD_TEST(test_create_driver_refuses),
		WORLD_TEST(test_create_driver_garbage),
		WORLD_TEST(test_create_no_memory),
		WORLD_TEST(test_disagree),
		WORLD_TEST(test_flush_reaches_each),
		WORLD_TEST(test_blocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
