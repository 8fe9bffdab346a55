/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* IVRS, the table of AMD's machines (48882 rev. 3.09, chapter 5). */
#include "device/acpi/ivrs.h"

/* Offsets in an IVHD. */
#define IVHD_BASE      8u
#define IVHD_SEGMENT   16u
/* Flag of an IVHD: remote IOTLBs, which is ATS. */
#define IVHD_IOTLB     (1u << 4)
/* The registers of an IOMMU without performance counters. */
#define IVHD_REGISTERS 0x4000u

/* Offsets in an IVMD, and its bytes and flags. */
#define IVMD_LAST      6u
#define IVMD_SEGMENT   8u
#define IVMD_START     16u
#define IVMD_BYTES     24u
#define IVMD	       32u
#define IVMD_UNITY     (1u << 0)
#define IVMD_READ      (1u << 1)
#define IVMD_WRITE     (1u << 2)
#define IVMD_EXCLUSION (1u << 3)

static uint16_t segment_of(const struct acpi_table *table, uint32_t ivhd)
{
	return acpi_u16(table, ivhd + IVHD_SEGMENT);
}

/* The structure */

static int check(const struct acpi_source *source,
		 const struct acpi_table *table, uint32_t block)
{
	uint32_t type = acpi_u8(table, block);

	if (ivrs_is_ivhd(type))
		return iomm_ivrs_check_entries(source, table, block);
	if (type == IVMD_ALL || type == IVMD_ONE || type == IVMD_RANGE)
		return iomm_acpi_room(source, table, block, IVMD,
				      acpi_end(table, block), "an IVMD");
	return 0;
}

/* One IOMMU has a block of each type that some software knows. That of the
 * highest number says all that the others say; 10h is the oldest. */
static bool
is_same_iommu(const struct acpi_table *table, uint32_t a, uint32_t b)
{
	return acpi_u16(table, a + IVRS_ID) == acpi_u16(table, b + IVRS_ID) &&
	       segment_of(table, a) == segment_of(table, b);
}

/* 1: no block says more of the same IOMMU than this one does. */
static int is_best(const struct acpi_source *source,
		   const struct acpi_table *table, uint32_t ivhd)
{
	uint32_t other = 0;

	while (acpi_next(table, &other)) {
		if (other == ivhd || !ivrs_is_ivhd(acpi_u8(table, other)) ||
		    !is_same_iommu(table, ivhd, other))
			continue;
		if (acpi_u8(table, other) == acpi_u8(table, ivhd))
			return ACPI_FAIL(source, table, ivhd, IOMM_EINVAL,
					 "there are two IVHDs of type %x for "
					 "one IOMMU: the other is at %x",
					 acpi_u8(table, ivhd), other);
		if (acpi_u8(table, other) > acpi_u8(table, ivhd))
			return 0;
	}
	return 1;
}

static int add_devices(struct acpi_source *source,
		       const struct acpi_table *table, uint32_t ivhd)
{
	struct acpi_node node = { .table = ACPI_IVRS,
				  .flags = IOMM_NODE_CLIENT |
					   IOMM_NODE_AVAILABLE |
					   IOMM_NODE_COHERENT };
	struct ivrs_entry entry = { 0 };
	int err = 0;

	while (!err && iomm_ivrs_next_entry(table, ivhd, &entry)) {
		if (entry.kind == IVRS_FUNCTIONS || entry.kind == IVRS_OTHER)
			continue;
		node.kind = entry.kind == IVRS_NAMED ? ACPI_DEVICE
						     : ACPI_SPECIAL;
		node.number = entry.handle;
		node.offset = entry.offset;
		err = iomm_acpi_add_node(source, node);
	}
	return err;
}

static int add_iommu(struct acpi_source *source, const struct acpi_table *table,
		     uint32_t ivhd)
{
	const struct acpi_node node = { .kind = ACPI_IOMMU,
					.table = ACPI_IVRS,
					.offset = ivhd,
					.flags = IOMM_NODE_IOMMU |
						 IOMM_NODE_AVAILABLE };
	int err = iomm_acpi_add_node(source, node);

	if (!err)
		err = iomm_acpi_add_segment(source, segment_of(table, ivhd),
					    ACPI_COHERENT);
	return err ? err : add_devices(source, table, ivhd);
}

static int
add(struct acpi_source *source, const struct acpi_table *table, uint32_t block)
{
	int best;

	if (!ivrs_is_ivhd(acpi_u8(table, block)))
		return 0;
	best = is_best(source, table, block);
	return best > 0 ? add_iommu(source, table, block) : best;
}

/* What is known of nodes */

static void
name(const struct acpi_source *source, const struct acpi_node *node, char *buf)
{
	const struct acpi_table *table = &source->tables[ACPI_IVRS];

	if (node->kind == ACPI_IOMMU)
		(void)iomm_text_render(
			buf, ACPI_NAME,
			IOMM_TEXT("IVRS: IOMMU @%x",
				  acpi_u64(table, node->offset + IVHD_BASE)));
	else if (node->kind == ACPI_DEVICE)
		iomm_ivrs_name(table, node->offset, buf);
	else
		(void)iomm_text_render(
			buf, ACPI_NAME,
			IOMM_TEXT("IVRS: %s %u",
				  IOMM_STR(iomm_ivrs_entry(table, node->offset)
								   .kind ==
							   IVRS_HPET
						   ? "HPET"
						   : "IOAPIC"),
				  node->number));
}

static void registers(const struct acpi_table *table, uint32_t ivhd,
		      struct iomm_node_info *info)
{
	info->reg_base = acpi_u64(table, ivhd + IVHD_BASE);
	info->reg_bytes = IVHD_REGISTERS;
}

