/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Allocators on the memory of the system: code runs, traps, and stays apart
 * from what can be written. */
#define _GNU_SOURCE
#include "unit/alloc_support.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
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

static struct iomm_alloc_desc text_desc(void)
{
	return (struct iomm_alloc_desc){ .type = IOMM_ALLOC_TEXT, .prot = RX };
}

/* A rig of one type, and the mappings that there were before. */
struct hosted {
	struct pools rig;
	struct iomm_alloc_type *type;
	struct mappings before;
};

static void open_hosted(struct hosted *h, struct iomm_alloc_desc desc)
{
	memset(h, 0, sizeof(*h));
	h->before = mappings_now();
	pools_open(&h->rig, &desc, 1, false);
	h->type = pools_type(&h->rig, desc.type);
}

/* No mapping is left, and none was ever writable and executable. */
static void close_hosted(struct hosted *h)
{
	assert_int_equal(mappings_now().write_exec, 0);
	iomm_alloc_type_put(h->type);
	pools_close(&h->rig);
	assert_int_equal(mappings_now().iomm, h->before.iomm);
	assert_int_equal(mappings_now().write_exec, 0);
}

/* ---- Code ---- */

static void run_code(struct iomm_alloc_desc desc)
{
	struct hosted h;
	unsigned char *one, *two;
	char perms[5];

	open_hosted(&h, desc);
	one = alloc_ok(h.type, CODE_BYTES);
	two = alloc_ok(h.type, CODE_BYTES);
	assert_true(code_traps(one));
	code_place(h.type, one, 0x12345678);
	code_place(h.type, two, 42);
	assert_int_equal(code_call(one), 0x12345678);
	assert_int_equal(code_call(two), 42);
	mapping_perms(one, perms);
	assert_string_equal(perms + 2,
			    desc.prot & IOMM_ALLOC_EXEC && perms[3] == 's'
				    ? "xs"
				    : "xp");
	assert_true(write_traps(one));
	/* Filled once more. */
	code_place(h.type, one, 7);
	assert_int_equal(code_call(one), 7);
	assert_ok(iomm_alloc_type_free(h.type, one));
	assert_true(code_traps(one));
	assert_int_equal(code_call(two), 42);
	assert_ok(iomm_alloc_type_free(h.type, two));
	assert_true(code_traps(two));
	assert_ok(iomm_allocator_trim(h.rig.allocator));
	assert_true(code_traps(two));
	close_hosted(&h);
}

static void test_code(void **state)
{
	struct iomm_alloc_desc desc = text_desc();

	(void)state;
	run_code(desc);
	desc.flags = IOMM_ALLOC_LAZY_SYNC;
	run_code(desc);
	desc.flags = IOMM_ALLOC_RANDOMIZE | IOMM_ALLOC_GUARD;
	run_code(desc);
	desc.flags = IOMM_ALLOC_SHARED_HUGE;
	run_code(desc);
	desc = text_desc();
	desc.granularity = desc.alignment = 4096;
	run_code(desc);
}

