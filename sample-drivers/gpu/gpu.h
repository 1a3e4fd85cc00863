/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the driver share.
 *
 * main.c makes devices and is what programs see, space.c is the address space of a process as the
 * device sees it, memory.c is the memory of a device, advice.c what programs say of theirs, job.c
 * is the work that the device does. dmirror.c has other nodes for the same devices, for the kernel's
 * own tests.
 */
#ifndef GPU_H
#define GPU_H

#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <xmmu/attr.h>
#include <xmmu/devmem.h>
#include <xmmu/faultq.h>
#include <xmmu/gpu.h>
#include <xmmu/pt.h>
#include <xmmu/xmmu.h>

#include "softdev/softdev.h"

struct gpu_device {
	struct softdev *dev;
	spinlock_t fault_lock; /* between reading a fault and having it in a queue */
	struct xmmu_devmem memory;
	bool has_memory;
	struct miscdevice misc;
	struct miscdevice dmirror; /* without operations: there is none */
	struct dentry *debugfs;
	char name[20];
	char dmirror_name[16];
};

struct gpu_job;

/* An open file. */
struct gpu_space {
	struct gpu_device *gpu;
	struct mutex attaching;
	bool attached; /* what follows is there; under `attaching` */
	struct xmmu_mirror mirror;
	struct xmmu_pt pt;
	struct xmmu_faultq faults;
	struct xmmu_attr advice; /* enum xmmu_gpu_advice */
	atomic64_t prefetched;   /* pages */
	struct softdev_space *space;
	struct softdev_queue *queue;
	/* Work. */
	spinlock_t lock;
	wait_queue_head_t wait;      /* `done` is not empty */
	struct list_head done;       /* what has ended and was not read */
	unsigned int jobs;           /* that have not ended, or were not read */
	struct eventfd_ctx *eventfd; /* told of each that ends, or NULL */
};

/* space.c */
extern const struct softdev_ops gpu_softdev_ops;
struct gpu_space *gpu_space_create(struct gpu_device *gpu);
int gpu_space_attach(struct gpu_space *space);
int gpu_space_bring(struct gpu_space *space, unsigned long start, unsigned long end,
		    unsigned int access);
void gpu_space_destroy(struct gpu_space *space);
struct xmmu_range *gpu_space_range(struct gpu_space *space, unsigned long addr);
void gpu_space_stats(struct gpu_space *space, struct xmmu_gpu_stats *stats);

/* memory.c: a device has a number, from 0; the first three come before and after its spaces */
bool gpu_memory_is_coherent(unsigned int number);
void gpu_memory_params(unsigned int number, struct softdev_params *params);
int gpu_memory_add(struct gpu_device *gpu, unsigned int number);
void gpu_memory_remove(struct gpu_device *gpu);
u64 gpu_memory_entry(const struct page *page);
/* As those of xmmu_devmem; -EOPNOTSUPP to a device without memory. */
int gpu_memory_to_device(struct gpu_space *space, unsigned long start, unsigned long end,
			 unsigned long *moved);
int gpu_memory_to_ram(struct gpu_space *space, unsigned long start, unsigned long end,
		      unsigned long *moved);
void gpu_memory_leave(struct gpu_space *space);

/* advice.c */
void gpu_advice_follow(struct gpu_space *space, unsigned long start, unsigned long end);
int gpu_advise(struct gpu_space *space, const struct xmmu_gpu_advise *advise);
int gpu_prefetch(struct gpu_space *space, const struct xmmu_gpu_prefetch *prefetch);

/* dmirror.c: the node for the kernel's own tests, if the device is to have one */
int gpu_dmirror_add(struct gpu_device *gpu, unsigned int number);
void gpu_dmirror_remove(struct gpu_device *gpu);

/* job.c */
int gpu_job_submit(struct gpu_space *space, const struct xmmu_gpu_submit *submit);
void gpu_job_done(void *context, u64 cookie, int status, u64 result);
bool gpu_job_any(struct gpu_space *space);
struct gpu_job *gpu_job_take(struct gpu_space *space);
int gpu_job_end(struct gpu_space *space, struct gpu_job *job);
ssize_t gpu_job_give(struct gpu_space *space, struct gpu_job *job, void __user *user);
int gpu_job_eventfd(struct gpu_space *space, const struct xmmu_gpu_eventfd *eventfd);
void gpu_job_forget(struct gpu_space *space);

#endif
