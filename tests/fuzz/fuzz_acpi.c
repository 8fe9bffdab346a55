/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is up to three ACPI tables, without signatures: a byte says which
 * one it is, two how long. Lengths and checksums are set right, mostly. Every
 * node is asked everything, twice; what is said of devices is looked up in the
 * tables once more, in another way.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>

#define MAX_TABLES 3u
#define MAX_NODES  64u
#define HEADER	   36u

enum {
	IORT,
	DMAR,
	IVRS,
	VIOT,
	RIMT,
	KINDS
};

static const char *const signatures[KINDS] = { "IORT", "DMAR", "IVRS", "VIOT",
					       "RIMT" };

struct machine {
	struct world w;
	struct iomm_acpi_table given[MAX_TABLES];
	uint32_t nr_tables;
	struct iomm_firmware *firmware;
	uint64_t nodes[MAX_NODES];
	uint32_t nr_nodes;
};

/* The tables */

static void set_sum(uint8_t *bytes, size_t length)
{
	uint8_t sum = 0;
	size_t n;

	bytes[9] = 0;
	for (n = 0; n < length; n++)
		sum = (uint8_t)(sum + bytes[n]);
	bytes[9] = (uint8_t)-sum;
}

/* What follows the length is the table from its revision on. */
static void add_table(struct machine *m, struct input *in)
{
	struct iomm_acpi_table *table = &m->given[m->nr_tables++];
	uint8_t how = take8(in);
	size_t length = take16(in) % 2048u;
	uint8_t *bytes;

	if (length < HEADER)
		length = HEADER + in->left;
	bytes = allocate(length);
	take_bytes(in, bytes + 8, length - 8);
	memcpy(bytes, signatures[how % KINDS], 4);
	bytes[4] = (uint8_t)length;
	bytes[5] = (uint8_t)(length >> 8);
	bytes[6] = bytes[7] = 0;
	if (how & 0x40)
		bytes[4] = (uint8_t)(bytes[4] + 1);
	if (!(how & 0x80))
		set_sum(bytes, length);
	table->size = sizeof(*table);
	table->table = bytes;
	table->bytes = length;
}

static const uint8_t *table_of(const struct machine *m, uint32_t kind)
{
	uint32_t n;

	for (n = 0; n < m->nr_tables; n++) {
		if (!memcmp(m->given[n].table, signatures[kind], 4))
			return m->given[n].table;
	}
	return NULL;
}

static uint32_t number(const uint8_t *at, uint32_t bytes)
{
	struct input in = { at, bytes };

	return (uint32_t)take(&in, bytes);
}

/* Questions */

static void list_nodes(struct machine *m)
{
	uint64_t node = 0;

	while (m->nr_nodes < MAX_NODES &&
	       !checked(&m->w, iomm_firmware_next(m->firmware, 0, node, &node)))
		m->nodes[m->nr_nodes++] = node;
}

static struct iomm_node_info info_of(struct machine *m, uint64_t node)
{
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_node_info again = { .size = sizeof(info) };

	REQUIRE(!iomm_firmware_node_info(m->firmware, node, &info));
	REQUIRE(!iomm_firmware_node_info(m->firmware, node, &again));
	REQUIRE(!memcmp(&info, &again, sizeof(info)));
	REQUIRE(info.flags & IOMM_NODE_AVAILABLE);
	return info;
}

static void ask_path(struct machine *m, uint64_t node)
{
	char whole[512], part[5];
	uint64_t found = 0;
	int length = iomm_firmware_node_path(m->firmware, node, whole,
					     sizeof(whole));

	REQUIRE(length >= 0 && length < 300 && length == (int)strlen(whole));
	REQUIRE(iomm_firmware_node_path(m->firmware, node, part,
					sizeof(part)) == length);
	REQUIRE(!strncmp(whole, part, sizeof(part) - 1));
	/* Nodes of one name are possible, and then it is the first. */
	REQUIRE(!iomm_firmware_find(m->firmware, whole, &found));
	REQUIRE(found && found <= node);
}

static uint64_t check_place(struct machine *m, uint64_t place)
{
	char text[128];
	unsigned long offset;
	uint32_t n;

	REQUIRE(iomm_firmware_place(m->firmware, place, text, sizeof(text)) >
		0);
	REQUIRE(text[4] == '+' && sscanf(text + 5, "%lx", &offset) == 1);
	for (n = 0; n < m->nr_tables; n++) {
		if (!memcmp(m->given[n].table, text, 4))
			REQUIRE(offset >= HEADER && offset < m->given[n].bytes);
	}
	return offset;
}

