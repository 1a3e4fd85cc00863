/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: pages of 4 KiB. */
#ifndef HOSTED_ASM_PAGE_H
#define HOSTED_ASM_PAGE_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#endif
