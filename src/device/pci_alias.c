/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The requester IDs under which a function's DMA arrives at the top, and paths
 * of firmware through a topology.
 *
 * Ports of PCI Express pass requester IDs through. A bridge from PCI Express to
 * PCI puts device 0, function 0 of its secondary bus in the place of what is
 * below it (PCI Express to PCI/PCI-X Bridge Specification 1.0, section 2.3),
 * sometimes: it may leave those that PCI-X has. Bridges on conventional buses
 * take transactions for their own.
 */
#include "device/pci.h"

#include "base/abi.h"
#include "base/mem.h"

#define NO_ID UINT32_MAX

/* What has been found so far. */
struct collector {
	/* Told of each. */
	void (*take)(struct collector *c, struct iomm_pci_id id);
	uint32_t have;
	struct iomm_pci_id last;
	/* The bus that may give many IDs, and those that it gave: a bit for each
	 * device and function. Any other gives one to two, one after the
	 * other. */
	uint32_t bus;
	uint32_t given[256 / 32];

	/* For `take`. */
	void *to;
	uint32_t stride, room;
};

/* Adds an ID, unless it was given before. */
static void give(struct collector *c, uint32_t segment, uint32_t rid)
{
	const struct iomm_pci_id id = { segment, rid };
	uint32_t *word = &c->given[(rid & 0xff) / 32], bit = 1u << rid % 32;

	if (rid >> 8 == c->bus) {
		if (*word & bit)
			return;
		*word |= bit;
	} else if (c->last.rid == rid) {
		return;
	}
	c->last = id;
	if (c->have < c->room)
		c->take(c, id);
	c->have++;
}

static void give_any_device(struct collector *c, uint32_t segment, uint32_t bus,
			    uint32_t functions)
{
	uint32_t devfn;

	for (devfn = 0; devfn < 256; devfn++)
		if ((devfn & 7) < functions)
			give(c, segment, bus << 8 | devfn);
}

static void give_quirk(struct collector *c, const struct iomm_pci_function *f,
		       const struct iomm_pci_quirk *quirk)
{
	switch (quirk->what) {
	case IOMM_PCI_QUIRK_FUNCTION:
		give(c, f->segment, (f->rid & 0xfff8) | quirk->value);
		break;
	case IOMM_PCI_QUIRK_DEVFN:
		give(c, f->segment, (f->rid & 0xff00) | quirk->value);
		break;
	case IOMM_PCI_QUIRK_ANY_DEVICE:
		give_any_device(c, f->segment, f->rid >> 8, quirk->value);
		break;
	}
}

/* IDs that a function uses beside its own. */
static void give_others(struct collector *c, const struct iomm_pci_function *f)
{
	const struct iomm_pci_quirk *quirk = NULL;
	uint32_t n;

	for (n = 0; n < f->nr_aliases; n++)
		give(c, f->segment, (f->rid & 0xff00) | f->aliases[n]);
	while ((quirk = iomm_pci_quirk_next(f, quirk)))
		give_quirk(c, f, quirk);
}

static bool has_quirk(const struct iomm_pci_function *f, uint32_t what)
{
	const struct iomm_pci_quirk *quirk = NULL;

	while ((quirk = iomm_pci_quirk_next(f, quirk)))
		if (quirk->what == what)
			return true;
	return false;
}

/* A bridge that does not say so is one from PCI Express to PCI when what is
 * above it is PCI Express: some can be used either way round. */
static bool is_hidden_pcie_bridge(const struct iomm_pci_function *bridge,
				  const struct iomm_pci_function *above)
{
	return above && above->type != IOMM_PCI_CONVENTIONAL &&
	       above->type != IOMM_PCI_PCIE_TO_PCI &&
	       has_quirk(bridge, IOMM_PCI_QUIRK_PCIE_TO_PCI);
}

/* What a bridge makes of what comes from below. */
static void
give_bridge(struct collector *c, const struct iomm_pci_function *bridge,
	    const struct iomm_pci_function *above)
{
	switch (bridge->type) {
	case IOMM_PCI_PCIE_TO_PCI:
		give(c, bridge->segment, bridge->secondary << 8);
		break;
	case IOMM_PCI_PCI_TO_PCIE:
		give(c, bridge->segment, bridge->rid);
		break;
	case IOMM_PCI_CONVENTIONAL:
		give(c, bridge->segment,
		     is_hidden_pcie_bridge(bridge, above)
			     ? bridge->secondary << 8
			     : bridge->rid);
		break;
	}
}

/* Is what is above a bridge beyond its IOMMU? */
static bool is_translation_root(const struct iomm_pci_function *bridge)
{
	return bridge->flags & IOMM_PCI_TRANSLATION_ROOT ||
	       has_quirk(bridge, IOMM_PCI_QUIRK_TRANSLATION_ROOT);
}

