/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Makes a flattened device tree of the folders and files in which Linux shows
 * one. */
#define _XOPEN_SOURCE 700

#include "device/firmware/linux.h"

#include <dirent.h>
#include <errno.h>
#include <libfdt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Deeper than any tree, and than what the stack is used up by. */
#define MAX_DEPTH 32u

struct flattening {
	struct iomm_ctx *ctx;
	struct iomm_bytes tree;
	int err;	     /* of making room */
	char path[PATH_MAX]; /* of what is being looked at */
	size_t length;
};

static int fail_at(struct flattening *f, int err)
{
	return IOMM_FAIL(f->ctx, IOMM_EINVAL, "%s does not fit a tree: %s",
			 IOMM_STR(f->path), IOMM_STR(fdt_strerror(err)));
}

/* libfdt answered that there is no room. */
static int grow(struct flattening *f)
{
	struct iomm_bytes more = { .room = f->tree.room * 2 };
	int err;

	if (more.room > IOMM_LINUX_MAX_BYTES)
		return IOMM_FAIL(f->ctx, IOMM_EINVAL,
				 "the device tree is over %u bytes at %s",
				 IOMM_LINUX_MAX_BYTES, IOMM_STR(f->path));
	more.at = iomm_alloc(f->ctx, more.room);
	if (!more.at)
		return IOMM_FAIL(f->ctx, IOMM_ENOMEM,
				 "no memory for a device tree of %u bytes",
				 more.room);
	err = fdt_resize(f->tree.at, more.at, (int)more.room);
	if (err) {
		iomm_bytes_free(f->ctx, &more);
		return fail_at(f, err);
	}
	iomm_bytes_free(f->ctx, &f->tree);
	f->tree = more;
	return 0;
}

/* A step of libfdt's answered `step`. Is it to be done again, with the room
 * that it lacked? */
static bool again(struct flattening *f, int step)
{
	if (step != -FDT_ERR_NOSPACE)
		return false;
	f->err = grow(f);
	return !f->err;
}

static int result(struct flattening *f, int step)
{
	if (f->err)
		return f->err;
	return step ? fail_at(f, step) : 0;
}

static int begin_node(struct flattening *f, const char *name)
{
	int step;

	do
		step = fdt_begin_node(f->tree.at, name);
	while (again(f, step));
	return result(f, step);
}

static int end_node(struct flattening *f)
{
	int step;

	do
		step = fdt_end_node(f->tree.at);
	while (again(f, step));
	return result(f, step);
}

static int finish(struct flattening *f)
{
	int step;

	do
		step = fdt_finish(f->tree.at);
	while (again(f, step));
	return result(f, step);
}

static int add_property(struct flattening *f, const char *name,
			const struct iomm_bytes *value)
{
	int step;

	do
		step = fdt_property(f->tree.at, name, value->at,
				    (int)value->bytes);
	while (again(f, step));
	return result(f, step);
}

/* Goes to what is called `name` here; leave() goes back. */
static int enter(struct flattening *f, const char *name, size_t *before)
{
	int n = snprintf(f->path + f->length, PATH_MAX - f->length, "/%s",
			 name);

	*before = f->length;
	if (n < 0 || (size_t)n >= PATH_MAX - f->length)
		return IOMM_FAIL(f->ctx, IOMM_EINVAL,
				 "the path of %s is too long", IOMM_STR(name));
	f->length += (size_t)n;
	return 0;
}

static void leave(struct flattening *f, size_t before)
{
	f->length = before;
	f->path[before] = '\0';
}

static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A link is none of the tree, and may lead anywhere. */
static mode_t kind_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_mode & S_IFMT;
}

static int read_property(struct flattening *f, const char *name)
{
	struct iomm_bytes value = { 0 };
	int err;

	/* The kernel's own, of trees that had none; the folder says it. */
	if (!strcmp(name, "name"))
		return 0;
	err = iomm_linux_read(f->ctx, f->path, &value);
	if (!err)
		err = add_property(f, name, &value);
	iomm_bytes_free(f->ctx, &value);
	return err;
}

static int read_node(struct flattening *f, const char *name, uint32_t depth);

/* What is called `name` here, if it is of the kind that is looked for. */
static int
read_entry(struct flattening *f, const char *name, mode_t kind, uint32_t depth)
{
	size_t before;
	int err;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	err = enter(f, name, &before);
	if (!err && kind_of(f->path) == kind)
		err = kind == S_IFDIR ? read_node(f, name, depth + 1)
				      : read_property(f, name);
	leave(f, before);
	return err;
}

/* Properties come before nodes in a tree, and both in the order of their names
 * here, so that the same folder gives the same tree everywhere. */
static int
read_entries(struct flattening *f, struct dirent **list, int nr, uint32_t depth)
{
	int err = 0, n;

	for (n = 0; !err && n < nr; n++)
		err = read_entry(f, list[n]->d_name, S_IFREG, depth);
	for (n = 0; !err && n < nr; n++)
		err = read_entry(f, list[n]->d_name, S_IFDIR, depth);
	return err;
}

static int read_node(struct flattening *f, const char *name, uint32_t depth)
{
	struct dirent **list;
	int err, nr, n;

	if (depth > MAX_DEPTH)
		return IOMM_FAIL(f->ctx, IOMM_EINVAL,
				 "%s is deeper than any device tree",
				 IOMM_STR(f->path));
	nr = scandir(f->path, &list, NULL, compare);
	if (nr < 0)
		return iomm_linux_fail(f->ctx, f->path, "read", errno);
	err = begin_node(f, name);
	if (!err)
		err = read_entries(f, list, nr, depth);
	if (!err)
		err = end_node(f);
	for (n = 0; n < nr; n++)
		free(list[n]);
	free(list);
	return err;
}

static int flatten(struct flattening *f)
{
	int step, err;

	f->tree.room = 64u << 10;
	f->tree.at = iomm_alloc(f->ctx, f->tree.room);
	if (!f->tree.at)
		return IOMM_FAIL(f->ctx, IOMM_ENOMEM,
				 "no memory for a device tree");
	step = fdt_create(f->tree.at, (int)f->tree.room);
	if (!step)
		step = fdt_finish_reservemap(f->tree.at);
	if (step)
		return fail_at(f, step);
	err = read_node(f, "", 0);
	return err ? err : finish(f);
}

int iomm_linux_flatten(struct iomm_ctx *ctx, const char *path,
		       struct iomm_bytes *out)
{
	struct flattening f = { .ctx = ctx };
	int err;

	*out = (struct iomm_bytes){ 0 };
	f.length = strlen(path);
	if (f.length >= PATH_MAX)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a path of %u bytes is too "
				 "long",
				 f.length);
	memcpy(f.path, path, f.length + 1);
	err = flatten(&f);
	if (err) {
		iomm_bytes_free(ctx, &f.tree);
		return err;
	}
	*out = f.tree;
	out->bytes = fdt_totalsize(f.tree.at);
	return 0;
}
