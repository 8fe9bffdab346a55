/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/index.h"

/* Looking */

struct iomm_index_entry *
iomm_index_find(const struct iomm_index *index, const void *key)
{
	struct iomm_index_entry *entry = index->root, *found = NULL;
	int order;

	/* To the end, since equals may lie on either side. */
	while (entry) {
		order = index->order(key, entry);
		if (!order)
			found = entry;
		entry = entry->child[order > 0];
	}
	return found;
}

/* The last one on a side of what is below an entry. */
static struct iomm_index_entry *
outermost(struct iomm_index_entry *entry, uint32_t side)
{
	while (entry && entry->child[side])
		entry = entry->child[side];
	return entry;
}

struct iomm_index_entry *iomm_index_first(const struct iomm_index *index)
{
	return outermost(index->root, 0);
}

struct iomm_index_entry *iomm_index_next(const struct iomm_index_entry *entry)
{
	const struct iomm_index_entry *from = entry;

	if (entry->child[1])
		return outermost(entry->child[1], 0);
	while (from->parent && from->parent->child[1] == from)
		from = from->parent;
	return from->parent;
}

/* Balance: what is below an entry is at most one higher on one side. */

static uint32_t height_of(const struct iomm_index_entry *entry)
{
	return entry ? entry->height : 0;
}

static void measure(struct iomm_index_entry *entry)
{
	uint32_t a = height_of(entry->child[0]);
	uint32_t b = height_of(entry->child[1]);

	entry->height = 1 + (a > b ? a : b);
}

static void set_child(struct iomm_index_entry *entry, uint32_t side,
		      struct iomm_index_entry *child)
{
	entry->child[side] = child;
	if (child)
		child->parent = entry;
}

/* Puts another (or NULL) where an entry is. */
static void replace(struct iomm_index *index, struct iomm_index_entry *entry,
		    struct iomm_index_entry *with)
{
	struct iomm_index_entry *parent = entry->parent;

	if (parent) {
		set_child(parent, parent->child[1] == entry, with);
		return;
	}
	index->root = with;
	if (with)
		with->parent = NULL;
}

/* Lifts the child of a side to the place of its parent; returns it. */
static struct iomm_index_entry *
rotate(struct iomm_index *index, struct iomm_index_entry *entry, uint32_t side)
{
	struct iomm_index_entry *child = entry->child[side];

	replace(index, entry, child);
	set_child(entry, side, child->child[!side]);
	set_child(child, !side, entry);
	measure(entry);
	measure(child);
	return child;
}

/* Returns what is at the entry's place then. */
static struct iomm_index_entry *
balance(struct iomm_index *index, struct iomm_index_entry *entry)
{
	uint32_t a = height_of(entry->child[0]);
	uint32_t b = height_of(entry->child[1]);
	uint32_t high = b > a;
	struct iomm_index_entry *child = entry->child[high];

	if ((high ? b - a : a - b) < 2) {
		measure(entry);
		return entry;
	}
	if (height_of(child->child[!high]) > height_of(child->child[high]))
		(void)rotate(index, child, !high);
	return rotate(index, entry, high);
}

/* From where something has changed up to where it makes no difference. */
static void settle(struct iomm_index *index, struct iomm_index_entry *entry)
{
	uint32_t before;

	while (entry) {
		before = entry->height;
		entry = balance(index, entry);
		if (entry->height == before)
			return;
		entry = entry->parent;
	}
}

/* Changing */

void iomm_index_insert(struct iomm_index *index, struct iomm_index_entry *entry,
		       const void *key)
{
	struct iomm_index_entry *parent = NULL, **place = &index->root;

	while (*place) {
		parent = *place;
		place = &parent->child[index->order(key, parent) >= 0];
	}
	*entry = (struct iomm_index_entry){ .parent = parent, .height = 1 };
	*place = entry;
	settle(index, parent);
}

void iomm_index_remove(struct iomm_index *index, struct iomm_index_entry *entry)
{
	struct iomm_index_entry *next, *changed;

	if (!iomm_index_has(entry))
		return;
	if (entry->child[0] && entry->child[1]) {
		/* The next one has no child on the left: it comes out easily,
		 * and takes this one's place. */
		next = outermost(entry->child[1], 0);
		changed = next->parent == entry ? next : next->parent;
		replace(index, next, next->child[1]);
		set_child(next, 0, entry->child[0]);
		set_child(next, 1, entry->child[1]);
		next->height = entry->height;
	} else {
		next = entry->child[!entry->child[0]];
		changed = entry->parent;
	}
	replace(index, entry, next);
	*entry = (struct iomm_index_entry){ 0 };
	settle(index, changed);
}
