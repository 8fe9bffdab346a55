/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/pgtable_support.h"

#include "base/ctx.h"
#include "pgtable/gather.h"

static struct iomm_pgtable *table(struct rig *rig)
{
	return rig_table(rig, 4 * KB, 39, IOMM_PGTABLE_COHERENT);
}

static void unmap(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
		  struct iomm_gather *gather)
{
	uint64_t unmapped;

	assert_ok(iomm_pgtable_unmap(pgtable, iova, bytes, gather, &unmapped));
}

static void test_init(void **state)
{
	struct iomm_gather gather;

	(void)state;
	memset(&gather, 0xff, sizeof(gather));
	iomm_gather_init(&gather);
	assert_int_equal(gather.size, sizeof(gather));
	assert_int_equal(iomm_gather_pending(&gather), 0);
	assert_ok(iomm_gather_flush(&gather));
	iomm_gather_abandon(&gather);
	iomm_gather_init(NULL);
	assert_int_equal(iomm_gather_pending(NULL), 0);
	iomm_gather_abandon(NULL);
}

/* What was never a gather is refused, and left alone. */
static void test_malformed(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather, copy;
	uint64_t unmapped = 5;

	map_ok(pgtable, 0, 0, 4 * KB, RW);
	assert_int_equal(iomm_gather_flush(NULL), -IOMM_EINVAL);

	memset(&gather, 0, sizeof(gather));
	assert_int_equal(iomm_gather_flush(&gather), -IOMM_EINVAL);
	assert_fails(iomm_pgtable_unmap(pgtable, 0, 4 * KB, &gather, &unmapped),
		     IOMM_EINVAL, rig->ctx, "iomm_gather_init");
	assert_int_equal(unmapped, 0);

	memset(&gather, 0xff, sizeof(gather));
	gather.size = sizeof(gather);
	copy = gather;
	assert_int_equal(iomm_gather_flush(&gather), -IOMM_EINVAL);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	iomm_gather_abandon(&gather);
	assert_memory_equal(&gather, &copy, sizeof(gather));

	/* It names something that is no table. */
	iomm_gather_init(&gather);
	gather.pgtable = (void *)rig->memory;
	assert_int_equal(iomm_gather_flush(&gather), -IOMM_EINVAL);
	iomm_gather_abandon(&gather);
	assert_ptr_equal(gather.pgtable, rig->memory);

	assert_fails(iomm_pgtable_unmap(pgtable, 0, 4 * KB, NULL, NULL),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_maps(pgtable, 0, 0, 4 * KB);
	iomm_pgtable_put(pgtable);
}

static void test_one_flush(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;
	const struct event *event;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0x10000, 4 * KB, 64 * KB, RW);
	rig_clear_events(rig);
	unmap(pgtable, 0x10000, 16 * KB, &gather);
	assert_int_equal(iomm_gather_pending(&gather), 16 * KB);
	assert_int_equal(rig->nr_events, 0);
	assert_ok(iomm_gather_flush(&gather));
	event = rig_event(rig, EV_FLUSH, 0);
	assert_int_equal(rig->nr_events, 1);
	assert_int_equal(event->iova, 0x10000);
	assert_int_equal(event->last, 0x13fff);
	assert_int_equal(event->page_size, 4 * KB);
	assert_int_equal(event->flags, 0);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	/* It is empty, and flushing it again costs nothing. */
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(rig->nr_events, 1);
	iomm_pgtable_put(pgtable);
}

static void test_nothing_unmapped(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	unmap(pgtable, 0, 1 * GB, &gather);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	assert_null(gather.pgtable);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(rig->nr_events, 0);
	iomm_pgtable_put(pgtable);
}

/* Neighbours, above and below, and what is there already, join. */
static void test_merge(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 4 * KB, 64 * KB, RW);
	unmap(pgtable, 0x4000, 0x1000, &gather);
	unmap(pgtable, 0x5000, 0x2000, &gather);
	unmap(pgtable, 0x2000, 0x2000, &gather);
	assert_int_equal(iomm_gather_pending(&gather), 0x5000);
	map_ok(pgtable, 0x3000, 0, 0x1000, RW);
	unmap(pgtable, 0x3000, 0x1000, &gather);
	unmap(pgtable, 0, 0x2000, &gather);
	assert_int_equal(iomm_gather_pending(&gather), 0x7000);
	assert_int_equal(rig_count(rig, EV_FLUSH), 0);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->iova, 0);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->last, 0x6fff);
	iomm_pgtable_put(pgtable);
}

