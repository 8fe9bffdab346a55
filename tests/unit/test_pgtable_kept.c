/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The lock that a thread keeps in a shared table, from outside: who pays for a
 * barrier, and when; and what the table holds, whoever wrote it. That threads
 * stand it is tests/stress's.
 */
#define _DEFAULT_SOURCE /* usleep() */
#include <pthread.h>
#include <unistd.h>

#include "base/readers.h"
#include "pgtable/pgtable.h"
#include "pgtable/sharing.h"
#include "unit/pgtable_support.h"

#define TABLE	(2 * MB)
#define OFFSET	(8 * GB)
#define NO_PAGE UINT64_MAX

/* A shared table whose platform counts barriers. */
struct kept {
	struct iomm_ctx *ctx;
	struct iomm_pgtable *t;
	_Atomic uint32_t barriers;
};

static int count_barrier(void *data)
{
	struct kept *kept = data;

	kept->barriers++;
	return iomm_platform_hosted()->barrier(NULL);
}

static void start(struct kept *kept, int (*barrier)(void *data))
{
	struct iomm_platform platform = *iomm_platform_hosted();
	struct iomm_ctx_config config = {
		.size = sizeof(config),
		.platform = &platform,
		.platform_data = kept,
	};
	struct iomm_pgtable_config table = {
		.size = sizeof(table),
		.flags = IOMM_PGTABLE_SHARED | IOMM_PGTABLE_COHERENT,
		.granule = 4 * KB,
		.ias = 39,
	};

	memset(kept, 0, sizeof(*kept));
	platform.barrier = barrier;
	assert_ok(iomm_ctx_create(&config, &kept->ctx));
	assert_ok(iomm_pgtable_create(kept->ctx, "arm64-s1", &table, NULL, NULL,
				      NULL, &kept->t));
	map_ok(kept->t, 0, OFFSET, 4 * KB, RW);
	map_ok(kept->t, TABLE, OFFSET + TABLE, 4 * KB, RW);
	kept->barriers = 0;
}

static void end(struct kept *kept)
{
	iomm_pgtable_put(kept->t);
	iomm_ctx_put(kept->ctx);
}

static void map_page(struct kept *kept, uint64_t iova)
{
	map_ok(kept->t, iova, OFFSET + iova, 4 * KB, RW);
}

/* So often that the calling thread keeps the table's lock; from page `first`. */
static void keep(struct kept *kept, uint64_t first)
{
	uint64_t n;

	for (n = 0; n < IOMM_PLACE_ENOUGH + 2; n++)
		map_page(kept, first + n * 4 * KB);
}

static struct iomm_place *my_place(struct kept *kept)
{
	return iomm_pgtable_place(kept->t);
}

/* Another thread */

struct other {
	struct kept *kept;
	uint64_t iova; /* of the page that it maps */
	_Atomic bool done;
	pthread_t thread;
};

static void *other_main(void *data)
{
	struct other *other = data;
	uint64_t mapped = 0;
	int r = iomm_pgtable_map(other->kept->t, other->iova,
				 OFFSET + other->iova, 4 * KB, RW, 0, &mapped);

	other->done = true;
	return r || mapped != 4 * KB ? other : NULL;
}

static void other_begins(struct other *other)
{
	other->done = false;
	assert_int_equal(pthread_create(&other->thread, NULL, other_main,
					other),
			 0);
}

static void other_ends(struct other *other)
{
	void *failed;

	assert_int_equal(pthread_join(other->thread, &failed), 0);
	assert_null(failed);
}

static void another_maps(struct kept *kept, uint64_t iova)
{
	struct other other = { .kept = kept, .iova = iova };

	other_begins(&other);
	other_ends(&other);
}

static void holds(struct kept *kept, uint64_t iova)
{
	struct iomm_translation at = { .size = sizeof(at) };

	assert_ok(iomm_pgtable_translate(kept->t, iova, &at));
	assert_int_equal(at.paddr, OFFSET + iova);
	assert_int_equal(at.page_size, 4 * KB);
	assert_int_equal(at.prot, RW);
}

/* Tests */

static void test_kept(void **state)
{
	struct kept kept;
	uint64_t page;

	(void)state;
	start(&kept, count_barrier);
	keep(&kept, 4 * KB);
	assert_true(my_place(&kept)->keeps);
	/* To write on costs nobody anything. */
	for (page = 100; page < 200; page++)
		map_page(&kept, page * 4 * KB);
	assert_int_equal(kept.barriers, 0);
	for (page = 100; page < 200; page++)
		holds(&kept, page * 4 * KB);
	end(&kept);
}

