/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* DMAR (VT-d 4.1, chapter 8): what compilers do not know, SATC for one, and
 * what is wrong. */
#include "unit/acpi_support.h"

#include <iomm/pci.h>

/* Types of structures (8.2 to 8.8). */
enum {
	DRHD,
	RMRR,
	ATSR,
	RHSA,
	ANDD,
	SATC,
	SIDP
};

enum {
	ENDPOINT = 1,
	BRIDGE,
	IOAPIC,
	HPET,
	NAMESPACE
};

static void begin(struct table *t)
{
	acpi_begin(t, "DMAR", 1);
	/* Host address width, flags, reserved (8.1). */
	ACPI_PUT(t, 1, 46, 1, 1, 8, 0, 2, 0);
}

static void end(struct table *t, uint32_t at)
{
	acpi_set(t, at + 2, t->length - at, 2);
}

static uint32_t
drhd(struct table *t, uint8_t flags, uint16_t segment, uint64_t base)
{
	uint32_t at = t->length;

	ACPI_PUT(t, 2, DRHD, 2, 16, 1, flags, 1, 0, 2, segment, 8, base);
	return at;
}

static uint32_t rmrr(struct table *t, uint64_t first, uint64_t last)
{
	uint32_t at = t->length;

	ACPI_PUT(t, 2, RMRR, 2, 24, 2, 0, 2, 0, 8, first, 8, last);
	return at;
}

/* A scope (8.3.1) of a path of one step. */
static void scope(struct table *t, uint8_t type, uint8_t id, uint8_t bus,
		  uint8_t device, uint8_t function)
{
	ACPI_PUT(t, 1, type, 1, 8, 2, 0, 1, id, 1, bus, 1, device, 1, function);
}

#define REST(id)                                                       \
	"iommu DMAR: DRHD @0xfed90000 " id " | DMAR+0x30: structure\n" \
	"device coherent\n"

static void test_satc(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	begin(&t);
	drhd(&t, 1, 0, 0xfed90000);
	/* SATC (8.8): flags, reserved, segment, scopes. */
	at = t.length;
	ACPI_PUT(&t, 2, SATC, 2, 0, 1, 1, 1, 0, 2, 0);
	scope(&t, ENDPOINT, 0, 0, 5, 0);
	end(&t, at);
	/* One of another segment, and what is passed over. */
	at = t.length;
	ACPI_PUT(&t, 2, SATC, 2, 0, 1, 1, 1, 0, 2, 1);
	scope(&t, ENDPOINT, 0, 0, 6, 0);
	end(&t, at);
	ACPI_PUT(&t, 2, SIDP, 2, 8, 4, 0xffffffff);
	ACPI_PUT(&t, 2, 0xffff, 2, 4);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0x28,
		 "iommu DMAR: DRHD @0xfed90000 0x28 | DMAR+0x30: structure\n"
		 "device coherent ats\n");
	acpi_ask(firmware, "PCI segment 0", 0x29, REST("0x29"));
	acpi_ask(firmware, "PCI segment 0", 0x30, REST("0x30"));
	iomm_firmware_put(firmware);
	acpi_cut_everywhere(w, &t, false);
}

static void test_units(void **state)
{
	struct world *w = *state;
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	/* Two units name 00:02.0; a third has the rest, and so has a fourth,
	 * whose turn does not come. */
	begin(&t);
	at = drhd(&t, 0, 0, 0x1000);
	scope(&t, ENDPOINT, 0, 0, 2, 0);
	end(&t, at);
	at = drhd(&t, 0, 0, 0x2000);
	scope(&t, ENDPOINT, 0, 0, 3, 0);
	scope(&t, ENDPOINT, 0, 0, 2, 0);
	end(&t, at);
	drhd(&t, 1, 0, 0x3000);
	drhd(&t, 1, 0, 0x4000);
	acpi_set(&t, t.length - 11, 3, 1); /* 2^3 pages of registers */
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x10, IOMM_EINVAL,
		       "DMAR+0x60: a second DRHD names the device that the "
		       "device scope at 0x40 has for another");
	acpi_ask(firmware, "PCI segment 0", 0x18,
		 "iommu DMAR: DRHD @0x2000 0x18 | DMAR+0x58: device scope\n"
		 "device coherent\n");
	acpi_ask(firmware, "PCI segment 0", 0x20,
		 "iommu DMAR: DRHD @0x3000 0x20 | DMAR+0x68: structure\n"
		 "device coherent\n");
	assert_ok(iomm_firmware_node_info(
		firmware, node_at(firmware, "DMAR: DRHD @0x4000"), &info));
	assert_true(info.reg_bytes == 0x8000);
	iomm_firmware_put(firmware);
}

