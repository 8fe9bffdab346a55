/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a codec's numbers must be, so that the engine, which has no bounds of its
 * own for them, stays in its own memory.
 */
#include "pgtable/codec/codec.h"

#include "pgtable/check.h"

#define TABLE_FLAGS                                                  \
	(IOMM_PGTABLE_UPPER | IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_NS | \
	 IOMM_PGTABLE_S2FWB)

/* A number, and what it may be. */
struct bound {
	const char *name;
	uint64_t value, least, most;
};

static int check_bounds(struct iomm_ctx *ctx, const char *format,
			const struct bound *bound, uint32_t count)
{
	for (; count; count--, bound++)
		if (bound->value < bound->least || bound->value > bound->most)
			return IOMM_FAIL(ctx, IOMM_EINVAL,
					 "codec of %s: %s is %u, and not from "
					 "%u to %u",
					 IOMM_STR(format),
					 IOMM_STR(bound->name), bound->value,
					 bound->least, bound->most);
	return 0;
}

static int check_sizes(struct iomm_ctx *ctx, const char *format,
		       const struct iomm_codec *c)
{
	const struct bound sizes[] = {
		{ "page_shift", c->page_shift, 9, 16 },
		{ "levels", c->levels, 1, IOMM_CODEC_LEVELS },
		{ "concat", c->concat, 0, 4 },
		{ "nr_regs", c->nr_regs, 1, IOMM_PGTABLE_REGS },
	};

	return check_bounds(ctx, format, sizes,
			    sizeof(sizes) / sizeof(sizes[0]));
}

static int check_widths(struct iomm_ctx *ctx, const char *format,
			const struct iomm_codec *c)
{
	uint32_t span = iomm_codec_shift(c, 0) + c->page_shift - 3;
	uint32_t most = span + c->concat;
	const struct bound widths[] = {
		{ "what all levels resolve", span, 0, 63 },
		{ "max_ias", c->max_ias, c->page_shift + 1,
		  most < 63 ? most : 63 },
		{ "min_ias", c->min_ias, c->page_shift + 1, c->max_ias },
		{ "ias", c->ias, c->min_ias, c->max_ias },
		{ "max_oas", c->max_oas, c->page_shift + 1, 63 },
		{ "oas", c->oas, c->page_shift + 1, c->max_oas },
		{ "min_root", c->min_root, 64,
		  UINT64_C(1) << (c->page_shift + c->concat) },
	};
	int r = check_bounds(ctx, format, widths,
			     sizeof(widths) / sizeof(widths[0]));

	if (r || !(c->min_root & (c->min_root - 1)))
		return r;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "codec of %s: min_root, %x, is no power of two",
			 IOMM_STR(format), (uint64_t)c->min_root);
}

static int check_levels(struct iomm_ctx *ctx, const char *format,
			const struct iomm_codec *c)
{
	uint32_t level, runs = 0;

	if (c->leaf_levels >> c->levels ||
	    !(c->leaf_levels >> (c->levels - 1) & 1))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "codec of %s: leaf_levels %x has a level over "
				 "the last, %u, or has not that",
				 IOMM_STR(format), (uint64_t)c->leaf_levels,
				 (uint64_t)c->levels - 1);
	for (level = 0; level < IOMM_CODEC_LEVELS; level++) {
		runs |= c->run_shift[level];
		if (!c->run_shift[level] ||
		    ((c->leaf_levels >> level & 1) &&
		     c->run_shift[level] < c->page_shift - 3))
			continue;
		return IOMM_FAIL(
			ctx, IOMM_EINVAL,
			"codec of %s: runs of 2^%u leaves at level %u, "
			"which has no leaves or not so many",
			IOMM_STR(format), (uint64_t)c->run_shift[level], level);
	}
	if (!runs == !c->run)
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "codec of %s: there is a bit for runs (%x) without "
			 "runs, or runs without a bit",
			 IOMM_STR(format), c->run);
}

/* Bits, and which others they must be among. */
struct bits {
	const char *name;
	uint64_t value, known;
};

static bool is_bit(uint64_t value)
{
	return value && !(value & (value - 1));
}

static int check_masks(struct iomm_ctx *ctx, const char *format,
		       const struct iomm_codec *c)
{
	const struct bits masks[] = {
		{ "valid", c->valid, UINT32_MAX & ~(c->run | c->attrs) },
		{ "run", c->run, ~c->attrs },
		{ "restricts", c->restricts, ~c->valid },
		{ "breaks", c->breaks, c->attrs },
		{ "accessed", c->accessed, c->attrs },
		{ "dirty_mask", c->dirty_mask, c->attrs },
		{ "dirty_value", c->dirty_value, c->dirty_mask },
		{ "dirty", c->dirty, c->dirty_mask },
		{ "prot", c->prot, IOMM_ALL_PROT },
		{ "table_flags", c->table_flags, TABLE_FLAGS },
		{ "flags", c->flags, 0 },
	};
	uint32_t i;

	for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
		if (masks[i].value & ~masks[i].known)
			return IOMM_FAIL(ctx, IOMM_EINVAL,
					 "codec of %s: %s is %x, of which it "
					 "cannot have %x",
					 IOMM_STR(format),
					 IOMM_STR(masks[i].name),
					 masks[i].value,
					 masks[i].value & ~masks[i].known);
	if (!is_bit(c->valid) || (c->run && !is_bit(c->run)) ||
	    (c->dirty_mask && !is_bit(c->dirty)))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "codec of %s: valid (%x), run (%x) and dirty "
				 "(%x) are one bit each",
				 IOMM_STR(format), c->valid, c->run, c->dirty);
	if ((c->table_flags & IOMM_PGTABLE_DIRTY) && !c->dirty_mask)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "codec of %s: tables are DIRTY, and leaves "
				 "are not",
				 IOMM_STR(format));
	return 0;
}

static int check_functions(struct iomm_ctx *ctx, const char *format,
			   const struct iomm_codec *c)
{
	if (c->leaf && c->link && c->kind && c->leaf_address &&
	    c->link_address && c->encode && c->decode && c->registers)
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "codec of %s: a function is NULL, and only start may "
			 "be",
			 IOMM_STR(format));
}

int iomm_codec_check(struct iomm_ctx *ctx, const char *format,
		     const struct iomm_codec *codec)
{
	int r = check_sizes(ctx, format, codec);

	if (!r)
		r = check_widths(ctx, format, codec);
	if (!r)
		r = check_levels(ctx, format, codec);
	if (!r)
		r = check_masks(ctx, format, codec);
	return r ? r : check_functions(ctx, format, codec);
}
