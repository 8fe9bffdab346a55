/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The same random operations through Linux's page tables and ours: the tables
 * must be the same bit for bit, and so must results and translations.
 *
 *   SEED=n      the first seed of all; the clock's otherwise
 *   CONFIG=part only configurations with this in their name
 *   OPS=n       operations in each
 *   FLIP=bit    negative control: reads one bit of our tables wrong
 *
 * A failure prints what replays it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <iomm/error.h>
#include <iomm/pgtable.h>

#include "differences.h"
#include "pair.h"
#include "pool.h"

#define POOL_BYTES  ((size_t)256 << 20)
#define DEFAULT_OPS 250u
#define BATCH	    8u

/* Arguments */

struct range {
	uint64_t iova, bytes;
};

static uint64_t random_pages(struct test *test)
{
	struct random *random = &test->random;
	uint64_t entries = UINT64_C(1) << (test->config.page_shift - 3);

	if (random_percent(random, 45))
		return 1 + random_below(random, 4);
	if (random_percent(random, 70))
		return 1 + random_below(random, 700);
	return (1 + random_below(random, 3)) * entries; /* blocks */
}

/* In one of the windows, often where leaves of a larger size begin. */
static struct range random_range(struct test *test)
{
	struct random *random = &test->random;
	uint64_t block = page_of(test) << (test->config.page_shift - 3);
	uint64_t bytes = random_pages(test) << test->config.page_shift;
	uint64_t base = test->windows[random_below(random, NR_WINDOWS)];
	uint64_t iova = base + (random_below(random, test->window_bytes) &
				~(page_of(test) - 1));

	if (random_percent(random, 40))
		iova &= ~(block - 1);
	/* Now and then a block of the next size. */
	if ((page_sizes(&test->config) >> 30 & 1) && test->config.ias > 30 &&
	    random_percent(random, 2)) {
		iova &= ~((UINT64_C(1) << 30) - 1);
		bytes = UINT64_C(1) << 30;
	}
	if (bytes > space_of(test) - iova)
		bytes = space_of(test) - iova;
	return (struct range){ iova, bytes };
}

/* Often aligned with the input address, so that blocks fit. */
static uint64_t random_paddr(struct test *test, const struct range *range)
{
	struct random *random = &test->random;
	uint64_t space = UINT64_C(1) << test->config.oas;
	uint64_t block = page_of(test) << (test->config.page_shift - 3);
	uint64_t most = space - range->bytes;
	uint64_t paddr = random_below(random, most + 1) & ~(page_of(test) - 1);

	if (random_percent(random, 10))
		return random_percent(random, 50) ? 0 : most;
	if (random_percent(random, 60))
		paddr = (paddr & ~(block - 1)) | (range->iova & (block - 1));
	if (range->bytes >> 30)
		paddr &= ~((UINT64_C(1) << 30) - 1);
	return paddr <= most ? paddr : most;
}

static const struct {
	uint32_t ours;
	int peer;
} protections[] = {
	{ IOMM_PROT_READ, LINUX_READ },	  { IOMM_PROT_WRITE, LINUX_WRITE },
	{ IOMM_PROT_CACHE, LINUX_CACHE }, { IOMM_PROT_MMIO, LINUX_MMIO },
	{ IOMM_PROT_PRIV, LINUX_PRIV },
};

/* Execution is asked for with us, and forbidden with Linux. */
static int peer_prot(uint32_t prot)
{
	int answer = prot & IOMM_PROT_EXEC ? 0 : LINUX_NOEXEC;
	size_t i;

	for (i = 0; i < sizeof(protections) / sizeof(*protections); i++)
		if (prot & protections[i].ours)
			answer |= protections[i].peer;
	return answer;
}

static uint32_t random_prot(struct test *test)
{
	static const uint32_t memory[] = { 0, IOMM_PROT_CACHE, IOMM_PROT_MMIO };
	struct random *random = &test->random;
	uint32_t prot = IOMM_PROT_READ | memory[random_below(random, 3)];

	if (random_percent(random, 70))
		prot |= IOMM_PROT_WRITE;
	if (random_percent(random, 20))
		prot |= IOMM_PROT_EXEC;
	if (!test->config.stage2 && random_percent(random, 20))
		prot |= IOMM_PROT_PRIV;
	if (test->config.stage2 && random_percent(random, 10))
		prot = (prot & ~IOMM_PROT_READ) | IOMM_PROT_WRITE;
	return prot;
}

