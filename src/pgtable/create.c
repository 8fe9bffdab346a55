/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Making and unmaking a page table. */
#include "base/abi.h"
#include "base/mem.h"
#include "base/readers.h"
#include "pgtable/desc.h"
#include "pgtable/engine_op.h"
#include "pgtable/format.h"
#include "pgtable/pgtable.h"
#include "base/vector.h"

/* What the engine does for every format. */
#define COMMON_FLAGS                                                       \
	(IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_MAX_TABLE_PA |               \
	 IOMM_PGTABLE_SHARED | IOMM_PGTABLE_HITLESS | IOMM_PGTABLE_ADOPT | \
	 IOMM_PGTABLE_NUMA_NODE)
#define ALL_FLAGS                                                 \
	(COMMON_FLAGS | IOMM_PGTABLE_UPPER | IOMM_PGTABLE_DIRTY | \
	 IOMM_PGTABLE_NS | IOMM_PGTABLE_S2FWB)

/* Foreign tables that are followed at most: 2 GiB of them with a granule of
 * 4 KiB map 1 TiB in pages. More are made by links that loop or share. */
#define MOST_ADOPTED (1u << 20)

/* What a table is made of, checked. */
struct plan {
	const char *name; /* of the format, for sentences */
	const struct iomm_engine_ops *ops;
	struct iomm_pgtable_config config;
	struct iomm_tlb_ops tlb;
	struct iomm_geometry geometry;
};

/* Unmaking */

/*
 * The tables that hardware may still walk stay, and so does the provider whose
 * memory they are, since its owner must not get it back. The books go.
 */
static void strand(struct iomm_pgtable *pgtable)
{
	IOMM_LOG(pgtable->object.ctx, IOMM_LOG_ERROR, "",
		 "hardware did not confirm the invalidation of a page table "
		 "that was put: its memory (%u tables, and %u in quarantine, "
		 "the first at %x) is not given back",
		 (uint64_t)atomic_load_explicit(&pgtable->tables,
						memory_order_relaxed),
		 atomic_load_explicit(&pgtable->quarantined,
				      memory_order_relaxed),
		 iomm_node_pa(pgtable->root));
	pgtable->stranded = true;
	/* Nor may what it is of go: the provider's reference is kept, and
	 * without one the platform's, which is the context's. */
	if (!pgtable->memory)
		iomm_ctx_hold(pgtable->object.ctx);
	iomm_pgtable_free_quarantine(pgtable);
}

static void unmake_tables(struct iomm_pgtable *pgtable)
{
	if (!pgtable->root)
		return;
	iomm_node_unlink_ours(pgtable);
	if (iomm_pgtable_flush_quarantine(pgtable))
		strand(pgtable);
	iomm_node_destroy_root(pgtable);
}

static void destroy_pgtable(struct iomm_object *object)
{
	struct iomm_pgtable *pgtable = (void *)object;

	unmake_tables(pgtable);
	iomm_node_pool_fini(pgtable);
	iomm_free(object->ctx, pgtable->sharing, sizeof(*pgtable->sharing));
	iomm_release(object->ctx, pgtable->tlb_release, pgtable->tlb_data);
	if (!pgtable->stranded)
		iomm_object_drop(pgtable->memory);
	iomm_object_drop(pgtable->format);
}

const struct iomm_object_type iomm_pgtable_type = {
	.kind = IOMM_HANDLE_PGTABLE,
	.bytes = sizeof(struct iomm_pgtable),
	.name = "page table",
	.lock = offsetof(struct iomm_pgtable, lock),
	.apart = true,
	.destroy = destroy_pgtable,
};

_Static_assert((IOMM_CACHE_LINE - offsetof(struct iomm_object, refs)) %
			       _Alignof(struct iomm_pgtable) ==
		       0,
	       "a page table is aligned");

/* Checking what is wanted */

