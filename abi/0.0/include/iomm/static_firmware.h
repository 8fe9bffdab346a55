/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * A machine that a program describes itself, in tables, for want of firmware
 * that does: microcontrollers, simulators, tests. What is read from it is the
 * same as from any other source.
 */
#ifndef IOMM_STATIC_FIRMWARE_H
#define IOMM_STATIC_FIRMWARE_H

#include <iomm/fwspec.h>
#include <iomm/types.h>

/** Most entries of each table. */
#define IOMM_STATIC_MAX 4096u

/** An IOMMU, a device, or a bridge before devices. */
struct iomm_static_node {
	uint32_t size; /**< sizeof(struct iomm_static_node) */
	/** IOMM_NODE_IOMMU, _PCI_HOST, _MEMORY, _COHERENT; the others follow
	 * from the tables */
	uint32_t flags;
	IOMM_PTR(const char *, name);	    /**< its path, unlike all others */
	IOMM_PTR(const char *, compatible); /**< or NULL */
	iomm_u64 reg_base;		    /**< as the CPU sees it */
	iomm_u64 reg_bytes;		    /**< 0: it has no registers */
	uint32_t iommu_cells;		    /**< IOMMU: cells of a specifier */
	/** IOMM_FWSPEC_ATS, _PRI, _STALL, _NUMA_NODE */
	uint32_t limits;
	uint32_t pasid_bits;   /**< width of its PASIDs, up to 20; 0: none */
	uint32_t address_bits; /**< width of its addresses; 0: not said */
	uint32_t numa_node;    /**< with IOMM_FWSPEC_NUMA_NODE */
	uint32_t reserved;     /**< 0 */
};

#define IOMM_STATIC_NODE_SIZE_VER0 64u
IOMM_LAYOUT(sizeof(struct iomm_static_node) == IOMM_STATIC_NODE_SIZE_VER0,
	    "iomm_static_node");

/** The entry is for input IDs `first_input` to `last_input` at a bridge, whose
 * first cells are counted up with them. */
#define IOMM_STATIC_INPUTS (1u << 0)

/** A device, or IDs behind a bridge, stand behind an IOMMU. */
struct iomm_static_map {
	uint32_t size;	      /**< sizeof(struct iomm_static_map) */
	uint32_t flags;	      /**< IOMM_STATIC_INPUTS */
	uint32_t node;	      /**< index of the device, or of the bridge */
	uint32_t iommu;	      /**< index of the IOMMU's node */
	iomm_u64 first_input; /**< with IOMM_STATIC_INPUTS */
	iomm_u64 last_input;  /**< inclusive */
	uint32_t nr_cells;    /**< as many as the IOMMU's `iommu_cells` */
	uint32_t reserved;    /**< 0 */
	uint32_t cells[IOMM_SPECIFIER_CELLS]; /**< the specifier */
};

#define IOMM_STATIC_MAP_SIZE_VER0 72u
IOMM_LAYOUT(sizeof(struct iomm_static_map) == IOMM_STATIC_MAP_SIZE_VER0,
	    "iomm_static_map");

/** A reserved region of a device, or of all devices behind a bridge; see
 * struct iomm_reserved_region. */
struct iomm_static_region {
	uint32_t size;	   /**< sizeof(struct iomm_static_region) */
	uint32_t node;	   /**< index of the device, or of the bridge */
	uint32_t kind;	   /**< IOMM_REGION_DIRECT, ... */
	uint32_t flags;	   /**< IOMM_REGION_MAPPED */
	iomm_u64 first;	   /**< first address in I/O space */
	iomm_u64 last;	   /**< last, inclusive */
	iomm_u64 paddr;	   /**< with IOMM_REGION_MAPPED, or of a doorbell */
	uint32_t prot;	   /**< IOMM_PROT_* */
	uint32_t reserved; /**< 0 */
};

#define IOMM_STATIC_REGION_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_static_region) == IOMM_STATIC_REGION_SIZE_VER0,
	    "iomm_static_region");

/** A window for the DMA of a device, or of all devices behind a bridge; see
 * struct iomm_dma_range. */
struct iomm_static_range {
	uint32_t size;	/**< sizeof(struct iomm_static_range) */
	uint32_t node;	/**< index of the device, or of the bridge */
	iomm_u64 first; /**< first address that is sent */
	iomm_u64 last;	/**< last, inclusive */
	iomm_u64 paddr; /**< where `first` comes out */
};

#define IOMM_STATIC_RANGE_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_static_range) == IOMM_STATIC_RANGE_SIZE_VER0,
	    "iomm_static_range");

/** All tables. Each is an array whose elements are so many bytes apart. */
struct iomm_static_config {
	uint32_t size;	/**< sizeof(struct iomm_static_config) */
	uint32_t flags; /**< 0 */
	IOMM_PTR(const struct iomm_static_node *, nodes); /**< all nodes */
	uint32_t nr_nodes;				  /**< at least 1 */
	uint32_t node_stride;				  /**< bytes */
	IOMM_PTR(const struct iomm_static_map *, maps);	  /**< who is where */
	uint32_t nr_maps;				  /**< how many */
	uint32_t map_stride;				  /**< bytes */
	IOMM_PTR(const struct iomm_static_region *, regions); /**< taken */
	uint32_t nr_regions;				      /**< how many */
	uint32_t region_stride;				      /**< bytes */
	IOMM_PTR(const struct iomm_static_range *, ranges);   /**< windows */
	uint32_t nr_ranges;				      /**< how many */
	uint32_t range_stride;				      /**< bytes */
};

#define IOMM_STATIC_CONFIG_SIZE_VER0 72u
IOMM_LAYOUT(sizeof(struct iomm_static_config) == IOMM_STATIC_CONFIG_SIZE_VER0,
	    "iomm_static_config");

IOMM_BEGIN_DECLS

/**
 * Makes a firmware source of tables. The n-th node of it (iomm_firmware_next())
 * is nodes[n], and its path is its name.
 *
 * @param ctx the context
 * @param config the tables
 * @param out the source, with one reference
 *
 * Ownership: copies the tables and all strings. The caller owns the reference.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL: an entry is malformed, or contradicts another (the sentence
 *   names it); E2BIG; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_firmware_create_static(struct iomm_ctx *ctx,
			    const struct iomm_static_config *config,
			    struct iomm_firmware **out);

IOMM_END_DECLS

#endif
