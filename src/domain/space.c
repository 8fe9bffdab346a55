/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The side of a domain that its page table and the drivers see. */
#include "base/abi.h"
#include "base/mem.h"
#include "domain/domain.h"
#include "domain/target.h"
#include "pgtable/desc.h"
#include "pgtable/pgtable.h"

struct iomm_domain_part *
iomm_space_part(const struct iomm_space *space, const struct iomm_iommu *iommu)
{
	uint32_t n;

	for (n = 0; n < space->nr_parts; n++) {
		if (space->parts[n]->iommu == iommu)
			return space->parts[n];
	}
	return NULL;
}

/* Invalidation */

struct flush {
	bool all;
	uint64_t iova, last, page_size;
	uint32_t flags;
};

static int call_flush(struct iomm_domain_part *part, const struct flush *f)
{
	struct iomm_iommu *iommu = part->iommu;
	struct iomm_frame frame;
	int err;

	iomm_callback_begin(iommu->obj.ctx, &frame, true);
	err = iomm_answer(f->all ? iommu->ops.flush_all(iommu->data, part->priv)
				 : iommu->ops.flush(iommu->data, part->priv,
						    f->iova, f->last,
						    f->page_size, f->flags));
	iomm_callback_end(iommu->obj.ctx, &frame);
	return err;
}

/* The instance is being unregistered, or has been: under its lock the part is
 * either live still, and can be told to invalidate, or it has been told. */
static int flush_late(struct iomm_domain_part *part, const struct flush *f)
{
	struct iomm_iommu *iommu = part->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;
	uint32_t state;
	int err = 0;

	iomm_lock(ctx, &iommu->lock);
	state = atomic_load_explicit(&part->state, memory_order_acquire);
	if (state == IOMM_PART_LIVE)
		err = call_flush(part, f);
	iomm_unlock(ctx, &iommu->lock);
	if (state != IOMM_PART_UNKNOWN)
		return err;
	return IOMM_FAIL(ctx, IOMM_ENODEV,
			 "%s is gone, and has never confirmed its last "
			 "invalidation",
			 IOMM_STR(iommu->name));
}

static int flush_part(struct iomm_domain_part *part, const struct flush *f)
{
	struct iomm_iommu *iommu = part->iommu;
	int err;

	/* Gone: the driver has said that nothing walks the tables any more. */
	if (atomic_load_explicit(&part->state, memory_order_acquire) ==
	    IOMM_PART_GONE)
		return 0;
	if (!iomm_presence_enter(&iommu->presence))
		return flush_late(part, f);
	err = call_flush(part, f);
	iomm_presence_exit(iommu->obj.ctx, &iommu->presence);
	return err;
}

static int flush_parts(struct iomm_space *space, const struct flush *f)
{
	int err, result = 0;
	uint32_t n;

	for (n = 0; n < space->nr_parts; n++) {
		err = flush_part(space->parts[n], f);
		result = result ? result : err;
	}
	return result;
}

static int tlb_flush(void *data, uint64_t iova, uint64_t last,
		     uint64_t page_size, uint32_t flags)
{
	struct flush f = { false, iova, last, page_size, flags };

	return flush_parts(data, &f);
}

static int tlb_flush_all(void *data)
{
	struct flush f = { .all = true };

	return flush_parts(data, &f);
}

static const struct iomm_tlb_ops tlb_ops = {
	.size = sizeof(tlb_ops),
	.flush = tlb_flush,
	.flush_all = tlb_flush_all,
};

/* Taking turns */

static bool any_left(const struct iomm_space *space)
{
	uint32_t n;

	for (n = 0; n < space->nr_parts; n++) {
		if (atomic_load_explicit(&space->parts[n]->state,
					 memory_order_acquire) ==
		    IOMM_PART_LIVE)
			return true;
	}
	return false;
}

/* Shared tables need 64-bit atomic operations. */
#define SERIALISED IOMM_DESC_HALVES

static int take_turn(struct iomm_space *space)
{
	if (SERIALISED)
		return iomm_claim_take(space->ctx, &space->claim, IOMM_FOREVER,
				       "the domain");
	if (!iomm_in_atomic(space->ctx))
		return 0;
	/* It may be the hook of an invalidation, with a table locked. */
	return IOMM_FAIL(space->ctx, IOMM_EDEADLK,
			 "an atomic hook cannot work on a domain");
}

int iomm_space_begin(struct iomm_space *space)
{
	int err = take_turn(space);

	if (err || any_left(space))
		return err;
	iomm_space_end(space);
	return IOMM_FAIL(space->ctx, IOMM_ENODEV,
			 "the IOMMU instance of this domain is gone");
}

