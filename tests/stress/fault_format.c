/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Formats, while memory, self-tests and loaders fail. After a failure none of
 * what came together is there, each release has run once, no pin is left, and
 * the same call, made again, succeeds.
 */
#include "stress/faults.h"

#include "unit/format_support.h"

#define SEVERAL 3u

struct scene {
	struct faults *f;
	struct bringer b[SEVERAL];
	struct iomm_format_ops ops[SEVERAL];
	struct iomm_format *format[SEVERAL];
};

static const char *const name[SEVERAL] = { "one", "two", "three" };

/* What a self-test says is told as one code. */
static int fallible_test(void *data)
{
	return faults_hit(data, -IOMM_ELIBBAD) ? -IOMM_EIO : 0;
}

static void begin(struct scene *s, struct faults *f)
{
	uint32_t n;

	memset(s, 0, sizeof(*s));
	s->f = f;
	assert_ok(world_create(&f->world));
	for (n = 0; n < SEVERAL; n++) {
		bringer_init(&s->b[n], &f->world, name[n]);
		s->ops[n] = s->b[n].ops;
		s->ops[n].self_test = fallible_test;
		s->format[n] = UNTOUCHED;
	}
}

static void end(struct scene *s)
{
	formats_end(&s->f->world);
}

static int register_several(struct scene *s)
{
	s->f->due++;
	return iomm_format_register_all(s->f->world.ctx, s->ops, SEVERAL,
					sizeof(s->ops[0]), s->f,
					faults_released, s->format);
}

static void check_none(struct scene *s)
{
	struct world *w = &s->f->world;
	uint32_t n;

	assert_int_equal(s->f->released, s->f->due);
	assert_int_equal(world_live(w, IOMM_HANDLE_FORMAT), 0);
	for (n = 0; n < SEVERAL; n++) {
		assert_ptr_equal(s->format[n], UNTOUCHED);
		assert_int_not_equal(format_answer(w, name[n]), 0);
	}
}

static int register_all(struct faults *f)
{
	struct scene s;
	uint32_t n;
	int err;

	begin(&s, f);
	err = FAULTY(f, register_several(&s));
	if (err) {
		check_none(&s);
		assert_ok(register_several(&s));
	}
	for (n = 0; n < SEVERAL; n++)
		assert_ok(iomm_format_unregister(s.format[n], 0, NULL, NULL));
	assert_int_equal(f->released, f->due);
	end(&s);
	return err;
}

/* Loaders. The plugin brings all, whichever is asked for. */

static int load(void *data, struct iomm_ctx *ctx, const char *wanted)
{
	struct scene *s = data;

	(void)ctx;
	(void)wanted;
	if (faults_hit(s->f, -IOMM_EACCES))
		return -IOMM_EACCES;
	return register_several(s);
}

static const struct iomm_format_loader loader = {
	.size = sizeof(loader),
	.load = load,
};

static int announce(struct scene *s, uint32_t n)
{
	return iomm_format_announce(s->f->world.ctx, name[n], IOMM_FOREVER,
				    &loader, s, NULL);
}

/* Puts the handles of a load that succeeded. */
static void put_all(struct scene *s)
{
	uint32_t n;

	for (n = 0; n < SEVERAL && s->format[n] != UNTOUCHED; n++)
		iomm_format_put(s->format[n]);
}

static int load_and_wait(struct scene *s)
{
	struct iomm_format *format = NULL;
	int err = announce(s, 1);

	if (!err)
		err = iomm_format_request(s->f->world.ctx, name[1],
					  IOMM_FORMAT_WAIT, IOMM_FOREVER,
					  &format);
	iomm_format_put(format);
	return err;
}

static int wait_for_load(struct faults *f)
{
	struct scene s;
	int err;

	begin(&s, f);
	err = FAULTY(f, load_and_wait(&s));
	/* The load was all right, and there was no memory for a handle; or all
	 * is as if nothing had been loaded. */
	if (err && format_answer(&f->world, name[1]))
		check_none(&s);
	put_all(&s);
	assert_int_equal(format_slot(&f->world, name[1]).pins, 0);
	end(&s);
	return err;
}

/* A device waits for the format, which is loaded by the context. */
static int device_waits(struct faults *f)
{
	struct iomm_device *device;
	struct scene s;
	int err;

	begin(&s, f);
	world_small(&f->world);
	f->node = node_at(f->world.firmware, "/first");
	assert_ok(faults_register(f));
	f->mock.format = name[1];
	device = faults_device(f, "one");
	assert_ok(announce(&s, 1));
	assert_int_equal(format_answer(&f->world, name[1]), -IOMM_EPROBE_DEFER);
	assert_ok(FAULTY(f, iomm_ctx_run(f->world.ctx)));
	err = format_answer(&f->world, name[1]);
	put_all(&s);
	if (!err)
		assert_ok(iomm_device_probe(device));
	iomm_device_put(device);
	faults_unregister(f);
	end(&s);
	return err;
}

/* Tables */

static int make_table(struct faults *f)
{
	struct iomm_pgtable *table = NULL;
	struct scene s;
	int err;

	begin(&s, f);
	assert_ok(register_several(&s));
	put_all(&s);
	err = FAULTY(f, format_table(&f->world, name[2], &table));
	assert_int_equal(format_slot(&f->world, name[2]).pins, err ? 0 : 1);
	assert_int_equal(f->released, 0);
	end(&s);
	/* The context is closed: what has a table yet goes with it. */
	assert_int_equal(f->released, err ? 1 : 0);
	iomm_pgtable_put(table);
	return err;
}

static void on_event(void *data, const char *which, int result)
{
	(void)data;
	(void)which;
	(void)result;
}

static int subscribe_and_ask(struct scene *s, struct iomm_format **out)
{
	struct iomm_ctx *ctx = s->f->world.ctx;
	int err;

	s->f->due++;
	err = iomm_format_subscribe(ctx, on_event, s->f, faults_released);
	return err ? err : iomm_format_request(ctx, "arm64-s1", 0, 0, out);
}

static int subscribe(struct faults *f)
{
	struct iomm_format *format = NULL;
	struct scene s;
	int err;

	begin(&s, f);
	err = FAULTY(f, subscribe_and_ask(&s, &format));
	iomm_format_put(format);
	end(&s);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(register_all), FAULT_TEST(wait_for_load),
		FAULT_TEST(device_waits), FAULT_TEST(make_table),
		FAULT_TEST(subscribe),
	};

	return cmocka_run_group_tests_name("faults: formats", tests, NULL,
					   NULL);
}
