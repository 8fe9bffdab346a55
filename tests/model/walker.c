/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "model/walker.h"

#include <stddef.h>
#include <string.h>

#include <iomm/pgtable.h>

#define LAST_LEVEL 3

static uint64_t field(uint64_t value, uint32_t high, uint32_t low)
{
	return value >> low & ((UINT64_C(2) << (high - low)) - 1);
}

static bool bit(uint64_t value, uint32_t n)
{
	return value >> n & 1;
}

/* Registers */

static uint32_t output_bits(uint64_t size)
{
	static const uint8_t bits[8] = { 32, 36, 40, 42, 44, 48, 52 };

	return bits[size & 7];
}

static uint32_t granule_of(uint64_t tg, bool upper)
{
	static const uint8_t lower_half[4] = { 12, 16, 14 };
	static const uint8_t upper_half[4] = { 0, 14, 12, 16 };

	return upper ? upper_half[tg & 3] : lower_half[tg & 3];
}

static uint32_t level_shift(const struct walker *walker, int32_t level)
{
	return walker->granule +
	       (uint32_t)(LAST_LEVEL - level) * (walker->granule - 3);
}

/* Stage 1 begins where one table resolves all that is left. */
static int32_t first_level(const struct walker *walker)
{
	int32_t level = LAST_LEVEL;

	while (level_shift(walker, level) + walker->granule - 3 < walker->ias)
		level--;
	return level;
}

/* TTBR and VTTBR hold bits 51:48 in 5:2 when addresses have 52 bits. */
static uint64_t root_of(const struct walker *walker, uint64_t ttbr)
{
	uint64_t low = field(ttbr, 47, 1) << 1;

	if (walker->oas != 52)
		return low;
	return (low & ~UINT64_C(0x3f)) | field(ttbr, 5, 2) << 48;
}

static bool
setup_stage1(struct walker *w, uint64_t ttbr, uint64_t tcr, uint64_t mair)
{
	uint32_t half = w->upper ? 16 : 0;
	bool off = bit(tcr, w->upper ? 23 : 7);
	bool other_off = bit(tcr, w->upper ? 7 : 23);

	w->granule = granule_of(tcr >> (w->upper ? 30 : 14), w->upper);
	w->ias = 64 - (uint32_t)field(tcr, half + 5, half);
	w->oas = output_bits(tcr >> 32);
	w->wide = bit(tcr, 59);
	w->shareable = (uint32_t)field(tcr, half + 13, half + 12);
	w->updates = bit(tcr, 40);
	w->mair = mair;
	w->root = root_of(w, ttbr);
	if (!w->granule)
		return false;
	w->start = first_level(w);
	return !off && other_off;
}

static bool setup_stage2(struct walker *w, uint64_t vttbr, uint64_t vtcr)
{
	int32_t sl = (int32_t)field(vtcr, 7, 6);

	w->granule = granule_of(vtcr >> 14, false);
	w->ias = 64 - (uint32_t)field(vtcr, 5, 0);
	w->oas = output_bits(vtcr >> 16);
	w->wide = bit(vtcr, 32);
	w->shareable = (uint32_t)field(vtcr, 13, 12);
	w->updates = bit(vtcr, 22);
	w->root = root_of(w, vttbr);
	if (!w->granule)
		return false;
	if (w->granule == 12)
		w->start = bit(vtcr, 33) ? -1 : sl == 3 ? 3 : 2 - sl;
	else
		w->start = 3 - sl;
	/* Up to 16 tables may lie behind each other as the first. */
	return level_shift(w, w->start) + w->granule - 3 + 4 >= w->ias;
}

bool walker_setup(struct walker *walker, const char *format,
		  const uint64_t *regs, bool upper, bool fwb)
{
	bool ok;

	walker->stage2 = !strcmp(format, "arm64-s2");
	walker->upper = upper;
	walker->fwb = fwb;
	if (walker->stage2)
		ok = setup_stage2(walker, regs[0], regs[1]);
	else
		ok = setup_stage1(walker, regs[0], regs[1], regs[2]);
	return ok && walker->oas &&
	       (walker->granule == 16 || walker->oas < 52 || walker->wide);
}