void iomm_space_end(struct iomm_space *space)
{
	if (SERIALISED)
		iomm_claim_drop(space->ctx, &space->claim);
}

/* For gathers, which must be flushed when the instance is gone too. */
static int owner_begin(void *data)
{
	struct iomm_space *space = data;

	return take_turn(space);
}

static void owner_end(void *data)
{
	iomm_space_end(data);
}

/* Making and freeing */

static uint64_t space_bytes(uint32_t room)
{
	return sizeof(struct iomm_space) +
	       (uint64_t)room * sizeof(struct iomm_domain_part *);
}

static void destroy_space(void *data)
{
	struct iomm_space *space = data;
	uint32_t n;

	for (n = space->nr_parts; n--;)
		iomm_part_destroy(space->parts[n]);
	iomm_free(space->ctx, space, space_bytes(space->room));
}

static uint32_t mask_bits(uint64_t mask)
{
	uint32_t bits = 0;

	for (; mask; mask >>= 1)
		bits++;
	return bits;
}

/* How far all devices of the group can reach. */
static uint64_t reach_of(struct iomm_group *group, struct iomm_member *extra)
{
	struct iomm_member *member = NULL;
	uint64_t mask = UINT64_MAX;

	while ((member = iomm_crew_next(group, extra, member)))
		mask &= member->limits.dma_mask;
	return mask;
}

/* What else they can do. */
static void limit_setup(struct iomm_group *group, struct iomm_member *extra,
			struct iomm_domain_setup *setup)
{
	struct iomm_member *member = NULL;

	setup->flags |= IOMM_PGTABLE_COHERENT;
	while ((member = iomm_crew_next(group, extra, member))) {
		if (!member->limits.coherent)
			setup->flags &= ~(uint32_t)IOMM_PGTABLE_COHERENT;
		if (!(setup->flags & IOMM_PGTABLE_NUMA_NODE) &&
		    member->limits.flags & IOMM_DEVICE_NUMA_NODE) {
			setup->flags |= IOMM_PGTABLE_NUMA_NODE;
			setup->numa_node = member->limits.numa_node;
		}
	}
}

static int first_setup(struct iomm_group *group, struct iomm_member *extra,
		       const struct iomm_domain_config *config, uint64_t reach,
		       struct iomm_domain_setup *setup)
{
	const char *format = config->format ? config->format : "";

	*setup = (struct iomm_domain_setup){
		.size = sizeof(*setup),
		.granule = config->granule,
		.page_sizes = config->page_sizes,
		.ias = config->ias,
	};
	limit_setup(group, extra, setup);
	if (reach != UINT64_MAX)
		setup->ias = mask_bits(reach);
	if (iomm_copy_string(setup->format, sizeof(setup->format), format) >=
	    (int)sizeof(setup->format))
		return IOMM_FAIL(group->obj.ctx, IOMM_EINVAL,
				 "a format's name has less than %u characters",
				 IOMM_FORMAT_NAME_MAX);
	return 0;
}

static bool terminated(const struct iomm_domain_setup *setup)
{
	uint32_t n;

	for (n = 0; n < sizeof(setup->format); n++) {
		if (!setup->format[n])
			return n > 0;
	}
	return false;
}

/* Asks one instance's driver for its side. `setup` is what is wanted, and
 * becomes what the driver can do. */
static int alloc_part(struct iomm_iommu *iommu, struct iomm_domain_part *part,
		      struct iomm_domain_setup *setup)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_frame frame;
	void *priv = NULL;
	int err;

	iomm_callback_begin(ctx, &frame, false);
	err = iomm_answer(iommu->ops.domain_alloc(iommu->data, setup, &priv));
	iomm_callback_end(ctx, &frame);
	if (err)
		return IOMM_FAIL(ctx, -err, "%s cannot make the domain: %s",
				 IOMM_STR(iommu->name),
				 IOMM_STR(iomm_strerror(err)));
	iomm_part_link(part, priv);
	if (setup->size != sizeof(*setup))
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "%s changed the size of the domain's setup",
				 IOMM_STR(iommu->name));
	if (!terminated(setup))
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "%s named no format for the domain",
				 IOMM_STR(iommu->name));
	return 0;
}

static int fill_part(struct iomm_space *space, struct iomm_iommu *iommu,
		     struct iomm_domain_setup *setup)
{
	struct iomm_domain_setup wanted = *setup;
	struct iomm_domain_part *part;
	int err;

