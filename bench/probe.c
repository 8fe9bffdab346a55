/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Machines with many devices. Behind each of 64 host bridges is an instance, and
 * devices come to them in turn. Half of the instances register when all devices
 * have been probed once, so that half of the devices wait and are replayed. Each
 * has a deadline, and the context is asked for the next one as an event loop
 * does.
 */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>

#include <iomm/bus.h>
#include <iomm/device.h>
#include <iomm/firmware.h>
#include <iomm/iommu.h>
#include <iomm/static_firmware.h>

#include "base/ctx.h"
#include "harness.h"
#include "report.h"

#define INSTANCES 64u
#define FEW	  1000u
#define BRIEF	  10000u
#define HOUR	  UINT64_C(3600000000000)

struct machine {
	uint32_t count; /* devices */
	struct iomm_ctx *ctx;
	struct iomm_firmware *firmware;
	struct iomm_bus *bus[INSTANCES];
	struct iomm_iommu *iommu[INSTANCES];
	struct iomm_device **device;
	char (*name)[16];
};

/* A driver that has nothing to do. */

static int
translate(void *data, const uint32_t *cells, uint32_t nr_cells, uint64_t *id)
{
	(void)data;
	(void)nr_cells;
	*id = cells[0];
	return 0;
}

static int probe(void *data, const struct iomm_probe_info *info, void **device)
{
	(void)data;
	(void)info;
	(void)device;
	return 0;
}

static void release(void *data, void *device)
{
	(void)data;
	(void)device;
}

static int
domain_alloc(void *data, struct iomm_domain_setup *setup, void **domain)
{
	(void)data;
	(void)setup;
	(void)domain;
	return -IOMM_EOPNOTSUPP;
}

static void domain_free(void *data, void *domain)
{
	(void)data;
	(void)domain;
}

static void
commit(void *data, void *device, void *domain, const struct iomm_attach *at)
{
	(void)data;
	(void)device;
	(void)domain;
	(void)at;
}

static void block(void *data, void *device, const struct iomm_attach *at)
{
	(void)data;
	(void)device;
	(void)at;
}

static int flush(void *data, void *domain, uint64_t iova, uint64_t last,
		 uint64_t page_size, uint32_t flags)
{
	(void)data;
	(void)domain;
	(void)iova;
	(void)last;
	(void)page_size;
	(void)flags;
	return 0;
}

static int flush_all(void *data, void *domain)
{
	(void)data;
	(void)domain;
	return 0;
}

static const struct iomm_iommu_ops idle_ops = {
	.size = sizeof(idle_ops),
	.translate = translate,
	.probe = probe,
	.release = release,
	.domain_alloc = domain_alloc,
	.domain_free = domain_free,
	.attach_commit = commit,
	.block = block,
	.flush = flush,
	.flush_all = flush_all,
};

/* The machine */

/* Nodes: the IOMMUs, then the bridges. */
static void describe(struct machine *m)
{
	struct iomm_static_node node[2 * INSTANCES] = { 0 };
	struct iomm_static_map map[INSTANCES] = { 0 };
	const struct iomm_static_config config = {
		.size = sizeof(config),
		.nodes = node,
		.nr_nodes = 2 * INSTANCES,
		.node_stride = sizeof(*node),
		.maps = map,
		.nr_maps = INSTANCES,
		.map_stride = sizeof(*map),
	};
	char name[2 * INSTANCES][16];
	uint32_t n;

	for (n = 0; n < 2 * INSTANCES; n++) {
		snprintf(name[n], sizeof(name[n]), "/%s@%u",
			 n < INSTANCES ? "iommu" : "pci", n % INSTANCES);
		node[n].size = sizeof(*node);
		node[n].name = name[n];
		node[n].flags = n < INSTANCES ? IOMM_NODE_IOMMU
					      : IOMM_NODE_PCI_HOST;
		node[n].iommu_cells = n < INSTANCES;
	}
	for (n = 0; n < INSTANCES; n++) {
		map[n].size = sizeof(*map);
		map[n].flags = IOMM_STATIC_INPUTS;
		map[n].node = INSTANCES + n;
		map[n].iommu = n;
		map[n].last_input = 0xffff;
		map[n].nr_cells = 1;
	}
	bench_check(!iomm_firmware_create_static(m->ctx, &config, &m->firmware),
		    "no firmware");
}

