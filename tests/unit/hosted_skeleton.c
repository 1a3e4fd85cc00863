// SPDX-License-Identifier: GPL-2.0-only
/* The skeleton driver: what its commands and its log promise to a program. */
#include <linux/eventpoll.h>
#include <linux/miscdevice.h>

#include <xmmu/skeleton.h>

#include "drivers.h"

/* Of the driver: records that its log keeps, and tables that a file may have. */
#define RECORDS 256
#define TABLES  1024

#define page(n) (ADDR + (n)*PAGE_SIZE)

static struct file *file;

static void start(void)
{
	struct xmmu_skeleton_attach attach = {};

	check(!hosted_module_load("skeleton", ""));
	file = hosted_open("xmmu-skeleton", 0);
	check(!IS_ERR(file));
	enter();
	check(!hosted_ioctl(file, XMMU_SKELETON_ATTACH, &attach));
}

static void unload(void)
{
	hosted_close(file);
	check(!hosted_module_unload("skeleton"));
}

static void stop(void)
{
	unload();
	leave();
}

static long on_range(unsigned int command, unsigned long addr, unsigned long len)
{
	struct xmmu_skeleton_range range = { .addr = addr, .len = len };

	return hosted_ioctl(file, command, &range);
}

static long populate(unsigned long addr, unsigned long len)
{
	struct xmmu_skeleton_populate populate = { .addr = addr, .len = len };

	return hosted_ioctl(file, XMMU_SKELETON_POPULATE, &populate);
}

/* A range over all pages, and what the device may do with them. */
static void start_populated(void)
{
	start();
	check(!on_range(XMMU_SKELETON_RANGE_ADD, ADDR, LEN));
	check(!populate(ADDR, LEN));
}

static bool translated(unsigned long addr)
{
	struct xmmu_skeleton_query query = { .addr = addr };

	check(!hosted_ioctl(file, XMMU_SKELETON_QUERY, &query));
	return query.access;
}

/* ---- commands */

static void case_zap(void *unused)
{
	start_populated();
	check(!on_range(XMMU_SKELETON_ZAP, page(1), 2 * PAGE_SIZE));
	check(translated(page(0)) && translated(page(3)));
	check(!translated(page(1)) && !translated(page(2)));
	/* The range is there all the same. */
	check(!populate(page(1), PAGE_SIZE));
	check(translated(page(1)));
	stop();
}
CASE(zap)

/* A range goes by its own bounds only. */
static void case_range_del(void *unused)
{
	start_populated();
	check(on_range(XMMU_SKELETON_RANGE_DEL, ADDR, LEN - PAGE_SIZE) == -ENOENT);
	check(on_range(XMMU_SKELETON_RANGE_DEL, page(1), LEN - PAGE_SIZE) == -ENOENT);
	check(translated(ADDR));
	check(!on_range(XMMU_SKELETON_RANGE_DEL, ADDR, LEN));
	check(populate(ADDR, PAGE_SIZE) == -ENOENT);
	check(on_range(XMMU_SKELETON_RANGE_DEL, ADDR, LEN) == -ENOENT);
	stop();
}
CASE(range_del)

static void case_wrong_range(void *unused)
{
	start();
	check(on_range(XMMU_SKELETON_RANGE_ADD, ADDR + 1, LEN) == -EINVAL);
	check(on_range(XMMU_SKELETON_RANGE_ADD, ADDR, 0) == -EINVAL);
	stop();
}
CASE(wrong_range)

/* Detach lets go of the address space; the file can be attached again. */
static void case_detach(void *unused)
{
	struct xmmu_skeleton_attach attach = {};

	start_populated();
	check(!hosted_ioctl(file, XMMU_SKELETON_DETACH, NULL));
	check(hosted_poll(file, EPOLLHUP, 0) & EPOLLHUP);
	check(populate(ADDR, LEN) == -ESRCH);
	check(!hosted_ioctl(file, XMMU_SKELETON_DETACH, NULL));
	check(!hosted_ioctl(file, XMMU_SKELETON_ATTACH, &attach));
	check(populate(ADDR, LEN) == -ENOENT);
	stop();
}
CASE(detach)

/* ---- what a file may use */

/* Each range needs a table while it is there. */
static void case_tables_come_back(void *unused)
{
	unsigned int i;

	start();
	for (i = 0; i <= TABLES; i++) {
		check(!on_range(XMMU_SKELETON_RANGE_ADD, ADDR, LEN));
		check(!populate(ADDR, PAGE_SIZE));
		check(!on_range(XMMU_SKELETON_RANGE_DEL, ADDR, LEN));
	}
	stop();
}
CASE(tables_come_back)

/* A table that there was no memory for is none. */
static void case_no_memory(void *unused)
{
	unsigned int i;

	start();
	check(!on_range(XMMU_SKELETON_RANGE_ADD, ADDR, LEN));
	for (i = 0; i <= TABLES; i++) {
		hosted_slab_fail(1);
		check(populate(ADDR, PAGE_SIZE) == -ENOMEM);
	}
	check(!populate(ADDR, PAGE_SIZE));
	stop();
}
CASE(no_memory)

/* ---- the log */

static struct xmmu_skeleton_event read_event(void)
{
	struct xmmu_skeleton_event event;

