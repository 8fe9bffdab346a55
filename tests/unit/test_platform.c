/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hosted platform: its hooks one by one. */
#include "unit/hosted_support.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/ctx.h"

#define MS 1000000u

static const struct iomm_platform *hosted(void)
{
	return iomm_platform_hosted();
}

static void test_complete(void **state)
{
	(void)state;
	assert_int_equal(hosted()->size, sizeof(struct iomm_platform));
	assert_int_equal(hosted()->flags, 0);
	assert_non_null(hosted()->lock);
	assert_non_null(hosted()->wait);
	assert_non_null(hosted()->wake);
	assert_non_null(hosted()->log);
}

static void test_memory(void **state)
{
	uint64_t align, n;
	unsigned char *ptr;

	(void)state;
	for (align = 16; align <= 65536; align *= 2) {
		ptr = hosted()->alloc(NULL, 4096, align);
		assert_non_null(ptr);
		assert_int_equal((uintptr_t)ptr % align, 0);
		for (n = 0; n < 4096; n++)
			assert_int_equal(ptr[n], 0);
		memset(ptr, 0xff, 4096);
		hosted()->free(NULL, ptr, 4096, align);
	}
	hosted()->free(NULL, NULL, 16, 16);
}

/* Near a node that there is, that there is not, and that there cannot be. */
static void test_memory_near(void **state)
{
	static const uint32_t nodes[] = { 0, 7, 1023, 1024, UINT32_MAX };
	static const uint64_t sizes[] = { 64, 4096, 16384, 65536 };
	uint64_t align, n;
	unsigned char *ptr;
	uint32_t i;

	(void)state;
	for (i = 0; i < LENGTH(nodes) * LENGTH(sizes); i++) {
		n = sizes[i / LENGTH(nodes)];
		for (align = 64; align <= 65536; align *= 4) {
			errno = 77;
			ptr = hosted()->alloc_near(NULL, n, align,
						   nodes[i % LENGTH(nodes)]);
			assert_non_null(ptr);
			assert_int_equal(errno, 77);
			assert_int_equal((uintptr_t)ptr % align, 0);
			assert_int_equal(ptr[0] | ptr[n - 1], 0);
			memset(ptr, 0xff, (size_t)n);
			hosted()->free_near(NULL, ptr, n, align);
		}
	}
	assert_null(hosted()->alloc_near(NULL, UINT64_MAX / 2 - 4095, 4096, 0));
}

static void *own_storage(void *data)
{
	unsigned char *mine = hosted()->thread(data);
	uint32_t n;

	for (n = 0; n < IOMM_THREAD_SIZE; n++) {
		if (mine[n])
			return NULL;
	}
	memset(mine, 0xff, IOMM_THREAD_SIZE);
	return hosted()->thread(data) == mine ? mine : NULL;
}

static void test_thread(void **state)
{
	void *mine = hosted()->thread(NULL), *theirs = NULL;
	pthread_t thread;

	(void)state;
	assert_ptr_equal(hosted()->thread(NULL), mine);
	assert_int_equal((uintptr_t)mine % 16, 0);
	pthread_create(&thread, NULL, own_storage, NULL);
	pthread_join(thread, &theirs);
	assert_non_null(theirs);
	assert_ptr_not_equal(theirs, mine);
}

static void test_time(void **state)
{
	uint64_t then = hosted()->time(NULL), now;

	(void)state;
	pause_us(2000);
	now = hosted()->time(NULL);
	assert_true(now - then >= 2 * MS);
}

/* Its deadlines are on its clock, and it does not return before them. */
static void test_wait_until(void **state)
{
	uint64_t deadline = hosted()->time(NULL) + 5 * MS;
	uint32_t word = 7;

	(void)state;
	while (hosted()->time(NULL) < deadline)
		hosted()->wait(NULL, &word, 7, deadline);
	/* A deadline that has passed, and a word that has changed. */
	hosted()->wait(NULL, &word, 7, 1);
	hosted()->wait(NULL, &word, 8, IOMM_FOREVER);
}

struct sleeper {
	_Atomic uint32_t word, asleep, awake;
};

