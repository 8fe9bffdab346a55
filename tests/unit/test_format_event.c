/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who is told when a format arrives, or will not: subscribers, and devices. */
#include "unit/format_support.h"

#define NAME "my-own"

#define MOST_EVENTS 8u

struct listener {
	struct world *w;
	struct {
		char name[IOMM_FORMAT_NAME_MAX];
		int result;
	} event[MOST_EVENTS];
	uint32_t events, releases;
	void (*on)(struct listener *l);
};

static void on_event(void *data, const char *name, int result)
{
	struct listener *l = data;

	assert_int_equal(l->releases, 0);
	assert_true(l->events < MOST_EVENTS);
	/* The answer is that of a request made now. */
	assert_int_equal(format_answer(l->w, name), result);
	(void)snprintf(l->event[l->events].name, sizeof(l->event[0].name), "%s",
		       name);
	l->event[l->events++].result = result;
	if (l->on)
		l->on(l);
}

static void on_release(void *data)
{
	((struct listener *)data)->releases++;
}

static void listen_to(struct listener *l, struct world *w)
{
	memset(l, 0, sizeof(*l));
	l->w = w;
	assert_ok(iomm_format_subscribe(w->ctx, on_event, l, on_release));
}

static void assert_told(struct listener *l, const char *name, int result)
{
	assert_int_equal(l->events, 1);
	assert_string_equal(l->event[0].name, name);
	assert_int_equal(l->event[0].result, result);
	l->events = 0;
}

static void test_told(void **state)
{
	struct world *w = *state;
	struct bringer b, loaded, bad;
	struct listener l;

	world_set_time(w, 1000);
	listen_to(&l, w);
	bringer_init(&b, w, NAME);
	bringer_init(&loaded, w, "loaded");
	bringer_init(&bad, w, "bad");
	assert_ok(bringer_register(&b, NULL));
	assert_told(&l, NAME, 0);
	assert_ok(bringer_announce(&loaded, IOMM_FOREVER));
	assert_int_equal(l.events, 0);
	assert_ok(format_await(w, "loaded", 0));
	assert_told(&l, "loaded", 0);
	bad.test_answer = -1;
	assert_int_equal(bringer_register(&bad, NULL), -IOMM_ELIBBAD);
	assert_told(&l, "bad", -IOMM_ELIBBAD);
	/* By its loader: once. */
	assert_ok(bringer_announce(&bad, IOMM_FOREVER));
	assert_int_equal(format_await(w, "bad", 0), -IOMM_ELIBBAD);
	assert_told(&l, "bad", -IOMM_ELIBBAD);
	bad.idle = true;
	bad.load_answer = -IOMM_EIO;
	assert_ok(bringer_announce(&bad, IOMM_FOREVER));
	assert_int_equal(format_await(w, "bad", 0), -IOMM_EIO);
	assert_told(&l, "bad", -IOMM_EIO);
	/* A loader that has sent for it: nothing to tell yet. */
	bad.load_answer = -IOMM_EPROBE_DEFER;
	assert_ok(bringer_announce(&bad, 500));
	assert_int_equal(format_await(w, "bad", 0), -IOMM_EPROBE_DEFER);
	assert_int_equal(l.events, 0);
	world_set_time(w, 1500);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_told(&l, "bad", -IOMM_ETIMEDOUT);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(l.events, 0);
	assert_ok(iomm_format_announce(w->ctx, "a", 500, NULL, NULL, NULL));
	assert_ok(iomm_formats_seal(w->ctx));
	assert_int_equal(l.events, 2);
	assert_string_equal(l.event[0].name, "bad");
	assert_string_equal(l.event[1].name, "a");
	assert_int_equal(l.event[1].result, -IOMM_ENOENT);
	assert_int_equal(l.releases, 0);
	l.events = 0;
	formats_end(w);
	assert_int_equal(l.releases, 1);
	assert_fails(iomm_format_subscribe(w->ctx, on_event, &l, on_release),
		     IOMM_ENODEV, w->ctx, "closed");
	assert_int_equal(l.releases, 2);
}

