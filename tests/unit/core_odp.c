// SPDX-License-Identifier: GPL-2.0-only
/* On-demand paging: regions and their tables. */
#include "odp.h"

#include <linux/dma-mapping.h>

#include "../../sdk/hosted/kernel/internal.h"

static struct xmmu_odp *odp;

static void start_region(unsigned long pages, enum hosted_dma_mode mode, unsigned int access)
{
	odp_start(pages, mode);
	odp = kzalloc(sizeof(*odp), GFP_KERNEL);
	xmmu_odp_init(odp, access);
	expect(xmmu_range_insert(&core.mirror, &odp->range, at(0), at(pages)), 0);
}

static void stop(void)
{
	core_remove(&odp->range);
	core_stop();
}

static int fault(unsigned long page, unsigned long pages, unsigned int access)
{
	return xmmu_odp_fault(odp, at(page), at(page + pages), access, NULL);
}

/* Each entry says where its page is, as long as it is there. */
static void case_entries(void *unused)
{
	u64 entries[4], value;
	unsigned int i;

	start_region(4, HOSTED_DMA_IOMMU, ALL);
	for (i = 0; i < 4; i++)
		expect(hosted_store(mm, at(i), i + 70), 0);
	expect(fault(1, 3, 0), 0);
	xmmu_mirror_lock(&core.mirror);
	xmmu_odp_read(odp, at(0), at(4), entries);
	xmmu_mirror_unlock(&core.mirror);
	expect(entries[0], 0);
	for (i = 1; i < 4; i++) {
		expect(entries[i] & ~XMMU_ODP_ADDRESS, XMMU_PERM_READ);
		hosted_dma_read(&core.dev, entries[i] & XMMU_ODP_ADDRESS, &value, 8);
		expect(value, i + 70);
	}
	expect(hosted_munmap(mm, at(2), LEN(1)), 0);
	expect(entry_at(odp, 2), 0);
	expect(entry_at(odp, 1), entries[1]);
	expect(core.flushes, 1);
	expect(odp->pages, 2);
	stop();
}
CASE(entries)

/* Without DMA addresses: where the page is in memory. */
static void case_physical(void *unused)
{
	u64 value;

	start_region(1, HOSTED_DMA_DIRECT, 0);
	expect(hosted_store(mm, at(0), 7), 0);
	expect(fault(0, 1, 0), 0);
	hosted_page_read(entry_at(odp, 0) >> PAGE_SHIFT, 0, &value, sizeof(value));
	expect(value, 7);
	stop();
}
CASE(physical)

static void case_access(void *unused)
{
	start_region(2, HOSTED_DMA_DIRECT, XMMU_ODP_REMOTE_READ | XMMU_ODP_REMOTE_ATOMIC);
	expect(fault(0, 1, XMMU_ODP_LOCAL_WRITE), -EACCES);
	expect(fault(0, 1, XMMU_ODP_REMOTE_WRITE), -EACCES);
	expect(xmmu_odp_prefetch(NULL, odp, at(0), at(1), XMMU_ODP_REMOTE_WRITE), -EACCES);
	expect(entry_at(odp, 0), 0);
	expect(fault(0, 1, XMMU_ODP_REMOTE_READ), 0);
	expect(perm_at(odp, 0), READS);
	expect(fault(0, 1, XMMU_ODP_REMOTE_ATOMIC), 0);
	expect(perm_at(odp, 0), WRITES);
	expect(fault(1, 1, 0), 0);
	expect(perm_at(odp, 1), READS);
	expect(fault(0, 3, 0), -EINVAL);
	expect(fault(1, 0, 0), -EINVAL);
	expect(xmmu_odp_fault(odp, at(0), at(1) + 8, 0, NULL), -EINVAL);
	stop();
}
CASE(access)

/* Another fault was faster: nothing is walked. */
static void case_served(void *unused)
{
	start_region(4, HOSTED_DMA_DIRECT, ALL);
	expect(fault(0, 2, 0), 0);
	expect(core_stats().commits, 1);
	expect(fault(0, 2, XMMU_ODP_REMOTE_READ), 0);
	expect(core_stats().commits, 1);
	expect(fault(0, 3, 0), 0);
	expect(core_stats().commits, 2);
	expect(fault(1, 1, XMMU_ODP_LOCAL_WRITE), 0);
	expect(core_stats().commits, 3);
	expect(fault(1, 1, 0), 0);
	expect(core_stats().commits, 3);
	stop();
}
CASE(served)

/* A right stays; a walk that only reads takes nothing away. */
static void case_right_stays(void *unused)
{
	start_region(3, HOSTED_DMA_DIRECT, ALL);
	expect(fault(1, 1, XMMU_ODP_LOCAL_WRITE), 0);
	expect(fault(0, 3, 0), 0);
	expect(perm_at(odp, 0), READS);
	expect(perm_at(odp, 1), WRITES);
	expect(perm_at(odp, 2), READS);
	expect(odp->pages, 3);
	stop();
}
CASE(right_stays)

/* All pages from one to another have an order. */
static void orders(unsigned long page, unsigned long end, unsigned int order)
{
	u64 first = entry_at(odp, page);

	for (; page < end; page++) {
		expect(order_at(odp, page), order);
		expect((entry_at(odp, page) & XMMU_ODP_ADDRESS) - (page % 512 << PAGE_SHIFT),
		       ALIGN_DOWN(first & XMMU_ODP_ADDRESS, LEN(512)));
	}
}

