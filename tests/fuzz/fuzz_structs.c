/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The input chooses calls and fills the structs that they take. */
#include "fuzz/structs.h"

#include <libfdt.h>

#define MAX_STEPS 12u

struct machine {
	struct world w;
	struct input in;
	struct mock mock;
	struct iomm_domain_setup setup; /* what the mock driver answers */
	struct iomm_firmware *firmware;
	uint64_t iommu_node, spare_node;
	struct iomm_iommu *iommu;
	struct iomm_bus *bus;
	struct iomm_device *device;
	struct iomm_domain *domain;
	struct iomm_pgtable *table;
	struct iomm_table_memory *memory;
	struct iomm_format *format;
	struct iomm_soft *soft;
};

/* What pointers may be */

static const char long_name[] =
	"a-name-that-is-longer-than-any-that-somebody-would-think-of-and-goes-"
	"on-and-on-until-it-is-longer-than-the-room-for-a-sentence-about-it-too";
static const void *const names[] = { NULL,	"",    "arm64-s1", "no-format",
				     long_name, "one", "%s%s%n" };
#define NAME(type, field)                                   \
	{                                                   \
		offsetof(type, field), names, LENGTH(names) \
	}
/* Calls that take a struct */

/* A device's own description: the arrays are there, as far as the config says
 * that they go. */
#define ENTRIES 3u
struct description {
	struct iomm_specifier specifiers[ENTRIES];
	struct iomm_reserved_region regions[ENTRIES];
	struct iomm_dma_range ranges[ENTRIES];
};

static void take_description(struct machine *m, struct description *d)
{
	uint32_t n;

	take_bytes(&m->in, (unsigned char *)d, sizeof(*d));
	for (n = 0; n < ENTRIES; n++) {
		d->specifiers[n].size = sizeof(d->specifiers[n]);
		d->regions[n].size = sizeof(d->regions[n]);
		d->ranges[n].size = sizeof(d->ranges[n]);
	}
}

static void limit_arrays(struct iomm_device_config *c)
{
	c->nr_specifiers %= ENTRIES + 1;
	c->nr_regions %= ENTRIES + 1;
	c->nr_dma_ranges %= ENTRIES + 1;
	if (c->specifier_stride > sizeof(struct iomm_specifier))
		c->specifier_stride = sizeof(struct iomm_specifier);
	if (c->region_stride > sizeof(struct iomm_reserved_region))
		c->region_stride = sizeof(struct iomm_reserved_region);
	if (c->dma_range_stride > sizeof(struct iomm_dma_range))
		c->dma_range_stride = sizeof(struct iomm_dma_range);
}

static void call_device_create(struct machine *m)
{
	struct description own;
	const void *specifiers[] = { NULL, own.specifiers };
	const void *regions[] = { NULL, own.regions };
	const void *ranges[] = { NULL, own.ranges };
	const struct slot slots[] = {
		NAME(struct iomm_device_config, name),
		{ offsetof(struct iomm_device_config, specifiers), specifiers,
		  2 },
		{ offsetof(struct iomm_device_config, regions), regions, 2 },
		{ offsetof(struct iomm_device_config, dma_ranges), ranges, 2 },
	};
	struct iomm_device_config *config =
		take_struct(&m->in, IOMM_DEVICE_CONFIG_SIZE_VER1, slots,
			    LENGTH(slots));
	struct iomm_device *device = NULL;
	uint32_t state;
	int err;

	take_description(m, &own);
	/* Often it is the node of a device that there is. */
	if (take8(&m->in) & 1 && config->size >= IOMM_DEVICE_CONFIG_SIZE_VER0)
		config->address = m->spare_node;
	if (config->size >= IOMM_DEVICE_CONFIG_SIZE_VER1)
		limit_arrays(config);
	err = checked(&m->w, iomm_device_create(m->bus, config, &device));
	free(config);
	REQUIRE(!err == !!device);
	if (err)
		return;
	(void)checked(&m->w, iomm_device_probe(device));
	REQUIRE(!iomm_device_state(device, &state));
	iomm_device_put(device);
}

