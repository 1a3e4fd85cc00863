// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access rights come from the request: reading breaks no copy-on-write, a translation for reading
 * is never one for writing, a snapshot changes nothing, and no leaf is larger than the range.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "t.h"

#define PAGES      16
#define HUGE_PAGES (WINDOW / PAGE)
#define KSM        "/sys/kernel/mm/ksm/"

static void write_knob(const char *path, const char *value)
{
	FILE *knob = fopen(path, "w");

	assert_non_null(knob);
	fputs(value, knob);
	fclose(knob);
}

static int wait_for_the_end(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

/* A child that shares all memory of this process until end_sharer(). */
static pid_t start_sharer(void)
{
	return t_fork(wait_for_the_end, NULL);
}

static void end_sharer(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(t_wait(pid, 5000), 100 + SIGKILL);
}

static struct xt_access access_page(int fd, int id, char *memory, unsigned int op, uint64_t value)
{
	return xt_access(fd, (struct xt_access){ .id = id,
						 .start = (uintptr_t)memory,
						 .end = (uintptr_t)memory + PAGE,
						 .op = op,
						 .base = value });
}

static void read_walk_does_not_break_cow(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, PAGES);
	uint64_t pfn;
	pid_t pid;

	(void)state;
	t_touch(memory, PAGES);
	pfn = t_pfn(memory);
	assert_true(pfn);
	pid = start_sharer();
	assert_int_equal(xt_populate(fd, id, memory, PAGES, 0), 0);
	assert_int_equal(t_pfn(memory), pfn);
	assert_int_equal(xt_query(fd, id, memory, PAGES).pfn, pfn);
	assert_int_equal(xt_query(fd, id, memory, PAGES).writable, 0);

	assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_WRITE), 0);
	assert_int_not_equal(t_pfn(memory), pfn);
	assert_int_equal(xt_query(fd, id, memory, PAGES).pfn, t_pfn(memory));
	assert_int_equal(xt_query(fd, id, memory, PAGES).writable, PAGES);
	end_sharer(pid);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

static void write_by_the_cpu_after_a_read_walk_is_seen(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, PAGES);

	(void)state;
	/* Untouched memory: the zero page is what a reader gets. */
	assert_int_equal(xt_populate(fd, id, memory, PAGES, 0), 0);
	assert_int_equal(access_page(fd, id, memory, XT_READ, 0).done, 1);
	*t_word(memory, 0, 0) = 4711;
	assert_int_equal(xt_query(fd, id, memory, 1).present, 0);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, 0), 0);
	assert_int_equal(access_page(fd, id, memory, XT_READ, 4711).last, 4711);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

static void read_walk_of_writable_memory_gives_no_write(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, PAGES);
	struct xt_walk walk = { .id = id, .start = (uintptr_t)memory };
	struct xt_access store;

	(void)state;
	t_touch(memory, PAGES);
	walk.end = walk.start + PAGES * PAGE;
	assert_int_equal(xt_walk(fd, &walk), 0);
	assert_int_equal(walk.pages, PAGES);
	assert_int_equal(walk.writable, 0);
	store = access_page(fd, id, memory, XT_STORE, 1);
	assert_int_equal(store.denied, 1);
	assert_int_equal(store.done, 0);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

static void mprotect_takes_the_right_to_write(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, PAGES);

	(void)state;
	assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_WRITE), 0);
	assert_int_equal(mprotect(memory, 4 * PAGE, PROT_READ), 0);
	assert_int_equal(xt_query(fd, id, memory, 4).writable, 0);
	assert_int_equal(xt_query(fd, id, memory, PAGES).writable, PAGES - 4);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_WRITE), -EPERM);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, 0), 0);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

