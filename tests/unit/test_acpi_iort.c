/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * IORT (Arm DEN0049E.e): what compilers do not know, RMR nodes above all, and
 * what is wrong. The tables below are built from the document's tables of
 * fields, with offsets as its numbers.
 */
#include "unit/acpi_support.h"

/* Node types. */
enum {
	ITS,
	COMPONENT,
	ROOT,
	SMMU,
	SMMU_V3,
	PMCG,
	RMR
};

static void begin(struct table *t, uint8_t revision, uint32_t nodes)
{
	acpi_begin(t, "IORT", revision);
	/* Number of nodes, offset of the first, reserved. */
	ACPI_PUT(t, 4, nodes, 4, 48, 4, 0);
}

/* A node's header; the length is set by end_node(). */
static uint32_t node(struct table *t, uint8_t type, uint8_t revision,
		     uint32_t nr_mappings, uint32_t mappings)
{
	uint32_t at = t->length;

	ACPI_PUT(t, 1, type, 2, 0, 1, revision, 4, 0, 4, nr_mappings, 4,
		 nr_mappings ? mappings : 0);
	return at;
}

static void end_node(struct table *t, uint32_t at)
{
	acpi_set(t, at + 1, t->length - at, 2);
}

/* An ID mapping; `count` IDs. */
static void mapping(struct table *t, uint32_t from, uint32_t count, uint32_t to,
		    uint32_t target, uint32_t flags)
{
	ACPI_PUT(t, 4, from, 4, count - 1, 4, to, 4, target, 4, flags);
}

/* An SMMUv3 of 68 bytes without mappings. */
static uint32_t smmu(struct table *t, uint64_t base)
{
	uint32_t at = node(t, SMMU_V3, 4, 0, 0);

	ACPI_PUT(t, 8, base, 4, 0, 4, 0, 8, 0, 4, 0);
	ACPI_PUT(t, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0);
	end_node(t, at);
	return at;
}

/* A root complex of 40 bytes, with mappings to follow. */
static uint32_t
root(struct table *t, uint8_t revision, uint32_t segment, uint32_t nr_mappings)
{
	uint32_t at = node(t, ROOT, revision, nr_mappings, 40);

	/* CCA 1, hints, flags; ATS; segment; 44 bits; 20 bits of PASIDs;
	 * reserved, flags: which it supports. */
	ACPI_PUT(t, 4, 1, 1, 0, 2, 0, 1, 3, 4, 0, 4, segment, 1, 44, 2, 20);
	ACPI_PUT(t, 1, 0, 4, 1);
	return at;
}

/* An RMR node of one range. */
static uint32_t
rmr(struct table *t, uint32_t flags, uint32_t sid, uint32_t count,
    uint32_t target, uint64_t base, uint64_t bytes)
{
	uint32_t at = node(t, RMR, 3, 1, 28);

	ACPI_PUT(t, 4, flags, 4, 1, 4, 48);
	mapping(t, 0x77, count, sid, target, 0);
	ACPI_PUT(t, 8, base, 8, bytes, 4, 0);
	end_node(t, at);
	return at;
}

/* One SMMU at 48, a root complex at 116 with all IDs to it at offset 156, and
 * an RMR node at 176. */
static void reserved(struct table *t, uint8_t revision, uint32_t flags,
		     uint64_t base, uint64_t bytes)
{
	uint32_t at;

	begin(t, revision, 3);
	smmu(t, 0x9050000);
	at = root(t, 4, 0, 1);
	mapping(t, 0, 0x10000, 0x10000, 48, 0);
	end_node(t, at);
	rmr(t, flags, 0x10010, 2, 48, base, bytes);
	acpi_finish(t);
}

#define IOMMU_OF(id) \
	"iommu IORT: SMMUv3 @0x9050000 0x100" id " | IORT+0x9c: ID mapping\n"
#define LIMITS "device coherent pasid=20 bits=44\n"

