/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Formats that are made of a codec at run time. */
#ifndef IOMM_PGTABLE_CODEC_H
#define IOMM_PGTABLE_CODEC_H

#include "pgtable/format.h"

/*
 * Makes a type, and its instances, of a codec, which is checked, tried out and
 * copied with all that follow it. The name stays valid until it is closed. No
 * lock is held. EOPNOTSUPP in the freestanding core.
 */
int iomm_codec_open(struct iomm_ctx *ctx, const char *name,
		    const struct iomm_codec *codec,
		    const struct iomm_format_type **out);
void iomm_codec_close(struct iomm_ctx *ctx,
		      const struct iomm_format_type *type);

/* pgtable/codec/; not in the core. */
int iomm_codec_make_type(struct iomm_ctx *ctx, const char *name,
			 const struct iomm_codec *codec,
			 const struct iomm_format_type **out);
void iomm_codec_free_type(struct iomm_ctx *ctx,
			  const struct iomm_format_type *type);

#endif
