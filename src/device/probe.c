/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Probe. Everything is built on the side, in a struct that only the probing
 * thread sees, and published on the device in one step at the end; what fails
 * before that is undone in reverse and was never there.
 */
#include <iomm/format.h>

#include "device/probe.h"
#include "device/registry.h"

/* 1. Ask the bus, then firmware. */

/* Under how many IDs the device's DMA arrives, and which. */
static int ask_bus(struct iomm_probe *p)
{
	struct iomm_bus *bus = p->device->bus;
	uint64_t address = p->device->address;

	p->nr_inputs = bus->ops->inputs(bus, address, NULL, 0);
	if (!p->nr_inputs)
		return 0;
	p->inputs = iomm_alloc(p->ctx, p->nr_inputs * sizeof(*p->inputs));
	if (!p->inputs)
		return IOMM_FAIL(p->ctx, IOMM_ENOMEM,
				 "no memory for the %u IDs of %s", p->nr_inputs,
				 IOMM_STR(p->device->name));
	(void)bus->ops->inputs(bus, address, p->inputs, p->nr_inputs);
	return 0;
}

static int parse(struct iomm_probe *p)
{
	struct iomm_bus *bus = p->device->bus;
	int err = ask_bus(p);

	if (!err)
		err = iomm_firmware_describe(bus->firmware,
					     bus->ops->node(bus,
							    p->device->address),
					     p->inputs, p->nr_inputs, &p->spec);
	if (err)
		return err;
	p->nr_specifiers = iomm_fwspec_nr_iommus(p->spec);
	return 0;
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

	iomm_firmware_name(p->device->bus->firmware, node, name, sizeof(name));
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

/* 3. Sort the specifiers by instance, and have the drivers translate them. */

static int check_driver(struct iomm_probe *p, const struct iomm_iommu *iommu)
{
	const struct iomm_iommu *first = p->iommus[0];

	if (iomm_streq(iommu->driver, first->driver))
		return 0;
	return IOMM_FAIL(p->ctx, IOMM_EINVAL,
			 "%s is behind %s of driver %s and %s of driver %s: "
			 "there can be but one",
			 IOMM_STR(p->device->name), IOMM_STR(first->name),
			 IOMM_STR(first->driver), IOMM_STR(iommu->name),
			 IOMM_STR(iommu->driver));
}

static int sort(struct iomm_probe *p)
{
	uint32_t n;
	int err = iomm_member_create(p->device, p->spec, &p->member);

	for (n = 0; !err && n < p->nr_specifiers; n++) {
		err = check_driver(p, p->iommus[n]);
		if (!err)
			err = iomm_member_add(p->member, p->iommus[n],
					      iomm_fwspec_specifier(p->spec,
								    n));
	}
	return err;
}

/* 4. Find the group, and join it there: the drivers take the device on, and what
 * the group has attached is attached. 5. Publish, while nobody else is at work
 * on the group. */

static int join(struct iomm_probe *p)
{
	struct iomm_group *group;
	int err = iomm_member_form(p->member);

	if (err)
		return err;
	group = iomm_object_get(p->member->group);
	err = iomm_group_begin(group, IOMM_FOREVER);
	if (err) {
		p->barred = true;
		iomm_object_drop(group);
		return err;
	}
	err = iomm_member_join(p->member);
	if (!err) {
		iomm_device_publish(p->device, p->member);
		p->member = NULL;
	}
	iomm_device_end_group(group);
	return err;
}

static void clean_up(struct iomm_probe *p)
{
	iomm_member_free(p->member);
	exit_iommus(p);
	drop_iommus(p);
	iomm_free(p->ctx, p->iommus,
		  (uint64_t)p->nr_specifiers * sizeof(*p->iommus));
	iomm_object_drop(p->spec);
	iomm_free(p->ctx, p->inputs, p->nr_inputs * sizeof(*p->inputs));
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

/* The registry's lock is held. */
static void make_due(struct iomm_device *device)
{
	iomm_device_wait_for(device, IOMM_ANY_NODE);
	iomm_registry_replay(iomm_registry(device->obj.ctx), IOMM_ANY_NODE);
}

/* What was due is due again: this probe was none. */
static void put_back(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);

	iomm_lock(ctx, &registry->lock);
	make_due(device);
	iomm_unlock(ctx, &registry->lock);
	iomm_wakeup(ctx);
}

void iomm_device_resume_waiting(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	bool due;

	iomm_lock(ctx, &registry->lock);
	iomm_lock(ctx, &device->lock);
	due = device->state == IOMM_DEVICE_WAITING &&
	      !iomm_device_waits(device) &&
	      !iomm_presence_refused(&device->presence);
	iomm_unlock(ctx, &device->lock);
	if (due)
		make_due(device);
	iomm_unlock(ctx, &registry->lock);
	if (due)
		iomm_wakeup(ctx);
}

/* The whole; with the claim held. `due`: it was taken off the queue for this. */
static int probe_device(struct iomm_device *device, bool due, bool *barred)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_probe p = { .device = device,
				.ctx = ctx,
				.arrivals = iomm_arrivals(ctx) };
	int err;

	due |= iomm_device_stop_waiting(device);
	iomm_device_set_state(device, IOMM_DEVICE_PROBING);
	err = parse(&p);
	if (!err)
		err = find_iommus(&p);
	if (!err)
		err = find_formats(&p);
	if (!err)
		err = sort(&p);
	if (!err)
		err = join(&p);
	if (err == -IOMM_EPROBE_DEFER && !p.waits)
		err = wait_for_any(&p);
	*barred = p.barred;
	p.waits |= p.barred && due;
	if (!err) {
		IOMM_LOG(ctx, IOMM_LOG_INFO, device->name, "bound to %s",
			 IOMM_STR(p.iommus[0]->name));
	} else {
		iomm_device_set_state(device, p.waits ? IOMM_DEVICE_WAITING
						      : IOMM_DEVICE_NONE);
	}
	clean_up(&p);
	if (p.barred && due)
		put_back(device);
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
	queued = iomm_device_waits(device);
	iomm_unlock(ctx, &registry->lock);
	return queued;
}

