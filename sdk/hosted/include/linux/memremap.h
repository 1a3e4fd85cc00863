/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of devices. */
#ifndef _LINUX_MEMREMAP_H
#define _LINUX_MEMREMAP_H

#include <linux/ioport.h>
#include <linux/mm.h>

enum memory_type {
	MEMORY_DEVICE_PRIVATE = 1,
	MEMORY_DEVICE_COHERENT,
	MEMORY_DEVICE_PCI_P2PDMA,
};

struct dev_pagemap_ops {
	void (*folio_free)(struct folio *folio);
	vm_fault_t (*migrate_to_ram)(struct vm_fault *vmf);
};

struct range {
	u64 start;
	u64 end;
};

struct dev_pagemap {
	enum memory_type type;
	const struct dev_pagemap_ops *ops;
	void *owner;
	int nr_range;
	struct range range;
};

void *memremap_pages(struct dev_pagemap *pgmap, int nid);
void memunmap_pages(struct dev_pagemap *pgmap);
void zone_device_page_init(struct page *page, struct dev_pagemap *pgmap, unsigned int order);

struct dev_pagemap *page_pgmap(const struct page *page);
bool is_device_private_page(const struct page *page);
bool is_device_coherent_page(const struct page *page);
bool is_pci_p2pdma_page(const struct page *page);

#endif
