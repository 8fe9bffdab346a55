/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ACPI tables as a source: headers, nodes, places, arguments. What each table
 * says is in test_acpi_iort.c and its like. */
#include "unit/acpi_support.h"

#include <iomm/pci.h>

static const char *const real[] = {
	"q35-amd-iommu.ivrs.aml",    "q35-intel-iommu.dmar.aml",
	"q35-virtio-iommu.viot.aml", "server-dmar.aml",
	"server-ivrs.aml",	     "soc-iort.aml",
	"virt-smmuv3.iort.aml",
};

/* Headers */

static void test_header(void **state)
{
	struct world *w = *state;
	struct table table;

	acpi_load(&table, "virt-smmuv3.iort.aml");
	/* 1 more in any byte, and the sum is wrong. */
	acpi_set(&table, 100, table.bytes[100] + 1u, 1);
	acpi_refused(w, &table, IOMM_EINVAL,
		     "IORT+0x9: the 236 bytes of the table sum to 0x1");
	acpi_set(&table, 100, table.bytes[100] - 1u, 1);
	acpi_refused_with(w, &table, 4, 47, 4, IOMM_EINVAL,
			  "IORT+0x4: the table says that it has 47 bytes, "
			  "where 236 are given and it has 48 at least");
	acpi_refused_with(w, &table, 4, 237, 4, IOMM_EINVAL,
			  "it has 237 bytes");
	acpi_refused_with(w, &table, 4, UINT32_MAX, 4, IOMM_EINVAL,
			  "it has 4294967295 bytes");
	acpi_load(&table, "server-dmar.aml");
	acpi_refused_with(w, &table, 8, 0, 1, IOMM_EINVAL,
			  "DMAR+0x8: there is no revision 0");
	acpi_load(&table, "server-ivrs.aml");
	acpi_refused_with(w, &table, 8, 0, 1, IOMM_EINVAL,
			  "IVRS+0x8: there is no revision 0");
}

static int create(struct world *w, const void *bytes, uint64_t count,
		  struct iomm_firmware **out)
{
	const struct iomm_acpi_table given = { .size = sizeof(given),
					       .table = bytes,
					       .bytes = count };

	return iomm_firmware_create_acpi(w->ctx, &given, 1, sizeof(given), NULL,
					 out);
}

static void test_short(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware = UNTOUCHED;
	struct table table;

	acpi_load(&table, "virt-smmuv3.iort.aml");
	assert_fails(create(w, table.bytes, 3, &firmware), IOMM_EINVAL, w->ctx,
		     "an ACPI table has no signature: 3 bytes");
	assert_fails(create(w, NULL, 100, &firmware), IOMM_EINVAL, w->ctx,
		     "no signature: 0 bytes");
	assert_fails(create(w, table.bytes, 35, &firmware), IOMM_EINVAL, w->ctx,
		     "IORT: 35 bytes are no table: its header alone has 36");
	assert_fails(create(w, table.bytes, 235, &firmware), IOMM_EINVAL,
		     w->ctx, "says that it has 236 bytes, where 235 are given");
	assert_ptr_equal(firmware, UNTOUCHED);
	/* More than it says is fine: who maps pages has such. */
	assert_ok(create(w, table.bytes, ACPI_ROOM, &firmware));
	iomm_firmware_put(firmware);
}

static void test_cut(void **state)
{
	struct world *w = *state;
	struct table table;
	uint32_t n;

	for (n = 0; n < LENGTH(real); n++) {
		acpi_load(&table, real[n]);
		acpi_cut_everywhere(w, &table,
				    !memcmp(table.bytes, "IORT", 4) ||
					    !memcmp(table.bytes, "VIOT", 4));
	}
}

/* Every byte of each table at a few values, with a sum that is right: whatever
 * is made of it, everything can be asked. */
static void ask_everything(struct iomm_firmware *firmware)
{
	static const uint64_t inputs[] = { 0, 0x10, 0x100, 0x8000, 0xffff };
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_fwspec *spec;
	uint64_t node = 0;
	char path[64];
	uint32_t n;

	while (!iomm_firmware_next(firmware, 0, node, &node)) {
		assert_ok(iomm_firmware_node_info(firmware, node, &info));
		assert_true(iomm_firmware_node_path(firmware, node, path,
						    sizeof(path)) > 0);
		for (n = 0; n <= LENGTH(inputs); n++) {
			if (!iomm_firmware_lookup(firmware, node,
						  &inputs[n % 5],
						  n < LENGTH(inputs), &spec))
				iomm_fwspec_put(spec);
		}
	}
}

