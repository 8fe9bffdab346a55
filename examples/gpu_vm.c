/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A GPU's address space, by a driver that needs neither device nor domain: a
 * page table that several threads may change, hooks that invalidate the GPU's
 * TLB, and a job whose tables are there before it starts.
 *
 *     gpu_vm
 *
 * The GPU is a software IOMMU, whose memory is simply this process.
 */
#include <iomm/iomm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GPU  1u /* the ID that its accesses carry */
#define ASID 7u
#define PAGE 4096u
#define CODE 0x100000u
#define DATA 0x200000u
#define RING 0x40000000u
#define PROT (IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_CACHE)

static unsigned char memory[3][PAGE] __attribute__((aligned(PAGE)));

static struct iomm_ctx *ctx;

static void try(int result)
{
	char sentence[256];

	if (result >= 0)
		return;
	if (iomm_error_message(ctx, sentence, sizeof(sentence)) > 0)
		fprintf(stderr, "gpu_vm: %s\n", sentence);
	exit(1);
}

/* Each hook returns when the GPU has forgotten. One for hardware first has the
 * tables' new contents seen (on Arm by a DSB), and looks at `flags`. */
static int flush(void *gpu, uint64_t iova, uint64_t last, uint64_t page_size,
		 uint32_t flags)
{
	(void)page_size;
	(void)flags;
	return iomm_soft_invalidate(gpu, ASID, iova, last);
}

static int flush_all(void *gpu)
{
	return iomm_soft_invalidate(gpu, ASID, 0, UINT64_MAX);
}

static void put_gpu(void *gpu)
{
	iomm_soft_put(gpu);
}

/* An empty page table, which holds the GPU for as long as it calls the hooks;
 * and the GPU is told where it is. */
static struct iomm_pgtable *make_vm(struct iomm_soft *gpu)
{
	const struct iomm_tlb_ops hooks = { .size = sizeof(hooks),
					    .flush = flush,
					    .flush_all = flush_all };
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .flags = IOMM_PGTABLE_SHARED |
						       IOMM_PGTABLE_COHERENT };
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_soft_context context = { .size = sizeof(context),
					     .format = "arm64-s1",
					     .tag = ASID };
	struct iomm_pgtable *vm;

	try(iomm_pgtable_create(ctx, "arm64-s1", &config, &hooks,
				iomm_soft_get(gpu), put_gpu, &vm));
	try(iomm_pgtable_info(vm, &info));
	memcpy(context.regs, info.regs, sizeof(context.regs));
	try(iomm_soft_set_context(gpu, GPU, 0, &context));
	return vm;
}

/* Takes buffers away, with one flush for all. */
static int unbind(struct iomm_pgtable *vm, const uint64_t *iova, uint32_t count)
{
	struct iomm_gather gather;
	uint32_t n;
	int r = 0, flushed;

	iomm_gather_init(&gather);
	for (n = 0; !r && n < count; n++)
		r = iomm_pgtable_unmap(vm, iova[n], PAGE, &gather, NULL);
	/* Until this returns 0 the GPU may still use the buffers. */
	flushed = iomm_gather_flush(&gather);
	if (flushed)
		iomm_gather_abandon(&gather);
	return r ? r : flushed;
}

/* What a job needs is reserved when it is queued, where failing is easy. When
 * its fence signals, nothing is allocated. */
static void run_job(struct iomm_pgtable *vm, struct iomm_soft *gpu)
{
	struct iomm_reservation *job;

	try(iomm_pgtable_reserve(vm, RING, PAGE, &job));

	try(iomm_reservation_commit(job, RING, (uintptr_t)memory[2], PAGE, PROT,
				    0, NULL));
	try(iomm_soft_write(gpu, GPU, 0, RING, "done", 5, NULL));
	printf("the ring says \"%s\"\n", (char *)memory[2]);
	iomm_reservation_put(job);
}

int main(void)
{
	const struct iomm_soft_config config = { .size = sizeof(config),
						 .flags = IOMM_SOFT_IDENTITY };
	const uint64_t buffers[] = { CODE, DATA, RING };
	struct iomm_fault fault = { .size = sizeof(fault) };
	struct iomm_soft *gpu;
	struct iomm_pgtable *vm;

	try(iomm_ctx_create(NULL, &ctx));
	try(iomm_soft_create(ctx, &config, &gpu));
	vm = make_vm(gpu);

	try(iomm_pgtable_map(vm, CODE, (uintptr_t)memory[0], PAGE,
			     IOMM_PROT_READ | IOMM_PROT_EXEC | IOMM_PROT_CACHE,
			     0, NULL));
	try(iomm_pgtable_map(vm, DATA, (uintptr_t)memory[1], PAGE, PROT, 0,
			     NULL));
	run_job(vm, gpu);

	try(unbind(vm, buffers, 3));
	if (iomm_soft_write(gpu, GPU, 0, DATA, "late", 5, &fault) !=
	    -IOMM_EFAULT)
		return 1;
	printf("a late write to %#llx faults\n",
	       (unsigned long long)fault.iova);

	try(iomm_soft_clear_context(gpu, GPU, 0));
	iomm_pgtable_put(vm);
	iomm_soft_put(gpu);
	printf("live handles: %u\n",
	       iomm_ctx_live_handles(ctx, IOMM_HANDLE_ANY) - 1);
	iomm_ctx_put(ctx);
	return 0;
}
