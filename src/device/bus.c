/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/bus.h"

static void destroy(struct iomm_object *object)
{
	struct iomm_bus *bus = (struct iomm_bus *)(void *)object;

	iomm_object_drop(bus->firmware);
	iomm_strfree(object->ctx, bus->name);
}

const struct iomm_object_type iomm_bus_type = {
	.kind = IOMM_HANDLE_BUS,
	.bytes = sizeof(struct iomm_bus),
	.name = "bus",
	.destroy = destroy,
};

static int
create(struct iomm_firmware *firmware, const char *name,
       const struct iomm_bus_ops *ops, uint64_t host, struct iomm_bus **out)
{
	struct iomm_ctx *ctx = firmware->obj.ctx;
	struct iomm_bus *bus = iomm_object_create(ctx, &iomm_bus_type);

	if (!bus)
		return -IOMM_ENOMEM;
	bus->ops = ops;
	bus->host = host;
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

static void platform_place(struct iomm_bus *bus, uint64_t address,
			   struct iomm_bus_place *place)
{
	(void)bus;
	place->node = address;
}

static const struct iomm_bus_ops platform_ops = {
	.check_address = platform_check,
	.place = platform_place,
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
	return iomm_leave(ctx, create(firmware, name, &platform_ops, 0, out));
}

/* PCI: the address is the requester ID, and the bridge has the map. Aliases
 * (bridges to conventional PCI and the like) are not looked for: every
 * function is taken to be behind PCIe ports only. */

static int pci_check(struct iomm_bus *bus, uint64_t address)
{
	if (address <= 0xffff)
		return 0;
	return IOMM_FAIL(bus->obj.ctx, IOMM_EINVAL,
			 "%x is no requester ID: those have 16 bits", address);
}

static void
pci_place(struct iomm_bus *bus, uint64_t address, struct iomm_bus_place *place)
{
	place->node = bus->host;
	place->nr_inputs = 1;
	place->inputs[0] = address;
}

static const struct iomm_bus_ops pci_ops = {
	.check_address = pci_check,
	.place = pci_place,
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
		err = create(firmware, name, &pci_ops, host, out);
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
