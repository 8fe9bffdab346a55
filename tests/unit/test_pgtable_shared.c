/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A shared table, in one thread: everything gives what an exclusive one gives,
 * entry for entry. Threads are tests/stress's.
 */
#include "unit/pgtable_support.h"

#define OPERATIONS 3000
#define WINDOW	   2048u
#define BASE	   (1 * GB - 4 * MB)

/* One of each kind, and the same done to both. */
struct side {
	struct iomm_pgtable *t;
	struct iomm_gather gather;
	struct iomm_cursor cursor;
	struct iomm_reservation *reservation;
};

struct outcome {
	int r;
	uint64_t bytes;
	uint32_t count;
	struct iomm_extent extents[8];
	uint64_t bitmap[WINDOW / 64];
};

/* What is done, drawn once. */
struct deed {
	uint32_t kind;
	uint64_t iova, paddr, bytes;
	uint32_t prot, flags, room;
	uint64_t size;
	struct iomm_segment list[4];
};

static uint64_t random_state;

static uint64_t below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state * 0x2545f4914f6cdd1d >> 16) % n;
}

static void draw(struct deed *deed)
{
	static const uint32_t prots[] = { RO, RW, RWC, RW | IOMM_PROT_MMIO,
					  RWC | IOMM_PROT_PRIV };
	static const uint64_t page_sizes[] = { 4 * KB, 64 * KB, 2 * MB };
	uint64_t pages = 1 + below(below(2) ? 16 : 700), first, i;

	memset(deed, 0, sizeof(*deed));
	deed->kind = (uint32_t)below(14);
	if (below(3) == 0)
		pages = 16u << below(8);
	if (pages > WINDOW)
		pages = WINDOW;
	first = below(WINDOW - pages + 1);
	if (below(2))
		first &= ~(pages - 1);
	deed->iova = BASE + first * 4096;
	deed->bytes = pages * 4096;
	deed->paddr = 8 * GB + deed->iova + (below(4) ? 0 : below(9) * 4096);
	deed->prot = prots[below(5)];
	if (below(4) == 0)
		deed->flags = below(2) ? IOMM_MAP_REPEAT : IOMM_MAP_PAGE(12);
	deed->room = 1 + (uint32_t)below(8);
	deed->size = page_sizes[below(3)];
	for (i = 0; i < 4; i++)
		deed->list[i] =
			(struct iomm_segment){ deed->paddr + i * 32 * MB,
					       (1 + below(40)) * 4096 };
}

static void commit(struct side *s, const struct deed *deed, struct outcome *o)
{
	if (!s->reservation) {
		o->r = iomm_pgtable_reserve(s->t, deed->iova, deed->bytes,
					    &s->reservation);
		return;
	}
	o->r = iomm_reservation_commit(s->reservation, deed->iova, deed->paddr,
				       deed->bytes, deed->prot, deed->flags,
				       &o->bytes);
}

static void perform(struct side *s, const struct deed *d, struct outcome *o)
{
	o->count = d->room;
	switch (d->kind) {
	case 0:
	case 1:
		o->r = iomm_pgtable_map(s->t, d->iova, d->paddr, d->bytes,
					d->prot, d->flags, &o->bytes);
		break;
	case 2:
		o->r = iomm_pgtable_map_segments(s->t, d->iova, d->list, 4,
						 sizeof(d->list[0]), d->prot, 0,
						 &o->bytes);
		break;
	case 3:
		o->r = iomm_cursor_map(&s->cursor, d->iova, d->paddr, d->bytes,
				       d->prot, d->flags, &o->bytes);
		break;
	case 4:
		o->r = iomm_cursor_unmap(&s->cursor, d->iova, d->bytes,
					 &s->gather, &o->bytes);
		break;
	case 5:
		o->r = iomm_pgtable_unmap(s->t, d->iova, d->bytes, &s->gather,
					  &o->bytes);
		break;
	case 6:
		o->r = iomm_pgtable_unmap_extents(s->t, d->iova, d->bytes,
						  &s->gather, o->extents,
						  sizeof(o->extents[0]),
						  &o->count);
		break;
	case 7:
	case 8:
		o->r = iomm_pgtable_protect(s->t, d->iova, d->bytes, d->prot,
					    &s->gather, &o->bytes);
		break;
	case 9:
		o->r = iomm_pgtable_split(s->t, d->iova, d->bytes, d->size);
		break;
	case 10:
		o->r = iomm_pgtable_merge(s->t, d->iova, d->bytes, &s->gather);
		break;
	case 11:
		o->r = iomm_pgtable_read_and_clear_dirty(s->t, d->iova,
							 d->bytes, 0, o->bitmap,
							 WINDOW / 64,
							 &s->gather);
		break;
	case 12:
		commit(s, d, o);
		break;
	default:
		iomm_reservation_put(s->reservation);
		s->reservation = NULL;
		(void)iomm_pgtable_trim(s->t);
	}
}

