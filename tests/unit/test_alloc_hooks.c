/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What allocators ask of hooks, and in which order: before reuse, before code is
 * run, where memory has to be made writable. */
#include "unit/alloc_support.h"

/* ---- Reuse ---- */

/* Traps are in what is free, and a barrier lies between a free and the reuse of
 * the address. */
static void test_barrier_before_reuse(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	unsigned char *at, *again;
	uint32_t n, barriers;

	(void)state;
	desc.flags = IOMM_ALLOC_LAZY_SYNC;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	at = alloc_ok(type, KIB(64));
	for (n = 1; n < KIB(64); n++)
		assert_int_equal(at[n], at[0]);
	assert_int_not_equal(at[0], 0);
	memset(at, 0, KIB(64));
	assert_int_equal(rig.memory.calls[MEMORY_BARRIER], 0);
	assert_ok(iomm_alloc_type_free(type, at));
	barriers = rig.memory.calls[MEMORY_BARRIER];
	assert_int_equal(at[0], at[KIB(64) - 1]);
	assert_int_not_equal(at[0], 0);
	again = alloc_ok(type, 16);
	if (again == at)
		assert_true(rig.memory.calls[MEMORY_BARRIER] > 0);
	else
		assert_int_equal(rig.memory.calls[MEMORY_BARRIER], barriers);
	assert_ok(iomm_alloc_type_free(type, again));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* Every address that comes back has seen one since it was freed; also where
 * somebody else asks for some. */
static void test_barrier_before_every_reuse(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	uint32_t freed[65536] = { 0 }; /* barriers by then, plus 1; by 16 */
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	unsigned char *at[4] = { 0 };
	uint32_t n, k, u, bytes[LENGTH(at)], barriers, reused = 0;

	(void)state;
	desc.granularity = 16 * LENGTH(freed);
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	/* Few are live, so that much can wait. */
	for (n = 0; n < 20000; n++) {
		if (n % 50 == 0 && n % 3000 < 1500)
			assert_ok(iomm_alloc_type_sync(type));
		k = n * 7919 % LENGTH(at);
		barriers = rig.memory.calls[MEMORY_BARRIER];
		if (at[k]) {
			assert_ok(iomm_alloc_type_free(type, at[k]));
			for (u = 0; u < bytes[k]; u += 16)
				freed[(uint64_t)(at[k] + u - rig.memory.base) /
				      16 % LENGTH(freed)] = barriers + 1;
		}
		bytes[k] = 16 * (n % 61 + 1);
		at[k] = alloc_ok(type, bytes[k]);
		/* Only what lies in the part that is noted. */
		if ((uint64_t)(at[k] + bytes[k] - rig.memory.base) >
		    16 * LENGTH(freed))
			continue;
		barriers = rig.memory.calls[MEMORY_BARRIER];
		for (u = 0; u < bytes[k]; u += 16) {
			uint64_t unit =
				(uint64_t)(at[k] + u - rig.memory.base) / 16;

			reused += freed[unit] != 0;
			assert_true(!freed[unit] || freed[unit] <= barriers);
		}
	}
	assert_true(reused > 1000);
	for (k = 0; k < LENGTH(at); k++)
		assert_ok(iomm_alloc_type_free(type, at[k]));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* Who comes by often enough saves the others theirs. */
static void test_barriers_are_shared(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	uint32_t n, syncs = 0;

	(void)state;
	desc.flags = IOMM_ALLOC_LAZY_SYNC;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	for (n = 0; n < 200; n++) {
		void *at = alloc_ok(type, KIB(128));

		assert_ok(iomm_alloc_type_free(type, at));
		assert_true(type_stats(type).waiting <= MIB(1));
		if (n % 3)
			continue;
		assert_ok(iomm_alloc_type_sync(type));
		syncs++;
	}
	assert_int_equal(rig.memory.calls[MEMORY_BARRIER], syncs);
	for (n = 0; n < 200; n++)
		assert_ok(iomm_alloc_type_free(type, alloc_ok(type, KIB(128))));
	assert_in_range(rig.memory.calls[MEMORY_BARRIER], syncs + 1,
			syncs + 200 / 4);
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

static void test_sync(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *at;

	(void)state;
	/* Every fill ends with a barrier, unless the descriptor leaves it out. */
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	at = alloc_ok(type, 64);
	code_place(type, at, 1);
	assert_int_equal(rig.memory.calls[MEMORY_BARRIER], 1);
	assert_true(rig.memory.calls[MEMORY_FLUSH] > 0);
	assert_ok(iomm_alloc_type_fill(type, at, NULL, 0));
	assert_int_equal(rig.memory.calls[MEMORY_BARRIER], 1);
	assert_ok(iomm_alloc_type_free(type, at));
	iomm_alloc_type_put(type);
	pools_close(&rig);

	desc.flags = IOMM_ALLOC_LAZY_SYNC;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	at = alloc_ok(type, 64);
	code_place(type, at, 1);
	assert_int_equal(rig.memory.calls[MEMORY_BARRIER], 0);
	assert_ok(iomm_alloc_type_sync(type));
	assert_int_equal(rig.memory.calls[MEMORY_BARRIER], 1);
	assert_ok(iomm_alloc_type_free(type, at));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

static void test_no_barrier(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_allocator_info info = { .size = sizeof(info) };
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *at;

	(void)state;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	rig.memory.ops.barrier = NULL;
	assert_ok(pools_create(&rig, &desc, 1, 0, true));
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	assert_ok(iomm_allocator_info(rig.allocator, &info));
	assert_int_equal(info.flags & IOMM_ALLOCATOR_BARRIER, 0);
	assert_fails(iomm_alloc_type_sync(type), IOMM_EOPNOTSUPP, rig.world.ctx,
		     "no barrier");
	at = alloc_ok(type, 64);
	code_place(type, at, 1);
	assert_ok(iomm_alloc_type_free(type, at));
	assert_ptr_equal(alloc_ok(type, 64), at);
	assert_ok(iomm_alloc_type_free(type, at));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* ---- Hooks of the descriptor ---- */

struct hooks {
	uint32_t fills, invalidates, maps, unmaps;
	void *dst, *writable;
	uint64_t mapped; /* bytes */
	int answer;
};

static int
fill(void *data, void *dst, void *writable, const void *src, uint64_t bytes)
{
	struct hooks *hooks = data;

	hooks->fills++;
	hooks->dst = dst;
	hooks->writable = writable;
	if (!hooks->answer)
		memcpy(writable, src, (size_t)bytes);
	return hooks->answer;
}

static int invalidate(void *data, void *address, void *writable, uint64_t bytes)
{
	struct hooks *hooks = data;

	(void)address;
	hooks->invalidates++;
	if (!hooks->answer)
		memset(writable, 0x5a, (size_t)bytes);
	return hooks->answer;
}

static void on_map(void *data, void *address, uint64_t bytes)
{
	struct hooks *hooks = data;

	(void)address;
	hooks->maps++;
	hooks->mapped += bytes;
}

static void on_unmap(void *data, void *address, uint64_t bytes)
{
	struct hooks *hooks = data;

	(void)address;
	hooks->unmaps++;
	hooks->mapped -= bytes;
}

static void test_hooks(void **state)
{
	struct hooks hooks = { 0 };
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	unsigned char *at;

	(void)state;
	desc.data = &hooks;
	desc.fill = fill;
	desc.invalidate = invalidate;
	desc.on_map = on_map;
	desc.on_unmap = on_unmap;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	at = alloc_ok(type, 64);
	assert_int_equal(hooks.mapped, KIB(64));
	assert_int_equal(hooks.invalidates, 1);
	assert_int_equal(at[0], 0x5a);
	assert_ok(iomm_alloc_type_fill(type, at + 3, "abc", 3));
	assert_int_equal(hooks.fills, 1);
	assert_ptr_equal(hooks.dst, at + 3);
	assert_ptr_equal(hooks.writable, at + 3);
	/* What fails leaves it allocated. */
	hooks.answer = -IOMM_EIO;
	assert_fails(iomm_alloc_type_fill(type, at, "abc", 3), IOMM_EIO,
		     rig.world.ctx, "the fill of type 1");
	assert_fails(iomm_alloc_type_free(type, at), IOMM_EIO, rig.world.ctx,
		     "the invalidate of type 1");
	hooks.answer = 5;
	assert_int_equal(iomm_alloc_type_free(type, at), -IOMM_EPROTO);
	assert_int_equal(type_stats(type).allocations, 1);
	hooks.answer = 0;
	assert_ok(iomm_alloc_type_free(type, at));
	assert_int_equal(at[3], 0x5a);
	assert_ok(iomm_allocator_trim(rig.allocator));
	assert_int_equal(hooks.maps, 1);
	assert_int_equal(hooks.unmaps, 1);
	assert_int_equal(hooks.mapped, 0);
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* Hooks run without locks, and may call the library. */
static struct iomm_alloc_type *reentry_type;
static int reentry_result;

static void reenter(void *data, void *address, uint64_t bytes)
{
	struct iomm_alloc_stats stats = { .size = sizeof(stats) };
	struct iomm_allocation seen = { .size = sizeof(seen) };
	void *at;

	(void)data;
	(void)bytes;
	if (!reentry_type)
		return;
	assert_ok(iomm_alloc_type_stats(reentry_type, &stats));
	assert_int_equal(iomm_alloc_type_next(reentry_type, NULL, &seen),
			 -IOMM_ENOENT);
	assert_int_equal(iomm_alloc_type_free(reentry_type, address),
			 -IOMM_EINVAL);
	/* Its own thread is taking a grant further up the stack. */
	reentry_result = iomm_alloc_type_alloc(reentry_type, 16, &at);
}

static void test_reentry(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *at;

	(void)state;
	desc.on_map = reenter;
	pools_open(&rig, &desc, 1, true);
	type = reentry_type = pools_type(&rig, IOMM_ALLOC_TEXT);
	at = alloc_ok(type, 64);
	assert_int_equal(reentry_result, -IOMM_EDEADLK);
	reentry_type = NULL;
	assert_ok(iomm_alloc_type_free(type, at));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* ---- Sealing ---- */

static void test_seal(void **state)
{
	struct iomm_alloc_desc desc = {
		.type = IOMM_ALLOC_RODATA_AFTER_INIT,
		.prot = IOMM_ALLOC_READ,
		.flags = IOMM_ALLOC_SEAL_AFTER_INIT,
	};
	struct iomm_allocation seen = { .size = sizeof(seen) };
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	char *one, *two;

	(void)state;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_RODATA_AFTER_INIT);
	one = alloc_ok(type, 1);
	two = alloc_ok(type, 1);
	/* A page each, that can be written. */
	assert_int_equal((uintptr_t)one % MEMORY_PAGE, 0);
	assert_ptr_equal(two, one + MEMORY_PAGE);
	assert_int_equal(memory_prot(&rig.memory, one), R_W);
	assert_fails(iomm_alloc_type_seal(type, one + 1), IOMM_EINVAL,
		     rig.world.ctx, "inside");
	assert_ok(iomm_alloc_type_fill(type, one, "x", 1));
	assert_ok(iomm_alloc_type_seal(type, one));
	assert_int_equal(memory_prot(&rig.memory, one), IOMM_ALLOC_READ);
	assert_int_equal(memory_prot(&rig.memory, two), R_W);
	assert_fails(iomm_alloc_type_seal(type, one), IOMM_EEXIST,
		     rig.world.ctx, "sealed");
	assert_fails(iomm_alloc_type_fill(type, one, "x", 1), IOMM_EACCES,
		     rig.world.ctx, "sealed");
	assert_ok(iomm_allocator_find(rig.allocator, one, &seen));
	assert_int_equal(seen.flags, IOMM_ALLOCATION_SEALED);
	assert_int_equal(seen.prot, IOMM_ALLOC_READ);
	assert_ok(iomm_allocator_find(rig.allocator, two, &seen));
	assert_int_equal(seen.flags, 0);
	assert_int_equal(seen.prot, R_W);
	/* It comes back writable, and empty. */
	assert_int_equal(*one, 'x');
	assert_ok(iomm_alloc_type_free(type, one));
	assert_int_equal(memory_prot(&rig.memory, one), R_W);
	assert_ptr_equal(alloc_ok(type, 1), one);
	assert_int_equal(*one, 0);
	assert_ok(iomm_alloc_type_fill(type, one, "x", 1));
	assert_ok(iomm_alloc_type_free(type, one));
	assert_ok(iomm_alloc_type_free(type, two));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* ---- Without an alias ---- */

static void test_flips(void **state)
{
	struct iomm_alloc_desc desc[2] = {
		text_desc(),
		{ .type = IOMM_ALLOC_DATA, .prot = R_W },
	};
	struct iomm_allocator_info info = { .size = sizeof(info) };
	struct iomm_alloc_type *text, *data;
	struct pools rig = { 0 };
	char *one, *two;
	uint32_t n;

	(void)state;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	rig.memory.ops.flags = 0;
	assert_ok(pools_create(&rig, desc, 2, 0, true));
	assert_ok(iomm_allocator_info(rig.allocator, &info));
	assert_int_equal(info.flags,
			 IOMM_ALLOCATOR_PROTECT | IOMM_ALLOCATOR_BARRIER);
	text = pools_type(&rig, IOMM_ALLOC_TEXT);
	data = pools_type(&rig, IOMM_ALLOC_DATA);
	one = alloc_ok(text, 16);
	two = alloc_ok(text, 16);
	assert_ptr_equal(two, one + MEMORY_PAGE);
	n = rig.memory.calls[MEMORY_PROTECT];
	code_place(text, one, 1);
	assert_int_equal(rig.memory.calls[MEMORY_PROTECT], n + 2);
	assert_int_equal(memory_prot(&rig.memory, one), RX);
	assert_ok(iomm_alloc_type_free(text, one));
	assert_ok(iomm_alloc_type_free(text, two));
	/* What is writable anyway is as it was. */
	n = rig.memory.calls[MEMORY_PROTECT];
	one = alloc_ok(data, 16);
	two = alloc_ok(data, 16);
	assert_ptr_equal(two, one + 16);
	assert_ok(iomm_alloc_type_free(data, one));
	assert_ok(iomm_alloc_type_free(data, two));
	assert_int_equal(rig.memory.calls[MEMORY_PROTECT], n);
	iomm_alloc_type_put(text);
	iomm_alloc_type_put(data);
	pools_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_barrier_before_reuse),
		cmocka_unit_test(test_barrier_before_every_reuse),
		cmocka_unit_test(test_barriers_are_shared),
		cmocka_unit_test(test_sync),
		cmocka_unit_test(test_no_barrier),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_reentry),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
