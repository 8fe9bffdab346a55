/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Races over one shared page table. In each, the first thread does nothing but
 * look: translations, walks and extents must be right at every moment. What the
 * others map and unmap they count; in the end what is mapped must be what was
 * mapped less what was unmapped, to the byte.
 *
 * Hardware is played by a thread that walks the raw tables, and that a TLB hook
 * waits for. It remembers the leaf table that it came by until it is told to
 * forget that: memory of a table that is used for something else too early is
 * seen by the sanitizers, or leads it astray.
 */
#include <iomm/iomm.h>

#include "stress/races.h"

#include <sched.h>

#define PAGE	     UINT64_C(4096)
#define BLOCK	     (512 * PAGE)
#define SPAN	     (2 * BLOCK) /* what is fought for */
/* Half of it below one table above the last level, half below another: those,
 * too, go and come back in each other's place. */
#define GIB	     (UINT64_C(1) << 30)
#define BASE	     (2 * GIB - BLOCK)
#define STEADY	     PAGE /* stays, in tables that stay */
/* Where nobody but the thread maps: far from all else, or next to the others, in
 * tables that come and go with whoever needs them. */
#define OWN(thread)  ((4 + (thread)) * GIB)
#define NEAR(thread) (3 * GIB + (thread)*PAGE)
/* Where a thread maps a page says who did. */
#define OUT(thread)  ((uint64_t)((thread) + 1) << 34)
#define PAGES	     (SPAN / PAGE)

struct scene {
	struct world world;
	struct iomm_pgtable *table;
	uint32_t flags; /* of the table */
	_Atomic uint32_t working;
	_Atomic uint64_t mapped, unmapped; /* bytes, of all threads */
	/* Hardware: how many walks are under way, and whether it is to wait. */
	_Atomic uint32_t walks, gate;
	_Atomic uint64_t known;	   /* a leaf table that it remembers, or 0 */
	_Atomic uint64_t known_at; /* the block that this is for */
	_Atomic uint64_t written[PAGES / 64], reported[PAGES / 64];
};

/* Hardware */

static bool walk_begins(struct scene *s)
{
	atomic_fetch_add_explicit(&s->walks, 1, memory_order_acq_rel);
	if (!atomic_load_explicit(&s->gate, memory_order_acquire))
		return true;
	atomic_fetch_sub_explicit(&s->walks, 1, memory_order_release);
	return false;
}

static void walk_ends(struct scene *s)
{
	atomic_fetch_sub_explicit(&s->walks, 1, memory_order_release);
}

/* No walk from before is under way any more, and none begins. */
static void stop_walks(struct scene *s)
{
	atomic_fetch_add_explicit(&s->gate, 1, memory_order_acq_rel);
	while (atomic_fetch_add_explicit(&s->walks, 0, memory_order_acq_rel))
		(void)sched_yield();
}

static void let_walk(struct scene *s)
{
	atomic_fetch_sub_explicit(&s->gate, 1, memory_order_acq_rel);
}

static void forget(struct scene *s)
{
	atomic_store_explicit(&s->known, 0, memory_order_relaxed);
}

static int flush_all(void *data)
{
	stop_walks(data);
	forget(data);
	let_walk(data);
	return 0;
}

/* Told addresses one by one, a walker forgets what leads to one of them. */
static bool
tells_of(uint64_t iova, uint64_t last, uint64_t step, uint64_t block)
{
	if (iova < block)
		iova += (block - iova + step - 1) / step * step;
	return iova <= last && iova < block + BLOCK;
}

static int flush(void *data, uint64_t iova, uint64_t last, uint64_t page_size,
		 uint32_t flags)
{
	struct scene *s = data;

	stop_walks(s);
	if ((flags & IOMM_TLB_TABLES) &&
	    tells_of(iova, last, page_size,
		     atomic_load_explicit(&s->known_at, memory_order_relaxed)))
		forget(s);
	let_walk(s);
	return 0;
}

static const struct iomm_tlb_ops tlb = {
	.size = sizeof(tlb),
	.flush = flush,
	.flush_all = flush_all,
};

#define ADDRESS(desc) ((desc)&UINT64_C(0xfffffffff000))

