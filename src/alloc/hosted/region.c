/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "alloc/hosted/hosted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Address space costs nothing, until there is little of it. */
#if UINTPTR_MAX <= 0xffffffffu
#define REGION_BYTES (UINT64_C(16) << 20)
#else
#define REGION_BYTES (UINT64_C(256) << 20)
#endif
/* Where the bounds are narrow, others may want a part of them too. */
#define REGION_SHARE 16u

/* Steps */

static bool is_taken(const struct iomm_region *region, uint32_t step)
{
	return region->taken[step >> 6] >> (step & 63) & 1;
}

static void
set_taken(struct iomm_region *region, uint32_t step, uint32_t count, bool taken)
{
	uint32_t n;

	for (n = step; n < step + count; n++) {
		if (taken)
			region->taken[n >> 6] |= UINT64_C(1) << (n & 63);
		else
			region->taken[n >> 6] &= ~(UINT64_C(1) << (n & 63));
	}
	region->used = taken ? region->used + count : region->used - count;
}

/* The first run of as many; false: there is none. */
static bool
find_steps(const struct iomm_region *region, uint32_t count, uint32_t *step)
{
	uint32_t n, run = 0;

	for (n = 0; n < region->steps && run < count; n++) {
		/* Whole words at a time, where all is taken. */
		if (!(n & 63) && region->taken[n >> 6] == UINT64_MAX) {
			n += 63;
			run = 0;
			continue;
		}
		run = is_taken(region, n) ? 0 : run + 1;
	}
	*step = n - count;
	return run == count;
}

/* Regions */

/* In a child the addresses of the alias may be somebody else's by now, and all
 * of it goes when the child does. */
static void
destroy_region(const struct iomm_hosted *hosted, struct iomm_region *region)
{
	if (region->whole && !iomm_hosted_is_dead(hosted))
		(void)munmap(region->whole,
			     (size_t)(region->bytes + 2 * region->skirt));
	if (region->alias && !iomm_hosted_is_dead(hosted))
		(void)munmap(region->alias, (size_t)region->bytes);
	if (region->fd >= 0)
		(void)close(region->fd);
	free(region);
}

static int reserve_alias(struct iomm_region *region)
{
	const struct iomm_gap gap = {
		.last = UINT64_MAX,
		.align = region->step,
		.least = region->bytes,
		.most = region->bytes,
	};
	uint64_t bytes;
	int r;

	region->fd = iomm_hosted_file(region->huge);
	if (region->fd < 0)
		return region->fd;
	r = iomm_hosted_reserve(&gap, &region->alias, &bytes);
	return r;
}

/* Of `most` bytes, or as little as `least`. */
static int make_region(const struct iomm_hosted *hosted,
		       const struct iomm_alloc_grant *grant, bool huge,
		       uint64_t most, struct iomm_region **out)
{
	struct iomm_gap gap = {
		.first = grant->first,
		.last = grant->last,
		.align = grant->align,
		.skirt = grant->flags & IOMM_ALLOC_GRANT_GUARD ? hosted->page
							       : 0,
		.least = grant->bytes,
		.most = most,
		.random = grant->flags & IOMM_ALLOC_GRANT_RANDOM,
	};
	uint64_t words = most / grant->align / 64 + 1;
	struct iomm_region *region;
	int r;

	region = calloc(1, sizeof(*region) + (size_t)words * 8);
	if (!region)
		return -IOMM_ENOMEM;
	region->fd = -1;
	region->step = grant->align;
	region->huge = huge;
	region->skirt = gap.skirt;
	r = iomm_hosted_reserve(&gap, &region->base, &region->bytes);
	if (!r) {
		region->whole = region->base - gap.skirt;
		region->steps = (uint32_t)(region->bytes / region->step);
		if (grant->flags & IOMM_ALLOC_GRANT_ALIAS)
			r = reserve_alias(region);
	}
	if (r) {
		destroy_region(hosted, region);
		return r;
	}
	*out = region;
	return 0;
}

/* How much address space is taken at a time. */
static uint64_t region_bytes(const struct iomm_alloc_grant *grant)
{
	uint64_t share = (grant->last - grant->first) / REGION_SHARE;
	uint64_t bytes = share < REGION_BYTES ? share : REGION_BYTES;

	bytes &= ~(grant->align - 1);
	return bytes > grant->bytes ? bytes : grant->bytes;
}

