/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "unit/alloc_support.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The backend */

static int refuse(struct memory *memory, enum memory_call call)
{
	atomic_fetch_add(&memory->calls[call], 1);
	return memory->refuse ? memory->refuse(memory, call) : 0;
}

static uint64_t pages_of(uint64_t bytes)
{
	return bytes / MEMORY_PAGE;
}

static bool is_free(const struct memory *memory, uint64_t page, uint64_t count)
{
	while (count && !memory->granted[page + count - 1])
		count--;
	return !count;
}

static int take_pages(struct memory *memory, struct iomm_alloc_grant *grant)
{
	uint64_t base = (uintptr_t)memory->base, count = pages_of(grant->bytes);
	uint64_t page, at;

	for (page = 0; page + count <= pages_of(MEMORY_BYTES); page++) {
		at = base + page * MEMORY_PAGE;
		if (at % grant->align || at < grant->first ||
		    at + grant->bytes - 1 > grant->last ||
		    !is_free(memory, page, count))
			continue;
		memset(&memory->granted[page], 1, (size_t)count);
		memset(&memory->prot[page], (int)grant->prot, (size_t)count);
		grant->address = memory->base + page * MEMORY_PAGE;
		memset(grant->address, 0, (size_t)grant->bytes);
		return 0;
	}
	return -IOMM_ENOSPC;
}

static int map(void *data, struct iomm_alloc_grant *grant)
{
	struct memory *memory = data;
	int r = refuse(memory, MEMORY_MAP);

	if (r)
		return r;
	pthread_mutex_lock(&memory->lock);
	r = take_pages(memory, grant);
	if (!r) {
		if (grant->flags & IOMM_ALLOC_GRANT_ALIAS)
			grant->alias = grant->address;
		grant->huge = memory->huge;
		grant->cookie = 0x1234;
		memory->last = *grant;
		memory->grants++;
	}
	pthread_mutex_unlock(&memory->lock);
	return r;
}

static uint64_t page_at(const struct memory *memory, const void *address)
{
	return (uint64_t)((const unsigned char *)address - memory->base) /
	       MEMORY_PAGE;
}

static int unmap(void *data, const struct iomm_alloc_grant *grant)
{
	struct memory *memory = data;
	uint64_t page = page_at(memory, grant->address);
	int r = refuse(memory, MEMORY_UNMAP);

	if (r)
		return r;
	pthread_mutex_lock(&memory->lock);
	assert_int_equal(grant->cookie, 0x1234);
	memset(&memory->granted[page], 0, (size_t)pages_of(grant->bytes));
	memory->grants--;
	pthread_mutex_unlock(&memory->lock);
	return 0;
}

static int protect(void *data, const struct iomm_alloc_grant *grant,
		   void *address, uint64_t bytes, uint32_t prot)
{
	struct memory *memory = data;
	uint64_t page = page_at(memory, address);
	int r = refuse(memory, MEMORY_PROTECT);

	if (r)
		return r;
	assert_int_equal((uintptr_t)address % MEMORY_PAGE, 0);
	assert_int_equal(bytes % MEMORY_PAGE, 0);
	assert_true((char *)address >= (char *)grant->address &&
		    (char *)address + bytes <=
			    (char *)grant->address + grant->bytes);
	memset(&memory->prot[page], (int)prot, (size_t)pages_of(bytes));
	return 0;
}

static int barrier(void *data)
{
	return refuse(data, MEMORY_BARRIER);
}

static void flush(void *data, void *address, uint64_t bytes)
{
	(void)address;
	(void)bytes;
	(void)refuse(data, MEMORY_FLUSH);
}

void memory_init(struct memory *memory)
{
	memset(memory, 0, sizeof(*memory));
	pthread_mutex_init(&memory->lock, NULL);
	memory->base = aligned_alloc(MIB(2), MEMORY_BYTES);
	assert_non_null(memory->base);
	memory->alive = 1;
	memory->ops = (struct iomm_alloc_backend_ops){
		.size = sizeof(memory->ops),
		.flags = IOMM_ALLOC_BACKEND_ALIAS,
		.page = MEMORY_PAGE,
		.huge = MIB(2),
		.alive = &memory->alive,
		.map = map,
		.unmap = unmap,
		.protect = protect,
		.flush = flush,
		.barrier = barrier,
	};
}

void memory_fini(struct memory *memory)
{
	assert_int_equal(memory->grants, 0);
	pthread_mutex_destroy(&memory->lock);
	free(memory->base);
}

uint32_t memory_prot(const struct memory *memory, const void *address)
{
	return memory->prot[page_at(memory, address)];
}

void memory_release(void *data)
{
	struct memory *memory = data;

	memory->released++;
}

/* Allocators */

struct iomm_alloc_desc text_desc(void)
{
	return (struct iomm_alloc_desc){ .type = IOMM_ALLOC_TEXT, .prot = RX };
}

struct iomm_alloc_desc data_desc(void)
{
	return (struct iomm_alloc_desc){ .type = IOMM_ALLOC_DATA, .prot = R_W };
}