static void call_domain_create(struct machine *m)
{
	static const struct slot slots[] = { NAME(struct iomm_domain_config,
						  format) };
	struct iomm_domain_config *config =
		take_struct(&m->in, IOMM_DOMAIN_CONFIG_SIZE_VER0, slots, 1);
	struct iomm_domain *domain = NULL;
	int err;

	err = checked(&m->w, iomm_domain_create(m->device, config, &domain));
	free(config);
	REQUIRE(!err == !!domain);
	iomm_domain_put(domain);
}

/* The driver's answer is a struct too. */
static void call_domain_alloc(struct machine *m)
{
	const void *memories[] = { NULL, m->memory };
	const struct slot slots[] = {
		{ offsetof(struct iomm_domain_setup, memory), memories, 2 },
	};
	void *setup =
		take_struct(&m->in, IOMM_DOMAIN_SETUP_SIZE_VER1, slots, 1);
	uint32_t size;
	uint8_t how = take8(&m->in);

	memcpy(&size, setup, sizeof(size));
	if (size >= sizeof(m->setup)) {
		memcpy(&m->setup, setup, sizeof(m->setup));
		if (how & 1)
			strcpy(m->setup.format, "arm64-s1");
		if (how & 2)
			m->setup.size = sizeof(m->setup);
		if (how & 4)
			m->setup.flags &= 3;
		m->mock.setup = &m->setup;
	}
	free(setup);
	call_domain_create(m);
	m->mock.setup = NULL;
}

static int tlb_flush(void *data, uint64_t iova, uint64_t last,
		     uint64_t page_size, uint32_t flags)
{
	(void)data;
	(void)page_size;
	(void)flags;
	return iova <= last ? 0 : -IOMM_EINVAL;
}

static int tlb_flush_all(void *data)
{
	(void)data;
	return 0;
}

static void call_pgtable_create(struct machine *m)
{
	const void *memories[] = { NULL, m->memory };
	const void *flush[] = { NULL, (const void *)tlb_flush };
	const void *flush_all[] = { NULL, (const void *)tlb_flush_all };
	const struct slot config_slots[] = {
		FN(struct iomm_pgtable_config, memory, memories),
	};
	const struct slot tlb_slots[] = {
		FN(struct iomm_tlb_ops, flush, flush),
		FN(struct iomm_tlb_ops, flush_all, flush_all),
	};
	const char *name = names[take8(&m->in) % LENGTH(names)];
	void *config = take_struct(&m->in, IOMM_PGTABLE_CONFIG_SIZE_VER1,
				   config_slots, 1);
	void *tlb = take_struct(&m->in, IOMM_TLB_OPS_SIZE_VER0, tlb_slots, 2);
	struct iomm_pgtable *table = NULL;
	uint8_t how = take8(&m->in);
	int err;

	m->w.handed++;
	err = checked(&m->w, iomm_pgtable_create(m->w.ctx, name,
						 how & 1 ? NULL : config,
						 how & 2 ? NULL : tlb, m,
						 release_world, &table));
	free(config);
	free(tlb);
	REQUIRE(!err == !!table);
	iomm_pgtable_put(table);
}

static int memory_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va,
			uint64_t *pa)
{
	(void)data;
	*va = aligned_alloc((size_t)bytes, (size_t)bytes);
	*pa = (uint64_t)(uintptr_t)*va;
	if (*pa + bytes - 1 <= max_pa) {
		memset(*va, 0, (size_t)bytes);
		return 0;
	}
	free(*va);
	return -IOMM_ENOMEM;
}

static void memory_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	(void)data;
	(void)pa;
	(void)bytes;
	free(va);
}

static void memory_sync(void *data, const void *va, uint64_t pa, uint64_t bytes)
{
	(void)data;
	REQUIRE(bytes && (uint64_t)(uintptr_t)va == pa);
}

