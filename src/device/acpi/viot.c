/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* VIOT, the table of virtual machines (Virtual I/O Translation Table). */
#include "device/acpi/acpi.h"

/* Types of nodes. */
enum {
	PCI_RANGE = 1,
	MMIO_ENDPOINT,
	IOMMU_PCI,
	IOMMU_MMIO,
	TYPES
};

/* Offsets in the table, and in its nodes. */
#define NR_NODES       36u
#define NODES	       38u
#define TABLE	       48u
#define NODE	       4u
#define ENDPOINT       4u /* of a range, and of a device */
#define RANGE_SEGMENT  8u
#define RANGE_SEGMENTS 10u
#define RANGE_FIRST    12u
#define RANGE_LAST     14u
#define RANGE_OUTPUT   16u
#define DEVICE_BASE    8u /* an IOMMU's too */
#define DEVICE_OUTPUT  16u
#define IOMMU_SEGMENT  4u
#define IOMMU_BDF      6u
/* The registers of a virtio device, 0x100 bytes, and the configuration of an
 * IOMMU behind them, 40 (virtio 1.2, "MMIO Device Register Layout" and "IOMMU
 * device"). */
#define MMIO_REGISTERS 0x128u

/* The structure */

static int check(const struct acpi_source *source,
		 const struct acpi_table *table, uint32_t node)
{
	static const uint8_t least[TYPES] = { NODE, 24, 24, 16, 16 };
	uint32_t type = acpi_u8(table, node);

	return type < TYPES ? iomm_acpi_room(source, table, node, least[type],
					     acpi_end(table, node), "a node")
			    : 0;
}

static void
structures(const struct acpi_table *table, uint32_t *first, uint32_t *count)
{
	*count = acpi_u16(table, NR_NODES);
	*first = acpi_u16(table, NODES);
}

static int add_segments(struct acpi_source *source,
			const struct acpi_table *table, uint32_t node)
{
	uint32_t segment = acpi_u16(table, node + RANGE_SEGMENT);
	uint32_t last = acpi_u16(table, node + RANGE_SEGMENTS);
	int err = 0;

	if (last < segment || acpi_u16(table, node + RANGE_LAST) <
				      acpi_u16(table, node + RANGE_FIRST))
		return ACPI_FAIL(source, table, node, IOMM_EINVAL,
				 "a range of PCI functions ends before it "
				 "starts: segments %x to %x, functions %x to "
				 "%x",
				 segment, last,
				 acpi_u16(table, node + RANGE_FIRST),
				 acpi_u16(table, node + RANGE_LAST));
	for (; segment <= last && !err; segment++)
		err = iomm_acpi_add_segment(source, (uint16_t)segment,
					    ACPI_UNKNOWN);
	return err;
}

static int
add(struct acpi_source *source, const struct acpi_table *table, uint32_t at)
{
	struct acpi_node node = { .table = ACPI_VIOT,
				  .offset = at,
				  .flags = IOMM_NODE_AVAILABLE };

	switch (acpi_u8(table, at)) {
	case PCI_RANGE:
		return add_segments(source, table, at);
	case MMIO_ENDPOINT:
		node.kind = ACPI_DEVICE;
		node.flags |= IOMM_NODE_CLIENT;
		break;
	case IOMMU_PCI:
	case IOMMU_MMIO:
		node.kind = ACPI_IOMMU;
		node.flags |= IOMM_NODE_IOMMU;
		break;
	default:
		return 0;
	}
	return iomm_acpi_add_node(source, node);
}

/* What is known of nodes */

static void
name(const struct acpi_source *source, const struct acpi_node *node, char *buf)
{
	const struct acpi_table *table = &source->tables[ACPI_VIOT];
	const uint32_t at = node->offset;
	char bdf[ACPI_BDF];

	if (acpi_u8(table, at) == IOMMU_PCI) {
		iomm_acpi_bdf(bdf, acpi_u16(table, at + IOMMU_SEGMENT),
			      acpi_u16(table, at + IOMMU_BDF));
		(void)iomm_text_render(buf, ACPI_NAME,
				       IOMM_TEXT("VIOT: virtio-iommu %s",
						 IOMM_STR(bdf)));
		return;
	}
	(void)iomm_text_render(buf, ACPI_NAME,
			       IOMM_TEXT("VIOT: %s @%x",
					 IOMM_STR(node->kind == ACPI_IOMMU
							  ? "virtio-iommu"
							  : "device"),
					 acpi_u64(table, at + DEVICE_BASE)));
}

