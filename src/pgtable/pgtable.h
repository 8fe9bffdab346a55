/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The page table as the library sees it.
 *
 * For domains: iomm_pgtable_map() and its like are called by a domain while it
 * holds whatever serialises its calls. Its gathers are flushed by the public
 * calls, which know the table only: so a domain tells the table how to
 * serialise, with iomm_pgtable_set_owner().
 */
#ifndef IOMM_PGTABLE_PGTABLE_H
#define IOMM_PGTABLE_PGTABLE_H

#include <iomm/pgtable.h>

#include "base/ctx.h"
#include "pgtable/engine_ops.h"
#include "pgtable/memory.h"
#include "pgtable/node.h"

#define IOMM_COLD __attribute__((cold, noinline))

/* Protections are less than this. */
#define IOMM_PGTABLE_PROTS 64u

/*
 * Tables with IOMM_NODE_PRUNED. What they stood for may be mapped anew meanwhile;
 * all else that waits for a flush is its gather's. Each counts for the slot that
 * linked it, and for those above, by a hash: a slot that counts for another costs
 * a flush.
 */
#define IOMM_PRUNED_SHIFT 6u
struct iomm_pruned {
	_Atomic uint32_t count; /* changed under the lock of the pool */
	uint32_t slots[1u << IOMM_PRUNED_SHIFT]; /* under that lock */
};

struct iomm_pgtable {
	struct iomm_object object;

	/* What every call looks at, away from the count of references, which
	 * gathers change. */
	char pad[IOMM_CACHE_LINE];
	struct iomm_calls calls;
	/* Exclusive: where it was used last. Writing in the table that its own
	 * cursor stands in needs nothing else, or it stands nowhere. */
	struct iomm_cursor own;
	struct iomm_tepid tepid;
	struct iomm_window window; /* exclusive: where a lookup was last */
	struct iomm_common common; /* exclusive */
	uint64_t last_paddr;
	uint64_t no_paddr; /* bits that no page's address has */
	const struct iomm_engine_ops *ops;
	struct iomm_node *root;
	uint64_t page_mask; /* smallest page size less one */
	/* The engine counts addresses from the first one. */
	uint64_t first_iova;
	uint64_t last_offset;
	uint32_t start_level;
	uint32_t leaf_levels; /* a bit for each level where leaves may be */
	uint32_t run_levels;  /* and where contiguous runs are made */
	uint32_t page_shift;  /* of the smallest page size */
	bool has_runs;	      /* there can be runs: made, or adopted */
	_Atomic bool wide;    /* reserved from: nodes have whole windows */
	bool read_only;	      /* to be looked at only */
	bool warms;	      /* cursors stand in tables */
	bool synced;   /* walkers do not snoop: call the provider's sync hook */
	bool stranded; /* hardware may walk it for ever: tables are not freed */

	struct iomm_sharing *sharing; /* a shared table; else NULL */

	char pad2[IOMM_CACHE_LINE];
	/* Changes when a table is re-used, in an exclusive table also when one
	 * goes out of use: what was found before may be stale. */
	_Atomic uintptr_t generation;

	struct iomm_lock lock; /* shared: of the pool */
	struct iomm_node_pool pool;
	const struct iomm_vector *vector; /* or NULL */
	/* How protections are encoded; 0: not asked for yet. Through
	 * check.h. */
	uint64_t attrs[IOMM_PGTABLE_PROTS];

	struct iomm_format *format;
	struct iomm_table_memory *memory;
	uint32_t flags; /* IOMM_PGTABLE_* */
	uint32_t ias, oas;
	uint64_t page_sizes;
	uint64_t max_table_pa;
	uint64_t root_bytes;
	_Atomic uintptr_t tables, foreign; /* the first one among them */
	struct iomm_pruned pruned;

	/* Tables of reservations that are no more. Pushed at any time, and
	 * taken in by whoever works on the table next. */
	_Atomic(struct iomm_node *) returned;
	_Atomic uint32_t nr_returned;
	/* Tables of gathers that were given up. Pushed at any time. */
	_Atomic(struct iomm_node *) quarantine;
	_Atomic uint32_t quarantined;

	struct iomm_tlb_ops tlb;
	void *tlb_data;
	void (*tlb_release)(void *data);

	int (*owner_begin)(void *data);
	void (*owner_end)(void *data);
	void *owner_data;

	uint64_t regs[IOMM_PGTABLE_REGS];
};

extern const struct iomm_object_type iomm_pgtable_type;

/*
 * Brackets around the flush of a gather by a public call: `begin` serialises it
 * with the owner's calls, or fails, and then the flush answers that. Set before
 * the first gather is used. `data` must stay valid for as long as the table's
 * tlb_data, that is, until tlb_release has run.
 */
void iomm_pgtable_set_owner(struct iomm_pgtable *pgtable,
			    int (*begin)(void *data), void (*end)(void *data),
			    void *data);

/* The calling thread's place on a shared table; NULL: too many have one. */
struct iomm_place *iomm_pgtable_place(struct iomm_pgtable *pgtable);

/* For who looks at what threads say in their places: what any of them has said is
 * seen afterwards, or that thread sees what was done before. */
void iomm_pgtable_barrier(struct iomm_pgtable *pgtable);

/* Calls the TLB hooks, if there are any. Anything but 0 has a sentence. */
int iomm_pgtable_tlb_flush(struct iomm_pgtable *pgtable, uint64_t iova,
			   uint64_t last, uint64_t page_size, uint32_t flags);
int iomm_pgtable_tlb_flush_all(struct iomm_pgtable *pgtable);

/* Keeps a chain of tables until a flush of everything succeeds. */
void iomm_pgtable_quarantine(struct iomm_pgtable *pgtable,
			     struct iomm_node *chain);

/* iomm_pgtable_flush_all() without entering the library: flushes everything,
 * then frees what was in quarantine before. */
int iomm_pgtable_flush_quarantine(struct iomm_pgtable *pgtable);
void iomm_pgtable_free_quarantine(struct iomm_pgtable *pgtable);

static inline uintptr_t
iomm_pgtable_generation(const struct iomm_pgtable *pgtable)
{
	return atomic_load_explicit(&pgtable->generation, memory_order_acquire);
}

/* Are there tables with IOMM_NODE_PRUNED? */
static inline bool iomm_pgtable_has_pruned(const struct iomm_pgtable *pgtable)
{
	return atomic_load_explicit(&pgtable->pruned.count,
				    memory_order_acquire);
}

/* Nothing is mapped at the address: ENOENT with its sentence. */
int iomm_pgtable_refuse_hole(const struct iomm_pgtable *pgtable,
			     uint64_t iova) IOMM_COLD;

#endif
