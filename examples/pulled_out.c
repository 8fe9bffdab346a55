/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two devices that the IOMMU cannot tell apart, since they have an ID in common.
 * The display shows what the boot loader has left in memory: firmware says that
 * this must stay mapped, and so it does, whatever else is attached. The camera
 * is pulled out while four threads are busy with it.
 */
#include <inttypes.h>
#include <iomm/iomm.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMON_ID 0x7 /* of both */
#define CAMERA_ID 0x8 /* of the camera alone */
#define PAGE	  4096
#define IOVA	  0x10000
#define PROT	  (IOMM_PROT_READ | IOMM_PROT_WRITE)
#define THREADS	  4u
#define BUSY	  1000u /* DMAs of each thread before the camera goes */

static struct iomm_ctx *ctx;
static struct iomm_soft *hardware;
static struct iomm_iommu *iommu;
static struct iomm_device *display, *camera;

/* Physical addresses are pointers here (IOMM_SOFT_IDENTITY). */
static char splash[PAGE] __attribute__((aligned(PAGE)));
static char frame[PAGE] __attribute__((aligned(PAGE)));

/* Errors */

static const char *sentence(void)
{
	static char text[256];

	return iomm_error_message(ctx, text, sizeof(text)) > 0 ? text : "?";
}

static void try(int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "pulled_out: %s\n",
		ctx ? sentence() : iomm_strerror(result));
	exit(1);
}

static void expect(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "pulled_out: this should not happen: %s\n", what);
	exit(1);
}

/* The machine, as its firmware would describe it */

static struct iomm_firmware *describe(void)
{
	const struct iomm_static_node nodes[] = {
		{ .size = sizeof(nodes[0]),
		  .flags = IOMM_NODE_IOMMU,
		  .name = "/iommu",
		  .iommu_cells = 1 },
		{ .size = sizeof(nodes[0]), .name = "/display" },
		{ .size = sizeof(nodes[0]), .name = "/camera" },
	};
	const struct iomm_static_map maps[] = {
		{ .size = sizeof(maps[0]),
		  .node = 1,
		  .nr_cells = 1,
		  .cells = { COMMON_ID } },
		{ .size = sizeof(maps[0]),
		  .node = 2,
		  .nr_cells = 1,
		  .cells = { COMMON_ID } },
		{ .size = sizeof(maps[0]),
		  .node = 2,
		  .nr_cells = 1,
		  .cells = { CAMERA_ID } },
	};
	const struct iomm_static_region region = {
		.size = sizeof(region),
		.node = 1,
		.kind = IOMM_REGION_DIRECT,
		.first = (uintptr_t)splash,
		.last = (uintptr_t)splash + PAGE - 1,
		.paddr = (uintptr_t)splash,
		.prot = IOMM_PROT_READ,
	};
	const struct iomm_static_config config = {
		.size = sizeof(config),
		.nodes = nodes,
		.nr_nodes = 3,
		.node_stride = sizeof(nodes[0]),
		.maps = maps,
		.nr_maps = 3,
		.map_stride = sizeof(maps[0]),
		.regions = &region,
		.nr_regions = 1,
		.region_stride = sizeof(region),
	};
	struct iomm_firmware *firmware;

	try(iomm_firmware_create_static(ctx, &config, &firmware));
	return firmware;
}

static void make_iommu(uint64_t node)
{
	const struct iomm_soft_config config = { .size = sizeof(config),
						 .flags = IOMM_SOFT_IDENTITY };
	const struct iomm_soft_driver driver = { .size = sizeof(driver),
						 .name = "iommu",
						 .node = node };

	try(iomm_soft_create(ctx, &config, &hardware));
	try(iomm_soft_register(hardware, &driver, &iommu));
}

static struct iomm_device *
make_device(struct iomm_bus *bus, const char *name, uint64_t node)
{
	const struct iomm_device_config config = {
		.size = sizeof(config),
		.flags = IOMM_DEVICE_ADDRESS,
		.name = name,
		.address = node,
	};
	struct iomm_device *device;

	try(iomm_device_create(bus, &config, &device));
	try(iomm_device_probe(device));
	return device;
}

static void make_machine(void)
{
	struct iomm_firmware *firmware = describe();
	struct iomm_bus *bus;
	uint64_t node[3];

	try(iomm_firmware_next(firmware, 0, 0, &node[0]));
	try(iomm_firmware_next(firmware, 0, node[0], &node[1]));
	try(iomm_firmware_next(firmware, 0, node[1], &node[2]));
	try(iomm_bus_create_platform(firmware, "platform", &bus));
	make_iommu(node[0]);
	display = make_device(bus, "display", node[1]);
	camera = make_device(bus, "camera", node[2]);
	iomm_bus_put(bus);
	iomm_firmware_put(firmware);
}

/* What devices see */

static bool can_read(uint64_t id, const void *at)
{
	char byte;

	return !iomm_soft_read(hardware, id, 0, (uintptr_t)at, &byte, 1, NULL);
}

static bool reads(uint64_t id, uint64_t iova, const char *what)
{
	char seen[16] = "";
	size_t bytes = strlen(what) + 1;

	return !iomm_soft_read(hardware, id, 0, iova, seen, bytes, NULL) &&
	       !memcmp(seen, what, bytes);
}