static void *memory_to_virt(void *data, uint64_t pa, uint64_t bytes)
{
	(void)data;
	(void)pa;
	(void)bytes;
	return NULL;
}

static void call_table_memory_create(struct machine *m)
{
	const void *alloc[] = { NULL, (const void *)memory_alloc };
	const void *give[] = { NULL, (const void *)memory_free };
	const void *sync[] = { NULL, (const void *)memory_sync };
	const void *virt[] = { NULL, (const void *)memory_to_virt };
	const struct slot slots[] = {
		FN(struct iomm_table_memory_ops, alloc, alloc),
		FN(struct iomm_table_memory_ops, free, give),
		FN(struct iomm_table_memory_ops, sync, sync),
		FN(struct iomm_table_memory_ops, to_virt, virt),
	};
	struct iomm_table_memory_ops *ops =
		take_struct(&m->in, IOMM_TABLE_MEMORY_OPS_SIZE_VER0, slots,
			    LENGTH(slots));
	struct iomm_pgtable_config config = { .size = sizeof(config) };
	struct iomm_pgtable *table = NULL;
	int err;

	m->w.handed++;
	err = checked(&m->w,
		      iomm_table_memory_create(m->w.ctx, ops, m, release_world,
					       &config.memory));
	free(ops);
	REQUIRE(!err == !!config.memory);
	if (!err)
		(void)!checked(&m->w, iomm_pgtable_create(m->w.ctx, "arm64-s1",
							  &config, NULL, NULL,
							  NULL, &table));
	iomm_pgtable_put(table);
	iomm_table_memory_put(config.memory);
}

static void call_iommu_register(struct machine *m)
{
	static const struct slot config_slots[] = {
		NAME(struct iomm_iommu_config, name),
		NAME(struct iomm_iommu_config, driver),
	};
	const void *fn[12][2];
	struct slot ops_slots[LENGTH(fn)];
	struct iomm_iommu_config *config;
	struct iomm_iommu *iommu = NULL;
	uint32_t n;
	void *ops;
	int err;

	/* The callbacks are the rest of the struct, one after the other. */
	for (n = 0; n < LENGTH(fn); n++) {
		ops_slots[n] =
			(struct slot){ (uint32_t)(8 + n * sizeof(void *)),
				       fn[n], 2 };
		fn[n][1] = NULL;
		memcpy(&fn[n][0], (const char *)&mock_ops + ops_slots[n].offset,
		       sizeof(void *));
	}
	config = take_struct(&m->in, IOMM_IOMMU_CONFIG_SIZE_VER0, config_slots,
			     2);
	ops = take_struct(&m->in, IOMM_IOMMU_OPS_SIZE_VER0, ops_slots,
			  LENGTH(fn));
	if (take8(&m->in) & 1 && config->size >= IOMM_IOMMU_CONFIG_SIZE_VER0)
		config->node = m->spare_node;
	m->w.handed++;
	err = checked(&m->w, iomm_iommu_register(m->w.ctx, config, ops, m,
						 release_world, &iommu));
	free(config);
	free(ops);
	REQUIRE(!err == !!iommu);
	iomm_iommu_put(iommu);
}

static void call_report_fault(struct machine *m)
{
	struct iomm_fault *fault =
		take_struct(&m->in, IOMM_FAULT_SIZE_VER1, NULL, 0);
	uint8_t how = take8(&m->in);

	if (how & 1 && fault->size >= IOMM_FAULT_SIZE_VER1)
		fault->id = 31 + 16; /* what mock_ops makes of <16> */
	(void)!checked(&m->w, iomm_iommu_report_fault(m->iommu, fault));
	free(fault);
}

static void call_soft_create(struct machine *m)
{
	struct iomm_soft_config *config =
		take_struct(&m->in, IOMM_SOFT_CONFIG_SIZE_VER0, NULL, 0);
	struct iomm_soft *soft = NULL;
	int err;

	err = checked(&m->w, iomm_soft_create(m->w.ctx, config, &soft));
	free(config);
	REQUIRE(!err == !!soft);
	iomm_soft_put(soft);
}