static void test_rmr(void **state)
{
	static const struct {
		uint8_t revision;
		uint32_t flags;
		const char *says; /* up to the place */
	} cases[] = {
		/* Bit 0: may be remapped. 9:2: attributes. */
		{ 5, 0, "direct 0x8000 0xbfff -> 0x8000 rwm" },
		{ 5, 1, "relaxable 0x8000 0xbfff -> 0x8000 rwm" },
		{ 5, 3 << 2, "direct 0x8000 0xbfff -> 0x8000 rwm" },
		{ 5, 4 << 2, "direct 0x8000 0xbfff -> 0x8000 rw" },
		{ 5, 5 << 2, "direct 0x8000 0xbfff -> 0x8000 rwc" },
		{ 6, 2 | 5 << 2, "direct 0x8000 0xbfff -> 0x8000 rwcp" },
		/* Before E.d there were no attributes. */
		{ 3, 3, "relaxable 0x8000 0xbfff -> 0x8000 rw" },
	};
	struct world *w = *state;
	struct iomm_firmware *firmware;
	char expected[256];
	struct table t;
	uint32_t n;

	for (n = 0; n < LENGTH(cases); n++) {
		reserved(&t, cases[n].revision, cases[n].flags, 0x8000, 0x4000);
		firmware = acpi_source(w, &t);
		strcpy(expected, IOMMU_OF("10") "region ");
		strcat(expected, cases[n].says);
		strcat(expected, " | IORT+0xe0: memory range\n" LIMITS);
		acpi_ask(firmware, "PCI segment 0", 0x10, expected);
		/* Two stream IDs, and no more. */
		acpi_ask(firmware, "PCI segment 0", 0xf,
			 "iommu IORT: SMMUv3 @0x9050000 0x1000f | IORT+0x9c: "
			 "ID mapping\n" LIMITS);
		acpi_ask(firmware, "PCI segment 0", 0x12,
			 IOMMU_OF("12") LIMITS);
		iomm_firmware_put(firmware);
	}
}

static void test_rmr_wrong(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;

	reserved(&t, 2, 0, 0x8000, 0x4000);
	acpi_refused(w, &t, IOMM_EOPNOTSUPP,
		     "IORT+0xb0: memory is reserved by an RMR node, and those "
		     "of revision 2 of this table were withdrawn");
	reserved(&t, 4, 0, 0x8000, 0x4000);
	acpi_refused(w, &t, IOMM_EOPNOTSUPP,
		     "those of revision 4 of this table were withdrawn");
	/* The range's length: none, and past the end of memory. */
	reserved(&t, 5, 0, 0x8000, 0);
	firmware = acpi_source(w, &t);
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x10, IOMM_EINVAL,
		       "IORT+0xe0: there is no memory of 0x0 bytes at 0x8000");
	/* Whom it is not for it does not hurt. */
	acpi_ask(firmware, "PCI segment 0", 0x12, IOMMU_OF("12") LIMITS);
	iomm_firmware_put(firmware);
	reserved(&t, 5, 0, UINT64_C(0xfffffffffffff000), 0x1001);
	firmware = acpi_source(w, &t);
	acpi_ask_fails(w, firmware, "PCI segment 0", 0x11, IOMM_EINVAL,
		       "there is no memory of 0x1001 bytes at "
		       "0xfffffffffffff000");
	iomm_firmware_put(firmware);
	/* The last page of memory is fine. */
	reserved(&t, 5, 0, UINT64_C(0xfffffffffffff000), 0x1000);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 0", 0x11,
		 IOMMU_OF("11") "region direct 0xfffffffffffff000 "
				"0xffffffffffffffff -> 0xfffffffffffff000 rwm "
				"| IORT+0xe0: memory range\n" LIMITS);
	iomm_firmware_put(firmware);
	/* The number of ranges (at 20), and where they are (24). */
	acpi_refused_with(w, &t, 176 + 20, 2, 4, IOMM_EINVAL,
			  "IORT+0xe0: an array of memory ranges of 40 bytes "
			  "does not end before 0xf4");
	acpi_refused_with(w, &t, 176 + 20, UINT32_MAX, 4, IOMM_EINVAL,
			  "an array of memory ranges");
	acpi_refused_with(w, &t, 176 + 24, 0xffffff00, 4, IOMM_EINVAL,
			  "the memory ranges start 0xffffff00 bytes behind");
	acpi_cut_everywhere(w, &t, true);
}

