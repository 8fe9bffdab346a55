/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is known of a device: what its creator says, which may be the whole
 * description of what it stands behind, and what its bus and firmware say.
 */
#include <iomm/domain.h>

#include "base/abi.h"
#include "device/device.h"

#define LIMIT_FLAGS                                       \
	(IOMM_DEVICE_PASID_BITS | IOMM_DEVICE_NUMA_NODE | \
	 IOMM_DEVICE_COHERENT | IOMM_DEVICE_NOT_COHERENT)
#define KNOWN_FLAGS                                                 \
	(LIMIT_FLAGS | IOMM_DEVICE_ADDRESS | IOMM_DEVICE_DMA_MASK | \
	 IOMM_DEVICE_SPECIFIERS)
#define CAPABILITIES (IOMM_FWSPEC_ATS | IOMM_FWSPEC_PRI | IOMM_FWSPEC_STALL)

/* Limits */

static bool is_mask(uint64_t mask)
{
	return mask && !(mask & (mask + 1));
}

static int check_limits(struct iomm_ctx *ctx, const char *name,
			const struct iomm_device_config *c)
{
	const uint32_t both = IOMM_DEVICE_COHERENT | IOMM_DEVICE_NOT_COHERENT;

	if (c->flags & IOMM_DEVICE_DMA_MASK && !is_mask(c->dma_mask))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s: DMA mask %x is not 2^n - 1",
				 IOMM_STR(name), c->dma_mask);
	if (c->pasid_bits > IOMM_FWSPEC_PASID_BITS)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s: PASIDs of %u bits: %u are the most",
				 IOMM_STR(name), c->pasid_bits,
				 IOMM_FWSPEC_PASID_BITS);
	if ((c->flags & both) == both)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s is said to be coherent, and not to be",
				 IOMM_STR(name));
	if (c->default_domain > IOMM_DOMAIN_IDENTITY)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s: there is no domain type %u",
				 IOMM_STR(name), c->default_domain);
	if ((c->pasid_bits && !(c->flags & IOMM_DEVICE_PASID_BITS)) ||
	    (c->numa_node && !(c->flags & IOMM_DEVICE_NUMA_NODE)))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s: pasid_bits %u or numa_node %u is given "
				 "without its flag",
				 IOMM_STR(name), c->pasid_bits, c->numa_node);
	return 0;
}

static void
note_limits(struct iomm_device_limits *own, const struct iomm_device_config *c)
{
	own->flags = c->flags & LIMIT_FLAGS;
	own->dma_mask = c->flags & IOMM_DEVICE_DMA_MASK ? c->dma_mask
							: UINT64_MAX;
	own->dma_last = own->dma_mask;
	own->pasid_bits = c->pasid_bits;
	own->numa_node = c->numa_node;
	own->default_domain = c->default_domain;
	own->coherent = c->flags & IOMM_DEVICE_COHERENT;
}

/* The smallest mask that has the address. */
static uint64_t mask_for(uint64_t address)
{
	uint64_t mask = 1;

	while (mask < address)
		mask = mask << 1 | 1;
	return mask;
}

static void tighten_reach(struct iomm_device_limits *limits,
			  const struct iomm_fwspec_info *said)
{
	if (said->address_bits && said->address_bits < 64 &&
	    limits->dma_mask >> said->address_bits)
		limits->dma_mask = (UINT64_C(1) << said->address_bits) - 1;
	if (said->flags & IOMM_FWSPEC_DMA_RANGE) {
		if (limits->dma_mask > mask_for(said->dma_last))
			limits->dma_mask = mask_for(said->dma_last);
		limits->dma_first = said->dma_first;
		limits->dma_last = said->dma_last;
	}
	if (limits->dma_last > limits->dma_mask)
		limits->dma_last = limits->dma_mask;
}

/* Who says nothing of PASIDs sets no limit to them; when nobody says anything
 * there are none. */
static void tighten_pasids(struct iomm_device_limits *limits,
			   const struct iomm_fwspec_info *said)
{
	if (!said->pasid_bits)
		return;
	if (!(limits->flags & IOMM_DEVICE_PASID_BITS) ||
	    limits->pasid_bits > said->pasid_bits)
		limits->pasid_bits = said->pasid_bits;
}

static int limit(struct iomm_device *device, struct iomm_fwspec *spec,
		 struct iomm_device_limits *limits)
{
	struct iomm_fwspec_info said = { .size = sizeof(said) };
	int err = iomm_fwspec_info(spec, &said);