/* The descriptor that maps an address, in the default memory, where the address
 * of a table is its pointer; or NULL. The walk begins at a table of that level,
 * and ends at the same. */
static uint64_t *
find_leaf(uint64_t *table, uint32_t *level, uint64_t iova, uint64_t *desc)
{
	uint64_t *at;

	for (;; ++*level) {
		uint32_t shift = 12 + 9 * (3 - *level);

		at = (uint64_t *)(uintptr_t)*table + (iova >> shift & 511);
		*desc = __atomic_load_n(at, __ATOMIC_ACQUIRE);
		if (!(*desc & 1))
			return NULL;
		if (*level == 3 || !(*desc & 2))
			return at;
		*table = ADDRESS(*desc);
	}
}

static bool right(uint64_t iova, uint64_t paddr)
{
	return (paddr & (OUT(0) - 1)) == (iova & (OUT(0) - 1)) &&
	       paddr >> 34 <= RACE_MOST;
}

/* The same by way of the table that the device remembers, if that is on it. What
 * it finds there is the address's, if not the latest. */
static uint64_t *
find_by_device(struct scene *s, uint64_t root, uint64_t iova, uint64_t *desc)
{
	uint64_t table = root, *at, block = iova & ~(BLOCK - 1);
	uint64_t known = atomic_load_explicit(&s->known, memory_order_relaxed);
	uint32_t level = 1;

	if (known &&
	    block == atomic_load_explicit(&s->known_at, memory_order_relaxed)) {
		table = known;
		level = 3;
	}
	at = find_leaf(&table, &level, iova, desc);
	if (level == 3) {
		atomic_store_explicit(&s->known, table, memory_order_relaxed);
		atomic_store_explicit(&s->known_at, block,
				      memory_order_relaxed);
		race_require(!at || right(iova, ADDRESS(*desc)), *desc);
	}
	return at;
}

#define DBM	  (UINT64_C(1) << 51)
#define READ_ONLY (UINT64_C(1) << 7)

/* The device reads, and notes writes if the table tracks them. */
static void use_device(struct scene *s, uint64_t root, struct random *random)
{
	uint64_t page = random_below(random, PAGES), desc = 0, *at;

	if (!walk_begins(s))
		return;
	at = find_by_device(s, root, BASE + page * PAGE, &desc);
	if (at && (desc & DBM)) {
		/* What is not there any more is not written to. */
		if (!(desc & READ_ONLY) ||
		    __atomic_compare_exchange_n(at, &desc, desc & ~READ_ONLY,
						false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			atomic_fetch_or_explicit(&s->written[page / 64],
						 UINT64_C(1) << page % 64,
						 memory_order_relaxed);
	}
	walk_ends(s);
}

/* Looking */

static int see(void *data, const struct iomm_walk_entry *entry)
{
	bool *steady = data;

	if (entry->kind == IOMM_WALK_TABLE)
		return 0;
	race_require(right(entry->iova, entry->paddr), entry->iova);
	if (entry->iova <= STEADY && STEADY - entry->iova < entry->bytes)
		*steady = true;
	return 0;
}

static void look(struct scene *s, struct random *random)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_extent extents[8];
	uint32_t count = 8, n;
	uint64_t iova = BASE + random_below(random, SPAN);
	bool steady = false, all = random_percent(random, 10);

	if (!iomm_pgtable_translate(s->table, iova, &at))
		race_require(right(iova, at.paddr), at.paddr);
	RACE_RESULT(iomm_pgtable_translate(s->table, STEADY, &at), 0);
	race_require(right(STEADY, at.paddr), at.paddr);
	RACE_RESULT(iomm_pgtable_extents(s->table, iova,
					 all ? SPAN : BLOCK / 16, extents,
					 sizeof(extents[0]), &count),
		    0);
	for (n = 0; n < count; n++)
		race_require(right(extents[n].iova, extents[n].paddr),
			     extents[n].iova);
	if (all) {
		RACE_RESULT(iomm_pgtable_walk(s->table, 0, BASE + SPAN, see,
					      &steady),
			    0);
		race_require(steady, 0);
	}
}

static bool others_work(struct scene *s)
{
	return atomic_load_explicit(&s->working, memory_order_acquire);
}

/* The first thread looks, the second is the hardware. */
static bool watches(struct scene *s, uint32_t thread, struct random *random)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	if (thread > 1)
		return false;
	RACE_RESULT(iomm_pgtable_info(s->table, &info), 0);
	while (others_work(s)) {
		if (thread)
			use_device(s, info.root_pa, random);
		else
			look(s, random);
		/* It would see the same again for as long as no worker runs. */
		(void)sched_yield();
		race_dally(random);
	}
	return true;
}

