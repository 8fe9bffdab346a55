/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Page tables, while memory and TLB fail. After a failure the table holds
 * exactly what the call said, by a model; and the same call, made again for the
 * rest, succeeds.
 */
#include <iomm/cursor.h>
#include <iomm/reservation.h>

#include "model/ranges.h"
#include "stress/faults.h"

struct table {
	struct faults *f;
	struct iomm_table_memory *memory;
	struct iomm_pgtable *pgtable;
	struct iomm_gather gather;
	struct iomm_cursor cursor;
	struct iomm_reservation *reservation;
	struct ranges mapped;
	uint64_t unit, block;
	/* What the last iomm_pgtable_unmap_extents() told. */
	struct iomm_extent extents[64];
	uint32_t count;
};

static int make_memory(struct faults *f, struct iomm_table_memory **memory)
{
	f->due++;
	return iomm_table_memory_create(f->world.ctx, &faults_memory, f,
					faults_released, memory);
}

static int make_table(struct table *t, uint32_t flags, uint64_t root_pa)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = flags,
		.granule = t->unit,
		.ias = 48,
		.memory = t->memory,
		.root_pa = root_pa,
	};

	t->f->due++;
	return iomm_pgtable_create(t->f->world.ctx, "arm64-s1", &config,
				   &faults_tlb, t->f, faults_released,
				   &t->pgtable);
}

/* Against the model */

struct compare {
	const struct table *table;
	uint64_t bytes;
	struct iomm_walk_entry wrong; /* the first that is */
};

/* In a callback nothing may fail the test: it would not return. */
static int compare_leaf(void *data, const struct iomm_walk_entry *entry)
{
	struct compare *c = data;
	uint64_t at = entry->iova, last = entry->iova + (entry->bytes - 1);
	const struct range *range;

	if (entry->kind == IOMM_WALK_TABLE)
		return 0;
	c->bytes += entry->bytes;
	/* A leaf may be several ranges of the model. */
	for (;; at = range->last + 1) {
		range = ranges_at(&c->table->mapped, at);
		if (!range || range->prot != entry->prot ||
		    range->paddr + (at - range->iova) !=
			    entry->paddr + (at - entry->iova))
			break;
		if (range->last >= last)
			return 0;
	}
	c->wrong = *entry;
	return 1;
}

static void compare(const struct table *t)
{
	struct compare c = { .table = t };

	if (iomm_pgtable_walk(t->pgtable, 0, UINT64_MAX, compare_leaf, &c))
		fail_msg("site %u: leaf of %llx bytes at %llx to %llx",
			 (unsigned)t->f->k, (unsigned long long)c.wrong.bytes,
			 (unsigned long long)c.wrong.iova,
			 (unsigned long long)c.wrong.paddr);
	assert_int_equal(c.bytes,
			 ranges_mapped_bytes(&t->mapped, 0, UINT64_MAX));
}

/* Jobs: one call each, which tells in `done` how far it came. */

enum kind {
	MAP,
	SEGMENTS,
	CURSOR_MAP,
	COMMIT,
	UNMAP,
	CURSOR_UNMAP,
	EXTENTS,
	PROTECT,
	SPLIT,
	MERGE
};

struct job {
	enum kind kind;
	uint64_t iova, bytes;
	uint64_t paddr; /* SPLIT: the size */
	uint32_t prot;
};

static bool maps(const struct job *job)
{
	return job->kind <= COMMIT;
}

static bool unmaps(const struct job *job)
{
	return job->kind >= UNMAP && job->kind <= EXTENTS;
}

/* In three pieces of which none is like another; they go on in memory. */
static int map_segments(struct table *t, const struct job *job, uint64_t *done)
{
	uint64_t a = t->unit, b = job->bytes / 2 / t->unit * t->unit;
	const struct iomm_segment list[] = {
		{ job->paddr, a },
		{ job->paddr + a, b },
		{ job->paddr + a + b, job->bytes - a - b },
	};

	return iomm_pgtable_map_segments(t->pgtable, job->iova, list, 3,
					 sizeof(list[0]), job->prot, 0, done);
}