	err = iomm_part_create(iommu, &part);
	if (err)
		return err;
	space->parts[space->nr_parts++] = part;
	/* Inside until the part is linked: from then on unregistering sees it.
	 */
	if (!iomm_presence_enter(&iommu->presence))
		return IOMM_FAIL(space->ctx, IOMM_ENODEV,
				 "%s is being unregistered",
				 IOMM_STR(iommu->name));
	err = alloc_part(iommu, part, setup);
	iomm_presence_exit(space->ctx, &iommu->presence);
	if (!err && space->nr_parts > 1 &&
	    memcmp(setup, &wanted, sizeof(wanted)) != 0)
		return IOMM_FAIL(space->ctx, IOMM_EINVAL,
				 "%s and %s cannot walk the same table",
				 IOMM_STR(space->parts[0]->iommu->name),
				 IOMM_STR(iommu->name));
	return err;
}

/* What the user asked for in so many words he gets, or an error. */
static int
check_wishes(struct iomm_space *space, const struct iomm_domain_config *config,
	     const struct iomm_domain_setup *setup)
{
	const char *name = space->parts[0]->iommu->name;

	if (config->format && !iomm_streq(config->format, setup->format))
		return IOMM_FAIL(space->ctx, IOMM_EINVAL,
				 "%s walks format %s, not %s", IOMM_STR(name),
				 IOMM_STR(setup->format),
				 IOMM_STR(config->format));
	if (config->granule && config->granule != setup->granule)
		return IOMM_FAIL(space->ctx, IOMM_EINVAL,
				 "%s does not do a granule of %k",
				 IOMM_STR(name), config->granule);
	if (config->page_sizes && config->page_sizes != setup->page_sizes)
		return IOMM_FAIL(space->ctx, IOMM_EINVAL,
				 "%s does page sizes %x, not %x",
				 IOMM_STR(name), setup->page_sizes,
				 config->page_sizes);
	if (config->ias && config->ias != setup->ias)
		return IOMM_FAIL(space->ctx, IOMM_EINVAL,
				 "%s does %u bits of input address, not %u",
				 IOMM_STR(name), setup->ias, config->ias);
	return 0;
}

static int
make_table(struct iomm_space *space, const struct iomm_domain_setup *setup,
	   struct iomm_pgtable **out)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = setup->flags | (SERIALISED ? 0 : IOMM_PGTABLE_SHARED),
		.granule = setup->granule,
		.page_sizes = setup->page_sizes,
		.ias = setup->ias,
		.oas = setup->oas,
		.max_table_pa = setup->max_table_pa,
		.memory = setup->memory,
		.numa_node = setup->numa_node,
	};

	return iomm_pgtable_create(space->ctx, setup->format, &config, &tlb_ops,
				   space, destroy_space, out);
}

static int
fill_parts(struct iomm_space *space, const struct iomm_member *member,
	   struct iomm_domain_setup *setup)
{
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < member->nr_bindings; n++) {
		struct iomm_iommu *iommu = member->bindings[n].iommu;

		if (!iomm_space_part(space, iommu))
			err = fill_part(space, iommu, setup);
	}
	return err;
}

static uint32_t nr_bindings(struct iomm_group *group, struct iomm_member *extra)
{
	struct iomm_member *member = NULL;
	uint32_t nr = 0;

	while ((member = iomm_crew_next(group, extra, member)))
		nr += member->nr_bindings;
	return nr;
}

int iomm_space_create(struct iomm_group *group, struct iomm_member *extra,
		      const struct iomm_domain_config *config,
		      struct iomm_pgtable **pgtable, struct iomm_space **out)
{
	struct iomm_ctx *ctx = group->obj.ctx;
	struct iomm_domain_setup setup;
	struct iomm_space *space;
	struct iomm_member *member = NULL;
	uint32_t nr = nr_bindings(group, extra);
	uint64_t reach = config->ias ? UINT64_MAX : reach_of(group, extra);
	int err = first_setup(group, extra, config, reach, &setup);

	if (err)
		return err;
	space = iomm_alloc(ctx, space_bytes(nr));
	if (!space)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for a domain");
	space->ctx = ctx;
	space->room = nr;
	space->reach = reach;
	while (!err && (member = iomm_crew_next(group, extra, member)))
		err = fill_parts(space, member, &setup);
	if (!err)
		err = check_wishes(space, config, &setup);
	if (err) {
		destroy_space(space);
		return err;
	}
	/* The table takes the space over, and frees it if there is no table. */
	err = make_table(space, &setup, pgtable);
	if (err)
		return err;
	iomm_pgtable_set_owner(*pgtable, owner_begin, owner_end, space);
	*out = space;
	return 0;
}
