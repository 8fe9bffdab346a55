/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cases for page tables. */
#include "pgtable.h"

#include <stdlib.h>

#include "pool.h"
#include "report.h"

#define POOL_BYTES	 ((size_t)512 << 20)
#define BRIEF_POOL_BYTES ((size_t)32 << 20)

uint64_t *work_random_iovas(const struct pgtable_work *work, uint32_t tables)
{
	uint32_t count = tables * work_entries(work), i, j;
	uint64_t *iovas = malloc(count * sizeof(*iovas));
	uint64_t random = UINT64_C(88172645463325252), swap;

	bench_check(iovas, "no memory");
	for (i = 0; i < count; i++)
		iovas[i] = work_iova(work, 0, i) + 0x42;
	for (i = count - 1; i; i--) {
		j = bench_random(&random, i + 1);
		swap = iovas[i];
		iovas[i] = iovas[j];
		iovas[j] = swap;
	}
	return iovas;
}

static const struct pgtable_work one_4k = {
	.granule_shift = 12,
	.page_shift = 12,
	.tables = 256,
	.brief_tables = 8,
	.first = 1,
	.per_call = 1,
};

static const struct pgtable_work most_4k = {
	.granule_shift = 12,
	.page_shift = 12,
	.tables = 256,
	.brief_tables = 8,
	.first = 1,
	.per_call = 511,
};

static const struct pgtable_work all_4k = {
	.granule_shift = 12,
	.page_shift = 12,
	.tables = 256,
	.brief_tables = 8,
	.per_call = 512,
};

static const struct pgtable_work sixteen_4k = {
	.granule_shift = 12,
	.page_shift = 12,
	.tables = 256,
	.brief_tables = 8,
	.first = 16,
	.per_call = 16,
};

/* 2 MiB blocks */
static const struct pgtable_work blocks_4k = {
	.granule_shift = 12,
	.page_shift = 21,
	.tables = 256,
	.brief_tables = 8,
	.first = 16,
	.per_call = 16,
};

/* 4 GiB, 1 GiB a call */
static const struct pgtable_work drop_4k = {
	.granule_shift = 12,
	.page_shift = 12,
	.tables = 4 * 512,
	.brief_tables = 512,
	.per_call = 512 * 512,
};

/* 64 GiB, 1 GiB a call */
static const struct pgtable_work sweep_4k = {
	.granule_shift = 12,
	.page_shift = 12,
	.tables = 64 * 512,
	.brief_tables = 512,
	.per_call = 512 * 512,
};

/* 1 GiB */
static const struct pgtable_work lookups_4k = {
	.granule_shift = 12,
	.page_shift = 12,
	.tables = 512,
	.brief_tables = 32,
};

#define PAGE   "ns/page"
#define BLOCK  "ns/block"
#define LOOKUP "ns/lookup"

static const struct bench_case cases_4k[] = {
	{ "map-1", PAGE, &ours_map, &linux_map, &one_4k },
	{ "unmap-1-gather", PAGE, &ours_unmap, &linux_unmap, &one_4k },
	{ "map-512", PAGE, &ours_map, &linux_map, &most_4k },
	{ "unmap-512-gather", PAGE, &ours_unmap, &linux_unmap, &most_4k },
	{ "unmap-512-queued", PAGE, &ours_unmap, &linux_unmap_queued,
	  &most_4k },
	{ "translate", LOOKUP, &ours_translate, &linux_translate, &lookups_4k },
	{ "sweep-map", PAGE, &ours_sweep, &linux_sweep, &sweep_4k },

	{ "map-512-whole", PAGE, &ours_map, &linux_map, &all_4k },
	{ "unmap-512-whole", PAGE, &ours_unmap, &linux_unmap, &all_4k },
	{ "map-1-vs-nofence", PAGE, &ours_map, &linux_map_nofence, &one_4k },

	{ "map-1-vs-stores", PAGE, &ours_map, &stores_map, &one_4k },
	{ "unmap-1-gather-vs-stores", PAGE, &ours_unmap, &stores_unmap,
	  &one_4k },
	{ "map-512-vs-stores", PAGE, &ours_map, &stores_map, &most_4k },
	{ "map-512-vs-vector-stores", PAGE, &ours_map, &vector_stores_map,
	  &most_4k },
	{ "unmap-512-gather-vs-stores", PAGE, &ours_unmap, &stores_unmap,
	  &most_4k },
	{ "unmap-512-gather-vs-vector-stores", PAGE, &ours_unmap,
	  &vector_stores_unmap, &most_4k },
	{ "sweep-map-vs-stores", PAGE, &ours_sweep, &stores_map, &sweep_4k },
	{ "sweep-map-vs-vector-stores", PAGE, &ours_sweep, &vector_stores_map,
	  &sweep_4k },
	{ "translate-vs-loads", LOOKUP, &ours_translate, &loads_translate,
	  &lookups_4k },

	{ "map-1-cursor", PAGE, &ours_map_cursor, &linux_map, &one_4k },
	{ "unmap-1-cursor", PAGE, &ours_unmap_cursor, &linux_unmap, &one_4k },
	{ "map-512-scalar", PAGE, &ours_map_scalar, &linux_map, &most_4k },
	{ "unmap-1g", PAGE, &ours_drop, &linux_drop_pages, &drop_4k },
	{ "unmap-1g-vs-block", PAGE, &ours_drop, &linux_drop_block, &drop_4k },
	{ "map-16x2m", BLOCK, &ours_map, &linux_map, &blocks_4k },
	{ "shared-map-1", PAGE, &ours_shared_map, &ours_exclusive_map,
	  &one_4k },
	{ "shared-map-16", PAGE, &ours_shared_map, &ours_exclusive_map,
	  &sixteen_4k },
	{ "shared-map-1-vs-linux", PAGE, &ours_shared_map, &linux_map,
	  &one_4k },
	{ "shared-translate", LOOKUP, &ours_shared_translate, &linux_translate,
	  &lookups_4k },

	{ "map-1-cursor-vs-stores", PAGE, &ours_map_cursor, &stores_map_calls,
	  &one_4k },
	{ "unmap-1-cursor-vs-stores", PAGE, &ours_unmap_cursor,
	  &stores_unmap_calls, &one_4k },
	{ "map-512-scalar-vs-stores", PAGE, &ours_map_scalar, &stores_map_calls,
	  &most_4k },
	{ "map-16x2m-vs-stores", BLOCK, &ours_map, &stores_map_calls,
	  &blocks_4k },
	{ "shared-map-1-vs-stores", PAGE, &ours_shared_map, &stores_map_calls,
	  &one_4k },
	{ "shared-map-16-vs-stores", PAGE, &ours_shared_map, &stores_map_calls,
	  &sixteen_4k },
	{ "shared-translate-vs-loads", LOOKUP, &ours_shared_translate,
	  &loads_translate, &lookups_4k },
};

#define GROUP_4K "pgtable/arm64-s1-4k"

static void setup(void)
{
	pool_setup(report_counts_only() ? BRIEF_POOL_BYTES : POOL_BYTES);
}

void bench_pgtable(void)
{
	setup();
	bench_run(GROUP_4K, cases_4k, sizeof(cases_4k) / sizeof(*cases_4k));
	bench_check(!pool_out(), "tables were lost");
}

void bench_pgtable_threads(void)
{
	setup();
	bench_two_threads(GROUP_4K "/two-threads", &pgtable_threads);
	bench_check(!pool_out(), "tables were lost");
}
