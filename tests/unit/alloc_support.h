/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tests of allocators share: descriptors, a backend in a piece of the
 * test's own memory that counts and can fail, a function in machine code, and
 * what the system says of the process's mappings.
 */
#ifndef ALLOC_SUPPORT_H
#define ALLOC_SUPPORT_H

#include <iomm/alloc_type.h>

#include "unit/support.h"

#define RX     (IOMM_ALLOC_READ | IOMM_ALLOC_EXEC)
#define R_W    (IOMM_ALLOC_READ | IOMM_ALLOC_WRITE)
#define RWX    (RX | R_W)
#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)

/* ---- The backend ---- */

enum memory_call {
	MEMORY_MAP,
	MEMORY_UNMAP,
	MEMORY_PROTECT,
	MEMORY_BARRIER,
	MEMORY_FLUSH,
	MEMORY_CALLS
};

#define MEMORY_PAGE  UINT64_C(4096)
#define MEMORY_BYTES MIB(4)

/*
 * Grants are cut from `base`, first fit; the alias is the memory itself. Each
 * page knows what it allows, and whether it is granted.
 */
struct memory {
	struct iomm_alloc_backend_ops ops;
	pthread_mutex_t lock;
	unsigned char *base;
	uint32_t alive;
	uint64_t huge; /* what it says of each grant */
	_Atomic uint32_t calls[MEMORY_CALLS];
	uint32_t grants, released;
	struct iomm_alloc_grant last;
	unsigned char granted[MEMORY_BYTES / MEMORY_PAGE];
	unsigned char prot[MEMORY_BYTES / MEMORY_PAGE];
	/* What a call answers instead of doing something; 0: it does. */
	int (*refuse)(struct memory *memory, enum memory_call call);
	void *user; /* the test's */
};

void memory_init(struct memory *memory);
void memory_fini(struct memory *memory);
uint32_t memory_prot(const struct memory *memory, const void *address);
/* Counts memory->released. */
void memory_release(void *memory);

/* ---- Allocators ---- */

/* Nothing but what has to be said. */
struct iomm_alloc_desc text_desc(void);
struct iomm_alloc_desc data_desc(void);

/* An allocator and its types in a world. */
struct pools {
	struct world world;
	struct memory memory;
	struct iomm_allocator *allocator;
};

/* Of an array of descriptors whose sizes are set here; `memory`: on the pools'
 * own memory, else the hosted one. */
int pools_create(struct pools *rig, struct iomm_alloc_desc *desc,
		 uint32_t count, uint32_t flags, bool memory);
/* With a world, and asserted; closed with pools_close(). */
void pools_open(struct pools *rig, struct iomm_alloc_desc *desc, uint32_t count,
		bool memory);
/* All must have been freed. */
void pools_close(struct pools *rig);
struct iomm_alloc_type *pools_type(struct pools *rig, uint32_t number);
struct iomm_alloc_stats type_stats(struct iomm_alloc_type *type);
void *alloc_ok(struct iomm_alloc_type *type, uint64_t bytes);

/* ---- Code ---- */

/* A function that returns its number: put somewhere, and called there. */
#define CODE_BYTES 16u
void code_make(unsigned char code[CODE_BYTES], uint32_t number);
uint32_t code_call(const void *code);
/* Makes code and fills it in. */
void code_place(struct iomm_alloc_type *type, void *at, uint32_t number);
/* Does running (or, for the second, writing) there end in a signal? In a child
 * process. */
bool code_traps(const void *code);
bool write_traps(void *at);

/* ---- Mappings ---- */

/* Valgrind makes code of its own in memory of its own, and needs a lot. */
bool under_valgrind(void);

struct mappings {
	uint32_t count;
	uint32_t write_exec; /* that are both; not counted under valgrind */
	uint32_t iomm;	     /* of the hosted backend's files */
	uint32_t aliases;    /* of those, that can be written */
};

struct mappings mappings_now(void);
/* Memory that those files take. */
uint64_t file_bytes(void);
/* Permissions ("r-xp") of what an address lies in; "" when that is nothing. */
void mapping_perms(const void *address, char perms[5]);

#endif
