/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The software IOMMU, and an arena, while memory and TLB fail. */
#include <iomm/soft.h>

#include "stress/faults.h"

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
	if (err)
		return err;
	f->due++;
	err = iomm_table_memory_create(f->world.ctx, &faults_memory, f,
				       faults_released, &m->memory);
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
		err = iomm_soft_write(m->soft, 0x10, 0, 0x4010, &word, 4, NULL);
	if (!err)
		err = iomm_soft_read(m->soft, 0x10, 0, 0x4010, &back, 4, NULL);
	if (err)
		return err;
	assert_int_equal(back, word);
	err = iomm_domain_unmap(m->domain, 0x4000, 0x1000, NULL, NULL);
	if (!err)
		assert_int_equal(iomm_soft_read(m->soft, 0x10, 0, 0x4010, &back,
						4, NULL),
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
	err = FAULTY(f, iomm_soft_set_context(hardware, 7, 0, &context));
	assert_ok(iomm_soft_clear_context(hardware, 7, 0));
	iomm_pgtable_put(table);
	iomm_soft_put(hardware);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(arena),
		FAULT_TEST(soft),
		FAULT_TEST(soft_context),
	};

	return cmocka_run_group_tests_name("faults: software IOMMU", tests,
					   NULL, NULL);
}
