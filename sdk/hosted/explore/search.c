// SPDX-License-Identifier: GPL-2.0-only
/*
 * All schedules with at most so many preemptions, those with fewer first. Reduced, it leaves out
 * schedules in which the same events come in an equivalent order.
 *
 * Each choice that the search comes to is a node, and stays one. What is to be tried there waits in
 * a list for each number of preemptions; a run follows the nodes to the one where it tries
 * something, and makes new ones from there on.
 *
 * Another task is tried at a choice only where an order could come out differently (dynamic
 * partial-order reduction, after Flanagan and Godefroid): when an event depends on an earlier one
 * of another task, its task is tried before that one, wherever that one is tried. As a preemption
 * may be too expensive there, it is also tried at the last choice before it that cost nothing
 * (after Coons, Musuvathi and McKinley).
 *
 * When a running task was preempted after it had been tried itself, it sleeps until something
 * happens that its next event depends on: to let it go on before that comes to the same, and costs
 * no less. Only such tasks: for others the equivalent schedule may have more preemptions.
 *
 * A run is cut where it comes to a node of the same order that could do all it can, and costs no
 * more. What is found behind that node to depend on earlier events is tried on both ways to it.
 *
 * Where deadlines may pass early, a task that goes on because of one can take the processor away
 * for what the deadline costs, and hand it on: an order that is reached in that way only may take
 * one preemption more than without reduction.
 *
 * tests/unit/hosted_search.c compares the orders that are seen with those of the unreduced search.
 */
#include <stdio.h>
#include <stdlib.h>

#include "explorer.h"

#define GRANULE   8 /* as order.c sees dependence */
#define NODES_MAX (1U << 22)
#define LINKS_MAX (1U << 23)

/* A choice that the search has come to. Numbers of nodes and links are from 1. */
struct node {
	struct choice choice;
	uint32_t parent; /* the choice before; there the current task was chosen */
	uint32_t twins;  /* another node of the same order */
	uint32_t joins;  /* links to the last choices of what was cut here */
	uint32_t asked;  /* to be tried, or tried */
	uint32_t tried;
	uint32_t asleep; /* whatever these could do here is equivalent to something tried before */
	uint32_t later;  /* to be tried where the current task was chosen to go on until here */
	uint16_t depth;
	bool usual_hidden; /* the event of the usual task had a hidden effect */
};

/* One of a list of nodes, each with the task that is chosen there. */
struct link {
	uint32_t node;
	uint32_t next;
	uint32_t task; /* or several, a bit for each */
};

static struct node *node_at(uint32_t n)
{
	return &explorer->search.nodes[n];
}

void search_begin(unsigned int limit, bool reduced)
{
	struct search *search = &explorer->search;

	if (!search->nodes) {
		search->nodes = hosted_map_table((NODES_MAX + 1) * sizeof(struct node));
		search->links = hosted_map_table((LINKS_MAX + 1) * sizeof(struct link));
	}
	table_clear(&search->been);
	table_clear(&search->found);
	*search = (struct search){ .nodes = search->nodes,
				   .links = search->links,
				   .limit = limit < BOUND_MAX ? limit : BOUND_MAX,
				   .reduced = reduced };
}

/* Puts a link before a list, if there is room for more. */
static void push(uint32_t *list, uint32_t node, uint32_t task)
{
	struct search *search = &explorer->search;
	uint32_t n = search->unused;

	if (n)
		search->unused = search->links[n].next;
	else if (search->link_count < LINKS_MAX)
		n = ++search->link_count;
	else
		search->full = true;
	if (search->full)
		return;
	search->links[n] = (struct link){ node, *list, task };
	*list = n;
}

static struct link pop(uint32_t *list)
{
	struct search *search = &explorer->search;
	uint32_t n = *list;

	*list = search->links[n].next;
	search->links[n].next = search->unused;
	search->unused = n;
	return search->links[n];
}

static bool only_reads(const struct hosted_access *access)
{
	return access->op == HOSTED_READ || access->op == HOSTED_MARKED_READ;
}

static bool independent(const struct hosted_access *a, const struct hosted_access *b)
{
	return !a->size || !b->size || (only_reads(a) && only_reads(b)) ||
	       (a->addr + a->size - 1) / GRANULE < b->addr / GRANULE ||
	       (b->addr + b->size - 1) / GRANULE < a->addr / GRANULE;
}

