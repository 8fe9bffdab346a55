/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/acpi_support.h"

#include <stdio.h>

void acpi_load(struct table *table, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "tests/data/acpi/%s", name);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("%s cannot be read", path);
	table->length = (uint32_t)fread(table->bytes, 1, ACPI_ROOM, file);
	fclose(file);
	assert_true(table->length >= 36 && table->length < ACPI_ROOM);
}

void acpi_set(struct table *table, uint32_t offset, uint64_t value,
	      uint32_t bytes)
{
	assert_true(offset + bytes <= ACPI_ROOM);
	for (; bytes; bytes--, value >>= 8)
		table->bytes[offset++] = (uint8_t)value;
}

void acpi_put(struct table *table, uint64_t value, uint32_t bytes)
{
	acpi_set(table, table->length, value, bytes);
	table->length += bytes;
}

void acpi_put_all(struct table *table, const uint64_t *pairs, size_t count)
{
	size_t n;

	for (n = 0; n < count; n += 2)
		acpi_put(table, pairs[n + 1], (uint32_t)pairs[n]);
}

void acpi_put_name(struct table *table, const char *name)
{
	for (; *name; name++)
		acpi_put(table, (uint8_t)*name, 1);
	acpi_put(table, 0, 1);
}

void acpi_begin(struct table *table, const char *signature, uint8_t revision)
{
	memset(table, 0, sizeof(*table));
	memcpy(table->bytes, signature, 4);
	table->bytes[8] = revision;
	memcpy(table->bytes + 10, "IOMM  BUILT   ", 14);
	table->length = 36;
}

void acpi_sum(struct table *table)
{
	uint8_t sum = 0;
	uint32_t n;

	table->bytes[9] = 0;
	for (n = 0; n < table->length; n++)
		sum = (uint8_t)(sum + table->bytes[n]);
	table->bytes[9] = (uint8_t)-sum;
}

void acpi_finish(struct table *table)
{
	acpi_set(table, 4, table->length, 4);
	acpi_sum(table);
}

static int create_with(struct world *w, const struct table *table,
		       struct iomm_pci *pci, struct iomm_firmware **out)
{
	uint8_t *copy = malloc(table->length);
	const struct iomm_acpi_table given = {
		.size = sizeof(given),
		.table = copy,
		.bytes = table->length,
	};
	int err;

	memcpy(copy, table->bytes, table->length);
	err = iomm_firmware_create_acpi(w->ctx, &given, 1, sizeof(given), pci,
					out);
	free(copy);
	return err;
}

int acpi_create(struct world *w, const struct table *table,
		struct iomm_firmware **out)
{
	return create_with(w, table, NULL, out);
}

struct iomm_firmware *acpi_source(struct world *w, const struct table *table)
{
	return acpi_source_with(w, table, NULL);
}

struct iomm_firmware *
acpi_source_with(struct world *w, const struct table *table,
		 struct iomm_pci *pci)
{
	struct iomm_firmware *firmware = NULL;
	char why[256];

	if (create_with(w, table, pci, &firmware)) {
		assert_true(iomm_error_message(w->ctx, why, sizeof(why)) > 0);
		fail_msg("refused: %s", why);
	}
	return firmware;
}

void acpi_refused(struct world *w, const struct table *table, int code,
		  const char *says)
{
	struct iomm_firmware *firmware = UNTOUCHED;

	assert_fails(acpi_create(w, table, &firmware), code, w->ctx, says);
	assert_ptr_equal(firmware, UNTOUCHED);
}

void acpi_refused_with(struct world *w, struct table *table, uint32_t offset,
		       uint64_t value, uint32_t bytes, int code,
		       const char *says)
{
	struct table copy = *table;

	acpi_set(&copy, offset, value, bytes);
	acpi_sum(&copy);
	acpi_refused(w, &copy, code, says);
}

static int lookup(struct iomm_firmware *firmware, const char *node,
		  int64_t input, struct iomm_fwspec **out)
{
	uint64_t id = (uint64_t)input;

	return iomm_firmware_lookup(firmware, node_at(firmware, node),
				    input < 0 ? NULL : &id, input >= 0, out);
}

void acpi_ask_fails(struct world *w, struct iomm_firmware *firmware,
		    const char *node, int64_t input, int code, const char *says)
{
	struct iomm_fwspec *spec = UNTOUCHED;

	assert_fails(lookup(firmware, node, input, &spec), code, w->ctx, says);
	assert_ptr_equal(spec, UNTOUCHED);
}

void acpi_ask(struct iomm_firmware *firmware, const char *node, int64_t input,
	      const char *expected)
{
	struct iomm_fwspec *spec = NULL;

	assert_ok(lookup(firmware, node, input, &spec));
	expect_text(firmware, spec, expected);
	iomm_fwspec_put(spec);
}

void acpi_cut_everywhere(struct world *w, const struct table *table,
			 bool counted)
{
	struct iomm_firmware *firmware;
	struct table cut = *table;
	char why[256];
	int err;

	for (cut.length = 0; cut.length < table->length; cut.length++) {
		/* It says more than there is. */
		acpi_refused(w, &cut, IOMM_EINVAL, "");
		if (cut.length < 36)
			continue;
		acpi_finish(&cut);
		firmware = NULL;
		err = acpi_create(w, &cut, &firmware);
		if (counted || err)
			assert_int_equal(err, -IOMM_EINVAL);
		if (err)
			assert_true(iomm_error_message(w->ctx, why,
						       sizeof(why)) > 0);
		iomm_firmware_put(firmware);
		acpi_set(&cut, 4, table->length, 4);
	}
}