/* One SMMU at 48, a component at 116 with what mappings a test adds. */
static uint32_t component(struct table *t, uint32_t nr_mappings)
{
	uint32_t at;

	begin(t, 5, 2);
	smmu(t, 0x9050000);
	at = node(t, COMPONENT, 4, nr_mappings, 40);
	ACPI_PUT(t, 4, 0, 8, 0, 1, 0);
	acpi_put_name(t, "\\_SB.DEV0");
	acpi_put(t, 0, 1);
	return at;
}

static struct iomm_firmware *
one_mapping(struct world *w, struct table *t, uint32_t from, uint32_t count,
	    uint32_t to, uint32_t target)
{
	uint32_t at = component(t, 1);

	mapping(t, from, count, to, target, 0);
	end_node(t, at);
	acpi_finish(t);
	return acpi_source(w, t);
}

static void test_references(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;

	/* No node there, within a node, the table's header, far behind. */
	static const uint32_t none[] = { 0, 44, 49, 184, UINT32_MAX };
	uint32_t n;

	for (n = 0; n < LENGTH(none); n++) {
		firmware = one_mapping(w, &t, 0, 1, 5, none[n]);
		acpi_ask_fails(w, firmware, "\\_SB.DEV0", -1, IOMM_EINVAL,
			       "IORT+0xa8: an ID mapping leads to ");
		acpi_ask_fails(w, firmware, "\\_SB.DEV0", 0, IOMM_EINVAL,
			       ", where no node starts");
		iomm_firmware_put(firmware);
	}
	/* To itself: a loop, were it followed. */
	firmware = one_mapping(w, &t, 0, 1, 5, 116);
	acpi_ask_fails(w, firmware, "\\_SB.DEV0", -1, IOMM_EINVAL,
		       "leads to 0x74, a node of type 1: neither an SMMU nor "
		       "an ITS group");
	iomm_firmware_put(firmware);
}

