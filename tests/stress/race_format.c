/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Threads at the registry of formats. A request succeeds with a pin, or says why
 * not; of those who register one name one wins; a format is released after the
 * last pin, and once; one loader runs, however many ask.
 */
#include "stress/races.h"

#include "unit/format_support.h"
#include "pgtable/engine_version.h"

#define NAME "raced"

struct plugin {
	_Atomic int32_t alive; /* registered or being so, and not released */
	_Atomic uint32_t done;
};

struct scene {
	struct world world;
	struct race_driver driver;
	struct iomm_format_type type;
	struct plugin plugin[RACE_CROWD];
	struct iomm_format *format;
	struct iomm_iommu *iommu;
	struct iomm_device *device;
	_Atomic int64_t winners, loads, released, events;
	_Atomic uint32_t next; /* plugin that is free */
};

static void released(void *data)
{
	struct plugin *plugin = data;

	race_require(atomic_exchange_explicit(&plugin->alive, 0,
					      memory_order_relaxed) == 1,
		     0);
}

static void done(void *data)
{
	struct plugin *plugin = data;

	/* The release has returned by then. */
	race_require(!atomic_load_explicit(&plugin->alive,
					   memory_order_relaxed),
		     0);
	atomic_fetch_add_explicit(&plugin->done, 1, memory_order_relaxed);
}

static int self_test(void *data)
{
	struct plugin *plugin = data;

	race_require(atomic_load_explicit(&plugin->alive,
					  memory_order_relaxed) == 1,
		     0);
	return 0;
}

static struct iomm_format_ops format_ops(struct scene *s)
{
	return (struct iomm_format_ops){
		.size = sizeof(struct iomm_format_ops),
		.abi = IOMM_FORMAT_ABI,
		.engine_version = IOMM_ENGINE_VERSION,
		.name = NAME,
		.engine = &s->type,
		.self_test = self_test,
	};
}

static int
register_plugin(struct scene *s, uint32_t n, struct iomm_format **out)
{
	struct iomm_format_ops ops = format_ops(s);

	atomic_store_explicit(&s->plugin[n].alive, 1, memory_order_relaxed);
	return iomm_format_register(s->world.ctx, &ops, &s->plugin[n], released,
				    out);
}

static void begin(void *shared)
{
	struct scene *s = shared;

	race_context(&s->world);
	s->type = iomm_format_arm64_s1;
	s->type.name = NAME;
}

static void end(void *shared)
{
	struct scene *s = shared;
	uint32_t n;

	assert_ok(iomm_ctx_close(s->world.ctx, 0));
	assert_int_equal(world_live(&s->world, IOMM_HANDLE_ANY), 1);
	world_end(&s->world);
	for (n = 0; n < RACE_CROWD; n++)
		assert_int_equal(s->plugin[n].alive, 0);
}

/* Registrations of one name. */

static void register_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_format *format = NULL;
	int err;

	race_dally(random);
	err = register_plugin(s, thread, &format);
	race_require(!err || err == -IOMM_EEXIST, err);
	if (!err)
		count(&s->winners, 1);
	race_require(!err == !!format, err);
	iomm_format_put(format);
}

static void register_end(void *shared)
{
	struct scene *s = shared;

	assert_int_equal(s->winners, 1);
	assert_ok(format_answer(&s->world, NAME));
	end(s);
}

/* Two batches with a name in common: all of one, or all of the other. */

static void batch_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_format_ops ops[2] = { format_ops(s), format_ops(s) };
	struct iomm_format_type type = s->type;
	int err;

	race_dally(random);
	ops[thread & 1].name = type.name = thread & 1 ? "b" : "a";
	ops[thread & 1].engine = &type;
	atomic_store_explicit(&s->plugin[thread].alive, 1,
			      memory_order_relaxed);
	err = iomm_format_register_all(s->world.ctx, ops, 2, sizeof(ops[0]),
				       &s->plugin[thread], released, NULL);
	race_require(!err || err == -IOMM_EEXIST, err);
	if (!err)
		atomic_fetch_add_explicit(&s->winners, thread & 1 ? 10 : 1,
					  memory_order_relaxed);
}

static void batch_end(void *shared)
{
	struct scene *s = shared;

	assert_true(s->winners == 1 || s->winners == 10);
	assert_int_equal(format_state(&s->world, "a"),
			 s->winners == 1 ? IOMM_FORMAT_LIVE : 0);
	assert_int_equal(format_state(&s->world, "b"),
			 s->winners == 10 ? IOMM_FORMAT_LIVE : 0);
	end(s);
}

