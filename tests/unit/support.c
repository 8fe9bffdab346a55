/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/support.h"

#include <libfdt.h>
#include <sched.h>

#include "base/ctx.h"

/* The platform: the hosted one, and books kept on what it is asked for. */

#define PAD   64u
#define MAGIC UINT64_C(0x6b6e6f7774686973)

/* Lies in the pad before each block. */
struct block {
	uint64_t magic, bytes, align;
};

static bool site_fails(struct world *w)
{
	uint64_t site = atomic_fetch_add(&w->sites, 1) + 1;

	return site == atomic_load(&w->fail_at);
}

static uint64_t pad_of(uint64_t align)
{
	return align > PAD ? align : PAD;
}

static void *world_alloc(void *data, uint64_t bytes, uint64_t align)
{
	struct world *w = data;
	uint64_t pad = pad_of(align);
	char *whole;
	struct block *block;

	if (site_fails(w))
		return NULL;
	whole = iomm_platform_hosted()->alloc(NULL, pad + bytes, pad);
	if (!whole)
		return NULL;
	block = (struct block *)(void *)(whole + pad - PAD);
	*block = (struct block){ MAGIC, bytes, align };
	atomic_fetch_add(&w->blocks, 1);
	return whole + pad;
}

static void world_free(void *data, void *ptr, uint64_t bytes, uint64_t align)
{
	struct world *w = data;
	char *user = ptr;
	struct block *block = (struct block *)(void *)(user - PAD);

	/* A hook may be called on any thread, where cmocka cannot fail. */
	if (block->magic != MAGIC || block->bytes != bytes ||
	    block->align != align) {
		fprintf(stderr, "freed with another size or alignment\n");
		abort();
	}
	block->magic = 0;
	memset(user, 0xdb, (size_t)bytes);
	atomic_fetch_sub(&w->blocks, 1);
	iomm_platform_hosted()->free(NULL, user - pad_of(align), 0, 0);
}

static uint64_t *mark_of(struct iomm_lock *lock)
{
	/* The hosted lock ends before the last word. */
	return (uint64_t *)(void *)&lock->opaque[7];
}

static int world_lock_init(void *data, struct iomm_lock *lock)
{
	struct world *w = data;

	if (site_fails(w))
		return -IOMM_ENOMEM;
	iomm_platform_hosted()->lock_init(NULL, lock);
	*mark_of(lock) = MAGIC;
	atomic_fetch_add(&w->locks, 1);
	return 0;
}

static void check_lock(struct iomm_lock *lock)
{
	if (*mark_of(lock) != MAGIC) {
		fprintf(stderr, "a lock is used that was not made\n");
		abort();
	}
}

static void world_lock_fini(void *data, struct iomm_lock *lock)
{
	struct world *w = data;

	check_lock(lock);
	*mark_of(lock) = 0;
	iomm_platform_hosted()->lock_fini(NULL, lock);
	atomic_fetch_sub(&w->locks, 1);
}

static void world_lock(void *data, struct iomm_lock *lock)
{
	(void)data;
	check_lock(lock);
	iomm_platform_hosted()->lock(NULL, lock);
}

static void world_unlock(void *data, struct iomm_lock *lock)
{
	(void)data;
	check_lock(lock);
	iomm_platform_hosted()->unlock(NULL, lock);
}

static void *world_thread(void *data)
{
	(void)data;
	return iomm_platform_hosted()->thread(NULL);
}

static uint64_t world_time(void *data)
{
	struct world *w = data;

	return atomic_load(&w->mock_time) ? atomic_load(&w->now)
					  : iomm_platform_hosted()->time(NULL);
}

static void
world_wait(void *data, uint32_t *word, uint32_t expected, uint64_t deadline)
{
	struct world *w = data;

	atomic_fetch_add(&w->waits, 1);
	if (!atomic_load(&w->mock_time))
		iomm_platform_hosted()->wait(NULL, word, expected, deadline);
	else if (deadline == IOMM_FOREVER)
		sched_yield();
	else
		atomic_store(&w->now, deadline);
}

static void world_wake(void *data, uint32_t *word)
{
	struct world *w = data;

	atomic_fetch_add(&w->wakes, 1);
	iomm_platform_hosted()->wake(NULL, word);
}

/* What the context says. */

static void
on_log(void *data, uint32_t level, const char *tag, const char *text)
{
	struct world *w = data;
	struct line *line;

	pthread_mutex_lock(&w->lock);
	line = &w->lines[w->nr_lines++ % MAX_LINES];
	line->level = level;
	snprintf(line->tag, sizeof(line->tag), "%s", tag);
	snprintf(line->text, sizeof(line->text), "%s", text);
	pthread_mutex_unlock(&w->lock);
}

static void on_wakeup(void *data)
{
	struct world *w = data;

	atomic_fetch_add(&w->wakeups, 1);
}

static void on_released(void *data, uint32_t live_handles)
{
	struct world *w = data;

	atomic_fetch_add(&w->released, 1);
	atomic_store(&w->lost, live_handles);
}

