/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Formats that are codecs: what is refused of them, and that a table of a codec
 * is the same, bit for bit, as one of the engine's own instance.
 */
#include "unit/pgtable_support.h"

#include "pgtable/pgtable.h"
#include "pgtable/raw_walk.h"
#include "unit/codec_arm64.h"

static int register_codec(struct rig *rig, const struct iomm_codec *codec)
{
	const struct iomm_format_ops ops = {
		.size = sizeof(ops),
		.abi = IOMM_FORMAT_ABI,
		.name = "tried",
		.codec = codec,
	};

	return iomm_format_register(rig->ctx, &ops, NULL, NULL, NULL);
}

/* Numbers */

/* One field of the codec of 4 KiB, changed. */
#define BAD(field_, value_, says_)                                 \
	{                                                          \
		.offset = offsetof(struct iomm_codec, field_),     \
		.bytes = sizeof(((struct iomm_codec *)0)->field_), \
		.value = (value_), .says = (says_),                \
	}

static const struct {
	size_t offset, bytes;
	uint64_t value;
	const char *says;
} bad_numbers[] = {
	BAD(flags, 1, "flags is 0x1"),
	BAD(page_shift, 8, "page_shift is 8, and not from 9 to 16"),
	BAD(page_shift, 17, "page_shift is 17"),
	BAD(page_shift, UINT32_MAX, "page_shift"),
	BAD(levels, 0, "levels is 0"),
	BAD(levels, 9, "levels is 9"),
	BAD(levels, 7, "what all levels resolve is 75"),
	BAD(concat, 5, "concat is 5"),
	BAD(min_root, 32, "min_root is 32"),
	BAD(min_root, 96, "min_root, 0x60, is no power"),
	BAD(min_root, 8192, "min_root is 8192"),
	BAD(min_ias, 12, "min_ias is 12"),
	BAD(min_ias, 49, "min_ias is 49"),
	BAD(max_ias, 49, "max_ias is 49"),
	BAD(max_ias, UINT32_MAX, "max_ias"),
	BAD(max_oas, 64, "max_oas is 64"),
	BAD(max_oas, 12, "max_oas is 12"),
	BAD(ias, 24, "ias is 24"),
	BAD(oas, 49, "oas is 49"),
	BAD(leaf_levels, 0x1e, "leaf_levels 0x1e"),
	BAD(leaf_levels, 0x6, "leaf_levels 0x6"),
	BAD(nr_regs, 9, "nr_regs is 9"),
	BAD(nr_regs, 0, "nr_regs is 0"),
	BAD(run_shift[0], 4, "2^4 leaves at level 0"),
	BAD(run_shift[2], 9, "2^9 leaves at level 2"),
	BAD(run_shift[7], 1, "2^1 leaves at level 7"),
	BAD(run, 0, "runs without a bit"),
	BAD(run, UINT64_C(3) << 52, "run is"),
	BAD(run, UINT64_C(0x10000040000000), "one bit each"),
	BAD(valid, 3, "one bit each"),
	BAD(valid, 0, "one bit each"),
	BAD(valid, 4, "valid is 0x4, of which it cannot have 0x4"),
	BAD(valid, UINT64_C(1) << 40, "valid is"),
	BAD(breaks, 1, "breaks is 0x1"),
	BAD(accessed, 2, "accessed is 0x2"),
	BAD(dirty_mask, 1, "dirty_mask is 0x1"),
	BAD(dirty_value, 1, "dirty_value is 0x1"),
	BAD(dirty, 0, "one bit each"),
	BAD(dirty, UINT64_C(1) << 51 | 1 << 7, "one bit each"),
	BAD(restricts, 1, "restricts is 0x1"),
	BAD(prot, 64, "prot is 0x40"),
	BAD(table_flags, IOMM_PGTABLE_SHARED, "table_flags is 0x4"),
	BAD(leaf, 0, "a function is NULL"),
	BAD(link, 0, "a function is NULL"),
	BAD(kind, 0, "a function is NULL"),
	BAD(leaf_address, 0, "a function is NULL"),
	BAD(link_address, 0, "a function is NULL"),
	BAD(encode, 0, "a function is NULL"),
	BAD(decode, 0, "a function is NULL"),
	BAD(registers, 0, "a function is NULL"),
};