/* A file of one page, mapped. */
static char *map_file(int flags, int *file)
{
	char *memory;

	*file = open("/tmp/core_rights", O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_return_code(*file, errno);
	unlink("/tmp/core_rights");
	assert_return_code(ftruncate(*file, PAGE), errno);
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, *file, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static uint64_t file_word(int file)
{
	uint64_t word = 0;

	assert_int_equal(pread(file, &word, sizeof(word), 0), sizeof(word));
	return word;
}

static void device_write_to_a_private_file_mapping_stays_private(void **state)
{
	int file, fd = xt_start(XT_REFUSE), id;
	char *memory = map_file(MAP_PRIVATE, &file);
	uint64_t pfn;

	(void)state;
	id = xt_insert(fd, memory, 1);
	assert_int_equal(xt_populate(fd, id, memory, 1, 0), 0);
	pfn = xt_query(fd, id, memory, 1).pfn;
	assert_int_equal(xt_populate(fd, id, memory, 1, XT_WRITE), 0);
	assert_int_not_equal(xt_query(fd, id, memory, 1).pfn, pfn);
	assert_int_equal(access_page(fd, id, memory, XT_STORE, 7).done, 1);
	assert_int_equal(*t_word(memory, 0, 0), 7);
	assert_int_equal(file_word(file), 0);
	munmap(memory, PAGE);
	close(file);
	xt_stop(fd);
}

static void device_write_to_a_shared_file_mapping_reaches_the_file(void **state)
{
	int file, fd = xt_start(XT_REFUSE), id;
	char *memory = map_file(MAP_SHARED, &file);

	(void)state;
	id = xt_insert(fd, memory, 1);
	assert_int_equal(xt_populate(fd, id, memory, 1, XT_WRITE), 0);
	assert_int_equal(access_page(fd, id, memory, XT_STORE, 7).done, 1);
	assert_int_equal(file_word(file), 7);
	/* Truncation takes the page away from the device. */
	assert_return_code(ftruncate(file, 0), errno);
	assert_int_equal(xt_query(fd, id, memory, 1).present, 0);
	assert_int_equal(xt_populate(fd, id, memory, 1, 0), -EFAULT);
	munmap(memory, PAGE);
	close(file);
	xt_stop(fd);
}

static void snapshot_takes_what_is_there_and_changes_nothing(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, PAGES);
	struct xt_walk walk = { .id = id, .start = (uintptr_t)memory, .flags = XT_SNAPSHOT };
	uint64_t before[PAGES];
	unsigned char in_core[PAGES];
	pid_t pid;
	int i;

	(void)state;
	walk.end = walk.start + PAGES * PAGE;
	t_touch(memory + 3 * PAGE, 4);
	t_unmap(memory + 10 * PAGE, 1);
	for (i = 0; i < PAGES; i++)
		before[i] = t_pagemap(memory + i * PAGE);
	assert_int_equal(xt_walk(fd, &walk), 0);
	assert_int_equal(walk.done, walk.end);
	assert_int_equal(walk.pages, 4);
	assert_int_equal(xt_query(fd, id, memory, PAGES).present, 4);
	for (i = 0; i < PAGES; i++)
		assert_int_equal(t_pagemap(memory + i * PAGE), before[i]);
	assert_int_equal(mincore(memory, 8 * PAGE, in_core), 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(in_core[i] & 1, i >= 3 && i < 7);

	/* Shared pages could be written only after a copy. */
	pid = start_sharer();
	walk.flags = XT_SNAPSHOT | XT_WRITE;
	walk.pages = walk.writable = 0;
	assert_int_equal(xt_walk(fd, &walk), 0);
	assert_int_equal(walk.writable, 0);
	assert_int_equal(t_pagemap(memory + 3 * PAGE) << 9, before[3] << 9);
	end_sharer(pid);
	assert_int_equal(xt_stats(fd).core.fixups, 0);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

static void ksm_page_stays_shared_under_a_read_walk(void **state)
{
	char *memory = t_map(2);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, 2);
	uint64_t pfn;

	(void)state;
	write_knob(KSM "pages_to_scan", "5000");
	write_knob(KSM "sleep_millisecs", "5");
	write_knob(KSM "run", "1");
	memset(memory, 0x5a, 2 * PAGE);
	assert_int_equal(madvise(memory, 2 * PAGE, MADV_MERGEABLE), 0);
	assert_int_equal(xt_populate(fd, id, memory, 2, XT_WRITE), 0);
	assert_true(t_until(8000, t_pfn(memory) && t_pfn(memory) == t_pfn(memory + PAGE)));
	/* The merge has taken the right to write. */
	assert_int_equal(xt_query(fd, id, memory, 2).writable, 0);
	pfn = t_pfn(memory);
	assert_int_equal(xt_populate(fd, id, memory, 2, 0), 0);
	assert_int_equal(t_pfn(memory), pfn);
	assert_int_equal(t_pfn(memory + PAGE), pfn);
	assert_int_equal(xt_query(fd, id, memory, 2).pfn, pfn);
	assert_int_equal(xt_populate(fd, id, memory, 1, XT_WRITE), 0);
	assert_int_not_equal(t_pfn(memory), pfn);
	assert_int_equal(t_pfn(memory + PAGE), pfn);
	xt_stop(fd);
	t_unmap(memory, 2);
}

static void mremap_moves_the_data_not_the_translation(void **state)
{
	char *memory = t_map(2 * PAGES), *to = memory + PAGES * PAGE;
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, 2 * PAGES);

	(void)state;
	*t_word(memory, 0, 0) = 4711;
	assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_WRITE), 0);
	assert_ptr_equal(
		mremap(memory, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	assert_int_equal(xt_query(fd, id, memory, 2 * PAGES).present, 0);
	assert_int_equal(xt_populate(fd, id, memory, 1, 0), -EFAULT);
	assert_int_equal(xt_populate(fd, id, to, PAGES, 0), 0);
	assert_int_equal(access_page(fd, id, to, XT_READ, 4711).last, 4711);
	xt_stop(fd);
	t_unmap(memory, 2 * PAGES);
}

/* Make one huge page; false if the kernel has none to give. Little memory turns them off. */
static bool make_huge(char *memory)
{
	size_t i;

	write_knob("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	write_knob("/sys/kernel/mm/transparent_hugepage/defrag", "always");
	madvise(memory, WINDOW, MADV_HUGEPAGE);
	t_touch(memory, HUGE_PAGES);
	for (i = 1; i < HUGE_PAGES; i++) {
		if (t_pfn(memory + i * PAGE) != t_pfn(memory) + i)
			return false;
	}
	return true;
}

static void huge_leaf_is_trimmed_to_the_range(void **state)
{
	char *memory = t_map(HUGE_PAGES);
	int fd = xt_start(XT_REFUSE);
	struct xt_walk whole = { .start = (uintptr_t)memory, .flags = XT_WRITE };
	struct xt_walk part = { .start = whole.start + PAGE, .flags = XT_WRITE };

	(void)state;
	if (!make_huge(memory)) {
		print_message("no transparent huge page to be had\n");
		skip();
	}
	whole.end = whole.start + WINDOW;
	whole.id = xt_insert_at(fd, whole.start, whole.end);
	assert_int_equal(xt_walk(fd, &whole), 0);
	assert_int_equal(whole.leaves, 1);
	assert_int_equal(whole.max_order, 9);

	/* One page is missing at each end: 1 + 2 + ... + 128, and down again. */
	part.end = whole.end - PAGE;
	part.id = xt_insert_at(fd, part.start, part.end);
	assert_int_equal(xt_walk(fd, &part), 0);
	assert_int_equal(part.pages, HUGE_PAGES - 2);
	assert_int_equal(part.leaves, 16);
	assert_int_equal(part.max_order, 7);
	assert_int_equal(xt_query(fd, part.id, memory, HUGE_PAGES).present, HUGE_PAGES - 2);
	assert_int_equal(xt_query(fd, part.id, memory, HUGE_PAGES).pfn, t_pfn(memory) + 1);

	/* Splitting it concerns the device as well. */
	t_unmap(memory + 100 * PAGE, 1);
	assert_int_equal(xt_query(fd, whole.id, memory + 100 * PAGE, 1).present, 0);
	xt_stop(fd);
	t_unmap(memory, HUGE_PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_walk_does_not_break_cow),
		cmocka_unit_test(write_by_the_cpu_after_a_read_walk_is_seen),
		cmocka_unit_test(read_walk_of_writable_memory_gives_no_write),
		cmocka_unit_test(mprotect_takes_the_right_to_write),
		cmocka_unit_test(device_write_to_a_private_file_mapping_stays_private),
		cmocka_unit_test(device_write_to_a_shared_file_mapping_reaches_the_file),
		cmocka_unit_test(snapshot_takes_what_is_there_and_changes_nothing),
		cmocka_unit_test(ksm_page_stays_shared_under_a_read_walk),
		cmocka_unit_test(mremap_moves_the_data_not_the_translation),
		cmocka_unit_test(huge_leaf_is_trimmed_to_the_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
