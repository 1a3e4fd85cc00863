// SPDX-License-Identifier: GPL-2.0-only
/* 6.19 (d245f9b4ab80): a page of device memory may be a large folio. */
/* Needs: zone_device_page_init */
#include <linux/memremap.h>

void probe(struct page *page, struct dev_pagemap *pgmap)
{
	zone_device_page_init(page, pgmap, 0);
}
