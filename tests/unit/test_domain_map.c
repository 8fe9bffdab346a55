/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Mapping in domains: what is refused, and what it leaves alone. */
#include "unit/domain_support.h"

static void test_mapping_handles(void **state)
{
	struct world *w = *state;
	struct iomm_translation t = { .size = sizeof(t) }, t0 = t;
	struct iomm_pgtable_info info = { .size = sizeof(info) }, info0 = info;
	struct iomm_domain *bad[] = { NULL, (void *)w->ctx, NULL };
	struct iomm_gather gather;
	struct pair r;
	uint64_t done;
	uint32_t n;

	pair_start(&r, w);
	bad[1] = (void *)r.one;
	bad[2] = (void *)w->bus;
	iomm_gather_init(&gather);
	for (n = 0; n < LENGTH(bad); n++) {
		done = 7;
		assert_int_equal(iomm_domain_map(bad[n], 0, 0, 4 * KB, RW, 0,
						 &done),
				 -IOMM_EINVAL);
		assert_int_equal(done, 0);
		done = 7;
		assert_int_equal(iomm_domain_unmap(bad[n], 0, 4 * KB, NULL,
						   &done),
				 -IOMM_EINVAL);
		assert_int_equal(done, 0);
		done = 7;
		assert_int_equal(iomm_domain_unmap(bad[n], 0, 4 * KB, &gather,
						   &done),
				 -IOMM_EINVAL);
		assert_int_equal(done, 0);
		assert_int_equal(iomm_domain_translate(bad[n], 0, &t),
				 -IOMM_EINVAL);
		assert_int_equal(iomm_domain_info(bad[n], &info), -IOMM_EINVAL);
		assert_int_equal(iomm_domain_flush_all(bad[n]), -IOMM_EINVAL);
	}
	assert_memory_equal(&t, &t0, sizeof(t));
	assert_memory_equal(&info, &info0, sizeof(info));
	assert_int_equal(iomm_gather_pending(&gather), 0);
	pair_stop(&r);
}

static void
refuse_map(struct world *w, struct iomm_domain *domain, uint64_t iova,
	   uint64_t paddr, uint64_t bytes, uint32_t prot, uint32_t flags,
	   int code, const char *part)
{
	uint64_t mapped = 7;

	assert_fails(iomm_domain_map(domain, iova, paddr, bytes, prot, flags,
				     &mapped),
		     code, w->ctx, part);
	assert_int_equal(mapped, 0);
}

static void test_map_arguments(void **state)
{
	struct world *w = *state;
	struct iomm_domain_config c = { .size = sizeof(c), .ias = 32 };
	struct iomm_domain *domain = NULL;
	struct pair r;

	pair_start(&r, w);
	assert_ok(iomm_domain_create(r.one, &c, &domain));
	refuse_map(w, domain, 0, 0, 0, RW, 0, IOMM_EINVAL, "empty");
	refuse_map(w, domain, 1, 0, 4 * KB, RW, 0, IOMM_EINVAL, "multiple");
	refuse_map(w, domain, 0, 8, 4 * KB, RW, 0, IOMM_EINVAL, "multiple");
	refuse_map(w, domain, 0, 0, 4095, RW, 0, IOMM_EINVAL, "multiple");
	refuse_map(w, domain, 0 - 4 * KB, 0, 8 * KB, RW, 0, IOMM_EINVAL,
		   "wraps");
	refuse_map(w, domain, 4 * GB - 4 * KB, 0, 8 * KB, RW, 0, IOMM_EINVAL,
		   "32 bits");
	refuse_map(w, domain, 4 * GB, 0, 4 * KB, RW, 0, IOMM_EINVAL, "32 bits");
	refuse_map(w, domain, 0, 256 * TB, 4 * KB, RW, 0, IOMM_EINVAL,
		   "48 bits");
	refuse_map(w, domain, 0, 0, 4 * KB, 0, 0, IOMM_EINVAL, "neither");
	refuse_map(w, domain, 0, 0, 4 * KB, 0x80 | RW, 0, IOMM_EINVAL, "0x80");
	refuse_map(w, domain, 0, 0, 4 * KB, RW, 2, IOMM_EINVAL, "flags");
	refuse_map(w, domain, 0, 0, 4 * KB, IOMM_PROT_WRITE, 0, IOMM_EOPNOTSUPP,
		   "writing without reading");
	assert_int_equal(info_for(domain).tables, 1);
	iomm_domain_put(domain);
	pair_stop(&r);
}

static void check_translation(struct iomm_domain *domain, uint64_t iova,
			      uint64_t paddr, uint32_t prot)
{
	struct iomm_translation t = { .size = sizeof(t) };

	assert_ok(iomm_domain_translate(domain, iova, &t));
	assert_int_equal(t.paddr, paddr);
	assert_int_equal(t.prot, prot);
}

/* What is mapped is never replaced; what was done before is told. */
static void test_map_exists(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain;
	uint64_t mapped = 7;
	struct pair r;

	pair_start(&r, w);
	domain = domain_for(r.one);
	assert_ok(iomm_domain_map(domain, 8 * KB, 1 * MB, 4 * KB, RO, 0,
				  &mapped));
	assert_int_equal(mapped, 4 * KB);
	assert_fails(iomm_domain_map(domain, 0, 2 * MB, 16 * KB, RW, 0,
				     &mapped),
		     IOMM_EEXIST, w->ctx, "");
	assert_int_equal(mapped, 8 * KB);
	check_translation(domain, 4 * KB + 5, 2 * MB + 4 * KB + 5, RW);
	check_translation(domain, 8 * KB, 1 * MB, RO);
	assert_fails(iomm_domain_map(domain, 8 * KB, 1 * MB, 4 * KB, RO, 0,
				     &mapped),
		     IOMM_EEXIST, w->ctx, "");
	assert_int_equal(mapped, 0);
	iomm_domain_put(domain);
	pair_stop(&r);
}

