/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ID spaces, while memory, hosts and drivers fail. After a failure a number that
 * was taken is back where it came from, data is released once, and the same
 * call, made again, succeeds.
 */
#include "stress/faults.h"

#include "unit/ioasid_support.h"

struct ids {
	struct faults *f;
	struct iomm_ioasid_space *space;
	struct iomm_ioasid_set *set;
	uint64_t out; /* numbers of the host's, as bits */
};

static void data_released(void *data)
{
	faults_released(data);
}

static void begin(struct ids *ids, struct faults *f, uint32_t max)
{
	struct iomm_ioasid_space_config config = { .size = sizeof(config),
						   .max = max };

	memset(ids, 0, sizeof(*ids));
	ids->f = f;
	assert_ok(world_create(&f->world));
	assert_ok(iomm_ioasid_space_create(f->world.ctx, &config, &ids->space));
	assert_ok(iomm_ioasid_set_create(ids->space, NULL, data_released,
					 &ids->set));
}

static void end(struct ids *ids)
{
	iomm_ioasid_set_put(ids->set);
	assert_int_equal(space_info(ids->space).taken, 0);
	iomm_ioasid_space_put(ids->space);
	assert_true(!ids->out);
}

/* Alloc with data; when that fails nothing is taken, and then it succeeds. */
static int take(struct ids *ids, uint32_t min, uint32_t *id)
{
	uint32_t before = space_info(ids->space).taken;
	uint32_t released = ids->f->released;
	uint64_t out = ids->out;
	int err;

	ids->f->due++;
	*id = 77;
	err = FAULTY(ids->f,
		     iomm_ioasid_alloc(ids->set, min, UINT32_MAX, ids->f, id));
	if (!err)
		return 0;
	assert_int_equal(*id, 77);
	assert_int_equal(space_info(ids->space).taken, before);
	assert_int_equal(ids->f->released, released + 1);
	assert_true(ids->out == out);
	ids->f->due++;
	assert_ok(iomm_ioasid_alloc(ids->set, min, UINT32_MAX, ids->f, id));
	return err;
}

static int space_and_set(struct faults *f)
{
	struct iomm_ioasid_space *space = UNTOUCHED;
	struct iomm_ioasid_set *set = UNTOUCHED;
	int err;

	assert_ok(world_create(&f->world));
	err = FAULTY(f, iomm_ioasid_space_create(f->world.ctx, NULL, &space));
	if (err) {
		assert_ptr_equal(space, UNTOUCHED);
		return err;
	}
	err = FAULTY(f, iomm_ioasid_set_create(space, NULL, NULL, &set));
	if (err) {
		assert_ptr_equal(set, UNTOUCHED);
		assert_int_equal(space_info(space).sets, 0);
		set = NULL;
	}
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
	return err;
}

static int alloc(struct faults *f)
{
	struct ids ids;
	uint32_t id;
	int err, r;

	begin(&ids, f, UINT32_MAX);
	/* A leaf; then several levels at once; then a branch. */
	err = take(&ids, 0, &id);
	r = take(&ids, 0xf0000000, &id);
	err = err ? err : r;
	r = take(&ids, 0x1000000, &id);
	end(&ids);
	return err ? err : r;
}

static int set_data(struct faults *f)
{
	struct ids ids;
	uint32_t id;
	int err;

	begin(&ids, f, 9);
	f->due++;
	assert_ok(iomm_ioasid_alloc(ids.set, 1, 9, f, &id));
	f->due++;
	err = FAULTY(f, iomm_ioasid_set_data(ids.set, id, f));
	/* The new or the old: one of the two was released. */
	assert_int_equal(f->released, 1);
	end(&ids);
	return err;
}

static int spids(struct faults *f)
{
	struct ids ids;
	uint32_t n, id, found;
	int err = 0, r;

	begin(&ids, f, 0);
	for (n = 1; n <= 20; n++) {
		assert_ok(iomm_ioasid_alloc(ids.set, 1, 99, NULL, &id));
		r = FAULTY(f, iomm_ioasid_attach_spid(ids.set, id, n));
		err = err ? err : r;
		assert_int_equal(iomm_ioasid_find_spid(ids.set, n, &found),
				 r ? -IOMM_ENOENT : 0);
		if (r)
			assert_ok(iomm_ioasid_attach_spid(ids.set, id, n));
	}
	end(&ids);
	return err;
}

/* Hosts and drivers */

static int host_alloc(void *data, uint32_t min, uint32_t max, uint32_t *id)
{
	struct ids *ids = data;
	uint32_t n;

	(void)min;
	(void)max;
	if (faults_hit(ids->f, -IOMM_EIO))
		return -IOMM_EIO;
	/* Far apart, so that each needs memory to be put on record. */
	for (n = 0; ids->out & UINT64_C(1) << n; n++)
		;
	ids->out |= UINT64_C(1) << n;
	*id = 1 + n * 0x3000000;
	return 0;
}

static void host_free(void *data, uint32_t id)
{
	struct ids *ids = data;
	uint64_t bit = UINT64_C(1) << (id - 1) / 0x3000000;

	if (!(ids->out & bit))
		abort(); /* given back twice, or never out */
	ids->out &= ~bit;
}

