/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* All parts of something in one go. */
#include "alloc/allocator.h"
#include "base/abi.h"
#include "base/mem.h"

#define PARTS_MAX (1u << 20)

struct parts {
	struct iomm_alloc_part *first;
	uint32_t stride, count;
};

static struct iomm_alloc_part *nth(const struct parts *parts, uint32_t n)
{
	return (void *)((char *)parts->first + (size_t)n * parts->stride);
}

static int
read_part(struct iomm_allocator *allocator, const struct iomm_alloc_part *from,
	  struct iomm_alloc_part *part, const struct iomm_type_entry **entry)
{
	int r = iomm_struct_in(iomm_allocator_ctx(allocator), part,
			       sizeof(*part), IOMM_ALLOC_PART_SIZE_VER0, from,
			       "iomm_alloc_part");

	if (r)
		return r;
	*entry = iomm_allocator_entry(allocator, part->type);
	return *entry ? 0 : -IOMM_ENOENT;
}

/* What was allocated was never filled, and is nobody's yet: giving it back can
 * fail where a hook does, and then it stays allocated. */
static void undo(struct iomm_allocator *allocator, void **address,
		 const struct iomm_type_entry **entry, uint32_t count)
{
	while (count--) {
		if (iomm_pool_free(entry[count]->pool, entry[count]->slot,
				   address[count]))
			IOMM_LOG(iomm_allocator_ctx(allocator), IOMM_LOG_ERROR,
				 "", "the part of a layout at %x is lost",
				 (uintptr_t)address[count]);
	}
}

static int place(struct iomm_allocator *allocator, const struct parts *parts,
		 void **address, const struct iomm_type_entry **entry)
{
	struct iomm_alloc_part part;
	uint32_t n;
	int r;

	for (n = 0; n < parts->count; n++) {
		r = read_part(allocator, nth(parts, n), &part, &entry[n]);
		if (!r)
			r = iomm_pool_alloc(entry[n]->pool, entry[n]->slot,
					    part.bytes, &address[n]);
		if (r) {
			undo(allocator, address, entry, n);
			return r;
		}
	}
	for (n = 0; n < parts->count; n++)
		nth(parts, n)->address = address[n];
	return 0;
}

static int layout(struct iomm_allocator *allocator, const struct parts *parts)
{
	struct iomm_ctx *ctx = iomm_allocator_ctx(allocator);
	uint64_t bytes = (uint64_t)parts->count * 2 * sizeof(void *);
	void **address = iomm_alloc(ctx, bytes);
	int r;

	if (!address)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for %u parts",
				 parts->count);
	r = place(allocator, parts, address,
		  (const struct iomm_type_entry **)(void *)(address +
							    parts->count));
	iomm_free(ctx, address, bytes);
	return r;
}

int iomm_allocator_layout(struct iomm_allocator *allocator,
			  struct iomm_alloc_part *parts, uint32_t stride,
			  uint32_t count)
{
	const struct parts list = { parts, stride, count };
	struct iomm_ctx *ctx;
	int r;

	if (!iomm_handle_ok(allocator, &iomm_allocator_type_tag))
		return -IOMM_EINVAL;
	ctx = iomm_allocator_ctx(allocator);
	if (!parts || !count || count > PARTS_MAX ||
	    stride < IOMM_ALLOC_PART_SIZE_VER0)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a layout has 1 to %u parts, and not %u that "
				 "are %u bytes apart",
				 PARTS_MAX, count, stride);
	r = iomm_allocator_alive(allocator);
	if (r)
		return r;
	iomm_enter(ctx);
	return iomm_leave(ctx, layout(allocator, &list));
}
