/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The generic instance of the engine. The template has no word for whose
 * descriptors it works on, so each of its functions is entered through one here,
 * which says so for the thread while it runs. That may happen inside another
 * table's, as when a hook of the one looks at the other.
 */
#include "pgtable/codec/codec.h"

#include "base/list.h"
#include "pgtable/engine_op.h"
#include "pgtable/raw_walk.h"

/* Near at hand: it is looked at for each descriptor. */
static _Thread_local const struct iomm_codec_engine *current
	__attribute__((tls_model("initial-exec")));

static inline const struct iomm_codec *codec(void)
{
	return &current->codec;
}

static uint64_t size_of(const struct iomm_codec *c, uint32_t level)
{
	return UINT64_C(1) << iomm_codec_shift(c, level);
}

/* What the codec answers, within bounds */

uint64_t iomm_codec_leaf(const struct iomm_codec *c, uint64_t pa,
			 uint64_t attrs, uint32_t level)
{
	uint64_t desc = c->leaf(c->data, pa, attrs & c->attrs, level);

	return (desc & ~c->run) | (attrs & c->run) | c->valid;
}

uint64_t
iomm_codec_link(const struct iomm_codec *c, uint64_t pa, uint32_t table_flags)
{
	return c->link(c->data, pa, table_flags & c->table_flags) | c->valid;
}

uint32_t
iomm_codec_kind(const struct iomm_codec *c, uint64_t desc, uint32_t level)
{
	uint32_t kind;

	if (!(desc & c->valid))
		return IOMM_DESC_NONE;
	kind = c->kind(c->data, desc, level);
	if (kind == IOMM_CODEC_TABLE && level < c->levels - 1)
		return IOMM_DESC_TABLE;
	if (kind == IOMM_CODEC_LEAF && (c->leaf_levels >> level & 1))
		return IOMM_DESC_LEAF;
	return IOMM_DESC_NONE;
}

uint64_t iomm_codec_leaf_address(const struct iomm_codec *c, uint64_t desc,
				 uint32_t level)
{
	return c->leaf_address(c->data, desc, level) & ~(size_of(c, level) - 1);
}

uint64_t iomm_codec_link_address(const struct iomm_codec *c, uint64_t desc)
{
	return c->link_address(c->data, desc) &
	       ~(size_of(c, c->levels - 1) - 1);
}

uint64_t
iomm_codec_next(const struct iomm_codec *c, uint64_t desc, uint64_t bytes)
{
	uint32_t level = c->levels - 1;

	if (c->page_step)
		return desc + (bytes >> c->page_shift) * c->page_step;
	while (level && size_of(c, level) < bytes)
		level--;
	return iomm_codec_leaf(c,
			       iomm_codec_leaf_address(c, desc, level) + bytes,
			       desc & (c->attrs | c->run), level);
}

int iomm_codec_encode(struct iomm_ctx *ctx,
		      const struct iomm_codec_engine *engine, uint32_t prot,
		      uint32_t table_flags, uint64_t *attrs)
{
	const struct iomm_codec *c = &engine->codec;
	uint64_t found = 0;
	int r = -IOMM_EOPNOTSUPP;

	if (!(prot & ~c->prot))
		r = iomm_answer(c->encode(c->data, prot,
					  table_flags & c->table_flags,
					  &found));
	if (r == -IOMM_EOPNOTSUPP)
		return IOMM_FAIL(ctx, IOMM_EOPNOTSUPP,
				 "format %s cannot express the protection %x",
				 IOMM_STR(engine->format), (uint64_t)prot);
	if (r || (found & ~c->attrs))
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "the codec of %s made attributes %x of the "
				 "protection %x (error %u), and its attributes "
				 "are %x",
				 IOMM_STR(engine->format), found,
				 (uint64_t)prot, (uint64_t)-r, c->attrs);
	*attrs = found;
	return 0;
}

uint32_t iomm_codec_decode(const struct iomm_codec *c, uint64_t desc,
			   const uint64_t *regs, uint64_t restricts)
{
	return c->decode(c->data, desc, regs, restricts) & c->prot;
}

bool iomm_codec_start(const struct iomm_codec *c, const uint64_t *regs,
		      struct iomm_codec_table *table)
{
	*table = (struct iomm_codec_table){ .size = sizeof(*table) };
	return c->start && !c->start(c->data, regs, table) &&
	       table->ias >= c->min_ias && table->ias <= c->max_ias &&
	       table->oas > c->page_shift && table->oas <= c->max_oas;
}

/* The instance */

static int
generic_prot(const struct iomm_pgtable *pgtable, uint32_t prot, uint64_t *attrs)
{
	return iomm_codec_encode(pgtable->object.ctx, current, prot,
				 pgtable->flags, attrs);
}

static bool generic_dirty(uint64_t desc)
{
	const struct iomm_codec *c = codec();

	return c->dirty_mask && (desc & c->dirty_mask) == c->dirty_value;
}

