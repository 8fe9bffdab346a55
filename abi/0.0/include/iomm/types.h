/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * What every public header needs: attributes, the field helpers that give a
 * struct the same layout on every host, and the names of the handles.
 *
 * Rules for structs that cross the ABI
 *
 * - `size` comes first and is set by the caller to `sizeof` of the struct as
 *   he knows it. In: a shorter struct than the library knows is filled with
 *   zeroes, shorter than version 0 is EINVAL, longer with anything but zeroes
 *   behind what the library knows is E2BIG. Out: the library fills the smaller
 *   of the two sizes, zeroes the rest, and writes the size it knows to `size`.
 *   A size over 4096 is E2BIG either way: it was not set.
 * - Zero means "default". A field in which zero is a real value has a flag
 *   beside it that says whether it is given.
 * - Unknown flags, and non-zero padding, are EINVAL.
 * - Addresses and lengths in I/O space are 64 bits wide on 32-bit hosts too.
 */
#ifndef IOMM_TYPES_H
#define IOMM_TYPES_H

#include <stdint.h>

/** Version of these headers: major. */
#define IOMM_VERSION_MAJOR 0
/** Version of these headers: minor. Equals the newest node of the map. */
#define IOMM_VERSION_MINOR 1

#define IOMM_API	__attribute__((visibility("default")))
#define IOMM_MUST_CHECK __attribute__((warn_unused_result))

#ifdef __cplusplus
#define IOMM_BEGIN_DECLS       extern "C" {
#define IOMM_END_DECLS	       }
#define IOMM_LAYOUT(expr, why) static_assert(expr, why)
#else
#define IOMM_BEGIN_DECLS
#define IOMM_END_DECLS
#define IOMM_LAYOUT(expr, why) _Static_assert(expr, why)
#endif

/** 64 bits, aligned to 8 also where the host's ABI would say 4 (i386). */
typedef uint64_t iomm_u64 __attribute__((aligned(8)));

/*
 * A pointer in a struct takes 8 bytes on every host, so that offsets do not
 * depend on the width of a pointer.
 */
#if UINTPTR_MAX > 0xffffffffu
#define IOMM_PTR(type, name)	 type name
#define IOMM_FN(ret, name, args) ret(*name) args
#else
#define IOMM_PTR(type, name)                   \
	type name __attribute__((aligned(8))); \
	uint32_t name##_pad
#define IOMM_FN(ret, name, args)                     \
	ret(*name) args __attribute__((aligned(8))); \
	uint32_t name##_pad
#endif

struct iomm_ctx;
struct iomm_firmware;
struct iomm_bus;
struct iomm_device;
struct iomm_group;
struct iomm_iommu;
struct iomm_format;
struct iomm_table_memory;
struct iomm_pgtable;
struct iomm_domain;
struct iomm_soft;
struct iomm_reservation;
struct iomm_allocator;
struct iomm_alloc_type;
struct iomm_ioasid_space;
struct iomm_ioasid_set;
struct iomm_pasid;
struct iomm_fwspec;
struct iomm_pci;
struct iomm_plugin;

/*
 * Kinds of handles, as counted by iomm_ctx_live_handles().
 */
#define IOMM_HANDLE_ANY		 0u  /**< all kinds together */
#define IOMM_HANDLE_CTX		 1u  /**< contexts: 1, or 0 when it is gone */
#define IOMM_HANDLE_FIRMWARE	 2u  /**< firmware sources */
#define IOMM_HANDLE_BUS		 3u  /**< buses */
#define IOMM_HANDLE_DEVICE	 4u  /**< devices */
#define IOMM_HANDLE_GROUP	 5u  /**< groups */
#define IOMM_HANDLE_IOMMU	 6u  /**< IOMMU instances */
#define IOMM_HANDLE_FORMAT	 7u  /**< pins on formats */
#define IOMM_HANDLE_TABLE_MEMORY 8u  /**< table memory providers */
#define IOMM_HANDLE_PGTABLE	 9u  /**< page tables */
#define IOMM_HANDLE_DOMAIN	 10u /**< domains */
#define IOMM_HANDLE_SOFT	 11u /**< software IOMMUs */
#define IOMM_HANDLE_RESERVATION	 12u /**< reservations */
#define IOMM_HANDLE_ALLOCATOR	 13u /**< allocators */
#define IOMM_HANDLE_ALLOC_TYPE	 14u /**< types of memory */
#define IOMM_HANDLE_IOASID_SPACE 15u /**< ID spaces */
#define IOMM_HANDLE_IOASID_SET	 16u /**< sets of IDs */
#define IOMM_HANDLE_PASID	 17u /**< PASID consumers */
#define IOMM_HANDLE_FWSPEC	 18u /**< what firmware says of devices */
#define IOMM_HANDLE_PCI		 19u /**< PCI topologies */
#define IOMM_HANDLE_PLUGIN	 20u /**< plugins */

/*
 * Types of domains.
 */
#define IOMM_DOMAIN_ANY	     0u /**< no wish; a domain made so is PAGING */
#define IOMM_DOMAIN_PAGING   1u /**< translated by a page table */
#define IOMM_DOMAIN_BLOCKED  2u /**< every access faults */
#define IOMM_DOMAIN_IDENTITY 3u /**< addresses go through as they are */

/** Longest format name, terminator included. */
#define IOMM_FORMAT_NAME_MAX 24u

/** A time-out that never passes. Time-outs are in nanoseconds. */
#define IOMM_FOREVER UINT64_MAX

/*
 * What a mapping allows and how its memory is cached. The names are Linux's
 * (IOMMU_READ, IOMMU_CACHE, ...), except that execution must be asked for:
 * zero is the safe value.
 */
#define IOMM_PROT_READ	(1u << 0) /**< the device may read */
#define IOMM_PROT_WRITE (1u << 1) /**< the device may write */
#define IOMM_PROT_EXEC	(1u << 2) /**< the device may fetch instructions */
#define IOMM_PROT_CACHE (1u << 3) /**< normal memory, write-back, shareable */
#define IOMM_PROT_MMIO	(1u << 4) /**< device memory: no gathering, no CACHE */
#define IOMM_PROT_PRIV	(1u << 5) /**< privileged accesses only */

#endif