static int unmap_extents(struct table *t, const struct job *job, uint64_t *done)
{
	uint32_t i;
	int err;

	t->count = 64;
	err = iomm_pgtable_unmap_extents(t->pgtable, job->iova, job->bytes,
					 &t->gather, t->extents,
					 sizeof(t->extents[0]), &t->count);
	*done = 0;
	for (i = 0; i < t->count; i++)
		*done += t->extents[i].bytes;
	return err;
}

static int run(struct table *t, const struct job *job, uint64_t *done)
{
	struct iomm_pgtable *pgtable = t->pgtable;
	uint64_t iova = job->iova, bytes = job->bytes;

	switch (job->kind) {
	case MAP:
		return iomm_pgtable_map(pgtable, iova, job->paddr, bytes,
					job->prot, 0, done);
	case SEGMENTS:
		return map_segments(t, job, done);
	case CURSOR_MAP:
		return iomm_cursor_map(&t->cursor, iova, job->paddr, bytes,
				       job->prot, 0, done);
	case COMMIT:
		return iomm_reservation_commit(t->reservation, iova, job->paddr,
					       bytes, job->prot, 0, done);
	case UNMAP:
		return iomm_pgtable_unmap(pgtable, iova, bytes, &t->gather,
					  done);
	case CURSOR_UNMAP:
		return iomm_cursor_unmap(&t->cursor, iova, bytes, &t->gather,
					 done);
	case EXTENTS:
		return unmap_extents(t, job, done);
	case PROTECT:
		return iomm_pgtable_protect(pgtable, iova, bytes, job->prot,
					    &t->gather, done);
	case SPLIT:
		*done = 0;
		return iomm_pgtable_split(pgtable, iova, bytes, job->paddr);
	default:
		*done = 0;
		return iomm_pgtable_merge(pgtable, iova, bytes, &t->gather);
	}
}

/* What `done` comes to when all is done. */
static uint64_t whole(const struct table *t, const struct job *job)
{
	if (maps(job))
		return job->bytes;
	if (job->kind == SPLIT || job->kind == MERGE)
		return 0;
	return ranges_mapped_bytes(&t->mapped, job->iova,
				   job->iova + (job->bytes - 1));
}

/* The first `bytes` that are mapped from `iova` on have this protection. */
static void
book_protection(struct table *t, uint64_t iova, uint64_t bytes, uint32_t prot)
{
	struct range range;
	uint64_t piece;

	while (bytes) {
		range = t->mapped.range[ranges_from(&t->mapped, iova)];
		if (range.iova > iova)
			iova = range.iova;
		piece = range.last - iova + 1;
		if (piece > bytes)
			piece = bytes;
		(void)ranges_remove(&t->mapped, iova, iova + (piece - 1),
				    piece);
		ranges_add(&t->mapped, iova, piece,
			   range.paddr + (iova - range.iova), prot);
		iova += piece;
		bytes -= piece;
	}
}

/* What the extents say is what was there. */
static void book_extents(struct table *t)
{
	const struct iomm_extent *e = t->extents;
	const struct range *range;

	for (; t->count; t->count--, e++) {
		range = ranges_at(&t->mapped, e->iova);
		assert_non_null(range);
		assert_int_equal(e->paddr,
				 range->paddr + (e->iova - range->iova));
		assert_int_equal(e->prot, range->prot);
		(void)ranges_remove(&t->mapped, e->iova,
				    e->iova + (e->bytes - 1), e->bytes);
	}
}

static void book(struct table *t, const struct job *job, uint64_t done)
{
	if (maps(job) && done)
		ranges_add(&t->mapped, job->iova, done, job->paddr, job->prot);
	else if (job->kind == EXTENTS)
		book_extents(t);
	else if (unmaps(job))
		(void)ranges_remove(&t->mapped, job->iova,
				    job->iova + (job->bytes - 1), done);
	else if (job->kind == PROTECT)
		book_protection(t, job->iova, done, job->prot);
}

