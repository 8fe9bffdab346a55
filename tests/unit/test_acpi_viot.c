/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* VIOT (Virtual I/O Translation Table), which Debian's compiler does not
 * know. */
#include "unit/acpi_support.h"

static void begin(struct table *t, uint16_t nodes)
{
	acpi_begin(t, "VIOT", 0);
	/* Node count, node offset, reserved. */
	ACPI_PUT(t, 2, nodes, 2, 48, 8, 0);
}

/* Types 3 and 4: IOMMUs, 16 bytes each. */
static void pci_iommu(struct table *t, uint16_t segment, uint16_t bdf)
{
	ACPI_PUT(t, 1, 3, 1, 0, 2, 16, 2, segment, 2, bdf, 8, 0);
}

static void mmio_iommu(struct table *t, uint64_t base)
{
	ACPI_PUT(t, 1, 4, 1, 0, 2, 16, 4, 0, 8, base);
}

/* Type 1: a range of PCI functions, 24 bytes. */
static void
range(struct table *t, uint32_t endpoint, uint16_t segment,
      uint16_t last_segment, uint16_t first, uint16_t last, uint16_t output)
{
	ACPI_PUT(t, 1, 1, 1, 0, 2, 24, 4, endpoint, 2, segment, 2, last_segment,
		 2, first, 2, last, 2, output);
	ACPI_PUT(t, 2, 0, 4, 0);
}

/* Type 2: a device on the bus, 24 bytes. */
static void
device(struct table *t, uint32_t endpoint, uint64_t base, uint16_t output)
{
	ACPI_PUT(t, 1, 2, 1, 0, 2, 24, 4, endpoint, 8, base, 2, output, 2, 0, 4,
		 0);
}

static void test_answers(void **state)
{
	struct world *w = *state;
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_firmware *firmware;
	struct table t;

	begin(&t, 5);
	mmio_iommu(&t, 0x10001000);		      /* 48 */
	device(&t, 7, 0x10002000, 48);		      /* 64 */
	range(&t, 0x100000, 2, 4, 0x100, 0xffff, 48); /* 88 */
	pci_iommu(&t, 0x1a2b, 0xfeef);		      /* 112 */
	ACPI_PUT(&t, 1, 9, 1, 0, 2, 4);		      /* 128: not known */
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "VIOT: device @0x10002000", -1,
		 "iommu VIOT: virtio-iommu @0x10001000 0x7 | VIOT+0x40: "
		 "structure\n");
	acpi_ask_fails(w, firmware, "VIOT: device @0x10002000", 7, IOMM_EINVAL,
		       "has no input IDs");
	/* Segments are 2^16 apart, functions count from the first. */
	acpi_ask(firmware, "PCI segment 2", 0x100,
		 "iommu VIOT: virtio-iommu @0x10001000 0x100000 | VIOT+0x58: "
		 "structure\n");
	acpi_ask(firmware, "PCI segment 4", 0xffff,
		 "iommu VIOT: virtio-iommu @0x10001000 0x12feff | VIOT+0x58: "
		 "structure\n");
	acpi_ask_fails(w, firmware, "PCI segment 3", 0xff, IOMM_ENODEV,
		       "PCI segment 3, ID 0xff: no IOMMU is described");
	acpi_ask_fails(w, firmware, "VIOT: virtio-iommu 1a2b:fe:1d.7", -1,
		       IOMM_ENODEV, "is an IOMMU");
	assert_ok(iomm_firmware_node_info(
		firmware, node_at(firmware, "VIOT: virtio-iommu @0x10001000"),
		&info));
	assert_true(info.reg_base == 0x10001000 && info.reg_bytes == 0x128);
	iomm_firmware_put(firmware);
	acpi_cut_everywhere(w, &t, true);
}

