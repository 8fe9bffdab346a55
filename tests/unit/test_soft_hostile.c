/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tables that somebody hostile wrote. Whatever they hold, a device's access
 * ends in a fault, or in memory that the hardware was given, and where a second
 * walker, written here from the architecture, says that it should end.
 */
#include "unit/soft_support.h"

#define WALKS	   100000u
#define TCR_IPS_48 (UINT64_C(5) << 32)
#define TABLE	   UINT64_C(3)
#define LEAF	   (UINT64_C(1) << 10 | UINT64_C(1) << 6 | 1) /* AF, EL0 */
#define IGNORED	   (UINT64_C(0x7f) << 52)

static uint64_t *words(struct machine *m)
{
	return (uint64_t *)(void *)m->ram;
}

/* A context for tables with a 4K granule at an offset in memory. */
static int point(struct machine *m, uint64_t ttbr, uint64_t tcr)
{
	struct iomm_soft_context context = {
		.size = sizeof(context),
		.format = "arm64-s1",
		.regs = { ttbr, tcr, UINT64_C(0x44ff04) },
	};

	assert_ok(iomm_soft_invalidate(m->soft, 0, 0, UINT64_MAX));
	return iomm_soft_set_context(m->soft, 1, 0, &context);
}

/* The second walker. */

static bool load(struct machine *m, uint64_t pa, uint64_t *desc)
{
	if (pa < RAM_PA || pa > RAM_PA + RAM_BYTES - 8)
		return false;
	memcpy(desc, m->ram + (pa - RAM_PA), 8);
	return true;
}

static const unsigned output_bits[] = { 32, 36, 40, 42, 44, 48, 52 };

/* What the registers say of the tables. Wide ones have 52 bits of address. */
struct shape {
	unsigned g, ias, oas;
	bool ds, wide;
};

static struct shape shape_of(uint64_t tcr)
{
	static const unsigned granules[] = { 12, 16, 14, 0 };
	struct shape s = { .g = granules[tcr >> 14 & 3] };

	s.ds = s.g != 16 && tcr >> 59 & 1;
	s.wide = s.ds || (s.g == 16 && (tcr >> 32 & 7) == 6);
	s.ias = 64 - (unsigned)(tcr & 63);
	s.oas = output_bits[tcr >> 32 & 7];
	if (s.oas > 48 && !s.wide)
		s.oas = 48;
	return s;
}

static uint64_t address_in(const struct shape *s, uint64_t desc, unsigned shift)
{
	uint64_t pa = desc & ((UINT64_C(1) << (s->ds ? 50 : 48)) - 1);

	pa &= ~((UINT64_C(1) << shift) - 1);
	if (s->ds)
		return pa | (desc >> 8 & 3) << 50;
	return s->wide ? pa | (desc >> 12 & 15) << 48 : pa;
}

static uint64_t
first_table(const struct shape *s, uint64_t ttbr, unsigned log2_bytes)
{
	uint64_t pa = ttbr & ((UINT64_C(1) << 48) - 1);

	if (log2_bytes < 6)
		log2_bytes = 6;
	pa &= ~((UINT64_C(1) << log2_bytes) - 1);
	return s->wide ? pa | (ttbr >> 2 & 15) << 48 : pa;
}

/* The output address of a read, or the fault's reason. */
static bool second_walk(struct machine *m, uint64_t ttbr, uint64_t tcr,
			uint64_t iova, uint64_t *paddr, uint32_t *fault)
{
	const struct shape s = shape_of(tcr);
	unsigned per = s.g - 3, shift = s.g;
	int level = 3, first_block;
	uint64_t table, desc;
	bool priv = false;

	*fault = IOMM_FAULT_TRANSLATION;
	if (tcr >> 7 & 1 || iova >> s.ias)
		return false;
	while (shift + per < s.ias) {
		shift += per;
		level--;
	}
	table = first_table(&s, ttbr, s.ias - shift + 3);
	for (;; level++, shift -= per) {
		*fault = IOMM_FAULT_ADDRESS;
		if (table >> s.oas)
			return false;
		*fault = IOMM_FAULT_WALK;
		if (!load(m,
			  table + ((iova >> shift & ((UINT64_C(1) << per) - 1))
				   << 3),
			  &desc))
			return false;
		*fault = IOMM_FAULT_TRANSLATION;
		if (!(desc & 1) || (level == 3 && !(desc & 2)))
			return false;
		if (level == 3 || !(desc & 2))
			break;
		if (!(tcr >> 41 & 1))
			priv |= desc >> 61 & 1;
		table = address_in(&s, desc, s.g);
	}
	/* Blocks are where this granule has them, one level more if wide. */
	first_block = (s.g == 12 ? 1 : 2) - (s.wide ? 1 : 0);
	if (level < first_block)
		return false;
	*paddr = address_in(&s, desc, shift);
	*fault = IOMM_FAULT_ADDRESS;
	if (*paddr >> s.oas)
		return false;
	*fault = IOMM_FAULT_ACCESS_FLAG;
	if (!(desc >> 10 & 1))
		return false;
	*fault = IOMM_FAULT_PERMISSION;
	if (!(desc >> 6 & 1) || priv)
		return false;
	*paddr |= iova & ((UINT64_C(1) << shift) - 1);
	return true;
}

