/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Bindings: what a device is at each of its instances. A probe makes them on the
 * side; a device that is bound has them until it is unbound.
 */
#include "device/probe.h"

/* IDs */

static struct iomm_binding *
binding_for(struct iomm_probe *p, struct iomm_iommu *iommu)
{
	struct iomm_binding *binding = p->bindings;
	uint32_t n;

	for (n = 0; n < p->nr_bindings; n++, binding++) {
		if (binding->iommu == iommu)
			return binding;
	}
	binding->ids = iomm_alloc(p->ctx, (uint64_t)p->nr_specifiers *
						  sizeof(*binding->ids));
	if (!binding->ids)
		return NULL;
	iomm_list_init(&binding->link);
	binding->device = p->device;
	binding->iommu = iomm_object_get(iommu);
	p->nr_bindings++;
	return binding;
}

static int translate(struct iomm_probe *p, struct iomm_iommu *iommu,
		     const struct iomm_specifier *specifier, uint64_t *id)
{
	struct iomm_frame frame;
	int err;

	iomm_callback_begin(p->ctx, &frame, false);
	err = iomm_answer(iommu->ops.translate(iommu->data, specifier->cells,
					       specifier->nr_cells, id));
	iomm_callback_end(p->ctx, &frame);
	if (err)
		return IOMM_FAIL(p->ctx, -err,
				 "%s: %s does not accept its specifier of %u "
				 "cells (%x ...): %s",
				 IOMM_STR(p->device->name),
				 IOMM_STR(iommu->name), specifier->nr_cells,
				 specifier->cells[0],
				 IOMM_STR(iomm_strerror(err)));
	return 0;
}

int iomm_probe_make_bindings(struct iomm_probe *p)
{
	struct iomm_binding *binding;
	uint64_t id;
	uint32_t n;
	int err;

	p->bindings = iomm_alloc(p->ctx, (uint64_t)p->nr_specifiers *
						 sizeof(*p->bindings));
	if (!p->bindings)
		return IOMM_FAIL(p->ctx, IOMM_ENOMEM, "no memory for %s",
				 IOMM_STR(p->device->name));
	for (n = 0; n < p->nr_specifiers; n++) {
		if (!iomm_streq(p->iommus[n]->driver, p->iommus[0]->driver))
			return IOMM_FAIL(p->ctx, IOMM_EINVAL,
					 "%s is behind %s of driver %s and %s "
					 "of driver %s: there can be but one",
					 IOMM_STR(p->device->name),
					 IOMM_STR(p->iommus[0]->name),
					 IOMM_STR(p->iommus[0]->driver),
					 IOMM_STR(p->iommus[n]->name),
					 IOMM_STR(p->iommus[n]->driver));
		binding = binding_for(p, p->iommus[n]);
		if (!binding)
			return IOMM_FAIL(p->ctx, IOMM_ENOMEM,
					 "no memory for the IDs of %s",
					 IOMM_STR(p->device->name));
		err = translate(p, p->iommus[n],
				iomm_fwspec_specifier(p->spec, n), &id);
		if (err)
			return err;
		binding->ids[binding->nr_ids++] = id;
	}
	return 0;
}

/* The device that has one of the IDs already; NULL: none. The lock is held. */
static struct iomm_device *
owner_of_ids(const struct iomm_binding *binding, uint64_t *id)
{
	struct iomm_list *pos;
	uint32_t n;

	iomm_list_for_each (pos, &binding->iommu->bindings) {
		struct iomm_binding *other =
			iomm_container_of(pos, struct iomm_binding, link);

		for (n = 0; n < binding->nr_ids; n++) {
			*id = binding->ids[n];
			if (iomm_binding_has_id(other, *id))
				return other->device;
		}
	}
	return NULL;
}

/* Makes the IDs of a binding this device's: 0, or EBUSY when they are somebody
 * else's, or EAGAIN, without a sentence, when that one is just leaving. */
static int try_to_take(struct iomm_probe *p, struct iomm_binding *binding)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_device *owner;
	uint64_t id = 0;
	int err = 0;

	iomm_lock(p->ctx, &iommu->lock);
	owner = owner_of_ids(binding, &id);
	if (!owner)
		iomm_list_add_tail(&iommu->bindings, &binding->link);
	else if (!iomm_object_get_unless_zero(&owner->obj))
		err = -IOMM_EAGAIN;
	iomm_unlock(p->ctx, &iommu->lock);
	if (!owner || err)
		return err;
	err = IOMM_FAIL(p->ctx, IOMM_EBUSY,
			"%s: ID %x at %s is the one of %s, and devices that "
			"share an ID are not supported yet",
			IOMM_STR(p->device->name), id, IOMM_STR(iommu->name),
			IOMM_STR(owner->name));
	iomm_object_drop(owner);
	return err;
}

