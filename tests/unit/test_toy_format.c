/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A format of one's own, as docs/adding-a-format.md tells to make it: one file,
 * toy_format.c, and one line in the list of formats. Here the list is the
 * library's with that line more; all else is the library as it is.
 */
#include "unit/pgtable_support.h"

#include "pgtable/format.h"
#include "pgtable/pgtable.h"
#include "pgtable/raw_walk.h"

#undef IOMM_FORMATS
#define IOMM_FORMATS(FORMAT) \
	FORMAT(arm64_s1)     \
	FORMAT(toy)
IOMM_DECLARE_FORMAT(toy)

#include "pgtable/format_builtin.c"

static struct iomm_pgtable *toy(struct rig *rig, uint32_t ias)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.ias = ias,
		.flags = IOMM_PGTABLE_COHERENT,
		.memory = rig->memory,
	};
	struct iomm_pgtable *t = NULL;

	assert_ok(iomm_pgtable_create(rig->ctx, "toy", &config, &rig_tlb, rig,
				      NULL, &t));
	return t;
}

static void test_info(void **state)
{
	struct rig *rig = *state;
	struct iomm_format_info info = { .size = sizeof(info) };
	struct iomm_format *format;

	assert_ok(iomm_format_request(rig->ctx, "toy", 0, 0, &format));
	assert_ok(iomm_format_info(format, &info));
	assert_int_equal(info.granules, KB);
	assert_int_equal(info.max_ias, 31);
	assert_int_equal(info.max_oas, 40);
	assert_int_equal(info.prot, RW | IOMM_PROT_MMIO);
	assert_int_equal(info.nr_regs, 2);
	iomm_format_put(format);
	/* The others are there as ever. */
	assert_ok(iomm_format_request(rig->ctx, "arm64-s1", 0, 0, &format));
	iomm_format_put(format);
}

/* Descriptors are the address moved up by 20, and the bits of toy_format.c. */
static void test_descriptors(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = toy(rig, 0);
	struct iomm_pgtable_info info = info_of(t);

	assert_int_equal(info.page_sizes, 128 * KB | 4 * KB | KB);
	assert_int_equal(info.table_bytes, KB);
	assert_int_equal(info.regs[0], info.root_pa);
	assert_int_equal(info.regs[1], 40 << 8 | 31);
	map_ok(t, 0x400, 0x1400, KB, RW);
	assert_int_equal(raw_leaf(t, 0x400), 0x0000000140000020);
	map_ok(t, 0x800, 0xfffffffc00, KB, RO);
	assert_int_equal(raw_leaf(t, 0x800), 0x0fffffffc0000022);
	map_ok(t, 0xc00, 0, KB, IOMM_PROT_WRITE | IOMM_PROT_MMIO);
	assert_int_equal(raw_leaf(t, 0xc00), 0x25);
	map_ok(t, 0x20000, 0x40000, 128 * KB, RW);
	assert_int_equal(raw_leaf(t, 0x20000), 0x0000004000000020);
	assert_maps(t, 0x3ffff, 0x5ffff, 128 * KB);
	/* A run of four. */
	map_ok(t, 0x41000, 0x1000, 4 * KB, RW);
	assert_maps(t, 0x41400, 0x1400, 4 * KB);
	assert_maps(t, 0x400, 0x1400, KB);
	iomm_pgtable_put(t);
}

static void test_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .ias = 32 };
	struct iomm_pgtable *t;

	assert_fails(iomm_pgtable_create(rig->ctx, "toy", &config, NULL, NULL,
					 NULL, &t),
		     IOMM_EINVAL, rig->ctx,
		     "ias 32 is over the 31 bits that toy");
	config.ias = 0;
	config.flags = IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_DIRTY;
	assert_fails(iomm_pgtable_create(rig->ctx, "toy", &config, NULL, NULL,
					 NULL, &t),
		     IOMM_EOPNOTSUPP, rig->ctx, "toy");
	t = toy(rig, 20);
	assert_fails(iomm_pgtable_map(t, 0, 0, KB, RWC, 0, NULL),
		     IOMM_EOPNOTSUPP, rig->ctx, "toy can say");
	assert_fails(iomm_pgtable_map(t, MB, 0, KB, RW, 0, NULL), IOMM_EINVAL,
		     rig->ctx, "last address of 20 bits");
	iomm_pgtable_put(t);
}

/* The engine's algorithms work on it as on any: here are those that look most at
 * geometry, checked page by page against an array. */
