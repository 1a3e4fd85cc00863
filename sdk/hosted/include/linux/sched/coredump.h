/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a process may be inspected. */
#ifndef _LINUX_SCHED_COREDUMP_H
#define _LINUX_SCHED_COREDUMP_H

#include <linux/mm_types.h>

#define SUID_DUMP_DISABLE 0
#define SUID_DUMP_USER    1

static inline int get_dumpable(struct mm_struct *mm)
{
	return READ_ONCE(mm->dumpable);
}

#endif
