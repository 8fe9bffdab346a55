/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Buses. A bus answers two questions about a device, and no others: which
 * firmware node describes it, and under which input IDs its DMA arrives there.
 * It knows nothing of IOMMUs; they ask it.
 */
#ifndef IOMM_BUS_H
#define IOMM_BUS_H

#include <iomm/types.h>

IOMM_BEGIN_DECLS

/**
 * The bus of the devices that firmware describes one by one. The node of a
 * device is its address, and what it stands behind is in its `iommus`.
 *
 * @param firmware the source that describes them
 * @param name for messages: "platform"
 * @param out the bus, with one reference
 *
 * Ownership: the caller owns the reference; the bus holds the source.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL, ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_bus_create_platform(struct iomm_firmware *firmware, const char *name,
			 struct iomm_bus **out);

/**
 * The functions behind a PCI host bridge. The address of a device is its
 * requester ID (bus << 8 | device << 3 | function). With a topology, its DMA
 * may arrive under aliases, too, all of which firmware translates; without one
 * every function is taken to be behind PCI Express ports only.
 *
 * @param firmware the source that describes the bridge
 * @param host the bridge's node: that to which the functions' DMA comes
 * @param pci the topology, or NULL
 * @param segment the functions' segment in it
 * @param name for messages: "pci0"
 * @param out the bus, with one reference
 *
 * Ownership: the caller owns the reference; the bus holds source and topology.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (malformed, `host` is no PCI host bridge, the topology is
 *   another context's), ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_bus_create_pci(struct iomm_firmware *firmware, uint64_t host,
		    struct iomm_pci *pci, uint32_t segment, const char *name,
		    struct iomm_bus **out);

/**
 * The bus's name.
 *
 * @param bus a bus
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
iomm_bus_name(struct iomm_bus *bus, char *buf, uint64_t len);

/**
 * Takes a reference.
 *
 * @param bus a bus to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_bus *iomm_bus_get(struct iomm_bus *bus);

/**
 * Gives a reference back.
 *
 * @param bus a bus, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_bus_put(struct iomm_bus *bus);

IOMM_END_DECLS

#endif
