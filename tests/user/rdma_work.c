// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/xmmu-rdma: work between two protection domains of this program, and with another process,
 * checked by the processor, while memory and regions come and go.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "t.h"
#include "xrdma.h"

#define LIMIT_MS 20000
#define PAGES    64UL
#define WORDS    (PAGES * PAGE / 8)
#define ALL                                                                       \
	(XMMU_RDMA_LOCAL_WRITE | XMMU_RDMA_REMOTE_READ | XMMU_RDMA_REMOTE_WRITE | \
	 XMMU_RDMA_REMOTE_ATOMIC)

/* Two sides, each with a protection domain, some memory that is registered, and a queue pair. */
static struct side {
	int rdma;
	int pair;
	uint64_t *memory;
	struct xmmu_rdma_region region;
} a, b;

static int side_open(struct side *side)
{
	side->rdma = xrdma_open(NULL);
	side->memory = (uint64_t *)t_map(PAGES);
	side->pair = side->rdma < 0 ? side->rdma : xrdma_pair(side->rdma);
	return side->pair < 0 ||
	       xrdma_register(side->rdma, side->memory, PAGES * PAGE, ALL, &side->region);
}

static int connect_both(void)
{
	return xrdma_connect(a.rdma, a.pair, b.pair) || xrdma_connect(b.rdma, b.pair, a.pair);
}

static int both_open(void **state)
{
	(void)state;
	return side_open(&a) || side_open(&b) || connect_both();
}

static struct xmmu_rdma_stats stats_of(const struct side *side)
{
	struct xmmu_rdma_stats stats;

	assert_int_equal(xrdma_stats(side->rdma, &stats), 0);
	return stats;
}

static int both_close(void **state)
{
	uint64_t stale = stats_of(&a).stale;

	(void)state;
	close(a.rdma);
	close(b.rdma);
	t_unmap(a.memory, PAGES);
	t_unmap(b.memory, PAGES);
	return stale != 0;
}

/* A connection is broken: make others. */
static void again(void)
{
	assert_int_equal(xrdma_destroy(a.rdma, a.pair), 0);
	assert_int_equal(xrdma_destroy(b.rdma, b.pair), 0);
	a.pair = xrdma_pair(a.rdma);
	b.pair = xrdma_pair(b.rdma);
	assert_int_equal(connect_both(), 0);
}

/* Of a, on all of its memory and that of b. */
static struct xmmu_rdma_work work_of(enum xmmu_rdma_op op)
{
	return (struct xmmu_rdma_work){
		.pair = a.pair,
		.op = op,
		.local_addr = xrdma_addr(a.memory),
		.local_key = a.region.local_key,
		.remote_addr = xrdma_addr(b.memory),
		.remote_key = b.region.remote_key,
		.len = PAGES * PAGE,
		.cookie = op + 100,
	};
}

static struct xmmu_rdma_completion wait_for(const struct side *side)
{
	struct xmmu_rdma_completion done = {};

	assert_int_equal(xrdma_wait(side->rdma, LIMIT_MS, &done), 0);
	return done;
}

static struct xmmu_rdma_completion run(struct xmmu_rdma_work work)
{
	struct xmmu_rdma_completion done;

	assert_int_equal(xrdma_post(a.rdma, &work), 0);
	done = wait_for(&a);
	assert_int_equal(done.cookie, work.cookie);
	assert_int_equal(done.op, work.op);
	assert_int_equal(done.pair, work.pair);
	return done;
}

static void must_run(struct xmmu_rdma_work work)
{
	struct xmmu_rdma_completion done = run(work);

	assert_int_equal(done.error, 0);
	assert_int_equal(done.status, XMMU_RDMA_OK);
}

static void fill(uint64_t *memory, uint64_t seed)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		memory[i] = seed + i;
}

static void check(const uint64_t *memory, uint64_t seed)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		assert_int_equal(memory[i], seed + i);
}

/* ---- what works */

/* Pages of the other side are not even there before. */
static void write_and_read(void **state)
{
	(void)state;
	fill(a.memory, 1000);
	must_run(work_of(XMMU_RDMA_WRITE));
	check(b.memory, 1000);
	fill(b.memory, 2000);
	must_run(work_of(XMMU_RDMA_READ));
	check(a.memory, 2000);
	assert_true(stats_of(&b).faults > 0);
	assert_int_equal(stats_of(&b).cancelled, 0);
}

