/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bringing devices and IOMMUs together. */
#include "driver.h"

#include <inttypes.h>
#include <stdio.h>

void probe_too_early(struct machine *m)
{
	uint32_t n, waiting = 0;
	int err;

	for (n = 0; n < m->nr_devices; n++) {
		err = iomm_device_probe(m->devices[n].device);
		expect(m, err, "a device is bound before any IOMMU is there");
		if (err != -IOMM_EPROBE_DEFER) {
			m->devices[n].never = true;
			printf("never    %s\n         %s\n", m->devices[n].name,
			       sentence(m, err));
			continue;
		}
		if (!waiting++)
			printf("not yet  %s\n", sentence(m, err));
	}
	printf("%" PRIu32 " of %" PRIu32 " devices wait for their IOMMU\n",
	       waiting, m->nr_devices);
}

static void look_at(struct machine *m, struct device *d)
{
	struct iomm_group *group;
	uint32_t state;

	check(m, iomm_device_state(d->device, &state), d->name);
	if (d->bound || state != IOMM_DEVICE_BOUND)
		return;
	d->bound = true;
	d->nr_ids = MAX_IDS;
	check(m,
	      iomm_device_ids(d->device, d->ids, sizeof(d->ids[0]), &d->nr_ids),
	      d->name);
	check(m, iomm_device_group(d->device, &group), d->name);
	check(m, iomm_group_number(group, &d->group), d->name);
	iomm_group_put(group);
	printf("         %s is bound\n", d->name);
}

void register_iommu(struct machine *m, struct iommu *iommu)
{
	struct iomm_soft_driver driver = {
		.size = sizeof(driver),
		.node = iommu->node,
		.name = iommu->path,
		.granule = iommu->granule,
		.memory = m->tables,
	};
	uint32_t n;

	check(m, iomm_soft_create(m->ctx, NULL, &iommu->soft), iommu->path);
	check(m,
	      iomm_soft_add_memory(iommu->soft, m->ram_base, m->ram, RAM_BYTES,
				   NULL, NULL),
	      iommu->path);
	check(m, iomm_soft_register(iommu->soft, &driver, &iommu->instance),
	      iommu->path);
	printf("arrives  %s, with the built-in driver\n", iommu->path);
	/* What waited for it is probed in here. */
	check(m, iomm_ctx_run(m->ctx), "cannot run the context");
	for (n = 0; n < m->nr_devices; n++)
		look_at(m, &m->devices[n]);
}

/* Every IOMMU has arrived: who waited in vain? */
void find_left_over(struct machine *m)
{
	uint32_t n;
	int err;

	for (n = 0; n < m->nr_devices; n++) {
		if (m->devices[n].bound || m->devices[n].never)
			continue;
		err = iomm_device_probe(m->devices[n].device);
		printf("failed   %s\n         %s\n", m->devices[n].name,
		       sentence(m, err));
	}
}

/* Lists the IDs of a device at one IOMMU; false when it has none there. */
static bool print_ids(const struct device *d, uint64_t node)
{
	const char *before = "ID";
	uint32_t n;

	for (n = 0; n < d->nr_ids; n++) {
		if (d->ids[n].iommu_node != node)
			continue;
		if (*before == 'I')
			printf("   +-- %-40s group %-3" PRIu32, d->name,
			       d->group);
		printf("%s %#" PRIx64, before, d->ids[n].id);
		before = ",";
	}
	if (*before == ',')
		printf("\n");
	return *before == ',';
}

void draw(struct machine *m)
{
	uint32_t i, n, behind;

	for (i = 0; i < m->nr_iommus; i++) {
		printf("%s\n", m->iommus[i].path);
		behind = 0;
		for (n = 0; n < m->nr_devices; n++)
			behind += print_ids(&m->devices[n], m->iommus[i].node);
		if (!behind)
			printf("   (%s)\n",
			       m->iommus[i].enabled ? "nobody" : "disabled");
	}
}
