/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: what only reads. */

static inline __attribute__((always_inline)) int
FN(answer)(const struct iomm_pgtable *pgtable, const struct iomm_node *node,
	   uint32_t level, uint64_t iova, struct iomm_translation *out)
{
	uint64_t desc = iomm_desc_load(FN(desc)(node, FN(slot)(iova, level)));
	uint64_t mask = FN(size)(level) - 1;

	if (FMT_KIND(desc, level) != IOMM_DESC_LEAF)
		return iomm_pgtable_refuse_hole(pgtable, iova);
	out->prot = FMT_OWN_PROT(desc);
	out->paddr = FMT_LEAF_PA(desc, level) | (iova & mask);
	out->page_size = mask + 1;
	return 0;
}

static int FN(translate)(struct iomm_pgtable *pgtable, uint64_t iova,
			 struct iomm_translation *out)
{
	struct iomm_node *node;
	uint32_t level;

	/* Lookups jump about: no table of the last level is remembered, but the
	 * one above is looked at first. Most answers are pages, whose level is a
	 * constant here. */
	if (iova >> (FMT_WARM_SHIFT + FMT_BITS) == pgtable->tepid_key) {
		node = iomm_node_child(pgtable->tepid,
				       FN(slot)(iova, FMT_LAST - 1));
		if (node)
			return FN(answer)(pgtable, node, FMT_LAST, iova, out);
	}
	node = FN(descend)(pgtable, iova, iova, false, &level);
	return FN(answer)(pgtable, node, level, iova, out);
}

/* Walk */

static int
FN(show)(const struct iomm_pgtable *pgtable, const struct iomm_node *node,
	 uint32_t level, uint64_t iova, const struct iomm_visitor *visitor)
{
	uint32_t slot = FN(slot)(iova, level);
	const struct iomm_node *child = NULL;
	struct iomm_walk_entry entry = { .size = sizeof(entry) };

	entry.raw = iomm_desc_load(FN(desc)(node, slot));
	entry.level = level;
	entry.bytes = FN(size)(level);
	entry.iova = iova & ~(entry.bytes - 1);
	if (level < FMT_LAST)
		child = iomm_node_child(node, slot);
	if (child) {
		entry.kind = IOMM_WALK_TABLE;
		entry.paddr = iomm_node_pa(child);
	} else if (FMT_KIND(entry.raw, level) == IOMM_DESC_LEAF) {
		entry.kind = IOMM_WALK_LEAF;
		entry.paddr = FMT_LEAF_PA(entry.raw, level);
		entry.prot = FMT_LEAF_PROT(entry.raw, pgtable->regs, 0);
	} else {
		return 0;
	}
	return visitor->visit(visitor->data, &entry);
}

static int
FN(walk_table)(const struct iomm_pgtable *pgtable, const struct iomm_node *node,
	       uint32_t level, uint64_t iova, uint64_t last,
	       const struct iomm_visitor *visitor)
{
	const struct iomm_node *child;
	uint64_t end;
	int r;

	for (;; iova = end + 1) {
		end = FN(end)(iova, level, last);
		r = FN(show)(pgtable, node, level, iova, visitor);
		child = level < FMT_LAST
				? iomm_node_child(node, FN(slot)(iova, level))
				: NULL;
		if (!r && child)
			r = FN(walk_table)(pgtable, child, level + 1, iova, end,
					   visitor);
		if (r || end == last)
			return r;
	}
}

static int FN(walk)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		    const struct iomm_visitor *visitor)
{
	return FN(walk_table)(pgtable, pgtable->root, pgtable->start_level,
			      iova, last, visitor);
}

/* Raw walk: as hardware does it, see raw_walk.h */

static uint32_t FN(raw_leaf)(const struct iomm_raw_state *state, uint64_t iova,
			     struct iomm_raw_result *out)
{
	uint64_t mask = FN(size)(out->level) - 1;
	uint64_t paddr = FMT_LEAF_PA(out->desc, out->level);

	if (paddr >> state->oas)
		return IOMM_RAW_ADDRESS_SIZE;
	if (!FMT_ACCESSED(out->desc))
		return IOMM_RAW_ACCESS_FLAG;
	out->prot = FMT_LEAF_PROT(out->desc, state->regs, state->restrictions);
	out->paddr = paddr | (iova & mask);
	out->page_size = mask + 1;
	return IOMM_RAW_OK;
}

/* Goes down from the first table. Ends: the last level has no tables. */
static uint32_t FN(raw_tables)(const struct iomm_raw_walker *walker,
			       struct iomm_raw_state *state, uint64_t iova,
			       struct iomm_raw_result *out)
{
	uint64_t table = state->root;
	uint64_t offset;

	for (;; out->level++) {
		offset = (uint64_t)FN(slot)(iova, out->level) << FMT_DESC_SHIFT;
		out->fetch_error =
			walker->fetch(walker->data, table + offset, &out->desc);
		if (out->fetch_error)
			return IOMM_RAW_EXTERNAL;
		switch (FMT_KIND(out->desc, out->level)) {
		case IOMM_DESC_LEAF:
			return FN(raw_leaf)(state, iova, out);
		case IOMM_DESC_TABLE:
			FMT_RAW_TABLE(out->desc, state);
			table = FMT_TABLE_PA(out->desc);
			if (table >> state->oas)
				return IOMM_RAW_ADDRESS_SIZE;
			break;
		default:
			return IOMM_RAW_TRANSLATION;
		}
	}
}

static void FN(raw_walk)(const struct iomm_raw_walker *walker, uint64_t iova,
			 struct iomm_raw_result *out)
{
	struct iomm_raw_state state = { .regs = walker->regs };
	struct iomm_geometry geometry;

	out->fault = FMT_RAW_START(walker->regs, &state);
	if (out->fault)
		return;
	FN(geometry)(state.ias, &geometry);
	state.root &= ~(geometry.root_bytes - 1);
	if (iova >> state.ias) {
		out->fault = IOMM_RAW_TRANSLATION;
	} else if (state.root >> state.oas) {
		out->fault = IOMM_RAW_ADDRESS_SIZE;
	} else {
		out->level = geometry.start_level;
		out->fault = FN(raw_tables)(walker, &state, iova, out);
	}
}
