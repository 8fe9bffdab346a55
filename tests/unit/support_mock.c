/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The mock IOMMU driver of support.h. */
#include "unit/support.h"

static const char *const call_name[MOCK_CALLS] = {
	[MOCK_TRANSLATE] = "translate",
	[MOCK_PROBE] = "probe",
	[MOCK_RELEASE] = "release",
	[MOCK_DOMAIN_ALLOC] = "domain_alloc",
	[MOCK_DOMAIN_FREE] = "domain_free",
	[MOCK_PREPARE] = "prepare",
	[MOCK_COMMIT] = "commit",
	[MOCK_BLOCK] = "block",
	[MOCK_FLUSH] = "flush",
	[MOCK_FLUSH_ALL] = "flush_all",
	[MOCK_DATA_RELEASE] = "data_release",
};

/* A callback may run on any thread, where cmocka cannot fail. */
static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "the mock driver: %s\n", what);
	abort();
}

/* Every callback begins with this, and answers what it says. */
static int called(struct mock *mock, enum mock_call call, void *object)
{
	void (*on)(struct mock * mock, void *object) = mock->on[call];
	int answer = 0;

	pthread_mutex_lock(&mock->lock);
	if (mock->nr_trace < MOCK_TRACE)
		mock->trace[mock->nr_trace++] = (uint8_t)call;
	if (!mock->fail_in[call] || !--mock->fail_in[call])
		answer = mock->answer[call];
	pthread_mutex_unlock(&mock->lock);
	/* Last: once its data is counted as released, the mock may go. */
	atomic_fetch_add(&mock->calls[call], 1);
	if (on)
		on(mock, object);
	return answer;
}

static int mock_translate(void *data, const uint32_t *cells, uint32_t nr_cells,
			  uint64_t *id)
{
	struct mock *mock = data;
	int err;

	pthread_mutex_lock(&mock->lock);
	mock->nr_cells = nr_cells;
	memcpy(mock->cells, cells,
	       sizeof(mock->cells[0]) * (nr_cells < 8 ? nr_cells : 8));
	pthread_mutex_unlock(&mock->lock);
	err = called(mock, MOCK_TRANSLATE, NULL);
	if (!err)
		*id = nr_cells ? cells[0] : 0;
	return err;
}

static int
mock_probe(void *data, const struct iomm_probe_info *info, void **device)
{
	struct mock *mock = data;
	struct mock_device *d;
	int err = called(mock, MOCK_PROBE, NULL);

	if (err)
		return err;
	require(info->size == sizeof(*info) &&
			!(info->flags & ~IOMM_PROBE_NUMA_NODE) && info->fwspec,
		"probe info");
	require(info->nr_ids && info->nr_ids <= MOCK_IDS, "number of IDs");
	d = calloc(1, sizeof(*d));
	require(d, "memory");
	d->mock = mock;
	snprintf(d->name, sizeof(d->name), "%s", info->name);
	memcpy(d->ids, info->ids, info->nr_ids * sizeof(d->ids[0]));
	d->nr_ids = info->nr_ids;
	d->info = *info;
	pthread_mutex_lock(&mock->lock);
	d->next = mock->first;
	mock->first = d;
	pthread_mutex_unlock(&mock->lock);
	atomic_fetch_add(&mock->devices, 1);
	*device = d;
	return 0;
}

/* Where a slot is, or the end of the list. The lock is held. */
static struct mock_slot **
find_slot(struct mock *mock, uint64_t id, uint32_t pasid)
{
	struct mock_slot **at = &mock->slots;

	while (*at && ((*at)->id != id || (*at)->pasid != pasid))
		at = &(*at)->next;
	return at;
}

static void
set_slot(struct mock *mock, uint64_t id, uint32_t pasid, struct mock_domain *to)
{
	struct mock_slot **at = find_slot(mock, id, pasid), *slot = *at;

	if (!slot) {
		slot = *at = calloc(1, sizeof(*slot));
		require(slot, "memory");
		slot->id = id;
		slot->pasid = pasid;
	} else if (slot->domain) {
		slot->domain->attached--;
	}
	slot->domain = to;
	if (to)
		to->attached++;
}

static void clear_slot(struct mock *mock, uint64_t id, uint32_t pasid)
{
	struct mock_slot **at = find_slot(mock, id, pasid), *slot = *at;

	if (!slot)
		return;
	*at = slot->next;
	if (slot->domain)
		slot->domain->attached--;
	free(slot);
}

