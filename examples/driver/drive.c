/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The job of a device driver. */
#include "driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IOVA 0x100000000ull

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
	      iomm_soft_write(dma.soft, dma.id, 0, iova, sent, sizeof(sent),
			      NULL),
	      "the device cannot write");
	memory = buffer(m, 0, &paddr);
	expect(m, !memcmp(memory + 5000, sent, sizeof(sent)),
	       "the device wrote something else, or elsewhere");
	printf("dma      the device wrote %zu bytes: they are in the buffer\n",
	       sizeof(sent));
	check(m,
	      iomm_soft_read(dma.soft, dma.id, 0, iova, back, sizeof(back),
			     NULL),
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
	int err = iomm_soft_write(dma.soft, dma.id, 0, iova, &byte, 1, NULL);

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
	check(m, iomm_soft_read(dma.soft, dma.id, 0, IOVA, &byte, 1, NULL),
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
	       iomm_soft_read(dma.soft, dma.id, 0, IOVA, &byte, 1, NULL) ==
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

void drive_first(struct machine *m)
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
