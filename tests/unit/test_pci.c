/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PCI topologies that are described: requester IDs, paths, and what is refused.
 * Those that are read from a sysfs are in test_pci_sysfs.c. */
#include "unit/support.h"

#include <iomm/pci.h>

/* bus, device, function */
#define RID(b, d, f) ((b) << 8 | (d) << 3 | (f))

#define PORT(where, kind, first, last)                                      \
	{                                                                   \
		.flags = IOMM_PCI_BRIDGE, .type = IOMM_PCI_##kind,          \
		.rid = (where), .secondary = (first), .subordinate = (last) \
	}
#define LEAF(where, kind)                               \
	{                                               \
		.type = IOMM_PCI_##kind, .rid = (where) \
	}

/*
 * 00:00.0  integrated endpoint
 * 00:01.0  root port, to 01..07
 *   01:00.0  upstream port, to 02..07
 *     02:00.0  downstream port, to 03: 03:00.0 and 03:00.1
 *     02:01.0  downstream port, to 04..07
 *       04:00.0  PCIe-to-PCI bridge, to 05..06
 *         05:00.0  conventional
 *         05:02.0  conventional
 *         05:03.0  conventional bridge, to 06: 06:00.0
 * 00:1e.0  conventional bridge, to 08..0a
 *   08:01.0  conventional
 *   08:02.0  PCI-to-PCIe bridge, to 09..0a
 *     09:00.0  root port of what is below, to 0a: 0a:00.0
 */
static const struct iomm_pci_function machine[] = {
	LEAF(RID(0, 0, 0), RC_ENDPOINT),
	PORT(RID(0, 1, 0), ROOT_PORT, 1, 7),
	PORT(RID(1, 0, 0), UPSTREAM, 2, 7),
	PORT(RID(2, 0, 0), DOWNSTREAM, 3, 3),
	LEAF(RID(3, 0, 0), ENDPOINT),
	LEAF(RID(3, 0, 1), LEGACY_ENDPOINT),
	PORT(RID(2, 1, 0), DOWNSTREAM, 4, 7),
	PORT(RID(4, 0, 0), PCIE_TO_PCI, 5, 6),
	LEAF(RID(5, 0, 0), CONVENTIONAL),
	LEAF(RID(5, 2, 0), CONVENTIONAL),
	PORT(RID(5, 3, 0), CONVENTIONAL, 6, 6),
	LEAF(RID(6, 0, 0), CONVENTIONAL),
	PORT(RID(0, 0x1e, 0), CONVENTIONAL, 8, 0xa),
	LEAF(RID(8, 1, 0), CONVENTIONAL),
	PORT(RID(8, 2, 0), PCI_TO_PCIE, 9, 0xa),
	PORT(RID(9, 0, 0), ROOT_PORT, 0xa, 0xa),
	LEAF(RID(0xa, 0, 0), ENDPOINT),
};

static struct iomm_pci *
make(struct world *w, const struct iomm_pci_function *functions, uint32_t count)
{
	struct iomm_pci *pci = NULL;

	assert_ok(iomm_pci_create(w->ctx, functions, count, sizeof(*functions),
				  &pci));
	return pci;
}

#define MAKE(w, functions) make((w), (functions), LENGTH(functions))

/* The IDs of a function are these, in this order. */
static void
check_ids(struct iomm_pci *pci, uint32_t rid, const uint32_t *ids, uint32_t nr)
{
	struct iomm_pci_id got[512];
	uint32_t count = LENGTH(got), n;

	assert_ok(iomm_pci_aliases(pci, 0, rid, got, sizeof(got[0]), &count));
	assert_int_equal(count, nr);
	for (n = 0; n < nr; n++) {
		assert_int_equal(got[n].segment, 0);
		assert_int_equal(got[n].rid, ids[n]);
	}
}

#define CHECK_IDS(pci, rid, ...)                                   \
	check_ids((pci), (rid), (const uint32_t[]){ __VA_ARGS__ }, \
		  LENGTH(((const uint32_t[]){ __VA_ARGS__ })))