static void call_set_context(struct machine *m)
{
	static const struct slot slots[] = { NAME(struct iomm_soft_context,
						  format) };
	void *context =
		take_struct(&m->in, IOMM_SOFT_CONTEXT_SIZE_VER0, slots, 1);

	(void)!checked(&m->w, iomm_soft_set_context(m->soft, take8(&m->in) & 3,
						    0, context));
	free(context);
}

static void call_soft_register(struct machine *m)
{
	const void *memories[] = { NULL, m->memory };
	const struct slot slots[] = {
		NAME(struct iomm_soft_driver, name),
		NAME(struct iomm_soft_driver, format),
		FN(struct iomm_soft_driver, memory, memories),
	};
	struct iomm_soft_driver *driver =
		take_struct(&m->in, IOMM_SOFT_DRIVER_SIZE_VER0, slots, 3);
	struct iomm_iommu *iommu = NULL;
	int err;

	if (take8(&m->in) & 1 && driver->size >= IOMM_SOFT_DRIVER_SIZE_VER0)
		driver->node = m->spare_node;
	err = checked(&m->w, iomm_soft_register(m->soft, driver, &iommu));
	free(driver);
	REQUIRE(!err == !!iommu);
	iomm_iommu_put(iommu);
}

/* A context, with its events and its platform. */

static void *platform_alloc(void *data, uint64_t bytes, uint64_t align)
{
	void *p = aligned_alloc((size_t)align,
				(size_t)((bytes + align - 1) & ~(align - 1)));

	(void)data;
	REQUIRE(p != NULL);
	return memset(p, 0, (size_t)bytes);
}

static void *
platform_alloc_near(void *data, uint64_t bytes, uint64_t align, uint32_t node)
{
	(void)node;
	return platform_alloc(data, bytes, align);
}

static void platform_free(void *data, void *ptr, uint64_t bytes, uint64_t align)
{
	(void)data;
	(void)bytes;
	(void)align;
	free(ptr);
}

static void platform_lock(void *data, struct iomm_lock *lock)
{
	(void)data;
	(void)lock;
}

static void *platform_thread(void *data)
{
	static _Alignas(16) unsigned char storage[IOMM_THREAD_SIZE];

	(void)data;
	return storage;
}

static uint64_t platform_time(void *data)
{
	(void)data;
	return 1;
}

static int platform_barrier(void *data)
{
	(void)data;
	return 0;
}

static void *take_platform(struct machine *m)
{
	const void *barrier[] = { NULL, (const void *)platform_barrier };
	const void *near[] = { NULL, (const void *)platform_alloc_near };
	const void *alloc[] = { NULL, (const void *)platform_alloc };
	const void *give[] = { NULL, (const void *)platform_free };
	const void *lock[] = { NULL, (const void *)platform_lock };
	const void *thread[] = { NULL, (const void *)platform_thread };
	const void *time[] = { NULL, (const void *)platform_time };
	const void *none[] = { NULL, NULL };
	const struct slot slots[] = {
		FN(struct iomm_platform, alloc, alloc),
		FN(struct iomm_platform, free, give),
		FN(struct iomm_platform, lock_init, none),
		FN(struct iomm_platform, lock_fini, lock),
		FN(struct iomm_platform, lock, lock),
		FN(struct iomm_platform, unlock, lock),
		FN(struct iomm_platform, thread, thread),
		FN(struct iomm_platform, wait, none),
		FN(struct iomm_platform, wake, none),
		FN(struct iomm_platform, time, time),
		FN(struct iomm_platform, log, none),
		FN(struct iomm_platform, barrier, barrier),
		FN(struct iomm_platform, alloc_near, near),
		FN(struct iomm_platform, free_near, give),
	};

	return take_struct(&m->in, IOMM_PLATFORM_SIZE_VER1, slots,
			   LENGTH(slots));
}

