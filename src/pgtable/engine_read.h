/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: what only reads, and never waits. */

/* What there is at an address. */
struct FN(sight) {
	uint32_t level;
	uint64_t desc;
	bool table;
	uint64_t table_pa;
};

/* One look down, to `deepest` at most. False: the tables changed under it. */
static inline __attribute__((always_inline)) bool
FN(glance)(const struct iomm_pgtable *pgtable, uint64_t iova, uint32_t deepest,
	   struct FN(sight) * out)
{
	uintptr_t generation = iomm_pgtable_generation(pgtable);
	const struct iomm_node *node = pgtable->root, *child;
	uint32_t slot, level = pgtable->start_level;

	for (;; level++, node = child) {
		slot = FN(slot_in)(pgtable, iova, level);
		child = level < FMT_LAST ? iomm_node_child(node, slot) : NULL;
		if (!child || level == deepest)
			break;
	}
	out->level = level;
	out->table = child;
	out->table_pa = child ? iomm_node_pa(child) : 0;
	out->desc = FN(read)(node, slot);
	if (!pgtable->sharing)
		return true;
	/* Put there since we looked for a child: its books came first. */
	if (!child && level < FMT_LAST && iomm_node_child(node, slot))
		return false;
	return generation == iomm_pgtable_generation(pgtable);
}

/* Is a link being made, or taken away, right now? It and the books differ. */
static inline bool FN(unsettled)(const struct FN(sight) * sight)
{
	bool link = FMT_KIND(sight->desc, sight->level) == IOMM_DESC_TABLE;

	return sight->table
		       ? !link || FMT_TABLE_PA(sight->desc) != sight->table_pa
		       : link;
}

/* Whoever writes to table memory must not keep us here. */
#define FMT_PATIENCE 64u

static void FN(look)(const struct iomm_pgtable *pgtable, uint64_t iova,
		     uint32_t deepest, struct FN(sight) * out)
{
	struct iomm_table_reader *reader;
	struct iomm_place *place;
	uint32_t tries = 0;

	if (!pgtable->sharing) {
		(void)FN(glance)(pgtable, iova, deepest, out);
		return;
	}
	place = iomm_pgtable_reader(pgtable);
	reader = place ? iomm_place_read(place) : NULL;
	if (!reader)
		reader = iomm_table_reader_enter(pgtable->sharing);
	while (!FN(glance)(pgtable, iova, deepest, out) ||
	       (FN(unsettled)(out) && ++tries < FMT_PATIENCE))
		;
	iomm_table_reader_exit(pgtable->sharing, reader);
}

/* Size of the leaf or of its run. */
static inline uint64_t FN(mapped_size)(uint64_t desc, uint32_t level)
{
	uint64_t size = FN(size)(level);

	return FMT_CONT_SHIFT(level) && (desc & FMT_CONT)
		       ? size << FMT_CONT_SHIFT(level)
		       : size;
}

/* `iova` as the caller says it. */
static inline __attribute__((always_inline)) int
FN(answer)(const struct iomm_pgtable *pgtable, uint64_t desc, uint32_t level,
	   uint64_t iova, struct iomm_translation *out)
{
	uint64_t mask = FN(size)(level) - 1;

	if (FMT_KIND(desc, level) != IOMM_DESC_LEAF)
		return iomm_pgtable_refuse_hole(pgtable, iova);
	out->prot = FMT_OWN_PROT(pgtable, desc);
	out->paddr = FMT_LEAF_PA(desc, level) | (iova & mask);
	out->page_size = FN(mapped_size)(desc, level);
	return 0;
}

/* Notes the window of the table above the last level that was used last. */
static inline void FN(note_window)(struct iomm_pgtable *pgtable)
{
	const struct iomm_tepid *tepid = &pgtable->tepid;
	const struct iomm_inner *inner;

	if (!tepid->span)
		return;
	inner = iomm_node_inner(tepid->node);
	pgtable->window.first =
		tepid->first + ((uint64_t)inner->first << FMT_WARM_SHIFT);
	pgtable->window.span = (uint64_t)inner->count << FMT_WARM_SHIFT;
	pgtable->window.child = inner->child;
}

static int FN(translate_far)(struct iomm_pgtable *pgtable, uint64_t iova,
			     struct iomm_translation *out)
{
	struct FN(sight) sight;
	struct iomm_node *node;

