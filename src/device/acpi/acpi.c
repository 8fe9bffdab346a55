/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ACPI tables as a source of firmware (ACPI Specification 6.5, 5.2.6). */
#include "device/acpi/acpi.h"

#include "base/abi.h"
#include "base/mem.h"
#include "device/pci.h"

static struct acpi_source *source_of(const struct iomm_firmware *firmware)
{
	return firmware->data;
}

static int check_key(struct iomm_firmware *firmware, uint32_t key)
{
	if (key <= source_of(firmware)->nr_nodes)
		return 0;
	return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
			 "node %u is not in the ACPI tables, which have %u",
			 key, source_of(firmware)->nr_nodes);
}

static void name_of(const struct acpi_source *source,
		    const struct acpi_node *node, char *buf)
{
	if (node->kind == ACPI_SEGMENT)
		(void)iomm_text_render(buf, ACPI_NAME,
				       IOMM_TEXT("PCI segment %u",
						 node->number));
	else
		iomm_acpi_readers[node->table]->name(source, node, buf);
}

/* The ops */

static int next(struct iomm_firmware *firmware, uint32_t flags, uint32_t prev,
		uint32_t *out)
{
	const struct acpi_source *source = source_of(firmware);
	uint32_t n;
	int err = check_key(firmware, prev);

	if (err)
		return err;
	for (n = prev; n < source->nr_nodes; n++) {
		if ((source->nodes[n].flags & flags) == flags) {
			*out = n + 1;
			return 0;
		}
	}
	return IOMM_FAIL(firmware->obj.ctx, IOMM_ENOENT,
			 "the ACPI tables have no further node of that kind");
}

static int find(struct iomm_firmware *firmware, const char *path, uint32_t *out)
{
	const struct acpi_source *source = source_of(firmware);
	char name[ACPI_NAME];
	uint32_t n;

	for (n = 0; n < source->nr_nodes; n++) {
		name_of(source, &source->nodes[n], name);
		if (iomm_streq(name, path)) {
			*out = n + 1;
			return 0;
		}
	}
	return IOMM_FAIL(firmware->obj.ctx, IOMM_ENOENT,
			 "the ACPI tables have no node \"%s\"", IOMM_STR(path));
}

static int
info(struct iomm_firmware *firmware, uint32_t key, struct iomm_node_info *out)
{
	const struct acpi_source *source = source_of(firmware);
	const struct acpi_node *node;
	int err = check_key(firmware, key);

	if (err)
		return err;
	node = &source->nodes[key - 1];
	out->flags = node->flags;
	if (node->kind == ACPI_IOMMU) {
		out->iommu_cells = iomm_acpi_readers[node->table]->cells;
		iomm_acpi_readers[node->table]->registers(
			&source->tables[node->table], node->offset, out);
	}
	return 0;
}

static int
path(struct iomm_firmware *firmware, uint32_t key, char *buf, uint64_t len)
{
	const struct acpi_source *source = source_of(firmware);
	char name[ACPI_NAME];
	int err = check_key(firmware, key);

	if (err)
		return err;
	name_of(source, &source->nodes[key - 1], name);
	return iomm_copy_string(buf, len, name);
}

static int
compatible(struct iomm_firmware *firmware, uint32_t key, const char *name)
{
	const struct acpi_source *source = source_of(firmware);
	const struct acpi_node *node;
	const char *is;
	int err = check_key(firmware, key);

	if (err)
		return err;
	node = &source->nodes[key - 1];
	if (node->kind != ACPI_IOMMU)
		return 0;
	is = iomm_acpi_readers[node->table]->compatible(
		&source->tables[node->table], node->offset);
	return is && iomm_streq(is, name);
}

static int describe_function(struct acpi_question *q)
{
	const struct acpi_reader *by = NULL;
	uint32_t n;
	int found;

	for (n = 0; n < ACPI_NR_TABLES; n++) {
		q->table = &q->source->tables[n];
		if (!q->table->bytes)
			continue;
		found = iomm_acpi_readers[n]->function(q);
		if (found < 0)
			return found;
		if (found && by)
			return ACPI_FAIL_FOR(
				q, IOMM_EINVAL,
				"both %s and %s say which IOMMU it is behind",
				IOMM_STR(by->signature),
				IOMM_STR(iomm_acpi_readers[n]->signature));
		if (found)
			by = iomm_acpi_readers[n];
	}
	return by ? 0
		  : ACPI_FAIL_FOR(q, IOMM_ENODEV,
				  "no IOMMU is described for it: it does "
				  "direct DMA");
}

