/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Linux's table, asked so that it does what ours does for one call: it is
 * steered by what its own tables hold, see differences.h.
 */
#ifndef TESTS_LINUX_PEER_H
#define TESTS_LINUX_PEER_H

#include "peer-linux/linux.h"
#include "random.h"
#include "tree.h"

struct peer {
	struct linux_table table;
	struct tree tree;
	uint64_t base;	       /* what Linux's addresses have besides ours */
	struct random *random; /* for choices that make no difference */
	/* Linux answered a call that it should know how to do with this: a
	 * failure of the test. */
	const char *surprise;
};

/* 0, or a negative errno with the first `*mapped` bytes mapped. */
int peer_map(struct peer *peer, uint64_t iova, uint64_t paddr, uint64_t bytes,
	     int prot, uint64_t *mapped);
/* Calls `record` for each leaf that is dirty and overlaps the range. 0, or a
 * negative errno. */
int peer_dirty(struct peer *peer, uint64_t iova, uint64_t bytes, bool keep,
	       struct linux_dirty *dirty);
/* Bytes that were mapped there. */
uint64_t peer_unmap(struct peer *peer, uint64_t iova, uint64_t bytes);

#endif
