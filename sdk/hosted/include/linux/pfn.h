/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: numbers of pages. */
#ifndef HOSTED_LINUX_PFN_H
#define HOSTED_LINUX_PFN_H

#include <asm/page.h>

#define PHYS_PFN(addr) ((unsigned long)((addr) >> PAGE_SHIFT))
#define PFN_PHYS(pfn)  ((phys_addr_t)(pfn) << PAGE_SHIFT)

#endif
