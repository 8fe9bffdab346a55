/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tests of contexts, devices and domains share:
 *
 * - a world: a context on a platform that counts, checks and can be made to
 *   fail; it records the log, misuses and wake-ups, and at its end asserts that
 *   nothing was lost;
 * - trees: device trees from build/data, or written in the test;
 * - a mock IOMMU driver that records its callbacks, each of which can be made
 *   to fail or to run something of the test's.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "unit/pgtable_support.h" /* cmocka, assert_fails, assert_ok */

#include <pthread.h>
#include <stdatomic.h>

#include <iomm/bus.h>
#include <iomm/device.h>
#include <iomm/domain.h>
#include <iomm/firmware.h>
#include <iomm/fwspec.h>
#include <iomm/group.h>
#include <iomm/iommu.h>
#include <iomm/static_firmware.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A handle that is none; out parameters start as this, and stay so. */
#define UNTOUCHED ((void *)(uintptr_t)0x5a5a5a50)

/* ---- The world ---- */

#define MAX_LINES 64u

struct line {
	uint32_t level;
	char tag[64], text[256];
};

struct world {
	struct iomm_ctx *ctx;

	/* How the context is made; world_init() fills them, and a test may
	 * change them before world_create(). */
	struct iomm_platform platform;
	struct iomm_ctx_events events;
	struct iomm_ctx_config config;

	/* Sites: each allocation and each lock that is made. The fail_at-th is
	 * refused, counted from when `sites` was last set to 0. */
	_Atomic uint64_t sites, fail_at; /* 0: none fails */
	_Atomic int64_t blocks, locks;	 /* out now */

	/* The clock: real until world_set_time(). With a clock of the test's
	 * own nobody sleeps: a wait takes the clock to its deadline. */
	_Atomic bool mock_time;
	_Atomic uint64_t now;
	_Atomic uint32_t waits, wakes;

	/* What the context said. */
	_Atomic uint32_t released, lost, wakeups;
	_Atomic uint32_t platform_releases, events_releases;
	pthread_mutex_t lock; /* for what follows */
	uint32_t nr_lines, nr_misuses;
	struct line lines[MAX_LINES];
	char misuse[256]; /* the last one */

	/* Set by world_small(). */
	struct iomm_firmware *firmware;
	struct iomm_bus *bus;
};

/* Fills in a world without a context, and makes the context. */
void world_init(struct world *w);
int world_create(struct world *w);
/* Gives up the test's reference, and asserts that all is gone: handles, memory,
 * locks, config data (released once), and that no misuse was reported. Set
 * nr_misuses to 0 after an intended one. */
void world_end(struct world *w);

/* Sleeps, for real. For waiting until another thread is where it should be, and
 * never to tell that something did not happen in time. */
void pause_us(uint32_t us);

/* cmocka fixtures: *state is a struct world with a context. */
int world_setup(void **state);
int world_teardown(void **state);
#define WORLD_TEST(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

/* The n-th site from now on fails; 0: none. */
void world_fail_at(struct world *w, uint64_t n);
void world_set_time(struct world *w, uint64_t now);

uint32_t world_live(struct world *w, uint32_t kind);
/* Is there a line of this level (0: any) in the log that says `part`? */
bool world_logged(struct world *w, uint32_t level, const char *part);

/* Blocks that are in use. Destroyed objects of a checked library stay in
 * quarantine for a while: their blocks are out, and are no leak. */
int64_t world_blocks(struct world *w);

/*
 * Runs `step` with its first site failing, then its second, and so on, until
 * it succeeds. Each failure must be ENOMEM and leave as many handles, blocks
 * and locks as there were. What the successful run makes stays. Returns how
 * many sites there were.
 */
uint32_t world_each_site(struct world *w, int (*step)(struct world *, void *),
			 void *arg);

/* ---- Trees ---- */

struct tree {
	char *blob;
	uint32_t bytes, room;
};

/* build/data/NAME.dtb */
struct tree tree_load(const char *name);
void tree_free(struct tree *tree);

/* One written by hand: begin (which opens the root), nodes and properties,
 * finish (which closes it). Nodes may have depth. */
struct tree tree_begin(void);
void tree_node(struct tree *tree, const char *name);
void tree_end_node(struct tree *tree);
void tree_cells(struct tree *tree, const char *name, const uint32_t *cells,
		uint32_t count);
/* Cells as they come: TREE_CELLS(&tree, "iommus", 1, 0x10). */
#define TREE_CELLS(tree, name, ...)                                   \
	tree_cells((tree), (name), (const uint32_t[]){ __VA_ARGS__ }, \
		   LENGTH(((const uint32_t[]){ __VA_ARGS__ })))
void tree_string(struct tree *tree, const char *name, const char *value);
void tree_bytes(struct tree *tree, const char *name, const void *value,
		uint32_t bytes);
void tree_finish(struct tree *tree);

/* A whole node that is an IOMMU, with its phandle. */
void tree_iommu(struct tree *tree, const char *name, uint32_t phandle,
		uint32_t cells);

/* One that is a device behind IOMMUs, with what its "iommus" says:
 * TREE_CLIENT(&tree, "one", 1, 0x10). "other" is coherent. */
void tree_client(struct tree *tree, const char *name, const uint32_t *iommus,
		 uint32_t count);
