/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Trying a codec out: what it puts together it must take apart again. All
 * levels, protections and a few addresses; a codec that passes can still be of
 * another format than it says, which only its own self-test knows.
 */
#include "pgtable/codec/codec.h"

#include "pgtable/check.h"
#include "pgtable/engine_op.h"

struct trial {
	struct iomm_ctx *ctx;
	const struct iomm_codec_engine *engine;
	uint64_t regs[IOMM_PGTABLE_REGS]; /* of some table */
};

static IOMM_COLD int
contradicts(const struct trial *trial, const char *what, uint32_t level,
	    uint64_t desc, uint64_t found, uint64_t wanted)
{
	return IOMM_FAIL(trial->ctx, IOMM_ELIBBAD,
			 "codec of %s: %s of %x at level %u is %x, and not %x",
			 IOMM_STR(trial->engine->format), IOMM_STR(what), desc,
			 (uint64_t)level, found, wanted);
}

static int
try_leaf(const struct trial *trial, uint64_t pa, uint64_t attrs, uint32_t level)
{
	const struct iomm_codec *c = &trial->engine->codec;
	uint64_t desc = c->leaf(c->data, pa, attrs, level), found;

	if (desc != iomm_codec_leaf(c, pa, attrs, level))
		return contradicts(trial, "the valid or run bit", level, desc,
				   desc & (c->valid | c->run), c->valid);
	found = iomm_codec_kind(c, desc, level);
	if (found != IOMM_DESC_LEAF)
		return contradicts(trial, "the kind", level, desc, found,
				   IOMM_DESC_LEAF);
	found = iomm_codec_leaf_address(c, desc, level);
	if (found != pa)
		return contradicts(trial, "the leaf's address", level, desc,
				   found, pa);
	if ((desc & c->attrs) != attrs)
		return contradicts(trial, "the attributes", level, desc,
				   desc & c->attrs, attrs);
	if (c->accessed & ~attrs)
		return contradicts(trial, "the access flag", level, desc,
				   attrs & c->accessed, c->accessed);
	return 0;
}

/* What it allows it must be found to allow. */
static int try_prot(const struct trial *trial, uint64_t pa, uint64_t attrs,
		    uint32_t level, uint32_t prot)
{
	const uint32_t rights = IOMM_PROT_READ | IOMM_PROT_WRITE;
	const struct iomm_codec *c = &trial->engine->codec;
	uint64_t desc = iomm_codec_leaf(c, pa, attrs, level);
	uint32_t found = iomm_codec_decode(c, desc, trial->regs, 0);

	if (prot & rights & ~found)
		return contradicts(trial, "the protection", level, desc, found,
				   prot);
	return 0;
}

static int
try_next(const struct trial *trial, uint64_t pa, uint64_t attrs, uint32_t level)
{
	const struct iomm_codec *c = &trial->engine->codec;
	uint64_t bytes = UINT64_C(1) << iomm_codec_shift(c, level);
	uint64_t desc = iomm_codec_leaf(c, pa, attrs, level);
	uint64_t found = iomm_codec_next(c, desc, bytes);
	uint64_t wanted = iomm_codec_leaf(c, pa + bytes, attrs, level);

	return found == wanted ? 0
			       : contradicts(trial, "the next leaf", level,
					     desc, found, wanted);
}

static int try_link(const struct trial *trial, uint64_t pa, uint32_t level)
{
	const struct iomm_codec *c = &trial->engine->codec;
	uint64_t desc = c->link(c->data, pa, 0), found;

	if (!(desc & c->valid) || (desc & c->restricts))
		return contradicts(trial, "the valid bit or restrictions",
				   level, desc,
				   desc & (c->valid | c->restricts), c->valid);
	found = iomm_codec_kind(c, desc, level);
	if (found != IOMM_DESC_TABLE)
		return contradicts(trial, "the kind", level, desc, found,
				   IOMM_DESC_TABLE);
	found = iomm_codec_link_address(c, desc);
	return found == pa ? 0
			   : contradicts(trial, "the link's address", level,
					 desc, found, pa);
}

