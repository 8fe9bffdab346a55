/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Linux's side: io_pgtable_ops, called as the kernel's drivers are. */
#include <stdlib.h>

#include "peer-linux/linux.h"
#include "pgtable.h"
#include "pool.h"

#define PROT (LINUX_READ | LINUX_WRITE | LINUX_CACHE | LINUX_NOEXEC)

struct peer {
	const struct pgtable_work *work;
	uint32_t tables;
	struct linux_table table;
	struct linux_gather gather;
	void (*close)(struct linux_table *table);
	uint64_t *iovas;
};

static void *take(void *cookie, size_t bytes, unsigned int gfp)
{
	(void)cookie;
	(void)gfp;
	return pool_take(bytes);
}

static void give(void *cookie, void *table, size_t bytes)
{
	(void)cookie;
	pool_give(table, bytes);
}

static void new_table(struct peer *peer, bool fence)
{
	struct linux_config config = {
		.coherent = true,
		.page_sizes = work_page_sizes(peer->work),
		.ias = WORK_IAS,
		.oas = WORK_OAS,
		.alloc = take,
		.free = give,
	};
	bool good = fence ? linux_table_open(&peer->table, &config)
			  : linux_nofence_open(&peer->table, &config);

	bench_check(good, "no table of Linux's");
	peer->close = fence ? linux_table_close : linux_nofence_close;
}

static struct peer *set_up(const struct pgtable_work *work, bool brief)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	bench_check(peer, "no memory");
	peer->work = work;
	peer->tables = work_tables(work, brief);
	peer->gather.start = ~0ul;
	return peer;
}

static void close_peer(void *state)
{
	struct peer *peer = state;

	bench_check(!linux_warnings, "Linux warned");
	if (peer->table.ops)
		peer->close(&peer->table);
	free(peer->iovas);
	free(peer);
}

/* Calls again for the next table, as Linux's iommu_map() does. */
static inline void map(struct linux_ops *ops, uint64_t iova, uint64_t paddr,
		       uint32_t shift, size_t bytes)
{
	size_t mapped;
	int r;

	for (;;) {
		mapped = 0;
		r = ops->map(ops, iova, paddr, (size_t)1 << shift,
			     bytes >> shift, PROT, LINUX_GFP, &mapped);
		bench_check(!r && mapped, "Linux's map failed");
		if (mapped == bytes)
			return;
		bytes -= mapped;
		iova += mapped;
		paddr += mapped;
	}
}

/* Warm tables */

static struct peer *
open_peer(const struct pgtable_work *work, bool brief, bool fence)
{
	struct peer *peer = set_up(work, brief);
	uint32_t t;

	new_table(peer, fence);
	for (t = 0; work->first && t < peer->tables; t++)
		map(peer->table.ops, work_iova(work, t, 0), 0, work->page_shift,
		    (size_t)work->first << work->page_shift);
	return peer;
}

static void *open_warm(const void *arg, bool brief)
{
	return open_peer(arg, brief, true);
}

static void *open_queued(const void *arg, bool brief)
{
	struct peer *peer = open_peer(arg, brief, true);

	peer->gather.queued = true;
	return peer;
}

static void *open_nofence(const void *arg, bool brief)
{
	return open_peer(arg, brief, false);
}

static uint64_t run_map(void *state)
{
	struct peer *peer = state;
	const struct pgtable_work *work = peer->work;
	struct linux_ops *ops = peer->table.ops;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t offset = WORK_OFFSET(work), iova, end;
	uint32_t shift = work->page_shift, t;

	for (t = 0; t < peer->tables; t++) {
		iova = work_iova(work, t, work->first);
		end = work_iova(work, t + 1, 0);
		for (; iova < end; iova += bytes)
			map(ops, iova, iova + offset, shift, bytes);
	}
	return work_pages(work, peer->tables);
}

/* What stands for the driver's flush, which would empty the gather. */
static __attribute__((noinline)) void flush(struct linux_gather *gather)
{
	gather->start = ~0ul;
	gather->end = 0;
	__asm__ __volatile__("" ::: "memory");
}

static uint64_t run_unmap(void *state)
{
	struct peer *peer = state;
	const struct pgtable_work *work = peer->work;
	struct linux_ops *ops = peer->table.ops;
	size_t page = (size_t)1 << work->page_shift;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t iova, end, unmapped;
	uint32_t t;

	for (t = 0; t < peer->tables; t++) {
		iova = work_iova(work, t, work->first);
		end = work_iova(work, t + 1, 0);
		for (; iova < end; iova += bytes) {
			unmapped = ops->unmap(ops, iova, page, work->per_call,
					      &peer->gather);
			bench_check(unmapped == bytes, "Linux's unmap failed");
		}
		flush(&peer->gather);
	}
	return work_pages(work, peer->tables);
}

