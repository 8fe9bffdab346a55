/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is a sequence of operations on a page table. Each answer is held
 * against an array with an element for every page; tables come from a provider
 * that may have none to give, and invalidations may fail.
 */
#include "fuzz/fuzz.h"

#define MAX_PAGES 16384u
#define MAX_STEPS 256u

/* One page of the smallest size in use. */
struct page {
	uint64_t paddr;
	uint8_t prot; /* 0: not mapped */
	bool stale;   /* unmapped, and not invalidated yet */
};

static struct page pages[MAX_PAGES];

struct machine {
	struct world w;
	struct input in;
	struct iomm_table_memory *memory;
	struct iomm_pgtable *table;
	struct iomm_pgtable_info info;
	struct iomm_gather gather;
	uint64_t base; /* I/O address of pages[0] */
	uint64_t page_bytes;
	uint32_t nr_pages;
	uint64_t tables_out; /* taken from the provider, and not given back */
	uint8_t allocs_left; /* 255: as many as wanted */
	uint8_t flushes_fail;
	bool abandoned;	 /* the quarantine may hold something */
	uint64_t walked; /* end of what the walk has shown so far */
};

/* The provider */

static int memory_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va,
			uint64_t *pa)
{
	struct machine *m = data;

	if (!m->allocs_left)
		return -IOMM_ENOMEM;
	if (m->allocs_left != UINT8_MAX)
		m->allocs_left--;
	*va = aligned_alloc((size_t)bytes, (size_t)bytes);
	REQUIRE(*va != NULL);
	memset(*va, 0, (size_t)bytes);
	*pa = (uint64_t)(uintptr_t)*va;
	REQUIRE(*pa + bytes - 1 <= max_pa);
	m->tables_out++;
	return 0;
}

static void memory_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	struct machine *m = data;

	(void)bytes;
	REQUIRE(pa == (uint64_t)(uintptr_t)va && m->tables_out);
	m->tables_out--;
	free(va);
}

/* Reads what a walker would, so that ASan sees what is out of bounds. */
static void memory_sync(void *data, const void *va, uint64_t pa, uint64_t bytes)
{
	const volatile unsigned char *at = va;
	unsigned char sum = 0;
	uint64_t n;

	(void)data;
	REQUIRE(bytes && pa == (uint64_t)(uintptr_t)va);
	for (n = 0; n < bytes; n += 8)
		sum ^= at[n];
	(void)sum;
}

static const struct iomm_table_memory_ops memory_ops = {
	.size = sizeof(memory_ops),
	.alloc = memory_alloc,
	.free = memory_free,
	.sync = memory_sync,
};

/* The hardware */

/* How many leaves side by side make a contiguous run (Arm ARM DDI 0487, D8.7):
 * by granule, of pages and of blocks. */
static uint64_t run_of(const struct machine *m, uint64_t leaf)
{
	if (m->info.granule == 4096)
		return 16;
	return m->info.granule == 16384 && leaf == 16384 ? 128 : 32;
}

/* What one descriptor can map: one of the table's page sizes, or what is left
 * when a run that is one of them was cut. */
static bool is_leaf(const struct machine *m, uint64_t bytes)
{
	uint64_t size;

	for (size = m->info.granule; size < bytes; size *= m->info.granule / 8)
		;
	return size == bytes &&
	       m->info.page_sizes & (bytes | bytes * run_of(m, bytes));
}

static int flush_failed(struct machine *m)
{
	if (!m->flushes_fail)
		return 0;
	m->flushes_fail--;
	return -IOMM_ETIMEDOUT;
}

UNTRACED static int tlb_flush(void *data, uint64_t iova, uint64_t last,
			      uint64_t page_size, uint32_t flags)
{
	struct machine *m = data;
	uint64_t n;

	REQUIRE(iova <= last && !(flags & ~IOMM_TLB_TABLES));
	REQUIRE(flags || is_leaf(m, page_size));
	if (flush_failed(m))
		return -IOMM_ETIMEDOUT;
	/* Whole pages of the window; a range may reach out of it. */
	n = iova > m->base ? (iova - m->base - 1) / m->page_bytes + 1 : 0;
	for (; n < m->nr_pages; n++) {
		if (m->base + n * m->page_bytes + (m->page_bytes - 1) > last)
			break;
		pages[n].stale = false;
	}
	return 0;
}

UNTRACED static int tlb_flush_all(void *data)
{
	struct machine *m = data;
	uint32_t n;

	if (flush_failed(m))
		return -IOMM_ETIMEDOUT;
	for (n = 0; n < m->nr_pages; n++)
		pages[n].stale = false;
	return 0;
}

