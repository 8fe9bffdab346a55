/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Finding room in the address space. */
#define _GNU_SOURCE
#include "alloc/hosted/hosted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#define LOWEST (64u << 10) /* Linux's default of vm.mmap_min_addr */
#if UINTPTR_MAX <= 0xffffffffu
#define HIGHEST UINT64_C(0xbfffffff)
#elif defined(__aarch64__)
#define HIGHEST UINT64_C(0xffffffffefff)
#else
#define HIGHEST UINT64_C(0x7fffffffefff)
#endif

static void *reserve_at(uint64_t address, uint64_t bytes)
{
	void *at;

	if (bytes > SIZE_MAX)
		return NULL;
	at = mmap((void *)(uintptr_t)address, (size_t)bytes, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			  (address ? MAP_FIXED_NOREPLACE : 0),
		  -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	if (address && (uintptr_t)at != address) {
		/* A kernel that does not know the flag takes it for a hint. */
		(void)munmap(at, (size_t)bytes);
		return NULL;
	}
	return at;
}

/* Anywhere: where the kernel likes, cut to what is aligned. */
static int
reserve_anywhere(const struct iomm_gap *gap, uint64_t bytes, char **address)
{
	uint64_t whole = bytes + gap->align + 2 * gap->skirt;
	char *at = reserve_at(0, whole), *start;
	uint64_t before;

	if (!at)
		return -IOMM_ENOMEM;
	start = at + gap->skirt;
	start += -(uintptr_t)start & (gap->align - 1);
	before = (uint64_t)(start - at) - gap->skirt;
	if (before)
		(void)munmap(at, (size_t)before);
	if (before < gap->align)
		(void)munmap(start + bytes + gap->skirt,
			     (size_t)(gap->align - before));
	*address = start;
	return 0;
}

/* The list of what is mapped, read piece by piece. */
struct maps {
	int fd;
	char buf[4096];
	size_t used, at;
};

static int next_char(struct maps *maps)
{
	ssize_t n;

	if (maps->at == maps->used) {
		do
			n = read(maps->fd, maps->buf, sizeof(maps->buf));
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			return -1;
		maps->used = (size_t)n;
		maps->at = 0;
	}
	return maps->buf[maps->at++];
}

static int hex_digit(int c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

static bool next_number(struct maps *maps, uint64_t *number)
{
	int c = next_char(maps);

	*number = 0;
	for (; c >= 0 && hex_digit(c) >= 0; c = next_char(maps))
		*number = *number << 4 | (uint64_t)hex_digit(c);
	return c >= 0;
}

/* The rest of a line; does it say that this is the heap, which grows? */
static bool ends_in_heap(struct maps *maps)
{
	static const char heap[] = "[heap]";
	size_t seen = 0;
	int c;

	while ((c = next_char(maps)) >= 0 && c != '\n')
		seen = c == heap[seen] ? seen + 1 : c == heap[0];
	return seen == sizeof(heap) - 1;
}

/* What is looked for among the gaps, and what was found. */
struct search {
	const struct iomm_gap *gap;
	uint64_t want;	  /* bytes */
	uint64_t places;  /* where they could start */
	uint64_t pick;	  /* the one to take, counted like those; or the last */
	uint64_t address; /* 0: not found */
	uint64_t largest; /* bytes that fit somewhere */
};

/* Looks at [low, high); `up`: rather from its upper end. */
static void look(struct search *s, uint64_t low, uint64_t high, bool up)
{
	const struct iomm_gap *gap = s->gap;
	uint64_t mask = gap->align - 1, room, places, at;

	low = low > gap->first ? low : gap->first;
	low = low + gap->skirt > LOWEST ? low + gap->skirt : LOWEST;
	low = (low + mask) & ~mask;
	if (high > HIGHEST + 1)
		high = HIGHEST + 1;
	if (gap->last < high - 1)
		high = gap->last + 1;
	if (high < gap->skirt || high - gap->skirt <= low)
		return;
	high = (high - gap->skirt) & ~mask;
	room = high > low ? high - low : 0;
	if (room > s->largest)
		s->largest = room;
	if (room < s->want)
		return;
	places = (room - s->want) / gap->align + 1;
	if (s->pick >= s->places && s->pick - s->places < places) {
		at = s->pick - s->places;
		s->address = low + (up ? places - 1 - at : at) * gap->align;
	}
	s->places += places;
}

static int search_gaps(struct search *s)
{
	struct maps maps = { .fd = open("/proc/self/maps",
					O_RDONLY | O_CLOEXEC) };
	uint64_t low = 0, start, end;
	bool heap = false;

	if (maps.fd < 0)
		return errno == ENOENT ? -IOMM_EOPNOTSUPP : iomm_hosted_error();
	s->places = s->largest = s->address = 0;
	while (next_number(&maps, &start) && next_number(&maps, &end)) {
		if (start > low)
			look(s, low, start, heap);
		low = end;
		heap = ends_in_heap(&maps);
	}
	look(s, low, HIGHEST + 1, heap);
	(void)close(maps.fd);
	return 0;
}

static int pick_at_random(struct search *s)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return -IOMM_EIO;
	s->pick = r % s->places;
	return search_gaps(s);
}

/* One look, and where it goes. ENOSPC: nowhere; EAGAIN: somebody else was there
 * first. */
static int reserve_in_gap(struct search *s, char **address, uint64_t *bytes)
{
	const struct iomm_gap *gap = s->gap;
	char *at;
	int r = search_gaps(s);

	if (!r && !s->address) {
		/* As much as there is in one piece. */
		if (s->largest < gap->least)
			return -IOMM_ENOSPC;
		s->want = s->largest < gap->most ? s->largest : gap->most;
		r = search_gaps(s);
	}
	if (!r && gap->random && s->places)
		r = pick_at_random(s);
	if (r)
		return r;
	if (!s->address)
		return -IOMM_EAGAIN;
	at = reserve_at(s->address - gap->skirt, s->want + 2 * gap->skirt);
	if (!at)
		return errno == EEXIST ? -IOMM_EAGAIN : -IOMM_ENOMEM;
	*address = at + gap->skirt;
	*bytes = s->want;
	return 0;
}

int iomm_hosted_reserve(const struct iomm_gap *gap, char **address,
			uint64_t *bytes)
{
	struct search s = { .gap = gap, .want = gap->most };
	uint32_t tries = 8;
	int r = -IOMM_EAGAIN;

	if (!gap->first && gap->last >= HIGHEST && !gap->random) {
		*bytes = gap->most;
		return reserve_anywhere(gap, gap->most, address);
	}
	while (r == -IOMM_EAGAIN && tries--) {
		s.want = gap->most;
		s.pick = 0;
		r = reserve_in_gap(&s, address, bytes);
	}
	return r == -IOMM_EAGAIN ? -IOMM_ENOSPC : r;
}
