/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A walk as hardware does it: from register values, over memory that anybody
 * may have written. It trusts nothing: levels are bounded by the format, each
 * address is checked against the output width, and what the architecture
 * reserves is a fault. No table object is needed.
 */
#ifndef IOMM_PGTABLE_RAW_WALK_H
#define IOMM_PGTABLE_RAW_WALK_H

#include <stdint.h>

struct iomm_format;

/* What stopped a walk. Whether the access is permitted is the caller's to say,
 * from the protection. */
#define IOMM_RAW_OK 0u
#define IOMM_RAW_TRANSLATION \
	1u			 /* an invalid or reserved descriptor, or an
				    input address outside the width */
#define IOMM_RAW_ADDRESS_SIZE 2u /* an address beyond the output width */
#define IOMM_RAW_ACCESS_FLAG  3u /* the access flag is clear */
#define IOMM_RAW_EXTERNAL     4u /* a descriptor could not be fetched */
#define IOMM_RAW_REGISTERS    5u /* register values that the format has not */

struct iomm_raw_walker {
	uint64_t regs[8]; /* as in iomm_pgtable_info */
	/* The descriptor at `pa`, as a number; anything but 0: no such memory.
	 * `pa` is aligned to the descriptor. */
	int (*fetch)(void *data, uint64_t pa, uint64_t *desc);
	void *data;
};

struct iomm_raw_result {
	uint32_t fault;	 /* IOMM_RAW_* */
	int32_t level;	 /* of the fault, or of the leaf */
	uint32_t prot;	 /* IOMM_PROT_*, restrictions of tables included */
	int fetch_error; /* IOMM_RAW_EXTERNAL: what fetch answered */
	uint64_t paddr;	 /* exactly for the address asked for */
	uint64_t page_size;
	uint64_t desc; /* the descriptor read last */
};

/* Fills `out`, always. EINVAL when the format cannot be walked like this. */
int iomm_raw_walk(const struct iomm_format *format,
		  const struct iomm_raw_walker *walker, uint64_t iova,
		  struct iomm_raw_result *out);

#endif
