/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reserved memory of devices behind an SMMU: the Reserved Memory Range nodes of
 * IORT (DEN0049E.e). */
#include "device/acpi/iort.h"

/* Offsets in an RMR node. */
#define RMR_FLAGS      16u
#define RMR_NR_RANGES  20u
#define RMR_RANGES     24u
#define RMR_NODE       28u
#define RMR_RANGE      20u
/* The node's flags. */
#define RMR_REMAPPABLE (1u << 0)
#define RMR_PRIVILEGED (1u << 1)
/* Bits 9:2 of the flags: device memory up to 3, then normal memory. */
#define RMR_DEVICE_GRE 3u
#define RMR_WRITE_BACK 5u

int iomm_iort_check_rmr(const struct acpi_source *source,
			const struct acpi_table *table, uint32_t node)
{
	uint32_t end = acpi_end(table, node);
	int err;

	/* E, E.a and E.c, of revisions 1, 2 and 4, had others and were
	 * withdrawn. */
	if (acpi_revision(table) < 3 || acpi_revision(table) == 4)
		return ACPI_FAIL(source, table, node, IOMM_EOPNOTSUPP,
				 "memory is reserved by an RMR node, and those "
				 "of revision %u of this table were withdrawn",
				 acpi_revision(table));
	err = iomm_acpi_room(source, table, node, RMR_NODE, end, "an RMR node");
	if (err || !acpi_u32(table, node + RMR_NR_RANGES))
		return err;
	if (acpi_u32(table, node + RMR_RANGES) > end - node)
		return ACPI_FAIL(source, table, node + RMR_RANGES, IOMM_EINVAL,
				 "the memory ranges start %x bytes behind the "
				 "start of a node of %x",
				 acpi_u32(table, node + RMR_RANGES),
				 end - node);
	return iomm_acpi_room(source, table,
			      node + acpi_u32(table, node + RMR_RANGES),
			      (uint64_t)acpi_u32(table, node + RMR_NR_RANGES) *
				      RMR_RANGE,
			      end, "an array of memory ranges");
}

/* Attributes came with revision 5, of E.d. */
static uint32_t prot_of(const struct acpi_table *table, uint32_t flags)
{
	const uint32_t attributes = flags >> 2 & 0xff;
	uint32_t prot = IOMM_PROT_READ | IOMM_PROT_WRITE;

	if (acpi_revision(table) < 5)
		return prot;
	if (flags & RMR_PRIVILEGED)
		prot |= IOMM_PROT_PRIV;
	if (attributes <= RMR_DEVICE_GRE)
		prot |= IOMM_PROT_MMIO;
	if (attributes == RMR_WRITE_BACK)
		prot |= IOMM_PROT_CACHE;
	return prot;
}

static int add_ranges(struct acpi_question *q, uint32_t node)
{
	const struct acpi_table *table = q->table;
	uint32_t flags = acpi_u32(table, node + RMR_FLAGS);
	uint32_t count = acpi_u32(table, node + RMR_NR_RANGES);
	uint32_t at = node + acpi_u32(table, node + RMR_RANGES);
	int err = 0;

	for (; count && !err; count--, at += RMR_RANGE)
		err = iomm_acpi_add_region(
			q,
			flags & RMR_REMAPPABLE ? IOMM_REGION_DIRECT_RELAXABLE
					       : IOMM_REGION_DIRECT,
			acpi_u64(table, at), acpi_u64(table, at + 8),
			prot_of(table, flags), ACPI_AT_MEMORY, at);
	return err;
}

/* Is the node's memory reserved for this ID at this SMMU? What its mappings
 * come from means nothing. */
static bool is_for(const struct acpi_table *table, uint32_t node, uint32_t smmu,
		   uint32_t id)
{
	uint32_t count = acpi_u32(table, node + IORT_NR_MAPPINGS), n;
	struct iort_mapping mapping;

	for (n = 0; n < count; n++) {
		mapping = iomm_iort_mapping(table, node, n);
		if (mapping.target == smmu && id >= mapping.to &&
		    id - mapping.to <= mapping.last - mapping.first)
			return true;
	}
	return false;
}

int iomm_iort_add_regions(struct acpi_question *q, uint32_t smmu, uint32_t id)
{
	uint32_t node = 0;
	int err = 0;

	while (!err && acpi_next(q->table, &node)) {
		if (acpi_u8(q->table, node) == IORT_RMR &&
		    is_for(q->table, node, smmu, id))
			err = add_ranges(q, node);
	}
	return err;
}
