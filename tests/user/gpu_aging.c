// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /dev/xmmu-gpu0 uses all the time stays in memory. Every second page is used by the device,
 * the others by nobody, and no processor uses either; then the kernel has to take pages away. It
 * takes those of nobody if the device says what it has used, and both alike if it does not.
 */
#include <fcntl.h>

#include "gpu.h"
#include "number.h"
#include "pressure.h"

#define PAIRS  512
#define STEPS  16
#define STEP   32          /* pages that are taken at a time, at least */
#define ENOUGH (PAIRS / 2) /* so that there are others to take to the end */
#define AGING  "/sys/module/gpu/parameters/aging"
#define LRU    "/sys/kernel/mm/lru_gen/enabled"
#define IDLE   "/sys/kernel/mm/page_idle/bitmap"
#define AROUND "/proc/sys/vm/page-cluster"

/* How many pages were taken, of those that the device uses and of the others. */
struct lost {
	size_t used;
	size_t others;
};

static int gpu;
static char *memory;
static uint64_t index_of[PAIRS], words[PAIRS];

/* One word of every second page. */
static void use(void)
{
	struct xmmu_gpu_submit gather = { .op = XMMU_GPU_GATHER,
					  .dst = (uintptr_t)words,
					  .src = (uintptr_t)memory,
					  .index = (uintptr_t)index_of,
					  .count = PAIRS };
	size_t i;

	assert_int_equal(gpu_do(gpu, &gather, NULL), 0);
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(words[i], i + 1);
}

/* Which pages are there. */
static void look(bool *there)
{
	static uint64_t entries[2 * PAIRS];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t i;

	assert_int_equal(pread(fd, entries, sizeof(entries), (uintptr_t)memory / PAGE * 8),
			 sizeof(entries));
	close(fd);
	for (i = 0; i < 2 * PAIRS; i++)
		there[i] = entries[i] & T_PRESENT;
}

static bool all_are_out(void)
{
	static bool there[2 * PAIRS];

	if (madvise(memory, 2 * PAIRS * PAGE, MADV_PAGEOUT))
		return false;
	look(there);
	return !memchr(there, true, sizeof(there));
}

/*
 * From now on no processor has used them. They have been in swap, so that taking one takes no time:
 * while it writes, the kernel takes more than it was asked for.
 */
static void make_cold(void)
{
	size_t i;

	for (i = 0; i < PAIRS; i++) {
		*t_word(memory, 2 * i, 0) = i + 1;
		*t_word(memory, 2 * i + 1, 0) = ~i;
	}
	assert_true(t_until(GPU_LIMIT_MS, all_are_out()));
	for (i = 0; i < 2 * PAIRS; i++)
		assert_int_equal(*(volatile uint64_t *)t_word(memory, i, 0),
				 i % 2 ? ~(i / 2) : i / 2 + 1);
	assert_return_code(madvise(memory, 2 * PAIRS * PAGE, MADV_COLD), errno);
}

/* What was there before a step and is not after it; the device brings what it uses back. */
static struct lost lose(void)
{
	static bool before[2 * PAIRS], after[2 * PAIRS];
	struct lost lost = {};
	size_t i, step;

	make_cold();
	for (step = 0; step < STEPS && lost.used + lost.others < ENOUGH; step++) {
		use();
		look(before);
		pressure_take(STEP);
		look(after);
		for (i = 0; i < PAIRS; i++) {
			lost.used += before[2 * i] && !after[2 * i];
			lost.others += before[2 * i + 1] && !after[2 * i + 1];
		}
	}
	return lost;
}

static struct lost lose_with(const char *aging, const char *name)
{
	struct lost lost;

	assert_int_equal(pressure_set(AGING, aging), 0);
	memory = t_map(2 * PAIRS);
	assert_return_code(madvise(memory, 2 * PAIRS * PAGE, MADV_NOHUGEPAGE), errno);
	gpu = gpu_file();
	assert_return_code(gpu, -gpu);
	lost = lose();
	print_message("# %s, aging %s: taken of the device's %zu, of the others %zu\n", name, aging,
		      lost.used, lost.others);
	close(gpu);
	t_unmap(memory, 2 * PAIRS);
	return lost;
}

static void judge(const char *name)
{
	struct lost with = lose_with("Y", name), without = lose_with("N", name);

	assert_true(with.used + with.others >= ENOUGH);
	assert_true(3 * with.used < with.others);
	assert_true(without.used + without.others >= ENOUGH);
	assert_true(2 * without.used > without.others);
}

static void used_pages_stay(void **state)
{
	(void)state;
	pressure_set(LRU, "n");
	judge("LRU lists");
}

static void used_pages_stay_with_generations(void **state)
{
	(void)state;
	if (pressure_set(LRU, "y")) {
		print_message("no generations of pages in this kernel (CONFIG_LRU_GEN)\n");
		skip();
	}
	judge("generations");
}

static int setup(void **state)
{
	size_t i;

	(void)state;
	t_one_processor();
	for (i = 0; i < PAIRS; i++)
		index_of[i] = 2 * i * GPU_WORDS;
	pressure_set(AROUND, "0");
	pressure_begin();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pressure_end();
	pressure_set(AROUND, "3");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(used_pages_stay),
		cmocka_unit_test(used_pages_stay_with_generations),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
