// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device. There is none yet, so this file plays it: an engine that copies by the addresses of
 * the program, a walker of the page table, a TLB of one entry, and faults. Replace it function by
 * function; HARDWARE says what yours must do there. What is not marked goes away.
 */
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "driver.h"

/* HARDWARE: give the device its page table, by the address of the root, and let it begin. */
void demo_hw_init(struct demo_hw *hw, u64 root)
{
	spin_lock_init(&hw->lock);
	init_waitqueue_head(&hw->wait);
	hw->root = root;
}

/*
 * HARDWARE, flush: tell it to forget what it has cached of a span, entries and where tables are,
 * and do not wait. When it confirms, accesses that had begun are done; but those that are parked on
 * a fault are not waited for: their service may wait for this very flush.
 */
void demo_hw_flush(struct demo_hw *hw, unsigned long start, unsigned long end)
{
	spin_lock(&hw->lock);
	if (hw->cached_addr >= start && hw->cached_addr < end)
		hw->cached = 0;
	spin_unlock(&hw->lock);
}

/* HARDWARE, isolate: it did not confirm. Cut it off: PCI bus mastering off, and read back. */
void demo_hw_isolate(struct demo_hw *hw)
{
	spin_lock(&hw->lock);
	hw->isolated = true;
	spin_unlock(&hw->lock);
}

/* HARDWARE, fault: play the parked access again if err is 0, else end it with the error. */
void demo_hw_answer(struct demo_hw *hw, u64 fault, int err)
{
	spin_lock(&hw->lock);
	/* Of a fault that was given up nobody wants to hear. */
	if (hw->parked && hw->fault == fault) {
		hw->answer = err;
		WRITE_ONCE(hw->parked, false);
	}
	spin_unlock(&hw->lock);
	wake_up(&hw->wait);
}

/* The walker: the leaf of an address, or 0. The table is the SDK's, its format is in driver.h. */
static u64 walk(u64 table, unsigned long addr)
{
	unsigned int level = DEMO_LEVELS, shift;
	u64 entry = table | DEMO_VALID;

	if (addr >> (PAGE_SHIFT + DEMO_LEVELS * DEMO_BITS))
		return 0;
	while (level-- && entry & DEMO_VALID && !(entry & DEMO_LARGE)) {
		shift = PAGE_SHIFT + level * DEMO_BITS;
		table = entry & DEMO_ADDRESS;
		entry = READ_ONCE(
			((u64 *)phys_to_virt(table))[addr >> shift & (BIT(DEMO_BITS) - 1)]);
	}
	if (entry & DEMO_LARGE)
		entry += addr & ((BIT(DEMO_BITS) - 1) << PAGE_SHIFT);
	return entry;
}

static bool allows(u64 entry, bool write)
{
	return entry & DEMO_VALID && (!write || entry & DEMO_WRITE);
}

/* The TLB, and then the table; that again, too, if the TLB does not allow it. 0: a fault. */
static u64 translate(struct demo_hw *hw, unsigned long addr, bool write)
{
	if (hw->cached_addr != (addr & PAGE_MASK) || !allows(hw->cached, write)) {
		hw->cached_addr = addr & PAGE_MASK;
		hw->cached = walk(hw->root, addr);
	}
	return allows(hw->cached, write) ? hw->cached : 0;
}

/* -EAGAIN: the device has no translation. */
static int access_once(struct demo_hw *hw, unsigned long addr, void *bytes, size_t len, bool write)
{
	struct page *page;
	int ret = 0;
	u64 entry;

	spin_lock(&hw->lock);
	entry = translate(hw, addr, write);
	page = pfn_to_page((entry & DEMO_ADDRESS) >> PAGE_SHIFT);
	if (hw->isolated)
		ret = -EIO;
	else if (!entry)
		ret = -EAGAIN;
	else if (write)
		memcpy_to_page(page, offset_in_page(addr), bytes, len);
	else
		memcpy_from_page(bytes, page, offset_in_page(addr), len);
	spin_unlock(&hw->lock);
	return ret;
}

/* Park, report, and wait for the answer. */
static int fault(struct demo_hw *hw, unsigned long addr, bool write)
{
	u64 number;
	int ret;

	spin_lock(&hw->lock);
	number = ++hw->fault;
	WRITE_ONCE(hw->parked, true);
	spin_unlock(&hw->lock);
	demo_fault_irq(hw, addr, write, number);
	if (wait_event_killable(hw->wait, !READ_ONCE(hw->parked)))
		return -EINTR;
	spin_lock(&hw->lock);
	ret = hw->answer;
	spin_unlock(&hw->lock);
	return ret;
}

static int access(struct demo_hw *hw, unsigned long addr, void *bytes, size_t len, bool write)
{
	int ret;

	while ((ret = access_once(hw, addr, bytes, len, write)) == -EAGAIN) {
		ret = fault(hw, addr, write);
		if (ret)
			break;
	}
	return ret;
}

/* HARDWARE, doorbell: have it work; and do not wait here, but let an interrupt tell of the end. */
int demo_hw_copy(struct demo_hw *hw, unsigned long dst, unsigned long src, size_t len)
{
	char bytes[64];
	size_t step;
	int ret = 0;

	for (; len && !ret; dst += step, src += step, len -= step) {
		step = min3(len, PAGE_SIZE - offset_in_page(src), PAGE_SIZE - offset_in_page(dst));
		step = min(step, sizeof(bytes));
		ret = access(hw, src, bytes, step, false) ?: access(hw, dst, bytes, step, true);
		if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}
