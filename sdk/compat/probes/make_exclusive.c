// SPDX-License-Identifier: GPL-2.0-only
/* 6.15 (599b684a7854): exclusive access of a device to one page. */
/* Needs: make_device_exclusive */
#include <linux/rmap.h>

struct page *probe(struct mm_struct *mm, struct folio **folio)
{
	return make_device_exclusive(mm, 0, NULL, folio);
}
