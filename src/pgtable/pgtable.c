/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The public calls that map, unmap and read: they check, and hand on to the
 * instance of the engine. What changes what is mapped is in change.c; making and
 * unmaking a table in create.c.
 */
#include "pgtable/pgtable.h"

#include "base/abi.h"
#include "base/mem.h"
#include "pgtable/check.h"
#include "pgtable/engine_op.h"
#include "pgtable/gather.h"

struct iomm_pgtable *iomm_pgtable_get(struct iomm_pgtable *pgtable)
{
	return iomm_handle_get(pgtable, &iomm_pgtable_type);
}

void iomm_pgtable_put(struct iomm_pgtable *pgtable)
{
	iomm_handle_put(pgtable, &iomm_pgtable_type);
}

void iomm_pgtable_set_owner(struct iomm_pgtable *pgtable,
			    int (*begin)(void *data), void (*end)(void *data),
			    void *data)
{
	pgtable->owner_begin = begin;
	pgtable->owner_end = end;
	pgtable->owner_data = data;
}

static uint64_t load(const _Atomic uintptr_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

int iomm_pgtable_info(struct iomm_pgtable *pgtable,
		      struct iomm_pgtable_info *info)
{
	struct iomm_pgtable_info known = { .size = sizeof(known) };
	uint32_t i;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	if (!info)
		return iomm_fail_null(pgtable->object.ctx, "iomm_pgtable_info");
	known.flags = pgtable->flags;
	known.granule = pgtable->ops->granule;
	known.page_sizes = pgtable->page_sizes;
	known.ias = pgtable->ias;
	known.oas = pgtable->oas;
	known.first_iova = pgtable->first_iova;
	known.last_iova = pgtable->first_iova + pgtable->last_offset;
	known.root_pa = iomm_node_pa(pgtable->root);
	known.tables = load(&pgtable->tables);
	known.table_bytes = pgtable->root_bytes +
			    (known.tables - 1) * pgtable->ops->granule;
	known.foreign = load(&pgtable->foreign);
	known.spare = iomm_node_spares(pgtable);
	known.quarantined = atomic_load_explicit(&pgtable->quarantined,
						 memory_order_relaxed);
	for (i = 0; i < IOMM_PGTABLE_REGS; i++)
		known.regs[i] = pgtable->regs[i];
	return iomm_struct_out(pgtable->object.ctx, info, &known, sizeof(known),
			       IOMM_PGTABLE_INFO_SIZE_VER0,
			       "iomm_pgtable_info");
}

/* Mapping */

/* The levels of leaves and runs of exactly the size that `flags` forces. */
static int force_size(struct iomm_pgtable *pgtable, uint64_t align,
		      uint32_t flags, struct iomm_engine_op *op)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	uint32_t shift = (flags & IOMM_MAP_PAGE_MASK) >> 8;
	uint64_t size = shift < 64 ? UINT64_C(1) << shift : 0;

	if (!(pgtable->page_sizes & size))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the table has no page size of 2^%u, only %x",
				 shift, pgtable->page_sizes);
	if (align & (size - 1))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "addresses or length (%x) are no multiple of "
				 "the page size %k that was asked for",
				 align, size);
	op->leaf_levels = pgtable->ops->leaf_levels(pgtable->ops, size);
	op->run_levels = pgtable->ops->run_levels(pgtable->ops, size);
	op->exact = true;
	return 0;
}

static int
check_map_flags(struct iomm_pgtable *pgtable, uint32_t flags, uint32_t known,
		uint64_t align, struct iomm_engine_op *op)
{
	int r = iomm_check_bits(pgtable->object.ctx, flags,
				known | IOMM_MAP_PAGE_MASK, "flags of a map");

	op->leaf_levels = pgtable->leaf_levels;
	op->run_levels = pgtable->run_levels;
	op->exact = false;
	if (!r && (flags & IOMM_MAP_PAGE_MASK))
		r = force_size(pgtable, align, flags, op);
	return r;
}

/* One page over and over. */
struct repeat {
	uint64_t paddr, bytes; /* of the page */
	uint64_t last;	       /* address, of all */
};

