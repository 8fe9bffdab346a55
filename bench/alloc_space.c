/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How much memory and how many mappings an allocator takes: of the process,
 * with it less without it. */
#define _GNU_SOURCE
#include "alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

struct space {
	uint64_t bytes, asked;
	uint32_t mappings;
};

/*
 * Pss, since what is mapped twice counts twice in Rss. Large pages of a file
 * are not in there: they count by themselves, for each mapping.
 */
static uint64_t read_bytes(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	unsigned long long kib, sum = 0;
	char line[256];

	bench_check(file, "no /proc/self/smaps_rollup");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Pss: %llu", &kib) == 1 ||
		    sscanf(line, "Private_Hugetlb: %llu", &kib) == 1)
			sum += 2 * kib;
		else if (sscanf(line, "Shared_Hugetlb: %llu", &kib) == 1)
			sum += kib;
	}
	fclose(file);
	return sum * 512;
}

static uint32_t read_mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	uint32_t lines = 0;
	int c;

	bench_check(file, "no /proc/self/maps");
	while ((c = fgetc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

/* When all slots are full, and have been emptied a few times. */
static void measure_here(const struct alloc_way *way,
			 const struct alloc_trace *trace, struct space *space)
{
	struct alloc_player player;
	uint32_t mappings;
	uint64_t bytes;

	alloc_sit_down(&player, way, trace, NULL);
	bytes = read_bytes();
	mappings = read_mappings();
	player.state = way->open();
	alloc_play(&player, trace->count);
	space->bytes = read_bytes() - bytes;
	space->mappings = read_mappings() - mappings;
	space->asked = alloc_asked(&player);
	alloc_get_up(&player);
	way->close(player.state);
}

/* In a process of its own, so that nobody finds what another one left. */
static struct space
measure(const struct alloc_way *way, const struct alloc_trace *trace)
{
	struct space *shared = mmap(NULL, sizeof(*shared),
				    PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct space space;
	int status;
	pid_t child;

	bench_check(shared != MAP_FAILED, "no memory");
	child = fork();
	bench_check(child >= 0, "no process");
	if (!child) {
		measure_here(way, trace, shared);
		_exit(0);
	}
	bench_check(waitpid(child, &status, 0) == child && !status,
		    "a measurement failed");
	space = *shared;
	munmap(shared, sizeof(*shared));
	return space;
}

static void put(const char *name, const char *unit, double ours, double peer)
{
	const struct bench_result result = {
		.name = name,
		.unit = unit,
		.peer_name = ASMJIT_NAME,
		.runs = 1,
		.ours = bench_once(ours),
		.peer = bench_once(peer),
	};

	if (report_wants(name))
		report(&result);
}

static double over_asked(const struct space *space)
{
	return (double)space->bytes / (double)space->asked;
}

static void
print_live(uint32_t live, const struct space *ours, const struct space *peer)
{
	printf("  %6u live: memory %.3f, asmjit %.3f; mappings %u, asmjit %u\n",
	       live, over_asked(ours), over_asked(peer), ours->mappings,
	       peer->mappings);
}

/* The cases are of the largest; the others are shown, to see how it grows. */
static void measure_jit(void)
{
	struct space ours, peer;
	uint32_t live;

	for (live = 100; live <= 100000; live *= 10) {
		struct alloc_trace *trace = alloc_jit_trace(live, 3 * live);

		ours = measure(live < ALLOC_LARGE ? &alloc_ours_jit
						  : &alloc_ours_large,
			       trace);
		peer = measure(&alloc_asmjit, trace);
		free(trace);
		print_live(live, &ours, &peer);
	}
	put("alloc/jit/memory", "x asked", over_asked(&ours),
	    over_asked(&peer));
	put("alloc/jit/mappings", "mappings", ours.mappings, peer.mappings);
}

static void measure_module(void)
{
	struct alloc_trace *trace = alloc_module_trace(100, 1000);
	struct space ours = measure(&alloc_ours_module, trace);
	struct space peer = measure(&alloc_asmjit, trace);

	free(trace);
	put("alloc/module/memory", "x asked", over_asked(&ours),
	    over_asked(&peer));
}

void alloc_measure_space(void)
{
	if (report_wants("alloc/jit/memory") ||
	    report_wants("alloc/jit/mappings"))
		measure_jit();
	if (report_wants("alloc/module/memory"))
		measure_module();
}
