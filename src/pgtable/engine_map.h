/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: mapping. */

static inline void FN(advance)(struct iomm_engine_op *op, uint64_t bytes)
{
	op->iova += bytes;
	op->paddr += bytes;
}

/* Fills `count` slots with leaves, until one is taken. Returns how many it
 * filled. */
static inline __attribute__((always_inline)) uint32_t
FN(fill_slots)(struct iomm_node *node, uint32_t level, uint32_t slot,
	       uint64_t paddr, uint64_t attrs, uint32_t count)
{
	bool tables = level < FMT_LAST && iomm_node_used(node);
	uint64_t *desc = FN(desc)(node, slot);
	uint64_t value = FMT_LEAF(paddr, attrs, level);
	uint32_t n;

	for (n = 0; n < count; n++) {
		if (FMT_VALID(iomm_desc_load(desc + n)))
			break;
		if (tables && iomm_node_child(node, slot + n))
			break;
		iomm_desc_publish(desc + n, value);
		value = FMT_NEXT(value, FN(size)(level));
	}
	iomm_node_add(node, n, FMT_SLOTS);
	return n;
}

#if FMT_VECTOR
/* Many leaves of the last level: the part that is aligned by vectors. */
static __attribute__((noinline)) uint32_t
FN(fill_many)(const struct iomm_vector *vector, struct iomm_node *node,
	      uint32_t slot, uint64_t paddr, uint64_t attrs, uint32_t count)
{
	uint32_t head = (0u - slot) & 7, n;

	n = FN(fill_slots)(node, FMT_LAST, slot, paddr, attrs, head);
	if (n < head)
		return n;
	paddr += (uint64_t)n << FMT_PAGE_SHIFT;
	head = vector->fill(FN(desc)(node, slot + n),
			    FMT_LEAF(paddr, attrs, FMT_LAST), FMT_GRANULE,
			    count - n);
	iomm_node_add(node, head, FMT_SLOTS);
	paddr += (uint64_t)head << FMT_PAGE_SHIFT;
	n += head;
	return n + FN(fill_slots)(node, FMT_LAST, slot + n, paddr, attrs,
				  count - n);
}
#endif

/* Leaves of the last level. */
static inline __attribute__((always_inline)) uint32_t
FN(fill_pages)(const struct iomm_pgtable *pgtable, struct iomm_node *node,
	       uint32_t slot, uint64_t paddr, uint64_t attrs, uint32_t count)
{
#if FMT_VECTOR
	if (count >= IOMM_VECTOR_MIN && pgtable->vector)
		return FN(fill_many)(pgtable->vector, node, slot, paddr, attrs,
				     count);
#endif
	(void)pgtable;
	return FN(fill_slots)(node, FMT_LAST, slot, paddr, attrs, count);
}

static inline uint64_t
FN(write_slots)(uint64_t *desc, uint64_t value, uint32_t count)
{
	uint32_t n;

	for (n = 0; n < count; n++) {
		iomm_desc_publish(desc + n, value);
		value = FMT_NEXT(value, FMT_GRANULE);
	}
	return value;
}

#if FMT_VECTOR
/* Does the call make more tables than the caches had better hold? What was
 * streamed is ordered when it is linked, too late for a sync hook. */
static bool FN(streams)(const struct iomm_engine_op *op)
{
	uint64_t tables = (op->last - op->first) >> (FMT_PAGE_SHIFT + FMT_BITS);

	return tables * FMT_SLOTS << FMT_DESC_SHIFT >= IOMM_VECTOR_STREAM &&
	       !op->detached && !op->pgtable->synced;
}

static uint32_t FN(write_many)(struct iomm_engine_op *op, uint64_t *desc,
			       uint64_t value, uint32_t count)
{
	const struct iomm_vector *vector = op->pgtable->vector;

	if (!FN(streams)(op))
		return vector->write(desc, value, FMT_GRANULE, count);
	op->streamed = true;
	return vector->stream(desc, value, FMT_GRANULE, count);
}
#endif

