/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Empty tables are taken out by somebody, always; and what waits for a flush is
 * counted, and counted down.
 */
#include <pthread.h>
#include <sched.h>

#include "model/random.h"
#include "pgtable/pgtable.h"
#include "unit/pgtable_support.h"

/* Nobody leaves an empty table behind. */

static void none_empty(const struct iomm_node *node, bool root)
{
	const struct iomm_inner *inner;
	struct iomm_node *child;
	uint32_t i;

	if (!root && iomm_node_empty(node))
		fail_msg("an empty table of level %u", iomm_node_level(node));
	if (!root && iomm_node_dead(node))
		fail_msg("a dead table of level %u", iomm_node_level(node));
	if (atomic_load(&node->word) & (IOMM_NODE_PRUNED | IOMM_NODE_LOCKED))
		fail_msg("word %x", atomic_load(&node->word));
	if (!iomm_node_is_inner(node))
		return;
	inner = iomm_node_inner(node);
	for (i = 0; i < inner->count; i++) {
		child = iomm_node_child(node, inner->first + i);
		if (child)
			none_empty(child, false);
	}
}

struct worker {
	struct iomm_pgtable *t;
	uint64_t base, page, block;
	struct random random;
	uint64_t ops;
	bool alone;
	pthread_t thread;
	struct iomm_gather gather;
	struct iomm_cursor cursor;
};

/* Few places, so that they meet: pages at both ends of tables, and blocks. */
static void draw(struct worker *w, uint64_t *iova, uint64_t *bytes)
{
	uint64_t slots = w->block / w->page, n;

	n = random_below(&w->random, 6) * w->block +
	    (random_below(&w->random, 3)
		     ? random_below(&w->random, 3)
		     : slots - 1 - random_below(&w->random, 3)) *
		    w->page;
	if (random_below(&w->random, 4) == 0)
		n += w->block * slots;
	switch (random_below(&w->random, 5)) {
	case 0:
		*bytes = w->block;
		break;
	case 1:
		*bytes = w->block * (1 + random_below(&w->random, 3)) +
			 random_below(&w->random, 4) * w->page;
		break;
	case 2:
		n &= ~(w->block - 1);
		*bytes = w->block;
		break;
	default:
		*bytes = w->page * (1 + random_below(&w->random, 4));
	}
	if (random_below(&w->random, 40) == 0) {
		n &= ~(w->block * slots - 1);
		*bytes = w->block * slots;
	}
	*iova = w->base + n;
}

static void one(struct worker *w)
{
	struct iomm_extent extents[2];
	uint32_t count = 2;
	uint64_t iova, bytes, n;

	draw(w, &iova, &bytes);
	switch (random_below(&w->random, 9)) {
	case 0:
	case 1:
		if (bytes > 4 * w->block)
			bytes = w->block;
		(void)!iomm_pgtable_map(w->t, iova, iova - w->base + 64 * GB,
					bytes, RW, 0, &n);
		break;
	case 2:
		(void)!iomm_cursor_map(&w->cursor, iova,
				       iova - w->base + 64 * GB, w->page, RW, 0,
				       &n);
		break;
	case 3:
		(void)!iomm_cursor_unmap(&w->cursor, iova, bytes, &w->gather,
					 &n);
		break;
	case 4:
		(void)!iomm_pgtable_unmap_extents(w->t, iova, bytes, &w->gather,
						  extents, sizeof(extents[0]),
						  &count);
		break;
	case 5:
		if (random_below(&w->random, 2))
			(void)!iomm_pgtable_merge(w->t, iova, bytes,
						  &w->gather);
		else
			(void)!iomm_pgtable_split(w->t, iova, bytes, w->page);
		break;
	case 6:
		if (random_below(&w->random, 8) == 0)
			iomm_gather_abandon(&w->gather);
		else
			(void)!iomm_gather_flush(&w->gather);
		break;
	default:
		(void)!iomm_pgtable_unmap(w->t, iova, bytes, &w->gather, &n);
	}
}

