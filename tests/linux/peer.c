/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "peer.h"

#include <errno.h>

#include "differences.h"

/* The piece that one call of Linux's is asked for. */
struct piece {
	uint32_t level;
	uint64_t count;
};

static uint64_t size_at(const struct peer *peer, uint32_t level)
{
	return UINT64_C(1) << tree_shift(&peer->tree, level);
}

/* Slots from the address to the end of its table. */
static uint64_t room(const struct peer *peer, uint64_t iova, uint32_t level)
{
	uint64_t table = size_at(peer, level) << (peer->tree.page_shift - 3);

	return (table - (iova & (table - 1))) >> tree_shift(&peer->tree, level);
}

/* The highest level, `level` or below, whose leaves fit: by alignment of
 * `bits`, and into `bytes`. */
static uint32_t
fitting(const struct peer *peer, uint32_t level, uint64_t bits, uint64_t bytes)
{
	uint64_t size;

	for (; level < TREE_LAST; level++) {
		size = size_at(peer, level);
		if (tree_is_leaf_level(&peer->tree, level) &&
		    !(bits & (size - 1)) && bytes >= size)
			break;
	}
	return level;
}

/* Any number up to this does the same. */
static uint64_t up_to(struct peer *peer, uint64_t count)
{
	return random_percent(peer->random, 70)
		       ? count
		       : 1 + random_below(peer->random, count);
}

/* Map */

static struct piece map_piece(struct peer *peer, uint32_t level, uint64_t iova,
			      uint64_t paddr, uint64_t bytes)
{
	struct piece piece = {
		.level = fitting(peer, level, iova | paddr, bytes),
	};
	uint64_t size = size_at(peer, piece.level), count = bytes / size;
	uint64_t most = room(peer, iova, piece.level), at = iova, end;
	struct tree_place place;

	/* A leaf would fit where a table maps something already. */
	if (fitting(peer, peer->tree.start, iova | paddr, bytes) < piece.level)
		differs(DIFFERS_BLOCK_OVER_TABLE);
	if (count > most) {
		differs(DIFFERS_TABLE_END);
		count = most;
	}
	end = iova + count * size;
	while (at < end) {
		place = tree_find(&peer->tree, at);
		if (place.kind != TREE_NONE || place.level > piece.level) {
			differs(DIFFERS_INTO_MAPPED);
			end = at;
			break;
		}
		at = (at | (size_at(peer, place.level) - 1)) + 1;
	}
	piece.count = (end - iova) / size;
	return piece;
}

int peer_map(struct peer *peer, uint64_t iova, uint64_t paddr, uint64_t bytes,
	     int prot, uint64_t *mapped)
{
	struct linux_ops *ops = peer->table.ops;
	struct tree_place place;
	struct piece piece;
	size_t done;
	int r;

	for (*mapped = 0; *mapped < bytes; *mapped += done) {
		uint64_t at = iova + *mapped, to = paddr + *mapped;

		place = tree_find(&peer->tree, at);
		piece = (struct piece){ TREE_LAST, 1 };
		if (place.kind == TREE_NONE)
			piece = map_piece(peer, place.level, at, to,
					  bytes - *mapped);
		piece.count = up_to(peer, piece.count);
		done = 0;
		r = ops->map(ops, peer->base | at, to,
			     size_at(peer, piece.level), piece.count, prot,
			     LINUX_GFP, &done);
		if (r)
			return r;
		if (place.kind == TREE_LEAF)
			peer->surprise = "Linux mapped over a leaf";
		if (done != piece.count * size_at(peer, piece.level))
			peer->surprise = "Linux mapped less than it said";
		if (peer->surprise)
			return -EPROTO;
	}
	return 0;
}

/* Unmap */

/* The highest table of which all is mapped and all is to go: its level, or 0
 * for none (level 0 has no leaves, so Linux cannot be asked for it). */
