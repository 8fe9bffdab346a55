/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The parts of DMAR: its structures, and the devices that they name. */
#ifndef IOMM_DEVICE_ACPI_DMAR_H
#define IOMM_DEVICE_ACPI_DMAR_H

#include "device/acpi/acpi.h"

/* Types of structures (VT-d 4.1, 8.2). */
enum {
	DMAR_DRHD,
	DMAR_RMRR,
	DMAR_ATSR,
	DMAR_RHSA,
	DMAR_ANDD,
	DMAR_SATC,
	DMAR_TYPES /* that are looked at */
};

#define DMAR_HEADER    48u
#define DMAR_LENGTH    2u /* of any structure; its type is at 0 */
#define DMAR_SEGMENT   6u /* where it has one */
#define DMAR_STRUCTURE 4u

/* Types of devices in a scope (8.3.1). */
enum {
	SCOPE_ENDPOINT = 1,
	SCOPE_BRIDGE,
	SCOPE_IOAPIC,
	SCOPE_HPET,
	SCOPE_NAMESPACE
};

#define SCOPE_LENGTH 1u
#define SCOPE_ID     4u
#define SCOPE_BUS    5u
#define SCOPE_PATH   6u

/* Where the device scopes of a structure start; 0: it has none. */
uint32_t iomm_dmar_scopes(const struct acpi_table *table, uint32_t at);

/* Checks them. */
int iomm_dmar_check_scopes(const struct acpi_source *source,
			   const struct acpi_table *table, uint32_t at);

/* Who is looked for in scopes. */
struct dmar_target {
	uint16_t segment;
	uint8_t type; /* SCOPE_ENDPOINT: a PCI function */
	uint8_t id;   /* another's */
	uint16_t bdf; /* the function's */
};

enum {
	DMAR_NO,
	DMAR_YES,
	DMAR_MAYBE /* the topology of PCI would tell */
};

/* Is the target in a scope of the structure? `*scope` is the one that says
 * so. Segments are not compared. */
int iomm_dmar_has(const struct acpi_source *source,
		  const struct acpi_table *table, uint32_t at,
		  const struct dmar_target *target, uint32_t *scope);

/* The function that a scope's path leads to; DMAR_NO: a bridge on the way is not
 * there. */
int iomm_dmar_route(const struct acpi_source *source,
		    const struct acpi_table *table, uint32_t scope,
		    uint16_t segment, uint16_t *bdf);

#endif
