// SPDX-License-Identifier: GPL-2.0-only
/* Helpers of the guest tests: work for /dev/xmmu-gpu0. */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "gpu.h"

int gpu_file(void)
{
	int fd = open("/dev/xmmu-gpu0", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int gpu_send(int fd, const struct xmmu_gpu_submit *submit)
{
	return gpu_call(fd, XMMU_GPU_SUBMIT, (void *)submit);
}

int gpu_next(int fd, long limit_ms, uint64_t *result)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct xmmu_gpu_done done;

	if (poll(&ready, 1, limit_ms) != 1)
		return -ETIMEDOUT;
	if (read(fd, &done, sizeof(done)) != sizeof(done))
		return -errno;
	if (result)
		*result = done.result;
	return done.status;
}

int gpu_do(int fd, const struct xmmu_gpu_submit *submit, uint64_t *result)
{
	return gpu_send(fd, submit) ?: gpu_next(fd, GPU_LIMIT_MS, result);
}

int gpu_fill(int fd, uint64_t *dst, size_t words, uint64_t value)
{
	const struct xmmu_gpu_submit submit = {
		.op = XMMU_GPU_FILL, .dst = (uintptr_t)dst, .count = words, .value = value
	};

	return gpu_do(fd, &submit, NULL);
}

int gpu_copy(int fd, uint64_t *dst, const uint64_t *src, size_t words)
{
	const struct xmmu_gpu_submit submit = {
		.op = XMMU_GPU_COPY, .dst = (uintptr_t)dst, .src = (uintptr_t)src, .count = words
	};

	return gpu_do(fd, &submit, NULL);
}

int gpu_compare(int fd, const uint64_t *dst, const uint64_t *src, size_t words, uint64_t *result)
{
	const struct xmmu_gpu_submit submit = {
		.op = XMMU_GPU_COMPARE, .dst = (uintptr_t)dst, .src = (uintptr_t)src, .count = words
	};

	return gpu_do(fd, &submit, result);
}

int gpu_add(int fd, uint64_t *dst, uint64_t value)
{
	const struct xmmu_gpu_submit submit = {
		.op = XMMU_GPU_ADD, .dst = (uintptr_t)dst, .count = 1, .value = value
	};

	return gpu_do(fd, &submit, NULL);
}

int gpu_call(int fd, unsigned long command, void *argument)
{
	return ioctl(fd, command, argument) ? -errno : 0;
}

int gpu_stats_of(int fd, struct xmmu_gpu_stats *stats)
{
	return gpu_call(fd, XMMU_GPU_STATS, stats);
}
