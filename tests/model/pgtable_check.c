/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What must hold of a page table at any time. */
#include "model/pgtable.h"

#include <inttypes.h>

#include "pgtable/raw_walk.h"

#define DEPTH 8u

/* A walk over everything, and the tables that it is inside of. */
struct visit {
	const struct subject *subject;
	uint64_t next; /* the first address that was not shown yet */
	uint64_t bytes, tables, runs;
	struct {
		uint64_t last;
		uint32_t children;
	} open[DEPTH];
	uint32_t depth;
};

/* The library's walk */

static void leave_tables(struct visit *visit, uint64_t iova, bool all)
{
	while (visit->depth &&
	       (all || visit->open[visit->depth - 1].last < iova)) {
		visit->depth--;
		model_require(visit->open[visit->depth].children,
			      "the table that ends at 0x%" PRIx64 " is empty",
			      visit->open[visit->depth].last);
	}
}

/* A leaf, or a part of a run, leads where the model says. */
static void check_leaf(const struct subject *s, uint64_t iova, uint64_t bytes,
		       uint64_t paddr, uint32_t prot)
{
	const struct range *range = ranges_at(&s->mapped, iova);
	uint64_t last = iova + (bytes - 1), at = iova;

	for (;; range++) {
		model_require(range &&
				      range < s->mapped.range +
						      s->mapped.count &&
				      range->iova <= at,
			      "the table has a leaf at 0x%" PRIx64
			      " of 0x%" PRIx64 " bytes, the model has not",
			      iova, bytes);
		model_require(paddr - iova == range->paddr - range->iova,
			      "0x%" PRIx64 " leads to 0x%" PRIx64
			      ", and should to 0x%" PRIx64,
			      at, paddr + (at - iova),
			      range->paddr + (at - range->iova));
		model_require(prot == range->prot,
			      "0x%" PRIx64
			      " has protection 0x%x, and should have 0x%x",
			      at, prot, range->prot);
		if (range->last >= last)
			return;
		at = range->last + 1;
	}
}

static int visit_entry(void *data, const struct iomm_walk_entry *entry)
{
	struct visit *visit = data;
	const struct subject *s = visit->subject;
	uint64_t last = entry->iova + (entry->bytes - 1);

	leave_tables(visit, entry->iova, false);
	model_require(entry->iova - s->info.first_iova >= visit->next,
		      "the walk shows 0x%" PRIx64 " twice, or out of order",
		      (uint64_t)entry->iova);
	if (visit->depth) {
		model_require(last <= visit->open[visit->depth - 1].last,
			      "0x%" PRIx64 " is not inside its table",
			      (uint64_t)entry->iova);
		visit->open[visit->depth - 1].children++;
	}
	if (entry->kind == IOMM_WALK_TABLE) {
		model_require(visit->depth < DEPTH, "tables without end");
		visit->open[visit->depth].last = last;
		visit->open[visit->depth++].children = 0;
		visit->tables++;
		return 0;
	}
	check_leaf(s, entry->iova, entry->bytes, entry->paddr, entry->prot);
	visit->next = last - s->info.first_iova + 1;
	visit->bytes += entry->bytes;
	visit->runs += entry->kind == IOMM_WALK_RUN;
	return 0;
}

/* The hardware's */

static void tour_leaf(void *data, const struct walked *leaf)
{
	struct visit *visit = data;
	const struct subject *s = visit->subject;
	uint64_t dirty;

	check_leaf(s, leaf->iova, leaf->run, leaf->paddr, leaf->prot);
	model_require(s->info.page_sizes & leaf->run,
		      "a leaf of 0x%" PRIx64 " bytes at 0x%" PRIx64, leaf->run,
		      leaf->iova);
	visit->bytes += leaf->run;
	if (leaf->run != leaf->leaf)
		visit->runs += leaf->run / leaf->leaf;
	model_require((leaf->dirty || leaf->clean) ==
			      (tracks(s) && (leaf->prot & IOMM_PROT_WRITE)),
		      "0x%" PRIx64 " is not tracked, or without need",
		      leaf->iova);
	if (!tracks(s))
		return;
	dirty = ranges_mapped_bytes(&s->dirty, leaf->iova,
				    leaf->iova + (leaf->run - 1));
	model_require(dirty == (leaf->dirty ? leaf->run : 0),
		      "0x%" PRIx64 " is %s, and 0x%" PRIx64
		      " bytes of it should be dirty",
		      leaf->iova, leaf->dirty ? "dirty" : "clean", dirty);
}

