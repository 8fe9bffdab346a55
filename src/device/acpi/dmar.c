/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* DMAR, the table of Intel's machines (VT-d 4.1, chapter 8). */
#include "device/acpi/dmar.h"

/* Offsets in structures. */
#define DRHD_FLAGS	4u
#define DRHD_SIZE	5u
#define DRHD_BASE	8u
#define RMRR_BASE	8u
#define RMRR_LIMIT	16u
#define ATSR_FLAGS	4u
#define RHSA_BASE	8u
#define RHSA_DOMAIN	16u
#define ANDD_ID		7u
#define ANDD_NAME	8u
/* Bit 0 of a DRHD's flags, and of an ATSR's. */
#define INCLUDE_PCI_ALL (1u << 0)
#define ALL_PORTS	(1u << 0)

/* The structure */

static int check(const struct acpi_source *source,
		 const struct acpi_table *table, uint32_t at)
{
	static const struct {
		uint8_t bytes;
		const char *name;
	} least[DMAR_TYPES] = {
		[DMAR_DRHD] = { 16, "a DRHD" }, [DMAR_RMRR] = { 24, "an RMRR" },
		[DMAR_ATSR] = { 8, "an ATSR" }, [DMAR_RHSA] = { 20, "an RHSA" },
		[DMAR_ANDD] = { 9, "an ANDD" }, [DMAR_SATC] = { 8, "an SATC" },
	};
	uint32_t type = acpi_u16(table, at), end = acpi_end(table, at);
	int err;

	if (type >= DMAR_TYPES)
		return 0;
	err = iomm_acpi_room(source, table, at, least[type].bytes, end,
			     least[type].name);
	if (!err && type == DMAR_ANDD)
		err = iomm_acpi_check_name(source, table, at + ANDD_NAME, end);
	return err ? err : iomm_dmar_check_scopes(source, table, at);
}

/* Interrupt controllers and timers, whose writes are interrupts. */
static int add_specials(struct acpi_source *source,
			const struct acpi_table *table, uint32_t at)
{
	uint32_t scope = iomm_dmar_scopes(table, at), end = acpi_end(table, at);
	struct acpi_node node = { .kind = ACPI_SPECIAL,
				  .table = ACPI_DMAR,
				  .flags = IOMM_NODE_CLIENT |
					   IOMM_NODE_AVAILABLE |
					   IOMM_NODE_COHERENT };
	int err = 0;

	for (; scope < end && !err;
	     scope += acpi_u8(table, scope + SCOPE_LENGTH)) {
		if (acpi_u8(table, scope) != SCOPE_IOAPIC &&
		    acpi_u8(table, scope) != SCOPE_HPET)
			continue;
		node.offset = scope;
		node.number = acpi_u8(table, scope + SCOPE_ID);
		err = iomm_acpi_add_node(source, node);
	}
	return err;
}

static int
add(struct acpi_source *source, const struct acpi_table *table, uint32_t at)
{
	struct acpi_node node = { .table = ACPI_DMAR,
				  .offset = at,
				  .flags = IOMM_NODE_AVAILABLE };
	int err;

	switch (acpi_u16(table, at)) {
	case DMAR_DRHD:
		node.kind = ACPI_IOMMU;
		node.flags |= IOMM_NODE_IOMMU;
		err = iomm_acpi_add_node(source, node);
		if (!err)
			err = iomm_acpi_add_segment(source,
						    acpi_u16(table,
							     at + DMAR_SEGMENT),
						    ACPI_COHERENT);
		return err ? err : add_specials(source, table, at);
	case DMAR_ANDD:
		node.kind = ACPI_DEVICE;
		node.number = acpi_u8(table, at + ANDD_ID);
		node.flags |= IOMM_NODE_CLIENT | IOMM_NODE_COHERENT;
		return iomm_acpi_add_node(source, node);
	default:
		return 0;
	}
}

/* What is known of nodes */

static void
name(const struct acpi_source *source, const struct acpi_node *node, char *buf)
{
	const struct acpi_table *table = &source->tables[ACPI_DMAR];

	if (node->kind == ACPI_DEVICE)
		(void)iomm_copy_string(buf, ACPI_NAME,
				       acpi_string(table,
						   node->offset + ANDD_NAME));
	else if (node->kind == ACPI_IOMMU)
		(void)iomm_text_render(
			buf, ACPI_NAME,
			IOMM_TEXT("DMAR: DRHD @%x",
				  acpi_u64(table, node->offset + DRHD_BASE)));
	else
		(void)iomm_text_render(
			buf, ACPI_NAME,
			IOMM_TEXT("DMAR: %s %u",
				  IOMM_STR(acpi_u8(table, node->offset) ==
							   SCOPE_HPET
						   ? "HPET"
						   : "IOAPIC"),
				  node->number));
}

