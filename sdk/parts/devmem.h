/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the part share: the pages of the memory, and how they move. */
#ifndef XMMU_PARTS_DEVMEM_H
#define XMMU_PARTS_DEVMEM_H

#include <xmmu/devmem.h>

#include "internal.h"

/* devmem.c */
struct page *xmmu_devmem_get_page(struct xmmu_devmem *mem);
unsigned long xmmu_devmem_next_used(struct xmmu_devmem *mem, unsigned long index,
				    unsigned long *count);

/* devmem_move.c */
vm_fault_t xmmu_devmem_fault(struct vm_fault *vmf);
void xmmu_devmem_rescue(struct xmmu_devmem *mem);

#endif
