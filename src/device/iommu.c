/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/iommu.h"

#include "base/abi.h"
#include "device/device.h"
#include "device/registry.h"

static int unregister(struct iomm_iommu *iommu, uint64_t deadline);

static void destroy(struct iomm_object *object)
{
	struct iomm_iommu *iommu = (struct iomm_iommu *)(void *)object;
	struct iomm_ctx *ctx = object->ctx;

	/* Bindings and parts hold references: there are none, and nobody is
	 * inside, so this neither waits nor fails. */
	(void)unregister(iommu, 0);
	iomm_release(ctx, iommu->release, iommu->data);
	iomm_strfree(ctx, iommu->name);
	iomm_strfree(ctx, iommu->driver);
	iomm_strfree(ctx, iommu->format);
}

const struct iomm_object_type iomm_iommu_type = {
	.kind = IOMM_HANDLE_IOMMU,
	.bytes = sizeof(struct iomm_iommu),
	.name = "registered IOMMU",
	.lock = offsetof(struct iomm_iommu, lock),
	.destroy = destroy,
};

struct iomm_iommu *iomm_iommu_lookup(struct iomm_ctx *ctx, uint64_t node)
{
	struct iomm_iommu *iommu =
		iomm_registry_find_iommu(iomm_registry(ctx), node);

	if (iommu && !iomm_presence_refused(&iommu->presence) &&
	    iomm_object_get_unless_zero(&iommu->obj))
		return iommu;
	return NULL;
}

/* Registering */

static int check_ops(struct iomm_ctx *ctx, const struct iomm_iommu_ops *ops)
{
	int err = iomm_check_bits(ctx, ops->flags, 0, "iomm_iommu_ops.flags");

	if (err)
		return err;
	if (!ops->translate || !ops->probe || !ops->release ||
	    !ops->domain_alloc || !ops->domain_free || !ops->attach_commit ||
	    !ops->block || !ops->flush || !ops->flush_all)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "struct iomm_iommu_ops lacks a callback; only "
				 "group, default_domain and attach_prepare are "
				 "optional");
	return 0;
}

static int
read_config(struct iomm_ctx *ctx, const struct iomm_iommu_config *config,
	    const struct iomm_iommu_ops *ops, struct iomm_iommu_config *c,
	    struct iomm_iommu_ops *o)
{
	int err = iomm_struct_in(ctx, c, sizeof(*c),
				 IOMM_IOMMU_CONFIG_SIZE_VER0, config,
				 "iomm_iommu_config");

	if (!err)
		err = iomm_check_bits(ctx, c->flags, IOMM_IOMMU_IDENTITY,
				      "iomm_iommu_config.flags");
	if (!err)
		err = iomm_check_bits(ctx, c->reserved, 0,
				      "iomm_iommu_config.reserved");
	if (err)
		return err;
	if (c->pasid_bits > IOMM_PASID_BITS_MAX)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "iomm_iommu_config.pasid_bits is %u: PASIDs "
				 "have up to %u bits",
				 c->pasid_bits, IOMM_PASID_BITS_MAX);
	if (!c->node || !c->name || !c->driver)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "an IOMMU instance needs a node, a name and "
				 "the name of its driver");
	err = iomm_struct_in(ctx, o, sizeof(*o), IOMM_IOMMU_OPS_SIZE_VER0, ops,
			     "iomm_iommu_ops");
	return err ? err : check_ops(ctx, o);
}

/* `data` stays the caller's when this fails. */
static int create(struct iomm_ctx *ctx, const struct iomm_iommu_config *config,
		  struct iomm_iommu **out)
{
	struct iomm_iommu *iommu = iomm_object_create(ctx, &iomm_iommu_type);