static bool is_single(const struct iomm_alloc_grant *grant)
{
	return grant->flags &
	       (IOMM_ALLOC_GRANT_GUARD | IOMM_ALLOC_GRANT_RANDOM);
}

/* Regions without bounds are for one type each, so that its grants are one
 * mapping; those with bounds are for all who have the same. */
static uint32_t region_type(const struct iomm_alloc_grant *grant)
{
	return !grant->first && grant->last == UINT64_MAX ? grant->type : 0;
}

static int
add_region(struct iomm_hosted *hosted, const struct iomm_alloc_grant *grant,
	   bool huge, struct iomm_region **out)
{
	uint64_t bytes = is_single(grant) ? grant->bytes : region_bytes(grant);
	int r;

	for (;; bytes = bytes / 2 & ~(grant->align - 1)) {
		if (bytes < grant->bytes)
			bytes = grant->bytes;
		r = make_region(hosted, grant, huge, bytes, out);
		if (r != -IOMM_ENOMEM || bytes == grant->bytes)
			break;
	}
	if (r)
		return r;
	(*out)->type = region_type(grant);
	(*out)->first = grant->first;
	(*out)->last = grant->last;
	(*out)->single = is_single(grant);
	(*out)->next = hosted->regions;
	hosted->regions = *out;
	return 0;
}

static void
remove_region(struct iomm_hosted *hosted, struct iomm_region *region)
{
	struct iomm_region **at = &hosted->regions;

	while (*at != region)
		at = &(*at)->next;
	*at = region->next;
	destroy_region(hosted, region);
}

static bool fits(const struct iomm_region *region,
		 const struct iomm_alloc_grant *grant, bool huge)
{
	return !region->single && !is_single(grant) && region->huge == huge &&
	       region->type == region_type(grant) &&
	       region->first == grant->first && region->last == grant->last &&
	       region->step == grant->align &&
	       !region->alias == !(grant->flags & IOMM_ALLOC_GRANT_ALIAS);
}

static int
find_room(struct iomm_hosted *hosted, const struct iomm_alloc_grant *grant,
	  bool huge, struct iomm_region **region, uint32_t *step)
{
	uint32_t count = (uint32_t)(grant->bytes / grant->align);
	struct iomm_region *r;

	for (r = hosted->regions; r; r = r->next) {
		if (fits(r, grant, huge) && find_steps(r, count, step)) {
			*region = r;
			return 0;
		}
	}
	*step = 0;
	return add_region(hosted, grant, huge, region);
}

/* Mapping */

static int map_none(char *address, uint64_t bytes)
{
	void *at = mmap(address, (size_t)bytes, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
			-1, 0);

	return at == MAP_FAILED ? iomm_hosted_error() : 0;
}

static int map_piece(const struct iomm_region *region, char *address,
		     uint64_t bytes, int prot, uint64_t offset)
{
	int flags = region->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *at = mmap(address, (size_t)bytes, prot, flags | MAP_FIXED,
			region->fd, region->fd < 0 ? 0 : (off_t)offset);

	return at == MAP_FAILED ? iomm_hosted_error() : 0;
}

static int
map_alias(struct iomm_region *region, uint64_t offset, uint64_t bytes)
{
	int r = map_piece(region, region->alias + offset, bytes,
			  PROT_READ | PROT_WRITE, offset);

	if (r)
		return r;
	/* What a child wrote would be code of its parent's. */
	if (madvise(region->alias + offset, (size_t)bytes, MADV_DONTFORK)) {
		r = iomm_hosted_error();
		(void)map_none(region->alias + offset, bytes);
	}
	return r;
}

static int
map_both(struct iomm_region *region, uint64_t offset, uint64_t bytes, int prot)
{
	int r;

	if (region->fd >= 0 && offset + bytes > region->file_bytes) {
		if (ftruncate(region->fd, (off_t)(offset + bytes)))
			return iomm_hosted_error();
		region->file_bytes = offset + bytes;
	}
	r = map_piece(region, region->base + offset, bytes, prot, offset);
	if (r || !region->alias)
		return r;
	r = map_alias(region, offset, bytes);
	if (r)
		(void)map_none(region->base + offset, bytes);
	return r;
}

