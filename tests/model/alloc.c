/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An allocator as a subject of the harness: three pools, one of them for two
 * types, with sizes as a JIT compiler has them. The model is a list of what is
 * allocated, with the bytes that are in it.
 */
#include <inttypes.h>

#include "model/harness.h"
#include "unit/alloc_support.h"

#define TYPES	  4u
#define MOST_LIVE 700u
#define MOST	  (KIB(16)) /* bytes of one allocation */
#define BUDGET	  (MIB(1))  /* of all: the backend has four times that */

/* Bugs that can be planted. */
#define PLANT_OLD_CODE	 1u /* what is freed keeps its bytes */
#define PLANT_WRONG_FILL 2u /* bytes go to the place before */

static const uint32_t type_number[TYPES] = {
	IOMM_ALLOC_TEXT,
	IOMM_ALLOC_INITTEXT,
	IOMM_ALLOC_DATA,
	IOMM_ALLOC_RODATA_AFTER_INIT,
};

struct piece {
	unsigned char *at, *bytes; /* `rounded` each */
	uint64_t asked, rounded;
	uint32_t type;
	bool sealed;
};

struct subject {
	struct pools rig;
	const char *sort;
	struct iomm_alloc_type *type[TYPES];
	uint64_t alignment[TYPES];
	struct piece live[MOST_LIVE];
	uint32_t count;
	uint64_t bytes;
	unsigned char *freed; /* the last that was */
};

/* Making */

static int lazy(void *data, void *address, void *writable, uint64_t bytes)
{
	(void)data;
	(void)address;
	(void)writable;
	(void)bytes;
	return 0;
}

static void must(struct subject *s, int r, const char *what)
{
	char why[256] = "";

	if (!r)
		return;
	(void)!iomm_error_message(s->rig.world.ctx, why, sizeof(why));
	model_fail("%s: %d, %s", what, r, why);
}

static uint32_t
choose_sort(struct subject *s, struct random *random, uint32_t *flags)
{
	switch (random_below(random, 4)) {
	case 0:
		s->sort = "the system's memory";
		return 0;
	case 1:
		s->sort = "the system's memory, without an alias";
		*flags = IOMM_ALLOCATOR_NO_ALIAS;
		return 0;
	case 2:
		s->sort = "memory of the test's";
		return 1;
	default:
		s->sort = "memory of the test's, without an alias";
		s->rig.memory.ops.flags = 0;
		return 1;
	}
}

static void *make(struct random *random)
{
	static const uint64_t alignment[] = { 8, 16, 64, 256 };
	struct subject *s = calloc(1, sizeof(*s));
	struct iomm_alloc_desc desc[TYPES] = {
		{ .type = type_number[0], .prot = RX },
		{ .type = type_number[1], .mapto = type_number[0] },
		{ .type = type_number[2], .prot = R_W },
		{ .type = type_number[3],
		  .prot = IOMM_ALLOC_READ,
		  .flags = IOMM_ALLOC_SEAL_AFTER_INIT },
	};
	uint32_t n, flags = 0;
	bool memory;

	if (!s)
		abort();
	world_init(&s->rig.world);
	must(s, world_create(&s->rig.world), "world");
	memory_init(&s->rig.memory);
	memory = choose_sort(s, random, &flags);
	for (n = 0; n < TYPES; n++)
		s->alignment[n] = alignment[random_below(random, 4)];
	desc[0].alignment = s->alignment[0];
	desc[2].alignment = s->alignment[2];
	desc[0].granularity = KIB(16) << random_below(random, 4);
	desc[0].flags = random_percent(random, 50) ? IOMM_ALLOC_LAZY_SYNC : 0;
	if (model_plant == PLANT_OLD_CODE)
		desc[0].invalidate = lazy;
	must(s, pools_create(&s->rig, desc, TYPES, flags, memory), "create");
	for (n = 0; n < TYPES; n++)
		must(s,
		     iomm_allocator_type(s->rig.allocator, type_number[n],
					 &s->type[n]),
		     "type");
	/* What needs whole pages gets them. */
	s->alignment[3] = MEMORY_PAGE;
	if (flags || (memory && !s->rig.memory.ops.flags))
		s->alignment[0] = MEMORY_PAGE;
	s->alignment[1] = s->alignment[0];
	return s;
}

static void describe(const void *subject)
{
	const struct subject *s = subject;

	printf("%s, aligned to %u and %u", s->sort, (unsigned)s->alignment[0],
	       (unsigned)s->alignment[2]);
}

/* The model */

static bool
overlaps(const struct piece *p, const unsigned char *at, uint64_t bytes)
{
	return at < p->at + p->rounded && p->at < at + bytes;
}

