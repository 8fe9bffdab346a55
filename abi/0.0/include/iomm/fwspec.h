/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * What firmware says about one device: the IOMMUs behind which it stands with
 * their specifiers, the ranges of its I/O space that are taken, and its limits.
 * The same for every source of firmware, and never changed once it is made.
 */
#ifndef IOMM_FWSPEC_H
#define IOMM_FWSPEC_H

#include <iomm/types.h>

/** DMA snoops the CPU's caches. */
#define IOMM_FWSPEC_COHERENT  (1u << 0)
/** The host bridge passes ATS on: devices may keep translations. */
#define IOMM_FWSPEC_ATS	      (1u << 1)
/** The host bridge passes page requests (PRI) on. */
#define IOMM_FWSPEC_PRI	      (1u << 2)
/** The device lets an access wait for as long as a fault is handled. */
#define IOMM_FWSPEC_STALL     (1u << 3)
/** `dma_first` and `dma_last` are given. */
#define IOMM_FWSPEC_DMA_RANGE (1u << 4)
/** `numa_node` is given. */
#define IOMM_FWSPEC_NUMA_NODE (1u << 5)

/** What is said of the device as a whole. */
struct iomm_fwspec_info {
	uint32_t size;		/**< sizeof(struct iomm_fwspec_info) */
	uint32_t flags;		/**< IOMM_FWSPEC_* */
	uint32_t nr_iommus;	/**< specifiers, see iomm_fwspec_iommu() */
	uint32_t nr_regions;	/**< see iomm_fwspec_region() */
	uint32_t nr_dma_ranges; /**< see iomm_fwspec_dma_range() */
	uint32_t pasid_bits;	/**< width of its PASIDs; 0: it has none */
	uint32_t address_bits;	/**< width of its addresses; 0: not said */
	uint32_t numa_node;	/**< with IOMM_FWSPEC_NUMA_NODE */
	iomm_u64 dma_first;	/**< lowest address it can send */
	iomm_u64 dma_last;	/**< highest, inclusive */
};

#define IOMM_FWSPEC_INFO_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_fwspec_info) == IOMM_FWSPEC_INFO_SIZE_VER0,
	    "iomm_fwspec_info");

/** Longest specifier. `#iommu-cells` of 4 is the most that is in use. */
#define IOMM_SPECIFIER_CELLS 8u

/** One IOMMU behind which the device stands, and what it is called there. */
struct iomm_specifier {
	uint32_t size;	   /**< sizeof(struct iomm_specifier) */
	uint32_t nr_cells; /**< of `cells` that are in use */
	iomm_u64 iommu;	   /**< the IOMMU's node */
	iomm_u64 place;	   /**< where that is said: iomm_firmware_place() */
	uint32_t cells[IOMM_SPECIFIER_CELLS]; /**< as the IOMMU defines them */
};

#define IOMM_SPECIFIER_SIZE_VER0 56u
IOMM_LAYOUT(sizeof(struct iomm_specifier) == IOMM_SPECIFIER_SIZE_VER0,
	    "iomm_specifier");

/** Must stay mapped, each address to itself: the device uses it all the time.
 */
#define IOMM_REGION_DIRECT	     1u
/** As DIRECT until the device's driver has taken over. */
#define IOMM_REGION_DIRECT_RELAXABLE 2u
/** Not for mappings. */
#define IOMM_REGION_RESERVED	     3u
/** Writes there are interrupts and are not translated: not for mappings. */
#define IOMM_REGION_MSI		     4u
/** The doorbell of the device's interrupts is at `paddr`, and translated as
 * any address is: they arrive once it is mapped, anywhere. `first` and `last`
 * are where it is when it is mapped to itself. */
#define IOMM_REGION_SOFTWARE_MSI     5u

/** `paddr` is given, and firmware has `first` mapped to it. */
#define IOMM_REGION_MAPPED (1u << 0)