	if (pgtable->sharing) {
		FN(look)(pgtable, iova, FMT_LAST, &sight);
	} else {
		node = FN(descend)(pgtable, iova, iova, false, &sight.level);
		sight.desc =
			FN(read)(node, FN(slot_in)(pgtable, iova, sight.level));
		FN(note_window)(pgtable);
	}
	return FN(answer)(pgtable, sight.desc, sight.level,
			  pgtable->first_iova + iova, out);
}

/*
 * Is it a page, and in no run, that looks as the last ones that were mapped? Then
 * nothing but its address differs from such a page at 0. One whose address is
 * not where it is in the descriptor is not found out here.
 */
static inline bool
FN(is_common)(const struct iomm_common *common, uint64_t desc, uint64_t *paddr)
{
#ifdef FMT_RUNTIME
	/* Making a leaf to compare with costs more than reading one. */
	return false;
#endif
	*paddr = desc ^ FMT_LEAF(0, common->attrs, FMT_LAST);
	return common->prot && *paddr == FMT_LEAF_PA(*paddr, FMT_LAST);
}

/* Not inline: what is common is then short, and in one piece. A hook may look in
 * the middle of a break-before-make, see FN(read). */
static __attribute__((noinline)) int
FN(answer_other)(const struct iomm_pgtable *pgtable, uint64_t desc,
		 uint64_t iova, struct iomm_translation *out)
{
	if (desc && !FMT_VALID(desc))
		desc = FMT_WHOLE(desc);
	return FN(answer)(pgtable, desc, FMT_LAST, iova, out);
}

/* An entry of a table of the last level. */
static inline __attribute__((always_inline)) int
FN(answer_page)(const struct iomm_pgtable *pgtable,
		const struct iomm_common *common, uint64_t desc, uint64_t iova,
		struct iomm_translation *out)
{
	uint64_t paddr;

	if (!FN(is_common)(common, desc, &paddr))
		return FN(answer_other)(pgtable, desc, iova, out);
	out->prot = common->prot;
	out->paddr = paddr | (iova & (FMT_GRANULE - 1));
	out->page_size = FMT_GRANULE;
	return 0;
}

/* Lookups jump about: no table of the last level is remembered, but the window
 * above is looked into first. Most answers are pages, whose level is a constant
 * here. */
static int FN(translate)(struct iomm_pgtable *pgtable, uint64_t iova,
			 struct iomm_translation *out)
{
	const struct iomm_window *window = &pgtable->window;
	const struct iomm_node *node;
	uint64_t offset, desc;

	if (!out || out->size != sizeof(*out))
		return iomm_pgtable_translate_far(pgtable, iova, out);
	offset = iova - window->first;
	if (offset >= window->span)
		return iomm_pgtable_translate_far(pgtable, iova, out);
	node = atomic_load_explicit(&window->child[offset >> FMT_WARM_SHIFT],
				    memory_order_relaxed);
	if (!node)
		return iomm_pgtable_translate_far(pgtable, iova, out);
	desc = iomm_desc_load(FN(desc)(node, FN(slot)(offset, FMT_LAST)));
	return FN(answer_page)(pgtable, &pgtable->common, desc, iova, out);
}

/* Notes the table above the last level that holds `iova`; no span: there is
 * none. */
static __attribute__((noinline)) void
FN(note_look)(const struct iomm_pgtable *pgtable, struct iomm_noted *noted,
	      uint64_t iova, uintptr_t generation)
{
	struct iomm_node *node = pgtable->root;
	uint32_t level = pgtable->start_level;

	for (; node && level < FMT_LAST - 1; level++)
		node = iomm_node_child(node, FN(slot_in)(pgtable, iova, level));
	noted->above.span = 0;
	if (!node || level != FMT_LAST - 1)
		return;
	noted->above.span = FN(span)(pgtable, node, level);
	noted->above.first = iova & ~(noted->above.span - 1);
	noted->above.node = node;
	noted->generation = generation;
}

/*
 * The descriptor of a page of a shared table, in a table of the last level, as
 * FN(look) finds it; 0: that takes a closer look. It begins where the thread's
 * last look came by: the table there is still what it was if it is not dead, and
 * none was used again. The thread has said that it is reading.
 */
static inline uint64_t FN(glance_page)(const struct iomm_pgtable *pgtable,
				       struct iomm_place *place, uint64_t iova)
{
	struct iomm_noted *noted = &place->noted;
	const struct iomm_node *node = NULL;
	uintptr_t generation = iomm_pgtable_generation(pgtable);
	uint64_t desc = 0;

