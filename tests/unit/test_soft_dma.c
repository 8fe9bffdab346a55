/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The software IOMMU at work: translation, permissions, faults, the IOTLB. */
#include "unit/soft_support.h"

#define ID  UINT64_C(0x42)
#define TAG UINT64_C(7)

static const uint64_t granules[] = { 4 * KB, 16 * KB, 64 * KB };

/* Runs a test body with each granule, on a machine and table of its own. */
static void each_granule(void **state, void (*body)(struct machine *m,
						    struct iomm_pgtable *table,
						    uint64_t granule))
{
	struct iomm_pgtable *table;
	struct machine m;
	uint32_t n;

	for (n = 0; n < LENGTH(granules); n++) {
		machine_start(&m, *state, NULL);
		table = machine_table(&m, granules[n], 40);
		machine_attach(&m, ID, TAG, table);
		body(&m, table, granules[n]);
		iomm_pgtable_put(table);
		machine_stop(&m);
	}
}

static int read_at(struct machine *m, uint64_t iova, void *buf, uint64_t bytes)
{
	return iomm_soft_read(m->soft, ID, 0, iova, buf, bytes, NULL);
}

static int
write_at(struct machine *m, uint64_t iova, const void *buf, uint64_t bytes)
{
	return iomm_soft_write(m->soft, ID, 0, iova, buf, bytes, NULL);
}

/* Reading and writing */

/* Pages that lie in reverse order: what is one piece to the device is not. */
static void
across_pages(struct machine *m, struct iomm_pgtable *table, uint64_t g)
{
	unsigned char *buf = malloc((size_t)(3 * g));
	uint64_t n, from = g / 2 + 3, bytes = 2 * g;

	for (n = 0; n < 3; n++)
		map_ok(table, (8 + n) * g, RAM_PA + (2 - n) * g, g, RW);
	assert_ok(read_at(m, 8 * g + from, buf, bytes));
	for (n = 0; n < bytes; n++) {
		uint64_t at = from + n;

		if (buf[n] != m->ram[(2 - at / g) * g + at % g])
			fail_msg("byte %u", (unsigned)n);
		buf[n] = (unsigned char)~buf[n];
	}
	assert_ok(write_at(m, 8 * g + from, buf, bytes));
	for (n = 0; n < bytes; n++) {
		uint64_t at = from + n;

		if (buf[n] != m->ram[(2 - at / g) * g + at % g])
			fail_msg("byte %u", (unsigned)n);
	}
	free(buf);
}

static void test_across_pages(void **state)
{
	each_granule(state, across_pages);
}

/* Reads into the last 4 KiB that are mapped, and on. */
static void partial(struct machine *m, struct iomm_pgtable *table, uint64_t g)
{
	unsigned char *buf = calloc(1, (size_t)(2 * g));
	unsigned char before;

	map_ok(table, g, RAM_PA, g, RW);
	assert_faults(m, ID, g - 1, 2, IOMM_PROT_READ, g - 1,
		      IOMM_FAULT_TRANSLATION);
	assert_faults(m, ID, 2 * g - 6, 10, IOMM_PROT_READ, 2 * g,
		      IOMM_FAULT_TRANSLATION);
	/* What lies before the fault was done. */
	assert_int_equal(read_at(m, g + 1, buf, 2 * g - 1), -IOMM_EFAULT);
	assert_memory_equal(buf, m->ram + 1, (size_t)(g - 1));
	assert_int_equal(buf[g - 1], 0);
	before = m->ram[g];
	memset(buf, 0x77, (size_t)(2 * g));
	assert_int_equal(write_at(m, g + 1, buf, 2 * g - 1), -IOMM_EFAULT);
	assert_memory_equal(buf, m->ram + 1, (size_t)(g - 1));
	assert_int_equal(m->ram[g], before);
	free(buf);
}

static void test_partial(void **state)
{
	each_granule(state, partial);
}

