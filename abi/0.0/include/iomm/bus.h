/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Buses. A bus answers two questions about a device, and no others: which
 * firmware node describes it, and under which input IDs its DMA arrives there.
 * It knows nothing of IOMMUs; they ask it. There are a platform bus, PCI, buses
 * whose answers are the caller's (iomm_bus_create()), and one that has no
 * answers, for devices that come with their own description
 * (iomm_bus_create_manual()).
 */
#ifndef IOMM_BUS_H
#define IOMM_BUS_H

#include <iomm/types.h>

/**
 * What a bus of the caller's answers. `address` is what a device of it was
 * created with (iomm_device_config.address). From any thread,
 * several at once, at creation and at each probe of a device. 0, or a negative
 * IOMM_E*, which is what the caller of the library gets. They may call the
 * library; what would wait there answers EDEADLK.
 */
struct iomm_bus_ops {
	uint32_t size;	/**< sizeof(struct iomm_bus_ops) */
	uint32_t flags; /**< 0 */

	/** Could a device have this address? Asked when one is created.
	 * Optional: every address will do. */
	IOMM_FN(int, check_address, (void *data, uint64_t address));
	/** The node, of the bus's firmware source, that describes the device,
	 * or the bridge at which its DMA arrives. EPROBE_DEFER: not known yet;
	 * asked again when an instance or a format has arrived, or is not
	 * expected any more. Required. */
	IOMM_FN(int, node, (void *data, uint64_t address, uint64_t *node));
	/** The IDs under which the device's DMA arrives at the node. Fills up
	 * to `room` of `inputs`, and sets `*count` to how many there are: when
	 * they do not fit it is asked again, with that much room, and has to
	 * say the same. 0, or no such function: the device is the node. */
	IOMM_FN(int, inputs,
		(void *data, uint64_t address, uint64_t *inputs, uint32_t room,
		 uint32_t *count));
};

#define IOMM_BUS_OPS_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_bus_ops) == IOMM_BUS_OPS_SIZE_VER0,
	    "iomm_bus_ops");

/** Most IDs that a bus may give one device. */
#define IOMM_BUS_INPUTS_MAX 1024u

IOMM_BEGIN_DECLS

/**
 * A bus of the caller's: a fabric, a simulator's bus, a bus whose bridge
 * firmware describes and whose numbering only its driver knows.
 *
 * @param firmware the source that describes what the bus names
 * @param name for messages: "mc0"
 * @param ops its answers; copied
 * @param data handed to each of them
 * @param release takes `data` back; may be NULL
 * @param out the bus, with one reference
 *
 * Ownership: the caller owns the reference; the bus holds the source, and its
 *   devices hold the bus. `release` runs exactly once, after the last answer,
 *   also when this call fails.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL (malformed, unknown flags, no `node`), E2BIG, ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_bus_create(struct iomm_firmware *firmware, const char *name,
		const struct iomm_bus_ops *ops, void *data,
		void (*release)(void *data), struct iomm_bus **out);

/**
 * The bus of devices that nothing describes: each has to come with its
 * specifiers (IOMM_DEVICE_SPECIFIERS), and has an address only for the
 * caller's use. The nodes of their IOMMUs are those of firmware, if there is
 * any, or numbers from 1 to 2^32 - 1 of the caller's choice, which no source
 * ever issues.
 *
 * @param ctx the context
 * @param name for messages: "manual"
 * @param out the bus, with one reference
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL, ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_bus_create_manual(struct iomm_ctx *ctx, const char *name,
		       struct iomm_bus **out);

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
