/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What hardware still has of the past, and who is to make it forget that. */
#include "model/pgtable.h"

#include <inttypes.h>

/* Is what it has of a leaf what the model says? */
bool leaf_is_right(const struct subject *s, const struct cached_leaf *leaf)
{
	const struct range *range = ranges_at(&s->mapped, leaf->iova);
	uint64_t last = leaf->iova + (leaf->bytes - 1), iova = leaf->iova;

	for (;; iova = range->last + 1, range++) {
		if (!range || range->iova > iova || range->prot != leaf->prot ||
		    range->paddr - range->iova != leaf->paddr - leaf->iova)
			return false;
		if (range->last >= last)
			break;
		if (range + 1 == s->mapped.range + s->mapped.count)
			return false;
	}
	return !leaf->dirty ||
	       ranges_mapped_bytes(&s->dirty, leaf->iova, last) == leaf->bytes;
}

void hardware_begin(struct subject *s, enum work work, uint64_t first,
		    uint64_t last, uint64_t seed)
{
	struct walked at;

	s->hw.work = work;
	s->hw.flush_failed = false;
	s->hw.first = first;
	s->hw.last = last;
	s->hw.random.state = random_mix(seed ^ first);
	s->hw.near_first = first;
	s->hw.near_last = last;
	if (work < UNMAPPING || work > SPLITTING)
		return;
	at = leaf_at(s, first);
	if (!at.fault)
		s->hw.near_first = at.iova & ~(at.run - 1);
	at = leaf_at(s, last);
	if (!at.fault)
		s->hw.near_last = at.iova | (at.run - 1);
}

bool leaf_has_size(const struct subject *s, const struct cached_leaf *leaf)
{
	struct walked now = leaf_at(s, leaf->iova);

	return now.leaf == leaf->leaf && now.run == leaf->run;
}

static void owe_leaf(struct cached_leaf *leaf, uint32_t owed)
{
	owed = leaf->via ? leaf->via : owed;
	model_require(owed,
		      "hardware still has a leaf of 0x%" PRIx64
		      " bytes at 0x%" PRIx64 " that leads to 0x%" PRIx64
		      ", and nobody will invalidate it",
		      leaf->bytes, leaf->iova, leaf->paddr);
	leaf->owed = owed;
}

static void
owe_table(struct subject *s, struct cached_table *table, uint32_t owed)
{
	struct walked now;
	uint32_t n;

	walker_walk(&s->hw.walker, NULL, table->hop.iova, &now);
	for (n = 0; n < now.hops; n++) {
		if (now.hop[n].level == table->hop.level &&
		    now.hop[n].pa == table->hop.pa)
			return;
	}
	model_require(owed,
		      "the table at 0x%" PRIx64 " is out of use, and nobody "
		      "will invalidate it",
		      table->hop.pa);
	table->owed = owed;
}

void hardware_end(struct subject *s, uint32_t owed)
{
	struct hardware *hw = &s->hw;
	uint64_t first = hw->near_first, last = hw->near_last;
	uint32_t n;

	hw->work = IDLE;
	/* What was changed in place stays so, and of which size it is in the
	 * TLB nobody knows: whoever is told of the failure flushes it all. */
	if (hw->flush_failed && (s->config.flags & IOMM_PGTABLE_HITLESS))
		model_require(!iomm_pgtable_flush_all(s->pgtable),
			      "flush_all fails");
	for (n = 0; n < HARDWARE_CACHE; n++) {
		if (!hw->leaf[n].valid || hw->leaf[n].owed ||
		    !overlap(first, last, hw->leaf[n].iova, hw->leaf[n].bytes))
			continue;
		if (!leaf_is_right(s, &hw->leaf[n]))
			owe_leaf(&hw->leaf[n], owed);
		else if (!hw->leaf[n].via &&
			 !(s->config.flags & IOMM_PGTABLE_HITLESS))
			model_require(leaf_has_size(s, &hw->leaf[n]),
				      "the leaf at 0x%" PRIx64 " has another "
				      "size now, and the TLB has the old one",
				      hw->leaf[n].iova);
	}
	for (n = 0; n < HARDWARE_CACHE; n++) {
		if (hw->table[n].valid && !hw->table[n].owed &&
		    overlap(hw->first, hw->last, hw->table[n].hop.iova,
			    hw->table[n].hop.bytes))
			owe_table(s, &hw->table[n], owed);
	}
}

void hardware_owe(struct subject *s, uint64_t first, uint64_t last,
		  uint32_t owed)
{
	struct hardware *hw = &s->hw;
	uint32_t n = ranges_from(&s->mapped, first);

	for (; n < s->mapped.count && s->mapped.range[n].iova <= last; n++) {
		if (hw->nr_owed == HARDWARE_OWED) {
			hw->owes_more |= 1u << owed;
			return;
		}
		hw->owed[hw->nr_owed++] =
			(struct owed){ s->mapped.range[n], owed };
	}
}

void hardware_hand_over(struct hardware *hw, uint32_t owed, uint32_t to)
{
	uint32_t n;

	for (n = 0; n < HARDWARE_CACHE; n++) {
		if (hw->leaf[n].owed == owed)
			hw->leaf[n].owed = to;
		if (hw->leaf[n].via == owed)
			hw->leaf[n].via = to;
		if (hw->table[n].owed == owed)
			hw->table[n].owed = to;
	}
	for (n = 0; n < hw->nr_owed; n++) {
		if (hw->owed[n].owed == owed)
			hw->owed[n].owed = to;
	}
	if (hw->owes_more & 1u << owed)
		hw->owes_more = (hw->owes_more & ~(1u << owed)) | 1u << to;
}

void hardware_flushed(struct subject *s, uint32_t owed)
{
	struct hardware *hw = &s->hw;
	uint32_t n, kept = 0;

	for (n = 0; n < HARDWARE_CACHE; n++) {
		model_require(!hw->leaf[n].valid || hw->leaf[n].owed != owed,
			      "the gather is flushed, and hardware still has "
			      "the leaf at 0x%" PRIx64,
			      hw->leaf[n].iova);
		if (hw->leaf[n].via == owed)
			hw->leaf[n].via = OWED_NOTHING;
		model_require(!hw->table[n].valid || hw->table[n].owed != owed,
			      "the gather is flushed, and hardware still has "
			      "the table at 0x%" PRIx64,
			      hw->table[n].hop.pa);
	}
	for (n = 0; n < hw->nr_owed; n++) {
		if (hw->owed[n].owed != owed)
			hw->owed[kept++] = hw->owed[n];
	}
	hw->nr_owed = kept;
	hw->owes_more &= ~(1u << owed);
}

void hardware_check_reuse(const struct subject *s, const struct hop *table)
{
	const struct cached_table *old = s->hw.table;

	for (; old < s->hw.table + HARDWARE_CACHE; old++)
		model_require(!old->valid || !old->owed ||
				      old->hop.pa != table->pa,
			      "the table at 0x%" PRIx64 " is used again, and "
			      "hardware may still walk the old one",
			      table->pa);
}
