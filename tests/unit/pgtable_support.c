/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/pgtable_support.h"

#include "base/ctx.h"
#include "pgtable/pgtable.h"
#include "pgtable/raw_walk.h"

/* Platform */

static bool site_fails(struct rig *rig)
{
	return ++rig->sites == rig->fail_at;
}

static void *rig_alloc(void *data, uint64_t bytes, uint64_t align)
{
	struct rig *rig = data;
	void *ptr;

	if (site_fails(rig))
		return NULL;
	ptr = iomm_platform_hosted()->alloc(NULL, bytes, align);
	rig->blocks += ptr != NULL;
	return ptr;
}

static void rig_free(void *data, void *ptr, uint64_t bytes, uint64_t align)
{
	struct rig *rig = data;

	if (!ptr)
		return;
	rig->blocks--;
	memset(ptr, 0xdb, bytes);
	iomm_platform_hosted()->free(NULL, ptr, bytes, align);
}

static void
rig_log(void *data, uint32_t level, const char *tag, const char *line)
{
	struct rig *rig = data;

	(void)level;
	(void)tag;
	snprintf(rig->logged, sizeof(rig->logged), "%s", line);
}

static void rig_released(void *data, uint32_t live)
{
	struct rig *rig = data;

	rig->released++;
	rig->lost = live;
}

static void rig_misuse(void *data, const char *sentence)
{
	struct rig *rig = data;

	(void)sentence;
	rig->misuses++;
}

/* Events */

static struct event *
note(struct rig *rig, enum event_kind kind, uint64_t a, uint64_t b)
{
	struct event *event = &rig->events[rig->nr_events % MAX_EVENTS];

	rig->nr_events++;
	memset(event, 0, sizeof(*event));
	event->kind = kind;
	event->iova = a;
	event->last = b;
	event->watched = rig->watch ? *rig->watch : 0;
	return event;
}

void rig_clear_events(struct rig *rig)
{
	rig->nr_events = 0;
}

uint32_t rig_count(const struct rig *rig, enum event_kind kind)
{
	uint32_t i, count = 0;

	assert_true(rig->nr_events <= MAX_EVENTS);
	for (i = 0; i < rig->nr_events; i++)
		count += rig->events[i].kind == kind;
	return count;
}

const struct event *
rig_event(const struct rig *rig, enum event_kind kind, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < rig->nr_events; i++)
		if (rig->events[i].kind == kind && !n--)
			return &rig->events[i];
	fail_msg("there is no such event");
	return NULL;
}

/* Table memory */

static int tables_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va,
			uint64_t *pa)
{
	struct rig *rig = data;
	uint64_t offset;
	uint32_t i = 0;

	assert_true(bytes && !(bytes & (bytes - 1)) && bytes <= TABLE_SLOT);
	while (i < NR_TABLES && rig->bytes[i])
		i++;
	offset = i * TABLE_SLOT;
	if (site_fails(rig) || i == NR_TABLES ||
	    TABLES_PA + offset + bytes - 1 > max_pa)
		return -IOMM_ENOMEM;
	rig->bytes[i] = bytes;
	rig->tables++;
	*va = rig->seen_by_cpu + offset;
	*pa = TABLES_PA + offset;
	memset(*va, 0, bytes);
	/* What a walker sees until the first sync: valid garbage. */
	memset(rig->seen_by_walker + offset, 0xdb, bytes);
	note(rig, EV_ALLOC, *pa, bytes);
	return 0;
}

static void tables_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	struct rig *rig = data;
	uint64_t offset = pa - TABLES_PA;

	assert_ptr_equal(va, rig->seen_by_cpu + offset);
	assert_int_equal(rig->bytes[offset / TABLE_SLOT], bytes);
	rig->bytes[offset / TABLE_SLOT] = 0;
	rig->tables--;
	memset(va, 0xdb, bytes);
	note(rig, EV_FREE, pa, bytes);
}

uint64_t *rig_desc(struct rig *rig, uint64_t pa)
{
	return (uint64_t *)(void *)(rig->seen_by_cpu + (pa - TABLES_PA));
}

static uint64_t *walker_desc(struct rig *rig, uint64_t pa)
{
	return (uint64_t *)(void *)(rig->seen_by_walker + (pa - TABLES_PA));
}

int rig_fetch(void *data, uint64_t pa, uint64_t *desc)
{
	struct rig *rig = data;
	uint64_t slot = (pa - TABLES_PA) / TABLE_SLOT;

	if (pa < TABLES_PA || slot >= NR_TABLES ||
	    (pa - TABLES_PA) % TABLE_SLOT >= rig->bytes[slot])
		return -IOMM_EFAULT;
	*desc = *walker_desc(rig, pa);
	return 0;
}

int rig_snoop(void *data, uint64_t pa, uint64_t *desc)
{
	int r = rig_fetch(data, pa, desc);

	if (!r)
		*desc = *rig_desc(data, pa);
	return r;
}

static bool slot_synced(const struct rig *rig, uint64_t slot)
{
	uint64_t offset = slot * TABLE_SLOT;

	return !memcmp(rig->seen_by_cpu + offset, rig->seen_by_walker + offset,
		       rig->bytes[slot]);
}

void rig_assert_synced(struct rig *rig)
{
	uint64_t slot;

	for (slot = 0; slot < NR_TABLES; slot++)
		assert_true(slot_synced(rig, slot));
}

