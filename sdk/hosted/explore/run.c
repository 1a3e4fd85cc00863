// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run of a scenario: from the snapshot, through the choices of a strategy, to the end or to a
 * failure.
 */
#include <signal.h>
#include <string.h>

#include "explorer.h"

#define FREE_STAYS  2
#define CRASH_STACK (64UL << 10)

struct explorer *explorer;

/* A wild access of a task fails the run; one of the explorer itself ends the program. */
static void crashed(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (hosted_running->id)
		hosted_fail("crash", "%s at %p", strsignal(number), info->si_addr);
	signal(number, SIG_DFL);
}

/* On a stack of their own, because that of a task may be what is broken. */
static void catch_crashes(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	struct sigaction action = { .sa_sigaction = crashed,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	stack_t stack = { .ss_sp = hosted_map(0, CRASH_STACK), .ss_size = CRASH_STACK };

	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

void explorer_open(const struct explore_scenario *scenario)
{
	explorer = hosted_map(0, sizeof(*explorer));
	order_open();
	explorer->scenario = scenario;
	catch_crashes();
}

/*
 * What going on with a task costs: 1 if it takes the processor from one that wants to keep it. One
 * that gives way may keep it a few times, but not for ever. A deadline that passes early costs 1.
 */
unsigned int choice_cost(const struct choice *choice, unsigned int next)
{
	if (next == choice->usual)
		return 0;
	if (choice->sleepers >> next & 1)
		return 1;
	if (choice->free)
		return next == choice->current && choice->stays >= FREE_STAYS;
	return 1;
}

static unsigned int in_turn(uint32_t set, unsigned int current)
{
	uint32_t later = set & ~((2U << current) - 1);

	return __builtin_ctz(later ? later : set);
}

static void describe(struct choice *choice, uint32_t runnable, unsigned int current)
{
	bool runs = runnable >> current & 1;
	const struct choice *last = choice - 1;

	choice->sleepers = explorer->scenario->early_timeouts ? hosted_sleepers() & ~1U : 0;
	choice->runnable = runnable | choice->sleepers;
	choice->current = current;
	choice->turn = explorer->threads[current].events;
	choice->stays = explorer->threads[current].stays;
	choice->free = !runs || hosted_tasks[current].next.op == HOSTED_STEP;
	choice->usual = choice->free ? in_turn(runnable, current) : current;
	choice->cost = explorer->length ? last->cost + choice_cost(last, last->chosen) : 0;
}

/* The return addresses of what the running task is about to do, innermost first. */
static void record_frames(void)
{
	unsigned int id = hosted_running->id;
	struct frames *frames = &explorer->record.pending[id];
	const uintptr_t *frame = __builtin_frame_address(0);

	frames->count = 0;
	while ((uintptr_t)frame - hosted_stack(id) < HOSTED_STACK_SIZE &&
	       frames->count < FRAMES_MAX) {
		frames->ip[frames->count++] = (const void *)frame[1];
		frame = (const uintptr_t *)frame[0];
	}
}

static unsigned int choose(uint32_t runnable, unsigned int current)
{
	unsigned int number = explorer->length + 1;
	struct choice *choice = &explorer->choices[number];

	if (number > EVENTS_MAX)
		hosted_fail("livelock", "no end after %d steps", EVENTS_MAX);
	if (explorer->recording)
		record_frames();
	describe(choice, runnable, current);
	choice->chosen = explorer->strategy->choose(choice);
	if (choice->free && choice->chosen == current) {
		explorer->threads[current].stays++;
		explorer->stays += 0xa0761d6478bd642fULL << current;
	}
	if (explorer->recording)
		explorer->record.frames[number] = explorer->record.pending[choice->chosen];
	order_event(choice->chosen);
	if (choice->sleepers >> choice->chosen & 1)
		order_slept(choice->chosen);
	if (explorer->strategy->started)
		explorer->strategy->started();
	return choice->chosen;
}

static void note(const char *text)
{
	struct record *record = &explorer->record;

	if (!explorer->recording || record->notes == sizeof(record->note) / sizeof(record->note[0]))
		return;
	record->note[record->notes].event = explorer->length;
	snprintf(record->note[record->notes].text, sizeof(record->note[0].text), "%s", text);
	record->notes++;
}

static const struct hosted_hooks hooks = {
	.choose = choose,
	.spawned = order_spawned,
	.freed = order_freed,
	.slept = order_slept,
	.woken = order_woken,
	.expired = order_expired,
	.release = order_release,
	.acquire = order_acquire,
	.fence = order_fence,
	.note = note,
};

/* Run what has been spawned to its end. */
static bool run(void)
{
	const struct hosted_failure *failure = hosted_run();

	if (failure)
		explorer->failure = *failure;
	return !failure;
}

static void call(void *arg)
{
	(*(void (*const *)(void))arg)();
}

static bool run_alone(const char *name, void (*const *fn)(void))
{
	if (!*fn)
		return true;
	hosted_spawn(name, call, (void *)fn);
	return run();
}

static void find_leaks(void *arg)
{
	size_t size;

	(void)arg;
	for (unsigned int id = 1; id < HOSTED_TASKS; id++) {
		uintptr_t block = hosted_arena_live(id, explorer->part_end[id], &size);

		if (block)
			hosted_fail("leak", "%zu bytes at %#lx, allocated in this schedule", size,
				    block);
	}
}

static bool leaks(void)
{
	if (explorer->scenario->keeps_memory)
		return false;
	hosted_spawn("leaks", find_leaks, NULL);
	return !run();
}

/* Set-up, the threads at their start, and the snapshot of that. */
bool explorer_setup(void)
{
	const struct explore_scenario *scenario = explorer->scenario;

	hosted_reset();
	if (!run_alone("setup", &scenario->setup))
		return false;
	for (unsigned int i = 0; i < EXPLORE_THREADS && scenario->threads[i].fn; i++)
		hosted_spawn(scenario->threads[i].name, scenario->threads[i].fn,
			     scenario->threads[i].arg);
	for (unsigned int id = 0; id < HOSTED_TASKS; id++)
		explorer->part_end[id] = hosted_part_end(id);
	snapshot_take();
	return true;
}

bool explorer_run(const struct strategy *strategy)
{
	bool passed;

	snapshot_restore();
	order_begin();
	if (explorer->recording)
		memset(&explorer->record, 0, sizeof(explorer->record));
	explorer->race[0] = 0;
	explorer->given_up = false;
	explorer->strategy = strategy;
	if (strategy->begin)
		strategy->begin();
	hosted_hooks = &hooks;
	passed = run();
	hosted_hooks = NULL;
	if (explorer->given_up)
		return true;
	return passed && run_alone("check", &explorer->scenario->check) && !leaks();
}
