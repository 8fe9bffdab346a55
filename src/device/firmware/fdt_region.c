/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Ranges of a device's I/O space that are taken: reserved memory that it uses
 * already ("iommu-addresses", reserved-memory/reserved-memory.yaml of the
 * dt-schema), and doorbells of the interrupt controllers that serve it
 * ("msi-parent" and "msi-map", Linux's interrupt-controller/msi.txt and
 * pci/pci-msi.txt).
 */
#include "device/firmware/fdt.h"

/* Of one node; what hostile trees cost ends here. */
#define MAX_REGS 64u

/* Reserved memory */

/* An entry of the `iommu-addresses` of the reserved memory at `memory`. */
struct reservation {
	uint32_t memory, entry;
	uint32_t device;
	uint64_t first, bytes;
};

/* The memory that an address range stands for: the reserved memory's `reg` of
 * that length; of several, the one at the same address. */
static bool memory_of(const struct fdt_source *source,
		      const struct reservation *r, uint64_t *paddr)
{
	uint64_t base, bytes;
	bool found = false;
	uint32_t n;

	for (n = 0;
	     n < MAX_REGS && iomm_fdt_reg(source, r->memory, n, &base, &bytes);
	     n++) {
		if (bytes != r->bytes || (found && base != r->first))
			continue;
		*paddr = base;
		found = true;
	}
	return found;
}

/* Memory that the device sees at its own address stays where it is. All else
 * is kept from being used for anything. */
static int
add_reservation(const struct fdt_question *q, const struct reservation *r)
{
	struct iomm_reserved_region region = {
		.kind = IOMM_REGION_RESERVED,
		.first = r->first,
		.last = r->first + r->bytes - 1,
		.place = fdt_place(r->memory, FDT_PLACE_IOMMU_ADDRESSES,
				   r->entry),
	};

	if (region.last < region.first)
		return IOMM_FDT_FAIL(q->firmware, r->memory, IOMM_EINVAL,
				     "iommu-addresses[%u]: %x and %x bytes go "
				     "past 64 bits",
				     r->entry, r->first, r->bytes);
	if (memory_of(fdt_source(q->firmware), r, &region.paddr))
		region.flags = IOMM_REGION_MAPPED;
	if (region.flags && region.paddr == region.first) {
		region.kind = IOMM_REGION_DIRECT;
		region.prot = IOMM_PROT_READ | IOMM_PROT_WRITE;
		if (iomm_fwspec_limits(q->b)->flags & IOMM_FWSPEC_COHERENT)
			region.prot |= IOMM_PROT_CACHE;
	}
	return iomm_fwspec_add_region(q->b, &region);
}

/* The device that an entry is for, and the cells of its bus: those that its
 * DMA addresses have. */
static int read_entry(const struct fdt_question *q, struct reservation *r,
		      const fdt32_t **cells, uint32_t *left)
{
	const struct fdt_source *source = fdt_source(q->firmware);
	uint32_t bus, addresses, sizes;
	int err = iomm_fdt_follow(q->firmware, r->memory, "iommu-addresses",
				  fdt32_to_cpu(**cells), IOMM_EINVAL,
				  &r->device);

	if (!err)
		err = iomm_fdt_dma_parent(q->firmware, r->device, &bus);
	if (err)
		return err;
	addresses = bus ? iomm_fdt_address_cells(source, bus) : 0;
	sizes = bus ? iomm_fdt_size_cells(source, bus) : 0;
	if (!addresses || addresses > 2 || !sizes || sizes > 2)
		return IOMM_FDT_FAIL(q->firmware, r->memory, IOMM_EINVAL,
				     "iommu-addresses[%u] is for a device with "
				     "%u cells of address and %u of size",
				     r->entry, addresses, sizes);
	if (*left < 1 + addresses + sizes)
		return IOMM_FDT_FAIL(q->firmware, r->memory, IOMM_EINVAL,
				     "iommu-addresses[%u] ends after %u of %u "
				     "cells",
				     r->entry, *left, 1 + addresses + sizes);
	r->first = iomm_fdt_number(*cells + 1, addresses);
	r->bytes = iomm_fdt_number(*cells + 1 + addresses, sizes);
	*cells += 1 + addresses + sizes;
	*left -= 1 + addresses + sizes;
	return 0;
}

static int add_reserved_memory(const struct fdt_question *q, uint32_t memory)
{
	struct reservation r = { .memory = memory };
	const fdt32_t *cells;
	uint32_t left;
	int err = iomm_fdt_read_cells(q->firmware, memory, "iommu-addresses",
				      &cells, &left);

	for (; !err && left; r.entry++) {
		err = read_entry(q, &r, &cells, &left);
		/* No bytes are nothing: loaders fill in what is there. */
		if (!err && r.device == q->key && r.bytes)
			err = add_reservation(q, &r);
	}
	return err;
}