static void atomics(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_FETCH_ADD);
	struct xmmu_rdma_completion done;
	uint64_t i;

	(void)state;
	work.len = 8;
	work.value = 3;
	for (i = 0; i < 20; i++) {
		done = run(work);
		assert_int_equal(done.status, XMMU_RDMA_OK);
		assert_int_equal(done.result, 3 * i);
	}
	work.op = XMMU_RDMA_COMPARE_SWAP;
	work.cookie = 7;
	work.expected = 1;
	done = run(work);
	assert_int_equal(done.result, 60);
	assert_int_equal(b.memory[0], 60);
	work.expected = 60;
	done = run(work);
	assert_int_equal(done.result, 60);
	assert_int_equal(b.memory[0], 3);
}

static int post_receive(size_t words, uint64_t cookie)
{
	const struct xmmu_rdma_work work = {
		.pair = b.pair,
		.op = XMMU_RDMA_RECEIVE,
		.local_addr = xrdma_addr(b.memory),
		.local_key = b.region.local_key,
		.len = words * 8,
		.cookie = cookie,
	};

	return xrdma_post(b.rdma, &work);
}

/* What is sent waits for a buffer; each buffer is used once. */
static void send_and_receive(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_SEND);
	struct xmmu_rdma_completion done;

	(void)state;
	fill(a.memory, 5);
	work.len = 4096;
	assert_int_equal(xrdma_post(a.rdma, &work), 0);
	assert_int_equal(xrdma_wait(a.rdma, 50, &done), -ETIMEDOUT);
	assert_int_equal(post_receive(WORDS, 1), 0);
	assert_int_equal(wait_for(&a).status, XMMU_RDMA_OK);
	done = wait_for(&b);
	assert_int_equal(done.status, XMMU_RDMA_OK);
	assert_int_equal(done.cookie, 1);
	assert_int_equal(done.result, 4096);
	assert_int_equal(b.memory[511], 5 + 511);
	assert_int_equal(b.memory[512], 0);
	/* Too much for the next buffer. */
	assert_int_equal(post_receive(511, 2), 0);
	assert_int_equal(run(work).status, XMMU_RDMA_LENGTH);
	assert_int_equal(wait_for(&b).status, XMMU_RDMA_LENGTH);
	assert_int_equal(xrdma_state(b.rdma, b.pair), XMMU_RDMA_ERROR);
}

