/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The page table as a subject of the harness: how it is made, and what is done
 * to it. What must hold is in pgtable_check.c. */
#include "model/pgtable.h"

#include <inttypes.h>

/* Bugs that can be planted. */
#define PLANT_UNMAP_SHORT 1u /* unmaps a page less than it was told */
#define PLANT_WRONG_PAGE  2u /* maps long ranges to the next page */
#define PLANT_NO_FLUSH	  3u /* the walker is not told to forget */
#define PLANT_NO_SYNC	  4u /* the walker does not see what is written */
#define PLANT_NO_GATHER	  5u /* a gather is dropped instead of flushed */

#define MOST_PAGES 8192u

/* Making */

static uint64_t pick_sizes(uint64_t sizes, struct random *random)
{
	uint64_t smallest = sizes & (~sizes + 1);

	switch (random_below(random, 8)) {
	case 0:
		return smallest;
	case 1:
		return smallest | random_next(random);
	case 2: /* no small pages: a mapping is whole blocks */
		return sizes ^ smallest;
	default:
		return 0;
	}
}

static int create(struct subject *s, struct iomm_pgtable_config *config)
{
	int r = iomm_pgtable_create(s->world.ctx, s->name, config, &walker_tlb,
				    &s->walker, NULL, &s->pgtable);

	if (!r)
		s->info = subject_info(s);
	return r;
}

/* Narrows the leaf sizes of a table that has all of them. */
static void narrow(struct subject *s, struct iomm_pgtable_config *config,
		   struct random *random)
{
	config->page_sizes = pick_sizes(s->info.page_sizes, random) &
			     s->info.page_sizes;
	if (!config->page_sizes)
		return;
	iomm_pgtable_put(s->pgtable);
	model_require(!create(s, config), "page sizes 0x%" PRIx64,
		      (uint64_t)config->page_sizes);
}

static uint64_t next_size(uint64_t sizes, uint64_t size)
{
	uint64_t larger = sizes & ~(2 * size - 1);

	return larger & (~larger + 1);
}

/* Some places close to each other, some far apart, and both ends. */
static void place_windows(struct subject *s, struct random *random)
{
	uint64_t space = s->info.last_iova, align, n;

	s->unit = s->info.page_sizes & (~s->info.page_sizes + 1);
	s->block = next_size(s->info.page_sizes, s->unit);
	if (!s->block)
		s->block = s->unit == s->info.granule ? s->unit * (s->unit / 8)
						      : s->unit * 8;
	for (s->large = s->unit; next_size(s->info.page_sizes, s->large);)
		s->large = next_size(s->info.page_sizes, s->large);
	s->span = space / 4 < 4 * s->block ? (space + 1) / 4 : 4 * s->block;
	s->span = s->span < s->unit ? s->unit : s->span;
	align = s->large < s->span ? s->span : s->large;
	for (n = 1; n < WINDOWS; n++)
		s->window[n] = random_next(random) & space & ~(align - 1);
	s->window[1] = space - s->span + 1;
}

/* The formats that are tried. What a format can do, it says itself. */
static const char *const formats[] = { "arm64-s1" };

static uint64_t pick_granule(uint64_t granules, struct random *random)
{
	uint64_t granule;

	do {
		granule = UINT64_C(1) << random_below(random, 64);
	} while (!(granules & granule));
	return granule;
}

/* A table with widths of its own, or the widest when there are none such. */
static void make_table(struct subject *s, struct random *random)
{
	struct iomm_format_info can = { .size = sizeof(can) };
	struct iomm_pgtable_config config = { .size = sizeof(config) };
	int r;

	model_require(!iomm_format_info(s->format, &can), "no format");
	config.granule = pick_granule(can.granules, random);
	config.flags = random_percent(random, 50) ? IOMM_PGTABLE_COHERENT : 0;
	config.ias = can.max_ias - (uint32_t)random_below(random, 24);
	config.oas = can.max_oas - (uint32_t)random_below(random, 17);
	s->prot = can.prot;
	walker_init(&s->walker, config.granule, config.flags != 0);
	s->walker.forgets_nothing = model_plant == PLANT_NO_FLUSH;
	s->walker.sees_nothing = model_plant == PLANT_NO_SYNC;
	model_require(!iomm_table_memory_create(s->world.ctx, &walker_memory,
						&s->walker, NULL, &s->memory),
		      "no table memory");
	config.memory = s->memory;
	r = create(s, &config);
	if (r == -IOMM_EINVAL) {
		config.ias = config.oas = 0;
		r = create(s, &config);
	}
	model_require(!r, "no table: %d", r);
	narrow(s, &config, random);
}

