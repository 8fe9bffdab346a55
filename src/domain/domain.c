/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "domain/domain.h"

#include "base/abi.h"
#include "pgtable/gather.h"

static void destroy(struct iomm_object *object)
{
	struct iomm_domain *domain = (struct iomm_domain *)(void *)object;

	/* The space goes with the table, which a gather may still hold. */
	iomm_object_drop(domain->pgtable);
	iomm_release(object->ctx, domain->handler_release,
		     domain->handler_data);
}

const struct iomm_object_type iomm_domain_type = {
	.kind = IOMM_HANDLE_DOMAIN,
	.bytes = sizeof(struct iomm_domain),
	.name = "domain",
	.lock = offsetof(struct iomm_domain, lock),
	.destroy = destroy,
};

struct iomm_domain *iomm_domain_get(struct iomm_domain *domain)
{
	return iomm_handle_get(domain, &iomm_domain_type);
}

void iomm_domain_put(struct iomm_domain *domain)
{
	iomm_handle_put(domain, &iomm_domain_type);
}

/* Making */

static int
read_config(struct iomm_ctx *ctx, const struct iomm_domain_config *config,
	    struct iomm_domain_config *c)
{
	int err;

	*c = (struct iomm_domain_config){ .size = sizeof(*c) };
	if (!config)
		return 0;
	err = iomm_struct_in(ctx, c, sizeof(*c), IOMM_DOMAIN_CONFIG_SIZE_VER0,
			     config, "iomm_domain_config");
	if (!err)
		err = iomm_check_bits(ctx, c->flags, 0,
				      "iomm_domain_config.flags");
	if (!err && c->type != IOMM_DOMAIN_PAGING &&
	    c->type != IOMM_DOMAIN_BLOCKED)
		err = IOMM_FAIL(ctx, IOMM_EINVAL, "there is no domain type %u",
				c->type);
	return err;
}

/* The claim keeps the device bound, or unbound. */
static int claim_bound(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	int err = iomm_claim_take(ctx, &device->claim, IOMM_FOREVER,
				  device->name);

	if (err)
		return err;
	if (device->state == IOMM_DEVICE_BOUND &&
	    !iomm_presence_refused(&device->presence))
		return 0;
	iomm_claim_drop(ctx, &device->claim);
	if (iomm_presence_refused(&device->presence))
		return iomm_device_fail_gone(device);
	return IOMM_FAIL(ctx, IOMM_ENODEV,
			 "device %s is not bound to an IOMMU: probe it first",
			 IOMM_STR(device->name));
}

static int make_table(struct iomm_domain *domain, struct iomm_device *device,
		      const struct iomm_domain_config *config)
{
	int err = claim_bound(device);

	if (err)
		return err;
	err = iomm_space_create(device, config, &domain->pgtable,
				&domain->space);
	iomm_claim_drop(device->obj.ctx, &device->claim);
	if (err)
		return err;
	domain->info.size = sizeof(domain->info);
	return iomm_pgtable_info(domain->pgtable, &domain->info);
}

/* A blocking domain needs nothing of the device, but that it is there. */
static int check_device(struct iomm_device *device)
{
	int err = claim_bound(device);

	if (!err)
		iomm_claim_drop(device->obj.ctx, &device->claim);
	return err;
}

static int
create(struct iomm_device *device, const struct iomm_domain_config *config,
       struct iomm_domain **out)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_domain_config c;
	struct iomm_domain *domain;
	int err = read_config(ctx, config, &c);

	if (err)
		return err;
	domain = iomm_object_create(ctx, &iomm_domain_type);
	if (!domain)
		return -IOMM_ENOMEM;
	domain->type = c.type;
	err = c.type == IOMM_DOMAIN_PAGING ? make_table(domain, device, &c)
					   : check_device(device);
	if (err) {
		iomm_object_drop(domain);
		return err;
	}
	*out = domain;
	return 0;
}

int iomm_domain_create(struct iomm_device *device,
		       const struct iomm_domain_config *config,
		       struct iomm_domain **out)
{
	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(device->obj.ctx, "iomm_domain_create");
	iomm_enter(device->obj.ctx);
	return iomm_leave(device->obj.ctx, create(device, config, out));
}

/* Attaching */

static void enter_all(struct iomm_device *device, uint32_t *entered)
{
	while (*entered < device->nr_bindings &&
	       iomm_presence_enter(&device->bindings[*entered].iommu->presence))
		++*entered;
}

static void exit_all(struct iomm_device *device, uint32_t entered)
{
	while (entered)
		iomm_presence_exit(device->obj.ctx, &device->bindings[--entered]
							     .iommu->presence);
}

static void *
part_priv(const struct iomm_domain *domain, const struct iomm_binding *binding)
{
	return iomm_space_part(domain->space, binding->iommu)->priv;
}

