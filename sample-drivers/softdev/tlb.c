// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TLB: sets and ways, for all address spaces and all sizes of leaves. An address is looked for
 * in one set for each size. Everything is under dev->lock.
 */
#include <linux/slab.h>

#include "internal.h"

static const unsigned int shifts[] = { SOFTDEV_PAGE_SHIFT, SOFTDEV_CONT_SHIFT,
				       SOFTDEV_LARGE_SHIFT };

int softdev_tlb_init(struct softdev *dev)
{
	unsigned int i;

	dev->tlb = kcalloc(dev->params.tlb_sets, sizeof(*dev->tlb), GFP_KERNEL);
	if (!dev->tlb)
		return -ENOMEM;
	for (i = 0; i < dev->params.tlb_sets; i++) {
		dev->tlb[i] =
			kzalloc(struct_size(dev->tlb[i], way, dev->params.tlb_ways), GFP_KERNEL);
		if (!dev->tlb[i])
			return -ENOMEM;
	}
	return 0;
}

void softdev_tlb_free(struct softdev *dev)
{
	unsigned int i;

	for (i = 0; dev->tlb && i < dev->params.tlb_sets; i++)
		kfree(dev->tlb[i]);
	kfree(dev->tlb);
}

static struct softdev_tlb_set *set_of(struct softdev *dev, u64 addr, unsigned int shift)
{
	return dev->tlb[(addr >> shift) & (dev->params.tlb_sets - 1)];
}

static u64 last_of(const struct softdev_leaf *leaf)
{
	return leaf->base + (BIT_ULL(leaf->shift) - 1);
}

static struct softdev_translation *find_in(struct softdev_space *space, u64 addr,
					   unsigned int shift)
{
	struct softdev_tlb_set *set = set_of(space->dev, addr, shift);
	struct softdev_translation *way;

	for (way = set->way; way < set->way + space->dev->params.tlb_ways; way++)
		if (way->space == space && way->leaf.shift == shift &&
		    way->leaf.base >> shift == addr >> shift)
			return way;
	return NULL;
}

static struct softdev_translation *find(struct softdev_space *space, u64 addr)
{
	struct softdev_translation *found = NULL;
	unsigned int i;

	for (i = 0; !found && i < ARRAY_SIZE(shifts); i++)
		found = find_in(space, addr, shifts[i]);
	return found;
}

static struct softdev_translation *victim(struct softdev *dev, struct softdev_tlb_set *set)
{
	struct softdev_translation *way;

	for (way = set->way; way < set->way + dev->params.tlb_ways; way++)
		if (!way->space)
			return way;
	dev->stats.tlb_evictions++;
	return &set->way[set->next++ % dev->params.tlb_ways];
}

/*
 * The first write through an entry walks again, to set DIRTY, and so does one that the entry does
 * not allow: the table may by now.
 */
struct softdev_translation *softdev_translate(struct softdev_space *space, u64 addr, bool write)
{
	struct softdev_translation *found = find(space, addr);
	struct softdev *dev = space->dev;
	struct softdev_leaf leaf;

	if (found && (!write || found->leaf.entry & SOFTDEV_DIRTY)) {
		dev->stats.tlb_hits++;
		return found;
	}
	dev->stats.tlb_misses++;
	if (found)
		found->space = NULL;
	if (!softdev_walk(space, addr, write, &leaf))
		return NULL;
	found = victim(dev, set_of(dev, addr, leaf.shift));
	*found = (struct softdev_translation){ .space = space, .leaf = leaf };
	return found;
}

#define for_each_in_span(translation, set, space, start, end)                                  \
	for (set = (space)->dev->tlb; set < (space)->dev->tlb + (space)->dev->params.tlb_sets; \
	     set++)                                                                            \
		for (translation = (*set)->way;                                                \
		     translation < (*set)->way + (space)->dev->params.tlb_ways; translation++) \
			if (translation->space == (space) && translation->leaf.base < (end) && \
			    last_of(&translation->leaf) >= (start))

void softdev_tlb_drop(struct softdev_space *space, u64 start, u64 end)
{
	struct softdev_translation *translation;
	struct softdev_tlb_set **set;

	for_each_in_span(translation, set, space, start, end)
		translation->space = NULL;
}

/* They have survived an invalidation of the span. */
void softdev_tlb_overtake(struct softdev_space *space, u64 start, u64 end, u64 number)
{
	struct softdev_translation *translation;
	struct softdev_tlb_set **set;

	for_each_in_span(translation, set, space, start, end)
		translation->overtaken = translation->overtaken ?: number;
}

void softdev_tlb_clear(struct softdev *dev)
{
	unsigned int set, way;

	for (set = 0; set < dev->params.tlb_sets; set++)
		for (way = 0; way < dev->params.tlb_ways; way++)
			dev->tlb[set]->way[way].space = NULL;
}
