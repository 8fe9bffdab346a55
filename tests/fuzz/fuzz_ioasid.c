/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The same for ID spaces: the structs of their calls, with a few IDs about. */
#include "fuzz/structs.h"

#define MAX_STEPS 24u
#define LAST	  300u

struct machine {
	struct world w;
	struct input in;
	struct iomm_ioasid_space *space;
	struct iomm_ioasid_set *set;
};

/* What the input says, when it is asked for a number. */
static int choose(void *data, uint32_t min, uint32_t max, uint32_t *id)
{
	struct machine *m = data;
	uint32_t choice = (uint32_t)take(&m->in, 2);

	*id = choice % 4 ? min + choice % (max - min + 1) : choice;
	return (int8_t)take8(&m->in) < -100 ? -IOMM_EAGAIN : 0;
}

static void give(void *data, uint32_t id)
{
	(void)data;
	(void)id;
}

static int limits(void *data, uint32_t *min, uint32_t *max)
{
	struct machine *m = data;

	*min = (uint32_t)take(&m->in, 2);
	*max = (uint32_t)take(&m->in, 2);
	return 0;
}

static uint32_t take_id(struct machine *m)
{
	uint32_t n = take8(&m->in);

	return n < 200 ? n % 16 : (uint32_t)take(&m->in, 4);
}

static void call_space_create(struct machine *m)
{
	void *config = take_struct(&m->in, IOMM_IOASID_SPACE_CONFIG_SIZE_VER0,
				   NULL, 0);
	struct iomm_ioasid_space *space = NULL;
	int err = checked(&m->w,
			  iomm_ioasid_space_create(m->w.ctx, config, &space));

	free(config);
	REQUIRE(!err == !!space && err <= 0);
	iomm_ioasid_space_put(space);
}

static void call_set_create(struct machine *m)
{
	void *config =
		take_struct(&m->in, IOMM_IOASID_SET_CONFIG_SIZE_VER0, NULL, 0);
	struct iomm_ioasid_set *set = NULL;
	int err = checked(&m->w,
			  iomm_ioasid_set_create(m->space, config, NULL, &set));

	free(config);
	REQUIRE(!err == !!set && err <= 0);
	iomm_ioasid_set_put(set);
}

static void call_allocator(struct machine *m)
{
	const void *hosts[] = { NULL, m };
	const void *alloc[] = { NULL, (const void *)choose };
	const void *frees[] = { NULL, (const void *)give };
	const struct slot slots[] = {
		FN(struct iomm_ioasid_allocator_ops, host, hosts),
		FN(struct iomm_ioasid_allocator_ops, alloc, alloc),
		FN(struct iomm_ioasid_allocator_ops, free, frees),
	};
	void *ops = take_struct(&m->in, IOMM_IOASID_ALLOCATOR_OPS_SIZE_VER0,
				slots, LENGTH(slots));
	int err;

	if (take8(&m->in) % 2) {
		m->w.handed++;
		err = iomm_ioasid_allocator_register(m->space, ops, m,
						     release_world);
	} else {
		err = iomm_ioasid_allocator_unregister(m->space, ops, m);
	}
	REQUIRE(checked(&m->w, err) <= 0);
	free(ops);
}

static void call_pasid(struct machine *m)
{
	const void *limit[] = { NULL, (const void *)limits };
	const void *alloc[] = { NULL, (const void *)choose };
	const void *frees[] = { NULL, (const void *)give };
	const struct slot slots[] = {
		FN(struct iomm_pasid_ops, limits, limit),
		FN(struct iomm_pasid_ops, alloc, alloc),
		FN(struct iomm_pasid_ops, free, frees),
	};
	void *ops = take_struct(&m->in, IOMM_PASID_OPS_SIZE_VER0, slots,
				LENGTH(slots));
	void *config =
		take_struct(&m->in, IOMM_IOASID_SET_CONFIG_SIZE_VER0, NULL, 0);
	struct iomm_pasid *pasid = NULL;
	uint32_t id;
	int err;

	m->w.handed++;
	err = checked(&m->w, iomm_pasid_create(m->space, config, NULL, ops, m,
					       release_world, &pasid));
	REQUIRE(!err == !!pasid && err <= 0);
	if (pasid)
		REQUIRE(checked(&m->w, iomm_pasid_alloc(pasid, NULL, &id)) <=
			0);
	free(ops);
	free(config);
	iomm_pasid_put(pasid);
}

static void call_infos(struct machine *m)
{
	struct out out = take_out(&m->in, IOMM_IOASID_SPACE_INFO_SIZE_VER0);

	check_out(&m->w, &out, iomm_ioasid_space_info(m->space, (void *)out.s));
	out = take_out(&m->in, IOMM_IOASID_SET_INFO_SIZE_VER0);
	check_out(&m->w, &out, iomm_ioasid_set_info(m->set, (void *)out.s));
	out = take_out(&m->in, IOMM_IOASID_INFO_SIZE_VER0);
	check_out(&m->w, &out,
		  iomm_ioasid_info(m->space, take8(&m->in) % 2 ? m->set : NULL,
				   take_id(m), (void *)out.s));
}

static void call_alloc(struct machine *m)
{
	uint32_t min = take_id(m), max = (uint32_t)take(&m->in, 4), id = 0;

	m->w.handed++;
	if (!checked(&m->w, iomm_ioasid_alloc(m->set, min, max, m, &id)))
		REQUIRE(id >= min && id <= max && id && id <= LAST);
}

static void call_on_id(struct machine *m)
{
	uint32_t id = take_id(m);

	switch (take8(&m->in) % 6) {
	case 0:
		(void)checked(&m->w, iomm_ioasid_free(m->set, id));
		break;
	case 1:
		m->w.handed++;
		(void)checked(&m->w, iomm_ioasid_set_data(m->set, id, m));
		break;
	case 2:
		(void)checked(&m->w, iomm_ioasid_bind(m->space, NULL, id));
		break;
	case 3:
		(void)checked(&m->w, iomm_ioasid_unbind(m->space, m->set, id));
		break;
	case 4:
		(void)checked(&m->w,
			      iomm_ioasid_attach_spid(m->set, id, id / 2));
		break;
	default:
		(void)checked(&m->w, iomm_ioasid_detach_spid(m->set, id / 2));
		break;
	}
}

static void (*const calls[])(struct machine *m) = {
	call_space_create, call_set_create, call_allocator, call_pasid,
	call_infos,	   call_alloc,	    call_alloc,	    call_on_id,
};

static void begin(struct machine *m)
{
	const struct iomm_ioasid_space_config space = { .size = sizeof(space),
							.max = LAST };

	world_begin(&m->w);
	REQUIRE(!iomm_ioasid_space_create(m->w.ctx, &space, &m->space));
	REQUIRE(!iomm_ioasid_set_create(m->space, NULL, release_world,
					&m->set));
}

/* Bindings that are left keep their IDs, and all that is behind. */
static void unbind_all(struct machine *m)
{
	uint32_t id;

	for (id = 1; id <= LAST; id++) {
		while (!iomm_ioasid_unbind(m->space, NULL, id))
			;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct machine m = { .in = { bytes, size } };
	uint32_t n;

	begin(&m);
	for (n = 0; n < MAX_STEPS && m.in.left; n++)
		calls[take8(&m.in) % LENGTH(calls)](&m);
	unbind_all(&m);
	iomm_ioasid_set_put(m.set);
	iomm_ioasid_space_put(m.space);
	world_end(&m.w);
	return 0;
}