static void registers(const struct acpi_table *table, uint32_t at,
		      struct iomm_node_info *info)
{
	info->reg_base = acpi_u64(table, at + DRHD_BASE);
	/* Tables of before VT-d 4.0 have 0 there, for the page that it was. */
	info->reg_bytes = UINT64_C(4096)
			  << (acpi_u8(table, at + DRHD_SIZE) & 15);
}

static const char *compatible(const struct acpi_table *table, uint32_t at)
{
	(void)table;
	(void)at;
	return "intel,vt-d";
}

/* Answers */

static int fail_unknown(struct acpi_question *q, uint32_t scope)
{
	return ACPI_FAIL_FOR(q, IOMM_EOPNOTSUPP,
			     "whether the device scope at DMAR+%x has it "
			     "depends on how buses are numbered below bridges, "
			     "and no PCI topology is given",
			     scope);
}

/* The DRHD that a target is behind: one that names it, else the one that has
 * the rest of its segment. 0: none. `*place` says why. */
static int find_unit(struct acpi_question *q, const struct dmar_target *target,
		     uint32_t *unit, uint32_t *place)
{
	uint32_t at = 0, scope = 0, rest = 0, maybe = 0;
	int has;

	*unit = 0;
	while (acpi_next(q->table, &at)) {
		if (acpi_u16(q->table, at) != DMAR_DRHD ||
		    acpi_u16(q->table, at + DMAR_SEGMENT) != target->segment)
			continue;
		has = iomm_dmar_has(q->source, q->table, at, target, &scope);
		if (has == DMAR_MAYBE)
			maybe = scope;
		if (has == DMAR_YES && *unit)
			return ACPI_FAIL(
				q->source, q->table, scope, IOMM_EINVAL,
				"a second DRHD names the device that the "
				"device scope at %x has for another",
				*place);
		if (has == DMAR_YES) {
			*unit = at;
			*place = scope;
		}
		if (acpi_u8(q->table, at + DRHD_FLAGS) & INCLUDE_PCI_ALL &&
		    !rest)
			rest = at;
	}
	if (*unit)
		return 0;
	if (maybe)
		return fail_unknown(q, maybe);
	if (target->type == SCOPE_ENDPOINT)
		*unit = *place = rest;
	return 0;
}

static int add_memory(struct acpi_question *q, uint32_t at)
{
	uint64_t first = acpi_u64(q->table, at + RMRR_BASE);
	uint64_t last = acpi_u64(q->table, at + RMRR_LIMIT);

	if (last < first)
		return ACPI_FAIL(q->source, q->table, at, IOMM_EINVAL,
				 "an RMRR ends at %x, before its start %x",
				 last, first);
	if (!first && last == UINT64_MAX)
		return ACPI_FAIL(q->source, q->table, at, IOMM_EINVAL,
				 "an RMRR has all of memory");
	return iomm_acpi_add_region(q, IOMM_REGION_DIRECT, first,
				    last - first + 1,
				    IOMM_PROT_READ | IOMM_PROT_WRITE |
					    IOMM_PROT_CACHE,
				    ACPI_AT_STRUCTURE, at);
}

/* Memory that must stay mapped is not to be missed: not knowing is an error. */
static int
add_regions(struct acpi_question *q, const struct dmar_target *target)
{
	uint32_t at = 0, scope = 0;
	int err = 0, has;

	while (!err && acpi_next(q->table, &at)) {
		if (acpi_u16(q->table, at) != DMAR_RMRR ||
		    acpi_u16(q->table, at + DMAR_SEGMENT) != target->segment)
			continue;
		has = iomm_dmar_has(q->source, q->table, at, target, &scope);
		if (has == DMAR_MAYBE)
			err = fail_unknown(q, scope);
		else if (has == DMAR_YES)
			err = add_memory(q, at);
	}
	return err;
}

