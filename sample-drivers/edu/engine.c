// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's registers: one transfer at a time, 100 ms each, and no way to abort one.
 *
 * That a transfer has ended is read from the device. The interrupt only says when to look: one may
 * be lost, and one may be late and come when the next transfer runs.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/jiffies.h>

#include "edu.h"

#define EDU_IRQ_STATUS  0x24
#define EDU_IRQ_ACK     0x64
#define EDU_DMA_SOURCE  0x80
#define EDU_DMA_TARGET  0x88
#define EDU_DMA_COUNT   0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_RUN         0x01
#define EDU_FROM_DEVICE 0x02
#define EDU_RAISE_IRQ   0x04
#define EDU_IRQ_DMA     0x100
#define EDU_NO_DEVICE   U32_MAX

/* How often to look without an interrupt: several times what a transfer takes. */
#define EDU_POLL_MS 500

/* A device that was unplugged answers with all ones, and moves nothing any more. */
static bool edu_running(struct edu_device *edu)
{
	u32 command = readl(edu->regs + EDU_DMA_COMMAND);

	if (command == EDU_NO_DEVICE)
		WRITE_ONCE(edu->failing, true);
	else if (command & EDU_RUN)
		return true;
	return edu_fault() == EDU_FAULT_NEVER_DONE;
}

/*
 * A reset of the machine does not reset the device: a transfer of whoever drove it before may run
 * on, and its interrupt be pending.
 */
int edu_engine_quiesce(struct edu_device *edu)
{
	unsigned int ms;

	for (ms = 0; readl(edu->regs + EDU_DMA_COMMAND) & EDU_RUN; ms += 10) {
		if (ms >= EDU_POLL_MS)
			return -EBUSY;
		msleep(10);
	}
	writel(readl(edu->regs + EDU_IRQ_STATUS), edu->regs + EDU_IRQ_ACK);
	return 0;
}

/* The address registers are written as a whole: half of one zeroes the other half. */
static void edu_command(struct edu_device *edu, const struct edu_transfer *transfer)
{
	u64 buffer = EDU_BUFFER_ADDR + transfer->offset;
	bool from = transfer->direction == XMMU_EDU_FROM_DEVICE;

	writeq(from ? buffer : transfer->dma, edu->regs + EDU_DMA_SOURCE);
	writeq(from ? transfer->dma : buffer, edu->regs + EDU_DMA_TARGET);
	writeq(transfer->len, edu->regs + EDU_DMA_COUNT);
	writeq(EDU_RUN | EDU_RAISE_IRQ | (from ? EDU_FROM_DEVICE : 0), edu->regs + EDU_DMA_COMMAND);
}

/*
 * Start a transfer; edu_engine_wait() must follow. @xfer is ended when the transfer is, and NULL
 * for the driver's own page.
 */
int edu_engine_start(struct edu_device *edu, const struct edu_transfer *transfer,
		     struct xmmu_xfer *xfer)
{
	unsigned long flags;

	if (!edu_transfer_valid(transfer, DMA_BIT_MASK(edu->dma_bits)))
		return -EINVAL;
	spin_lock_irqsave(&edu->lock, flags);
	edu->busy = true;
	edu->xfer = xfer;
	edu_command(edu, transfer);
	spin_unlock_irqrestore(&edu->lock, flags);
	return 0;
}

/* End the transfer in flight, if it is over or @force says so; whoever clears `busy` does it. */
static bool edu_engine_end(struct edu_device *edu, bool force)
{
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&edu->lock, flags);
	mine = edu->busy && (force || !edu_running(edu));
	if (mine)
		edu->busy = false;
	spin_unlock_irqrestore(&edu->lock, flags);
	if (!mine)
		return false;
	edu->result = edu->xfer ? xmmu_xfer_end(edu->xfer) : 0;
	complete(&edu->done);
	return true;
}

irqreturn_t edu_engine_irq(int irq, void *data)
{
	struct edu_device *edu = data;
	u32 status = readl(edu->regs + EDU_IRQ_STATUS);

	if (!status || status == EDU_NO_DEVICE)
		return IRQ_NONE;
	writel(status, edu->regs + EDU_IRQ_ACK);
	if (status & EDU_IRQ_DMA && edu_fault() != EDU_FAULT_LOST_IRQ)
		edu_engine_end(edu, false);
	return IRQ_HANDLED;
}

/*
 * Wait until the transfer that was started has ended. One that does not end may be mapped until
 * the device is cut off, which `dead` says: an invalidation may be just about to.
 */
int edu_engine_wait(struct edu_device *edu, struct xmmu_mirror *mirror)
{
	unsigned long limit = jiffies + msecs_to_jiffies(edu_timeout_ms);

	while (!wait_for_completion_timeout(&edu->done, msecs_to_jiffies(EDU_POLL_MS))) {
		if (edu_engine_end(edu, false))
			atomic64_inc(&edu->lost_interrupts);
		else if (time_after(jiffies, limit))
			xmmu_mirror_isolate(mirror);
		if (smp_load_acquire(&edu->dead))
			edu_engine_end(edu, true);
	}
	return READ_ONCE(edu->failing) ? -EIO : edu->result;
}

/* Read back, so that on return no access is under way any more. */
void edu_engine_isolate(struct edu_device *edu)
{
	u16 command;

	/*
	 * What the device drops once it is cut off looks to it as if it had moved. Writes to memory
	 * come before later ones to a device.
	 */
	WRITE_ONCE(edu->failing, true);
	pci_clear_master(edu->pdev);
	pci_read_config_word(edu->pdev, PCI_COMMAND, &command);
	smp_store_release(&edu->dead, true);
	dev_err(&edu->pdev->dev, "a transfer did not end, the device is cut off%s\n",
		command & PCI_COMMAND_MASTER ? " in vain: it still reaches memory" : "");
}