static const char *compatible(const struct acpi_table *table, uint32_t ivhd)
{
	(void)table;
	(void)ivhd;
	return "amd,iommu";
}

/* Answers */

/* Is the memory of a block, which may be of any type, for an ID? */
static bool is_for(const struct acpi_table *table, uint32_t block, uint16_t id)
{
	switch (acpi_u8(table, block)) {
	case IVMD_ALL:
		return true;
	case IVMD_ONE:
		return id == acpi_u16(table, block + IVRS_ID);
	case IVMD_RANGE:
		return id >= acpi_u16(table, block + IVRS_ID) &&
		       id <= acpi_u16(table, block + IVMD_LAST);
	default:
		return false;
	}
}

/* An exclusion range is not translated; what is mapped to itself does the same,
 * and needs no register that all devices share. */
static int add_memory(struct acpi_question *q, uint32_t ivmd)
{
	uint32_t flags = acpi_u8(q->table, ivmd + IVRS_FLAGS), prot = 0;
	uint32_t kind = IOMM_REGION_RESERVED;

	if (flags & (IVMD_UNITY | IVMD_EXCLUSION))
		kind = IOMM_REGION_DIRECT;
	if (flags & IVMD_EXCLUSION)
		flags |= IVMD_READ | IVMD_WRITE;
	if (kind == IOMM_REGION_DIRECT)
		prot = IOMM_PROT_CACHE |
		       (flags & IVMD_READ ? IOMM_PROT_READ : 0) |
		       (flags & IVMD_WRITE ? IOMM_PROT_WRITE : 0);
	return iomm_acpi_add_region(q, kind,
				    acpi_u64(q->table, ivmd + IVMD_START),
				    acpi_u64(q->table, ivmd + IVMD_BYTES), prot,
				    ACPI_AT_STRUCTURE, ivmd);
}

static int add_regions(struct acpi_question *q, uint16_t segment, uint16_t id)
{
	uint32_t block = 0;
	int err = 0;

	while (!err && acpi_next(q->table, &block)) {
		if (is_for(q->table, block, id) &&
		    acpi_u16(q->table, block + IVMD_SEGMENT) == segment)
			err = add_memory(q, block);
	}
	return err;
}

static int add_id(struct acpi_question *q, uint32_t ivhd,
		  const struct ivrs_entry *entry, uint16_t id)
{
	const uint32_t cells[] = { id, entry->settings };
	int err =
		iomm_acpi_add(q, ivhd, cells, 2, ACPI_AT_ENTRY, entry->offset);

	return err ? err : add_regions(q, segment_of(q->table, ivhd), id);
}

/* A device arrives under its alias, but nothing says that it never does under
 * its own ID. */
static int answer(struct acpi_question *q, uint32_t ivhd,
		  const struct ivrs_entry *entry, uint16_t id)
{
	bool ats = acpi_u8(q->table, ivhd + IVRS_FLAGS) & IVHD_IOTLB &&
		   !(entry->settings >> 31);
	int err = add_id(q, ivhd, entry, id);

	if (!err && entry->has_alias)
		err = add_id(q, ivhd, entry, entry->alias);
	if (!err)
		iomm_acpi_limit(q,
				IOMM_FWSPEC_COHERENT |
					(ats ? IOMM_FWSPEC_ATS : 0),
				0, 0);
	return err;
}

/* The last entry of an IVHD that has the function; a later one is meant to say
 * more than an earlier one, which may be for all. */
static bool find_entry(const struct acpi_table *table, uint32_t ivhd,
		       uint16_t id, struct ivrs_entry *out)
{
	struct ivrs_entry entry = { 0 };
	bool found = false;

	while (iomm_ivrs_next_entry(table, ivhd, &entry)) {
		if (entry.kind != IVRS_FUNCTIONS || id < entry.first ||
		    id > entry.last)
			continue;
		*out = entry;
		found = true;
	}
	return found;
}

static int function(struct acpi_question *q)
{
	uint16_t id = (uint16_t)q->input;
	struct ivrs_entry entry, found = { 0 };
	uint32_t ivhd = 0, unit = 0;
	int err;

	while (acpi_next(q->table, &ivhd)) {
		if (!iomm_acpi_iommu(q, ivhd) ||
		    segment_of(q->table, ivhd) != q->node->number ||
		    !find_entry(q->table, ivhd, id, &entry))
			continue;
		if (unit)
			return ACPI_FAIL(q->source, q->table, entry.offset,
					 IOMM_EINVAL,
					 "ID %x is behind a second IOMMU: the "
					 "device entry at %x has it too",
					 id, found.offset);
		unit = ivhd;
		found = entry;
	}
	if (!unit)
		return 0;
	err = answer(q, unit, &found, id);
	return err ? err : 1;
}

static int device(struct acpi_question *q)
{
	uint32_t ivhd = 0, offset = q->node->offset;
	struct ivrs_entry entry = iomm_ivrs_entry(q->table, offset);

	if (q->has_input)
		return ACPI_FAIL_FOR(q, IOMM_EINVAL,
				     "has no input IDs: the table gives it the "
				     "one it has");
	while (acpi_next(q->table, &ivhd)) {
		if (offset < acpi_end(q->table, ivhd))
			break;
	}
	return answer(q, ivhd, &entry, entry.first);
}

const struct acpi_reader iomm_acpi_ivrs = {
	.signature = "IVRS",
	.first_revision = 1,
	.header = IVRS_HEADER,
	.structure = IVRS_BLOCK,
	.length_at = 2,
	.cells = 2,
	.check = check,
	.add = add,
	.name = name,
	.registers = registers,
	.compatible = compatible,
	.function = function,
	.device = device,
};
