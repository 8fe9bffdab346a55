/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Our types of memory, and a mapping for each allocation. */
#define _GNU_SOURCE
#include "alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <iomm/alloc_type.h>
#include <iomm/ctx.h>

#define READ  IOMM_ALLOC_READ
#define WRITE IOMM_ALLOC_WRITE
#define EXEC  IOMM_ALLOC_EXEC

struct ours {
	struct iomm_ctx *ctx;
	struct iomm_allocator *allocator;
	struct iomm_alloc_type *type[PARTS];
	uint32_t parts;
};

static void *open_types(const struct iomm_alloc_desc *desc, uint32_t count)
{
	struct iomm_allocator_config config = { .size = sizeof(config),
						.type_count = count,
						.type_stride = sizeof(*desc),
						.types = desc };
	struct ours *ours = calloc(1, sizeof(*ours));

	bench_check(ours, "no memory");
	bench_check(!iomm_ctx_create(NULL, &ours->ctx), "our context failed");
	bench_check(!iomm_allocator_create(ours->ctx, &config, NULL, NULL, NULL,
					   &ours->allocator),
		    "our allocator failed");
	for (; ours->parts < count; ours->parts++)
		bench_check(!iomm_allocator_type(ours->allocator,
						 desc[ours->parts].type,
						 &ours->type[ours->parts]),
			    "our type failed");
	return ours;
}

/* One thread fills and runs, or says when others may. */
static void *open_code(uint32_t flags)
{
	const struct iomm_alloc_desc code = {
		.size = sizeof(code),
		.type = IOMM_ALLOC_TEXT,
		.flags = flags | IOMM_ALLOC_LAZY_SYNC,
		.prot = READ | EXEC,
		.alignment = 32,
	};

	return open_types(&code, 1);
}

static void *open_jit(void)
{
	return open_code(0);
}

static void *open_large(void)
{
	return open_code(IOMM_ALLOC_SHARED_HUGE);
}

#define PART(name, flag, allows)                                      \
	{                                                             \
		.size = sizeof(struct iomm_alloc_desc), .type = name, \
		.flags = flag, .prot = allows, .alignment = 64,       \
	}

static void *open_module(void)
{
	static const struct iomm_alloc_desc parts[PARTS] = {
		[PART_TEXT] = PART(IOMM_ALLOC_TEXT, IOMM_ALLOC_LAZY_SYNC,
				   READ | EXEC),
		[PART_RODATA] = PART(IOMM_ALLOC_RODATA, 0, READ),
		[PART_DATA] = PART(IOMM_ALLOC_DATA, 0, READ | WRITE),
		[PART_INIT] = PART(IOMM_ALLOC_INITTEXT, IOMM_ALLOC_LAZY_SYNC,
				   READ | EXEC),
	};

	return open_types(parts, PARTS);
}

static void *ours_put(void *state, const void *source, uint32_t bytes)
{
	struct ours *ours = state;
	void *at;

	bench_check(!iomm_alloc_type_alloc(ours->type[0], bytes, &at),
		    "our alloc failed");
	bench_check(!iomm_alloc_type_fill(ours->type[0], at, source, bytes),
		    "our fill failed");
	return at;
}

static void ours_load(void *state, const void *source,
		      const uint32_t bytes[PARTS], void *at[PARTS])
{
	static const uint32_t type[PARTS] = { IOMM_ALLOC_TEXT,
					      IOMM_ALLOC_RODATA,
					      IOMM_ALLOC_DATA,
					      IOMM_ALLOC_INITTEXT };
	struct iomm_alloc_part parts[PARTS];
	struct ours *ours = state;
	uint32_t i;

	for (i = 0; i < PARTS; i++)
		parts[i] = (struct iomm_alloc_part){ .size = sizeof(parts[i]),
						     .type = type[i],
						     .bytes = bytes[i] };
	bench_check(!iomm_allocator_layout(ours->allocator, parts,
					   sizeof(*parts), PARTS),
		    "our layout failed");
	for (i = 0; i < PARTS; i++) {
		at[i] = parts[i].address;
		bench_check(!iomm_alloc_type_fill(ours->type[i], at[i], source,
						  bytes[i]),
			    "our fill failed");
	}
}

static void ours_drop(void *state, uint32_t part, void *at, uint32_t bytes)
{
	struct ours *ours = state;

	(void)bytes;
	bench_check(!iomm_alloc_type_free(ours->type[part], at),
		    "our free failed");
}

static void ours_close(void *state)
{
	struct ours *ours = state;

	while (ours->parts--)
		iomm_alloc_type_put(ours->type[ours->parts]);
	iomm_allocator_put(ours->allocator);
	iomm_ctx_put(ours->ctx);
	free(ours);
}

const struct alloc_way alloc_ours_jit = {
	open_jit, ours_put, NULL, ours_drop, ours_close,
};
const struct alloc_way alloc_ours_large = {
	open_large, ours_put, NULL, ours_drop, ours_close,
};
const struct alloc_way alloc_ours_module = {
	open_module, NULL, ours_load, ours_drop, ours_close,
};

/* Plain mmap and mprotect */

static void *mmap_open(void)
{
	return NULL;
}

static void mmap_close(void *state)
{
	(void)state;
}

static void *mmap_put(void *state, const void *source, uint32_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	bench_check(at != MAP_FAILED, "mmap failed");
	memcpy(at, source, bytes);
	bench_check(!mprotect(at, bytes, PROT_READ | PROT_EXEC),
		    "mprotect failed");
	return at;
}

static void mmap_drop(void *state, uint32_t part, void *at, uint32_t bytes)
{
	(void)state;
	(void)part;
	bench_check(!munmap(at, bytes), "munmap failed");
}

const struct alloc_way alloc_mmap = {
	mmap_open, mmap_put, NULL, mmap_drop, mmap_close,
};
