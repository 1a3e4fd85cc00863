// SPDX-License-Identifier: GPL-2.0-only
/* Device memory: pages move there and back; what can not stays where it is, with its content. */
#include <linux/completion.h>
#include <linux/highmem.h>
#include <xmmu/devmem.h>

#include "core.h"

#define ROOM  512UL /* pages of the device */
#define WORDS 4

static struct xmmu_devmem memory;
static struct xmmu_range *range;
/* What the device has, its part of each page; and when its next copies fail. */
static u64 store[2 * ROOM][WORDS];
static int copy_in_error, copy_out_error;
static u64 bad_offset = U64_MAX; /* a page of the device that can not be read */
static unsigned int copies;
static bool crossed; /* copies of one call to RAM were of two windows of the device */

static u64 *stored(u64 offset)
{
	check(offset % PAGE_SIZE == 0 && offset / PAGE_SIZE < ARRAY_SIZE(store));
	return store[offset / PAGE_SIZE];
}

static int copy_to_device(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copy,
			  unsigned int count)
{
	check(mem == &memory);
	copies += count;
	for (; count && !copy_in_error; count--, copy++) {
		memset(stored(copy->offset), 0, sizeof(*store));
		if (copy->page)
			memcpy_from_page((char *)stored(copy->offset), copy->page, 0,
					 sizeof(*store));
	}
	return copy_in_error;
}

static int copy_to_ram(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copy,
		       unsigned int count)
{
	copies += count;
	crossed |= copy[0].offset / XMMU_WINDOW != copy[count - 1].offset / XMMU_WINDOW;
	for (; count && !copy_out_error; count--, copy++) {
		if (copy->offset == bad_offset)
			return -EIO;
		memcpy_to_page(copy->page, 0, (char *)stored(copy->offset), sizeof(*store));
	}
	return copy_out_error;
}

static const struct xmmu_devmem_ops memory_ops = {
	.copy_to_device = copy_to_device,
	.copy_to_ram = copy_to_ram,
};

static void make_memory(enum xmmu_devmem_type type, unsigned long pages)
{
	const struct xmmu_devmem_config config = {
		.ops = &memory_ops,
		.type = type,
		.size = pages * PAGE_SIZE,
		.phys = type == XMMU_DEVMEM_COHERENT ? HOSTED_RESERVED_PHYS : 0,
		.owner = &memory,
	};

	expect(xmmu_devmem_init(&memory, &config), 0);
}

static void start_type(unsigned long pages, enum xmmu_devmem_type type)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core.config.devmem_owner = &memory;
	core_attach();
	range = core_insert(0, pages);
	make_memory(type, ROOM);
}

static void start(unsigned long pages)
{
	start_type(pages, XMMU_DEVMEM_PRIVATE);
}

static void stop(void)
{
	core_remove(range);
	xmmu_devmem_destroy(&memory);
	core_stop();
}

/* Each page holds its number, from 1. */
static void fill(unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		expect(hosted_store(mm, at(i) + 8, i + 1), 0);
}

/* What a processor finds in a page. */
static void expect_in(unsigned long page, u64 expected)
{
	u64 value;

	expect(hosted_load(mm, at(page) + 8, &value), 0);
	expect(value, expected);
}

static void look(unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		expect_in(i, i + 1);
}

static struct xmmu_devmem_stats stats(void)
{
	struct xmmu_devmem_stats now;

	xmmu_devmem_read_stats(&memory, &now);
	return now;
}

/* Which must go as far as it can. */
static unsigned long to_device(unsigned long page, unsigned long pages)
{
	unsigned long moved;

	expect(xmmu_devmem_to_device(&memory, &core.mirror, at(page), at(page + pages), &moved), 0);
	return moved;
}

static unsigned long to_ram(unsigned long page, unsigned long pages)
{
	unsigned long moved;

	expect(xmmu_devmem_to_ram(&memory, &core.mirror, at(page), at(page + pages), &moved), 0);
	return moved;
}

