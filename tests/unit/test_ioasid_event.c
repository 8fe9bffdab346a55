/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Events: who is told what, in which order, and who may take his time. */
#include "unit/ioasid_support.h"

#define MAX_TOLD 32u

struct scene {
	struct iomm_ioasid_space *space;
	struct iomm_ioasid_set *set;
	char told[MAX_TOLD][4]; /* who, and what: "cA" */
	uint32_t nr_told;
};

struct hearer {
	struct scene *scene;
	char name;
	int answer; /* to a free */
	int (*then)(struct hearer *h, const struct iomm_ioasid_event *event);
	int result;
	uint32_t released;
	struct iomm_ioasid_event last;
};

static int notify(void *data, const struct iomm_ioasid_event *event)
{
	struct hearer *h = data;
	char *told = h->scene->told[h->scene->nr_told++ % MAX_TOLD];

	told[0] = h->name;
	told[1] = "?ABUF"[event->event];
	h->last = *event;
	if (h->then)
		h->result = h->then(h, event);
	return event->event == IOMM_IOASID_FREE ? h->answer : 0;
}

static int other_notify(void *data, const struct iomm_ioasid_event *event)
{
	return notify(data, event);
}

static void on_release(void *data)
{
	struct hearer *h = data;

	h->released++;
}

static void assert_told(struct scene *s, const char *expected)
{
	char all[4 * MAX_TOLD] = "";
	uint32_t n;

	for (n = 0; n < s->nr_told; n++) {
		strcat(all, n ? " " : "");
		strcat(all, s->told[n]);
	}
	assert_string_equal(all, expected);
	memset(s->told, 0, sizeof(s->told));
	s->nr_told = 0;
}

static void begin(struct scene *s, struct world *w)
{
	memset(s, 0, sizeof(*s));
	s->space = space_of(w, 0, 0);
	s->set = set_of(s->space, 0, 5);
}

static void end(struct scene *s)
{
	iomm_ioasid_set_put(s->set);
	iomm_ioasid_space_put(s->space);
}

static void hear(struct hearer *h, uint32_t order)
{
	assert_ok(iomm_ioasid_subscribe(h->scene->space, NULL, order, notify, h,
					on_release));
}

static void test_order(void **state)
{
	struct scene s;
	struct hearer d = { .scene = &s, .name = 'd' };
	struct hearer c = { .scene = &s, .name = 'c' };
	struct hearer i = { .scene = &s, .name = 'i' };
	struct hearer j = { .scene = &s, .name = 'j' };
	uint32_t id;

	begin(&s, *state);
	hear(&d, IOMM_IOASID_DEVICE);
	hear(&i, IOMM_IOASID_IOMMU);
	hear(&c, IOMM_IOASID_CPU);
	hear(&j, IOMM_IOASID_IOMMU);
	id = id_of(s.set, NULL);
	assert_told(&s, "cA iA jA dA");
	assert_int_equal(c.last.size, sizeof(c.last));
	assert_int_equal(c.last.id, id);
	assert_int_equal(c.last.type, 5);
	assert_ok(iomm_ioasid_bind(s.space, s.set, id));
	assert_told(&s, "cB iB jB dB");
	assert_ok(iomm_ioasid_bind(s.space, s.set, id));
	assert_ok(iomm_ioasid_unbind(s.space, s.set, id));
	assert_told(&s, "");
	assert_ok(iomm_ioasid_unsubscribe(s.space, NULL, notify, &i));
	assert_int_equal(i.released, 1);
	/* One event for the free, and none for what it leads to. */
	assert_ok(iomm_ioasid_free(s.set, id));
	assert_told(&s, "cF jF dF");
	assert_ok(iomm_ioasid_unbind(s.space, s.set, id));
	assert_told(&s, "cU jU dU");
	assert_int_equal(look_up(s.space, NULL, id, NULL), -IOMM_ENOENT);
	id = id_of(s.set, NULL);
	assert_told(&s, "cA jA dA");
	end(&s);
	assert_told(&s, "cF jF dF");
	assert_int_equal(c.released + j.released + d.released, 3);
}

