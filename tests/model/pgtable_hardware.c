/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hardware that a page table of a model serves: what it has cached of
 * leaves and tables, the TLB hooks that make it forget, and the devices, which
 * access memory between operations, and inside of them whenever a hook is
 * called.
 */
#include "model/pgtable.h"

#include <inttypes.h>

static struct subject *subject_of(struct hardware *hw)
{
	return (struct subject *)((char *)hw - offsetof(struct subject, hw));
}

bool hardware_fails(struct hardware *hw, uint32_t *fail_in)
{
	if (!*fail_in || --*fail_in)
		return false;
	hw->failed = true;
	return true;
}

/* Caches */

/* Does invalidating from `iova` on, in steps, hit it? */
static bool steps_hit(uint64_t iova, uint64_t last, uint64_t step,
		      uint64_t first, uint64_t bytes)
{
	uint64_t end = first + (bytes - 1), at = iova;

	if (!overlap(iova, last, first, bytes))
		return false;
	if (first > iova)
		at += (first - iova + step - 1) / step * step;
	return at >= iova && at <= end && at <= last;
}

/* The leaf that pages of this size are made of: a run's size is not one that
 * hardware knows of as a level. */
static uint64_t level_size(const struct hardware *hw, uint64_t size)
{
	uint32_t bits = hw->walker.granule - 3;
	uint64_t leaf = UINT64_C(1) << hw->walker.granule;

	while (size >> bits >= leaf)
		leaf <<= bits;
	return leaf;
}

/* As invalidation by address does it with the level given: entries of another
 * level may stay. Unless tables are to go, which is for all levels. */
static void forget(struct hardware *hw, uint64_t iova, uint64_t last,
		   uint64_t step, bool tables)
{
	struct cached_leaf *leaf;
	struct cached_table *table;

	for (leaf = hw->leaf; leaf < hw->leaf + HARDWARE_CACHE; leaf++) {
		if (leaf->valid &&
		    (tables || leaf->leaf == level_size(hw, step)) &&
		    steps_hit(iova, last, step, leaf->iova, leaf->bytes))
			leaf->valid = false;
	}
	for (table = hw->table; table < hw->table + HARDWARE_CACHE; table++) {
		if (table->valid && tables &&
		    steps_hit(iova, last, step, table->hop.iova,
			      table->hop.bytes))
			table->valid = false;
	}
}

static int hook_flush(void *data, uint64_t iova, uint64_t last,
		      uint64_t page_size, uint32_t flags)
{
	struct hardware *hw = data;

	model_require(page_size && !(page_size & (page_size - 1)) &&
			      !(iova & (page_size - 1)) && last > iova &&
			      !(flags & ~IOMM_TLB_TABLES),
		      "flush of [0x%" PRIx64 ", 0x%" PRIx64 "] by 0x%" PRIx64,
		      iova, last, page_size);
	hardware_turn(hw, iova, last);
	if (hardware_fails(hw, &hw->flush_fail_in)) {
		hw->flush_failed = true;
		return -IOMM_ETIMEDOUT;
	}
	if (!hw->forgets_nothing)
		forget(hw, iova, last, page_size, flags & IOMM_TLB_TABLES);
	hardware_turn(hw, iova, last);
	return 0;
}

static int hook_flush_all(void *data)
{
	struct hardware *hw = data;

	if (hardware_fails(hw, &hw->flush_fail_in))
		return -IOMM_ETIMEDOUT;
	memset(hw->leaf, 0, sizeof(hw->leaf));
	memset(hw->table, 0, sizeof(hw->table));
	return 0;
}

const struct iomm_tlb_ops hardware_tlb = {
	.size = sizeof(hardware_tlb),
	.flush = hook_flush,
	.flush_all = hook_flush_all,
};

/* Are these two leaves what a TLB must never hold at once? Sizes may differ
 * where the hardware was said to stand it. */