static void start_huge(unsigned int access)
{
	start_region(1024, HOSTED_DMA_DIRECT, ALL);
	expect(hosted_madvise(mm, at(0), LEN(1024), HOSTED_HUGEPAGE), 0);
	expect(hosted_store(mm, at(0), 1), 0);
	expect(hosted_store(mm, at(512), 1), 0);
	expect(fault(0, 1024, access), 0);
	expect(order_at(odp, 0), 9);
}

/* What is left of a leaf is in pieces, and its neighbour is whole. */
static void case_cut(void *unused)
{
	start_huge(ALL);
	orders(0, 512, 9);
	orders(512, 1024, 9);
	expect(xmmu_range_zap(&odp->range, at(3), at(5)), 0);
	expect(odp->pages, 1022);
	expect(entry_at(odp, 3), 0);
	expect(entry_at(odp, 4), 0);
	orders(0, 3, 0);
	orders(5, 512, 0);
	orders(512, 1024, 9);
	expect(perm_at(odp, 5), WRITES);
	/* The end of one and the beginning of the next. */
	expect(xmmu_range_zap(&odp->range, at(511), at(513)), 0);
	expect(entry_at(odp, 512), 0);
	orders(513, 1024, 0);
	expect(odp->pages, 1020);
	/* A walk of all of it makes it whole again. */
	expect(fault(0, 1024, ALL), 0);
	orders(0, 512, 9);
	orders(512, 1024, 9);
	expect(odp->pages, 1024);
	stop();
}
CASE(cut)

/* A page that may be written for itself: the leaf is no leaf any more, nor after a walk that reads. */
static void case_rights_apart(void *unused)
{
	start_huge(0);
	expect(fault(7, 1, XMMU_ODP_LOCAL_WRITE), 0);
	orders(0, 512, 0);
	expect(perm_at(odp, 7), WRITES);
	expect(perm_at(odp, 8), READS);
	expect(xmmu_range_zap(&odp->range, at(100), at(101)), 0);
	expect(fault(0, 512, 0), 0);
	orders(0, 512, 0);
	expect(perm_at(odp, 7), WRITES);
	expect(perm_at(odp, 100), READS);
	/* The first and the last page of a leaf. */
	expect(fault(512, 1, XMMU_ODP_LOCAL_WRITE), 0);
	orders(512, 1024, 0);
	expect(fault(512, 512, XMMU_ODP_LOCAL_WRITE), 0);
	orders(512, 1024, 9);
	expect(fault(700, 1, 0), 0);
	orders(512, 1024, 9);
	stop();
}
CASE(rights_apart)

/* Whatever can not be allocated, the next try succeeds. */
static void case_no_memory(void *unused)
{
	unsigned int n;
	int err = -ENOMEM;

	start_region(40, HOSTED_DMA_IOMMU, ALL);
	for (n = 1; err; n++) {
		hosted_slab_fail(n);
		err = fault(0, 40, 0);
		hosted_slab_fail(0);
		expect(err && err != -ENOMEM, 0);
		expect(odp->pages, err ? 0 : 40);
	}
	check(n > 5);
	hosted_slab_fail(1);
	expect(xmmu_odp_prefetch(NULL, odp, at(0), at(1), 0), -ENOMEM);
	hosted_slab_fail(0);
	stop();
}
CASE(no_memory)

/* ---- prefetch */

static struct workqueue_struct *wq;

static int prefetch(unsigned long page, unsigned long pages, unsigned int access)
{
	return xmmu_odp_prefetch(wq, odp, at(page), at(page + pages), access);
}

static void case_advice(void *unused)
{
	unsigned long objects;

	start_region(1024, HOSTED_DMA_IOMMU, ALL);
	wq = alloc_workqueue("prefetch", WQ_UNBOUND, 1);
	expect(fault(0, 1024, 0), 0);
	expect(xmmu_range_zap(&odp->range, at(0), at(1024)), 0);
	objects = hosted_slab_objects();
	expect(prefetch(0, 1000, 0), 0);
	expect(prefetch(1000, 1, ALL), 0);
	expect(prefetch(1024, 1, 0), 0); /* nobody hears of it */
	expect(entry_at(odp, 0), 0);
	flush_workqueue(wq);
	expect(odp->pages, 1001);
	expect(perm_at(odp, 999), READS);
	expect(perm_at(odp, 1000), WRITES);
	expect(hosted_slab_objects(), objects);
	destroy_workqueue(wq);
	stop();
}
CASE(advice)

/* The region goes, then the mirror, before its turn comes. */
static void case_advice_too_late(void *unused)
{
	start_region(4, HOSTED_DMA_DIRECT, ALL);
	wq = alloc_workqueue("prefetch", WQ_UNBOUND, 1);
	expect(prefetch(0, 4, 0), 0);
	core_remove(&odp->range);
	expect(core.freed, 0);
	flush_workqueue(wq);
	expect(core.freed, 1);
	odp = kzalloc(sizeof(*odp), GFP_KERNEL);
	xmmu_odp_init(odp, ALL);
	expect(xmmu_range_insert(&core.mirror, &odp->range, at(0), at(4)), 0);
	expect(prefetch(0, 4, 0), 0);
	xmmu_mirror_detach(&core.mirror);
	destroy_workqueue(wq);
	expect(odp->pages, 0);
	stop();
}
CASE(advice_too_late)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),      cmocka_unit_test(physical),
		cmocka_unit_test(access),       cmocka_unit_test(served),
		cmocka_unit_test(right_stays),  cmocka_unit_test(cut),
		cmocka_unit_test(rights_apart), cmocka_unit_test(no_memory),
		cmocka_unit_test(advice),       cmocka_unit_test(advice_too_late),
	};

	return cmocka_run_group_tests_name("core_odp", tests, NULL, NULL);
}