static void eventfd_tells(void **state)
{
	int event = eventfd(0, EFD_NONBLOCK);
	struct pollfd ready = { .fd = event, .events = POLLIN };
	uint64_t count = 0;

	(void)state;
	assert_int_equal(xrdma_eventfd(a.rdma, event), 0);
	must_run(work_of(XMMU_RDMA_WRITE));
	assert_int_equal(poll(&ready, 1, LIMIT_MS), 1);
	assert_int_equal(read(event, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	assert_int_equal(xrdma_eventfd(a.rdma, -1), 0);
	close(event);
}

/* Prefetch from nothing, and write: how many faults that takes. */
static uint64_t faults_after_prefetch(const struct xmmu_rdma_region *region, unsigned int flags)
{
	uint64_t faults = stats_of(&b).faults;

	assert_return_code(madvise(b.memory, PAGES * PAGE, MADV_DONTNEED), errno);
	assert_int_equal(xrdma_prefetch(b.rdma, region->local_key, b.memory, PAGES * PAGE,
					XMMU_RDMA_PREFETCH_WRITE | flags),
			 0);
	assert_int_equal(stats_of(&b).faults, faults);
	/* By now they are there, or come. */
	assert_true(
		t_until(LIMIT_MS, t_pagemap(t_word((char *)b.memory, PAGES - 1, 0)) & T_PRESENT));
	t_sleep(flags ? 20 : 0);
	must_run(work_of(XMMU_RDMA_WRITE));
	return stats_of(&b).faults - faults;
}

/* The kernel may take pages away at any time: most of them are there at least once. */
static void expect_few_faults(const struct xmmu_rdma_region *region, unsigned int flags)
{
	unsigned int tries = 50;

	while (tries && faults_after_prefetch(region, flags) > PAGES / 4)
		tries--;
	assert_int_not_equal(tries, 0);
}

static void prefetch(void **state)
{
	(void)state;
	assert_int_equal(xrdma_prefetch(b.rdma, b.region.local_key, b.memory, PAGES * PAGE, 0), 0);
	assert_int_equal(stats_of(&b).prefetched, PAGES);
	fill(a.memory, 4);
	expect_few_faults(&b.region, 0);
	check(b.memory, 4);
	assert_int_equal(xrdma_prefetch(a.rdma, a.region.local_key ^ 1ULL << 50, a.memory, 8, 0),
			 -ENOENT);
	assert_int_equal(xrdma_prefetch(a.rdma, a.region.local_key, a.memory + 8, PAGES * PAGE, 0),
			 -EINVAL);
}

/* Nobody waits for it, but the pages come. */
static void prefetch_later(void **state)
{
	(void)state;
	fill(a.memory, 6);
	expect_few_faults(&b.region, XMMU_RDMA_PREFETCH_ASYNC);
	check(b.memory, 6);
}

/* ---- what is refused: nothing is written, the connection breaks, what comes after is flushed */

static void expect_refusal(struct xmmu_rdma_work work, enum xmmu_rdma_status status, int error)
{
	struct xmmu_rdma_work next = work_of(XMMU_RDMA_WRITE);
	struct xmmu_rdma_completion done;

	fill(a.memory, 1);
	fill(b.memory, 500);
	assert_int_equal(post_receive(1, 9), 0);
	assert_int_equal(xrdma_post(a.rdma, &work), 0);
	assert_int_equal(xrdma_post(a.rdma, &next), 0);
	done = wait_for(&a);
	assert_int_equal(done.cookie, work.cookie);
	assert_int_equal(done.error, error);
	assert_int_equal(done.status, status);
	done = wait_for(&a);
	assert_int_equal(done.cookie, next.cookie);
	assert_int_equal(done.status, XMMU_RDMA_FLUSHED);
	assert_int_equal(wait_for(&b).status, XMMU_RDMA_FLUSHED);
	assert_int_equal(xrdma_state(a.rdma, a.pair), XMMU_RDMA_ERROR);
	assert_int_equal(xrdma_state(b.rdma, b.pair), XMMU_RDMA_ERROR);
	assert_int_equal(run(next).status, XMMU_RDMA_FLUSHED);
	check(a.memory, 1);
	check(b.memory, 500);
	again();
}

static void wrong_keys(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);

	(void)state;
	work.remote_key ^= 1ULL << 40;
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -ENOKEY);
	/* Keys are for one use each: that of the owner is not for others, nor the other way round. */
	work = work_of(XMMU_RDMA_WRITE);
	work.remote_key = b.region.local_key;
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -ENOKEY);
	work = work_of(XMMU_RDMA_WRITE);
	work.local_key = a.region.remote_key;
	expect_refusal(work, XMMU_RDMA_LOCAL_PROTECTION, -ENOKEY);
	work = work_of(XMMU_RDMA_WRITE);
	work.remote_key = 0;
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -ENOKEY);
	work = work_of(XMMU_RDMA_WRITE);
	work.local_key = 0;
	expect_refusal(work, XMMU_RDMA_LOCAL_PROTECTION, -ENOKEY);
	/* Nor of another protection domain. */
	work = work_of(XMMU_RDMA_READ);
	work.local_key = b.region.local_key;
	work.local_addr = xrdma_addr(b.memory);
	expect_refusal(work, XMMU_RDMA_LOCAL_PROTECTION, -ENOKEY);
	work = work_of(XMMU_RDMA_READ);
	work.remote_key = a.region.remote_key;
	work.remote_addr = xrdma_addr(a.memory);
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -ENOKEY);
}

/* What it is sent into is the other side's own: not even by its wish that of the sender. */
static void wrong_buffers(void **state)
{
	const uint64_t keys[] = { 0, a.region.local_key, a.region.remote_key, b.region.remote_key };
	struct xmmu_rdma_completion done;
	struct xmmu_rdma_work receive;
	size_t i;

	(void)state;
	fill(b.memory, 500);
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		fill(a.memory, 1);
		receive = (struct xmmu_rdma_work){
			.pair = b.pair,
			.op = XMMU_RDMA_RECEIVE,
			.local_addr =
				xrdma_addr(keys[i] == b.region.remote_key ? b.memory : a.memory),
			.local_key = keys[i],
			.len = PAGES * PAGE,
		};
		receive.local_addr += 8;
		receive.len -= 8;
		assert_int_equal(xrdma_post(b.rdma, &receive), 0);
		done = run((struct xmmu_rdma_work){ .pair = a.pair,
						    .op = XMMU_RDMA_SEND,
						    .local_addr = xrdma_addr(a.memory),
						    .local_key = a.region.local_key,
						    .len = PAGE });
		assert_int_equal(done.status, XMMU_RDMA_REMOTE_ACCESS);
		assert_int_equal(done.error, -ENOKEY);
		done = wait_for(&b);
		assert_int_equal(done.status, XMMU_RDMA_LOCAL_PROTECTION);
		assert_int_equal(done.error, -ENOKEY);
		check(a.memory, 1);
		check(b.memory, 500);
		again();
	}
}

