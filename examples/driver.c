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
#include <errno.h>
#include <inttypes.h>
#include <iomm/iomm.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_IOMMUS  32
#define MAX_DEVICES 64
#define MAX_HOSTS   8
#define MAX_IDS	    8

#define RAM_BYTES    (32u << 20) /* of the machine's memory, backed here */
#define TABLE_BYTES  (8u << 20)	 /* of that, where page tables go */
#define BUFFER_BYTES (64u << 10) /* one page of the largest granule */
#define IOVA	     0x100000000ull

struct iommu {
	uint64_t node;
	char path[128];
	bool enabled;
	uint64_t granule; /* when nobody asks for another */
	struct iomm_soft *soft;
	struct iomm_iommu *instance;
};

struct device {
	struct iomm_device *device;
	char name[128];
	bool bound, never;
	struct iomm_device_id ids[MAX_IDS];
	uint32_t nr_ids;
	uint32_t group;
};

struct machine {
	const char *file;
	uint64_t granule; /* 0: what the IOMMU likes */
	bool released;	  /* the context is gone */

	struct iomm_ctx *ctx;
	struct iomm_firmware *firmware;
	struct iomm_table_memory *tables;
	unsigned char *ram;
	uint64_t ram_base;

	struct iomm_bus *platform;
	struct iomm_bus *pci[MAX_HOSTS];
	uint32_t nr_pci;
	struct iommu iommus[MAX_IOMMUS];
	uint32_t nr_iommus;
	struct device devices[MAX_DEVICES];
	uint32_t nr_devices;
	struct iomm_fault fault; /* what the handler was last told */
	uint32_t nr_faults;
};

/* Errors: the library says in one sentence what was wrong. */

static const char *sentence(struct machine *m, int err)
{
	static char text[512];

	if (iomm_error_message(m->ctx, text, sizeof(text)) > 0)
		return text;
	return iomm_strerror(err);
}

static void check(struct machine *m, int err, const char *what)
{
	if (err >= 0)
		return;
	fprintf(stderr, "driver: %s: %s: %s\n", m->file, what,
		sentence(m, err));
	exit(1);
}

static void expect(struct machine *m, bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "driver: %s: this should not happen: %s\n", m->file,
		what);
	exit(1);
}

static void heading(const char *text)
{
	printf("\n== %s\n", text);
}

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

/* Firmware */

