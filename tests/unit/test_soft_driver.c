/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The software IOMMU as an instance: the whole job, with its built-in driver. */
#include "unit/soft_support.h"

struct job {
	struct world *w;
	struct machine m;
	struct iomm_iommu *iommu;
	struct iomm_device *one, *two;
	struct iomm_domain *domain;

	_Atomic uint32_t faults;
	struct iomm_fault last;
};

static struct iomm_soft_driver driver_of(struct job *j)
{
	return (struct iomm_soft_driver){
		.size = sizeof(struct iomm_soft_driver),
		.node = node_at(j->w->firmware, "/first"),
		.name = "soft0",
		.memory = j->m.memory,
	};
}

static void begin(struct job *j, struct world *w)
{
	memset(j, 0, sizeof(*j));
	j->w = w;
	world_small(w);
	machine_start(&j->m, w, NULL);
}

static void start(struct job *j, struct world *w)
{
	struct iomm_soft_driver driver;

	begin(j, w);
	driver = driver_of(j);
	assert_ok(iomm_soft_register(j->m.soft, &driver, &j->iommu));
	j->one = world_device(w, "one");
	j->two = world_device(w, "two");
	assert_ok(iomm_device_probe(j->one));
	assert_ok(iomm_device_probe(j->two));
	assert_ok(iomm_domain_create(j->one, NULL, &j->domain));
}

static void stop(struct job *j)
{
	iomm_domain_put(j->domain);
	iomm_device_put(j->one);
	iomm_device_put(j->two);
	iomm_iommu_put(j->iommu);
	machine_stop(&j->m);
}

/* Registering */

#define REFUSED(driver, code, part)                                         \
	do {                                                                \
		struct iomm_iommu *out_ = UNTOUCHED;                        \
		assert_fails(iomm_soft_register(j.m.soft, (driver), &out_), \
			     (code), j.w->ctx, (part));                     \
		assert_ptr_equal(out_, UNTOUCHED);                          \
		assert_int_equal(world_live(j.w, IOMM_HANDLE_IOMMU), 0);    \
	} while (0)

static void test_register_arguments(void **state)
{
	struct iomm_soft_driver d, good;
	struct {
		struct iomm_soft_driver driver;
		uint64_t tail;
	} big;
	struct iomm_iommu *out = UNTOUCHED;
	struct job j;

	begin(&j, *state);
	d = good = driver_of(&j);
	assert_int_equal(iomm_soft_register(NULL, &d, &out), -IOMM_EINVAL);
	assert_int_equal(iomm_soft_register((void *)j.m.memory, &d, &out),
			 -IOMM_EINVAL);
	assert_fails(iomm_soft_register(j.m.soft, &d, NULL), IOMM_EINVAL,
		     j.w->ctx, "iomm_soft_register");
	REFUSED(NULL, IOMM_EINVAL, "NULL");
	d.size = 0;
	REFUSED(&d, IOMM_EINVAL, "size 0");
	d.size = IOMM_SOFT_DRIVER_SIZE_VER0 - 1;
	REFUSED(&d, IOMM_EINVAL, "size 55");
	big.driver = good;
	big.driver.size = sizeof(big);
	big.tail = 1;
	REFUSED(&big.driver, IOMM_E2BIG, "offset 64");
	d = good;
	d.flags = 1;
	REFUSED(&d, IOMM_EINVAL, "iomm_soft_driver.flags");
	d = good;
	d.node = 0;
	REFUSED(&d, IOMM_EINVAL, "node");
	d = good;
	d.name = NULL;
	REFUSED(&d, IOMM_EINVAL, "name");
	d = good;
	d.memory = NULL;
	REFUSED(&d, IOMM_EINVAL, "IOMM_SOFT_IDENTITY");
	d.memory = (void *)j.m.soft;
	REFUSED(&d, IOMM_EINVAL, "iomm_soft_driver.memory");
	d = good;
	d.format = "no-such";
	REFUSED(&d, IOMM_ENOENT, "no-such");
	d = good;
	d.granule = 8 * KB;
	REFUSED(&d, IOMM_EINVAL, "8 KiB");
	d = good;
	d.ias = 53;
	REFUSED(&d, IOMM_EINVAL, "53");
	d = good;
	d.oas = 53;
	REFUSED(&d, IOMM_EINVAL, "53");
	/* All that was refused left it free. */
	assert_ok(iomm_soft_register(j.m.soft, &good, &j.iommu));
	stop(&j);
}

