/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Buses whose answers are the caller's. */
#include "unit/support.h"

/* A fabric: its devices are numbered, and their DMA comes through one bridge
 * under IDs that only the fabric's driver knows. */
struct fabric {
	struct world *w;
	struct iomm_firmware *firmware;
	struct iomm_bus *bus;
	uint64_t iommu, bridge, single; /* nodes */

	/* What it answers. */
	uint32_t nr, nr_again; /* IDs, and when it is asked once more; 0: nr */
	uint64_t node;
	int check_err, node_err, inputs_err;
	void (*inside)(struct fabric *fabric);

	uint32_t checks, nodes, questions, rooms[4];
	uint64_t address;
	struct iomm_device *device;
	int result;
	_Atomic uint32_t released;
};

static int fabric_check(void *data, uint64_t address)
{
	struct fabric *f = data;

	f->checks++;
	f->address = address;
	return f->check_err;
}

static int fabric_node(void *data, uint64_t address, uint64_t *node)
{
	struct fabric *f = data;

	f->nodes++;
	f->address = address;
	*node = f->node;
	if (f->inside)
		f->inside(f);
	return f->node_err;
}

static int fabric_inputs(void *data, uint64_t address, uint64_t *inputs,
			 uint32_t room, uint32_t *count)
{
	struct fabric *f = data;
	uint32_t n;

	if (f->questions < LENGTH(f->rooms))
		f->rooms[f->questions] = room;
	*count = f->questions++ && f->nr_again ? f->nr_again : f->nr;
	for (n = 0; n < *count && n < room; n++)
		inputs[n] = address * 0x100 + n;
	return f->inputs_err;
}

static void fabric_release(void *data)
{
	struct fabric *f = data;

	f->released++;
}

static const struct iomm_bus_ops fabric_ops = {
	.size = sizeof(fabric_ops),
	.check_address = fabric_check,
	.node = fabric_node,
	.inputs = fabric_inputs,
};

/* An IOMMU, a bridge before it, and a device that stands behind it alone. */
static struct iomm_firmware *machine(struct world *w)
{
	static const struct iomm_static_node nodes[] = {
		{ .size = sizeof(nodes[0]),
		  .name = "iommu",
		  .flags = IOMM_NODE_IOMMU,
		  .iommu_cells = 1 },
		{ .size = sizeof(nodes[0]),
		  .name = "bridge",
		  .flags = IOMM_NODE_PCI_HOST },
		{ .size = sizeof(nodes[0]), .name = "single" },
	};
	static const struct iomm_static_map maps[] = {
		{ .size = sizeof(maps[0]),
		  .flags = IOMM_STATIC_INPUTS,
		  .node = 1,
		  .iommu = 0,
		  .last_input = 0xffff,
		  .nr_cells = 1 },
		{ .size = sizeof(maps[0]),
		  .node = 2,
		  .iommu = 0,
		  .nr_cells = 1,
		  .cells = { 0x77777 } },
	};
	const struct iomm_static_config config = {
		.nodes = nodes,
		.nr_nodes = LENGTH(nodes),
		.maps = maps,
		.nr_maps = LENGTH(maps),
	};

	return world_static(w, config);
}

static void fabric_init(struct fabric *f, struct world *w)
{
	*f = (struct fabric){ .w = w, .firmware = machine(w), .nr = 1 };
	f->iommu = node_at(f->firmware, "iommu");
	f->bridge = f->node = node_at(f->firmware, "bridge");
	f->single = node_at(f->firmware, "single");
	assert_ok(iomm_bus_create(f->firmware, "fabric", &fabric_ops, f,
				  fabric_release, &f->bus));
}

static void fabric_fini(struct fabric *f)
{
	assert_int_equal(f->released, 0);
	iomm_firmware_put(f->firmware);
	iomm_bus_put(f->bus);
	assert_int_equal(f->released, 1);
}

static int fabric_add(struct fabric *f, uint64_t address)
{
	const struct iomm_device_config config = { .size = sizeof(config),
						   .flags = IOMM_DEVICE_ADDRESS,
						   .name = "dev",
						   .address = address };

	return iomm_device_create(f->bus, &config, &f->device);
}

