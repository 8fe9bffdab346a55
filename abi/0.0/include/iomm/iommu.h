/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * IOMMU instances: what a driver of IOMMU hardware gives the library.
 *
 * A driver's callbacks run without library locks, in brackets during which the
 * instance is not unregistered. Those that say so run in atomic context. What
 * may be refused is split: `prepare` may fail and has no effect, `commit` and
 * `block` cannot fail.
 */
#ifndef IOMM_IOMMU_H
#define IOMM_IOMMU_H

#include <iomm/pgtable.h>
#include <iomm/types.h>

/** Widest PASID that PCI Express and the IOMMUs have, bits. */
#define IOMM_PASID_BITS_MAX 20u

/** `numa_node` is given. */
#define IOMM_PROBE_NUMA_NODE (1u << 0)

/** A device that a driver is to take on. What it points to is valid during the
 * call. */
struct iomm_probe_info {
	uint32_t size;			 /**< sizeof(struct iomm_probe_info) */
	uint32_t flags;			 /**< IOMM_PROBE_* */
	IOMM_PTR(const char *, name);	 /**< the device's */
	IOMM_PTR(const iomm_u64 *, ids); /**< its IDs at this instance */
	uint32_t nr_ids;		 /**< at least 1 */
	uint32_t coherent;   /**< 1: the device's DMA snoops CPU caches */
	uint32_t pasid_bits; /**< width of its PASIDs; 0: it has none */
	uint32_t numa_node;  /**< with IOMM_PROBE_NUMA_NODE */
	iomm_u64 dma_mask;   /**< highest I/O address that it can emit */
	/** All that firmware says of it, at other instances too. The caller's:
	 * a driver that keeps it takes a reference. */
	IOMM_PTR(struct iomm_fwspec *, fwspec);
};

#define IOMM_PROBE_INFO_SIZE_VER0 56u
IOMM_LAYOUT(sizeof(struct iomm_probe_info) == IOMM_PROBE_INFO_SIZE_VER0,
	    "iomm_probe_info");

/**
 * A paging domain that a driver is to make. The library fills it with what the
 * user wants; the driver corrects it to what the hardware can do.
 */
struct iomm_domain_setup {
	uint32_t size; /**< sizeof(struct iomm_domain_setup) */
	/** As iomm_pgtable_config.flags. In: whether the device is coherent,
	 * and its NUMA node is known. */
	uint32_t flags;
	/** In: what the user asked for, or empty. Out: the table's format. */
	char format[IOMM_FORMAT_NAME_MAX];

	/* As the fields of iomm_pgtable_config. In: the user's granule and page
	 * sizes, and the input width that he or the device's DMA mask asks for
	 * (0: no wish). Out: what the table is made with; a user's wish that is
	 * not met makes iomm_domain_create() fail. A table may be wider than
	 * the mask, if the hardware has none that narrow: nothing is mapped
	 * where the device cannot reach. When a device is behind several
	 * instances, each is asked, and must leave what the first one set. */
	iomm_u64 granule;      /**< table granule, bytes */
	iomm_u64 page_sizes;   /**< leaf sizes, a bit for each */
	uint32_t ias;	       /**< input address width, bits */
	uint32_t oas;	       /**< output address width, bits */
	iomm_u64 max_table_pa; /**< highest address of a table, inclusive */
	/** Where tables live; the library takes its own reference. */
	IOMM_PTR(struct iomm_table_memory *, memory);
	/** With IOMM_PGTABLE_NUMA_NODE. In: the device's. A driver whose walker
	 * is elsewhere says so; one that brings `memory` sees to it itself. */
	uint32_t numa_node;
	uint32_t reserved; /**< 0 */
};

/** Up to and without `numa_node`. */
#define IOMM_DOMAIN_SETUP_SIZE_VER0 72u
#define IOMM_DOMAIN_SETUP_SIZE_VER1 80u
IOMM_LAYOUT(sizeof(struct iomm_domain_setup) == IOMM_DOMAIN_SETUP_SIZE_VER1,
	    "iomm_domain_setup");

/** A DMA that was not translated. */
struct iomm_fault {
	uint32_t size;	   /**< sizeof(struct iomm_fault) */
	uint32_t flags;	   /**< 0 */
	iomm_u64 id;	   /**< the device's ID at the instance */
	iomm_u64 iova;	   /**< first address that was not translated */
	uint32_t reason;   /**< IOMM_FAULT_* */
	uint32_t access;   /**< IOMM_PROT_READ, _WRITE: what was tried */
	uint32_t pasid;	   /**< whose address it was; 0: the device's own */
	uint32_t reserved; /**< 0 */
};

/** Up to and without `pasid`. */
#define IOMM_FAULT_SIZE_VER0 32u
#define IOMM_FAULT_SIZE_VER1 40u
IOMM_LAYOUT(sizeof(struct iomm_fault) == IOMM_FAULT_SIZE_VER1, "iomm_fault");

