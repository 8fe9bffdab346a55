/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A tiny JIT compiler: each request is an expression, for which it makes a
 * function, calls it, and frees it.
 *
 *     jit [--policy NAME] [EXPRESSION X]...
 *
 * Expressions are in postfix notation: "x 2 * 1 +" is 2x + 1. Where code goes
 * is not its business: that is what the policy says, which is data. See
 * policies/, and respond(), where the code gets to.
 */
#include "policies/all_one_pool.h"
#include "policies/huge_text.h"
#include "policies/near_text.h"
#include "policies/strict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MAX 1024
#define WORD_MAX 24

struct jit {
	struct iomm_ctx *ctx;
	struct iomm_allocator *allocator;
	struct iomm_alloc_type *text;
	bool released;
};

static void check(struct jit *jit, int err)
{
	char sentence[512];

	if (err >= 0)
		return;
	if (iomm_error_message(jit->ctx, sentence, sizeof(sentence)) <= 0)
		snprintf(sentence, sizeof(sentence), "%s", iomm_strerror(err));
	fprintf(stderr, "jit: %s\n", sentence);
	exit(1);
}

/* The compiler: words become code that works on the processor's stack. */

struct code {
	const char *expression;
	uint32_t depth; /* values on the stack */
	size_t bytes;
	unsigned char at[CODE_MAX];
};

static void refuse(const struct code *code, const char *what, const char *word)
{
	fprintf(stderr, "jit: \"%s\": %s%s\n", code->expression, what, word);
	exit(1);
}

static void emit(struct code *code, const void *bytes, size_t count)
{
	if (count > sizeof(code->at) - code->bytes)
		refuse(code, "this is too long for one function", "");
	memcpy(code->at + code->bytes, bytes, count);
	code->bytes += count;
}

#if defined(__x86_64__)
#define HAS_COMPILER 1
#define EMIT(...)                                          \
	emit(code, (const unsigned char[]){ __VA_ARGS__ }, \
	     sizeof((const unsigned char[]){ __VA_ARGS__ }))

static void emit_argument(struct code *code)
{
	EMIT(0x57); /* push rdi */
}

static void emit_number(struct code *code, int32_t number)
{
	EMIT(0x68); /* push number */
	emit(code, &number, sizeof(number));
}

static void emit_operator(struct code *code, char operator)
{
	EMIT(0x59, 0x58); /* pop rcx; pop rax */
	if (operator== '+')
		EMIT(0x48, 0x01, 0xc8); /* add rax, rcx */
	else if (operator== '-')
		EMIT(0x48, 0x29, 0xc8); /* sub rax, rcx */
	else
		EMIT(0x48, 0x0f, 0xaf, 0xc1); /* imul rax, rcx */
	EMIT(0x50);			      /* push rax */
}

static void emit_return(struct code *code)
{
	EMIT(0x58, 0xc3); /* pop rax; ret */
}

#elif defined(__aarch64__)
#define HAS_COMPILER 1
#define EMIT(...)                                     \
	emit(code, (const uint32_t[]){ __VA_ARGS__ }, \
	     sizeof((const uint32_t[]){ __VA_ARGS__ }))

static void emit_argument(struct code *code)
{
	EMIT(0xf81f0fe0); /* str x0, [sp, #-16]! */
}

static void emit_number(struct code *code, int32_t number)
{
	EMIT(0xd2800001 | ((uint32_t)number & 0xffff) << 5, /* movz x1 */
	     0xf2a00001 | ((uint32_t)number >> 16) << 5,    /* movk, lsl #16 */
	     0x93407c21,				    /* sxtw x1, w1 */
	     0xf81f0fe1); /* str x1, [sp, #-16]! */
}

static void emit_operator(struct code *code, char operator)
{
	EMIT(0xf84107e2, 0xf84107e1); /* ldr x2, [sp], #16; the same of x1 */
	if (operator== '+')
		EMIT(0x8b020021); /* add x1, x1, x2 */
	else if (operator== '-')
		EMIT(0xcb020021); /* sub x1, x1, x2 */
	else
		EMIT(0x9b027c21); /* mul x1, x1, x2 */
	EMIT(0xf81f0fe1);	  /* str x1, [sp, #-16]! */
}