static bool has_id(const struct mock_device *d, uint64_t id)
{
	uint32_t n;

	for (n = 0; n < d->nr_ids; n++) {
		if (d->ids[n] == id)
			return true;
	}
	return false;
}

/* Of the device, and of nobody else, is anything translated? The lock is held.
 */
static bool is_quiet(struct mock *mock, const struct mock_device *d)
{
	const struct mock_device *other;
	const struct mock_slot *slot;

	for (slot = mock->slots; slot; slot = slot->next) {
		if (!has_id(d, slot->id))
			continue;
		for (other = mock->first; other; other = other->next) {
			if (other != d && has_id(other, slot->id))
				break;
		}
		if (!other)
			return false;
	}
	return true;
}

static void require_own(struct mock *mock, const struct mock_device *d,
			const struct iomm_attach *at)
{
	uint32_t n;

	require(d && d->mock == mock, "a device that is not its own");
	require(at->size == sizeof(*at) && at->nr_ids && at->ids, "attach");
	require(!(at->pasid >> mock->pasid_bits), "a PASID that it has not");
	for (n = 0; n < at->nr_ids; n++)
		require(has_id(d, at->ids[n]), "an ID that it has not");
}

static void require_what(struct mock *mock, const struct mock_domain *domain,
			 const struct iomm_attach *at)
{
	bool identity = at->flags & IOMM_ATTACH_IDENTITY;

	require(!(at->flags & ~IOMM_ATTACH_IDENTITY), "flags of an attach");
	require(!identity || mock->flags & IOMM_IOMMU_IDENTITY, "identity");
	require(identity == !at->table && identity == !domain,
		"a table and a domain, or neither");
}

static void mock_release(void *data, void *device)
{
	struct mock *mock = data;
	struct mock_device *d = device, **at;

	(void)called(mock, MOCK_RELEASE, d);
	require(d && d->mock == mock, "releases a device that is not its own");
	pthread_mutex_lock(&mock->lock);
	require(is_quiet(mock, d), "releases a device that is not blocked");
	for (at = &mock->first; *at != d; at = &(*at)->next)
		;
	*at = d->next;
	pthread_mutex_unlock(&mock->lock);
	atomic_fetch_sub(&mock->devices, 1);
	free(d);
}

static int
mock_domain_alloc(void *data, struct iomm_domain_setup *setup, void **domain)
{
	struct mock *mock = data;
	struct mock_domain *d;
	char format[sizeof(setup->format)];
	int err = called(mock, MOCK_DOMAIN_ALLOC, NULL);

	if (err)
		return err;
	memcpy(format, setup->format, sizeof(format));
	if (mock->setup)
		*setup = *mock->setup;
	if (mock->format || !format[0])
		snprintf(format, sizeof(format), "%s",
			 mock->format ? mock->format : "arm64-s1");
	memcpy(setup->format, format, sizeof(format));
	d = calloc(1, sizeof(*d));
	require(d, "memory");
	d->mock = mock;
	atomic_fetch_add(&mock->domains, 1);
	*domain = d;
	return 0;
}

static void mock_domain_free(void *data, void *domain)
{
	struct mock *mock = data;
	struct mock_domain *d = domain;

	(void)called(mock, MOCK_DOMAIN_FREE, d);
	require(d && d->mock == mock, "frees a domain that is not its own");
	require(!d->attached, "frees a domain that is attached");
	atomic_fetch_sub(&mock->domains, 1);
	free(d);
}

static int mock_prepare(void *data, void *device, void *domain,
			const struct iomm_attach *at)
{
	require_own(data, device, at);
	require_what(data, domain, at);
	return called(data, MOCK_PREPARE, device);
}

static void mock_commit(void *data, void *device, void *domain,
			const struct iomm_attach *at)
{
	struct mock *mock = data;
	uint32_t n;

	(void)called(mock, MOCK_COMMIT, device);
	require_own(mock, device, at);
	require_what(mock, domain, at);
	pthread_mutex_lock(&mock->lock);
	for (n = 0; n < at->nr_ids; n++)
		set_slot(mock, at->ids[n], at->pasid, domain);
	pthread_mutex_unlock(&mock->lock);
}

