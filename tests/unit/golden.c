/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/golden.h"

#include <inttypes.h>

#include "pgtable/pgtable.h"
#include "pgtable/raw_walk.h"

#define FIRST_TABLE UINT64_C(0x80000000)
#define TABLE_STEP  MB
#define MAX_TABLES  16u
#define MAX_WORDS   16u

struct golden {
	struct rig *rig;
	const char *format;
	struct golden_result result;
	uint32_t line;

	struct iomm_table_memory *memory;
	void *tables[MAX_TABLES];
	uint64_t bytes[MAX_TABLES];
	uint32_t nr_tables;
	uint64_t first_table;

	struct iomm_pgtable *pgtable;
	/* The last mapping. */
	uint64_t iova, paddr, length;
	uint32_t prot;
};

/* Tables at the addresses that the case names */

static int table_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va,
		       uint64_t *pa)
{
	struct golden *g = data;
	uint32_t n = g->nr_tables++;

	assert_true(n < MAX_TABLES && bytes <= TABLE_STEP);
	*pa = g->first_table + n * TABLE_STEP;
	assert_true(*pa + (bytes - 1) <= max_pa);
	g->tables[n] = aligned_alloc(bytes, bytes);
	g->bytes[n] = bytes;
	memset(g->tables[n], 0, bytes);
	*va = g->tables[n];
	return 0;
}

static void table_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	struct golden *g = data;

	(void)bytes;
	assert_ptr_equal(g->tables[(pa - g->first_table) / TABLE_STEP], va);
	free(va);
}

static const struct iomm_table_memory_ops memory_ops = {
	.size = sizeof(memory_ops),
	.alloc = table_alloc,
	.free = table_free,
};

static int fetch(void *data, uint64_t pa, uint64_t *desc)
{
	const struct golden *g = data;
	uint64_t offset = pa - g->first_table, n = offset / TABLE_STEP;

	offset %= TABLE_STEP;
	if (pa < g->first_table || n >= g->nr_tables || offset >= g->bytes[n])
		return -IOMM_EFAULT;
	*desc = ((const uint64_t *)g->tables[n])[offset / 8];
	return 0;
}

/* Words of a line */

static uint64_t number(const char *word)
{
	char *end;
	uint64_t value = strtoull(word, &end, 0);

	if (end == word || *end)
		fail_msg("\"%s\" is no number", word);
	return value;
}

static uint32_t prot_of(const char *word)
{
	static const char letters[] = "rwxcmp";
	const char *letter;
	uint32_t prot = 0;

	for (; *word; word++) {
		letter = strchr(letters, *word);
		if (!letter)
			fail_msg("there is no protection '%c'", *word);
		prot |= 1u << (letter - letters);
	}
	return prot;
}

static uint32_t flag_of(const char *word)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} flags[] = {
		{ "coherent", IOMM_PGTABLE_COHERENT },
		{ "upper", IOMM_PGTABLE_UPPER },
		{ "dirty", IOMM_PGTABLE_DIRTY },
		{ "ns", IOMM_PGTABLE_NS },
		{ "fwb", IOMM_PGTABLE_S2FWB },
	};
	uint32_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!strcmp(flags[i].name, word))
			return flags[i].flag;
	fail_msg("there is no flag \"%s\"", word);
	return 0;
}

static uint32_t kind_of(const char *word)
{
	if (!strcmp(word, "table"))
		return IOMM_WALK_TABLE;
	if (!strcmp(word, "leaf"))
		return IOMM_WALK_LEAF;
	assert_string_equal(word, "run");
	return IOMM_WALK_RUN;
}

/* What must be */

static void
expect(struct golden *g, const char *what, uint64_t is, uint64_t must)
{
	if (is == must)
		return;
	g->result.failures++;
	print_error("%s, line %" PRIu32 ": %s is 0x%016" PRIx64
		    " and must be 0x%016" PRIx64 "\n",
		    g->format, g->line, what, is, must);
}

struct look {
	int32_t level;
	struct iomm_walk_entry entry; /* size 0: not found */
};

static int keep_level(void *data, const struct iomm_walk_entry *entry)
{
	struct look *look = data;

	if (entry->level == look->level)
		look->entry = *entry;
	return 0;
}

/* Lookup and hardware's walk say what was mapped. */
static void check_leaf(struct golden *g, uint64_t iova)
{
	uint64_t paddr = g->paddr + (iova - g->iova);
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_pgtable_info info = info_of(g->pgtable);
	struct iomm_raw_walker walker = { .fetch = fetch, .data = g };
	struct iomm_raw_result raw;

	assert_true(iova - g->iova < g->length);
	if (iomm_pgtable_translate(g->pgtable, iova, &at))
		expect(g, "the lookup", IOMM_ENOENT, 0);
	expect(g, "the address looked up", at.paddr, paddr);
	expect(g, "the protection looked up", at.prot, g->prot);
	memcpy(walker.regs, info.regs, sizeof(walker.regs));
	assert_ok(iomm_raw_walk(g->pgtable->format, &walker, iova, &raw));
	expect(g, "the fault", raw.fault, IOMM_RAW_OK);
	expect(g, "the address walked to", raw.paddr, paddr);
	expect(g, "the protection walked to", raw.prot, g->prot);
}

