/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Device trees: what is read from them. Damaged ones are in
 * test_firmware_damage.c. */
#include "unit/support.h"

#define AVAILABLE IOMM_NODE_AVAILABLE

static struct iomm_node_info
info_at(struct iomm_firmware *firmware, const char *path)
{
	struct iomm_node_info info = { .size = sizeof(info) };

	assert_ok(iomm_firmware_node_info(firmware, node_at(firmware, path),
					  &info));
	return info;
}

static uint32_t count(struct iomm_firmware *firmware, uint32_t flags)
{
	uint64_t node = 0;
	uint32_t n = 0;
	int err;

	while (!(err = iomm_firmware_next(firmware, flags, node, &node)))
		n++;
	assert_int_equal(err, -IOMM_ENOENT);
	return n;
}

static struct iomm_firmware *load(struct world *w, const char *name)
{
	struct tree tree = tree_load(name);

	return world_firmware(w, &tree);
}

/* Each node is found again by its path. */
static void check_paths(struct iomm_firmware *firmware)
{
	char path[256], cut[8];
	uint64_t node = 0;
	int len;

	while (!iomm_firmware_next(firmware, 0, node, &node)) {
		len = iomm_firmware_node_path(firmware, node, path,
					      sizeof(path));
		assert_int_equal(len, strlen(path));
		assert_true(node_at(firmware, path) == node);
		assert_int_equal(iomm_firmware_node_path(firmware, node, cut,
							 sizeof(cut)),
				 len);
		assert_int_equal(strncmp(cut, path, sizeof(cut) - 1), 0);
		assert_int_equal(iomm_firmware_node_path(firmware, node, NULL,
							 0),
				 len);
	}
}

static void test_qemu(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware = load(w, "qemu-virt-smmuv3");
	struct iomm_node_info info;
	uint64_t node = 0;

	assert_int_equal(count(firmware, IOMM_NODE_IOMMU), 1);
	assert_int_equal(count(firmware, IOMM_NODE_CLIENT), 0);
	assert_int_equal(count(firmware, IOMM_NODE_PCI_HOST), 1);
	assert_int_equal(count(firmware, IOMM_NODE_PCI_HOST | IOMM_NODE_MAPPED),
			 1);
	assert_int_equal(count(firmware, IOMM_NODE_MEMORY), 1);
	assert_ok(iomm_firmware_next(firmware, IOMM_NODE_IOMMU, 0, &node));
	assert_int_equal(iomm_firmware_node_compatible(firmware, node,
						       "arm,smmu-v3"),
			 1);
	assert_int_equal(iomm_firmware_node_compatible(firmware, node,
						       "arm,smmu-v"),
			 0);
	info = info_at(firmware, "/smmuv3@9050000");
	assert_int_equal(info.flags,
			 IOMM_NODE_IOMMU | AVAILABLE | IOMM_NODE_COHERENT);
	assert_int_equal(info.iommu_cells, 1);
	assert_true(info.reg_base == 0x9050000 && info.reg_bytes == 0x20000);
	info = info_at(firmware, "/memory@40000000");
	assert_true(info.reg_base == 0x40000000 && info.reg_bytes == GB);
	/* The root has no registers. */
	info = info_at(firmware, "/");
	assert_true(!info.reg_base && !info.reg_bytes);
	check_paths(firmware);
	iomm_firmware_put(firmware);
}

static void test_apple(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware = load(w, "apple-t8103");
	struct iomm_node_info info;

	assert_int_equal(count(firmware, IOMM_NODE_IOMMU), 16);
	/* A disabled one, and one whose client is. */
	assert_int_equal(count(firmware, IOMM_NODE_IOMMU | AVAILABLE), 14);
	assert_int_equal(count(firmware, IOMM_NODE_PCI_HOST), 1);
	info = info_at(firmware, "/soc/iommu@681008000");
	assert_true(info.reg_base == UINT64_C(0x681008000));
	assert_true(info.reg_bytes == 0x4000);
	info = info_at(firmware, "/memory@800000000");
	assert_true(info.reg_base == UINT64_C(0x801800000));
	assert_true(info.reg_bytes == UINT64_C(0x1fa000000));
	/* Without registers. */
	info = info_at(firmware, "/display-subsystem");
	assert_true(info.flags & IOMM_NODE_CLIENT && !info.reg_bytes);
	check_paths(firmware);
	iomm_firmware_put(firmware);
}