static void test_every_byte(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x40, 0xff };
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table table, changed;
	uint32_t n, at, v;

	for (n = 0; n < LENGTH(real); n++) {
		acpi_load(&table, real[n]);
		for (at = 36; at < table.length; at++) {
			for (v = 0; v < LENGTH(values); v++) {
				changed = table;
				changed.bytes[at] = values[v];
				acpi_sum(&changed);
				if (acpi_create(w, &changed, &firmware))
					continue;
				ask_everything(firmware);
				iomm_firmware_put(firmware);
			}
		}
	}
}

/* Several tables */

static int create_two(struct world *w, const struct table *a,
		      const struct table *b, struct iomm_firmware **out)
{
	const struct iomm_acpi_table given[] = {
		{ .size = sizeof(given[0]),
		  .table = a->bytes,
		  .bytes = a->length },
		{ .size = sizeof(given[0]),
		  .table = b->bytes,
		  .bytes = b->length },
	};

	return iomm_firmware_create_acpi(w->ctx, given, 2, sizeof(given[0]),
					 NULL, out);
}

static void test_several(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware = NULL;
	struct table a, b;
	uint64_t node;

	acpi_load(&a, "virt-smmuv3.iort.aml");
	acpi_load(&b, "virt-virtio-iommu.iort.aml");
	assert_fails(create_two(w, &a, &b, &firmware), IOMM_EINVAL, w->ctx,
		     "there are two IORT tables");
	/* Both have function 0x20 of segment 0; the gap of one is the
	 * other's. */
	acpi_load(&b, "q35-virtio-iommu.viot.aml");
	assert_ok(create_two(w, &a, &b, &firmware));
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x20, IOMM_EINVAL,
		       "PCI segment 0, ID 0x20: both IORT and VIOT say which "
		       "IOMMU it is behind");
	acpi_ask(firmware, "PCI segment 0", 0x200,
		 "iommu VIOT: virtio-iommu 0000:00:07.0 0x200 | VIOT+0x40: "
		 "structure\ndevice coherent\n");
	iomm_firmware_put(firmware);
	/* What is not known is passed over, whatever is in it. */
	acpi_begin(&b, "FACS", 0);
	firmware = NULL;
	assert_ok(create_two(w, &b, &a, &firmware));
	assert_true(node_at(firmware, "PCI segment 0"));
	iomm_firmware_put(firmware);
	assert_ok(create(w, b.bytes, b.length, &firmware));
	assert_fails(iomm_firmware_next(firmware, 0, 0, &node), IOMM_ENOENT,
		     w->ctx, "no further node");
	iomm_firmware_put(firmware);
	assert_ok(
		iomm_firmware_create_acpi(w->ctx, NULL, 0, 0, NULL, &firmware));
	iomm_firmware_put(firmware);
}

/* Nodes */

static void test_nodes(void **state)
{
	struct world *w = *state;
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_firmware *firmware;
	struct table table;
	uint64_t node;
	char text[8];

	acpi_load(&table, "soc-iort.aml");
	firmware = acpi_source(w, &table);
	node = node_at(firmware, "IORT: SMMUv3 @0x40000000");
	assert_ok(iomm_firmware_node_info(firmware, node, &info));
	assert_int_equal(info.flags, IOMM_NODE_IOMMU | IOMM_NODE_AVAILABLE);
	assert_int_equal(info.iommu_cells, 1);
	assert_true(info.reg_base == 0x40000000 && info.reg_bytes == 0x20000);
	assert_int_equal(iomm_firmware_node_compatible(firmware, node,
						       "arm,smmu-v3"),
			 1);
	assert_int_equal(iomm_firmware_node_compatible(firmware, node,
						       "arm,mmu-500"),
			 0);
	assert_int_equal(iomm_firmware_node_path(firmware, node, text,
						 sizeof(text)),
			 24);
	assert_string_equal(text, "IORT: S");
	node = node_at(firmware, "IORT: SMMU @0x15000000");
	assert_ok(iomm_firmware_node_info(firmware, node, &info));
	assert_true(info.reg_base == 0x15000000 && info.reg_bytes == 0x100000);
	assert_int_equal(iomm_firmware_node_compatible(firmware, node,
						       "arm,mmu-500"),
			 1);
	node = node_at(firmware, "PCI segment 0");
	assert_ok(iomm_firmware_node_info(firmware, node, &info));
	assert_int_equal(info.flags, IOMM_NODE_PCI_HOST | IOMM_NODE_MAPPED |
					     IOMM_NODE_AVAILABLE |
					     IOMM_NODE_COHERENT);
	assert_int_equal(info.reg_bytes, 0);
	assert_int_equal(iomm_firmware_node_compatible(firmware, node, "pci"),
			 0);
	node = node_at(firmware, "PCI segment 1");
	assert_ok(iomm_firmware_node_info(firmware, node, &info));
	assert_int_equal(info.flags & IOMM_NODE_COHERENT, 0);
	node = node_at(firmware, "\\_SB.GPU0");
	assert_ok(iomm_firmware_node_info(firmware, node, &info));
	assert_int_equal(info.flags, IOMM_NODE_CLIENT | IOMM_NODE_AVAILABLE |
					     IOMM_NODE_COHERENT);
	node = node_at(firmware, "\\_SB.URT0");
	assert_ok(iomm_firmware_node_info(firmware, node, &info));
	assert_int_equal(info.flags, IOMM_NODE_AVAILABLE);
	assert_fails(iomm_firmware_find(firmware, "\\_SB.GPU1", &node),
		     IOMM_ENOENT, w->ctx, "no node \"\\_SB.GPU1\"");
	node = node_at(firmware, "PCI segment 0") + 100;
	assert_fails(iomm_firmware_node_info(firmware, node, &info),
		     IOMM_EINVAL, w->ctx, "is not in the ACPI tables");
	assert_int_equal(iomm_firmware_node_path(firmware, node, NULL, 0),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_firmware_node_compatible(firmware, node, ""),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_firmware_next(firmware, 0, node, &node),
			 -IOMM_EINVAL);
	iomm_firmware_put(firmware);
}

