/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line of the models; tests/model/run builds and calls it. */
#include "model/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct model *const models[] = { &model_pgtable, &model_domain,
					      &model_alloc, &model_ioasid };
#define NR_MODELS (sizeof(models) / sizeof(models[0]))

static int usage(void)
{
	size_t n;

	fprintf(stderr,
		"usage: run MODEL [--seed N] [--ops N]   N may be 0x...\n"
		"           [--length N]  operations from make to destroy\n"
		"           [--life N]    only the N-th object\n"
		"           [--plant N]   plants a bug, which must be found\n"
		"models:");
	for (n = 0; n < NR_MODELS; n++)
		fprintf(stderr, " %s", models[n]->name);
	fprintf(stderr, "\n");
	return 2;
}

static const struct model *find(const char *name)
{
	size_t n;

	for (n = 0; n < NR_MODELS; n++) {
		if (!strcmp(models[n]->name, name))
			return models[n];
	}
	return NULL;
}

static bool set(struct model_run *run, const char *name, const char *value)
{
	char *end;
	uint64_t number = strtoull(value, &end, 0);

	if (!*value || *end)
		return false;
	if (!strcmp(name, "--seed"))
		run->seed = number;
	else if (!strcmp(name, "--ops") && number)
		run->ops = number;
	else if (!strcmp(name, "--length") && number && number < 1u << 30)
		run->life = (uint32_t)number;
	else if (!strcmp(name, "--plant"))
		model_plant = (uint32_t)number;
	else if (!strcmp(name, "--life"))
		run->which = number, run->one_life = true;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct model_run run = { .seed = 1, .ops = 100000 };
	const struct model *model = argc > 1 ? find(argv[1]) : NULL;
	int n;

	if (!model || argc % 2)
		return usage();
	for (n = 2; n < argc; n += 2) {
		if (!set(&run, argv[n], argv[n + 1]))
			return usage();
	}
	run.progress = run.ops > 5000000 || isatty(STDERR_FILENO);
	return model_run(model, &run) ? 0 : 1;
}