static void *take_events(struct machine *m)
{
	const void *wakeup[] = { NULL, (const void *)release_world };
	const void *none[] = { NULL, NULL };
	const struct slot slots[] = {
		/* Any function of that type will do. */
		FN(struct iomm_ctx_events, wakeup, wakeup),
		FN(struct iomm_ctx_events, released, none),
		FN(struct iomm_ctx_events, misuse, none),
		FN(struct iomm_ctx_events, log, none),
	};

	return take_struct(&m->in, IOMM_CTX_EVENTS_SIZE_VER0, slots,
			   LENGTH(slots));
}

static void count_up(void *data)
{
	++*(uint32_t *)data;
}

static void call_ctx_create(struct machine *m)
{
	void *platform = take_platform(m), *events = take_events(m);
	const void *platforms[] = { NULL, platform };
	const void *all_events[] = { NULL, events };
	uint32_t count[2] = { 0, 0 };
	const void *data[] = { count, count },
		   *more[] = { count + 1, count + 1 };
	const void *release[] = { (const void *)count_up,
				  (const void *)count_up };
	const struct slot slots[] = {
		FN(struct iomm_ctx_config, platform, platforms),
		FN(struct iomm_ctx_config, platform_data, data),
		FN(struct iomm_ctx_config, platform_release, release),
		FN(struct iomm_ctx_config, events, all_events),
		FN(struct iomm_ctx_config, events_data, more),
		FN(struct iomm_ctx_config, events_release, release),
	};
	void *config = take_struct(&m->in, IOMM_CTX_CONFIG_SIZE_VER0, slots,
				   LENGTH(slots));
	struct iomm_ctx *ctx = NULL;
	uint32_t size;
	int err;

	memcpy(&size, config, sizeof(size));
	err = iomm_ctx_create(config, &ctx);
	free(config);
	free(platform);
	free(events);
	REQUIRE(!err == !!ctx && err <= 0);
	iomm_ctx_put(ctx);
	/* What could be read was released, once. */
	if (size >= IOMM_CTX_CONFIG_SIZE_VER0)
		REQUIRE(count[0] == 1 && count[1] == 1);
	else
		REQUIRE(count[0] == 0 && count[1] == 0);
}

/* Calls that fill a struct */

static void call_infos(struct machine *m)
{
	struct out out = take_out(&m->in, IOMM_NODE_INFO_SIZE_VER0);

	check_out(&m->w, &out,
		  iomm_firmware_node_info(m->firmware, m->iommu_node,
					  (void *)out.s));
	out = take_out(&m->in, IOMM_FORMAT_INFO_SIZE_VER0);
	check_out(&m->w, &out, iomm_format_info(m->format, (void *)out.s));
	out = take_out(&m->in, IOMM_SOFT_STATS_SIZE_VER0);
	check_out(&m->w, &out, iomm_soft_stats(m->soft, (void *)out.s));
}

static void call_table_infos(struct machine *m)
{
	struct out out = take_out(&m->in, IOMM_PGTABLE_INFO_SIZE_VER0);

	check_out(&m->w, &out, iomm_pgtable_info(m->table, (void *)out.s));
	out = take_out(&m->in, IOMM_PGTABLE_INFO_SIZE_VER0);
	check_out(&m->w, &out, iomm_domain_info(m->domain, (void *)out.s));
}

static void call_translate(struct machine *m)
{
	uint64_t iova = take(&m->in, 3);
	struct out out = take_out(&m->in, IOMM_TRANSLATION_SIZE_VER0);

	check_out(&m->w, &out,
		  iomm_pgtable_translate(m->table, iova, (void *)out.s));
	out = take_out(&m->in, IOMM_TRANSLATION_SIZE_VER0);
	check_out(&m->w, &out,
		  iomm_domain_translate(m->domain, iova, (void *)out.s));
}

