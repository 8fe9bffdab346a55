/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Operations that leave what is mapped as it is: they look, flush, hand over.
 */
#include "model/pgtable.h"

#include <inttypes.h>

/* Looking */

void generate_look(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;

	arg[0] = draw_iova(s, random) + random_below(random, s->unit);
}

int apply_look(void *subject, const uint64_t *arg)
{
	return subject_look(subject, arg[0]);
}

void generate_access(const void *subject, struct random *random, uint64_t *arg)
{
	arg[0] = draw_iova(subject, random);
	arg[1] = 1 + random_below(random, 12);
	arg[2] = random_next(random);
}

/* A device at work, around a place. */
int apply_access(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t room = (s->info.last_iova - arg[0]) / s->unit, n, offset;

	hardware_begin(s, FLUSHING, arg[0], arg[0], arg[2]);
	for (n = 0; n < arg[1]; n++) {
		offset = random_below(&s->hw.random, 24);
		if (offset > room)
			offset = 0;
		hardware_access(s, arg[0] + offset * s->unit,
				random_percent(&s->hw.random, 40));
	}
	hardware_end(s, OWED_NOTHING);
	return 0;
}

void generate_extents(const void *subject, struct random *random, uint64_t *arg)
{
	draw_range(subject, random, arg);
	arg[2] = 1 + random_below(random, MOST_EXTENTS);
}

int apply_extents(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct iomm_extent extents[MOST_EXTENTS];
	uint32_t count = (uint32_t)arg[2];
	int r = iomm_pgtable_extents(s->pgtable, arg[0], arg[1], extents,
				     sizeof(*extents), &count);

	model_require(!r && count <= arg[2], "extents: %d, %" PRIu32, r, count);
	check_extents(s, arg[0], arg[0] + (arg[1] - 1), extents, count,
		      count < arg[2]);
	return r;
}

/* Flushing */

static void draw_flush(struct random *random, uint64_t *arg)
{
	*arg = random_percent(random, 5) ? UINT64_C(1) << FAIL_FLUSH : 0;
}

void generate_flush(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = random_below(random, GATHERS);
	draw_flush(random, &arg[1]);
}

int apply_flush(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct iomm_gather *gather = &s->gather[arg[0]];
	uint64_t pending = iomm_gather_pending(gather);
	bool failed;
	int r;

	if (model_plant == PLANT_NO_GATHER)
		iomm_gather_init(gather);
	fail_in(s, arg[1]);
	hardware_begin(s, FLUSHING, s->window[0], s->window[0], pending);
	r = iomm_gather_flush(gather);
	failed = has_failed(s);
	model_require(r == (failed ? -IOMM_ETIMEDOUT : 0), "flush: %d", r);
	model_require(iomm_gather_pending(gather) == (r ? pending : 0),
		      "the gather is not as it should be after a flush");
	if (!r)
		hardware_flushed(s, OWED_GATHER + (uint32_t)arg[0]);
	hardware_end(s, OWED_NOTHING);
	return r;
}

void generate_abandon(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = random_below(random, GATHERS);
}

int apply_abandon(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;

	iomm_gather_abandon(&s->gather[arg[0]]);
	model_require(!iomm_gather_pending(&s->gather[arg[0]]),
		      "a gather that was given up is not empty");
	hardware_hand_over(&s->hw, OWED_GATHER + (uint32_t)arg[0], OWED_ALL);
	return 0;
}

void generate_flush_all(const void *subject, struct random *random,
			uint64_t *arg)
{
	(void)subject;
	draw_flush(random, &arg[0]);
}

int apply_flush_all(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t quarantined = subject_info(s).quarantined;
	bool failed;
	int r;

	fail_in(s, arg[0]);
	r = iomm_pgtable_flush_all(s->pgtable);
	failed = has_failed(s);
	model_require(r == (failed ? -IOMM_ETIMEDOUT : 0), "flush_all: %d", r);
	model_require(subject_info(s).quarantined == (r ? quarantined : 0),
		      "the quarantine is not as it should be");
	if (!r)
		hardware_flushed(s, OWED_ALL);
	return r;
}

/* Handing over */

void generate_adopt(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = draw_fail(random) & ~(UINT64_C(0xff) << FAIL_FLUSH);
}