/* Operations */

__attribute__((format(printf, 2, 3))) static void
did(struct test *test, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(test->did, sizeof(test->did), format, args);
	va_end(args);
}

static void
record_nothing(struct linux_dirty *dirty, unsigned long iova, size_t bytes)
{
	(void)dirty;
	(void)iova;
	(void)bytes;
}

/* What Linux has just mapped. */
static void call_clean(struct test *test, uint64_t iova, uint64_t bytes)
{
	struct linux_dirty dirty = { record_nothing };

	differs(DIFFERS_BORN_DIRTY);
	if (peer_dirty(&test->peer, iova, bytes, false, &dirty))
		fail(test, "Linux does not read what is dirty");
}

static void do_map(struct test *test)
{
	struct range range = random_range(test);
	uint64_t paddr = random_paddr(test, &range), ours = 0, his = 0;
	uint32_t prot = random_prot(test);
	int r, s;

	did(test, "map %#llx to %#llx, %#llx bytes, prot %#x",
	    (unsigned long long)range.iova, (unsigned long long)paddr,
	    (unsigned long long)range.bytes, prot);
	r = iomm_pgtable_map(test->pgtable, base_of(test) | range.iova, paddr,
			     range.bytes, prot, 0, &ours);
	s = peer_map(&test->peer, range.iova, paddr, range.bytes,
		     peer_prot(prot), &his);
	test->mapped += ours;
	if (r != s || ours != his)
		fail(test, "ours %d and %#llx bytes, Linux's %d and %#llx", r,
		     (unsigned long long)ours, s, (unsigned long long)his);
	if (test->config.dirty && his && (prot & IOMM_PROT_WRITE))
		call_clean(test, range.iova, his);
}

static void unmap(struct test *test, const struct range *range)
{
	struct iomm_gather gather;
	uint64_t ours = 0, his;
	int r;

	did(test, "unmap %#llx, %#llx bytes", (unsigned long long)range->iova,
	    (unsigned long long)range->bytes);
	iomm_gather_init(&gather);
	r = iomm_pgtable_unmap(test->pgtable, base_of(test) | range->iova,
			       range->bytes, &gather, &ours);
	if (r || iomm_gather_flush(&gather))
		fail(test, "our unmap or flush failed: %d", r);
	/* It warns of what the test makes it refuse, but not of this. */
	linux_warnings = 0;
	his = peer_unmap(&test->peer, range->iova, range->bytes);
	if (linux_warnings)
		fail(test, "Linux warned");
	test->mapped -= ours;
	if (ours != his)
		fail(test, "ours %#llx bytes, Linux's %#llx",
		     (unsigned long long)ours, (unsigned long long)his);
}

static void do_unmap(struct test *test)
{
	struct range range = random_range(test);

	unmap(test, &range);
}

static void translate(struct test *test, uint64_t iova)
{
	struct linux_ops *ops = test->peer.table.ops;
	struct iomm_translation out = { .size = sizeof(out) };
	uint64_t ours, his;
	bool outside = iova >> test->config.ias;
	int r;

	/* At the end of the upper half nothing is outside. */
	if (outside && test->config.upper)
		return;
	iova |= base_of(test);
	r = iomm_pgtable_translate(test->pgtable, iova, &out);
	if (outside) {
		differs(DIFFERS_TRANSLATE_RANGE);
		if (r != -IOMM_EINVAL)
			fail(test, "we translate an address out of range");
		return;
	}
	his = ops->translate(ops, iova);
	ours = r ? 0 : out.paddr;
	if (!r && !ours)
		differs(DIFFERS_ADDRESS_0);
	if (ours != his || (r && r != -IOMM_ENOENT))
		fail(test, "translate %#llx: ours %d and %#llx, Linux's %#llx",
		     (unsigned long long)iova, r, (unsigned long long)ours,
		     (unsigned long long)his);
}

