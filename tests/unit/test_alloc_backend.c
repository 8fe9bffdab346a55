/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What allocators ask backends for, and what they make of the answers. */
#include "unit/alloc_support.h"

/* ---- What the backend is asked for ---- */

static void test_grants_are_asked_for(void **state)
{
	struct iomm_alloc_desc desc[2] = {
		{ .type = IOMM_ALLOC_TEXT,
		  .prot = RX,
		  .flags = IOMM_ALLOC_SHARED_HUGE | IOMM_ALLOC_RANDOMIZE |
			   IOMM_ALLOC_GUARD },
		{ .type = IOMM_ALLOC_DATA,
		  .prot = R_W,
		  .granularity = KIB(16) },
	};
	struct iomm_allocation seen = { .size = sizeof(seen) };
	struct iomm_alloc_type *text, *data;
	struct pools rig = { 0 };
	void *at, *other;

	(void)state;
	pools_open(&rig, desc, 2, true);
	text = pools_type(&rig, IOMM_ALLOC_TEXT);
	data = pools_type(&rig, IOMM_ALLOC_DATA);
	rig.memory.huge = MIB(2);
	at = alloc_ok(text, 1);
	assert_int_equal(rig.memory.last.flags,
			 IOMM_ALLOC_GRANT_ALIAS | IOMM_ALLOC_GRANT_HUGE |
				 IOMM_ALLOC_GRANT_GUARD |
				 IOMM_ALLOC_GRANT_RANDOM);
	assert_int_equal(rig.memory.last.bytes, MIB(2));
	assert_int_equal(rig.memory.last.align, MIB(2));
	assert_int_equal(rig.memory.last.prot, RX);
	assert_int_equal(rig.memory.last.type, IOMM_ALLOC_TEXT);
	assert_int_equal(type_stats(text).huge, MIB(2));
	assert_ok(iomm_allocator_find(rig.allocator, at, &seen));
	assert_int_equal(seen.flags, IOMM_ALLOCATION_HUGE);
	rig.memory.huge = 0;
	other = alloc_ok(data, KIB(17));
	assert_int_equal(rig.memory.last.flags, 0);
	assert_int_equal(rig.memory.last.bytes, KIB(32));
	assert_int_equal(rig.memory.last.align, KIB(16));
	assert_ok(iomm_alloc_type_free(text, at));
	assert_ok(iomm_alloc_type_free(data, other));
	iomm_alloc_type_put(text);
	iomm_alloc_type_put(data);
	pools_close(&rig);
}

/* ---- Bad answers ---- */

static enum memory_call failing;
static int failure;

static int fail_one(struct memory *memory, enum memory_call call)
{
	(void)memory;
	return call == failing ? failure : 0;
}

/* A backend that breaks its word. */
static struct iomm_alloc_grant wrong;

static int map_wrong(void *data, struct iomm_alloc_grant *grant)
{
	static unsigned char page[2 * 65536];
	uintptr_t at = ((uintptr_t)page + 65535) & ~(uintptr_t)65535;

	(void)data;
	grant->address = (void *)(at + (uintptr_t)wrong.cookie);
	grant->alias = wrong.alias;
	if (wrong.bytes)
		grant->address = NULL;
	return 0;
}

static int unmap_wrong(void *data, const struct iomm_alloc_grant *grant)
{
	(void)data;
	(void)grant;
	return 0;
}

