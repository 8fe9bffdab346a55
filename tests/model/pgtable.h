/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A page table and its model, with the hardware below it. The model is what is
 * mapped where and what of it is dirty; the hardware walks what lies in memory,
 * by registers, keeps what it has seen for as long as it may, and must never
 * find anything but what the model says.
 */
#ifndef MODEL_PGTABLE_H
#define MODEL_PGTABLE_H

#include "model/harness.h"
#include "model/ranges.h"
#include "model/walker.h"
#include "unit/support.h"

#include <iomm/cursor.h>
#include <iomm/dump.h>
#include <iomm/reservation.h>

#define WINDOWS	     4u
#define GATHERS	     2u
#define RESERVATIONS 2u
#define ADOPTIONS    3u
#define MOST_EXTENTS 16u
#define MOST_PAGES   8192u

/* Hardware */

#define HARDWARE_CACHE 48u
#define HARDWARE_SLOTS 1024u
#define HARDWARE_OWED  128u

/* Whose flush is to make hardware forget an entry. */
#define OWED_NOTHING 0u			     /* it is right */
#define OWED_GATHER  1u			     /* and the number of the gather */
#define OWED_ALL     (OWED_GATHER + GATHERS) /* a gather was given up */

struct cached_leaf {
	bool valid, dirty;
	uint32_t owed, prot;
	uint32_t via; /* a table that is owed: it may be found there again */
	uint64_t iova, bytes, paddr; /* a run, or a leaf of one */
	uint64_t leaf, run;	     /* as the tables had it */
};

struct cached_table {
	bool valid;
	uint32_t owed;
	struct hop hop;
};

/* What was mapped, and may be seen until that is flushed. */
struct owed {
	struct range range;
	uint32_t owed;
};

/* What is being done, while a hook is called. */
enum work {
	IDLE,
	FLUSHING,
	MAPPING,
	UNMAPPING,
	PROTECTING,
	READING, /* what is dirty: devices stand still */
	SPLITTING,
	MERGING
};

struct hardware {
	char *cpu, *seen; /* tables, and what the walker sees of them */
	uint64_t base;	  /* their address */
	uint64_t slot;	  /* bytes of one table's place */
	bool snoops;
	uint32_t used[HARDWARE_SLOTS]; /* how many from here; 0: free */
	uint32_t tables, next;	       /* out now; where to look for room */

	struct walker walker;
	struct cached_leaf leaf[HARDWARE_CACHE];
	struct cached_table table[HARDWARE_CACHE];
	struct owed owed[HARDWARE_OWED];
	uint32_t nr_owed;
	uint32_t owes_more;   /* than there is room for: a bit for each */
	struct random random; /* of its own choices in this operation */

	/* The operation that is going on. */
	enum work work;
	uint64_t first, last;
	uint64_t near_first, near_last; /* with the leaves that reach out */

	/* The n-th call from now on fails; 0: none. */
	uint32_t alloc_fail_in, flush_fail_in;
	bool failed;	      /* one did */
	bool flush_failed;    /* since the operation began */
	bool forgets_nothing; /* planted: the flush hook does nothing */
	bool sees_nothing;    /* planted: the sync hook does nothing */
};

struct subject;

/* Does [iova, iova + bytes) reach into [first, last]? */
static inline bool
overlap(uint64_t first, uint64_t last, uint64_t iova, uint64_t bytes)
{
	return iova <= last && iova + (bytes - 1) >= first;
}

/* pgtable_memory.c */
void hardware_init(struct subject *s, uint64_t granule, bool snoops);
void hardware_fini(struct hardware *hw);

extern const struct iomm_table_memory_ops hardware_memory;
/* What of the memory of tables a walker sees; for struct walker. */
uint64_t *hardware_seen(void *hardware, uint64_t pa);
int hardware_fetch(void *hardware, uint64_t pa, uint64_t *desc);
/* A reset: it has forgotten all, and sees no write that was made before. */
void hardware_reset(struct hardware *hw);

/* pgtable_hardware.c */
extern const struct iomm_tlb_ops hardware_tlb;
/* Does this call of a hook fail? */
bool hardware_fails(struct hardware *hw, uint32_t *fail_in);
/* In the middle of an operation: perhaps a device does something. */
void hardware_turn(struct hardware *hw, uint64_t first, uint64_t last);
/* A device reads or writes, and must find what the model says. */
void hardware_access(struct subject *s, uint64_t iova, bool write);

/* pgtable_owed.c */

/* Is what hardware has of a leaf what the model says? */
bool leaf_is_right(const struct subject *s, const struct cached_leaf *leaf);
/* And is it of the size that it has in the tables? */
bool leaf_has_size(const struct subject *s, const struct cached_leaf *leaf);
/* From here to the end an operation changes [first, last]. Its hooks give the
 * hardware a turn. */
void hardware_begin(struct subject *s, enum work work, uint64_t first,
		    uint64_t last, uint64_t seed);
/* It is over, and the model is as it should be: what hardware still has of the
 * past, `owed` must make it forget; OWED_NOTHING: there must be none. */
void hardware_end(struct subject *s, uint32_t owed);
/* What is mapped in [first, last] is unmapped or changed by this operation. */
void hardware_owe(struct subject *s, uint64_t first, uint64_t last,
		  uint32_t owed);