static void tour_table(void *data, const struct hop *table, uint32_t valid)
{
	struct visit *visit = data;

	model_require(valid || !visit->tables,
		      "the table at 0x%" PRIx64 " for 0x%" PRIx64 " is empty",
		      table->pa, table->iova);
	hardware_check_reuse(visit->subject, table);
	visit->tables++;
}

static void tour_complain(void *data, uint64_t iova, const char *what)
{
	(void)data;
	model_fail("0x%" PRIx64 ": %s", iova, what);
}

struct walked leaf_at(const struct subject *s, uint64_t iova)
{
	struct walked leaf;

	walker_walk(&s->hw.walker, NULL, iova, &leaf);
	return leaf;
}

/* Books */

struct iomm_pgtable_info subject_info(const struct subject *s)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	model_require(!iomm_pgtable_info(s->pgtable, &info), "no info");
	return info;
}

/* Tables that the library says it has. */
static uint64_t known_tables(const struct subject *s)
{
	struct iomm_pgtable_info info = subject_info(s);
	uint64_t known = info.tables - info.foreign;
	uint32_t n;

	known += info.quarantined + info.spare;
	for (n = 0; n < s->nr_former; n++) {
		info.size = sizeof(info);
		model_require(!iomm_pgtable_info(s->former[n], &info),
			      "no info");
		known += info.tables - info.foreign;
		known += info.quarantined + info.spare;
	}
	return known;
}

/* No table is lost, and none is kept that is not needed. */
static void check_books(const struct subject *s, uint64_t tables)
{
	struct iomm_pgtable_info info = subject_info(s);
	uint64_t known = known_tables(s), used = s->hw.tables;
	bool others = false;
	uint32_t n;

	for (n = 0; n < GATHERS; n++)
		others = others || iomm_gather_pending(&s->gather[n]);
	for (n = 0; n < RESERVATIONS; n++)
		others = others || s->reserved[n].handle;
	model_require(info.tables == tables,
		      "%" PRIu64 " tables, and hardware sees %" PRIu64,
		      (uint64_t)info.tables, tables);
	/* What is in quarantine may be foreign, and is known to its owner. */
	model_require(used + (s->nr_former ? info.quarantined : 0) >= known &&
			      (used <= known || others),
		      "%" PRIu64 " tables are out, %" PRIu64 " are known", used,
		      known);
	model_require(!s->world.nr_misuses, "misuse: %s", s->world.misuse);
}

/* Extents */

void check_extents(const struct subject *s, uint64_t iova, uint64_t last,
		   const struct iomm_extent *extents, uint32_t count, bool all)
{
	struct range range;
	uint32_t n;

	for (n = 0; n < count; n++) {
		model_require(ranges_stretch(&s->mapped, iova, last, &range) &&
				      extents[n].iova == range.iova &&
				      extents[n].paddr == range.paddr &&
				      extents[n].prot == range.prot &&
				      !extents[n].reserved,
			      "an extent at 0x%" PRIx64 " to 0x%" PRIx64
			      ", and should at 0x%" PRIx64 " to 0x%" PRIx64,
			      (uint64_t)extents[n].iova,
			      (uint64_t)extents[n].paddr, range.iova,
			      range.paddr);
		iova = extents[n].iova + extents[n].bytes;
		model_require(iova - 1 == range.last ||
				      (iova - 1 < range.last && !all &&
				       n + 1 == count),
			      "the extent at 0x%" PRIx64 " has 0x%" PRIx64
			      " bytes, and should end at 0x%" PRIx64,
			      (uint64_t)extents[n].iova,
			      (uint64_t)extents[n].bytes, range.last);
		if (iova - 1 == last)
			return;
	}
	model_require(!all || !ranges_stretch(&s->mapped, iova, last, &range),
		      "extents end before 0x%" PRIx64, range.iova);
}

void subject_extents(const struct subject *s)
{
	struct iomm_extent extents[MOST_EXTENTS];
	uint64_t iova = s->info.first_iova, last = s->info.last_iova;
	uint32_t count = MOST_EXTENTS, n;
	int r;

	while (count == MOST_EXTENTS) {
		r = iomm_pgtable_extents(s->pgtable, iova, last - iova + 1,
					 extents, sizeof(*extents), &count);
		model_require(!r, "extents: %d", r);
		n = count;
		check_extents(s, iova, last, extents, n, n < MOST_EXTENTS);
		if (!n)
			return;
		iova = extents[n - 1].iova + extents[n - 1].bytes;
		if (iova - 1 == last)
			return;
	}
}