/* Descriptors */

/* The address in a descriptor, down to bit `shift`. */
static uint64_t
address(const struct walker *walker, uint64_t desc, uint32_t shift)
{
	uint64_t pa;

	if (walker->wide) {
		pa = field(desc, 49, walker->granule) << walker->granule;
		pa |= field(desc, 9, 8) << 50;
	} else {
		pa = field(desc, 47, walker->granule) << walker->granule;
		if (walker->granule == 16 && walker->oas == 52)
			pa |= field(desc, 15, 12) << 48;
	}
	return pa >> shift << shift;
}

/* At which levels a descriptor may be a block. */
static bool has_blocks(const struct walker *walker, int32_t level)
{
	switch (walker->granule) {
	case 12:
		return level >= (walker->wide ? 0 : 1);
	case 14:
		return level >= (walker->wide ? 1 : 2);
	default: /* where the processor has 52 bits of output */
		return level >= (walker->oas == 52 || (walker->stage2 &&
						       walker->ias > 48)
					 ? 1
					 : 2);
	}
}

/* How many entries a contiguous run has; 1: there are none at this level. */
static uint32_t run_entries(const struct walker *walker, int32_t level)
{
	switch (walker->granule) {
	case 12:
		return level >= 1 ? 16 : 1;
	case 14:
		return level == 3 ? 128 : level == 2 ? 32 : 1;
	default:
		return level >= 2 ? 32 : 1;
	}
}

/* Stage 1 */

static const char *
stage1_memory(const struct walker *walker, uint64_t desc, uint32_t *prot)
{
	uint64_t attr = walker->mair >> (8 * field(desc, 4, 2)) & 0xff;
	uint64_t sh = walker->wide ? walker->shareable : field(desc, 9, 8);

	switch (attr) {
	case 0xff:
		*prot = IOMM_PROT_CACHE;
		return walker->wide || sh == 3 ? NULL
					       : "cached, not inner "
						 "shareable";
	case 0x44:
		*prot = 0;
		break;
	case 0x04:
		*prot = IOMM_PROT_MMIO;
		break;
	default:
		return "an unknown memory type";
	}
	return walker->wide || sh == 2 ? NULL : "not outer shareable";
}

static const char *
stage1(const struct walker *walker, uint64_t desc, struct walked *out)
{
	bool dbm = walker->updates && bit(desc, 51);
	bool read_only = bit(desc, 7), priv = !bit(desc, 6);
	const char *fault = stage1_memory(walker, desc, &out->prot);

	out->prot |= IOMM_PROT_READ;
	if (!read_only || dbm)
		out->prot |= IOMM_PROT_WRITE;
	if (priv)
		out->prot |= IOMM_PROT_PRIV;
	if (!bit(desc, priv ? 53 : 54))
		out->prot |= IOMM_PROT_EXEC;
	out->dirty = dbm && !read_only;
	out->clean = dbm && read_only;
	if (!bit(desc, 11))
		return "a global leaf";
	return fault;
}

/* Stage 2 */

static const char *
stage2_memory(const struct walker *walker, uint64_t desc, uint32_t *prot)
{
	static const uint8_t normal[2] = { 0xf, 0x6 }; /* write-back */
	static const uint8_t none[2] = { 0x5, 0x5 };   /* not cacheable */
	static const uint8_t device[2] = { 0x1, 0x1 }; /* nGnRE */
	uint64_t attr = field(desc, 5, 2);

	if (attr == normal[walker->fwb])
		*prot = IOMM_PROT_CACHE;
	else if (attr == none[walker->fwb])
		*prot = 0;
	else if (attr == device[walker->fwb])
		*prot = IOMM_PROT_MMIO;
	else
		return "an unknown memory type";
	return NULL;
}

static const char *
stage2(const struct walker *walker, uint64_t desc, struct walked *out)
{
	bool dbm = walker->updates && bit(desc, 51);
	const char *fault = stage2_memory(walker, desc, &out->prot);
	bool write = bit(desc, 7);

	if (bit(desc, 6))
		out->prot |= IOMM_PROT_READ;
	if (write || dbm)
		out->prot |= IOMM_PROT_WRITE;
	switch (field(desc, 54, 53)) {
	case 0:
		out->prot |= IOMM_PROT_EXEC;
		break;
	case 2:
		break;
	default:
		return "execution of one exception level";
	}
	out->dirty = dbm && write;
	out->clean = dbm && !write;
	return fault;
}

