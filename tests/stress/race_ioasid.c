/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Races over ID spaces: look-ups against everything that takes things out of
 * their sight. */
#include "stress/races.h"

#include "unit/ioasid_support.h"

#define IDS 4u /* few, so that all fight for the same numbers */

/* On the heap, so that AddressSanitizer sees a look that is too late, and
 * written by its release, so that ThreadSanitizer does. */
struct piece {
	uint32_t set, alive;
};

struct scene {
	struct world world;
	struct iomm_ioasid_space *space;
	struct iomm_ioasid_set *set[2];
	_Atomic int64_t pieces;
	/* Custom allocators. */
	_Atomic uint32_t out; /* bits: numbers that the host has given */
	_Atomic int64_t registrations;
	/* Events: guarded by nothing but their order. */
	uint32_t last_event[IDS + 1];
};

static struct scene *the_scene;

static struct piece *piece_of(uint32_t set)
{
	struct piece *piece = malloc(sizeof(*piece));

	race_require(piece, 0);
	piece->set = set;
	piece->alive = 1;
	count(&the_scene->pieces, 1);
	return piece;
}

static void release(void *data)
{
	struct piece *piece = data;

	race_require(piece->alive == 1, piece->alive);
	piece->alive = 0;
	count(&the_scene->pieces, -1);
	free(piece);
}

static void begin_in(struct scene *s, void (*make_world)(struct world *w))
{
	struct iomm_ioasid_space_config config = { .size = sizeof(config),
						   .max = IDS };
	uint32_t n;

	the_scene = s;
	make_world(&s->world);
	assert_ok(iomm_ioasid_space_create(s->world.ctx, &config, &s->space));
	for (n = 0; n < 2; n++)
		assert_ok(iomm_ioasid_set_create(s->space, NULL, release,
						 &s->set[n]));
}

static void begin(void *shared)
{
	begin_in(shared, race_world);
}

static void begin_fenced(void *shared)
{
	begin_in(shared, race_world_fenced);
}

static void end(void *shared)
{
	struct scene *s = shared;

	iomm_ioasid_set_put(s->set[0]);
	iomm_ioasid_set_put(s->set[1]);
	assert_int_equal(space_info(s->space).taken, 0);
	iomm_ioasid_space_put(s->space);
	assert_int_equal(s->pieces, 0);
	assert_int_equal(s->registrations, 0);
	assert_int_equal(world_live(&s->world, IOMM_HANDLE_IOASID_SPACE), 0);
	world_end(&s->world);
}

/* Looks: what is seen is alive, and of the set that was asked for. */

struct look {
	uint32_t set; /* 2: any */
	struct random *random;
};

static void on_look(void *arg, uint32_t id, void *data)
{
	const struct look *look = arg;
	const struct piece *piece = data;

	(void)id;
	if (!piece)
		return;
	race_require(piece->alive == 1, piece->alive);
	race_require(look->set == 2 || piece->set == look->set, piece->set);
	if (random_percent(look->random, 20))
		race_dally(look->random);
	race_require(piece->alive == 1, piece->alive);
}

static void look(struct scene *s, struct random *random)
{
	uint32_t id = 1 + (uint32_t)random_below(random, IDS);
	struct look l = { .set = (uint32_t)random_below(random, 3),
			  .random = random };
	struct iomm_ioasid_set *set = l.set == 2 ? NULL : s->set[l.set];
	void *data = NULL;

	RACE_RESULT(iomm_ioasid_find_with(s->space, set, id, on_look, &l), 0,
		    -IOMM_ENOENT, -IOMM_EACCES);
	if (!set || random_percent(random, 70))
		return;
	if (iomm_ioasid_find(s->space, set, id, &data))
		return;
	/* The reference keeps what was found, also when it is replaced. */
	on_look(&l, id, data);
	iomm_ioasid_put(s->space, id);
}

static void churn(struct scene *s, uint32_t set, struct random *random)
{
	uint32_t id;

	if (iomm_ioasid_alloc(s->set[set], 1, IDS, piece_of(set), &id))
		return;
	if (random_percent(random, 50))
		RACE_RESULT(iomm_ioasid_set_data(s->set[set], id,
						 piece_of(set)),
			    0);
	if (random_percent(random, 50))
		RACE_RESULT(iomm_ioasid_set_data(s->set[set], id, NULL), 0);
	race_dally(random);
	RACE_RESULT(iomm_ioasid_free(s->set[set], id), 0);
}

static void look_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n;

	for (n = 0; n < 25; n++) {
		race_dally(random);
		if (thread < 2)
			churn(s, thread, random);
		else
			look(s, random);
	}
}

/* Nothing but looks at one ID, and one thread that replaces what they see: as
 * close to each other as they get. */
