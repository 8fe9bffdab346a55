/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * A PCI topology: which functions there are, and which bridges are above them.
 * From it follows under which requester IDs the DMA of a function arrives at
 * an IOMMU, which need not be its own: a bridge to conventional PCI puts its
 * own in the place of what is below it, and some devices use wrong ones.
 *
 * A topology is described once and never changes; it has no side effects, and
 * reads nothing but what it is given. On Linux iomm_pci_from_sysfs() describes
 * the machine, or a copy of its sysfs.
 *
 * A requester ID is bus << 8 | device << 3 | function, in its segment.
 */
#ifndef IOMM_PCI_H
#define IOMM_PCI_H

#include <iomm/types.h>

/*
 * What a function is: Device/Port Type of its PCI Express capability (PCI
 * Express Base Specification, section 7.5.3.2), or that it has none.
 */
#define IOMM_PCI_ENDPOINT	 0x0u /**< PCIe endpoint */
#define IOMM_PCI_LEGACY_ENDPOINT 0x1u /**< legacy PCIe endpoint */
#define IOMM_PCI_ROOT_PORT	 0x4u /**< root port */
#define IOMM_PCI_UPSTREAM	 0x5u /**< upstream port of a switch */
#define IOMM_PCI_DOWNSTREAM	 0x6u /**< downstream port of a switch */
#define IOMM_PCI_PCIE_TO_PCI	 0x7u /**< bridge, PCIe above, PCI below */
#define IOMM_PCI_PCI_TO_PCIE	 0x8u /**< bridge, PCI above, PCIe below */
#define IOMM_PCI_RC_ENDPOINT	 0x9u /**< integrated in the root complex */
#define IOMM_PCI_RC_COLLECTOR	 0xau /**< event collector of those */
/** No PCI Express capability: a conventional function or bridge. */
#define IOMM_PCI_CONVENTIONAL	 0x10u

/** It is a bridge: `secondary` and `subordinate` are given. */
#define IOMM_PCI_BRIDGE		  (1u << 0)
/** `real_segment` and `real_rid` are given: the DMA is that function's, as
 * behind a controller that makes a segment of its own for what it hides. */
#define IOMM_PCI_REAL_DMA	  (1u << 1)
/** Bridge: the IOMMU translates below it, so that what is above gives no
 * further ID. */
#define IOMM_PCI_TRANSLATION_ROOT (1u << 2)
/** Use what is known of its vendor and device ID: functions that use another
 * function's ID, bridges that hide what they are. */
#define IOMM_PCI_QUIRKS		  (1u << 3)

/**
 * One function of a topology. Segments have 16 bits in firmware, and more where
 * an operating system makes up its own. An array of these has a stride.
 */
struct iomm_pci_function {
	uint32_t flags;	    /**< IOMM_PCI_BRIDGE ... IOMM_PCI_QUIRKS */
	uint32_t type;	    /**< IOMM_PCI_ENDPOINT ... IOMM_PCI_CONVENTIONAL */
	uint32_t segment;   /**< 16 bits */
	uint32_t rid;	    /**< its own requester ID, 16 bits */
	uint32_t secondary; /**< bridge: the bus below it */
	uint32_t subordinate;  /**< bridge: the highest bus below it */
	uint32_t real_segment; /**< with IOMM_PCI_REAL_DMA */
	uint32_t real_rid;     /**< with IOMM_PCI_REAL_DMA */
	uint32_t id; /**< device ID << 16 | vendor ID, as configuration space */
	uint32_t subsystem; /**< the same of the subsystem */
	/** Devices and functions (device << 3 | function) of its bus under
	 * whose IDs it does DMA, too; copied. NULL: none. */
	IOMM_PTR(const uint8_t *, aliases);
	uint32_t nr_aliases; /**< at most 256 */
	uint32_t reserved;   /**< 0 */
};

#define IOMM_PCI_FUNCTION_SIZE_VER0 56u
IOMM_LAYOUT(sizeof(struct iomm_pci_function) == IOMM_PCI_FUNCTION_SIZE_VER0,
	    "iomm_pci_function");

/** A requester ID. An array of these has a stride. */
struct iomm_pci_id {
	uint32_t segment; /**< its segment */
	uint32_t rid;	  /**< bus << 8 | device << 3 | function */
};

