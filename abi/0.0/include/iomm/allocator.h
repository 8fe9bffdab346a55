/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Memory by what it is for: text, data, read-only data, and the parts of each
 * that are needed only while something starts.
 *
 * Whoever needs memory names a type. Everything else (protection, addresses,
 * how much is taken from the system at a time, huge pages, how bytes get in,
 * what freed space holds) is policy, and policy is data: one array of
 * descriptors, given when the allocator is made.
 *
 * Terms. A *pool* is the memory of one descriptor. It grows by *grants*, which
 * it takes from a *backend*: the system's memory in the hosted library, or
 * hooks of the caller's. An *allocation* is a part of a grant. Each thread works
 * in one of the pool's *lanes*, so that threads seldom meet.
 */
#ifndef IOMM_ALLOCATOR_H
#define IOMM_ALLOCATOR_H

#include <iomm/types.h>

/*
 * Types. The names say what for; what they mean is in the descriptors.
 */
#define IOMM_ALLOC_TEXT		     1u /**< code */
#define IOMM_ALLOC_DATA		     2u /**< data */
#define IOMM_ALLOC_RODATA	     3u /**< data that nobody changes */
#define IOMM_ALLOC_RODATA_AFTER_INIT 4u /**< ... once it has been sealed */
#define IOMM_ALLOC_INITTEXT	     5u /**< code that runs at the start only */
#define IOMM_ALLOC_INITDATA	     6u /**< data for the start only */
#define IOMM_ALLOC_INITRODATA	     7u /**< read-only data for the start only */
#define IOMM_ALLOC_USER		     64u /**< types of your own: this and up */

/*
 * What a pool allows at the address that is handed out.
 */
#define IOMM_ALLOC_READ	 (1u << 0) /**< reading */
#define IOMM_ALLOC_WRITE (1u << 1) /**< writing */
#define IOMM_ALLOC_EXEC	 (1u << 2) /**< running */

/** Allocations may share pages larger than the system's smallest, where the
 * system has such: grants are multiples of them, and freed space is kept in
 * one piece. Falls back to small pages without a word; iomm_alloc_stats.huge
 * says what came of it. */
#define IOMM_ALLOC_SHARED_HUGE	   (1u << 0)
/** Ranges behind the first may be used when those before are full. */
#define IOMM_ALLOC_SECOND_RANGE	   (1u << 1)
/** Writable in place until iomm_alloc_type_seal(), and mapped as `prot` from
 * then on. No two allocations share a page. */
#define IOMM_ALLOC_SEAL_AFTER_INIT (1u << 2)
/** Writable and executable at the same address at the same time: the legacy
 * arrangement, for those who cannot do without. `prot` is all three. */
#define IOMM_ALLOC_ALLOW_WX	   (1u << 3)
/** Grants are placed at random inside the ranges, each by itself. */
#define IOMM_ALLOC_RANDOMIZE	   (1u << 4)
/** Each grant has an inaccessible page on either side. With a granularity that
 * equals the alignment that is each allocation. */
#define IOMM_ALLOC_GUARD	   (1u << 5)
/** iomm_alloc_type_fill() leaves out the barrier over all processors at its
 * end. Call iomm_alloc_type_sync() before a thread other than the one that
 * filled runs the code. Without this flag every fill of executable memory ends
 * with the barrier. */
#define IOMM_ALLOC_LAZY_SYNC	   (1u << 6)

/** Addresses from `first` to `last`, both included. */
struct iomm_alloc_range {
	iomm_u64 first; /**< lowest address */
	iomm_u64 last;	/**< highest address: that of the last byte */
};

/**
 * What one type is. With `mapto` only `type` is set beside it.
 *
 * The hooks are called without library locks; an allocation that one is called
 * for is in nobody else's hands. Each is handed `data`, which must be good for
 * as long as the allocator: its `release` is the place to let go of it.
 */
struct iomm_alloc_desc {
	uint32_t size;	/**< sizeof(struct iomm_alloc_desc) */
	uint32_t type;	/**< IOMM_ALLOC_TEXT, ..., or IOMM_ALLOC_USER and up */
	uint32_t mapto; /**< 0, or the type whose pool serves this one; that
			 * one has a pool of its own */
	uint32_t flags; /**< IOMM_ALLOC_SHARED_HUGE, ... */
	uint32_t prot;	/**< IOMM_ALLOC_READ, ...: what it is finally mapped
			 * as. EXEC and WRITE together need ALLOW_WX */
	uint32_t range_count; /**< ranges; 0: any address */