/* What `owed` stands for was invalidated. */
void hardware_flushed(struct subject *s, uint32_t owed);
/* From now on that is for `to` to do. */
void hardware_hand_over(struct hardware *hw, uint32_t owed, uint32_t to);
/* No table that is in use is one that hardware may still walk as another. */
void hardware_check_reuse(const struct subject *s, const struct hop *table);

/* The subject */

struct reserved {
	struct iomm_reservation *handle;
	uint64_t iova, last;
	struct ranges used; /* was committed */
	bool spoilt;	    /* and some of it unmapped */
};

struct subject {
	struct world world;
	struct hardware hw;
	struct iomm_table_memory *memory;
	struct iomm_format *format;
	struct iomm_pgtable *pgtable;
	/* Those whose tables were adopted: they only own them still. */
	struct iomm_pgtable *former[ADOPTIONS];
	uint32_t nr_former;
	struct iomm_cursor cursor;
	struct iomm_gather gather[GATHERS];
	struct reserved reserved[RESERVATIONS];

	/* The model. */
	struct ranges mapped, dirty;

	/* Chosen for good. */
	const char *name; /* of the format */
	uint32_t prot;	  /* that it can express */
	struct iomm_pgtable_config config;
	struct iomm_pgtable_info info;
	uint64_t unit, block; /* the smallest leaf, and the next larger one */
	uint64_t large;	      /* the largest leaf */
	uint64_t window[WINDOWS], span; /* where the operations are */
};

static inline bool tracks(const struct subject *s)
{
	return s->config.flags & IOMM_PGTABLE_DIRTY;
}

/* The next larger size among `sizes`; 0: there is none. */
static inline uint64_t next_size(uint64_t sizes, uint64_t size)
{
	uint64_t larger = sizes & ~(2 * size - 1);

	return larger & (~larger + 1);
}

/* Bugs that can be planted. */
#define PLANT_UNMAP_SHORT 1u /* unmaps a page less than it was told */
#define PLANT_WRONG_PAGE  2u /* maps long ranges to the page before */
#define PLANT_NO_FLUSH	  3u /* the walker is not told to forget */
#define PLANT_NO_SYNC	  4u /* the walker does not see what is written */
#define PLANT_NO_GATHER	  5u /* a gather is dropped instead of flushed */

/* pgtable_make.c */
void *subject_make(struct random *random);
void subject_describe(const void *subject);
void subject_destroy(void *subject);
/* Another object over the same tables, which takes over; or an error. */
int subject_adopt(struct subject *s, uint64_t fail);

/* pgtable_check.c */

/* All of the table against all of the model. */
void subject_check(void *subject);
/* The part of that which hardware sees. */
void subject_see(const struct subject *s);
/* All that is mapped, as extents. */
void subject_extents(const struct subject *s);
/* How the table is now. */
struct iomm_pgtable_info subject_info(const struct subject *s);
/* One address: translation, hardware walk, model. */
int subject_look(struct subject *s, uint64_t iova);
/* What is mapped in [iova, last], as the library and as the model say it. */
void check_extents(const struct subject *s, uint64_t iova, uint64_t last,
		   const struct iomm_extent *extents, uint32_t count, bool all);
/* Looks the leaf up that maps an address, by a walk of its own. */
struct walked leaf_at(const struct subject *s, uint64_t iova);

/* The operations, by what they do to what is mapped. In each file, first what
 * draws their arguments, then what does it. */
#define OPERATION(name)                                                  \
	void generate_##name(const void *subject, struct random *random, \
			     uint64_t *arg);                             \
	int apply_##name(void *subject, const uint64_t *arg)

/* pgtable_draw.c: what they share. */
uint64_t draw_iova(const struct subject *s, struct random *random);
uint64_t
draw_bytes(const struct subject *s, struct random *random, uint64_t iova);
uint64_t draw_paddr(const struct subject *s, struct random *random,
		    uint64_t iova, uint64_t bytes);
uint64_t draw_prot(const struct subject *s, struct random *random);
/* Which calls of hooks fail: mostly none. */
#define FAIL_TABLE 0  /* the provider's; bits in an argument */
#define FAIL_ALLOC 8  /* the platform's */
#define FAIL_FLUSH 16 /* the TLB hooks */
uint64_t draw_fail(struct random *random);
void fail_in(struct subject *s, uint64_t fail);
/* Did one fail? None fails from here on. */
bool has_failed(struct subject *s);
void draw_range(const struct subject *s, struct random *random, uint64_t *arg);

/* pgtable_map.c: maps */
OPERATION(map);
OPERATION(segments);
OPERATION(wrong);
OPERATION(reserve);
OPERATION(commit);
OPERATION(release);
void generate_map_large(const void *subject, struct random *random,
			uint64_t *arg);

/* pgtable_change.c: changes what is mapped */
OPERATION(unmap);
OPERATION(unmap_extents);
OPERATION(protect);
OPERATION(split);
OPERATION(merge);
OPERATION(dirty);
void generate_unmap_all(const void *subject, struct random *random,
			uint64_t *arg);

/* pgtable_keep.c: leaves it as it is */
OPERATION(look);
OPERATION(access);
OPERATION(extents);
OPERATION(flush);
OPERATION(abandon);
OPERATION(flush_all);
OPERATION(adopt);
OPERATION(dump);
int apply_trim(void *subject, const uint64_t *arg);
OPERATION(restore);

#endif
