/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ioasid/tree.h"

static struct iomm_ioasid_table *top(struct iomm_ioasid_tree *tree)
{
	uintptr_t root =
		atomic_load_explicit(&tree->root, memory_order_relaxed);

	return (struct iomm_ioasid_table *)(root & ~(uintptr_t)3);
}

static void
set_top(struct iomm_ioasid_tree *tree, struct iomm_ioasid_table *table)
{
	atomic_store_explicit(&tree->root,
			      (uintptr_t)table | (table ? table->height : 0),
			      memory_order_release);
}

static struct iomm_ioasid_table *
child_at(struct iomm_ioasid_table *table, uint32_t n)
{
	return atomic_load_explicit(&table->in.child[n], memory_order_relaxed);
}

static void set_child(struct iomm_ioasid_table *table, uint32_t n,
		      struct iomm_ioasid_table *child)
{
	atomic_store_explicit(&table->in.child[n], child, memory_order_release);
}

static uint32_t slots_of(const struct iomm_ioasid_table *table)
{
	return table->height ? IOMM_IOASID_CHILDREN : IOMM_IOASID_ENTRIES;
}

/* Shift of a number to its place in a table of this height. */
static uint32_t shift_of(uint32_t height)
{
	return height ? iomm_ioasid_reach(height - 1) : 0;
}

static uint32_t slot_in(const struct iomm_ioasid_table *table, uint32_t id)
{
	return (id >> shift_of(table->height)) & (slots_of(table) - 1);
}

static bool is_full(const struct iomm_ioasid_table *table)
{
	return table->nr_full == slots_of(table);
}

static void set_full(struct iomm_ioasid_table *table, uint32_t n)
{
	table->full[n / 64] |= UINT64_C(1) << (n % 64);
	table->nr_full++;
}

static void clear_full(struct iomm_ioasid_table *table, uint32_t n)
{
	table->full[n / 64] &= ~(UINT64_C(1) << (n % 64));
	table->nr_full--;
}

/* The first slot from n on that is full, or that is not; `slots`, which is how
 * many there are, when there is none. */
static inline uint32_t next_slot(const struct iomm_ioasid_table *table,
				 uint32_t slots, uint32_t n, bool full)
{
	uint64_t flip = full ? 0 : ~UINT64_C(0);
	uint32_t word = n / 64;
	uint64_t bits;

	bits = (table->full[word] ^ flip) & (~UINT64_C(0) << (n % 64));
	while (!bits) {
		if (++word == slots / 64)
			return slots;
		bits = table->full[word] ^ flip;
	}
	return word * 64 + (uint32_t)__builtin_ctzll(bits);
}

/* The first number behind what the table, in which `id` is, reaches; 0: none.
 */
static uint32_t behind(const struct iomm_ioasid_table *table, uint32_t id)
{
	uint32_t reach = iomm_ioasid_reach(table->height);

	return reach < 32 ? ((id >> reach) + 1) << reach : 0;
}

struct iomm_ioasid_entry *
iomm_ioasid_tree_at(struct iomm_ioasid_tree *tree, uint32_t id)
{
	struct iomm_ioasid_table *table = top(tree);

	while (table->height)
		table = child_at(table, slot_in(table, id));
	return &table->in.entry[slot_in(table, id)];
}

/* One way down from the top: true with a number that is free, or false with
 * where to go on, which is 0 at the end. */
static bool descend_to_free(struct iomm_ioasid_tree *tree, uint32_t *id)
{
	struct iomm_ioasid_table *table = top(tree);
	uint32_t n, slot, shift;

	if (!table || (table->height < IOMM_IOASID_HEIGHT &&
		       *id >> iomm_ioasid_reach(table->height)))
		return true;
	for (;;) {
		shift = shift_of(table->height);
		slot = slot_in(table, *id);
		n = next_slot(table, slots_of(table), slot, false);
		if (n == slots_of(table)) {
			*id = behind(table, *id);
			return false;
		}
		/* From the start of another slot on, not from amid it. */
		if (n != slot)
			*id = ((*id >> shift) + (n - slot)) << shift;
		if (!table->height || !child_at(table, n))
			return true;
		table = child_at(table, n);
	}
}

