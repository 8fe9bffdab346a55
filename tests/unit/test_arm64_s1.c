/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * arm64-s1 against the Arm Architecture Reference Manual (DDI 0487): golden
 * descriptors and registers worked out by hand, geometry, what a split does,
 * and the order in which a walker sees it all.
 */
#include "unit/pgtable_support.h"

/*
 * Golden descriptors. D8.3, stage 1, granules of 4, 16 and 64 KiB:
 *
 *   1:0    3 a page (level 3) or table, 1 a block
 *   4:2    AttrIndx, by MAIR: 0 not cacheable, 1 write-back, 2 device
 *   6      AP[1]: EL0 may access        7  AP[2]: read-only
 *   9:8    SH: 2 outer, 3 inner shareable
 *   10     AF, set: no access flag faults    11 nG, set: belongs to an ASID
 *   47:n   output address               53 PXN   54 UXN
 *
 * AF and nG are 0xc00; both XN are 0x0060000000000000.
 */
struct golden {
	uint64_t granule;
	uint64_t iova, paddr, bytes;
	uint32_t prot;
	uint32_t level;
	uint64_t desc;
};

static const struct golden golden[] = {
	/* The usual DMA page: 3, index 1 (4), AP[1] (0x40), inner (0x300),
	 * 0xc00 = 0xf47; XN. */
	{ 4 * KB, 0x1000, 0x800001000, 4 * KB, RWC, 3, 0x0060000800001f47 },
	/* Not cacheable: index 0, outer (0x200): 0x3 + 0x40 + 0x200 + 0xc00. */
	{ 4 * KB, 0x2000, 0x2000, 4 * KB, RW, 3, 0x0060000000002e43 },
	/* Read-only adds AP[2] (0x80). */
	{ 4 * KB, 0x3000, 0x3000, 4 * KB, RO, 3, 0x0060000000003ec3 },
	{ 4 * KB, 0x4000, 0x4000, 4 * KB, RO | IOMM_PROT_CACHE, 3,
	  0x0060000000004fc7 },
	/* Device memory: index 2 (8), and outer: 0x3 + 0x8 + 0x40 + 0xe00. */
	{ 4 * KB, 0x5000, 0xfe005000, 4 * KB, RW | IOMM_PROT_MMIO, 3,
	  0x00600000fe005e4b },
	/* Executable: neither PXN nor UXN. */
	{ 4 * KB, 0x6000, 0x6000, 4 * KB, RO | IOMM_PROT_CACHE | IOMM_PROT_EXEC,
	  3, 0x0000000000006fc7 },
	/* Privileged: AP[1] clear. */
	{ 4 * KB, 0x7000, 0x7000, 4 * KB, RWC | IOMM_PROT_PRIV, 3,
	  0x0060000000007f07 },
	/* Privileged, read-only, executable: AP = 0b10. */
	{ 4 * KB, 0x8000, 0x8000, 4 * KB, RO | IOMM_PROT_PRIV | IOMM_PROT_EXEC,
	  3, 0x0000000000008e83 },
	/* The last page of 48 bits: address bits 47:12 are all ones. */
	{ 4 * KB, 0x9000, 0xfffffffff000, 4 * KB, RWC, 3, 0x0060ffffffffff47 },
	/* Output address 0. */
	{ 4 * KB, 0xa000, 0, 4 * KB, RWC, 3, 0x0060000000000f47 },
	/* A block has 1 in 1:0, hence 0xf45: level 2 is 2 MiB, level 1 1 GiB */
	{ 4 * KB, 0x40200000, 0x80200000, 2 * MB, RWC, 2, 0x0060000080200f45 },
	{ 4 * KB, 0x80000000, 0xfc0000000, 1 * GB, RWC, 1, 0x0060000fc0000f45 },
	{ 4 * KB, 0xc0000000, 0x40000000, 1 * GB, RW | IOMM_PROT_MMIO, 1,
	  0x0060000040000e49 },
	/* 16 KiB: pages, and blocks of 32 MiB at level 2. */
	{ 16 * KB, 0x4000, 0x80004000, 16 * KB, RWC, 3, 0x0060000080004f47 },
	{ 16 * KB, 0x2000000, 0x82000000, 32 * MB, RO, 2, 0x0060000082000ec1 },
	/* 64 KiB: pages, and blocks of 512 MiB at level 2. */
	{ 64 * KB, 0x10000, 0x80010000, 64 * KB, RWC, 3, 0x0060000080010f47 },
	{ 64 * KB, 0x20000000, 0xa0000000, 512 * MB,
	  RWC | IOMM_PROT_EXEC | IOMM_PROT_PRIV, 2, 0x00000000a0000f05 },
};