	if (err)
		return err;
	*limits = device->own;
	tighten_reach(limits, &said);
	tighten_pasids(limits, &said);
	if (!(limits->flags &
	      (IOMM_DEVICE_COHERENT | IOMM_DEVICE_NOT_COHERENT)))
		limits->coherent = said.flags & IOMM_FWSPEC_COHERENT;
	if (!(limits->flags & IOMM_DEVICE_NUMA_NODE) &&
	    said.flags & IOMM_FWSPEC_NUMA_NODE) {
		limits->flags |= IOMM_DEVICE_NUMA_NODE;
		limits->numa_node = said.numa_node;
	}
	if (limits->dma_first <= limits->dma_last)
		return 0;
	return IOMM_FAIL(device->obj.ctx, IOMM_EINVAL,
			 "%s: its addresses end at %x, and the windows of its "
			 "bus begin at %x",
			 IOMM_STR(device->name), limits->dma_last,
			 limits->dma_first);
}

int iomm_device_describe(struct iomm_device *device, struct iomm_fwspec **spec,
			 struct iomm_device_limits *limits)
{
	int err = 0;

	if (device->spec)
		*spec = iomm_object_get(device->spec);
	else
		err = iomm_bus_describe(device->bus, device->address,
					device->name, spec);
	return err ? err : limit(device, *spec, limits);
}

/* A description of its creator's */

/* An array of his, and who takes its elements. */
struct list {
	const char *what, *type;
	const void *items;
	uint32_t nr, stride, bytes;
	/* The element is a copy. EINVAL with a flaw, or another error with a
	 * sentence, and an empty flaw. */
	int (*add)(struct iomm_fwspec_builder *b, void *item, char *flaw);
};

static int add_specifier(struct iomm_fwspec_builder *b, void *item, char *flaw)
{
	const struct iomm_specifier *s = item;

	if (!s->iommu || s->nr_cells > IOMM_SPECIFIER_CELLS) {
		(void)iomm_text_render(flaw, IOMM_FLAW_TEXT,
				       IOMM_TEXT("%u cells at node %x",
						 s->nr_cells, s->iommu));
		return -IOMM_EINVAL;
	}
	return iomm_fwspec_add_specifier(b, s->iommu, s->cells, s->nr_cells,
					 s->place);
}

static int add_region(struct iomm_fwspec_builder *b, void *item, char *flaw)
{
	if (iomm_fwspec_region_flaw(item, flaw))
		return -IOMM_EINVAL;
	return iomm_fwspec_add_region(b, item);
}

static int add_dma_range(struct iomm_fwspec_builder *b, void *item, char *flaw)
{
	if (iomm_fwspec_range_flaw(item, flaw))
		return -IOMM_EINVAL;
	return iomm_fwspec_add_dma_range(b, item);
}

/* The widest of them. */
union element {
	struct iomm_specifier specifier;
	struct iomm_reserved_region region;
	struct iomm_dma_range range;
};

static int
add_element(struct iomm_device *device, const struct list *list, uint32_t index)
{
	const char *from =
		(const char *)list->items + (size_t)index * list->stride;
	struct iomm_ctx *ctx = device->obj.ctx;
	char flaw[IOMM_FLAW_TEXT] = "";
	union element copy;
	int err;

	/* No struct has grown yet: what it has is version 0 of it. */
	err = iomm_struct_in(ctx, &copy, list->bytes, list->bytes, from,
			     list->type);
	if (!err)
		err = list->add(&device->spec->built, &copy, flaw);
	if (!*flaw)
		return err;
	return IOMM_FAIL(ctx, -err, "%s: %s[%u]: %s", IOMM_STR(device->name),
			 IOMM_STR(list->what), index, IOMM_STR(flaw));
}

static int add_list(struct iomm_device *device, const struct list *list)
{
	uint32_t n;
	int err = 0;

	if (list->nr && (!list->items || list->stride < list->bytes ||
			 list->nr > IOMM_FWSPEC_MAX))
		return IOMM_FAIL(device->obj.ctx, IOMM_EINVAL,
				 "%s: the array of %u %s is NULL, or over %u, "
				 "or its stride %u is less than %u",
				 IOMM_STR(device->name), list->nr,
				 IOMM_STR(list->what), IOMM_FWSPEC_MAX,
				 list->stride, list->bytes);
	for (n = 0; !err && n < list->nr; n++)
		err = add_element(device, list, n);
	return err;
}

