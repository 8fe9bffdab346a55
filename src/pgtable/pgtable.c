/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The public calls on a table: they check, and hand on to the instance of the
 * engine. Making and unmaking a table is in create.c. */
#include "pgtable/pgtable.h"

#include "base/abi.h"
#include "pgtable/gather.h"

#define ALL_PROT                                                               \
	(IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_EXEC | IOMM_PROT_CACHE | \
	 IOMM_PROT_MMIO | IOMM_PROT_PRIV)

/* Calls on a warm table take a few nanoseconds: only a checked build leaves
 * this file to look at the handle. */
static inline bool handle_ok(const struct iomm_pgtable *pgtable)
{
#if IOMM_CHECKED
	return iomm_handle_ok(pgtable, &iomm_pgtable_type);
#else
	return pgtable && pgtable->object.type == &iomm_pgtable_type;
#endif
}

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

int iomm_pgtable_info(struct iomm_pgtable *pgtable,
		      struct iomm_pgtable_info *info)
{
	struct iomm_pgtable_info known = { .size = sizeof(known) };
	uint32_t i;

	if (!handle_ok(pgtable))
		return -IOMM_EINVAL;
	if (!info)
		return iomm_fail_null(pgtable->object.ctx, "iomm_pgtable_info");
	known.flags = pgtable->flags & IOMM_PGTABLE_COHERENT;
	known.granule = pgtable->ops->granule;
	known.page_sizes = pgtable->page_sizes;
	known.ias = pgtable->ias;
	known.oas = pgtable->oas;
	known.last_iova = pgtable->last_iova;
	known.root_pa = iomm_node_pa(pgtable->root);
	known.tables = pgtable->tables;
	known.table_bytes = pgtable->table_bytes;
	known.quarantined = atomic_load_explicit(&pgtable->quarantined,
						 memory_order_relaxed);
	for (i = 0; i < IOMM_PGTABLE_REGS; i++)
		known.regs[i] = pgtable->regs[i];
	return iomm_struct_out(pgtable->object.ctx, info, &known, sizeof(known),
			       IOMM_PGTABLE_INFO_SIZE_VER0,
			       "iomm_pgtable_info");
}

/* Ranges */

/* What is wrong with a range that is_range() refused. */
static int
refuse_range(const struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (!bytes)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "the range at %x is empty",
				 iova);
	if ((iova | bytes) & pgtable->page_mask)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "address %x or length %x is no multiple of "
				 "the smallest page size, %k",
				 iova, bytes, pgtable->page_mask + 1);
	if (iova + (bytes - 1) < iova)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the range of %x bytes at %x wraps around",
				 bytes, iova);
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "the range of %x bytes at %x goes beyond %x, the last "
			 "address of %u bits",
			 bytes, iova, pgtable->last_iova, pgtable->ias);
}

static inline bool
is_range(const struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes)
{
	uint64_t last = iova + (bytes - 1);

	return bytes && !((iova | bytes) & pgtable->page_mask) &&
	       last >= iova && last <= pgtable->last_iova;
}

static int
refuse_paddr(const struct iomm_pgtable *pgtable, uint64_t paddr, uint64_t bytes)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (paddr & pgtable->page_mask)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "output address %x is no multiple of the "
				 "smallest page size, %k",
				 paddr, pgtable->page_mask + 1);
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "%x bytes at output address %x go beyond %x, the last "
			 "address of %u bits",
			 bytes, paddr, pgtable->last_paddr, pgtable->oas);
}

static inline bool
is_paddr(const struct iomm_pgtable *pgtable, uint64_t paddr, uint64_t bytes)
{
	return !(paddr & pgtable->page_mask) && paddr <= pgtable->last_paddr &&
	       bytes - 1 <= pgtable->last_paddr - paddr;
}

static IOMM_COLD int refuse_prot(struct iomm_ctx *ctx, uint32_t prot)
{
	if (prot & ~ALL_PROT)
		return iomm_check_bits(ctx, prot, ALL_PROT, "the protection");
	if (!(prot & (IOMM_PROT_READ | IOMM_PROT_WRITE)))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "protection %x allows neither reading nor "
				 "writing",
				 (uint64_t)prot);
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "protection %x says both CACHE and MMIO",
			 (uint64_t)prot);
}

static inline bool is_prot(uint32_t prot)
{
	const uint32_t both = IOMM_PROT_CACHE | IOMM_PROT_MMIO;

	return !(prot & ~ALL_PROT) &&
	       (prot & (IOMM_PROT_READ | IOMM_PROT_WRITE)) &&
	       (prot & both) != both;
}

/* Operations */

