/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every operation, at random, on a table beside an array with an element a
 * page. Memory
 * and invalidation fail now and then. Where walkers do not snoop, what they
 * would see is compared too. IOMM_SEED=n in the environment chooses a run.
 */
#include "unit/pgtable_support.h"

#include <time.h>

#define OPERATIONS 1500
#define HOLE	   UINT64_MAX

struct page {
	uint64_t paddr; /* or HOLE */
	uint32_t prot;
	bool stale; /* unmapped, and a walker may still use it */
};

struct model {
	struct rig *rig;
	struct iomm_pgtable *pgtable;
	struct iomm_gather gather;
	struct iomm_cursor cursor;
	struct iomm_reservation *reservation;
	uint64_t reserved, reserved_end; /* addresses */
	uint64_t granule, block, base, count;
	struct page *pages;
	uint64_t random;
	bool coherent;
};

static uint64_t random64(struct model *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random * 0x2545f4914f6cdd1d;
}

static uint64_t below(struct model *m, uint64_t n)
{
	return (random64(m) >> 8) % n;
}

static bool one_in(struct model *m, uint64_t n)
{
	return !below(m, n);
}

/* The n-th page, counted in the window, is at this address. */
static uint64_t iova_of(const struct model *m, uint64_t n)
{
	return m->base + n * m->granule;
}

static void pick_range(struct model *m, uint64_t *first, uint64_t *count)
{
	uint64_t per_block = m->block / m->granule;

	*count = one_in(m, 3) ? per_block * (1 + below(m, 3))
			      : 1 + below(m, UINT64_C(1) << below(m, 12));
	if (*count > m->count)
		*count = m->count;
	*first = below(m, m->count - *count + 1);
	if (one_in(m, 2))
		*first &= ~(per_block - 1);
}

/* An allocation to come, or a flush to come, may fail. */
static void arm(struct model *m)
{
	struct rig *rig = m->rig;

	rig->fail_at = one_in(m, 4) ? rig->sites + 1 + below(m, 4) : 0;
	rig->tlb_fail_in = one_in(m, 6) ? (uint32_t)(1 + below(m, 3)) : 0;
	rig->tlb_error = -IOMM_ETIMEDOUT;
}

static void disarm(struct model *m)
{
	m->rig->fail_at = 0;
	m->rig->tlb_fail_in = 0;
}

static void check_synced(const struct model *m)
{
	if (!m->coherent)
		rig_assert_synced(m->rig);
}

static void forget_stale(struct rig *rig, uint64_t iova, uint64_t last)
{
	struct model *m = rig->user;
	uint64_t n;

	/* What is flushed must be gone from the tables that walkers see. */
	check_synced(m);
	for (n = 0; n < m->count; n++)
		if (iova_of(m, n) >= iova && iova_of(m, n) <= last)
			m->pages[n].stale = false;
}

static void check_page(struct model *m, uint64_t n)
{
	struct iomm_translation at = { .size = sizeof(at) };
	uint64_t offset = below(m, m->granule);
	uint64_t iova = iova_of(m, n) + offset;
	int r = iomm_pgtable_translate(m->pgtable, iova, &at);

	if (m->pages[n].paddr == HOLE) {
		assert_int_equal(r, -IOMM_ENOENT);
	} else {
		assert_ok(r);
		assert_int_equal(at.paddr, m->pages[n].paddr + offset);
		assert_int_equal(at.prot, m->pages[n].prot);
		assert_true(at.page_size >= m->granule);
	}
	assert_walks_alike(m->rig, m->pgtable, iova);
}

/* The edges of a range, from both sides, and some of the middle. */
static void check_range(struct model *m, uint64_t first, uint64_t count)
{
	uint64_t n;

	check_page(m, first);
	check_page(m, first + count - 1);
	if (first)
		check_page(m, first - 1);
	if (first + count < m->count)
		check_page(m, first + count);
	for (n = 0; n < 8; n++)
		check_page(m, first + below(m, count));
	check_synced(m);
}

