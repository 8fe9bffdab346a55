/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The backend of Linux's user space.
 *
 * Memory that is not to be written where it is used is a piece of a memfd that
 * is mapped twice. A region is a stretch of address space, for each of the two
 * mappings, and the file for it; grants are cut from it side by side, at the
 * same offset in both and in the file, so that the kernel sees them as one
 * mapping each. What is not granted is reserved, and inaccessible.
 */
#ifndef IOMM_ALLOC_HOSTED_H
#define IOMM_ALLOC_HOSTED_H

#include "alloc/allocator.h"

#include <pthread.h>

struct iomm_region {
	struct iomm_region *next;
	char *base, *alias;   /* alias NULL: there is no file either */
	uint64_t bytes, step; /* grants are multiples of step */
	uint64_t first, last; /* the bounds that it was made for */
	uint64_t file_bytes;  /* as far as it goes now */
	uint32_t type;	      /* 0: for any */
	int fd;		      /* -1: memory without a file */
	bool huge;	      /* a file of huge pages */
	bool single;	      /* one grant, and no other */
	char *whole;	      /* with guards, whose bytes are in `skirt` */
	uint64_t skirt;
	uint32_t steps, used;
	uint64_t taken[]; /* a bit for each step */
};

struct iomm_hosted {
	struct iomm_ctx *ctx;
	pthread_mutex_t lock;
	uint64_t page, huge;
	uint32_t *alive; /* a page that is wiped on fork; NULL: cannot be had */
	bool has_alias;
	bool no_hugetlb; /* was tried, and there are none */
	struct iomm_region *regions;
};

/* Is this a child of the process that it belongs to? */
static inline bool iomm_hosted_is_dead(const struct iomm_hosted *hosted)
{
	return hosted->alive && !*(const volatile uint32_t *)hosted->alive;
}

/* A file for mapping twice, of huge pages on request; negative IOMM_E*. */
int iomm_hosted_file(bool huge);

/* PROT_* for IOMM_ALLOC_*. */
int iomm_hosted_prot(uint32_t prot);

/* The error that a system call left, as one of the library's. */
int iomm_hosted_error(void);

/*
 * Reserves between `least` and `most` bytes, multiples of `align`, between the
 * bounds; `skirt` bytes on either side are reserved too, and not counted.
 * ENOSPC: there is no room. Writes the address of the bytes, and how many.
 */
struct iomm_gap {
	uint64_t first, last, align, skirt, least, most;
	bool random;
};
int iomm_hosted_reserve(const struct iomm_gap *gap, char **address,
			uint64_t *bytes);

/* The hooks. */
int iomm_hosted_map(void *data, struct iomm_alloc_grant *grant);
int iomm_hosted_unmap(void *data, const struct iomm_alloc_grant *grant);

/* Gives all regions back. */
void iomm_hosted_drop(struct iomm_hosted *hosted);

#endif