static void
check_conflict(const struct subject *s, const struct cached_leaf *old,
	       const struct cached_leaf *new)
{
	bool same_place = old->paddr - old->iova == new->paddr - new->iova;
	bool same_size = old->leaf == new->leaf && old->run == new->run;

	if (!old->valid || old->owed ||
	    !overlap(old->iova, old->iova + (old->bytes - 1), new->iova,
		     new->bytes))
		return;
	model_require(same_place && (same_size ||
				     s->config.flags & IOMM_PGTABLE_HITLESS),
		      "the TLB has a leaf of 0x%" PRIx64 " (0x%" PRIx64
		      ") at 0x%" PRIx64 ", and now one of 0x%" PRIx64
		      " (0x%" PRIx64 "): no break before make",
		      old->leaf, old->run, new->iova, new->leaf, new->run);
	model_require(!((old->prot ^ new->prot) &
			(IOMM_PROT_CACHE | IOMM_PROT_MMIO)),
		      "the memory type at 0x%" PRIx64
		      " changes without break before make",
		      new->iova);
}

static void
cache_leaf(struct subject *s, const struct walked *leaf, uint32_t owed)
{
	struct cached_leaf new = {
		.valid = true,
		.dirty = leaf->dirty,
		.prot = leaf->prot,
		.iova = leaf->iova,
		.bytes = leaf->leaf,
		.paddr = leaf->paddr & ~(leaf->leaf - 1),
		.leaf = leaf->leaf,
		.run = leaf->run,
	};
	uint64_t slot = random_below(&s->hw.random, HARDWARE_CACHE);
	uint32_t n;

	/* Found in a table that is out of use, it may be right nevertheless. */
	new.via = owed;
	if (owed && (!leaf_is_right(s, &new) ||
		     (!(s->config.flags & IOMM_PGTABLE_HITLESS) &&
		      !leaf_has_size(s, &new))))
		new.owed = owed;
	for (n = 0; n < HARDWARE_CACHE && !owed; n++)
		check_conflict(s, &s->hw.leaf[n], &new);
	/* A run may be kept as one. */
	if (leaf->run != leaf->leaf && random_percent(&s->hw.random, 50)) {
		new.paddr -= new.iova &(leaf->run - 1);
		new.iova &= ~(leaf->run - 1);
		new.bytes = leaf->run;
	}
	/* What is owed must stay until the flush: it is being watched. */
	if (!s->hw.leaf[slot].valid || !s->hw.leaf[slot].owed)
		s->hw.leaf[slot] = new;
}

static void
cache_tables(struct subject *s, const struct walked *walked, uint32_t owed)
{
	struct cached_table *table;
	uint32_t n;

	for (n = 0; n < walked->hops; n++) {
		table = &s->hw.table[random_below(&s->hw.random,
						  HARDWARE_CACHE)];
		if (!table->valid || !table->owed)
			*table = (struct cached_table){ true, owed,
							walked->hop[n] };
	}
}

/* Accesses */

/* What is found where a table was gone through that went out of use, and is
 * still to be invalidated: nothing, or what was there. */
static bool
was_there(const struct subject *s, uint64_t iova, const struct walked *found)
{
	const struct range *old;
	uint32_t n;

	for (n = 0; n < s->hw.nr_owed; n++) {
		old = &s->hw.owed[n].range;
		if (iova >= old->iova && iova <= old->last &&
		    found->paddr == old->paddr + (iova - old->iova))
			return true;
	}
	return s->hw.owes_more;
}

/* May hardware find this in the middle of an operation? */
static bool may_be(const struct subject *s, uint64_t iova,
		   const struct range *range, const struct walked *found)
{
	const struct hardware *hw = &s->hw;
	bool inside = iova >= hw->first && iova <= hw->last;
	bool near = iova >= hw->near_first && iova <= hw->near_last;
	/* What is written meanwhile could be marked in what goes. */
	bool hitless = (s->config.flags & IOMM_PGTABLE_HITLESS) && !tracks(s);

	switch (hw->work) {
	case MAPPING:
		return !range && inside;
	case UNMAPPING:
		return found->fault && (inside || (near && !hitless));
	case PROTECTING:
		if (found->fault)
			return inside || (near && !hitless);
		return inside && range &&
		       found->paddr == range->paddr + (iova - range->iova);
	case SPLITTING:
	case MERGING:
		return found->fault && near && !hitless;
	default:
		return false;
	}
}

