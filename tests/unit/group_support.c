/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/group_support.h"

void world_crowd(struct world *w)
{
	struct tree tree = tree_begin();

	tree_iommu(&tree, "first", 1, 1);
	tree_iommu(&tree, "second", 2, 1);
	TREE_CLIENT(&tree, "a", 1, 0x10);
	TREE_CLIENT(&tree, "b", 1, 0x10, 1, 0x11);
	TREE_CLIENT(&tree, "c", 1, 0x11);
	TREE_CLIENT(&tree, "near", 1, 0x20);
	TREE_CLIENT(&tree, "far", 2, 0x20);
	TREE_CLIENT(&tree, "span", 1, 0x20, 2, 0x20);
	TREE_CLIENT(&tree, "x", 1, 0x30, 1, 0x31);
	TREE_CLIENT(&tree, "y", 1, 0x31, 1, 0x30);
	TREE_CLIENT(&tree, "z", 1, 0x30, 1, 0x31);
	TREE_CLIENT(&tree, "p", 1, 0x80);
	TREE_CLIENT(&tree, "q", 1, 0x81);
	TREE_CLIENT(&tree, "r", 1, 0x82);
	TREE_CLIENT(&tree, "own", 1, 0x90);
	TREE_CLIENT(&tree, "twice", 1, 0xa0, 1, 0x10a0);
	tree_finish(&tree);
	w->firmware = world_firmware(w, &tree);
	assert_ok(iomm_bus_create_platform(w->firmware, "platform", &w->bus));
}

static int crowd_translate(void *data, const uint32_t *cells, uint32_t nr_cells,
			   uint64_t *id)
{
	int err = mock_ops.translate(data, cells, nr_cells, id);

	if (!err)
		*id &= 0xfff;
	return err;
}

int crowd_key_error;

static int
crowd_group(void *data, const struct iomm_probe_info *info, uint64_t *key)
{
	(void)data;
	if (crowd_key_error)
		return crowd_key_error;
	if (info->ids[0] >> 4 != 8)
		return -IOMM_EOPNOTSUPP;
	/* An ID that is as large is another thing. */
	*key = 0x90;
	return 0;
}

const struct iomm_iommu_ops *crowd_ops(void)
{
	static struct iomm_iommu_ops ops;

	ops = mock_ops;
	ops.translate = crowd_translate;
	ops.group = crowd_group;
	return &ops;
}

void crowd_register(struct mock *mock, struct world *w, const char *node)
{
	char path[64];

	snprintf(path, sizeof(path), "/%s", node);
	mock_init(mock, w);
	mock->ops = crowd_ops();
	assert_ok(mock_register_as(mock, node_at(w->firmware, path), node,
				   "mock"));
}

struct iomm_device *crowd_bound(struct world *w, const char *name)
{
	struct iomm_device *device = world_device(w, name);

	assert_ok(iomm_device_probe(device));
	return device;
}

struct iomm_group *group_of(struct iomm_device *device)
{
	struct iomm_group *group = NULL;

	assert_ok(iomm_device_group(device, &group));
	return group;
}

struct iomm_group_info group_info(struct iomm_group *group)
{
	struct iomm_group_info info = { .size = sizeof(info) };

	assert_ok(iomm_group_info(group, &info));
	return info;
}

uint32_t group_number(struct iomm_device *device)
{
	struct iomm_group *group = group_of(device);
	uint32_t number = group_info(group).number;

	iomm_group_put(group);
	return number;
}