static void rests(struct scene *s)
{
	atomic_fetch_sub_explicit(&s->working, 1, memory_order_release);
}

/* Working */

static void add(_Atomic uint64_t *sum, uint64_t bytes)
{
	atomic_fetch_add_explicit(sum, bytes, memory_order_relaxed);
}

static void map(struct scene *s, uint32_t thread, uint64_t iova, uint64_t bytes)
{
	uint64_t done = 0;

	RACE_RESULT(iomm_pgtable_map(s->table, iova, OUT(thread) + iova, bytes,
				     RW, 0, &done),
		    0, -IOMM_EEXIST);
	add(&s->mapped, done);
}

static void unmap(struct scene *s, struct iomm_gather *gather, uint64_t iova,
		  uint64_t bytes)
{
	uint64_t done = 0;

	RACE_RESULT(iomm_pgtable_unmap(s->table, iova, bytes, gather, &done),
		    0);
	add(&s->unmapped, done);
}

/* A range of pages, often all of one table or more. */
static uint64_t some(struct random *random, uint64_t *bytes)
{
	uint64_t page = random_below(random, PAGES), count;

	switch (random_below(random, 8)) {
	case 0:
		*bytes = BLOCK;
		return BASE + random_below(random, SPAN / BLOCK) * BLOCK;
	case 1:
		*bytes = SPAN;
		return BASE;
	case 2:
		*bytes = PAGE;
		return BASE + page * PAGE;
	default:
		count = 1 + random_below(random, 40);
		*bytes = (count < PAGES - page ? count : PAGES - page) * PAGE;
		return BASE + page * PAGE;
	}
}

static void map_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint64_t iova, bytes;
	uint32_t n;

	if (watches(s, thread, random))
		return;
	for (n = 0; n < 4; n++) {
		iova = some(random, &bytes);
		map(s, thread, iova, bytes);
	}
	rests(s);
}

/* What a thread has to itself is there from its map to its unmap, and neither
 * before nor after; the tables that it takes for that were others', and go back
 * to them. */
static void come_and_go(struct scene *s, uint32_t thread, struct random *random,
			struct iomm_gather *gather)
{
	struct iomm_translation at = { .size = sizeof(at) };
	uint64_t iova = OWN(thread);

	RACE_RESULT(iomm_pgtable_translate(s->table, iova, &at), -IOMM_ENOENT);
	map(s, thread, iova, PAGE);
	RACE_RESULT(iomm_pgtable_translate(s->table, iova, &at), 0);
	race_require(at.paddr == OUT(thread) + iova, at.paddr);
	/* Its tables one after the other, or as a whole. */
	unmap(s, gather, iova, random_percent(random, 50) ? PAGE : GIB);
	RACE_RESULT(iomm_pgtable_translate(s->table, iova, &at), -IOMM_ENOENT);
}

/* Maps, and unmaps also what others mapped. */
static void unmap_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_gather gather;
	uint64_t iova, bytes;
	uint32_t n;

	if (watches(s, thread, random))
		return;
	iomm_gather_init(&gather);
	for (n = 0; n < 4; n++) {
		iova = some(random, &bytes);
		if (random_percent(random, 50))
			map(s, thread, iova, bytes);
		else
			unmap(s, &gather, iova, bytes);
		if (random_percent(random, 20))
			come_and_go(s, thread, random, &gather);
		if (random_percent(random, 30))
			RACE_RESULT(iomm_gather_flush(&gather), 0);
	}
	RACE_RESULT(iomm_gather_flush(&gather), 0);
	rests(s);
}

static void device_finds(struct scene *s, uint64_t iova)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	uint32_t level = 1;
	uint64_t desc;

	RACE_RESULT(iomm_pgtable_info(s->table, &info), 0);
	race_require(find_leaf(&info.root_pa, &level, iova, &desc), iova);
}

