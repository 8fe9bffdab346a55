/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Operations that map: in each form, and out of a reservation. */
#include "model/pgtable.h"

#include <inttypes.h>

#define HOW_CURSOR   (1u << 16) /* above IOMM_MAP_* */
#define MOST_REPEATS 300u
#define SEGMENTS     8u

/* Drawing arguments */

static uint64_t pick_size(const struct subject *s, struct random *random)
{
	uint64_t size = s->unit, next = size;

	while (next && random_percent(random, 50)) {
		next = next_size(s->info.page_sizes, size);
		if (next && next <= s->large)
			size = next;
	}
	return size;
}

/* Of an unusual form: pages of one size, or one page over and over. */
static void
draw_form(const struct subject *s, struct random *random, uint64_t *arg)
{
	uint64_t size = pick_size(s, random), pages;
	uint64_t last = (UINT64_C(1) << s->info.oas) - 1;

	if (size - 1 > last)
		return;
	arg[0] &= ~(size - 1);
	if (arg[0] < s->info.first_iova)
		return;
	arg[2] &= ~(size - 1);
	pages = arg[1] / size;
	pages = pages > MOST_REPEATS ? MOST_REPEATS : pages ? pages : 1;
	if (random_percent(random, 80) || size != s->unit)
		arg[4] |= IOMM_MAP_PAGE(__builtin_ctzll(size));
	if (random_percent(random, 40))
		arg[4] |= IOMM_MAP_REPEAT;
	if (size > (s->info.last_iova - arg[0] + 1) / pages)
		pages = 1;
	arg[1] = pages * size;
	if (arg[2] > last - (arg[1] - 1))
		arg[2] = 0;
	if (arg[1] - 1 > last)
		arg[1] = size;
}

void generate_map(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;

	draw_range(s, random, arg);
	arg[2] = draw_paddr(s, random, arg[0], arg[1]);
	arg[3] = draw_prot(s, random);
	arg[4] = random_percent(random, 25) ? HOW_CURSOR : 0;
	arg[5] = draw_fail(random);
	if (random_percent(random, 20))
		draw_form(s, random, arg);
}

/* Large leaves and runs of them, which small ranges have no room for. */
void generate_map_large(const void *subject, struct random *random,
			uint64_t *arg)
{
	const struct subject *s = subject;
	uint64_t room = UINT64_C(1) << s->info.oas, size = s->unit;
	uint64_t step = random_below(random, 12);

	generate_map(subject, random, arg);
	for (; step-- && next_size(s->info.page_sizes, size);)
		size = next_size(s->info.page_sizes, size);
	if (size > room || size > s->large)
		size = s->large;
	if (size > room)
		return;
	arg[0] &= ~(size - 1);
	arg[1] = size;
	arg[2] = random_next(random) & (room - 1) & ~(size - 1);
	arg[4] &= HOW_CURSOR;
}

/* The model */

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The page size that a call asks for; 0: any. */
static uint64_t forced_size(const struct subject *s, uint64_t how)
{
	uint32_t shift = (uint32_t)(how & IOMM_MAP_PAGE_MASK) >> 8;

	if (shift)
		return UINT64_C(1) << shift;
	return how & IOMM_MAP_REPEAT ? s->unit : 0;
}

/* The leaf that [iova, iova + bytes) has at an address: the largest that fits.
 */
static void check_leaf_size(struct subject *s, uint64_t iova, uint64_t bytes,
			    uint64_t paddr, uint64_t forced, uint64_t at)
{
	struct iomm_translation out = { .size = sizeof(out) };
	uint64_t size, best = s->unit, base;

	for (size = s->unit; size; size = next_size(s->info.page_sizes, size)) {
		base = at & ~(size - 1);
		if (!((iova ^ paddr) & (size - 1)) && base >= iova &&
		    base - iova + size <= bytes)
			best = size;
	}
	best = forced ? forced : best;
	model_require(!iomm_pgtable_translate(s->pgtable, at, &out) &&
			      out.page_size == best,
		      "0x%" PRIx64 " has a leaf of 0x%" PRIx64
		      ", and should have 0x%" PRIx64,
		      at, (uint64_t)out.page_size, best);
}

