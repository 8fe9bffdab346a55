/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory that tables of the model lie in, of which a walker that does not
 * snoop sees what was synced. */
#include "model/pgtable.h"

#include <inttypes.h>

/* Table memory */

void hardware_init(struct subject *s, uint64_t granule, bool snoops)
{
	struct hardware *hw = &s->hw;

	hw->slot = granule;
	hw->snoops = snoops;
	hw->cpu = calloc(HARDWARE_SLOTS, granule);
	hw->seen = snoops ? hw->cpu : calloc(HARDWARE_SLOTS, granule);
	if (!hw->cpu || !hw->seen)
		abort();
	hw->walker.memory = hardware_seen;
	hw->walker.data = hw;
}

void hardware_fini(struct hardware *hw)
{
	if (!hw->snoops)
		free(hw->seen);
	free(hw->cpu);
}

static bool is_free(const struct hardware *hw, uint32_t first, uint32_t count)
{
	uint32_t n;

	for (n = first; n < first + count; n++) {
		if (hw->used[n])
			return false;
	}
	return true;
}

/* Going round, so that memory is not taken again at once. */
static bool find_room(struct hardware *hw, uint32_t count, uint32_t *found)
{
	uint32_t n, at = (hw->next + count - 1) / count * count;

	for (n = 0; n < HARDWARE_SLOTS; n += count, at += count) {
		if (at + count > HARDWARE_SLOTS)
			at = 0;
		if (is_free(hw, at, count)) {
			hw->next = at + count;
			*found = at;
			return true;
		}
	}
	hw->failed = true;
	return false;
}

static int
hook_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	struct hardware *hw = data;
	uint32_t count = (uint32_t)((bytes + hw->slot - 1) / hw->slot), at, n;
	uint64_t offset;

	model_require(bytes && !(bytes & (bytes - 1)) && count <= 16,
		      "a table of 0x%" PRIx64 " bytes is asked for", bytes);
	hardware_turn(hw, hw->first, hw->last);
	if (hardware_fails(hw, &hw->alloc_fail_in) ||
	    !find_room(hw, count, &at))
		return -IOMM_ENOMEM;
	offset = at * hw->slot;
	if (hw->base + offset + bytes - 1 > max_pa)
		return -IOMM_ENOMEM;
	for (n = 0; n < count; n++)
		hw->used[at + n] = count - n;
	hw->tables++;
	*va = hw->cpu + offset;
	*pa = hw->base + offset;
	/* Garbage that is valid, where the library zeroes tables itself. */
	memset(hw->cpu + offset, hw->snoops ? 0xdb : 0, (size_t)bytes);
	/* What the walker sees until the first sync: garbage that is valid. */
	if (!hw->snoops)
		memset(hw->seen + offset, 0xdb, (size_t)bytes);
	return 0;
}

static void hook_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	struct hardware *hw = data;
	uint64_t offset = pa - hw->base, at = offset / hw->slot;
	uint32_t count = (uint32_t)((bytes + hw->slot - 1) / hw->slot), n;

	model_require(at < HARDWARE_SLOTS && hw->used[at] == count &&
			      va == hw->cpu + offset,
		      "a table is freed that is none, at 0x%" PRIx64, pa);
	for (n = 0; n < HARDWARE_CACHE; n++)
		model_require(!hw->table[n].valid || hw->table[n].hop.pa != pa,
			      "the table at 0x%" PRIx64 " is freed, and the "
			      "walker may still walk through it",
			      pa);
	memset(hw->seen + offset, 0xdb, (size_t)bytes);
	for (n = 0; n < count; n++)
		hw->used[at + n] = 0;
	hw->tables--;
}

static void hook_sync(void *data, const void *va, uint64_t pa, uint64_t bytes)
{
	struct hardware *hw = data;
	uint64_t first = (pa - hw->base) / hw->slot;
	uint64_t last = (pa - hw->base + bytes - 1) / hw->slot;

	model_require(bytes && last < HARDWARE_SLOTS && hw->used[first] &&
			      hw->used[first] > last - first &&
			      va == hw->cpu + (pa - hw->base),
		      "0x%" PRIx64 " bytes are synced that are no table, at "
		      "0x%" PRIx64,
		      bytes, pa);
	if (!hw->snoops && !hw->sees_nothing)
		memcpy(hw->seen + (pa - hw->base), va, (size_t)bytes);
	hardware_turn(hw, hw->first, hw->last);
}

static void *hook_to_virt(void *data, uint64_t pa, uint64_t bytes)
{
	struct hardware *hw = data;
	uint64_t offset = pa - hw->base;

	if (pa < hw->base || offset / hw->slot >= HARDWARE_SLOTS ||
	    !hw->used[offset / hw->slot] ||
	    bytes > HARDWARE_SLOTS * hw->slot - offset)
		return NULL;
	return hw->cpu + offset;
}

const struct iomm_table_memory_ops hardware_memory = {
	.size = sizeof(hardware_memory),
	.alloc = hook_alloc,
	.free = hook_free,
	.sync = hook_sync,
	.to_virt = hook_to_virt,
};

uint64_t *hardware_seen(void *data, uint64_t pa)
{
	struct hardware *hw = data;
	uint64_t offset = pa - hw->base;

	if (pa < hw->base || offset / hw->slot >= HARDWARE_SLOTS ||
	    !hw->used[offset / hw->slot])
		return NULL;
	return (uint64_t *)(void *)(hw->seen + offset);
}

int hardware_fetch(void *data, uint64_t pa, uint64_t *desc)
{
	const uint64_t *at = hardware_seen(data, pa);

	if (!at)
		return -IOMM_EFAULT;
	*desc = *at;
	return 0;
}

void hardware_reset(struct hardware *hw)
{
	uint32_t n;

	for (n = 0; n < HARDWARE_SLOTS && !hw->snoops; n++) {
		if (hw->used[n])
			memset(hw->seen + n * hw->slot, 0xdb, (size_t)hw->slot);
	}
	memset(hw->leaf, 0, sizeof(hw->leaf));
	memset(hw->table, 0, sizeof(hw->table));
}
