/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Leaves operations out of a life that fails for as long as it still fails:
 * halves first, then smaller pieces, at last one by one (ddmin: Zeller,
 * Hildebrandt, 2002).
 */
#include "model/life.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_TRIES  3000u
/* A try that hangs is a failure too. */
#define TRY_SECONDS 60u

struct shrinker {
	const struct model *model;
	uint64_t life_seed;
	uint32_t *number;
	uint32_t count;
	uint32_t tries;
};

/* What a failing try says of itself is of no interest before the last one. */
static void hush(void)
{
	int fd = open("/dev/null", O_WRONLY);

	if (fd >= 0) {
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
	}
}

static bool
fails(struct shrinker *s, const uint32_t *number, uint32_t count, bool print)
{
	struct model_list list = { count, number };
	uint32_t every = count <= 64 ? 1 : s->model->check_every;
	int status = 0;
	pid_t pid;

	s->tries++;
	(void)fflush(NULL);
	pid = fork();
	if (!pid) {
		(void)alarm(TRY_SECONDS);
		if (!print)
			hush();
		model_live(s->model, s->life_seed, &list, every, print);
		exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status;
}

/* Tries to do without each piece of this size; true when one could go. */
static bool drop_pieces(struct shrinker *s, uint32_t piece, uint32_t *room)
{
	uint32_t first = 0, rest;
	bool dropped = false;

	while (first < s->count && s->tries < MOST_TRIES) {
		rest = first + piece < s->count ? s->count - first - piece : 0;
		memcpy(room, s->number, first * sizeof(*room));
		memcpy(room + first, s->number + (s->count - rest),
		       rest * sizeof(*room));
		if (fails(s, room, first + rest, false)) {
			s->count = first + rest;
			memcpy(s->number, room, s->count * sizeof(*room));
			dropped = true;
		} else {
			first += piece;
		}
	}
	return dropped;
}

static void shrink(struct shrinker *s, uint32_t *room)
{
	uint32_t piece = s->count / 2;

	while (piece && s->tries < MOST_TRIES) {
		if (piece > s->count)
			piece = s->count;
		if (!drop_pieces(s, piece, room) || piece > 1)
			piece /= 2;
	}
}

void model_shrink(const struct model *model, uint64_t life_seed, uint32_t count)
{
	struct shrinker s = { .model = model,
			      .life_seed = life_seed,
			      .number = calloc(count, sizeof(uint32_t)),
			      .count = count };
	uint32_t *room = calloc(count, sizeof(*room));
	uint32_t n;

	if (!s.number || !room)
		goto out;
	for (n = 0; n < count; n++)
		s.number[n] = n;
	if (!fails(&s, s.number, s.count, false)) {
		printf("it does not fail again by itself\n");
		goto out;
	}
	shrink(&s, room);
	printf("minimal: %" PRIu32 " operations, after %" PRIu32 " tries\n",
	       s.count, s.tries);
	model_report->message[0] = 0;
	(void)fails(&s, s.number, s.count, true);
	printf("  => %s\n",
	       model_report->message[0] ? model_report->message : "it dies");
out:
	free(s.number);
	free(room);
}
