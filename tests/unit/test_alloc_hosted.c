/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Allocators on the memory of the system: code runs, traps, and stays apart
 * from what can be written. */
#define _GNU_SOURCE
#include "unit/hosted_support.h"

#include <sys/mman.h>

/* ---- Code ---- */

static void run_code(struct iomm_alloc_desc desc)
{
	struct hosted h;
	unsigned char *one, *two;
	char perms[5];

	open_hosted(&h, desc);
	one = alloc_ok(h.type, CODE_BYTES);
	two = alloc_ok(h.type, CODE_BYTES);
	assert_true(code_traps(one));
	code_place(h.type, one, 0x12345678);
	code_place(h.type, two, 42);
	assert_int_equal(code_call(one), 0x12345678);
	assert_int_equal(code_call(two), 42);
	mapping_perms(one, perms);
	assert_string_equal(perms + 2,
			    desc.prot & IOMM_ALLOC_EXEC && perms[3] == 's'
				    ? "xs"
				    : "xp");
	assert_true(write_traps(one));
	/* Filled once more. */
	code_place(h.type, one, 7);
	assert_int_equal(code_call(one), 7);
	assert_ok(iomm_alloc_type_free(h.type, one));
	assert_true(code_traps(one));
	assert_int_equal(code_call(two), 42);
	assert_ok(iomm_alloc_type_free(h.type, two));
	assert_true(code_traps(two));
	assert_ok(iomm_allocator_trim(h.rig.allocator));
	assert_true(code_traps(two));
	close_hosted(&h);
}

static void test_code(void **state)
{
	struct iomm_alloc_desc desc = text_desc();

	(void)state;
	run_code(desc);
	desc.flags = IOMM_ALLOC_LAZY_SYNC;
	run_code(desc);
	desc.flags = IOMM_ALLOC_RANDOMIZE | IOMM_ALLOC_GUARD;
	run_code(desc);
	desc.flags = IOMM_ALLOC_SHARED_HUGE;
	run_code(desc);
	desc = text_desc();
	desc.granularity = desc.alignment = 4096;
	run_code(desc);
}