/* Does it with a failure; after one, does the rest without. */
static int do_job(struct table *t, enum kind kind, uint64_t iova,
		  uint64_t bytes, uint64_t paddr, uint32_t prot)
{
	struct job job = { kind, iova, bytes, paddr, prot };
	uint64_t all = whole(t, &job), done = ~all;
	int err = FAULTY(t->f, run(t, &job, &done));

	if (all)
		assert_true(err ? done < all : done == all);
	book(t, &job, done);
	compare(t);
	if (!err)
		return 0;
	assert_int_equal(err, t->f->injected);
	if (maps(&job)) {
		job.kind = MAP;
		job.iova += done;
		job.paddr += done;
		job.bytes -= done;
	}
	all = whole(t, &job);
	assert_ok(run(t, &job, &done));
	assert_int_equal(done, all);
	book(t, &job, done);
	compare(t);
	return err;
}

static int flush(struct table *t)
{
	int err = FAULTY(t->f, iomm_gather_flush(&t->gather));

	if (err)
		assert_ok(iomm_gather_flush(&t->gather));
	compare(t);
	return err;
}

static int flush_all(struct table *t)
{
	int err = FAULTY(t->f, iomm_pgtable_flush_all(t->pgtable));

	if (err)
		assert_ok(iomm_pgtable_flush_all(t->pgtable));
	assert_int_equal(info_of(t->pgtable).quarantined, 0);
	return err;
}

static int restore(struct table *t)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	int err = FAULTY(t->f, iomm_pgtable_restore(t->pgtable, &info));

	if (err) {
		assert_int_equal(info.tables, 0);
		assert_ok(iomm_pgtable_restore(t->pgtable, &info));
	}
	assert_int_equal(info.tables, info_of(t->pgtable).tables);
	compare(t);
	return err;
}

static int reserve(struct table *t, uint64_t iova, uint64_t bytes)
{
	int err = FAULTY(t->f, iomm_pgtable_reserve(t->pgtable, iova, bytes,
						    &t->reservation));

	compare(t);
	if (err) {
		assert_null(t->reservation);
		assert_ok(iomm_pgtable_reserve(t->pgtable, iova, bytes,
					       &t->reservation));
	}
	return err;
}

/* There is nothing in a commit that could fail. */
static int commit(struct table *t, uint64_t iova, uint64_t bytes)
{
	uint64_t sites = t->f->sites;
	int err = do_job(t, COMMIT, iova, bytes, t->unit, RWC);

	assert_int_equal(t->f->sites, sites);
	return err;
}

/* Every step is made; the first failure is the result. */
#define STEP(call)               \
	do {                     \
		r = (call);      \
		if (!err)        \
			err = r; \
	} while (0)

static int use(struct table *t)
{
	uint64_t unit = t->unit, block = t->block;
	int err = 0, r;

	STEP(do_job(t, MAP, 4 * block - unit, 2 * block, block - unit, RWC));
	STEP(do_job(t, MAP, 64 * block, block, 0, RWC));
	/* In the middle of a block, then at its ends. */
	STEP(do_job(t, UNMAP, 4 * block + 3 * unit, 2 * unit, 0, 0));
	STEP(do_job(t, UNMAP, 64 * block, unit, 0, 0));
	STEP(do_job(t, UNMAP, 65 * block - unit, unit, 0, 0));
	STEP(flush(t));
	/* Leaves of two sizes, and a hole: more than one flush. */
	STEP(do_job(t, UNMAP, 0, 128 * block, 0, 0));
	iomm_gather_abandon(&t->gather);
	STEP(flush_all(t));
	assert_int_equal(info_of(t->pgtable).tables, 1);
	return err;
}