static void test_others(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *corners = load(w, "iommu-corners");
	struct iomm_firmware *none = load(w, "no-iommu");

	assert_int_equal(count(corners, IOMM_NODE_IOMMU), 4);
	assert_int_equal(count(corners, IOMM_NODE_CLIENT), 4);
	assert_int_equal(info_at(corners, "/soc/iommu@2b500000").iommu_cells,
			 2);
	assert_int_equal(info_at(corners, "/soc/iommu@2b600000").iommu_cells,
			 0);
	assert_int_equal(count(none, IOMM_NODE_IOMMU), 0);
	assert_int_equal(count(none, IOMM_NODE_MEMORY), 1);
	check_paths(corners);
	iomm_firmware_put(corners);
	iomm_firmware_put(none);
}

/* Addresses go up through every bus with `ranges`. */
static void test_ranges(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_begin();
	struct iomm_firmware *firmware;
	struct iomm_node_info info;

	TREE_CELLS(&tree, "#address-cells", 2);
	TREE_CELLS(&tree, "#size-cells", 2);
	tree_node(&tree, "outer");
	TREE_CELLS(&tree, "#address-cells", 1);
	TREE_CELLS(&tree, "#size-cells", 1);
	TREE_CELLS(&tree, "ranges", 0, 9, 0, 0x100, 0x1000, 5, 0x80000000,
		   0x1000);
	tree_node(&tree, "inner");
	TREE_CELLS(&tree, "#address-cells", 1);
	TREE_CELLS(&tree, "#size-cells", 1);
	TREE_CELLS(&tree, "ranges", 0x40, 0x1f00, 0x100);
	tree_node(&tree, "in");
	TREE_CELLS(&tree, "reg", 0x50, 0x10);
	tree_end_node(&tree);
	tree_node(&tree, "last");
	TREE_CELLS(&tree, "reg", 0x13f, 1);
	tree_end_node(&tree);
	tree_node(&tree, "out");
	TREE_CELLS(&tree, "reg", 0x140, 1);
	tree_end_node(&tree);
	tree_node(&tree, "short");
	TREE_CELLS(&tree, "reg", 0x50);
	tree_end_node(&tree);
	tree_end_node(&tree);
	tree_node(&tree, "closed");
	tree_node(&tree, "in");
	TREE_CELLS(&tree, "reg", 0, 0x50, 0x10);
	tree_end_node(&tree);
	tree_end_node(&tree);
	tree_end_node(&tree);
	tree_node(&tree, "wide");
	TREE_CELLS(&tree, "#address-cells", 0xffffffff);
	TREE_CELLS(&tree, "#size-cells", 3);
	tree_node(&tree, "in");
	TREE_CELLS(&tree, "reg", 0, 0, 0, 0, 0, 0);
	tree_end_node(&tree);
	tree_end_node(&tree);
	tree_finish(&tree);
	firmware = world_firmware(w, &tree);

	info = info_at(firmware, "/outer/inner/in");
	assert_true(info.reg_base == UINT64_C(0x580000f10));
	assert_true(info.reg_bytes == 0x10);
	info = info_at(firmware, "/outer/inner/last");
	assert_true(info.reg_base == UINT64_C(0x580000fff));
	assert_true(!info_at(firmware, "/outer/inner/out").reg_bytes);
	assert_true(!info_at(firmware, "/outer/inner/short").reg_bytes);
	assert_true(!info_at(firmware, "/outer/closed/in").reg_bytes);
	assert_true(!info_at(firmware, "/wide/in").reg_bytes);
	iomm_firmware_put(firmware);
}

static void status_node(struct tree *tree, const char *name, const char *status)
{
	tree_node(tree, name);
	tree_string(tree, "status", status);
	tree_node(tree, "child");
	tree_end_node(tree);
	tree_end_node(tree);
}

