/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Allocators while memory, locks and each call of the backend fail. After a
 * failure the call has done nothing, and made again it succeeds.
 */
#include "stress/faults.h"
#include "unit/alloc_support.h"

struct scene {
	struct faults *f;
	struct pools rig; /* its world is the one of f */
	struct iomm_alloc_type *text, *data, *sealed;
};

static int refuse(struct memory *memory, enum memory_call call)
{
	int code = call == MEMORY_MAP ? -IOMM_ENOMEM : -IOMM_EIO;

	if (call == MEMORY_FLUSH)
		return 0;
	return faults_hit(memory->user, code) ? code : 0;
}

static void released(void *data)
{
	struct memory *memory = data;

	faults_released(memory->user);
}

static int create(struct scene *s)
{
	struct iomm_alloc_desc desc[3] = {
		{ .type = IOMM_ALLOC_TEXT, .prot = RX },
		{ .type = IOMM_ALLOC_DATA, .prot = R_W },
		{ .type = IOMM_ALLOC_RODATA_AFTER_INIT,
		  .prot = IOMM_ALLOC_READ,
		  .flags = IOMM_ALLOC_SEAL_AFTER_INIT },
	};
	struct iomm_allocator_config config = {
		.size = sizeof(config),
		.type_count = LENGTH(desc),
		.type_stride = sizeof(desc[0]),
		.types = desc,
	};
	uint32_t n;

	for (n = 0; n < LENGTH(desc); n++)
		desc[n].size = sizeof(desc[n]);
	s->f->due++;
	return iomm_allocator_create(s->f->world.ctx, &config,
				     &s->rig.memory.ops, &s->rig.memory,
				     released, &s->rig.allocator);
}

static void open_scene(struct scene *s, struct faults *f, uint32_t flags)
{
	memset(s, 0, sizeof(*s));
	s->f = f;
	faults_world(f);
	memory_init(&s->rig.memory);
	s->rig.memory.ops.flags = flags;
	s->rig.memory.user = f;
	s->rig.memory.refuse = refuse;
}

static void open_types(struct scene *s)
{
	s->text = pools_type(&s->rig, IOMM_ALLOC_TEXT);
	s->data = pools_type(&s->rig, IOMM_ALLOC_DATA);
	s->sealed = pools_type(&s->rig, IOMM_ALLOC_RODATA_AFTER_INIT);
}

/* Nothing fails any more, so that everything goes back. */
static void close_scene(struct scene *s)
{
	if (s->rig.allocator) {
		assert_int_equal(type_stats(s->text).allocations, 0);
		assert_int_equal(type_stats(s->data).allocations, 0);
		assert_int_equal(type_stats(s->sealed).allocations, 0);
		assert_ok(iomm_allocator_trim(s->rig.allocator));
		assert_int_equal(s->rig.memory.grants, 0);
	}
	iomm_alloc_type_put(s->text);
	iomm_alloc_type_put(s->data);
	iomm_alloc_type_put(s->sealed);
	iomm_allocator_put(s->rig.allocator);
	memory_fini(&s->rig.memory);
}

static int creating(struct faults *f)
{
	struct scene s;
	int err;

	open_scene(&s, f, IOMM_ALLOC_BACKEND_ALIAS);
	err = FAULTY(f, create(&s));
	if (!err)
		open_types(&s);
	close_scene(&s);
	return err;
}

static int opening_a_type(struct faults *f)
{
	struct iomm_alloc_type *type = NULL;
	struct scene s;
	int err;

	open_scene(&s, f, IOMM_ALLOC_BACKEND_ALIAS);
	assert_ok(create(&s));
	open_types(&s);
	err = FAULTY(f, iomm_allocator_type(s.rig.allocator, IOMM_ALLOC_TEXT,
					    &type));
	iomm_alloc_type_put(type);
	close_scene(&s);
	return err;
}

/* Everything that one does with an allocation, and what is the matter at each
 * step: done, or not at all. */
