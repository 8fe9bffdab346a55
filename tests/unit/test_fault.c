/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults: from an instance and an ID to the handler of a domain. */
#include "unit/support.h"

#include <sched.h>

struct scene {
	struct world *w;
	struct mock first, second;
	struct iomm_device *two, *both;
	struct iomm_domain *domain;

	/* What the handler saw. */
	_Atomic uint32_t faults, releases;
	struct iomm_fault last;
	void (*then)(struct scene *r);
};

static void on_fault(void *data, const struct iomm_fault *fault)
{
	struct scene *r = data;

	atomic_fetch_add(&r->faults, 1);
	r->last = *fault;
	if (r->then)
		r->then(r);
}

static void on_fault_quiet(void *data, const struct iomm_fault *fault)
{
	struct scene *r = data;

	(void)fault;
	atomic_fetch_add(&r->faults, 1);
}

static void on_release(void *data)
{
	struct scene *r = data;

	atomic_fetch_add(&r->releases, 1);
}

static void start(struct scene *r, struct world *w)
{
	memset(r, 0, sizeof(*r));
	r->w = w;
	world_small(w);
	mock_register(&r->first, w, "first");
	mock_register(&r->second, w, "second");
	r->two = world_device(w, "two");
	r->both = world_device(w, "both");
	assert_ok(iomm_device_probe(r->two));
	assert_ok(iomm_device_probe(r->both));
	assert_ok(iomm_domain_create(r->both, NULL, &r->domain));
}

static void handle(struct scene *r)
{
	assert_ok(iomm_domain_set_fault_handler(r->domain, on_fault, r,
						on_release));
}

static void stop(struct scene *r)
{
	iomm_domain_put(r->domain);
	iomm_device_put(r->two);
	iomm_device_put(r->both);
	mock_end(&r->first);
	mock_end(&r->second);
}

static const struct iomm_fault some_fault = {
	.size = sizeof(some_fault),
	.id = 0x21,
	.iova = UINT64_C(0x123456789abc),
	.reason = IOMM_FAULT_PERMISSION,
	.access = IOMM_PROT_WRITE,
};

static int report(struct scene *r, uint64_t id)
{
	struct iomm_fault fault = some_fault;

	fault.id = id;
	return iomm_iommu_report_fault(r->first.iommu, &fault);
}

/* Registering */

static void test_handler_arguments(void **state)
{
	struct world *w = *state;
	struct scene r;

	start(&r, w);
	assert_int_equal(iomm_domain_set_fault_handler(NULL, on_fault, &r,
						       on_release),
			 -IOMM_EINVAL);
	assert_int_equal(r.releases, 1);
	assert_int_equal(iomm_domain_set_fault_handler((void *)r.both, on_fault,
						       &r, on_release),
			 -IOMM_EINVAL);
	assert_int_equal(r.releases, 2);
	assert_int_equal(iomm_domain_set_fault_handler(NULL, on_fault, &r,
						       NULL),
			 -IOMM_EINVAL);
	assert_fails(iomm_domain_set_fault_handler(r.domain, NULL, &r,
						   on_release),
		     IOMM_EINVAL, w->ctx, "iomm_domain_set_fault_handler");
	assert_int_equal(r.releases, 3);

	handle(&r);
	assert_fails(iomm_domain_set_fault_handler(r.domain, on_fault, &r,
						   on_release),
		     IOMM_EEXIST, w->ctx, "has a fault handler");
	assert_int_equal(r.releases, 4);
	stop(&r);
	assert_int_equal(r.releases, 5);
}

/* Without data to take back, and with none at all. */
static void test_handler_no_release(void **state)
{
	struct scene r;

	start(&r, *state);
	assert_ok(iomm_domain_set_fault_handler(r.domain, on_fault_quiet, &r,
						NULL));
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_ok(report(&r, 0x20));
	assert_int_equal(r.faults, 1);
	stop(&r);
}

/* Reporting */

