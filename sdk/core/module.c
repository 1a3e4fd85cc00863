// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SDK inside one driver: its workqueue, its folder in debugfs, the list of its mirrors.
 */
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/workqueue.h>

#include "internal.h"

/* Re-arming workers sit in it for as long as an invalidation is open. NULL: not started. */
struct workqueue_struct *xmmu_wq;

static struct dentry *xmmu_folder;
static LIST_HEAD(xmmu_mirrors);
static DEFINE_MUTEX(xmmu_mirrors_mutex);

void xmmu_driver_add(struct xmmu_mirror *mirror)
{
	mutex_lock(&xmmu_mirrors_mutex);
	list_add_tail(&mirror->driver_node, &xmmu_mirrors);
	mutex_unlock(&xmmu_mirrors_mutex);
}

void xmmu_driver_del(struct xmmu_mirror *mirror)
{
	mutex_lock(&xmmu_mirrors_mutex);
	list_del(&mirror->driver_node);
	mutex_unlock(&xmmu_mirrors_mutex);
}

static void xmmu_show_mirror(struct seq_file *file, const struct xmmu_mirror *mirror)
{
	struct xmmu_stats stats;
	u64 events = 0;
	size_t i;

	xmmu_mirror_stats(mirror, &stats);
	for (i = 0; i < XMMU_STATS_EVENTS; i++)
		events += stats.events[i];
	seq_printf(file,
		   "%p alive %d events %llu nonblock %llu refused %llu filtered %llu zaps %llu "
		   "flushes %llu waits %llu shared %llu wait_ns %llu max %llu callback_max %llu "
		   "commits %llu pages %llu retries %llu cold %llu fixups %llu timeouts %llu "
		   "xfers %llu isolated %llu\n",
		   mirror, xmmu_mirror_alive(mirror), events, stats.nonblock, stats.refused,
		   stats.filtered, stats.zaps, stats.flushes, stats.waits, stats.waits_shared,
		   stats.wait_ns, stats.wait_ns_max, stats.invalidate_ns_max, stats.commits,
		   stats.pages, stats.retries, stats.cold_waits, stats.fixups, stats.timeouts,
		   stats.xfers, stats.isolated);
}

static int mirrors_show(struct seq_file *file, void *unused)
{
	struct xmmu_mirror *mirror;

	mutex_lock(&xmmu_mirrors_mutex);
	list_for_each_entry(mirror, &xmmu_mirrors, driver_node)
		xmmu_show_mirror(file, mirror);
	mutex_unlock(&xmmu_mirrors_mutex);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mirrors);

static int features_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "version %s\ndebug %d\n%s", XMMU_VERSION, IS_ENABLED(XMMU_DEBUG),
		   XMMU_FEATURES_TEXT);
	xmmu_debug_show(file);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(features);

int xmmu_module_init(void)
{
	xmmu_wq = alloc_workqueue("xmmu-" XMMU_DRIVER_NAME, WQ_UNBOUND, 0);
	if (!xmmu_wq)
		return -ENOMEM;
	xmmu_folder = debugfs_create_dir("xmmu-" XMMU_DRIVER_NAME, NULL);
	debugfs_create_file("mirrors", 0400, xmmu_folder, NULL, &mirrors_fops);
	debugfs_create_file("features", 0400, xmmu_folder, NULL, &features_fops);
	xmmu_debug_init(xmmu_folder);
	return 0;
}

void xmmu_module_exit(void)
{
	WARN(!list_empty(&xmmu_mirrors), "xmmu: %s: a mirror is still attached\n",
	     XMMU_DRIVER_NAME);
	debugfs_remove_recursive(xmmu_folder);
	destroy_workqueue(xmmu_wq);
	xmmu_wq = NULL;
	xmmu_debug_exit();
}
