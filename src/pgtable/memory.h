/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Table memory as the engine uses it. A NULL provider is the default one: the
 * platform's memory, where a table's address is its pointer. */
#ifndef IOMM_PGTABLE_MEMORY_H
#define IOMM_PGTABLE_MEMORY_H

#include <iomm/table_memory.h>

#include "base/object.h"

struct iomm_frame;

struct iomm_table_memory {
	struct iomm_object object;
	bool own; /* the hooks are the library's: no callback brackets */
	struct iomm_table_memory_ops ops;
	void *data;
	void (*release)(void *data);
};

extern const struct iomm_object_type iomm_table_memory_type;

/* Does the provider leave it to us to zero tables? */
static inline bool iomm_table_is_raw(const struct iomm_table_memory *memory)
{
	return memory && (memory->ops.flags & IOMM_TABLE_MEMORY_RAW);
}

/*
 * A table of `bytes`, a power of two, aligned to its size, none of it above
 * `max_pa`; zeroed, unless iomm_table_is_raw(). What a provider answers is
 * checked; fails with a sentence.
 */
int iomm_table_alloc(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
		     uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa);
void iomm_table_free(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
		     void *va, uint64_t pa, uint64_t bytes);
/* Brackets around several, which are given by iomm_table_give(). */
void iomm_table_give_begin(struct iomm_ctx *ctx,
			   struct iomm_table_memory *memory,
			   struct iomm_frame *frame);
void iomm_table_give(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
		     void *va, uint64_t pa, uint64_t bytes);
void iomm_table_give_end(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
			 struct iomm_frame *frame);
/* A pointer to a table of `bytes` that somebody else put at `pa`: EFAULT, with
 * a sentence, where the provider knows no memory for tables. */
int iomm_table_find(struct iomm_ctx *ctx, struct iomm_table_memory *memory,
		    uint64_t pa, uint64_t bytes, void **va);
/* Only for providers that have a sync hook. */
void iomm_table_sync(struct iomm_table_memory *memory, const void *va,
		     uint64_t pa, uint64_t bytes);

/* The default one near a NUMA node; NULL where the platform does not know of
 * nodes. */
int iomm_table_memory_near(struct iomm_ctx *ctx, uint32_t node,
			   struct iomm_table_memory **out);

/* Makes a provider object. Runs `release` when it fails. */
int iomm_table_memory_make(struct iomm_ctx *ctx,
			   const struct iomm_table_memory_ops *ops, void *data,
			   void (*release)(void *data), bool own,
			   struct iomm_table_memory **out);

#endif
