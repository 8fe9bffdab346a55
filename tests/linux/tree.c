/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tree.h"

#include <stdio.h>

#include "differences.h"

#define VALID	 UINT64_C(1)
#define TYPE	 UINT64_C(3)
#define ADDRESS	 UINT64_C(0x0000fffffffff000)
#define SW_SYNC	 (UINT64_C(1) << 55)
#define NS_TABLE (UINT64_C(1) << 63)
#define S2_XN	 (UINT64_C(1) << 54)
#define S2_XN0	 (UINT64_C(1) << 53)

static uint64_t flip;

void tree_flip(uint32_t bit)
{
	flip = UINT64_C(1) << bit;
}

static uint32_t bits(const struct tree *tree)
{
	return tree->page_shift - 3;
}

uint32_t tree_shift(const struct tree *tree, uint32_t level)
{
	return tree->page_shift + (TREE_LAST - level) * bits(tree);
}

void tree_setup(struct tree *tree)
{
	tree->start = TREE_LAST;
	while (tree->ias > tree_shift(tree, tree->start) + bits(tree))
		tree->start--;
}

bool tree_is_leaf_level(const struct tree *tree, uint32_t level)
{
	return level >= tree->start &&
	       (tree->page_sizes >> tree_shift(tree, level) & 1);
}

static uint32_t slots(const struct tree *tree, uint32_t level)
{
	return level == tree->start
		       ? UINT32_C(1) << (tree->ias - tree_shift(tree, level))
		       : UINT32_C(1) << bits(tree);
}

static enum tree_kind kind_of(uint64_t desc, uint32_t level)
{
	if (!(desc & VALID))
		return TREE_NONE;
	if (level == TREE_LAST)
		return TREE_LEAF;
	return (desc & TYPE) == TYPE ? TREE_TABLE : TREE_LEAF;
}

static const uint64_t *below(const struct tree *tree, uint64_t desc)
{
	return (const void *)(tree->va_base +
			      ((desc & ADDRESS) - tree->pa_base));
}

static uint64_t
mapped_in(const struct tree *tree, uint64_t desc, uint32_t level);

/* Bytes mapped by a table; with `any`, enough to know whether there are any. */
static uint64_t mapped_below(const struct tree *tree, const uint64_t *table,
			     uint32_t level, bool any)
{
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < slots(tree, level) && !(any && bytes); i++)
		bytes += mapped_in(tree, table[i], level);
	return bytes;
}

static uint64_t
mapped_in(const struct tree *tree, uint64_t desc, uint32_t level)
{
	switch (kind_of(desc, level)) {
	case TREE_LEAF:
		return UINT64_C(1) << tree_shift(tree, level);
	case TREE_TABLE:
		return mapped_below(tree, below(tree, desc), level + 1, false);
	default:
		return 0;
	}
}

/* What the slot is, an empty table being nothing. */
static enum tree_kind
kind_in(const struct tree *tree, uint64_t desc, uint32_t level)
{
	enum tree_kind kind = kind_of(desc, level);

	if (kind == TREE_TABLE &&
	    !mapped_below(tree, below(tree, desc), level + 1, true))
		return TREE_NONE;
	return kind;
}

static uint32_t slot(const struct tree *tree, uint64_t iova, uint32_t level)
{
	return (uint32_t)(iova >> tree_shift(tree, level)) &
	       (slots(tree, level) - 1);
}

struct tree_place tree_find(const struct tree *tree, uint64_t iova)
{
	const uint64_t *tables[TREE_LAST + 1];
	struct tree_place place = { .level = tree->start };
	const uint64_t *table = tree->root;
	uint64_t desc;

	for (;; place.level++) {
		tables[place.level] = table;
		desc = table[slot(tree, iova, place.level)];
		place.kind = kind_of(desc, place.level);
		if (place.kind != TREE_TABLE)
			break;
		table = below(tree, desc);
	}
	while (place.kind == TREE_NONE && place.level > tree->start &&
	       !mapped_below(tree, tables[place.level], place.level, true))
		place.level--;
	return place;
}

uint64_t tree_mapped(const struct tree *tree, uint64_t iova, uint32_t level)
{
	const uint64_t *table = tree->root;
	uint32_t l;

	for (l = tree->start;; l++) {
		uint64_t desc = table[slot(tree, iova, l)];

		if (l == level)
			return mapped_in(tree, desc, l);
		if (kind_of(desc, l) != TREE_TABLE)
			return 0;
		table = below(tree, desc);
	}
}