static void test_report_arguments(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_fault fault;
		uint64_t tail;
	} big = { .fault = some_fault };
	struct iomm_fault fault = some_fault;
	struct scene r;

	start(&r, w);
	handle(&r);
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_int_equal(iomm_iommu_report_fault(NULL, &fault), -IOMM_EINVAL);
	assert_int_equal(iomm_iommu_report_fault((void *)r.two, &fault),
			 -IOMM_EINVAL);
	assert_fails(iomm_iommu_report_fault(r.first.iommu, NULL), IOMM_EINVAL,
		     w->ctx, "iomm_fault is NULL");
	fault.size = 0;
	assert_fails(iomm_iommu_report_fault(r.first.iommu, &fault),
		     IOMM_EINVAL, w->ctx, "size 0");
	fault.size = IOMM_FAULT_SIZE_VER0 - 1;
	assert_fails(iomm_iommu_report_fault(r.first.iommu, &fault),
		     IOMM_EINVAL, w->ctx, "size 31");
	fault.size = sizeof(fault);
	fault.flags = 2;
	assert_fails(iomm_iommu_report_fault(r.first.iommu, &fault),
		     IOMM_EINVAL, w->ctx, "iomm_fault.flags");
	big.fault.size = sizeof(big);
	big.tail = 1;
	assert_fails(iomm_iommu_report_fault(r.first.iommu, &big.fault),
		     IOMM_E2BIG, w->ctx, "offset 40");
	assert_int_equal(r.faults, 0);
	big.tail = 0;
	assert_ok(iomm_iommu_report_fault(r.first.iommu, &big.fault));
	assert_int_equal(r.faults, 1);
	/* The handler is told the size of what it is shown. */
	assert_int_equal(r.last.size, sizeof(r.last));
	stop(&r);
}

static void test_delivered_once(void **state)
{
	struct iomm_fault fault = some_fault;
	struct scene r;

	start(&r, *state);
	handle(&r);
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_ok(iomm_iommu_report_fault(r.first.iommu, &fault));
	assert_int_equal(r.faults, 1);
	assert_memory_equal(&r.last, &some_fault, sizeof(fault));
	/* Either ID of the device; and what nobody has thought of yet. */
	fault.id = 0x20;
	fault.reason = 77;
	assert_ok(iomm_iommu_report_fault(r.first.iommu, &fault));
	assert_int_equal(r.faults, 2);
	assert_int_equal(r.last.id, 0x20);
	assert_int_equal(r.last.reason, 77);
	assert_int_equal(r.releases, 0);
	stop(&r);
	assert_int_equal(r.releases, 1);
}

/* An ID says something at its instance only. */
static void test_by_instance(void **state)
{
	struct iomm_fault fault = some_fault;
	struct scene r;

	start(&r, *state);
	handle(&r);
	assert_ok(iomm_domain_attach(r.domain, r.both));
	fault.id = 0x31;
	assert_int_equal(iomm_iommu_report_fault(r.first.iommu, &fault),
			 -IOMM_ENOENT);
	assert_ok(iomm_iommu_report_fault(r.second.iommu, &fault));
	fault.id = 0x30;
	assert_ok(iomm_iommu_report_fault(r.first.iommu, &fault));
	assert_int_equal(iomm_iommu_report_fault(r.second.iommu, &fault),
			 -IOMM_ENOENT);
	assert_int_equal(r.faults, 2);
	stop(&r);
}

static void test_nobody(void **state)
{
	struct world *w = *state;
	struct scene r;

	start(&r, w);
	assert_fails(report(&r, 0x99), IOMM_ENOENT, w->ctx, "ID 0x99 at first");
	assert_true(world_logged(w, IOMM_LOG_WARN,
				 "ID 0x99 cannot write I/O address "
				 "0x123456789abc"));
	/* Nothing is attached. */
	assert_int_equal(report(&r, 0x21), -IOMM_ENOENT);
	/* What is attached has no handler. */
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_int_equal(report(&r, 0x20), -IOMM_ENOENT);
	assert_true(world_logged(w, IOMM_LOG_WARN, "ID 0x20"));
	handle(&r);
	assert_ok(report(&r, 0x20));
	assert_ok(iomm_domain_detach(r.domain, r.two));
	assert_int_equal(report(&r, 0x20), -IOMM_ENOENT);
	assert_int_equal(r.faults, 1);
	stop(&r);
}

static void test_gone(void **state)
{
	struct world *w = *state;
	struct scene r;

	start(&r, w);
	handle(&r);
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_ok(iomm_device_remove(r.two, 0));
	assert_int_equal(report(&r, 0x20), -IOMM_ENOENT);
	assert_ok(iomm_iommu_unregister(r.first.iommu, 0));
	assert_fails(report(&r, 0x30), IOMM_ENODEV, w->ctx, "first is gone");
	assert_int_equal(r.faults, 0);
	stop(&r);
}

/* A blocking domain has no table, but may have a handler. */
static void test_blocked(void **state)
{
	struct iomm_domain_config c = { .size = sizeof(c),
					.type = IOMM_DOMAIN_BLOCKED };
	struct scene r;

	start(&r, *state);
	iomm_domain_put(r.domain);
	assert_ok(iomm_domain_create(r.two, &c, &r.domain));
	handle(&r);
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_ok(report(&r, 0x20));
	assert_int_equal(r.faults, 1);
	stop(&r);
}

/* What a handler may do */