/* Whoever has made the table: the device finds what was mapped there. */
static void near_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_gather gather;
	uint32_t n;

	if (watches(s, thread, random))
		return;
	iomm_gather_init(&gather);
	for (n = 0; n < 8; n++) {
		map(s, thread, NEAR(thread), PAGE);
		device_finds(s, NEAR(thread));
		unmap(s, &gather, NEAR(thread), PAGE);
		if (random_percent(random, 50))
			RACE_RESULT(iomm_gather_flush(&gather), 0);
	}
	RACE_RESULT(iomm_gather_flush(&gather), 0);
	rests(s);
}

/* Shapes change, what is mapped does not; a few pages come and go. */
static void split_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_gather gather;
	uint64_t iova, bytes;
	uint32_t n;

	if (watches(s, thread, random))
		return;
	iomm_gather_init(&gather);
	for (n = 0; n < 4; n++) {
		iova = some(random, &bytes);
		switch (random_below(random, 5)) {
		case 0:
			RACE_RESULT(iomm_pgtable_split(s->table, iova, bytes,
						       16 * PAGE),
				    0);
			break;
		case 1:
			RACE_RESULT(iomm_pgtable_merge(s->table, BASE,
						       SPAN + BLOCK, &gather),
				    0);
			break;
		case 2:
			RACE_RESULT(iomm_pgtable_protect(
					    s->table, iova, bytes,
					    n & 1 ? RW : RW | IOMM_PROT_CACHE,
					    &gather, NULL),
				    0);
			break;
		case 3:
			unmap(s, &gather, iova, PAGE);
			break;
		default:
			map(s, thread, iova, PAGE);
		}
	}
	RACE_RESULT(iomm_gather_flush(&gather), 0);
	rests(s);
}

/* A page at a time, many in a row in one table: its lock is kept, and taken over,
 * by who has a cursor of his own as well. Now and then all of it goes. */
static void keep_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_gather gather;
	struct iomm_cursor cursor;
	uint64_t iova, block, done;
	uint32_t turn, n;

	if (watches(s, thread, random))
		return;
	iomm_gather_init(&gather);
	RACE_RESULT(iomm_cursor_init(&cursor, s->table), 0);
	for (turn = 0; turn < 2; turn++) {
		block = BASE + random_below(random, SPAN / BLOCK) * BLOCK;
		for (n = 0; n < 24; n++) {
			iova = block + random_below(random, 16) * PAGE;
			done = 0;
			if (random_percent(random, 10)) {
				RACE_RESULT(iomm_cursor_map(&cursor, iova,
							    OUT(thread) + iova,
							    PAGE, RW, 0, &done),
					    0, -IOMM_EEXIST);
				add(&s->mapped, done);
			} else if (random_percent(random, 50)) {
				map(s, thread, iova, PAGE);
			} else {
				unmap(s, &gather, iova, PAGE);
			}
		}
		if (random_percent(random, 20))
			unmap(s, &gather, BASE, SPAN);
		if (random_percent(random, 20))
			come_and_go(s, thread, random, &gather);
		if (random_percent(random, 30))
			RACE_RESULT(iomm_gather_flush(&gather), 0);
	}
	iomm_cursor_fini(&cursor);
	RACE_RESULT(iomm_gather_flush(&gather), 0);
	rests(s);
}

static void trim_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n;

	if (thread == 2) {
		for (n = 0; n < 10; n++) {
			(void)iomm_pgtable_trim(s->table);
			race_dally(random);
		}
		rests(s);
		return;
	}
	unmap_body(shared, thread, random);
}

/* What the device writes to is told to somebody. */
static void dirty_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint64_t bits[PAGES / 64] = { 0 };
	struct iomm_gather gather;
	uint32_t n;

	if (watches(s, thread, random))
		return;
	iomm_gather_init(&gather);
	for (n = 0; n < 4; n++) {
		if (random_percent(random, 30))
			RACE_RESULT(iomm_pgtable_split(s->table, BASE, SPAN,
						       PAGE),
				    0);
		if (random_percent(random, 30))
			RACE_RESULT(iomm_pgtable_merge(s->table, BASE, SPAN,
						       &gather),
				    0);
		RACE_RESULT(iomm_pgtable_read_and_clear_dirty(s->table, BASE,
							      SPAN, 0, bits,
							      PAGES / 64,
							      &gather),
			    0);
	}
	RACE_RESULT(iomm_gather_flush(&gather), 0);
	for (n = 0; n < PAGES / 64; n++)
		atomic_fetch_or_explicit(&s->reported[n], bits[n],
					 memory_order_relaxed);
	rests(s);
}

