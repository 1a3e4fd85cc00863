/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: which devices a driver is for. */
#ifndef HOSTED_LINUX_MOD_DEVICETABLE_H
#define HOSTED_LINUX_MOD_DEVICETABLE_H

#include <linux/types.h>

struct pci_device_id {
	u32 vendor;
	u32 device;
	unsigned long driver_data;
};

#endif