static void on_misuse(void *data, const char *sentence)
{
	struct world *w = data;

	pthread_mutex_lock(&w->lock);
	w->nr_misuses++;
	snprintf(w->misuse, sizeof(w->misuse), "%s", sentence);
	pthread_mutex_unlock(&w->lock);
}

static void on_platform_release(void *data)
{
	struct world *w = data;

	atomic_fetch_add(&w->platform_releases, 1);
}

static void on_events_release(void *data)
{
	struct world *w = data;

	atomic_fetch_add(&w->events_releases, 1);
}

/* The world */

void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	pthread_mutex_init(&w->lock, NULL);
	w->platform = (struct iomm_platform){
		.size = sizeof(w->platform),
		.alloc = world_alloc,
		.free = world_free,
		.lock_init = world_lock_init,
		.lock_fini = world_lock_fini,
		.lock = world_lock,
		.unlock = world_unlock,
		.thread = world_thread,
		.wait = world_wait,
		.wake = world_wake,
		.time = world_time,
		.log = on_log,
	};
	w->events = (struct iomm_ctx_events){
		.size = sizeof(w->events),
		.wakeup = on_wakeup,
		.released = on_released,
		.misuse = on_misuse,
	};
	w->config = (struct iomm_ctx_config){
		.size = sizeof(w->config),
		.log_level = IOMM_LOG_DEBUG,
		.platform = &w->platform,
		.platform_data = w,
		.platform_release = on_platform_release,
		.events = &w->events,
		.events_data = w,
		.events_release = on_events_release,
	};
}

int world_create(struct world *w)
{
	return iomm_ctx_create(&w->config, &w->ctx);
}

void world_end(struct world *w)
{
	iomm_bus_put(w->bus);
	iomm_firmware_put(w->firmware);
	iomm_ctx_put(w->ctx);
	assert_int_equal(w->released, 1);
	assert_int_equal(w->lost, 0);
	assert_int_equal(w->platform_releases, 1);
	assert_int_equal(w->events_releases, 1);
	assert_int_equal(w->blocks, 0);
	assert_int_equal(w->locks, 0);
	if (w->nr_misuses)
		fail_msg("misuse: %s", w->misuse);
	pthread_mutex_destroy(&w->lock);
}

int world_setup(void **state)
{
	struct world *w = malloc(sizeof(*w));

	if (!w)
		return -1;
	world_init(w);
	*state = w;
	return world_create(w);
}

int world_teardown(void **state)
{
	world_end(*state);
	free(*state);
	return 0;
}

void world_fail_at(struct world *w, uint64_t n)
{
	atomic_store(&w->sites, 0);
	atomic_store(&w->fail_at, n);
}

void world_set_time(struct world *w, uint64_t now)
{
	atomic_store(&w->now, now);
	atomic_store(&w->mock_time, true);
}

void pause_us(uint32_t us)
{
	const struct iomm_platform *hosted = iomm_platform_hosted();
	uint64_t until = hosted->time(NULL) + (uint64_t)us * 1000;
	uint32_t word = 0;

	while (hosted->time(NULL) < until)
		hosted->wait(NULL, &word, 0, until);
}

uint32_t world_live(struct world *w, uint32_t kind)
{
	return iomm_ctx_live_handles(w->ctx, kind);
}

