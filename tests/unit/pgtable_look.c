/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Looking at page tables, and what every call on a range refuses. */
#include "unit/pgtable_support.h"

#include "pgtable/pgtable.h"
#include "pgtable/raw_walk.h"

void assert_says(struct iomm_ctx *ctx, const char *part)
{
	char text[512];

	assert_true(iomm_error_message(ctx, text, sizeof(text)) > 0);
	if (!strstr(text, part))
		fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static int dump_entry(void *data, const struct iomm_walk_entry *entry)
{
	struct dump *dump = data;

	if (dump->count == dump->room) {
		dump->room = dump->room ? 2 * dump->room : 64;
		dump->entries =
			realloc(dump->entries, dump->room * sizeof(*entry));
	}
	dump->entries[dump->count++] = *entry;
	return 0;
}

void dump_table(struct iomm_pgtable *pgtable, struct dump *dump)
{
	memset(dump, 0, sizeof(*dump));
	assert_ok(iomm_pgtable_walk(pgtable, 0, UINT64_MAX, dump_entry, dump));
}

void dump_free(struct dump *dump)
{
	free(dump->entries);
	memset(dump, 0, sizeof(*dump));
}

void assert_unchanged(struct iomm_pgtable *pgtable, struct dump *before)
{
	struct dump now;

	dump_table(pgtable, &now);
	assert_int_equal(now.count, before->count);
	if (now.count)
		assert_memory_equal(now.entries, before->entries,
				    now.count * sizeof(*now.entries));
	dump_free(&now);
	dump_free(before);
}

static int keep_leaf(void *data, const struct iomm_walk_entry *entry)
{
	if (entry->kind != IOMM_WALK_TABLE)
		*(uint64_t *)data = entry->raw;
	return 0;
}

uint64_t raw_leaf(struct iomm_pgtable *pgtable, uint64_t iova)
{
	uint64_t raw = 0;

	assert_ok(iomm_pgtable_walk(pgtable, iova, 1, keep_leaf, &raw));
	return raw;
}

void assert_maps(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t paddr,
		 uint64_t page_size)
{
	struct iomm_translation at = { .size = sizeof(at) };

	assert_ok(iomm_pgtable_translate(pgtable, iova, &at));
	assert_int_equal(at.paddr, paddr);
	assert_int_equal(at.page_size, page_size);
}

void assert_hole(struct iomm_pgtable *pgtable, uint64_t iova)
{
	struct iomm_translation at = { .size = sizeof(at) };

	assert_int_equal(iomm_pgtable_translate(pgtable, iova, &at),
			 -IOMM_ENOENT);
}

void assert_prot(struct iomm_pgtable *pgtable, uint64_t iova, uint32_t prot)
{
	struct iomm_translation at = { .size = sizeof(at) };

	assert_ok(iomm_pgtable_translate(pgtable, iova, &at));
	assert_int_equal(at.prot, prot);
}

static int add_leaf(void *data, const struct iomm_walk_entry *entry)
{
	if (entry->kind != IOMM_WALK_TABLE)
		*(uint64_t *)data += entry->bytes;
	return 0;
}

uint64_t mapped_bytes(struct iomm_pgtable *pgtable)
{
	uint64_t bytes = 0;

	assert_ok(iomm_pgtable_walk(pgtable, 0, UINT64_MAX, add_leaf, &bytes));
	return bytes;
}

struct tally {
	uint32_t kind, count;
};

static int count_entry(void *data, const struct iomm_walk_entry *entry)
{
	struct tally *tally = data;

	tally->count += entry->kind == tally->kind;
	return 0;
}

uint32_t count_entries(struct iomm_pgtable *pgtable, uint64_t iova,
		       uint64_t bytes, uint32_t kind)
{
	struct tally tally = { .kind = kind };

	assert_ok(iomm_pgtable_walk(pgtable, iova, bytes, count_entry, &tally));
	return tally.count;
}

void assert_extent(const struct iomm_extent *extent, uint64_t iova,
		   uint64_t bytes, uint64_t paddr, uint32_t prot)
{
	assert_int_equal(extent->iova, iova);
	assert_int_equal(extent->bytes, bytes);
	assert_int_equal(extent->paddr, paddr);
	assert_int_equal(extent->prot, prot);
	assert_int_equal(extent->reserved, 0);
}

void assert_extents(struct iomm_pgtable *pgtable,
		    const struct iomm_extent *expected, uint32_t count)
{
	struct iomm_extent *found = calloc(count + 1, sizeof(*found));
	uint32_t i, filled = count + 1;

	assert_ok(iomm_pgtable_extents(pgtable, 0, UINT64_MAX, found,
				       sizeof(*found), &filled));
	assert_int_equal(filled, count);
	for (i = 0; i < count; i++)
		assert_extent(&found[i], expected[i].iova, expected[i].bytes,
			      expected[i].paddr, expected[i].prot);
	free(found);
}

struct place {
	uint64_t table_pa, table_iova;
	struct iomm_walk_entry leaf;
};

static int find_leaf(void *data, const struct iomm_walk_entry *entry)
{
	struct place *place = data;

	if (entry->kind == IOMM_WALK_TABLE) {
		place->table_pa = entry->paddr;
		place->table_iova = entry->iova;
	} else {
		place->leaf = *entry;
	}
	return 0;
}

uint64_t *rig_leaf(struct rig *rig, struct iomm_pgtable *pgtable, uint64_t iova)
{
	struct iomm_pgtable_info info = info_of(pgtable);
	struct place place = { .table_pa = info.root_pa,
			       .table_iova = info.first_iova };
	uint64_t slot, *desc;

	assert_ok(iomm_pgtable_walk(pgtable, iova, 1, find_leaf, &place));
	assert_int_not_equal(place.leaf.bytes, 0);
	slot = (place.leaf.iova - place.table_iova) / place.leaf.bytes;
	desc = rig_desc(rig, place.table_pa) + slot;
	assert_int_equal(*desc, place.leaf.raw);
	return desc;
}

void rig_assert_balanced(struct rig *rig, struct iomm_pgtable *pgtable)
{
	struct iomm_pgtable_info info = info_of(pgtable);

	assert_int_equal(rig->tables, info.tables - info.foreign + info.spare +
					      info.quarantined);
}

void rig_assert_only_root(struct rig *rig, struct iomm_pgtable *pgtable)
{
	assert_int_equal(info_of(pgtable).tables, 1);
	rig_assert_balanced(rig, pgtable);
	(void)iomm_pgtable_trim(pgtable);
	assert_int_equal(rig->tables, 1);
}

static const struct bad_range {
	uint64_t iova, bytes;
	const char *part;
} bad_ranges[] = {
	{ 0x5000, 0, "the range at 0x5000 is empty" },
	{ 0x5010, 0x1000, "0x5010" },
	{ 0, 0x1234, "0x1234" },
	{ 0, 0xfff, "no multiple of the smallest page size, 4 KiB" },
	{ UINT64_C(0xfffffffffffff000), 0x2000, "wraps" },
	{ 0x1000, UINT64_C(0xfffffffffffff000), "beyond 0x7fffffffff" },
	{ 512 * GB, 0x1000, "the last address of 39 bits" },
	{ 512 * GB - 0x1000, 0x2000, "0x7ffffff000" },
	{ 0, 512 * GB + 0x1000, "0x8000001000" },
	{ UINT64_C(0xfffffffffffff000), 0x1000, "beyond" },
};

void refuses_ranges(struct rig *rig, range_call *call)
{
	struct iomm_pgtable *t = rig_4k(rig);
	const uint64_t top = 512 * GB;
	const struct bad_range *bad = bad_ranges;
	struct dump before;

	map_ok(t, 0, 0x8000, 0x6000, RWC);
	map_ok(t, top - 64 * KB, 64 * KB, 64 * KB, RWC);
	for (; bad < bad_ranges + sizeof(bad_ranges) / sizeof(*bad); bad++) {
		dump_table(t, &before);
		rig_clear_events(rig);
		assert_fails(call(t, bad->iova, bad->bytes), IOMM_EINVAL,
			     rig->ctx, bad->part);
		assert_int_equal(rig->nr_events, 0);
		assert_unchanged(t, &before);
	}
	iomm_pgtable_put(t);
}

void refuses_handles(struct rig *rig, range_call *call)
{
	assert_int_equal(call(NULL, 0, 0x1000), -IOMM_EINVAL);
	assert_int_equal(call((void *)rig->memory, 0, 0x1000), -IOMM_EINVAL);
}

void map_ok(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t paddr,
	    uint64_t bytes, uint32_t prot)
{
	uint64_t mapped = ~bytes;

	assert_ok(iomm_pgtable_map(pgtable, iova, paddr, bytes, prot, 0,
				   &mapped));
	assert_int_equal(mapped, bytes);
}

void unmap_ok(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
	      uint64_t expected)
{
	struct iomm_gather gather;
	uint64_t unmapped = ~expected;

	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_unmap(pgtable, iova, bytes, &gather, &unmapped));
	assert_int_equal(unmapped, expected);
	assert_ok(iomm_gather_flush(&gather));
}

