/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Probe. Everything is built on the side, in a struct that only the probing
 * thread sees, and published on the device in one step at the end; what fails
 * before that is undone in reverse and was never there.
 */
#include <iomm/format.h>

#include "device/device.h"
#include "device/registry.h"

struct probe {
	struct iomm_device *device;
	struct iomm_ctx *ctx;
	bool coherent;
	bool waits;	   /* it is queued for something that is to arrive */
	uint32_t arrivals; /* before it looked for anything */
	/* What firmware says. */
	struct iomm_specifier *specifiers;
	uint32_t nr_specifiers;
	/* The instance of each specifier, with a reference, and inside its
	 * presence from `nr_entered` down. */
	struct iomm_iommu **iommus;
	uint32_t nr_found, nr_entered;
	/* What the device is to get. */
	struct iomm_binding *bindings;
	uint32_t nr_bindings;
	struct iomm_group *group;
};

/* 1. Ask the bus, then firmware. */

static int parse(struct probe *p)
{
	struct iomm_bus *bus = p->device->bus;
	struct iomm_bus_place place = { 0 };
	const uint64_t *input;
	uint32_t count = 0;
	int err;

	bus->ops->place(bus, p->device->address, &place);
	input = place.has_input ? &place.input : NULL;
	p->coherent = iomm_firmware_flags(bus->firmware, place.node) &
		      IOMM_NODE_COHERENT;
	/* Parsing has no effects: once for the count, once for the list. */
	err = iomm_firmware_specifiers(bus->firmware, place.node, input, NULL,
				       &count);
	if (err)
		return err;
	p->specifiers =
		iomm_alloc(p->ctx, (uint64_t)count * sizeof(*p->specifiers));
	if (!p->specifiers)
		return IOMM_FAIL(p->ctx, IOMM_ENOMEM,
				 "no memory for the IOMMUs of %s",
				 IOMM_STR(p->device->name));
	p->nr_specifiers = count;
	return iomm_firmware_specifiers(bus->firmware, place.node, input,
					p->specifiers, &count);
}

/* 2. Find the instances, or wait for the first that is missing. */

static void drop_iommus(struct probe *p)
{
	while (p->nr_found)
		iomm_object_drop(p->iommus[--p->nr_found]);
}

enum {
	FOUND,
	WAITS,
	SEALED,
	LATE
};

/* One step under the registry's lock, so that a registration comes either
 * before the look-up or after the device is queued for it. */
static int find_or_wait(struct probe *p, uint64_t *node)
{
	struct iomm_registry *registry = iomm_registry(p->ctx);
	struct iomm_device *device = p->device;
	struct iomm_iommu *iommu;
	int result = FOUND;

	iomm_lock(p->ctx, &registry->lock);
	while (p->nr_found < p->nr_specifiers) {
		*node = p->specifiers[p->nr_found].iommu;
		iommu = iomm_iommu_lookup(p->ctx, *node);
		if (iommu) {
			p->iommus[p->nr_found++] = iommu;
			continue;
		}
		if (registry->sealed) {
			result = SEALED;
		} else if (device->deadline &&
			   device->deadline <= iomm_now(p->ctx)) {
			result = LATE;
		} else {
			iomm_device_wait_for(device, *node);
			p->waits = true;
			result = WAITS;
		}
		break;
	}
	iomm_unlock(p->ctx, &registry->lock);
	return result;
}

/* Enters each instance, so that none is unregistered under the probe. False
 * when one has just gone. */
static bool enter_iommus(struct probe *p)
{
	while (p->nr_entered < p->nr_found) {
		if (!iomm_presence_enter(&p->iommus[p->nr_entered]->presence))
			return false;
		p->nr_entered++;
	}
	return true;
}

static void exit_iommus(struct probe *p)
{
	while (p->nr_entered)
		iomm_presence_exit(p->ctx,
				   &p->iommus[--p->nr_entered]->presence);
}

static int fail_missing(struct probe *p, int how, uint64_t node)
{
	static const struct {
		int code;
		const char *why;
	} answer[] = {
		[WAITS] = { IOMM_EPROBE_DEFER,
			    "is not registered yet; the device waits" },
		[SEALED] = { IOMM_ENODEV,
			     "is not registered, and no more will come" },
		[LATE] = { IOMM_ETIMEDOUT,
			   "was not registered before the deadline" },
	};
	char name[96];

	iomm_firmware_name(p->device->bus->firmware, node, name, sizeof(name));
	return IOMM_FAIL(p->ctx, answer[how].code, "%s: its IOMMU %s %s",
			 IOMM_STR(p->device->name), IOMM_STR(name),
			 IOMM_STR(answer[how].why));
}

