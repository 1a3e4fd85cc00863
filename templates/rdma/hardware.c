// SPDX-License-Identifier: GPL-2.0-only
/*
 * The adapter. There is none yet, so this file plays it: with a table for each region, and one
 * entry in its cache. Replace it function by function; HARDWARE says what yours must do there.
 */
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/mm.h>

#include "driver.h"

/* HARDWARE: begin, without a region. */
void demo_hw_init(struct demo_hw *hw)
{
	spin_lock_init(&hw->lock);
}

/*
 * HARDWARE, populate and zap: write an entry, 0 for none. The adapter may use it at once; one that
 * was cleared it may go on using until it is flushed.
 */
void demo_hw_set(struct demo_hw *hw, struct demo_table *table, unsigned long index, u64 entry)
{
	spin_lock(&hw->lock);
	table->entry[index] = entry;
	spin_unlock(&hw->lock);
}

/*
 * HARDWARE, flush: tell it to forget what it has cached, and do not wait. When it confirms,
 * accesses that had begun are done; those that are suspended on a fault are not waited for.
 */
void demo_hw_flush(struct demo_hw *hw)
{
	spin_lock(&hw->lock);
	hw->cached_table = NULL;
	spin_unlock(&hw->lock);
}

/* HARDWARE, isolate: it did not confirm. Cut it off: PCI bus mastering off, and read back. */
void demo_hw_isolate(struct demo_hw *hw)
{
	spin_lock(&hw->lock);
	hw->isolated = true;
	spin_unlock(&hw->lock);
}

static bool allows(u64 entry, bool write)
{
	return entry & XMMU_PERM_READ && (!write || entry & XMMU_PERM_WRITE);
}

/* What is cached, and then the table; that again, too, if what is cached does not allow it. */
static u64 translate(struct demo_hw *hw, const struct demo_table *table, unsigned long index,
		     bool write)
{
	if (hw->cached_table != table || hw->cached_index != index || !allows(hw->cached, write)) {
		hw->cached_table = table;
		hw->cached_index = index;
		hw->cached = table->entry[index];
	}
	return allows(hw->cached, write) ? hw->cached : 0;
}

/*
 * HARDWARE, doorbell and fault read-out: work of a queue. -EAGAIN is a fault: the adapter suspends
 * the queue, says which page it lacks, and goes on when it is told that the page is there.
 */
int demo_hw_access(struct demo_hw *hw, const struct demo_table *table, u64 offset, bool write,
		   u64 *value)
{
	struct page *page;
	int ret = 0;
	u64 entry;

	spin_lock(&hw->lock);
	entry = translate(hw, table, offset >> PAGE_SHIFT, write);
	page = pfn_to_page((entry & XMMU_ODP_ADDRESS) >> PAGE_SHIFT);
	if (hw->isolated)
		ret = -EIO;
	else if (!entry)
		ret = -EAGAIN;
	else if (write)
		memcpy_to_page(page, offset_in_page(offset), (char *)value, sizeof(*value));
	else
		memcpy_from_page((char *)value, page, offset_in_page(offset), sizeof(*value));
	spin_unlock(&hw->lock);
	return ret;
}
