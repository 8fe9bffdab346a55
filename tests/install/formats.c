/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program that uses a format, wherever it comes from:
 *
 *     formats NAME           built in, or announced by the library
 *     formats NAME PLUGIN    from a plugin, which is closed at the end
 */
#include <iomm/iomm.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE 65536

static struct iomm_ctx *ctx;

static void try(int result)
{
	char sentence[256];

	if (result >= 0)
		return;
	if (!ctx || iomm_error_message(ctx, sentence, sizeof(sentence)) <= 0)
		(void)snprintf(sentence, sizeof(sentence), "%s",
			       iomm_strerror(result));
	fprintf(stderr, "formats: %s\n", sentence);
	exit(1);
}

static void expect(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "formats: %s\n", what);
	exit(1);
}

static void use(const char *name)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_pgtable *table;
	struct iomm_gather gather;
	struct iomm_format *format;
	uint64_t done;

	try(iomm_format_request(ctx, name, IOMM_FORMAT_WAIT, IOMM_FOREVER,
				&format));
	try(iomm_pgtable_create(ctx, name, NULL, NULL, NULL, NULL, &table));
	try(iomm_pgtable_map(table, PAGE, 5 * PAGE, 16 * PAGE,
			     IOMM_PROT_READ | IOMM_PROT_WRITE, 0, NULL));
	try(iomm_pgtable_translate(table, 3 * PAGE + 12, &at));
	expect(at.paddr == 7 * PAGE + 12, "translated wrongly");
	iomm_gather_init(&gather);
	try(iomm_pgtable_unmap(table, PAGE, 16 * PAGE, &gather, &done));
	try(iomm_gather_flush(&gather));
	expect(done == 16 * PAGE, "unmapped too little");
	expect(iomm_pgtable_translate(table, PAGE, &at) == -IOMM_ENOENT,
	       "still mapped");
	/* Of a plugin that goes, no sentence is left either. */
	expect(iomm_pgtable_map(table, 0, 0, PAGE,
				IOMM_PROT_READ | IOMM_PROT_PRIV |
					IOMM_PROT_MMIO,
				0, NULL) <= 0,
	       "no answer");
	iomm_pgtable_put(table);
	iomm_format_put(format);
}

int main(int argc, char **argv)
{
	struct iomm_plugin *plugin = NULL;
	char sentence[256];

	expect(argc == 2 || argc == 3, "usage: formats NAME [PLUGIN]");
	try(iomm_ctx_create(NULL, &ctx));
	if (argc == 3)
		try(iomm_plugin_open(ctx, argv[2], 0, &plugin));
	use(argv[1]);
	try(iomm_plugin_close(plugin));
	if (iomm_error_message(ctx, sentence, sizeof(sentence)) > 0)
		printf("the last error: %s\n", sentence);
	printf("live handles: %d\n",
	       iomm_ctx_live_handles(ctx, IOMM_HANDLE_ANY) - 1);
	iomm_ctx_put(ctx);
	return 0;
}
