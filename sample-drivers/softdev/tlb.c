// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TLB: sets and ways, for all address spaces and all sizes of leaves; an address space without
 * tables has one of its own. An address is looked for in one set for each size. Everything is under
 * dev->lock.
 */
#include <linux/slab.h>

#include "internal.h"

static const unsigned int shifts[] = { SOFTDEV_PAGE_SHIFT, SOFTDEV_CONT_SHIFT,
				       SOFTDEV_LARGE_SHIFT };

int softdev_tlb_init(struct softdev_tlb *tlb, unsigned int sets, unsigned int ways)
{
	unsigned int i;

	tlb->set = kcalloc(sets, sizeof(*tlb->set), GFP_KERNEL_ACCOUNT);
	if (!tlb->set)
		return -ENOMEM;
	tlb->sets = sets;
	tlb->ways = ways;
	for (i = 0; i < sets; i++) {
		tlb->set[i] = kzalloc(struct_size(tlb->set[i], way, ways), GFP_KERNEL_ACCOUNT);
		if (!tlb->set[i])
			return -ENOMEM;
	}
	return 0;
}

/* Also one that was made in part, or not at all. */
void softdev_tlb_free(struct softdev_tlb *tlb)
{
	unsigned int i;

	for (i = 0; i < tlb->sets; i++)
		kfree(tlb->set[i]);
	kfree(tlb->set);
}

static struct softdev_tlb *tlb_of(struct softdev_space *space)
{
	return space->own_tlb.set ? &space->own_tlb : &space->dev->tlb;
}

static struct softdev_tlb_set *set_of(struct softdev_space *space, u64 addr, unsigned int shift)
{
	struct softdev_tlb *tlb = tlb_of(space);

	return tlb->set[(addr >> shift) & (tlb->sets - 1)];
}

static u64 last_of(const struct softdev_leaf *leaf)
{
	return leaf->base + (BIT_ULL(leaf->shift) - 1);
}

static struct softdev_translation *find_in(struct softdev_space *space, u64 addr,
					   unsigned int shift)
{
	struct softdev_tlb_set *set = set_of(space, addr, shift);
	struct softdev_translation *way;

	for (way = set->way; way < set->way + tlb_of(space)->ways; way++)
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

/* Where one more can be; what was there goes. */
static struct softdev_translation *victim(struct softdev_space *space, u64 addr, unsigned int shift)
{
	struct softdev_tlb_set *set = set_of(space, addr, shift);
	unsigned int ways = tlb_of(space)->ways;
	struct softdev_translation *way;

	for (way = set->way; way < set->way + ways; way++)
		if (!way->space)
			return way;
	space->dev->stats.tlb_evictions++;
	return &set->way[set->next++ % ways];
}

static struct softdev_translation *load(struct softdev_space *space,
					const struct softdev_leaf *leaf)
{
	struct softdev_translation *way = victim(space, leaf->base, leaf->shift);

	*way = (struct softdev_translation){
		.space = space,
		.leaf = *leaf,
		.serial = ++space->dev->serial,
	};
	return way;
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
	return load(space, &leaf);
}

/* What a driver drops in, whole as it is: there is no table to set bits in. */
void softdev_dropin(struct softdev_space *space, u64 addr, u64 entry)
{
	const struct softdev_leaf leaf = {
		.base = addr & -SOFTDEV_PAGE,
		.shift = SOFTDEV_PAGE_SHIFT,
		.entry = entry | (entry & SOFTDEV_WRITE ? SOFTDEV_DIRTY : 0),
	};
	struct softdev_translation *found;

	spin_lock(&space->dev->lock);
	found = find(space, addr);
	if (found)
		found->space = NULL;
	if (!space->isolated && !space->dev->gone)
		load(space, &leaf);
	spin_unlock(&space->dev->lock);
}

#define for_each_in_span(translation, i, tlb, space, start, end)                               \
	for (i = 0; i < (tlb)->sets; i++)                                                      \
		for (translation = (tlb)->set[i]->way;                                         \
		     translation < (tlb)->set[i]->way + (tlb)->ways; translation++)            \
			if (translation->space == (space) && translation->leaf.base < (end) && \
			    last_of(&translation->leaf) >= (start))

void softdev_tlb_drop(struct softdev_space *space, u64 start, u64 end)
{
	struct softdev_tlb *tlb = tlb_of(space);
	struct softdev_translation *translation;
	unsigned int i;

	for_each_in_span(translation, i, tlb, space, start, end)
		translation->space = NULL;
}

bool softdev_loaded(struct softdev_space *space, u64 start, u64 end)
{
	struct softdev_tlb *tlb = tlb_of(space);
	struct softdev_translation *translation;
	bool loaded = false;
	unsigned int i;

	spin_lock(&space->dev->lock);
	for_each_in_span(translation, i, tlb, space, start, end)
		loaded = true;
	spin_unlock(&space->dev->lock);
	return loaded;
}

/* They have survived an invalidation of the span that they should not have. */
void softdev_tlb_overtake(struct softdev_space *space, u64 start, u64 end, u64 number, u64 before)
{
	struct softdev_tlb *tlb = tlb_of(space);
	struct softdev_translation *translation;
	unsigned int i;

	for_each_in_span(translation, i, tlb, space, start, end)
		if (translation->serial <= before)
			translation->overtaken = translation->overtaken ?: number;
}

static void clear(struct softdev_tlb *tlb)
{
	unsigned int set, way;

	for (set = 0; set < tlb->sets; set++)
		for (way = 0; way < tlb->ways; way++)
			tlb->set[set]->way[way].space = NULL;
}

void softdev_tlb_clear(struct softdev *dev)
{
	struct softdev_space *space;
	unsigned long number;

	clear(&dev->tlb);
	xa_for_each(&dev->spaces, number, space)
		clear(&space->own_tlb);
}