/* Small pages become a large one: they must be there for that. */
static bool collapse_at(char *address, uint64_t bytes, int populate)
{
	(void)madvise(address, (size_t)bytes, MADV_HUGEPAGE);
	(void)madvise(address, (size_t)bytes, populate);
	return !madvise(address, (size_t)bytes, MADV_COLLAPSE);
}

/* Asks for large pages where the file has none of itself. How many bytes are in
 * such where they are used. */
static uint64_t
collapse(const struct iomm_region *region, uint64_t offset, uint64_t bytes)
{
	char *base = region->base + offset;

	if (region->huge)
		return bytes;
	/* First the pages, by where they can be written, then the other view
	 * of them. */
	if (!region->alias)
		return collapse_at(base, bytes, MADV_POPULATE_WRITE) ? bytes
								     : 0;
	if (!collapse_at(region->alias + offset, bytes, MADV_POPULATE_WRITE))
		return 0;
	return collapse_at(base, bytes, MADV_POPULATE_READ) ? bytes : 0;
}

static int
map_in(struct iomm_hosted *hosted, struct iomm_alloc_grant *grant, bool huge)
{
	struct iomm_region *region = NULL;
	uint32_t step = 0;
	uint64_t offset;
	int r = find_room(hosted, grant, huge, &region, &step);

	if (r)
		return r;
	offset = (uint64_t)step * region->step;
	r = map_both(region, offset, grant->bytes,
		     iomm_hosted_prot(grant->prot));
	if (r) {
		if (!region->used)
			remove_region(hosted, region);
		return r;
	}
	set_taken(region, step, (uint32_t)(grant->bytes / region->step), true);
	grant->address = region->base + offset;
	grant->alias = region->alias ? region->alias + offset : NULL;
	grant->cookie = (uintptr_t)region;
	if (grant->flags & IOMM_ALLOC_GRANT_HUGE)
		grant->huge = collapse(region, offset, grant->bytes);
	return 0;
}

int iomm_hosted_map(void *data, struct iomm_alloc_grant *grant)
{
	struct iomm_hosted *hosted = data;
	int r = -IOMM_ENOMEM;

	(void)pthread_mutex_lock(&hosted->lock);
	if ((grant->flags & IOMM_ALLOC_GRANT_HUGE) &&
	    (grant->flags & IOMM_ALLOC_GRANT_ALIAS) && !hosted->no_hugetlb) {
		r = map_in(hosted, grant, true);
		hosted->no_hugetlb = r != 0;
	}
	if (r)
		r = map_in(hosted, grant, false);
	(void)pthread_mutex_unlock(&hosted->lock);
	return r;
}

static void
free_pages(const struct iomm_region *region, uint64_t offset, uint64_t bytes)
{
	if (region->fd >= 0)
		(void)fallocate(region->fd,
				FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				(off_t)offset, (off_t)bytes);
}

int iomm_hosted_unmap(void *data, const struct iomm_alloc_grant *grant)
{
	struct iomm_hosted *hosted = data;
	struct iomm_region *region = (void *)(uintptr_t)grant->cookie;
	uint64_t offset = (uint64_t)((char *)grant->address - region->base);
	uint32_t step = (uint32_t)(offset / region->step);
	uint32_t count = (uint32_t)(grant->bytes / region->step);
	int r;

	/* The pages are the parent's, and who held the lock is not here. */
	if (iomm_hosted_is_dead(hosted))
		return 0;
	(void)pthread_mutex_lock(&hosted->lock);
	if (region->used == count) {
		/* The last one takes the address space with it. */
		free_pages(region, offset, grant->bytes);
		remove_region(hosted, region);
		r = 0;
		goto out;
	}
	r = map_none(region->base + offset, grant->bytes);
	if (r)
		goto out;
	free_pages(region, offset, grant->bytes);
	/* Steps whose alias does not go are not used again. */
	if (!region->alias || !map_none(region->alias + offset, grant->bytes))
		set_taken(region, step, count, false);
out:
	(void)pthread_mutex_unlock(&hosted->lock);
	return r;
}

void iomm_hosted_drop(struct iomm_hosted *hosted)
{
	while (hosted->regions)
		remove_region(hosted, hosted->regions);
}
