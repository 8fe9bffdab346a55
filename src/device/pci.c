/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Topologies: taking a description in, and finding one's way in it. */
#include "device/pci.h"

#include "base/abi.h"
#include "base/mem.h"

#define FUNCTION_FLAGS                                                     \
	(IOMM_PCI_BRIDGE | IOMM_PCI_REAL_DMA | IOMM_PCI_TRANSLATION_ROOT | \
	 IOMM_PCI_QUIRKS)

/* Types that there are, and those of bridges; a bit for each. */
#define BRIDGE_TYPES                                              \
	(1u << IOMM_PCI_ROOT_PORT | 1u << IOMM_PCI_UPSTREAM |     \
	 1u << IOMM_PCI_DOWNSTREAM | 1u << IOMM_PCI_PCIE_TO_PCI | \
	 1u << IOMM_PCI_PCI_TO_PCIE | 1u << IOMM_PCI_CONVENTIONAL)
#define TYPES                                                          \
	(BRIDGE_TYPES | 1u << IOMM_PCI_ENDPOINT |                      \
	 1u << IOMM_PCI_LEGACY_ENDPOINT | 1u << IOMM_PCI_RC_ENDPOINT | \
	 1u << IOMM_PCI_RC_COLLECTOR)

/* Look-up */

static uint32_t slot_of(const struct iomm_pci_table *table, uint64_t key)
{
	return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) &
	       table->mask;
}

static uint64_t key_of(uint32_t segment, uint32_t number)
{
	return (uint64_t)segment << 32 | number;
}

static uint64_t rid_key(const struct iomm_pci_function *function)
{
	return key_of(function->segment, function->rid);
}

static uint64_t bus_key(const struct iomm_pci_function *bridge)
{
	return key_of(bridge->segment, bridge->secondary);
}

/* Where the function with this key is, or would be. */
static uint32_t *
find(const struct iomm_pci *pci, const struct iomm_pci_table *table,
     uint64_t (*key)(const struct iomm_pci_function *), uint64_t wanted)
{
	uint32_t at = slot_of(table, wanted);

	while (table->slots[at] &&
	       key(&pci->functions[table->slots[at] - 1]) != wanted)
		at = (at + 1) & table->mask;
	return &table->slots[at];
}

static const struct iomm_pci_function *
found(const struct iomm_pci *pci, const uint32_t *slot)
{
	return *slot ? &pci->functions[*slot - 1] : NULL;
}

const struct iomm_pci_function *
iomm_pci_find(const struct iomm_pci *pci, uint32_t segment, uint32_t rid)
{
	return found(pci,
		     find(pci, &pci->by_rid, rid_key, key_of(segment, rid)));
}

const struct iomm_pci_function *
iomm_pci_bridge_at(const struct iomm_pci *pci, uint32_t segment, uint32_t rid)
{
	const struct iomm_pci_function *f = iomm_pci_find(pci, segment, rid);

	return f && f->flags & IOMM_PCI_BRIDGE ? f : NULL;
}

const struct iomm_pci_function *
iomm_pci_bridge_to(const struct iomm_pci *pci, uint32_t segment, uint32_t bus)
{
	return found(pci,
		     find(pci, &pci->by_bus, bus_key, key_of(segment, bus)));
}

/* The innermost bridge to a bus of at most `from` that has `bus` below it. */
static const struct iomm_pci_function *
bridge_over(const struct iomm_pci *pci, uint32_t segment, uint32_t from,
	    uint32_t bus)
{
	const struct iomm_pci_function *bridge;

	/* No bridge leads to bus 0: its own bus would be below that. */
	for (; from; from--) {
		bridge = iomm_pci_bridge_to(pci, segment, from);
		if (bridge && bridge->subordinate >= bus)
			return bridge;
	}
	return NULL;
}

const struct iomm_pci_function *
iomm_pci_above(const struct iomm_pci *pci, uint32_t segment, uint32_t bus)
{
	return bridge_over(pci, segment, bus, bus);
}

/* Checking */

static int check_numbers(struct iomm_ctx *ctx,
			 const struct iomm_pci_function *f, uint32_t n)
{
	if (f->rid > 0xffff || f->real_rid > 0xffff)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "function %u: ID %x or %x has more than 16 "
				 "bits",
				 n, f->rid, f->real_rid);
	if (f->type > IOMM_PCI_CONVENTIONAL || !(TYPES >> f->type & 1))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "function %u (ID %x of segment %x): %x is no "
				 "type of a function",
				 n, f->rid, f->segment, f->type);
	if (f->nr_aliases > 256 || (f->nr_aliases && !f->aliases))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "function %u (ID %x of segment %x): %u "
				 "aliases at NULL, or more than a bus has",
				 n, f->rid, f->segment, f->nr_aliases);
	if (f->reserved)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "function %u: reserved is not 0", n);
	return 0;
}

