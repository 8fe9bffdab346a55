/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Buses: those of the library, and those of the caller. One table of answers
 * serves both; the library's own are asked without brackets. */
#include "device/bus.h"

#include "base/abi.h"
#include "device/pci.h"

_Static_assert(IOMM_BUS_INPUTS_MAX == IOMM_FWSPEC_MAX,
	       "the header says how many");

static void destroy(struct iomm_object *object)
{
	struct iomm_bus *bus = (struct iomm_bus *)(void *)object;

	iomm_release(object->ctx, bus->release, bus->data);
	iomm_object_drop(bus->pci);
	iomm_object_drop(bus->firmware);
	iomm_strfree(object->ctx, bus->name);
}

const struct iomm_object_type iomm_bus_type = {
	.kind = IOMM_HANDLE_BUS,
	.bytes = sizeof(struct iomm_bus),
	.name = "bus",
	.destroy = destroy,
};

/* Asking */

static void begin(const struct iomm_bus *bus, struct iomm_frame *frame)
{
	if (!bus->own)
		iomm_callback_begin(bus->obj.ctx, frame, false);
}

/* Answers what the bus did. A caller's has no sentence yet. */
static int end(const struct iomm_bus *bus, struct iomm_frame *frame,
	       const char *question, uint64_t address, int answer)
{
	struct iomm_ctx *ctx = bus->obj.ctx;

	if (bus->own)
		return answer;
	iomm_callback_end(ctx, frame);
	answer = iomm_answer(answer);
	if (!answer)
		return 0;
	return IOMM_FAIL(ctx, -answer, "bus %s, %s of %x: %s",
			 IOMM_STR(bus->name), IOMM_STR(question), address,
			 IOMM_STR(iomm_strerror(answer)));
}

int iomm_bus_check_address(struct iomm_bus *bus, uint64_t address)
{
	struct iomm_frame frame;
	int answer;

	if (!bus->ops.check_address)
		return 0;
	begin(bus, &frame);
	answer = bus->ops.check_address(bus->data, address);
	return end(bus, &frame, "address", address, answer);
}

static int ask_node(struct iomm_bus *bus, uint64_t address, uint64_t *node)
{
	struct iomm_frame frame;
	int answer;

	begin(bus, &frame);
	answer = bus->ops.node(bus->data, address, node);
	return end(bus, &frame, "node", address, answer);
}

/* Most devices have one ID, and few more than these. */
#define FEW 8u

struct inputs {
	uint64_t few[FEW];
	uint64_t *at;
	uint32_t nr, room;
};

static int
ask_inputs_once(struct iomm_bus *bus, uint64_t address, struct inputs *inputs)
{
	struct iomm_frame frame;
	int answer;

	inputs->nr = 0;
	begin(bus, &frame);
	answer = bus->ops.inputs(bus->data, address, inputs->at, inputs->room,
				 &inputs->nr);
	return end(bus, &frame, "IDs", address, answer);
}

/* There are more than there was room for. */
static int
ask_again(struct iomm_bus *bus, uint64_t address, struct inputs *inputs)
{
	struct iomm_ctx *ctx = bus->obj.ctx;
	uint32_t said = inputs->nr;
	int err;

	if (said > IOMM_BUS_INPUTS_MAX)
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "bus %s gives %x %u IDs: %u are the most",
				 IOMM_STR(bus->name), address, said,
				 IOMM_BUS_INPUTS_MAX);
	inputs->at = iomm_alloc(ctx, (uint64_t)said * sizeof(*inputs->at));
	if (!inputs->at)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for %u IDs",
				 said);
	inputs->room = said;
	err = ask_inputs_once(bus, address, inputs);
	if (err || inputs->nr == said)
		return err;
	return IOMM_FAIL(ctx, IOMM_EPROTO,
			 "bus %s gives %x %u IDs, and %u when asked again",
			 IOMM_STR(bus->name), address, said, inputs->nr);
}