/* A hole within one call goes along: the norm is one flush. */
static void test_hole_in_one_call(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;
	uint64_t unmapped;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0x1000, 0, 0x1000, RW);
	map_ok(pgtable, 0x9000, 0, 0x1000, RW);
	map_ok(pgtable, 0x301000, 0, 0x1000, RW);
	assert_ok(iomm_pgtable_unmap(pgtable, 0, 0x303000, &gather, &unmapped));
	assert_int_equal(unmapped, 0x3000);
	assert_int_equal(rig_count(rig, EV_FLUSH), 0);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(rig_count(rig, EV_FLUSH), 1);
	assert_true(rig_event(rig, EV_FLUSH, 0)->iova <= 0x1000);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->last, 0x301fff);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->flags, IOMM_TLB_TABLES);
	iomm_pgtable_put(pgtable);
}

static void test_disjoint_flushes_early(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 4 * KB, 64 * KB, RW);
	unmap(pgtable, 0x1000, 0x1000, &gather);
	unmap(pgtable, 0x8000, 0x1000, &gather);
	assert_int_equal(rig_count(rig, EV_FLUSH), 1);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->iova, 0x1000);
	assert_int_equal(iomm_gather_pending(&gather), 0x1000);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(rig_event(rig, EV_FLUSH, 1)->iova, 0x8000);
	iomm_pgtable_put(pgtable);
}

static void test_page_size_flushes_early(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;
	uint64_t unmapped;

	/* Two pages, a block, a page: three sizes of run in one call. */
	iomm_gather_init(&gather);
	map_ok(pgtable, 2 * MB - 8 * KB, 2 * MB - 8 * KB, 2 * MB + 12 * KB, RW);
	assert_maps(pgtable, 2 * MB, 2 * MB, 2 * MB);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_unmap(pgtable, 0, 8 * MB, &gather, &unmapped));
	assert_int_equal(unmapped, 2 * MB + 12 * KB);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(rig_count(rig, EV_FLUSH), 3);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->page_size, 4 * KB);
	assert_int_equal(rig_event(rig, EV_FLUSH, 1)->page_size, 2 * MB);
	assert_int_equal(rig_event(rig, EV_FLUSH, 1)->iova, 2 * MB);
	assert_int_equal(rig_event(rig, EV_FLUSH, 1)->last, 4 * MB - 1);
	assert_int_equal(rig_event(rig, EV_FLUSH, 2)->page_size, 4 * KB);
	iomm_pgtable_put(pgtable);
}

/* Tables are spare after the flush that covers them, and not before. */
static void test_tables_wait(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 0, 0x1000, RW);
	assert_int_equal(info_of(pgtable).tables, 3);
	rig_clear_events(rig);
	unmap(pgtable, 0, 0x1000, &gather);
	assert_int_equal(info_of(pgtable).tables, 1);
	assert_int_equal(info_of(pgtable).spare, 0);
	assert_int_equal(rig->nr_events, 0);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(info_of(pgtable).spare, 2);
	assert_int_equal(rig->nr_events, 1);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->flags, IOMM_TLB_TABLES);
	iomm_pgtable_put(pgtable);
}

/* The same when the table was the last one used, and the gather is in use. */
static void test_warm_table_goes(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 0, 0x2000, RW);
	unmap(pgtable, 0, 0x1000, &gather);
	assert_int_equal(info_of(pgtable).tables, 3);
	unmap(pgtable, 0x1000, 0x1000, &gather);
	assert_int_equal(info_of(pgtable).tables, 1);
	assert_int_equal(iomm_gather_pending(&gather), 0x2000);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->flags, IOMM_TLB_TABLES);
	assert_int_equal(info_of(pgtable).spare, 2);
	iomm_pgtable_put(pgtable);
}

static void test_another_table(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *a = table(rig), *b = table(rig);
	struct iomm_gather gather;
	uint64_t unmapped = 9;

	iomm_gather_init(&gather);
	map_ok(a, 0, 0, 0x1000, RW);
	map_ok(b, 0, 0, 0x1000, RW);
	unmap(a, 0, 0x1000, &gather);
	assert_fails(iomm_pgtable_unmap(b, 0, 0x1000, &gather, &unmapped),
		     IOMM_EINVAL, rig->ctx, "another page table");
	assert_int_equal(unmapped, 0);
	assert_maps(b, 0, 0, 0x1000);
	/* After its flush it is free for whoever comes. */
	assert_ok(iomm_gather_flush(&gather));
	unmap(b, 0, 0x1000, &gather);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(a);
	iomm_pgtable_put(b);
}

static void test_holds_the_table(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather, moved;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 0, 0x2000, RW);
	unmap(pgtable, 0, 0x1000, &gather);
	unmap(pgtable, 0x1000, 0x1000, &gather);
	iomm_pgtable_put(pgtable);
	assert_int_equal(iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_PGTABLE),
			 1);
	/* It may be moved. */
	moved = gather;
	memset(&gather, 0xff, sizeof(gather));
	assert_ok(iomm_gather_flush(&moved));
	assert_int_equal(iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_PGTABLE),
			 0);
	assert_int_equal(rig->tlb_releases, 1);
}