#define PAGES 1024u

struct mirror {
	struct iomm_pgtable *pgtable;
	uint64_t paddr[PAGES]; /* 1: not mapped */
	uint32_t prot[PAGES];
};

static uint32_t next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (uint32_t)(*random >> 32);
}

/* By lookup, and from the registers on. */
static void check_mirror(struct rig *rig, const struct mirror *m)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_raw_walker walker = { .fetch = rig_snoop, .data = rig };
	struct iomm_pgtable_info info = info_of(m->pgtable);
	struct iomm_raw_result raw;
	uint32_t i;

	memcpy(walker.regs, info.regs, sizeof(walker.regs));
	for (i = 0; i < PAGES; i++) {
		assert_ok(iomm_raw_walk(m->pgtable->format, &walker, i * KB,
					&raw));
		if (m->paddr[i] == 1) {
			assert_hole(m->pgtable, i * KB);
			assert_int_equal(raw.fault, IOMM_RAW_TRANSLATION);
			continue;
		}
		assert_ok(iomm_pgtable_translate(m->pgtable, i * KB, &at));
		assert_int_equal(at.paddr, m->paddr[i]);
		assert_int_equal(at.prot, m->prot[i]);
		assert_int_equal(raw.fault, IOMM_RAW_OK);
		assert_int_equal(raw.paddr, m->paddr[i]);
		assert_int_equal(raw.prot, m->prot[i]);
	}
}

static void
map_some(struct mirror *m, uint64_t *random, uint32_t first, uint32_t count)
{
	uint64_t paddr = (next(random) % PAGES + first) * KB, mapped;
	uint32_t prot = next(random) & 1 ? RW : IOMM_PROT_WRITE, i;
	int r;

	if (next(random) & 1)
		paddr = first * KB;
	r = iomm_pgtable_map(m->pgtable, first * KB, paddr, count * KB, prot, 0,
			     &mapped);
	assert_int_equal(r, mapped == count * KB ? 0 : -IOMM_EEXIST);
	for (i = 0; i < count && m->paddr[first + i] == 1; i++) {
		m->paddr[first + i] = paddr + i * KB;
		m->prot[first + i] = prot;
	}
	assert_int_equal(mapped, i * KB);
}

static void unmap_some(struct mirror *m, uint32_t first, uint32_t count)
{
	uint32_t i, gone = 0;

	for (i = first; i < first + count; i++) {
		gone += m->paddr[i] != 1;
		m->paddr[i] = 1;
	}
	unmap_ok(m->pgtable, first * KB, count * KB, gone * KB);
}

static void
protect_some(struct mirror *m, uint64_t *random, uint32_t first, uint32_t count)
{
	uint32_t prot = next(random) & 1 ? RO : RO | IOMM_PROT_MMIO, i;
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_protect(m->pgtable, first * KB, count * KB, prot,
				       &gather, NULL));
	assert_ok(iomm_gather_flush(&gather));
	for (i = first; i < first + count; i++)
		m->prot[i] = prot;
}

static void merge_all(struct mirror *m)
{
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_merge(m->pgtable, 0, PAGES * KB, &gather));
	assert_ok(iomm_gather_flush(&gather));
}

static void test_operations(void **state)
{
	struct rig *rig = *state;
	struct mirror m = { .pgtable = toy(rig, 20) };
	uint64_t random = 0x9e3779b97f4a7c15;
	uint32_t i, first, count, n;

	for (i = 0; i < PAGES; i++)
		m.paddr[i] = 1;
	for (n = 0; n < 2000; n++) {
		count = 1u << next(&random) % 10;
		first = next(&random) % (PAGES - count + 1);
		if (next(&random) & 1)
			first &= ~(count - 1);
		switch (next(&random) % 8) {
		case 0:
		case 1:
		case 2:
			unmap_some(&m, first, count);
			break;
		case 3:
			protect_some(&m, &random, first, count);
			break;
		case 4:
			merge_all(&m);
			break;
		default:
			map_some(&m, &random, first, count);
			break;
		}
		if (!(n % 32))
			check_mirror(rig, &m);
	}
	check_mirror(rig, &m);
	iomm_pgtable_put(m.pgtable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_info),
		RIG_TEST(test_descriptors),
		RIG_TEST(test_refuses),
		RIG_TEST(test_operations),
	};

	return cmocka_run_group_tests_name("toy format", tests, NULL, NULL);
}
