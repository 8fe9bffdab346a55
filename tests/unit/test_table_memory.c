/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Providers as the engine calls them, which is how their rules show. */
#include "unit/pgtable_support.h"

#include "pgtable/memory.h"

static uint32_t releases;

static void count_release(void *data)
{
	uint32_t *count = data;

	++*count;
}

static int
no_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	(void)data;
	(void)bytes;
	(void)max_pa;
	(void)va;
	(void)pa;
	return -IOMM_ENOSPC;
}

static void no_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	(void)data;
	(void)va;
	(void)pa;
	(void)bytes;
}

static const struct iomm_table_memory_ops good_ops = {
	.size = sizeof(good_ops),
	.alloc = no_alloc,
	.free = no_free,
};

/* A call that must fail, and run the release function once. */
static void refused(struct rig *rig, const struct iomm_table_memory_ops *ops,
		    struct iomm_table_memory **out, int code, const char *part)
{
	releases = 0;
	assert_fails(iomm_table_memory_create(rig->ctx, ops, &releases,
					      count_release, out),
		     code, rig->ctx, part);
	assert_int_equal(releases, 1);
}

static void test_create_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_table_memory *none = (void *)rig, *memory = none;
	struct iomm_table_memory_ops ops = good_ops;
	struct {
		struct iomm_table_memory_ops ops;
		uint64_t later;
	} longer = { good_ops, 0 };

	releases = 0;
	assert_int_equal(iomm_table_memory_create(NULL, &ops, &releases,
						  count_release, &memory),
			 -IOMM_EINVAL);
	assert_int_equal(releases, 1);
	refused(rig, NULL, &memory, IOMM_EINVAL, "NULL");
	refused(rig, &ops, NULL, IOMM_EINVAL, "NULL");
	ops.size--;
	refused(rig, &ops, &memory, IOMM_EINVAL, "size");
	ops = good_ops;
	ops.flags = 4;
	refused(rig, &ops, &memory, IOMM_EINVAL, "0x4");
	ops = good_ops;
	ops.alloc = NULL;
	refused(rig, &ops, &memory, IOMM_EINVAL, "alloc and free");
	ops = good_ops;
	ops.free = NULL;
	refused(rig, &ops, &memory, IOMM_EINVAL, "alloc and free");
	longer.ops.size = sizeof(longer);
	longer.later = 1;
	refused(rig, &longer.ops, &memory, IOMM_E2BIG, "iomm_table_memory_ops");
	rig->fail_at = rig->sites + 1;
	refused(rig, &good_ops, &memory, IOMM_ENOMEM, "no memory");
	assert_ptr_equal(memory, none);
}

static void test_create(void **state)
{
	struct rig *rig = *state;
	struct iomm_table_memory *memory = NULL;
	struct {
		struct iomm_table_memory_ops ops;
		uint64_t later;
	} longer = { good_ops, 0 };

	longer.ops.size = sizeof(longer);
	releases = 0;
	assert_ok(iomm_table_memory_create(rig->ctx, &longer.ops, &releases,
					   count_release, &memory));
	/* The hooks were copied. */
	memset(&longer, 0xff, sizeof(longer));
	assert_ptr_equal(iomm_table_memory_get(memory), memory);
	iomm_table_memory_put(memory);
	assert_int_equal(releases, 0);
	iomm_table_memory_put(memory);
	assert_int_equal(releases, 1);
	assert_null(iomm_table_memory_get(NULL));
	iomm_table_memory_put(NULL);
}

static void test_no_release(void **state)
{
	struct rig *rig = *state;
	struct iomm_table_memory *memory;

	assert_ok(iomm_table_memory_create(rig->ctx, &good_ops, NULL, NULL,
					   &memory));
	iomm_table_memory_put(memory);
	assert_int_equal(iomm_table_memory_create(rig->ctx, NULL, NULL, NULL,
						  &memory),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_table_memory_create(NULL, NULL, NULL, NULL,
						  &memory),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_table_memory_create_arena(NULL, NULL, 0, 0, NULL,
							NULL, &memory),
			 -IOMM_EINVAL);
}

