/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: exclusive access of a device to a page. */
#ifndef _LINUX_RMAP_H
#define _LINUX_RMAP_H

#include <linux/mm.h>

/*
 * Take a page away from the processors; locked, and with a reference. Under mmap_lock. -EOPNOTSUPP
 * if it is not anonymous, else as get_user_pages_remote() for writing.
 */
struct page *make_device_exclusive(struct mm_struct *mm, unsigned long addr, void *owner,
				   struct folio **folio);

#endif