/* Hardware finds all that the model has, and nothing else. */
static struct visit see(const struct subject *s)
{
	struct visit visit = { .subject = s };
	const struct tour tour = { &visit, tour_leaf, tour_table,
				   tour_complain };
	uint64_t bytes = ranges_mapped_bytes(&s->mapped, s->info.first_iova,
					     s->info.last_iova);

	walker_tour(&s->hw.walker, &tour);
	model_require(visit.bytes == bytes,
		      "hardware sees 0x%" PRIx64
		      " bytes, and should 0x%" PRIx64,
		      visit.bytes, bytes);
	return visit;
}

void subject_see(const struct subject *s)
{
	(void)see(s);
}

void subject_check(void *data)
{
	struct subject *s = data;
	struct visit ours = { .subject = s }, theirs = see(s);

	model_require(!iomm_pgtable_walk(s->pgtable, 0, UINT64_MAX, visit_entry,
					 &ours),
		      "the walk fails");
	leave_tables(&ours, 0, true);
	model_require(ours.bytes == theirs.bytes,
		      "0x%" PRIx64
		      " bytes are mapped, and should be 0x%" PRIx64,
		      ours.bytes, theirs.bytes);
	model_require(ours.tables + 1 == theirs.tables &&
			      ours.runs == theirs.runs,
		      "%" PRIu64 " tables and %" PRIu64
		      " entries of runs, hardware sees %" PRIu64
		      " and %" PRIu64,
		      ours.tables + 1, ours.runs, theirs.tables, theirs.runs);
	subject_extents(s);
	check_books(s, theirs.tables);
}

/* One address */

/* The library's own walk from registers finds what the model's does. */
static void
look_raw(const struct subject *s, uint64_t iova, const struct walked *hard)
{
	struct iomm_raw_walker raw = { .fetch = hardware_fetch,
				       .data = (void *)(uintptr_t)&s->hw };
	struct iomm_raw_result seen;

	memcpy(raw.regs, s->info.regs, sizeof(raw.regs));
	model_require(!iomm_raw_walk(s->format, &raw, iova, &seen),
		      "the format cannot be walked");
	if (hard->fault)
		model_require(seen.fault == IOMM_RAW_TRANSLATION,
			      "the walker answers %u at 0x%" PRIx64
			      ", where nothing is mapped",
			      seen.fault, iova);
	else
		model_require(!seen.fault && seen.paddr == hard->paddr &&
				      seen.prot == hard->prot &&
				      seen.page_size == hard->leaf,
			      "the walker answers %u, 0x%" PRIx64
			      " (0x%x, 0x%" PRIx64 ") at 0x%" PRIx64
			      ", and should 0x%" PRIx64 " (0x%x, 0x%" PRIx64
			      ")",
			      seen.fault, seen.paddr, seen.prot, seen.page_size,
			      iova, hard->paddr, hard->prot, hard->leaf);
}

int subject_look(struct subject *s, uint64_t iova)
{
	const struct range *range = ranges_at(&s->mapped, iova);
	struct iomm_translation at = { .size = sizeof(at) };
	int r = iomm_pgtable_translate(s->pgtable, iova, &at);
	struct walked hard = leaf_at(s, iova);

	/* FWB is not in the registers. */
	if (!(s->config.flags & IOMM_PGTABLE_S2FWB))
		look_raw(s, iova, &hard);
	if (!range) {
		model_require(r == -IOMM_ENOENT && hard.fault,
			      "0x%" PRIx64 ": %d, but nothing is mapped", iova,
			      r);
		return r;
	}
	model_require(!r && at.paddr == range->paddr + (iova - range->iova) &&
			      at.prot == range->prot,
		      "0x%" PRIx64 ": %d, 0x%" PRIx64 " 0x%x, should be "
		      "0x%" PRIx64 " 0x%x",
		      iova, r, (uint64_t)at.paddr, at.prot,
		      range->paddr + (iova - range->iova), range->prot);
	model_require(!hard.fault && at.paddr == hard.paddr &&
			      at.prot == hard.prot && at.page_size == hard.run,
		      "hardware finds 0x%" PRIx64 " (%s, 0x%x, 0x%" PRIx64
		      ") at 0x%" PRIx64 ", and should 0x%" PRIx64
		      " (0x%x, 0x%" PRIx64 ")",
		      hard.paddr, hard.fault ? hard.fault : "mapped", hard.prot,
		      hard.run, iova, (uint64_t)at.paddr, at.prot,
		      (uint64_t)at.page_size);
	return 0;
}
