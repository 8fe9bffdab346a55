/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Plugins: build/plugins-test/NAME.so is tests/plugins/case.c with CASE_NAME.
 */
#define _GNU_SOURCE
#include "unit/pgtable_support.h"

#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include <iomm/format_ops.h>
#include <iomm/plugin.h>

#ifndef IOMM_CHECKED
#define IOMM_CHECKED 0
#endif

/* Beside the tests' folder. */
static const char *folder(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);

	assert_true(n > 0);
	path[n] = 0;
	*strrchr(path, '/') = 0;
	strcpy(strrchr(path, '/'), "/plugins-test");
	return path;
}

static const char *file(const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s.so", folder(), name);
	return path;
}

/* Is a plugin's code in this process? */
static bool is_mapped(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[PATH_MAX + 100];
	bool found = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		found = found || strstr(line, file(name));
	(void)fclose(maps);
	return found;
}

static struct iomm_plugin *open_plugin(struct rig *rig, const char *name)
{
	struct iomm_plugin *plugin = NULL;

	assert_ok(iomm_plugin_open(rig->ctx, file(name), 0, &plugin));
	return plugin;
}

static int ask(struct rig *rig, const char *name)
{
	struct iomm_format *format;
	int r = iomm_format_request(rig->ctx, name, 0, 0, &format);

	if (!r)
		iomm_format_put(format);
	return r;
}

static int wait_for(struct rig *rig, const char *name)
{
	struct iomm_format *format;
	int r = iomm_format_request(rig->ctx, name, IOMM_FORMAT_WAIT,
				    IOMM_FOREVER, &format);

	if (!r)
		iomm_format_put(format);
	return r;
}

static void test_open(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin = open_plugin(rig, "good");
	char path[PATH_MAX];

	assert_true(is_mapped("good"));
	assert_int_equal(iomm_plugin_path(plugin, path, sizeof(path)),
			 strlen(file("good")));
	assert_string_equal(path, file("good"));
	assert_int_equal(iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_PLUGIN),
			 1);
	assert_ok(ask(rig, "plug-one"));
	assert_ok(iomm_plugin_close(plugin));
	assert_int_equal(ask(rig, "plug-one"), -IOMM_ENOENT);
	assert_false(is_mapped("good"));
	assert_int_equal(iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_PLUGIN),
			 0);
	assert_ok(iomm_plugin_close(NULL));
}

/* Once more, and in two contexts at once. */
static void test_open_again(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin = open_plugin(rig, "two"), *other;
	struct iomm_ctx *ctx;

	assert_fails(iomm_plugin_open(rig->ctx, file("two"), 0, &other),
		     IOMM_EEXIST, rig->ctx, "there is a format plug-one");
	assert_ok(ask(rig, "plug-one"));
	assert_ok(iomm_ctx_create(NULL, &ctx));
	assert_ok(iomm_plugin_open(ctx, file("two"), 0, &other));
	assert_ok(iomm_plugin_close(plugin));
	assert_true(is_mapped("two"));
	assert_int_equal(ask(rig, "plug-two"), -IOMM_ENOENT);
	assert_ok(iomm_plugin_close(other));
	assert_false(is_mapped("two"));
	iomm_ctx_put(ctx);
	plugin = open_plugin(rig, "two");
	assert_ok(ask(rig, "plug-two"));
	assert_ok(iomm_plugin_close(plugin));
	assert_false(is_mapped("two"));
}

static const struct {
	const char *name;
	int error;
	const char *says;
} refused[] = {
	{ "wrong_abi", IOMM_ENOEXEC,
	  "was made for version 2 of the interface" },
	{ "wrong_engine", IOMM_ENOEXEC, "was compiled with engine 0x3039" },
	{ "wrong_flags", IOMM_ENOEXEC, "has flags 0x10" },
	{ "no_info", IOMM_ENOEXEC, "it has no symbol iomm_plugin_info" },
	{ "no_init", IOMM_ENOEXEC, "it has no symbol iomm_plugin_init" },
	{ "unresolved", IOMM_ENOEXEC, "nowhere_to_be_found" },
	{ "absent", IOMM_ENOENT, "there is no plugin" },
	{ "init_fails", IOMM_EIO, "init_fails.so failed: hardware error" },
	{ "init_says", IOMM_ENODEV, "init_says.so: the moon is full" },
	{ "no_format", IOMM_EINVAL, "has no format" },
	{ "self_test", IOMM_ELIBBAD, "format plug-one failed its self-test" },
	{ "second_fails", IOMM_ELIBBAD, "format plug-two failed" },
	{ "second_exists", IOMM_EEXIST, "there is a format arm64-s1 already" },
};

#define NR_REFUSED (sizeof(refused) / sizeof(refused[0]))

