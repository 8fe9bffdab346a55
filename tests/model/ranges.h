/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is mapped where, as simply as it can be kept: a sorted array. */
#ifndef MODEL_RANGES_H
#define MODEL_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct range {
	uint64_t iova, last; /* inclusive */
	uint64_t paddr;
	uint32_t prot;
};

struct ranges {
	struct range *range;
	uint32_t count, room;
};

/* The first range that ends at or after `iova`; `count` when there is none. */
uint32_t ranges_from(const struct ranges *ranges, uint64_t iova);

/* The range that holds `iova`, or NULL. */
const struct range *ranges_at(const struct ranges *ranges, uint64_t iova);

/* Bytes from `iova` on, up to `last`, in which nothing is mapped. */
uint64_t
ranges_free_bytes(const struct ranges *ranges, uint64_t iova, uint64_t last);

/* Bytes mapped in [iova, last]. */
uint64_t
ranges_mapped_bytes(const struct ranges *ranges, uint64_t iova, uint64_t last);

/* Nothing is mapped in it. */
void ranges_add(struct ranges *ranges, uint64_t iova, uint64_t bytes,
		uint64_t paddr, uint32_t prot);

/* Unmaps the first `bytes` that are mapped in [iova, last]. Answers the last
 * address that it went to. */
uint64_t ranges_remove(struct ranges *ranges, uint64_t iova, uint64_t last,
		       uint64_t bytes);

/* Gives the first `bytes` that are mapped in [iova, last] another protection.
 * Answers the last address that it went to. */
uint64_t ranges_protect(struct ranges *ranges, uint64_t iova, uint64_t last,
			uint64_t bytes, uint32_t prot);

/* The first stretch in [iova, last] in which output addresses and protection go
 * on; false: nothing is mapped there. */
bool ranges_stretch(const struct ranges *ranges, uint64_t iova, uint64_t last,
		    struct range *out);

void ranges_clear(struct ranges *ranges);

#endif
