/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ready policies of examples/policies: each does what it is called. */
#include "unit/hosted_support.h"

#include "../../examples/policies/all_one_pool.h"
#include "../../examples/policies/huge_text.h"
#include "../../examples/policies/near_text.h"
#include "../../examples/policies/strict.h"

enum {
	TYPES = IOMM_ALLOC_INITRODATA
};

/* A module with a part of each type, and what the system says of each. */
struct module {
	struct pools rig;
	struct mappings before;
	struct iomm_alloc_part part[TYPES];
	struct iomm_alloc_type *type[TYPES];
	char perms[TYPES][5];
};

static bool is_run(uint32_t type)
{
	return type == IOMM_ALLOC_TEXT || type == IOMM_ALLOC_INITTEXT;
}

static void describe(struct module *m)
{
	uint32_t n;

	for (n = 0; n < TYPES; n++)
		mapping_perms(m->part[n].address, m->perms[n]);
}

static void open_module(struct module *m, const struct iomm_alloc_desc *types,
			uint32_t count)
{
	struct iomm_alloc_desc copy[TYPES];
	uint32_t n;

	memset(m, 0, sizeof(*m));
	m->before = mappings_now();
	assert_int_equal(count, TYPES);
	memcpy(copy, types, sizeof(copy));
	pools_open(&m->rig, copy, count, false);
	for (n = 0; n < TYPES; n++) {
		m->part[n].size = sizeof(m->part[n]);
		m->part[n].type = n + 1;
		m->part[n].bytes = 3000;
		m->type[n] = pools_type(&m->rig, n + 1);
	}
	assert_ok(iomm_allocator_layout(m->rig.allocator, m->part,
					sizeof(*m->part), TYPES));
	for (n = 0; n < TYPES; n++)
		code_place(m->type[n], m->part[n].address, n);
	for (n = 0; n < TYPES; n++) {
		if (is_run(n + 1))
			assert_int_equal(code_call(m->part[n].address), n);
	}
	describe(m);
}

static void close_module(struct module *m)
{
	uint32_t n;

	for (n = 0; n < TYPES; n++) {
		assert_ok(iomm_alloc_type_free(m->type[n], m->part[n].address));
		iomm_alloc_type_put(m->type[n]);
	}
	pools_close(&m->rig);
	assert_int_equal(mappings_now().iomm, m->before.iomm);
}

static void has_perms(const struct module *m, uint32_t type, const char *perms)
{
	char found[4] = { 0 };

	memcpy(found, m->perms[type - 1], 3);
	assert_string_equal(found, perms);
}

/* What all policies but one have in common. */
static void is_what_it_is_for(struct module *m)
{
	uint32_t after_init = IOMM_ALLOC_RODATA_AFTER_INIT;

	assert_int_equal(mappings_now().write_exec, 0);
	has_perms(m, IOMM_ALLOC_TEXT, "r-x");
	has_perms(m, IOMM_ALLOC_INITTEXT, "r-x");
	has_perms(m, IOMM_ALLOC_DATA, "rw-");
	has_perms(m, IOMM_ALLOC_INITDATA, "rw-");
	has_perms(m, IOMM_ALLOC_RODATA, "r--");
	has_perms(m, IOMM_ALLOC_INITRODATA, "r--");
	has_perms(m, after_init, "rw-");
	assert_ok(iomm_alloc_type_seal(m->type[after_init - 1],
				       m->part[after_init - 1].address));
	describe(m);
	has_perms(m, after_init, "r--");
}

static void test_strict(void **state)
{
	struct module one, two;
	char perms[5];
	uint32_t n;

	(void)state;
	open_module(&one, strict, LENGTH(strict));
	is_what_it_is_for(&one);
	open_module(&two, strict, LENGTH(strict));
	for (n = 0; n < TYPES; n++) {
		struct iomm_allocation found = { .size = sizeof(found) };

		/* Somewhere else each time, between guards. */
		assert_true(((uintptr_t)one.part[n].address ^
			     (uintptr_t)two.part[n].address) >>
				    24 !=
			    0);
		assert_ok(iomm_allocator_find(one.rig.allocator,
					      one.part[n].address, &found));
		mapping_perms((char *)found.grant - 1, perms);
		assert_string_equal(perms, "---p");
		mapping_perms((char *)found.grant + found.grant_bytes, perms);
		assert_string_equal(perms, "---p");
	}
	close_module(&two);
	close_module(&one);
}

static void test_huge_text(void **state)
{
	struct iomm_alloc_stats stats;
	struct module m;

	(void)state;
	open_module(&m, huge_text, LENGTH(huge_text));
	is_what_it_is_for(&m);
	/* With large pages or without, the grant has room for one. */
	stats = type_stats(m.type[IOMM_ALLOC_TEXT - 1]);
	assert_int_equal(stats.granted % MIB(2), 0);
	assert_true(stats.huge == 0 || stats.huge == stats.granted);
	assert_int_equal((uintptr_t)m.part[IOMM_ALLOC_TEXT - 1].address %
				 MIB(2),
			 0);
	stats = type_stats(m.type[IOMM_ALLOC_DATA - 1]);
	assert_int_equal(stats.huge, 0);
	close_module(&m);
}

static int here;

static void near_by(uint64_t reach)
{
	uint64_t anchor = (uintptr_t)&here, at;
	const struct iomm_alloc_desc types[] = NEAR_TEXT(anchor, reach);
	struct module m;
	uint32_t n;

	open_module(&m, types, LENGTH(types));
	is_what_it_is_for(&m);
	for (n = 0; n < TYPES; n++) {
		at = (uintptr_t)m.part[n].address;
		assert_true(at + 3000 - anchor <= reach ||
			    anchor - at <= reach);
	}
	close_module(&m);
}

static void test_near_text(void **state)
{
	(void)state;
	near_by(REACH_ARM64);
	near_by(REACH_X86_64);
}

/* Last: it leaves nothing behind either. */
static void test_all_one_pool(void **state)
{
	struct module m;
	uint32_t n;

	(void)state;
	open_module(&m, all_one_pool, LENGTH(all_one_pool));
	for (n = 1; n <= TYPES; n++)
		has_perms(&m, n, "rwx");
	assert_int_equal(type_stats(m.type[0]).grants, 1);
	for (n = 0; n < TYPES; n++)
		assert_int_equal(code_call(m.part[n].address), n);
	close_module(&m);
	assert_int_equal(mappings_now().write_exec, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_huge_text),
		cmocka_unit_test(test_near_text),
		cmocka_unit_test(test_all_one_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