	if (!iommu)
		return -IOMM_ENOMEM;
	iommu->node = config->node;
	iommu->flags = config->flags;
	iommu->pasid_bits = config->pasid_bits;
	iomm_list_init(&iommu->link);
	iommu->marks.order = iomm_mark_order;
	iomm_list_init(&iommu->bindings);
	iomm_list_init(&iommu->parts);
	iommu->name = iomm_strdup(ctx, config->name);
	iommu->driver = iomm_strdup(ctx, config->driver);
	if (config->format)
		iommu->format = iomm_strdup(ctx, config->format);
	if (iommu->name && iommu->driver && !iommu->format == !config->format) {
		*out = iommu;
		return 0;
	}
	iomm_object_drop(iommu);
	return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for an IOMMU instance");
}

/* Makes it visible, and whoever waits for it due, in one step: no device is
 * missed between the two. */
static int publish(struct iomm_iommu *iommu)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	const struct iomm_iommu *other;
	bool due = false;
	int err = 0;

	iomm_lock(ctx, &registry->lock);
	/* Also one that is being unregistered: until that is done its driver is
	 * at the hardware. */
	other = iomm_registry_find_iommu(registry, iommu->node);
	if (other) {
		err = IOMM_FAIL(ctx, IOMM_EEXIST,
				"node %x has an IOMMU instance already: %s",
				iommu->node, IOMM_STR(other->name));
	} else {
		iomm_registry_add_iommu(registry, iommu);
		iomm_registry_replay(registry, iommu->node);
		iomm_arriving(ctx);
		due = !iomm_list_empty(&registry->replay);
	}
	iomm_unlock(ctx, &registry->lock);
	if (due)
		iomm_wakeup(ctx);
	return err;
}

static int
do_register(struct iomm_ctx *ctx, const struct iomm_iommu_config *config,
	    const struct iomm_iommu_ops *ops, void *data,
	    void (*release)(void *data), struct iomm_iommu **out)
{
	struct iomm_iommu_config c;
	struct iomm_iommu_ops o;
	struct iomm_iommu *iommu = NULL;
	int err = read_config(ctx, config, ops, &c, &o);

	if (!err)
		err = create(ctx, &c, &iommu);
	if (err)
		return err;
	iommu->ops = o;
	iommu->data = data;
	iommu->release = release;
	err = publish(iommu);
	if (err) {
		iommu->release = NULL; /* the caller's, as on every failure */
		iomm_object_drop(iommu);
		return err;
	}
	IOMM_LOG(ctx, IOMM_LOG_INFO, iommu->name, "registered, driver %s",
		 IOMM_STR(iommu->driver));
	*out = iommu;
	return 0;
}

int iomm_iommu_register(struct iomm_ctx *ctx,
			const struct iomm_iommu_config *config,
			const struct iomm_iommu_ops *ops, void *data,
			void (*release)(void *data), struct iomm_iommu **out)
{
	int err;

	if (!ctx) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	iomm_enter(ctx);
	err = out ? do_register(ctx, config, ops, data, release, out)
		  : iomm_fail_null(ctx, "iomm_iommu_register");
	if (err)
		iomm_release(ctx, release, data);
	return iomm_leave(ctx, err);
}

/* Unregistering */

#define PAUSE 1000000u /* ns */

/* Some device that is bound here, with a reference. NULL, and `*busy`: there
 * is one, but its last reference has just gone, and it is about to leave. */
static struct iomm_device *first_bound(struct iomm_iommu *iommu, bool *busy)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_device *device = NULL;
	struct iomm_list *pos;

	*busy = false;
	iomm_lock(ctx, &iommu->lock);
	iomm_list_for_each (pos, &iommu->bindings) {
		device = iomm_container_of(pos, struct iomm_binding, link)
				 ->member->device;
		if (iomm_object_get_unless_zero(&device->obj))
			break;
		*busy = true;
		device = NULL;
	}
	iomm_unlock(ctx, &iommu->lock);
	return device;
}

/*
 * A device that is bound here has lost its last reference: it is on the reap
 * list, or another thread is destroying it. Destroys it, true, or waits a little
 * for it to pass through the presence, which was `word` before it was seen.
 */