static void test_register_twice(void **state)
{
	struct iomm_iommu *out = UNTOUCHED;
	struct iomm_soft_driver d;
	struct iomm_soft *other = NULL;
	struct job j;

	begin(&j, *state);
	d = driver_of(&j);
	assert_ok(iomm_soft_register(j.m.soft, &d, &j.iommu));
	d.node = node_at(j.w->firmware, "/second");
	assert_fails(iomm_soft_register(j.m.soft, &d, &out), IOMM_EBUSY,
		     j.w->ctx, "registered already");
	/* Another one for the same node. */
	d = driver_of(&j);
	assert_ok(iomm_soft_create(j.w->ctx, NULL, &other));
	assert_fails(iomm_soft_register(other, &d, &out), IOMM_EEXIST, j.w->ctx,
		     "soft0");
	assert_ptr_equal(out, UNTOUCHED);
	iomm_soft_put(other);
	/* Free again when the instance is gone. */
	iomm_iommu_put(j.iommu);
	assert_ok(iomm_soft_register(j.m.soft, &d, &j.iommu));
	stop(&j);
}

static int register_it(struct world *w, void *arg)
{
	struct iomm_soft_driver d = driver_of(arg);
	struct iomm_iommu *out = UNTOUCHED;
	struct job *j = arg;
	int err = iomm_soft_register(j->m.soft, &d, &out);

	(void)w;
	if (err)
		assert_ptr_equal(out, UNTOUCHED);
	else
		iomm_iommu_put(out);
	return err;
}

static void test_register_no_memory(void **state)
{
	struct job j;

	begin(&j, *state);
	assert_true(world_each_site(j.w, register_it, &j) >= 5);
	stop(&j);
}

/* Wishes */

static int wish(struct job *j, struct iomm_domain_config config,
		struct iomm_pgtable_info *info)
{
	struct iomm_domain *domain = NULL;
	int err;

	config.size = sizeof(config);
	err = iomm_domain_create(j->one, &config, &domain);
	if (err)
		return err;
	info->size = sizeof(*info);
	assert_ok(iomm_domain_info(domain, info));
	iomm_domain_put(domain);
	return 0;
}

static void test_wishes(void **state)
{
	struct iomm_pgtable_info info = { 0 };
	struct iomm_soft_driver d;
	struct job j;

	begin(&j, *state);
	d = driver_of(&j);
	d.granule = 16 * KB;
	d.ias = 40;
	d.oas = 42;
	assert_ok(iomm_soft_register(j.m.soft, &d, &j.iommu));
	j.one = world_device(j.w, "one");
	assert_ok(iomm_device_probe(j.one));

	assert_ok(wish(&j, (struct iomm_domain_config){ 0 }, &info));
	assert_int_equal(info.granule, 16 * KB);
	assert_int_equal(info.ias, 40);
	assert_int_equal(info.oas, 42);
	assert_int_equal(info.flags,
			 IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED);
	assert_true(info.root_pa >= RAM_PA + ARENA);
	assert_ok(wish(&j,
		       (struct iomm_domain_config){ .granule = 64 * KB,
						    .page_sizes = 64 * KB,
						    .ias = 36 },
		       &info));
	assert_int_equal(info.granule, 64 * KB);
	assert_int_equal(info.page_sizes, 64 * KB);
	assert_int_equal(info.ias, 36);
	assert_fails(wish(&j, (struct iomm_domain_config){ .ias = 41 }, &info),
		     IOMM_EINVAL, j.w->ctx, "40 bits");
	assert_fails(wish(&j, (struct iomm_domain_config){ .ias = 24 }, &info),
		     IOMM_EINVAL, j.w->ctx, "24");
	assert_fails(wish(&j,
			  (struct iomm_domain_config){ .format = "riscv-sv39" },
			  &info),
		     IOMM_EINVAL, j.w->ctx, "arm64-s1");
	assert_fails(wish(&j, (struct iomm_domain_config){ .granule = 1 },
			  &info),
		     IOMM_EINVAL, j.w->ctx, "granule");
	stop(&j);
}

