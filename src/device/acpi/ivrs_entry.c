/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Device entries of an IVHD (48882 rev. 3.09, chapter 5). */
#include "device/acpi/ivrs.h"

#include "base/mem.h"

/* Types of entries. */
enum {
	PAD_4 = 0,
	ALL = 1,
	SELECT = 2,
	START = 3,
	END = 4,
	PAD_8 = 64,
	ALIAS_SELECT = 66,
	ALIAS_START = 67,
	EXTENDED_SELECT = 70,
	EXTENDED_START = 71,
	SPECIAL = 72,
	NAMED = 240
};

/* Offsets in an entry. */
#define ENTRY_ID       1u
#define ENTRY_SETTINGS 3u
#define ENTRY_ALIAS    5u
#define ENTRY_EXTENDED 4u
#define ENTRY_HANDLE   4u
#define ENTRY_VARIETY  7u
#define NAMED_HID      4u
#define NAMED_FORMAT   20u
#define NAMED_LENGTH   21u
#define NAMED_UID      22u
/* Formats of a unique ID, and bytes of a hardware ID. */
#define UID_INTEGER    1u
#define UID_STRING     2u
#define HID	       8u
/* The bit of the extended settings that means something. */
#define ATS_DISABLED   (UINT32_C(1) << 31)

static uint32_t entries_of(const struct acpi_table *table, uint32_t ivhd)
{
	return ivhd + (acpi_u8(table, ivhd) == IVHD_10 ? 24 : 40);
}

/* The upper two bits of a type are the length, up to 240. 0: not known. */
static uint32_t bytes_of(uint32_t type)
{
	if (type < NAMED)
		return 4u << (type >> 6);
	return type == NAMED ? NAMED_UID : 0;
}

static uint32_t next_of(const struct acpi_table *table, uint32_t entry)
{
	uint32_t type = acpi_u8(table, entry);

	return entry + bytes_of(type) +
	       (type == NAMED ? acpi_u8(table, entry + NAMED_LENGTH) : 0);
}

static bool is_start(uint32_t type)
{
	return type == START || type == ALIAS_START || type == EXTENDED_START;
}

/* Checking */

static int
check_characters(const struct acpi_source *source,
		 const struct acpi_table *table, uint32_t at, uint32_t count)
{
	for (; count; count--, at++) {
		if (acpi_u8(table, at) &&
		    (acpi_u8(table, at) <= ' ' || acpi_u8(table, at) > '~'))
			return ACPI_FAIL(source, table, at, IOMM_EINVAL,
					 "a name has the character %x in it",
					 acpi_u8(table, at));
	}
	return 0;
}

static int check_named(const struct acpi_source *source,
		       const struct acpi_table *table, uint32_t entry)
{
	uint32_t format = acpi_u8(table, entry + NAMED_FORMAT);
	uint32_t bytes = acpi_u8(table, entry + NAMED_LENGTH);
	int err = check_characters(source, table, entry + NAMED_HID, HID);

	if (err)
		return err;
	if (format > UID_STRING || (!format && bytes) ||
	    (format == UID_INTEGER && bytes != 8))
		return ACPI_FAIL(source, table, entry + NAMED_FORMAT,
				 IOMM_EINVAL,
				 "a unique ID of format %u has %u bytes",
				 format, bytes);
	return format == UID_STRING ? check_characters(source, table,
						       entry + NAMED_UID, bytes)
				    : 0;
}

static int
check_entry(const struct acpi_source *source, const struct acpi_table *table,
	    uint32_t entry, uint32_t end)
{
	uint32_t type = acpi_u8(table, entry);
	int err;

	if (!bytes_of(type))
		return ACPI_FAIL(source, table, entry, IOMM_EOPNOTSUPP,
				 "a device entry is of type %u, whose length "
				 "is not known",
				 type);
	err = iomm_acpi_room(source, table, entry, bytes_of(type), end,
			     "a device entry");
	if (!err)
		err = iomm_acpi_room(source, table, entry,
				     next_of(table, entry) - entry, end,
				     "a device entry");
	if (!err && type == NAMED)
		err = check_named(source, table, entry);
	return err;
}

/* An entry that starts a range goes with the next. */
static int
check_order(const struct acpi_source *source, const struct acpi_table *table,
	    uint32_t start, uint32_t entry)
{
	uint32_t type = acpi_u8(table, entry);

	if (!start && type == END)
		return ACPI_FAIL(source, table, entry, IOMM_EINVAL,
				 "a range of device IDs ends that has not "
				 "started");
	if (!start)
		return 0;
	if (type != END)
		return ACPI_FAIL(source, table, start, IOMM_EINVAL,
				 "a range of device IDs starts, and the next "
				 "entry, at %x, does not end it",
				 entry);
	if (acpi_u16(table, entry + ENTRY_ID) <
	    acpi_u16(table, start + ENTRY_ID))
		return ACPI_FAIL(source, table, entry, IOMM_EINVAL,
				 "a range of device IDs ends at %x, before its "
				 "start %x",
				 acpi_u16(table, entry + ENTRY_ID),
				 acpi_u16(table, start + ENTRY_ID));
	return 0;
}