/* Leaves of the last level, into a table that nobody sees, whatever is there. */
static void FN(write_pages)(struct iomm_engine_op *op, struct iomm_node *node,
			    uint32_t slot, uint32_t count)
{
	uint64_t paddr = op->paddr, attrs = op->attrs;
	uint64_t value = FMT_LEAF(paddr, attrs, FMT_LAST);
	uint64_t *desc = FN(desc)(node, slot);
	uint32_t n = 0;

#if FMT_VECTOR
	if (count >= IOMM_VECTOR_MIN && op->pgtable->vector) {
		n = (0u - slot) & 7;
		value = FN(write_slots)(desc, value, n);
		n += FN(write_many)(op, desc + n, value, count - n);
		value = FMT_LEAF(paddr, attrs, FMT_LAST) +
			((uint64_t)n << FMT_PAGE_SHIFT);
	}
#endif
	(void)FN(write_slots)(desc + n, value, count - n);
	iomm_node_add(node, count, FMT_SLOTS);
}

/* Is none of these slots taken? */
static bool FN(all_free)(const struct iomm_node *node, uint32_t level,
			 uint32_t slot, uint32_t count)
{
	const uint64_t *desc = FN(desc)(node, slot);
	uint32_t n;

	for (n = 0; n < count; n++)
		if (FMT_VALID(iomm_desc_load(desc + n)) ||
		    (level < FMT_LAST && iomm_node_child(node, slot + n)))
			return false;
	return true;
}

/*
 * The same with contiguous runs where they fit. A run is begun only when all of
 * it can be made: walkers may take any of its leaves for all.
 */
static uint32_t
FN(fill_runs)(struct iomm_node *node, uint32_t level, uint32_t slot,
	      uint64_t paddr, uint64_t attrs, uint32_t count, bool only_runs)
{
	const uint32_t run = FN(run)(level), shift = FN(shift)(level);
	uint32_t done = 0, n, part;
	bool whole;

	for (; done < count; done += n) {
		part = run - ((slot + done) & (run - 1));
		if (part > count - done)
			part = count - done;
		whole = part == run &&
			FN(all_free)(node, level, slot + done, run);
		if (only_runs && !whole)
			return done;
		n = FN(fill_slots)(node, level, slot + done,
				   paddr + ((uint64_t)done << shift),
				   attrs | (whole ? FMT_CONT : 0), part);
		if (n < part)
			return done + n;
	}
	return done;
}

/* Do runs fit anywhere, at this level and from where we are? */
static inline bool
FN(runs_fit)(const struct iomm_engine_op *op, uint32_t level, uint32_t count)
{
	uint64_t mask = (FN(size)(level) << FMT_CONT_SHIFT(level)) - 1;

	return FMT_CONT_SHIFT(level) && (op->run_levels >> level & 1) &&
	       count >= FN(run)(level) && !((op->iova ^ op->paddr) & mask);
}

/* Writes all of a new table of the last level: leaves up to `last`, and zeroes
 * where they are not there yet. */
static int
FN(fill_new)(struct iomm_engine_op *op, struct iomm_node *node, uint64_t last)
{
	uint32_t slot = FN(slot)(op->iova, FMT_LAST);
	uint32_t count = FN(slots)(op->iova, last, FMT_LAST);
	bool only_runs = !(op->leaf_levels >> FMT_LAST & 1);
	bool runs = FN(runs_fit)(op, FMT_LAST, count);

	if (op->raw && runs) {
		iomm_node_wipe(op->pgtable, node->va, FMT_SLOTS);
	} else if (op->raw) {
		iomm_node_wipe(op->pgtable, node->va, slot);
		iomm_node_wipe(op->pgtable, FN(desc)(node, slot + count),
			       FMT_SLOTS - slot - count);
	}
	op->raw = false;
	if (runs)
		count = FN(fill_runs)(node, FMT_LAST, slot, op->paddr,
				      op->attrs, count, only_runs);
	else
		FN(write_pages)(op, node, slot, count);
	FN(advance)(op, (uint64_t)count << FMT_PAGE_SHIFT);
	return 0;
}

/* Leaves above the last level reach beyond the page whose table was taken out of
 * their slot: walkers forget that, as for a link. Looks no further than the leaves
 * will come, and lowers `*count` to the slots before one that was not forgotten. */
static int
FN(forget_tables)(struct iomm_engine_op *op, const struct iomm_node *node,
		  uint32_t level, uint32_t slot, uint32_t *count)
{
	uint64_t iova = op->iova;
	uint32_t n;
	int r = 0;

	if (!iomm_pgtable_has_pruned(op->pgtable))
		return 0;
	for (n = 0; n < *count && FN(all_free)(node, level, slot + n, 1); n++) {
		r = iomm_op_forget_old(op, node, level, slot + n, iova);
		if (r)
			*count = n;
		iova += FN(size)(level);
	}
	return r;
}