static void registers(const struct acpi_table *table, uint32_t node,
		      struct iomm_node_info *info)
{
	if (acpi_u8(table, node) != IOMMU_MMIO)
		return;
	info->reg_base = acpi_u64(table, node + DEVICE_BASE);
	info->reg_bytes = MMIO_REGISTERS;
}

static const char *compatible(const struct acpi_table *table, uint32_t node)
{
	return acpi_u8(table, node) == IOMMU_PCI ? "virtio,pci-iommu"
						 : "virtio,mmio";
}

/* Answers */

static int lead_to(struct acpi_question *q, uint32_t node, uint32_t output,
		   uint64_t endpoint)
{
	uint32_t cell = (uint32_t)endpoint;

	if (!iomm_acpi_iommu(q, output))
		return ACPI_FAIL(q->source, q->table, node, IOMM_EINVAL,
				 "the output node is at %x, where no IOMMU's "
				 "node starts",
				 output);
	if (endpoint > UINT32_MAX)
		return ACPI_FAIL(q->source, q->table, node, IOMM_EINVAL,
				 "a range of PCI functions takes ID %x past 32 "
				 "bits",
				 q->input);
	return iomm_acpi_add(q, output, &cell, 1, ACPI_AT_STRUCTURE, node);
}

static bool has_function(const struct acpi_table *table, uint32_t node,
			 uint32_t segment, uint32_t id)
{
	return acpi_u8(table, node) == PCI_RANGE &&
	       segment >= acpi_u16(table, node + RANGE_SEGMENT) &&
	       segment <= acpi_u16(table, node + RANGE_SEGMENTS) &&
	       id >= acpi_u16(table, node + RANGE_FIRST) &&
	       id <= acpi_u16(table, node + RANGE_LAST);
}

/* IDs of a segment are 2^16 apart from those of the one before. */
static uint64_t endpoint_of(const struct acpi_table *table, uint32_t node,
			    uint32_t segment, uint32_t id)
{
	return (uint64_t)acpi_u32(table, node + ENDPOINT) +
	       ((segment - acpi_u16(table, node + RANGE_SEGMENT)) << 16) +
	       (id - acpi_u16(table, node + RANGE_FIRST));
}

static int function(struct acpi_question *q)
{
	const struct acpi_table *table = q->table;
	uint32_t segment = q->node->number, node = 0, found = 0;
	uint64_t endpoint = 0, here;
	uint32_t output = 0;
	int err;

	while (acpi_next(table, &node)) {
		if (!has_function(table, node, segment, q->input))
			continue;
		here = endpoint_of(table, node, segment, q->input);
		if (found && (here != endpoint ||
			      acpi_u16(table, node + RANGE_OUTPUT) != output))
			return ACPI_FAIL(q->source, table, node, IOMM_EINVAL,
					 "the range of PCI functions has ID "
					 "%x, as that at %x has, which takes "
					 "it elsewhere",
					 q->input, found);
		endpoint = here;
		output = acpi_u16(table, node + RANGE_OUTPUT);
		found = found ? found : node;
	}
	if (!found)
		return 0;
	err = lead_to(q, found, output, endpoint);
	if (!err)
		iomm_acpi_limit(q, acpi_coherent(q), 0, 0);
	return err ? err : 1;
}

static int device(struct acpi_question *q)
{
	uint32_t node = q->node->offset;

	if (q->has_input)
		return ACPI_FAIL_FOR(q, IOMM_EINVAL,
				     "has no input IDs: the table gives it the "
				     "one it has");
	return lead_to(q, node, acpi_u16(q->table, node + DEVICE_OUTPUT),
		       acpi_u32(q->table, node + ENDPOINT));
}

const struct acpi_reader iomm_acpi_viot = {
	.signature = "VIOT",
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
