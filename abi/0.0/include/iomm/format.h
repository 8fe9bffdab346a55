/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Page-table formats. A context knows formats by name; the built-in ones are
 * part of it. A handle pins the format.
 *
 * | name       | what                                                     |
 * |------------|----------------------------------------------------------|
 * | "arm64-s1" | VMSAv8-64 stage 1 (Arm ARM DDI 0487, chapter D8)         |
 * | "arm64-s2" | VMSAv8-64 stage 2 (Arm ARM DDI 0487, chapter D8)         |
 */
#ifndef IOMM_FORMAT_H
#define IOMM_FORMAT_H

#include <iomm/types.h>

/** What a format can do at most. */
struct iomm_format_info {
	uint32_t size;	/**< sizeof(struct iomm_format_info) */
	uint32_t flags; /**< 0 */

	iomm_u64 granules; /**< table granules: a bit 2^n for each, in bytes */
	uint32_t max_ias;  /**< widest input address, bits */
	uint32_t max_oas;  /**< widest output address, bits */
	uint32_t prot;	   /**< IOMM_PROT_* that can be expressed */
	uint32_t nr_regs;  /**< entries of iomm_pgtable_info.regs in use */
};

#define IOMM_FORMAT_INFO_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_format_info) == IOMM_FORMAT_INFO_SIZE_VER0,
	    "iomm_format_info");

IOMM_BEGIN_DECLS

/**
 * Asks for a format, and pins it.
 *
 * @param ctx the context
 * @param name the format's name
 * @param flags 0
 * @param out the format, with one reference
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL (NULL, unknown flags); ENOENT: nobody registered it;
 *   ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_request(struct iomm_ctx *ctx, const char *name, uint32_t flags,
		    struct iomm_format **out);

/**
 * What the format can do.
 *
 * @param format a format
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_format_info(struct iomm_format *format, struct iomm_format_info *info);

/**
 * Takes a reference.
 *
 * @param format a format to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_format *iomm_format_get(struct iomm_format *format);

/**
 * Gives a reference back.
 *
 * @param format a format, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_format_put(struct iomm_format *format);

IOMM_END_DECLS

#endif
