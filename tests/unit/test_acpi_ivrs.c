/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* IVRS (AMD 48882 rev. 3.09, chapter 5): IVHD 40h and named devices, which
 * compilers do not know, and what is wrong. */
#include "unit/acpi_support.h"

#include <stdio.h>

static void begin(struct table *t)
{
	acpi_begin(t, "IVRS", 2);
	ACPI_PUT(t, 4, 0x00203041, 8, 0); /* IVinfo, reserved */
}

static void end(struct table *t, uint32_t at)
{
	acpi_set(t, at + 2, t->length - at, 2);
}

/* Type, flags, length, ID, capability, base, segment, info, features;
 * 11h and 40h: two images of registers more. */
static uint32_t ivhd(struct table *t, uint8_t type, uint16_t id, uint64_t base)
{
	uint32_t at = t->length;

	ACPI_PUT(t, 1, type, 1, 0, 2, 0, 2, id, 2, 0x40, 8, base, 2, 0, 2, 0);
	acpi_put(t, 0, 4);
	if (type != 0x10)
		ACPI_PUT(t, 8, 0, 8, 0);
	end(t, at);
	return at;
}

/* 4-byte entries. */
static void entry(struct table *t, uint8_t type, uint16_t id, uint8_t settings)
{
	ACPI_PUT(t, 1, type, 2, id, 1, settings);
}

/* An ACPI device; the unique ID follows. */
static void named(struct table *t, uint16_t id, const char *hid, uint8_t format,
		  uint8_t bytes)
{
	ACPI_PUT(t, 1, 240, 2, id, 1, 0x40);
	acpi_put_name(t, hid);
	t->length--;
	ACPI_PUT(t, 8, 0, 1, format, 1, bytes);
}

static void ivmd(struct table *t, uint8_t type, uint8_t flags, uint16_t id,
		 uint64_t first, uint64_t bytes)
{
	ACPI_PUT(t, 1, type, 1, flags, 2, 32, 2, id, 2, 0, 8, 0, 8, first, 8,
		 bytes);
}

/* The best block of each IOMMU counts, wherever it is. */
static void test_precedence(void **state)
{
	static const uint8_t orders[][3] = {
		{ 0x10, 0x11, 0x40 },
		{ 0x40, 0x11, 0x10 },
		{ 0x11, 0x40, 0x10 },
		{ 0x40, 0x10, 0x11 },
	};
	struct world *w = *state;
	struct iomm_firmware *firmware;
	uint32_t n, m, at, best;
	char expected[128];
	struct table t;

	for (n = 0; n < LENGTH(orders); n++) {
		begin(&t);
		best = 0;
		for (m = 0; m < 3; m++) {
			at = ivhd(&t, orders[n][m], 2, 0xfd800000);
			entry(&t, 2, orders[n][m], 0);
			end(&t, at);
			if (orders[n][m] == 0x40)
				best = t.length - 4;
		}
		/* Another IOMMU, which has but an old one. */
		at = ivhd(&t, 0x10, 0x2002, 0xfd900000);
		entry(&t, 2, 0x50, 0);
		end(&t, at);
		acpi_finish(&t);
		firmware = acpi_source(w, &t);
		snprintf(expected, sizeof(expected),
			 "iommu IVRS: IOMMU @0xfd800000 0x40 0x0 | IVRS+0x%x: "
			 "device entry\ndevice coherent\n",
			 best);
		acpi_ask(firmware, "PCI segment 0", 0x40, expected);
		acpi_ask_fails(w, firmware, "PCI segment 0", 0x11, IOMM_ENODEV,
			       "");
		acpi_ask_fails(w, firmware, "PCI segment 0", 0x10, IOMM_ENODEV,
			       "");
		snprintf(expected, sizeof(expected),
			 "iommu IVRS: IOMMU @0xfd900000 0x50 0x0 | IVRS+0x%x: "
			 "device entry\ndevice coherent\n",
			 t.length - 4);
		acpi_ask(firmware, "PCI segment 0", 0x50, expected);
		iomm_firmware_put(firmware);
	}
	ivhd(&t, 0x40, 2, 0xfd800000);
	acpi_finish(&t);
	acpi_refused(w, &t, IOMM_EINVAL,
		     "there are two IVHDs of type 0x40 for one IOMMU");
}