/* EAGAIN keeps a reference, and so the number. */
static void test_take_time(void **state)
{
	struct scene s;
	struct hearer c = { .scene = &s, .name = 'c', .answer = -IOMM_EAGAIN };
	struct hearer i = { .scene = &s, .name = 'i', .answer = -IOMM_EAGAIN };
	struct hearer d = { .scene = &s, .name = 'd', .answer = -IOMM_EIO };
	struct world *w = *state;
	struct datum datum = { .value = 1 };
	uint32_t id;

	begin(&s, w);
	hear(&c, IOMM_IOASID_CPU);
	hear(&i, IOMM_IOASID_IOMMU);
	hear(&d, IOMM_IOASID_DEVICE);
	id = id_of(s.set, &datum);
	assert_ok(iomm_ioasid_free(s.set, id));
	assert_true(world_logged(w, IOMM_LOG_WARN, "no answer"));
	assert_int_equal(id_info(s.space, id).state, IOMM_IOASID_STATE_PENDING);
	assert_int_equal(id_info(s.space, id).refs, 2);
	assert_int_equal(id_in(s.set, id, id + 1, NULL), id + 1);
	iomm_ioasid_put(s.space, id);
	assert_int_equal(datum.released, 0);
	iomm_ioasid_put(s.space, id);
	assert_int_equal(datum.released, 1);
	assert_int_equal(id_in(s.set, id, id, NULL), id);
	c.answer = i.answer = 0;
	end(&s);
}

/* The work is done before it is said that there is some. A put too many is
 * nobody else's reference, least of all the allocation's. */
static int put_early(struct hearer *h, const struct iomm_ioasid_event *event)
{
	struct scene *s = h->scene;

	if (event->event != IOMM_IOASID_FREE)
		return 0;
	assert_int_equal(id_info(s->space, event->id).refs, 2);
	iomm_ioasid_put(s->space, event->id);
	iomm_ioasid_put(s->space, event->id);
	assert_int_equal(id_info(s->space, event->id).refs, 1);
	return 0;
}

static void test_done_early(void **state)
{
	struct world *w = *state;
	struct scene s;
	struct hearer c = { .scene = &s,
			    .name = 'c',
			    .then = put_early,
			    .answer = -IOMM_EAGAIN };
	struct datum datum = { .value = 1 };
	uint32_t id;

	begin(&s, w);
	hear(&c, IOMM_IOASID_CPU);
	id = id_of(s.set, &datum);
	assert_ok(iomm_ioasid_free(s.set, id));
	assert_int_equal(datum.released, 1);
	assert_int_equal(id_in(s.set, id, id, NULL), id);
	/* Also when there turns out to be none. */
	c.answer = 0;
	assert_ok(iomm_ioasid_free(s.set, id));
	assert_int_equal(id_in(s.set, id, id, NULL), id);
	end(&s);
	/* A checked build reports each put too many. */
	w->nr_misuses = 0;
}

/* What a subscriber may do, and what it may not. */
static int use_library(struct hearer *h, const struct iomm_ioasid_event *event)
{
	struct scene *s = h->scene;
	void *data = NULL;
	uint32_t id;

	if (event->event != IOMM_IOASID_FREE)
		return 0;
	assert_ok(look_up(s->space, s->set, event->id, &data));
	assert_non_null(data);
	/* It is not to be held any more, and its number is not free. */
	assert_int_equal(iomm_ioasid_get(s->space, NULL, event->id),
			 -IOMM_EBUSY);
	assert_int_equal(iomm_ioasid_alloc(s->set, 1, 9, NULL, &id),
			 -IOMM_EDEADLK);
	assert_int_equal(iomm_ioasid_free(s->set, event->id), -IOMM_EDEADLK);
	assert_int_equal(iomm_ioasid_bind(s->space, NULL, event->id),
			 -IOMM_EDEADLK);
	assert_int_equal(iomm_ioasid_unsubscribe(s->space, NULL, notify, h),
			 -IOMM_EDEADLK);
	/* The reference that somebody else had goes here. */
	iomm_ioasid_put(s->space, event->id);
	assert_ok(look_up(s->space, s->set, event->id, &data));
	return 1;
}