int iomm_probe_take_ids(struct iomm_probe *p)
{
	struct iomm_binding *binding;
	uint32_t n, word;
	int err = 0;

	for (n = 0; !err && n < p->nr_bindings; n++) {
		binding = &p->bindings[n];
		for (;;) {
			word = atomic_load(&binding->iommu->presence.word);
			err = try_to_take(p, binding);
			if (err != -IOMM_EAGAIN)
				break;
			err = iomm_may_wait(p->ctx, p->device->name);
			if (err)
				break;
			(void)iomm_iommu_let_leave(binding->iommu, word);
		}
	}
	return err;
}

/* The driver takes the device on, with its complete list of IDs. */

static int probe_binding(struct iomm_probe *p, struct iomm_binding *binding)
{
	struct iomm_probe_info info = {
		.size = sizeof(info),
		.name = p->device->name,
		.ids = binding->ids,
		.nr_ids = binding->nr_ids,
		.coherent = p->limits.coherent,
	};
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_frame frame;
	int err;

	iomm_callback_begin(p->ctx, &frame, false);
	err = iomm_answer(iommu->ops.probe(iommu->data, &info, &binding->priv));
	iomm_callback_end(p->ctx, &frame);
	if (err)
		return IOMM_FAIL(p->ctx, -err, "%s: %s refused it: %s",
				 IOMM_STR(p->device->name),
				 IOMM_STR(iommu->name),
				 IOMM_STR(iomm_strerror(err)));
	binding->probed = true;
	return 0;
}

void iomm_binding_block(struct iomm_binding *binding)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_frame frame;

	iomm_callback_begin(iommu->obj.ctx, &frame, false);
	iommu->ops.block(iommu->data, binding->priv);
	iomm_callback_end(iommu->obj.ctx, &frame);
}

int iomm_probe_take_on(struct iomm_probe *p)
{
	uint32_t n;
	int err;

	for (n = 0; n < p->nr_bindings; n++) {
		err = probe_binding(p, &p->bindings[n]);
		if (err)
			return err;
		/* No DMA is translated before somebody attaches a domain. */
		iomm_binding_block(&p->bindings[n]);
	}
	return 0;
}

/* Undoing: of a probe that failed, and of one that succeeded. */

static void release_binding(struct iomm_binding *binding)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_frame frame;

	/* The instance may be on its way out, and wait for just this. */
	iomm_presence_force(&iommu->presence);
	if (binding->probed) {
		iomm_binding_block(binding);
		iomm_callback_begin(ctx, &frame, false);
		iommu->ops.release(iommu->data, binding->priv);
		iomm_callback_end(ctx, &frame);
	}
	iomm_lock(ctx, &iommu->lock);
	iomm_list_del(&binding->link);
	iomm_unlock(ctx, &iommu->lock);
	iomm_presence_exit(ctx, &iommu->presence);
}

void iomm_bindings_free(struct iomm_ctx *ctx, struct iomm_binding *bindings,
			uint32_t nr, uint32_t room)
{
	uint32_t n;

	for (n = nr; n--;)
		release_binding(&bindings[n]);
	for (n = nr; n--;) {
		iomm_free(ctx, bindings[n].ids,
			  (uint64_t)room * sizeof(*bindings[n].ids));
		iomm_object_drop(bindings[n].iommu);
	}
	iomm_free(ctx, bindings, (uint64_t)room * sizeof(*bindings));
}

static uint32_t total_ids(const struct iomm_binding *bindings, uint32_t nr)
{
	uint32_t n, sum = 0;

	for (n = 0; n < nr; n++)
		sum += bindings[n].nr_ids;
	return sum;
}

void iomm_device_unbind(struct iomm_device *device, uint32_t state)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_binding *bindings;
	struct iomm_group *group;
	uint32_t nr;

	iomm_lock(ctx, &device->lock);
	bindings = device->bindings;
	nr = device->nr_bindings;
	group = device->group;
	device->bindings = NULL;
	device->nr_bindings = 0;
	device->group = NULL;
	device->state = state;
	iomm_unlock(ctx, &device->lock);
	if (!bindings)
		return;
	/* A published device has an ID for each specifier it was made of. */
	iomm_bindings_free(ctx, bindings, nr, total_ids(bindings, nr));
	iomm_object_drop(iomm_group_swap(group, NULL));
	iomm_object_drop(group);
}
