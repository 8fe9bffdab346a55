/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Windows for DMA: the "dma-ranges" of all buses between a device and memory,
 * one after the other. Devicetree Specification 0.4, 2.3.9; three cells are a
 * PCI address, as the PCI Bus Binding to Open Firmware, 2.2.1, has it.
 */
#include "device/firmware/fdt.h"

/* The entries of a bus's "dma-ranges". */
struct ranges {
	uint32_t bus;
	const fdt32_t *cells;
	uint32_t nr, child, above, sizes; /* entries; cells of their parts */
	bool pci, above_pci;
};

/* A window, from the bus below to the bus above: inclusive, so that the last
 * address of 64 bits can be in it. */
struct window {
	uint64_t from, last, to;
};

static bool is_pci(const struct fdt_source *source, uint32_t key)
{
	return iomm_fdt_is(source->blob, fdt_node(source, key)->offset,
			   "device_type", "pci");
}

/* nr is 0 when the bus says nothing: then addresses pass as they are. */
static int read_ranges(struct iomm_firmware *firmware, uint32_t bus,
		       uint32_t above, struct ranges *out)
{
	const struct fdt_source *source = fdt_source(firmware);
	uint32_t count, entry;
	int err = iomm_fdt_read_cells(firmware, bus, "dma-ranges", &out->cells,
				      &count);

	out->nr = 0;
	if (err || !count)
		return err;
	if (!above)
		return IOMM_FDT_FAIL(firmware, bus, IOMM_EINVAL,
				     "dma-ranges leads nowhere: no bus is "
				     "above");
	out->bus = bus;
	out->child = iomm_fdt_address_cells(source, bus);
	out->sizes = iomm_fdt_size_cells(source, bus);
	out->above = iomm_fdt_address_cells(source, above);
	out->pci = is_pci(source, bus);
	out->above_pci = is_pci(source, above);
	if (!out->child || out->child > 3 || !out->above || out->above > 3 ||
	    !out->sizes || out->sizes > 2)
		return IOMM_FDT_FAIL(firmware, bus, IOMM_EINVAL,
				     "dma-ranges has %u cells of child "
				     "address, %u of address and %u of size: "
				     "not 1 to 3, 1 to 3, 1 or 2",
				     out->child, out->above, out->sizes);
	entry = out->child + out->above + out->sizes;
	if (count % entry)
		return IOMM_FDT_FAIL(firmware, bus, IOMM_EINVAL,
				     "dma-ranges has %u cells, not a multiple "
				     "of %u",
				     count, entry);
	out->nr = count / entry;
	return 0;
}

/* Memory is what bit 25 of a PCI address's first cell says; its other two are
 * the address. Other buses of three cells have something of their own there. */
static bool
read_address(const fdt32_t *cells, uint32_t count, bool pci, uint64_t *address)
{
	if (count < 3) {
		*address = iomm_fdt_number(cells, count);
		return true;
	}
	*address = iomm_fdt_number(cells + 1, 2);
	return !pci || fdt32_to_cpu(*cells) & 1u << 25;
}

static int fail_wrap(struct iomm_firmware *firmware, const struct ranges *r,
		     uint32_t n, uint64_t start, uint64_t bytes)
{
	return IOMM_FDT_FAIL(firmware, r->bus, IOMM_EINVAL,
			     "dma-ranges[%u]: %x and %x bytes go past 64 bits",
			     n, start, bytes);
}

/* The n-th entry. `*use` is false when it is not for memory, or for none. */
static int read_window(struct iomm_firmware *firmware, const struct ranges *r,
		       uint32_t n, struct window *out, bool *use)
{
	const fdt32_t *cells =
		r->cells + (size_t)n * (r->child + r->above + r->sizes);
	uint64_t bytes = iomm_fdt_number(cells + r->child + r->above, r->sizes);

	*use = read_address(cells, r->child, r->pci, &out->from);
	if (!read_address(cells + r->child, r->above, r->above_pci, &out->to))
		*use = false;
	if (!bytes)
		*use = false;
	if (!*use)
		return 0;
	out->last = out->from + bytes - 1;
	if (out->last < out->from)
		return fail_wrap(firmware, r, n, out->from, bytes);
	if (out->to + bytes - 1 < out->to)
		return fail_wrap(firmware, r, n, out->to, bytes);
	return 0;
}

/* What is let through so far. */
#define MAX_WINDOWS 32u
struct windows {
	struct iomm_dma_range w[MAX_WINDOWS];
	uint32_t nr;
};

static int add_window(struct iomm_firmware *firmware, const struct ranges *r,
		      struct windows *out, const struct iomm_dma_range *window)
{
	if (out->nr == MAX_WINDOWS)
		return IOMM_FDT_FAIL(firmware, r->bus, IOMM_EINVAL,
				     "dma-ranges makes more than %u windows of "
				     "DMA",
				     MAX_WINDOWS);
	out->w[out->nr++] = *window;
	return 0;
}

/* The parts of what comes from below that one entry lets through. */
static int pass_entry(struct iomm_firmware *firmware, const struct ranges *r,
		      const struct window *e, const struct windows *in,
		      struct windows *out)
{
	struct iomm_dma_range part;
	uint64_t last, cut;
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < in->nr; n++) {
		part = in->w[n];
		last = part.paddr + (part.last - part.first);
		if (e->last < part.paddr || e->from > last)
			continue;
		cut = e->from > part.paddr ? e->from - part.paddr : 0;
		part.first += cut;
		part.paddr += cut;
		if (e->last < last)
			part.last -= last - e->last;
		part.paddr = e->to + (part.paddr - e->from);
		err = add_window(firmware, r, out, &part);
	}
	return err;
}

static int pass_bus(struct iomm_firmware *firmware, const struct ranges *r,
		    struct windows *windows)
{
	const struct windows in = *windows;
	struct iomm_dma_range window;
	struct window e;
	bool use;
	uint32_t n;
	int err = 0;

	windows->nr = 0;
	for (n = 0; !err && n < r->nr; n++) {
		err = read_window(firmware, r, n, &e, &use);
		if (err || !use)
			continue;
		if (in.nr) {
			err = pass_entry(firmware, r, &e, &in, windows);
			continue;
		}
		/* The first bus that says anything makes the windows. */
		window = (struct iomm_dma_range){
			.first = e.from,
			.last = e.last,
			.paddr = e.to,
			.place = fdt_place(r->bus, FDT_PLACE_DMA_RANGES, n),
		};
		err = add_window(firmware, r, windows, &window);
	}
	if (!err && !windows->nr)
		err = IOMM_FDT_FAIL(firmware, r->bus, IOMM_EINVAL,
				    "dma-ranges lets no DMA through");
	return err;
}

/* A function's DMA comes to the bus that its host bridge is; that of any other
 * device starts at the device. */
int iomm_fdt_add_dma_ranges(const struct fdt_question *q)
{
	struct windows windows = { .nr = 0 };
	struct ranges ranges;
	uint32_t bus = q->key, above, steps = 0, n;
	int err = q->nr_inputs ? 0
			       : iomm_fdt_step_up(q->firmware, &bus, &steps);

	for (; !err && bus; bus = above) {
		above = bus;
		err = iomm_fdt_step_up(q->firmware, &above, &steps);
		if (!err)
			err = read_ranges(q->firmware, bus, above, &ranges);
		if (!err && ranges.nr)
			err = pass_bus(q->firmware, &ranges, &windows);
	}
	for (n = 0; !err && n < windows.nr; n++)
		err = iomm_fwspec_add_dma_range(q->b, &windows.w[n]);
	return err;
}
