/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Making and unmaking a page table. */
#include "base/abi.h"
#include "base/mem.h"
#include "pgtable/format.h"
#include "pgtable/pgtable.h"

#define ALL_FLAGS (IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_MAX_TABLE_PA)

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
		 pgtable->tables,
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
	if (iomm_pgtable_flush_quarantine(pgtable))
		strand(pgtable);
	iomm_node_destroy_tree(pgtable, pgtable->root, pgtable->root_bytes);
}

static void destroy_pgtable(struct iomm_object *object)
{
	struct iomm_pgtable *pgtable = (void *)object;

	unmake_tables(pgtable);
	iomm_node_pool_fini(object->ctx, &pgtable->pool);
	iomm_release(object->ctx, pgtable->tlb_release, pgtable->tlb_data);
	if (!pgtable->stranded)
		iomm_object_drop(pgtable->memory);
	iomm_object_drop(pgtable->format);
}

const struct iomm_object_type iomm_pgtable_type = {
	.kind = IOMM_HANDLE_PGTABLE,
	.bytes = sizeof(struct iomm_pgtable),
	.name = "page table",
	.destroy = destroy_pgtable,
};

/* Checking what is wanted */

static int check_widths(struct iomm_ctx *ctx, struct plan *plan)
{
	const struct iomm_engine_ops *ops = plan->ops;
	struct iomm_pgtable_config *config = &plan->config;

	if (!config->ias)
		config->ias = ops->max_ias;
	if (!config->oas)
		config->oas = ops->max_oas;
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

/* Leaf sizes that are above what the first table spans fall away. */
static int check_page_sizes(struct iomm_ctx *ctx, struct plan *plan)
{
	const struct iomm_engine_ops *ops = plan->ops;
	struct iomm_pgtable_config *config = &plan->config;
	uint32_t levels;

	if (!config->page_sizes)
		config->page_sizes = ops->page_sizes;
	if (config->page_sizes & ~ops->page_sizes)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "page sizes %x: %s with a %k granule has only "
				 "%x",
				 config->page_sizes, IOMM_STR(plan->name),
				 ops->granule, ops->page_sizes);
	ops->geometry(config->ias, &plan->geometry);
	levels = ops->leaf_levels(config->page_sizes);
	if (levels >> plan->geometry.start_level)
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "page sizes %x do not fit in an ias of %u bits",
			 config->page_sizes, config->ias);
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

static int choose_engine(struct iomm_ctx *ctx, const struct iomm_format *format,
			 struct plan *plan)
{
	int r;

	plan->name = format->type->name;
	plan->ops = iomm_format_engine(format->type, plan->config.granule);
	if (!plan->ops)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "%s has no granule of %k",
				 IOMM_STR(plan->name), plan->config.granule);
	r = check_widths(ctx, plan);
	return r ? r : check_page_sizes(ctx, plan);
}

/* Making */

static uint64_t mask_of(uint32_t bits)
{
	return bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
}

/* Sizes of the levels that the table has, of those that were asked for. */
static uint64_t narrow_sizes(const struct plan *plan, uint32_t levels)
{
	uint64_t sizes = plan->config.page_sizes;
	uint64_t kept = sizes;

	/* From the largest down, as long as it is not one of ours. */
	while (sizes) {
		uint64_t size = sizes & (~sizes + 1);

		sizes &= sizes - 1;
		if (!(plan->ops->leaf_levels(size) & levels))
			kept &= ~size;
	}
	return kept;
}

static void set_up(struct iomm_pgtable *pgtable, const struct plan *plan)
{
	const struct iomm_pgtable_config *config = &plan->config;
	uint32_t start = plan->geometry.start_level;

	pgtable->ops = plan->ops;
	pgtable->tlb = plan->tlb;
	pgtable->flags = config->flags;
	pgtable->ias = config->ias;
	pgtable->oas = config->oas;
	pgtable->last_iova = mask_of(config->ias);
	pgtable->last_paddr = mask_of(config->oas);
	pgtable->start_level = start;
	pgtable->leaf_levels = plan->ops->leaf_levels(config->page_sizes) >>
			       start << start;
	pgtable->page_sizes = narrow_sizes(plan, pgtable->leaf_levels);
	pgtable->page_mask =
		(pgtable->page_sizes & (~pgtable->page_sizes + 1)) - 1;
	pgtable->warm_key = IOMM_PGTABLE_COLD;
	pgtable->tepid_key = IOMM_PGTABLE_COLD;
	pgtable->root_bytes = plan->geometry.root_bytes;
	/* A walker checks the addresses of tables like all that it puts out. */
	pgtable->max_table_pa = pgtable->last_paddr;
	if ((config->flags & IOMM_PGTABLE_MAX_TABLE_PA) &&
	    config->max_table_pa < pgtable->max_table_pa)
		pgtable->max_table_pa = config->max_table_pa;
	pgtable->memory = config->memory;
	if (pgtable->memory)
		iomm_object_get(pgtable->memory);
	pgtable->synced = pgtable->memory && pgtable->memory->ops.sync &&
			  !(config->flags & IOMM_PGTABLE_COHERENT);
}

static int make_root(struct iomm_pgtable *pgtable)
{
	bool inner = pgtable->start_level < pgtable->ops->last_level;
	int r;

	r = iomm_node_create(pgtable, inner, pgtable->root_bytes,
			     &pgtable->root);
	if (r)
		return r;
	if (pgtable->synced)
		iomm_table_sync(pgtable->memory, pgtable->root->va,
				iomm_node_pa(pgtable->root),
				pgtable->root_bytes);
	pgtable->ops->registers(pgtable);
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
	set_up(pgtable, plan);
	r = make_root(pgtable);
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