/* Maps leaves at one level up to `last`, all in this table, until a slot is
 * taken. */
static int FN(fill)(struct iomm_engine_op *op, struct iomm_node *node,
		    uint32_t level, uint64_t last, bool fresh)
{
	uint32_t slot = FN(slot_in)(op->pgtable, op->iova, level);
	uint32_t count = (uint32_t)((last - op->iova + 1) >> FN(shift)(level));
	bool only_runs = !(op->leaf_levels >> level & 1), below;
	uint32_t n;
	int r = 0;

	if (!fresh && !iomm_op_lock(op, node))
		return IOMM_RETRY;
	if (!fresh && level < FMT_LAST)
		r = FN(forget_tables)(op, node, level, slot, &count);
	if (only_runs)
		count &= ~(FN(run)(level) - 1);
	if (FN(runs_fit)(op, level, count))
		n = FN(fill_runs)(node, level, slot, op->paddr, op->attrs,
				  count, only_runs);
	else if (level == FMT_LAST)
		n = FN(fill_pages)(op->pgtable, node, slot, op->paddr,
				   op->attrs, count);
	else
		n = FN(fill_slots)(node, level, slot, op->paddr, op->attrs,
				   count);
	/* Above the last level a table may be in the way: it is mapped into. */
	below = level < FMT_LAST && (n || iomm_node_child(node, slot));
	if (!fresh)
		iomm_op_unlock(op, node);
	FN(advance)(op, (uint64_t)n << FN(shift)(level));
	if (n && !fresh)
		iomm_op_mark(op, level, node, slot, slot + n - 1);
	if (r || n == count || below)
		return r;
	return iomm_exists(op->pgtable, op->pgtable->first_iova + op->iova);
}

static int FN(map_table)(struct iomm_engine_op *op, struct iomm_node *node,
			 uint32_t level, uint64_t last, bool fresh);

static void FN(link)(const struct iomm_pgtable *pgtable, struct iomm_node *node,
		     uint32_t slot, struct iomm_node *child)
{
	(void)pgtable;
	/* The books first: a link that they lack is none of ours. */
	iomm_node_adopt(node, slot, child);
	iomm_desc_publish(FN(desc)(node, slot),
			  FMT_TABLE(pgtable, iomm_node_pa(child)));
}

/* Links it where walkers look. Who finds it in the books waits at its locks until
 * they find it, too: what he changes there is to be so for them. */
static void
FN(link_live)(struct iomm_engine_op *op, struct iomm_node *node, uint32_t level,
	      uint32_t slot, struct iomm_node *child)
{
	if (op->shared)
		iomm_node_revive(child, IOMM_NODE_LOCKED);
	FN(link)(op->pgtable, node, slot, child);
	iomm_op_mark(op, level, node, slot, slot);
	if (op->shared) {
		iomm_op_sync(op);
		iomm_node_revive(child, 0);
	}
}

/* Links a table that holds all that this call has for it, from `iova` on, if the
 * slot is still free; else IOMM_RETRY. */
static int FN(add_live)(struct iomm_engine_op *op, struct iomm_node *node,
			uint32_t level, uint64_t iova, struct iomm_node *child)
{
	uint32_t slot = FN(slot_in)(op->pgtable, iova, level);
	int r;

	if (!iomm_op_lock(op, node))
		return IOMM_RETRY;
	/* Before others see it, or free it. */
	if (op->streamed) {
		op->pgtable->vector->ordered();
		op->streamed = false;
	}
	if (iomm_node_child(node, slot) ||
	    FMT_VALID(iomm_desc_load(FN(desc)(node, slot))))
		r = IOMM_RETRY;
	else
		r = iomm_op_forget_old(op, node, level, slot, iova);
	if (!r)
		FN(link_live)(op, node, level, slot, child);
	iomm_op_unlock(op, node);
	return r;
}

/*
 * Makes the table that a slot lacks, and links it. `fresh`: `node` itself was
 * not shown to walkers yet.
 */
