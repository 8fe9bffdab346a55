/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Codes, the sentence per thread, and the log. */
#include "unit/support.h"

#include "base/ctx.h"

static const int codes[] = {
	IOMM_ENOENT,	   IOMM_EIO,	  IOMM_E2BIG,	   IOMM_ENOEXEC,
	IOMM_EAGAIN,	   IOMM_ENOMEM,	  IOMM_EACCES,	   IOMM_EFAULT,
	IOMM_EBUSY,	   IOMM_EEXIST,	  IOMM_ENODEV,	   IOMM_EINVAL,
	IOMM_ENOSPC,	   IOMM_EDEADLK,  IOMM_EPROTO,	   IOMM_EOVERFLOW,
	IOMM_ELIBBAD,	   IOMM_EMSGSIZE, IOMM_EOPNOTSUPP, IOMM_ETIMEDOUT,
	IOMM_EPROBE_DEFER,
};

static void test_strerror(void **state)
{
	uint32_t n, m;

	(void)state;
	assert_string_equal(iomm_strerror(0), "success");
	for (n = 0; n < LENGTH(codes); n++) {
		/* Each has its own, whatever the sign. */
		assert_string_equal(iomm_strerror(codes[n]),
				    iomm_strerror(-codes[n]));
		assert_string_not_equal(iomm_strerror(codes[n]),
					"unknown error");
		for (m = 0; m < n; m++)
			assert_string_not_equal(iomm_strerror(codes[n]),
						iomm_strerror(codes[m]));
	}
	assert_string_equal(iomm_strerror(1), "unknown error");
	assert_string_equal(iomm_strerror(-99999), "unknown error");
	assert_string_equal(iomm_strerror(INT32_MAX), "unknown error");
	assert_string_equal(iomm_strerror(INT32_MIN), "unknown error");
}

static void test_message_arguments(void **state)
{
	struct world *w = *state;
	char buf[16] = "untouched";

	assert_int_equal(iomm_error_message(NULL, buf, sizeof(buf)),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_error_message(w->ctx, NULL, 1), -IOMM_EINVAL);
	assert_string_equal(buf, "untouched");
	/* No failing call yet. */
	assert_int_equal(iomm_error_message(w->ctx, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	assert_int_equal(iomm_error_message(w->ctx, NULL, 0), 0);
}

static void test_message(void **state)
{
	struct world *w = *state;
	char buf[64];

	assert_int_equal(IOMM_FAIL(w->ctx, IOMM_EINVAL, "%u is %s, not %x", 5,
				   IOMM_STR("odd"), 4),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_error_message(w->ctx, buf, sizeof(buf)), 17);
	assert_string_equal(buf, "5 is odd, not 0x4");
	/* Cut, and asked for its length only. */
	assert_int_equal(iomm_error_message(w->ctx, buf, 5), 17);
	assert_string_equal(buf, "5 is");
	assert_int_equal(iomm_error_message(w->ctx, NULL, 0), 17);
	/* A success does not take it away, the next failure does. */
	assert_int_equal(iomm_ctx_run(w->ctx), 0);
	assert_says(w->ctx, "5 is odd");
	(void)IOMM_FAIL(w->ctx, IOMM_EINVAL, "next");
	assert_int_equal(iomm_error_message(w->ctx, buf, sizeof(buf)), 4);
	assert_string_equal(buf, "next");
}

/* The sentence belongs to the context on which the call failed. */
static void test_message_of_another_context(void **state)
{
	struct world *w = *state;
	struct world b;

	world_init(&b);
	assert_ok(world_create(&b));
	(void)IOMM_FAIL(w->ctx, IOMM_EINVAL, "of a");
	assert_int_equal(iomm_error_message(b.ctx, NULL, 0), 0);
	(void)IOMM_FAIL(b.ctx, IOMM_EINVAL, "of b");
	assert_says(b.ctx, "of b");
	assert_int_equal(iomm_error_message(w->ctx, NULL, 0), 0);
	world_end(&b);
}

/* Names are copied when the call fails, for they may be gone when the sentence
 * is asked for. */
static void test_message_outlives_names(void **state)
{
	struct world *w = *state;
	char first[] = "first", second[] = "second";

	(void)IOMM_FAIL(w->ctx, IOMM_EINVAL, "%s %u %s", IOMM_STR(first), 7,
			IOMM_STR(second));
	memset(first, '#', sizeof(first) - 1);
	memset(second, '#', sizeof(second) - 1);
	assert_says(w->ctx, "first 7 second");
}

static void test_message_outlives_object(void **state)
{
	struct world *w = *state;
	struct iomm_device_config config = { 0 };
	struct iomm_device *device, *twin = UNTOUCHED;

	world_small(w);
	device = world_device(w, "one");
	assert_int_equal(world_device_with(w, "one", config, &twin),
			 -IOMM_EEXIST);
	assert_ptr_equal(twin, UNTOUCHED);
	iomm_device_put(device);
	assert_says(w->ctx, "there is a device one already");
}

/* Names that are longer, together, than there is room for. */
static void test_message_of_long_names(void **state)
{
	struct world *w = *state;
	char name[200], text[512];
	int len;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	(void)IOMM_FAIL(w->ctx, IOMM_EINVAL, "<%s><%s><%s>", IOMM_STR(name),
			IOMM_STR(name), IOMM_STR("short"));
	len = iomm_error_message(w->ctx, text, sizeof(text));
	assert_int_equal(strlen(text), len);
	/* The first is whole, the rest is cut, and the frame stands. */
	assert_int_equal(strspn(text + 1, "n"), sizeof(name) - 1);
	assert_non_null(strstr(text, "n><n"));
	assert_non_null(strstr(text, "n><>"));
}

struct other {
	struct world *w;
	int len_before, len_after;
};

static void *fail_elsewhere(void *data)
{
	struct other *other = data;

	other->len_before = iomm_error_message(other->w->ctx, NULL, 0);
	(void)IOMM_FAIL(other->w->ctx, IOMM_EINVAL, "elsewhere");
	other->len_after = iomm_error_message(other->w->ctx, NULL, 0);
	return NULL;
}

static void test_message_per_thread(void **state)
{
	struct world *w = *state;
	struct other other = { .w = w };
	pthread_t thread;

	(void)IOMM_FAIL(w->ctx, IOMM_EINVAL, "here");
	assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, &other),
			 0);
	pthread_join(thread, NULL);
	assert_int_equal(other.len_before, 0);
	assert_int_equal(other.len_after, 9);
	assert_says(w->ctx, "here");
}