	if (iova - noted->above.first >= noted->above.span ||
	    noted->generation != generation)
		FN(note_look)(pgtable, noted, iova, generation);
	/* Not dead now, so it was linked during this call, and what is linked to
	 * it is freed by nobody who has not seen us. */
	if (noted->above.span && iomm_node_dead(noted->above.node))
		noted->above.span = 0;
	if (noted->above.span)
		node = iomm_node_child(noted->above.node,
				       (uint32_t)((iova - noted->above.first) >>
						  FMT_WARM_SHIFT));
	if (node) {
		desc = iomm_desc_acquire(
			FN(desc)(node, FN(slot)(iova, FMT_LAST)));
		if (generation != iomm_pgtable_generation(pgtable))
			desc = 0;
	}
	return desc;
}

static int FN(translate_shared)(struct iomm_pgtable *pgtable, uint64_t iova,
				struct iomm_translation *out)
{
	uint64_t offset = iova - pgtable->first_iova, desc;
	struct iomm_place *place = iomm_pgtable_reader(pgtable);
	int r = 0;

	if (!place || !out || out->size != sizeof(*out) ||
	    offset > pgtable->last_offset || !iomm_place_read(place))
		return iomm_pgtable_translate_far(pgtable, iova, out);
	desc = FN(glance_page)(pgtable, place, offset);
	if (FMT_VALID(desc))
		r = FN(answer_page)(pgtable, &place->common, desc, iova, out);
	/* The next one is likely to look the same. */
	if (FMT_VALID(desc) && !r && out->prot != place->common.prot &&
	    out->page_size == FMT_GRANULE)
		place->common = (struct iomm_common){ .attrs = FMT_ATTRS(desc),
						      .prot = out->prot };
	/* Not before: who interrupts us there has to leave that alone. */
	iomm_place_read_end(place);
	return FMT_VALID(desc) ? r
			       : iomm_pgtable_translate_far(pgtable, iova, out);
}

static int FN(extents)(struct iomm_pgtable *pgtable, uint64_t iova,
		       uint64_t last, struct iomm_extents *out)
{
	struct iomm_extent extent = { 0 };
	struct FN(sight) sight;
	uint64_t end;

	for (;; iova = end + 1) {
		FN(look)(pgtable, iova, FMT_LAST, &sight);
		end = FN(end)(iova, sight.level, last);
		if (FMT_KIND(sight.desc, sight.level) == IOMM_DESC_LEAF) {
			extent.iova = pgtable->first_iova + iova;
			extent.bytes = end - iova + 1;
			extent.paddr = FMT_LEAF_PA(sight.desc, sight.level) |
				       (iova & (FN(size)(sight.level) - 1));
			extent.prot = FMT_OWN_PROT(pgtable, sight.desc);
			if (!iomm_extents_add(out, &extent))
				return 0;
		}
		if (end == last)
			return 0;
	}
}

/* Walk */

/* Shows one entry, if there is anything in it. */
static int
FN(show)(const struct iomm_pgtable *pgtable, const struct FN(sight) * sight,
	 uint64_t iova, const struct iomm_visitor *visitor)
{
	uint32_t level = sight->level;
	struct iomm_walk_entry entry = {
		.size = sizeof(entry),
		.level = (int32_t)level + FMT_TOP_LEVEL,
		.bytes = FN(size)(level),
		.raw = sight->desc,
	};

	entry.iova = pgtable->first_iova + (iova & ~(entry.bytes - 1));
	if (sight->table) {
		entry.kind = IOMM_WALK_TABLE;
		entry.paddr = sight->table_pa;
	} else if (FMT_KIND(sight->desc, level) == IOMM_DESC_LEAF) {
		entry.kind = FMT_CONT_SHIFT(level) && (sight->desc & FMT_CONT)
				     ? IOMM_WALK_RUN
				     : IOMM_WALK_LEAF;
		entry.paddr = FMT_LEAF_PA(sight->desc, level);
		entry.prot = FMT_OWN_PROT(pgtable, sight->desc);
	} else {
		return 0;
	}
	return visitor->visit(visitor->data, &entry);
}

/*
 * Goes from entry to entry, down from the first table for each: between two
 * looks anything may change.
 */
