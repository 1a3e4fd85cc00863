// SPDX-License-Identifier: GPL-2.0-only
/* Trees, arrays and memory of the hosted kernel: compared with plain arrays, and what they refuse. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/idr.h>
#include <linux/interval_tree.h>
#include <linux/kfifo.h>
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "hosted.h"

static unsigned int random_number(unsigned int below)
{
	static unsigned int seed = 1;

	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

/* ---- trees */

#define NODES 64
#define SPACE 200

static struct interval_tree_node nodes[NODES];
static bool inserted[NODES];

static bool overlaps(const struct interval_tree_node *node, unsigned long start, unsigned long last)
{
	return node->start <= last && node->last >= start;
}

/* Each node that overlaps is found once, in the order of the starts. */
static void check_overlaps(struct rb_root_cached *root, unsigned long start, unsigned long last)
{
	struct interval_tree_node *node, *before = NULL;
	unsigned int i, expected = 0, found = 0;

	for (i = 0; i < NODES; i++)
		expected += inserted[i] && overlaps(&nodes[i], start, last);
	for (node = interval_tree_iter_first(root, start, last); node;
	     node = interval_tree_iter_next(node, start, last)) {
		check(inserted[node - nodes] && overlaps(node, start, last));
		check(!before || before->start <= node->start);
		before = node;
		found++;
	}
	check(found == expected);
}

static void toggle(struct rb_root_cached *root, unsigned int i)
{
	inserted[i] = !inserted[i];
	if (!inserted[i]) {
		interval_tree_remove(&nodes[i], root);
		return;
	}
	nodes[i].start = random_number(SPACE);
	nodes[i].last = nodes[i].start + random_number(20);
	interval_tree_insert(&nodes[i], root);
}

static void case_interval_tree(void *unused)
{
	struct rb_root_cached root = RB_ROOT_CACHED;
	unsigned long start;
	unsigned int i;

	for (i = 0; i < 4000; i++) {
		toggle(&root, random_number(NODES));
		start = random_number(SPACE);
		check_overlaps(&root, start, start + random_number(30));
	}
	check_overlaps(&root, 0, ULONG_MAX);
	for (i = 0; i < NODES; i++)
		if (inserted[i])
			toggle(&root, i);
	check(!root.rb_root.rb_node);
}
CASE(interval_tree)

static unsigned int depth(const struct rb_node *node)
{
	return node ? 1 + max(depth(node->rb_left), depth(node->rb_right)) : 0;
}

/* Sorted input, which would make a list of a tree that is not balanced. */
static void case_rbtree(void *unused)
{
	static struct interval_tree_node many[1000];
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct rb_node *rb;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(many); i++) {
		many[i].start = many[i].last = i;
		interval_tree_insert(&many[i], &root);
	}
	check(depth(root.rb_root.rb_node) < 40);
	i = 0;
	for (rb = rb_first(&root.rb_root); rb; rb = rb_next(rb))
		check(rb == &many[i++].rb);
	check(i == ARRAY_SIZE(many));
	for (rb = rb_last(&root.rb_root); rb; rb = rb_prev(rb))
		check(rb == &many[--i].rb);
	check(!i);
}
CASE(rbtree)

/* ---- arrays */

#define INDEXES 300

static void *values[INDEXES];

static void check_array(struct xarray *xa, unsigned long first, unsigned long last)
{
	unsigned long index, expected = first;
	void *value;

	xa_for_each_range(xa, index, value, first, last) {
		for (; expected < index; expected++)
			check(!values[expected]);
		check(values[index] == value);
		expected++;
	}
	for (; expected <= last; expected++)
		check(!values[expected]);
}

static void change_array(struct xarray *xa, unsigned long index)
{
	void *value = (void *)(uintptr_t)(8 + 8 * random_number(1000));
	void *old = values[index];

	switch (random_number(4)) {
	case 0:
		check(xa_store(xa, index, value, GFP_KERNEL) == old);
		values[index] = value;
		break;
	case 1:
		check(xa_erase(xa, index) == old);
		values[index] = NULL;
		break;
	case 2:
		check(xa_insert(xa, index, value, GFP_KERNEL) == (old ? -EBUSY : 0));
		values[index] = old ?: value;
		break;
	default:
		check(xa_cmpxchg(xa, index, value, NULL, GFP_KERNEL) == old);
		if (old == value)
			values[index] = NULL;
	}
	check(xa_load(xa, index) == values[index]);
}

static void case_xarray(void *unused)
{
	struct xarray xa;
	unsigned int i;

	xa_init(&xa);
	check(xa_empty(&xa));
	for (i = 0; i < 5000; i++) {
		unsigned long first = random_number(INDEXES);

		change_array(&xa, random_number(INDEXES));
		check_array(&xa, first, first + random_number(INDEXES - first));
	}
	xa_destroy(&xa);
	check(xa_empty(&xa) && !hosted_slab_objects());
}
CASE(xarray)

