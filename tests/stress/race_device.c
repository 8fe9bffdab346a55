/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Races over devices, instances and the context. */
#include "stress/races.h"
#include "unit/group_support.h"

struct scene {
	struct world world;
	struct race_driver driver;
	struct iomm_iommu *iommu;
	struct iomm_device *device;
	_Atomic uint32_t inside, gone, released;
};

static void begin_unregistered(void *shared)
{
	struct scene *s = shared;

	race_world(&s->world);
	s->device = world_device(&s->world, "one");
}

static void begin_registered(void *shared)
{
	struct scene *s = shared;

	begin_unregistered(s);
	assert_ok(race_register(&s->driver, &s->world, "first", &s->iommu));
}

static void begin_bound(void *shared)
{
	struct scene *s = shared;

	begin_registered(s);
	assert_ok(iomm_device_probe(s->device));
}

static void end(void *shared)
{
	struct scene *s = shared;

	iomm_device_put(s->device);
	assert_ok(iomm_ctx_close(s->world.ctx, 0));
	iomm_iommu_put(s->iommu);
	assert_int_equal(s->driver.devices, 0);
	assert_int_equal(s->driver.domains, 0);
	world_end(&s->world);
	assert_int_equal(s->driver.released, 1);
}

/* Probe against probe against removal against an instance that comes and goes.
 */
static void probe_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t state;

	race_dally(random);
	switch (thread) {
	case 0:
		RACE_RESULT(race_register(&s->driver, &s->world, "first",
					  &s->iommu),
			    0);
		race_dally(random);
		if (random_percent(random, 50))
			RACE_RESULT(iomm_iommu_unregister(s->iommu,
							  IOMM_FOREVER),
				    0);
		break;
	case 1:
		race_dally(random);
		if (random_percent(random, 70))
			RACE_RESULT(iomm_device_remove(s->device, IOMM_FOREVER),
				    0);
		RACE_RESULT(iomm_device_state(s->device, &state), 0);
		break;
	case 2:
		RACE_RESULT(iomm_ctx_run(s->world.ctx), 0);
		/* fall through */
	default:
		RACE_RESULT(iomm_device_probe(s->device), 0, -IOMM_EPROBE_DEFER,
			    -IOMM_ENODEV);
	}
}

/* Guards against removal: nobody is inside what is gone. */
static void on_removal(void *data)
{
	struct scene *s = data;

	race_require(!atomic_load_explicit(&s->inside, memory_order_acquire),
		     1);
	atomic_fetch_add_explicit(&s->released, 1, memory_order_relaxed);
}

/* This one may also be refused, and is released while others are inside. */
static void on_release(void *data)
{
	struct scene *s = data;

	atomic_fetch_add_explicit(&s->released, 1, memory_order_relaxed);
}

static void guard_begin(void *shared)
{
	struct scene *s = shared;

	begin_bound(s);
	assert_ok(iomm_device_add_release(s->device, on_removal, s));
}

static void visit(struct scene *s, struct random *random)
{
	struct iomm_device_guard guard;
	int err = iomm_device_enter(s->device, &guard);

	if (err) {
		race_require(err == -IOMM_ENODEV, err);
		return;
	}
	atomic_fetch_add_explicit(&s->inside, 1, memory_order_relaxed);
	race_dally(random);
	race_require(!atomic_load_explicit(&s->gone, memory_order_acquire), 1);
	atomic_fetch_sub_explicit(&s->inside, 1, memory_order_relaxed);
	iomm_device_exit(&guard);
}

static void guard_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n;

	if (thread == 0) {
		for (n = 0; n < 4; n++)
			race_dally(random);
		RACE_RESULT(iomm_device_remove(s->device, IOMM_FOREVER), 0);
		atomic_store_explicit(&s->gone, 1, memory_order_release);
		return;
	}
	/* Each handed over is called once, now or at the removal. */
	RACE_RESULT(iomm_device_add_release(s->device, on_release, s), 0,
		    -IOMM_ENODEV);
	for (n = 0; n < 10; n++)
		visit(s, random);
}

static void guard_end(void *shared)
{
	struct scene *s = shared;

	assert_int_equal(s->released, RACE_THREADS);
	end(s);
}

/* References: taken, given back, found by name; somebody's is the last. */
static void storm_begin(void *shared)
{
	struct scene *s = shared;
	uint32_t n;

	begin_bound(s);
	for (n = 1; n < RACE_THREADS; n++)
		(void)iomm_device_get(s->device);
}

static void storm_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_device *found;
	uint32_t n;

	(void)thread;
	for (n = 0; n < 20; n++) {
		race_dally(random);
		iomm_device_put(iomm_device_get(s->device));
	}
	iomm_device_put(s->device);
	/* It may be gone by now, and its name with it. */
	if (!iomm_device_find(s->world.ctx, "one", &found))
		iomm_device_put(found);
}