static int
ask_inputs(struct iomm_bus *bus, uint64_t address, struct inputs *inputs)
{
	int err;

	inputs->at = inputs->few;
	inputs->room = FEW;
	inputs->nr = 0;
	if (!bus->ops.inputs)
		return 0;
	err = ask_inputs_once(bus, address, inputs);
	if (!err && inputs->nr > FEW)
		err = ask_again(bus, address, inputs);
	return err;
}

int iomm_bus_describe(struct iomm_bus *bus, uint64_t address,
		      const char *device, struct iomm_fwspec **out)
{
	struct iomm_ctx *ctx = bus->obj.ctx;
	struct inputs inputs = { .at = NULL };
	uint64_t node = 0;
	int err;

	err = ask_node(bus, address, &node);
	if (!err && !node)
		err = IOMM_FAIL(ctx, IOMM_ENODEV,
				"%s: bus %s knows no node for %x",
				IOMM_STR(device), IOMM_STR(bus->name), address);
	if (!err)
		err = ask_inputs(bus, address, &inputs);
	if (!err)
		err = iomm_firmware_describe(bus->firmware, node, inputs.at,
					     inputs.nr, out);
	if (inputs.at != inputs.few)
		iomm_free(ctx, inputs.at,
			  (uint64_t)inputs.room * sizeof(*inputs.at));
	return err;
}

/* Making */

/* One of the library's, without answers. */
static int make(struct iomm_ctx *ctx, struct iomm_firmware *firmware,
		const char *name, struct iomm_bus **out)
{
	struct iomm_bus *bus = iomm_object_create(ctx, &iomm_bus_type);

	if (!bus)
		return -IOMM_ENOMEM;
	bus->own = true;
	bus->data = bus;
	bus->firmware = firmware ? iomm_object_get(firmware) : NULL;
	bus->name = iomm_strdup(ctx, name);
	if (!bus->name) {
		iomm_object_drop(bus);
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for a bus");
	}
	*out = bus;
	return 0;
}

/* Those of the caller. */

static int read_ops(struct iomm_ctx *ctx, const struct iomm_bus_ops *from,
		    struct iomm_bus_ops *ops)
{
	int err = iomm_struct_in(ctx, ops, sizeof(*ops), IOMM_BUS_OPS_SIZE_VER0,
				 from, "iomm_bus_ops");

	if (!err)
		err = iomm_check_bits(ctx, ops->flags, 0, "iomm_bus_ops.flags");
	if (!err && !ops->node)
		err = IOMM_FAIL(ctx, IOMM_EINVAL, "a bus needs `node`");
	return err;
}

static int create(struct iomm_firmware *firmware, const char *name,
		  const struct iomm_bus_ops *from, struct iomm_bus **out)
{
	struct iomm_ctx *ctx = firmware->obj.ctx;
	struct iomm_bus_ops ops;
	int err;

	if (!name || !out)
		return iomm_fail_null(ctx, "iomm_bus_create");
	err = read_ops(ctx, from, &ops);
	if (!err)
		err = make(ctx, firmware, name, out);
	if (err)
		return err;
	(*out)->own = false;
	(*out)->ops = ops;
	return 0;
}

int iomm_bus_create(struct iomm_firmware *firmware, const char *name,
		    const struct iomm_bus_ops *ops, void *data,
		    void (*release)(void *data), struct iomm_bus **out)
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(firmware, &iomm_firmware_type)) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	ctx = firmware->obj.ctx;
	iomm_enter(ctx);
	err = create(firmware, name, ops, out);
	if (err) {
		iomm_release(ctx, release, data);
	} else {
		(*out)->data = data;
		(*out)->release = release;
	}
	return iomm_leave(ctx, err);
}

int iomm_bus_create_manual(struct iomm_ctx *ctx, const char *name,
			   struct iomm_bus **out)
{
	if (!ctx)
		return -IOMM_EINVAL;
	if (!name || !out)
		return iomm_fail_null(ctx, "iomm_bus_create_manual");
	iomm_enter(ctx);
	return iomm_leave(ctx, make(ctx, NULL, name, out));
}

/* Platform: the address is the node, and firmware has its `iommus`. */