/* The word of a page where the device has it, through a walk. */
static u64 *device_word(unsigned long page)
{
	expect(core_populate(range, page, 1, XMMU_WRITE), 0);
	expect(core.leaf.perm, XMMU_PERM_READ | XMMU_PERM_WRITE | XMMU_PERM_DEVICE);
	check(xmmu_devmem_of(core.leaf.page) == &memory);
	return &stored(xmmu_devmem_offset(&memory, core.leaf.page))[1];
}

/* ---- there and back */

static void case_there_and_back(void *unused)
{
	start(20);
	fill(20);
	expect(core_populate(range, 0, 20, XMMU_WRITE), 0);
	expect(to_device(0, 20), 20);
	expect(core_translated(), 0);
	expect(stats().used, 20);
	expect(to_device(0, 20), 0);
	expect(*device_word(3), 4);
	*device_word(3) = 40;
	expect(to_ram(0, 10), 10);
	expect(core_translated(), 0);
	*device_word(12) = 13;
	expect(to_ram(0, 20), 10);
	expect(stats().used, 0);
	expect(stats().to_device, 20);
	expect(stats().to_ram, 20);
	expect(hosted_store(mm, at(3) + 8, 4), 0);
	look(20);
	stop();
}
CASE(there_and_back)

static void case_by_fault(void *unused)
{
	start(4);
	fill(4);
	expect(to_device(0, 4), 4);
	*device_word(2) = 3;
	look(4);
	expect(core_translated(), 0);
	expect(stats().faults, 4);
	expect(stats().around, 3);
	expect(stats().used, 0);
	stop();
}
CASE(by_fault)

/* The 16 pages of an aligned span, or what of it is in the mapping, move together. */
static void case_around(void *unused)
{
	u64 events, value;

	start(40);
	fill(40);
	expect(to_device(0, 40), 40);
	events = core_stats().events[MMU_NOTIFY_MIGRATE];
	expect_in(20, 21);
	expect(core_stats().events[MMU_NOTIFY_MIGRATE] - events, 1);
	expect(stats().faults, 16);
	expect(stats().around, 15);
	expect(*device_word(15), 16);
	expect(*device_word(32), 33);
	expect(hosted_load(mm, at(39) + 8, &value), 0);
	expect(stats().faults, 16 + 8);
	expect(stats().used, 16);
	look(40);
	expect(stats().faults, 40);
	expect(stats().around, 37);
	stop();
}
CASE(around)

/* What goes wrong with the others does not keep the page. */
static void case_around_fails(void *unused)
{
	u64 value;

	start(16);
	fill(16);
	expect(to_device(0, 16), 16);
	expect(core_populate(range, 3, 1, 0), 0);
	bad_offset = xmmu_devmem_offset(&memory, core.leaf.page);
	expect_in(5, 6);
	expect(stats().faults, 1);
	expect(stats().around, 0);
	expect(hosted_load(mm, at(3) + 8, &value), -EFAULT);
	bad_offset = U64_MAX;
	look(16);
	expect(stats().faults, 16);
	stop();
}
CASE(around_fails)

/* As many as there is memory for. */
static void case_around_no_memory(void *unused)
{
	u64 value;

	start(16);
	fill(16);
	expect(to_device(0, 16), 16);
	for (hosted_page_limit = 0; hosted_load(mm, at(0) + 8, &value); hosted_page_limit++)
		expect(stats().faults, 0);
	expect(value, 1);
	expect(stats().faults, 1);
	hosted_page_limit = ULONG_MAX;
	look(16);
	expect(stats().used, 0);
	stop();
}
CASE(around_no_memory)

/* The processor reaches it where it is. */
static void case_coherent(void *unused)
{
	u64 value;

	start_type(4, XMMU_DEVMEM_COHERENT);
	fill(4);
	expect(to_device(0, 4), 4);
	expect(hosted_load(mm, at(0), &value), 0);
	expect(stats().used, 4);
	expect(core_populate(range, 1, 1, 0), 0);
	expect(core.leaf.perm, XMMU_PERM_READ | XMMU_PERM_DEVICE);
	expect(xmmu_devmem_evict(&memory, 1), 1);
	expect(to_ram(0, 4), 3);
	look(4);
	stop();
}
CASE(coherent)