static int live(struct scene *s, struct iomm_alloc_type *type, uint64_t bytes)
{
	struct faults *f = s->f;
	void *at = NULL;
	int err, result;

	result = FAULTY(f, iomm_alloc_type_alloc(type, bytes, &at));
	assert_int_equal(type_stats(type).allocations, result ? 0 : 1);
	if (result)
		at = alloc_ok(type, bytes);
	err = FAULTY(f, iomm_alloc_type_fill(type, at, "code", 4));
	if (err)
		assert_ok(iomm_alloc_type_fill(type, at, "code", 4));
	assert_memory_equal(at, "code", 4);
	result = result ? result : err;
	if (type == s->sealed) {
		err = FAULTY(f, iomm_alloc_type_seal(type, at));
		assert_int_equal(memory_prot(&s->rig.memory, at),
				 err ? R_W : IOMM_ALLOC_READ);
		if (err)
			assert_ok(iomm_alloc_type_seal(type, at));
		result = result ? result : err;
	}
	err = FAULTY(f, iomm_alloc_type_free(type, at));
	assert_int_equal(type_stats(type).allocations, err ? 1 : 0);
	if (err)
		assert_ok(iomm_alloc_type_free(type, at));
	result = result ? result : err;
	err = FAULTY(f, iomm_allocator_trim(s->rig.allocator));
	return result ? result : err;
}

/* Fails at most once in a run, so that each step has its turn. */
static int live_with(struct faults *f, uint32_t flags, uint64_t bytes)
{
	struct scene s;
	int err;

	open_scene(&s, f, flags);
	assert_ok(create(&s));
	open_types(&s);
	/* What a free could not note is found again; what could not be given
	 * back is tried again. */
	f->may_succeed = true;
	err = live(&s, s.text, bytes);
	if (!err)
		err = live(&s, s.data, bytes);
	if (!err)
		err = live(&s, s.sealed, bytes);
	close_scene(&s);
	return err;
}

static int small(struct faults *f)
{
	return live_with(f, IOMM_ALLOC_BACKEND_ALIAS, 100);
}

static int large(struct faults *f)
{
	return live_with(f, IOMM_ALLOC_BACKEND_ALIAS, MIB(1));
}

static int without_alias(struct faults *f)
{
	return live_with(f, 0, 100);
}

/* Many grants and holes, so that the books grow, too. */
static int many(struct faults *f)
{
	void *at[300];
	struct scene s;
	int err, result = 0;
	uint32_t n;

	open_scene(&s, f, IOMM_ALLOC_BACKEND_ALIAS);
	assert_ok(create(&s));
	open_types(&s);
	f->may_succeed = true;
	for (n = 0; n < LENGTH(at); n++) {
		err = FAULTY(f, iomm_alloc_type_alloc(s.text, 5000, &at[n]));
		if (err)
			at[n] = alloc_ok(s.text, 5000);
		result = result ? result : err;
	}
	for (n = 0; n < LENGTH(at); n++) {
		uint32_t k = n * 7 % LENGTH(at);

		err = FAULTY(f, iomm_alloc_type_free(s.text, at[k]));
		if (err)
			assert_ok(iomm_alloc_type_free(s.text, at[k]));
		result = result ? result : err;
	}
	close_scene(&s);
	return result;
}

static int layout(struct faults *f)
{
	struct iomm_alloc_part part[3] = {
		{ .size = sizeof(*part), .type = 1, .bytes = 100 },
		{ .size = sizeof(*part), .type = 2, .bytes = KIB(100) },
		{ .size = sizeof(*part), .type = 4, .bytes = 100 },
	};
	struct scene s;
	int err;

	open_scene(&s, f, IOMM_ALLOC_BACKEND_ALIAS);
	assert_ok(create(&s));
	open_types(&s);
	err = FAULTY(f, iomm_allocator_layout(s.rig.allocator, part,
					      sizeof(*part), 3));
	if (!err) {
		assert_ok(iomm_alloc_type_free(s.text, part[0].address));
		assert_ok(iomm_alloc_type_free(s.data, part[1].address));
		assert_ok(iomm_alloc_type_free(s.sealed, part[2].address));
	}
	close_scene(&s);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(creating),	   FAULT_TEST(opening_a_type),
		FAULT_TEST(small),	   FAULT_TEST(large),
		FAULT_TEST(without_alias), FAULT_TEST(many),
		FAULT_TEST(layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