static void test_a_backend_that_lies(void **state)
{
	struct iomm_alloc_range range = { 0, 4095 };
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *at = UNTOUCHED;

	(void)state;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	rig.memory.ops.map = map_wrong;
	rig.memory.ops.unmap = unmap_wrong;
	assert_ok(pools_create(&rig, &desc, 1, 0, true));
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	assert_fails(iomm_alloc_type_alloc(type, 1, &at), IOMM_EPROTO,
		     rig.world.ctx, "no alias");
	wrong.cookie = 64;
	assert_fails(iomm_alloc_type_alloc(type, 1, &at), IOMM_EPROTO,
		     rig.world.ctx, "not aligned");
	wrong.bytes = 1;
	assert_fails(iomm_alloc_type_alloc(type, 1, &at), IOMM_EPROTO,
		     rig.world.ctx, "no address");
	iomm_alloc_type_put(type);
	iomm_allocator_put(rig.allocator);
	desc.ranges = &range;
	desc.range_count = 1;
	wrong = (struct iomm_alloc_grant){ .alias = &range };
	assert_ok(pools_create(&rig, &desc, 1, 0, true));
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	assert_fails(iomm_alloc_type_alloc(type, 1, &at), IOMM_EPROTO,
		     rig.world.ctx, "out of bounds");
	assert_ptr_equal(at, UNTOUCHED);
	iomm_alloc_type_put(type);
	rig.memory.released = 0;
	pools_close(&rig);
}

/* A grant that cannot be given back is used again; a barrier that fails keeps
 * what was freed from being reused. */
static void test_refusals(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *at, *none = UNTOUCHED;
	uint32_t n;

	(void)state;
	desc.flags = IOMM_ALLOC_LAZY_SYNC;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	failure = -IOMM_ENOMEM;
	rig.memory.refuse = fail_one;
	failing = MEMORY_MAP;
	assert_fails(iomm_alloc_type_alloc(type, 1, &none), IOMM_ENOMEM,
		     rig.world.ctx, "for type 1");
	failing = MEMORY_UNMAP;
	at = alloc_ok(type, MIB(1));
	assert_ok(iomm_alloc_type_free(type, at));
	assert_fails(iomm_allocator_trim(rig.allocator), IOMM_ENOMEM,
		     rig.world.ctx, "does not take back");
	assert_int_equal(type_stats(type).granted, MIB(1));
	assert_ptr_equal(alloc_ok(type, MIB(1)), at);
	failing = MEMORY_BARRIER;
	failure = -IOMM_EIO;
	assert_ok(iomm_alloc_type_free(type, at));
	assert_int_equal(type_stats(type).waiting, MIB(1));
	assert_fails(iomm_allocator_trim(rig.allocator), IOMM_EIO,
		     rig.world.ctx, "barrier");
	for (n = 0; n < 3; n++) {
		void *other = alloc_ok(type, MIB(1));

		assert_ptr_not_equal(other, at);
		assert_ok(iomm_alloc_type_free(type, other));
	}
	assert_int_equal(iomm_alloc_type_alloc(type, MIB(1), &none),
			 -IOMM_ENOSPC);
	assert_ptr_equal(none, UNTOUCHED);
	failing = MEMORY_CALLS;
	assert_ok(iomm_allocator_trim(rig.allocator));
	assert_int_equal(type_stats(type).granted, 0);
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* Frees while there is no memory for what they would have to note: nothing is
 * lost. */
static void test_no_memory_to_note_a_hole(void **state)
{
	struct iomm_alloc_desc desc = { .type = IOMM_ALLOC_DATA, .prot = R_W };
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *at[4096], *all;
	uint32_t n;

	(void)state;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_DATA);
	for (n = 0; n < LENGTH(at); n++)
		at[n] = alloc_ok(type, 16);
	/* Every other one, so that none has a free neighbour. */
	for (n = 0; n < LENGTH(at); n += 2) {
		world_fail_at(&rig.world, 1);
		assert_ok(iomm_alloc_type_free(type, at[n]));
	}
	world_fail_at(&rig.world, 0);
	assert_int_equal(type_stats(type).allocations, LENGTH(at) / 2);
	assert_int_equal(iomm_alloc_type_free(type, at[0]), -IOMM_EINVAL);
	for (n = 1; n < LENGTH(at); n += 2)
		assert_ok(iomm_alloc_type_free(type, at[n]));
	assert_ok(iomm_allocator_trim(rig.allocator));
	assert_int_equal(type_stats(type).granted, 0);
	all = alloc_ok(type, MEMORY_BYTES);
	assert_ok(iomm_alloc_type_free(type, all));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grants_are_asked_for),
		cmocka_unit_test(test_a_backend_that_lies),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_memory_to_note_a_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
