/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tables that others built. The test is the firmware, the guest, or the life
 * before: it writes descriptors by hand (DDI 0487, D8.3), good ones and hostile
 * ones. They are never freed, and never trusted.
 */
#include "unit/pgtable_support.h"

#define TABLE	 UINT64_C(3)
#define PAGE	 UINT64_C(0x0060000000000f47) /* RWC, level 3 */
#define BLOCK	 UINT64_C(0x0060000000000f45)
#define PAGE_RO	 UINT64_C(0x0060000000000fc7)
#define SOFTWARE (UINT64_C(9) << 55) /* bits 58:55 are for software */

static int adopt_as(struct rig *rig, uint64_t root, uint32_t ias,
		    uint32_t flags, struct iomm_pgtable **out)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = IOMM_PGTABLE_ADOPT | flags,
		.ias = ias,
		.memory = rig->memory,
		.root_pa = root,
	};

	rig->tlb_releases = 0;
	return rig_create(rig, &config, out);
}

static struct iomm_pgtable *adopt(struct rig *rig, uint64_t root)
{
	struct iomm_pgtable *t = NULL;

	assert_ok(adopt_as(rig, root, 39, IOMM_PGTABLE_COHERENT, &t));
	assert_int_equal(info_of(t).root_pa, root);
	rig_clear_events(rig);
	return t;
}

/* 39 bits: root is of level 1, then levels 2 and 3. */
struct tree {
	uint64_t root, level2, level3;
};

static void link_to(struct rig *rig, uint64_t table, uint32_t slot, uint64_t to)
{
	rig_desc(rig, table)[slot] = to | TABLE;
}

static struct tree plant(struct rig *rig)
{
	struct tree tree = { rig_plant(rig, 4 * KB), rig_plant(rig, 4 * KB),
			     rig_plant(rig, 4 * KB) };
	uint32_t i;

	link_to(rig, tree.root, 0, tree.level2);
	link_to(rig, tree.level2, 0, tree.level3);
	/* Pages 5 and 6, a run of 16 at page 32, a block at 4 MiB, 1 GiB. */
	rig_desc(rig, tree.level3)[5] = PAGE | 0x123000 | SOFTWARE;
	rig_desc(rig, tree.level3)[6] = PAGE_RO | 0x124000;
	for (i = 0; i < 16; i++)
		rig_desc(rig, tree.level3)[32 + i] =
			(PAGE | ARM64_CONT | 64 * MB) + i * 4096;
	rig_desc(rig, tree.level2)[2] = BLOCK | 16 * MB | SOFTWARE;
	rig_desc(rig, tree.root)[1] = BLOCK | 3 * GB;
	return tree;
}

/* Works */

static void test_reads(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	struct iomm_pgtable *t = adopt(rig, tree.root);
	struct iomm_pgtable_info info = info_of(t);
	const struct iomm_extent expected[] = {
		{ 5 * 4096, 4096, 0x123000, RWC, 0 },
		{ 6 * 4096, 4096, 0x124000, RO | IOMM_PROT_CACHE, 0 },
		{ 32 * 4096, 64 * KB, 64 * MB, RWC, 0 },
		{ 4 * MB, 2 * MB, 16 * MB, RWC, 0 },
		{ 1 * GB, 1 * GB, 3 * GB, RWC, 0 },
	};

	assert_true(info.flags & IOMM_PGTABLE_ADOPT);
	assert_int_equal(info.tables, 3);
	assert_int_equal(info.foreign, 3);
	assert_int_equal(info.spare, 0);
	assert_int_equal(info.regs[IOMM_ARM64_S1_TTBR0], tree.root);
	assert_int_equal(rig->tables, 0);
	assert_extents(t, expected, 5);
	assert_maps(t, 33 * 4096, 64 * MB + 4096, 64 * KB);
	assert_maps(t, 5 * MB, 17 * MB, 2 * MB);
	assert_walks_alike(rig, t, 5 * 4096);
	iomm_pgtable_put(t);
	/* All is left as it was. */
	assert_int_equal(rig_desc(rig, tree.level3)[5],
			 PAGE | 0x123000 | SOFTWARE);
	assert_int_equal(rig_desc(rig, tree.level2)[0], tree.level3 | TABLE);
}