#define NR_GOLDEN (sizeof(golden) / sizeof(golden[0]))

static int keep_entry(void *data, const struct iomm_walk_entry *entry)
{
	if (entry->kind == IOMM_WALK_LEAF)
		*(struct iomm_walk_entry *)data = *entry;
	return 0;
}

static void check_golden(struct rig *rig, const struct golden *g)
{
	struct iomm_pgtable *t = rig_table(rig, g->granule, 48, 0);
	struct iomm_walk_entry leaf = { .size = 0 };
	struct iomm_translation at = { .size = sizeof(at) };

	map_ok(t, g->iova, g->paddr, g->bytes, g->prot);
	assert_ok(iomm_pgtable_walk(t, g->iova, 1, keep_entry, &leaf));
	assert_int_equal(leaf.raw, g->desc);
	assert_int_equal(leaf.level, g->level);
	assert_int_equal(leaf.bytes, g->bytes);
	assert_int_equal(leaf.prot, g->prot);
	assert_ok(iomm_pgtable_translate(t, g->iova + g->bytes - 1, &at));
	assert_int_equal(at.paddr, g->paddr + g->bytes - 1);
	assert_int_equal(at.prot, g->prot);
	assert_int_equal(at.page_size, g->bytes);
	iomm_pgtable_put(t);
}

static void test_golden(void **state)
{
	uint32_t i;

	for (i = 0; i < NR_GOLDEN; i++)
		check_golden(*state, &golden[i]);
}

/*
 * D19.2, TCR_EL1: T0SZ 5:0, IRGN0 9:8, ORGN0 11:10, SH0 13:12, TG0 15:14 (0 is
 * 4K, 2 is 16K, 1 is 64K), EPD1 23, IPS 34:32 (0, 1, .. 5 for 32, 36, 40, 42,
 * 44, 48 bits). A snooping walker: write-back (1 and 1), inner shareable (3);
 * else not cacheable (0 and 0), outer shareable (2).
 */
struct golden_tcr {
	uint64_t granule;
	uint32_t ias, oas, flags;
	uint64_t tcr;
};

static const struct golden_tcr golden_tcr[] = {
	/* T0SZ 16; 0x100 + 0x400 + 0x3000; EPD1; IPS 5 */
	{ 4 * KB, 48, 48, IOMM_PGTABLE_COHERENT, 0x500803510 },
	/* T0SZ 25; 0x2000; TG0 2; IPS 2 */
	{ 16 * KB, 39, 40, 0, 0x20080a019 },
	/* T0SZ 22; 0x3500; TG0 1; IPS 4 */
	{ 64 * KB, 42, 44, IOMM_PGTABLE_COHERENT, 0x400807516 },
	/* T0SZ 39; IPS 0 */
	{ 4 * KB, 25, 32, 0, 0x000802027 },
	/* Widths that IPS cannot say take the next that it can. */
	{ 4 * KB, 32, 33, 0, 0x100802020 },
	{ 4 * KB, 32, 42, 0, 0x300802020 },
	{ 4 * KB, 32, 45, 0, 0x500802020 },
};

