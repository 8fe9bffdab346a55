/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/firmware.h"

#include "base/abi.h"
#include "device/registry.h"

static void destroy(struct iomm_object *object)
{
	struct iomm_firmware *firmware = (struct iomm_firmware *)(void *)object;

	firmware->ops->destroy(firmware);
}

const struct iomm_object_type iomm_firmware_type = {
	.kind = IOMM_HANDLE_FIRMWARE,
	.bytes = sizeof(struct iomm_firmware),
	.name = "firmware source",
	.destroy = destroy,
};

int iomm_firmware_create(struct iomm_ctx *ctx,
			 const struct iomm_firmware_ops *ops, void *data,
			 struct iomm_firmware **out)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_firmware *firmware;

	firmware = iomm_object_create(ctx, &iomm_firmware_type);
	if (!firmware)
		return -IOMM_ENOMEM;
	firmware->ops = ops;
	firmware->data = data;
	iomm_lock(ctx, &registry->lock);
	firmware->number = ++registry->next_firmware;
	iomm_unlock(ctx, &registry->lock);
	*out = firmware;
	return 0;
}

struct iomm_firmware *iomm_firmware_get(struct iomm_firmware *firmware)
{
	return iomm_handle_get(firmware, &iomm_firmware_type);
}

void iomm_firmware_put(struct iomm_firmware *firmware)
{
	iomm_handle_put(firmware, &iomm_firmware_type);
}

static bool is_firmware(const struct iomm_firmware *firmware)
{
	return iomm_handle_ok(firmware, &iomm_firmware_type);
}

int iomm_firmware_key(struct iomm_firmware *firmware, uint64_t node,
		      uint32_t *key)
{
	*key = node >> 32 == firmware->number ? (uint32_t)node : 0;
	if (*key)
		return 0;
	return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
			 "node %x is not of this firmware source", node);
}

#define NODE_FLAGS                                                     \
	(IOMM_NODE_IOMMU | IOMM_NODE_CLIENT | IOMM_NODE_PCI_HOST |     \
	 IOMM_NODE_MEMORY | IOMM_NODE_AVAILABLE | IOMM_NODE_COHERENT | \
	 IOMM_NODE_MAPPED)

int iomm_firmware_next(struct iomm_firmware *firmware, uint32_t flags,
		       uint64_t prev, uint64_t *out)
{
	uint32_t from = 0, key;
	int err;

	if (!is_firmware(firmware))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(firmware->obj.ctx, "iomm_firmware_next");
	err = iomm_check_bits(firmware->obj.ctx, flags, NODE_FLAGS,
			      "the flags of iomm_firmware_next");
	if (!err && prev)
		err = iomm_firmware_key(firmware, prev, &from);
	if (!err)
		err = firmware->ops->next(firmware, flags, from, &key);
	if (!err)
		*out = iomm_firmware_node(firmware, key);
	return err;
}

int iomm_firmware_find(struct iomm_firmware *firmware, const char *path,
		       uint64_t *out)
{
	uint32_t key;
	int err;

	if (!is_firmware(firmware))
		return -IOMM_EINVAL;
	if (!path || !out)
		return iomm_fail_null(firmware->obj.ctx, "iomm_firmware_find");
	err = firmware->ops->find(firmware, path, &key);
	if (!err)
		*out = iomm_firmware_node(firmware, key);
	return err;
}

int iomm_firmware_node_info(struct iomm_firmware *firmware, uint64_t node,
			    struct iomm_node_info *info)
{
	struct iomm_node_info known = { .size = sizeof(known) };
	uint32_t key;
	int err;

	if (!is_firmware(firmware))
		return -IOMM_EINVAL;
	err = iomm_firmware_key(firmware, node, &key);
	if (!err)
		err = firmware->ops->info(firmware, key, &known);
	if (!err)
		err = iomm_struct_out(firmware->obj.ctx, info, &known,
				      sizeof(known), IOMM_NODE_INFO_SIZE_VER0,
				      "iomm_node_info");
	return err;
}

int iomm_firmware_node_path(struct iomm_firmware *firmware, uint64_t node,
			    char *buf, uint64_t len)
{
	uint32_t key;
	int err;

	if (!is_firmware(firmware))
		return -IOMM_EINVAL;
	if (!buf && len)
		return iomm_fail_null(firmware->obj.ctx,
				      "iomm_firmware_node_path");
	err = iomm_firmware_key(firmware, node, &key);
	return err ? err : firmware->ops->path(firmware, key, buf, len);
}

int iomm_firmware_node_compatible(struct iomm_firmware *firmware, uint64_t node,
				  const char *compatible)
{
	uint32_t key;
	int err;

	if (!is_firmware(firmware))
		return -IOMM_EINVAL;
	if (!compatible)
		return iomm_fail_null(firmware->obj.ctx,
				      "iomm_firmware_node_compatible");
	err = iomm_firmware_key(firmware, node, &key);
	return err ? err : firmware->ops->compatible(firmware, key, compatible);
}

int iomm_firmware_place(struct iomm_firmware *firmware, uint64_t place,
			char *buf, uint64_t len)
{
	if (!is_firmware(firmware))
		return -IOMM_EINVAL;
	if (!buf && len)
		return iomm_fail_null(firmware->obj.ctx, "iomm_firmware_place");
	return firmware->ops->place(firmware, place, buf, len);
}

void iomm_firmware_name(struct iomm_firmware *firmware, uint64_t node,
			char *buf, uint64_t len)
{
	if (iomm_firmware_node_path(firmware, node, buf, len) < 0)
		(void)iomm_text_render(buf, len, IOMM_TEXT("node %x", node));
}
