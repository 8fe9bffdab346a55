/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The model of ID spaces: set-private IDs, walks, custom allocators. */
#include "model/ioasid.h"

/* Set-private IDs */

static uint32_t with_spid(const struct subject *s, uint32_t set, uint32_t spid)
{
	uint32_t n;

	for (n = 1; n <= IDS; n++) {
		if (s->id[n].set == set && s->id[n].spid == spid)
			return n;
	}
	return 0;
}

int ioasid_attach(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t id = (uint32_t)arg[1], set = (uint32_t)arg[0];
	int err = ioasid_due_live(s, set, id), r;

	if (!err && (s->id[id].spid || with_spid(s, set, (uint32_t)arg[2])))
		err = -IOMM_EEXIST;
	r = iomm_ioasid_attach_spid(s->set[set], id, arg[2]);
	AGREE(r, err);
	if (!r)
		s->id[id].spid = (uint32_t)arg[2];
	return r;
}

int ioasid_detach(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t set = (uint32_t)arg[0], id = 0;
	uint32_t with = with_spid(s, set, (uint32_t)arg[2]);
	int err = with ? 0 : -IOMM_ENOENT;

	AGREE(iomm_ioasid_find_spid(s->set[set], arg[2], &id), err);
	model_require(id == with, "it is ID %" PRIu32 ", should be %" PRIu32,
		      id, with);
	if (arg[1] % 2)
		return err;
	AGREE(iomm_ioasid_detach_spid(s->set[set], arg[2]), err);
	if (with)
		s->id[with].spid = 0;
	return err;
}

/* Walks */

struct walk {
	struct subject *s;
	uint32_t set, last, count;
	bool free;
};

static int visit(void *arg, uint32_t id, void *data)
{
	struct walk *walk = arg;
	struct subject *s = walk->s;

	model_require(id > walk->last && s->id[id].set == walk->set &&
			      !s->id[id].pending && s->id[id].data == data,
		      "ID %" PRIu32 " is visited", id);
	walk->last = id;
	walk->count++;
	if (!walk->free || id % 16)
		return 0;
	AGREE(iomm_ioasid_free(s->set[walk->set], id), 0);
	ioasid_free(s, id);
	return 0;
}

int ioasid_walk(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct walk walk = { .s = s,
			     .set = (uint32_t)arg[0],
			     .free = arg[1] % 2 };
	uint32_t n, count = 0;

	for (n = 1; n <= IDS; n++)
		count += s->id[n].set == walk.set && !s->id[n].pending;
	AGREE(iomm_ioasid_for_each(s->set[walk.set], visit, &walk), 0);
	model_require(walk.count == count,
		      "%" PRIu32 " visits, should be %" PRIu32, walk.count,
		      count);
	return 0;
}

/* Custom allocators */

/* Hosts: the lowest number that is free is what they answer, from the top. */

static int host_alloc(void *data, uint32_t min, uint32_t max, uint32_t *id)
{
	struct host *h = data;
	uint32_t n;

	for (n = max; n >= min && n; n--) {
		if (!h->subject->id[n].set) {
			*id = n;
			return 0;
		}
	}
	return -IOMM_ENOSPC;
}

static void host_free(void *data, uint32_t id)
{
	struct host *h = data;

	model_require(h->number == h->subject->order[0] && id && id <= IDS,
		      "ID %" PRIu32 " goes back to host %" PRIu32, id,
		      h->number);
}

static void host_release(void *data)
{
	struct host *h = data;

	h->released++;
}

/* The third has other numbers: its name says so. */
static struct iomm_ioasid_allocator_ops ops_of(uint32_t host)
{
	static int third;
	struct iomm_ioasid_allocator_ops ops = {
		.size = sizeof(ops),
		.host = host == 3 ? &third : NULL,
		.alloc = host_alloc,
		.free = host_free,
	};

	return ops;
}

void ioasid_generate_host(const void *subject, struct random *random,
			  uint64_t *arg)
{
	(void)subject;
	arg[0] = 1 + random_below(random, HOSTS);
}

static bool nothing_out(const struct subject *s)
{
	uint32_t n;

	for (n = 1; n <= SETS; n++) {
		if (s->taken[n])
			return false;
	}
	return true;
}

int ioasid_register(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct host *h = &s->host[arg[0]];
	struct iomm_ioasid_allocator_ops ops = ops_of(h->number);
	uint32_t released = h->released;
	int err = h->registered			  ? -IOMM_EEXIST
		  : s->nr_hosts || nothing_out(s) ? 0
						  : -IOMM_EBUSY;
	int r = iomm_ioasid_allocator_register(s->space, &ops, h, host_release);

	AGREE(r, err);
	model_require(h->released == released + (r != 0), "released %" PRIu32,
		      h->released - released);
	if (r)
		return r;
	h->registered = true;
	s->order[s->nr_hosts++] = h->number;
	return r;
}

static bool share(uint32_t a, uint32_t b)
{
	return (a == 3) == (b == 3);
}

/* Takes place `n` out of the order; the first that shares with the head moves
 * to the head's place. */
static void take_out(struct subject *s, uint32_t n)
{
	uint32_t number = s->order[n], heir;

	s->nr_hosts--;
	memmove(&s->order[n], &s->order[n + 1],
		(s->nr_hosts - n) * sizeof(s->order[0]));
	for (heir = 0; !n && heir < s->nr_hosts; heir++) {
		if (!share(s->order[heir], number))
			continue;
		number = s->order[heir];
		memmove(&s->order[1], &s->order[0], heir * sizeof(s->order[0]));
		s->order[0] = number;
		break;
	}
}

int ioasid_unregister(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct host *h = &s->host[arg[0]];
	struct iomm_ioasid_allocator_ops ops = ops_of(h->number);
	uint32_t released = h->released, n, at = 0, sharers = 0;
	int err = 0, r;

	for (n = 0; n < s->nr_hosts; n++) {
		sharers += share(s->order[n], h->number);
		at = s->order[n] == h->number ? n : at;
	}
	if (!h->registered)
		err = -IOMM_ENOENT;
	else if (!at && sharers == 1 && !nothing_out(s))
		err = -IOMM_EBUSY;
	r = iomm_ioasid_allocator_unregister(s->space, &ops, h);
	AGREE(r, err);
	model_require(h->released == released + !r, "released %" PRIu32,
		      h->released - released);
	if (r)
		return r;
	h->registered = false;
	take_out(s, at);
	return r;
}