static void test_registers(void **state)
{
	struct rig *rig = *state;
	const struct golden_tcr *g = golden_tcr;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .memory = rig->memory };
	struct iomm_pgtable_info info;
	struct iomm_pgtable *t;

	for (; g < golden_tcr + 7; g++) {
		config.granule = g->granule;
		config.ias = g->ias;
		config.oas = g->oas;
		config.flags = g->flags;
		assert_ok(rig_create(rig, &config, &t));
		info = info_of(t);
		assert_int_equal(info.oas, g->oas);
		assert_int_equal(info.ias, g->ias);
		assert_int_equal(info.last_iova, (UINT64_C(1) << g->ias) - 1);
		assert_int_equal(info.regs[IOMM_ARM64_S1_TCR], g->tcr);
		assert_int_equal(info.regs[IOMM_ARM64_S1_TTBR0], info.root_pa);
		/* 0x04 device nGnRE, 0xff write-back, 0x44 not cacheable */
		assert_int_equal(info.regs[IOMM_ARM64_S1_MAIR], 0x04ff44);
		assert_int_equal(info.regs[3], 0);
		iomm_pgtable_put(t);
	}
}

/* The output width is checked as it was asked for, whatever IPS says. */
static void test_output_width(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .oas = 33,
					      .memory = rig->memory };
	struct iomm_pgtable *t;

	assert_ok(rig_create(rig, &config, &t));
	map_ok(t, 0, 8 * GB - 4096, 4096, RW);
	assert_fails(iomm_pgtable_map(t, 4096, 8 * GB, 4096, RW, 0, NULL),
		     IOMM_EINVAL, rig->ctx, "the last address of 33 bits");
	iomm_pgtable_put(t);
}

/*
 * Geometry, D8.2: a level resolves 9, 11 or 13 bits; the first one what is
 * left. A first table is aligned to its size, and to 64 bytes.
 */
struct geometry {
	uint64_t granule;
	uint32_t ias;
	uint32_t level;
	uint64_t root_bytes;
	uint64_t page_sizes;
};

#define SIZES_4K  (4 * KB | 2 * MB | 1 * GB)
#define SIZES_16K (16 * KB | 32 * MB)
#define SIZES_64K (64 * KB | 512 * MB)

static const struct geometry geometry[] = {
	{ 4 * KB, 48, 0, 4096, SIZES_4K },
	{ 4 * KB, 40, 0, 64, SIZES_4K },
	{ 4 * KB, 39, 1, 4096, SIZES_4K },
	{ 4 * KB, 36, 1, 512, SIZES_4K },
	{ 4 * KB, 31, 1, 64, SIZES_4K },
	{ 4 * KB, 30, 2, 4096, 4 * KB | 2 * MB },
	{ 4 * KB, 25, 2, 128, 4 * KB | 2 * MB },
	{ 16 * KB, 48, 0, 64, SIZES_16K },
	{ 16 * KB, 47, 1, 16384, SIZES_16K },
	{ 16 * KB, 37, 1, 64, SIZES_16K },
	{ 16 * KB, 36, 2, 16384, SIZES_16K },
	{ 16 * KB, 26, 2, 64, SIZES_16K },
	{ 16 * KB, 25, 3, 16384, 16 * KB },
	{ 64 * KB, 48, 1, 512, SIZES_64K },
	{ 64 * KB, 43, 1, 64, SIZES_64K },
	{ 64 * KB, 42, 2, 65536, SIZES_64K },
	{ 64 * KB, 30, 2, 64, SIZES_64K },
	{ 64 * KB, 29, 3, 65536, 64 * KB },
	{ 64 * KB, 25, 3, 4096, 64 * KB },
};

