/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* MAP_ANONYMOUS */
#define _GNU_SOURCE
#include "model/life.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct model_report *model_report;
uint32_t model_plant;

void model_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(model_report->message, sizeof(model_report->message),
			format, args);
	va_end(args);
	(void)fflush(stdout);
	_exit(1);
}

/* Operations */

struct drawn {
	uint32_t kind;
	uint64_t arg[MODEL_ARGS];
};

static struct drawn draw(const struct model *model, const void *subject,
			 uint64_t life_seed, uint32_t number)
{
	struct random random = { random_split(life_seed, number + 1) };
	struct drawn op = { 0 };
	uint64_t total = 0, pick;
	uint32_t n;

	for (n = 0; n < model->nr_kinds; n++)
		total += model->kinds[n].weight;
	pick = random_below(&random, total);
	while (pick >= model->kinds[op.kind].weight)
		pick -= model->kinds[op.kind++].weight;
	if (model->kinds[op.kind].generate)
		model->kinds[op.kind].generate(subject, &random, op.arg);
	return op;
}

static void
print_op(const struct model_kind *kind, const struct drawn *op, uint32_t number)
{
	const char *name = kind->args ? kind->args : "";
	uint32_t n;
	int len;

	printf("  #%-6" PRIu32 " %s", number, kind->name);
	for (n = 0; n < MODEL_ARGS && *name; n++) {
		len = (int)strcspn(name, " ");
		printf(" %.*s=0x%" PRIx64, len, name, op->arg[n]);
		name += len + (name[len] == ' ');
	}
	printf("\n");
	(void)fflush(stdout);
}

static void count_result(uint32_t kind, int code)
{
	uint32_t n;

	for (n = 0; n < MODEL_RESULTS; n++) {
		if (model_report->results[kind][n].count &&
		    model_report->results[kind][n].code != code)
			continue;
		model_report->results[kind][n].code = code;
		model_report->results[kind][n].count++;
		return;
	}
}

void model_live(const struct model *model, uint64_t life_seed,
		const struct model_list *list, uint32_t every, bool print)
{
	struct random random = { random_split(life_seed, 0) };
	void *subject = model->make(&random);
	struct drawn op;
	uint32_t n, number;

	if (print) {
		printf("  ");
		model->describe(subject);
		printf("\n");
	}
	for (n = 0; n < list->count; n++) {
		number = list->number ? list->number[n] : n;
		model_report->at = number;
		op = draw(model, subject, life_seed, number);
		if (print)
			print_op(&model->kinds[op.kind], &op, number);
		count_result(op.kind,
			     model->kinds[op.kind].apply(subject, op.arg));
		if ((n + 1) % every == 0)
			model->check(subject);
		model_report->done++;
	}
	model->check(subject);
	model->destroy(subject);
}

/* Runs */

static void show_progress(const struct model *model,
			  const struct model_run *run, time_t *shown)
{
	time_t now = time(NULL);

	if (!run->progress || now - *shown < 5)
		return;
	*shown = now;
	fprintf(stderr,
		"%s: %" PRIu64 " of %" PRIu64 " operations (%" PRIu64 " %%)\n",
		model->name, model_report->done, run->ops,
		model_report->done * 100 / run->ops);
}

static uint32_t
life_length(const struct model *model, const struct model_run *run)
{
	return run->life ? run->life : model->life;
}

static void live_all(const struct model *model, const struct model_run *run)
{
	struct model_list list = { 0 };
	uint32_t length = life_length(model, run);
	uint64_t life = run->one_life ? run->which : 0;
	uint64_t left = run->one_life ? length : run->ops;
	time_t shown = time(NULL);

	for (; left; left -= list.count, life++) {
		list.count = left < length ? (uint32_t)left : length;
		model_report->life = life;
		model_live(model, random_split(run->seed, life), &list,
			   model->check_every, false);
		show_progress(model, run, &shown);
	}
}

static bool all_in_child(const struct model *model, const struct model_run *run)
{
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (!pid) {
		live_all(model, run);
		/* Not _exit(): the leak checkers look at the end. */
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (status && !model_report->message[0])
		(void)snprintf(model_report->message,
			       sizeof(model_report->message),
			       "died, wait status 0x%x", (unsigned)status);
	return !status;
}

/* Every kind of operation must have worked at least once. */
static bool all_kinds_worked(const struct model *model)
{
	bool all = true;
	uint32_t k, n;

	for (k = 0; k < model->nr_kinds; k++) {
		printf("  %-12s", model->kinds[k].name);
		for (n = 0; n < MODEL_RESULTS; n++) {
			if (model_report->results[k][n].count)
				printf(" %d: %" PRIu64 ",",
				       model_report->results[k][n].code,
				       model_report->results[k][n].count);
		}
		printf("\n");
		if (model_report->results[k][0].count)
			continue;
		printf("FAILED: %s: %s was never tried\n", model->name,
		       model->kinds[k].name);
		all = false;
	}
	return all;
}

static void
report_failure(const struct model *model, const struct model_run *run)
{
	uint64_t life = model_report->life;
	uint32_t at = (uint32_t)model_report->at;

	printf("FAILED: %s: seed 0x%" PRIx64 ", life %" PRIu64
	       ", operation %" PRIu32 ": %s\n",
	       model->name, run->seed, life, at, model_report->message);
	printf("replay: tests/model/run %s --seed 0x%" PRIx64
	       " --length %" PRIu32 " --life %" PRIu64,
	       model->name, run->seed, life_length(model, run), life);
	if (model_plant)
		printf(" --plant %" PRIu32, model_plant);
	printf("\n");
	model_shrink(model, random_split(run->seed, life), at + 1);
}

bool model_run(const struct model *model, const struct model_run *run)
{
	bool ok;

	model_report = mmap(NULL, sizeof(*model_report), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (model_report == MAP_FAILED)
		return false;
	ok = all_in_child(model, run);
	if (!ok)
		report_failure(model, run);
	else if (model_report->done >= 1000)
		ok = all_kinds_worked(model);
	if (ok)
		printf("ok: %s: %" PRIu64 " operations, seed 0x%" PRIx64 "\n",
		       model->name, model_report->done, run->seed);
	(void)munmap(model_report, sizeof(*model_report));
	return ok;
}
