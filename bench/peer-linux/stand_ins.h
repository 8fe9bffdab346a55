/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What Linux's io-pgtable.c and io-pgtable-arm.c take from the rest of the
 * kernel, for a program in user space. Every kernel header that they include
 * leads here (see extract.sh). The names and their meaning are the kernel's;
 * where the cost of one matters, a comment says how it was kept.
 *
 * A further format needs what it uses added here, its file in bench.mk, and
 * its entry in linux_table_open().
 */
#ifndef PEER_LINUX_KERNEL_H
#define PEER_LINUX_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kconfig.h>

typedef uint32_t u32;
typedef unsigned long long u64;
typedef long long s64;
typedef u64 phys_addr_t;
typedef u64 dma_addr_t;
typedef unsigned int gfp_t;

#define EXPORT_SYMBOL_GPL(symbol)
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Numbers and bits */

#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define min(a, b)	   ((a) < (b) ? (a) : (b))
#define min_t(type, a, b)            \
	({                           \
		type a_ = (type)(a); \
		type b_ = (type)(b); \
		a_ < b_ ? a_ : b_;   \
	})
#define BIT(n)		  (1UL << (n))
#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define ilog2(n)	  (63 - __builtin_clzll(n))

static inline unsigned long __ffs(unsigned long word)
{
	return (unsigned long)__builtin_ctzl(word);
}

static inline unsigned long __fls(unsigned long word)
{
	return (unsigned long)(63 - __builtin_clzl(word));
}

static inline void set_bit(long nr, volatile unsigned long *bits)
{
	__atomic_fetch_or(bits + nr / 64, 1UL << (nr % 64), __ATOMIC_SEQ_CST);
}

/* Memory accesses. Barriers are the instructions that the kernel has on this
 * processor; PEER_NO_FENCE leaves out the one that costs, for comparison. */

#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier()	 __asm__ __volatile__("" ::: "memory")

#if defined(PEER_NO_FENCE)
#define wmb() barrier()
#elif defined(__x86_64__)
#define wmb() __asm__ __volatile__("sfence" ::: "memory")
#elif defined(__aarch64__)
#define wmb() __asm__ __volatile__("dsb st" ::: "memory")
#else
#define wmb() __sync_synchronize()
#endif

#if defined(__x86_64__)
#define dma_wmb() barrier()
#elif defined(__aarch64__)
#define dma_wmb() __asm__ __volatile__("dmb oshst" ::: "memory")
#else
#define dma_wmb() __sync_synchronize()
#endif

#define cmpxchg64_relaxed(p, old, new) \
	__sync_val_compare_and_swap((p), (old), (new))

/* Complaints: counted by the peer, see linux.h. */

void linux_warn(void);

#define WARN_ON(condition)                  \
	({                                  \
		bool warned_ = (condition); \
		if (unlikely(warned_))      \
			linux_warn();       \
		unlikely(warned_);          \
	})
#define VM_BUG_ON(condition)  ((void)sizeof(!!(condition)))
#define dev_err(device, text) ((void)(device))

/* Memory. Tables come from hooks (io_pgtable_cfg.alloc), so the page allocator
 * is there for the sake of linking. An address is a pointer. */

#define PAGE_SHIFT    12
#define PAGE_SIZE     4096UL
#define PAGE_MASK     (~(PAGE_SIZE - 1))
#define GFP_ATOMIC    0x820u
#define GFP_KERNEL    0xcc0u
#define __GFP_HIGHMEM 0x2u
#define __GFP_ZERO    0x100u

#define virt_to_phys(pointer) ((phys_addr_t)(uintptr_t)(pointer))
#define __pa(pointer)	      ((uintptr_t)(pointer))
#define __va(address)	      ((void *)(uintptr_t)(address))

struct list_head {
	struct list_head *next, *prev;
};

struct page {
	struct list_head lru;
};

#define virt_to_page(pointer) ((struct page *)(void *)(pointer))
#define page_address(page)    ((void *)(page))

static inline int get_order(unsigned long size)
{
	return size <= PAGE_SIZE
		       ? 0
		       : 64 - __builtin_clzl((size - 1) >> PAGE_SHIFT);
}

void *kmalloc(size_t size, gfp_t gfp);
void kfree(const void *pointer);
struct page *alloc_pages_node(int node, gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
#define alloc_pages(gfp, order) alloc_pages_node(0, gfp, order)
#define put_page(page)		__free_pages(page, 0)

/* Pages are not accounted. */
#define page_pgdat(page)		     ((void)(page))
#define mod_node_page_state(node, item, n)   ((void)(n))
#define mod_lruvec_page_state(page, item, n) ((void)(n))

#define list_entry(pointer, type, member) container_of(pointer, type, member)

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

static inline void list_del(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
}

/* Devices. What makes stores visible to a walker that does not snoop costs the
 * call only. */

struct device {
	int numa_node;
};

enum {
	DMA_TO_DEVICE = 1
};

#define dev_to_node(device) ((device)->numa_node)

dma_addr_t dma_map_single(struct device *device, void *pointer, size_t size,
			  int direction);
void dma_unmap_single(struct device *device, dma_addr_t address, size_t size,
		      int direction);
void dma_sync_single_for_device(struct device *device, dma_addr_t address,
				size_t size, int direction);
#define dma_mapping_error(device, address) ((void)(address), 0)

/* linux/iommu.h */

#define IOMMU_READ	     (1 << 0)
#define IOMMU_WRITE	     (1 << 1)
#define IOMMU_CACHE	     (1 << 2)
#define IOMMU_NOEXEC	     (1 << 3)
#define IOMMU_MMIO	     (1 << 4)
#define IOMMU_PRIV	     (1 << 5)
#define IOMMU_DIRTY_NO_CLEAR (1 << 0)

struct iommu_iotlb_gather {
	unsigned long start;
	unsigned long end;
	size_t pgsize;
	struct list_head freelist;
	bool queued;
};

static inline bool iommu_iotlb_gather_queued(struct iommu_iotlb_gather *gather)
{
	return gather && gather->queued;
}

struct iommu_dirty_bitmap {
	void (*record)(struct iommu_dirty_bitmap *dirty, unsigned long iova,
		       size_t length);
};

#define iommu_dirty_bitmap_record(dirty, iova, length) \
	((dirty)->record(dirty, iova, length))

#endif