/* What may be below a bridge needs the topology; what cannot be does not. */
static void test_below(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	begin(&t);
	at = drhd(&t, 0, 0, 0x1000);
	scope(&t, BRIDGE, 0, 2, 0x1c, 0);
	scope(&t, ENDPOINT, 0, 5, 0, 0);
	end(&t, at);
	drhd(&t, 1, 0, 0x2000);
	at = rmrr(&t, 0x8000, 0x8fff);
	/* Two steps down from 01:01.0. */
	ACPI_PUT(&t, 1, ENDPOINT, 1, 10, 2, 0, 1, 0, 1, 1);
	ACPI_PUT(&t, 1, 1, 1, 0, 1, 4, 1, 1);
	end(&t, at);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	/* Bus 1 is not below 02:1c.0, nor below 01:01.0. */
	acpi_ask(firmware, "PCI segment 0", 0x100,
		 "iommu DMAR: DRHD @0x2000 0x100 | DMAR+0x50: structure\n"
		 "device coherent\n");
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x300, IOMM_EOPNOTSUPP,
		       "whether the device scope at DMAR+0x40 has it");
	/* 02:1c.0 itself is known, but not whether the memory is its. */
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x2e0, IOMM_EOPNOTSUPP,
		       "whether the device scope at DMAR+0x78 has it");
	iomm_firmware_put(firmware);
}

#define BELOW(bus, why)                                     \
	"iommu DMAR: DRHD @0x1000 " bus " | DMAR+" why "\n" \
	"device coherent\n"
#define BESIDE(bus)                                                 \
	"iommu DMAR: DRHD @0x2000 " bus " | DMAR+0x60: structure\n" \
	"device coherent\n"

/* With the topology it is known what is below a bridge, and where a path of
 * several steps leads. */
