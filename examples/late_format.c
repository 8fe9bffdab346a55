/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A device that waits for a page-table format: its IOMMU walks tables that only
 * a plugin knows, and the plugin is loaded when somebody asks for them.
 *
 *     late_format FILE.dtb FORMAT PLUGIN.so
 *
 * `make run` calls it with plugins in C and in Rust.
 */
#include <iomm/iomm.h>
#include <stdio.h>
#include <stdlib.h>

#define RID  0x0008 /* 00:01.0 */
#define IOVA 0x10000
#define PROT (IOMM_PROT_READ | IOMM_PROT_WRITE)

static struct iomm_ctx *ctx;

/* The IOMMU's driver, as far as it has come. */
struct iommu_driver {
	struct iomm_soft_driver config;
	struct iomm_soft *soft;
	struct iomm_iommu *iommu; /* NULL: not registered yet */
};

static const char *sentence(void)
{
	static char text[256];

	return iomm_error_message(ctx, text, sizeof(text)) > 0 ? text : "?";
}

static void try(int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "late_format: %s\n",
		ctx ? sentence() : iomm_strerror(result));
	exit(1);
}

/* As often as it takes: the format may not be there yet. */
static void register_iommu(struct iommu_driver *driver)
{
	int r;

	if (driver->iommu)
		return;
	r = iomm_soft_register(driver->soft, &driver->config, &driver->iommu);
	if (r == -IOMM_EPROBE_DEFER)
		printf("the IOMMU waits: %s\n", sentence());
	else
		try(r);
}

/* Some format has arrived, or will not come. */
static void on_format(void *data, const char *name, int result)
{
	printf("format %s: %s\n", name,
	       result ? iomm_strerror(result) : "it is there");
	if (result)
		exit(1);
	register_iommu(data);
}

static void announce(struct iommu_driver *driver, const char *format,
		     const char *file, struct iomm_plugin **plugin)
{
	try(iomm_format_subscribe(ctx, on_format, driver, NULL));
	try(iomm_plugin_announce(ctx, format, file, IOMM_FOREVER, plugin));
}

/* The device's driver: it has nothing to do with formats. */
static void drive(struct iomm_device *device, struct iomm_soft *hardware)
{
	static unsigned char buffer[4096] __attribute__((aligned(4096)));
	struct iomm_domain *domain;

	try(iomm_domain_create(device, NULL, &domain));
	try(iomm_domain_attach(domain, device));
	try(iomm_domain_map(domain, IOVA, (uintptr_t)buffer, sizeof(buffer),
			    PROT, 0, NULL));
	try(iomm_soft_write(hardware, RID, 0, IOVA + 16, "hello", 6, NULL));
	printf("the device wrote \"%s\"\n", (char *)buffer + 16);
	try(iomm_domain_unmap(domain, IOVA, sizeof(buffer), NULL, NULL));
	try(iomm_device_remove(device, IOMM_FOREVER));
	iomm_domain_put(domain);
}

/* Probes a device, which waits for its IOMMU, until it is bound. */
static void probe(struct iomm_device *device)
{
	int r = iomm_device_probe(device);
	uint32_t state;

	if (r == -IOMM_EPROBE_DEFER)
		printf("the device waits: %s\n", sentence());
	else
		try(r);
	/* The event loop: loads what was asked for, and probes again. */
	do {
		try(iomm_ctx_run(ctx));
		try(iomm_device_state(device, &state));
	} while (state == IOMM_DEVICE_WAITING);
	if (state != IOMM_DEVICE_BOUND) {
		fprintf(stderr, "late_format: the device was not probed\n");
		exit(1);
	}
	printf("the device is probed\n");
}

static void
make_hardware(struct iommu_driver *driver, uint64_t node, const char *format)
{
	struct iomm_soft_config config = { .size = sizeof(config),
					   .flags = IOMM_SOFT_IDENTITY };

	driver->config = (struct iomm_soft_driver){
		.size = sizeof(driver->config),
		.node = node,
		.name = "iommu",
		.format = format,
	};
	try(iomm_soft_create(ctx, &config, &driver->soft));
}

static void
run(struct iomm_firmware *firmware, const char *format, const char *file)
{
	struct iomm_device_config config = { .size = sizeof(config),
					     .flags = IOMM_DEVICE_ADDRESS,
					     .name = "nic",
					     .address = RID };
	struct iommu_driver driver = { .iommu = NULL };
	struct iomm_plugin *plugin;
	struct iomm_device *device;
	struct iomm_bus *pci;
	uint64_t node, host;

	try(iomm_firmware_next(firmware, IOMM_NODE_IOMMU, 0, &node));
	try(iomm_firmware_next(firmware, IOMM_NODE_PCI_HOST, 0, &host));
	make_hardware(&driver, node, format);
	announce(&driver, format, file, &plugin);
	try(iomm_bus_create_pci(firmware, host, NULL, 0, "pci0", &pci));
	try(iomm_device_create(pci, &config, &device));

	register_iommu(&driver);
	probe(device);
	drive(device, driver.soft);

	iomm_device_put(device);
	iomm_bus_put(pci);
	iomm_iommu_put(driver.iommu);
	iomm_soft_put(driver.soft);
	try(iomm_format_unsubscribe(ctx, on_format, &driver));
	/* Nothing uses the format any more. */
	try(iomm_plugin_close(plugin));
}

int main(int argc, char **argv)
{
	static unsigned char tree[1 << 20];
	FILE *file = argc == 4 ? fopen(argv[1], "rb") : NULL;
	struct iomm_firmware *firmware;

	if (!file) {
		perror(argc == 4 ? argv[1]
				 : "usage: late_format FILE.dtb FORMAT PLUGIN");
		return 2;
	}
	try(iomm_ctx_create(NULL, &ctx));
	try(iomm_firmware_create_fdt(ctx, tree,
				     fread(tree, 1, sizeof(tree), file),
				     &firmware));
	fclose(file);
	run(firmware, argv[2], argv[3]);
	iomm_firmware_put(firmware);
	printf("live handles: %d\n",
	       iomm_ctx_live_handles(ctx, IOMM_HANDLE_ANY) - 1);
	iomm_ctx_put(ctx);
	return 0;
}
