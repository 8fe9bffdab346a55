/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is allocated and freed, in which order: drawn once, from a fixed seed,
 * and the same for all who play. */
#include "alloc.h"

#include <stdio.h>
#include <stdlib.h>

/* Sizes: even inside a band, and as many of each as its share says. */
struct band {
	uint32_t from, to; /* not itself */
	uint32_t share;
};

struct sizes {
	const struct band *bands;
	uint32_t shares; /* of all */
};

/* Half is below 500 bytes, three quarters are below 2 KiB. */
static const struct band code_bands[] = {
	{ 32, 64, 3 },	   { 64, 128, 3 },    { 128, 256, 3 },
	{ 256, 500, 3 },   { 500, 1024, 3 },  { 1024, 2048, 3 },
	{ 2048, 4096, 3 }, { 4096, 8192, 3 },
};
static const struct sizes code = { code_bands, 24 };

static const struct band text_bands[] = {
	{ 1024, 4096, 1 },
	{ 4096, 16384, 2 },
	{ 16384, 65536, 2 },
	{ 65536, ALLOC_MOST, 1 },
};
static const struct band rodata_bands[] = {
	{ 256, 2048, 1 },
	{ 2048, 8192, 2 },
	{ 8192, 32768, 1 },
};
static const struct band small_bands[] = {
	{ 64, 512, 1 },
	{ 512, 4096, 2 },
	{ 4096, 16384, 1 },
};
static const struct sizes module[PARTS] = {
	[PART_TEXT] = { text_bands, 6 },
	[PART_RODATA] = { rodata_bands, 4 },
	[PART_DATA] = { small_bands, 4 },
	[PART_INIT] = { small_bands, 4 },
};

static uint32_t draw(uint64_t *random, const struct sizes *sizes)
{
	uint32_t share = bench_random(random, sizes->shares);
	const struct band *band = sizes->bands;

	for (; share >= band->share; band++)
		share -= band->share;
	return band->from + bench_random(random, band->to - band->from);
}

/* Half of the turns are in an eighth of the slots: what lives there is short of
 * life, compared with the rest. */
static uint32_t draw_slot(uint64_t *random, uint32_t live)
{
	uint32_t few = live / 8 + 1;

	return bench_random(random, bench_random(random, 2) ? few : live);
}

static struct alloc_trace *
make(uint32_t live, uint32_t count, const struct sizes *sizes, uint32_t parts)
{
	struct alloc_trace *trace =
		malloc(sizeof(*trace) + count * sizeof(*trace->turn));
	uint64_t random = 7;
	uint32_t i, part;

	bench_check(trace, "no memory for a trace");
	*trace = (struct alloc_trace){ .live = live, .count = count };
	for (i = 0; i < count; i++) {
		struct alloc_turn *turn = &trace->turn[i];

		*turn = (struct alloc_turn){
			.slot = i < live ? i : draw_slot(&random, live)
		};
		for (part = 0; part < parts; part++)
			turn->bytes[part] = draw(&random, &sizes[part]);
	}
	return trace;
}

struct alloc_trace *alloc_jit_trace(uint32_t live, uint32_t count)
{
	return make(live, count, &code, 1);
}

struct alloc_trace *alloc_module_trace(uint32_t live, uint32_t count)
{
	return make(live, count, module, PARTS);
}

static void print(const char *name, struct alloc_trace *trace)
{
	uint32_t below_500 = 0, below_2k = 0, i, part;
	uint64_t sum = 0, all = 0;

	for (i = 0; i < trace->count; i++) {
		for (part = 0; part < PARTS; part++) {
			uint32_t bytes = trace->turn[i].bytes[part];

			sum += bytes;
			all += bytes != 0;
			below_500 += bytes && bytes < 500;
			below_2k += bytes && bytes < 2048;
		}
	}
	printf("trace %s: %u turns, %.0f bytes a turn; of the allocations "
	       "%.0f %% below 500 bytes, %.0f %% below 2 KiB\n",
	       name, trace->count, (double)sum / trace->count,
	       100.0 * below_500 / (double)all, 100.0 * below_2k / (double)all);
	free(trace);
}

void alloc_print_traces(void)
{
	print("alloc/jit", alloc_jit_trace(1000, 100000));
	print("alloc/module", alloc_module_trace(100, 10000));
}
