/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How two threads scale. */
#ifndef BENCH_THREADS_H
#define BENCH_THREADS_H

#include "harness.h"

/* What both do, each at a state of its own: about a millisecond of work. Each
 * state is one thread's throughout, and is run a few times unmeasured. */
struct bench_threads {
	void (*open)(void *state[2]);
	void (*run)(void *state);
	void (*close)(void *state[2]);
};

/* Measures and reports the case "two-threads" of a group: what two threads do
 * in a time over what one does, beside the same of plain stores. The process
 * has had threads from then on. */
void bench_two_threads(const char *group, const struct bench_threads *ours);

#endif