static void
check_walk(struct machine *m, uint64_t ttbr, uint64_t tcr, uint64_t iova)
{
	struct iomm_translation t = { .size = sizeof(t) };
	struct iomm_fault fault = { .size = sizeof(fault) };
	uint64_t paddr = 0;
	unsigned char byte = 0;
	uint32_t reason;
	bool ok = second_walk(m, ttbr, tcr, iova, &paddr, &reason);
	int err = iomm_soft_translate(m->soft, 1, 0, iova, RO, &t, &fault);

	if (err != (ok ? 0 : -IOMM_EFAULT) ||
	    (ok ? t.paddr != paddr : fault.reason != reason))
		fail_msg("ttbr %llx tcr %llx iova %llx: %d %u, not %u",
			 (unsigned long long)ttbr, (unsigned long long)tcr,
			 (unsigned long long)iova, err, fault.reason,
			 ok ? 0 : reason);
	if (!ok)
		return;
	ok = paddr >= RAM_PA && paddr - RAM_PA < RAM_BYTES;
	err = iomm_soft_read(m->soft, 1, 0, iova, &byte, 1, &fault);
	assert_int_equal(err, ok ? 0 : -IOMM_EFAULT);
	if (ok)
		assert_int_equal(byte, m->ram[paddr - RAM_PA]);
	else
		assert_int_equal(fault.reason, IOMM_FAULT_ADDRESS);
}

/* What a guest might write: near to what is right. */
static uint64_t evil_descriptor(uint64_t *seed)
{
	uint64_t r = next_random(seed);
	uint64_t in_ram = RAM_PA + (next_random(seed) % RAM_BYTES);

	switch (r & 15) {
	case 0:
		return next_random(seed);
	case 1:
		return 0;
	case 2:
		return next_random(seed) | TABLE;
	case 3:
		return (in_ram & ~UINT64_C(0xfff)) | LEAF | (r & IGNORED);
	case 4:
		return (in_ram & ~UINT64_C(0xfff)) | 1;
	case 5:
		return (in_ram + RAM_BYTES) | LEAF | 2;
	case 6:
		return in_ram | LEAF | 2 | (r & UINT64_C(1) << 61);
	default:
		return (in_ram & ~UINT64_C(0xfff)) | TABLE |
		       (r & 32 ? LEAF : 0);
	}
}

static void fill(struct machine *m, uint64_t *seed)
{
	uint32_t n;

	for (n = 0; n < RAM_BYTES / 8; n++)
		words(m)[n] = evil_descriptor(seed);
}

static void test_random(void **state)
{
	uint64_t seed = 20250101, ttbr = 0, tcr = 0;
	struct machine m;
	uint32_t n, set = 0;

	machine_start(&m, *state, NULL);
	print_message("seed %llu\n", (unsigned long long)seed);
	for (n = 0; n < WALKS; n++) {
		if (n % 25000 == 0)
			fill(&m, &seed);
		if (!set || n % 16 == 0) {
			ttbr = RAM_PA + next_random(&seed) % RAM_BYTES;
			tcr = next_random(&seed) &
			      (UINT64_C(0x080002070000c000) | 63);
			if (n % 3 == 0)
				tcr = (tcr & 63) | TCR_IPS_48;
			set = !point(&m, ttbr, tcr);
		}
		if (set)
			check_walk(&m, ttbr, tcr,
				   next_random(&seed) >>
					   (next_random(&seed) % 40));
	}
	assert_true(stats_of(&m).faults > WALKS / 10);
	machine_stop(&m);
}

/* Registers of any content: refused, or walked. */
static void test_random_registers(void **state)
{
	struct iomm_soft_context context = { .size = sizeof(context),
					     .format = "arm64-s1" };
	uint64_t seed = 4711;
	struct machine m;
	uint32_t n, i, set = 0;
	int err;

	machine_start(&m, *state, NULL);
	fill(&m, &seed);
	for (n = 0; n < WALKS / 5; n++) {
		for (i = 0; i < IOMM_PGTABLE_REGS; i++)
			context.regs[i] = next_random(&seed) >>
					  (next_random(&seed) % 64);
		err = iomm_soft_set_context(m.soft, 1, 0, &context);
		assert_true(!err || err == -IOMM_EINVAL);
		set += !err;
		assert_ok(iomm_soft_invalidate(m.soft, 0, 0, UINT64_MAX));
		(void)peek(&m, 1, next_random(&seed) >> 20);
	}
	assert_true(set > n / 100 && set < n);
	machine_stop(&m);
}

