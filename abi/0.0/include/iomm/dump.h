/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Dumps of page tables: as text for a reader, or as a compact binary for a
 * core dump, which another process can load and look at.
 */
#ifndef IOMM_DUMP_H
#define IOMM_DUMP_H

#include <iomm/types.h>

/** A line for each table, and for each stretch of like leaves. */
#define IOMM_DUMP_TEXT	 0u
/** Registers, and every table with all that is in it. The same on every host;
 * docs/dump.md has the layout. */
#define IOMM_DUMP_BINARY 1u

IOMM_BEGIN_DECLS

/**
 * Writes out all of a table.
 *
 * @param pgtable a table
 * @param form IOMM_DUMP_*
 * @param write called for each piece in turn; text comes in whole lines with
 *        their line feed and without a zero. Anything but 0 ends the dump and
 *        is returned
 * @param data handed to `write`
 *
 * Ownership: a piece is valid during the call only.
 * Thread: any when the table is shared, else externally synchronised. What
 *   others change meanwhile is in the dump as it was before or after.
 * Context: runs a callback, which must not change an exclusive table.
 *   Allocates nothing.
 * Errors: EINVAL, what `write` returned.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_dump(struct iomm_pgtable *pgtable, uint32_t form,
		  int (*write)(void *data, const void *piece, uint64_t bytes),
		  void *data);

/**
 * Makes a page table out of a binary dump, to be looked at: translated, walked,
 * its extents read, dumped again. Tables have the addresses that they had.
 * What would change it answers EOPNOTSUPP.
 *
 * @param ctx the context
 * @param dump the dump; anybody may have written it
 * @param bytes its length
 * @param out the table, exclusive, with one reference
 *
 * Ownership: the caller owns the reference; the dump is not kept.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (it is no dump, or damaged; the sentence says where),
 *   EOPNOTSUPP (a later version), ENOSPC, ENOMEM; for a format that is not
 *   there, or not yet, as iomm_format_request() without waiting.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pgtable_load(struct iomm_ctx *ctx, const void *dump, uint64_t bytes,
		  struct iomm_pgtable **out);

IOMM_END_DECLS

#endif
