// SPDX-License-Identifier: GPL-2.0-only
/* 6.14 (82ba975e4c43): whose device memory a page is stands in its folio. */
#include <linux/memremap.h>

struct dev_pagemap *probe(const struct page *page)
{
	return page_pgmap(page);
}
