/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/codec.h"

#if __STDC_HOSTED__

int iomm_codec_open(struct iomm_ctx *ctx, const char *name,
		    const struct iomm_codec *codec,
		    const struct iomm_format_type **out)
{
	return iomm_codec_make_type(ctx, name, codec, out);
}

void iomm_codec_close(struct iomm_ctx *ctx, const struct iomm_format_type *type)
{
	iomm_codec_free_type(ctx, type);
}

#else

int iomm_codec_open(struct iomm_ctx *ctx, const char *name,
		    const struct iomm_codec *codec,
		    const struct iomm_format_type **out)
{
	(void)codec;
	(void)out;
	return IOMM_FAIL(ctx, IOMM_EOPNOTSUPP,
			 "%s: the freestanding core takes no codecs, only what "
			 "is compiled with its engine",
			 IOMM_STR(name));
}

void iomm_codec_close(struct iomm_ctx *ctx, const struct iomm_format_type *type)
{
	(void)ctx;
	(void)type;
}

#endif