static void show_splash(const char *when)
{
	expect(reads(COMMON_ID, (uintptr_t)splash, "welcome"),
	       "the display has lost its picture");
	printf("splash   %s: the display reads it\n", when);
}

/* Busy with the camera */

struct thread {
	pthread_t id;
	_Atomic uint32_t frames;
	int answer;
};

static void *work(void *data)
{
	struct thread *t = data;
	struct iomm_device_guard guard;

	while (!(t->answer = iomm_device_enter(camera, &guard))) {
		/* Inside: the camera is there, and what it needs is, too. */
		expect(!iomm_soft_write(hardware, CAMERA_ID, 0, IOVA, "picture",
					8, NULL),
		       "a device that is present cannot do DMA");
		atomic_fetch_add(&t->frames, 1);
		iomm_device_exit(&guard);
	}
	return NULL;
}

static void on_removed(void *data)
{
	_Atomic uint32_t *removed = data;

	atomic_fetch_add(removed, 1);
}

static void pull_out(void)
{
	_Atomic uint32_t removed = 0;
	struct thread threads[THREADS] = { 0 };
	uint32_t n, state;

	try(iomm_device_add_release(camera, on_removed, &removed));
	for (n = 0; n < THREADS; n++)
		expect(!pthread_create(&threads[n].id, NULL, work, &threads[n]),
		       "no thread");
	for (n = 0; n < THREADS; n++)
		while (atomic_load(&threads[n].frames) < BUSY)
			(void)sched_yield();

	/* As an interrupt handler would say it: this never waits. */
	try(iomm_device_set_gone(camera));
	/* The event loop removes it, once the threads have left. */
	do {
		try(iomm_ctx_run(ctx));
		try(iomm_device_state(camera, &state));
	} while (state != IOMM_DEVICE_REMOVED);

	for (n = 0; n < THREADS; n++) {
		expect(!pthread_join(threads[n].id, NULL), "no join");
		expect(threads[n].answer == -IOMM_ENODEV,
		       "a thread was not told");
		printf("thread   %" PRIu32 ": %" PRIu32 " frames, then %s\n", n,
		       atomic_load(&threads[n].frames),
		       iomm_strerror(threads[n].answer));
	}
	expect(atomic_load(&removed) == 1, "not released once");
	printf("removed  the camera; what was tied to its presence was "
	       "released, once\n");
}

/* The story */

static void show_group(void)
{
	struct iomm_group_info info = { .size = sizeof(info) };
	struct iomm_group *group;

	try(iomm_device_group(display, &group));
	try(iomm_group_info(group, &info));
	printf("group    %" PRIu32 ": %" PRIu32 " devices, %" PRIu32
	       " reserved region\n",
	       info.number, info.nr_devices, info.nr_regions);
	expect(info.nr_devices == 2, "they are not in one group");
	iomm_group_put(group);
}

static struct iomm_domain *attach(void)
{
	struct iomm_domain *domain;

	try(iomm_domain_create(camera, NULL, &domain));
	try(iomm_domain_attach(domain, camera));
	try(iomm_domain_map(domain, IOVA, (uintptr_t)frame, PAGE, PROT, 0,
			    NULL));
	printf("attach   a domain, by way of the camera: the whole group is "
	       "moved to it\n");
	return domain;
}

static void on_released(void *data, uint32_t live_handles)
{
	(void)data;
	printf("live handles: %" PRIu32 "\n", live_handles);
}

static void make_context(void)
{
	const struct iomm_ctx_events events = { .size = sizeof(events),
						.released = on_released };
	const struct iomm_ctx_config config = { .size = sizeof(config),
						.log_level = IOMM_LOG_ERROR,
						.events = &events };

	try(iomm_ctx_create(&config, &ctx));
}

int main(void)
{
	struct iomm_domain *domain;

	memcpy(splash, "welcome", 8);
	make_context();
	make_machine();
	show_group();
	show_splash("after the probe, nothing attached");
	expect(!can_read(COMMON_ID, frame), "not blocked");
	printf("blocked  all else\n");

	domain = attach();
	show_splash("with the domain");
	expect(iomm_domain_unmap(domain, (uintptr_t)splash, PAGE, NULL, NULL) ==
		       -IOMM_EBUSY,
	       "the splash was unmapped");
	printf("refused  %s\n", sentence());

	pull_out();
	expect(!can_read(CAMERA_ID, (void *)(uintptr_t)IOVA),
	       "a camera that is gone does DMA");
	expect(reads(COMMON_ID, IOVA, "picture"), "the display was cut off");
	printf("blocked  the camera's own ID; the one that it shared works\n");
	show_splash("without the camera");

	try(iomm_domain_detach(domain, display));
	show_splash("the domain detached");
	try(iomm_ctx_close(ctx, IOMM_FOREVER));
	expect(!can_read(COMMON_ID, splash), "not removed");

	iomm_domain_put(domain);
	iomm_device_put(camera);
	iomm_device_put(display);
	iomm_iommu_put(iommu);
	iomm_soft_put(hardware);
	iomm_ctx_put(ctx);
	return 0;
}