#define IOMM_PCI_ID_SIZE_VER0 8u
IOMM_LAYOUT(sizeof(struct iomm_pci_id) == IOMM_PCI_ID_SIZE_VER0, "iomm_pci_id");

/** Most functions of a topology. */
#define IOMM_PCI_FUNCTIONS_MAX (1u << 24)

IOMM_BEGIN_DECLS

/**
 * Describes a topology.
 *
 * @param ctx the context
 * @param functions its functions, bridges among them, in any order
 * @param count how many, 1 to IOMM_PCI_FUNCTIONS_MAX
 * @param stride bytes from one to the next, at least 56
 * @param out the topology, with one reference
 *
 * Ownership: copies the functions. The caller owns the reference.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL: malformed (the sentence names the function): unknown flags
 *   or type, numbers of more than their bits, a bridge whose buses are not
 *   above its own or not inside those of the bridge above it. EEXIST: two
 *   functions with one ID, two bridges to one bus. E2BIG; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pci_create(struct iomm_ctx *ctx, const struct iomm_pci_function *functions,
		uint32_t count, uint32_t stride, struct iomm_pci **out);

/**
 * Describes the topology that a sysfs has: this machine's, or a copy's. Hosted
 * library only.
 *
 * @param ctx the context
 * @param root directory that has `sys/bus/pci/devices`: "/" for this machine
 * @param out the topology, with one reference
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: reads files, may allocate; not in atomic hooks.
 * Errors: ENOENT: no PCI there; EACCES: configuration space can be read in
 *   part only, which on Linux needs CAP_SYS_ADMIN; EINVAL: damaged; ENOMEM; EIO.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pci_from_sysfs(struct iomm_ctx *ctx, const char *root,
		    struct iomm_pci **out);

/**
 * Takes a reference.
 *
 * @param pci a topology to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_pci *iomm_pci_get(struct iomm_pci *pci);

/**
 * Gives a reference back.
 *
 * @param pci a topology, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_pci_put(struct iomm_pci *pci);

/**
 * The functions, in the order in which they were described.
 *
 * @param pci a topology
 * @param functions array to fill; may be NULL when `*count` is 0. `aliases`
 *   point into the topology
 * @param stride bytes from one element to the next, at least 56
 * @param count in: elements in `functions`. Out: always, how many there are
 *
 * Ownership: copies out; `aliases` are valid as long as the topology.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL; EMSGSIZE: too small, and none is copied.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pci_functions(struct iomm_pci *pci, struct iomm_pci_function *functions,
		   uint32_t stride, uint32_t *count);

/**
 * Under which requester IDs a function's DMA may arrive at an IOMMU: each once,
 * the function's own (or that of the one which does its DMA) first, then what
 * bridges put in its place, upwards.
 *
 * @param pci a topology
 * @param segment its segment
 * @param rid its own ID; a function that the topology does not have (a virtual
 *   function that came later) is taken for an endpoint of its bus
 * @param ids array to fill; may be NULL when `*count` is 0
 * @param stride bytes from one element to the next, at least 8
 * @param count in: elements in `ids`. Out: always, how many there are
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL (more than 16 bits); EMSGSIZE: too small, and none is copied.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pci_aliases(struct iomm_pci *pci, uint32_t segment, uint32_t rid,
		 struct iomm_pci_id *ids, uint32_t stride, uint32_t *count);

/**
 * Follows a path of the kind that firmware uses for devices behind bridges
 * whose buses are numbered later (VT-d specification, section 8.3.1): a bus to
 * start from, and a device and function for each bridge on the way and for the
 * end of it.
 *
 * @param pci a topology
 * @param segment the segment
 * @param bus where the path starts
 * @param path device << 3 | function, for each step
 * @param steps how many, at least 1
 * @param rid the requester ID of what it leads to
 *
 * Ownership: none.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL; ENOENT: a function on the way is not there, or is no bridge;
 *   the sentence says which. The last step need not be there.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pci_route(struct iomm_pci *pci, uint32_t segment, uint32_t bus,
	       const uint8_t *path, uint32_t steps, uint32_t *rid);

IOMM_END_DECLS

#endif