/** A range of the device's I/O space that firmware has a say in. */
struct iomm_reserved_region {
	uint32_t size;	/**< sizeof(struct iomm_reserved_region) */
	uint32_t kind;	/**< IOMM_REGION_DIRECT, ... */
	iomm_u64 first; /**< first address in I/O space */
	iomm_u64 last;	/**< last, inclusive */
	iomm_u64 paddr; /**< where it is in memory; DIRECT: `first` */
	uint32_t prot;	/**< IOMM_PROT_* that it needs; 0: not to be mapped */
	uint32_t flags; /**< IOMM_REGION_MAPPED */
	iomm_u64 place; /**< where that is said: iomm_firmware_place() */
};

#define IOMM_RESERVED_REGION_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_reserved_region) ==
		    IOMM_RESERVED_REGION_SIZE_VER0,
	    "iomm_reserved_region");

/** A window through which the device's bus lets DMA pass. Addresses outside of
 * every window go nowhere. */
struct iomm_dma_range {
	uint32_t size;	   /**< sizeof(struct iomm_dma_range) */
	uint32_t reserved; /**< 0 */
	iomm_u64 first;	   /**< first address that the device sends */
	iomm_u64 last;	   /**< last, inclusive */
	iomm_u64 paddr;	   /**< where `first` comes out, if not translated */
	iomm_u64 place;	   /**< where that is said: iomm_firmware_place() */
};

#define IOMM_DMA_RANGE_SIZE_VER0 40u
IOMM_LAYOUT(sizeof(struct iomm_dma_range) == IOMM_DMA_RANGE_SIZE_VER0,
	    "iomm_dma_range");

IOMM_BEGIN_DECLS

/**
 * What firmware says about a device. Asking has no effects, and the same
 * question always has the same answer.
 *
 * @param firmware a source
 * @param node the node that describes the device, or the bridge before it
 * @param inputs the IDs under which the device's DMA arrives at the node: PCI
 *   requester IDs at a host bridge; NULL: the device is the node itself
 * @param nr_inputs how many; 0: as NULL. IOMMUs that are found under several
 *   IDs with the same specifier are given once
 * @param out what is said, with one reference
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: ENODEV: no IOMMU is described for it or for one of its IDs, or that
 *   which is does not exist or is disabled, or the device is; EINVAL:
 *   malformed (the sentence says where), or no node of this source; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_lookup(struct iomm_firmware *firmware, uint64_t node,
		     const uint64_t *inputs, uint32_t nr_inputs,
		     struct iomm_fwspec **out);

/**
 * A place in the source, for messages: "/soc/gpu@1000: iommus[0]", or a table
 * and an offset.
 *
 * @param firmware the source
 * @param place as a specifier, a region or a range of it has it
 * @param buf where the text goes; always terminated when `len` is not 0
 * @param len bytes in `buf`; a longer text is cut
 * @return length of the whole text without the terminator
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL: not a place in this source.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_place(struct iomm_firmware *firmware, uint64_t place, char *buf,
		    uint64_t len);

/**
 * Counts and limits.
 *
 * @param spec what firmware says about a device
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_fwspec_info(struct iomm_fwspec *spec, struct iomm_fwspec_info *info);

/**
 * One of the IOMMUs, in the order in which firmware lists them.
 *
 * @param spec what firmware says about a device
 * @param index from 0
 * @param out filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL; ENOENT: there are not so many.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_fwspec_iommu(struct iomm_fwspec *spec, uint32_t index,
		  struct iomm_specifier *out);

/**
 * One of the reserved regions. They may overlap.
 *
 * @param spec what firmware says about a device
 * @param index from 0
 * @param out filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL; ENOENT: there are not so many.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_fwspec_region(struct iomm_fwspec *spec, uint32_t index,
		   struct iomm_reserved_region *out);

/**
 * One of the windows through which DMA passes. Without any the bus sets no
 * limits.
 *
 * @param spec what firmware says about a device
 * @param index from 0
 * @param out filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL; ENOENT: there are not so many.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_fwspec_dma_range(struct iomm_fwspec *spec, uint32_t index,
		      struct iomm_dma_range *out);

/**
 * Takes a reference.
 *
 * @param spec one to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_fwspec *iomm_fwspec_get(struct iomm_fwspec *spec);

/**
 * Gives a reference back.
 *
 * @param spec one to which the caller holds a reference, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_fwspec_put(struct iomm_fwspec *spec);

IOMM_END_DECLS

#endif
