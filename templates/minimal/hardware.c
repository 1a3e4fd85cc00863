// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device. There is none yet, so this file plays it: with a page table, and a TLB of one entry.
 * Replace it function by function; HARDWARE says what yours must do there.
 */
#include <linux/errno.h>
#include <linux/highmem.h>

#include "driver.h"

/* HARDWARE: give the device its page table, and let it begin. */
void demo_hw_init(struct demo_hw *hw)
{
	spin_lock_init(&hw->lock);
}

/* HARDWARE, populate: write the entry of a page. The device may use it at once. */
void demo_hw_set(struct demo_hw *hw, unsigned long index, struct page *page)
{
	spin_lock(&hw->lock);
	hw->entry[index] = page;
	spin_unlock(&hw->lock);
}

/* HARDWARE, zap: clear the entry. The device may go on with what it has cached. */
bool demo_hw_clear(struct demo_hw *hw, unsigned long index)
{
	bool there;

	spin_lock(&hw->lock);
	there = hw->entry[index];
	hw->entry[index] = NULL;
	spin_unlock(&hw->lock);
	return there;
}

/* HARDWARE: whether it could use a translation; with its caches, if they can be read. */
bool demo_hw_has(struct demo_hw *hw, unsigned long index)
{
	bool there;

	spin_lock(&hw->lock);
	there = hw->entry[index] || (hw->cached && hw->cached_index == index);
	spin_unlock(&hw->lock);
	return there;
}

/*
 * HARDWARE, flush: tell it to forget what it has cached, and do not wait. Wait for nothing but its
 * confirmation: when that comes, accesses that had begun are done, too.
 */
void demo_hw_flush(struct demo_hw *hw)
{
	spin_lock(&hw->lock);
	hw->cached = NULL;
	spin_unlock(&hw->lock);
}

/* HARDWARE, isolate: it did not confirm. Cut it off: PCI bus mastering off, and read back. */
void demo_hw_isolate(struct demo_hw *hw)
{
	spin_lock(&hw->lock);
	hw->isolated = true;
	spin_unlock(&hw->lock);
}

/* The device looks into its TLB, and then into its table. */
static struct page *translate(struct demo_hw *hw, unsigned long index)
{
	if (!hw->cached || hw->cached_index != index) {
		hw->cached = hw->entry[index];
		hw->cached_index = index;
	}
	return hw->cached;
}

/* HARDWARE, doorbell: have it read bytes of a page. */
int demo_hw_read(struct demo_hw *hw, unsigned long index, unsigned int offset, void *to,
		 unsigned int len)
{
	struct page *page;
	int ret = 0;

	spin_lock(&hw->lock);
	page = translate(hw, index);
	if (hw->isolated)
		ret = -EIO;
	else if (!page)
		ret = -EFAULT;
	else
		memcpy_from_page(to, page, offset, len);
	spin_unlock(&hw->lock);
	return ret;
}