bool world_logged(struct world *w, uint32_t level, const char *part)
{
	bool found = false;
	uint32_t n;

	pthread_mutex_lock(&w->lock);
	for (n = 0; n < w->nr_lines && n < MAX_LINES; n++) {
		if ((!level || w->lines[n].level == level) &&
		    strstr(w->lines[n].text, part))
			found = true;
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}

int64_t world_blocks(struct world *w)
{
	int64_t blocks = w->blocks;

#if IOMM_CHECKED
	blocks -= w->ctx ? (int64_t)w->ctx->quarantined : 0;
#endif
	return blocks;
}

uint32_t
world_each_site(struct world *w, int (*step)(struct world *, void *), void *arg)
{
	uint32_t live = world_live(w, IOMM_HANDLE_ANY);
	int64_t blocks = world_blocks(w), locks = w->locks;
	uint32_t n;
	int err;

	for (n = 1;; n++) {
		assert_true(n < 1000);
		world_fail_at(w, n);
		err = step(w, arg);
		if (!err)
			break;
		assert_int_equal(err, -IOMM_ENOMEM);
		assert_int_equal(world_live(w, IOMM_HANDLE_ANY), live);
		assert_int_equal(world_blocks(w), blocks);
		assert_int_equal(w->locks, locks);
	}
	/* Success with a site that failed would be a failure swallowed. */
	assert_true(w->sites < n);
	world_fail_at(w, 0);
	return n - 1;
}

/* Trees */

struct tree tree_load(const char *name)
{
	struct tree tree = { 0 };
	char path[128];
	long bytes;
	FILE *f;

	snprintf(path, sizeof(path), "build/data/%s.dtb", name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is not there", path);
	fseek(f, 0, SEEK_END);
	bytes = ftell(f);
	rewind(f);
	assert_true(bytes > 0);
	tree.bytes = tree.room = (uint32_t)bytes;
	tree.blob = malloc(tree.room);
	assert_non_null(tree.blob);
	assert_int_equal(fread(tree.blob, 1, tree.room, f), tree.room);
	fclose(f);
	return tree;
}

void tree_free(struct tree *tree)
{
	free(tree->blob);
	memset(tree, 0, sizeof(*tree));
}

struct tree tree_begin(void)
{
	struct tree tree = { .room = 16384 };

	tree.blob = calloc(1, tree.room);
	assert_non_null(tree.blob);
	assert_int_equal(fdt_create(tree.blob, (int)tree.room), 0);
	assert_int_equal(fdt_finish_reservemap(tree.blob), 0);
	tree_node(&tree, "");
	return tree;
}

void tree_node(struct tree *tree, const char *name)
{
	assert_int_equal(fdt_begin_node(tree->blob, name), 0);
}

void tree_end_node(struct tree *tree)
{
	assert_int_equal(fdt_end_node(tree->blob), 0);
}

void tree_bytes(struct tree *tree, const char *name, const void *value,
		uint32_t bytes)
{
	assert_int_equal(fdt_property(tree->blob, name, value, (int)bytes), 0);
}

void tree_cells(struct tree *tree, const char *name, const uint32_t *cells,
		uint32_t count)
{
	fdt32_t swapped[64];
	uint32_t n;

	assert_true(count <= LENGTH(swapped));
	for (n = 0; n < count; n++)
		swapped[n] = cpu_to_fdt32(cells[n]);
	tree_bytes(tree, name, swapped, count * 4);
}

void tree_string(struct tree *tree, const char *name, const char *value)
{
	tree_bytes(tree, name, value, (uint32_t)strlen(value) + 1);
}

void tree_finish(struct tree *tree)
{
	tree_end_node(tree);
	assert_int_equal(fdt_finish(tree->blob), 0);
	tree->bytes = fdt_totalsize(tree->blob);
}

void tree_iommu(struct tree *tree, const char *name, uint32_t phandle,
		uint32_t cells)
{
	tree_node(tree, name);
	TREE_CELLS(tree, "phandle", phandle);
	TREE_CELLS(tree, "#iommu-cells", cells);
	tree_end_node(tree);
}

struct iomm_firmware *world_firmware(struct world *w, struct tree *tree)
{
	struct iomm_firmware *firmware = NULL;

	assert_ok(iomm_firmware_create_fdt(w->ctx, tree->blob, tree->bytes,
					   &firmware));
	tree_free(tree);
	return firmware;
}

struct iomm_firmware *
world_static(struct world *w, struct iomm_static_config config)
{
	struct iomm_firmware *firmware = NULL;

	config.size = sizeof(config);
	config.node_stride = sizeof(struct iomm_static_node);
	config.map_stride = sizeof(struct iomm_static_map);
	config.region_stride = sizeof(struct iomm_static_region);
	config.range_stride = sizeof(struct iomm_static_range);
	assert_ok(iomm_firmware_create_static(w->ctx, &config, &firmware));
	return firmware;
}

uint64_t node_at(struct iomm_firmware *firmware, const char *path)
{
	uint64_t node = 0;

	assert_ok(iomm_firmware_find(firmware, path, &node));
	return node;
}

void tree_client(struct tree *tree, const char *name, const uint32_t *iommus,
		 uint32_t count)
{
	tree_node(tree, name);
	tree_cells(tree, "iommus", iommus, count);
	if (!strcmp(name, "other"))
		tree_bytes(tree, "dma-coherent", NULL, 0);
	tree_end_node(tree);
}

void world_small(struct world *w)
{
	struct tree tree = tree_begin();

	tree_iommu(&tree, "first", 1, 1);
	tree_iommu(&tree, "second", 2, 1);
	TREE_CLIENT(&tree, "one", 1, 0x10);
	TREE_CLIENT(&tree, "two", 1, 0x20, 1, 0x21);
	TREE_CLIENT(&tree, "both", 1, 0x30, 2, 0x31);
	TREE_CLIENT(&tree, "other", 2, 0x40);
	tree_node(&tree, "none");
	tree_end_node(&tree);
	tree_finish(&tree);
	w->firmware = world_firmware(w, &tree);
	assert_ok(iomm_bus_create_platform(w->firmware, "platform", &w->bus));
}

int world_device_with(struct world *w, const char *name,
		      struct iomm_device_config config,
		      struct iomm_device **out)
{
	char path[64];

	snprintf(path, sizeof(path), "/%s", name);
	config.size = sizeof(config);
	config.flags |= IOMM_DEVICE_ADDRESS;
	config.name = name;
	config.address = node_at(w->firmware, path);
	return iomm_device_create(w->bus, &config, out);
}

struct iomm_device *world_device(struct world *w, const char *name)
{
	struct iomm_device_config config = { 0 };
	struct iomm_device *device = NULL;

	assert_ok(world_device_with(w, name, config, &device));
	return device;
}

uint32_t device_state(struct iomm_device *device)
{
	uint32_t state = UINT32_MAX;

	assert_ok(iomm_device_state(device, &state));
	return state;
}