static void generic_fill_registers(struct iomm_pgtable *pgtable)
{
	const struct iomm_codec_table table = {
		.size = sizeof(table),
		.flags = pgtable->flags,
		.ias = pgtable->ias,
		.oas = pgtable->oas,
		.root = iomm_node_pa(pgtable->root),
		.first_iova = pgtable->first_iova,
		.start_level = pgtable->start_level,
	};

	codec()->registers(codec()->data, &table, pgtable->regs);
}

static uint32_t
generic_start_walk(const uint64_t *regs, struct iomm_raw_state *state)
{
	struct iomm_codec_table table;

	if (!iomm_codec_start(codec(), regs, &table))
		return IOMM_RAW_REGISTERS;
	state->ias = table.ias;
	state->oas = table.oas;
	state->root = table.root;
	state->first_iova = table.first_iova;
	return IOMM_RAW_OK;
}

#define FMT_RUNTIME
#define FMT_FN(name)	      generic_##name
#define FMT_PAGE_SHIFT	      codec()->page_shift
#define FMT_BITS	      current->bits
#define FMT_LEVELS	      codec()->levels
#define FMT_TOP_LEVEL	      codec()->top_level
#define FMT_DESC_SHIFT	      3u
#define FMT_MIN_ROOT	      codec()->min_root
#define FMT_CONCAT	      codec()->concat
#define FMT_LEAF_LEVELS	      codec()->leaf_levels
#define FMT_CONT_SHIFT(level) codec()->run_shift[level]
#define FMT_CONT	      codec()->run

#define FMT_PROT		  generic_prot
#define FMT_LEAF(pa, attrs, l)	  iomm_codec_leaf(codec(), pa, attrs, l)
#define FMT_NEXT(desc, bytes)	  iomm_codec_next(codec(), desc, bytes)
#define FMT_VECTOR		  0
#define FMT_TABLE(pgtable, pa)	  iomm_codec_link(codec(), pa, (pgtable)->flags)
#define FMT_VALID(desc)		  ((desc)&codec()->valid)
#define FMT_KIND(desc, level)	  iomm_codec_kind(codec(), desc, level)
#define FMT_LEAF_PA(desc, level)  iomm_codec_leaf_address(codec(), desc, level)
#define FMT_TABLE_PA(desc)	  iomm_codec_link_address(codec(), desc)
#define FMT_ATTRS(desc)		  ((desc)&codec()->attrs)
#define FMT_TABLE_RESTRICTS	  codec()->restricts
#define FMT_BROKEN(desc)	  ((desc) & ~codec()->valid)
#define FMT_WHOLE(desc)		  ((desc) | codec()->valid)
#define FMT_BREAK(old, attrs)	  (((old) ^ (attrs)) & codec()->breaks)
#define FMT_DIRTY(desc)		  generic_dirty(desc)
#define FMT_CLEAN(desc)		  ((desc) ^ codec()->dirty)
#define FMT_LEAF_PROT(desc, r, t) iomm_codec_decode(codec(), desc, r, t)
#define FMT_OWN_PROT(pgtable, d) \
	iomm_codec_decode(codec(), d, (pgtable)->regs, 0)
#define FMT_REGISTERS	       generic_fill_registers
#define FMT_RAW_START	       generic_start_walk
#define FMT_RAW_TABLE(desc, s) ((s)->restrictions |= (desc)&codec()->restricts)
#define FMT_ACCESSED(desc)     (!(~(desc)&codec()->accessed))
#include "pgtable/engine.h"

/* The way in, and out */

static const struct iomm_codec_engine *enter(const struct iomm_engine_ops *ops)
{
	const struct iomm_codec_engine *outer = current;

	current = iomm_container_of(ops, const struct iomm_codec_engine, ops);
	return outer;
}

static int leave(const struct iomm_codec_engine *outer, int result)
{
	current = outer;
	return result;
}

static void geometry(const struct iomm_engine_ops *ops, uint32_t ias,
		     struct iomm_geometry *out)
{
	const struct iomm_codec_engine *outer = enter(ops);

	generic_geometry(ops, ias, out);
	current = outer;
}

static uint32_t
leaf_levels(const struct iomm_engine_ops *ops, uint64_t page_sizes)
{
	const struct iomm_codec_engine *outer = enter(ops);
	uint32_t levels = generic_leaf_levels(ops, page_sizes);

	current = outer;
	return levels;
}

static uint32_t
run_levels(const struct iomm_engine_ops *ops, uint64_t page_sizes)
{
	const struct iomm_codec_engine *outer = enter(ops);
	uint32_t levels = generic_run_levels(ops, page_sizes);

	current = outer;
	return levels;
}

static void registers(struct iomm_pgtable *pgtable)
{
	const struct iomm_codec_engine *outer = enter(pgtable->ops);

	generic_registers(pgtable);
	current = outer;
}

static int adopt(struct iomm_pgtable *pgtable, struct iomm_node *node,
		 uint32_t level, uint32_t slots)
{
	const struct iomm_codec_engine *outer = enter(pgtable->ops);

	return leave(outer, generic_adopt(pgtable, node, level, slots));
}

static int
encode(const struct iomm_pgtable *pgtable, uint32_t prot, uint64_t *attrs)
{
	const struct iomm_codec_engine *outer = enter(pgtable->ops);

	return leave(outer, generic_encode(pgtable, prot, attrs));
}

