/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Many descriptors at once, where the CPU has instructions for that. They do
 * what the loops of the engine do, for formats whose descriptors are 8 bytes
 * and whose next leaf is a number further on; those loops go on where these
 * stop. Only the hosted library has them.
 */
#ifndef IOMM_BASE_VECTOR_H
#define IOMM_BASE_VECTOR_H

#include <stdint.h>

struct iomm_vector {
	/* Writes value, value + step, ... to as many of `count` entries as are
	 * zero, from the first on; may stop earlier. Returns how many. */
	uint32_t (*fill)(uint64_t *desc, uint64_t value, uint64_t step,
			 uint32_t count);
	/* The same without a look at what is there. */
	uint32_t (*write)(uint64_t *desc, uint64_t value, uint64_t step,
			  uint32_t count);
	/* As write, past the caches, which do not have to fetch first what is
	 * overwritten; in no order with anything before ordered(). */
	uint32_t (*stream)(uint64_t *desc, uint64_t value, uint64_t step,
			   uint32_t count);
	/* What was streamed is seen before what is stored from here on. */
	void (*ordered)(void);
	/* Clears as many of `count` entries as have all of `bits`, from the
	 * first on; may stop earlier. Returns how many. */
	uint32_t (*clear)(uint64_t *desc, uint64_t bits, uint32_t count);
};

/* From so many entries on they pay. */
#define IOMM_VECTOR_MIN 16u

/* Bytes of tables of one call from which on they are streamed: about as much as
 * a core has for itself. */
#define IOMM_VECTOR_STREAM (UINT64_C(1) << 20)

/* What this CPU has, or NULL. platform/vector.c; not in the core. */
const struct iomm_vector *iomm_platform_vector(void);

#endif
