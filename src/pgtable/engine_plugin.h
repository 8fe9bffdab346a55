/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For a plugin with instances of the engine: includes <iomm/plugin.h>, and
 * defines, out of the loader's table, what the template calls. One source of the
 * plugin includes it, and begins its iomm_plugin_init() with
 *
 *	int r = iomm_engine_connect(api);
 */
#ifndef IOMM_PGTABLE_ENGINE_PLUGIN_H
#define IOMM_PGTABLE_ENGINE_PLUGIN_H

#include <iomm/plugin.h>

#include "pgtable/engine_table.h"
#include "pgtable/engine_version.h"
#include "pgtable/format.h"

/* Of all contexts: one copy of the library has one. */
static const struct iomm_engine_table *iomm_engine_connected;

static inline int iomm_engine_connect(const struct iomm_plugin_api *api)
{
	const struct iomm_engine_table *none = NULL;

	if (__atomic_compare_exchange_n(&iomm_engine_connected, &none,
					api->engine, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE) ||
	    none == api->engine)
		return 0;
	return api->fail(api->plugin, IOMM_EBUSY,
			 "it is in use by another copy of the library");
}

#define IOMM_ENGINE_STUB(result, name, parameters, arguments)        \
	__attribute__((visibility("hidden"))) result name parameters \
	{                                                            \
		return iomm_engine_connected->name arguments;        \
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
IOMM_ENGINE_CALLS(IOMM_ENGINE_STUB)
#pragma GCC diagnostic pop

__attribute__((visibility("hidden"))) int
iomm_fail(struct iomm_ctx *ctx, int code, const uint64_t *text)
{
	return iomm_engine_connected->fail(ctx, code, text);
}

/* What is registered for one `struct iomm_format_type`. */
#define IOMM_ENGINE_FORMAT(type_)                                              \
	{                                                                      \
		.size = sizeof(struct iomm_format_ops),                        \
		.abi = IOMM_FORMAT_ABI, .engine_version = IOMM_ENGINE_VERSION, \
		.name = (type_)->name, .engine = (type_),                      \
	}

#endif