/* ATS is allowed below the ports of an ATSR, and to the devices of an SATC. */
static bool has_ats(struct acpi_question *q, const struct dmar_target *target)
{
	uint32_t at = 0, type, scope = 0;

	while (acpi_next(q->table, &at)) {
		type = acpi_u16(q->table, at);
		if ((type != DMAR_ATSR && type != DMAR_SATC) ||
		    acpi_u16(q->table, at + DMAR_SEGMENT) != target->segment)
			continue;
		if (type == DMAR_ATSR &&
		    acpi_u8(q->table, at + ATSR_FLAGS) & ALL_PORTS)
			return true;
		if (iomm_dmar_has(q->source, q->table, at, target, &scope) ==
		    DMAR_YES)
			return true;
	}
	return false;
}

static void note_proximity(struct acpi_question *q, uint32_t unit)
{
	struct iomm_fwspec_limits *limits = iomm_fwspec_limits(q->builder);
	uint32_t at = 0;

	while (acpi_next(q->table, &at)) {
		if (acpi_u16(q->table, at) != DMAR_RHSA ||
		    acpi_u64(q->table, at + RHSA_BASE) !=
			    acpi_u64(q->table, unit + DRHD_BASE))
			continue;
		limits->flags |= IOMM_FWSPEC_NUMA_NODE;
		limits->numa_node = acpi_u32(q->table, at + RHSA_DOMAIN);
		return;
	}
}

/* The function under whose number another device does DMA. */
static int find_function(struct acpi_question *q, struct dmar_target *target,
			 uint32_t scope)
{
	switch (iomm_dmar_route(q->source, q->table, scope, target->segment,
				&target->bdf)) {
	case DMAR_YES:
		return 0;
	case DMAR_MAYBE:
		return fail_unknown(q, scope);
	default:
		return ACPI_FAIL_FOR(q, IOMM_ENODEV,
				     "a bridge on the path of the device scope "
				     "at DMAR+%x is not there",
				     scope);
	}
}

/* 1, or 0 when no DRHD has the target. A device without a number of its own
 * takes that of the scope that names it. */
static int answer(struct acpi_question *q, struct dmar_target *target)
{
	uint32_t unit = 0, place = 0, cell, flags = IOMM_FWSPEC_COHERENT;
	int err = find_unit(q, target, &unit, &place);

	if (err || !unit)
		return err;
	if (target->type != SCOPE_ENDPOINT)
		err = find_function(q, target, place);
	if (err)
		return err;
	cell = target->bdf;
	err = iomm_acpi_add(q, unit, &cell, 1,
			    place == unit ? ACPI_AT_STRUCTURE : ACPI_AT_SCOPE,
			    place);
	if (!err)
		err = add_regions(q, target);
	if (err)
		return err;
	if (has_ats(q, target))
		flags |= IOMM_FWSPEC_ATS;
	iomm_acpi_limit(q, flags, 0, 0);
	note_proximity(q, unit);
	return 1;
}

static int function(struct acpi_question *q)
{
	struct dmar_target target = { .segment = q->node->number,
				      .type = SCOPE_ENDPOINT,
				      .bdf = (uint16_t)q->input };

	return answer(q, &target);
}

/* Its name and its number are in an ANDD, or it is a special one; its segment
 * is that of the DRHD that names it. */
static int device(struct acpi_question *q)
{
	bool special = q->node->kind == ACPI_SPECIAL;
	struct dmar_target target = {
		.type = special ? acpi_u8(q->table, q->node->offset)
				: SCOPE_NAMESPACE,
		.id = (uint8_t)q->node->number,
	};
	uint32_t n;
	int found = 0;

	if (q->has_input)
		return ACPI_FAIL_FOR(q, IOMM_EINVAL,
				     "has no input IDs: the table gives it the "
				     "one it has");
	for (n = 0; n < q->source->nr_segments && !found; n++) {
		target.segment =
			q->source->nodes[q->source->segments[n] - 1].number;
		found = answer(q, &target);
	}
	if (found)
		return found < 0 ? found : 0;
	return ACPI_FAIL_FOR(q, IOMM_ENODEV,
			     "no DRHD has it in a device scope: it does direct "
			     "DMA");
}

const struct acpi_reader iomm_acpi_dmar = {
	.signature = "DMAR",
	.first_revision = 1,
	.header = DMAR_HEADER,
	.structure = DMAR_STRUCTURE,
	.length_at = 2,
	.cells = 1,
	.check = check,
	.add = add,
	.name = name,
	.registers = registers,
	.compatible = compatible,
	.function = function,
	.device = device,
};
