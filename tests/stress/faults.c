/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "stress/faults.h"

#define MOST_SITES 5000u

/* Sites: the world counts, and fails its own; the others count along. */

void faults_arm(struct faults *f)
{
	atomic_store(&f->world.sites, f->sites);
	atomic_store(&f->world.fail_at, f->k);
}

int faults_disarm(struct faults *f, int result)
{
	f->sites = atomic_load(&f->world.sites);
	world_fail_at(&f->world, 0);
	/* The hooks that know another answer have said which. */
	if (f->sites >= f->k && !f->injected)
		f->injected = -IOMM_ENOMEM;
	return result;
}

bool faults_hit(struct faults *f, int code)
{
	uint64_t fail_at = atomic_load(&f->world.fail_at);

	if (!fail_at || atomic_fetch_add(&f->world.sites, 1) + 1 != fail_at)
		return false;
	f->injected = code;
	return true;
}

/* The driver: the mock, with a site in each callback that may fail. */

static struct faults *of_mock(void *data)
{
	struct mock *mock = data;

	return (struct faults *)(void *)((char *)mock -
					 offsetof(struct faults, mock));
}

static int
translate(void *data, const uint32_t *cells, uint32_t nr_cells, uint64_t *id)
{
	if (faults_hit(of_mock(data), -IOMM_EIO))
		return -IOMM_EIO;
	return mock_ops.translate(data, cells, nr_cells, id);
}

/* Nothing to say: groups form by IDs alone. */
static int group(void *data, const struct iomm_probe_info *info, uint64_t *key)
{
	(void)info;
	(void)key;
	return faults_hit(of_mock(data), -IOMM_EIO) ? -IOMM_EIO
						    : -IOMM_EOPNOTSUPP;
}

static int probe(void *data, const struct iomm_probe_info *info, void **device)
{
	if (faults_hit(of_mock(data), -IOMM_EIO))
		return -IOMM_EIO;
	return mock_ops.probe(data, info, device);
}

static int
domain_alloc(void *data, struct iomm_domain_setup *setup, void **domain)
{
	if (faults_hit(of_mock(data), -IOMM_EIO))
		return -IOMM_EIO;
	return mock_ops.domain_alloc(data, setup, domain);
}

static int attach_prepare(void *data, void *device, void *domain,
			  const struct iomm_attach *at)
{
	if (faults_hit(of_mock(data), -IOMM_EBUSY))
		return -IOMM_EBUSY;
	return mock_ops.attach_prepare(data, device, domain, at);
}

static int flush(void *data, void *domain, uint64_t iova, uint64_t last,
		 uint64_t page_size, uint32_t flags)
{
	struct faults *f = of_mock(data);

	if (!f->flushes_work && faults_hit(f, -IOMM_ETIMEDOUT))
		return -IOMM_ETIMEDOUT;
	return mock_ops.flush(data, domain, iova, last, page_size, flags);
}

static int flush_all(void *data, void *domain)
{
	struct faults *f = of_mock(data);

	if (!f->flushes_work && faults_hit(f, -IOMM_ETIMEDOUT))
		return -IOMM_ETIMEDOUT;
	return mock_ops.flush_all(data, domain);
}

int faults_register(struct faults *f)
{
	static struct iomm_iommu_ops ops;
	int err;

	ops = mock_ops;
	ops.translate = translate;
	ops.group = group;
	ops.probe = probe;
	ops.domain_alloc = domain_alloc;
	ops.attach_prepare = attach_prepare;
	ops.flush = flush;
	ops.flush_all = flush_all;
	mock_init(&f->mock, &f->world);
	f->mock.ops = &ops;
	err = mock_register_as(&f->mock, f->node, "first", "mock");
	/* Taken back at once when it fails, and not before when it does not. */
	assert_int_equal(f->mock.calls[MOCK_DATA_RELEASE], err ? 1 : 0);
	return err;
}

void faults_unregister(struct faults *f)
{
	if (f->mock.iommu)
		mock_end(&f->mock);
}

/* Table memory and TLB */

static int memory_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va,
			uint64_t *pa)
{
	struct faults *f = data;

	(void)max_pa;
	if (faults_hit(f, -IOMM_ENOMEM))
		return -IOMM_ENOMEM;
	*va = aligned_alloc((size_t)bytes, (size_t)bytes);
	assert_non_null(*va);
	memset(*va, 0, (size_t)bytes);
	*pa = (uintptr_t)*va;
	f->tables++;
	return 0;
}

static void memory_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	struct faults *f = data;

	assert_int_equal(pa, (uintptr_t)va);
	memset(va, 0xdb, (size_t)bytes);
	free(va);
	f->tables--;
}

static void *memory_to_virt(void *data, uint64_t pa, uint64_t bytes)
{
	struct faults *f = data;
	uint64_t offset = pa - (uintptr_t)f->foreign;

	if (offset >= f->foreign_bytes || bytes > f->foreign_bytes - offset ||
	    faults_hit(f, -IOMM_EFAULT))
		return NULL;
	return (char *)f->foreign + offset;
}

const struct iomm_table_memory_ops faults_memory = {
	.size = sizeof(faults_memory),
	.alloc = memory_alloc,
	.free = memory_free,
	.to_virt = memory_to_virt,
};

static int tlb_flush(void *data, uint64_t iova, uint64_t last,
		     uint64_t page_size, uint32_t flags)
{
	(void)iova;
	(void)last;
	(void)page_size;
	(void)flags;
	return faults_hit(data, -IOMM_ETIMEDOUT) ? -IOMM_ETIMEDOUT : 0;
}

static int tlb_flush_all(void *data)
{
	return faults_hit(data, -IOMM_ETIMEDOUT) ? -IOMM_ETIMEDOUT : 0;
}

const struct iomm_tlb_ops faults_tlb = {
	.size = sizeof(faults_tlb),
	.flush = tlb_flush,
	.flush_all = tlb_flush_all,
};

void faults_released(void *data)
{
	struct faults *f = data;

	f->released++;
}

/* Worlds */

void faults_world(struct faults *f)
{
	assert_ok(world_create(&f->world));
	world_small(&f->world);
	f->node = node_at(f->world.firmware, "/first");
}

struct iomm_device *faults_device(struct faults *f, const char *name)
{
	return world_device(&f->world, name);
}

/* Everything is given back, after the run in which `err` came out. */
static void check_end(struct faults *f, int err)
{
	if (f->injected && !(f->may_succeed && !err))
		assert_int_equal(err, f->injected);
	else
		assert_int_equal(err, 0);
	assert_int_equal(f->released, f->due);
	if (f->world.ctx) {
		assert_int_equal(world_live(&f->world, IOMM_HANDLE_ANY),
				 1u + (f->world.firmware != NULL) +
					 (f->world.bus != NULL));
		world_end(&f->world);
	}
	assert_int_equal(f->world.blocks, 0);
	assert_int_equal(f->world.locks, 0);
	assert_int_equal(f->tables, 0);
}

void faults_test(void **state)
{
	const struct faults_case *test = *state;
	struct faults *f;
	uint64_t k, sites;

	for (k = 1;; k++) {
		assert_true(k < MOST_SITES);
		f = calloc(1, sizeof(*f));
		assert_non_null(f);
		world_init(&f->world);
		f->k = k;
		check_end(f, test->run(f));
		sites = f->sites;
		free(f);
		if (sites < k)
			break;
	}
	print_message("%s: %u sites\n", test->name, (unsigned)(k - 1));
	assert_true(k > 1);
}
