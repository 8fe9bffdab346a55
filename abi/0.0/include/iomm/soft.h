/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * The software IOMMU, in two halves.
 *
 * The hardware: it has memory, a context for each address space of a device (by
 * ID and PASID; PASID 0 is the one of DMA without a PASID), and an IOTLB. It
 * walks page tables that lie in that memory, whoever wrote them, and reads and
 * writes for devices. What it has cached stays until it is invalidated: a
 * driver that forgets to sees the old translation, as on hardware.
 *
 * The driver: iomm_soft_register() registers the hardware as an instance. Who
 * writes his own driver programs the contexts himself.
 */
#ifndef IOMM_SOFT_H
#define IOMM_SOFT_H

#include <iomm/iommu.h>
#include <iomm/types.h>

/** Physical addresses are this process's pointers, all of them. Only where
 * every table is trusted. */
#define IOMM_SOFT_IDENTITY (1u << 0)

/** How the hardware is made. All zeroes is a good choice. */
struct iomm_soft_config {
	uint32_t size;	/**< sizeof(struct iomm_soft_config) */
	uint32_t flags; /**< IOMM_SOFT_* */
	/** Entries of the IOTLB, a power of two up to 65536; 0: 256. */
	uint32_t iotlb_entries;
	uint32_t reserved; /**< 0 */
};

#define IOMM_SOFT_CONFIG_SIZE_VER0 16u
IOMM_LAYOUT(sizeof(struct iomm_soft_config) == IOMM_SOFT_CONFIG_SIZE_VER0,
	    "iomm_soft_config");

/** Addresses go through as they are: there are no tables. */
#define IOMM_SOFT_CONTEXT_IDENTITY (1u << 0)

/** What the hardware is told of a device's address space: which tables, in
 * which format. */
struct iomm_soft_context {
	uint32_t size;	/**< sizeof(struct iomm_soft_context) */
	uint32_t flags; /**< IOMM_SOFT_CONTEXT_* */
	/** Format of the tables. Copied. Required, but with
	 * IOMM_SOFT_CONTEXT_IDENTITY, of which nothing more is read. */
	IOMM_PTR(const char *, format);
	/** What IOTLB entries are tagged with (an ASID). Contexts with the
	 * same tag must have the same registers. */
	iomm_u64 tag;
	iomm_u64 regs[IOMM_PGTABLE_REGS]; /**< as iomm_pgtable_info.regs */
};

#define IOMM_SOFT_CONTEXT_SIZE_VER0 88u
IOMM_LAYOUT(sizeof(struct iomm_soft_context) == IOMM_SOFT_CONTEXT_SIZE_VER0,
	    "iomm_soft_context");

/** Counters since creation. */
struct iomm_soft_stats {
	uint32_t size;		/**< sizeof(struct iomm_soft_stats) */
	uint32_t flags;		/**< 0 */
	iomm_u64 iotlb_hits;	/**< translations found in the IOTLB */
	iomm_u64 iotlb_misses;	/**< translations that walked */
	iomm_u64 invalidations; /**< invalidation commands */
	iomm_u64 faults;	/**< accesses that were refused */
};

#define IOMM_SOFT_STATS_SIZE_VER0 40u
IOMM_LAYOUT(sizeof(struct iomm_soft_stats) == IOMM_SOFT_STATS_SIZE_VER0,
	    "iomm_soft_stats");

/** How the built-in driver is registered. */
struct iomm_soft_driver {
	uint32_t size;	/**< sizeof(struct iomm_soft_driver) */
	uint32_t flags; /**< 0 */
	iomm_u64 node;	/**< firmware node of the IOMMU it stands for */
	IOMM_PTR(const char *, name);	/**< for messages; copied */
	IOMM_PTR(const char *, format); /**< NULL: "arm64-s1"; copied */
	iomm_u64 granule; /**< when a domain has no wish; 0: the smallest */
	uint32_t ias;	  /**< widest input address, bits; 0: the format's */
	uint32_t oas;	  /**< widest output address, bits; 0: the format's */
	/** Where its domains' tables lie, so that the hardware finds them.
	 * NULL: the platform's memory, which needs IOMM_SOFT_IDENTITY. */
	IOMM_PTR(struct iomm_table_memory *, memory);
	/** Width of the PASIDs that it tells apart, up to
	 * IOMM_PASID_BITS_MAX; 0: that. */
	uint32_t pasid_bits;
	/** Type of domain, IOMM_DOMAIN_*, that its devices need by default; 0:
	 * any will do. */
	uint32_t default_domain;
};

/** Up to and without `pasid_bits`. */
#define IOMM_SOFT_DRIVER_SIZE_VER0 56u
#define IOMM_SOFT_DRIVER_SIZE_VER1 64u
IOMM_LAYOUT(sizeof(struct iomm_soft_driver) == IOMM_SOFT_DRIVER_SIZE_VER1,
	    "iomm_soft_driver");

IOMM_BEGIN_DECLS

