/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Formats as the library sees them. */
#ifndef IOMM_PGTABLE_FORMAT_H
#define IOMM_PGTABLE_FORMAT_H

#include <iomm/format.h>

#include "base/ctx.h"
#include "pgtable/engine_ops.h"

/* One format: static data of a format file. */
struct iomm_format_type {
	const char *name;
	uint32_t prot;	  /* IOMM_PROT_* that can be expressed */
	uint32_t flags;	  /* IOMM_PGTABLE_* that not every format has */
	uint32_t nr_regs; /* entries of regs[] in use */
	/* NULL after the last. The default granule is that of the first, and of
	 * several with a granule the first that is wide enough is taken. */
	const struct iomm_engine_ops *const *engines;
	/* The instance that walks for these register values; NULL when they
	 * are none of this format. */
	const struct iomm_engine_ops *(*select)(
		const struct iomm_format_type *type, const uint64_t *regs);
};

/* A handle: a caller's, or a table's, pin on a format. */
struct iomm_format {
	struct iomm_object object;
	const struct iomm_format_type *type;
};

extern const struct iomm_subsys iomm_format_subsys;

/* The formats that are built in: `iomm_format_NAME` of src/pgtable/NAME.c. To
 * add one is to add its file, and a line here. `make FORMATS=...` has a list of
 * its own, and leaves the others to plugins. */
#ifndef IOMM_FORMATS
#define IOMM_FORMATS(FORMAT) \
	FORMAT(arm64_s1)     \
	FORMAT(arm64_s2)
#endif

#define IOMM_DECLARE_FORMAT(name) \
	extern const struct iomm_format_type iomm_format_##name;
IOMM_FORMATS(IOMM_DECLARE_FORMAT)

/* iomm_format_request() without entering the library. */
int iomm_format_pin(struct iomm_ctx *ctx, const char *name,
		    struct iomm_format **out);

/*
 * The instance for a granule and widths; 0: the default. When none is wide
 * enough the widest of the granule, which then says so. NULL: there is no such
 * granule.
 */
const struct iomm_engine_ops *
iomm_format_engine(const struct iomm_format_type *type, uint64_t granule,
		   uint32_t ias, uint32_t oas);

#endif
