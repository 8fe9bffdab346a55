/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Loading a plugin: the object, then what it says of itself, then its formats. */
#define _GNU_SOURCE
#include "plugin/plugin.h"

#include <dlfcn.h>

#include "base/abi.h"
#include "base/mem.h"
#include "pgtable/engine_table.h"
#include "pgtable/engine_version.h"
#include "pgtable/format.h"

/* What a plugin adds at most: enough, and a bound. */
#define MOST_FORMATS 64u

static IOMM_COLD int no_memory(struct iomm_module *module)
{
	return IOMM_FAIL(module->ctx, IOMM_ENOMEM, "no memory for plugin %s",
			 IOMM_STR(module->name));
}

/* The object */

static IOMM_COLD int refuse_object(struct iomm_module *module)
{
	const char *why = dlerror();

	return IOMM_FAIL(module->ctx, IOMM_ENOEXEC,
			 "plugin %s cannot be loaded: %s",
			 IOMM_STR(module->name),
			 IOMM_STR(why ? why : "for no reason"));
}

static int
find_symbol(struct iomm_module *module, const char *symbol, void **out)
{
	*out = dlsym(module->object, symbol);
	if (*out)
		return 0;
	return IOMM_FAIL(module->ctx, IOMM_ENOEXEC,
			 "%s is no plugin: it has no symbol %s",
			 IOMM_STR(module->path), IOMM_STR(symbol));
}

static int
check_info(struct iomm_module *module, const struct iomm_plugin_info *info)
{
	if (info->size < IOMM_PLUGIN_INFO_SIZE_VER0 ||
	    info->abi != IOMM_PLUGIN_ABI)
		return IOMM_FAIL(module->ctx, IOMM_ENOEXEC,
				 "plugin %s was made for version %u of the "
				 "interface to plugins, and this library has "
				 "%u",
				 IOMM_STR(module->path), (uint64_t)info->abi,
				 IOMM_PLUGIN_ABI);
	if (info->engine_version && info->engine_version != IOMM_ENGINE_VERSION)
		return IOMM_FAIL(module->ctx, IOMM_ENOEXEC,
				 "plugin %s was compiled with engine %x, and "
				 "this library has %x: compile it again",
				 IOMM_STR(module->path),
				 (uint64_t)info->engine_version,
				 (uint64_t)IOMM_ENGINE_VERSION);
	if (info->flags & ~IOMM_PLUGIN_RESIDENT)
		return IOMM_FAIL(module->ctx, IOMM_ENOEXEC,
				 "plugin %s has flags %x, which are not known",
				 IOMM_STR(module->path),
				 (uint64_t)(info->flags &
					    ~IOMM_PLUGIN_RESIDENT));
	module->resident = info->flags & IOMM_PLUGIN_RESIDENT;
	return 0;
}

/* What the plugin calls */

static int add(void *plugin, const struct iomm_format_ops *ops)
{
	struct iomm_module *module = plugin;
	int r;

	if (!ops)
		return iomm_fail_null(module->ctx, "iomm_plugin_api.add");
	if (module->count == MOST_FORMATS)
		return IOMM_FAIL(module->ctx, IOMM_ENOSPC,
				 "plugin %s adds more than %u formats",
				 IOMM_STR(module->name), MOST_FORMATS);
	r = iomm_struct_in(module->ctx, &module->ops[module->count],
			   sizeof(*ops), IOMM_FORMAT_OPS_SIZE_VER0, ops,
			   "iomm_format_ops");
	if (r)
		return r;
	module->ops[module->count++].size = sizeof(*ops);
	return 0;
}

static int keep(void *plugin, void *data, void (*release)(void *data))
{
	struct iomm_module *module = plugin;

	if (module->data || module->release)
		return IOMM_FAIL(module->ctx, IOMM_EEXIST,
				 "plugin %s has given its data before",
				 IOMM_STR(module->name));
	module->data = data;
	module->release = release;
	return 0;
}

static int fail(void *plugin, int code, const char *sentence)
{
	struct iomm_module *module = plugin;

	module->said = true;
	if (code <= 0 || code > IOMM_MAX_ERROR)
		code = IOMM_EPROTO;
	return IOMM_FAIL(module->ctx, code, "plugin %s: %s",
			 IOMM_STR(module->name),
			 IOMM_STR(sentence ? sentence : "no reason given"));
}