static void judge(const struct subject *s, uint64_t iova, uint32_t owed,
		  const struct walked *found)
{
	const struct range *range = ranges_at(&s->mapped, iova);

	if (found->fault ? !range
			 : range && found->prot == range->prot &&
				   found->paddr ==
					   range->paddr + (iova - range->iova))
		return;
	if (may_be(s, iova, range, found))
		return;
	if (owed && (found->fault || was_there(s, iova, found)))
		return;
	model_fail("a device finds 0x%" PRIx64 " (%s, 0x%x) at 0x%" PRIx64
		   ", and should 0x%" PRIx64 " (%s, 0x%x)",
		   found->paddr, found->fault ? found->fault : "mapped",
		   found->prot, iova,
		   range ? range->paddr + (iova - range->iova) : 0,
		   range ? "mapped" : "not mapped", range ? range->prot : 0);
}

/* Hardware wrote through a leaf: it is dirty, or all of its run, which may be
 * noted in any of its entries. */
static void mark(struct subject *s, const struct walked *found, uint32_t owed)
{
	uint64_t first = found->iova & ~(found->run - 1);
	uint64_t entries = found->run / found->leaf;
	struct walked entry = *found;

	entry.desc_pa &= ~(8 * entries - 1);
	entry.desc_pa += 8 * random_below(&s->hw.random, entries);
	walker_mark(&s->hw.walker, &entry);
	if (owed)
		return;
	(void)ranges_remove(&s->dirty, first, first + (found->run - 1),
			    found->run);
	ranges_add(&s->dirty, first, found->run, first, 0);
}

/* Something in the TLB answers, unless it would have to mark. */
static bool tlb_answers(const struct subject *s, uint64_t iova, bool write)
{
	const struct cached_leaf *leaf = s->hw.leaf;

	for (; leaf < s->hw.leaf + HARDWARE_CACHE; leaf++) {
		if (leaf->valid && overlap(iova, iova, leaf->iova, leaf->bytes))
			return !write || !tracks(s) || leaf->dirty;
	}
	return false;
}

/* Where the walk begins: at a table that is remembered, or at the root. */
static const struct cached_table *
remembered(const struct subject *s, struct random *random, uint64_t iova)
{
	const struct cached_table *table = s->hw.table, *found = NULL;

	if (random_percent(random, 30))
		return NULL;
	for (; table < s->hw.table + HARDWARE_CACHE; table++) {
		if (table->valid &&
		    overlap(iova, iova, table->hop.iova, table->hop.bytes) &&
		    (!found || table->hop.level > found->hop.level))
			found = table;
	}
	return found;
}

void hardware_access(struct subject *s, uint64_t iova, bool write)
{
	const struct cached_table *from;
	struct walked found;
	uint32_t owed;

	if (random_percent(&s->hw.random, 50) && tlb_answers(s, iova, write))
		return;
	from = remembered(s, &s->hw.random, iova);
	owed = from ? from->owed : OWED_NOTHING;
	walker_walk(&s->hw.walker, from ? &from->hop : NULL, iova, &found);
	judge(s, iova, owed, &found);
	cache_tables(s, &found, owed);
	if (found.fault)
		return;
	if (write && found.clean) {
		mark(s, &found, owed);
		found.dirty = true;
		found.clean = false;
	}
	cache_leaf(s, &found, owed);
}

/* Where devices go: often to what they know. */
static uint64_t somewhere(struct subject *s, uint64_t first, uint64_t last)
{
	const struct cached_leaf *leaf =
		&s->hw.leaf[random_below(&s->hw.random, HARDWARE_CACHE)];
	uint64_t pages = (last - first) / s->unit + 1;

	if (random_percent(&s->hw.random, 40) && leaf->valid &&
	    overlap(first, last, leaf->iova, leaf->bytes))
		return leaf->iova + random_below(&s->hw.random, leaf->bytes);
	return first + random_below(&s->hw.random, pages) * s->unit;
}

void hardware_turn(struct hardware *hw, uint64_t first, uint64_t last)
{
	struct subject *s = subject_of(hw);

	if (s->hw.work == IDLE || s->hw.work == READING ||
	    !random_percent(&s->hw.random, 50))
		return;
	hardware_access(s, somewhere(s, first, last),
			random_percent(&s->hw.random, 30));
}
