/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Measures ours against a peer that does the same. A file of cases defines
 * sides, a list of cases that pairs them, and a call of bench_run() in main.c;
 * see README.md.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One way to do the work of a case. Only run() is measured: it answers how
 * many units (pages, entries, lookups) it did, which must be the same for both
 * sides. before() and after() make it possible to run again; they may be NULL.
 */
struct bench_side {
	const char *name; /* as the table calls it */
	/* `brief`: a short sequence will do, instructions are counted. */
	void *(*open)(const void *arg, bool brief);
	void (*before)(void *state);
	uint64_t (*run)(void *state);
	void (*after)(void *state);
	void (*close)(void *state);
};

struct bench_case {
	const char *name; /* behind the group's */
	const char *unit; /* "ns/page", "us/device" */
	const struct bench_side *ours, *peer;
	const void *arg; /* handed to both open() */
};

/* Measures the cases of a group, "pgtable/arm64-s1-4k". */
void bench_run(const char *group, const struct bench_case *cases, size_t count);

/* Nanoseconds. */
double bench_now(void);

struct bench_times {
	double median;
	double low, high; /* quartiles */
};

/* Sorts them. */
struct bench_times bench_times_of(double *values, uint32_t n);

void bench_die(const char *what) __attribute__((cold, noreturn));

/* A benchmark that did not do what it says ends the program. */
static inline void bench_check(bool good, const char *what)
{
	if (__builtin_expect(!good, 0))
		bench_die(what);
}

/* A number below `limit`, the same each time for the same seed. */
static inline uint32_t bench_random(uint64_t *seed, uint32_t limit)
{
	*seed = *seed * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return (uint32_t)((*seed >> 33) % limit);
}

/* Keeps the compiler from dropping what nobody looks at. */
static inline void bench_use(uint64_t value)
{
	__asm__ __volatile__("" : : "r"(value));
}

#ifdef __cplusplus
}
#endif

#endif
