/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Random operations on an object and on a simple model of it, which must agree.
 *
 * A run is cut into lives: an object is made, lives through a number of
 * operations, and is destroyed. Each operation's arguments come from the seed,
 * the life and its place there, and from nothing else; so a life that fails is
 * replayed, and then shrunk: operations are left out for as long as it still
 * fails. Lives run in a child process, so that a crash, a failed assertion and
 * a sanitizer's report are failures like others.
 *
 * An object plugs in with a struct model, listed in main.c.
 */
#ifndef MODEL_HARNESS_H
#define MODEL_HARNESS_H

#include "model/random.h"

#define MODEL_ARGS  6u
#define MODEL_KINDS 24u

/* One kind of operation. */
struct model_kind {
	const char *name;
	const char *args; /* their names, for a reader: "iova bytes" */
	uint32_t weight;  /* how often, relative to the others */
	/* Draws arguments. Of the subject it may look at what make() chose for
	 * good, and at nothing that operations change. */
	void (*generate)(const void *subject, struct random *random,
			 uint64_t *arg);
	/* Does it to the object and to the model, and compares. Answers the
	 * object's result, which is counted; model_fail() when they differ. */
	int (*apply)(void *subject, const uint64_t *arg);
};

struct model {
	const char *name;
	const struct model_kind *kinds;
	uint32_t nr_kinds;
	uint32_t life;	      /* operations in one, if not said otherwise */
	uint32_t check_every; /* operations */
	/* Makes object and model; of which sort, `random` says. */
	void *(*make)(struct random *random);
	/* What it made, in one line without a line feed. */
	void (*describe)(const void *subject);
	/* Compares all of the object with all of the model. */
	void (*check)(void *subject);
	/* Destroys both, and looks for what was not given back. */
	void (*destroy)(void *subject);
};

/* What a failing run is told on the command line. */
struct model_run {
	uint64_t seed, ops;
	uint32_t life; /* operations in one; 0: the model's */
	bool one_life; /* only `which` */
	uint64_t which;
	bool progress;
};

/* Runs, prints "ok: ..." or "FAILED: ..." with the shortest list of operations
 * that was found, and answers whether all was well. */
bool model_run(const struct model *model, const struct model_run *run);

/* Ends the life: object and model differ. */
_Noreturn void model_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
#define model_require(condition, ...)            \
	do {                                     \
		if (!(condition))                \
			model_fail(__VA_ARGS__); \
	} while (0)

/* A bug that the models plant in themselves, for the proof that it is found;
 * 0: none. */
extern uint32_t model_plant;

extern const struct model model_pgtable, model_domain, model_alloc,
	model_ioasid;

#endif