int pools_create(struct pools *rig, struct iomm_alloc_desc *desc,
		 uint32_t count, uint32_t flags, bool memory)
{
	struct iomm_allocator_config config = {
		.size = sizeof(config),
		.flags = flags,
		.type_count = count,
		.type_stride = sizeof(*desc),
		.types = desc,
	};
	uint32_t n;

	for (n = 0; n < count; n++)
		desc[n].size = sizeof(*desc);
	return iomm_allocator_create(rig->world.ctx, &config,
				     memory ? &rig->memory.ops : NULL,
				     &rig->memory, memory_release,
				     &rig->allocator);
}

void pools_open(struct pools *rig, struct iomm_alloc_desc *desc, uint32_t count,
		bool memory)
{
	world_init(&rig->world);
	assert_ok(world_create(&rig->world));
	memory_init(&rig->memory);
	assert_ok(pools_create(rig, desc, count, 0, memory));
}

void pools_close(struct pools *rig)
{
	iomm_allocator_put(rig->allocator);
	assert_int_equal(rig->memory.released, 1);
	world_end(&rig->world);
	memory_fini(&rig->memory);
}

struct iomm_alloc_type *pools_type(struct pools *rig, uint32_t number)
{
	struct iomm_alloc_type *type = NULL;

	assert_ok(iomm_allocator_type(rig->allocator, number, &type));
	return type;
}

struct iomm_alloc_stats type_stats(struct iomm_alloc_type *type)
{
	struct iomm_alloc_stats stats = { .size = sizeof(stats) };

	assert_ok(iomm_alloc_type_stats(type, &stats));
	return stats;
}

void *alloc_ok(struct iomm_alloc_type *type, uint64_t bytes)
{
	void *at = NULL;

	assert_ok(iomm_alloc_type_alloc(type, bytes, &at));
	assert_non_null(at);
	return at;
}

/* Code */

void code_make(unsigned char code[CODE_BYTES], uint32_t number)
{
	memset(code, 0, CODE_BYTES);
#if defined(__x86_64__) || defined(__i386__)
	code[0] = 0xb8; /* mov $number, %eax */
	memcpy(code + 1, &number, 4);
	code[5] = 0xc3; /* ret */
#elif defined(__aarch64__)
	uint32_t insn[3] = {
		0x52800000u | (number & 0xffff) << 5, /* movz w0, #low */
		0x72a00000u | (number >> 16) << 5, /* movk w0, #high, lsl 16 */
		0xd65f03c0u,			   /* ret */
	};

	memcpy(code, insn, sizeof(insn));
#else
#error "a function that returns a number is wanted for this processor"
#endif
}

uint32_t code_call(const void *code)
{
	uint32_t (*function)(void);

	memcpy(&function, &code, sizeof(function));
	return function();
}

void code_place(struct iomm_alloc_type *type, void *at, uint32_t number)
{
	unsigned char code[CODE_BYTES];

	code_make(code, number);
	assert_ok(iomm_alloc_type_fill(type, at, code, sizeof(code)));
}

/* In a child, so that the test lives on. Sanitizers would catch the signal. */
static bool ends_in_signal(void (*what)(void *), void *at)
{
	static const int signals[] = { SIGTRAP, SIGSEGV, SIGILL, SIGBUS };
	int status = 0;
	uint32_t n;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		for (n = 0; n < LENGTH(signals); n++)
			(void)signal(signals[n], SIG_DFL);
		what(at);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status);
}

static void run(void *at)
{
	(void)code_call(at);
}

static void write_byte(void *at)
{
	*(volatile unsigned char *)at = 1;
}

bool code_traps(const void *code)
{
	return ends_in_signal(run, (void *)(uintptr_t)code);
}

bool write_traps(void *at)
{
	return ends_in_signal(write_byte, at);
}

/* Mappings */

bool under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
}

struct mappings mappings_now(void)
{
	struct mappings now = { 0 };
	char line[512], perms[5];
	FILE *maps = fopen("/proc/self/maps", "r");

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		assert_int_equal(sscanf(line, "%*s %4s", perms), 1);
		now.count++;
		now.write_exec += perms[1] == 'w' && perms[2] == 'x' &&
				  !under_valgrind();
		now.iomm += strstr(line, "memfd:iomm") != NULL;
		now.aliases += perms[1] == 'w' && strstr(line, "memfd:iomm");
	}
	fclose(maps);
	return now;
}

uint64_t file_bytes(void)
{
	char path[32], name[64];
	struct stat stat;
	uint64_t bytes = 0;
	ssize_t length;
	int fd;

	for (fd = 0; fd < 256; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, name, sizeof(name) - 1);
		if (length < 0)
			continue;
		name[length] = '\0';
		if (strstr(name, "memfd:iomm") && !fstat(fd, &stat))
			bytes += (uint64_t)stat.st_blocks * 512;
	}
	return bytes;
}

void mapping_perms(const void *address, char perms[5])
{
	unsigned long start, end, at = (uintptr_t)address;
	char line[512], found[5];
	FILE *maps = fopen("/proc/self/maps", "r");

	assert_non_null(maps);
	perms[0] = '\0';
	while (fgets(line, sizeof(line), maps)) {
		assert_int_equal(sscanf(line, "%lx-%lx %4s", &start, &end,
					found),
				 3);
		if (at >= start && at < end)
			memcpy(perms, found, sizeof(found));
	}
	fclose(maps);
}
