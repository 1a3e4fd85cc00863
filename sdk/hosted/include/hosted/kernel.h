/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a scenario or a test does with the hosted kernel: threads, signals, modules, open files,
 * failing allocations, devices. sdk/hosted/mm/cpu.h has what it does with memory.
 */
#ifndef HOSTED_KERNEL_H
#define HOSTED_KERNEL_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/sched.h>

/* ---- threads */

/*
 * A process with one thread, which runs in the address space or, with NULL, in none. At its end it
 * must hold no lock. The name must stay where it is.
 */
struct task_struct *hosted_thread(const char *name, struct mm_struct *mm, void (*fn)(void *arg),
				  void *arg);
/* Once for each thread: wait until it has ended, which it may have already, and forget it. */
void hosted_join(struct task_struct *task);
/* The checks that hosted_thread() makes at the end of a thread, for one that was made otherwise. */
void hosted_thread_check(void);
void hosted_trace(struct task_struct *task, struct task_struct *tracer);

/* ---- modules: linked in, and known by the name of their driver */

/* Parameters as on the command line: "policy=trylock watchdog_ms=10". */
int hosted_module_load(const char *name, const char *parameters);
/* -EBUSY with files open. */
int hosted_module_unload(const char *name);

/* ---- files: system calls of the current task */

struct file *hosted_open(const char *device, unsigned int flags);
void hosted_close(struct file *file);
/* The argument lies outside of the address space: no more than it can be copied to and from. */
long hosted_ioctl(struct file *file, unsigned int number, void *argument);
/* To and from memory outside of the address space; or inside of it. */
ssize_t hosted_read(struct file *file, void *data, size_t size);
ssize_t hosted_read_user(struct file *file, unsigned long addr, size_t size);
ssize_t hosted_write_user(struct file *file, unsigned long addr, size_t size);
/* Wait until one of the events is there; 0 when the time is up. */
__poll_t hosted_poll(struct file *file, __poll_t events, unsigned int timeout_ms);

/* The text of a file in debugfs, by its path; a number into one that holds a number. */
ssize_t hosted_debugfs_read(const char *path, char *text, size_t size);
int hosted_debugfs_write(const char *path, u32 value);

/* ---- messages of the kernel: a test may read what printk() prints */

extern void (*hosted_console)(const char *text);
/* The next so many warnings are what the test is about: they end nothing, and are counted down. */
extern unsigned int hosted_warnings_due;

/* ---- memory of the kernel */

/* The n-th kmalloc() from now on fails, if it may; 0: none does. */
void hosted_slab_fail(unsigned int n);
unsigned long hosted_slab_objects(void);
/* Ends the schedule if there are any. */
void hosted_slab_check_empty(void);

/* ---- devices */

/* The n-th DMA mapping of a page from now on fails; 0: none does. */
void hosted_dma_fail(unsigned int n);

/* QEMU's edu device on the bus. A transfer takes so long; with 0 others decide when it ends. */
struct hosted_edu;
struct hosted_edu *hosted_edu_add(enum hosted_dma_mode mode, u64 transfer_ns);
/* From now on its registers read as ones, and it does not reach memory. */
void hosted_edu_unplug(struct hosted_edu *edu);
/* The driver lets go of it, with files open or not. */
void hosted_edu_unbind(struct hosted_edu *edu);
/* The same if it has not yet, and the device is gone; with files closed. */
void hosted_edu_remove(struct hosted_edu *edu);
unsigned long hosted_edu_transfers(const struct hosted_edu *edu);

#endif
