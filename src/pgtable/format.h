/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Formats as the library sees them. */
#ifndef IOMM_PGTABLE_FORMAT_H
#define IOMM_PGTABLE_FORMAT_H

#include <iomm/format.h>
#include <iomm/format_ops.h>

#include "base/ctx.h"
#include "base/list.h"
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

/* What is registered together, and released when the last of it has gone. */
struct iomm_format_batch {
	uint32_t refs; /* formats that are left; the registry's lock */
	uint32_t count;
	bool builtin;
	void *test_data; /* for the tests */
	void *data;
	void (*release)(void *data);
	/* For who registers them only. */
	struct iomm_format_impl *impl[];
};

/*
 * A format that was registered. In the registry's list from before its test
 * until it is gone; its fields are under the registry's lock, but for those that
 * stay as they are.
 */
struct iomm_format_impl {
	struct iomm_list link; /* iomm_formats.impls */
	uint32_t state;	       /* IOMM_FORMAT_TESTING, LIVE, DYING, FAILED */
	uint32_t pins;	       /* handles */
	void (*done)(void *data);
	void *done_data;
	const void *retired_by; /* who has yet to unpin it */

	/* These stay. */
	char name[IOMM_FORMAT_NAME_MAX];
	const struct iomm_format_type *type;
	bool made; /* the type is of codec.h's making */
	int (*self_test)(void *data);
	struct iomm_format_batch *batch; /* NULL: failed its test */
	struct iomm_format *first;	 /* for who registers it only */
	const void *owner;		 /* see iomm_format_drop_owner() */
};

/* A handle: a caller's, or a table's, pin on a format. */
struct iomm_format {
	struct iomm_object object;
	/* The implementation's. Nobody looks the name up again. */
	const struct iomm_format_type *type;
	struct iomm_format_impl *impl;
};

extern const struct iomm_object_type iomm_format_object;
extern const struct iomm_subsys iomm_format_subsys;

/*
 * Plugins. What is registered on a thread, while the innermost callback frame
 * that has an owner is of this one, belongs to it (struct iomm_frame.owner).
 */

/* Unregisters all formats of an owner, or none: EBUSY while one of them is
 * pinned, tested, or going. Their `release` has returned when this does. */
int iomm_format_drop_owner(struct iomm_ctx *ctx, const void *owner);
/* iomm_format_register_all(), with data of their own for the self-tests. */
int iomm_format_register_plugin(struct iomm_ctx *ctx,
				const struct iomm_format_ops *ops,
				uint32_t count, void *test_data, void *data,
				void (*release)(void *data));

/* The formats that are built in: `iomm_format_NAME` of src/pgtable/NAME.c. To
 * add one is to add its file, and a line here. `make FORMATS=...` has a list of
 * its own, and leaves the others to plugins. */
#ifndef IOMM_FORMATS
#define IOMM_FORMATS(FORMAT) \
	FORMAT(arm64_s1)     \
	FORMAT(arm64_s2)
#endif

/* Announces a format of the library's own that is a plugin; the name is as in
 * IOMM_FORMATS. plugin/plugin.c; not in the core. */
int iomm_plugin_announce_own(struct iomm_ctx *ctx, const char *name);

#define IOMM_DECLARE_FORMAT(name) \
	extern const struct iomm_format_type iomm_format_##name;
IOMM_FORMATS(IOMM_DECLARE_FORMAT)

/* iomm_format_request() without entering the library, and without waiting. */
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