static void test_works(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	struct iomm_pgtable *t = adopt(rig, tree.root);
	uint64_t mapped = 1;

	/* In a foreign table, beside what is there, and not over it. */
	map_ok(t, 7 * 4096, 0x5000, 4096, RWC);
	assert_int_equal(rig_desc(rig, tree.level3)[7], PAGE | 0x5000);
	assert_fails(iomm_pgtable_map(t, 4 * 4096, 0, 2 * 4096, RWC, 0,
				      &mapped),
		     IOMM_EEXIST, rig->ctx, "mapped at 0x5000");
	assert_int_equal(mapped, 4096);
	/* Below a foreign table, in one of ours. */
	map_ok(t, 6 * MB, 0, 4096, RWC);
	assert_int_equal(info_of(t).tables, 4);
	assert_int_equal(info_of(t).foreign, 3);
	assert_int_equal(rig->tables, 1);
	assert_int_equal(rig_desc(rig, tree.level2)[3] & 3, TABLE);
	/* Attributes that we would not write are kept. */
	unmap_ok(t, 4 * MB, 4096, 4096);
	assert_int_equal(raw_leaf(t, 4 * MB + 4096),
			 (BLOCK | 2 | 16 * MB | SOFTWARE) + 4096);
	unmap_ok(t, 32 * 4096, 4096, 4096);
	assert_int_equal(rig_desc(rig, tree.level3)[33],
			 (PAGE | 64 * MB) + 4096);
	protect_ok(t, 6 * 4096, 4096, RWC, 4096);
	assert_int_equal(rig_desc(rig, tree.level3)[6], PAGE | 0x124000);
	unmap_ok(t, 6 * MB, 2 * MB, 4096);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
	assert_int_equal(rig_desc(rig, tree.level3)[7], PAGE | 0x5000);
}

/* Emptied, a foreign table goes out of use, and is not freed, by nobody: the
 * rig fails the test when it is. */
static void test_never_freed(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	struct iomm_pgtable *t = adopt(rig, tree.root);
	uint64_t bytes = mapped_bytes(t);

	unmap_ok(t, 0, 512 * GB, bytes);
	assert_int_equal(info_of(t).tables, 1);
	assert_int_equal(info_of(t).foreign, 1);
	assert_int_equal(rig_desc(rig, tree.root)[0], 0);
	assert_int_equal(iomm_pgtable_trim(t), 0);
	assert_ok(iomm_pgtable_flush_all(t));
	assert_int_equal(info_of(t).spare, 0);
	/* Nor is it used for something else: it may be anybody's now. */
	map_ok(t, 8 * GB, 0, 4096, RWC);
	assert_int_equal(info_of(t).foreign, 1);
	assert_int_equal(rig->tables, 2);
	assert_int_not_equal(rig_desc(rig, tree.root)[8] & ~UINT64_C(0xfff),
			     tree.level2);
	assert_int_not_equal(rig_desc(rig, tree.root)[8] & ~UINT64_C(0xfff),
			     tree.level3);
	unmap_ok(t, 8 * GB, 4096, 4096);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
}

/* What stays behind links nothing that was given back. */
static void test_put_leaves_no_link(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	struct iomm_pgtable *t = adopt(rig, tree.root);

	map_ok(t, 6 * MB, 0, 4096, RWC);
	map_ok(t, 8 * GB, 0, 4096, RWC);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
	assert_int_equal(rig_desc(rig, tree.level2)[3] & 1, 0);
	assert_int_equal(rig_desc(rig, tree.root)[8] & 1, 0);
	assert_int_equal(rig_desc(rig, tree.level2)[2],
			 BLOCK | 16 * MB | SOFTWARE);
	assert_int_equal(rig_desc(rig, tree.root)[0], tree.level2 | TABLE);
}

/* Everything else works on them as well. */
static void test_operations(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	struct iomm_pgtable *t = adopt(rig, tree.root);
	struct iomm_reservation *r = NULL;
	struct iomm_cursor cursor;
	struct iomm_gather gather;
	struct iomm_extent e[8];
	uint32_t count = 8;

	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_split(t, 0, 8 * MB, 4 * KB));
	assert_maps(t, 5 * MB, 17 * MB, 4 * KB);
	assert_ok(iomm_pgtable_merge(t, 0, 8 * MB, &gather));
	assert_ok(iomm_gather_flush(&gather));
	assert_maps(t, 5 * MB, 17 * MB, 2 * MB);
	assert_maps(t, 33 * 4096, 64 * MB + 4096, 64 * KB);
	assert_ok(iomm_pgtable_reserve(t, 0, 4 * MB, &r));
	assert_ok(iomm_reservation_commit(r, 2 * MB, 0, 2 * MB, RWC,
					  IOMM_MAP_PAGE(12), NULL));
	assert_ok(iomm_reservation_commit(r, 0, 0, 5 * 4096, RWC, 0, NULL));
	iomm_reservation_put(r);
	assert_ok(iomm_cursor_init(&cursor, t));
	assert_ok(iomm_cursor_map(&cursor, 7 * 4096, 0, 4096, RWC, 0, NULL));
	assert_ok(iomm_cursor_unmap(&cursor, 5 * 4096, 4096, &gather, NULL));
	iomm_cursor_fini(&cursor);
	assert_ok(iomm_gather_flush(&gather));
	assert_ok(iomm_pgtable_unmap_extents(t, 0, 2 * GB, &gather, e,
					     sizeof(e[0]), &count));
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(mapped_bytes(t), 0);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