static void tight_begin(void *shared)
{
	struct scene *s = shared;
	uint32_t id;

	begin(s);
	assert_ok(iomm_ioasid_alloc(s->set[0], 1, 1, piece_of(0), &id));
}

static void on_tight_look(void *arg, uint32_t id, void *data)
{
	const struct piece *piece = data;

	(void)arg;
	(void)id;
	race_require(piece->alive == 1, piece->alive);
}

static void tight_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n;

	(void)random;
	for (n = 0; n < 100; n++) {
		if (thread)
			RACE_RESULT(iomm_ioasid_find_with(s->space, s->set[0],
							  1, on_tight_look,
							  NULL),
				    0);
		else
			RACE_RESULT(iomm_ioasid_set_data(s->set[0], 1,
							 piece_of(0)),
				    0);
	}
}

/* A number goes from one set to the other and back, at once each time, since
 * nothing has to be released: nobody sees the one's data as the other's. */
static void hands_begin(void *shared)
{
	struct scene *s = shared;
	struct iomm_ioasid_space_config config = { .size = sizeof(config),
						   .max = 1 };
	uint32_t n;

	the_scene = s;
	race_world(&s->world);
	assert_ok(iomm_ioasid_space_create(s->world.ctx, &config, &s->space));
	for (n = 0; n < 2; n++)
		assert_ok(iomm_ioasid_set_create(s->space, NULL, NULL,
						 &s->set[n]));
}

static void on_hands(void *arg, uint32_t id, void *data)
{
	(void)id;
	race_require(data == arg, (uintptr_t)data);
}

static void hands_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n, id, mine;

	(void)random;
	for (n = 0; n < 300; n++) {
		mine = thread ? thread & 1 : n & 1;
		if (thread) {
			RACE_RESULT(iomm_ioasid_find_with(s->space,
							  s->set[mine], 1,
							  on_hands,
							  &s->set[mine]),
				    0, -IOMM_ENOENT, -IOMM_EACCES);
			continue;
		}
		RACE_RESULT(iomm_ioasid_alloc(s->set[mine], 1, 1, &s->set[mine],
					      &id),
			    0);
		RACE_RESULT(iomm_ioasid_free(s->set[mine], id), 0);
	}
}

/* A set goes: drained by one, walked by another, its last handle put by a
 * third. Each thread has a handle. */
static void goes_begin(void *shared)
{
	struct scene *s = shared;
	uint32_t n, id;

	begin(s);
	for (n = 0; n < 3; n++) {
		assert_ok(
			iomm_ioasid_alloc(s->set[0], 1, IDS, piece_of(0), &id));
		(void)iomm_ioasid_set_get(s->set[0]);
	}
}

static int on_visit(void *arg, uint32_t id, void *data)
{
	struct look l = { .random = arg };

	on_look(&l, id, data);
	return 0;
}

static void goes_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct look l = { .random = random };

	race_dally(random);
	switch (thread) {
	case 0:
		RACE_RESULT(iomm_ioasid_set_free(s->set[0], IOMM_IOASID_DRAIN),
			    0);
		break;
	case 1:
		RACE_RESULT(iomm_ioasid_for_each(s->set[0], on_visit, random),
			    0);
		break;
	case 2:
		RACE_RESULT(iomm_ioasid_find_with(s->space, s->set[0], 2,
						  on_look, &l),
			    0, -IOMM_ENOENT);
		RACE_RESULT(iomm_ioasid_free(s->set[0], 2), 0, -IOMM_ENOENT,
			    -IOMM_EBUSY);
		break;
	default:
		break;
	}
	iomm_ioasid_set_put(s->set[0]);
}

static void goes_end(void *shared)
{
	struct scene *s = shared;

	assert_int_equal(world_live(&s->world, IOMM_HANDLE_IOASID_SET), 1);
	assert_int_equal(s->pieces, 0);
	s->set[0] = NULL;
	end(s);
}

/* Custom allocators come and go under those who take IDs. A host gives no
 * number twice that it did not get back. */
struct registration {
	uint32_t alive;
};

static int host_alloc(void *data, uint32_t min, uint32_t max, uint32_t *id)
{
	const struct registration *r = data;
	uint32_t n, out;

	race_require(r->alive == 1, r->alive);
	for (n = min; n <= max; n++) {
		out = atomic_fetch_or_explicit(&the_scene->out, 1u << n,
					       memory_order_relaxed);
		if (out & 1u << n)
			continue;
		*id = n;
		return 0;
	}
	return -IOMM_ENOSPC;
}

