/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Structs across the ABI: base/abi.h. */
#include "unit/support.h"

#include "base/abi.h"

/* As the library knows it, and as its version 0 was. */
struct known {
	uint32_t size, a, b, c;
};

#define VER0 8u

/* As a later caller knows it. */
struct longer {
	struct known known;
	uint32_t tail[4];
};

static int in(struct world *w, struct known *dst, const void *src)
{
	return iomm_struct_in(w->ctx, dst, sizeof(*dst), VER0, src, "known");
}

static int out(struct world *w, void *dst, const struct known *src)
{
	return iomm_struct_out(w->ctx, dst, src, sizeof(*src), VER0, "known");
}

static void test_in_same(void **state)
{
	struct known src = { sizeof(src), 1, 2, 3 }, dst;

	assert_ok(in(*state, &dst, &src));
	assert_memory_equal(&dst, &src, sizeof(dst));
}

static void test_in_shorter(void **state)
{
	struct world *w = *state;
	struct known src = { VER0, 1, 2, 3 }, dst = { 9, 9, 9, 9 };

	assert_ok(in(w, &dst, &src));
	assert_int_equal(dst.a, 1);
	assert_int_equal(dst.b, 0);
	assert_int_equal(dst.c, 0);
	src.size = VER0 - 1;
	dst.a = 9;
	assert_fails(in(w, &dst, &src), IOMM_EINVAL, w->ctx,
		     "size 7 of struct known is less than version 0 of it, 8");
	assert_int_equal(dst.a, 9);
	src.size = 0;
	assert_fails(in(w, &dst, &src), IOMM_EINVAL, w->ctx, "size 0");
	assert_fails(in(w, &dst, NULL), IOMM_EINVAL, w->ctx,
		     "struct known is NULL");
	assert_int_equal(iomm_struct_in(NULL, &dst, sizeof(dst), VER0, &src,
					"known"),
			 -IOMM_EINVAL);
}

static void test_in_longer(void **state)
{
	struct world *w = *state;
	struct longer src = { { sizeof(src), 1, 2, 3 }, { 0 } };
	struct known dst;
	uint32_t n;

	assert_ok(in(w, &dst, &src));
	assert_int_equal(dst.c, 3);
	/* Any byte of the tail. */
	for (n = sizeof(dst); n < sizeof(src); n++) {
		((unsigned char *)&src)[n] = 1;
		assert_fails(in(w, &dst, &src), IOMM_E2BIG, w->ctx,
			     "knows 16 bytes of it");
		((unsigned char *)&src)[n] = 0;
	}
	assert_ok(in(w, &dst, &src));
}

/* A size that was never set spans memory that is not the caller's. */
static void test_absurd_size(void **state)
{
	struct world *w = *state;
	struct known k = { UINT32_MAX, 1, 2, 3 }, dst = { 9, 9, 9, 9 };

	assert_fails(in(w, &dst, &k), IOMM_E2BIG, w->ctx, "size 4294967295");
	assert_int_equal(dst.a, 9);
	k.size = 4097;
	assert_fails(in(w, &dst, &k), IOMM_E2BIG, w->ctx, "size 4097");
	assert_fails(out(w, &k, &dst), IOMM_E2BIG, w->ctx, "size 4097");
	assert_int_equal(k.a, 1);
}

static void test_out(void **state)
{
	struct world *w = *state;
	struct known src = { sizeof(src), 1, 2, 3 },
		     same = { sizeof(same), 9, 9, 9 };
	struct known shorter = { VER0, 9, 9, 9 };
	struct longer longer;

	assert_ok(out(w, &same, &src));
	assert_memory_equal(&same, &src, sizeof(src));

	assert_ok(out(w, &shorter, &src));
	assert_int_equal(shorter.size, sizeof(src));
	assert_int_equal(shorter.a, 1);
	assert_int_equal(shorter.b, 9);

	memset(&longer, 0xff, sizeof(longer));
	longer.known.size = sizeof(longer) - 4;
	assert_ok(out(w, &longer, &src));
	assert_memory_equal(&longer.known, &src, sizeof(src));
	assert_int_equal(longer.tail[0], 0);
	assert_int_equal(longer.tail[2], 0);
	assert_int_equal(longer.tail[3], UINT32_MAX);
}

static void test_out_refuses(void **state)
{
	struct world *w = *state;
	struct known src = { sizeof(src), 1, 2, 3 },
		     dst = { VER0 - 1, 9, 9, 9 };

	assert_fails(out(w, &dst, &src), IOMM_EINVAL, w->ctx, "size 7");
	assert_int_equal(dst.size, VER0 - 1);
	assert_int_equal(dst.a, 9);
	assert_fails(out(w, NULL, &src), IOMM_EINVAL, w->ctx, "NULL");
}

static const uint64_t values[3] = { 10, 20, 30 };

static int array(struct world *w, void *dst, uint32_t stride, uint32_t *count)
{
	return iomm_array_out(w->ctx, dst, stride, count, values, 8, 3,
			      "values");
}

static void test_array(void **state)
{
	struct world *w = *state;
	uint64_t wide[8];
	uint32_t count = 4, n;

	memset(wide, 0xff, sizeof(wide));
	assert_ok(array(w, wide, 8, &count));
	assert_int_equal(count, 3);
	assert_memory_equal(wide, values, sizeof(values));
	assert_true(wide[3] == UINT64_MAX);

	memset(wide, 0xff, sizeof(wide));
	assert_ok(array(w, wide, 16, &count));
	for (n = 0; n < 3; n++) {
		assert_true(wide[2 * n] == values[n]);
		assert_true(wide[2 * n + 1] == 0);
	}
	assert_true(wide[6] == UINT64_MAX);
}

static void test_array_refuses(void **state)
{
	struct world *w = *state;
	uint64_t dst[3] = { 9, 9, 9 };
	uint32_t count = 0;

	assert_fails(array(w, dst, 8, NULL), IOMM_EINVAL, w->ctx,
		     "the count of values is NULL");
	/* Asking how many there are. */
	assert_fails(array(w, NULL, 0, &count), IOMM_EMSGSIZE, w->ctx,
		     "there are 3 of values, and room for 0");
	assert_int_equal(count, 3);
	count = 2;
	assert_fails(array(w, dst, 8, &count), IOMM_EMSGSIZE, w->ctx,
		     "room for 2");
	assert_int_equal(count, 3);
	assert_true(dst[0] == 9);
	assert_fails(array(w, NULL, 8, &count), IOMM_EINVAL, w->ctx, "NULL");
	assert_fails(array(w, dst, 7, &count), IOMM_EINVAL, w->ctx,
		     "stride 7 is less than 8");
	assert_int_equal(count, 3);
	assert_true(dst[0] == 9);
}

static void test_bits(void **state)
{
	struct world *w = *state;

	assert_ok(iomm_check_bits(w->ctx, 0, 0, "flags"));
	assert_ok(iomm_check_bits(w->ctx, 5, 7, "flags"));
	assert_fails(iomm_check_bits(w->ctx, 13, 7, "flags"), IOMM_EINVAL,
		     w->ctx, "unknown bits 0x8 in flags");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_in_same),   WORLD_TEST(test_in_shorter),
		WORLD_TEST(test_in_longer), WORLD_TEST(test_absurd_size),
		WORLD_TEST(test_out),	    WORLD_TEST(test_out_refuses),
		WORLD_TEST(test_array),	    WORLD_TEST(test_array_refuses),
		WORLD_TEST(test_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