static const struct iomm_tlb_ops tlb_ops = {
	.size = sizeof(tlb_ops),
	.flush = tlb_flush,
	.flush_all = tlb_flush_all,
};

UNTRACED static void require_clean(const struct machine *m)
{
	uint32_t n;

	for (n = 0; n < m->nr_pages; n++)
		REQUIRE(!pages[n].stale);
}

/* Making the table */

static uint64_t lowest(uint64_t bits)
{
	return bits & (~bits + 1);
}

/* Twice the second-smallest leaf: enough for blocks that are whole, in part,
 * and side by side. */
static void size_window(struct machine *m)
{
	uint64_t sizes = m->info.page_sizes, room;
	uint64_t next;

	m->page_bytes = lowest(sizes);
	next = lowest(sizes & (sizes - 1));
	next = next ? 2 * next / m->page_bytes : 1024;
	m->nr_pages = next < MAX_PAGES ? (uint32_t)next : MAX_PAGES;
	room = (m->info.last_iova - m->info.first_iova) / m->page_bytes + 1;
	if (m->nr_pages > room)
		m->nr_pages = (uint32_t)room;
}

static void place_window(struct machine *m, uint8_t where)
{
	uint64_t bytes = m->nr_pages * m->page_bytes;

	m->base = m->info.first_iova;
	if (where % 3 == 1)
		m->base += (m->info.last_iova / 2 / bytes) * bytes;
	else if (where % 3 == 2)
		m->base = m->info.last_iova - bytes + 1;
}

static bool make_table(struct machine *m)
{
	static const uint64_t granule[] = { 0, 4096, 16384, 65536 };
	uint8_t shape = take8(&m->in);
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = shape & 4 ? IOMM_PGTABLE_COHERENT : 0,
		.granule = granule[shape % LENGTH(granule)],
		.memory = m->memory,
	};
	uint8_t sizes = take8(&m->in);
	int err;

	config.ias = take8(&m->in) % 64;
	/* Some of 4 KiB to 1 GiB; all, when that says none. */
	config.page_sizes =
		(sizes & 1 ? 1ull << 12 : 0) | (sizes & 2 ? 1ull << 14 : 0) |
		(sizes & 4 ? 1ull << 16 : 0) | (sizes & 8 ? 1ull << 21 : 0) |
		(sizes & 16 ? 1ull << 25 : 0) | (sizes & 32 ? 1ull << 29 : 0) |
		(sizes & 64 ? 1ull << 30 : 0);
	err = checked(&m->w, iomm_pgtable_create(m->w.ctx, "arm64-s1", &config,
						 &tlb_ops, m, NULL, &m->table));
	REQUIRE(!err || err == -IOMM_EINVAL);
	if (err)
		return false;
	m->info.size = sizeof(m->info);
	REQUIRE(!iomm_pgtable_info(m->table, &m->info));
	size_window(m);
	place_window(m, take8(&m->in));
	return true;
}

/* Operations */

struct range {
	uint32_t first, count;
	uint64_t iova, bytes;
};

/* Mostly inside the window; some are empty, and some out of it. */
static struct range take_range(struct machine *m)
{
	struct range r;

	r.first = take16(&m->in) % m->nr_pages;
	r.count = take16(&m->in);
	/* Short ones are as likely as long ones. */
	r.count = r.count & 1 ? r.count >> 1 : (r.count >> 1) % 8;
	if (r.count > m->nr_pages - r.first)
		r.count = m->nr_pages - r.first;
	r.iova = m->base + r.first * m->page_bytes;
	r.bytes = r.count * m->page_bytes;
	return r;
}

static void do_map(struct machine *m)
{
	struct range r = take_range(m);
	uint8_t prot = take8(&m->in) & 0x3f;
	/* Mostly aligned as the I/O address is, so that blocks come about. */
	uint8_t shift = take8(&m->in);
	uint64_t paddr =
		(r.first + (shift < 192 ? 0u : shift % 4u)) * m->page_bytes;
	uint64_t mapped = UINT64_MAX, n;
	int err;

	err = checked(&m->w, iomm_pgtable_map(m->table, r.iova, paddr, r.bytes,
					      prot, 0, &mapped));
	REQUIRE(!err || err == -IOMM_EINVAL || err == -IOMM_EOPNOTSUPP ||
		err == -IOMM_EEXIST || err == -IOMM_ENOMEM ||
		err == -IOMM_ETIMEDOUT);
	REQUIRE(err ? mapped <= r.bytes : mapped == r.bytes);
	REQUIRE(mapped % m->page_bytes == 0);
	if (err == -IOMM_EINVAL || err == -IOMM_EOPNOTSUPP)
		REQUIRE(!mapped);
	for (n = 0; n < mapped / m->page_bytes; n++) {
		REQUIRE(!pages[r.first + n].prot);
		pages[r.first + n].prot = prot;
		pages[r.first + n].paddr = paddr + n * m->page_bytes;
	}
	if (err == -IOMM_EEXIST)
		REQUIRE(pages[r.first + n].prot);
}

