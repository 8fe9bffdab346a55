/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Operations that change what is mapped, or its shape. */
#include "model/pgtable.h"

#include <inttypes.h>

#define DIRTY_WORDS (8 * MOST_PAGES / 64)

/* The model: [first, last] goes, or what of it was done. */
static void remove_mapped(struct subject *s, uint64_t first, uint64_t last,
			  uint64_t bytes, uint32_t gather)
{
	uint32_t n;

	if (!bytes)
		return;
	/* More than goes: what is not seen after all does no harm. */
	hardware_owe(s, first, last, OWED_GATHER + gather);
	last = ranges_remove(&s->mapped, first, last, bytes);
	(void)ranges_remove(&s->dirty, first, last, UINT64_MAX);
	for (n = 0; n < RESERVATIONS; n++) {
		if (ranges_mapped_bytes(&s->reserved[n].used, first, last))
			s->reserved[n].spoilt = true;
	}
}

/* What an operation on what is mapped may answer, and how much is done. */
static void check_done(int r, uint64_t done, uint64_t expected, bool failed,
		       const char *what)
{
	if (failed)
		model_require((r == -IOMM_ENOMEM || r == -IOMM_ETIMEDOUT) &&
				      done <= expected,
			      "a hook failed: %d, 0x%" PRIx64 " %s", r, done,
			      what);
	else
		model_require(!r && done == expected,
			      "%d, 0x%" PRIx64 " %s, where 0x%" PRIx64
			      " were mapped",
			      r, done, what, expected);
}

static void draw_gather(const struct subject *s, struct random *random,
			uint64_t *arg, uint32_t gather, uint32_t fail)
{
	draw_range(s, random, arg);
	arg[gather] = random_below(random, GATHERS);
	arg[fail] = draw_fail(random);
}

/* Unmapping */

void generate_unmap(const void *subject, struct random *random, uint64_t *arg)
{
	draw_gather(subject, random, arg, 2, 4);
	arg[3] = random_percent(random, 25);
}

/* Everything, which also keeps the table from filling up. */
void generate_unmap_all(const void *subject, struct random *random,
			uint64_t *arg)
{
	const struct subject *s = subject;
	uint64_t n = random_below(random, WINDOWS + 1);

	generate_unmap(subject, random, arg);
	arg[0] = n < WINDOWS ? s->window[n] : s->info.first_iova;
	arg[1] = n < WINDOWS ? s->span
			     : s->info.last_iova - s->info.first_iova + 1;
}

int apply_unmap(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t last = arg[0] + (arg[1] - 1), bytes = arg[1];
	uint64_t expected = ranges_mapped_bytes(&s->mapped, arg[0], last);
	uint64_t unmapped = ~UINT64_C(0);
	bool failed;
	int r;

	if (model_plant == PLANT_UNMAP_SHORT && bytes > s->unit)
		bytes -= s->unit;
	fail_in(s, arg[4]);
	hardware_begin(s, UNMAPPING, arg[0], last, arg[1]);
	if (arg[3])
		r = iomm_cursor_unmap(&s->cursor, arg[0], bytes,
				      &s->gather[arg[2]], &unmapped);
	else
		r = iomm_pgtable_unmap(s->pgtable, arg[0], bytes,
				       &s->gather[arg[2]], &unmapped);
	failed = has_failed(s);
	if (model_plant != PLANT_UNMAP_SHORT)
		check_done(r, unmapped, expected, failed, "unmapped");
	remove_mapped(s, arg[0], last, r ? unmapped : expected,
		      (uint32_t)arg[2]);
	hardware_end(s, OWED_GATHER + (uint32_t)arg[2]);
	return r;
}

void generate_unmap_extents(const void *subject, struct random *random,
			    uint64_t *arg)
{
	draw_gather(subject, random, arg, 2, 4);
	arg[3] = 1 + random_below(random, MOST_EXTENTS);
}

int apply_unmap_extents(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct iomm_extent extents[MOST_EXTENTS];
	uint64_t last = arg[0] + (arg[1] - 1), bytes = 0;
	uint64_t expected = ranges_mapped_bytes(&s->mapped, arg[0], last);
	uint32_t count = (uint32_t)arg[3], n;
	bool failed;
	int r;

	fail_in(s, arg[4]);
	hardware_begin(s, UNMAPPING, arg[0], last, arg[1]);
	r = iomm_pgtable_unmap_extents(s->pgtable, arg[0], arg[1],
				       &s->gather[arg[2]], extents,
				       sizeof(*extents), &count);
	failed = has_failed(s);
	model_require(count <= arg[3], "%" PRIu32 " extents", count);
	for (n = 0; n < count; n++)
		bytes += extents[n].bytes;
	if (r == -IOMM_EMSGSIZE)
		model_require(count == arg[3] && bytes < expected,
			      "%" PRIu32 " extents do not fit in %" PRIu64,
			      count, arg[3]);
	else
		check_done(r, bytes, expected, failed, "unmapped");
	check_extents(s, arg[0], last, extents, count, !r);
	remove_mapped(s, arg[0], last, bytes, (uint32_t)arg[2]);
	hardware_end(s, OWED_GATHER + (uint32_t)arg[2]);
	return r;
}