/* Where nothing was, and where the zero page was. */
static void case_empty(void *unused)
{
	u64 value;

	start(2);
	expect(hosted_load(mm, at(0), &value), 0);
	expect(to_device(0, 2), 2);
	expect(*device_word(0), 0);
	expect(*device_word(1), 0);
	*device_word(1) = 2;
	expect_in(1, 2);
	stop();
}
CASE(empty)

/* ---- what does not move */

static void case_pinned(void *unused)
{
	struct page *page;

	start(4);
	fill(4);
	mmap_read_lock(mm);
	expect(get_user_pages_remote(mm, at(1), 1, FOLL_WRITE, &page, NULL), 1);
	mmap_read_unlock(mm);
	expect(to_device(0, 4), 3);
	expect(core_populate(range, 1, 1, 0), 0);
	expect(core.leaf.perm, XMMU_PERM_READ);
	put_page(page);
	expect(to_device(0, 4), 1);
	look(4);
	stop();
}
CASE(pinned)

static void case_refused(void *unused)
{
	unsigned long moved;

	start(8);
	fill(8);
	expect(xmmu_devmem_to_device(&memory, &core.mirror, at(0) + 1, at(1), &moved), -EINVAL);
	expect(xmmu_devmem_to_device(&memory, &core.mirror, at(1), at(1), &moved), -EINVAL);
	expect(xmmu_devmem_to_ram(&memory, &core.mirror, at(1), at(0), &moved), -EINVAL);
	expect(hosted_munmap(mm, at(2), PAGE_SIZE), 0);
	expect(xmmu_devmem_to_device(&memory, &core.mirror, at(0), at(8), &moved), -EFAULT);
	expect(moved, 2);
	expect(to_device(3, 5), 5);
	expect(hosted_mprotect(mm, at(1), PAGE_SIZE, 0), 0);
	expect(xmmu_devmem_to_device(&memory, &core.mirror, at(1), at(2), &moved), -EFAULT);
	expect(to_ram(0, 8), 7);
	xmmu_mirror_detach(&core.mirror);
	expect(xmmu_devmem_to_device(&memory, &core.mirror, at(0), at(1), &moved), -ESRCH);
	expect(xmmu_devmem_to_ram(&memory, &core.mirror, at(0), at(1), &moved), -ESRCH);
	stop();
}
CASE(refused)

static void case_config(void *unused)
{
	struct xmmu_devmem_config config = {
		.ops = &memory_ops,
		.size = ROOM * PAGE_SIZE,
		.owner = &memory,
	};
	static struct xmmu_devmem mem;
	struct xmmu_devmem_ops none = {};

	start(1);
	core.config.owner = &memory;
	xmmu_mirror_detach(&core.mirror);
	expect(xmmu_mirror_attach(&core.mirror, &core.config), -EINVAL);
	config.owner = NULL;
	expect(xmmu_devmem_init(&mem, &config), -EINVAL);
	config.owner = &memory;
	config.ops = &none;
	expect(xmmu_devmem_init(&mem, &config), -EINVAL);
	config.ops = &memory_ops;
	config.size += PAGE_SIZE;
	expect(xmmu_devmem_init(&mem, &config), -EINVAL);
	config.size = ROOM * PAGE_SIZE;
	config.type = XMMU_DEVMEM_COHERENT;
	expect(xmmu_devmem_init(&mem, &config), -EINVAL);
	config.phys = ROOM * PAGE_SIZE;
	expect(xmmu_devmem_init(&mem, &config), -EBUSY);
	xmmu_devmem_destroy(&mem);
	config.type = XMMU_DEVMEM_COHERENT + 1;
	expect(xmmu_devmem_supported(config.type), false);
	expect(xmmu_devmem_init(&mem, &config), -EOPNOTSUPP);
	stop();
}
CASE(config)

/* ---- copies that fail */

static void case_copy_in_fails(void *unused)
{
	unsigned long moved;

	start(4);
	fill(4);
	copy_in_error = -EIO;
	expect(xmmu_devmem_to_device(&memory, &core.mirror, at(0), at(4), &moved), -EIO);
	expect(moved, 0);
	expect(stats().used, 0);
	copy_in_error = 0;
	look(4);
	expect(to_device(0, 4), 4);
	look(4);
	stop();
}
CASE(copy_in_fails)