/* Walking */

static void put_leaf(const struct walker *walker, uint64_t iova, uint64_t desc,
		     int32_t level, struct walked *out)
{
	uint32_t shift = level_shift(walker, level);

	out->leaf = UINT64_C(1) << shift;
	out->run = out->leaf;
	if (bit(desc, 52))
		out->run *= run_entries(walker, level);
	out->iova = iova >> shift << shift;
	out->paddr = address(walker, desc, shift) + (iova - out->iova);
	out->fault = walker->stage2 ? stage2(walker, desc, out)
				    : stage1(walker, desc, out);
	if (!bit(desc, 10))
		out->fault = "the access flag is clear";
	if (out->paddr >> walker->oas)
		out->fault = "an address beyond the output width";
	if (bit(desc, 52) && run_entries(walker, level) == 1)
		out->fault = "the contiguous bit where there are no runs";
}

enum kind {
	NOTHING,
	LEAF,
	TABLE,
	WRONG
};

static enum kind
kind_of(const struct walker *walker, uint64_t desc, int32_t level)
{
	if (!bit(desc, 0))
		return NOTHING;
	if (level == LAST_LEVEL)
		return bit(desc, 1) ? LEAF : WRONG;
	if (bit(desc, 1))
		return TABLE;
	return has_blocks(walker, level) ? LEAF : WRONG;
}

static struct hop
hop_to(const struct walker *walker, uint64_t iova, uint64_t desc, int32_t level)
{
	uint32_t shift = level_shift(walker, level);

	return (struct hop){ iova >> shift << shift, UINT64_C(1) << shift,
			     address(walker, desc, walker->granule),
			     level + 1 };
}

static bool is_inside(const struct walker *walker, uint64_t iova)
{
	uint64_t above = iova >> (walker->ias - 1) >> 1;

	return above ==
	       (walker->upper ? UINT64_MAX >> (walker->ias - 1) >> 1 : 0);
}

/* The slot of an address; the first table may be several. */
static uint64_t
slot_of(const struct walker *walker, uint64_t iova, const struct hop *table)
{
	uint32_t bits = walker->granule - 3;
	uint64_t mask = (UINT64_C(1) << bits) - 1;
	uint64_t within = (UINT64_MAX >> (64 - walker->ias));

	if (table->level == walker->start)
		return (iova & within) >> level_shift(walker, table->level);
	return iova >> level_shift(walker, table->level) & mask;
}

static struct hop root_hop(const struct walker *walker)
{
	uint64_t space = UINT64_MAX >> (64 - walker->ias);

	return (struct hop){ walker->upper ? ~space : 0, space + 1,
			     walker->root, walker->start };
}

void walker_walk(const struct walker *walker, const struct hop *from,
		 uint64_t iova, struct walked *out)
{
	struct hop table = from ? *from : root_hop(walker);
	const uint64_t *memory;
	uint64_t slot;

	memset(out, 0, sizeof(*out));
	out->fault = "outside of the input width";
	if (!is_inside(walker, iova))
		return;
	for (;;) {
		slot = slot_of(walker, iova, &table);
		out->level = table.level;
		out->desc_pa = table.pa + 8 * slot;
		memory = walker->memory(walker->data, table.pa);
		out->fault = "a table where there is no memory";
		if (!memory || table.pa >> walker->oas)
			return;
		out->desc = memory[slot];
		switch (kind_of(walker, out->desc, table.level)) {
		case LEAF:
			put_leaf(walker, iova, out->desc, table.level, out);
			return;
		case TABLE:
			table = hop_to(walker, iova, out->desc, table.level);
			out->hop[out->hops++] = table;
			break;
		case WRONG:
			out->fault = "a reserved descriptor";
			return;
		default:
			out->fault = "nothing is mapped";
			return;
		}
	}
}