/* The first and the last page of the width, through every level. */
static void check_geometry(struct rig *rig, const struct geometry *g)
{
	struct iomm_pgtable *t = rig_table(rig, g->granule, g->ias, 0);
	uint64_t last = (UINT64_C(1) << g->ias) - g->granule;
	struct iomm_pgtable_info info = info_of(t);

	assert_int_equal(info.table_bytes, g->root_bytes);
	assert_int_equal(info.root_pa & (g->root_bytes - 1), 0);
	assert_int_equal(info.page_sizes, g->page_sizes);
	assert_int_equal(info.granule, g->granule);
	map_ok(t, 0, g->granule, g->granule, RWC);
	map_ok(t, last, 7 * g->granule, g->granule, RO);
	assert_maps(t, 0, g->granule, g->granule);
	assert_maps(t, last, 7 * g->granule, g->granule);
	assert_hole(t, last - g->granule);
	assert_walks_alike(rig, t, 0);
	assert_walks_alike(rig, t, g->granule);
	assert_walks_alike(rig, t, last + 5);
	/* Two leaf tables (or one, the first table) below levels of two. */
	info = info_of(t);
	if (g->level == 3)
		assert_int_equal(info.tables, 1);
	else
		assert_int_equal(info.tables, 1 + 2 * (3 - g->level));
	unmap_ok(t, 0, last + g->granule, 2 * g->granule);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static void test_geometry(void **state)
{
	uint32_t i;

	for (i = 0; i < sizeof(geometry) / sizeof(geometry[0]); i++)
		check_geometry(*state, &geometry[i]);
}

/* Largest leaves that fit, and those of the mask only. */
static void test_leaf_sizes(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .memory = rig->memory };
	struct iomm_pgtable *t;

	assert_ok(rig_create(rig, &config, &t));
	map_ok(t, 1 * GB - 2 * MB - 4096, 1 * GB - 2 * MB - 4096,
	       1 * GB + 4 * MB + 8192, RW);
	assert_maps(t, 1 * GB - 2 * MB - 1, 1 * GB - 2 * MB - 1, 4 * KB);
	assert_maps(t, 1 * GB - 1, 1 * GB - 1, 2 * MB);
	assert_maps(t, 1 * GB, 1 * GB, 1 * GB);
	assert_maps(t, 2 * GB, 2 * GB, 2 * MB);
	assert_maps(t, 2 * GB + 2 * MB, 2 * GB + 2 * MB, 4 * KB);
	/* Output addresses must fit too. */
	map_ok(t, 8 * GB, 8 * GB + 2 * MB, 1 * GB, RW);
	assert_maps(t, 9 * GB - 1, 9 * GB + 2 * MB - 1, 2 * MB);
	map_ok(t, 16 * GB, 16 * GB + 4096, 2 * MB, RW);
	assert_maps(t, 16 * GB, 16 * GB + 4096, 4 * KB);
	iomm_pgtable_put(t);

	config.page_sizes = 2 * MB;
	assert_ok(rig_create(rig, &config, &t));
	assert_int_equal(info_of(t).page_sizes, 2 * MB);
	map_ok(t, 0, 0, 1 * GB, RW);
	assert_maps(t, 5, 5, 2 * MB);
	assert_fails(iomm_pgtable_map(t, 1 * GB, 0, 4096, RW, 0, NULL),
		     IOMM_EINVAL, rig->ctx, "smallest page size, 2 MiB");
	unmap_ok(t, 2 * MB, 2 * MB, 2 * MB);
	assert_hole(t, 2 * MB);
	iomm_pgtable_put(t);
}

/* Splitting */

struct cut {
	uint64_t granule, block, hole;
	uint32_t tables; /* made by it */
	uint64_t near;	 /* leaf size beside the hole */
};

static const struct cut cuts[] = {
	{ 4 * KB, 2 * MB, 4 * KB, 1, 4 * KB },
	{ 4 * KB, 1 * GB, 4 * KB, 2, 4 * KB },
	{ 4 * KB, 1 * GB, 2 * MB, 1, 2 * MB },
	{ 4 * KB, 1 * GB, 6 * MB, 1, 2 * MB },
	{ 16 * KB, 32 * MB, 16 * KB, 1, 16 * KB },
	{ 64 * KB, 512 * MB, 64 * KB, 1, 64 * KB },
	{ 64 * KB, 512 * MB, 1 * MB, 1, 64 * KB },
};

