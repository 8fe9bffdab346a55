/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What harness.c and shrink.c share: lives in child processes. */
#ifndef MODEL_LIFE_H
#define MODEL_LIFE_H

#include "model/harness.h"

#define MODEL_RESULTS 12u

/* Told by the child, in shared memory, so that it survives the child. */
struct model_report {
	uint64_t life; /* the one at work */
	uint64_t at;   /* the operation at work, of this life */
	uint64_t done; /* operations, of all lives */
	char message[512];
	struct {
		int code;
		uint64_t count;
	} results[MODEL_KINDS][MODEL_RESULTS];
};

extern struct model_report *model_report;

/* Operations of a life, by number: all below `count`, or those listed. */
struct model_list {
	uint32_t count;
	const uint32_t *number; /* NULL: 0, 1, 2, ... */
};

/* Lives a life in this process. `print` shows each operation beforehand;
 * `every` is how many operations lie between two checks. */
void model_live(const struct model *model, uint64_t life_seed,
		const struct model_list *list, uint32_t every, bool print);

/* Shrinks a life that fails, and shows what is left of it. */
void model_shrink(const struct model *model, uint64_t life_seed,
		  uint32_t count);

#endif
