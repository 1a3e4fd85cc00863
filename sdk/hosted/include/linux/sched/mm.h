/* SPDX-License-Identifier: GPL-2.0-only */
/* References to address spaces. */
#ifndef _LINUX_SCHED_MM_H
#define _LINUX_SCHED_MM_H

#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm_types.h>
#include <linux/sched.h>

void mmgrab(struct mm_struct *mm);
void mmdrop(struct mm_struct *mm);
void mmget(struct mm_struct *mm);
bool mmget_not_zero(struct mm_struct *mm);
void mmput(struct mm_struct *mm);
void mmput_async(struct mm_struct *mm);
struct mm_struct *get_task_mm(struct task_struct *task);

/* A driver tells lockdep with them what its locks nest inside of. */
void fs_reclaim_acquire(gfp_t gfp_mask);
void fs_reclaim_release(gfp_t gfp_mask);

/* Who is charged for what the current task allocates: NULL: its own group. Returns who was. */
struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg);

#endif