static int FN(map_new)(struct iomm_engine_op *op, struct iomm_node *node,
		       uint32_t level, uint64_t last, bool fresh)
{
	struct iomm_pgtable *pgtable = op->pgtable;
	uint32_t slot = FN(slot_in)(pgtable, op->iova, level);
	uint64_t iova = op->iova, paddr = op->paddr;
	struct iomm_node *child;
	int r, added;

	r = iomm_node_make_room(pgtable, node, slot, FMT_SLOTS);
	if (r)
		return r;
	r = iomm_op_table(op, level + 1, &child);
	if (r)
		return r;
	r = FN(map_table)(op, child, level + 1, last, true);
	if (iomm_node_empty(child)) {
		iomm_op_discard(op, child);
		return r;
	}
	if (!op->detached)
		iomm_op_sync_table(pgtable, child, FMT_GRANULE);
	if (fresh) {
		FN(link)(pgtable, node, slot, child);
		return r;
	}
	added = FN(add_live)(op, node, level, iova, child);
	if (!added)
		return r;
	/* Somebody else was faster: map into his. Or the flush has failed. */
	iomm_op_discard(op, child);
	op->iova = iova;
	op->paddr = paddr;
	return added;
}

/* Can one leaf at this level, or one run, map from where we are? */
static inline bool
FN(fits)(const struct iomm_engine_op *op, uint32_t level, uint64_t last)
{
	uint64_t mask = FN(size)(level) - 1;

	if (!(op->leaf_levels >> level & 1)) {
		if (!(op->run_levels >> level & 1))
			return false;
		mask = (FN(size)(level) << FMT_CONT_SHIFT(level)) - 1;
	}
	return !((op->iova | op->paddr) & mask) && last - op->iova >= mask;
}

/* Something is where a leaf or a table was to go, as far as one can tell without
 * a lock: or else it is looked at once more. */
static int
FN(in_the_way)(struct iomm_engine_op *op, const struct iomm_node *node,
	       uint32_t slot, const struct iomm_node *child)
{
	if (!iomm_op_valid(op))
		return IOMM_RETRY;
	/* A table, which came into the books before its link. */
	if (iomm_node_child(node, slot) != child)
		return 0;
	return iomm_exists(op->pgtable, op->pgtable->first_iova + op->iova);
}

/* Maps from one slot of a table above the last level on; `last` lies in the
 * table. */
static int FN(map_slot)(struct iomm_engine_op *op, struct iomm_node *node,
			uint32_t level, uint64_t last, bool fresh)
{
	uint32_t slot = FN(slot_in)(op->pgtable, op->iova, level);
	struct iomm_node *child = iomm_node_child(node, slot);
	uint64_t end = FN(end)(op->iova, level, last);

	/* Also when a leaf would fit: all before the first page that is
	 * mapped already gets mapped, whatever the leaf sizes are, unless the
	 * caller says. */
	if (child && !(op->exact && FN(fits)(op, level, last)))
		return FN(map_table)(op, child, level + 1, end, false);
	if (child || FMT_VALID(iomm_desc_acquire(FN(desc)(node, slot))))
		return FN(in_the_way)(op, node, slot, child);
	if (FN(fits)(op, level, last))
		return FN(fill)(op, node, level, last, fresh);
	return FN(map_new)(op, node, level, end, fresh);
}

/* Maps from where we are up to `last`, which lies in this table. */
static int FN(map_table)(struct iomm_engine_op *op, struct iomm_node *node,
			 uint32_t level, uint64_t last, bool fresh)
{
	int r;

	if (level == FMT_LAST)
		return fresh ? FN(fill_new)(op, node, last)
			     : FN(fill)(op, node, level, last, false);
	do
		r = FN(map_slot)(op, node, level, last, fresh);
	while (!r && op->iova - 1 != last);
	return r;
}

/* So that a lookup need not decode it each time. */
static inline void FN(note_common)(struct iomm_engine_op *op)
{
	struct iomm_common *common = &op->pgtable->common;

	if (op->shared || common->attrs == op->attrs)
		return;
	common->attrs = op->attrs;
	common->prot =
		FMT_OWN_PROT(op->pgtable, FMT_LEAF(0, op->attrs, FMT_LAST));
}

/* Mapping in general. */
static __attribute__((noinline)) int FN(map_far)(struct iomm_engine_op *op)
{
	struct iomm_node *node;
	uint32_t level;
	int r;

	FN(note_common)(op);
	iomm_op_enter(op);
	do {
		iomm_op_begin(op);
		node = FN(descend)(op->pgtable, op->iova, op->last, op->exact,
				   &level);
		r = FN(map_table)(op, node, level, op->last, false);
	} while (r == IOMM_RETRY || (!r && op->more && op->more(op)));
	iomm_op_sync(op);
	iomm_op_exit(op);
	return r;
}
