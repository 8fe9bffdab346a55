/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Errors: the library says in one sentence what was wrong. */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>

const char *sentence(struct machine *m, int err)
{
	static char text[512];

	if (iomm_error_message(m->ctx, text, sizeof(text)) > 0)
		return text;
	return iomm_strerror(err);
}

void check(struct machine *m, int err, const char *what)
{
	if (err >= 0)
		return;
	fprintf(stderr, "driver: %s: %s: %s\n", m->file, what,
		sentence(m, err));
	exit(1);
}

void expect(struct machine *m, bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "driver: %s: this should not happen: %s\n", m->file,
		what);
	exit(1);
}

void heading(const char *text)
{
	printf("\n== %s\n", text);
}
