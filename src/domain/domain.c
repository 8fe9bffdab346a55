/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "domain/domain.h"

#include "base/abi.h"
#include "pgtable/gather.h"

static void destroy(struct iomm_object *object)
{
	struct iomm_domain *domain = (struct iomm_domain *)(void *)object;

	iomm_regions_free(domain);
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
	if (!err && c->type > IOMM_DOMAIN_IDENTITY)
		err = IOMM_FAIL(ctx, IOMM_EINVAL, "there is no domain type %u",
				c->type);
	return err;
}

/* Its last address is in the first version of the struct. */
static int
table_info(const struct iomm_domain *domain, struct iomm_pgtable_info *info)
{
	uint64_t reach = domain->space->reach;
	int err = iomm_pgtable_info(domain->pgtable, info);

	if (!err && info->first_iova <= reach && reach < info->last_iova)
		info->last_iova = reach;
	return err;
}

static int
make_table(struct iomm_domain *domain, struct iomm_group *group,
	   struct iomm_member *extra, const struct iomm_domain_config *config)
{
	int err = iomm_space_create(group, extra, config, &domain->pgtable,
				    &domain->space);

	if (err)
		return err;
	domain->info.size = sizeof(domain->info);
	return table_info(domain, &domain->info);
}

int iomm_domain_make(struct iomm_group *group, struct iomm_member *extra,
		     const struct iomm_domain_config *config,
		     struct iomm_domain **out)
{
	struct iomm_domain *domain =
		iomm_object_create(group->obj.ctx, &iomm_domain_type);
	int err = 0;

	if (!domain)
		return -IOMM_ENOMEM;
	domain->type = config->type;
	if (domain->type == IOMM_DOMAIN_PAGING)
		err = make_table(domain, group, extra, config);
	if (err)
		iomm_object_drop(domain);
	else
		*out = domain;
	return err;
}

static int
create(struct iomm_device *device, const struct iomm_domain_config *config,
       struct iomm_domain **out)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_domain_config c;
	struct iomm_group *group;
	int err = read_config(ctx, config, &c);

	if (!err)
		err = iomm_device_begin_group(device, &group);
	if (err)
		return err;
	err = iomm_domain_make(group, NULL, &c, out);
	iomm_device_end_group(group);
	return err;
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
				 "a domain that blocks, or lets everything "
				 "through, has no page table");
	return iomm_space_begin(domain->space);
}

/* A table may be wider than the devices need. What wraps around is the table's to
 * refuse. */
static int
check_reach(const struct iomm_domain *domain, uint64_t iova, uint64_t bytes)
{
	uint64_t reach = domain->space->reach;

	if (!bytes || iova + (bytes - 1) <= reach)
		return 0;
	return IOMM_FAIL(domain->obj.ctx, IOMM_EINVAL,
			 "the range of %x bytes at %x goes beyond %x, the last "
			 "address that the domain's devices can reach",
			 bytes, iova, reach);
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
	err = check_reach(domain, iova, bytes);
	if (!err)
		err = iomm_pgtable_map(domain->pgtable, iova, paddr, bytes,
				       prot, flags, mapped);
	iomm_space_end(domain->space);
	return err;
}

/* One step for others, so that what is unmapped is not left unflushed because
 * somebody else's turn came in between. */
int iomm_domain_unmap_now(struct iomm_domain *domain, uint64_t iova,
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
	err = iomm_domain_unmap_now(domain, iova, bytes, unmapped);
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
	err = iomm_regions_check(domain, iova, bytes);
	if (err) {
		iomm_space_end(domain->space);
		return err;
	}
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
	err = table_info(domain, info);
	iomm_space_end(domain->space);
	return err;
}
