// SPDX-License-Identifier: GPL-2.0-only
/* Reclaim on request: swap on a disk, and a memory group that the kernel is told to shrink. */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>

#include "pressure.h"
#include "t.h"

#define SWAP       "/dev/vdb"
#define SWAP_PAGES 8192
#define CGROUPS    "/tmp/pressure"
#define GROUP      CGROUPS "/test"

int pressure_set(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

static void make_swap(void)
{
	static char header[PAGE];
	uint32_t *info = (uint32_t *)(header + 1024);
	int fd = open(SWAP, O_RDWR | O_CLOEXEC);

	info[0] = 1;
	info[1] = SWAP_PAGES - 1;
	memcpy(header + PAGE - 10, "SWAPSPACE2", 10);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, header, PAGE), PAGE);
	assert_return_code(fsync(fd), errno);
	close(fd);
	assert_return_code(swapon(SWAP, 0), errno);
}

static void make_group(void)
{
	char pid[16];

	mkdir(CGROUPS, 0700);
	assert_return_code(mount("none", CGROUPS, "cgroup2", 0, NULL), errno);
	assert_int_equal(pressure_set(CGROUPS "/cgroup.subtree_control", "+memory"), 0);
	assert_return_code(mkdir(GROUP, 0700), errno);
	snprintf(pid, sizeof(pid), "%d", getpid());
	assert_int_equal(pressure_set(GROUP "/cgroup.procs", pid), 0);
}

void pressure_begin(void)
{
	make_swap();
	make_group();
}

void pressure_take(size_t pages)
{
	char bytes[24];
	int ret;

	snprintf(bytes, sizeof(bytes), "%zu", pages * PAGE);
	ret = pressure_set(GROUP "/memory.reclaim", bytes);
	/* -EAGAIN: not as many as were asked for. */
	assert_true(!ret || ret == -EAGAIN);
}

void pressure_end(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	assert_int_equal(pressure_set(CGROUPS "/cgroup.procs", pid), 0);
	rmdir(GROUP);
	umount2(CGROUPS, MNT_DETACH);
	rmdir(CGROUPS);
	assert_return_code(swapoff(SWAP), errno);
}
