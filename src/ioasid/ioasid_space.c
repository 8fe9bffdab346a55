/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ID spaces, and what the context keeps of them. */
#include "ioasid/space.h"

#include "base/abi.h"

#define DEFAULT_MAX 0xfffffu

void *iomm_ioasid_alloc_bytes(struct iomm_ioasid_space *space, uint64_t bytes,
			      uint64_t align)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	void *ptr = ctx->platform.alloc(ctx->platform_data, bytes, align);

	if (ptr) {
		iomm_ioasid_lock(space);
		space->bytes += bytes;
		iomm_ioasid_unlock(space);
	}
	return ptr;
}

void iomm_ioasid_free_bytes(struct iomm_ioasid_space *space, void *ptr,
			    uint64_t bytes, uint64_t align)
{
	struct iomm_ctx *ctx = space->obj.ctx;

	if (!ptr)
		return;
	iomm_ioasid_lock(space);
	space->bytes -= bytes;
	iomm_ioasid_unlock(space);
	ctx->platform.free(ctx->platform_data, ptr, bytes, align);
}

static struct iomm_ioasid_space *from_all(struct iomm_list *link)
{
	return iomm_container_of(link, struct iomm_ioasid_space, all);
}

static void destroy(struct iomm_object *object)
{
	struct iomm_ioasid_space *space = (void *)object;
	struct iomm_ioasid_state *state = iomm_ioasid_state(object->ctx);

	/* Cores hold references, so there are no IDs, and the list of those
	 * with work does, so nothing is on its way out. */
	iomm_lock(object->ctx, &state->lock);
	iomm_list_del(&space->all);
	iomm_unlock(object->ctx, &state->lock);
	iomm_ioasid_drop_subscriptions(space);
	iomm_ioasid_drop_makers(space);
	iomm_ioasid_free_bytes(space, space->cores,
			       space->room * sizeof(struct iomm_ioasid_core *),
			       16);
}

const struct iomm_object_type iomm_ioasid_space_type = {
	.kind = IOMM_HANDLE_IOASID_SPACE,
	.bytes = sizeof(struct iomm_ioasid_space),
	.name = "ID space",
	.lock = offsetof(struct iomm_ioasid_space, lock),
	.destroy = destroy,
};

static int
read_config(struct iomm_ctx *ctx, const struct iomm_ioasid_space_config *config,
	    struct iomm_ioasid_space_config *c)
{
	int err = config ? iomm_struct_in(ctx, c, sizeof(*c),
					  IOMM_IOASID_SPACE_CONFIG_SIZE_VER0,
					  config, "iomm_ioasid_space_config")
			 : 0;

	if (!err)
		err = iomm_check_bits(ctx, c->flags, 0,
				      "iomm_ioasid_space_config.flags");
	if (err)
		return err;
	c->min = c->min ? c->min : 1;
	c->max = c->max ? c->max : DEFAULT_MAX;
	if (c->max == IOMM_IOASID_INVALID)
		c->max--;
	if (c->min > c->max)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "an ID space from %u to %u has no numbers",
				 c->min, c->max);
	return 0;
}

void iomm_ioasid_drop_registrations(struct iomm_ioasid_space *space)
{
	bool over;

	iomm_ioasid_lock(space);
	over = iomm_ioasid_is_over(space);
	iomm_ioasid_unlock(space);
	if (!over)
		return;
	iomm_ioasid_drop_subscriptions(space);
	iomm_ioasid_drop_makers(space);
}

static int
create(struct iomm_ctx *ctx, const struct iomm_ioasid_space_config *config,
       struct iomm_ioasid_space **out)
{
	struct iomm_ioasid_state *state = iomm_ioasid_state(ctx);
	struct iomm_ioasid_space_config c = { 0 };
	struct iomm_ioasid_space *space;
	int err = read_config(ctx, config, &c);

	if (err)
		return err;
	space = iomm_object_create(ctx, &iomm_ioasid_space_type);
	if (!space)
		return -IOMM_ENOMEM;
	space->readers = ctx->readers;
	space->tree.min = space->tree.lowest = c.min;
	space->tree.max = c.max;
	space->unreserved = c.max - c.min + 1;
	space->bytes = sizeof(*space);
	iomm_list_init(&space->subscriptions);
	iomm_list_init(&space->makers);
	iomm_list_init(&space->link);
	iomm_lock(ctx, &state->lock);
	iomm_list_add_tail(&state->spaces, &space->all);
	iomm_unlock(ctx, &state->lock);
	*out = space;
	return 0;
}