static int add_reserved_memories(const struct fdt_question *q)
{
	const struct fdt_source *source = fdt_source(q->firmware);
	int at = fdt_subnode_offset(source->blob, 0, "reserved-memory");
	uint32_t key, parent;
	int err = 0;

	for (key = 1; at >= 0 && !err && key <= source->nr_nodes; key++) {
		parent = fdt_node(source, key)->parent;
		if (parent && fdt_node(source, parent)->offset == at &&
		    fdt_node(source, key)->flags & IOMM_NODE_AVAILABLE)
			err = add_reserved_memory(q, key);
	}
	return err;
}

/* Doorbells */

/* Where in a controller's n-th `reg` devices may write; all else is not for
 * them. False: it has no further doorbell, or is of no known kind. */
static bool doorbell(const struct fdt_source *source, uint32_t controller,
		     uint32_t n, uint64_t *first, uint64_t *bytes)
{
	const void *blob = source->blob;
	int offset = fdt_node(source, controller)->offset;

	if (n == MAX_REGS ||
	    !iomm_fdt_reg(source, controller, n, first, bytes) || !*bytes ||
	    *first + *bytes - 1 < *first)
		return false;
	/* The frame that has GITS_TRANSLATER (Arm GIC Architecture
	 * Specification, IHI 0069). */
	if (!fdt_node_check_compatible(blob, offset, "arm,gic-v3-its")) {
		if (n || *bytes < 0x20000)
			return false;
		*first += 0x10000;
		*bytes = 0x10000;
		return true;
	}
	if (!fdt_node_check_compatible(blob, offset, "arm,gic-v2m-frame"))
		return !n;
	/* Each `reg` is a group of interrupt files (RISC-V Advanced Interrupt
	 * Architecture, 3.6). */
	return !fdt_node_check_compatible(blob, offset, "riscv,imsics");
}

static int
add_doorbells(const struct fdt_question *q, uint32_t controller, uint64_t place)
{
	const struct fdt_source *source = fdt_source(q->firmware);
	struct iomm_reserved_region region = {
		.kind = IOMM_REGION_SOFTWARE_MSI,
		.prot = IOMM_PROT_WRITE | IOMM_PROT_MMIO,
		.place = place,
	};
	uint64_t bytes;
	uint32_t n;
	int err = 0;

	if (!(fdt_node(source, controller)->flags & IOMM_NODE_AVAILABLE))
		return 0;
	for (n = 0;
	     !err && doorbell(source, controller, n, &region.first, &bytes);
	     n++) {
		region.paddr = region.first;
		region.last = region.first + bytes - 1;
		err = iomm_fwspec_add_region(q->b, &region);
	}
	return err;
}

/* "msi-parent": (phandle, #msi-cells cells) each. A host bridge may leave the
 * cells out, since its functions bring their IDs; then it is one cell. */
static int add_msi_parents(const struct fdt_question *q)
{
	const struct fdt_source *source = fdt_source(q->firmware);
	uint32_t left, controller, skip, entry = 0;
	const fdt32_t *cells;
	int err = iomm_fdt_read_cells(q->firmware, q->key, "msi-parent", &cells,
				      &left);
	bool alone = left == 1;

	while (!err && left) {
		err = iomm_fdt_follow(q->firmware, q->key, "msi-parent",
				      fdt32_to_cpu(*cells), IOMM_EINVAL,
				      &controller);
		if (err)
			break;
		skip = alone ? 0
			     : iomm_fdt_cell(source, controller, "#msi-cells",
					     0);
		if (skip >= left)
			return IOMM_FDT_FAIL(q->firmware, q->key, IOMM_EINVAL,
					     "msi-parent ends after %u of the "
					     "%u cells of an ID",
					     left - 1, skip);
		cells += 1 + skip;
		left -= 1 + skip;
		err = add_doorbells(q, controller,
				    fdt_place(q->key, FDT_PLACE_MSI_PARENT,
					      entry++));
	}
	return err;
}

static int add_mapped_msi(const struct fdt_question *q, uint64_t input)
{
	struct fdt_mapping mapping;
	uint32_t controller;
	int err = iomm_fdt_map(q->firmware, q->key, "msi-map", "msi-map-mask",
			       input, &mapping);

	if (err || !mapping.found)
		return err;
	err = iomm_fdt_follow(q->firmware, q->key, "msi-map", mapping.phandle,
			      IOMM_EINVAL, &controller);
	return err ? err
		   : add_doorbells(q, controller,
				   fdt_place(q->key, FDT_PLACE_MSI_MAP,
					     mapping.entry));
}

int iomm_fdt_add_regions(const struct fdt_question *q)
{
	uint32_t n;
	int err = add_reserved_memories(q);

	for (n = 0; !err && n < q->nr_inputs; n++)
		err = add_mapped_msi(q, q->inputs[n]);
	return err ? err : add_msi_parents(q);
}
