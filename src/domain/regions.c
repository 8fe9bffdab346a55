/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Regions of several devices may overlap, and a user may have mapped a part of
 * one himself. So a domain keeps pieces: each is as a whole in so many regions,
 * and as a whole mapped by the library or by the user. Adding a region cuts
 * pieces at its ends; so dropping it later needs no memory.
 *
 * Dropping must not wait either. It only counts down; pieces that nobody needs
 * any more are unmapped by whoever has the claim, or gets it next.
 */
#include "domain/regions.h"

#include "device/fwspec.h"
#include "domain/domain.h"
#include "pgtable/gather.h"

#define RIGHTS (IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_EXEC)

struct piece {
	struct iomm_index_entry link;
	uint64_t first, last, paddr;
	uint32_t prot;
	uint32_t users; /* under the lock */
	bool mine;	/* mapped by the library */
};

struct range {
	uint64_t first, last, paddr;
	uint32_t prot;
};

static struct piece *from_link(struct iomm_index_entry *link)
{
	return link ? iomm_container_of(link, struct piece, link) : NULL;
}

/* Pieces that overlap a range are equal to it, which makes them neighbours. */
static int order(const void *key, const struct iomm_index_entry *link)
{
	const struct range *range = key;
	const struct piece *piece = iomm_container_of(link, struct piece, link);

	if (range->last < piece->first)
		return -1;
	return range->first > piece->last;
}

static struct piece *
find(const struct iomm_domain *domain, uint64_t first, uint64_t last)
{
	struct range range = { .first = first, .last = last };

	return from_link(iomm_index_find(&domain->regions.pieces, &range));
}

/* The next that overlaps. */
static struct piece *next_in(struct piece *piece, uint64_t last)
{
	piece = from_link(iomm_index_next(&piece->link));
	return piece && piece->first <= last ? piece : NULL;
}

/* What firmware says */

static bool is_direct(const struct iomm_reserved_region *region, bool relaxable)
{
	if (!region->prot)
		return false;
	return region->kind == IOMM_REGION_DIRECT ||
	       (relaxable && region->kind == IOMM_REGION_DIRECT_RELAXABLE);
}

static const struct iomm_reserved_region *
region_at(const struct iomm_member *member, uint32_t index)
{
	return (const struct iomm_reserved_region *)
		       member->spec->built.regions.items +
	       index;
}

static uint32_t nr_regions(const struct iomm_member *member)
{
	return member->spec->built.regions.nr;
}

bool iomm_regions_any(const struct iomm_member *member, bool relaxable)
{
	uint32_t n;

	for (n = 0; n < nr_regions(member); n++) {
		if (is_direct(region_at(member, n), relaxable))
			return true;
	}
	return false;
}

static uint64_t smallest_page(const struct iomm_domain *domain)
{
	return domain->info.page_sizes & (~domain->info.page_sizes + 1);
}

static uint64_t paddr_of(const struct iomm_reserved_region *region)
{
	return region->flags & IOMM_REGION_MAPPED ? region->paddr
						  : region->first;
}

/* To whole pages. */
static struct range
widen(const struct iomm_domain *domain, const struct iomm_member *member,
      const struct iomm_reserved_region *region)
{
	uint64_t mask = smallest_page(domain) - 1;
	struct range range = {
		.first = region->first & ~mask,
		.last = region->last | mask,
		.paddr = paddr_of(region) & ~mask,
		.prot = region->prot,
	};

	if (member->limits.coherent && !(range.prot & IOMM_PROT_MMIO))
		range.prot |= IOMM_PROT_CACHE;
	return range;
}

static int
check_range(const struct iomm_domain *domain, const struct iomm_member *member,
	    const struct iomm_reserved_region *region)
{
	const struct iomm_pgtable_info *info = &domain->info;
	const char *name = member->device->name;
	uint64_t page = smallest_page(domain);

	if ((region->first ^ paddr_of(region)) & (page - 1))
		return IOMM_FAIL(domain->obj.ctx, IOMM_EINVAL,
				 "%s: region %x to %x has to be mapped to %x, "
				 "which is elsewhere in a page of %k",
				 IOMM_STR(name), region->first, region->last,
				 paddr_of(region), page);
	if (region->first < info->first_iova ||
	    (region->last | (page - 1)) > info->last_iova)
		return IOMM_FAIL(
			domain->obj.ctx, IOMM_EINVAL,
			"%s: region %x to %x has to be mapped, and the "
			"domain has addresses from %x to %x",
			IOMM_STR(name), region->first, region->last,
			info->first_iova, info->last_iova);
	return 0;
}

