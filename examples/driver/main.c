/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The main job, in C: find the IOMMUs and devices of a device tree, bring them
 * together, and do DMA through a page table.
 *
 *     driver [--granule 4k|16k|64k] FILE.dtb
 *
 * The IOMMUs are played by the software IOMMU, one for each node; everything
 * else is what a driver on real hardware does too. Read main() first.
 */
#include "driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The context tells its maker when it goes, and what its books show then. */

static void on_released(void *data, uint32_t live_handles)
{
	struct machine *m = data;

	m->released = true;
	printf("live handles: %" PRIu32 "\n", live_handles);
}

static void make_context(struct machine *m)
{
	struct iomm_ctx_events events = { .size = sizeof(events),
					  .released = on_released };
	struct iomm_ctx_config config = { .size = sizeof(config),
					  .log_level = IOMM_LOG_ERROR,
					  .events = &events,
					  .events_data = m };

	check(m, iomm_ctx_create(&config, &m->ctx), "no context");
}

static void put_everything(struct machine *m)
{
	uint32_t n;

	/* Removes the devices and unregisters the IOMMUs that are left. */
	check(m, iomm_ctx_close(m->ctx, IOMM_FOREVER), "cannot close");
	for (n = 0; n < m->nr_devices; n++)
		iomm_device_put(m->devices[n].device);
	for (n = 0; n < m->nr_iommus; n++) {
		iomm_iommu_put(m->iommus[n].instance);
		iomm_soft_put(m->iommus[n].soft);
	}
	for (n = 0; n < m->nr_pci; n++)
		iomm_bus_put(m->pci[n]);
	iomm_bus_put(m->platform);
	iomm_table_memory_put(m->tables);
	iomm_firmware_put(m->firmware);
	iomm_ctx_put(m->ctx);
	free(m->ram);
	if (m->released)
		return;
	fprintf(stderr,
		"driver: %s: the context is still held: a handle was "
		"not put\n",
		m->file);
	exit(1);
}

/* Arguments */

static void usage(void)
{
	fprintf(stderr,
		"usage: driver [--granule 4k|16k|64k] FILE.dtb\n"
		"FILE.dtb is a flattened device tree: dtc makes one from its "
		"text,\nand a Linux machine has its own in "
		"/sys/firmware/fdt.\n");
	exit(2);
}

static uint64_t granule(const char *text)
{
	static const char *const name[] = { "4k", "16k", "64k" };
	static const uint64_t bytes[] = { 4096, 16384, 65536 };
	size_t n;

	for (n = 0; n < 3; n++) {
		if (!strcmp(text, name[n]))
			return bytes[n];
	}
	fprintf(stderr, "driver: there is no granule %s: take 4k, 16k or 64k\n",
		text);
	exit(2);
}

static void read_arguments(struct machine *m, char **arg)
{
	for (; *arg; arg++) {
		if (!strcmp(*arg, "--granule") && arg[1]) {
			m->granule = granule(*++arg);
		} else if (**arg == '-') {
			fprintf(stderr, "driver: unknown option %s\n", *arg);
			usage();
		} else if (m->file) {
			usage();
		} else {
			m->file = *arg;
		}
	}
	if (!m->file)
		usage();
}

int main(int argc, char **argv)
{
	static struct machine m;
	uint32_t n;

	(void)argc;
	/* So that errors come in their place when both go to one file. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_arguments(&m, argv + 1);
	make_context(&m);
	read_tree(&m);

	heading("What the tree says");
	find_memory(&m);
	find_iommus(&m);
	find_devices(&m);

	heading("Devices come first, their IOMMUs later");
	probe_too_early(&m);
	for (n = 0; n < m.nr_iommus; n++) {
		if (m.iommus[n].enabled)
			register_iommu(&m, &m.iommus[n]);
	}

	find_left_over(&m);

	heading("Who is behind what");
	draw(&m);

	drive_first(&m);

	heading("Contexts of two drivers take IDs from one space");
	share_ids(&m);

	heading("The end");
	put_everything(&m);
	return 0;
}