static void
permissions(struct machine *m, struct iomm_pgtable *table, uint64_t g)
{
	struct iomm_translation t = { .size = sizeof(t) };
	unsigned char before;

	map_ok(table, 0, RAM_PA, g, RO);
	map_ok(table, g, RAM_PA + g, g, RW | IOMM_PROT_PRIV);
	map_ok(table, 2 * g, RAM_PA + 2 * g, g, RWC | IOMM_PROT_EXEC);
	before = m->ram[5];
	assert_int_equal(peek(m, ID, 5), before);
	assert_faults(m, ID, 5, 1, IOMM_PROT_WRITE, 5, IOMM_FAULT_PERMISSION);
	/* Again, now that the IOTLB has it. */
	assert_faults(m, ID, 5, 1, IOMM_PROT_WRITE, 5, IOMM_FAULT_PERMISSION);
	assert_int_equal(m->ram[5], before);
	/* A device's accesses are unprivileged. */
	assert_faults(m, ID, g, 1, IOMM_PROT_READ, g, IOMM_FAULT_PERMISSION);
	assert_faults(m, ID, g, 1, IOMM_PROT_WRITE, g, IOMM_FAULT_PERMISSION);
	assert_ok(iomm_soft_translate(m->soft, ID, 0, 2 * g + 9, RW, &t, NULL));
	assert_int_equal(t.paddr, RAM_PA + 2 * g + 9);
	assert_int_equal(t.prot, RWC | IOMM_PROT_EXEC);
	assert_int_equal(t.page_size, g);
	assert_int_equal(iomm_soft_translate(m->soft, ID, 0, 9, RW, &t, NULL),
			 -IOMM_EFAULT);
	assert_ok(iomm_soft_translate(m->soft, ID, 0, 9, RO, &t, NULL));
}

static void test_permissions(void **state)
{
	each_granule(state, permissions);
}

static void outside(struct machine *m, struct iomm_pgtable *table, uint64_t g)
{
	struct iomm_translation t = { .size = sizeof(t) };
	uint64_t *desc;

	map_ok(table, 0, RAM_PA + RAM_BYTES, g, RW);
	map_ok(table, g, RAM_PA - g, 2 * g, RW);
	assert_faults(m, ID, 0, 1, IOMM_PROT_READ, 0, IOMM_FAULT_ADDRESS);
	assert_faults(m, ID, 2 * g - 1, 2, IOMM_PROT_WRITE, 2 * g - 1,
		      IOMM_FAULT_ADDRESS);
	assert_int_equal(peek(m, ID, 2 * g), m->ram[0]);
	/* Translating does not touch the memory. */
	assert_ok(iomm_soft_translate(m->soft, ID, 0, 3, RW, &t, NULL));
	assert_int_equal(t.paddr, RAM_PA + RAM_BYTES + 3);
	/* Beyond the input width. */
	assert_faults(m, ID, 1 * TB, 1, IOMM_PROT_READ, 1 * TB,
		      IOMM_FAULT_TRANSLATION);

	/* A leaf whose access flag somebody has cleared. */
	map_ok(table, 16 * g, RAM_PA + 5 * g, g, RW);
	desc = (uint64_t *)(void *)m->ram;
	while (*desc != raw_leaf(table, 16 * g))
		desc++;
	*desc &= ~(UINT64_C(1) << 10);
	assert_faults(m, ID, 16 * g, 1, IOMM_PROT_READ, 16 * g,
		      IOMM_FAULT_ACCESS_FLAG);
}

static void test_outside(void **state)
{
	each_granule(state, outside);
}

/* Memory in pieces, which need not end where pages do. */
static void test_regions(void **state)
{
	struct iomm_pgtable *table;
	unsigned char buf[4096], one[0x800], two[0x1800];
	struct machine m;

	memset(one, 1, sizeof(one));
	memset(two, 2, sizeof(two));
	machine_start(&m, *state, NULL);
	table = machine_table(&m, 4 * KB, 39);
	machine_attach(&m, ID, TAG, table);
	map_ok(table, 0, 0x10000, 12 * KB, RW);
	assert_ok(iomm_soft_add_memory(m.soft, 0x10000, one, sizeof(one), NULL,
				       NULL));
	assert_faults(&m, ID, 0x7fc, 8, IOMM_PROT_WRITE, 0x800,
		      IOMM_FAULT_ADDRESS);
	assert_int_equal(one[0x7fb], 1);
	assert_int_equal(one[0x7ff], 0);
	assert_ok(iomm_soft_add_memory(m.soft, 0x10800, two, sizeof(two), NULL,
				       NULL));
	/* One page, two pieces. */
	assert_ok(read_at(&m, 0x400, buf, 4096));
	assert_int_equal(buf[0x3fb], 1);
	assert_int_equal(buf[0x400], 2);
	assert_int_equal(buf[4095], 2);
	assert_faults(&m, ID, 0x1fff, 2, IOMM_PROT_READ, 0x2000,
		      IOMM_FAULT_ADDRESS);
	iomm_pgtable_put(table);
	machine_stop(&m);
}

