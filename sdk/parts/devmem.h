/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the part share: the pages of the memory, and how they move. */
#ifndef XMMU_PARTS_DEVMEM_H
#define XMMU_PARTS_DEVMEM_H

#include <xmmu/devmem.h>

#include "internal.h"

struct migrate_vma;

/* Pages that move at a time, and of a large folio. */
#define XMMU_MOVE_PAGES (XMMU_WINDOW / PAGE_SIZE)
#define XMMU_MOVE_ORDER (21 - PAGE_SHIFT)

/* devmem.c */
struct page *xmmu_devmem_get_page(struct xmmu_devmem *mem, unsigned int order);
unsigned long xmmu_devmem_nr_used(struct xmmu_devmem *mem);
bool xmmu_devmem_is_large(struct xmmu_devmem *mem, unsigned long index);
unsigned long xmmu_devmem_next_used(struct xmmu_devmem *mem, unsigned long index,
				    unsigned long *count);

/* Pages on their way in one direction. */
struct xmmu_move {
	struct xmmu_devmem *mem;
	unsigned long *src;
	unsigned long *dst;
	struct xmmu_devmem_copy *copies;
	unsigned int nr_copies;
	unsigned long missing; /* pages that there was no room for */
	unsigned long end;     /* of the span */
	gfp_t gfp;             /* for pages in RAM */
	struct folio *spare;   /* a large one in RAM, to be used first */
	bool to_device;
	bool large; /* large folios move as such */
	bool lose;  /* what can not be copied is lost, because its memory goes away */
};

/* A move with room for a window. */
struct xmmu_window {
	struct xmmu_move move;
	unsigned long src[XMMU_MOVE_PAGES];
	unsigned long dst[XMMU_MOVE_PAGES];
	struct xmmu_devmem_copy copies[XMMU_MOVE_PAGES];
};

/* devmem_move.c */
struct xmmu_window *xmmu_window_alloc(struct xmmu_devmem *mem, bool to_device, gfp_t gfp);
struct folio *xmmu_move_alloc_large(const struct xmmu_move *move);
int xmmu_move_prepare(struct xmmu_move *move, unsigned long pages);
unsigned long xmmu_move_count(struct xmmu_move *move, unsigned long pages);

/* devmem_span.c */
unsigned long xmmu_move_flags(const struct xmmu_move *move);
int xmmu_move_vma(struct xmmu_move *move, struct migrate_vma *args, unsigned long *moved);

/* devmem_evict.c */
void xmmu_devmem_rescue(struct xmmu_devmem *mem);

/* devmem_fault.c */
vm_fault_t xmmu_devmem_fault(struct vm_fault *vmf);

#endif
