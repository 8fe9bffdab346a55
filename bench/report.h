/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the program was asked for, and where results go. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "harness.h"

struct bench_result {
	const char *name, *unit, *peer_name;
	uint32_t runs; /* of each side */
	struct bench_times ours, peer;
};

/* Reads the command line; ends the program when it is wrong. */
void report_begin(int argc, char **argv);
bool report_counts_only(void);
bool report_wants(const char *name);
/* A line of the table, and an entry of the JSON file. */
void report(const struct bench_result *result);
void report_end(void);

#endif
