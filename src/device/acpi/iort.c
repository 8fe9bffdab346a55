/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* IORT, the table of Arm's machines (IO Remapping Table, Arm DEN0049E.e). */
#include "device/acpi/iort.h"

/* Offsets in the table, and in its nodes. */
#define NR_NODES	  36u
#define NODES		  40u
#define TABLE		  48u
#define ITS_COUNT	  16u
#define SMMU_BASE	  16u /* v3 too */
#define SMMU_SPAN	  24u
#define SMMU_MODEL	  32u
#define SMMU_V3_FLAGS	  24u
#define SMMU_V3_PXM	  60u
#define COMPONENT_FLAGS	  16u
#define COMPONENT_MEMORY  20u
#define COMPONENT_LIMIT	  28u
#define COMPONENT_NAME	  29u
#define ROOT_MEMORY	  16u
#define ROOT_ATS	  24u
#define ROOT_SEGMENT	  28u
#define ROOT_LIMIT	  32u
#define ROOT_PASID	  33u
#define ROOT_FLAGS	  36u
#define ROOT_BYTES	  40u
/* The root complex supports PASIDs. */
#define ROOT_HAS_PASIDS	  (1u << 0)
/* PCI Express Base Specification, 6.20; SMMUs have no wider ones. */
#define PASID_BITS	  20u
/* What the architecture gives an SMMUv3: two pages of 64 KiB. */
#define SMMU_V3_REGISTERS 0x20000u
#define SMMU_V3_PXM_VALID (1u << 3)

struct iort_mapping
iomm_iort_mapping(const struct acpi_table *table, uint32_t node, uint32_t index)
{
	uint32_t at = node + acpi_u32(table, node + IORT_MAPPINGS) +
		      index * IORT_MAPPING_BYTES;
	bool single = acpi_u32(table, at + 16) & 1;
	uint64_t first = acpi_u32(table, at);

	return (struct iort_mapping){
		.offset = at,
		.any = single,
		.first = first,
		/* The number of IDs is written less one. */
		.last = single ? first : first + acpi_u32(table, at + 4),
		.to = acpi_u32(table, at + 8),
		.target = acpi_u32(table, at + 12),
	};
}

/* The structure */

static int
check_its_group(const struct acpi_source *source,
		const struct acpi_table *table, uint32_t node, uint32_t end)
{
	int err = iomm_acpi_room(source, table, node, ITS_COUNT + 4, end,
				 "an ITS group");

	return err ? err
		   : iomm_acpi_room(source, table, node + ITS_COUNT + 4,
				    4 * (uint64_t)acpi_u32(table,
							   node + ITS_COUNT),
				    end, "an array of ITS identifiers");
}

static int check_body(const struct acpi_source *source,
		      const struct acpi_table *table, uint32_t node)
{
	uint32_t end = acpi_end(table, node);

	switch (acpi_u8(table, node)) {
	case IORT_ITS_GROUP:
		return check_its_group(source, table, node, end);
	case IORT_NAMED_COMPONENT:
		return iomm_acpi_check_name(source, table,
					    node + COMPONENT_NAME, end);
	case IORT_ROOT_COMPLEX:
		return iomm_acpi_room(source, table, node, ROOT_LIMIT, end,
				      "a root complex");
	case IORT_SMMU:
	case IORT_SMMU_V3:
		return iomm_acpi_room(source, table, node, SMMU_V3_PXM, end,
				      "an SMMU");
	case IORT_RMR:
		return iomm_iort_check_rmr(source, table, node);
	default: /* it stands for nothing that is behind an IOMMU */
		return 0;
	}
}

static int check_mappings(const struct acpi_source *source,
			  const struct acpi_table *table, uint32_t node)
{
	uint32_t bytes = acpi_end(table, node) - node;
	uint32_t mappings = acpi_u32(table, node + IORT_MAPPINGS);
	uint32_t count = acpi_u32(table, node + IORT_NR_MAPPINGS);

	if (!count)
		return 0;
	if (mappings < IORT_NODE || mappings > bytes)
		return ACPI_FAIL(source, table, node + IORT_MAPPINGS,
				 IOMM_EINVAL,
				 "the ID mappings start %x bytes behind the "
				 "start of a node of %x",
				 mappings, bytes);
	return iomm_acpi_room(source, table, node + mappings,
			      (uint64_t)count * IORT_MAPPING_BYTES,
			      node + bytes, "an array of ID mappings");
}