static void test_inside(void **state)
{
	struct scene s;
	struct hearer c = { .scene = &s, .name = 'c', .then = use_library };
	struct hearer d = { .scene = &s, .name = 'd' };
	struct datum datum = { .value = 1 };
	uint32_t id;

	begin(&s, *state);
	hear(&c, IOMM_IOASID_CPU);
	hear(&d, IOMM_IOASID_DEVICE);
	id = id_of(s.set, &datum);
	assert_ok(iomm_ioasid_get(s.space, NULL, id));
	assert_told(&s, "cA dA");
	assert_ok(iomm_ioasid_free(s.set, id));
	assert_told(&s, "cF dF");
	assert_int_equal(c.result, 1);
	assert_int_equal(datum.released, 1);
	end(&s);
}

static void test_filter(void **state)
{
	struct world *w = *state;
	struct scene s;
	struct hearer a = { .scene = &s, .name = 'a' };
	struct iomm_ioasid_set *other, *elsewhere;
	struct iomm_ioasid_space *foreign = space_of(w, 0, 0);
	uint32_t id;

	begin(&s, w);
	other = set_of(s.space, 0, 0);
	elsewhere = set_of(foreign, 0, 0);
	assert_ok(iomm_ioasid_subscribe(s.space, s.set, IOMM_IOASID_CPU, notify,
					&a, on_release));
	assert_fails(iomm_ioasid_subscribe(s.space, s.set, IOMM_IOASID_CPU,
					   notify, &a, on_release),
		     IOMM_EEXIST, w->ctx, "there already");
	assert_int_equal(a.released, 1);
	assert_ok(iomm_ioasid_subscribe(s.space, s.set, IOMM_IOASID_CPU,
					other_notify, &a, on_release));
	id = id_of(s.set, NULL);
	assert_told(&s, "aA aA");
	(void)id_of(other, NULL);
	assert_told(&s, "");
	assert_fails(iomm_ioasid_unsubscribe(s.space, NULL, notify, &a),
		     IOMM_ENOENT, w->ctx, "no such subscription");
	assert_ok(iomm_ioasid_unsubscribe(s.space, s.set, other_notify, &a));
	assert_int_equal(a.released, 2);
	assert_ok(iomm_ioasid_free(s.set, id));
	assert_told(&s, "aF");
	/* Another set in the same place is another set. */
	iomm_ioasid_set_put(s.set);
	s.set = set_of(s.space, 0, 0);
	(void)id_of(s.set, NULL);
	assert_told(&s, "");
	assert_int_equal(iomm_ioasid_subscribe(s.space, elsewhere,
					       IOMM_IOASID_CPU, notify, &a,
					       on_release),
			 -IOMM_EINVAL);
	assert_fails(iomm_ioasid_subscribe(s.space, NULL, 4, notify, &a,
					   on_release),
		     IOMM_EINVAL, w->ctx, "4 is not an order");
	assert_int_equal(iomm_ioasid_subscribe(s.space, NULL, IOMM_IOASID_CPU,
					       NULL, &a, on_release),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_ioasid_subscribe(NULL, NULL, IOMM_IOASID_CPU,
					       notify, &a, on_release),
			 -IOMM_EINVAL);
	assert_int_equal(a.released, 6);
	assert_int_equal(iomm_ioasid_unsubscribe(NULL, NULL, notify, &a),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_ioasid_unsubscribe(s.space, elsewhere, notify,
						 &a),
			 -IOMM_EINVAL);
	iomm_ioasid_set_put(other);
	iomm_ioasid_set_put(elsewhere);
	iomm_ioasid_space_put(foreign);
	end(&s);
	assert_int_equal(a.released, 7);
}