static int claimed_probe(struct iomm_device *device, uint32_t probes, bool due,
			 bool *barred)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	int err;

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
	err = probe_device(device, due, barred);
	/* What was barred says nothing to others: they may have their turn. */
	if (*barred)
		return err;
	device->result = err;
	atomic_fetch_add(&device->probes, 1);
	return err;
}

static int probe(struct iomm_device *device, bool due, bool *barred)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	uint32_t probes = atomic_load(&device->probes);
	int err = iomm_claim_take(ctx, &device->claim, IOMM_FOREVER,
				  device->name);

	*barred = err;
	if (!err) {
		err = claimed_probe(device, probes, due, barred);
		iomm_claim_drop(ctx, &device->claim);
	} else if (due) {
		put_back(device);
	}
	return err;
}

int iomm_device_probe(struct iomm_device *device)
{
	bool barred;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	iomm_enter(device->obj.ctx);
	return iomm_leave(device->obj.ctx, probe(device, false, &barred));
}

int iomm_device_probe_due(struct iomm_device *device, bool *barred)
{
	struct iomm_ctx *ctx = device->obj.ctx;

	iomm_enter(ctx);
	return iomm_leave(ctx, probe(device, true, barred));
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

/* The claim is held. */
static bool
is_behind(const struct iomm_device *device, const struct iomm_iommu *iommu)
{
	uint32_t n;

	if (!device->member)
		return false;
	for (n = 0; n < device->member->nr_bindings; n++) {
		if (device->member->bindings[n].iommu == iommu)
			return true;
	}
	return false;
}

int iomm_device_lost_iommu(struct iomm_device *device, struct iomm_iommu *iommu,
			   uint64_t deadline)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	int err;

	err = iomm_claim_take(ctx, &device->claim, deadline, device->name);
	if (err)
		return err;
	if (is_behind(device, iommu)) {
		err = iomm_device_unbind(device, IOMM_DEVICE_WAITING, deadline);
		if (!err)
			wait_anew(device, iommu->node);
	}
	iomm_claim_drop(ctx, &device->claim);
	return err;
}
