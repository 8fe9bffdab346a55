/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tables that others wrote: walked from the registers, as hardware does it, and
 * what the engine does when its own are written by somebody else. */
#include "unit/guest.h"

#include "pgtable/pgtable.h"

#define TCR_4K_39 (UINT64_C(25) | UINT64_C(5) << 32)

/* 39 bits, 4 KiB, 48 bits out; first table at 0x1000 */
static struct guest *new_guest(struct rig *rig)
{
	struct guest *guest = guest_new(rig, "arm64-s1");

	guest->walker.regs[IOMM_ARM64_S1_TTBR0] = 0x1000;
	guest->walker.regs[IOMM_ARM64_S1_TCR] = TCR_4K_39;
	guest->walker.regs[IOMM_ARM64_S1_MAIR] = 0x04ff44;
	return guest;
}

/* Level 1 at 0x1000, level 2 at 0x2000, level 3 at 0x3000: one page at 0. */
static void three_levels(struct guest *guest, uint64_t leaf)
{
	guest->words[0x1000 / 8] = 0x2003;
	guest->words[0x2000 / 8] = 0x3003;
	guest->words[0x3000 / 8] = leaf;
}

#define PAGE UINT64_C(0x0060000080000f47)

static void test_walk(void **state)
{
	struct guest *guest = new_guest(*state);

	three_levels(guest, PAGE);
	guest_walk(guest, 0x123);
	assert_int_equal(guest->got.fault, IOMM_RAW_OK);
	assert_int_equal(guest->got.paddr, 0x80000123);
	assert_int_equal(guest->got.page_size, 4096);
	assert_int_equal(guest->got.prot, RWC);
	assert_int_equal(guest->got.level, 3);
	assert_int_equal(guest->got.desc, PAGE);
	assert_int_equal(guest->fetches, 3);
	/* A block. */
	guest->words[0x1008 / 8] = 0x0060000080000f45;
	guest_walk(guest, 1 * GB + 5);
	assert_int_equal(guest->got.paddr, 0x80000005);
	assert_int_equal(guest->got.page_size, 1 * GB);
	assert_int_equal(guest->got.level, 1);
	guest_free(guest);
}

static void test_faults(void **state)
{
	struct guest *guest = new_guest(*state);

	three_levels(guest, PAGE);
	guest_faults(guest, 1 * GB, IOMM_RAW_TRANSLATION, 1);
	guest_faults(guest, 2 * MB, IOMM_RAW_TRANSLATION, 2);
	guest_faults(guest, 4 * KB, IOMM_RAW_TRANSLATION, 3);
	/* Outside the width: level 0, and nothing is fetched. */
	guest_faults(guest, 512 * GB, IOMM_RAW_TRANSLATION, 0);
	guest_faults(guest, UINT64_MAX, IOMM_RAW_TRANSLATION, 0);
	assert_int_equal(guest->fetches, 0);
	/* At level 3, 0b01 is reserved. */
	three_levels(guest, PAGE & ~UINT64_C(2));
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 3);
	/* The access flag. */
	three_levels(guest, PAGE & ~UINT64_C(0x400));
	guest_faults(guest, 0, IOMM_RAW_ACCESS_FLAG, 3);
	/* Memory that is not there. */
	guest->words[0x2000 / 8] = GUEST_BYTES | 3;
	guest_faults(guest, 0, IOMM_RAW_EXTERNAL, 3);
	assert_int_equal(guest->got.fetch_error, -IOMM_EFAULT);
	guest->error = -IOMM_EIO;
	guest_faults(guest, 0, IOMM_RAW_EXTERNAL, 1);
	assert_int_equal(guest->got.fetch_error, -IOMM_EIO);
	guest_free(guest);
}

/* Blocks where the granule has none, without LPA2. */
static void test_reserved_blocks(void **state)
{
	struct guest *guest = new_guest(*state);
	uint64_t *tcr = &guest->walker.regs[IOMM_ARM64_S1_TCR];

	guest->words[0x1000 / 8] = 0x0060000000000f45;
	*tcr = 16 | UINT64_C(5) << 32; /* 4K from level 0 */
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 0);
	*tcr = 17 | 2u << 14 | UINT64_C(5) << 32; /* 16K from level 1 */
	guest->walker.regs[IOMM_ARM64_S1_TTBR0] = 0x4000;
	guest->words[0x4000 / 8] = 0x0060000000000f45;
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 1);
	*tcr = 16 | 1u << 14 | UINT64_C(5) << 32; /* 64K from level 1 */
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 1);
	guest_free(guest);
}

