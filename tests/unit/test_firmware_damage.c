/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Device trees that are cut short or damaged: refused, or a tree of which
 * everything can be asked. */
#include "unit/support.h"

static void look_up(struct iomm_firmware *firmware, uint64_t node,
		    const uint64_t *inputs, uint32_t nr_inputs)
{
	struct iomm_fwspec *spec = UNTOUCHED;
	int err =
		iomm_firmware_lookup(firmware, node, inputs, nr_inputs, &spec);

	if (!err) {
		iomm_fwspec_put(spec);
		return;
	}
	assert_true(err == -IOMM_ENODEV || err == -IOMM_EINVAL);
	assert_ptr_equal(spec, UNTOUCHED);
}

/* Asks everything of whatever tree that is; it must not crash. */
static void ask_everything(struct iomm_firmware *firmware)
{
	struct iomm_node_info info;
	uint64_t node = 0, input;
	char path[64];
	int len;

	while (!iomm_firmware_next(firmware, 0, node, &node)) {
		info.size = sizeof(info);
		assert_ok(iomm_firmware_node_info(firmware, node, &info));
		len = iomm_firmware_node_path(firmware, node, path,
					      sizeof(path));
		assert_true(len > 0 || len == -IOMM_EOVERFLOW);
		assert_true(iomm_firmware_node_compatible(firmware, node,
							  "x") >= 0);
		for (input = 0; input < 0x20; input += 0x10)
			look_up(firmware, node, &input, 1);
		look_up(firmware, node, NULL, 0);
	}
}

/* True when it was taken for a tree. */
static bool try(struct world *w, const char *blob, uint32_t bytes)
{
	struct iomm_firmware *firmware = NULL;
	int err = iomm_firmware_create_fdt(w->ctx, blob, bytes, &firmware);

	if (err) {
		assert_int_equal(err, -IOMM_EINVAL);
		assert_null(firmware);
		assert_says(w->ctx, "device tree");
		return false;
	}
	ask_everything(firmware);
	iomm_firmware_put(firmware);
	return true;
}

/* A tree with something of everything, and small. */
static struct tree small_tree(void)
{
	struct tree tree = tree_begin();

	TREE_CELLS(&tree, "#address-cells", 1);
	tree_iommu(&tree, "iommu", 1, 1);
	tree_node(&tree, "dev");
	TREE_CELLS(&tree, "reg", 0x10, 0x20);
	TREE_CELLS(&tree, "iommus", 1, 7);
	tree_string(&tree, "status", "okay");
	tree_end_node(&tree);
	tree_node(&tree, "pci");
	tree_string(&tree, "device_type", "pci");
	tree_string(&tree, "compatible", "y");
	TREE_CELLS(&tree, "iommu-map", 0, 1, 0, 0x10);
	TREE_CELLS(&tree, "iommu-map-mask", 0xff);
	tree_end_node(&tree);
	tree_finish(&tree);
	return tree;
}

static void test_truncated(void **state)
{
	struct world *w = *state;
	struct tree tree = small_tree();
	uint32_t bytes;
	char *copy;

	for (bytes = 0; bytes < tree.bytes; bytes++) {
		/* A block of its own, so that a read behind it is seen. */
		copy = malloc(bytes ? bytes : 1);
		memcpy(copy, tree.blob, bytes);
		assert_false(try(w, copy, bytes));
		free(copy);
	}
	assert_true(try(w, tree.blob, tree.bytes));
	tree_free(&tree);
}

static void test_flipped(void **state)
{
	static const unsigned char mask[] = { 0x01, 0x80, 0xff };
	struct world *w = *state;
	struct tree tree = small_tree();
	uint32_t n, m, taken = 0, refused = 0;
	char *copy = malloc(tree.bytes);

	for (n = 0; n < tree.bytes; n++) {
		for (m = 0; m < LENGTH(mask); m++) {
			memcpy(copy, tree.blob, tree.bytes);
			copy[n] = (char)(copy[n] ^ mask[m]);
			if (try(w, copy, tree.bytes))
				taken++;
			else
				refused++;
		}
	}
	/* Values can be anything; the frame around them cannot. */
	assert_true(taken > 0 && refused > 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_FIRMWARE), 0);
	free(copy);
	tree_free(&tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_truncated),
		WORLD_TEST(test_flipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
