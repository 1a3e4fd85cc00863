/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of /dev/xmmu_whole: 0 or a negative error. */
#ifndef XMMU_TEST_XW_H
#define XMMU_TEST_XW_H

#include "../../vm/xmmu_whole/abi.h"
#include "t.h"

/* A context for these pages; dies without. */
int xw_open(const char *memory, size_t pages);
int xw_read(int fd, size_t page, size_t pages, uint64_t *words);
int xw_write(int fd, size_t page, size_t pages, const uint64_t *words);
struct xw_stats xw_stats(int fd);

#endif
