// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device. There is none yet, so this file plays it: an engine that copies by the addresses of
 * the program, with a TLB that is filled by the driver. Replace it function by function; HARDWARE
 * says what yours must do there. What is not marked goes away.
 */
#include <linux/highmem.h>
#include <linux/mm.h>

#include "driver.h"

/* HARDWARE: begin, with an empty TLB. */
void demo_hw_init(struct demo_hw *hw)
{
	spin_lock_init(&hw->lock);
}

/* The entry of an address, or NULL. */
static struct demo_entry *find(struct demo_hw *hw, unsigned long addr)
{
	unsigned int i;

	for (i = 0; i < DEMO_ENTRIES; i++)
		if (hw->tlb[i].page && hw->tlb[i].addr == (addr & PAGE_MASK))
			return &hw->tlb[i];
	return NULL;
}

/* HARDWARE, populate: drop a translation in. There is one of an address at most. */
void demo_hw_load(struct demo_hw *hw, const struct demo_entry *entry)
{
	struct demo_entry *place;

	spin_lock(&hw->lock);
	place = find(hw, entry->addr);
	if (!place)
		place = &hw->tlb[hw->next++ % DEMO_ENTRIES];
	*place = *entry;
	spin_unlock(&hw->lock);
}

/* HARDWARE: whether it has a translation of the span, if it can be asked. */
bool demo_hw_loaded(struct demo_hw *hw, unsigned long start, unsigned long end)
{
	bool loaded = false;
	unsigned int i;

	spin_lock(&hw->lock);
	for (i = 0; i < DEMO_ENTRIES; i++)
		if (hw->tlb[i].page && hw->tlb[i].addr >= start && hw->tlb[i].addr < end)
			loaded = true;
	spin_unlock(&hw->lock);
	return loaded;
}

/*
 * HARDWARE, zap, flush and wait in one: when this returns, no access by a translation of the span
 * can reach memory any more. It must not sleep: poll a register. If the device does not confirm
 * within some milliseconds, isolate it here: PCI bus mastering off, and read back.
 */
void demo_hw_flush(struct demo_hw *hw, unsigned long start, unsigned long end)
{
	unsigned int i;

	spin_lock(&hw->lock);
	for (i = 0; i < DEMO_ENTRIES; i++)
		if (hw->tlb[i].addr >= start && hw->tlb[i].addr < end)
			hw->tlb[i].page = NULL;
	spin_unlock(&hw->lock);
}

/* Both ends of a step must be there; false: the fault says which is not. */
static struct demo_entry *translate(struct demo_hw *hw, unsigned long addr, bool write,
				    struct demo_fault *fault)
{
	struct demo_entry *entry = find(hw, addr);

	if (entry && (!write || entry->write))
		return entry;
	*fault = (struct demo_fault){ .addr = addr, .write = write };
	return NULL;
}

/*
 * HARDWARE, doorbell and fault read-out: have it work, and learn what translation it lacks. It
 * tries again when that was dropped in.
 */
bool demo_hw_step(struct demo_hw *hw, unsigned long dst, unsigned long src, size_t len,
		  struct demo_fault *fault)
{
	struct demo_entry *from, *to = NULL;
	char bytes[64];

	spin_lock(&hw->lock);
	from = translate(hw, src, false, fault);
	if (from)
		to = translate(hw, dst, true, fault);
	if (to) {
		len = min(len, sizeof(bytes));
		memcpy_from_page(bytes, from->page, offset_in_page(src), len);
		memcpy_to_page(to->page, offset_in_page(dst), bytes, len);
	}
	spin_unlock(&hw->lock);
	return to;
}