	/** Bytes that are taken from the backend at a time, and what their
	 * address is aligned to: a power of two, and no less than a page and
	 * than `alignment`. Equal to `alignment`: each allocation has fresh
	 * pages. 0: 64 KiB. Raised to a large page with
	 * IOMM_ALLOC_SHARED_HUGE. */
	iomm_u64 granularity;
	/** What an allocation is aligned and rounded up to: a power of two, 8
	 * or more. 0: 16. Raised to a page for types that are sealed, and for
	 * types that are neither writable nor have an alias (see
	 * IOMM_ALLOC_BACKEND_ALIAS). */
	iomm_u64 alignment;

	/** Where it may lie, in order of preference. Copied. */
	IOMM_PTR(const struct iomm_alloc_range *, ranges);

	/** With `distance`: the address to stay near. */
	iomm_u64 anchor;
	/** No byte is further than this from `anchor`, so that near calls
	 * reach. 0: no matter. */
	iomm_u64 distance;

	/** Handed to the hooks. */
	IOMM_PTR(void *, data);
	/** Puts `bytes` at `src` into an allocation of which they go to `dst`;
	 * `writable` is where to write them. 0, or a negative IOMM_E*. Optional:
	 * a copy. */
	IOMM_FN(int, fill,
		(void *data, void *dst, void *writable, const void *src,
		 uint64_t bytes));
	/** Makes space at `address` harmless: what was freed, and new grants of
	 * executable memory; `writable` is where to write. 0, or a negative
	 * IOMM_E*: it stays as it is then, and is not reused. Optional:
	 * instructions that trap in executable memory, zeroes elsewhere. */
	IOMM_FN(int, invalidate,
		(void *data, void *address, void *writable, uint64_t bytes));
	/** A grant came. For sanitizers and profilers. Optional. */
	IOMM_FN(void, on_map, (void *data, void *address, uint64_t bytes));
	/** A grant is about to go. Optional. */
	IOMM_FN(void, on_unmap, (void *data, void *address, uint64_t bytes));
};

#define IOMM_ALLOC_DESC_SIZE_VER0 104u
IOMM_LAYOUT(sizeof(struct iomm_alloc_desc) == IOMM_ALLOC_DESC_SIZE_VER0,
	    "iomm_alloc_desc");

/** The hosted backend does as if the system had no way to map memory at two
 * addresses. For tests, and to see what another system would do. */
#define IOMM_ALLOCATOR_NO_ALIAS (1u << 0)

/** How an allocator is made. */
struct iomm_allocator_config {
	uint32_t size;	/**< sizeof(struct iomm_allocator_config) */
	uint32_t flags; /**< IOMM_ALLOCATOR_NO_ALIAS; 0 with a backend */
	uint32_t lanes; /**< most threads that work side by side in a pool: a
			 * power of two up to 64; 0: 8 */
	uint32_t type_count;  /**< descriptors */
	uint32_t type_stride; /**< sizeof(struct iomm_alloc_desc) */
	uint32_t reserved;    /**< 0 */

	/** The descriptors, each type once. Copied. */
	IOMM_PTR(const struct iomm_alloc_desc *, types);
};

#define IOMM_ALLOCATOR_CONFIG_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_allocator_config) ==
		    IOMM_ALLOCATOR_CONFIG_SIZE_VER0,
	    "iomm_allocator_config");

/** Wanted: a second address through which the same bytes can be written. */
#define IOMM_ALLOC_GRANT_ALIAS	(1u << 0)
/** Wanted, if it can be had: pages larger than the smallest. */
#define IOMM_ALLOC_GRANT_HUGE	(1u << 1)
/** Wanted: nothing accessible in the page before and in the page behind. */
#define IOMM_ALLOC_GRANT_GUARD	(1u << 2)
/** Wanted: a place at random. */
#define IOMM_ALLOC_GRANT_RANDOM (1u << 3)

/** A piece of memory that a backend gives. The library sets what is wanted, the
 * backend the rest. */
struct iomm_alloc_grant {
	uint32_t size;	/**< sizeof(struct iomm_alloc_grant) */
	uint32_t flags; /**< in: IOMM_ALLOC_GRANT_ALIAS, ... */
	uint32_t prot;	/**< in: IOMM_ALLOC_READ, ... at `address` */
	uint32_t type;	/**< in: the type that the pool belongs to */
	iomm_u64 bytes; /**< in: a multiple of `align` */
	iomm_u64 align; /**< in: what `address` is aligned to; a power of two */
	iomm_u64 first; /**< in: no byte lies below */
	iomm_u64 last;	/**< in: no byte lies above */

	/** Out: the memory; zeroes. */
	IOMM_PTR(void *, address);
	/** Out, with IOMM_ALLOC_GRANT_ALIAS: where to write the same bytes. */
	IOMM_PTR(void *, alias);
	/** Out: whatever the backend likes. */
	iomm_u64 cookie;
	/** Out: how many of the bytes are in large pages. */
	iomm_u64 huge;
};

