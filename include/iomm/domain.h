/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Domains: I/O address spaces that are attached to devices. All calls on a
 * domain may be made from any thread, and go on side by side: its page table is
 * shared (<iomm/pgtable.h>). On hosts without 64-bit atomic operations they take
 * turns instead; as nothing waits inside a callback, a call there answers
 * EDEADLK when another thread has its turn. In atomic hooks all of them do.
 */
#ifndef IOMM_DOMAIN_H
#define IOMM_DOMAIN_H

#include <iomm/gather.h>
#include <iomm/iommu.h>
#include <iomm/pgtable.h>
#include <iomm/types.h>

/** What is wanted of a domain. All zeroes is a good choice. */
struct iomm_domain_config {
	uint32_t size;	     /**< sizeof(struct iomm_domain_config) */
	uint32_t flags;	     /**< 0 */
	uint32_t type;	     /**< IOMM_DOMAIN_*; ANY: paging */
	uint32_t ias;	     /**< input address width, bits; 0: the driver's */
	iomm_u64 granule;    /**< table granule, bytes; 0: the driver's */
	iomm_u64 page_sizes; /**< leaf sizes, a bit each; 0: all */
	/** The table's format; NULL: the driver's. Copied. */
	IOMM_PTR(const char *, format);
};

#define IOMM_DOMAIN_CONFIG_SIZE_VER0 40u
IOMM_LAYOUT(sizeof(struct iomm_domain_config) == IOMM_DOMAIN_CONFIG_SIZE_VER0,
	    "iomm_domain_config");

IOMM_BEGIN_DECLS

