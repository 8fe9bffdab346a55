/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reservations. A reservation holds as many tables as its range can need when
 * none is there, rather than to pin those that are: so it does not matter what
 * becomes of them, and nobody else has to look out for it.
 */
#include <iomm/reservation.h>

#include "base/abi.h"
#include "pgtable/check.h"
#include "pgtable/node.h"

struct iomm_reservation {
	struct iomm_object object;
	struct iomm_pgtable *pgtable;
	uint64_t first, last; /* offsets */
	struct iomm_node_spares spares;
};

static void destroy(struct iomm_object *object)
{
	struct iomm_reservation *reservation = (void *)object;

	if (!reservation->pgtable)
		return;
	iomm_node_unreserve(reservation->pgtable, &reservation->spares);
	iomm_object_drop(reservation->pgtable);
}

static const struct iomm_object_type reservation_type = {
	.kind = IOMM_HANDLE_RESERVATION,
	.bytes = sizeof(struct iomm_reservation),
	.name = "reservation",
	.destroy = destroy,
};

/* log2 of what a slot of a table at the level spans */
static uint32_t slot_shift(const struct iomm_pgtable *pgtable, uint32_t level)
{
	const struct iomm_engine_ops *ops = pgtable->ops;

	return ops->page_shift + (ops->last_level - level) * ops->bits;
}

static uint64_t slots_of(const struct iomm_pgtable *pgtable, uint32_t level)
{
	uint64_t bytes = level == pgtable->start_level ? pgtable->root_bytes
						       : pgtable->ops->granule;

	return bytes >> pgtable->ops->desc_shift;
}

/* Gives the nodes that are there room for all the children that the range can
 * have. Later ones get it when they are made, since the table is wide. */
static int widen(struct iomm_pgtable *pgtable, struct iomm_node *node,
		 uint32_t level, uint64_t first, uint64_t last)
{
	uint32_t slots = (uint32_t)slots_of(pgtable, level);
	uint32_t shift = slot_shift(pgtable, level), slot;
	struct iomm_node *child;
	int r;

	if (level >= pgtable->ops->last_level)
		return 0;
	r = iomm_node_make_room(pgtable, node, 0, slots);
	if (!r)
		r = iomm_node_make_room(pgtable, node, slots - 1, slots);
	for (slot = 0; !r && slot < slots; slot++) {
		uint64_t span = (UINT64_C(1) << shift) - 1;
		uint64_t low = (uint64_t)slot << shift;

		if (low + span < first || low > last)
			continue;
		child = iomm_node_child(node, slot);
		if (child)
			r = widen(pgtable, child, level + 1,
				  first > low ? first - low : 0,
				  last - low < span ? last - low : span);
	}
	return r;
}

/* Tables that the range spans at a level below the first. */
static uint64_t tables_at(const struct iomm_pgtable *pgtable, uint32_t level,
			  uint64_t first, uint64_t last)
{
	uint32_t shift = slot_shift(pgtable, level - 1);

	return (last >> shift) - (first >> shift) + 1;
}

static int take(struct iomm_reservation *reservation)
{
	struct iomm_pgtable *pgtable = reservation->pgtable;
	uint32_t level;
	uint64_t count;
	int r = 0;

	atomic_store_explicit(&pgtable->wide, true, memory_order_relaxed);
	if (!pgtable->sharing)
		r = widen(pgtable, pgtable->root, pgtable->start_level,
			  reservation->first, reservation->last);
	for (level = pgtable->start_level + 1;
	     !r && level <= pgtable->ops->last_level; level++) {
		count = tables_at(pgtable, level, reservation->first,
				  reservation->last);
		r = count > UINT32_MAX
			    ? IOMM_FAIL(pgtable->object.ctx, IOMM_ENOMEM,
					"the range can need more than 2^32 "
					"tables")
			    : iomm_node_reserve(pgtable, &reservation->spares,
						level, (uint32_t)count);
	}
	return r;
}

static int reserve(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t bytes,
		   struct iomm_reservation **out)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_reservation *reservation;
	uint64_t offset;
	int r;

	if (!out)
		return iomm_fail_null(ctx, "iomm_pgtable_reserve");
	r = iomm_pgtable_check_range(pgtable, iova, bytes, &offset);
	if (!r && pgtable->read_only)
		r = iomm_refuse_change(pgtable);
	if (r)
		return r;
	reservation = iomm_object_create(ctx, &reservation_type);
	if (!reservation)
		return -IOMM_ENOMEM;
	reservation->pgtable = iomm_object_get(pgtable);
	reservation->first = offset;
	reservation->last = offset + (bytes - 1);
	r = take(reservation);
	if (r)
		iomm_object_drop(reservation);
	else
		*out = reservation;
	return r;
}

int iomm_pgtable_reserve(struct iomm_pgtable *pgtable, uint64_t iova,
			 uint64_t bytes, struct iomm_reservation **out)
{
	struct iomm_ctx *ctx;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	ctx = pgtable->object.ctx;
	iomm_enter(ctx);
	return iomm_leave(ctx, reserve(pgtable, iova, bytes, out));
}

int iomm_reservation_commit(struct iomm_reservation *reservation, uint64_t iova,
			    uint64_t paddr, uint64_t bytes, uint32_t prot,
			    uint32_t flags, uint64_t *mapped)
{
	struct iomm_pgtable *pgtable;
	uint64_t offset, dummy;
	int r;

	if (!mapped)
		mapped = &dummy;
	*mapped = 0;
	if (!iomm_handle_ok(reservation, &reservation_type))
		return -IOMM_EINVAL;
	pgtable = reservation->pgtable;
	r = iomm_pgtable_check_range(pgtable, iova, bytes, &offset);
	if (r)
		return r;
	if (offset < reservation->first ||
	    offset + (bytes - 1) > reservation->last)
		return IOMM_FAIL(pgtable->object.ctx, IOMM_EINVAL,
				 "%x bytes at %x are not in the reserved range "
				 "[%x, %x]",
				 bytes, iova,
				 pgtable->first_iova + reservation->first,
				 pgtable->first_iova + reservation->last);
	return iomm_pgtable_map_with(pgtable, iova, paddr, bytes, prot, flags,
				     &reservation->spares, mapped);
}

struct iomm_reservation *
iomm_reservation_get(struct iomm_reservation *reservation)
{
	return iomm_handle_get(reservation, &reservation_type);
}

void iomm_reservation_put(struct iomm_reservation *reservation)
{
	iomm_handle_put(reservation, &reservation_type);
}