static void map_all(void *state)
{
	(void)run_map(state);
}

static void unmap_all(void *state)
{
	(void)run_unmap(state);
}

const struct bench_side linux_map = {
	.name = "Linux 6.12",
	.open = open_warm,
	.run = run_map,
	.after = unmap_all,
	.close = close_peer,
};

const struct bench_side linux_map_nofence = {
	.name = "Linux 6.12 without its fence",
	.open = open_nofence,
	.run = run_map,
	.after = unmap_all,
	.close = close_peer,
};

const struct bench_side linux_unmap = {
	.name = "Linux 6.12",
	.open = open_warm,
	.before = map_all,
	.run = run_unmap,
	.close = close_peer,
};

const struct bench_side linux_unmap_queued = {
	.name = "Linux 6.12, queued gather",
	.open = open_queued,
	.before = map_all,
	.run = run_unmap,
	.close = close_peer,
};

/* A sweep: a new table each time, cold */

static void *open_sweep(const void *arg, bool brief)
{
	return set_up(arg, brief);
}

static void before_sweep(void *state)
{
	new_table(state, true);
}

static uint64_t run_sweep(void *state)
{
	struct peer *peer = state;
	const struct pgtable_work *work = peer->work;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t end = work_iova(work, peer->tables, 0), iova;

	for (iova = WORK_IOVA; iova < end; iova += bytes)
		map(peer->table.ops, iova, iova + WORK_OFFSET(work),
		    work->page_shift, bytes);
	return work_pages(work, peer->tables);
}

static void after_sweep(void *state)
{
	struct peer *peer = state;

	peer->close(&peer->table);
}

const struct bench_side linux_sweep = {
	.name = "Linux 6.12",
	.open = open_sweep,
	.before = before_sweep,
	.run = run_sweep,
	.after = after_sweep,
	.close = close_peer,
};

/* All that is mapped goes: asked for pages, a table a call, since a call ends
 * with the table that it began in; or for a block where there is a table, which
 * is then dropped whole. */

static void *open_drop(const void *arg, bool brief)
{
	struct peer *peer = set_up(arg, brief);

	new_table(peer, true);
	return peer;
}

static void map_sweep(void *state)
{
	(void)run_sweep(state);
}

static uint64_t drop(struct peer *peer, unsigned int page_shift, size_t pages)
{
	const struct pgtable_work *work = peer->work;
	struct linux_ops *ops = peer->table.ops;
	uint64_t step = (uint64_t)pages << page_shift;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t end = work_iova(work, peer->tables, 0), iova, next;

	for (iova = WORK_IOVA; iova < end; iova += bytes) {
		for (next = iova; next - iova < bytes; next += step) {
			uint64_t unmapped =
				ops->unmap(ops, next, UINT64_C(1) << page_shift,
					   pages, &peer->gather);

			bench_check(unmapped == step, "Linux's unmap failed");
		}
		flush(&peer->gather);
	}
	return work_pages(work, peer->tables);
}

static uint64_t run_drop_pages(void *state)
{
	return drop(state, 12, 512);
}

static uint64_t run_drop_block(void *state)
{
	return drop(state, 30, 1);
}

const struct bench_side linux_drop_pages = {
	.name = "Linux 6.12, pages",
	.open = open_drop,
	.before = map_sweep,
	.run = run_drop_pages,
	.close = close_peer,
};

const struct bench_side linux_drop_block = {
	.name = "Linux 6.12, a block",
	.open = open_drop,
	.before = map_sweep,
	.run = run_drop_block,
	.close = close_peer,
};

/* Lookups */

static void *open_lookups(const void *arg, bool brief)
{
	struct peer *peer = set_up(arg, brief);
	const struct pgtable_work *work = peer->work;

	new_table(peer, true);
	map(peer->table.ops, WORK_IOVA, WORK_IOVA + WORK_OFFSET(work),
	    work->page_shift,
	    work_pages(work, peer->tables) << work->page_shift);
	peer->iovas = work_random_iovas(peer->work, peer->tables);
	return peer;
}

static uint64_t run_lookups(void *state)
{
	struct peer *peer = state;
	uint64_t count = work_pages(peer->work, peer->tables);
	struct linux_ops *ops = peer->table.ops;
	uint64_t i, sum = 0;

	for (i = 0; i < count; i++) {
		uint64_t paddr = ops->translate(ops, peer->iovas[i]);

		bench_check(paddr, "Linux's translate failed");
		sum += paddr;
	}
	bench_use(sum);
	return count;
}

const struct bench_side linux_translate = {
	.name = "Linux 6.12",
	.open = open_lookups,
	.run = run_lookups,
	.close = close_peer,
};
