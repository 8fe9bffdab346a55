/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the parts of the loader share. A module is read (read.c), placed by what
 * its sections are for (place.c), relocated for where that is (relocate.c), and
 * then it lives (main.c).
 *
 * What can fail answers false, and leaves a sentence in module->why.
 */
#ifndef LOADER_H
#define LOADER_H

#include <iomm/iomm.h>
#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>

/* Sections of one type are one part of the layout. */
enum {
	PARTS = IOMM_ALLOC_INITRODATA
};

struct part {
	uint32_t type;
	uint64_t bytes, align;
	unsigned char *image;		/* what is put there */
	uint64_t address;		/* of the first section */
	void *place;			/* as it was allocated; NULL: not */
	struct iomm_alloc_type *handle; /* to its type */
};

struct section {
	const char *name;
	uint64_t bytes;
	struct part *part; /* NULL: not loaded */
	uint64_t offset;   /* in the part */
};

/* A name, and where it is. */
struct host_symbol {
	const char *name;
	uint64_t address;
};

struct module {
	struct iomm_ctx *ctx;
	const char *file;
	char why[512];

	unsigned char *bytes; /* the file's */
	size_t size;
	Elf *elf;
	uint16_t machine;

	struct section *sections;
	size_t nr_sections;
	struct part parts[PARTS];

	Elf_Data *symbols;
	size_t strings; /* the section with their names */
	size_t nr_symbols;
};

bool fail(struct module *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* With what the library has to say. */
bool fail_below(struct module *m, const char *what);

/* read.c */
bool read_module(struct module *m);
/* The contents of a section: NULL, with a sentence. */
Elf_Data *section_data(struct module *m, Elf_Scn *scn, const char *name);
bool get_symbol(struct module *m, size_t index, Elf64_Sym *symbol,
		const char **name);

/* place.c: is memory of a type run? */
bool is_code(uint32_t type);
/* Makes a part for each type that there is, and allocates all. */
bool place_module(struct module *m, struct iomm_allocator *allocator);
bool fill_module(struct module *m);
bool free_part(struct module *m, struct part *part);
void free_images(struct module *m);

/* relocate.c: in the images. */
bool relocate_module(struct module *m, const struct host_symbol *host);
/* The address of a function of the module's that is there; 0: it is not. */
uint64_t find_function(struct module *m, const char *name);

/* patch.c: one relocation. NULL, or what is wrong with it. */
const char *patch(uint16_t machine, uint32_t type, unsigned char *at,
		  uint64_t room, uint64_t place, uint64_t target);

#endif
