/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the readers of tables share: nodes, places, sentences, answers. */
#include "device/acpi/acpi.h"

#include "base/mem.h"

const struct acpi_reader *const iomm_acpi_readers[ACPI_NR_TABLES] = {
	[ACPI_IORT] = &iomm_acpi_iort, [ACPI_DMAR] = &iomm_acpi_dmar,
	[ACPI_IVRS] = &iomm_acpi_ivrs, [ACPI_VIOT] = &iomm_acpi_viot,
	[ACPI_RIMT] = &iomm_acpi_rimt,
};

static uint32_t
index_of(const struct acpi_source *source, const struct acpi_table *table)
{
	return (uint32_t)(table - source->tables);
}

/* Places and sentences */

uint64_t
iomm_acpi_place(const struct acpi_source *source,
		const struct acpi_table *table, uint32_t what, uint32_t offset)
{
	return (uint64_t)(index_of(source, table) + 1) << 40 |
	       (uint64_t)what << 32 | offset;
}

int iomm_acpi_fail(const struct acpi_source *source,
		   const struct acpi_table *table, uint32_t offset, int code,
		   const uint64_t *text)
{
	char what[IOMM_ERROR_TEXT];

	(void)iomm_text_render(what, sizeof(what), text);
	return IOMM_FAIL(
		source->ctx, code, "%s+%x: %s",
		IOMM_STR(iomm_acpi_readers[index_of(source, table)]->signature),
		offset, IOMM_STR(what));
}

int iomm_acpi_fail_for(const struct acpi_question *q, int code,
		       const uint64_t *text)
{
	const struct acpi_source *source = q->source;
	char name[ACPI_NAME], what[IOMM_ERROR_TEXT];
	uint32_t key = (uint32_t)(q->node - source->nodes) + 1;
	uint64_t node = iomm_firmware_node(q->builder->firmware, key);

	(void)iomm_text_render(what, sizeof(what), text);
	iomm_firmware_name(q->builder->firmware, node, name, sizeof(name));
	return q->has_input
		       ? IOMM_FAIL(source->ctx, code, "%s, ID %x: %s",
				   IOMM_STR(name), q->input, IOMM_STR(what))
		       : IOMM_FAIL(source->ctx, code, "%s: %s", IOMM_STR(name),
				   IOMM_STR(what));
}

static char hex(uint32_t digit)
{
	return "0123456789abcdef"[digit & 15];
}

void iomm_acpi_bdf(char *buf, uint16_t segment, uint16_t bdf)
{
	const uint32_t device = bdf >> 3 & 31;
	const char text[ACPI_BDF] = {
		hex(segment >> 12u),
		hex(segment >> 8u),
		hex(segment >> 4u),
		hex(segment),
		':',
		hex(bdf >> 12u),
		hex(bdf >> 8u),
		':',
		hex(device >> 4),
		hex(device),
		'.',
		hex(bdf & 7u),
		'\0',
	};

	memcpy(buf, text, sizeof(text));
}

/* Indexing */

static int grow(struct acpi_source *source)
{
	uint32_t room = source->room ? source->room * 2 : 8;
	struct acpi_node *nodes =
		iomm_alloc(source->ctx, (uint64_t)room * sizeof(*nodes));

	if (!nodes)
		return IOMM_FAIL(source->ctx, IOMM_ENOMEM,
				 "no memory for the nodes of ACPI tables");
	if (source->nr_nodes)
		memcpy(nodes, source->nodes, source->nr_nodes * sizeof(*nodes));
	iomm_free(source->ctx, source->nodes,
		  (uint64_t)source->room * sizeof(*nodes));
	source->nodes = nodes;
	source->room = room;
	return 0;
}

static int check_structure(const struct acpi_source *source,
			   const struct acpi_table *table,
			   const struct acpi_reader *reader, uint32_t at)
{
	uint32_t bytes;
	int err = iomm_acpi_room(source, table, at, reader->structure,
				 table->length, "a structure");

	if (err)
		return err;
	bytes = acpi_end(table, at) - at;
	if (bytes < reader->structure)
		return ACPI_FAIL(source, table, at, IOMM_EINVAL,
				 "a structure has %u bytes, less than its "
				 "header of %u",
				 bytes, reader->structure);
	err = iomm_acpi_room(source, table, at, bytes, table->length,
			     "a structure");
	return err ? err : reader->check(source, table, at);
}

static int
check_structures(const struct acpi_source *source, struct acpi_table *table,
		 const struct acpi_reader *reader)
{
	uint32_t at = reader->header, count = UINT32_MAX;
	bool counted = reader->structures != NULL;
	int err = 0;

	if (counted)
		reader->structures(table, &at, &count);
	if (count && at < reader->header)
		return ACPI_FAIL(source, table, ACPI_HEADER, IOMM_EINVAL,
				 "the structures start at %x, within the "
				 "header",
				 at);
	table->first = at;
	for (; count && (counted || at < table->length); count--) {
		err = check_structure(source, table, reader, at);
		if (err)
			return err;
		at = acpi_end(table, at);
	}
	table->end = at;
	return 0;
}

int iomm_acpi_index(struct acpi_source *source, uint32_t index)
{
	const struct acpi_reader *reader = iomm_acpi_readers[index];
	struct acpi_table *table = &source->tables[index];
	uint32_t at = 0;
	int err;

	table->length_at = reader->length_at;
	err = check_structures(source, table, reader);
	while (!err && acpi_next(table, &at))
		err = reader->add(source, table, at);
	return err;
}

