/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How much more two threads do in a time than one. The same of a peer, in the
 * same round, is what the machine gives at that moment (two logical CPUs may be
 * one core).
 */
#ifndef BENCH_SCALING_H
#define BENCH_SCALING_H

struct scaling_case {
	const char *name, *peer_name;
	/* Called by each thread with what is its own. About as long as each
	 * other, and short: to fall between what else runs. */
	void (*ours)(void *worker);
	void (*peer)(void *worker);
	void *worker[2];
};

/* Measures a case that report_wants(), and reports it. */
void scaling_run(const struct scaling_case *c);

#endif
