// SPDX-License-Identifier: GPL-2.0-only
/* Ends in the wrong order, or under a lock. Never compiled. */
#include <xmmu/xmmu.h>

static void bad_close(struct bad *bad)
{
	spin_lock(&bad->lock);
	list_del(&bad->node);
	xmmu_mirror_detach(&bad->mirror); /* finds: detach-under-lock */
	spin_unlock(&bad->lock);
}

static void bad_remove(struct bad *bad)
{
	xmmu_mirror_lock(&bad->mirror);
	xmmu_range_remove(bad->range); /* finds: detach-under-lock */
	xmmu_mirror_unlock(&bad->mirror);
}

static void good_close(struct bad *bad)
{
	spin_lock(&bad->lock);
	list_del(&bad->node);
	spin_unlock(&bad->lock);
	xmmu_mirror_detach(&bad->mirror);
}

static void bad_look(struct mm_struct *mm)
{
	look(mm);
	mmput(mm); /* finds: mmput */
}

/* The comment says that it was thought about. */
static void good_look(struct mm_struct *mm)
{
	look(mm);
	mmput(mm); /* misuse: mmput, the caller holds nothing */
}

static void __exit bad_exit(void)
{
	xmmu_module_exit();
	misc_deregister(&bad_misc); /* finds: exit-not-last */
}

static void __exit good_exit(void)
{
	misc_deregister(&bad_misc);
	xmmu_module_exit();
}
