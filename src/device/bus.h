/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DEVICE_BUS_H
#define IOMM_DEVICE_BUS_H

#include <iomm/bus.h>

#include "device/firmware.h"

struct iomm_bus;

/* IDs of one device: its own, and its aliases. */
#define IOMM_BUS_INPUTS 8u

/* What a bus answers about one of its devices. */
struct iomm_bus_place {
	uint64_t node; /* the firmware node that describes it */
	/* The IDs under which its DMA arrives at the node; none: it is the
	 * node itself. */
	uint32_t nr_inputs;
	uint64_t inputs[IOMM_BUS_INPUTS];
};

struct iomm_bus_ops {
	/* Could a device have this address? EINVAL with a sentence. */
	int (*check_address)(struct iomm_bus *bus, uint64_t address);
	void (*place)(struct iomm_bus *bus, uint64_t address,
		      struct iomm_bus_place *place);
};

struct iomm_bus {
	struct iomm_object obj;
	const struct iomm_bus_ops *ops;
	struct iomm_firmware *firmware;
	uint64_t host; /* PCI: the bridge's node */
	char *name;
};

extern const struct iomm_object_type iomm_bus_type;

#endif
