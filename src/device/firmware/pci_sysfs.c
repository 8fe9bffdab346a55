/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
/*
 * The PCI topology that a Linux sysfs has, this machine's or a copy's: a
 * directory for each function, and its configuration space in a file. Facts
 * about configuration space are from the PCI Local Bus Specification 3.0,
 * chapter 6, and the PCI Express Base Specification, section 7.5.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ctx.h"

#include <iomm/pci.h>

#define CONFIG_BYTES 256
/* What anybody may read. */
#define HEADER_BYTES 64

enum {
	CONFIG_ID = 0x00,
	CONFIG_STATUS = 0x06,
	CONFIG_HEADER_TYPE = 0x0e,
	CONFIG_CARDBUS_CAPS = 0x14,
	CONFIG_SECONDARY = 0x19,
	CONFIG_SUBORDINATE = 0x1a,
	CONFIG_SUBSYSTEM = 0x2c,
	CONFIG_CAPS = 0x34,
};

enum {
	HEADER_DEVICE,
	HEADER_BRIDGE,
	HEADER_CARDBUS,
};

#define STATUS_CAPS	0x10
#define CAP_PCI_EXPRESS 0x10

struct reader {
	struct iomm_ctx *ctx;
	int dir; /* sys/bus/pci/devices */
	struct iomm_pci_function *functions;
	uint32_t count, room;
};

static int fail(struct reader *r, int code, const char *name, const char *what)
{
	return IOMM_FAIL(r->ctx, code, "sys/bus/pci/devices/%s: %s",
			 IOMM_STR(name), IOMM_STR(what));
}

/* Configuration space */

static uint32_t get(const unsigned char *config, uint32_t at, uint32_t bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | config[at + bytes];
	return value;
}

/* Type from the PCI Express capability, when there is one. A list that loops
 * has no more members than fit. */
static uint32_t type_of(const unsigned char *config, uint32_t header)
{
	uint32_t at, n;

	if (!(get(config, CONFIG_STATUS, 2) & STATUS_CAPS))
		return IOMM_PCI_CONVENTIONAL;
	at = config[header == HEADER_CARDBUS ? CONFIG_CARDBUS_CAPS
					     : CONFIG_CAPS];
	for (n = 0; n < CONFIG_BYTES / 4; n++) {
		at &= ~3u;
		if (at < HEADER_BYTES)
			break;
		if (config[at] == CAP_PCI_EXPRESS)
			return config[at + 2] >> 4;
		at = config[at + 1];
	}
	return IOMM_PCI_CONVENTIONAL;
}

static void
parse_config(const unsigned char *config, struct iomm_pci_function *f)
{
	uint32_t header = config[CONFIG_HEADER_TYPE] & 0x7f;

	f->flags = IOMM_PCI_QUIRKS;
	f->id = get(config, CONFIG_ID, 4);
	f->type = type_of(config, header);
	if (header == HEADER_DEVICE)
		f->subsystem = get(config, CONFIG_SUBSYSTEM, 4);
	/* A bridge to bus 0 has not been given its buses yet. */
	if ((header != HEADER_BRIDGE && header != HEADER_CARDBUS) ||
	    !config[CONFIG_SECONDARY])
		return;
	f->flags |= IOMM_PCI_BRIDGE;
	f->secondary = config[CONFIG_SECONDARY];
	f->subordinate = config[CONFIG_SUBORDINATE];
}

