/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Firmware sources and what they say, without memory. */
#include "stress/faults.h"

#include <iomm/static_firmware.h>

/* A source is made, and asked of a device at a node of it. */
static int look_up(struct faults *f, struct iomm_firmware *firmware,
		   const char *path, const uint64_t *inputs, uint32_t nr_inputs)
{
	struct iomm_fwspec *spec = UNTOUCHED;
	int err = FAULTY(f,
			 iomm_firmware_lookup(firmware, node_at(firmware, path),
					      inputs, nr_inputs, &spec));

	if (err)
		assert_ptr_equal(spec, UNTOUCHED);
	else
		iomm_fwspec_put(spec);
	/* What failed has left no trace: it can be asked again. */
	assert_ok(iomm_firmware_lookup(firmware, node_at(firmware, path),
				       inputs, nr_inputs, &spec));
	iomm_fwspec_put(spec);
	return err;
}

static int in_tree(struct faults *f, const char *name, const char *path,
		   const uint64_t *inputs, uint32_t nr_inputs)
{
	struct tree tree = tree_load(name);
	struct iomm_firmware *firmware;
	int err;

	assert_ok(world_create(&f->world));
	firmware = world_firmware(&f->world, &tree);
	err = look_up(f, firmware, path, inputs, nr_inputs);
	iomm_firmware_put(firmware);
	return err;
}

/* Over four regions, so that the list grows. */
static int regions(struct faults *f)
{
	return in_tree(f, "reserved-memory", "/display@20000000", NULL, 0);
}

static int windows(struct faults *f)
{
	return in_tree(f, "dma-ranges",
		       "/outer@100000000/middle/inner/on-inner@2000", NULL, 0);
}

static int aliases(struct faults *f)
{
	static const uint64_t inputs[] = { 1, 2, 3, 4, 5, 0x300 };

	return in_tree(f, "iommu-corners", "/soc/pcie@40000000", inputs,
		       LENGTH(inputs));
}

static int tables(struct faults *f)
{
	static const struct iomm_static_node nodes[] = {
		{ .size = sizeof(nodes[0]),
		  .name = "iommu",
		  .flags = IOMM_NODE_IOMMU },
		{ .size = sizeof(nodes[0]),
		  .name = "device",
		  .compatible = "a device" },
	};
	static const struct iomm_static_map map = { .size = sizeof(map),
						    .node = 1 };
	const struct iomm_static_config config = {
		.size = sizeof(config),
		.nodes = nodes,
		.nr_nodes = LENGTH(nodes),
		.node_stride = sizeof(nodes[0]),
		.maps = &map,
		.nr_maps = 1,
		.map_stride = sizeof(map),
	};
	struct iomm_firmware *firmware = UNTOUCHED;
	int err;

	assert_ok(world_create(&f->world));
	err = FAULTY(f, iomm_firmware_create_static(f->world.ctx, &config,
						    &firmware));
	if (err) {
		assert_ptr_equal(firmware, UNTOUCHED);
		return err;
	}
	err = look_up(f, firmware, "device", NULL, 0);
	iomm_firmware_put(firmware);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(regions),
		FAULT_TEST(windows),
		FAULT_TEST(aliases),
		FAULT_TEST(tables),
	};

	return cmocka_run_group_tests_name("faults: firmware", tests, NULL,
					   NULL);
}
