/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A first driver: one PCI function of QEMU's virt machine does DMA.
 *
 *     first build/data/qemu-virt-smmuv3.dtb
 *
 * `make run` makes that file.
 */
#include <iomm/iomm.h>
#include <stdio.h>
#include <stdlib.h>

#define RID  0x0008 /* 00:01.0 */
#define IOVA 0x10000
#define PROT (IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_CACHE)

static struct iomm_ctx *ctx;

/* Every call answers 0 or a negative code; the sentence says the rest. */
static void try(int result)
{
	char sentence[256];

	if (result >= 0)
		return;
	if (iomm_error_message(ctx, sentence, sizeof(sentence)) > 0)
		fprintf(stderr, "first: %s\n", sentence);
	exit(1);
}

/* The driver's job: an address space, a buffer in it, and DMA. */
static void drive(struct iomm_device *device, struct iomm_soft *hardware)
{
	static unsigned char buffer[4096] __attribute__((aligned(4096)));
	struct iomm_domain *domain;

	try(iomm_device_probe(device));
	try(iomm_domain_create(device, NULL, &domain));
	try(iomm_domain_attach(domain, device));
	try(iomm_domain_map(domain, IOVA, (uintptr_t)buffer, sizeof(buffer),
			    PROT, 0, NULL));

	try(iomm_soft_write(hardware, RID, 0, IOVA + 16, "hello", 6, NULL));
	printf("the device wrote \"%s\"\n", (char *)buffer + 16);

	/* Unmapped and invalidated: only now is the buffer free again. */
	try(iomm_domain_unmap(domain, IOVA, sizeof(buffer), NULL, NULL));
	try(iomm_device_remove(device, IOMM_FOREVER));
	iomm_domain_put(domain);
}

/* The IOMMU at a node of the tree: a software one, whose memory is simply this
 * process. */
static struct iomm_soft *make_iommu(uint64_t node, struct iomm_iommu **iommu)
{
	struct iomm_soft_config config = { .size = sizeof(config),
					   .flags = IOMM_SOFT_IDENTITY };
	struct iomm_soft_driver driver = { .size = sizeof(driver),
					   .node = node,
					   .name = "smmu" };
	struct iomm_soft *soft;

	try(iomm_soft_create(ctx, &config, &soft));
	try(iomm_soft_register(soft, &driver, iommu));
	return soft;
}

int main(int argc, char **argv)
{
	static unsigned char tree[1 << 20];
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	struct iomm_device_config config = { .size = sizeof(config),
					     .flags = IOMM_DEVICE_ADDRESS,
					     .name = "nic",
					     .address = RID };
	struct iomm_firmware *firmware;
	struct iomm_soft *soft;
	struct iomm_iommu *iommu;
	struct iomm_bus *pci;
	struct iomm_device *device;
	uint64_t node, host;

	if (!file) {
		perror(argc == 2 ? argv[1] : "usage: first FILE.dtb");
		return 2;
	}
	try(iomm_ctx_create(NULL, &ctx));
	try(iomm_firmware_create_fdt(ctx, tree,
				     fread(tree, 1, sizeof(tree), file),
				     &firmware));
	fclose(file);
	try(iomm_firmware_next(firmware, IOMM_NODE_IOMMU, 0, &node));
	try(iomm_firmware_next(firmware, IOMM_NODE_PCI_HOST, 0, &host));
	soft = make_iommu(node, &iommu);
	try(iomm_bus_create_pci(firmware, host, NULL, 0, "pci0", &pci));
	try(iomm_device_create(pci, &config, &device));

	drive(device, soft);

	iomm_device_put(device);
	iomm_bus_put(pci);
	iomm_iommu_put(iommu);
	iomm_soft_put(soft);
	iomm_firmware_put(firmware);
	iomm_ctx_put(ctx);
	return 0;
}
