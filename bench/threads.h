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
	/* What they are held against, at the same states, and about as long.
	 * NULL: plain stores to two arrays. */
	void (*peer)(void *state);
	const char *peer_name;
};

/* Measures and reports a case: what two threads do in a time over what one
 * does, beside the same of the peer. The process has had threads from then
 * on. */
void bench_two_threads(const char *name, const struct bench_threads *threads);

#endif
