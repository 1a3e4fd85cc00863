// SPDX-License-Identifier: GPL-2.0-only
/* Every allocation of /dev/xmmu-rdma fails in turn: -ENOMEM, nothing lost, and it goes on. */
#include <fcntl.h>
#include <poll.h>

#include "fail.h"
#include "xrdma.h"

/* One half is written to the other, which takes several walks. */
#define PAGES    8
#define WORDS    (PAGES * PAGE / 8)
#define LIMIT_MS 30000
#define ALL      (XMMU_RDMA_LOCAL_WRITE | XMMU_RDMA_REMOTE_WRITE)

/* Of the process that makes the attempt. */
static int fd, pair;
static uint64_t *memory;
static struct xmmu_rdma_region region;

static int run_open(void)
{
	fd = xrdma_open(NULL);
	return fd < 0 ? fd : 0;
}

static int run_stats(void)
{
	struct xmmu_rdma_stats stats;

	return xrdma_stats(fd, &stats) ?: stats.stale ? -EBADMSG : 0;
}

static int run_register(void)
{
	return xrdma_register(fd, memory, PAGES * PAGE, ALL, &region);
}

static int run_implicit(void)
{
	return xrdma_register(fd, NULL, 0, ALL | XMMU_RDMA_IMPLICIT, &region);
}

static int run_reregister(void)
{
	return xrdma_reregister(fd, memory, PAGES * PAGE, ALL, &region);
}

static int run_deregister(void)
{
	return xrdma_deregister(fd, region.local_key);
}

static int run_create(void)
{
	pair = xrdma_pair(fd);
	return pair < 0 ? pair : 0;
}

static int run_connect(void)
{
	return xrdma_connect(fd, pair, pair);
}

static int run_prefetch(void)
{
	return xrdma_prefetch(fd, region.local_key, memory, PAGES * PAGE, XMMU_RDMA_PREFETCH_WRITE);
}

static int run_prefetch_later(void)
{
	return xrdma_prefetch(fd, region.local_key, memory, PAGES * PAGE,
			      XMMU_RDMA_PREFETCH_WRITE | XMMU_RDMA_PREFETCH_ASYNC);
}

static int run_post(void)
{
	const struct xmmu_rdma_work work = {
		.pair = pair,
		.op = XMMU_RDMA_WRITE,
		.local_addr = xrdma_addr(memory),
		.local_key = region.local_key,
		.remote_addr = xrdma_addr(memory + WORDS / 2),
		.remote_key = region.remote_key,
		.len = WORDS / 2 * 8,
	};

	return xrdma_post(fd, &work);
}

static int run_wait(void)
{
	struct xmmu_rdma_completion done;

	return xrdma_wait(fd, LIMIT_MS, &done) ?: done.status ? done.error ?: -EBADMSG : 0;
}

/* The pages are not there, so that workers have to bring them. What went wrong broke the connection. */
static int run_work(void)
{
	return run_post() ?: run_wait();
}

static int run_work_anew(void)
{
	int ret = xrdma_state(fd, pair);

	if (ret == XMMU_RDMA_ERROR)
		ret = xrdma_destroy(fd, pair) ?: run_create() ?: run_connect();
	return ret < 0 ? ret : run_work();
}

static int run_close(void)
{
	return close(fd) ? -errno : 0;
}

/* ---- before */

static int with_memory(void)
{
	memory = (uint64_t *)fail_map(PAGES);
	return memory ? 0 : -ENOMEM;
}

static int with_file(void)
{
	return with_memory() ?: run_open();
}

static int with_mirror(void)
{
	return with_file() ?: run_stats();
}

static int with_region(void)
{
	return with_mirror() ?: run_register();
}

static int with_pair(void)
{
	return with_region() ?: run_create() ?: run_connect();
}

static int with_implicit(void)
{
	return with_mirror() ?: run_implicit() ?: run_create() ?: run_connect();
}

static int with_work(void)
{
	return with_pair() ?: run_work();
}

static int with_implicit_work(void)
{
	return with_implicit() ?: run_work();
}

/* ---- after */

/* What is there was written, and nothing was stale. */
static int can_work(void)
{
	size_t i;
	int ret;

	for (i = 0; i < WORDS; i++)
		memory[i] = i < WORDS / 2 ? i : 0;
	ret = run_work_anew();
	for (i = 0; !ret && i < WORDS / 2; i++)
		if (memory[WORDS / 2 + i] != i)
			ret = -EBADMSG;
	return ret ?: run_stats();
}

static int can_connect(void)
{
	return run_create() ?: run_connect() ?: can_work();
}

static int can_register(void)
{
	return run_register() ?: can_connect();
}

static int can_register_again(void)
{
	return run_register() ?: can_work();
}

static int can_open(void)
{
	return with_memory() ?: run_open() ?: can_register();
}

static int can_connect_it(void)
{
	return run_connect() ?: can_work();
}

/* The device may have begun while an allocation still was to fail. */
static int can_wait(void)
{
	int ret = run_wait();

	return ret && ret != -ENOMEM ? ret : can_work();
}

static int load(void)
{
	return fail_load_module();
}

static const struct fail_op ops[] = {
	{ "open", with_memory, run_open, can_register, .allocates = true },
	{ "attach", with_file, run_stats, can_register, .allocates = true },
	{ "register", with_mirror, run_register, can_connect, .allocates = true },
	{ "implicit", with_mirror, run_implicit, can_connect, .allocates = true },
	{ "reregister", with_pair, run_reregister, can_work, .allocates = true },
	{ "deregister", with_work, run_deregister, can_register_again, .must_work = true },
	{ "create", with_region, run_create, can_connect_it, .allocates = true },
	{ "post", with_pair, run_post, can_wait, .allocates = true },
	{ "prefetch", with_implicit, run_prefetch, can_work, .allocates = true },
	{ "prefetch_later", with_pair, run_prefetch_later, can_work, .allocates = true },
	{ "later_implicit", with_implicit, run_prefetch_later, can_work, .allocates = true },
	{ "work", with_implicit, run_work_anew, can_work, .allocates = true, .in_worker = true },
	{ "close", with_implicit_work, run_close, can_open, .must_work = true },
	{ "load", fail_unload_module, load, can_open, .allocates = true, .loads = true,
	  .shallow = true },
};

int main(int argc, char **argv)
{
	return fail_main(argc, argv, "rdma", ops, sizeof(ops) / sizeof(*ops));
}
