/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RIMT, the table of RISC-V machines (RISC-V IO Mapping Table 1.0). */
#include "device/acpi/acpi.h"

/* Types of nodes. */
enum {
	IOMMU,
	ROOT_COMPLEX,
	PLATFORM,
	TYPES
};

/* Offsets in the table, and in its nodes. */
#define NR_NODES	  36u
#define NODES		  40u
#define TABLE		  48u
#define NODE		  8u
#define IOMMU_BASE	  16u
#define IOMMU_FLAGS	  24u
#define IOMMU_PROXIMITY	  28u
#define IOMMU_SEGMENT	  32u
#define IOMMU_BDF	  34u
#define ROOT_FLAGS	  8u
#define ROOT_SEGMENT	  14u
#define ROOT_MAPPINGS	  16u
#define PLATFORM_MAPPINGS 8u
#define PLATFORM_NAME	  12u
#define MAPPING		  20u
/* Flags of an IOMMU. */
#define IOMMU_IS_PCI	  (1u << 0)
#define IOMMU_HAS_DOMAIN  (1u << 1)
/* Flags of a root complex, and of a mapping. */
#define ROOT_ATS	  (1u << 0)
#define ROOT_PRI	  (1u << 1)
/* The registers of an IOMMU (RISC-V IOMMU 1.0, Memory-mapped Register
 * Interface). */
#define IOMMU_REGISTERS	  4096u

struct mappings {
	uint32_t at, count;
};

/* Where a node's mappings are, and how many. */
static struct mappings
mappings_of(const struct acpi_table *table, uint32_t node)
{
	uint32_t at = node + (acpi_u8(table, node) == ROOT_COMPLEX
				      ? ROOT_MAPPINGS
				      : PLATFORM_MAPPINGS);

	return (struct mappings){ node + acpi_u16(table, at),
				  acpi_u16(table, at + 2) };
}

/* The structure */

static int check_mappings(const struct acpi_source *source,
			  const struct acpi_table *table, uint32_t node)
{
	struct mappings mappings = mappings_of(table, node);

	if (!mappings.count)
		return 0;
	if (mappings.at < node + NODE)
		return ACPI_FAIL(source, table, node, IOMM_EINVAL,
				 "the ID mappings start at %x, within the "
				 "header of the node",
				 mappings.at);
	return iomm_acpi_room(source, table, mappings.at,
			      (uint64_t)mappings.count * MAPPING,
			      acpi_end(table, node), "an array of ID mappings");
}

static int check(const struct acpi_source *source,
		 const struct acpi_table *table, uint32_t node)
{
	static const uint8_t least[TYPES] = { 40, 20, 13 };
	uint32_t type = acpi_u8(table, node), end = acpi_end(table, node);
	int err;

	if (type >= TYPES)
		return 0;
	err = iomm_acpi_room(source, table, node, least[type], end, "a node");
	if (!err && type == PLATFORM)
		err = iomm_acpi_check_name(source, table, node + PLATFORM_NAME,
					   end);
	if (!err && type != IOMMU)
		err = check_mappings(source, table, node);
	return err;
}

static void
structures(const struct acpi_table *table, uint32_t *first, uint32_t *count)
{
	*count = acpi_u32(table, NR_NODES);
	*first = acpi_u32(table, NODES);
}

static int
add(struct acpi_source *source, const struct acpi_table *table, uint32_t at)
{
	struct acpi_node node = { .table = ACPI_RIMT,
				  .offset = at,
				  .flags = IOMM_NODE_AVAILABLE };

	switch (acpi_u8(table, at)) {
	case IOMMU:
		node.kind = ACPI_IOMMU;
		node.flags |= IOMM_NODE_IOMMU;
		break;
	case ROOT_COMPLEX:
		return iomm_acpi_add_segment(source,
					     acpi_u16(table, at + ROOT_SEGMENT),
					     ACPI_UNKNOWN);
	case PLATFORM:
		node.kind = ACPI_DEVICE;
		if (mappings_of(table, at).count)
			node.flags |= IOMM_NODE_CLIENT;
		break;
	default:
		return 0;
	}
	return iomm_acpi_add_node(source, node);
}

/* What is known of nodes */

static bool is_pci(const struct acpi_table *table, uint32_t iommu)
{
	return acpi_u32(table, iommu + IOMMU_FLAGS) & IOMMU_IS_PCI;
}

static void
name(const struct acpi_source *source, const struct acpi_node *node, char *buf)
{
	const struct acpi_table *table = &source->tables[ACPI_RIMT];
	const uint32_t at = node->offset;
	char bdf[ACPI_BDF];

	if (node->kind == ACPI_DEVICE) {
		(void)iomm_copy_string(buf, ACPI_NAME,
				       acpi_string(table, at + PLATFORM_NAME));
		return;
	}
	if (!is_pci(table, at)) {
		(void)iomm_text_render(buf, ACPI_NAME,
				       IOMM_TEXT("RIMT: IOMMU @%x",
						 acpi_u64(table,
							  at + IOMMU_BASE)));
		return;
	}
	iomm_acpi_bdf(bdf, acpi_u16(table, at + IOMMU_SEGMENT),
		      acpi_u16(table, at + IOMMU_BDF));
	(void)iomm_text_render(buf, ACPI_NAME,
			       IOMM_TEXT("RIMT: IOMMU %s", IOMM_STR(bdf)));
}