static int check(const struct acpi_source *source,
		 const struct acpi_table *table, uint32_t node)
{
	int err = check_mappings(source, table, node);

	return err ? err : check_body(source, table, node);
}

static void
structures(const struct acpi_table *table, uint32_t *first, uint32_t *count)
{
	*count = acpi_u32(table, NR_NODES);
	*first = acpi_u32(table, NODES);
}

static bool is_coherent(const struct acpi_table *table, uint32_t memory)
{
	/* Of the values of CCA 1 alone says fully coherent. */
	return acpi_u32(table, memory) == 1;
}

static uint32_t coherent_flag(const struct acpi_table *table, uint32_t memory)
{
	return is_coherent(table, memory) ? IOMM_NODE_COHERENT : 0;
}

static int
add(struct acpi_source *source, const struct acpi_table *table, uint32_t at)
{
	struct acpi_node node = { .table = ACPI_IORT,
				  .offset = at,
				  .flags = IOMM_NODE_AVAILABLE };

	switch (acpi_u8(table, at)) {
	case IORT_NAMED_COMPONENT:
		node.kind = ACPI_DEVICE;
		node.flags |= coherent_flag(table, at + COMPONENT_MEMORY);
		if (acpi_u32(table, at + IORT_NR_MAPPINGS))
			node.flags |= IOMM_NODE_CLIENT;
		break;
	case IORT_ROOT_COMPLEX:
		if (acpi_u32(table, at + ROOT_SEGMENT) > UINT16_MAX)
			return ACPI_FAIL(source, table, at + ROOT_SEGMENT,
					 IOMM_EINVAL,
					 "%x is no PCI segment, which has 16 "
					 "bits",
					 acpi_u32(table, at + ROOT_SEGMENT));
		return iomm_acpi_add_segment(source,
					     acpi_u16(table, at + ROOT_SEGMENT),
					     is_coherent(table,
							 at + ROOT_MEMORY));
	case IORT_SMMU:
	case IORT_SMMU_V3:
		node.kind = ACPI_IOMMU;
		node.flags |= IOMM_NODE_IOMMU;
		break;
	default:
		return 0;
	}
	return iomm_acpi_add_node(source, node);
}

/* What is known of nodes */

static bool is_v3(const struct acpi_table *table, uint32_t node)
{
	return acpi_u8(table, node) == IORT_SMMU_V3;
}

static void
name(const struct acpi_source *source, const struct acpi_node *node, char *buf)
{
	const struct acpi_table *table = &source->tables[ACPI_IORT];

	if (node->kind == ACPI_DEVICE)
		(void)iomm_copy_string(
			buf, ACPI_NAME,
			acpi_string(table, node->offset + COMPONENT_NAME));
	else
		(void)iomm_text_render(
			buf, ACPI_NAME,
			IOMM_TEXT("IORT: %s @%x",
				  IOMM_STR(is_v3(table, node->offset) ? "SMMUv3"
								      : "SMMU"),
				  acpi_u64(table, node->offset + SMMU_BASE)));
}

static void registers(const struct acpi_table *table, uint32_t node,
		      struct iomm_node_info *info)
{
	info->reg_base = acpi_u64(table, node + SMMU_BASE);
	info->reg_bytes = is_v3(table, node)
				  ? SMMU_V3_REGISTERS
				  : acpi_u64(table, node + SMMU_SPAN);
}

static const char *compatible(const struct acpi_table *table, uint32_t node)
{
	/* Models of SMMUv1 and v2, by their numbers. */
	static const char *const models[] = {
		"arm,smmu-v1", "arm,smmu-v2", "arm,mmu-400",
		"arm,mmu-500", "arm,mmu-401", "cavium,smmu-v2",
	};
	uint32_t model = acpi_u32(table, node + SMMU_MODEL);

	if (is_v3(table, node))
		return "arm,smmu-v3";
	return model < sizeof(models) / sizeof(models[0]) ? models[model]
							  : NULL;
}