static void case_xarray_alloc(void *unused)
{
	struct xarray xa;
	u32 id;

	xa_init_flags(&xa, XA_FLAGS_ALLOC1);
	check(!xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 3), GFP_KERNEL) && id == 1);
	check(!xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 3), GFP_KERNEL) && id == 2);
	xa_erase(&xa, 1);
	check(!xa_alloc(&xa, &id, &xa, XA_LIMIT(0, 3), GFP_KERNEL) && id == 1);
	check(!xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 3), GFP_KERNEL) && id == 3);
	check(xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 3), GFP_KERNEL) == -EBUSY);
	hosted_slab_fail(1);
	check(xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 9), GFP_KERNEL) == -ENOMEM);
	hosted_slab_fail(1);
	check(xa_err(xa_store(&xa, 7, &xa, GFP_KERNEL)) == -ENOMEM && !xa_load(&xa, 7));
	xa_destroy(&xa);
}
CASE(xarray_alloc)

static DEFINE_IDA(ids);

static void case_ida(void *unused)
{
	check(ida_alloc(&ids, GFP_KERNEL) == 0);
	check(ida_alloc(&ids, GFP_KERNEL) == 1);
	ida_free(&ids, 0);
	check(ida_alloc(&ids, GFP_KERNEL) == 0);
	ida_free(&ids, 0);
	ida_free(&ids, 1);
	ida_free(&ids, 1);
}
CASE_UNTIL(ida, "warning")

static void case_kfifo(void *unused)
{
	DECLARE_KFIFO(fifo, int, 4);
	int i, value;

	INIT_KFIFO(fifo);
	check(kfifo_is_empty(&fifo) && !kfifo_get(&fifo, &value));
	for (i = 0; i < 4; i++)
		check(kfifo_put(&fifo, i));
	check(kfifo_is_full(&fifo) && !kfifo_put(&fifo, 4));
	kfifo_skip(&fifo);
	check(kfifo_put(&fifo, 4));
	for (i = 1; i < 5; i++)
		check(kfifo_get(&fifo, &value) && value == i);
	check(kfifo_is_empty(&fifo));
}
CASE(kfifo)

static void case_list_twice(void *unused)
{
	LIST_HEAD(head);
	struct list_head entry;

	list_add(&entry, &head);
	list_del(&entry);
	check(list_empty(&head));
	list_del(&entry);
}
CASE_UNTIL(list_twice, "warning")

static void free_kref(struct kref *ref)
{
	(void)ref;
}

static void case_kref_after_zero(void *unused)
{
	struct kref ref;

	kref_init(&ref);
	kref_get(&ref);
	check(!kref_put(&ref, free_kref));
	check(kref_put(&ref, free_kref));
	check(!kref_get_unless_zero(&ref));
	kref_get(&ref);
}
CASE_UNTIL(kref_after_zero, "warning")

/* ---- memory */

static void case_slab(void *unused)
{
	char *memory;

	hosted_slab_fail(2);
	memory = kzalloc(16, GFP_KERNEL);
	check(memory && !memory[0] && !memory[15]);
	check(!kmalloc(16, GFP_KERNEL));
	kfree(memory);
	memory = kmalloc(16, GFP_KERNEL);
	check(memory && memory[3] && hosted_slab_objects() == 1);
	check(!kmalloc_array(SIZE_MAX / 2, 3, GFP_KERNEL));
	kfree(memory);
	kfree(NULL);
	memory = kmemdup("text", 5, GFP_KERNEL);
	check(!strcmp(memory, "text"));
	kfree(memory);
	hosted_slab_check_empty();
}
CASE(slab)

static void case_slab_leak(void *unused)
{
	kmalloc(16, GFP_KERNEL);
	hosted_slab_check_empty();
}
CASE_UNTIL(slab_leak, "leak")

static void case_free_twice(void *unused)
{
	void *memory = kmalloc(16, GFP_KERNEL);

	kfree(memory);
	kfree(memory);
}
CASE_UNTIL(free_twice, "use after free")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interval_tree), cmocka_unit_test(rbtree),
		cmocka_unit_test(xarray),        cmocka_unit_test(xarray_alloc),
		cmocka_unit_test(ida),           cmocka_unit_test(kfifo),
		cmocka_unit_test(list_twice),    cmocka_unit_test(kref_after_zero),
		cmocka_unit_test(slab),          cmocka_unit_test(slab_leak),
		cmocka_unit_test(free_twice),
	};

	return cmocka_run_group_tests_name("hosted_trees", tests, NULL, NULL);
}
