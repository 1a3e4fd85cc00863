// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel does behind a program's back: compaction, khugepaged, KSM, NUMA, swap, memcg. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

#define SWAP_PAGES 6144
#define KSM        "/sys/kernel/mm/ksm/"
#define THP_DIR    "/sys/kernel/mm/transparent_hugepage/"
#define KHUGEPAGED THP_DIR "khugepaged/"
#define SPLIT      "/sys/kernel/debug/split_huge_pages"
#define SPLITS     "thp_split_page"
#define COMPACT    "/proc/sys/vm/compact_memory"
#define NODE1      "/sys/devices/system/node/node1"
#define RECLAIM    GROUP "/memory.reclaim"

/* ---- preparations */

static void mount_disk(void)
{
	mkdir(DISK, 0700);
	if (mount("/dev/vda", DISK, "ext4", 0, NULL))
		die("mount of /dev/vda");
}

static void make_swap(void)
{
	static char header[PAGE];
	uint32_t *info = (uint32_t *)(header + 1024);
	int fd = open(SWAP, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	info[0] = 1;
	info[1] = SWAP_PAGES - 1;
	memcpy(header + PAGE - 10, "SWAPSPACE2", 10);
	if (fd < 0 || posix_fallocate(fd, 0, SWAP_PAGES * PAGE) ||
	    pwrite(fd, header, PAGE, 0) != PAGE || fsync(fd))
		die(SWAP);
	close(fd);
	if (swapon(SWAP, 0))
		die("swapon");
}

static void make_cgroups(void)
{
	mkdir(CGROUPS, 0700);
	if (mount("none", CGROUPS, "cgroup2", 0, NULL))
		die("mount of cgroup2");
	put_text(CGROUPS "/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0700);
	put_text(GROUP "/cgroup.procs", "%d", getpid());
}

void system_prepare(void)
{
	if (!missing_file("/dev/vda"))
		mount_disk();
	if (!missing_file("/proc/swaps") && !missing_file(DISK))
		make_swap();
	make_cgroups();
	put_text(KHUGEPAGED "scan_sleep_millisecs", "20");
	put_text(KHUGEPAGED "alloc_sleep_millisecs", "100");
	put_text(KHUGEPAGED "pages_to_scan", "4096");
	put_text(KSM "sleep_millisecs", "10");
	put_text(KSM "pages_to_scan", "1000");
	put_text(KSM "run", "1");
}

static void kill_all(void)
{
	put_text(GROUP "/cgroup.kill", "1");
	put_text(LIMITED "/cgroup.kill", "1");
	put_text(OOM_GROUP "/cgroup.kill", "1");
	while (wait(NULL) > 0)
		;
}

/* For who comes next in this guest; not all of it need be there. */
void system_restore(void)
{
	kill_all();
	put_text(KSM "run", "0");
	swapoff(SWAP);
	umount2(CGROUPS, MNT_DETACH);
	/* EINVAL: it is not mounted. With the swap in use, it stays. */
	if (!missing_file(DISK) && umount(DISK) && errno != EINVAL)
		die("umount of the disk");
	rmdir(DISK);
}

/* ---- operations */

/* Whether the kernel's counter grows within a second. */
static int wait_for_more(const char *path, const char *key, long before)
{
	long limit = now_ms() + 1000;

	while (now_ms() < limit) {
		if (number_in(path, key) > before)
			return 0;
		nap_us(10000);
	}
	return -EAGAIN;
}

static int write_one(struct op *op, struct span *span)
{
	static const char *const files[] = { COMPACT, "/proc/sys/vm/drop_caches" };

	return put_text(files[op->arg], op->arg ? "3" : "1");
}

/* Until khugepaged has found that a huge page would fit. */
static int khugepaged(struct op *op, struct span *span)
{
	long before = number_in(KHUGEPAGED "pages_collapsed", NULL);

	return span_map_small(span) ?: wait_for_more(KHUGEPAGED "pages_collapsed", NULL, before);
}

static int split(struct op *op, struct span *span)
{
	long before = number_in("/proc/vmstat", SPLITS);
	int ret = span_map_small(span);

	if (!ret)
		ret = call(madvise(span->addr, span->size, ADVICE_COLLAPSE));
	if (!ret)
		ret = put_text(SPLIT, "%d,0x%lx,0x%lx", getpid(), (unsigned long)span->addr,
			       (unsigned long)span->addr + span->size);
	/* Somebody else may have split it. */
	if (!ret && number_in("/proc/vmstat", SPLITS) == before)
		ret = -EAGAIN;
	return ret;
}

/* Pages without stamps, which are all alike. */
static int ksm_merge(struct op *op, struct span *span)
{
	long before = number_in(KSM "pages_sharing", NULL);
	size_t i;

	if (madvise(span->addr, span->size, MADV_DONTNEED))
		return -errno;
	for (i = 0; i < span->pages; i++)
		*(volatile uint64_t *)(span->addr + i * PAGE) = 0;
	return wait_for_more(KSM "pages_sharing", NULL, before);
}

static int ksm_unmerge(struct op *op, struct span *span)
{
	int ret = put_text(KSM "run", "2");

	return put_text(KSM "run", "1") ?: ret;
}

/* Pages that move to the other node. */
static int move_to_node(struct op *op, struct span *span)
{
	void *pages[HUGE_LEN];
	int nodes[HUGE_LEN], status[HUGE_LEN], node = pick(2);
	size_t i, moved = 0;

	for (i = 0; i < span->pages; i++) {
		pages[i] = span->addr + i * PAGE;
		nodes[i] = node;
		status[i] = -1;
	}
	if (syscall(SYS_move_pages, 0, span->pages, pages, nodes, status, MPOL_MF_MOVE) < 0)
		return -errno;
	for (i = 0; i < span->pages; i++)
		moved += status[i] == node;
	return moved ? 0 : -EAGAIN;
}

static int bind_to_node(struct op *op, struct span *span)
{
	unsigned long mask = 1UL << pick(2);
	int ret =
		call(syscall(SYS_mbind, span->addr, span->size, MPOL_BIND, &mask, 3, MPOL_MF_MOVE));

	return call(syscall(SYS_mbind, span->addr, span->size, MPOL_DEFAULT, NULL, 0, 0)) ?: ret;
}

static int migrate_all(struct op *op, struct span *span)
{
	static unsigned int times;
	unsigned long from = 1UL << (times & 1), to = 3 - from;

	times++;
	return call(syscall(SYS_migrate_pages, 0, 3, &from, &to));
}

/* Out, and in again: what was written must come back. */
static int swap_out(struct op *op, struct span *span)
{
	size_t i, swapped = 0;

	span_write(span);
	if (madvise(span->addr, span->size, MADV_PAGEOUT))
		return -errno;
	for (i = 0; i < span->pages; i++)
		swapped += !!(pagemap(span->addr + i * PAGE) & PAGEMAP_SWAPPED);
	span_write(span);
	return swapped ? 0 : -EAGAIN;
}

int swap_off_and_on(struct op *op, struct span *span)
{
	int ret = call(swapoff(SWAP));

	return ret ?: call(swapon(SWAP, 0));
}

static int reclaim(struct op *op, struct span *span)
{
	return put_text(RECLAIM, "1M");
}

/* ---- what there may not be */

static const char *no_compaction(struct op *op)
{
	return missing_file(COMPACT);
}

static const char *no_khugepaged(struct op *op)
{
	return missing_file(KHUGEPAGED "pages_collapsed");
}

static const char *no_split(struct op *op)
{
	const char *missing = no_khugepaged(op) ?: missing_file(SPLIT);

	if (!missing && number_in("/proc/vmstat", SPLITS) < 0)
		missing = "the kernel does not count split pages (CONFIG_VM_EVENT_COUNTERS)";
	return missing;
}

static const char *no_ksm(struct op *op)
{
	return missing_file(KSM "run");
}

static const char *no_numa(struct op *op)
{
	return missing_file(NODE1);
}

const char *no_swap(struct op *op)
{
	return missing_file("/proc/swaps") ?: missing_file(SWAP);
}

static const char *no_reclaim(struct op *op)
{
	return missing_file(RECLAIM);
}

static struct op ops[] = {
	{ .name = "compact", .run = write_one, .missing = no_compaction, .arg = 0 },
	{ .name = "drop-caches", .run = write_one, .arg = 1 },
	{ .name = "khugepaged",
	  .run = khugepaged,
	  .missing = no_khugepaged,
	  .on = THP,
	  .destroys = THP,
	  .flags = WHOLE,
	  .exclusive = true },
	{ .name = "split-huge-page",
	  .run = split,
	  .missing = no_split,
	  .on = THP,
	  .destroys = THP,
	  .flags = WHOLE },
	{ .name = "ksm-merge",
	  .run = ksm_merge,
	  .missing = no_ksm,
	  .on = MERGED,
	  .destroys = MERGED,
	  .flags = WHOLE,
	  .exclusive = true },
	{ .name = "ksm-unmerge", .run = ksm_unmerge, .missing = no_ksm },
	{ .name = "move-pages", .run = move_to_node, .missing = no_numa, .on = EVERY },
	{ .name = "mbind", .run = bind_to_node, .missing = no_numa, .on = EVERY },
	{ .name = "migrate-pages", .run = migrate_all, .missing = no_numa },
	{ .name = "swap-out-and-in",
	  .run = swap_out,
	  .missing = no_swap,
	  .on = ANON | THP,
	  .exclusive = true },
	{ .name = "memcg-reclaim", .run = reclaim, .missing = no_reclaim },
};
struct table system_table = TABLE(ops);
