/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The tables of a firmware source that a program describes itself. */
#ifndef IOMM_DEVICE_STATIC_FIRMWARE_H
#define IOMM_DEVICE_STATIC_FIRMWARE_H

#include <iomm/static_firmware.h>

#include "base/ctx.h"

/* As it was given, but for the strings, which are the source's own. */
struct iomm_static_entry {
	struct iomm_static_node s;
	char *name, *compatible;
};

/* Copies of the tables. */
struct iomm_static_tables {
	struct iomm_static_entry *nodes;
	struct iomm_static_map *maps;
	struct iomm_static_region *regions;
	struct iomm_static_range *ranges;
	uint32_t nr_nodes, nr_maps, nr_regions, nr_ranges;
};

/* Places: a table, and an index in it. */
enum {
	IOMM_STATIC_NODES,
	IOMM_STATIC_MAPS,
	IOMM_STATIC_REGIONS,
	IOMM_STATIC_RANGES,
	IOMM_STATIC_TABLES,
};

static inline uint64_t iomm_static_place(uint32_t table, uint32_t index)
{
	return (uint64_t)table << 32 | index;
}

/* Entries as a description has them. */

static inline struct iomm_reserved_region
iomm_static_region_of(const struct iomm_static_tables *t, uint32_t index)
{
	const struct iomm_static_region *from = &t->regions[index];

	return (struct iomm_reserved_region){
		.kind = from->kind,
		.first = from->first,
		.last = from->last,
		.paddr = from->paddr,
		.prot = from->prot,
		.flags = from->flags,
		.place = iomm_static_place(IOMM_STATIC_REGIONS, index),
	};
}

static inline struct iomm_dma_range
iomm_static_range_of(const struct iomm_static_tables *t, uint32_t index)
{
	const struct iomm_static_range *from = &t->ranges[index];

	return (struct iomm_dma_range){
		.first = from->first,
		.last = from->last,
		.paddr = from->paddr,
		.place = iomm_static_place(IOMM_STATIC_RANGES, index),
	};
}

extern const char *const iomm_static_table_names[IOMM_STATIC_TABLES];

/* EINVAL with a sentence that names the entry. */
#define IOMM_STATIC_FAIL(ctx, table, index, ...) \
	iomm_static_fail((ctx), (table), (index), IOMM_TEXT(__VA_ARGS__))
int iomm_static_fail(struct iomm_ctx *ctx, uint32_t table, uint32_t index,
		     const uint64_t *text);

/* Is everything in the tables possible, and nothing contradicts another? */
int iomm_static_check(struct iomm_ctx *ctx, const struct iomm_static_tables *t);

#endif
