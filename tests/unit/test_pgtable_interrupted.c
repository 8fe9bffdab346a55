/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A signal handler may look pages up in a shared table, whatever its thread is
 * about. Here one does between each two instructions of another lookup.
 */
#define _GNU_SOURCE /* sigaction() */
#include <signal.h>

#include "unit/pgtable_support.h"

#define MINE   0
#define THEIRS (8 * KB)

static struct iomm_pgtable *table;
static uint32_t interrupts, wrong;

/* What is said of a page is of that page. */
static void look(uint64_t iova, uint32_t prot)
{
	struct iomm_translation at = { .size = sizeof(at) };

	if (iomm_pgtable_translate(table, iova, &at) || at.prot != prot ||
	    at.paddr != GB + iova || at.page_size != 4 * KB)
		wrong++;
}

static void handler(int signal)
{
	(void)signal;
	if (interrupts++ % 3)
		look(THEIRS, RO);
	else
		look(MINE, RW);
}

#ifdef __x86_64__
#define STEP 0x100u /* the trap flag */

static void begin_steps(void)
{
	__builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | STEP);
}

static void end_steps(void)
{
	__builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() &
				       ~(unsigned long long)STEP);
}
#else
static void begin_steps(void)
{
}

static void end_steps(void)
{
}
#endif

static void test_lookups(void **state)
{
	struct sigaction action = { .sa_handler = handler }, old;
	struct rig *rig = *state;
	uint32_t n;

	table = rig_table(rig, 4 * KB, 39,
			  IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED);
	map_ok(table, MINE, GB + MINE, 4 * KB, RW);
	map_ok(table, THEIRS, GB + THEIRS, 4 * KB, RO);
	interrupts = wrong = 0;
	assert_int_equal(sigaction(SIGTRAP, &action, &old), 0);
	begin_steps();
	for (n = 0; n < 8; n++)
		look(MINE, RW);
	end_steps();
	assert_int_equal(sigaction(SIGTRAP, &old, NULL), 0);
	iomm_pgtable_put(table);
	assert_int_equal(wrong, 0);
	/* Valgrind makes none, nor does every machine. */
	if (interrupts)
		assert_in_range(interrupts, 100, UINT32_MAX);
	else
		print_message("there are no single steps here\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_lookups),
	};

	return cmocka_run_group_tests_name("page tables, interrupted", tests,
					   NULL, NULL);
}
