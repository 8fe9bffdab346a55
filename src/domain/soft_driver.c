/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The built-in driver of the software IOMMU: an IOMMU driver like any other. */
#include "base/abi.h"
#include "base/mem.h"
#include "device/iommu.h"
#include "domain/soft.h"
#include "pgtable/memory.h"

#define DRIVER "soft"

struct instance {
	struct iomm_ctx *ctx; /* held by `soft` */
	struct iomm_soft *soft;
	struct iomm_table_memory *memory; /* NULL: the platform's */
	struct iomm_format *format;
	uint64_t granule;
	uint32_t ias, oas;
	uint32_t default_domain;
};

struct soft_domain {
	uint64_t tag;
};

/* A specifier of one cell is the ID; of none, the IOMMU knows but one. */
static int
translate(void *data, const uint32_t *cells, uint32_t nr_cells, uint64_t *id)
{
	struct instance *instance = data;

	if (nr_cells > 1)
		return IOMM_FAIL(instance->ctx, IOMM_EINVAL,
				 "the software IOMMU takes specifiers of one "
				 "cell, not %u",
				 nr_cells);
	*id = nr_cells ? cells[0] : 0;
	return 0;
}

/* So that attaching and blocking need no memory. */
static int reserve_all(struct instance *instance, const iomm_u64 *ids,
		       uint32_t nr_ids, uint32_t pasid)
{
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < nr_ids; n++)
		err = iomm_soft_reserve(instance->soft,
					(struct iomm_soft_at){ ids[n], pasid });
	return err;
}

static int probe(void *data, const struct iomm_probe_info *info, void **device)
{
	(void)device;
	return reserve_all(data, info->ids, info->nr_ids, 0);
}

/* The entries of its IDs stay; others may have them too. */
static void release(void *data, void *device)
{
	(void)data;
	(void)device;
}

static int default_domain(void *data, void *device, uint32_t *type)
{
	const struct instance *instance = data;

	(void)device;
	*type = instance->default_domain;
	return 0;
}

/* What is wanted, or more where the format has no tables that narrow. */
static uint32_t width_for(const struct instance *instance,
			  const struct iomm_domain_setup *setup)
{
	const struct iomm_engine_ops *engine =
		iomm_format_engine(instance->format->type, setup->granule,
				   setup->ias, instance->oas);
	uint32_t ias = setup->ias;

	if (engine && ias && ias < engine->min_ias)
		ias = engine->min_ias;
	return ias && ias < instance->ias ? ias : instance->ias;
}

static int domain_alloc(void *data, struct iomm_domain_setup *setup, void **out)
{
	struct instance *instance = data;
	struct soft_domain *domain;

	(void)iomm_copy_string(setup->format, sizeof(setup->format),
			       instance->format->type->name);
	if (!setup->granule)
		setup->granule = instance->granule;
	setup->ias = width_for(instance, setup);
	setup->oas = instance->oas;
	setup->memory = instance->memory;
	/* This process's memory is coherent with itself. */
	setup->flags |= IOMM_PGTABLE_COHERENT;

	domain = iomm_alloc(instance->ctx, sizeof(*domain));
	if (!domain)
		return -IOMM_ENOMEM;
	iomm_lock(instance->ctx, &instance->soft->lock);
	domain->tag = ++instance->soft->next_tag;
	iomm_unlock(instance->ctx, &instance->soft->lock);
	*out = domain;
	return 0;
}

static void domain_free(void *data, void *priv)
{
	struct instance *instance = data;

	iomm_free(instance->ctx, priv, sizeof(struct soft_domain));
}

static int attach_prepare(void *data, void *device, void *domain,
			  const struct iomm_attach *at)
{
	(void)device;
	(void)domain;
	return at->pasid ? reserve_all(data, at->ids, at->nr_ids, at->pasid)
			 : 0;
}

static void attach_commit(void *data, void *device, void *domain_priv,
			  const struct iomm_attach *at)
{
	struct instance *instance = data;
	struct soft_domain *domain = domain_priv;
	struct iomm_soft_setup setup = { .identity = !domain };
	uint32_t n;

	(void)device;
	if (domain) {
		setup.format = instance->format;
		setup.tag = domain->tag;
		memcpy(setup.regs, at->table->regs, sizeof(setup.regs));
	}
	for (n = 0; n < at->nr_ids; n++)
		iomm_soft_program(instance->soft,
				  (struct iomm_soft_at){ at->ids[n],
							 at->pasid },
				  &setup);
}

static void block(void *data, void *device, const struct iomm_attach *at)
{
	struct instance *instance = data;
	uint32_t n;

	(void)device;
	for (n = 0; n < at->nr_ids; n++)
		iomm_soft_block(instance->soft,
				(struct iomm_soft_at){ at->ids[n], at->pasid });
}

static int flush(void *data, void *priv, uint64_t iova, uint64_t last,
		 uint64_t page_size, uint32_t flags)
{
	struct instance *instance = data;
	struct soft_domain *domain = priv;

	/* The IOTLB caches no tables, and finds its entries by their own size.
	 */
	(void)page_size;
	(void)flags;
	return iomm_soft_invalidate(instance->soft, domain->tag, iova, last);
}

static int flush_all(void *data, void *priv)
{
	return flush(data, priv, 0, UINT64_MAX, 0, 0);
}

static const struct iomm_iommu_ops ops = {
	.size = sizeof(ops),
	.translate = translate,
	.probe = probe,
	.release = release,
	.default_domain = default_domain,
	.domain_alloc = domain_alloc,
	.domain_free = domain_free,
	.attach_prepare = attach_prepare,
	.attach_commit = attach_commit,
	.block = block,
	.flush = flush,
	.flush_all = flush_all,
};