static bool let_leave(struct iomm_iommu *iommu, uint32_t word)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;

	if (atomic_load_explicit(&ctx->reap, memory_order_relaxed)) {
		iomm_object_reap(ctx);
		return true;
	}
	(void)iomm_wait(ctx, &iommu->presence.word, word,
			iomm_deadline(ctx, PAUSE));
	return false;
}

static int lose_devices(struct iomm_iommu *iommu, uint64_t deadline)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_device *device;
	uint32_t word;
	bool busy;
	int err;

	for (;;) {
		word = atomic_load(&iommu->presence.word);
		device = first_bound(iommu, &busy);
		if (device) {
			err = iomm_device_lost_iommu(device, iommu, deadline);
			iomm_object_drop(device);
			if (err)
				return err;
			continue;
		}
		if (!busy)
			return 0;
		if (!let_leave(iommu, word) && iomm_now(ctx) >= deadline)
			return IOMM_FAIL(
				ctx, IOMM_ETIMEDOUT,
				"%s: devices are still leaving it; the "
				"call can be repeated",
				IOMM_STR(iommu->name));
	}
}

static void put_part(struct iomm_ctx *ctx, struct iomm_domain_part *part)
{
	if (atomic_fetch_sub_explicit(&part->refs, 1, memory_order_acq_rel) !=
	    1)
		return;
	iomm_object_drop(part->iommu);
	iomm_free(ctx, part, sizeof(*part));
}

/* Takes a part off the instance's list; the list's reference is the caller's
 * then. The lock is held. */
static void take_part(struct iomm_domain_part *part, uint32_t state)
{
	iomm_list_del(&part->link);
	atomic_store_explicit(&part->state, state, memory_order_release);
}

/* The lock is held: TLB hooks are atomic. */
static int flush_part(struct iomm_iommu *iommu, void *priv)
{
	struct iomm_frame frame;
	int err;

	iomm_callback_begin(iommu->obj.ctx, &frame, true);
	err = iommu->ops.flush_all(iommu->data, priv);
	iomm_callback_end(iommu->obj.ctx, &frame);
	return err;
}

static void free_part(struct iomm_iommu *iommu, void *priv)
{
	struct iomm_frame frame;

	iomm_callback_begin(iommu->obj.ctx, &frame, false);
	iommu->ops.domain_free(iommu->data, priv);
	iomm_callback_end(iommu->obj.ctx, &frame);
}

/* Takes the first part, after the last invalidation of its domain; NULL when
 * there is none. One step under the lock: a domain that cannot enter any more
 * flushes either before it, or not at all. */
static struct iomm_domain_part *lose_part(struct iomm_iommu *iommu, int *err)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_domain_part *part = NULL;

	iomm_lock(ctx, &iommu->lock);
	if (!iomm_list_empty(&iommu->parts)) {
		part = iomm_container_of(iommu->parts.next,
					 struct iomm_domain_part, link);
		*err = flush_part(iommu, part->priv);
		take_part(part, *err ? IOMM_PART_UNKNOWN : IOMM_PART_GONE);
	}
	iomm_unlock(ctx, &iommu->lock);
	return part;
}

/* No device is left that could walk the tables; what the hardware has cached of
 * them goes now. Where the driver cannot say that it has, the domain keeps its
 * tables for good. */
static void lose_domains(struct iomm_iommu *iommu)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_domain_part *part;
	int err;

	while ((part = lose_part(iommu, &err))) {
		if (err)
			IOMM_LOG(
				ctx, IOMM_LOG_ERROR, iommu->name,
				"the last invalidation failed: the tables of a "
				"domain stay in quarantine");
		free_part(iommu, part->priv);
		put_part(ctx, part);
	}
}

