/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the parts of the driver share: the machine, and words for errors. */
#ifndef DRIVER_H
#define DRIVER_H

#include <iomm/iomm.h>
#include <stdbool.h>

#define MAX_IOMMUS  32
#define MAX_DEVICES 64
#define MAX_HOSTS   8
#define MAX_IDS	    8

#define RAM_BYTES    (32u << 20) /* of the machine's memory, backed here */
#define TABLE_BYTES  (8u << 20)	 /* of that, where page tables go */
#define BUFFER_BYTES (64u << 10) /* one page of the largest granule */

struct iommu {
	uint64_t node;
	char path[128];
	bool enabled;
	uint64_t granule; /* when nobody asks for another */
	struct iomm_soft *soft;
	struct iomm_iommu *instance;
};

struct device {
	struct iomm_device *device;
	char name[128];
	bool bound, never;
	struct iomm_device_id ids[MAX_IDS];
	uint32_t nr_ids;
	uint32_t group;
};

struct machine {
	const char *file;
	uint64_t granule; /* 0: what the IOMMU likes */
	bool released;	  /* the context is gone */

	struct iomm_ctx *ctx;
	struct iomm_firmware *firmware;
	struct iomm_table_memory *tables;
	unsigned char *ram;
	uint64_t ram_base;

	struct iomm_bus *platform;
	struct iomm_bus *pci[MAX_HOSTS];
	uint32_t nr_pci;
	struct iommu iommus[MAX_IOMMUS];
	uint32_t nr_iommus;
	struct device devices[MAX_DEVICES];
	uint32_t nr_devices;
	struct iomm_fault fault; /* what the handler was last told */
	uint32_t nr_faults;
};

/* report.c */

/* What the library has to say of a call that failed. */
const char *sentence(struct machine *m, int err);
/* Ends the program unless the call succeeded; unless it holds. */
void check(struct machine *m, int err, const char *what);
void expect(struct machine *m, bool holds, const char *what);
void heading(const char *text);

/* tree.c */

void read_tree(struct machine *m);
void find_memory(struct machine *m);
void find_iommus(struct machine *m);
void find_devices(struct machine *m);

/* bind.c */

void probe_too_early(struct machine *m);
void register_iommu(struct machine *m, struct iommu *iommu);
void find_left_over(struct machine *m);
void draw(struct machine *m);

/* drive.c */

/* Does DMA with the first device that is bound. */
void drive_first(struct machine *m);

/* contexts.c */

void share_ids(struct machine *m);

#endif