static void test_numbers(void **state)
{
	struct rig *rig = *state;
	struct iomm_codec codec;
	size_t i;

	for (i = 0; i < sizeof(bad_numbers) / sizeof(bad_numbers[0]); i++) {
		codec = codec_arm64;
		memcpy((char *)&codec + bad_numbers[i].offset,
		       &bad_numbers[i].value, bad_numbers[i].bytes);
		assert_fails(register_codec(rig, &codec), IOMM_EINVAL, rig->ctx,
			     bad_numbers[i].says);
	}
	codec = codec_arm64;
	codec.dirty_mask = codec.dirty_value = codec.dirty = 0;
	assert_fails(register_codec(rig, &codec), IOMM_EINVAL, rig->ctx,
		     "tables are DIRTY");
}

static void test_lists(void **state)
{
	struct rig *rig = *state;
	struct iomm_codec loop = codec_arm64, other = codec_arm64;

	loop.next = &loop;
	assert_fails(register_codec(rig, &loop), IOMM_EINVAL, rig->ctx,
		     "more than 16 codecs");
	loop.next = &other;
	other.prot &= ~IOMM_PROT_EXEC;
	other.next = NULL;
	assert_fails(register_codec(rig, &loop), IOMM_EINVAL, rig->ctx,
		     "codecs of tried differ");
	other = codec_arm64;
	other.size = 16;
	assert_fails(register_codec(rig, &loop), IOMM_EINVAL, rig->ctx,
		     "iomm_codec");
}

/* Functions that contradict each other, or the numbers */

static uint64_t
leaf_without_valid(void *data, uint64_t pa, uint64_t attrs, uint32_t level)
{
	return codec_arm64.leaf(data, pa, attrs, level) & ~UINT64_C(1);
}

static uint64_t
leaf_elsewhere(void *data, uint64_t pa, uint64_t attrs, uint32_t level)
{
	return codec_arm64.leaf(data, pa & ~(UINT64_C(1) << 30), attrs, level);
}

static uint64_t
leaf_with_run(void *data, uint64_t pa, uint64_t attrs, uint32_t level)
{
	return codec_arm64.leaf(data, pa, attrs, level) | ARM64_CONT;
}

static uint64_t
leaf_writable(void *data, uint64_t pa, uint64_t attrs, uint32_t level)
{
	return codec_arm64.leaf(data, pa, attrs & ~UINT64_C(0x80), level);
}

static uint32_t kind_upside_down(void *data, uint64_t desc, uint32_t level)
{
	return codec_arm64.kind(data, desc, 3 - level);
}

static uint64_t link_restricted(void *data, uint64_t pa, uint32_t flags)
{
	return codec_arm64.link(data, pa, flags) | UINT64_C(1) << 62;
}

static uint64_t link_address_cut(void *data, uint64_t desc)
{
	return codec_arm64.link_address(data, desc) & UINT32_MAX;
}

static int
encode_too_much(void *data, uint32_t prot, uint32_t flags, uint64_t *attrs)
{
	int r = codec_arm64.encode(data, prot, flags, attrs);

	*attrs |= 1;
	return r;
}

static int
encode_fails(void *data, uint32_t prot, uint32_t flags, uint64_t *attrs)
{
	(void)data;
	(void)prot;
	(void)flags;
	(void)attrs;
	return 17;
}

static int
encode_unseen(void *data, uint32_t prot, uint32_t flags, uint64_t *attrs)
{
	int r = codec_arm64.encode(data, prot, flags, attrs);

	*attrs &= ~(UINT64_C(1) << 10);
	return r;
}