/* A provider that answers what the test says. */
struct liar {
	int result;
	void *va;
	uint64_t pa;
	uint32_t given_back;
};

static int
liar_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	struct liar *liar = data;

	(void)bytes;
	(void)max_pa;
	*va = liar->va;
	*pa = liar->pa;
	return liar->result;
}

static void liar_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	struct liar *liar = data;

	assert_ptr_equal(va, liar->va);
	assert_int_equal(pa, liar->pa);
	assert_int_equal(bytes, 4096);
	liar->given_back++;
}

static void
lie(struct rig *rig, struct iomm_table_memory *memory, struct liar *liar,
    int code, const char *part, uint32_t given_back)
{
	void *va = NULL;
	uint64_t pa = 1;

	liar->given_back = 0;
	assert_fails(iomm_table_alloc(rig->ctx, memory, 4096, 0xffffffff, &va,
				      &pa),
		     code, rig->ctx, part);
	assert_int_equal(liar->given_back, given_back);
	assert_null(va);
	assert_int_equal(pa, 1);
}

/* What breaks the contract is given back, and refused. */
static void test_provider_is_checked(void **state)
{
	static _Alignas(4096) char page[8192];
	struct rig *rig = *state;
	struct liar liar = { 0, page, 0x1000, 0 };
	struct iomm_table_memory_ops ops = {
		.size = sizeof(ops),
		.alloc = liar_alloc,
		.free = liar_free,
	};
	struct iomm_table_memory *memory;
	void *va;
	uint64_t pa;

	assert_ok(
		iomm_table_memory_create(rig->ctx, &ops, &liar, NULL, &memory));
	assert_ok(
		iomm_table_alloc(rig->ctx, memory, 4096, 0xffffffff, &va, &pa));
	liar.pa = 0xfffff000; /* the last one in reach */
	assert_ok(
		iomm_table_alloc(rig->ctx, memory, 4096, 0xffffffff, &va, &pa));
	liar.pa = UINT64_C(0x100000000);
	lie(rig, memory, &liar, IOMM_EPROTO, "beyond the walker's reach", 1);
	liar.pa = 0x1800;
	lie(rig, memory, &liar, IOMM_EPROTO, "not aligned to the size", 1);
	liar.pa = 0x1000;
	liar.va = page + 4;
	lie(rig, memory, &liar, IOMM_EPROTO, "a pointer that is not aligned",
	    1);
	liar.va = NULL;
	lie(rig, memory, &liar, IOMM_EPROTO, "no pointer", 0);
	liar.va = page;
	liar.result = 1;
	lie(rig, memory, &liar, IOMM_EPROTO, "neither 0 nor an error", 0);
	liar.result = INT32_MIN;
	lie(rig, memory, &liar, IOMM_EPROTO, "neither 0 nor an error", 0);
	liar.result = -IOMM_ENOSPC;
	lie(rig, memory, &liar, IOMM_ENOSPC, "has no 4 KiB up to 0xffffffff",
	    0);
	iomm_table_memory_put(memory);
}

static void test_linear_is_checked(void **state)
{
	static _Alignas(4096) char page[8192];
	struct rig *rig = *state;
	struct liar liar = { 0, page + 4096, 0x2000, 0 };
	struct iomm_table_memory_ops ops = {
		.size = sizeof(ops),
		.flags = IOMM_TABLE_MEMORY_LINEAR,
		.linear_offset = (uint64_t)(uintptr_t)page - 0x1000,
		.alloc = liar_alloc,
		.free = liar_free,
	};
	struct iomm_table_memory *memory;
	void *va;
	uint64_t pa;

	assert_ok(
		iomm_table_memory_create(rig->ctx, &ops, &liar, NULL, &memory));
	assert_ok(
		iomm_table_alloc(rig->ctx, memory, 4096, 0xffffffff, &va, &pa));
	liar.pa = 0x3000;
	lie(rig, memory, &liar, IOMM_EPROTO, "linear offset", 1);
	iomm_table_memory_put(memory);
}