static void case_copy_out_fails(void *unused)
{
	unsigned long moved;
	u64 value;

	start(4);
	fill(4);
	expect(to_device(0, 4), 4);
	copy_out_error = -EIO;
	expect(xmmu_devmem_to_ram(&memory, &core.mirror, at(0), at(4), &moved), -EIO);
	expect(moved, 0);
	expect(hosted_load(mm, at(0), &value), -EFAULT);
	expect(xmmu_devmem_evict(&memory, 4), 0);
	expect(stats().used, 4);
	copy_out_error = 0;
	expect(*device_word(1), 2);
	look(4);
	stop();
}
CASE(copy_out_fails)

static void case_no_memory(void *unused)
{
	unsigned long moved;
	u64 value;

	start(4);
	fill(4);
	expect(to_device(0, 4), 4);
	hosted_page_limit = 0;
	expect(xmmu_devmem_to_ram(&memory, &core.mirror, at(0), at(4), &moved), -ENOMEM);
	expect(hosted_load(mm, at(0), &value), -ENOMEM);
	hosted_page_limit = ULONG_MAX;
	expect(to_ram(0, 4), 4);
	look(4);
	stop();
}
CASE(no_memory)

/* For the move itself there is none, in either direction. */
static void case_no_window(void *unused)
{
	unsigned long moved;

	start(4);
	fill(4);
	hosted_slab_fail(1);
	expect(xmmu_devmem_to_device(&memory, &core.mirror, at(0), at(4), &moved), -ENOMEM);
	expect(moved, 0);
	expect(to_device(0, 4), 4);
	hosted_slab_fail(1);
	expect(xmmu_devmem_to_ram(&memory, &core.mirror, at(0), at(4), &moved), -ENOMEM);
	expect(moved, 0);
	hosted_slab_fail(1);
	expect(xmmu_devmem_evict(&memory, 4), 0);
	hosted_slab_fail(0);
	hosted_page_limit = 0;
	expect(xmmu_devmem_evict(&memory, 4), 0);
	hosted_page_limit = ULONG_MAX;
	expect(stats().used, 4);
	look(4);
	stop();
}
CASE(no_window)

static void case_init_no_memory(void *unused)
{
	const struct xmmu_devmem_config config = {
		.ops = &memory_ops,
		.type = XMMU_DEVMEM_PRIVATE,
		.size = ROOM * PAGE_SIZE,
		.owner = &memory,
	};
	unsigned long objects;
	unsigned int n;
	int err = -ENOMEM;

	core_start(1, HOSTED_DMA_DIRECT);
	objects = hosted_slab_objects();
	hosted_page_limit = 0;
	expect(xmmu_devmem_init(&memory, &config), -ENOMEM);
	expect(hosted_slab_objects(), objects);
	hosted_page_limit = ULONG_MAX;
	for (n = 1; err; n++) {
		hosted_slab_fail(n);
		err = xmmu_devmem_init(&memory, &config);
		hosted_slab_fail(0);
		check(!err || (err == -ENOMEM && hosted_slab_objects() == objects));
	}
	check(n > 3);
	xmmu_devmem_destroy(&memory);
	expect(hosted_slab_objects(), objects);
	core_stop();
}
CASE(init_no_memory)

/* ---- room */

/* There is none, and what is there can not be moved out: all stays where it is. */
static void case_no_room(void *unused)
{
	unsigned long moved, pages = ROOM + 8;

	start(pages);
	fill(pages);
	expect(to_device(0, ROOM - 2), ROOM - 2);
	copy_out_error = -EIO;
	expect(xmmu_devmem_to_device(&memory, &core.mirror, at(ROOM), at(pages), &moved), -ENOSPC);
	expect(moved, 2);
	expect(stats().used, ROOM);
	copy_out_error = 0;
	expect(*device_word(5), 6);
	expect(*device_word(ROOM + 1), ROOM + 2);
	look(pages);
	stop();
}
CASE(no_room)

