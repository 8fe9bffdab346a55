/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Structs of the input's, for the targets that hand them over: every field, the
 * size, and a tail that this version does not know. A struct lies in memory of
 * exactly its size, so that ASan sees who reads on. Pointers come from small
 * tables, since any other would be no fault of the library's.
 */
#ifndef FUZZ_STRUCTS_H
#define FUZZ_STRUCTS_H

#include "fuzz/fuzz.h"

/* A field of pointers, and what it may point to. */
struct slot {
	uint32_t offset;
	const void *const *choice;
	uint32_t choices;
};

static inline uint32_t max_size(uint32_t ver0, uint8_t how)
{
	/* The size as it is, a few bytes less or more, and anything. */
	switch (how % 8) {
	case 0 ... 3:
		return ver0;
	case 4:
		return ver0 + 1 + how / 8;
	case 5:
		return ver0 > how / 8u + 4 ? ver0 - how / 8u : 4;
	default:
		return 4 + how;
	}
}

/* A struct of the input's, on the heap, to be freed. */
static inline void *take_struct(struct input *in, uint32_t ver0,
				const struct slot *slots, uint32_t nr_slots)
{
	uint32_t size = max_size(ver0, take8(in)), n;
	uint8_t tail = take8(in);
	unsigned char *s = allocate(size);
	const void *chosen;

	take_bytes(in, s, size < ver0 ? size : ver0);
	/* Zeroes behind what is known are as good as nothing. */
	if (size > ver0)
		memset(s + ver0, tail & 1 ? tail : 0, size - ver0);
	memcpy(s, &size, sizeof(size));
	for (n = 0; n < nr_slots; n++) {
		if (slots[n].offset + sizeof(chosen) > size)
			continue;
		chosen = slots[n].choice[take8(in) % slots[n].choices];
		memcpy(s + slots[n].offset, &chosen, sizeof(chosen));
	}
	/* The planted mistake: a caller that says more than there is. */
	if (FUZZ_PLANTED && size > ver0)
		s = realloc(s, size - 1);
	return s;
}

/* A struct to be filled; `before` is a copy of it as it is now. */
struct out {
	unsigned char *s, *before;
	uint32_t size, ver0;
};

static inline struct out take_out(struct input *in, uint32_t ver0)
{
	struct out out = { .ver0 = ver0 };

	out.s = take_struct(in, ver0, NULL, 0);
	memcpy(&out.size, out.s, sizeof(out.size));
	out.before = allocate(out.size);
	memcpy(out.before, out.s, out.size);
	return out;
}

/* The rules of out structs, after a call that answered `err`. */
static inline void check_out(struct world *w, struct out *out, int err)
{
	uint32_t known, n;

	(void)checked(w, err);
	REQUIRE(err <= 0);
	if (out->size < out->ver0)
		REQUIRE(err < 0);
	if (err) {
		REQUIRE(!memcmp(out->s, out->before, out->size));
	} else {
		memcpy(&known, out->s, sizeof(known));
		REQUIRE(known >= out->ver0);
		for (n = known; n < out->size; n++)
			REQUIRE(!out->s[n]);
	}
	free(out->s);
	free(out->before);
}

/* A function pointer is NULL or the right one. */
#define FN(type, field, pair)                    \
	{                                        \
		offsetof(type, field), (pair), 2 \
	}

#endif