static int map(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
	       uint64_t bytes, uint32_t prot, uint32_t flags, uint64_t *mapped)
{
	const struct iomm_codec_engine *outer = enter(cursor->pgtable->ops);

	return leave(outer, generic_map(cursor, iova, paddr, bytes, prot, flags,
					mapped));
}

static int
map_shared(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
	   uint64_t bytes, uint32_t prot, uint32_t flags, uint64_t *mapped)
{
	const struct iomm_codec_engine *outer = enter(cursor->pgtable->ops);

	return leave(outer, generic_map_shared(cursor, iova, paddr, bytes, prot,
					       flags, mapped));
}

static int unmap(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		 struct iomm_gather *gather, uint64_t *unmapped)
{
	const struct iomm_codec_engine *outer = enter(cursor->pgtable->ops);

	return leave(outer,
		     generic_unmap(cursor, iova, bytes, gather, unmapped));
}

static int
unmap_shared(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
	     struct iomm_gather *gather, uint64_t *unmapped)
{
	const struct iomm_codec_engine *outer = enter(cursor->pgtable->ops);

	return leave(outer, generic_unmap_shared(cursor, iova, bytes, gather,
						 unmapped));
}

static int translate(struct iomm_pgtable *pgtable, uint64_t iova,
		     struct iomm_translation *out)
{
	const struct iomm_codec_engine *outer = enter(pgtable->ops);

	return leave(outer, generic_translate(pgtable, iova, out));
}

static int translate_shared(struct iomm_pgtable *pgtable, uint64_t iova,
			    struct iomm_translation *out)
{
	const struct iomm_codec_engine *outer = enter(pgtable->ops);

	return leave(outer, generic_translate_shared(pgtable, iova, out));
}

static int map_far(struct iomm_engine_op *op)
{
	const struct iomm_codec_engine *outer = enter(op->pgtable->ops);

	return leave(outer, generic_map_far(op));
}

static int change(struct iomm_engine_op *op)
{
	const struct iomm_codec_engine *outer = enter(op->pgtable->ops);

	return leave(outer, generic_change(op));
}

static int merge(struct iomm_engine_op *op)
{
	const struct iomm_codec_engine *outer = enter(op->pgtable->ops);

	return leave(outer, generic_merge(op));
}

static void settle(struct iomm_cursor *cursor, uint64_t iova)
{
	const struct iomm_codec_engine *outer = enter(cursor->pgtable->ops);

	generic_settle(cursor, iova);
	current = outer;
}

static int translate_far(struct iomm_pgtable *pgtable, uint64_t iova,
			 struct iomm_translation *out)
{
	const struct iomm_codec_engine *outer = enter(pgtable->ops);

	return leave(outer, generic_translate_far(pgtable, iova, out));
}

static int extents(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		   struct iomm_extents *out)
{
	const struct iomm_codec_engine *outer = enter(pgtable->ops);

	return leave(outer, generic_extents(pgtable, iova, last, out));
}

static int walk(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		const struct iomm_visitor *visitor)
{
	const struct iomm_codec_engine *outer = enter(pgtable->ops);

	return leave(outer, generic_walk(pgtable, iova, last, visitor));
}

static void raw_walk(const struct iomm_engine_ops *ops,
		     const struct iomm_raw_walker *walker, uint64_t iova,
		     struct iomm_raw_result *out)
{
	const struct iomm_codec_engine *outer = enter(ops);

	generic_raw_walk(ops, walker, iova, out);
	current = outer;
}

static uint64_t page_sizes(const struct iomm_codec *c)
{
	uint64_t sizes = 0;
	uint32_t level;

	for (level = 0; level < c->levels; level++)
		if (c->leaf_levels >> level & 1)
			sizes |= size_of(c, level) |
				 size_of(c, level) << c->run_shift[level];
	return sizes;
}

void iomm_codec_engine_init(struct iomm_codec_engine *engine)
{
	const struct iomm_codec *c = &engine->codec;

	engine->bits = c->page_shift - 3;
	engine->ops = (struct iomm_engine_ops){
		.granule = UINT64_C(1) << c->page_shift,
		.page_sizes = page_sizes(c),
		.min_ias = c->min_ias,
		.max_ias = c->max_ias,
		.max_oas = c->max_oas,
		.ias = c->ias,
		.oas = c->oas,
		.last_level = c->levels - 1,
		.desc_shift = 3,
		.bits = engine->bits,
		.page_shift = c->page_shift,
		.geometry = geometry,
		.leaf_levels = leaf_levels,
		.run_levels = run_levels,
		.registers = registers,
		.adopt = adopt,
		.encode = encode,
		.exclusive = {
			.map = map,
			.unmap = unmap,
			.translate = translate,
		},
		.shared = {
			.map = map_shared,
			.unmap = unmap_shared,
			.translate = translate_shared,
		},
		.map = map_far,
		.change = change,
		.merge = merge,
		.settle = settle,
		.translate = translate_far,
		.extents = extents,
		.walk = walk,
		.raw_walk = raw_walk,
	};
}