static void test_flags(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_begin();
	struct iomm_firmware *firmware;

	status_node(&tree, "okay", "okay");
	status_node(&tree, "ok", "ok");
	status_node(&tree, "disabled", "disabled");
	status_node(&tree, "fail", "fail-sss");
	status_node(&tree, "okays", "okays");
	tree_node(&tree, "cut");
	tree_bytes(&tree, "status", "okay", 4);
	tree_end_node(&tree);
	tree_node(&tree, "coherent");
	tree_bytes(&tree, "dma-coherent", NULL, 0);
	tree_node(&tree, "child");
	tree_end_node(&tree);
	tree_node(&tree, "not");
	tree_bytes(&tree, "dma-noncoherent", NULL, 0);
	tree_end_node(&tree);
	tree_end_node(&tree);
	tree_node(&tree, "pci");
	tree_string(&tree, "device_type", "pci");
	tree_node(&tree, "pci");
	tree_string(&tree, "device_type", "pci");
	tree_end_node(&tree);
	tree_end_node(&tree);
	tree_finish(&tree);
	firmware = world_firmware(w, &tree);

	assert_int_equal(info_at(firmware, "/").flags, AVAILABLE);
	assert_int_equal(info_at(firmware, "/okay").flags, AVAILABLE);
	assert_int_equal(info_at(firmware, "/okay/child").flags, AVAILABLE);
	assert_int_equal(info_at(firmware, "/ok").flags, AVAILABLE);
	assert_int_equal(info_at(firmware, "/disabled").flags, 0);
	assert_int_equal(info_at(firmware, "/disabled/child").flags, 0);
	assert_int_equal(info_at(firmware, "/fail").flags, 0);
	assert_int_equal(info_at(firmware, "/okays").flags, 0);
	assert_int_equal(info_at(firmware, "/cut").flags, 0);
	assert_int_equal(info_at(firmware, "/coherent/child").flags,
			 AVAILABLE | IOMM_NODE_COHERENT);
	assert_int_equal(info_at(firmware, "/coherent/not").flags, AVAILABLE);
	assert_int_equal(info_at(firmware, "/pci").flags,
			 AVAILABLE | IOMM_NODE_PCI_HOST);
	assert_int_equal(info_at(firmware, "/pci/pci").flags, AVAILABLE);
	iomm_firmware_put(firmware);
}

/* Arguments */

static void test_create_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware = UNTOUCHED;
	struct tree tree = tree_load("no-iommu");
	char text[] = "this is no device tree, whatever else it may be";

	assert_int_equal(iomm_firmware_create_fdt(NULL, tree.blob, tree.bytes,
						  &firmware),
			 -IOMM_EINVAL);
	assert_fails(iomm_firmware_create_fdt(w->ctx, NULL, 1, &firmware),
		     IOMM_EINVAL, w->ctx, "iomm_firmware_create_fdt");
	assert_fails(iomm_firmware_create_fdt(w->ctx, tree.blob, tree.bytes,
					      NULL),
		     IOMM_EINVAL, w->ctx, "iomm_firmware_create_fdt");
	assert_fails(iomm_firmware_create_fdt(w->ctx, tree.blob, 0, &firmware),
		     IOMM_EINVAL, w->ctx, "(0 bytes given)");
	assert_fails(iomm_firmware_create_fdt(w->ctx, text, sizeof(text),
					      &firmware),
		     IOMM_EINVAL, w->ctx, "FDT_ERR_BADMAGIC");
	assert_fails(iomm_firmware_create_fdt(w->ctx, tree.blob,
					      UINT64_C(1) << 31, &firmware),
		     IOMM_EINVAL, w->ctx, "2147483648 bytes");
	assert_fails(iomm_firmware_create_fdt(w->ctx, tree.blob, UINT64_MAX,
					      &firmware),
		     IOMM_EINVAL, w->ctx, "larger than any");
	assert_ptr_equal(firmware, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_FIRMWARE), 0);
	tree_free(&tree);
}

/* A blob may lie at any address, and be gone once it was read. */
static void test_unaligned_blob(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_load("no-iommu");
	struct iomm_firmware *firmware = NULL;
	char *copy = malloc(tree.bytes + 1);

	memcpy(copy + 1, tree.blob, tree.bytes);
	assert_ok(iomm_firmware_create_fdt(w->ctx, copy + 1, tree.bytes,
					   &firmware));
	free(copy);
	tree_free(&tree);
	assert_int_equal(count(firmware, IOMM_NODE_MEMORY), 1);
	iomm_firmware_put(firmware);
}

