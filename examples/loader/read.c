/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading the file. libelf looks after what is out of bounds in it; what makes
 * no sense for a module is looked after here. */
#include "loader.h"

#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (64u << 20)

static bool elf_failed(struct module *m, const char *what)
{
	return fail(m, "%s: %s", what, elf_errmsg(-1));
}

static bool read_file(struct module *m)
{
	FILE *file = fopen(m->file, "rb");
	long size;
	bool ok;

	if (!file)
		return fail(m, "%s", strerror(errno));
	if (fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 ||
	    fseek(file, 0, SEEK_SET)) {
		fclose(file);
		return fail(m, "this is not a file that can be read");
	}
	if (!size || size > FILE_MAX) {
		fclose(file);
		return fail(m, "the file has %ld bytes: a module has up to %u",
			    size, FILE_MAX);
	}
	m->size = (size_t)size;
	m->bytes = malloc(m->size);
	ok = m->bytes && fread(m->bytes, 1, m->size, file) == m->size;
	fclose(file);
	return ok || fail(m, "cannot read all of it");
}

static bool check_header(struct module *m)
{
	GElf_Ehdr header;

	if (elf_kind(m->elf) != ELF_K_ELF)
		return fail(m, "this is no ELF file");
	if (!gelf_getehdr(m->elf, &header))
		return elf_failed(m, "its header cannot be read");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB)
		return fail(m, "a module is 64-bit and little-endian");
	if (header.e_type != ET_REL)
		return fail(m, "this is no relocatable file: its type is %u",
			    header.e_type);
	if (header.e_machine != EM_X86_64 && header.e_machine != EM_AARCH64)
		return fail(m,
			    "its machine is %u, and neither x86-64 nor arm64",
			    header.e_machine);
	m->machine = header.e_machine;
	return true;
}

Elf_Data *section_data(struct module *m, Elf_Scn *scn, const char *name)
{
	Elf_Data *data = elf_getdata(scn, NULL);

	if (!data) {
		fail(m, "section %s cannot be read: %s", name, elf_errmsg(-1));
		return NULL;
	}
	return data;
}

static bool
read_symbol_table(struct module *m, Elf_Scn *scn, const GElf_Shdr *header)
{
	if (m->symbols)
		return fail(m, "there are two symbol tables");
	m->symbols = section_data(m, scn, "of symbols");
	if (!m->symbols)
		return false;
	m->strings = header->sh_link;
	m->nr_symbols = m->symbols->d_size / sizeof(Elf64_Sym);
	return true;
}

static bool read_section(struct module *m, Elf_Scn *scn, size_t names)
{
	struct section *section = &m->sections[elf_ndxscn(scn)];
	GElf_Shdr header;

	if (!gelf_getshdr(scn, &header))
		return elf_failed(m, "a section cannot be read");
	section->name = elf_strptr(m->elf, names, header.sh_name);
	if (!section->name)
		return elf_failed(m, "a section has no name");
	section->bytes = header.sh_size;
	return header.sh_type == SHT_SYMTAB ? read_symbol_table(m, scn, &header)
					    : true;
}

bool read_module(struct module *m)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (!read_file(m))
		return false;
	m->elf = elf_memory((char *)m->bytes, m->size);
	if (!m->elf)
		return elf_failed(m, "this is no ELF file");
	if (!check_header(m))
		return false;
	if (elf_getshdrnum(m->elf, &m->nr_sections) ||
	    elf_getshdrstrndx(m->elf, &names))
		return elf_failed(m, "its sections cannot be read");
	m->sections = calloc(m->nr_sections + 1, sizeof(*m->sections));
	if (!m->sections)
		return fail(m, "no memory for %zu sections", m->nr_sections);
	while ((scn = elf_nextscn(m->elf, scn))) {
		if (!read_section(m, scn, names))
			return false;
	}
	return m->symbols || fail(m, "there is no symbol table");
}

bool get_symbol(struct module *m, size_t index, Elf64_Sym *symbol,
		const char **name)
{
	GElf_Sym found;

	if (index >= m->nr_symbols ||
	    !gelf_getsym(m->symbols, (int)index, &found))
		return fail(m, "there is no symbol %zu: there are %zu", index,
			    m->nr_symbols);
	*symbol = found;
	*name = elf_strptr(m->elf, m->strings, found.st_name);
	return *name || fail(m, "symbol %zu has no name", index);
}
