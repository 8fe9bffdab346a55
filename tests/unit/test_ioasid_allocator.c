/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Custom allocators: whose turn it is, and what they answer. And PASID
 * consumers, whose drivers have the same say in the numbers. */
#include "unit/ioasid_support.h"

/* A host: it remembers what it gave. */
struct host {
	uint32_t next, answer; /* answer: instead of next, if not 0 */
	uint32_t given, taken_back, last_back;
	uint32_t released;
	int error, limits_error;
	uint32_t min, max; /* as last asked */
	void (*then)(struct host *host);
	struct iomm_ioasid_space *space;
	int result;
};

static int host_alloc(void *data, uint32_t min, uint32_t max, uint32_t *id)
{
	struct host *h = data;

	h->min = min;
	h->max = max;
	if (h->then)
		h->then(h);
	if (h->error)
		return h->error;
	*id = h->answer ? h->answer : h->next++;
	h->given++;
	return 0;
}

static void host_free(void *data, uint32_t id)
{
	struct host *h = data;

	h->taken_back++;
	h->last_back = id;
}

static void host_free_too(void *data, uint32_t id)
{
	host_free(data, id);
}

static void host_release(void *data)
{
	struct host *h = data;

	h->released++;
}

static const struct iomm_ioasid_allocator_ops ops = {
	.size = sizeof(ops),
	.alloc = host_alloc,
	.free = host_free,
};

/* Other numbers, as its free says. */
static const struct iomm_ioasid_allocator_ops other_ops = {
	.size = sizeof(other_ops),
	.alloc = host_alloc,
	.free = host_free_too,
};

static int add(struct iomm_ioasid_space *space,
	       const struct iomm_ioasid_allocator_ops *o, struct host *host)
{
	return iomm_ioasid_allocator_register(space, o, host, host_release);
}

static int drop(struct iomm_ioasid_space *space,
		const struct iomm_ioasid_allocator_ops *o, struct host *host)
{
	return iomm_ioasid_allocator_unregister(space, o, host);
}

static void test_host(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 1, 1000);
	struct iomm_ioasid_set *set = set_of(space, 2, 0);
	struct host h = { .next = 100 };
	struct datum datum = { .value = 1 };
	uint32_t id = 77;
	void *data = NULL;

	assert_ok(add(space, &ops, &h));
	assert_int_equal(id_in(set, 10, 5000, &datum), 100);
	/* The space narrows what it asks for. */
	assert_int_equal(h.min, 10);
	assert_int_equal(h.max, 1000);
	assert_ok(look_up(space, set, 100, &data));
	assert_ptr_equal(data, &datum);
	assert_int_equal(id_of(set, NULL), 101);
	/* The quota is looked at first. */
	assert_fails(iomm_ioasid_alloc(set, 1, 1000, NULL, &id), IOMM_ENOSPC,
		     w->ctx, "quota");
	assert_int_equal(h.given, 2);
	assert_ok(iomm_ioasid_free(set, 101));
	assert_int_equal(h.last_back, 101);
	h.error = -IOMM_EAGAIN;
	assert_fails(iomm_ioasid_alloc(set, 1, 1000, NULL, &id), IOMM_EAGAIN,
		     w->ctx, "has none");
	h.error = 5;
	assert_fails(iomm_ioasid_alloc(set, 1, 1000, NULL, &id), IOMM_EPROTO,
		     w->ctx, "neither 0 nor an error");
	assert_int_equal(id, 77);
	assert_int_equal(set_info(set).taken, 1);
	iomm_ioasid_set_put(set);
	assert_int_equal(datum.released, 1);
	assert_int_equal(h.taken_back, 2);
	assert_int_equal(h.released, 0);
	iomm_ioasid_space_put(space);
	assert_int_equal(h.released, 1);
}

