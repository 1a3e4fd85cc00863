// SPDX-License-Identifier: GPL-2.0-only
/* Tests the driver: the device copies what the program sees, and no more. */
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
static int copy(int fd, void *dst, const void *src, size_t len)
{
	struct demo_copy copy = { .dst = (uintptr_t)dst, .src = (uintptr_t)src, .len = len };

	return ioctl(fd, DEMO_COPY, &copy) ? errno : 0;
}

static void copies(void)
{
	char *memory = map(2 * PAGES), *to = memory + PAGES * page;
	int fd = open_device();

	memset(memory, 7, PAGES * page);
	check(!copy(fd, to + 5, memory + 9, 3 * page), "the_device_copies");
	check(!to[4] && !memcmp(to + 5, memory, 3 * page) && !to[3 * page + 5],
	      "what_it_was_told_to");
	memory[0] = 8;
	check(!copy(fd, to, memory, 1) && to[0] == 8, "it_sees_a_store");
	check(!copy(fd, to, to, 0), "it_copies_nothing");
	check(copy(fd, to, (void *)(1UL << 50), 1) == EFAULT, "it_reaches_no_further");
	close(fd);
	munmap(memory, 2 * PAGES * page);
}

static void loses_what_goes(void)
{
	char *memory = map(3);
	int fd = open_device();

	memset(memory, 7, 3 * page);
	check(!copy(fd, memory + page, memory, 1), "the_device_has_both_pages");
	madvise(memory, page, MADV_DONTNEED);
	check(!copy(fd, memory + page, memory, 1) && !memory[page], "it_sees_the_new_page");
	munmap(memory, page);
	check(copy(fd, memory + page, memory, 1) == EFAULT, "it_can_not_read_what_is_not_there");
	check(copy(fd, memory, memory + page, 1) == EFAULT, "it_can_not_write_what_is_not_there");
	mprotect(memory + page, page, PROT_READ);
	check(copy(fd, memory + page, memory + 2 * page, 1) == EFAULT,
	      "it_can_not_write_what_it_must_not");
	check(!copy(fd, memory + 2 * page, memory + page, 1), "it_can_read_that");
	close(fd);
	munmap(memory + page, 2 * page);
}

/* After a fork the device writes to the memory of the parent only. */
static void leaves_children_alone(void)
{
	char *memory = map(2);
	int fd = open_device(), status = 0, go[2];

	memset(memory, 7, page);
	check(!copy(fd, memory + page, memory, page), "the_file_is_ours_now");
	if (pipe(go))
		die("pipe");
	fflush(stdout);
	if (!fork()) {
		if (copy(fd, memory, memory, 1) != EXDEV || read(go[0], &status, 1) != 1)
			_exit(1);
		_exit(memory[page] != 7);
	}
	memory[0] = 8;
	check(!copy(fd, memory + page, memory, page) && write(go[1], "", 1) == 1, "it_still_works");
	wait(&status);
	check(WIFEXITED(status) && !WEXITSTATUS(status), "a_child_keeps_its_memory");
	close(fd);
	munmap(memory, 2 * page);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		path = argv[1];
	page = sysconf(_SC_PAGESIZE);
	copies();
	loses_what_goes();
	leaves_children_alone();
	printf("1..%d\n", number);
	return failed;
}
