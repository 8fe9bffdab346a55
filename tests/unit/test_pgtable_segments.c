/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scatter lists. */
#include "unit/pgtable_support.h"

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))

static int
map_list(struct iomm_pgtable *t, uint64_t iova, const struct iomm_segment *list,
	 uint32_t count, uint32_t flags, uint64_t *mapped)
{
	return iomm_pgtable_map_segments(t, iova, list, count, sizeof(*list),
					 RWC, flags, mapped);
}

/* Each page of the list, from `iova` on, is where the list says. */
static void check_list(struct iomm_pgtable *t, uint64_t iova,
		       const struct iomm_segment *list, uint32_t count)
{
	struct iomm_translation at = { .size = sizeof(at) };
	uint64_t offset;

	for (; count--; list++)
		for (offset = 0; offset < list->bytes; offset += 4 * KB) {
			assert_ok(iomm_pgtable_translate(t, iova, &at));
			assert_int_equal(at.paddr, list->paddr + offset);
			assert_true(at.page_size <= list->bytes);
			assert_int_equal(at.prot, RWC);
			iova += 4 * KB;
		}
	assert_hole(t, iova);
}

static void test_list(void **state)
{
	/* Sizes and alignments of all kinds, over several tables. */
	const struct iomm_segment list[] = {
		{ 0x12345000, 0x1000 },
		{ 0x80000000, 2 * MB },
		{ 0, 0x3000 },
		{ 0x40001000, 3 * MB },
		{ 0x40001000, 0x1000 },
		{ 256 * TB - 64 * KB, 64 * KB },
		{ 0x800000000, 0x1ff000 },
	};
	struct iomm_pgtable *t = rig_4k(*state);
	uint64_t iova = 1 * GB - 1 * MB, mapped = 3, sum = 0;
	uint32_t i;

	for (i = 0; i < COUNT(list); i++)
		sum += list[i].bytes;
	assert_ok(map_list(t, iova, list, COUNT(list), 0, &mapped));
	assert_int_equal(mapped, sum);
	assert_int_equal(mapped_bytes(t), sum);
	assert_hole(t, iova - 1);
	check_list(t, iova, list, COUNT(list));
	unmap_ok(t, iova, sum, sum);
	assert_int_equal(info_of(t).tables, 1);
	/* Nobody has to want the number. */
	assert_ok(map_list(t, iova, list, 1, 0, NULL));
	iomm_pgtable_put(t);
}

/* A block, or a run, is made inside of a segment and never across two. */
static void test_goes_on(void **state)
{
	const struct iomm_segment halves[] = { { 2 * MB, 1 * MB },
					       { 3 * MB, 1 * MB } };
	const struct iomm_segment apart[] = { { 64 * KB, 16 * KB },
					      { 84 * KB, 48 * KB } };
	struct iomm_pgtable *t = rig_4k(*state);
	uint64_t at;

	assert_ok(map_list(t, 2 * MB, halves, 2, 0, NULL));
	assert_maps(t, 2 * MB, 2 * MB, 2 * MB);
	assert_maps(t, 4 * MB - 4 * KB, 4 * MB - 4 * KB, 2 * MB);
	assert_ok(map_list(t, 64 * KB, apart, 2, 0, NULL));
	check_list(t, 64 * KB, apart, 2);
	for (at = 0; at < 48 * KB; at += 4 * KB)
		assert_maps(t, 80 * KB + at, 84 * KB + at, 4 * KB);
	iomm_pgtable_put(t);
}

/* What lies between the segments is the caller's own. */
static void test_stride(void **state)
{
	struct {
		struct iomm_segment segment;
		uint64_t own[3];
	} list[3] = {
		{ { 0x1000, 0x1000 }, { UINT64_MAX, 7, 7 } },
		{ { 0x9000, 0x2000 }, { 0, 1, 2 } },
		{ { 0x5000, 0x1000 }, { 1, 2, 3 } },
	};
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t mapped = 1;

	assert_ok(iomm_pgtable_map_segments(t, 0, &list[0].segment, 3,
					    sizeof(list[0]), RO, 0, &mapped));
	assert_int_equal(mapped, 0x4000);
	assert_maps(t, 0x0000, 0x1000, 4 * KB);
	assert_maps(t, 0x1000, 0x9000, 4 * KB);
	assert_maps(t, 0x2000, 0xa000, 4 * KB);
	assert_maps(t, 0x3000, 0x5000, 4 * KB);
	assert_prot(t, 0x3fff, RO);
	iomm_pgtable_put(t);
}

struct bad {
	struct iomm_segment second;
	const char *part;
};