static int check_bridge(struct iomm_ctx *ctx, const struct iomm_pci_function *f,
			uint32_t n)
{
	if (!(f->flags & IOMM_PCI_BRIDGE)) {
		if (!f->secondary && !f->subordinate &&
		    !(f->flags & IOMM_PCI_TRANSLATION_ROOT))
			return 0;
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "function %u (ID %x of segment %x) has what "
				 "only a bridge has",
				 n, f->rid, f->segment);
	}
	if (!(BRIDGE_TYPES >> f->type & 1))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "function %u (ID %x of segment %x): type %x "
				 "is none of a bridge",
				 n, f->rid, f->segment, f->type);
	if (f->secondary > f->rid >> 8 && f->subordinate >= f->secondary &&
	    f->subordinate <= 0xff)
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "bridge %x of segment %x leads to buses %x to %x, "
			 "which are not above its own",
			 f->rid, f->segment, f->secondary, f->subordinate);
}

static int check_function(struct iomm_ctx *ctx,
			  const struct iomm_pci_function *f, uint32_t n)
{
	int err = iomm_check_bits(ctx, f->flags, FUNCTION_FLAGS,
				  "iomm_pci_function.flags");

	if (!err)
		err = check_numbers(ctx, f, n);
	return err ? err : check_bridge(ctx, f, n);
}

/* The buses of a bridge are all inside those of the bridge above it, or all
 * outside of any other's. With that, going up always ends. */
static int
check_nesting(const struct iomm_pci *pci, const struct iomm_pci_function *f)
{
	const struct iomm_pci_function *above, *around;

	if (!(f->flags & IOMM_PCI_BRIDGE))
		return 0;
	above = iomm_pci_above(pci, f->segment, f->rid >> 8);
	around = bridge_over(pci, f->segment, f->secondary - 1, f->secondary);
	if (above == around && (!above || f->subordinate <= above->subordinate))
		return 0;
	return IOMM_FAIL(pci->obj.ctx, IOMM_EINVAL,
			 "bridge %x of segment %x leads to buses %x to %x, "
			 "some of which are another bridge's",
			 f->rid, f->segment, f->secondary, f->subordinate);
}

/* Taking in */

static int enter(struct iomm_pci *pci, uint32_t n)
{
	const struct iomm_pci_function *f = &pci->functions[n];
	uint32_t *slot = find(pci, &pci->by_rid, rid_key, rid_key(f));

	if (*slot)
		return IOMM_FAIL(pci->obj.ctx, IOMM_EEXIST,
				 "functions %u and %u are both ID %x of "
				 "segment %x",
				 *slot - 1, n, f->rid, f->segment);
	*slot = n + 1;
	if (!(f->flags & IOMM_PCI_BRIDGE))
		return 0;
	slot = find(pci, &pci->by_bus, bus_key, bus_key(f));
	if (*slot)
		return IOMM_FAIL(pci->obj.ctx, IOMM_EEXIST,
				 "bridges %x and %x of segment %x both lead to "
				 "bus %x",
				 pci->functions[*slot - 1].rid, f->rid,
				 f->segment, f->secondary);
	*slot = n + 1;
	return 0;
}

static int
read_functions(struct iomm_pci *pci, const struct iomm_pci_function *functions,
	       uint32_t stride)
{
	const unsigned char *from = (const void *)functions;
	struct iomm_pci_function *f = pci->functions;
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < pci->nr_functions; n++, f++, from += stride) {
		err = iomm_element_in(pci->obj.ctx, f, sizeof(*f),
				      IOMM_PCI_FUNCTION_SIZE_VER0, from, stride,
				      "iomm_pci_function");
		if (!err)
			err = check_function(pci->obj.ctx, f, n);
		if (!err)
			err = enter(pci, n);
		pci->nr_aliases += f->nr_aliases;
	}
	for (n = 0; !err && n < pci->nr_functions; n++)
		err = check_nesting(pci, &pci->functions[n]);
	return err;
}

static int copy_aliases(struct iomm_pci *pci)
{
	struct iomm_pci_function *f = pci->functions;
	uint8_t *to;

	if (!pci->nr_aliases)
		return 0;
	pci->aliases = to = iomm_alloc(pci->obj.ctx, pci->nr_aliases);
	if (!to)
		return -IOMM_ENOMEM;
	for (; f < pci->functions + pci->nr_functions; f++) {
		if (!f->nr_aliases)
			continue;
		memcpy(to, f->aliases, f->nr_aliases);
		f->aliases = to;
		to += f->nr_aliases;
	}
	return 0;
}

