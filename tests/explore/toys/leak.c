// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both threads find no object yet, and both make one.
 *
 * Finds: leak
 */
#include "toy.h"

static int *object;

static void make(void *arg)
{
	int *mine;

	(void)arg;
	if (READ_ONCE(object))
		return;
	mine = hosted_alloc(sizeof(*mine));
	WRITE_ONCE(object, mine);
}

static void check(void)
{
	hosted_free(object);
}

const struct explore_scenario explore_scenario = {
	.name = "leak",
	.about = "an object is made twice",
	.threads = { { "first", make }, { "second", make } },
	.check = check,
};
