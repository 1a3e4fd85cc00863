// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sparse arrays, and numbers that are given out once. Each operation happens at once: writers are
 * ordered among themselves, and a reader after the writer of what it finds.
 */
#include <linux/idr.h>
#include <linux/xarray.h>

#include "internal.h"

struct xa_entry {
	struct rb_node rb;
	unsigned long index;
	void *pointer; /* NULL: reserved */
};

static struct xa_entry *to_entry(struct rb_node *rb)
{
	return rb ? rb_entry(rb, struct xa_entry, rb) : NULL;
}

/* The first at the index or beyond it. */
static struct xa_entry *entry_from(const struct xarray *xa, unsigned long index)
{
	struct rb_node *rb = xa->entries.rb_node;
	struct xa_entry *found = NULL;

	while (rb) {
		if (to_entry(rb)->index >= index)
			found = to_entry(rb);
		rb = to_entry(rb)->index >= index ? rb->rb_left : rb->rb_right;
	}
	return found;
}

static struct xa_entry *entry_at(const struct xarray *xa, unsigned long index)
{
	struct xa_entry *entry = entry_from(xa, index);

	return entry && entry->index == index ? entry : NULL;
}

static void begin_read(const struct xarray *xa)
{
	hosted_point(HOSTED_MARKED_READ, xa, sizeof(*xa));
	hosted_check(xa, sizeof(*xa));
}

/* The array's own lock; a caller may hold locks that interrupts take. */
static void begin_write(struct xarray *xa)
{
	hosted_dep_pass(&xa->xa_lock.dep_map);
	hosted_point(HOSTED_ATOMIC, xa, sizeof(*xa));
	hosted_check(xa, sizeof(*xa));
	hosted_acquire(xa);
	hosted_release(xa);
}

static void *found(struct xa_entry *entry)
{
	if (!entry)
		return NULL;
	hosted_acquire(entry);
	return entry->pointer;
}

static int entry_insert(struct xarray *xa, unsigned long index, void *pointer)
{
	struct rb_node **link = &xa->entries.rb_node, *parent = NULL;
	struct xa_entry *entry = kzalloc(sizeof(*entry), GFP_ATOMIC);

	if (!entry)
		return -ENOMEM;
	entry->index = index;
	entry->pointer = pointer;
	hosted_release(entry);
	while (*link) {
		parent = *link;
		link = index < to_entry(parent)->index ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&entry->rb, parent, link);
	hosted_rb_insert(&entry->rb, &xa->entries, NULL);
	return 0;
}

/* What was there. With NULL the entry goes. */
static void *entry_replace(struct xarray *xa, struct xa_entry *entry, void *pointer)
{
	void *old = found(entry);

	entry->pointer = pointer;
	hosted_release(entry);
	if (!pointer) {
		hosted_rb_erase(&entry->rb, &xa->entries, NULL);
		kfree(entry);
	}
	return old;
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	begin_read(xa);
	return found(entry_at(xa, index));
}

void *xa_store(struct xarray *xa, unsigned long index, void *pointer, gfp_t gfp)
{
	struct xa_entry *entry;
	int error;

	might_alloc(gfp);
	begin_write(xa);
	entry = entry_at(xa, index);
	if (entry)
		return entry_replace(xa, entry, pointer);
	error = pointer ? entry_insert(xa, index, pointer) : 0;
	return error ? ERR_PTR(error) : NULL;
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	struct xa_entry *entry;

	begin_write(xa);
	entry = entry_at(xa, index);
	return entry ? entry_replace(xa, entry, NULL) : NULL;
}

void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *pointer, gfp_t gfp)
{
	struct xa_entry *entry;
	int error;

	might_alloc(gfp);
	begin_write(xa);
	entry = entry_at(xa, index);
	if (found(entry) != old)
		return found(entry);
	if (entry)
		return entry_replace(xa, entry, pointer);
	error = pointer ? entry_insert(xa, index, pointer) : 0;
	return error ? ERR_PTR(error) : NULL;
}

int xa_insert(struct xarray *xa, unsigned long index, void *pointer, gfp_t gfp)
{
	might_alloc(gfp);
	begin_write(xa);
	return entry_at(xa, index) ? -EBUSY : entry_insert(xa, index, pointer);
}

int xa_alloc(struct xarray *xa, u32 *id, void *pointer, struct xa_limit limit, gfp_t gfp)
{
	unsigned long index = limit.min;
	struct xa_entry *entry;
	int error;

	WARN(!(xa->flags & XA_FLAGS_TRACK_FREE), "xa_alloc() in an array that is not for it");
	if (xa->flags & XA_FLAGS_ZERO_BUSY && !index)
		index = 1;
	might_alloc(gfp);
	begin_write(xa);
	for (entry = entry_from(xa, index); entry && entry->index == index;
	     entry = to_entry(rb_next(&entry->rb)))
		index++;
	if (index > limit.max)
		return -EBUSY;
	error = entry_insert(xa, index, pointer);
	if (!error)
		*id = index;
	return error;
}

bool xa_empty(const struct xarray *xa)
{
	begin_read(xa);
	return !xa->entries.rb_node;
}

void xa_destroy(struct xarray *xa)
{
	begin_write(xa);
	while (xa->entries.rb_node)
		entry_replace(xa, to_entry(xa->entries.rb_node), NULL);
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, unsigned int filter)
{
	struct xa_entry *entry;

	begin_read(xa);
	entry = entry_from(xa, *index);
	if (!entry || entry->index > max)
		return NULL;
	*index = entry->index;
	return found(entry);
}

void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max, unsigned int filter)
{
	if (*index == ULONG_MAX)
		return NULL;
	++*index;
	return xa_find(xa, index, max, filter);
}

/* ---- numbers: an entry for each that is in use */

int ida_alloc(struct ida *ida, gfp_t gfp)
{
	u32 id;
	int error = xa_alloc(&ida->xa, &id, ida, XA_LIMIT(0, INT_MAX), gfp);

	return error ?: (int)id;
}

void ida_free(struct ida *ida, unsigned int id)
{
	WARN(!xa_erase(&ida->xa, id), "ida_free(%u), which is not in use", id);
}

void ida_destroy(struct ida *ida)
{
	xa_destroy(&ida->xa);
}