static void test_output_width(void **state)
{
	struct guest *guest = new_guest(*state);
	uint64_t *regs = guest->walker.regs;

	regs[IOMM_ARM64_S1_TCR] = 25; /* IPS 0: 32 bits */
	three_levels(guest, 0x00600000fffff000 | 0xf47);
	guest_walk(guest, 0xfff);
	assert_int_equal(guest->got.fault, IOMM_RAW_OK);
	assert_int_equal(guest->got.paddr, 0xffffffff);
	three_levels(guest, 0x0060000100000f47);
	guest_faults(guest, 0, IOMM_RAW_ADDRESS_SIZE, 3);
	/* Before the access flag. */
	three_levels(guest, 0x0060000100000b47);
	guest_faults(guest, 0, IOMM_RAW_ADDRESS_SIZE, 3);
	guest->words[0x2000 / 8] = 0x800000003003;
	guest_faults(guest, 0, IOMM_RAW_ADDRESS_SIZE, 2);
	regs[IOMM_ARM64_S1_TTBR0] = 0x100001000;
	guest_faults(guest, 0, IOMM_RAW_ADDRESS_SIZE, 0);
	guest_free(guest);
}

static void test_registers(void **state)
{
	struct guest *guest = new_guest(*state);
	uint64_t *tcr = &guest->walker.regs[IOMM_ARM64_S1_TCR];
	uint64_t out48 = UINT64_C(5) << 32;

	three_levels(guest, PAGE);
	*tcr = 15 | out48; /* T0SZ under 16 */
	guest_faults(guest, 0, IOMM_RAW_REGISTERS, 0);
	*tcr = 40 | out48; /* and over 39 */
	guest_faults(guest, 0, IOMM_RAW_REGISTERS, 0);
	*tcr = 25 | 3u << 14 | out48; /* TG0 reserved */
	guest_faults(guest, 0, IOMM_RAW_REGISTERS, 0);
	*tcr = 25 | UINT64_C(7) << 32; /* IPS reserved */
	guest_faults(guest, 0, IOMM_RAW_REGISTERS, 0);
	*tcr = 25 | 1u << 7 | 1u << 23 | out48; /* EPD0, EPD1: no walks */
	guest_faults(guest, 0, IOMM_RAW_TRANSLATION, 0);
	assert_int_equal(guest->fetches, 0);
	/* CnP and ASID share the register with the address. */
	*tcr = TCR_4K_39;
	guest->walker.regs[IOMM_ARM64_S1_TTBR0] = 0xabcd000000001001;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.fault, IOMM_RAW_OK);
	guest_free(guest);
}

/* D8.4: APTable, UXNTable and PXNTable restrict what is below. */
static void test_table_restricts(void **state)
{
	const uint64_t page = PAGE & ~(UINT64_C(3) << 53); /* executable */
	struct guest *guest = new_guest(*state);

	three_levels(guest, page);
	guest->words[0x1000 / 8] |= UINT64_C(1) << 62;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot,
			 RO | IOMM_PROT_CACHE | IOMM_PROT_EXEC);
	guest->words[0x2000 / 8] |= UINT64_C(1) << 61;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RO | IOMM_PROT_CACHE |
						  IOMM_PROT_EXEC |
						  IOMM_PROT_PRIV);
	/* PXNTable matters to the privileged, UXNTable to the others. */
	guest->words[0x2000 / 8] |= UINT64_C(1) << 60;
	guest_walk(guest, 0);
	assert_true(guest->got.prot & IOMM_PROT_EXEC);
	guest->words[0x2000 / 8] |= UINT64_C(1) << 59;
	guest_walk(guest, 0);
	assert_false(guest->got.prot & IOMM_PROT_EXEC);
	/* HPD0: as if they were 0. */
	guest->walker.regs[IOMM_ARM64_S1_TCR] |= UINT64_C(1) << 41;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RWC | IOMM_PROT_EXEC);
	guest_free(guest);
}

/* The memory type is what MAIR says, not the index. */
static void test_memory_types(void **state)
{
	struct guest *guest = new_guest(*state);

	three_levels(guest, 0x0060000000000e43 | 5 << 2);
	guest->walker.regs[IOMM_ARM64_S1_MAIR] = UINT64_C(0xff) << 40;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RWC);
	guest->walker.regs[IOMM_ARM64_S1_MAIR] = UINT64_C(0x0c) << 40;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RW | IOMM_PROT_MMIO);
	guest->walker.regs[IOMM_ARM64_S1_MAIR] = UINT64_C(0x44) << 40;
	guest_walk(guest, 0);
	assert_int_equal(guest->got.prot, RW);
	guest_free(guest);
}

/* A table that links itself: the walk ends with the levels. */
static void test_loop(void **state)
{
	struct guest *guest = new_guest(*state);
	uint32_t i;

	for (i = 0; i < 512; i++)
		guest->words[0x1000 / 8 + i] = 0x1003;
	guest_walk(guest, 0x123456789);
	assert_int_equal(guest->fetches, 3);
	assert_int_equal(guest->got.fault, IOMM_RAW_ACCESS_FLAG);
	guest_free(guest);
}

static void test_garbage(void **state)
{
	struct guest *guest = new_guest(*state);

	guest_garbage(guest, IOMM_ARM64_S1_TCR, 0, 0);
	guest_free(guest);
}

/* Our own tables, scribbled over between the calls. */

static uint64_t next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