#define IOMM_FAULT_TRANSLATION 1u /**< nothing is mapped there */
#define IOMM_FAULT_PERMISSION  2u /**< the mapping does not allow it */
#define IOMM_FAULT_ADDRESS     3u /**< output address too wide, or no memory */
#define IOMM_FAULT_ACCESS_FLAG 4u /**< the descriptor's access flag is clear */
#define IOMM_FAULT_WALK	       5u /**< a table could not be fetched */
#define IOMM_FAULT_BLOCKED     6u /**< no translation is set up for the ID */

/** There is no table: addresses go through as they are. Only for instances with
 * IOMM_IOMMU_IDENTITY. */
#define IOMM_ATTACH_IDENTITY (1u << 0)

/** What a driver is to do for a device: for which of its IDs and which of their
 * address spaces, and what is to translate there. What it points to is valid
 * during the call. */
struct iomm_attach {
	uint32_t size;	/**< sizeof(struct iomm_attach) */
	uint32_t flags; /**< IOMM_ATTACH_* */
	/** The address space; 0: the one of DMA without a PASID. Others only
	 * for instances with `pasid_bits`. */
	uint32_t pasid;
	uint32_t nr_ids; /**< at least 1 */
	/** All of the device's IDs at the instance, or some: nothing changes
	 * for the others. */
	IOMM_PTR(const iomm_u64 *, ids);
	/** What the page table was granted; NULL for `block`, and with
	 * IOMM_ATTACH_IDENTITY. */
	IOMM_PTR(const struct iomm_pgtable_info *, table);
};

#define IOMM_ATTACH_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_attach) == IOMM_ATTACH_SIZE_VER0, "iomm_attach");

/**
 * A driver's callbacks. `data` is what was given beside the table; `device`
 * and `domain` are what the driver itself made of them.
 */
struct iomm_iommu_ops {
	uint32_t size;	/**< sizeof(struct iomm_iommu_ops) */
	uint32_t flags; /**< 0 */

	/** From a specifier's cells (host order) to an ID. Required. */
	IOMM_FN(int, translate,
		(void *data, const uint32_t *cells, uint32_t nr_cells,
		 uint64_t *id));
	/** Can the instance tell the device from others by more than its IDs?
	 * Devices to which it gives the same key cannot be told apart, and share
	 * a group, as those that share an ID do. Asked before `probe`; has no
	 * effect. EOPNOTSUPP: there is no more to say of this one. Optional. */
	IOMM_FN(int, group,
		(void *data, const struct iomm_probe_info *info,
		 uint64_t *key));
	/** Takes a device on. `*device` is the driver's own, may stay NULL.
	 * EPROBE_DEFER: not yet; asked again when an instance or a format has
	 * arrived, or is not expected any more. Required. */
	IOMM_FN(int, probe,
		(void *data, const struct iomm_probe_info *info,
		 void **device));
	/** Lets it go; its DMA is blocked, but for IDs that another device has
	 * too. Also called when a later step of the probe failed. Required. */
	IOMM_FN(void, release, (void *data, void *device));
	/** What must be attached when nobody attaches anything? `*type` is
	 * IOMM_DOMAIN_ANY, and stays that unless the device works with nothing
	 * else. Asked after `probe`; has no effect. Optional. */
	IOMM_FN(int, default_domain,
		(void *data, void *device, uint32_t *type));

	/** Makes a paging domain. `*domain` is the driver's own, may stay
	 * NULL. Required. */
	IOMM_FN(int, domain_alloc,
		(void *data, struct iomm_domain_setup *setup, void **domain));
	/** Frees it: nothing is attached. The table's registers are of no use
	 * any more. Required. */
	IOMM_FN(void, domain_free, (void *data, void *domain));

	/** Could the domain be attached like this? Has no effect. With
	 * IOMM_ATTACH_IDENTITY `domain` is NULL. Optional. */
	IOMM_FN(int, attach_prepare,
		(void *data, void *device, void *domain,
		 const struct iomm_attach *at));
	/** Attaches; replaces in one step what was there. Cannot fail; where a
	 * domain is attached again that was there before, nobody has asked
	 * `attach_prepare` a second time. Required. */
	IOMM_FN(void, attach_commit,
		(void *data, void *device, void *domain,
		 const struct iomm_attach *at));
	/** No DMA there is translated from now on. What is, is what was
	 * committed since `probe` and not blocked: so blocking the address
	 * space 0 of an ID to which nothing else is attached is blocking the
	 * ID. Cannot fail. Required. */
	IOMM_FN(void, block,
		(void *data, void *device, const struct iomm_attach *at));

	/** As iomm_tlb_ops.flush, for a domain; from several threads at once.
	 * Context: atomic. Required. */
	IOMM_FN(int, flush,
		(void *data, void *domain, uint64_t iova, uint64_t last,
		 uint64_t page_size, uint32_t flags));
	/** As iomm_tlb_ops.flush_all, for a domain. Context: atomic.
	 * Required. */
	IOMM_FN(int, flush_all, (void *data, void *domain));
};

