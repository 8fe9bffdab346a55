/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pair.h"

#include <stdarg.h>
#include <stdio.h>

#include <iomm/ctx.h>
#include <iomm/error.h>
#include <iomm/table_memory.h>

#include "differences.h"
#include "pool.h"

/* Where our tables are: somewhere else than their pointers say, and low enough
 * for every output width. */
#define TABLES_PA UINT64_C(0x4000000)

void fail(struct test *test, const char *format, ...)
{
	va_list args;

	if (*test->why)
		return;
	va_start(args, format);
	vsnprintf(test->why, sizeof(test->why), format, args);
	va_end(args);
}

static int
take(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	(void)data;
	(void)max_pa;
	*va = pool_take(bytes);
	*pa = TABLES_PA + (uint64_t)((char *)*va - pool_base());
	return *va ? 0 : -IOMM_ENOMEM;
}

static void give(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	(void)data;
	(void)pa;
	pool_give(va, bytes);
}

static void
sync_nothing(void *data, const void *va, uint64_t pa, uint64_t bytes)
{
	(void)data;
	(void)va;
	(void)pa;
	(void)bytes;
}

static void *peer_take(void *cookie, size_t bytes, unsigned int gfp)
{
	(void)cookie;
	(void)gfp;
	return pool_take(bytes);
}

static void peer_give(void *cookie, void *table, size_t bytes)
{
	(void)cookie;
	pool_give(table, bytes);
}

/* Sizes up to the one of an entry in our first table. At stage 2 that may be as
 * long as 16 tables, and then Linux, which would begin a level higher, has
 * larger leaves. */
static uint64_t largest_size(const struct config *config)
{
	uint32_t bits = config->page_shift - 3, shift = config->page_shift;

	if (!config->stage2)
		return UINT64_MAX;
	while (shift + bits + 4 < config->ias)
		shift += bits;
	return (UINT64_C(2) << shift) - 1;
}

uint64_t page_sizes(const struct config *config)
{
	uint64_t sizes = UINT64_C(1) << config->page_shift;

	if (config->pages_only)
		return sizes;
	sizes |= sizes << (config->page_shift - 3);
	if (config->page_shift == 12)
		sizes |= UINT64_C(1) << 30;
	return sizes & largest_size(config);
}

static uint32_t flags_of(const struct config *config)
{
	return (config->coherent ? IOMM_PGTABLE_COHERENT : 0) |
	       (config->upper ? IOMM_PGTABLE_UPPER : 0) |
	       (config->ns ? IOMM_PGTABLE_NS : 0) |
	       (config->dirty ? IOMM_PGTABLE_DIRTY : 0);
}

static bool open_ours(struct test *test)
{
	const struct iomm_table_memory_ops ops = {
		.size = sizeof(ops),
		.flags = IOMM_TABLE_MEMORY_LINEAR,
		.linear_offset = (uint64_t)(uintptr_t)pool_base() - TABLES_PA,
		.alloc = take,
		.free = give,
		.sync = sync_nothing,
	};
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = flags_of(&test->config),
		.granule = page_of(test),
		.page_sizes = page_sizes(&test->config),
		.ias = test->config.ias,
		.oas = test->config.oas,
	};

	if (iomm_ctx_create(NULL, &test->ctx) ||
	    iomm_table_memory_create(test->ctx, &ops, NULL, NULL,
				     &test->memory))
		return false;
	config.memory = test->memory;
	return !iomm_pgtable_create(test->ctx,
				    test->config.stage2 ? "arm64-s2"
							: "arm64-s1",
				    &config, NULL, NULL, NULL, &test->pgtable);
}

static bool open_peer(struct test *test)
{
	const struct linux_config config = {
		.stage2 = test->config.stage2,
		.quirks = (test->config.upper ? LINUX_QUIRK_TTBR1 : 0) |
			  (test->config.ns ? LINUX_QUIRK_NS : 0) |
			  (test->config.dirty ? LINUX_QUIRK_DIRTY : 0),
		.coherent = test->config.coherent,
		.page_sizes = page_sizes(&test->config),
		.ias = test->config.ias,
		.oas = test->config.oas,
		.alloc = peer_take,
		.free = peer_give,
	};

	return linux_table_open(&test->peer.table, &config);
}

/* The fields of TCR_EL1's half, or of VTCR_EL2, as Linux's driver would put them
 * together. */
static uint64_t half_of(const struct linux_table *table)
{
	return table->tsz | (uint64_t)table->irgn << 8 |
	       (uint64_t)table->orgn << 10 | (uint64_t)table->sh << 12 |
	       (uint64_t)table->tg << 14;
}

#define TCR_EPD0   (UINT64_C(1) << 7)
#define TCR_EPD1   (UINT64_C(1) << 23)
#define TCR_HA_HD  (UINT64_C(3) << 39) /* a driver's to set with Linux */
#define MAIR_THREE UINT64_C(0xffffff)