static bool repeat_more(struct iomm_engine_op *op)
{
	const struct repeat *repeat = op->list;

	if (op->last == repeat->last)
		return false;
	op->paddr = repeat->paddr;
	op->first = op->iova;
	op->last = op->iova + (repeat->bytes - 1);
	return true;
}

static int map_with(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t paddr,
		    uint64_t bytes, uint32_t prot, uint32_t flags,
		    struct iomm_node_spares *spares, uint64_t *mapped)
{
	uint32_t shift = (flags & IOMM_MAP_PAGE_MASK) >> 8;
	uint64_t size = pgtable->page_mask + 1, offset;
	struct iomm_engine_op op;
	struct repeat page;
	int r;

	iomm_op_init(&op, pgtable, IOMM_ACT_MAP);
	op.spares = spares;
	r = iomm_pgtable_check_range(pgtable, iova, bytes, &offset);
	if (!r && pgtable->read_only)
		r = iomm_refuse_change(pgtable);
	if (!r)
		r = check_map_flags(pgtable, flags, IOMM_MAP_REPEAT,
				    iova | paddr | bytes, &op);
	if (r)
		return r;
	if (shift)
		size = UINT64_C(1) << shift;
	r = iomm_pgtable_check_paddr(pgtable, paddr,
				     flags & IOMM_MAP_REPEAT ? size : bytes);
	if (!r)
		r = iomm_encode(pgtable, prot, &op.attrs);
	if (r)
		return r;
	op.first = op.iova = offset;
	op.last = offset + (bytes - 1);
	op.paddr = paddr;
	op.more = NULL;
	if (flags & IOMM_MAP_REPEAT) {
		page = (struct repeat){ paddr, size, op.last };
		op.last = offset + (size - 1);
		op.list = &page;
		op.more = repeat_more;
	}
	r = pgtable->ops->map(&op);
	*mapped = op.iova - offset;
	return r;
}

int iomm_pgtable_map_with(struct iomm_pgtable *pgtable, uint64_t iova,
			  uint64_t paddr, uint64_t bytes, uint32_t prot,
			  uint32_t flags, struct iomm_node_spares *spares,
			  uint64_t *mapped)
{
	uint64_t done = 0;
	int r = map_with(pgtable, iova, paddr, bytes, prot, flags, spares,
			 &done);

	if (mapped)
		*mapped = done;
	return r;
}

/* A handle that is none. */
static IOMM_COLD int no_table(uint64_t *done)
{
	if (done)
		*done = 0;
	return -IOMM_EINVAL;
}

int iomm_pgtable_map(struct iomm_pgtable *pgtable, uint64_t iova,
		     uint64_t paddr, uint64_t bytes, uint32_t prot,
		     uint32_t flags, uint64_t *mapped)
{
	return iomm_pgtable_ok(pgtable)
		       ? pgtable->calls.map(&pgtable->own, iova, paddr, bytes,
					    prot, flags, mapped)
		       : no_table(mapped);
}

int iomm_pgtable_unmap(struct iomm_pgtable *pgtable, uint64_t iova,
		       uint64_t bytes, struct iomm_gather *gather,
		       uint64_t *unmapped)
{
	return iomm_pgtable_ok(pgtable)
		       ? pgtable->calls.unmap(&pgtable->own, iova, bytes,
					      gather, unmapped)
		       : no_table(unmapped);
}

/* Scatter lists */

struct list {
	const char *next;
	uint32_t count, stride;
};

/* The next piece, with all that goes on from it. */
static struct iomm_segment next_piece(struct list *list)
{
	struct iomm_segment piece, more;

	memcpy(&piece, list->next, sizeof(piece));
	while (list->next += list->stride, --list->count) {
		memcpy(&more, list->next, sizeof(more));
		if (piece.paddr + piece.bytes != more.paddr)
			break;
		piece.bytes += more.bytes;
	}
	return piece;
}

