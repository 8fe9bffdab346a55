/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Bindings: what a device is at each of its instances, and what its driver is
 * asked and told about that.
 */
#include "device/attach.h"
#include "device/device.h"

static struct iomm_probe_info describe(const struct iomm_binding *binding)
{
	const struct iomm_member *member = binding->member;
	const struct iomm_fwspec_limits *limits = &member->spec->built.limits;

	return (struct iomm_probe_info){
		.size = sizeof(struct iomm_probe_info),
		.flags = limits->flags & IOMM_FWSPEC_NUMA_NODE
				 ? IOMM_PROBE_NUMA_NODE
				 : 0,
		.name = member->device->name,
		.ids = binding->ids,
		.nr_ids = binding->nr_ids,
		.coherent = member->coherent,
		.pasid_bits = limits->pasid_bits,
		.numa_node = limits->numa_node,
		.dma_mask = member->device->dma_mask,
		.fwspec = member->spec,
	};
}

static int fail(const struct iomm_binding *binding, int err, const char *what)
{
	return IOMM_FAIL(binding->iommu->obj.ctx, -err, "%s: %s %s: %s",
			 IOMM_STR(binding->member->device->name),
			 IOMM_STR(binding->iommu->name), IOMM_STR(what),
			 IOMM_STR(iomm_strerror(err)));
}

int iomm_binding_translate(struct iomm_binding *binding,
			   const struct iomm_specifier *specifier, uint64_t *id)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_frame frame;
	int err;

	iomm_callback_begin(ctx, &frame, false);
	err = iomm_answer(iommu->ops.translate(iommu->data, specifier->cells,
					       specifier->nr_cells, id));
	iomm_callback_end(ctx, &frame);
	if (err)
		return IOMM_FAIL(ctx, -err,
				 "%s: %s does not accept its specifier of %u "
				 "cells (%x ...): %s",
				 IOMM_STR(binding->member->device->name),
				 IOMM_STR(iommu->name), specifier->nr_cells,
				 specifier->cells[0],
				 IOMM_STR(iomm_strerror(err)));
	return 0;
}

int iomm_binding_key(struct iomm_binding *binding, uint64_t *key)
{
	struct iomm_probe_info info = describe(binding);
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_frame frame;
	int err;

	if (!iommu->ops.group)
		return -IOMM_EOPNOTSUPP;
	iomm_callback_begin(iommu->obj.ctx, &frame, false);
	err = iomm_answer(iommu->ops.group(iommu->data, &info, key));
	iomm_callback_end(iommu->obj.ctx, &frame);
	if (!err || err == -IOMM_EOPNOTSUPP)
		return err;
	return fail(binding, err, "cannot say which group is its");
}

int iomm_binding_probe(struct iomm_binding *binding)
{
	struct iomm_probe_info info = describe(binding);
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_frame frame;
	int err;

	iomm_callback_begin(ctx, &frame, false);
	err = iomm_answer(iommu->ops.probe(iommu->data, &info, &binding->priv));
	iomm_callback_end(ctx, &frame);
	if (err)
		return fail(binding, err, "refused it");
	binding->probed = true;
	iomm_lock(ctx, &iommu->lock);
	iomm_list_add_tail(&iommu->bindings, &binding->link);
	iomm_unlock(ctx, &iommu->lock);
	return 0;
}

/* Nothing can fail here, so there is no memory for a list of some of the IDs:
 * each run of them is told by itself. Mostly there is one. */
void iomm_binding_block_own(struct iomm_binding *binding)
{
	struct iomm_attach at = iomm_attach_all(binding);
	uint32_t n, begin = 0;

	for (n = 0; n <= binding->nr_ids; n++) {
		if (n < binding->nr_ids && binding->marks[n]->joined == 1)
			continue;
		at.ids = binding->ids + begin;
		at.nr_ids = n - begin;
		if (at.nr_ids)
			iomm_attach_block(binding, &at);
		begin = n + 1;
	}
}

void iomm_binding_release(struct iomm_binding *binding)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_frame frame;

	iomm_callback_begin(ctx, &frame, false);
	iommu->ops.release(iommu->data, binding->priv);
	iomm_callback_end(ctx, &frame);
	binding->probed = false;
	iomm_lock(ctx, &iommu->lock);
	iomm_list_del(&binding->link);
	iomm_unlock(ctx, &iommu->lock);
}