static void test_topology(void **state)
{
	static const struct iomm_pci_function functions[] = {
		/* 00:01.0 to 01..03; 01:00.0 to 02; 01:01.0 to 03 */
		{ .flags = IOMM_PCI_BRIDGE,
		  .type = IOMM_PCI_ROOT_PORT,
		  .rid = 0x0008,
		  .secondary = 1,
		  .subordinate = 3 },
		{ .flags = IOMM_PCI_BRIDGE,
		  .type = IOMM_PCI_DOWNSTREAM,
		  .rid = 0x0100,
		  .secondary = 2,
		  .subordinate = 2 },
		{ .flags = IOMM_PCI_BRIDGE,
		  .type = IOMM_PCI_DOWNSTREAM,
		  .rid = 0x0108,
		  .secondary = 3,
		  .subordinate = 3 },
	};
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct iomm_pci *pci = NULL;
	struct table t;
	uint32_t at;

	begin(&t);
	at = drhd(&t, 0, 0, 0x1000);
	/* The bridge 01:00.0, as 00:01.0 and then 00.0 (8.3.1). */
	ACPI_PUT(&t, 1, BRIDGE, 1, 10, 2, 0, 1, 0, 1, 0);
	ACPI_PUT(&t, 1, 1, 1, 0, 1, 0, 1, 0);
	/* 03:05.0, and what would be behind a bridge that is not there. */
	ACPI_PUT(&t, 1, ENDPOINT, 1, 12, 2, 0, 1, 0, 1, 0);
	ACPI_PUT(&t, 1, 1, 1, 0, 1, 1, 1, 0, 1, 5, 1, 0);
	ACPI_PUT(&t, 1, IOAPIC, 1, 10, 2, 0, 1, 7, 1, 0);
	ACPI_PUT(&t, 1, 2, 1, 0, 1, 0, 1, 0);
	end(&t, at);
	drhd(&t, 1, 0, 0x2000);
	acpi_finish(&t);

	assert_ok(iomm_pci_create(w->ctx, functions, LENGTH(functions),
				  sizeof(functions[0]), &pci));
	firmware = acpi_source_with(w, &t, pci);
	iomm_pci_put(pci); /* the source holds it */
	acpi_ask(firmware, "PCI segment 0", 0x100,
		 BELOW("0x100", "0x40: device scope"));
	acpi_ask(firmware, "PCI segment 0", 0x208,
		 BELOW("0x208", "0x40: device scope"));
	acpi_ask(firmware, "PCI segment 0", 0x328,
		 BELOW("0x328", "0x4a: device scope"));
	acpi_ask(firmware, "PCI segment 0", 0x330, BESIDE("0x330"));
	acpi_ask(firmware, "PCI segment 0", 0x108, BESIDE("0x108"));
	acpi_ask(firmware, "PCI segment 0", 0x400, BESIDE("0x400"));
	acpi_ask_fails(w, firmware, "DMAR: IOAPIC 7", -1, IOMM_ENODEV,
		       "a bridge on the path of the device scope at DMAR+0x56");
	iomm_firmware_put(firmware);
	/* Without it, it is not. */
	firmware = acpi_source(w, &t);
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x208, IOMM_EOPNOTSUPP,
		       "no PCI topology");
	iomm_firmware_put(firmware);
}

static void test_memory(void **state)
{
	static const struct {
		uint64_t first, last;
		const char *says;
	} wrong[] = {
		{ 0x9000, 0x8fff,
		  "DMAR+0x40: an RMRR ends at 0x8fff, before "
		  "its start 0x9000" },
		{ 0, UINT64_MAX, "DMAR+0x40: an RMRR has all of memory" },
	};
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t n, at;

	for (n = 0; n < LENGTH(wrong); n++) {
		begin(&t);
		drhd(&t, 1, 0, 0xfed90000);
		at = rmrr(&t, wrong[n].first, wrong[n].last);
		scope(&t, ENDPOINT, 0, 0, 2, 0);
		end(&t, at);
		acpi_finish(&t);
		firmware = acpi_source(w, &t);
		acpi_ask_fails(w, firmware, "PCI segment 0", 0x10, IOMM_EINVAL,
			       wrong[n].says);
		acpi_ask(firmware, "PCI segment 0", 0x11, REST("0x11"));
		iomm_firmware_put(firmware);
	}
	/* One byte, the last; and another segment's. */
	begin(&t);
	drhd(&t, 1, 0, 0xfed90000);
	at = rmrr(&t, UINT64_MAX, UINT64_MAX);
	scope(&t, ENDPOINT, 0, 0, 2, 0);
	end(&t, at);
	at = rmrr(&t, 0x8000, 0x8fff);
	acpi_set(&t, at + 6, 1, 2);
	scope(&t, ENDPOINT, 0, 0, 2, 0);
	end(&t, at);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0x10,
		 "iommu DMAR: DRHD @0xfed90000 0x10 | DMAR+0x30: structure\n"
		 "region direct 0xffffffffffffffff 0xffffffffffffffff -> "
		 "0xffffffffffffffff rwc | DMAR+0x40: structure\n"
		 "device coherent\n");
	iomm_firmware_put(firmware);
}