bool iomm_ioasid_tree_free(struct iomm_ioasid_tree *tree, uint32_t min,
			   uint32_t max, uint32_t *id)
{
	*id = min > tree->lowest ? min : tree->lowest;
	while (!descend_to_free(tree, id)) {
		if (!*id || *id > max)
			return false;
	}
	return *id <= max;
}

bool iomm_ioasid_tree_taken(struct iomm_ioasid_tree *tree, uint32_t min,
			    uint32_t *id)
{
	struct iomm_ioasid_table *table = top(tree), *child;
	uint32_t n;

	*id = min;
	if (!table || (table->height < IOMM_IOASID_HEIGHT &&
		       min >> iomm_ioasid_reach(table->height))) {
		*id = 0;
		return false;
	}
	while (table->height) {
		child = child_at(table, slot_in(table, *id));
		if (!child) {
			/* Behind the missing child, of the height below. */
			n = shift_of(table->height);
			*id = ((*id >> n) + 1) << n;
			return false;
		}
		table = child;
	}
	n = next_slot(table, IOMM_IOASID_ENTRIES, slot_in(table, *id), true);
	if (n == IOMM_IOASID_ENTRIES) {
		*id = behind(table, *id);
		return false;
	}
	*id = (*id & ~(IOMM_IOASID_ENTRIES - 1)) | n;
	return true;
}

static uint32_t height_for(uint32_t id)
{
	uint32_t height = 0;

	while (height < IOMM_IOASID_HEIGHT && id >> iomm_ioasid_reach(height))
		height++;
	return height;
}

uint32_t iomm_ioasid_tree_needs(struct iomm_ioasid_tree *tree, uint32_t id)
{
	struct iomm_ioasid_table *table = top(tree);
	uint32_t height = height_for(id);

	if (!table)
		return height + 1;
	if (table->height < height)
		return height - table->height + height;
	while (table->height) {
		height = table->height;
		table = child_at(table, slot_in(table, id));
		if (!table)
			return height;
	}
	return 0;
}

static struct iomm_ioasid_table *
unspare(struct iomm_ioasid_tree *tree, struct iomm_ioasid_table **spares,
	uint32_t height)
{
	struct iomm_ioasid_table *table = *spares;

	*spares = table->next;
	table->next = NULL;
	table->height = height;
	tree->tables++;
	return table;
}

/* Numbers outside the range count as taken. */
static void close_outside(const struct iomm_ioasid_tree *tree,
			  struct iomm_ioasid_table *leaf, uint32_t id)
{
	uint32_t first = id & ~(IOMM_IOASID_ENTRIES - 1), n;

	for (n = 0; n < IOMM_IOASID_ENTRIES && first + n < tree->min; n++)
		set_full(leaf, n);
	for (n = IOMM_IOASID_ENTRIES; n && first + n - 1 > tree->max; n--)
		set_full(leaf, n - 1);
}

/* The top table, made high enough for a number. */
static struct iomm_ioasid_table *
raise_to(struct iomm_ioasid_tree *tree, uint32_t id,
	 struct iomm_ioasid_table **spares)
{
	struct iomm_ioasid_table *table = top(tree), *above;
	uint32_t height = height_for(id);

	if (table && table->height >= height)
		return table;
	if (!table) {
		table = unspare(tree, spares, height);
		if (!height)
			close_outside(tree, table, id);
	}
	while (table->height < height) {
		above = unspare(tree, spares, table->height + 1);
		above->used = 1;
		set_child(above, 0, table);
		if (is_full(table))
			set_full(above, 0);
		table = above;
	}
	set_top(tree, table);
	return table;
}

/* A leaf is full: so may be who is above it. */
static void show_full(struct iomm_ioasid_tree *tree, uint32_t id)
{
	struct iomm_ioasid_table *path[IOMM_IOASID_HEIGHT + 1];
	struct iomm_ioasid_table *table = top(tree);
	uint32_t height, highest = table->height;

	for (path[highest] = table; table->height; path[table->height] = table)
		table = child_at(table, slot_in(table, id));
	for (height = 0; height < highest && is_full(path[height]); height++)
		set_full(path[height + 1], slot_in(path[height + 1], id));
}