/* In the platform's memory, where a pointer is an address. */
static void test_identity(void **state)
{
	struct iomm_soft_config config = { .size = sizeof(config),
					   .flags = IOMM_SOFT_IDENTITY };
	struct world *w = *state;
	unsigned char *page = aligned_alloc(4 * KB, 4 * KB), byte = 0;
	struct iomm_soft_driver d;
	struct job j = { .w = w };

	world_small(w);
	machine_start(&j.m, w, &config);
	d = driver_of(&j);
	d.memory = NULL;
	assert_ok(iomm_soft_register(j.m.soft, &d, &j.iommu));
	j.one = world_device(w, "one");
	assert_ok(iomm_device_probe(j.one));
	assert_ok(iomm_domain_create(j.one, NULL, &j.domain));
	assert_ok(iomm_domain_attach(j.domain, j.one));
	assert_ok(iomm_domain_map(j.domain, 0, (uintptr_t)page, 4 * KB, RW, 0,
				  NULL));
	page[9] = 200;
	assert_ok(iomm_soft_read(j.m.soft, 0x10, 0, 9, &byte, 1, NULL));
	assert_int_equal(byte, 200);
	stop(&j);
	free(page);
}

/* A specifier that is none of its. */
static void test_specifier(void **state)
{
	struct tree tree = tree_begin();
	struct world *w = *state;
	struct iomm_soft_driver d;
	struct iomm_device *wide, *bare;
	struct job j = { .w = w };

	tree_iommu(&tree, "first", 1, 2);
	tree_iommu(&tree, "zero", 2, 0);
	tree_node(&tree, "wide");
	TREE_CELLS(&tree, "iommus", 1, 5, 6);
	tree_end_node(&tree);
	tree_node(&tree, "bare");
	TREE_CELLS(&tree, "iommus", 2);
	tree_end_node(&tree);
	tree_finish(&tree);
	w->firmware = world_firmware(w, &tree);
	assert_ok(iomm_bus_create_platform(w->firmware, "platform", &w->bus));
	machine_start(&j.m, w, NULL);
	d = driver_of(&j);
	assert_ok(iomm_soft_register(j.m.soft, &d, &j.iommu));
	wide = world_device(w, "wide");
	assert_fails(iomm_device_probe(wide), IOMM_EINVAL, w->ctx, "wide");
	iomm_device_put(wide);
	stop(&j);

	/* Of none, there is but one ID. */
	j = (struct job){ .w = w };
	machine_start(&j.m, w, NULL);
	d = driver_of(&j);
	d.node = node_at(w->firmware, "/zero");
	assert_ok(iomm_soft_register(j.m.soft, &d, &j.iommu));
	bare = world_device(w, "bare");
	assert_ok(iomm_device_probe(bare));
	assert_ok(iomm_domain_create(bare, NULL, &j.domain));
	assert_ok(iomm_domain_attach(j.domain, bare));
	assert_int_equal(peek(&j.m, 0, 0), -(int)IOMM_FAULT_TRANSLATION);
	iomm_device_put(bare);
	stop(&j);
}

/* The main job */

