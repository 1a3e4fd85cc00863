// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's edu device, as far as DMA and its interrupt go: one transfer at a time
 * between its buffer and memory, all bytes at its end; no way to abort it; an
 * interrupt if asked for. Where QEMU would stop because of a bad command the
 * schedule ends.
 */
#include <linux/pci.h>

#include "internal.h"

#define EDU_ID          0x010000edu
#define EDU_BAR         0xfea00000UL
#define EDU_BAR_SIZE    0x100000UL
#define EDU_BUFFER      0x40000UL
#define EDU_BUFFER_SIZE 4096UL
#define EDU_ADDR_MASK   ((1ULL << 28) - 1)
#define EDU_IRQ         42

#define EDU_RUN         0x01
#define EDU_FROM_DEVICE 0x02
#define EDU_RAISE_IRQ   0x04
#define EDU_IRQ_DMA     0x100

enum edu_register {
	EDU_REG_ID = 0x00,
	EDU_REG_STATUS = 0x24,
	EDU_REG_ACK = 0x64,
	EDU_REG_SOURCE = 0x80,
	EDU_REG_TARGET = 0x88,
	EDU_REG_COUNT = 0x90,
	EDU_REG_COMMAND = 0x98,
};

struct hosted_edu {
	struct pci_dev pdev;
	struct hosted_registers registers;
	u64 dma[4]; /* source, target, count, command */
	u32 status;
	bool unplugged;
	u64 transfer_ns;
	unsigned long transfers;
	char buffer[EDU_BUFFER_SIZE];
};

static u64 *dma_register(struct hosted_edu *edu, unsigned int offset)
{
	return &edu->dma[(offset - EDU_REG_SOURCE) / sizeof(u64)];
}

static bool is_dma_register(unsigned int offset)
{
	return offset >= EDU_REG_SOURCE && offset <= EDU_REG_COMMAND && offset % sizeof(u64) == 0;
}

static u64 edu_read(void *model, unsigned int offset, unsigned int size)
{
	struct hosted_edu *edu = model;

	if (edu->unplugged)
		return ~0ULL;
	if (offset == EDU_REG_ID)
		return EDU_ID;
	if (offset == EDU_REG_STATUS)
		return edu->status;
	return is_dma_register(offset) ? *dma_register(edu, offset) : ~0ULL;
}

/* The place in the buffer; a transfer that touches its last byte is too much
 * for QEMU up to 9.0. */
static char *buffer_at(struct hosted_edu *edu, u64 addr, u64 count)
{
	if (addr < EDU_BUFFER || !count || count >= EDU_BUFFER_SIZE ||
	    addr - EDU_BUFFER + count >= EDU_BUFFER_SIZE)
		hosted_fail("device", "edu: %llu bytes at %#llx are not in its buffer", count,
			    addr);
	return edu->buffer + (addr - EDU_BUFFER);
}

static void edu_move(struct hosted_edu *edu)
{
	u64 source = *dma_register(edu, EDU_REG_SOURCE),
	    target = *dma_register(edu, EDU_REG_TARGET);
	u64 count = *dma_register(edu, EDU_REG_COUNT);
	bool from = *dma_register(edu, EDU_REG_COMMAND) & EDU_FROM_DEVICE;
	char *buffer = buffer_at(edu, from ? source : target, count);

	hosted_point(HOSTED_ATOMIC, &edu->pdev.command, sizeof(edu->pdev.command));
	if (!(edu->pdev.command & PCI_COMMAND_MASTER) || edu->unplugged) {
		if (!from)
			memset(buffer, 0, count);
		return;
	}
	edu->pdev.at_memory = true;
	if (from)
		hosted_dma_write(&edu->pdev.dev, target & EDU_ADDR_MASK, buffer, count);
	else
		hosted_dma_read(&edu->pdev.dev, source & EDU_ADDR_MASK, buffer, count);
	edu->pdev.at_memory = false;
	hosted_wake_waiters(&edu->pdev.command);
	edu->transfers++;
}

/* A task for each transfer. */
static void edu_transfer(void *data)
{
	struct hosted_edu *edu = data;

	hosted_acquire(&edu->registers.write);
	if (edu->transfer_ns)
		hosted_block_until("transfer", edu, hosted_now_ns() + edu->transfer_ns);
	edu_move(edu);
	hosted_point(HOSTED_ATOMIC, &edu->registers, sizeof(edu->registers));
	hosted_release(&edu->registers.read);
	*dma_register(edu, EDU_REG_COMMAND) &= ~(u64)EDU_RUN;
	if (!(*dma_register(edu, EDU_REG_COMMAND) & EDU_RAISE_IRQ) || edu->unplugged)
		return;
	edu->status |= EDU_IRQ_DMA;
	hosted_interrupt(EDU_IRQ);
}

/* While a transfer runs its registers do not change, and without RUN a command
 * does nothing. */
static void dma_write(struct hosted_edu *edu, unsigned int offset, u64 value)
{
	if (*dma_register(edu, EDU_REG_COMMAND) & EDU_RUN)
		return;
	if (offset == EDU_REG_COMMAND && !(value & EDU_RUN))
		return;
	*dma_register(edu, offset) = value;
	if (offset == EDU_REG_COMMAND)
		hosted_kthread("edu", edu_transfer, edu);
}

/* Half a register zeroes the other half; registers below 0x80 take 4 bytes
 * only. */
static void edu_write(void *model, unsigned int offset, u64 value, unsigned int size)
{
	struct hosted_edu *edu = model;

	if (edu->unplugged)
		return;
	if (offset == EDU_REG_ACK && size == sizeof(u32))
		edu->status &= ~value;
	else if (is_dma_register(offset))
		dma_write(edu, offset, value);
}

struct hosted_edu *hosted_edu_add(enum hosted_dma_mode mode, u64 transfer_ns)
{
	struct hosted_edu *edu = hosted_alloc(sizeof(*edu));

	hosted_device_init(&edu->pdev.dev, "0000:00:04.0", mode);
	edu->pdev.vendor = 0x1234;
	edu->pdev.device = 0x11e8;
	edu->pdev.irq = EDU_IRQ;
	edu->pdev.resource[0].start = EDU_BAR;
	edu->pdev.resource[0].end = EDU_BAR + EDU_BAR_SIZE - 1;
	edu->transfer_ns = transfer_ns;
	edu->registers = (struct hosted_registers){
		.start = EDU_BAR,
		.size = EDU_BAR_SIZE,
		.read = edu_read,
		.write = edu_write,
		.model = edu,
	};
	hosted_registers_add(&edu->registers);
	hosted_pci_add(&edu->pdev);
	return edu;
}

void hosted_edu_unplug(struct hosted_edu *edu)
{
	hosted_point(HOSTED_ATOMIC, &edu->registers, sizeof(edu->registers));
	edu->unplugged = true;
}

void hosted_edu_unbind(struct hosted_edu *edu)
{
	hosted_pci_unbind(&edu->pdev);
}

void hosted_edu_remove(struct hosted_edu *edu)
{
	hosted_pci_remove(&edu->pdev);
	hosted_registers_remove(&edu->registers);
	if (edu->pdev.refs > 1)
		hosted_fail("leak", "edu: the driver holds %d references", edu->pdev.refs - 1);
	hosted_free(edu);
}

unsigned long hosted_edu_transfers(const struct hosted_edu *edu)
{
	return edu->transfers;
}