static void registers(const struct acpi_table *table, uint32_t node,
		      struct iomm_node_info *info)
{
	if (is_pci(table, node))
		return;
	info->reg_base = acpi_u64(table, node + IOMMU_BASE);
	info->reg_bytes = IOMMU_REGISTERS;
}

static const char *compatible(const struct acpi_table *table, uint32_t node)
{
	return is_pci(table, node) ? "riscv,pci-iommu" : "riscv,iommu";
}

/* Answers */

static void note_proximity(struct acpi_question *q, uint32_t iommu)
{
	struct iomm_fwspec_limits *limits = iomm_fwspec_limits(q->builder);

	if (!(acpi_u32(q->table, iommu + IOMMU_FLAGS) & IOMMU_HAS_DOMAIN))
		return;
	limits->flags |= IOMM_FWSPEC_NUMA_NODE;
	limits->numa_node = acpi_u32(q->table, iommu + IOMMU_PROXIMITY);
}

static int follow(struct acpi_question *q, uint32_t mapping, uint64_t id)
{
	uint32_t target = acpi_u32(q->table, mapping + 12);
	uint32_t cell = (uint32_t)id;
	int err;

	if (!iomm_acpi_iommu(q, target))
		return ACPI_FAIL(q->source, q->table, mapping + 12, IOMM_EINVAL,
				 "an ID mapping leads to %x, where no IOMMU's "
				 "node starts",
				 target);
	if (id > UINT32_MAX)
		return ACPI_FAIL(q->source, q->table, mapping, IOMM_EINVAL,
				 "an ID mapping takes ID %x past 32 bits",
				 q->input);
	err = iomm_acpi_add(q, target, &cell, 1, ACPI_AT_MAPPING, mapping);
	if (!err)
		note_proximity(q, target);
	return err ? err : 1;
}

/* One ID that arrives at a node: the mapping that has it. 1, or 0: none. */
static int find_mapping(struct acpi_question *q, uint32_t node, uint32_t *found,
			uint64_t *id)
{
	struct mappings mappings = mappings_of(q->table, node);
	uint32_t at = mappings.at, first, n;
	uint64_t to;

	for (n = 0; n < mappings.count; n++, at += MAPPING) {
		first = acpi_u32(q->table, at);
		if (q->input < first ||
		    q->input - first >= acpi_u32(q->table, at + 4))
			continue;
		to = (uint64_t)acpi_u32(q->table, at + 8) + (q->input - first);
		if (*found &&
		    (to != *id || acpi_u32(q->table, at + 12) !=
					  acpi_u32(q->table, *found + 12)))
			return ACPI_FAIL(q->source, q->table, at, IOMM_EINVAL,
					 "the ID mapping has ID %x, as that at "
					 "%x has, which takes it elsewhere",
					 q->input, *found);
		*found = *found ? *found : at;
		*id = to;
	}
	return *found != 0;
}

static int function(struct acpi_question *q)
{
	uint32_t node = 0, mapping = 0, flags = acpi_coherent(q), root = 0;
	uint64_t id = 0;
	int err;

	while (acpi_next(q->table, &node)) {
		if (acpi_u8(q->table, node) != ROOT_COMPLEX ||
		    acpi_u16(q->table, node + ROOT_SEGMENT) != q->node->number)
			continue;
		err = find_mapping(q, node, &mapping, &id);
		if (err < 0)
			return err;
		if (err && !root)
			root = node;
	}
	if (!mapping)
		return 0;
	if (acpi_u32(q->table, root + ROOT_FLAGS) & ROOT_ATS)
		flags |= IOMM_FWSPEC_ATS;
	if (acpi_u32(q->table, root + ROOT_FLAGS) & ROOT_PRI)
		flags |= IOMM_FWSPEC_PRI;
	err = follow(q, mapping, id);
	if (err > 0)
		iomm_acpi_limit(q, flags, 0, 0);
	return err;
}

/* A device's own: each mapping that has but one ID. */
static int map_own(struct acpi_question *q)
{
	struct mappings mappings = mappings_of(q->table, q->node->offset);
	uint32_t at = mappings.at, n;
	int found = 0, here;

	for (n = 0; n < mappings.count; n++, at += MAPPING) {
		if (acpi_u32(q->table, at + 4) != 1)
			continue;
		here = follow(q, at, acpi_u32(q->table, at + 8));
		if (here < 0)
			return here;
		found = 1;
	}
	return found;
}

static int device(struct acpi_question *q)
{
	uint32_t mapping = 0;
	uint64_t id = 0;
	int found;

	if (!q->has_input) {
		found = map_own(q);
	} else {
		found = find_mapping(q, q->node->offset, &mapping, &id);
		if (found > 0)
			found = follow(q, mapping, id);
	}
	if (found)
		return found < 0 ? found : 0;
	return ACPI_FAIL_FOR(q, IOMM_ENODEV,
			     "no ID mapping of it leads to an IOMMU: it does "
			     "direct DMA");
}

const struct acpi_reader iomm_acpi_rimt = {
	.signature = "RIMT",
	.first_revision = 1,
	.header = TABLE,
	.structure = NODE,
	.length_at = 2,
	.cells = 1,
	.structures = structures,
	.check = check,
	.add = add,
	.name = name,
	.registers = registers,
	.compatible = compatible,
	.function = function,
	.device = device,
};
