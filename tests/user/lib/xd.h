/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers of the guest tests: the calls of /dev/xmmu_devmem. */
#ifndef XMMU_TEST_XD_H
#define XMMU_TEST_XD_H

#include "../../vm/xmmu_devmem/abi.h"
#include "t.h"

/* A context over a span. */
int xd_attach(const char *start, size_t pages, uint64_t flags);
/* 0 or a negative error number; value may be NULL. */
int xd_call(int fd, unsigned long command, const void *start, size_t pages, uint64_t *value);
struct xd_stats xd_stats(int fd);
/* Whether this kernel has memory of the kind that the module was loaded for. */
bool xd_has_memory(void);

/* Through the device's page table, which faults what is not there. */
uint64_t xd_load(int fd, const void *word);
void xd_store(int fd, void *word, uint64_t value);
/* XD_PRESENT and so on. */
uint64_t xd_query(int fd, const void *page);

#endif
