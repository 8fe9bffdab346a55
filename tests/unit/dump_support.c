/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/dump_support.h"

#include "pgtable/dump.h"

int bytes_write(void *data, const void *piece, uint64_t count)
{
	struct bytes *bytes = data;

	assert_true(count > 0);
	if (++bytes->pieces == bytes->fail_at)
		return bytes->answer;
	while (bytes->room < bytes->used + count) {
		bytes->room = bytes->room ? 2 * bytes->room : 1024;
		bytes->at = realloc(bytes->at, bytes->room);
	}
	memcpy(bytes->at + bytes->used, piece, count);
	bytes->used += count;
	return 0;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->at);
	memset(bytes, 0, sizeof(*bytes));
}

void assert_same(const struct bytes *a, const struct bytes *b)
{
	assert_int_equal(a->used, b->used);
	assert_memory_equal(a->at, b->at, a->used);
}

struct bytes dump_of(struct iomm_pgtable *pgtable, uint32_t form)
{
	struct bytes bytes = { .used = 0 };

	assert_ok(iomm_pgtable_dump(pgtable, form, bytes_write, &bytes));
	return bytes;
}

int load_bytes(struct rig *rig, const void *bytes, uint64_t count,
	       struct iomm_pgtable **out)
{
	void *copy = malloc(count ? count : 1);
	int r;

	memcpy(copy, bytes, count);
	r = iomm_pgtable_load(rig->ctx, copy, count, out);
	free(copy);
	return r;
}

/* By hand */

void put_fixed(struct bytes *bytes, uint64_t value, uint32_t count)
{
	uint8_t byte;

	for (; count; count--, value >>= 8) {
		byte = (uint8_t)value;
		assert_ok(bytes_write(bytes, &byte, 1));
	}
}

void put_number(struct bytes *bytes, uint64_t value)
{
	while (value > 127) {
		put_fixed(bytes, value % 128 + 128, 1);
		value /= 128;
	}
	put_fixed(bytes, value, 1);
}

static void put_difference(struct bytes *bytes, int64_t value)
{
	put_number(bytes, value < 0 ? (uint64_t)(-(value + 1)) * 2 + 1
				    : (uint64_t)value * 2);
}

void put_table(struct bytes *bytes, uint32_t depth, uint64_t gap, uint64_t pa,
	       uint64_t desc)
{
	put_fixed(bytes, depth * 8 + 1, 1);
	put_number(bytes, gap);
	put_fixed(bytes, pa, 8);
	put_number(bytes, desc ^ pa);
}

void put_leaf(struct bytes *bytes, uint32_t depth, uint64_t gap,
	      int64_t difference)
{
	put_fixed(bytes, depth * 8 + 2, 1);
	put_number(bytes, gap);
	put_difference(bytes, difference);
}

void put_instead(struct bytes *bytes, uint32_t depth, int64_t difference)
{
	put_fixed(bytes, depth * 8 + 4, 1);
	put_difference(bytes, difference);
}

void put_run(struct bytes *bytes, uint32_t depth, uint64_t gap,
	     int64_t difference, uint64_t count, int64_t step)
{
	put_fixed(bytes, depth * 8 + 3, 1);
	put_number(bytes, gap);
	put_difference(bytes, difference);
	put_number(bytes, count);
	put_difference(bytes, step);
}

void put_end(struct bytes *bytes)
{
	put_fixed(bytes, 0, 5);
	seal(bytes->at, bytes->used);
}

void seal(uint8_t *dump, uint64_t count)
{
	count -= IOMM_DUMP_CRC_BYTES;
	iomm_dump_put(dump + count, iomm_dump_crc(0, dump, count),
		      IOMM_DUMP_CRC_BYTES);
}

static uint64_t smallest(uint64_t sizes)
{
	return sizes & (~sizes + 1);
}

/* One leaf of each size that fits, with a hole before the next. */
static uint64_t
map_each_size(struct iomm_pgtable *pgtable, uint64_t sizes, uint64_t iova)
{
	uint64_t last = info_of(pgtable).last_iova, size;
	uint64_t paddr = 0;

	for (; sizes; sizes &= sizes - 1) {
		size = smallest(sizes);
		iova = (iova + 2 * size - 1) & ~(size - 1);
		paddr = (paddr + size - 1) & ~(size - 1);
		if (iova > last || last - iova < 2 * size)
			break;
		map_ok(pgtable, iova, paddr, 2 * size, RWC);
		iova += 2 * size;
		paddr += 2 * size;
	}
	return iova;
}

struct iomm_pgtable *
rich_table(struct rig *rig, uint64_t granule, uint32_t ias, uint32_t flags)
{
	struct iomm_pgtable *pgtable = rig_table(rig, granule, ias, flags);
	struct iomm_pgtable_info info = info_of(pgtable);
	uint64_t page = smallest(info.page_sizes), iova = info.first_iova;
	uint64_t i;

	/* The first page, a few that go on, and a few that do not. */
	map_ok(pgtable, iova, 7 * page, page, RW);
	map_ok(pgtable, iova + 3 * page, 64 * page, 5 * page, RWC);
	for (i = 10; i < 40; i += i % 3 + 1)
		map_ok(pgtable, iova + i * page, i * i * i % 1000 * page, page,
		       i & 1 ? RO : RW | IOMM_PROT_EXEC);
	for (; i < 45; i++)
		map_ok(pgtable, iova + i * page, i * i * page, page, RW);
	assert_ok(iomm_pgtable_map(pgtable, iova + 48 * page, 5 * page,
				   6 * page, RO | IOMM_PROT_PRIV,
				   IOMM_MAP_REPEAT, NULL));
	(void)map_each_size(pgtable, info.page_sizes, iova + 64 * page);
	/* The last one; it leads to 0. */
	map_ok(pgtable, info.last_iova - (page - 1), 0, page,
	       RW | IOMM_PROT_MMIO);
	return pgtable;
}