/* Requests, while a format comes and goes. */

static void use(struct scene *s, struct random *random)
{
	struct iomm_format_info info = { .size = sizeof(info) };
	struct iomm_format *format = NULL;
	struct iomm_pgtable *table = NULL;
	int err = iomm_format_request(s->world.ctx, NAME, 0, 0, &format);

	race_require(!err || err == -IOMM_ENOENT || err == -IOMM_EPROBE_DEFER,
		     err);
	if (err)
		return;
	race_dally(random);
	RACE_RESULT(iomm_format_info(format, &info), 0);
	race_require(info.max_ias == 52, info.max_ias);
	if (random_percent(random, 30)) {
		err = format_table(&s->world, NAME, &table);
		race_require(!err || err == -IOMM_ENOENT ||
				     err == -IOMM_EPROBE_DEFER,
			     err);
	}
	iomm_format_put(format);
	if (err)
		return;
	race_dally(random);
	iomm_pgtable_put(table);
}

static void come_and_go(struct scene *s, struct random *random)
{
	uint32_t n =
		atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
	struct iomm_format *format = NULL;

	RACE_RESULT(register_plugin(s, n, &format), 0);
	race_dally(random);
	if (!iomm_format_unregister(format, 0, NULL, NULL))
		return;
	/* Somebody has it. */
	RACE_RESULT(iomm_format_unregister(format, IOMM_FORMAT_DEFER, done,
					   &s->plugin[n]),
		    0);
	count(&s->winners, 1);
}

static void
unregister_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n;

	for (n = 0; n < 10; n++) {
		race_dally(random);
		if (thread)
			use(s, random);
		else
			come_and_go(s, random);
	}
}

static void unregister_end(void *shared)
{
	struct scene *s = shared;
	uint32_t n, sum = 0;

	for (n = 0; n < RACE_CROWD; n++)
		sum += s->plugin[n].done;
	assert_int_equal(sum, s->winners);
	assert_int_equal(format_state(&s->world, NAME), 0);
	end(s);
}

/* The last pins of a format that is dying go at the same time. */

static void put_begin(void *shared)
{
	struct scene *s = shared;

	begin(s);
	assert_ok(register_plugin(s, 0, &s->format));
}

static void put_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_format *format = NULL;
	int err;

	if (!thread) {
		race_dally(random);
		RACE_RESULT(iomm_format_unregister(s->format, IOMM_FORMAT_DEFER,
						   done, &s->plugin[0]),
			    0);
		return;
	}
	err = iomm_format_request(s->world.ctx, NAME, 0, 0, &format);
	race_require(!err || err == -IOMM_ENOENT, err);
	race_dally(random);
	if (!err)
		race_require(atomic_load_explicit(&s->plugin[0].alive,
						  memory_order_relaxed) == 1,
			     0);
	iomm_format_put(format);
}

static void put_end(void *shared)
{
	struct scene *s = shared;

	assert_int_equal(s->plugin[0].done, 1);
	assert_int_equal(s->plugin[0].alive, 0);
	end(s);
}

/* A request storm on one format that is expected, with one loader. */

static int load(void *data, struct iomm_ctx *ctx, const char *name)
{
	struct scene *s = data;

	(void)ctx;
	(void)name;
	count(&s->loads, 1);
	return register_plugin(s, 0, NULL);
}

static void loader_released(void *data)
{
	count(&((struct scene *)data)->released, 1);
}

static void storm_begin(void *shared)
{
	static const struct iomm_format_loader loader = {
		.size = sizeof(loader),
		.load = load,
	};
	struct scene *s = shared;

	begin(s);
	assert_ok(iomm_format_announce(s->world.ctx, NAME, IOMM_FOREVER,
				       &loader, s, loader_released));
}

static void storm_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_format *format = NULL;

	race_dally(random);
	if (thread % 8 == 7)
		RACE_RESULT(iomm_ctx_run(s->world.ctx), 0);
	RACE_RESULT(iomm_format_request(s->world.ctx, NAME, IOMM_FORMAT_WAIT,
					IOMM_FOREVER, &format),
		    0);
	iomm_format_put(format);
}

static void storm_end(void *shared)
{
	struct scene *s = shared;

	assert_int_equal(s->loads, 1);
	assert_int_equal(s->released, 1);
	end(s);
}

/* Loading, registering by another way, sealing, waiting, all at once: everybody
 * gets an answer. */

