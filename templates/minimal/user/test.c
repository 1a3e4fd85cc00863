// SPDX-License-Identifier: GPL-2.0-only
/* Tests the driver: the device sees the buffer as the program does, and no more of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* 0, or the error of a system call. */
static int failure(ssize_t result)
{
	return result < 0 ? errno : 0;
}

/* What the device reads in the first byte of a page; an error below 0. */
static int seen(int fd, size_t index)
{
	unsigned char byte;

	return pread(fd, &byte, 1, index * page) == 1 ? byte : -errno;
}

static void follows_memory(void)
{
	char *memory = map(PAGES);
	int fd = open_device();

	memset(memory, 7, PAGES * page);
	check(seen(fd, 0) == -EFAULT, "nothing_is_translated_at_first");
	check(write(fd, memory, PAGES * page) == (ssize_t)(PAGES * page),
	      "the_device_gets_a_buffer");
	check(seen(fd, PAGES - 1) == 7, "the_device_sees_the_buffer");
	memory[0] = 8;
	check(seen(fd, 0) == 8, "the_device_sees_a_store");
	check(failure(write(fd, memory, page)) == EBUSY, "one_buffer_at_a_time");
	madvise(memory, page, MADV_DONTNEED);
	check(seen(fd, 0) == -EFAULT && seen(fd, 1) == 7, "a_page_given_back_is_gone");
	munmap(memory, PAGES * page);
	check(seen(fd, 1) == -EFAULT && seen(fd, PAGES - 1) == -EFAULT,
	      "the_rest_goes_with_munmap");
	close(fd);
}

static void survives_bad_buffers(void)
{
	char *memory = map(2);
	int fd = open_device();

	munmap(memory + page, page);
	check(failure(write(fd, memory, 2 * page)) == EFAULT, "half_a_buffer_is_refused");
	check(seen(fd, 0) == -EFAULT, "nothing_of_it_is_translated");
	check(failure(write(fd, memory, 257 * page)) == EINVAL, "too_large_a_buffer_is_refused");
	check(failure(write(fd, (void *)-page, 2 * page)), "a_buffer_beyond_the_end_is_refused");
	check(write(fd, memory, page) == (ssize_t)page, "the_file_can_still_be_used");
	close(fd);
	munmap(memory, page);
}

/* Addresses of the child mean another memory. */
static void stays_with_its_process(void)
{
	char *memory = map(1);
	int fd = open_device(), status = 0;

	check(write(fd, memory, 1) == 1, "the_file_is_ours_now");
	fflush(stdout);
	if (!fork())
		_exit(failure(write(fd, memory, 1)));
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
	follows_memory();
	survives_bad_buffers();
	stays_with_its_process();
	printf("1..%d\n", number);
	return failed;
}
