/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Device scopes of DMAR (VT-d 4.1, 8.3.1): the devices a structure is about. */
#include "device/acpi/dmar.h"

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

int iomm_dmar_route(const struct acpi_source *source,
		    const struct acpi_table *table, uint32_t scope,
		    uint16_t segment, uint16_t *bdf)
{
	const uint32_t path = scope + SCOPE_PATH;

	(void)source;
	(void)segment;
	*bdf = (uint16_t)(acpi_u8(table, scope + SCOPE_BUS) << 8 |
			  (acpi_u8(table, path) & 31) << 3 |
			  (acpi_u8(table, path + 1) & 7));
	/* The numbers of the buses between are not in the table. */
	return acpi_u8(table, scope + SCOPE_LENGTH) == SCOPE_PATH + 2
		       ? DMAR_YES
		       : DMAR_MAYBE;
}

/* Is a function the one at the end of a scope's path, or below it? Buses below
 * a bridge have numbers above its own, so some answers need no topology. */
static int
is_function(const struct acpi_source *source, const struct acpi_table *table,
	    uint32_t scope, const struct dmar_target *target)
{
	uint32_t type = acpi_u8(table, scope);
	bool beyond = target->bdf >> 8 > acpi_u8(table, scope + SCOPE_BUS);
	uint16_t bdf;
	int known;

	if (type != SCOPE_ENDPOINT && type != SCOPE_BRIDGE)
		return DMAR_NO;
	known = iomm_dmar_route(source, table, scope, target->segment, &bdf);
	if (known == DMAR_MAYBE)
		return beyond ? DMAR_MAYBE : DMAR_NO;
	if (bdf == target->bdf)
		return DMAR_YES;
	return type == SCOPE_BRIDGE && beyond ? DMAR_MAYBE : DMAR_NO;
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