static void test_component(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	/* Several IDs: its own are not known, and each is asked for. */
	firmware = one_mapping(w, &t, 0x100, 0x10, 0x40, 48);
	acpi_ask_fails(w, firmware, "\\_SB.DEV0", -1, IOMM_ENODEV,
		       "\\_SB.DEV0: no ID mapping of it leads to an SMMU");
	acpi_ask_fails(w, firmware, "\\_SB.DEV0", 0xff, IOMM_ENODEV,
		       "\\_SB.DEV0, ID 0xff: no ID mapping");
	acpi_ask_fails(w, firmware, "\\_SB.DEV0", 0x110, IOMM_ENODEV, "");
	acpi_ask(firmware, "\\_SB.DEV0", 0x10f,
		 "iommu IORT: SMMUv3 @0x9050000 0x4f | IORT+0x9c: ID "
		 "mapping\n");
	iomm_firmware_put(firmware);
	/* 32 bits, and past them. */
	firmware = one_mapping(w, &t, 0, 0x11, 0xfffffff0, 48);
	acpi_ask(firmware, "\\_SB.DEV0", 0xf,
		 "iommu IORT: SMMUv3 @0x9050000 0xffffffff | IORT+0x9c: ID "
		 "mapping\n");
	acpi_ask_fails(w, firmware, "\\_SB.DEV0", 0x10, IOMM_EINVAL,
		       "IORT+0x9c: an ID mapping takes ID 0x10 past 32 bits");
	iomm_firmware_put(firmware);
	/* All IDs that there are, and a range that would start again at 0. */
	firmware = one_mapping(w, &t, 0x10, 0, 0, 48);
	acpi_ask(firmware, "\\_SB.DEV0", UINT32_MAX,
		 "iommu IORT: SMMUv3 @0x9050000 0xffffffef | IORT+0x9c: ID "
		 "mapping\n");
	acpi_ask_fails(w, firmware, "\\_SB.DEV0", 0xf, IOMM_ENODEV, "");
	iomm_firmware_put(firmware);
	/* Overlaps: harmless where both say the same. */
	at = component(&t, 2);
	mapping(&t, 0, 0x11, 0x100, 48, 0);
	mapping(&t, 0x10, 0x10, 0x110, 48, 0);
	end_node(&t, at);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "\\_SB.DEV0", 0x10,
		 "iommu IORT: SMMUv3 @0x9050000 0x110 | IORT+0x9c: ID "
		 "mapping\n");
	iomm_firmware_put(firmware);
	acpi_set(&t, 116 + 40 + 28, 0x200, 4);
	acpi_sum(&t);
	firmware = acpi_source(w, &t);
	acpi_ask_fails(w, firmware, "\\_SB.DEV0", 0x10, IOMM_EINVAL,
		       "IORT+0xb0: the ID mapping has ID 0x10, as that at 0x9c "
		       "has, which takes it elsewhere");
	acpi_ask(firmware, "\\_SB.DEV0", 0xf,
		 "iommu IORT: SMMUv3 @0x9050000 0x10f | IORT+0x9c: ID "
		 "mapping\n");
	iomm_firmware_put(firmware);
}

/* Overwrites a byte of the root complex at 116. */
static void
root_is_wrong(struct world *w, const struct table *t, uint32_t at, uint8_t byte)
{
	struct iomm_firmware *firmware;
	struct table copy = *t;

	acpi_set(&copy, 116 + at, byte, 1);
	acpi_sum(&copy);
	firmware = acpi_source(w, &copy);
	acpi_ask_fails(w, firmware, "PCI segment 7", 0, IOMM_EINVAL,
		       at == 32 ? "IORT+0x74: PASIDs of 20 bits and addresses "
				  "of 65"
				: "IORT+0x74: PASIDs of 21 bits and addresses "
				  "of 44");
	iomm_firmware_put(firmware);
}

/* Fields that came with revisions of a root complex. */
static void test_root(void **state)
{
	static const struct {
		uint8_t revision, flags;
		const char *limits;
	} cases[] = {
		{ 0, 1, "device coherent\n" },
		{ 1, 1, "device coherent bits=44\n" },
		{ 2, 1, "device coherent bits=44\n" },
		/* E.b: what were to be PASIDs is reserved. */
		{ 3, 1, "device coherent bits=44\n" },
		{ 4, 0xfe, "device coherent bits=44\n" },
		{ 4, 1, "device coherent pasid=20 bits=44\n" },
	};
	struct world *w = *state;
	struct iomm_firmware *firmware;
	char expected[256];
	struct table t;
	uint32_t n, at;

	for (n = 0; n < LENGTH(cases); n++) {
		begin(&t, 0, 2);
		smmu(&t, 0x9050000);
		at = root(&t, cases[n].revision, 7, 1);
		acpi_set(&t, at + 36, cases[n].flags, 4);
		mapping(&t, 0, 0x10000, 0x10000, 48, 0);
		end_node(&t, at);
		acpi_finish(&t);
		firmware = acpi_source(w, &t);
		strcpy(expected, IOMMU_OF("00"));
		strcat(expected, cases[n].limits);
		acpi_ask(firmware, "PCI segment 7", 0, expected);
		iomm_firmware_put(firmware);
	}
	acpi_refused_with(w, &t, 116 + 28, 0x10000, 4, IOMM_EINVAL,
			  "IORT+0x90: 0x10000 is no PCI segment");
	root_is_wrong(w, &t, 32, 65);
	root_is_wrong(w, &t, 33, 21);
	/* Mappings where the flags would be, and where the size limit, as in
	 * the oldest tables. */
	begin(&t, 5, 2);
	smmu(&t, 0x9050000);
	at = node(&t, ROOT, 4, 1, 36);
	ACPI_PUT(&t, 8, 0, 4, 0, 4, 7, 1, 44, 2, 20, 1, 0);
	mapping(&t, 0x87, 0x80, 0x10000, 48, 0);
	end_node(&t, at);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 7", 0x87,
		 "iommu IORT: SMMUv3 @0x9050000 0x10000 | IORT+0x98: ID "
		 "mapping\ndevice bits=44\n");
	iomm_firmware_put(firmware);
	begin(&t, 0, 2);
	smmu(&t, 0x9050000);
	at = node(&t, ROOT, 4, 1, 32);
	ACPI_PUT(&t, 8, 0, 4, 0, 4, 7);
	mapping(&t, 0x87, 0x80, 0x10000, 48, 0);
	end_node(&t, at);
	acpi_finish(&t);
	firmware = acpi_source(w, &t);
	acpi_ask(firmware, "PCI segment 7", 0x87,
		 "iommu IORT: SMMUv3 @0x9050000 0x10000 | IORT+0x94: ID "
		 "mapping\n");
	iomm_firmware_put(firmware);
}

