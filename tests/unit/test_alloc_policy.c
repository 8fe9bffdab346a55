/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the system allows and what it has: policies against writable and
 * executable memory, fork and exec, address space and files that run out. */
#define _GNU_SOURCE
#include "unit/hosted_support.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

struct family {
	struct hosted h;
	void *code;
};

/* ---- Children ---- */

/* Codes that were there run; everything else is refused; nothing of the
 * parent's changes when the child gives up its handles. */
static int be_a_child(void *arg)
{
	struct family *f = arg;
	void *none;

	if (code_call(f->code) != 77)
		return 1;
	if (mappings_now().aliases)
		return 5;
	if (iomm_alloc_type_alloc(f->h.type, 1, &none) != -IOMM_EOPNOTSUPP)
		return 2;
	if (iomm_alloc_type_free(f->h.type, f->code) != -IOMM_EOPNOTSUPP)
		return 3;
	if (iomm_alloc_type_fill(f->h.type, f->code, "", 1) != -IOMM_EOPNOTSUPP)
		return 4;
	return 0;
}

static int forget(void *arg)
{
	struct family *f = arg;

	iomm_alloc_type_put(f->h.type);
	iomm_allocator_put(f->h.rig.allocator);
	return 0;
}

static void test_fork(void **state)
{
	unsigned char harmless[CODE_BYTES];
	struct family f;

	(void)state;
	open_hosted(&f.h, text_desc());
	f.code = alloc_ok(f.h.type, CODE_BYTES);
	memcpy(harmless, f.code, CODE_BYTES);
	code_place(f.h.type, f.code, 77);
	assert_int_equal(in_child(be_a_child, &f), 0);
	assert_int_equal(code_call(f.code), 77);
	code_place(f.h.type, f.code, 78);
	assert_ok(iomm_alloc_type_free(f.h.type, f.code));
	/* Empty grants, which a child must not empty. */
	assert_int_equal(in_child(forget, &f), 0);
	f.code = alloc_ok(f.h.type, CODE_BYTES);
	assert_memory_equal(f.code, harmless, CODE_BYTES);
	code_place(f.h.type, f.code, 79);
	assert_int_equal(code_call(f.code), 79);
	assert_ok(iomm_alloc_type_free(f.h.type, f.code));
	close_hosted(&f.h);
}

/* No file of the allocator's is open behind it. */
static int exec_something(void *arg)
{
	(void)arg;
	execl("/bin/sh", "sh", "-c",
	      "! ls -l /proc/self/fd | grep -q memfd:iomm", (char *)NULL);
	return 2;
}