static void
compare_word(struct test *test, const char *what, uint64_t ours, uint64_t peer)
{
	if (ours != peer)
		fail(test, "%s: ours %#llx, Linux's %#llx", what,
		     (unsigned long long)ours, (unsigned long long)peer);
}

static void
compare_stage1(struct test *test, const struct iomm_pgtable_info *info)
{
	const struct linux_table *table = &test->peer.table;
	uint64_t tcr = half_of(table) << (test->config.upper ? 16 : 0);

	tcr |= (uint64_t)table->ips << 32;
	/* The other half, which is not ours. */
	tcr |= test->config.upper ? TCR_EPD0 : TCR_EPD1;
	if (test->config.dirty)
		tcr |= TCR_HA_HD;
	compare_word(test, "TCR", info->regs[IOMM_ARM64_S1_TCR], tcr);
	if (info->regs[IOMM_ARM64_S1_MAIR] != table->mair)
		differs(DIFFERS_MAIR);
	compare_word(test, "MAIR", info->regs[IOMM_ARM64_S1_MAIR],
		     table->mair & MAIR_THREE);
}

#define VTCR_SL0  (UINT64_C(3) << 6)
#define VTCR_RES1 (UINT64_C(1) << 31)

/* Where SL0 has the walk begin. */
static uint32_t start_of(const struct test *test, uint64_t sl0)
{
	return (test->config.page_shift == 12 ? 2 : 3) - (uint32_t)sl0;
}

static void
compare_stage2(struct test *test, const struct iomm_pgtable_info *info)
{
	const struct linux_table *table = &test->peer.table;
	uint64_t ours = info->regs[IOMM_ARM64_S2_VTCR] & ~VTCR_RES1;
	uint64_t peer = half_of(table) | (uint64_t)table->ips << 16;

	test->tree.start = start_of(test, (ours & VTCR_SL0) >> 6);
	test->peer.tree.start = start_of(test, table->sl);
	if (test->tree.start != test->peer.tree.start)
		differs(DIFFERS_CONCATENATION);
	if (test->tree.start != test->peer.tree.start &&
	    test->tree.start != test->peer.tree.start + 1)
		fail(test, "ours begins at level %u, Linux's at %u",
		     test->tree.start, test->peer.tree.start);
	compare_word(test, "VTCR", ours & ~VTCR_SL0, peer);
}

static void compare_registers(struct test *test)
{
	const struct linux_table *table = &test->peer.table;
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	if (iomm_pgtable_info(test->pgtable, &info)) {
		fail(test, "no info");
		return;
	}
	if (test->config.stage2)
		compare_stage2(test, &info);
	else
		compare_stage1(test, &info);
	if (info.page_sizes != table->page_sizes)
		differs(DIFFERS_LARGE_SIZES);
	if (info.page_sizes !=
		    (table->page_sizes & ((space_of(test) << 1) - 1)) &&
	    info.page_sizes != (table->page_sizes & (space_of(test) - 1)))
		fail(test, "page sizes: ours %#llx, Linux's %#llx",
		     (unsigned long long)info.page_sizes,
		     (unsigned long long)table->page_sizes);
	test->tree.root = (void *)(pool_base() + (info.root_pa - TABLES_PA));
}

/* Places where tables begin and end, so that operations meet. */
static void choose_windows(struct test *test)
{
	uint64_t table = page_of(test) << (test->config.page_shift - 3);
	uint64_t space = space_of(test), bytes = 4 * table;

	if (bytes > space)
		bytes = space;
	test->window_bytes = bytes;
	test->windows[0] = 0;
	test->windows[1] = space - bytes;
	test->windows[2] = space / 2 - bytes / 2;
	test->windows[3] =
		random_below(&test->random, (space - bytes) / page_of(test) + 1)
		<< test->config.page_shift;
}

void set_up(struct test *test)
{
	struct tree tree = {
		.page_shift = test->config.page_shift,
		.ias = test->config.ias,
		.page_sizes = page_sizes(&test->config),
		.stage2 = test->config.stage2,
	};

	tree_setup(&tree);
	tree.va_base = pool_base();
	tree.pa_base = TABLES_PA;
	test->tree = tree;
	tree.pa_base = (uintptr_t)pool_base(); /* addresses are pointers */
	test->peer.tree = tree;
	test->peer.random = &test->random;
	test->peer.base = base_of(test);
	if (!open_ours(test))
		fail(test, "we refuse the configuration");
	if (!open_peer(test))
		fail(test, "Linux refuses the configuration");
	if (*test->why)
		return;
	test->peer.tree.root = test->peer.table.root;
	compare_registers(test);
	choose_windows(test);
}

void tear_down(struct test *test)
{
	iomm_pgtable_put(test->pgtable);
	iomm_table_memory_put(test->memory);
	iomm_ctx_put(test->ctx);
	if (test->peer.table.ops)
		linux_table_close(&test->peer.table);
	if (pool_out())
		fail(test, "%llu tables were lost",
		     (unsigned long long)pool_out());
}
