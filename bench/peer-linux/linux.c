/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Between linux.h and the kernel's code. */
#include <stdlib.h>
#include <string.h>

#include "stand_ins.h"
#include <linux/io-pgtable.h>

#include "linux.h"

#define SAME(a, x, b, y)                                                   \
	_Static_assert(offsetof(a, x) == offsetof(b, y) &&                 \
			       sizeof(((a *)0)->x) == sizeof(((b *)0)->y), \
		       #x)
SAME(struct io_pgtable_ops, map_pages, struct linux_ops, map);
SAME(struct io_pgtable_ops, unmap_pages, struct linux_ops, unmap);
SAME(struct io_pgtable_ops, iova_to_phys, struct linux_ops, translate);
SAME(struct io_pgtable_ops, read_and_clear_dirty, struct linux_ops, dirty);
SAME(struct iommu_dirty_bitmap, record, struct linux_dirty, record);
SAME(struct iommu_iotlb_gather, start, struct linux_gather, start);
SAME(struct iommu_iotlb_gather, pgsize, struct linux_gather, page_size);
SAME(struct iommu_iotlb_gather, queued, struct linux_gather, queued);
_Static_assert(LINUX_READ == IOMMU_READ && LINUX_WRITE == IOMMU_WRITE &&
		       LINUX_CACHE == IOMMU_CACHE &&
		       LINUX_NOEXEC == IOMMU_NOEXEC &&
		       LINUX_MMIO == IOMMU_MMIO && LINUX_PRIV == IOMMU_PRIV &&
		       LINUX_GFP == GFP_KERNEL &&
		       LINUX_DIRTY_KEEP == IOMMU_DIRTY_NO_CLEAR &&
		       LINUX_QUIRK_NS == IO_PGTABLE_QUIRK_ARM_NS &&
		       LINUX_QUIRK_TTBR1 == IO_PGTABLE_QUIRK_ARM_TTBR1 &&
		       LINUX_QUIRK_DIRTY == IO_PGTABLE_QUIRK_ARM_HD,
	       "values");

static struct device device;

/* TLB hooks that do nothing. A driver's would note the range in the gather, so
 * this is to the advantage of Linux. */
static void flush_all(void *cookie)
{
	(void)cookie;
}

static void
flush_walk(unsigned long iova, size_t size, size_t granule, void *cookie)
{
	(void)iova;
	(void)size;
	(void)granule;
	(void)cookie;
}

static void add_page(struct iommu_iotlb_gather *gather, unsigned long iova,
		     size_t granule, void *cookie)
{
	(void)gather;
	(void)iova;
	(void)granule;
	(void)cookie;
}

static const struct iommu_flush_ops tlb = { flush_all, flush_walk, add_page };

static void
read_stage1(struct linux_table *table, const struct io_pgtable_cfg *cfg)
{
	table->root = (uint64_t *)(uintptr_t)cfg->arm_lpae_s1_cfg.ttbr;
	table->mair = cfg->arm_lpae_s1_cfg.mair;
	table->ips = cfg->arm_lpae_s1_cfg.tcr.ips;
	table->tg = cfg->arm_lpae_s1_cfg.tcr.tg;
	table->sh = cfg->arm_lpae_s1_cfg.tcr.sh;
	table->orgn = cfg->arm_lpae_s1_cfg.tcr.orgn;
	table->irgn = cfg->arm_lpae_s1_cfg.tcr.irgn;
	table->tsz = cfg->arm_lpae_s1_cfg.tcr.tsz;
}

static void
read_stage2(struct linux_table *table, const struct io_pgtable_cfg *cfg)
{
	table->root = (uint64_t *)(uintptr_t)cfg->arm_lpae_s2_cfg.vttbr;
	table->ips = cfg->arm_lpae_s2_cfg.vtcr.ps;
	table->tg = cfg->arm_lpae_s2_cfg.vtcr.tg;
	table->sh = cfg->arm_lpae_s2_cfg.vtcr.sh;
	table->orgn = cfg->arm_lpae_s2_cfg.vtcr.orgn;
	table->irgn = cfg->arm_lpae_s2_cfg.vtcr.irgn;
	table->sl = cfg->arm_lpae_s2_cfg.vtcr.sl;
	table->tsz = cfg->arm_lpae_s2_cfg.vtcr.tsz;
}

bool linux_table_open(struct linux_table *table,
		      const struct linux_config *config)
{
	struct io_pgtable_cfg cfg = {
		.quirks = config->quirks,
		.pgsize_bitmap = config->page_sizes,
		.ias = config->ias,
		.oas = config->oas,
		.coherent_walk = config->coherent,
		.tlb = &tlb,
		.iommu_dev = &device,
		.alloc = config->alloc,
		.free = config->free,
	};
	enum io_pgtable_fmt fmt = config->stage2 ? ARM_64_LPAE_S2
						 : ARM_64_LPAE_S1;

	memset(table, 0, sizeof(*table));
	table->ops = (void *)alloc_io_pgtable_ops(fmt, &cfg, config->cookie);
	if (!table->ops)
		return false;
	table->page_sizes = cfg.pgsize_bitmap;
	table->ias = cfg.ias;
	table->oas = cfg.oas;
	if (config->stage2)
		read_stage2(table, &cfg);
	else
		read_stage1(table, &cfg);
	return true;
}

void linux_table_close(struct linux_table *table)
{
	free_io_pgtable_ops((void *)table->ops);
	table->ops = NULL;
}

/* What stand_ins.h promises */

unsigned long linux_warnings;

void linux_warn(void)
{
	linux_warnings++;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	return malloc(size);
}

void kfree(const void *pointer)
{
	free((void *)(uintptr_t)pointer);
}

struct page *alloc_pages_node(int node, gfp_t gfp, unsigned int order)
{
	void *pages = aligned_alloc(PAGE_SIZE << order, PAGE_SIZE << order);

	(void)node;
	if (pages && (gfp & __GFP_ZERO))
		memset(pages, 0, PAGE_SIZE << order);
	return pages;
}

void __free_pages(struct page *page, unsigned int order)
{
	(void)order;
	free(page);
}

dma_addr_t
dma_map_single(struct device *dev, void *pointer, size_t size, int direction)
{
	(void)dev;
	(void)size;
	(void)direction;
	return virt_to_phys(pointer);
}

void dma_unmap_single(struct device *dev, dma_addr_t address, size_t size,
		      int direction)
{
	(void)dev;
	(void)address;
	(void)size;
	(void)direction;
}

void dma_sync_single_for_device(struct device *dev, dma_addr_t address,
				size_t size, int direction)
{
	(void)dev;
	(void)address;
	(void)size;
	(void)direction;
	barrier();
}
