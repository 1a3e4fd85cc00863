// SPDX-License-Identifier: GPL-2.0-only
/* 6.19 (3a5a06554566): device memory is told of freed folios, before that of freed pages. */
#include <linux/memremap.h>

static void freed(struct folio *folio)
{
}

const struct dev_pagemap_ops probe = { .folio_free = freed };
