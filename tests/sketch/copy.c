// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sketch of a copy engine without an MMU, compiled but never run: each transfer is mapped for DMA by
 * itself, page by page, and an invalidation that hits it waits until it has ended.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "planned.h"

enum { COPY_DMA = 0, COPY_OFFSET = 8, COPY_START = 16, COPY_RESET = 24 };

struct copy_device {
	struct xmmu_mirror mirror;
	struct xmmu_xfer xfer;
	struct completion done;
	int result;
	void __iomem *regs;
};

/* There is no translation to remove: what is in flight, the SDK waits for. */
static void copy_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
}

static void copy_isolate(struct xmmu_mirror *mirror)
{
	struct copy_device *copy = container_of(mirror, struct copy_device, mirror);

	writeq(1, copy->regs + COPY_RESET);
	readq(copy->regs + COPY_RESET);
	copy->result = -EIO;
	complete(&copy->done);
}

static const struct xmmu_ops copy_ops = {
	.zap = copy_zap,
	.isolate = copy_isolate,
};

static int __maybe_unused copy_attach(struct copy_device *copy, struct device *dev)
{
	const struct xmmu_config config = {
		.ops = &copy_ops,
		.policy = XMMU_REFUSE,
		.dma = XMMU_DMA_XFER,
		.dev = dev,
	};

	return xmmu_mirror_attach(&copy->mirror, &config);
}

static irqreturn_t __maybe_unused copy_irq(int irq, void *data)
{
	struct copy_device *copy = data;

	copy->result = xmmu_xfer_end(&copy->xfer);
	complete(&copy->done);
	return IRQ_HANDLED;
}

/* At most to the end of the page of @addr. */
static int copy_piece(struct copy_device *copy, struct xmmu_range *range, unsigned long addr,
		      unsigned int len, u64 offset, enum dma_data_direction dir)
{
	unsigned int flags = dir == DMA_FROM_DEVICE ? XMMU_WRITE : 0;
	unsigned long start = addr & PAGE_MASK;
	struct xmmu_walk walk;
	int ret = 0;

	reinit_completion(&copy->done);
	xmmu_walk_init(&walk, range, start, start + PAGE_SIZE, flags, NULL);
	while (!ret && xmmu_walk_next(&walk)) {
		ret = xmmu_xfer_begin(&walk, &copy->xfer, addr, len, dir);
		if (ret)
			break;
		writeq(copy->xfer.dma, copy->regs + COPY_DMA);
		writeq(offset, copy->regs + COPY_OFFSET);
		writeq((u64)dir << 32 | len, copy->regs + COPY_START);
		xmmu_walk_commit(&walk);
	}
	ret = xmmu_walk_end(&walk) ?: ret;
	if (ret)
		return ret;
	wait_for_completion(&copy->done);
	return copy->result;
}

static int __maybe_unused copy_job(struct copy_device *copy, struct xmmu_range *range,
				   unsigned long addr, unsigned long len, u64 offset,
				   enum dma_data_direction dir)
{
	unsigned int piece;
	int ret = 0;

	for (; len && !ret; addr += piece, offset += piece, len -= piece) {
		piece = min(len, PAGE_SIZE - offset_in_page(addr));
		ret = copy_piece(copy, range, addr, piece, offset, dir);
	}
	return ret;
}