static void test_subscribe_refuses(void **state)
{
	struct world *w = *state;
	struct listener l;

	listen_to(&l, w);
	assert_int_equal(iomm_format_subscribe(NULL, on_event, &l, on_release),
			 -IOMM_EINVAL);
	assert_fails(iomm_format_subscribe(w->ctx, NULL, &l, on_release),
		     IOMM_EINVAL, w->ctx, "NULL");
	assert_fails(iomm_format_subscribe(w->ctx, on_event, &l, on_release),
		     IOMM_EEXIST, w->ctx, "there already");
	assert_int_equal(l.releases, 3);
	assert_fails(iomm_format_unsubscribe(w->ctx, on_event, w), IOMM_ENOENT,
		     w->ctx, "no such subscription");
	assert_int_equal(iomm_format_unsubscribe(NULL, on_event, &l),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_format_unsubscribe(w->ctx, NULL, &l),
			 -IOMM_EINVAL);
	assert_ok(iomm_format_unsubscribe(w->ctx, on_event, &l));
	assert_int_equal(l.releases, 4);
	assert_int_equal(iomm_format_unsubscribe(w->ctx, on_event, &l),
			 -IOMM_ENOENT);
}

static int subscribe(struct world *w, void *arg)
{
	struct listener *l = arg;
	uint32_t releases = l->releases;
	int err = iomm_format_subscribe(w->ctx, on_event, l, on_release);

	assert_int_equal(l->releases, releases + (err ? 1 : 0));
	return err;
}

static int announce(struct world *w, void *arg)
{
	struct bringer *b = arg;
	uint32_t releases = b->releases;
	int err =
		iomm_format_announce(w->ctx, NAME, 1, NULL, b, bringer_release);

	assert_int_equal(b->releases, releases + (err ? 1 : 0));
	return err;
}

static void test_without_memory(void **state)
{
	struct world *w = *state;
	struct listener l = { .w = w };
	struct bringer b;

	bringer_init(&b, w, NAME);
	assert_int_equal(world_each_site(w, subscribe, &l), 1);
	assert_ok(iomm_format_unsubscribe(w->ctx, on_event, &l));
	assert_int_equal(world_each_site(w, announce, &b), 1);
	formats_end(w);
}

static void leave(struct listener *l)
{
	assert_ok(iomm_format_unsubscribe(l->w->ctx, on_event, l));
	/* The call is under way. */
	assert_int_equal(l->releases, 0);
}

static struct listener newcomer;

static void invite(struct listener *l)
{
	l->on = NULL;
	listen_to(&newcomer, l->w);
}

/* Subscribers come and go inside their calls. */
static void test_change_inside(void **state)
{
	struct world *w = *state;
	struct listener first, second, third;
	struct bringer b;

	listen_to(&first, w);
	listen_to(&second, w);
	listen_to(&third, w);
	first.on = leave;
	second.on = invite;
	bringer_init(&b, w, NAME);
	assert_ok(bringer_register(&b, NULL));
	assert_int_equal(first.releases, 1);
	assert_told(&first, NAME, 0);
	assert_told(&second, NAME, 0);
	assert_told(&third, NAME, 0);
	assert_told(&newcomer, NAME, 0);
	assert_ok(iomm_format_unsubscribe(w->ctx, on_event, &second));
	assert_int_equal(second.releases, 1);
	formats_end(w);
	assert_int_equal(newcomer.releases, 1);
}

/* Devices */

static void
mock_register_walking(struct mock *mock, struct world *w, const char *format)
{
	struct iomm_iommu_config config = {
		.size = sizeof(config),
		.node = node_at(w->firmware, "/first"),
		.name = "first",
		.driver = "mock",
		.format = format,
	};

	mock_init(mock, w);
	assert_ok(iomm_iommu_register(w->ctx, &config, &mock_ops, mock, NULL,
				      &mock->iommu));
}

struct waits {
	struct world *w;
	struct mock mock;
	struct bringer b;
	struct iomm_device *device;
};

/* A device whose IOMMU walks a format that is not there yet. */
static void waits_begin(struct waits *s, struct world *w, uint64_t timeout)
{
	s->w = w;
	world_small(w);
	world_set_time(w, 1000);
	mock_register_walking(&s->mock, w, NAME);
	bringer_init(&s->b, w, NAME);
	assert_ok(bringer_announce(&s->b, timeout));
	s->device = world_device(w, "one");
	assert_fails(iomm_device_probe(s->device), IOMM_EPROBE_DEFER, w->ctx,
		     "my-own is not there yet");
	assert_int_equal(device_state(s->device), IOMM_DEVICE_WAITING);
	assert_int_equal(s->mock.calls[MOCK_TRANSLATE], 0);
}