static void host_release(void *data)
{
	struct ids *ids = data;

	ids->f->released++;
}

static const struct iomm_ioasid_allocator_ops host_ops = {
	.size = sizeof(host_ops),
	.alloc = host_alloc,
	.free = host_free,
};

/* In particular: the host has given a number, and there is no memory for it. */
static int custom_allocator(struct faults *f)
{
	struct ids ids;
	uint32_t n, id;
	int err, r;

	begin(&ids, f, UINT32_MAX);
	f->due++;
	err = FAULTY(f, iomm_ioasid_allocator_register(ids.space, &host_ops,
						       &ids, host_release));
	if (err) {
		assert_int_equal(f->released, f->due);
		f->due++;
		assert_ok(iomm_ioasid_allocator_register(ids.space, &host_ops,
							 &ids, host_release));
	}
	for (n = 0; n < 3; n++) {
		r = take(&ids, 0, &id);
		err = err ? err : r;
	}
	assert_true(ids.out == 7);
	end(&ids);
	return err;
}

static int limits(void *data, uint32_t *min, uint32_t *max)
{
	struct ids *ids = data;

	(void)min;
	(void)max;
	return faults_hit(ids->f, -IOMM_EIO) ? -IOMM_EIO : 0;
}

static const struct iomm_pasid_ops driver_ops = {
	.size = sizeof(driver_ops),
	.limits = limits,
	.alloc = host_alloc,
	.free = host_free,
};

static int pasid(struct faults *f)
{
	struct iomm_pasid *consumer = UNTOUCHED;
	struct ids ids;
	uint32_t id = 77;
	int err;

	begin(&ids, f, UINT32_MAX);
	f->due++;
	err = FAULTY(f, iomm_pasid_create(ids.space, NULL, data_released,
					  &driver_ops, &ids, host_release,
					  &consumer));
	if (err) {
		assert_ptr_equal(consumer, UNTOUCHED);
		consumer = NULL;
	} else {
		f->due++;
		err = FAULTY(f, iomm_pasid_alloc(consumer, f, &id));
		assert_int_equal(id, err ? 77 : 1);
		assert_true(ids.out == (err ? 0 : 1));
	}
	iomm_pasid_put(consumer);
	end(&ids);
	return err;
}

/* Subscribers */

static int notify(void *data, const struct iomm_ioasid_event *event)
{
	struct ids *ids = data;

	/* What it answers here changes when the ID goes, and not whether. */
	if (event->event != IOMM_IOASID_FREE ||
	    !faults_hit(ids->f, -IOMM_EAGAIN))
		return 0;
	return -IOMM_EAGAIN;
}

static int subscribe(struct faults *f)
{
	struct ids ids;
	uint32_t id;
	int err;

	begin(&ids, f, 0);
	f->due++;
	err = FAULTY(f, iomm_ioasid_subscribe(ids.space, NULL, IOMM_IOASID_CPU,
					      notify, &ids, host_release));
	if (!err) {
		f->may_succeed = true;
		f->due++;
		err = FAULTY(f, iomm_ioasid_alloc(ids.set, 1, 9, f, &id));
		if (!err) {
			assert_ok(FAULTY(f, iomm_ioasid_free(ids.set, id)));
			if (f->injected)
				iomm_ioasid_put(ids.space, id);
		}
	}
	end(&ids);
	return err;
}

/* Freeing needs no memory, whatever happens at the same time. */
static void in_look_up(void *arg, uint32_t id, void *data)
{
	struct ids *ids = arg;

	(void)data;
	assert_ok(iomm_ioasid_free(ids->set, id));
}

static int look_and_free(struct ids *ids)
{
	assert_ok(iomm_ioasid_find_with(ids->space, ids->set, 1, in_look_up,
					ids));
	assert_ok(iomm_ioasid_free(ids->set, 2));
	return iomm_ioasid_set_free(ids->set, IOMM_IOASID_DRAIN);
}

static int freeing(struct faults *f)
{
	struct iomm_ioasid_set *one_site = NULL;
	struct ids ids;
	uint32_t n, id;
	int err;

	begin(&ids, f, 9);
	for (n = 0; n < 3; n++) {
		f->due++;
		assert_ok(iomm_ioasid_alloc(ids.set, 1, 9, f, &id));
	}
	assert_ok(FAULTY(f, look_and_free(&ids)));
	assert_int_equal(f->injected, 0);
	/* The scenario has to reach one. */
	err = FAULTY(f,
		     iomm_ioasid_set_create(ids.space, NULL, NULL, &one_site));
	iomm_ioasid_set_put(one_site);
	end(&ids);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(space_and_set),    FAULT_TEST(alloc),
		FAULT_TEST(set_data),	      FAULT_TEST(spids),
		FAULT_TEST(custom_allocator), FAULT_TEST(pasid),
		FAULT_TEST(subscribe),	      FAULT_TEST(freeing),
	};

	return cmocka_run_group_tests_name("faults: ID spaces", tests, NULL,
					   NULL);
}