static uint32_t pick_prot(struct model *m)
{
	static const uint32_t prots[] = { RW,
					  RWC,
					  RO,
					  RWC | IOMM_PROT_EXEC,
					  RW | IOMM_PROT_MMIO,
					  RO | IOMM_PROT_PRIV };

	return prots[below(m, 6)];
}

/* Maps in one of the ways that there are; what is tried is in `*plan`. */
struct plan {
	uint64_t iova, paddr, bytes;
	uint32_t prot;
	bool repeats; /* one page all over */
	bool commits;
};

static int map_list(struct model *m, const struct plan *plan, uint64_t *mapped)
{
	uint64_t first = m->granule * (1 + below(m, plan->bytes / m->granule));
	const struct iomm_segment list[] = {
		{ plan->paddr, first },
		{ plan->paddr + first, plan->bytes - first },
	};

	return iomm_pgtable_map_segments(m->pgtable, plan->iova, list,
					 first == plan->bytes ? 1 : 2,
					 sizeof(list[0]), plan->prot, 0,
					 mapped);
}

static int map_somehow(struct model *m, struct plan *plan, uint64_t *mapped)
{
	uint64_t sites = m->rig->sites;
	int r;

	switch (below(m, 5)) {
	case 0:
		return map_list(m, plan, mapped);
	case 1:
		return iomm_cursor_map(&m->cursor, plan->iova, plan->paddr,
				       plan->bytes, plan->prot, 0, mapped);
	case 2:
		plan->repeats = true;
		return iomm_pgtable_map(m->pgtable, plan->iova, plan->paddr,
					plan->bytes, plan->prot,
					IOMM_MAP_REPEAT, mapped);
	case 3:
		plan->commits = m->reservation && plan->iova >= m->reserved &&
				plan->iova + plan->bytes <= m->reserved_end;
		if (!plan->commits)
			break;
		r = iomm_reservation_commit(m->reservation, plan->iova,
					    plan->paddr, plan->bytes,
					    plan->prot, 0, mapped);
		assert_int_equal(m->rig->sites, sites);
		return r;
	default:
		break;
	}
	return iomm_pgtable_map(m->pgtable, plan->iova, plan->paddr,
				plan->bytes, plan->prot, 0, mapped);
}

/* It ran out of memory, or of what was reserved, on the way; or a new table could
 * not be linked. */
static bool broke_off(const struct plan *plan, int r)
{
	return r == (plan->commits ? -IOMM_ENOSPC : -IOMM_ENOMEM) ||
	       r == -IOMM_ETIMEDOUT;
}

static void do_map(struct model *m, uint64_t first, uint64_t count)
{
	struct plan plan = { .iova = iova_of(m, first),
			     .paddr =
				     below(m, 64) * 64 * GB + iova_of(m, first),
			     .bytes = count * m->granule,
			     .prot = pick_prot(m) };
	uint64_t free = 0, mapped = 5, n;
	int r;

	if (one_in(m, 3))
		plan.paddr += m->granule * below(m, 1000);
	while (free < count && m->pages[first + free].paddr == HOLE)
		free++;
	r = map_somehow(m, &plan, &mapped);
	if (broke_off(&plan, r)) {
		assert_true(mapped < plan.bytes && mapped <= free * m->granule);
	} else {
		assert_int_equal(mapped, free * m->granule);
		assert_int_equal(r, free == count ? 0 : -IOMM_EEXIST);
	}
	for (n = 0; n < mapped / m->granule; n++) {
		m->pages[first + n].paddr =
			plan.paddr + (plan.repeats ? 0 : n * m->granule);
		m->pages[first + n].prot = plan.prot;
	}
}

