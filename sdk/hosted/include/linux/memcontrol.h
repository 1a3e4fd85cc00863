/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: who pays for memory. Each address space is a group of its own. */
#ifndef HOSTED_LINUX_MEMCONTROL_H
#define HOSTED_LINUX_MEMCONTROL_H

#include <linux/types.h>

struct mm_struct;

struct mem_cgroup {
	unsigned int refs;
	unsigned long charged; /* bytes that were allocated with __GFP_ACCOUNT */
};

struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm);
void mem_cgroup_put(struct mem_cgroup *memcg);
/* With one reference. */
struct mem_cgroup *hosted_memcg_create(void);

#endif