static void test_refused(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin = NULL;
	size_t i;

	for (i = 0; i < NR_REFUSED; i++) {
		assert_fails(iomm_plugin_open(rig->ctx, file(refused[i].name),
					      0, &plugin),
			     refused[i].error, rig->ctx, refused[i].says);
		assert_null(plugin);
		/* None of its formats is there, and neither is it. */
		assert_int_not_equal(ask(rig, "plug-one"), 0);
		assert_int_not_equal(ask(rig, "plug-two"), 0);
		assert_false(is_mapped(refused[i].name));
	}
	assert_fails(iomm_plugin_open(rig->ctx, file("good"), 1, &plugin),
		     IOMM_EINVAL, rig->ctx, "flags of iomm_plugin_open");
	assert_int_equal(iomm_plugin_open(rig->ctx, NULL, 0, &plugin),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_plugin_open(NULL, "a", 0, &plugin), -IOMM_EINVAL);
}

/* Who asks for a format is told what came of its plugin. */
static void test_announced_badly(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin;
	size_t i;

	for (i = 0; i < NR_REFUSED; i++) {
		assert_ok(iomm_plugin_announce(rig->ctx, "plug-one",
					       file(refused[i].name),
					       IOMM_FOREVER, &plugin));
		assert_int_equal(ask(rig, "plug-one"), -IOMM_EPROBE_DEFER);
		assert_int_equal(wait_for(rig, "plug-one"), -refused[i].error);
		assert_int_equal(ask(rig, "plug-one"), -refused[i].error);
		assert_non_null(strstr(rig->logged, refused[i].says));
		assert_ok(iomm_plugin_close(plugin));
		assert_false(is_mapped(refused[i].name));
	}
}

static void test_announced(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin;
	char path[8] = "x";

	assert_ok(iomm_plugin_announce(rig->ctx, "plug-one", file("two"),
				       IOMM_FOREVER, &plugin));
	assert_false(is_mapped("two"));
	assert_int_equal(iomm_plugin_path(plugin, path, sizeof(path)), 0);
	assert_string_equal(path, "");
	assert_int_equal(ask(rig, "plug-one"), -IOMM_EPROBE_DEFER);
	assert_int_equal(ask(rig, "plug-two"), -IOMM_ENOENT);
	/* Asked for, so that it is loaded by and by. */
	assert_ok(iomm_ctx_run(rig->ctx));
	assert_ok(ask(rig, "plug-one"));
	assert_ok(ask(rig, "plug-two"));
	assert_true(is_mapped("two"));
	assert_ok(iomm_plugin_close(plugin));
	assert_false(is_mapped("two"));
	/* Without a handle it stays. */
	assert_ok(iomm_plugin_announce(rig->ctx, "plug-one", file("stays"),
				       IOMM_FOREVER, NULL));
	assert_ok(wait_for(rig, "plug-one"));
	assert_true(is_mapped("stays"));
}

static void test_announced_and_closed(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin;

	assert_ok(iomm_plugin_announce(rig->ctx, "plug-one", file("good"),
				       IOMM_FOREVER, &plugin));
	assert_fails(iomm_plugin_announce(rig->ctx, "plug-one", file("good"),
					  IOMM_FOREVER, NULL),
		     IOMM_EEXIST, rig->ctx, "plug-one");
	assert_ok(iomm_plugin_close(plugin));
	assert_int_equal(wait_for(rig, "plug-one"), -IOMM_ENODEV);
	assert_false(is_mapped("good"));
}

static void test_pinned(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin = open_plugin(rig, "two");
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .memory = rig->memory };
	struct iomm_format *format;
	struct iomm_pgtable *t;

	assert_ok(iomm_format_request(rig->ctx, "plug-two", 0, 0, &format));
	assert_fails(iomm_plugin_close(plugin), IOMM_EBUSY, rig->ctx,
		     "format plug-two is in use");
	/* All of it is still there. */
	assert_ok(ask(rig, "plug-one"));
	iomm_format_put(format);
	assert_ok(iomm_pgtable_create(rig->ctx, "plug-one", &config, &rig_tlb,
				      rig, NULL, &t));
	assert_int_equal(iomm_plugin_close(plugin), -IOMM_EBUSY);
	map_ok(t, 0, 0, 4 * MB, RWC);
	assert_maps(t, 2 * MB, 2 * MB, 2 * MB);
	assert_true(is_mapped("two"));
	iomm_pgtable_put(t);
	assert_ok(iomm_plugin_close(plugin));
	assert_false(is_mapped("two"));
}

static void test_resident(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin = open_plugin(rig, "resident");

	assert_ok(iomm_plugin_close(plugin));
	assert_int_equal(ask(rig, "plug-one"), -IOMM_ENOENT);
	assert_true(is_mapped("resident"));
	plugin = open_plugin(rig, "resident");
	assert_ok(ask(rig, "plug-one"));
	assert_ok(iomm_plugin_close(plugin));
}

