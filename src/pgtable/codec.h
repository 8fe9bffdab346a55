/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Formats that are made of a codec at run time. */
#ifndef IOMM_PGTABLE_CODEC_H
#define IOMM_PGTABLE_CODEC_H

#include "pgtable/format.h"

/*
 * Makes a type, and its instances, of a codec. Codec, name and data stay valid
 * until it is closed. No lock is held.
 */
int iomm_codec_open(struct iomm_ctx *ctx, const char *name,
		    const struct iomm_codec *codec, void *data,
		    const struct iomm_format_type **out);
void iomm_codec_close(struct iomm_ctx *ctx,
		      const struct iomm_format_type *type);

#endif