static int
check_parts(const struct iomm_domain *domain, const struct iomm_device *device)
{
	struct iomm_domain_part *part;
	struct iomm_iommu *iommu;
	uint32_t n;

	if (domain->info.last_iova > device->limits.dma_mask)
		return IOMM_FAIL(device->obj.ctx, IOMM_EINVAL,
				 "the domain reaches up to %x, and %s only to "
				 "%x",
				 domain->info.last_iova, IOMM_STR(device->name),
				 device->limits.dma_mask);
	for (n = 0; n < device->nr_bindings; n++) {
		iommu = device->bindings[n].iommu;
		part = iomm_space_part(domain->space, iommu);
		if (!part)
			return IOMM_FAIL(device->obj.ctx, IOMM_EINVAL,
					 "the domain was not made for %s, "
					 "behind which %s is",
					 IOMM_STR(iommu->name),
					 IOMM_STR(device->name));
		if (atomic_load_explicit(&part->state, memory_order_acquire) !=
		    IOMM_PART_LIVE)
			return IOMM_FAIL(device->obj.ctx, IOMM_ENODEV,
					 "%s is gone", IOMM_STR(iommu->name));
	}
	return 0;
}

static int prepare(struct iomm_domain *domain, struct iomm_binding *binding)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_frame frame;
	int err;

	if (!iommu->ops.attach_prepare)
		return 0;
	iomm_callback_begin(ctx, &frame, false);
	err = iomm_answer(iommu->ops.attach_prepare(iommu->data, binding->priv,
						    part_priv(domain, binding),
						    &domain->info));
	iomm_callback_end(ctx, &frame);
	if (err)
		return IOMM_FAIL(ctx, -err,
				 "%s refused to attach the domain: "
				 "%s",
				 IOMM_STR(iommu->name),
				 IOMM_STR(iomm_strerror(err)));
	return 0;
}

static void commit(struct iomm_domain *domain, struct iomm_binding *binding)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_frame frame;

	iomm_callback_begin(iommu->obj.ctx, &frame, false);
	iommu->ops.attach_commit(iommu->data, binding->priv,
				 part_priv(domain, binding), &domain->info);
	iomm_callback_end(iommu->obj.ctx, &frame);
}

/* Everybody is asked before anybody is told. A blocking domain has nothing to
 * tell: what has no domain is blocked. */
static int set_up(struct iomm_domain *domain, struct iomm_device *device)
{
	uint32_t n;
	int err;

	if (domain->type == IOMM_DOMAIN_BLOCKED)
		return 0;
	err = check_parts(domain, device);
	for (n = 0; !err && n < device->nr_bindings; n++)
		err = prepare(domain, &device->bindings[n]);
	if (err)
		return err;
	for (n = 0; n < device->nr_bindings; n++)
		commit(domain, &device->bindings[n]);
	return 0;
}

static int attach_inside(struct iomm_domain *domain, struct iomm_device *device)
{
	struct iomm_group *group = device->group;
	int err;

	/* Only a holder of the claim changes it. */
	if (group->attached)
		return IOMM_FAIL(device->obj.ctx, IOMM_EBUSY,
				 "%s has %s attached already",
				 IOMM_STR(device->name),
				 IOMM_STR(group->attached == &domain->obj
						  ? "this domain"
						  : "another domain"));
	err = set_up(domain, device);
	if (!err)
		(void)iomm_group_swap(group, iomm_object_get(domain));
	return err;
}

static int attach(struct iomm_domain *domain, struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	uint32_t entered = 0;
	int err = claim_bound(device);

	if (err)
		return err;
	err = iomm_claim_take(ctx, &device->group->claim, IOMM_FOREVER,
			      "the group");
	if (err)
		goto out;
	enter_all(device, &entered);
	if (entered == device->nr_bindings)
		err = attach_inside(domain, device);
	else
		err = IOMM_FAIL(ctx, IOMM_ENODEV, "%s is being unregistered",
				IOMM_STR(
					device->bindings[entered].iommu->name));
	exit_all(device, entered);
	iomm_claim_drop(ctx, &device->group->claim);
out:
	iomm_claim_drop(ctx, &device->claim);
	return err;
}

static int check_pair(struct iomm_domain *domain, struct iomm_device *device,
		      const char *call)
{
	if (!iomm_handle_ok(domain, &iomm_domain_type))
		return -IOMM_EINVAL;
	if (!iomm_handle_ok(device, &iomm_device_type))
		return iomm_fail_null(domain->obj.ctx, call);
	if (domain->obj.ctx != device->obj.ctx)
		return IOMM_FAIL(domain->obj.ctx, IOMM_EINVAL,
				 "%s: domain and device are of different "
				 "contexts",
				 IOMM_STR(call));
	return 0;
}

