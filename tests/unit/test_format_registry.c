/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Registering formats, pins, and unregistering. What requests answer is in
 * test_format_request.c, who is told in test_format_event.c. */
#include "unit/format_support.h"
#include "pgtable/engine_version.h"

static void test_register(void **state)
{
	struct world *w = *state;
	struct iomm_format_info info = { .size = sizeof(info) };
	struct iomm_format *format = NULL, *again = NULL;
	struct iomm_pgtable *table = NULL;
	struct bringer b;

	bringer_init(&b, w, "my-own");
	assert_ok(bringer_register(&b, &format));
	assert_int_equal(b.tests, 1);
	assert_ok(iomm_format_info(format, &info));
	assert_int_equal(info.granules, 4 * KB | 16 * KB | 64 * KB);
	assert_ok(iomm_format_request(w->ctx, "my-own", 0, 0, &again));
	assert_ok(format_table(w, "my-own", &table));
	map_ok(table, 4 * KB, 64 * KB, 4 * KB, RW);
	assert_maps(table, 4 * KB, 64 * KB, 4 * KB);
	assert_int_equal(format_slot(w, "my-own").pins, 3);
	/* With pins it does not go. */
	assert_fails(iomm_format_unregister(format, 0, NULL, NULL), IOMM_EBUSY,
		     w->ctx, "my-own has 2 pins beside this one");
	iomm_format_put(again);
	assert_fails(iomm_format_unregister(format, 0, NULL, NULL), IOMM_EBUSY,
		     w->ctx, "1 pins");
	iomm_pgtable_put(table);
	/* Nor with a second reference on the pin. */
	(void)iomm_format_get(format);
	assert_fails(iomm_format_unregister(format, 0, NULL, NULL), IOMM_EBUSY,
		     w->ctx, "2 references");
	iomm_format_put(format);
	assert_int_equal(b.releases, 0);
	assert_ok(iomm_format_unregister(format, 0, NULL, NULL));
	assert_int_equal(b.releases, 1);
	assert_int_equal(format_state(w, "my-own"), 0);
	assert_fails(format_answer(w, "my-own"), IOMM_ENOENT, w->ctx,
		     "no page-table format \"my-own\"");
	assert_fails(format_table(w, "my-own", &table), IOMM_ENOENT, w->ctx,
		     "my-own");
}

/* Whoever has a pin can unregister: a registrar need not keep his. */
static void test_register_without_handle(void **state)
{
	struct world *w = *state;
	struct iomm_format *format = NULL;
	struct bringer b;

	bringer_init(&b, w, "my-own");
	assert_ok(bringer_register(&b, NULL));
	assert_int_equal(format_slot(w, "my-own").pins, 0);
	assert_ok(iomm_format_request(w->ctx, "my-own", 0, 0, &format));
	assert_ok(iomm_format_unregister(format, 0, NULL, NULL));
	assert_int_equal(b.releases, 1);
	/* The next one is registered, and goes with the context. */
	bringer_init(&b, w, "my-own");
	assert_ok(bringer_register(&b, NULL));
	formats_end(w);
}

/* A built-in format is a registration like any other. */
static void test_builtin(void **state)
{
	struct world *w = *state;
	struct iomm_format *format = NULL;
	struct iomm_pgtable *table = NULL;
	struct bringer b;

	assert_int_equal(format_state(w, "arm64-s1"), IOMM_FORMAT_LIVE);
	bringer_init(&b, w, "arm64-s1");
	assert_fails(bringer_register(&b, NULL), IOMM_EEXIST, w->ctx,
		     "there is a format arm64-s1 already");
	assert_int_equal(b.tests, 0);
	assert_int_equal(b.releases, 1);
	assert_ok(iomm_format_request(w->ctx, "arm64-s1", 0, 0, &format));
	assert_ok(iomm_format_unregister(format, 0, NULL, NULL));
	assert_int_equal(format_table(w, "arm64-s1", &table), -IOMM_ENOENT);
	assert_ok(bringer_register(&b, NULL));
	assert_ok(format_table(w, "arm64-s1", &table));
	iomm_pgtable_put(table);
	formats_end(w);
}