static void *make(struct random *random)
{
	struct subject *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->name = formats[random_below(random, LENGTH(formats))];
	world_init(&s->world);
	model_require(!world_create(&s->world) &&
			      !iomm_format_request(s->world.ctx, s->name, 0,
						   &s->format),
		      "no context");
	make_table(s, random);
	place_windows(s, random);
	iomm_gather_init(&s->gather);
	return s;
}

static void describe(const void *subject)
{
	const struct subject *s = subject;

	printf("%s, granule 0x%" PRIx64 ", page sizes 0x%" PRIx64
	       ", ias %" PRIu32 ", oas %" PRIu32 "%s",
	       s->name, (uint64_t)s->info.granule, (uint64_t)s->info.page_sizes,
	       s->info.ias, s->info.oas, s->walker.snoops ? ", coherent" : "");
}

static void destroy(void *subject)
{
	struct subject *s = subject;

	/* A planted bug may have left it short of a flush. */
	model_require(!iomm_gather_flush(&s->gather), "the last flush failed");
	iomm_pgtable_put(s->pgtable);
	model_require(!walker_tables(&s->walker), "%" PRIu32 " tables are lost",
		      walker_tables(&s->walker));
	iomm_format_put(s->format);
	iomm_table_memory_put(s->memory);
	model_require(world_live(&s->world, IOMM_HANDLE_ANY) == 1,
		      "handles are lost");
	world_end(&s->world);
	walker_fini(&s->walker);
	ranges_clear(&s->mapped);
	free(s);
}

/* Drawing arguments */

static uint64_t draw_iova(const struct subject *s, struct random *random)
{
	uint64_t offset = 0, pages = s->span / s->unit;

	switch (random_below(random, 8)) {
	case 0:
	case 1:
	case 2:
		offset = random_below(random, 16);
		break;
	case 3:
	case 4: /* on both sides of a block's edge */
		offset = s->block / s->unit * (1 + random_below(random, 3)) +
			 random_below(random, 9) - 4;
		break;
	case 5:
	case 6:
		offset = s->block / s->unit * random_below(random, 4);
		break;
	default:
		offset = random_below(random, pages);
	}
	return s->window[random_below(random, WINDOWS)] +
	       offset % pages * s->unit;
}

/* In one operation: as many as a block has, unless that is a great many. */
static uint64_t most_pages(const struct subject *s)
{
	uint64_t pages = s->block / s->unit;

	return pages < MOST_PAGES ? pages : MOST_PAGES;
}

static uint64_t
draw_bytes(const struct subject *s, struct random *random, uint64_t iova)
{
	uint64_t room = s->info.last_iova - iova + 1, bytes;
	uint64_t output = UINT64_C(1) << s->info.oas;
	uint64_t pages = most_pages(s);
	uint64_t dice = random_below(random, 100);

	if (dice < 45)
		bytes = 1;
	else if (dice < 75)
		bytes = 1 + random_below(random, 8);
	else if (dice < 85)
		bytes = pages * (1 + random_below(random, 2));
	else if (dice < 93)
		bytes = pages + random_below(random, 9) - 4;
	else
		bytes = 1 + random_below(random, pages / 4 + 1);
	bytes *= s->unit;
	room = room < output ? room : output;
	return bytes < room ? bytes : room;
}

/* Mostly such that a block can be used where the I/O address allows one. */
static uint64_t draw_paddr(const struct subject *s, struct random *random,
			   uint64_t iova, uint64_t bytes)
{
	uint64_t last = (UINT64_C(1) << s->info.oas) - 1;
	uint64_t paddr = random_next(random) & last & ~(s->unit - 1);

	if (random_percent(random, 70))
		paddr = (paddr & ~(s->block - 1)) | (iova & (s->block - 1));
	return paddr > last - (bytes - 1) ? 0 : paddr;
}

static uint64_t draw_prot(const struct subject *s, struct random *random)
{
	static const uint32_t memory[] = { 0, IOMM_PROT_CACHE, IOMM_PROT_MMIO };
	uint64_t rest = random_next(random) &
			(IOMM_PROT_WRITE | IOMM_PROT_EXEC | IOMM_PROT_PRIV);

	rest |= memory[random_below(random, LENGTH(memory))];
	return IOMM_PROT_READ | (rest & s->prot);
}

/* Which call of a hook fails: mostly none. */
static uint64_t draw_fail(struct random *random)
{
	return random_percent(random, 5) ? 1 + random_below(random, 4) : 0;
}

/* Operations */

static void
fail_in(struct subject *s, uint64_t tables, uint64_t memory, uint64_t flush)
{
	s->walker.alloc_fail_in = (uint32_t)tables;
	s->walker.flush_fail_in = (uint32_t)flush;
	s->walker.failed = false;
	world_fail_at(&s->world, memory);
}

/* Did one fail? None fails from here on. */
static bool has_failed(struct subject *s)
{
	bool failed = s->walker.failed ||
		      (s->world.fail_at && s->world.sites >= s->world.fail_at);

	fail_in(s, 0, 0, 0);
	return failed;
}