/* The current task was not switched to here: it might have been chosen before, for all it costs. */
static bool goes_on(const struct node *node, unsigned int id)
{
	return id == node->choice.current && !node->choice.free;
}

/* Who was asleep at the last node, or fell asleep there, and is not woken by what came of it. */
static uint32_t still_asleep(const struct node *last)
{
	const struct event *event = &explorer->events[explorer->length];
	const struct choice *choice = &last->choice;
	uint32_t asleep = last->asleep, still = 0;

	if (event->hidden)
		return 0;
	if (!choice->free && event->task != choice->current && last->tried >> choice->current & 1 &&
	    !last->usual_hidden)
		asleep |= 1U << choice->current;
	for (uint32_t left = asleep & ~(1U << event->task); left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		if (independent(&event->access, &hosted_tasks[id].next))
			still |= 1U << id;
	}
	return still;
}

/* Have tasks tried at a node, or all, if one of them cannot be. */
static void want(uint32_t n, uint32_t tasks)
{
	struct search *search = &explorer->search;
	struct node *node = node_at(n);

	if (tasks & (~node->choice.runnable | node->asleep))
		tasks = node->choice.runnable;
	for (uint32_t left = tasks & ~node->asked & ~node->asleep; left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);
		unsigned int cost = node->choice.cost + choice_cost(&node->choice, id);

		node->asked |= 1U << id;
		if (cost <= search->limit)
			push(&search->waiting[cost], n, id);
		else
			search->cut = true;
	}
}

/* Have tasks tried where a task that was chosen at a node, or before, was switched to. */
static void want_earlier(uint32_t n, unsigned int id, uint32_t tasks)
{
	if (goes_on(node_at(n), id))
		push(&explorer->search.news, n, tasks);
	else
		want(n, tasks);
}

/* On each way to the node where the task was switched to. */
static void spread(uint32_t n, uint32_t tasks)
{
	struct node *node = node_at(n);
	const struct link *way;

	tasks &= ~node->later;
	if (!tasks)
		return;
	node->later |= tasks;
	for (uint32_t l = node->joins; l; l = way->next) {
		way = &explorer->search.links[l];
		want_earlier(way->node, node->choice.current, tasks);
	}
	want_earlier(node->parent, node->choice.current, tasks);
}

/* Have tasks tried before an event, where it may be too expensive, and where it is not. */
static void want_before(uint32_t n, unsigned int id, uint32_t tasks)
{
	want(n, tasks);
	want_earlier(n, id, tasks);
}

/* By event: tasks of later events that depend on it, and where it has been tried. */
union found {
	uint64_t value;
	struct {
		uint32_t tasks;
		uint32_t places; /* links */
	};
};

static union found *found(const struct event *event)
{
	return (union found *)table_at(&explorer->search.found, event->hash);
}

static void search_conflict(unsigned int earlier)
{
	uint32_t task = 1U << explorer->events[explorer->length].task;
	const struct link *place;
	union found *entry;

	/* What is replayed was found by the run before it. */
	if (!explorer->search.reduced || explorer->length < explorer->search.replayed)
		return;
	entry = found(&explorer->events[earlier]);
	if (entry->tasks & task)
		return;
	entry->tasks |= task;
	for (uint32_t l = entry->places; l; l = place->next) {
		place = &explorer->search.links[l];
		want_before(place->node, place->task, task);
	}
}

/* What was tried last has become an event. */
static void note_event(unsigned int number)
{
	const struct event *event = &explorer->events[number];
	uint32_t n = explorer->search.way[number];
	struct node *node = node_at(n);
	union found *entry;

	if (event->task == node->choice.usual)
		node->usual_hidden = event->hidden;
	if (!explorer->search.reduced)
		return;
	entry = found(event);
	push(&entry->places, n, event->task);
	if (entry->tasks)
		want_before(n, event->task, entry->tasks);
}

/* True if what can be tried here can be tried at another node of the same order for no more. */
static bool covers(const struct node *node, const struct choice *choice, uint32_t asleep)
{
	const struct choice *other = &node->choice;
	unsigned int more = 0;

	if (node->asleep & ~asleep)
		return false;
	if (other->current != choice->current)
		more = !other->free || choice_cost(other, other->current);
	return other->cost + more <= choice->cost;
}

static void __attribute__((noreturn)) give_up(void)
{
	explorer->given_up = true;
	hosted_stop();
}

/* A node that covers this choice, 0 if there is none. */
static uint32_t find_twin(uint32_t n, const struct choice *choice, uint32_t asleep)
{
	while (n && !covers(node_at(n), choice, asleep))
		n = node_at(n)->twins;
	return n;
}

