/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Devices. A reference keeps a device's memory alive; it does not keep the
 * device present. Presence is entered through a guard: between
 * iomm_device_enter() and iomm_device_exit() the device is not removed, and
 * once it is removed every use answers ENODEV.
 */
#ifndef IOMM_DEVICE_H
#define IOMM_DEVICE_H

#include <iomm/fwspec.h>
#include <iomm/types.h>

/** `address` is given. */
#define IOMM_DEVICE_ADDRESS	 (1u << 0)
/** `dma_mask` is given. */
#define IOMM_DEVICE_DMA_MASK	 (1u << 1)
/** `specifiers`, `regions`, `dma_ranges` and `capabilities` say what the device
 * stands behind; neither its bus nor firmware is asked. */
#define IOMM_DEVICE_SPECIFIERS	 (1u << 2)
/** `pasid_bits` is given. */
#define IOMM_DEVICE_PASID_BITS	 (1u << 3)
/** `numa_node` is given. */
#define IOMM_DEVICE_NUMA_NODE	 (1u << 4)
/** The device's DMA snoops the CPU's caches, whatever firmware says. */
#define IOMM_DEVICE_COHERENT	 (1u << 5)
/** It does not, whatever firmware says. */
#define IOMM_DEVICE_NOT_COHERENT (1u << 6)

/** What is known of a device when it is added. */
struct iomm_device_config {
	uint32_t size;	/**< sizeof(struct iomm_device_config) */
	uint32_t flags; /**< IOMM_DEVICE_* */

	/** Name, for messages and look-up; unique among the context's present
	 * devices. Required. Copied. */
	IOMM_PTR(const char *, name);
	/** With IOMM_DEVICE_ADDRESS: which device of its bus it is; a firmware
	 * node on the platform bus, a requester ID on PCI. Required, but for a
	 * device with IOMM_DEVICE_SPECIFIERS. */
	iomm_u64 address;
	/** With IOMM_DEVICE_DMA_MASK: the highest I/O address, inclusive, that
	 * the device can emit, 2^n - 1. Domains that reach further cannot be
	 * attached to it. Default: all 64 bits, or what firmware says. */
	iomm_u64 dma_mask;
	/** How long, in nanoseconds from the first probe, it may wait for its
	 * IOMMU before probe answers ETIMEDOUT. 0: as long as it takes. */
	iomm_u64 probe_timeout;

	/** With IOMM_DEVICE_PASID_BITS: width of its PASIDs, up to 20; 0: it
	 * has none. (For PCI functions that is in their PASID capability, and
	 * firmware does not know it.) */
	uint32_t pasid_bits;
	/** With IOMM_DEVICE_NUMA_NODE: the node to which it is nearest. Tables
	 * of domains that are made for it are allocated there if the platform
	 * can (iomm_platform.alloc_near). */
	uint32_t numa_node;
	/** The type of domain, IOMM_DOMAIN_*, that its group is to have by
	 * default. */
	uint32_t default_domain;

	/* With IOMM_DEVICE_SPECIFIERS; each is copied. Their `place` is the
	 * caller's, and of no meaning here. */
	uint32_t nr_specifiers;	   /**< at least 1 */
	uint32_t specifier_stride; /**< bytes from one to the next */
	uint32_t nr_regions;	   /**< how many */
	uint32_t region_stride;	   /**< bytes from one to the next */
	uint32_t nr_dma_ranges;	   /**< how many */
	uint32_t dma_range_stride; /**< bytes from one to the next */
	/** IOMM_FWSPEC_ATS, _PRI, _STALL */
	uint32_t capabilities;
	/** The IOMMUs behind which it stands. */
	IOMM_PTR(const struct iomm_specifier *, specifiers);
	/** Ranges of its I/O space that are taken. */
	IOMM_PTR(const struct iomm_reserved_region *, regions);
	/** The windows through which its DMA passes; none: no limits. */
	IOMM_PTR(const struct iomm_dma_range *, dma_ranges);
};

/** Up to and without `pasid_bits`. */
#define IOMM_DEVICE_CONFIG_SIZE_VER0 40u
#define IOMM_DEVICE_CONFIG_SIZE_VER1 104u
IOMM_LAYOUT(sizeof(struct iomm_device_config) == IOMM_DEVICE_CONFIG_SIZE_VER1,
	    "iomm_device_config");

/* Where a device stands. */
#define IOMM_DEVICE_NEW	    0u /**< not probed yet */
#define IOMM_DEVICE_WAITING 1u /**< its IOMMU is not there yet */
#define IOMM_DEVICE_PROBING 2u /**< a thread is at it */
#define IOMM_DEVICE_BOUND   3u /**< behind an IOMMU, ready for domains */
#define IOMM_DEVICE_NONE    4u /**< no IOMMU translates it, or probe failed */
#define IOMM_DEVICE_REMOVED 5u /**< gone */

