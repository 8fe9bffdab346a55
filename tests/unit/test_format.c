/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/pgtable_support.h"

#include "pgtable/format.h"

static uint32_t formats(struct rig *rig)
{
	return iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_FORMAT);
}

static void test_request(void **state)
{
	struct rig *rig = *state;
	struct iomm_format *format = NULL;

	assert_int_equal(formats(rig), 0);
	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, 0, &format));
	assert_non_null(format);
	assert_int_equal(formats(rig), 1);
	iomm_format_put(format);
	assert_int_equal(formats(rig), 0);
}

static void test_get_and_put(void **state)
{
	struct rig *rig = *state;
	struct iomm_format *format = NULL;

	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, 0, &format));
	assert_ptr_equal(iomm_format_get(format), format);
	iomm_format_put(format);
	assert_int_equal(formats(rig), 1);
	iomm_format_put(format);
	assert_int_equal(formats(rig), 0);
	assert_null(iomm_format_get(NULL));
	iomm_format_put(NULL);
}

static void test_request_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_format *none = (void *)rig, *format = none;

	assert_int_equal(iomm_format_request(NULL, "arm64-s1", 0, 0, &format),
			 -IOMM_EINVAL);
	assert_fails(iomm_format_request(rig->ctx, NULL, 0, 0, &format),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_fails(iomm_format_request(rig->ctx, "arm64-s1", 0, 0, NULL),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_fails(iomm_format_request(rig->ctx, "arm64-s1", 4, 0, &format),
		     IOMM_EINVAL, rig->ctx, "0x4");
	assert_fails(iomm_format_request(rig->ctx, "arm64-s", 0, 0, &format),
		     IOMM_ENOENT, rig->ctx, "no page-table format \"arm64-s\"");
	assert_fails(iomm_format_request(rig->ctx, "arm64-s1x", 0, 0, &format),
		     IOMM_ENOENT, rig->ctx, "arm64-s1x");
	assert_fails(iomm_format_request(rig->ctx, "", 0, 0, &format),
		     IOMM_ENOENT, rig->ctx, "\"\"");
	assert_ptr_equal(format, none);
	assert_int_equal(formats(rig), 0);
}

static void test_request_without_memory(void **state)
{
	struct rig *rig = *state;
	struct iomm_format *format = NULL;

	rig->fail_at = rig->sites + 1;
	assert_fails(iomm_format_request(rig->ctx, "arm64-s1", 0, 0, &format),
		     IOMM_ENOMEM, rig->ctx, "no memory");
	assert_null(format);
}

static void test_info(void **state)
{
	struct rig *rig = *state;
	struct iomm_format_info info = { .size = sizeof(info) };
	struct iomm_format *format;

	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, 0, &format));
	assert_ok(iomm_format_info(format, &info));
	assert_int_equal(info.granules, 4 * KB | 16 * KB | 64 * KB);
	assert_int_equal(info.max_ias, 52);
	assert_int_equal(info.max_oas, 52);
	assert_int_equal(info.nr_regs, 3);
	assert_int_equal(info.prot, 0x3f);
	assert_int_equal(info.flags, 0);
	iomm_format_put(format);
	/* No privileged accesses in stage 2. */
	assert_ok(iomm_format_request(rig->ctx, "arm64-s2", 0, 0, &format));
	assert_ok(iomm_format_info(format, &info));
	assert_int_equal(info.granules, 4 * KB | 16 * KB | 64 * KB);
	assert_int_equal(info.max_ias, 52);
	assert_int_equal(info.max_oas, 52);
	assert_int_equal(info.nr_regs, 3);
	assert_int_equal(info.prot, 0x1f);
	iomm_format_put(format);
}

static void test_info_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_format_info info = { .size = sizeof(info) - 1 };
	struct iomm_format *format;

	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, 0, &format));
	assert_int_equal(iomm_format_info(NULL, &info), -IOMM_EINVAL);
	/* A handle of another kind. */
	assert_int_equal(iomm_format_info((void *)rig->memory, &info),
			 -IOMM_EINVAL);
	assert_fails(iomm_format_info(format, NULL), IOMM_EINVAL, rig->ctx,
		     "NULL");
	assert_fails(iomm_format_info(format, &info), IOMM_EINVAL, rig->ctx,
		     "iomm_format_info");
	iomm_format_put(format);
}

/* A program of later headers gets its longer struct zeroed at the end. */
static void test_info_longer(void **state)
{
	struct rig *rig = *state;
	struct {
		struct iomm_format_info info;
		uint64_t later;
	} longer = { .info.size = sizeof(longer), .later = 7 };
	struct iomm_format *format;

	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, 0, &format));
	assert_ok(iomm_format_info(format, &longer.info));
	assert_int_equal(longer.info.size, sizeof(longer.info));
	assert_int_equal(longer.info.max_ias, 52);
	assert_int_equal(longer.later, 0);
	iomm_format_put(format);
}

