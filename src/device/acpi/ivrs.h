/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The parts of IVRS: its blocks, and their device entries. */
#ifndef IOMM_DEVICE_ACPI_IVRS_H
#define IOMM_DEVICE_ACPI_IVRS_H

#include "device/acpi/acpi.h"

/* Types of blocks (AMD I/O Virtualization Technology Specification, 48882 rev.
 * 3.09, chapter 5): definitions of hardware and of memory. */
enum {
	IVHD_10 = 0x10,
	IVHD_11 = 0x11,
	IVMD_ALL = 0x20,
	IVMD_ONE = 0x21,
	IVMD_RANGE = 0x22,
	IVHD_40 = 0x40
};

#define IVRS_HEADER 48u
#define IVRS_FLAGS  1u /* of a block; its type is its first byte */
#define IVRS_ID	    4u
#define IVRS_BLOCK  4u /* what each block has */

static inline bool ivrs_is_ivhd(uint32_t type)
{
	return type == IVHD_10 || type == IVHD_11 || type == IVHD_40;
}

/* Kinds of device entries, with a range as one. */
enum {
	IVRS_FUNCTIONS,
	IVRS_IOAPIC,
	IVRS_HPET,
	IVRS_NAMED, /* an ACPI device */
	IVRS_OTHER
};

struct ivrs_entry {
	uint32_t offset, next; /* 0: before the first */
	uint8_t kind;
	uint8_t handle; /* of an IOAPIC or HPET */
	bool has_alias;
	uint16_t first, last; /* device IDs */
	uint16_t alias;	      /* under which all of them arrive */
	uint32_t settings;    /* see iomm_firmware_create_acpi() */
};

/* Checks the entries of an IVHD. */
int iomm_ivrs_check_entries(const struct acpi_source *source,
			    const struct acpi_table *table, uint32_t ivhd);

/* The entries one after the other, from one that is zero on. */
bool iomm_ivrs_next_entry(const struct acpi_table *table, uint32_t ivhd,
			  struct ivrs_entry *entry);

/* The entry at an offset. */
struct ivrs_entry
iomm_ivrs_entry(const struct acpi_table *table, uint32_t offset);

/* The name of an ACPI device: "AMDI0020:1". */
void iomm_ivrs_name(const struct acpi_table *table, uint32_t entry, char *buf);

#endif
