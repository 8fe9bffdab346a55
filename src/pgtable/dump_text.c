/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The form of a dump for a reader: see docs/dump.md. */
#include "pgtable/dump.h"

#include "base/mem.h"
#include "base/text.h"
#include "pgtable/format.h"
#include "pgtable/pgtable.h"

#define LINE 256u

/* Leaves of a level, one after the other, that say the same of memory that goes
 * on, or of the same memory. */
struct stretch {
	struct iomm_walk_entry first;
	uint32_t count;
	uint64_t step; /* from one output address to the next */
};

struct text {
	struct iomm_dump_sink sink;
	const struct iomm_dump_header *header;
	struct stretch stretch;
	int answer; /* the first of the sink's that was not 0 */
	uint32_t used;
	char line[LINE];
};

#define ADD(t, ...) add((t), IOMM_TEXT(__VA_ARGS__))

static void add(struct text *t, const uint64_t *text)
{
	uint32_t room = LINE - t->used;
	uint32_t bytes = iomm_text_render(t->line + t->used, room, text);

	/* What is cut is cut: one byte stays for the line feed. */
	t->used += bytes < room ? bytes : room - 1;
}

static void end_line(struct text *t)
{
	t->line[t->used++] = '\n';
	if (!t->answer)
		t->answer = t->sink.write(t->sink.data, t->line, t->used);
	t->used = 0;
}

/* Of what the walk shows: it lies in a table. */
static uint64_t
indent(const struct text *t, const struct iomm_walk_entry *entry)
{
	static const char spaces[] = "                ";
	uint32_t depth = iomm_dump_depth(t->header, entry) + 1;

	_Static_assert(sizeof(spaces) > 2 * IOMM_DUMP_LEVELS, "indent");
	return IOMM_STR(spaces + sizeof(spaces) - 1 - 2 * depth);
}

static void put_table(struct text *t, const struct iomm_walk_entry *entry)
{
	int32_t level = entry->level + 1;

	ADD(t, "%s%x..%x: level %s%u table %x", indent(t, entry), entry->iova,
	    entry->iova + (entry->bytes - 1), IOMM_STR(level < 0 ? "-" : ""),
	    (uint64_t)(level < 0 ? -level : level), entry->paddr);
	end_line(t);
}

static void add_prot(struct text *t, uint32_t prot)
{
	char letters[] = "rwxcmp";
	uint32_t i;

	for (i = 0; i < sizeof(letters) - 1; i++)
		if (!(prot >> i & 1))
			letters[i] = '-';
	ADD(t, " %s", IOMM_STR(letters));
}

static void end_stretch(struct text *t)
{
	const struct iomm_walk_entry *first = &t->stretch.first;
	uint64_t bytes = t->stretch.count * first->bytes;

	if (!t->stretch.count)
		return;
	ADD(t, "%s%x..%x -> %x", indent(t, first), first->iova,
	    first->iova + bytes - 1, first->paddr);
	if (t->stretch.step)
		ADD(t, "..%x", first->paddr + bytes - 1);
	add_prot(t, first->prot);
	ADD(t, " %k x %u%s%s", first->bytes, (uint64_t)t->stretch.count,
	    IOMM_STR(first->kind == IOMM_WALK_RUN ? " contiguous" : ""),
	    IOMM_STR(t->stretch.step ? "" : " repeated"));
	end_line(t);
	t->stretch.count = 0;
}

static bool goes_on(const struct stretch *s, const struct iomm_walk_entry *leaf)
{
	const struct iomm_walk_entry *first = &s->first;
	uint64_t bytes = s->count * first->bytes;

	return s->count && leaf->kind == first->kind &&
	       leaf->level == first->level && leaf->prot == first->prot &&
	       leaf->iova == first->iova + bytes;
}

static void put_leaf(struct text *t, const struct iomm_walk_entry *leaf)
{
	struct stretch *s = &t->stretch;
	uint64_t offset = leaf->paddr - s->first.paddr;

	if (goes_on(s, leaf)) {
		/* The second one says how it goes on. */
		if (s->count == 1 && !offset)
			s->step = 0;
		if (offset == s->count * s->step) {
			s->count++;
			return;
		}
	}
	end_stretch(t);
	s->first = *leaf;
	s->step = leaf->bytes;
	s->count = 1;
}

static int visit(void *data, const struct iomm_walk_entry *entry)
{
	struct text *t = data;

	if (entry->kind != IOMM_WALK_TABLE) {
		put_leaf(t, entry);
		return t->answer;
	}
	end_stretch(t);
	put_table(t, entry);
	return t->answer;
}

/* What was granted, as one word each. */
static void add_flags(struct text *t, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{ IOMM_PGTABLE_COHERENT, "coherent" },
		{ IOMM_PGTABLE_SHARED, "shared" },
		{ IOMM_PGTABLE_UPPER, "upper" },
		{ IOMM_PGTABLE_DIRTY, "dirty" },
		{ IOMM_PGTABLE_HITLESS, "hitless" },
		{ IOMM_PGTABLE_NS, "ns" },
		{ IOMM_PGTABLE_S2FWB, "s2fwb" },
		{ IOMM_PGTABLE_ADOPT, "adopted" },
	};
	uint32_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (flags & words[i].flag)
			ADD(t, ", %s", IOMM_STR(words[i].word));
}

static void put_header(struct text *t, const struct iomm_pgtable *pgtable)
{
	const struct iomm_dump_header *header = t->header;
	uint32_t i;

	ADD(t, "%s: granule %k, ias %u, oas %u, tables %u",
	    IOMM_STR(header->format), header->granule, header->ias, header->oas,
	    header->tables);
	add_flags(t, pgtable->flags);
	end_line(t);
	ADD(t, "registers");
	for (i = 0; i < pgtable->format->type->nr_regs; i++)
		ADD(t, " %x", header->regs[i]);
	end_line(t);
	ADD(t, "%x..%x: first table %x", header->first_iova,
	    header->first_iova + pgtable->last_offset, header->root_pa);
	end_line(t);
}

int iomm_dump_text(struct iomm_pgtable *pgtable,
		   const struct iomm_dump_header *header,
		   const struct iomm_dump_sink *sink)
{
	struct text t;

	memset(&t, 0, sizeof(t));
	t.sink = *sink;
	t.header = header;
	put_header(&t, pgtable);
	if (!t.answer)
		t.answer = iomm_dump_walk(pgtable, visit, &t);
	end_stretch(&t);
	return t.answer;
}
