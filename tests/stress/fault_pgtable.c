/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Page tables, and the software IOMMU, while memory and TLB fail. After a
 * failure the table holds exactly what the call said, by a model; and the same
 * call, made again for the rest, succeeds.
 */
#include <iomm/soft.h>

#include "model/ranges.h"
#include "stress/faults.h"

struct table {
	struct faults *f;
	struct iomm_table_memory *memory;
	struct iomm_pgtable *pgtable;
	struct iomm_gather gather;
	struct ranges mapped;
	uint64_t unit, block;
};

static int make_memory(struct faults *f, struct iomm_table_memory **memory)
{
	f->due++;
	return iomm_table_memory_create(f->world.ctx, &faults_memory, f,
					faults_released, memory);
}

static int make_table(struct table *t, uint64_t granule)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.granule = granule,
		.memory = t->memory,
	};

	t->f->due++;
	return iomm_pgtable_create(t->f->world.ctx, "arm64-s1", &config,
				   &faults_tlb, t->f, faults_released,
				   &t->pgtable);
}

/* Against the model */

struct compare {
	const struct table *table;
	uint64_t bytes;
	struct iomm_walk_entry wrong; /* the first that is */
};

/* In a callback nothing may fail the test: it would not return. */
static int compare_leaf(void *data, const struct iomm_walk_entry *entry)
{
	struct compare *c = data;
	const struct range *range = ranges_at(&c->table->mapped, entry->iova);

	if (entry->kind != IOMM_WALK_LEAF)
		return 0;
	c->bytes += entry->bytes;
	if (range && entry->iova + (entry->bytes - 1) <= range->last &&
	    entry->paddr == range->paddr + (entry->iova - range->iova))
		return 0;
	c->wrong = *entry;
	return 1;
}

static void compare(const struct table *t)
{
	struct compare c = { .table = t };

	if (iomm_pgtable_walk(t->pgtable, 0, UINT64_MAX, compare_leaf, &c))
		fail_msg("site %u: leaf of %llx bytes at %llx to %llx",
			 (unsigned)t->f->k, (unsigned long long)c.wrong.bytes,
			 (unsigned long long)c.wrong.iova,
			 (unsigned long long)c.wrong.paddr);
	assert_int_equal(c.bytes,
			 ranges_mapped_bytes(&t->mapped, 0, UINT64_MAX));
}

/* Maps, with a failure; after one, maps the rest without. */
static int map(struct table *t, uint64_t iova, uint64_t paddr, uint64_t bytes)
{
	uint64_t mapped = ~UINT64_C(0);
	int err = FAULTY(t->f, iomm_pgtable_map(t->pgtable, iova, paddr, bytes,
						RWC, 0, &mapped));

	assert_true(err ? mapped < bytes : mapped == bytes);
	if (mapped)
		ranges_add(&t->mapped, iova, mapped, paddr, RWC);
	compare(t);
	if (err) {
		map_ok(t->pgtable, iova + mapped, paddr + mapped,
		       bytes - mapped, RWC);
		ranges_add(&t->mapped, iova + mapped, bytes - mapped,
			   paddr + mapped, RWC);
		compare(t);
	}
	return err;
}

static int unmap(struct table *t, uint64_t iova, uint64_t bytes)
{
	uint64_t last = iova + (bytes - 1), unmapped = ~UINT64_C(0);
	uint64_t expected = ranges_mapped_bytes(&t->mapped, iova, last);
	int err = FAULTY(t->f, iomm_pgtable_unmap(t->pgtable, iova, bytes,
						  &t->gather, &unmapped));

	assert_true(err ? unmapped < expected : unmapped == expected);
	(void)ranges_remove(&t->mapped, iova, last, unmapped);
	compare(t);
	if (err) {
		expected -= unmapped;
		assert_ok(iomm_pgtable_unmap(t->pgtable, iova, bytes,
					     &t->gather, &unmapped));
		assert_int_equal(unmapped, expected);
		(void)ranges_remove(&t->mapped, iova, last, unmapped);
		compare(t);
	}
	return err;
}

static int flush(struct table *t)
{
	int err = FAULTY(t->f, iomm_gather_flush(&t->gather));

	if (err)
		assert_ok(iomm_gather_flush(&t->gather));
	compare(t);
	return err;
}

static int flush_all(struct table *t)
{
	int err = FAULTY(t->f, iomm_pgtable_flush_all(t->pgtable));

	if (err)
		assert_ok(iomm_pgtable_flush_all(t->pgtable));
	assert_int_equal(info_of(t->pgtable).quarantined, 0);
	return err;
}

/* Every step is made; the first failure is the result. */
static int use(struct table *t)
{
	uint64_t unit = t->unit, block = t->block;
	int err = 0, r;

#define STEP(call)               \
	do {                     \
		r = (call);      \
		if (!err)        \
			err = r; \
	} while (0)
	STEP(map(t, 4 * block - unit, block - unit, 2 * block));
	STEP(map(t, 64 * block, 0, block));
	/* In the middle of a block, then at its ends. */
	STEP(unmap(t, 4 * block + 3 * unit, 2 * unit));
	STEP(unmap(t, 64 * block, unit));
	STEP(unmap(t, 65 * block - unit, unit));
	STEP(flush(t));
	/* Leaves of two sizes, and a hole: more than one flush. */
	STEP(unmap(t, 0, 128 * block));
	iomm_gather_abandon(&t->gather);
	STEP(flush_all(t));
	assert_int_equal(info_of(t->pgtable).tables, 1);
	return err;
#undef STEP
}