/* Its data comes back when its formats have gone. */
static void test_release(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin = open_plugin(rig, "good");
	void *object = dlopen(file("good"), RTLD_NOW | RTLD_NOLOAD);
	int (*releases)(void);

	assert_non_null(object);
	releases = (int (*)(void))dlsym(object, "count_releases");
	assert_int_equal(releases(), 0);
	assert_ok(iomm_plugin_close(plugin));
	assert_int_equal(releases(), 1);
	assert_int_equal(iomm_plugin_open(rig->ctx, file("good"), 0, &plugin),
			 0);
	assert_ok(iomm_plugin_close(plugin));
	assert_int_equal(releases(), 2);
	(void)dlclose(object);
	assert_false(is_mapped("good"));
}

/* From any callback, since the plugin may be below it. */
struct closing {
	struct iomm_plugin *plugin;
	int result;
};

static void close_it(void *data, const char *name, int result)
{
	struct closing *closing = data;

	(void)name;
	(void)result;
	closing->result = iomm_plugin_close(closing->plugin);
}

static void test_close_inside(void **state)
{
	struct rig *rig = *state;
	struct closing closing = { .plugin = open_plugin(rig, "good") };

	assert_ok(iomm_format_subscribe(rig->ctx, close_it, &closing, NULL));
	assert_ok(iomm_format_announce(rig->ctx, "never", 0, NULL, NULL, NULL));
	assert_ok(iomm_ctx_run(rig->ctx));
	assert_int_equal(closing.result, -IOMM_EDEADLK);
	assert_ok(iomm_format_unsubscribe(rig->ctx, close_it, &closing));
	assert_ok(iomm_plugin_close(closing.plugin));
}

static void test_found(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin;
	char list[3 * PATH_MAX];

	(void)snprintf(list, sizeof(list), "relative::/nowhere:%s", folder());
	(void)setenv("IOMM_PLUGIN_PATH", list, 1);
	assert_ok(iomm_plugin_open(rig->ctx, "good", 0, &plugin));
	assert_ok(iomm_plugin_close(plugin));
	assert_fails(iomm_plugin_open(rig->ctx, "absent", 0, &plugin),
		     IOMM_ENOENT, rig->ctx, "there is no plugin absent.so in");
	assert_fails(iomm_plugin_open(rig->ctx, "", 0, &plugin), IOMM_ENOENT,
		     rig->ctx, "there is no plugin");
	/* Never relative to where one happens to be. */
	assert_int_equal(chdir(folder()), 0);
	(void)setenv("IOMM_PLUGIN_PATH", ".:", 1);
	assert_int_equal(iomm_plugin_open(rig->ctx, "good", 0, &plugin),
			 -IOMM_ENOENT);
	(void)unsetenv("IOMM_PLUGIN_PATH");
	assert_int_equal(iomm_plugin_open(rig->ctx, "good", 0, &plugin),
			 -IOMM_ENOENT);
}

/* A program that ends without closing loses nothing but the code. */
static void test_ctx_ends(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin = open_plugin(rig, "good");

	assert_ok(iomm_ctx_close(rig->ctx, 0));
	assert_int_equal(ask(rig, "plug-one"), -IOMM_ENOENT);
	assert_ok(iomm_plugin_close(plugin));
	assert_false(is_mapped("good"));
}

/* A checked library keeps objects that have gone. */
static bool all_freed(const struct rig *rig, int64_t blocks)
{
	return IOMM_CHECKED ? rig->blocks >= blocks : rig->blocks == blocks;
}

/* Each allocation fails in turn. */
static void test_memory(void **state)
{
	struct rig *rig = *state;
	struct iomm_plugin *plugin;
	int64_t blocks = rig->blocks;
	uint64_t n;
	int r = -1;

	for (n = 1; r; n++) {
		rig->sites = 0;
		rig->fail_at = n;
		r = iomm_plugin_open(rig->ctx, file("two"), 0, &plugin);
		rig->fail_at = 0;
		if (!r)
			break;
		assert_int_equal(r, -IOMM_ENOMEM);
		assert_true(all_freed(rig, blocks));
		assert_false(is_mapped("two"));
	}
	assert_true(n > 8);
	assert_ok(iomm_plugin_close(plugin));
	assert_true(all_freed(rig, blocks));
	for (n = 1, r = -1; r; n++) {
		rig->sites = 0;
		rig->fail_at = n;
		r = iomm_plugin_announce(rig->ctx, "plug-one", file("two"),
					 IOMM_FOREVER, &plugin);
		rig->fail_at = 0;
		assert_true(!r || r == -IOMM_ENOMEM);
		assert_true(!r || all_freed(rig, blocks));
	}
	assert_ok(iomm_plugin_close(plugin));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_open),	  RIG_TEST(test_open_again),
		RIG_TEST(test_refused),	  RIG_TEST(test_announced_badly),
		RIG_TEST(test_announced), RIG_TEST(test_announced_and_closed),
		RIG_TEST(test_pinned),	  RIG_TEST(test_resident),
		RIG_TEST(test_release),	  RIG_TEST(test_close_inside),
		RIG_TEST(test_found),	  RIG_TEST(test_ctx_ends),
		RIG_TEST(test_memory),
	};

	return cmocka_run_group_tests_name("plugins", tests, NULL, NULL);
}
