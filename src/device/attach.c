/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/attach.h"

struct iomm_attach iomm_attach_all(const struct iomm_binding *binding)
{
	return (struct iomm_attach){ .size = sizeof(struct iomm_attach),
				     .nr_ids = binding->nr_ids,
				     .ids = binding->ids };
}

int iomm_attach_prepare(const struct iomm_binding *binding, void *domain,
			const struct iomm_attach *at)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_frame frame;
	int err;

	if (!iommu->ops.attach_prepare)
		return 0;
	iomm_callback_begin(ctx, &frame, false);
	err = iomm_answer(iommu->ops.attach_prepare(iommu->data, binding->priv,
						    domain, at));
	iomm_callback_end(ctx, &frame);
	if (err)
		return IOMM_FAIL(ctx, -err,
				 "%s refused to attach the domain: %s",
				 IOMM_STR(iommu->name),
				 IOMM_STR(iomm_strerror(err)));
	return 0;
}

void iomm_attach_commit(const struct iomm_binding *binding, void *domain,
			const struct iomm_attach *at)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_frame frame;

	iomm_callback_begin(iommu->obj.ctx, &frame, false);
	iommu->ops.attach_commit(iommu->data, binding->priv, domain, at);
	iomm_callback_end(iommu->obj.ctx, &frame);
}

void iomm_attach_block(const struct iomm_binding *binding,
		       const struct iomm_attach *at)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_frame frame;

	iomm_callback_begin(iommu->obj.ctx, &frame, false);
	iommu->ops.block(iommu->data, binding->priv, at);
	iomm_callback_end(iommu->obj.ctx, &frame);
}