/* All are looked at before the first is mapped. */
static void test_refuses_segments(void **state)
{
	const struct bad bad[] = {
		{ { 0x8000, 0 }, "0x8000 has 0x0 bytes" },
		{ { 0x8800, 0x1000 }, "0x8800" },
		{ { 0x8000, 0x1800 }, "0x1800" },
		{ { 256 * TB, 0x1000 }, "0x1000000000000" },
		{ { 256 * TB - 0x1000, 0x2000 }, "0xfffffffff000" },
		{ { UINT64_C(0xfffffffffffff000), 0x2000 },
		  "0xfffffffffffff000" },
		/* Past the input width, and past 2^64. */
		{ { 0, 512 * GB }, "0x7fffffffff" },
		{ { 0, UINT64_C(0xfffffffffffff000) }, "0xfffffffffffff000" },
	};
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_segment list[3] = { { 0x1000, 0x1000 },
					{ 0, 0 },
					{ 0x2000, 0x1000 } };
	uint64_t mapped;
	uint32_t i;

	for (i = 0; i < COUNT(bad); i++) {
		list[1] = bad[i].second;
		mapped = 5;
		assert_fails(map_list(t, 0x1000, list, 3, 0, &mapped),
			     IOMM_EINVAL, rig->ctx, bad[i].part);
		assert_int_equal(mapped, 0);
		assert_int_equal(map_list(t, 0x1000, list, 3, 0, NULL),
				 -IOMM_EINVAL);
		assert_int_equal(mapped_bytes(t), 0);
		assert_int_equal(info_of(t).tables, 1);
	}
	iomm_pgtable_put(t);
}

static void
refused(struct rig *rig, struct iomm_pgtable *t, uint64_t iova,
	const struct iomm_segment *list, uint32_t count, uint32_t stride,
	uint32_t prot, uint32_t flags, int code, const char *part)
{
	uint64_t mapped = 8;

	assert_fails(iomm_pgtable_map_segments(t, iova, list, count, stride,
					       prot, flags, &mapped),
		     code, rig->ctx, part);
	assert_int_equal(mapped, 0);
	assert_int_equal(info_of(t).tables, 1);
}

static void test_refuses(void **state)
{
	const struct iomm_segment ok[2] = { { 0x1000, 0x1000 },
					    { 0x5000, 0x1000 } };
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t mapped = 2;

	refused(rig, t, 0, NULL, 2, 16, RW, 0, IOMM_EINVAL, "NULL");
	refused(rig, t, 0, ok, 0, 16, RW, 0, IOMM_EINVAL, "");
	refused(rig, t, 0, ok, 2, 15, RW, 0, IOMM_EINVAL, "15");
	refused(rig, t, 0, ok, 2, 0, RW, 0, IOMM_EINVAL, "0");
	refused(rig, t, 0x800, ok, 2, 16, RW, 0, IOMM_EINVAL, "0x800");
	refused(rig, t, 512 * GB, ok, 2, 16, RW, 0, IOMM_EINVAL, "beyond");
	refused(rig, t, 512 * GB - 0x1000, ok, 2, 16, RW, 0, IOMM_EINVAL,
		"beyond");
	refused(rig, t, UINT64_C(0xfffffffffffff000), ok, 2, 16, RW, 0,
		IOMM_EINVAL, "0xfffffffffffff000");
	refused(rig, t, 0, ok, 2, 16, 0, 0, IOMM_EINVAL, "neither reading");
	refused(rig, t, 0, ok, 2, 16, RW | 0x40, 0, IOMM_EINVAL, "0x40");
	refused(rig, t, 0, ok, 2, 16, RWC | IOMM_PROT_MMIO, 0, IOMM_EINVAL,
		"both CACHE and MMIO");
	refused(rig, t, 0, ok, 2, 16, IOMM_PROT_WRITE, 0, IOMM_EOPNOTSUPP,
		"writing without reading");
	refused(rig, t, 0, ok, 2, 16, RW, IOMM_MAP_REPEAT, IOMM_EINVAL, "0x1");
	refused(rig, t, 0, ok, 2, 16, RW, 1u << 16, IOMM_EINVAL, "0x10000");
	refused(rig, t, 0, ok, 2, 16, RW, IOMM_MAP_PAGE(13), IOMM_EINVAL,
		"2^13");
	/* The page that is forced does not fit the segments. */
	refused(rig, t, 0, ok, 2, 16, RW, IOMM_MAP_PAGE(21), IOMM_EINVAL,
		"2 MiB");
	assert_int_equal(map_list(NULL, 0, ok, 2, 0, &mapped), -IOMM_EINVAL);
	assert_int_equal(mapped, 0);
	assert_int_equal(map_list((void *)rig->memory, 0, ok, 2, 0, NULL),
			 -IOMM_EINVAL);
	iomm_pgtable_put(t);
}