static void collect(const struct iomm_pci *pci, uint32_t segment, uint32_t rid,
		    struct collector *c)
{
	const struct iomm_pci_function *f = iomm_pci_find(pci, segment, rid);
	const struct iomm_pci_function *above;

	if (f && f->flags & IOMM_PCI_REAL_DMA) {
		segment = f->real_segment;
		rid = f->real_rid;
		f = iomm_pci_find(pci, segment, rid);
	}
	c->bus = rid >> 8;
	c->last.rid = NO_ID;
	give(c, segment, rid);
	if (f)
		give_others(c, f);
	for (f = iomm_pci_above(pci, segment, rid >> 8);
	     f && !is_translation_root(f); f = above) {
		above = iomm_pci_above(pci, segment, f->rid >> 8);
		give_bridge(c, f, above);
	}
}

static void take_input(struct collector *c, struct iomm_pci_id id)
{
	((uint64_t *)c->to)[c->have] = id.rid;
}

uint32_t iomm_pci_inputs(const struct iomm_pci *pci, uint32_t segment,
			 uint32_t rid, uint64_t *inputs, uint32_t room)
{
	struct collector c = { .take = take_input, .to = inputs, .room = room };

	collect(pci, segment, rid, &c);
	return c.have;
}

static void take_id(struct collector *c, struct iomm_pci_id id)
{
	char *to = (char *)c->to + (size_t)c->have * c->stride;

	memset(to, 0, c->stride);
	memcpy(to, &id, sizeof(id));
}

/* Counts first: an array that is too small stays as it is. */
static int aliases(const struct iomm_pci *pci, uint32_t segment, uint32_t rid,
		   struct iomm_pci_id *ids, uint32_t stride, uint32_t *count)
{
	struct collector c = { .take = take_id, .to = ids, .stride = stride };
	uint32_t room = *count;

	if (rid > 0xffff)
		return IOMM_FAIL(pci->obj.ctx, IOMM_EINVAL,
				 "ID %x of segment %x has more than 16 bits",
				 rid, segment);
	if (room && (!ids || stride < sizeof(*ids)))
		return IOMM_FAIL(pci->obj.ctx, IOMM_EINVAL,
				 "the array of iomm_pci_id is NULL, or its "
				 "stride %u is less than %u",
				 stride, (uint32_t)sizeof(*ids));
	*count = iomm_pci_inputs(pci, segment, rid, NULL, 0);
	if (room < *count)
		return IOMM_FAIL(
			pci->obj.ctx, IOMM_EMSGSIZE,
			"ID %x of segment %x arrives under %u IDs, and "
			"there is room for %u",
			rid, segment, *count, room);
	c.room = room;
	collect(pci, segment, rid, &c);
	return 0;
}

int iomm_pci_aliases(struct iomm_pci *pci, uint32_t segment, uint32_t rid,
		     struct iomm_pci_id *ids, uint32_t stride, uint32_t *count)
{
	if (!iomm_handle_ok(pci, &iomm_pci_type))
		return -IOMM_EINVAL;
	if (!count)
		return iomm_fail_null(pci->obj.ctx, "iomm_pci_aliases");
	return aliases(pci, segment, rid, ids, stride, count);
}

/* Paths */

static int fail_step(const struct iomm_pci *pci, uint32_t segment, uint32_t rid,
		     uint32_t step)
{
	const bool there = iomm_pci_find(pci, segment, rid);

	return IOMM_FAIL(pci->obj.ctx, IOMM_ENOENT,
			 "step %u of a path: ID %x of segment %x %s", step, rid,
			 segment,
			 IOMM_STR(there ? "is no bridge" : "is not there"));
}

static int route(const struct iomm_pci *pci, uint32_t segment, uint32_t bus,
		 const uint8_t *path, uint32_t steps, uint32_t *rid)
{
	const struct iomm_pci_function *bridge;
	uint32_t n, at = 0;

	if (bus > 0xff || !steps)
		return IOMM_FAIL(pci->obj.ctx, IOMM_EINVAL,
				 "no path: %u steps from bus %x of segment %x",
				 steps, bus, segment);
	for (n = 0;; n++) {
		at = bus << 8 | path[n];
		if (n == steps - 1)
			break;
		bridge = iomm_pci_bridge_at(pci, segment, at);
		if (!bridge)
			return fail_step(pci, segment, at, n);
		bus = bridge->secondary;
	}
	*rid = at;
	return 0;
}

int iomm_pci_route(struct iomm_pci *pci, uint32_t segment, uint32_t bus,
		   const uint8_t *path, uint32_t steps, uint32_t *rid)
{
	if (!iomm_handle_ok(pci, &iomm_pci_type))
		return -IOMM_EINVAL;
	if (!path || !rid)
		return iomm_fail_null(pci->obj.ctx, "iomm_pci_route");
	return route(pci, segment, bus, path, steps, rid);
}
