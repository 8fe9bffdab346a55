/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tests of page tables share: a context whose allocations can fail at
 * any site, table memory that a walker sees only after sync, and TLB hooks that
 * record.
 */
#ifndef PGTABLE_SUPPORT_H
#define PGTABLE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <iomm/ctx.h>
#include <iomm/cursor.h>
#include <iomm/error.h>
#include <iomm/format.h>
#include <iomm/gather.h>
#include <iomm/pgtable.h>
#include <iomm/reservation.h>
#include <iomm/table_memory.h>

#define KB UINT64_C(1024)
#define MB (KB * KB)
#define GB (MB * KB)
#define TB (GB * KB)

#define RW  (IOMM_PROT_READ | IOMM_PROT_WRITE)
#define RWC (RW | IOMM_PROT_CACHE)
#define RO  IOMM_PROT_READ

/* Where the test's table memory is, in the walker's view. */
#define TABLES_PA  UINT64_C(0xc0000000)
#define TABLE_SLOT (64 * KB)
#define NR_TABLES  1024u

/* Leaf sizes of arm64 at each granule: a page, a block, and contiguous runs of
 * them. */
struct sizes {
	uint64_t page, run, block, block_run;
};

#define NR_SIZES 3u
extern const struct sizes sizes[NR_SIZES];

/* The contiguous hint in a descriptor. */
#define ARM64_CONT (UINT64_C(1) << 52)

enum event_kind {
	EV_FLUSH,
	EV_FLUSH_ALL,
	EV_ALLOC,
	EV_FREE,
	EV_SYNC
};

struct event {
	enum event_kind kind;
	uint64_t iova, last, page_size; /* flush; or pa, bytes */
	uint32_t flags;
	uint64_t watched; /* the descriptor that is watched, at the time */
};

#define MAX_EVENTS 4096u

struct rig {
	struct iomm_ctx *ctx;
	uint32_t released, lost; /* told by the context */
	uint32_t misuses;
	char logged[256]; /* the last line */

	/* Sites: each allocation, of the platform or of table memory. */
	uint64_t sites, fail_at; /* 0: none fails */
	int64_t blocks;		 /* of the platform, out now */

	/* Table memory: what the CPU wrote, and what a walker sees. */
	struct iomm_table_memory *memory;
	char *seen_by_cpu, *seen_by_walker;
	uint64_t bytes[NR_TABLES]; /* 0: free */
	int64_t tables;		   /* out now */
	uint32_t memory_releases;
	bool roots[NR_TABLES];	 /* first tables */
	bool planted[NR_TABLES]; /* not ours to free: see rig_plant() */
	bool unordered;		 /* links may be synced before tables */

	/* TLB hooks */
	int tlb_error;	      /* what they answer */
	uint32_t tlb_fail_in; /* the n-th from now fails with tlb_error */
	uint32_t tlb_releases;
	void (*on_flush)(struct rig *rig, uint64_t iova, uint64_t last);

	struct event events[MAX_EVENTS];
	uint32_t nr_events;
	void (*on_event)(struct rig *rig, const struct event *event);
	const uint64_t *watch;
	void *user;
};

extern const struct iomm_tlb_ops rig_tlb;
void rig_tlb_release(void *rig);

int rig_setup(void **state);
/* Everything must be given back: handles, memory, tables. */
int rig_teardown(void **state);

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

/* A table in the rig's memory, with its TLB hooks. */
struct iomm_pgtable *
rig_table(struct rig *rig, uint64_t granule, uint32_t ias, uint32_t flags);
int rig_create(struct rig *rig, const struct iomm_pgtable_config *config,
	       struct iomm_pgtable **out);
/* The usual one: 4 KiB, 39 bits, walkers that snoop. */
struct iomm_pgtable *rig_4k(struct rig *rig);

/* Memory for a table that the test builds itself, zeroed: its address. The
 * library finds it, and must never free it. */
uint64_t rig_plant(struct rig *rig, uint64_t bytes);

void rig_clear_events(struct rig *rig);
uint32_t rig_count(const struct rig *rig, enum event_kind kind);