static void test_registers(void **state)
{
	static const struct {
		const char *table, *node, *compatible;
		uint64_t base, bytes, cells;
	} cases[] = {
		{ "server-dmar.aml", "DMAR: DRHD @0xc5ffc000", "intel,vt-d",
		  0xc5ffc000, 0x1000, 1 },
		{ "server-ivrs.aml", "IVRS: IOMMU @0xfd900000", "amd,iommu",
		  0xfd900000, 0x4000, 2 },
		{ "q35-virtio-iommu.viot.aml",
		  "VIOT: virtio-iommu 0000:00:07.0", "virtio,pci-iommu", 0, 0,
		  1 },
	};
	struct world *w = *state;
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_firmware *firmware;
	struct table table;
	uint64_t node;
	uint32_t n;

	for (n = 0; n < LENGTH(cases); n++) {
		acpi_load(&table, cases[n].table);
		firmware = acpi_source(w, &table);
		node = node_at(firmware, cases[n].node);
		assert_ok(iomm_firmware_node_info(firmware, node, &info));
		assert_true(info.reg_base == cases[n].base);
		assert_true(info.reg_bytes == cases[n].bytes);
		assert_true(info.iommu_cells == cases[n].cells);
		assert_int_equal(iomm_firmware_node_compatible(
					 firmware, node, cases[n].compatible),
				 1);
		iomm_firmware_put(firmware);
	}
}

/* Places are numbers that callers may make up. */
static void test_places(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct iomm_fwspec *spec = NULL;
	struct iomm_specifier specifier = { .size = sizeof(specifier) };
	const uint64_t id = 0x20;
	struct table table;
	char text[64];
	uint64_t bad[6];
	uint32_t n;

	acpi_load(&table, "virt-smmuv3.iort.aml");
	firmware = acpi_source(w, &table);
	assert_ok(iomm_firmware_lookup(firmware,
				       node_at(firmware, "PCI segment 0"), &id,
				       1, &spec));
	assert_ok(iomm_fwspec_iommu(spec, 0, &specifier));
	assert_int_equal(iomm_firmware_place(firmware, specifier.place, text,
					     sizeof(text)),
			 21);
	assert_string_equal(text, "IORT+0xc4: ID mapping");
	bad[0] = 0;
	bad[1] = UINT64_MAX;
	bad[2] = specifier.place + table.length;	/* behind the table */
	bad[3] = specifier.place + (UINT64_C(1) << 40); /* of one not given */
	bad[4] = specifier.place + (UINT64_C(99) << 40);
	bad[5] = specifier.place + (UINT64_C(99) << 32);
	for (n = 0; n < LENGTH(bad); n++)
		assert_fails(iomm_firmware_place(firmware, bad[n], text,
						 sizeof(text)),
			     IOMM_EINVAL, w->ctx, "is not in the ACPI tables");
	iomm_fwspec_put(spec);
	iomm_firmware_put(firmware);
}

