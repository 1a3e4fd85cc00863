// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory: pages move there and back, by range, by a processor's fault, for room, and when
 * the device goes; what can not move or be copied stays where it is. Each page holds its number, so
 * that a page that is lost, or stands in the wrong place, shows.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "number.h"
#include "xd.h"

#define PAGES 16
/* How long threads contend, and what each must have done by then. */
#define CONTEND_MS  3000
#define CONTEND_MIN 5

static int fd;
static char *memory;

static struct xd_stats stats(void)
{
	return xd_stats(fd);
}

static void fail_next(uint64_t what)
{
	assert_int_equal(xd_call(fd, XD_IOC_FAIL, NULL, 0, &what), 0);
}

/* How many have moved. */
static uint64_t to_device(const char *start, size_t pages)
{
	uint64_t moved = 0;

	assert_int_equal(xd_call(fd, XD_IOC_TO_DEVICE, start, pages, &moved), 0);
	return moved;
}

static uint64_t to_ram(const char *start, size_t pages)
{
	uint64_t moved = 0;

	assert_int_equal(xd_call(fd, XD_IOC_TO_RAM, start, pages, &moved), 0);
	return moved;
}

/* ---- what memory holds */

static uint64_t *word_of(size_t page)
{
	return t_word(memory, page, page % 512);
}

static void fill(size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		*word_of(i) = i + 1;
}

static size_t wrong(size_t pages)
{
	size_t i, count = 0;

	for (i = 0; i < pages; i++)
		count += *word_of(i) != i + 1;
	return count;
}

static bool coherent(void)
{
	return stats().coherent;
}

static void begin(size_t pages)
{
	memory = t_map(pages);
	assert_return_code(madvise(memory, pages * PAGE, MADV_NOHUGEPAGE), errno);
	fd = xd_attach(memory, pages, 0);
	assert_int_equal(stats().used, 0);
}

static void end(size_t pages)
{
	close(fd);
	t_unmap(memory, pages);
	fd = open(XD_DEVICE, O_RDWR | O_CLOEXEC);
	assert_true(t_until(1000, stats().used == 0));
	close(fd);
}

/* ---- the simple ways */

static void there_and_back(void **state)
{
	struct xd_stats before, after;

	(void)state;
	begin(PAGES);
	before = stats();
	fill(PAGES);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	assert_int_equal(stats().used, PAGES);
	assert_int_equal(to_device(memory, PAGES), 0);
	assert_int_equal(xd_load(fd, word_of(3)), 4);
	assert_int_equal(xd_query(fd, memory + 3 * PAGE), XD_PRESENT | XD_IN_DEVICE);
	xd_store(fd, word_of(3), 40);
	assert_int_equal(xd_query(fd, memory + 3 * PAGE), XD_PRESENT | XD_WRITE | XD_IN_DEVICE);
	assert_int_equal(to_ram(memory, PAGES), PAGES);
	assert_int_equal(xd_query(fd, memory + 3 * PAGE), 0);
	after = stats();
	assert_int_equal(after.used, 0);
	assert_int_equal(after.to_device - before.to_device, PAGES);
	assert_int_equal(after.to_ram - before.to_ram, PAGES);
	assert_int_equal(*word_of(3), 40);
	*word_of(3) = 4;
	assert_int_equal(wrong(PAGES), 0);
	assert_int_equal(xd_load(fd, word_of(5)), 6);
	assert_int_equal(xd_query(fd, memory + 5 * PAGE), XD_PRESENT);
	end(PAGES);
}

/* How many of the pages lie in the 64 KiB of one of them. */
static size_t around(size_t page, size_t pages)
{
	size_t i, count = 0;

	for (i = 0; i < pages; i++)
		count += (uintptr_t)word_of(i) >> 16 == (uintptr_t)word_of(page) >> 16;
	return count;
}