static void test_aliases(void **state)
{
	struct iomm_pci *pci = MAKE((struct world *)*state, machine);

	CHECK_IDS(pci, RID(0, 0, 0), RID(0, 0, 0));
	/* Ports pass IDs through. */
	CHECK_IDS(pci, RID(3, 0, 0), RID(3, 0, 0));
	CHECK_IDS(pci, RID(3, 0, 1), RID(3, 0, 1));
	CHECK_IDS(pci, RID(2, 1, 0), RID(2, 1, 0));
	/* The bridge to PCI gives device 0 of its secondary bus, once. */
	CHECK_IDS(pci, RID(5, 2, 0), RID(5, 2, 0), RID(5, 0, 0));
	CHECK_IDS(pci, RID(5, 0, 0), RID(5, 0, 0));
	/* A conventional bridge gives its own, and what is above goes on. */
	CHECK_IDS(pci, RID(6, 0, 0), RID(6, 0, 0), RID(5, 3, 0), RID(5, 0, 0));
	CHECK_IDS(pci, RID(8, 1, 0), RID(8, 1, 0), RID(0, 0x1e, 0));
	/* Back to PCI Express: the bridge's own, then the one above it. */
	CHECK_IDS(pci, RID(0xa, 0, 0), RID(0xa, 0, 0), RID(8, 2, 0),
		  RID(0, 0x1e, 0));
	/* Virtual functions: of a bus that the bridge has, and of none. */
	CHECK_IDS(pci, RID(7, 3, 1), RID(7, 3, 1));
	CHECK_IDS(pci, RID(6, 5, 1), RID(6, 5, 1), RID(5, 3, 0), RID(5, 0, 0));
	CHECK_IDS(pci, RID(0xff, 0, 0), RID(0xff, 0, 0));
	iomm_pci_put(pci);
}

static void test_aliases_of_functions(void **state)
{
	static const uint8_t others[] = { 1 << 3, 0, 1 << 3 };
	const struct iomm_pci_function functions[] = {
		PORT(RID(0, 1, 0), ROOT_PORT, 1, 2),
		PORT(RID(1, 0, 0), PCIE_TO_PCI, 2, 2),
		{ .type = IOMM_PCI_CONVENTIONAL,
		  .rid = RID(2, 3, 0),
		  .aliases = others,
		  .nr_aliases = LENGTH(others) },
	};
	struct iomm_pci *pci = MAKE((struct world *)*state, functions);

	/* Each once, also what the bridge gives. */
	CHECK_IDS(pci, RID(2, 3, 0), RID(2, 3, 0), RID(2, 1, 0), RID(2, 0, 0));
	iomm_pci_put(pci);
}

static void test_quirks(void **state)
{
	const uint32_t q = IOMM_PCI_QUIRKS;
	const struct iomm_pci_function functions[] = {
		/* A Marvell SATA controller, with quirks and without. */
		{ .flags = q, .rid = RID(0, 2, 0), .id = 0x91721b4b },
		{ .rid = RID(0, 3, 0), .id = 0x91721b4b },
		/* A Ricoh card reader: function 0 has no other ID. */
		{ .flags = q, .rid = RID(0, 4, 0), .id = 0xe8321180 },
		{ .flags = q, .rid = RID(0, 4, 2), .id = 0xe8321180 },
		/* Adaptec: by subsystem */
		{ .flags = q,
		  .rid = RID(0, 5, 0),
		  .id = 0x02859005,
		  .subsystem = 0x02bb9005 },
		{ .flags = q,
		  .rid = RID(0, 6, 0),
		  .id = 0x02859005,
		  .subsystem = 0x02b09005 },
		{ .flags = q, .rid = RID(0, 7, 0), .id = 0x22608086 },
	};
	struct iomm_pci *pci = MAKE((struct world *)*state, functions);

	CHECK_IDS(pci, RID(0, 2, 0), RID(0, 2, 0), RID(0, 2, 1));
	CHECK_IDS(pci, RID(0, 3, 0), RID(0, 3, 0));
	CHECK_IDS(pci, RID(0, 4, 0), RID(0, 4, 0));
	CHECK_IDS(pci, RID(0, 4, 2), RID(0, 4, 2), RID(0, 4, 0));
	CHECK_IDS(pci, RID(0, 5, 0), RID(0, 5, 0), RID(0, 1, 0));
	CHECK_IDS(pci, RID(0, 6, 0), RID(0, 6, 0));
	CHECK_IDS(pci, RID(0, 7, 0), RID(0, 7, 0), RID(0, 0x10, 0),
		  RID(0, 0x11, 0), RID(0, 0x12, 3));
	iomm_pci_put(pci);
}