static void refuse(struct bringer *b, int code, const char *says)
{
	struct iomm_format *format = UNTOUCHED;
	uint32_t releases = b->releases;

	assert_fails(bringer_register(b, &format), code, b->w->ctx, says);
	assert_ptr_equal(format, UNTOUCHED);
	assert_int_equal(b->releases, releases + 1);
	assert_int_equal(b->tests, 0);
	assert_int_equal(world_live(b->w, IOMM_HANDLE_FORMAT), 0);
	assert_int_equal(format_state(b->w, "my-own"), 0);
}

static void test_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_format_ops good;
	struct bringer b;

	bringer_init(&b, w, "my-own");
	good = b.ops;
	assert_int_equal(iomm_format_register(NULL, &good, &b, bringer_release,
					      NULL),
			 -IOMM_EINVAL);
	assert_int_equal(b.releases, 1);
	assert_fails(iomm_format_register(w->ctx, NULL, &b, bringer_release,
					  NULL),
		     IOMM_EINVAL, w->ctx, "NULL");
	assert_int_equal(b.releases, 2);
	b.ops.size = IOMM_FORMAT_OPS_SIZE_VER0 - 1;
	refuse(&b, IOMM_EINVAL, "iomm_format_ops");
	b.ops = good;
	b.ops.flags = 8;
	refuse(&b, IOMM_EINVAL, "0x8");
	b.ops = good;
	b.ops.name = NULL;
	refuse(&b, IOMM_EINVAL, "no name of a format");
	b.ops.name = "";
	refuse(&b, IOMM_EINVAL, "\"\" is no name");
	b.ops.name = "a-name-of-24-characters!";
	refuse(&b, IOMM_EINVAL, "1 to 23 characters");
	b.ops = good;
	b.ops.codec = (const void *)&b;
	refuse(&b, IOMM_EINVAL, "both");
	b.ops.codec = NULL;
	b.ops.engine = NULL;
	refuse(&b, IOMM_EINVAL, "neither");
	b.ops = good;
	b.type.name = "toy";
	refuse(&b, IOMM_EINVAL, "says in its engine that it is toy");
	b.type.name = "my-own";
	/* Versions. */
	b.ops.abi = IOMM_FORMAT_ABI + 1;
	refuse(&b, IOMM_ENOEXEC, "was made for version 2 of formats, and this");
	b.ops.abi = 0;
	refuse(&b, IOMM_ENOEXEC, "version 0");
	b.ops = good;
	b.ops.engine_version = IOMM_ENGINE_VERSION + 1;
	refuse(&b, IOMM_ENOEXEC, "was compiled with engine 0x");
	b.ops.engine = NULL;
	b.ops.codec = (const void *)&b;
	refuse(&b, IOMM_EINVAL, "a codec, and a version of the engine");
	b.ops = good;
	assert_ok(bringer_register(&b, NULL));
	formats_end(w);
}

static void register_again(struct bringer *b)
{
	struct bringer *rival = b->user;

	assert_fails(bringer_register(rival, NULL), IOMM_EEXIST, b->w->ctx,
		     "which is being tested");
	assert_int_equal(format_answer(b->w, b->ops.name), -IOMM_EPROBE_DEFER);
	assert_int_equal(format_state(b->w, b->ops.name), IOMM_FORMAT_TESTING);
}

/* A name is taken from before the test on. */
static void test_taken_while_tested(void **state)
{
	struct world *w = *state;
	struct bringer b, rival;

	bringer_init(&b, w, "my-own");
	bringer_init(&rival, w, "my-own");
	b.on_test = register_again;
	b.user = &rival;
	assert_ok(bringer_register(&b, NULL));
	assert_int_equal(rival.releases, 1);
	assert_int_equal(rival.tests, 0);
	assert_int_equal(b.releases, 0);
	formats_end(w);
}