/* What a mapping of one piece has done. Nothing of it was written to yet, but
 * by devices in the middle of it. */
static void mapped_piece(struct subject *s, uint64_t iova, uint64_t paddr,
			 uint64_t bytes, uint32_t prot, uint64_t how)
{
	uint64_t forced = forced_size(s, how), n;

	if (!bytes)
		return;
	if (!(how & IOMM_MAP_REPEAT)) {
		ranges_add(&s->mapped, iova, bytes, paddr, prot);
	} else {
		for (n = 0; n < bytes; n += forced)
			ranges_add(&s->mapped, iova + n, forced, paddr, prot);
	}
	check_leaf_size(s, iova, bytes, paddr, forced, iova);
	check_leaf_size(s, iova, bytes, paddr, forced, iova + bytes / 2);
	check_leaf_size(s, iova, bytes, paddr, forced, iova + bytes - 1);
}

/* How far a mapping comes, and what it answers. */
static uint64_t expect(const struct subject *s, uint64_t iova, uint64_t bytes,
		       uint64_t forced, int *r)
{
	uint64_t room = ranges_free_bytes(&s->mapped, iova, iova + (bytes - 1));

	if (forced)
		room &= ~(forced - 1);
	*r = room == bytes ? 0 : -IOMM_EEXIST;
	return room;
}

static void check_result(const struct subject *s, int r, uint64_t mapped,
			 int right, uint64_t room, bool failed)
{
	if (failed)
		model_require((r == -IOMM_ENOMEM || r == -IOMM_ETIMEDOUT) &&
				      mapped <= room &&
				      !(mapped & (s->unit - 1)),
			      "without memory, or a flush: %d, 0x%" PRIx64
			      " mapped",
			      r, mapped);
	else
		model_require(r == right && mapped == room,
			      "%d, 0x%" PRIx64 " mapped, where 0x%" PRIx64
			      " were free",
			      r, mapped, room);
}

/* Mapping */

int apply_map(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t mapped = ~UINT64_C(0), room, paddr = arg[2];
	uint32_t flags = (uint32_t)arg[4] & ~HOW_CURSOR;
	bool failed;
	int r, right;

	room = expect(s, arg[0], arg[1], forced_size(s, flags), &right);
	if (model_plant == PLANT_WRONG_PAGE && arg[1] >= 8 * s->unit &&
	    paddr >= s->large)
		paddr -= s->large;
	fail_in(s, arg[5]);
	hardware_begin(s, MAPPING, arg[0], arg[0] + (arg[1] - 1), arg[2]);
	if (arg[4] & HOW_CURSOR)
		r = iomm_cursor_map(&s->cursor, arg[0], paddr, arg[1],
				    (uint32_t)arg[3], flags, &mapped);
	else
		r = iomm_pgtable_map(s->pgtable, arg[0], paddr, arg[1],
				     (uint32_t)arg[3], flags, &mapped);
	failed = has_failed(s);
	check_result(s, r, mapped, right, room, failed);
	mapped_piece(s, arg[0], arg[2], mapped, (uint32_t)arg[3], flags);
	hardware_end(s, OWED_NOTHING);
	return r;
}

/* Segments, whose number, lengths and addresses come from a seed. */
void generate_segments(const void *subject, struct random *random,
		       uint64_t *arg)
{
	const struct subject *s = subject;

	arg[0] = draw_iova(s, random);
	arg[1] = random_next(random);
	arg[2] = draw_prot(s, random);
	arg[3] = random_percent(random, 20)
			 ? IOMM_MAP_PAGE(__builtin_ctzll(s->unit))
			 : 0;
	arg[4] = draw_fail(random);
}

