/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An ID space as a subject of the harness: three sets, of which two have quotas,
 * and three custom allocators of which two share their numbers. The model is an
 * array of IDs. Who holds references beyond what the model has is never asked;
 * who was told what is, by a subscriber that counts.
 */
#include "model/ioasid.h"

/* Bugs that can be planted. */
#define PLANT_LOST_PUT	   1u /* a reference is not given back */
#define PLANT_WRONG_SET	   2u /* an ID is freed through another set */
#define PLANT_LOST_RELEASE 3u /* data that is released is not counted */

/* Data: a number, so that it is told apart. Its release counts. */

static struct subject *current;

static void release(void *data)
{
	if (model_plant != PLANT_LOST_RELEASE || (uintptr_t)data % 8)
		current->data_released++;
}

static void *new_data(struct subject *s)
{
	return (void *)(uintptr_t)(++s->data_out);
}

/* What the model does when references go. */

static void bury(struct subject *s, struct number *n)
{
	if (n->set != 0)
		s->taken[n->set]--;
	if (n->host)
		s->out--;
	*n = (struct number){ 0 };
}

static void drop_if_last(struct subject *s, struct number *n)
{
	if (!n->gets)
		n->parked = 0;
	if (n->pending && !n->gets && !n->binds)
		bury(s, n);
}

void ioasid_free(struct subject *s, uint32_t id)
{
	s->events[IOMM_IOASID_FREE]++;
	s->id[id].pending = true;
	drop_if_last(s, &s->id[id]);
}

static uint64_t data_in_use(const struct subject *s)
{
	uint64_t n, sum = 0;

	for (n = 1; n <= IDS; n++)
		sum += (s->id[n].data != NULL) + s->id[n].parked;
	return sum;
}

static int notify(void *data, const struct iomm_ioasid_event *event)
{
	struct subject *s = data;

	s->told[event->event]++;
	return 0;
}

/* Making */

static void make_set(struct subject *s, uint32_t n)
{
	struct iomm_ioasid_set_config config = { .size = sizeof(config),
						 .quota = s->quota[n],
						 .type = n };

	model_require(!iomm_ioasid_set_create(s->space, &config, release,
					      &s->set[n]),
		      "no set %" PRIu32, n);
}

static void *make(struct random *random)
{
	struct iomm_ioasid_space_config config = { .size = sizeof(config),
						   .max = IDS };
	struct subject *s = calloc(1, sizeof(*s));
	uint32_t n;

	if (!s)
		abort();
	current = s;
	world_init(&s->world);
	s->world.config.log_level = IOMM_LOG_ERROR;
	model_require(!world_create(&s->world), "no context");
	model_require(!iomm_ioasid_space_create(s->world.ctx, &config,
						&s->space),
		      "no space");
	s->quota[2] = 1 + (uint32_t)random_below(random, 40);
	s->quota[3] = 300;
	for (n = 1; n <= SETS; n++)
		make_set(s, n);
	for (n = 1; n <= HOSTS; n++)
		s->host[n] = (struct host){ .subject = s, .number = n };
	if (random_percent(random, 50))
		model_require(!iomm_ioasid_subscribe(s->space, NULL,
						     IOMM_IOASID_IOMMU, notify,
						     s, NULL),
			      "no subscription");
	else
		s->told[0] = 1; /* nobody hears */
	return s;
}

static void describe(const void *subject)
{
	const struct subject *s = subject;

	printf("a quota of %" PRIu32 ", %s", s->quota[2],
	       s->told[0] ? "nobody is told" : "somebody is told");
}