/* The other one pays. Where that goes on it is for ever more calls. */
static void test_taken_over(void **state)
{
	struct kept kept;
	uint64_t page;

	(void)state;
	start(&kept, count_barrier);
	keep(&kept, 4 * KB);
	another_maps(&kept, 20 * 4 * KB);
	assert_int_equal(kept.barriers, 1);
	map_page(&kept, 21 * 4 * KB);
	assert_false(my_place(&kept)->keeps);
	assert_int_equal(my_place(&kept)->enough, 2 * IOMM_PLACE_ENOUGH);
	for (page = 22; page < 422; page += 2) {
		map_page(&kept, page * 4 * KB);
		another_maps(&kept, (page + 1) * 4 * KB);
	}
	/* At 8, 16, 32 and 64 calls of either. */
	assert_true(kept.barriers <= 10);
	for (page = 20; page < 422; page++)
		holds(&kept, page * 4 * KB);
	end(&kept);
}

/* Whoever writes elsewhere lets go of what he kept. */
static void test_let_go(void **state)
{
	struct kept kept;

	(void)state;
	start(&kept, count_barrier);
	keep(&kept, 4 * KB);
	map_page(&kept, TABLE + 4 * KB);
	assert_false(my_place(&kept)->keeps);
	another_maps(&kept, 100 * 4 * KB);
	assert_int_equal(kept.barriers, 0);
	end(&kept);
}

/* From oneself it is taken for nothing, also where the table goes. */
static void test_own(void **state)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_gather gather;
	struct kept kept;

	(void)state;
	start(&kept, count_barrier);
	keep(&kept, 4 * KB);
	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_protect(kept.t, 4 * KB, 4 * KB, RO, &gather,
				       NULL));
	assert_ok(iomm_gather_flush(&gather));
	keep(&kept, 100 * 4 * KB);
	assert_true(my_place(&kept)->keeps);
	unmap_ok(kept.t, 0, TABLE, (2 * IOMM_PLACE_ENOUGH + 5) * 4 * KB);
	assert_int_equal(iomm_pgtable_translate(kept.t, 4 * KB, &at),
			 -IOMM_ENOENT);
	/* The table is linked elsewhere now: what was kept is not. */
	map_page(&kept, 9 * TABLE);
	map_page(&kept, 4 * KB);
	holds(&kept, 9 * TABLE);
	assert_int_equal(iomm_pgtable_translate(kept.t, 9 * TABLE + 4 * KB,
						&at),
			 -IOMM_ENOENT);
	assert_int_equal(kept.barriers, 0);
	end(&kept);
}

/* The last page goes while its table is kept: the table is taken out. */
static void test_emptied(void **state)
{
	struct iomm_gather gather;
	struct kept kept;
	uint64_t n, bytes;

	(void)state;
	start(&kept, count_barrier);
	keep(&kept, 4 * KB);
	assert_int_equal(info_of(kept.t).tables, 4);
	iomm_gather_init(&gather);
	for (n = 0; n <= IOMM_PLACE_ENOUGH + 2; n++) {
		assert_ok(iomm_pgtable_unmap(kept.t, n * 4 * KB, 4 * KB,
					     &gather, &bytes));
		assert_int_equal(bytes, 4 * KB);
	}
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(info_of(kept.t).tables, 3);
	assert_int_equal(kept.barriers, 0);
	end(&kept);
}

/* Who takes over waits until the other one has come out. */
static void test_waits(void **state)
{
	struct other other = { .iova = 100 * 4 * KB };
	struct kept kept;
	struct iomm_place *place;
	uint32_t writing;

	(void)state;
	start(&kept, count_barrier);
	other.kept = &kept;
	keep(&kept, 4 * KB);
	place = my_place(&kept);
	writing = iomm_place_enter(place, place->cursor.table);
	assert_int_not_equal(writing, 0);
	other_begins(&other);
	while (!kept.barriers)
		(void)usleep(100);
	(void)usleep(2000);
	assert_false(other.done);
	iomm_place_exit(place, writing);
	other_ends(&other);
	assert_int_equal(iomm_place_enter(place, place->cursor.table), 0);
	iomm_place_lost(place);
	holds(&kept, 100 * 4 * KB);
	end(&kept);
}