/* A device that the bus and firmware describe is bound like any other. */
static void test_bound(void **state)
{
	struct world *w = *state;
	struct iomm_device_id ids[2];
	struct fabric f;
	struct mock mock;
	uint32_t count = 2;

	fabric_init(&f, w);
	mock_init(&mock, w);
	assert_ok(mock_register_as(&mock, f.iommu, "iommu", "mock"));
	f.nr = 2;
	assert_ok(fabric_add(&f, 3));
	assert_int_equal(f.checks, 1);
	assert_int_equal(f.address, 3);
	assert_ok(iomm_device_probe(f.device));
	assert_int_equal(f.nodes, 1);
	/* There is room for a few without being asked twice. */
	assert_int_equal(f.questions, 1);
	assert_ok(iomm_device_ids(f.device, ids, sizeof(ids[0]), &count));
	assert_int_equal(count, 2);
	assert_int_equal(ids[0].id, 0x300);
	assert_int_equal(ids[1].id, 0x301);
	assert_true(ids[0].iommu_node == f.iommu);
	/* The device keeps the bus, and with it what its answers need. */
	iomm_bus_put(f.bus);
	assert_int_equal(f.released, 0);
	f.bus = iomm_bus_get(f.bus);
	iomm_device_put(f.device);
	mock_end(&mock);
	fabric_fini(&f);
}

/* Without IDs it is the node itself. */
static void test_is_the_node(void **state)
{
	struct world *w = *state;
	struct iomm_bus_ops ops = { .size = sizeof(ops), .node = fabric_node };
	struct iomm_device_id id = { 0 };
	struct fabric f;
	struct mock mock;
	uint32_t count = 1;

	fabric_init(&f, w);
	iomm_bus_put(f.bus);
	assert_ok(iomm_bus_create(f.firmware, "plain", &ops, &f, NULL, &f.bus));
	mock_init(&mock, w);
	assert_ok(mock_register_as(&mock, f.iommu, "iommu", "mock"));
	f.node = f.single;
	assert_ok(fabric_add(&f, UINT64_MAX));
	assert_int_equal(f.checks, 0);
	assert_ok(iomm_device_probe(f.device));
	assert_ok(iomm_device_ids(f.device, &id, sizeof(id), &count));
	assert_int_equal(id.id, 0x77777);
	iomm_device_put(f.device);
	mock_end(&mock);
	iomm_firmware_put(f.firmware);
	iomm_bus_put(f.bus);
}

/* Answers that are errors, and what is none. */
static void test_answers(void **state)
{
	struct world *w = *state;
	struct fabric f;

	fabric_init(&f, w);
	f.device = UNTOUCHED;
	f.check_err = -IOMM_ENOENT;
	assert_fails(fabric_add(&f, 0x55), IOMM_ENOENT, w->ctx,
		     "bus fabric, address of 0x55: ");
	f.check_err = 1;
	assert_fails(fabric_add(&f, 0x55), IOMM_EPROTO, w->ctx, "bus fabric");
	assert_ptr_equal(f.device, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 0);
	f.check_err = 0;
	assert_ok(fabric_add(&f, 0x55));
	f.node_err = -IOMM_ENODEV;
	assert_fails(iomm_device_probe(f.device), IOMM_ENODEV, w->ctx,
		     "bus fabric, node of 0x55: ");
	assert_int_equal(device_state(f.device), IOMM_DEVICE_NONE);
	f.node_err = 4096;
	assert_fails(iomm_device_probe(f.device), IOMM_EPROTO, w->ctx,
		     "bus fabric");
	f.node_err = 0;
	f.node = 0;
	assert_fails(iomm_device_probe(f.device), IOMM_ENODEV, w->ctx,
		     "dev: bus fabric knows no node for 0x55");
	f.node = f.bridge + (UINT64_C(1) << 32);
	assert_fails(iomm_device_probe(f.device), IOMM_EINVAL, w->ctx,
		     "not of this firmware source");
	f.node = f.bridge;
	f.inputs_err = -IOMM_EIO;
	assert_fails(iomm_device_probe(f.device), IOMM_EIO, w->ctx,
		     "bus fabric, IDs of 0x55: ");
	/* "Not yet" is an answer like a driver's. */
	f.inputs_err = 0;
	f.node_err = -IOMM_EPROBE_DEFER;
	assert_int_equal(iomm_device_probe(f.device), -IOMM_EPROBE_DEFER);
	assert_int_equal(device_state(f.device), IOMM_DEVICE_WAITING);
	iomm_device_put(f.device);
	fabric_fini(&f);
}