/* Its formats */

static int init(struct iomm_module *module, iomm_plugin_init_fn *function)
{
	const struct iomm_plugin_api api = {
		.size = sizeof(api),
		.abi = IOMM_PLUGIN_ABI,
		.plugin = module,
		.engine = &iomm_engine_table,
		.add = add,
		.keep = keep,
		.fail = fail,
	};
	int r;

	module->said = false;
	r = iomm_answer(function(module->ctx, &api));
	if (r && !module->said)
		return IOMM_FAIL(module->ctx, -r,
				 "the iomm_plugin_init of plugin %s failed: %s",
				 IOMM_STR(module->name),
				 IOMM_STR(iomm_strerror(r)));
	if (r || module->count)
		return r;
	return IOMM_FAIL(module->ctx, IOMM_EINVAL, "plugin %s has no format",
			 IOMM_STR(module->name));
}

static void release_data(struct iomm_module *module)
{
	void (*release)(void *data) = module->release;

	module->release = NULL;
	if (release)
		release(module->data);
	module->data = NULL;
}

/* The formats have gone: a release function of the registry's. */
static void release_formats(void *data)
{
	struct iomm_module *module = data;

	release_data(module);
	iomm_module_put(module);
}

static int register_formats(struct iomm_module *module)
{
	iomm_module_get(module);
	return iomm_format_register_plugin(module->ctx, module->ops,
					   module->count, module->data, module,
					   release_formats);
}

/* All code of the plugin runs in here. */
static int run(struct iomm_module *module)
{
	void *info, *function;
	int r;

	module->object = dlopen(module->path, RTLD_NOW | RTLD_LOCAL);
	if (!module->object)
		return refuse_object(module);
	r = find_symbol(module, "iomm_plugin_info", &info);
	if (!r)
		r = check_info(module, info);
	if (!r)
		r = find_symbol(module, "iomm_plugin_init", &function);
	if (r)
		return r;
	r = init(module, (iomm_plugin_init_fn *)function);
	if (r)
		release_data(module);
	return r ? r : register_formats(module);
}

static void forget(struct iomm_module *module)
{
	iomm_free(module->ctx, module->ops,
		  MOST_FORMATS * sizeof(*module->ops));
	module->ops = NULL;
	module->count = 0;
}

static void drop_path(struct iomm_module *module)
{
	iomm_strfree(module->ctx, module->path);
	module->path = NULL;
}

void iomm_module_unload(struct iomm_module *module)
{
	if (module->object && !module->resident)
		(void)dlclose(module->object);
	module->object = NULL;
	drop_path(module);
}

static int find_and_run(struct iomm_module *module)
{
	struct iomm_ctx *ctx = module->ctx;
	struct iomm_frame frame;
	int r = iomm_plugin_find(ctx, module->name, &module->path);

	if (r)
		return r;
	module->ops = iomm_alloc(ctx, MOST_FORMATS * sizeof(*module->ops));
	if (!module->ops) {
		drop_path(module);
		return no_memory(module);
	}
	iomm_callback_begin(ctx, &frame, false);
	frame.owner = module;
	r = run(module);
	if (r && iomm_format_drop_owner(ctx, module)) {
		/* It has registered formats by itself, which are in use: it
		 * stays, and so does what they know as their owner. */
		module->resident = true;
		iomm_module_get(module);
	}
	iomm_callback_end(ctx, &frame);
	forget(module);
	if (r)
		iomm_module_unload(module);
	return r;
}

int iomm_module_load(struct iomm_module *module)
{
	uint32_t idle = IOMM_MODULE_IDLE;
	int r;

	if (!atomic_compare_exchange_strong(&module->state, &idle,
					    IOMM_MODULE_LOADING))
		return idle == IOMM_MODULE_CLOSED
			       ? IOMM_FAIL(module->ctx, IOMM_ENODEV,
					   "plugin %s was closed before it was "
					   "loaded",
					   IOMM_STR(module->name))
			       : IOMM_FAIL(module->ctx, IOMM_EBUSY,
					   "plugin %s is loaded already, or "
					   "being loaded",
					   IOMM_STR(module->name));
	r = find_and_run(module);
	atomic_store(&module->state, r ? IOMM_MODULE_IDLE : IOMM_MODULE_LOADED);
	return r;
}
