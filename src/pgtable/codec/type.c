/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A format made of codecs. */
#include "pgtable/codec/codec.h"

#include "base/abi.h"
#include "base/list.h"
#include "pgtable/codec.h"

/* Granules and widths of one format. More are made by a list that loops. */
#define MOST_ENGINES 16u

struct codec_type {
	struct iomm_format_type type;
	uint32_t count;
	const struct iomm_engine_ops *list[MOST_ENGINES + 1];
	struct iomm_codec_engine engine[];
};

static uint64_t type_bytes(uint32_t count)
{
	return sizeof(struct codec_type) +
	       count * (uint64_t)sizeof(struct iomm_codec_engine);
}

static const struct codec_type *of(const struct iomm_format_type *type)
{
	return iomm_container_of(type, const struct codec_type, type);
}

/* The first that knows the registers. */
static const struct iomm_engine_ops *
select_engine(const struct iomm_format_type *type, const uint64_t *regs)
{
	const struct codec_type *made = of(type);
	struct iomm_codec_table table;
	uint32_t i;

	for (i = 0; i < made->count; i++)
		if (iomm_codec_start(&made->engine[i].codec, regs, &table))
			return made->list[i];
	return NULL;
}

/* All instances are the one format. */
static int
check_same(struct iomm_ctx *ctx, const char *name,
	   const struct iomm_codec *first, const struct iomm_codec *other)
{
	if (first->prot == other->prot &&
	    first->table_flags == other->table_flags &&
	    first->nr_regs == other->nr_regs && !first->start == !other->start)
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "codecs of %s differ in prot (%x, %x), table_flags "
			 "(%x, %x), nr_regs or start",
			 IOMM_STR(name), (uint64_t)first->prot,
			 (uint64_t)other->prot, (uint64_t)first->table_flags,
			 (uint64_t)other->table_flags);
}

static int read_codec(struct iomm_ctx *ctx, struct codec_type *made, uint32_t i,
		      const struct iomm_codec *codec)
{
	struct iomm_codec_engine *engine = &made->engine[i];
	const char *name = made->type.name;
	int r;

	engine->format = name;
	r = iomm_struct_in(ctx, &engine->codec, sizeof(engine->codec),
			   IOMM_CODEC_SIZE_VER0, codec, "iomm_codec");
	if (!r)
		r = iomm_codec_check(ctx, name, &engine->codec);
	if (!r)
		r = check_same(ctx, name, &made->engine[0].codec,
			       &engine->codec);
	if (r)
		return r;
	iomm_codec_engine_init(engine);
	made->list[i] = &engine->ops;
	return iomm_codec_try(ctx, engine);
}

static int read_codecs(struct iomm_ctx *ctx, struct codec_type *made,
		       const struct iomm_codec *codec)
{
	const struct iomm_codec *first = &made->engine[0].codec;
	uint32_t i;
	int r;

	for (i = 0; i < made->count; i++, codec = codec->next) {
		r = read_codec(ctx, made, i, codec);
		if (r)
			return r;
	}
	made->type.prot = first->prot;
	made->type.flags = first->table_flags;
	made->type.nr_regs = first->nr_regs;
	made->type.engines = made->list;
	made->type.select = first->start ? select_engine : NULL;
	return 0;
}

static int count_codecs(struct iomm_ctx *ctx, const char *name,
			const struct iomm_codec *codec, uint32_t *count)
{
	int r;

	for (*count = 0; codec; codec = codec->next) {
		if (++*count > MOST_ENGINES)
			return IOMM_FAIL(ctx, IOMM_EINVAL,
					 "format %s has more than %u codecs",
					 IOMM_STR(name), MOST_ENGINES);
		r = iomm_check_size(ctx, codec->size, IOMM_CODEC_SIZE_VER0,
				    "iomm_codec");
		if (r)
			return r;
	}
	return 0;
}

int iomm_codec_make_type(struct iomm_ctx *ctx, const char *name,
			 const struct iomm_codec *codec,
			 const struct iomm_format_type **out)
{
	struct codec_type *made;
	uint32_t count;
	int r = count_codecs(ctx, name, codec, &count);

	if (r)
		return r;
	made = iomm_alloc(ctx, type_bytes(count));
	if (!made)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the codecs of %s",
				 IOMM_STR(name));
	made->count = count;
	made->type.name = name;
	r = read_codecs(ctx, made, codec);
	if (r)
		iomm_free(ctx, made, type_bytes(count));
	else
		*out = &made->type;
	return r;
}

void iomm_codec_free_type(struct iomm_ctx *ctx,
			  const struct iomm_format_type *type)
{
	struct codec_type *made =
		iomm_container_of(type, struct codec_type, type);

	iomm_free(ctx, made, type_bytes(made->count));
}
