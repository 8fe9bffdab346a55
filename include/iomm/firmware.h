/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * What firmware says about devices and IOMMUs. A firmware source issues nodes,
 * opaque 64-bit keys that are unique in their context; 0 is no node. Parsing
 * has no side effects: the same question always has the same answer.
 */
#ifndef IOMM_FIRMWARE_H
#define IOMM_FIRMWARE_H

#include <iomm/types.h>

/** An IOMMU: the node has `#iommu-cells`. */
#define IOMM_NODE_IOMMU	    (1u << 0)
/** A device behind an IOMMU: the node has `iommus`. */
#define IOMM_NODE_CLIENT    (1u << 1)
/** A PCI host bridge: `device_type` is "pci", and the parent's is not. */
#define IOMM_NODE_PCI_HOST  (1u << 2)
/** Memory: `device_type` is "memory". */
#define IOMM_NODE_MEMORY    (1u << 3)
/** `status` is absent, "okay" or "ok", here and in every parent. */
#define IOMM_NODE_AVAILABLE (1u << 4)
/** DMA snoops the CPU's caches (`dma-coherent`, here or in a parent). */
#define IOMM_NODE_COHERENT  (1u << 5)
/** A PCI host whose functions are mapped to IOMMUs: `iommu-map`. */
#define IOMM_NODE_MAPPED    (1u << 6)

/** What is known of a node. */
struct iomm_node_info {
	uint32_t size;	      /**< sizeof(struct iomm_node_info) */
	uint32_t flags;	      /**< IOMM_NODE_* */
	uint32_t iommu_cells; /**< IOMMU: cells of a specifier */
	uint32_t reserved;    /**< 0 */
	iomm_u64 reg_base;    /**< first `reg`, as the CPU sees it */
	iomm_u64 reg_bytes;   /**< its length; 0: the node has none */
};

#define IOMM_NODE_INFO_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_node_info) == IOMM_NODE_INFO_SIZE_VER0,
	    "iomm_node_info");

/** An ACPI table, for iomm_firmware_create_acpi(). */
struct iomm_acpi_table {
	uint32_t size;		       /**< sizeof(struct iomm_acpi_table) */
	uint32_t reserved;	       /**< 0 */
	IOMM_PTR(const void *, table); /**< from its signature on */
	iomm_u64 bytes; /**< there, as many as the table says or more */
};

#define IOMM_ACPI_TABLE_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_acpi_table) == IOMM_ACPI_TABLE_SIZE_VER0,
	    "iomm_acpi_table");

/** iomm_firmware_from_linux(): device trees only. */
#define IOMM_LINUX_DEVICE_TREE (1u << 0)
/** iomm_firmware_from_linux(): ACPI tables only. */
#define IOMM_LINUX_ACPI	       (1u << 1)

IOMM_BEGIN_DECLS