static void test_self_test_fails(void **state)
{
	struct world *w = *state;
	struct iomm_format *format = UNTOUCHED;
	struct iomm_pgtable *table = NULL;
	struct bringer b;
	uint32_t n;

	bringer_init(&b, w, "my-own");
	b.test_answer = -IOMM_EIO;
	for (n = 1; n <= 3; n++) {
		assert_fails(bringer_register(&b, &format), IOMM_ELIBBAD,
			     w->ctx,
			     "my-own failed its self-test: hardware error");
		assert_ptr_equal(format, UNTOUCHED);
		assert_int_equal(b.releases, n);
		assert_int_equal(world_live(w, IOMM_HANDLE_FORMAT), 0);
		assert_fails(format_answer(w, "my-own"), IOMM_ELIBBAD, w->ctx,
			     "my-own could not be had");
		assert_int_equal(format_state(w, "my-own"), IOMM_FORMAT_FAILED);
		assert_int_equal(format_slot(w, "my-own").answer, IOMM_ELIBBAD);
	}
	assert_int_equal(format_await(w, "my-own", 100), -IOMM_ELIBBAD);
	assert_int_equal(format_table(w, "my-own", &table), -IOMM_ELIBBAD);
	/* No error number: it failed all the same. */
	b.test_answer = 1;
	assert_int_equal(bringer_register(&b, NULL), -IOMM_ELIBBAD);
	/* Registered anew, it is there. */
	b.test_answer = 0;
	assert_ok(bringer_register(&b, NULL));
	assert_ok(format_answer(w, "my-own"));
	formats_end(w);
}

/* All or none. */

#define SEVERAL 3u

struct several {
	struct bringer b[SEVERAL];
	struct iomm_format_ops ops[SEVERAL + 1];
	struct iomm_format *format[SEVERAL];
	uint32_t releases;
};

static const char *const several_name[SEVERAL] = { "one", "two", "three" };

static void several_release(void *data)
{
	((struct several *)data)->releases++;
}

static int several_test(void *data)
{
	struct several *s = data;

	/* Nobody sees any of them before all have passed. */
	assert_int_equal(format_answer(s->b[0].w, "one"), -IOMM_EPROBE_DEFER);
	return 0;
}

static int third_test(void *data)
{
	struct several *s = data;

	(void)several_test(s);
	return s->b[2].test_answer;
}

static void several_init(struct several *s, struct world *w)
{
	uint32_t n;

	memset(s, 0, sizeof(*s));
	for (n = 0; n < SEVERAL; n++) {
		bringer_init(&s->b[n], w, several_name[n]);
		s->ops[n] = s->b[n].ops;
		s->ops[n].self_test = n == 2 ? third_test : several_test;
		s->format[n] = UNTOUCHED;
	}
}

static int several_register(struct several *s)
{
	return iomm_format_register_all(s->b[0].w->ctx, s->ops, SEVERAL,
					sizeof(s->ops[0]), s, several_release,
					s->format);
}

static void test_all(void **state)
{
	struct world *w = *state;
	struct several s;
	uint32_t n;

	several_init(&s, w);
	assert_ok(several_register(&s));
	for (n = 0; n < SEVERAL; n++)
		assert_ok(format_answer(w, several_name[n]));
	/* The data goes with the last of them. */
	for (n = 0; n < SEVERAL; n++) {
		assert_int_equal(s.releases, 0);
		assert_ok(iomm_format_unregister(s.format[n], 0, NULL, NULL));
	}
	assert_int_equal(s.releases, 1);
}

static void none_of_them(struct several *s, int code, const char *says)
{
	struct world *w = s->b[0].w;
	uint32_t n, releases = s->releases;

	assert_fails(several_register(s), code, w->ctx, says);
	assert_int_equal(s->releases, releases + 1);
	assert_int_equal(world_live(w, IOMM_HANDLE_FORMAT), 0);
	for (n = 0; n < SEVERAL; n++) {
		assert_ptr_equal(s->format[n], UNTOUCHED);
		/* The third is remembered for its test. */
		if (n != 2)
			assert_int_equal(format_state(w, several_name[n]), 0);
	}
}

