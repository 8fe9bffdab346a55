/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fuzz/fuzz.h"

#include <stdio.h>

void fuzz_broken(const char *what, const char *where)
{
	fprintf(stderr, "fuzz: %s: this does not hold: %s\n", where, what);
	abort();
}

uint64_t take(struct input *in, uint32_t bytes)
{
	uint64_t value = 0;
	uint32_t n;

	for (n = 0; n < bytes && in->left; n++, in->left--)
		value |= (uint64_t)*in->at++ << (8 * n);
	return value;
}

void take_bytes(struct input *in, void *to, size_t bytes)
{
	size_t n = bytes < in->left ? bytes : in->left;

	memset(to, 0, bytes);
	memcpy(to, in->at, n);
	in->at += n;
	in->left -= n;
}

void *allocate(size_t bytes)
{
	void *memory = malloc(bytes ? bytes : 1);

	REQUIRE(memory != NULL);
	return memory;
}

/* The context */

static void on_misuse(void *data, const char *sentence)
{
	(void)data;
	fprintf(stderr, "fuzz: misuse: %s\n", sentence);
	abort();
}

static void on_released(void *data, uint32_t live)
{
	struct world *w = data;

	w->released++;
	w->lost = live;
}

static void
on_log(void *data, uint32_t level, const char *tag, const char *line)
{
	(void)data;
	REQUIRE(level >= IOMM_LOG_ERROR && level <= IOMM_LOG_DEBUG);
	/* So that a string that does not end is seen. */
	REQUIRE(strlen(tag) + strlen(line) < 4096);
}

void world_begin(struct world *w)
{
	const struct iomm_ctx_events events = {
		.size = sizeof(events),
		.released = on_released,
		.misuse = on_misuse,
		.log = on_log,
	};
	const struct iomm_ctx_config config = {
		.size = sizeof(config),
		.log_level = IOMM_LOG_DEBUG,
		.events = &events,
		.events_data = w,
	};

	memset(w, 0, sizeof(*w));
	REQUIRE(iomm_ctx_create(&config, &w->ctx) == 0);
}

void world_end(struct world *w)
{
	REQUIRE(iomm_ctx_close(w->ctx, 0) == 0);
	iomm_ctx_put(w->ctx);
	REQUIRE(w->released == 1);
	REQUIRE(w->lost == 0);
}

int checked(struct world *w, int result)
{
	char whole[512], part[8];
	int length;

	if (result >= 0)
		return result;
	REQUIRE(strcmp(iomm_strerror(result), "unknown error") != 0);
	length = iomm_error_message(w->ctx, whole, sizeof(whole));
	REQUIRE(length >= 0);
	REQUIRE(iomm_error_message(w->ctx, part, sizeof(part)) == length);
	REQUIRE(strncmp(whole, part, sizeof(part) - 1) == 0);
	return result;
}

/* The driver */

static int mock_translate(void *data, const uint32_t *cells, uint32_t nr_cells,
			  uint64_t *id)
{
	uint32_t n;

	(void)data;
	*id = nr_cells;
	for (n = 0; n < nr_cells; n++)
		*id = *id * 31 + cells[n];
	return 0;
}

static int
mock_probe(void *data, const struct iomm_probe_info *info, void **device)
{
	struct mock *mock = data;

	REQUIRE(info->size == sizeof(*info) && info->nr_ids);
	REQUIRE(strlen(info->name) > 0);
	mock->devices++;
	*device = allocate(1);
	return 0;
}

static void mock_let_go(void *data, void *device)
{
	struct mock *mock = data;

	mock->devices--;
	free(device);
}

static int
mock_domain_alloc(void *data, struct iomm_domain_setup *setup, void **domain)
{
	struct mock *mock = data;

	REQUIRE(setup->size == sizeof(*setup));
	if (mock->setup)
		*setup = *mock->setup;
	else if (!setup->format[0])
		strcpy(setup->format, "arm64-s1");
	mock->domains++;
	*domain = allocate(1);
	return 0;
}

static void mock_domain_free(void *data, void *domain)
{
	struct mock *mock = data;

	mock->domains--;
	free(domain);
}

static void mock_commit(void *data, void *device, void *domain,
			const struct iomm_pgtable_info *table)
{
	(void)data;
	REQUIRE(device && domain && table->size == sizeof(*table));
}

static void mock_block(void *data, void *device)
{
	(void)data;
	REQUIRE(device != NULL);
}

static int mock_flush(void *data, void *domain, uint64_t iova, uint64_t last,
		      uint64_t page_size, uint32_t flags)
{
	(void)data;
	(void)flags;
	REQUIRE(domain && iova <= last && page_size);
	return 0;
}

static int mock_flush_all(void *data, void *domain)
{
	(void)data;
	REQUIRE(domain != NULL);
	return 0;
}

void mock_release(void *data)
{
	struct mock *mock = data;

	REQUIRE(!mock->devices && !mock->domains);
	mock->released++;
}

const struct iomm_iommu_ops mock_ops = {
	.size = sizeof(mock_ops),
	.translate = mock_translate,
	.probe = mock_probe,
	.release = mock_let_go,
	.domain_alloc = mock_domain_alloc,
	.domain_free = mock_domain_free,
	.attach_commit = mock_commit,
	.block = mock_block,
	.flush = mock_flush,
	.flush_all = mock_flush_all,
};