/* A flush that fails keeps everything, and can be repeated. */
static void test_flush_fails(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 0, 0x1000, RW);
	unmap(pgtable, 0, 0x1000, &gather);
	rig->tlb_error = -IOMM_ETIMEDOUT;
	rig->tlb_fail_in = 1;
	assert_fails(iomm_gather_flush(&gather), IOMM_ETIMEDOUT, rig->ctx,
		     "[0x0, 0xfff] is not invalidated");
	assert_int_equal(iomm_gather_pending(&gather), 0x1000);
	assert_int_equal(info_of(pgtable).spare, 0);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(info_of(pgtable).spare, 2);
	iomm_pgtable_put(pgtable);
}

static void test_hook_breaks_contract(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 0, 0x1000, RW);
	unmap(pgtable, 0, 0x1000, &gather);
	rig->tlb_error = 1;
	rig->tlb_fail_in = 1;
	assert_fails(iomm_gather_flush(&gather), IOMM_EPROTO, rig->ctx,
		     "neither 0 nor an error");
	rig->tlb_error = INT32_MIN;
	rig->tlb_fail_in = 1;
	assert_fails(iomm_gather_flush(&gather), IOMM_EPROTO, rig->ctx,
		     "neither 0 nor an error");
	assert_int_equal(iomm_gather_pending(&gather), 0x1000);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(pgtable);
}

/* When the early flush fails, what needed it was not touched. */
static void test_early_flush_fails(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;
	struct dump before;
	uint64_t unmapped = 7;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 4 * KB, 64 * KB, RW);
	unmap(pgtable, 0x1000, 0x1000, &gather);
	dump_table(pgtable, &before);
	rig->tlb_error = -IOMM_EIO;
	rig->tlb_fail_in = 1;
	assert_fails(iomm_pgtable_unmap(pgtable, 0x8000, 0x1000, &gather,
					&unmapped),
		     IOMM_EIO, rig->ctx, "not invalidated");
	assert_int_equal(unmapped, 0);
	assert_unchanged(pgtable, &before);
	assert_int_equal(iomm_gather_pending(&gather), 0x1000);
	assert_int_equal(gather.start, 0x1000);
	unmap(pgtable, 0x8000, 0x1000, &gather);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(pgtable);
}

/* The first part is unmapped, and the gather holds it. */
static void test_early_flush_fails_midway(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;
	uint64_t unmapped = 7, iova = 2 * MB - 8 * KB;

	iomm_gather_init(&gather);
	map_ok(pgtable, iova, iova, 4 * MB + 16 * KB, RW);
	rig->tlb_error = -IOMM_EIO;
	rig->tlb_fail_in = 2;
	assert_fails(iomm_pgtable_unmap(pgtable, iova, 4 * MB + 16 * KB,
					&gather, &unmapped),
		     IOMM_EIO, rig->ctx, "not invalidated");
	/* Pages, then flushed; two blocks; flushed in vain. */
	assert_int_equal(unmapped, 4 * MB + 8 * KB);
	assert_int_equal(iomm_gather_pending(&gather), 4 * MB);
	assert_hole(pgtable, 6 * MB - 1);
	assert_maps(pgtable, 6 * MB, 6 * MB, 4 * KB);
	unmap(pgtable, iova + unmapped, 8 * KB, &gather);
	assert_ok(iomm_gather_flush(&gather));
	rig_assert_only_root(rig, pgtable);
	iomm_pgtable_put(pgtable);
}

static void test_abandon(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 0, 0x1000, RW);
	unmap(pgtable, 0, 0x1000, &gather);
	iomm_gather_abandon(&gather);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	assert_null(gather.pgtable);
	assert_int_equal(info_of(pgtable).quarantined, 2);
	assert_int_equal(rig->tables, 3);
	assert_int_equal(rig_count(rig, EV_FLUSH), 0);

	/* A second one joins it. */
	map_ok(pgtable, 0, 0, 0x1000, RW);
	unmap(pgtable, 0, 0x1000, &gather);
	iomm_gather_abandon(&gather);
	assert_int_equal(info_of(pgtable).quarantined, 4);

	rig->tlb_error = -IOMM_ETIMEDOUT;
	rig->tlb_fail_in = 1;
	assert_fails(iomm_pgtable_flush_all(pgtable), IOMM_ETIMEDOUT, rig->ctx,
		     "not invalidated");
	assert_int_equal(info_of(pgtable).quarantined, 4);
	rig_assert_balanced(rig, pgtable);
	assert_ok(iomm_pgtable_flush_all(pgtable));
	assert_int_equal(info_of(pgtable).quarantined, 0);
	rig_assert_only_root(rig, pgtable);
	iomm_pgtable_put(pgtable);
}

