/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Address spaces of a device beside its own: a domain for a PASID. They belong
 * to one device; the group only keeps them. */
#include "device/device.h"
#include "domain/ownership.h"

struct slot {
	struct iomm_index_entry link; /* iomm_group_domains.pasids */
	uint32_t pasid;
	struct iomm_member *member;
	struct iomm_domain *domain; /* with a reference */
};

static struct slot *from_link(struct iomm_index_entry *link)
{
	return link ? iomm_container_of(link, struct slot, link) : NULL;
}

static int order(const void *key, const struct iomm_index_entry *link)
{
	return iomm_order(*(const uint32_t *)key,
			  iomm_container_of(link, struct slot, link)->pasid);
}

/* The first with a PASID, and the next one. */
static struct slot *first_with(const struct iomm_group *group, uint32_t pasid)
{
	return from_link(iomm_index_find(&group->domains.pasids, &pasid));
}

static struct slot *next_with(const struct slot *slot)
{
	struct slot *next = from_link(iomm_index_next(&slot->link));

	return next && next->pasid == slot->pasid ? next : NULL;
}

static struct slot *find(const struct iomm_group *group,
			 const struct iomm_member *member, uint32_t pasid)
{
	struct slot *slot = first_with(group, pasid);

	while (slot && slot->member != member)
		slot = next_with(slot);
	return slot;
}

bool iomm_pasids_any(const struct iomm_group *group)
{
	return group->domains.pasids.root;
}

static bool has_id(const struct iomm_member *member,
		   const struct iomm_iommu *iommu, uint64_t id)
{
	uint32_t n;

	for (n = 0; n < member->nr_bindings; n++) {
		if (member->bindings[n].iommu == iommu)
			return iomm_binding_has_id(&member->bindings[n], id);
	}
	return false;
}

struct iomm_domain *
iomm_pasid_domain(struct iomm_group *group, const struct iomm_iommu *iommu,
		  uint64_t id, uint32_t pasid)
{
	struct slot *slot = first_with(group, pasid);

	while (slot && !has_id(slot->member, iommu, id))
		slot = next_with(slot);
	return slot ? slot->domain : NULL;
}

/* Attaching */

/* Width of the PASIDs that the device and all of its instances have. */
static uint32_t bits_of(const struct iomm_member *member)
{
	uint32_t n, bits = member->limits.pasid_bits;

	for (n = 0; n < member->nr_bindings; n++) {
		if (member->bindings[n].iommu->pasid_bits < bits)
			bits = member->bindings[n].iommu->pasid_bits;
	}
	return bits;
}

static int check_pasid(const struct iomm_member *member, uint32_t pasid)
{
	const struct iomm_device *device = member->device;
	uint32_t bits = bits_of(member);

	if (!bits)
		return IOMM_FAIL(device->obj.ctx, IOMM_EOPNOTSUPP,
				 "%s, or an IOMMU behind which it is, has no "
				 "PASIDs",
				 IOMM_STR(device->name));
	if (!pasid || pasid >> bits)
		return IOMM_FAIL(
			device->obj.ctx, IOMM_EINVAL,
			"PASID %u: %s has PASIDs of %u bits, from 1 on", pasid,
			IOMM_STR(device->name), bits);
	if (iomm_member_shares_id(member))
		return IOMM_FAIL(device->obj.ctx, IOMM_EOPNOTSUPP,
				 "%s shares an ID with another device, and so "
				 "its PASIDs too",
				 IOMM_STR(device->name));
	return 0;
}

static int
check_slot(const struct iomm_domain *domain, const struct iomm_group *group,
	   const struct iomm_member *member, uint32_t pasid)
{
	struct iomm_ctx *ctx = domain->obj.ctx;

	if (domain->type != IOMM_DOMAIN_PAGING)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a PASID takes a paging domain");
	if (find(group, member, pasid))
		return IOMM_FAIL(ctx, IOMM_EBUSY,
				 "%s has a domain attached to PASID %u",
				 IOMM_STR(member->device->name), pasid);
	return 0;
}