static void wrong_bounds(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);

	(void)state;
	work.remote_addr += 8;
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -ERANGE);
	work = work_of(XMMU_RDMA_WRITE);
	work.local_addr -= 8;
	expect_refusal(work, XMMU_RDMA_LOCAL_PROTECTION, -ERANGE);
	work = work_of(XMMU_RDMA_WRITE);
	work.len = 1ULL << 47;
	expect_refusal(work, XMMU_RDMA_LOCAL_PROTECTION, -ERANGE);
}

static void missing_rights(void **state)
{
	struct xmmu_rdma_region reader;
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);

	(void)state;
	assert_int_equal(
		xrdma_register(b.rdma, b.memory, PAGES * PAGE, XMMU_RDMA_REMOTE_READ, &reader), 0);
	work.remote_key = reader.remote_key;
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -EACCES);
	work = work_of(XMMU_RDMA_FETCH_ADD);
	work.remote_key = reader.remote_key;
	work.len = 8;
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -EACCES);
	assert_int_equal(xrdma_register(a.rdma, a.memory, PAGES * PAGE, 0, &reader), 0);
	assert_int_equal(reader.remote_key, 0);
	work = work_of(XMMU_RDMA_READ);
	work.local_key = reader.local_key;
	expect_refusal(work, XMMU_RDMA_LOCAL_PROTECTION, -EACCES);
	assert_int_equal(xrdma_prefetch(a.rdma, reader.local_key, a.memory, 8,
					XMMU_RDMA_PREFETCH_WRITE),
			 -EACCES);
}

/* Of what is not mapped, or may not be written, the processor's rules hold. */
static void bad_memory(void **state)
{
	(void)state;
	fill(a.memory, 1);
	assert_int_equal(mprotect(b.memory, PAGES * PAGE, PROT_READ), 0);
	assert_int_equal(run(work_of(XMMU_RDMA_WRITE)).error, -EPERM);
	again();
	assert_int_equal(mprotect(b.memory, PAGES * PAGE, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(munmap((char *)b.memory + 10 * PAGE, PAGE), 0);
	assert_int_equal(run(work_of(XMMU_RDMA_WRITE)).status, XMMU_RDMA_REMOTE_ACCESS);
	again();
	assert_ptr_equal(mmap((char *)b.memory + 10 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 (char *)b.memory + 10 * PAGE);
	must_run(work_of(XMMU_RDMA_WRITE));
	check(b.memory, 1);
}

static void bad_commands(void **state)
{
	struct xmmu_rdma_region region = {};
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);
	int pair = xrdma_pair(a.rdma);

	(void)state;
	assert_int_equal(xrdma_register(a.rdma, a.memory, 0, ALL, &region), -EINVAL);
	assert_int_equal(xrdma_register(a.rdma, a.memory, 12, ALL, &region), -EINVAL);
	assert_int_equal(xrdma_register(a.rdma, a.memory, 1ULL << 62, ALL, &region), -EINVAL);
	assert_int_equal(xrdma_register(a.rdma, a.memory, 8, 64, &region), -EINVAL);
	assert_int_equal(xrdma_deregister(a.rdma, b.region.local_key), -ENOENT);
	assert_int_equal(xrdma_connect(a.rdma, b.pair, pair), -ENOENT);
	assert_int_equal(xrdma_connect(a.rdma, a.pair, pair), -EBUSY);
	assert_int_equal(xrdma_state(a.rdma, pair), XMMU_RDMA_IDLE);
	work.pair = pair;
	assert_int_equal(xrdma_post(a.rdma, &work), -ENOTCONN);
	work.pair = b.pair;
	assert_int_equal(xrdma_post(a.rdma, &work), -ENOENT);
	work.pair = a.pair;
	work.len = 12;
	assert_int_equal(xrdma_post(a.rdma, &work), -EINVAL);
	work.len = 1ULL << 49;
	assert_int_equal(xrdma_post(a.rdma, &work), -EINVAL);
	work.op = XMMU_RDMA_FETCH_ADD;
	work.len = 16;
	assert_int_equal(xrdma_post(a.rdma, &work), -EINVAL);
	work.op = 6;
	work.len = 8;
	assert_int_equal(xrdma_post(a.rdma, &work), -EINVAL);
	assert_int_equal(xrdma_destroy(a.rdma, pair), 0);
	assert_int_equal(xrdma_destroy(a.rdma, pair), -ENOENT);
}

/* ---- regions that go */

static void key_is_never_used_again(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);
	uint64_t old = b.region.remote_key;

	(void)state;
	assert_int_equal(xrdma_deregister(b.rdma, b.region.local_key), 0);
	assert_int_equal(xrdma_deregister(b.rdma, b.region.local_key), -ENOENT);
	assert_int_equal(xrdma_register(b.rdma, b.memory, PAGES * PAGE, ALL, &b.region), 0);
	assert_int_not_equal(b.region.remote_key, old);
	work.remote_key = old;
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -ENOKEY);
	must_run(work_of(XMMU_RDMA_WRITE));
}