int iomm_acpi_add_node(struct acpi_source *source, struct acpi_node node)
{
	int err = source->nr_nodes == source->room ? grow(source) : 0;

	if (!err)
		source->nodes[source->nr_nodes++] = node;
	return err;
}

static void set_coherence(struct acpi_node *node, int coherence)
{
	if (coherence == ACPI_INCOHERENT)
		node->incoherent = true;
	else if (coherence == ACPI_COHERENT)
		node->flags |= IOMM_NODE_COHERENT;
	if (node->incoherent)
		node->flags &= ~IOMM_NODE_COHERENT;
}

int iomm_acpi_add_segment(struct acpi_source *source, uint16_t segment,
			  int coherence)
{
	struct acpi_node node = { .kind = ACPI_SEGMENT,
				  .number = segment,
				  .flags = IOMM_NODE_PCI_HOST |
					   IOMM_NODE_MAPPED |
					   IOMM_NODE_AVAILABLE };
	struct acpi_node *old;
	uint32_t n;
	int err;

	for (n = 0; n < source->nr_segments; n++) {
		old = &source->nodes[source->segments[n] - 1];
		if (old->number == segment) {
			set_coherence(old, coherence);
			return 0;
		}
	}
	if (source->nr_segments == ACPI_SEGMENTS)
		return IOMM_FAIL(source->ctx, IOMM_EOPNOTSUPP,
				 "the ACPI tables name more than %u PCI "
				 "segments",
				 ACPI_SEGMENTS);
	set_coherence(&node, coherence);
	err = iomm_acpi_add_node(source, node);
	if (!err)
		source->segments[source->nr_segments++] = source->nr_nodes;
	return err;
}

int iomm_acpi_room(const struct acpi_source *source,
		   const struct acpi_table *table, uint32_t offset,
		   uint64_t bytes, uint32_t end, const char *what)
{
	if (offset <= end && bytes <= end - offset)
		return 0;
	return ACPI_FAIL(source, table, offset, IOMM_EINVAL,
			 "%s of %u bytes does not end before %x",
			 IOMM_STR(what), bytes, end);
}

int iomm_acpi_check_name(const struct acpi_source *source,
			 const struct acpi_table *table, uint32_t offset,
			 uint32_t end)
{
	uint32_t at;

	for (at = offset; at < end; at++) {
		if (!acpi_u8(table, at))
			break;
		if (acpi_u8(table, at) <= ' ' || acpi_u8(table, at) > '~')
			return ACPI_FAIL(source, table, at, IOMM_EINVAL,
					 "a name has the character %x in it",
					 acpi_u8(table, at));
	}
	if (at >= end)
		return ACPI_FAIL(source, table, offset, IOMM_EINVAL,
				 "a name does not end before %x", end);
	if (at == offset || at - offset >= ACPI_NAME)
		return ACPI_FAIL(source, table, offset, IOMM_EINVAL,
				 "a name has %u characters, not 1 to %u",
				 at - offset, ACPI_NAME - 1);
	return 0;
}

/* Answering */

uint32_t iomm_acpi_iommu(const struct acpi_question *q, uint32_t offset)
{
	const struct acpi_source *source = q->source;
	const uint32_t table = index_of(source, q->table);
	uint32_t n;

	for (n = 0; n < source->nr_nodes; n++) {
		if (source->nodes[n].kind == ACPI_IOMMU &&
		    source->nodes[n].table == table &&
		    source->nodes[n].offset == offset)
			return n + 1;
	}
	return 0;
}

int iomm_acpi_add(struct acpi_question *q, uint32_t offset,
		  const uint32_t *cells, uint32_t nr_cells, uint32_t what,
		  uint32_t place)
{
	return iomm_fwspec_add_iommu(q->builder, iomm_acpi_iommu(q, offset),
				     cells, nr_cells,
				     iomm_acpi_place(q->source, q->table, what,
						     place));
}

int iomm_acpi_add_region(struct acpi_question *q, uint32_t kind, uint64_t first,
			 uint64_t bytes, uint32_t prot, uint32_t what,
			 uint32_t place)
{
	struct iomm_reserved_region region = {
		.kind = kind,
		.first = first,
		.last = first + (bytes - 1),
		.paddr = first,
		.prot = prot,
		.flags = kind == IOMM_REGION_RESERVED ? 0 : IOMM_REGION_MAPPED,
		.place = iomm_acpi_place(q->source, q->table, what, place),
	};

	if (!bytes || region.last < first)
		return ACPI_FAIL(q->source, q->table, place, IOMM_EINVAL,
				 "there is no memory of %x bytes at %x", bytes,
				 first);
	if (kind == IOMM_REGION_RESERVED)
		region.paddr = 0;
	return iomm_fwspec_add_region(q->builder, &region);
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void iomm_acpi_limit(struct acpi_question *q, uint32_t flags,
		     uint32_t pasid_bits, uint32_t address_bits)
{
	struct iomm_fwspec_limits *limits = iomm_fwspec_limits(q->builder);

	if (!q->limited) {
		limits->flags |= flags;
		limits->pasid_bits = pasid_bits;
		limits->address_bits = address_bits;
		q->limited = true;
		return;
	}
	limits->flags &= flags | IOMM_FWSPEC_NUMA_NODE;
	limits->pasid_bits = lesser(limits->pasid_bits, pasid_bits);
	/* 0 is no limit. */
	if (address_bits &&
	    (!limits->address_bits || address_bits < limits->address_bits))
		limits->address_bits = address_bits;
}
