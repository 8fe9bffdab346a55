/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Making a page table, and each way in which that is refused. */
#include "unit/pgtable_support.h"

#ifndef IOMM_CHECKED
#define IOMM_CHECKED 0
#endif

static struct iomm_pgtable_config good_config(struct rig *rig)
{
	return (struct iomm_pgtable_config){
		.size = sizeof(struct iomm_pgtable_config),
		.memory = rig->memory,
	};
}

static void refused(struct rig *rig, const struct iomm_pgtable_config *config,
		    int code, const char *part)
{
	struct iomm_pgtable *none = (void *)rig, *pgtable = none;

	rig->tlb_releases = 0;
	assert_fails(rig_create(rig, config, &pgtable), code, rig->ctx, part);
	assert_ptr_equal(pgtable, none);
	assert_int_equal(rig->tlb_releases, 1);
	assert_int_equal(rig->tables, 0);
	assert_int_equal(iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_ANY), 2);
}

static void test_create_defaults(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = NULL;
	struct iomm_pgtable_info info;

	assert_ok(iomm_pgtable_create(rig->ctx, "arm64-s1", NULL, NULL, NULL,
				      NULL, &pgtable));
	info = info_of(pgtable);
	assert_int_equal(info.flags, 0);
	assert_int_equal(info.granule, 4 * KB);
	assert_int_equal(info.page_sizes, 4 * KB | 64 * KB | 2 * MB | 32 * MB |
						  1 * GB | 16 * GB);
	assert_int_equal(info.ias, 48);
	assert_int_equal(info.oas, 48);
	assert_int_equal(info.first_iova, 0);
	assert_int_equal(info.last_iova, 256 * TB - 1);
	assert_int_equal(info.tables, 1);
	assert_int_equal(info.table_bytes, 4096);
	assert_int_equal(info.quarantined, 0);
	assert_int_equal(info.root_pa & 4095, 0);
	assert_int_not_equal(info.root_pa, 0);
	map_ok(pgtable, 0, 0, 1 * GB, RW);
	iomm_pgtable_put(pgtable);
}

