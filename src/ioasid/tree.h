/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From numbers to entries: a radix tree, as high as its highest number needs.
 * Leaves and inner tables have the same size. Looked through without a lock;
 * changed by one thread at a time.
 */
#ifndef IOMM_IOASID_TREE_H
#define IOMM_IOASID_TREE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An ID. Readers look at `tag` and `data` only, which agree when `tag` is the
 * same before and after; 16 bytes, so that both are on one cache line.
 */
struct iomm_ioasid_entry {
	_Atomic(void *) data;
	_Atomic uint32_t tag;
	uint32_t word;
};

#define IOMM_IOASID_LEAF_BITS 8u
#define IOMM_IOASID_NODE_BITS 9u
#define IOMM_IOASID_ENTRIES   (1u << IOMM_IOASID_LEAF_BITS)
#define IOMM_IOASID_CHILDREN  (1u << IOMM_IOASID_NODE_BITS)
/* Of a tree that has every number of 32 bits. */
#define IOMM_IOASID_HEIGHT    3u

struct iomm_ioasid_table {
	union {
		struct iomm_ioasid_entry entry[IOMM_IOASID_ENTRIES];
		_Atomic(struct iomm_ioasid_table *) child[IOMM_IOASID_CHILDREN];
	} in;
	struct iomm_ioasid_table *next; /* not in the tree: in a list */
	uint32_t height;		/* 0: a leaf */
	uint32_t used;			/* numbers taken; children */
	uint32_t nr_full;		/* bits set in `full` */
	/* Of a leaf: what is taken, or outside the range. Of another: children
	 * in which nothing is free. */
	uint64_t full[IOMM_IOASID_CHILDREN / 64];
};

struct iomm_ioasid_tree {
	/* The top table, with its height in the low bits; 0: empty. */
	_Atomic uintptr_t root;
	uint32_t min, max;
	uint32_t tables;
	/* Where to look for the lowest number that is free: none is below it.
	 * And the leaf that it is in, if that is there and known. */
	uint32_t lowest;
	struct iomm_ioasid_table *near;
};

/* How far a table reaches: shift of a number by this gives 0. */
static inline uint32_t iomm_ioasid_reach(uint32_t height)
{
	return IOMM_IOASID_LEAF_BITS + height * IOMM_IOASID_NODE_BITS;
}

static inline struct iomm_ioasid_table *
iomm_ioasid_child(struct iomm_ioasid_table *table, uint32_t id, uint32_t shift)
{
	return atomic_load_explicit(
		&table->in.child[(id >> shift) & (IOMM_IOASID_CHILDREN - 1)],
		memory_order_acquire);
}

/* The place of a number; NULL when there is no table for it. Without a lock the
 * caller is a reader. Not a loop: each height has its shifts. */
static inline struct iomm_ioasid_entry *
iomm_ioasid_look(struct iomm_ioasid_tree *tree, uint32_t id)
{
	uintptr_t root =
		atomic_load_explicit(&tree->root, memory_order_acquire);
	struct iomm_ioasid_table *table =
		(struct iomm_ioasid_table *)(root & ~(uintptr_t)3);

	if (__builtin_expect(!(root & 3), 1)) {
		table = (struct iomm_ioasid_table *)root;
		return table && !(id >> iomm_ioasid_reach(0))
			       ? &table->in.entry[id]
			       : NULL;
	}
	if (root & 2) {
		if (root & 1)
			table = iomm_ioasid_child(table, id,
						  iomm_ioasid_reach(2));
		else if (id >> iomm_ioasid_reach(2))
			return NULL;
		if (table)
			table = iomm_ioasid_child(table, id,
						  iomm_ioasid_reach(1));
		if (table)
			table = iomm_ioasid_child(table, id,
						  iomm_ioasid_reach(0));
	} else {
		if (id >> iomm_ioasid_reach(1))
			return NULL;
		table = iomm_ioasid_child(table, id, iomm_ioasid_reach(0));
	}
	return table ? &table->in.entry[id & (IOMM_IOASID_ENTRIES - 1)] : NULL;
}

/* The place of a number that is taken. */
__attribute__((returns_nonnull)) struct iomm_ioasid_entry *
iomm_ioasid_tree_at(struct iomm_ioasid_tree *tree, uint32_t id);

/* Takes the lowest number in [min, max] that is free, if that is in the leaf at
 * hand. NULL: it may be elsewhere. */
struct iomm_ioasid_entry *
iomm_ioasid_tree_take_near(struct iomm_ioasid_tree *tree, uint32_t min,
			   uint32_t max, uint32_t *id);
/* Says where that is: at `id`, or behind it. */
void iomm_ioasid_tree_remember(struct iomm_ioasid_tree *tree, uint32_t id,
			       struct iomm_ioasid_entry *entry);
/* The lowest number in [min, max] that is not taken; within the tree's. */
bool iomm_ioasid_tree_free(struct iomm_ioasid_tree *tree, uint32_t min,
			   uint32_t max, uint32_t *id);
/* The lowest number from `min` on that is taken. Ends at the end of a leaf:
 * false then, and `*id` is where to go on, or 0 when that was the last. */
bool iomm_ioasid_tree_taken(struct iomm_ioasid_tree *tree, uint32_t min,
			    uint32_t *id);

/* How many tables a number needs that are not there. */
uint32_t iomm_ioasid_tree_needs(struct iomm_ioasid_tree *tree, uint32_t id);
/* Takes a number that is free, using as many `spares` as it needs. */
struct iomm_ioasid_entry *
iomm_ioasid_tree_take(struct iomm_ioasid_tree *tree, uint32_t id,
		      struct iomm_ioasid_table **spares);
/* Gives a number back, whose place `entry` is. Tables that end up empty go to `*gone`: readers may
 * still be in them. */
void iomm_ioasid_tree_give(struct iomm_ioasid_tree *tree, uint32_t id,
			   struct iomm_ioasid_entry *entry,
			   struct iomm_ioasid_table **gone);

#endif
