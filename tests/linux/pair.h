/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One configuration under test: our table and Linux's. */
#ifndef TESTS_LINUX_PAIR_H
#define TESTS_LINUX_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <iomm/pgtable.h>

#include "peer.h"

#define NR_WINDOWS 4u

struct config {
	uint32_t page_shift, ias, oas;
	bool coherent;
	bool pages_only; /* no blocks */
	bool stage2;
	bool upper, ns, dirty; /* stage 1 only */
};

struct test {
	struct config config;
	struct random random;
	struct iomm_ctx *ctx;
	struct iomm_table_memory *memory;
	struct iomm_pgtable *pgtable;
	struct tree tree; /* ours */
	struct peer peer;
	uint64_t windows[NR_WINDOWS]; /* without the base */
	uint64_t window_bytes;
	uint64_t mapped; /* bytes, now */
	uint64_t leaves; /* compared */
	uint32_t op;
	char did[160]; /* the operation */
	char why[256]; /* the failure; empty: none */
};

static inline uint64_t page_of(const struct test *test)
{
	return UINT64_C(1) << test->config.page_shift;
}

/* What an address has besides what the table resolves. */
static inline uint64_t base_of(const struct test *test)
{
	return test->config.upper ? UINT64_MAX << test->config.ias : 0;
}

static inline uint64_t space_of(const struct test *test)
{
	return UINT64_C(1) << test->config.ias;
}

/* Leaf sizes of the configuration, a bit for each. */
uint64_t page_sizes(const struct config *config);

/* Makes both tables, and compares what they tell hardware. */
void set_up(struct test *test);
/* Nothing of either is left. */
void tear_down(struct test *test);

/* The first failure of a test is the one that counts. */
void fail(struct test *test, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