static int FN(walk)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		    const struct iomm_visitor *visitor)
{
	uint32_t level = pgtable->start_level;
	struct FN(sight) sight;
	uint64_t end;
	int r;

	for (;;) {
		FN(look)(pgtable, iova, level, &sight);
		r = FN(show)(pgtable, &sight, iova, visitor);
		if (r)
			return r;
		level = sight.level;
		if (sight.table) {
			level++;
			continue;
		}
		end = FN(end)(iova, level, last);
		if (end == last)
			return 0;
		iova = end + 1;
		while (level > pgtable->start_level &&
		       !(iova & (FN(size)(level - 1) - 1)))
			level--;
	}
}

/* Adopting */

/* Mirrors a table that was there already, with all below it. */
static int FN(adopt)(struct iomm_pgtable *pgtable, struct iomm_node *node,
		     uint32_t level, uint32_t slots)
{
	struct iomm_node *child;
	uint64_t desc;
	uint32_t slot;
	int r;

	for (slot = 0; slot < slots; slot++) {
		desc = iomm_desc_load(FN(desc)(node, slot));
		/* To us it would be in the middle of a break-before-make. */
		if (desc && !FMT_VALID(desc))
			iomm_desc_clear(FN(desc)(node, slot));
		if (FMT_KIND(desc, level) == IOMM_DESC_LEAF)
			iomm_node_add(node, 1, slots);
		if (FMT_KIND(desc, level) != IOMM_DESC_TABLE)
			continue;
		r = iomm_pgtable_adopt_table(pgtable, FMT_TABLE_PA(desc),
					     desc & FMT_TABLE_RESTRICTS,
					     level + 1, &child);
		if (r)
			return r;
		iomm_node_adopt(node, slot, child);
		r = FN(adopt)(pgtable, child, level + 1, FMT_SLOTS);
		if (r)
			return r;
	}
	return 0;
}

/* Raw walk: as hardware does it, see raw_walk.h */

static uint32_t FN(raw_leaf)(const struct iomm_raw_state *state, uint32_t level,
			     uint64_t iova, struct iomm_raw_result *out)
{
	uint64_t mask = FN(size)(level) - 1;
	uint64_t paddr = FMT_LEAF_PA(out->desc, level);

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
	uint32_t level = state->start_level;
	uint64_t table = state->root;
	/* The first table may be longer than the others. */
	uint64_t offset = iova >> FN(shift)(level) << FMT_DESC_SHIFT;

	for (;; level++) {
		out->level = (int32_t)level + FMT_TOP_LEVEL;
		out->fetch_error =
			walker->fetch(walker->data, table + offset, &out->desc);
		if (out->fetch_error)
			return IOMM_RAW_EXTERNAL;
		switch (FMT_KIND(out->desc, level)) {
		case IOMM_DESC_LEAF:
			return FN(raw_leaf)(state, level, iova, out);
		case IOMM_DESC_TABLE:
			FMT_RAW_TABLE(out->desc, state);
			table = FMT_TABLE_PA(out->desc);
			if (table >> state->oas)
				return IOMM_RAW_ADDRESS_SIZE;
			offset = (uint64_t)FN(slot)(iova, level + 1)
				 << FMT_DESC_SHIFT;
			break;
		default:
			return IOMM_RAW_TRANSLATION;
		}
	}
}

static void FN(raw_walk)(const struct iomm_engine_ops *ops,
			 const struct iomm_raw_walker *walker, uint64_t iova,
			 struct iomm_raw_result *out)
{
	struct iomm_raw_state state = { .regs = walker->regs };
	uint64_t root_bytes;

	state.start_level = FMT_LEVELS;
	out->fault = FMT_RAW_START(walker->regs, &state);
	if (out->fault)
		return;
	if (state.start_level == FMT_LEVELS) {
		struct iomm_geometry geometry;

		FN(geometry)(ops, state.ias, &geometry);
		state.start_level = geometry.start_level;
	}
	root_bytes = UINT64_C(1) << (state.ias - FN(shift)(state.start_level) +
				     FMT_DESC_SHIFT);
	state.root &=
		~((root_bytes < FMT_MIN_ROOT ? FMT_MIN_ROOT : root_bytes) - 1);
	if ((iova - state.first_iova) >> state.ias) {
		out->fault = IOMM_RAW_TRANSLATION;
	} else if (state.root >> state.oas) {
		out->fault = IOMM_RAW_ADDRESS_SIZE;
	} else {
		out->level = (int32_t)state.start_level + FMT_TOP_LEVEL;
		out->fault = FN(raw_tables)(walker, &state,
					    iova - state.first_iova, out);
	}
}

#undef FMT_PATIENCE
