// SPDX-License-Identifier: GPL-2.0-only
/* A 32-bit program uses /dev/xmmu-edu0: the same commands, the same layout. Prints TAP itself. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xmmu/edu.h>

_Static_assert(sizeof(void *) == 4, "a 32-bit program");
_Static_assert(sizeof(struct xmmu_edu_info) == 72, "info");
_Static_assert(offsetof(struct xmmu_edu_info, transfers) == 16, "info");
_Static_assert(sizeof(struct xmmu_edu_register) == 24, "register");
_Static_assert(sizeof(struct xmmu_edu_id) == 8, "id");
_Static_assert(sizeof(struct xmmu_edu_submit) == 32, "submit");
_Static_assert(sizeof(struct xmmu_edu_wait) == 16, "wait");
_Static_assert(sizeof(struct xmmu_edu_event) == 40, "event");
_Static_assert(sizeof(struct xmmu_edu_stats) == 72, "stats");

#define PAGE 4096

static int fd;
static int number;
static int failed;

static void result(const char *name, int ok)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++number, name);
	failed |= !ok;
}

static int copy(unsigned int range, const char *memory, unsigned int direction)
{
	struct xmmu_edu_submit submit = {
		.addr = (uintptr_t)memory,
		.len = 300,
		.offset = 4000,
		.range = range,
		.direction = direction,
	};
	struct xmmu_edu_wait wait = { .timeout_ms = 30000 };

	if (ioctl(fd, XMMU_EDU_SUBMIT, &submit))
		return 0;
	wait.job = submit.job;
	return !ioctl(fd, XMMU_EDU_WAIT, &wait) && !wait.status && wait.done == 300;
}

int main(void)
{
	struct xmmu_edu_register reg = { .len = 2 * PAGE };
	struct xmmu_edu_stats stats = {};
	struct xmmu_edu_event event = {};
	struct xmmu_edu_info info = {};
	char *memory;

	puts("1..9");
	fd = open("/dev/xmmu-edu0", O_RDWR);
	result("open", fd >= 0);
	result("info", !ioctl(fd, XMMU_EDU_INFO, &info) && info.dma_bits == 28);
	memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.addr = (uintptr_t)memory;
	result("register", !ioctl(fd, XMMU_EDU_REGISTER, &reg) && reg.range);
	memset(memory, 0x5a, 300);
	result("to_device", copy(reg.range, memory, XMMU_EDU_TO_DEVICE));
	result("from_device", copy(reg.range, memory + PAGE, XMMU_EDU_FROM_DEVICE));
	result("bytes", !memcmp(memory, memory + PAGE, 300) && memory[PAGE] == 0x5a);
	result("stats", !ioctl(fd, XMMU_EDU_STATS, &stats) && stats.pages >= 4);
	munmap(memory, PAGE);
	result("event", read(fd, &event, sizeof(event)) == sizeof(event) &&
				event.event == XMMU_EDU_UNMAP && event.start == (uintptr_t)memory);
	result("unknown", ioctl(fd, _IO(XMMU_EDU_IOC, 99), NULL) == -1 && errno == ENOTTY);
	return failed;
}