/* A specifier of a PCI function: arithmetic on the structure at its place. */
static void
check_function(struct machine *m, const struct iomm_specifier *specifier,
	       uint64_t input)
{
	uint64_t offset = check_place(m, specifier->place);
	const uint8_t *at;
	char text[8];

	REQUIRE(iomm_firmware_place(m->firmware, specifier->place, text,
				    sizeof(text)) > 0);
	if (!memcmp(text, "VIOT", 4)) {
		at = table_of(m, VIOT) + offset;
		REQUIRE(at[0] == 1);
		REQUIRE(input >= number(at + 12, 2) &&
			input <= number(at + 14, 2));
		REQUIRE((uint16_t)(specifier->cells[0] - number(at + 4, 4)) ==
			(uint16_t)(input - number(at + 12, 2)));
	} else if (!memcmp(text, "RIMT", 4)) {
		at = table_of(m, RIMT) + offset;
		REQUIRE(input - number(at, 4) < number(at + 4, 4));
		REQUIRE(specifier->cells[0] - number(at + 8, 4) ==
			input - number(at, 4));
	} else if (!memcmp(text, "IORT", 4)) {
		at = table_of(m, IORT) + offset;
		/* The planted mistake: the flag of single mappings is not
		 * known. */
		if (!FUZZ_PLANTED && at[16] & 1)
			REQUIRE(specifier->cells[0] == number(at + 8, 4));
		else
			REQUIRE(specifier->cells[0] - number(at + 8, 4) ==
				input - number(at, 4));
	} else if (!memcmp(text, "DMAR", 4)) {
		REQUIRE(specifier->cells[0] == input);
	} else {
		at = table_of(m, IVRS) + offset;
		REQUIRE((uint8_t)specifier->cells[1] == at[3]);
	}
}

static void
look_at(struct machine *m, struct iomm_fwspec *spec, const uint64_t *input)
{
	struct iomm_fwspec_info info = { .size = sizeof(info) };
	struct iomm_specifier specifier = { .size = sizeof(specifier) };
	struct iomm_reserved_region region = { .size = sizeof(region) };
	struct iomm_node_info iommu;
	uint32_t n;

	REQUIRE(!iomm_fwspec_info(spec, &info));
	REQUIRE(info.nr_iommus && !info.nr_dma_ranges);
	for (n = 0; n < info.nr_iommus; n++) {
		REQUIRE(!iomm_fwspec_iommu(spec, n, &specifier));
		iommu = info_of(m, specifier.iommu);
		REQUIRE(iommu.flags & IOMM_NODE_IOMMU);
		REQUIRE(iommu.iommu_cells == specifier.nr_cells);
		check_place(m, specifier.place);
		if (input)
			check_function(m, &specifier, *input);
	}
	for (n = 0; n < info.nr_regions; n++) {
		REQUIRE(!iomm_fwspec_region(spec, n, &region));
		REQUIRE(region.first <= region.last);
		check_place(m, region.place);
	}
}

static void lookup(struct machine *m, uint64_t node, const uint64_t *inputs,
		   uint32_t count, bool function)
{
	struct iomm_fwspec *spec = NULL, *again = NULL;
	int err = checked(&m->w, iomm_firmware_lookup(m->firmware, node, inputs,
						      count, &spec));

	REQUIRE(iomm_firmware_lookup(m->firmware, node, inputs, count,
				     &again) == err);
	REQUIRE(!err || err == -IOMM_ENODEV || err == -IOMM_EINVAL ||
		err == -IOMM_EOPNOTSUPP);
	if (!err)
		look_at(m, spec, function ? inputs : NULL);
	iomm_fwspec_put(spec);
	iomm_fwspec_put(again);
}

static void ask(struct machine *m, uint64_t node, const uint64_t *inputs)
{
	struct iomm_node_info info = info_of(m, node);
	bool function = info.flags & IOMM_NODE_PCI_HOST;
	int err = iomm_firmware_node_compatible(m->firmware, node, "amd,iommu");

	REQUIRE(err == 0 || err == 1);
	ask_path(m, node);
	lookup(m, node, NULL, 0, false);
	lookup(m, node, &inputs[0], 1, function);
	lookup(m, node, &inputs[1], 1, function);
	lookup(m, node, inputs, 3, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input in = { bytes, size };
	struct machine m = { .nr_tables = 0 };
	uint64_t inputs[3];
	uint32_t n;
	int err;

	world_begin(&m.w);
	inputs[0] = take16(&in);
	inputs[1] = take16(&in) & 0xff;
	inputs[2] = take(&in, 3);
	do
		add_table(&m, &in);
	while (in.left && m.nr_tables < MAX_TABLES);
	err = checked(&m.w,
		      iomm_firmware_create_acpi(m.w.ctx, m.given, m.nr_tables,
						sizeof(m.given[0]), NULL,
						&m.firmware));
	REQUIRE(!err || err == -IOMM_EINVAL || err == -IOMM_EOPNOTSUPP);
	if (!err)
		list_nodes(&m);
	for (n = 0; n < m.nr_nodes; n++)
		ask(&m, m.nodes[n], inputs);
	iomm_firmware_put(m.firmware);
	for (n = 0; n < m.nr_tables; n++)
		free((void *)(uintptr_t)m.given[n].table);
	world_end(&m.w);
	return 0;
}
