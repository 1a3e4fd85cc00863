// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last user frees an object, but the count of users is looked at outside of the lock.
 *
 * Finds: use after free
 */
#include "toy.h"

struct object {
	struct toy_lock lock;
	int users;
};

static struct object *object;

static void setup(void)
{
	object = hosted_alloc(sizeof(*object));
	object->users = 2;
}

static void put(void *arg)
{
	bool last;

	(void)arg;
	toy_lock(&object->lock);
	WRITE_ONCE(object->users, object->users - 1);
	last = object->users == 0;
	toy_unlock(&object->lock);
	if (last)
		hosted_free(object);
	else
		explore_assert(READ_ONCE(object->users) <= 1);
}

const struct explore_scenario explore_scenario = {
	.name = "use_after_free",
	.about = "looks at an object after it has given up its reference",
	.setup = setup,
	.threads = { { "first", put }, { "second", put } },
};
