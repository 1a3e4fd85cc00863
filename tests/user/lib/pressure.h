/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers of the guest tests: memory that is taken away, from this process and no other. */
#ifndef XMMU_TEST_PRESSURE_H
#define XMMU_TEST_PRESSURE_H

#include <stdbool.h>
#include <stddef.h>

/* Text into a file of the kernel: 0 or a negative error. */
int pressure_set(const char *path, const char *text);
/* Swap on the second disk of row hostile, and a group for this process; dies without. */
void pressure_begin(void);
/* Have the kernel take so many pages; it may take fewer, or some more. */
void pressure_take(size_t pages);
void pressure_end(void);

#endif