/* The n-th event of a kind; fails the test when there are fewer. */
const struct event *
rig_event(const struct rig *rig, enum event_kind kind, uint32_t n);

/* The descriptor at an address, as the CPU or as a walker sees it. */
uint64_t *rig_desc(struct rig *rig, uint64_t pa);
int rig_fetch(void *rig, uint64_t pa, uint64_t *desc);
/* The same for a walker that snoops. */
int rig_snoop(void *rig, uint64_t pa, uint64_t *desc);
/* Every table that is linked, as the walker sees it, is what the CPU wrote. */
void rig_assert_synced(struct rig *rig);
/* The tables that are out are the ones that the page table tells of. */
void rig_assert_balanced(struct rig *rig, struct iomm_pgtable *pgtable);
/* Nothing is mapped, and after a trim only the first table is out. */
void rig_assert_only_root(struct rig *rig, struct iomm_pgtable *pgtable);
/* Where the leaf that maps an address lies, as the CPU sees it. */
uint64_t *
rig_leaf(struct rig *rig, struct iomm_pgtable *pgtable, uint64_t iova);

/* The sentence of the last failing call says this. */
void assert_says(struct iomm_ctx *ctx, const char *part);

#define assert_fails(call, code, ctx, part)      \
	do {                                     \
		assert_int_equal(call, -(code)); \
		assert_says(ctx, part);          \
	} while (0)

#define assert_ok(call) assert_int_equal(call, 0)

/* All entries of a table, to be compared. */
struct dump {
	struct iomm_walk_entry *entries;
	uint32_t count, room;
};

void dump_table(struct iomm_pgtable *pgtable, struct dump *dump);
void dump_free(struct dump *dump);
/* Dumps again, compares, and frees the first. */
void assert_unchanged(struct iomm_pgtable *pgtable, struct dump *before);
/* The raw descriptor of the leaf at an address. */
uint64_t raw_leaf(struct iomm_pgtable *pgtable, uint64_t iova);
/* The leaf that maps an address is of this size, and leads there. */
void assert_maps(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t paddr,
		 uint64_t page_size);
void assert_hole(struct iomm_pgtable *pgtable, uint64_t iova);
void assert_prot(struct iomm_pgtable *pgtable, uint64_t iova, uint32_t prot);
/* How much is mapped, in all. */
uint64_t mapped_bytes(struct iomm_pgtable *pgtable);
/* Entries of a kind in a range. */
uint32_t count_entries(struct iomm_pgtable *pgtable, uint64_t iova,
		       uint64_t bytes, uint32_t kind);
/* What is mapped, as extents, is exactly this. */
void assert_extents(struct iomm_pgtable *pgtable,
		    const struct iomm_extent *expected, uint32_t count);
void assert_extent(const struct iomm_extent *extent, uint64_t iova,
		   uint64_t bytes, uint64_t paddr, uint32_t prot);

/* A call on a range of an empty table of rig_4k(), which refuses each range
 * that is none, with its sentence, and touches nothing. */
typedef int
range_call(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes);
void refuses_ranges(struct rig *rig, range_call *call);
/* The same for handles that are none. */
void refuses_handles(struct rig *rig, range_call *call);

void map_ok(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t paddr,
	    uint64_t bytes, uint32_t prot);
/* Unmaps exactly so much, and flushes. */
void unmap_ok(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
	      uint64_t unmapped);
/* Exactly so much has the protection then; flushes. */
void protect_ok(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
		uint32_t prot, uint64_t changed);

/* What a walk from the registers has found: the leaf, or the contiguous run
 * that its hint says it is part of. */
struct iomm_raw_result;
uint64_t rig_run_size(uint64_t granule, const struct iomm_raw_result *raw);

/* A walk from the registers, as hardware does it, finds what translate does. */
void assert_walks_alike(struct rig *rig, struct iomm_pgtable *pgtable,
			uint64_t iova);

struct iomm_pgtable_info info_of(struct iomm_pgtable *pgtable);

#endif
