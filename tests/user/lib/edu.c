// SPDX-License-Identifier: GPL-2.0-only
/* Helpers of the guest tests: the calls of /dev/xmmu-edu0. */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "edu.h"

int edu_open_as(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int edu_open(void)
{
	int fd = edu_open_as("/dev/xmmu-edu0");

	assert_return_code(fd, -fd);
	return fd;
}

int edu_call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

int edu_register(int fd, const void *addr, size_t pages)
{
	struct xmmu_edu_register reg = { .addr = (uintptr_t)addr, .len = pages * PAGE };

	return edu_call(fd, XMMU_EDU_REGISTER, &reg) ?: (int)reg.range;
}

int edu_unregister(int fd, int range)
{
	return edu_call(fd, XMMU_EDU_UNREGISTER, &(struct xmmu_edu_id){ .id = range });
}

int edu_submit(int fd, int range, const void *addr, unsigned int len, unsigned int offset,
	       unsigned int direction)
{
	struct xmmu_edu_submit submit = {
		.addr = (uintptr_t)addr,
		.len = len,
		.offset = offset,
		.range = range,
		.direction = direction,
	};

	return edu_call(fd, XMMU_EDU_SUBMIT, &submit) ?: (int)submit.job;
}

int edu_cancel(int fd, int job)
{
	return edu_call(fd, XMMU_EDU_CANCEL, &(struct xmmu_edu_id){ .id = job });
}

int edu_wait(int fd, int job, unsigned int ms, unsigned int *done)
{
	struct xmmu_edu_wait wait = { .job = job, .timeout_ms = ms };
	int ret = edu_call(fd, XMMU_EDU_WAIT, &wait);

	if (done)
		*done = wait.done;
	return ret ?: wait.status;
}

int edu_copy(int fd, int range, const void *addr, unsigned int len, unsigned int offset,
	     unsigned int direction)
{
	int job = edu_submit(fd, range, addr, len, offset, direction);

	return job < 0 ? job : edu_wait(fd, job, EDU_LIMIT_MS, NULL);
}

struct xmmu_edu_info edu_info(int fd)
{
	struct xmmu_edu_info info = {};

	assert_int_equal(edu_call(fd, XMMU_EDU_INFO, &info), 0);
	return info;
}

struct xmmu_edu_stats edu_stats(int fd)
{
	struct xmmu_edu_stats stats = {};

	assert_int_equal(edu_call(fd, XMMU_EDU_STATS, &stats), 0);
	return stats;
}

uint64_t edu_transfers(int fd)
{
	struct xmmu_edu_info info = edu_info(fd);

	return info.transfers[0] + info.transfers[1] + info.transfers[2] + info.transfers[3];
}

bool edu_event(int fd, struct xmmu_edu_event *event)
{
	ssize_t size = read(fd, event, sizeof(*event));

	if (size < 0)
		assert_int_equal(errno, EAGAIN);
	else
		assert_int_equal(size, sizeof(*event));
	return size > 0;
}

void edu_forget_events(int fd)
{
	struct xmmu_edu_event event;

	while (edu_event(fd, &event))
		;
}

void edu_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

char *edu_pci_folder(void)
{
	char *path = realpath("/sys/class/misc/xmmu-edu0/device", NULL);

	assert_non_null(path);
	return path;
}

void edu_rebind(void)
{
	char *path = edu_pci_folder();
	const char *name = strrchr(path, '/') + 1;

	edu_write("/sys/bus/pci/drivers/xmmu-edu/unbind", name);
	assert_int_equal(access("/dev/xmmu-edu0", F_OK), -1);
	edu_write("/sys/bus/pci/drivers/xmmu-edu/bind", name);
	assert_true(t_until(1000, access("/dev/xmmu-edu0", F_OK) == 0));
	free(path);
}

void edu_fill(void *memory, size_t len, unsigned int seed)
{
	unsigned char *bytes = memory;
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = edu_byte(seed, i);
}

long edu_compare(const void *memory, size_t len, unsigned int seed, size_t begin)
{
	const unsigned char *bytes = memory;
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes[i] != edu_byte(seed, begin + i))
			return i;
	return -1;
}

void edu_load(int fd, unsigned int seed)
{
	char *memory = t_map(1);
	int range = edu_register(fd, memory, 1);

	edu_fill(memory, XMMU_EDU_BUFFER, seed);
	assert_true(range > 0);
	assert_int_equal(edu_copy(fd, range, memory, XMMU_EDU_BUFFER, 0, XMMU_EDU_TO_DEVICE), 0);
	assert_int_equal(edu_unregister(fd, range), 0);
	t_unmap(memory, 1);
}