static void case_overfull(void *unused)
{
	unsigned long pages = ROOM + 40;

	start(pages);
	fill(pages);
	expect(to_device(0, pages), pages);
	expect(stats().used, ROOM);
	expect(stats().evicted, 40);
	expect(*device_word(pages - 1), pages);
	expect(core_populate(range, 0, 1, 0), 0);
	expect(core.leaf.perm, XMMU_PERM_READ);
	expect(xmmu_devmem_evict(&memory, ULONG_MAX), ROOM);
	look(pages);
	stop();
}
CASE(overfull)

/* In each window of the device a large folio may be, which is moved by itself. */
static void case_evict_by_window(void *unused)
{
	start(ROOM + 40);
	fill(ROOM + 40);
	xmmu_devmem_destroy(&memory);
	make_memory(XMMU_DEVMEM_PRIVATE, 2 * ROOM);
	expect(to_device(0, ROOM + 40), ROOM + 40);
	expect(to_ram(0, 100), 100);
	crossed = false;
	expect(xmmu_devmem_evict(&memory, ULONG_MAX), ROOM - 60);
	check(!crossed);
	look(ROOM + 40);
	stop();
}
CASE(evict_by_window)

/* What was never touched is not looked at, window by window. */
static void case_reserved(void *unused)
{
	u64 events;

	start(2);
	fill(2);
	expect(to_device(0, 2), 2);
	expect(hosted_mmap(mm, at(2), 64 * XMMU_WINDOW, VM_READ, 0, NULL, 0), 0);
	events = core_stats().events[MMU_NOTIFY_MIGRATE];
	expect(to_ram(0, 64 * 512), 2);
	expect(core_stats().events[MMU_NOTIFY_MIGRATE], events + 1);
	look(2);
	stop();
}
CASE(reserved)

/* ---- the device goes */

static void case_destroyed(void *unused)
{
	start(4);
	fill(4);
	expect(to_device(0, 4), 4);
	expect(core_populate(range, 0, 4, 0), 0);
	xmmu_devmem_destroy(&memory);
	expect(core_translated(), 0);
	look(4);
	stop();
}
CASE(destroyed)

static void case_lost(void *unused)
{
	start(4);
	fill(4);
	expect(to_device(0, 3), 3);
	copy_out_error = -EIO;
	xmmu_devmem_destroy(&memory);
	expect(stats().lost, 3);
	expect_in(0, 0);
	expect_in(3, 4);
	stop();
}
CASE(lost)

/* One page can not be read: only that one is lost. */
static void case_lost_one(void *unused)
{
	unsigned long i;

	start(8);
	fill(8);
	expect(to_device(0, 8), 8);
	device_word(3);
	bad_offset = xmmu_devmem_offset(&memory, core.leaf.page);
	xmmu_devmem_destroy(&memory);
	expect(stats().lost, 1);
	for (i = 0; i < 8; i++)
		expect_in(i, i == 3 ? 0 : i + 1);
	stop();
}
CASE(lost_one)

/* ---- several at once */

static bool sees_first;

static void load_first(void *unused)
{
	u64 value;

	sees_first = !hosted_load(mm, at(0) + 8, &value) && value == 1;
}

/* Two processors touch one page; on older kernels each comes with a reference. */
static void case_two_faults(void *unused)
{
	unsigned int round;

	start(1);
	fill(1);
	for (round = 0; round < 8; round++) {
		expect(to_device(0, 1), 1);
		sees_first = false;
		core_beside(load_first);
		look(1);
		hosted_others();
		check(sees_first);
	}
	expect(stats().faults, 8);
	stop();
}
CASE(two_faults)

static void (*zap)(struct xmmu_range *range, unsigned long start, unsigned long end,
		   struct xmmu_gather *gather);

/* Time for another processor to fault, too: the page is still there, and gets one more user. */
static void zap_slowly(struct xmmu_range *zapped, unsigned long first, unsigned long last,
		       struct xmmu_gather *gather)
{
	core.ops.zap = zap;
	hosted_others();
	zap(zapped, first, last, gather);
}

