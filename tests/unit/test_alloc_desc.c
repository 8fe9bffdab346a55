/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Making allocators: what descriptors may say, and what they may not. */
#include "unit/alloc_support.h"

#define USER IOMM_ALLOC_USER

static void refused(struct pools *rig, struct iomm_alloc_desc *desc,
		    uint32_t count, const char *part)
{
	rig->memory.released = 0;
	rig->allocator = UNTOUCHED;
	assert_fails(pools_create(rig, desc, count, 0, true), IOMM_EINVAL,
		     rig->world.ctx, part);
	assert_int_equal(rig->memory.released, 1);
	assert_ptr_equal(rig->allocator, UNTOUCHED);
}

/* Each line is a good descriptor with one thing wrong. */
static void test_bad_descriptors(void **state)
{
	static const struct iomm_alloc_range upside_down = { 2, 1 };
	static const struct {
		const char *part;
		struct iomm_alloc_desc desc;
	} bad[] = {
		{ "is no type", { .type = 0, .prot = RX } },
		{ "is no type", { .type = USER - 1, .prot = RX } },
		{ "unknown bits 0x80",
		  { .type = 1, .prot = RX, .flags = 0x80 } },
		{ "unknown bits 0x8", { .type = 1, .prot = 8 } },
		{ "allows nothing", { .type = 1 } },
		{ "without IOMM_ALLOC_ALLOW_WX", { .type = 1, .prot = RWX } },
		{ "is not both",
		  { .type = 1, .prot = RX, .flags = IOMM_ALLOC_ALLOW_WX } },
		{ "is sealed",
		  { .type = 1,
		    .prot = R_W,
		    .flags = IOMM_ALLOC_SEAL_AFTER_INIT } },
		{ "ranges", { .type = 1, .prot = RX, .range_count = 1 } },
		{ "ranges", { .type = 1, .prot = RX, .ranges = &upside_down } },
		{ "ends at 0x1",
		  { .type = 1,
		    .prot = RX,
		    .range_count = 1,
		    .ranges = &upside_down } },
		{ "alignment", { .type = 1, .prot = RX, .alignment = 24 } },
		{ "alignment", { .type = 1, .prot = RX, .alignment = 4 } },
		{ "granularity",
		  { .type = 1, .prot = RX, .granularity = 3 << 16 } },
		{ "from a page",
		  { .type = 1, .prot = RX, .granularity = 2048 } },
		{ "less than its alignment",
		  { .type = 1,
		    .prot = RX,
		    .granularity = 65536,
		    .alignment = 131072 } },
		{ "too much for its alignment",
		  { .type = 1,
		    .prot = RX,
		    .granularity = UINT64_C(1) << 40,
		    .alignment = 8 } },
		{ "has no pool of its own", { .type = 1, .mapto = 2 } },
		{ "has no pool of its own", { .type = 1, .mapto = 1 } },
		{ "says more", { .type = 1, .mapto = 2, .prot = RX } },
	};
	struct pools rig = { 0 };
	struct iomm_alloc_desc desc;
	uint32_t n;

	(void)state;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	for (n = 0; n < LENGTH(bad); n++) {
		desc = bad[n].desc;
		refused(&rig, &desc, 1, bad[n].part);
	}
	world_end(&rig.world);
	memory_fini(&rig.memory);
}

static void test_bad_arrays(void **state)
{
	struct iomm_alloc_desc twice[2] = { text_desc(), text_desc() };
	struct iomm_alloc_desc chain[3] = {
		{ .type = 1, .prot = RX },
		{ .type = 2, .mapto = 1 },
		{ .type = 3, .mapto = 2 },
	};
	struct iomm_alloc_desc seals = {
		.type = 4,
		.prot = IOMM_ALLOC_READ,
		.flags = IOMM_ALLOC_SEAL_AFTER_INIT,
	};
	struct pools rig = { 0 };

	(void)state;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	refused(&rig, twice, 2, "two descriptors");
	refused(&rig, chain, 3, "type 3 is served by type 2");
	refused(&rig, twice, 0, "not 0");
	rig.memory.ops.protect = NULL;
	refused(&rig, &seals, 1, "with `protect`");
	rig.memory.ops.flags = 0;
	refused(&rig, chain, 2, "with `protect`");
	rig.memory.ops.page = 48;
	refused(&rig, chain, 2, "powers of two");
	rig.memory.ops.page = MEMORY_PAGE;
	rig.memory.ops.unmap = NULL;
	refused(&rig, chain, 2, "map and unmap");
	rig.memory.ops.size--;
	refused(&rig, chain, 2, "size");
	world_end(&rig.world);
	memory_fini(&rig.memory);
}

static int create_step(struct world *w, void *arg)
{
	struct pools *rig = arg;
	struct iomm_alloc_desc desc[2] = { text_desc(),
					   { .type = 2, .mapto = 1 } };

	(void)w;
	return pools_create(rig, desc, 2, 0, true);
}

static void test_create_out_of_memory(void **state)
{
	struct pools rig = { 0 };

	(void)state;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	assert_true(world_each_site(&rig.world, create_step, &rig) > 4);
	rig.memory.released = 0;
	iomm_allocator_put(rig.allocator);
	assert_int_equal(rig.memory.released, 1);
	world_end(&rig.world);
	memory_fini(&rig.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_descriptors),
		cmocka_unit_test(test_bad_arrays),
		cmocka_unit_test(test_create_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