/* Named devices: the ANDD gives a number, a scope of a unit the ID. */
static void test_named(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	begin(&t);
	at = drhd(&t, 1, 0, 0xfed90000);
	scope(&t, NAMESPACE, 7, 0, 0x15, 2);
	scope(&t, HPET, 8, 0, 0xf, 0);
	end(&t, at);
	at = rmrr(&t, 0x8000, 0x8fff);
	scope(&t, NAMESPACE, 7, 0, 0x15, 2);
	end(&t, at);
	at = t.length;
	ACPI_PUT(&t, 2, ANDD, 2, 0, 2, 0, 1, 0, 1, 7);
	acpi_put_name(&t, "\\_SB.UA00");
	end(&t, at);
	at = t.length;
	ACPI_PUT(&t, 2, ANDD, 2, 0, 2, 0, 1, 0, 1, 8);
	acpi_put_name(&t, "\\_SB.UA01");
	end(&t, at);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "\\_SB.UA00", -1,
		 "iommu DMAR: DRHD @0xfed90000 0xaa | DMAR+0x40: device "
		 "scope\n"
		 "region direct 0x8000 0x8fff -> 0x8000 rwc | DMAR+0x50: "
		 "structure\n"
		 "device coherent\n");
	/* The number is an HPET's: no such device. */
	acpi_ask_fails(w, firmware, "\\_SB.UA01", -1, IOMM_ENODEV,
		       "\\_SB.UA01: no DRHD has it in a device scope");
	iomm_firmware_put(firmware);
	acpi_refused_with(w, &t, t.length - 1, 'x', 1, IOMM_EINVAL,
			  "a name does not end before");
}

static void test_structure(void **state)
{
	static const uint8_t least[] = { 16, 24, 8, 20, 9, 8 };
	struct world *w = *state;
	struct table t;
	uint32_t type, n;

	begin(&t);
	n = drhd(&t, 0, 0, 0x1000);
	scope(&t, ENDPOINT, 0, 0, 2, 0);
	end(&t, n);
	acpi_finish(&t);
	acpi_refused_with(w, &t, 50, 3, 2, IOMM_EINVAL,
			  "DMAR+0x30: a structure has 3 bytes");
	acpi_refused_with(w, &t, 50, 0, 2, IOMM_EINVAL, "has 0 bytes");
	acpi_refused_with(w, &t, 50, 25, 2, IOMM_EINVAL,
			  "DMAR+0x30: a structure of 25 bytes does not end "
			  "before 0x48");
	/* A scope's length: none, without a path, half a step, too much. */
	acpi_refused_with(w, &t, 65, 0, 1, IOMM_EINVAL,
			  "DMAR+0x40: a device scope of 0 bytes");
	acpi_refused_with(w, &t, 65, 6, 1, IOMM_EINVAL,
			  "a device scope of 6 bytes has no path");
	acpi_refused_with(w, &t, 65, 7, 1, IOMM_EINVAL, "of 7 bytes");
	acpi_refused_with(w, &t, 65, 10, 1, IOMM_EINVAL,
			  "a device scope of 10 bytes does not end before "
			  "0x48");
	for (type = 0; type < LENGTH(least); type++) {
		begin(&t);
		ACPI_PUT(&t, 2, type, 2, least[type] - 1u);
		for (n = 5; n < least[type]; n++)
			acpi_put(&t, 0, 1);
		acpi_finish(&t);
		acpi_refused(w, &t, IOMM_EINVAL, "does not end before");
	}
}

static void test_segments(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t n;

	begin(&t);
	for (n = 0; n < 256; n++)
		drhd(&t, 1, (uint16_t)(n * 3), 0x1000 * (n + 1));
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 765", 1,
		 "iommu DMAR: DRHD @0x100000 0x1 | DMAR+0x1020: structure\n"
		 "device coherent\n");
	iomm_firmware_put(firmware);
	drhd(&t, 1, 1, 0x8000);
	acpi_finish(&t);
	acpi_refused(w, &t, IOMM_EOPNOTSUPP, "more than 256 PCI segments");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_satc),	    WORLD_TEST(test_units),
		WORLD_TEST(test_below),	    WORLD_TEST(test_topology),
		WORLD_TEST(test_memory),    WORLD_TEST(test_named),
		WORLD_TEST(test_structure), WORLD_TEST(test_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
