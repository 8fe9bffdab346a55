/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A loader of modules: takes a relocatable file, as `cc -c -fpie` makes it, puts
 * each section into memory for what it is, runs its init, seals what init has
 * set up, frees what was for init only, and runs it.
 *
 *     loader [--dry-run] FILE.o
 *
 * With --dry-run it is placed and relocated, but not run: of another machine,
 * for instance. Read live() first; module/crc.c is such a module.
 */
#include "loader.h"

#include "../policies/near_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_NONE
#endif

/* The parts refer to each other, so they are within half the reach of what they
 * call; and the shorter reach of the two machines does for both. */
#define DISTANCE (REACH_ARM64 / 2)

bool fail(struct module *m, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(m->why, sizeof(m->why), format, values);
	va_end(values);
	return false;
}

bool fail_below(struct module *m, const char *what)
{
	char sentence[256];

	if (iomm_error_message(m->ctx, sentence, sizeof(sentence)) <= 0)
		return fail(m, "%s", what);
	return fail(m, "%s: %s", what, sentence);
}

/* What modules may call. */

/* Where a function of any machine could be: with --dry-run a module of another
 * one is placed, and calls it. */
__attribute__((aligned(16))) static void
host_say_number(const char *what, uint32_t number)
{
	printf("  %s: %" PRIu32 "\n", what, number);
}

static const struct host_symbol *host_symbols(void)
{
	static struct host_symbol host[2];

	host[0].name = "host_say_number";
	host[0].address = (uintptr_t)host_say_number;
	return host;
}

/* What became of the parts */

static const char *const type_names[PARTS + 1] = {
	"",	     "text",	  "data",	 "rodata", "ro after init",
	"init text", "init data", "init rodata",
};

static void say_parts(struct module *m, struct iomm_allocator *allocator)
{
	struct iomm_allocation found = { .size = sizeof(found) };
	struct part *part;

	for (part = m->parts; part < m->parts + PARTS; part++) {
		if (!part->place ||
		    iomm_allocator_find(allocator, part->place, &found))
			continue;
		printf("  %-14s %5" PRIu64 " bytes, %c%c%c\n",
		       type_names[part->type], part->bytes,
		       found.prot & IOMM_ALLOC_READ ? 'r' : '-',
		       found.prot & IOMM_ALLOC_WRITE ? 'w' : '-',
		       found.prot & IOMM_ALLOC_EXEC ? 'x' : '-');
	}
}

/* The life of a module */

/* A function of the module: its address becomes a pointer of the kind that
 * `function` points to. False: there is none. */
static bool get_function(struct module *m, const char *name, void *function)
{
	uint64_t address = find_function(m, name);
	uintptr_t pointer = (uintptr_t)address;

	memcpy(function, &pointer, sizeof(pointer));
	return address != 0;
}

static bool run_init(struct module *m)
{
	int (*init)(void);
	int result;

	if (!get_function(m, "init_module", &init))
		return fail(m, "it has no init_module");
	result = init();
	return !result || fail(m, "its init_module answers %d", result);
}

static bool seal_and_trim(struct module *m)
{
	struct part *sealed = &m->parts[IOMM_ALLOC_RODATA_AFTER_INIT - 1];
	uint32_t type;

	if (sealed->place &&
	    iomm_alloc_type_seal(sealed->handle, sealed->place))
		return fail_below(m, "it cannot be sealed");
	for (type = IOMM_ALLOC_INITTEXT; type <= IOMM_ALLOC_INITRODATA;
	     type++) {
		if (!free_part(m, &m->parts[type - 1]))
			return false;
	}
	return true;
}

static bool run_it(struct module *m)
{
	uint32_t (*run)(const char *);
	void (*leave)(void);

	if (!get_function(m, "run_module", &run))
		return fail(m, "it has no run_module");
	printf("  it answers %08" PRIx32 "\n", run("123456789"));
	printf("  and again %08" PRIx32 "\n", run("hello"));
	if (get_function(m, "exit_module", &leave))
		leave();
	return true;
}

static bool
live(struct module *m, struct iomm_allocator *allocator, bool dry_run)
{
	if (!read_module(m) || !place_module(m, allocator) ||
	    !relocate_module(m, host_symbols()) || !fill_module(m))
		return false;
	free_images(m);
	printf("%s is placed:\n", m->file);
	say_parts(m, allocator);
	if (dry_run)
		return true;
	if (m->machine != MACHINE)
		return fail(m, "it is for another machine: --dry-run places "
			       "it without running it");
	printf("its init runs:\n");
	if (!run_init(m) || !seal_and_trim(m))
		return false;
	printf("what is left, sealed:\n");
	say_parts(m, allocator);
	printf("it runs:\n");
	return run_it(m);
}

/* However far it got. */
static bool unload(struct module *m)
{
	struct part *part;
	bool ok = true;

	for (part = m->parts; part < m->parts + PARTS; part++) {
		if (!free_part(m, part))
			ok = false;
		iomm_alloc_type_put(part->handle);
	}
	free_images(m);
	elf_end(m->elf);
	free(m->sections);
	free(m->bytes);
	return ok;
}

static bool load(struct module *m, bool dry_run)
{
	const struct iomm_alloc_desc types[] =
		NEAR_TEXT((uintptr_t)host_say_number, DISTANCE);
	const struct iomm_allocator_config config = {
		.size = sizeof(config),
		.type_count = sizeof(types) / sizeof(*types),
		.type_stride = sizeof(*types),
		.types = types,
	};
	struct iomm_allocator *allocator;
	bool ok;

	if (iomm_allocator_create(m->ctx, &config, NULL, NULL, NULL,
				  &allocator))
		return fail_below(m, "there is no memory for modules");
	ok = live(m, allocator, dry_run);
	if (!unload(m))
		ok = false;
	iomm_allocator_put(allocator);
	return ok;
}

static void on_released(void *released, uint32_t live_handles)
{
	*(bool *)released = true;
	printf("live handles: %" PRIu32 "\n", live_handles);
}

int main(int argc, char **argv)
{
	bool dry_run = argc > 1 && !strcmp(argv[1], "--dry-run");
	struct module m = { .file = argv[dry_run ? 2 : 1] };
	bool released = false, ok;
	const struct iomm_ctx_events events = { .size = sizeof(events),
						.released = on_released };
	const struct iomm_ctx_config config = { .size = sizeof(config),
						.events = &events,
						.events_data = &released };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != (dry_run ? 3 : 2) || *m.file == '-') {
		fprintf(stderr, "usage: loader [--dry-run] FILE.o\n");
		return 2;
	}
	elf_version(EV_CURRENT);
	if (iomm_ctx_create(&config, &m.ctx)) {
		fprintf(stderr, "loader: no context\n");
		return 1;
	}
	ok = MACHINE == EM_NONE;
	if (ok)
		printf("this loader knows x86-64 and arm64, and not this "
		       "processor\n");
	else
		ok = load(&m, dry_run);
	iomm_ctx_put(m.ctx);
	if (!ok)
		fprintf(stderr, "loader: %s: %s\n", m.file, m.why);
	return ok && released ? 0 : 1;
}