static void test_named(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	begin(&t);
	at = ivhd(&t, 0x40, 2, 0xfeb80000);
	named(&t, 0xa5, "AMDI0020", 1, 8); /* at 88 */
	acpi_put(&t, 7, 8);
	named(&t, 0xa6, "AMDI0021", 2, 4); /* at 118 */
	acpi_put_name(&t, "ID0");
	named(&t, 0xa7, "AMDI0022", 0, 0); /* at 144 */
	end(&t, at);
	ivmd(&t, 0x21, 7, 0xa6, 0x8000, 0x1000);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "AMDI0020:7", -1,
		 "iommu IVRS: IOMMU @0xfeb80000 0xa5 0x40 | IVRS+0x58: device "
		 "entry\ndevice coherent\n");
	acpi_ask(firmware, "AMDI0021:ID0", -1,
		 "iommu IVRS: IOMMU @0xfeb80000 0xa6 0x40 | IVRS+0x76: device "
		 "entry\n"
		 "region direct 0x8000 0x8fff -> 0x8000 rwc | IVRS+0xa6: "
		 "structure\ndevice coherent\n");
	acpi_ask(firmware, "AMDI0022", -1,
		 "iommu IVRS: IOMMU @0xfeb80000 0xa7 0x40 | IVRS+0x90: device "
		 "entry\ndevice coherent\n");
	acpi_ask_fails(w, firmware, "AMDI0022", 0xa7, IOMM_EINVAL,
		       "has no input IDs");
	/* It is no PCI function. */
	acpi_ask_fails(w, firmware, "PCI segment 0", 0xa5, IOMM_ENODEV, "");
	iomm_firmware_put(firmware);
	acpi_refused_with(w, &t, 88 + 20, 3, 1, IOMM_EINVAL,
			  "IVRS+0x6c: a unique ID of format 3 has 8 bytes");
	acpi_refused_with(w, &t, 88 + 20, 0, 1, IOMM_EINVAL,
			  "a unique ID of format 0 has 8 bytes");
	acpi_refused_with(w, &t, 118 + 20, 1, 1, IOMM_EINVAL,
			  "a unique ID of format 1 has 4 bytes");
	acpi_refused_with(w, &t, 118 + 23, ' ', 1, IOMM_EINVAL,
			  "IVRS+0x8d: a name has the character 0x20");
	acpi_refused_with(w, &t, 88 + 4, 0x80, 1, IOMM_EINVAL,
			  "a name has the character 0x80");
	acpi_refused_with(w, &t, 144 + 21, 200, 1, IOMM_EINVAL,
			  "IVRS+0x90: a device entry of 222 bytes");
	acpi_cut_everywhere(w, &t, false);
}

static void test_ranges(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	begin(&t);
	at = ivhd(&t, 0x10, 2, 0xfd800000);
	entry(&t, 3, 0x10, 1); /* start, at 72 */
	entry(&t, 0, 0, 0);    /* a pad */
	entry(&t, 4, 0x20, 9); /* end: its settings mean nothing */
	entry(&t, 2, 0x18, 2); /* later entries count, at 84 */
	end(&t, at);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0x20,
		 "iommu IVRS: IOMMU @0xfd800000 0x20 0x1 | IVRS+0x48: device "
		 "entry\ndevice coherent\n");
	acpi_ask(firmware, "PCI segment 0", 0x18,
		 "iommu IVRS: IOMMU @0xfd800000 0x18 0x2 | IVRS+0x54: device "
		 "entry\ndevice coherent\n");
	acpi_ask_fails(w, firmware, "PCI segment 0", 0xf, IOMM_ENODEV, "");
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x21, IOMM_ENODEV, "");
	iomm_firmware_put(firmware);
	acpi_refused_with(w, &t, 81, 0x0f, 2, IOMM_EINVAL,
			  "IVRS+0x50: a range of device IDs ends at 0xf, "
			  "before its start 0x10");
	acpi_refused_with(w, &t, 80, 2, 1, IOMM_EINVAL,
			  "IVRS+0x48: a range of device IDs starts, and the "
			  "next entry, at 0x50, does not end it");
	acpi_refused_with(w, &t, 72, 2, 1, IOMM_EINVAL,
			  "IVRS+0x50: a range of device IDs ends that has not "
			  "started");
	acpi_refused_with(w, &t, 84, 3, 1, IOMM_EINVAL,
			  "IVRS+0x54: a range of device IDs starts, and no "
			  "entry ends it");
	acpi_refused_with(w, &t, 84, 0x42, 1, IOMM_EINVAL,
			  "IVRS+0x54: a device entry of 8 bytes does not end");
	acpi_refused_with(w, &t, 84, 250, 1, IOMM_EOPNOTSUPP,
			  "IVRS+0x54: a device entry is of type 250, whose "
			  "length is not known");
	/* Those of a known length are passed over. */
	acpi_set(&t, 84, 30, 1);
	acpi_sum(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0x18,
		 "iommu IVRS: IOMMU @0xfd800000 0x18 0x1 | IVRS+0x48: device "
		 "entry\ndevice coherent\n");
	iomm_firmware_put(firmware);
}