static void test_create_refuses_arguments(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = good_config(rig);
	struct iomm_pgtable *pgtable = NULL;
	struct {
		struct iomm_pgtable_config config;
		uint64_t later;
	} longer = { config, 1 };

	assert_int_equal(iomm_pgtable_create(NULL, "arm64-s1", &config, NULL,
					     NULL, NULL, &pgtable),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_pgtable_create(NULL, "arm64-s1", &config,
					     &rig_tlb, rig, rig_tlb_release,
					     &pgtable),
			 -IOMM_EINVAL);
	assert_int_equal(rig->tlb_releases, 1);
	assert_fails(iomm_pgtable_create(rig->ctx, NULL, &config, &rig_tlb, rig,
					 rig_tlb_release, &pgtable),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_int_equal(rig->tlb_releases, 2);
	assert_fails(rig_create(rig, &config, NULL), IOMM_EINVAL, rig->ctx,
		     "NULL");
	assert_int_equal(rig->tlb_releases, 3);
	assert_fails(iomm_pgtable_create(rig->ctx, "riscv-sv99", &config,
					 &rig_tlb, rig, rig_tlb_release,
					 &pgtable),
		     IOMM_ENOENT, rig->ctx, "riscv-sv99");
	assert_int_equal(rig->tlb_releases, 4);
	assert_null(pgtable);

	config.size = IOMM_PGTABLE_CONFIG_SIZE_VER0 - 1;
	refused(rig, &config, IOMM_EINVAL, "iomm_pgtable_config");
	config.size = 0;
	refused(rig, &config, IOMM_EINVAL, "size 0");
	longer.config.size = sizeof(longer);
	refused(rig, &longer.config, IOMM_E2BIG, "iomm_pgtable_config");
}

static void test_create_refuses_config(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = good_config(rig);

	config.flags = 1u << 10;
	refused(rig, &config, IOMM_EINVAL, "0x400");
	config = good_config(rig);
	config.granule = 8 * KB;
	refused(rig, &config, IOMM_EINVAL, "arm64-s1 has no granule of 8 KiB");
	config.granule = 4 * KB | 16 * KB;
	refused(rig, &config, IOMM_EINVAL, "no granule of 20 KiB");
	config = good_config(rig);
	config.ias = 53;
	refused(rig, &config, IOMM_EINVAL,
		"ias 53 is over the 52 bits that arm64-s1 with a 4 KiB granule "
		"can translate");
	config.ias = UINT32_MAX;
	refused(rig, &config, IOMM_EINVAL, "over the 52 bits");
	config.ias = 24;
	refused(rig, &config, IOMM_EINVAL, "ias 24 is under the 25 bits");
	config = good_config(rig);
	config.oas = 53;
	refused(rig, &config, IOMM_EINVAL, "oas 53 is over the 52 bits");
	config.oas = UINT32_MAX;
	refused(rig, &config, IOMM_EINVAL, "over the 52 bits");
	config.oas = 11;
	refused(rig, &config, IOMM_EINVAL, "oas 11 has no room");
	config = good_config(rig);
	config.max_table_pa = 1;
	refused(rig, &config, IOMM_EINVAL, "max_table_pa");
	config = good_config(rig);
	config.numa_node = 1;
	refused(rig, &config, IOMM_EINVAL, "numa_node 1 is set without");
	config = good_config(rig);
	config.reserved = 2;
	refused(rig, &config, IOMM_EINVAL, "reserved is 2, not 0");
}

static void test_create_refuses_page_sizes(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = good_config(rig);

	config.page_sizes = 4 * KB | 128 * KB;
	refused(rig, &config, IOMM_EINVAL, "page sizes 0x21000");
	config.granule = 16 * KB;
	config.page_sizes = 4 * KB;
	refused(rig, &config, IOMM_EINVAL, "16 KiB granule has only");
	config.granule = 4 * KB;
	config.page_sizes = 1 * GB;
	config.ias = 30;
	refused(rig, &config, IOMM_EINVAL, "do not fit in an ias of 30");
	/* A run may be longer than the table whose leaves make it. */
	config.granule = 16 * KB;
	config.ias = 29;
	refused(rig, &config, IOMM_EINVAL, "do not fit in an ias of 29");
}

static void test_create_refuses_tlb(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = good_config(rig);
	struct iomm_pgtable *pgtable = NULL;
	struct iomm_tlb_ops bad[5];
	uint32_t i;

	for (i = 0; i < 5; i++)
		bad[i] = rig_tlb;
	bad[0].size--;
	bad[1].flush = NULL;
	bad[2].flush_all = NULL;
	bad[3].flags = 1;
	bad[4].size = 0;
	for (i = 0; i < 5; i++) {
		assert_fails(iomm_pgtable_create(rig->ctx, "arm64-s1", &config,
						 &bad[i], rig, rig_tlb_release,
						 &pgtable),
			     IOMM_EINVAL, rig->ctx, "");
		assert_int_equal(rig->tlb_releases, i + 1);
	}
	assert_null(pgtable);
}

static void test_create_refuses_memory(void **state)
{
	struct rig *rig = *state;
	static _Alignas(4096) char page[4096];
	struct iomm_pgtable_config config = good_config(rig);
	struct iomm_format *format;
	struct iomm_ctx *other;

	assert_ok(iomm_ctx_create(NULL, &other));
	assert_ok(iomm_table_memory_create_arena(other, page, 0, 4096, NULL,
						 NULL, &config.memory));
	refused(rig, &config, IOMM_EINVAL, "another context");
	iomm_table_memory_put(config.memory);
	assert_ok(iomm_format_request(other, "arm64-s1", 0, 0, &format));
	config.memory = (void *)format;
	refused(rig, &config, IOMM_EINVAL, "no table memory");
	iomm_format_put(format);
	iomm_ctx_put(other);
}

/* A table's own memory must be in reach of its walker. */
static void test_max_table_pa(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = good_config(rig);
	struct iomm_pgtable *pgtable;

	config.flags = IOMM_PGTABLE_MAX_TABLE_PA;
	config.max_table_pa = TABLES_PA + 4094;
	refused(rig, &config, IOMM_ENOMEM, "no 4 KiB up to 0xc0000ffe");
	config.max_table_pa = 0; /* a value like any other */
	refused(rig, &config, IOMM_ENOMEM, "up to 0x0");
	config.max_table_pa = TABLES_PA + 4095;
	assert_ok(rig_create(rig, &config, &pgtable));
	assert_int_equal(iomm_pgtable_map(pgtable, 0, 0, 4096, RW, 0, NULL),
			 -IOMM_ENOMEM);
	iomm_pgtable_put(pgtable);
	/* Nor does it look beyond the output width. */
	config = good_config(rig);
	config.oas = 30;
	refused(rig, &config, IOMM_ENOMEM, "up to 0x3fffffff");
}

/* Every allocation fails in turn: nothing is lost, `release` runs once. */
static void test_create_without_memory(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = good_config(rig);
	struct iomm_pgtable *pgtable = NULL;
	uint64_t sites;
	int64_t blocks = rig->blocks;

	for (sites = 1;; sites++) {
		rig->tlb_releases = 0;
		rig->fail_at = rig->sites + sites;
		if (!rig_create(rig, &config, &pgtable))
			break;
		assert_null(pgtable);
		assert_int_equal(rig->tlb_releases, 1);
		assert_int_equal(rig->tables, 0);
		/* A checked build keeps the heads of dead handles. */
		assert_true(IOMM_CHECKED || rig->blocks == blocks);
	}
	assert_true(sites > 3); /* format, table, books, root */
	rig->fail_at = 0;
	iomm_pgtable_put(pgtable);
	assert_int_equal(rig->tlb_releases, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_create_defaults),
		RIG_TEST(test_create_refuses_arguments),
		RIG_TEST(test_create_refuses_config),
		RIG_TEST(test_create_refuses_page_sizes),
		RIG_TEST(test_create_refuses_tlb),
		RIG_TEST(test_create_refuses_memory),
		RIG_TEST(test_max_table_pa),
		RIG_TEST(test_create_without_memory),
	};

	return cmocka_run_group_tests_name("pgtable, creating", tests, NULL,
					   NULL);
}
