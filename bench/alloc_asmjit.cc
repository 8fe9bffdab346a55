/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* asmjit's JitAllocator: mapped twice, and what is freed is filled with traps. */
#include "alloc.h"

#include <cstring>

#include <asmjit/core/jitallocator.h>

static void *open_asmjit()
{
	asmjit::JitAllocator::CreateParams params{};

	params.options = asmjit::JitAllocatorOptions::kUseDualMapping |
			 asmjit::JitAllocatorOptions::kFillUnusedMemory;
	return new asmjit::JitAllocator(&params);
}

static void *put(void *state, const void *source, uint32_t bytes)
{
	auto *allocator = static_cast<asmjit::JitAllocator *>(state);
	void *at, *writable;

	bench_check(!allocator->alloc(&at, &writable, bytes),
		    "asmjit's alloc failed");
	memcpy(writable, source, bytes);
	return at;
}

/* It has no other types: all of a module is where code is. */
static void load(void *state, const void *source, const uint32_t bytes[PARTS],
		 void *at[PARTS])
{
	for (uint32_t i = 0; i < PARTS; i++)
		at[i] = put(state, source, bytes[i]);
}

static void drop(void *state, uint32_t, void *at, uint32_t)
{
	auto *allocator = static_cast<asmjit::JitAllocator *>(state);

	bench_check(!allocator->release(at), "asmjit's release failed");
}

static void close_asmjit(void *state)
{
	delete static_cast<asmjit::JitAllocator *>(state);
}

const struct alloc_way alloc_asmjit = {
	open_asmjit, put, load, drop, close_asmjit,
};
