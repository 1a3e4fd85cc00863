// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device: page tables, a TLB, a queue of flushes and an interrupt. It is the same for both
 * drivers, and correct only as long as they tell it to forget.
 */
#include <linux/highmem.h>

#include "bench.h"

/* Under the device's lock. */
static void tlb_drop(struct bench_device *device, unsigned long start, unsigned long end)
{
	unsigned int i;

	for (i = 0; i < DEVICE_TLB; i++) {
		if (device->tlb[i].addr >= start && device->tlb[i].addr < end)
			device->tlb[i].entry = 0;
	}
}

static void device_interrupt(struct irq_work *irq)
{
	struct bench_device *device = container_of(irq, struct bench_device, irq);
	struct bench_context *ctx = container_of(device, struct bench_context, device);
	struct device_flush flush;

	spin_lock(&device->lock);
	while (device->tail != device->head) {
		flush = device->queue[device->tail++ % DEVICE_QUEUE];
		tlb_drop(device, flush.start, flush.end);
		device->flushes++;
		spin_unlock(&device->lock);
		device->confirm(ctx, flush.ticket);
		spin_lock(&device->lock);
	}
	spin_unlock(&device->lock);
}

/* Tell the device to forget a span; it confirms by an interrupt. Interrupts are on. */
void device_post(struct bench_device *device, unsigned long start, unsigned long end, u64 ticket)
{
	struct bench_context *ctx = container_of(device, struct bench_context, device);

	if (device->at_once) {
		spin_lock_irq(&device->lock);
		tlb_drop(device, start, end);
		device->flushes++;
		spin_unlock_irq(&device->lock);
		device->confirm(ctx, ticket);
		return;
	}
	/* Drivers post under a lock of theirs; the device takes from the queue by itself. */
	while (device->head - READ_ONCE(device->tail) == DEVICE_QUEUE)
		cpu_relax();
	device->queue[device->head % DEVICE_QUEUE] = (struct device_flush){ start, end, ticket };
	smp_store_release(&device->head, device->head + 1);
	irq_work_queue(&device->irq);
}

/* After the last flush was posted. */
void device_drain(struct bench_device *device)
{
	irq_work_sync(&device->irq);
}

void device_init(struct bench_device *device)
{
	spin_lock_init(&device->lock);
	init_irq_work(&device->irq, device_interrupt);
}

/* An entry by which the device can reach a page, out of the TLB or, if that has none, the table. */
static unsigned long translate(struct bench_device *device, const struct bench_table *table,
			       unsigned long addr)
{
	unsigned int i;

	for (i = 0; i < DEVICE_TLB; i++) {
		if (device->tlb[i].entry && device->tlb[i].addr == addr)
			return device->tlb[i].entry;
	}
	i = device->tlb_next++ % DEVICE_TLB;
	device->tlb[i].addr = addr;
	device->tlb[i].entry = table->entries[(addr - table->start) >> PAGE_SHIFT];
	return device->tlb[i].entry;
}

/*
 * Load or store a word through the translation of its page. The lock of the driver keeps the table
 * as it is, that of the device keeps a flush from being confirmed meanwhile.
 */
int device_access(struct bench_context *ctx, const struct bench_table *table, unsigned long addr,
		  u64 *value, bool store)
{
	struct bench_device *device = &ctx->device;
	unsigned long entry;
	u64 *word;
	int err = 0;

	ctx->driver->lock(ctx);
	spin_lock_irq(&device->lock);
	entry = translate(device, table, addr & PAGE_MASK);
	if (!entry) {
		err = -EFAULT;
	} else if (store && !(entry & ENTRY_WRITE)) {
		err = -EPERM;
	} else {
		word = kmap_local_page(pfn_to_page(entry >> ENTRY_PFN_SHIFT)) +
		       offset_in_page(addr);
		if (store)
			WRITE_ONCE(*word, *value);
		else
			*value = READ_ONCE(*word);
		kunmap_local(word);
	}
	spin_unlock_irq(&device->lock);
	ctx->driver->unlock(ctx);
	return err;
}
