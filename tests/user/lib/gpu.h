/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of the guest tests: work for /dev/xmmu-gpu0. They give 0 or a negative error, and may be
 * called in threads and children.
 */
#ifndef XMMU_TEST_GPU_H
#define XMMU_TEST_GPU_H

#include <xmmu/gpu.h>

#include "t.h"

/* What work may take, on the slowest kernel and a busy machine. */
#define GPU_LIMIT_MS 60000
#define GPU_WORDS    (PAGE / 8)

int gpu_file(void);
int gpu_send(int fd, const struct xmmu_gpu_submit *submit);
/* The next that ends; the result may be NULL. */
int gpu_next(int fd, long limit_ms, uint64_t *result);
/* One after the other. */
int gpu_do(int fd, const struct xmmu_gpu_submit *submit, uint64_t *result);

int gpu_fill(int fd, uint64_t *dst, size_t words, uint64_t value);
int gpu_copy(int fd, uint64_t *dst, const uint64_t *src, size_t words);
/* The first word that differs, or `words`. */
int gpu_compare(int fd, const uint64_t *dst, const uint64_t *src, size_t words, uint64_t *result);
int gpu_add(int fd, uint64_t *dst, uint64_t value);

int gpu_call(int fd, unsigned long command, void *argument);
int gpu_stats_of(int fd, struct xmmu_gpu_stats *stats);

#endif