static int check_widths(struct iomm_ctx *ctx, struct plan *plan)
{
	const struct iomm_engine_ops *ops = plan->ops;
	struct iomm_pgtable_config *config = &plan->config;

	if (!config->ias)
		config->ias = ops->ias;
	if (!config->oas)
		config->oas = ops->oas;
	if (config->ias > ops->max_ias)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "ias %u is over the %u bits that %s with a %k "
				 "granule can translate",
				 config->ias, ops->max_ias,
				 IOMM_STR(plan->name), ops->granule);
	if (config->ias < ops->min_ias)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "ias %u is under the %u bits that %s with a "
				 "%k granule has at least",
				 config->ias, ops->min_ias,
				 IOMM_STR(plan->name), ops->granule);
	if (config->oas > ops->max_oas)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "oas %u is over the %u bits that %s with a %k "
				 "granule can put out",
				 config->oas, ops->max_oas,
				 IOMM_STR(plan->name), ops->granule);
	if (config->oas < 64 && !(ops->granule << 1 >> config->oas))
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "oas %u has no room for one page of %k", config->oas,
			 ops->granule);
}

static uint64_t mask_of(uint32_t bits)
{
	return bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
}

/* Sizes of the levels that the table has, of those that were asked for: what is
 * above what the first table spans falls away. */
static uint64_t narrow_sizes(const struct plan *plan)
{
	uint64_t left = plan->config.page_sizes, kept = 0;
	uint32_t start = plan->geometry.start_level;

	while (left) {
		uint64_t size = left & (~left + 1);

		left &= left - 1;
		if ((plan->ops->leaf_levels(plan->ops, size) |
		     plan->ops->run_levels(plan->ops, size)) >>
			    start &&
		    size - 1 <= mask_of(plan->config.ias))
			kept |= size;
	}
	return kept;
}

static int check_page_sizes(struct iomm_ctx *ctx, struct plan *plan)
{
	const struct iomm_engine_ops *ops = plan->ops;
	struct iomm_pgtable_config *config = &plan->config;
	uint64_t sizes;

	if (!config->page_sizes)
		config->page_sizes = ops->page_sizes;
	if (config->page_sizes & ~ops->page_sizes)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "page sizes %x: %s with a %k granule has only "
				 "%x",
				 config->page_sizes, IOMM_STR(plan->name),
				 ops->granule, ops->page_sizes);
	ops->geometry(ops, config->ias, &plan->geometry);
	sizes = narrow_sizes(plan);
	if (!sizes)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "page sizes %x do not fit in an ias of %u "
				 "bits",
				 config->page_sizes, config->ias);
	config->page_sizes = sizes;
	return 0;
}

static int
check_memory(struct iomm_ctx *ctx, const struct iomm_pgtable_config *config)
{
	const struct iomm_table_memory *memory = config->memory;

	if (memory && !iomm_handle_ok(memory, &iomm_table_memory_type))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "config.memory is no table memory");
	if (memory && memory->object.ctx != ctx)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "config.memory belongs to another context");
	if (config->max_table_pa &&
	    !(config->flags & IOMM_PGTABLE_MAX_TABLE_PA))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "config.max_table_pa is set without its flag");
	if (config->reserved ||
	    (config->numa_node && !(config->flags & IOMM_PGTABLE_NUMA_NODE)))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "config.numa_node %u is set without its flag, "
				 "or config.reserved is %u, not 0",
				 config->numa_node, config->reserved);
	if (config->root_pa && !(config->flags & IOMM_PGTABLE_ADOPT))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "config.root_pa is set without ADOPT");
	if (!memory && (config->flags & IOMM_PGTABLE_ADOPT))
		return IOMM_FAIL(
			ctx, IOMM_EINVAL,
			"ADOPT needs config.memory, to find the tables "
			"by");
	return 0;
}