/* Other geometries: a first table that is small, and 48 bits. */
static void test_geometries(void **state)
{
	struct rig *rig = *state;
	uint64_t root = rig_plant(rig, 64), big = rig_plant(rig, 4 * KB);
	struct iomm_pgtable *t = NULL;

	rig_desc(rig, root)[7] = BLOCK | 5 * GB;
	assert_ok(adopt_as(rig, root, 33, 0, &t));
	assert_maps(t, 7 * GB, 5 * GB, 1 * GB);
	assert_int_equal(info_of(t).table_bytes, 64);
	iomm_pgtable_put(t);
	/* An empty one is a table like any other. */
	assert_ok(adopt_as(rig, big, 48, IOMM_PGTABLE_SHARED, &t));
	assert_int_equal(info_of(t).foreign, 1);
	map_ok(t, 0, 0, 4096, RWC);
	unmap_ok(t, 0, 4096, 4096);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
}

/* Through the linear offset of an arena. */
static void test_linear(void **state)
{
	static _Alignas(4096) uint64_t arena[4][512];
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .flags = IOMM_PGTABLE_ADOPT,
					      .ias = 30,
					      .root_pa = 0x80000000 };
	struct iomm_pgtable *t = NULL;

	memset(arena, 0, sizeof(arena));
	arena[0][0] = 0x80001000 | TABLE;
	arena[1][3] = PAGE | 0x7000;
	assert_ok(iomm_table_memory_create_arena(rig->ctx, arena, 0x80000000,
						 sizeof(arena), NULL, NULL,
						 &config.memory));
	assert_ok(rig_create(rig, &config, &t));
	assert_maps(t, 3 * 4096, 0x7000, 4096);
	iomm_pgtable_put(t);
	/* A table that ends behind the arena, and one before it. */
	config.root_pa = 0x80004000;
	assert_fails(rig_create(rig, &config, &t), IOMM_EFAULT, rig->ctx,
		     "0x80004000");
	config.root_pa = 0x80000000;
	arena[0][1] = 0x7ffff000 | TABLE;
	assert_fails(rig_create(rig, &config, &t), IOMM_EFAULT, rig->ctx,
		     "0x7ffff000");
	iomm_table_memory_put(config.memory);
}

/* Refused */

/* Nothing is kept, nothing is written, and the release runs once. */
static void refused(struct rig *rig, uint64_t root, uint32_t ias, int code,
		    const char *part)
{
	struct iomm_pgtable *none = (void *)rig, *t = none;
	uint64_t live = iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_ANY);
	char *before = malloc(NR_TABLES * TABLE_SLOT / 64);

	memcpy(before, rig->seen_by_cpu, NR_TABLES * TABLE_SLOT / 64);
	assert_fails(adopt_as(rig, root, ias, IOMM_PGTABLE_COHERENT, &t), code,
		     rig->ctx, part);
	assert_ptr_equal(t, none);
	assert_int_equal(rig->tlb_releases, 1);
	assert_int_equal(rig->tables, 0);
	assert_int_equal(iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_ANY),
			 live);
	assert_memory_equal(before, rig->seen_by_cpu,
			    NR_TABLES * TABLE_SLOT / 64);
	free(before);
}

static void test_refuses_links(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	uint64_t *root = rig_desc(rig, tree.root);
	uint64_t *level2 = rig_desc(rig, tree.level2);

	/* No such memory: as the first table, and below. */
	refused(rig, 0, 39, IOMM_EFAULT, "0x0");
	refused(rig, 0x1000, 39, IOMM_EFAULT, "0x1000");
	refused(rig, TABLES_PA - 4 * KB, 39, IOMM_EFAULT, "0xbffff000");
	refused(rig, tree.level3 + TABLE_SLOT, 39, IOMM_EFAULT, "0xc0030000");
	root[3] = 0x123456000 | TABLE;
	refused(rig, tree.root, 39, IOMM_EFAULT, "0x123456000");
	root[3] = UINT64_C(0xfffffffff000) | TABLE;
	refused(rig, tree.root, 39, IOMM_EFAULT, "0xfffffffff000");
	root[3] = 0;
	level2[511] = TABLE; /* at 0 */
	refused(rig, tree.root, 39, IOMM_EFAULT, "0x0");
	level2[511] = 0;
	/* A first table that is not aligned, and one that is not whole. */
	refused(rig, tree.root + 64, 39, IOMM_EINVAL, "0xc0000040");
	refused(rig, tree.root + 8, 39, IOMM_EINVAL, "0xc0000008");
	refused(rig, rig_plant(rig, 2 * KB), 39, IOMM_EFAULT, "0xc0030000");
	/* Beyond what the walker can put out or fetch. */
	refused(rig, UINT64_C(1) << 48, 39, IOMM_EFAULT, "0x1000000000000");
	refused(rig, ~UINT64_C(4095), 39, IOMM_EFAULT, "0xfffffffffffff000");
}

