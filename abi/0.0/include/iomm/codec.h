/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * A page-table format as a codec: numbers that say how its tables are laid out,
 * and functions that put a descriptor together and take it apart. The library's
 * engine does the rest, through one generic instance, so a codec can be written
 * in any language, and costs a call or more for each descriptor
 * (docs/plugins.md has it measured).
 *
 * What a codec can describe: descriptors of 8 bytes; tables as large as a
 * page of the last level; levels that resolve the same number of address bits
 * each (page_shift - 3), save the first, which may be shorter, or several tables
 * long; one bit that says that a descriptor is valid, among the lower 32. What
 * has more than that to it is compiled against the engine instead.
 *
 * Levels are counted from 0, the topmost that there can be, to `levels` - 1,
 * the pages.
 *
 * The functions are pure: they answer from their arguments and `data` alone,
 * the same each time, and call nothing of the library. They run in atomic
 * context, on several threads at once. What they answer is checked where it is
 * used as an address or a length. Before a codec is used it is tried out on
 * samples, and what contradicts itself is ELIBBAD.
 */
#ifndef IOMM_CODEC_H
#define IOMM_CODEC_H

#include <iomm/pgtable.h>

#define IOMM_CODEC_NONE	 0u /**< nothing, or what is reserved */
#define IOMM_CODEC_TABLE 1u /**< links a table */
#define IOMM_CODEC_LEAF	 2u /**< maps memory */

/** Levels that a codec can have. */
#define IOMM_CODEC_LEVELS 8u

/** What registers say of a table: for a codec's `registers` and `start`. */
struct iomm_codec_table {
	uint32_t size;	/**< sizeof(struct iomm_codec_table) */
	uint32_t flags; /**< IOMM_PGTABLE_*; start: not used */

	uint32_t ias;	      /**< input address width, bits */
	uint32_t oas;	      /**< output address width, bits */
	iomm_u64 root;	      /**< address of the first table */
	iomm_u64 first_iova;  /**< first address that it translates */
	uint32_t start_level; /**< of the first table; start: not used */
	uint32_t pad;	      /**< 0 */
};

#define IOMM_CODEC_TABLE_SIZE_VER0 40u
IOMM_LAYOUT(sizeof(struct iomm_codec_table) == IOMM_CODEC_TABLE_SIZE_VER0,
	    "iomm_codec_table");

/** A format at one granule. */
struct iomm_codec {
	uint32_t size;	/**< sizeof(struct iomm_codec) */
	uint32_t flags; /**< 0 */

	/* Geometry */

	uint32_t page_shift; /**< log2 of a page, and of a table: 9 to 16 */
	uint32_t levels;     /**< how many there can be: 1 to 8 */
	int32_t top_level;   /**< what the architecture calls level 0 */
	uint32_t concat;   /**< log2 of the tables side by side that can be the
				first one: 0 to 4 */
	uint32_t min_root; /**< least size and alignment of the first table:
				bytes, a power of two, 64 or more */
	uint32_t min_ias;  /**< input widths that can be asked for, bits: over
				page_shift, ... */
	uint32_t max_ias;  /**< ... and what the levels resolve at most */
	uint32_t max_oas;  /**< output width at most, bits: up to 63 */
	uint32_t ias;	   /**< what one gets who asks for none */
	uint32_t oas;	   /**< likewise */
	/** A bit for each level where leaves may be; at the last they must. */
	uint32_t leaf_levels;
	uint32_t nr_regs; /**< registers in use: up to IOMM_PGTABLE_REGS */
	/** By level: log2 of the leaves of a contiguous run; 0: no runs. */
	uint8_t run_shift[IOMM_CODEC_LEVELS];

	/* Bits of descriptors */

	iomm_u64 valid; /**< the bit without which walkers look no further */
	iomm_u64 run;	/**< the bit of a leaf that is part of a run, or 0 */
	/** All bits of a leaf but address, type, `valid` and `run`; those of no
	 * known meaning, too. */
	iomm_u64 attrs;
	/** Attributes that change by break-before-make only. */
	iomm_u64 breaks;
	/** A leaf without all of these ends a walk; of `attrs`. */
	iomm_u64 accessed;
	/** Hardware has noted a write in a leaf whose bits `dirty_mask` are
	 * `dirty_value`; without the note its bit `dirty` is the other way
	 * round. All of them are of `attrs`; 0: hardware notes none. */
	iomm_u64 dirty_mask;
	iomm_u64 dirty_value; /**< see `dirty_mask` */
	iomm_u64 dirty;	      /**< see `dirty_mask`; one bit of it */
	/** Bits of a link that restrict what is below it. */
	iomm_u64 restricts;
	/** What to add to a leaf to get the one of the next page, if addresses
	 * are in one piece; else 0: then it is made anew each time. */
	iomm_u64 page_step;

	/* Meaning */

	uint32_t prot;	      /**< IOMM_PROT_* that can be expressed */
	uint32_t table_flags; /**< IOMM_PGTABLE_UPPER, _DIRTY, _NS, _S2FWB
				   that it has */

	IOMM_PTR(void *, data); /**< handed to the functions */
	/** The same format at another granule or width, or NULL. What asks for
	 * no more gets the first that is wide enough. */
	IOMM_PTR(const struct iomm_codec *, next);

	/** A leaf: `pa` is a multiple of what it maps, `attrs` are of `attrs`.
	 * Required. */
	IOMM_FN(uint64_t, leaf,
		(void *data, uint64_t pa, uint64_t attrs, uint32_t level));
	/** A link to the table at `pa`, for a table of these IOMM_PGTABLE_*.
	 * Required. */
	IOMM_FN(uint64_t, link,
		(void *data, uint64_t pa, uint32_t table_flags));
	/** What a valid descriptor is: IOMM_CODEC_*. Required. */
	IOMM_FN(uint32_t, kind, (void *data, uint64_t desc, uint32_t level));
	/** Where a leaf leads to. What is below its size does not count.
	 * Required. */
	IOMM_FN(uint64_t, leaf_address,
		(void *data, uint64_t desc, uint32_t level));
	/** Where a link leads to. Required. */
	IOMM_FN(uint64_t, link_address, (void *data, uint64_t desc));
	/** How leaves of a protection look: 0 and `*attrs`, or -IOMM_EOPNOTSUPP
	 * when it cannot be expressed. Required. */
	IOMM_FN(int, encode,
		(void *data, uint32_t prot, uint32_t table_flags,
		 uint64_t *attrs));
	/** IOMM_PROT_* of a leaf, as these registers (IOMM_PGTABLE_REGS of
	 * them) and `restricts` of the links above it have it. Required. */
	IOMM_FN(uint32_t, decode,
		(void *data, uint64_t desc, const uint64_t *regs,
		 uint64_t restricts));
	/** Fills `regs`, which are 0, for a table. Required. */
	IOMM_FN(void, registers,
		(void *data, const struct iomm_codec_table *table,
		 uint64_t *regs));
	/** Reads them back into `table`, which is 0: `ias`, `oas`, `root` and
	 * `first_iova`. Anything but 0: they are none of this codec. NULL:
	 * cannot be told. */
	IOMM_FN(int, start,
		(void *data, const uint64_t *regs,
		 struct iomm_codec_table *table));
};

#define IOMM_CODEC_SIZE_VER0 240u
IOMM_LAYOUT(sizeof(struct iomm_codec) == IOMM_CODEC_SIZE_VER0, "iomm_codec");

#endif
