/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The four functions that even a freestanding compiler expects to exist; a
 * freestanding build need not have <string.h>. */
#ifndef IOMM_BASE_MEM_H
#define IOMM_BASE_MEM_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
void *memset(void *dst, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif
