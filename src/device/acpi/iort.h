/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The parts of IORT: its nodes, and the mappings of IDs between them. */
#ifndef IOMM_DEVICE_ACPI_IORT_H
#define IOMM_DEVICE_ACPI_IORT_H

#include "device/acpi/acpi.h"

/* Types of nodes (DEN0049E.e). */
enum {
	IORT_ITS_GROUP,
	IORT_NAMED_COMPONENT,
	IORT_ROOT_COMPLEX,
	IORT_SMMU,
	IORT_SMMU_V3,
	IORT_PMCG,
	IORT_RMR
};

/* Offsets in each node; its type is its first byte. */
#define IORT_LENGTH	   1u
#define IORT_REVISION	   3u
#define IORT_NR_MAPPINGS   8u
#define IORT_MAPPINGS	   12u
#define IORT_NODE	   16u /* bytes of a node's header */
#define IORT_MAPPING_BYTES 20u

/* A mapping, as one range of IDs. */
struct iort_mapping {
	uint32_t offset; /* of the mapping itself */
	bool any;	 /* takes every ID to `to` */
	uint64_t first, last, to;
	uint32_t target; /* a node, if it is one */
};

struct iort_mapping iomm_iort_mapping(const struct acpi_table *table,
				      uint32_t node, uint32_t index);

/* Adds the regions that RMR nodes have for an ID at an SMMU. */
int iomm_iort_add_regions(struct acpi_question *q, uint32_t smmu, uint32_t id);

/* Checks an RMR node. */
int iomm_iort_check_rmr(const struct acpi_source *source,
			const struct acpi_table *table, uint32_t node);

#endif