/* Protecting */

void generate_protect(const void *subject, struct random *random, uint64_t *arg)
{
	draw_gather(subject, random, arg, 3, 4);
	arg[2] = draw_prot(subject, random);
}

int apply_protect(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t last = arg[0] + (arg[1] - 1), changed = ~UINT64_C(0);
	uint64_t expected = ranges_mapped_bytes(&s->mapped, arg[0], last);
	uint32_t owed = OWED_GATHER + (uint32_t)arg[3];
	bool failed;
	int r;

	fail_in(s, arg[4]);
	hardware_begin(s, PROTECTING, arg[0], last, arg[1]);
	r = iomm_pgtable_protect(s->pgtable, arg[0], arg[1], (uint32_t)arg[2],
				 &s->gather[arg[3]], &changed);
	failed = has_failed(s);
	check_done(r, changed, expected, failed, "protected");
	if (changed) {
		hardware_owe(s, arg[0], last, owed);
		last = ranges_protect(&s->mapped, arg[0], last, changed,
				      (uint32_t)arg[2]);
		/* What cannot be written to is not dirty. */
		if (!(arg[2] & IOMM_PROT_WRITE))
			(void)ranges_remove(&s->dirty, arg[0], last,
					    UINT64_MAX);
	}
	hardware_end(s, owed);
	return r;
}

/* Splitting and merging: what is mapped stays as it is. */

void generate_split(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;
	uint64_t next;

	draw_range(s, random, arg);
	arg[2] = s->unit;
	while (random_percent(random, 40)) {
		next = next_size(s->info.page_sizes, arg[2]);
		if (next)
			arg[2] = next;
	}
	arg[3] = draw_fail(random);
}

/* No leaf is larger than that; looked at where it would be. */
static void check_split(const struct subject *s, uint64_t iova, uint64_t last,
			uint64_t size)
{
	uint64_t at[3] = { iova, iova + (last - iova) / 2, last };
	struct walked leaf;
	uint32_t n;

	for (n = 0; n < LENGTH(at); n++) {
		leaf = leaf_at(s, at[n]);
		model_require(leaf.fault || leaf.run <= size,
			      "a leaf of 0x%" PRIx64 " at 0x%" PRIx64
			      " after a split to 0x%" PRIx64,
			      leaf.run, at[n], size);
	}
}

int apply_split(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t last = arg[0] + (arg[1] - 1);
	bool failed;
	int r;

	fail_in(s, arg[3]);
	hardware_begin(s, SPLITTING, arg[0], last, arg[1]);
	r = iomm_pgtable_split(s->pgtable, arg[0], arg[1], arg[2]);
	failed = has_failed(s);
	model_require(failed ? r == -IOMM_ENOMEM || r == -IOMM_ETIMEDOUT : !r,
		      "split: %d", r);
	if (!r)
		check_split(s, arg[0], last, arg[2]);
	hardware_end(s, OWED_NOTHING);
	return r;
}

void generate_merge(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;

	draw_gather(s, random, arg, 2, 3);
	if (random_percent(random, 70)) {
		arg[0] &= ~(s->block - 1);
		arg[1] = s->block * (1 + random_below(random, 2));
	}
	if (arg[0] < s->info.first_iova)
		arg[0] = s->info.first_iova;
	if (arg[1] - 1 > s->info.last_iova - arg[0])
		arg[1] = s->info.last_iova - arg[0] + 1;
	arg[3] &= ~(UINT64_C(0xff) << FAIL_TABLE);
}

/* Is it all mapped, the same, and evenly dirty? */
static bool is_even(const struct subject *s, uint64_t iova, uint64_t bytes)
{
	uint64_t last = iova + (bytes - 1), dirty;
	struct range stretch;

	if (!ranges_stretch(&s->mapped, iova, last, &stretch) ||
	    stretch.iova != iova || stretch.last != last ||
	    ((stretch.iova ^ stretch.paddr) & (bytes - 1)))
		return false;
	dirty = ranges_mapped_bytes(&s->dirty, iova, last);
	return !dirty || dirty == bytes;
}

/* The largest leaf that what is mapped in [iova, last] could have at `at`. */
static void
check_merged(const struct subject *s, uint64_t iova, uint64_t last, uint64_t at)
{
	uint64_t size = s->unit, best = 0, base;
	struct walked leaf;

	for (; size; size = next_size(s->info.page_sizes, size)) {
		base = at & ~(size - 1);
		if (base >= iova && base + (size - 1) <= last &&
		    base + (size - 1) >= base && is_even(s, base, size))
			best = size;
	}
	leaf = leaf_at(s, at);
	model_require(!best || (!leaf.fault && leaf.run >= best),
		      "a leaf of 0x%" PRIx64 " at 0x%" PRIx64
		      " after a merge, and 0x%" PRIx64 " would fit",
		      leaf.run, at, best);
}

