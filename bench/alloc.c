/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "alloc.h"

#include <stdlib.h>

#include <valgrind/callgrind.h>

#include "report.h"

struct work {
	struct alloc_trace *(*make)(uint32_t live, uint32_t count);
	uint32_t live;
	uint32_t turns; /* a run */
};

static const struct work jit_100 = { alloc_jit_trace, 100, 20000 };
static const struct work jit_1000 = { alloc_jit_trace, 1000, 20000 };
static const struct work jit_10000 = { alloc_jit_trace, 10000, 20000 };
static const struct work jit_100000 = { alloc_jit_trace, 100000, 16000 };
static const struct work jit_mmap = { alloc_jit_trace, 1000, 1000 };
static const struct work modules = { alloc_module_trace, 100, 300 };

struct game {
	struct alloc_player player;
	struct alloc_trace *trace;
	uint32_t turns;
};

/* All slots are full, and have been emptied about once. Who is not used to be
 * counted gets there faster without. */
static void *
open_way(const struct alloc_way *way, const struct work *work, bool brief)
{
	uint32_t count = 2 * work->live + 8 * work->turns;
	struct game *game = malloc(sizeof(*game));

	bench_check(game, "no memory");
	game->trace = work->make(work->live, count);
	game->turns = brief ? work->turns / 8 : work->turns;
	alloc_sit_down(&game->player, way, game->trace, way->open());
	CALLGRIND_STOP_INSTRUMENTATION;
	alloc_play(&game->player, 2 * work->live);
	CALLGRIND_START_INSTRUMENTATION;
	return game;
}

static uint64_t run(void *state)
{
	struct game *game = state;

	alloc_play(&game->player, game->turns);
	return game->turns;
}

static void close(void *state)
{
	struct game *game = state;

	alloc_get_up(&game->player);
	game->player.way->close(game->player.state);
	free(game->trace);
	free(game);
}

#define SIDE(side, way, words)                                \
	static void *open_##side(const void *arg, bool brief) \
	{                                                     \
		return open_way(&way, arg, brief);            \
	}                                                     \
	static const struct bench_side side = {               \
		.name = words,                                \
		.open = open_##side,                          \
		.run = run,                                   \
		.close = close,                               \
	}

SIDE(ours_jit, alloc_ours_jit, "ours");
SIDE(ours_large, alloc_ours_large, "ours");
SIDE(ours_module, alloc_ours_module, "ours");
SIDE(asmjit, alloc_asmjit, ASMJIT_NAME);
SIDE(plain, alloc_mmap, "mmap, mprotect, munmap");

#define TURN "ns/turn"

static const struct bench_case jit_cases[] = {
	{ "time-100", TURN, &ours_jit, &asmjit, &jit_100 },
	{ "time-1000", TURN, &ours_jit, &asmjit, &jit_1000 },
	{ "time-10000", TURN, &ours_large, &asmjit, &jit_10000 },
	{ "time-100000", TURN, &ours_large, &asmjit, &jit_100000 },
	{ "time-vs-mmap", TURN, &ours_jit, &plain, &jit_mmap },
};

static const struct bench_case module_cases[] = {
	{ "time", "ns/module", &ours_module, &asmjit, &modules },
};

void bench_alloc(void)
{
	if (!report_counts_only() && report_wants("alloc/"))
		alloc_print_traces();
	bench_run("alloc/jit", jit_cases, 5);
	bench_run("alloc/module", module_cases, 1);
	if (!report_counts_only())
		alloc_measure_space();
}

/* Two threads */

#define LIVE  1000u
#define TURNS 8000u

static struct alloc_trace *threads_trace;
static struct alloc_player players[2];

static void open_players(void *state[2])
{
	void *ours = alloc_ours_jit.open();
	uint32_t i;

	threads_trace = alloc_jit_trace(LIVE, 8 * TURNS);
	for (i = 0; i < 2; i++) {
		alloc_sit_down(&players[i], &alloc_ours_jit, threads_trace,
			       ours);
		state[i] = &players[i];
	}
}

static void run_player(void *state)
{
	alloc_play(state, TURNS);
}

static void close_players(void *state[2])
{
	struct alloc_player *player = state[0];
	void *ours = player->state;

	alloc_get_up(player);
	alloc_get_up(state[1]);
	alloc_ours_jit.close(ours);
	free(threads_trace);
}

void bench_alloc_threads(void)
{
	static const struct bench_threads threads = { .open = open_players,
						      .run = run_player,
						      .close = close_players };

	bench_two_threads("alloc/jit/two-threads", &threads);
}