/* The processor touches what is in the device, the device what it has left there. */
static void by_fault(void **state)
{
	struct xd_stats before;

	(void)state;
	begin(PAGES);
	fill(PAGES);
	before = stats();
	assert_int_equal(to_device(memory, PAGES), PAGES);
	xd_store(fd, word_of(2), 30);
	assert_int_equal(*word_of(2), 30);
	*word_of(2) = 3;
	assert_int_equal(xd_load(fd, word_of(2)), 3);
	if (coherent()) {
		assert_int_equal(stats().faults, before.faults);
		assert_int_equal(stats().used, PAGES);
	} else {
		assert_int_equal(stats().faults - before.faults, around(2, PAGES));
		assert_int_equal(stats().around - before.around, around(2, PAGES) - 1);
		assert_int_equal(stats().used, PAGES - around(2, PAGES));
		assert_int_equal(xd_query(fd, memory + 2 * PAGE), XD_PRESENT);
	}
	assert_int_equal(wrong(PAGES), 0);
	end(PAGES);
}

/* Addresses without a page, and with the zero page, get zeros in the device. */
static void empty(void **state)
{
	size_t i;

	(void)state;
	begin(PAGES);
	for (i = 0; i < PAGES / 2; i++)
		assert_int_equal(*(volatile uint64_t *)word_of(i), 0);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	for (i = 0; i < PAGES; i++)
		assert_int_equal(xd_load(fd, word_of(i)), 0);
	xd_store(fd, word_of(1), 7);
	assert_int_equal(*word_of(1), 7);
	assert_int_equal(*word_of(PAGES - 1), 0);
	end(PAGES);
}

/* ---- what does not move */

static void pinned(void **state)
{
	struct iovec iov = { .iov_len = PAGE };
	int pipes[2];

	(void)state;
	begin(PAGES);
	fill(PAGES);
	iov.iov_base = memory + 4 * PAGE;
	assert_return_code(pipe(pipes), errno);
	assert_int_equal(vmsplice(pipes[1], &iov, 1, 0), PAGE);
	assert_int_equal(to_device(memory, PAGES), PAGES - 1);
	assert_int_equal(xd_load(fd, word_of(4)), 5);
	assert_int_equal(xd_query(fd, memory + 4 * PAGE), XD_PRESENT);
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(to_device(memory, PAGES), 1);
	assert_int_equal(wrong(PAGES), 0);
	end(PAGES);
}

static void shared(void **state)
{
	char *map =
		mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	begin(PAGES);
	t_touch(map, PAGES);
	assert_int_equal(to_device(map, PAGES), 0);
	assert_int_equal(stats().used, 0);
	munmap(map, PAGES * PAGE);
	end(PAGES);
}

static void refused(void **state)
{
	uint64_t moved = 0;

	(void)state;
	begin(PAGES);
	fill(PAGES);
	assert_int_equal(xd_call(fd, XD_IOC_TO_DEVICE, memory + 1, 1, &moved), -EINVAL);
	assert_int_equal(xd_call(fd, XD_IOC_TO_DEVICE, memory, 0, &moved), -EINVAL);
	assert_return_code(mprotect(memory + 2 * PAGE, PAGE, PROT_NONE), errno);
	assert_int_equal(xd_call(fd, XD_IOC_TO_DEVICE, memory, PAGES, &moved), -EFAULT);
	assert_int_equal(moved, 2);
	assert_return_code(munmap(memory + 2 * PAGE, PAGE), errno);
	assert_int_equal(xd_call(fd, XD_IOC_TO_DEVICE, memory, PAGES, &moved), -EFAULT);
	assert_int_equal(moved, 0);
	assert_int_equal(to_device(memory + 3 * PAGE, PAGES - 3), PAGES - 3);
	assert_int_equal(to_ram(memory, PAGES), PAGES - 1);
	end(PAGES);
}

/* ---- copies that fail */

static void copy_in_fails(void **state)
{
	uint64_t moved = 9;

	(void)state;
	begin(PAGES);
	fill(PAGES);
	fail_next(XD_FAIL_TO_DEVICE);
	assert_int_equal(xd_call(fd, XD_IOC_TO_DEVICE, memory, PAGES, &moved), -EIO);
	assert_int_equal(moved, 0);
	assert_int_equal(stats().used, 0);
	assert_int_equal(wrong(PAGES), 0);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	assert_int_equal(wrong(PAGES), 0);
	end(PAGES);
}