static int
add_lists(struct iomm_device *device, const struct iomm_device_config *c)
{
	const struct list lists[] = {
		{ "specifiers", "iomm_specifier", c->specifiers,
		  c->nr_specifiers, c->specifier_stride,
		  sizeof(struct iomm_specifier), add_specifier },
		{ "regions", "iomm_reserved_region", c->regions, c->nr_regions,
		  c->region_stride, sizeof(struct iomm_reserved_region),
		  add_region },
		{ "dma_ranges", "iomm_dma_range", c->dma_ranges,
		  c->nr_dma_ranges, c->dma_range_stride,
		  sizeof(struct iomm_dma_range), add_dma_range },
	};
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < sizeof(lists) / sizeof(lists[0]); n++)
		err = add_list(device, &lists[n]);
	return err;
}

/* His limits in the words of firmware, for drivers, which see only those. */
static void say_limits(const struct iomm_device_limits *own,
		       uint32_t capabilities, struct iomm_fwspec_limits *limits)
{
	uint64_t mask;

	limits->flags = capabilities;
	if (own->coherent)
		limits->flags |= IOMM_FWSPEC_COHERENT;
	if (own->flags & IOMM_DEVICE_NUMA_NODE)
		limits->flags |= IOMM_FWSPEC_NUMA_NODE;
	limits->numa_node = own->numa_node;
	limits->pasid_bits = own->pasid_bits;
	if (own->dma_mask == UINT64_MAX)
		return;
	for (mask = own->dma_mask; mask; mask >>= 1)
		limits->address_bits++;
}

static int
take_description(struct iomm_device *device, const struct iomm_device_config *c)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	int err;

	if (!c->nr_specifiers)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s: IOMM_DEVICE_SPECIFIERS, and none",
				 IOMM_STR(device->name));
	err = iomm_check_bits(ctx, c->capabilities, CAPABILITIES,
			      "iomm_device_config.capabilities");
	if (err)
		return err;
	device->spec = iomm_fwspec_create(ctx, device->bus->firmware);
	if (!device->spec)
		return -IOMM_ENOMEM;
	say_limits(&device->own, c->capabilities,
		   iomm_fwspec_limits(&device->spec->built));
	return add_lists(device, c);
}

/* All */

static int
read_description(struct iomm_device *device, const struct iomm_device_config *c)
{
	struct iomm_bus *bus = device->bus;
	struct iomm_ctx *ctx = bus->obj.ctx;
	bool described = c->flags & IOMM_DEVICE_SPECIFIERS;
	int err = 0;

	if (c->flags & IOMM_DEVICE_ADDRESS)
		err = iomm_bus_check_address(bus, c->address);
	else if (!described && bus->firmware)
		err = IOMM_FAIL(ctx, IOMM_EINVAL,
				"%s: on bus %s a device needs an address",
				IOMM_STR(device->name), IOMM_STR(bus->name));
	if (err)
		return err;
	if (described)
		return take_description(device, c);
	if (!bus->firmware)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s: bus %s describes no devices: it needs "
				 "IOMM_DEVICE_SPECIFIERS",
				 IOMM_STR(device->name), IOMM_STR(bus->name));
	if (c->nr_specifiers || c->nr_regions || c->nr_dma_ranges ||
	    c->capabilities)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s comes with a description, and without "
				 "IOMM_DEVICE_SPECIFIERS",
				 IOMM_STR(device->name));
	return 0;
}

int iomm_device_configure(struct iomm_device *device,
			  const struct iomm_device_config *config)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_device_config c;
	int err = iomm_struct_in(ctx, &c, sizeof(c),
				 IOMM_DEVICE_CONFIG_SIZE_VER0, config,
				 "iomm_device_config");

	if (!err)
		err = iomm_check_bits(ctx, c.flags, KNOWN_FLAGS,
				      "iomm_device_config.flags");
	if (err)
		return err;
	if (!c.name || !*c.name)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "a device needs a name");
	device->name = iomm_strdup(ctx, c.name);
	if (!device->name)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for a device");
	err = check_limits(ctx, device->name, &c);
	if (err)
		return err;
	device->address = c.address;
	device->probe_timeout = c.probe_timeout;
	note_limits(&device->own, &c);
	return read_description(device, &c);
}