/* Lines */

static void end_case(struct golden *g)
{
	iomm_pgtable_put(g->pgtable);
	iomm_table_memory_put(g->memory);
	g->pgtable = NULL;
	g->memory = NULL;
	g->nr_tables = 0;
}

static void do_table(struct golden *g, char **words, uint32_t count)
{
	struct iomm_pgtable_config config = { .size = sizeof(config) };
	uint32_t i;

	assert_true(count >= 4 && !g->pgtable);
	assert_int_equal(words[1][strlen(words[1]) - 1], 'k');
	config.granule = strtoull(words[1], NULL, 10) * KB;
	config.ias = (uint32_t)number(words[2]);
	config.oas = (uint32_t)number(words[3]);
	g->first_table = FIRST_TABLE;
	for (i = 4; i < count; i++) {
		if (strcmp(words[i], "at")) {
			config.flags |= flag_of(words[i]);
			continue;
		}
		assert_true(++i < count);
		g->first_table = number(words[i]);
	}
	assert_ok(iomm_table_memory_create(g->rig->ctx, &memory_ops, g, NULL,
					   &g->memory));
	config.memory = g->memory;
	if (iomm_pgtable_create(g->rig->ctx, g->format, &config, &rig_tlb,
				g->rig, NULL, &g->pgtable))
		fail_msg("line %" PRIu32 ": no such table", g->line);
}

static void do_map(struct golden *g, char **words, uint32_t count)
{
	assert_true(count == 5 && g->pgtable);
	g->iova = number(words[1]);
	g->paddr = number(words[2]);
	g->length = number(words[3]);
	g->prot = prot_of(words[4]);
	map_ok(g->pgtable, g->iova, g->paddr, g->length, g->prot);
}

static void do_see(struct golden *g, char **words, uint32_t count)
{
	uint64_t iova;
	struct look look;

	assert_true(count == 5 && g->pgtable);
	memset(&look, 0, sizeof(look));
	iova = number(words[1]);
	look.level = (int32_t)strtol(words[2], NULL, 10);
	assert_ok(iomm_pgtable_walk(g->pgtable, iova, 1, keep_level, &look));
	g->result.checks++;
	expect(g, "the kind", look.entry.kind, kind_of(words[3]));
	expect(g, "the descriptor", look.entry.raw, number(words[4]));
	if (kind_of(words[3]) == IOMM_WALK_TABLE)
		return;
	expect(g, "the leaf's protection", look.entry.prot, g->prot);
	check_leaf(g, iova);
}

static void do_reg(struct golden *g, char **words, uint32_t count)
{
	uint64_t n;

	assert_true(count == 3 && g->pgtable);
	n = number(words[1]);
	assert_true(n < IOMM_PGTABLE_REGS);
	g->result.checks++;
	expect(g, "the register", info_of(g->pgtable).regs[n],
	       number(words[2]));
}

static void do_line(struct golden *g, char *line)
{
	char *words[MAX_WORDS], *word;
	uint32_t count = 0;

	line[strcspn(line, "#\n")] = 0;
	for (word = strtok(line, " \t"); word && count < MAX_WORDS;
	     word = strtok(NULL, " \t"))
		words[count++] = word;
	if (!count)
		return;
	if (!strcmp(words[0], "case")) {
		end_case(g);
		g->result.cases++;
	} else if (!strcmp(words[0], "table")) {
		do_table(g, words, count);
	} else if (!strcmp(words[0], "map")) {
		do_map(g, words, count);
	} else if (!strcmp(words[0], "see")) {
		do_see(g, words, count);
	} else if (!strcmp(words[0], "reg")) {
		do_reg(g, words, count);
	} else {
		fail_msg("line %" PRIu32 ": \"%s\"?", g->line, words[0]);
	}
}

struct golden_result
golden_run(struct rig *rig, const char *format, FILE *cases)
{
	struct golden *g = calloc(1, sizeof(*g));
	struct golden_result result;
	char line[256];

	g->rig = rig;
	g->format = format;
	while (fgets(line, sizeof(line), cases)) {
		g->line++;
		do_line(g, line);
	}
	end_case(g);
	result = g->result;
	free(g);
	return result;
}

void assert_golden(struct rig *rig, const char *format, const char *name,
		   uint32_t cases)
{
	struct golden_result result;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "tests/data/%s", name);
	file = fopen(path, "r");
	assert_non_null(file);
	result = golden_run(rig, format, file);
	fclose(file);
	assert_int_equal(result.failures, 0);
	assert_true(result.cases >= cases);
	assert_true(result.checks > result.cases);
}