	check(hosted_read(file, &event, sizeof(event)) == sizeof(event));
	return event;
}

static void discard(unsigned long n)
{
	check(!hosted_madvise(mm, page(n), PAGE_SIZE, HOSTED_DONTNEED));
}

static void case_records(void *unused)
{
	struct xmmu_skeleton_event first, second;

	start_populated();
	discard(1);
	discard(1);
	first = read_event();
	check(first.start == page(1) && first.end == page(2));
	check(first.zap_start == page(1) && first.zap_end == page(2) && !first.lost);
	/* There was nothing left to remove. */
	second = read_event();
	check(second.start == page(1) && second.end == page(2));
	check(!second.zap_start && !second.zap_end);
	check(second.time_ns > first.time_ns);
	stop();
}
CASE(records)

/* Nobody reads: the oldest are dropped, and the next one read says how many. */
static void case_lost(void *unused)
{
	struct xmmu_skeleton_event event;
	unsigned int i;

	start_populated();
	discard(0);
	for (i = 0; i < RECORDS + 2; i++)
		discard(1);
	event = read_event();
	check(event.start == page(1) && event.lost == 3);
	for (i = 1; i < RECORDS; i++)
		check(!read_event().lost);
	check(!hosted_poll(file, EPOLLIN, 0));
	stop();
}
CASE(lost)

/* Where the record is to go there is no memory. */
static void case_read_nowhere(void *unused)
{
	start_populated();
	discard(0);
	check(hosted_read_user(file, ADDR - PAGE_SIZE, sizeof(struct xmmu_skeleton_event)) ==
	      -EFAULT);
	stop();
}
CASE(read_nowhere)

static unsigned int seen;
static bool ended;

/* Reads until nothing can come any more. */
static void reader(void *unused)
{
	struct xmmu_skeleton_event event;
	ssize_t size;

	while ((size = hosted_read(file, &event, sizeof(event))) > 0)
		seen++;
	check(!size);
	ended = true;
}

/* Whoever waits in read() gets the record when it comes, and learns of the end. */
static void case_read_waits(void *unused)
{
	struct task_struct *task;

	start_populated();
	task = hosted_thread("reader", NULL, reader, NULL);
	hosted_others();
	check(!seen);
	discard(0);
	hosted_others();
	check(seen == 1 && !ended);
	check(!hosted_ioctl(file, XMMU_SKELETON_DETACH, NULL));
	hosted_join(task);
	check(seen == 1);
	stop();
}
CASE(read_waits)

static void poller(void *unused)
{
	check(hosted_poll(file, EPOLLIN, 60000) & EPOLLIN);
	ended = true;
}

static void case_poll_waits(void *unused)
{
	struct task_struct *task;

	start_populated();
	task = hosted_thread("poller", NULL, poller, NULL);
	hosted_others();
	check(!ended);
	discard(0);
	msleep(1);
	check(ended);
	hosted_join(task);
	stop();
}
CASE(poll_waits)

/* Without a range exit makes no record. */
static void case_read_until_exit(void *unused)
{
	struct task_struct *task;

	start();
	task = hosted_thread("reader", NULL, reader, NULL);
	hosted_others();
	hosted_exit();
	hosted_join(task);
	check(!seen);
	unload();
	check_empty();
}
CASE(read_until_exit)

/* ---- the module */

static void case_unloaded(void *unused)
{
	check(!hosted_module_load("skeleton", ""));
	check(!hosted_module_unload("skeleton"));
	check(hosted_open("xmmu-skeleton", 0) == ERR_PTR(-ENOENT));
	check(!hosted_module_load("skeleton", ""));
	check(!hosted_module_unload("skeleton"));
	check_empty();
}
CASE(unloaded)

static bool said;

static void console(const char *text)
{
	said = strstr(text, "policy=never") && strstr(text, "refuse, trylock or atomic");
}

/* What is wrong, and what would be right. */
static void case_unknown_policy(void *unused)
{
	hosted_console = console;
	check(hosted_module_load("skeleton", "policy=never") == -EINVAL);
	check(said);
}
CASE(unknown_policy)

/* Another driver has a device of that name. */
static void case_name_taken(void *unused)
{
	struct miscdevice other = { .name = "xmmu-skeleton" };

	check(!misc_register(&other));
	check(hosted_module_load("skeleton", "") == -EEXIST);
	check_empty();
	misc_deregister(&other);
	check(!hosted_module_load("skeleton", ""));
	check(!hosted_module_unload("skeleton"));
}
CASE(name_taken)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zap),
		cmocka_unit_test(range_del),
		cmocka_unit_test(wrong_range),
		cmocka_unit_test(detach),
		cmocka_unit_test(tables_come_back),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(records),
		cmocka_unit_test(lost),
		cmocka_unit_test(read_nowhere),
		cmocka_unit_test(read_waits),
		cmocka_unit_test(read_until_exit),
		cmocka_unit_test(poll_waits),
		cmocka_unit_test(unknown_policy),
		cmocka_unit_test(unloaded),
		cmocka_unit_test(name_taken),
	};

	return cmocka_run_group_tests_name("hosted_skeleton", tests, NULL, NULL);
}
