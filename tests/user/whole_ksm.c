// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel merges pages of two processes, and they are broken again by stores, while the device
 * reads them. Up to Linux 6.9 it says which page replaces which (change_pte): the device faults
 * less if it makes use of that.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "number.h"
#include "pressure.h"
#include "xw.h"

#define PAGES    64
#define ROUNDS   2
#define WORDS    (PAGE / 8)
#define LIMIT_MS 60000
#define HOLD_MS  800
#define KSM      "/sys/kernel/mm/ksm/"
#define REMAP    "/sys/module/xmmu_whole/parameters/remap"
#define FEATURES "/sys/kernel/debug/xmmu-xmmu_whole/features"

static char *memory;
static int device;
static bool can_remap;

/* All words of a page; in no two pages of a process the same. */
static void fill(size_t page, unsigned int round)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		*(volatile uint64_t *)t_word(memory, page, i) = round * PAGES + page + 1;
}

static void fill_all(unsigned int round)
{
	size_t page;

	for (page = 0; page < PAGES; page++)
		fill(page, round);
}

/* ---- the other process: the same memory with the same content */

static struct t_steps steps;
static pid_t other;

static int be_other(void *unused)
{
	unsigned int round = 1;
	int step;

	(void)unused;
	while ((step = t_hear(steps.to_child)) != 'q') {
		/* It may take the kernel long to merge. */
		if (step != 'w')
			continue;
		fill_all(round++);
		t_tell(steps.to_parent, 'd');
	}
	return 0;
}

static void other_fills(void)
{
	t_tell(steps.to_child, 'w');
	assert_int_equal(t_hear(steps.to_parent), 'd');
}

/* ---- the device reads all the time: what was there before a round of stores, or after it */

static volatile bool stop;

static long read_all(void *unused)
{
	static uint64_t words[PAGES], last[PAGES];
	long bad = 0;
	size_t i;

	(void)unused;
	memset(last, 0, sizeof(last));
	while (!stop && !bad) {
		if (xw_read(device, 0, PAGES, words))
			return -1;
		for (i = 0; i < PAGES; i++) {
			bad += words[i] < last[i] || words[i] % PAGES != (i + 1) % PAGES;
			last[i] = words[i];
		}
	}
	return bad;
}

/* How many pages are the same in both processes. */
static size_t merged(void)
{
	uint64_t theirs[PAGES];
	char path[32];
	size_t i, same = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", other);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, theirs, sizeof(theirs), (uintptr_t)memory / PAGE * 8),
			 sizeof(theirs));
	close(fd);
	for (i = 0; i < PAGES; i++)
		same += theirs[i] & T_PRESENT &&
			t_pfn(memory + i * PAGE) == (theirs[i] & ((1ULL << 55) - 1));
	return same;
}

static void begin(void)
{
	memory = t_map(PAGES);
	assert_return_code(madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE), errno);
	assert_return_code(madvise(memory, PAGES * PAGE, MADV_MERGEABLE), errno);
	t_steps_init(&steps);
	other = t_fork(be_other, NULL);
	other_fills();
	fill_all(1);
	device = xw_open(memory, PAGES);
}

static void end(void)
{
	t_tell(steps.to_child, 'q');
	assert_int_equal(t_wait(other, LIMIT_MS), 0);
	t_steps_free(&steps);
	close(device);
	t_unmap(memory, PAGES);
}

/* Each page is merged, and then both processes store to it. */
static void merge_and_break(unsigned int round)
{
	assert_true(t_until(LIMIT_MS, merged() == PAGES));
	fill_all(round);
	other_fills();
}

static struct xw_stats faults_with(const char *remap)
{
	struct t_thread reader;
	struct xw_stats stats;
	unsigned int round;

	assert_int_equal(pressure_set(REMAP, remap), 0);
	begin();
	stop = false;
	t_start(&reader, read_all, NULL);
	for (round = 2; round < 2 + ROUNDS; round++)
		merge_and_break(round);
	assert_true(t_until(LIMIT_MS, merged() == PAGES));
	stop = true;
	assert_int_equal(t_join(&reader), 0);
	stats = xw_stats(device);
	print_message("# remap %s: %d pages: faults %llu, change_pte %llu, remapped %llu, beside "
		      "another invalidation %llu\n",
		      remap, PAGES, (unsigned long long)stats.faults,
		      (unsigned long long)stats.changes, (unsigned long long)stats.remaps,
		      (unsigned long long)stats.overlaps);
	end();
	assert_int_equal(stats.shared_writable, 0);
	/* Each lies within an invalidation. */
	assert_int_equal(stats.outside, 0);
	return stats;
}