/* A large leaf is dirty if one of those that it was made of was. */
static void spread_dirt(struct subject *s, uint64_t iova, uint64_t last)
{
	uint64_t at = iova, end;
	struct range range;
	struct walked leaf;

	while (ranges_stretch(&s->dirty, at, last, &range)) {
		leaf = leaf_at(s, range.iova);
		model_require(!leaf.fault, "0x%" PRIx64 " is gone",
			      (uint64_t)range.iova);
		at = leaf.iova & ~(leaf.run - 1);
		end = at + (leaf.run - 1);
		(void)ranges_remove(&s->dirty, at, end, UINT64_MAX);
		ranges_add(&s->dirty, at, leaf.run, at, 0);
		if (end >= last)
			break;
		at = end + 1;
	}
}

int apply_merge(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t last = arg[0] + (arg[1] - 1), middle = arg[1] / 2;
	uint32_t owed = OWED_GATHER + (uint32_t)arg[2];
	bool failed;
	int r;

	fail_in(s, arg[3]);
	hardware_begin(s, MERGING, arg[0], last, arg[1]);
	r = iomm_pgtable_merge(s->pgtable, arg[0], arg[1], &s->gather[arg[2]]);
	failed = has_failed(s);
	model_require(failed ? r == -IOMM_ETIMEDOUT || r == -IOMM_ENOMEM : !r,
		      "merge: %d", r);
	if (!r) {
		check_merged(s, arg[0], last, arg[0]);
		check_merged(s, arg[0], last, arg[0] + middle);
		check_merged(s, arg[0], last, last);
	}
	if (tracks(s))
		spread_dirt(s, arg[0], last);
	hardware_end(s, owed);
	return r;
}

/* What was written to */

void generate_dirty(const void *subject, struct random *random, uint64_t *arg)
{
	draw_gather(subject, random, arg, 3, 4);
	arg[2] = random_percent(random, 25) ? IOMM_DIRTY_KEEP : 0;
	arg[4] &= ~(UINT64_C(0xff) << FAIL_TABLE);
}

/* Bits are set where it is dirty, and nowhere else. */
static void check_bitmap(const struct subject *s, const uint64_t *bitmap,
			 uint64_t iova, uint64_t bytes, bool failed)
{
	uint64_t pages = bytes / s->unit, n, at;
	bool set, dirty;

	for (n = 0; n < (pages + 63) / 64 * 64; n++) {
		at = iova + n * s->unit;
		set = bitmap[n / 64] >> (n % 64) & 1;
		dirty = n < pages && ranges_at(&s->dirty, at);
		model_require(set == dirty || (failed && !set),
			      "0x%" PRIx64 " is said to be %s", at,
			      set ? "dirty" : "clean");
	}
}

/* What is asked for only in part stays dirty. After a failure a leaf is clean
 * only if its pages were told. */
static void clear_dirt(struct subject *s, const uint64_t *bitmap, uint64_t iova,
		       uint64_t bytes, bool failed)
{
	uint64_t at = iova, last = iova + (bytes - 1), page, base, end;
	struct range range;
	struct walked leaf;

	while (ranges_stretch(&s->dirty, at, last, &range)) {
		leaf = leaf_at(s, range.iova);
		base = leaf.iova & ~(leaf.run - 1);
		end = base + (leaf.run - 1);
		page = (range.iova - iova) / s->unit;
		if (base >= iova && end <= last &&
		    (!failed || bitmap[page / 64] >> (page % 64) & 1))
			(void)ranges_remove(&s->dirty, base, end, UINT64_MAX);
		if (end >= last)
			break;
		at = end + 1;
	}
}

int apply_dirty(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	static uint64_t bitmap[DIRTY_WORDS];
	uint32_t owed = OWED_GATHER + (uint32_t)arg[3];
	uint64_t words = (arg[1] / s->unit + 63) / 64;
	bool keep = arg[2] & IOMM_DIRTY_KEEP, failed;
	int r;

	if (words > DIRTY_WORDS)
		return -IOMM_EMSGSIZE;
	memset(bitmap, 0, sizeof(bitmap));
	fail_in(s, arg[4]);
	hardware_begin(s, READING, arg[0], arg[0] + (arg[1] - 1), arg[1]);
	r = iomm_pgtable_read_and_clear_dirty(s->pgtable, arg[0], arg[1],
					      (uint32_t)arg[2], bitmap,
					      (uint32_t)words,
					      keep ? NULL : &s->gather[arg[3]]);
	failed = has_failed(s);
	if (!tracks(s)) {
		model_require(r == -IOMM_EOPNOTSUPP, "dirty: %d", r);
		return r;
	}
	model_require(failed ? r == -IOMM_ETIMEDOUT || r == -IOMM_ENOMEM : !r,
		      "dirty: %d", r);
	check_bitmap(s, bitmap, arg[0], arg[1], r);
	if (!keep)
		clear_dirt(s, bitmap, arg[0], arg[1], r);
	hardware_end(s, keep ? OWED_NOTHING : owed);
	return r;
}
