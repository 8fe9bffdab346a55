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

/* What firmware says */

static void
check_place(struct world *w, struct iomm_firmware *firmware, uint64_t place)
{
	char text[1200];
	int length = checked(w, iomm_firmware_place(firmware, place, text,
						    sizeof(text)));

	REQUIRE(length == -IOMM_EOVERFLOW ||
		(length > 0 && length == (int)strlen(text)));
}

static void check_iommus(struct world *w, struct iomm_firmware *firmware,
			 struct iomm_fwspec *spec, uint32_t count)
{
	struct iomm_specifier s = { .size = sizeof(s) }, before;
	struct iomm_node_info info = { .size = sizeof(info) };
	uint32_t n;

	REQUIRE(count > 0);
	for (n = 0; n < count; n++) {
		before = s;
		REQUIRE(!iomm_fwspec_iommu(spec, n, &s));
		REQUIRE(s.nr_cells <= IOMM_SPECIFIER_CELLS);
		REQUIRE(!iomm_firmware_node_info(firmware, s.iommu, &info));
		REQUIRE(info.flags & IOMM_NODE_IOMMU);
		REQUIRE(info.flags & IOMM_NODE_AVAILABLE);
		/* Those that are alike are merged. */
		REQUIRE(!n || s.iommu != before.iommu ||
			s.nr_cells != before.nr_cells ||
			memcmp(s.cells, before.cells, sizeof(s.cells)) != 0);
		check_place(w, firmware, s.place);
	}
	REQUIRE(checked(w, iomm_fwspec_iommu(spec, count, &s)) == -IOMM_ENOENT);
}

static void check_regions(struct world *w, struct iomm_firmware *firmware,
			  struct iomm_fwspec *spec, uint32_t count)
{
	struct iomm_reserved_region r = { .size = sizeof(r) };
	uint32_t n;

	for (n = 0; n < count; n++) {
		REQUIRE(!iomm_fwspec_region(spec, n, &r));
		REQUIRE(r.kind && r.kind <= IOMM_REGION_SOFTWARE_MSI);
		REQUIRE(r.first <= r.last);
		REQUIRE(!(r.flags & ~IOMM_REGION_MAPPED));
		if (r.kind <= IOMM_REGION_DIRECT_RELAXABLE)
			REQUIRE(r.paddr == r.first && r.prot);
		check_place(w, firmware, r.place);
	}
	REQUIRE(checked(w, iomm_fwspec_region(spec, count, &r)) ==
		-IOMM_ENOENT);
}

static void
check_ranges(struct world *w, struct iomm_firmware *firmware,
	     struct iomm_fwspec *spec, const struct iomm_fwspec_info *info)
{
	struct iomm_dma_range r = { .size = sizeof(r) };
	uint32_t n;

	REQUIRE(!info->nr_dma_ranges == !(info->flags & IOMM_FWSPEC_DMA_RANGE));
	for (n = 0; n < info->nr_dma_ranges; n++) {
		REQUIRE(!iomm_fwspec_dma_range(spec, n, &r));
		REQUIRE(info->dma_first <= r.first && r.first <= r.last &&
			r.last <= info->dma_last);
		REQUIRE(r.paddr + (r.last - r.first) >= r.paddr);
		check_place(w, firmware, r.place);
	}
	REQUIRE(checked(w, iomm_fwspec_dma_range(spec, n, &r)) == -IOMM_ENOENT);
}

uint32_t look_up(struct world *w, struct iomm_firmware *firmware, uint64_t node,
		 const uint64_t *inputs, uint32_t nr_inputs)
{
	struct iomm_fwspec_info info = { .size = sizeof(info) };
	struct iomm_fwspec_info again = { .size = sizeof(again) };
	struct iomm_fwspec *spec = NULL, *second = NULL;
	int err = checked(w, iomm_firmware_lookup(firmware, node, inputs,
						  nr_inputs, &spec));

	REQUIRE(!err || err == -IOMM_ENODEV || err == -IOMM_EINVAL);
	REQUIRE(checked(w, iomm_firmware_lookup(firmware, node, inputs,
						nr_inputs, &second)) == err);
	if (err)
		return 0;
	REQUIRE(!iomm_fwspec_info(spec, &info));
	REQUIRE(!iomm_fwspec_info(second, &again));
	REQUIRE(!memcmp(&info, &again, sizeof(info)));
	REQUIRE(info.pasid_bits <= 20 && info.address_bits <= 64);
	check_iommus(w, firmware, spec, info.nr_iommus);
	check_regions(w, firmware, spec, info.nr_regions);
	check_ranges(w, firmware, spec, &info);
	iomm_fwspec_put(second);
	iomm_fwspec_put(spec);
	return info.nr_iommus;
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
			const struct iomm_attach *at)
{
	(void)data;
	REQUIRE(device && domain && at->nr_ids && at->table->size);
}

static void mock_block(void *data, void *device, const struct iomm_attach *at)
{
	(void)data;
	REQUIRE(device && at->nr_ids && !at->table);
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
