/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plugins. Only the hosted library has them. */
#ifndef IOMM_PLUGIN_PLUGIN_H
#define IOMM_PLUGIN_PLUGIN_H

#include <iomm/plugin.h>

#include <stdatomic.h>
#include <stdbool.h>

#include "base/ctx.h"

enum iomm_module_state {
	IOMM_MODULE_IDLE, /* not loaded, or it failed to */
	IOMM_MODULE_LOADING,
	IOMM_MODULE_LOADED,
	IOMM_MODULE_CLOSED, /* before it was loaded */
};

/*
 * What a handle, an announcement and the formats of a plugin share, and the last
 * of them frees. It does not hold the context, which the formats go with; and it
 * is what owns them in the registry (struct iomm_frame.owner).
 */
struct iomm_module {
	_Atomic uint32_t refs;
	_Atomic uint32_t state;
	struct iomm_ctx *ctx;
	char *name;   /* as it was asked for */
	char *path;   /* as it was found; NULL: not loaded */
	void *object; /* of dlopen() */
	bool resident;

	/* While its iomm_plugin_init() runs, and what `keep` was given. */
	struct iomm_format_ops *ops;
	uint32_t count, room;
	bool said; /* why it fails */
	void *data;
	void (*release)(void *data);
};

int iomm_module_create(struct iomm_ctx *ctx, const char *name,
		       struct iomm_module **out);
void iomm_module_get(struct iomm_module *module);
void iomm_module_put(struct iomm_module *module);

/* Loads it and registers its formats, on this thread; on failure it is as it
 * was. Anything but 0 has a sentence. */
int iomm_module_load(struct iomm_module *module);

/* Its code goes, if it may. None of its formats is left. */
void iomm_module_unload(struct iomm_module *module);

/* The file of a plugin's name, ENOENT with a sentence when there is none. The
 * path is iomm_strdup()ed. */
int iomm_plugin_find(struct iomm_ctx *ctx, const char *name, char **path);

#endif
