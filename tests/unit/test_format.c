/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/pgtable_support.h"

static uint32_t formats(struct rig *rig)
{
	return iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_FORMAT);
}

static void test_request(void **state)
{
	struct rig *rig = *state;
	struct iomm_format *format = NULL;

	assert_int_equal(formats(rig), 0);
	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, &format));
	assert_non_null(format);
	assert_int_equal(formats(rig), 1);
	iomm_format_put(format);
	assert_int_equal(formats(rig), 0);
}

static void test_get_and_put(void **state)
{
	struct rig *rig = *state;
	struct iomm_format *format = NULL;

	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, &format));
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

	assert_int_equal(iomm_format_request(NULL, "arm64-s1", 0, &format),
			 -IOMM_EINVAL);
	assert_fails(iomm_format_request(rig->ctx, NULL, 0, &format),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_fails(iomm_format_request(rig->ctx, "arm64-s1", 0, NULL),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_fails(iomm_format_request(rig->ctx, "arm64-s1", 4, &format),
		     IOMM_EINVAL, rig->ctx, "0x4");
	assert_fails(iomm_format_request(rig->ctx, "arm64-s", 0, &format),
		     IOMM_ENOENT, rig->ctx, "no page-table format \"arm64-s\"");
	assert_fails(iomm_format_request(rig->ctx, "arm64-s1x", 0, &format),
		     IOMM_ENOENT, rig->ctx, "arm64-s1x");
	assert_fails(iomm_format_request(rig->ctx, "", 0, &format), IOMM_ENOENT,
		     rig->ctx, "\"\"");
	assert_ptr_equal(format, none);
	assert_int_equal(formats(rig), 0);
}

static void test_request_without_memory(void **state)
{
	struct rig *rig = *state;
	struct iomm_format *format = NULL;

	rig->fail_at = rig->sites + 1;
	assert_fails(iomm_format_request(rig->ctx, "arm64-s1", 0, &format),
		     IOMM_ENOMEM, rig->ctx, "no memory");
	assert_null(format);
}

static void test_info(void **state)
{
	struct rig *rig = *state;
	struct iomm_format_info info = { .size = sizeof(info) };
	struct iomm_format *format;

	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, &format));
	assert_ok(iomm_format_info(format, &info));
	assert_int_equal(info.granules, 4 * KB | 16 * KB | 64 * KB);
	assert_int_equal(info.max_ias, 48);
	assert_int_equal(info.max_oas, 48);
	assert_int_equal(info.nr_regs, 3);
	assert_int_equal(info.prot, 0x3f);
	assert_int_equal(info.flags, 0);
	iomm_format_put(format);
}

static void test_info_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_format_info info = { .size = sizeof(info) - 1 };
	struct iomm_format *format;

	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, &format));
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

	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, &format));
	assert_ok(iomm_format_info(format, &longer.info));
	assert_int_equal(longer.info.size, sizeof(longer.info));
	assert_int_equal(longer.info.max_ias, 48);
	assert_int_equal(longer.later, 0);
	iomm_format_put(format);
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
		RIG_TEST(test_table_pins),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
