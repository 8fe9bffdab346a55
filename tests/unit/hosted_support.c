/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "unit/hosted_support.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void open_hosted(struct hosted *h, struct iomm_alloc_desc desc)
{
	memset(h, 0, sizeof(*h));
	h->before = mappings_now();
	pools_open(&h->rig, &desc, 1, false);
	h->type = pools_type(&h->rig, desc.type);
}

void close_hosted(struct hosted *h)
{
	assert_int_equal(mappings_now().write_exec, 0);
	iomm_alloc_type_put(h->type);
	pools_close(&h->rig);
	assert_int_equal(mappings_now().iomm, h->before.iomm);
	assert_int_equal(mappings_now().write_exec, 0);
}

int in_child(int (*body)(void *), void *arg)
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

void allowed(const char *policy, int (*body)(void *), void *arg)
{
	int status = in_child(body, arg);

	if (status == CANNOT)
		print_message("%s: this system does not have it\n", policy);
	else
		assert_int_equal(status, 0);
}

/* ---- Filters ---- */

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define PROT_ARG args[2] /* its low half, first on little-endian machines */
#define IF(what, then, otherwise) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, what, then, otherwise)
/* No call has this number. */
#define UNLESS(what, call) ((what) ? (uint32_t)(call) : UINT32_MAX)

static bool set_filter(struct sock_filter *code, unsigned short length)
{
	struct sock_fprog program = { length, code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

bool forbid(uint32_t what)
{
	const uint32_t both = PROT_EXEC | PROT_WRITE;
	struct sock_filter code[] = {
		LOAD(nr),
		IF(UNLESS(what & NO_MEMFD, SYS_memfd_create), 10, 0),
		IF(UNLESS(what & NO_EXEC_LATER, SYS_mprotect), 4, 0),
		IF(UNLESS(what & NO_WRITE_EXEC, SYS_mprotect), 1, 0),
		IF(UNLESS(what & NO_WRITE_EXEC, SYS_mmap), 0, 6),
		LOAD(PROT_ARG),
		BPF_JUMP(BPF_JMP | BPF_JA, 2, 0, 0),
		LOAD(PROT_ARG),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 3, 2),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, both),
		IF(both, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};

	return set_filter(code, LENGTH(code));
}

bool forbid_call(long number)
{
	struct sock_filter code[] = {
		LOAD(nr),
		IF((uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return set_filter(code, LENGTH(code));
}
