// SPDX-License-Identifier: GPL-2.0-only
/* The walker, the TLB and flushes of the software device. */
#include "softdev.h"

static void start(void)
{
	map(16, 0, NULL);
	device_start(NULL);
	let_write(0, 16);
}

static void tidy(void)
{
	device_stop();
}

#define expect_tlb(hits, misses, evictions)               \
	do {                                              \
		expect(stats().tlb_hits, hits);           \
		expect(stats().tlb_misses, misses);       \
		expect(stats().tlb_evictions, evictions); \
	} while (0)

/* ---- the walker */

static void marks(void)
{
	u64 clean;

	start();
	clean = *entry(0);
	expect(reads(0), 0);
	expect(*entry(0), clean | SOFTDEV_ACCESSED);
	expect(writes(0, 1), 0);
	expect(*entry(0), clean | SOFTDEV_ACCESSED | SOFTDEV_DIRTY);
	expect(*entry(1), clean + PAGE_SIZE);
	/* What is in the TLB is not marked again, until it is flushed. */
	*entry(0) = clean;
	expect(writes(0, 1), 0);
	expect(*entry(0), clean);
	flush(0, 1, 1);
	expect(writes(0, 1), 0);
	expect(*entry(0), clean | SOFTDEV_ACCESSED | SOFTDEV_DIRTY);
}

/* A write that the TLB does not allow looks into the table: it may by now. */
static void upgrade(void)
{
	start();
	let(0, 0);
	expect(reads(0), 0);
	submit((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(0), .count = 1 });
	softdev_fault_reply(rig.dev, fault().cookie, -EACCES);
	expect(ended(), -EACCES);
	let(0, SOFTDEV_WRITE);
	expect(writes(0, 1), 0);
}

static void beyond(void)
{
	u64 addr = BIT_ULL(48) | at(0);

	start();
	submit((struct softdev_command){ .op = SOFTDEV_CHASE, .src = addr, .count = 1 });
	check(fault().addr == addr);
}

/* ---- leaves of all sizes, in the memory of the device */

static void start_own(void)
{
	params.memory = 4 << 20;
	start();
}

static u64 own_word(u64 offset)
{
	return ((u64 *)softdev_memory(rig.dev))[offset / 8];
}

static void large(void)
{
	u64 leaf = (2 << 20) | SOFTDEV_VALID | SOFTDEV_WRITE | SOFTDEV_LARGE | SOFTDEV_DEVMEM;
	u64 *large = &level1[((BASE >> 21) & 511) + 1];

	start_own();
	*large = leaf;
	expect(writes(512, 3), 0);
	expect(writes(1023, 4), 0);
	expect(own_word(2 << 20), 3);
	expect(own_word((4 << 20) - 4096), 4);
	expect(*large, leaf | SOFTDEV_ACCESSED | SOFTDEV_DIRTY);
	expect_tlb(1, 1, 0);
	/* One byte of it takes all of it. */
	softdev_flush(rig.space, at(700) + 5, at(700) + 6, 1);
	wait_for_completion(&rig.flush);
	expect(writes(512, 3), 0);
	expect_tlb(1, 2, 0);
}

static void contiguous(void)
{
	unsigned int i;

	start_own();
	for (i = 0; i < 16; i++)
		*entry(i) = (1 << 20 | i << 12) | SOFTDEV_VALID | SOFTDEV_WRITE | SOFTDEV_CONT |
			    SOFTDEV_DEVMEM;
	expect(writes(5, 5), 0);
	expect(writes(15, 6), 0);
	expect(writes(0, 7), 0);
	expect(own_word((1 << 20) + 5 * 4096), 5);
	expect(own_word((1 << 20) + 15 * 4096), 6);
	expect(own_word(1 << 20), 7);
	expect_tlb(2, 1, 0);
	flush(9, 1, 1);
	expect(writes(0, 7), 0);
	expect_tlb(2, 2, 0);
}

/* ---- geometry */

static void ways(void)
{
	params.tlb_sets = 1;
	params.tlb_ways = 2;
	start();
	expect(reads(0) | reads(1) | reads(0) | reads(1), 0);
	expect_tlb(2, 2, 0);
	expect(reads(2), 0);
	expect_tlb(2, 3, 1);
	expect(reads(1) | reads(2), 0);
	expect_tlb(4, 3, 1);
	expect(reads(0), 0);
	expect_tlb(4, 4, 2);
}

static void sets(void)
{
	unsigned int i;

	params.tlb_sets = 4;
	params.tlb_ways = 1;
	start();
	for (i = 0; i < 8; i++)
		expect(reads(i % 4), 0);
	expect_tlb(4, 4, 0);
	expect(reads(4), 0);
	expect_tlb(4, 5, 1);
	expect(reads(1), 0);
	expect(reads(0), 0);
	expect_tlb(5, 6, 2);
}