/* Cuts [offset, offset + hole) out of a block and looks at what is left. */
static void cut(struct rig *rig, const struct cut *c, uint64_t offset)
{
	struct iomm_pgtable *t =
		rig_table(rig, c->granule, 48, IOMM_PGTABLE_COHERENT);
	uint64_t iova = 4 * GB, paddr = 64 * GB, at;
	uint32_t prot = RO | IOMM_PROT_CACHE | IOMM_PROT_EXEC;
	struct iomm_translation got = { .size = sizeof(got) };
	uint64_t raw, tables;

	map_ok(t, iova, paddr, c->block, prot);
	tables = info_of(t).tables;
	raw = raw_leaf(t, iova);
	unmap_ok(t, iova + offset, c->hole, c->hole);
	assert_int_equal(info_of(t).tables, tables + c->tables);
	for (at = 0; at < c->block; at += c->block / 512) {
		if (at + c->block / 512 > offset && at < offset + c->hole)
			continue;
		assert_ok(iomm_pgtable_translate(t, iova + at, &got));
		assert_int_equal(got.paddr, paddr + at);
		assert_int_equal(got.prot, prot);
	}
	assert_hole(t, iova + offset);
	assert_hole(t, iova + offset + c->hole - 1);
	if (offset) {
		assert_maps(t, iova + offset - 1, paddr + offset - 1, c->near);
		/* The same attributes; page and block differ in bit 1. */
		assert_int_equal(raw_leaf(t, iova) & ~UINT64_C(2), raw);
	}
	if (offset + c->hole < c->block)
		assert_maps(t, iova + offset + c->hole,
			    paddr + offset + c->hole, c->near);
	/* The hole is a hole: it can be filled, and all goes in the end. */
	map_ok(t, iova + offset, paddr, c->hole, RW);
	unmap_ok(t, iova, c->block, c->block);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static void test_split(void **state)
{
	const struct cut *c = cuts;

	for (; c < cuts + sizeof(cuts) / sizeof(cuts[0]); c++) {
		cut(*state, c, 0);
		cut(*state, c, c->hole);
		cut(*state, c, c->hole * (c->block / 2 / c->hole + 1));
		cut(*state, c, c->block - c->hole);
	}
}

/* Without a size between, the rest of a block becomes many small leaves. */
static void test_split_skips_a_level(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .ias = 32,
					      .page_sizes = 4 * KB | 1 * GB };
	struct iomm_pgtable *t;
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	assert_ok(rig_create(rig, &config, &t));
	map_ok(t, 0, 1 * GB, 1 * GB, RW);
	assert_maps(t, 0, 1 * GB, 1 * GB);
	unmap_ok(t, 512 * MB, 4096, 4096);
	assert_int_equal(info_of(t).tables, 1 + 1 + 512);
	assert_maps(t, 512 * MB - 1, 1536 * MB - 1, 4 * KB);
	assert_maps(t, 512 * MB + 4096, 1536 * MB + 4096, 4 * KB);
	assert_hole(t, 512 * MB);
	unmap_ok(t, 0, 1 * GB, 1 * GB - 4096);
	iomm_pgtable_put(t);
}

/* Break before make (D8.17): the block is cleared, invalidated, and only then
 * is there a table, which is whole. */
struct bbm {
	struct iomm_pgtable *pgtable;
	uint32_t flushes;
};

static void see_broken(struct rig *rig, uint64_t iova, uint64_t last)
{
	struct bbm *bbm = rig->user;

	bbm->flushes++;
	assert_int_equal(iova, 2 * MB);
	assert_int_equal(last, 4 * MB - 1);
	/* The CPU's view, and the walker's. */
	assert_int_equal(*rig->watch, 0);
}

