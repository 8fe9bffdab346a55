/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How a page table is made for the model: of which kind, and where it is used.
 */
#include "model/pgtable.h"

#include <inttypes.h>

#include "unit/codec_arm64.h"

#define CODEC "codec-s1"

/* The formats that are tried, and their flags. */
static const struct {
	const char *name;
	uint32_t flags;
} formats[] = {
	{ "arm64-s1",
	  IOMM_PGTABLE_UPPER | IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_NS },
	{ "arm64-s2", IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_S2FWB },
	/* The first one, through the engine's generic instance. */
	{ CODEC, IOMM_PGTABLE_UPPER | IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_NS },
};

/* Runs that can be cut come with the leaves that they are cut into. */
static uint64_t with_leaves(uint64_t sizes, uint64_t granule)
{
	uint32_t bits = (uint32_t)__builtin_ctzll(granule / 8);
	uint64_t leaf, runs;

	for (leaf = granule; leaf; leaf <<= bits) {
		runs = sizes & ~(2 * leaf - 1) & ((leaf << bits) - 1);
		if (runs && (sizes & (leaf - 1)))
			sizes |= leaf;
	}
	return sizes;
}

static uint64_t pick_sizes(uint64_t sizes, struct random *random)
{
	uint64_t smallest = sizes & (~sizes + 1);

	switch (random_below(random, 10)) {
	case 0:
		return smallest;
	case 1:
		return smallest | random_next(random);
	case 2: /* no small pages: a mapping is whole blocks, or runs */
		return sizes ^ smallest;
	case 3:
		return random_next(random);
	default:
		return 0;
	}
}

static int create(struct subject *s, const struct iomm_pgtable_config *config,
		  struct iomm_pgtable **out)
{
	return iomm_pgtable_create(s->world.ctx, s->name, config, &hardware_tlb,
				   &s->hw, NULL, out);
}

/* Narrows the leaf sizes of a table that has all of them. */
static void narrow(struct subject *s, struct random *random)
{
	struct iomm_pgtable *narrowed;

	s->config.page_sizes = pick_sizes(s->info.page_sizes, random) &
			       s->info.page_sizes;
	s->config.page_sizes =
		with_leaves(s->config.page_sizes, s->info.granule);
	if (!s->config.page_sizes)
		return;
	model_require(!create(s, &s->config, &narrowed),
		      "page sizes 0x%" PRIx64, (uint64_t)s->config.page_sizes);
	iomm_pgtable_put(s->pgtable);
	s->pgtable = narrowed;
	s->info = subject_info(s);
}

/* Some places close to each other, some far apart, and both ends. */
static void place_windows(struct subject *s, struct random *random)
{
	uint64_t first = s->info.first_iova, size;
	uint64_t space = s->info.last_iova - first, align, n;

	s->unit = s->info.page_sizes & (~s->info.page_sizes + 1);
	s->block = next_size(s->info.page_sizes, s->unit);
	if (s->unit == s->info.granule)
		s->block = s->unit * (s->unit / 8);
	else if (!s->block)
		s->block = s->unit * 8;
	s->large = s->unit;
	for (size = s->unit; size; size = next_size(s->info.page_sizes, size))
		s->large = size - 1 <= space ? size : s->large;
	s->span = space / 4 < 4 * s->block ? (space + 1) / 4 : 4 * s->block;
	s->span = s->span < s->unit ? s->unit : s->span;
	align = s->large < s->span ? s->span : s->large;
	for (n = 0; n < WINDOWS; n++)
		s->window[n] =
			first + (random_next(random) & space & ~(align - 1));
	s->window[0] = first;
	s->window[1] = s->info.last_iova - s->span + 1;
}

static uint64_t pick_granule(uint64_t granules, struct random *random)
{
	uint64_t granule;

	do {
		granule = UINT64_C(1) << random_below(random, 64);
	} while (!(granules & granule));
	return granule;
}

/* The format that was picked, or the first if the library has it not. */
static void pick_format(struct subject *s, struct random *random)
{
	uint64_t n = random_below(random, LENGTH(formats));
	uint32_t any = IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED |
		       IOMM_PGTABLE_HITLESS;

	model_require(!codec_arm64_register(s->world.ctx, CODEC), "no codec");
	if (iomm_format_request(s->world.ctx, formats[n].name, 0, 0,
				&s->format)) {
		n = 0;
		model_require(!iomm_format_request(s->world.ctx,
						   formats[n].name, 0, 0,
						   &s->format),
			      "no format");
	}
	s->name = formats[n].name;
	s->config.flags = (uint32_t)random_next(random) &
			  (any | formats[n].flags);
	if (!(s->config.flags & IOMM_PGTABLE_COHERENT))
		s->config.flags &= ~IOMM_PGTABLE_DIRTY;
}

/* Where tables are: high, if the walker can reach that. */
static void place_memory(struct subject *s, uint32_t oas)
{
	uint64_t high = (UINT64_C(1) << oas) - (UINT64_C(1) << 30);

	s->hw.base = oas > 32 ? high : UINT64_C(0x80000000);
}

static int create_first(struct subject *s, struct random *random)
{
	struct iomm_format_info can = { .size = sizeof(can) };
	struct iomm_table_memory_ops memory = hardware_memory;
	int r = -IOMM_EINVAL;

	model_require(!iomm_format_info(s->format, &can), "no format");
	s->config.size = sizeof(s->config);
	s->config.granule = pick_granule(can.granules, random);
	s->prot = can.prot;
	hardware_init(s, s->config.granule,
		      s->config.flags & IOMM_PGTABLE_COHERENT);
	if (s->hw.snoops)
		memory.flags |= IOMM_TABLE_MEMORY_RAW;
	model_require(!iomm_table_memory_create(s->world.ctx, &memory, &s->hw,
						NULL, &s->memory),
		      "no table memory");
	s->config.memory = s->memory;
	s->config.ias = can.max_ias - (uint32_t)random_below(random, 24);
	s->config.oas = can.max_oas - (uint32_t)random_below(random, 17);
	place_memory(s, s->config.oas);
	if (random_percent(random, 80))
		r = create(s, &s->config, &s->pgtable);
	if (r != -IOMM_EINVAL)
		return r;
	s->config.ias = s->config.oas = 0;
	place_memory(s, 48);
	return create(s, &s->config, &s->pgtable);
}

