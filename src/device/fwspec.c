/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/fwspec.h"

#include "base/abi.h"
#include "base/mem.h"
#include "device/firmware.h"

static void free_array(struct iomm_ctx *ctx, struct iomm_fwspec_array *array,
		       uint32_t bytes)
{
	iomm_free(ctx, array->items, (uint64_t)array->room * bytes);
}

static void destroy(struct iomm_object *object)
{
	struct iomm_fwspec *spec = (struct iomm_fwspec *)(void *)object;
	struct iomm_fwspec_builder *b = &spec->built;

	free_array(object->ctx, &b->iommus, sizeof(struct iomm_specifier));
	free_array(object->ctx, &b->regions,
		   sizeof(struct iomm_reserved_region));
	free_array(object->ctx, &b->ranges, sizeof(struct iomm_dma_range));
	iomm_object_drop(b->firmware);
}

const struct iomm_object_type iomm_fwspec_type = {
	.kind = IOMM_HANDLE_FWSPEC,
	.bytes = sizeof(struct iomm_fwspec),
	.name = "firmware description",
	.destroy = destroy,
};

/* Building */

static int fail_full(struct iomm_fwspec_builder *b, const char *what)
{
	return IOMM_FAIL(b->firmware->obj.ctx, IOMM_EINVAL,
			 "firmware lists over %u %s for one device",
			 IOMM_FWSPEC_MAX, IOMM_STR(what));
}

static int grow(struct iomm_fwspec_builder *b, struct iomm_fwspec_array *array,
		uint32_t bytes)
{
	struct iomm_ctx *ctx = b->firmware->obj.ctx;
	/* Most devices have one of each, for as long as they are bound. */
	uint32_t room = array->room ? array->room * 2 : 1;
	void *items = iomm_alloc(ctx, (uint64_t)room * bytes);

	if (!items)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for what firmware says of a "
				 "device");
	if (array->nr)
		memcpy(items, array->items, (size_t)array->nr * bytes);
	free_array(ctx, array, bytes);
	array->items = items;
	array->room = room;
	return 0;
}

static int
append(struct iomm_fwspec_builder *b, struct iomm_fwspec_array *array,
       const void *item, uint32_t bytes, const char *what)
{
	int err;

	if (array->nr == IOMM_FWSPEC_MAX)
		return fail_full(b, what);
	if (array->nr == array->room) {
		err = grow(b, array, bytes);
		if (err)
			return err;
	}
	memcpy((char *)array->items + (size_t)array->nr * bytes, item, bytes);
	array->nr++;
	return 0;
}

int iomm_fwspec_add_iommu(struct iomm_fwspec_builder *b, uint32_t iommu,
			  const uint32_t *cells, uint32_t nr_cells,
			  uint64_t place)
{
	struct iomm_specifier new = { .size = sizeof(new),
				      .nr_cells = nr_cells,
				      .iommu = iomm_firmware_node(b->firmware,
								  iommu),
				      .place = place };
	const struct iomm_specifier *old = b->iommus.items;
	uint32_t n;

	if (nr_cells > IOMM_SPECIFIER_CELLS)
		return IOMM_FAIL(b->firmware->obj.ctx, IOMM_EINVAL,
				 "a specifier of %u cells is longer than any",
				 nr_cells);
	if (nr_cells)
		memcpy(new.cells, cells, nr_cells * sizeof(*cells));
	for (n = 0; n < b->iommus.nr; n++) {
		if (old[n].iommu == new.iommu && old[n].nr_cells == nr_cells &&
		    !memcmp(old[n].cells, new.cells, sizeof(new.cells)))
			return 0;
	}
	return append(b, &b->iommus, &new, sizeof(new), "IOMMUs");
}

static int check_range(struct iomm_fwspec_builder *b, uint64_t first,
		       uint64_t last, const char *what)
{
	if (first <= last)
		return 0;
	return IOMM_FAIL(b->firmware->obj.ctx, IOMM_EINVAL,
			 "a %s that firmware lists ends at %x, before its "
			 "start %x",
			 IOMM_STR(what), last, first);
}

int iomm_fwspec_add_region(struct iomm_fwspec_builder *b,
			   const struct iomm_reserved_region *region)
{
	const struct iomm_reserved_region *old = b->regions.items;
	struct iomm_reserved_region new = *region;
	uint32_t n;
	int err = check_range(b, new.first, new.last, "reserved region");

	if (err)
		return err;
	new.size = sizeof(new);
	for (n = 0; n < b->regions.nr; n++) {
		if (old[n].kind == new.kind &&
		    old[n].first == new.first &&old[n].last ==
			    new.last &&old[n].paddr ==
			    new.paddr &&old[n].prot ==
			    new.prot &&old[n].flags == new.flags)
			return 0;
	}
	return append(b, &b->regions, &new, sizeof(new), "reserved regions");
}

int iomm_fwspec_add_dma_range(struct iomm_fwspec_builder *b,
			      const struct iomm_dma_range *range)
{
	const struct iomm_dma_range *old = b->ranges.items;
	struct iomm_dma_range new = *range;
	uint32_t n;
	int err = check_range(b, new.first, new.last, "DMA range");

	if (err)
		return err;
	new.size = sizeof(new);
	for (n = 0; n < b->ranges.nr; n++) {
		if (old[n].first == new.first &&
		    old[n].last == new.last &&old[n].paddr == new.paddr)
			return 0;
	}
	return append(b, &b->ranges, &new, sizeof(new), "DMA ranges");
}