void protect_ok(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
		uint32_t prot, uint64_t expected)
{
	struct iomm_gather gather;
	uint64_t changed = ~expected;

	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_protect(pgtable, iova, bytes, prot, &gather,
				       &changed));
	assert_int_equal(changed, expected);
	assert_ok(iomm_gather_flush(&gather));
}

struct iomm_pgtable_info info_of(struct iomm_pgtable *pgtable)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	assert_ok(iomm_pgtable_info(pgtable, &info));
	return info;
}

uint64_t rig_run_size(uint64_t granule, const struct iomm_raw_result *raw)
{
	const struct sizes *s = sizes;

	while (s->page != granule)
		s++;
	if (!(raw->desc & ARM64_CONT))
		return raw->page_size;
	if (raw->page_size == s->page)
		return s->run;
	return raw->page_size == s->block ? s->block_run : 16 * raw->page_size;
}

void assert_walks_alike(struct rig *rig, struct iomm_pgtable *pgtable,
			uint64_t iova)
{
	struct iomm_pgtable_info info = info_of(pgtable);
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_raw_walker walker = { .fetch = rig_fetch, .data = rig };
	struct iomm_raw_result raw;

	if (info.flags & IOMM_PGTABLE_COHERENT)
		walker.fetch = rig_snoop;
	memcpy(walker.regs, info.regs, sizeof(walker.regs));
	assert_ok(iomm_raw_walk(pgtable->format, &walker, iova, &raw));
	if (iomm_pgtable_translate(pgtable, iova, &at)) {
		assert_int_equal(raw.fault, IOMM_RAW_TRANSLATION);
		return;
	}
	assert_int_equal(raw.fault, IOMM_RAW_OK);
	assert_int_equal(raw.paddr, at.paddr);
	assert_int_equal(raw.prot, at.prot);
	assert_int_equal(rig_run_size(info.granule, &raw), at.page_size);
}
