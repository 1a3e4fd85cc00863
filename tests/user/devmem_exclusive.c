// SPDX-License-Identifier: GPL-2.0-only
/* Exclusive access: a device and processors add to the same words, and no addition is lost. */
#include <sys/mman.h>

#include "xd.h"

#define PAGES 8
#define ADDS  300

static int fd;
static char *memory;

static int exclusive(size_t page, size_t pages)
{
	return xd_call(fd, XD_IOC_EXCLUSIVE, memory + page * PAGE, pages, NULL);
}

static int add(uint64_t *word, uint64_t value)
{
	return xd_call(fd, XD_IOC_ADD, word, 0, &value);
}

static int begin(void **state)
{
	(void)state;
	memory = t_map(PAGES);
	/* Up to 6.14 not of transparent huge pages. */
	assert_return_code(madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE), errno);
	fd = xd_attach(memory, PAGES, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	close(fd);
	t_unmap(memory, PAGES);
	return 0;
}

/* The processor's access takes a page back. */
static void taken_and_given_back(void **state)
{
	const uint64_t has = XD_PRESENT | XD_WRITE | XD_EXCLUSIVE;

	(void)state;
	*t_word(memory, 1, 0) = 5;
	assert_int_equal(exclusive(0, PAGES), 0);
	assert_int_equal(xd_query(fd, memory), has);
	assert_int_equal(xd_query(fd, memory + PAGE), has);
	assert_int_equal(add(t_word(memory, 1, 0), 2), 0);
	assert_int_equal(*t_word(memory, 1, 0), 7);
	assert_int_equal(xd_query(fd, memory + PAGE), 0);
	assert_int_equal(xd_query(fd, memory + (PAGES - 1) * PAGE), has);
	assert_int_equal(exclusive(0, PAGES), 0);
	assert_int_equal(xd_query(fd, memory + PAGE), has);
}

static long add_on_processor(void *arg)
{
	long i;

	for (i = 0; i < ADDS; i++)
		__atomic_fetch_add((uint64_t *)arg, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static void nothing_is_lost(void **state)
{
	uint64_t *word = t_word(memory, 2, 3);
	struct t_thread threads[2];
	int i;

	(void)state;
	for (i = 0; i < 2; i++)
		t_start(&threads[i], add_on_processor, word);
	for (i = 0; i < ADDS; i++)
		assert_int_equal(add(word, 1), 0);
	for (i = 0; i < 2; i++)
		t_join(&threads[i]);
	assert_int_equal(*word, 3 * ADDS);
}

/* In the device's memory it is nobody else's, but the kernel knows only its own way. */
static void from_device_memory(void **state)
{
	uint64_t moved = 0;

	(void)state;
	if (!xd_has_memory()) {
		print_message("no device memory\n");
		skip();
	}
	*t_word(memory, 0, 0) = 40;
	assert_int_equal(xd_call(fd, XD_IOC_TO_DEVICE, memory, 1, &moved), 0);
	assert_int_equal(moved, 1);
	assert_int_equal(add(t_word(memory, 0, 0), 2), 0);
	assert_int_equal(*t_word(memory, 0, 0), 42);
}

static void refused(void **state)
{
	void *map;

	(void)state;
	t_touch(memory, PAGES);
	assert_return_code(mprotect(memory + PAGE, PAGE, PROT_READ), errno);
	assert_return_code(munmap(memory + 2 * PAGE, PAGE), errno);
	map = mmap(memory + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(exclusive(0, 1), 0);
	assert_int_equal(exclusive(1, 1), -EPERM);
	assert_int_equal(exclusive(2, 1), -EFAULT);
	assert_int_equal(exclusive(3, 1), -EOPNOTSUPP);
	assert_int_equal(exclusive(0, 0), -EINVAL);
	assert_int_equal(exclusive(4, PAGES), -EINVAL);
}

static int child_adds(void *word)
{
	*(uint64_t *)word += 10;
	return *(uint64_t *)word == 16 ? 0 : 1;
}

static void forked(void **state)
{
	uint64_t *word = t_word(memory, 0, 0);

	(void)state;
	*word = 5;
	assert_int_equal(add(word, 1), 0);
	assert_int_equal(t_wait(t_fork(child_adds, word), 10000), 0);
	assert_int_equal(*word, 6);
	assert_int_equal(add(word, 1), 0);
	assert_int_equal(*word, 7);
}

static volatile bool stop;

static long empty(void *unused)
{
	long rounds;

	(void)unused;
	for (rounds = 0; !stop; rounds++) {
		madvise(memory, PAGES * PAGE, MADV_DONTNEED);
		t_sleep(2);
	}
	return rounds;
}

/* Pages go in the middle of it: what the device gets next is a new page, and never an old one. */
static void emptied(void **state)
{
	struct t_thread thread;
	long limit, rounds = 0;

	(void)state;
	stop = false;
	t_start(&thread, empty, NULL);
	for (limit = t_ms() + 1000; t_ms() < limit; rounds++)
		assert_int_equal(add(t_word(memory, rounds % PAGES, 0), 1), 0);
	stop = true;
	assert_true(t_join(&thread) > 0);
	assert_int_equal(madvise(memory, PAGES * PAGE, MADV_DONTNEED), 0);
	assert_int_equal(add(t_word(memory, 0, 0), 1), 0);
	assert_int_equal(*t_word(memory, 0, 0), 1);
}

static bool is_supported(void)
{
	bool supported;

	begin(NULL);
	supported = exclusive(0, 1) != -EOPNOTSUPP;
	end(NULL);
	return supported;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(taken_and_given_back),
		TEST(nothing_is_lost),
		TEST(from_device_memory),
		TEST(refused),
		TEST(forked),
		TEST(emptied),
	};

	if (!is_supported()) {
		puts("1..0 # SKIP this kernel does not export make_device_exclusive()");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
