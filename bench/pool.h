/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory for tables, the same for both sides: one piece, touched beforehand,
 * so that neither page faults nor two different allocators are measured.
 * Blocks are powers of two from 64 bytes, aligned to their size. One thread.
 */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Ends the program when there is no memory. A further call does nothing. */
void pool_setup(size_t bytes);

/* Zeroed, or NULL when the pool is empty. */
void *pool_take(size_t bytes);
/* The same as it was given back. */
void *pool_take_raw(size_t bytes);
void pool_give(void *block, size_t bytes);

/* Blocks that were taken and not given back. */
uint64_t pool_out(void);
/* Where the pool begins; aligned to 2 MiB. */
char *pool_base(void);

#endif