/* How much later the device carries flushes out. */
static void flush_late(const char *ms)
{
	int fd = open("/sys/kernel/debug/xmmu-rdma-device/flush_delay_ms", O_WRONLY);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, ms, 1), 1);
	close(fd);
}

static void reregister(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);
	uint64_t *other = (uint64_t *)t_map(PAGES);

	(void)state;
	flush_late("1");
	assert_int_equal(xrdma_reregister(b.rdma, other, 12, ALL, &b.region), -EINVAL);
	fill(a.memory, 9);
	must_run(work);
	assert_int_equal(xrdma_reregister(b.rdma, other, PAGES * PAGE, ALL, &b.region), 0);
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -ENOKEY);
	work = work_of(XMMU_RDMA_WRITE);
	work.remote_addr = xrdma_addr(other);
	must_run(work);
	check(other, 1);
	assert_int_equal(stats_of(&b).regions, 1);
	t_unmap(other, PAGES);
	flush_late("0");
}

/* As many as there may be; another one only instead of one. */
static void many_regions(void **state)
{
	struct xmmu_rdma_region region, last = b.region;
	uint64_t i;

	(void)state;
	for (i = 1; i < 1024; i++)
		assert_int_equal(xrdma_register(b.rdma, b.memory + i, 8, ALL, &last), 0);
	assert_int_equal(xrdma_register(b.rdma, b.memory, 8, ALL, &region), -ENOSPC);
	assert_int_equal(xrdma_reregister(b.rdma, b.memory, PAGES * PAGE, ALL, &last), 0);
	assert_int_equal(stats_of(&b).regions, 1024);
	b.region = last;
	fill(a.memory, 15);
	must_run(work_of(XMMU_RDMA_WRITE));
	check(b.memory, 15);
}

