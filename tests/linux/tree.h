/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * VMSAv8-64 tables as they lie in memory, read by this test's own decoder: it
 * calls neither our code nor Linux's.
 */
#ifndef TESTS_LINUX_TREE_H
#define TESTS_LINUX_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_LAST 3u /* the level of pages */

struct tree {
	uint32_t page_shift, ias;
	uint64_t page_sizes; /* leaves may be of these */
	uint32_t start;	     /* the first level, of one table or of several */
	bool stage2;
	const uint64_t *root;
	uint64_t pa_base; /* the address of what is at ... */
	const char *va_base;
};

enum tree_kind {
	TREE_NONE,
	TREE_LEAF,
	TREE_TABLE
};

/* What an address comes to: a leaf, or a slot with nothing below it. */
struct tree_place {
	enum tree_kind kind;
	uint32_t level;
};

/* Sets `start` as stage 1 has it; the other fields are there. */
void tree_setup(struct tree *tree);

uint32_t tree_shift(const struct tree *tree, uint32_t level);
/* May leaves be at this level? */
bool tree_is_leaf_level(const struct tree *tree, uint32_t level);

/* A table in which nothing is mapped counts as nothing. */
struct tree_place tree_find(const struct tree *tree, uint64_t iova);

/* The slot at this level that holds the address: bytes mapped in it. 0 also
 * when there is no table of this level, or a leaf above. */
uint64_t tree_mapped(const struct tree *tree, uint64_t iova, uint32_t level);

/* The leaf that maps the address, or NULL; `*bytes` are its own. */
uint64_t *tree_leaf(const struct tree *tree, uint64_t iova, uint64_t *bytes);

/*
 * Compares descriptor by descriptor. Of tables, all but their address; Linux's
 * empty ones, its software bit and a level that ours has not are left out
 * (differences.h). False with a sentence in `why`. `*leaves` is the number of
 * leaves compared.
 */
bool tree_compare(const struct tree *ours, const struct tree *peer,
		  uint64_t *leaves, char *why, size_t size);

/* Negative control: from now on a bit of our first leaf is read wrong. */
void tree_flip(uint32_t bit);

#endif