static void test_null(void **state)
{
	struct world *w = *state;
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_firmware *fw, *bus;
	uint64_t node = 77, root;

	world_small(w);
	fw = w->firmware;
	bus = (struct iomm_firmware *)(void *)w->bus; /* of another kind */
	root = node_at(fw, "/");
	assert_null(iomm_firmware_get(NULL));
	iomm_firmware_put(NULL);
	assert_int_equal(iomm_firmware_next(NULL, 0, 0, &node), -IOMM_EINVAL);
	assert_int_equal(iomm_firmware_next(bus, 0, 0, &node), -IOMM_EINVAL);
	assert_fails(iomm_firmware_next(fw, 0, 0, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_firmware_next");
	assert_int_equal(iomm_firmware_find(NULL, "/", &node), -IOMM_EINVAL);
	assert_int_equal(iomm_firmware_find(bus, "/", &node), -IOMM_EINVAL);
	assert_fails(iomm_firmware_find(fw, NULL, &node), IOMM_EINVAL, w->ctx,
		     "iomm_firmware_find");
	assert_fails(iomm_firmware_find(fw, "/", NULL), IOMM_EINVAL, w->ctx,
		     "iomm_firmware_find");
	assert_int_equal(iomm_firmware_node_info(NULL, root, &info),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_firmware_node_info(bus, root, &info),
			 -IOMM_EINVAL);
	assert_fails(iomm_firmware_node_info(fw, root, NULL), IOMM_EINVAL,
		     w->ctx, "struct iomm_node_info is NULL");
	assert_int_equal(iomm_firmware_node_path(NULL, root, NULL, 0),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_firmware_node_path(bus, root, NULL, 0),
			 -IOMM_EINVAL);
	assert_fails(iomm_firmware_node_path(fw, root, NULL, 1), IOMM_EINVAL,
		     w->ctx, "iomm_firmware_node_path");
	assert_int_equal(iomm_firmware_node_compatible(NULL, root, "x"),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_firmware_node_compatible(bus, root, "x"),
			 -IOMM_EINVAL);
	assert_fails(iomm_firmware_node_compatible(fw, root, NULL), IOMM_EINVAL,
		     w->ctx, "iomm_firmware_node_compatible");
	assert_int_equal(node, 77);
}

static void test_sizes(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_node_info info;
		uint32_t tail;
	} more = { .info.size = sizeof(more), .tail = 5 };
	struct iomm_node_info info = { .size = IOMM_NODE_INFO_SIZE_VER0 - 1,
				       .flags = 77 };
	uint64_t node;

	world_small(w);
	node = node_at(w->firmware, "/first");
	assert_fails(iomm_firmware_node_info(w->firmware, node, &info),
		     IOMM_EINVAL, w->ctx, "less than version 0");
	info.size = 0;
	assert_int_equal(iomm_firmware_node_info(w->firmware, node, &info),
			 -IOMM_EINVAL);
	assert_int_equal(info.flags, 77);
	assert_ok(iomm_firmware_node_info(w->firmware, node, &more.info));
	assert_int_equal(more.info.size, sizeof(info));
	assert_int_equal(more.tail, 0);
}

static void test_nodes_of_others(void **state)
{
	struct world *w = *state;
	struct iomm_node_info info = { .size = sizeof(info), .flags = 77 };
	struct iomm_firmware *fw, *other = load(w, "no-iommu");
	uint64_t bad[5], node = 77;
	uint32_t n;

	world_small(w);
	fw = w->firmware;
	bad[0] = node_at(other, "/soc");
	bad[1] = node_at(fw, "/") | 0xffffffff; /* its last number */
	bad[2] = node_at(fw, "/") + 1000;
	bad[3] = node_at(fw, "/") - 1; /* its number 0 */
	bad[4] = UINT64_MAX;
	for (n = 0; n < LENGTH(bad); n++) {
		const char *says = n == 1 || n == 2
					   ? "is not in the device tree"
					   : "is not of this firmware source";

		assert_fails(iomm_firmware_next(fw, 0, bad[n], &node),
			     IOMM_EINVAL, w->ctx, says);
		assert_fails(iomm_firmware_node_info(fw, bad[n], &info),
			     IOMM_EINVAL, w->ctx, says);
		assert_fails(iomm_firmware_node_path(fw, bad[n], NULL, 0),
			     IOMM_EINVAL, w->ctx, says);
		assert_fails(iomm_firmware_node_compatible(fw, bad[n], "x"),
			     IOMM_EINVAL, w->ctx, says);
	}
	assert_fails(iomm_firmware_node_info(fw, 0, &info), IOMM_EINVAL, w->ctx,
		     "node 0x0 is not of this");
	assert_fails(iomm_firmware_next(fw, 1u << 7, 0, &node), IOMM_EINVAL,
		     w->ctx, "unknown bits 0x80");
	assert_int_equal(node, 77);
	assert_int_equal(info.flags, 77);
	iomm_firmware_put(other);
}

static void test_find(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_begin();
	struct iomm_firmware *fw;
	uint64_t node = 77;

	/* An alias that leads to itself. */
	tree_node(&tree, "aliases");
	tree_string(&tree, "loop", "loop");
	tree_string(&tree, "fine", "/aliases");
	tree_end_node(&tree);
	tree_finish(&tree);
	fw = world_firmware(w, &tree);
	assert_fails(iomm_firmware_find(fw, "loop", &node), IOMM_EINVAL, w->ctx,
		     "\"loop\" is no path");
	assert_int_equal(iomm_firmware_find(fw, "fine", &node), -IOMM_EINVAL);
	assert_int_equal(iomm_firmware_find(fw, "", &node), -IOMM_EINVAL);
	assert_fails(iomm_firmware_find(fw, "/nowhere", &node), IOMM_ENOENT,
		     w->ctx, "no node /nowhere");
	assert_int_equal(iomm_firmware_find(fw, "/aliases/x", &node),
			 -IOMM_ENOENT);
	assert_int_equal(node, 77);
	assert_ok(iomm_firmware_find(fw, "/aliases", &node));
	assert_ok(iomm_firmware_find(fw, "/", &node));
	iomm_firmware_put(fw);
}

static void test_long_path(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_begin();
	struct iomm_firmware *fw;
	uint64_t node = 0;
	char name[64], path[2048];
	uint32_t n, whole = 0, cut = 0;
	int len;

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (n = 0; n < 20; n++)
		tree_node(&tree, name);
	for (n = 0; n < 20; n++)
		tree_end_node(&tree);
	tree_finish(&tree);
	fw = world_firmware(w, &tree);
	while (!iomm_firmware_next(fw, 0, node, &node)) {
		len = iomm_firmware_node_path(fw, node, path, sizeof(path));
		if (len == -IOMM_EOVERFLOW)
			cut++;
		else
			whole++;
	}
	/* The root, and 15 of 64 bytes each: 1023 is the most. */
	assert_int_equal(whole, 16);
	assert_int_equal(cut, 5);
	assert_int_equal(iomm_firmware_node_path(fw, node, path, 1),
			 -IOMM_EOVERFLOW);
	assert_says(w->ctx, "longer than 1023 bytes");
	iomm_firmware_put(fw);
}

/* Memory */

static int create_step(struct world *w, void *arg)
{
	struct tree *tree = arg;

	return iomm_firmware_create_fdt(w->ctx, tree->blob, tree->bytes,
					&w->firmware);
}

static void test_without_memory(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_load("iommu-corners");

	assert_int_equal(world_each_site(w, create_step, &tree), 5);
	tree_free(&tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_qemu),
		WORLD_TEST(test_apple),
		WORLD_TEST(test_others),
		WORLD_TEST(test_ranges),
		WORLD_TEST(test_flags),
		WORLD_TEST(test_create_refuses),
		WORLD_TEST(test_unaligned_blob),
		WORLD_TEST(test_null),
		WORLD_TEST(test_sizes),
		WORLD_TEST(test_nodes_of_others),
		WORLD_TEST(test_find),
		WORLD_TEST(test_long_path),
		WORLD_TEST(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
