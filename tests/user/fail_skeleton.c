// SPDX-License-Identifier: GPL-2.0-only
/* Every allocation of /dev/xmmu-skeleton fails in turn: -ENOMEM, nothing lost, and it goes on. */
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "fail.h"
#include "sk.h"

/* More than a walk has room for without an allocation, in two windows. */
#define PAGES 600

/* Of the process that makes the attempt. */
static int fd;
static char *memory;
static pid_t target;

static int run_open(void)
{
	fd = open("/dev/xmmu-skeleton", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static int run_attach(void)
{
	return sk_attach(fd, 0);
}

static int run_add(void)
{
	return sk_add(fd, memory, PAGES);
}

static int populate(unsigned int flags)
{
	uint64_t done;
	int ret = sk_populate_done(fd, memory, PAGES, flags, &done);

	/* What it says it has done is done. */
	if (done && sk_access(fd, memory + done - PAGE) <= 0)
		return -EBADMSG;
	return ret;
}

static int run_populate(void)
{
	return populate(0);
}

static int run_populate_write(void)
{
	return populate(XMMU_SKELETON_WRITE);
}

static int run_snapshot(void)
{
	return populate(XMMU_SKELETON_SNAPSHOT);
}

static int run_nowait(void)
{
	return populate(XMMU_SKELETON_NOWAIT);
}

static int run_zap(void)
{
	return sk_zap(fd, memory, PAGES);
}

static int run_del(void)
{
	return sk_range(fd, XMMU_SKELETON_RANGE_DEL, memory, PAGES);
}

static int run_query(void)
{
	return sk_access(fd, memory) > 0 ? 0 : -EBADMSG;
}

static int run_stats(void)
{
	struct xmmu_skeleton_stats stats;

	return sk_call(fd, XMMU_SKELETON_STATS, &stats);
}

static int run_detach(void)
{
	return sk_detach(fd);
}

static int run_munmap(void)
{
	return munmap(memory, PAGES * PAGE) ? -errno : 0;
}

static int run_discard(void)
{
	return madvise(memory, PAGES * PAGE, MADV_DONTNEED) ? -errno : 0;
}

static int run_close(void)
{
	return close(fd) ? -errno : 0;
}

/* ---- before */

static int with_memory(void)
{
	memory = fail_map(PAGES);
	return memory ? run_open() : -ENOMEM;
}

static int with_mirror(void)
{
	return with_memory() ?: run_attach();
}

static int with_range(void)
{
	return with_mirror() ?: run_add();
}

/* The memory is there, for those who do not fault. */
static int with_pages(void)
{
	int ret = with_range();

	if (!ret)
		t_touch(memory, PAGES);
	return ret;
}

static int with_translations(void)
{
	return with_range() ?: run_populate();
}

/* A few have to be faulted: each page that is one is an allocation. */
static int with_some_pages(void)
{
	return with_pages() ?: madvise(memory + 510 * PAGE, 4 * PAGE, MADV_DONTNEED) ? -errno : 0;
}

/* The kernel knows that no invalidation is open, and the pages are there. */
static int with_warm_pages(void)
{
	return with_translations() ?: run_zap();
}

/* A process that is traced; it ends with the attempt. */
static int with_target(void)
{
	int ret = with_memory();

	if (ret)
		return ret;
	target = fork();
	if (!target) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (target < 0 || ptrace(PTRACE_SEIZE, target, NULL, NULL))
		return -errno;
	return 0;
}

static int run_attach_foreign(void)
{
	return sk_attach(fd, target);
}

/* ---- after */

static int all_there(void)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		if (sk_access(fd, memory + i * PAGE) <= 0)
			return -EBADMSG;
	return 0;
}

static int none_there(void)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		if (sk_access(fd, memory + i * PAGE))
			return -EBADMSG;
	return 0;
}

static int can_populate(void)
{
	return run_populate() ?: all_there();
}

static int can_add(void)
{
	return run_add() ?: can_populate();
}

static int can_attach(void)
{
	memory = fail_map(PAGES);
	return memory ? run_attach() ?: can_add() : -ENOMEM;
}

static int can_open(void)
{
	return run_open() ?: can_attach();
}

static int is_foreign(void)
{
	int ret = run_add() ?: can_populate();

	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
	return ret;
}

/* A range as before can be added, and nothing of the old one is in it. */
static int can_add_anew(void)
{
	return run_add() ?: none_there() ?: can_populate();
}

static int is_detached(void)
{
	return run_query() == 0 ? -EBADMSG : run_attach() ?: can_add_anew();
}

static int load(void)
{
	return fail_load_module();
}

static const struct fail_op ops[] = {
	{ "open", NULL, run_open, can_attach, .allocates = true },
	{ "attach", with_memory, run_attach, can_add, .allocates = true },
	{ "attach_foreign", with_target, run_attach_foreign, is_foreign, .allocates = true },
	{ "range_add", with_mirror, run_add, can_populate, .allocates = true },
	{ "populate", with_range, run_populate, all_there, .allocates = true },
	{ "populate_write", with_some_pages, run_populate_write, all_there, .allocates = true },
	{ "snapshot", with_pages, run_snapshot, all_there, .allocates = true },
	{ "nowait", with_warm_pages, run_nowait, all_there, .allocates = true },
	{ "query", with_translations, run_query, all_there, .must_work = true },
	{ "stats", with_translations, run_stats, all_there, .must_work = true },
	{ "zap", with_translations, run_zap, none_there, .must_work = true },
	{ "discard", with_translations, run_discard, none_there, .must_work = true },
	{ "munmap", with_translations, run_munmap, none_there, .must_work = true },
	{ "range_del", with_translations, run_del, can_add_anew, .must_work = true },
	{ "detach", with_translations, run_detach, is_detached, .must_work = true },
	{ "close", with_translations, run_close, can_open, .must_work = true },
	{ "load", fail_unload_module, load, can_open, .allocates = true, .loads = true,
	  .shallow = true },
};

int main(int argc, char **argv)
{
	return fail_main(argc, argv, "skeleton", ops, sizeof(ops) / sizeof(*ops));
}
