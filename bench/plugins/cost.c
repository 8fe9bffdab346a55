/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One operation on a table, over and over, for a count of instructions; or the
 * first use of a format, timed.
 *
 *     cost FORMAT PLUGIN|- map|block|unmap|translate|none COUNT
 *     cost FORMAT PLUGIN|- first 1
 */
#define _POSIX_C_SOURCE 199309L
#include <iomm/iomm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE  UINT64_C(4096)
#define BLOCK (64 * PAGE)
#define PROT  (IOMM_PROT_READ | IOMM_PROT_WRITE)

static struct iomm_ctx *ctx;

static void try(int result)
{
	char sentence[256];

	if (result >= 0)
		return;
	if (ctx && iomm_error_message(ctx, sentence, sizeof(sentence)) > 0)
		fprintf(stderr, "cost: %s\n", sentence);
	exit(1);
}

static void unmap(struct iomm_pgtable *table, uint64_t iova, uint64_t bytes)
{
	static struct iomm_gather gather;
	uint64_t done;

	iomm_gather_init(&gather);
	try(iomm_pgtable_unmap(table, iova, bytes, &gather, &done));
	try(iomm_gather_flush(&gather));
}

/* All in one table of the last level, as far as that goes. */
static void repeat(struct iomm_pgtable *table, const char *what, uint64_t count)
{
	uint64_t bytes = strcmp(what, "block") != 0 ? PAGE : BLOCK, n, done;
	struct iomm_translation at = { .size = sizeof(at) };

	/* What is not counted is the same for all counts. */
	if (!strcmp(what, "translate"))
		try(iomm_pgtable_map(table, 0, 0, BLOCK, PROT, 0, &done));
	for (n = 0; n < count; n++) {
		uint64_t iova = n * bytes;

		if (!strcmp(what, "translate"))
			try(iomm_pgtable_translate(table, n % 64 * PAGE, &at));
		else if (strcmp(what, "none") != 0)
			try(iomm_pgtable_map(table, iova, iova + PAGE, bytes,
					     PROT, 0, &done));
		if (!strcmp(what, "unmap") && n)
			unmap(table, iova - bytes, bytes);
	}
}

static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
	struct iomm_plugin *plugin = NULL;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .page_sizes = PAGE };
	struct iomm_pgtable *table;
	struct iomm_format *format;
	double start;

	if (argc != 5)
		return 2;
	try(iomm_ctx_create(NULL, &ctx));
	start = seconds();
	if (strcmp(argv[2], "-") != 0)
		try(iomm_plugin_open(ctx, argv[2], 0, &plugin));
	try(iomm_format_request(ctx, argv[1], IOMM_FORMAT_WAIT, IOMM_FOREVER,
				&format));
	try(iomm_pgtable_create(ctx, argv[1], &config, NULL, NULL, NULL,
				&table));
	if (!strcmp(argv[3], "first"))
		printf("%.0f us\n", (seconds() - start) * 1e6);
	else
		repeat(table, argv[3], strtoull(argv[4], NULL, 0));
	iomm_pgtable_put(table);
	iomm_format_put(format);
	try(iomm_plugin_close(plugin));
	iomm_ctx_put(ctx);
	return 0;
}