/* Puts a new protection on pages in order, as many as the call says. */
static void do_protect(struct model *m, uint64_t first, uint64_t count)
{
	struct page *page = &m->pages[first];
	uint32_t prot = pick_prot(m);
	uint64_t changed = 5, present = 0, left, n;
	int r = iomm_pgtable_protect(m->pgtable, iova_of(m, first),
				     count * m->granule, prot, &m->gather,
				     &changed);

	for (n = 0; n < count; n++)
		present += page[n].paddr != HOLE;
	if (r)
		assert_true(changed < present * m->granule);
	else
		assert_int_equal(changed, present * m->granule);
	left = changed / m->granule;
	for (n = 0; left; n++) {
		if (page[n].paddr == HOLE)
			continue;
		page[n].prot = prot;
		left--;
	}
}

/* Neither of them changes what is mapped. */
static void do_resize(struct model *m, uint64_t first, uint64_t count)
{
	uint64_t size = one_in(m, 2) ? m->granule : m->block;
	uint64_t iova = iova_of(m, first), bytes = count * m->granule;
	int r = one_in(m, 2)
			? iomm_pgtable_merge(m->pgtable, iova, bytes,
					     &m->gather)
			: iomm_pgtable_split(m->pgtable, iova, bytes, size);

	assert_true(!r || r == -IOMM_ENOMEM || r == -IOMM_ETIMEDOUT);
}

/* A reservation comes, or goes; a trim. */
static void do_keep(struct model *m, uint64_t first, uint64_t count)
{
	int r;

	(void)iomm_pgtable_trim(m->pgtable);
	if (m->reservation) {
		iomm_reservation_put(m->reservation);
		m->reservation = NULL;
		return;
	}
	r = iomm_pgtable_reserve(m->pgtable, iova_of(m, first),
				 count * m->granule, &m->reservation);
	assert_true(!r || r == -IOMM_ENOMEM);
	assert_true(!r == !!m->reservation);
	m->reserved = iova_of(m, first);
	m->reserved_end = iova_of(m, first + count);
}

/* The extents of a range, which are as long as they can be, against the
 * array. Answers how many pages they cover. */
static uint64_t check_extents(const struct model *m, uint64_t first,
			      const struct iomm_extent *e, uint32_t count)
{
	uint64_t at = first, pages = 0, n;

	for (; count; count--, e++) {
		n = (e->iova - m->base) / m->granule;
		for (; at < n; at++)
			assert_int_equal(m->pages[at].paddr, HOLE);
		for (; at < n + e->bytes / m->granule; at++, pages++) {
			assert_int_equal(m->pages[at].paddr,
					 e->paddr + (at - n) * m->granule);
			assert_int_equal(m->pages[at].prot, e->prot);
		}
		assert_true(count == 1 || e[1].iova > e->iova + e->bytes ||
			    e[1].prot != e->prot ||
			    e[1].paddr != e->paddr + e->bytes);
	}
	return pages;
}

static void do_read(struct model *m, uint64_t first, uint64_t count)
{
	struct iomm_extent e[20];
	uint32_t found = (uint32_t)(1 + below(m, 20)), room = found;
	uint64_t pages, present = 0, n;

	assert_ok(iomm_pgtable_extents(m->pgtable, iova_of(m, first),
				       count * m->granule, e, sizeof(e[0]),
				       &found));
	pages = check_extents(m, first, e, found);
	for (n = 0; n < count; n++)
		present += m->pages[first + n].paddr != HOLE;
	assert_true(found == room ? pages <= present : pages == present);
}

/* What is going to be unmapped may be flushed on the way. */
static uint64_t
expect_stale(struct model *m, uint64_t first, uint64_t count, bool *was_stale)
{
	struct page *page = &m->pages[first];
	uint64_t present = 0, n;

	for (n = 0; n < count; n++) {
		was_stale[n] = page[n].stale;
		present += page[n].paddr != HOLE;
		page[n].stale |= page[n].paddr != HOLE;
	}
	return present;
}