static int platform_check(void *data, uint64_t address)
{
	struct iomm_node_info info = { .size = sizeof(info) };
	const struct iomm_bus *bus = data;

	return iomm_firmware_node_info(bus->firmware, address, &info);
}

static int platform_node(void *data, uint64_t address, uint64_t *node)
{
	(void)data;
	*node = address;
	return 0;
}

static const struct iomm_bus_ops platform_ops = {
	.size = sizeof(platform_ops),
	.check_address = platform_check,
	.node = platform_node,
};

int iomm_bus_create_platform(struct iomm_firmware *firmware, const char *name,
			     struct iomm_bus **out)
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(firmware, &iomm_firmware_type))
		return -IOMM_EINVAL;
	ctx = firmware->obj.ctx;
	if (!name || !out)
		return iomm_fail_null(ctx, "iomm_bus_create_platform");
	iomm_enter(ctx);
	err = make(ctx, firmware, name, out);
	if (!err)
		(*out)->ops = platform_ops;
	return iomm_leave(ctx, err);
}

/* PCI: the address is the requester ID, and the bridge has the map. Without a
 * topology every function is taken to be behind PCIe ports only. */

static int pci_check(void *data, uint64_t address)
{
	const struct iomm_bus *bus = data;

	if (address <= 0xffff)
		return 0;
	return IOMM_FAIL(bus->obj.ctx, IOMM_EINVAL,
			 "%x is no requester ID: those have 16 bits", address);
}

static int pci_node(void *data, uint64_t address, uint64_t *node)
{
	const struct iomm_bus *bus = data;

	(void)address;
	*node = bus->host;
	return 0;
}

static int pci_inputs(void *data, uint64_t address, uint64_t *inputs,
		      uint32_t room, uint32_t *count)
{
	const struct iomm_bus *bus = data;

	if (bus->pci) {
		*count = iomm_pci_inputs(bus->pci, bus->segment,
					 (uint32_t)address, inputs, room);
		return 0;
	}
	if (room)
		inputs[0] = address;
	*count = 1;
	return 0;
}

static const struct iomm_bus_ops pci_ops = {
	.size = sizeof(pci_ops),
	.check_address = pci_check,
	.node = pci_node,
	.inputs = pci_inputs,
};

static int check_host(struct iomm_firmware *firmware, uint64_t host)
{
	struct iomm_node_info info = { .size = sizeof(info) };
	char name[128];
	int err = iomm_firmware_node_info(firmware, host, &info);

	if (err || info.flags & IOMM_NODE_PCI_HOST)
		return err;
	iomm_firmware_name(firmware, host, name, sizeof(name));
	return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
			 "%s is no PCI host bridge", IOMM_STR(name));
}

int iomm_bus_create_pci(struct iomm_firmware *firmware, uint64_t host,
			struct iomm_pci *pci, uint32_t segment,
			const char *name, struct iomm_bus **out)
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(firmware, &iomm_firmware_type))
		return -IOMM_EINVAL;
	ctx = firmware->obj.ctx;
	if (!name || !out)
		return iomm_fail_null(ctx, "iomm_bus_create_pci");
	iomm_enter(ctx);
	err = check_host(firmware, host);
	if (!err)
		err = iomm_pci_check(ctx, pci);
	if (!err)
		err = make(ctx, firmware, name, out);
	if (!err) {
		(*out)->ops = pci_ops;
		(*out)->host = host;
		(*out)->pci = pci ? iomm_object_get(pci) : NULL;
		(*out)->segment = segment;
	}
	return iomm_leave(ctx, err);
}

int iomm_bus_name(struct iomm_bus *bus, char *buf, uint64_t len)
{
	if (!iomm_handle_ok(bus, &iomm_bus_type))
		return -IOMM_EINVAL;
	if (!buf && len)
		return iomm_fail_null(bus->obj.ctx, "iomm_bus_name");
	return iomm_copy_string(buf, len, bus->name);
}

struct iomm_bus *iomm_bus_get(struct iomm_bus *bus)
{
	return iomm_handle_get(bus, &iomm_bus_type);
}

void iomm_bus_put(struct iomm_bus *bus)
{
	iomm_handle_put(bus, &iomm_bus_type);
}
