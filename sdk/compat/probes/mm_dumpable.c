// SPDX-License-Identifier: GPL-2.0-only
/* Before 7.3 whether a process may be inspected is kept in its mm, from then on with its task. */
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>

bool probe(struct mm_struct *mm)
{
	return get_dumpable(mm) == SUID_DUMP_USER && mm->user_ns;
}
