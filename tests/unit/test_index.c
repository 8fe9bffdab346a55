/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The index: base/index.h, against a sorted array. */
#include "unit/support.h"

#include "base/index.h"
#include "base/list.h"

#define MOST 1024u

struct item {
	struct iomm_index_entry entry;
	uint64_t key;
	uint32_t turn; /* when it was inserted */
};

static struct item *item_of(const struct iomm_index_entry *entry)
{
	return iomm_container_of(entry, struct item, entry);
}

static int order(const void *key, const struct iomm_index_entry *entry)
{
	return iomm_order(*(const uint64_t *)key, item_of(entry)->key);
}

static void insert(struct iomm_index *index, struct item *item, uint64_t key)
{
	item->key = key;
	iomm_index_insert(index, &item->entry, &key);
}

/* What no caller sees: links that agree, heights that are true, balance. */
static uint32_t checked_height(const struct iomm_index_entry *entry,
			       const struct iomm_index_entry *parent)
{
	uint32_t a, b;

	if (!entry)
		return 0;
	assert_ptr_equal(entry->parent, parent);
	a = checked_height(entry->child[0], entry);
	b = checked_height(entry->child[1], entry);
	assert_true(a <= b + 1 && b <= a + 1);
	assert_int_equal(entry->height, 1 + (a > b ? a : b));
	return entry->height;
}

/* The model: what is in it, by key, and then by turn. */
struct model {
	struct item *at[MOST];
	uint32_t count, turns;
};

static void model_insert(struct model *model, struct item *item)
{
	uint32_t n = model->count++;

	item->turn = model->turns++;
	for (; n && model->at[n - 1]->key > item->key; n--)
		model->at[n] = model->at[n - 1];
	model->at[n] = item;
}

static void model_remove(struct model *model, const struct item *item)
{
	uint32_t n = 0;

	while (model->at[n] != item)
		n++;
	for (model->count--; n < model->count; n++)
		model->at[n] = model->at[n + 1];
}

static void assert_same(const struct iomm_index *index,
			const struct model *model, uint64_t keys)
{
	const struct iomm_index_entry *entry = iomm_index_first(index);
	uint64_t key;
	uint32_t n;

	(void)checked_height(index->root, NULL);
	for (n = 0; n < model->count; n++) {
		assert_ptr_equal(entry, &model->at[n]->entry);
		entry = iomm_index_next(entry);
	}
	assert_null(entry);
	for (n = 0, key = 0; key < keys; key++) {
		while (n < model->count && model->at[n]->key < key)
			n++;
		entry = n < model->count && model->at[n]->key == key
				? &model->at[n]->entry
				: NULL;
		assert_ptr_equal(iomm_index_find(index, &key), entry);
	}
}

/* Few keys, so that many are equal; and many, so that few are. */
static void test_random(void **state)
{
	static const uint64_t keys[] = { 1, 7, 40, 1000 };
	struct item item[64];
	uint32_t seed = 1, n, k, step;

	(void)state;
	for (k = 0; k < LENGTH(keys); k++) {
		struct iomm_index index = { .order = order };
		struct model model = { .count = 0 };

		memset(item, 0, sizeof(item));
		for (step = 0; step < 4000; step++) {
			seed = seed * 1664525 + 1013904223;
			n = seed >> 26;
			assert_int_equal(iomm_index_has(&item[n].entry),
					 item[n].entry.height != 0);
			if (iomm_index_has(&item[n].entry)) {
				model_remove(&model, &item[n]);
				iomm_index_remove(&index, &item[n].entry);
			} else {
				insert(&index, &item[n], (seed >> 8) % keys[k]);
				model_insert(&model, &item[n]);
			}
			assert_same(&index, &model, keys[k]);
		}
	}
}

/* The orders that would make a list of a tree without balance. */
static uint64_t ascending(uint32_t n)
{
	return n;
}

static uint64_t descending(uint32_t n)
{
	return MOST - n;
}

static uint64_t inwards(uint32_t n)
{
	return n % 2 ? n : 2 * MOST - n;
}

static uint64_t all_equal(uint32_t n)
{
	(void)n;
	return UINT64_MAX;
}

static void test_hostile(void **state)
{
	static uint64_t (*const keys[])(uint32_t) = { ascending, descending,
						      inwards, all_equal };
	static struct item item[MOST];
	uint32_t k, n;

	(void)state;
	for (k = 0; k < LENGTH(keys); k++) {
		struct iomm_index index = { .order = order };

		for (n = 0; n < MOST; n++)
			insert(&index, &item[n], keys[k](n));
		/* 1.44 * log2(1024) */
		assert_true(checked_height(index.root, NULL) <= 14);
		for (n = 0; n < MOST - 8; n++)
			iomm_index_remove(&index, &item[n].entry);
		assert_true(checked_height(index.root, NULL) <= 4);
		for (; n < MOST; n++)
			iomm_index_remove(&index, &item[n].entry);
		assert_null(index.root);
		assert_null(iomm_index_first(&index));
	}
}

static void test_remove_twice(void **state)
{
	struct iomm_index index = { .order = order };
	struct item a = { .key = 0 }, b = { .key = 0 };

	(void)state;
	assert_false(iomm_index_has(&a.entry));
	iomm_index_remove(&index, &a.entry);
	insert(&index, &a, 1);
	insert(&index, &b, 2);
	assert_true(iomm_index_has(&a.entry));
	iomm_index_remove(&index, &a.entry);
	assert_false(iomm_index_has(&a.entry));
	iomm_index_remove(&index, &a.entry);
	assert_ptr_equal(iomm_index_first(&index), &b.entry);
}

static void test_wide_keys(void **state)
{
	(void)state;
	assert_true(iomm_order(0, UINT64_MAX) < 0);
	assert_true(iomm_order(UINT64_MAX, 0) > 0);
	assert_true(iomm_order(UINT64_C(1) << 32, 1) > 0);
	assert_int_equal(iomm_order(UINT64_MAX, UINT64_MAX), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_remove_twice),
		cmocka_unit_test(test_wide_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