/* More IDs than there is room for at first; and counts that do not agree. */
static void test_counts(void **state)
{
	struct world *w = *state;
	struct fabric f;
	struct mock mock;

	fabric_init(&f, w);
	mock_init(&mock, w);
	assert_ok(mock_register_as(&mock, f.iommu, "iommu", "mock"));
	assert_ok(fabric_add(&f, 1));

	f.nr = 9;
	f.nr_again = 10;
	assert_fails(iomm_device_probe(f.device), IOMM_EPROTO, w->ctx,
		     "bus fabric gives 0x1 9 IDs, and 10 when asked again");
	assert_int_equal(f.questions, 2);
	assert_int_equal(f.rooms[1], 9);
	f.questions = 0;
	f.nr_again = 8;
	assert_fails(iomm_device_probe(f.device), IOMM_EPROTO, w->ctx,
		     "9 IDs, and 8 when asked again");
	f.questions = 0;
	f.nr_again = UINT32_MAX;
	assert_int_equal(iomm_device_probe(f.device), -IOMM_EPROTO);
	f.questions = 0;
	f.nr_again = 0;
	f.nr = IOMM_BUS_INPUTS_MAX + 1;
	assert_fails(iomm_device_probe(f.device), IOMM_EPROTO, w->ctx,
		     "gives 0x1 1025 IDs: 1024 are the most");
	assert_int_equal(f.questions, 1);
	f.nr = UINT32_MAX;
	assert_int_equal(iomm_device_probe(f.device), -IOMM_EPROTO);
	assert_int_equal(mock.calls[MOCK_TRANSLATE], 0);
	/* The mock takes 8 IDs of a device; what it gets are all of them. */
	f.questions = 0;
	f.nr = 40;
	mock.answer[MOCK_PROBE] = -IOMM_EIO;
	assert_int_equal(iomm_device_probe(f.device), -IOMM_EIO);
	assert_int_equal(mock.calls[MOCK_TRANSLATE], 40);
	iomm_device_put(f.device);
	mock_end(&mock);
	fabric_fini(&f);
}

/* Inside an answer nothing waits. */
static void wait_inside(struct fabric *f)
{
	f->result = iomm_ctx_run(f->w->ctx);
	assert_int_equal(iomm_device_probe(f->device), -IOMM_EDEADLK);
	assert_int_equal(iomm_device_remove(f->device, IOMM_FOREVER),
			 -IOMM_EDEADLK);
}

/* And putting the bus's last reference there ends nothing under its feet. */
static void put_inside(struct fabric *f)
{
	iomm_bus_put(f->bus);
	f->bus = NULL;
}

static void test_inside(void **state)
{
	struct world *w = *state;
	struct fabric f;

	fabric_init(&f, w);
	assert_ok(fabric_add(&f, 1));
	f.inside = wait_inside;
	assert_int_equal(iomm_device_probe(f.device), -IOMM_EPROBE_DEFER);
	assert_int_equal(f.result, -IOMM_EDEADLK);
	f.inside = put_inside;
	assert_int_equal(iomm_device_probe(f.device), -IOMM_EPROBE_DEFER);
	f.inside = NULL;
	assert_int_equal(f.released, 0);
	assert_int_equal(iomm_device_probe(f.device), -IOMM_EPROBE_DEFER);
	iomm_device_put(f.device);
	assert_int_equal(f.released, 1);
	iomm_firmware_put(f.firmware);
}

/* `release` runs once, whatever is wrong. */
static void test_create_refuses(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_bus_ops ops;
		uint64_t tail;
	} more = { fabric_ops, 1 };
	struct iomm_bus_ops ops = fabric_ops;
	struct iomm_bus *bus = UNTOUCHED;
	struct fabric f = { .w = w };
	uint32_t due = 0;

	f.firmware = machine(w);