/* Made executable and writable in turn, where there is no alias. */
static void test_code_without_alias(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	struct iomm_allocator_info info = { .size = sizeof(info) };
	char perms[5];
	void *one, *two;

	(void)state;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	assert_ok(pools_create(&rig, &desc, 1, IOMM_ALLOCATOR_NO_ALIAS, false));
	assert_ok(iomm_allocator_info(rig.allocator, &info));
	assert_int_equal(info.flags & (IOMM_ALLOCATOR_ALIAS |
				       IOMM_ALLOCATOR_PROTECT),
			 IOMM_ALLOCATOR_PROTECT);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	one = alloc_ok(type, CODE_BYTES);
	two = alloc_ok(type, CODE_BYTES);
	code_place(type, one, 1);
	code_place(type, two, 2);
	assert_int_equal(code_call(one), 1);
	assert_int_equal(code_call(two), 2);
	mapping_perms(one, perms);
	assert_string_equal(perms, "r-xp");
	assert_int_equal(mappings_now().write_exec, 0);
	assert_ok(iomm_alloc_type_free(type, one));
	assert_true(code_traps(one));
	assert_int_equal(code_call(two), 2);
	assert_ok(iomm_alloc_type_free(type, two));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

static void test_all_one_pool(void **state)
{
	struct iomm_alloc_desc desc = { .type = IOMM_ALLOC_TEXT,
					.prot = RWX,
					.flags = IOMM_ALLOC_ALLOW_WX };
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	char perms[5];
	void *at;

	(void)state;
	pools_open(&rig, &desc, 1, false);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	at = alloc_ok(type, CODE_BYTES);
	mapping_perms(at, perms);
	assert_string_equal(perms, "rwxp");
	assert_true(code_traps(at));
	code_place(type, at, 9);
	assert_int_equal(code_call(at), 9);
	/* In place, too. */
	code_make(at, 10);
	__builtin___clear_cache(at, (char *)at + CODE_BYTES);
	assert_ok(iomm_alloc_type_sync(type));
	assert_ok(iomm_alloc_type_free(type, at));
	assert_true(code_traps(at));
	iomm_alloc_type_put(type);
	pools_close(&rig);
	assert_int_equal(mappings_now().write_exec, 0);
}

/* Many small functions, coming and going: each that is there runs. */
static void test_many_functions(void **state)
{
	struct hosted h;
	struct {
		void *at;
		uint32_t number;
	} live[200] = { { 0 } };
	uint64_t seed = 1;
	uint32_t n, k, mapped = 0;

	(void)state;
	open_hosted(&h, text_desc());
	for (n = 0; n < 5000; n++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		k = (uint32_t)(seed >> 33) % LENGTH(live);
		if (live[k].at) {
			assert_int_equal(code_call(live[k].at), live[k].number);
			assert_ok(iomm_alloc_type_free(h.type, live[k].at));
		}
		live[k].number = n;
		live[k].at = alloc_ok(h.type, CODE_BYTES + (seed >> 50) % 3000);
		code_place(h.type, live[k].at, n);
		if (n == 2000)
			mapped = mappings_now().count;
	}
	/* As many mappings as ever. */
	assert_true(mappings_now().count <= mapped + 8);
	for (k = 0; k < LENGTH(live); k++) {
		assert_int_equal(code_call(live[k].at), live[k].number);
		assert_ok(iomm_alloc_type_free(h.type, live[k].at));
	}
	close_hosted(&h);
}

/* ---- Data ---- */

static void test_rodata(void **state)
{
	struct hosted h;
	char *at;

	(void)state;
	open_hosted(&h, (struct iomm_alloc_desc){ .type = IOMM_ALLOC_RODATA,
						  .prot = IOMM_ALLOC_READ });
	at = alloc_ok(h.type, 100);
	assert_int_equal(at[0], 0);
	assert_ok(iomm_alloc_type_fill(h.type, at + 1, "bytes", 6));
	assert_string_equal(at + 1, "bytes");
	assert_true(write_traps(at));
	assert_true(code_traps(at));
	assert_ok(iomm_alloc_type_free(h.type, at));
	assert_int_equal(at[1], 0);
	close_hosted(&h);
}

static void test_sealed(void **state)
{
	struct hosted h;
	char *one, *two;

	(void)state;
	open_hosted(&h, (struct iomm_alloc_desc){
				.type = IOMM_ALLOC_RODATA_AFTER_INIT,
				.prot = IOMM_ALLOC_READ,
				.flags = IOMM_ALLOC_SEAL_AFTER_INIT });
	one = alloc_ok(h.type, 100);
	two = alloc_ok(h.type, 100);
	strcpy(one, "set by init");
	assert_false(write_traps(one));
	assert_ok(iomm_alloc_type_seal(h.type, one));
	assert_true(write_traps(one));
	assert_false(write_traps(two));
	assert_string_equal(one, "set by init");
	assert_ok(iomm_alloc_type_free(h.type, one));
	one = alloc_ok(h.type, 100);
	assert_int_equal(*one, 0);
	*one = 1;
	assert_ok(iomm_alloc_type_free(h.type, one));
	assert_ok(iomm_alloc_type_free(h.type, two));
	close_hosted(&h);
}

/* ---- Where ---- */

static int here; /* something in the program's data, to be near to */

static void near_by(uint64_t distance)
{
	struct iomm_alloc_desc desc = text_desc();
	struct hosted h;
	uint64_t anchor = (uintptr_t)&here, at;
	void *code[64];
	uint32_t n;

	desc.anchor = anchor;
	desc.distance = distance;
	open_hosted(&h, desc);
	for (n = 0; n < LENGTH(code); n++) {
		code[n] = alloc_ok(h.type, KIB(60));
		at = (uintptr_t)code[n];
		assert_true((anchor < distance || at >= anchor - distance) &&
			    at + KIB(60) - 1 <= anchor + distance);
		code_place(h.type, code[n], n);
	}
	for (n = 0; n < LENGTH(code); n++) {
		assert_int_equal(code_call(code[n]), n);
		assert_ok(iomm_alloc_type_free(h.type, code[n]));
	}
	close_hosted(&h);
}

static void test_near(void **state)
{
	(void)state;
	near_by(MIB(128));
	near_by(MIB(2048));
}

/* A stretch of address space that nobody uses, away from where the kernel puts
 * what may be anywhere. */
#define FREE_STRETCH UINT64_C(0x110000000000)

/* A range is used up to its last byte, at once or piece by piece. */
static void fill_range(uint32_t flags, uint64_t piece, uint32_t expected)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_range range;
	struct hosted h;
	void *at[64], *none = UNTOUCHED;
	uint32_t n;

	range.first = FREE_STRETCH;
	range.last = range.first + MIB(1) - 1;
	desc.ranges = &range;
	desc.range_count = 1;
	desc.flags = flags;
	open_hosted(&h, desc);
	for (n = 0; n < expected; n++) {
		at[n] = alloc_ok(h.type, piece);
		assert_true((uintptr_t)at[n] >= range.first &&
			    (uintptr_t)at[n] + piece - 1 <= range.last);
		code_place(h.type, at[n], n);
	}
	assert_fails(iomm_alloc_type_alloc(h.type, piece, &none), IOMM_ENOSPC,
		     h.rig.world.ctx, "for type 1");
	assert_ptr_equal(none, UNTOUCHED);
	for (n = 0; n < expected; n++) {
		assert_int_equal(code_call(at[n]), n);
		assert_ok(iomm_alloc_type_free(h.type, at[n]));
	}
	close_hosted(&h);
}

