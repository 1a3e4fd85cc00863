// SPDX-License-Identifier: GPL-2.0-only
/* Windows: pieces of address spaces that any queue may name by a key. All but the list is const. */
#include <linux/err.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "internal.h"

struct window {
	struct softdev_window window;
	u64 key;
};

/* Whoever guesses the number of a window still has half of its key to guess. */
static u64 make_key(struct softdev *dev)
{
	u32 number;

	spin_lock(&dev->lock);
	number = ++dev->last_window ?: ++dev->last_window;
	spin_unlock(&dev->lock);
	return (u64)get_random_u32() << 32 | number;
}

int softdev_window_open(const struct softdev_window *window, u64 *key)
{
	struct softdev *dev = window->space->dev;
	struct window *new = kmalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	int error;

	if (!new)
		return -ENOMEM;
	new->window = *window;
	do {
		new->key = make_key(dev);
		*key = new->key;
		error = xa_insert(&dev->windows, (u32) new->key, new, GFP_KERNEL_ACCOUNT);
	} while (error == -EBUSY); /* one that has been there since the last 2^32 */
	if (error)
		kfree(new);
	return error;
}

static struct window *find(struct softdev *dev, u64 key)
{
	struct window *window = xa_load(&dev->windows, (u32)key);

	return window && window->key == key ? window : NULL;
}

/* Of an access without a key: never. Under the lock. */
bool softdev_window_closed(struct softdev *dev, u64 key)
{
	return key && !find(dev, key);
}

static unsigned int right_to(enum softdev_kind kind)
{
	switch (kind) {
	case SOFTDEV_ACCESS_READ:
		return SOFTDEV_MAY_READ;
	case SOFTDEV_ACCESS_WRITE:
		return SOFTDEV_MAY_WRITE;
	default:
		return SOFTDEV_MAY_ATOMIC;
	}
}

/* The address space to which so many words of an access go. Under the lock. */
struct softdev_space *softdev_window_space(struct softdev_queue *queue,
					   const struct softdev_access *access, u64 words)
{
	const struct window *found;
	const struct softdev_window *window;

	if (!access->key.domain)
		return queue->space;
	found = find(queue->space->dev, access->key.key);
	if (!found || found->window.domain != access->key.domain)
		return ERR_PTR(-ENOKEY);
	window = &found->window;
	if (access->addr < window->start || access->addr > window->end ||
	    words > (window->end - access->addr) / SOFTDEV_WORD)
		return ERR_PTR(-ERANGE);
	if (!(window->rights & right_to(access->kind)))
		return ERR_PTR(-EACCES);
	return window->space;
}

void softdev_window_close(struct softdev *dev, u64 key)
{
	struct window *window;

	spin_lock(&dev->lock);
	window = find(dev, key);
	if (window)
		xa_erase(&dev->windows, (u32)key);
	softdev_fault_squash(dev, key);
	spin_unlock(&dev->lock);
	wake_up_all(&dev->progress);
	wait_event(dev->progress, !softdev_uses(dev, key));
	kfree(window);
}