/* What restricts all below a table cannot be told of its leaves. */
static void test_refuses_restrictions(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	uint64_t *root = rig_desc(rig, tree.root);
	uint64_t *level2 = rig_desc(rig, tree.level2);
	uint32_t bit;

	for (bit = 59; bit <= 62; bit++) {
		root[0] ^= UINT64_C(1) << bit;
		refused(rig, tree.root, 39, IOMM_EOPNOTSUPP, "0xc0010");
		root[0] ^= UINT64_C(1) << bit;
		level2[0] ^= UINT64_C(1) << bit;
		refused(rig, tree.root, 39, IOMM_EOPNOTSUPP, "0xc0020");
		level2[0] ^= UINT64_C(1) << bit;
	}
}

/* A table of 512 links to itself is a tree of 512^3 tables. */
static void test_refuses_loops(void **state)
{
	struct rig *rig = *state;
	uint64_t root = rig_plant(rig, 4 * KB);
	uint32_t i;

	for (i = 0; i < 512; i++)
		link_to(rig, root, i, root);
	refused(rig, root, 48, IOMM_ENOSPC, "1048576");
}

static int
no_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	(void)data, (void)bytes, (void)max_pa, (void)va, (void)pa;
	return -IOMM_ENOMEM;
}

static void no_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	(void)data, (void)va, (void)pa, (void)bytes;
	fail_msg("nothing was given");
}

static void test_refuses_config(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .ias = 39,
					      .memory = rig->memory,
					      .root_pa = tree.root };
	struct iomm_table_memory_ops blind = {
		.size = sizeof(blind),
		.alloc = no_alloc,
		.free = no_free,
	};
	struct iomm_table_memory *memory = NULL;
	struct iomm_pgtable *t = NULL;

	assert_fails(rig_create(rig, &config, &t), IOMM_EINVAL, rig->ctx,
		     "root_pa");
	/* A provider that cannot say where memory is. */
	config.flags = IOMM_PGTABLE_ADOPT;
	assert_ok(iomm_table_memory_create(rig->ctx, &blind, NULL, NULL,
					   &memory));
	config.memory = memory;
	assert_fails(rig_create(rig, &config, &t), IOMM_EFAULT, rig->ctx,
		     "0xc0000000");
	iomm_table_memory_put(memory);
	assert_null(t);
	assert_int_equal(rig->tlb_releases, 2);
}

/* Each allocation fails in turn. */
static void test_without_memory(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	struct iomm_pgtable *t = NULL;
	uint64_t n, live = iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_ANY);

	for (n = 1;; n++) {
		rig->fail_at = rig->sites + n;
		if (!adopt_as(rig, tree.root, 39, 0, &t))
			break;
		rig->fail_at = 0;
		assert_null(t);
		assert_int_equal(rig->tlb_releases, 1);
		assert_int_equal(rig->tables, 0);
		assert_int_equal(iomm_ctx_live_handles(rig->ctx,
						       IOMM_HANDLE_ANY),
				 live);
	}
	rig->fail_at = 0;
	assert_true(n > 3);
	assert_maps(t, 5 * 4096, 0x123000, 4096);
	iomm_pgtable_put(t);
}

/* Hostile, and not refused: whatever comes of it stays in memory that is
 * tables, and the library's books stay whole. */