static void test_ranges(void **state)
{
	(void)state;
	fill_range(0, MIB(1), 1);
	fill_range(0, KIB(64), 16);
	fill_range(IOMM_ALLOC_RANDOMIZE, KIB(64), 16);
	fill_range(IOMM_ALLOC_RANDOMIZE, MIB(1), 1);
}

static void test_random_places(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct hosted h;
	uint64_t apart = 0, last = 0;
	void *at[16];
	uint32_t n;

	(void)state;
	desc.flags = IOMM_ALLOC_RANDOMIZE;
	open_hosted(&h, desc);
	for (n = 0; n < LENGTH(at); n++) {
		at[n] = alloc_ok(h.type, KIB(64));
		apart |= (uintptr_t)at[n] ^ last;
		last = (uintptr_t)at[n];
	}
	/* Grants of one region would agree in these bits. */
	assert_true(apart >> 36 != 0);
	for (n = 0; n < LENGTH(at); n++)
		assert_ok(iomm_alloc_type_free(h.type, at[n]));
	close_hosted(&h);
}

static void test_guards(void **state)
{
	struct iomm_alloc_desc desc = { .type = IOMM_ALLOC_DATA,
					.prot = R_W,
					.flags = IOMM_ALLOC_GUARD,
					.granularity = 4096,
					.alignment = 4096 };
	struct hosted h;
	char *at[8], perms[5];
	uint32_t n;

	(void)state;
	open_hosted(&h, desc);
	for (n = 0; n < LENGTH(at); n++)
		at[n] = alloc_ok(h.type, 4096);
	for (n = 0; n < LENGTH(at); n++) {
		assert_false(write_traps(at[n]));
		assert_false(write_traps(at[n] + 4095));
		assert_true(write_traps(at[n] - 1));
		assert_true(write_traps(at[n] + 4096));
		/* And nobody else can be put there. */
		mapping_perms(at[n] - 1, perms);
		assert_string_equal(perms, "---p");
		mapping_perms(at[n] + 4096, perms);
		assert_string_equal(perms, "---p");
	}
	for (n = 0; n < LENGTH(at); n++)
		assert_ok(iomm_alloc_type_free(h.type, at[n]));
	close_hosted(&h);
}

/* ---- Large pages ---- */

static void test_huge(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_alloc_stats stats;
	struct hosted h;
	void *one, *two;

	(void)state;
	desc.flags = IOMM_ALLOC_SHARED_HUGE;
	open_hosted(&h, desc);
	one = alloc_ok(h.type, 100);
	two = alloc_ok(h.type, 100);
	assert_ptr_equal((char *)one + 112, two);
	assert_int_equal((uintptr_t)one % MIB(2), 0);
	stats = type_stats(h.type);
	assert_int_equal(stats.grants, 1);
	/* With them or without: whichever, it says so, and code runs. */
	assert_true(stats.huge == 0 || stats.huge == MIB(2));
	print_message("huge: %u of %u KiB\n", (unsigned)(stats.huge >> 10),
		      (unsigned)(stats.granted >> 10));
	code_place(h.type, one, 1);
	code_place(h.type, two, 2);
	assert_int_equal(code_call(one) + code_call(two), 3);
	assert_ok(iomm_alloc_type_free(h.type, one));
	assert_ok(iomm_alloc_type_free(h.type, two));
	close_hosted(&h);
}

/* ---- Leaks ---- */