static void storm_end(void *shared)
{
	struct scene *s = shared;

	assert_int_equal(world_live(&s->world, IOMM_HANDLE_DEVICE), 0);
	assert_int_equal(world_live(&s->world, IOMM_HANDLE_GROUP), 0);
	s->device = NULL;
	end(s);
}

/* The context is closed while everything goes on. */
static void use_domain(struct scene *s, struct random *random)
{
	struct iomm_domain *domain = NULL;
	int err = iomm_domain_create(s->device, NULL, &domain);

	race_require(!err || err == -IOMM_ENODEV, err);
	if (err)
		return;
	RACE_RESULT(iomm_domain_attach(domain, s->device), 0, -IOMM_ENODEV);
	race_dally(random);
	RACE_RESULT(iomm_domain_map(domain, 0, 0, 0x2000, RW, 0, NULL), 0,
		    -IOMM_ENODEV);
	RACE_RESULT(iomm_domain_unmap(domain, 0, 0x2000, NULL, NULL), 0,
		    -IOMM_ENODEV);
	RACE_RESULT(iomm_domain_detach(domain, s->device), 0, -IOMM_ENODEV,
		    -IOMM_ENOENT);
	iomm_domain_put(domain);
}

/* Not world_device(): that asserts, which a thread may not. */
static void add_device(struct scene *s)
{
	struct iomm_device_config config = { .size = sizeof(config),
					     .flags = IOMM_DEVICE_ADDRESS,
					     .name = "two" };
	struct iomm_device *device;

	RACE_RESULT(iomm_firmware_find(s->world.firmware, "/two",
				       &config.address),
		    0);
	RACE_RESULT(iomm_device_create(s->world.bus, &config, &device), 0);
	RACE_RESULT(iomm_device_probe(device), 0, -IOMM_EPROBE_DEFER,
		    -IOMM_ENODEV);
	iomm_device_put(device);
}

static void close_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_device_guard guard;

	race_dally(random);
	switch (thread) {
	case 0:
		race_dally(random);
		RACE_RESULT(iomm_ctx_close(s->world.ctx, IOMM_FOREVER), 0);
		break;
	case 1:
		use_domain(s, random);
		break;
	case 2:
		add_device(s);
		break;
	default:
		if (!iomm_device_enter(s->device, &guard)) {
			race_dally(random);
			iomm_device_exit(&guard);
		}
		RACE_RESULT(iomm_device_probe(s->device), 0, -IOMM_ENODEV,
			    -IOMM_EPROBE_DEFER);
		RACE_RESULT(iomm_ctx_run(s->world.ctx), 0);
	}
}

/* An instance goes while its domains and devices are in use. */
static void
unregister_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;

	race_dally(random);
	if (thread == 0)
		RACE_RESULT(iomm_iommu_unregister(s->iommu, IOMM_FOREVER), 0);
	else if (thread == 1)
		use_domain(s, random);
	else if (thread == 2)
		add_device(s);
	else
		RACE_RESULT(iomm_device_probe(s->device), 0,
			    -IOMM_EPROBE_DEFER);
}

/* Groups: a, b and c share IDs, and belong together in whatever order they are
 * probed if b comes before one of the others. */

static const char *const crowd[3] = { "a", "b", "c" };

struct crowd_scene {
	struct scene s;
	struct iomm_device *device[3];
	struct iomm_domain *domain;
	_Atomic uint32_t busy; /* groups that could not become one */
};

static void crowd_begin(void *shared)
{
	struct crowd_scene *c = shared;
	uint32_t n;

	race_context(&c->s.world);
	world_crowd(&c->s.world);
	for (n = 0; n < 3; n++)
		c->device[n] = world_device(&c->s.world, crowd[n]);
	assert_ok(
		race_register(&c->s.driver, &c->s.world, "first", &c->s.iommu));
}

static void crowd_begin_bound(void *shared)
{
	struct crowd_scene *c = shared;
	uint32_t n;

	crowd_begin(shared);
	for (n = 0; n < 3; n++)
		assert_ok(iomm_device_probe(c->device[n]));
	assert_ok(iomm_domain_create(c->device[0], NULL, &c->domain));
}

static void crowd_end(void *shared)
{
	struct crowd_scene *c = shared;
	uint32_t n;

	for (n = 0; n < 3; n++)
		iomm_device_put(c->device[n]);
	iomm_domain_put(c->domain);
	assert_int_equal(world_live(&c->s.world, IOMM_HANDLE_GROUP), 0);
	end(&c->s);
}

/* All at once: b, or nobody, is refused, and who is bound is in b's group. */
static void form_body(void *shared, uint32_t thread, struct random *random)
{
	struct crowd_scene *c = shared;
	int err;

	race_dally(random);
	err = iomm_device_probe(c->device[thread]);
	race_require(!err || (err == -IOMM_EBUSY && thread == 1), err);
	if (err)
		atomic_fetch_add_explicit(&c->busy, 1, memory_order_relaxed);
}

