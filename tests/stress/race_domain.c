/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Races over domains and the software IOMMU. */
#include <iomm/soft.h>

#include "stress/races.h"

#define PAGE	     4096u
#define RAM_PA	     UINT64_C(0x100000)
#define DATA	     (RACE_THREADS * PAGE)
#define TABLES	     (64 * PAGE)
#define ONE_ID	     0x10u
/* Each thread has pages of its own, in tables that they share. */
#define IOVA(thread) (UINT64_C(0x7fffe000) + (thread)*PAGE)

struct scene {
	struct world world;
	struct iomm_soft *soft;
	struct iomm_iommu *iommu;
	struct iomm_device *device;
	struct iomm_domain *domain;
	struct iomm_table_memory *memory;
	struct handler {
		_Atomic uint32_t calls, released;
	} handler[2];
	unsigned char ram[DATA + TABLES + PAGE];
};

static unsigned char *ram_of(struct scene *s)
{
	return s->ram + (PAGE - ((uintptr_t)s->ram & (PAGE - 1)));
}

static void begin(void *shared)
{
	struct scene *s = shared;
	struct iomm_soft_driver driver = { .size = sizeof(driver),
					   .name = "soft" };

	race_world(&s->world);
	driver.node = node_at(s->world.firmware, "/first");
	assert_ok(iomm_soft_create(s->world.ctx, NULL, &s->soft));
	assert_ok(iomm_soft_add_memory(s->soft, RAM_PA, ram_of(s),
				       DATA + TABLES, NULL, NULL));
	assert_ok(iomm_table_memory_create_arena(s->world.ctx, ram_of(s) + DATA,
						 RAM_PA + DATA, TABLES, NULL,
						 NULL, &s->memory));
	driver.memory = s->memory;
	assert_ok(iomm_soft_register(s->soft, &driver, &s->iommu));
	s->device = world_device(&s->world, "one");
	assert_ok(iomm_device_probe(s->device));
	assert_ok(iomm_domain_create(s->device, NULL, &s->domain));
	assert_ok(iomm_domain_attach(s->domain, s->device));
}

static void end(void *shared)
{
	struct scene *s = shared;

	iomm_domain_put(s->domain);
	assert_ok(iomm_ctx_close(s->world.ctx, 0));
	iomm_device_put(s->device);
	iomm_iommu_put(s->iommu);
	iomm_table_memory_put(s->memory);
	iomm_soft_put(s->soft);
	world_end(&s->world);
}

/* Everybody maps, has the device write and read, and unmaps, next to each
 * other; and looks at what the others do. */
static void
check_dma(struct scene *s, uint32_t thread, unsigned char value, bool mapped)
{
	unsigned char out[64], in[64];
	int expected = mapped ? 0 : -IOMM_EFAULT;

	memset(out, value, sizeof(out));
	RACE_RESULT(iomm_soft_write(s->soft, ONE_ID, 0, IOVA(thread) + 8, out,
				    sizeof(out), NULL),
		    expected);
	RACE_RESULT(iomm_soft_read(s->soft, ONE_ID, 0, IOVA(thread) + 8, in,
				   sizeof(in), NULL),
		    expected);
	if (mapped)
		race_require(!memcmp(in, out, sizeof(in)), in[0]);
}

static void look_at(struct scene *s, uint64_t thread)
{
	struct iomm_translation at = { .size = sizeof(at) };
	int err = iomm_domain_translate(s->domain, IOVA(thread), &at);

	race_require(!err || err == -IOMM_ENOENT, err);
	if (!err)
		race_require(at.paddr == RAM_PA + thread * PAGE, at.paddr);
}

static void map_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_gather gather;
	uint64_t unmapped = 0;
	uint32_t n;

	iomm_gather_init(&gather);
	for (n = 0; n < 4; n++) {
		race_dally(random);
		RACE_RESULT(iomm_domain_map(s->domain, IOVA(thread),
					    RAM_PA + thread * PAGE, PAGE, RW, 0,
					    NULL),
			    0);
		check_dma(s, thread, (unsigned char)random_next(random), true);
		look_at(s, random_below(random, RACE_THREADS));
		RACE_RESULT(iomm_domain_unmap(s->domain, IOVA(thread), PAGE,
					      n & 1 ? &gather : NULL,
					      &unmapped),
			    0);
		race_require(unmapped == PAGE, unmapped);
		RACE_RESULT(iomm_gather_flush(&gather), 0);
		check_dma(s, thread, 0, false);
	}
}

static void map_end(void *shared)
{
	struct scene *s = shared;
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	/* Nobody's tables are left. */
	assert_ok(iomm_domain_info(s->domain, &info));
	assert_int_equal(info.tables, 1);
	assert_int_equal(info.quarantined, 0);
	end(s);
}

/* Faults, while the domain comes and goes, and somebody becomes its handler.
 * No handler is called after its release. */
static void on_fault(void *data, const struct iomm_fault *fault)
{
	struct handler *h = data;

	race_require(fault->id == ONE_ID && fault->iova == IOVA(0),
		     fault->iova);
	race_require(!atomic_load_explicit(&h->released, memory_order_acquire),
		     1);
	atomic_fetch_add_explicit(&h->calls, 1, memory_order_relaxed);
}