#define IOMM_ALLOC_GRANT_SIZE_VER0 80u
IOMM_LAYOUT(sizeof(struct iomm_alloc_grant) == IOMM_ALLOC_GRANT_SIZE_VER0,
	    "iomm_alloc_grant");

/** `map` honours IOMM_ALLOC_GRANT_ALIAS. Without it, memory that is not
 * writable where it is used is written between two calls of `protect`, and is
 * not executable in between: so no two allocations share a page. */
#define IOMM_ALLOC_BACKEND_ALIAS (1u << 0)

/**
 * The hooks of a backend, called without library locks and from any thread.
 * Each that fails answers a negative IOMM_E*, and has then done nothing.
 */
struct iomm_alloc_backend_ops {
	uint32_t size;	/**< sizeof(struct iomm_alloc_backend_ops) */
	uint32_t flags; /**< IOMM_ALLOC_BACKEND_ALIAS */
	iomm_u64 page;	/**< smallest unit of protection; a power of two, 64 or
			 * more */
	iomm_u64 huge;	/**< what IOMM_ALLOC_SHARED_HUGE rounds grants to; a
			 * power of two; 0: there is no such thing */

	/** Zero in a process in which the backend does not work, such as a
	 * child after fork: every call answers EOPNOTSUPP while it is. Optional.
	 */
	IOMM_PTR(const uint32_t *, alive);

	/** Gives memory. Required. ENOSPC: there is no room in the bounds. */
	IOMM_FN(int, map, (void *data, struct iomm_alloc_grant *grant));
	/** Takes it back. Required. */
	IOMM_FN(int, unmap, (void *data, const struct iomm_alloc_grant *grant));
	/** Changes what `bytes` at `address`, whole pages of the grant, allow.
	 * Required for types that are sealed, and, without
	 * IOMM_ALLOC_BACKEND_ALIAS, for types that are not writable. */
	IOMM_FN(int, protect,
		(void *data, const struct iomm_alloc_grant *grant,
		 void *address, uint64_t bytes, uint32_t prot));
	/** Makes the processors' instruction caches see what was written to
	 * `bytes` at `address`. Context: atomic. Optional: they snoop. */
	IOMM_FN(void, flush, (void *data, void *address, uint64_t bytes));
	/** Returns once each processor that runs a thread of the process has
	 * dropped the instructions that it had fetched ahead. Optional: whoever
	 * uses the allocator sees to that. */
	IOMM_FN(int, barrier, (void *data));
};

#define IOMM_ALLOC_BACKEND_OPS_SIZE_VER0 72u
IOMM_LAYOUT(sizeof(struct iomm_alloc_backend_ops) ==
		    IOMM_ALLOC_BACKEND_OPS_SIZE_VER0,
	    "iomm_alloc_backend_ops");

/** One part of a layout. */
struct iomm_alloc_part {
	uint32_t size;	/**< sizeof(struct iomm_alloc_part) */
	uint32_t type;	/**< in: its type */
	iomm_u64 bytes; /**< in: how much */
	/** Out: where. */
	IOMM_PTR(void *, address);
};

#define IOMM_ALLOC_PART_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_alloc_part) == IOMM_ALLOC_PART_SIZE_VER0,
	    "iomm_alloc_part");

/** It has been sealed. */
#define IOMM_ALLOCATION_SEALED (1u << 0)
/** Its grant has large pages. */
#define IOMM_ALLOCATION_HUGE   (1u << 1)

/** An allocation, as a walk or a profiler sees it. */
struct iomm_allocation {
	uint32_t size;	/**< sizeof(struct iomm_allocation) */
	uint32_t type;	/**< the type that it was allocated as */
	uint32_t flags; /**< IOMM_ALLOCATION_SEALED, ... */
	uint32_t prot;	/**< IOMM_ALLOC_READ, ...: what it allows now */
	/** Where it starts. */
	IOMM_PTR(void *, address);
	iomm_u64 bytes; /**< rounded up as the alignment says */
	/** Where its grant starts. */
	IOMM_PTR(void *, grant);
	iomm_u64 grant_bytes; /**< and how long that is */
};

#define IOMM_ALLOCATION_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_allocation) == IOMM_ALLOCATION_SIZE_VER0,
	    "iomm_allocation");

/** Memory that is not writable where it is used is written through an alias. */
#define IOMM_ALLOCATOR_ALIAS   (1u << 0)
/** ... or made writable, and not executable, for the time that takes. */
#define IOMM_ALLOCATOR_PROTECT (1u << 1)
/** There is a barrier over all processors. Without it, each thread that runs
 * new code has to synchronise its own processor before. */
#define IOMM_ALLOCATOR_BARRIER (1u << 2)
/** This is a process, such as a child after fork, in which nothing works. */
#define IOMM_ALLOCATOR_DEAD    (1u << 3)