/* Answers */

/* The type of the node at an offset, or a failure when there is none. */
static int target_type(struct acpi_question *q,
		       const struct iort_mapping *mapping, uint32_t *type)
{
	uint32_t node = 0;

	while (acpi_next(q->table, &node)) {
		if (node == mapping->target) {
			*type = acpi_u8(q->table, node);
			return 0;
		}
	}
	return ACPI_FAIL(q->source, q->table, mapping->offset + 12, IOMM_EINVAL,
			 "an ID mapping leads to %x, where no node starts",
			 mapping->target);
}

static void note_proximity(struct acpi_question *q, uint32_t smmu)
{
	struct iomm_fwspec_limits *limits = iomm_fwspec_limits(q->builder);

	if (!is_v3(q->table, smmu) ||
	    acpi_end(q->table, smmu) < smmu + SMMU_V3_PXM + 4 ||
	    !(acpi_u32(q->table, smmu + SMMU_V3_FLAGS) & SMMU_V3_PXM_VALID))
		return;
	limits->flags |= IOMM_FWSPEC_NUMA_NODE;
	limits->numa_node = acpi_u32(q->table, smmu + SMMU_V3_PXM);
}

/* 1: the mapping leads to an SMMU; 0: past all of them. */
static int
follow(struct acpi_question *q, const struct iort_mapping *mapping, uint64_t id)
{
	uint32_t cell = (uint32_t)id, type = 0;
	int err = target_type(q, mapping, &type);

	if (err)
		return err;
	if (type == IORT_ITS_GROUP)
		return 0;
	if (type != IORT_SMMU && type != IORT_SMMU_V3)
		return ACPI_FAIL(q->source, q->table, mapping->offset + 12,
				 IOMM_EINVAL,
				 "an ID mapping leads to %x, a node of type "
				 "%u: neither an SMMU nor an ITS group",
				 mapping->target, type);
	if (id > UINT32_MAX)
		return ACPI_FAIL(q->source, q->table, mapping->offset,
				 IOMM_EINVAL,
				 "an ID mapping takes ID %x past 32 bits",
				 q->input);
	err = iomm_acpi_add(q, mapping->target, &cell, 1, ACPI_AT_MAPPING,
			    mapping->offset);
	if (!err)
		err = iomm_iort_add_regions(q, mapping->target, cell);
	if (!err)
		note_proximity(q, mapping->target);
	return err ? err : 1;
}

/* The mapping of the node's that an ID matches; NULL: none. */
static int find_mapping(struct acpi_question *q, uint32_t node,
			struct iort_mapping *out, uint64_t *id)
{
	uint32_t count = acpi_u32(q->table, node + IORT_NR_MAPPINGS), n;
	struct iort_mapping mapping;
	bool found = false;
	uint64_t to;

	for (n = 0; n < count; n++) {
		mapping = iomm_iort_mapping(q->table, node, n);
		if (!mapping.any &&
		    (q->input < mapping.first || q->input > mapping.last))
			continue;
		to = mapping.any ? mapping.to
				 : mapping.to + (q->input - mapping.first);
		if (found && (to != *id || mapping.target != out->target))
			return ACPI_FAIL(q->source, q->table, mapping.offset,
					 IOMM_EINVAL,
					 "the ID mapping has ID %x, as that at "
					 "%x has, which takes it elsewhere",
					 q->input, out->offset);
		if (!found)
			*out = mapping;
		*id = to;
		found = true;
	}
	return found;
}

/* One ID that arrives at a node: 1, or 0 when it goes past the IOMMUs. */
static int map_input(struct acpi_question *q, uint32_t node)
{
	struct iort_mapping mapping = { 0 };
	uint64_t id = 0;
	int found = find_mapping(q, node, &mapping, &id);

	return found > 0 ? follow(q, &mapping, id) : found;
}

/* What comes behind the segment grew with revisions of the node, and the
 * mappings may start before it. */