/* The second one gives up its reference and waits, so that the first one needs one attempt. */
static void case_second_waits(void *unused)
{
	u64 events;

	start(1);
	fill(1);
	expect(to_device(0, 1), 1);
	expect(*device_word(0), 1);
	events = core_stats().events[MMU_NOTIFY_MIGRATE];
	zap = core.ops.zap;
	core.ops.zap = zap_slowly;
	sees_first = false;
	core_beside(load_first);
	look(1);
	check(core.ops.zap == zap);
	hosted_others();
	check(sees_first);
	expect(core_stats().events[MMU_NOTIFY_MIGRATE] - events, 1);
	expect(stats().faults, 1);
	stop();
}
CASE(second_waits)

static struct page *faulted;
static struct completion copying, copy_on, back, go_on;
static bool memory_is_gone;

static int copy_slowly(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copy,
		       unsigned int count)
{
	complete(&copying);
	wait_for_completion(&copy_on);
	return copy_to_ram(mem, copy, count);
}

/* What the kernel does before Linux 6.15, but it is interrupted when it is back from the module. */
static void fault_second(void *unused)
{
	struct vm_fault vmf = { .address = at(0), .page = faulted };

	get_page(vmf.page);
	mmap_read_lock(mm);
	vmf.vma = find_vma(mm, at(0));
	expect(memory.pgmap.ops->migrate_to_ram(&vmf), 0);
	mmap_read_unlock(mm);
	complete(&back);
	wait_for_completion(&go_on);
	put_page(vmf.page);
}

static void destroy_beside(void *unused)
{
	xmmu_devmem_destroy(&memory);
	memory_is_gone = true;
}

/* The module may be unloaded when the memory is gone: nobody may be on the way out of it. */
static void case_on_the_way_out(void *unused)
{
	static struct xmmu_devmem_ops slow_ops;
	struct task_struct *second, *destroyer;

	init_completion(&copying);
	init_completion(&copy_on);
	init_completion(&back);
	init_completion(&go_on);
	start(1);
	fill(1);
	slow_ops = memory_ops;
	slow_ops.copy_to_ram = copy_slowly;
	memory.config.ops = &slow_ops;
	expect(to_device(0, 1), 1);
	device_word(0);
	faulted = core.leaf.page;
	core_beside(load_first);
	wait_for_completion(&copying);
	second = core_beside(fault_second);
	hosted_others();
	complete_all(&copy_on);
	wait_for_completion(&back);
	expect(stats().used, 0);
	destroyer = core_beside(destroy_beside);
	msleep(100);
	check(!memory_is_gone);
	complete(&go_on);
	hosted_join(second);
	hosted_join(destroyer);
	check(sees_first);
	stop();
}
CASE(on_the_way_out)

static void case_forked(void *unused)
{
	struct mm_struct *child;
	u64 value;

	start(2);
	fill(2);
	expect(to_device(0, 2), 2);
	child = hosted_fork(mm);
	expect(hosted_store(child, at(0) + 8, 9), 0);
	look(2);
	expect(hosted_load(child, at(0) + 8, &value), 0);
	expect(value, 9);
	expect(to_device(1, 1), 1);
	expect(xmmu_devmem_evict(&memory, 1), 1);
	expect(hosted_load(child, at(1) + 8, &value), 0);
	expect(value, 2);
	mmput(child);
	stop();
}
CASE(forked)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(by_fault),
		cmocka_unit_test(around),
		cmocka_unit_test(around_fails),
		cmocka_unit_test(around_no_memory),
		cmocka_unit_test(coherent),
		cmocka_unit_test(empty),
		cmocka_unit_test(pinned),
		cmocka_unit_test(refused),
		cmocka_unit_test(config),
		cmocka_unit_test(copy_in_fails),
		cmocka_unit_test(copy_out_fails),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(overfull),
		cmocka_unit_test(destroyed),
		cmocka_unit_test(lost),
		cmocka_unit_test(two_faults),
		cmocka_unit_test(second_waits),
		cmocka_unit_test(forked),
		cmocka_unit_test(on_the_way_out),
		cmocka_unit_test(no_window),
		cmocka_unit_test(init_no_memory),
		cmocka_unit_test(no_room),
		cmocka_unit_test(lost_one),
		cmocka_unit_test(reserved),
		cmocka_unit_test(evict_by_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