static uint64_t node_of(struct machine *m, const char *what, uint32_t n)
{
	char path[16];
	uint64_t node = 0;

	snprintf(path, sizeof(path), "/%s@%u", what, n);
	bench_check(!iomm_firmware_find(m->firmware, path, &node), "no node");
	return node;
}

static void make(struct machine *m, const struct iomm_platform *platform)
{
	const struct iomm_ctx_config config = { .size = sizeof(config),
						.platform = platform };
	uint32_t n;

	bench_check(!iomm_ctx_create(&config, &m->ctx), "no context");
	describe(m);
	for (n = 0; n < INSTANCES; n++)
		bench_check(!iomm_bus_create_pci(m->firmware,
						 node_of(m, "pci", n), NULL, n,
						 "pci", &m->bus[n]),
			    "no bus");
}

/* The n-th of a machine's devices is number n / INSTANCES of its bus. */
static void set_name(char (*name)[16], uint32_t n)
{
	uint32_t rid = n / INSTANCES & 0xffff;

	snprintf(*name, sizeof(*name), "%04x:%02x:%02x.%x", n % INSTANCES,
		 rid >> 8, rid >> 3 & 31, rid & 7);
}

static void add(struct machine *m, uint32_t n)
{
	struct iomm_device_config config = {
		.size = sizeof(config),
		.flags = IOMM_DEVICE_ADDRESS,
		.name = m->name[n],
		.address = n / INSTANCES,
		.probe_timeout = HOUR,
	};
	bench_check(!iomm_device_create(m->bus[n % INSTANCES], &config,
					&m->device[n]),
		    "no device");
}

static void plug(struct machine *m, uint32_t n)
{
	char name[16];
	const struct iomm_iommu_config config = {
		.size = sizeof(config),
		.node = node_of(m, "iommu", n),
		.name = name,
		.driver = "idle",
		.format = "arm64-s1",
	};

	snprintf(name, sizeof(name), "iommu%u", n);
	bench_check(!iomm_iommu_register(m->ctx, &config, &idle_ops, NULL, NULL,
					 &m->iommu[n]),
		    "no instance");
}

/* What an event loop does when it is woken. */
static void turn(struct machine *m)
{
	uint64_t deadline = 0;
	int err = iomm_ctx_run(m->ctx);

	if (!err)
		err = iomm_ctx_next_deadline(m->ctx, &deadline);
	bench_check(!err || err == -IOMM_ENOENT, "the context does not run");
}

static void bring_up(struct machine *m)
{
	uint32_t n, state;
	int err;

	for (n = 0; n < INSTANCES; n += 2)
		plug(m, n);
	for (n = 0; n < m->count; n++) {
		add(m, n);
		err = iomm_device_probe(m->device[n]);
		bench_check(err == (n % 2 ? -IOMM_EPROBE_DEFER : 0),
			    "a probe went wrong");
	}
	for (n = 1; n < INSTANCES; n += 2) {
		plug(m, n);
		turn(m);
	}
	for (n = 0; n < m->count; n++)
		bench_check(!iomm_device_state(m->device[n], &state) &&
				    state == IOMM_DEVICE_BOUND,
			    "a device is not bound");
}

static void take_down(struct machine *m)
{
	uint32_t n;

	for (n = 0; n < m->count; n++) {
		bench_check(!iomm_device_remove(m->device[n], IOMM_FOREVER),
			    "a device stays");
		iomm_device_put(m->device[n]);
	}
	for (n = 0; n < INSTANCES; n++) {
		iomm_iommu_put(m->iommu[n]);
		iomm_bus_put(m->bus[n]);
	}
	iomm_firmware_put(m->firmware);
	iomm_ctx_put(m->ctx);
}