/** It is behind an IOMMU: `group` and `nr_ids` say more. */
#define IOMM_DEVICE_INFO_BOUND	   (1u << 0)
/** iomm_device_set_gone() was called. */
#define IOMM_DEVICE_INFO_GONE	   (1u << 1)
/** Its DMA snoops the CPU's caches. */
#define IOMM_DEVICE_INFO_COHERENT  (1u << 2)
/** `numa_node` is known. */
#define IOMM_DEVICE_INFO_NUMA_NODE (1u << 3)

/**
 * What is known of a device. Of what its creator says and what firmware says
 * the tighter holds; of coherence and node what its creator says. Firmware is
 * heard at probe: until then, and when the device is not bound any more, it is
 * what its creator says.
 */
struct iomm_device_info {
	uint32_t size;	/**< sizeof(struct iomm_device_info) */
	uint32_t flags; /**< IOMM_DEVICE_INFO_* */
	uint32_t state; /**< IOMM_DEVICE_NEW ... IOMM_DEVICE_REMOVED */
	/** IDs at its IOMMUs, see iomm_device_ids(). */
	uint32_t nr_ids;
	/** Highest I/O address that a domain may reach, 2^n - 1. */
	iomm_u64 dma_mask;
	/** Lowest and highest, inclusive, that the device can use: the windows
	 * of its bus may begin above 0, and end below the mask. */
	iomm_u64 dma_first;
	iomm_u64 dma_last;	 /**< see `dma_first` */
	uint32_t pasid_bits;	 /**< width of its PASIDs; 0: it has none */
	uint32_t numa_node;	 /**< with IOMM_DEVICE_INFO_NUMA_NODE */
	uint32_t default_domain; /**< IOMM_DOMAIN_*; ANY: not said */
	uint32_t group;		 /**< its group's number; with _INFO_BOUND */
};

#define IOMM_DEVICE_INFO_SIZE_VER0 56u
IOMM_LAYOUT(sizeof(struct iomm_device_info) == IOMM_DEVICE_INFO_SIZE_VER0,
	    "iomm_device_info");

/** One identity of a device at one IOMMU. */
struct iomm_device_id {
	iomm_u64 iommu_node; /**< the IOMMU's firmware node */
	iomm_u64 id; /**< stream ID, requester ID, ...: as its driver sees it */
};

#define IOMM_DEVICE_ID_SIZE_VER0 16u
IOMM_LAYOUT(sizeof(struct iomm_device_id) == IOMM_DEVICE_ID_SIZE_VER0,
	    "iomm_device_id");

/**
 * A proof that a device is present. It belongs to the caller, may be moved,
 * and is bound to the thread that entered. Its size is fixed: iomm_device_enter()
 * takes storage of any content. The fields are the library's.
 */
struct iomm_device_guard {
	uint32_t size;	/**< sizeof(struct iomm_device_guard) */
	uint32_t flags; /**< 0 */
	IOMM_PTR(struct iomm_device *, device); /**< who is present */
	IOMM_PTR(void *, thread);		/**< who entered */
	iomm_u64 reserved[2];			/**< 0 */
};

#define IOMM_DEVICE_GUARD_SIZE_VER0 40u
IOMM_LAYOUT(sizeof(struct iomm_device_guard) == IOMM_DEVICE_GUARD_SIZE_VER0,
	    "iomm_device_guard");

/** A thread can be inside this many different devices at once. */
#define IOMM_DEVICE_GUARDS_PER_THREAD 16u

IOMM_BEGIN_DECLS

