/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the hosted kernel share.
 *
 * This code is not instrumented. It gives way in hosted_point(), at most once for each function of
 * the kernel that it stands for, and what follows until the next point happens at once. What is
 * ordered by a real kernel is said to the race detector with hosted_release() and hosted_acquire().
 */
#ifndef HOSTED_KERNEL_INTERNAL_H
#define HOSTED_KERNEL_INTERNAL_H

#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time64.h>

#include <hosted/kernel.h>

#include "../sched/sched.h"

#define HOSTED_TICK_NS (NSEC_PER_SEC / CONFIG_HZ)

/* sched/arena.c: ends the schedule if the memory was freed. */
void hosted_arena_check(uintptr_t addr, size_t size, bool write);

static inline void hosted_check(const volatile void *object, size_t size)
{
	hosted_arena_check((uintptr_t)object, size, false);
}

/* ---- task.c */

/* Sleep until somebody calls hosted_wake_waiters() with the object, or a signal comes. */
void hosted_wait_on(const volatile void *object, const char *why);
/* The same until a time; false when that has passed. */
bool hosted_wait_until(const volatile void *object, const char *why, u64 ns);
void hosted_wake_waiters(const volatile void *object);
/* A thread of the kernel. */
struct task_struct *hosted_kthread(const char *name, void (*fn)(void *arg), void *arg);
/* Interrupts and timers run with this in between. */
void hosted_atomic_begin(bool irq);
void hosted_atomic_end(bool irq);

/* ---- lockdep.c */

enum hosted_dep {
	HOSTED_DEP_TRY = 1,  /* it did not wait: no order */
	HOSTED_DEP_READ = 2, /* not alone */
	HOSTED_DEP_NEST = 4, /* others of the class may be held */
};

void hosted_dep_acquire(struct lockdep_map *map, unsigned int subclass, unsigned int how);
void hosted_dep_release(struct lockdep_map *map);
/* A lock inside of one function: held for no longer than its order is looked at. */
void hosted_dep_pass(struct lockdep_map *map);

/* ---- pci.c, dma.c: for models of devices */

struct hosted_registers {
	resource_size_t start;
	size_t size;
	u64 (*read)(void *model, unsigned int offset, unsigned int size);
	void (*write)(void *model, unsigned int offset, u64 value, unsigned int size);
	void *model;
	struct device *mapped_by; /* NULL: no access */
	struct list_head node;
};

struct pci_dev;
void hosted_pci_add(struct pci_dev *pdev);
void hosted_pci_unbind(struct pci_dev *pdev);
void hosted_pci_remove(struct pci_dev *pdev);
void hosted_registers_add(struct hosted_registers *registers);
void hosted_registers_remove(struct hosted_registers *registers);
void hosted_interrupt(unsigned int irq);
void hosted_device_init(struct device *dev, const char *name, enum hosted_dma_mode mode);
void hosted_device_release(struct device *dev);
/* Access of the device to memory; ends the schedule if nothing is mapped there for it. */
void hosted_dma_read(struct device *dev, dma_addr_t addr, void *to, size_t size);
void hosted_dma_write(struct device *dev, dma_addr_t addr, const void *from, size_t size);
/* Nothing may be mapped when a driver lets go of its device. */
void hosted_dma_check_unmapped(const struct device *dev);

#endif
