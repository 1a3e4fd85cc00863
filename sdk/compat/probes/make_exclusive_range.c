// SPDX-License-Identifier: GPL-2.0-only
/* Up to 6.14: exclusive access of a device to a range. */
/* Needs: make_device_exclusive_range */
#include <linux/rmap.h>

int probe(struct mm_struct *mm, struct page **pages)
{
	return make_device_exclusive_range(mm, 0, PAGE_SIZE, pages, NULL);
}