static void churn(struct rig *rig, struct iomm_pgtable *t)
{
	struct iomm_gather gather;
	struct iomm_reservation *r = NULL;
	uint64_t iova, moved;
	int err;

	iomm_gather_init(&gather);
	for (iova = 0; iova < 4 * GB; iova += 512 * MB) {
		err = iomm_pgtable_map(t, iova + 4096, 0, 3 * MB, RWC, 0,
				       &moved);
		assert_true(!err || err == -IOMM_EEXIST);
		err = iomm_pgtable_protect(t, iova, 2 * MB, RO, &gather,
					   &moved);
		assert_ok(err);
		err = iomm_pgtable_split(t, iova, 4 * MB, 4 * KB);
		assert_ok(err);
		err = iomm_pgtable_merge(t, iova, 4 * MB, &gather);
		assert_ok(err);
		if (!iomm_pgtable_reserve(t, iova, 2 * MB, &r)) {
			err = iomm_reservation_commit(r, iova, 0, 2 * MB, RWC,
						      0, &moved);
			assert_true(!err || err == -IOMM_EEXIST);
			iomm_reservation_put(r);
		}
		err = iomm_pgtable_unmap(t, iova + 8192, 1 * MB, &gather,
					 &moved);
		assert_ok(err);
	}
	assert_ok(iomm_pgtable_unmap(t, 0, 512 * GB, &gather, &moved));
	assert_ok(iomm_gather_flush(&gather));
	(void)iomm_pgtable_trim(t);
	(void)mapped_bytes(t);
	rig_assert_balanced(rig, t);
}

/* Two slots, and two levels, share a table; a table is its own child. */
static void test_shared_links(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	struct iomm_pgtable *t;

	link_to(rig, tree.level2, 7, tree.level3);
	link_to(rig, tree.root, 2, tree.level2);
	link_to(rig, tree.level2, 9, tree.level2);
	t = adopt(rig, tree.root);
	assert_maps(t, 7 * 2 * MB + 5 * 4096, 0x123000, 4096);
	assert_maps(t, 2 * GB + 5 * 4096, 0x123000, 4096);
	churn(rig, t);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
}

static void test_own_child(void **state)
{
	struct rig *rig = *state;
	uint64_t root = rig_plant(rig, 4 * KB);
	struct iomm_pgtable *t = NULL;

	link_to(rig, root, 0, root);
	link_to(rig, root, 5, root);
	assert_ok(adopt_as(rig, root, 39, IOMM_PGTABLE_COHERENT, &t));
	churn(rig, t);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
}

/* Encodings that are reserved, runs that are none, addresses too wide. */
static void test_nonsense(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	uint64_t *level3 = rig_desc(rig, tree.level3);
	uint64_t *level2 = rig_desc(rig, tree.level2);
	struct iomm_pgtable *t;
	uint32_t i;

	level3[0] = 1; /* reserved at level 3 */
	level3[1] = UINT64_C(0xfffffffffffffffe);
	level3[2] = UINT64_MAX;
	level3[3] = 2;
	for (i = 64; i < 80; i++) /* a run with gaps and of all sorts */
		level3[i] = i & 1 ? 0 : (PAGE | ARM64_CONT | i << 17);
	level3[511] = PAGE | ARM64_CONT | 4096;
	level2[5] = BLOCK | ARM64_CONT | 2 * MB;
	level2[6] = UINT64_C(0xfffffffffffffffd);
	t = adopt(rig, tree.root);
	assert_hole(t, 0);
	assert_hole(t, 4096);
	assert_hole(t, 65 * 4096);
	/* One page of what pretends to be a run: no hole is filled by it. */
	unmap_ok(t, 66 * 4096, 4096, 4096);
	for (i = 65; i < 80; i += 2)
		assert_hole(t, i * 4096);
	churn(rig, t);
	iomm_pgtable_put(t);
}

/* What is written there behind our back is a mistake, and not one that takes
 * the library down. */
static void test_written_by_others(void **state)
{
	struct rig *rig = *state;
	struct tree tree = plant(rig);
	struct iomm_pgtable *t = adopt(rig, tree.root);
	uint32_t i;

	for (i = 0; i < 512; i++) {
		rig_desc(rig, tree.level2)[i] = UINT64_MAX;
		rig_desc(rig, tree.level3)[i] = tree.root | TABLE;
		rig_desc(rig, tree.root)[i] = 0;
	}
	churn(rig, t);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_reads),
		RIG_TEST(test_works),
		RIG_TEST(test_never_freed),
		RIG_TEST(test_put_leaves_no_link),
		RIG_TEST(test_operations),
		RIG_TEST(test_geometries),
		RIG_TEST(test_linear),
		RIG_TEST(test_refuses_links),
		RIG_TEST(test_refuses_restrictions),
		RIG_TEST(test_refuses_loops),
		RIG_TEST(test_refuses_config),
		RIG_TEST(test_without_memory),
		RIG_TEST(test_shared_links),
		RIG_TEST(test_own_child),
		RIG_TEST(test_nonsense),
		RIG_TEST(test_written_by_others),
	};

	return cmocka_run_group_tests_name("pgtable, adopting", tests, NULL,
					   NULL);
}
