// SPDX-License-Identifier: GPL-2.0-only
/* Every allocation of /dev/xmmu-edu0 fails in turn: -ENOMEM, nothing lost, and it goes on. */
#include <fcntl.h>
#include <poll.h>

#include "edu.h"
#include "fail.h"

#define DRIVER "/sys/bus/pci/drivers/xmmu-edu/"
/* A transfer for each of them, at least, which takes 100 ms. */
#define PAGES 2

/* Of the process that makes the attempt. */
static int fd, range, job;
static char *memory;
static char name[64];

static int run_open(void)
{
	fd = open("/dev/xmmu-edu0", O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static int run_info(void)
{
	struct xmmu_edu_info info = {};

	return edu_call(fd, XMMU_EDU_INFO, &info) ?: info.flags ? -EBADMSG : 0;
}

static int run_stats(void)
{
	return edu_call(fd, XMMU_EDU_STATS, &(struct xmmu_edu_stats){});
}

static int run_register(void)
{
	range = edu_register(fd, memory, PAGES);
	return range < 0 ? range : 0;
}

static int run_unregister(void)
{
	return edu_unregister(fd, range);
}

static int run_submit(void)
{
	job = edu_submit(fd, range, memory, 1, 0, XMMU_EDU_FROM_DEVICE);
	return job < 0 ? job : 0;
}

static int run_cancel(void)
{
	return edu_cancel(fd, job);
}

static int run_wait(void)
{
	return edu_wait(fd, job, EDU_LIMIT_MS, NULL);
}

static int run_munmap(void)
{
	return munmap(memory, PAGES * PAGE) ? -errno : 0;
}

static int run_close(void)
{
	return close(fd) ? -errno : 0;
}

/* The memory is there no more, so that each transfer has to fault. */
static int run_job(void)
{
	madvise(memory, PAGES * PAGE, MADV_DONTNEED);
	return edu_copy(fd, range, memory, PAGES * PAGE, 0, XMMU_EDU_FROM_DEVICE);
}

static int write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	int ret = file < 0 || write(file, text, strlen(text)) < 0 ? -errno : 0;

	close(file);
	return ret;
}

static int run_bind(void)
{
	return write_file(DRIVER "bind", name);
}

/* ---- before */

static int with_memory(void)
{
	memory = fail_map(PAGES);
	return memory ? run_open() : -ENOMEM;
}

static int with_range(void)
{
	return with_memory() ?: run_register();
}

static int with_job(void)
{
	return with_range() ?: run_submit();
}

static int with_ended_job(void)
{
	struct pollfd pollfd = { .events = POLLPRI };
	int ret = with_job();

	pollfd.fd = fd;
	return ret ?: poll(&pollfd, 1, EDU_LIMIT_MS) == 1 ? 0 : -ETIMEDOUT;
}

static int find_device(void)
{
	char *path = realpath("/sys/class/misc/xmmu-edu0/device", NULL);

	if (!path)
		return -errno;
	snprintf(name, sizeof(name), "%s", strrchr(path, '/') + 1);
	free(path);
	return 0;
}

static int without_driver(void)
{
	return find_device() ?: write_file(DRIVER "unbind", name);
}

static int without_module(void)
{
	return find_device() ?: fail_unload_module();
}

/* ---- after */

/* Some bytes go to the device and come back. */
static int can_copy(void)
{
	int ret;

	edu_fill(memory, 64, 5);
	ret = edu_copy(fd, range, memory, 64, 100, XMMU_EDU_TO_DEVICE) ?:
		      edu_copy(fd, range, memory + PAGE, 64, 100, XMMU_EDU_FROM_DEVICE);
	return ret ?: edu_compare(memory + PAGE, 64, 5, 0) >= 0 ? -EBADMSG : 0;
}

static int can_register(void)
{
	return run_register() ?: can_copy();
}

static int can_open(void)
{
	return with_memory() ?: can_register();
}

static int is_unregistered(void)
{
	return edu_submit(fd, range, memory, 1, 0, 0) == -ENOENT ? can_register() : -EBADMSG;
}

/* The SDK may have let something fail in the worker meanwhile. */
static int is_queued(void)
{
	int status = run_wait();

	return status && status != -ENOMEM ? status : can_copy();
}

static int is_cancelled(void)
{
	int status = run_wait();

	return status && status != -ECANCELED && status != -ENOMEM ? status : can_copy();
}

/* The mapping is gone, and the device knows. */
static int is_unmapped(void)
{
	int status = edu_copy(fd, range, memory, 1, 0, XMMU_EDU_FROM_DEVICE);

	return status == -EFAULT ? 0 : -EBADMSG;
}

static int load(void)
{
	return fail_load_module();
}

/* To load succeeds without a device: its probe may have failed. */
static int can_bind(void)
{
	if (access("/dev/xmmu-edu0", F_OK) && run_bind())
		return -ENODEV;
	return can_open();
}

static const struct fail_op ops[] = {
	{ "open", NULL, run_open, can_open, .allocates = true },
	{ "info", with_range, run_info, can_copy, .must_work = true },
	{ "stats", with_range, run_stats, can_copy, .must_work = true },
	{ "register", with_memory, run_register, can_copy, .allocates = true },
	{ "register_another", with_range, run_register, can_copy, .allocates = true },
	{ "unregister", with_range, run_unregister, is_unregistered, .must_work = true },
	{ "submit", with_range, run_submit, is_queued, .allocates = true },
	{ "wait", with_ended_job, run_wait, can_copy, .must_work = true },
	{ "cancel", with_job, run_cancel, is_cancelled, .must_work = true },
	{ "job", with_range, run_job, can_copy, .allocates = true, .in_worker = true },
	{ "munmap", with_job, run_munmap, is_unmapped, .must_work = true },
	{ "close", with_job, run_close, can_open, .must_work = true },
	/* Registers that can not be claimed are -EBUSY, whatever the reason. */
	{ "bind", without_driver, run_bind, can_open, .allocates = true, .or_error = -EBUSY,
	  .shallow = true },
	/* The driver core says -EINVAL when it can not make the module's folder of drivers. */
	{ "load", without_module, load, can_bind, .allocates = true, .loads = true,
	  .or_error = -EINVAL, .shallow = true },
};

int main(int argc, char **argv)
{
	return fail_main(argc, argv, "edu", ops, sizeof(ops) / sizeof(*ops));
}