/* What is mapped still is as stale as it was. */
static void correct_stale(struct model *m, uint64_t first, uint64_t count,
			  const bool *was_stale)
{
	struct page *page = &m->pages[first];
	uint64_t n;

	for (n = 0; n < count; n++)
		if (page[n].paddr != HOLE)
			page[n].stale &= was_stale[n];
}

static void do_take(struct model *m, uint64_t first, uint64_t count)
{
	bool *was_stale = calloc(count, sizeof(*was_stale));
	uint64_t present = expect_stale(m, first, count, was_stale), pages, n;
	uint32_t found = (uint32_t)(1 + below(m, 20)), i;
	struct iomm_extent e[20];
	int r = iomm_pgtable_unmap_extents(m->pgtable, iova_of(m, first),
					   count * m->granule, &m->gather, e,
					   sizeof(e[0]), &found);

	pages = check_extents(m, first, e, found);
	assert_true(r ? pages < present : pages == present);
	for (i = 0; i < found; i++) {
		n = (e[i].iova - m->base) / m->granule;
		for (pages = e[i].bytes / m->granule; pages; pages--)
			m->pages[n++].paddr = HOLE;
	}
	correct_stale(m, first, count, was_stale);
	free(was_stale);
}

static void do_unmap(struct model *m, uint64_t first, uint64_t count)
{
	bool *was_stale = calloc(count, sizeof(*was_stale));
	uint64_t present = expect_stale(m, first, count, was_stale);
	uint64_t iova = iova_of(m, first), bytes = count * m->granule;
	uint64_t unmapped = 5, left, n;
	int r;

	r = one_in(m, 3) ? iomm_cursor_unmap(&m->cursor, iova, bytes,
					     &m->gather, &unmapped)
			 : iomm_pgtable_unmap(m->pgtable, iova, bytes,
					      &m->gather, &unmapped);
	if (!r)
		assert_int_equal(unmapped, present * m->granule);
	else
		assert_true(unmapped < present * m->granule);
	left = unmapped / m->granule;
	for (n = first; left; n++) {
		left -= m->pages[n].paddr != HOLE;
		m->pages[n].paddr = HOLE;
	}
	correct_stale(m, first, count, was_stale);
	free(was_stale);
}

static void assert_nothing_stale(const struct model *m)
{
	uint64_t n;

	for (n = 0; n < m->count; n++)
		assert_false(m->pages[n].stale);
}

static void do_flush(struct model *m)
{
	int r = iomm_gather_flush(&m->gather);

	if (r && one_in(m, 2)) {
		iomm_gather_abandon(&m->gather);
		r = iomm_pgtable_flush_all(m->pgtable);
		disarm(m);
		if (r)
			assert_ok(iomm_pgtable_flush_all(m->pgtable));
		r = 0;
	}
	disarm(m);
	if (r)
		assert_ok(iomm_gather_flush(&m->gather));
	assert_nothing_stale(m);
	/* Every table is in use, spare, or in the reservation. */
	if (!m->reservation)
		rig_assert_balanced(m->rig, m->pgtable);
}

struct census {
	struct model *m;
	uint64_t tables, pages, table_end;
};

static int count_entry(void *data, const struct iomm_walk_entry *entry)
{
	struct census *census = data;
	struct model *m = census->m;
	uint64_t n, first = (entry->iova - m->base) / m->granule;

	if (entry->kind == IOMM_WALK_TABLE) {
		census->tables++;
		return 0;
	}
	for (n = 0; n < entry->bytes / m->granule; n++)
		assert_int_equal(m->pages[first + n].paddr,
				 entry->paddr + n * m->granule);
	census->pages += n;
	return 0;
}

/* All of it, leaf by leaf. */
static void check_all(struct model *m)
{
	struct census census = { .m = m, .tables = 1 };
	uint64_t n, present = 0;

	assert_ok(iomm_pgtable_walk(m->pgtable, 0, UINT64_MAX, count_entry,
				    &census));
	for (n = 0; n < m->count; n++)
		present += m->pages[n].paddr != HOLE;
	assert_int_equal(census.pages, present);
	assert_int_equal(census.tables, info_of(m->pgtable).tables);
}

