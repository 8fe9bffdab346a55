/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/pgtable_support.h"

#include "base/ctx.h"

const struct sizes sizes[NR_SIZES] = {
	{ 4 * KB, 64 * KB, 2 * MB, 32 * MB },
	{ 16 * KB, 2 * MB, 32 * MB, 1 * GB },
	{ 64 * KB, 2 * MB, 512 * MB, 16 * GB },
};

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

static void tell(struct rig *rig, const struct event *event)
{
	if (rig->on_event)
		rig->on_event(rig, event);
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

static uint32_t free_slot(const struct rig *rig)
{
	uint32_t i = 0;

	while (i < NR_TABLES && rig->bytes[i])
		i++;
	return i;
}

static int tables_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va,
			uint64_t *pa)
{
	struct rig *rig = data;
	uint32_t i = free_slot(rig);
	uint64_t offset;

	assert_true(bytes && !(bytes & (bytes - 1)) && bytes <= TABLE_SLOT);
	offset = i * TABLE_SLOT;
	if (site_fails(rig) || i == NR_TABLES ||
	    TABLES_PA + offset + bytes - 1 > max_pa)
		return -IOMM_ENOMEM;
	rig->bytes[i] = bytes;
	rig->tables++;
	*va = rig->seen_by_cpu + offset;
	*pa = TABLES_PA + offset;
	memset(*va, 0xdb, bytes);
	/* What a walker sees until the first sync: valid garbage. */
	memset(rig->seen_by_walker + offset, 0xdb, bytes);
	tell(rig, note(rig, EV_ALLOC, *pa, bytes));
	return 0;
}

uint64_t rig_plant(struct rig *rig, uint64_t bytes)
{
	uint32_t i = free_slot(rig);

	assert_true(i < NR_TABLES && bytes <= TABLE_SLOT);
	rig->bytes[i] = bytes;
	rig->planted[i] = true;
	memset(rig->seen_by_cpu + i * TABLE_SLOT, 0, bytes);
	memset(rig->seen_by_walker + i * TABLE_SLOT, 0, bytes);
	return TABLES_PA + i * TABLE_SLOT;
}

static void tables_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	struct rig *rig = data;
	uint64_t offset = pa - TABLES_PA;

	assert_ptr_equal(va, rig->seen_by_cpu + offset);
	assert_int_equal(rig->bytes[offset / TABLE_SLOT], bytes);
	assert_false(rig->planted[offset / TABLE_SLOT]);
	rig->bytes[offset / TABLE_SLOT] = 0;
	rig->roots[offset / TABLE_SLOT] = false;
	rig->tables--;
	memset(va, 0xdb, bytes);
	tell(rig, note(rig, EV_FREE, pa, bytes));
}

static void *tables_to_virt(void *data, uint64_t pa, uint64_t bytes)
{
	struct rig *rig = data;
	uint64_t slot = (pa - TABLES_PA) / TABLE_SLOT;

	if (pa < TABLES_PA || slot >= NR_TABLES || bytes > rig->bytes[slot] ||
	    (pa - TABLES_PA) % TABLE_SLOT > rig->bytes[slot] - bytes)
		return NULL;
	return rig->seen_by_cpu + (pa - TABLES_PA);
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

/* The table that a descriptor links, or NR_TABLES. */
static uint64_t linked_slot(const struct rig *rig, uint64_t desc)
{
	uint64_t to = desc & UINT64_C(0xfffffffff000);
	uint64_t slot = (to - TABLES_PA) / TABLE_SLOT;

	if ((desc & 3) != 3 || to < TABLES_PA || slot >= NR_TABLES)
		return NR_TABLES;
	assert_int_not_equal(rig->bytes[slot], 0);
	return slot;
}

static void check_tree(const struct rig *rig, uint64_t slot, bool *seen)
{
	const char *table = rig->seen_by_cpu + slot * TABLE_SLOT;
	uint64_t i, to, desc;

	seen[slot] = true;
	assert_true(slot_synced(rig, slot));
	for (i = 0; i < rig->bytes[slot]; i += sizeof(desc)) {
		memcpy(&desc, table + i, sizeof(desc));
		to = linked_slot(rig, desc);
		if (to != NR_TABLES && !seen[to])
			check_tree(rig, to, seen);
	}
}

void rig_assert_synced(struct rig *rig)
{
	bool seen[NR_TABLES] = { false };
	uint64_t slot;

	for (slot = 0; slot < NR_TABLES; slot++)
		if (rig->roots[slot])
			check_tree(rig, slot, seen);
}

/* When a walker gets to see a link, it must see the table behind it whole. */
static void check_links(struct rig *rig, uint64_t pa, uint64_t bytes)
{
	const uint64_t *desc = rig_desc(rig, pa);
	const uint64_t *end = desc + bytes / 8;
	uint64_t to;

	for (; desc < end; desc++) {
		to = linked_slot(rig, *desc);
		if (to != NR_TABLES)
			assert_true(slot_synced(rig, to));
	}
}

static void tables_sync(void *data, const void *va, uint64_t pa, uint64_t bytes)
{
	struct rig *rig = data;
	uint64_t offset = pa - TABLES_PA;

	assert_ptr_equal(va, rig->seen_by_cpu + offset);
	assert_true(offset % TABLE_SLOT + bytes <=
		    rig->bytes[offset / TABLE_SLOT]);
	if (!rig->unordered)
		check_links(rig, pa, bytes);
	memcpy(rig->seen_by_walker + offset, va, bytes);
	tell(rig, note(rig, EV_SYNC, pa, bytes));
}

static void tables_release(void *data)
{
	struct rig *rig = data;

	rig->memory_releases++;
}

static const struct iomm_table_memory_ops tables_ops = {
	.size = sizeof(tables_ops),
	.flags = IOMM_TABLE_MEMORY_RAW,
	.alloc = tables_alloc,
	.free = tables_free,
	.sync = tables_sync,
	.to_virt = tables_to_virt,
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
	if (!r)
		tell(rig, event);
	return r;
}

static int tlb_flush_all(void *data)
{
	struct rig *rig = data;
	struct event *event = note(rig, EV_FLUSH_ALL, 0, UINT64_MAX);
	int r = answer(rig);

	if (!r && rig->on_flush)
		rig->on_flush(rig, 0, UINT64_MAX);
	if (!r)
		tell(rig, event);
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
	int r = iomm_pgtable_create(rig->ctx, "arm64-s1", config, &rig_tlb, rig,
				    rig_tlb_release, out);
	uint64_t root;

	if (!r && config && config->memory == rig->memory) {
		root = info_of(*out).root_pa;
		rig->roots[(root - TABLES_PA) / TABLE_SLOT] = true;
	}
	return r;
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

struct iomm_pgtable *rig_4k(struct rig *rig)
{
	return rig_table(rig, 4 * KB, 39, IOMM_PGTABLE_COHERENT);
}