static void test_fail_without_context(void **state)
{
	(void)state;
	assert_int_equal(IOMM_FAIL(NULL, IOMM_ENOMEM, "%u", 1), -IOMM_ENOMEM);
}

static void log_all(struct world *w)
{
	uint32_t level;

	w->nr_lines = 0;
	for (level = IOMM_LOG_ERROR; level <= IOMM_LOG_DEBUG; level++)
		IOMM_LOG(w->ctx, level, "tag", "line %u", level);
}

static void test_log_levels(void **state)
{
	static const uint32_t shown[] = { 2, 1, 2, 3, 4 }; /* 0: warnings */
	uint32_t level, n;

	(void)state;
	for (level = 0; level <= IOMM_LOG_DEBUG; level++) {
		struct world w;

		world_init(&w);
		w.config.log_level = level;
		assert_ok(world_create(&w));
		log_all(&w);
		assert_int_equal(w.nr_lines, shown[level]);
		for (n = 0; n < w.nr_lines; n++) {
			assert_int_equal(w.lines[n].level, n + 1);
			assert_string_equal(w.lines[n].tag, "tag");
		}
		assert_string_equal(w.lines[0].text, "line 1");
		world_end(&w);
	}
}

static void test_log_nowhere(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.platform.log = NULL;
	assert_ok(world_create(&w));
	log_all(&w);
	assert_int_equal(w.nr_lines, 0);
	world_end(&w);
}

static uint32_t event_lines;

static void
on_event_log(void *data, uint32_t level, const char *tag, const char *line)
{
	(void)data;
	(void)level;
	(void)tag;
	(void)line;
	event_lines++;
}

/* The log event takes the place of the platform's. */
static void test_log_event(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.events.log = on_event_log;
	assert_ok(world_create(&w));
	event_lines = 0;
	log_all(&w);
	assert_int_equal(event_lines, 4);
	assert_int_equal(w.nr_lines, 0);
	world_end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strerror),
		WORLD_TEST(test_message_arguments),
		WORLD_TEST(test_message),
		WORLD_TEST(test_message_of_another_context),
		WORLD_TEST(test_message_outlives_names),
		WORLD_TEST(test_message_outlives_object),
		WORLD_TEST(test_message_of_long_names),
		WORLD_TEST(test_message_per_thread),
		cmocka_unit_test(test_fail_without_context),
		cmocka_unit_test(test_log_levels),
		cmocka_unit_test(test_log_nowhere),
		cmocka_unit_test(test_log_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