static void test_exec(void **state)
{
	struct family f;
	int status;
	pid_t pid;

	(void)state;
	open_hosted(&f.h, text_desc());
	f.code = alloc_ok(f.h.type, CODE_BYTES);
	assert_true(file_bytes() > 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(exec_something(NULL));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_ok(iomm_alloc_type_free(f.h.type, f.code));
	close_hosted(&f.h);
}

/* ---- Policies of the system ---- */

/* Without cmocka: one that fails in a child would go on there. */
static int make_and_run(uint32_t flags, uint32_t *number)
{
	struct iomm_alloc_desc desc = { .size = sizeof(desc),
					.type = IOMM_ALLOC_TEXT,
					.prot = RX };
	struct iomm_allocator_config config = { .size = sizeof(config),
						.flags = flags,
						.type_count = 1,
						.type_stride = sizeof(desc),
						.types = &desc };
	unsigned char code[CODE_BYTES];
	struct iomm_allocator *allocator;
	struct iomm_alloc_type *type;
	struct iomm_ctx *ctx;
	char why[256];
	void *at;
	int r = iomm_ctx_create(NULL, &ctx);

	if (!r)
		r = iomm_allocator_create(ctx, &config, NULL, NULL, NULL,
					  &allocator);
	if (r) {
		/* Refused, in a sentence that says what was tried. */
		if (iomm_error_message(ctx, why, sizeof(why)) <= 0 ||
		    !strstr(why, "memfd") || !strstr(why, "mprotect"))
			return 1;
		iomm_ctx_put(ctx);
		return r;
	}
	code_make(code, 55);
	r = iomm_allocator_type(allocator, IOMM_ALLOC_TEXT, &type);
	if (!r)
		r = iomm_alloc_type_alloc(type, CODE_BYTES, &at);
	if (!r)
		r = iomm_alloc_type_fill(type, at, code, CODE_BYTES);
	if (r)
		return r;
	*number = code_call(at);
	r = iomm_alloc_type_free(type, at);
	iomm_alloc_type_put(type);
	iomm_allocator_put(allocator);
	iomm_ctx_put(ctx);
	return r;
}

/* 0: code runs with an alias, and what has none is refused with a sentence. */
static int works_but_for_mprotect(void)
{
	uint32_t number = 0;

	if (make_and_run(0, &number) || number != 55)
		return 2;
	return make_and_run(IOMM_ALLOCATOR_NO_ALIAS, &number) ==
			       -IOMM_EOPNOTSUPP
		       ? 0
		       : 3;
}

static int under_mdwe(void *arg)
{
	(void)arg;
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
		return CANNOT;
	return works_but_for_mprotect();
}

static bool is_refused(int prot)
{
	return mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

/* What systemd's MemoryDenyWriteExecute does: no mmap that is both, no mprotect
 * that adds execution. */
static int under_filter(void *arg)
{
	(void)arg;
	if (!forbid(NO_WRITE_EXEC | NO_EXEC_LATER))
		return CANNOT;
	/* It is in force. */
	if (!is_refused(PROT_READ | PROT_WRITE | PROT_EXEC))
		return 9;
	return works_but_for_mprotect();
}

/* Without memfds a file in /dev/shm serves, if that may be executed; else it is
 * refused with a sentence. */
static int without_memfd(void *arg)
{
	uint32_t number = 0;
	int r;

	(void)arg;
	if (!forbid(NO_WRITE_EXEC | NO_EXEC_LATER | NO_MEMFD))
		return CANNOT;
	r = make_and_run(0, &number);
	return (!r && number == 55) || r == -IOMM_EOPNOTSUPP ? 0 : 2;
}

/* With an alias and without, it never asks for both at once. */
static int both_ways(void *arg)
{
	uint32_t with = 0, without = 0;

	(void)arg;
	if (!forbid(NO_WRITE_EXEC))
		return CANNOT;
	if (make_and_run(0, &with) ||
	    make_and_run(IOMM_ALLOCATOR_NO_ALIAS, &without))
		return 2;
	return with == 55 && without == 55 ? 0 : 3;
}

static int make_legacy(void)
{
	struct iomm_alloc_desc desc = { .size = sizeof(desc),
					.type = IOMM_ALLOC_TEXT,
					.prot = RWX,
					.flags = IOMM_ALLOC_ALLOW_WX };
	struct iomm_allocator_config config = { .size = sizeof(config),
						.type_count = 1,
						.type_stride = sizeof(desc),
						.types = &desc };
	struct iomm_allocator *allocator;
	struct iomm_alloc_type *type;
	struct iomm_ctx *ctx;
	void *at;
	int r = iomm_ctx_create(NULL, &ctx);

	if (!r)
		r = iomm_allocator_create(ctx, &config, NULL, NULL, NULL,
					  &allocator);
	if (!r)
		r = iomm_allocator_type(allocator, IOMM_ALLOC_TEXT, &type);
	if (r)
		return 0;
	r = iomm_alloc_type_alloc(type, CODE_BYTES, &at);
	iomm_alloc_type_put(type);
	iomm_allocator_put(allocator);
	return iomm_ctx_live_handles(ctx, IOMM_HANDLE_ANY) == 1 ? r : 0;
}

/* The legacy arrangement is what such a policy is against: refused, and nothing
 * lost. */
static int legacy_is_refused(void *arg)
{
	(void)arg;
	if (!forbid(NO_WRITE_EXEC))
		return CANNOT;
	return make_legacy() == -IOMM_EACCES ? 0 : 2;
}

static void test_policies(void **state)
{
	(void)state;
	if (under_valgrind()) {
		print_message("valgrind does what these forbid\n");
		return;
	}
	allowed("PR_SET_MDWE", under_mdwe, NULL);
	allowed("a seccomp filter", under_filter, NULL);
	allowed("a seccomp filter without memfd", without_memfd, NULL);
	allowed("a seccomp filter against both at once", both_ways, NULL);
	allowed("the same, with ALLOW_WX", legacy_is_refused, NULL);
}

/* ---- System calls that fail ---- */

/* Something is there before; then the call fails, and what answers an error has
 * left everything as it was. */
static int live_without(long number)
{
	unsigned char code[CODE_BYTES];
	struct hosted h;
	void *before, *at;
	uint32_t mapped;
	int r;

	open_hosted(&h, text_desc());
	before = alloc_ok(h.type, CODE_BYTES);
	code_place(h.type, before, 1);
	mapped = mappings_now().iomm;
	if (!forbid_call(number))
		return CANNOT;
	code_make(code, 2);
	r = iomm_alloc_type_alloc(h.type, MIB(1), &at);
	if (!r) {
		if (iomm_alloc_type_fill(h.type, at, code, CODE_BYTES) ||
		    code_call(at) != 2 || iomm_alloc_type_free(h.type, at))
			return 2;
	} else if (type_stats(h.type).allocations != 1 ||
		   mappings_now().iomm != mapped) {
		return 3;
	}
	/* It may fail, or not. */
	if (iomm_allocator_trim(h.rig.allocator) > 0)
		return 7;
	if (code_call(before) != 1 || iomm_alloc_type_free(h.type, before))
		return 4;
	if (type_stats(h.type).allocations)
		return 5;
	iomm_alloc_type_put(h.type);
	iomm_allocator_put(h.rig.allocator);
	return iomm_ctx_live_handles(h.rig.world.ctx, IOMM_HANDLE_ANY) == 1 ? 0
									    : 6;
}

static int without_call(void *arg)
{
	return live_without(*(const long *)arg);
}

static void test_each_system_call_fails(void **state)
{
	long number[] = { SYS_mmap,	    SYS_munmap,	    SYS_mprotect,
			  SYS_memfd_create, SYS_ftruncate,  SYS_fallocate,
			  SYS_madvise,	    SYS_membarrier, SYS_close };
	uint32_t n;

	(void)state;
	if (SANITIZED || under_valgrind()) {
		print_message("the tool makes these calls itself\n");
		return;
	}
	for (n = 0; n < LENGTH(number); n++)
		allowed("a seccomp filter", without_call, &number[n]);
}

/* ---- Little of what there is ---- */

static uint64_t address_space(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (!statm || fscanf(statm, "%lu", &pages) != 1)
		abort();
	fclose(statm);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Allocates until there is no more, twice as much the same, and all back. */
static int exhaust(struct family *f, uint32_t least)
{
	void *at[2][512];
	uint32_t n, round, count[2] = { 0 };
	int r = 0;

	for (round = 0; round < 2; round++) {
		for (n = 0; n < LENGTH(at[0]); n++) {
			r = iomm_alloc_type_alloc(f->h.type, KIB(200),
						  &at[round][n]);
			if (r)
				break;
		}
		if (r != -IOMM_ENOMEM)
			return 2;
		count[round] = n;
		while (n--) {
			if (iomm_alloc_type_free(f->h.type, at[round][n]))
				return 3;
		}
		if (iomm_allocator_trim(f->h.rig.allocator))
			return 4;
	}
	return count[0] > least && count[1] >= count[0] ? 0 : 5;
}

/* A parent's memory is not its child's, so that the child has its own. */
static int exhaust_address_space(void *arg)
{
	struct rlimit limit;
	struct family f;

	(void)arg;
	open_hosted(&f.h, text_desc());
	limit.rlim_cur = limit.rlim_max = address_space() + MIB(64);
	if (setrlimit(RLIMIT_AS, &limit))
		return CANNOT;
	/* Most of 64 MiB, at two addresses each. */
	return exhaust(&f, 60);
}

static void test_little_address_space(void **state)
{
	(void)state;
	if (SANITIZED || under_valgrind()) {
		print_message("the tool needs the address space itself\n");
		return;
	}
	allowed("RLIMIT_AS", exhaust_address_space, NULL);
}

static rlim_t open_files(void)
{
	rlim_t count = 0;
	int fd;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Grants at random places are a file each. */
static int exhaust_files(void *arg)
{
	struct iomm_alloc_desc desc = text_desc();
	struct rlimit limit;
	struct family f;

	(void)arg;
	desc.flags = IOMM_ALLOC_RANDOMIZE;
	open_hosted(&f.h, desc);
	/* As many as these, beside those that it was started with. */
	limit.rlim_cur = limit.rlim_max = 64 + open_files();
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return CANNOT;
	return exhaust(&f, 30);
}

static void test_few_files(void **state)
{
	(void)state;
	if (under_valgrind()) {
		print_message("valgrind has files of its own open\n");
		return;
	}
	allowed("RLIMIT_NOFILE", exhaust_files, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_each_system_call_fails),
		cmocka_unit_test(test_little_address_space),
		cmocka_unit_test(test_few_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
