// SPDX-License-Identifier: GPL-2.0-only
/* Memory of the kernel: what is allocated is counted, and fails when a scenario says so. */
#include <linux/sched/mm.h>

#include "internal.h"

/* Nobody may rely on what new memory holds. */
#define HOSTED_POISON 0x5a

/* Before each object; of pages, by itself. */
struct hosted_object {
	struct list_head node;
	const void *caller;
	size_t size;
	struct mem_cgroup *memcg; /* who is charged, or NULL */
	void *pages;
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

/* ---- who pays */

struct mem_cgroup *hosted_memcg_create(void)
{
	struct mem_cgroup *memcg = hosted_alloc(sizeof(*memcg));

	memcg->refs = 1;
	return memcg;
}

struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm)
{
	mm->memcg->refs++;
	return mm->memcg;
}

void mem_cgroup_put(struct mem_cgroup *memcg)
{
	if (memcg && !--memcg->refs)
		hosted_free(memcg);
}

struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	struct mem_cgroup *old = current->active_memcg;

	current->active_memcg = memcg;
	return old;
}

/* A thread of the kernel that says nothing pays nothing. */
static struct mem_cgroup *payer(gfp_t gfp)
{
	if (!(gfp & __GFP_ACCOUNT))
		return NULL;
	if (current->active_memcg)
		return current->active_memcg;
	return current->mm && !(current->flags & PF_KTHREAD) ? current->mm->memcg : NULL;
}

/* ---- objects */

static void object_add(struct hosted_object *object, size_t size, gfp_t gfp, const void *caller)
{
	object->caller = caller;
	object->size = size;
	object->memcg = payer(gfp);
	if (object->memcg) {
		object->memcg->refs++;
		object->memcg->charged += size;
	}
	list_add_tail(&object->node, &objects);
	count++;
}

static void object_del(struct hosted_object *object)
{
	if (object->memcg)
		object->memcg->charged -= object->size;
	mem_cgroup_put(object->memcg);
	list_del(&object->node);
	count--;
	hosted_free(object);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	struct hosted_object *object;

	might_alloc(gfp);
	if (size > SIZE_MAX - sizeof(*object) || fails(gfp))
		return NULL;
	object = hosted_alloc(sizeof(*object) + size);
	object_add(object, size, gfp, __builtin_return_address(0));
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
	object_del(object);
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct hosted_object *object;

	might_alloc(gfp);
	if (fails(gfp))
		return 0;
	object = hosted_alloc(sizeof(*object));
	object->pages = hosted_alloc(PAGE_SIZE << order);
	object_add(object, PAGE_SIZE << order, gfp, __builtin_return_address(0));
	if (!(gfp & __GFP_ZERO))
		memset(object->pages, HOSTED_POISON, object->size);
	return (unsigned long)object->pages;
}

void free_pages(unsigned long addr, unsigned int order)
{
	struct hosted_object *object;

	hosted_point(HOSTED_WRITE, (void *)addr, 1);
	list_for_each_entry(object, &objects, node)
		if (object->pages == (void *)addr && object->size == PAGE_SIZE << order)
			break;
	if (list_entry_is_head(object, &objects, node))
		hosted_fail("wild free", "%lu pages at %#lx", 1UL << order, addr);
	hosted_free(object->pages);
	object_del(object);
}
