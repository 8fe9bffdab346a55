/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Memory for page tables: where tables live, and how an address that a table
 * walker uses becomes a pointer. Tables may lie on the heap, in an arena that
 * a device can reach, or in a guest's memory.
 */
#ifndef IOMM_TABLE_MEMORY_H
#define IOMM_TABLE_MEMORY_H

#include <iomm/types.h>

/** The provider's tables are at `pa + linear_offset` for every `pa`. */
#define IOMM_TABLE_MEMORY_LINEAR (1u << 0)

/** What `alloc` gives need not be zeroed: the library writes all of it before a
 * walker can see it. That saves a pass over tables that are filled at once. */
#define IOMM_TABLE_MEMORY_RAW (1u << 1)

/**
 * The hooks of a provider. They are called without library locks, while the
 * table that they serve is being worked on: they must not call the library on
 * that table or its domain. An exclusive table makes one call at a time; a
 * shared one, and several tables, may call at once.
 */
struct iomm_table_memory_ops {
	uint32_t size;	/**< sizeof(struct iomm_table_memory_ops) */
	uint32_t flags; /**< IOMM_TABLE_MEMORY_* */

	/** With IOMM_TABLE_MEMORY_LINEAR: what to add to an address in the
	 * walker's view to get the pointer, modulo 2^64. */
	iomm_u64 linear_offset;

	/** Memory of `bytes` (a power of two), zeroed unless `flags` says
	 * otherwise, aligned to its size, no byte of it above `max_pa` in the
	 * walker's view. 0, or a negative IOMM_E*; `va` and `pa` are read on
	 * success only. Required. */
	IOMM_FN(int, alloc,
		(void *data, uint64_t bytes, uint64_t max_pa, void **va,
		 uint64_t *pa));
	/** Takes back what `alloc` gave. No walker looks at it any more.
	 * Required. */
	IOMM_FN(void, free,
		(void *data, void *va, uint64_t pa, uint64_t bytes));
	/** Makes stores to `[va, va + bytes)` visible to walkers that do not
	 * snoop the CPU's caches. Context: atomic. Optional: NULL when every
	 * walker snoops. */
	IOMM_FN(void, sync,
		(void *data, const void *va, uint64_t pa, uint64_t bytes));
	/** A pointer to `bytes` at `pa`, or NULL when that is not memory in
	 * which tables can lie. For tables that the library did not make
	 * (IOMM_PGTABLE_ADOPT). Context: atomic. Optional. */
	IOMM_FN(void *, to_virt, (void *data, uint64_t pa, uint64_t bytes));
};

#define IOMM_TABLE_MEMORY_OPS_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_table_memory_ops) ==
		    IOMM_TABLE_MEMORY_OPS_SIZE_VER0,
	    "iomm_table_memory_ops");

IOMM_BEGIN_DECLS

/**
 * Makes a provider from hooks.
 *
 * @param ctx the context
 * @param ops the hooks; copied
 * @param data handed to every hook
 * @param release takes `data` back; may be NULL
 * @param out the provider, with one reference
 *
 * Ownership: the caller owns the reference; every table made with the provider
 *   holds one. `release` runs exactly once, after the last hook, also when
 *   this call fails.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (NULL, bad `size`, unknown flags, a required hook missing),
 *   E2BIG, ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_table_memory_create(struct iomm_ctx *ctx,
			 const struct iomm_table_memory_ops *ops, void *data,
			 void (*release)(void *data),
			 struct iomm_table_memory **out);

/**
 * Makes a provider that carves tables out of one piece of memory, such as a
 * reserved part of a guest's RAM or of a DMA buffer. All its tables are found
 * by a linear offset.
 *
 * @param ctx the context
 * @param va the memory; must stay valid until `release`
 * @param pa its address in the walker's view
 * @param bytes its length; `va`, `pa` and `bytes` are multiples of 4096
 * @param data handed to `release`
 * @param release called when the last table and reference are gone; may be NULL
 * @param out the provider, with one reference
 *
 * Ownership: the caller owns the reference. `release` runs exactly once, also
 *   when this call fails.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (NULL, misaligned, zero or wrapping range), ENOMEM. A full
 *   arena makes the call that needs a table fail with ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_table_memory_create_arena(struct iomm_ctx *ctx, void *va, uint64_t pa,
			       uint64_t bytes, void *data,
			       void (*release)(void *data),
			       struct iomm_table_memory **out);

/**
 * Takes a reference.
 *
 * @param memory a provider to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_table_memory *
iomm_table_memory_get(struct iomm_table_memory *memory);

/**
 * Gives a reference back.
 *
 * @param memory a provider, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_table_memory_put(struct iomm_table_memory *memory);

IOMM_END_DECLS

#endif
