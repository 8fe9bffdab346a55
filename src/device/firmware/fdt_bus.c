/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Ways through buses: that of a register's address to the CPU ("ranges",
 * Devicetree Specification 0.4, 2.3.8), and that of DMA to memory.
 */
#include "device/firmware/fdt.h"

/* Registers */

/*
 * Takes an address on the bus below `bus` to the one above it. False when it
 * cannot be seen from there.
 */
static bool
translate_up(const struct fdt_source *source, uint32_t bus, uint64_t *address)
{
	uint32_t child = iomm_fdt_address_cells(source, bus);
	uint32_t sizes = iomm_fdt_size_cells(source, bus);
	uint32_t above =
		iomm_fdt_address_cells(source, fdt_node(source, bus)->parent);
	uint64_t from, bytes;
	const fdt32_t *cells;
	uint32_t count, entry;

	cells = iomm_fdt_cells(source, bus, "ranges", &count);
	if (!cells)
		return false;
	if (!count)
		return true;
	if (child > 2 || sizes > 2 || above > 2)
		return false;
	entry = child + above + sizes;
	for (; entry && count >= entry; count -= entry, cells += entry) {
		from = iomm_fdt_number(cells, child);
		bytes = iomm_fdt_number(cells + child + above, sizes);
		if (*address - from < bytes) {
			*address = iomm_fdt_number(cells + child, above) +
				   *address - from;
			return true;
		}
	}
	return false;
}

bool iomm_fdt_reg(const struct fdt_source *source, uint32_t key, uint32_t n,
		  uint64_t *base, uint64_t *bytes)
{
	uint32_t bus = fdt_node(source, key)->parent;
	uint32_t count, addresses, sizes;
	const fdt32_t *cells;

	if (!bus)
		return false;
	addresses = iomm_fdt_address_cells(source, bus);
	sizes = iomm_fdt_size_cells(source, bus);
	cells = iomm_fdt_cells(source, key, "reg", &count);
	if (!cells || addresses > 2 || sizes > 2 ||
	    count < (uint64_t)(addresses + sizes) * (n + 1ull))
		return false;
	cells += (addresses + sizes) * n;
	*base = iomm_fdt_number(cells, addresses);
	*bytes = iomm_fdt_number(cells + addresses, sizes);
	for (; fdt_node(source, bus)->parent;
	     bus = fdt_node(source, bus)->parent) {
		if (!translate_up(source, bus, base))
			return false;
	}
	return true;
}

/* The way of DMA */

/* Where `name` is in a list of strings; -1: nowhere. */
static int find_string(const struct fdt_source *source, uint32_t key,
		       const char *property, const char *name)
{
	return fdt_stringlist_search(source->blob,
				     fdt_node(source, key)->offset, property,
				     name);
}

/* The n-th provider in "interconnects": (phandle, #interconnect-cells cells)
 * each. */
static int interconnect(struct iomm_firmware *firmware, uint32_t key, int n,
			uint32_t *provider)
{
	const struct fdt_source *source = fdt_source(firmware);
	const fdt32_t *cells;
	uint32_t left, skip;
	int err = iomm_fdt_read_cells(firmware, key, "interconnects", &cells,
				      &left);

	while (!err && left) {
		err = iomm_fdt_follow(firmware, key, "interconnects",
				      fdt32_to_cpu(*cells), IOMM_EINVAL,
				      provider);
		if (err || !n--)
			return err;
		skip = iomm_fdt_cell(source, *provider, "#interconnect-cells",
				     0);
		if (skip >= left)
			break;
		cells += skip + 1;
		left -= skip + 1;
	}
	return err ? err
		   : IOMM_FDT_FAIL(firmware, key, IOMM_EINVAL,
				   "interconnects ends before its entry that "
				   "is called dma-mem");
}

int iomm_fdt_dma_parent(struct iomm_firmware *firmware, uint32_t key,
			uint32_t *parent)
{
	const struct fdt_source *source = fdt_source(firmware);
	int n = find_string(source, key, "interconnect-names", "dma-mem");

	*parent = fdt_node(source, key)->parent;
	return n < 0 ? 0 : interconnect(firmware, key, n, parent);
}

int iomm_fdt_step_up(struct iomm_firmware *firmware, uint32_t *key,
		     uint32_t *steps)
{
	if (++*steps > fdt_source(firmware)->nr_nodes)
		return IOMM_FDT_FAIL(firmware, *key, IOMM_EINVAL,
				     "its DMA goes round in circles, through "
				     "the interconnects called dma-mem");
	return iomm_fdt_dma_parent(firmware, *key, key);
}

int iomm_fdt_coherent(struct iomm_firmware *firmware, uint32_t key,
		      bool *coherent)
{
	const struct fdt_source *source = fdt_source(firmware);
	uint32_t steps = 0;
	int err = 0;

	*coherent = false;
	while (!err && key) {
		if (iomm_fdt_has(source, key, "dma-noncoherent"))
			return 0;
		*coherent = iomm_fdt_has(source, key, "dma-coherent");
		if (*coherent)
			return 0;
		err = iomm_fdt_step_up(firmware, &key, &steps);
	}
	return err;
}