static void *work(void *data)
{
	struct worker *w = data;
	uint64_t n;

	for (n = 0; n < w->ops; n++) {
		one(w);
		if (w->alone)
			none_empty(w->t->root, true);
	}
	while (iomm_gather_flush(&w->gather))
		;
	iomm_cursor_fini(&w->cursor);
	return NULL;
}

/* Hooks for several threads: sometimes slow, sometimes failing. */
static _Atomic uint32_t calls;
static bool fails; /* not while tables go for good */

static int any_answer(void)
{
	uint32_t n = atomic_fetch_add(&calls, 1);

	if (n % 7 == 0)
		sched_yield();
	return fails && n % 11 == 5 ? -IOMM_EIO : 0;
}

static int any_flush(void *data, uint64_t iova, uint64_t last,
		     uint64_t page_size, uint32_t flags)
{
	(void)data;
	(void)iova;
	(void)last;
	(void)page_size;
	(void)flags;
	return any_answer();
}

static int any_flush_all(void *data)
{
	(void)data;
	return any_answer();
}

static const struct iomm_tlb_ops any_tlb = {
	.size = sizeof(any_tlb),
	.flush = any_flush,
	.flush_all = any_flush_all,
};

static struct iomm_pgtable *make(uint64_t granule, uint32_t flags)
{
	struct iomm_platform platform = *iomm_platform_hosted();
	struct iomm_ctx_config ctx_config = {
		.size = sizeof(ctx_config),
		.platform = &platform,
	};
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = flags,
		.granule = granule,
		.ias = 39,
	};
	struct iomm_pgtable *t;
	struct iomm_ctx *ctx;

	assert_ok(iomm_ctx_create(&ctx_config, &ctx));
	assert_ok(iomm_pgtable_create(ctx, "arm64-s1", &config, &any_tlb, NULL,
				      NULL, &t));
	iomm_ctx_put(ctx);
	return t;
}

static void soak(uint64_t granule, uint32_t flags, uint32_t threads,
		 uint64_t ops, uint64_t seed)
{
	struct iomm_pgtable *t = make(granule, flags);
	struct worker w[8];
	uint32_t i;

	fails = true;
	for (i = 0; i < threads; i++) {
		w[i] = (struct worker){
			.t = t,
			.base = t->first_iova,
			.page = granule,
			.block = granule * granule / 8,
			.random.state = random_split(seed, i),
			.ops = ops,
			.alone = threads == 1,
		};
		iomm_gather_init(&w[i].gather);
		assert_ok(iomm_cursor_init(&w[i].cursor, t));
	}
	if (threads == 1)
		work(&w[0]);
	else {
		for (i = 0; i < threads; i++)
			assert_int_equal(pthread_create(&w[i].thread, NULL,
							work, &w[i]),
					 0);
		for (i = 0; i < threads; i++)
			pthread_join(w[i].thread, NULL);
	}
	fails = false;
	assert_ok(iomm_pgtable_flush_all(t));
	assert_int_equal(atomic_load(&t->pruned.count), 0);
	iomm_pgtable_trim(t);
	none_empty(t->root, true);
	iomm_pgtable_put(t);
}

static void test_alone(void **state)
{
	static const uint32_t flags[] = {
		IOMM_PGTABLE_COHERENT,
		0,
		IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED,
		IOMM_PGTABLE_SHARED,
		IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_UPPER,
		IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED |
			IOMM_PGTABLE_UPPER,
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		soak(4 * KB, flags[i], 1, 10000, i);
		soak(64 * KB, flags[i], 1, 3000, i);
	}
}

static void test_together(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 12; i++)
		soak(4 * KB,
		     IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED |
			     (i & 1 ? IOMM_PGTABLE_UPPER : 0),
		     4, 20000, i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_together),
	};

	return cmocka_run_group_tests_name("no empty tables", tests, NULL,
					   NULL);
}
