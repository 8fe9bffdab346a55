/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MIN_SHIFT  6u
#define MAX_SHIFT  30u
#define HUGE_BYTES ((size_t)2 << 20)

struct block {
	struct block *next;
};

static char *base;
static size_t used, room;
static uint64_t out;
static struct block *free_blocks[MAX_SHIFT + 1];

void pool_setup(size_t bytes)
{
	if (base)
		return;
	base = aligned_alloc(HUGE_BYTES, bytes);
	if (!base) {
		fprintf(stderr, "no %zu bytes for tables\n", bytes);
		exit(1);
	}
	/* Fewer TLB misses of the CPU's; a wish, which may fail. */
	(void)madvise(base, bytes, MADV_HUGEPAGE);
	memset(base, 0, bytes);
	room = bytes;
}

static unsigned int shift_of(size_t bytes)
{
	unsigned int shift = MIN_SHIFT;

	while ((size_t)1 << shift < bytes)
		shift++;
	return shift;
}

static void *carve(size_t bytes)
{
	size_t start = (used + bytes - 1) & ~(bytes - 1);

	if (start > room || bytes > room - start)
		return NULL;
	used = start + bytes;
	return base + start;
}

void *pool_take_raw(size_t bytes)
{
	unsigned int shift = shift_of(bytes);
	struct block *block = free_blocks[shift];

	if (block)
		free_blocks[shift] = block->next;
	else
		block = carve((size_t)1 << shift);
	if (!block)
		return NULL;
	out++;
	return block;
}

void *pool_take(size_t bytes)
{
	void *block = pool_take_raw(bytes);

	return block ? memset(block, 0, bytes) : NULL;
}

void pool_give(void *block, size_t bytes)
{
	unsigned int shift = shift_of(bytes);
	struct block *freed = block;

	freed->next = free_blocks[shift];
	free_blocks[shift] = freed;
	out--;
}

uint64_t pool_out(void)
{
	return out;
}

char *pool_base(void)
{
	return base;
}
