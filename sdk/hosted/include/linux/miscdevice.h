/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: device files by name. */
#ifndef HOSTED_LINUX_MISCDEVICE_H
#define HOSTED_LINUX_MISCDEVICE_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/list.h>

#define MISC_DYNAMIC_MINOR 255

struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	struct list_head list;
	struct device *parent;
	umode_t mode;
};

int misc_register(struct miscdevice *misc);
void misc_deregister(struct miscdevice *misc);

#endif
