/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Device scopes of DMAR (VT-d 4.1, 8.3.1): the devices a structure is about. */
#include "device/acpi/dmar.h"

#include "device/pci.h"

uint32_t iomm_dmar_scopes(const struct acpi_table *table, uint32_t at)
{
	static const uint8_t scopes[DMAR_TYPES] = {
		[DMAR_DRHD] = 16,
		[DMAR_RMRR] = 24,
		[DMAR_ATSR] = 8,
		[DMAR_SATC] = 8,
	};
	uint32_t type = acpi_u16(table, at);

	return type < DMAR_TYPES && scopes[type] ? at + scopes[type] : 0;
}

int iomm_dmar_check_scopes(const struct acpi_source *source,
			   const struct acpi_table *table, uint32_t at)
{
	uint32_t scope = iomm_dmar_scopes(table, at);
	uint32_t end = acpi_end(table, at), bytes;
	int err;

	if (!scope)
		return 0;
	for (; scope < end; scope += bytes) {
		err = iomm_acpi_room(source, table, scope, SCOPE_PATH, end,
				     "a device scope");
		if (err)
			return err;
		bytes = acpi_u8(table, scope + SCOPE_LENGTH);
		if (bytes <= SCOPE_PATH || bytes % 2)
			return ACPI_FAIL(source, table, scope, IOMM_EINVAL,
					 "a device scope of %u bytes has no "
					 "path of whole steps",
					 bytes);
		err = iomm_acpi_room(source, table, scope, bytes, end,
				     "a device scope");
		if (err)
			return err;
	}
	return 0;
}

/* From one step of a path, at `bus`, to the next. */
static int step_down(const struct acpi_source *source, uint16_t segment,
		     uint16_t bdf, uint32_t *bus)
{
	const struct iomm_pci_function *bridge;

	/* The numbers of the buses between are not in the table. */
	if (!source->pci)
		return DMAR_MAYBE;
	bridge = iomm_pci_bridge_at(source->pci, segment, bdf);
	if (!bridge)
		return DMAR_NO;
	*bus = bridge->secondary;
	return DMAR_YES;
}

int iomm_dmar_route(const struct acpi_source *source,
		    const struct acpi_table *table, uint32_t scope,
		    uint16_t segment, uint16_t *bdf)
{
	uint32_t bus = acpi_u8(table, scope + SCOPE_BUS);
	uint32_t end = scope + acpi_u8(table, scope + SCOPE_LENGTH);
	uint32_t step = scope + SCOPE_PATH, device, function;
	int known;

	for (;; step += 2) {
		device = acpi_u8(table, step) & 31u;
		function = acpi_u8(table, step + 1) & 7u;
		*bdf = (uint16_t)(bus << 8 | device << 3 | function);
		if (step + 2 >= end)
			return DMAR_YES;
		known = step_down(source, segment, *bdf, &bus);
		if (known != DMAR_YES)
			return known;
	}
}

/* Is a function below a bridge? Without a topology one knows only that buses
 * below have numbers above. */
static int is_below(const struct acpi_source *source, uint16_t bridge,
		    const struct dmar_target *target)
{
	const struct iomm_pci_function *f;
	uint32_t bus = (uint32_t)target->bdf >> 8;

	if (!source->pci)
		return bus > (uint32_t)bridge >> 8 ? DMAR_MAYBE : DMAR_NO;
	f = iomm_pci_bridge_at(source->pci, target->segment, bridge);
	return f && bus >= f->secondary && bus <= f->subordinate ? DMAR_YES
								 : DMAR_NO;
}

/* Is a function the one at the end of a scope's path, or below it? */
static int
is_function(const struct acpi_source *source, const struct acpi_table *table,
	    uint32_t scope, const struct dmar_target *target)
{
	uint32_t type = acpi_u8(table, scope);
	uint16_t bdf;
	int known;

	if (type != SCOPE_ENDPOINT && type != SCOPE_BRIDGE)
		return DMAR_NO;
	known = iomm_dmar_route(source, table, scope, target->segment, &bdf);
	/* What is further down has a bus above the first. */
	if (known == DMAR_MAYBE &&
	    target->bdf >> 8 <= acpi_u8(table, scope + SCOPE_BUS))
		return DMAR_NO;
	if (known != DMAR_YES)
		return known;
	if (bdf == target->bdf)
		return DMAR_YES;
	return type == SCOPE_BRIDGE ? is_below(source, bdf, target) : DMAR_NO;
}

int iomm_dmar_has(const struct acpi_source *source,
		  const struct acpi_table *table, uint32_t at,
		  const struct dmar_target *target, uint32_t *scope)
{
	uint32_t end = acpi_end(table, at), each;
	int found = DMAR_NO, here;

	each = iomm_dmar_scopes(table, at);
	for (; each && each < end;
	     each += acpi_u8(table, each + SCOPE_LENGTH)) {
		if (target->type == SCOPE_ENDPOINT)
			here = is_function(source, table, each, target);
		else
			here = acpi_u8(table, each) == target->type &&
					       acpi_u8(table,
						       each + SCOPE_ID) ==
						       target->id
				       ? DMAR_YES
				       : DMAR_NO;
		if (here == DMAR_NO)
			continue;
		*scope = each;
		found = here;
		if (here == DMAR_YES)
			break;
	}
	return found;
}