static void test_bad_answers(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 1, 1000);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct iomm_ioasid_set *other = set_of(space, 0, 0);
	struct host h = { .answer = 5 };
	struct datum a = { .value = 1 }, b = { .value = 1 };
	uint32_t id = 77;
	void *data = NULL;

	assert_ok(add(space, &ops, &h));
	assert_int_equal(id_of(set, &a), 5);
	/* Its owner keeps it: the host is not told that it is free. */
	assert_fails(iomm_ioasid_alloc(other, 1, 9, &b, &id), IOMM_EPROTO,
		     w->ctx, "5, which is out already");
	assert_int_equal(b.released, 1);
	assert_int_equal(h.taken_back, 0);
	assert_ok(look_up(space, set, 5, &data));
	assert_ptr_equal(data, &a);
	h.answer = 10;
	assert_fails(iomm_ioasid_alloc(other, 1, 9, NULL, &id), IOMM_EPROTO,
		     w->ctx, "10, which is outside the range");
	assert_int_equal(h.taken_back, 1);
	assert_int_equal(h.last_back, 10);
	h.answer = IOMM_IOASID_INVALID;
	assert_int_equal(iomm_ioasid_alloc(other, 1, IOMM_IOASID_INVALID, NULL,
					   &id),
			 -IOMM_EPROTO);
	h.answer = 0;
	h.next = 0;
	assert_int_equal(iomm_ioasid_alloc(other, 0, 9, NULL, &id),
			 -IOMM_EPROTO);
	assert_int_equal(h.taken_back, 1);
	/* While it is on its way back it is out. */
	assert_ok(iomm_ioasid_get(space, set, 5));
	assert_ok(iomm_ioasid_free(set, 5));
	h.answer = 5;
	assert_int_equal(iomm_ioasid_alloc(other, 1, 9, NULL, &id),
			 -IOMM_EPROTO);
	assert_int_equal(h.taken_back, 1);
	iomm_ioasid_put(space, 5);
	assert_int_equal(h.taken_back, 2);
	assert_int_equal(id_of(other, NULL), 5);
	assert_int_equal(id, 77);
	assert_int_equal(space_info(space).taken, 1);
	iomm_ioasid_set_put(set);
	iomm_ioasid_set_put(other);
	iomm_ioasid_space_put(space);
	assert_int_equal(h.released, 1);
}