static int read_config(struct iomm_ctx *ctx,
		       const struct iomm_pgtable_config *c, struct plan *plan)
{
	int r;

	if (c) {
		r = iomm_struct_in(ctx, &plan->config, sizeof(plan->config),
				   IOMM_PGTABLE_CONFIG_SIZE_VER0, c,
				   "iomm_pgtable_config");
		if (r)
			return r;
	}
	r = iomm_check_bits(ctx, plan->config.flags, ALL_FLAGS,
			    "iomm_pgtable_config.flags");
	return r ? r : check_memory(ctx, &plan->config);
}

static int read_tlb(struct iomm_ctx *ctx, const struct iomm_tlb_ops *tlb,
		    struct plan *plan)
{
	int r;

	if (!tlb)
		return 0;
	r = iomm_struct_in(ctx, &plan->tlb, sizeof(plan->tlb),
			   IOMM_TLB_OPS_SIZE_VER0, tlb, "iomm_tlb_ops");
	if (r)
		return r;
	r = iomm_check_bits(ctx, plan->tlb.flags, 0, "iomm_tlb_ops.flags");
	if (r)
		return r;
	if (!plan->tlb.flush || !plan->tlb.flush_all)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "TLB hooks need flush and flush_all");
	return 0;
}

static int
check_features(struct iomm_ctx *ctx, const struct iomm_format_type *type,
	       const struct plan *plan)
{
	uint32_t flags = plan->config.flags;

	if (flags & ~(COMMON_FLAGS | type->flags))
		return IOMM_FAIL(ctx, IOMM_EOPNOTSUPP,
				 "format %s does not have flags %x",
				 IOMM_STR(plan->name),
				 (uint64_t)(flags &
					    ~(COMMON_FLAGS | type->flags)));
	if (IOMM_DESC_HALVES &&
	    (flags &
	     (IOMM_PGTABLE_SHARED | IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_HITLESS)))
		return IOMM_FAIL(ctx, IOMM_EOPNOTSUPP,
				 "this host has no 64-bit atomic operations: "
				 "tables are neither SHARED nor DIRTY nor "
				 "HITLESS");
	if ((flags & IOMM_PGTABLE_DIRTY) && !(flags & IOMM_PGTABLE_COHERENT))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "DIRTY needs COHERENT: what the walker notes "
				 "would be lost");
	return 0;
}

static int choose_engine(struct iomm_ctx *ctx, const struct iomm_format *format,
			 struct plan *plan)
{
	int r;

	plan->name = format->type->name;
	plan->ops = iomm_format_engine(format->type, plan->config.granule,
				       plan->config.ias, plan->config.oas);
	if (!plan->ops)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "%s has no granule of %k",
				 IOMM_STR(plan->name), plan->config.granule);
	r = check_widths(ctx, plan);
	if (!r)
		r = check_page_sizes(ctx, plan);
	return r ? r : check_features(ctx, format->type, plan);
}

/* Making */

static void set_ranges(struct iomm_pgtable *pgtable, const struct plan *plan)
{
	const struct iomm_pgtable_config *config = &plan->config;

	pgtable->ias = config->ias;
	pgtable->oas = config->oas;
	pgtable->last_offset = mask_of(config->ias);
	pgtable->last_paddr = mask_of(config->oas);
	if (config->flags & IOMM_PGTABLE_UPPER)
		pgtable->first_iova = ~pgtable->last_offset;
	/* A walker checks the addresses of tables like all that it puts out. */
	pgtable->max_table_pa = pgtable->last_paddr;
	if ((config->flags & IOMM_PGTABLE_MAX_TABLE_PA) &&
	    config->max_table_pa < pgtable->max_table_pa)
		pgtable->max_table_pa = config->max_table_pa;
}

