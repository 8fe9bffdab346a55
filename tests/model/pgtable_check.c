/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What must hold of a page table at any time. */
#include "model/pgtable.h"

#include <inttypes.h>

#include "pgtable/raw_walk.h"

#define DEPTH 8u

/* A walk over everything, and the tables that it is inside of. */
struct tour {
	const struct subject *subject;
	uint64_t next; /* the first address that was not shown yet */
	uint64_t bytes, tables;
	struct {
		uint64_t last;
		uint32_t children;
	} open[DEPTH];
	uint32_t depth;
};

static void leave_tables(struct tour *tour, uint64_t iova, bool all)
{
	while (tour->depth &&
	       (all || tour->open[tour->depth - 1].last < iova)) {
		tour->depth--;
		model_require(tour->open[tour->depth].children,
			      "the table that ends at 0x%" PRIx64 " is empty",
			      tour->open[tour->depth].last);
	}
}

static void
check_leaf(const struct subject *s, const struct iomm_walk_entry *leaf)
{
	const struct range *range = ranges_at(&s->mapped, leaf->iova);
	uint64_t last = leaf->iova + (leaf->bytes - 1);

	model_require(range && last <= range->last,
		      "the table has a leaf at 0x%" PRIx64 " of 0x%" PRIx64
		      " bytes, the model has not",
		      (uint64_t)leaf->iova, (uint64_t)leaf->bytes);
	model_require(leaf->paddr == range->paddr + (leaf->iova - range->iova),
		      "0x%" PRIx64 " leads to 0x%" PRIx64
		      ", and should to 0x%" PRIx64,
		      (uint64_t)leaf->iova, (uint64_t)leaf->paddr,
		      range->paddr + (leaf->iova - range->iova));
	model_require(leaf->prot == range->prot,
		      "0x%" PRIx64 " has protection 0x%x, and should have 0x%x",
		      (uint64_t)leaf->iova, leaf->prot, range->prot);
	model_require(s->info.page_sizes & leaf->bytes &&
			      !((leaf->iova | leaf->paddr) & (leaf->bytes - 1)),
		      "a leaf of 0x%" PRIx64 " bytes at 0x%" PRIx64,
		      (uint64_t)leaf->bytes, (uint64_t)leaf->iova);
}

static int visit(void *data, const struct iomm_walk_entry *entry)
{
	struct tour *tour = data;
	uint64_t last = entry->iova + (entry->bytes - 1);

	leave_tables(tour, entry->iova, false);
	model_require(entry->iova >= tour->next,
		      "the walk shows 0x%" PRIx64 " twice, or out of order",
		      (uint64_t)entry->iova);
	if (tour->depth) {
		model_require(last <= tour->open[tour->depth - 1].last,
			      "0x%" PRIx64 " is not inside its table",
			      (uint64_t)entry->iova);
		tour->open[tour->depth - 1].children++;
	}
	if (entry->kind == IOMM_WALK_TABLE) {
		model_require(tour->depth < DEPTH, "tables without end");
		tour->open[tour->depth].last = last;
		tour->open[tour->depth++].children = 0;
		tour->tables++;
		return 0;
	}
	check_leaf(tour->subject, entry);
	tour->next = last + 1;
	tour->bytes += entry->bytes;
	return 0;
}

struct iomm_pgtable_info subject_info(const struct subject *s)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	model_require(!iomm_pgtable_info(s->pgtable, &info), "no info");
	return info;
}

/* No table is lost, and none is kept that is not needed. */
static void check_books(const struct subject *s, uint64_t below_root)
{
	struct iomm_pgtable_info info = subject_info(s);
	uint64_t known = info.tables + info.quarantined;
	uint64_t used = walker_tables(&s->walker);

	model_require(info.tables == below_root + 1,
		      "%" PRIu64 " tables, and the walk shows %" PRIu64,
		      (uint64_t)info.tables, below_root + 1);
	model_require(used >= known && (used == known ||
					iomm_gather_pending(&s->gather)),
		      "%" PRIu64 " tables are out, %" PRIu64 " are known", used,
		      known);
	model_require(!s->world.nr_misuses, "misuse: %s", s->world.misuse);
}

void subject_check(void *data)
{
	struct subject *s = data;
	struct tour tour = { .subject = s };
	uint64_t bytes = ranges_mapped_bytes(&s->mapped, 0, s->info.last_iova);

	model_require(!iomm_pgtable_walk(s->pgtable, 0, UINT64_MAX, visit,
					 &tour),
		      "the walk fails");
	leave_tables(&tour, 0, true);
	model_require(tour.bytes == bytes,
		      "0x%" PRIx64
		      " bytes are mapped, and should be 0x%" PRIx64,
		      tour.bytes, bytes);
	check_books(s, tour.tables);
}

/* One address */

static void
look_raw(struct subject *s, uint64_t iova, const struct iomm_translation *at)
{
	struct iomm_raw_walker raw = { .fetch = walker_fetch,
				       .data = &s->walker };
	struct iomm_raw_result seen;

	memcpy(raw.regs, s->info.regs, sizeof(raw.regs));
	model_require(!iomm_raw_walk(s->format, &raw, iova, &seen),
		      "the format cannot be walked");
	if (!at) {
		model_require(seen.fault == IOMM_RAW_TRANSLATION,
			      "the walker answers %u at 0x%" PRIx64
			      ", where nothing is mapped",
			      seen.fault, iova);
		return;
	}
	model_require(!seen.fault && seen.paddr == at->paddr &&
			      seen.prot == at->prot &&
			      seen.page_size == at->page_size,
		      "the walker answers %u, 0x%" PRIx64 " at 0x%" PRIx64
		      ", and should 0x%" PRIx64,
		      seen.fault, seen.paddr, iova, (uint64_t)at->paddr);
}

static int cache(void *data, const struct iomm_walk_entry *entry)
{
	walker_cache(data, entry);
	return 0;
}

int subject_look(struct subject *s, uint64_t iova)
{
	const struct range *range = ranges_at(&s->mapped, iova);
	struct iomm_translation at = { .size = sizeof(at) };
	int r = iomm_pgtable_translate(s->pgtable, iova, &at);

	if (!range) {
		model_require(r == -IOMM_ENOENT,
			      "0x%" PRIx64 ": %d, but nothing is mapped", iova,
			      r);
		look_raw(s, iova, NULL);
		return r;
	}
	model_require(!r && at.paddr == range->paddr + (iova - range->iova) &&
			      at.prot == range->prot,
		      "0x%" PRIx64 ": %d, 0x%" PRIx64 " 0x%x, should be "
		      "0x%" PRIx64 " 0x%x",
		      iova, r, (uint64_t)at.paddr, at.prot,
		      range->paddr + (iova - range->iova), range->prot);
	look_raw(s, iova, &at);
	return iomm_pgtable_walk(s->pgtable, iova, 1, cache, &s->walker);
}