static void test_all_or_none(void **state)
{
	struct world *w = *state;
	struct iomm_format *two = NULL;
	struct several s;
	struct bringer b;

	several_init(&s, w);
	s.b[2].test_answer = -IOMM_EIO;
	none_of_them(&s, IOMM_ELIBBAD, "three failed its self-test");
	assert_int_equal(format_state(w, "three"), IOMM_FORMAT_FAILED);
	s.b[2].test_answer = 0;
	s.ops[1].abi = 7;
	none_of_them(&s, IOMM_ENOEXEC, "two was made for version 7");
	s.ops[1].abi = IOMM_FORMAT_ABI;
	s.ops[2].size = sizeof(s.ops[2]) + 8;
	none_of_them(&s, IOMM_EINVAL, "does not fit in a stride of 48");
	s.ops[2] = s.ops[1];
	none_of_them(&s, IOMM_EINVAL, "two is given twice");
	several_init(&s, w);
	bringer_init(&b, w, "two");
	assert_ok(bringer_register(&b, &two));
	assert_fails(several_register(&s), IOMM_EEXIST, w->ctx, "format two");
	assert_int_equal(format_state(w, "one"), 0);
	assert_ok(iomm_format_unregister(two, 0, NULL, NULL));
	assert_int_equal(iomm_format_register_all(w->ctx, s.ops, 0,
						  sizeof(s.ops[0]), &s,
						  several_release, NULL),
			 -IOMM_EINVAL);
	assert_fails(iomm_format_register_all(w->ctx, s.ops, SEVERAL, 40, &s,
					      several_release, NULL),
		     IOMM_EINVAL, w->ctx, "stride of 40");
	assert_ok(several_register(&s));
	iomm_format_put(s.format[0]);
	iomm_format_put(s.format[1]);
	iomm_format_put(s.format[2]);
	formats_end(w);
}

/* Unregistering for good with the last pin. */

static void test_deferred(void **state)
{
	struct world *w = *state;
	struct iomm_format *format = NULL, *late = NULL;
	struct iomm_pgtable *table = NULL, *other = NULL;
	struct bringer old, new;

	bringer_init(&old, w, "my-own");
	bringer_init(&new, w, "my-own");
	assert_ok(bringer_register(&old, &format));
	assert_ok(iomm_format_request(w->ctx, "my-own", 0, 0, &late));
	assert_ok(format_table(w, "my-own", &table));
	assert_ok(iomm_format_unregister(format, IOMM_FORMAT_DEFER,
					 bringer_done, &old));
	assert_int_equal(format_state(w, "my-own"), IOMM_FORMAT_DYING);
	assert_int_equal(format_slot(w, "my-own").dying_pins, 2);
	assert_fails(format_answer(w, "my-own"), IOMM_ENOENT, w->ctx,
		     "\"my-own\" any more");
	assert_fails(iomm_format_unregister(late, IOMM_FORMAT_DEFER, NULL,
					    NULL),
		     IOMM_ENODEV, w->ctx, "was unregistered already");
	/* Its name is free, and what was made with it stays as it is. */
	assert_ok(bringer_register(&new, NULL));
	assert_ok(format_table(w, "my-own", &other));
	assert_int_equal(format_slot(w, "my-own").pins, 1);
	assert_int_equal(format_slot(w, "my-own").dying_pins, 2);
	map_ok(table, 4 * KB, 64 * KB, 4 * KB, RW);
	assert_maps(table, 4 * KB, 64 * KB, 4 * KB);
	iomm_format_put(late);
	assert_int_equal(old.done + old.releases, 0);
	iomm_pgtable_put(table);
	assert_int_equal(old.releases, 1);
	assert_int_equal(old.done, 1);
	assert_int_equal(format_slot(w, "my-own").dying_pins, 0);
	iomm_pgtable_put(other);
	assert_int_equal(new.releases, 0);
	formats_end(w);
}

