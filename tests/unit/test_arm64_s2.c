/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * arm64-s2 against the Arm Architecture Reference Manual (DDI 0487): golden
 * descriptors and registers, which tables are put side by side, and what a
 * walker makes of registers and descriptors that others wrote.
 */
#include "unit/golden.h"
#include "unit/guest.h"

#define FORMAT "arm64-s2"

static void test_golden(void **state)
{
	assert_golden(*state, FORMAT, "arm64-s2.golden", 40);
}

static void test_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .ias = 40,
					      .memory = rig->memory };
	struct iomm_pgtable *t = NULL;

	assert_ok(iomm_pgtable_create(rig->ctx, FORMAT, &config, NULL, NULL,
				      NULL, &t));
	assert_fails(iomm_pgtable_map(t, 0, 0, 4 * KB, RW | IOMM_PROT_PRIV, 0,
				      NULL),
		     IOMM_EOPNOTSUPP, rig->ctx, "privileged");
	map_ok(t, 0, 0, 4 * KB, IOMM_PROT_WRITE);
	iomm_pgtable_put(t);
	config.flags = IOMM_PGTABLE_UPPER;
	assert_fails(iomm_pgtable_create(rig->ctx, FORMAT, &config, NULL, NULL,
					 NULL, &t),
		     IOMM_EOPNOTSUPP, rig->ctx, FORMAT);
	config.flags = IOMM_PGTABLE_NS;
	assert_fails(iomm_pgtable_create(rig->ctx, FORMAT, &config, NULL, NULL,
					 NULL, &t),
		     IOMM_EOPNOTSUPP, rig->ctx, FORMAT);
	config.flags = 0;
	config.ias = 25;
	assert_fails(iomm_pgtable_create(rig->ctx, FORMAT, &config, NULL, NULL,
					 NULL, &t),
		     IOMM_EINVAL, rig->ctx, "under the 26 bits");
}

/*
 * Geometry, D8.2.2: a level with up to 16 entries is left out, and as many
 * tables are put side by side at the next one, aligned to all of them.
 */
struct geometry {
	uint64_t granule;
	uint32_t ias;
	int32_t level;
	uint64_t root_bytes;
};

static const struct geometry geometry[] = {
	{ 4 * KB, 48, 0, 4 * KB },     { 4 * KB, 44, 0, 256 },
	{ 4 * KB, 43, 1, 64 * KB },    { 4 * KB, 40, 1, 8 * KB },
	{ 4 * KB, 39, 1, 4 * KB },     { 4 * KB, 35, 1, 256 },
	{ 4 * KB, 34, 2, 64 * KB },    { 4 * KB, 31, 2, 8 * KB },
	{ 4 * KB, 26, 2, 256 },	       { 4 * KB, 49, 0, 8 * KB },
	{ 4 * KB, 52, 0, 64 * KB },    { 16 * KB, 48, 1, 32 * KB },
	{ 16 * KB, 47, 1, 16 * KB },   { 16 * KB, 41, 1, 256 },
	{ 16 * KB, 40, 2, 256 * KB },  { 16 * KB, 30, 2, 256 },
	{ 16 * KB, 29, 3, 256 * KB },  { 16 * KB, 25, 3, 16 * KB },
	{ 16 * KB, 51, 1, 256 * KB },  { 16 * KB, 52, 0, 256 },
	{ 64 * KB, 48, 1, 512 },       { 64 * KB, 47, 1, 256 },
	{ 64 * KB, 46, 2, 1024 * KB }, { 64 * KB, 43, 2, 128 * KB },
	{ 64 * KB, 42, 2, 64 * KB },   { 64 * KB, 34, 2, 256 },
	{ 64 * KB, 33, 3, 1024 * KB }, { 64 * KB, 25, 3, 4 * KB },
	{ 64 * KB, 52, 1, 8 * KB },
};

#define ARENA_PA UINT64_C(0x40000000)

/* Two pages in each sixteenth of the width, the last one among them: one table
 * each, where there are sixteen. */