static struct iomm_ioasid_table *
leaf_of(struct iomm_ioasid_entry *entry, uint32_t id)
{
	return (void *)(entry - (id & (IOMM_IOASID_ENTRIES - 1)));
}

void iomm_ioasid_tree_remember(struct iomm_ioasid_tree *tree, uint32_t id,
			       struct iomm_ioasid_entry *entry)
{
	tree->lowest = id;
	tree->near = leaf_of(entry, id);
}

static struct iomm_ioasid_entry *
take_in(struct iomm_ioasid_tree *tree, struct iomm_ioasid_table *leaf,
	uint32_t id)
{
	uint32_t n = id & (IOMM_IOASID_ENTRIES - 1);

	leaf->used++;
	set_full(leaf, n);
	if (leaf->nr_full == IOMM_IOASID_ENTRIES)
		show_full(tree, id);
	return &leaf->in.entry[n];
}

struct iomm_ioasid_entry *
iomm_ioasid_tree_take_near(struct iomm_ioasid_tree *tree, uint32_t min,
			   uint32_t max, uint32_t *id)
{
	const uint32_t last = IOMM_IOASID_ENTRIES - 1;
	struct iomm_ioasid_table *leaf = tree->near;
	uint32_t n;

	if (!leaf || min > tree->lowest)
		return NULL;
	n = next_slot(leaf, IOMM_IOASID_ENTRIES, tree->lowest & last, false);
	*id = (tree->lowest & ~last) + n;
	if (n > last || *id > max)
		return NULL;
	tree->lowest = *id;
	return take_in(tree, leaf, *id);
}

struct iomm_ioasid_entry *
iomm_ioasid_tree_take(struct iomm_ioasid_tree *tree, uint32_t id,
		      struct iomm_ioasid_table **spares)
{
	struct iomm_ioasid_table *table = raise_to(tree, id, spares), *child;
	uint32_t n;

	while (table->height) {
		n = slot_in(table, id);
		child = child_at(table, n);
		if (!child) {
			child = unspare(tree, spares, table->height - 1);
			if (!child->height)
				close_outside(tree, child, id);
			table->used++;
			set_child(table, n, child);
		}
		table = child;
	}
	return take_in(tree, table, id);
}

/* The same for a leaf that was full, or ends up empty. */
static void give_up(struct iomm_ioasid_tree *tree, uint32_t id,
		    struct iomm_ioasid_table **gone)
{
	struct iomm_ioasid_table *path[IOMM_IOASID_HEIGHT + 1];
	struct iomm_ioasid_table *table = top(tree), *above;
	uint32_t height, highest = table->height;
	bool was_full = true;

	for (path[table->height] = table; table->height;
	     path[table->height] = table)
		table = child_at(table, slot_in(table, id));
	for (height = 0; height <= highest && was_full; height++) {
		was_full = is_full(path[height]);
		clear_full(path[height], slot_in(path[height], id));
	}
	for (height = 0; height <= highest && !--path[height]->used; height++) {
		above = height < highest ? path[height + 1] : NULL;
		if (above)
			set_child(above, slot_in(above, id), NULL);
		else
			set_top(tree, NULL);
		if (path[height] == tree->near)
			tree->near = NULL;
		path[height]->next = *gone;
		*gone = path[height];
		tree->tables--;
	}
}

void iomm_ioasid_tree_give(struct iomm_ioasid_tree *tree, uint32_t id,
			   struct iomm_ioasid_entry *entry,
			   struct iomm_ioasid_table **gone)
{
	uint32_t n = id & (IOMM_IOASID_ENTRIES - 1);
	struct iomm_ioasid_table *leaf = leaf_of(entry, id);

	if (id <= tree->lowest)
		iomm_ioasid_tree_remember(tree, id, entry);
	if (leaf->nr_full < IOMM_IOASID_ENTRIES && leaf->used > 1) {
		clear_full(leaf, n);
		leaf->used--;
	} else {
		give_up(tree, id, gone);
	}
}