static void *sleep_on(void *data)
{
	struct sleeper *s = data;

	atomic_fetch_add(&s->asleep, 1);
	while (!atomic_load(&s->word))
		hosted()->wait(NULL, (uint32_t *)(void *)&s->word, 0,
			       IOMM_FOREVER);
	atomic_fetch_add(&s->awake, 1);
	return NULL;
}

static void test_wake_all(void **state)
{
	struct sleeper s = { 0 };
	pthread_t thread[3];
	uint32_t n;

	(void)state;
	for (n = 0; n < LENGTH(thread); n++)
		pthread_create(&thread[n], NULL, sleep_on, &s);
	while (s.asleep < LENGTH(thread))
		pause_us(100);
	pause_us(5000);
	assert_int_equal(s.awake, 0);
	atomic_store(&s.word, 1);
	hosted()->wake(NULL, (uint32_t *)(void *)&s.word);
	for (n = 0; n < LENGTH(thread); n++)
		pthread_join(thread[n], NULL);
	assert_int_equal(s.awake, LENGTH(thread));
}

struct counter {
	struct iomm_lock lock;
	uint64_t value;
};

#define ROUNDS 20000

static void *count_up(void *data)
{
	struct counter *counter = data;
	uint32_t n;

	for (n = 0; n < ROUNDS; n++) {
		hosted()->lock(NULL, &counter->lock);
		counter->value++;
		hosted()->unlock(NULL, &counter->lock);
	}
	return NULL;
}

static void test_lock(void **state)
{
	struct counter counter = { 0 };
	pthread_t thread[4];
	uint32_t n;

	(void)state;
	assert_ok(hosted()->lock_init(NULL, &counter.lock));
	for (n = 0; n < LENGTH(thread); n++)
		pthread_create(&thread[n], NULL, count_up, &counter);
	for (n = 0; n < LENGTH(thread); n++)
		pthread_join(thread[n], NULL);
	hosted()->lock_fini(NULL, &counter.lock);
	assert_int_equal(counter.value, LENGTH(thread) * ROUNDS);
}

static void test_log(void **state)
{
	char text[256] = "";
	int saved = dup(STDERR_FILENO), end[2];
	ssize_t len;

	(void)state;
	assert_int_equal(pipe(end), 0);
	fflush(stderr);
	dup2(end[1], STDERR_FILENO);
	hosted()->log(NULL, IOMM_LOG_ERROR, "", "no tag");
	hosted()->log(NULL, IOMM_LOG_WARN, "dev", "a tag");
	hosted()->log(NULL, IOMM_LOG_INFO, "", "i");
	hosted()->log(NULL, IOMM_LOG_DEBUG, "", "d");
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(end[1]);
	len = read(end[0], text, sizeof(text) - 1);
	close(end[0]);
	assert_true(len > 0);
	assert_string_equal(text, "iomm: error: no tag\n"
				  "iomm: warning: dev: a tag\n"
				  "iomm: info: i\n"
				  "iomm: debug: d\n");
}

/* A filter that comes first leaves the library without a barrier. One that comes
 * later takes from it what threads rely on: it does not go on. */
static int barrier_never(void *arg)
{
	(void)arg;
	if (!forbid_call(SYS_membarrier))
		return CANNOT;
	return iomm_platform_hosted()->barrier(NULL) == -IOMM_EOPNOTSUPP ? 0
									 : 1;
}

static int barrier_no_more(void *arg)
{
	(void)arg;
	if (iomm_platform_hosted()->barrier(NULL) ||
	    !forbid_call(SYS_membarrier))
		return CANNOT;
	(void)close(STDERR_FILENO);
	return iomm_platform_hosted()->barrier(NULL);
}

static void test_barrier_is_kept(void **state)
{
	int result;

	(void)state;
	allowed("no membarrier", barrier_never, NULL);
	result = in_child(barrier_no_more, NULL);
	assert_true(result == DIED || result == CANNOT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_near),
		cmocka_unit_test(test_thread),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_wait_until),
		cmocka_unit_test(test_wake_all),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_barrier_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
