/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rendering of sentences: base/text.h. */
#include "unit/support.h"

#include "base/text.h"

#define RENDER(buf, ...) \
	iomm_text_render((buf), sizeof(buf), IOMM_TEXT(__VA_ARGS__))

static void assert_decimal(uint64_t value)
{
	char ours[32], theirs[32];

	(void)RENDER(ours, "%u", value);
	snprintf(theirs, sizeof(theirs), "%llu", (unsigned long long)value);
	assert_string_equal(ours, theirs);
}

static void test_decimal(void **state)
{
	uint64_t power = 1, random = 88172645463325252u;
	uint32_t n;

	(void)state;
	assert_decimal(0);
	assert_decimal(UINT64_MAX);
	assert_decimal(UINT64_MAX - 1);
	/* Around each power of ten and of two, where a division by
	 * multiplication goes wrong first. */
	for (n = 0; n < 20; n++, power *= 10) {
		assert_decimal(power - 1);
		assert_decimal(power);
		assert_decimal(power + 9);
	}
	for (n = 0; n < 64; n++) {
		assert_decimal((UINT64_C(1) << n) - 1);
		assert_decimal(UINT64_C(1) << n);
	}
	for (n = 0; n < 100000; n++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		assert_decimal(random);
	}
}

static void test_hex(void **state)
{
	char buf[32];

	(void)state;
	assert_int_equal(RENDER(buf, "%x", 0), 3);
	assert_string_equal(buf, "0x0");
	(void)RENDER(buf, "%x", 0x10);
	assert_string_equal(buf, "0x10");
	(void)RENDER(buf, "%x", UINT64_C(0xfedcba9876543210));
	assert_string_equal(buf, "0xfedcba9876543210");
	(void)RENDER(buf, "%x", UINT64_MAX);
	assert_string_equal(buf, "0xffffffffffffffff");
}

static void test_bytes(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} sample[] = {
		{ 0, "0 bytes" },
		{ 1, "1 bytes" },
		{ 1023, "1023 bytes" },
		{ 1024, "1 KiB" },
		{ 1025, "1025 bytes" },
		{ 1536, "1536 bytes" },
		{ 65536, "64 KiB" },
		{ 2 * MB, "2 MiB" },
		{ 1025 * KB, "1025 KiB" },
		{ GB, "1 GiB" },
		{ 512 * TB, "512 TiB" },
		{ 1024 * TB, "1024 TiB" },
		{ UINT64_MAX, "18446744073709551615 bytes" },
	};
	char buf[64];
	uint32_t n;

	(void)state;
	for (n = 0; n < LENGTH(sample); n++) {
		(void)RENDER(buf, "%k", sample[n].value);
		assert_string_equal(buf, sample[n].text);
	}
}

static void test_strings(void **state)
{
	char buf[64];

	(void)state;
	assert_int_equal(RENDER(buf, ""), 0);
	assert_string_equal(buf, "");
	(void)RENDER(buf, "<%s>", IOMM_STR("text"));
	assert_string_equal(buf, "<text>");
	(void)RENDER(buf, "<%s>", IOMM_STR(NULL));
	assert_string_equal(buf, "<(none)>");
	(void)RENDER(buf, "%u%x%s%k.", 1, 2, IOMM_STR("three"), 4);
	assert_string_equal(buf, "10x2three4 bytes.");
	/* As many as there can be. */
	(void)RENDER(buf, "%u%u%u%u%u%u%u%u", 1, 2, 3, 4, 5, 6, 7, 8);
	assert_string_equal(buf, "12345678");
}

static void test_cut(void **state)
{
	char buf[8];
	uint32_t len;

	(void)state;
	/* Each length of buffer, and nothing behind it is written. */
	for (len = 1; len < sizeof(buf); len++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(
			iomm_text_render(buf, len,
					 IOMM_TEXT("%s",
						   IOMM_STR("abcdefghij"))),
			10);
		assert_int_equal(strlen(buf), len - 1);
		assert_memory_equal(buf, "abcdefghij", len - 1);
		assert_int_equal(buf[len], '#');
	}
	assert_int_equal(iomm_text_render(NULL, 0, IOMM_TEXT("abc")), 3);
}

static void test_string_helpers(void **state)
{
	char buf[4];

	(void)state;
	assert_int_equal(iomm_strlen(""), 0);
	assert_int_equal(iomm_strlen("abc"), 3);
	assert_true(iomm_streq("", ""));
	assert_true(iomm_streq("abc", "abc"));
	assert_false(iomm_streq("abc", "abd"));
	assert_false(iomm_streq("abc", "ab"));
	assert_false(iomm_streq("ab", "abc"));
	assert_false(iomm_streq("", "a"));
	assert_int_equal(iomm_copy_string(buf, sizeof(buf), "abcdef"), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(iomm_copy_string(NULL, 0, "abcdef"), 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_string_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