/* Tables that are not where the hardware has memory. */
static void test_tables_elsewhere(void **state)
{
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .granule = 4 * KB };
	struct iomm_soft_config soft = { .size = sizeof(soft),
					 .flags = IOMM_SOFT_IDENTITY };
	struct iomm_pgtable *table = NULL;
	unsigned char *page = aligned_alloc(4 * KB, 4 * KB);
	struct machine m;

	/* In the platform's memory: a pointer is an address. */
	machine_start(&m, *state, NULL);
	assert_ok(iomm_pgtable_create(m.w->ctx, "arm64-s1", &config, NULL, NULL,
				      NULL, &table));
	map_ok(table, 0, (uintptr_t)page, 4 * KB, RW);
	page[5] = 99;
	machine_attach(&m, ID, TAG, table);
	assert_faults(&m, ID, 5, 1, IOMM_PROT_READ, 5, IOMM_FAULT_WALK);
	machine_stop(&m);

	machine_start(&m, *state, &soft);
	machine_attach(&m, ID, TAG, table);
	assert_int_equal(peek(&m, ID, 5), 99);
	/* Memory that it was given comes first. */
	map_ok(table, 4 * KB, RAM_PA, 4 * KB, RW);
	assert_int_equal(peek(&m, ID, 4 * KB), m.ram[0]);
	iomm_pgtable_put(table);
	machine_stop(&m);
	free(page);
}

/* The IOTLB */

/* Maps, has it cached, and maps something else without a word. */
static void go_stale(struct machine *m, struct iomm_pgtable *table,
		     uint64_t iova, uint64_t bytes)
{
	map_ok(table, iova, RAM_PA, bytes, RW);
	assert_int_equal(peek(m, ID, iova), m->ram[0]);
	machine_forget(table, iova, bytes);
	map_ok(table, iova, RAM_PA + 2 * MB, bytes, RW);
	assert_int_equal(peek(m, ID, iova), m->ram[0]);
}

static void stale(struct machine *m, struct iomm_pgtable *table, uint64_t g)
{
	uint64_t far = 64 * g;

	assert_int_not_equal(m->ram[0], m->ram[2 * MB]);
	go_stale(m, table, far, 2 * g);
	/* Next to it, and with another tag: nothing of this. */
	assert_ok(iomm_soft_invalidate(m->soft, TAG, 0, far - 1));
	assert_ok(iomm_soft_invalidate(m->soft, TAG, far + g, UINT64_MAX));
	assert_ok(iomm_soft_invalidate(m->soft, TAG + 1, 0, UINT64_MAX));
	assert_int_equal(peek(m, ID, far), m->ram[0]);
	/* Any byte of the page. */
	assert_ok(iomm_soft_invalidate(m->soft, TAG, far + g - 1, far + g - 1));
	assert_int_equal(peek(m, ID, far), m->ram[2 * MB]);
	/* Unmapped, and used all the same. */
	machine_forget(table, far, 2 * g);
	assert_int_equal(peek(m, ID, far), m->ram[2 * MB]);
	assert_ok(iomm_soft_invalidate(m->soft, TAG, 0, UINT64_MAX));
	assert_int_equal(peek(m, ID, far), -(int)IOMM_FAULT_TRANSLATION);
	/* A fault is never cached. */
	map_ok(table, far, RAM_PA, g, RW);
	assert_int_equal(peek(m, ID, far), m->ram[0]);
}

static void test_stale(void **state)
{
	each_granule(state, stale);
}

/* A block is cached for each of its pages that was used, and goes as one. */
static void test_block(void **state)
{
	struct iomm_translation t = { .size = sizeof(t) };
	struct iomm_pgtable *table;
	struct machine m;
	uint64_t page;

	machine_start(&m, *state, NULL);
	table = machine_table(&m, 4 * KB, 39);
	machine_attach(&m, ID, TAG, table);
	map_ok(table, 2 * MB, RAM_PA, 2 * MB, RW);
	for (page = 0; page < 8; page++)
		assert_int_equal(peek(&m, ID, 2 * MB + page * 4 * KB),
				 m.ram[page * 4 * KB]);
	assert_int_equal(stats_of(&m).iotlb_misses, 8);
	assert_ok(iomm_soft_translate(m.soft, ID, 0, 2 * MB + 5, RO, &t, NULL));
	assert_int_equal(t.page_size, 2 * MB);
	assert_int_equal(stats_of(&m).iotlb_hits, 1);
	machine_forget(table, 2 * MB, 2 * MB);
	assert_ok(iomm_soft_invalidate(m.soft, TAG, 4 * MB - 1, 4 * MB - 1));
	for (page = 0; page < 8; page++)
		assert_int_equal(peek(&m, ID, 2 * MB + page * 4 * KB),
				 -(int)IOMM_FAULT_TRANSLATION);
	iomm_pgtable_put(table);
	machine_stop(&m);
}

