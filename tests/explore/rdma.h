/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For scenarios of the rdma driver: two protection domains of one process, a page of memory each,
 * and a connection between them.
 */
#ifndef TESTS_EXPLORE_RDMA_H
#define TESTS_EXPLORE_RDMA_H

#include <linux/errno.h>

#include <xmmu/rdma.h>

#include "drivers.h"

/* `file` is the side that begins work. */
static struct file *other;
static u32 mine, theirs;
static struct xmmu_rdma_region source, target;

#define SOURCE ADDR
#define TARGET (ADDR + PAGE_SIZE)

static inline long rdma(struct file *side, unsigned int number, void *argument)
{
	return hosted_ioctl(side, number, argument);
}

static inline struct xmmu_rdma_region rdma_register(struct file *side, u64 addr, u64 len,
						    unsigned int access)
{
	struct xmmu_rdma_region region = { .addr = addr, .len = len, .access = access };

	explore_assert(!rdma(side, XMMU_RDMA_REGISTER, &region));
	return region;
}

static inline long rdma_deregister(struct file *side, u64 local_key)
{
	return rdma(side, XMMU_RDMA_DEREGISTER,
		    &(struct xmmu_rdma_deregister){ .local_key = local_key });
}

static inline u32 rdma_pair(struct file *side)
{
	struct xmmu_rdma_pair pair = {};

	explore_assert(!rdma(side, XMMU_RDMA_CREATE, &pair));
	return pair.number;
}

static inline void rdma_connect(struct file *side, u32 number, u32 peer)
{
	struct xmmu_rdma_pair pair = { .number = number, .peer = peer };

	explore_assert(!rdma(side, XMMU_RDMA_CONNECT, &pair));
}

static inline void rdma_connect_both(void)
{
	mine = rdma_pair(file);
	theirs = rdma_pair(other);
	rdma_connect(file, mine, theirs);
	rdma_connect(other, theirs, mine);
}

static inline void rdma_connect_anew(void)
{
	explore_assert(!rdma(file, XMMU_RDMA_DESTROY, &(struct xmmu_rdma_pair){ .number = mine }));
	explore_assert(
		!rdma(other, XMMU_RDMA_DESTROY, &(struct xmmu_rdma_pair){ .number = theirs }));
	rdma_connect_both();
}

/* The other side lets the memory at TARGET be written. */
static inline void rdma_start(unsigned int access)
{
	start_process(2);
	start_driver("rdma", "", "xmmu-rdma");
	other = hosted_open("xmmu-rdma", 0);
	explore_assert(!IS_ERR(other));
	rdma_connect_both();
	source = rdma_register(file, SOURCE, PAGE_SIZE, XMMU_RDMA_LOCAL_WRITE);
	target = rdma_register(other, access & XMMU_RDMA_IMPLICIT ? 0 : TARGET,
			       access & XMMU_RDMA_IMPLICIT ? 0 : PAGE_SIZE,
			       access | XMMU_RDMA_LOCAL_WRITE | XMMU_RDMA_REMOTE_WRITE);
	explore_assert(!hosted_store(mm, SOURCE, 42));
}

static inline void rdma_stop(void)
{
	enter();
	if (other)
		hosted_close(other);
	stop_driver("rdma");
	stop_process();
}

static inline void rdma_post(enum xmmu_rdma_op op)
{
	struct xmmu_rdma_work work = {
		.pair = mine,
		.op = op,
		.local_addr = SOURCE,
		.local_key = source.local_key,
		.remote_addr = TARGET,
		.remote_key = target.remote_key,
		.len = 8,
	};

	explore_assert(!rdma(file, XMMU_RDMA_POST, &work));
}

/* What has ended; waits for it. */
static inline struct xmmu_rdma_completion rdma_wait(struct file *side)
{
	struct xmmu_rdma_completion done = {};

	explore_assert(hosted_read(side, &done, sizeof(done)) == sizeof(done));
	return done;
}

static inline struct xmmu_rdma_completion rdma_run(enum xmmu_rdma_op op)
{
	rdma_post(op);
	return rdma_wait(file);
}

static inline u64 rdma_word(u64 addr)
{
	u64 value = 0;

	explore_assert(!hosted_load(mm, addr, &value));
	return value;
}

#endif