#define CREATE(firmware, name, ops, out)                                       \
	(due++, iomm_bus_create((firmware), (name), (ops), &f, fabric_release, \
				(out)))
	assert_int_equal(CREATE(NULL, "x", &ops, &bus), -IOMM_EINVAL);
	assert_int_equal(CREATE((void *)w, "x", &ops, &bus), -IOMM_EINVAL);
	assert_int_equal(f.released, due);
	assert_fails(CREATE(f.firmware, NULL, &ops, &bus), IOMM_EINVAL, w->ctx,
		     "iomm_bus_create");
	assert_fails(CREATE(f.firmware, "x", &ops, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_bus_create");
	assert_fails(CREATE(f.firmware, "x", NULL, &bus), IOMM_EINVAL, w->ctx,
		     "iomm_bus_ops is NULL");
	ops.size--;
	assert_fails(CREATE(f.firmware, "x", &ops, &bus), IOMM_EINVAL, w->ctx,
		     "iomm_bus_ops");
	ops = fabric_ops;
	ops.flags = 8;
	assert_fails(CREATE(f.firmware, "x", &ops, &bus), IOMM_EINVAL, w->ctx,
		     "unknown bits 0x8");
	ops = fabric_ops;
	ops.node = NULL;
	assert_fails(CREATE(f.firmware, "x", &ops, &bus), IOMM_EINVAL, w->ctx,
		     "a bus needs `node`");
	more.ops.size = sizeof(more);
	assert_fails(CREATE(f.firmware, "x", &more.ops, &bus), IOMM_E2BIG,
		     w->ctx, "iomm_bus_ops");
	assert_int_equal(f.released, due);
	assert_ptr_equal(bus, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_BUS), 0);
	/* Nobody needs a release. */
	assert_int_equal(iomm_bus_create(NULL, "x", &ops, NULL, NULL, &bus),
			 -IOMM_EINVAL);
	more.tail = 0;
	assert_ok(CREATE(f.firmware, "x", &more.ops, &bus));
	assert_int_equal(f.released, due - 1);
	iomm_bus_put(bus);
	assert_int_equal(f.released, due);
#undef CREATE
	iomm_firmware_put(f.firmware);
}

struct step {
	struct fabric f;
	uint32_t tries;
};

static int create_step(struct world *w, void *arg)
{
	struct step *s = arg;

	(void)w;
	s->tries++;
	return iomm_bus_create(s->f.firmware, "fabric", &fabric_ops, &s->f,
			       fabric_release, &s->f.bus);
}

static void test_without_memory(void **state)
{
	struct world *w = *state;
	struct step s = { .f.w = w };

	s.f.firmware = machine(w);
	/* The bus, its name. */
	assert_int_equal(world_each_site(w, create_step, &s), 2);
	assert_int_equal(s.f.released, s.tries - 1);
	s.f.released = 0;
	fabric_fini(&s.f);
}

static void test_manual_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_bus *bus = UNTOUCHED;
	char buf[8];

	assert_int_equal(iomm_bus_create_manual(NULL, "x", &bus), -IOMM_EINVAL);
	assert_fails(iomm_bus_create_manual(w->ctx, NULL, &bus), IOMM_EINVAL,
		     w->ctx, "iomm_bus_create_manual");
	assert_fails(iomm_bus_create_manual(w->ctx, "x", NULL), IOMM_EINVAL,
		     w->ctx, "iomm_bus_create_manual");
	assert_ptr_equal(bus, UNTOUCHED);
	assert_ok(iomm_bus_create_manual(w->ctx, "mine", &bus));
	assert_int_equal(iomm_bus_name(bus, buf, sizeof(buf)), 4);
	assert_string_equal(buf, "mine");
	iomm_bus_put(bus);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_bound),
		WORLD_TEST(test_is_the_node),
		WORLD_TEST(test_answers),
		WORLD_TEST(test_counts),
		WORLD_TEST(test_inside),
		WORLD_TEST(test_create_refuses),
		WORLD_TEST(test_without_memory),
		WORLD_TEST(test_manual_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