static void check(void *subject)
{
	struct subject *s = subject;
	struct iomm_ioasid_space_info info = { .size = sizeof(info) };
	uint32_t n, taken = 0;

	for (n = 1; n <= IDS; n++)
		taken += s->id[n].set != 0;
	model_require(!iomm_ioasid_space_info(s->space, &info) &&
			      info.taken == taken,
		      "%" PRIu32 " are taken, should be %" PRIu32, info.taken,
		      taken);
	model_require(s->data_out - s->data_released == data_in_use(s),
		      "%" PRIu64 " data out, %" PRIu64 " in use",
		      s->data_out - s->data_released, data_in_use(s));
	for (n = 1; n < 5 && !s->told[0]; n++)
		model_require(s->told[n] == s->events[n],
			      "event %" PRIu32 " %" PRIu32
			      " times, should be %" PRIu32,
			      n, s->told[n], s->events[n]);
	model_require(!s->world.nr_misuses, "misuse: %s", s->world.misuse);
}

static void destroy(void *subject)
{
	struct subject *s = subject;
	uint32_t n, set;

	for (n = 1; n <= IDS; n++) {
		while (s->id[n].set && s->id[n].gets) {
			iomm_ioasid_put(s->space, n);
			s->id[n].gets--;
			drop_if_last(s, &s->id[n]);
		}
		while (s->id[n].set && s->id[n].binds) {
			model_require(!iomm_ioasid_unbind(s->space, NULL, n),
				      "not unbound");
			s->id[n].binds--;
			drop_if_last(s, &s->id[n]);
		}
	}
	for (set = 1; set <= SETS; set++)
		iomm_ioasid_set_put(s->set[set]);
	iomm_ioasid_space_put(s->space);
	model_require(world_live(&s->world, IOMM_HANDLE_ANY) == 1,
		      "more is left than the context");
	model_require(s->data_released == s->data_out, "data was lost");
	world_end(&s->world);
	free(s);
}

/* Which entry a look through a set meets; the result that is due. */
int ioasid_due(const struct subject *s, uint32_t set, uint32_t id)
{
	if (id > IDS || !s->id[id].set)
		return -IOMM_ENOENT;
	return set && s->id[id].set != set ? -IOMM_EACCES : 0;
}

int ioasid_due_live(const struct subject *s, uint32_t set, uint32_t id)
{
	int r = ioasid_due(s, set, id);

	return r ? r : s->id[id].pending ? -IOMM_EBUSY : 0;
}

/* Taking and freeing */

static void
generate_alloc(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = 1 + random_below(random, SETS);
	arg[1] = random_percent(random, 50) ? 0
					    : random_below(random, IDS + 20);
	arg[2] = random_percent(random, 50) ? IOMM_IOASID_INVALID
					    : arg[1] + random_below(random, 60);
	arg[3] = random_percent(random, 80);
}

/* The number that is due, or 0 and the error. */
static uint32_t due_number(struct subject *s, const uint64_t *arg, int *err)
{
	uint64_t min = arg[1] ? arg[1] : 1, max = arg[2] < IDS ? arg[2] : IDS;
	uint32_t set = (uint32_t)arg[0], n;
	uint32_t common = s->quota[2] + s->quota[3];

	*err = -IOMM_ENOSPC;
	if (s->quota[set] ? s->taken[set] >= s->quota[set]
			  : s->taken[set] >= IDS - common)
		return 0;
	for (n = (uint32_t)(s->nr_hosts ? max : min); n >= min && n <= max;
	     n += s->nr_hosts ? UINT32_MAX : 1) {
		if (!s->id[n].set) {
			*err = 0;
			return n;
		}
	}
	return 0;
}

static int apply_alloc(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t id = 0, n;
	void *data = arg[3] ? new_data(s) : NULL;
	int err, r;

	n = due_number(s, arg, &err);
	r = iomm_ioasid_alloc(s->set[arg[0]], (uint32_t)arg[1],
			      (uint32_t)arg[2], data, &id);
	AGREE(r, err);
	model_require(id == n, "ID %" PRIu32 ", should be %" PRIu32, id, n);
	if (r)
		return r;
	s->id[n] = (struct number){ .set = (uint32_t)arg[0],
				    .data = data,
				    .host = s->nr_hosts ? s->order[0] : 0 };
	s->taken[arg[0]]++;
	s->out += s->nr_hosts != 0;
	s->events[IOMM_IOASID_ALLOC]++;
	return r;
}