/* Trim sees who reads by a store. */
static void test_reader_is_seen(void **state)
{
	struct iomm_place *place;
	struct kept kept;

	(void)state;
	start(&kept, count_barrier);
	place = my_place(&kept);
	unmap_ok(kept.t, TABLE, 4 * KB, 4 * KB);
	assert_non_null(iomm_place_read(place));
	assert_int_equal(iomm_pgtable_trim(kept.t), 0);
	/* Who interrupts it there takes another flag, and leaves this one. */
	holds(&kept, 0);
	assert_int_equal(iomm_pgtable_trim(kept.t), 0);
	iomm_place_read_end(place);
	assert_int_equal(iomm_pgtable_trim(kept.t), 4 * KB);
	assert_int_equal(kept.barriers, 3);
	end(&kept);
}

/* Without a barrier nothing is kept, and all is as it was. */
static void test_no_barrier(void **state)
{
	struct kept kept;

	(void)state;
	start(&kept, NULL);
	keep(&kept, 4 * KB);
	assert_false(my_place(&kept)->keeps);
	another_maps(&kept, 100 * 4 * KB);
	map_page(&kept, 101 * 4 * KB);
	holds(&kept, 100 * 4 * KB);
	holds(&kept, 101 * 4 * KB);
	unmap_ok(kept.t, TABLE, 4 * KB, 4 * KB);
	assert_int_equal(iomm_pgtable_trim(kept.t), 4 * KB);
	end(&kept);
}

/* Lookups remember how a page looks: one that looks otherwise, or is in a run,
 * is read for itself. */
static void test_looks(void **state)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct kept kept;
	uint32_t n;

	(void)state;
	start(&kept, count_barrier);
	map_ok(kept.t, 4 * KB, OFFSET, 4 * KB, RO);
	map_ok(kept.t, 64 * KB, OFFSET + 64 * KB, 64 * KB, RW);
	for (n = 0; n < 3; n++) {
		holds(&kept, 0);
		assert_ok(iomm_pgtable_translate(kept.t, 4 * KB, &at));
		assert_int_equal(at.prot, RO);
		assert_int_equal(at.page_size, 4 * KB);
		assert_ok(iomm_pgtable_translate(kept.t, 64 * KB, &at));
		assert_int_equal(at.prot, RW);
		assert_int_equal(at.page_size, 64 * KB);
	}
	end(&kept);
}

/* Lookups remember the table above, which goes, and comes back elsewhere. */
static void test_recalled(void **state)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct kept kept;
	uint32_t n;

	(void)state;
	start(&kept, count_barrier);
	for (n = 0; n < 3; n++) {
		map_page(&kept, 1 * GB);
		map_page(&kept, 1 * GB + TABLE);
		holds(&kept, 1 * GB);
		holds(&kept, 1 * GB + TABLE);
		assert_int_equal(my_place(&kept)->noted.above.first, 1 * GB);
		/* As a whole: what is below it is linked to it still. */
		unmap_ok(kept.t, 1 * GB, 1 * GB, 8 * KB);
		assert_int_equal(iomm_pgtable_trim(kept.t), 12 * KB);
		assert_int_equal(iomm_pgtable_translate(kept.t, 1 * GB, &at),
				 -IOMM_ENOENT);
		holds(&kept, 0);
		map_page(&kept, 1 * GB);
		holds(&kept, 1 * GB);
		unmap_ok(kept.t, 1 * GB, 1 * GB, 4 * KB);
		map_page(&kept, (7 + n) * GB);
		assert_int_equal(iomm_pgtable_translate(kept.t, 1 * GB, &at),
				 -IOMM_ENOENT);
		holds(&kept, (7 + n) * GB);
	}
	end(&kept);
}

/* Who counts a table's references disturbs nobody who works with it. */
static void test_count_is_apart(void **state)
{
	struct kept kept;
	struct iomm_object *object;

	(void)state;
	start(&kept, count_barrier);
	object = &kept.t->object;
	assert_int_equal((uintptr_t)&object->refs % IOMM_CACHE_LINE, 0);
	assert_true((uintptr_t)&kept.t->calls - (uintptr_t)&object->refs >=
		    IOMM_CACHE_LINE);
	end(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_let_go),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_emptied),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_reader_is_seen),
		cmocka_unit_test(test_no_barrier),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_recalled),
		cmocka_unit_test(test_count_is_apart),
	};

	return cmocka_run_group_tests_name("pgtable, kept locks", tests, NULL,
					   NULL);
}