/* Memory that nobody has, and that holds nothing. */
static void check_new(struct subject *s, const struct piece *p)
{
	static unsigned char trap[8];
	uint64_t n;

	model_require((uintptr_t)p->at % s->alignment[p->type] == 0,
		      "%p is not aligned", (void *)p->at);
	for (n = 0; n < s->count; n++)
		model_require(!overlaps(&s->live[n], p->at, p->rounded),
			      "%p and %p overlap", (void *)p->at,
			      (void *)s->live[n].at);
	if (p->type < 2 && !trap[0])
		memcpy(trap, p->at, sizeof(trap));
	for (n = 0; n < p->rounded; n++)
		model_require(p->at[n] == (p->type < 2 ? trap[n % 8] : 0),
			      "%p holds 0x%x at %" PRIu64, (void *)p->at,
			      p->at[n], n);
}

static void
add_piece(struct subject *s, void *at, uint64_t bytes, uint32_t type)
{
	uint64_t mask = s->alignment[type] - 1;
	struct piece *p = &s->live[s->count];

	*p = (struct piece){ .at = at,
			     .asked = bytes,
			     .rounded = (bytes + mask) & ~mask,
			     .type = type };
	check_new(s, p);
	p->bytes = malloc((size_t)p->rounded);
	if (!p->bytes)
		abort();
	memcpy(p->bytes, p->at, (size_t)p->rounded);
	s->bytes += p->rounded;
	s->count++;
}

static void check_piece(const struct piece *p)
{
	model_require(!memcmp(p->at, p->bytes, (size_t)p->rounded),
		      "the bytes at %p are others", (void *)p->at);
}

static struct piece *pick(struct subject *s, uint64_t which)
{
	return s->count ? &s->live[which % s->count] : NULL;
}

/* Operations */

/* Half below 500 bytes, three quarters below 2 KiB. */
static uint64_t draw_bytes(struct random *random)
{
	if (random_percent(random, 50))
		return 1 + random_below(random, 500);
	if (random_percent(random, 50))
		return 500 + random_below(random, 1548);
	return 2048 + random_below(random, MOST - 2048);
}

static void
generate_alloc(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = random_below(random, TYPES);
	arg[1] = draw_bytes(random);
}

static int apply_alloc(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	void *at = NULL;
	int r;

	if (s->count == MOST_LIVE || s->bytes + arg[1] > BUDGET)
		return -IOMM_EBUSY;
	r = iomm_alloc_type_alloc(s->type[arg[0]], arg[1], &at);
	must(s, r, "alloc");
	add_piece(s, at, arg[1], (uint32_t)arg[0]);
	return r;
}

static void
generate_which(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = random_next(random) >> 32;
	arg[1] = random_below(random, MOST);
	arg[2] = random_below(random, MOST);
	arg[3] = random_below(random, 256);
}

static int apply_free(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct piece *p = pick(s, arg[0]);

	if (!p)
		return -IOMM_ENOENT;
	check_piece(p);
	must(s, iomm_alloc_type_free(s->type[p->type], p->at), "free");
	s->freed = p->at;
	s->bytes -= p->rounded;
	free(p->bytes);
	*p = s->live[--s->count];
	return 0;
}

static int apply_fill(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct piece *p = pick(s, arg[0]);
	unsigned char bytes[256];
	uint64_t at, n = arg[3] + 1;
	int r;

	if (!p)
		return -IOMM_ENOENT;
	at = arg[1] % p->rounded;
	memset(bytes, (int)arg[2] & 0xff, sizeof(bytes));
	r = iomm_alloc_type_fill(s->type[p->type], p->at + at, bytes, n);
	if (p->sealed)
		model_require(r == -IOMM_EACCES, "sealed, and filled: %d", r);
	else if (at + n > p->rounded)
		model_require(r == -IOMM_EINVAL, "too long, and filled: %d", r);
	else
		must(s, r, "fill");
	if (!r)
		memcpy(p->bytes + at - (model_plant == PLANT_WRONG_FILL && at),
		       bytes, (size_t)n);
	check_piece(p);
	return r;
}

static int apply_seal(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct piece *p = pick(s, arg[0]);
	int r, expected;

	if (!p)
		return -IOMM_ENOENT;
	r = iomm_alloc_type_seal(s->type[p->type], p->at);
	expected = p->type != 3 ? -IOMM_EINVAL : p->sealed ? -IOMM_EEXIST : 0;
	model_require(r == expected, "seal: %d, not %d", r, expected);
	p->sealed |= !r;
	return r;
}

/* Pointers that are none: inside, of another type, freed already. */
static int apply_bad_free(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct piece *p = pick(s, arg[0]);
	unsigned char *at = s->freed;
	uint32_t n, type;
	int r;

	if (!p)
		return -IOMM_ENOENT;
	type = p->type;
	switch (arg[1] % 3) {
	case 0:
		at = p->at + 1 + arg[2] % (p->rounded - 1);
		break;
	case 1:
		at = p->at;
		type = (type + 1) % TYPES;
		break;
	default:
		for (n = 0; n < s->count; n++)
			at = at == s->live[n].at ? NULL : at;
	}
	r = iomm_alloc_type_free(s->type[type], at);
	model_require(r == -IOMM_EINVAL, "%p is freed: %d", (void *)at, r);
	return r;
}