static uint32_t make_segments(const struct subject *s, const uint64_t *arg,
			      struct iomm_segment *segment, uint64_t *bytes)
{
	struct random random = { arg[1] };
	uint32_t count = 1 + (uint32_t)random_below(&random, SEGMENTS), n;
	uint64_t at = arg[0];

	for (n = 0; n < count && at - 1 != s->info.last_iova; n++) {
		segment[n].bytes = draw_bytes(s, &random, at);
		if (segment[n].bytes > 40 * s->unit)
			segment[n].bytes = 40 * s->unit;
		segment[n].paddr = draw_paddr(s, &random, at, segment[n].bytes);
		at += segment[n].bytes;
	}
	*bytes = at - arg[0];
	return n;
}

int apply_segments(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct iomm_segment segment[SEGMENTS];
	uint64_t bytes, mapped = ~UINT64_C(0), room, at = arg[0], piece, n;
	uint32_t count = make_segments(s, arg, segment, &bytes);
	bool failed;
	int r, right;

	room = expect(s, arg[0], bytes, forced_size(s, arg[3]), &right);
	fail_in(s, arg[4]);
	hardware_begin(s, MAPPING, arg[0], arg[0] + (bytes - 1), arg[1]);
	r = iomm_pgtable_map_segments(s->pgtable, arg[0], segment, count,
				      sizeof(*segment), (uint32_t)arg[2],
				      (uint32_t)arg[3], &mapped);
	failed = has_failed(s);
	check_result(s, r, mapped, right, room, failed);
	for (n = 0; n < count; n++) {
		/* Those that go on from one another count as one. */
		if (n + 1 < count && segment[n + 1].paddr - segment[n].bytes ==
					     segment[n].paddr) {
			segment[n + 1].bytes += segment[n].bytes;
			segment[n + 1].paddr = segment[n].paddr;
			continue;
		}
		piece = smaller(segment[n].bytes, mapped - (at - arg[0]));
		mapped_piece(s, at, segment[n].paddr, piece, (uint32_t)arg[2],
			     arg[3]);
		at += piece;
	}
	hardware_end(s, OWED_NOTHING);
	return r;
}

/* Calls that are wrong: refused, and nothing has happened. */
void generate_wrong(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;

	draw_range(s, random, arg);
	arg[2] = draw_paddr(s, random, arg[0], arg[1]);
	arg[3] = draw_prot(s, random);
	arg[4] = 0;
	switch (random_below(random, 10)) {
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
		if (!arg[0]) /* behind it is the first of the lower half */
			arg[0] = s->info.first_iova - s->unit;
		break;
	case 4:
		arg[2] = (UINT64_C(1) << s->info.oas) - arg[1] + s->unit;
		break;
	case 5:
		arg[3] &= ~(uint64_t)(IOMM_PROT_READ | IOMM_PROT_WRITE);
		break;
	case 6:
		arg[4] = 1u << 31;
		break;
	case 7: /* smaller than all */
		arg[4] = IOMM_MAP_PAGE(__builtin_ctzll(s->unit) - 1);
		break;
	case 8:
		arg[1] = 0;
		break;
	default:
		arg[1] = 0 - s->unit; /* wraps, or is too long */
	}
}

int apply_wrong(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t mapped = ~UINT64_C(0);
	int r = iomm_pgtable_map(s->pgtable, arg[0], arg[2], arg[1],
				 (uint32_t)arg[3], (uint32_t)arg[4], &mapped);

	model_require(r == -IOMM_EINVAL && !mapped,
		      "a wrong call answers %d, 0x%" PRIx64 " mapped", r,
		      mapped);
	return r;
}

/* Reservations */

void generate_reserve(const void *subject, struct random *random, uint64_t *arg)
{
	draw_range(subject, random, arg);
	arg[2] = random_below(random, RESERVATIONS);
	arg[3] = draw_fail(random);
}