static uint64_t table_bytes(const struct iomm_pci_table *table)
{
	return ((uint64_t)table->mask + 1) * sizeof(*table->slots);
}

static bool make_table(struct iomm_pci *pci, struct iomm_pci_table *table)
{
	uint32_t slots = 2;

	while (slots < 2 * pci->nr_functions)
		slots *= 2;
	table->mask = slots - 1;
	table->slots = iomm_alloc(pci->obj.ctx, table_bytes(table));
	return table->slots;
}

static void destroy(struct iomm_object *object)
{
	struct iomm_pci *pci = (struct iomm_pci *)(void *)object;
	struct iomm_ctx *ctx = pci->obj.ctx;

	iomm_free(ctx, pci->aliases, pci->nr_aliases);
	if (pci->by_bus.slots)
		iomm_free(ctx, pci->by_bus.slots, table_bytes(&pci->by_bus));
	if (pci->by_rid.slots)
		iomm_free(ctx, pci->by_rid.slots, table_bytes(&pci->by_rid));
	iomm_free(ctx, pci->functions,
		  (uint64_t)pci->nr_functions * sizeof(*pci->functions));
}

const struct iomm_object_type iomm_pci_type = {
	.kind = IOMM_HANDLE_PCI,
	.bytes = sizeof(struct iomm_pci),
	.name = "PCI topology",
	.destroy = destroy,
};

int iomm_pci_check(struct iomm_ctx *ctx, const struct iomm_pci *pci)
{
	if (!pci ||
	    (iomm_handle_ok(pci, &iomm_pci_type) && pci->obj.ctx == ctx))
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "the PCI topology is none, or another context's");
}

static int fill(struct iomm_pci *pci, const struct iomm_pci_function *functions,
		uint32_t count, uint32_t stride)
{
	int err;

	pci->nr_functions = count;
	pci->functions = iomm_alloc(pci->obj.ctx,
				    (uint64_t)count * sizeof(*pci->functions));
	if (!pci->functions || !make_table(pci, &pci->by_rid) ||
	    !make_table(pci, &pci->by_bus))
		return IOMM_FAIL(pci->obj.ctx, IOMM_ENOMEM,
				 "no memory for %u PCI functions", count);
	err = read_functions(pci, functions, stride);
	return err ? err : copy_aliases(pci);
}

static int
create(struct iomm_ctx *ctx, const struct iomm_pci_function *functions,
       uint32_t count, uint32_t stride, struct iomm_pci **out)
{
	struct iomm_pci *pci;
	int err;

	if (!out || !functions)
		return iomm_fail_null(ctx, "iomm_pci_create");
	if (!count || count > IOMM_PCI_FUNCTIONS_MAX)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a topology has 1 to %u functions, and not %u",
				 IOMM_PCI_FUNCTIONS_MAX, count);
	pci = iomm_object_create(ctx, &iomm_pci_type);
	if (!pci)
		return -IOMM_ENOMEM;
	err = fill(pci, functions, count, stride);
	if (err)
		iomm_object_drop(pci);
	else
		*out = pci;
	return err;
}

int iomm_pci_create(struct iomm_ctx *ctx,
		    const struct iomm_pci_function *functions, uint32_t count,
		    uint32_t stride, struct iomm_pci **out)
{
	if (!ctx)
		return -IOMM_EINVAL;
	iomm_enter(ctx);
	return iomm_leave(ctx, create(ctx, functions, count, stride, out));
}

struct iomm_pci *iomm_pci_get(struct iomm_pci *pci)
{
	return iomm_handle_get(pci, &iomm_pci_type);
}

void iomm_pci_put(struct iomm_pci *pci)
{
	iomm_handle_put(pci, &iomm_pci_type);
}

int iomm_pci_functions(struct iomm_pci *pci,
		       struct iomm_pci_function *functions, uint32_t stride,
		       uint32_t *count)
{
	if (!iomm_handle_ok(pci, &iomm_pci_type))
		return -IOMM_EINVAL;
	if (!count)
		return iomm_fail_null(pci->obj.ctx, "iomm_pci_functions");
	return iomm_array_out(pci->obj.ctx, functions, stride, count,
			      pci->functions, sizeof(*pci->functions),
			      pci->nr_functions, "iomm_pci_function");
}
