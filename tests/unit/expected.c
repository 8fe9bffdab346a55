/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "unit/expected.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define TEXT  4096u
#define LINE  512u
#define INPUT 8u

/* Lines, each with its newline. */
struct text {
	char s[TEXT];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void
say(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->s + text->length, TEXT - text->length, format,
		      args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < TEXT - text->length);
	text->length += (size_t)n;
}

/* What the source says */

static void
say_place(struct text *text, struct iomm_firmware *firmware, uint64_t place)
{
	char name[LINE];

	assert_true(iomm_firmware_place(firmware, place, name, sizeof(name)) >
		    0);
	say(text, " | %s\n", name);
}

static void say_iommus(struct text *text, struct iomm_firmware *firmware,
		       struct iomm_fwspec *spec, uint32_t count)
{
	struct iomm_specifier specifier = { .size = sizeof(specifier) };
	char name[LINE];
	uint32_t n, cell;

	for (n = 0; n < count; n++) {
		assert_ok(iomm_fwspec_iommu(spec, n, &specifier));
		assert_true(iomm_firmware_node_path(firmware, specifier.iommu,
						    name, sizeof(name)) > 0);
		say(text, "iommu %s", name);
		for (cell = 0; cell < specifier.nr_cells; cell++)
			say(text, " 0x%x", specifier.cells[cell]);
		say_place(text, firmware, specifier.place);
	}
}

static void say_regions(struct text *text, struct iomm_firmware *firmware,
			struct iomm_fwspec *spec, uint32_t count)
{
	static const char *const kinds[] = {
		[IOMM_REGION_DIRECT] = "direct",
		[IOMM_REGION_DIRECT_RELAXABLE] = "relaxable",
		[IOMM_REGION_RESERVED] = "reserved",
		[IOMM_REGION_MSI] = "msi",
		[IOMM_REGION_SOFTWARE_MSI] = "software-msi",
	};
	static const char rights[] = "rwxcmp"; /* in the order of bits */
	struct iomm_reserved_region region = { .size = sizeof(region) };
	uint32_t n, bit;

	for (n = 0; n < count; n++) {
		assert_ok(iomm_fwspec_region(spec, n, &region));
		assert_true(region.kind < LENGTH(kinds) && kinds[region.kind]);
		say(text, "region %s 0x%" PRIx64 " 0x%" PRIx64,
		    kinds[region.kind], (uint64_t)region.first,
		    (uint64_t)region.last);
		if (region.flags & IOMM_REGION_MAPPED)
			say(text, " -> 0x%" PRIx64, (uint64_t)region.paddr);
		if (region.prot)
			say(text, " ");
		for (bit = 0; rights[bit]; bit++)
			if (region.prot & 1u << bit)
				say(text, "%c", rights[bit]);
		say_place(text, firmware, region.place);
	}
}

static void say_windows(struct text *text, struct iomm_firmware *firmware,
			struct iomm_fwspec *spec, uint32_t count)
{
	struct iomm_dma_range range = { .size = sizeof(range) };
	uint32_t n;

	for (n = 0; n < count; n++) {
		assert_ok(iomm_fwspec_dma_range(spec, n, &range));
		say(text, "window 0x%" PRIx64 " 0x%" PRIx64 " -> 0x%" PRIx64,
		    (uint64_t)range.first, (uint64_t)range.last,
		    (uint64_t)range.paddr);
		say_place(text, firmware, range.place);
	}
}

static void say_device(struct text *text, const struct iomm_fwspec_info *info)
{
	static const char *const flags[] = { "coherent", "ats", "pri",
					     "stall" }; /* in bit order */
	struct text words = { .length = 0 };
	uint32_t n;

	for (n = 0; n < LENGTH(flags); n++)
		if (info->flags & 1u << n)
			say(&words, " %s", flags[n]);
	if (info->pasid_bits)
		say(&words, " pasid=%u", info->pasid_bits);
	if (info->address_bits)
		say(&words, " bits=%u", info->address_bits);
	if (info->flags & IOMM_FWSPEC_NUMA_NODE)
		say(&words, " numa=%u", info->numa_node);
	if (words.length)
		say(text, "device%s\n", words.s);
}

static void say_failure(struct text *text, struct world *w, int err)
{
	static const struct {
		int code;
		const char *name;
	} names[] = {
		{ IOMM_ENODEV, "ENODEV" },
		{ IOMM_EINVAL, "EINVAL" },
	};
	char why[LINE];
	uint32_t n;

	for (n = 0; n < LENGTH(names) && names[n].code != -err; n++)
		;
	assert_true(n < LENGTH(names));
	assert_true(iomm_error_message(w->ctx, why, sizeof(why)) > 0);
	say(text, "fails %s %s\n", names[n].name, why);
}

