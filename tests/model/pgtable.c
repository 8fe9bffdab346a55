/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The page table as a subject of the harness: which operations there are, and
 * how often each. */
#include "model/pgtable.h"

#define MAP_ARGS "iova bytes paddr prot how fail"

static const struct model_kind kinds[] = {
	{ "map", MAP_ARGS, 30, generate_map, apply_map },
	{ "map-large", MAP_ARGS, 2, generate_map_large, apply_map },
	{ "segments", "iova seed prot how fail", 4, generate_segments,
	  apply_segments },
	{ "unmap", "iova bytes gather cursor fail", 20, generate_unmap,
	  apply_unmap },
	{ "unmap-all", "iova bytes gather cursor fail", 1, generate_unmap_all,
	  apply_unmap },
	{ "unmap-extents", "iova bytes gather room fail", 4,
	  generate_unmap_extents, apply_unmap_extents },
	{ "protect", "iova bytes prot gather fail", 8, generate_protect,
	  apply_protect },
	{ "split", "iova bytes page_size fail", 3, generate_split,
	  apply_split },
	{ "merge", "iova bytes gather fail", 4, generate_merge, apply_merge },
	{ "dirty", "iova bytes flags gather fail", 4, generate_dirty,
	  apply_dirty },
	{ "access", "iova count seed", 12, generate_access, apply_access },
	{ "look", "iova", 12, generate_look, apply_look },
	{ "extents", "iova bytes room", 3, generate_extents, apply_extents },
	{ "flush", "gather fail", 9, generate_flush, apply_flush },
	{ "abandon", "gather", 1, generate_abandon, apply_abandon },
	{ "flush-all", "fail", 1, generate_flush_all, apply_flush_all },
	{ "reserve", "iova bytes which fail", 2, generate_reserve,
	  apply_reserve },
	{ "commit", "offset bytes paddr prot how", 4, generate_commit,
	  apply_commit },
	{ "release", "which", 1, generate_release, apply_release },
	{ "adopt", "fail", 1, generate_adopt, apply_adopt },
	{ "dump", "form fail", 1, generate_dump, apply_dump },
	{ "trim", "", 1, NULL, apply_trim },
	{ "restore", "fail", 1, generate_restore, apply_restore },
	{ "wrong", MAP_ARGS, 2, generate_wrong, apply_wrong },
};

const struct model model_pgtable = {
	.name = "pgtable",
	.kinds = kinds,
	.nr_kinds = LENGTH(kinds),
	.life = 1500,
	.check_every = 500,
	.make = subject_make,
	.describe = subject_describe,
	.check = subject_check,
	.destroy = subject_destroy,
};
