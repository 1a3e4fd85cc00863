// SPDX-License-Identifier: GPL-2.0-only
/* userfaultfd: a thread that answers late, and write protection. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stress.h"

#define LATE_US 4000 /* at most */

static int uffd = -1;

enum { ANSWER, PROTECT };

void uffd_open(struct region *region)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 && errno == ENOSYS)
		region->absent = "the kernel has no userfaultfd";
	else if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		die("userfaultfd");
}

void uffd_register(const struct span *span)
{
	struct uffdio_register request = {
		.range = { .start = (uintptr_t)span->addr, .len = span->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
	};

	/* It fails where another thread has just unmapped a part, and will map it again. */
	ioctl(uffd, UFFDIO_REGISTER, &request);
}

static int give_page(char *addr)
{
	static const char zeros[PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = { .dst = (uintptr_t)addr, .src = (uintptr_t)zeros, .len = PAGE };
	struct uffdio_zeropage zero = { .range = { .start = (uintptr_t)addr, .len = PAGE } };

	return pick(2) ? call(ioctl(uffd, UFFDIO_COPY, &copy)) :
			 call(ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
}

static int set_protection(char *addr, size_t size, bool on)
{
	struct uffdio_writeprotect request = {
		.range = { .start = (uintptr_t)addr, .len = size },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return call(ioctl(uffd, UFFDIO_WRITEPROTECT, &request));
}

/* Whoever waits looks again: what he waits for may have been unmapped, or be there already. */
static void wake(char *addr)
{
	struct uffdio_range range = { .start = (uintptr_t)addr, .len = PAGE };

	ioctl(uffd, UFFDIO_WAKE, &range);
}

static void answer(const struct uffd_msg *msg)
{
	char *addr = (char *)(msg->arg.pagefault.address & ~(PAGE - 1));

	if (msg->event != UFFD_EVENT_PAGEFAULT)
		return;
	nap_us(pick(LATE_US));
	if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)
		op_result(&uffd_table.ops[ANSWER], set_protection(addr, PAGE, false));
	else
		op_result(&uffd_table.ops[ANSWER], give_page(addr));
	wake(addr);
}

static void *serve(void *arg)
{
	struct pollfd pollfd = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	for (;;) {
		poll(&pollfd, 1, -1);
		if (read(uffd, &msg, sizeof(msg)) == sizeof(msg))
			answer(&msg);
	}
	return NULL;
}

/* It serves to the very end, as others may be waiting. */
void uffd_start(void)
{
	pthread_t thread;

	if (uffd >= 0 && pthread_create(&thread, NULL, serve, NULL))
		die("a thread");
}

static int write_protect(struct op *op, struct span *span)
{
	return set_protection(span->addr, span->size, true);
}

/* The first is done by the thread that serves. */
static struct op ops[] = {
	[ANSWER] = { .name = "uffd-answer-late", .on = UFFD },
	[PROTECT] = { .name = "uffd-write-protect", .run = write_protect, .on = UFFD },
};
struct table uffd_table = TABLE(ops);