/* The platform's memory, whose addresses are pointers. */
static void test_default(void **state)
{
	struct rig *rig = *state;
	int64_t blocks = rig->blocks;
	uint64_t sizes[] = { 64, 4 * KB, 16 * KB, 64 * KB };
	uint64_t pa, b;
	uint32_t i;
	void *va;

	for (i = 0; i < 4; i++) {
		assert_ok(iomm_table_alloc(rig->ctx, NULL, sizes[i], UINT64_MAX,
					   &va, &pa));
		assert_int_equal((uintptr_t)va, pa);
		assert_int_equal(pa & (sizes[i] - 1), 0);
		for (b = 0; b < sizes[i]; b++)
			assert_int_equal(((char *)va)[b], 0);
		/* Just in reach, and just not. */
		iomm_table_free(rig->ctx, NULL, va, pa, sizes[i]);
	}
	assert_fails(iomm_table_alloc(rig->ctx, NULL, 4096, 0xffff, &va, &pa),
		     IOMM_ENOMEM, rig->ctx, "give the table a memory provider");
	assert_fails(iomm_table_alloc(rig->ctx, NULL, 4096, 0, &va, &pa),
		     IOMM_ENOMEM, rig->ctx, "provider");
	rig->fail_at = rig->sites + 1;
	assert_fails(iomm_table_alloc(rig->ctx, NULL, 4096, UINT64_MAX, &va,
				      &pa),
		     IOMM_ENOMEM, rig->ctx, "no memory for a table of 4 KiB");
	assert_int_equal(rig->blocks, blocks);
}

/* Arena */

#define ARENA_BYTES (256 * KB)

static _Alignas(65536) char arena_memory[ARENA_BYTES];

static struct iomm_table_memory *
arena(struct rig *rig, uint64_t pa, uint64_t bytes)
{
	struct iomm_table_memory *memory = NULL;

	releases = 0;
	assert_ok(iomm_table_memory_create_arena(rig->ctx, arena_memory, pa,
						 bytes, &releases,
						 count_release, &memory));
	return memory;
}

static void
arena_refused(struct rig *rig, void *va, uint64_t pa, uint64_t bytes,
	      struct iomm_table_memory **out, int code, const char *part)
{
	releases = 0;
	assert_fails(iomm_table_memory_create_arena(rig->ctx, va, pa, bytes,
						    &releases, count_release,
						    out),
		     code, rig->ctx, part);
	assert_int_equal(releases, 1);
}

static void test_arena_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_table_memory *none = (void *)rig, *memory = none;
	char *va = arena_memory;

	releases = 0;
	assert_int_equal(iomm_table_memory_create_arena(NULL, va, 0, 4096,
							&releases,
							count_release, &memory),
			 -IOMM_EINVAL);
	assert_int_equal(releases, 1);
	arena_refused(rig, NULL, 0, 4096, &memory, IOMM_EINVAL, "NULL");
	arena_refused(rig, va, 0, 4096, NULL, IOMM_EINVAL, "NULL");
	arena_refused(rig, va, 0, 0, &memory, IOMM_EINVAL, "not empty");
	arena_refused(rig, va + 64, 0, 4096, &memory, IOMM_EINVAL, "4 KiB");
	arena_refused(rig, va, 64, 4096, &memory, IOMM_EINVAL, "0x40");
	arena_refused(rig, va, 0, 4097, &memory, IOMM_EINVAL, "0x1001");
	arena_refused(rig, va, UINT64_C(0xfffffffffffff000), 8192, &memory,
		      IOMM_EINVAL, "wraps");
	arena_refused(rig, va, 0, UINT64_C(0xfffffffffffff000), &memory,
		      IOMM_EINVAL, "wraps");
	rig->fail_at = rig->sites + 1; /* the books */
	arena_refused(rig, va, 0, 4096, &memory, IOMM_ENOMEM, "books");
	rig->fail_at = rig->sites + 2; /* the handle */
	arena_refused(rig, va, 0, 4096, &memory, IOMM_ENOMEM, "no memory");
	assert_ptr_equal(memory, none);
}

