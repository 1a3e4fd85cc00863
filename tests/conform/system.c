// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's kernel does nothing by itself while scripts run; and it has what they need: swap, a
 * disk, a group for memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define SWAP_PAGES 8192
#define THP        "/sys/kernel/mm/transparent_hugepage/"
#define REFRESH    "/proc/sys/vm/stat_refresh"
#define NUMA       "/sys/kernel/debug/sched/numa_balancing/"

void die(const char *what)
{
	fprintf(stderr, "conform_guest: %s: %s\n", what, strerror(errno));
	exit(2);
}

void nap_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

void put_text(const char *path, const char *format, ...)
{
	char text[128];
	va_list args;
	int fd, len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != len)
		die(path);
	close(fd);
}

static long pages_in_writeback(void)
{
	FILE *file = fopen("/proc/vmstat", "re");
	char line[128];
	long number = -1;

	if (!file)
		die("/proc/vmstat");
	while (number < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "nr_writeback %ld", &number);
	fclose(file);
	return number;
}

/* Each processor counts for itself, until it is told to add up. */
void wait_for_writes(void)
{
	for (put_text(REFRESH, "1"); pages_in_writeback(); put_text(REFRESH, "1"))
		nap_ms(1);
}

/* What is set for the time of the program, and what it was. */
static struct {
	const char *path;
	const char *quiet;
	char before[64];
} settings[] = {
	{ "/proc/sys/kernel/numa_balancing", "0", "" },
	{ NUMA "scan_delay_ms", "1", "" },
	{ NUMA "scan_period_min_ms", "10", "" },
	{ NUMA "scan_period_max_ms", "20", "" },
	{ "/proc/sys/vm/dirty_writeback_centisecs", "0", "" },
	{ "/proc/sys/vm/percpu_pagelist_high_fraction", "100000", "" },
	{ "/sys/block/vdb/queue/rotational", "0", "" },
	{ "/sys/kernel/mm/lru_gen/enabled", "n", "" },
	{ "/sys/kernel/mm/ksm/run", "0", "" },
	{ "/sys/kernel/mm/ksm/sleep_millisecs", "5", "" },
	{ "/sys/kernel/mm/ksm/pages_to_scan", "1000", "" },
	{ THP "enabled", "madvise", "" },
	{ THP "khugepaged/max_ptes_none", "0", "" },
	{ THP "khugepaged/scan_sleep_millisecs", "100000000", "" },
};

#define NR_SETTINGS (sizeof(settings) / sizeof(*settings))

/* Of "always [madvise] never" the one that holds. */
static void keep(const char *path, char *before, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, before, size - 1);
	char *choice;

	if (len < 0)
		die(path);
	close(fd);
	before[len] = 0;
	choice = strchr(before, '[');
	if (choice) {
		memmove(before, choice + 1, strlen(choice));
		before[strcspn(before, "]")] = 0;
	}
	before[strcspn(before, "\n")] = 0;
}

/* A disk and no file, since only there huge pages stay whole. */
static void make_swap(void)
{
	static char header[PAGE];
	uint32_t *info = (uint32_t *)(header + 1024);
	int fd = open(SWAP, O_RDWR | O_CLOEXEC);

	info[0] = 1;
	info[1] = SWAP_PAGES - 1;
	memcpy(header + PAGE - 10, "SWAPSPACE2", 10);
	if (fd < 0 || write(fd, header, PAGE) != PAGE || fsync(fd))
		die(SWAP);
	close(fd);
	if (swapon(SWAP, 0))
		die("swapon");
}

static void make_group(void)
{
	mkdir(CGROUPS, 0700);
	if (mount("none", CGROUPS, "cgroup2", 0, NULL))
		die("mount of cgroup2");
	put_text(CGROUPS "/cgroup.subtree_control", "+memory");
	mkdir(CGROUPS "/script", 0700);
}

/* Parts of reclaim keep pages in lists of each processor. */
static void stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

void system_prepare(void)
{
	unsigned int i;

	for (i = 0; i < NR_SETTINGS; i++) {
		keep(settings[i].path, settings[i].before, sizeof(settings[i].before));
		put_text(settings[i].path, "%s", settings[i].quiet);
	}
	mkdir(DISK, 0700);
	if (mount("/dev/vda", DISK, "ext4", 0, NULL))
		die("mount of /dev/vda");
	make_swap();
	make_group();
	stay_on_one_processor();
}

/* For who comes next in this guest. */
void system_restore(void)
{
	unsigned int i;

	rmdir(CGROUPS "/script");
	umount2(CGROUPS, MNT_DETACH);
	if (swapoff(SWAP) || umount(DISK))
		die("the disk");
	rmdir(DISK);
	for (i = 0; i < NR_SETTINGS; i++)
		put_text(settings[i].path, "%s", settings[i].before);
}