static void test_wrong(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t n;
	/* No node, a node that is no IOMMU, within one. */
	static const uint16_t outputs[] = { 0, 64, 49, 0xffff };

	for (n = 0; n < LENGTH(outputs); n++) {
		begin(&t, 3);
		mmio_iommu(&t, 0x1000);
		device(&t, 7, 0x2000, outputs[n]);
		range(&t, 0, 0, 0, 0, 0xffff, outputs[n]);
		acpi_finish(&t);
		firmware = acpi_source(w, &t);
		acpi_ask_fails(w, firmware, "VIOT: device @0x2000", -1,
			       IOMM_EINVAL, "VIOT+0x40: the output node is at");
		acpi_ask_fails(w, firmware, "PCI segment 0", 9, IOMM_EINVAL,
			       ", where no IOMMU's node starts");
		iomm_firmware_put(firmware);
	}
	/* Past 32 bits, by the function and by the segment. */
	begin(&t, 2);
	mmio_iommu(&t, 0x1000);
	range(&t, 0xfffffff0, 0, 1, 0, 0xffff, 48);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0xf,
		 "iommu VIOT: virtio-iommu @0x1000 0xffffffff | VIOT+0x40: "
		 "structure\n");
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x10, IOMM_EINVAL,
		       "VIOT+0x40: a range of PCI functions takes ID 0x10 past "
		       "32 bits");
	acpi_ask_fails(w, firmware, "PCI segment 1", 0, IOMM_EINVAL,
		       "past 32 bits");
	iomm_firmware_put(firmware);
	/* Ends before it starts. */
	acpi_refused_with(w, &t, 64 + 8, 2, 2, IOMM_EINVAL,
			  "VIOT+0x40: a range of PCI functions ends before it "
			  "starts: segments 0x2 to 0x1, functions 0x0 to "
			  "0xffff");
	acpi_refused_with(w, &t, 64 + 12, 0x00000001, 4, IOMM_EINVAL,
			  "functions 0x1 to 0x0");
}

static void test_structure(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;

	begin(&t, 3);
	mmio_iommu(&t, 0x1000);		       /* 48 */
	range(&t, 0, 0, 0, 0, 0x20, 48);       /* 64 */
	range(&t, 0x10, 0, 0, 0x10, 0x30, 48); /* 88 */
	acpi_finish(&t);
	/* An overlap where both say the same. */
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0x20,
		 "iommu VIOT: virtio-iommu @0x1000 0x20 | VIOT+0x40: "
		 "structure\n");
	iomm_firmware_put(firmware);
	acpi_set(&t, 88 + 4, 0x100, 4);
	acpi_sum(&t);
	firmware = acpi_source(w, &t);
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x20, IOMM_EINVAL,
		       "VIOT+0x58: the range of PCI functions has ID 0x20, as "
		       "that at 0x40 has, which takes it elsewhere");
	acpi_ask(firmware, "PCI segment 0", 0x21,
		 "iommu VIOT: virtio-iommu @0x1000 0x111 | VIOT+0x58: "
		 "structure\n");
	iomm_firmware_put(firmware);
	acpi_refused_with(w, &t, 38, 47, 2, IOMM_EINVAL,
			  "the structures start at 0x2f");
	acpi_refused_with(w, &t, 38, 0xffff, 2, IOMM_EINVAL, "VIOT+0xffff");
	acpi_refused_with(w, &t, 36, 4, 2, IOMM_EINVAL,
			  "VIOT+0x70: a structure of 4 bytes");
	acpi_refused_with(w, &t, 50, 15, 2, IOMM_EINVAL,
			  "VIOT+0x30: a node of 16 bytes does not end before");
	acpi_refused_with(w, &t, 66, 23, 2, IOMM_EINVAL, "a node of 24 bytes");
	acpi_refused_with(w, &t, 50, 3, 2, IOMM_EINVAL,
			  "VIOT+0x30: a structure has 3 bytes");
	/* 256 segments, and one more. */
	acpi_set(&t, 64 + 10, 255, 2);
	acpi_sum(&t);
	iomm_firmware_put(acpi_source(w, &t));
	acpi_refused_with(w, &t, 64 + 10, 256, 2, IOMM_EOPNOTSUPP,
			  "more than 256 PCI segments");
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
