/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* All that a device tree says of one device. */
#include "device/firmware/fdt.h"

/* PCI Express Base Specification, 6.20; no other bus has wider ones. */
#define PASID_BITS 20u

static int check_available(struct iomm_firmware *firmware, uint32_t key)
{
	const struct fdt_source *source = fdt_source(firmware);
	uint32_t off = key;
	char name[64];

	if (fdt_node(source, key)->flags & IOMM_NODE_AVAILABLE)
		return 0;
	while (iomm_fdt_available(source->blob, fdt_node(source, off)->offset))
		off = fdt_node(source, off)->parent;
	if (off == key)
		return IOMM_FDT_FAIL(firmware, key, IOMM_ENODEV,
				     "is disabled: its status is not okay");
	iomm_firmware_name(firmware, iomm_firmware_node(firmware, off), name,
			   sizeof(name));
	return IOMM_FDT_FAIL(firmware, key, IOMM_ENODEV,
			     "is disabled: the status of %s is not okay",
			     IOMM_STR(name));
}

static int add_pasids(const struct fdt_question *q)
{
	struct iomm_fwspec_limits *limits = iomm_fwspec_limits(q->b);
	bool found;
	int err = iomm_fdt_read_cell(q->firmware, q->key, "pasid-num-bits",
				     &limits->pasid_bits, &found);

	if (err || limits->pasid_bits <= PASID_BITS)
		return err;
	return IOMM_FDT_FAIL(q->firmware, q->key, IOMM_EINVAL,
			     "pasid-num-bits is %u, and PASIDs have %u bits at "
			     "most",
			     limits->pasid_bits, PASID_BITS);
}

/* It holds for all that is below (Linux's bindings, numa.txt). */
static int add_numa_node(const struct fdt_question *q)
{
	const struct fdt_source *source = fdt_source(q->firmware);
	struct iomm_fwspec_limits *limits = iomm_fwspec_limits(q->b);
	uint32_t key = q->key;
	bool found = false;
	int err = 0;

	for (; !err && !found && key; key = fdt_node(source, key)->parent)
		err = iomm_fdt_read_cell(q->firmware, key, "numa-node-id",
					 &limits->numa_node, &found);
	if (!err && found)
		limits->flags |= IOMM_FWSPEC_NUMA_NODE;
	return err;
}

/* What the bridge says holds for the functions behind it; whether they have
 * PASIDs and stall is their own affair. */
static int add_limits(const struct fdt_question *q)
{
	const struct fdt_source *source = fdt_source(q->firmware);
	struct iomm_fwspec_limits *limits = iomm_fwspec_limits(q->b);
	bool coherent;
	int err = iomm_fdt_coherent(q->firmware, q->key, &coherent);

	if (!err && coherent)
		limits->flags |= IOMM_FWSPEC_COHERENT;
	if (!err)
		err = add_numa_node(q);
	if (err)
		return err;
	if (q->nr_inputs) {
		if (iomm_fdt_has(source, q->key, "ats-supported"))
			limits->flags |= IOMM_FWSPEC_ATS;
		return 0;
	}
	if (iomm_fdt_has(source, q->key, "dma-can-stall"))
		limits->flags |= IOMM_FWSPEC_STALL;
	return add_pasids(q);
}

int iomm_fdt_describe(struct iomm_firmware *firmware, uint32_t key,
		      const uint64_t *inputs, uint32_t nr_inputs,
		      struct iomm_fwspec_builder *b)
{
	const struct fdt_question q = { firmware, key, inputs, nr_inputs, b };
	int err = check_available(firmware, key);

	if (!err)
		err = iomm_fdt_add_iommus(&q);
	if (!err)
		err = add_limits(&q);
	if (!err)
		err = iomm_fdt_add_dma_ranges(&q);
	if (!err)
		err = iomm_fdt_add_regions(&q);
	return err;
}

static const char *const place_names[FDT_NR_PLACES] = {
	[FDT_PLACE_IOMMUS] = "iommus",
	[FDT_PLACE_IOMMU_MAP] = "iommu-map",
	[FDT_PLACE_DMA_RANGES] = "dma-ranges",
	[FDT_PLACE_IOMMU_ADDRESSES] = "iommu-addresses",
	[FDT_PLACE_MSI_PARENT] = "msi-parent",
	[FDT_PLACE_MSI_MAP] = "msi-map",
};

int iomm_fdt_place(struct iomm_firmware *firmware, uint64_t place, char *buf,
		   uint64_t len)
{
	uint32_t key = (uint32_t)(place >> 32);
	uint32_t property = (uint32_t)place >> 24;
	char node[1024], text[1024 + 64];
	int err;

	if (!key || property >= FDT_NR_PLACES)
		return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
				 "%x is no place in a device tree", place);
	err = iomm_firmware_node_path(firmware,
				      iomm_firmware_node(firmware, key), node,
				      sizeof(node));
	if (err < 0)
		return err;
	if (property == FDT_PLACE_NODE)
		return iomm_copy_string(buf, len, node);
	(void)iomm_text_render(text, sizeof(text),
			       IOMM_TEXT("%s: %s[%u]", IOMM_STR(node),
					 IOMM_STR(place_names[property]),
					 place % FDT_PLACE_ENTRIES));
	return iomm_copy_string(buf, len, text);
}
