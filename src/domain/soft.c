/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The software IOMMU: what it is made of and how it is set up. */
#include "domain/soft.h"

#include "base/abi.h"
#include "base/mem.h"

#define TLB_DEFAULT 256u
#define TLB_MAX	    65536u

static uint64_t tlb_bytes(const struct iomm_soft *soft)
{
	return ((uint64_t)soft->tlb_mask + 1) * sizeof(*soft->tlb);
}

static struct iomm_soft_entry *from_link(struct iomm_index_entry *link)
{
	return iomm_container_of(link, struct iomm_soft_entry, link);
}

static int order(const void *key, const struct iomm_index_entry *link)
{
	const struct iomm_soft_at *a = key;
	const struct iomm_soft_at *b =
		&iomm_container_of(link, struct iomm_soft_entry, link)->at;

	return a->id != b->id ? iomm_order(a->id, b->id)
			      : iomm_order(a->pasid, b->pasid);
}

/* The lock is held, or nobody else is there; freeing is for when it is not. */
static struct iomm_soft_entry *
take_entry(struct iomm_soft *soft, struct iomm_soft_entry *entry)
{
	iomm_index_remove(&soft->entries, &entry->link);
	return entry;
}

static void free_entry(struct iomm_soft *soft, struct iomm_soft_entry *entry)
{
	iomm_object_drop(entry->setup.format);
	iomm_free(soft->obj.ctx, entry, sizeof(*entry));
}

static void destroy(struct iomm_object *object)
{
	struct iomm_soft *soft = (struct iomm_soft *)(void *)object;
	struct iomm_soft_region *region;
	struct iomm_index_entry *link;

	while ((region = soft->regions)) {
		soft->regions = region->next;
		iomm_release(object->ctx, region->release, region->data);
		iomm_free(object->ctx, region, sizeof(*region));
	}
	while ((link = iomm_index_first(&soft->entries)))
		free_entry(soft, take_entry(soft, from_link(link)));
	iomm_free(object->ctx, soft->tlb, tlb_bytes(soft));
}

const struct iomm_object_type iomm_soft_type = {
	.kind = IOMM_HANDLE_SOFT,
	.bytes = sizeof(struct iomm_soft),
	.name = "software IOMMU",
	.lock = offsetof(struct iomm_soft, lock),
	.destroy = destroy,
};

struct iomm_soft *iomm_soft_get(struct iomm_soft *soft)
{
	return iomm_handle_get(soft, &iomm_soft_type);
}

void iomm_soft_put(struct iomm_soft *soft)
{
	iomm_handle_put(soft, &iomm_soft_type);
}

/* Making */

static int
read_config(struct iomm_ctx *ctx, const struct iomm_soft_config *config,
	    struct iomm_soft_config *c)
{
	int err;

	*c = (struct iomm_soft_config){ .size = sizeof(*c) };
	err = config ? iomm_struct_in(ctx, c, sizeof(*c),
				      IOMM_SOFT_CONFIG_SIZE_VER0, config,
				      "iomm_soft_config")
		     : 0;
	if (!err)
		err = iomm_check_bits(ctx, c->flags, IOMM_SOFT_IDENTITY,
				      "iomm_soft_config.flags");
	if (!err)
		err = iomm_check_bits(ctx, c->reserved, 0,
				      "iomm_soft_config.reserved");
	if (err)
		return err;
	if (!c->iotlb_entries)
		c->iotlb_entries = TLB_DEFAULT;
	if (c->iotlb_entries > TLB_MAX ||
	    c->iotlb_entries & (c->iotlb_entries - 1))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "an IOTLB of %u entries is not a power of two "
				 "up to %u",
				 c->iotlb_entries, TLB_MAX);
	return 0;
}

static int create(struct iomm_ctx *ctx, const struct iomm_soft_config *config,
		  struct iomm_soft **out)
{
	struct iomm_soft_config c;
	struct iomm_soft *soft;
	int err = read_config(ctx, config, &c);

	if (err)
		return err;
	soft = iomm_object_create(ctx, &iomm_soft_type);
	if (!soft)
		return -IOMM_ENOMEM;
	soft->flags = c.flags;
	soft->entries.order = order;
	soft->tlb_mask = c.iotlb_entries - 1;
	soft->stats.size = sizeof(soft->stats);
	soft->tlb = iomm_alloc(ctx, tlb_bytes(soft));
	if (!soft->tlb) {
		iomm_object_drop(soft);
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a software IOMMU");
	}
	*out = soft;
	return 0;
}

int iomm_soft_create(struct iomm_ctx *ctx,
		     const struct iomm_soft_config *config,
		     struct iomm_soft **out)
{
	if (!ctx)
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(ctx, "iomm_soft_create");
	iomm_enter(ctx);
	return iomm_leave(ctx, create(ctx, config, out));
}

/* Memory */