/* The rest of the operations, on pages, runs and blocks. */
static int use_more(struct table *t)
{
	uint64_t unit = t->unit, block = t->block, run = 128 * unit;
	int err = 0, r;

	STEP(do_job(t, SEGMENTS, 2 * block - run, block + 2 * run,
		    6 * block - run, RWC));
	STEP(do_job(t, PROTECT, 2 * block - run + 3 * unit, block + 4 * unit, 0,
		    RO | IOMM_PROT_CACHE));
	/* Another memory type: everything is broken first. */
	STEP(do_job(t, PROTECT, 2 * block - run, run + 5 * unit, 0, RW));
	STEP(flush(t));
	STEP(do_job(t, SPLIT, 2 * block, block, unit, 0));
	STEP(do_job(t, PROTECT, 0, 4 * block, 0, RWC));
	STEP(do_job(t, MERGE, 0, 4 * block, 0, 0));
	STEP(flush(t));
	STEP(do_job(t, EXTENTS, 2 * block - run / 2 + unit, block, 0, 0));
	STEP(restore(t));
	STEP(reserve(t, 2 * block - run / 2, block + unit));
	STEP(commit(t, 2 * block - run / 2 + unit, block / 2));
	STEP(commit(t, 2 * block - run / 2 + unit + block / 2, block / 2));
	iomm_reservation_put(t->reservation);
	STEP(do_job(t, CURSOR_UNMAP, 2 * block, unit, 0, 0));
	STEP(flush(t));
	STEP(do_job(t, CURSOR_MAP, 2 * block, unit, 0, RWC));
	STEP(do_job(t, CURSOR_MAP, 16 * block, unit, 0, RWC));
	STEP(do_job(t, CURSOR_UNMAP, 16 * block, unit, 0, 0));
	STEP(do_job(t, EXTENTS, 0, 64 * block, 0, 0));
	STEP(flush(t));
	assert_int_equal(info_of(t->pgtable).tables, 1);
	(void)iomm_pgtable_trim(t->pgtable);
	assert_int_equal(t->f->tables, 1);
	return err;
}

#undef STEP

static int pgtable(struct faults *f, uint64_t granule, uint32_t flags,
		   int (*scenario)(struct table *t))
{
	struct table t = { .f = f, .unit = granule };
	int err;

	t.block = granule * (granule / 8);
	assert_ok(world_create(&f->world));
	iomm_gather_init(&t.gather);
	err = FAULTY(f, make_memory(f, &t.memory));
	if (!err)
		err = FAULTY(f, make_table(&t, flags, 0));
	if (!err) {
		assert_ok(iomm_cursor_init(&t.cursor, t.pgtable));
		err = scenario(&t);
		iomm_cursor_fini(&t.cursor);
	}
	iomm_pgtable_put(t.pgtable);
	iomm_table_memory_put(t.memory);
	ranges_clear(&t.mapped);
	return err;
}

static int pgtable_4k(struct faults *f)
{
	return pgtable(f, 4 * KB, 0, use);
}

static int pgtable_16k(struct faults *f)
{
	return pgtable(f, 16 * KB, 0, use);
}

static int pgtable_64k(struct faults *f)
{
	return pgtable(f, 64 * KB, 0, use);
}

static int pgtable_shared(struct faults *f)
{
	return pgtable(f, 4 * KB, IOMM_PGTABLE_SHARED, use);
}

static int operations_4k(struct faults *f)
{
	return pgtable(f, 4 * KB, 0, use_more);
}

static int operations_16k(struct faults *f)
{
	return pgtable(f, 16 * KB, IOMM_PGTABLE_COHERENT, use_more);
}

static int operations_shared(struct faults *f)
{
	return pgtable(f, 4 * KB, IOMM_PGTABLE_SHARED, use_more);
}

static int operations_hitless(struct faults *f)
{
	return pgtable(f, 4 * KB, IOMM_PGTABLE_HITLESS | IOMM_PGTABLE_SHARED,
		       use_more);
}

/* Dirty tracking: what is cleared is told, whatever fails. */

#define AP_READ_ONLY (UINT64_C(1) << 7)

static int write_leaf(void *data, const struct iomm_walk_entry *entry)
{
	uint64_t *table = data, *desc;

	if (entry->kind == IOMM_WALK_TABLE) {
		table[0] = entry->paddr;
		table[1] = entry->iova;
		return 0;
	}
	/* Tables lie where the walker says. */
	desc = (uint64_t *)(uintptr_t)table[0];
	desc[(entry->iova - table[1]) / entry->bytes] &= ~AP_READ_ONLY;
	return 0;
}

