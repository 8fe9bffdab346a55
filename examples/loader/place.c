/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which section is what, and where it goes. */
#include "loader.h"

#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN_MAX 4096
#define PART_MAX  (UINT64_C(64) << 20)

/* By name, since flags do not say what is needed for the start only. */
static const struct {
	const char *prefix;
	uint32_t type;
} by_name[] = {
	{ ".init.text", IOMM_ALLOC_INITTEXT },
	{ ".init.rodata", IOMM_ALLOC_INITRODATA },
	{ ".init.data", IOMM_ALLOC_INITDATA },
	{ ".ro_after_init", IOMM_ALLOC_RODATA_AFTER_INIT },
	/* Pointers, which nobody changes but the loader. */
	{ ".data.rel.ro", IOMM_ALLOC_RODATA },
};

static uint32_t type_of(const char *name, const GElf_Shdr *header)
{
	size_t n;

	for (n = 0; n < sizeof(by_name) / sizeof(*by_name); n++) {
		if (!strncmp(name, by_name[n].prefix,
			     strlen(by_name[n].prefix)))
			return by_name[n].type;
	}
	return header->sh_flags & SHF_EXECINSTR ? IOMM_ALLOC_TEXT
	       : header->sh_flags & SHF_WRITE	? IOMM_ALLOC_DATA
						: IOMM_ALLOC_RODATA;
}

bool is_code(uint32_t type)
{
	return type == IOMM_ALLOC_TEXT || type == IOMM_ALLOC_INITTEXT;
}

static bool check_section(struct module *m, const struct section *section,
			  const GElf_Shdr *header, uint32_t type)
{
	const uint64_t wx = SHF_WRITE | SHF_EXECINSTR;
	const char *name = section->name;

	if ((header->sh_flags & wx) == wx)
		return fail(m, "section %s is writable and executable", name);
	if (!(header->sh_flags & SHF_EXECINSTR) != !is_code(type))
		return fail(m, "section %s is not what its name says", name);
	if (header->sh_flags & (SHF_TLS | SHF_COMPRESSED))
		return fail(m,
			    "section %s is of a kind that this loader does "
			    "not know",
			    name);
	if (header->sh_type != SHT_PROGBITS && header->sh_type != SHT_NOBITS &&
	    header->sh_type != SHT_NOTE && header->sh_type != SHT_X86_64_UNWIND)
		return fail(m,
			    "section %s has the type %" PRIu32
			    ", which this loader does not know",
			    name, header->sh_type);
	if (header->sh_addralign > ALIGN_MAX ||
	    (header->sh_addralign & (header->sh_addralign - 1)))
		return fail(m,
			    "section %s is aligned to %" PRIu64
			    ": powers of two up to %u will do",
			    name, header->sh_addralign, ALIGN_MAX);
	return true;
}

/* Behind those of its type that came before. */
static bool add_to_part(struct module *m, struct section *section,
			uint32_t type, uint64_t align)
{
	struct part *part = &m->parts[type - 1];
	uint64_t offset;

	align = align ? align : 1;
	offset = (part->bytes + align - 1) & ~(align - 1);
	if (section->bytes > PART_MAX || offset > PART_MAX - section->bytes)
		return fail(m,
			    "section %s has %" PRIu64
			    " bytes: a module has up to %" PRIu64 " of a type",
			    section->name, section->bytes, PART_MAX);
	part->type = type;
	part->align = align > part->align ? align : part->align;
	part->bytes = offset + section->bytes;
	section->part = part;
	section->offset = offset;
	return true;
}

static bool sort_section(struct module *m, Elf_Scn *scn)
{
	struct section *section = &m->sections[elf_ndxscn(scn)];
	GElf_Shdr header;
	uint32_t type;

	if (!gelf_getshdr(scn, &header))
		return fail(m, "section %s cannot be read", section->name);
	if (!(header.sh_flags & SHF_ALLOC))
		return true;
	type = type_of(section->name, &header);
	return check_section(m, section, &header, type) &&
	       add_to_part(m, section, type, header.sh_addralign);
}

static bool copy_section(struct module *m, Elf_Scn *scn)
{
	struct section *section = &m->sections[elf_ndxscn(scn)];
	Elf_Data *data;
	GElf_Shdr header;

	if (!section->part || !gelf_getshdr(scn, &header) ||
	    header.sh_type == SHT_NOBITS || !section->bytes)
		return true;
	data = section_data(m, scn, section->name);
	if (!data)
		return false;
	if (!data->d_buf || data->d_size != section->bytes)
		return fail(m, "section %s is cut short", section->name);
	memcpy(section->part->image + section->offset, data->d_buf,
	       data->d_size);
	return true;
}

/* One call places all parts, or none. A part has room to be aligned in. */
static bool lay_out(struct module *m, struct iomm_allocator *allocator)
{
	struct iomm_alloc_part wanted[PARTS];
	struct part *part, *of[PARTS];
	uint32_t count = 0, n;

	for (part = m->parts; part < m->parts + PARTS; part++) {
		if (!part->bytes)
			continue;
		of[count] = part;
		wanted[count++] = (struct iomm_alloc_part){
			.size = sizeof(*wanted),
			.type = part->type,
			.bytes = part->bytes + part->align - 1,
		};
		if (iomm_allocator_type(allocator, part->type, &part->handle))
			return fail_below(m, "the policy lacks a type");
	}
	if (!count)
		return fail(m, "there is nothing in it to load");
	if (iomm_allocator_layout(allocator, wanted, sizeof(*wanted), count))
		return fail_below(m, "it cannot be placed");
	for (n = 0; n < count; n++) {
		of[n]->place = wanted[n].address;
		of[n]->address =
			((uintptr_t)wanted[n].address + of[n]->align - 1) &
			~(of[n]->align - 1);
	}
	return true;
}

static bool make_images(struct module *m)
{
	struct part *part;

	for (part = m->parts; part < m->parts + PARTS; part++) {
		part->image = part->bytes ? calloc(1, part->bytes) : NULL;
		if (part->bytes && !part->image)
			return fail(m, "no memory for %" PRIu64 " bytes",
				    part->bytes);
	}
	return true;
}

static bool
for_each_section(struct module *m, bool (*call)(struct module *, Elf_Scn *))
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(m->elf, scn))) {
		if (!call(m, scn))
			return false;
	}
	return true;
}

bool place_module(struct module *m, struct iomm_allocator *allocator)
{
	return for_each_section(m, sort_section) && make_images(m) &&
	       for_each_section(m, copy_section) && lay_out(m, allocator);
}

/* Whatever the policy says of a type: this is how bytes get there. */
bool fill_module(struct module *m)
{
	struct part *part;

	for (part = m->parts; part < m->parts + PARTS; part++) {
		if (!part->place)
			continue;
		if (iomm_alloc_type_fill(part->handle,
					 (void *)(uintptr_t)part->address,
					 part->image, part->bytes))
			return fail_below(m, "it cannot be filled in");
	}
	return true;
}

bool free_part(struct module *m, struct part *part)
{
	if (part->place && iomm_alloc_type_free(part->handle, part->place))
		return fail_below(m, "it cannot be freed");
	part->place = NULL;
	return true;
}

void free_images(struct module *m)
{
	struct part *part;

	for (part = m->parts; part < m->parts + PARTS; part++) {
		free(part->image);
		part->image = NULL;
	}
}