static void host_free(void *data, uint32_t id)
{
	const struct registration *r = data;
	uint32_t out;

	race_require(r->alive == 1, r->alive);
	out = atomic_fetch_and_explicit(&the_scene->out, ~(1u << id),
					memory_order_relaxed);
	race_require(out & 1u << id, id);
}

static void host_release(void *data)
{
	struct registration *r = data;

	r->alive = 0;
	count(&the_scene->registrations, -1);
	free(r);
}

static void host_body(void *shared, uint32_t thread, struct random *random)
{
	static const struct iomm_ioasid_allocator_ops ops = {
		.size = sizeof(ops),
		.alloc = host_alloc,
		.free = host_free,
	};
	struct scene *s = shared;
	struct registration *r;
	uint32_t n, id;

	for (n = 0; n < 20; n++) {
		race_dally(random);
		if (thread < 2) {
			int err = iomm_ioasid_alloc(s->set[thread], 1, IDS,
						    piece_of(thread), &id);

			race_require(!err || err == -IOMM_ENOSPC, err);
			if (err)
				continue;
			race_dally(random);
			RACE_RESULT(iomm_ioasid_free(s->set[thread], id), 0);
			continue;
		}
		r = malloc(sizeof(*r));
		race_require(r, 0);
		r->alive = 1;
		count(&s->registrations, 1);
		if (iomm_ioasid_allocator_register(s->space, &ops, r,
						   host_release))
			continue;
		race_dally(random);
		RACE_RESULT(iomm_ioasid_allocator_unregister(s->space, &ops, r),
			    0, -IOMM_EBUSY);
	}
}

/* Events come one at a time, and of each ID in their order. */
static int on_event(void *data, const struct iomm_ioasid_event *event)
{
	static const uint32_t before[] = {
		[IOMM_IOASID_ALLOC] = IOMM_IOASID_FREE,
		[IOMM_IOASID_BIND] = IOMM_IOASID_ALLOC,
		[IOMM_IOASID_UNBIND] = IOMM_IOASID_BIND,
		[IOMM_IOASID_FREE] = IOMM_IOASID_UNBIND,
	};
	uint32_t *last = &the_scene->last_event[event->id];

	(void)data;
	race_require(!*last || *last == before[event->event], event->event);
	*last = event->event;
	return 0;
}

static void event_begin(void *shared)
{
	struct scene *s = shared;

	begin(s);
	assert_ok(iomm_ioasid_subscribe(s->space, NULL, IOMM_IOASID_CPU,
					on_event, NULL, NULL));
}

static int ignore(void *data, const struct iomm_ioasid_event *event)
{
	const struct registration *r = data;

	(void)event;
	race_require(r->alive == 1, r->alive);
	return 0;
}

static void event_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_ioasid_set *set = s->set[thread & 1];
	struct registration *r;
	uint32_t n, id;

	for (n = 0; n < 10; n++) {
		race_dally(random);
		if (thread == 3) {
			r = malloc(sizeof(*r));
			race_require(r, 0);
			r->alive = 1;
			count(&s->registrations, 1);
			RACE_RESULT(iomm_ioasid_subscribe(s->space, set,
							  IOMM_IOASID_IOMMU,
							  ignore, r,
							  host_release),
				    0);
			race_dally(random);
			RACE_RESULT(iomm_ioasid_unsubscribe(s->space, set,
							    ignore, r),
				    0);
			continue;
		}
		if (iomm_ioasid_alloc(set, 1, IDS, piece_of(0), &id))
			continue;
		RACE_RESULT(iomm_ioasid_bind(s->space, set, id), 0);
		race_dally(random);
		RACE_RESULT(iomm_ioasid_unbind(s->space, set, id), 0);
		RACE_RESULT(iomm_ioasid_free(set, id), 0);
	}
}

static const struct race races[] = {
	{ "look-ups", 4, sizeof(struct scene), begin, look_body, end },
	{ "look-ups that fence", 4, sizeof(struct scene), begin_fenced,
	  look_body, end },
	{ "tight look-ups", 3, sizeof(struct scene), tight_begin, tight_body,
	  end },
	{ "a number that changes hands", 3, sizeof(struct scene), hands_begin,
	  hands_body, end },
	{ "a set that goes", 4, sizeof(struct scene), goes_begin, goes_body,
	  goes_end },
	{ "custom allocators", 4, sizeof(struct scene), begin, host_body, end },
	{ "events", 4, sizeof(struct scene), event_begin, event_body, end },
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE_TEST(races[0]), RACE_TEST(races[1]), RACE_TEST(races[2]),
		RACE_TEST(races[3]), RACE_TEST(races[4]), RACE_TEST(races[5]),
		RACE_TEST(races[6]),
	};

	return cmocka_run_group_tests_name("races: ID spaces", tests, NULL,
					   NULL);
}