/* The instance that needs least of the walker, of those that are wide enough. */
static void test_instances(void **state)
{
	static const struct {
		uint64_t granule;
		uint32_t ias, oas;
		uint64_t is; /* its granule, 0: there is none */
		uint32_t max_ias, max_oas;
	} wanted[] = {
		{ 0, 0, 0, 4 * KB, 48, 48 },
		{ 0, 48, 48, 4 * KB, 48, 48 },
		{ 0, 0, 49, 4 * KB, 52, 52 },
		{ 4 * KB, 49, 0, 4 * KB, 52, 52 },
		{ 16 * KB, 25, 32, 16 * KB, 48, 48 },
		{ 16 * KB, 52, 48, 16 * KB, 52, 52 },
		/* Wide input comes without wide output there. */
		{ 64 * KB, 52, 48, 64 * KB, 52, 48 },
		{ 64 * KB, 48, 49, 64 * KB, 52, 52 },
		/* None is: the widest says so. */
		{ 4 * KB, 53, 0, 4 * KB, 52, 52 },
		{ 64 * KB, 0, 64, 64 * KB, 52, 52 },
		{ 8 * KB, 0, 0, 0, 0, 0 },
	};
	const struct iomm_engine_ops *ops;
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		ops = iomm_format_engine(&iomm_format_arm64_s1,
					 wanted[i].granule, wanted[i].ias,
					 wanted[i].oas);
		if (!wanted[i].is) {
			assert_null(ops);
			continue;
		}
		assert_int_equal(ops->granule, wanted[i].is);
		assert_int_equal(ops->max_ias, wanted[i].max_ias);
		assert_int_equal(ops->max_oas, wanted[i].max_oas);
	}
}

/* D8.17.1 of the Arm ARM: what changes memory type or shareability goes through
 * break-before-make, in both stages; what changes rights does not. */
static void test_breaks(void **state)
{
	static const struct {
		uint32_t from, to, flushes;
	} changes[] = {
		{ RWC, RW, 1 },
		{ RW, RWC, 1 },
		{ RW, RW | IOMM_PROT_MMIO, 1 },
		{ RW | IOMM_PROT_MMIO, RO | IOMM_PROT_CACHE, 1 },
		{ RWC, RO | IOMM_PROT_CACHE, 0 },
		{ RO, RW, 0 },
		{ RW, RW | IOMM_PROT_EXEC, 0 },
		{ RWC, RWC, 0 },
	};
	static const char *const names[] = { "arm64-s1", "arm64-s2" };
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .ias = 39,
					      .memory = rig->memory };
	struct iomm_gather gather;
	struct iomm_pgtable *t;
	uint32_t i, n;

	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		for (n = 0; n < 2; n++) {
			assert_ok(iomm_pgtable_create(rig->ctx, names[n],
						      &config, &rig_tlb, rig,
						      NULL, &t));
			map_ok(t, 0, 0, 4 * KB, changes[i].from);
			rig_clear_events(rig);
			iomm_gather_init(&gather);
			assert_ok(iomm_pgtable_protect(t, 0, 4 * KB,
						       changes[i].to, &gather,
						       NULL));
			assert_int_equal(rig_count(rig, EV_FLUSH),
					 changes[i].flushes);
			assert_ok(iomm_gather_flush(&gather));
			iomm_pgtable_put(t);
		}
}

/* D8.5: hardware notes a write in bit 7 of a leaf with DBM. It clears AP[2] in
 * stage 1 and sets S2AP[1] in stage 2. The right to write is there all along. */
static void dirty(struct rig *rig, const char *name)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_DIRTY,
		.ias = 30,
		.memory = rig->memory,
	};
	struct iomm_translation at = { .size = sizeof(at) };
	uint64_t bitmap[8] = { 0 }, *desc, clean;
	struct iomm_gather gather;
	struct iomm_pgtable *t;

	assert_ok(iomm_pgtable_create(rig->ctx, name, &config, &rig_tlb, rig,
				      NULL, &t));
	map_ok(t, 2 * MB, 0, 2 * MB, RWC);
	desc = rig_desc(rig, info_of(t).root_pa + 8);
	clean = *desc;
	*desc ^= 1 << 7;
	assert_ok(iomm_pgtable_translate(t, 2 * MB, &at));
	assert_int_equal(at.prot, RWC);
	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_read_and_clear_dirty(t, 2 * MB, 2 * MB, 0,
						    bitmap, 8, &gather));
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(bitmap[0], UINT64_MAX);
	assert_int_equal(*desc, clean);
	assert_ok(iomm_pgtable_translate(t, 2 * MB, &at));
	assert_int_equal(at.prot, RWC);
	bitmap[0] = 0;
	assert_ok(iomm_pgtable_read_and_clear_dirty(t, 2 * MB, 2 * MB, 0,
						    bitmap, 8, &gather));
	assert_int_equal(bitmap[0], 0);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

static void test_dirty(void **state)
{
	dirty(*state, "arm64-s1");
	dirty(*state, "arm64-s2");
}

/* A table pins its format, and a handle outlives what it was asked for. */
static void test_table_pins(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rig_table(rig, 0, 0, 0);

	assert_int_equal(formats(rig), 1);
	iomm_pgtable_put(pgtable);
	assert_int_equal(formats(rig), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_request),
		RIG_TEST(test_get_and_put),
		RIG_TEST(test_request_refuses),
		RIG_TEST(test_request_without_memory),
		RIG_TEST(test_info),
		RIG_TEST(test_info_refuses),
		RIG_TEST(test_info_longer),
		RIG_TEST(test_instances),
		RIG_TEST(test_breaks),
		RIG_TEST(test_dirty),
		RIG_TEST(test_table_pins),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
