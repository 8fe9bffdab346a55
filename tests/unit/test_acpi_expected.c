/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole ACPI tables, QEMU's and compiled ones, and what they say, as it was
 * written down by hand. */
#include "unit/acpi_support.h"

#include <stdio.h>

#define MAX_TABLES 2u

/* A machine: the ends of its tables' names. */
struct machine {
	const char *name;
	const char *tables[MAX_TABLES];
};

static void
all_asked(struct iomm_firmware *firmware, const char *name, uint32_t kind)
{
	uint64_t node = 0;
	char path[256], quoted[260];

	while (!iomm_firmware_next(firmware, kind, node, &node)) {
		assert_true(iomm_firmware_node_path(firmware, node, path,
						    sizeof(path)) > 0);
		snprintf(quoted, sizeof(quoted),
			 strchr(path, ' ') ? "\"%s\"" : "%s", path);
		if (!expect_asks(name, quoted))
			fail_msg("%s.expected does not ask for %s", name,
				 quoted);
	}
}

static void check(struct world *w, const struct machine *machine)
{
	struct iomm_acpi_table given[MAX_TABLES] = { { .size = 0 } };
	static struct table tables[MAX_TABLES];
	struct iomm_firmware *firmware = NULL;
	char name[128];
	uint32_t n;

	for (n = 0; n < MAX_TABLES && machine->tables[n]; n++) {
		snprintf(name, sizeof(name), "%s.%s", machine->name,
			 machine->tables[n]);
		acpi_load(&tables[n], name);
		given[n].size = sizeof(given[n]);
		given[n].table = tables[n].bytes;
		given[n].bytes = tables[n].length;
	}
	assert_ok(iomm_firmware_create_acpi(w->ctx, given, n, sizeof(given[0]),
					    NULL, &firmware));
	snprintf(name, sizeof(name), "acpi/%s", machine->name);
	expect_file(w, firmware, name);
	all_asked(firmware, name, IOMM_NODE_CLIENT);
	all_asked(firmware, name, IOMM_NODE_PCI_HOST);
	iomm_firmware_put(firmware);
}

static void test_machine(void **state)
{
	struct world w;

	world_init(&w);
	assert_ok(world_create(&w));
	check(&w, *state);
	world_end(&w);
}

#define MACHINE(title, ...)                                        \
	{                                                          \
		.name = (title), .test_func = test_machine,        \
		.initial_state = (void *)&(const struct machine){  \
			.name = (title), .tables = { __VA_ARGS__ } \
		},                                                 \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINE("q35-amd-iommu", "ivrs.aml"),
		MACHINE("q35-intel-iommu", "dmar.aml"),
		MACHINE("q35-virtio-iommu", "viot.aml"),
		MACHINE("server-dmar", "aml"),
		MACHINE("server-ivrs", "aml"),
		MACHINE("soc-iort", "aml"),
		MACHINE("virt-smmuv3", "iort.aml"),
		MACHINE("virt-virtio-iommu", "iort.aml", "viot.aml"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
