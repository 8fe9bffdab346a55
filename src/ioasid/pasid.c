/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PASID consumers: a set whose driver has a say in the numbers. */
#include <iomm/pasid.h>

#include "base/abi.h"
#include "ioasid/space.h"

struct iomm_pasid {
	struct iomm_object obj;
	struct iomm_ioasid_set *set;
	uint32_t min, max;
};

static void destroy(struct iomm_object *object)
{
	struct iomm_pasid *pasid = (void *)object;

	iomm_object_drop(pasid->set);
}

static const struct iomm_object_type pasid_type = {
	.kind = IOMM_HANDLE_PASID,
	.bytes = sizeof(struct iomm_pasid),
	.name = "PASID consumer",
	.destroy = destroy,
};

static int read_ops(struct iomm_ctx *ctx, const struct iomm_pasid_ops *ops,
		    struct iomm_pasid_ops *o)
{
	int err = iomm_struct_in(ctx, o, sizeof(*o), IOMM_PASID_OPS_SIZE_VER0,
				 ops, "iomm_pasid_ops");

	if (!err)
		err = iomm_check_bits(ctx, o->flags, 0, "iomm_pasid_ops.flags");
	if (err)
		return err;
	if (o->alloc && !o->free)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a driver that chooses PASIDs needs free");
	return 0;
}

static int
ask_limits(struct iomm_ioasid_space *space, const struct iomm_pasid_ops *ops,
	   void *driver, uint32_t *min, uint32_t *max)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_frame frame;
	int r;

	*min = space->tree.min;
	*max = space->tree.max;
	if (!ops->limits)
		return 0;
	iomm_callback_begin(ctx, &frame, false);
	r = ops->limits(driver, min, max);
	iomm_callback_end(ctx, &frame);
	if (iomm_answer(r) != r)
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "limits answered what is neither 0 nor an "
				 "error");
	if (r)
		return IOMM_FAIL(ctx, -r, "the driver has no limits: %s",
				 IOMM_STR(iomm_strerror(r)));
	if (*min > *max || *min > space->tree.max || *max < space->tree.min)
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "PASIDs from %u to %u, says the driver, where "
				 "the space has those from %u to %u",
				 *min, *max, space->tree.min, space->tree.max);
	return 0;
}

/* The driver, for the set's core: there until its last number is back. */
static int
give_driver(struct iomm_pasid *pasid, const struct iomm_pasid_ops *ops,
	    void *driver, void (*release)(void *driver))
{
	struct iomm_ioasid_core *core = pasid->set->core;
	struct iomm_ioasid_maker *maker =
		iomm_ioasid_alloc_bytes(core->space, sizeof(*maker), 16);

	if (!maker)
		return IOMM_FAIL(pasid->obj.ctx, IOMM_ENOMEM,
				 "no memory for a PASID consumer");
	*maker = (struct iomm_ioasid_maker){
		.refs = 1,
		.alloc = ops->alloc,
		.free = ops->free,
		.data = driver,
		.release = release,
	};
	core->driver = maker;
	return 0;
}

static int create(struct iomm_ioasid_space *space,
		  const struct iomm_ioasid_set_config *config,
		  void (*data_release)(void *data),
		  const struct iomm_pasid_ops *ops, void *driver,
		  void (*driver_release)(void *driver), struct iomm_pasid **out)
{
	struct iomm_ctx *ctx = space->obj.ctx;
	struct iomm_pasid *pasid;
	struct iomm_pasid_ops o;
	int err = read_ops(ctx, ops, &o);

	if (err)
		return err;
	pasid = iomm_object_create(ctx, &pasid_type);
	if (!pasid)
		return -IOMM_ENOMEM;
	err = ask_limits(space, &o, driver, &pasid->min, &pasid->max);
	if (!err)
		err = iomm_ioasid_set_make(space, config, data_release,
					   &pasid->set);
	if (!err)
		err = give_driver(pasid, &o, driver, driver_release);
	if (err)
		iomm_object_drop(pasid);
	else
		*out = pasid;
	return err;
}

int iomm_pasid_create(struct iomm_ioasid_space *space,
		      const struct iomm_ioasid_set_config *config,
		      void (*data_release)(void *data),
		      const struct iomm_pasid_ops *ops, void *driver,
		      void (*driver_release)(void *driver),
		      struct iomm_pasid **out)
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(space, &iomm_ioasid_space_type)) {
		if (driver_release)
			driver_release(driver);
		return -IOMM_EINVAL;
	}
	ctx = space->obj.ctx;
	iomm_enter(ctx);
	err = out ? create(space, config, data_release, ops, driver,
			   driver_release, out)
		  : iomm_fail_null(ctx, "iomm_pasid_create");
	if (err)
		iomm_release(ctx, driver_release, driver);
	return iomm_leave(ctx, err);
}

struct iomm_pasid *iomm_pasid_get(struct iomm_pasid *pasid)
{
	return iomm_handle_get(pasid, &pasid_type);
}

void iomm_pasid_put(struct iomm_pasid *pasid)
{
	iomm_handle_put(pasid, &pasid_type);
}

struct iomm_ioasid_set *iomm_pasid_set(struct iomm_pasid *pasid)
{
	return iomm_handle_ok(pasid, &pasid_type) ? iomm_object_get(pasid->set)
						  : NULL;
}

int iomm_pasid_alloc(struct iomm_pasid *pasid, void *data, uint32_t *id)
{
	int err;

	if (!iomm_handle_ok(pasid, &pasid_type))
		return -IOMM_EINVAL;
	err = id ? iomm_ioasid_take(pasid->set->core, true, pasid->min,
				    pasid->max, data, id)
		 : iomm_fail_null(pasid->obj.ctx, "iomm_pasid_alloc");
	if (err)
		iomm_ioasid_release_data(pasid->set, data);
	return err;
}

int iomm_pasid_free(struct iomm_pasid *pasid, uint32_t id)
{
	return iomm_handle_ok(pasid, &pasid_type)
		       ? iomm_ioasid_free(pasid->set, id)
		       : -IOMM_EINVAL;
}

int iomm_pasid_find(struct iomm_pasid *pasid, uint32_t id, void **data)
{
	return iomm_handle_ok(pasid, &pasid_type)
		       ? iomm_ioasid_find(pasid->set->space, pasid->set, id,
					  data)
		       : -IOMM_EINVAL;
}

int iomm_pasid_for_each(struct iomm_pasid *pasid,
			int (*visit)(void *arg, uint32_t id, void *data),
			void *arg)
{
	return iomm_handle_ok(pasid, &pasid_type)
		       ? iomm_ioasid_for_each(pasid->set, visit, arg)
		       : -IOMM_EINVAL;
}