/* A segment is coherent when each of its root complexes is; of the values of
 * CCA, only 1 says so. */
static void test_coherence(void **state)
{
	static const uint32_t cca[][2] = {
		{ 1, 1 }, { 0, 1 }, { 1, 0 }, { 2, 1 }, { 1, 0xffffffff }
	};
	struct world *w = *state;
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t n, m, at;

	for (n = 0; n < LENGTH(cca); n++) {
		begin(&t, 5, 3);
		smmu(&t, 0x9050000);
		for (m = 0; m < 2; m++) {
			at = root(&t, 0, 0, 1);
			acpi_set(&t, at + 16, cca[n][m], 4);
			mapping(&t, m, 1, m, 48, 0);
			end_node(&t, at);
		}
		acpi_finish(&t);
		firmware = acpi_source(w, &t);
		assert_ok(iomm_firmware_node_info(
			firmware, node_at(firmware, "PCI segment 0"), &info));
		assert_int_equal(!!(info.flags & IOMM_NODE_COHERENT),
				 cca[n][0] == 1 && cca[n][1] == 1);
		/* A function has what its own root complex says. */
		acpi_ask(firmware, "PCI segment 0", 1,
			 cca[n][1] == 1 ? "iommu IORT: SMMUv3 @0x9050000 0x1 | "
					  "IORT+0xd8: ID mapping\n"
					  "device coherent\n"
					: "iommu IORT: SMMUv3 @0x9050000 0x1 | "
					  "IORT+0xd8: ID mapping\n");
		iomm_firmware_put(firmware);
	}
}

