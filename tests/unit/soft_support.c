/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/soft_support.h"

uint64_t next_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void count_ram(void *data)
{
	struct machine *m = data;

	atomic_fetch_add(&m->ram_releases, 1);
}

static void count_arena(void *data)
{
	struct machine *m = data;

	atomic_fetch_add(&m->arena_releases, 1);
}

void machine_start(struct machine *m, struct world *w,
		   const struct iomm_soft_config *config)
{
	uint64_t seed = 1, *words;
	uint32_t n;

	memset(m, 0, sizeof(*m));
	m->w = w;
	m->ram = aligned_alloc(64 * KB, RAM_BYTES);
	assert_non_null(m->ram);
	memset(m->ram, 0, RAM_BYTES);
	words = (uint64_t *)(void *)m->ram;
	/* The arena clears what it gives out. */
	for (n = 0; n < ARENA / sizeof(*words); n++)
		words[n] = next_random(&seed);
	assert_ok(iomm_soft_create(w->ctx, config, &m->soft));
	assert_ok(iomm_soft_add_memory(m->soft, RAM_PA, m->ram, RAM_BYTES, m,
				       count_ram));
	assert_ok(iomm_table_memory_create_arena(w->ctx, m->ram + ARENA,
						 RAM_PA + ARENA,
						 RAM_BYTES - ARENA, m,
						 count_arena, &m->memory));
}

void machine_stop(struct machine *m)
{
	assert_int_equal(m->ram_releases, m->soft ? 0 : 1);
	assert_int_equal(m->arena_releases, m->memory ? 0 : 1);
	iomm_soft_put(m->soft);
	iomm_table_memory_put(m->memory);
	assert_int_equal(m->ram_releases, 1);
	assert_int_equal(m->arena_releases, 1);
	free(m->ram);
}

struct iomm_pgtable *
machine_table(struct machine *m, uint64_t granule, uint32_t ias)
{
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .flags = IOMM_PGTABLE_COHERENT,
					      .granule = granule,
					      .ias = ias,
					      .memory = m->memory };
	struct iomm_pgtable *pgtable = NULL;

	assert_ok(iomm_pgtable_create(m->w->ctx, "arm64-s1", &config, NULL,
				      NULL, NULL, &pgtable));
	return pgtable;
}

void machine_attach(struct machine *m, uint64_t id, uint64_t tag,
		    struct iomm_pgtable *pgtable)
{
	struct iomm_pgtable_info info = info_of(pgtable);
	struct iomm_soft_context context = { .size = sizeof(context),
					     .format = "arm64-s1",
					     .tag = tag };

	memcpy(context.regs, info.regs, sizeof(context.regs));
	assert_ok(iomm_soft_set_context(m->soft, id, 0, &context));
}

void machine_forget(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes)
{
	unmap_ok(pgtable, iova, bytes, bytes);
}

struct iomm_soft_stats stats_of(struct machine *m)
{
	struct iomm_soft_stats stats = { .size = sizeof(stats) };

	assert_ok(iomm_soft_stats(m->soft, &stats));
	return stats;
}

int peek(struct machine *m, uint64_t id, uint64_t iova)
{
	struct iomm_fault fault = { .size = sizeof(fault) };
	unsigned char byte = 0;
	int err = iomm_soft_read(m->soft, id, 0, iova, &byte, 1, &fault);

	if (!err)
		return byte;
	assert_int_equal(err, -IOMM_EFAULT);
	return -(int)fault.reason;
}

void assert_faults(struct machine *m, uint64_t id, uint64_t iova,
		   uint64_t bytes, uint32_t access, uint64_t at,
		   uint32_t reason)
{
	struct iomm_fault fault = { .size = sizeof(fault), .flags = 9 };
	uint64_t faults = stats_of(m).faults;
	void *buf = calloc(1, (size_t)bytes);
	int err = access == IOMM_PROT_WRITE
			  ? iomm_soft_write(m->soft, id, 0, iova, buf, bytes,
					    &fault)
			  : iomm_soft_read(m->soft, id, 0, iova, buf, bytes,
					   &fault);

	free(buf);
	assert_fails(err, IOMM_EFAULT, m->w->ctx,
		     access == IOMM_PROT_WRITE ? "cannot write"
					       : "cannot read");
	assert_int_equal(fault.size, sizeof(fault));
	assert_int_equal(fault.flags, 0);
	assert_int_equal(fault.id, id);
	assert_int_equal(fault.iova, at);
	assert_int_equal(fault.reason, reason);
	assert_int_equal(fault.access, access);
	assert_int_equal(stats_of(m).faults, faults + 1);
}