/* Sides: one machine with all devices, or as many small ones as have as many,
 * one after the other. */

struct machines {
	struct machine machine;
	uint32_t copies;
};

static void *open_machines(uint32_t devices, uint32_t copies)
{
	struct machines *machines = calloc(1, sizeof(*machines));
	struct machine *m = &machines->machine;
	uint32_t n;

	bench_check(machines, "no memory");
	m->count = devices;
	m->device = calloc(devices, sizeof(*m->device));
	m->name = calloc(devices, sizeof(*m->name));
	bench_check(m->device && m->name, "no memory");
	for (n = 0; n < devices; n++)
		set_name(&m->name[n], n);
	machines->copies = copies;
	return machines;
}

static uint32_t devices_of(const void *arg, bool brief)
{
	uint32_t devices = *(const uint32_t *)arg;

	return brief && devices > BRIEF ? BRIEF : devices;
}

static void *open_large(const void *arg, bool brief)
{
	return open_machines(devices_of(arg, brief), 1);
}

static void *open_small(const void *arg, bool brief)
{
	return open_machines(FEW, devices_of(arg, brief) / FEW);
}

static uint64_t run(void *state)
{
	struct machines *machines = state;
	uint32_t n;

	for (n = 0; n < machines->copies; n++) {
		make(&machines->machine, NULL);
		bring_up(&machines->machine);
		take_down(&machines->machine);
	}
	return (uint64_t)machines->copies * machines->machine.count;
}

static void close_machines(void *state)
{
	struct machines *machines = state;

	free(machines->machine.device);
	free(machines->machine.name);
	free(machines);
}

static const struct bench_side large = { "ours", open_large, NULL,
					 run,	 NULL,	     close_machines };
static const struct bench_side small = {
	"ours, 1000 devices", open_small, NULL, run, NULL, close_machines
};

/* Memory that the library has asked for. */

static uint64_t asked;

static void *counted_alloc(void *data, uint64_t bytes, uint64_t align)
{
	asked += bytes;
	return iomm_platform_hosted()->alloc(data, bytes, align);
}

static void counted_free(void *data, void *ptr, uint64_t bytes, uint64_t align)
{
	asked -= bytes;
	iomm_platform_hosted()->free(data, ptr, bytes, align);
}

static double bytes_a_device(uint32_t devices)
{
	struct iomm_platform platform = *iomm_platform_hosted();
	struct machines *machines = open_machines(devices, 1);
	uint64_t before, with;

	platform.alloc = counted_alloc;
	platform.free = counted_free;
	make(&machines->machine, &platform);
	before = asked;
	bring_up(&machines->machine);
	with = asked - before;
	take_down(&machines->machine);
	close_machines(machines);
	return (double)with / devices;
}

static struct bench_times once(double value)
{
	return (struct bench_times){ value, value, value };
}

static void memory(uint32_t devices)
{
	struct bench_result result = {
		.unit = "B/device",
		.peer_name = small.name,
		.runs = 1,
	};
	char name[64];

	snprintf(name, sizeof(name), "probe/memory-%u", devices);
	if (!report_wants(name) || report_counts_only())
		return;
	result.name = name;
	result.ours = once(bytes_a_device(devices));
	result.peer = once(bytes_a_device(FEW));
	report(&result);
}

static const uint32_t sizes[] = { 1000, 10000, 100000 };

static const struct bench_case cases[] = {
	{ "1000", "us/device", &large, &small, &sizes[0] },
	{ "10000", "us/device", &large, &small, &sizes[1] },
	{ "100000", "us/device", &large, &small, &sizes[2] },
};

void bench_probe(void)
{
	bench_run("probe", cases, sizeof(cases) / sizeof(*cases));
	memory(sizes[1]);
	memory(sizes[2]);
}