static void copy_out_fails(void **state)
{
	uint64_t moved = 9;

	(void)state;
	begin(PAGES);
	fill(PAGES);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	fail_next(XD_FAIL_TO_RAM);
	assert_int_equal(xd_call(fd, XD_IOC_TO_RAM, memory, PAGES, &moved), -EIO);
	assert_int_equal(moved, 0);
	assert_int_equal(stats().used, PAGES);
	assert_int_equal(xd_load(fd, word_of(6)), 7);
	assert_int_equal(to_ram(memory, PAGES), PAGES);
	assert_int_equal(wrong(PAGES), 0);
	end(PAGES);
}

static int touch(void *word)
{
	/* cmocka has a handler. */
	signal(SIGBUS, SIG_DFL);
	return *(volatile uint64_t *)word != 1;
}

/* A processor that can not have the page gets SIGBUS, and the next time the page. */
static void fault_fails(void **state)
{
	(void)state;
	begin(PAGES);
	if (coherent()) {
		end(PAGES);
		print_message("the processor reaches coherent memory\n");
		skip();
	}
	fill(PAGES);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	fail_next(XD_FAIL_RAM_FOR_GOOD);
	assert_int_equal(t_wait(t_fork(touch, word_of(0)), 10000), 100 + SIGBUS);
	fail_next(0);
	assert_int_equal(t_wait(t_fork(touch, word_of(0)), 10000), 0);
	assert_int_equal(wrong(PAGES), 0);
	end(PAGES);
}

/* ---- room */

static void evict(void **state)
{
	uint64_t pages = 3;

	(void)state;
	begin(PAGES);
	fill(PAGES);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	assert_int_equal(xd_call(fd, XD_IOC_EVICT, NULL, 0, &pages), 0);
	assert_int_equal(pages, 3);
	assert_int_equal(stats().used, PAGES - 3);
	pages = UINT64_MAX;
	assert_int_equal(xd_call(fd, XD_IOC_EVICT, NULL, 0, &pages), 0);
	assert_int_equal(pages, PAGES - 3);
	assert_int_equal(stats().used, 0);
	assert_int_equal(wrong(PAGES), 0);
	end(PAGES);
}

/* More than there is room for: what came first goes. */
static void overfull(void **state)
{
	size_t room, pages;
	struct xd_stats before;

	(void)state;
	begin(PAGES);
	room = stats().pages;
	end(PAGES);
	pages = room + room / 2;
	begin(pages);
	before = stats();
	fill(pages);
	assert_int_equal(to_device(memory, pages), pages);
	assert_int_equal(stats().used, room);
	assert_int_equal(stats().evicted - before.evicted, pages - room);
	assert_int_equal(xd_load(fd, word_of(pages - 1)), pages);
	assert_int_equal(xd_query(fd, memory + (pages - 1) * PAGE), XD_PRESENT | XD_IN_DEVICE);
	assert_int_equal(xd_load(fd, word_of(0)), 1);
	assert_int_equal(xd_query(fd, memory), XD_PRESENT);
	assert_int_equal(wrong(pages), 0);
	end(pages);
}

/* ---- the device goes */

static void device_goes(void **state)
{
	(void)state;
	begin(PAGES);
	fill(PAGES);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	xd_store(fd, word_of(9), 10);
	assert_return_code(ioctl(fd, XD_IOC_RENEW), errno);
	assert_int_equal(stats().used, 0);
	assert_int_equal(stats().lost, 0);
	assert_int_equal(wrong(PAGES), 0);
	assert_int_equal(xd_load(fd, word_of(9)), 10);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	end(PAGES);
}

/* With all that was in it: zeros are left, and the kernel's log says how much. */
static void device_dies(void **state)
{
	(void)state;
	begin(PAGES);
	fill(PAGES);
	assert_int_equal(to_device(memory, PAGES / 2), PAGES / 2);
	fail_next(XD_FAIL_RAM_FOR_GOOD);
	assert_return_code(ioctl(fd, XD_IOC_RENEW), errno);
	fail_next(0);
	assert_int_equal(wrong(PAGES), PAGES / 2);
	assert_int_equal(*word_of(0), 0);
	assert_int_equal(*word_of(PAGES - 1), PAGES);
	end(PAGES);
}

/* ---- large folios, on kernels that move them as a whole */

#define HUGE_PAGES (WINDOW / PAGE)

static bool moves_whole(void)
{
	return !coherent() &&
	       number_in("/sys/kernel/debug/xmmu-xmmu_devmem/features", "migrate_compound") == 1;
}