/** What an allocator found where it runs. */
struct iomm_allocator_info {
	uint32_t size;	/**< sizeof(struct iomm_allocator_info) */
	uint32_t flags; /**< IOMM_ALLOCATOR_ALIAS, ... */
	iomm_u64 page;	/**< smallest unit of protection */
	iomm_u64 huge;	/**< large page; 0: there is no such thing */
};

#define IOMM_ALLOCATOR_INFO_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_allocator_info) == IOMM_ALLOCATOR_INFO_SIZE_VER0,
	    "iomm_allocator_info");

IOMM_BEGIN_DECLS

/**
 * Makes an allocator from descriptors. Takes no memory for any type yet.
 *
 * @param ctx the context
 * @param config the descriptors
 * @param backend where memory comes from; copied. NULL: from the system, in the
 *        hosted library
 * @param data handed to every hook of the backend
 * @param release takes `data` back; may be NULL
 * @param out the allocator, with one reference
 *
 * Ownership: the caller owns the reference; types and live allocations hold the
 *   allocator. `release` runs exactly once, after the last hook of backend and
 *   descriptors, also when this call fails, and also without a backend.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (NULL, bad `size`, unknown flags, a type twice, a `mapto` that
 *   is absent, itself mapped or beside other fields, WRITE and EXEC without
 *   ALLOW_WX or ALLOW_WX without them, a granularity or alignment that is no
 *   power of two or out of proportion, an empty range, a required hook missing,
 *   no backend in the freestanding core), E2BIG, ENOMEM, EOPNOTSUPP (this
 *   system refuses memory that was writable to be executable, in every way that
 *   is known; the sentence says which were tried).
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_allocator_create(struct iomm_ctx *ctx,
		      const struct iomm_allocator_config *config,
		      const struct iomm_alloc_backend_ops *backend, void *data,
		      void (*release)(void *data), struct iomm_allocator **out);

/**
 * Takes a reference.
 *
 * @param allocator an allocator to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_allocator *
iomm_allocator_get(struct iomm_allocator *allocator);

/**
 * Gives a reference back. Memory that is still allocated keeps the allocator,
 * and stays where it is.
 *
 * @param allocator an allocator, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_allocator_put(struct iomm_allocator *allocator);

/**
 * A handle to one type: what a driver or a JIT is given.
 *
 * @param allocator the allocator
 * @param type its number
 * @param out the type, with one reference
 *
 * Ownership: the caller owns the reference. The type holds the allocator.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (NULL), ENOENT (no descriptor has that number), ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_allocator_type(struct iomm_allocator *allocator, uint32_t type,
		    struct iomm_alloc_type **out);

/**
 * What the allocator found where it runs.
 *
 * @param allocator the allocator
 * @param info filled
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL (NULL, bad `size`), E2BIG.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_allocator_info(struct iomm_allocator *allocator,
		    struct iomm_allocator_info *info);

/**
 * Allocates all parts of something, such as a module, in one go: all or none.
 *
 * @param allocator the allocator
 * @param parts the parts; their `address` is set on success
 * @param stride sizeof(struct iomm_alloc_part)
 * @param count how many
 *
 * Ownership: the caller owns each part, and frees it through its type.
 * Thread: any.
 * Context: calls hooks of the backend and the descriptors; not in atomic hooks.
 * Errors: EINVAL (NULL, a count or a stride that makes no sense, bad `size`), E2BIG, ENOENT (no such type), and those of
 *   iomm_alloc_type_alloc().
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_allocator_layout(struct iomm_allocator *allocator,
		      struct iomm_alloc_part *parts, uint32_t stride,
		      uint32_t count);

/**
 * The allocation that an address lies in: for profilers and crash handlers.
 *
 * @param allocator the allocator
 * @param address any address
 * @param allocation filled
 *
 * Ownership: copies out; the allocation may be gone by the time it is read.
 * Thread: any.
 * Context: takes locks; not in signal handlers or atomic hooks.
 * Errors: EINVAL (NULL, bad `size`), E2BIG, ENOENT (it lies in none),
 *   EOPNOTSUPP (after fork).
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_allocator_find(struct iomm_allocator *allocator, const void *address,
		    struct iomm_allocation *allocation);

/**
 * Gives back what is kept for the next allocation: each lane keeps empty grants,
 * one, or 256 KiB, or an eighth of what it has, whichever is most; and of
 * executable space that was freed a moment ago up to 1 MiB waits for a barrier,
 * if the process has threads.
 *
 * @param allocator the allocator
 *
 * Ownership: none.
 * Thread: any.
 * Context: calls hooks of the backend and the descriptors; not in atomic hooks.
 * Errors: EINVAL (NULL), EOPNOTSUPP (after fork), EDEADLK (in an atomic hook),
 *   what the backend's hooks answer. What could not be given back is still
 *   there to be used.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_allocator_trim(struct iomm_allocator *allocator);

IOMM_END_DECLS

#endif