static int take_memory(struct iomm_pgtable *pgtable,
		       const struct iomm_pgtable_config *config)
{
	if (!config->memory && config->flags & IOMM_PGTABLE_NUMA_NODE)
		return iomm_table_memory_near(pgtable->object.ctx,
					      config->numa_node,
					      &pgtable->memory);
	pgtable->memory = config->memory;
	if (pgtable->memory)
		iomm_object_get(pgtable->memory);
	return 0;
}

static void set_up(struct iomm_pgtable *pgtable, const struct plan *plan)
{
	const struct iomm_pgtable_config *config = &plan->config;
	uint64_t sizes = config->page_sizes;

	pgtable->ops = plan->ops;
	pgtable->own.pgtable = pgtable;
#if __STDC_HOSTED__
	pgtable->vector = iomm_platform_vector();
#endif
	pgtable->tlb = plan->tlb;
	/* Where its memory is is the provider's. */
	pgtable->flags = config->flags & ~IOMM_PGTABLE_NUMA_NODE;
	set_ranges(pgtable, plan);
	pgtable->start_level = plan->geometry.start_level;
	pgtable->page_sizes = sizes;
	pgtable->leaf_levels = plan->ops->leaf_levels(plan->ops, sizes);
	pgtable->run_levels = plan->ops->run_levels(plan->ops, sizes);
	pgtable->has_runs = pgtable->run_levels ||
			    (config->flags & IOMM_PGTABLE_ADOPT);
	pgtable->page_mask = (sizes & (~sizes + 1)) - 1;
	while (pgtable->page_mask >> pgtable->page_shift)
		pgtable->page_shift++;
	pgtable->root_bytes = plan->geometry.root_bytes;
	pgtable->synced = pgtable->memory && pgtable->memory->ops.sync &&
			  !(config->flags & IOMM_PGTABLE_COHERENT);
	pgtable->no_paddr = ~pgtable->last_paddr | pgtable->page_mask;
	pgtable->warms = !pgtable->synced &&
			 pgtable->page_mask == plan->ops->granule - 1;
	pgtable->calls = config->flags & IOMM_PGTABLE_SHARED
				 ? plan->ops->shared
				 : plan->ops->exclusive;
}

int iomm_pgtable_adopt_table(struct iomm_pgtable *pgtable, uint64_t pa,
			     uint64_t restricts, uint32_t level,
			     struct iomm_node **out)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (restricts)
		return IOMM_FAIL(ctx, IOMM_EOPNOTSUPP,
				 "the link to the table at %x restricts what "
				 "is below it (%x): that is not taken over",
				 pa, restricts);
	if (atomic_load_explicit(&pgtable->foreign, memory_order_relaxed) >=
	    MOST_ADOPTED)
		return IOMM_FAIL(ctx, IOMM_ENOSPC,
				 "more than %u tables: their links loop or "
				 "share (at %x)",
				 MOST_ADOPTED, pa);
	return iomm_node_create_foreign(pgtable, level, pa,
					pgtable->ops->granule, out);
}

static int adopt_root(struct iomm_pgtable *pgtable, uint64_t pa)
{
	uint64_t slots = pgtable->root_bytes >> pgtable->ops->desc_shift;
	int r;

	if (pa & (pgtable->root_bytes - 1))
		return IOMM_FAIL(
			pgtable->object.ctx, IOMM_EINVAL,
			"config.root_pa %x is not aligned to the first "
			"table's %x bytes",
			pa, pgtable->root_bytes);
	r = iomm_node_create_foreign(pgtable, pgtable->start_level, pa,
				     pgtable->root_bytes, &pgtable->root);
	if (r)
		return r;
	if (pa > pgtable->max_table_pa ||
	    pgtable->root_bytes - 1 > pgtable->max_table_pa - pa)
		return IOMM_FAIL(pgtable->object.ctx, IOMM_EINVAL,
				 "config.root_pa %x is beyond %x, the last "
				 "address of a table",
				 pa, pgtable->max_table_pa);
	return pgtable->ops->adopt(pgtable, pgtable->root, pgtable->start_level,
				   (uint32_t)slots);
}