static void on_fault(void *data, const struct iomm_fault *fault)
{
	struct job *j = data;

	j->last = *fault;
	atomic_fetch_add(&j->faults, 1);
}

static void test_main_job(void **state)
{
	struct iomm_gather gather;
	struct job j;

	start(&j, *state);
	assert_ok(iomm_domain_set_fault_handler(j.domain, on_fault, &j, NULL));
	assert_int_equal(peek(&j.m, 0x10, 0), -(int)IOMM_FAULT_BLOCKED);
	assert_ok(iomm_domain_map(j.domain, 0, RAM_PA, 8 * KB, RW, 0, NULL));
	assert_int_equal(peek(&j.m, 0x10, 0), -(int)IOMM_FAULT_BLOCKED);
	assert_int_equal(j.faults, 0);
	assert_ok(iomm_domain_attach(j.domain, j.one));
	assert_int_equal(peek(&j.m, 0x10, 0), j.m.ram[0]);
	assert_int_equal(peek(&j.m, 0x20, 0), -(int)IOMM_FAULT_BLOCKED);
	/* Both IDs of a device, and one IOTLB for all that share a domain. */
	assert_ok(iomm_domain_attach(j.domain, j.two));
	assert_int_equal(peek(&j.m, 0x20, 1), j.m.ram[1]);
	assert_int_equal(peek(&j.m, 0x21, 2), j.m.ram[2]);
	assert_int_equal(stats_of(&j.m).iotlb_misses, 1);

	assert_faults(&j.m, 0x21, 8 * KB - 1, 2, IOMM_PROT_WRITE, 8 * KB,
		      IOMM_FAULT_TRANSLATION);
	assert_int_equal(j.faults, 1);
	assert_int_equal(j.last.size, sizeof(j.last));
	assert_int_equal(j.last.id, 0x21);
	assert_int_equal(j.last.iova, 8 * KB);
	assert_int_equal(j.last.reason, IOMM_FAULT_TRANSLATION);
	assert_int_equal(j.last.access, IOMM_PROT_WRITE);

	/* Unmapped, but not flushed: the hardware still has it. */
	iomm_gather_init(&gather);
	assert_ok(iomm_domain_unmap(j.domain, 0, 4 * KB, &gather, NULL));
	assert_int_equal(peek(&j.m, 0x10, 0), j.m.ram[0]);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(peek(&j.m, 0x10, 0), -(int)IOMM_FAULT_TRANSLATION);
	assert_int_equal(j.faults, 2);

	/* Detached: blocked, and nobody's fault to hear of. */
	assert_ok(iomm_domain_detach(j.domain, j.two));
	assert_int_equal(peek(&j.m, 0x21, 4 * KB), -(int)IOMM_FAULT_BLOCKED);
	assert_int_equal(peek(&j.m, 0x20, 4 * KB), -(int)IOMM_FAULT_BLOCKED);
	assert_int_equal(peek(&j.m, 0x10, 4 * KB), j.m.ram[4 * KB]);
	assert_int_equal(j.faults, 2);
	assert_ok(iomm_device_remove(j.one, 0));
	assert_int_equal(peek(&j.m, 0x10, 4 * KB), -(int)IOMM_FAULT_BLOCKED);
	stop(&j);
}

/* A device whose addresses are narrower than any table: nothing is mapped beyond
 * them. */
