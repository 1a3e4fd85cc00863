// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sleeping lock and an event for the toy programs.
 */
#include "toy.h"

static struct hosted_task *sleepers[HOSTED_TASKS];

void toy_lock(struct toy_lock *lock)
{
	hosted_point(HOSTED_LOCK, lock, sizeof(*lock));
	while (lock->owner) {
		unsigned int slot = __builtin_ctz(~lock->waiters);

		sleepers[slot] = hosted_current();
		lock->waiters |= 1U << slot;
		hosted_block("toy_lock", lock);
	}
	lock->owner = hosted_current();
	hosted_acquire(lock);
}

void toy_unlock(struct toy_lock *lock)
{
	unsigned int waiters;

	hosted_point(HOSTED_UNLOCK, lock, sizeof(*lock));
	if (lock->owner != hosted_current())
		hosted_fail("lock", "toy_unlock by another task than the owner");
	hosted_release(lock);
	lock->owner = NULL;
	waiters = lock->waiters;
	lock->waiters = 0;
	for (; waiters; waiters &= waiters - 1)
		hosted_wake(sleepers[__builtin_ctz(waiters)]);
}

void toy_sleep(struct toy_event *event)
{
	hosted_point(HOSTED_MARKED_WRITE, event, sizeof(*event));
	event->sleeper = hosted_current();
	hosted_block("toy_event", event);
}

bool toy_happened(struct toy_event *event)
{
	hosted_point(HOSTED_MARKED_READ, event, sizeof(*event));
	return event->happened;
}

void toy_happen(struct toy_event *event)
{
	hosted_point(HOSTED_MARKED_WRITE, event, sizeof(*event));
	event->happened = true;
	hosted_point(HOSTED_WAKE, event, sizeof(*event));
	if (event->sleeper)
		hosted_wake(event->sleeper);
}
