/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plugins as programs see them. */
#include "plugin/plugin.h"

#include "base/abi.h"
#include "pgtable/format.h"

/* The application's: one to a module. */
struct iomm_plugin {
	struct iomm_object object;
	struct iomm_module *module;
};

/* Modules */

int iomm_module_create(struct iomm_ctx *ctx, const char *name,
		       struct iomm_module **out)
{
	struct iomm_module *module = iomm_alloc(ctx, sizeof(*module));

	if (module)
		module->name = iomm_strdup(ctx, name);
	if (!module || !module->name) {
		iomm_free(ctx, module, sizeof(*module));
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for plugin %s",
				 IOMM_STR(name));
	}
	module->ctx = ctx;
	atomic_init(&module->refs, 1);
	*out = module;
	return 0;
}

void iomm_module_get(struct iomm_module *module)
{
	atomic_fetch_add_explicit(&module->refs, 1, memory_order_relaxed);
}

/* The code of a module that is still loaded then was announced without a
 * handle: it stays in the process. */
void iomm_module_put(struct iomm_module *module)
{
	if (atomic_fetch_sub_explicit(&module->refs, 1, memory_order_acq_rel) !=
	    1)
		return;
	iomm_strfree(module->ctx, module->path);
	iomm_strfree(module->ctx, module->name);
	iomm_free(module->ctx, module, sizeof(*module));
}

static void put_module(void *data)
{
	iomm_module_put(data);
}

/* Handles */

static void destroy_plugin(struct iomm_object *object)
{
	struct iomm_plugin *plugin = (void *)object;

	if (plugin->module)
		iomm_module_put(plugin->module);
}

static const struct iomm_object_type plugin_type = {
	.kind = IOMM_HANDLE_PLUGIN,
	.bytes = sizeof(struct iomm_plugin),
	.name = "plugin",
	.destroy = destroy_plugin,
};

/* A handle on a module that is yet to be loaded. */
static int
create(struct iomm_ctx *ctx, const char *name, struct iomm_plugin **out)
{
	struct iomm_plugin *plugin = iomm_object_create(ctx, &plugin_type);
	int r;

	if (!plugin)
		return -IOMM_ENOMEM;
	r = iomm_module_create(ctx, name, &plugin->module);
	if (r)
		iomm_object_drop(plugin);
	else
		*out = plugin;
	return r;
}

static int
open_plugin(struct iomm_ctx *ctx, const char *name, struct iomm_plugin **out)
{
	struct iomm_plugin *plugin;
	int r = create(ctx, name, &plugin);

	if (r)
		return r;
	r = iomm_module_load(plugin->module);
	if (r)
		iomm_object_drop(plugin);
	else
		*out = plugin;
	return r;
}

int iomm_plugin_open(struct iomm_ctx *ctx, const char *name, uint32_t flags,
		     struct iomm_plugin **out)
{
	int r;

	if (!ctx)
		return -IOMM_EINVAL;
	iomm_enter(ctx);
	r = name && out ? iomm_check_bits(ctx, flags, 0,
					  "flags of iomm_plugin_open")
			: iomm_fail_null(ctx, "iomm_plugin_open");
	if (!r)
		r = open_plugin(ctx, name, out);
	return iomm_leave(ctx, r);
}

/* Announcing */

static int load(void *data, struct iomm_ctx *ctx, const char *name)
{
	char sentence[IOMM_ERROR_TEXT];
	int r = iomm_module_load(data);

	/* Who asks is answered the number, and somebody else may be asking. */
	if (r && iomm_error_message(ctx, sentence, sizeof(sentence)) > 0)
		IOMM_LOG(ctx, IOMM_LOG_WARN, name, "%s", IOMM_STR(sentence));
	return r;
}

static int announce(struct iomm_ctx *ctx, const char *format,
		    struct iomm_module *module, uint64_t timeout)
{
	static const struct iomm_format_loader loader = {
		.size = sizeof(loader),
		.load = load,
	};

	iomm_module_get(module);
	return iomm_format_announce(ctx, format, timeout, &loader, module,
				    put_module);
}

static int
announce_plugin(struct iomm_ctx *ctx, const char *format, const char *name,
		uint64_t timeout, struct iomm_plugin **out)
{
	struct iomm_plugin *plugin;
	int r = create(ctx, name, &plugin);

	if (r)
		return r;
	r = announce(ctx, format, plugin->module, timeout);
	if (r || !out)
		iomm_object_drop(plugin);
	else
		*out = plugin;
	return r;
}

int iomm_plugin_announce(struct iomm_ctx *ctx, const char *format,
			 const char *name, uint64_t timeout,
			 struct iomm_plugin **out)
{
	int r;

	if (!ctx)
		return -IOMM_EINVAL;
	iomm_enter(ctx);
	r = format && name ? announce_plugin(ctx, format, name, timeout, out)
			   : iomm_fail_null(ctx, "iomm_plugin_announce");
	return iomm_leave(ctx, r);
}

/* The context is being made, and has no other user. */
int iomm_plugin_announce_own(struct iomm_ctx *ctx, const char *name)
{
	char format[IOMM_FORMAT_NAME_MAX];
	struct iomm_module *module;
	char *c = format;
	int r;

	(void)iomm_copy_string(format, sizeof(format), name);
	for (; *c; c++)
		if (*c == '_')
			*c = '-';
	r = iomm_module_create(ctx, format, &module);
	if (r)
		return r;
	r = announce(ctx, format, module, IOMM_FOREVER);
	iomm_module_put(module);
	return r;
}

/* Closing */

static int close_module(struct iomm_module *module)
{
	uint32_t idle = IOMM_MODULE_IDLE;
	int r;

	if (atomic_compare_exchange_strong(&module->state, &idle,
					   IOMM_MODULE_CLOSED))
		return 0;
	if (idle == IOMM_MODULE_LOADING)
		return IOMM_FAIL(module->ctx, IOMM_EBUSY,
				 "plugin %s is being loaded",
				 IOMM_STR(module->name));
	r = iomm_format_drop_owner(module->ctx, module);
	if (!r)
		iomm_module_unload(module);
	return r;
}

int iomm_plugin_close(struct iomm_plugin *plugin)
{
	struct iomm_ctx *ctx;
	int r;

	if (!plugin)
		return 0;
	if (!iomm_handle_ok(plugin, &plugin_type))
		return -IOMM_EINVAL;
	ctx = plugin->object.ctx;
	iomm_enter(ctx);
	r = iomm_may_wait(ctx, "iomm_plugin_close");
	if (!r)
		r = close_module(plugin->module);
	if (!r)
		iomm_object_drop(plugin);
	return iomm_leave(ctx, r);
}

int iomm_plugin_path(struct iomm_plugin *plugin, char *buf, uint64_t len)
{
	const struct iomm_module *module;

	if (!iomm_handle_ok(plugin, &plugin_type))
		return -IOMM_EINVAL;
	module = plugin->module;
	if (!buf && len)
		return iomm_fail_null(module->ctx, "iomm_plugin_path");
	return iomm_copy_string(buf, len,
				atomic_load(&module->state) ==
						IOMM_MODULE_LOADED
					? module->path
					: "");
}