/* Registering */

static void destroy(void *data)
{
	struct instance *instance = data;
	struct iomm_soft *soft = instance->soft;
	struct iomm_ctx *ctx = instance->ctx;

	iomm_lock(ctx, &soft->lock);
	soft->instance = NULL;
	soft->registered = false;
	iomm_unlock(ctx, &soft->lock);
	iomm_object_drop(instance->memory);
	iomm_object_drop(instance->format);
	iomm_free(ctx, instance, sizeof(*instance));
	iomm_object_drop(soft);
}

static int
check_driver(struct iomm_soft *soft, const struct iomm_soft_driver *d)
{
	struct iomm_ctx *ctx = soft->obj.ctx;
	int err = iomm_check_bits(ctx, d->flags, 0, "iomm_soft_driver.flags");

	if (err)
		return err;
	if (d->default_domain > IOMM_DOMAIN_IDENTITY)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "there is no domain type %u to be the default "
				 "of a software IOMMU",
				 d->default_domain);
	if (!d->name || !d->node)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a software IOMMU is registered with a node "
				 "and a name");
	if (d->memory && !iomm_handle_ok(d->memory, &iomm_table_memory_type))
		return iomm_fail_null(ctx, "iomm_soft_driver.memory");
	if (!d->memory && !(soft->flags & IOMM_SOFT_IDENTITY))
		return IOMM_FAIL(
			ctx, IOMM_EINVAL,
			"%s: without IOMM_SOFT_IDENTITY the hardware "
			"finds tables only in memory that it has: give "
			"a provider in it",
			IOMM_STR(d->name));
	return 0;
}

static int check_table(struct iomm_ctx *ctx, struct instance *instance,
		       const struct iomm_soft_driver *d)
{
	const struct iomm_engine_ops *engine =
		iomm_format_engine(instance->format->type, d->granule, d->ias,
				   d->oas);

	if (!engine)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "format %s has no granule of %k",
				 IOMM_STR(instance->format->type->name),
				 d->granule);
	instance->granule = engine->granule;
	instance->ias = d->ias ? d->ias : engine->ias;
	instance->oas = d->oas ? d->oas : engine->oas;
	if (instance->ias > engine->max_ias || instance->oas > engine->max_oas)
		return IOMM_FAIL(
			ctx, IOMM_EINVAL,
			"%s: %u bits in and %u out are over the %u and "
			"%u of the format",
			IOMM_STR(d->name), instance->ias, instance->oas,
			engine->max_ias, engine->max_oas);
	return 0;
}

static int reserve(struct iomm_soft *soft, const char *name)
{
	struct iomm_ctx *ctx = soft->obj.ctx;
	bool taken;

	iomm_lock(ctx, &soft->lock);
	taken = soft->registered;
	soft->registered = true;
	iomm_unlock(ctx, &soft->lock);
	if (!taken)
		return 0;
	return IOMM_FAIL(ctx, IOMM_EBUSY,
			 "%s: this software IOMMU is registered already",
			 IOMM_STR(name));
}

static int
make_instance(struct iomm_soft *soft, const struct iomm_soft_driver *d,
	      struct instance **out)
{
	struct iomm_ctx *ctx = soft->obj.ctx;
	struct instance *instance = iomm_alloc(ctx, sizeof(*instance));
	int err;

	if (!instance)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for an IOMMU instance");
	err = reserve(soft, d->name);
	if (err) {
		iomm_free(ctx, instance, sizeof(*instance));
		return err;
	}
	instance->ctx = ctx;
	instance->default_domain = d->default_domain;
	instance->soft = iomm_object_get(soft);
	if (d->memory)
		instance->memory = iomm_object_get(d->memory);
	err = iomm_format_pin(ctx, d->format ? d->format : "arm64-s1",
			      &instance->format);
	if (!err)
		err = check_table(ctx, instance, d);
	if (err)
		destroy(instance);
	else
		*out = instance;
	return err;
}

static int
do_register(struct iomm_soft *soft, const struct iomm_soft_driver *driver,
	    struct iomm_iommu **out)
{
	struct iomm_ctx *ctx = soft->obj.ctx;
	struct iomm_soft_driver d;
	struct instance *instance = NULL;
	int err = iomm_struct_in(ctx, &d, sizeof(d), IOMM_SOFT_DRIVER_SIZE_VER0,
				 driver, "iomm_soft_driver");

	if (!err)
		err = check_driver(soft, &d);
	if (!err)
		err = make_instance(soft, &d, &instance);
	if (err)
		return err;
	err = iomm_iommu_register(
		ctx,
		&(struct iomm_iommu_config){
			.size = sizeof(struct iomm_iommu_config),
			.node = d.node,
			.name = d.name,
			.driver = DRIVER,
			.flags = IOMM_IOMMU_IDENTITY,
			.pasid_bits = d.pasid_bits ? d.pasid_bits
						   : IOMM_PASID_BITS_MAX },
		&ops, instance, destroy, out);
	if (err)
		return err;
	iomm_lock(ctx, &soft->lock);
	soft->instance = *out;
	iomm_unlock(ctx, &soft->lock);
	return 0;
}

int iomm_soft_register(struct iomm_soft *soft,
		       const struct iomm_soft_driver *driver,
		       struct iomm_iommu **out)
{
	if (!iomm_handle_ok(soft, &iomm_soft_type))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(soft->obj.ctx, "iomm_soft_register");
	iomm_enter(soft->obj.ctx);
	return iomm_leave(soft->obj.ctx, do_register(soft, driver, out));
}
