/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of hugetlbfs can be told, no more. */
#ifndef _LINUX_HUGETLB_H
#define _LINUX_HUGETLB_H

#include <linux/mm.h>

static inline bool is_vm_hugetlb_page(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_HUGETLB;
}

#endif
