/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The software IOMMU's contexts: each address space of each device is its own,
 * and says so in its faults. */
#include "unit/soft_support.h"

static const struct iomm_soft_context identity = {
	.size = sizeof(identity),
	.flags = IOMM_SOFT_CONTEXT_IDENTITY,
};

/* A table that shows `offset` of the machine's data at I/O address 0. */
static struct iomm_pgtable *table_at(struct machine *m, uint64_t offset)
{
	struct iomm_pgtable *pgtable = machine_table(m, 4 * KB, 39);

	map_ok(pgtable, 0, RAM_PA + offset, 4 * KB, RW);
	return pgtable;
}

static void set(struct machine *m, uint64_t id, uint32_t pasid, uint64_t tag,
		struct iomm_pgtable *pgtable)
{
	struct iomm_pgtable_info info = info_of(pgtable);
	struct iomm_soft_context context = { .size = sizeof(context),
					     .format = "arm64-s1",
					     .tag = tag };

	memcpy(context.regs, info.regs, sizeof(context.regs));
	assert_ok(iomm_soft_set_context(m->soft, id, pasid, &context));
}

/* The byte that is read at I/O address 0, or -(the fault's reason). */
static int peek_pasid(struct machine *m, uint64_t id, uint32_t pasid)
{
	struct iomm_fault fault = { .size = sizeof(fault) };
	unsigned char byte = 0;
	int err = iomm_soft_read(m->soft, id, pasid, 0, &byte, 1, &fault);

	if (!err)
		return byte;
	assert_int_equal(err, -IOMM_EFAULT);
	assert_true(fault.id == id && fault.pasid == pasid);
	assert_int_equal(fault.reserved, 0);
	return -(int)fault.reason;
}

static void test_apart(void **state)
{
	struct iomm_pgtable *a, *b;
	struct machine m;

	machine_start(&m, *state, NULL);
	m.ram[0] = 10;
	m.ram[4 * KB] = 11;
	a = table_at(&m, 0);
	b = table_at(&m, 4 * KB);
	set(&m, 1, 0, 1, a);
	set(&m, 1, 5, 2, b);
	set(&m, 2, 5, 1, a);
	assert_int_equal(peek_pasid(&m, 1, 0), 10);
	assert_int_equal(peek_pasid(&m, 1, 5), 11);
	assert_int_equal(peek_pasid(&m, 2, 5), 10);
	assert_int_equal(peek_pasid(&m, 1, 6), -(int)IOMM_FAULT_BLOCKED);
	assert_int_equal(peek_pasid(&m, 2, 0), -(int)IOMM_FAULT_BLOCKED);
	/* No such PASID can be set up, but a device may well try. */
	assert_int_equal(peek_pasid(&m, 1, UINT32_MAX),
			 -(int)IOMM_FAULT_BLOCKED);

	/* Blocking one leaves the others. */
	assert_ok(iomm_soft_clear_context(m.soft, 1, 0));
	assert_int_equal(peek_pasid(&m, 1, 0), -(int)IOMM_FAULT_BLOCKED);
	assert_int_equal(peek_pasid(&m, 1, 5), 11);
	assert_ok(iomm_soft_clear_context(m.soft, 1, 5));
	assert_ok(iomm_soft_clear_context(m.soft, 1, 5));
	assert_int_equal(peek_pasid(&m, 1, 5), -(int)IOMM_FAULT_BLOCKED);
	assert_int_equal(peek_pasid(&m, 2, 5), 10);

	iomm_pgtable_put(a);
	iomm_pgtable_put(b);
	machine_stop(&m);
}

static void test_sentences(void **state)
{
	struct world *w = *state;
	unsigned char byte = 0;
	struct machine m;

	machine_start(&m, w, NULL);
	assert_fails(iomm_soft_write(m.soft, 1, 7, 0x1000, &byte, 1, NULL),
		     IOMM_EFAULT, w->ctx,
		     "ID 0x1 cannot write I/O address 0x1000 of PASID 7");
	assert_fails(iomm_soft_write(m.soft, 1, 0, 0x1000, &byte, 1, NULL),
		     IOMM_EFAULT, w->ctx,
		     "ID 0x1 cannot write I/O address 0x1000: ");
	assert_fails(iomm_soft_set_context(m.soft, 1, 1 << 20, &identity),
		     IOMM_EINVAL, w->ctx, "more than 20 bits");
	machine_stop(&m);
}

static void test_identity(void **state)
{
	struct iomm_translation at = { .size = sizeof(at) };
	unsigned char bytes[16];
	struct machine m;

	machine_start(&m, *state, NULL);
	assert_ok(iomm_soft_set_context(m.soft, 1, 3, &identity));
	/* Two pages, and only memory that the hardware has. */
	assert_ok(iomm_soft_read(m.soft, 1, 3, RAM_PA + 4 * KB - 8, bytes, 16,
				 NULL));
	assert_memory_equal(bytes, m.ram + 4 * KB - 8, 16);
	assert_int_equal(peek_pasid(&m, 1, 3), -(int)IOMM_FAULT_ADDRESS);
	assert_ok(iomm_soft_translate(m.soft, 1, 3, 0x12345, RW, &at, NULL));
	assert_true(at.paddr == 0x12345 && at.page_size == 4 * KB);
	assert_int_equal(peek_pasid(&m, 1, 0), -(int)IOMM_FAULT_BLOCKED);
	machine_stop(&m);
}

/* Address spaces come and go: what they took is given back with them. */
static void test_reuse(void **state)
{
	struct world *w = *state;
	struct machine m;
	uint32_t pasid;
	int64_t blocks;

	machine_start(&m, w, NULL);
	for (pasid = 1; pasid < 100; pasid++)
		assert_ok(iomm_soft_set_context(m.soft, 1, pasid, &identity));
	for (pasid = 1; pasid < 100; pasid++)
		assert_ok(iomm_soft_clear_context(m.soft, 1, pasid));
	blocks = w->blocks;
	for (pasid = 100; pasid < 200; pasid++) {
		assert_ok(iomm_soft_set_context(m.soft, 1, pasid, &identity));
		assert_ok(iomm_soft_clear_context(m.soft, 1, pasid));
	}
	assert_int_equal(w->blocks, blocks);
	machine_stop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_apart),
		WORLD_TEST(test_sentences),
		WORLD_TEST(test_identity),
		WORLD_TEST(test_reuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