int iomm_domain_attach(struct iomm_domain *domain, struct iomm_device *device)
{
	int err = check_pair(domain, device, "iomm_domain_attach");

	if (err)
		return err;
	iomm_enter(domain->obj.ctx);
	return iomm_leave(domain->obj.ctx, attach(domain, device));
}

static int detach(struct iomm_domain *domain, struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_group *group;
	uint32_t n;
	int err = claim_bound(device);

	if (err)
		return err;
	group = device->group;
	err = iomm_claim_take(ctx, &group->claim, IOMM_FOREVER, "the group");
	if (err)
		goto out;
	if (group->attached == &domain->obj) {
		for (n = 0; n < device->nr_bindings; n++)
			iomm_binding_block(&device->bindings[n]);
		iomm_object_drop(iomm_group_swap(group, NULL));
	} else {
		err = IOMM_FAIL(ctx, IOMM_ENOENT,
				"this domain is not attached to %s",
				IOMM_STR(device->name));
	}
	iomm_claim_drop(ctx, &group->claim);
out:
	iomm_claim_drop(ctx, &device->claim);
	return err;
}

int iomm_domain_detach(struct iomm_domain *domain, struct iomm_device *device)
{
	int err = check_pair(domain, device, "iomm_domain_detach");

	if (err)
		return err;
	iomm_enter(domain->obj.ctx);
	return iomm_leave(domain->obj.ctx, detach(domain, device));
}

/* Mapping */

/* Checks the handle, and that the table may be worked on. */
static int begin(struct iomm_domain *domain)
{
	if (!iomm_handle_ok(domain, &iomm_domain_type))
		return -IOMM_EINVAL;
	if (domain->type != IOMM_DOMAIN_PAGING)
		return IOMM_FAIL(domain->obj.ctx, IOMM_EINVAL,
				 "a blocking domain has no page table");
	return iomm_space_begin(domain->space);
}

int iomm_domain_map(struct iomm_domain *domain, uint64_t iova, uint64_t paddr,
		    uint64_t bytes, uint32_t prot, uint32_t flags,
		    uint64_t *mapped)
{
	int err;

	if (mapped)
		*mapped = 0;
	err = begin(domain);
	if (err)
		return err;
	err = iomm_pgtable_map(domain->pgtable, iova, paddr, bytes, prot, flags,
			       mapped);
	iomm_space_end(domain->space);
	return err;
}

/* One step for others, so that what is unmapped is not left unflushed because
 * somebody else's turn came in between. */
static int unmap_and_flush(struct iomm_domain *domain, uint64_t iova,
			   uint64_t bytes, uint64_t *unmapped)
{
	struct iomm_gather gather;
	int err, flushed = 0;

	iomm_gather_init(&gather);
	err = iomm_pgtable_unmap(domain->pgtable, iova, bytes, &gather,
				 unmapped);
	if (gather.pgtable)
		flushed = iomm_gather_flush_held(&gather);
	if (flushed)
		iomm_gather_abandon(&gather);
	return err ? err : flushed;
}

static int unmap_strict(struct iomm_domain *domain, uint64_t iova,
			uint64_t bytes, uint64_t *unmapped)
{
	struct iomm_ctx *ctx = domain->obj.ctx;
	int err;

	iomm_enter(ctx);
	err = unmap_and_flush(domain, iova, bytes, unmapped);
	iomm_space_end(domain->space);
	return iomm_leave(ctx, err);
}

int iomm_domain_unmap(struct iomm_domain *domain, uint64_t iova, uint64_t bytes,
		      struct iomm_gather *gather, uint64_t *unmapped)
{
	int err;

	if (unmapped)
		*unmapped = 0;
	err = begin(domain);
	if (err)
		return err;
	if (!gather)
		return unmap_strict(domain, iova, bytes, unmapped);
	err = iomm_pgtable_unmap(domain->pgtable, iova, bytes, gather,
				 unmapped);
	iomm_space_end(domain->space);
	return err;
}

int iomm_domain_flush_all(struct iomm_domain *domain)
{
	int err = begin(domain);

	if (err)
		return err;
	err = iomm_pgtable_flush_all(domain->pgtable);
	iomm_space_end(domain->space);
	return err;
}

int iomm_domain_translate(struct iomm_domain *domain, uint64_t iova,
			  struct iomm_translation *out)
{
	int err = begin(domain);

	if (err)
		return err;
	err = iomm_pgtable_translate(domain->pgtable, iova, out);
	iomm_space_end(domain->space);
	return err;
}

int iomm_domain_info(struct iomm_domain *domain, struct iomm_pgtable_info *info)
{
	int err = begin(domain);

	if (err)
		return err;
	err = iomm_pgtable_info(domain->pgtable, info);
	iomm_space_end(domain->space);
	return err;
}
