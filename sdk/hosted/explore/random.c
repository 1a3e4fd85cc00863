// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random schedules that hit rare orders often (probabilistic concurrency testing, after Burckhardt
 * and others): each task has a random priority, the highest one runs, and at up to eight random
 * events the running task falls below all others. One seed is one schedule.
 */
#include "explorer.h"

#define CHANGES_MAX (sizeof(explorer->random.change_at) / sizeof(explorer->random.change_at[0]))

static uint32_t draw(uint32_t below)
{
	uint64_t x = explorer->random.state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return (x >> 32) * below >> 32;
}

static void random_begin(void)
{
	struct random *random = &explorer->random;

	random->state = random->seed;
	random->lowest = EVENTS_MAX;
	for (unsigned int id = 0; id < HOSTED_TASKS; id++)
		random->priority[id] = EVENTS_MAX + 1 + draw(1U << 30);
	random->changes = 1 + draw(CHANGES_MAX);
	for (unsigned int i = 0; i < random->changes; i++)
		random->change_at[i] = 1 + draw(random->length);
}

static unsigned int random_choose(struct choice *choice)
{
	struct random *random = &explorer->random;
	unsigned int number = choice - explorer->choices, best;
	uint32_t awake = choice->runnable & ~choice->sleepers;
	/* Giving way is meant; otherwise a task that waits in a loop would never see its end. */
	bool falls = choice->free && choice->runnable >> choice->current & 1;

	for (unsigned int i = 0; i < random->changes; i++) {
		if (random->change_at[i] != number)
			continue;
		if (choice->sleepers && draw(2))
			return __builtin_ctz(choice->sleepers);
		falls = true;
	}
	if (falls)
		random->priority[choice->current] = random->lowest--;
	best = __builtin_ctz(awake);
	for (uint32_t left = awake; left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		if (random->priority[id] > random->priority[best])
			best = id;
	}
	return best;
}

const struct strategy strategy_random = {
	.begin = random_begin,
	.choose = random_choose,
};