/* Another thread's event comes after this one. */
static void *free_it(void *arg)
{
	struct scene *s = arg;

	assert_ok(iomm_ioasid_free(s->set, 1));
	return NULL;
}

static pthread_t second;

static int start_second(struct hearer *h, const struct iomm_ioasid_event *event)
{
	if (event->event != IOMM_IOASID_BIND)
		return 0;
	assert_int_equal(pthread_create(&second, NULL, free_it, h->scene), 0);
	pause_us(20000);
	return 0;
}

static void test_one_at_a_time(void **state)
{
	struct scene s;
	struct hearer c = { .scene = &s, .name = 'c', .then = start_second };
	struct hearer d = { .scene = &s, .name = 'd' };

	begin(&s, *state);
	hear(&c, IOMM_IOASID_CPU);
	hear(&d, IOMM_IOASID_DEVICE);
	assert_int_equal(id_of(s.set, NULL), 1);
	assert_ok(iomm_ioasid_bind(s.space, s.set, 1));
	assert_int_equal(pthread_join(second, NULL), 0);
	assert_told(&s, "cA dA cB dB cF dF");
	assert_ok(iomm_ioasid_unbind(s.space, s.set, 1));
	end(&s);
}

/* A set whose last reference goes in an event of its space cannot be told of
 * then, and is drained later. */
static int drop_set(struct hearer *h, const struct iomm_ioasid_event *event)
{
	struct iomm_ioasid_set *set = h->scene->set;

	(void)event;
	h->scene->set = NULL;
	iomm_ioasid_set_put(set);
	return 0;
}

static void test_put_inside(void **state)
{
	struct world *w = *state;
	struct scene s;
	struct hearer c = { .scene = &s, .name = 'c' };
	struct iomm_ioasid_set *other;
	uint32_t id;

	begin(&s, w);
	other = set_of(s.space, 0, 0);
	hear(&c, IOMM_IOASID_CPU);
	(void)id_of(s.set, NULL);
	assert_told(&s, "cA");
	c.then = drop_set;
	id = id_of(other, NULL);
	c.then = NULL;
	assert_ok(iomm_ctx_run(w->ctx));
	assert_told(&s, "cA cF");
	assert_int_equal(world_live(w, IOMM_HANDLE_IOASID_SET), 1);
	assert_int_equal(space_info(s.space).sets, 1);
	assert_ok(iomm_ioasid_free(other, id));
	iomm_ioasid_set_put(other);
	end(&s);
}

static void test_close(void **state)
{
	struct world *w = *state;
	struct scene s;
	struct hearer c = { .scene = &s, .name = 'c' };
	uint32_t id;

	begin(&s, w);
	hear(&c, IOMM_IOASID_CPU);
	id = id_of(s.set, NULL);
	assert_ok(iomm_ioasid_get(s.space, s.set, id));
	assert_ok(iomm_ctx_close(w->ctx, 0));
	assert_told(&s, "cA cF");
	assert_int_equal(c.released, 0);
	iomm_ioasid_put(s.space, id);
	assert_int_equal(c.released, 1);
	assert_int_equal(iomm_ioasid_subscribe(s.space, NULL, IOMM_IOASID_CPU,
					       notify, &c, on_release),
			 -IOMM_ENODEV);
	assert_int_equal(c.released, 2);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_order),		WORLD_TEST(test_take_time),
		WORLD_TEST(test_inside),	WORLD_TEST(test_filter),
		WORLD_TEST(test_one_at_a_time), WORLD_TEST(test_put_inside),
		WORLD_TEST(test_close),		WORLD_TEST(test_done_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
