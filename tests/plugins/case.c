/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Plugins for tests: -DCASE_name -DCASE=\"name\" makes one, and what is wrong
 * with it its name says. Their formats are codec_arm64.c's codec.
 */
#include <iomm/codec.h>
#include <iomm/error.h>
#include <iomm/plugin.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "unit/codec_arm64.h"

#ifdef CASE_wrong_abi
#define ABI 2
#else
#define ABI IOMM_PLUGIN_ABI
#endif
#ifdef CASE_wrong_engine
#define ENGINE 12345
#else
#define ENGINE 0
#endif
#ifdef CASE_wrong_flags
#define FLAGS 0x10
#elif defined(CASE_resident)
#define FLAGS IOMM_PLUGIN_RESIDENT
#else
#define FLAGS 0
#endif

#ifndef CASE_no_info
extern IOMM_API const struct iomm_plugin_info iomm_plugin_info;
const struct iomm_plugin_info iomm_plugin_info = {
	.size = sizeof(iomm_plugin_info),
	.flags = FLAGS,
	.abi = ABI,
	.engine_version = ENGINE,
};
#endif

#ifdef CASE_unresolved
void nowhere_to_be_found(void);
#endif

static int releases;

/* The test finds it by dlsym(). */
extern IOMM_API int count_releases(void);
int count_releases(void)
{
	return releases;
}

static void release(void *data)
{
	releases += data == (void *)&releases;
}

static int passes(void *data)
{
	return data == (void *)&releases ? 0 : -IOMM_EINVAL;
}

static int fails(void *data)
{
	(void)data;
	return -IOMM_EIO;
}

static int add(const struct iomm_plugin_api *api, const char *name,
	       int (*self_test)(void *data))
{
	const struct iomm_format_ops ops = {
		.size = sizeof(ops),
		.abi = IOMM_FORMAT_ABI,
		.name = name,
		.codec = &codec_arm64,
		.self_test = self_test,
	};

	return api->add(api->plugin, &ops);
}

static bool is(const char *name)
{
	return !strcmp(CASE, name);
}

static int add_formats(const struct iomm_plugin_api *api)
{
	int r = add(api, "plug-one", is("self_test") ? fails : passes);

	if (!r && is("second_fails"))
		r = add(api, "plug-two", fails);
	if (!r && is("second_exists"))
		r = add(api, "arm64-s1", passes);
	if (!r && is("two"))
		r = add(api, "plug-two", passes);
	return r;
}

static int init(const struct iomm_plugin_api *api)
{
	int r = api->keep(api->plugin, &releases, release);

	if (r)
		return r;
	if (is("init_says"))
		return api->fail(api->plugin, IOMM_ENODEV, "the moon is full");
	if (is("init_fails"))
		return -IOMM_EIO;
	return is("no_format") ? 0 : add_formats(api);
}

#ifdef CASE_no_init
#define iomm_plugin_init other_name
#endif
extern IOMM_API iomm_plugin_init_fn iomm_plugin_init;
int iomm_plugin_init(struct iomm_ctx *ctx, const struct iomm_plugin_api *api)
{
	(void)ctx;
#ifdef CASE_unresolved
	nowhere_to_be_found();
#endif
	return init(api);
}