static void check_geometry(struct rig *rig, struct iomm_table_memory *memory,
			   const struct geometry *g)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = IOMM_PGTABLE_COHERENT,
		.granule = g->granule,
		.ias = g->ias,
		.memory = memory,
	};
	uint64_t part = UINT64_C(1) << (g->ias - 4), page = g->granule, at, n;
	struct iomm_pgtable_info info;
	struct iomm_pgtable *t;

	assert_ok(iomm_pgtable_create(rig->ctx, FORMAT, &config, &rig_tlb, rig,
				      NULL, &t));
	info = info_of(t);
	assert_int_equal(info.table_bytes, g->root_bytes);
	assert_int_equal(info.root_pa & (g->root_bytes - 1), 0);
	for (n = 0; n < 16; n++) {
		at = part * (n + 1) - page;
		map_ok(t, at, 2 * n * page, page, RWC);
		map_ok(t, at - page, (2 * n + 1) * page, page, RO);
	}
	for (n = 0; n < 16; n++) {
		at = part * (n + 1) - page;
		assert_maps(t, at, 2 * n * page, page);
		assert_maps(t, at - page, (2 * n + 1) * page, page);
		assert_hole(t, at - 2 * page);
	}
	for (n = 0; n < 16; n++) {
		at = part * (n + 1) - page;
		unmap_ok(t, at, page, page);
		assert_hole(t, at);
		assert_maps(t, at - page, (2 * n + 1) * page, page);
	}
	unmap_ok(t, 0, 16 * part, 16 * page);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static void test_geometry(void **state)
{
	const uint64_t bytes = 16 * MB;
	struct rig *rig = *state;
	struct iomm_table_memory *memory;
	void *va = aligned_alloc(bytes, bytes);
	uint32_t i;

	assert_ok(iomm_table_memory_create_arena(rig->ctx, va, ARENA_PA, bytes,
						 NULL, NULL, &memory));
	for (i = 0; i < sizeof(geometry) / sizeof(geometry[0]); i++)
		check_geometry(rig, memory, &geometry[i]);
	iomm_table_memory_put(memory);
	free(va);
}

/* Registers of others */

#define VTCR_DS	 (UINT64_C(1) << 32)
#define VTCR_SL2 (UINT64_C(1) << 33)

/*
 * D19.2, VTCR_EL2.SL0, and D8.2: which widths go with which first level. By
 * granule (TG0), SL2:SL0; 0 to 0: none does. A table resolves at least a bit,
 * and with 16 side by side four more than it has.
 */
struct start {
	int32_t level;
	uint32_t least, most;
};

static const struct start starts[3][8] = {
	{ /* 4 KiB: level 3 needs FEAT_TTST */
	  { 2, 22, 34 },
	  { 1, 31, 43 },
	  { 0, 40, 52 },
	  { 0, 0, 0 },
	  { -1, 49, 61 },
	  { 0, 0, 0 },
	  { 0, 0, 0 },
	  { 0, 0, 0 } },
	{ /* 64 KiB; SL2 is of 4 KiB only */
	  { 3, 17, 33 },
	  { 2, 30, 46 },
	  { 1, 43, 59 },
	  { 0, 0, 0 },
	  { 3, 17, 33 },
	  { 2, 30, 46 },
	  { 1, 43, 59 },
	  { 0, 0, 0 } },
	{ /* 16 KiB: level 0 with DS only */
	  { 3, 15, 29 },
	  { 2, 26, 40 },
	  { 1, 37, 51 },
	  { 0, 48, 62 },
	  { 3, 15, 29 },
	  { 2, 26, 40 },
	  { 1, 37, 51 },
	  { 0, 48, 62 } },
};

static void check_start(struct guest *guest, uint32_t tg, uint32_t sl,
			uint32_t t0sz, bool ds)
{
	const struct start *start = &starts[tg][sl];
	uint32_t ias = 64 - t0sz, most = ds || tg == 1 ? 52 : 48;
	bool fits = start->most && ias >= start->least && ias <= start->most;

	if (!ds && sl >= 4 && tg == 0) /* without DS, SL2 is ignored */
		return check_start(guest, tg, sl & 3, t0sz, ds);
	if (!ds && tg == 2 && (sl & 3) == 3)
		fits = false;
	guest->walker.regs[IOMM_ARM64_S2_VTCR] =
		t0sz | (sl & 3) << 6 | tg << 14 | UINT64_C(5) << 16 |
		(ds ? VTCR_DS : 0) | (sl & 4 ? VTCR_SL2 : 0);
	if (ias < 25 || ias > most) {
		guest_faults(guest, 0, IOMM_RAW_REGISTERS, 0);
		assert_int_equal(guest->fetches, 0);
	} else if (!fits) {
		guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 0);
		assert_int_equal(guest->fetches, 0);
	} else {
		guest_faults(guest, 0, IOMM_RAW_TRANSLATION, start->level);
		assert_int_equal(guest->fetches, 1);
	}
}