static void
generate_id(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = random_below(random, SETS + 1);
	/* Where the IDs mostly are: the space hands them out from below, the
	 * hosts from above. */
	arg[1] =
		random_below(random, random_percent(random, 60) ? 50 : IDS + 2);
	if (random_percent(random, 20))
		arg[1] = IDS - arg[1] % 50;
}

static void
generate_own_id(const void *subject, struct random *random, uint64_t *arg)
{
	generate_id(subject, random, arg);
	arg[0] = arg[0] ? arg[0] : 1;
	arg[2] = 1 + random_below(random, SPIDS);
}

static int apply_free(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t id = (uint32_t)arg[1], set = (uint32_t)arg[0];
	/* Its own set, mostly. */
	int err, r;

	if (arg[2] > 4 && id <= IDS && s->id[id].set)
		set = s->id[id].set;
	err = ioasid_due_live(s, set, id);
	if (model_plant == PLANT_WRONG_SET && err == -IOMM_EACCES)
		r = iomm_ioasid_free(s->set[s->id[id].set], id);
	else
		r = iomm_ioasid_free(s->set[set], id);
	AGREE(r, err);
	if (r)
		return r;
	ioasid_free(s, id);
	return r;
}

static int apply_set_free(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t set = (uint32_t)arg[0], n;
	bool drains = arg[1] % 2;
	int err = !drains && s->taken[set] ? -IOMM_EBUSY : 0;
	int r = iomm_ioasid_set_free(s->set[set],
				     drains ? IOMM_IOASID_DRAIN : 0);

	AGREE(r, err);
	if (r)
		return r;
	for (n = 1; n <= IDS; n++) {
		if (s->id[n].set != set || s->id[n].pending)
			continue;
		ioasid_free(s, n);
	}
	/* A set that is gone is followed by another; what is left of the first
	 * has to go before that, since it counts against the quota. */
	for (n = 1; n <= IDS; n++) {
		while (s->id[n].set == set && s->id[n].gets) {
			iomm_ioasid_put(s->space, n);
			s->id[n].gets--;
			drop_if_last(s, &s->id[n]);
		}
		while (s->id[n].set == set && s->id[n].binds) {
			AGREE(iomm_ioasid_unbind(s->space, NULL, n), 0);
			s->events[IOMM_IOASID_UNBIND] += s->id[n].binds == 1;
			s->id[n].binds--;
			drop_if_last(s, &s->id[n]);
		}
	}
	iomm_ioasid_set_put(s->set[set]);
	make_set(s, set);
	return r;
}

/* References */

static int apply_get(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t id = (uint32_t)arg[1], set = (uint32_t)arg[0];
	int err = ioasid_due_live(s, set, id), r;
	void *data = UNTOUCHED;

	if (!err && s->id[id].gets == REFS)
		return -IOMM_EAGAIN;
	r = iomm_ioasid_find(s->space, set ? s->set[set] : NULL, id, &data);
	AGREE(r, err);
	if (r)
		return r;
	model_require(data == s->id[id].data, "ID %" PRIu32 ": other data", id);
	s->id[id].gets++;
	return r;
}

static int apply_put(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t id = (uint32_t)arg[1];

	/* What nobody holds is not put: that is misuse. */
	if (id > IDS || !s->id[id].gets)
		return -IOMM_EAGAIN;
	if (model_plant != PLANT_LOST_PUT)
		iomm_ioasid_put(s->space, id);
	s->id[id].gets--;
	drop_if_last(s, &s->id[id]);
	return 0;
}

static int apply_bind(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t id = (uint32_t)arg[1], set = (uint32_t)arg[0];
	int err = ioasid_due_live(s, set, id), r;

	r = iomm_ioasid_bind(s->space, set ? s->set[set] : NULL, id);
	AGREE(r, err);
	if (!r)
		s->events[IOMM_IOASID_BIND] += !s->id[id].binds++;
	return r;
}