static void test_counters(void **state)
{
	struct iomm_soft_stats stats;
	struct iomm_pgtable *table;
	struct machine m;
	char buf[4 * 4096];

	machine_start(&m, *state, NULL);
	table = machine_table(&m, 4 * KB, 39);
	machine_attach(&m, ID, TAG, table);
	map_ok(table, 0, RAM_PA, 16 * KB, RW);
	assert_ok(read_at(&m, 0, buf, sizeof(buf)));
	assert_ok(read_at(&m, 0, buf, sizeof(buf)));
	stats = stats_of(&m);
	assert_int_equal(stats.size, sizeof(stats));
	assert_int_equal(stats.iotlb_misses, 4);
	assert_int_equal(stats.iotlb_hits, 4);
	assert_int_equal(stats.faults, 0);
	assert_int_equal(peek(&m, ID, 16 * KB), -(int)IOMM_FAULT_TRANSLATION);
	/* A blocked ID does not come as far as the IOTLB. */
	assert_int_equal(peek(&m, ID + 1, 0), -(int)IOMM_FAULT_BLOCKED);
	stats = stats_of(&m);
	assert_int_equal(stats.iotlb_misses, 5);
	assert_int_equal(stats.faults, 2);
	iomm_pgtable_put(table);
	machine_stop(&m);
}

/* Two IDs with one tag are one address space to the IOTLB; with two they are
 * two, although the tables are the same. */
static void test_tags(void **state)
{
	struct iomm_pgtable *table;
	struct machine m;

	machine_start(&m, *state, NULL);
	table = machine_table(&m, 4 * KB, 39);
	machine_attach(&m, 1, TAG, table);
	machine_attach(&m, 2, TAG, table);
	machine_attach(&m, 3, TAG + 1, table);
	map_ok(table, 0, RAM_PA, 4 * KB, RW);
	assert_int_equal(peek(&m, 1, 0), m.ram[0]);
	assert_int_equal(peek(&m, 2, 0), m.ram[0]);
	assert_int_equal(stats_of(&m).iotlb_misses, 1);
	assert_int_equal(peek(&m, 3, 0), m.ram[0]);
	assert_int_equal(stats_of(&m).iotlb_misses, 2);
	machine_forget(table, 0, 4 * KB);
	assert_ok(iomm_soft_invalidate(m.soft, TAG, 0, 0));
	assert_int_equal(peek(&m, 1, 0), -(int)IOMM_FAULT_TRANSLATION);
	assert_int_equal(peek(&m, 2, 0), -(int)IOMM_FAULT_TRANSLATION);
	assert_int_equal(peek(&m, 3, 0), m.ram[0]);
	iomm_pgtable_put(table);
	machine_stop(&m);
}

/* One entry is an IOTLB too; it forgets, and what it says is right. */
static void test_one_entry(void **state)
{
	struct iomm_soft_config config = { .size = sizeof(config),
					   .iotlb_entries = 1 };
	struct iomm_pgtable *table;
	struct machine m;
	uint32_t n;

	machine_start(&m, *state, &config);
	table = machine_table(&m, 4 * KB, 39);
	machine_attach(&m, ID, TAG, table);
	map_ok(table, 0, RAM_PA, 8 * KB, RW);
	for (n = 0; n < 10; n++) {
		assert_int_equal(peek(&m, ID, 0), m.ram[0]);
		assert_int_equal(peek(&m, ID, 4 * KB), m.ram[4 * KB]);
	}
	assert_int_equal(stats_of(&m).iotlb_hits, 0);
	iomm_pgtable_put(table);
	machine_stop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_across_pages),
		WORLD_TEST(test_partial),
		WORLD_TEST(test_permissions),
		WORLD_TEST(test_outside),
		WORLD_TEST(test_regions),
		WORLD_TEST(test_tables_elsewhere),
		WORLD_TEST(test_stale),
		WORLD_TEST(test_block),
		WORLD_TEST(test_counters),
		WORLD_TEST(test_tags),
		WORLD_TEST(test_one_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