static void emit_return(struct code *code)
{
	EMIT(0xf84107e0, 0xd65f03c0); /* ldr x0, [sp], #16; ret */
}

#else
#define HAS_COMPILER 0
static void emit_argument(struct code *code)
{
	emit(code, "", 0);
}
static void emit_number(struct code *code, int32_t number)
{
	emit(code, "", number & 0);
}
static void emit_operator(struct code *code, char operator)
{
	emit(code, "", operator& 0);
}
static void emit_return(struct code *code)
{
	emit(code, "", 0);
}
#endif

static void compile_operator(struct code *code, const char *word)
{
	if (code->depth < 2)
		refuse(code, "two values are wanted before ", word);
	emit_operator(code, *word);
	code->depth--;
}

static void compile_number(struct code *code, const char *word)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(word, &end, 10);
	if (*end)
		refuse(code, "neither a number, x, +, - nor *: ", word);
	if (errno || number < INT32_MIN || number > INT32_MAX)
		refuse(code, "more than 32 bits: ", word);
	emit_number(code, (int32_t)number);
	code->depth++;
}

static void compile_word(struct code *code, const char *word)
{
	if (!strcmp(word, "x")) {
		emit_argument(code);
		code->depth++;
	} else if (strlen(word) == 1 && strchr("+-*", *word)) {
		compile_operator(code, word);
	} else {
		compile_number(code, word);
	}
}

static void compile(struct code *code, const char *expression)
{
	const char *at = expression;
	char word[WORD_MAX];
	size_t length;

	*code = (struct code){ .expression = expression };
	for (; *(at += strspn(at, " ")); at += length) {
		length = strcspn(at, " ");
		if (length >= sizeof(word))
			refuse(code, "a word is too long: ", at);
		memcpy(word, at, length);
		word[length] = '\0';
		compile_word(code, word);
	}
	if (code->depth != 1)
		refuse(code, "one value is wanted at the end", "");
	emit_return(code);
}

/* A request: code goes into memory of the type TEXT, wherever and however that
 * is; it is called there, and its place is free again. */
static int64_t respond(struct jit *jit, const struct code *code, int64_t x)
{
	int64_t (*function)(int64_t), result;
	void *place;

	check(jit, iomm_alloc_type_alloc(jit->text, code->bytes, &place));
	check(jit,
	      iomm_alloc_type_fill(jit->text, place, code->at, code->bytes));
	memcpy(&function, &place, sizeof(function));
	result = function(x);
	check(jit, iomm_alloc_type_free(jit->text, place));
	return result;
}

/* What policy, and what came of it */

static const struct {
	const char *name, *what;
	const struct iomm_alloc_desc *types;
	uint32_t count;
} policies[] = {
#define POLICY(array, what)                                         \
	{                                                           \
#array, what, array, sizeof(array) / sizeof(*array) \
	}
	POLICY(strict, "code is not writable where it runs, at random places"),
	POLICY(huge_text, "code shares large pages"),
	{ "near_text", "code is within 2 GiB of this program", NULL, 0 },
	POLICY(all_one_pool, "legacy: memory is writable and executable"),
};

static void open_allocator(struct jit *jit, const char *name)
{
	const struct iomm_alloc_desc near[] =
		NEAR_TEXT((uintptr_t)policies, REACH_X86_64);
	struct iomm_allocator_config config = { .size = sizeof(config),
						.type_stride = sizeof(*near) };
	size_t n = 0;

	while (strcmp(policies[n].name, name)) {
		if (++n < sizeof(policies) / sizeof(*policies))
			continue;
		fprintf(stderr,
			"jit: there is no policy %s: take strict, huge_text, "
			"near_text or all_one_pool\n",
			name);
		exit(2);
	}
	config.types = policies[n].types ? policies[n].types : near;
	config.type_count = policies[n].count ? policies[n].count
					      : sizeof(near) / sizeof(*near);
	check(jit, iomm_allocator_create(jit->ctx, &config, NULL, NULL, NULL,
					 &jit->allocator));
	check(jit,
	      iomm_allocator_type(jit->allocator, IOMM_ALLOC_TEXT, &jit->text));
	printf("policy %s: %s\n", name, policies[n].what);
}