static void form_end(void *shared)
{
	struct crowd_scene *c = shared;
	struct iomm_group *group = group_of(c->device[0]);

	if (c->busy) {
		assert_int_equal(group_info(group).nr_devices, 1);
		assert_int_not_equal(group_number(c->device[0]),
				     group_number(c->device[2]));
	} else {
		assert_int_equal(group_info(group).nr_devices, 3);
	}
	iomm_group_put(group);
	crowd_end(c);
}

/* Those that have all in common agree on one group, whoever is first. */
static void same_begin(void *shared)
{
	static const char *const same[3] = { "x", "y", "z" };
	struct crowd_scene *c = shared;
	uint32_t n;

	crowd_begin(shared);
	for (n = 0; n < 3; n++) {
		iomm_device_put(c->device[n]);
		c->device[n] = world_device(&c->s.world, same[n]);
	}
}

static void same_body(void *shared, uint32_t thread, struct random *random)
{
	struct crowd_scene *c = shared;

	race_dally(random);
	RACE_RESULT(iomm_device_probe(c->device[thread]), 0);
}

static void look_at_group(struct iomm_device *device)
{
	struct iomm_group_info info = { .size = sizeof(info) };
	struct iomm_device *first = NULL;
	struct iomm_group *group;

	if (iomm_device_group(device, &group))
		return;
	RACE_RESULT(iomm_group_info(group, &info), 0);
	RACE_RESULT(iomm_group_device(group, 0, &first), 0, -IOMM_ENOENT);
	iomm_device_put(first);
	iomm_group_put(group);
}

/* Members come, go, get a domain and lose it; the instance may go too. */
static void member_body(void *shared, uint32_t thread, struct random *random)
{
	struct crowd_scene *c = shared;
	struct iomm_device *device = c->device[random_below(random, 3)];

	race_dally(random);
	switch (thread) {
	case 0:
		RACE_RESULT(iomm_domain_attach(c->domain, device), 0,
			    -IOMM_ENODEV);
		race_dally(random);
		RACE_RESULT(iomm_domain_detach(c->domain, device), 0,
			    -IOMM_ENODEV, -IOMM_ENOENT);
		break;
	case 1:
		RACE_RESULT(iomm_device_remove(c->device[1], IOMM_FOREVER), 0);
		break;
	case 2:
		if (random_percent(random, 50))
			RACE_RESULT(iomm_iommu_unregister(c->s.iommu,
							  IOMM_FOREVER),
				    0);
		else
			look_at_group(c->device[2]);
		break;
	default:
		RACE_RESULT(iomm_device_probe(device), 0, -IOMM_EPROBE_DEFER,
			    -IOMM_ENODEV, -IOMM_EBUSY);
		RACE_RESULT(iomm_ctx_run(c->s.world.ctx), 0);
	}
}

/* The last references go while somebody is at work on the group. */
static void last_body(void *shared, uint32_t thread, struct random *random)
{
	struct crowd_scene *c = shared;
	uint32_t n;

	race_dally(random);
	if (thread < 2) {
		iomm_device_put(c->device[thread]);
		return;
	}
	for (n = 0; n < 3; n++) {
		RACE_RESULT(iomm_domain_attach(c->domain, c->device[2]), 0,
			    -IOMM_EBUSY);
		RACE_RESULT(iomm_domain_detach(c->domain, c->device[2]), 0,
			    -IOMM_ENOENT);
	}
}

static void last_end(void *shared)
{
	struct crowd_scene *c = shared;
	struct iomm_group *group = group_of(c->device[2]);

	assert_int_equal(group_info(group).nr_devices, 1);
	assert_int_equal(c->s.driver.devices, 1);
	iomm_group_put(group);
	c->device[0] = c->device[1] = NULL;
	crowd_end(c);
}

static const struct race races[] = {
	{ "probe, remove, register, unregister", 4, sizeof(struct scene),
	  begin_unregistered, probe_body, end },
	{ "guards and removal", 4, sizeof(struct scene), guard_begin,
	  guard_body, guard_end },
	{ "references", 4, sizeof(struct scene), storm_begin, storm_body,
	  storm_end },
	{ "unregister and everything", 4, sizeof(struct scene), begin_bound,
	  unregister_body, end },
	{ "close and everything", 4, sizeof(struct scene), begin_bound,
	  close_body, end },
	{ "groups form", 3, sizeof(struct crowd_scene), crowd_begin, form_body,
	  form_end },
	{ "one group forms", 3, sizeof(struct crowd_scene), same_begin,
	  same_body, form_end },
	{ "members and everything", 4, sizeof(struct crowd_scene),
	  crowd_begin_bound, member_body, crowd_end },
	{ "last members", 4, sizeof(struct crowd_scene), crowd_begin_bound,
	  last_body, last_end },
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE_TEST(races[0]), RACE_TEST(races[1]), RACE_TEST(races[2]),
		RACE_TEST(races[3]), RACE_TEST(races[4]), RACE_TEST(races[5]),
		RACE_TEST(races[6]), RACE_TEST(races[7]), RACE_TEST(races[8]),
	};

	return cmocka_run_group_tests_name("races: devices", tests, NULL, NULL);
}
