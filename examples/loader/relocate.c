/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Relocations and the symbols that they want. */
#include "loader.h"

#include <gelf.h>
#include <inttypes.h>
#include <string.h>

static bool find_in_host(const struct host_symbol *host, const char *name,
			 uint64_t *address)
{
	for (; host->name; host++) {
		if (!strcmp(host->name, name)) {
			*address = host->address;
			return true;
		}
	}
	return false;
}

/* A symbol that the module defines itself. */
static bool resolve_own(struct module *m, const Elf64_Sym *symbol,
			const char *name, uint64_t *address)
{
	const struct section *section;

	if (symbol->st_shndx >= m->nr_sections)
		return fail(m,
			    "symbol %s is of a kind (%#x) that this loader "
			    "does not know",
			    name, symbol->st_shndx);
	section = &m->sections[symbol->st_shndx];
	if (!section->part)
		return fail(m,
			    "symbol %s is in section %s, which is not "
			    "loaded",
			    name, section->name);
	if (symbol->st_value > section->bytes)
		return fail(m, "symbol %s is outside of section %s", name,
			    section->name);
	*address = section->part->address + section->offset + symbol->st_value;
	return true;
}

static bool
resolve(struct module *m, size_t index, const struct host_symbol *host,
	const char **name, uint64_t *address)
{
	Elf64_Sym symbol;

	*address = 0;
	if (!get_symbol(m, index, &symbol, name))
		return false;
	if (!index)
		return true;
	if (symbol.st_shndx == SHN_ABS) {
		*address = symbol.st_value;
		return true;
	}
	if (symbol.st_shndx != SHN_UNDEF)
		return resolve_own(m, &symbol, *name, address);
	if (find_in_host(host, *name, address) ||
	    ELF64_ST_BIND(symbol.st_info) == STB_WEAK)
		return true;
	return fail(m,
		    "symbol %s is defined neither in the module nor by the "
		    "loader",
		    *name);
}

static bool relocate_one(struct module *m, const struct section *section,
			 const GElf_Rela *rela, const struct host_symbol *host)
{
	uint32_t type = (uint32_t)GELF_R_TYPE(rela->r_info);
	struct part *part = section->part;
	const char *name, *wrong;
	uint64_t target;

	if (!resolve(m, GELF_R_SYM(rela->r_info), host, &name, &target))
		return false;
	if (rela->r_offset >= section->bytes)
		return fail(m,
			    "a relocation of section %s is at %#" PRIx64
			    ", behind its end",
			    section->name, (uint64_t)rela->r_offset);
	wrong = patch(m->machine, type,
		      part->image + section->offset + rela->r_offset,
		      section->bytes - rela->r_offset,
		      part->address + section->offset + rela->r_offset,
		      target + (uint64_t)rela->r_addend);
	return !wrong ||
	       fail(m, "relocation %" PRIu32 " at %s+%#" PRIx64 " for '%s': %s",
		    type, section->name, (uint64_t)rela->r_offset, name, wrong);
}

static bool
relocate_section(struct module *m, Elf_Scn *scn, const GElf_Shdr *header,
		 const struct host_symbol *host)
{
	const char *name = m->sections[elf_ndxscn(scn)].name;
	const struct section *section;
	Elf_Data *data;
	GElf_Rela rela;
	int n;

	if (header->sh_info >= m->nr_sections)
		return fail(m,
			    "section %s relocates section %" PRIu32
			    ", and there are %zu",
			    name, header->sh_info, m->nr_sections);
	section = &m->sections[header->sh_info];
	if (!section->part)
		return true;
	data = section_data(m, scn, name);
	if (!data)
		return false;
	for (n = 0; (size_t)n < data->d_size / sizeof(Elf64_Rela); n++) {
		if (!gelf_getrela(data, n, &rela))
			return fail(m, "section %s is cut short", name);
		if (!relocate_one(m, section, &rela, host))
			return false;
	}
	return true;
}

bool relocate_module(struct module *m, const struct host_symbol *host)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(m->elf, scn))) {
		if (!gelf_getshdr(scn, &header))
			return fail(m, "a section cannot be read");
		if (header.sh_type == SHT_REL)
			return fail(m,
				    "section %s has relocations without "
				    "addends, which neither x86-64 nor "
				    "arm64 use",
				    m->sections[elf_ndxscn(scn)].name);
		if (header.sh_type == SHT_RELA &&
		    !relocate_section(m, scn, &header, host))
			return false;
	}
	return true;
}

/* Is it a function of the module's that is still there? */
static bool is_function(const struct module *m, const Elf64_Sym *symbol)
{
	const struct part *part;

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= m->nr_sections)
		return false;
	part = m->sections[symbol->st_shndx].part;
	return part && part->place && is_code(part->type);
}

uint64_t find_function(struct module *m, const char *name)
{
	const char *found;
	Elf64_Sym symbol;
	uint64_t address;
	size_t n;

	for (n = 1; n < m->nr_symbols; n++) {
		if (get_symbol(m, n, &symbol, &found) &&
		    is_function(m, &symbol) && !strcmp(found, name) &&
		    resolve_own(m, &symbol, name, &address))
			return address;
	}
	return 0;
}