static void *read_file(const char *path, uint64_t *bytes)
{
	FILE *f = fopen(path, "rb");
	unsigned char *data = NULL;
	size_t used = 0, room = 0;

	if (!f) {
		fprintf(stderr, "driver: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	do {
		if (used == room) {
			room = room ? 2 * room : 65536;
			data = realloc(data, room);
			if (!data) {
				fprintf(stderr, "driver: %s: out of memory\n",
					path);
				exit(1);
			}
		}
		used += fread(data + used, 1, room - used, f);
	} while (!feof(f) && !ferror(f));
	if (ferror(f)) {
		fprintf(stderr, "driver: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	fclose(f);
	*bytes = used;
	return data;
}

static void read_tree(struct machine *m)
{
	uint64_t bytes;
	void *blob = read_file(m->file, &bytes);

	check(m, iomm_firmware_create_fdt(m->ctx, blob, bytes, &m->firmware),
	      "cannot read the device tree");
	free(blob);
}

static bool next_node(struct machine *m, uint32_t flags, uint64_t *node)
{
	int err = iomm_firmware_next(m->firmware, flags, *node, node);

	if (err != -IOMM_ENOENT)
		check(m, err, "cannot go through the device tree");
	return !err;
}

static struct iomm_node_info node_info(struct machine *m, uint64_t node)
{
	struct iomm_node_info info = { .size = sizeof(info) };

	check(m, iomm_firmware_node_info(m->firmware, node, &info),
	      "cannot read a node");
	return info;
}

static void
node_path(struct machine *m, uint64_t node, char *buf, uint64_t bytes)
{
	check(m, iomm_firmware_node_path(m->firmware, node, buf, bytes),
	      "a node has no path");
}

/* A DART has no format of its own here yet. */
static bool is_dart(struct machine *m, uint64_t node)
{
	return iomm_firmware_node_compatible(m->firmware, node,
					     "apple,t8103-dart") > 0 ||
	       iomm_firmware_node_compatible(m->firmware, node,
					     "apple,t6000-dart") > 0 ||
	       iomm_firmware_node_compatible(m->firmware, node,
					     "apple,t8110-dart") > 0;
}

/* What there is */

static void find_memory(struct machine *m)
{
	uint64_t node = 0;

	m->ram_base = 0x40000000;
	if (next_node(m, IOMM_NODE_MEMORY, &node))
		m->ram_base = node_info(m, node).reg_base;
	m->ram = aligned_alloc(BUFFER_BYTES, RAM_BYTES);
	expect(m, m->ram, "out of memory");
	memset(m->ram, 0, RAM_BYTES);
	/* Page tables lie in the machine's memory, where its IOMMUs look. */
	check(m,
	      iomm_table_memory_create_arena(m->ctx, m->ram, m->ram_base,
					     TABLE_BYTES, NULL, NULL,
					     &m->tables),
	      "no memory for page tables");
	printf("memory   %#" PRIx64 ", %u MiB of it in use here, page tables "
	       "in the first %u\n",
	       m->ram_base, RAM_BYTES >> 20, TABLE_BYTES >> 20);
}

static void find_iommus(struct machine *m)
{
	struct iomm_node_info info;
	struct iommu *iommu;
	uint32_t darts = 0;
	uint64_t node = 0;

	while (next_node(m, IOMM_NODE_IOMMU, &node)) {
		expect(m, m->nr_iommus < MAX_IOMMUS, "too many IOMMUs");
		iommu = &m->iommus[m->nr_iommus++];
		info = node_info(m, node);
		iommu->node = node;
		iommu->enabled = info.flags & IOMM_NODE_AVAILABLE;
		iommu->granule = is_dart(m, node) ? 16384 : 4096;
		node_path(m, node, iommu->path, sizeof(iommu->path));
		darts += is_dart(m, node);
		printf("iommu    %s at %#" PRIx64 ", #iommu-cells %" PRIu32
		       "%s\n",
		       iommu->path, info.reg_base, info.iommu_cells,
		       iommu->enabled ? "" : ", disabled");
	}
	if (m->nr_iommus)
		printf("note     the software IOMMU plays every one of them, in "
		       "this process\n");
	if (darts)
		printf("         %" PRIu32 " are DARTs: until their format "
		       "exists, it serves them with arm64-s1 at 16K\n",
		       darts);
	if (m->nr_iommus)
		return;
	fprintf(stderr,
		"driver: %s: the tree has no IOMMU (no node has #iommu-cells): "
		"its devices do direct DMA, and there is nothing to show\n",
		m->file);
	exit(1);
}

static void add_device(struct machine *m, struct iomm_bus *bus,
		       const char *name, uint64_t address)
{
	struct iomm_device_config config = {
		.size = sizeof(config),
		.flags = IOMM_DEVICE_ADDRESS,
		.name = name,
		.address = address,
	};
	struct device *d;

	expect(m, m->nr_devices < MAX_DEVICES, "too many devices");
	d = &m->devices[m->nr_devices++];
	snprintf(d->name, sizeof(d->name), "%s", name);
	check(m, iomm_device_create(bus, &config, &d->device), name);
}

/* A tree does not say which functions are plugged in: these are. */
static void add_functions(struct machine *m, struct iomm_bus *bus)
{
	static const uint32_t rid[] = { 0x0008, 0x0100, 0x0200 };
	char bus_name[32], name[64];
	size_t n;

	check(m, iomm_bus_name(bus, bus_name, sizeof(bus_name)), "bus");
	for (n = 0; n < sizeof(rid) / sizeof(rid[0]); n++) {
		snprintf(name, sizeof(name),
			 "%s/%02" PRIx32 ":%02" PRIx32 ".%" PRIu32, bus_name,
			 rid[n] >> 8, rid[n] >> 3 & 31, rid[n] & 7);
		add_device(m, bus, name, rid[n]);
	}
}

static void find_devices(struct machine *m)
{
	char path[128], name[32];
	uint64_t node = 0;

	check(m,
	      iomm_bus_create_platform(m->firmware, "platform", &m->platform),
	      "no platform bus");
	printf("bus      platform\n");
	while (next_node(m, IOMM_NODE_CLIENT, &node)) {
		node_path(m, node, path, sizeof(path));
		printf("device   %s%s\n", path,
		       node_info(m, node).flags & IOMM_NODE_PCI_HOST
			       ? " (a PCI host)"
			       : "");
		add_device(m, m->platform, path, node);
	}
	for (node = 0; next_node(m, IOMM_NODE_PCI_HOST, &node);) {
		expect(m, m->nr_pci < MAX_HOSTS, "too many PCI hosts");
		snprintf(name, sizeof(name), "pci%" PRIu32, m->nr_pci);
		node_path(m, node, path, sizeof(path));
		printf("bus      %s, behind %s; what is plugged in is not in "
		       "the tree:\n         say 00:01.0, 01:00.0 and 02:00.0\n",
		       name, path);
		check(m,
		      iomm_bus_create_pci(m->firmware, node, NULL, 0, name,
					  &m->pci[m->nr_pci]),
		      path);
		add_functions(m, m->pci[m->nr_pci++]);
	}
}

/* Bringing devices and IOMMUs together */

static void probe_too_early(struct machine *m)
{
	uint32_t n, waiting = 0;
	int err;

	for (n = 0; n < m->nr_devices; n++) {
		err = iomm_device_probe(m->devices[n].device);
		expect(m, err, "a device is bound before any IOMMU is there");
		if (err != -IOMM_EPROBE_DEFER) {
			m->devices[n].never = true;
			printf("never    %s\n         %s\n", m->devices[n].name,
			       sentence(m, err));
			continue;
		}
		if (!waiting++)
			printf("not yet  %s\n", sentence(m, err));
	}
	printf("%" PRIu32 " of %" PRIu32 " devices wait for their IOMMU\n",
	       waiting, m->nr_devices);
}

static void look_at(struct machine *m, struct device *d)
{
	struct iomm_group *group;
	uint32_t state;

	check(m, iomm_device_state(d->device, &state), d->name);
	if (d->bound || state != IOMM_DEVICE_BOUND)
		return;
	d->bound = true;
	d->nr_ids = MAX_IDS;
	check(m,
	      iomm_device_ids(d->device, d->ids, sizeof(d->ids[0]), &d->nr_ids),
	      d->name);
	check(m, iomm_device_group(d->device, &group), d->name);
	check(m, iomm_group_number(group, &d->group), d->name);
	iomm_group_put(group);
	printf("         %s is bound\n", d->name);
}

static void register_iommu(struct machine *m, struct iommu *iommu)
{
	struct iomm_soft_driver driver = {
		.size = sizeof(driver),
		.node = iommu->node,
		.name = iommu->path,
		.granule = iommu->granule,
		.memory = m->tables,
	};
	uint32_t n;

	check(m, iomm_soft_create(m->ctx, NULL, &iommu->soft), iommu->path);
	check(m,
	      iomm_soft_add_memory(iommu->soft, m->ram_base, m->ram, RAM_BYTES,
				   NULL, NULL),
	      iommu->path);
	check(m, iomm_soft_register(iommu->soft, &driver, &iommu->instance),
	      iommu->path);
	printf("arrives  %s, with the built-in driver\n", iommu->path);
	/* What waited for it is probed in here. */
	check(m, iomm_ctx_run(m->ctx), "cannot run the context");
	for (n = 0; n < m->nr_devices; n++)
		look_at(m, &m->devices[n]);
}

/* Every IOMMU has arrived: who waited in vain? */
static void find_left_over(struct machine *m)
{
	uint32_t n;
	int err;

	for (n = 0; n < m->nr_devices; n++) {
		if (m->devices[n].bound || m->devices[n].never)
			continue;
		err = iomm_device_probe(m->devices[n].device);
		printf("failed   %s\n         %s\n", m->devices[n].name,
		       sentence(m, err));
	}
}

/* Lists the IDs of a device at one IOMMU; false when it has none there. */
static bool print_ids(const struct device *d, uint64_t node)
{
	const char *before = "ID";
	uint32_t n;

	for (n = 0; n < d->nr_ids; n++) {
		if (d->ids[n].iommu_node != node)
			continue;
		if (*before == 'I')
			printf("   +-- %-40s group %-3" PRIu32, d->name,
			       d->group);
		printf("%s %#" PRIx64, before, d->ids[n].id);
		before = ",";
	}
	if (*before == ',')
		printf("\n");
	return *before == ',';
}

static void draw(struct machine *m)
{
	uint32_t i, n, behind;

	for (i = 0; i < m->nr_iommus; i++) {
		printf("%s\n", m->iommus[i].path);
		behind = 0;
		for (n = 0; n < m->nr_devices; n++)
			behind += print_ids(&m->devices[n], m->iommus[i].node);
		if (!behind)
			printf("   (%s)\n",
			       m->iommus[i].enabled ? "nobody" : "disabled");
	}
}

/* The job of a device driver */

/* The device itself: what it does, it does through its IOMMU. */
struct dma {
	struct iomm_soft *soft;
	uint64_t id;
};

static struct dma dma_of(struct machine *m, const struct device *d)
{
	uint32_t n = 0;

	while (m->iommus[n].node != d->ids[0].iommu_node)
		n++;
	return (struct dma){ m->iommus[n].soft, d->ids[0].id };
}

static void on_fault(void *data, const struct iomm_fault *fault)
{
	struct machine *m = data;

	m->fault = *fault;
	m->nr_faults++;
}

static struct iomm_domain *make_domain(struct machine *m, struct device *d)
{
	struct iomm_domain_config config = { .size = sizeof(config),
					     .granule = m->granule };
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_domain *domain;

	check(m, iomm_domain_create(d->device, &config, &domain),
	      "cannot make a domain");
	check(m, iomm_domain_set_fault_handler(domain, on_fault, m, NULL),
	      "cannot handle faults");
	check(m, iomm_domain_attach(domain, d->device),
	      "cannot attach the domain");
	check(m, iomm_domain_info(domain, &info), "domain");
	printf("domain   arm64-s1, granule %" PRIu64 "K, %" PRIu32
	       " bits in, %" PRIu32 " bits out, first table at %#" PRIx64 "\n",
	       info.granule >> 10, info.ias, info.oas, info.root_pa);
	return domain;
}

static unsigned char *buffer(struct machine *m, uint32_t n, uint64_t *paddr)
{
	uint64_t offset = TABLE_BYTES + (uint64_t)n * BUFFER_BYTES;

	*paddr = m->ram_base + offset;
	return m->ram + offset;
}

static void map(struct machine *m, struct iomm_domain *domain, uint64_t paddr,
		uint32_t prot)
{
	check(m,
	      iomm_domain_map(domain, IOVA, paddr, BUFFER_BYTES, prot, 0, NULL),
	      "cannot map a buffer");
	printf("map      I/O %#llx -> %#" PRIx64 ", %u KiB\n", IOVA, paddr,
	       BUFFER_BYTES >> 10);
}

static void do_dma(struct machine *m, struct dma dma)
{
	static unsigned char sent[20000], back[sizeof(sent)];
	const uint64_t iova = IOVA + 5000; /* crosses pages, and aligns badly */
	unsigned char *memory;
	uint64_t paddr;
	size_t n;

	for (n = 0; n < sizeof(sent); n++)
		sent[n] = (unsigned char)(n * 7 + n / 256);
	check(m,
	      iomm_soft_write(dma.soft, dma.id, iova, sent, sizeof(sent), NULL),
	      "the device cannot write");
	memory = buffer(m, 0, &paddr);
	expect(m, !memcmp(memory + 5000, sent, sizeof(sent)),
	       "the device wrote something else, or elsewhere");
	printf("dma      the device wrote %zu bytes: they are in the buffer\n",
	       sizeof(sent));
	check(m,
	      iomm_soft_read(dma.soft, dma.id, iova, back, sizeof(back), NULL),
	      "the device cannot read");
	expect(m, !memcmp(back, sent, sizeof(sent)),
	       "the device read something else");
	printf("dma      the device read %zu bytes back: the same\n",
	       sizeof(back));
}

static void do_fault(struct machine *m, struct dma dma, uint64_t iova)
{
	uint32_t before = m->nr_faults;
	unsigned char byte = 0;
	int err = iomm_soft_write(dma.soft, dma.id, iova, &byte, 1, NULL);

	expect(m, err == -IOMM_EFAULT, "a stray DMA was let through");
	printf("fault    %s\n", sentence(m, err));
	expect(m, m->nr_faults == before + 1 && m->fault.iova == iova,
	       "the handler did not hear of it");
	printf("         the driver's handler was told: ID %#" PRIx64
	       ", address %#" PRIx64 ", reason %" PRIu32 "\n",
	       m->fault.id, m->fault.iova, m->fault.reason);
}

static void
unmap_and_reuse(struct machine *m, struct iomm_domain *domain, struct dma dma)
{
	struct iomm_gather gather;
	unsigned char *memory, byte = 0;
	uint64_t bytes, paddr;

	iomm_gather_init(&gather);
	check(m, iomm_domain_unmap(domain, IOVA, BUFFER_BYTES, &gather, &bytes),
	      "cannot unmap");
	printf("unmap    %" PRIu64 " KiB; %" PRIu64
	       " KiB of address space wait for one flush\n",
	       bytes >> 10, iomm_gather_pending(&gather) >> 10);
	check(m, iomm_gather_flush(&gather), "cannot flush");
	printf("flush    done: the buffer and its I/O address are free\n");
	do_fault(m, dma, IOVA);

	memory = buffer(m, 1, &paddr);
	memory[0] = 42;
	map(m, domain, paddr, IOMM_PROT_READ | IOMM_PROT_CACHE);
	check(m, iomm_soft_read(dma.soft, dma.id, IOVA, &byte, 1, NULL),
	      "the device cannot read the second buffer");
	expect(m, byte == 42, "the device read the first buffer still");
	printf("reuse    the same I/O address shows another buffer, read-only\n");
	do_fault(m, dma, IOVA);
}

static void remove_attached(struct machine *m, struct iomm_domain *domain,
			    struct device *d, struct dma dma)
{
	struct iomm_device_guard guard;
	unsigned char byte = 0;
	int err;

	check(m, iomm_device_remove(d->device, IOMM_FOREVER),
	      "cannot remove the device");
	printf("remove   %s, with the domain attached\n", d->name);
	expect(m,
	       iomm_soft_read(dma.soft, dma.id, IOVA, &byte, 1, NULL) ==
		       -IOMM_EFAULT,
	       "a removed device does DMA");
	printf("         its DMA is blocked\n");
	err = iomm_device_enter(d->device, &guard);
	expect(m, err == -IOMM_ENODEV, "a removed device was entered");
	printf("ENODEV   on entering it: %s\n", sentence(m, err));
	err = iomm_domain_attach(domain, d->device);
	expect(m, err == -IOMM_ENODEV, "a removed device was attached to");
}

static void drive(struct machine *m, struct device *d)
{
	struct iomm_domain *domain = make_domain(m, d);
	struct dma dma = dma_of(m, d);
	uint64_t paddr;

	(void)buffer(m, 0, &paddr);
	map(m, domain, paddr,
	    IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_CACHE);
	do_dma(m, dma);
	do_fault(m, dma, IOVA + BUFFER_BYTES);
	unmap_and_reuse(m, domain, dma);
	remove_attached(m, domain, d, dma);
	iomm_domain_put(domain);
}

static void drive_first(struct machine *m)
{
	char title[192];
	uint32_t n;

	for (n = 0; n < m->nr_devices && !m->devices[n].bound; n++)
		;
	if (n == m->nr_devices) {
		fprintf(stderr,
			"driver: %s: no device is behind an IOMMU that is "
			"enabled: there is nothing to drive\n",
			m->file);
		exit(1);
	}
	snprintf(title, sizeof(title), "Driving %s", m->devices[n].name);
	heading(title);
	drive(m, &m->devices[n]);
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

	heading("The end");
	put_everything(&m);
	return 0;
}
