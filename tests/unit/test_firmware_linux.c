/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What Linux shows of firmware, recorded in a folder. */
#define _XOPEN_SOURCE 700

#include "unit/acpi_support.h"

#include <errno.h>
#include <ftw.h>
#include <libfdt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of the test's, which goes with it. */
struct root {
	char path[64];
};

static struct root root_begin(void)
{
	struct root root = { "/tmp/iomm-linux-XXXXXX" };

	assert_non_null(mkdtemp(root.path));
	return root;
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void root_end(struct root *root)
{
	assert_int_equal(nftw(root->path, remove_entry, 8,
			      FTW_DEPTH | FTW_PHYS),
			 0);
}

/* Makes the folders above, and writes a file. */
static void
put(const struct root *root, const char *name, const void *bytes, size_t size)
{
	char path[PATH_MAX], *slash;
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/firmware/%s", root->path, name);
	for (slash = strchr(path + strlen(root->path) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(!mkdir(path, 0777) || errno == EEXIST);
		*slash = '/';
	}
	if (path[strlen(path) - 1] == '/')
		return;
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* Writes a node as Linux shows it. */
static void
record(const struct root *root, const void *blob, int node, const char *path)
{
	char name[PATH_MAX];
	const char *property;
	int at, bytes;
	const void *value;

	snprintf(name, sizeof(name), "%s/", path);
	put(root, name, NULL, 0);
	fdt_for_each_property_offset(at, blob, node)
	{
		value = fdt_getprop_by_offset(blob, at, &property, &bytes);
		snprintf(name, sizeof(name), "%s/%s", path, property);
		put(root, name, value, (size_t)bytes);
	}
	/* Linux adds it to each. */
	property = fdt_get_name(blob, node, NULL);
	snprintf(name, sizeof(name), "%s/name", path);
	put(root, name, property, strlen(property) + 1);
	fdt_for_each_subnode(at, blob, node)
	{
		snprintf(name, sizeof(name), "%s/%s", path,
			 fdt_get_name(blob, at, NULL));
		record(root, blob, at, name);
	}
}

static int read_root(struct world *w, const struct root *root, uint32_t flags,
		     struct iomm_firmware **out)
{
	return iomm_firmware_from_linux(w->ctx, root->path, flags, out);
}

static void refused(struct world *w, const struct root *root, uint32_t flags,
		    int code, const char *says)
{
	struct iomm_firmware *firmware = UNTOUCHED;

	assert_fails(read_root(w, root, flags, &firmware), code, w->ctx, says);
	assert_ptr_equal(firmware, UNTOUCHED);
}

static void says(struct world *w, const struct root *root, const char *name)
{
	struct iomm_firmware *firmware = NULL;

	assert_ok(read_root(w, root, 0, &firmware));
	expect_file(w, firmware, name);
	iomm_firmware_put(firmware);
}

static void test_blob(void **state)
{
	struct tree tree = tree_load("rockchip-rk3399");
	struct root root = root_begin();

	put(&root, "fdt", tree.blob, tree.bytes);
	says(*state, &root, "rockchip-rk3399");
	tree_free(&tree);
	root_end(&root);
}

/* The same facts from the folder as from the blob. */
static void test_folder(void **state)
{
	static const char *const names[] = { "qualcomm-sm8450", "apple-t8103",
					     "dma-ranges",
					     "qemu-riscv-virt-iommu-sys" };
	struct tree tree;
	struct root root;
	uint32_t n;

	for (n = 0; n < LENGTH(names); n++) {
		root = root_begin();
		tree = tree_load(names[n]);
		record(&root, tree.blob, 0, "devicetree/base");
		says(*state, &root, names[n]);
		tree_free(&tree);
		root_end(&root);
	}
}

/* What is no file and no folder is not of the tree. */
static void test_links(void **state)
{
	struct tree tree = tree_load("no-iommu");
	struct root root = root_begin();
	char path[PATH_MAX];

	record(&root, tree.blob, 0, "devicetree/base");
	snprintf(path, sizeof(path), "%s/sys/firmware/devicetree/base/loop",
		 root.path);
	assert_int_equal(symlink("../base", path), 0);
	snprintf(path, sizeof(path), "%s/sys/firmware/devicetree/base/fifo",
		 root.path);
	assert_int_equal(mkfifo(path, 0600), 0);
	says(*state, &root, "no-iommu");
	tree_free(&tree);
	root_end(&root);
}

static void test_depth(void **state)
{
	struct root root = root_begin();
	char path[1024] = "devicetree/base/";
	uint32_t n;

	for (n = 0; n < 40; n++)
		strcat(path, "n/");
	put(&root, path, NULL, 0);
	refused(*state, &root, 0, IOMM_EINVAL, "deeper than any device tree");
	root_end(&root);
}

/* More than the first guess of its size. */
static void test_large(void **state)
{
	struct iomm_firmware *firmware = NULL;
	struct world *w = *state;
	struct root root = root_begin();
	char value[5000], name[64];
	uint64_t node = 0;
	uint32_t n;

	memset(value, 'x', sizeof(value));
	for (n = 0; n < 40; n++) {
		snprintf(name, sizeof(name), "devicetree/base/n%02u/p", n);
		put(&root, name, value, sizeof(value));
	}
	assert_ok(read_root(w, &root, 0, &firmware));
	for (n = 0; !iomm_firmware_next(firmware, 0, node, &node); n++)
		;
	assert_int_equal(n, 41);
	iomm_firmware_put(firmware);
	root_end(&root);
}

static struct tree stub_tree(void)
{
	struct tree tree = tree_begin();

	tree_node(&tree, "chosen");
	tree_string(&tree, "bootargs", "quiet");
	tree_end_node(&tree);
	tree_finish(&tree);
	return tree;
}

static void test_neither(void **state)
{
	struct world *w = *state;
	struct root root = root_begin();
	struct tree stub = stub_tree();
	struct iomm_firmware *firmware = NULL;

	refused(w, &root, 0, IOMM_ENOENT,
		"/sys/firmware has neither a device tree");
	refused(w, &root, IOMM_LINUX_DEVICE_TREE, IOMM_ENOENT,
		"devicetree/base cannot be read");
	refused(w, &root, IOMM_LINUX_ACPI, IOMM_ENOENT, "no ACPI tables");
	/* A loader's tree alone is no description of a machine. */
	put(&root, "fdt", stub.blob, stub.bytes);
	refused(w, &root, 0, IOMM_ENOENT, "neither a device tree");
	/* Unless it is asked for. */
	assert_ok(read_root(w, &root, IOMM_LINUX_DEVICE_TREE, &firmware));
	iomm_firmware_put(firmware);
	tree_free(&stub);
	root_end(&root);
}

/* A loader's tree beside ACPI tables, most of which say nothing of IOMMUs. */
static void test_acpi(void **state)
{
	struct world *w = *state;
	struct tree stub = tree_begin();
	struct root root = root_begin();
	struct table table;

	tree_node(&stub, "chosen");
	tree_end_node(&stub);
	tree_finish(&stub);
	put(&root, "fdt", stub.blob, stub.bytes);
	tree_free(&stub);
	put(&root, "acpi/tables/dynamic/", NULL, 0);
	put(&root, "acpi/tables/APIC", "not looked at", 13);
	acpi_load(&table, "virt-virtio-iommu.iort.aml");
	put(&root, "acpi/tables/IORT", table.bytes, table.length);
	acpi_load(&table, "virt-virtio-iommu.viot.aml");
	put(&root, "acpi/tables/VIOT", table.bytes, table.length);
	says(w, &root, "acpi/virt-virtio-iommu");
	put(&root, "acpi/tables/VIOT", table.bytes, table.length - 1);
	refused(w, &root, IOMM_LINUX_ACPI, IOMM_EINVAL,
		"VIOT+0x4: the table says that it has 88 bytes, where 87 are "
		"given");
	put(&root, "acpi/tables/IVRS/", NULL, 0);
	refused(w, &root, 0, IOMM_EIO, "/acpi/tables/IVRS cannot be read");
	root_end(&root);
}

static void test_damaged(void **state)
{
	struct world *w = *state;
	struct root root = root_begin();
	char path[5000];

	put(&root, "fdt", "noise that is no device tree, but long enough", 45);
	refused(w, &root, 0, IOMM_EINVAL, "not a device tree");
	put(&root, "fdt", "", 0);
	refused(w, &root, 0, IOMM_EINVAL, "not a device tree");
	refused(w, &root, 4, IOMM_EINVAL, "unknown bits 0x4");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_fails(iomm_firmware_from_linux(w->ctx, path, 0, NULL),
		     IOMM_EINVAL, w->ctx, "NULL");
	assert_int_equal(iomm_firmware_from_linux(NULL, path, 0, NULL),
			 -IOMM_EINVAL);
	root_end(&root);
	/* A folder where the blob should be. */
	root = root_begin();
	put(&root, "fdt/", NULL, 0);
	refused(w, &root, 0, IOMM_EIO, "sys/firmware/fdt cannot be read");
	root_end(&root);
}

static void test_long_root(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware = UNTOUCHED;
	char path[PATH_MAX + 8];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_fails(iomm_firmware_from_linux(w->ctx, path, 0, &firmware),
		     IOMM_EINVAL, w->ctx, "too long");
}

/* Every allocation fails in turn. */

struct step {
	struct root root;
	struct iomm_firmware *firmware;
};

static int read_step(struct world *w, void *arg)
{
	struct step *step = arg;

	return read_root(w, &step->root, 0, &step->firmware);
}

static void test_without_memory(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_load("no-iommu");
	struct step step = { root_begin(), NULL };

	record(&step.root, tree.blob, 0, "devicetree/base");
	assert_true(world_each_site(w, read_step, &step) > 10);
	iomm_firmware_put(step.firmware);
	root_end(&step.root);
	step.root = root_begin();
	put(&step.root, "fdt", tree.blob, tree.bytes);
	assert_true(world_each_site(w, read_step, &step) > 5);
	iomm_firmware_put(step.firmware);
	root_end(&step.root);
	tree_free(&tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_blob),	    WORLD_TEST(test_folder),
		WORLD_TEST(test_links),	    WORLD_TEST(test_depth),
		WORLD_TEST(test_large),	    WORLD_TEST(test_neither),
		WORLD_TEST(test_acpi),	    WORLD_TEST(test_damaged),
		WORLD_TEST(test_long_root), WORLD_TEST(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