static void set_up_walker(struct subject *s)
{
	model_require(walker_setup(&s->hw.walker, s->name, s->info.regs,
				   s->config.flags & IOMM_PGTABLE_UPPER,
				   s->config.flags & IOMM_PGTABLE_S2FWB),
		      "registers that no walker takes");
	model_require(s->hw.walker.ias == s->info.ias &&
			      s->hw.walker.oas >= s->info.oas &&
			      s->hw.walker.granule < 64 &&
			      UINT64_C(1) << s->hw.walker.granule ==
				      s->info.granule &&
			      s->hw.walker.root == s->info.root_pa,
		      "the registers say ias %" PRIu32 ", oas %" PRIu32
		      ", root 0x%" PRIx64,
		      s->hw.walker.ias, s->hw.walker.oas, s->hw.walker.root);
	model_require(s->hw.walker.updates == tracks(s),
		      "the registers say that writes are tracked: %d",
		      s->hw.walker.updates);
}

void *subject_make(struct random *random)
{
	struct subject *s = calloc(1, sizeof(*s));
	uint32_t n;
	int r;

	if (!s)
		abort();
	world_init(&s->world);
	model_require(!world_create(&s->world), "no context");
	pick_format(s, random);
	r = create_first(s, random);
	model_require(!r, "no table: %d", r);
	s->info = subject_info(s);
	narrow(s, random);
	place_windows(s, random);
	set_up_walker(s);
	model_require(!iomm_cursor_init(&s->cursor, s->pgtable), "no cursor");
	for (n = 0; n < GATHERS; n++)
		iomm_gather_init(&s->gather[n]);
	s->hw.forgets_nothing = model_plant == PLANT_NO_FLUSH;
	s->hw.sees_nothing = model_plant == PLANT_NO_SYNC;
	return s;
}

void subject_describe(const void *subject)
{
	static const char *const names[] = { "coherent", NULL,	  "shared",
					     "upper",	 "dirty", "hitless",
					     "ns",	 "s2fwb" };
	const struct subject *s = subject;
	uint32_t n;

	printf("%s, granule 0x%" PRIx64 ", page sizes 0x%" PRIx64
	       ", ias %" PRIu32 ", oas %" PRIu32,
	       s->name, (uint64_t)s->info.granule, (uint64_t)s->info.page_sizes,
	       s->info.ias, s->info.oas);
	for (n = 0; n < LENGTH(names); n++) {
		if (s->config.flags >> n & 1)
			printf(", %s", names[n]);
	}
}

/* Nothing waits for a flush, and nothing is reserved. */
static void settle(struct subject *s)
{
	const uint64_t which[RESERVATIONS] = { 0, 1 };
	uint32_t n;

	for (n = 0; n < RESERVATIONS; n++)
		(void)apply_release(s, &which[n]);
	for (n = 0; n < GATHERS; n++) {
		model_require(!iomm_gather_flush(&s->gather[n]),
			      "the last flush failed");
		hardware_flushed(s, OWED_GATHER + n);
	}
	model_require(!iomm_pgtable_flush_all(s->pgtable), "flush_all failed");
	hardware_flushed(s, OWED_ALL);
}

int subject_adopt(struct subject *s, uint64_t fail)
{
	struct iomm_pgtable_config config = s->config;
	struct iomm_pgtable_info info;
	struct iomm_pgtable *adopter;
	bool failed;
	int r;

	settle(s);
	config.flags |= IOMM_PGTABLE_ADOPT;
	config.root_pa = s->info.root_pa;
	fail_in(s, fail);
	r = create(s, &config, &adopter);
	failed = has_failed(s);
	model_require(failed ? r == -IOMM_ENOMEM : !r, "adopt: %d", r);
	if (r)
		return r;
	iomm_cursor_fini(&s->cursor);
	s->former[s->nr_former++] = s->pgtable;
	s->pgtable = adopter;
	info = subject_info(s);
	model_require(!memcmp(info.regs, s->info.regs, sizeof(info.regs)) &&
			      info.root_pa == s->info.root_pa &&
			      info.page_sizes == s->info.page_sizes,
		      "the adopted table has other registers");
	model_require(info.foreign == info.tables,
		      "%" PRIu64 " of %" PRIu64 " adopted tables are foreign",
		      (uint64_t)info.foreign, (uint64_t)info.tables);
	model_require(!iomm_cursor_init(&s->cursor, s->pgtable), "no cursor");
	return 0;
}

void subject_destroy(void *subject)
{
	struct subject *s = subject;

	settle(s);
	iomm_cursor_fini(&s->cursor);
	iomm_pgtable_put(s->pgtable);
	while (s->nr_former)
		iomm_pgtable_put(s->former[--s->nr_former]);
	model_require(!s->hw.tables, "%" PRIu32 " tables are lost",
		      s->hw.tables);
	iomm_format_put(s->format);
	iomm_table_memory_put(s->memory);
	model_require(world_live(&s->world, IOMM_HANDLE_ANY) == 1,
		      "handles are lost");
	world_end(&s->world);
	hardware_fini(&s->hw);
	ranges_clear(&s->mapped);
	ranges_clear(&s->dirty);
	free(s);
}
