/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Rendering of sentences without libc. A sentence is an array of 64-bit
 * values: the format string first, then its arguments.
 *
 *   %u  unsigned decimal      %x  hexadecimal with 0x
 *   %s  string                %k  bytes, as "4 KiB" where that is exact
 */
#ifndef IOMM_BASE_TEXT_H
#define IOMM_BASE_TEXT_H

#include <stdint.h>

#define IOMM_TEXT_ARGS 8u

/* The values of a sentence, from a format and its arguments. */
#define IOMM_TEXT(...) \
	((const uint64_t[IOMM_TEXT_ARGS + 1]){ (uintptr_t)__VA_ARGS__ })

/* A string among the arguments. */
#define IOMM_STR(s) ((uint64_t)(uintptr_t)(s))

/* Renders into buf, cut and terminated; returns the whole length. */
uint32_t iomm_text_render(char *buf, uint64_t len, const uint64_t *text);

/* Length of a string, and comparison, for want of libc's. */
uint32_t iomm_strlen(const char *s);
int iomm_strcmp(const char *a, const char *b);
int iomm_streq(const char *a, const char *b);

/* Copies out a string under the rule for strings: cut, always terminated when
 * len is not 0; returns the whole length. */
int iomm_copy_string(char *buf, uint64_t len, const char *s);

#endif
