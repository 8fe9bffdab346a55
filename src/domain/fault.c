/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults: from an instance and an ID to the handler of a domain. */
#include "base/abi.h"
#include "domain/domain.h"

static int
set_handler(struct iomm_domain *domain,
	    void (*handler)(void *data, const struct iomm_fault *fault),
	    void *data, void (*release)(void *data))
{
	struct iomm_ctx *ctx = domain->obj.ctx;
	bool taken;

	iomm_lock(ctx, &domain->lock);
	taken = domain->handler;
	if (!taken) {
		domain->handler = handler;
		domain->handler_data = data;
		domain->handler_release = release;
	}
	iomm_unlock(ctx, &domain->lock);
	if (taken)
		return IOMM_FAIL(ctx, IOMM_EEXIST,
				 "the domain has a fault handler");
	return 0;
}

int iomm_domain_set_fault_handler(
	struct iomm_domain *domain,
	void (*handler)(void *data, const struct iomm_fault *fault), void *data,
	void (*release)(void *data))
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(domain, &iomm_domain_type)) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	ctx = domain->obj.ctx;
	iomm_enter(ctx);
	err = handler ? set_handler(domain, handler, data, release)
		      : iomm_fail_null(ctx, "iomm_domain_set_fault_handler");
	if (err)
		iomm_release(ctx, release, data);
	return iomm_leave(ctx, err);
}

/* What is attached to the group with an ID, with a reference; or NULL. */
static struct iomm_domain *attached_to(struct iomm_iommu *iommu, uint64_t id)
{
	struct iomm_group *group = iomm_iommu_group(iommu, id);
	struct iomm_object *domain = group ? iomm_group_attached(group) : NULL;

	iomm_object_drop(group);
	return (struct iomm_domain *)(void *)domain;
}

static bool deliver(struct iomm_domain *domain, const struct iomm_fault *fault)
{
	struct iomm_ctx *ctx = domain->obj.ctx;
	void (*handler)(void *data, const struct iomm_fault *fault);
	struct iomm_frame frame;

	/* Once set it stays, and the reference keeps its data. */
	iomm_lock(ctx, &domain->lock);
	handler = domain->handler;
	iomm_unlock(ctx, &domain->lock);
	if (!handler)
		return false;
	iomm_callback_begin(ctx, &frame, false);
	handler(domain->handler_data, fault);
	iomm_callback_end(ctx, &frame);
	return true;
}

static int report(struct iomm_iommu *iommu, const struct iomm_fault *fault)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_fault known;
	struct iomm_domain *domain;
	bool delivered;
	int err = iomm_struct_in(ctx, &known, sizeof(known),
				 IOMM_FAULT_SIZE_VER0, fault, "iomm_fault");

	if (!err)
		err = iomm_check_bits(ctx, known.flags, 0, "iomm_fault.flags");
	if (!err)
		err = iomm_check_bits(ctx, known.reserved, 0,
				      "iomm_fault.reserved");
	if (err)
		return err;
	if (iomm_presence_refused(&iommu->presence))
		return IOMM_FAIL(ctx, IOMM_ENODEV, "%s is gone",
				 IOMM_STR(iommu->name));
	known.size = sizeof(known);
	domain = attached_to(iommu, known.id);
	delivered = domain && deliver(domain, &known);
	iomm_object_drop(domain);
	if (delivered)
		return 0;
	IOMM_LOG(ctx, IOMM_LOG_WARN, iommu->name,
		 "ID %x cannot %s I/O address %x (reason %u), and no handler "
		 "hears of it",
		 known.id,
		 IOMM_STR(known.access & IOMM_PROT_WRITE ? "write" : "read"),
		 known.iova, known.reason);
	return IOMM_FAIL(ctx, IOMM_ENOENT,
			 "nobody handles faults of ID %x at %s", known.id,
			 IOMM_STR(iommu->name));
}

int iomm_iommu_report_fault(struct iomm_iommu *iommu,
			    const struct iomm_fault *fault)
{
	if (!iomm_handle_ok(iommu, &iomm_iommu_type))
		return -IOMM_EINVAL;
	iomm_enter(iommu->obj.ctx);
	return iomm_leave(iommu->obj.ctx, report(iommu, fault));
}
