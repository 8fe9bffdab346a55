/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A probe that is under way; nobody sees it but its thread. */
#ifndef IOMM_DEVICE_PROBE_H
#define IOMM_DEVICE_PROBE_H

#include "device/device.h"

struct iomm_probe {
	struct iomm_device *device;
	struct iomm_ctx *ctx;
	struct iomm_device_limits limits;
	bool waits;	   /* it is queued for something that is to arrive */
	uint32_t arrivals; /* before it looked for anything */
	/* What its creator, or its bus and firmware say. */
	struct iomm_fwspec *spec;
	uint32_t nr_specifiers;
	/* The instance of each specifier, with a reference, and inside its
	 * presence from `nr_entered` down. */
	struct iomm_iommu **iommus;
	uint32_t nr_found, nr_entered;
	/* What the device is to get. */
	struct iomm_binding *bindings;
	uint32_t nr_bindings;
	struct iomm_group *group;
};

/* Steps of it (bind.c). What they make is undone by iomm_bindings_free(). */

/* Sorts the specifiers by instance, and has its driver translate them. */
int iomm_probe_make_bindings(struct iomm_probe *p);
/* Makes the IDs this device's. */
int iomm_probe_take_ids(struct iomm_probe *p);
/* Has the drivers take the device on, and block its DMA. */
int iomm_probe_take_on(struct iomm_probe *p);

/* Undoes all that. `nr` are in use, of an array that was made for `room`. */
void iomm_bindings_free(struct iomm_ctx *ctx, struct iomm_binding *bindings,
			uint32_t nr, uint32_t room);

#endif
