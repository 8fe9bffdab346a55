/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One instance of the engine for VMSAv8-64: what does not depend on the stage.
 * A format file includes it for each granule and width, after it has defined
 *
 *   FMT_FN(name)	as for engine.h
 *   ARM64_GRANULE	log2 of the granule: 12, 14 or 16
 *   ARM64_WIDE		1: addresses of 52 bits in descriptors, else 0
 *
 * and, once, what depends on the stage. With 64 KiB, wide addresses are
 * FEAT_LPA, with 4 and 16 KiB FEAT_LPA2 (ARM64_DS); they also bring a level of
 * blocks more, and 4 KiB a level more, which is called -1.
 */
#define ARM64_DS (ARM64_WIDE && ARM64_GRANULE != 16)

#define ARM64_OA                                                            \
	((struct arm64_oa){                                                 \
		.same = (UINT64_C(1) << (ARM64_DS ? 50 : 48)) -             \
			(UINT64_C(1)                                        \
			 << (ARM64_WIDE && ARM64_GRANULE == 16 ? 16 : 12)), \
		.field = !ARM64_WIDE ? 0                                    \
			 : ARM64_DS  ? UINT64_C(0x300)                      \
				     : UINT64_C(0xf000),                     \
		.up = ARM64_DS ? 42 : 36 })

/* Levels are counted from below here: pages are 0. */
#define ARM64_ABOVE(level) (FMT_LEVELS - 1u - (level))
#define ARM64_OFFSET(level) \
	((UINT64_C(1) << (ARM64_GRANULE + ARM64_ABOVE(level) * FMT_BITS)) - 1)
/* D8.7.1: log2 of the entries of a run, a hexadecimal digit for each level. */
#define ARM64_RUNS \
	(ARM64_GRANULE == 12 ? 0x444u : ARM64_GRANULE == 14 ? 0x057u : 0x055u)
#define ARM64_BIT(n) (UINT64_C(1) << (n))
/* Leaves and runs: 4K 64K 2M 32M 1G 16G; 16K 2M 32M 1G; 64K 2M 512M 16G. */
#define ARM64_SIZES                                                      \
	(ARM64_GRANULE == 12                                             \
		 ? ARM64_BIT(12) | ARM64_BIT(16) | ARM64_BIT(21) |       \
			   ARM64_BIT(25) | ARM64_BIT(30) | ARM64_BIT(34) \
	 : ARM64_GRANULE == 14 ? ARM64_BIT(14) | ARM64_BIT(21) |         \
					 ARM64_BIT(25) | ARM64_BIT(30)   \
			       : ARM64_BIT(16) | ARM64_BIT(21) |         \
					 ARM64_BIT(29) | ARM64_BIT(34))
/* The blocks that wide addresses add: 512G, 64G, 4T. */
#define ARM64_WIDE_SIZE \
	ARM64_BIT(ARM64_GRANULE == 12 ? 39 : ARM64_GRANULE == 14 ? 36 : 42)

#define FMT_PAGE_SHIFT ((uint32_t)ARM64_GRANULE)
#define FMT_BITS       (ARM64_GRANULE - 3u)
#define FMT_LEVELS     (ARM64_WIDE && ARM64_GRANULE == 12 ? 5u : 4u)
#define FMT_TOP_LEVEL  (ARM64_WIDE && ARM64_GRANULE == 12 ? -1 : 0)
#define FMT_DESC_SHIFT 3u
#define FMT_MIN_ROOT   64u
#define FMT_MAX_OAS    (ARM64_WIDE ? 52u : 48u)
#define FMT_IAS	       48u
#define FMT_OAS	       48u

/* Leaves: at the last two levels, at three with 4 KiB, at one more if wide. */
#define FMT_LEAF_LEVELS                                             \
	((ARM64_GRANULE == 12 ? 0xeu : 0xcu) << (FMT_LEVELS - 4u) | \
	 (ARM64_WIDE ? 2u : 0u))
#define FMT_CONT_SHIFT(level) (ARM64_RUNS >> 4 * ARM64_ABOVE(level) & 0xf)
#define FMT_CONT	      ARM64_CONT
#define FMT_PAGE_SIZES	      (ARM64_SIZES | (ARM64_WIDE ? ARM64_WIDE_SIZE : 0))

#define FMT_LEAF(pa, attrs, level) \
	arm64_leaf(ARM64_OA, pa, attrs, (level) == FMT_LEVELS - 1)
#define FMT_NEXT(desc, bytes)  arm64_next(ARM64_OA, desc, bytes)
#define FMT_VECTOR	       (!ARM64_WIDE)
#define FMT_PAGE_BITS	       ARM64_TYPE
#define FMT_TABLE(pgtable, pa) (arm64_pack(ARM64_OA, pa) | ARM64_TYPE)
#define FMT_VALID(desc)	       ((desc)&ARM64_VALID)
#define FMT_KIND(desc, level)                       \
	arm64_kind(desc, (level) == FMT_LEVELS - 1, \
		   FMT_LEAF_LEVELS >> (level)&1)
#define FMT_LEAF_PA(desc, level) \
	(arm64_unpack(ARM64_OA, desc) & ~ARM64_OFFSET(level))
#define FMT_TABLE_PA(desc) \
	(arm64_unpack(ARM64_OA, desc) & ~ARM64_OFFSET(FMT_LEVELS - 1))
#define FMT_ATTRS(desc)	   arm64_attrs(ARM64_OA, desc)
#define FMT_BROKEN(desc)   ((desc) & ~ARM64_VALID)
#define FMT_WHOLE(desc)	   ((desc) | ARM64_VALID)
#define FMT_ACCESSED(desc) ((desc)&ARM64_AF)

#include "pgtable/engine.h"

#undef ARM64_GRANULE
#undef ARM64_WIDE