static void test_inputs(void **state)
{
	struct world *w = *state;
	const uint64_t ids[] = { 0x20, 0x21, 0x20, 0x8000 };
	const uint64_t wide = UINT64_C(0x100000020);
	struct iomm_firmware *firmware;
	struct iomm_fwspec *spec = NULL;
	struct table table;
	uint64_t node;

	acpi_load(&table, "virt-smmuv3.iort.aml");
	firmware = acpi_source(w, &table);
	node = node_at(firmware, "PCI segment 0");
	assert_ok(iomm_firmware_lookup(firmware, node, ids, 3, &spec));
	expect_text(firmware, spec,
		    "iommu IORT: SMMUv3 @0x9050000 0x20 | IORT+0xc4: ID "
		    "mapping\n"
		    "iommu IORT: SMMUv3 @0x9050000 0x21 | IORT+0xc4: ID "
		    "mapping\n"
		    "device coherent bits=64\n");
	iomm_fwspec_put(spec);
	/* One that is not translated is one too many. */
	assert_fails(iomm_firmware_lookup(firmware, node, ids, 4, &spec),
		     IOMM_ENODEV, w->ctx, "ID 0x8000: no IOMMU");
	assert_fails(iomm_firmware_lookup(firmware, node, &wide, 1, &spec),
		     IOMM_EINVAL, w->ctx, "has more than 32 bits");
	iomm_firmware_put(firmware);
}

/* Arguments */

static void test_arguments(void **state)
{
	const struct iomm_pci_function function = { .rid = 0 };
	struct world *w = *state, other;
	struct iomm_pci *foreign = NULL;
	struct iomm_firmware *firmware = UNTOUCHED;
	struct iomm_acpi_table given[2] = { { .size = sizeof(given[0]) } };
	struct table table;

	acpi_load(&table, "virt-smmuv3.iort.aml");
	given[0].table = table.bytes;
	given[0].bytes = table.length;
	assert_int_equal(iomm_firmware_create_acpi(NULL, given, 1,
						   sizeof(given[0]), NULL,
						   &firmware),
			 -IOMM_EINVAL);
	assert_fails(iomm_firmware_create_acpi(w->ctx, NULL, 1,
					       sizeof(given[0]), NULL,
					       &firmware),
		     IOMM_EINVAL, w->ctx, "iomm_firmware_create_acpi");
	assert_fails(iomm_firmware_create_acpi(w->ctx, given, 1,
					       sizeof(given[0]), NULL, NULL),
		     IOMM_EINVAL, w->ctx, "iomm_firmware_create_acpi");
	assert_fails(iomm_firmware_create_acpi(w->ctx, given, 1, 23, NULL,
					       &firmware),
		     IOMM_EINVAL, w->ctx, "are 23 bytes apart");
	world_init(&other);
	assert_ok(world_create(&other));
	assert_ok(iomm_pci_create(other.ctx, &function, 1, sizeof(function),
				  &foreign));
	assert_fails(iomm_firmware_create_acpi(w->ctx, given, 1,
					       sizeof(given[0]), foreign,
					       &firmware),
		     IOMM_EINVAL, w->ctx, "another context's");
	iomm_pci_put(foreign);
	world_end(&other);
	given[0].reserved = 1;
	assert_fails(iomm_firmware_create_acpi(w->ctx, given, 1,
					       sizeof(given[0]), NULL,
					       &firmware),
		     IOMM_EINVAL, w->ctx, "iomm_acpi_table.reserved");
	given[0].reserved = 0;
	/* The second has no size. */
	assert_fails(iomm_firmware_create_acpi(w->ctx, given, 2,
					       sizeof(given[0]), NULL,
					       &firmware),
		     IOMM_EINVAL, w->ctx, "less than version 0");
	given[0].size = sizeof(given);
	given[1].size = 1;
	assert_fails(iomm_firmware_create_acpi(w->ctx, given, 1, sizeof(given),
					       NULL, &firmware),
		     IOMM_E2BIG, w->ctx, "has data at offset 24");
	assert_ptr_equal(firmware, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_FIRMWARE), 0);
}

/* Memory */

struct step {
	struct table table;
	struct iomm_firmware *firmware;
	struct iomm_fwspec *spec;
};

static int step_create(struct world *w, void *arg)
{
	struct step *step = arg;

	return acpi_create(w, &step->table, &step->firmware);
}

static int step_lookup(struct world *w, void *arg)
{
	struct step *step = arg;
	const uint64_t id = 0x300;

	(void)w;
	return iomm_firmware_lookup(step->firmware,
				    node_at(step->firmware, "PCI segment 0"),
				    &id, 1, &step->spec);
}

static void test_memory(void **state)
{
	struct world *w = *state;
	static struct step step;

	acpi_load(&step.table, "server-ivrs.aml");
	assert_true(world_each_site(w, step_create, &step) >= 4);
	assert_true(world_each_site(w, step_lookup, &step) >= 3);
	iomm_fwspec_put(step.spec);
	iomm_firmware_put(step.firmware);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_header),    WORLD_TEST(test_short),
		WORLD_TEST(test_cut),	    WORLD_TEST(test_every_byte),
		WORLD_TEST(test_several),   WORLD_TEST(test_nodes),
		WORLD_TEST(test_registers), WORLD_TEST(test_places),
		WORLD_TEST(test_inputs),    WORLD_TEST(test_arguments),
		WORLD_TEST(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
