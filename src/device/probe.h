/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A probe that is under way; nobody sees it but its thread. */
#ifndef IOMM_DEVICE_PROBE_H
#define IOMM_DEVICE_PROBE_H

#include "device/device.h"

struct iomm_probe {
	struct iomm_device *device;
	struct iomm_ctx *ctx;
	bool waits;	   /* it is queued for something that is to arrive */
	bool barred;	   /* the group's claim was not to be had */
	uint32_t arrivals; /* before it looked for anything */
	/* What the bus says. */
	uint64_t *inputs;
	uint32_t nr_inputs;
	/* What firmware says. */
	struct iomm_fwspec *spec;
	uint32_t nr_specifiers;
	/* The instance of each specifier, with a reference, and inside its
	 * presence from `nr_entered` down. */
	struct iomm_iommu **iommus;
	uint32_t nr_found, nr_entered;
	/* What the device is to get. */
	struct iomm_member *member;
};

#endif