static int find_iommus(struct probe *p)
{
	uint64_t node = 0;
	int how;

	p->iommus = iomm_alloc(p->ctx,
			       (uint64_t)p->nr_specifiers * sizeof(*p->iommus));
	if (!p->iommus)
		return IOMM_FAIL(p->ctx, IOMM_ENOMEM,
				 "no memory for the IOMMUs of %s",
				 IOMM_STR(p->device->name));
	for (;;) {
		how = find_or_wait(p, &node);
		if (how == FOUND && enter_iommus(p))
			return 0;
		exit_iommus(p);
		drop_iommus(p);
		if (how != FOUND)
			return fail_missing(p, how, node);
	}
}

/* The formats that they walk. They are not kept: tables pin them. */

static int find_format(struct probe *p, const struct iomm_iommu *iommu)
{
	struct iomm_format *format;
	int err;

	if (!iommu->format)
		return 0;
	err = iomm_format_request(p->ctx, iommu->format, 0, 0, &format);
	if (!err)
		iomm_format_put(format);
	if (err != -IOMM_ENOENT)
		return err;
	return IOMM_FAIL(
		p->ctx, IOMM_ENODEV,
		"%s: its IOMMU %s walks tables of format %s, and there "
		"is none, nor will there be",
		IOMM_STR(p->device->name), IOMM_STR(iommu->name),
		IOMM_STR(iommu->format));
}

static int find_formats(struct probe *p)
{
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < p->nr_found; n++)
		err = find_format(p, p->iommus[n]);
	return err;
}

/* 3. Sort the specifiers by instance, and have its driver translate them. */

static struct iomm_binding *
binding_for(struct probe *p, struct iomm_iommu *iommu)
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

