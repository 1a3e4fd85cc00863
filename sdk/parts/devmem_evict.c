// SPDX-License-Identifier: GPL-2.0-only
/* Moves of pages to RAM, whoever has them mapped: to make room, and when the memory goes away. */
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "devmem.h"

static unsigned long xmmu_move_pages(struct xmmu_move *move, unsigned long index,
				     unsigned long pages)
{
	unsigned long moved;

	migrate_device_range(move->src, move->mem->first + index, pages);
	xmmu_move_prepare(move, pages);
	migrate_device_pages(move->src, move->dst, pages);
	moved = xmmu_move_count(move, pages);
	migrate_device_finalize(move->src, move->dst, pages);
	return moved;
}

/* Where to look for pages that came long ago; others look behind. */
static unsigned long xmmu_devmem_oldest(struct xmmu_devmem *mem, unsigned long *count)
{
	unsigned long index = xmmu_devmem_next_used(mem, READ_ONCE(mem->oldest), count);

	WRITE_ONCE(mem->oldest, index == mem->pages ? 0 : index + *count);
	return index;
}

unsigned long xmmu_devmem_evict(struct xmmu_devmem *mem, unsigned long pages)
{
	struct xmmu_window *window = xmmu_window_alloc(mem, false, GFP_KERNEL);
	unsigned long index, count, looked = 0, moved = 0;

	while (window && moved < pages && looked < 2 * mem->pages) {
		count = min(pages - moved, XMMU_MOVE_PAGES);
		index = xmmu_devmem_oldest(mem, &count);
		/* To the end and from the start: all were looked at. */
		looked += index == mem->pages ? mem->pages : count;
		moved += xmmu_move_pages(&window->move, index, count);
	}
	kvfree(window);
	atomic64_add(moved, &mem->evicted);
	return moved;
}

static void xmmu_devmem_rescue_all(struct xmmu_move *move, unsigned long at_once)
{
	unsigned long index, count;

	for (index = 0; index < move->mem->pages; index += count) {
		count = at_once;
		index = xmmu_devmem_next_used(move->mem, index, &count);
		xmmu_move_pages(move, index, count);
	}
}

/* Save all that can be; what can not be copied even by itself is lost. */
void xmmu_devmem_rescue(struct xmmu_devmem *mem)
{
	struct xmmu_window *window = xmmu_window_alloc(mem, false, GFP_KERNEL | __GFP_NOFAIL);

	window->move.gfp |= __GFP_NOFAIL;
	xmmu_devmem_rescue_all(&window->move, XMMU_MOVE_PAGES);
	window->move.lose = true;
	xmmu_devmem_rescue_all(&window->move, 1);
	kvfree(window);
}