static void device_writes(struct table *t, uint64_t iova)
{
	uint64_t table[2] = { 0, 0 };

	assert_ok(iomm_pgtable_walk(t->pgtable, iova, 1, write_leaf, table));
}

static int read_dirty(struct table *t, uint64_t *bitmap)
{
	return iomm_pgtable_read_and_clear_dirty(t->pgtable, 0, 4 * t->block, 0,
						 bitmap, 32, &t->gather);
}

static int use_dirty(struct table *t)
{
	uint64_t unit = t->unit, block = t->block, bitmap[32] = { 0 };
	uint64_t all[3] = { block - unit, block, 2 * block };
	uint32_t i;
	int err, r;

	err = do_job(t, MAP, block - 2 * unit, block + 4 * unit,
		     8 * block - 2 * unit, RWC);
	for (i = 0; i < 3; i++)
		device_writes(t, all[i]);
	r = FAULTY(t->f, read_dirty(t, bitmap));
	if (r)
		assert_ok(read_dirty(t, bitmap));
	assert_int_equal(bitmap[7], UINT64_C(1) << 63);
	for (i = 8; i < 16; i++)
		assert_int_equal(bitmap[i], UINT64_MAX);
	assert_int_equal(bitmap[16], 1);
	compare(t);
	err = err ? err : r;
	r = do_job(t, UNMAP, 0, 4 * block, 0, 0);
	err = err ? err : r;
	r = flush(t);
	return err ? err : r;
}

static int dirty(struct faults *f)
{
	return pgtable(f, 4 * KB, IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_COHERENT,
		       use_dirty);
}

/* Adopting: a root, two levels and a leaf, and the same again beside it. */
static _Alignas(4096) uint64_t foreign[5][512];

static uint64_t table_at(uint32_t n)
{
	return (uintptr_t)foreign[n] | 3;
}

static int adopt(struct faults *f)
{
	struct table t = { .f = f, .unit = 4 * KB, .block = 2 * MB };
	int err, r;

	memset(foreign, 0, sizeof(foreign));
	foreign[0][0] = table_at(1);
	foreign[1][0] = table_at(2);
	foreign[1][1] = table_at(3);
	foreign[2][0] = table_at(4);
	foreign[3][7] = UINT64_C(0x0060000000000f45) | 1 * GB;
	foreign[4][5] = UINT64_C(0x0060000000000f47) | 0x5000;
	f->foreign = foreign;
	f->foreign_bytes = sizeof(foreign);
	assert_ok(world_create(&f->world));
	iomm_gather_init(&t.gather);
	assert_ok(make_memory(f, &t.memory));
	err = FAULTY(f,
		     make_table(&t, IOMM_PGTABLE_ADOPT, (uintptr_t)foreign[0]));
	if (!err) {
		ranges_add(&t.mapped, 0x5000, 0x1000, 0x5000, RWC);
		ranges_add(&t.mapped, 1 * GB + 14 * MB, 2 * MB, 1 * GB, RWC);
		compare(&t);
		err = do_job(&t, MAP, 0x6000, 4 * MB, 0x6000, RWC);
		r = do_job(&t, UNMAP, 1 * GB + 15 * MB, 4 * KB, 0, 0);
		err = err ? err : r;
		r = do_job(&t, UNMAP, 0, 64 * GB, 0, 0);
		err = err ? err : r;
		r = flush(&t);
		err = err ? err : r;
	}
	iomm_pgtable_put(t.pgtable);
	iomm_table_memory_put(t.memory);
	ranges_clear(&t.mapped);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(pgtable_4k),
		FAULT_TEST(pgtable_16k),
		FAULT_TEST(pgtable_64k),
		FAULT_TEST(pgtable_shared),
		FAULT_TEST(operations_4k),
		FAULT_TEST(operations_16k),
		FAULT_TEST(operations_shared),
		FAULT_TEST(operations_hitless),
		FAULT_TEST(dirty),
		FAULT_TEST(adopt),
	};

	return cmocka_run_group_tests_name("faults: tables", tests, NULL, NULL);
}
