/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DEVICE_IOMMU_H
#define IOMM_DEVICE_IOMMU_H

#include <iomm/iommu.h>

#include "base/claim.h"
#include "base/ctx.h"
#include "base/index.h"
#include "base/list.h"
#include "base/presence.h"

struct iomm_iommu {
	struct iomm_object obj;
	struct iomm_list link; /* iomm_registry.iommus while registered */
	struct iomm_index_entry by_node; /* the same */
	uint64_t node;
	char *name, *driver;
	char *format;	     /* that it walks; NULL: it did not say */
	uint32_t flags;	     /* IOMM_IOMMU_* */
	uint32_t pasid_bits; /* that it tells apart; 0: none */
	struct iomm_iommu_ops ops;
	void *data;
	void (*release)(void *data);

	/* Brackets around every callback. Refused: being unregistered, or
	 * done. */
	struct iomm_presence presence;
	struct iomm_claim claim; /* one unregisters at a time */

	/* What follows. Marks change under the registry's lock too. */
	struct iomm_lock lock;
	struct iomm_index marks;   /* iomm_mark.entry */
	struct iomm_list bindings; /* iomm_binding.link */
	struct iomm_list parts;	   /* iomm_domain_part.link */
};

extern const struct iomm_object_type iomm_iommu_type;

#define IOMM_PART_LIVE 0u
#define IOMM_PART_UNKNOWN \
	1u		  /* gone, and the driver could not say it is quiet */
#define IOMM_PART_GONE 2u /* gone, and nothing walks its tables any more */

/*
 * A paging domain's side at one instance. Counted: the domain and, while it is
 * live, the instance's list hold it.
 */
struct iomm_domain_part {
	struct iomm_list link;	  /* iomm_iommu.parts while live */
	struct iomm_iommu *iommu; /* with a reference */
	void *priv;		  /* the driver's */
	_Atomic uint32_t refs;
	_Atomic uint32_t state; /* IOMM_PART_* */
};

/* The instance of a node that is not going, with a reference; or NULL. The registry's
 * lock is held. */
struct iomm_iommu *iomm_iommu_lookup(struct iomm_ctx *ctx, uint64_t node);

/* Makes a part for which the driver has nothing yet. */
int iomm_part_create(struct iomm_iommu *iommu, struct iomm_domain_part **out);
/* The driver has made `priv`. Inside the instance's presence. */
void iomm_part_link(struct iomm_domain_part *part, void *priv);
/* Frees it, and the driver's side unless unregistering did. */
void iomm_part_destroy(struct iomm_domain_part *part);

#endif
