/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who stands behind which IOMMU: the bindings iommu/iommu.txt ("iommus",
 * "#iommu-cells") and pci/pci-iommu.txt ("iommu-map", "iommu-map-mask") of the
 * Linux device-tree documentation, which is where they are defined.
 */
#include "device/firmware/fdt.h"

#define NAME 128u

/* Formats a failure that names the node. */
#define FAIL_AT(firmware, key, code, ...) \
	fail_at((firmware), (key), (code), IOMM_TEXT(__VA_ARGS__))

static int fail_at(struct iomm_firmware *firmware, uint32_t key, int code,
		   const uint64_t *text)
{
	char name[NAME], what[NAME];

	iomm_firmware_name(firmware, iomm_firmware_node(firmware, key), name,
			   sizeof(name));
	(void)iomm_text_render(what, sizeof(what), text);
	return IOMM_FAIL(firmware->obj.ctx, code, "%s: %s", IOMM_STR(name),
			 IOMM_STR(what));
}

/* A property of cells and nothing else; `*cells` is NULL when there is none. */
static int read_cells(struct iomm_firmware *firmware, uint32_t key,
		      const char *name, const fdt32_t **cells, uint32_t *count)
{
	const struct fdt_source *source = fdt_source(firmware);
	int bytes;

	*cells = fdt_getprop(source->blob, fdt_node(source, key)->offset, name,
			     &bytes);
	if (*cells && bytes % (int)sizeof(**cells))
		return FAIL_AT(firmware, key, IOMM_EINVAL,
			       "%s has %u bytes, which are not whole cells",
			       IOMM_STR(name), (uint32_t)bytes);
	*count = *cells ? (uint32_t)bytes / sizeof(**cells) : 0;
	return 0;
}

/* The IOMMU that a phandle of the node's refers to. */
static int find_iommu(struct iomm_firmware *firmware, uint32_t key,
		      uint32_t phandle, const char *property, uint32_t *iommu)
{
	const struct fdt_source *source = fdt_source(firmware);
	char name[NAME / 2];
	uint32_t n;

	for (n = 1; n <= source->nr_nodes; n++) {
		/* 0 and all ones are no phandles, and no node has them. */
		if (phandle && fdt_node(source, n)->phandle == phandle)
			break;
	}
	if (n > source->nr_nodes)
		return FAIL_AT(firmware, key, IOMM_ENODEV,
			       "%s refers to phandle %x, which no node has",
			       IOMM_STR(property), phandle);
	if (!(fdt_node(source, n)->flags & IOMM_NODE_IOMMU))
		return FAIL_AT(firmware, n, IOMM_EINVAL,
			       "is referred to as an IOMMU, and has no "
			       "#iommu-cells");
	if (!(fdt_node(source, n)->flags & IOMM_NODE_AVAILABLE)) {
		iomm_firmware_name(firmware, iomm_firmware_node(firmware, n),
				   name, sizeof(name));
		return FAIL_AT(firmware, key, IOMM_ENODEV,
			       "its IOMMU %s is disabled", IOMM_STR(name));
	}
	*iommu = n;
	return 0;
}

static int add(struct iomm_fwspec_builder *b, uint32_t iommu,
	       const fdt32_t *cells, uint32_t nr_cells, uint64_t place)
{
	uint32_t value[IOMM_SPECIFIER_CELLS];
	uint32_t n;

	for (n = 0; n < nr_cells; n++)
		value[n] = fdt32_to_cpu(cells[n]);
	return iomm_fwspec_add_iommu(b, iommu, value, nr_cells, place);
}

/* "iommus": (phandle, specifier) pairs; the IOMMU says how long its specifier
 * is. */
static int from_iommus(struct iomm_firmware *firmware, uint32_t key,
		       struct iomm_fwspec_builder *b)
{
	const struct fdt_source *source = fdt_source(firmware);
	uint32_t left, iommu, nr_cells, entry = 0;
	const fdt32_t *cells;
	int err = read_cells(firmware, key, "iommus", &cells, &left);

