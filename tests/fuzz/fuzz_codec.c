/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is a codec: a good one with numbers of the input's, and, once it was
 * taken, functions that answer what the input says. Whatever they do, the
 * library stays in its own memory and comes to an end.
 */
#include "fuzz/fuzz.h"

#include "unit/codec_arm64.h"

#define PAGE	  UINT64_C(4096)
#define MAX_STEPS 64u
/* What a codec's numbers are: all in front of its data. */
#define NUMBERS	  offsetof(struct iomm_codec, data)

struct machine {
	struct world w;
	struct input in;
	bool wild;
	struct iomm_codec codec;
	struct iomm_pgtable *table;
	struct iomm_gather gather;
};

/* Functions */

static struct machine *machine;

/* The right answer, or another one, as long as there is input. */
static uint64_t twist(uint64_t answer)
{
	uint8_t how = machine->wild ? take8(&machine->in) : 0;

	switch (how & 7) {
	case 1:
		return answer ^ UINT64_C(1) << (how >> 3 & 31);
	case 2:
		return answer ^ UINT64_C(0x100000000) << (how >> 3 & 31);
	case 3:
		return take(&machine->in, 8);
	case 4:
		return how >> 3;
	default:
		return answer;
	}
}

static uint64_t leaf(void *data, uint64_t pa, uint64_t attrs, uint32_t level)
{
	return twist(codec_arm64.leaf(data, pa, attrs, level));
}

static uint64_t link(void *data, uint64_t pa, uint32_t flags)
{
	return twist(codec_arm64.link(data, pa, flags));
}

static uint32_t kind(void *data, uint64_t desc, uint32_t level)
{
	return (uint32_t)twist(codec_arm64.kind(data, desc, level));
}

static uint64_t leaf_address(void *data, uint64_t desc, uint32_t level)
{
	return twist(codec_arm64.leaf_address(data, desc, level));
}

static uint64_t link_address(void *data, uint64_t desc)
{
	return twist(codec_arm64.link_address(data, desc));
}

static int encode(void *data, uint32_t prot, uint32_t flags, uint64_t *attrs)
{
	int r = codec_arm64.encode(data, prot, flags, attrs);

	*attrs = twist(*attrs);
	return (int)(int64_t)twist((uint64_t)r);
}

static uint32_t
decode(void *data, uint64_t desc, const uint64_t *regs, uint64_t restricts)
{
	return (uint32_t)twist(codec_arm64.decode(data, desc, regs, restricts));
}

static void
registers(void *data, const struct iomm_codec_table *table, uint64_t *regs)
{
	codec_arm64.registers(data, table, regs);
}

static int
start(void *data, const uint64_t *regs, struct iomm_codec_table *table)
{
	int r = codec_arm64.start(data, regs, table);

	table->ias = (uint32_t)twist(table->ias);
	table->oas = (uint32_t)twist(table->oas);
	table->root = twist(table->root);
	table->first_iova = twist(table->first_iova);
	return r;
}

/* Registering */

/* A few of its numbers become others. */
static void change_numbers(struct machine *m)
{
	uint8_t count = take8(&m->in) % 4, n;
	size_t at;

	for (n = 0; n < count; n++) {
		at = sizeof(uint32_t) + take16(&m->in) % (NUMBERS - 4);
		((uint8_t *)&m->codec)[at] = take8(&m->in);
	}
}

static int take_codec(struct machine *m)
{
	/* The planted mistake: it is shorter than it says. */
	size_t bytes = sizeof(m->codec) - (FUZZ_PLANTED ? 8 : 0);
	struct iomm_codec *exact = allocate(bytes);
	struct iomm_format_ops ops = {
		.size = sizeof(ops),
		.abi = IOMM_FORMAT_ABI,
		.name = "fuzzed",
		.codec = exact,
	};
	int r;

	m->codec = codec_arm64;
	m->codec.next = NULL;
	m->codec.leaf = leaf;
	m->codec.link = link;
	m->codec.kind = kind;
	m->codec.leaf_address = leaf_address;
	m->codec.link_address = link_address;
	m->codec.encode = encode;
	m->codec.decode = decode;
	m->codec.registers = registers;
	m->codec.start = start;
	change_numbers(m);
	memcpy(exact, &m->codec, bytes);
	r = checked(&m->w,
		    iomm_format_register(m->w.ctx, &ops, NULL, NULL, NULL));
	free(exact);
	return r;
}

