/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DEVICE_BUS_H
#define IOMM_DEVICE_BUS_H

#include <iomm/bus.h>

#include "device/firmware.h"

struct iomm_bus;

struct iomm_bus_ops {
	/* Could a device have this address? EINVAL with a sentence. */
	int (*check_address)(struct iomm_bus *bus, uint64_t address);
	/* The firmware node that describes it. */
	uint64_t (*node)(const struct iomm_bus *bus, uint64_t address);
	/* The IDs under which its DMA arrives at the node; 0: it is the node
	 * itself. Fills up to `room`, and answers how many there are. */
	uint32_t (*inputs)(struct iomm_bus *bus, uint64_t address,
			   uint64_t *inputs, uint32_t room);
};

struct iomm_bus {
	struct iomm_object obj;
	const struct iomm_bus_ops *ops;
	struct iomm_firmware *firmware;
	/* PCI: the bridge's node, and the functions behind it. */
	uint64_t host;
	struct iomm_pci *pci;
	uint32_t segment;
	char *name;
};

extern const struct iomm_object_type iomm_bus_type;

#endif