static int new_slot(struct iomm_domain *domain, struct iomm_member *member,
		    uint32_t pasid, struct slot **out)
{
	struct slot *slot = iomm_alloc(domain->obj.ctx, sizeof(*slot));

	if (!slot)
		return IOMM_FAIL(domain->obj.ctx, IOMM_ENOMEM,
				 "no memory for PASID %u of %s", pasid,
				 IOMM_STR(member->device->name));
	slot->pasid = pasid;
	slot->member = member;
	slot->domain = iomm_object_get(domain);
	*out = slot;
	return 0;
}

static void free_slot(struct iomm_ctx *ctx, struct slot *slot)
{
	iomm_object_drop(slot->domain);
	iomm_free(ctx, slot, sizeof(*slot));
}

/* Inside the presence of the instances. */
static int set_up(struct iomm_domain *domain, struct iomm_group *group,
		  struct iomm_member *member, uint32_t pasid)
{
	struct slot *slot = NULL;
	int err = new_slot(domain, member, pasid, &slot);

	if (err)
		return err;
	err = iomm_target_prepare(domain, member, pasid);
	if (err) {
		free_slot(domain->obj.ctx, slot);
		return err;
	}
	iomm_target_commit(domain, member, pasid);
	iomm_lock(group->obj.ctx, &group->lock);
	group->domains.pasids.order = order;
	iomm_index_insert(&group->domains.pasids, &slot->link, &pasid);
	iomm_unlock(group->obj.ctx, &group->lock);
	return 0;
}

static int
attach(struct iomm_domain *domain, struct iomm_device *device, uint32_t pasid)
{
	struct iomm_group *group;
	int err = iomm_device_begin_group(device, &group);

	if (err)
		return err;
	err = check_pasid(device->member, pasid);
	if (!err)
		err = check_slot(domain, group, device->member, pasid);
	if (!err)
		err = iomm_group_enter(group);
	if (!err) {
		err = set_up(domain, group, device->member, pasid);
		iomm_group_exit(group);
	}
	iomm_device_end_group(group);
	return err;
}

int iomm_domain_attach_pasid(struct iomm_domain *domain,
			     struct iomm_device *device, uint32_t pasid)
{
	int err = iomm_domain_check_pair(domain, device,
					 "iomm_domain_attach_pasid");

	if (err)
		return err;
	iomm_enter(domain->obj.ctx);
	return iomm_leave(domain->obj.ctx, attach(domain, device, pasid));
}

/* Detaching */

/* An instance that is on its way out waits for the member, which is bound yet,
 * and so for the group's claim: it is there. */
static void drop(struct iomm_group *group, struct slot *slot)
{
	iomm_target_commit(NULL, slot->member, slot->pasid);
	iomm_lock(group->obj.ctx, &group->lock);
	iomm_index_remove(&group->domains.pasids, &slot->link);
	iomm_unlock(group->obj.ctx, &group->lock);
	free_slot(group->obj.ctx, slot);
}

void iomm_pasids_drop(struct iomm_group *group,
		      const struct iomm_member *member)
{
	struct slot *slot = from_link(iomm_index_first(&group->domains.pasids));
	struct slot *next;

	for (; slot; slot = next) {
		next = from_link(iomm_index_next(&slot->link));
		if (!member || slot->member == member)
			drop(group, slot);
	}
}

static int
detach(struct iomm_domain *domain, struct iomm_device *device, uint32_t pasid)
{
	struct iomm_group *group;
	struct slot *slot;
	int err = iomm_device_begin_group(device, &group);

	if (err)
		return err;
	slot = find(group, device->member, pasid);
	if (slot && slot->domain == domain)
		drop(group, slot);
	else
		err = IOMM_FAIL(group->obj.ctx, IOMM_ENOENT,
				"this domain is not attached to PASID %u of %s",
				pasid, IOMM_STR(device->name));
	iomm_device_end_group(group);
	return err;
}

int iomm_domain_detach_pasid(struct iomm_domain *domain,
			     struct iomm_device *device, uint32_t pasid)
{
	int err = iomm_domain_check_pair(domain, device,
					 "iomm_domain_detach_pasid");

	if (err)
		return err;
	iomm_enter(domain->obj.ctx);
	return iomm_leave(domain->obj.ctx, detach(domain, device, pasid));
}
