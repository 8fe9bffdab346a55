/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Walks of arm64-s1 from registers that others wrote, beyond what test_raw_walk
 * has: the upper half, 52 bits, and dirty tracking. Arm Architecture Reference
 * Manual (DDI 0487), D19.2 TCR_EL1 and D8.
 */
#include "unit/guest.h"

#define FORMAT "arm64-s1"

#define EPD0   (UINT64_C(1) << 7)
#define EPD1   (UINT64_C(1) << 23)
#define HA     (UINT64_C(1) << 39)
#define HD     (UINT64_C(1) << 40)
#define HPD0   (UINT64_C(1) << 41)
#define HPD1   (UINT64_C(1) << 42)
#define DS     (UINT64_C(1) << 59)
#define IPS(n) (UINT64_C(n) << 32)

#define BLOCK_1G UINT64_C(0x0060000080000f45)

static struct guest *new_guest(struct rig *rig, uint64_t tcr, uint64_t ttbr)
{
	struct guest *guest = guest_new(rig, FORMAT);

	guest->walker.regs[IOMM_ARM64_S1_TTBR0] = ttbr;
	guest->walker.regs[IOMM_ARM64_S1_TCR] = tcr;
	guest->walker.regs[IOMM_ARM64_S1_MAIR] = 0x04ff44;
	return guest;
}

static void walks_to(struct guest *guest, uint64_t iova, uint64_t paddr)
{
	guest_walk(guest, iova);
	assert_int_equal(guest->got.fault, IOMM_RAW_OK);
	assert_int_equal(guest->got.paddr, paddr);
}

/* TTBR1: only the last 2^39 addresses, and TG1's own encoding. */
static void test_upper(void **state)
{
	const uint64_t upper = 25 << 16 | EPD0 | IPS(5);
	struct guest *guest =
		new_guest(*state, upper | UINT64_C(2) << 30, 0x1000);
	uint64_t *tcr = &guest->walker.regs[IOMM_ARM64_S1_TCR];

	guest->words[0x1000 / 8] = BLOCK_1G;
	guest->words[0x1ff8 / 8] = BLOCK_1G | 0xfc0000000;
	walks_to(guest, 0xffffff8000000123, 0x80000123);
	walks_to(guest, UINT64_MAX, 0xfffffffff);
	guest_faults(guest, 0xffffff7fffffffff, IOMM_RAW_TRANSLATION, 0);
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 0);
	guest_faults(guest, 0x7fffffffff, IOMM_RAW_TRANSLATION, 0);
	assert_int_equal(guest->fetches, 0);
	/* 16 KiB: level 1 for 39 bits too; its first entry is a table. */
	*tcr = upper | UINT64_C(1) << 30;
	guest_faults(guest, 0xffffff8000000000, IOMM_RAW_TRANSLATION, 1);
	/* 64 KiB: level 2, blocks of 512 MiB; 8 KiB of table, so from 0. */
	guest->words[0] = BLOCK_1G;
	*tcr = upper | UINT64_C(3) << 30;
	walks_to(guest, 0xffffff8000000123, 0x80000123);
	assert_int_equal(guest->got.level, 2);
	*tcr = upper; /* TG1 0 is reserved */
	guest_faults(guest, UINT64_MAX, IOMM_RAW_REGISTERS, 0);
	/* Both halves disabled: no walks. T1SZ does not matter then. */
	*tcr = 25 | 25 << 16 | EPD0 | EPD1 | IPS(5);
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 0);
	/* Both enabled: TTBR0's. */
	*tcr = 25 | 30 << 16 | UINT64_C(1) << 30 | IPS(5);
	walks_to(guest, 0x123, 0x80000123);
	guest_free(guest);
}

/* HPD1 is the upper half's, and HPD0 is not. */
static void test_upper_restricts(void **state)
{
	struct guest *guest =
		new_guest(*state, 25 << 16 | EPD0 | UINT64_C(2) << 30 | IPS(5),
			  0x1000);
	uint64_t *tcr = &guest->walker.regs[IOMM_ARM64_S1_TCR];

	guest->words[0x1000 / 8] = 0x4000000000002003;
	guest->words[0x2000 / 8] = BLOCK_1G;
	guest_walk(guest, 0xffffff8000000000);
	assert_int_equal(guest->got.prot, RO | IOMM_PROT_CACHE);
	*tcr |= HPD0;
	guest_walk(guest, 0xffffff8000000000);
	assert_int_equal(guest->got.prot, RO | IOMM_PROT_CACHE);
	*tcr |= HPD1;
	guest_walk(guest, 0xffffff8000000000);
	assert_int_equal(guest->got.prot, RWC);
	guest_free(guest);
}

/* D8.5: with HA and HD, DBM stands for the right to write. */
static void test_dirty(void **state)
{
	const uint64_t clean = BLOCK_1G | 1 << 7 | UINT64_C(1) << 51;
	struct guest *guest = new_guest(*state, 25 | IPS(5), 0x1000);
	uint64_t *tcr = &guest->walker.regs[IOMM_ARM64_S1_TCR], plain = *tcr;

	guest->words[0x1000 / 8] = clean;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RO | IOMM_PROT_CACHE);
	*tcr = plain | HD;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RO | IOMM_PROT_CACHE);
	*tcr = plain | HD | HA;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RWC);
	/* A table that denies it has the last word. */
	guest->words[0x1000 / 8] = 0x4000000000002003;
	guest->words[0x2000 / 8] = clean;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RO | IOMM_PROT_CACHE);
	guest_free(guest);
}