int iomm_firmware_describe(struct iomm_firmware *firmware, uint64_t node,
			   const uint64_t *inputs, uint32_t nr_inputs,
			   struct iomm_fwspec **out)
{
	struct iomm_ctx *ctx = firmware->obj.ctx;
	struct iomm_fwspec *spec;
	uint32_t key;
	int err = iomm_firmware_key(firmware, node, &key);

	if (err)
		return err;
	spec = iomm_object_create(ctx, &iomm_fwspec_type);
	if (!spec)
		return -IOMM_ENOMEM;
	spec->built.firmware = iomm_object_get(firmware);
	err = firmware->ops->describe(firmware, key, inputs, nr_inputs,
				      &spec->built);
	if (!err && !spec->built.iommus.nr)
		err = IOMM_FAIL(ctx, IOMM_ENODEV,
				"firmware describes no IOMMU for the device");
	if (err)
		iomm_object_drop(spec);
	else
		*out = spec;
	return err;
}

int iomm_firmware_lookup(struct iomm_firmware *firmware, uint64_t node,
			 const uint64_t *inputs, uint32_t nr_inputs,
			 struct iomm_fwspec **out)
{
	struct iomm_ctx *ctx;

	if (!iomm_handle_ok(firmware, &iomm_firmware_type))
		return -IOMM_EINVAL;
	ctx = firmware->obj.ctx;
	if (!out || (nr_inputs && !inputs))
		return iomm_fail_null(ctx, "iomm_firmware_lookup");
	iomm_enter(ctx);
	return iomm_leave(ctx, iomm_firmware_describe(firmware, node, inputs,
						      nr_inputs, out));
}

/* Reading */

static bool is_spec(const struct iomm_fwspec *spec)
{
	return iomm_handle_ok(spec, &iomm_fwspec_type);
}

/* The lowest and the highest address of all windows. */
static void
add_hull(const struct iomm_fwspec_array *ranges, struct iomm_fwspec_info *info)
{
	const struct iomm_dma_range *range = ranges->items;
	uint32_t n;

	if (!ranges->nr)
		return;
	info->flags |= IOMM_FWSPEC_DMA_RANGE;
	info->dma_first = UINT64_MAX;
	for (n = 0; n < ranges->nr; n++) {
		if (range[n].first < info->dma_first)
			info->dma_first = range[n].first;
		if (range[n].last > info->dma_last)
			info->dma_last = range[n].last;
	}
}

int iomm_fwspec_info(struct iomm_fwspec *spec, struct iomm_fwspec_info *info)
{
	struct iomm_fwspec_info known = { .size = sizeof(known) };
	const struct iomm_fwspec_builder *b;

	if (!is_spec(spec))
		return -IOMM_EINVAL;
	b = &spec->built;
	known.flags = b->limits.flags;
	known.nr_iommus = b->iommus.nr;
	known.nr_regions = b->regions.nr;
	known.nr_dma_ranges = b->ranges.nr;
	known.pasid_bits = b->limits.pasid_bits;
	known.address_bits = b->limits.address_bits;
	known.numa_node = b->limits.numa_node;
	add_hull(&b->ranges, &known);
	return iomm_struct_out(spec->obj.ctx, info, &known, sizeof(known),
			       IOMM_FWSPEC_INFO_SIZE_VER0, "iomm_fwspec_info");
}

/* No kind of item has grown yet: what it has is version 0 of it. */
static int
item_out(struct iomm_fwspec *spec, const struct iomm_fwspec_array *array,
	 uint32_t index, uint32_t bytes, void *out, const char *name)
{
	if (index >= array->nr)
		return IOMM_FAIL(spec->obj.ctx, IOMM_ENOENT,
				 "there is no struct %s %u: there are %u",
				 IOMM_STR(name), index, array->nr);
	return iomm_struct_out(spec->obj.ctx, out,
			       (const char *)array->items +
				       (size_t)index * bytes,
			       bytes, bytes, name);
}

int iomm_fwspec_iommu(struct iomm_fwspec *spec, uint32_t index,
		      struct iomm_specifier *out)
{
	if (!is_spec(spec))
		return -IOMM_EINVAL;
	return item_out(spec, &spec->built.iommus, index, sizeof(*out), out,
			"iomm_specifier");
}

int iomm_fwspec_region(struct iomm_fwspec *spec, uint32_t index,
		       struct iomm_reserved_region *out)
{
	if (!is_spec(spec))
		return -IOMM_EINVAL;
	return item_out(spec, &spec->built.regions, index, sizeof(*out), out,
			"iomm_reserved_region");
}

int iomm_fwspec_dma_range(struct iomm_fwspec *spec, uint32_t index,
			  struct iomm_dma_range *out)
{
	if (!is_spec(spec))
		return -IOMM_EINVAL;
	return item_out(spec, &spec->built.ranges, index, sizeof(*out), out,
			"iomm_dma_range");
}

struct iomm_fwspec *iomm_fwspec_get(struct iomm_fwspec *spec)
{
	return iomm_handle_get(spec, &iomm_fwspec_type);
}

void iomm_fwspec_put(struct iomm_fwspec *spec)
{
	iomm_handle_put(spec, &iomm_fwspec_type);
}