/* What an unmap of so many bytes has taken out of the range. */
UNTRACED static void
forget(struct machine *m, const struct range *r, uint64_t unmapped)
{
	uint32_t n;

	for (n = r->first; unmapped; n++) {
		REQUIRE(n < r->first + r->count);
		if (!pages[n].prot)
			continue;
		pages[n].prot = 0;
		unmapped -= m->page_bytes;
	}
}

UNTRACED static uint64_t
mapped_in(const struct machine *m, const struct range *r)
{
	uint64_t bytes = 0;
	uint32_t n;

	for (n = r->first; n < r->first + r->count; n++)
		bytes += pages[n].prot ? m->page_bytes : 0;
	return bytes;
}

static void flush(struct machine *m)
{
	int err = checked(&m->w, iomm_gather_flush(&m->gather));

	REQUIRE(!err || err == -IOMM_ETIMEDOUT);
	if (err)
		return;
	REQUIRE(!iomm_gather_pending(&m->gather));
	if (!m->abandoned)
		require_clean(m);
}

static void abandon(struct machine *m)
{
	m->abandoned |= iomm_gather_pending(&m->gather) != 0;
	iomm_gather_abandon(&m->gather);
	REQUIRE(!iomm_gather_pending(&m->gather));
}

static void flush_all(struct machine *m)
{
	int err = checked(&m->w, iomm_pgtable_flush_all(m->table));

	REQUIRE(!err || err == -IOMM_ETIMEDOUT);
	if (err)
		return;
	m->abandoned = false;
	require_clean(m);
}

UNTRACED static void do_unmap(struct machine *m)
{
	struct range r = take_range(m);
	uint64_t expected = mapped_in(m, &r), unmapped = UINT64_MAX;
	uint32_t n;
	int err;

	/* Noted before, since the hook may run within the call. */
	for (n = r.first; n < r.first + r.count; n++)
		pages[n].stale |= pages[n].prot != 0;
	err = checked(&m->w, iomm_pgtable_unmap(m->table, r.iova, r.bytes,
						&m->gather, &unmapped));
	REQUIRE(!err || err == -IOMM_EINVAL || err == -IOMM_ENOMEM ||
		err == -IOMM_ETIMEDOUT);
	REQUIRE(err ? unmapped <= expected : unmapped == expected);
	REQUIRE((err == -IOMM_EINVAL) == !r.count);
	/* The planted mistake: a short unmap that is not noted. */
	if (!FUZZ_PLANTED || r.count > 2)
		forget(m, &r, unmapped);
	/* What is still mapped was not unmapped. */
	for (n = r.first; n < r.first + r.count; n++)
		pages[n].stale &= !pages[n].prot;
}

static void do_translate(struct machine *m)
{
	uint32_t n = take16(&m->in) % m->nr_pages;
	uint64_t offset = take16(&m->in) % m->page_bytes;
	struct iomm_translation out = { .size = sizeof(out) };
	int err;

	err = checked(&m->w,
		      iomm_pgtable_translate(m->table,
					     m->base + n * m->page_bytes +
						     offset,
					     &out));
	REQUIRE(err == (pages[n].prot ? 0 : -IOMM_ENOENT));
	if (err)
		return;
	REQUIRE(out.paddr == pages[n].paddr + offset);
	REQUIRE(out.prot == pages[n].prot);
	REQUIRE(lowest(out.page_size) == out.page_size);
	REQUIRE(out.page_size & m->info.page_sizes ||
		is_leaf(m, out.page_size));
}

static void do_malformed(struct machine *m)
{
	uint64_t iova = take(&m->in, 8), paddr = take(&m->in, 8);
	uint64_t bytes = take(&m->in, 8), done = UINT64_MAX;
	uint64_t odd = 1 + take8(&m->in) % (m->page_bytes - 1);
	struct iomm_translation out = { .size = sizeof(out) };

	REQUIRE(checked(&m->w,
			iomm_pgtable_map(m->table, iova, paddr,
					 (bytes & ~(m->page_bytes - 1)) | odd,
					 IOMM_PROT_READ, 0, &done)) ==
		-IOMM_EINVAL);
	REQUIRE(!done);
	done = UINT64_MAX;
	REQUIRE(checked(&m->w,
			iomm_pgtable_unmap(m->table,
					   (iova & ~(m->page_bytes - 1)) | odd,
					   bytes, &m->gather, &done)) ==
		-IOMM_EINVAL);
	REQUIRE(!done);
	if (m->info.last_iova != UINT64_MAX)
		REQUIRE(checked(&m->w, iomm_pgtable_translate(
					       m->table,
					       iova | (m->info.last_iova + 1),
					       &out)) == -IOMM_EINVAL);
}