/* The last reference is the gather's: putting the table flushes everything. */
static void test_abandon_last(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 0, 0x1000, RW);
	unmap(pgtable, 0, 0x1000, &gather);
	iomm_pgtable_put(pgtable);
	rig_clear_events(rig);
	iomm_gather_abandon(&gather);
	assert_int_equal(rig->events[0].kind, EV_FLUSH_ALL);
	assert_int_equal(rig->tables, 0);
}

/* No hooks: no hardware, and so nothing to wait for. */
static void test_without_hooks(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .memory = rig->memory };
	struct iomm_pgtable *pgtable;
	struct iomm_gather gather;

	assert_ok(iomm_pgtable_create(rig->ctx, "arm64-s1", &config, NULL, NULL,
				      NULL, &pgtable));
	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 0, 0x1000, RW);
	unmap(pgtable, 0, 0x1000, &gather);
	assert_ok(iomm_gather_flush(&gather));
	assert_ok(iomm_pgtable_flush_all(pgtable));
	rig_assert_only_root(rig, pgtable);
	iomm_pgtable_put(pgtable);
}

/* The owner of a table serialises the flushes of its gathers. */
struct owner {
	struct rig *rig;
	int error;
	uint32_t begun, ended;
	bool inside;
};

static int owner_begin(void *data)
{
	struct owner *owner = data;

	owner->begun++;
	if (owner->error)
		return owner->error;
	assert_false(owner->inside);
	owner->inside = true;
	return 0;
}

static void owner_end(void *data)
{
	struct owner *owner = data;

	assert_true(owner->inside);
	owner->inside = false;
	owner->ended++;
}

static void flush_inside(struct rig *rig, uint64_t iova, uint64_t last)
{
	struct owner *owner = rig->user;

	(void)iova;
	(void)last;
	assert_true(owner->inside);
}

static void test_owner(void **state)
{
	struct rig *rig = *state;
	struct owner owner = { .rig = rig };
	struct iomm_pgtable *pgtable = table(rig);
	struct iomm_gather gather;

	iomm_pgtable_set_owner(pgtable, owner_begin, owner_end, &owner);
	rig->user = &owner;
	rig->on_flush = flush_inside;
	iomm_gather_init(&gather);
	map_ok(pgtable, 0, 0, 0x3000, RW);
	unmap(pgtable, 0, 0x1000, &gather);

	owner.error = -IOMM_EDEADLK;
	assert_int_equal(iomm_gather_flush(&gather), -IOMM_EDEADLK);
	assert_int_equal(iomm_gather_pending(&gather), 0x1000);
	owner.error = 0;

	rig->tlb_error = -IOMM_EIO;
	rig->tlb_fail_in = 1;
	assert_int_equal(iomm_gather_flush(&gather), -IOMM_EIO);
	assert_int_equal(owner.ended, 1);
	assert_int_equal(iomm_gather_pending(&gather), 0x1000);

	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(owner.begun, 3);
	assert_int_equal(owner.ended, 2);

	/* The owner himself is inside already. */
	unmap(pgtable, 0x1000, 0x1000, &gather);
	owner.inside = true;
	assert_ok(iomm_gather_flush_held(&gather));
	owner.inside = false;
	assert_int_equal(owner.begun, 3);
	/* Giving up takes no serialising. */
	unmap(pgtable, 0x2000, 0x1000, &gather);
	iomm_gather_abandon(&gather);
	assert_int_equal(owner.begun, 3);
	rig->on_flush = NULL;
	iomm_pgtable_put(pgtable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_init),
		RIG_TEST(test_malformed),
		RIG_TEST(test_one_flush),
		RIG_TEST(test_nothing_unmapped),
		RIG_TEST(test_merge),
		RIG_TEST(test_hole_in_one_call),
		RIG_TEST(test_disjoint_flushes_early),
		RIG_TEST(test_page_size_flushes_early),
		RIG_TEST(test_tables_wait),
		RIG_TEST(test_warm_table_goes),
		RIG_TEST(test_another_table),
		RIG_TEST(test_holds_the_table),
		RIG_TEST(test_flush_fails),
		RIG_TEST(test_hook_breaks_contract),
		RIG_TEST(test_early_flush_fails),
		RIG_TEST(test_early_flush_fails_midway),
		RIG_TEST(test_abandon),
		RIG_TEST(test_abandon_last),
		RIG_TEST(test_without_hooks),
		RIG_TEST(test_owner),
	};

	return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