static uint64_t take(struct rig *rig, struct iomm_table_memory *memory,
		     uint64_t bytes, uint64_t arena_pa)
{
	uint64_t pa;
	void *va;

	assert_ok(iomm_table_alloc(rig->ctx, memory, bytes, UINT64_MAX, &va,
				   &pa));
	assert_int_equal(pa & (bytes - 1), 0);
	assert_ptr_equal(va, arena_memory + (pa - arena_pa));
	/* A hostile walker writes; the books are elsewhere. */
	memset(va, 0xff, bytes);
	return pa;
}

static void give(struct rig *rig, struct iomm_table_memory *memory, uint64_t pa,
		 uint64_t bytes, uint64_t arena_pa)
{
	iomm_table_free(rig->ctx, memory, arena_memory + (pa - arena_pa), pa,
			bytes);
}

static void
full(struct rig *rig, struct iomm_table_memory *memory, uint64_t bytes)
{
	uint64_t pa;
	void *va;

	assert_fails(iomm_table_alloc(rig->ctx, memory, bytes, UINT64_MAX, &va,
				      &pa),
		     IOMM_ENOMEM, rig->ctx, "has no");
}

/* Any size can be had from an empty arena, and all of it. */
static void test_arena_sizes(void **state)
{
	struct rig *rig = *state;
	uint64_t base = 0x80000000, bytes, n, i;
	struct iomm_table_memory *memory;
	uint64_t *pa = calloc(ARENA_BYTES / 64, sizeof(*pa));

	for (bytes = 64; bytes <= ARENA_BYTES; bytes *= 2) {
		memory = arena(rig, base, ARENA_BYTES);
		n = ARENA_BYTES / bytes;
		for (i = 0; i < n; i++)
			pa[i] = take(rig, memory, bytes, base);
		full(rig, memory, 64);
		for (i = 0; i < n; i++)
			give(rig, memory, pa[(i * 7) % n], bytes, base);
		take(rig, memory, ARENA_BYTES, base);
		give(rig, memory, base, ARENA_BYTES, base);
		full(rig, memory, 2 * ARENA_BYTES);
		iomm_table_memory_put(memory);
		assert_int_equal(releases, 1);
	}
	free(pa);
}

/* Alignment counts in the walker's view, which the pointer need not share. */
static void test_arena_alignment(void **state)
{
	struct rig *rig = *state;
	uint64_t base = 0x80000000 + 12 * KB;
	struct iomm_table_memory *memory = arena(rig, base, 128 * KB);
	uint64_t pa = take(rig, memory, 64 * KB, base);

	assert_int_equal(pa, 0x80010000);
	full(rig, memory, 64 * KB); /* no second one is aligned */
	assert_int_equal(take(rig, memory, 16 * KB, base), 0x80004000);
	give(rig, memory, pa, 64 * KB, base);
	assert_int_equal(take(rig, memory, 64 * KB, base), pa);
	iomm_table_memory_put(memory);
}

/* Small tables fill pages that are broken already. */
static void test_arena_packs(void **state)
{
	struct rig *rig = *state;
	uint64_t base = 0x1000;
	struct iomm_table_memory *memory = arena(rig, base, 8 * KB);
	uint64_t a = take(rig, memory, 64, base);
	uint64_t b = take(rig, memory, 2 * KB, base);

	assert_int_equal(a & ~UINT64_C(4095), b & ~UINT64_C(4095));
	take(rig, memory, 4 * KB, base);
	full(rig, memory, 4 * KB);
	take(rig, memory, 64, base);
	give(rig, memory, a, 64, base);
	assert_int_equal(take(rig, memory, 64, base), a);
	iomm_table_memory_put(memory);
}