/* Every combination: the manual's word against the walk's. */
static void test_starts(void **state)
{
	struct guest *guest = guest_new(*state, FORMAT);
	uint32_t tg, sl, t0sz;

	for (tg = 0; tg < 3; tg++)
		for (sl = 0; sl < 8; sl++)
			for (t0sz = 0; t0sz < 64; t0sz++) {
				check_start(guest, tg, sl, t0sz, false);
				check_start(guest, tg, sl, t0sz, true);
			}
	/* TG0 3 is reserved, PS 7 too. */
	guest->walker.regs[IOMM_ARM64_S2_VTCR] = 24 | 1 << 6 | 3 << 14;
	guest_faults(guest, 0, IOMM_RAW_REGISTERS, 0);
	guest->walker.regs[IOMM_ARM64_S2_VTCR] = 24 | 1 << 6 | 7 << 16;
	guest_faults(guest, 0, IOMM_RAW_REGISTERS, 0);
	guest_free(guest);
}

/* Where the first fetch goes: side by side means one long table. */
static void test_first_table(void **state)
{
	struct guest *guest = guest_new(*state, FORMAT);
	uint64_t *regs = guest->walker.regs;

	/* 4 KiB, 40 bits, level 1: 8 KiB at 0x2000. VMID and CnP do not matter,
	 * nor do address bits below the size. */
	regs[IOMM_ARM64_S2_VTCR] = 24 | 1 << 6 | 2 << 16;
	regs[IOMM_ARM64_S2_VTTBR] = 0xabcd000000003001;
	guest_faults(guest, 0x8000000000, IOMM_RAW_TRANSLATION, 1);
	assert_int_equal(guest->first_fetch, 0x3000);
	guest_faults(guest, 0xffffffffff, IOMM_RAW_TRANSLATION, 1);
	assert_int_equal(guest->first_fetch, 0x3ff8);
	guest_faults(guest, 0x10000000000, IOMM_RAW_TRANSLATION, 0);
	assert_int_equal(guest->fetches, 0);
	/* The same from level 0: two entries. */
	regs[IOMM_ARM64_S2_VTCR] = 24 | 2 << 6 | 2 << 16;
	guest_faults(guest, 0x8000000000, IOMM_RAW_TRANSLATION, 0);
	assert_int_equal(guest->first_fetch, 0x3008);
	/* Level -1, 4 KiB and DS: bits 51:48 */
	regs[IOMM_ARM64_S2_VTCR] = 12 | 6 << 16 | VTCR_DS | VTCR_SL2;
	guest_faults(guest, 0xf000000000000, IOMM_RAW_TRANSLATION, -1);
	assert_int_equal(guest->first_fetch, 0x3078);
	/* Bits 51:48 of the address are VTTBR's 5:2: not there. */
	regs[IOMM_ARM64_S2_VTTBR] = 0x3000 | 5 << 2;
	guest_faults(guest, 0, IOMM_RAW_EXTERNAL, -1);
	assert_int_equal(guest->first_fetch, 0x5000000003000);
	/* And beyond PS. */
	regs[IOMM_ARM64_S2_VTCR] = 12 | 5 << 16 | VTCR_DS | VTCR_SL2;
	guest_faults(guest, 0, IOMM_RAW_ADDRESS_SIZE, 0);
	guest_free(guest);
}

/* PS says 52 bits, but without DS these descriptors have 48 only. */
static void test_output_width(void **state)
{
	struct guest *guest = guest_new(*state, FORMAT);
	uint64_t *regs = guest->walker.regs;

	regs[IOMM_ARM64_S2_VTTBR] = 0x1000;
	regs[IOMM_ARM64_S2_VTCR] = 25 | 1 << 6 | 6 << 16;
	guest->words[0x1000 / 8] = 0x00400000400007fd;
	guest_walk(guest, 5);
	assert_int_equal(guest->got.fault, IOMM_RAW_OK);
	assert_int_equal(guest->got.paddr, 0x40000005);
	regs[IOMM_ARM64_S2_VTCR] = 25 | 1 << 6 | 0 << 16;
	guest->words[0x1000 / 8] = 0x00400001000007fd;
	guest_faults(guest, 0, IOMM_RAW_ADDRESS_SIZE, 1);
	/* Blocks of 512 GiB are with DS only. */
	regs[IOMM_ARM64_S2_VTCR] = 20 | 2 << 6 | 5 << 16;
	guest->words[0x1000 / 8] = 0x00400000000004fd;
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 0);
	regs[IOMM_ARM64_S2_VTCR] |= VTCR_DS;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.fault, IOMM_RAW_OK);
	assert_int_equal(guest->got.level, 0);
	guest_free(guest);
}