static bool
overlaps(const struct iomm_soft *soft, uint64_t paddr, uint64_t last)
{
	const struct iomm_soft_region *r;

	for (r = soft->regions; r; r = r->next) {
		if (paddr <= r->last && last >= r->paddr)
			return true;
	}
	return false;
}

static int add_memory(struct iomm_soft *soft, uint64_t paddr, void *memory,
		      uint64_t bytes, void *data, void (*release)(void *data))
{
	struct iomm_ctx *ctx = soft->obj.ctx;
	struct iomm_soft_region *region;
	bool taken;

	if (!memory || !bytes || paddr + (bytes - 1) < paddr ||
	    (uintptr_t)memory + (uintptr_t)(bytes - 1) < (uintptr_t)memory)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%u bytes of memory at %x: NULL, empty, or it "
				 "wraps",
				 bytes, paddr);
	region = iomm_alloc(ctx, sizeof(*region));
	if (!region)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a memory region");
	region->paddr = paddr;
	region->last = paddr + (bytes - 1);
	region->memory = memory;
	region->data = data;
	region->release = release;
	iomm_lock(ctx, &soft->lock);
	taken = overlaps(soft, paddr, region->last);
	if (!taken) {
		region->next = soft->regions;
		soft->regions = region;
	}
	iomm_unlock(ctx, &soft->lock);
	if (!taken)
		return 0;
	iomm_free(ctx, region, sizeof(*region));
	return IOMM_FAIL(ctx, IOMM_EEXIST,
			 "%u bytes of memory at %x overlap memory that the "
			 "software IOMMU has",
			 bytes, paddr);
}

int iomm_soft_add_memory(struct iomm_soft *soft, uint64_t paddr, void *memory,
			 uint64_t bytes, void *data,
			 void (*release)(void *data))
{
	int err;

	if (!iomm_handle_ok(soft, &iomm_soft_type)) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	iomm_enter(soft->obj.ctx);
	err = add_memory(soft, paddr, memory, bytes, data, release);
	if (err)
		iomm_release(soft->obj.ctx, release, data);
	return iomm_leave(soft->obj.ctx, err);
}

/* Contexts */

struct iomm_soft_entry *
iomm_soft_find(const struct iomm_soft *soft, struct iomm_soft_at at)
{
	struct iomm_index_entry *link = iomm_index_find(&soft->entries, &at);

	return link ? from_link(link) : NULL;
}

int iomm_soft_reserve(struct iomm_soft *soft, struct iomm_soft_at at)
{
	struct iomm_ctx *ctx = soft->obj.ctx;
	struct iomm_soft_entry *fresh = iomm_alloc(ctx, sizeof(*fresh));
	bool there;

	if (!fresh)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the context of ID %x, PASID %u",
				 at.id, at.pasid);
	fresh->at = at;
	iomm_lock(ctx, &soft->lock);
	there = iomm_soft_find(soft, at);
	if (!there)
		iomm_index_insert(&soft->entries, &fresh->link, &at);
	iomm_unlock(ctx, &soft->lock);
	if (there)
		iomm_free(ctx, fresh, sizeof(*fresh));
	return 0;
}

void iomm_soft_program(struct iomm_soft *soft, struct iomm_soft_at at,
		       const struct iomm_soft_setup *setup)
{
	struct iomm_ctx *ctx = soft->obj.ctx;
	struct iomm_format *old = setup->format;
	struct iomm_soft_entry *entry;

	if (setup->format)
		iomm_object_get(setup->format);
	iomm_lock(ctx, &soft->lock);
	entry = iomm_soft_find(soft, at);
	if (entry) {
		old = entry->setup.format;
		entry->setup = *setup;
	}
	iomm_unlock(ctx, &soft->lock);
	iomm_object_drop(old);
}

void iomm_soft_block(struct iomm_soft *soft, struct iomm_soft_at at)
{
	static const struct iomm_soft_setup blocked;
	struct iomm_soft_entry *entry;

	if (!at.pasid) {
		iomm_soft_program(soft, at, &blocked);
		return;
	}
	iomm_lock(soft->obj.ctx, &soft->lock);
	entry = iomm_soft_find(soft, at);
	if (entry)
		(void)take_entry(soft, entry);
	iomm_unlock(soft->obj.ctx, &soft->lock);
	if (entry)
		free_entry(soft, entry);
}

static int no_memory(void *data, uint64_t paddr, uint64_t *desc)
{
	(void)data;
	(void)paddr;
	(void)desc;
	return -IOMM_EFAULT;
}

/* Would a walk with these registers come as far as its first table? */
static bool
regs_ok(const struct iomm_format *format, const struct iomm_soft_context *c)
{
	struct iomm_raw_walker walker = { .fetch = no_memory };
	struct iomm_raw_result result;

	memcpy(walker.regs, c->regs, sizeof(walker.regs));
	return !iomm_raw_walk(format, &walker, 0, &result) &&
	       result.fault != IOMM_RAW_REGISTERS;
}

