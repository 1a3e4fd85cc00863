// SPDX-License-Identifier: GPL-2.0-only
/* The driver that tests of the SDK core use, see core.h. */
#include "../core.h"

#include "../../../sdk/hosted/kernel/internal.h"

struct core core;
struct mm_struct *mm;

static unsigned long *entry(unsigned long addr)
{
	return &core.table[(addr - CORE_BASE) / PAGE_SIZE];
}

/* ---- callbacks */

static void populate(struct xmmu_walk *walk)
{
	struct xmmu_leaf leaf;
	unsigned long i;

	xmmu_walk_for_each(walk, &leaf) {
		for (i = 0; i < 1UL << leaf.order; i++)
			*entry(leaf.addr + i * PAGE_SIZE) = page_to_pfn(leaf.page) + i + 1;
		core.leaf = leaf;
		core.leaves++;
	}
}

static void zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		struct xmmu_gather *gather)
{
	unsigned long addr;

	xmmu_mirror_assert_locked(xmmu_range_mirror(range));
	core.zaps++;
	for (addr = start; addr < end; addr += PAGE_SIZE) {
		if (!*entry(addr))
			continue;
		*entry(addr) = 0;
		xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
	}
}

static void flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	core.flushes++;
	core.ticket = gather->ticket;
	if (!core.mute)
		xmmu_flush_done(mirror, gather->ticket);
}

static bool translated(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	unsigned long addr;

	for (addr = max(start, CORE_BASE); addr < min(end, at(CORE_PAGES)); addr += PAGE_SIZE)
		if (*entry(addr))
			return true;
	return false;
}

static void isolate(struct xmmu_mirror *mirror)
{
	core.isolated++;
}

static void release(struct xmmu_mirror *mirror)
{
	check(!core_translated());
	core.released++;
}

static void report(struct xmmu_mirror *mirror, const struct xmmu_report *record)
{
	core.report = *record;
}

static void range_free(struct xmmu_range *range)
{
	core.freed++;
	kfree(range);
}

/* ---- what tests call */

void core_start(unsigned long pages, enum hosted_dma_mode mode)
{
	hosted_generation = CORE_GENERATION;
	core = (struct core){
		.ops = { .populate = populate,
			 .zap = zap,
			 .flush = flush,
			 .translated = translated,
			 .isolate = isolate,
			 .release = release,
			 .report = report,
			 .range_free = range_free },
		.config = { .ops = &core.ops, .policy = XMMU_TRYLOCK, .watchdog_ms = 500 },
	};
	hosted_device_init(&core.dev, "core", mode);
	expect(xmmu_module_init(), 0);
	mm = hosted_mm_create();
	hosted_mm_enter(mm);
	expect(hosted_mmap(mm, CORE_BASE, pages * PAGE_SIZE, RW, 0, NULL, 0), 0);
}

void core_stop(void)
{
	xmmu_mirror_detach(&core.mirror);
	expect(core.mirror.listed, 0);
	if (current->mm)
		hosted_exit();
	xmmu_module_exit();
	hosted_device_release(&core.dev);
	/* The last reference to the address space may go in a worker. */
	msleep(10);
	hosted_mm_check_empty();
	hosted_slab_check_empty();
}

void core_attach(void)
{
	expect(xmmu_mirror_attach(&core.mirror, &core.config), 0);
}

struct xmmu_range *core_insert(unsigned long page, unsigned long pages)
{
	struct xmmu_range *range = kzalloc(sizeof(*range), GFP_KERNEL);

	expect(xmmu_range_insert(&core.mirror, range, at(page), at(page + pages)), 0);
	return range;
}

int core_populate(struct xmmu_range *range, unsigned long page, unsigned long pages,
		  unsigned int flags)
{
	return xmmu_populate(range, at(page), at(page + pages), flags, NULL, NULL);
}

int core_walk_fails(struct xmmu_range *range, unsigned long page, unsigned long pages,
		    unsigned int flags)
{
	struct xmmu_walk walk;

	xmmu_walk_init(&walk, range, at(page), at(page + pages), flags, NULL);
	check(!xmmu_walk_next(&walk));
	return xmmu_walk_end(&walk);
}

void core_remove(struct xmmu_range *range)
{
	xmmu_range_remove(range);
	xmmu_range_put(range);
}

unsigned int core_translated(void)
{
	unsigned int pages = 0;
	unsigned long i;

	for (i = 0; i < CORE_PAGES; i++)
		pages += !!core.table[i];
	return pages;
}

struct xmmu_stats core_stats(void)
{
	struct xmmu_stats stats;

	xmmu_mirror_stats(&core.mirror, &stats);
	return stats;
}

struct task_struct *core_beside(void (*fn)(void *unused))
{
	return hosted_thread("beside", mm, fn, NULL);
}