static void begin_huge(void)
{
	int enabled = open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY | O_CLOEXEC);

	assert_int_equal(write(enabled, "madvise", 7), 7);
	close(enabled);
	begin(2 * HUGE_PAGES);
	assert_return_code(madvise(memory, 2 * WINDOW, MADV_HUGEPAGE), errno);
}

/* One fault of the processor brings all of it. */
static void huge(void **state)
{
	struct xd_stats before;
	bool whole;

	(void)state;
	begin_huge();
	fill(2 * HUGE_PAGES);
	whole = moves_whole() && number_in("/proc/self/smaps_rollup", "AnonHugePages:") >= 4096;
	before = stats();
	assert_int_equal(to_device(memory, 2 * HUGE_PAGES), 2 * HUGE_PAGES);
	assert_int_equal(xd_load(fd, word_of(700)), 701);
	xd_store(fd, word_of(700), 701);
	assert_int_equal(*word_of(5), 6);
	if (!coherent())
		assert_int_equal(stats().faults - before.faults,
				 whole ? HUGE_PAGES : around(5, 2 * HUGE_PAGES));
	assert_int_equal(to_ram(memory, 2 * HUGE_PAGES),
			 2 * HUGE_PAGES - (stats().faults - before.faults));
	assert_int_equal(stats().used, 0);
	assert_int_equal(wrong(2 * HUGE_PAGES), 0);
	print_message("large folios %s\n", whole ? "moved whole" : "were split");
	end(2 * HUGE_PAGES);
}

#define FAIL_PAGES "/sys/kernel/debug/fail_page_alloc/"

static bool put(const char *path, const char *value)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	bool done = file >= 0 && write(file, value, strlen(value)) == (ssize_t)strlen(value);

	if (file >= 0)
		close(file);
	return done;
}

/* As if memory had no 2 MiB in one piece. False if the kernel can not be told. */
static bool fragment(void)
{
	return put(FAIL_PAGES "verbose", "0") && put(FAIL_PAGES "min-order", "9") &&
	       put(FAIL_PAGES "ignore-gfp-wait", "0") &&
	       put(FAIL_PAGES "ignore-gfp-highmem", "0") && put(FAIL_PAGES "times", "-1") &&
	       put(FAIL_PAGES "probability", "100");
}

/* That first: what is smaller must not fail, or no file can be opened any more. */
static void unfragment(void)
{
	assert_true(put(FAIL_PAGES "probability", "0"));
	assert_true(put(FAIL_PAGES "min-order", "1"));
}

static bool begin_fragmented(void)
{
	begin_huge();
	fill(2 * HUGE_PAGES);
	assert_int_equal(to_device(memory, 2 * HUGE_PAGES), 2 * HUGE_PAGES);
	if (fragment())
		return true;
	end(2 * HUGE_PAGES);
	print_message("the kernel has no fail_page_alloc\n");
	return false;
}

static void end_fragmented(void)
{
	struct xd_stats after = stats();

	unfragment();
	assert_int_equal(after.lost, 0);
	assert_int_equal(wrong(2 * HUGE_PAGES), 0);
	end(2 * HUGE_PAGES);
}

/* Pages are moved out although RAM has no room for a large one. */
static void huge_evict_fragmented(void **state)
{
	uint64_t some = 1, all = UINT64_MAX;
	struct xd_stats after;

	(void)state;
	if (!begin_fragmented())
		skip();
	xd_call(fd, XD_IOC_EVICT, NULL, 0, &some);
	xd_call(fd, XD_IOC_EVICT, NULL, 0, &all);
	after = stats();
	end_fragmented();
	assert_in_range(some, 1, HUGE_PAGES);
	assert_int_equal(some + all, 2 * HUGE_PAGES);
	assert_int_equal(after.used, 0);
}

