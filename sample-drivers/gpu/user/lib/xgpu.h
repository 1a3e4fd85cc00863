/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A library for programs that have /dev/xmmu-gpu0 work in their memory.
 *
 * A device is a file descriptor: poll() says POLLIN when some work has ended, close() gives up what
 * has not. All functions return 0, or something positive, or a negative error number: what errno
 * would be. <xmmu/gpu.h> says what work there is, and what the errors mean.
 *
 *	uint64_t *words = malloc(8000);
 *	int gpu = xgpu_open(NULL);
 *	struct xmmu_gpu_submit fill = {
 *		.op = XMMU_GPU_FILL, .dst = xgpu_addr(words), .count = 1000, .value = 7
 *	};
 *
 *	if (gpu < 0 || xgpu_run(gpu, &fill, NULL))
 *		...
 */
#ifndef XGPU_H
#define XGPU_H

#include <stddef.h>
#include <stdint.h>

#include <xmmu/gpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How an address is told to the device. */
static inline uint64_t xgpu_addr(const void *memory)
{
	return (uintptr_t)memory;
}

/* The file descriptor of a device, or an error; NULL is the first one. */
int xgpu_open(const char *path);

/* Queue work; -EAGAIN if 64 pieces of it have not ended or were not waited for. */
int xgpu_submit(int gpu, const struct xmmu_gpu_submit *work);

/*
 * Wait for the next piece of work to end, and learn how it did. -ETIMEDOUT after so many milliseconds;
 * -1 is as long as it takes. -EINTR after a signal. One thread waits at a time.
 */
int xgpu_wait(int gpu, int timeout_ms, struct xmmu_gpu_done *done);

/* Have work done, with no other queued: how it has ended, or why it could not begin. */
int xgpu_run(int gpu, const struct xmmu_gpu_submit *work, uint64_t *result);

/* Say where memory should be; whole pages. */
int xgpu_advise(int gpu, const void *memory, size_t len, enum xmmu_gpu_advice advice);

/* Bring memory to the device before it faults; whole pages, flags XMMU_GPU_WRITE or 0. */
int xgpu_prefetch(int gpu, const void *memory, size_t len, unsigned int flags);

/* Have one added to an eventfd for each piece of work that ends; -1 is none. */
int xgpu_eventfd(int gpu, int eventfd);

/* The counters. */
int xgpu_stats(int gpu, struct xmmu_gpu_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