/* Five functions of each of the 32 devices of its bus, or all. */
static void test_quirk_of_any_device(void **state)
{
	const struct iomm_pci_function functions[] = {
		{ .flags = IOMM_PCI_QUIRKS,
		  .rid = RID(0, 2, 1),
		  .id = 0x29548086 },
		{ .flags = IOMM_PCI_QUIRKS,
		  .rid = RID(1, 0, 0),
		  .id = 0x87b010b5 },
	};
	struct iomm_pci *pci = MAKE((struct world *)*state, functions);
	struct iomm_pci_id got[256];
	uint32_t count = LENGTH(got), n;

	assert_ok(iomm_pci_aliases(pci, 0, RID(0, 2, 1), got, sizeof(got[0]),
				   &count));
	assert_int_equal(count, 32 * 5);
	assert_int_equal(got[0].rid, RID(0, 2, 1));
	for (n = 1; n < count; n++)
		assert_true((got[n].rid & 7) < 5 && got[n].rid != got[0].rid);
	count = LENGTH(got);
	assert_ok(iomm_pci_aliases(pci, 0, RID(1, 0, 0), got, sizeof(got[0]),
				   &count));
	assert_int_equal(count, 256);
	for (n = 0; n < count; n++)
		assert_int_equal(got[n].rid, RID(1, 0, 0) + n);
	iomm_pci_put(pci);
}

/* A bridge that lacks the capability: what is above it decides. */
static void test_quirk_of_bridges(void **state)
{
	const struct iomm_pci_function functions[] = {
		PORT(RID(0, 1, 0), ROOT_PORT, 1, 2),
		{ .flags = IOMM_PCI_BRIDGE | IOMM_PCI_QUIRKS,
		  .type = IOMM_PCI_CONVENTIONAL,
		  .rid = RID(1, 0, 0),
		  .id = 0x10801b21,
		  .secondary = 2,
		  .subordinate = 2 },
		/* The same chip on the root bus, and below conventional PCI. */
		{ .flags = IOMM_PCI_BRIDGE | IOMM_PCI_QUIRKS,
		  .type = IOMM_PCI_CONVENTIONAL,
		  .rid = RID(0, 2, 0),
		  .id = 0x10801b21,
		  .secondary = 3,
		  .subordinate = 4 },
		{ .flags = IOMM_PCI_BRIDGE | IOMM_PCI_QUIRKS,
		  .type = IOMM_PCI_CONVENTIONAL,
		  .rid = RID(3, 7, 0),
		  .id = 0x10801b21,
		  .secondary = 4,
		  .subordinate = 4 },
		/* And below a bridge that says what it is, as its device 0. */
		PORT(RID(0, 3, 0), PCIE_TO_PCI, 5, 6),
		{ .flags = IOMM_PCI_BRIDGE | IOMM_PCI_QUIRKS,
		  .type = IOMM_PCI_CONVENTIONAL,
		  .rid = RID(5, 0, 0),
		  .id = 0x10801b21,
		  .secondary = 6,
		  .subordinate = 6 },
	};
	struct iomm_pci *pci = MAKE((struct world *)*state, functions);

	CHECK_IDS(pci, RID(2, 5, 0), RID(2, 5, 0), RID(2, 0, 0));
	CHECK_IDS(pci, RID(3, 5, 0), RID(3, 5, 0), RID(0, 2, 0));
	CHECK_IDS(pci, RID(4, 5, 0), RID(4, 5, 0), RID(3, 7, 0), RID(0, 2, 0));
	CHECK_IDS(pci, RID(6, 5, 0), RID(6, 5, 0), RID(5, 0, 0));
	iomm_pci_put(pci);
}

