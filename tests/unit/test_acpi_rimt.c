/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RIMT (RISC-V IO Mapping Table 1.0), which Debian's compiler does not know.
 * The sections are those of chapter 2. */
#include "unit/acpi_support.h"

static void begin(struct table *t, uint32_t nodes)
{
	acpi_begin(t, "RIMT", 1);
	/* Number of nodes, offset of the first, reserved. */
	ACPI_PUT(t, 4, nodes, 4, 48, 4, 0);
}

static void end(struct table *t, uint32_t at)
{
	acpi_set(t, at + 2, t->length - at, 2);
}

/* 2.1.1, 40 bytes: hardware ID, base, flags, proximity, segment, BDF, wires. */
static void iommu(struct table *t, uint64_t base, uint32_t flags)
{
	ACPI_PUT(t, 1, 0, 1, 1, 2, 40, 2, 0, 2, 0, 8, 0, 8, base);
	ACPI_PUT(t, 4, flags, 4, 3, 2, 1, 2, 0x108, 2, 0, 2, 0);
}

/* 2.1.2, 20 bytes before the mappings. */
static uint32_t
root(struct table *t, uint32_t flags, uint16_t segment, uint16_t nr_mappings)
{
	uint32_t at = t->length;

	ACPI_PUT(t, 1, 1, 1, 1, 2, 0, 2, 0, 2, 1, 4, flags, 2, 0, 2, segment);
	ACPI_PUT(t, 2, 20, 2, nr_mappings);
	return at;
}

/* 2.1.3, 24 bytes before the mappings. */
static uint32_t platform(struct table *t, uint16_t nr_mappings)
{
	uint32_t at = t->length;

	ACPI_PUT(t, 1, 2, 1, 1, 2, 0, 2, 0, 2, 2, 2, 24, 2, nr_mappings);
	acpi_put_name(t, "\\_SB.DMA0");
	acpi_put(t, 0, 2);
	return at;
}

static void mapping(struct table *t, uint32_t from, uint32_t count, uint32_t to,
		    uint32_t target)
{
	ACPI_PUT(t, 4, from, 4, count, 4, to, 4, target, 4, 0);
}

static void test_answers(void **state)
{
	struct world *w = *state;
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	begin(&t, 6);
	iommu(&t, 0x3010000, 2); /* 48; proximity is given */
	iommu(&t, 0, 1);	 /* 88; a PCI function */
	at = root(&t, 3, 0, 2);	 /* 128 */
	mapping(&t, 0, 0x100, 0, 48);
	mapping(&t, 0x100, 0xff00, 0x10100, 88);
	end(&t, at);
	at = root(&t, 1, 0, 1); /* 188: its segment once more */
	mapping(&t, 0x10000, 1, 0, 48);
	end(&t, at);
	at = platform(&t, 3); /* 228 */
	mapping(&t, 0, 1, 0x77, 48);
	mapping(&t, 1, 2, 0x80, 48);
	mapping(&t, 9, 1, 0x78, 88);
	end(&t, at);
	ACPI_PUT(&t, 1, 9, 1, 1, 2, 8, 4, 0); /* not known */
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0xff,
		 "iommu RIMT: IOMMU @0x3010000 0xff | RIMT+0x94: ID mapping\n"
		 "device ats pri numa=3\n");
	acpi_ask(firmware, "PCI segment 0", 0xffff,
		 "iommu RIMT: IOMMU 0001:01:01.0 0x1ffff | RIMT+0xa8: ID "
		 "mapping\n"
		 "device ats pri\n");
	/* Its own: what maps one ID; the numbers are not less one here. */
	acpi_ask(firmware, "\\_SB.DMA0", -1,
		 "iommu RIMT: IOMMU @0x3010000 0x77 | RIMT+0xfc: ID mapping\n"
		 "iommu RIMT: IOMMU 0001:01:01.0 0x78 | RIMT+0x124: ID "
		 "mapping\n"
		 "device numa=3\n");
	acpi_ask(firmware, "\\_SB.DMA0", 2,
		 "iommu RIMT: IOMMU @0x3010000 0x81 | RIMT+0x110: ID mapping\n"
		 "device numa=3\n");
	acpi_ask_fails(w, firmware, "\\_SB.DMA0", 3, IOMM_ENODEV,
		       "\\_SB.DMA0, ID 0x3: no ID mapping of it leads to an "
		       "IOMMU");
	assert_ok(iomm_firmware_node_info(
		firmware, node_at(firmware, "RIMT: IOMMU @0x3010000"), &info));
	assert_true(info.reg_base == 0x3010000 && info.reg_bytes == 0x1000);
	assert_int_equal(iomm_firmware_node_compatible(
				 firmware,
				 node_at(firmware, "RIMT: IOMMU @0x3010000"),
				 "riscv,iommu"),
			 1);
	assert_ok(iomm_firmware_node_info(firmware,
					  node_at(firmware,
						  "RIMT: IOMMU 0001:01:01.0"),
					  &info));
	assert_true(!info.reg_bytes);
	iomm_firmware_put(firmware);
	acpi_cut_everywhere(w, &t, true);
}