static void map_it(struct scene *r)
{
	uint64_t page = r->last.iova & ~(4 * KB - 1);

	assert_ok(iomm_domain_map(r->domain, page, 0, 4 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_unmap(r->domain, page, 4 * KB, NULL, NULL));
	assert_ok(iomm_domain_map(r->domain, page, 0, 4 * KB, RW, 0, NULL));
}

static void test_handler_maps(void **state)
{
	struct iomm_translation t = { .size = sizeof(t) };
	struct scene r;

	start(&r, *state);
	r.then = map_it;
	handle(&r);
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_ok(report(&r, 0x20));
	assert_ok(iomm_domain_translate(r.domain, some_fault.iova, &t));
	stop(&r);
}

/* The domain lives until its handler has returned. */
static void put_it(struct scene *r)
{
	assert_ok(iomm_domain_detach(r->domain, r->two));
	iomm_domain_put(r->domain);
	r->domain = NULL;
	assert_int_equal(r->releases, 0);
	assert_int_equal(world_live(r->w, IOMM_HANDLE_DOMAIN), 1);
}

static void test_handler_puts(void **state)
{
	struct scene r;

	start(&r, *state);
	r.then = put_it;
	handle(&r);
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_ok(report(&r, 0x20));
	assert_int_equal(r.releases, 1);
	assert_int_equal(r.first.domains, 0);
	stop(&r);
}

static void remove_it(struct scene *r)
{
	assert_ok(iomm_device_remove(r->two, 0));
}

static void test_handler_removes(void **state)
{
	struct scene r;

	start(&r, *state);
	r.then = remove_it;
	handle(&r);
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_ok(report(&r, 0x20));
	assert_int_equal(device_state(r.two), IOMM_DEVICE_REMOVED);
	assert_int_equal(report(&r, 0x20), -IOMM_ENOENT);
	stop(&r);
}

/* A fault within a fault; and what would wait, which is refused. */
static void again(struct scene *r)
{
	struct iomm_ctx *ctx = r->w->ctx;

	r->then = NULL;
	assert_ok(report(r, 0x21));
	assert_fails(iomm_ctx_run(ctx), IOMM_EDEADLK, ctx, "iomm_ctx_run");
	assert_fails(iomm_ctx_close(ctx, 0), IOMM_EDEADLK, ctx,
		     "iomm_ctx_close");
	assert_fails(iomm_iommu_unregister(r->first.iommu, 0), IOMM_EDEADLK,
		     ctx, "iomm_iommu_unregister");
	assert_int_equal(iomm_domain_set_fault_handler(r->domain, on_fault, r,
						       on_release),
			 -IOMM_EEXIST);
	/* At once: it is not the domain's. */
	assert_int_equal(r->releases, 1);
}

static void test_handler_nests(void **state)
{
	struct scene r;

	start(&r, *state);
	r.then = again;
	handle(&r);
	assert_ok(iomm_domain_attach(r.domain, r.two));
	assert_ok(report(&r, 0x20));
	assert_int_equal(r.faults, 2);
	assert_int_equal(r.last.id, 0x21);
	assert_int_equal(device_state(r.two), IOMM_DEVICE_BOUND);
	stop(&r);
	assert_int_equal(r.releases, 2);
}

/* Handler data is not given back while a call is in flight elsewhere. */
#define ROUNDS 2000u

static void *report_many(void *arg)
{
	struct scene *r = arg;
	uint32_t n;
	int err;

	for (n = 0; n < ROUNDS; n++) {
		err = report(r, 0x20);
		if (err && err != -IOMM_ENOENT)
			return r;
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[2];
	struct scene r;
	void *bad;
	uint32_t n;

	start(&r, *state);
	assert_ok(iomm_domain_set_fault_handler(r.domain, on_fault_quiet, &r,
						on_release));
	for (n = 0; n < 2; n++)
		assert_int_equal(pthread_create(&threads[n], NULL, report_many,
						&r),
				 0);
	for (n = 0; n < ROUNDS; n++) {
		assert_ok(iomm_domain_attach(r.domain, r.two));
		if (n % 3 == 0)
			sched_yield();
		assert_ok(iomm_domain_detach(r.domain, r.two));
	}
	for (n = 0; n < 2; n++) {
		pthread_join(threads[n], &bad);
		assert_null(bad);
	}
	stop(&r);
	assert_int_equal(r.releases, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_handler_arguments),
		WORLD_TEST(test_handler_no_release),
		WORLD_TEST(test_report_arguments),
		WORLD_TEST(test_delivered_once),
		WORLD_TEST(test_by_instance),
		WORLD_TEST(test_nobody),
		WORLD_TEST(test_gone),
		WORLD_TEST(test_blocked),
		WORLD_TEST(test_handler_maps),
		WORLD_TEST(test_handler_puts),
		WORLD_TEST(test_handler_removes),
		WORLD_TEST(test_handler_nests),
		WORLD_TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