static bool root_has(const struct acpi_table *table, uint32_t node,
		     uint32_t revision, uint32_t end)
{
	return acpi_u8(table, node + IORT_REVISION) >= revision &&
	       acpi_u32(table, node + IORT_MAPPINGS) >= end;
}

/* The width came with E.d, and with it the flag without which it means
 * nothing; E.b has reserved bytes there, in nodes of revision 3. */
static uint32_t pasid_bits(const struct acpi_table *table, uint32_t node)
{
	if (!root_has(table, node, 4, ROOT_BYTES) ||
	    !(acpi_u32(table, node + ROOT_FLAGS) & ROOT_HAS_PASIDS))
		return 0;
	return acpi_u16(table, node + ROOT_PASID) & 31;
}

static uint32_t address_bits(const struct acpi_table *table, uint32_t node)
{
	return root_has(table, node, 1, ROOT_LIMIT + 1)
		       ? acpi_u8(table, node + ROOT_LIMIT)
		       : 0;
}

static int limit(struct acpi_question *q, uint32_t node, uint32_t flags,
		 uint32_t pasids, uint32_t addresses)
{
	if (pasids > PASID_BITS || addresses > 64)
		return ACPI_FAIL(q->source, q->table, node, IOMM_EINVAL,
				 "PASIDs of %u bits and addresses of %u: at "
				 "most there are %u and 64",
				 pasids, addresses, PASID_BITS);
	iomm_acpi_limit(q, flags, pasids, addresses);
	return 0;
}

static int function(struct acpi_question *q)
{
	const struct acpi_table *table = q->table;
	uint32_t node = 0, flags, ats;
	int found = 0, here;

	while (acpi_next(table, &node)) {
		if (acpi_u8(table, node) != IORT_ROOT_COMPLEX ||
		    acpi_u32(table, node + ROOT_SEGMENT) != q->node->number)
			continue;
		here = map_input(q, node);
		if (here < 0)
			return here;
		if (!here)
			continue;
		found = 1;
		ats = acpi_u32(table, node + ROOT_ATS);
		flags = is_coherent(table, node + ROOT_MEMORY)
				? IOMM_FWSPEC_COHERENT
				: 0;
		if (ats & 1)
			flags |= IOMM_FWSPEC_ATS;
		if (ats & 2)
			flags |= IOMM_FWSPEC_PRI;
		here = limit(q, node, flags, pasid_bits(table, node),
			     address_bits(table, node));
		if (here)
			return here;
	}
	return found;
}

/* A component's own: each mapping that has but one ID. */
static int map_own(struct acpi_question *q, uint32_t node)
{
	uint32_t count = acpi_u32(q->table, node + IORT_NR_MAPPINGS), n;
	struct iort_mapping mapping;
	int found = 0, here;

	for (n = 0; n < count; n++) {
		mapping = iomm_iort_mapping(q->table, node, n);
		if (mapping.first != mapping.last)
			continue;
		here = follow(q, &mapping, mapping.to);
		if (here < 0)
			return here;
		found |= here;
	}
	return found;
}

static int device(struct acpi_question *q)
{
	const struct acpi_table *table = q->table;
	uint32_t node = q->node->offset;
	uint32_t flags = acpi_u32(table, node + COMPONENT_FLAGS);
	int found = q->has_input ? map_input(q, node) : map_own(q, node);

	if (found < 0)
		return found;
	if (!found)
		return ACPI_FAIL_FOR(q, IOMM_ENODEV,
				     "no ID mapping of it leads to an SMMU: it "
				     "does direct DMA");
	return limit(q, node,
		     (is_coherent(table, node + COMPONENT_MEMORY)
			      ? IOMM_FWSPEC_COHERENT
			      : 0) |
			     (flags & 1 ? IOMM_FWSPEC_STALL : 0),
		     flags >> 1 & 31, acpi_u8(table, node + COMPONENT_LIMIT));
}

const struct acpi_reader iomm_acpi_iort = {
	.signature = "IORT",
	.header = TABLE,
	.structure = IORT_NODE,
	.length_at = IORT_LENGTH,
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
