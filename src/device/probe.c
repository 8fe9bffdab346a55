/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Probe. Everything is built on the side, in a struct that only the probing
 * thread sees, and published on the device in one step at the end; what fails
 * before that is undone in reverse and was never there.
 */
#include <iomm/format.h>

#include "device/probe.h"
#include "device/registry.h"

/* 1. Ask the bus, then firmware; or the device's creator. */

static int parse(struct iomm_probe *p)
{
	int err = iomm_device_describe(p->device, &p->spec, &p->limits);

	if (!err)
		p->nr_specifiers = iomm_fwspec_nr_iommus(p->spec);
	return err;
}

/* 2. Find the instances, or wait for the first that is missing. */

static void drop_iommus(struct iomm_probe *p)
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
static int find_or_wait(struct iomm_probe *p, uint64_t *node)
{
	struct iomm_registry *registry = iomm_registry(p->ctx);
	struct iomm_device *device = p->device;
	struct iomm_iommu *iommu;
	int result = FOUND;

	iomm_lock(p->ctx, &registry->lock);
	while (p->nr_found < p->nr_specifiers) {
		*node = iomm_fwspec_specifier(p->spec, p->nr_found)->iommu;
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
static bool enter_iommus(struct iomm_probe *p)
{
	while (p->nr_entered < p->nr_found) {
		if (!iomm_presence_enter(&p->iommus[p->nr_entered]->presence))
			return false;
		p->nr_entered++;
	}
	return true;
}

static void exit_iommus(struct iomm_probe *p)
{
	while (p->nr_entered)
		iomm_presence_exit(p->ctx,
				   &p->iommus[--p->nr_entered]->presence);
}

static int fail_missing(struct iomm_probe *p, int how, uint64_t node)
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

	iomm_firmware_name(p->spec->built.firmware, node, name, sizeof(name));
	return IOMM_FAIL(p->ctx, answer[how].code, "%s: its IOMMU %s %s",
			 IOMM_STR(p->device->name), IOMM_STR(name),
			 IOMM_STR(answer[how].why));
}

static int find_iommus(struct iomm_probe *p)
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

static int find_format(struct iomm_probe *p, const struct iomm_iommu *iommu)
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

static int find_formats(struct iomm_probe *p)
{
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < p->nr_found; n++)
		err = find_format(p, p->iommus[n]);
	return err;
}

/* 3. Sort the specifiers, take the IDs, have the drivers take the device on:
 * bind.c. 4. Publish. */

static void publish(struct iomm_probe *p)
{
	struct iomm_device *device = p->device;

	iomm_lock(p->ctx, &device->lock);
	device->limits = p->limits;
	device->bindings = p->bindings;
	device->nr_bindings = p->nr_bindings;
	device->group = p->group;
	device->state = IOMM_DEVICE_BOUND;
	iomm_unlock(p->ctx, &device->lock);
	p->bindings = NULL;
	p->group = NULL;
}

static void clean_up(struct iomm_probe *p)
{
	if (p->bindings)
		iomm_bindings_free(p->ctx, p->bindings, p->nr_bindings,
				   p->nr_specifiers);
	iomm_object_drop(p->group);
	exit_iommus(p);
	drop_iommus(p);
	iomm_free(p->ctx, p->iommus,
		  (uint64_t)p->nr_specifiers * sizeof(*p->iommus));
	iomm_object_drop(p->spec);
}

/*
 * Something says "not yet", and perhaps not for what: the device is probed again
 * when anything has arrived, and not if nothing can. What has arrived since the
 * probe began may have been it.
 */
static int wait_for_any(struct iomm_probe *p)
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
	struct iomm_probe p = { .device = device,
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
		err = iomm_probe_make_bindings(&p);
	if (!err)
		err = iomm_probe_take_ids(&p);
	if (!err)
		err = iomm_probe_take_on(&p);
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
