// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places in the engine, of which there are fewer than contexts. Who needs one takes a free one, or
 * that of a context that has nothing to do, or that of the one that has had it for longest; but
 * leaves each the time to get something done.
 *
 * The engine has two parts, as a machine has nodes, and a thread its processor in one of them: a
 * context stays near the thread that uses it. All that is modelled is which places are near.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>

#include "gru.h"

#define GRU_PARTS      2U
#define GRU_PLACES_MAX 64U
/* How long a context keeps its place at least, if it has something to do. */
#define GRU_STAY (HZ / 100 ?: 1)

static unsigned int nr_places = 8;
module_param_named(places, nr_places, uint, 0444);
MODULE_PARM_DESC(places, "How many contexts have a place in the engine at a time, 1 to 64");

static struct gru_place all[GRU_PLACES_MAX];
static DEFINE_MUTEX(places);

static bool is_near(const struct gru_place *place)
{
	return (place - all) % GRU_PARTS == raw_smp_processor_id() % GRU_PARTS;
}

static bool has_work(struct gru_context *context)
{
	bool running;

	spin_lock(&context->lock);
	running = context->running;
	spin_unlock(&context->lock);
	return running;
}

/* 4 is best, 0 no choice. */
static unsigned int merit(const struct gru_place *place)
{
	if (!place->context)
		return is_near(place) ? 4 : 3;
	if (!has_work(place->context))
		return 2;
	return time_after(jiffies, place->since + GRU_STAY);
}

static struct gru_place *choose(void)
{
	struct gru_place *place, *best = &all[0];

	for (place = all; place < all + nr_places; place++)
		if (merit(place) > merit(best) ||
		    (merit(place) == merit(best) && time_before(place->since, best->since)))
			best = place;
	return merit(best) ? best : NULL;
}

/* Its commands stay, and its faults. Whoever waits for them comes to load it again. */
static void evict(struct gru_context *context)
{
	softdev_queue_hold(context->queue, true);
	gru_space_unload(context);
	context->place->context = NULL;
	WRITE_ONCE(context->place, NULL);
	wake_up(&context->wait);
}

static void settle(struct gru_context *context, struct gru_place *place)
{
	place->context = context;
	place->since = jiffies;
	WRITE_ONCE(context->place, place);
	gru_space_load(context);
	softdev_queue_hold(context->queue, false);
	context->loads++;
}

static bool try_take(struct gru_context *context)
{
	struct gru_place *place;

	mutex_lock(&places);
	if (context->place) {
		mutex_unlock(&places);
		return true;
	}
	place = choose();
	if (place && place->context) {
		place->context->steals++;
		evict(place->context);
	}
	if (place)
		settle(context, place);
	mutex_unlock(&places);
	return place;
}

/* The thread has gone to another processor, perhaps: then so does the context, if there is room. */
static void follow(struct gru_context *context)
{
	struct gru_place *place;

	mutex_lock(&places);
	place = choose();
	if (context->place && !is_near(context->place) && place && !place->context &&
	    is_near(place)) {
		evict(context);
		settle(context, place);
		context->moves++;
	}
	mutex_unlock(&places);
}

/* 0 or -EINTR. It may be lost again at once. */
int gru_place_take(struct gru_context *context)
{
	follow(context);
	while (!try_take(context)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		msleep(1);
	}
	return 0;
}

void gru_place_leave(struct gru_context *context)
{
	mutex_lock(&places);
	if (context->place)
		evict(context);
	mutex_unlock(&places);
}

void gru_place_stats(struct gru_context *context, struct xmmu_gru_stats *stats)
{
	mutex_lock(&places);
	stats->loads = context->loads;
	stats->steals = context->steals;
	stats->moves = context->moves;
	mutex_unlock(&places);
}

int gru_places_init(void)
{
	if (nr_places && nr_places <= GRU_PLACES_MAX)
		return 0;
	pr_err("places=%u: give 1 to %u\n", nr_places, GRU_PLACES_MAX);
	return -EINVAL;
}
