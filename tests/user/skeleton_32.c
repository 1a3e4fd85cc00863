// SPDX-License-Identifier: GPL-2.0-only
/* /dev/xmmu-skeleton from a 32-bit program: the same layout, the same commands. No cmocka there. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xmmu/skeleton.h>

#include "sk_layout.h"

#define PAGE 4096

static unsigned int tests;
static int failed;

static void check(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++tests, what);
	failed |= !good;
}

static int call(int fd, unsigned long command, void *argument)
{
	return ioctl(fd, command, argument) ? -errno : 0;
}

int main(void)
{
	char *memory =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct xmmu_skeleton_attach attach = { .pad = 1 };
	struct xmmu_skeleton_range range = { (uintptr_t)memory, 2 * PAGE };
	struct xmmu_skeleton_populate populate = { .addr = range.addr, .len = range.len, .pad = 1 };
	struct xmmu_skeleton_query query = { .addr = range.addr };
	struct xmmu_skeleton_stats stats = {};
	struct xmmu_skeleton_event event = {};
	int fd = open("/dev/xmmu-skeleton", O_RDWR | O_NONBLOCK);

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..10\n");
	check(fd >= 0 && memory != MAP_FAILED && sizeof(void *) == 4, "a 32-bit program opens");
	check(call(fd, XMMU_SKELETON_ATTACH, &attach) == -EINVAL, "padding of attach");
	attach.pad = 0;
	check(!call(fd, XMMU_SKELETON_ATTACH, &attach), "attach");
	check(!call(fd, XMMU_SKELETON_RANGE_ADD, &range), "range_add");
	check(call(fd, XMMU_SKELETON_POPULATE, &populate) == -EINVAL, "padding of populate");
	populate.pad = 0;
	check(!call(fd, XMMU_SKELETON_POPULATE, &populate) && populate.done == range.len,
	      "populate");
	check(!call(fd, XMMU_SKELETON_QUERY, &query) && query.access == XMMU_SKELETON_MAY_READ,
	      "query");
	munmap(memory, PAGE);
	check(read(fd, &event, sizeof(event)) == sizeof(event) && event.zap_start == range.addr &&
		      event.zap_end == range.addr + PAGE,
	      "read");
	check(!call(fd, XMMU_SKELETON_STATS, &stats) && stats.zaps == 1 && stats.pages == 2,
	      "stats");
	check(!call(fd, XMMU_SKELETON_DETACH, NULL) &&
		      call(fd, XMMU_SKELETON_QUERY, &query) == -ESRCH,
	      "detach");
	return failed;
}
