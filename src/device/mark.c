/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What devices go by, and which group that makes theirs. All of it changes in
 * steps under the registry's lock, since a device may be behind several
 * instances; an instance's own lock is held too, so that who looks one ID up
 * needs only that.
 */
#include "device/device.h"
#include "device/registry.h"

struct key {
	uint32_t kind;
	uint64_t value;
};

int iomm_mark_order(const void *wanted, const struct iomm_index_entry *entry)
{
	const struct iomm_mark *mark =
		iomm_container_of(entry, const struct iomm_mark, entry);
	const struct key *key = wanted;
	int kinds = iomm_order(key->kind, mark->kind);

	return kinds ? kinds : iomm_order(key->value, mark->value);
}

/* One of the instance's two locks is held. */
static struct iomm_mark *
find(const struct iomm_iommu *iommu, uint32_t kind, uint64_t value)
{
	struct key key = { kind, value };
	struct iomm_index_entry *entry = iomm_index_find(&iommu->marks, &key);

	return entry ? iomm_container_of(entry, struct iomm_mark, entry) : NULL;
}

/* Making them, on the side */

static int add_mark(struct iomm_member *member, struct iomm_iommu *iommu,
		    uint32_t kind, uint64_t value)
{
	struct iomm_mark *mark = iomm_alloc(iommu->obj.ctx, sizeof(*mark));

	if (!mark)
		return IOMM_FAIL(iommu->obj.ctx, IOMM_ENOMEM,
				 "no memory for the IDs of %s",
				 IOMM_STR(member->device->name));
	mark->iommu = iommu;
	mark->kind = kind;
	mark->value = value;
	member->marks[member->nr_marks++] = mark;
	return 0;
}

static int
mark_binding(struct iomm_member *member, struct iomm_binding *binding)
{
	uint64_t key = 0;
	uint32_t n;
	int err = 0;

	binding->marks = member->marks + member->nr_marks;
	for (n = 0; !err && n < binding->nr_ids; n++)
		err = add_mark(member, binding->iommu, IOMM_MARK_ID,
			       binding->ids[n]);
	if (err)
		return err;
	err = iomm_binding_key(binding, &key);
	if (err == -IOMM_EOPNOTSUPP)
		return 0;
	return err ? err : add_mark(member, binding->iommu, IOMM_MARK_KEY, key);
}

int iomm_marks_make(struct iomm_member *member)
{
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < member->nr_bindings; n++)
		err = mark_binding(member, &member->bindings[n]);
	return err;
}

/* Forming. The registry's lock is held from here on. */

/* Somebody of a group, for a sentence; the group's lock is held. */
static const char *someone(const struct iomm_group *group)
{
	if (iomm_list_empty(&group->members))
		return "a device that is being probed";
	return iomm_container_of(group->members.next, const struct iomm_member,
				 link)
		->device->name;
}

static int fail_bridge(const struct iomm_member *member,
		       const struct iomm_mark *a, const struct iomm_mark *b)
{
	struct iomm_ctx *ctx = member->device->obj.ctx;
	char name[64];

	iomm_lock(ctx, &a->group->lock);
	(void)iomm_copy_string(name, sizeof(name), someone(a->group));
	iomm_unlock(ctx, &a->group->lock);
	iomm_lock(ctx, &b->group->lock);
	(void)IOMM_FAIL(ctx, IOMM_EBUSY,
			"%s goes by %x, as %s of group %u does, and by %x, as "
			"%s of group %u: groups in use cannot become one",
			IOMM_STR(member->device->name), a->value,
			IOMM_STR(name), a->group->number, b->value,
			IOMM_STR(someone(b->group)), b->group->number);
	iomm_unlock(ctx, &b->group->lock);
	return -IOMM_EBUSY;
}

/* Whose group is it to be? A mark of that, or NULL: nobody's yet. */
static int find_group(const struct iomm_member *member, struct iomm_mark **out)
{
	const struct iomm_mark *mine;
	struct iomm_mark *known;
	uint32_t n;

	*out = NULL;
	for (n = 0; n < member->nr_marks; n++) {
		mine = member->marks[n];
		known = find(mine->iommu, mine->kind, mine->value);
		if (known && *out && known->group != (*out)->group)
			return fail_bridge(member, *out, known);
		if (known)
			*out = known;
	}
	return 0;
}

/* Counts the member in. What it has itself of a mark that is there already goes
 * to `unused`. */
static void
settle(struct iomm_member *member, uint32_t n, struct iomm_mark **unused)
{
	struct iomm_mark *mine = member->marks[n], *known;
	struct iomm_iommu *iommu = mine->iommu;
	struct key key = { mine->kind, mine->value };

	iomm_lock(iommu->obj.ctx, &iommu->lock);
	known = find(iommu, mine->kind, mine->value);
	if (!known) {
		known = mine;
		mine->group = member->group;
		iomm_index_insert(&iommu->marks, &mine->entry, &key);
	} else {
		member->marks[n] = known;
		mine->next = *unused;
		*unused = mine;
	}
	known->users++;
	iomm_unlock(iommu->obj.ctx, &iommu->lock);
}

static int form(struct iomm_member *member, struct iomm_group *fresh,
		struct iomm_mark **unused)
{
	struct iomm_registry *registry = iomm_registry(fresh->obj.ctx);
	struct iomm_mark *known;
	uint32_t n;
	int err = find_group(member, &known);

	if (err)
		return err;
	if (!known)
		iomm_group_set_number(fresh, registry->next_group++);
	member->group = iomm_object_get(known ? known->group : fresh);
	for (n = 0; n < member->nr_marks; n++)
		settle(member, n, unused);
	return 0;
}

static void free_marks(struct iomm_ctx *ctx, struct iomm_mark *mark)
{
	struct iomm_mark *next;

	for (; mark; mark = next) {
		next = mark->next;
		iomm_free(ctx, mark, sizeof(*mark));
	}
}

int iomm_marks_settle(struct iomm_member *member, struct iomm_group *fresh)
{
	struct iomm_ctx *ctx = member->device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_mark *unused = NULL;
	int err;

	iomm_lock(ctx, &registry->lock);
	err = form(member, fresh, &unused);
	iomm_unlock(ctx, &registry->lock);
	free_marks(ctx, unused);
	return err;
}

/* Going */

/* Counts the member out. A mark that was never counted is its own. */
static void dismiss(struct iomm_mark *mark, struct iomm_mark **unused)
{
	struct iomm_iommu *iommu = mark->iommu;

	iomm_lock(iommu->obj.ctx, &iommu->lock);
	if (mark->users)
		mark->users--;
	if (!mark->users) {
		iomm_index_remove(&iommu->marks, &mark->entry);
		mark->next = *unused;
		*unused = mark;
	}
	iomm_unlock(iommu->obj.ctx, &iommu->lock);
}

void iomm_marks_dismiss(struct iomm_member *member)
{
	struct iomm_ctx *ctx = member->device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_mark *unused = NULL;

	iomm_lock(ctx, &registry->lock);
	while (member->nr_marks)
		dismiss(member->marks[--member->nr_marks], &unused);
	iomm_unlock(ctx, &registry->lock);
	free_marks(ctx, unused);
}

struct iomm_group *iomm_iommu_group(struct iomm_iommu *iommu, uint64_t id)
{
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_mark *mark;
	struct iomm_group *group;

	iomm_lock(ctx, &iommu->lock);
	mark = find(iommu, IOMM_MARK_ID, id);
	group = mark ? iomm_object_get(mark->group) : NULL;
	iomm_unlock(ctx, &iommu->lock);
	return group;
}