uint64_t *tree_leaf(const struct tree *tree, uint64_t iova, uint64_t *bytes)
{
	const uint64_t *table = tree->root;
	uint32_t level;
	uint64_t desc;

	for (level = tree->start;; level++) {
		table += slot(tree, iova, level);
		desc = *table;
		if (kind_of(desc, level) != TREE_TABLE)
			break;
		table = below(tree, desc);
	}
	*bytes = UINT64_C(1) << tree_shift(tree, level);
	return kind_of(desc, level) == TREE_LEAF ? (uint64_t *)table : NULL;
}

/* Comparing */

struct comparison {
	const struct tree *ours, *peer;
	uint64_t leaves;
	char *why;
	size_t size;
};

static bool differ(struct comparison *c, uint64_t iova, uint32_t level,
		   const char *what, uint64_t ours, uint64_t peer)
{
	snprintf(c->why, c->size,
		 "at %#llx, level %u: %s: ours %#018llx, Linux's %#018llx",
		 (unsigned long long)iova, level, what,
		 (unsigned long long)ours, (unsigned long long)peer);
	return false;
}

static bool compare_table(struct comparison *c, const uint64_t *ours,
			  const uint64_t *peer, uint32_t level, uint64_t iova);

static bool compare_tables(struct comparison *c, uint64_t mine, uint64_t his,
			   uint32_t level, uint64_t iova)
{
	const uint64_t *table = below(c->ours, mine);

	if (his & SW_SYNC)
		differs(DIFFERS_SOFTWARE_BIT);
	if (his & NS_TABLE)
		differs(DIFFERS_NS_TABLES);
	his &= ~(SW_SYNC | NS_TABLE);
	if ((mine & ~ADDRESS) != (his & ~ADDRESS))
		return differ(c, iova, level, "tables", mine, his);
	if (!mapped_below(c->ours, table, level + 1, true))
		return differ(c, iova, level, "our table is empty", mine, his);
	return compare_table(c, table, below(c->peer, his), level + 1, iova);
}

static bool compare_slot(struct comparison *c, uint64_t mine, uint64_t his,
			 uint32_t level, uint64_t iova)
{
	enum tree_kind kind = kind_in(c->peer, his, level);

	if (kind == TREE_LEAF && !c->leaves++)
		mine ^= flip;
	if (kind == TREE_LEAF && c->peer->stage2 && (his & S2_XN)) {
		differs(DIFFERS_XN);
		his &= ~S2_XN0;
	}
	if (kind == TREE_NONE && his)
		differs(DIFFERS_EMPTY_TABLES);
	if (kind == TREE_TABLE && kind_of(mine, level) == TREE_TABLE)
		return compare_tables(c, mine, his, level, iova);
	if (mine != (kind == TREE_NONE ? 0 : his))
		return differ(c, iova, level, "entries", mine, his);
	return true;
}

static bool compare_table(struct comparison *c, const uint64_t *ours,
			  const uint64_t *peer, uint32_t level, uint64_t iova)
{
	uint32_t shift = tree_shift(c->ours, level), i;

	for (i = 0; i < slots(c->peer, level); i++)
		if ((ours[i] || peer[i]) &&
		    !compare_slot(c, ours[i], peer[i], level,
				  iova | (uint64_t)i << shift))
			return false;
	return true;
}

static bool part_is_used(const struct tree *tree, const uint64_t *part)
{
	uint32_t i;

	for (i = 0; i < 1u << bits(tree); i++)
		if (part[i])
			return true;
	return false;
}

/* Where Linux has a table, ours has several that lie behind each other. */
static bool compare_parts(struct comparison *c)
{
	uint32_t level = c->peer->start, i;
	uint64_t his;
	bool same = true;

	for (i = 0; i < slots(c->peer, level) && same; i++) {
		const uint64_t *part = c->ours->root + (i << bits(c->ours));
		uint64_t iova = (uint64_t)i << tree_shift(c->peer, level);

		his = c->peer->root[i];
		if (his & SW_SYNC)
			differs(DIFFERS_SOFTWARE_BIT);
		if (kind_in(c->peer, his, level) == TREE_TABLE)
			same = compare_table(c, part, below(c->peer, his),
					     level + 1, iova);
		else if (mapped_in(c->peer, his, level) ||
			 part_is_used(c->ours, part))
			same = differ(c, iova, level, "parts", *part, his);
	}
	return same;
}

bool tree_compare(const struct tree *ours, const struct tree *peer,
		  uint64_t *leaves, char *why, size_t size)
{
	struct comparison c = { ours, peer, 0, why, size };
	bool same;

	if (ours->start == peer->start)
		same = compare_table(&c, ours->root, peer->root, ours->start,
				     0);
	else
		same = compare_parts(&c);
	*leaves = c.leaves;
	return same;
}