static int check_list(struct iomm_pgtable *pgtable, struct list list,
		      uint64_t *bytes, uint64_t *align)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_segment segment;
	int r;

	if (!list.next || !list.count || list.stride < IOMM_SEGMENT_SIZE_VER0)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the list of segments is NULL or empty, or "
				 "its stride %u is less than %u",
				 list.stride, IOMM_SEGMENT_SIZE_VER0);
	*bytes = *align = 0;
	for (; list.count; list.count--, list.next += list.stride) {
		memcpy(&segment, list.next, sizeof(segment));
		if (!segment.bytes || (segment.bytes & pgtable->page_mask))
			return IOMM_FAIL(ctx, IOMM_EINVAL,
					 "the segment at %x has %x bytes: no "
					 "multiple of the smallest page size, "
					 "%k",
					 segment.paddr, segment.bytes,
					 pgtable->page_mask + 1);
		r = iomm_pgtable_check_paddr(pgtable, segment.paddr,
					     segment.bytes);
		if (r)
			return r;
		if (*bytes + segment.bytes < *bytes)
			return IOMM_FAIL(ctx, IOMM_EINVAL,
					 "the segments are longer than all "
					 "addresses: %x and %x bytes",
					 *bytes, segment.bytes);
		*bytes += segment.bytes;
		*align |= segment.paddr | segment.bytes;
	}
	return 0;
}

static bool list_more(struct iomm_engine_op *op)
{
	struct list *list = op->list;
	struct iomm_segment piece;

	if (!list->count)
		return false;
	piece = next_piece(list);
	op->paddr = piece.paddr;
	op->first = op->iova;
	op->last = op->iova + (piece.bytes - 1);
	return true;
}

int iomm_pgtable_map_segments(struct iomm_pgtable *pgtable, uint64_t iova,
			      const struct iomm_segment *segments,
			      uint32_t count, uint32_t stride, uint32_t prot,
			      uint32_t flags, uint64_t *mapped)
{
	struct list list = { (const char *)segments, count, stride };
	uint64_t bytes = 0, align = 0, offset, dummy;
	struct iomm_engine_op op;
	int r;

	if (!mapped)
		mapped = &dummy;
	*mapped = 0;
	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	if (pgtable->read_only)
		return iomm_refuse_change(pgtable);
	iomm_op_init(&op, pgtable, IOMM_ACT_MAP);
	r = check_list(pgtable, list, &bytes, &align);
	if (!r)
		r = iomm_pgtable_check_range(pgtable, iova, bytes, &offset);
	if (!r)
		r = check_map_flags(pgtable, flags, 0, iova | align, &op);
	if (!r)
		r = iomm_encode(pgtable, prot, &op.attrs);
	if (r)
		return r;
	op.iova = offset;
	op.list = &list;
	op.more = list_more;
	(void)list_more(&op);
	r = pgtable->ops->map(&op);
	*mapped = op.iova - offset;
	return r;
}

/* Reading */

static IOMM_COLD int
refuse_iova(const struct iomm_pgtable *pgtable, uint64_t iova)
{
	return IOMM_FAIL(pgtable->object.ctx, IOMM_EINVAL,
			 "address %x is not in [%x, %x], the %u bits of the "
			 "table",
			 iova, pgtable->first_iova,
			 pgtable->first_iova + pgtable->last_offset,
			 pgtable->ias);
}

int iomm_pgtable_refuse_hole(const struct iomm_pgtable *pgtable, uint64_t iova)
{
	return IOMM_FAIL(pgtable->object.ctx, IOMM_ENOENT,
			 "nothing is mapped at %x", iova);
}

/* The caller's struct may not be the one that is known here. */
int iomm_pgtable_translate_far(struct iomm_pgtable *pgtable, uint64_t iova,
			       struct iomm_translation *out)
{
	struct iomm_translation known = { .size = sizeof(known) };
	uint64_t offset = iova - pgtable->first_iova;
	int r;

	if (!out)
		return iomm_fail_null(pgtable->object.ctx,
				      "iomm_pgtable_translate");
	if (offset > pgtable->last_offset)
		return refuse_iova(pgtable, iova);
	if (out->size == sizeof(*out))
		return pgtable->ops->translate(pgtable, offset, out);
	r = pgtable->ops->translate(pgtable, offset, &known);
	return r ? r
		 : iomm_struct_out(pgtable->object.ctx, out, &known,
				   sizeof(known), IOMM_TRANSLATION_SIZE_VER0,
				   "iomm_translation");
}

int iomm_pgtable_translate(struct iomm_pgtable *pgtable, uint64_t iova,
			   struct iomm_translation *out)
{
	return iomm_pgtable_ok(pgtable)
		       ? pgtable->calls.translate(pgtable, iova, out)
		       : -IOMM_EINVAL;
}

