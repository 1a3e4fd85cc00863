/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: the order of locks, which classes of them are held. */
#ifndef HOSTED_LINUX_LOCKDEP_H
#define HOSTED_LINUX_LOCKDEP_H

#include <linux/bug.h>
#include <linux/types.h>

#define HOSTED_SUBCLASSES    3
#define SINGLE_DEPTH_NESTING 1

/* Locks that are initialised at the same place are a class; 0: the class was not used yet. */
struct lock_class_key {
	unsigned char id[HOSTED_SUBCLASSES];
};

struct lockdep_map {
	const char *name;
	struct lock_class_key *key; /* NULL: a class of its own */
	struct lock_class_key own;
};

#define __DEP_MAP_INIT(_name)   \
	{                       \
		.name = (_name) \
	}
#define STATIC_LOCKDEP_MAP_INIT(_name, _key) \
	{                                    \
		.name = (_name)              \
	}

void lockdep_init_map(struct lockdep_map *map, const char *name, struct lock_class_key *key,
		      int subclass);
void lock_map_acquire(struct lockdep_map *map);
void lock_map_release(struct lockdep_map *map);
bool hosted_lock_held(const struct lockdep_map *map);
bool hosted_lock_held_write(const struct lockdep_map *map);
void hosted_assert_held(const struct lockdep_map *map, const char *file, int line);

#define lockdep_is_held(lock)     hosted_lock_held(&(lock)->dep_map)
#define lockdep_assert_held(lock) hosted_assert_held(&(lock)->dep_map, __FILE__, __LINE__)
#define lockdep_assert_held_write(lock) \
	((void)WARN(!hosted_lock_held_write(&(lock)->dep_map), "lock is not held for writing"))
#define lockdep_assert_not_held(lock) ((void)WARN(lockdep_is_held(lock), "lock is held"))

/* Held around the callbacks that announce an invalidation, which reclaim does too. */
extern struct lockdep_map __mmu_notifier_invalidate_range_start_map;

#endif