/* A fault is filled exactly when the answer is EFAULT. */
static void check_fault(struct machine *m, struct out *out, int err)
{
	check_out(&m->w, out,
		  err == -IOMM_EFAULT ? 0
		  : err		      ? err
				      : -IOMM_EINVAL);
}

static void call_soft_access(struct machine *m)
{
	uint64_t iova = take(&m->in, 3), id = take8(&m->in) & 3;
	struct out fault = take_out(&m->in, IOMM_FAULT_SIZE_VER0);
	unsigned char byte = 0;

	check_fault(m, &fault,
		    iomm_soft_read(m->soft, id, 0, iova, &byte, 1,
				   (void *)fault.s));
	fault = take_out(&m->in, IOMM_FAULT_SIZE_VER0);
	check_fault(m, &fault,
		    iomm_soft_write(m->soft, id, 0, iova, &byte, 1,
				    (void *)fault.s));
}

static void call_soft_translate(struct machine *m)
{
	uint64_t iova = take(&m->in, 3), id = take8(&m->in) & 3;
	uint32_t access = take8(&m->in);
	struct out out = take_out(&m->in, IOMM_TRANSLATION_SIZE_VER0);
	struct out fault = take_out(&m->in, IOMM_FAULT_SIZE_VER0);
	int err;

	err = iomm_soft_translate(m->soft, id, 0, iova, access, (void *)out.s,
				  (void *)fault.s);
	check_fault(m, &fault, err);
	check_out(&m->w, &out, err);
}

/* An array of structs, with a stride. */
static void call_ids(struct machine *m)
{
	uint32_t count = take8(&m->in) % 4, room = count;
	uint32_t stride = take8(&m->in) % 40;
	void *ids = allocate((size_t)count * stride);
	int err;

	err = checked(&m->w, iomm_device_ids(m->device, count ? ids : NULL,
					     stride, &count));
	REQUIRE(count == 2);
	REQUIRE(err == (room && stride < IOMM_DEVICE_ID_SIZE_VER0
				? -IOMM_EINVAL
				: (room < 2 ? -IOMM_EMSGSIZE : 0)));
	free(ids);
}

/* Storage of any content becomes a guard, and a gather. */
static void call_storage(struct machine *m)
{
	struct iomm_device_guard *guard = allocate(sizeof(*guard));
	struct iomm_gather *gather = allocate(sizeof(*gather));

	take_bytes(&m->in, guard, sizeof(*guard));
	take_bytes(&m->in, gather, sizeof(*gather));
	REQUIRE(!iomm_device_enter(m->device, guard));
	iomm_device_exit(guard);
	iomm_device_exit(guard);
	iomm_gather_init(gather);
	REQUIRE(!iomm_gather_pending(gather));
	REQUIRE(!iomm_gather_flush(gather));
	iomm_gather_abandon(gather);
	free(guard);
	free(gather);
}

/* All together */

static void (*const calls[])(struct machine *m) = {
	call_ctx_create,
	call_device_create,
	call_domain_create,
	call_domain_alloc,
	call_iommu_register,
	call_report_fault,
	call_pgtable_create,
	call_table_memory_create,
	call_soft_create,
	call_set_context,
	call_soft_register,
	call_infos,
	call_table_infos,
	call_translate,
	call_soft_access,
	call_soft_translate,
	call_ids,
	call_storage,
};

static void iommu_node(void *blob, const char *name, uint32_t phandle)
{
	REQUIRE(!fdt_begin_node(blob, name));
	REQUIRE(!fdt_property_u32(blob, "phandle", phandle));
	REQUIRE(!fdt_property_u32(blob, "#iommu-cells", 1));
	REQUIRE(!fdt_end_node(blob));
}

/* Two IOMMUs, one of which gets no driver at first, and a device with two IDs
 * behind the other. */