/* Descriptors of others: a block of 1 GiB at level 1. */

static uint32_t prot_of(struct guest *guest, uint64_t desc)
{
	guest->words[0x1000 / 8] = desc;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.fault, IOMM_RAW_OK);
	return guest->got.prot;
}

static void test_memory_types(void **state)
{
	/* D8.6.5: only write-back inside and outside is cached. D8.6.6: bit 3
	 * is of no meaning; 6 is write-back, and 7 what stage 1 says. */
	static const char plain[] = "mmmm-----------c";
	static const char fwb[] = "mmmm--ccmmmm--cc";
	struct guest *guest = guest_new(*state, FORMAT);
	uint64_t *regs = guest->walker.regs, attr;
	uint32_t of[128] = { ['m'] = IOMM_PROT_MMIO, ['c'] = IOMM_PROT_CACHE };

	regs[IOMM_ARM64_S2_VTTBR] = 0x1000;
	regs[IOMM_ARM64_S2_VTCR] = 25 | 1 << 6 | 5 << 16;
	for (attr = 0; attr < 16; attr++) {
		regs[IOMM_ARM64_S2_HCR] = 0;
		assert_int_equal(prot_of(guest, 0x00400000000006c1 | attr << 2),
				 RW | of[(int)plain[attr]]);
		regs[IOMM_ARM64_S2_HCR] = UINT64_C(1) << 46;
		assert_int_equal(prot_of(guest, 0x00400000000006c1 | attr << 2),
				 RW | of[(int)fwb[attr]]);
	}
	guest_free(guest);
}

static void test_rights(void **state)
{
	const uint64_t block = 0x0040000000000615, dbm = UINT64_C(1) << 51;
	struct guest *guest = guest_new(*state, FORMAT);
	uint64_t *vtcr = &guest->walker.regs[IOMM_ARM64_S2_VTCR], n;

	guest->walker.regs[IOMM_ARM64_S2_VTTBR] = 0x1000;
	*vtcr = 25 | 1 << 6 | 5 << 16;
	/* S2AP 7:6 */
	assert_int_equal(prot_of(guest, block), 0);
	assert_int_equal(prot_of(guest, block | 1 << 6), RO);
	assert_int_equal(prot_of(guest, block | 2 << 6), IOMM_PROT_WRITE);
	assert_int_equal(prot_of(guest, block | 3 << 6), RW);
	/* XN 54:53: 0 is for all; 1 and 3 are for one level only. */
	for (n = 0; n < 4; n++)
		assert_int_equal(prot_of(guest, 0x0000000000000655 | n << 53),
				 n ? RO : RO | IOMM_PROT_EXEC);
	/* DBM says nothing unless HA and HD are both set. */
	assert_int_equal(prot_of(guest, block | dbm), 0);
	*vtcr |= 1 << 22;
	assert_int_equal(prot_of(guest, block | dbm), 0);
	*vtcr |= 1 << 21;
	assert_int_equal(prot_of(guest, block | dbm), IOMM_PROT_WRITE);
	/* Links restrict nothing, whatever is in them. */
	guest->words[0x2000 / 8] = 0x0000000000000655;
	guest->words[0x1000 / 8] = 0x7800000000002003;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RO | IOMM_PROT_EXEC);
	assert_int_equal(guest->got.level, 2);
	guest_free(guest);
}

static void test_garbage(void **state)
{
	struct guest *guest = guest_new(*state, FORMAT);

	guest_garbage(guest, IOMM_ARM64_S2_VTCR, 0, 0);
	guest_free(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_golden),	     RIG_TEST(test_refuses),
		RIG_TEST(test_geometry),     RIG_TEST(test_starts),
		RIG_TEST(test_first_table),  RIG_TEST(test_output_width),
		RIG_TEST(test_memory_types), RIG_TEST(test_rights),
		RIG_TEST(test_garbage),
	};

	return cmocka_run_group_tests_name(FORMAT, tests, NULL, NULL);
}