static int translate(struct probe *p, struct iomm_iommu *iommu,
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

static int make_bindings(struct probe *p)
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
		err = translate(p, p->iommus[n], &p->specifiers[n], &id);
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
static int try_to_take(struct probe *p, struct iomm_binding *binding)
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

static int take_ids(struct probe *p)
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

/* 4. The driver takes the device on, with its complete list of IDs. */

static int probe_binding(struct probe *p, struct iomm_binding *binding)
{
	struct iomm_probe_info info = {
		.size = sizeof(info),
		.name = p->device->name,
		.ids = binding->ids,
		.nr_ids = binding->nr_ids,
		.coherent = p->coherent,
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

static int probe_bindings(struct probe *p)
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

/* 5. Publish. */

static void publish(struct probe *p)
{
	struct iomm_device *device = p->device;

	iomm_lock(p->ctx, &device->lock);
	device->coherent = p->coherent;
	device->bindings = p->bindings;
	device->nr_bindings = p->nr_bindings;
	device->group = p->group;
	device->state = IOMM_DEVICE_BOUND;
	iomm_unlock(p->ctx, &device->lock);
	p->bindings = NULL;
	p->group = NULL;
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

/* `nr` are in use, of an array that was made for `room`. */
static void free_bindings(struct iomm_ctx *ctx, struct iomm_binding *bindings,
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
	free_bindings(ctx, bindings, nr, total_ids(bindings, nr));
	iomm_object_drop(iomm_group_swap(group, NULL));
	iomm_object_drop(group);
}

static void clean_up(struct probe *p)
{
	if (p->bindings)
		free_bindings(p->ctx, p->bindings, p->nr_bindings,
			      p->nr_specifiers);
	iomm_object_drop(p->group);
	exit_iommus(p);
	drop_iommus(p);
	iomm_free(p->ctx, p->iommus,
		  (uint64_t)p->nr_specifiers * sizeof(*p->iommus));
	iomm_free(p->ctx, p->specifiers,
		  (uint64_t)p->nr_specifiers * sizeof(*p->specifiers));
}

/*
 * Something says "not yet", and perhaps not for what: the device is probed again
 * when anything has arrived, and not if nothing can. What has arrived since the
 * probe began may have been it.
 */
static int wait_for_any(struct probe *p)
{
	struct iomm_registry *registry = iomm_registry(p->ctx);
	struct iomm_device *device = p->device;
	bool expected = iomm_arrivals_expected(p->ctx), missed, late;

	iomm_lock(p->ctx, &registry->lock);
	missed = iomm_arrivals(p->ctx) != p->arrivals;
	late = device->deadline && device->deadline <= iomm_now(p->ctx);
	p->waits = missed || (expected && !late);
	if (p->waits)
		iomm_device_wait_for(device, IOMM_ANY_NODE);
	if (missed)
		iomm_registry_replay(registry, IOMM_ANY_NODE);
	iomm_unlock(p->ctx, &registry->lock);
	if (missed)
		iomm_wakeup(p->ctx);
	if (p->waits)
		return -IOMM_EPROBE_DEFER;
	if (expected)
		return IOMM_FAIL(p->ctx, IOMM_ETIMEDOUT,
				 "%s: its driver still waits for something at "
				 "the deadline",
				 IOMM_STR(device->name));
	return IOMM_FAIL(p->ctx, IOMM_ENODEV,
			 "%s: its driver waits for something, and no IOMMU or "
			 "format will come any more",
			 IOMM_STR(device->name));
}

/* The whole; with the claim held. */
static int probe_device(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct probe p = { .device = device,
			   .ctx = ctx,
			   .arrivals = iomm_arrivals(ctx) };
	int err;

	iomm_device_stop_waiting(device);
	iomm_device_set_state(device, IOMM_DEVICE_PROBING);
	err = parse(&p);
	if (!err)
		err = find_iommus(&p);
	if (!err)
		err = find_formats(&p);
	if (!err)
		err = make_bindings(&p);
	if (!err)
		err = take_ids(&p);
	if (!err)
		err = probe_bindings(&p);
	if (err == -IOMM_EPROBE_DEFER && !p.waits)
		err = wait_for_any(&p);
	if (!err)
		err = iomm_group_create(ctx, &p.group);
	if (!err) {
		publish(&p);
		IOMM_LOG(ctx, IOMM_LOG_INFO, device->name, "bound to %s",
			 IOMM_STR(p.iommus[0]->name));
	} else {
		iomm_device_set_state(device, p.waits ? IOMM_DEVICE_WAITING
						      : IOMM_DEVICE_NONE);
	}
	clean_up(&p);
	return err;
}

/* Is the result of a probe by another thread this one's too? Not "not yet", when
 * what the device waited for has arrived since: whoever took it off the queue
 * for that may be this thread. */
static bool shares_result(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	bool queued;

	if (device->result != -IOMM_EPROBE_DEFER)
		return device->result;
	iomm_lock(ctx, &registry->lock);
	queued = !iomm_list_empty(&device->wait_link);
	iomm_unlock(ctx, &registry->lock);
	return queued;
}

static int claimed_probe(struct iomm_device *device, uint32_t probes)
{
	struct iomm_ctx *ctx = device->obj.ctx;

	if (iomm_presence_refused(&device->presence))
		return iomm_device_fail_gone(device);
	if (device->state == IOMM_DEVICE_BOUND)
		return 0;
	/* Somebody else's probe ended while this one waited for its turn. (One
	 * that succeeded has been undone since: that result is not shared.) */
	if (atomic_load(&device->probes) != probes && shares_result(device))
		return IOMM_FAIL(ctx, -device->result,
				 "%s was probed by another thread: %s",
				 IOMM_STR(device->name),
				 IOMM_STR(iomm_strerror(device->result)));
	device->result = probe_device(device);
	atomic_fetch_add(&device->probes, 1);
	return device->result;
}

int iomm_device_probe(struct iomm_device *device)
{
	struct iomm_ctx *ctx;
	uint32_t probes;
	int err;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	ctx = device->obj.ctx;
	iomm_enter(ctx);
	probes = atomic_load(&device->probes);
	err = iomm_claim_take(ctx, &device->claim, IOMM_FOREVER, device->name);
	if (!err) {
		err = claimed_probe(device, probes);
		iomm_claim_drop(ctx, &device->claim);
	}
	return iomm_leave(ctx, err);
}

/* Queues a device that has lost its instance; if none will come any more it is
 * due, to be told so. */
static void wait_anew(struct iomm_device *device, uint64_t node)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	bool due;

	iomm_lock(ctx, &registry->lock);
	device->deadline = 0;
	iomm_device_wait_for(device, node);
	due = registry->sealed;
	if (due)
		iomm_registry_replay(registry, node);
	iomm_unlock(ctx, &registry->lock);
	if (due)
		iomm_wakeup(ctx);
}

int iomm_device_lost_iommu(struct iomm_device *device, struct iomm_iommu *iommu,
			   uint64_t deadline)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	uint32_t n;
	int err;

	err = iomm_claim_take(ctx, &device->claim, deadline, device->name);
	if (err)
		return err;
	for (n = 0; n < device->nr_bindings; n++) {
		if (device->bindings[n].iommu != iommu)
			continue;
		iomm_device_unbind(device, IOMM_DEVICE_WAITING);
		wait_anew(device, iommu->node);
		break;
	}
	iomm_claim_drop(ctx, &device->claim);
	return 0;
}