static int describe_one(struct acpi_question *q)
{
	uint32_t table = q->node->table;

	switch (q->node->kind) {
	case ACPI_SEGMENT:
		if (!q->has_input)
			return ACPI_FAIL_FOR(q, IOMM_ENODEV,
					     "is a host bridge, and does no "
					     "DMA of its own");
		if (q->input > UINT16_MAX)
			return ACPI_FAIL_FOR(q, IOMM_EINVAL,
					     "is no requester ID, which has 16 "
					     "bits");
		return describe_function(q);
	case ACPI_IOMMU:
		return ACPI_FAIL_FOR(q, IOMM_ENODEV,
				     "is an IOMMU, and behind none");
	default:
		q->table = &q->source->tables[table];
		return iomm_acpi_readers[table]->device(q);
	}
}

static int
describe(struct iomm_firmware *firmware, uint32_t key, const uint64_t *inputs,
	 uint32_t nr_inputs, struct iomm_fwspec_builder *b)
{
	struct acpi_question q = { .source = source_of(firmware),
				   .builder = b };
	uint32_t n;
	int err = check_key(firmware, key);

	if (err)
		return err;
	q.node = &q.source->nodes[key - 1];
	if (!nr_inputs)
		return describe_one(&q);
	q.has_input = true;
	for (n = 0; n < nr_inputs && !err; n++) {
		if (inputs[n] > UINT32_MAX)
			return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
					 "input ID %x has more than 32 bits",
					 inputs[n]);
		q.input = (uint32_t)inputs[n];
		err = describe_one(&q);
	}
	return err;
}

static int
place(struct iomm_firmware *firmware, uint64_t where, char *buf, uint64_t len)
{
	static const char *const names[ACPI_AT_KINDS] = {
		[ACPI_AT_STRUCTURE] = "structure",
		[ACPI_AT_MAPPING] = "ID mapping",
		[ACPI_AT_MEMORY] = "memory range",
		[ACPI_AT_SCOPE] = "device scope",
		[ACPI_AT_ENTRY] = "device entry",
	};
	const struct acpi_source *source = source_of(firmware);
	uint64_t table = (where >> 40) - 1, what = where >> 32 & 0xff;

	if (table >= ACPI_NR_TABLES || what >= ACPI_AT_KINDS ||
	    (uint32_t)where >= source->tables[table].length)
		return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
				 "place %x is not in the ACPI tables", where);
	return (int)iomm_text_render(
		buf, len,
		IOMM_TEXT("%s+%x: %s",
			  IOMM_STR(iomm_acpi_readers[table]->signature),
			  (uint32_t)where, IOMM_STR(names[what])));
}

static void free_source(struct acpi_source *source)
{
	struct iomm_ctx *ctx = source->ctx;
	uint32_t n;

	iomm_object_drop(source->pci);
	for (n = 0; n < ACPI_NR_TABLES; n++)
		iomm_free(ctx, source->tables[n].bytes,
			  source->tables[n].length);
	iomm_free(ctx, source->nodes,
		  (uint64_t)source->room * sizeof(*source->nodes));
	iomm_free(ctx, source, sizeof(*source));
}

static void destroy(struct iomm_firmware *firmware)
{
	free_source(source_of(firmware));
}

static const struct iomm_firmware_ops acpi_ops = {
	.next = next,
	.find = find,
	.info = info,
	.path = path,
	.compatible = compatible,
	.describe = describe,
	.place = place,
	.destroy = destroy,
};

/* Making one */

static int
check_sum(const struct acpi_source *source, const struct acpi_table *table)
{
	uint8_t sum = 0;
	uint32_t n;

	for (n = 0; n < table->length; n++)
		sum = (uint8_t)(sum + acpi_u8(table, n));
	if (!sum)
		return 0;
	return ACPI_FAIL(source, table, 9, IOMM_EINVAL,
			 "the %u bytes of the table sum to %x, not to 0: its "
			 "checksum is wrong",
			 table->length, sum);
}

static int
check_table(const struct acpi_source *source, const struct acpi_table *table,
	    const struct acpi_reader *reader)
{
	int err = check_sum(source, table);

	if (!err && acpi_revision(table) < reader->first_revision)
		err = ACPI_FAIL(source, table, 8, IOMM_EINVAL,
				"there is no revision %u of this table",
				acpi_revision(table));
	return err;
}

/* Everything after this looks at the copy: what was given may be written to by
 * others. */