/* The keys of a region, or the number of a queue pair, can not be told: it is as if it never was. */
static void nobody_is_told(void **state)
{
	struct xmmu_rdma_region *region = (void *)t_map(1);
	struct xmmu_rdma_pair *pair = (void *)(region + 1);
	int i;

	(void)state;
	region->addr = xrdma_addr(b.memory);
	region->len = 8;
	assert_return_code(mprotect(region, PAGE, PROT_READ), errno);
	assert_int_equal(ioctl(b.rdma, XMMU_RDMA_REGISTER, region), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(stats_of(&b).regions, 1);
	for (i = 0; i < 100; i++) {
		assert_int_equal(ioctl(b.rdma, XMMU_RDMA_CREATE, pair), -1);
		assert_int_equal(errno, EFAULT);
	}
	assert_return_code(mprotect(region, PAGE, PROT_READ | PROT_WRITE), errno);
	region->local_key = b.region.local_key;
	assert_return_code(mprotect(region, PAGE, PROT_READ), errno);
	assert_int_equal(ioctl(b.rdma, XMMU_RDMA_REREGISTER, region), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(stats_of(&b).regions, 0);
	t_unmap(region, 1);
}

/* Any memory, also what was not there when it was registered; and explicit regions beside it. */
static void implicit_region(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);
	struct xmmu_rdma_region all = {}, second;
	uint64_t *fresh;

	(void)state;
	assert_int_equal(xrdma_register(b.rdma, NULL, 0, ALL | XMMU_RDMA_IMPLICIT, &all), 0);
	assert_int_equal(xrdma_register(b.rdma, NULL, 0, ALL | XMMU_RDMA_IMPLICIT, &second),
			 -EEXIST);
	assert_int_equal(xrdma_register(b.rdma, b.memory, 0, ALL | XMMU_RDMA_IMPLICIT, &second),
			 -EINVAL);
	fresh = (uint64_t *)t_map(PAGES);
	fill(a.memory, 11);
	work.remote_addr = xrdma_addr(fresh);
	work.remote_key = all.remote_key;
	must_run(work);
	check(fresh, 11);
	t_unmap(fresh, PAGES);
	assert_int_equal(run(work).error, -EFAULT);
	again();
	fresh = (uint64_t *)t_map(PAGES);
	assert_int_equal(xrdma_prefetch(b.rdma, all.local_key, fresh, PAGES * PAGE,
					XMMU_RDMA_PREFETCH_WRITE),
			 0);
	work = work_of(XMMU_RDMA_WRITE);
	work.remote_addr = xrdma_addr(fresh);
	work.remote_key = all.remote_key;
	must_run(work);
	check(fresh, 11);
	must_run(work_of(XMMU_RDMA_WRITE));
	/* For the implicit region another one comes. */
	second = all;
	assert_int_equal(xrdma_reregister(b.rdma, NULL, 0, ALL | XMMU_RDMA_IMPLICIT, &all), 0);
	assert_int_equal(xrdma_deregister(b.rdma, second.local_key), -ENOENT);
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -ENOKEY);
	work.pair = a.pair;
	work.remote_key = all.remote_key;
	must_run(work);
	/* Of many addresses in advance, where there is nothing, and nobody waits for it. */
	assert_int_equal(xrdma_prefetch(b.rdma, all.local_key, NULL, 1ULL << 34,
					XMMU_RDMA_PREFETCH_ASYNC),
			 0);
	assert_int_equal(xrdma_prefetch(b.rdma, all.local_key, NULL, 1ULL << 40,
					XMMU_RDMA_PREFETCH_ASYNC),
			 -E2BIG);
	assert_int_equal(xrdma_deregister(b.rdma, all.local_key), 0);
	expect_refusal(work, XMMU_RDMA_REMOTE_ACCESS, -ENOKEY);
	must_run(work_of(XMMU_RDMA_WRITE));
	t_unmap(fresh, PAGES);
}

#define FAR ((char *)0x300000000000)

static void *map_far(unsigned long gigabytes)
{
	void *memory = mmap(FAR + (gigabytes << 30), PAGES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static void write_far(const struct xmmu_rdma_region *all, const uint64_t *memory)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);

	work.remote_addr = xrdma_addr(memory);
	work.remote_key = all->remote_key;
	must_run(work);
	check(memory, 21);
}

/* The implicit region has pieces where there is work, and they go with the memory. */
static void children_come_and_go(void **state)
{
	struct xmmu_rdma_region all = {};
	uint64_t *one = map_far(0), *two = map_far(1);

	(void)state;
	fill(a.memory, 21);
	assert_int_equal(xrdma_register(b.rdma, NULL, 0, ALL | XMMU_RDMA_IMPLICIT, &all), 0);
	assert_int_equal(stats_of(&b).children, 0);
	write_far(&all, one);
	write_far(&all, two);
	assert_in_range(stats_of(&b).children, 1, 2);
	t_unmap(one, PAGES);
	assert_true(t_until(LIMIT_MS, stats_of(&b).children == 1));
	write_far(&all, two);
	write_far(&all, map_far(0));
	assert_in_range(stats_of(&b).children, 1, 2);
	t_unmap(one, PAGES);
	assert_return_code(madvise(two, PAGES * PAGE, MADV_DONTNEED), errno);
	assert_true(t_until(LIMIT_MS, stats_of(&b).children == 0));
	write_far(&all, two);
	assert_int_equal(xrdma_deregister(b.rdma, all.local_key), 0);
	assert_int_equal(stats_of(&b).children, 0);
	t_unmap(two, PAGES);
}

/* No page comes, as long as the userfaultfd is open. */
static int hang(void *memory, size_t pages)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)memory, .len = pages * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	assert_return_code(uffd, errno);
	assert_return_code(ioctl(uffd, UFFDIO_API, &api), errno);
	assert_return_code(ioctl(uffd, UFFDIO_REGISTER, &range), errno);
	return uffd;
}