static int flush(void *data, uint64_t iova, uint64_t last, uint64_t page_size,
		 uint32_t flags)
{
	(void)data;
	(void)iova;
	(void)last;
	(void)page_size;
	(void)flags;
	return 0;
}

static int flush_all(void *data)
{
	(void)data;
	return 0;
}

static int make_table(struct machine *m)
{
	static const struct iomm_tlb_ops tlb = { .size = sizeof(tlb),
						 .flush = flush,
						 .flush_all = flush_all };
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = take16(&m->in) &
			 (IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED |
			  IOMM_PGTABLE_UPPER | IOMM_PGTABLE_DIRTY |
			  IOMM_PGTABLE_HITLESS | IOMM_PGTABLE_NS),
		.ias = take8(&m->in) % 64,
	};

	return checked(&m->w, iomm_pgtable_create(m->w.ctx, "fuzzed", &config,
						  &tlb, NULL, NULL, &m->table));
}

/* Steps */

static int see(void *data, const struct iomm_walk_entry *entry)
{
	uint32_t *left = data;

	(void)entry;
	return !--*left;
}

static void look(struct machine *m, uint64_t iova, uint64_t bytes)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_extent extents[4];
	uint32_t left = 64, count = LENGTH(extents);

	(void)checked(&m->w, iomm_pgtable_translate(m->table, iova, &at));
	REQUIRE(iomm_pgtable_walk(m->table, iova, bytes, see, &left) <= 1);
	(void)checked(&m->w,
		      iomm_pgtable_extents(m->table, iova, bytes, extents,
					   sizeof(extents[0]), &count));
	REQUIRE(count <= LENGTH(extents));
}

static void step(struct machine *m, uint64_t first)
{
	uint8_t what = take8(&m->in), prot = take8(&m->in) & 63;
	uint64_t iova = first + take16(&m->in) * PAGE;
	uint64_t bytes = PAGE << take8(&m->in) % 14, done = 0;
	uint64_t paddr = take16(&m->in) * PAGE, bitmap[128];
	int r;

	switch (what % 8) {
	case 0:
		r = iomm_pgtable_unmap(m->table, iova, bytes, &m->gather,
				       &done);
		break;
	case 1:
		r = iomm_pgtable_protect(m->table, iova, bytes, prot,
					 &m->gather, &done);
		break;
	case 2:
		r = iomm_pgtable_merge(m->table, iova, bytes, &m->gather);
		break;
	case 3:
		r = iomm_pgtable_split(m->table, iova, bytes, PAGE);
		break;
	case 4:
		look(m, iova, bytes);
		return;
	case 5:
		bytes = bytes > 4096 * PAGE ? 4096 * PAGE : bytes;
		r = iomm_pgtable_read_and_clear_dirty(m->table, iova, bytes, 0,
						      bitmap, LENGTH(bitmap),
						      &m->gather);
		r = r > 0 ? 0 : r;
		break;
	default:
		r = iomm_pgtable_map(m->table, iova, paddr, bytes, prot, 0,
				     &done);
		break;
	}
	(void)checked(&m->w, r);
	REQUIRE(done <= bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct machine m = { .in = { bytes, size } };
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	uint32_t n;

	machine = &m;
	world_begin(&m.w);
	if (!take_codec(&m) && !make_table(&m)) {
		REQUIRE(!iomm_pgtable_info(m.table, &info));
		iomm_gather_init(&m.gather);
		m.wild = true;
		for (n = 0; n < MAX_STEPS && m.in.left; n++)
			step(&m, info.first_iova);
		m.wild = false;
		REQUIRE(!checked(&m.w, iomm_gather_flush(&m.gather)));
		iomm_pgtable_put(m.table);
	}
	world_end(&m.w);
	return 0;
}