static void test_narrow_device(void **state)
{
	struct iomm_device_config isa = { .flags = IOMM_DEVICE_DMA_MASK,
					  .dma_mask = 16 * MB - 1 };
	struct iomm_domain_config wish = { .size = sizeof(wish), .ias = 24 };
	struct world *w = *state;
	struct iomm_soft_driver driver;
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_domain *none = UNTOUCHED;
	uint64_t mapped = 1;
	struct job j;

	begin(&j, w);
	driver = driver_of(&j);
	assert_ok(iomm_soft_register(j.m.soft, &driver, &j.iommu));
	assert_ok(world_device_with(w, "one", isa, &j.one));
	assert_ok(iomm_device_probe(j.one));
	assert_fails(iomm_domain_create(j.one, &wish, &none), IOMM_EINVAL,
		     w->ctx, "soft0 does 25 bits of input address, not 24");
	assert_ok(iomm_domain_create(j.one, NULL, &j.domain));
	assert_ok(iomm_domain_info(j.domain, &info));
	assert_int_equal(info.ias, 25);
	assert_int_equal(info.last_iova, 16 * MB - 1);
	assert_ok(iomm_domain_attach(j.domain, j.one));
	assert_ok(iomm_domain_map(j.domain, 16 * MB - 8 * KB, RAM_PA, 8 * KB,
				  RW, 0, NULL));
	assert_int_equal(peek(&j.m, 0x10, 16 * MB - 8 * KB), j.m.ram[0]);
	assert_fails(iomm_domain_map(j.domain, 16 * MB - 4 * KB, RAM_PA, 8 * KB,
				     RW, 0, &mapped),
		     IOMM_EINVAL, w->ctx, "goes beyond 0xffffff, the last");
	assert_int_equal(mapped, 0);
	assert_int_equal(iomm_domain_map(j.domain, 16 * MB, RAM_PA, 4 * KB, RW,
					 0, NULL),
			 -IOMM_EINVAL);
	assert_fails(iomm_domain_map(j.domain, 0, RAM_PA, 0, RW, 0, NULL),
		     IOMM_EINVAL, w->ctx, "is empty");
	stop(&j);
}

