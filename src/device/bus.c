/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/bus.h"

#include "device/pci.h"

static void destroy(struct iomm_object *object)
{
	struct iomm_bus *bus = (struct iomm_bus *)(void *)object;

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

static int create(struct iomm_firmware *firmware, const char *name,
		  const struct iomm_bus_ops *ops, struct iomm_bus **out)
{
	struct iomm_ctx *ctx = firmware->obj.ctx;
	struct iomm_bus *bus = iomm_object_create(ctx, &iomm_bus_type);

	if (!bus)
		return -IOMM_ENOMEM;
	bus->ops = ops;
	bus->firmware = iomm_object_get(firmware);
	bus->name = iomm_strdup(ctx, name);
	if (!bus->name) {
		iomm_object_drop(bus);
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for a bus");
	}
	*out = bus;
	return 0;
}

/* Platform: the address is the node, and firmware has its `iommus`. */

static int platform_check(struct iomm_bus *bus, uint64_t address)
{
	struct iomm_node_info info = { .size = sizeof(info) };

	return iomm_firmware_node_info(bus->firmware, address, &info);
}

static uint64_t platform_node(const struct iomm_bus *bus, uint64_t address)
{
	(void)bus;
	return address;
}

static uint32_t platform_inputs(struct iomm_bus *bus, uint64_t address,
				uint64_t *inputs, uint32_t room)
{
	(void)bus;
	(void)address;
	(void)inputs;
	(void)room;
	return 0;
}

static const struct iomm_bus_ops platform_ops = {
	.check_address = platform_check,
	.node = platform_node,
	.inputs = platform_inputs,
};

int iomm_bus_create_platform(struct iomm_firmware *firmware, const char *name,
			     struct iomm_bus **out)
{
	struct iomm_ctx *ctx;

	if (!iomm_handle_ok(firmware, &iomm_firmware_type))
		return -IOMM_EINVAL;
	ctx = firmware->obj.ctx;
	if (!name || !out)
		return iomm_fail_null(ctx, "iomm_bus_create_platform");
	iomm_enter(ctx);
	return iomm_leave(ctx, create(firmware, name, &platform_ops, out));
}

/* PCI: the address is the requester ID, and the bridge has the map. Without a
 * topology every function is taken to be behind PCIe ports only. */

static int pci_check(struct iomm_bus *bus, uint64_t address)
{
	if (address <= 0xffff)
		return 0;
	return IOMM_FAIL(bus->obj.ctx, IOMM_EINVAL,
			 "%x is no requester ID: those have 16 bits", address);
}

static uint64_t pci_node(const struct iomm_bus *bus, uint64_t address)
{
	(void)address;
	return bus->host;
}

static uint32_t pci_inputs(struct iomm_bus *bus, uint64_t address,
			   uint64_t *inputs, uint32_t room)
{
	if (bus->pci)
		return iomm_pci_inputs(bus->pci, bus->segment,
				       (uint32_t)address, inputs, room);
	if (room)
		inputs[0] = address;
	return 1;
}

static const struct iomm_bus_ops pci_ops = {
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
		err = create(firmware, name, &pci_ops, out);
	if (!err) {
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
