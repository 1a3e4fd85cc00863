// SPDX-License-Identifier: GPL-2.0-only
/* kmalloc(): what is allocated is counted, and fails when a scenario says so. */
#include <linux/sched/mm.h>

#include "internal.h"

/* Nobody may rely on what new memory holds. */
#define HOSTED_POISON 0x5a

static unsigned int fail_in; /* 1: the next one */
static unsigned long objects;

void hosted_slab_fail(unsigned int n)
{
	fail_in = n;
}

unsigned long hosted_slab_objects(void)
{
	return objects;
}

static bool fails(gfp_t gfp)
{
	if (gfp & __GFP_NOFAIL || !fail_in)
		return false;
	return !--fail_in;
}

void might_alloc(gfp_t gfp)
{
	fs_reclaim_acquire(gfp);
	fs_reclaim_release(gfp);
	if (gfpflags_allow_blocking(gfp))
		might_sleep();
}

void *kmalloc(size_t size, gfp_t gfp)
{
	void *memory;

	might_alloc(gfp);
	if (size == SIZE_MAX || fails(gfp))
		return NULL;
	memory = hosted_alloc(size);
	if (!(gfp & __GFP_ZERO))
		memset(memory, HOSTED_POISON, size);
	objects++;
	return memory;
}

void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *memory = kmalloc(size, gfp);

	return memory ? memcpy(memory, from, size) : NULL;
}

void kfree(const void *memory)
{
	if (!memory)
		return;
	/* A write for the race detector, and of freed memory a use after free. */
	hosted_point(HOSTED_WRITE, memory, 1);
	hosted_free((void *)memory);
	objects--;
}