static int
read_config(struct reader *r, const char *name, struct iomm_pci_function *f)
{
	unsigned char config[CONFIG_BYTES] = { 0 };
	char path[NAME_MAX + sizeof("/config")];
	ssize_t got;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/config", name);
	fd = openat(r->dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(r, errno == EACCES ? IOMM_EACCES : IOMM_EIO, name,
			    "config cannot be opened");
	got = read(fd, config, sizeof(config));
	(void)close(fd);
	if (got < HEADER_BYTES)
		return fail(r, IOMM_EINVAL, name,
			    "config is shorter than a header, 64 bytes");
	if (got < CONFIG_BYTES && config[CONFIG_STATUS] & STATUS_CAPS)
		return fail(r, IOMM_EACCES, name,
			    "config ends before its capabilities: read it with "
			    "CAP_SYS_ADMIN");
	parse_config(config, f);
	return 0;
}

/* Names */

/* "0000:00:1f.2", where a segment may have more digits. */
static bool parse_name(const char *name, uint32_t *segment, uint32_t *rid)
{
	unsigned int seg, bus, device, function;
	int end = 0;

	if (sscanf(name, "%8x:%2x:%2x.%1x%n", &seg, &bus, &device, &function,
		   &end) != 4 ||
	    name[end] || device > 31 || function > 7)
		return false;
	*segment = seg;
	*rid = bus << 8 | device << 3 | function;
	return true;
}

/*
 * A function whose root bus hangs below another function is hidden behind that
 * one, whose DMA its own is (Intel's Volume Management Device). The link says
 * so: .../0000:5d:05.5/pci10000:00/10000:00:02.0
 */
static void
find_real(struct reader *r, const char *name, struct iomm_pci_function *f)
{
	char link[PATH_MAX], *part, *rest, *before = NULL;
	ssize_t got = readlinkat(r->dir, name, link, sizeof(link) - 1);

	if (got < 0)
		return; /* a copy without links */
	link[got] = '\0';
	for (part = strtok_r(link, "/", &rest); part;
	     part = strtok_r(NULL, "/", &rest)) {
		if (!strncmp(part, "pci", 3) && before &&
		    parse_name(before, &f->real_segment, &f->real_rid))
			f->flags |= IOMM_PCI_REAL_DMA;
		before = part;
	}
}

/* The directory */

static bool make_room(struct reader *r)
{
	uint32_t room = r->room ? 2 * r->room : 64;
	struct iomm_pci_function *more;

	if (r->count < r->room)
		return true;
	more = iomm_alloc(r->ctx, (uint64_t)room * sizeof(*more));
	if (!more)
		return false;
	if (r->count)
		memcpy(more, r->functions, r->count * sizeof(*more));
	iomm_free(r->ctx, r->functions,
		  (uint64_t)r->room * sizeof(*r->functions));
	r->functions = more;
	r->room = room;
	return true;
}

static int read_function(struct reader *r, const char *name)
{
	struct iomm_pci_function f = { 0 };
	int err;

	if (name[0] == '.')
		return 0;
	if (!parse_name(name, &f.segment, &f.rid))
		return fail(r, IOMM_EINVAL, name, "this is no PCI function");
	err = read_config(r, name, &f);
	if (err)
		return err;
	find_real(r, name, &f);
	if (!make_room(r))
		return fail(r, IOMM_ENOMEM, name, "no memory");
	r->functions[r->count++] = f;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct iomm_pci_function *f = a, *g = b;

	if (f->segment != g->segment)
		return f->segment < g->segment ? -1 : 1;
	return f->rid < g->rid ? -1 : f->rid > g->rid;
}

static int read_all(struct reader *r)
{
	DIR *dir = fdopendir(r->dir);
	struct dirent *entry;
	int err = 0;

	if (!dir) {
		(void)close(r->dir);
		return fail(r, IOMM_ENOMEM, ".", "no memory");
	}
	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		err = read_function(r, entry->d_name);
		if (err)
			break;
	}
	if (!err && errno)
		err = fail(r, IOMM_EIO, ".", "reading the directory failed");
	(void)closedir(dir);
	/* Not in the order of the directory, which says nothing. */
	if (!err && r->count)
		qsort(r->functions, r->count, sizeof(*r->functions), by_id);
	return err;
}

static int
from_sysfs(struct iomm_ctx *ctx, const char *root, struct iomm_pci **out)
{
	struct reader r = { .ctx = ctx };
	char path[PATH_MAX];
	int err;

	if (snprintf(path, sizeof(path), "%s/sys/bus/pci/devices", root) >=
	    (int)sizeof(path))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the root's path is longer "
				 "than any file's");
	r.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r.dir < 0)
		return IOMM_FAIL(ctx,
				 errno == EACCES ? IOMM_EACCES : IOMM_ENOENT,
				 "%s cannot be opened: is there PCI?",
				 IOMM_STR(path));
	err = read_all(&r);
	if (!err && !r.count)
		err = IOMM_FAIL(ctx, IOMM_ENOENT, "%s has no PCI function",
				IOMM_STR(path));
	if (!err)
		err = iomm_pci_create(ctx, r.functions, r.count,
				      sizeof(*r.functions), out);
	iomm_free(ctx, r.functions, (uint64_t)r.room * sizeof(*r.functions));
	return err;
}

int iomm_pci_from_sysfs(struct iomm_ctx *ctx, const char *root,
			struct iomm_pci **out)
{
	if (!ctx)
		return -IOMM_EINVAL;
	if (!root || !out)
		return iomm_fail_null(ctx, "iomm_pci_from_sysfs");
	iomm_enter(ctx);
	return iomm_leave(ctx, from_sysfs(ctx, root, out));
}
