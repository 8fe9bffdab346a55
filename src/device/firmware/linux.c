/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which firmware there is, as Linux decides it (its Documentation/ABI/testing:
 * sysfs-firmware-ofw, sysfs-firmware-acpi). */
#define _POSIX_C_SOURCE 200809L

#include "device/firmware/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/abi.h"

#include <iomm/pci.h>

void iomm_bytes_free(struct iomm_ctx *ctx, struct iomm_bytes *bytes)
{
	iomm_free(ctx, bytes->at, bytes->room);
	*bytes = (struct iomm_bytes){ 0 };
}

int iomm_linux_fail(struct iomm_ctx *ctx, const char *path, const char *what,
		    int code)
{
	int known = IOMM_EIO;

	if (code == ENOENT || code == ENOTDIR)
		known = IOMM_ENOENT;
	else if (code == EACCES || code == EPERM)
		known = IOMM_EACCES;
	else if (code == ENOMEM)
		known = IOMM_ENOMEM;
	return IOMM_FAIL(ctx, known, "%s cannot be %s: %s", IOMM_STR(path),
			 IOMM_STR(what), IOMM_STR(iomm_strerror(-known)));
}

/* Makes room for more, so that files may say any size: sysfs does. */
static int
grow(struct iomm_ctx *ctx, const char *path, struct iomm_bytes *bytes)
{
	struct iomm_bytes more = { .bytes = bytes->bytes };

	more.room = bytes->room ? bytes->room * 2 : 4096;
	if (more.room > IOMM_LINUX_MAX_BYTES)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "%s is over %u bytes",
				 IOMM_STR(path), IOMM_LINUX_MAX_BYTES);
	more.at = iomm_alloc(ctx, more.room);
	if (!more.at)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for %u bytes of %s", more.room,
				 IOMM_STR(path));
	if (bytes->bytes)
		memcpy(more.at, bytes->at, (size_t)bytes->bytes);
	iomm_bytes_free(ctx, bytes);
	*bytes = more;
	return 0;
}

static int
read_all(struct iomm_ctx *ctx, const char *path, int fd, struct iomm_bytes *out)
{
	ssize_t n;
	int err;

	for (;;) {
		if (out->bytes == out->room) {
			err = grow(ctx, path, out);
			if (err)
				return err;
		}
		n = read(fd, (char *)out->at + out->bytes,
			 (size_t)(out->room - out->bytes));
		if (n == 0)
			return 0;
		if (n > 0)
			out->bytes += (uint64_t)n;
		else if (errno != EINTR)
			return iomm_linux_fail(ctx, path, "read", errno);
	}
}

int iomm_linux_read(struct iomm_ctx *ctx, const char *path,
		    struct iomm_bytes *out)
{
	/* A recorded tree may have anything where a file should be. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err;

	*out = (struct iomm_bytes){ 0 };
	if (fd < 0)
		return iomm_linux_fail(ctx, path, "opened", errno);
	err = read_all(ctx, path, fd, out);
	(void)close(fd);
	return err;
}

/* Paths below the root */

struct linux_root {
	struct iomm_ctx *ctx;
	const char *path;
};

static int
join(const struct linux_root *root, const char *below, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/sys/firmware/%s", root->path,
			 below);

	if (n > 0 && n < PATH_MAX)
		return 0;
	return IOMM_FAIL(root->ctx, IOMM_EINVAL,
			 "the path of the root has %u bytes: too long",
			 strlen(root->path));
}

static bool is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Sources */

/* The kernel's rule: what has /chosen only, or what Xen adds for its guests,
 * was made by a boot loader to hand on its command line. */
static bool is_stub(const void *blob)
{
	const char *name;
	int node;

	fdt_for_each_subnode(node, blob, 0)
	{
		name = fdt_get_name(blob, node, NULL);
		if (!name || (strcmp(name, "chosen") != 0 &&
			      strcmp(name, "hypervisor") != 0))
			return false;
	}
	return true;
}

/* The blob is for root's eyes, the folder for everybody's. */
static int read_tree(const struct linux_root *root, struct iomm_bytes *tree)
{
	char path[PATH_MAX];
	int err = join(root, "fdt", path);

	if (err)
		return err;
	err = iomm_linux_read(root->ctx, path, tree);
	if (err != -IOMM_ENOENT && err != -IOMM_EACCES)
		return err;
	iomm_bytes_free(root->ctx, tree);
	err = join(root, "devicetree/base", path);
	return err ? err : iomm_linux_flatten(root->ctx, path, tree);
}

static int from_tree(const struct linux_root *root, bool stub_too,
		     struct iomm_firmware **out)
{
	struct iomm_bytes tree = { 0 };
	int err = read_tree(root, &tree);

