/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tests of the registry of formats share: bringers, who register a
 * format of a name of their own (arm64-s1 under another one), and count what is
 * asked of them.
 */
#ifndef FORMAT_SUPPORT_H
#define FORMAT_SUPPORT_H

#include "unit/support.h"

#include <iomm/format_ops.h>

#include "base/ctx.h"
#include "pgtable/format.h"

struct bringer {
	struct world *w;
	struct iomm_format_type type;
	struct iomm_format_ops ops;

	_Atomic uint32_t tests, loads, releases, done;
	int test_answer, load_answer;
	bool idle; /* the loader registers nothing */
	/* Called in the self-test, in the loader and in release, before they do
	 * anything. */
	void (*on_test)(struct bringer *b);
	void (*on_load)(struct bringer *b);
	void (*on_release)(struct bringer *b);
	void *user; /* the test's */
};

void bringer_init(struct bringer *b, struct world *w, const char *name);
int bringer_register(struct bringer *b, struct iomm_format **out);
/* With its loader, which registers it. */
int bringer_announce(struct bringer *b, uint64_t timeout);
/* At the end of a test whose bringers are on its stack: what they registered and
 * announced is over. */
void formats_end(struct world *w);
/* Hooks, for who wants to hand them over himself. */
extern const struct iomm_format_loader bringer_loader;
void bringer_release(void *b);
void bringer_done(void *b);

/* Without waiting: what it answers. A handle is put. */
int format_answer(struct world *w, const char *name);
/* With waiting. */
int format_await(struct world *w, const char *name, uint64_t timeout);
/* What the walk shows: IOMM_FORMAT_*; 0 and zeroes: nothing. */
struct iomm_format_slot format_slot(struct world *w, const char *name);
#define format_state(w, name) (format_slot((w), (name)).state)

/* A page table of a format; memory is the platform's. */
int format_table(struct world *w, const char *name, struct iomm_pgtable **out);

#endif
