/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PCI topologies that are read from a sysfs, which each test makes. */
#define _GNU_SOURCE
#include "unit/support.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iomm/pci.h>

#define RID(b, d, f) ((b) << 8 | (d) << 3 | (f))

struct sysfs {
	struct world w;
	char root[64];
};

/* What a function's configuration space says. */
struct config {
	uint32_t id, subsystem;
	uint8_t header, secondary, subordinate;
	uint32_t type;	/* 0: no capabilities */
	uint32_t bytes; /* of the file; 0: 256 */
};

static void
path_of(const struct sysfs *s, const char *name, char *path, size_t len)
{
	assert_true(snprintf(path, len, "%s/sys/bus/pci/devices/%s", s->root,
			     name) < (int)len);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* The space, with another capability before that of PCI Express. */
static void fill(unsigned char *space, const struct config *c)
{
	memcpy(space, &c->id, 4);
	space[0x0e] = c->header;
	if (c->header & 0x7f) {
		space[0x19] = c->secondary;
		space[0x1a] = c->subordinate;
	} else {
		memcpy(space + 0x2c, &c->subsystem, 4);
	}
	if (!c->type)
		return;
	space[0x06] = 0x10;
	space[(c->header & 0x7f) == 2 ? 0x14 : 0x34] = 0x50;
	space[0x50] = 0x01; /* power management */
	space[0x51] = 0x60;
	space[0x60] = 0x10;
	space[0x62] = (unsigned char)(c->type << 4 | 2);
}

static void add(struct sysfs *s, const char *name, struct config c)
{
	unsigned char space[256] = { 0 };
	char path[256];

	path_of(s, name, path, sizeof(path));
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/config");
	fill(space, &c);
	write_file(path, space, c.bytes ? c.bytes : sizeof(space));
}

static int setup(void **state)
{
	struct sysfs *s = calloc(1, sizeof(*s));
	char command[256];

	strcpy(s->root, "/tmp/test-pci-sysfs-XXXXXX");
	if (!mkdtemp(s->root))
		return -1;
	(void)snprintf(command, sizeof(command),
		       "mkdir -p %s/sys/bus/pci/devices %s/sys/devices",
		       s->root, s->root);
	world_init(&s->w);
	*state = s;
	return system(command) || world_create(&s->w);
}

static int delete (const char *path, const struct stat *st, int flag,
		   struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static int teardown(void **state)
{
	struct sysfs *s = *state;

	world_end(&s->w);
	(void)nftw(s->root, delete, 16, FTW_DEPTH | FTW_PHYS);
	free(s);
	return 0;
}

static struct iomm_pci *load(struct sysfs *s)
{
	struct iomm_pci *pci = NULL;

	assert_ok(iomm_pci_from_sysfs(s->w.ctx, s->root, &pci));
	return pci;
}

static void refused(struct sysfs *s, int code, const char *why)
{
	struct iomm_pci *pci = UNTOUCHED;

	assert_fails(iomm_pci_from_sysfs(s->w.ctx, s->root, &pci), code,
		     s->w.ctx, why);
	assert_ptr_equal(pci, UNTOUCHED);
}

static void test_read(void **state)
{
	struct sysfs *s = *state;
	struct iomm_pci_function f[4];
	uint32_t count = LENGTH(f);
	struct iomm_pci *pci;

	add(s, "0000:00:1c.4",
	    (struct config){ .id = 0x9d148086,
			     .header = 0x81,
			     .secondary = 3,
			     .subordinate = 5,
			     .type = IOMM_PCI_ROOT_PORT });
	add(s, "0000:05:00.0",
	    (struct config){ .id = 0x13, .subsystem = 0x11000022 });
	add(s, "0000:03:00.0",
	    (struct config){ .header = 1,
			     .secondary = 4,
			     .subordinate = 4,
			     .type = IOMM_PCI_PCIE_TO_PCI });
	add(s, "0000:04:0a.0",
	    (struct config){ .header = 2, .secondary = 0, .type = 1 });
	pci = load(s);
	assert_ok(iomm_pci_functions(pci, f, sizeof(f[0]), &count));
	assert_int_equal(count, 4);
	/* In the order of their IDs. */
	assert_int_equal(f[0].rid, RID(0, 0x1c, 4));
	assert_int_equal(f[0].flags, IOMM_PCI_BRIDGE | IOMM_PCI_QUIRKS);
	assert_int_equal(f[0].type, IOMM_PCI_ROOT_PORT);
	assert_int_equal(f[0].id, 0x9d148086);
	assert_int_equal(f[0].secondary, 3);
	assert_int_equal(f[0].subordinate, 5);
	assert_int_equal(f[1].type, IOMM_PCI_PCIE_TO_PCI);
	/* A CardBus bridge that has no bus yet. */
	assert_int_equal(f[2].rid, RID(4, 0xa, 0));
	assert_int_equal(f[2].flags, IOMM_PCI_QUIRKS);
	assert_int_equal(f[2].type, IOMM_PCI_LEGACY_ENDPOINT);
	assert_int_equal(f[3].type, IOMM_PCI_CONVENTIONAL);
	assert_int_equal(f[3].subsystem, 0x11000022);
	iomm_pci_put(pci);
}

static void link_function(struct sysfs *s, const char *name, const char *target)
{
	char path[256], device[256];

	path_of(s, name, path, sizeof(path));
	(void)snprintf(device, sizeof(device), "%s/sys/devices/%s", s->root,
		       target);
	add(s, name, (struct config){ .type = IOMM_PCI_ENDPOINT });
	/* The directory goes where the link will point. */
	assert_int_equal(rename(path, device), 0);
	(void)snprintf(device, sizeof(device), "../../../devices/%s", target);
	assert_int_equal(symlink(device, path), 0);
}

/* A function below another function's root bus. */
static void test_real_dma(void **state)
{
	struct sysfs *s = *state;
	struct iomm_pci_id id;
	uint32_t count = 1;
	struct iomm_pci *pci;
	char command[256];

	(void)snprintf(command, sizeof(command),
		       "mkdir -p %s/sys/devices/pci0000:5d/0000:5d:05.5/"
		       "pci10000:00",
		       s->root);
	assert_int_equal(system(command), 0);
	link_function(s, "10000:00:02.0",
		      "pci0000:5d/0000:5d:05.5/pci10000:00/10000:00:02.0");
	link_function(s, "0000:5d:06.0", "pci0000:5d/0000:5d:06.0");
	pci = load(s);
	assert_ok(iomm_pci_aliases(pci, 0x10000, RID(0, 2, 0), &id, sizeof(id),
				   &count));
	assert_int_equal(id.segment, 0);
	assert_int_equal(id.rid, RID(0x5d, 5, 5));
	assert_ok(iomm_pci_aliases(pci, 0, RID(0x5d, 6, 0), &id, sizeof(id),
				   &count));
	assert_int_equal(id.rid, RID(0x5d, 6, 0));
	iomm_pci_put(pci);
}

static void test_refused(void **state)
{
	struct sysfs *s = *state;
	struct iomm_pci *pci;
	char path[256];

	refused(s, IOMM_ENOENT, "has no PCI function");
	add(s, "0000:00:00.0", (struct config){ .bytes = 63 });
	refused(s, IOMM_EINVAL, "0000:00:00.0: config is shorter");
	path_of(s, "0000:00:00.0/config", path, sizeof(path));
	assert_int_equal(unlink(path), 0);
	refused(s, IOMM_EIO, "config cannot be opened");
	write_file(path, "", 0);
	refused(s, IOMM_EINVAL, "config is shorter");
	path_of(s, "0000:00:00.0", path, sizeof(path));
	assert_int_equal(nftw(path, delete, 16, FTW_DEPTH | FTW_PHYS), 0);

	/* What somebody without the right to see it all reads. */
	add(s, "0000:00:01.0", (struct config){ .bytes = 64, .type = 4 });
	refused(s, IOMM_EACCES, "CAP_SYS_ADMIN");
	path_of(s, "0000:00:01.0", path, sizeof(path));
	assert_int_equal(nftw(path, delete, 16, FTW_DEPTH | FTW_PHYS), 0);

	add(s, "0000:00:02.8", (struct config){ 0 });
	refused(s, IOMM_EINVAL, "0000:00:02.8: this is no PCI function");
	s->root[strlen(s->root) - 1] ^= 1;
	refused(s, IOMM_ENOENT, "is there PCI?");
	s->root[strlen(s->root) - 1] ^= 1;
	assert_int_equal(iomm_pci_from_sysfs(NULL, s->root, &pci),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_pci_from_sysfs(s->w.ctx, NULL, &pci),
			 -IOMM_EINVAL);
}

/* A list of capabilities that loops, and one that leaves the space. */
static void test_hostile_config(void **state)
{
	struct sysfs *s = *state;
	unsigned char space[256] = {
		[0x06] = 0x10, [0x34] = 0x40, [0x40] = 5, [0x41] = 0x40
	};
	struct iomm_pci_function f;
	struct iomm_pci *pci;
	uint32_t count = 1;
	char path[256];

	add(s, "0000:00:00.0", (struct config){ 0 });
	path_of(s, "0000:00:00.0/config", path, sizeof(path));
	write_file(path, space, sizeof(space));
	pci = load(s);
	assert_ok(iomm_pci_functions(pci, &f, sizeof(f), &count));
	assert_int_equal(f.type, IOMM_PCI_CONVENTIONAL);
	iomm_pci_put(pci);

	space[0x41] = 0xff;
	space[0xfc] = 0x10;
	space[0xfe] = 0x72;
	write_file(path, space, sizeof(space));
	pci = load(s);
	assert_ok(iomm_pci_functions(pci, &f, sizeof(f), &count));
	assert_int_equal(f.type, IOMM_PCI_PCIE_TO_PCI);
	iomm_pci_put(pci);

	/* A type that there is not, and a bridge below itself. */
	space[0xfe] = 0xf2;
	write_file(path, space, sizeof(space));
	refused(s, IOMM_EINVAL, "is no type");
	memset(space, 0, sizeof(space));
	space[0x0e] = 1;
	space[0x19] = 1;
	write_file(path, space, sizeof(space));
	refused(s, IOMM_EINVAL, "0x1 to 0x0");
}

static int load_once(struct world *w, void *arg)
{
	struct sysfs *s = (struct sysfs *)(void *)w;

	return iomm_pci_from_sysfs(w->ctx, s->root, arg);
}

static void test_no_memory(void **state)
{
	struct sysfs *s = *state;
	struct iomm_pci *pci = NULL;
	char name[16];
	uint32_t n;

	/* More than the first piece of memory has room for. */
	for (n = 0; n < 70; n++) {
		(void)snprintf(name, sizeof(name), "0000:%02x:00.0", n);
		add(s, name, (struct config){ 0 });
	}
	/* Twice the list; object, functions, two tables. */
	assert_int_equal(world_each_site(&s->w, load_once, &pci), 6);
	iomm_pci_put(pci);
}

#define SYSFS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SYSFS_TEST(test_read),	    SYSFS_TEST(test_real_dma),
		SYSFS_TEST(test_refused),   SYSFS_TEST(test_hostile_config),
		SYSFS_TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
