// SPDX-License-Identifier: GPL-2.0-only
/* Helpers of the guest tests: the calls of /dev/xmmu_devmem. */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "xd.h"

static int xd_open(void)
{
	int fd = open(XD_DEVICE, O_RDWR | O_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

int xd_call(int fd, unsigned long command, const void *start, size_t pages, uint64_t *value)
{
	struct xd_call call = {
		.start = (uintptr_t)start,
		.end = (uintptr_t)start + pages * PAGE,
		.value = value ? *value : 0,
	};
	int ret = ioctl(fd, command, &call) ? -errno : 0;

	if (value)
		*value = call.value;
	return ret;
}

int xd_attach(const char *start, size_t pages, uint64_t flags)
{
	int fd = xd_open();

	assert_int_equal(xd_call(fd, XD_IOC_ATTACH, start, pages, &flags), 0);
	return fd;
}

struct xd_stats xd_stats(int fd)
{
	struct xd_stats stats;

	assert_return_code(ioctl(fd, XD_IOC_INFO, &stats), errno);
	return stats;
}

bool xd_has_memory(void)
{
	int fd = open(XD_DEVICE, O_RDWR | O_CLOEXEC);
	struct xd_stats stats;
	bool has = ioctl(fd, XD_IOC_INFO, &stats) == 0 || errno != ENODEV;

	close(fd);
	return has;
}

uint64_t xd_load(int fd, const void *word)
{
	uint64_t value = 0;

	assert_int_equal(xd_call(fd, XD_IOC_LOAD, word, 0, &value), 0);
	return value;
}

void xd_store(int fd, void *word, uint64_t value)
{
	assert_int_equal(xd_call(fd, XD_IOC_STORE, word, 0, &value), 0);
}

uint64_t xd_query(int fd, const void *page)
{
	uint64_t bits = 0;

	assert_int_equal(xd_call(fd, XD_IOC_QUERY, page, 0, &bits), 0);
	return bits;
}