static void waits_end(struct waits *s)
{
	iomm_device_put(s->device);
	assert_ok(iomm_iommu_unregister(s->mock.iommu, 0));
	iomm_iommu_put(s->mock.iommu);
	formats_end(s->w);
}

/* Its probe has asked for the format: the context loads it, and the device comes
 * back by itself. */
static void test_device_comes_back(void **state)
{
	struct waits s;

	waits_begin(&s, *state, IOMM_FOREVER);
	assert_ok(iomm_ctx_run(s.w->ctx));
	assert_int_equal(s.b.loads, 1);
	assert_int_equal(device_state(s.device), IOMM_DEVICE_BOUND);
	/* Tables pin, devices do not. */
	assert_int_equal(format_slot(s.w, NAME).pins, 0);
	waits_end(&s);
}

static void test_device_registered_for(void **state)
{
	struct waits s;
	uint32_t wakeups;

	waits_begin(&s, *state, IOMM_FOREVER);
	wakeups = s.w->wakeups;
	assert_ok(bringer_register(&s.b, NULL));
	assert_int_equal(s.w->wakeups, wakeups + 1);
	assert_int_equal(device_state(s.device), IOMM_DEVICE_WAITING);
	assert_ok(iomm_ctx_run(s.w->ctx));
	assert_int_equal(device_state(s.device), IOMM_DEVICE_BOUND);
	waits_end(&s);
}

static void check_gives_up(struct waits *s, int err, const char *says)
{
	assert_ok(iomm_ctx_run(s->w->ctx));
	assert_int_equal(device_state(s->device), IOMM_DEVICE_NONE);
	assert_fails(iomm_device_probe(s->device), err, s->w->ctx, says);
	/* And if it comes after all? */
	s->b.idle = false;
	s->b.load_answer = 0;
	if (err != IOMM_ENODEV) {
		assert_ok(bringer_register(&s->b, NULL));
		assert_ok(iomm_device_probe(s->device));
	}
	waits_end(s);
}

static void test_device_sealed(void **state)
{
	struct waits s;

	waits_begin(&s, *state, IOMM_FOREVER);
	assert_ok(iomm_formats_seal(s.w->ctx));
	check_gives_up(&s, IOMM_ENODEV,
		       "one: its IOMMU first walks tables of format my-own");
}

/* Other instances may come, but they do not help. */
static void test_device_late(void **state)
{
	struct waits s;

	waits_begin(&s, *state, 500);
	s.b.idle = true;
	s.b.load_answer = -IOMM_EPROBE_DEFER;
	assert_ok(iomm_ctx_run(s.w->ctx));
	assert_int_equal(s.b.loads, 1);
	assert_int_equal(device_state(s.device), IOMM_DEVICE_WAITING);
	world_set_time(s.w, 1500);
	check_gives_up(&s, IOMM_ETIMEDOUT, "before the deadline");
}

static void test_device_bad_format(void **state)
{
	struct waits s;

	waits_begin(&s, *state, 500);
	s.b.idle = true;
	s.b.load_answer = -IOMM_EIO;
	check_gives_up(&s, IOMM_EIO, "my-own could not be had");
}

/* The driver asks: here when it is to translate, for its probe to answer. */
static void ask_for_format(struct mock *mock, void *object)
{
	(void)object;
	mock->answer[MOCK_PROBE] = format_answer(mock->w, NAME);
}

static void driver_begin(struct waits *s, struct world *w)
{
	s->w = w;
	world_small(w);
	world_set_time(w, 1000);
	mock_register(&s->mock, w, "first");
	s->mock.on[MOCK_TRANSLATE] = ask_for_format;
	bringer_init(&s->b, w, NAME);
	assert_ok(bringer_announce(&s->b, 500));
	s->device = world_device(w, "one");
}

static void test_driver_asks(void **state)
{
	struct waits s;

	driver_begin(&s, *state);
	/* It is the format that is waited for, not an instance. */
	assert_ok(iomm_ctx_seal_iommus(s.w->ctx));
	assert_int_equal(iomm_device_probe(s.device), -IOMM_EPROBE_DEFER);
	assert_int_equal(device_state(s.device), IOMM_DEVICE_WAITING);
	assert_ok(iomm_ctx_run(s.w->ctx));
	assert_int_equal(s.b.loads, 1);
	assert_int_equal(device_state(s.device), IOMM_DEVICE_BOUND);
	waits_end(&s);
}