static uint32_t decode_nothing(void *data, uint64_t desc, const uint64_t *regs,
			       uint64_t restricts)
{
	(void)data;
	(void)desc;
	(void)regs;
	(void)restricts;
	return 0;
}

static int
start_wide(void *data, const uint64_t *regs, struct iomm_codec_table *table)
{
	int r = codec_arm64.start(data, regs, table);

	table->ias = 64;
	return r;
}

#define TRY(field, with, sentence)                                          \
	{                                                                   \
		offsetof(struct iomm_codec, field), (void (*)(void))(with), \
			(sentence),                                         \
	}
static const struct {
	size_t offset;
	void (*function)(void);
	const char *says;
} contradictions[] = {
	TRY(leaf, leaf_without_valid, "the valid or run bit"),
	TRY(leaf, leaf_with_run, "the valid or run bit"),
	TRY(leaf, leaf_elsewhere, "the leaf's address"),
	TRY(leaf, leaf_writable, "the attributes"),
	TRY(kind, kind_upside_down, "the kind"),
	TRY(link, link_restricted, "restrictions"),
	TRY(link_address, link_address_cut, "the link's address"),
	TRY(encode, encode_too_much, "codec of tried made attributes"),
	TRY(encode, encode_fails, "error 71"),
	TRY(encode, encode_unseen, "the access flag"),
	TRY(decode, decode_nothing, "the protection"),
	TRY(start, start_wide, "reads its own registers"),
};

static void test_contradictions(void **state)
{
	struct rig *rig = *state;
	struct iomm_codec codec;
	size_t i;

	for (i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]);
	     i++) {
		codec = codec_arm64;
		codec.next = NULL;
		memcpy((char *)&codec + contradictions[i].offset,
		       &contradictions[i].function, sizeof(void (*)(void)));
		assert_fails(register_codec(rig, &codec), IOMM_ELIBBAD,
			     rig->ctx, contradictions[i].says);
	}
	codec = codec_arm64;
	codec.next = NULL;
	codec.page_step = 8192;
	assert_fails(register_codec(rig, &codec), IOMM_ELIBBAD, rig->ctx,
		     "the next leaf");
	codec.page_step = 0;
	assert_ok(register_codec(rig, &codec));
}

/* Beside the built-in format */

static struct iomm_pgtable *make(struct rig *rig, const char *format,
				 uint64_t granule, uint32_t ias, uint32_t flags)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.granule = granule,
		.ias = ias,
		.oas = 48,
		.flags = IOMM_PGTABLE_COHERENT | flags,
		.memory = rig->memory,
	};
	struct iomm_pgtable *t = NULL;

	assert_ok(iomm_pgtable_create(rig->ctx, format, &config, &rig_tlb, rig,
				      NULL, &t));
	return t;
}

/* What a walk shows, but for the addresses of tables. */
struct seen {
	uint64_t sum;
	uint32_t entries;
};

static int see(void *data, const struct iomm_walk_entry *entry)
{
	struct seen *seen = data;
	uint64_t words[] = { entry->kind,
			     (uint64_t)entry->level,
			     entry->prot,
			     entry->iova,
			     entry->bytes,
			     0,
			     0 };
	size_t i;

	if (entry->kind != IOMM_WALK_TABLE) {
		words[5] = entry->paddr;
		words[6] = entry->raw;
	}
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		seen->sum = (seen->sum ^ words[i]) * UINT64_C(0x100000001b3);
	seen->entries++;
	return 0;
}

static struct seen look(struct iomm_pgtable *t)
{
	struct iomm_pgtable_info info = info_of(t);
	struct seen seen = { 0 };

	assert_ok(iomm_pgtable_walk(t, info.first_iova,
				    info.last_iova - info.first_iova, see,
				    &seen));
	return seen;
}