static void merged_and_broken(void **state)
{
	struct xw_stats with = faults_with("Y"), without = faults_with("N");

	(void)state;
	assert_int_equal(without.remaps, 0);
	if (!can_remap) {
		assert_int_equal(with.changes + with.remaps + without.changes, 0);
		return;
	}
	/* For each page and round: protected or replaced, and copied by the store. */
	assert_true(with.changes >= 2 * PAGES * ROUNDS);
	assert_true(without.changes >= 2 * PAGES * ROUNDS);
	assert_true(with.remaps > with.changes / 2);
	assert_true(2 * with.faults < without.faults);
}

/* ---- one more invalidation is open, of a page that has nothing to do with it */

static long discard(void *page)
{
	return madvise(page, PAGE, MADV_DONTNEED) ? -errno : 0;
}

static void beside_another_invalidation(void **state)
{
	char *elsewhere = t_map(1);
	struct xw_hold hold = { (uintptr_t)elsewhere, (uintptr_t)elsewhere + PAGE, HOLD_MS };
	struct xw_stats before, after;
	struct t_thread thread;
	uint64_t words[PAGES];

	(void)state;
	assert_int_equal(pressure_set(REMAP, "Y"), 0);
	begin();
	t_touch(elsewhere, 1);
	assert_true(t_until(LIMIT_MS, merged() == PAGES));
	assert_int_equal(xw_read(device, 0, PAGES, words), 0);
	assert_return_code(ioctl(device, XW_HOLD, &hold), errno);
	before = xw_stats(device);
	t_start(&thread, discard, elsewhere);
	assert_true(t_until(LIMIT_MS, xw_stats(device).held > before.held));
	fill(0, 2);
	after = xw_stats(device);
	assert_int_equal(t_join(&thread), 0);
	print_message("# copied beside an invalidation: change_pte %llu, refused %llu\n",
		      (unsigned long long)(after.changes - before.changes),
		      (unsigned long long)(after.overlaps - before.overlaps));
	if (can_remap)
		assert_true(after.overlaps > before.overlaps);
	assert_int_equal(after.outside, 0);
	/* Zapped, and asked for again. */
	assert_int_equal(xw_read(device, 0, PAGES, words), 0);
	assert_int_equal(words[0], 2 * PAGES + 1);
	assert_true(xw_stats(device).faults > before.faults);
	t_unmap(elsewhere, 1);
	end();
}

/* The device writes to what is merged: the other process keeps what it had. */
static void written_by_the_device(void **state)
{
	uint64_t words[PAGES], new[PAGES];
	size_t i;

	(void)state;
	begin();
	assert_true(t_until(LIMIT_MS, merged() == PAGES));
	assert_int_equal(xw_read(device, 0, PAGES, words), 0);
	for (i = 0; i < PAGES; i++)
		new[i] = words[i] + 5 * PAGES;
	assert_int_equal(xw_write(device, 0, PAGES, new), 0);
	for (i = 0; i < PAGES; i++)
		assert_int_equal(*t_word(memory, i, 0), new[i]);
	assert_int_equal(merged(), 0);
	assert_int_equal(xw_stats(device).shared_writable, 0);
	/* The other one has what it has stored: the two can be merged only if all words agree. */
	fill_all(1);
	assert_true(t_until(LIMIT_MS, merged() == PAGES));
	end();
}

static int setup(void **state)
{
	(void)state;
	can_remap = number_in(FEATURES, "change_pte") == 1;
	if (pressure_set(KSM "run", "1"))
		return -1;
	pressure_set(KSM "sleep_millisecs", "1");
	pressure_set(KSM "pages_to_scan", "1000");
	/* It passes pages over that it has not merged some times; from 6.7 on. */
	pressure_set(KSM "smart_scan", "0");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return pressure_set(KSM "run", "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged_and_broken),
		cmocka_unit_test(beside_another_invalidation),
		cmocka_unit_test(written_by_the_device),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