static void test_arena_max_pa(void **state)
{
	struct rig *rig = *state;
	uint64_t base = 0x10000, pa;
	struct iomm_table_memory *memory = arena(rig, base, 16 * KB);
	void *va;

	assert_int_equal(iomm_table_alloc(rig->ctx, memory, 4096, base - 1, &va,
					  &pa),
			 -IOMM_ENOMEM);
	assert_int_equal(iomm_table_alloc(rig->ctx, memory, 4096, base + 4094,
					  &va, &pa),
			 -IOMM_ENOMEM);
	assert_ok(iomm_table_alloc(rig->ctx, memory, 4096, base + 4095, &va,
				   &pa));
	assert_int_equal(pa, base);
	assert_int_equal(iomm_table_alloc(rig->ctx, memory, 4096, base + 4095,
					  &va, &pa),
			 -IOMM_ENOMEM);
	assert_int_equal(iomm_table_alloc(rig->ctx, memory, 64, base + 4095,
					  &va, &pa),
			 -IOMM_ENOMEM);
	assert_ok(iomm_table_alloc(rig->ctx, memory, 8192, base + 16383, &va,
				   &pa));
	iomm_table_memory_put(memory);
}

/* The last page of the address space is a page like any other. */
static void test_arena_at_the_top(void **state)
{
	struct rig *rig = *state;
	uint64_t base = UINT64_C(0xffffffffffffe000);
	struct iomm_table_memory *memory = arena(rig, base, 8 * KB);

	assert_int_equal(take(rig, memory, 8 * KB, base), base);
	iomm_table_memory_put(memory);
}

static void test_arena_to_virt(void **state)
{
	struct rig *rig = *state;
	uint64_t base = 0x10000;
	struct iomm_table_memory *memory = arena(rig, base, 8 * KB);
	void *(*to_virt)(void *, uint64_t, uint64_t) = memory->ops.to_virt;
	void *data = memory->data;

	assert_ptr_equal(to_virt(data, base, 8192), arena_memory);
	assert_ptr_equal(to_virt(data, base + 8184, 8), arena_memory + 8184);
	assert_null(to_virt(data, base + 8184, 16));
	assert_null(to_virt(data, base - 8, 8));
	assert_null(to_virt(data, base, 8193));
	assert_null(to_virt(data, base + 8192, 8));
	assert_null(to_virt(data, UINT64_MAX, 8));
	iomm_table_memory_put(memory);
}

/* A random mix of sizes: nothing overlaps, and all of it comes back. */
static void test_arena_mix(void **state)
{
	struct rig *rig = *state;
	struct iomm_table_memory *memory = arena(rig, 0, ARENA_BYTES);
	uint64_t pa[64], bytes[64] = { 0 }, other;
	uint32_t i, j, k, seed = 1;
	void *va;

	for (i = 0; i < 20000; i++) {
		seed = seed * 1103515245 + 12345;
		k = seed >> 16 & 63;
		if (bytes[k]) {
			give(rig, memory, pa[k], bytes[k], 0);
			bytes[k] = 0;
			continue;
		}
		other = UINT64_C(64) << (seed >> 24) % 11;
		if (iomm_table_alloc(rig->ctx, memory, other, UINT64_MAX, &va,
				     &pa[k]))
			continue;
		for (j = 0; j < 64; j++)
			assert_true(!bytes[j] || pa[j] + bytes[j] <= pa[k] ||
				    pa[k] + other <= pa[j]);
		bytes[k] = other;
	}
	for (k = 0; k < 64; k++)
		if (bytes[k])
			give(rig, memory, pa[k], bytes[k], 0);
	take(rig, memory, ARENA_BYTES, 0);
	iomm_table_memory_put(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_create_refuses),
		RIG_TEST(test_create),
		RIG_TEST(test_no_release),
		RIG_TEST(test_provider_is_checked),
		RIG_TEST(test_linear_is_checked),
		RIG_TEST(test_default),
		RIG_TEST(test_arena_refuses),
		RIG_TEST(test_arena_sizes),
		RIG_TEST(test_arena_alignment),
		RIG_TEST(test_arena_packs),
		RIG_TEST(test_arena_max_pa),
		RIG_TEST(test_arena_at_the_top),
		RIG_TEST(test_arena_to_virt),
		RIG_TEST(test_arena_mix),
	};

	return cmocka_run_group_tests_name("table memory", tests, NULL, NULL);
}
