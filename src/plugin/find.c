/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where plugins are looked for. */
#define _GNU_SOURCE
#include "plugin/plugin.h"

#include "pgtable/engine_table.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* FOLDER/iomm/NAME.so and the like; false when that is too long, or no file. */
static bool is_file(char path[PATH_MAX], const char *folder, size_t length,
		    const char *below, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%.*s%s/%s.so", (int)length, folder,
			 below, name);

	return n > 0 && n < PATH_MAX && !access(path, R_OK);
}

/* A relative folder would be another one in each place that the program is
 * called from. */
static bool
find_in_list(char path[PATH_MAX], const char *folders, const char *name)
{
	size_t length;

	for (; *folders; folders += length + (folders[length] == ':')) {
		length = strcspn(folders, ":");
		if (*folders == '/' && length < PATH_MAX &&
		    is_file(path, folders, length, "", name))
			return true;
	}
	return false;
}

/* The folder that the shared library is in. A program that has the library in
 * itself has no such folder. */
static const char *own_folder(size_t *length)
{
	static const char file[] = "libiomm.so";
	const char *slash;
	Dl_info info;

	if (!dladdr(&iomm_engine_table, &info) || !info.dli_fname)
		return NULL;
	slash = strrchr(info.dli_fname, '/');
	if (!slash || strncmp(slash + 1, file, sizeof(file) - 1) != 0)
		return NULL;
	*length = (size_t)(slash - info.dli_fname);
	return info.dli_fname;
}

static bool search(char path[PATH_MAX], const char *name)
{
	const char *folders = secure_getenv("IOMM_PLUGIN_PATH"), *own;
	size_t length;

	if (folders && find_in_list(path, folders, name))
		return true;
	own = own_folder(&length);
	return own && is_file(path, own, length, "/iomm", name);
}

static int refuse(struct iomm_ctx *ctx, const char *name)
{
	const char *folders = secure_getenv("IOMM_PLUGIN_PATH");

	if (strchr(name, '/'))
		return IOMM_FAIL(ctx, IOMM_ENOENT, "there is no plugin %s",
				 IOMM_STR(name));
	return IOMM_FAIL(
		ctx, IOMM_ENOENT,
		"there is no plugin %s.so in the folders of "
		"IOMM_PLUGIN_PATH (%s), nor in iomm beside the library",
		IOMM_STR(name), IOMM_STR(folders ? folders : ""));
}

int iomm_plugin_find(struct iomm_ctx *ctx, const char *name, char **path)
{
	char found[PATH_MAX];
	bool there;

	if (strchr(name, '/'))
		there = strlen(name) < PATH_MAX &&
			!access(strcpy(found, name), R_OK);
	else
		there = *name && search(found, name);
	if (!there)
		return refuse(ctx, name);
	*path = iomm_strdup(ctx, found);
	return *path ? 0
		     : IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the path of plugin %s",
				 IOMM_STR(name));
}