/* Pieces. The claim is held. */

static struct piece *
new_piece(struct iomm_domain *domain, uint64_t first, uint64_t last)
{
	struct piece *piece = iomm_alloc(domain->obj.ctx, sizeof(*piece));

	if (piece) {
		piece->first = first;
		piece->last = last;
	}
	return piece;
}

static int fail_memory(const struct iomm_domain *domain)
{
	return IOMM_FAIL(domain->obj.ctx, IOMM_ENOMEM,
			 "no memory for the regions of a domain");
}

/* The lock is held. */
static void insert(struct iomm_domain *domain, struct piece *piece)
{
	struct range range = { .first = piece->first, .last = piece->last };

	domain->regions.pieces.order = order;
	iomm_index_insert(&domain->regions.pieces, &piece->link, &range);
	atomic_fetch_add(&domain->regions.nr, 1);
}

static void free_piece(struct iomm_domain *domain, struct piece *piece)
{
	iomm_free(domain->obj.ctx, piece, sizeof(*piece));
}

/* The lock is held. */
static void take_out(struct iomm_domain *domain, struct piece *piece)
{
	iomm_index_remove(&domain->regions.pieces, &piece->link);
	atomic_fetch_sub(&domain->regions.nr, 1);
}

/* Cuts a piece before an address that is inside of it. */
static int cut(struct iomm_domain *domain, struct piece *piece, uint64_t at)
{
	struct piece *rest = new_piece(domain, at, piece->last);

	if (!rest)
		return fail_memory(domain);
	rest->paddr = piece->paddr + (at - piece->first);
	rest->prot = piece->prot;
	rest->mine = piece->mine;
	iomm_lock(domain->obj.ctx, &domain->lock);
	rest->users = piece->users;
	piece->last = at - 1;
	insert(domain, rest);
	iomm_unlock(domain->obj.ctx, &domain->lock);
	return 0;
}

/* Unmapping what nobody needs */

/* The lock is held. */
static struct piece *first_unused(const struct iomm_domain *domain)
{
	struct piece *piece =
		from_link(iomm_index_first(&domain->regions.pieces));

	while (piece && piece->users)
		piece = from_link(iomm_index_next(&piece->link));
	return piece;
}

static struct piece *take_unused(struct iomm_domain *domain)
{
	struct piece *piece;

	iomm_lock(domain->obj.ctx, &domain->lock);
	piece = first_unused(domain);
	if (piece)
		take_out(domain, piece);
	iomm_unlock(domain->obj.ctx, &domain->lock);
	return piece;
}

static void unmap_piece(struct iomm_domain *domain, const struct piece *piece)
{
	uint64_t bytes = piece->last - piece->first + 1;
	int err = iomm_space_begin(domain->space);

	/* With its instance gone, nobody walks the table any more. */
	if (err)
		return;
	err = iomm_domain_unmap_now(domain, piece->first, bytes, NULL);
	iomm_space_end(domain->space);
	if (err)
		IOMM_LOG(domain->obj.ctx, IOMM_LOG_WARN, "domain",
			 "%x to %x stays mapped, though no device needs it any "
			 "more: %s",
			 piece->first, piece->last,
			 IOMM_STR(iomm_strerror(err)));
}

static bool any_unused(struct iomm_domain *domain)
{
	bool any;

	iomm_lock(domain->obj.ctx, &domain->lock);
	any = first_unused(domain);
	iomm_unlock(domain->obj.ctx, &domain->lock);
	return any;
}

/* The claim is held. */
static void sweep(struct iomm_domain *domain)
{
	struct piece *piece;

	while ((piece = take_unused(domain))) {
		if (piece->mine)
			unmap_piece(domain, piece);
		free_piece(domain, piece);
	}
}

/* What was dropped while the claim was somebody's is his to sweep: either he
 * sees it when he has given up the claim, or it can be had. */
