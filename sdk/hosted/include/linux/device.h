/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: devices, and what is undone when their driver lets go of them. */
#ifndef HOSTED_LINUX_DEVICE_H
#define HOSTED_LINUX_DEVICE_H

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sysfs.h>

enum hosted_dma_mode {
	HOSTED_DMA_DIRECT,
	HOSTED_DMA_IOMMU,  /* translated, addresses within the mask */
	HOSTED_DMA_BOUNCE, /* copied through buffers within the mask */
};

struct device {
	const char *name;
	void *driver_data;
	struct list_head actions; /* undone in reverse order */
	struct list_head mappings;
	u64 dma_mask;
	enum hosted_dma_mode dma_mode;
};

/* A device on no bus. */
struct device *root_device_register(const char *name);
void root_device_unregister(struct device *dev);

int devm_add_action(struct device *dev, void (*action)(void *data), void *data);
int devm_add_action_or_reset(struct device *dev, void (*action)(void *data), void *data);

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

#define dev_err(dev, format, ...)  _printk("%s: " format, (dev)->name, ##__VA_ARGS__)
#define dev_warn(dev, format, ...) _printk("%s: " format, (dev)->name, ##__VA_ARGS__)
#define dev_info(dev, format, ...) _printk("%s: " format, (dev)->name, ##__VA_ARGS__)
#define dev_dbg(dev, format, ...)  _printk("%s: " format, (dev)->name, ##__VA_ARGS__)
#define dev_err_probe(dev, error, format, ...)                             \
	({                                                                 \
		int __error = (error);                                     \
		dev_err(dev, "error %d: " format, __error, ##__VA_ARGS__); \
		__error;                                                   \
	})

#endif
