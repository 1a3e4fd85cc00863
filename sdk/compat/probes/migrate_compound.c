// SPDX-License-Identifier: GPL-2.0-only
/* 7.0 or earlier: large folios move to memory of devices, and are split if they must be. */
#include <linux/memremap.h>
#include <linux/migrate.h>

unsigned long probe(struct folio *folio, struct dev_pagemap *pgmap)
{
	zone_device_folio_init(folio, pgmap, 9);
	return MIGRATE_VMA_SELECT_COMPOUND | MIGRATE_PFN_COMPOUND;
}
