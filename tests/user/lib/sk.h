/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of /dev/xmmu-skeleton, for its tests: 0 or a negative error number, as in the kernel. */
#ifndef XMMU_TEST_SK_H
#define XMMU_TEST_SK_H

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <xmmu/skeleton.h>

#include "sk_layout.h"
#include "t.h"

static inline int sk_call(int fd, unsigned long command, void *argument)
{
	return ioctl(fd, command, argument) ? -errno : 0;
}

static inline int sk_open(int flags)
{
	int fd = open("/dev/xmmu-skeleton", O_RDWR | flags);

	assert_return_code(fd, errno);
	return fd;
}

static inline int sk_attach(int fd, pid_t pid)
{
	struct xmmu_skeleton_attach argument = { .pid = pid };

	return sk_call(fd, XMMU_SKELETON_ATTACH, &argument);
}

static inline int sk_detach(int fd)
{
	return sk_call(fd, XMMU_SKELETON_DETACH, NULL);
}

/* For ADD, DEL and ZAP. */
static inline int sk_range(int fd, unsigned long command, const void *start, size_t pages)
{
	struct xmmu_skeleton_range argument = { (uintptr_t)start, pages * PAGE };

	return sk_call(fd, command, &argument);
}

static inline int sk_add(int fd, const void *start, size_t pages)
{
	return sk_range(fd, XMMU_SKELETON_RANGE_ADD, start, pages);
}

static inline int sk_zap(int fd, const void *start, size_t pages)
{
	return sk_range(fd, XMMU_SKELETON_ZAP, start, pages);
}

/* How far it came is left in *done, if that is not NULL. */
static inline int sk_populate_done(int fd, const void *start, size_t pages, unsigned int flags,
				   uint64_t *done)
{
	struct xmmu_skeleton_populate argument = {
		.addr = (uintptr_t)start,
		.len = pages * PAGE,
		.done = ~0ULL,
		.flags = flags,
	};
	int ret = sk_call(fd, XMMU_SKELETON_POPULATE, &argument);

	if (done)
		*done = argument.done;
	return ret;
}

static inline int sk_populate(int fd, const void *start, size_t pages, unsigned int flags)
{
	return sk_populate_done(fd, start, pages, flags, NULL);
}

/* XMMU_SKELETON_MAY_* of the translation, or an error. */
static inline int sk_access(int fd, const void *addr)
{
	struct xmmu_skeleton_query argument = { .addr = (uintptr_t)addr };
	int ret = sk_call(fd, XMMU_SKELETON_QUERY, &argument);

	return ret ? ret : (int)argument.access;
}

static inline uint64_t sk_generation(int fd, const void *addr)
{
	struct xmmu_skeleton_query argument = { .addr = (uintptr_t)addr };

	assert_int_equal(sk_call(fd, XMMU_SKELETON_QUERY, &argument), 0);
	return argument.generation;
}

/* 1 with a record, 0 at the end, or an error. */
static inline int sk_read(int fd, struct xmmu_skeleton_event *event)
{
	ssize_t got = read(fd, event, sizeof(*event));

	return got < 0 ? -errno : got == sizeof(*event);
}

static inline int sk_poll(int fd, int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	assert_return_code(poll(&pollfd, 1, ms), errno);
	return pollfd.revents;
}

/* Attached to the caller, with a range; reads do not wait. */
static inline int sk_start(const void *start, size_t pages)
{
	int fd = sk_open(O_NONBLOCK | O_CLOEXEC);

	assert_int_equal(sk_attach(fd, 0), 0);
	assert_int_equal(sk_add(fd, start, pages), 0);
	return fd;
}

#define SK_READ       XMMU_SKELETON_MAY_READ
#define SK_READ_WRITE (XMMU_SKELETON_MAY_READ | XMMU_SKELETON_MAY_WRITE)

#endif