	if (err)
		return err;
	if (!left)
		return FAIL_AT(firmware, key, IOMM_ENODEV,
			       "no IOMMU is described for it: it does direct "
			       "DMA");
	for (; left; left -= nr_cells, cells += nr_cells) {
		err = find_iommu(firmware, key, fdt32_to_cpu(*cells), "iommus",
				 &iommu);
		if (err)
			return err;
		cells++;
		left--;
		nr_cells = iomm_fdt_cell(source, iommu, "#iommu-cells", 0);
		if (nr_cells > IOMM_SPECIFIER_CELLS || nr_cells > left)
			return FAIL_AT(
				firmware, key, IOMM_EINVAL,
				"iommus ends after %u of the %u cells of "
				"a specifier",
				left, nr_cells);
		err = add(b, iommu, cells, nr_cells,
			  fdt_place(key, FDT_PLACE_IOMMUS, entry++));
		if (err)
			return err;
	}
	return 0;
}

/* "iommu-map": (first input ID, phandle, first output ID, length), one cell
 * each; input IDs are masked before they are looked up. */
static int from_map(struct iomm_firmware *firmware, uint32_t key,
		    uint64_t input, struct iomm_fwspec_builder *b)
{
	const struct fdt_source *source = fdt_source(firmware);
	uint32_t mask =
		iomm_fdt_cell(source, key, "iommu-map-mask", UINT32_MAX);
	uint64_t id = input & mask, first, to, length;
	uint32_t cells, iommu, entry = 0;
	const fdt32_t *map;
	fdt32_t specifier;
	int err = read_cells(firmware, key, "iommu-map", &map, &cells);

	if (err)
		return err;
	if (!map)
		return FAIL_AT(firmware, key, IOMM_ENODEV,
			       "has no iommu-map: what is behind it does "
			       "direct DMA");
	if (!cells || cells % 4)
		return FAIL_AT(firmware, key, IOMM_EINVAL,
			       "iommu-map has %u cells, not a multiple of 4",
			       cells);
	for (; cells; cells -= 4, map += 4, entry++) {
		first = fdt32_to_cpu(map[0]);
		to = fdt32_to_cpu(map[2]);
		length = fdt32_to_cpu(map[3]);
		if (first & ~(uint64_t)mask)
			return FAIL_AT(firmware, key, IOMM_EINVAL,
				       "iommu-map starts at ID %x, outside "
				       "iommu-map-mask %x",
				       first, mask);
		/* A length of 0 matches nothing; QEMU writes such entries. */
		if (id < first || id >= first + length)
			continue;
		if (to + (id - first) > UINT32_MAX)
			return FAIL_AT(firmware, key, IOMM_EINVAL,
				       "iommu-map takes ID %x past 32 bits",
				       id);
		err = find_iommu(firmware, key, fdt32_to_cpu(map[1]),
				 "iommu-map", &iommu);
		if (err)
			return err;
		specifier = cpu_to_fdt32((uint32_t)(to + (id - first)));
		return add(b, iommu, &specifier, 1,
			   fdt_place(key, FDT_PLACE_IOMMU_MAP, entry));
	}
	return FAIL_AT(firmware, key, IOMM_ENODEV,
		       "iommu-map says nothing of ID %x: it does direct DMA",
		       input);
}

int iomm_fdt_add_iommus(struct iomm_firmware *firmware, uint32_t key,
			const uint64_t *inputs, uint32_t nr_inputs,
			struct iomm_fwspec_builder *b)
{
	uint32_t n;
	int err = 0;

	if (!nr_inputs)
		return from_iommus(firmware, key, b);
	for (n = 0; !err && n < nr_inputs; n++)
		err = from_map(firmware, key, inputs[n], b);
	return err;
}