static void break_make(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 30, flags);
	struct bbm bbm = { t, 0 };
	struct iomm_gather gather;
	uint64_t pa = info_of(t).root_pa + 8, seen;

	map_ok(t, 2 * MB, 0, 2 * MB, RW);
	rig->watch = rig_desc(rig, pa);
	assert_int_equal(*rig->watch & 3, 1);
	rig_clear_events(rig);
	rig->user = &bbm;
	rig->on_flush = see_broken;
	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_unmap(t, 3 * MB, 4096, &gather, NULL));
	assert_int_equal(bbm.flushes, 1);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->page_size, 2 * MB);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->flags, 0);
	assert_int_equal(*rig->watch & 3, 3);
	/* The block was invalidated as a whole: nothing is left to do. */
	assert_int_equal(iomm_gather_pending(&gather), 0);
	if (!flags) {
		/* The table, the broken entry; flush; the link. */
		assert_int_equal(rig_count(rig, EV_SYNC), 3);
		assert_int_equal(rig->events[1].kind, EV_SYNC);
		assert_int_equal(rig->events[1].last, 4096);
		assert_int_equal(rig->events[2].kind, EV_SYNC);
		assert_int_equal(rig->events[2].iova, pa);
		assert_int_equal(rig->events[2].watched, 0);
		assert_int_equal(rig->events[3].kind, EV_FLUSH);
		assert_int_equal(rig->events[4].iova, pa);
		assert_int_equal(rig->events[4].watched & 3, 3);
		assert_ok(rig_fetch(rig, pa, &seen));
		assert_int_equal(seen, *rig->watch);
		rig_assert_synced(rig);
	}
	rig->on_flush = NULL;
	rig->watch = NULL;
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

static void test_break_before_make(void **state)
{
	break_make(*state, IOMM_PGTABLE_COHERENT);
	break_make(*state, 0);
}

/* The flush fails: the block is back, and the new table gone. */
static void test_break_fails(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);
	struct iomm_gather gather;
	struct dump before;
	uint64_t unmapped = 3;

	map_ok(t, 0, 1 * GB, 1 * GB, RW);
	dump_table(t, &before);
	iomm_gather_init(&gather);
	rig->tlb_error = -IOMM_ETIMEDOUT;
	rig->tlb_fail_in = 1;
	assert_fails(iomm_pgtable_unmap(t, 0, 4096, &gather, &unmapped),
		     IOMM_ETIMEDOUT, rig->ctx, "not invalidated");
	assert_int_equal(unmapped, 0);
	assert_unchanged(t, &before);
	assert_int_equal(rig->tables, 1);
	rig_assert_synced(rig);
	assert_ok(iomm_pgtable_unmap(t, 0, 4096, &gather, &unmapped));
	assert_int_equal(unmapped, 4096);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* Each allocation of a split fails in turn: the block stays as it was. */
static void test_split_without_memory(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);
	struct iomm_gather gather;
	uint64_t unmapped, n;
	struct dump before;
	int r;

	/* Some pages before the block, which go all the same. */
	iomm_gather_init(&gather);
	for (n = 1;; n++) {
		map_ok(t, 1 * GB - 8192, 0, 8192, RW);
		if (n == 1)
			map_ok(t, 1 * GB, 1 * GB, 1 * GB, RW);
		rig->fail_at = rig->sites + n;
		r = iomm_pgtable_unmap(t, 1 * GB - 8192, 8192 + 4096, &gather,
				       &unmapped);
		assert_ok(iomm_gather_flush(&gather));
		if (!r)
			break;
		assert_int_equal(r, -IOMM_ENOMEM);
		assert_int_equal(unmapped, 8192);
		assert_maps(t, 1 * GB, 1 * GB, 1 * GB);
		assert_hole(t, 1 * GB - 1);
		assert_int_equal(rig->tables, 1);
		rig->fail_at = 0;
		rig_assert_synced(rig);
		dump_table(t, &before);
		assert_unchanged(t, &before);
	}
	assert_true(n > 3);
	assert_int_equal(unmapped, 8192 + 4096);
	assert_hole(t, 1 * GB);
	assert_maps(t, 1 * GB + 4096, 1 * GB + 4096, 4 * KB);
	iomm_pgtable_put(t);
}

