/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: registers of devices. */
#ifndef HOSTED_LINUX_IO_H
#define HOSTED_LINUX_IO_H

#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/types.h>

struct device;

void __iomem *devm_ioremap_resource(struct device *dev, const struct resource *resource);
u32 readl(const volatile void __iomem *addr);
u64 readq(const volatile void __iomem *addr);
void writel(u32 value, volatile void __iomem *addr);
void writeq(u64 value, volatile void __iomem *addr);

#define MEMREMAP_WB 1

/* There is no RAM beside that of the kernel. */
static inline void *memremap(resource_size_t offset, size_t size, unsigned long flags)
{
	return NULL;
}

static inline void memunmap(void *addr)
{
}

#endif