/**
 * Reads a flattened device tree (Devicetree Specification, chapter 5). Hosted
 * library only.
 *
 * @param ctx the context
 * @param blob the tree; hostile content is fine
 * @param bytes bytes at `blob`
 * @param out the source, with one reference
 *
 * Ownership: copies the blob. The caller owns the reference.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL: not a device tree, or damaged (the sentence says where);
 *   ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_create_fdt(struct iomm_ctx *ctx, const void *blob, uint64_t bytes,
			 struct iomm_firmware **out);

/**
 * Reads ACPI tables: IORT, DMAR, IVRS, VIOT and RIMT. Others are passed over,
 * so all that a machine has can be given. What is understood of each is in
 * docs/firmware-acpi.md.
 *
 * Nodes are IOMMUs ("IORT: SMMUv3 @0x9050000", "DMAR: DRHD @0xfed90000",
 * "IVRS: IOMMU @0xfed80000", "VIOT: virtio-iommu 0000:00:02.0",
 * "RIMT: IOMMU @0x3010000"), PCI segments ("PCI segment 0"), devices that a
 * table names ("\_SB.GPU0"), and interrupt controllers and timers
 * ("DMAR: IOAPIC 0"). A specifier is one cell, the ID at the IOMMU. Behind one
 * of AMD's there is a second: bits 0 to 7 are the settings of the device
 * entry, bit 31 says that ATS is not allowed.
 *
 * @param ctx the context
 * @param tables the tables; hostile content is fine
 * @param count how many
 * @param stride bytes from one struct to the next
 * @param topology the PCI functions that there are, for tables that name one by
 *   the way to it; NULL: not known, and questions that depend on it are
 *   EOPNOTSUPP
 * @param out the source, with one reference
 *
 * Ownership: copies the tables, holds the topology. The caller owns the
 *   reference.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL: a table is damaged (the sentence says where), or is given
 *   twice; EOPNOTSUPP: it has what is not known here, and cannot be passed
 *   over; E2BIG; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_create_acpi(struct iomm_ctx *ctx,
			  const struct iomm_acpi_table *tables, uint32_t count,
			  uint32_t stride, struct iomm_pci *topology,
			  struct iomm_firmware **out);

/**
 * Reads what Linux shows of the firmware of the machine that it runs on, or of
 * another from which that was recorded. It is a device tree, if there is one
 * that describes more than what a boot loader leaves for the kernel; else ACPI
 * tables. Hosted library only.
 *
 * @param ctx the context
 * @param root the folder that has `sys/firmware`; NULL: "/"
 * @param flags IOMM_LINUX_*; 0: whichever there is
 * @param out the source, with one reference
 *
 * Ownership: reads everything now. The caller owns the reference.
 * Thread: any.
 * Context: may allocate, and reads files; not in atomic hooks.
 * Errors: ENOENT: neither is there; EACCES: it may not be read; EIO; EINVAL:
 *   malformed (the sentence says where); EOPNOTSUPP: as
 *   iomm_firmware_create_acpi(); ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_from_linux(struct iomm_ctx *ctx, const char *root, uint32_t flags,
			 struct iomm_firmware **out);

/**
 * Takes a reference.
 *
 * @param firmware a source to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_firmware *
iomm_firmware_get(struct iomm_firmware *firmware);

/**
 * Gives a reference back.
 *
 * @param firmware a source, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_firmware_put(struct iomm_firmware *firmware);

/**
 * Iterates over the nodes that have all of some properties, in the order of
 * the tree.
 *
 * @param firmware a source
 * @param flags IOMM_NODE_* that a node must have; 0: every node
 * @param prev the node after which to look; 0: from the start
 * @param out the next such node
 *
 * Ownership: nodes are plain numbers, valid as long as the source.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL; ENOENT: there is no further one.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_next(struct iomm_firmware *firmware, uint32_t flags,
		   uint64_t prev, uint64_t *out);

/**
 * Finds a node by its path.
 *
 * @param firmware a source
 * @param path "/soc/iommu@1000"
 * @param out the node
 *
 * Ownership: as iomm_firmware_next().
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL; ENOENT.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_find(struct iomm_firmware *firmware, const char *path,
		   uint64_t *out);

/**
 * What is known of a node.
 *
 * @param firmware a source
 * @param node a node of it
 * @param info filled; its `size` is read first
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL (malformed, or no node of this source).
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_node_info(struct iomm_firmware *firmware, uint64_t node,
			struct iomm_node_info *info);

/**
 * A node's path.
 *
 * @param firmware a source
 * @param node a node of it
 * @param buf where the path goes; always terminated when `len` is not 0
 * @param len bytes in `buf`; a longer path is cut
 * @return length of the whole path without the terminator
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL (malformed, or no node of this source); EOVERFLOW: longer
 *   than any sane path (1023 bytes).
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_node_path(struct iomm_firmware *firmware, uint64_t node,
			char *buf, uint64_t len);

/**
 * Is `compatible` among the node's compatible strings?
 *
 * @param firmware a source
 * @param node a node of it
 * @param compatible "arm,smmu-v3"
 * @return 1 or 0
 *
 * Ownership: none.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_node_compatible(struct iomm_firmware *firmware, uint64_t node,
			      const char *compatible);

IOMM_END_DECLS

#endif
