/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A module for the loader: checksums, with a table that is made when the module
 * starts and that nobody changes afterwards.
 *
 * It has no C library. What it needs of the loader it declares, and the loader
 * looks for init_module, run_module and, if there is one, exit_module.
 */
#include <stdint.h>

void host_say_number(const char *what, uint32_t number);

int init_module(void);
uint32_t run_module(const char *text);
void exit_module(void);

#define INIT	      __attribute__((section(".init.text")))
#define INIT_DATA     __attribute__((section(".init.data")))
#define INIT_RODATA   __attribute__((section(".init.rodata")))
#define RO_AFTER_INIT __attribute__((section(".ro_after_init")))

/* .ro_after_init: written by init, sealed behind it. */
static uint32_t table[256] RO_AFTER_INIT = { 1 };

/* .init.rodata and .init.data: gone when init is done. */
static const char made[] INIT_RODATA = "module: init made a table, entries";
static uint32_t entries INIT_DATA = 1;

/* .data, .bss, and pointers that nobody changes. */
static uint32_t seed = 0xffffffff;
static uint32_t runs;
static const char *const sayings[] = { "module: a run with so many bytes",
				       "module: another, bytes" };

/* .init.text */
INIT int init_module(void)
{
	uint32_t n, bit, value;

	for (n = 0; n < 256; n++, entries++) {
		value = n;
		for (bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? 0xedb88320 : 0);
		table[n] = value;
	}
	host_say_number(made, entries - 1);
	return 0;
}

/* .text */
uint32_t run_module(const char *text)
{
	uint32_t sum = seed, bytes = 0;

	for (; *text; text++, bytes++)
		sum = sum >> 8 ^ table[(sum ^ (unsigned char)*text) & 255];
	host_say_number(sayings[runs++ > 0], bytes);
	return ~sum;
}

void exit_module(void)
{
	host_say_number("module: goodbye, runs", runs);
}
