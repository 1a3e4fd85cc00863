// SPDX-License-Identifier: GPL-2.0-only
/* Up to 6.4 (removed by ca5e863233e8): get_user_pages_remote() can return the mappings as well. */
/* Needs: get_user_pages_remote */
#include <linux/mm.h>

long probe(struct mm_struct *mm, struct vm_area_struct **vmas)
{
	return get_user_pages_remote(mm, 0, 1, 0, NULL, vmas, NULL);
}
