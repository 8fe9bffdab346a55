/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Maps of so many pages that their tables are written past the caches: they look
 * as any others, and are ordered before a walker can see them. The vectors here
 * are plain loops that keep books, so that this is so on any CPU.
 */
#include "base/vector.h"
#include "pgtable/pgtable.h"
#include "unit/pgtable_support.h"

#define FIRST (5 * 4 * KB)
#define BYTES (1 * GB + 3 * 4 * KB)

static struct {
	struct iomm_pgtable *t;
	uint32_t written, streamed; /* calls */
	uint64_t paddr;		    /* of what was streamed last */
	uint64_t first;		    /* and of all of it */
	bool unordered;
} books;

static uint32_t
write(uint64_t *desc, uint64_t value, uint64_t step, uint32_t count)
{
	uint32_t n;

	for (n = 0; n < count; n++)
		desc[n] = value + n * step;
	books.written++;
	return count;
}

static uint32_t
stream(uint64_t *desc, uint64_t value, uint64_t step, uint32_t count)
{
	books.streamed++;
	books.paddr = value & UINT64_C(0xfffffffff000);
	books.unordered = true;
	return write(desc, value, step, count);
}

/* Nobody sees yet what was streamed. */
static void ordered(void)
{
	struct iomm_translation at = { .size = sizeof(at) };
	uint64_t iova = FIRST + (books.paddr - books.first);

	assert_int_equal(iomm_pgtable_translate(books.t, iova, &at),
			 -IOMM_ENOENT);
	books.unordered = false;
}

/* None: the plain loops go on. */
static uint32_t
fill(uint64_t *desc, uint64_t value, uint64_t step, uint32_t count)
{
	(void)desc;
	(void)value;
	(void)step;
	(void)count;
	return 0;
}

static uint32_t clear(uint64_t *desc, uint64_t bits, uint32_t count)
{
	(void)desc;
	(void)bits;
	(void)count;
	return 0;
}

static const struct iomm_vector vector = { .fill = fill,
					   .write = write,
					   .stream = stream,
					   .ordered = ordered,
					   .clear = clear };

static struct iomm_pgtable *make(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, flags);

	t->vector = &vector;
	memset(&books, 0, sizeof(books));
	books.t = t;
	return t;
}

/* All of it is there, and nothing beside it. */
static void holds(struct iomm_pgtable *t, uint64_t paddr)
{
	struct iomm_extent extents[2];
	uint32_t count = 2;

	assert_ok(iomm_pgtable_extents(t, 0, 512 * GB, extents,
				       sizeof(extents[0]), &count));
	assert_int_equal(count, 1);
	assert_extent(&extents[0], FIRST, BYTES, paddr, RW);
}

/* A page off, so that no block fits. The second time its tables are used ones,
 * with something in them. */
static void twice(struct iomm_pgtable *t)
{
	books.first = 8 * GB + 4 * KB;
	map_ok(t, FIRST, books.first, BYTES, RW);
	assert_false(books.unordered);
	holds(t, books.first);
	unmap_ok(t, FIRST, BYTES, BYTES);
	books.first = 16 * GB + 8 * KB;
	map_ok(t, FIRST, books.first, BYTES, RW);
	assert_false(books.unordered);
	holds(t, books.first);
	iomm_pgtable_put(t);
}

static void test_exclusive(void **state)
{
	twice(make(*state, IOMM_PGTABLE_COHERENT));
	assert_true(books.streamed >= 2 * 512);
}

static void test_shared(void **state)
{
	twice(make(*state, IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED));
	assert_true(books.streamed >= 2 * 512);
}

/* Where tables are handed to walkers by a hook they go through the caches. */
static void test_synced(void **state)
{
	twice(make(*state, 0));
	assert_int_equal(books.streamed, 0);
	assert_true(books.written >= 2 * 512);
}

/* What fits into the caches stays there. */
static void test_few(void **state)
{
	struct iomm_pgtable *t = make(*state, IOMM_PGTABLE_COHERENT);

	map_ok(t, 0, 8 * GB + 4 * KB, 256 * MB, RW);
	assert_int_equal(books.streamed, 0);
	assert_int_equal(books.written, 128);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_exclusive),
		RIG_TEST(test_shared),
		RIG_TEST(test_synced),
		RIG_TEST(test_few),
	};

	return cmocka_run_group_tests_name("pgtable, streams", tests, NULL,
					   NULL);
}
