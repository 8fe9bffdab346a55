/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DEVICE_BUS_H
#define IOMM_DEVICE_BUS_H

#include <iomm/bus.h>

#include "device/firmware.h"

struct iomm_fwspec;

struct iomm_bus {
	struct iomm_object obj;
	struct iomm_bus_ops ops;
	void *data;
	void (*release)(void *data);
	bool own; /* the ops are the library's: no callbacks, and sentences */
	struct iomm_firmware *firmware; /* NULL: describes no device */
	char *name;
	/* PCI: the bridge's node, and the functions behind it. */
	uint64_t host;
	struct iomm_pci *pci;
	uint32_t segment;
};

extern const struct iomm_object_type iomm_bus_type;

/* Could a device have this address? EINVAL, or what the bus answered, with a
 * sentence. */
int iomm_bus_check_address(struct iomm_bus *bus, uint64_t address);

/* Asks the bus for node and IDs, and firmware for what it says of them. `device`
 * is for sentences. */
int iomm_bus_describe(struct iomm_bus *bus, uint64_t address,
		      const char *device, struct iomm_fwspec **out);

#endif