static void scribble(struct rig *rig, uint64_t *random)
{
	static const uint64_t bits[] = { 0, 0x1, 0x3, 0xf47, 0xf45, 0x2000f45 };
	uint64_t slot, offset, value, n;

	for (n = 0; n < 40; n++) {
		slot = next(random) % NR_TABLES;
		if (!rig->bytes[slot])
			continue;
		offset = next(random) % rig->bytes[slot] & ~UINT64_C(7);
		value = next(random) & ~UINT64_C(0xfff);
		value |= bits[next(random) % 6];
		if (next(random) & 1)
			value = bits[next(random) % 6];
		*rig_desc(rig, TABLES_PA + slot * TABLE_SLOT + offset) = value;
	}
}

static int tally(void *data, const struct iomm_walk_entry *entry)
{
	(void)entry;
	++*(uint32_t *)data;
	return 0;
}

static void act(struct rig *rig, struct iomm_pgtable *t,
		struct iomm_gather *gather, uint64_t *random)
{
	uint64_t granule = info_of(t).granule, bytes, iova, done;
	struct iomm_translation at = { .size = sizeof(at) };
	uint32_t entries = 0;
	int r;

	(void)rig;
	iova = next(random) % (8 * GB) & ~(granule - 1);
	bytes = granule << next(random) % 12;
	if (next(random) & 1)
		iova &= ~(bytes - 1);
	switch (next(random) % 4) {
	case 0:
	case 1:
		r = iomm_pgtable_map(t, iova, iova, bytes, RW, 0, &done);
		break;
	case 2:
		r = iomm_pgtable_unmap(t, iova, bytes, gather, &done);
		break;
	default:
		r = iomm_pgtable_walk(t, iova, bytes, tally, &entries);
		if (iomm_pgtable_translate(t, iova, &at))
			done = 0;
		break;
	}
	(void)r;
	if (!(next(random) % 4))
		assert_ok(iomm_gather_flush(gather));
}

/* Nothing wild happens, and every table comes back in the end. */
static void hostile(struct rig *rig, uint64_t granule)
{
	struct iomm_pgtable *t = rig_table(rig, granule, 0, 0);
	struct iomm_gather gather;
	uint64_t random = granule * 0x9e3779b97f4a7c15 + 1;
	uint32_t n;

	iomm_gather_init(&gather);
	for (n = 0; n < 4000; n++) {
		/* Synced links would be checked, and are wrong by intent. */
		t->synced = false;
		act(rig, t, &gather, &random);
		scribble(rig, &random);
	}
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

static void test_hostile(void **state)
{
	hostile(*state, 4 * KB);
	hostile(*state, 16 * KB);
	hostile(*state, 64 * KB);
}

/* A count of leaves cannot run away, however often they are taken out from
 * under it: the same page is mapped again and again. */
static int last_table(void *data, const struct iomm_walk_entry *entry)
{
	if (entry->kind == IOMM_WALK_TABLE)
		*(uint64_t *)data = entry->paddr;
	return 0;
}

/* Lookups in our own tables decode rights and memory type by a table of
 * constants; hardware's way is spelt out. They agree on all there is. */
static void test_every_attribute(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39, IOMM_PGTABLE_COHERENT);
	uint64_t table = 0, *desc, plain, n;

	map_ok(t, 0, 0x5000, 4 * KB, IOMM_PROT_READ);
	assert_ok(iomm_pgtable_walk(t, 0, 4 * KB, last_table, &table));
	desc = rig_desc(rig, table);
	plain = *desc;
	assert_int_equal(plain, raw_leaf(t, 0));
	/* AttrIndx 4:2, AP 7:6, PXN and UXN 54:53. */
	for (n = 0; n < 128; n++) {
		*desc = plain & ~UINT64_C(0x600000000000dc);
		*desc |= (n & 7) << 2 | (n >> 3 & 3) << 6 | n >> 5 << 53;
		assert_walks_alike(rig, t, 0);
	}
	*desc = plain;
	iomm_pgtable_put(t);
}

static void test_count_saturates(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 64 * KB, 29, IOMM_PGTABLE_COHERENT);
	uint64_t *desc = rig_desc(rig, info_of(t).root_pa);
	uint32_t i;

	for (i = 0; i < 10000; i++) {
		map_ok(t, 0, 0, 64 * KB, RW);
		*desc = 0;
	}
	assert_int_equal(t->root->live, 8192);
	/* And the other way round. */
	for (i = 0; i < 10000; i++) {
		*desc = 0xf47;
		unmap_ok(t, 0, 64 * KB, 64 * KB);
	}
	assert_int_equal(t->root->live, 0);
	map_ok(t, 0, 0, 64 * KB, RW);
	assert_int_equal(t->root->live, 1);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_walk),
		RIG_TEST(test_faults),
		RIG_TEST(test_reserved_blocks),
		RIG_TEST(test_output_width),
		RIG_TEST(test_registers),
		RIG_TEST(test_table_restricts),
		RIG_TEST(test_memory_types),
		RIG_TEST(test_loop),
		RIG_TEST(test_garbage),
		RIG_TEST(test_hostile),
		RIG_TEST(test_every_attribute),
		RIG_TEST(test_count_saturates),
	};

	return cmocka_run_group_tests_name("raw walk", tests, NULL, NULL);
}
