// SPDX-License-Identifier: GPL-2.0-only
/* Tests the driver: others reach what is registered, and no more. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../abi.h"

#define PAGES 16

static const char *path = "/dev/demo";
static size_t page;
static int number, failed;

/* One result, as TAP. */
static void check(bool good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++number, what);
	failed |= !good;
}

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *map(size_t pages)
{
	char *memory = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

static int open_device(void)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		die(path);
	return fd;
}

/* 0, or the error. */
static int reg(int fd, void *addr, size_t len, unsigned int flags, unsigned int *key)
{
	struct demo_register reg = { .addr = (uintptr_t)addr, .len = len, .flags = flags };
	int ret = ioctl(fd, DEMO_REGISTER, &reg) ? errno : 0;

	*key = reg.key;
	return ret;
}

static int dereg(int fd, unsigned int key)
{
	return ioctl(fd, DEMO_DEREGISTER, &key) ? errno : 0;
}

static int put(int fd, unsigned int key, size_t offset, uint64_t value)
{
	struct demo_access access = { .key = key, .write = 1, .offset = offset, .value = value };

	return ioctl(fd, DEMO_ACCESS, &access) ? errno : 0;
}

/* What is there, or ~0 and the error in errno. */
static uint64_t get(int fd, unsigned int key, size_t offset)
{
	struct demo_access access = { .key = key, .offset = offset };

	return ioctl(fd, DEMO_ACCESS, &access) ? ~0UL : access.value;
}

static void reaches_regions(void)
{
	uint64_t *memory = (uint64_t *)map(PAGES);
	unsigned int key, other;
	int fd = open_device();

	memory[1] = 7;
	check(!reg(fd, memory, PAGES * page, DEMO_MAY_WRITE, &key), "memory_is_registered");
	check(get(fd, key, 8) == 7, "it_can_be_read");
	check(!put(fd, key, 16, 8) && memory[2] == 8, "it_can_be_written");
	check(!reg(fd, memory, page, 0, &other) && key != other, "and_registered_again");
	check(get(fd, other, 8) == 7, "the_other_key_reads_it_too");
	check(put(fd, other, 16, 9) == EACCES && memory[2] == 8, "which_does_not_allow_writing");
	check(put(fd, key, PAGES * page, 9) == EINVAL, "there_is_an_end");
	check(!dereg(fd, key), "it_is_deregistered");
	check(put(fd, key, 16, 9) == ENOENT && get(fd, other, 8) == 7, "its_key_is_gone");
	close(fd);
	munmap(memory, PAGES * page);
}

static void loses_what_goes(void)
{
	uint64_t *memory = (uint64_t *)map(2);
	unsigned int key;
	int fd = open_device();

	memory[0] = 7;
	check(!reg(fd, memory, 2 * page, DEMO_MAY_WRITE, &key), "two_pages_are_registered");
	check(get(fd, key, 0) == 7 && !put(fd, key, page, 7), "both_are_used");
	madvise(memory, page, MADV_DONTNEED);
	check(get(fd, key, 0) == 0, "there_is_a_new_page");
	mprotect(memory, page, PROT_READ);
	check(put(fd, key, 0, 7) == EPERM && get(fd, key, 0) == 0, "it_must_not_be_written");
	munmap(memory, page);
	check(get(fd, key, 0) == ~0UL && errno == EFAULT, "it_is_not_there_any_more");
	check(get(fd, key, page) == 7, "the_other_one_is");
	close(fd);
	munmap((char *)memory + page, page);
}

static void refuses_bad_regions(void)
{
	char *memory = map(1);
	unsigned int key;
	int fd = open_device();

	check(reg(fd, memory + 1, page, 0, &key) == EINVAL, "a_region_is_aligned");
	check(reg(fd, memory, 0, 0, &key) == EINVAL, "and_not_empty");
	check(reg(fd, memory, -page, 0, &key) == EINVAL, "and_not_too_large");
	check(reg(fd, memory, page, 2, &key) == EINVAL, "and_has_no_unknown_flag");
	check(dereg(fd, 0) == ENOENT && dereg(fd, 1000) == ENOENT, "there_is_none");
	close(fd);
	munmap(memory, page);
}

static void stays_with_its_process(void)
{
	char *memory = map(1);
	int fd = open_device(), status = 0;
	unsigned int key;

	check(!reg(fd, memory, page, 0, &key), "the_file_is_ours_now");
	fflush(stdout);
	if (!fork())
		_exit(reg(fd, memory, page, 0, &key));
	wait(&status);
	check(WIFEXITED(status) && WEXITSTATUS(status) == EXDEV, "a_child_can_not_use_it");
	close(fd);
	munmap(memory, page);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		path = argv[1];
	page = sysconf(_SC_PAGESIZE);
	reaches_regions();
	loses_what_goes();
	refuses_bad_regions();
	stays_with_its_process();
	printf("1..%d\n", number);
	return failed;
}
