/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole device trees, and what they say, as it was written down by hand. */
#include "unit/expected.h"

/* Whoever has IOMMUs in the tree is asked about. */
static void
all_asked(struct iomm_firmware *firmware, const char *name, uint32_t kind)
{
	uint64_t node = 0;
	char path[256];

	while (!iomm_firmware_next(firmware, kind, node, &node)) {
		assert_true(iomm_firmware_node_path(firmware, node, path,
						    sizeof(path)) > 0);
		if (!expect_asks(name, path))
			fail_msg("%s.expected does not ask for %s", name, path);
	}
}

static void check(struct world *w, const char *name)
{
	struct tree tree = tree_load(name);
	struct iomm_firmware *firmware = world_firmware(w, &tree);

	expect_file(w, firmware, name);
	all_asked(firmware, name, IOMM_NODE_CLIENT);
	all_asked(firmware, name, IOMM_NODE_MAPPED);
	all_asked(firmware, name, IOMM_NODE_PCI_HOST);
	iomm_firmware_put(firmware);
}

static void test_tree(void **state)
{
	struct world w;

	world_init(&w);
	assert_ok(world_create(&w));
	check(&w, *state);
	world_end(&w);
}

#define TREE(name)                                  \
	{                                           \
		name, test_tree, NULL, NULL, (name) \
	}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TREE("apple-t8103"),
		TREE("dma-ranges"),
		TREE("iommu-corners"),
		TREE("mediatek-mt8195"),
		TREE("no-iommu"),
		TREE("qemu-arm-virt-smmuv3"),
		TREE("qemu-riscv-virt"),
		TREE("qemu-riscv-virt-iommu-pci"),
		TREE("qemu-riscv-virt-iommu-sys"),
		TREE("qemu-virt"),
		TREE("qemu-virt-gicv3"),
		TREE("qemu-virt-smmuv3"),
		TREE("qemu-virt-virtio-iommu"),
		TREE("qualcomm-sm8450"),
		TREE("reserved-memory"),
		TREE("rockchip-rk3399"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