static void sweep_unclaimed(struct iomm_domain *domain)
{
	struct iomm_claim *claim = &domain->regions.claim;

	while (any_unused(domain) && iomm_claim_try(domain->obj.ctx, claim)) {
		sweep(domain);
		iomm_claim_drop(domain->obj.ctx, claim);
	}
}

/* Adding */

static int fail_other(const struct iomm_domain *domain,
		      const struct range *range, uint64_t at, uint64_t paddr)
{
	return IOMM_FAIL(domain->obj.ctx, IOMM_EEXIST,
			 "%x is mapped to %x, or not with all rights: a "
			 "device's region from %x to %x has to be mapped to %x",
			 at, paddr, range->first, range->last, range->paddr);
}

static bool
agrees(const struct range *range, uint64_t at, uint64_t paddr, uint32_t prot)
{
	return paddr == range->paddr + (at - range->first) &&
	       !(range->prot & RIGHTS & ~prot) && !(prot & IOMM_PROT_PRIV);
}

/* Uses a piece that has the address: that part of it which is in the range. */
static int
share(struct iomm_domain *domain, const struct range *range, uint64_t *at)
{
	struct piece *piece = find(domain, *at, *at);
	int err = 0;

	if (!agrees(range, piece->first, piece->paddr, piece->prot))
		return fail_other(domain, range, piece->first, piece->paddr);
	if (piece->first < *at) {
		err = cut(domain, piece, *at);
		piece = find(domain, *at, *at);
	}
	if (!err && piece->last > range->last)
		err = cut(domain, piece, range->last + 1);
	if (err)
		return err;
	iomm_lock(domain->obj.ctx, &domain->lock);
	piece->users++;
	iomm_unlock(domain->obj.ctx, &domain->lock);
	*at = piece->last + 1;
	return 0;
}

/* Where the user's mapping ends that is at the address, if it will do. */
static int
look(struct iomm_domain *domain, const struct range *range, struct piece *piece)
{
	struct iomm_translation found = { .size = sizeof(found) };
	uint64_t end;
	int err = iomm_pgtable_translate(domain->pgtable, piece->first, &found);

	/* It was there a moment ago. */
	if (err == -IOMM_ENOENT)
		return IOMM_FAIL(
			domain->obj.ctx, IOMM_EEXIST,
			"what is mapped at %x changes while a device's "
			"region is being mapped there",
			piece->first);
	if (err)
		return err;
	if (!agrees(range, piece->first, found.paddr, found.prot))
		return fail_other(domain, range, piece->first, found.paddr);
	end = piece->first | (found.page_size - 1);
	if (end < piece->last)
		piece->last = end;
	piece->prot = found.prot;
	return 0;
}

/* Maps as much as is free from the piece's first address on, or, if that is not,
 * looks at what is there. */
static int
fill(struct iomm_domain *domain, const struct range *range, struct piece *piece)
{
	uint64_t mapped = 0;
	int err;

	piece->paddr = range->paddr + (piece->first - range->first);
	piece->prot = range->prot;
	err = iomm_space_begin(domain->space);
	if (err)
		return err;
	err = iomm_pgtable_map(domain->pgtable, piece->first, piece->paddr,
			       piece->last - piece->first + 1, piece->prot, 0,
			       &mapped);
	piece->mine = mapped;
	if (mapped) {
		piece->last = piece->first + (mapped - 1);
		err = err == -IOMM_EEXIST ? 0 : err;
	} else if (err == -IOMM_EEXIST) {
		err = look(domain, range, piece);
	}
	iomm_space_end(domain->space);
	return err;
}

/* Makes a piece of what begins at an address that is in none, and ends before
 * the next one. */
static int
make(struct iomm_domain *domain, const struct range *range, uint64_t *at)
{
	struct piece *next = find(domain, *at, range->last);
	struct piece *piece =
		new_piece(domain, *at, next ? next->first - 1 : range->last);
	int err;

	if (!piece)
		return fail_memory(domain);
	err = fill(domain, range, piece);
	/* Something may be mapped though the rest could not be. */
	if (err && !piece->mine) {
		free_piece(domain, piece);
		return err;
	}
	piece->users = 1;
	iomm_lock(domain->obj.ctx, &domain->lock);
	insert(domain, piece);
	iomm_unlock(domain->obj.ctx, &domain->lock);
	*at = piece->last + 1;
	return err;
}