/* Work waits for a page: the queue pair is suspended, and goes on when the page is there. */
static void suspend_and_resume(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);
	int uffd = hang(b.memory, PAGES);

	(void)state;
	fill(a.memory, 77);
	assert_int_equal(xrdma_post(a.rdma, &work), 0);
	assert_true(t_until(LIMIT_MS, xrdma_state(a.rdma, a.pair) == XMMU_RDMA_SUSPENDED));
	assert_int_equal(xrdma_state(b.rdma, b.pair), XMMU_RDMA_READY);
	close(uffd);
	assert_int_equal(wait_for(&a).status, XMMU_RDMA_OK);
	assert_int_equal(xrdma_state(a.rdma, a.pair), XMMU_RDMA_READY);
	check(b.memory, 77);
	assert_true(stats_of(&b).resumed > 0);
}

/* A region goes while work waits for its pages. */
static void deregister_suspended(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);
	int uffd = hang(b.memory, PAGES);
	struct xmmu_rdma_completion done;

	(void)state;
	assert_int_equal(xrdma_post(a.rdma, &work), 0);
	assert_true(t_until(LIMIT_MS, xrdma_state(a.rdma, a.pair) == XMMU_RDMA_SUSPENDED));
	assert_int_equal(xrdma_deregister(b.rdma, b.region.local_key), 0);
	done = wait_for(&a);
	assert_int_equal(done.status, XMMU_RDMA_REMOTE_ACCESS);
	assert_int_equal(done.error, -ENOKEY);
	close(uffd);
}

/* The other side goes altogether. */
static void peer_closes(void **state)
{
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);
	int uffd = hang(b.memory, PAGES);

	(void)state;
	assert_int_equal(xrdma_post(a.rdma, &work), 0);
	assert_true(t_until(LIMIT_MS, xrdma_state(a.rdma, a.pair) == XMMU_RDMA_SUSPENDED));
	close(b.rdma);
	assert_int_equal(wait_for(&a).status, XMMU_RDMA_FLUSHED);
	assert_int_equal(xrdma_state(a.rdma, a.pair), XMMU_RDMA_ERROR);
	close(uffd);
	b.rdma = xrdma_open(NULL);
}

/* While a thread registers and deregisters: each write ends well, or by the key, and after the
 * deregistration the memory does not change. */
static bool stop;

static long writes(void *unused)
{
	struct xmmu_rdma_completion done;
	struct xmmu_rdma_work work;
	long ended = 0;

	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		work = work_of(XMMU_RDMA_WRITE);
		work.remote_key = __atomic_load_n(&b.region.remote_key, __ATOMIC_RELAXED);
		if (xrdma_run(a.rdma, &work, &done))
			return -1;
		ended++;
		if (done.status == XMMU_RDMA_OK)
			continue;
		if (done.status != XMMU_RDMA_REMOTE_ACCESS || done.error != -ENOKEY)
			return -2;
		if (xrdma_destroy(a.rdma, a.pair) || xrdma_destroy(b.rdma, b.pair))
			return -3;
		a.pair = xrdma_pair(a.rdma);
		b.pair = xrdma_pair(b.rdma);
		if (connect_both())
			return -4;
	}
	return ended;
}

static void deregister_while_running(void **state)
{
	struct t_thread thread;
	long until = t_ms() + 500, rounds = 0, ended;
	struct xmmu_rdma_region next;
	size_t i;

	(void)state;
	fill(a.memory, 3);
	stop = false;
	t_start(&thread, writes, NULL);
	do {
		t_sleep(rounds % 3);
		assert_int_equal(xrdma_deregister(b.rdma, b.region.local_key), 0);
		memset(b.memory, 0, PAGES * PAGE);
		t_sleep(rounds % 2);
		for (i = 0; i < WORDS; i++)
			assert_int_equal(b.memory[i], 0);
		assert_int_equal(xrdma_register(b.rdma, b.memory, PAGES * PAGE, ALL, &next), 0);
		b.region.local_key = next.local_key;
		__atomic_store_n(&b.region.remote_key, next.remote_key, __ATOMIC_RELAXED);
	} while (++rounds < 5 || t_ms() < until);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	ended = t_join(&thread);
	assert_true(ended > 0);
}

/* Pages go all the time. */
static long discards(void *unused)
{
	long times = 0;

	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		madvise((char *)b.memory + times % PAGES * PAGE, PAGE, MADV_PAGEOUT);
		mprotect(b.memory, PAGE, PROT_READ | PROT_WRITE | (times % 2 ? PROT_EXEC : 0));
		times++;
	}
	return times;
}