/* Made executable and writable in turn, where there is no alias. */
static void test_code_without_alias(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	struct iomm_allocator_info info = { .size = sizeof(info) };
	char perms[5];
	void *one, *two;

	(void)state;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	assert_ok(pools_create(&rig, &desc, 1, IOMM_ALLOCATOR_NO_ALIAS, false));
	assert_ok(iomm_allocator_info(rig.allocator, &info));
	assert_int_equal(info.flags & (IOMM_ALLOCATOR_ALIAS |
				       IOMM_ALLOCATOR_PROTECT),
			 IOMM_ALLOCATOR_PROTECT);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	one = alloc_ok(type, CODE_BYTES);
	two = alloc_ok(type, CODE_BYTES);
	code_place(type, one, 1);
	code_place(type, two, 2);
	assert_int_equal(code_call(one), 1);
	assert_int_equal(code_call(two), 2);
	mapping_perms(one, perms);
	assert_string_equal(perms, "r-xp");
	assert_int_equal(mappings_now().write_exec, 0);
	assert_ok(iomm_alloc_type_free(type, one));
	assert_true(code_traps(one));
	assert_int_equal(code_call(two), 2);
	assert_ok(iomm_alloc_type_free(type, two));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

static void test_all_one_pool(void **state)
{
	struct iomm_alloc_desc desc = { .type = IOMM_ALLOC_TEXT,
					.prot = RWX,
					.flags = IOMM_ALLOC_ALLOW_WX };
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	char perms[5];
	void *at;

	(void)state;
	pools_open(&rig, &desc, 1, false);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	at = alloc_ok(type, CODE_BYTES);
	mapping_perms(at, perms);
	assert_string_equal(perms, "rwxp");
	assert_true(code_traps(at));
	code_place(type, at, 9);
	assert_int_equal(code_call(at), 9);
	/* In place, too. */
	code_make(at, 10);
	__builtin___clear_cache(at, (char *)at + CODE_BYTES);
	assert_ok(iomm_alloc_type_sync(type));
	assert_ok(iomm_alloc_type_free(type, at));
	assert_true(code_traps(at));
	iomm_alloc_type_put(type);
	pools_close(&rig);
	assert_int_equal(mappings_now().write_exec, 0);
}

/* Many small functions, coming and going: each that is there runs. */
static void test_many_functions(void **state)
{
	struct hosted h;
	struct {
		void *at;
		uint32_t number;
	} live[200] = { { 0 } };
	uint64_t seed = 1;
	uint32_t n, k, mapped = 0;

	(void)state;
	open_hosted(&h, text_desc());
	for (n = 0; n < 5000; n++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		k = (uint32_t)(seed >> 33) % LENGTH(live);
		if (live[k].at) {
			assert_int_equal(code_call(live[k].at), live[k].number);
			assert_ok(iomm_alloc_type_free(h.type, live[k].at));
		}
		live[k].number = n;
		live[k].at = alloc_ok(h.type, CODE_BYTES + (seed >> 50) % 3000);
		code_place(h.type, live[k].at, n);
		if (n == 2000)
			mapped = mappings_now().count;
	}
	/* As many mappings as ever. */
	assert_true(mappings_now().count <= mapped + 8);
	for (k = 0; k < LENGTH(live); k++) {
		assert_int_equal(code_call(live[k].at), live[k].number);
		assert_ok(iomm_alloc_type_free(h.type, live[k].at));
	}
	close_hosted(&h);
}

/* ---- Data ---- */

static void test_rodata(void **state)
{
	struct hosted h;
	char *at;

	(void)state;
	open_hosted(&h, (struct iomm_alloc_desc){ .type = IOMM_ALLOC_RODATA,
						  .prot = IOMM_ALLOC_READ });
	at = alloc_ok(h.type, 100);
	assert_int_equal(at[0], 0);
	assert_ok(iomm_alloc_type_fill(h.type, at + 1, "bytes", 6));
	assert_string_equal(at + 1, "bytes");
	assert_true(write_traps(at));
	assert_true(code_traps(at));
	assert_ok(iomm_alloc_type_free(h.type, at));
	assert_int_equal(at[1], 0);
	close_hosted(&h);
}

static void test_sealed(void **state)
{
	struct hosted h;
	char *one, *two;

	(void)state;
	open_hosted(&h, (struct iomm_alloc_desc){
				.type = IOMM_ALLOC_RODATA_AFTER_INIT,
				.prot = IOMM_ALLOC_READ,
				.flags = IOMM_ALLOC_SEAL_AFTER_INIT });
	one = alloc_ok(h.type, 100);
	two = alloc_ok(h.type, 100);
	strcpy(one, "set by init");
	assert_false(write_traps(one));
	assert_ok(iomm_alloc_type_seal(h.type, one));
	assert_true(write_traps(one));
	assert_false(write_traps(two));
	assert_string_equal(one, "set by init");
	assert_ok(iomm_alloc_type_free(h.type, one));
	one = alloc_ok(h.type, 100);
	assert_int_equal(*one, 0);
	*one = 1;
	assert_ok(iomm_alloc_type_free(h.type, one));
	assert_ok(iomm_alloc_type_free(h.type, two));
	close_hosted(&h);
}

/* ---- Where ---- */

static int here; /* something in the program's data, to be near to */

static void near_by(uint64_t distance)
{
	struct iomm_alloc_desc desc = text_desc();
	struct hosted h;
	uint64_t anchor = (uintptr_t)&here, at;
	void *code[64];
	uint32_t n;

	desc.anchor = anchor;
	desc.distance = distance;
	open_hosted(&h, desc);
	for (n = 0; n < LENGTH(code); n++) {
		code[n] = alloc_ok(h.type, KIB(60));
		at = (uintptr_t)code[n];
		assert_true((anchor < distance || at >= anchor - distance) &&
			    at + KIB(60) - 1 <= anchor + distance);
		code_place(h.type, code[n], n);
	}
	for (n = 0; n < LENGTH(code); n++) {
		assert_int_equal(code_call(code[n]), n);
		assert_ok(iomm_alloc_type_free(h.type, code[n]));
	}
	close_hosted(&h);
}

static void test_near(void **state)
{
	(void)state;
	near_by(MIB(128));
	near_by(MIB(2048));
}

/* A stretch of address space that nobody uses, away from where the kernel puts
 * what may be anywhere. */
#define FREE_STRETCH UINT64_C(0x110000000000)

/* A range is used up to its last byte, at once or piece by piece. */
static void fill_range(uint32_t flags, uint64_t piece, uint32_t expected)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_range range;
	struct hosted h;
	void *at[64], *none = UNTOUCHED;
	uint32_t n;

	range.first = FREE_STRETCH;
	range.last = range.first + MIB(1) - 1;
	desc.ranges = &range;
	desc.range_count = 1;
	desc.flags = flags;
	open_hosted(&h, desc);
	for (n = 0; n < expected; n++) {
		at[n] = alloc_ok(h.type, piece);
		assert_true((uintptr_t)at[n] >= range.first &&
			    (uintptr_t)at[n] + piece - 1 <= range.last);
		code_place(h.type, at[n], n);
	}
	assert_fails(iomm_alloc_type_alloc(h.type, piece, &none), IOMM_ENOSPC,
		     h.rig.world.ctx, "for type 1");
	assert_ptr_equal(none, UNTOUCHED);
	for (n = 0; n < expected; n++) {
		assert_int_equal(code_call(at[n]), n);
		assert_ok(iomm_alloc_type_free(h.type, at[n]));
	}
	close_hosted(&h);
}