static int pgtable(struct faults *f, uint64_t granule)
{
	struct table t = { .f = f, .unit = granule };
	int err;

	t.block = granule * (granule / 8);
	assert_ok(world_create(&f->world));
	iomm_gather_init(&t.gather);
	err = FAULTY(f, make_memory(f, &t.memory));
	if (!err)
		err = FAULTY(f, make_table(&t, granule));
	if (!err)
		err = use(&t);
	iomm_pgtable_put(t.pgtable);
	iomm_table_memory_put(t.memory);
	ranges_clear(&t.mapped);
	return err;
}

static int pgtable_4k(struct faults *f)
{
	return pgtable(f, 4 * KB);
}

static int pgtable_16k(struct faults *f)
{
	return pgtable(f, 16 * KB);
}

static int pgtable_64k(struct faults *f)
{
	return pgtable(f, 64 * KB);
}

static int arena(struct faults *f)
{
	static _Alignas(4096) char memory[16 * 4096];
	struct iomm_table_memory *out = NULL;
	int err;

	assert_ok(world_create(&f->world));
	f->due++;
	err = FAULTY(f, iomm_table_memory_create_arena(f->world.ctx, memory, 0,
						       sizeof(memory), f,
						       faults_released, &out));
	iomm_table_memory_put(out);
	return err;
}

/* The software IOMMU: hardware, driver, and an access through both. */

struct machine {
	struct iomm_soft *soft;
	struct iomm_table_memory *memory;
	struct iomm_iommu *iommu;
	struct iomm_device *device;
	struct iomm_domain *domain;
};

static int set_up(struct faults *f, struct machine *m, void *ram)
{
	struct iomm_soft_config config = { .size = sizeof(config),
					   .flags = IOMM_SOFT_IDENTITY };
	struct iomm_soft_driver driver = { .size = sizeof(driver),
					   .node = f->node,
					   .name = "soft" };
	int err = iomm_soft_create(f->world.ctx, &config, &m->soft);

	if (err)
		return err;
	f->due++;
	err = iomm_soft_add_memory(m->soft, 0x1000, ram, 4096, f,
				   faults_released);
	if (!err)
		err = make_memory(f, &m->memory);
	driver.memory = m->memory;
	if (!err)
		err = iomm_soft_register(m->soft, &driver, &m->iommu);
	if (!err)
		err = iomm_device_probe(m->device);
	if (!err)
		err = iomm_domain_create(m->device, NULL, &m->domain);
	if (!err)
		err = iomm_domain_attach(m->domain, m->device);
	return err;
}

static int work(struct machine *m)
{
	uint32_t word = 0x12345678, back = 0;
	int err =
		iomm_domain_map(m->domain, 0x4000, 0x1000, 0x1000, RW, 0, NULL);

	if (!err)
		err = iomm_soft_write(m->soft, 0x10, 0x4010, &word, 4, NULL);
	if (!err)
		err = iomm_soft_read(m->soft, 0x10, 0x4010, &back, 4, NULL);
	if (err)
		return err;
	assert_int_equal(back, word);
	err = iomm_domain_unmap(m->domain, 0x4000, 0x1000, NULL, NULL);
	if (!err)
		assert_int_equal(iomm_soft_read(m->soft, 0x10, 0x4010, &back, 4,
						NULL),
				 -IOMM_EFAULT);
	return err;
}

static int soft(struct faults *f)
{
	static char ram[4096];
	struct machine m = { 0 };
	int err;

	faults_world(f);
	m.device = faults_device(f, "one");
	err = FAULTY(f, set_up(f, &m, ram));
	if (!err)
		err = FAULTY(f, work(&m));
	assert_ok(iomm_device_remove(m.device, 0));
	iomm_device_put(m.device);
	iomm_domain_put(m.domain);
	iomm_iommu_put(m.iommu);
	iomm_table_memory_put(m.memory);
	iomm_soft_put(m.soft);
	return err;
}

static int soft_context(struct faults *f)
{
	struct iomm_soft_context context = { .size = sizeof(context),
					     .format = "arm64-s1" };
	struct iomm_pgtable *table = NULL;
	struct iomm_soft *hardware = NULL;
	struct iomm_pgtable_info info;
	int err;

	assert_ok(world_create(&f->world));
	assert_ok(iomm_soft_create(f->world.ctx, NULL, &hardware));
	assert_ok(iomm_pgtable_create(f->world.ctx, "arm64-s1", NULL, NULL,
				      NULL, NULL, &table));
	info = info_of(table);
	memcpy(context.regs, info.regs, sizeof(context.regs));
	err = FAULTY(f, iomm_soft_set_context(hardware, 7, &context));
	assert_ok(iomm_soft_clear_context(hardware, 7));
	iomm_pgtable_put(table);
	iomm_soft_put(hardware);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(pgtable_4k),	 FAULT_TEST(pgtable_16k),
		FAULT_TEST(pgtable_64k), FAULT_TEST(arena),
		FAULT_TEST(soft),	 FAULT_TEST(soft_context),
	};

	return cmocka_run_group_tests_name("faults: tables", tests, NULL, NULL);
}
