// SPDX-License-Identifier: GPL-2.0-only
/* kmalloc(): what is allocated is counted, and fails when a scenario says so. */
#include <linux/sched/mm.h>

#include "internal.h"

/* Nobody may rely on what new memory holds. */
#define HOSTED_POISON 0x5a

/* Before each object. */
struct hosted_object {
	struct list_head node;
	const void *caller;
	size_t size;
};

static LIST_HEAD(objects);
static unsigned long count;
static unsigned int fail_in; /* 1: the next one */

void hosted_slab_fail(unsigned int n)
{
	fail_in = n;
}

unsigned long hosted_slab_objects(void)
{
	return count;
}

void hosted_slab_check_empty(void)
{
	const struct hosted_object *object;

	list_for_each_entry(object, &objects, node)
		hosted_fail("leak", "%zu bytes, allocated at %p; %lu objects in all", object->size,
			    object->caller, count);
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
	struct hosted_object *object;

	might_alloc(gfp);
	if (size > SIZE_MAX - sizeof(*object) || fails(gfp))
		return NULL;
	object = hosted_alloc(sizeof(*object) + size);
	object->caller = __builtin_return_address(0);
	object->size = size;
	list_add_tail(&object->node, &objects);
	count++;
	if (!(gfp & __GFP_ZERO))
		memset(object + 1, HOSTED_POISON, size);
	return object + 1;
}

void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *memory = kmalloc(size, gfp);

	return memory ? memcpy(memory, from, size) : NULL;
}

void kfree(const void *memory)
{
	struct hosted_object *object = (struct hosted_object *)memory - 1;

	if (!memory)
		return;
	/* A write for the race detector, and of freed memory a use after free. */
	hosted_point(HOSTED_WRITE, memory, 1);
	list_del(&object->node);
	count--;
	hosted_free(object);
}
