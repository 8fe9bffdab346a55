/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/ioasid_support.h"

void datum_release(void *data)
{
	struct datum *datum = data;

	datum->value = 0;
	atomic_fetch_add_explicit(&datum->released, 1, memory_order_relaxed);
}

struct iomm_ioasid_space *space_of(struct world *w, uint32_t min, uint32_t max)
{
	struct iomm_ioasid_space_config config = {
		.size = sizeof(config),
		.min = min,
		.max = max,
	};
	struct iomm_ioasid_space *space = NULL;

	assert_ok(iomm_ioasid_space_create(w->ctx, &config, &space));
	return space;
}

struct iomm_ioasid_set *
set_of(struct iomm_ioasid_space *space, uint32_t quota, uint64_t type)
{
	struct iomm_ioasid_set_config config = {
		.size = sizeof(config),
		.quota = quota,
		.type = type,
	};
	struct iomm_ioasid_set *set = NULL;

	assert_ok(iomm_ioasid_set_create(space, &config, datum_release, &set));
	return set;
}

uint32_t
id_in(struct iomm_ioasid_set *set, uint32_t min, uint32_t max, void *data)
{
	uint32_t id = 0;

	assert_ok(iomm_ioasid_alloc(set, min, max, data, &id));
	return id;
}

uint32_t id_of(struct iomm_ioasid_set *set, void *data)
{
	return id_in(set, 0, IOMM_IOASID_INVALID, data);
}

struct iomm_ioasid_space_info space_info(struct iomm_ioasid_space *space)
{
	struct iomm_ioasid_space_info info = { .size = sizeof(info) };

	assert_ok(iomm_ioasid_space_info(space, &info));
	return info;
}

struct iomm_ioasid_set_info set_info(struct iomm_ioasid_set *set)
{
	struct iomm_ioasid_set_info info = { .size = sizeof(info) };

	assert_ok(iomm_ioasid_set_info(set, &info));
	return info;
}

struct iomm_ioasid_info id_info(struct iomm_ioasid_space *space, uint32_t id)
{
	struct iomm_ioasid_info info = { .size = sizeof(info) };

	assert_ok(iomm_ioasid_info(space, NULL, id, &info));
	return info;
}

static void take_data(void *arg, uint32_t id, void *data)
{
	(void)id;
	*(void **)arg = data;
}

int look_up(struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
	    uint32_t id, void **data)
{
	void *unused;

	return iomm_ioasid_find_with(space, set, id, take_data,
				     data ? data : &unused);
}
