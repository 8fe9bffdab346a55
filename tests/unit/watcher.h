/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A walker with a TLB that takes in everything it can and keeps it until it is
 * told to let go. It looks at a window of pages whenever a hook runs. It is
 * wrong when it has, or would have, two translations of one page at a time
 * (break-before-make), or two tables on the way to one; when a page is missing
 * that must stay, when a table is freed that it may still know, and when it holds
 * what was taken away.
 */
#ifndef WATCHER_H
#define WATCHER_H

#include "unit/pgtable_support.h"

#include "pgtable/raw_walk.h"

struct cached {
	bool live;
	uint32_t prot;
	uint64_t paddr; /* of the page */
	uint64_t leaf;	/* size of the leaf alone */
	uint64_t size;	/* of the leaf, or of its run */
};

/* A table that the walker may know of, for which pages it fetched there, and how
 * far below the first. */
struct known {
	bool live;
	uint32_t depth;
	uint64_t first, last;
};

struct watcher {
	struct rig *rig;
	const struct iomm_format *format;
	struct iomm_raw_walker walker;
	uint64_t iova, page, count;
	bool coherent;
	bool hitless; /* leaves may change their size in place */
	bool stays;   /* no page that was mapped may go */
	struct cached *tlb;
	struct known tables[NR_TABLES];
	uint64_t at;	 /* the page that is being walked */
	uint32_t depth;	 /* fetches for it so far */
	uint32_t levels; /* that many at the most */
	char wrong[160]; /* the first that was seen: a hook cannot fail */
};

/* From now on, on each event of the rig; the window is `count` pages. */
void watcher_begin(struct watcher *watcher, struct rig *rig,
		   struct iomm_pgtable *pgtable, uint64_t iova, uint64_t count);
/* Nothing was wrong so far. */
void watcher_assert_good(const struct watcher *watcher);
/* Nor is anything that is gone, or a right that was taken away, in the TLB. */
void watcher_assert_current(struct watcher *watcher);
void watcher_end(struct watcher *watcher);

#endif
