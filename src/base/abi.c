/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/abi.h"

#include "base/ctx.h"
#include "base/mem.h"

/* `size` is the first field of every struct that crosses the ABI. */
static uint32_t size_of(const void *s)
{
	uint32_t size;

	memcpy(&size, s, sizeof(size));
	return size;
}

int iomm_check_size(struct iomm_ctx *ctx, uint32_t size, uint32_t ver0,
		    const char *name)
{
	if (size > IOMM_STRUCT_MAX)
		return IOMM_FAIL(ctx, IOMM_E2BIG,
				 "size %u of struct %s is more than any struct "
				 "has: set it to sizeof",
				 size, IOMM_STR(name));
	if (size >= ver0)
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "size %u of struct %s is less than version 0 of it, "
			 "%u: set it to sizeof",
			 size, IOMM_STR(name), ver0);
}

int iomm_element_in(struct iomm_ctx *ctx, void *dst, uint32_t known,
		    uint32_t ver0, const void *src, uint32_t stride,
		    const char *name)
{
	uint32_t n;
	int err = iomm_check_size(ctx, stride, ver0, name);

	if (err)
		return err;
	memset(dst, 0, known);
	memcpy(dst, src, stride < known ? stride : known);
	for (n = known; n < stride; n++) {
		if (((const unsigned char *)src)[n])
			return IOMM_FAIL(ctx, IOMM_E2BIG,
					 "struct %s has data at offset %u, and "
					 "this library knows %u bytes of it",
					 IOMM_STR(name), n, known);
	}
	return 0;
}

int iomm_struct_in(struct iomm_ctx *ctx, void *dst, uint32_t known,
		   uint32_t ver0, const void *src, const char *name)
{
	if (!src)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "struct %s is NULL",
				 IOMM_STR(name));
	return iomm_element_in(ctx, dst, known, ver0, src, size_of(src), name);
}

int iomm_struct_out(struct iomm_ctx *ctx, void *dst, const void *src,
		    uint32_t known, uint32_t ver0, const char *name)
{
	uint32_t size, n;
	int err;

	if (!dst)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "struct %s is NULL",
				 IOMM_STR(name));
	size = size_of(dst);
	err = iomm_check_size(ctx, size, ver0, name);
	if (err)
		return err;
	n = size < known ? size : known;
	memcpy(dst, src, n);
	memset((unsigned char *)dst + n, 0, size - n);
	memcpy(dst, &known, sizeof(known));
	return 0;
}

int iomm_array_out(struct iomm_ctx *ctx, void *dst, uint32_t stride,
		   uint32_t *count, const void *src, uint32_t bytes,
		   uint32_t have, const char *name)
{
	uint32_t room, n;
	unsigned char *to = dst;

	if (!count)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "the count of %s is NULL",
				 IOMM_STR(name));
	room = *count;
	*count = have;
	if (room && (!dst || stride < bytes))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the array of %s is NULL, or its stride %u is "
				 "less than %u",
				 IOMM_STR(name), stride, bytes);
	if (room < have)
		return IOMM_FAIL(ctx, IOMM_EMSGSIZE,
				 "there are %u of %s, and room for %u", have,
				 IOMM_STR(name), room);
	for (n = 0; n < have; n++, to += stride) {
		memcpy(to, (const unsigned char *)src + (uint64_t)n * bytes,
		       bytes);
		memset(to + bytes, 0, stride - bytes);
	}
	return 0;
}

int iomm_check_bits(struct iomm_ctx *ctx, uint64_t value, uint64_t known,
		    const char *name)
{
	if (!(value & ~known))
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL, "unknown bits %x in %s",
			 value & ~known, IOMM_STR(name));
}