static void test_ranges(void **state)
{
	(void)state;
	fill_range(0, MIB(1), 1);
	fill_range(0, KIB(64), 16);
	fill_range(IOMM_ALLOC_RANDOMIZE, KIB(64), 16);
	fill_range(IOMM_ALLOC_RANDOMIZE, MIB(1), 1);
}

static void test_random_places(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct hosted h;
	uint64_t apart = 0, last = 0;
	void *at[16];
	uint32_t n;

	(void)state;
	desc.flags = IOMM_ALLOC_RANDOMIZE;
	open_hosted(&h, desc);
	for (n = 0; n < LENGTH(at); n++) {
		at[n] = alloc_ok(h.type, KIB(64));
		apart |= n ? (uintptr_t)at[n] ^ last : 0;
		last = (uintptr_t)at[n];
	}
	/* Grants of one region would agree in these bits. */
	assert_true(apart >> 36 != 0);
	for (n = 0; n < LENGTH(at); n++)
		assert_ok(iomm_alloc_type_free(h.type, at[n]));
	close_hosted(&h);
}

static void test_guards(void **state)
{
	struct iomm_alloc_desc desc = { .type = IOMM_ALLOC_DATA,
					.prot = R_W,
					.flags = IOMM_ALLOC_GUARD,
					.granularity = 4096,
					.alignment = 4096 };
	struct hosted h;
	char *at[8], perms[5];
	uint32_t n;

	(void)state;
	open_hosted(&h, desc);
	for (n = 0; n < LENGTH(at); n++)
		at[n] = alloc_ok(h.type, 4096);
	for (n = 0; n < LENGTH(at); n++) {
		assert_false(write_traps(at[n]));
		assert_false(write_traps(at[n] + 4095));
		assert_true(write_traps(at[n] - 1));
		assert_true(write_traps(at[n] + 4096));
		/* And nobody else can be put there. */
		mapping_perms(at[n] - 1, perms);
		assert_string_equal(perms, "---p");
		mapping_perms(at[n] + 4096, perms);
		assert_string_equal(perms, "---p");
	}
	for (n = 0; n < LENGTH(at); n++)
		assert_ok(iomm_alloc_type_free(h.type, at[n]));
	close_hosted(&h);
}

/* ---- Large pages ---- */

static void test_huge(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_stats stats;
	struct hosted h;
	void *one, *two;

	(void)state;
	desc.flags = IOMM_ALLOC_SHARED_HUGE;
	open_hosted(&h, desc);
	one = alloc_ok(h.type, 100);
	two = alloc_ok(h.type, 100);
	assert_ptr_equal((char *)one + 112, two);
	assert_int_equal((uintptr_t)one % MIB(2), 0);
	stats = type_stats(h.type);
	assert_int_equal(stats.grants, 1);
	/* With them or without: whichever, it says so, and code runs. */
	assert_true(stats.huge == 0 || stats.huge == MIB(2));
	print_message("huge: %u of %u KiB\n", (unsigned)(stats.huge >> 10),
		      (unsigned)(stats.granted >> 10));
	code_place(h.type, one, 1);
	code_place(h.type, two, 2);
	assert_int_equal(code_call(one) + code_call(two), 3);
	assert_ok(iomm_alloc_type_free(h.type, one));
	assert_ok(iomm_alloc_type_free(h.type, two));
	close_hosted(&h);
}

/* ---- Leaks ---- */

static void test_mappings_go_back(void **state)
{
	struct mappings before, after;
	struct hosted h;
	void *at[64], *stays;
	uint32_t n, round;

	(void)state;
	open_hosted(&h, text_desc());
	before = mappings_now();
	for (round = 0; round < 4; round++) {
		for (n = 0; n < LENGTH(at); n++)
			at[n] = alloc_ok(h.type, KIB(100));
		for (n = 0; n < LENGTH(at); n++)
			assert_ok(iomm_alloc_type_free(
				h.type, at[(n * 7 + round) % LENGTH(at)]));
		assert_ok(iomm_allocator_trim(h.rig.allocator));
		after = mappings_now();
		assert_int_equal(after.iomm, 0);
		assert_true(after.count <= before.count + 4);
	}
	/* Pages go, though what they were in stays. */
	stays = alloc_ok(h.type, 100);
	for (n = 0; n < LENGTH(at); n++)
		at[n] = alloc_ok(h.type, KIB(100));
	assert_true(file_bytes() >= KIB(100) * LENGTH(at));
	for (n = 0; n < LENGTH(at); n++)
		assert_ok(iomm_alloc_type_free(h.type, at[n]));
	assert_ok(iomm_allocator_trim(h.rig.allocator));
	assert_true(file_bytes() <= KIB(256));
	assert_ok(iomm_alloc_type_free(h.type, stays));
	close_hosted(&h);
}

