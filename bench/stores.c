/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bound: the descriptors alone, written (or read) to memory that is laid
 * out as the tables are, with nothing decided. `scalar` is a store of 8 bytes
 * for each, as it must be where a walker may look; `vector` is the widest
 * store that this machine has.
 */
#include <stdlib.h>

#include "pgtable.h"
#include "pool.h"

struct stores {
	const struct pgtable_work *work;
	uint32_t tables;
	size_t bytes;
	uint64_t *memory;
	uint64_t *iovas;
};

static void *open_stores(const void *arg, bool brief)
{
	struct stores *stores = calloc(1, sizeof(*stores));

	bench_check(stores, "no memory");
	stores->work = arg;
	stores->tables = work_tables(arg, brief);
	stores->bytes = (size_t)stores->tables << stores->work->granule_shift;
	stores->memory = pool_take(stores->bytes);
	bench_check(stores->memory, "no memory");
	return stores;
}

static void close_stores(void *state)
{
	struct stores *stores = state;

	pool_give(stores->memory, stores->bytes);
	free(stores->iovas);
	free(stores);
}

/* What a descriptor looks like matters to nobody here. */
#define VALUE UINT64_C(0x0060000000000f47)

/* Volatile, so that each stays one store. */
static void
scalar(volatile uint64_t *to, size_t count, uint64_t value, uint64_t step)
{
	volatile uint64_t *end = to + count;

	for (; to != end; to++, value += step)
		*to = value;
}

typedef uint64_t wide __attribute__((vector_size(64), aligned(64)));

#define VECTOR_BODY                                                    \
	const wide steps = { 0,	       step,	 2 * step, 3 * step,   \
			     4 * step, 5 * step, 6 * step, 7 * step }; \
	wide values = steps + value;                                   \
                                                                       \
	for (; count >= 8; count -= 8, to += 8) {                      \
		*(wide *)(void *)to = values;                          \
		values += 8 * step;                                    \
		__asm__ __volatile__("" : : "r"(to) : "memory");       \
	}

static void
vector_any(uint64_t *to, size_t count, uint64_t value, uint64_t step)
{
	VECTOR_BODY
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void
vector_256(uint64_t *to, size_t count, uint64_t value, uint64_t step)
{
	VECTOR_BODY
}

__attribute__((target("avx512f"))) static void
vector_512(uint64_t *to, size_t count, uint64_t value, uint64_t step)
{
	VECTOR_BODY
}
#endif

static void (*choose_vector(void))(uint64_t *, size_t, uint64_t, uint64_t)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f"))
		return vector_512;
	if (__builtin_cpu_supports("avx2"))
		return vector_256;
#endif
	return vector_any;
}

static uint64_t run_scalar(struct stores *stores, uint64_t value, uint64_t step)
{
	const struct pgtable_work *work = stores->work;
	uint32_t count = work_entries(work) - work->first, t;

	for (t = 0; t < stores->tables; t++)
		scalar(stores->memory + (size_t)t * work_entries(work) +
			       work->first,
		       count, value, step);
	return work_pages(work, stores->tables);
}

/* Whole tables, since the width wants alignment: an entry more than asked. */
static uint64_t run_vector(struct stores *stores, uint64_t value, uint64_t step)
{
	const struct pgtable_work *work = stores->work;
	void (*store)(uint64_t *, size_t, uint64_t, uint64_t) = choose_vector();
	uint32_t count = work_entries(work), t;

	for (t = 0; t < stores->tables; t++)
		store(stores->memory + (size_t)t * count, count, value, step);
	return work_pages(work, stores->tables);
}

/* What a call of the library's would write at least, in a call of its own. */
static __attribute__((noinline)) void
call(uint64_t *to, size_t count, uint64_t value, uint64_t step)
{
	scalar(to, count, value, step);
}

static uint64_t run_calls(struct stores *stores, uint64_t value, uint64_t step)
{
	const struct pgtable_work *work = stores->work;
	uint32_t count = work_entries(work), t, i;

	for (t = 0; t < stores->tables; t++)
		for (i = work->first; i < count; i += work->per_call)
			call(stores->memory + (size_t)t * count + i,
			     work->per_call, value + i * step, step);
	return work_pages(work, stores->tables);
}

static uint64_t run_map(void *state)
{
	struct stores *stores = state;

	return run_scalar(stores, VALUE,
			  UINT64_C(1) << stores->work->page_shift);
}

static uint64_t run_unmap(void *state)
{
	return run_scalar(state, 0, 0);
}

static uint64_t run_map_calls(void *state)
{
	struct stores *stores = state;

	return run_calls(stores, VALUE,
			 UINT64_C(1) << stores->work->page_shift);
}

static uint64_t run_unmap_calls(void *state)
{
	return run_calls(state, 0, 0);
}

static uint64_t run_vector_map(void *state)
{
	struct stores *stores = state;

	return run_vector(stores, VALUE,
			  UINT64_C(1) << stores->work->page_shift);
}

static uint64_t run_vector_unmap(void *state)
{
	return run_vector(state, 0, 0);
}

const struct bench_side stores_map = {
	.name = "plain stores, scalar",
	.open = open_stores,
	.run = run_map,
	.close = close_stores,
};

const struct bench_side stores_unmap = {
	.name = "plain stores, scalar",
	.open = open_stores,
	.run = run_unmap,
	.close = close_stores,
};

const struct bench_side vector_stores_map = {
	.name = "plain stores, vector",
	.open = open_stores,
	.run = run_vector_map,
	.close = close_stores,
};

const struct bench_side vector_stores_unmap = {
	.name = "plain stores, vector",
	.open = open_stores,
	.run = run_vector_unmap,
	.close = close_stores,
};

const struct bench_side stores_map_calls = {
	.name = "plain stores, as many calls",
	.open = open_stores,
	.run = run_map_calls,
	.close = close_stores,
};

const struct bench_side stores_unmap_calls = {
	.name = "plain stores, as many calls",
	.open = open_stores,
	.run = run_unmap_calls,
	.close = close_stores,
};

/* Lookups: one load each from the same memory, its place known. */

static void *open_loads(const void *arg, bool brief)
{
	struct stores *stores = open_stores(arg, brief);

	stores->iovas = work_random_iovas(stores->work, stores->tables);
	return stores;
}

static uint64_t run_loads(void *state)
{
	struct stores *stores = state;
	const struct pgtable_work *work = stores->work;
	uint64_t count = work_pages(work, stores->tables);
	uint64_t i, sum = 0;

	for (i = 0; i < count; i++)
		sum += stores->memory[(stores->iovas[i] - WORK_IOVA) >>
				      work->page_shift];
	bench_use(sum);
	return count;
}

const struct bench_side loads_translate = {
	.name = "plain loads",
	.open = open_loads,
	.run = run_loads,
	.close = close_stores,
};
