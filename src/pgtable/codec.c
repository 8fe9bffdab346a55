/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/codec.h"

int iomm_codec_open(struct iomm_ctx *ctx, const char *name,
		    const struct iomm_codec *codec, void *data,
		    const struct iomm_format_type **out)
{
	(void)codec;
	(void)data;
	(void)out;
	return IOMM_FAIL(ctx, IOMM_EOPNOTSUPP,
			 "%s: formats made of a codec are not supported",
			 IOMM_STR(name));
}

void iomm_codec_close(struct iomm_ctx *ctx, const struct iomm_format_type *type)
{
	(void)ctx;
	(void)type;
}