static void mock_block(void *data, void *device, const struct iomm_attach *at)
{
	struct mock *mock = data;
	uint32_t n;

	(void)called(mock, MOCK_BLOCK, device);
	require_own(mock, device, at);
	require(!at->flags && !at->table, "blocking attaches nothing");
	pthread_mutex_lock(&mock->lock);
	for (n = 0; n < at->nr_ids; n++)
		clear_slot(mock, at->ids[n], at->pasid);
	pthread_mutex_unlock(&mock->lock);
}

static int mock_flush(void *data, void *domain, uint64_t iova, uint64_t last,
		      uint64_t page_size, uint32_t flags)
{
	struct mock *mock = data;

	pthread_mutex_lock(&mock->lock);
	mock->flush_iova = iova;
	mock->flush_last = last;
	mock->flush_page = page_size;
	mock->flush_flags = flags;
	pthread_mutex_unlock(&mock->lock);
	return called(mock, MOCK_FLUSH, domain);
}

static int mock_flush_all(void *data, void *domain)
{
	return called(data, MOCK_FLUSH_ALL, domain);
}

static void mock_data_release(void *data)
{
	(void)called(data, MOCK_DATA_RELEASE, NULL);
}

const struct iomm_iommu_ops mock_ops = {
	.size = sizeof(mock_ops),
	.translate = mock_translate,
	.probe = mock_probe,
	.release = mock_release,
	.domain_alloc = mock_domain_alloc,
	.domain_free = mock_domain_free,
	.attach_prepare = mock_prepare,
	.attach_commit = mock_commit,
	.block = mock_block,
	.flush = mock_flush,
	.flush_all = mock_flush_all,
};

void mock_init(struct mock *mock, struct world *w)
{
	memset(mock, 0, sizeof(*mock));
	mock->w = w;
	pthread_mutex_init(&mock->lock, NULL);
}

int mock_register_as(struct mock *mock, uint64_t node, const char *name,
		     const char *driver)
{
	struct iomm_iommu_config config = {
		.size = sizeof(config),
		.node = node,
		.name = name,
		.driver = driver,
		.flags = mock->flags,
		.pasid_bits = mock->pasid_bits,
	};

	return iomm_iommu_register(mock->w->ctx, &config,
				   mock->ops ? mock->ops : &mock_ops, mock,
				   mock_data_release, &mock->iommu);
}

void mock_register(struct mock *mock, struct world *w, const char *node)
{
	char path[64];

	snprintf(path, sizeof(path), "/%s", node);
	mock_init(mock, w);
	assert_ok(mock_register_as(mock, node_at(w->firmware, path), node,
				   "mock"));
}

void mock_end(struct mock *mock)
{
	assert_ok(iomm_iommu_unregister(mock->iommu, IOMM_FOREVER));
	assert_int_equal(mock->devices, 0);
	assert_int_equal(mock->domains, 0);
	assert_null(mock->slots);
	assert_int_equal(mock->calls[MOCK_DATA_RELEASE], 0);
	iomm_iommu_put(mock->iommu);
	assert_int_equal(mock->calls[MOCK_DATA_RELEASE], 1);
	pthread_mutex_destroy(&mock->lock);
}

struct mock_device *mock_find(struct mock *mock, uint64_t id)
{
	struct mock_device *d;

	pthread_mutex_lock(&mock->lock);
	for (d = mock->first; d && !has_id(d, id); d = d->next)
		;
	pthread_mutex_unlock(&mock->lock);
	return d;
}

bool mock_attached(struct mock *mock, uint64_t id, uint32_t pasid,
		   struct mock_domain **domain)
{
	struct mock_slot *slot;

	pthread_mutex_lock(&mock->lock);
	slot = *find_slot(mock, id, pasid);
	if (slot && domain)
		*domain = slot->domain;
	pthread_mutex_unlock(&mock->lock);
	return slot;
}

bool mock_blocked(struct mock *mock, uint64_t id)
{
	return !mock_attached(mock, id, 0, NULL);
}

void assert_trace(struct mock *mock, const char *expected)
{
	char trace[MOCK_TRACE * 16] = "";
	uint32_t n;

	for (n = 0; n < mock->nr_trace; n++) {
		if (n)
			strcat(trace, " ");
		strcat(trace, call_name[mock->trace[n]]);
	}
	mock->nr_trace = 0;
	assert_string_equal(trace, expected);
}