/* What is there stays; what comes before it, of all segments, is mapped. */
static void test_exists(void **state)
{
	const struct iomm_segment list[] = { { 0x10000, 0x3000 },
					     { 2 * MB, 2 * MB },
					     { 0x80000, 0x8000 } };
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t taken = 0x3000 + 2 * MB + 0x5000, mapped = 0;

	map_ok(t, taken, 0x777000, 0x1000, RO);
	assert_fails(map_list(t, 0, list, 3, 0, &mapped), IOMM_EEXIST, rig->ctx,
		     "something is mapped at 0x208000");
	assert_int_equal(mapped, taken);
	assert_maps(t, taken - 0x1000, 0x84000, 4 * KB);
	assert_maps(t, taken, 0x777000, 4 * KB);
	assert_prot(t, taken, RO);
	assert_hole(t, taken + 0x1000);
	assert_int_equal(mapped_bytes(t), taken + 0x1000);
	/* In the way of the very first page. */
	assert_int_equal(map_list(t, 0x1000, list, 3, 0, &mapped),
			 -IOMM_EEXIST);
	assert_int_equal(mapped, 0);
	iomm_pgtable_put(t);
}

/* Leaves of exactly this size. */
static void test_page_size(void **state)
{
	const struct iomm_segment list[] = { { 4 * MB, 4 * MB },
					     { 1 * GB, 2 * MB } };
	struct iomm_pgtable *t = rig_4k(*state);
	uint64_t mapped;

	assert_ok(map_list(t, 0, list, 2, IOMM_MAP_PAGE(21), &mapped));
	assert_int_equal(mapped, 6 * MB);
	assert_maps(t, 0, 4 * MB, 2 * MB);
	assert_maps(t, 4 * MB, 1 * GB, 2 * MB);
	assert_ok(map_list(t, 32 * MB, list, 2, IOMM_MAP_PAGE(12), &mapped));
	assert_maps(t, 32 * MB, 4 * MB, 4 * KB);
	assert_maps(t, 38 * MB - 1, 1 * GB + 2 * MB - 1, 4 * KB);
	assert_int_equal(count_entries(t, 32 * MB, 6 * MB, IOMM_WALK_RUN), 0);
	assert_ok(map_list(t, 64 * MB, list, 2, IOMM_MAP_PAGE(16), &mapped));
	assert_maps(t, 64 * MB, 4 * MB, 64 * KB);
	iomm_pgtable_put(t);
}

/* Each allocation fails in turn; the rest of the list can be mapped then. */
static void test_without_memory(void **state)
{
	const struct iomm_segment list[] = { { 0x10000, 0x3000 },
					     { 1 * GB, 1 * GB },
					     { 0x80000, 0x8000 } };
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t iova = 2 * GB - 0x3000, bytes = 1 * GB + 0xb000, mapped, n;
	int r;

	for (n = 1;; n++) {
		rig->fail_at = rig->sites + n;
		r = map_list(t, iova, list, 3, 0, &mapped);
		rig->fail_at = 0;
		assert_int_equal(mapped_bytes(t), mapped);
		if (!r)
			break;
		assert_int_equal(r, -IOMM_ENOMEM);
		assert_true(mapped < bytes);
		if (mapped)
			unmap_ok(t, iova, mapped, mapped);
		assert_int_equal(info_of(t).tables, 1);
		/* Else the next try finds them there. */
		(void)iomm_pgtable_trim(t);
		assert_int_equal(rig->tables, 1);
	}
	assert_true(n > 4);
	assert_int_equal(mapped, bytes);
	iomm_pgtable_put(t);
}

/* A list that is as long as lists get. */
static void test_long(void **state)
{
	const uint32_t count = 3000;
	struct iomm_segment *list = calloc(count, sizeof(*list));
	struct iomm_pgtable *t = rig_4k(*state);
	uint64_t mapped = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		list[i].paddr = (count - i) * UINT64_C(0x3000);
		list[i].bytes = 0x1000 + (i & 1) * UINT64_C(0x1000);
	}
	assert_ok(map_list(t, 0x7000, list, count, 0, &mapped));
	assert_int_equal(mapped, count / 2 * UINT64_C(0x3000));
	check_list(t, 0x7000, list, count);
	free(list);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_list),	  RIG_TEST(test_goes_on),
		RIG_TEST(test_stride),	  RIG_TEST(test_refuses_segments),
		RIG_TEST(test_refuses),	  RIG_TEST(test_exists),
		RIG_TEST(test_page_size), RIG_TEST(test_without_memory),
		RIG_TEST(test_long),
	};

	return cmocka_run_group_tests_name("pgtable, segments", tests, NULL,
					   NULL);
}