static int apply_find(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct iomm_allocation seen = { .size = sizeof(seen) };
	struct piece *p = pick(s, arg[0]);

	if (!p)
		return -IOMM_ENOENT;
	must(s,
	     iomm_allocator_find(s->rig.allocator, p->at + arg[1] % p->rounded,
				 &seen),
	     "find");
	model_require(seen.address == p->at && seen.bytes == p->rounded &&
			      seen.type == type_number[p->type] &&
			      !(seen.flags & IOMM_ALLOCATION_SEALED) ==
				      !p->sealed,
		      "%p is found as %p of %" PRIu64 ", type %u",
		      (void *)p->at, seen.address, seen.bytes, seen.type);
	return 0;
}

static void
generate_layout(const void *subject, struct random *random, uint64_t *arg)
{
	uint32_t n;

	(void)subject;
	for (n = 0; n < TYPES; n++)
		arg[n] = draw_bytes(random);
	/* Now and then one that cannot be. */
	arg[4] = random_percent(random, 20) ? random_below(random, TYPES)
					    : TYPES;
}

static int apply_layout(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct iomm_alloc_part part[TYPES] = { { 0 } };
	uint32_t n;
	int r;

	if (s->count + TYPES > MOST_LIVE || s->bytes + 4 * MOST > BUDGET)
		return -IOMM_EBUSY;
	for (n = 0; n < TYPES; n++) {
		part[n].size = sizeof(part[n]);
		part[n].type = type_number[n];
		part[n].bytes = n == arg[4] ? UINT64_MAX : arg[n];
	}
	r = iomm_allocator_layout(s->rig.allocator, part, sizeof(part[0]),
				  TYPES);
	model_require(r == (arg[4] < TYPES ? -IOMM_ENOMEM : 0), "layout: %d",
		      r);
	for (n = 0; n < TYPES && !r; n++)
		add_piece(s, part[n].address, arg[n], n);
	return r;
}

static int apply_trim(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;

	(void)arg;
	must(s, iomm_allocator_trim(s->rig.allocator), "trim");
	return 0;
}

/* All of it */

static void check_type(struct subject *s, uint32_t type)
{
	struct iomm_alloc_stats stats = { .size = sizeof(stats) };
	struct iomm_allocation seen = { .size = sizeof(seen) };
	uint64_t count = 0, bytes = 0, walked = 0;
	void *last = NULL;
	uint32_t n;

	for (n = 0; n < s->count; n++) {
		if (s->live[n].type != type)
			continue;
		count++;
		bytes += s->live[n].rounded;
	}
	must(s, iomm_alloc_type_stats(s->type[type], &stats), "stats");
	model_require(stats.allocations == count && stats.asked == bytes,
		      "%" PRIu64 " allocations of %" PRIu64
		      " bytes, not %" PRIu64 " of %" PRIu64,
		      stats.allocations, stats.asked, count, bytes);
	model_require(stats.largest_hole <= stats.wasted &&
			      stats.waiting <= stats.wasted &&
			      stats.wasted <= stats.granted,
		      "statistics that contradict themselves");
	for (; !iomm_alloc_type_next(s->type[type], last, &seen); walked++)
		last = seen.address;
	model_require(walked == count, "%" PRIu64 " are walked over", walked);
}

static void check(void *subject)
{
	struct subject *s = subject;
	uint32_t n;

	for (n = 0; n < s->count; n++)
		check_piece(&s->live[n]);
	for (n = 0; n < TYPES; n++)
		check_type(s, n);
}

static void destroy(void *subject)
{
	struct subject *s = subject;
	const uint64_t first[MODEL_ARGS] = { 0 };
	uint32_t n;

	while (s->count)
		(void)apply_free(s, first);
	must(s, iomm_allocator_trim(s->rig.allocator), "trim");
	for (n = 0; n < TYPES; n++) {
		struct iomm_alloc_stats stats = { .size = sizeof(stats) };

		must(s, iomm_alloc_type_stats(s->type[n], &stats), "stats");
		model_require(!stats.granted, "%" PRIu64 " bytes are kept",
			      stats.granted);
		iomm_alloc_type_put(s->type[n]);
	}
	pools_close(&s->rig);
	free(s);
}

static const struct model_kind kinds[] = {
	{ "alloc", "type bytes", 100, generate_alloc, apply_alloc },
	{ "free", "which", 90, generate_which, apply_free },
	{ "fill", "which at byte less_one", 40, generate_which, apply_fill },
	{ "seal", "which", 5, generate_which, apply_seal },
	{ "bad free", "which how at", 10, generate_which, apply_bad_free },
	{ "find", "which at", 10, generate_which, apply_find },
	{ "layout", "text init data ro bad", 5, generate_layout, apply_layout },
	{ "trim", NULL, 1, NULL, apply_trim },
};

const struct model model_alloc = {
	.name = "alloc",
	.kinds = kinds,
	.nr_kinds = sizeof(kinds) / sizeof(kinds[0]),
	.life = 5000,
	.check_every = 500,
	.make = make,
	.describe = describe,
	.check = check,
	.destroy = destroy,
};