/* Addresses to try: 0, each single bit, and all of them. */
static uint64_t sample(uint32_t n, uint32_t low, uint32_t high)
{
	uint64_t all = (UINT64_C(1) << high) - (UINT64_C(1) << low);

	if (!n)
		return 0;
	return low + n - 1 < high ? UINT64_C(1) << (low + n - 1) : all;
}

static int
try_addresses(const struct trial *trial, uint64_t attrs, uint32_t level)
{
	const struct iomm_codec *c = &trial->engine->codec;
	uint32_t low = iomm_codec_shift(c, level), high = c->max_oas, n;
	int r = 0;

	for (n = 0; !r && n < high - low + 2; n++)
		r = try_leaf(trial, sample(n, low, high), attrs, level);
	/* After the last address there is none. */
	for (n = 0; !r && n <= high - low; n++)
		r = try_next(trial, sample(n, low, high), attrs, level);
	return r;
}

static int try_links(const struct trial *trial)
{
	const struct iomm_codec *c = &trial->engine->codec;
	uint32_t level, n;
	int r = 0;

	for (level = 0; level + 1 < c->levels; level++)
		for (n = 0; !r && n < c->max_oas - c->page_shift + 2; n++)
			r = try_link(trial,
				     sample(n, c->page_shift, c->max_oas),
				     level);
	return r;
}

static int try_level(const struct trial *trial, uint32_t prot, uint64_t attrs,
		     uint32_t level)
{
	const struct iomm_codec *c = &trial->engine->codec;
	int r;

	if (!(c->leaf_levels >> level & 1) ||
	    iomm_codec_shift(c, level) >= c->max_oas)
		return 0;
	r = try_addresses(trial, attrs, level);
	return r ? r : try_prot(trial, 0, attrs, level, prot);
}

static int try_leaves(const struct trial *trial, uint32_t prot)
{
	const struct iomm_codec *c = &trial->engine->codec;
	uint64_t attrs;
	uint32_t level;
	int r = iomm_codec_encode(trial->ctx, trial->engine, prot, 0, &attrs);

	if (r)
		return r == -IOMM_EOPNOTSUPP ? 0 : -IOMM_ELIBBAD;
	for (level = 0; !r && level < c->levels; level++)
		r = try_level(trial, prot, attrs, level);
	return r;
}

/* Its own registers it must know again. */
static int try_registers(struct trial *trial)
{
	const struct iomm_codec *c = &trial->engine->codec;
	struct iomm_codec_table table = {
		.size = sizeof(table),
		.ias = c->ias,
		.oas = c->oas,
	}, found;
	struct iomm_geometry geometry;

	trial->engine->ops.geometry(&trial->engine->ops, c->ias, &geometry);
	table.start_level = geometry.start_level;
	c->registers(c->data, &table, trial->regs);
	if (!c->start)
		return 0;
	if (iomm_codec_start(c, trial->regs, &found) && found.ias == c->ias &&
	    found.oas >= c->oas && !found.root && !found.first_iova)
		return 0;
	return IOMM_FAIL(trial->ctx, IOMM_ELIBBAD,
			 "codec of %s: it reads its own registers for widths "
			 "of %u and %u bits back as %u and %u, at %x",
			 IOMM_STR(trial->engine->format), (uint64_t)c->ias,
			 (uint64_t)c->oas, (uint64_t)found.ias,
			 (uint64_t)found.oas, found.root);
}

int iomm_codec_try(struct iomm_ctx *ctx, const struct iomm_codec_engine *engine)
{
	struct trial trial = { .ctx = ctx, .engine = engine };
	const uint32_t rights = IOMM_PROT_READ | IOMM_PROT_WRITE;
	const uint32_t both = IOMM_PROT_CACHE | IOMM_PROT_MMIO;
	uint32_t prot;
	int r = try_registers(&trial);

	if (!r)
		r = try_links(&trial);
	for (prot = 0; !r && prot < IOMM_PGTABLE_PROTS; prot++)
		if ((prot & rights) && (prot & both) != both)
			r = try_leaves(&trial, prot);
	return r;
}
