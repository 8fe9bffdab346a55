/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/text.h"

#include <stddef.h>

struct sink {
	char *buf;
	uint64_t len;
	uint64_t used;
};

static void put_char(struct sink *sink, char c)
{
	if (sink->used + 1 < sink->len)
		sink->buf[sink->used] = c;
	sink->used++;
}

static void put_string(struct sink *sink, const char *s)
{
	for (s = s ? s : "(none)"; *s; s++)
		put_char(sink, *s);
}

/* Divides by 10 without a 64-bit division, which 32-bit targets would take
 * from a support library: 0.8 = 0.110011..b, then one step of correction. */
static uint64_t divide_by_10(uint64_t value, uint32_t *rest)
{
	uint64_t q = (value >> 1) + (value >> 2);
	uint64_t r;

	q += q >> 4;
	q += q >> 8;
	q += q >> 16;
	q += q >> 32;
	q >>= 3;
	r = value - ((q << 3) + (q << 1));
	if (r > 9) {
		q++;
		r -= 10;
	}
	*rest = (uint32_t)r;
	return q;
}

static void put_decimal(struct sink *sink, uint64_t value)
{
	char digits[20];
	uint32_t n = 0, rest;

	do {
		value = divide_by_10(value, &rest);
		digits[n++] = (char)('0' + rest);
	} while (value);
	while (n)
		put_char(sink, digits[--n]);
}

static void put_hex(struct sink *sink, uint64_t value)
{
	uint32_t shift = 60;

	put_string(sink, "0x");
	while (shift && !(value >> shift))
		shift -= 4;
	for (;; shift -= 4) {
		put_char(sink, "0123456789abcdef"[(value >> shift) & 15]);
		if (!shift)
			break;
	}
}

static void put_bytes(struct sink *sink, uint64_t value)
{
	static const char *const unit[] = { " bytes", " KiB", " MiB", " GiB",
					    " TiB" };
	uint32_t n = 0;

	while (value && !(value & 1023) && n < 4) {
		value >>= 10;
		n++;
	}
	put_decimal(sink, value);
	put_string(sink, unit[n]);
}

uint32_t iomm_text_render(char *buf, uint64_t len, const uint64_t *text)
{
	struct sink sink = { buf, len, 0 };
	const char *f = (const char *)(uintptr_t)text[0];
	uint32_t n = 1;

	for (; *f; f++) {
		if (*f != '%') {
			put_char(&sink, *f);
			continue;
		}
		switch (*++f) {
		case 'u':
			put_decimal(&sink, text[n++]);
			break;
		case 'x':
			put_hex(&sink, text[n++]);
			break;
		case 'k':
			put_bytes(&sink, text[n++]);
			break;
		default: /* 's' */
			put_string(&sink, (const char *)(uintptr_t)text[n++]);
			break;
		}
	}
	if (len)
		buf[sink.used < len ? sink.used : len - 1] = '\0';
	return (uint32_t)sink.used;
}

uint32_t iomm_strlen(const char *s)
{
	uint32_t n = 0;

	while (s[n])
		n++;
	return n;
}

int iomm_strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int iomm_streq(const char *a, const char *b)
{
	return !iomm_strcmp(a, b);
}

int iomm_copy_string(char *buf, uint64_t len, const char *s)
{
	return (int)iomm_text_render(buf, len, IOMM_TEXT("%s", IOMM_STR(s)));
}
