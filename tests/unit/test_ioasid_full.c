/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A full space: 2^20 IDs, freed in random order, and allocated again. */
#include "unit/ioasid_support.h"

#include "model/random.h"

#define COUNT (1u << 20)

static uint32_t order[COUNT];
static struct datum datum[COUNT];

static void shuffle(void)
{
	struct random random = { 1 };
	uint32_t n, other, kept;

	for (n = 0; n < COUNT; n++)
		order[n] = n + 1;
	for (n = COUNT - 1; n; n--) {
		other = (uint32_t)random_below(&random, n + 1);
		kept = order[n];
		order[n] = order[other];
		order[other] = kept;
	}
}

static void fill(struct world *w, struct iomm_ioasid_set *set)
{
	uint32_t n, id = 0;

	for (n = 1; n <= COUNT; n++) {
		if (iomm_ioasid_alloc(set, 1, COUNT, &datum[n - 1], &id) ||
		    id != n)
			fail_msg("the %u-th ID is %u", n, id);
	}
	assert_fails(iomm_ioasid_alloc(set, 1, COUNT, NULL, &id), IOMM_ENOSPC,
		     w->ctx, "IDs");
}

static void test_full(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 1, COUNT);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	uint64_t bytes, empty = space_info(space).bytes;
	int64_t blocks = w->blocks;
	void *data = NULL;
	uint32_t n, id;

	shuffle();
	fill(w, set);
	bytes = space_info(space).bytes;
	print_message("%u IDs with data: %.2f bytes each; empty: %u bytes\n",
		      COUNT, (double)bytes / COUNT, (unsigned)empty);
	assert_true(bytes / COUNT <= 40);
	assert_true(empty <= 1024);
	for (n = 0; n < COUNT; n++) {
		if (iomm_ioasid_free(set, order[n]) ||
		    datum[order[n] - 1].released != 1)
			fail_msg("ID %u is not released", order[n]);
	}
	/* All of the memory went with the IDs. */
	assert_true(space_info(space).bytes == empty);
	assert_true(w->blocks == blocks);
	/* Half of them, and then the holes, lowest first. */
	fill(w, set);
	for (n = 0; n < COUNT; n += 2)
		assert_ok(iomm_ioasid_free(set, order[n]));
	for (n = 0, id = 0; n < COUNT / 2; n++) {
		uint32_t last = id;

		id = id_of(set, NULL);
		if (id <= last)
			fail_msg("%u after %u", id, last);
	}
	for (n = 0; n < COUNT; n++) {
		if (look_up(space, set, order[n], &data) ||
		    data != (n % 2 ? &datum[order[n] - 1] : NULL))
			fail_msg("ID %u is not what it was", order[n]);
	}
	iomm_ioasid_set_put(set);
	for (n = 1; n < COUNT; n += 2)
		assert_int_equal(datum[order[n] - 1].released, 2);
	iomm_ioasid_space_put(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
