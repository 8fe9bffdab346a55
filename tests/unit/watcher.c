/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/watcher.h"

#include "pgtable/pgtable.h"

/* Keeps the first thing that is wrong. */
#define WRONG(w, ...)                                                          \
	do {                                                                   \
		if (!*(w)->wrong)                                              \
			snprintf((w)->wrong, sizeof((w)->wrong), __VA_ARGS__); \
	} while (0)

#define MEMORY_TYPE (IOMM_PROT_CACHE | IOMM_PROT_MMIO)

static uint64_t iova_of(const struct watcher *w, uint64_t n)
{
	return w->iova + n * w->page;
}

static struct known *table_at(struct watcher *w, uint64_t pa)
{
	return &w->tables[(pa - TABLES_PA) / TABLE_SLOT];
}

/* It comes newly to know a table: that one is alone in its place, or a page there
 * is looked up in the wrong one. */
static void alone(struct watcher *w, const struct known *table)
{
	uint64_t span = w->page;
	const struct known *old;
	uint32_t n;

	for (n = table->depth; n < w->levels; n++)
		span *= w->page / sizeof(uint64_t);
	for (old = w->tables; old < w->tables + NR_TABLES; old++)
		if (old != table && old->live && old->depth == table->depth &&
		    old->first / span == w->at / span)
			WRONG(w, "%llx is below two tables at depth %u",
			      (unsigned long long)w->at, table->depth);
}

static int fetch(void *data, uint64_t pa, uint64_t *desc)
{
	struct watcher *w = data;
	struct known *table;
	int r = w->coherent ? rig_snoop(w->rig, pa, desc)
			    : rig_fetch(w->rig, pa, desc);

	if (r) {
		WRONG(w, "%llx leads to %llx, where no table is",
		      (unsigned long long)w->at, (unsigned long long)pa);
		return r;
	}
	table = table_at(w, pa);
	if (!table->live) {
		*table = (struct known){ true, w->depth, w->at, w->at };
		alone(w, table);
	}
	w->depth++;
	if (w->at < table->first)
		table->first = w->at;
	if (w->at > table->last)
		table->last = w->at;
	return 0;
}

static bool see(struct watcher *w, uint64_t n, struct cached *seen)
{
	struct iomm_raw_result raw;

	w->at = iova_of(w, n);
	w->depth = 0;
	if (iomm_raw_walk(w->format, &w->walker, w->at, &raw) || raw.fault)
		return false;
	seen->live = true;
	seen->prot = raw.prot;
	seen->paddr = raw.paddr;
	seen->leaf = raw.page_size;
	seen->size = rig_run_size(w->page, &raw);
	return true;
}

/* What is in the TLB and what a walk finds may be there at the same time. */
static void may_follow(struct watcher *w, uint64_t n, const struct cached *seen)
{
	const struct cached *was = &w->tlb[n];

	if (was->paddr == seen->paddr &&
	    (was->size == seen->size || w->hitless) &&
	    !((was->prot ^ seen->prot) & MEMORY_TYPE))
		return;
	WRONG(w,
	      "%llx was %llx (%llx, prot %x), and is %llx (%llx, prot %x) "
	      "without an invalidation between",
	      (unsigned long long)iova_of(w, n), (unsigned long long)was->paddr,
	      (unsigned long long)was->size, was->prot,
	      (unsigned long long)seen->paddr, (unsigned long long)seen->size,
	      seen->prot);
}

static void look(struct watcher *w)
{
	struct cached seen;
	uint64_t n;

	for (n = 0; n < w->count; n++) {
		if (!see(w, n, &seen)) {
			if (w->stays && w->tlb[n].live)
				WRONG(w, "%llx is missing for a moment",
				      (unsigned long long)iova_of(w, n));
			continue;
		}
		if (w->tlb[n].live) {
			may_follow(w, n, &seen);
			seen.prot |= w->tlb[n].prot;
		}
		w->tlb[n] = seen;
	}
}

/* A TLBI for each `page_size` hits what holds the address. */
static bool hit(const struct watcher *w, uint64_t n, const struct event *event)
{
	uint64_t first = iova_of(w, n) & ~(w->tlb[n].leaf - 1);
	uint64_t last = first + (w->tlb[n].leaf - 1), at = event->iova;

	if (event->kind == EV_FLUSH_ALL)
		return true;
	if (at < first)
		at += (first - at + event->page_size - 1) &
		      ~(event->page_size - 1);
	return at >= event->iova && at <= last && at <= event->last;
}

static void flush(struct watcher *w, const struct event *event)
{
	struct known *table = w->tables;
	uint64_t n;

	for (n = 0; n < w->count; n++)
		if (w->tlb[n].live && hit(w, n, event))
			w->tlb[n].live = false;
	for (; table < w->tables + NR_TABLES; table++)
		if (event->kind == EV_FLUSH_ALL ||
		    ((event->flags & IOMM_TLB_TABLES) &&
		     event->iova <= table->last && event->last >= table->first))
			table->live = false;
}

static void on_event(struct rig *rig, const struct event *event)
{
	struct watcher *w = rig->user;

	if (event->kind == EV_FREE && table_at(w, event->iova)->live)
		WRONG(w, "the table at %llx is freed while walkers know it",
		      (unsigned long long)event->iova);
	look(w);
	if (event->kind != EV_FLUSH && event->kind != EV_FLUSH_ALL)
		return;
	flush(w, event);
	look(w);
}

void watcher_begin(struct watcher *w, struct rig *rig,
		   struct iomm_pgtable *pgtable, uint64_t iova, uint64_t count)
{
	struct iomm_pgtable_info info = info_of(pgtable);

	memset(w, 0, sizeof(*w));
	w->rig = rig;
	w->format = pgtable->format;
	memcpy(w->walker.regs, info.regs, sizeof(w->walker.regs));
	w->walker.fetch = fetch;
	w->walker.data = w;
	w->coherent = info.flags & IOMM_PGTABLE_COHERENT;
	w->iova = iova;
	w->page = info.granule;
	w->count = count;
	w->levels = pgtable->ops->last_level + 1 - pgtable->start_level;
	w->hitless = info.flags & IOMM_PGTABLE_HITLESS;
	w->tlb = calloc(count, sizeof(*w->tlb));
	look(w);
	rig->user = w;
	rig->on_event = on_event;
}

void watcher_assert_good(const struct watcher *w)
{
	if (*w->wrong)
		fail_msg("%s", w->wrong);
}

void watcher_assert_current(struct watcher *w)
{
	struct cached seen;
	uint64_t n;

	look(w);
	watcher_assert_good(w);
	for (n = 0; n < w->count; n++) {
		memset(&seen, 0, sizeof(seen));
		(void)see(w, n, &seen);
		if (!w->tlb[n].live && !seen.live)
			continue;
		if (!seen.live || seen.prot != w->tlb[n].prot)
			fail_msg("%llx has prot %x, and prot %x in the TLB",
				 (unsigned long long)iova_of(w, n), seen.prot,
				 w->tlb[n].prot);
	}
}

void watcher_end(struct watcher *w)
{
	watcher_assert_good(w);
	w->rig->on_event = NULL;
	w->rig->user = NULL;
	free(w->tlb);
	w->tlb = NULL;
}
