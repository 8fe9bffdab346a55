/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who stands behind which IOMMU: the bindings iommu/iommu.txt ("iommus",
 * "#iommu-cells") and pci/pci-iommu.txt ("iommu-map", "iommu-map-mask") of the
 * Linux device-tree documentation, which is where they are defined.
 */
#include "device/firmware/fdt.h"

#define NAME 64u

/* The IOMMU that a phandle of the node's refers to. */
static int find_iommu(struct iomm_firmware *firmware, uint32_t key,
		      uint32_t phandle, const char *property, uint32_t *iommu)
{
	const struct fdt_source *source = fdt_source(firmware);
	char name[NAME];
	uint32_t flags;
	int err = iomm_fdt_follow(firmware, key, property, phandle, IOMM_ENODEV,
				  iommu);

	if (err)
		return err;
	flags = fdt_node(source, *iommu)->flags;
	if (!(flags & IOMM_NODE_IOMMU))
		return IOMM_FDT_FAIL(firmware, *iommu, IOMM_EINVAL,
				     "is referred to as an IOMMU, and has no "
				     "#iommu-cells");
	if (flags & IOMM_NODE_AVAILABLE)
		return 0;
	iomm_firmware_name(firmware, iomm_firmware_node(firmware, *iommu), name,
			   sizeof(name));
	return IOMM_FDT_FAIL(firmware, key, IOMM_ENODEV,
			     "its IOMMU %s is disabled", IOMM_STR(name));
}

/* One (phandle, specifier) pair of "iommus"; the IOMMU says how long its
 * specifier is. Takes the pair off the cells. */
static int add_entry(const struct fdt_question *q, const fdt32_t **cells,
		     uint32_t *left, uint32_t entry)
{
	uint32_t specifier[IOMM_SPECIFIER_CELLS];
	uint32_t iommu, nr_cells, n;
	int err = find_iommu(q->firmware, q->key, fdt32_to_cpu(**cells),
			     "iommus", &iommu);

	if (err)
		return err;
	++*cells;
	--*left;
	nr_cells = iomm_fdt_cell(fdt_source(q->firmware), iommu, "#iommu-cells",
				 0);
	if (nr_cells > IOMM_SPECIFIER_CELLS || nr_cells > *left)
		return IOMM_FDT_FAIL(q->firmware, q->key, IOMM_EINVAL,
				     "iommus ends after %u of the %u cells of "
				     "a specifier",
				     *left, nr_cells);
	for (n = 0; n < nr_cells; n++)
		specifier[n] = fdt32_to_cpu(*(*cells)++);
	*left -= nr_cells;
	return iomm_fwspec_add_iommu(q->b, iommu, specifier, nr_cells,
				     fdt_place(q->key, FDT_PLACE_IOMMUS,
					       entry));
}

static int from_iommus(const struct fdt_question *q)
{
	const fdt32_t *cells;
	uint32_t left, entry = 0;
	int err = iomm_fdt_read_cells(q->firmware, q->key, "iommus", &cells,
				      &left);

	if (err)
		return err;
	if (!left)
		return IOMM_FDT_FAIL(q->firmware, q->key, IOMM_ENODEV,
				     "no IOMMU is described for it: it does "
				     "direct DMA");
	while (!err && left)
		err = add_entry(q, &cells, &left, entry++);
	return err;
}

/* Notes that an entry of a map has the ID, unless one before it has. */
static int
match(struct iomm_firmware *firmware, uint32_t key, const char *name,
      uint64_t id, const fdt32_t *map, uint32_t entry, struct fdt_mapping *out)
{
	uint64_t output =
		id - fdt32_to_cpu(map[0]) + (uint64_t)fdt32_to_cpu(map[2]);

	if (out->found)
		return IOMM_FDT_FAIL(firmware, key, IOMM_EINVAL,
				     "ID %x is in two entries of %s, %u and %u",
				     id, IOMM_STR(name), out->entry, entry);
	if (output > UINT32_MAX)
		return IOMM_FDT_FAIL(firmware, key, IOMM_EINVAL,
				     "%s takes ID %x past 32 bits",
				     IOMM_STR(name), id);
	*out = (struct fdt_mapping){ .phandle = fdt32_to_cpu(map[1]),
				     .output = (uint32_t)output,
				     .entry = entry,
				     .found = true };
	return 0;
}

/* (first input ID, phandle, first output ID, length), one cell each. */
int iomm_fdt_map(struct iomm_firmware *firmware, uint32_t key, const char *name,
		 const char *mask_name, uint64_t id, struct fdt_mapping *out)
{
	uint32_t cells, entry, mask = UINT32_MAX;
	bool masked;
	const fdt32_t *map;
	uint64_t first;
	int err = iomm_fdt_read_cells(firmware, key, name, &map, &cells);

	out->found = false;
	if (!err)
		err = iomm_fdt_read_cell(firmware, key, mask_name, &mask,
					 &masked);
	if (err || !map)
		return err;
	if (!cells || cells % 4)
		return IOMM_FDT_FAIL(firmware, key, IOMM_EINVAL,
				     "%s has %u cells, not a multiple of 4",
				     IOMM_STR(name), cells);
	id &= mask;
	for (entry = 0; !err && entry < cells / 4; entry++, map += 4) {
		first = fdt32_to_cpu(map[0]);
		if (first & ~(uint64_t)mask)
			return IOMM_FDT_FAIL(firmware, key, IOMM_EINVAL,
					     "%s starts at ID %x, outside %s "
					     "%x",
					     IOMM_STR(name), first,
					     IOMM_STR(mask_name), mask);
		/* A length of 0 matches nothing; QEMU writes such entries. */
		if (id >= first && id - first < fdt32_to_cpu(map[3]))
			err = match(firmware, key, name, id, map, entry, out);
	}
	return err;
}

static int from_map(const struct fdt_question *q, uint64_t input)
{
	struct fdt_mapping mapping;
	uint32_t iommu;
	int err;

	if (!iomm_fdt_has(fdt_source(q->firmware), q->key, "iommu-map"))
		return IOMM_FDT_FAIL(q->firmware, q->key, IOMM_ENODEV,
				     "has no iommu-map: what is behind it does "
				     "direct DMA");
	err = iomm_fdt_map(q->firmware, q->key, "iommu-map", "iommu-map-mask",
			   input, &mapping);
	if (err)
		return err;
	if (!mapping.found)
		return IOMM_FDT_FAIL(q->firmware, q->key, IOMM_ENODEV,
				     "iommu-map says nothing of ID %x: it does "
				     "direct DMA",
				     input);
	err = find_iommu(q->firmware, q->key, mapping.phandle, "iommu-map",
			 &iommu);
	if (err)
		return err;
	/* The map has one cell for a specifier, whatever #iommu-cells says. */
	return iomm_fwspec_add_iommu(q->b, iommu, &mapping.output, 1,
				     fdt_place(q->key, FDT_PLACE_IOMMU_MAP,
					       mapping.entry));
}

int iomm_fdt_add_iommus(const struct fdt_question *q)
{
	uint32_t n;
	int err = 0;

	if (!q->nr_inputs)
		return from_iommus(q);
	for (n = 0; !err && n < q->nr_inputs; n++)
		err = from_map(q, q->inputs[n]);
	return err;
}