static void test_register(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct iomm_ioasid_allocator_ops bad = ops;
	struct host h = { .next = 1 };
	uint32_t id;

	assert_fails(drop(space, &ops, &h), IOMM_ENOENT, w->ctx,
		     "not registered");
	id = id_of(set, NULL);
	assert_fails(add(space, &ops, &h), IOMM_EBUSY, w->ctx, "1 IDs are out");
	assert_int_equal(h.released, 1);
	assert_ok(iomm_ioasid_free(set, id));
	assert_ok(add(space, &ops, &h));
	assert_fails(add(space, &ops, &h), IOMM_EEXIST, w->ctx,
		     "registered already");
	assert_int_equal(h.released, 2);
	bad.free = NULL;
	assert_fails(add(space, &bad, &h), IOMM_EINVAL, w->ctx,
		     "alloc and free");
	bad = ops;
	bad.flags = 1;
	assert_fails(add(space, &bad, &h), IOMM_EINVAL, w->ctx, "flags");
	bad.size = 4;
	assert_fails(add(space, &bad, &h), IOMM_EINVAL, w->ctx, "size");
	assert_int_equal(add(NULL, &ops, &h), -IOMM_EINVAL);
	assert_int_equal(add(space, NULL, &h), -IOMM_EINVAL);
	assert_int_equal(h.released, 7);
	assert_int_equal(drop(space, &bad, &h), -IOMM_EINVAL);
	assert_int_equal(drop(NULL, &ops, &h), -IOMM_EINVAL);
	/* Another that queues does not need an empty space. */
	id = id_of(set, NULL);
	assert_ok(add(space, &other_ops, &h));
	assert_fails(drop(space, &ops, &h), IOMM_EBUSY, w->ctx,
		     "no other allocator shares");
	assert_ok(drop(space, &other_ops, &h));
	assert_int_equal(h.released, 8);
	assert_ok(iomm_ioasid_free(set, id));
	assert_ok(drop(space, &ops, &h));
	assert_int_equal(h.released, 9);
	assert_fails(drop(space, &ops, &h), IOMM_ENOENT, w->ctx,
		     "not registered");
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

/* Who takes over from whom. */
static void test_succession(void **state)
{
	struct iomm_ioasid_space *space = space_of(*state, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct iomm_ioasid_allocator_ops named = ops;
	struct host a = { .next = 100 }, b = { .next = 200 };
	struct host c = { .next = 300 }, d = { .next = 400 };
	uint32_t id;

	named.host = &named;
	assert_ok(add(space, &ops, &a));
	assert_ok(add(space, &named, &d)); /* another host: no sharer */
	assert_ok(add(space, &other_ops, &c));
	assert_ok(add(space, &ops, &b)); /* shares with the first */
	id = id_of(set, NULL);
	assert_int_equal(id, 100);
	/* The head of the chain goes, with its ID out. */
	assert_ok(drop(space, &ops, &a));
	assert_int_equal(a.released, 1);
	assert_ok(iomm_ioasid_free(set, id));
	assert_int_equal(a.taken_back, 0);
	assert_int_equal(b.last_back, 100);
	assert_int_equal(id_of(set, NULL), 200);
	assert_int_equal(drop(space, &ops, &b), -IOMM_EBUSY);
	assert_ok(iomm_ioasid_free(set, 200));
	assert_ok(drop(space, &ops, &b));
	/* The next in order. */
	assert_int_equal(id_of(set, NULL), 400);
	assert_ok(iomm_ioasid_free(set, 400));
	assert_int_equal(d.last_back, 400);
	assert_ok(drop(space, &named, &d));
	assert_int_equal(id_of(set, NULL), 300);
	assert_ok(iomm_ioasid_free(set, 300));
	assert_ok(drop(space, &other_ops, &c));
	/* The space itself. */
	assert_int_equal(id_of(set, NULL), 1);
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
	assert_int_equal(c.taken_back, 1);
}

/* Unregistered while it is asked: it is busy, or another goes on. */
static void unregister_me(struct host *h)
{
	h->result = drop(h->space, &ops, h);
	assert_int_equal(h->released, 0);
}

static void test_unregister_inside(void **state)
{
	struct iomm_ioasid_space *space = space_of(*state, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct host a = { .next = 100, .then = unregister_me, .space = space };
	struct host b = { .next = 200 };

	assert_ok(add(space, &ops, &a));
	assert_int_equal(id_of(set, NULL), 100);
	assert_int_equal(a.result, -IOMM_EBUSY);
	assert_ok(add(space, &ops, &b));
	assert_int_equal(id_of(set, NULL), 101);
	assert_int_equal(a.result, 0);
	assert_int_equal(a.released, 1);
	assert_ok(iomm_ioasid_free(set, 101));
	assert_int_equal(b.last_back, 101);
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

static void test_close(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct host h = { .next = 100 };

	assert_ok(add(space, &ops, &h));
	(void)id_of(set, NULL);
	(void)id_of(set, NULL);
	assert_ok(iomm_ioasid_get(space, set, 101));
	assert_ok(iomm_ctx_close(w->ctx, 0));
	assert_int_equal(h.taken_back, 1);
	assert_int_equal(h.released, 0);
	iomm_ioasid_put(space, 101);
	assert_int_equal(h.taken_back, 2);
	assert_int_equal(h.released, 1);
	assert_fails(add(space, &ops, &h), IOMM_ENODEV, w->ctx, "closed");
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

/* PASID consumers */

static int limits(void *data, uint32_t *min, uint32_t *max)
{
	struct host *h = data;

	if (h->limits_error)
		return h->limits_error;
	*min = h->min;
	*max = h->max;
	return 0;
}

static const struct iomm_pasid_ops driver_ops = {
	.size = sizeof(driver_ops),
	.limits = limits,
	.alloc = host_alloc,
	.free = host_free,
};

static int make(struct iomm_ioasid_space *space, const struct iomm_pasid_ops *o,
		struct host *driver, struct iomm_pasid **out)
{
	return iomm_pasid_create(space, NULL, datum_release, o, driver,
				 host_release, out);
}

static int count(void *arg, uint32_t id, void *data)
{
	(void)id;
	(void)data;
	++*(uint32_t *)arg;
	return 0;
}

static void test_pasid(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct host d = { .next = 50, .min = 10, .max = 60 };
	struct datum datum = { .value = 1 };
	struct iomm_pasid *pasid = NULL;
	struct iomm_ioasid_set *set;
	uint32_t id = 0, n = 0;
	void *data = NULL;

	assert_ok(make(space, &driver_ops, &d, &pasid));
	/* The driver's choice, exactly; or the space's. */
	assert_ok(iomm_pasid_alloc(pasid, &datum, &id));
	assert_int_equal(id, 50);
	d.error = -IOMM_EAGAIN;
	assert_ok(iomm_pasid_alloc(pasid, NULL, &id));
	assert_int_equal(id, 10);
	d.error = -IOMM_EIO;
	assert_fails(iomm_pasid_alloc(pasid, NULL, &id), IOMM_EIO, w->ctx,
		     "hardware error");
	d.error = 0;
	d.answer = 61;
	assert_fails(iomm_pasid_alloc(pasid, NULL, &id), IOMM_EPROTO, w->ctx,
		     "the driver answered 61");
	assert_int_equal(d.last_back, 61);
	/* Chosen by the space, so that the driver gets it back; and its own. */
	d.answer = 10;
	d.taken_back = 0;
	assert_int_equal(iomm_pasid_alloc(pasid, NULL, &id), -IOMM_EPROTO);
	assert_int_equal(d.taken_back, 1);
	d.answer = 50;
	assert_int_equal(iomm_pasid_alloc(pasid, NULL, &id), -IOMM_EPROTO);
	assert_int_equal(d.taken_back, 1);
	assert_ok(iomm_pasid_find(pasid, 50, &data));
	assert_ptr_equal(data, &datum);
	assert_ok(iomm_pasid_for_each(pasid, count, &n));
	assert_int_equal(n, 2);
	set = iomm_pasid_set(pasid);
	assert_ok(look_up(space, set, 50, NULL));
	assert_ok(iomm_pasid_free(pasid, 10));
	assert_int_equal(d.taken_back, 1);
	assert_ok(iomm_pasid_free(pasid, 50));
	assert_int_equal(d.taken_back, 1);
	iomm_ioasid_put(space, 50);
	assert_int_equal(d.last_back, 50);
	assert_int_equal(datum.released, 1);
	/* The driver stays for what is left. */
	d.answer = 0;
	assert_ok(iomm_pasid_alloc(pasid, NULL, &id));
	assert_ok(iomm_ioasid_get(space, set, id));
	assert_ptr_equal(iomm_pasid_get(pasid), pasid);
	iomm_pasid_put(pasid);
	iomm_pasid_put(pasid);
	iomm_ioasid_set_put(set);
	assert_int_equal(d.released, 0);
	d.taken_back = 0;
	iomm_ioasid_put(space, id);
	assert_int_equal(d.taken_back, 1);
	assert_int_equal(d.released, 1);
	iomm_ioasid_space_put(space);
}

static void test_pasid_refused(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 100, 200);
	struct host d = { .min = 201, .max = 300 };
	struct iomm_pasid_ops o = driver_ops;
	struct iomm_pasid *pasid = UNTOUCHED;
	uint32_t id = 77;

	assert_fails(make(space, &o, &d, &pasid), IOMM_EPROTO, w->ctx,
		     "from 201 to 300");
	d.limits_error = -IOMM_ENODEV;
	assert_fails(make(space, &o, &d, &pasid), IOMM_ENODEV, w->ctx,
		     "has no limits");
	d.limits_error = 1;
	assert_int_equal(make(space, &o, &d, &pasid), -IOMM_EPROTO);
	o.free = NULL;
	assert_fails(make(space, &o, &d, &pasid), IOMM_EINVAL, w->ctx,
		     "needs free");
	o.size = 4;
	assert_int_equal(make(space, &o, &d, &pasid), -IOMM_EINVAL);
	assert_int_equal(make(space, NULL, &d, &pasid), -IOMM_EINVAL);
	assert_int_equal(make(NULL, &driver_ops, &d, &pasid), -IOMM_EINVAL);
	assert_int_equal(make(space, &driver_ops, &d, NULL), -IOMM_EINVAL);
	assert_int_equal(d.released, 8);
	assert_ptr_equal(pasid, UNTOUCHED);
	/* Without hooks it is all the space's. */
	o = (struct iomm_pasid_ops){ .size = sizeof(o) };
	assert_ok(make(space, &o, &d, &pasid));
	assert_int_equal(iomm_pasid_alloc(pasid, NULL, NULL), -IOMM_EINVAL);
	assert_ok(iomm_pasid_alloc(pasid, NULL, &id));
	assert_int_equal(id, 100);
	assert_int_equal(iomm_pasid_alloc(NULL, NULL, &id), -IOMM_EINVAL);
	assert_int_equal(iomm_pasid_free(NULL, id), -IOMM_EINVAL);
	assert_int_equal(iomm_pasid_find(NULL, id, NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_pasid_for_each(NULL, count, &id), -IOMM_EINVAL);
	assert_null(iomm_pasid_set(NULL));
	assert_null(iomm_pasid_get(NULL));
	iomm_pasid_put(pasid);
	iomm_pasid_put(NULL);
	iomm_ioasid_space_put(space);
}

/* A driver's choice leaves the custom allocator out, both ways. */
static void test_pasid_and_host(void **state)
{
	struct iomm_ioasid_space *space = space_of(*state, 0, 0);
	struct host h = { .next = 100 };
	struct host d = { .next = 7, .min = 1, .max = 1000 };
	struct iomm_pasid *pasid = NULL;
	uint32_t id = 0;

	assert_ok(add(space, &ops, &h));
	assert_ok(make(space, &driver_ops, &d, &pasid));
	assert_ok(iomm_pasid_alloc(pasid, NULL, &id));
	assert_int_equal(id, 7);
	assert_int_equal(h.given, 0);
	d.error = -IOMM_EAGAIN;
	assert_ok(iomm_pasid_alloc(pasid, NULL, &id));
	assert_int_equal(id, 100);
	/* The host's number is the driver's: the host gets it back. */
	h.answer = 7;
	assert_int_equal(iomm_pasid_alloc(pasid, NULL, &id), -IOMM_EPROTO);
	assert_int_equal(h.taken_back, 1);
	assert_ok(iomm_pasid_free(pasid, 7));
	assert_int_equal(h.taken_back, 1);
	assert_int_equal(d.last_back, 7);
	iomm_pasid_put(pasid);
	assert_int_equal(h.last_back, 100);
	iomm_ioasid_space_put(space);
	assert_int_equal(h.released + d.released, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_host),
		WORLD_TEST(test_bad_answers),
		WORLD_TEST(test_register),
		WORLD_TEST(test_succession),
		WORLD_TEST(test_unregister_inside),
		WORLD_TEST(test_close),
		WORLD_TEST(test_pasid),
		WORLD_TEST(test_pasid_refused),
		WORLD_TEST(test_pasid_and_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
