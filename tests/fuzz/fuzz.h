/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the fuzz targets share: reading the input, and a context that tells at
 * its end whether anything was lost. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <iomm/iomm.h>

/* A target compiled with FUZZ_PLANTED has one mistake in it, for the proof that
 * such a mistake is found. */
#ifndef FUZZ_PLANTED
#define FUZZ_PLANTED 0
#endif

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* libFuzzer calls these. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room,
			       unsigned int seed);
/* And this is libFuzzer's. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);

/* For a target's books: their loops are long, and tell libFuzzer nothing. */
#define UNTRACED __attribute__((noinline, no_sanitize("coverage")))

/* Ends the process when the condition does not hold. */
#define REQUIRE(condition) \
	((condition) ? (void)0 : fuzz_broken(#condition, __func__))
_Noreturn void fuzz_broken(const char *what, const char *where);

/* What is left of the input. */
struct input {
	const uint8_t *at;
	size_t left;
};

/* The next bytes as a number, little-endian; zeroes behind the end. */
uint64_t take(struct input *in, uint32_t bytes);
static inline uint8_t take8(struct input *in)
{
	return (uint8_t)take(in, 1);
}
static inline uint16_t take16(struct input *in)
{
	return (uint16_t)take(in, 2);
}
/* The next bytes; zeroes behind the end. */
void take_bytes(struct input *in, void *to, size_t bytes);

/* A context of the hosted platform that logs nothing. */
struct world {
	struct iomm_ctx *ctx;
	uint32_t released;
	uint32_t lost;
	/* Data that the library was handed with release_world(). */
	uint32_t handed, given_back;
};

void world_begin(struct world *w);
/* Closes and puts it; nothing may be left, and what was handed over was released
 * once each time. */
void world_end(struct world *w);
/* A release function for data that begins with its world. */
void release_world(void *data);

/* A call's result is 0 or one of the errors that there are; for the latter, its
 * sentence is asked for. */
int checked(struct world *w, int result);

/* Looks a device up in firmware, twice, and holds what is said to the rules of
 * iomm/fwspec.h. Returns how many IOMMUs it has; 0 when it is refused. */
uint32_t look_up(struct world *w, struct iomm_firmware *firmware, uint64_t node,
		 const uint64_t *inputs, uint32_t nr_inputs);

/* malloc() that cannot fail. */
void *allocate(size_t bytes);

/* A driver that takes everything. */
struct mock {
	uint32_t devices, domains, released;
	/* What a domain is made with; NULL: an arm64-s1 of the defaults. */
	const struct iomm_domain_setup *setup;
};
extern const struct iomm_iommu_ops mock_ops;
void mock_release(void *data);

#endif