static void
ask(struct text *text, struct world *w, struct iomm_firmware *firmware,
    uint64_t node, const uint64_t *inputs, uint32_t nr_inputs)
{
	struct iomm_fwspec_info info = { .size = sizeof(info) };
	struct iomm_fwspec *spec = NULL;
	int err =
		iomm_firmware_lookup(firmware, node, inputs, nr_inputs, &spec);

	if (err) {
		say_failure(text, w, err);
		return;
	}
	assert_ok(iomm_fwspec_info(spec, &info));
	say_iommus(text, firmware, spec, info.nr_iommus);
	say_regions(text, firmware, spec, info.nr_regions);
	say_windows(text, firmware, spec, info.nr_dma_ranges);
	say_device(text, &info);
	iomm_fwspec_put(spec);
}

/* What is expected */

static FILE *open_file(const char *name)
{
	char path[LINE];
	FILE *file;

	snprintf(path, sizeof(path), "tests/data/%s.expected", name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s cannot be read", path);
	return file;
}

/* The next line that says something, without comment and superfluous blanks.
 */
static bool next_line(FILE *file, char *line)
{
	char raw[LINE], *word, *save;

	while (fgets(raw, sizeof(raw), file)) {
		raw[strcspn(raw, "#\n")] = '\0';
		*line = '\0';
		for (word = strtok_r(raw, " \t", &save); word;
		     word = strtok_r(NULL, " \t", &save)) {
			if (*line)
				strcat(line, " ");
			strcat(line, word);
		}
		if (*line)
			return true;
	}
	return false;
}

/* "? NODE [ID...]" */
static void ask_line(struct text *text, struct world *w,
		     struct iomm_firmware *firmware, const char *line)
{
	uint64_t inputs[INPUT];
	uint32_t nr_inputs = 0;
	char copy[LINE], *word, *save;
	const char *path;

	strcpy(copy, line + 2);
	path = strtok_r(copy, " ", &save);
	while ((word = strtok_r(NULL, " ", &save))) {
		assert_true(nr_inputs < INPUT);
		inputs[nr_inputs++] = strtoull(word, NULL, 16);
	}
	ask(text, w, firmware, node_at(firmware, path), inputs, nr_inputs);
}

/* With a sign those that the other has not, and the rest if `all`. */
static void print_lines(char sign, const struct text *text,
			const struct text *other, bool all)
{
	char copy[TEXT], line[LINE], *s, *save;

	strcpy(copy, text->s);
	for (s = strtok_r(copy, "\n", &save); s;
	     s = strtok_r(NULL, "\n", &save)) {
		snprintf(line, sizeof(line), "%s\n", s);
		if (!strstr(other->s, line))
			print_message("%c %s", sign, line);
		else if (all)
			print_message("  %s", line);
	}
}

static bool is_alike(const char *name, const char *question,
		     const struct text *expected, const struct text *got)
{
	if (!strcmp(expected->s, got->s))
		return true;
	print_message("%s.expected: %s\n", name, question);
	print_lines('-', expected, got, true);
	print_lines('+', got, expected, false);
	return false;
}

void expect_file(struct world *w, struct iomm_firmware *firmware,
		 const char *name)
{
	FILE *file = open_file(name);
	char line[LINE], question[LINE];
	struct text expected, got;
	uint32_t questions = 0, wrong = 0;
	bool more = next_line(file, line);

	for (; more; questions++) {
		if (line[0] != '?' || line[1] != ' ')
			fail_msg("%s.expected: no question: %s", name, line);
		strcpy(question, line);
		expected.length = got.length = 0;
		expected.s[0] = got.s[0] = '\0';
		ask_line(&got, w, firmware, question);
		while ((more = next_line(file, line)) && *line != '?')
			say(&expected, "%s\n", line);
		wrong += !is_alike(name, question, &expected, &got);
	}
	fclose(file);
	assert_true(questions > 0);
	assert_int_equal(wrong, 0);
}

bool expect_asks(const char *name, const char *path)
{
	FILE *file = open_file(name);
	char line[LINE];
	size_t length = strlen(path);
	bool found = false;

	while (!found && next_line(file, line))
		found = !strncmp(line, "? ", 2) &&
			!strncmp(line + 2, path, length) &&
			(line[2 + length] == ' ' || !line[2 + length]);
	fclose(file);
	return found;
}
