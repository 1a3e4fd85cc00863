// SPDX-License-Identifier: GPL-2.0-only
/* Helpers of the guest tests: the calls of /dev/xmmu_test. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "t.h"

int xt_open(void)
{
	int fd = open(XT_DEVICE, O_RDWR | O_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

int xt_call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

int xt_attach_as(int fd, const struct xt_attach *attach)
{
	return xt_call(fd, XT_IOC_ATTACH, (void *)attach);
}

int xt_attach(int fd, unsigned int policy)
{
	return xt_attach_as(fd, &(struct xt_attach){ .policy = policy });
}

int xt_detach(int fd)
{
	return xt_call(fd, XT_IOC_DETACH, NULL);
}

int xt_insert_at(int fd, uint64_t start, uint64_t end)
{
	struct xt_range range = { .start = start, .end = end };
	int ret = xt_call(fd, XT_IOC_INSERT, &range);

	return ret ? ret : (int)range.id;
}

int xt_insert(int fd, const void *start, size_t pages)
{
	return xt_insert_at(fd, (uintptr_t)start, (uintptr_t)start + pages * PAGE);
}

int xt_remove(int fd, int id)
{
	return xt_call(fd, XT_IOC_REMOVE, &(struct xt_range){ .id = id });
}

int xt_zap(int fd, int id, const void *start, size_t pages)
{
	struct xt_range range = { .id = id, .start = (uintptr_t)start };

	range.end = range.start + pages * PAGE;
	return xt_call(fd, XT_IOC_ZAP, &range);
}

int xt_walk(int fd, struct xt_walk *walk)
{
	return xt_call(fd, XT_IOC_WALK, walk);
}

int xt_populate(int fd, int id, const void *start, size_t pages, unsigned int flags)
{
	struct xt_walk walk = { .id = id, .start = (uintptr_t)start, .flags = flags };

	walk.end = walk.start + pages * PAGE;
	return xt_walk(fd, &walk);
}

struct xt_access xt_access(int fd, struct xt_access access)
{
	if (xt_call(fd, XT_IOC_ACCESS, &access))
		access.done = access.wrong = -1;
	return access;
}

struct xt_query xt_query(int fd, int id, const void *start, size_t pages)
{
	struct xt_query query = { .id = id, .start = (uintptr_t)start };

	query.end = query.start + pages * PAGE;
	if (xt_call(fd, XT_IOC_QUERY, &query))
		query.present = query.tlb = -1;
	return query;
}

int xt_set(int fd, unsigned int what, unsigned int value)
{
	return xt_call(fd, XT_IOC_SET, &(struct xt_set){ .what = what, .value = value });
}

struct xt_stats xt_stats(int fd)
{
	struct xt_stats stats;

	if (xt_call(fd, XT_IOC_STATS, &stats))
		memset(&stats, 0xff, sizeof(stats));
	return stats;
}

struct xt_reports xt_reports(int fd)
{
	struct xt_reports reports;

	assert_int_equal(xt_call(fd, XT_IOC_REPORTS, &reports), 0);
	return reports;
}

int xt_start(unsigned int policy)
{
	int fd = xt_open();

	assert_int_equal(xt_attach(fd, policy), 0);
	return fd;
}

void xt_stop(int fd)
{
	struct xt_stats stats;

	assert_int_equal(xt_detach(fd), 0);
	stats = xt_stats(fd);
	close(fd);
	assert_int_equal(stats.stale, 0);
	assert_int_equal(stats.late, 0);
	assert_int_equal(stats.bad_leaves, 0);
}

int xt_load(const char *flavor)
{
	char path[64];
	int file, ret;

	snprintf(path, sizeof(path), "/lib/xmmu/%s/xmmu_test.ko", flavor);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	ret = syscall(SYS_finit_module, file, "", 0) ? -errno : 0;
	close(file);
	return ret;
}

int xt_unload(void)
{
	return syscall(SYS_delete_module, "xmmu_test", O_NONBLOCK) ? -errno : 0;
}

#define FOLDER "/sys/kernel/debug/xmmu-xmmu_test/"

void xt_inject(const char *name, unsigned int value)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), FOLDER "inject/%s", name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%u\n", value);
	assert_int_equal(fclose(file), 0);
}

int xt_feature(const char *name)
{
	FILE *file = fopen(FOLDER "features", "r");
	char found[64], value[64];
	int result = -1;

	assert_non_null(file);
	while (fscanf(file, "%63s %63s", found, value) == 2)
		if (!strcmp(found, name))
			result = atoi(value);
	fclose(file);
	return result;
}

static long walker_main(void *arg)
{
	struct xt_walker *walker = arg;

	return xt_walk(walker->fd, &walker->walk);
}

void xt_walker_run(struct xt_walker *walker)
{
	t_start(&walker->thread, walker_main, walker);
}

void xt_walker_start(struct xt_walker *walker, int fd, int id, const void *start, size_t pages,
		     unsigned int flags)
{
	*walker = (struct xt_walker){
		.fd = fd,
		.walk = { .id = id,
			  .start = (uintptr_t)start,
			  .end = (uintptr_t)start + pages * PAGE,
			  .flags = flags },
	};
	xt_walker_run(walker);
}

void xt_walker_hold(struct xt_walker *walker, unsigned int point, int fd, int id, const void *start,
		    size_t pages, unsigned int flags)
{
	assert_int_equal(xt_set(fd, XT_HOLD_AT, point), 0);
	xt_walker_start(walker, fd, id, start, pages, flags);
	assert_true(t_until(5000, xt_stats(fd).held == point));
}

int xt_walker_join(struct xt_walker *walker)
{
	return t_join(&walker->thread);
}