/* A table that is its own child: the format has but so many levels. */
static void test_self(void **state)
{
	static const uint64_t tg0[] = { 0, UINT64_C(2) << 14,
					UINT64_C(1) << 14 };
	uint64_t tcr, seed = 3;
	struct machine m;
	uint32_t i, n;

	machine_start(&m, *state, NULL);
	for (i = 0; i < LENGTH(tg0); i++) {
		tcr = TCR_IPS_48 | tg0[i] | 16;
		for (n = 0; n < 64 * KB / 8; n++)
			words(&m)[n] = RAM_PA | TABLE | LEAF;
		assert_ok(point(&m, RAM_PA, tcr));
		for (n = 0; n < 1000; n++)
			check_walk(&m, RAM_PA, tcr, next_random(&seed) >> 16);
		/* Writing to where it points changes the table itself. */
		assert_ok(iomm_soft_write(m.soft, 1, 0, 0, "\0\0\0\0\0\0\0\0",
					  8, NULL));
		assert_int_equal(words(&m)[0], 0);
		assert_ok(iomm_soft_invalidate(m.soft, 0, 0, UINT64_MAX));
		assert_int_equal(peek(&m, 1, 0), -(int)IOMM_FAULT_TRANSLATION);
	}
	machine_stop(&m);
}

/* The output width is the context's, whatever the descriptor says. */
static void test_output_width(void **state)
{
	uint64_t tcr = 25; /* 39 bits in, 32 out */
	struct machine m;

	machine_start(&m, *state, NULL);
	assert_ok(point(&m, RAM_PA, tcr));
	words(&m)[0] = (UINT64_C(1) << 40) | LEAF;
	assert_int_equal(peek(&m, 1, 0), -(int)IOMM_FAULT_ADDRESS);
	words(&m)[0] = (UINT64_C(1) << 40) | TABLE;
	assert_int_equal(peek(&m, 1, 0), -(int)IOMM_FAULT_ADDRESS);
	words(&m)[0] = (RAM_PA + RAM_BYTES) | TABLE;
	assert_int_equal(peek(&m, 1, 0), -(int)IOMM_FAULT_WALK);
	words(&m)[0] = UINT64_C(0xc0000000) | LEAF;
	assert_int_equal(peek(&m, 1, 0), -(int)IOMM_FAULT_ADDRESS);
	assert_ok(point(&m, UINT64_C(1) << 40, tcr));
	assert_int_equal(peek(&m, 1, 0), -(int)IOMM_FAULT_ADDRESS);
	machine_stop(&m);
}

/* A table of which the last part is not memory, in memory that is aligned to
 * nothing at all. */
static void test_ragged(void **state)
{
	struct iomm_soft *soft = NULL;
	struct world *w = *state;
	struct iomm_soft_context context = { .size = sizeof(context),
					     .format = "arm64-s1",
					     .regs = { 0, 25, 0 } };
	struct iomm_fault fault = { .size = sizeof(fault) };
	unsigned char *memory = malloc(0x1000 + 20);
	uint64_t desc = LEAF;
	char byte;

	assert_non_null(memory);
	memset(memory, 0, 0x1000 + 20);
	assert_ok(iomm_soft_create(w->ctx, NULL, &soft));
	/* Three bytes before the last descriptor of the first page ends. */
	assert_ok(iomm_soft_add_memory(soft, 0, memory + 1, 0xffd, NULL, NULL));
	assert_ok(iomm_soft_set_context(soft, 1, 0, &context));
	memcpy(memory + 1, &desc, 8);
	assert_ok(iomm_soft_read(soft, 1, 0, 0, &byte, 1, &fault));
	assert_int_equal(byte, (char)desc);
	assert_int_equal(iomm_soft_read(soft, 1, 0, 510 * GB, &byte, 1, &fault),
			 -IOMM_EFAULT);
	assert_int_equal(fault.reason, IOMM_FAULT_TRANSLATION);
	assert_int_equal(iomm_soft_read(soft, 1, 0, 511 * GB, &byte, 1, &fault),
			 -IOMM_EFAULT);
	assert_int_equal(fault.reason, IOMM_FAULT_WALK);
	iomm_soft_put(soft);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_random), WORLD_TEST(test_random_registers),
		WORLD_TEST(test_self),	 WORLD_TEST(test_output_width),
		WORLD_TEST(test_ragged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