/* Walking */

UNTRACED static void
compare_leaf(struct machine *m, const struct iomm_walk_entry *e)
{
	uint64_t offset = (e->iova - m->base) % m->page_bytes;
	uint64_t n = (e->iova - m->base) / m->page_bytes;
	uint64_t done = 0;

	REQUIRE(e->iova >= m->base && e->iova >= m->walked);
	REQUIRE(is_leaf(m, e->bytes));
	if (e->kind == IOMM_WALK_RUN)
		REQUIRE(m->info.page_sizes & e->bytes * run_of(m, e->bytes));
	/* A leaf of a run may be a part of the smallest page size. */
	for (; done < e->bytes; done += m->page_bytes, n++) {
		REQUIRE(n < m->nr_pages);
		REQUIRE(pages[n].prot == e->prot);
		REQUIRE(e->paddr + done == pages[n].paddr + offset);
	}
	m->walked = e->iova + e->bytes - 1;
}

struct totals {
	struct machine *m;
	uint64_t tables, leaf_bytes;
};

UNTRACED static int visit(void *data, const struct iomm_walk_entry *entry)
{
	struct totals *t = data;

	REQUIRE(entry->size == sizeof(*entry));
	if (entry->kind == IOMM_WALK_TABLE) {
		t->tables++;
		return 0;
	}
	REQUIRE(entry->kind == IOMM_WALK_LEAF || entry->kind == IOMM_WALK_RUN);
	compare_leaf(t->m, entry);
	t->leaf_bytes += entry->bytes;
	return 0;
}

static void do_walk(struct machine *m)
{
	const struct range all = { .count = m->nr_pages };
	struct totals t = { .m = m };
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	m->walked = 0;
	REQUIRE(!iomm_pgtable_walk(m->table, 0, UINT64_MAX, visit, &t));
	REQUIRE(t.leaf_bytes == mapped_in(m, &all));
	REQUIRE(!iomm_pgtable_info(m->table, &info));
	/* The first table is linked by no entry. */
	REQUIRE(info.tables == t.tables + 1);
}

static void step(struct machine *m)
{
	switch (take8(&m->in) % 16) {
	case 0 ... 5:
		do_map(m);
		break;
	case 6 ... 9:
		do_unmap(m);
		break;
	case 10:
		do_translate(m);
		break;
	case 11:
		flush(m);
		break;
	case 12:
		abandon(m);
		break;
	case 13:
		flush_all(m);
		break;
	case 14:
		m->flushes_fail = take8(&m->in) % 4;
		m->allocs_left = take8(&m->in);
		break;
	default:
		do_malformed(m);
		do_walk(m);
	}
}

/* Everything goes: what is left then is the first table alone. */
static void empty(struct machine *m)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	uint64_t unmapped;

	m->flushes_fail = 0;
	m->allocs_left = UINT8_MAX;
	do_walk(m);
	REQUIRE(!iomm_pgtable_unmap(m->table, m->base,
				    m->nr_pages * m->page_bytes, &m->gather,
				    &unmapped));
	REQUIRE(!iomm_gather_flush(&m->gather));
	flush_all(m);
	REQUIRE(!iomm_pgtable_info(m->table, &info));
	REQUIRE(info.tables == 1 && !info.quarantined);
	REQUIRE(info.table_bytes == m->info.table_bytes);
	REQUIRE(m->tables_out == 1 + info.spare);
	(void)iomm_pgtable_trim(m->table);
	REQUIRE(m->tables_out == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct machine m = { .in = { bytes, size }, .allocs_left = UINT8_MAX };
	uint32_t n;

	world_begin(&m.w);
	iomm_gather_init(&m.gather);
	REQUIRE(!iomm_table_memory_create(m.w.ctx, &memory_ops, &m, NULL,
					  &m.memory));
	if (make_table(&m)) {
		memset(pages, 0, sizeof(pages[0]) * m.nr_pages);
		for (n = 0; n < MAX_STEPS && m.in.left; n++)
			step(&m);
		empty(&m);
	}
	iomm_pgtable_put(m.table);
	iomm_table_memory_put(m.memory);
	REQUIRE(!m.tables_out);
	world_end(&m.w);
	return 0;
}