static void test_translation_root(void **state)
{
	const struct iomm_pci_function functions[] = {
		PORT(RID(0, 1, 0), CONVENTIONAL, 1, 4),
		{ .flags = IOMM_PCI_BRIDGE | IOMM_PCI_TRANSLATION_ROOT,
		  .type = IOMM_PCI_CONVENTIONAL,
		  .rid = RID(1, 0, 0),
		  .secondary = 2,
		  .subordinate = 2 },
		{ .flags = IOMM_PCI_BRIDGE | IOMM_PCI_QUIRKS,
		  .type = IOMM_PCI_CONVENTIONAL,
		  .rid = RID(1, 1, 0),
		  .id = 0x900014e4,
		  .secondary = 3,
		  .subordinate = 3 },
		PORT(RID(1, 2, 0), CONVENTIONAL, 4, 4),
	};
	struct iomm_pci *pci = MAKE((struct world *)*state, functions);

	CHECK_IDS(pci, RID(2, 1, 0), RID(2, 1, 0));
	CHECK_IDS(pci, RID(3, 1, 0), RID(3, 1, 0));
	CHECK_IDS(pci, RID(4, 1, 0), RID(4, 1, 0), RID(1, 2, 0), RID(0, 1, 0));
	iomm_pci_put(pci);
}

/* Behind a controller with a segment of its own. */
static void test_real_dma(void **state)
{
	const struct iomm_pci_function functions[] = {
		LEAF(RID(0x5d, 5, 5), RC_ENDPOINT),
		{ .flags = IOMM_PCI_REAL_DMA,
		  .segment = 0x10000,
		  .rid = RID(2, 0, 0),
		  .real_rid = RID(0x5d, 5, 5) },
		{ .flags = IOMM_PCI_BRIDGE,
		  .type = IOMM_PCI_CONVENTIONAL,
		  .segment = 0x10000,
		  .rid = RID(0, 1, 0),
		  .secondary = 2,
		  .subordinate = 2 },
	};
	struct iomm_pci *pci = MAKE((struct world *)*state, functions);
	struct iomm_pci_id id[2];
	uint32_t count = 2;

	assert_ok(iomm_pci_aliases(pci, 0x10000, RID(2, 0, 0), id,
				   sizeof(id[0]), &count));
	assert_int_equal(count, 1);
	assert_int_equal(id[0].segment, 0);
	assert_int_equal(id[0].rid, RID(0x5d, 5, 5));
	iomm_pci_put(pci);
}

static void test_arrays(void **state)
{
	struct world *w = *state;
	struct iomm_pci *pci = MAKE(w, machine);
	struct iomm_pci_function f[LENGTH(machine)];
	struct {
		struct iomm_pci_id id;
		uint32_t more;
	} wide[2] = { { .more = 1 }, { .more = 1 } };
	uint32_t count = 0;

	assert_int_equal(iomm_pci_functions(pci, NULL, 0, &count),
			 -IOMM_EMSGSIZE);
	assert_int_equal(count, LENGTH(machine));
	assert_ok(iomm_pci_functions(pci, f, sizeof(f[0]), &count));
	assert_int_equal(memcmp(f, machine, sizeof(f)), 0);

	count = 1;
	assert_fails(iomm_pci_aliases(pci, 0, RID(5, 2, 0), &wide[0].id,
				      sizeof(wide[0]), &count),
		     IOMM_EMSGSIZE, w->ctx, "arrives under 2 IDs");
	assert_int_equal(count, 2);
	assert_int_equal(wide[0].more, 1);
	assert_ok(iomm_pci_aliases(pci, 0, RID(5, 2, 0), &wide[0].id,
				   sizeof(wide[0]), &count));
	assert_int_equal(wide[1].id.rid, RID(5, 0, 0));
	assert_int_equal(wide[1].more, 0);

	count = 2;
	assert_int_equal(iomm_pci_aliases(pci, 0, 0, &wide[0].id, 7, &count),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_pci_aliases(pci, 0, 0, NULL, 8, &count),
			 -IOMM_EINVAL);
	assert_fails(iomm_pci_aliases(pci, 0, 0x10000, &wide[0].id, 8, &count),
		     IOMM_EINVAL, w->ctx, "more than 16 bits");
	assert_int_equal(iomm_pci_aliases(pci, 0, 0, NULL, 8, NULL),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_pci_aliases(NULL, 0, 0, NULL, 8, &count),
			 -IOMM_EINVAL);
	iomm_pci_put(pci);
}

