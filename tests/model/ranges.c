/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "model/ranges.h"

#include <stdlib.h>
#include <string.h>

uint32_t ranges_from(const struct ranges *ranges, uint64_t iova)
{
	uint32_t low = 0, high = ranges->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (ranges->range[middle].last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct range *ranges_at(const struct ranges *ranges, uint64_t iova)
{
	uint32_t n = ranges_from(ranges, iova);

	if (n == ranges->count || ranges->range[n].iova > iova)
		return NULL;
	return &ranges->range[n];
}

uint64_t
ranges_free_bytes(const struct ranges *ranges, uint64_t iova, uint64_t last)
{
	uint32_t n = ranges_from(ranges, iova);

	if (n == ranges->count || ranges->range[n].iova > last)
		return last - iova + 1;
	if (ranges->range[n].iova <= iova)
		return 0;
	return ranges->range[n].iova - iova;
}

static uint64_t overlap(const struct range *range, uint64_t iova, uint64_t last)
{
	uint64_t first = range->iova > iova ? range->iova : iova;
	uint64_t end = range->last < last ? range->last : last;

	return end - first + 1;
}

uint64_t
ranges_mapped_bytes(const struct ranges *ranges, uint64_t iova, uint64_t last)
{
	uint64_t bytes = 0;
	uint32_t n;

	for (n = ranges_from(ranges, iova);
	     n < ranges->count && ranges->range[n].iova <= last; n++)
		bytes += overlap(&ranges->range[n], iova, last);
	return bytes;
}

/* Makes place for one more before the n-th. */
static struct range *insert(struct ranges *ranges, uint32_t n)
{
	if (ranges->count == ranges->room) {
		ranges->room = ranges->room ? 2 * ranges->room : 64;
		ranges->range = realloc(ranges->range,
					ranges->room * sizeof(*ranges->range));
		if (!ranges->range)
			abort();
	}
	memmove(ranges->range + n + 1, ranges->range + n,
		(ranges->count - n) * sizeof(*ranges->range));
	ranges->count++;
	return &ranges->range[n];
}

void ranges_add(struct ranges *ranges, uint64_t iova, uint64_t bytes,
		uint64_t paddr, uint32_t prot)
{
	*insert(ranges, ranges_from(ranges, iova)) =
		(struct range){ iova, iova + (bytes - 1), paddr, prot };
}

/* Cuts the n-th in two, so that the second part begins at `iova`. */
static void cut(struct ranges *ranges, uint32_t n, uint64_t iova)
{
	struct range *second = insert(ranges, n + 1), *first = second - 1;

	*second = *first;
	second->iova = iova;
	second->paddr += iova - first->iova;
	first->last = iova - 1;
}

/* Cuts such that the first `bytes` in [iova, last] are whole ranges. Answers
 * how many ranges these are, and the first of them. */
static uint32_t isolate(struct ranges *ranges, uint64_t iova, uint64_t last,
			uint64_t bytes, uint32_t *first)
{
	uint32_t n = ranges_from(ranges, iova);
	uint64_t size;

	if (bytes && n < ranges->count && ranges->range[n].iova < iova)
		cut(ranges, n++, iova);
	for (*first = n; bytes && n < ranges->count; n++) {
		if (ranges->range[n].iova > last)
			break;
		size = overlap(&ranges->range[n], iova, last);
		size = bytes < size ? bytes : size;
		if (ranges->range[n].last - ranges->range[n].iova != size - 1)
			cut(ranges, n, ranges->range[n].iova + size);
		bytes -= size;
	}
	return n - *first;
}

uint64_t ranges_remove(struct ranges *ranges, uint64_t iova, uint64_t last,
		       uint64_t bytes)
{
	uint32_t first, count = isolate(ranges, iova, last, bytes, &first);

	if (!count)
		return iova;
	iova = ranges->range[first + count - 1].last;
	ranges->count -= count;
	memmove(ranges->range + first, ranges->range + first + count,
		(ranges->count - first) * sizeof(*ranges->range));
	return iova;
}

uint64_t ranges_protect(struct ranges *ranges, uint64_t iova, uint64_t last,
			uint64_t bytes, uint32_t prot)
{
	uint32_t first, count = isolate(ranges, iova, last, bytes, &first);
	uint32_t n;

	for (n = first; n < first + count; n++) {
		ranges->range[n].prot = prot;
		iova = ranges->range[n].last;
	}
	return iova;
}

bool ranges_stretch(const struct ranges *ranges, uint64_t iova, uint64_t last,
		    struct range *out)
{
	uint32_t n = ranges_from(ranges, iova);
	const struct range *next = ranges->range + n;
	const struct range *end = ranges->range + ranges->count;

	if (next == end || next->iova > last)
		return false;
	*out = *next;
	while (++next < end && next->iova == out->last + 1 &&
	       next->prot == out->prot &&
	       next->paddr - next->iova == out->paddr - out->iova)
		out->last = next->last;
	if (out->iova < iova) {
		out->paddr += iova - out->iova;
		out->iova = iova;
	}
	if (out->last > last)
		out->last = last;
	return true;
}

void ranges_clear(struct ranges *ranges)
{
	free(ranges->range);
	memset(ranges, 0, sizeof(*ranges));
}
