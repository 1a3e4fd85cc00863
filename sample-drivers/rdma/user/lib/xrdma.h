/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A library for programs that reach each other's memory through /dev/xmmu-rdma.
 *
 * A protection domain is a file descriptor: poll() says POLLIN when some work has ended, close()
 * gives up everything. All functions return 0, or something positive, or a negative error number:
 * what errno would be. <xmmu/rdma.h> says what work there is, and what the errors mean.
 *
 * Two programs exchange the numbers of a queue pair each, and the remote keys of their regions:
 *
 *	struct xmmu_rdma_region region;
 *	int rdma = xrdma_open(NULL);
 *	int pair = xrdma_pair(rdma);
 *
 *	xrdma_register(rdma, memory, size, XMMU_RDMA_REMOTE_READ, &region);
 *	...
 *	xrdma_connect(rdma, pair, number_of_the_other);
 */
#ifndef XRDMA_H
#define XRDMA_H

#include <stddef.h>
#include <stdint.h>

#include <xmmu/rdma.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How an address is told to the device. */
static inline uint64_t xrdma_addr(const void *memory)
{
	return (uintptr_t)memory;
}

/* A protection domain; NULL is the device of the driver. */
int xrdma_open(const char *path);

/* Register memory; its address and length are multiples of 8. The keys are in *region. */
int xrdma_register(int rdma, const void *memory, size_t len, unsigned int access,
		   struct xmmu_rdma_region *region);

/* Register other memory instead: the keys in *region become others. */
int xrdma_reregister(int rdma, const void *memory, size_t len, unsigned int access,
		     struct xmmu_rdma_region *region);

int xrdma_deregister(int rdma, uint64_t local_key);

/* Bring memory in before it is used; flags XMMU_RDMA_PREFETCH_*. */
int xrdma_prefetch(int rdma, uint64_t local_key, const void *memory, size_t len,
		   unsigned int flags);

/* The number of a new queue pair. */
int xrdma_pair(int rdma);

/* Name the other side; it is a connection when both have done so. */
int xrdma_connect(int rdma, int pair, int peer);

/* An enum xmmu_rdma_state. */
int xrdma_state(int rdma, int pair);

int xrdma_destroy(int rdma, int pair);

/* Queue work; -EAGAIN if 256 pieces of it have not ended or were not waited for. */
int xrdma_post(int rdma, const struct xmmu_rdma_work *work);

/*
 * Wait for the next piece of work to end, and learn how it did. -ETIMEDOUT after so many milliseconds;
 * -1 is as long as it takes. -EINTR after a signal. One thread waits at a time.
 */
int xrdma_wait(int rdma, int timeout_ms, struct xmmu_rdma_completion *done);

/* Have work done, with no other queued. */
int xrdma_run(int rdma, const struct xmmu_rdma_work *work, struct xmmu_rdma_completion *done);

/* Have one added to an eventfd for each piece of work that ends; -1 is none. */
int xrdma_eventfd(int rdma, int eventfd);

/* The counters. */
int xrdma_stats(int rdma, struct xmmu_rdma_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