static void
generate_map(const void *subject, struct random *random, uint64_t *arg)
{
	arg[0] = draw_iova(subject, random);
	arg[1] = draw_bytes(subject, random, arg[0]);
	arg[2] = draw_paddr(subject, random, arg[0], arg[1]);
	arg[3] = draw_prot(subject, random);
	arg[4] = draw_fail(random);
	arg[5] = draw_fail(random);
}

/* The largest leaf, which is worth trying only where it fits. */
static void
generate_map_large(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;
	uint64_t room = UINT64_C(1) << s->info.oas;

	generate_map(subject, random, arg);
	if (s->large > room || s->large - 1 > s->info.last_iova)
		return;
	arg[0] &= ~(s->large - 1);
	arg[1] = s->large;
	arg[2] = random_next(random) & (room - 1) & ~(s->large - 1);
}

/* The leaf that the first `mapped` bytes of a mapping have at an address: the
 * largest that fits. */
static void check_leaf_size(struct subject *s, const uint64_t *arg,
			    uint64_t mapped, uint64_t iova)
{
	struct iomm_translation at = { .size = sizeof(at) };
	uint64_t size, best = s->unit, base;

	for (size = s->unit; size; size = next_size(s->info.page_sizes, size)) {
		base = iova & ~(size - 1);
		if (!((arg[0] ^ arg[2]) & (size - 1)) && base >= arg[0] &&
		    base - arg[0] + size <= mapped)
			best = size;
	}
	model_require(!iomm_pgtable_translate(s->pgtable, iova, &at) &&
			      at.page_size == best,
		      "0x%" PRIx64 " has a leaf of 0x%" PRIx64
		      ", and should have 0x%" PRIx64,
		      iova, (uint64_t)at.page_size, best);
}

static int apply_map(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t last = arg[0] + (arg[1] - 1), mapped = ~UINT64_C(0);
	uint64_t room = ranges_free_bytes(&s->mapped, arg[0], last);
	uint64_t paddr = arg[2];
	bool failed;
	int r;

	if (model_plant == PLANT_WRONG_PAGE && arg[1] >= 8 * s->unit && paddr)
		paddr -= s->unit;
	fail_in(s, arg[4], arg[5], 0);
	r = iomm_pgtable_map(s->pgtable, arg[0], paddr, arg[1],
			     (uint32_t)arg[3], 0, &mapped);
	failed = has_failed(s);
	if (failed)
		model_require(r == -IOMM_ENOMEM && mapped < room &&
				      !(mapped & (s->unit - 1)),
			      "without memory: %d, 0x%" PRIx64 " mapped", r,
			      mapped);
	else
		model_require(r == (room == arg[1] ? 0 : -IOMM_EEXIST) &&
				      mapped == room,
			      "%d, 0x%" PRIx64 " mapped, where 0x%" PRIx64
			      " were free",
			      r, mapped, room);
	if (!mapped)
		return r;
	ranges_add(&s->mapped, arg[0], mapped, arg[2], (uint32_t)arg[3]);
	check_leaf_size(s, arg, mapped, arg[0]);
	check_leaf_size(s, arg, mapped, arg[0] + mapped / 2);
	check_leaf_size(s, arg, mapped, arg[0] + mapped - 1);
	return r;
}

static void
generate_unmap(const void *subject, struct random *random, uint64_t *arg)
{
	arg[0] = draw_iova(subject, random);
	arg[1] = draw_bytes(subject, random, arg[0]);
	arg[2] = draw_fail(random);
	arg[3] = draw_fail(random);
	arg[4] = draw_fail(random);
}

/* Everything, which also keeps the table from filling up. */
static void
generate_unmap_all(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;
	uint64_t n = random_below(random, WINDOWS + 1);

	generate_unmap(subject, random, arg);
	arg[0] = n < WINDOWS ? s->window[n] : 0;
	arg[1] = n < WINDOWS ? s->span : s->info.last_iova + 1;
}

static int apply_unmap(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t last = arg[0] + (arg[1] - 1), bytes = arg[1];
	uint64_t expected = ranges_mapped_bytes(&s->mapped, arg[0], last);
	uint64_t unmapped = ~UINT64_C(0);
	bool failed;
	int r;

	if (model_plant == PLANT_UNMAP_SHORT && bytes > s->unit)
		bytes -= s->unit;
	fail_in(s, arg[2], arg[3], arg[4]);
	r = iomm_pgtable_unmap(s->pgtable, arg[0], bytes, &s->gather,
			       &unmapped);
	failed = has_failed(s);
	if (failed)
		model_require((r == -IOMM_ENOMEM || r == -IOMM_ETIMEDOUT) &&
				      unmapped < expected,
			      "a hook failed: %d, 0x%" PRIx64 " unmapped", r,
			      unmapped);
	else
		model_require(!r && (unmapped == expected ||
				     model_plant == PLANT_UNMAP_SHORT),
			      "%d, 0x%" PRIx64 " unmapped, where 0x%" PRIx64
			      " were mapped",
			      r, unmapped, expected);
	if (!expected || (r && !unmapped))
		return r;
	bytes = r ? unmapped : expected;
	last = ranges_remove(&s->mapped, arg[0], last, bytes);
	walker_unmapped(&s->walker, arg[0], last);
	return r;
}