static void test_unmap_arguments(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain, *other;
	struct iomm_gather gather, none = { 0 };
	uint64_t done = 7;
	struct pair r;

	pair_start(&r, w);
	domain = domain_for(r.one);
	other = domain_for(r.one);
	assert_ok(iomm_domain_map(domain, 0, 0, 16 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_map(other, 0, 0, 16 * KB, RW, 0, NULL));
	assert_fails(iomm_domain_unmap(domain, 0, 0, NULL, &done), IOMM_EINVAL,
		     w->ctx, "empty");
	assert_int_equal(done, 0);
	assert_fails(iomm_domain_unmap(domain, 2, 4 * KB, NULL, &done),
		     IOMM_EINVAL, w->ctx, "multiple");
	assert_fails(iomm_domain_unmap(domain, 256 * TB, 4 * KB, NULL, &done),
		     IOMM_EINVAL, w->ctx, "48 bits");
	assert_fails(iomm_domain_unmap(domain, 0, 4 * KB, &none, &done),
		     IOMM_EINVAL, w->ctx, "iomm_gather_init");
	assert_int_equal(r.first.calls[MOCK_FLUSH], 0);

	/* A gather serves one domain until it is flushed. */
	iomm_gather_init(&gather);
	assert_ok(iomm_domain_unmap(domain, 0, 4 * KB, &gather, &done));
	assert_int_equal(done, 4 * KB);
	done = 7;
	assert_fails(iomm_domain_unmap(other, 0, 4 * KB, &gather, &done),
		     IOMM_EINVAL, w->ctx, "another");
	assert_int_equal(done, 0);
	check_translation(other, 0, 0, RW);
	assert_int_equal(iomm_gather_pending(&gather), 4 * KB);
	assert_int_equal(r.first.calls[MOCK_FLUSH], 0);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(r.first.calls[MOCK_FLUSH], 1);
	assert_ok(iomm_domain_unmap(other, 0, 4 * KB, &gather, &done));
	assert_ok(iomm_gather_flush(&gather));

	/* Holes are skipped, and not counted. */
	assert_ok(iomm_domain_unmap(domain, 0, 1 * MB, NULL, &done));
	assert_int_equal(done, 12 * KB);
	assert_ok(iomm_domain_unmap(domain, 0, 1 * MB, NULL, &done));
	assert_int_equal(done, 0);
	iomm_domain_put(domain);
	iomm_domain_put(other);
	pair_stop(&r);
}

static void test_translate_arguments(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_translation t;
		uint64_t tail;
	} big = { .t.size = sizeof(big), .tail = 5 };
	struct iomm_translation t = { .size = 23 }, before = t;
	struct iomm_domain *domain;
	struct pair r;

	pair_start(&r, w);
	domain = domain_for(r.one);
	assert_ok(iomm_domain_map(domain, 0, 4 * KB, 4 * KB, RW, 0, NULL));
	assert_fails(iomm_domain_translate(domain, 0, NULL), IOMM_EINVAL,
		     w->ctx, "NULL");
	assert_fails(iomm_domain_translate(domain, 0, &t), IOMM_EINVAL, w->ctx,
		     "size 23");
	t.size = before.size = 0;
	assert_fails(iomm_domain_translate(domain, 0, &t), IOMM_EINVAL, w->ctx,
		     "size 0");
	t.size = before.size = sizeof(t);
	assert_fails(iomm_domain_translate(domain, 4 * KB, &t), IOMM_ENOENT,
		     w->ctx, "0x1000");
	assert_fails(iomm_domain_translate(domain, 256 * TB, &t), IOMM_EINVAL,
		     w->ctx, "48 bits");
	assert_memory_equal(&t, &before, sizeof(t));
	/* Longer than what is known: the rest is zeroed. */
	assert_ok(iomm_domain_translate(domain, 5, &big.t));
	assert_int_equal(big.t.size, sizeof(t));
	assert_int_equal(big.t.paddr, 4 * KB + 5);
	assert_int_equal(big.tail, 0);
	iomm_domain_put(domain);
	pair_stop(&r);
}

static void test_info_arguments(void **state)
{
	struct world *w = *state;
	struct iomm_pgtable_info info = { 0 }, before = info;
	struct iomm_domain *domain;
	struct pair r;

	pair_start(&r, w);
	domain = domain_for(r.one);
	assert_fails(iomm_domain_info(domain, NULL), IOMM_EINVAL, w->ctx,
		     "NULL");
	assert_fails(iomm_domain_info(domain, &info), IOMM_EINVAL, w->ctx,
		     "size 0");
	info.size = before.size = IOMM_PGTABLE_INFO_SIZE_VER0 - 1;
	assert_fails(iomm_domain_info(domain, &info), IOMM_EINVAL, w->ctx,
		     "size 159");
	assert_memory_equal(&info, &before, sizeof(info));
	iomm_domain_put(domain);
	pair_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_mapping_handles),
		WORLD_TEST(test_map_arguments),
		WORLD_TEST(test_map_exists),
		WORLD_TEST(test_unmap_arguments),
		WORLD_TEST(test_translate_arguments),
		WORLD_TEST(test_info_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