/* ---- Each kind of call ---- */

/* One function, which runs whatever is done beside it. */
static void stays(const void *code)
{
	assert_int_equal(code_call(code), 0x600d);
}

static void call_everything(struct pools *rig, struct iomm_alloc_type *text,
			    struct iomm_alloc_type *sealed, const void *code)
{
	struct iomm_alloc_part parts[2] = {
		{ .size = sizeof(*parts), .type = IOMM_ALLOC_TEXT, .bytes = 9 },
		{ .size = sizeof(*parts),
		  .type = IOMM_ALLOC_RODATA_AFTER_INIT,
		  .bytes = 9 },
	};
	struct iomm_allocation found = { .size = sizeof(found) };
	void *large;

	stays(code);
	assert_ok(iomm_allocator_layout(rig->allocator, parts, sizeof(*parts),
					2));
	stays(code);
	code_place(text, parts[0].address, 1);
	stays(code);
	assert_ok(iomm_alloc_type_seal(sealed, parts[1].address));
	stays(code);
	assert_ok(iomm_alloc_type_sync(text));
	stays(code);
	/* Another grant. */
	large = alloc_ok(text, MIB(1));
	stays(code);
	assert_ok(iomm_alloc_type_free(text, large));
	stays(code);
	assert_ok(iomm_alloc_type_free(text, parts[0].address));
	assert_ok(iomm_alloc_type_free(sealed, parts[1].address));
	stays(code);
	assert_ok(iomm_allocator_trim(rig->allocator));
	stays(code);
	(void)type_stats(text);
	assert_ok(iomm_allocator_find(rig->allocator, code, &found));
	assert_ok(iomm_alloc_type_next(text, NULL, &found));
	assert_ptr_equal(found.address, code);
	stays(code);
}

static void each_call(uint32_t flags, uint32_t type_flags)
{
	struct iomm_alloc_desc desc[] = {
		text_desc(),
		{ .type = IOMM_ALLOC_RODATA_AFTER_INIT,
		  .prot = IOMM_ALLOC_READ,
		  .flags = IOMM_ALLOC_SEAL_AFTER_INIT },
	};
	struct iomm_alloc_type *text, *sealed;
	struct pools rig = { 0 };
	void *code;

	desc[0].flags = type_flags;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	assert_ok(pools_create(&rig, desc, LENGTH(desc), flags, false));
	text = pools_type(&rig, IOMM_ALLOC_TEXT);
	sealed = pools_type(&rig, IOMM_ALLOC_RODATA_AFTER_INIT);
	code = alloc_ok(text, CODE_BYTES);
	code_place(text, code, 0x600d);
	call_everything(&rig, text, sealed, code);
	assert_ok(iomm_alloc_type_free(text, code));
	assert_true(code_traps(code));
	iomm_alloc_type_put(text);
	iomm_alloc_type_put(sealed);
	pools_close(&rig);
}

static void test_code_after_each_call(void **state)
{
	(void)state;
	each_call(0, 0);
	each_call(0, IOMM_ALLOC_SHARED_HUGE);
	each_call(0, IOMM_ALLOC_RANDOMIZE | IOMM_ALLOC_GUARD);
	each_call(IOMM_ALLOCATOR_NO_ALIAS, 0);
}

/* ---- Never both ---- */

/* The system itself sees to it that nothing in the tests behind this one is
 * writable and executable, however shortly. */
static void test_never_both_from_here_on(void **state)
{
	(void)state;
	assert_int_equal(mappings_now().write_exec, 0);
	if (under_valgrind() || !forbid(NO_WRITE_EXEC)) {
		print_message("this system, or valgrind, has no such filter\n");
		return;
	}
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			 MAP_FAILED);
}

/* And nothing is left of them all. */
static int watch(void **state)
{
	struct mappings now = mappings_now();

	(void)state;
	return now.iomm || now.write_exec || file_bytes() ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* The only one that is allowed both. */
		cmocka_unit_test(test_all_one_pool),
		cmocka_unit_test(test_never_both_from_here_on),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_code_after_each_call),
		cmocka_unit_test(test_code_without_alias),
		cmocka_unit_test(test_many_functions),
		cmocka_unit_test(test_rodata),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_random_places),
		cmocka_unit_test(test_guards),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_mappings_go_back),
	};

	return cmocka_run_group_tests(tests, watch, watch);
}
