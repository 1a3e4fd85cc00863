// SPDX-License-Identifier: GPL-2.0-only
/* The library for programs that use RDMA: the calls of the driver, with errors as numbers. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "xrdma.h"

static int call(int rdma, unsigned long command, const void *argument)
{
	return ioctl(rdma, command, argument) ? -errno : 0;
}

int xrdma_open(const char *path)
{
	int rdma = open(path ? path : "/dev/xmmu-rdma", O_RDWR | O_CLOEXEC);

	return rdma < 0 ? -errno : rdma;
}

static void describe(struct xmmu_rdma_region *region, const void *memory, size_t len,
		     unsigned int access)
{
	region->addr = xrdma_addr(memory);
	region->len = len;
	region->access = access;
	region->pad = 0;
}

int xrdma_register(int rdma, const void *memory, size_t len, unsigned int access,
		   struct xmmu_rdma_region *region)
{
	describe(region, memory, len, access);
	return call(rdma, XMMU_RDMA_REGISTER, region);
}

int xrdma_reregister(int rdma, const void *memory, size_t len, unsigned int access,
		     struct xmmu_rdma_region *region)
{
	describe(region, memory, len, access);
	return call(rdma, XMMU_RDMA_REREGISTER, region);
}

int xrdma_deregister(int rdma, uint64_t local_key)
{
	const struct xmmu_rdma_deregister deregister = { .local_key = local_key };

	return call(rdma, XMMU_RDMA_DEREGISTER, &deregister);
}

int xrdma_prefetch(int rdma, uint64_t local_key, const void *memory, size_t len, unsigned int flags)
{
	const struct xmmu_rdma_prefetch prefetch = {
		.local_key = local_key,
		.addr = xrdma_addr(memory),
		.len = len,
		.flags = flags,
	};

	return call(rdma, XMMU_RDMA_PREFETCH, &prefetch);
}

int xrdma_pair(int rdma)
{
	struct xmmu_rdma_pair pair = {};
	int error = call(rdma, XMMU_RDMA_CREATE, &pair);

	return error ? error : (int)pair.number;
}

int xrdma_connect(int rdma, int pair, int peer)
{
	const struct xmmu_rdma_pair connect = { .number = pair, .peer = peer };

	return call(rdma, XMMU_RDMA_CONNECT, &connect);
}

int xrdma_state(int rdma, int pair)
{
	struct xmmu_rdma_pair query = { .number = pair };
	int error = call(rdma, XMMU_RDMA_QUERY, &query);

	return error ? error : (int)query.state;
}

int xrdma_destroy(int rdma, int pair)
{
	const struct xmmu_rdma_pair destroy = { .number = pair };

	return call(rdma, XMMU_RDMA_DESTROY, &destroy);
}

int xrdma_post(int rdma, const struct xmmu_rdma_work *work)
{
	return call(rdma, XMMU_RDMA_POST, work);
}

int xrdma_wait(int rdma, int timeout_ms, struct xmmu_rdma_completion *done)
{
	struct pollfd ended = { .fd = rdma, .events = POLLIN };
	int ready = poll(&ended, 1, timeout_ms);

	if (ready <= 0)
		return ready ? -errno : -ETIMEDOUT;
	return read(rdma, done, sizeof(*done)) < 0 ? -errno : 0;
}

int xrdma_run(int rdma, const struct xmmu_rdma_work *work, struct xmmu_rdma_completion *done)
{
	int error = xrdma_post(rdma, work);

	if (error)
		return error;
	do
		error = xrdma_wait(rdma, -1, done);
	while (error == -EINTR);
	return error;
}

int xrdma_eventfd(int rdma, int eventfd)
{
	const struct xmmu_rdma_eventfd told = { .fd = eventfd };

	return call(rdma, XMMU_RDMA_EVENTFD, &told);
}

int xrdma_stats(int rdma, struct xmmu_rdma_stats *stats)
{
	return call(rdma, XMMU_RDMA_STATS, stats);
}