/**
 * Makes a domain for the IOMMU instance that serves a device. It is attached
 * to nothing.
 *
 * @param device a bound device; the domain does not hold it
 * @param config what is wanted, or NULL for a paging domain as the driver
 *        likes it
 * @param out the domain, with one reference
 *
 * Ownership: the caller owns the reference; every device to which the domain
 *   is attached holds one too.
 * Thread: any.
 * Context: runs the driver's callbacks; not in atomic hooks.
 * Errors: EINVAL (malformed, or a width, granule or format that the driver
 *   cannot give), E2BIG, ENODEV (not bound, removed), EDEADLK, EPROTO, ENOMEM,
 *   what the driver answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_create(struct iomm_device *device,
		   const struct iomm_domain_config *config,
		   struct iomm_domain **out);

/**
 * Takes a reference.
 *
 * @param domain a domain to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_domain *iomm_domain_get(struct iomm_domain *domain);

/**
 * Gives a reference back.
 *
 * @param domain a domain, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_domain_put(struct iomm_domain *domain);

/**
 * Has `handler` called for every fault of a device to which the domain is
 * attached, in the address space that it is attached to. A domain has one handler at most, for as long as it lives.
 *
 * @param domain a domain
 * @param handler called without locks, from any thread, several at once; the
 *        fault is valid during the call
 * @param data handed to it
 * @param release takes `data` back; may be NULL
 *
 * Ownership: `release` runs exactly once, after the last call, also when this
 *   call fails.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL; EEXIST: it has one.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_set_fault_handler(struct iomm_domain *domain,
			      void (*handler)(void *data,
					      const struct iomm_fault *fault),
			      void *data, void (*release)(void *data));

/**
 * What the domain's page table was granted. Its `last_iova` is as far as the
 * devices of the group can reach that the domain was made for, if no width was
 * asked for: the table may be wider.
 *
 * @param domain a paging domain
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: not in atomic hooks; in a callback that would wait: EDEADLK.
 * Errors: EINVAL (malformed, or not a paging domain); ENODEV: the instance is
 *   gone; EDEADLK.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_info(struct iomm_domain *domain, struct iomm_pgtable_info *info);

/**
 * Attaches the domain to all devices of a device's group, in the place of the
 * default domain. What firmware wants mapped for them (IOMM_REGION_DIRECT) is
 * mapped in it before, and stays for as long as it is attached; a blocking
 * domain leaves just that mapped.
 *
 * @param domain a domain
 * @param device a bound device behind the domain's instance
 *
 * Ownership: the device's group holds the domain until it is detached, or the
 *   group's last device or the instance goes.
 * Thread: any. Nobody unmaps anything in the way of a direct region meanwhile.
 * Context: runs the driver's callbacks; in a callback that would wait:
 *   EDEADLK. Not in atomic hooks.
 * Errors: EINVAL (malformed; a paging domain, and a device of an instance that
 *   it was not made for; a domain wider than the device's DMA mask; a direct
 *   region that the domain cannot reach); EBUSY: a domain is attached, or
 *   somebody uses the default domain; EEXIST: a direct region, and the domain
 *   has another mapping there; EOPNOTSUPP: an identity domain, and an instance
 *   that cannot do that; ENODEV: not bound, removed, or the instance is gone;
 *   ENOMEM; what the driver's `attach_prepare` answered. No device is attached
 *   then.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_attach(struct iomm_domain *domain, struct iomm_device *device);

/**
 * Attaches the domain in the place of another one, in one step: no device of the
 * group is blocked meanwhile, nor sees the default domain. When it fails the
 * other one stays attached to all of them.
 *
 * @param domain a domain
 * @param device a bound device whose group has a user's domain attached
 *
 * Ownership: as iomm_domain_attach(); drops the group's reference on the other.
 * Thread: as iomm_domain_attach().
 * Context: as iomm_domain_attach().
 * Errors: as iomm_domain_attach(), but for EBUSY; ENOENT: no domain is attached.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_replace(struct iomm_domain *domain, struct iomm_device *device);

/**
 * Detaches the domain: the group's default domain is attached again or, while
 * the group is claimed, everything is blocked.
 *
 * @param domain the domain that is attached
 * @param device a device of the group
 *
 * Ownership: drops the group's reference on the domain.
 * Thread: any.
 * Context: runs the driver's callbacks; in a callback that would wait:
 *   EDEADLK. Not in atomic hooks.
 * Errors: EINVAL; ENODEV: not bound, or removed; ENOENT: this domain is not
 *   attached to it.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_detach(struct iomm_domain *domain, struct iomm_device *device);

/**
 * Attaches the domain to an address space of a device beside its own: that of
 * DMA with a PASID. Nothing changes for the others, nor for other devices of the
 * group, and direct regions are of no concern there.
 *
 * @param domain a paging domain
 * @param device a bound device behind the domain's instance
 * @param pasid from 1 on, of as many bits as the device and all of its
 *        instances have
 *
 * Ownership: the device's group holds the domain until it is detached, the
 *   group's owner releases it, or the device or the instance goes.
 * Thread: any.
 * Context: as iomm_domain_attach().
 * Errors: EINVAL (malformed; no such PASID; not a paging domain; as
 *   iomm_domain_attach()); EOPNOTSUPP: no PASIDs, or the device has an ID that
 *   another one has too; EBUSY: a domain is attached to that PASID; ENODEV;
 *   ENOMEM; what the driver's `attach_prepare` answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_attach_pasid(struct iomm_domain *domain, struct iomm_device *device,
			 uint32_t pasid);

/**
 * Detaches the domain from an address space: DMA with that PASID is blocked.
 *
 * @param domain the domain that is attached there
 * @param device the device
 * @param pasid which address space
 *
 * Ownership: drops the group's reference on the domain.
 * Thread: any.
 * Context: as iomm_domain_detach().
 * Errors: EINVAL; ENODEV: not bound, or removed; ENOENT: this domain is not
 *   attached there.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_detach_pasid(struct iomm_domain *domain, struct iomm_device *device,
			 uint32_t pasid);

/**
 * Maps, as iomm_pgtable_map(), up to the `last_iova` of iomm_domain_info().
 *
 * @param domain a paging domain
 * @param iova first I/O address
 * @param paddr first output address
 * @param bytes length
 * @param prot IOMM_PROT_*
 * @param flags 0
 * @param mapped may be NULL. Out: always, the bytes that this call mapped
 *
 * Ownership: none; the memory at `paddr` is never touched.
 * Thread: any.
 * Context: may call the table's memory provider and the TLB hooks; in a callback
 *   that would wait: EDEADLK. Not in atomic hooks.
 * Errors: as iomm_pgtable_map(); ENODEV: the instance is gone; EDEADLK.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_map(struct iomm_domain *domain, uint64_t iova, uint64_t paddr,
		uint64_t bytes, uint32_t prot, uint32_t flags,
		uint64_t *mapped);

/**
 * Unmaps, as iomm_pgtable_unmap(). The memory may be used for something else
 * once the gather has been flushed with success.
 *
 * When part of a larger leaf goes, formats that demand break-before-make show
 * the device no mapping at all there for a moment: DMA to the part that stays
 * faults if it comes just then.
 *
 * @param domain a paging domain
 * @param iova first I/O address
 * @param bytes length
 * @param gather notes what is to be invalidated and freed; NULL: both are done
 *        before the call returns
 * @param unmapped may be NULL. Out: always, the bytes that were mapped there
 *        and are no more
 *
 * Ownership: the gather takes a reference on the domain's table.
 * Thread: any; the gather is externally synchronised.
 * Context: as iomm_domain_map(), and calls the driver's flush.
 * Errors: as iomm_pgtable_unmap(); EBUSY: part of the range is a direct region
 *   of a device to which the domain is attached, and nothing was unmapped;
 *   ENODEV: the instance is gone; EDEADLK. With `gather` NULL, also what the flush answered: the range is unmapped, but
 *   must not be used again, and its tables are in quarantine.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_unmap(struct iomm_domain *domain, uint64_t iova, uint64_t bytes,
		  struct iomm_gather *gather, uint64_t *unmapped);

/**
 * Invalidates the whole address space and, when that succeeds, frees what is
 * in quarantine: what a flush that failed had left.
 *
 * @param domain a paging domain
 *
 * Ownership: none.
 * Thread: any.
 * Context: calls the driver's flush_all, and may call the table's memory
 *   provider; in a callback that would wait: EDEADLK. Not in atomic hooks.
 * Errors: EINVAL (malformed, or not a paging domain); ENODEV: the instance is
 *   gone; EDEADLK; what the driver answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_domain_flush_all(struct iomm_domain *domain);

/**
 * Looks one address up in the domain's table.
 *
 * @param domain a paging domain
 * @param iova any address
 * @param out filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: in a callback that would wait: EDEADLK. Not in atomic hooks.
 * Errors: as iomm_pgtable_translate(); ENODEV: the instance is gone; EDEADLK.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_domain_translate(struct iomm_domain *domain, uint64_t iova,
		      struct iomm_translation *out);

IOMM_END_DECLS

#endif