static void do_translate(struct test *test)
{
	struct range range = random_range(test);

	did(test, "translate around %#llx", (unsigned long long)range.iova);
	translate(test, range.iova);
	translate(test, range.iova + range.bytes - 1);
	translate(test, range.iova + random_below(&test->random, range.bytes));
	translate(test, range.iova - 1);
	translate(test, range.iova + range.bytes);
}

/* What was written to */

#define READ_ONLY  (UINT64_C(1) << 7)
#define TRACKED	   (UINT64_C(1) << 51)
#define MOST_WORDS 256u

/* The test is the hardware: it marks the same leaf in both tables. */
static void write_to(struct test *test, uint64_t iova)
{
	uint64_t *ours, *his, bytes;

	ours = tree_leaf(&test->tree, iova, &bytes);
	his = tree_leaf(&test->peer.tree, iova, &bytes);
	if (ours && (*ours & TRACKED))
		*ours &= ~READ_ONLY;
	if (his && (*his & TRACKED))
		*his &= ~READ_ONLY;
}

/* Linux's bits: all pages of a leaf, of which those in the range count. */
struct bits {
	struct linux_dirty dirty;
	const struct test *test;
	struct range range;
	uint64_t word[MOST_WORDS];
};

static void record(struct linux_dirty *dirty, unsigned long iova, size_t bytes)
{
	struct bits *bits = (struct bits *)dirty;
	uint64_t first = bits->range.iova, n, page;

	for (n = 0; n < bytes; n += page_of(bits->test)) {
		page = (iova + n - first) >> bits->test->config.page_shift;
		if (iova + n >= first && iova + n - first < bits->range.bytes)
			bits->word[page / 64] |= UINT64_C(1) << page % 64;
	}
}

static void do_dirty(struct test *test)
{
	struct bits bits = { .dirty.record = record,
			     .test = test,
			     .range = random_range(test) };
	bool keep = random_percent(&test->random, 30);
	uint64_t ours[MOST_WORDS] = { 0 }, i;
	struct iomm_gather gather;
	int r, s;

	if (bits.range.bytes > 64 * MOST_WORDS * page_of(test))
		bits.range.bytes = 64 * MOST_WORDS * page_of(test);
	for (i = 0; i < 8; i++)
		write_to(test,
			 bits.range.iova +
				 random_below(&test->random, bits.range.bytes));
	did(test, "dirty pages of %#llx, %#llx bytes%s",
	    (unsigned long long)bits.range.iova,
	    (unsigned long long)bits.range.bytes, keep ? ", kept" : "");
	iomm_gather_init(&gather);
	r = iomm_pgtable_read_and_clear_dirty(test->pgtable, bits.range.iova,
					      bits.range.bytes,
					      keep ? IOMM_DIRTY_KEEP : 0, ours,
					      MOST_WORDS,
					      keep ? NULL : &gather);
	s = peer_dirty(&test->peer, bits.range.iova, bits.range.bytes, keep,
		       &bits.dirty);
	if (r || s || iomm_gather_flush(&gather))
		fail(test, "ours %d, Linux's %d", r, s);
	if (memcmp(ours, bits.word, sizeof(ours)))
		fail(test, "the bits differ");
}

/* What both refuse, and what only we do. Nothing changes. */

static void refuse(struct test *test, const char *what, uint64_t iova,
		   uint64_t paddr, uint64_t bytes, uint32_t prot, int error)
{
	uint64_t mapped = 1;
	int r = iomm_pgtable_map(test->pgtable, base_of(test) ^ iova, paddr,
				 bytes, prot, 0, &mapped);

	did(test, "%s", what);
	if (r != -error || mapped)
		fail(test, "ours: %d", r);
}

static void both_refuse(struct test *test, const char *what, uint64_t iova,
			uint64_t paddr, uint32_t prot)
{
	struct linux_ops *ops = test->peer.table.ops;
	size_t mapped = 0;

	refuse(test, what, iova, paddr, page_of(test), prot, IOMM_EINVAL);
	if (!ops->map(ops, base_of(test) ^ iova, paddr, page_of(test), 1,
		      peer_prot(prot), LINUX_GFP, &mapped) ||
	    mapped)
		fail(test, "Linux does it");
}

