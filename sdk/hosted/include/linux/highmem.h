/* SPDX-License-Identifier: GPL-2.0-only */
/* Access of the kernel to pages. */
#ifndef _LINUX_HIGHMEM_H
#define _LINUX_HIGHMEM_H

#include <linux/mm.h>

void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len);
/* From then on the whole content is kept, as long as the page is in memory. */
void *kmap_local_page(struct page *page);
#define kunmap_local(addr) ((void)(addr))

void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len);
void clear_highpage(struct page *page);

#endif
