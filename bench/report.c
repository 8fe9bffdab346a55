/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool counts_only;
static const char *counts_path;
static const char *only; /* part of a name */
static FILE *json;
static uint32_t results;

static void usage(void)
{
	fprintf(stderr, "usage: bench [--count | --counts FILE] [--json FILE] "
			"[PART-OF-A-NAME]\n");
	exit(2);
}

static void open_json(const char *path)
{
	json = fopen(path, "w");
	if (!json) {
		perror(path);
		exit(1);
	}
	fputs("[", json);
}

void report_begin(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--count"))
			counts_only = true;
		else if (!strcmp(argv[i], "--counts") && i + 1 < argc)
			counts_path = argv[++i];
		else if (!strcmp(argv[i], "--json") && i + 1 < argc)
			open_json(argv[++i]);
		else if (*argv[i] == '-' || only)
			usage();
		else
			only = argv[i];
	}
	if (!counts_only)
		printf("%-54s %8s %8s %6s  %6s %6s  %s\n", "", "ours", "peer",
		       "ratio", "instr", "instr", "quartiles");
}

bool report_counts_only(void)
{
	return counts_only;
}

bool report_wants(const char *name)
{
	return !only || strstr(name, only);
}

/* Instructions a unit, or -1 when they were not counted. A line of the file is
 * "NAME ours|peer UNITS INSTRUCTIONS". */
static double instructions(const char *name, const char *who)
{
	char line[512], its_name[256], its_who[16];
	unsigned long long units, total;
	double answer = -1;
	FILE *file = counts_path ? fopen(counts_path, "r") : NULL;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%255s %15s %llu %llu", its_name, its_who,
			   &units, &total) != 4)
			continue;
		if (!strcmp(its_name, name) && !strcmp(its_who, who))
			answer = (double)total / (double)units;
	}
	if (file)
		fclose(file);
	return answer;
}

static void put_number(const char *name, double value)
{
	if (value < 0)
		fprintf(json, ",\n   \"%s\": null", name);
	else
		fprintf(json, ",\n   \"%s\": %.4f", name, value);
}

static void
put_json(const struct bench_result *r, double ours_instr, double peer_instr)
{
	if (!json)
		return;
	fprintf(json, "%s\n  {\"name\": \"%s\"", results ? "," : "", r->name);
	put_number("ours", r->ours.median);
	put_number("peer", r->peer.median);
	fprintf(json, ",\n   \"peer_name\": \"%s\"", r->peer_name);
	fprintf(json, ",\n   \"unit\": \"%s\"", r->unit);
	put_number("ratio", r->ours.median / r->peer.median);
	put_number("ours_low_quartile", r->ours.low);
	put_number("ours_high_quartile", r->ours.high);
	put_number("peer_low_quartile", r->peer.low);
	put_number("peer_high_quartile", r->peer.high);
	put_number("ours_instr", ours_instr);
	put_number("peer_instr", peer_instr);
	fprintf(json, ",\n   \"runs\": %u}", r->runs);
}

static const char *count_text(char *text, size_t size, double value)
{
	if (value < 0)
		return "-";
	snprintf(text, size, "%.1f", value);
	return text;
}

void report(const struct bench_result *r)
{
	double ours = instructions(r->name, "ours");
	double peer = instructions(r->name, "peer");
	char ours_text[32], peer_text[32];

	printf("%-54s %8.3f %8.3f %6.3f  %6s %6s  %.3f-%.3f, %.3f-%.3f  "
	       "%s, %s\n",
	       r->name, r->ours.median, r->peer.median,
	       r->ours.median / r->peer.median,
	       count_text(ours_text, sizeof(ours_text), ours),
	       count_text(peer_text, sizeof(peer_text), peer), r->ours.low,
	       r->ours.high, r->peer.low, r->peer.high, r->unit, r->peer_name);
	fflush(stdout);
	put_json(r, ours, peer);
	results++;
}

void report_end(void)
{
	if (json) {
		fputs("\n]\n", json);
		if (fclose(json)) {
			perror("bench");
			exit(1);
		}
	}
	if (!counts_only && !results) {
		fprintf(stderr, "bench: no case is called like that\n");
		exit(1);
	}
}
