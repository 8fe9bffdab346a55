/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ways in which structs cross the ABI: in, out, and as elements of arrays. */
#ifndef IOMM_BASE_ABI_H
#define IOMM_BASE_ABI_H

#include <stdint.h>

struct iomm_ctx;

/* No struct of the ABI is ever larger: a size over this was not set, and what
 * it spans is not looked at. */
#define IOMM_STRUCT_MAX 4096u

/* Is this what the caller may have set a struct's `size` to? */
int iomm_check_size(struct iomm_ctx *ctx, uint32_t size, uint32_t ver0,
		    const char *name);

/*
 * Copies the caller's struct `src` into `dst`, `known` bytes as this library
 * knows it: zero-filled when the caller's is shorter. EINVAL when it is shorter
 * than version 0 (`dst` is untouched then), E2BIG when it has a tail that is not
 * zero. `ctx` may be NULL.
 */
int iomm_struct_in(struct iomm_ctx *ctx, void *dst, uint32_t known,
		   uint32_t ver0, const void *src, const char *name);

/* The same for an element of an array, whose stride is its size. */
int iomm_element_in(struct iomm_ctx *ctx, void *dst, uint32_t known,
		    uint32_t ver0, const void *src, uint32_t stride,
		    const char *name);

/*
 * Copies `src` out to the caller's struct `dst`, whose `size` is read first:
 * the smaller of the two is filled, the rest zeroed, `known` written to `size`.
 */
int iomm_struct_out(struct iomm_ctx *ctx, void *dst, const void *src,
		    uint32_t known, uint32_t ver0, const char *name);

/*
 * Copies out `have` elements of `bytes` each to an array of `*count` elements
 * that are `stride` bytes apart; the rest of each stride is zeroed. `*count` is
 * set to `have` always; EMSGSIZE when they do not fit, and then none is copied.
 */
int iomm_array_out(struct iomm_ctx *ctx, void *dst, uint32_t stride,
		   uint32_t *count, const void *src, uint32_t bytes,
		   uint32_t have, const char *name);

/* Unknown bits set in `value`: EINVAL with a sentence that shows them. */
int iomm_check_bits(struct iomm_ctx *ctx, uint64_t value, uint64_t known,
		    const char *name);

#endif