#define IOMM_IOMMU_OPS_SIZE_VER0 104u
IOMM_LAYOUT(sizeof(struct iomm_iommu_ops) == IOMM_IOMMU_OPS_SIZE_VER0,
	    "iomm_iommu_ops");

/** It can let addresses through as they are: IOMM_ATTACH_IDENTITY. */
#define IOMM_IOMMU_IDENTITY (1u << 0)

/** How an instance is known, and what it can do. */
struct iomm_iommu_config {
	uint32_t size;		      /**< sizeof(struct iomm_iommu_config) */
	uint32_t flags;		      /**< IOMM_IOMMU_* */
	iomm_u64 node;		      /**< its firmware node; required */
	IOMM_PTR(const char *, name); /**< for messages; copied; required */
	/** Name of the driver; copied; required. Several instances may serve
	 * one device when they have the same driver. */
	IOMM_PTR(const char *, driver);
	/** Name of the page-table format that it walks; copied. Devices are
	 * probed when that is there, and wait for it as for the instance. NULL:
	 * the driver asks for formats itself, and its `probe` answers
	 * EPROBE_DEFER when one is not there yet. */
	IOMM_PTR(const char *, format);
	/** Width of the PASIDs that it tells apart, up to IOMM_PASID_BITS_MAX; 0:
	 * none. */
	uint32_t pasid_bits;
	uint32_t reserved; /**< 0 */
};

/** Up to and without `format`. */
#define IOMM_IOMMU_CONFIG_SIZE_VER0 32u
/** Up to and without `pasid_bits`. */
#define IOMM_IOMMU_CONFIG_SIZE_VER1 40u
#define IOMM_IOMMU_CONFIG_SIZE_VER2 48u
IOMM_LAYOUT(sizeof(struct iomm_iommu_config) == IOMM_IOMMU_CONFIG_SIZE_VER2,
	    "iomm_iommu_config");

IOMM_BEGIN_DECLS

/**
 * Registers an instance that is ready: from now on devices can be probed to
 * it, and those that wait for its node are replayed by iomm_ctx_run().
 *
 * @param ctx the context
 * @param config how it is known
 * @param ops the callbacks; copied
 * @param data handed to every callback
 * @param release takes `data` back; may be NULL
 * @param out the instance, with one reference
 *
 * Ownership: the caller owns the reference. `release` runs exactly once, after
 *   the last callback, also when this call fails. When the last reference
 *   goes, an instance that is still registered is unregistered.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (malformed, no node, name or driver, a required
 *   callback missing),
 *   E2BIG, EEXIST (the node has an instance, one that is
 *   being unregistered included), ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_iommu_register(struct iomm_ctx *ctx,
		    const struct iomm_iommu_config *config,
		    const struct iomm_iommu_ops *ops, void *data,
		    void (*release)(void *data), struct iomm_iommu **out);

/**
 * Takes an instance away: refuses new callbacks, sends its devices back to
 * waiting (blocked and released), frees its domains' hardware side, and waits
 * for the callbacks that are running. Domains that survive answer ENODEV.
 * Unregistering it again does nothing.
 *
 * @param iommu an instance
 * @param timeout how long to wait, nanoseconds; IOMM_FOREVER
 *
 * Ownership: the caller keeps his reference; `release` runs when the last
 *   reference is gone.
 * Thread: any.
 * Context: waits and runs callbacks; in a callback: EDEADLK.
 * Errors: EINVAL; EDEADLK; ETIMEDOUT: new callbacks stay refused, but for the
 *   flushes of domains that still have their hardware side, and the call can be
 *   repeated.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_iommu_unregister(struct iomm_iommu *iommu, uint64_t timeout);

/**
 * For a driver: hands a fault to the domain that is attached to the device
 * with `fault->id` at `fault->pasid`, whose handler is called before this returns.
 *
 * @param iommu the driver's instance
 * @param fault what happened
 *
 * Ownership: copies in.
 * Thread: any.
 * Context: runs the domain's fault handler; not in atomic hooks.
 * Errors: EINVAL; E2BIG; ENOENT: no device has that ID, or nothing is attached
 *   to it, or what is attached has no handler (the fault is logged); ENODEV.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_iommu_report_fault(struct iomm_iommu *iommu,
			const struct iomm_fault *fault);

/**
 * The instance's name.
 *
 * @param iommu an instance
 * @param buf where the name goes; always terminated when `len` is not 0
 * @param len bytes in `buf`; a longer name is cut
 * @return length of the whole name without the terminator
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_iommu_name(struct iomm_iommu *iommu, char *buf, uint64_t len);

/**
 * Takes a reference.
 *
 * @param iommu an instance to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_iommu *iomm_iommu_get(struct iomm_iommu *iommu);

/**
 * Gives a reference back.
 *
 * @param iommu an instance, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_iommu_put(struct iomm_iommu *iommu);

IOMM_END_DECLS

#endif