static void all_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_format *format = NULL;

	race_dally(random);
	switch (thread) {
	case 0:
		RACE_RESULT(register_plugin(s, 1, NULL), 0, -IOMM_EEXIST,
			    -IOMM_ENODEV);
		break;
	case 1:
		RACE_RESULT(iomm_formats_seal(s->world.ctx), 0);
		break;
	default:
		RACE_RESULT(iomm_format_request(s->world.ctx, NAME,
						IOMM_FORMAT_WAIT, IOMM_FOREVER,
						&format),
			    0, -IOMM_ENOENT, -IOMM_EEXIST);
		iomm_format_put(format);
		break;
	}
}

/* Subscribers come and go while formats arrive. */

static void on_event(void *data, const char *name, int result)
{
	struct plugin *plugin = data;

	(void)name;
	(void)result;
	race_require(atomic_load_explicit(&plugin->alive,
					  memory_order_relaxed) == 1,
		     0);
}

static void event_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct plugin *plugin;
	uint32_t n;

	for (n = 0; n < 10; n++) {
		race_dally(random);
		if (!thread) {
			come_and_go(s, random);
			continue;
		}
		plugin = &s->plugin[thread * 10 + n];
		atomic_store_explicit(&plugin->alive, 1, memory_order_relaxed);
		RACE_RESULT(iomm_format_subscribe(s->world.ctx, on_event,
						  plugin, released),
			    0);
		race_dally(random);
		RACE_RESULT(iomm_format_unsubscribe(s->world.ctx, on_event,
						    plugin),
			    0);
	}
}

/* A device asks while its format arrives: it is bound, now or by the context. */

static void device_begin(void *shared)
{
	struct scene *s = shared;
	struct iomm_device_config config = { 0 };

	race_world(&s->world);
	s->type = iomm_format_arm64_s1;
	s->type.name = NAME;
	assert_ok(iomm_format_announce(s->world.ctx, NAME, IOMM_FOREVER, NULL,
				       NULL, NULL));
	assert_ok(race_register_walking(&s->driver, &s->world, "first", NAME,
					&s->iommu));
	assert_ok(world_device_with(&s->world, "one", config, &s->device));
}

static void device_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;

	race_dally(random);
	if (thread == 0)
		RACE_RESULT(register_plugin(s, 0, NULL), 0);
	else if (thread == 1)
		RACE_RESULT(iomm_ctx_run(s->world.ctx), 0);
	else
		RACE_RESULT(iomm_device_probe(s->device), 0,
			    -IOMM_EPROBE_DEFER);
}

static void device_end(void *shared)
{
	struct scene *s = shared;

	assert_ok(iomm_ctx_run(s->world.ctx));
	assert_int_equal(device_state(s->device), IOMM_DEVICE_BOUND);
	assert_ok(iomm_device_remove(s->device, 0));
	iomm_device_put(s->device);
	assert_ok(iomm_iommu_unregister(s->iommu, 0));
	iomm_iommu_put(s->iommu);
	iomm_bus_put(s->world.bus);
	iomm_firmware_put(s->world.firmware);
	s->world.bus = NULL;
	s->world.firmware = NULL;
	end(s);
}

static const struct race races[] = {
	{ "registrations of one name", 4, sizeof(struct scene), begin,
	  register_body, register_end },
	{ "batches with a name in common", 4, sizeof(struct scene), begin,
	  batch_body, batch_end },
	{ "requests and unregistering", 4, sizeof(struct scene), begin,
	  unregister_body, unregister_end },
	{ "the last pins of a dying format", 4, sizeof(struct scene), put_begin,
	  put_body, put_end },
	{ "a storm of requests", RACE_CROWD, sizeof(struct scene), storm_begin,
	  storm_body, storm_end },
	{ "load, register, seal, wait", 5, sizeof(struct scene), storm_begin,
	  all_body, end },
	{ "subscribers", 4, sizeof(struct scene), begin, event_body, end },
	{ "a device that waits for a format", 4, sizeof(struct scene),
	  device_begin, device_body, device_end },
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE_TEST(races[0]), RACE_TEST(races[1]), RACE_TEST(races[2]),
		RACE_TEST(races[3]), RACE_TEST(races[4]), RACE_TEST(races[5]),
		RACE_TEST(races[6]), RACE_TEST(races[7]),
	};

	return cmocka_run_group_tests_name("races: formats", tests, NULL, NULL);
}