/* The least T0SZ, by granule: 16, with 64 KiB or DS 12. */
static void test_widths(void **state)
{
	static const struct {
		uint64_t tcr;
		uint32_t least;
	} tcrs[] = {
		{ IPS(5), 16 },
		{ IPS(6), 16 },
		{ UINT64_C(2) << 14 | IPS(6), 16 },
		{ UINT64_C(1) << 14 | IPS(5), 12 },
		{ UINT64_C(1) << 14 | IPS(6), 12 },
		{ DS | IPS(5), 12 },
		{ DS | UINT64_C(2) << 14 | IPS(6), 12 },
		{ DS | UINT64_C(1) << 14 | IPS(5), 12 },
	};
	struct guest *guest = new_guest(*state, 0, 0);
	uint64_t *tcr = &guest->walker.regs[IOMM_ARM64_S1_TCR];
	uint32_t i, t0sz, ok;

	for (i = 0; i < sizeof(tcrs) / sizeof(tcrs[0]); i++)
		for (t0sz = 0; t0sz < 64; t0sz++) {
			*tcr = tcrs[i].tcr | t0sz;
			ok = t0sz >= tcrs[i].least && t0sz <= 39;
			guest_walk(guest, 0);
			assert_int_equal(guest->got.fault,
					 ok ? IOMM_RAW_TRANSLATION
					    : IOMM_RAW_REGISTERS);
			assert_int_equal(guest->fetches, ok);
		}
	guest_free(guest);
}

/* 64 KiB and 52 bits: 15:12 are address bits 51:48, with IPS 6. */
static void test_lpa(void **state)
{
	const uint64_t tcr = 12 | UINT64_C(1) << 14;
	struct guest *guest = new_guest(*state, tcr | IPS(6), 0x2000);

	guest->words[0x2000 / 8] = 0x0060040000001f45;
	walks_to(guest, 0x123, 0x1040000000123);
	assert_int_equal(guest->got.level, 1);
	assert_int_equal(guest->got.page_size, 4 * TB);
	/* Links have it too: beyond what is there. */
	guest->words[0x2000 / 8] = 0x000000000000a003;
	guest_faults(guest, 0, IOMM_RAW_EXTERNAL, 2);
	/* And TTBR, in 5:2. */
	guest->walker.regs[IOMM_ARM64_S1_TTBR0] = 0x2004;
	guest_faults(guest, 0, IOMM_RAW_EXTERNAL, 1);
	assert_int_equal(guest->first_fetch, 0x1000000002000);
	/* 48 bits: neither, and no blocks at level 1. */
	guest->walker.regs[IOMM_ARM64_S1_TTBR0] = 0x2000;
	guest->walker.regs[IOMM_ARM64_S1_TCR] = tcr | IPS(5);
	guest->words[0x2000 / 8] = 0x0060040000001f45;
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 1);
	guest->words[0x2000 / 8] = 0x0000000000010003;
	guest->words[0x10000 / 8] = 0x0060000020001f45;
	walks_to(guest, 0x123, 0x20000123);
	guest_free(guest);
}

/* 4 KiB with DS: 9:8 are address bits 51:50, and 49:48 are where they are. */
static void test_lpa2(void **state)
{
	struct guest *guest = new_guest(*state, 12 | DS | IPS(6), 0x1000);
	uint64_t *tcr = &guest->walker.regs[IOMM_ARM64_S1_TCR];

	/* Level -1 resolves 51:48; there are no blocks. */
	guest->words[0x1000 / 8] = BLOCK_1G;
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, -1);
	guest->words[0x1000 / 8] = 0x2003;
	guest->words[0x2000 / 8] = 0x0063008000000e45;
	walks_to(guest, 0x123, 0xb008000000123);
	assert_int_equal(guest->got.level, 0);
	assert_int_equal(guest->got.page_size, 512 * GB);
	guest_faults(guest, 0xf000000000000, IOMM_RAW_TRANSLATION, -1);
	assert_int_equal(guest->first_fetch, 0x1078);
	guest->words[0x1000 / 8] = 0x2103;
	guest_faults(guest, 0, IOMM_RAW_EXTERNAL, 0);
	/* The output width counts, of the first table too. */
	*tcr = 12 | DS | IPS(5);
	guest_faults(guest, 0, IOMM_RAW_ADDRESS_SIZE, -1);
	guest->walker.regs[IOMM_ARM64_S1_TTBR0] = 0x1004;
	guest_faults(guest, 0, IOMM_RAW_ADDRESS_SIZE, 0);
	/* Without DS 9:8 are SH, and IPS 6 means 48 bits. */
	guest->walker.regs[IOMM_ARM64_S1_TTBR0] = 0x1000;
	*tcr = 25 | IPS(6);
	guest->words[0x1000 / 8] = BLOCK_1G;
	walks_to(guest, 0x123, 0x80000123);
	guest_free(guest);
}

static void test_garbage(void **state)
{
	struct guest *guest = new_guest(*state, 0, 0);

	guest_garbage(guest, IOMM_ARM64_S1_TCR, EPD1, EPD0);
	guest_free(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_upper),	RIG_TEST(test_upper_restricts),
		RIG_TEST(test_dirty),	RIG_TEST(test_widths),
		RIG_TEST(test_lpa),	RIG_TEST(test_lpa2),
		RIG_TEST(test_garbage),
	};

	return cmocka_run_group_tests_name("arm64-s1 walk", tests, NULL, NULL);
}
