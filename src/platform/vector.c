/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Descriptors by AVX2. Walkers may look at the table meanwhile, so each entry
 * must stay a single store. Entries are read 32 bytes at a time and written 16
 * bytes at a time, since it is for aligned moves of 16 bytes that atomicity is
 * promised where there is AVX: Intel SDM volume 3, 9.1.1 "Guaranteed Atomic
 * Operations"; AMD64 APM volume 2, 7.3.2 "Access Atomicity". Stores are seen in
 * the order of the program (SDM 9.2.2), which is what iomm_desc_publish() asks
 * for.
 *
 * ThreadSanitizer does not know any of that: it gets the plain loops.
 */
#include "base/vector.h"

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_THREAD__)
#define HAVE_VECTOR 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAVE_VECTOR 0
#endif
#endif
#if !defined(HAVE_VECTOR) && defined(__x86_64__)
#define HAVE_VECTOR 1
#endif

#if HAVE_VECTOR

#include <immintrin.h>

#define AVX2  __attribute__((target("avx2")))
#define BLOCK 8u /* entries of a cache line */

static inline AVX2 __m256i load(const uint64_t *desc)
{
	return _mm256_load_si256((const __m256i *)(const void *)desc);
}

static inline AVX2 void store(uint64_t *desc, __m256i value)
{
	__m128i *to = (__m128i *)(void *)desc;

	_mm_store_si128(to, _mm256_castsi256_si128(value));
	/* The compiler must not make one store of the two. */
	__asm__ volatile("" ::: "memory");
	_mm_store_si128(to + 1, _mm256_extracti128_si256(value, 1));
	__asm__ volatile("" ::: "memory");
}

/* Entries up to the next cache line: what is before it the plain loops do. */
static uint32_t misaligned(const uint64_t *desc)
{
	return (uint32_t)((uintptr_t)desc / sizeof(*desc)) & (BLOCK - 1);
}

/* Into tables that are linked nowhere. Who still reads one from its last life
 * discards what he reads (docs/shared-page-tables.md): it had been counted out
 * by a locked instruction, which such stores do not pass (SDM 9.2.2). */
static inline AVX2 void store_past(uint64_t *desc, __m256i value)
{
	_mm256_stream_si256((__m256i *)(void *)desc, value);
}

enum how {
	WHERE_FREE, /* what is taken stays */
	ANYWHERE,
	PAST_CACHES,
};

static inline __attribute__((always_inline)) AVX2 uint32_t
put(uint64_t *desc, uint64_t value, uint64_t step, uint32_t count, enum how how)
{
	void (*const keep)(uint64_t *, __m256i) =
		how == PAST_CACHES ? store_past : store;
	const __m256i four = _mm256_set1_epi64x((long long)(4 * step));
	__m256i next, taken;
	uint32_t n;

	if (misaligned(desc))
		return 0;
	next = _mm256_set_epi64x((long long)(value + 3 * step),
				 (long long)(value + 2 * step),
				 (long long)(value + step), (long long)value);
	for (n = 0; count - n >= BLOCK; n += BLOCK) {
		if (how == WHERE_FREE) {
			taken = _mm256_or_si256(load(desc + n),
						load(desc + n + 4));
			if (!_mm256_testz_si256(taken, taken))
				break;
		}
		keep(desc + n, next);
		next = _mm256_add_epi64(next, four);
		keep(desc + n + 4, next);
		next = _mm256_add_epi64(next, four);
	}
	return n;
}

static AVX2 uint32_t fill(uint64_t *desc, uint64_t value, uint64_t step,
			  uint32_t count)
{
	return put(desc, value, step, count, WHERE_FREE);
}

static AVX2 uint32_t write(uint64_t *desc, uint64_t value, uint64_t step,
			   uint32_t count)
{
	return put(desc, value, step, count, ANYWHERE);
}

static AVX2 uint32_t stream(uint64_t *desc, uint64_t value, uint64_t step,
			    uint32_t count)
{
	return put(desc, value, step, count, PAST_CACHES);
}

static void ordered(void)
{
	_mm_sfence();
}

static AVX2 uint32_t clear(uint64_t *desc, uint64_t bits, uint32_t count)
{
	const __m256i all = _mm256_set1_epi64x((long long)bits);
	const __m256i zero = _mm256_setzero_si256();
	__m256i both;
	uint32_t n;

	if (misaligned(desc))
		return 0;
	for (n = 0; count - n >= BLOCK; n += BLOCK) {
		both = _mm256_and_si256(load(desc + n), load(desc + n + 4));
		if (!_mm256_testc_si256(both, all))
			break;
		store(desc + n, zero);
		store(desc + n + 4, zero);
	}
	return n;
}

const struct iomm_vector *iomm_platform_vector(void)
{
	static const struct iomm_vector avx2 = { fill, write, stream, ordered,
						 clear };

	return __builtin_cpu_supports("avx2") ? &avx2 : NULL;
}

#else

const struct iomm_vector *iomm_platform_vector(void)
{
	return NULL;
}

#endif
