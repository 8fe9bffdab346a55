/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The entry point of a format of the library's own that was not built into it:
 * PLUGIN_FORMAT, of src/pgtable/. */
#include "pgtable/engine_plugin.h"

#define TYPE_OF(format) iomm_format_##format
#define TYPE(format)	TYPE_OF(format)

extern const struct iomm_format_type TYPE(PLUGIN_FORMAT);

IOMM_PLUGIN(0, IOMM_ENGINE_VERSION)
{
	const struct iomm_format_ops ops =
		IOMM_ENGINE_FORMAT(&TYPE(PLUGIN_FORMAT));
	int r = iomm_engine_connect(api);

	(void)ctx;
	return r ? r : api->add(api->plugin, &ops);
}