int iomm_pgtable_map(struct iomm_pgtable *pgtable, uint64_t iova,
		     uint64_t paddr, uint64_t bytes, uint32_t prot,
		     uint32_t flags, uint64_t *mapped)
{
	uint64_t dummy;

	if (!mapped)
		mapped = &dummy;
	*mapped = 0;
	if (!handle_ok(pgtable))
		return -IOMM_EINVAL;
	if (!is_range(pgtable, iova, bytes))
		return refuse_range(pgtable, iova, bytes);
	if (!is_paddr(pgtable, paddr, bytes))
		return refuse_paddr(pgtable, paddr, bytes);
	if (!is_prot(prot))
		return refuse_prot(pgtable->object.ctx, prot);
	if (flags)
		return iomm_check_bits(pgtable->object.ctx, flags, 0,
				       "flags of iomm_pgtable_map");
	return pgtable->ops->map(pgtable, iova, iova + (bytes - 1), paddr, prot,
				 mapped);
}

int iomm_pgtable_unmap(struct iomm_pgtable *pgtable, uint64_t iova,
		       uint64_t bytes, struct iomm_gather *gather,
		       uint64_t *unmapped)
{
	uint64_t dummy;

	if (!unmapped)
		unmapped = &dummy;
	*unmapped = 0;
	if (!handle_ok(pgtable))
		return -IOMM_EINVAL;
	if (!iomm_gather_serves(gather, pgtable))
		return iomm_gather_refuse(gather, pgtable);
	if (!is_range(pgtable, iova, bytes))
		return refuse_range(pgtable, iova, bytes);
	return pgtable->ops->unmap(pgtable, iova, iova + (bytes - 1), gather,
				   unmapped);
}

static IOMM_COLD int
refuse_iova(const struct iomm_pgtable *pgtable, uint64_t iova)
{
	return IOMM_FAIL(pgtable->object.ctx, IOMM_EINVAL,
			 "address %x is beyond %x, the last of %u bits", iova,
			 pgtable->last_iova, pgtable->ias);
}

int iomm_pgtable_refuse_hole(const struct iomm_pgtable *pgtable, uint64_t iova)
{
	return IOMM_FAIL(pgtable->object.ctx, IOMM_ENOENT,
			 "nothing is mapped at %x", iova);
}

/* For a caller whose struct is not the one that is known here. */
static IOMM_COLD int translate_out(struct iomm_pgtable *pgtable, uint64_t iova,
				   struct iomm_translation *out)
{
	struct iomm_translation known = { .size = sizeof(known) };

	if (pgtable->ops->translate(pgtable, iova, &known))
		return -IOMM_ENOENT;
	return iomm_struct_out(pgtable->object.ctx, out, &known, sizeof(known),
			       IOMM_TRANSLATION_SIZE_VER0, "iomm_translation");
}

int iomm_pgtable_translate(struct iomm_pgtable *pgtable, uint64_t iova,
			   struct iomm_translation *out)
{
	if (!handle_ok(pgtable))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(pgtable->object.ctx,
				      "iomm_pgtable_translate");
	if (iova > pgtable->last_iova)
		return refuse_iova(pgtable, iova);
	if (out->size != sizeof(*out))
		return translate_out(pgtable, iova, out);
	return pgtable->ops->translate(pgtable, iova, out);
}

static int walk(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		const struct iomm_visitor *visitor)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_frame frame;
	int r;

	if (iova > pgtable->last_iova)
		return 0;
	if (last > pgtable->last_iova)
		last = pgtable->last_iova;
	iomm_callback_begin(ctx, &frame, false);
	r = pgtable->ops->walk(pgtable, iova, last, visitor);
	iomm_callback_end(ctx, &frame);
	return r;
}

int iomm_pgtable_walk(struct iomm_pgtable *pgtable, uint64_t iova,
		      uint64_t bytes,
		      int (*visit)(void *data,
				   const struct iomm_walk_entry *entry),
		      void *data)
{
	struct iomm_visitor visitor = { visit, data };
	struct iomm_ctx *ctx;

	if (!handle_ok(pgtable))
		return -IOMM_EINVAL;
	ctx = pgtable->object.ctx;
	if (!visit)
		return iomm_fail_null(ctx, "iomm_pgtable_walk");
	if (!bytes || iova + (bytes - 1) < iova)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the range of %x bytes at %x is empty or "
				 "wraps around",
				 bytes, iova);
	return walk(pgtable, iova, iova + (bytes - 1), &visitor);
}

int iomm_pgtable_flush_all(struct iomm_pgtable *pgtable)
{
	struct iomm_ctx *ctx;

	if (!handle_ok(pgtable))
		return -IOMM_EINVAL;
	ctx = pgtable->object.ctx;
	iomm_enter(ctx);
	return iomm_leave(ctx, iomm_pgtable_flush_quarantine(pgtable));
}