static void read_both(struct side *s, const struct deed *d, struct outcome *o)
{
	o->count = d->room;
	o->r = iomm_pgtable_extents(s->t, d->iova + 5, d->bytes, o->extents,
				    sizeof(o->extents[0]), &o->count);
}

/* The hardware writes to some pages of both. */
static void write_some(struct rig *rig, struct side *s, uint64_t iova)
{
	struct iomm_translation at = { .size = sizeof(at) };
	uint32_t i;

	for (i = 0; i < 2; i++)
		if (!iomm_pgtable_translate(s[i].t, iova, &at) &&
		    (at.prot & IOMM_PROT_WRITE))
			*rig_leaf(rig, s[i].t, iova) &= ~UINT64_C(0x80);
}

static void compare(struct side *s)
{
	struct iomm_pgtable_info a = info_of(s[0].t), b = info_of(s[1].t);
	uint64_t iova = BASE;
	uint32_t i;

	assert_int_equal(a.tables, b.tables);
	assert_int_equal(iomm_gather_pending(&s[0].gather),
			 iomm_gather_pending(&s[1].gather));
	for (i = 0; i < WINDOW; i++, iova += 4096)
		assert_int_equal(raw_leaf(s[0].t, iova),
				 raw_leaf(s[1].t, iova));
}

static void one_deed(struct rig *rig, struct side *s)
{
	struct outcome o[2];
	struct deed deed;
	uint32_t i;

	draw(&deed);
	memset(o, 0, sizeof(o));
	for (i = 0; i < 2; i++)
		perform(&s[i], &deed, &o[i]);
	assert_memory_equal(&o[0], &o[1], sizeof(o[0]));
	memset(o, 0, sizeof(o));
	for (i = 0; i < 2; i++)
		read_both(&s[i], &deed, &o[i]);
	assert_memory_equal(&o[0], &o[1], sizeof(o[0]));
	write_some(rig, s, BASE + below(WINDOW) * 4096);
	if (below(3) == 0)
		for (i = 0; i < 2; i++)
			assert_ok(iomm_gather_flush(&s[i].gather));
}

static void alike(struct rig *rig, uint32_t flags)
{
	struct side s[2];
	uint64_t left;
	uint32_t i;

	random_state = 0x5eed + flags;
	memset(s, 0, sizeof(s));
	for (i = 0; i < 2; i++) {
		s[i].t = rig_table(rig, 4 * KB, 39,
				   i ? flags | IOMM_PGTABLE_SHARED : flags);
		iomm_gather_init(&s[i].gather);
		assert_ok(iomm_cursor_init(&s[i].cursor, s[i].t));
	}
	assert_true(info_of(s[1].t).flags & IOMM_PGTABLE_SHARED);
	for (i = 0; i < OPERATIONS; i++) {
		one_deed(rig, s);
		if (i % 16 == 0)
			compare(s);
	}
	compare(s);
	for (i = 0; i < 2; i++) {
		iomm_reservation_put(s[i].reservation);
		iomm_cursor_fini(&s[i].cursor);
		left = mapped_bytes(s[i].t);
		assert_ok(iomm_gather_flush(&s[i].gather));
		unmap_ok(s[i].t, 0, 512 * GB, left);
		assert_int_equal(info_of(s[i].t).tables, 1);
		(void)iomm_pgtable_trim(s[i].t);
		iomm_pgtable_put(s[i].t);
	}
	assert_int_equal(rig->tables, 0);
}

static void test_alike(void **state)
{
	alike(*state, 0);
}

static void test_alike_coherent(void **state)
{
	alike(*state, IOMM_PGTABLE_COHERENT);
}

static void test_alike_hitless(void **state)
{
	alike(*state, IOMM_PGTABLE_HITLESS);
}

static void test_alike_dirty(void **state)
{
	alike(*state, IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_DIRTY);
}

/* Readers within readers, more than any number of places for them: none
 * waits, and all answer. */
struct nest {
	struct iomm_pgtable *t;
	uint32_t depth, deepest, seen;
};

