/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random arguments of operations on a page table. */
#include "model/pgtable.h"

uint64_t draw_iova(const struct subject *s, struct random *random)
{
	uint64_t offset = 0, pages = s->span / s->unit;

	switch (random_below(random, 8)) {
	case 0:
	case 1:
	case 2:
		offset = random_below(random, 40);
		break;
	case 3:
	case 4: /* on both sides of a block's edge */
		offset = s->block / s->unit * (1 + random_below(random, 3)) +
			 random_below(random, 9) - 4;
		break;
	case 5:
	case 6:
		offset = s->block / s->unit * random_below(random, 4);
		break;
	default:
		offset = random_below(random, pages);
	}
	return s->window[random_below(random, WINDOWS)] +
	       offset % pages * s->unit;
}

/* In one operation: as many as a block has, unless that is a great many. */
static uint64_t most_pages(const struct subject *s)
{
	uint64_t pages = s->block / s->unit;

	return pages < MOST_PAGES ? pages : MOST_PAGES;
}

uint64_t
draw_bytes(const struct subject *s, struct random *random, uint64_t iova)
{
	uint64_t room = s->info.last_iova - iova + 1, bytes;
	uint64_t output = UINT64_C(1) << s->info.oas;
	uint64_t pages = most_pages(s);
	uint64_t dice = random_below(random, 100);

	if (dice < 40)
		bytes = 1;
	else if (dice < 65)
		bytes = 1 + random_below(random, 8);
	else if (dice < 78)
		bytes = 1 + random_below(random, 64);
	else if (dice < 86)
		bytes = pages * (1 + random_below(random, 2));
	else if (dice < 93)
		bytes = pages + random_below(random, 9) - 4;
	else
		bytes = 1 + random_below(random, pages / 4 + 1);
	bytes *= s->unit;
	room = room < output ? room : output;
	return bytes < room ? bytes : room;
}

/* Mostly such that a block can be used where the I/O address allows one. */
uint64_t draw_paddr(const struct subject *s, struct random *random,
		    uint64_t iova, uint64_t bytes)
{
	uint64_t last = (UINT64_C(1) << s->info.oas) - 1;
	uint64_t paddr = random_next(random) & last & ~(s->unit - 1);

	if (random_percent(random, 70))
		paddr = (paddr & ~(s->block - 1)) | (iova & (s->block - 1));
	/* What is next to each other here may be so there: merges. */
	if (random_percent(random, 40))
		paddr = iova & last;
	return paddr > last - (bytes - 1) ? 0 : paddr;
}

uint64_t draw_prot(const struct subject *s, struct random *random)
{
	static const uint32_t memory[] = { 0, IOMM_PROT_CACHE, IOMM_PROT_MMIO };
	uint64_t rest = random_next(random) &
			(IOMM_PROT_WRITE | IOMM_PROT_EXEC | IOMM_PROT_PRIV);

	if (random_percent(random, 50)) /* so that neighbours are alike */
		return IOMM_PROT_READ | IOMM_PROT_WRITE;
	rest |= memory[random_below(random, LENGTH(memory))];
	return IOMM_PROT_READ | (rest & s->prot);
}

/* Failing */

static uint64_t draw_one(struct random *random)
{
	return random_percent(random, 4) ? 1 + random_below(random, 4) : 0;
}

uint64_t draw_fail(struct random *random)
{
	return draw_one(random) << FAIL_TABLE | draw_one(random) << FAIL_ALLOC |
	       draw_one(random) << FAIL_FLUSH;
}

void fail_in(struct subject *s, uint64_t fail)
{
	s->hw.alloc_fail_in = fail >> FAIL_TABLE & 0xff;
	s->hw.flush_fail_in = fail >> FAIL_FLUSH & 0xff;
	s->hw.failed = false;
	world_fail_at(&s->world, fail >> FAIL_ALLOC & 0xff);
}

bool has_failed(struct subject *s)
{
	bool failed = s->hw.failed ||
		      (s->world.fail_at && s->world.sites >= s->world.fail_at);

	fail_in(s, 0);
	return failed;
}

void draw_range(const struct subject *s, struct random *random, uint64_t *arg)
{
	arg[0] = draw_iova(s, random);
	arg[1] = draw_bytes(s, random, arg[0]);
}