/**
 * Adds a device to a bus. It is not probed. A device that neither bus nor
 * firmware describes comes with its own description (IOMM_DEVICE_SPECIFIERS):
 * from the first step of its probe on all is the same as with one that firmware
 * describes in the same words.
 *
 * @param bus its bus
 * @param config what is known of it
 * @param out the device, with one reference
 *
 * Ownership: the caller owns the reference; the device holds the bus. When the
 *   last reference goes, a device that is still there is removed.
 * Thread: any.
 * Context: may allocate; asks a bus of the caller's whether it has that
 *   address; not in atomic hooks.
 * Errors: EINVAL (malformed; no name; no address; an address that the bus has
 *   not got; a description that cannot be, the sentence says where; none on a
 *   bus that has none either), E2BIG, EEXIST (the name is in use), ENOMEM,
 *   EPROTO, what the bus answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_create(struct iomm_bus *bus,
		   const struct iomm_device_config *config,
		   struct iomm_device **out);

/**
 * Finds a present device by its name.
 *
 * @param ctx the context
 * @param name its name
 * @param out the device, with a reference more
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL; ENOENT.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_find(struct iomm_ctx *ctx, const char *name,
		 struct iomm_device **out);

/**
 * Takes a reference.
 *
 * @param device a device to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_device *iomm_device_get(struct iomm_device *device);

/**
 * Gives a reference back.
 *
 * @param device a device, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_device_put(struct iomm_device *device);

/**
 * Finds out what IOMMU the device stands behind, and sets it up there: asks
 * the bus for the node and its IDs, firmware for the IOMMUs, their driver to
 * probe, and finds the group or makes one (see <iomm/group.h>). What that has
 * attached is attached; all other DMA is blocked. Two threads that probe one
 * device get one probe's result.
 *
 * @param device a device
 *
 * Ownership: the device holds its IOMMU and group from then on.
 * Thread: any.
 * Context: runs the driver's callbacks, may wait for another thread's probe;
 *   in a callback that would wait: EDEADLK. Not in atomic hooks.
 * Errors: 0 when it is bound, now or before. EPROBE_DEFER: its IOMMU is not
 *   registered yet, or that one's page-table format is not there, or its driver
 *   says "not yet"; it will be probed by iomm_ctx_run() when something has
 *   arrived. ETIMEDOUT: its `probe_timeout` passed, or the deadline of the
 *   format. ENODEV: no IOMMU described (use direct DMA), a disabled or unknown
 *   one, no more IOMMUs to come, no such format to come, or the device is
 *   removed; the sentence says which. ELIBBAD, or what the loader answered:
 *   the format could not be had. EINVAL: malformed firmware, or
 *   IOMMUs of different drivers; or what its group has attached was not made
 *   for it; or it needs another type of default domain than its group has, or
 *   wants a region mapped that a domain cannot reach. EEXIST: it wants one
 *   mapped, and the attached domain has another mapping there. EBUSY: it
 *   belongs to two groups that are in use, or shares an ID where domains are
 *   attached to PASIDs. EOPNOTSUPP: its default domain is to be
 *   IOMM_DOMAIN_IDENTITY, and its IOMMU cannot do that. ENOMEM; EPROTO;
 *   EDEADLK; what the driver answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_device_probe(struct iomm_device *device);

/**
 * Removes the device: refuses new guards, waits for those inside, runs the
 * release actions last-in first-out, takes it out of its group, and away from
 * its IOMMU. References stay valid; every further use answers ENODEV. Removing a
 * removed device does nothing.
 *
 * @param device a device
 * @param timeout how long to wait for guards, and for whoever is at work on the
 *   device or its group, nanoseconds; IOMM_FOREVER
 *
 * Ownership: the caller keeps his reference.
 * Thread: any.
 * Context: waits and runs callbacks; in a callback that would wait: EDEADLK.
 *   Not in atomic hooks.
 * Errors: EINVAL; EDEADLK (also under the thread's own guard); ETIMEDOUT: new
 *   guards stay refused, and the removal can be repeated.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_remove(struct iomm_device *device, uint64_t timeout);

/**
 * The device is gone: pulled out, lost with its link, dead. Nobody enters it any
 * more; those who are inside can ask iomm_device_gone(), and give up what they
 * do. When they have left, iomm_ctx_run() removes it (the `wakeup` event says
 * when), or iomm_device_remove() does, whichever comes first. All clean-up runs
 * as in any removal: it is the device's hardware that is gone, and not its
 * IOMMU's, so drivers are asked to block and release it as ever. There is no way
 * back: a device that returns is a new one, under the same name if it likes.
 *
 * @param device a device
 *
 * Ownership: none.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL. Doing it again does nothing.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_device_set_gone(struct iomm_device *device);

/**
 * Was iomm_device_set_gone() called? What cannot be there any more, such as
 * registers that read as all ones, should not be waited for.
 *
 * @param device a device
 * @return 1 or 0
 *
 * Ownership: none.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_device_gone(struct iomm_device *device);

/**
 * Enters: the device will not be removed before the matching exit. Nests.
 *
 * @param device a device
 * @param guard storage of the caller, of any content
 *
 * Ownership: the guard holds a reference on the device.
 * Thread: any; the guard is bound to this thread.
 * Context: never waits; not in atomic hooks.
 * Errors: EINVAL; ENODEV: removed, being removed, or gone; ENOSPC: this thread
 *   is inside IOMM_DEVICE_GUARDS_PER_THREAD devices.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_enter(struct iomm_device *device, struct iomm_device_guard *guard);

/**
 * Leaves.
 *
 * @param guard a guard that this thread entered
 *
 * Ownership: drops the guard's reference.
 * Thread: the one that entered.
 * Context: not in atomic hooks.
 * Errors: none; an empty guard or NULL does nothing. Leaving on another thread
 *   is a misuse that checked builds report; the guard then stays.
 * Since: 0.1
 */