#define TREE_CLIENT(tree, name, ...)                                   \
	tree_client((tree), (name), (const uint32_t[]){ __VA_ARGS__ }, \
		    LENGTH(((const uint32_t[]){ __VA_ARGS__ })))

/* A source made of a tree, which is freed. */
struct iomm_firmware *world_firmware(struct world *w, struct tree *tree);
/* Firmware of static arrays: sizes and strides are filled in. */
struct iomm_firmware *
world_static(struct world *w, struct iomm_static_config config);
uint64_t node_at(struct iomm_firmware *firmware, const char *path);

/*
 * The small world: w->firmware and w->bus (a platform bus) of a tree with
 *
 *   /first /second   IOMMUs with one cell
 *   /one             behind /first, ID 0x10
 *   /two             behind /first, IDs 0x20 and 0x21
 *   /both            behind /first, ID 0x30, and /second, ID 0x31
 *   /other           behind /second, ID 0x40; coherent
 *   /none            behind nothing
 *
 * world_end() drops both.
 */
void world_small(struct world *w);

/* Adds a device of the small world's tree, by its node's name ("one"). */
struct iomm_device *world_device(struct world *w, const char *name);
/* As that, with more said: config is completed with name and address. */
int world_device_with(struct world *w, const char *name,
		      struct iomm_device_config config,
		      struct iomm_device **out);

uint32_t device_state(struct iomm_device *device);

/* ---- The mock driver ---- */

enum mock_call {
	MOCK_TRANSLATE,
	MOCK_PROBE,
	MOCK_RELEASE,
	MOCK_DOMAIN_ALLOC,
	MOCK_DOMAIN_FREE,
	MOCK_PREPARE,
	MOCK_COMMIT,
	MOCK_BLOCK,
	MOCK_FLUSH,	/* atomic */
	MOCK_FLUSH_ALL, /* atomic */
	MOCK_DATA_RELEASE,
	MOCK_DEFAULT, /* only in mock_default_ops */
	MOCK_CALLS
};

#define MOCK_IDS 8u

/* What the mock makes of a device, until it releases it. */
struct mock_device {
	struct mock *mock;
	char name[32];
	uint64_t ids[MOCK_IDS];
	uint32_t nr_ids;
	struct iomm_probe_info info; /* but for what it points to */
	struct mock_device *next;
};

/* What it makes of a domain, until it frees it. */
struct mock_domain {
	struct mock *mock;
	uint32_t attached; /* slots */
};

/* What its hardware is told of an address space of an ID; those of which it is
 * told nothing are blocked. */
struct mock_slot {
	uint64_t id;
	uint32_t pasid;
	struct mock_domain *domain; /* NULL: identity */
	struct mock_slot *next;
};

#define MOCK_TRACE 64u

struct mock {
	struct world *w;
	struct iomm_iommu *iommu;	  /* set by mock_register() */
	const struct iomm_iommu_ops *ops; /* NULL: mock_ops */
	const char *format;		  /* NULL: "arm64-s1" */
	/* What a domain is made with, but for the format; NULL: as the user
	 * asks. */
	const struct iomm_domain_setup *setup;
	uint32_t flags, pasid_bits; /* of its registration */
	uint32_t default_domain;    /* what all of its devices need */

	_Atomic uint32_t calls[MOCK_CALLS];
	_Atomic uint32_t devices, domains; /* alive */

	/* What a callback answers: the fail_in-th from now on, or each when
	 * that is 0. */
	int answer[MOCK_CALLS];
	uint32_t fail_in[MOCK_CALLS];
	/* Called inside the callback, before it does anything; `object` is the
	 * struct mock_device or mock_domain at hand, or NULL. */
	void (*on[MOCK_CALLS])(struct mock *mock, void *object);
	void *user; /* the test's */

	/* The calls in order, as enum mock_call. */
	pthread_mutex_t lock; /* for what follows */
	struct mock_device *first;
	struct mock_slot *slots;
	uint8_t trace[MOCK_TRACE];
	uint32_t nr_trace;

	/* Of the last calls. */
	uint32_t cells[8], nr_cells;		     /* translate */
	uint64_t flush_iova, flush_last, flush_page; /* flush */
	uint32_t flush_flags;
};

extern const struct iomm_iommu_ops mock_ops;
/* With `default_domain`, which mock_ops has not. */
extern const struct iomm_iommu_ops mock_default_ops;

void mock_init(struct mock *mock, struct world *w);
/* Registers it for a node, of driver "mock"; the reference is mock->iommu. */
int mock_register_as(struct mock *mock, uint64_t node, const char *name,
		     const char *driver);
/* mock_init(), and registered for a node of the small world's tree. */
void mock_register(struct mock *mock, struct world *w, const char *node);
/* Unregisters it, gives the reference back, and asserts that each device and
 * domain was released. */
void mock_end(struct mock *mock);

/* The device with an ID, NULL when the mock has none such. */
struct mock_device *mock_find(struct mock *mock, uint64_t id);
/* What is attached: true, and what, unless it is blocked. */
bool mock_attached(struct mock *mock, uint64_t id, uint32_t pasid,
		   struct mock_domain **domain);
bool mock_blocked(struct mock *mock, uint64_t id);
/* The calls since the last time, by name: "translate probe block". */
void assert_trace(struct mock *mock, const char *expected);

#endif
