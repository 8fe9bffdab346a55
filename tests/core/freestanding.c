/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program without a C library on the freestanding core: it brings the hooks
 * and mem*, maps a page in a page table, looks it up and unmaps it. That it
 * links with -nostdlib says that the core needs nothing else.
 *
 * Its exit status is 0, or the number of the step that went wrong.
 */
#include <iomm/iomm.h>

#include <stddef.h>

/* ---- What the core asks of every host. ---- */

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	unsigned char *t = to;

	while (n--)
		*t++ = (unsigned char)c;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

/* ---- The hooks: one thread, memory that is never given back. ---- */

static unsigned char heap[1 << 20] __attribute__((aligned(65536)));
static uint64_t heap_used;
static uint64_t heap_live;

static void *heap_alloc(void *data, uint64_t bytes, uint64_t align)
{
	uint64_t start = (heap_used + align - 1) & ~(align - 1);

	(void)data;
	if (start + bytes > sizeof(heap))
		return NULL;
	heap_used = start + bytes;
	heap_live += bytes;
	return heap + start;
}

static void heap_free(void *data, void *ptr, uint64_t bytes, uint64_t align)
{
	(void)data;
	(void)ptr;
	(void)align;
	heap_live -= bytes;
}

static void *only_thread(void *data)
{
	static unsigned char storage[IOMM_THREAD_SIZE]
		__attribute__((aligned(16)));

	(void)data;
	return storage;
}

static uint64_t no_clock(void *data)
{
	(void)data;
	return 0;
}

static const struct iomm_platform platform = {
	.size = sizeof(platform),
	.alloc = heap_alloc,
	.free = heap_free,
	.thread = only_thread,
	.time = no_clock,
};

/* ---- The work. ---- */

static uint32_t lost_handles = UINT32_MAX;

static void on_released(void *data, uint32_t live_handles)
{
	(void)data;
	lost_handles = live_handles;
}

static const struct iomm_ctx_events events = {
	.size = sizeof(events),
	.released = on_released,
};

#define IOVA  0x12345000u
#define PADDR 0x89abc000u
#define PAGE  4096u

static int use_table(struct iomm_pgtable *table)
{
	struct iomm_translation found = { .size = sizeof(found) };
	struct iomm_gather gather;

	if (iomm_pgtable_map(table, IOVA, PADDR, PAGE,
			     IOMM_PROT_READ | IOMM_PROT_WRITE, 0, NULL))
		return 10;
	if (iomm_pgtable_translate(table, IOVA + 5, &found))
		return 11;
	if (found.paddr != PADDR + 5)
		return 12;

	iomm_gather_init(&gather);
	if (iomm_pgtable_unmap(table, IOVA, PAGE, &gather, NULL))
		return 13;
	if (iomm_gather_flush(&gather))
		return 14;
	if (iomm_pgtable_translate(table, IOVA, &found) != -IOMM_ENOENT)
		return 15;
	return 0;
}

static int work(void)
{
	struct iomm_ctx_config config = {
		.size = sizeof(config),
		.platform = &platform,
		.events = &events,
	};
	struct iomm_pgtable *table;
	struct iomm_ctx *ctx;
	int step;

	/* The core has no platform of its own. */
	if (iomm_ctx_create(NULL, &ctx) != -IOMM_EINVAL)
		return 1;
	if (iomm_ctx_create(&config, &ctx))
		return 2;
	if (iomm_pgtable_create(ctx, "arm64-s1", NULL, NULL, NULL, NULL,
				&table))
		return 3;
	step = use_table(table);
	iomm_pgtable_put(table);
	iomm_ctx_put(ctx);
	if (step)
		return step;
	if (lost_handles != 0)
		return 4;
	return heap_live ? 5 : 0;
}

/* ---- Linux, without a C library: where a program starts and ends. ---- */

static _Noreturn void leave(int status)
{
#if defined(__x86_64__)
	__asm__ volatile("syscall" : : "a"(231), "D"(status) : "memory");
#elif defined(__aarch64__)
	register long x0 __asm__("x0") = status;
	register long x8 __asm__("x8") = 94;

	__asm__ volatile("svc #0" : : "r"(x0), "r"(x8) : "memory");
#else
#error "say how a program ends on this processor (exit_group)"
#endif
	__builtin_unreachable();
}

/* Nothing has aligned the stack for a function, so this is not one. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\tcall start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tbl start\n");
#endif

__attribute__((used)) void start(void);
void start(void)
{
	leave(work());
}
