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

	*c = (struct iomm_domain_config){ .size = sizeof(*c),
					  .type = IOMM_DOMAIN_PAGING };
	if (!config)
		return 0;
	err = iomm_struct_in(ctx, c, sizeof(*c), IOMM_DOMAIN_CONFIG_SIZE_VER0,
			     config, "iomm_domain_config");
	if (!err)
		err = iomm_check_bits(ctx, c->flags, 0,
				      "iomm_domain_config.flags");
	if (c->type == IOMM_DOMAIN_ANY)
		c->type = IOMM_DOMAIN_PAGING;
	if (!err && c->type != IOMM_DOMAIN_PAGING &&
	    c->type != IOMM_DOMAIN_BLOCKED)
		err = IOMM_FAIL(ctx, IOMM_EINVAL, "there is no domain type %u",
				c->type);
	return err;
}

static int make_table(struct iomm_domain *domain, struct iomm_device *device,
		      const struct iomm_domain_config *config)
{
	struct iomm_group *group;
	int err = iomm_device_begin_group(device, &group);

	if (err)
		return err;
	err = iomm_space_create(group, config, &domain->pgtable,
				&domain->space);
	iomm_device_end_group(group);
	if (err)
		return err;
	domain->info.size = sizeof(domain->info);
	return iomm_pgtable_info(domain->pgtable, &domain->info);
}

/* A blocking domain needs nothing of the device, but that it is there. */
static int check_device(struct iomm_device *device)
{
	struct iomm_group *group;
	int err = iomm_device_begin_group(device, &group);

	if (!err)
		iomm_device_end_group(group);
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