static void
generate_look(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;

	arg[0] = draw_iova(s, random) + random_below(random, s->unit);
}

static int apply_look(void *subject, const uint64_t *arg)
{
	return subject_look(subject, arg[0]);
}

static void
generate_flush(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = random_percent(random, 5);
}

static int apply_flush(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t pending = iomm_gather_pending(&s->gather);
	bool failed;
	int r;

	if (model_plant == PLANT_NO_GATHER)
		iomm_gather_init(&s->gather);
	fail_in(s, 0, 0, arg[0]);
	r = iomm_gather_flush(&s->gather);
	failed = has_failed(s);
	model_require(r == (failed ? -IOMM_ETIMEDOUT : 0), "flush: %d", r);
	model_require(iomm_gather_pending(&s->gather) == (r ? pending : 0),
		      "the gather is not as it should be after a flush");
	if (!r)
		walker_flushed(&s->walker);
	return r;
}

static int apply_abandon(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t n;

	(void)arg;
	iomm_gather_abandon(&s->gather);
	/* What it covered may be forgotten at any time, or not at all. */
	for (n = 0; n < WALKER_CACHE; n++) {
		if (s->walker.leaf[n].stale)
			s->walker.leaf[n].valid = s->walker.leaf[n].stale =
				false;
	}
	return 0;
}

static int apply_flush_all(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t quarantined = subject_info(s).quarantined;
	bool failed;
	int r;

	fail_in(s, 0, 0, arg[0]);
	r = iomm_pgtable_flush_all(s->pgtable);
	failed = has_failed(s);
	model_require(r == (failed ? -IOMM_ETIMEDOUT : 0), "flush_all: %d", r);
	model_require(subject_info(s).quarantined == (r ? quarantined : 0),
		      "the quarantine is not as it should be");
	return r;
}

/* Calls that are wrong: refused, and nothing has happened. */
static void
generate_wrong(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;

	generate_map(s, random, arg);
	switch (random_below(random, 7)) {
	case 0:
		arg[0] += 1 + random_below(random, s->unit - 1);
		break;
	case 1:
		arg[1] -= 1 + random_below(random, s->unit - 1);
		break;
	case 2:
		arg[2] += 1 + random_below(random, s->unit - 1);
		break;
	case 3:
		arg[0] = s->info.last_iova + 1;
		break;
	case 4:
		arg[2] = (UINT64_C(1) << s->info.oas) - arg[1] + s->unit;
		break;
	case 5:
		arg[3] &= ~(uint64_t)(IOMM_PROT_READ | IOMM_PROT_WRITE);
		break;
	default:
		arg[1] = 0 - arg[0];
	}
}

static int apply_wrong(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t mapped = ~UINT64_C(0);
	int r = iomm_pgtable_map(s->pgtable, arg[0], arg[2], arg[1],
				 (uint32_t)arg[3], 0, &mapped);

	model_require(r == -IOMM_EINVAL && !mapped,
		      "a wrong call answers %d, 0x%" PRIx64 " mapped", r,
		      mapped);
	return r;
}

static const struct model_kind kinds[] = {
	{ "map", "iova bytes paddr prot fail_table fail_alloc", 38,
	  generate_map, apply_map },
	{ "map-large", "iova bytes paddr prot fail_table fail_alloc", 1,
	  generate_map_large, apply_map },
	{ "unmap", "iova bytes fail_table fail_alloc fail_flush", 30,
	  generate_unmap, apply_unmap },
	{ "unmap-all", "iova bytes fail_table fail_alloc fail_flush", 1,
	  generate_unmap_all, apply_unmap },
	{ "look", "iova", 20, generate_look, apply_look },
	{ "flush", "fail", 7, generate_flush, apply_flush },
	{ "abandon", "", 1, NULL, apply_abandon },
	{ "flush-all", "fail", 1, generate_flush, apply_flush_all },
	{ "wrong", "iova bytes paddr prot", 1, generate_wrong, apply_wrong },
};

const struct model model_pgtable = {
	.name = "pgtable",
	.kinds = kinds,
	.nr_kinds = LENGTH(kinds),
	.life = 4000,
	.check_every = 250,
	.make = make,
	.describe = describe,
	.check = subject_check,
	.destroy = destroy,
};