static int nested(void *data, const struct iomm_walk_entry *entry)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct nest *nest = data;
	int r = iomm_pgtable_translate(nest->t, 0x5000, &at);

	if (r || at.paddr != 0x9000 || entry->kind == IOMM_WALK_TABLE)
		return r;
	if (++nest->depth > nest->deepest)
		nest->deepest = nest->depth;
	if (nest->depth < 40)
		r = iomm_pgtable_walk(nest->t, 0x5000, 1, nested, nest);
	else
		(void)iomm_pgtable_trim(nest->t);
	nest->seen++;
	nest->depth--;
	return r;
}

/* Who trims while he reads does not wait for himself, and reads on. */
static void test_readers(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39,
			  IOMM_PGTABLE_SHARED | IOMM_PGTABLE_COHERENT);
	struct nest nest = { .t = t };

	map_ok(t, 0x5000, 0x9000, 4096, RW);
	map_ok(t, 6 * GB, 0, 3 * 4096, RW);
	map_ok(t, 4 * GB, 0x9000, 4096, RW);
	unmap_ok(t, 4 * GB, 4096, 4096);
	assert_int_equal(info_of(t).spare, 2);
	assert_ok(iomm_pgtable_walk(t, 0, 512 * GB, nested, &nest));
	assert_int_equal(nest.deepest, 40);
	assert_int_equal(nest.seen, 4 * 40);
	(void)iomm_pgtable_trim(t);
	assert_int_equal(rig->tables, 5);
	iomm_pgtable_put(t);
}

/* A visitor that ends the walk leaves nothing behind that trim waits for. */
static int stop(void *data, const struct iomm_walk_entry *entry)
{
	(void)data;
	(void)entry;
	return 42;
}

static void test_reader_stops(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39,
			  IOMM_PGTABLE_SHARED | IOMM_PGTABLE_COHERENT);
	struct iomm_translation at = { .size = sizeof(at) };
	uint32_t i;

	map_ok(t, 0x5000, 0x9000, 4096, RW);
	for (i = 0; i < 100; i++) {
		assert_int_equal(iomm_pgtable_walk(t, 0, 8 * GB, stop, NULL),
				 42);
		assert_int_equal(iomm_pgtable_translate(t, 0, &at),
				 -IOMM_ENOENT);
		assert_ok(iomm_pgtable_translate(t, 0x5000, &at));
	}
	unmap_ok(t, 0x5000, 4096, 4096);
	assert_int_equal(iomm_pgtable_trim(t), 8192);
	iomm_pgtable_put(t);
}

/* While a leaf is broken its readers go on answering: from inside the hook
 * that flushes it, which runs under the writer's lock. */
static struct iomm_pgtable *hooked;
static uint32_t answers;

static void read_in_hook(struct rig *rig, uint64_t iova, uint64_t last)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_extent extent;
	uint32_t count = 1;

	(void)rig;
	(void)last;
	assert_ok(iomm_pgtable_translate(hooked, iova, &at));
	assert_int_equal(at.paddr, 8 * GB + iova);
	assert_ok(iomm_pgtable_extents(hooked, iova, 4096, &extent,
				       sizeof(extent), &count));
	assert_int_equal(count, 1);
	assert_extent(&extent, iova, 4096, 8 * GB + iova, RWC);
	assert_ok(iomm_pgtable_info(hooked, &info));
	answers++;
}

static void test_read_while_broken(void **state)
{
	static const uint64_t bytes[] = { 64 * KB, 2 * MB, 32 * MB };
	struct rig *rig = *state;
	uint32_t i;

	answers = 0;
	for (i = 0; i < 3; i++) {
		hooked = rig_table(rig, 4 * KB, 39,
				   IOMM_PGTABLE_SHARED | IOMM_PGTABLE_COHERENT);
		map_ok(hooked, 1 * GB, 9 * GB, bytes[i], RWC);
		rig->on_flush = read_in_hook;
		assert_ok(iomm_pgtable_split(hooked, 1 * GB, 4 * KB, 4 * KB));
		rig->on_flush = NULL;
		iomm_pgtable_put(hooked);
	}
	assert_true(answers >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_alike),
		RIG_TEST(test_alike_coherent),
		RIG_TEST(test_alike_hitless),
		RIG_TEST(test_alike_dirty),
		RIG_TEST(test_readers),
		RIG_TEST(test_reader_stops),
		RIG_TEST(test_read_while_broken),
	};

	return cmocka_run_group_tests_name("pgtable, shared", tests, NULL,
					   NULL);
}