static int copy_table(struct acpi_source *source, struct acpi_table *table,
		      const struct acpi_reader *reader, const uint8_t *from,
		      uint64_t bytes)
{
	uint32_t length;

	if (bytes < ACPI_HEADER)
		return IOMM_FAIL(source->ctx, IOMM_EINVAL,
				 "%s: %u bytes are no table: its header alone "
				 "has %u",
				 IOMM_STR(reader->signature), bytes,
				 ACPI_HEADER);
	length = (uint32_t)(from[4] | from[5] << 8 | from[6] << 16) |
		 (uint32_t)from[7] << 24;
	if (length < reader->header || length > bytes ||
	    length > ACPI_MAX_TABLE)
		return IOMM_FAIL(source->ctx, IOMM_EINVAL,
				 "%s+0x4: the table says that it has %u bytes, "
				 "where %u are given and it has %u at least "
				 "and %u at most",
				 IOMM_STR(reader->signature), length, bytes,
				 reader->header, ACPI_MAX_TABLE);
	table->bytes = iomm_alloc(source->ctx, length);
	if (!table->bytes)
		return IOMM_FAIL(source->ctx, IOMM_ENOMEM,
				 "no memory for an ACPI table of %u bytes",
				 length);
	memcpy(table->bytes, from, length);
	table->length = length;
	return check_table(source, table, reader);
}

static const struct acpi_reader *
reader_of(const uint8_t *signature, uint32_t *index)
{
	for (*index = 0; *index < ACPI_NR_TABLES; ++*index) {
		if (!memcmp(iomm_acpi_readers[*index]->signature, signature, 4))
			return iomm_acpi_readers[*index];
	}
	return NULL;
}

static int
take_table(struct acpi_source *source, const struct iomm_acpi_table *given)
{
	const struct acpi_reader *reader;
	const uint8_t *from = given->table;
	uint32_t index;

	if (!from || given->bytes < 4)
		return IOMM_FAIL(source->ctx, IOMM_EINVAL,
				 "an ACPI table has no signature: %u bytes are "
				 "given",
				 from ? given->bytes : 0);
	reader = reader_of(from, &index);
	if (!reader)
		return 0;
	if (source->tables[index].bytes)
		return IOMM_FAIL(source->ctx, IOMM_EINVAL,
				 "there are two %s tables",
				 IOMM_STR(reader->signature));
	return copy_table(source, &source->tables[index], reader, from,
			  given->bytes);
}

static int
read_tables(struct acpi_source *source, const struct iomm_acpi_table *tables,
	    uint32_t count, uint32_t stride)
{
	const char *at = (const char *)tables;
	struct iomm_acpi_table given;
	uint32_t n;
	int err = 0;

	for (n = 0; n < count && !err; n++, at += stride) {
		err = iomm_struct_in(source->ctx, &given, sizeof(given),
				     IOMM_ACPI_TABLE_SIZE_VER0, at,
				     "iomm_acpi_table");
		if (!err)
			err = iomm_check_bits(source->ctx, given.reserved, 0,
					      "iomm_acpi_table.reserved");
		if (!err)
			err = take_table(source, &given);
	}
	for (n = 0; n < ACPI_NR_TABLES && !err; n++) {
		if (source->tables[n].bytes)
			err = iomm_acpi_index(source, n);
	}
	return err;
}

static int
make(struct iomm_ctx *ctx, const struct iomm_acpi_table *tables, uint32_t count,
     uint32_t stride, struct iomm_pci *topology, struct iomm_firmware **out)
{
	struct acpi_source *source = iomm_alloc(ctx, sizeof(*source));
	int err;

	if (!source)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a firmware source");
	source->ctx = ctx;
	source->pci = topology ? iomm_object_get(topology) : NULL;
	err = read_tables(source, tables, count, stride);
	if (!err)
		err = iomm_firmware_create(ctx, &acpi_ops, source, out);
	if (err)
		free_source(source);
	return err;
}

int iomm_firmware_create_acpi(struct iomm_ctx *ctx,
			      const struct iomm_acpi_table *tables,
			      uint32_t count, uint32_t stride,
			      struct iomm_pci *topology,
			      struct iomm_firmware **out)
{
	int err;

	if (!ctx)
		return -IOMM_EINVAL;
	if (!out || (!tables && count))
		return iomm_fail_null(ctx, "iomm_firmware_create_acpi");
	if (count && stride < IOMM_ACPI_TABLE_SIZE_VER0)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "ACPI tables are %u bytes apart, and each "
				 "struct iomm_acpi_table has %u",
				 stride, IOMM_ACPI_TABLE_SIZE_VER0);
	err = iomm_pci_check(ctx, topology);
	if (err)
		return err;
	iomm_enter(ctx);
	return iomm_leave(ctx, make(ctx, tables, count, stride, topology, out));
}