static void test_deferred_without_pins(void **state)
{
	struct world *w = *state;
	struct iomm_format *format = NULL;
	struct bringer b;

	bringer_init(&b, w, "my-own");
	assert_ok(bringer_register(&b, &format));
	assert_fails(iomm_format_unregister(format, 0, bringer_done, &b),
		     IOMM_EINVAL, w->ctx, "only with IOMM_FORMAT_DEFER");
	assert_fails(iomm_format_unregister(format, 2, NULL, NULL), IOMM_EINVAL,
		     w->ctx, "0x2");
	assert_int_equal(iomm_format_unregister(NULL, 0, NULL, NULL),
			 -IOMM_EINVAL);
	assert_ok(iomm_format_unregister(format, IOMM_FORMAT_DEFER,
					 bringer_done, &b));
	assert_int_equal(b.done, 1);
	assert_int_equal(b.releases, 1);
}

/* The last pin is put where nothing is destroyed: it goes when the context is
 * run. */
static void test_last_put_in_atomic_hook(void **state)
{
	struct world *w = *state;
	struct iomm_format *format = NULL, *pin = NULL;
	struct iomm_frame frame;
	struct bringer b;

	bringer_init(&b, w, "my-own");
	assert_ok(bringer_register(&b, &format));
	assert_ok(iomm_format_request(w->ctx, "my-own", 0, 0, &pin));
	assert_ok(iomm_format_unregister(format, IOMM_FORMAT_DEFER,
					 bringer_done, &b));
	iomm_callback_begin(w->ctx, &frame, true);
	iomm_format_put(pin);
	assert_int_equal(b.done + b.releases, 0);
	iomm_callback_end(w->ctx, &frame);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(b.releases, 1);
	assert_int_equal(b.done, 1);
}

/* A table that could not be made leaves no pin behind. */
static int make_table(struct world *w, void *arg)
{
	struct iomm_pgtable *table = NULL;
	int err = format_table(w, arg, &table);

	iomm_pgtable_put(table);
	assert_int_equal(format_slot(w, arg).pins, 0);
	return err;
}

static void test_no_pin_of_failed_create(void **state)
{
	struct world *w = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .ias = 77 };
	struct iomm_pgtable *table = NULL;
	struct bringer b;

	bringer_init(&b, w, "my-own");
	assert_ok(bringer_register(&b, NULL));
	assert_true(world_each_site(w, make_table, (void *)"my-own") >= 3);
	assert_int_equal(iomm_pgtable_create(w->ctx, "my-own", &config, NULL,
					     NULL, NULL, &table),
			 -IOMM_EINVAL);
	assert_int_equal(format_slot(w, "my-own").pins, 0);
	formats_end(w);
}

static int register_several(struct world *w, void *arg)
{
	struct several *s = arg;
	int err;
	uint32_t n;

	several_init(s, w);
	err = several_register(s);
	assert_int_equal(s->releases, err ? 1 : 0);
	for (n = 0; !err && n < SEVERAL; n++)
		iomm_format_put(s->format[n]);
	return err;
}

static void test_without_memory(void **state)
{
	struct several s;

	/* A batch, three formats, three handles. */
	assert_int_equal(world_each_site(*state, register_several, &s), 7);
	formats_end(*state);
}

/* The end */

static void drop_ctx(struct bringer *b)
{
	iomm_ctx_put(b->user);
}

/* Registrations do not keep the context, once it is closed: here their data
 * does. */