int iomm_ivrs_check_entries(const struct acpi_source *source,
			    const struct acpi_table *table, uint32_t ivhd)
{
	uint32_t end = acpi_end(table, ivhd), start = 0, type;
	uint32_t entry = entries_of(table, ivhd);
	int err;

	err = iomm_acpi_room(source, table, ivhd, entry - ivhd, end, "an IVHD");
	for (; !err && entry < end; entry = next_of(table, entry)) {
		err = check_entry(source, table, entry, end);
		if (err)
			return err;
		type = acpi_u8(table, entry);
		if (type == PAD_4 || type == PAD_8)
			continue;
		err = check_order(source, table, start, entry);
		start = is_start(type) ? entry : 0;
	}
	if (!err && start)
		err = ACPI_FAIL(source, table, start, IOMM_EINVAL,
				"a range of device IDs starts, and no entry "
				"ends it");
	return err;
}

/* Reading */

static void
read_special(const struct acpi_table *table, struct ivrs_entry *entry)
{
	uint32_t variety = acpi_u8(table, entry->offset + ENTRY_VARIETY);

	entry->kind = variety == 1   ? IVRS_IOAPIC
		      : variety == 2 ? IVRS_HPET
				     : IVRS_OTHER;
	entry->handle = acpi_u8(table, entry->offset + ENTRY_HANDLE);
	entry->first = acpi_u16(table, entry->offset + ENTRY_ALIAS);
	entry->last = entry->first;
}

/* The entry that ends the range; pads may be before it. */
static uint32_t end_of_range(const struct acpi_table *table, uint32_t entry)
{
	while (acpi_u8(table, entry) != END)
		entry = next_of(table, entry);
	return entry;
}

struct ivrs_entry
iomm_ivrs_entry(const struct acpi_table *table, uint32_t offset)
{
	uint32_t type = acpi_u8(table, offset), end;
	struct ivrs_entry entry = {
		.offset = offset,
		.next = next_of(table, offset),
		.first = acpi_u16(table, offset + ENTRY_ID),
		.last = acpi_u16(table, offset + ENTRY_ID),
		.settings = acpi_u8(table, offset + ENTRY_SETTINGS),
	};

	switch (type) {
	case ALL:
		entry.first = 0;
		entry.last = UINT16_MAX;
		break;
	case ALIAS_SELECT:
	case ALIAS_START:
		entry.has_alias = true;
		entry.alias = acpi_u16(table, offset + ENTRY_ALIAS);
		break;
	case EXTENDED_SELECT:
	case EXTENDED_START:
		entry.settings |= acpi_u32(table, offset + ENTRY_EXTENDED) &
				  ATS_DISABLED;
		break;
	case SPECIAL:
		read_special(table, &entry);
		break;
	case NAMED:
		entry.kind = IVRS_NAMED;
		break;
	case SELECT:
	case START:
		break;
	default:
		entry.kind = IVRS_OTHER;
	}
	if (is_start(type)) {
		end = end_of_range(table, entry.next);
		entry.last = acpi_u16(table, end + ENTRY_ID);
		entry.next = next_of(table, end);
	}
	return entry;
}

bool iomm_ivrs_next_entry(const struct acpi_table *table, uint32_t ivhd,
			  struct ivrs_entry *entry)
{
	uint32_t at = entry->next ? entry->next : entries_of(table, ivhd);

	if (at >= acpi_end(table, ivhd))
		return false;
	*entry = iomm_ivrs_entry(table, at);
	return true;
}

/* Characters up to the first zero, terminated. */
static void copy_characters(const struct acpi_table *table, uint32_t at,
			    uint32_t count, char *to)
{
	while (count-- && acpi_u8(table, at))
		*to++ = (char)acpi_u8(table, at++);
	*to = '\0';
}

void iomm_ivrs_name(const struct acpi_table *table, uint32_t entry, char *buf)
{
	uint32_t format = acpi_u8(table, entry + NAMED_FORMAT);
	char hid[HID + 1], uid[256] = "";

	copy_characters(table, entry + NAMED_HID, HID, hid);
	if (format == UID_INTEGER)
		(void)iomm_text_render(
			uid, sizeof(uid),
			IOMM_TEXT("%u", acpi_u64(table, entry + NAMED_UID)));
	else if (format == UID_STRING)
		copy_characters(table, entry + NAMED_UID,
				acpi_u8(table, entry + NAMED_LENGTH), uid);
	(void)iomm_text_render(buf, ACPI_NAME,
			       format ? IOMM_TEXT("%s:%s", IOMM_STR(hid),
						  IOMM_STR(uid))
				      : IOMM_TEXT("%s", IOMM_STR(hid)));
}
