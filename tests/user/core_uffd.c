// SPDX-License-Identifier: GPL-2.0-only
/* Memory whose pages come from another thread (userfaultfd), when that answers and when not. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "t.h"

#define PAGES 16

/* A thread that fills each missing page with its address. */
struct server {
	struct t_thread thread;
	int uffd;
	bool stop;
	long pages;
};

static int register_memory(char *memory)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)memory, PAGES * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range))
		return -errno;
	return uffd;
}

static long serve(void *arg)
{
	struct server *server = arg;
	struct pollfd pollfd = { .fd = server->uffd, .events = POLLIN };
	static uint64_t page[PAGE / sizeof(uint64_t)] __attribute__((aligned(PAGE)));
	struct uffd_msg message;
	struct uffdio_copy copy = { .src = (uintptr_t)page, .len = PAGE };

	while (!__atomic_load_n(&server->stop, __ATOMIC_RELAXED)) {
		if (poll(&pollfd, 1, 10) != 1 ||
		    read(server->uffd, &message, sizeof(message)) != sizeof(message))
			continue;
		copy.dst = message.arg.pagefault.address & ~(PAGE - 1);
		copy.copy = 0;
		page[0] = copy.dst / PAGE;
		if (ioctl(server->uffd, UFFDIO_COPY, &copy) && errno != EEXIST)
			return -errno;
		server->pages++;
	}
	return 0;
}

static void start_server(struct server *server, char *memory)
{
	*server = (struct server){ .uffd = register_memory(memory) };
	assert_return_code(server->uffd, -server->uffd);
	t_start(&server->thread, serve, server);
}

static long stop_server(struct server *server)
{
	__atomic_store_n(&server->stop, true, __ATOMIC_RELAXED);
	assert_int_equal(t_join(&server->thread), 0);
	close(server->uffd);
	return server->pages;
}

static void expect_served(unsigned int flags)
{
	char *memory = t_map(PAGES);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, PAGES);
	struct xt_access read = { .id = id,
				  .start = (uintptr_t)memory,
				  .end = (uintptr_t)memory + PAGES * PAGE,
				  .base = (uintptr_t)memory / PAGE };
	struct server server;

	start_server(&server, memory);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, flags), 0);
	read = xt_access(fd, read);
	assert_int_equal(read.done, PAGES);
	assert_int_equal(read.wrong, 0);
	assert_int_equal(read.last, read.base + PAGES - 1);

	/* Once more, from the middle. */
	assert_int_equal(madvise(memory + 4 * PAGE, 4 * PAGE, MADV_DONTNEED), 0);
	assert_int_equal(xt_query(fd, id, memory, PAGES).present, PAGES - 4);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, flags), 0);
	assert_int_equal(xt_access(fd, read).wrong, 0);
	assert_int_equal(stop_server(&server), PAGES + 4);
	assert_true(xt_stats(fd).core.fixups >= PAGES + 4);
	assert_int_equal(xt_query(fd, id, memory, PAGES).writable, flags & XT_WRITE ? PAGES : 0);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

static void missing_pages_are_served_for_reading(void **state)
{
	(void)state;
	expect_served(0);
}

static void missing_pages_are_served_for_writing(void **state)
{
	(void)state;
	expect_served(XT_WRITE);
}

static void nowait_and_snapshot_ask_nobody(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, PAGES);
	struct server server;

	(void)state;
	start_server(&server, memory);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_SNAPSHOT), 0);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_NOWAIT), -EAGAIN);
	t_sleep(50);
	assert_int_equal(stop_server(&server), 0);
	assert_int_equal(xt_query(fd, id, memory, PAGES).present, 0);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

struct waiter {
	int fd;
	char *memory;
};

static int wait_for_nobody(void *arg)
{
	struct waiter *waiter = arg;
	int id;

	if (xt_attach(waiter->fd, XT_REFUSE) || register_memory(waiter->memory) < 0)
		return 1;
	id = xt_insert(waiter->fd, waiter->memory, PAGES);
	return -xt_populate(waiter->fd, id, waiter->memory, 1, 0);
}

static void walk_that_waits_for_nobody_can_be_killed(void **state)
{
	struct waiter waiter = { xt_open(), t_map(PAGES) };
	pid_t pid;

	(void)state;
	pid = t_fork(wait_for_nobody, &waiter);
	assert_true(t_until(5000, xt_stats(waiter.fd).prepares == 1));
	assert_int_equal(t_wait(pid, 300), -ETIMEDOUT);
	kill(pid, SIGKILL);
	assert_int_equal(t_wait(pid, 3000), 100 + SIGKILL);
	assert_int_equal(xt_stats(waiter.fd).releases, 1);
	xt_stop(waiter.fd);
	t_unmap(waiter.memory, PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_pages_are_served_for_reading),
		cmocka_unit_test(missing_pages_are_served_for_writing),
		cmocka_unit_test(nowait_and_snapshot_ask_nobody),
		cmocka_unit_test(walk_that_waits_for_nobody_can_be_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