/* Counts down what a range has up to `last`. */
static void
drop_range(struct iomm_domain *domain, const struct range *range, uint64_t last)
{
	struct piece *piece;

	iomm_lock(domain->obj.ctx, &domain->lock);
	for (piece = find(domain, range->first, last); piece;
	     piece = next_in(piece, last))
		piece->users--;
	iomm_unlock(domain->obj.ctx, &domain->lock);
}

static int add_range(struct iomm_domain *domain, const struct range *range)
{
	uint64_t at = range->first;
	int err = 0;

	/* A region may end with the last address there is. */
	while (!err && at <= range->last && (at || at == range->first))
		err = find(domain, at, at) ? share(domain, range, &at)
					   : make(domain, range, &at);
	if (err && at != range->first)
		drop_range(domain, range, at - 1);
	return err;
}

static void
drop_regions(struct iomm_domain *domain, const struct iomm_member *member,
	     bool relaxable, uint32_t nr)
{
	const struct iomm_reserved_region *region;
	struct range range;

	while (nr--) {
		region = region_at(member, nr);
		if (!is_direct(region, relaxable))
			continue;
		range = widen(domain, member, region);
		drop_range(domain, &range, range.last);
	}
}

static int add_regions(struct iomm_domain *domain,
		       const struct iomm_member *member, bool relaxable)
{
	const struct iomm_reserved_region *region;
	struct range range;
	uint32_t n;
	int err = 0;

	for (n = 0; n < nr_regions(member); n++) {
		region = region_at(member, n);
		if (!is_direct(region, relaxable))
			continue;
		err = check_range(domain, member, region);
		range = widen(domain, member, region);
		if (!err)
			err = add_range(domain, &range);
		if (err) {
			drop_regions(domain, member, relaxable, n);
			break;
		}
	}
	return err;
}

int iomm_regions_add(struct iomm_domain *domain,
		     const struct iomm_member *member, bool relaxable)
{
	struct iomm_ctx *ctx = member->device->obj.ctx;
	int err;

	if (!domain || domain->type != IOMM_DOMAIN_PAGING ||
	    !iomm_regions_any(member, relaxable))
		return 0;
	err = iomm_claim_take(ctx, &domain->regions.claim, IOMM_FOREVER,
			      "the domain");
	if (err)
		return err;
	sweep(domain);
	err = add_regions(domain, member, relaxable);
	iomm_claim_drop(ctx, &domain->regions.claim);
	sweep_unclaimed(domain);
	return err;
}

void iomm_regions_drop(struct iomm_domain *domain,
		       const struct iomm_member *member, bool relaxable)
{
	if (!domain || domain->type != IOMM_DOMAIN_PAGING ||
	    !iomm_regions_any(member, relaxable))
		return;
	drop_regions(domain, member, relaxable, nr_regions(member));
	sweep_unclaimed(domain);
}

/* The rest */

int iomm_regions_check(struct iomm_domain *domain, uint64_t iova,
		       uint64_t bytes)
{
	uint64_t last = iova + (bytes - 1), first = 0;
	struct piece *piece;

	if (!atomic_load_explicit(&domain->regions.nr, memory_order_acquire))
		return 0;
	/* What is wrong with those the page table says. */
	if (!bytes || last < iova)
		return 0;
	iomm_lock(domain->obj.ctx, &domain->lock);
	piece = find(domain, iova, last);
	while (piece && !piece->users)
		piece = next_in(piece, last);
	if (piece)
		first = piece->first;
	iomm_unlock(domain->obj.ctx, &domain->lock);
	if (!piece)
		return 0;
	return IOMM_FAIL(domain->obj.ctx, IOMM_EBUSY,
			 "%x has to stay mapped for as long as the domain is "
			 "attached: it is in a device's reserved region",
			 first > iova ? first : iova);
}

void iomm_regions_free(struct iomm_domain *domain)
{
	struct iomm_index_entry *link;

	while ((link = iomm_index_first(&domain->regions.pieces))) {
		take_out(domain, from_link(link));
		free_piece(domain, from_link(link));
	}
}