static void refused(void)
{
	struct softdev_params bad = { .ops = &softdev_ops, .tlb_sets = 3 };

	start();
	expect(PTR_ERR(softdev_create(&bad)), -EINVAL);
	bad.tlb_sets = 4;
	bad.faults = 65537;
	expect(PTR_ERR(softdev_create(&bad)), -EINVAL);
}

/* Built in part: nothing is left of it. */
static void no_memory(void)
{
	struct softdev_space *space = ERR_PTR(-ENOMEM);
	struct softdev *dev = ERR_PTR(-ENOMEM);
	unsigned int n;

	start();
	params.memory = 4096;
	params.tlb_sets = 2;
	for (n = 1; IS_ERR(dev); n++) {
		hosted_slab_fail(n);
		dev = softdev_create(&params);
		hosted_slab_fail(0);
	}
	check(n > 6);
	for (n = 1; IS_ERR(space); n++) {
		hosted_slab_fail(n);
		space = softdev_space_create(dev, virt_to_phys(root), &rig, NULL, NULL);
		hosted_slab_fail(0);
	}
	check(n > 4);
	softdev_space_destroy(space);
	softdev_destroy(dev);
}

/* ---- flushes */

static void spans(void)
{
	start();
	expect(reads(0) | reads(1) | reads(2), 0);
	flush(1, 1, 7);
	expect(reads(0) | reads(1) | reads(2), 0);
	expect_tlb(2, 4, 0);
	softdev_flush(rig.space, 0, U64_MAX, 8);
	wait_for_completion(&rig.flush);
	expect(rig.flushed, 8);
	expect(reads(0) | reads(1) | reads(2), 0);
	expect_tlb(2, 7, 0);
	expect(stats().flushes, 2);
}

/* Of another address space, nothing is dropped. */
static void spaces(void)
{
	struct softdev_queue *first, *second;
	struct softdev_space *space;

	start();
	first = rig.queue;
	space = softdev_space_create(rig.dev, virt_to_phys(root), &rig, NULL, NULL);
	second = softdev_queue_create(space, &rig);
	expect(reads(0), 0);
	rig.queue = second;
	expect(reads(0), 0);
	expect_tlb(0, 2, 0);
	flush(0, 1, 1);
	expect(reads(0), 0);
	expect_tlb(1, 2, 0);
	rig.queue = first;
	softdev_queue_destroy(second);
	softdev_space_destroy(space);
	expect(reads(0), 0);
	expect_tlb(1, 3, 0);
}

/* It is done after the access that has the translation, and before one that comes later. */
static void in_flight(void)
{
	start();
	softdev_inject(rig.dev)->access_delay_ms = 50;
	submit((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(0), .count = 1 });
	msleep(10);
	*entry(0) = 0;
	softdev_flush(rig.space, at(1), at(2), 1);
	msleep(10);
	expect(rig.flushes, 1);
	softdev_flush(rig.space, at(0), at(1), 2);
	msleep(10);
	expect(rig.flushes, 1);
	expect(rig.ended, 0);
	msleep(50);
	expect(rig.flushes, 2);
	expect(rig.ended, 1);
}

/* A parked access has no translation. */
static void parked(void)
{
	start();
	*entry(0) = 0;
	submit((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(0), .count = 1 });
	fault();
	flush(0, 1, 1);
	expect(rig.ended, 0);
}

/*
 * More than the device has places for, with nothing carried out meanwhile: the last ones are one of
 * everything. It takes nothing of another address space.
 */
static void many(void)
{
	struct softdev_queue *first, *second;
	struct softdev_space *space;
	u64 i;

	start();
	space = softdev_space_create(rig.dev, virt_to_phys(root), &rig, NULL, NULL);
	first = rig.queue;
	second = softdev_queue_create(space, &rig);
	expect(reads(0) | reads(9), 0);
	rig.queue = second;
	expect(reads(9), 0);
	softdev_inject(rig.dev)->flush_delay_ms = 50;
	for (i = 1; i <= 300; i++)
		softdev_flush(rig.space, at(0), at(1), i);
	softdev_inject(rig.dev)->flush_delay_ms = 0;
	softdev_flush(space, at(0), at(1), 301);
	expect(rig.flushes, 0);
	for (i = 1; i <= 301; i++)
		wait_for_completion(&rig.flush);
	expect(rig.flushed, 301);
	expect(stats().flushes, 17);
	expect_tlb(0, 3, 0);
	expect(reads(9), 0);
	expect_tlb(1, 3, 0);
	rig.queue = first;
	expect(reads(9), 0);
	expect_tlb(1, 4, 0);
	softdev_queue_destroy(second);
	softdev_space_destroy(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(marks),  TEST(upgrade),   TEST(beyond),  TEST(large),     TEST(contiguous),
		TEST(ways),   TEST(sets),      TEST(refused), TEST(no_memory), TEST(spans),
		TEST(spaces), TEST(in_flight), TEST(parked),  TEST(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