	if (!err && !stub_too && tree.bytes &&
	    !fdt_check_full(tree.at, (size_t)tree.bytes) && is_stub(tree.at))
		err = -IOMM_ENOENT;
	else if (!err)
		err = iomm_firmware_create_fdt(root->ctx, tree.at, tree.bytes,
					       out);
	iomm_bytes_free(root->ctx, &tree);
	return err;
}

/* The tables that say something of IOMMUs; each is a file of that name. */
static const char *const tables[] = { "DMAR", "IORT", "IVRS", "RIMT", "VIOT" };
#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

/* One table of those that there are. */
static int read_table(const struct linux_root *root, const char *name,
		      struct iomm_bytes *table)
{
	char below[32], path[PATH_MAX];
	int err;

	(void)snprintf(below, sizeof(below), "acpi/tables/%s", name);
	err = join(root, below, path);
	if (!err)
		err = iomm_linux_read(root->ctx, path, table);
	return err == -IOMM_ENOENT ? 0 : err;
}

/* The PCI functions that there are, by which tables name devices below bridges.
 * Where they are not to be seen, only what is asked of such will fail. */
static int read_topology(const struct linux_root *root, struct iomm_pci **pci)
{
	int err = iomm_pci_from_sysfs(root->ctx, root->path, pci);

	if (err != -IOMM_ENOENT && err != -IOMM_EACCES)
		return err;
	if (err == -IOMM_EACCES)
		IOMM_LOG(root->ctx, IOMM_LOG_WARN, "firmware",
			 "%s/sys/bus/pci cannot be read in full: devices below "
			 "PCI bridges are not told apart",
			 IOMM_STR(root->path));
	return 0;
}

static int
read_tables(const struct linux_root *root, struct iomm_bytes read[NR_TABLES],
	    struct iomm_firmware **out)
{
	struct iomm_acpi_table given[NR_TABLES] = { { .size = 0 } };
	struct iomm_pci *pci = NULL;
	uint32_t n, count = 0;
	int err;

	for (n = 0; n < NR_TABLES; n++) {
		err = read_table(root, tables[n], &read[n]);
		if (err)
			return err;
		if (!read[n].at)
			continue;
		given[count].size = sizeof(given[0]);
		given[count].table = read[n].at;
		given[count++].bytes = read[n].bytes;
	}
	err = read_topology(root, &pci);
	if (!err)
		err = iomm_firmware_create_acpi(root->ctx, given, count,
						sizeof(given[0]), pci, out);
	iomm_object_drop(pci);
	return err;
}

static int from_acpi(const struct linux_root *root, struct iomm_firmware **out)
{
	struct iomm_bytes read[NR_TABLES] = { { .at = NULL } };
	char path[PATH_MAX];
	uint32_t n;
	int err = join(root, "acpi/tables", path);

	if (err)
		return err;
	if (!is_folder(path))
		return IOMM_FAIL(root->ctx, IOMM_ENOENT,
				 "there are no ACPI tables: no folder %s",
				 IOMM_STR(path));
	err = read_tables(root, read, out);
	for (n = 0; n < NR_TABLES; n++)
		iomm_bytes_free(root->ctx, &read[n]);
	return err;
}

static int
from_either(const struct linux_root *root, struct iomm_firmware **out)
{
	int err = from_tree(root, false, out);

	if (err != -IOMM_ENOENT)
		return err;
	err = from_acpi(root, out);
	if (err != -IOMM_ENOENT)
		return err;
	return IOMM_FAIL(root->ctx, IOMM_ENOENT,
			 "%s/sys/firmware has neither a device tree (fdt, "
			 "devicetree/base) nor ACPI tables (acpi/tables)",
			 IOMM_STR(root->path));
}

int iomm_firmware_from_linux(struct iomm_ctx *ctx, const char *path,
			     uint32_t flags, struct iomm_firmware **out)
{
	const uint32_t both = IOMM_LINUX_DEVICE_TREE | IOMM_LINUX_ACPI;
	struct linux_root root = { ctx, path ? path : "" };
	int err;

	if (!ctx)
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(ctx, "iomm_firmware_from_linux");
	err = iomm_check_bits(ctx, flags, both,
			      "the flags of iomm_firmware_from_linux");
	if (err)
		return err;
	iomm_enter(ctx);
	if (flags == IOMM_LINUX_DEVICE_TREE)
		err = from_tree(&root, true, out);
	else if (flags == IOMM_LINUX_ACPI)
		err = from_acpi(&root, out);
	else
		err = from_either(&root, out);
	return iomm_leave(ctx, err);
}
