/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of devices. */
#ifndef _LINUX_MEMREMAP_H
#define _LINUX_MEMREMAP_H

#include <linux/mm.h>

enum memory_type {
	MEMORY_DEVICE_PRIVATE = 1,
	MEMORY_DEVICE_PCI_P2PDMA,
};

struct dev_pagemap {
	enum memory_type type;
	void *owner;
};

bool is_device_private_page(const struct page *page);
bool is_pci_p2pdma_page(const struct page *page);

#endif
