/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Eight threads on the types of one allocator. */
#include "stress/races.h"
#include "unit/alloc_support.h"

#define THREADS 8u
#define TYPES	3u
#define LIVE	16u
#define STEPS	12u

struct shared {
	struct world world;
	struct memory memory;
	struct iomm_allocator *allocator;
	struct iomm_alloc_type *type[TYPES];
	bool execute; /* the memory is the system's */
	/* What one thread hands another: allocated of type[slot % TYPES]. */
	_Atomic(void *) handed[LIVE];
};

static void make(struct shared *s, bool memory, uint32_t lanes)
{
	struct iomm_alloc_desc desc[TYPES] = {
		{ .type = IOMM_ALLOC_TEXT, .prot = RX },
		{ .type = IOMM_ALLOC_DATA, .prot = R_W },
		{ .type = IOMM_ALLOC_RODATA,
		  .prot = IOMM_ALLOC_READ,
		  .granularity = KIB(4),
		  .alignment = KIB(4) },
	};
	struct iomm_allocator_config config = { .size = sizeof(config),
						.lanes = lanes,
						.type_count = TYPES,
						.type_stride = sizeof(*desc),
						.types = desc };
	uint32_t n;

	race_world(&s->world);
	memory_init(&s->memory);
	for (n = 0; n < TYPES; n++)
		desc[n].size = sizeof(desc[n]);
	assert_ok(iomm_allocator_create(s->world.ctx, &config,
					memory ? &s->memory.ops : NULL,
					&s->memory, NULL, &s->allocator));
	for (n = 0; n < TYPES; n++)
		assert_ok(iomm_allocator_type(s->allocator, desc[n].type,
					      &s->type[n]));
}

static void begin_memory(void *shared)
{
	make(shared, true, 4);
}

static void begin_one_lane(void *shared)
{
	make(shared, true, 1);
}

static void begin_system(void *shared)
{
	struct shared *s = shared;

	make(s, false, 0);
	s->execute = true;
}

static void end(void *shared)
{
	struct shared *s = shared;
	uint32_t n;

	for (n = 0; n < LIVE; n++) {
		if (atomic_load(&s->handed[n]))
			assert_ok(iomm_alloc_type_free(s->type[n % TYPES],
						       s->handed[n]));
	}
	assert_ok(iomm_allocator_trim(s->allocator));
	for (n = 0; n < TYPES; n++) {
		assert_int_equal(type_stats(s->type[n]).allocations, 0);
		assert_int_equal(type_stats(s->type[n]).granted, 0);
		iomm_alloc_type_put(s->type[n]);
	}
	assert_int_equal(s->memory.grants, 0);
	iomm_allocator_put(s->allocator);
	world_end(&s->world);
	memory_fini(&s->memory);
}

/* A new one, with a function in it that returns a number of the thread's. */
static void *make_one(struct shared *s, uint32_t slot, uint32_t thread,
		      struct random *random)
{
	uint64_t bytes = CODE_BYTES + random_below(random, 2000);
	unsigned char code[CODE_BYTES];
	void *at = NULL;

	RACE_RESULT(iomm_alloc_type_alloc(s->type[slot % TYPES], bytes, &at),
		    0);
	code_make(code, thread);
	RACE_RESULT(iomm_alloc_type_fill(s->type[slot % TYPES], at, code,
					 sizeof(code)),
		    0);
	return at;
}

/* It holds what its maker put there, whoever that was; and runs. */
static void use(struct shared *s, uint32_t slot, const void *at)
{
	unsigned char code[CODE_BYTES], found[CODE_BYTES];
	uint32_t thread;

	memcpy(found, at, sizeof(found));
	for (thread = 0; thread < THREADS; thread++) {
		code_make(code, thread);
		if (memcmp(code, found, sizeof(code)))
			continue;
		if (s->execute && slot % TYPES == 0)
			race_require(code_call(at) == thread, thread);
		return;
	}
	race_fail("other bytes", found[0]);
}

static void come_and_go(void *shared, uint32_t thread, struct random *random)
{
	struct shared *s = shared;
	struct iomm_allocation seen = { .size = sizeof(seen) };
	uint32_t n, slot;
	void *at;

	for (n = 0; n < STEPS; n++) {
		slot = (uint32_t)random_below(random, LIVE);
		at = random_percent(random, 60)
			     ? make_one(s, slot, thread, random)
			     : NULL;
		/* Hands it over, and takes what was there. */
		at = atomic_exchange_explicit(&s->handed[slot], at,
					      memory_order_acq_rel);
		if (at) {
			use(s, slot, at);
			RACE_RESULT(iomm_alloc_type_free(s->type[slot % TYPES],
							 at),
				    0);
		}
		if (random_percent(random, 5))
			RACE_RESULT(iomm_allocator_trim(s->allocator), 0);
		if (random_percent(random, 5))
			RACE_RESULT(iomm_alloc_type_next(s->type[slot % TYPES],
							 at, &seen),
				    0, -IOMM_ENOENT);
	}
}

/* All free the same: one of them does. */
static void begin_frees(void *shared)
{
	struct shared *s = shared;

	make(s, true, 4);
	s->handed[0] = alloc_ok(s->type[0], 100);
	s->handed[1] = alloc_ok(s->type[1], KIB(100));
	s->handed[2] = alloc_ok(s->type[2], 100);
}

static _Atomic uint32_t freed;

static void free_the_same(void *shared, uint32_t thread, struct random *random)
{
	struct shared *s = shared;
	uint32_t n;
	int r;

	(void)thread;
	for (n = 0; n < TYPES; n++) {
		race_dally(random);
		r = iomm_alloc_type_free(s->type[n], s->handed[n]);
		race_require(!r || r == -IOMM_EINVAL, r);
		atomic_fetch_add_explicit(&freed, !r, memory_order_relaxed);
	}
}

static void end_frees(void *shared)
{
	struct shared *s = shared;

	assert_int_equal(atomic_exchange(&freed, 0), TYPES);
	memset(s->handed, 0, sizeof(s->handed));
	end(s);
}

/* The last handles go while others allocate and free with theirs. */
static void let_go(void *shared, uint32_t thread, struct random *random)
{
	struct shared *s = shared;
	struct iomm_alloc_type *type = NULL;
	uint32_t n;
	void *at;

	RACE_RESULT(iomm_allocator_type(s->allocator, IOMM_ALLOC_TEXT, &type),
		    0);
	for (n = 0; n < 8; n++) {
		at = make_one(s, 0, thread, random);
		RACE_RESULT(iomm_alloc_type_free(type, at), 0);
	}
	iomm_alloc_type_put(type);
}

static const struct race memory = { "types, on a backend", THREADS,
				    sizeof(struct shared), begin_memory,
				    come_and_go,	   end };
static const struct race one_lane = { "types, in one lane",  THREADS,
				      sizeof(struct shared), begin_one_lane,
				      come_and_go,	     end };
static const struct race hosted = {
	"types, on the system", THREADS,     sizeof(struct shared),
	begin_system,		come_and_go, end
};
static const struct race frees = { "one allocation freed by all",
				   THREADS,
				   sizeof(struct shared),
				   begin_frees,
				   free_the_same,
				   end_frees };
static const struct race handles = {
	"handles that go", THREADS, sizeof(struct shared),
	begin_memory,	   let_go,  end
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE_TEST(memory), RACE_TEST(one_lane), RACE_TEST(hosted),
		RACE_TEST(frees),  RACE_TEST(handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
