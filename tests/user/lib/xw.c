// SPDX-License-Identifier: GPL-2.0-only
/* Calls of /dev/xmmu_whole. */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "xw.h"

int xw_open(const char *memory, size_t pages)
{
	struct xw_attach attach = { .start = (uintptr_t)memory, .pages = pages };
	int fd = open(XW_DEVICE, O_RDWR | O_CLOEXEC);

	assert_return_code(fd, errno);
	assert_return_code(ioctl(fd, XW_ATTACH, &attach), errno);
	return fd;
}

static int xw_access(int fd, size_t page, size_t pages, const uint64_t *words, bool write)
{
	struct xw_access access = {
		.page = page,
		.pages = pages,
		.words = (uintptr_t)words,
		.write = write,
	};

	return ioctl(fd, XW_ACCESS, &access) ? -errno : 0;
}

int xw_read(int fd, size_t page, size_t pages, uint64_t *words)
{
	return xw_access(fd, page, pages, words, false);
}

int xw_write(int fd, size_t page, size_t pages, const uint64_t *words)
{
	return xw_access(fd, page, pages, words, true);
}

struct xw_stats xw_stats(int fd)
{
	struct xw_stats stats = {};

	assert_return_code(ioctl(fd, XW_STATS, &stats), errno);
	return stats;
}
