/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: how memory may be allocated. */
#ifndef HOSTED_LINUX_GFP_H
#define HOSTED_LINUX_GFP_H

#include <asm/page.h>
#include <linux/types.h>

#define __GFP_HIGH           0x01U
#define __GFP_IO             0x02U
#define __GFP_FS             0x04U
#define __GFP_DIRECT_RECLAIM 0x08U
#define __GFP_KSWAPD_RECLAIM 0x10U
#define __GFP_ZERO           0x20U
#define __GFP_NOWARN         0x40U
#define __GFP_ACCOUNT        0x80U
#define __GFP_NOFAIL         0x100U
#define __GFP_HIGHMEM        0x200U
#define __GFP_MOVABLE        0x400U
#define __GFP_NORETRY        0x800U
#define __GFP_RECLAIM        (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)

#define GFP_ATOMIC           (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT           (__GFP_KSWAPD_RECLAIM)
#define GFP_NOIO             (__GFP_RECLAIM)
#define GFP_NOFS             (__GFP_RECLAIM | __GFP_IO)
#define GFP_KERNEL           (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT   (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_USER             GFP_KERNEL
#define GFP_HIGHUSER_MOVABLE (GFP_USER | __GFP_HIGHMEM | __GFP_MOVABLE)

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

/* What an allocation may do even if it happens not to: sleep, and call back through reclaim. */
void might_alloc(gfp_t gfp);

/* Whole pages, at an address that is a multiple of PAGE_SIZE; 0 if there is no memory. */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
void free_pages(unsigned long addr, unsigned int order);

static inline int get_order(unsigned long size)
{
	int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

#endif