int apply_reserve(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct reserved *reserved = &s->reserved[arg[2]];
	struct iomm_reservation *handle = NULL;
	bool failed;
	int r;

	(void)apply_release(s, &arg[2]);
	fail_in(s, arg[3]);
	hardware_begin(s, FLUSHING, arg[0], arg[0] + (arg[1] - 1), arg[1]);
	r = iomm_pgtable_reserve(s->pgtable, arg[0], arg[1], &handle);
	failed = has_failed(s);
	model_require(failed ? r == -IOMM_ENOMEM : !r, "reserve: %d", r);
	hardware_end(s, OWED_NOTHING);
	if (r)
		return r;
	*reserved = (struct reserved){
		.handle = handle,
		.iova = arg[0],
		.last = arg[0] + (arg[1] - 1),
	};
	return 0;
}

void generate_release(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = random_below(random, RESERVATIONS);
}

int apply_release(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct reserved *reserved = &s->reserved[arg[0]];

	iomm_reservation_put(reserved->handle);
	ranges_clear(&reserved->used);
	memset(reserved, 0, sizeof(*reserved));
	return 0;
}

void generate_commit(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;

	arg[0] = random_next(random);
	arg[1] = draw_bytes(s, random, s->info.first_iova);
	arg[2] = random_next(random) & ((UINT64_C(1) << s->info.oas) - 1);
	arg[3] = draw_prot(s, random);
	arg[4] = random_percent(random, 20)
			 ? IOMM_MAP_PAGE(__builtin_ctzll(s->unit))
			 : 0;
}

/* A piece of one of the reservations, or all of it. */
static struct reserved *pick_piece(struct subject *s, const uint64_t *arg,
				   uint64_t *iova, uint64_t *bytes)
{
	struct reserved *reserved = &s->reserved[arg[0] % RESERVATIONS];
	uint64_t all = reserved->last - reserved->iova + 1;

	if (!reserved->handle)
		return NULL;
	*iova = reserved->iova;
	if (arg[0] & 8)
		*iova += (arg[0] >> 8) % (all / s->unit) * s->unit;
	*bytes = smaller(arg[1], reserved->last - *iova + 1);
	if (arg[0] & 16)
		*bytes = reserved->last - *iova + 1;
	return reserved;
}

/* Nothing may be asked for. What was committed once and is unmapped may not
 * find a table again. */
int apply_commit(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t iova, bytes, paddr, room, mapped = ~UINT64_C(0);
	uint64_t last = (UINT64_C(1) << s->info.oas) - 1;
	struct reserved *reserved = pick_piece(s, arg, &iova, &bytes);
	bool failed;
	int r, right;

	if (!reserved)
		return -IOMM_ENOENT;
	paddr = arg[2] & ~(s->unit - 1);
	if (arg[0] & 32)
		paddr = (paddr & ~(s->block - 1)) | (iova & (s->block - 1));
	if (paddr > last - (bytes - 1))
		paddr = 0;
	room = expect(s, iova, bytes, forced_size(s, arg[4]), &right);
	fail_in(s, UINT64_C(1) << FAIL_TABLE | UINT64_C(1) << FAIL_ALLOC);
	hardware_begin(s, MAPPING, iova, iova + (bytes - 1), arg[2]);
	r = iomm_reservation_commit(reserved->handle, iova, paddr, bytes,
				    (uint32_t)arg[3], (uint32_t)arg[4],
				    &mapped);
	failed = has_failed(s);
	model_require(!failed, "a commit allocates");
	if (r != -IOMM_ENOSPC || !reserved->spoilt)
		check_result(s, r, mapped, right, room, false);
	mapped_piece(s, iova, paddr, mapped, (uint32_t)arg[3], arg[4]);
	hardware_end(s, OWED_NOTHING);
	if (!mapped)
		return r;
	(void)ranges_remove(&reserved->used, iova, iova + (mapped - 1), mapped);
	ranges_add(&reserved->used, iova, mapped, iova, 0);
	return r;
}
