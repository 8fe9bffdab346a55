/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ACPI tables: from tests/data/acpi, or built byte by byte, for those that no
 * compiler in use knows, and for those that are wrong.
 */
#ifndef ACPI_SUPPORT_H
#define ACPI_SUPPORT_H

#include "unit/expected.h"

#define ACPI_ROOM 8192u

struct table {
	uint8_t bytes[ACPI_ROOM];
	uint32_t length;
};

/* tests/data/acpi/NAME */
void acpi_load(struct table *table, const char *name);

/* A header, to which fields are added; they are little-endian. */
void acpi_begin(struct table *table, const char *signature, uint8_t revision);
void acpi_put(struct table *table, uint64_t value, uint32_t bytes);
/* Fields as {bytes, value} pairs: ACPI_PUT(&t, 1, 4, 2, 0x18). */
#define ACPI_PUT(table, ...)                                     \
	acpi_put_all((table), (const uint64_t[]){ __VA_ARGS__ }, \
		     LENGTH(((const uint64_t[]){ __VA_ARGS__ })))
void acpi_put_all(struct table *table, const uint64_t *pairs, size_t count);
/* A name with its terminator. */
void acpi_put_name(struct table *table, const char *name);
/* Overwrites a field. */
void acpi_set(struct table *table, uint32_t offset, uint64_t value,
	      uint32_t bytes);
/* Sets the length, to all that was added, and the checksum. */
void acpi_finish(struct table *table);
/* Sets the checksum. */
void acpi_sum(struct table *table);

/* As the call of the library, of one table; it is copied to the end of a block
 * first, so that ASan sees who reads on. */
int acpi_create(struct world *w, const struct table *table,
		struct iomm_firmware **out);
struct iomm_firmware *acpi_source(struct world *w, const struct table *table);
/* The same on a machine whose PCI functions are known. */
struct iomm_firmware *
acpi_source_with(struct world *w, const struct table *table,
		 struct iomm_pci *pci);

/* The table is refused, with a sentence that has `says` in it. */
void acpi_refused(struct world *w, const struct table *table, int code,
		  const char *says);
/* Overwrites a field, sets the checksum, and has the table refused; puts the
 * field back. */
void acpi_refused_with(struct world *w, struct table *table, uint32_t offset,
		       uint64_t value, uint32_t bytes, int code,
		       const char *says);

/* What is asked of a node fails; input -1: the node's own. */
void acpi_ask_fails(struct world *w, struct iomm_firmware *firmware,
		    const char *node, int64_t input, int code,
		    const char *says);

/* The answer is this text; see expect_text(). */
void acpi_ask(struct iomm_firmware *firmware, const char *node, int64_t input,
	      const char *expected);

/* Cuts the table at every byte, with a length and a checksum that are right for
 * what is left: what is read may be less, but never beyond. With `counted`
 * each cut must be refused. */
void acpi_cut_everywhere(struct world *w, const struct table *table,
			 bool counted);

#endif
