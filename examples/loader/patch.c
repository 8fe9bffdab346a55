/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The common relocations of code that is compiled with -fpie: "System V
 * Application Binary Interface, AMD64 Architecture Processor Supplement",
 * section 4.4.1, and "ELF for the Arm 64-bit Architecture", section 5.7.
 *
 * They are data, so code of either machine can be placed on both.
 */
#include "loader.h"

#include <string.h>

static const char unknown[] = "this loader does not know this kind";
static const char too_far[] =
	"what it refers to is too far away: a policy with a distance helps";
static const char cut_short[] = "it goes beyond the end of the section";

/* What is stored, and how. */
enum form {
	NOTHING,
	WORD64,
	WORD32,	    /* either sign, as the reader likes */
	UNSIGNED32, /* extended with zeroes */
	SIGNED32,   /* extended with its sign */
	BRANCH26,   /* arm64: in words */
	PAGE21,	    /* arm64: ADRP */
	LOW12	    /* arm64: ADD, loads and stores; scaled */
};

struct kind {
	uint32_t type;
	enum form form;
	bool relative; /* to its place */
	unsigned int scale;
};

static const struct kind x86_64[] = {
	{ R_X86_64_64, WORD64, false, 0 },
	{ R_X86_64_PC64, WORD64, true, 0 },
	{ R_X86_64_32, UNSIGNED32, false, 0 },
	{ R_X86_64_32S, SIGNED32, false, 0 },
	{ R_X86_64_PC32, SIGNED32, true, 0 },
	{ R_X86_64_PLT32, SIGNED32, true, 0 },
	{ R_X86_64_NONE, NOTHING, false, 0 },
};

static const struct kind arm64[] = {
	{ R_AARCH64_ABS64, WORD64, false, 0 },
	{ R_AARCH64_PREL64, WORD64, true, 0 },
	{ R_AARCH64_ABS32, WORD32, false, 0 },
	{ R_AARCH64_PREL32, SIGNED32, true, 0 },
	{ R_AARCH64_CALL26, BRANCH26, true, 0 },
	{ R_AARCH64_JUMP26, BRANCH26, true, 0 },
	{ R_AARCH64_ADR_PREL_PG_HI21, PAGE21, true, 0 },
	{ R_AARCH64_ADD_ABS_LO12_NC, LOW12, false, 0 },
	{ R_AARCH64_LDST8_ABS_LO12_NC, LOW12, false, 0 },
	{ R_AARCH64_LDST16_ABS_LO12_NC, LOW12, false, 1 },
	{ R_AARCH64_LDST32_ABS_LO12_NC, LOW12, false, 2 },
	{ R_AARCH64_LDST64_ABS_LO12_NC, LOW12, false, 3 },
	{ R_AARCH64_LDST128_ABS_LO12_NC, LOW12, false, 4 },
};

static const struct kind *find_kind(uint16_t machine, uint32_t type)
{
	const struct kind *kind = machine == EM_X86_64 ? x86_64 : arm64;
	size_t count = machine == EM_X86_64 ? sizeof(x86_64) / sizeof(*x86_64)
					    : sizeof(arm64) / sizeof(*arm64);

	for (; count--; kind++) {
		if (kind->type == type)
			return kind;
	}
	return NULL;
}

/* Does a number have no more bits than that, one of them its sign? */
static bool fits(int64_t number, unsigned int bits)
{
	int64_t top = INT64_C(1) << (bits - 1);

	return number >= -top && number < top;
}

static const char *store32(unsigned char *at, uint64_t value, bool ok)
{
	uint32_t word = (uint32_t)value;

	if (!ok)
		return too_far;
	memcpy(at, &word, sizeof(word));
	return NULL;
}

/* Puts a field into an instruction. */
static const char *
insert(unsigned char *at, uint64_t value, unsigned int bits, unsigned int shift)
{
	uint32_t mask = (UINT32_C(1) << bits) - 1, word;

	memcpy(&word, at, sizeof(word));
	word = (word & ~(mask << shift)) | ((uint32_t)value & mask) << shift;
	memcpy(at, &word, sizeof(word));
	return NULL;
}

/* ADRP counts pages, and keeps the low two bits of the count apart. */
static const char *
insert_page(unsigned char *at, uint64_t place, uint64_t target)
{
	int64_t pages = (int64_t)((target & ~UINT64_C(0xfff)) -
				  (place & ~UINT64_C(0xfff))) /
			4096;

	if (!fits(pages, 21))
		return too_far;
	(void)insert(at, (uint64_t)pages & 3, 2, 29);
	return insert(at, (uint64_t)pages >> 2, 19, 5);
}

static const char *insert_branch(unsigned char *at, int64_t distance)
{
	if (distance & 3)
		return "it jumps into the middle of an instruction";
	if (!fits(distance, 28))
		return too_far;
	return insert(at, (uint64_t)distance >> 2, 26, 0);
}

static const char *
insert_low(unsigned char *at, uint64_t target, unsigned int scale)
{
	if (target & ((UINT64_C(1) << scale) - 1))
		return "what it refers to is not aligned";
	return insert(at, (target & 0xfff) >> scale, 12, 10);
}

const char *patch(uint16_t machine, uint32_t type, unsigned char *at,
		  uint64_t room, uint64_t place, uint64_t target)
{
	const struct kind *kind = find_kind(machine, type);
	uint64_t value;

	if (!kind)
		return unknown;
	if (room < (kind->form == WORD64 ? 8u : 4u))
		return cut_short;
	value = kind->relative ? target - place : target;
	switch (kind->form) {
	case NOTHING:
		return NULL;
	case WORD64:
		memcpy(at, &value, sizeof(value));
		return NULL;
	case WORD32:
		return store32(at, value,
			       value <= UINT32_MAX || fits((int64_t)value, 32));
	case UNSIGNED32:
		return store32(at, value, value <= UINT32_MAX);
	case SIGNED32:
		return store32(at, value, fits((int64_t)value, 32));
	case BRANCH26:
		return insert_branch(at, (int64_t)value);
	case PAGE21:
		return insert_page(at, place, target);
	case LOW12:
		return insert_low(at, target, kind->scale);
	}
	return unknown;
}
