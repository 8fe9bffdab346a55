/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * arm64-s1 once more, as a codec, of 48 bits at each granule: what is known of
 * the one holds for the other, descriptor for descriptor.
 */
#ifndef CODEC_ARM64_H
#define CODEC_ARM64_H

#include <iomm/codec.h>
#include <iomm/format_ops.h>

#include <stddef.h>

/* The codec of 4 KiB, which the others follow. */
extern const struct iomm_codec codec_arm64;

/* Registers it by this name; what iomm_format_register() answers. */
static inline int codec_arm64_register(struct iomm_ctx *ctx, const char *name)
{
	const struct iomm_format_ops ops = {
		.size = sizeof(ops),
		.abi = IOMM_FORMAT_ABI,
		.name = name,
		.codec = &codec_arm64,
	};

	return iomm_format_register(ctx, &ops, NULL, NULL, NULL);
}

#endif
