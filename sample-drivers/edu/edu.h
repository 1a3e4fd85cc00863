/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the driver share.
 *
 * pci.c finds the device and gives it back, engine.c makes it move bytes, job.c cuts jobs into
 * transfers and looks up the memory for each, file.c is what programs see.
 */
#ifndef EDU_H
#define EDU_H

#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/kfifo.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <xmmu/edu.h>
#include <xmmu/xmmu.h>

#include "validate.h"

/* Faults that a test asks for, in the order of the names in pci.c. */
enum edu_fault {
	EDU_FAULT_NONE,
	EDU_FAULT_LOST_IRQ,   /* the interrupt is acknowledged and then ignored */
	EDU_FAULT_NEVER_DONE, /* so is that the transfer has ended */
};

/* A device. Open files keep it after it was removed. */
struct edu_device {
	struct kref ref;
	struct pci_dev *pdev;
	void __iomem *regs;
	unsigned int dma_bits;
	enum xmmu_edu_path path;
	struct miscdevice misc;
	char name[20];
	int id;
	struct workqueue_struct *queue; /* ordered: the device does one thing at a time */
	wait_queue_head_t wait;         /* a job has ended, an invalidation was recorded, `gone` */

	/* Held for reading by every command, so that a removal gets none while it ends them. */
	struct rw_semaphore gone_lock;
	bool gone;
	bool failing; /* about to be cut off: what it says it has moved may be lost */
	bool dead;    /* cut off from memory */

	/* The transfer in flight. */
	spinlock_t lock;        /* taken in the interrupt */
	bool busy;              /* under lock */
	struct xmmu_xfer *xfer; /* NULL if it goes to the driver's own page; under lock */
	struct xmmu_xfer xfer_storage;
	struct completion done;
	int result;

	/* The driver's own page, for XMMU_EDU_COHERENT. */
	void *page;
	dma_addr_t page_dma;

	atomic64_t transfers[4];
	atomic64_t bytes[2];
	atomic64_t lost_interrupts;
};

#define EDU_EVENTS 128

/* An open file. */
struct edu_context {
	struct xmmu_mirror mirror;
	struct edu_device *edu;
	struct mutex lock; /* between lookup and reference in ranges and jobs */
	struct xarray ranges;
	struct xarray jobs;
	spinlock_t event_lock;
	unsigned int lost;
	DECLARE_KFIFO(events, struct xmmu_edu_event, EDU_EVENTS);
};

/*
 * A job, with a reference on its range; the context holds one on the job until somebody has waited
 * for it, the queue another. The context outlives what is queued.
 */
struct edu_job {
	struct kref ref;
	struct work_struct work;
	struct edu_context *ctx;
	struct xmmu_range *range;
	unsigned long addr;
	unsigned int len;
	unsigned int offset;
	unsigned int direction;
	unsigned int done;
	enum xmmu_edu_path path; /* of the last transfer */
	int status;
	bool cancelled;
	bool finished; /* set last, with release semantics */
};

/* pci.c */
extern unsigned int edu_timeout_ms;
extern unsigned int edu_watchdog_ms;
enum xmmu_policy edu_policy(void);
enum edu_fault edu_fault(void);
void edu_put(struct edu_device *edu);

/* engine.c */
int edu_engine_quiesce(struct edu_device *edu);
int edu_engine_start(struct edu_device *edu, const struct edu_transfer *transfer,
		     struct xmmu_xfer *xfer);
int edu_engine_wait(struct edu_device *edu, struct xmmu_mirror *mirror);
void edu_engine_isolate(struct edu_device *edu);
irqreturn_t edu_engine_irq(int irq, void *data);

/* job.c */
struct edu_job *edu_job_create(struct edu_context *ctx, struct xmmu_range *range,
			       const struct xmmu_edu_submit *submit);
void edu_job_submit(struct edu_job *job);
void edu_job_cancel(struct edu_job *job);
void edu_job_flush(struct edu_job *job);
void edu_job_put(struct edu_job *job);

/* file.c */
extern const struct file_operations edu_fops;

#endif
