/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_ALLOC_TYPE_INTERNAL_H
#define IOMM_ALLOC_TYPE_INTERNAL_H

#include <iomm/alloc_type.h>

#include "alloc/allocator.h"

/* A handle to an entry of the allocator, which it holds. */
struct iomm_alloc_type {
	struct iomm_object object;
	struct iomm_allocator *allocator;
	const struct iomm_type_entry *entry;
};

extern const struct iomm_object_type iomm_alloc_type_tag;

#endif
