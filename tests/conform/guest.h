/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of conform_guest share. Calls return 0 or a negative error, as the kernel does. */
#ifndef XMMU_CONFORM_GUEST_H
#define XMMU_CONFORM_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "script.h"

#define PAGE 4096UL

/* Where the guest's disk, its second one for swap, and the memory groups are. */
#define DISK    "/tmp/conform-disk"
#define SWAP    "/dev/vdb"
#define CGROUPS "/tmp/conform-cgroup"

void __attribute__((noreturn)) die(const char *what);
/* Into a file of the kernel; dies if it does not take it. */
void put_text(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
void nap_ms(long ms);
/* Until nothing is on its way to a disk: what is stays where it is. */
void wait_for_writes(void);

/* ---- system.c: the machine is made quiet; after that it is as it was */

void system_prepare(void);
void system_restore(void);

/* ---- inside.c: a process that does steps */

/* The recorder of the run: its file is open in all processes. */
extern int recorder_fd;

/* Does the steps whose numbers come through the pipe, and answers each. */
void __attribute__((noreturn)) serve_steps(const struct conform_run *run, int numbers, int answers);
/* Where the child is to get its steps from. */
void child_pipes(int numbers, int answers);

/* The option of a program that a script has executed: it answers and waits for its end. */
#define EXECUTED "--executed"

/* ---- outside.c: what is done to a process */

long do_outside(const struct conform_step *step, pid_t pid);

static inline char *page_at(unsigned long page)
{
	return (char *)CONFORM_BASE + page * PAGE;
}

static inline char *start_of(const struct conform_step *step)
{
	return page_at(step->first);
}

static inline size_t size_of(const struct conform_step *step)
{
	return (step->end - step->first) * PAGE;
}

#endif