static void test_route(void **state)
{
	static const uint8_t path[] = { 1 << 3, 0, 1 << 3, 0, 2 << 3 };
	struct world *w = *state;
	struct iomm_pci *pci = MAKE(w, machine);
	uint32_t rid = 0;

	assert_ok(iomm_pci_route(pci, 0, 0, path, LENGTH(path), &rid));
	assert_int_equal(rid, RID(5, 2, 0));
	assert_ok(iomm_pci_route(pci, 0, 0x42, path, 1, &rid));
	assert_int_equal(rid, RID(0x42, 1, 0));
	assert_fails(iomm_pci_route(pci, 0, 0x42, path + 4, 2, &rid),
		     IOMM_ENOENT, w->ctx, "0x4210 of segment 0x0 is not there");
	assert_fails(iomm_pci_route(pci, 0, 0, path + 1, 2, &rid), IOMM_ENOENT,
		     w->ctx, "step 0 of a path: ID 0x0");
	assert_fails(iomm_pci_route(pci, 0, 0, path, 0, &rid), IOMM_EINVAL,
		     w->ctx, "0 steps");
	assert_int_equal(iomm_pci_route(pci, 0, 256, path, 1, &rid),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_pci_route(pci, 0, 0, NULL, 1, &rid),
			 -IOMM_EINVAL);
	assert_int_equal(rid, RID(0x42, 1, 0));
	iomm_pci_put(pci);
}

static void refused(struct world *w, const struct iomm_pci_function *functions,
		    uint32_t count, int code, const char *why)
{
	struct iomm_pci *pci = UNTOUCHED;

	assert_fails(iomm_pci_create(w->ctx, functions, count,
				     sizeof(*functions), &pci),
		     code, w->ctx, why);
	assert_ptr_equal(pci, UNTOUCHED);
}

/* Each is the second function, beside a root port to 1..4. */
static void test_refused(void **state)
{
	static const uint8_t one[1];
	const struct {
		struct iomm_pci_function f;
		int code;
		const char *why;
	} bad[] = {
		{ { .flags = 1u << 4 }, IOMM_EINVAL, "flags" },
		{ { .type = 2 }, IOMM_EINVAL, "0x2 is no type" },
		{ { .type = 0x40 }, IOMM_EINVAL, "0x40 is no type" },
		{ { .rid = 0x10000 }, IOMM_EINVAL, "16 bits" },
		{ { .real_rid = 0x10000 }, IOMM_EINVAL, "16 bits" },
		{ { .nr_aliases = 1 }, IOMM_EINVAL, "1 aliases at NULL" },
		{ { .nr_aliases = 257, .aliases = one }, IOMM_EINVAL, "257" },
		{ { .reserved = 1 }, IOMM_EINVAL, "reserved" },
		{ { .secondary = 5 }, IOMM_EINVAL, "only a bridge has" },
		{ { .flags = IOMM_PCI_TRANSLATION_ROOT },
		  IOMM_EINVAL,
		  "only a bridge has" },
		{ PORT(0x10, ENDPOINT, 5, 5), IOMM_EINVAL, "is none of a br" },
		{ PORT(RID(4, 0, 0), ROOT_PORT, 4, 4), IOMM_EINVAL,
		  "not above its own" },
		{ PORT(0x10, ROOT_PORT, 6, 5), IOMM_EINVAL, "0x6 to 0x5" },
		{ PORT(0x10, ROOT_PORT, 5, 256), IOMM_EINVAL, "0x5 to 0x100" },
		{ PORT(0x10, ROOT_PORT, 4, 5), IOMM_EINVAL,
		  "another bridge's" },
		{ PORT(0x10, ROOT_PORT, 2, 3), IOMM_EINVAL,
		  "another bridge's" },
		{ PORT(RID(2, 0, 0), UPSTREAM, 4, 5), IOMM_EINVAL,
		  "another bridge's" },
		{ PORT(RID(2, 0, 0), UPSTREAM, 5, 5), IOMM_EINVAL,
		  "another bridge's" },
		{ PORT(0x10, ROOT_PORT, 1, 1), IOMM_EEXIST,
		  "both lead to bus" },
		{ LEAF(RID(0, 1, 0), ENDPOINT), IOMM_EEXIST,
		  "functions 0 and 1 are both" },
	};
	struct iomm_pci_function functions[2] = { PORT(RID(0, 1, 0), ROOT_PORT,
						       1, 4) };
	uint32_t n;

	for (n = 0; n < LENGTH(bad); n++) {
		functions[1] = bad[n].f;
		refused(*state, functions, 2, bad[n].code, bad[n].why);
	}
	refused(*state, functions, 0, IOMM_EINVAL, "and not 0");
	refused(*state, functions, IOMM_PCI_FUNCTIONS_MAX + 1, IOMM_EINVAL,
		"and not 16777217");
	refused(*state, NULL, 1, IOMM_EINVAL, "NULL");
}