/* An IOMMU at 48, a root complex at 88 with two mappings at 108 and 128. */
static void two(struct table *t, uint32_t from, uint32_t count, uint32_t to,
		uint32_t target)
{
	uint32_t at;

	begin(t, 2);
	iommu(t, 0x3010000, 0);
	at = root(t, 0, 0, 2);
	mapping(t, 0, 0x10, 0, 48);
	mapping(t, from, count, to, target);
	end(t, at);
	acpi_finish(t);
}

static void test_wrong(void **state)
{
	static const uint32_t targets[] = { 0, 88, 49, UINT32_MAX };
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t n;

	for (n = 0; n < LENGTH(targets); n++) {
		two(&t, 0x10, 1, 0, targets[n]);
		firmware = acpi_source(w, &t);
		acpi_ask_fails(w, firmware, "PCI segment 0", 0x10, IOMM_EINVAL,
			       "RIMT+0x8c: an ID mapping leads to ");
		iomm_firmware_put(firmware);
	}
	two(&t, 0x10, 0x11, 0xfffffff0, 48);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0x1f,
		 "iommu RIMT: IOMMU @0x3010000 0xffffffff | RIMT+0x80: ID "
		 "mapping\n");
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x20, IOMM_EINVAL,
		       "RIMT+0x80: an ID mapping takes ID 0x20 past 32 bits");
	iomm_firmware_put(firmware);
	two(&t, 0xf, 2, 0xf, 48);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0xf,
		 "iommu RIMT: IOMMU @0x3010000 0xf | RIMT+0x6c: ID mapping\n");
	iomm_firmware_put(firmware);
	two(&t, 0xf, 2, 0xe, 48);
	firmware = acpi_source(w, &t);
	acpi_ask_fails(w, firmware, "PCI segment 0", 0xf, IOMM_EINVAL,
		       "RIMT+0x80: the ID mapping has ID 0xf, as that at 0x6c "
		       "has, which takes it elsewhere");
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x11, IOMM_ENODEV, "");
	iomm_firmware_put(firmware);
}

static void test_structure(void **state)
{
	struct world *w = *state;
	struct table t;

	two(&t, 0xf, 2, 0xf, 48);
	acpi_refused_with(w, &t, 36, 3, 4, IOMM_EINVAL,
			  "RIMT+0x94: a structure of 8 bytes");
	acpi_refused_with(w, &t, 40, 40, 4, IOMM_EINVAL,
			  "the structures start at 0x28");
	acpi_refused_with(w, &t, 50, 39, 2, IOMM_EINVAL,
			  "RIMT+0x30: a node of 40 bytes does not end before "
			  "0x57");
	acpi_refused_with(w, &t, 50, 7, 2, IOMM_EINVAL,
			  "RIMT+0x30: a structure has 7 bytes");
	acpi_refused_with(w, &t, 88 + 16, 7, 2, IOMM_EINVAL,
			  "RIMT+0x58: the ID mappings start at 0x5f, within "
			  "the header of the node");
	acpi_refused_with(w, &t, 88 + 16, 21, 2, IOMM_EINVAL,
			  "RIMT+0x6d: an array of ID mappings of 40 bytes");
	acpi_refused_with(w, &t, 88 + 18, 0xffff, 2, IOMM_EINVAL,
			  "an array of ID mappings of 1310700 bytes");
	begin(&t, 1);
	end(&t, platform(&t, 0));
	acpi_finish(&t);
	iomm_firmware_put(acpi_source(w, &t));
	acpi_refused_with(w, &t, 48 + 12, 0, 1, IOMM_EINVAL,
			  "RIMT+0x3c: a name has 0 characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_answers),
		WORLD_TEST(test_wrong),
		WORLD_TEST(test_structure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
