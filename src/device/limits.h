/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DEVICE_LIMITS_H
#define IOMM_DEVICE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* What a device can do, in its creator's words, or in his and firmware's. */
struct iomm_device_limits {
	/* IOMM_DEVICE_PASID_BITS, _NUMA_NODE, _COHERENT and _NOT_COHERENT: what
	 * was said. */
	uint32_t flags;
	uint32_t pasid_bits, numa_node;
	uint32_t default_domain;      /* IOMM_DOMAIN_*; ANY: not said */
	uint64_t dma_mask;	      /* 2^n - 1: how far a domain may reach */
	uint64_t dma_first, dma_last; /* what of that the device can use */
	bool coherent;		      /* DMA snoops CPU caches */
};

#endif
