/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Allocating memory of one type.
 *
 * Memory that is executable or read-only where it is used is never written
 * there: iomm_alloc_type_fill() puts the bytes into it. Memory that is writable
 * may be written either way.
 *
 *     iomm_alloc_type_alloc(text, bytes, &code);
 *     ... relocate for `code` ...
 *     iomm_alloc_type_fill(text, code, image, bytes);
 *     ((int (*)(int))code)(42);
 *     iomm_alloc_type_free(text, code);
 */
#ifndef IOMM_ALLOC_TYPE_H
#define IOMM_ALLOC_TYPE_H

#include <iomm/allocator.h>
#include <iomm/types.h>

/** Where a type stands. What is of the pool, and not of the type alone, is so
 * for all types that share it. */
struct iomm_alloc_stats {
	uint32_t size;	      /**< sizeof(struct iomm_alloc_stats) */
	uint32_t flags;	      /**< 0 */
	iomm_u64 allocations; /**< live ones, of this type */
	iomm_u64 asked;	  /**< bytes in them, rounded as the alignment says */
	iomm_u64 granted; /**< bytes that the pool has of the backend */
	iomm_u64 wasted;  /**< bytes of those in no allocation of any type */
	iomm_u64 grants;  /**< of the pool */
	iomm_u64 largest_hole; /**< bytes that fit without a new grant */
	iomm_u64 waiting;      /**< freed bytes that wait for a barrier */
	iomm_u64 huge;	       /**< granted bytes that are in large pages */
	iomm_u64 book;	       /**< bytes of books that the pool keeps */
};

#define IOMM_ALLOC_STATS_SIZE_VER0 80u
IOMM_LAYOUT(sizeof(struct iomm_alloc_stats) == IOMM_ALLOC_STATS_SIZE_VER0,
	    "iomm_alloc_stats");

IOMM_BEGIN_DECLS

/**
 * Takes a reference.
 *
 * @param type a type to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_alloc_type *
iomm_alloc_type_get(struct iomm_alloc_type *type);

/**
 * Gives a reference back. Memory that is still allocated stays where it is, and
 * can be freed through another handle to the same type.
 *
 * @param type a type, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_alloc_type_put(struct iomm_alloc_type *type);

/**
 * The number of a type.
 *
 * @param type a type
 * @return IOMM_ALLOC_TEXT, ...; 0 for NULL
 *
 * Ownership: none.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API uint32_t iomm_alloc_type_number(const struct iomm_alloc_type *type);

/**
 * Allocates. What it holds is harmless (see iomm_alloc_desc.invalidate), and
 * for executable memory no processor remembers what was there before.
 *
 * @param type the type
 * @param bytes how many; rounded up to the type's alignment
 * @param out the memory
 *
 * Ownership: the caller owns the memory until iomm_alloc_type_free(). It keeps
 *   the allocator.
 * Thread: any.
 * Context: may call hooks of the backend and the descriptor; not in atomic
 *   hooks.
 * Errors: EINVAL (NULL, 0 bytes), ENOMEM (the size overflows; no memory),
 *   ENOSPC (no room in the type's ranges), EDEADLK (inside a callback, while
 *   another thread takes a grant), EOPNOTSUPP (after fork), what the backend's
 *   hooks answer.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_alloc_type_alloc(struct iomm_alloc_type *type, uint64_t bytes, void **out);

/**
 * Frees. Its bytes are made harmless before the space can be anybody's; a
 * thread that still runs there traps.
 *
 * @param type the type that it was allocated of
 * @param address exactly what iomm_alloc_type_alloc() gave
 *
 * Ownership: takes the memory back, on success only.
 * Thread: any.
 * Context: may call hooks of the backend and the descriptor; not in atomic
 *   hooks.
 * Errors: EINVAL (NULL, not the start of a live allocation of this type),
 *   EOPNOTSUPP (after fork), what `invalidate` and `protect` answer: it is
 *   allocated still then.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_alloc_type_free(struct iomm_alloc_type *type, void *address);

/**
 * Puts bytes into an allocation, and makes them code for whoever runs them:
 * for all threads, or with IOMM_ALLOC_LAZY_SYNC for the calling one.
 *
 * @param type the type that it was allocated of
 * @param dst where; inside one allocation
 * @param src the bytes
 * @param bytes how many
 *
 * Ownership: reads `src` during the call.
 * Thread: any; externally synchronised with other fills, the seal and the free
 *   of the same allocation.
 * Context: may call hooks of the backend and the descriptor; not in atomic
 *   hooks.
 * Errors: EINVAL (NULL, not inside one live allocation of this type), EACCES
 *   (it is sealed), EOPNOTSUPP (after fork), what `fill`, `protect` and
 *   `barrier` answer.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_alloc_type_fill(struct iomm_alloc_type *type, void *dst, const void *src,
		     uint64_t bytes);

/**
 * Makes an allocation of an IOMM_ALLOC_SEAL_AFTER_INIT type what its descriptor
 * says that it finally is. It can be freed, and not be unsealed.
 *
 * @param type the type that it was allocated of
 * @param address exactly what iomm_alloc_type_alloc() gave
 *
 * Ownership: none.
 * Thread: any; externally synchronised with fills and the free of the same
 *   allocation.
 * Context: calls hooks of the backend; not in atomic hooks.
 * Errors: EINVAL (NULL, not the start of a live allocation of this type, a type
 *   without the flag), EEXIST (it is sealed), EOPNOTSUPP (after fork), what
 *   `protect` answers.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_alloc_type_seal(struct iomm_alloc_type *type, void *address);

/**
 * Makes what was filled before code for every thread: for types with
 * IOMM_ALLOC_LAZY_SYNC. One call serves any number of fills.
 *
 * @param type the type
 *
 * Ownership: none.
 * Thread: any.
 * Context: calls a hook of the backend; not in atomic hooks.
 * Errors: EINVAL (NULL), EOPNOTSUPP (the backend has no barrier; after fork),
 *   what `barrier` answers.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_alloc_type_sync(struct iomm_alloc_type *type);

/**
 * Where the type stands.
 *
 * @param type the type
 * @param stats filled
 *
 * Ownership: copies out.
 * Thread: any; exact when no other thread is at work.
 * Context: takes locks; not in atomic hooks.
 * Errors: EINVAL (NULL, bad `size`), E2BIG, EOPNOTSUPP (after fork).
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_alloc_type_stats(struct iomm_alloc_type *type,
		      struct iomm_alloc_stats *stats);

/**
 * Walks over the live allocations of a type, upwards.
 *
 * @param type the type
 * @param after where the last one started; NULL: from the first one on
 * @param allocation filled with the first one that starts above `after`
 *
 * Ownership: copies out; the allocation may be gone by the time it is read.
 * Thread: any. What is neither allocated nor freed during a walk is seen once.
 * Context: takes locks; not in atomic hooks.
 * Errors: EINVAL (NULL, bad `size`), E2BIG, ENOENT (there is none),
 *   EOPNOTSUPP (after fork).
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_alloc_type_next(struct iomm_alloc_type *type, const void *after,
		     struct iomm_allocation *allocation);

IOMM_END_DECLS

#endif