/* Walkers that do not snoop: what is written is synced once, batched. */
static void test_sync_batches(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);
	const struct event *sync;

	/* Two new tables, each as a whole, then the link in the first. */
	map_ok(t, 0, 0, 0x1000, RW);
	assert_int_equal(rig_count(rig, EV_SYNC), 3);
	assert_int_equal(rig_event(rig, EV_SYNC, 0)->last, 4096);
	assert_int_equal(rig_event(rig, EV_SYNC, 1)->last, 4096);
	sync = rig_event(rig, EV_SYNC, 2);
	assert_int_equal(sync->iova, info_of(t).root_pa);
	assert_int_equal(sync->last, 8);
	rig_assert_synced(rig);

	/* One run in a table that is there. */
	rig_clear_events(rig);
	map_ok(t, 0x1000, 0x1000, 100 * 0x1000, RW);
	assert_int_equal(rig->nr_events, 1);
	assert_int_equal(rig_event(rig, EV_SYNC, 0)->last, 800);
	rig_assert_synced(rig);

	/* Ten new tables, linked in one: eleven syncs. */
	rig_clear_events(rig);
	map_ok(t, 2 * MB, 0x1000, 20 * MB, RW);
	assert_int_equal(rig_count(rig, EV_SYNC), 11);
	assert_int_equal(rig_event(rig, EV_SYNC, 10)->last, 80);
	rig_assert_synced(rig);

	/* Ten tables dropped whole, and one cleared in part. */
	rig_clear_events(rig);
	unmap_ok(t, 0x5000, 22 * MB - 0x5000, 20 * MB + 96 * 0x1000);
	assert_int_equal(rig_count(rig, EV_SYNC), 2);
	rig_assert_synced(rig);
	unmap_ok(t, 0, 1 * GB, 5 * 0x1000);
	rig_assert_synced(rig);
	iomm_pgtable_put(t);
}

static void test_coherent_never_syncs(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39, IOMM_PGTABLE_COHERENT);

	map_ok(t, 0, 0, 1 * GB + 2 * MB + 4096, RW);
	unmap_ok(t, 4096, 4096, 4096);
	unmap_ok(t, 0, 4 * GB, 1 * GB + 2 * MB);
	assert_int_equal(rig_count(rig, EV_SYNC), 0);
	iomm_pgtable_put(t);
}

/* What the early flush of a gather invalidates must be synced before. */
static void all_synced(struct rig *rig, uint64_t iova, uint64_t last)
{
	(void)iova;
	(void)last;
	rig_assert_synced(rig);
}

static void test_sync_before_flush(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);

	rig->on_flush = all_synced;
	map_ok(t, 2 * MB - 0x2000, 2 * MB - 0x2000, 1 * GB + 2 * MB, RW);
	unmap_ok(t, 2 * MB - 0x1000, 1 * GB, 1 * GB);
	unmap_ok(t, 0, 4 * GB, 2 * MB);
	rig->on_flush = NULL;
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_golden),
		RIG_TEST(test_registers),
		RIG_TEST(test_output_width),
		RIG_TEST(test_geometry),
		RIG_TEST(test_leaf_sizes),
		RIG_TEST(test_split),
		RIG_TEST(test_split_skips_a_level),
		RIG_TEST(test_break_before_make),
		RIG_TEST(test_break_fails),
		RIG_TEST(test_split_without_memory),
		RIG_TEST(test_sync_batches),
		RIG_TEST(test_coherent_never_syncs),
		RIG_TEST(test_sync_before_flush),
	};

	return cmocka_run_group_tests_name("arm64-s1", tests, NULL, NULL);
}
