/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "model/walker.h"

#include <inttypes.h>

/* Table memory */

void walker_init(struct walker *walker, uint64_t granule, bool snoops)
{
	uint32_t n;

	memset(walker, 0, sizeof(*walker));
	walker->slot = granule;
	walker->snoops = snoops;
	walker->cpu = calloc(WALKER_SLOTS, granule);
	walker->seen = snoops ? walker->cpu : calloc(WALKER_SLOTS, granule);
	if (!walker->cpu || !walker->seen)
		abort();
	for (n = 0; n < WALKER_SLOTS; n++)
		walker->spare[n] = WALKER_SLOTS - 1 - n;
	walker->nr_spare = WALKER_SLOTS;
}

void walker_fini(struct walker *walker)
{
	if (!walker->snoops)
		free(walker->seen);
	free(walker->cpu);
}

uint32_t walker_tables(const struct walker *walker)
{
	return WALKER_SLOTS - walker->nr_spare;
}

static bool hook_fails(struct walker *walker, uint32_t *fail_in)
{
	if (!*fail_in || --*fail_in)
		return false;
	walker->failed = true;
	return true;
}

static int
hook_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	struct walker *walker = data;
	uint64_t offset;

	model_require(bytes && !(bytes & (bytes - 1)) && bytes <= walker->slot,
		      "a table of 0x%" PRIx64 " bytes is asked for", bytes);
	if (!walker->nr_spare)
		walker->failed = true;
	if (!walker->nr_spare || hook_fails(walker, &walker->alloc_fail_in))
		return -IOMM_ENOMEM;
	offset = walker->spare[walker->nr_spare - 1] * walker->slot;
	if (WALKER_PA + offset + bytes - 1 > max_pa)
		return -IOMM_ENOMEM;
	walker->used[walker->spare[--walker->nr_spare]] = true;
	*va = walker->cpu + offset;
	*pa = WALKER_PA + offset;
	memset(walker->cpu + offset, 0, (size_t)bytes);
	/* What the walker sees until the first sync: garbage that is valid. */
	if (!walker->snoops)
		memset(walker->seen + offset, 0xdb, (size_t)bytes);
	return 0;
}

static void check_unused(const struct walker *walker, uint64_t pa)
{
	uint32_t n;

	for (n = 0; n < WALKER_CACHE; n++)
		model_require(!walker->table[n].valid ||
				      walker->table[n].paddr != pa,
			      "the table at 0x%" PRIx64 " is freed, and the "
			      "walker may still walk through it",
			      pa);
}

static void hook_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	struct walker *walker = data;
	uint64_t offset = pa - WALKER_PA, n = offset / walker->slot;

	(void)bytes;
	model_require(n < WALKER_SLOTS && walker->used[n] &&
			      va == walker->cpu + offset,
		      "a table is freed that is none, at 0x%" PRIx64, pa);
	check_unused(walker, pa);
	memset(walker->seen + offset, 0xdb, (size_t)walker->slot);
	walker->used[n] = false;
	walker->spare[walker->nr_spare++] = (uint32_t)n;
}

static void hook_sync(void *data, const void *va, uint64_t pa, uint64_t bytes)
{
	struct walker *walker = data;

	model_require(walker->used[(pa - WALKER_PA) / walker->slot],
		      "a table is synced that is none, at 0x%" PRIx64, pa);
	if (!walker->snoops && !walker->sees_nothing)
		memcpy(walker->seen + (pa - WALKER_PA), va, (size_t)bytes);
}

const struct iomm_table_memory_ops walker_memory = {
	.size = sizeof(walker_memory),
	.alloc = hook_alloc,
	.free = hook_free,
	.sync = hook_sync,
};

int walker_fetch(void *data, uint64_t pa, uint64_t *desc)
{
	struct walker *walker = data;
	uint64_t offset = pa - WALKER_PA;

	if (pa < WALKER_PA || offset / walker->slot >= WALKER_SLOTS ||
	    !walker->used[offset / walker->slot])
		return -IOMM_EFAULT;
	memcpy(desc, walker->seen + offset, sizeof(*desc));
	return 0;
}

/* Caches */

void walker_cache(struct walker *walker, const struct iomm_walk_entry *entry)
{
	struct cached *cache = entry->kind == IOMM_WALK_LEAF ? walker->leaf
							     : walker->table;
	uint64_t slot = random_mix(entry->iova ^ entry->bytes) % WALKER_CACHE;

	/* What is stale must stay until the flush: it is being watched. */
	if (!cache[slot].stale)
		cache[slot] = (struct cached){ true, false, entry->iova,
					       entry->bytes, entry->paddr };
}

/* Does invalidating from `iova` on, in steps, hit the entry? */
static bool
hit(const struct cached *entry, uint64_t iova, uint64_t last, uint64_t step)
{
	uint64_t end = entry->iova + (entry->bytes - 1);
	uint64_t at = iova;

	if (!entry->valid || end < iova || entry->iova > last)
		return false;
	if (entry->iova > iova)
		at += (entry->iova - iova + step - 1) / step * step;
	return at >= iova && at <= end && at <= last;
}

static void
forget(struct cached *cache, uint64_t iova, uint64_t last, uint64_t step)
{
	uint32_t n;

	for (n = 0; n < WALKER_CACHE; n++) {
		if (hit(&cache[n], iova, last, step))
			cache[n].valid = cache[n].stale = false;
	}
}

static int hook_flush(void *data, uint64_t iova, uint64_t last,
		      uint64_t page_size, uint32_t flags)
{
	struct walker *walker = data;

	model_require(page_size && !(iova & (page_size - 1)) && last > iova &&
			      !(flags & ~IOMM_TLB_TABLES),
		      "flush of [0x%" PRIx64 ", 0x%" PRIx64 "] by 0x%" PRIx64,
		      iova, last, page_size);
	if (hook_fails(walker, &walker->flush_fail_in))
		return -IOMM_ETIMEDOUT;
	if (walker->forgets_nothing)
		return 0;
	forget(walker->leaf, iova, last, page_size);
	if (flags & IOMM_TLB_TABLES)
		forget(walker->table, iova, last, page_size);
	return 0;
}

static int hook_flush_all(void *data)
{
	struct walker *walker = data;

	if (hook_fails(walker, &walker->flush_fail_in))
		return -IOMM_ETIMEDOUT;
	memset(walker->leaf, 0, sizeof(walker->leaf));
	memset(walker->table, 0, sizeof(walker->table));
	return 0;
}

const struct iomm_tlb_ops walker_tlb = {
	.size = sizeof(walker_tlb),
	.flush = hook_flush,
	.flush_all = hook_flush_all,
};

void walker_unmapped(struct walker *walker, uint64_t iova, uint64_t last)
{
	struct cached *entry = walker->leaf;
	uint64_t end;

	for (; entry < walker->leaf + WALKER_CACHE; entry++) {
		end = entry->iova + (entry->bytes - 1);
		if (!entry->valid || entry->stale || end < iova ||
		    entry->iova > last)
			continue;
		model_require(entry->iova >= iova && end <= last,
			      "a leaf of 0x%" PRIx64 " bytes at 0x%" PRIx64
			      " was cut, and the walker still has it",
			      (uint64_t)entry->bytes, entry->iova);
		entry->stale = true;
	}
}

void walker_flushed(struct walker *walker)
{
	uint32_t n;

	for (n = 0; n < WALKER_CACHE; n++)
		model_require(!walker->leaf[n].stale,
			      "the gather is flushed, and the walker still has "
			      "0x%" PRIx64,
			      walker->leaf[n].iova);
}
