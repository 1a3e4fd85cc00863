// SPDX-License-Identifier: GPL-2.0-only
/* What /dev/xmmu-skeleton reports of changes to the address space, and how it is read. */
#include <sys/wait.h>

#include "sk.h"

#define PAGES    16
#define LOG_SIZE 256

/* A range of present, populated, private memory. */
struct subject {
	char *memory;
	int fd;
};

static struct subject subject_new(void)
{
	struct subject subject = { .memory = t_map(PAGES) };

	madvise(subject.memory, PAGES * PAGE, MADV_NOHUGEPAGE);
	t_touch(subject.memory, PAGES);
	subject.fd = sk_start(subject.memory, PAGES);
	assert_int_equal(sk_populate(subject.fd, subject.memory, PAGES, XMMU_SKELETON_WRITE), 0);
	return subject;
}

static void subject_free(struct subject *subject)
{
	close(subject->fd);
	t_unmap(subject->memory, PAGES);
}

static void no_more_events(int fd)
{
	struct xmmu_skeleton_event event;

	assert_int_equal(sk_poll(fd, 0), 0);
	assert_int_equal(sk_read(fd, &event), -EAGAIN);
}

/* The next record: a reason, the span announced, and that all of it was zapped. */
static void expect_zap(int fd, unsigned int reason, const char *start, size_t pages)
{
	struct xmmu_skeleton_event event;

	assert_int_equal(sk_poll(fd, 0), POLLIN);
	assert_int_equal(sk_read(fd, &event), 1);
	assert_int_equal(event.event, reason);
	assert_int_equal(event.start, (uintptr_t)start);
	assert_int_equal(event.end, (uintptr_t)start + pages * PAGE);
	assert_int_equal(event.zap_start, event.start);
	assert_int_equal(event.zap_end, event.end);
	assert_int_equal(event.outcome, XMMU_SKELETON_INVALIDATED);
	assert_int_equal(event.flags, XMMU_SKELETON_BLOCKABLE);
	assert_int_equal(event.lost, 0);
	assert_in_range(event.time_ns / 1000000, 1, t_ms());
}

/* ---- what the kernel does */

static void munmap_is_unmap(void **state)
{
	struct subject subject = subject_new();
	char *page = subject.memory + 3 * PAGE;

	(void)state;
	t_unmap(page, 2);
	expect_zap(subject.fd, XMMU_SKELETON_UNMAP, page, 2);
	no_more_events(subject.fd);
	assert_int_equal(sk_access(subject.fd, page), 0);
	assert_int_equal(sk_access(subject.fd, page - PAGE), SK_READ_WRITE);
	assert_int_equal(sk_access(subject.fd, page + 2 * PAGE), SK_READ_WRITE);
	subject_free(&subject);
}

static void mprotect_is_protection_vma(void **state)
{
	struct subject subject = subject_new();

	(void)state;
	assert_int_equal(mprotect(subject.memory, PAGE, PROT_READ), 0);
	expect_zap(subject.fd, XMMU_SKELETON_PROTECTION_VMA, subject.memory, 1);
	no_more_events(subject.fd);
	subject_free(&subject);
}

static void madvise_is_clear(void **state)
{
	struct subject subject = subject_new();
	char *page = subject.memory + PAGE;

	(void)state;
	assert_int_equal(madvise(page, PAGE, MADV_DONTNEED), 0);
	expect_zap(subject.fd, XMMU_SKELETON_CLEAR, page, 1);
	no_more_events(subject.fd);
	subject_free(&subject);
}

static void mremap_is_unmap(void **state)
{
	struct subject subject = subject_new();
	char *target = t_map(PAGES);
	char *moved = mremap(subject.memory, PAGES * PAGE, PAGES * PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, target);
	struct xmmu_skeleton_event event;

	(void)state;
	assert_ptr_equal(moved, target);
	expect_zap(subject.fd, XMMU_SKELETON_UNMAP, subject.memory, PAGES);
	/* The kernel may unmap what is left at the old place once more: nothing is there. */
	while (sk_read(subject.fd, &event) == 1)
		assert_int_equal(event.zap_end, 0);
	assert_int_equal(sk_access(subject.fd, subject.memory), 0);
	assert_int_equal(sk_populate(subject.fd, subject.memory, 1, 0), -EFAULT);
	close(subject.fd);
	t_unmap(moved, PAGES);
}

static int wait_for_parent(void *arg)
{
	return t_hear(arg) == 'x' ? 0 : 1;
}

