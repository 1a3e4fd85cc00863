// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which locks a task holds, and in what order classes of locks are taken: an order that closes a
 * circle can deadlock even if it did not this time. Also whether a lock that interrupts take is
 * ever held while they can come.
 */
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/sched/mm.h>

#include "internal.h"

#define HOSTED_CLASSES 192
#define HOSTED_WORDS   (HOSTED_CLASSES / BITS_PER_LONG)

struct hosted_class {
	const char *name;
	unsigned long after[HOSTED_WORDS]; /* classes that were taken while it was held */
	bool in_irq;
	bool irqs_on;
};

/* Class 0 means none. */
static struct hosted_class classes[HOSTED_CLASSES];
static unsigned int last_class;

struct lockdep_map __mmu_notifier_invalidate_range_start_map = {
	.name = "invalidate_range_start",
};
static struct lockdep_map fs_reclaim_map = { .name = "fs_reclaim" };

void lockdep_init_map(struct lockdep_map *map, const char *name, struct lock_class_key *key,
		      int subclass)
{
	memset(map, 0, sizeof(*map));
	map->name = name;
	map->key = key;
}

static unsigned int class_of(struct lockdep_map *map, unsigned int subclass)
{
	struct lock_class_key *key = map->key ?: &map->own;

	hosted_check(map, sizeof(*map));
	if (!map->name)
		hosted_fail("uninitialised lock", "%p", map);
	if (subclass >= HOSTED_SUBCLASSES)
		hosted_fail("lockdep", "%s: subclass %u: only %d are known", map->name, subclass,
			    HOSTED_SUBCLASSES);
	if (!key->id[subclass]) {
		if (last_class + 1 == HOSTED_CLASSES)
			hosted_fail("lockdep", "more than %d classes of locks", HOSTED_CLASSES);
		key->id[subclass] = ++last_class;
		classes[last_class].name = map->name;
	}
	return key->id[subclass];
}

/* Whether b was ever taken, over however many steps, while a was held. */
static bool leads_to(unsigned int a, unsigned int b, unsigned long *seen)
{
	unsigned int next;

	if (test_bit(b, classes[a].after))
		return true;
	__set_bit(a, seen);
	for (next = 1; next <= last_class; next++)
		if (test_bit(next, classes[a].after) && !test_bit(next, seen) &&
		    leads_to(next, b, seen))
			return true;
	return false;
}

static void check_order(const struct hosted_held *held, unsigned int class, unsigned int how)
{
	unsigned long seen[HOSTED_WORDS] = {};

	if (held->class == class) {
		if (how & HOSTED_DEP_NEST)
			return;
		hosted_fail("lock order", "%s is taken by %s, which holds it or one of its class",
			    classes[class].name, current->comm);
	}
	if (test_bit(class, classes[held->class].after))
		return;
	if (leads_to(class, held->class, seen))
		hosted_fail("lock order", "%s is taken under %s by %s, and elsewhere before it",
			    classes[class].name, classes[held->class].name, current->comm);
	__set_bit(class, classes[held->class].after);
}

static void check_irq(unsigned int class)
{
	struct hosted_class *c = &classes[class];

	if (current->in_irq)
		c->in_irq = true;
	else if (!current->irqs_off)
		c->irqs_on = true;
	if (c->in_irq && c->irqs_on)
		hosted_fail("lock order", "%s is taken in interrupts, and with interrupts on",
			    c->name);
}

void hosted_dep_acquire(struct lockdep_map *map, unsigned int subclass, unsigned int how)
{
	struct task_struct *task = current;
	unsigned int i, class = class_of(map, subclass);

	for (i = 0; i < task->held_count && !(how & HOSTED_DEP_TRY); i++)
		check_order(&task->held[i], class, how);
	check_irq(class);
	if (task->held_count == HOSTED_HELD_MAX)
		hosted_fail("lockdep", "%s holds more than %d locks", task->comm, HOSTED_HELD_MAX);
	task->held[task->held_count++] = (struct hosted_held){
		.map = map,
		.class = class,
		.write = !(how & HOSTED_DEP_READ),
	};
}

void hosted_dep_release(struct lockdep_map *map)
{
	struct task_struct *task = current;
	unsigned int i = task->held_count;

	hosted_check(map, sizeof(*map));
	while (i && task->held[i - 1].map != map)
		i--;
	if (!i)
		hosted_fail("unlock", "%s unlocks %s, which it does not hold", task->comm,
			    map->name ?: "an uninitialised lock");
	memmove(&task->held[i - 1], &task->held[i], (task->held_count - i) * sizeof(task->held[0]));
	task->held_count--;
}

void hosted_dep_pass(struct lockdep_map *map)
{
	unsigned long flags = hosted_irq_save();

	hosted_dep_acquire(map, 0, 0);
	hosted_dep_release(map);
	hosted_irq_restore(flags);
}

static const struct hosted_held *find_held(const struct lockdep_map *map)
{
	struct task_struct *task = current;
	unsigned int i;

	for (i = 0; i < task->held_count; i++)
		if (task->held[i].map == map)
			return &task->held[i];
	return NULL;
}

bool hosted_lock_held(const struct lockdep_map *map)
{
	return find_held(map);
}

bool hosted_lock_held_write(const struct lockdep_map *map)
{
	const struct hosted_held *held = find_held(map);

	return held && held->write;
}

void hosted_assert_held(const struct lockdep_map *map, const char *file, int line)
{
	if (!find_held(map))
		hosted_fail("lock not held", "%s:%d: %s by %s", file, line,
			    map->name ?: "an uninitialised lock", current->comm);
}

void lock_map_acquire(struct lockdep_map *map)
{
	hosted_dep_acquire(map, 0, 0);
}

void lock_map_release(struct lockdep_map *map)
{
	hosted_dep_release(map);
}

/* Reclaim unmaps pages, so whatever may reclaim may call back. */
void fs_reclaim_acquire(gfp_t gfp)
{
	if (!gfpflags_allow_blocking(gfp))
		return;
	if (gfp & __GFP_FS)
		lock_map_acquire(&fs_reclaim_map);
	hosted_dep_pass(&__mmu_notifier_invalidate_range_start_map);
}

void fs_reclaim_release(gfp_t gfp)
{
	if (gfpflags_allow_blocking(gfp) && gfp & __GFP_FS)
		lock_map_release(&fs_reclaim_map);
}