static void report(struct jit *jit, uint32_t requests)
{
	struct iomm_allocator_info info = { .size = sizeof(info) };
	struct iomm_alloc_stats stats = { .size = sizeof(stats) };

	check(jit, iomm_allocator_info(jit->allocator, &info));
	check(jit, iomm_alloc_type_stats(jit->text, &stats));
	printf("%" PRIu32 " functions made, called and freed in %" PRIu64
	       " KiB of memory (%" PRIu64 " KiB in large pages)\n",
	       requests, stats.granted >> 10, stats.huge >> 10);
	printf("what cannot be written where it runs is written %s\n",
	       info.flags & IOMM_ALLOCATOR_ALIAS
		       ? "through a second mapping"
		       : "while it is not executable");
}

static uint32_t serve_all(struct jit *jit, char **requests)
{
	struct code code;
	int64_t x, y;
	char *end;
	uint32_t n;

	for (n = 0; requests[0]; requests += 2, n++) {
		compile(&code, requests[0]);
		errno = 0;
		x = strtoll(requests[1], &end, 10);
		if (errno || *end || end == requests[1])
			refuse(&code, "x is no number: ", requests[1]);
		y = respond(jit, &code, x);
		printf("%20s  at x = %-4" PRId64 " is %-6" PRId64
		       " (%zu bytes of code)\n",
		       requests[0], x, y, code.bytes);
	}
	return n;
}

/* As a server would: the same again and again. */
static uint32_t serve_many(struct jit *jit)
{
	struct code code;
	uint32_t n;

	compile(&code, "x x * 1 +");
	for (n = 0; n < 10000; n++) {
		if (respond(jit, &code, n) == (int64_t)n * n + 1)
			continue;
		fprintf(stderr, "jit: wrong at x = %" PRIu32 "\n", n);
		exit(1);
	}
	return n;
}

static void on_released(void *data, uint32_t live_handles)
{
	struct jit *jit = data;

	jit->released = true;
	printf("live handles: %" PRIu32 "\n", live_handles);
}

static void make_context(struct jit *jit)
{
	static const struct iomm_ctx_events events = {
		.size = sizeof(events), .released = on_released
	};
	const struct iomm_ctx_config config = { .size = sizeof(config),
						.events = &events,
						.events_data = jit };

	check(jit, iomm_ctx_create(&config, &jit->ctx));
}

int main(int argc, char **argv)
{
	static char *const some[] = { "x 2 * 1 +", "20",    "x x * x - 41 +",
				      "7",	   "1 x -", "42",
				      NULL };
	char **requests = argc > 1 ? argv + 1 : (char **)some;
	struct jit jit = { 0 };
	const char *policy = "strict";
	uint32_t served;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2 && !strcmp(argv[1], "--policy")) {
		policy = argv[2];
		requests = argc > 3 ? argv + 3 : (char **)some;
	}
	if (argc > 1 && (*requests[0] == '-' || argc % 2 == 0)) {
		fprintf(stderr, "usage: jit [--policy NAME] [EXPRESSION X]...\n"
				"such as: jit 'x 2 * 1 +' 20\n");
		return 2;
	}
	make_context(&jit);
	if (HAS_COMPILER) {
		open_allocator(&jit, policy);
		served = serve_all(&jit, requests) + serve_many(&jit);
		report(&jit, served);
	} else {
		printf("this JIT compiler knows x86-64 and arm64, and not this "
		       "processor\n");
	}
	iomm_alloc_type_put(jit.text);
	iomm_allocator_put(jit.allocator);
	iomm_ctx_put(jit.ctx);
	return !jit.released;
}