static uint32_t
full_table(struct peer *peer, uint32_t level, uint64_t iova, uint64_t bytes)
{
	uint32_t l;

	for (l = peer->tree.start; l < level; l++) {
		if (!tree_is_leaf_level(&peer->tree, l) ||
		    (iova & (size_at(peer, l) - 1)) || bytes < size_at(peer, l))
			continue;
		if (tree_mapped(&peer->tree, iova, l) == size_at(peer, l))
			return l;
		differs(DIFFERS_PARTLY_FULL);
	}
	return 0;
}

/* How many leaves of this level follow each other in one table. */
static uint64_t
leaves(struct peer *peer, uint32_t level, uint64_t iova, uint64_t bytes)
{
	uint64_t size = size_at(peer, level), most = room(peer, iova, level);
	uint64_t count = bytes / size, n;
	struct tree_place place;

	if (count > most) {
		differs(DIFFERS_TABLE_END);
		count = most;
	}
	for (n = 1; n < count; n++) {
		place = tree_find(&peer->tree, iova + n * size);
		if (place.kind != TREE_LEAF || place.level != level)
			break;
	}
	return n;
}

static struct piece
unmap_piece(struct peer *peer, uint32_t level, uint64_t iova, uint64_t bytes)
{
	uint64_t size = size_at(peer, level);
	uint64_t left = size - (iova & (size - 1));
	uint32_t full = full_table(peer, level, iova, bytes);
	struct piece piece;

	if (full && random_percent(peer->random, 50))
		return (struct piece){ full, 1 };
	if (left == size && bytes >= size)
		return (struct piece){ level,
				       leaves(peer, level, iova, bytes) };
	/* Part of a leaf: Linux splits it too. */
	if (bytes > left)
		bytes = left;
	piece.level = fitting(peer, level + 1, iova, bytes);
	piece.count = bytes >> tree_shift(&peer->tree, piece.level);
	if (piece.count > room(peer, iova, piece.level))
		piece.count = room(peer, iova, piece.level);
	return piece;
}

/* Gathers differ in what they note, and not in what is unmapped. */
static struct linux_gather *
any_gather(struct peer *peer, struct linux_gather *g)
{
	*g = (struct linux_gather){ .start = ~0ul };
	g->queued = random_percent(peer->random, 50);
	return random_percent(peer->random, 20) ? NULL : g;
}

uint64_t peer_unmap(struct peer *peer, uint64_t iova, uint64_t bytes)
{
	struct linux_ops *ops = peer->table.ops;
	uint64_t end = iova + bytes, unmapped = 0, done;
	struct linux_gather gather;
	struct tree_place place;
	struct piece piece;

	while (iova < end) {
		place = tree_find(&peer->tree, iova);
		if (place.kind == TREE_NONE) {
			differs(DIFFERS_HOLES);
			iova |= size_at(peer, place.level) - 1;
			iova++;
			continue;
		}
		piece = unmap_piece(peer, place.level, iova, end - iova);
		piece.count = up_to(peer, piece.count);
		done = ops->unmap(ops, peer->base | iova,
				  size_at(peer, piece.level), piece.count,
				  any_gather(peer, &gather));
		if (done != piece.count * size_at(peer, piece.level)) {
			peer->surprise = "Linux unmapped less than was mapped";
			return unmapped + done;
		}
		unmapped += done;
		iova += done;
	}
	return unmapped;
}

/* Dirty */

int peer_dirty(struct peer *peer, uint64_t iova, uint64_t bytes, bool keep,
	       struct linux_dirty *dirty)
{
	struct linux_ops *ops = peer->table.ops;
	uint64_t end = iova + bytes, size, base;
	uint64_t first = iova;
	struct tree_place place;
	bool part;
	int r;

	for (; iova < end; iova = base + size) {
		place = tree_find(&peer->tree, iova);
		size = size_at(peer, place.level);
		base = iova & ~(size - 1);
		if (place.kind == TREE_NONE) {
			differs(DIFFERS_DIRTY_HOLES);
			continue;
		}
		part = base < first || base + size > end;
		if (part)
			differs(DIFFERS_DIRTY_PARTS);
		r = ops->dirty(ops, base, size,
			       keep || part ? LINUX_DIRTY_KEEP : 0, dirty);
		if (r)
			return r;
	}
	return 0;
}