static void fork_is_protection_page_and_writing_clear(void **state)
{
	struct subject subject = subject_new();
	struct xmmu_skeleton_event event;
	struct t_steps steps;
	pid_t child;

	(void)state;
	t_steps_init(&steps);
	child = t_fork(wait_for_parent, steps.to_child);
	assert_int_equal(sk_read(subject.fd, &event), 1);
	assert_int_equal(event.event, XMMU_SKELETON_PROTECTION_PAGE);
	assert_int_equal(event.zap_start, (uintptr_t)subject.memory);
	assert_int_equal(event.zap_end, (uintptr_t)subject.memory + PAGES * PAGE);
	no_more_events(subject.fd);

	/* Reading does not break the sharing, so the write does. */
	assert_int_equal(sk_populate(subject.fd, subject.memory, 1, 0), 0);
	no_more_events(subject.fd);
	assert_int_equal(sk_access(subject.fd, subject.memory), SK_READ);
	t_touch(subject.memory, 1);
	expect_zap(subject.fd, XMMU_SKELETON_CLEAR, subject.memory, 1);

	/* So does a populate that asks for writing, itself. */
	assert_int_equal(sk_populate(subject.fd, subject.memory + PAGE, 1, 0), 0);
	assert_int_equal(sk_populate(subject.fd, subject.memory + PAGE, 1, XMMU_SKELETON_WRITE), 0);
	expect_zap(subject.fd, XMMU_SKELETON_CLEAR, subject.memory + PAGE, 1);
	assert_int_equal(sk_access(subject.fd, subject.memory + PAGE), SK_READ_WRITE);

	t_tell(steps.to_child, 'x');
	assert_int_equal(t_wait(child, 10000), 0);
	t_steps_free(&steps);
	subject_free(&subject);
}

static void events_without_translations_are_told_too(void **state)
{
	struct subject subject = subject_new();
	struct xmmu_skeleton_event event;

	(void)state;
	assert_int_equal(sk_zap(subject.fd, subject.memory, PAGES), 0);
	no_more_events(subject.fd);
	assert_int_equal(madvise(subject.memory, PAGE, MADV_DONTNEED), 0);
	assert_int_equal(sk_read(subject.fd, &event), 1);
	assert_int_equal(event.event, XMMU_SKELETON_CLEAR);
	assert_int_equal(event.zap_start, 0);
	assert_int_equal(event.zap_end, 0);
	subject_free(&subject);
}

static void what_is_beside_the_range_is_not_told(void **state)
{
	char *memory = t_map(PAGES);
	int fd = sk_start(memory + PAGE, PAGES - 2);

	(void)state;
	t_touch(memory, PAGES);
	assert_int_equal(sk_populate(fd, memory + PAGE, PAGES - 2, 0), 0);
	assert_int_equal(madvise(memory, PAGE, MADV_DONTNEED), 0);
	assert_int_equal(madvise(memory + (PAGES - 1) * PAGE, PAGE, MADV_DONTNEED), 0);
	no_more_events(fd);
	close(fd);
	t_unmap(memory, PAGES);
}

/* ---- reading */

