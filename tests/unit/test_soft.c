/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The software IOMMU's hardware: making it, its memory, its contexts, and what
 * its calls refuse. */
#include "unit/soft_support.h"

static uint32_t releases;

static void release(void *data)
{
	assert_ptr_equal(data, &releases);
	releases++;
}

/* Making */

static void refuse(struct world *w, const struct iomm_soft_config *config,
		   int code, const char *part)
{
	struct iomm_soft *soft = UNTOUCHED;

	assert_fails(iomm_soft_create(w->ctx, config, &soft), code, w->ctx,
		     part);
	assert_ptr_equal(soft, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_SOFT), 0);
}

static void test_create(void **state)
{
	static const uint32_t good[] = { 0, 1, 2, 65536 };
	static const uint32_t bad[] = { 3, 65537, 131072, UINT32_MAX };
	struct world *w = *state;
	struct {
		struct iomm_soft_config config;
		uint64_t tail;
	} big = { .config.size = sizeof(big), .tail = 1 };
	struct iomm_soft_config c = { 0 };
	struct iomm_soft *soft = NULL;
	uint32_t n;

	assert_int_equal(iomm_soft_create(NULL, NULL, &soft), -IOMM_EINVAL);
	assert_fails(iomm_soft_create(w->ctx, NULL, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_soft_create");
	refuse(w, &c, IOMM_EINVAL, "size 0");
	c.size = IOMM_SOFT_CONFIG_SIZE_VER0 - 1;
	refuse(w, &c, IOMM_EINVAL, "size 15");
	c.size = sizeof(c);
	c.flags = 2;
	refuse(w, &c, IOMM_EINVAL, "iomm_soft_config.flags");
	c.flags = 0;
	c.reserved = 1;
	refuse(w, &c, IOMM_EINVAL, "iomm_soft_config.reserved");
	c.reserved = 0;
	for (n = 0; n < LENGTH(bad); n++) {
		c.iotlb_entries = bad[n];
		refuse(w, &c, IOMM_EINVAL, "power of two");
	}
	refuse(w, &big.config, IOMM_E2BIG, "offset 16");
	for (n = 0; n < LENGTH(good); n++) {
		c.iotlb_entries = good[n];
		assert_ok(iomm_soft_create(w->ctx, &c, &soft));
		assert_ptr_equal(iomm_soft_get(soft), soft);
		iomm_soft_put(soft);
		iomm_soft_put(soft);
	}
	assert_null(iomm_soft_get(NULL));
	iomm_soft_put(NULL);
}

static int create(struct world *w, void *arg)
{
	struct iomm_soft *soft = UNTOUCHED;
	int err = iomm_soft_create(w->ctx, NULL, &soft);

	(void)arg;
	if (err)
		assert_ptr_equal(soft, UNTOUCHED);
	else
		iomm_soft_put(soft);
	return err;
}

static int add_memory(struct world *w, void *arg)
{
	static char byte;

	(void)w;
	return iomm_soft_add_memory(arg, 0, &byte, 1, &releases, release);
}

static int set_context(struct world *w, void *arg)
{
	struct iomm_soft_context context = { .size = sizeof(context),
					     .format = "arm64-s1",
					     .regs = { 0, 16 } };

	(void)w;
	return iomm_soft_set_context(arg, 5, 0, &context);
}

static void test_no_memory(void **state)
{
	struct world *w = *state;
	struct iomm_soft *soft = NULL;
	uint32_t sites;

	assert_true(world_each_site(w, create, NULL) >= 3);
	assert_ok(iomm_soft_create(w->ctx, NULL, &soft));
	releases = 0;
	sites = world_each_site(w, add_memory, soft);
	assert_true(sites >= 1);
	assert_int_equal(releases, sites);
	assert_true(world_each_site(w, set_context, soft) >= 2);
	iomm_soft_put(soft);
	assert_int_equal(releases, sites + 1);
}

/* Memory */

static void
refuse_memory(struct iomm_soft *soft, struct world *w, uint64_t paddr,
	      void *memory, uint64_t bytes, int code, const char *part)
{
	releases = 0;
	assert_fails(iomm_soft_add_memory(soft, paddr, memory, bytes, &releases,
					  release),
		     code, w->ctx, part);
	assert_int_equal(releases, 1);
}

static void test_memory_arguments(void **state)
{
	struct world *w = *state;
	struct iomm_soft *soft = NULL;
	char byte[16];

	assert_ok(iomm_soft_create(w->ctx, NULL, &soft));
	releases = 0;
	assert_int_equal(iomm_soft_add_memory(NULL, 0, byte, 1, &releases,
					      release),
			 -IOMM_EINVAL);
	assert_int_equal(releases, 1);
	assert_int_equal(iomm_soft_add_memory((void *)w->ctx, 0, byte, 1,
					      &releases, release),
			 -IOMM_EINVAL);
	assert_int_equal(releases, 2);
	assert_int_equal(iomm_soft_add_memory(NULL, 0, byte, 1, NULL, NULL),
			 -IOMM_EINVAL);
	refuse_memory(soft, w, 0, NULL, 1, IOMM_EINVAL, "NULL");
	refuse_memory(soft, w, 0, byte, 0, IOMM_EINVAL, "empty");
	refuse_memory(soft, w, UINT64_MAX, byte, 2, IOMM_EINVAL, "wraps");
	refuse_memory(soft, w, 1, byte, UINT64_MAX, IOMM_EINVAL, "wraps");
	refuse_memory(soft, w, 0, (void *)(uintptr_t)-8, 16, IOMM_EINVAL,
		      "wraps");
	/* The last byte there is. */
	assert_ok(iomm_soft_add_memory(soft, UINT64_MAX, byte, 1, NULL, NULL));
	iomm_soft_put(soft);
}

static void test_memory_overlap(void **state)
{
	static const struct {
		uint64_t paddr, bytes;
	} clash[] = {
		{ 0x1000, 0x100 }, { 0xfff, 2 },       { 0x10ff, 1 },
		{ 0x10ff, 2 },	   { 0x1080, 1 },      { 0x0, 0x10000 },
		{ 0x0, 0x1001 },   { 0x1000, 0x1000 },
	};
	struct world *w = *state;
	struct iomm_soft *soft = NULL;
	static char bytes[0x10000];
	uint32_t n;

	assert_ok(iomm_soft_create(w->ctx, NULL, &soft));
	releases = 0;
	assert_ok(iomm_soft_add_memory(soft, 0x1000, bytes, 0x100, &releases,
				       release));
	for (n = 0; n < LENGTH(clash); n++)
		refuse_memory(soft, w, clash[n].paddr, bytes, clash[n].bytes,
			      IOMM_EEXIST, "overlap");
	releases = 0;
	/* Next to it, on both sides; the host's memory may be the same. */
	assert_ok(iomm_soft_add_memory(soft, 0xfff, bytes, 1, &releases,
				       release));
	assert_ok(iomm_soft_add_memory(soft, 0x1100, bytes, 1, &releases,
				       release));
	assert_int_equal(releases, 0);
	iomm_soft_put(soft);
	assert_int_equal(releases, 3);
}

/* Contexts */

static void
refuse_context(struct machine *m, const struct iomm_soft_context *context,
	       int code, const char *part)
{
	assert_fails(iomm_soft_set_context(m->soft, 1, 0, context), code,
		     m->w->ctx, part);
	/* What was there is there still. */
	assert_int_equal(peek(m, 1, 0), m->ram[0]);
}

static void test_context_arguments(void **state)
{
	struct iomm_pgtable_info info;
	struct iomm_pgtable *pgtable;
	struct {
		struct iomm_soft_context context;
		uint64_t tail;
	} big = { .context.size = sizeof(big), .tail = 1 };
	struct iomm_soft_context c = { 0 };
	struct machine m;
	uint32_t n;

	machine_start(&m, *state, NULL);
	pgtable = machine_table(&m, 4 * KB, 39);
	map_ok(pgtable, 0, RAM_PA, 4 * KB, RW);
	machine_attach(&m, 1, 7, pgtable);
	info = info_of(pgtable);

	assert_int_equal(iomm_soft_set_context(NULL, 1, 0, &c), -IOMM_EINVAL);
	assert_int_equal(iomm_soft_set_context((void *)m.memory, 1, 0, &c),
			 -IOMM_EINVAL);
	refuse_context(&m, NULL, IOMM_EINVAL, "NULL");
	refuse_context(&m, &c, IOMM_EINVAL, "size 0");
	c.size = IOMM_SOFT_CONTEXT_SIZE_VER0 - 1;
	refuse_context(&m, &c, IOMM_EINVAL, "size 87");
	c.size = sizeof(c);
	c.flags = 2;
	refuse_context(&m, &c, IOMM_EINVAL, "iomm_soft_context.flags");
	c.flags = 0;
	refuse_context(&m, &c, IOMM_EINVAL, "names no format");
	c.format = "x86";
	refuse_context(&m, &c, IOMM_ENOENT, "x86");
	refuse_context(&m, &big.context, IOMM_E2BIG, "offset 88");

	/* Registers that arm64-s1 has not: TG0, T0SZ, IPS. */
	c.format = "arm64-s1";
	memcpy(c.regs, info.regs, sizeof(c.regs));
	c.regs[IOMM_ARM64_S1_TCR] |= UINT64_C(3) << 14;
	refuse_context(&m, &c, IOMM_EINVAL, "registers of ID 0x1");
	for (n = 0; n < 64; n++) {
		c.regs[IOMM_ARM64_S1_TCR] =
			(info.regs[IOMM_ARM64_S1_TCR] & ~UINT64_C(0x3f)) | n;
		if (n < 16 || n > 39)
			refuse_context(&m, &c, IOMM_EINVAL, "registers");
		else
			assert_ok(iomm_soft_set_context(m.soft, 2, 0, &c));
	}
	c.regs[IOMM_ARM64_S1_TCR] = info.regs[IOMM_ARM64_S1_TCR] |
				    UINT64_C(7) << 32;
	refuse_context(&m, &c, IOMM_EINVAL, "registers");
	iomm_pgtable_put(pgtable);
	machine_stop(&m);
}

static void test_context_replace(void **state)
{
	struct iomm_pgtable *a, *b;
	struct machine m;

	machine_start(&m, *state, NULL);
	a = machine_table(&m, 4 * KB, 39);
	b = machine_table(&m, 64 * KB, 42);
	map_ok(a, 0, RAM_PA, 4 * KB, RW);
	map_ok(b, 0, RAM_PA + 1 * MB, 64 * KB, RW);

	assert_int_equal(peek(&m, 1, 0), -(int)IOMM_FAULT_BLOCKED);
	assert_ok(iomm_soft_clear_context(m.soft, 1, 0));
	machine_attach(&m, 1, 7, a);
	assert_int_equal(peek(&m, 1, 0), m.ram[0]);
	assert_int_equal(peek(&m, 2, 0), -(int)IOMM_FAULT_BLOCKED);
	/* Another tag: what the IOTLB has of the old one does not count. */
	machine_attach(&m, 1, 8, b);
	assert_int_equal(peek(&m, 1, 0), m.ram[1 * MB]);
	/* The same tag: it does, until it is invalidated. */
	machine_attach(&m, 1, 8, a);
	assert_int_equal(peek(&m, 1, 0), m.ram[1 * MB]);
	assert_ok(iomm_soft_invalidate(m.soft, 8, 0, UINT64_MAX));
	assert_int_equal(peek(&m, 1, 0), m.ram[0]);
	/* Each context pins its format; that has its own handle count. */
	machine_attach(&m, 2, 8, a);
	assert_int_equal(world_live(m.w, IOMM_HANDLE_FORMAT), 4);
	assert_ok(iomm_soft_clear_context(m.soft, 1, 0));
	assert_ok(iomm_soft_clear_context(m.soft, 1, 0));
	assert_int_equal(world_live(m.w, IOMM_HANDLE_FORMAT), 3);
	assert_int_equal(peek(&m, 1, 0), -(int)IOMM_FAULT_BLOCKED);
	assert_int_equal(peek(&m, 2, 0), m.ram[0]);
	assert_int_equal(iomm_soft_clear_context(NULL, 1, 0), -IOMM_EINVAL);
	assert_int_equal(iomm_soft_clear_context((void *)a, 1, 0),
			 -IOMM_EINVAL);
	iomm_pgtable_put(a);
	iomm_pgtable_put(b);
	machine_stop(&m);
}

/* Accesses that are malformed: refused before anything is done */

static void test_access_arguments(void **state)
{
	struct iomm_fault fault = { .size = 31 }, fault0 = fault;
	struct iomm_pgtable *pgtable;
	struct iomm_ctx *ctx;
	struct machine m;
	char buf[8] = "1234567";

	machine_start(&m, *state, NULL);
	ctx = m.w->ctx;
	pgtable = machine_table(&m, 4 * KB, 39);
	map_ok(pgtable, 0, RAM_PA, 4 * KB, RW);
	machine_attach(&m, 1, 7, pgtable);

	assert_int_equal(iomm_soft_read(NULL, 1, 0, 0, buf, 8, NULL),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_soft_write(NULL, 1, 0, 0, buf, 8, NULL),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_soft_read((void *)pgtable, 1, 0, 0, buf, 8, NULL),
			 -IOMM_EINVAL);
	assert_fails(iomm_soft_read(m.soft, 1, 0, 0, NULL, 8, NULL),
		     IOMM_EINVAL, ctx, "buffer");
	assert_fails(iomm_soft_write(m.soft, 1, 0, 0, NULL, 8, NULL),
		     IOMM_EINVAL, ctx, "buffer");
	assert_fails(iomm_soft_read(m.soft, 1, 0, 0, buf, 0, NULL), IOMM_EINVAL,
		     ctx, "empty");
	assert_fails(iomm_soft_write(m.soft, 1, 0, UINT64_MAX, buf, 2, NULL),
		     IOMM_EINVAL, ctx, "wraps");
	/* The fault is looked at first, whether or not there is one. */
	assert_fails(iomm_soft_write(m.soft, 1, 0, 0, buf, 8, &fault),
		     IOMM_EINVAL, ctx, "size 31");
	assert_memory_not_equal(m.ram, buf, 8);
	assert_fails(iomm_soft_read(m.soft, 9, 0, 0, buf, 8, &fault),
		     IOMM_EINVAL, ctx, "size 31");
	assert_memory_equal(&fault, &fault0, sizeof(fault));
	assert_string_equal(buf, "1234567");
	assert_int_equal(stats_of(&m).faults, 0);
	assert_int_equal(stats_of(&m).iotlb_misses, 0);
	/* The very last address is an address. */
	assert_faults(&m, 1, UINT64_MAX, 1, IOMM_PROT_READ, UINT64_MAX,
		      IOMM_FAULT_TRANSLATION);
	iomm_pgtable_put(pgtable);
	machine_stop(&m);
}

static void test_translate_arguments(void **state)
{
	struct iomm_translation t = { .size = 23 }, t0 = t;
	struct iomm_fault fault = { .size = 0 };
	struct machine m;
	struct iomm_ctx *ctx;

	machine_start(&m, *state, NULL);
	ctx = m.w->ctx;
	assert_int_equal(iomm_soft_translate(NULL, 1, 0, 0, RO, &t, NULL),
			 -IOMM_EINVAL);
	assert_fails(iomm_soft_translate(m.soft, 1, 0, 0, RO, NULL, NULL),
		     IOMM_EINVAL, ctx, "iomm_soft_translate");
	assert_fails(iomm_soft_translate(m.soft, 1, 0, 0, RO, &t, NULL),
		     IOMM_EINVAL, ctx, "size 23");
	t.size = t0.size = sizeof(t);
	assert_fails(iomm_soft_translate(m.soft, 1, 0, 0, 0, &t, NULL),
		     IOMM_EINVAL, ctx, "READ, WRITE");
	assert_fails(iomm_soft_translate(m.soft, 1, 0, 0, IOMM_PROT_EXEC, &t,
					 NULL),
		     IOMM_EINVAL, ctx, "0x4");
	assert_fails(iomm_soft_translate(m.soft, 1, 0, 0, RW, &t, &fault),
		     IOMM_EINVAL, ctx, "size 0");
	assert_int_equal(stats_of(&m).faults, 0);
	assert_fails(iomm_soft_translate(m.soft, 1, 0, 0, RW, &t, NULL),
		     IOMM_EFAULT, ctx, "ID 0x1 cannot write I/O address 0x0");
	assert_memory_equal(&t, &t0, sizeof(t));
	machine_stop(&m);
}

static void test_other_arguments(void **state)
{
	struct iomm_soft_stats stats = { 0 }, stats0;
	struct machine m;
	struct iomm_ctx *ctx;

	machine_start(&m, *state, NULL);
	ctx = m.w->ctx;
	assert_int_equal(iomm_soft_invalidate(NULL, 0, 0, 0), -IOMM_EINVAL);
	assert_fails(iomm_soft_invalidate(m.soft, 0, 2, 1), IOMM_EINVAL, ctx,
		     "ends before");
	assert_int_equal(stats_of(&m).invalidations, 0);
	assert_ok(iomm_soft_invalidate(m.soft, 0, 2, 2));
	assert_int_equal(stats_of(&m).invalidations, 1);
	assert_int_equal(iomm_soft_stats(NULL, &stats), -IOMM_EINVAL);
	assert_fails(iomm_soft_stats(m.soft, NULL), IOMM_EINVAL, ctx, "NULL");
	assert_fails(iomm_soft_stats(m.soft, &stats), IOMM_EINVAL, ctx,
		     "size 0");
	stats.size = IOMM_SOFT_STATS_SIZE_VER0 - 1;
	stats0 = stats;
	assert_fails(iomm_soft_stats(m.soft, &stats), IOMM_EINVAL, ctx,
		     "size 39");
	assert_memory_equal(&stats, &stats0, sizeof(stats));
	machine_stop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_create),
		WORLD_TEST(test_no_memory),
		WORLD_TEST(test_memory_arguments),
		WORLD_TEST(test_memory_overlap),
		WORLD_TEST(test_context_arguments),
		WORLD_TEST(test_context_replace),
		WORLD_TEST(test_access_arguments),
		WORLD_TEST(test_translate_arguments),
		WORLD_TEST(test_other_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