/* Clips any range that does not wrap to what the table has, from its first
 * address on. False: there is nothing of it. */
static bool clip(const struct iomm_pgtable *pgtable, uint64_t iova,
		 uint64_t bytes, uint64_t *first, uint64_t *last)
{
	uint64_t lowest = pgtable->first_iova;
	uint64_t highest = lowest + pgtable->last_offset;
	uint64_t end = iova + (bytes - 1);

	if (iova > highest || end < lowest)
		return false;
	*first = (iova > lowest ? iova : lowest) - lowest;
	*last = (end < highest ? end : highest) - lowest;
	return true;
}

static int
check_span(const struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes)
{
	if (bytes && iova + (bytes - 1) >= iova)
		return 0;
	return IOMM_FAIL(pgtable->object.ctx, IOMM_EINVAL,
			 "the range of %x bytes at %x is empty or wraps around",
			 bytes, iova);
}

int iomm_pgtable_extents(struct iomm_pgtable *pgtable, uint64_t iova,
			 uint64_t bytes, struct iomm_extent *extents,
			 uint32_t stride, uint32_t *count)
{
	struct iomm_extents out;
	uint64_t first, last;
	int r;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	r = iomm_extents_init(pgtable, &out, extents, stride, count);
	if (!r)
		r = check_span(pgtable, iova, bytes);
	if (r)
		return r;
	if (clip(pgtable, iova, bytes, &first, &last))
		r = pgtable->ops->extents(pgtable, first, last, &out);
	*count = out.count;
	return r;
}

int iomm_pgtable_walk(struct iomm_pgtable *pgtable, uint64_t iova,
		      uint64_t bytes,
		      int (*visit)(void *data,
				   const struct iomm_walk_entry *entry),
		      void *data)
{
	struct iomm_visitor visitor = { visit, data };
	struct iomm_frame frame;
	uint64_t first, last;
	struct iomm_ctx *ctx;
	int r;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	ctx = pgtable->object.ctx;
	if (!visit)
		return iomm_fail_null(ctx, "iomm_pgtable_walk");
	r = check_span(pgtable, iova, bytes);
	if (r || !clip(pgtable, iova, bytes, &first, &last))
		return r;
	iomm_callback_begin(ctx, &frame, false);
	r = pgtable->ops->walk(pgtable, first, last, &visitor);
	iomm_callback_end(ctx, &frame);
	return r;
}

/* The whole table */

int iomm_pgtable_flush_all(struct iomm_pgtable *pgtable)
{
	struct iomm_ctx *ctx;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	ctx = pgtable->object.ctx;
	iomm_enter(ctx);
	return iomm_leave(ctx, iomm_pgtable_flush_quarantine(pgtable));
}

/* Among others who may take tables out meanwhile. */
static void sync_all(struct iomm_pgtable *pgtable)
{
	struct iomm_table_reader *reader = NULL;

	if (pgtable->sharing)
		reader = iomm_table_reader_enter(pgtable->sharing);
	iomm_op_sync_tree(pgtable, pgtable->root, pgtable->root_bytes);
	if (reader)
		iomm_table_reader_exit(pgtable->sharing, reader);
}

int iomm_pgtable_restore(struct iomm_pgtable *pgtable,
			 struct iomm_pgtable_info *info)
{
	struct iomm_ctx *ctx;
	int r;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	ctx = pgtable->object.ctx;
	iomm_enter(ctx);
	sync_all(pgtable);
	r = iomm_pgtable_flush_quarantine(pgtable);
	if (!r)
		r = iomm_pgtable_info(pgtable, info);
	return iomm_leave(ctx, r);
}

uint64_t iomm_pgtable_trim(struct iomm_pgtable *pgtable)
{
	struct iomm_ctx *ctx;
	uint64_t bytes;
	int r;

	if (!iomm_pgtable_ok(pgtable))
		return 0;
	ctx = pgtable->object.ctx;
	iomm_enter(ctx);
	bytes = iomm_node_trim(pgtable);
	r = iomm_leave(ctx, 0);
	(void)r;
	return bytes;
}