/* Beginning and end */

static void make(struct scene *s, uint32_t workers, uint32_t flags)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = IOMM_PGTABLE_SHARED | IOMM_PGTABLE_COHERENT | flags,
		.granule = PAGE,
		.ias = 39,
	};

	race_context(&s->world);
	atomic_store_explicit(&s->working, workers, memory_order_relaxed);
	assert_ok(iomm_pgtable_create(s->world.ctx, "arm64-s1", &config, &tlb,
				      s, NULL, &s->table));
	map(s, 0, STEADY, PAGE);
}

static void begin_two(void *shared)
{
	make(shared, 2, 0);
}

static void begin_many(void *shared)
{
	make(shared, RACE_MOST - 2, 0);
}

static void begin_mapped(void *shared)
{
	make(shared, 2, 0);
	map(shared, 0, BASE, SPAN);
}

static void begin_hitless(void *shared)
{
	make(shared, 2, IOMM_PGTABLE_HITLESS);
	map(shared, 0, BASE, SPAN);
}

static void begin_dirty(void *shared)
{
	make(shared, 2, IOMM_PGTABLE_DIRTY);
	map(shared, 0, BASE, SPAN);
}

static int count_bytes(void *data, const struct iomm_walk_entry *entry)
{
	if (entry->kind != IOMM_WALK_TABLE)
		*(uint64_t *)data += entry->bytes;
	return 0;
}

static void end(void *shared)
{
	struct scene *s = shared;
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_gather gather;
	uint64_t bytes = 0;

	assert_ok(iomm_pgtable_walk(s->table, 0, UINT64_C(1) << 39, count_bytes,
				    &bytes));
	assert_int_equal(bytes, s->mapped - s->unmapped);
	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_unmap(s->table, 0, UINT64_C(1) << 39, &gather,
				     &bytes));
	assert_int_equal(bytes, s->mapped - s->unmapped);
	assert_ok(iomm_gather_flush(&gather));
	assert_ok(iomm_pgtable_info(s->table, &info));
	assert_int_equal(info.tables, 1);
	iomm_pgtable_put(s->table);
	world_end(&s->world);
}

static void end_dirty(void *shared)
{
	struct scene *s = shared;
	uint64_t bits[PAGES / 64] = { 0 };
	uint32_t n;

	assert_ok(iomm_pgtable_read_and_clear_dirty(s->table, BASE, SPAN,
						    IOMM_DIRTY_KEEP, bits,
						    PAGES / 64, NULL));
	for (n = 0; n < PAGES / 64; n++)
		assert_int_equal(s->written[n] & ~(s->reported[n] | bits[n]),
				 0);
	end(shared);
}

#define RACE(name, threads, begin, body, end)                          \
	{                                                              \
		name, threads, sizeof(struct scene), begin, body, end, \
	}

int main(void)
{
	static const struct race races[] = {
		RACE("map against map", 4, begin_two, map_body, end),
		RACE("map against unmap", 4, begin_two, unmap_body, end),
		RACE("eight threads", RACE_MOST, begin_many, unmap_body, end),
		RACE("neighbours", 4, begin_two, near_body, end),
		RACE("locks that are kept", 4, begin_two, keep_body, end),
		RACE("split against translate", 4, begin_mapped, split_body,
		     end),
		RACE("the same, hitless", 4, begin_hitless, split_body, end),
		RACE("trim against all", 4, begin_two, trim_body, end),
		RACE("dirty against all", 4, begin_dirty, dirty_body,
		     end_dirty),
	};
	const struct CMUnitTest tests[] = {
		RACE_TEST(races[0]), RACE_TEST(races[1]), RACE_TEST(races[2]),
		RACE_TEST(races[3]), RACE_TEST(races[4]), RACE_TEST(races[5]),
		RACE_TEST(races[6]), RACE_TEST(races[7]), RACE_TEST(races[8]),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
