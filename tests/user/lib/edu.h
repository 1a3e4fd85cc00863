/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of the guest tests: the calls of /dev/xmmu-edu0. Calls give 0 or a negative error number,
 * as in the kernel, and numbers of ranges and jobs are above 0.
 */
#ifndef XMMU_TEST_EDU_H
#define XMMU_TEST_EDU_H

#include <xmmu/edu.h>

#include "t.h"

/* What a transfer takes, and what is surely part of a wait for one. */
#define EDU_TRANSFER_MS 100
#define EDU_SOME_MS     20
/* Longer than any job of a test; under emulation everything but the device is slow. */
#define EDU_LIMIT_MS 30000

int edu_open(void);
int edu_open_as(const char *path);
int edu_call(int fd, unsigned long cmd, void *arg);

int edu_register(int fd, const void *addr, size_t pages);
int edu_unregister(int fd, int range);
int edu_submit(int fd, int range, const void *addr, unsigned int len, unsigned int offset,
	       unsigned int direction);
int edu_cancel(int fd, int job);
/* How the job ended, and in *done, which may be NULL, how far it came; -ETIMEDOUT. */
int edu_wait(int fd, int job, unsigned int ms, unsigned int *done);
/* All in one. */
int edu_copy(int fd, int range, const void *addr, unsigned int len, unsigned int offset,
	     unsigned int direction);

struct xmmu_edu_info edu_info(int fd);
struct xmmu_edu_stats edu_stats(int fd);
uint64_t edu_transfers(int fd); /* that have ended well, on any path */

/* The next record; false if there is none. */
bool edu_event(int fd, struct xmmu_edu_event *event);
void edu_forget_events(int fd);

/* Set a parameter of the module, or another file of sysfs. */
void edu_write(const char *path, const char *text);
#define edu_inject(text) edu_write("/sys/module/edu/parameters/inject", text)
/* The folder of the PCI device behind /dev/xmmu-edu0; to be freed. */
char *edu_pci_folder(void);
/* Take the driver away from the device and give it back. */
void edu_rebind(void);

/* The bytes that pattern number `seed` has at `i`. */
static inline unsigned char edu_byte(unsigned int seed, size_t i)
{
	return (seed * 59 + i * 7 + i / 251) % 255 + 1;
}

void edu_fill(void *memory, size_t len, unsigned int seed);
/* The first byte that is not as filled, or -1; begin is its place in the pattern. */
long edu_compare(const void *memory, size_t len, unsigned int seed, size_t begin);
/* Put a pattern into all of the device's buffer. */
void edu_load(int fd, unsigned int seed);

#endif
