/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tests of allocators on the system's memory share: one type, and the
 * mappings that there were before; children; what a policy of the system's would
 * forbid.
 */
#ifndef HOSTED_SUPPORT_H
#define HOSTED_SUPPORT_H

#include "unit/alloc_support.h"

/* A rig of one type, and the mappings that there were before. */
struct hosted {
	struct pools rig;
	struct iomm_alloc_type *type;
	struct mappings before;
};

void open_hosted(struct hosted *h, struct iomm_alloc_desc desc);
/* No mapping is left, and none was ever writable and executable. */
void close_hosted(struct hosted *h);

/* Runs a body in a child, and returns its answer; DIED when it gave none. Tools
 * have ideas of their own about the exit status. */
#define DIED 128
int in_child(int (*body)(void *), void *arg);

/* What a body answers when the system lacks what it is about. */
#define CANNOT 77
/* The body answers 0 in a child, or the system lacks the policy. */
void allowed(const char *policy, int (*body)(void *), void *arg);

/* What a filter refuses from now on, with EPERM; nothing lifts it. */
#define NO_WRITE_EXEC (1u << 0) /* mmap and mprotect to both at once */
#define NO_EXEC_LATER (1u << 1) /* mprotect that adds execution */
#define NO_MEMFD      (1u << 2)
bool forbid(uint32_t what);
/* One system call, whatever it is asked. */
bool forbid_call(long number);

#endif