static void assert_same(struct iomm_pgtable *a, struct iomm_pgtable *b)
{
	struct iomm_pgtable_info x = info_of(a), y = info_of(b);
	struct seen seen_a = look(a), seen_b = look(b);

	assert_int_equal(seen_a.entries, seen_b.entries);
	assert_int_equal(seen_a.sum, seen_b.sum);
	assert_int_equal(x.page_sizes, y.page_sizes);
	assert_int_equal(x.tables, y.tables);
	assert_int_equal(x.table_bytes, y.table_bytes);
	assert_int_equal(x.regs[IOMM_ARM64_S1_TCR], y.regs[IOMM_ARM64_S1_TCR]);
	assert_int_equal(x.regs[IOMM_ARM64_S1_MAIR],
			 y.regs[IOMM_ARM64_S1_MAIR]);
	assert_int_equal(y.regs[IOMM_ARM64_S1_TTBR0], y.root_pa);
}

static uint64_t next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random >> 11;
}

/* The same call on both, with the same answer. */
static void both(struct iomm_pgtable *t[2], uint64_t *random, uint64_t granule)
{
	uint64_t first = info_of(t[0]).first_iova, span = granule << 13;
	uint64_t iova = first + (next(random) & (span - 1) & ~(granule - 1));
	uint64_t bytes = granule << next(random) % 12, done[2] = { 0 };
	uint64_t paddr = next(random) & 1 ? iova & (span - 1)
					  : next(random) % 4096 * granule;
	uint32_t what = (uint32_t)(next(random) % 8), prot, i;
	struct iomm_gather gather;
	int r[2];

	prot = next(random) & 1 ? RWC : RO | IOMM_PROT_PRIV;
	if (next(random) & 1)
		iova &= ~(bytes - 1);
	for (i = 0; i < 2; i++) {
		iomm_gather_init(&gather);
		switch (what) {
		case 0:
		case 1:
			r[i] = iomm_pgtable_unmap(t[i], iova, bytes, &gather,
						  &done[i]);
			break;
		case 2:
			r[i] = iomm_pgtable_protect(t[i], iova, bytes, prot,
						    &gather, &done[i]);
			break;
		case 3:
			r[i] = iomm_pgtable_merge(t[i], iova, bytes, &gather);
			break;
		default:
			r[i] = iomm_pgtable_map(t[i], iova, paddr, bytes, prot,
						0, &done[i]);
			break;
		}
		assert_ok(iomm_gather_flush(&gather));
	}
	assert_int_equal(r[0], r[1]);
	assert_int_equal(done[0], done[1]);
}

static void test_same(void **state)
{
	static const uint32_t flags[] = { 0, IOMM_PGTABLE_UPPER,
					  IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_NS,
					  IOMM_PGTABLE_SHARED |
						  IOMM_PGTABLE_HITLESS };
	uint64_t random = 0x9e3779b97f4a7c15;
	struct rig *rig = *state;
	struct iomm_pgtable *t[2];
	uint32_t shift, f, n;

	assert_ok(codec_arm64_register(rig->ctx, "codec-s1"));
	for (shift = 12; shift <= 16; shift += 2)
		for (f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
			t[0] = make(rig, "arm64-s1", 1u << shift, 40, flags[f]);
			t[1] = make(rig, "codec-s1", 1u << shift, 40, flags[f]);
			for (n = 0; n < 400; n++) {
				both(t, &random, UINT64_C(1) << shift);
				if (!(n % 16))
					assert_same(t[0], t[1]);
			}
			assert_same(t[0], t[1]);
			iomm_pgtable_put(t[0]);
			iomm_pgtable_put(t[1]);
		}
}