static int new_root(struct iomm_pgtable *pgtable)
{
	uintptr_t generation = 0;
	int r = iomm_node_create(pgtable, NULL, pgtable->start_level,
				 pgtable->root_bytes, &generation, NULL,
				 &pgtable->root);

	if (r)
		return r;
	iomm_node_revive(pgtable->root, 0);
	iomm_op_sync_table(pgtable, pgtable->root, pgtable->root_bytes);
	return 0;
}

static int make_root(struct iomm_pgtable *pgtable, uint64_t root_pa)
{
	int r = pgtable->flags & IOMM_PGTABLE_ADOPT
			? adopt_root(pgtable, root_pa)
			: new_root(pgtable);

	if (!r)
		pgtable->ops->registers(pgtable);
	return r;
}

static int make_sharing(struct iomm_pgtable *pgtable)
{
	if (!(pgtable->flags & IOMM_PGTABLE_SHARED))
		return 0;
	pgtable->sharing =
		iomm_alloc(pgtable->object.ctx, sizeof(*pgtable->sharing));
	if (!pgtable->sharing)
		return IOMM_FAIL(pgtable->object.ctx, IOMM_ENOMEM,
				 "no memory for a shared table");
	pgtable->sharing->by_stores = !pgtable->object.ctx->readers->fence;
	return 0;
}

/* Takes over tlb_data and the format: both go with the object from here on. */
static int
make(struct iomm_ctx *ctx, struct plan *plan, struct iomm_format *format,
     void *tlb_data, void (*tlb_release)(void *data), struct iomm_pgtable **out)
{
	struct iomm_pgtable *pgtable;
	int r;

	pgtable = iomm_object_create(ctx, &iomm_pgtable_type);
	if (!pgtable) {
		iomm_object_drop(format);
		iomm_release(ctx, tlb_release, tlb_data);
		return -IOMM_ENOMEM;
	}
	pgtable->format = format;
	pgtable->tlb_data = tlb_data;
	pgtable->tlb_release = tlb_release;
	r = take_memory(pgtable, &plan->config);
	set_up(pgtable, plan);
	if (!r)
		r = make_sharing(pgtable);
	if (!r)
		r = make_root(pgtable, plan->config.root_pa);
	if (r)
		iomm_object_drop(pgtable);
	else
		*out = pgtable;
	return r;
}

static int prepare(struct iomm_ctx *ctx, const char *name,
		   const struct iomm_pgtable_config *config,
		   const struct iomm_tlb_ops *tlb, const void *out,
		   struct plan *plan, struct iomm_format **format)
{
	int r;

	if (!name || !out)
		return iomm_fail_null(ctx, "iomm_pgtable_create");
	r = read_config(ctx, config, plan);
	if (!r)
		r = read_tlb(ctx, tlb, plan);
	if (!r)
		r = iomm_format_pin(ctx, name, format);
	if (r)
		return r;
	r = choose_engine(ctx, *format, plan);
	if (r)
		iomm_object_drop(*format);
	return r;
}

int iomm_pgtable_create(struct iomm_ctx *ctx, const char *format,
			const struct iomm_pgtable_config *config,
			const struct iomm_tlb_ops *tlb, void *tlb_data,
			void (*tlb_release)(void *data),
			struct iomm_pgtable **out)
{
	struct iomm_format *pin;
	struct plan plan;
	int r;

	if (!ctx) {
		if (tlb_release)
			tlb_release(tlb_data);
		return -IOMM_EINVAL;
	}
	iomm_enter(ctx);
	memset(&plan, 0, sizeof(plan));
	r = prepare(ctx, format, config, tlb, out, &plan, &pin);
	if (r)
		iomm_release(ctx, tlb_release, tlb_data);
	else
		r = make(ctx, &plan, pin, tlb_data, tlb_release, out);
	return iomm_leave(ctx, r);
}