static void short_buffers_are_einval(void **state)
{
	struct subject subject = subject_new();
	struct xmmu_skeleton_event event;

	(void)state;
	madvise(subject.memory, PAGE, MADV_DONTNEED);
	assert_int_equal(read(subject.fd, &event, sizeof(event) - 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(read(subject.fd, &event, 0), -1);
	/* A larger one gets one record all the same, and none is gone. */
	expect_zap(subject.fd, XMMU_SKELETON_CLEAR, subject.memory, 1);
	subject_free(&subject);
}

static void lost_records_are_counted(void **state)
{
	struct subject subject = subject_new();
	struct xmmu_skeleton_event event;
	size_t i;

	(void)state;
	for (i = 0; i < LOG_SIZE + 44; i++)
		madvise(subject.memory, PAGE, MADV_DONTNEED);
	assert_int_equal(sk_read(subject.fd, &event), 1);
	assert_int_equal(event.lost, 44);
	/* The first one, which had something to zap, was among the lost. */
	assert_int_equal(event.zap_end, 0);
	for (i = 1; i < LOG_SIZE; i++) {
		assert_int_equal(sk_read(subject.fd, &event), 1);
		assert_int_equal(event.lost, 0);
	}
	no_more_events(subject.fd);
	subject_free(&subject);
}

static long read_one(void *arg)
{
	struct xmmu_skeleton_event event;

	return sk_read(*(int *)arg, &event);
}

static void readers_wait_for_a_record_or_the_end(void **state)
{
	struct subject subject = subject_new();
	struct t_thread reader;

	(void)state;
	assert_int_equal(fcntl(subject.fd, F_SETFL, 0), 0);
	t_start(&reader, read_one, &subject.fd);
	assert_false(t_done(&reader, 100));
	madvise(subject.memory, PAGE, MADV_DONTNEED);
	assert_int_equal(t_join(&reader), 1);
	t_start(&reader, read_one, &subject.fd);
	assert_false(t_done(&reader, 100));
	assert_int_equal(sk_detach(subject.fd), 0);
	assert_int_equal(t_join(&reader), 0);
	assert_int_equal(sk_poll(subject.fd, 0), POLLHUP);
	subject_free(&subject);
}

/* ---- the end of the address space */

struct leaver {
	struct subject subject;
	bool exec;
};

/* Attaches the file that the parent reads, populates, and goes. */
static int populate_and_leave(void *arg)
{
	struct leaver *leaver = arg;
	int fd = leaver->subject.fd;
	char *memory = leaver->subject.memory;

	if (sk_attach(fd, 0) || sk_add(fd, memory, PAGES))
		return 1;
	if (sk_populate(fd, memory, PAGES, XMMU_SKELETON_WRITE))
		return 2;
	if (leaver->exec)
		execlp("true", "true", NULL);
	return leaver->exec ? 3 : 0;
}

/* Which pages of the memory an event has zapped, as bits. */
static unsigned int pages_of(const char *memory, const struct xmmu_skeleton_event *event)
{
	unsigned int i, pages = 0;

	for (i = 0; i < PAGES; i++)
		if (event->zap_start <= (uintptr_t)memory + i * PAGE &&
		    (uintptr_t)memory + i * PAGE < event->zap_end)
			pages |= 1U << i;
	return pages;
}

/* The kernel may have moved or reclaimed a page before. */
static void expect_end(struct leaver *leaver)
{
	int fd = leaver->subject.fd;
	char *memory = leaver->subject.memory;
	struct xmmu_skeleton_event event;
	unsigned int zapped = 0;
	int ret;

	assert_int_equal(t_wait(t_fork(populate_and_leave, leaver), 10000), 0);
	assert_true(t_until(5000, sk_poll(fd, 0) & POLLHUP));
	while ((ret = sk_read(fd, &event)) == 1)
		zapped |= pages_of(memory, &event);
	assert_int_equal(ret, 0);
	assert_int_equal(zapped, (1U << PAGES) - 1);
	assert_int_equal(sk_poll(fd, 0), POLLHUP);

	assert_int_equal(sk_add(fd, memory, PAGES), -ESRCH);
	assert_int_equal(sk_populate(fd, memory, 1, 0), -ESRCH);
	assert_int_equal(sk_zap(fd, memory, 1), -ESRCH);
	assert_int_equal(sk_access(fd, memory), -ESRCH);
	assert_int_equal(sk_attach(fd, 0), -EBUSY);
	/* Then it can be used for another one. */
	assert_int_equal(sk_detach(fd), 0);
	assert_int_equal(sk_attach(fd, 0), 0);
	assert_int_equal(sk_add(fd, memory, PAGES), 0);
	assert_int_equal(sk_populate(fd, memory, PAGES, 0), 0);
	subject_free(&leaver->subject);
}

static void exit_ends_the_log(void **state)
{
	struct leaver leaver = { { t_map(PAGES), sk_open(O_NONBLOCK) }, .exec = false };

	(void)state;
	expect_end(&leaver);
}

static void exec_ends_the_log(void **state)
{
	struct leaver leaver = { { t_map(PAGES), sk_open(O_NONBLOCK) }, .exec = true };

	(void)state;
	expect_end(&leaver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(munmap_is_unmap),
		cmocka_unit_test(mprotect_is_protection_vma),
		cmocka_unit_test(madvise_is_clear),
		cmocka_unit_test(mremap_is_unmap),
		cmocka_unit_test(fork_is_protection_page_and_writing_clear),
		cmocka_unit_test(events_without_translations_are_told_too),
		cmocka_unit_test(what_is_beside_the_range_is_not_told),
		cmocka_unit_test(short_buffers_are_einval),
		cmocka_unit_test(lost_records_are_counted),
		cmocka_unit_test(readers_wait_for_a_record_or_the_end),
		cmocka_unit_test(exit_ends_the_log),
		cmocka_unit_test(exec_ends_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
