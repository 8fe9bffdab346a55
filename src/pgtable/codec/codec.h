/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Formats that are codecs: the engine's generic instance, which asks a codec
 * what a descriptor is. Only the hosted library has it, since the instance
 * finds its codec by the thread.
 */
#ifndef IOMM_PGTABLE_CODEC_CODEC_H
#define IOMM_PGTABLE_CODEC_CODEC_H

#include <iomm/codec.h>

#include <stdbool.h>

#include "pgtable/engine_ops.h"

/* A codec at work. */
struct iomm_codec_engine {
	struct iomm_engine_ops ops;
	struct iomm_codec codec;
	uint32_t bits; /* that a level resolves */
	const char *format;
};

/* The functions of `ops`, and what `engine->codec` says of the rest. */
void iomm_codec_engine_init(struct iomm_codec_engine *engine);

/* A leaf and a link as the engine makes them: what a codec must not say of them
 * is put right. */
uint64_t iomm_codec_leaf(const struct iomm_codec *codec, uint64_t pa,
			 uint64_t attrs, uint32_t level);
uint64_t iomm_codec_link(const struct iomm_codec *codec, uint64_t pa,
			 uint32_t table_flags);
/* And how it reads what it finds: `kind` is one that the level can have, and
 * addresses are aligned. */
uint32_t
iomm_codec_kind(const struct iomm_codec *codec, uint64_t desc, uint32_t level);
uint64_t iomm_codec_leaf_address(const struct iomm_codec *codec, uint64_t desc,
				 uint32_t level);
uint64_t iomm_codec_link_address(const struct iomm_codec *codec, uint64_t desc);
uint64_t
iomm_codec_next(const struct iomm_codec *codec, uint64_t desc, uint64_t bytes);
int iomm_codec_encode(struct iomm_ctx *ctx,
		      const struct iomm_codec_engine *engine, uint32_t prot,
		      uint32_t table_flags, uint64_t *attrs);
uint32_t iomm_codec_decode(const struct iomm_codec *codec, uint64_t desc,
			   const uint64_t *regs, uint64_t restricts);

static inline uint32_t
iomm_codec_shift(const struct iomm_codec *codec, uint32_t level)
{
	return codec->page_shift +
	       (codec->levels - 1 - level) * (codec->page_shift - 3);
}

/* Reads the registers of a table; false when they are none of this codec. */
bool iomm_codec_start(const struct iomm_codec *codec, const uint64_t *regs,
		      struct iomm_codec_table *table);

/* Are its numbers in their bounds? EINVAL, with a sentence. */
int iomm_codec_check(struct iomm_ctx *ctx, const char *format,
		     const struct iomm_codec *codec);

/* Do its functions agree with each other, on samples? ELIBBAD, with a
 * sentence. */
int iomm_codec_try(struct iomm_ctx *ctx,
		   const struct iomm_codec_engine *engine);

#endif