IOMM_API void iomm_device_exit(struct iomm_device_guard *guard);

/**
 * Has `release` called when the device is removed, after the last guard, in
 * reverse order of registration, while its IOMMU is still there: the place to
 * revoke what is tied to the device's presence. Once one has run nobody enters
 * the device again, whatever becomes of the removal. The removal itself detaches
 * the domain afterwards; an attach, detach or probe of the device in `release`
 * answers EDEADLK or ENODEV.
 *
 * @param device a device
 * @param release called once, with `data`
 * @param data handed to it
 *
 * Ownership: `release` runs exactly once, also when this call fails.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL; ENODEV: removed, or being removed; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_add_release(struct iomm_device *device, void (*release)(void *data),
			void *data);

/**
 * Takes a release action back: it will not be called. Of several with the same
 * function and data, the newest. Looks at the actions one by one, newest first.
 *
 * @param device a device
 * @param release what iomm_device_add_release() was given
 * @param data what it was given beside it
 *
 * Ownership: on success `data` is the caller's again. After ENOENT `release` has
 *   had it, or has it now, on the thread that removes the device.
 * Thread: any. When the device is being removed meanwhile, either this succeeds
 *   or `release` is called.
 * Context: not in atomic hooks.
 * Errors: EINVAL; ENOENT: there is none, or its turn has come already; EDEADLK:
 *   in an atomic hook.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_remove_release(struct iomm_device *device,
			   void (*release)(void *data), void *data);

/**
 * Keeps something of the caller's with the device. It stays until the device
 * itself goes, however it is removed: whoever has a reference on the device can
 * use what iomm_device_data() answers, without another lock or count. For what
 * has to end with the device's presence there is iomm_device_add_release().
 *
 * Each key has its own, and it is given once: a bus, a driver and a language's
 * bindings do not meet, and none can take the other's for its own.
 *
 * @param device a device
 * @param key the address of something of the caller's that stays; NULL is a key
 *        too
 * @param data what is kept; NULL is something too
 * @param release takes `data` back; may be NULL
 *
 * Ownership: `release` runs exactly once: after the device's last reference is
 *   gone and all that its removal calls, newest first; or before this returns,
 *   when it fails. What holds a reference on the device itself is never
 *   released.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL; EEXIST: the key has something on this device; ENODEV: removed,
 *   being removed, or gone; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_set_data(struct iomm_device *device, const void *key, void *data,
		     void (*release)(void *data));

/**
 * What iomm_device_set_data() was given.
 *
 * @param device a device
 * @param key the key under which it was
 * @param out `data`; good for as long as the caller holds the device
 *
 * Ownership: the device's; the caller borrows it.
 * Thread: any.
 * Context: any, atomic hooks included; takes no lock.
 * Errors: EINVAL; ENOENT: nothing under that key.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_data(struct iomm_device *device, const void *key, void **out);

/**
 * All that is known of the device, in one step.
 *
 * @param device a device
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any; a snapshot.
 * Context: not in atomic hooks.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_info(struct iomm_device *device, struct iomm_device_info *info);

/**
 * The device's name.
 *
 * @param device a device
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
iomm_device_name(struct iomm_device *device, char *buf, uint64_t len);

/**
 * Where the device stands.
 *
 * @param device a device
 * @param out an IOMM_DEVICE_NEW ... IOMM_DEVICE_REMOVED
 *
 * Ownership: none.
 * Thread: any; a snapshot.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_state(struct iomm_device *device, uint32_t *out);

/**
 * What the device is behind its IOMMUs.
 *
 * @param device a bound device
 * @param ids array to fill; may be NULL when `*count` is 0
 * @param stride bytes from one element to the next, at least 16
 * @param count in: elements in `ids`. Out: always, how many there are
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL; ENODEV: not bound; EMSGSIZE: `ids` is too small, and none is
 *   copied.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_ids(struct iomm_device *device, struct iomm_device_id *ids,
		uint32_t stride, uint32_t *count);

/**
 * The device's group.
 *
 * @param device a bound device
 * @param out the group, with a reference more
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL; ENODEV: not bound.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_device_group(struct iomm_device *device, struct iomm_group **out);

IOMM_END_DECLS

#endif