static void test_close(void **state)
{
	struct world *w = *state;
	struct iomm_pgtable *table = NULL;
	struct bringer idle, used, failed, later;

	bringer_init(&idle, w, "idle");
	bringer_init(&used, w, "used");
	bringer_init(&failed, w, "failed");
	bringer_init(&later, w, "later");
	idle.user = iomm_ctx_get(w->ctx);
	idle.on_release = drop_ctx;
	failed.test_answer = -1;
	assert_ok(bringer_register(&idle, NULL));
	assert_ok(bringer_register(&used, NULL));
	assert_int_equal(bringer_register(&failed, NULL), -IOMM_ELIBBAD);
	assert_ok(format_table(w, "used", &table));
	assert_ok(iomm_ctx_close(w->ctx, 0));
	assert_int_equal(idle.releases, 1);
	assert_int_equal(used.releases, 0);
	assert_int_equal(format_state(w, "failed"), 0);
	assert_int_equal(format_state(w, "used"), IOMM_FORMAT_DYING);
	assert_int_equal(format_answer(w, "used"), -IOMM_ENOENT);
	assert_fails(bringer_register(&later, NULL), IOMM_ENODEV, w->ctx,
		     "the context was closed");
	assert_int_equal(later.releases, 1);
	assert_int_equal(later.tests, 0);
	map_ok(table, 4 * KB, 64 * KB, 4 * KB, RW);
	iomm_pgtable_put(table);
	assert_int_equal(used.releases, 1);
	/* What is built in is part of the context. */
	assert_ok(format_answer(w, "arm64-s1"));
	assert_ok(iomm_ctx_close(w->ctx, 0));
}

static void close_context(struct bringer *b)
{
	struct iomm_frame *frames = iomm_thread(b->w->ctx)->frames;

	/* As if another thread did. */
	iomm_thread(b->w->ctx)->frames = NULL;
	assert_ok(iomm_ctx_close(b->w->ctx, 0));
	iomm_thread(b->w->ctx)->frames = frames;
}

static void test_closed_while_tested(void **state)
{
	struct world *w = *state;
	struct bringer b;

	bringer_init(&b, w, "my-own");
	b.on_test = close_context;
	assert_fails(bringer_register(&b, NULL), IOMM_ENODEV, w->ctx,
		     "closed during the test");
	assert_int_equal(b.releases, 1);
	assert_int_equal(format_state(w, "my-own"), 0);
}

static void test_goes_with_context(void **state)
{
	struct world *w = *state;
	struct bringer b;

	bringer_init(&b, w, "my-own");
	assert_ok(bringer_register(&b, NULL));
	world_end(w);
	assert_int_equal(b.releases, 1);
	world_init(w);
	assert_ok(world_create(w));
}

/* The walk */

static void test_next(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_format_slot slot;
		uint64_t later;
	} longer = { .slot.size = sizeof(longer), .later = 7 };
	struct iomm_format_slot slot = { .size = sizeof(slot) };
	struct bringer b;

	bringer_init(&b, w, "arm64-s10");
	assert_ok(bringer_register(&b, NULL));
	world_set_time(w, 1000);
	assert_ok(iomm_format_announce(w->ctx, "a", 500, NULL, NULL, NULL));
	assert_ok(iomm_format_next(w->ctx, NULL, &slot));
	assert_string_equal(slot.name, "a");
	assert_int_equal(slot.state, IOMM_FORMAT_EXPECTED);
	assert_int_equal(slot.answer, IOMM_EPROBE_DEFER);
	assert_int_equal(slot.deadline, 1500);
	assert_ok(iomm_format_next(w->ctx, "a", &slot));
	assert_string_equal(slot.name, "arm64-s1");
	assert_int_equal(slot.answer, 0);
	assert_int_equal(slot.deadline, 0);
	assert_ok(iomm_format_next(w->ctx, "arm64-s1", &slot));
	assert_string_equal(slot.name, "arm64-s10");
	assert_ok(iomm_format_next(w->ctx, "arm64-s10", &longer.slot));
	assert_string_equal(longer.slot.name, "arm64-s2");
	assert_int_equal(longer.slot.size, sizeof(slot));
	assert_int_equal(longer.later, 0);
	assert_fails(iomm_format_next(w->ctx, "arm64-s2", &slot), IOMM_ENOENT,
		     w->ctx, "behind \"arm64-s2\"");
	/* A name that is not there is as good. */
	assert_ok(iomm_format_next(w->ctx, "arm64-s11", &slot));
	assert_string_equal(slot.name, "arm64-s2");
	assert_int_equal(iomm_format_next(NULL, NULL, &slot), -IOMM_EINVAL);
	assert_fails(iomm_format_next(w->ctx, NULL, NULL), IOMM_EINVAL, w->ctx,
		     "NULL");
	slot.size = IOMM_FORMAT_SLOT_SIZE_VER0 - 1;
	assert_int_equal(iomm_format_next(w->ctx, NULL, &slot), -IOMM_EINVAL);
	formats_end(w);
}

