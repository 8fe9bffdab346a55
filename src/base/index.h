/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Intrusive index: finds entries by key, and goes through them in order. A
 * balanced tree (AVL), so that
 *
 * - it needs no memory beside the entries: inserting cannot fail, and never
 *   stops to grow;
 * - look-ups take 1.44 log2(n) comparisons at most, whatever the keys. They come
 *   from firmware and drivers, who could pick such as meet in a hash table;
 * - the smallest key is at hand, as who waits for deadlines wants it.
 *
 * Keys that are equal are kept, in the order in which they came. Looked through
 * and changed under the lock of whoever has it.
 */
#ifndef IOMM_BASE_INDEX_H
#define IOMM_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: it is in no index. */
struct iomm_index_entry {
	struct iomm_index_entry *parent, *child[2];
	uint32_t height; /* of what is below, with itself; 0: in no index */
};

struct iomm_index {
	struct iomm_index_entry *root;
	/* Where a key is, seen from the entry's: below 0, 0, above 0. */
	int (*order)(const void *key, const struct iomm_index_entry *entry);
};

/* For keys that are numbers. */
static inline int iomm_order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The first entry of a key, or NULL. */
struct iomm_index_entry *
iomm_index_find(const struct iomm_index *index, const void *key);

/* Behind those that have the same key. The entry is in no index. */
void iomm_index_insert(struct iomm_index *index, struct iomm_index_entry *entry,
		       const void *key);

/* Leaves the entry zeroed, so that a second removal is harmless. */
void iomm_index_remove(struct iomm_index *index,
		       struct iomm_index_entry *entry);

/* The entry with the smallest key, and the one behind another; or NULL. */
struct iomm_index_entry *iomm_index_first(const struct iomm_index *index);
struct iomm_index_entry *iomm_index_next(const struct iomm_index_entry *entry);

static inline bool iomm_index_has(const struct iomm_index_entry *entry)
{
	return entry->height;
}

#endif