static void make_firmware(struct machine *m)
{
	const fdt32_t iommus[] = { cpu_to_fdt32(1), cpu_to_fdt32(16),
				   cpu_to_fdt32(1), cpu_to_fdt32(17) };
	unsigned char blob[1024];

	REQUIRE(!fdt_create(blob, sizeof(blob)));
	REQUIRE(!fdt_finish_reservemap(blob));
	REQUIRE(!fdt_begin_node(blob, ""));
	iommu_node(blob, "iommu", 1);
	iommu_node(blob, "spare", 2);
	REQUIRE(!fdt_begin_node(blob, "device"));
	REQUIRE(!fdt_property(blob, "iommus", iommus, sizeof(iommus)));
	REQUIRE(!fdt_end_node(blob));
	REQUIRE(!fdt_end_node(blob));
	REQUIRE(!fdt_finish(blob));
	REQUIRE(!iomm_firmware_create_fdt(m->w.ctx, blob, fdt_totalsize(blob),
					  &m->firmware));
}

static uint64_t find(struct machine *m, const char *path)
{
	uint64_t node = 0;

	REQUIRE(!iomm_firmware_find(m->firmware, path, &node));
	return node;
}

static void make_device(struct machine *m)
{
	const struct iomm_iommu_config iommu = { .size = sizeof(iommu),
						 .node = m->iommu_node,
						 .name = "iommu",
						 .driver = "mock" };
	const struct iomm_device_config device = { .size = sizeof(device),
						   .flags = IOMM_DEVICE_ADDRESS,
						   .name = "device",
						   .address =
							   find(m, "/device") };

	REQUIRE(!iomm_iommu_register(m->w.ctx, &iommu, &mock_ops, &m->mock,
				     mock_release, &m->iommu));
	REQUIRE(!iomm_bus_create_platform(m->firmware, "platform", &m->bus));
	REQUIRE(!iomm_device_create(m->bus, &device, &m->device));
	REQUIRE(!iomm_device_probe(m->device));
	REQUIRE(!iomm_domain_create(m->device, NULL, &m->domain));
	REQUIRE(!iomm_domain_attach(m->domain, m->device));
	REQUIRE(!iomm_domain_map(m->domain, 0, 0, 0x10000, IOMM_PROT_READ, 0,
				 NULL));
}

static void begin(struct machine *m)
{
	static const struct iomm_table_memory_ops ops = {
		.size = sizeof(ops),
		.alloc = memory_alloc,
		.free = memory_free,
		.sync = memory_sync,
	};

	world_begin(&m->w);
	make_firmware(m);
	m->iommu_node = find(m, "/iommu");
	m->spare_node = find(m, "/spare");
	make_device(m);
	REQUIRE(!iomm_table_memory_create(m->w.ctx, &ops, NULL, NULL,
					  &m->memory));
	REQUIRE(!iomm_pgtable_create(m->w.ctx, "arm64-s1", NULL, NULL, NULL,
				     NULL, &m->table));
	REQUIRE(!iomm_pgtable_map(m->table, 0, 0, 0x10000, IOMM_PROT_READ, 0,
				  NULL));
	REQUIRE(!iomm_format_request(m->w.ctx, "arm64-s1", 0, 0, &m->format));
	REQUIRE(!iomm_soft_create(m->w.ctx, NULL, &m->soft));
}

static void end(struct machine *m)
{
	iomm_soft_put(m->soft);
	iomm_format_put(m->format);
	iomm_pgtable_put(m->table);
	iomm_table_memory_put(m->memory);
	iomm_domain_put(m->domain);
	iomm_device_put(m->device);
	iomm_bus_put(m->bus);
	iomm_iommu_put(m->iommu);
	iomm_firmware_put(m->firmware);
	world_end(&m->w);
	REQUIRE(m->mock.released == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct machine m = { .in = { bytes, size } };
	uint32_t n;

	begin(&m);
	for (n = 0; n < MAX_STEPS && m.in.left; n++)
		calls[take8(&m.in) % LENGTH(calls)](&m);
	end(&m);
	return 0;
}