/* Owners: what a plugin registers goes at once, or not at all. */

static int register_owned(struct world *w, struct several *s, const void *owner)
{
	struct iomm_frame frame;
	int err;

	several_init(s, w);
	iomm_callback_begin(w->ctx, &frame, false);
	frame.owner = owner;
	err = iomm_format_register_all(w->ctx, s->ops, SEVERAL,
				       sizeof(s->ops[0]), s, several_release,
				       NULL);
	iomm_callback_end(w->ctx, &frame);
	return err;
}

static void test_owner(void **state)
{
	struct world *w = *state;
	struct iomm_format *two = NULL;
	struct several s;
	struct bringer b;
	int owner;

	bringer_init(&b, w, "nobodys");
	assert_ok(bringer_register(&b, NULL));
	assert_ok(register_owned(w, &s, &owner));
	assert_ok(iomm_format_request(w->ctx, "two", 0, 0, &two));
	assert_fails(iomm_format_drop_owner(w->ctx, &owner), IOMM_EBUSY, w->ctx,
		     "format two is in use: it has 1 pins");
	assert_ok(format_answer(w, "one"));
	/* One that is going holds it too. */
	(void)iomm_format_get(two);
	assert_ok(iomm_format_unregister(two, IOMM_FORMAT_DEFER, NULL, NULL));
	assert_int_equal(iomm_format_drop_owner(w->ctx, &owner), -IOMM_EBUSY);
	assert_ok(format_answer(w, "one"));
	assert_int_equal(s.releases, 0);
	iomm_format_put(two);
	assert_ok(iomm_format_drop_owner(w->ctx, &owner));
	assert_int_equal(s.releases, 1);
	formats_end(w);
}

static void test_owner_goes(void **state)
{
	struct world *w = *state;
	struct several s;
	struct bringer b;
	int owner;

	bringer_init(&b, w, "nobodys");
	assert_ok(bringer_register(&b, NULL));
	assert_ok(register_owned(w, &s, &owner));
	assert_ok(iomm_format_drop_owner(w->ctx, &owner));
	assert_int_equal(s.releases, 1);
	assert_int_equal(format_answer(w, "two"), -IOMM_ENOENT);
	assert_ok(format_answer(w, "nobodys"));
	assert_ok(iomm_format_drop_owner(w->ctx, &owner));
	formats_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_register),
		WORLD_TEST(test_register_without_handle),
		WORLD_TEST(test_builtin),
		WORLD_TEST(test_refuses),
		WORLD_TEST(test_taken_while_tested),
		WORLD_TEST(test_self_test_fails),
		WORLD_TEST(test_all),
		WORLD_TEST(test_all_or_none),
		WORLD_TEST(test_deferred),
		WORLD_TEST(test_deferred_without_pins),
		WORLD_TEST(test_last_put_in_atomic_hook),
		WORLD_TEST(test_no_pin_of_failed_create),
		WORLD_TEST(test_without_memory),
		WORLD_TEST(test_close),
		WORLD_TEST(test_closed_while_tested),
		WORLD_TEST(test_goes_with_context),
		WORLD_TEST(test_next),
		WORLD_TEST(test_owner),
		WORLD_TEST(test_owner_goes),
	};

	return cmocka_run_group_tests_name("registry of formats", tests, NULL,
					   NULL);
}