static void test_structure(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware;
	struct table t;
	uint32_t at;

	firmware = one_mapping(w, &t, 0, 1, 5, 48);
	iomm_firmware_put(firmware);
	acpi_refused_with(w, &t, 36, 3, 4, IOMM_EINVAL,
			  "IORT+0xb0: a structure of 16 bytes does not end "
			  "before 0xb0");
	acpi_refused_with(w, &t, 36, UINT32_MAX, 4, IOMM_EINVAL, "IORT+0xb0");
	acpi_refused_with(w, &t, 40, 47, 4, IOMM_EINVAL,
			  "the structures start at 0x2f, within the header");
	acpi_refused_with(w, &t, 40, UINT32_MAX, 4, IOMM_EINVAL,
			  "IORT+0xffffffff: a structure");
	acpi_refused_with(w, &t, 49, 15, 2, IOMM_EINVAL,
			  "IORT+0x30: a structure has 15 bytes, less than its "
			  "header of 16");
	acpi_refused_with(w, &t, 49, 0xffff, 2, IOMM_EINVAL,
			  "IORT+0x30: a structure of 65535 bytes");
	acpi_refused_with(w, &t, 116 + 8, 2, 4, IOMM_EINVAL,
			  "IORT+0x9c: an array of ID mappings of 40 bytes");
	acpi_refused_with(w, &t, 116 + 8, 0x0ccccccd, 4, IOMM_EINVAL,
			  "an array of ID mappings of 4294967300 bytes");
	acpi_refused_with(w, &t, 116 + 12, 15, 4, IOMM_EINVAL,
			  "the ID mappings start 0xf bytes behind the start of "
			  "a node of 0x3c");
	acpi_refused_with(w, &t, 116 + 12, 0xfffffff0, 4, IOMM_EINVAL,
			  "the ID mappings start 0xfffffff0 bytes behind");
	/* A name: unprintable, empty, without an end. */
	acpi_refused_with(w, &t, 116 + 30, 0x1b, 1, IOMM_EINVAL,
			  "IORT+0x92: a name has the character 0x1b in it");
	acpi_refused_with(w, &t, 116 + 29, 0, 1, IOMM_EINVAL,
			  "IORT+0x91: a name has 0 characters, not 1 to 255");
	begin(&t, 5, 1);
	at = node(&t, COMPONENT, 4, 0, 0);
	ACPI_PUT(&t, 4, 0, 8, 0, 1, 0);
	for (uint32_t n = 0; n < 255; n++)
		acpi_put(&t, 'A', 1);
	acpi_put(&t, 0, 1);
	end_node(&t, at);
	acpi_finish(&t);
	iomm_firmware_put(acpi_source(w, &t));
	acpi_refused_with(w, &t, t.length - 1, 'A', 1, IOMM_EINVAL,
			  "a name does not end before");
	t.length--;
	ACPI_PUT(&t, 1, 'A', 1, 0);
	end_node(&t, at);
	acpi_finish(&t);
	acpi_refused(w, &t, IOMM_EINVAL, "a name has 256 characters");
}

/* Each type is as long as its fields, and what is not known is passed over. */
static void test_types(void **state)
{
	static const struct {
		uint8_t type;
		uint32_t bytes; /* one more is enough */
	} least[] = {
		{ ITS, 19 },  { COMPONENT, 29 }, { ROOT, 31 },
		{ SMMU, 59 }, { SMMU_V3, 59 },	 { RMR, 27 },
	};
	struct world *w = *state;
	struct table t;
	uint32_t n, at;

	for (n = 0; n < LENGTH(least); n++) {
		begin(&t, 5, 1);
		at = node(&t, least[n].type, 0, 0, 0);
		t.length = at + least[n].bytes;
		end_node(&t, at);
		acpi_finish(&t);
		acpi_refused(w, &t, IOMM_EINVAL, "does not end before");
	}
	begin(&t, 5, 1);
	at = node(&t, ITS, 0, 0, 0);
	ACPI_PUT(&t, 4, 2, 4, 0);
	end_node(&t, at);
	acpi_finish(&t);
	acpi_refused(w, &t, IOMM_EINVAL,
		     "IORT+0x44: an array of ITS identifiers of 8 bytes");
	begin(&t, 5, 2);
	end_node(&t, node(&t, PMCG, 0, 0, 0));
	end_node(&t, node(&t, 99, 0, 0, 0));
	acpi_finish(&t);
	iomm_firmware_put(acpi_source(w, &t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_rmr),	     WORLD_TEST(test_rmr_wrong),
		WORLD_TEST(test_references), WORLD_TEST(test_component),
		WORLD_TEST(test_root),	     WORLD_TEST(test_coherence),
		WORLD_TEST(test_structure),  WORLD_TEST(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