static void do_refused(struct test *test)
{
	const uint32_t rw = IOMM_PROT_READ | IOMM_PROT_WRITE;
	uint64_t page = page_of(test), space = space_of(test);
	uint64_t output = UINT64_C(1) << test->config.oas;

	switch (random_below(&test->random, 8)) {
	case 0:
		both_refuse(test, "map out of the input width", space, 0, rw);
		break;
	case 1:
		both_refuse(test, "map out of the output width", 0, output, rw);
		break;
	case 2:
		both_refuse(test, "map without protection", 0, 0, 0);
		break;
	case 3:
		differs(DIFFERS_RANGE_END);
		refuse(test, "map across the end of the input width",
		       space - page, 0, 2 * page, rw, IOMM_EINVAL);
		break;
	case 4:
		differs(DIFFERS_RANGE_END);
		refuse(test, "map across the end of the output width", 0,
		       output - page, 2 * page, rw, IOMM_EINVAL);
		break;
	case 5:
		differs(DIFFERS_MISALIGNED);
		refuse(test, "map misaligned", page / 2, 0, page, rw,
		       IOMM_EINVAL);
		break;
	case 6:
		if (test->config.stage2) {
			differs(DIFFERS_PRIVILEGE);
			refuse(test, "map privileged", 0, 0, page,
			       rw | IOMM_PROT_PRIV, IOMM_EOPNOTSUPP);
			break;
		}
		differs(DIFFERS_WRITE_ONLY);
		refuse(test, "map write-only", 0, 0, page, IOMM_PROT_WRITE,
		       IOMM_EOPNOTSUPP);
		break;
	default:
		differs(DIFFERS_CACHED_DEVICE);
		refuse(test, "map CACHE with MMIO", 0, 0, page,
		       rw | IOMM_PROT_CACHE | IOMM_PROT_MMIO, IOMM_EINVAL);
	}
}

static void do_one(struct test *test)
{
	uint64_t what = random_below(&test->random, 100);

	if (test->config.dirty && random_percent(&test->random, 30))
		do_dirty(test);
	else if (what < 45)
		do_map(test);
	else if (what < 80)
		do_unmap(test);
	else if (what < 95)
		do_translate(test);
	else
		do_refused(test);
	if (test->peer.surprise)
		fail(test, "%s", test->peer.surprise);
}

/* One configuration */

static void compare(struct test *test)
{
	char why[200];
	uint64_t leaves;

	if (!tree_compare(&test->tree, &test->peer.tree, &leaves, why,
			  sizeof(why)))
		fail(test, "%s", why);
	test->leaves += leaves;
}

/* All goes, and then there is one table left. */
static void empty(struct test *test)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct range all = { 0, space_of(test) };

	unmap(test, &all);
	if (test->mapped)
		fail(test, "%#llx bytes too many were unmapped or mapped",
		     (unsigned long long)test->mapped);
	if (iomm_pgtable_info(test->pgtable, &info) || info.tables != 1)
		fail(test, "%llu tables are left",
		     (unsigned long long)info.tables);
	compare(test);
}

static void run(struct test *test, uint32_t ops)
{
	set_up(test);
	for (test->op = 1; test->op <= ops && !*test->why; test->op++) {
		do_one(test);
		if (!*test->why && (test->op % BATCH == 0 || test->op == ops))
			compare(test);
	}
	if (!*test->why)
		empty(test);
	tear_down(test);
}

static void name_of(const struct config *config, char *name, size_t size)
{
	snprintf(name, size, "%s%uk-ias%u-oas%u%s%s%s%s%s",
		 config->stage2 ? "s2-" : "", 1u << config->page_shift >> 10,
		 config->ias, config->oas,
		 config->coherent ? "" : "-noncoherent",
		 config->pages_only ? "-pages" : "",
		 config->upper ? "-upper" : "", config->ns ? "-ns" : "",
		 config->dirty ? "-dirty" : "");
}