/* From their registers, both are walked alike. */
static void test_raw(void **state)
{
	struct rig *rig = *state;
	struct iomm_raw_walker walker = { .fetch = rig_snoop, .data = rig };
	struct iomm_format *a, *b;
	struct iomm_raw_result x, y;
	struct iomm_pgtable_info info;
	struct iomm_pgtable *t;
	uint64_t iova;

	assert_ok(codec_arm64_register(rig->ctx, "codec-s1"));
	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, 0, &a));
	assert_ok(iomm_format_request(rig->ctx, "codec-s1", 0, 0, &b));
	t = make(rig, "codec-s1", 16 * KB, 39, 0);
	map_ok(t, 0, 0x40000000, 64 * MB, RWC);
	map_ok(t, 96 * MB, 0, 48 * KB, RO);
	info = info_of(t);
	memcpy(walker.regs, info.regs, sizeof(walker.regs));
	for (iova = 0; iova < 128 * MB; iova += 48 * KB) {
		assert_ok(iomm_raw_walk(a, &walker, iova, &x));
		assert_ok(iomm_raw_walk(b, &walker, iova, &y));
		assert_memory_equal(&x, &y, sizeof(x));
	}
	walker.regs[IOMM_ARM64_S1_TCR] = UINT64_C(3) << 14;
	assert_ok(iomm_raw_walk(b, &walker, 0, &y));
	assert_int_equal(y.fault, IOMM_RAW_REGISTERS);
	iomm_pgtable_put(t);
	iomm_format_put(a);
	iomm_format_put(b);
}

/* A protection that the codec cannot express. */
static void test_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t;

	assert_ok(codec_arm64_register(rig->ctx, "codec-s1"));
	t = make(rig, "codec-s1", 0, 0, 0);
	assert_fails(iomm_pgtable_map(t, 0, 0, 4 * KB, IOMM_PROT_WRITE, 0,
				      NULL),
		     IOMM_EOPNOTSUPP, rig->ctx,
		     "format codec-s1 cannot express the protection 0x2");
	iomm_pgtable_put(t);
}

/* A hook of one table looks at another, of another codec. */
static struct iomm_pgtable *looked_at;

static int flush_and_look(void *data, uint64_t iova, uint64_t last,
			  uint64_t page_size, uint32_t flags)
{
	struct iomm_translation at = { .size = sizeof(at) };

	(void)data;
	(void)iova;
	(void)last;
	(void)page_size;
	(void)flags;
	assert_ok(iomm_pgtable_translate(looked_at, 0x12345678, &at));
	assert_int_equal(at.paddr, 0x52345678);
	return 0;
}

static int flush_all(void *data)
{
	(void)data;
	return 0;
}

static void test_nested(void **state)
{
	static const struct iomm_tlb_ops tlb = {
		.size = sizeof(tlb),
		.flush = flush_and_look,
		.flush_all = flush_all,
	};
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .granule = 4 * KB,
					      .memory = NULL };
	struct rig *rig = *state;
	struct iomm_pgtable *t;
	struct iomm_gather gather;
	uint64_t done;

	assert_ok(codec_arm64_register(rig->ctx, "codec-s1"));
	looked_at = make(rig, "codec-s1", 64 * KB, 0, 0);
	map_ok(looked_at, 0x10000000, 0x50000000, 0x10000000, RW);
	assert_ok(iomm_pgtable_create(rig->ctx, "codec-s1", &config, &tlb, NULL,
				      NULL, &t));
	map_ok(t, 0, 0, 64 * MB, RW);
	/* Cuts a run, and goes on after the flush for that. */
	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_unmap(t, 2 * MB, 30 * MB, &gather, &done));
	assert_int_equal(done, 30 * MB);
	assert_ok(iomm_gather_flush(&gather));
	assert_maps(t, MB, MB, 2 * MB);
	assert_hole(t, 3 * MB);
	assert_maps(t, 32 * MB, 32 * MB, 32 * MB);
	iomm_pgtable_put(t);
	iomm_pgtable_put(looked_at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_numbers),
		RIG_TEST(test_lists),
		RIG_TEST(test_contradictions),
		RIG_TEST(test_same),
		RIG_TEST(test_raw),
		RIG_TEST(test_refuses),
		RIG_TEST(test_nested),
	};

	return cmocka_run_group_tests_name("codecs", tests, NULL, NULL);
}