static void step(struct model *m)
{
	uint64_t first, count;

	static void (*const operations[])(struct model * m, uint64_t first,
					  uint64_t count) = {
		do_map,	  do_map,     do_map,	 do_map,  do_unmap, do_unmap,
		do_unmap, do_protect, do_resize, do_keep, do_read,  do_take,
	};

	pick_range(m, &first, &count);
	arm(m);
	operations[below(m, 12)](m, first, count);
	disarm(m);
	check_range(m, first, count);
	if (one_in(m, 4)) {
		arm(m);
		do_flush(m);
	}
	if (one_in(m, 100))
		check_all(m);
}

static void run(struct rig *rig, uint64_t granule, uint64_t block,
		uint64_t count, uint32_t flags, uint64_t seed)
{
	struct model m = { .rig = rig,
			   .granule = granule,
			   .block = block,
			   .count = count,
			   .random = seed * 2 + 1,
			   .coherent = flags & IOMM_PGTABLE_COHERENT };
	uint64_t n;

	m.pgtable = rig_table(rig, granule, 0, flags);
	m.pages = calloc(count, sizeof(*m.pages));
	/* Across a boundary of all levels but the first. */
	m.base = 512 * GB - count / 2 * granule;
	for (n = 0; n < count; n++)
		m.pages[n].paddr = HOLE;
	iomm_gather_init(&m.gather);
	assert_ok(iomm_cursor_init(&m.cursor, m.pgtable));
	rig->user = &m;
	rig->on_flush = forget_stale;
	for (n = 0; n < OPERATIONS; n++)
		step(&m);
	check_all(&m);
	iomm_reservation_put(m.reservation);
	m.reservation = NULL;
	iomm_cursor_fini(&m.cursor);
	unmap_ok(m.pgtable, m.base, count * granule, mapped_bytes(m.pgtable));
	for (n = 0; n < count; n++)
		m.pages[n].paddr = HOLE;
	do_flush(&m);
	check_all(&m);
	rig_assert_only_root(rig, m.pgtable);
	rig->on_flush = NULL;
	iomm_pgtable_put(m.pgtable);
	free(m.pages);
}

static uint64_t seed;

static void test_4k(void **state)
{
	run(*state, 4 * KB, 2 * MB, 64 * 512, 0, seed);
}

static void test_16k(void **state)
{
	run(*state, 16 * KB, 32 * MB, 8 * 2048, 0, seed + 1);
}

static void test_64k(void **state)
{
	run(*state, 64 * KB, 512 * MB, 4 * 8192, 0, seed + 2);
}

static void test_coherent(void **state)
{
	run(*state, 4 * KB, 2 * MB, 16 * 512, IOMM_PGTABLE_COHERENT, seed + 3);
}

static void test_shared(void **state)
{
	run(*state, 4 * KB, 2 * MB, 16 * 512, IOMM_PGTABLE_SHARED, seed + 4);
}

static void test_hitless(void **state)
{
	run(*state, 4 * KB, 2 * MB, 64 * 512,
	    IOMM_PGTABLE_SHARED | IOMM_PGTABLE_HITLESS, seed + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_4k),     RIG_TEST(test_16k),
		RIG_TEST(test_64k),    RIG_TEST(test_coherent),
		RIG_TEST(test_shared), RIG_TEST(test_hitless),
	};
	const char *wish = getenv("IOMM_SEED");

	/* The same each time, and each time another where there is time to look
	 * for what nobody has seen. */
	seed = wish		? strtoull(wish, NULL, 0)
	       : getenv("LONG") ? (uint64_t)time(NULL)
				: 1;
	print_message("IOMM_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests_name("pgtable, random", tests, NULL,
					   NULL);
}