static void pages_go(void **state)
{
	struct t_thread thread;
	uint64_t round = 0;
	long until = t_ms() + 500;

	(void)state;
	stop = false;
	t_start(&thread, discards, NULL);
	do {
		fill(a.memory, round);
		must_run(work_of(XMMU_RDMA_WRITE));
		check(b.memory, round);
	} while (++round < 3 || t_ms() < until);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	assert_true(t_join(&thread) > 0);
}

/* ---- two processes */

struct told {
	int pair;
	uint64_t addr;
	uint64_t key;
};

/* It has memory of its own at other addresses, adds to what it is sent, and ends. */
static int other_process(void *arg)
{
	int *pipes = arg, rdma = xrdma_open(NULL), pair = xrdma_pair(rdma), peer;
	uint64_t *memory = (uint64_t *)t_map(PAGES);
	struct xmmu_rdma_region region;
	struct told told = { .pair = pair, .addr = xrdma_addr(memory) };
	size_t i;

	if (xrdma_register(rdma, memory, PAGES * PAGE, ALL, &region))
		return 1;
	told.key = region.remote_key;
	if (write(pipes[1], &told, sizeof(told)) != sizeof(told) ||
	    read(pipes[2], &peer, sizeof(peer)) != sizeof(peer) || xrdma_connect(rdma, pair, peer))
		return 2;
	if (write(pipes[1], &told, 1) != 1 || read(pipes[2], &peer, sizeof(peer)) != sizeof(peer))
		return 3;
	for (i = 0; i < WORDS; i++)
		if (memory[i] != 40 + i)
			return 4;
	memory[0] = 12345;
	/* Ends with the connection open. */
	return write(pipes[1], &told, 1) == 1 && read(pipes[2], &peer, 1) == 1 ? 0 : 5;
}

static void two_processes(void **state)
{
	int out[2], in[2], child_ends[4];
	struct xmmu_rdma_work work = work_of(XMMU_RDMA_WRITE);
	struct told told;
	pid_t child;
	char byte;

	(void)state;
	again();
	assert_int_equal(xrdma_destroy(a.rdma, a.pair), 0);
	a.pair = xrdma_pair(a.rdma);
	assert_int_equal(pipe(out) || pipe(in), 0);
	child_ends[1] = out[1];
	child_ends[2] = in[0];
	child = t_fork(other_process, child_ends);
	assert_int_equal(read(out[0], &told, sizeof(told)), sizeof(told));
	assert_int_equal(xrdma_connect(a.rdma, a.pair, told.pair), 0);
	assert_int_equal(write(in[1], &a.pair, sizeof(a.pair)), sizeof(a.pair));
	assert_int_equal(read(out[0], &byte, 1), 1);
	fill(a.memory, 40);
	work.pair = a.pair;
	work.remote_addr = told.addr;
	work.remote_key = told.key;
	must_run(work);
	assert_int_equal(write(in[1], &a.pair, sizeof(a.pair)), sizeof(a.pair));
	assert_int_equal(read(out[0], &byte, 1), 1);
	work.op = XMMU_RDMA_READ;
	must_run(work);
	assert_int_equal(a.memory[0], 12345);
	assert_int_equal(write(in[1], &byte, 1), 1);
	assert_int_equal(t_wait(child, LIMIT_MS), 0);
	assert_true(t_until(LIMIT_MS, xrdma_state(a.rdma, a.pair) == XMMU_RDMA_ERROR));
	assert_int_equal(run(work).status, XMMU_RDMA_FLUSHED);
	close(out[0]);
	close(out[1]);
	close(in[0]);
	close(in[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, both_open, both_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(write_and_read),
		TEST(atomics),
		TEST(send_and_receive),
		TEST(eventfd_tells),
		TEST(prefetch),
		TEST(prefetch_later),
		TEST(implicit_region),
		TEST(children_come_and_go),
		TEST(wrong_keys),
		TEST(wrong_buffers),
		TEST(wrong_bounds),
		TEST(missing_rights),
		TEST(bad_memory),
		TEST(bad_commands),
		TEST(key_is_never_used_again),
		TEST(reregister),
		TEST(many_regions),
		TEST(nobody_is_told),
		TEST(suspend_and_resume),
		TEST(deregister_suspended),
		TEST(peer_closes),
		TEST(deregister_while_running),
		TEST(pages_go),
		TEST(two_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
