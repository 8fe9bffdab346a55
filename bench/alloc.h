/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory for code: what is done, and who does it. README.md says why so. */
#ifndef BENCH_ALLOC_H
#define BENCH_ALLOC_H

#include "threads.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a module consists of. Whatever is no module is code. */
enum {
	PART_TEXT,
	PART_RODATA,
	PART_DATA,
	PART_INIT,
	PARTS
};

#define ASMJIT_NAME "asmjit, mapped twice, filled"

/* One way to allocate. Each call ends the program when it fails. */
struct alloc_way {
	void *(*open)(void);
	/* Allocates, and puts as many bytes of `source` there. */
	void *(*put)(void *state, const void *source, uint32_t bytes);
	/* The same for all parts of a module in one go. */
	void (*load)(void *state, const void *source,
		     const uint32_t bytes[PARTS], void *at[PARTS]);
	void (*drop)(void *state, uint32_t part, void *at, uint32_t bytes);
	void (*close)(void *state);
};

extern const struct alloc_way alloc_ours_jit, alloc_ours_module, alloc_asmjit,
	alloc_mmap;
/* With large pages, for whoever has this many live allocations. */
#define ALLOC_LARGE 10000u
extern const struct alloc_way alloc_ours_large;

/* Makes place, then fills it: frees what is in a slot, and allocates there. The
 * first `live` turns find their slot empty. */
struct alloc_turn {
	uint32_t slot;
	uint32_t bytes[PARTS]; /* of code the first */
};

struct alloc_trace {
	uint32_t live, count;
	struct alloc_turn turn[];
};

#define ALLOC_MOST (256u << 10) /* bytes of an allocation, at most */

/* The same at each call; free() takes it back. */
struct alloc_trace *alloc_jit_trace(uint32_t live, uint32_t count);
struct alloc_trace *alloc_module_trace(uint32_t live, uint32_t count);
/* Says what they are like. */
void alloc_print_traces(void);

/* Somebody at some turn of a trace. */
struct alloc_player {
	const struct alloc_way *way;
	const struct alloc_trace *trace;
	void *state;
	uint32_t next;
	char *source;
	struct alloc_slot *slots;
};

/* A trace whose turns have bytes[0] alone goes by put(). */
void alloc_play(struct alloc_player *player, uint32_t turns);
/* With `state`, which stays the caller's, and all slots empty. */
void alloc_sit_down(struct alloc_player *player, const struct alloc_way *way,
		    const struct alloc_trace *trace, void *state);
/* Drops what is allocated. */
void alloc_get_up(struct alloc_player *player);
/* Bytes that are allocated, as they were asked for. */
uint64_t alloc_asked(const struct alloc_player *player);

/* alloc_space.c: how much memory and how many mappings it takes. */
void alloc_measure_space(void);

void bench_alloc(void);
/* The case that has threads. */
void bench_alloc_threads(void);

#ifdef __cplusplus
}
#endif

#endif