static int apply_unbind(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t id = (uint32_t)arg[1], set = (uint32_t)arg[0];
	int err = ioasid_due(s, set, id), r;

	if (!err && !s->id[id].binds)
		err = -IOMM_EINVAL;
	r = iomm_ioasid_unbind(s->space, set ? s->set[set] : NULL, id);
	AGREE(r, err);
	if (r)
		return r;
	s->events[IOMM_IOASID_UNBIND] += !--s->id[id].binds;
	drop_if_last(s, &s->id[id]);
	return r;
}

/* Looking */

static int apply_look(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	struct iomm_ioasid_info info = { .size = sizeof(info) };
	uint32_t id = (uint32_t)arg[1], set = (uint32_t)arg[0];
	struct iomm_ioasid_set *handle = set ? s->set[set] : NULL;
	const struct number *n = &s->id[id <= IDS ? id : 0];
	int err = ioasid_due(s, set, id);
	void *data = UNTOUCHED;

	AGREE(look_up(s->space, handle, id, &data), err);
	AGREE(iomm_ioasid_info(s->space, handle, id, &info), err);
	if (err)
		return err;
	model_require(data == n->data, "ID %" PRIu32 ": other data", id);
	model_require(info.type == n->set && info.binds == n->binds &&
			      info.refs == n->gets + n->binds + !n->pending &&
			      (info.flags ? info.spid : 0) == n->spid,
		      "ID %" PRIu32 ": %" PRIu32 " references, %" PRIu32
		      " binds, %" PRIu64,
		      id, info.refs, info.binds, (uint64_t)info.spid);
	model_require(info.state == (n->pending ? IOMM_IOASID_STATE_PENDING
				     : n->binds ? IOMM_IOASID_STATE_ACTIVE
						: IOMM_IOASID_STATE_IDLE),
		      "ID %" PRIu32 " in state %" PRIu32, id, info.state);
	return err;
}

static int apply_set_data(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint32_t id = (uint32_t)arg[1], set = (uint32_t)arg[0];
	int err = ioasid_due_live(s, set, id), r;
	void *data = arg[2] % 4 ? new_data(s) : NULL;

	r = iomm_ioasid_set_data(s->set[set], id, data);
	AGREE(r, err);
	if (r)
		return r;
	if (s->id[id].data && s->id[id].gets)
		s->id[id].parked++;
	s->id[id].data = data;
	return r;
}

static const struct model_kind kinds[] = {
	{ "alloc", "set min max data", 30, generate_alloc, apply_alloc },
	{ "free", "set id own", 26, generate_own_id, apply_free },
	{ "set-free", "set drain", 2, generate_own_id, apply_set_free },
	{ "find", "set id", 12, generate_id, apply_get },
	{ "put", "- id", 12, generate_id, apply_put },
	{ "bind", "set id", 6, generate_id, apply_bind },
	{ "unbind", "set id", 6, generate_id, apply_unbind },
	{ "look", "set id", 24, generate_id, apply_look },
	{ "set-data", "set id data", 12, generate_own_id, apply_set_data },
	{ "attach", "set id spid", 8, generate_own_id, ioasid_attach },
	{ "spid", "set detach spid", 8, generate_own_id, ioasid_detach },
	{ "walk", "set free", 1, generate_own_id, ioasid_walk },
	{ "register", "host", 3, ioasid_generate_host, ioasid_register },
	{ "unregister", "host", 3, ioasid_generate_host, ioasid_unregister },
};

const struct model model_ioasid = {
	.name = "ioasid",
	.kinds = kinds,
	.nr_kinds = LENGTH(kinds),
	.life = 5000,
	.check_every = 100,
	.make = make,
	.describe = describe,
	.check = check,
	.destroy = destroy,
};
