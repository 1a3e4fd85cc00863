// SPDX-License-Identifier: GPL-2.0-only
/* The library for programs that use a GPU: the calls of the driver, with errors as numbers. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "xgpu.h"

static int call(int gpu, unsigned long command, const void *argument)
{
	return ioctl(gpu, command, argument) ? -errno : 0;
}

int xgpu_open(const char *path)
{
	int gpu = open(path ? path : "/dev/xmmu-gpu0", O_RDWR | O_CLOEXEC);

	return gpu < 0 ? -errno : gpu;
}

int xgpu_submit(int gpu, const struct xmmu_gpu_submit *work)
{
	return call(gpu, XMMU_GPU_SUBMIT, work);
}

int xgpu_wait(int gpu, int timeout_ms, struct xmmu_gpu_done *done)
{
	struct pollfd ended = { .fd = gpu, .events = POLLIN };
	int ready = poll(&ended, 1, timeout_ms);

	if (ready <= 0)
		return ready ? -errno : -ETIMEDOUT;
	return read(gpu, done, sizeof(*done)) < 0 ? -errno : 0;
}

int xgpu_run(int gpu, const struct xmmu_gpu_submit *work, uint64_t *result)
{
	struct xmmu_gpu_done done;
	int error = xgpu_submit(gpu, work);

	if (error)
		return error;
	do
		error = xgpu_wait(gpu, -1, &done);
	while (error == -EINTR);
	if (error)
		return error;
	if (result)
		*result = done.result;
	return done.status;
}

int xgpu_advise(int gpu, const void *memory, size_t len, enum xmmu_gpu_advice advice)
{
	const struct xmmu_gpu_advise advise = {
		.addr = xgpu_addr(memory),
		.len = len,
		.advice = advice,
	};

	return call(gpu, XMMU_GPU_ADVISE, &advise);
}

int xgpu_prefetch(int gpu, const void *memory, size_t len, unsigned int flags)
{
	const struct xmmu_gpu_prefetch prefetch = {
		.addr = xgpu_addr(memory),
		.len = len,
		.flags = flags,
	};

	return call(gpu, XMMU_GPU_PREFETCH, &prefetch);
}

int xgpu_eventfd(int gpu, int eventfd)
{
	const struct xmmu_gpu_eventfd told = { .fd = eventfd };

	return call(gpu, XMMU_GPU_EVENTFD, &told);
}

int xgpu_stats(int gpu, struct xmmu_gpu_stats *stats)
{
	return call(gpu, XMMU_GPU_STATS, stats);
}