static void test_strides(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_pci_function f;
		uint64_t more;
	} wide[2] = { { .f = LEAF(1, ENDPOINT) }, { .f = LEAF(2, ENDPOINT) } };
	struct iomm_pci *pci = NULL;
	uint32_t count = 0;

	assert_ok(
		iomm_pci_create(w->ctx, &wide[0].f, 2, sizeof(wide[0]), &pci));
	assert_int_equal(iomm_pci_functions(pci, NULL, 0, &count),
			 -IOMM_EMSGSIZE);
	assert_int_equal(count, 2);
	iomm_pci_put(pci);

	wide[1].more = 1;
	assert_fails(iomm_pci_create(w->ctx, &wide[0].f, 2, sizeof(wide[0]),
				     &pci),
		     IOMM_E2BIG, w->ctx, "offset 56");
	assert_int_equal(iomm_pci_create(w->ctx, &wide[0].f, 2, 55, &pci),
			 -IOMM_EINVAL);
}

static int create_once(struct world *w, void *arg)
{
	static const uint8_t alias[] = { 7 };
	struct iomm_pci_function functions[] = {
		PORT(RID(0, 1, 0), ROOT_PORT, 1, 4),
		{ .rid = 0x55, .aliases = alias, .nr_aliases = 1 },
	};

	return iomm_pci_create(w->ctx, functions, 2, sizeof(functions[0]), arg);
}

static void test_no_memory(void **state)
{
	struct iomm_pci *pci = NULL;

	/* Object, functions, two tables, aliases. */
	assert_int_equal(world_each_site(*state, create_once, &pci), 5);
	CHECK_IDS(pci, 0x55, 0x55, 7);
	iomm_pci_put(pci);
}

static void test_references(void **state)
{
	struct world *w = *state;
	struct iomm_pci *pci = MAKE(w, machine);

	assert_ptr_equal(iomm_pci_get(pci), pci);
	assert_int_equal(world_live(w, IOMM_HANDLE_PCI), 1);
	iomm_pci_put(pci);
	CHECK_IDS(pci, 0, 0);
	iomm_pci_put(pci);
	assert_int_equal(world_live(w, IOMM_HANDLE_PCI), 0);
	iomm_pci_put(NULL);
	assert_null(iomm_pci_get(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_aliases),
		WORLD_TEST(test_aliases_of_functions),
		WORLD_TEST(test_quirks),
		WORLD_TEST(test_quirk_of_any_device),
		WORLD_TEST(test_quirk_of_bridges),
		WORLD_TEST(test_translation_root),
		WORLD_TEST(test_real_dma),
		WORLD_TEST(test_arrays),
		WORLD_TEST(test_route),
		WORLD_TEST(test_refused),
		WORLD_TEST(test_strides),
		WORLD_TEST(test_no_memory),
		WORLD_TEST(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
