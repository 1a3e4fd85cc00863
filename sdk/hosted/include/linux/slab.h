/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: memory; counted until it is freed, and failing when a scenario says so. */
#ifndef HOSTED_LINUX_SLAB_H
#define HOSTED_LINUX_SLAB_H

#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/types.h>

void *kmalloc(size_t size, gfp_t gfp);
void kfree(const void *memory);
void *kmemdup(const void *from, size_t size, gfp_t gfp);

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

static inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc(array_size(n, size), gfp);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kzalloc(array_size(n, size), gfp);
}

#define kvmalloc(size, gfp)          kmalloc(size, gfp)
#define kvzalloc(size, gfp)          kzalloc(size, gfp)
#define kvmalloc_array(n, size, gfp) kmalloc_array(n, size, gfp)
#define kvcalloc(n, size, gfp)       kcalloc(n, size, gfp)
#define kvfree(memory)               kfree(memory)

#endif