static void test_two_units(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	begin(&t);
	at = ivhd(&t, 0x10, 2, 0xfd800000);
	entry(&t, 1, 0, 0); /* all, at 72 */
	end(&t, at);
	at = ivhd(&t, 0x10, 3, 0xfd900000);
	entry(&t, 2, 0x10, 0); /* at 100 */
	end(&t, at);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x10, IOMM_EINVAL,
		       "IVRS+0x64: ID 0x10 is behind a second IOMMU: the "
		       "device entry at 0x48 has it too");
	acpi_ask(firmware, "PCI segment 0", 0xffff,
		 "iommu IVRS: IOMMU @0xfd800000 0xffff 0x0 | IVRS+0x48: device "
		 "entry\ndevice coherent\n");
	iomm_firmware_put(firmware);
}

static void test_memory(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	begin(&t);
	at = ivhd(&t, 0x10, 2, 0xfd800000);
	entry(&t, 1, 0, 0);
	end(&t, at);
	ivmd(&t, 0x21, 7, 0x10, 0x8000, 0); /* at 76 */
	ivmd(&t, 0x21, 7, 0x11, UINT64_C(0xfffffffffffff000), 0x1001);
	ivmd(&t, 0x21, 7, 0x12, UINT64_C(0xfffffffffffff000), 0x1000);
	/* Of another segment, at offset 8. */
	ivmd(&t, 0x20, 7, 0, 0x9000, 0x1000);
	acpi_set(&t, t.length - 24, 1, 2);
	ACPI_PUT(&t, 1, 0x77, 1, 0, 2, 4); /* passed over */
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x10, IOMM_EINVAL,
		       "IVRS+0x4c: there is no memory of 0x0 bytes at 0x8000");
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x11, IOMM_EINVAL,
		       "IVRS+0x6c: there is no memory of 0x1001 bytes");
	acpi_ask(firmware, "PCI segment 0", 0x12,
		 "iommu IVRS: IOMMU @0xfd800000 0x12 0x0 | IVRS+0x48: device "
		 "entry\n"
		 "region direct 0xfffffffffffff000 0xffffffffffffffff -> "
		 "0xfffffffffffff000 rwc | IVRS+0x8c: structure\n"
		 "device coherent\n");
	iomm_firmware_put(firmware);
	acpi_refused_with(w, &t, 76 + 2, 31, 2, IOMM_EINVAL, "an IVMD");
	acpi_refused_with(w, &t, 48 + 2, 23, 2, IOMM_EINVAL,
			  "IVRS+0x30: an IVHD of 24 bytes does not end before "
			  "0x47");
	acpi_refused_with(w, &t, 48 + 2, 3, 2, IOMM_EINVAL,
			  "IVRS+0x30: a structure has 3 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_precedence), WORLD_TEST(test_named),
		WORLD_TEST(test_ranges),     WORLD_TEST(test_two_units),
		WORLD_TEST(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