/*
 * Ends the run at a node that covers where it has come to. If the current task goes on, what it
 * finds is of interest where it was switched to in this run, too.
 */
static void __attribute__((noreturn)) join(uint32_t n, const struct choice *choice, uint32_t last)
{
	struct node *node = node_at(n);

	if (!choice->free && node->choice.current == choice->current) {
		push(&node->joins, last, choice->current);
		want_earlier(last, choice->current, node->later);
	}
	give_up();
}

/* The first task that may go on here without being redundant, for no preemption; 0 if none may. */
static unsigned int first_awake(const struct node *node)
{
	const struct choice *choice = &node->choice;

	if (!(node->asleep >> choice->usual & 1))
		return choice->usual;
	for (uint32_t left = choice->runnable & ~node->asleep; left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		if (!choice_cost(choice, id))
			return id;
	}
	return 0;
}

/* By order of what has happened. How often tasks went on makes a difference to what that costs. */
static uint64_t order_now(void)
{
	return explorer->hash + explorer->stays;
}

/* While the event happens, memory comes nearer that is needed when it has. */
static void search_started(void)
{
	const struct search *search = &explorer->search;

	if (!search->reduced || explorer->length < search->replayed)
		return;
	table_prefetch(&search->found, explorer->events[explorer->length].hash);
	table_prefetch(&search->been, order_now());
}

/* The run has come to a choice: a node for it, unless there is one already. */
static uint32_t arrive(const struct choice *choice, unsigned int number)
{
	struct search *search = &explorer->search;
	uint32_t last = number > 1 ? search->way[number - 1] : 0;
	uint32_t asleep = 0, *first = NULL, twin;

	if (search->reduced) {
		asleep = last ? still_asleep(node_at(last)) : 0;
		first = (uint32_t *)table_at(&search->been, order_now());
		twin = find_twin(*first, choice, asleep);
		if (twin)
			join(twin, choice, last);
	}
	if (search->node_count == NODES_MAX) {
		search->full = true;
		give_up();
	}
	search->way[number] = ++search->node_count;
	*node_at(search->node_count) = (struct node){
		.choice = *choice,
		.parent = last,
		.depth = number,
		.asleep = asleep,
		.twins = first ? *first : 0,
	};
	if (first)
		*first = search->node_count;
	return search->node_count;
}

static unsigned int search_choose(struct choice *choice)
{
	struct search *search = &explorer->search;
	unsigned int number = choice - explorer->choices, id;
	uint32_t n;

	if (number <= search->replayed) {
		if (choice->runnable >> search->script[number] & 1)
			return search->script[number];
		fprintf(stderr, "explorer: the scenario is not deterministic\n");
		abort();
	}
	if (number > 1)
		note_event(number - 1);
	n = arrive(choice, number);
	id = search->reduced ? first_awake(node_at(n)) : choice->usual;
	node_at(n)->asked = node_at(n)->tried = 1U << id;
	want(n, search->reduced && id == choice->usual ? choice->sleepers : choice->runnable);
	if (!id)
		give_up();
	return id;
}

/* The next run comes to a node and tries a task there. */
static void lead_to(uint32_t n, unsigned int id)
{
	struct search *search = &explorer->search;

	node_at(n)->tried |= 1U << id;
	search->replayed = node_at(n)->depth;
	while (n) {
		const struct node *node = node_at(n);

		search->way[node->depth] = n;
		search->script[node->depth] = id;
		id = node->choice.current;
		n = node->parent;
	}
}

bool search_next(unsigned int bound)
{
	struct search *search = &explorer->search;

	if (!search->node_count)
		return true;
	if (!explorer->given_up)
		note_event(explorer->length);
	while (search->news) {
		struct link news = pop(&search->news);

		spread(news.node, news.task);
	}
	for (unsigned int cost = 0; cost <= bound && cost <= search->limit; cost++) {
		if (search->waiting[cost] && !search->full) {
			struct link next = pop(&search->waiting[cost]);

			lead_to(next.node, next.task);
			return true;
		}
	}
	return false;
}

bool search_waits(void)
{
	for (unsigned int cost = 0; cost <= BOUND_MAX; cost++) {
		if (explorer->search.waiting[cost])
			return true;
	}
	return false;
}

const struct strategy strategy_search = {
	.choose = search_choose,
	.started = search_started,
	.conflict = search_conflict,
};