/**
 * Makes a software IOMMU without memory, and with every ID blocked.
 *
 * @param ctx the context
 * @param config how, or NULL for the defaults
 * @param out the hardware, with one reference
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL, E2BIG, ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_create(struct iomm_ctx *ctx, const struct iomm_soft_config *config,
		 struct iomm_soft **out);

/**
 * Takes a reference.
 *
 * @param soft a software IOMMU to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_soft *iomm_soft_get(struct iomm_soft *soft);

/**
 * Gives a reference back.
 *
 * @param soft a software IOMMU, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_soft_put(struct iomm_soft *soft);

/**
 * Gives the hardware a piece of physical memory.
 *
 * @param soft a software IOMMU
 * @param paddr its physical address
 * @param memory where it is in this process
 * @param bytes its length, not 0
 * @param data handed to `release`
 * @param release called when the hardware is gone; may be NULL
 *
 * Ownership: the caller keeps the memory valid until `release`, which runs
 *   exactly once, also when this call fails: the last reference to `soft` may
 *   be an instance's, so nobody else can tell when that is.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (malformed, wraps); EEXIST: overlaps memory it has; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_add_memory(struct iomm_soft *soft, uint64_t paddr, void *memory,
		     uint64_t bytes, void *data, void (*release)(void *data));

/**
 * Sets up translation for an address space of a device, replacing in one step
 * what was there. Invalidates nothing.
 *
 * @param soft a software IOMMU
 * @param id a device's ID
 * @param pasid which of its address spaces
 * @param context what it is to do
 *
 * Ownership: copies in; pins the format until that is cleared.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (malformed, a PASID of more than IOMM_PASID_BITS_MAX bits, or
 *   registers that the format does not accept),
 *   E2BIG, ENOMEM; for a format that is not there, or not yet, as
 *   iomm_format_request() without waiting.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_set_context(struct iomm_soft *soft, uint64_t id, uint32_t pasid,
		      const struct iomm_soft_context *context);

/**
 * Blocks an address space of a device.
 *
 * @param soft a software IOMMU
 * @param id a device's ID
 * @param pasid which of its address spaces; the others stay
 *
 * Ownership: none.
 * Thread: any; accesses that began before may still be using the old context.
 * Context: any but atomic hooks.
 * Errors: EINVAL. One that is blocked already is fine.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_clear_context(struct iomm_soft *soft, uint64_t id, uint32_t pasid);

/**
 * Drops what the IOTLB holds for a range of a tag, and waits for accesses that
 * are using it.
 *
 * @param soft a software IOMMU
 * @param tag a tag
 * @param iova first address
 * @param last last address, inclusive; 0 to UINT64_MAX is everything
 *
 * Ownership: none.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL (malformed, or `last` is below `iova`).
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_invalidate(struct iomm_soft *soft, uint64_t tag, uint64_t iova,
		     uint64_t last);

/**
 * A device reads memory.
 *
 * @param soft a software IOMMU
 * @param id the device's ID
 * @param pasid whose address it is; 0: the device's own
 * @param iova first I/O address
 * @param buf where the bytes go
 * @param bytes how many
 * @param fault may be NULL. Filled when the answer is EFAULT; its `size` is
 *        read first
 *
 * Ownership: none.
 * Thread: any.
 * Context: runs fault handlers when the built-in driver is registered; not in
 *   atomic hooks.
 * Errors: EINVAL; EFAULT: an access was not translated, and what lies before
 *   it was done.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_read(struct iomm_soft *soft, uint64_t id, uint32_t pasid,
	       uint64_t iova, void *buf, uint64_t bytes,
	       struct iomm_fault *fault);

/**
 * A device writes memory.
 *
 * @param soft a software IOMMU
 * @param id the device's ID
 * @param pasid whose address it is; 0: the device's own
 * @param iova first I/O address
 * @param buf the bytes
 * @param bytes how many
 * @param fault may be NULL. Filled when the answer is EFAULT; its `size` is
 *        read first
 *
 * Ownership: none.
 * Thread: any.
 * Context: as iomm_soft_read().
 * Errors: as iomm_soft_read().
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_write(struct iomm_soft *soft, uint64_t id, uint32_t pasid,
		uint64_t iova, const void *buf, uint64_t bytes,
		struct iomm_fault *fault);

/**
 * Translates for a device, through the IOTLB, without touching the memory.
 *
 * @param soft a software IOMMU
 * @param id the device's ID
 * @param pasid whose address it is; 0: the device's own
 * @param iova an address
 * @param access IOMM_PROT_READ, IOMM_PROT_WRITE, or both: what must be allowed
 * @param out filled; its `size` is read first
 * @param fault may be NULL. Filled when the answer is EFAULT; its `size` is
 *        read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: as iomm_soft_read().
 * Errors: EINVAL; EFAULT.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_translate(struct iomm_soft *soft, uint64_t id, uint32_t pasid,
		    uint64_t iova, uint32_t access,
		    struct iomm_translation *out, struct iomm_fault *fault);

/**
 * The counters.
 *
 * @param soft a software IOMMU
 * @param stats filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any; a snapshot.
 * Context: any but atomic hooks.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_stats(struct iomm_soft *soft, struct iomm_soft_stats *stats);

/**
 * Registers the hardware as an IOMMU instance, with the built-in driver: its
 * domains program the contexts, flush the IOTLB, and hear of faults.
 *
 * @param soft a software IOMMU that is not registered
 * @param driver how
 * @param out the instance, with one reference
 *
 * Ownership: the caller owns the reference; the instance holds `soft` and the
 *   memory provider.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: as iomm_iommu_register(), and as iomm_format_request() without
 *   waiting; EBUSY: `soft` is registered, or was, and somebody still holds the
 *   instance or a domain of it; EINVAL: no memory provider, and no
 *   IOMM_SOFT_IDENTITY.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_soft_register(struct iomm_soft *soft,
		   const struct iomm_soft_driver *driver,
		   struct iomm_iommu **out);

IOMM_END_DECLS

#endif