/* A seed of the configuration's own, so that it can be replayed alone. */
static uint64_t mix(uint64_t seed, const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ seed;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(1099511628211);
	return hash | 1;
}

static uint32_t passed, failed;

static void run_config(const struct config *config, uint64_t seed, uint32_t ops)
{
	const char *only = getenv("CONFIG");
	struct test *test;
	char name[64];

	name_of(config, name, sizeof(name));
	if (only && !strstr(name, only))
		return;
	test = calloc(1, sizeof(*test));
	if (!test)
		abort();
	test->config = *config;
	test->random.state = mix(seed, name);
	run(test, ops);
	if (*test->why) {
		failed++;
		printf("FAILED: %s: %s: %s (operation %u; SEED=%llu CONFIG=%s "
		       "OPS=%u replays it)\n",
		       name, test->did, test->why, test->op,
		       (unsigned long long)seed, name, ops);
	} else {
		passed++;
		printf("ok: %s: %u operations, %llu leaves compared\n", name,
		       ops, (unsigned long long)test->leaves);
	}
	fflush(stdout);
	free(test);
}

/* What there is besides widths, with one pair of them. */
static void run_kinds(const struct config *widths, uint64_t seed, uint32_t ops)
{
	static const struct config kinds[] = {
		{ .coherent = false },
		{ .coherent = false, .pages_only = true },
		{ .coherent = true, .upper = true },
		{ .coherent = true, .ns = true },
		{ .coherent = true, .dirty = true },
		{ .coherent = true, .dirty = true, .pages_only = true },
		{ .coherent = false, .upper = true, .ns = true },
	};
	struct config c;
	size_t k;

	for (k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		c = kinds[k];
		c.page_shift = widths->page_shift;
		c.ias = widths->ias;
		c.oas = widths->oas;
		run_config(&c, seed, ops);
	}
}

static void run_stage2(const struct config *widths, uint64_t seed, uint32_t ops)
{
	struct config c = *widths;

	/* Ours would begin at level 3, which takes FEAT_TTST. */
	if (c.page_shift == 12 && c.ias < 26)
		return;
	c.stage2 = true;
	run_config(&c, seed, ops);
	c.coherent = false;
	run_config(&c, seed, ops);
	c.pages_only = true;
	run_config(&c, seed, ops);
}

/* Every input width with every output width, and what else there is with the
 * widest. */
static void run_all(uint64_t seed, uint32_t ops)
{
	static const uint32_t shifts[] = { 12, 14, 16 };
	static const uint32_t ias[] = {
		25, 30, 32, 36, 39, 40, 42, 44, 48, 52
	};
	static const uint32_t oas[] = { 32, 36, 40, 42, 44, 48, 52 };
	struct config c = { .coherent = true };
	size_t s, i, o;

	for (s = 0; s < 3; s++)
		for (i = 0; i < sizeof(ias) / sizeof(*ias); i++) {
			c.page_shift = shifts[s];
			c.ias = ias[i];
			/* Linux knows 52 bits with 64K only. */
			if (c.ias == 52 && c.page_shift != 16)
				continue;
			for (o = 0; o < sizeof(oas) / sizeof(*oas); o++) {
				if (oas[o] == 52 && c.page_shift != 16)
					continue;
				c.oas = oas[o];
				run_config(&c, seed, ops);
			}
			run_kinds(&c, seed, ops);
			run_stage2(&c, seed, ops);
		}
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

int main(void)
{
	uint64_t seed = number("SEED", (uint64_t)time(NULL));
	uint32_t ops = (uint32_t)number("OPS", DEFAULT_OPS);

	pool_setup(POOL_BYTES);
	if (getenv("FLIP"))
		tree_flip((uint32_t)number("FLIP", 0) & 63);
	printf("SEED=%llu\n", (unsigned long long)seed);
	run_all(seed, ops);
	/* Of a part of them, or a few operations, not all may happen. */
	if (differences_report()) {
		passed++;
		puts("ok: every known difference was met");
	} else if (getenv("CONFIG") || getenv("OPS")) {
		puts("(in part of a run, not all are met)");
	} else {
		failed++;
		puts("FAILED: a known difference was never met");
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