static void test_driver_asks_in_vain(void **state)
{
	struct waits s;

	driver_begin(&s, *state);
	assert_int_equal(iomm_device_probe(s.device), -IOMM_EPROBE_DEFER);
	assert_ok(iomm_formats_seal(s.w->ctx));
	assert_ok(iomm_ctx_run(s.w->ctx));
	assert_int_equal(device_state(s.device), IOMM_DEVICE_NONE);
	waits_end(&s);
}

/* It comes when the driver has just been told that it is not there. */
static void ask_and_miss(struct mock *mock, void *object)
{
	struct waits *s = mock->user;

	ask_for_format(mock, object);
	if (mock->answer[MOCK_PROBE])
		assert_ok(bringer_register(&s->b, NULL));
}

static void test_arrival_is_not_missed(void **state)
{
	struct waits s;

	driver_begin(&s, *state);
	s.mock.user = &s;
	s.mock.on[MOCK_TRANSLATE] = ask_and_miss;
	assert_int_equal(iomm_device_probe(s.device), -IOMM_EPROBE_DEFER);
	assert_ok(iomm_ctx_run(s.w->ctx));
	assert_int_equal(device_state(s.device), IOMM_DEVICE_BOUND);
	waits_end(&s);
}

/* A driver that says "not yet" for ever is believed until the deadline. */
static void test_driver_defers_too_long(void **state)
{
	struct world *w = *state;
	struct iomm_device_config config = { .probe_timeout = 500 };
	struct iomm_device *device;
	uint64_t deadline = 0;
	struct mock mock;

	world_small(w);
	world_set_time(w, 1000);
	mock_register(&mock, w, "first");
	mock.answer[MOCK_PROBE] = -IOMM_EPROBE_DEFER;
	assert_ok(world_device_with(w, "one", config, &device));
	assert_int_equal(iomm_device_probe(device), -IOMM_EPROBE_DEFER);
	assert_ok(iomm_ctx_next_deadline(w->ctx, &deadline));
	assert_int_equal(deadline, 1500);
	world_set_time(w, 1500);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(device_state(device), IOMM_DEVICE_NONE);
	assert_int_equal(iomm_ctx_next_deadline(w->ctx, &deadline),
			 -IOMM_ENOENT);
	assert_fails(iomm_device_probe(device), IOMM_ETIMEDOUT, w->ctx,
		     "still waits for something at the deadline");
	iomm_device_put(device);
	mock_end(&mock);
}

/* A domain is made when its format is there. */
static void test_domain(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain = UNTOUCHED;
	struct iomm_device *device;
	struct bringer b;
	struct mock mock;

	world_small(w);
	world_set_time(w, 1000);
	mock_register(&mock, w, "first");
	mock.format = NAME;
	device = world_device(w, "one");
	assert_ok(iomm_device_probe(device));
	assert_fails(iomm_domain_create(device, NULL, &domain), IOMM_ENOENT,
		     w->ctx, "my-own");
	bringer_init(&b, w, NAME);
	assert_ok(bringer_announce(&b, 500));
	assert_fails(iomm_domain_create(device, NULL, &domain),
		     IOMM_EPROBE_DEFER, w->ctx, "my-own is not there yet");
	assert_ptr_equal(domain, UNTOUCHED);
	assert_int_equal(mock.domains, 0);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_ok(iomm_domain_create(device, NULL, &domain));
	assert_int_equal(format_slot(w, NAME).pins, 1);
	iomm_domain_put(domain);
	assert_int_equal(format_slot(w, NAME).pins, 0);
	iomm_device_put(device);
	mock_end(&mock);
	formats_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_told),
		WORLD_TEST(test_subscribe_refuses),
		WORLD_TEST(test_without_memory),
		WORLD_TEST(test_change_inside),
		WORLD_TEST(test_device_comes_back),
		WORLD_TEST(test_device_registered_for),
		WORLD_TEST(test_device_sealed),
		WORLD_TEST(test_device_late),
		WORLD_TEST(test_device_bad_format),
		WORLD_TEST(test_driver_asks),
		WORLD_TEST(test_driver_asks_in_vain),
		WORLD_TEST(test_arrival_is_not_missed),
		WORLD_TEST(test_driver_defers_too_long),
		WORLD_TEST(test_domain),
	};

	return cmocka_run_group_tests_name("arrivals of formats", tests, NULL,
					   NULL);
}