static void test_mappings_go_back(void **state)
{
	struct mappings before, after;
	struct hosted h;
	void *at[64], *stays;
	uint32_t n, round;

	(void)state;
	open_hosted(&h, text_desc());
	before = mappings_now();
	for (round = 0; round < 4; round++) {
		for (n = 0; n < LENGTH(at); n++)
			at[n] = alloc_ok(h.type, KIB(100));
		for (n = 0; n < LENGTH(at); n++)
			assert_ok(iomm_alloc_type_free(
				h.type, at[(n * 7 + round) % LENGTH(at)]));
		assert_ok(iomm_allocator_trim(h.rig.allocator));
		after = mappings_now();
		assert_int_equal(after.iomm, 0);
		assert_true(after.count <= before.count + 4);
	}
	/* Pages go, though what they were in stays. */
	stays = alloc_ok(h.type, 100);
	for (n = 0; n < LENGTH(at); n++)
		at[n] = alloc_ok(h.type, KIB(100));
	assert_true(file_bytes() >= KIB(100) * LENGTH(at));
	for (n = 0; n < LENGTH(at); n++)
		assert_ok(iomm_alloc_type_free(h.type, at[n]));
	assert_ok(iomm_allocator_trim(h.rig.allocator));
	assert_true(file_bytes() <= KIB(256));
	assert_ok(iomm_alloc_type_free(h.type, stays));
	close_hosted(&h);
}

/* ---- Children ---- */

/* Runs a body in a child, and returns its answer; DIED when it gave none. Tools
 * have ideas of their own about the exit status. */
#define DIED 128

static int in_child(int (*body)(void *), void *arg)
{
	int *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int result, status;
	pid_t pid;

	assert_ptr_not_equal(answer, MAP_FAILED);
	*answer = DIED;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		*answer = body(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	result = *answer;
	assert_int_equal(munmap(answer, sizeof(*answer)), 0);
	return result;
}

struct family {
	struct hosted h;
	void *code;
};

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

#define CANNOT 77

static int under_mdwe(void *arg)
{
	(void)arg;
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
		return CANNOT;
	return works_but_for_mprotect();
}

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define PROT_ARG args[2] /* its low half, first on little-endian machines */

/* What systemd's MemoryDenyWriteExecute does: no mmap that is both, no mprotect
 * that adds execution. With `no_memfd` no memfd either. */
static int set_filter(bool no_memfd)
{
	struct sock_filter code[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
		LOAD(PROT_ARG),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 7, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
		LOAD(PROT_ARG),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_EXEC | PROT_WRITE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_EXEC | PROT_WRITE, 2,
			 1),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 no_memfd ? SYS_memfd_create : UINT32_MAX, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = { LENGTH(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int under_filter(void *arg)
{
	(void)arg;
	if (set_filter(false))
		return CANNOT;
	/* It is in force. */
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
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
	if (set_filter(true))
		return CANNOT;
	r = make_and_run(0, &number);
	return (!r && number == 55) || r == -IOMM_EOPNOTSUPP ? 0 : 2;
}

static void allowed(const char *policy, int (*body)(void *))
{
	int status = in_child(body, NULL);

	if (status == CANNOT)
		print_message("%s: this system does not have it\n", policy);
	else
		assert_int_equal(status, 0);
}

static void test_policies(void **state)
{
	(void)state;
	if (under_valgrind()) {
		print_message("valgrind does what these forbid\n");
		return;
	}
	allowed("PR_SET_MDWE", under_mdwe);
	allowed("a seccomp filter", under_filter);
	allowed("a seccomp filter without memfd", without_memfd);
}

/* ---- Little address space ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

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
static int exhaust(void *arg)
{
	struct family *f = arg;
	struct rlimit limit;
	void *at[2][512];
	uint32_t n, round, count[2] = { 0 };
	int r = 0;

	limit.rlim_cur = limit.rlim_max = address_space() + MIB(64);
	if (setrlimit(RLIMIT_AS, &limit))
		return CANNOT;
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
	/* Most of 64 MiB, at two addresses each. */
	return count[0] > 60 && count[1] >= count[0] ? 0 : 5;
}

/* A parent's memory is not its child's, so that the child has its own. */
static int exhaust_in_child(void *arg)
{
	struct family f;

	(void)arg;
	open_hosted(&f.h, text_desc());
	return exhaust(&f);
}

static void test_little_address_space(void **state)
{
	(void)state;
	if (SANITIZED || under_valgrind()) {
		print_message("the tool needs the address space itself\n");
		return;
	}
	allowed("RLIMIT_AS", exhaust_in_child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_code_without_alias),
		cmocka_unit_test(test_all_one_pool),
		cmocka_unit_test(test_many_functions),
		cmocka_unit_test(test_rodata),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_random_places),
		cmocka_unit_test(test_guards),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_mappings_go_back),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_little_address_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