int apply_adopt(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	int r;

	if (s->nr_former == ADOPTIONS)
		return -IOMM_EBUSY;
	r = subject_adopt(s, arg[0]);
	subject_check(s);
	return r;
}

void generate_restore(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	draw_flush(random, &arg[0]);
}

int apply_restore(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	bool failed;
	int r;

	hardware_reset(&s->hw);
	fail_in(s, arg[0]);
	r = iomm_pgtable_restore(s->pgtable, &info);
	failed = has_failed(s);
	model_require(r == (failed ? -IOMM_ETIMEDOUT : 0), "restore: %d", r);
	if (r) /* hardware stands still until it works */
		model_require(!iomm_pgtable_restore(s->pgtable, &info),
			      "restore fails again");
	model_require(!memcmp(info.regs, s->info.regs, sizeof(info.regs)) &&
			      info.root_pa == s->info.root_pa,
		      "other registers after restore");
	hardware_flushed(s, OWED_ALL);
	subject_see(s);
	return r;
}

int apply_trim(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct iomm_pgtable_info before = subject_info(s), after;
	uint32_t tables = s->hw.tables;
	uint64_t bytes;

	(void)arg;
	bytes = iomm_pgtable_trim(s->pgtable);
	after = subject_info(s);
	model_require(!after.spare && after.tables == before.tables &&
			      tables - s->hw.tables == before.spare &&
			      !bytes == !before.spare,
		      "trim gave 0x%" PRIx64 " bytes back, %" PRIu32
		      " tables, of %" PRIu64,
		      bytes, tables - s->hw.tables, (uint64_t)before.spare);
	return 0;
}

/* Dumps */

struct pieces {
	char *bytes;
	size_t count, room;
};

static int write_dump(void *data, const void *piece, uint64_t bytes)
{
	struct pieces *pieces = data;

	while (pieces->count + bytes > pieces->room) {
		pieces->room = pieces->room ? 2 * pieces->room : 4096;
		pieces->bytes = realloc(pieces->bytes, pieces->room);
		if (!pieces->bytes)
			abort();
	}
	memcpy(pieces->bytes + pieces->count, piece, (size_t)bytes);
	pieces->count += (size_t)bytes;
	return 0;
}

void generate_dump(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = random_percent(random, 70) ? IOMM_DUMP_BINARY : IOMM_DUMP_TEXT;
	arg[1] = draw_fail(random) & UINT64_C(0xff) << FAIL_ALLOC;
}

/* What was loaded is what was dumped. */
static int
check_loaded(struct subject *s, const struct pieces *pieces, uint64_t fail)
{
	struct iomm_pgtable *pgtable = s->pgtable, *loaded;
	struct iomm_pgtable_info info = s->info;
	struct pieces again = { 0 };
	bool failed;
	int r;

	fail_in(s, fail);
	r = iomm_pgtable_load(s->world.ctx, pieces->bytes, pieces->count,
			      &loaded);
	failed = has_failed(s);
	model_require(r == (failed ? -IOMM_ENOMEM : 0), "load: %d", r);
	if (r)
		return r;
	s->pgtable = loaded;
	subject_extents(s);
	info = subject_info(s);
	model_require(!memcmp(info.regs, s->info.regs, sizeof(info.regs)),
		      "a loaded dump has other registers");
	model_require(!iomm_pgtable_dump(loaded, IOMM_DUMP_BINARY, write_dump,
					 &again) &&
			      again.count == pieces->count &&
			      !memcmp(again.bytes, pieces->bytes, again.count),
		      "a loaded dump is dumped as something else");
	free(again.bytes);
	iomm_pgtable_put(loaded);
	s->pgtable = pgtable;
	return 0;
}

int apply_dump(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct pieces pieces = { 0 };
	int r;

	fail_in(s, UINT64_C(1) << FAIL_ALLOC);
	r = iomm_pgtable_dump(s->pgtable, (uint32_t)arg[0], write_dump,
			      &pieces);
	model_require(!has_failed(s), "a dump allocates");
	model_require(!r && pieces.count, "dump: %d", r);
	if (arg[0] == IOMM_DUMP_TEXT)
		model_require(pieces.bytes[pieces.count - 1] == '\n' &&
				      !memchr(pieces.bytes, 0, pieces.count),
			      "a dump is no text");
	else
		r = check_loaded(s, &pieces, arg[1]);
	free(pieces.bytes);
	return r;
}