static int read_context(struct iomm_soft *soft, struct iomm_soft_at at,
			const struct iomm_soft_context *context,
			struct iomm_soft_context *c)
{
	struct iomm_ctx *ctx = soft->obj.ctx;
	int err = iomm_struct_in(ctx, c, sizeof(*c),
				 IOMM_SOFT_CONTEXT_SIZE_VER0, context,
				 "iomm_soft_context");

	if (!err)
		err = iomm_check_bits(ctx, c->flags, IOMM_SOFT_CONTEXT_IDENTITY,
				      "iomm_soft_context.flags");
	if (err)
		return err;
	if (at.pasid >> IOMM_PASID_BITS_MAX)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "PASID %x of ID %x has more than %u bits",
				 at.pasid, at.id, IOMM_PASID_BITS_MAX);
	if (!c->format && !(c->flags & IOMM_SOFT_CONTEXT_IDENTITY))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the context of ID %x names no format", at.id);
	return 0;
}

/* With a reference on the format. */
static int
make_setup(struct iomm_soft *soft, struct iomm_soft_at at,
	   const struct iomm_soft_context *c, struct iomm_soft_setup *setup)
{
	struct iomm_ctx *ctx = soft->obj.ctx;
	int err;

	*setup = (struct iomm_soft_setup){ .tag = c->tag };
	if (c->flags & IOMM_SOFT_CONTEXT_IDENTITY) {
		setup->identity = true;
		return 0;
	}
	err = iomm_format_pin(ctx, c->format, &setup->format);
	if (err)
		return err;
	memcpy(setup->regs, c->regs, sizeof(setup->regs));
	if (regs_ok(setup->format, c))
		return 0;
	err = IOMM_FAIL(ctx, IOMM_EINVAL,
			"the registers of ID %x are none that %s can be walked "
			"with",
			at.id, IOMM_STR(setup->format->type->name));
	iomm_object_drop(setup->format);
	return err;
}

static int set_context(struct iomm_soft *soft, struct iomm_soft_at at,
		       const struct iomm_soft_context *context)
{
	struct iomm_soft_context c;
	struct iomm_soft_setup setup;
	int err = read_context(soft, at, context, &c);

	if (!err)
		err = make_setup(soft, at, &c, &setup);
	if (err)
		return err;
	err = iomm_soft_reserve(soft, at);
	if (!err)
		iomm_soft_program(soft, at, &setup);
	iomm_object_drop(setup.format);
	return err;
}

int iomm_soft_set_context(struct iomm_soft *soft, uint64_t id, uint32_t pasid,
			  const struct iomm_soft_context *context)
{
	struct iomm_soft_at at = { id, pasid };

	if (!iomm_handle_ok(soft, &iomm_soft_type))
		return -IOMM_EINVAL;
	iomm_enter(soft->obj.ctx);
	return iomm_leave(soft->obj.ctx, set_context(soft, at, context));
}

int iomm_soft_clear_context(struct iomm_soft *soft, uint64_t id, uint32_t pasid)
{
	struct iomm_soft_at at = { id, pasid };

	if (!iomm_handle_ok(soft, &iomm_soft_type))
		return -IOMM_EINVAL;
	iomm_enter(soft->obj.ctx);
	iomm_soft_block(soft, at);
	return iomm_leave(soft->obj.ctx, 0);
}

/* Invalidation */

int iomm_soft_invalidate(struct iomm_soft *soft, uint64_t tag, uint64_t iova,
			 uint64_t last)
{
	struct iomm_soft_tlb_entry *entry;
	struct iomm_ctx *ctx;
	uint32_t n;

	if (!iomm_handle_ok(soft, &iomm_soft_type))
		return -IOMM_EINVAL;
	ctx = soft->obj.ctx;
	if (last < iova)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "an invalidation from %x to %x ends before it "
				 "begins",
				 iova, last);
	iomm_lock(ctx, &soft->lock);
	for (n = 0; n <= soft->tlb_mask; n++) {
		entry = &soft->tlb[n];
		/* An entry stands for its whole leaf, and goes when any part of
		 * it is named. */
		if (entry->valid && entry->tag == tag && entry->iova <= last &&
		    entry->iova + (entry->page_size - 1) >= iova)
			entry->valid = false;
	}
	soft->stats.invalidations++;
	iomm_unlock(ctx, &soft->lock);
	return 0;
}

int iomm_soft_stats(struct iomm_soft *soft, struct iomm_soft_stats *stats)
{
	struct iomm_soft_stats now;

	if (!iomm_handle_ok(soft, &iomm_soft_type))
		return -IOMM_EINVAL;
	iomm_lock(soft->obj.ctx, &soft->lock);
	now = soft->stats;
	iomm_unlock(soft->obj.ctx, &soft->lock);
	return iomm_struct_out(soft->obj.ctx, stats, &now, sizeof(now),
			       IOMM_SOFT_STATS_SIZE_VER0, "iomm_soft_stats");
}