static int unregister(struct iomm_iommu *iommu, uint64_t deadline)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	int err;

	(void)iomm_presence_refuse(&iommu->presence);
	err = iomm_presence_drain(ctx, &iommu->presence, deadline, iommu->name);
	if (!err)
		err = lose_devices(iommu, deadline);
	if (err)
		return err;
	lose_domains(iommu);
	/* A device or domain may have been on its way out by itself. */
	err = iomm_presence_drain(ctx, &iommu->presence, deadline, iommu->name);
	if (err)
		return err;
	/* Only now: until it is done, closing the context finds it here. */
	iomm_lock(ctx, &registry->lock);
	iomm_registry_remove_iommu(registry, iommu);
	iomm_unlock(ctx, &registry->lock);
	return 0;
}

int iomm_iommu_unregister(struct iomm_iommu *iommu, uint64_t timeout)
{
	struct iomm_ctx *ctx;
	uint64_t deadline;
	int err;

	if (!iomm_handle_ok(iommu, &iomm_iommu_type))
		return -IOMM_EINVAL;
	ctx = iommu->obj.ctx;
	iomm_enter(ctx);
	deadline = iomm_deadline(ctx, timeout);
	/* Refused, others would see a half-gone instance for as long as the
	 * callback runs, with nobody to finish the job: so not begun. */
	err = iomm_may_wait(ctx, "iomm_iommu_unregister");
	if (!err)
		err = iomm_claim_take(ctx, &iommu->claim, deadline,
				      iommu->name);
	if (!err) {
		err = unregister(iommu, deadline);
		iomm_claim_drop(ctx, &iommu->claim);
	}
	return iomm_leave(ctx, err);
}

/* Parts of domains */

int iomm_part_create(struct iomm_iommu *iommu, struct iomm_domain_part **out)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_domain_part *part = iomm_alloc(ctx, sizeof(*part));

	if (!part)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for a domain");
	iomm_list_init(&part->link);
	part->iommu = iomm_object_get(iommu);
	atomic_init(&part->refs, 1);
	atomic_init(&part->state, IOMM_PART_GONE);
	*out = part;
	return 0;
}

void iomm_part_link(struct iomm_domain_part *part, void *priv)
{
	struct iomm_iommu *iommu = part->iommu;

	part->priv = priv;
	atomic_fetch_add_explicit(&part->refs, 1, memory_order_relaxed);
	iomm_lock(iommu->obj.ctx, &iommu->lock);
	iomm_list_add_tail(&iommu->parts, &part->link);
	atomic_store_explicit(&part->state, IOMM_PART_LIVE,
			      memory_order_release);
	iomm_unlock(iommu->obj.ctx, &iommu->lock);
}

void iomm_part_destroy(struct iomm_domain_part *part)
{
	struct iomm_iommu *iommu = part->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;
	bool mine;

	/* Who takes the part off the list frees the driver's side. Entering
	 * under the same lock makes unregistering wait for it. */
	iomm_lock(ctx, &iommu->lock);
	mine = !iomm_list_empty(&part->link);
	if (mine) {
		take_part(part, IOMM_PART_UNKNOWN);
		iomm_presence_force(&iommu->presence);
	}
	iomm_unlock(ctx, &iommu->lock);
	if (mine) {
		free_part(iommu, part->priv);
		iomm_presence_exit(ctx, &iommu->presence);
		put_part(ctx, part);
	}
	put_part(ctx, part);
}

/* The rest */

int iomm_iommu_name(struct iomm_iommu *iommu, char *buf, uint64_t len)
{
	if (!iomm_handle_ok(iommu, &iomm_iommu_type))
		return -IOMM_EINVAL;
	if (!buf && len)
		return iomm_fail_null(iommu->obj.ctx, "iomm_iommu_name");
	return iomm_copy_string(buf, len, iommu->name);
}

struct iomm_iommu *iomm_iommu_get(struct iomm_iommu *iommu)
{
	return iomm_handle_get(iommu, &iomm_iommu_type);
}

void iomm_iommu_put(struct iomm_iommu *iommu)
{
	iomm_handle_put(iommu, &iomm_iommu_type);
}