void walker_mark(const struct walker *walker, const struct walked *leaf)
{
	uint64_t *desc = walker->memory(walker->data, leaf->desc_pa);

	if (walker->stage2)
		*desc |= UINT64_C(1) << 7;
	else
		*desc &= ~(UINT64_C(1) << 7);
}

/* All of it */

/* The others of a run: the same but for the address, which goes on. Hardware
 * marks the one entry that it went through. */
static bool is_whole(const struct walker *walker, const uint64_t *entry,
		     const struct walked *first)
{
	uint64_t bits = ~UINT64_C(0), n;
	struct walked other;

	if (first->dirty || first->clean)
		bits &= ~(UINT64_C(1) << 7);
	for (n = 0; n < first->run / first->leaf; n++) {
		if (kind_of(walker, entry[n], first->level) != LEAF)
			return false;
		put_leaf(walker, first->iova + n * first->leaf, entry[n],
			 first->level, &other);
		if (other.fault || other.run != first->run ||
		    other.paddr != first->paddr + n * first->leaf)
			return false;
		if ((entry[n] ^ first->desc) & bits &
		    ~(UINT64_C(0x3ffff) << 32 | UINT64_C(0xfffff000) |
		      (walker->wide ? UINT64_C(0x300) : 0)))
			return false;
	}
	return true;
}

static bool any_dirty(const struct walker *walker, const uint64_t *entry,
		      const struct walked *first)
{
	struct walked other = { 0 };
	uint64_t n;

	for (n = 0; n < first->run / first->leaf && !other.dirty; n++)
		put_leaf(walker, first->iova, entry[n], first->level, &other);
	return other.dirty;
}

/* Answers how many entries the leaf takes. */
static uint64_t tour_leaf(const struct walker *walker, const struct tour *tour,
			  const uint64_t *entry, struct walked *leaf)
{
	if (leaf->fault) {
		tour->complain(tour->data, leaf->iova, leaf->fault);
		return 1;
	}
	if (leaf->run != leaf->leaf) {
		if ((leaf->iova | leaf->paddr) & (leaf->run - 1) ||
		    !is_whole(walker, entry, leaf)) {
			tour->complain(tour->data, leaf->iova,
				       "a contiguous run is not whole");
			return 1;
		}
		leaf->dirty = any_dirty(walker, entry, leaf);
	}
	tour->leaf(tour->data, leaf);
	return leaf->run / leaf->leaf;
}

static uint32_t slots_of(const struct walker *walker, const struct hop *table)
{
	return (uint32_t)(table->bytes >> level_shift(walker, table->level));
}

static void tour_table(const struct walker *walker, const struct tour *tour,
		       const struct hop *table)
{
	const uint64_t *memory = walker->memory(walker->data, table->pa);
	uint64_t step = UINT64_C(1) << level_shift(walker, table->level);
	uint32_t slots = slots_of(walker, table), n, valid = 0;
	uint64_t iova = table->iova;
	struct walked leaf;
	struct hop below;

	if (!memory) {
		tour->complain(tour->data, iova, "a table is not in memory");
		return;
	}
	for (n = 0; n < slots; n++)
		valid += memory[n] & 1;
	tour->table(tour->data, table, valid);
	for (n = 0; n < slots;) {
		leaf = (struct walked){ .desc = memory[n],
					.level = table->level };
		iova = table->iova + n * step;
		switch (kind_of(walker, memory[n], table->level)) {
		case LEAF:
			put_leaf(walker, iova, memory[n], table->level, &leaf);
			if (leaf.run > table->bytes)
				leaf.fault = "a run longer than its table";
			n += (uint32_t)tour_leaf(walker, tour, memory + n,
						 &leaf);
			continue;
		case TABLE:
			below = hop_to(walker, iova, memory[n], table->level);
			tour_table(walker, tour, &below);
			break;
		case WRONG:
			tour->complain(tour->data, iova, "is reserved");
			break;
		default:
			if (memory[n])
				tour->complain(tour->data, iova,
					       "is invalid, and not 0");
		}
		n++;
	}
}

void walker_tour(const struct walker *walker, const struct tour *tour)
{
	struct hop root = root_hop(walker);

	tour_table(walker, tour, &root);
}