/* The device can go, though the memory is another process's too, and at another address. */
static void huge_goes_fragmented(void **state)
{
	char *elsewhere;
	int ret;

	(void)state;
	if (!begin_fragmented())
		skip();
	elsewhere = mmap(NULL, 2 * WINDOW, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	elsewhere += -(uintptr_t)elsewhere % WINDOW;
	mremap(memory, WINDOW, WINDOW, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere);
	ret = ioctl(fd, XD_IOC_RENEW);
	mremap(elsewhere, WINDOW, WINDOW, MREMAP_MAYMOVE | MREMAP_FIXED, memory);
	end_fragmented();
	assert_return_code(ret, errno);
}

static int child_waits(void *arg)
{
	const int *pipes = arg;
	char c;

	close(pipes[1]);
	return read(pipes[0], &c, 1) != 0 || wrong(2 * HUGE_PAGES);
}

/* Only a child, which the device does not know, has it any more. */
static void huge_goes_forked(void **state)
{
	int pipes[2], ret;
	pid_t child;

	(void)state;
	if (!begin_fragmented())
		skip();
	assert_return_code(pipe2(pipes, O_CLOEXEC), errno);
	child = t_fork(child_waits, pipes);
	munmap(memory, 2 * WINDOW);
	ret = ioctl(fd, XD_IOC_RENEW);
	unfragment();
	close(pipes[1]);
	assert_int_equal(t_wait(child, 10000), 0);
	assert_return_code(ret, errno);
	assert_int_equal(stats().lost, 0);
	close(fd);
}

/* One page can not be read: it is lost, and the others of its folio are not. */
static void huge_dies(void **state)
{
	(void)state;
	begin_huge();
	fill(2 * HUGE_PAGES);
	assert_int_equal(to_device(memory, 2 * HUGE_PAGES), 2 * HUGE_PAGES);
	fail_next(XD_FAIL_RAM_PAGE);
	assert_return_code(ioctl(fd, XD_IOC_RENEW), errno);
	fail_next(0);
	assert_int_equal(wrong(2 * HUGE_PAGES), 1);
	end(2 * HUGE_PAGES);
}

static void huge_empty(void **state)
{
	(void)state;
	begin_huge();
	assert_int_equal(*(volatile uint64_t *)word_of(0), 0);
	assert_int_equal(to_device(memory, 2 * HUGE_PAGES), 2 * HUGE_PAGES);
	assert_int_equal(xd_load(fd, word_of(3)), 0);
	xd_store(fd, word_of(600), 1);
	assert_int_equal(*word_of(600), 1);
	assert_int_equal(*word_of(601), 0);
	end(2 * HUGE_PAGES);
}

/* Half of it goes, the other one moves to another address, and some of it to RAM. */
static void huge_cut(void **state)
{
	size_t i;

	(void)state;
	begin_huge();
	fill(2 * HUGE_PAGES);
	assert_int_equal(to_device(memory, 2 * HUGE_PAGES), 2 * HUGE_PAGES);
	assert_return_code(munmap(memory, WINDOW / 2), errno);
	assert_ptr_equal(mremap(memory + WINDOW / 2, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
				memory),
			 memory);
	assert_int_equal(*t_word(memory, 0, 256), 257);
	assert_int_equal(to_ram(memory + WINDOW, 3), 3);
	assert_int_equal(xd_load(fd, word_of(HUGE_PAGES + 9)), HUGE_PAGES + 10);
	for (i = HUGE_PAGES / 2 + 1; i < 2 * HUGE_PAGES; i++)
		assert_int_equal(*word_of(i), i + 1);
	end(2 * HUGE_PAGES);
}

static void huge_evict(void **state)
{
	uint64_t pages = 1;

	(void)state;
	begin_huge();
	fill(2 * HUGE_PAGES);
	assert_int_equal(to_device(memory, 2 * HUGE_PAGES), 2 * HUGE_PAGES);
	assert_int_equal(xd_call(fd, XD_IOC_EVICT, NULL, 0, &pages), 0);
	assert_int_equal(stats().used, 2 * HUGE_PAGES - pages);
	assert_return_code(ioctl(fd, XD_IOC_RENEW), errno);
	assert_int_equal(stats().lost, 0);
	assert_int_equal(wrong(2 * HUGE_PAGES), 0);
	end(2 * HUGE_PAGES);
}

/* ---- others */

/* A device that can not reach the memory makes the pages come back. */
static void stranger(void **state)
{
	int other;

	(void)state;
	begin(PAGES);
	fill(PAGES);
	other = xd_attach(memory, PAGES, XD_STRANGER);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	assert_int_equal(xd_load(fd, word_of(8)), 9);
	assert_int_equal(xd_load(other, word_of(8)), 9);
	assert_int_equal(xd_query(other, memory + 8 * PAGE), XD_PRESENT);
	assert_int_equal(xd_query(fd, memory + 8 * PAGE),
			 coherent() ? XD_PRESENT | XD_IN_DEVICE : 0);
	assert_int_equal(stats().used, coherent() ? PAGES : PAGES - around(8, PAGES));
	close(other);
	end(PAGES);
}

/* Two contexts of the device have the page; both lose it when it moves. */
static void two_contexts(void **state)
{
	int other;

	(void)state;
	begin(PAGES);
	fill(PAGES);
	other = xd_attach(memory, PAGES, 0);
	assert_int_equal(xd_load(other, word_of(1)), 2);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	assert_int_equal(xd_query(other, memory + PAGE), 0);
	assert_int_equal(xd_load(other, word_of(1)), 2);
	assert_int_equal(xd_query(other, memory + PAGE), XD_PRESENT | XD_IN_DEVICE);
	assert_int_equal(to_ram(memory, PAGES), PAGES);
	assert_int_equal(xd_query(other, memory + PAGE), 0);
	close(other);
	end(PAGES);
}

static int child_sees(void *unused)
{
	(void)unused;
	*word_of(1) = 99;
	return wrong(PAGES) != 1;
}

static void forked(void **state)
{
	(void)state;
	begin(PAGES);
	fill(PAGES);
	assert_int_equal(to_device(memory, PAGES), PAGES);
	assert_int_equal(t_wait(t_fork(child_sees, NULL), 10000), 0);
	assert_int_equal(wrong(PAGES), 0);
	end(PAGES);
}

/* ---- contention */

static volatile bool stop;

static long read_page(void *arg)
{
	volatile uint64_t *word = arg;
	long rounds;

	for (rounds = 0; !stop; rounds++) {
		if (*word != 1)
			return -1;
		sched_yield();
	}
	return rounds;
}

/*
 * Threads touch one page that another one keeps sending to the device. All go on, so none may hold
 * up the others by the reference that its fault has.
 */
static void one_page(void **state)
{
	struct t_thread threads[4];
	long rounds, moved = 0, limit;
	size_t i;

	(void)state;
	begin(PAGES);
	fill(PAGES);
	stop = false;
	for (i = 0; i < 4; i++)
		t_start(&threads[i], read_page, word_of(0));
	limit = t_ms() + CONTEND_MS;
	for (rounds = 0; t_ms() < limit && xd_load(fd, word_of(0)) == 1; rounds++) {
		moved += to_device(memory, 1);
		if (coherent())
			to_ram(memory, 1);
	}
	stop = true;
	for (i = 0; i < 4; i++) {
		long loads = t_join(&threads[i]);

		print_message("thread %zu: %ld loads\n", i, loads);
		assert_true(loads >= CONTEND_MIN);
	}
	print_message("device: %ld loads, the page moved %ld times\n", rounds, moved);
	assert_true(rounds >= CONTEND_MIN);
	assert_true(moved >= CONTEND_MIN);
	end(PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(by_fault),
		cmocka_unit_test(empty),
		cmocka_unit_test(pinned),
		cmocka_unit_test(shared),
		cmocka_unit_test(refused),
		cmocka_unit_test(copy_in_fails),
		cmocka_unit_test(copy_out_fails),
		cmocka_unit_test(fault_fails),
		cmocka_unit_test(evict),
		cmocka_unit_test(overfull),
		cmocka_unit_test(device_goes),
		cmocka_unit_test(huge),
		cmocka_unit_test(huge_empty),
		cmocka_unit_test(huge_cut),
		cmocka_unit_test(huge_evict),
		cmocka_unit_test(huge_dies),
		cmocka_unit_test(huge_evict_fragmented),
		cmocka_unit_test(huge_goes_forked),
		cmocka_unit_test(huge_goes_fragmented),
		cmocka_unit_test(device_dies),
		cmocka_unit_test(stranger),
		cmocka_unit_test(two_contexts),
		cmocka_unit_test(forked),
		cmocka_unit_test(one_page),
	};

	if (!xd_has_memory()) {
		puts("1..0 # SKIP no private device memory: CONFIG_DEVICE_PRIVATE is off");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