/* The domain's tags are its own: a new one sees nothing of an old one. */
static void test_new_domain(void **state)
{
	struct iomm_domain *next = NULL;
	struct job j;

	start(&j, *state);
	assert_ok(iomm_domain_map(j.domain, 0, RAM_PA, 4 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_attach(j.domain, j.one));
	assert_int_equal(peek(&j.m, 0x10, 0), j.m.ram[0]);
	assert_ok(iomm_domain_detach(j.domain, j.one));
	assert_ok(iomm_domain_create(j.one, NULL, &next));
	assert_ok(iomm_domain_attach(next, j.one));
	assert_int_equal(peek(&j.m, 0x10, 0), -(int)IOMM_FAULT_TRANSLATION);
	iomm_domain_put(next);
	stop(&j);
}

static void map_and_retry(void *data, const struct iomm_fault *fault)
{
	struct job *j = data;

	atomic_fetch_add(&j->faults, 1);
	assert_ok(iomm_domain_map(j->domain, fault->iova & ~(4 * KB - 1),
				  RAM_PA, 4 * KB, RW, 0, NULL));
	/* A device's access from a handler is one like any other. */
	assert_int_equal(peek(&j->m, fault->id, fault->iova),
			 j->m.ram[fault->iova & (4 * KB - 1)]);
}

static void test_demand(void **state)
{
	struct job j;

	start(&j, *state);
	assert_ok(iomm_domain_set_fault_handler(j.domain, map_and_retry, &j,
						NULL));
	assert_ok(iomm_domain_attach(j.domain, j.one));
	assert_int_equal(peek(&j.m, 0x10, 5), -(int)IOMM_FAULT_TRANSLATION);
	assert_int_equal(peek(&j.m, 0x10, 5), j.m.ram[5]);
	assert_int_equal(j.faults, 1);
	stop(&j);
}

/* The instance goes: every ID is blocked, the hardware lives on. */
static void test_unregister(void **state)
{
	struct iomm_gather gather;
	struct job j;

	start(&j, *state);
	iomm_gather_init(&gather);
	assert_ok(iomm_domain_map(j.domain, 0, RAM_PA, 8 * KB, RW, 0, NULL));
	assert_ok(iomm_domain_attach(j.domain, j.one));
	assert_int_equal(peek(&j.m, 0x10, 0), j.m.ram[0]);
	assert_ok(iomm_domain_unmap(j.domain, 0, 4 * KB, &gather, NULL));
	assert_ok(iomm_iommu_unregister(j.iommu, IOMM_FOREVER));
	assert_int_equal(peek(&j.m, 0x10, 4 * KB), -(int)IOMM_FAULT_BLOCKED);
	assert_int_equal(iomm_domain_map(j.domain, 0, 0, 4 * KB, RW, 0, NULL),
			 -IOMM_ENODEV);
	assert_ok(iomm_gather_flush(&gather));
	stop(&j);
}

/* Last puts, in every order */

#define ITEMS 6u

struct ending {
	struct job j;
	struct iomm_gather gather;
};

static void end_item(struct ending *e, uint32_t item)
{
	struct job *j = &e->j;

	switch (item) {
	case 0:
		assert_ok(iomm_gather_flush(&e->gather));
		break;
	case 1:
		iomm_domain_put(j->domain);
		j->domain = NULL;
		break;
	case 2:
		iomm_device_put(j->one);
		iomm_device_put(j->two);
		j->one = j->two = NULL;
		break;
	case 3:
		iomm_iommu_put(j->iommu);
		j->iommu = NULL;
		break;
	case 4:
		iomm_soft_put(j->m.soft);
		j->m.soft = NULL;
		break;
	default:
		iomm_table_memory_put(j->m.memory);
		j->m.memory = NULL;
		break;
	}
}

/* The n-th permutation. */
static void permute(uint32_t n, uint32_t order[ITEMS])
{
	uint32_t left[ITEMS] = { 0, 1, 2, 3, 4, 5 }, i, at, room = ITEMS;

	for (i = 0; i < ITEMS; i++, room--) {
		at = n % room;
		n /= room;
		order[i] = left[at];
		left[at] = left[room - 1];
	}
}

static void end_in_order(uint32_t n, bool unregister)
{
	struct world w;
	struct ending e;
	uint32_t order[ITEMS], i;

	world_init(&w);
	assert_ok(world_create(&w));
	start(&e.j, &w);
	iomm_gather_init(&e.gather);
	assert_ok(iomm_domain_attach(e.j.domain, e.j.one));
	assert_ok(iomm_domain_attach(e.j.domain, e.j.two));
	assert_ok(iomm_domain_map(e.j.domain, 0, RAM_PA, 2 * MB + 8 * KB, RW, 0,
				  NULL));
	assert_ok(iomm_domain_unmap(e.j.domain, 0, 4 * KB, &e.gather, NULL));
	assert_ok(
		iomm_domain_unmap(e.j.domain, 2 * MB, 8 * KB, &e.gather, NULL));
	/* The instance may have been told to go before all that. */
	if (unregister)
		assert_ok(iomm_iommu_unregister(e.j.iommu, 0));
	permute(n, order);
	for (i = 0; i < ITEMS; i++)
		end_item(&e, order[i]);
	/* The bus and the context are left. */
	machine_stop(&e.j.m);
	assert_int_equal(world_live(&w, IOMM_HANDLE_SOFT), 0);
	assert_int_equal(world_live(&w, IOMM_HANDLE_PGTABLE), 0);
	world_end(&w);
}

static void test_every_order(void **state)
{
	uint32_t n;

	(void)state;
	for (n = 0; n < 720; n++) {
		end_in_order(n, false);
		end_in_order(n, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_register_arguments),
		WORLD_TEST(test_register_twice),
		WORLD_TEST(test_register_no_memory),
		WORLD_TEST(test_wishes),
		WORLD_TEST(test_identity),
		WORLD_TEST(test_specifier),
		WORLD_TEST(test_main_job),
		WORLD_TEST(test_narrow_device),
		WORLD_TEST(test_new_domain),
		WORLD_TEST(test_demand),
		WORLD_TEST(test_unregister),
		cmocka_unit_test(test_every_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