int iomm_ioasid_space_create(struct iomm_ctx *ctx,
			     const struct iomm_ioasid_space_config *config,
			     struct iomm_ioasid_space **out)
{
	int err;

	if (!ctx)
		return -IOMM_EINVAL;
	iomm_enter(ctx);
	err = out ? create(ctx, config, out)
		  : iomm_fail_null(ctx, "iomm_ioasid_space_create");
	return iomm_leave(ctx, err);
}

struct iomm_ioasid_space *iomm_ioasid_space_get(struct iomm_ioasid_space *space)
{
	return iomm_handle_get(space, &iomm_ioasid_space_type);
}

void iomm_ioasid_space_put(struct iomm_ioasid_space *space)
{
	iomm_handle_put(space, &iomm_ioasid_space_type);
}

int iomm_ioasid_space_info(struct iomm_ioasid_space *space,
			   struct iomm_ioasid_space_info *info)
{
	struct iomm_ioasid_space_info i = { 0 };

	if (!iomm_handle_ok(space, &iomm_ioasid_space_type))
		return -IOMM_EINVAL;
	iomm_ioasid_lock(space);
	i.min = space->tree.min;
	i.max = space->tree.max;
	i.taken = space->taken;
	i.unreserved = space->unreserved;
	i.sets = space->nr_cores;
	i.bytes = space->bytes;
	iomm_ioasid_unlock(space);
	return iomm_struct_out(space->obj.ctx, info, &i, sizeof(i),
			       IOMM_IOASID_SPACE_INFO_SIZE_VER0,
			       "iomm_ioasid_space_info");
}

/* The context */

static int init(struct iomm_ctx *ctx)
{
	struct iomm_ioasid_state *state = iomm_alloc(ctx, sizeof(*state));

	if (!state)
		return -IOMM_ENOMEM;
	if (iomm_lock_init(ctx, &state->lock)) {
		iomm_free(ctx, state, sizeof(*state));
		return -IOMM_ENOMEM;
	}
	iomm_list_init(&state->spaces);
	iomm_list_init(&state->listed);
	ctx->state[IOMM_SUBSYS_IOASID] = state;
	return 0;
}

static void fini(struct iomm_ctx *ctx)
{
	struct iomm_ioasid_state *state = iomm_ioasid_state(ctx);

	iomm_lock_fini(ctx, &state->lock);
	iomm_free(ctx, state, sizeof(*state));
}

static void run(struct iomm_ctx *ctx)
{
	struct iomm_ioasid_state *state = iomm_ioasid_state(ctx);

	if (atomic_exchange_explicit(&state->deferred, false,
				     memory_order_acquire))
		iomm_ioasid_collect_all(ctx);
}

static uint64_t next_deadline(struct iomm_ctx *ctx)
{
	return atomic_load_explicit(&iomm_ioasid_state(ctx)->deferred,
				    memory_order_relaxed)
		       ? 0
		       : IOMM_FOREVER;
}

/* Some space that is not closed, with a reference; closed when this returns. */
static struct iomm_ioasid_space *close_one(struct iomm_ctx *ctx)
{
	struct iomm_ioasid_state *state = iomm_ioasid_state(ctx);
	struct iomm_ioasid_space *space = NULL;
	struct iomm_list *pos;

	iomm_lock(ctx, &state->lock);
	iomm_list_for_each (pos, &state->spaces) {
		space = from_all(pos);
		if (!atomic_load_explicit(&space->closed,
					  memory_order_relaxed) &&
		    iomm_object_get_unless_zero(&space->obj)) {
			atomic_store_explicit(&space->closed, true,
					      memory_order_relaxed);
			break;
		}
		space = NULL;
	}
	iomm_unlock(ctx, &state->lock);
	return space;
}

/* Every ID is freed. What others hold references on is pending, and may need
 * its allocator yet: registrations go with the last. */
static int close(struct iomm_ctx *ctx, uint64_t timeout)
{
	struct iomm_ioasid_space *space;
	int err, result = 0;

	(void)timeout;
	while ((space = close_one(ctx))) {
		err = iomm_ioasid_drain_all(space);
		result = result ? result : err;
		iomm_ioasid_drop_registrations(space);
		iomm_object_drop(space);
	}
	return result;
}

const struct iomm_subsys iomm_ioasid_subsys = {
	.id = IOMM_SUBSYS_IOASID,
	.init = init,
	.fini = fini,
	.run = run,
	.close = close,
	.next_deadline = next_deadline,
};
