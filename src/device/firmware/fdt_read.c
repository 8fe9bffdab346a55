/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading properties of a device tree that may be damaged. */
#include "device/firmware/fdt.h"

#include <string.h>

#define NAME 128u

static const void *property(const struct fdt_source *source, uint32_t key,
			    const char *name, int *bytes)
{
	return fdt_getprop(source->blob, fdt_node(source, key)->offset, name,
			   bytes);
}

bool iomm_fdt_has(const struct fdt_source *source, uint32_t key,
		  const char *name)
{
	return property(source, key, name, NULL);
}

/* A string's terminator may be missing in a damaged tree, so the length
 * decides. */
bool iomm_fdt_is(const void *blob, int offset, const char *name,
		 const char *value)
{
	int len;
	const char *s = fdt_getprop(blob, offset, name, &len);

	return s && len == (int)strlen(value) + 1 &&
	       !memcmp(s, value, (size_t)len);
}

bool iomm_fdt_available(const void *blob, int offset)
{
	return !fdt_getprop(blob, offset, "status", NULL) ||
	       iomm_fdt_is(blob, offset, "status", "okay") ||
	       iomm_fdt_is(blob, offset, "status", "ok");
}

const fdt32_t *iomm_fdt_cells(const struct fdt_source *source, uint32_t key,
			      const char *name, uint32_t *count)
{
	int bytes;
	const fdt32_t *cells = property(source, key, name, &bytes);

	*count = cells ? (uint32_t)bytes / sizeof(*cells) : 0;
	return cells;
}

int iomm_fdt_read_cells(struct iomm_firmware *firmware, uint32_t key,
			const char *name, const fdt32_t **cells,
			uint32_t *count)
{
	int bytes;

	*count = 0;
	*cells = property(fdt_source(firmware), key, name, &bytes);
	if (!*cells)
		return 0;
	if (bytes % (int)sizeof(**cells))
		return IOMM_FDT_FAIL(firmware, key, IOMM_EINVAL,
				     "%s has %u bytes, which are not whole "
				     "cells",
				     IOMM_STR(name), (uint32_t)bytes);
	*count = (uint32_t)bytes / sizeof(**cells);
	return 0;
}

int iomm_fdt_read_cell(struct iomm_firmware *firmware, uint32_t key,
		       const char *name, uint32_t *value, bool *found)
{
	const fdt32_t *cells;
	uint32_t count;
	int err = iomm_fdt_read_cells(firmware, key, name, &cells, &count);

	*found = cells;
	if (err || !cells)
		return err;
	if (count != 1)
		return IOMM_FDT_FAIL(firmware, key, IOMM_EINVAL,
				     "%s has %u cells, not one", IOMM_STR(name),
				     count);
	*value = fdt32_to_cpu(*cells);
	return 0;
}

uint32_t iomm_fdt_cell(const struct fdt_source *source, uint32_t key,
		       const char *name, uint32_t otherwise)
{
	uint32_t count;
	const fdt32_t *cell = iomm_fdt_cells(source, key, name, &count);

	return count ? fdt32_to_cpu(*cell) : otherwise;
}

/* The defaults are those of the Devicetree Specification, 2.3.5. */
uint32_t iomm_fdt_address_cells(const struct fdt_source *source, uint32_t bus)
{
	return iomm_fdt_cell(source, bus, "#address-cells", 2);
}

uint32_t iomm_fdt_size_cells(const struct fdt_source *source, uint32_t bus)
{
	return iomm_fdt_cell(source, bus, "#size-cells", 1);
}

uint64_t iomm_fdt_number(const fdt32_t *cells, uint32_t count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 32 | fdt32_to_cpu(*cells++);
	return value;
}

/* 0 and all ones are no phandles, and no node has them. */
uint32_t iomm_fdt_by_phandle(const struct fdt_source *source, uint32_t phandle)
{
	uint32_t low = 0, high = source->nr_phandles, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (source->phandles[middle].phandle < phandle)
			low = middle + 1;
		else
			high = middle;
	}
	return low < source->nr_phandles &&
			       source->phandles[low].phandle == phandle
		       ? source->phandles[low].key
		       : 0;
}

int iomm_fdt_follow(struct iomm_firmware *firmware, uint32_t key,
		    const char *property, uint32_t phandle, int code,
		    uint32_t *found)
{
	*found = iomm_fdt_by_phandle(fdt_source(firmware), phandle);
	if (*found)
		return 0;
	return IOMM_FDT_FAIL(firmware, key, code,
			     "%s refers to phandle %x, which no node has",
			     IOMM_STR(property), phandle);
}

int iomm_fdt_fail(struct iomm_firmware *firmware, uint32_t key, int code,
		  const uint64_t *text)
{
	char name[NAME], what[NAME];

	iomm_firmware_name(firmware, iomm_firmware_node(firmware, key), name,
			   sizeof(name));
	(void)iomm_text_render(what, sizeof(what), text);
	return IOMM_FAIL(firmware->obj.ctx, code, "%s: %s", IOMM_STR(name),
			 IOMM_STR(what));
}