/* When a walker gets to see a link, it must see the table behind it whole. */
static void check_links(struct rig *rig, uint64_t pa, uint64_t bytes)
{
	const uint64_t *desc = rig_desc(rig, pa);
	const uint64_t *end = desc + bytes / 8;
	uint64_t to;

	for (; desc < end; desc++) {
		to = *desc & UINT64_C(0xfffffffff000);
		if ((*desc & 3) != 3 || to < TABLES_PA ||
		    to >= TABLES_PA + NR_TABLES * TABLE_SLOT)
			continue;
		assert_true(rig->bytes[(to - TABLES_PA) / TABLE_SLOT]);
		assert_true(slot_synced(rig, (to - TABLES_PA) / TABLE_SLOT));
	}
}

static void tables_sync(void *data, const void *va, uint64_t pa, uint64_t bytes)
{
	struct rig *rig = data;
	uint64_t offset = pa - TABLES_PA;

	assert_ptr_equal(va, rig->seen_by_cpu + offset);
	assert_true(offset % TABLE_SLOT + bytes <=
		    rig->bytes[offset / TABLE_SLOT]);
	check_links(rig, pa, bytes);
	memcpy(rig->seen_by_walker + offset, va, bytes);
	note(rig, EV_SYNC, pa, bytes);
}

static void tables_release(void *data)
{
	struct rig *rig = data;

	rig->memory_releases++;
}

static const struct iomm_table_memory_ops tables_ops = {
	.size = sizeof(tables_ops),
	.alloc = tables_alloc,
	.free = tables_free,
	.sync = tables_sync,
};

/* TLB */

static int answer(struct rig *rig)
{
	if (rig->tlb_fail_in && !--rig->tlb_fail_in)
		return rig->tlb_error;
	return 0;
}

static int tlb_flush(void *data, uint64_t iova, uint64_t last,
		     uint64_t page_size, uint32_t flags)
{
	struct rig *rig = data;
	struct event *event = note(rig, EV_FLUSH, iova, last);
	int r = answer(rig);

	event->page_size = page_size;
	event->flags = flags;
	if (!r && rig->on_flush)
		rig->on_flush(rig, iova, last);
	return r;
}

static int tlb_flush_all(void *data)
{
	struct rig *rig = data;
	int r = answer(rig);

	note(rig, EV_FLUSH_ALL, 0, UINT64_MAX);
	if (!r && rig->on_flush)
		rig->on_flush(rig, 0, UINT64_MAX);
	return r;
}

void rig_tlb_release(void *data)
{
	struct rig *rig = data;

	rig->tlb_releases++;
}

const struct iomm_tlb_ops rig_tlb = {
	.size = sizeof(rig_tlb),
	.flush = tlb_flush,
	.flush_all = tlb_flush_all,
};

/* Setting up */

int rig_setup(void **state)
{
	struct iomm_ctx_events events = {
		.size = sizeof(events),
		.released = rig_released,
		.misuse = rig_misuse,
	};
	struct iomm_platform platform = *iomm_platform_hosted();
	struct iomm_ctx_config config = {
		.size = sizeof(config),
		.platform = &platform,
		.events = &events,
	};
	struct rig *rig = calloc(1, sizeof(*rig));

	platform.alloc = rig_alloc;
	platform.free = rig_free;
	platform.log = rig_log;
	config.platform_data = rig;
	config.events_data = rig;
	rig->seen_by_cpu = calloc(NR_TABLES, TABLE_SLOT);
	rig->seen_by_walker = calloc(NR_TABLES, TABLE_SLOT);
	if (iomm_ctx_create(&config, &rig->ctx) ||
	    iomm_table_memory_create(rig->ctx, &tables_ops, rig, tables_release,
				     &rig->memory))
		return -1;
	*state = rig;
	return 0;
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	iomm_table_memory_put(rig->memory);
	assert_int_equal(rig->memory_releases, 1);
	assert_int_equal(rig->tables, 0);
	assert_int_equal(iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_ANY), 1);
	iomm_ctx_put(rig->ctx);
	assert_int_equal(rig->released, 1);
	assert_int_equal(rig->lost, 0);
	assert_int_equal(rig->blocks, 0);
	assert_int_equal(rig->misuses, 0);
	free(rig->seen_by_cpu);
	free(rig->seen_by_walker);
	free(rig);
	return 0;
}

int rig_create(struct rig *rig, const struct iomm_pgtable_config *config,
	       struct iomm_pgtable **out)
{
	return iomm_pgtable_create(rig->ctx, "arm64-s1", config, &rig_tlb, rig,
				   rig_tlb_release, out);
}

struct iomm_pgtable *
rig_table(struct rig *rig, uint64_t granule, uint32_t ias, uint32_t flags)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = flags,
		.granule = granule,
		.ias = ias,
		.memory = rig->memory,
	};
	struct iomm_pgtable *pgtable = NULL;

	assert_ok(rig_create(rig, &config, &pgtable));
	rig_clear_events(rig);
	return pgtable;
}

/* Looking */

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
	if (entry->kind == IOMM_WALK_LEAF)
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

struct iomm_pgtable_info info_of(struct iomm_pgtable *pgtable)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	assert_ok(iomm_pgtable_info(pgtable, &info));
	return info;
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
	assert_int_equal(raw.page_size, at.page_size);
}