static void handler_release(void *data)
{
	struct handler *h = data;

	atomic_fetch_add_explicit(&h->released, 1, memory_order_release);
}

/* Each of two threads has a reference on the domain, and the group has one. */
static void fault_begin(void *shared)
{
	struct scene *s = shared;

	begin(s);
	(void)iomm_domain_get(s->domain);
}

static void fault_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	unsigned char byte;

	race_dally(random);
	switch (thread) {
	case 0:
		RACE_RESULT(iomm_domain_detach(s->domain, s->device), 0);
		iomm_domain_put(s->domain);
		break;
	case 1:
		RACE_RESULT(iomm_domain_set_fault_handler(s->domain, on_fault,
							  &s->handler[0],
							  handler_release),
			    0);
		race_dally(random);
		RACE_RESULT(iomm_domain_set_fault_handler(s->domain, on_fault,
							  &s->handler[1],
							  handler_release),
			    -IOMM_EEXIST);
		iomm_domain_put(s->domain);
		break;
	default:
		RACE_RESULT(iomm_soft_read(s->soft, ONE_ID, 0, IOVA(0), &byte,
					   1, NULL),
			    -IOMM_EFAULT);
	}
}

static void fault_end(void *shared)
{
	struct scene *s = shared;

	/* The last put was on one of the threads. */
	assert_int_equal(world_live(&s->world, IOMM_HANDLE_DOMAIN), 0);
	assert_int_equal(s->handler[0].released, 1);
	assert_int_equal(s->handler[1].released, 1);
	s->domain = NULL;
	end(s);
}

/* The instance goes under those who use the domain. */
static void gone_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	unsigned char byte;
	uint32_t n;

	race_dally(random);
	for (n = 0; thread && n < 4; n++) {
		RACE_RESULT(iomm_domain_map(s->domain, IOVA(thread),
					    RAM_PA + thread * PAGE, PAGE, RW, 0,
					    NULL),
			    0, -IOMM_ENODEV, -IOMM_EEXIST);
		RACE_RESULT(iomm_soft_read(s->soft, ONE_ID, 0, IOVA(thread),
					   &byte, 1, NULL),
			    0, -IOMM_EFAULT);
		RACE_RESULT(iomm_domain_unmap(s->domain, IOVA(thread), PAGE,
					      NULL, NULL),
			    0, -IOMM_ENODEV);
	}
	if (!thread)
		RACE_RESULT(iomm_iommu_unregister(s->iommu, IOMM_FOREVER), 0);
}

static void gone_end(void *shared)
{
	struct scene *s = shared;
	unsigned char byte;

	assert_int_equal(iomm_domain_map(s->domain, 0, 0, PAGE, RW, 0, NULL),
			 -IOMM_ENODEV);
	assert_int_equal(iomm_soft_read(s->soft, ONE_ID, 0, IOVA(1), &byte, 1,
					NULL),
			 -IOMM_EFAULT);
	end(s);
}

/* References on a domain and its gathers; somebody's is the last. */
static void last_begin(void *shared)
{
	struct scene *s = shared;
	uint32_t n;

	begin(s);
	assert_ok(iomm_domain_detach(s->domain, s->device));
	for (n = 1; n < RACE_THREADS; n++)
		(void)iomm_domain_get(s->domain);
}

static void last_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	RACE_RESULT(iomm_domain_map(s->domain, IOVA(thread), RAM_PA, PAGE, RW,
				    0, NULL),
		    0);
	race_dally(random);
	RACE_RESULT(iomm_domain_unmap(s->domain, IOVA(thread), PAGE, &gather,
				      NULL),
		    0);
	iomm_domain_put(s->domain);
	race_dally(random);
	/* It holds the table, when the domain is gone too. */
	if (random_percent(random, 50))
		RACE_RESULT(iomm_gather_flush(&gather), 0);
	else
		iomm_gather_abandon(&gather);
}

static void last_end(void *shared)
{
	struct scene *s = shared;

	assert_int_equal(world_live(&s->world, IOMM_HANDLE_DOMAIN), 0);
	assert_int_equal(world_live(&s->world, IOMM_HANDLE_PGTABLE), 0);
	s->domain = NULL;
	end(s);
}

static const struct race races[] = {
	{ "map, access, unmap", 4, sizeof(struct scene), begin, map_body,
	  map_end },
	{ "faults, detach, handlers", 4, sizeof(struct scene), fault_begin,
	  fault_body, fault_end },
	{ "an instance that goes", 4, sizeof(struct scene), begin, gone_body,
	  gone_end },
	{ "the last reference", 4, sizeof(struct scene), last_begin, last_body,
	  last_end },
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE_TEST(races[0]),
		RACE_TEST(races[1]),
		RACE_TEST(races[2]),
		RACE_TEST(races[3]),
	};

	return cmocka_run_group_tests_name("races: domains", tests, NULL, NULL);
}
