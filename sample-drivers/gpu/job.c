// SPDX-License-Identifier: GPL-2.0-only
/* Work: submitted to the device, and kept when it has ended until a program has read that. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "eventfd.h"
#include "gpu.h"

/* As many as the device takes, so that it never refuses one. */
#define GPU_JOBS 64

struct gpu_job {
	struct list_head node; /* in space->done */
	struct xmmu_gpu_done done;
};

/* Both count the same operations. */
static_assert((int)SOFTDEV_COPY == (int)XMMU_GPU_COPY);
static_assert((int)SOFTDEV_CHASE == (int)XMMU_GPU_CHASE);

static bool gpu_job_reserve(struct gpu_space *space)
{
	bool reserved;

	spin_lock(&space->lock);
	reserved = space->jobs < GPU_JOBS;
	space->jobs += reserved;
	spin_unlock(&space->lock);
	return reserved;
}

static void gpu_job_free(struct gpu_space *space, struct gpu_job *job)
{
	kfree(job);
	spin_lock(&space->lock);
	space->jobs--;
	spin_unlock(&space->lock);
}

int gpu_job_submit(struct gpu_space *space, const struct xmmu_gpu_submit *submit)
{
	struct softdev_command command = {
		.op = submit->op,
		.dst = submit->dst,
		.src = submit->src,
		.index = submit->index,
		.count = submit->count,
		.value = submit->value,
	};
	struct gpu_job *job;
	int ret;

	if (submit->pad || submit->op > XMMU_GPU_CHASE)
		return -EINVAL;
	if (!gpu_job_reserve(space))
		return -EAGAIN;
	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (job) {
		job->done.cookie = submit->cookie;
		command.cookie = (uintptr_t)job;
		ret = softdev_submit(space->queue, &command);
	}
	if (ret)
		gpu_job_free(space, job);
	return ret;
}

/* From an engine, or from whoever aborts it. */
void gpu_job_done(void *context, u64 cookie, int status, u64 result)
{
	struct gpu_job *job = (struct gpu_job *)(uintptr_t)cookie;
	struct gpu_space *space = context;

	job->done.status = status;
	job->done.result = result;
	spin_lock(&space->lock);
	list_add_tail(&job->node, &space->done);
	if (space->eventfd)
		xmmu_compat_eventfd_signal(space->eventfd);
	spin_unlock(&space->lock);
	wake_up(&space->wait);
}

bool gpu_job_any(struct gpu_space *space)
{
	bool any;

	spin_lock(&space->lock);
	any = !list_empty(&space->done);
	spin_unlock(&space->lock);
	return any;
}

/* The first that has ended, which is the caller's then, or NULL. */
struct gpu_job *gpu_job_take(struct gpu_space *space)
{
	struct gpu_job *job;

	spin_lock(&space->lock);
	job = list_first_entry_or_null(&space->done, struct gpu_job, node);
	if (job)
		list_del(&job->node);
	spin_unlock(&space->lock);
	return job;
}

/* Forget one that was taken; returns how it ended. */
int gpu_job_end(struct gpu_space *space, struct gpu_job *job)
{
	int status = job->done.status;

	gpu_job_free(space, job);
	return status;
}

/* It can be read again, by somebody who waits for it perhaps. */
static void gpu_job_put_back(struct gpu_space *space, struct gpu_job *job)
{
	spin_lock(&space->lock);
	list_add(&job->node, &space->done);
	spin_unlock(&space->lock);
	wake_up(&space->wait);
}

/* One that was taken, to a program. */
ssize_t gpu_job_give(struct gpu_space *space, struct gpu_job *job, void __user *user)
{
	if (copy_to_user(user, &job->done, sizeof(job->done))) {
		gpu_job_put_back(space, job);
		return -EFAULT;
	}
	gpu_job_free(space, job);
	return sizeof(job->done);
}

static void gpu_job_set_eventfd(struct gpu_space *space, struct eventfd_ctx *eventfd)
{
	spin_lock(&space->lock);
	swap(space->eventfd, eventfd);
	spin_unlock(&space->lock);
	if (eventfd)
		eventfd_ctx_put(eventfd);
}

int gpu_job_eventfd(struct gpu_space *space, const struct xmmu_gpu_eventfd *eventfd)
{
	struct eventfd_ctx *ctx = NULL;

	if (eventfd->pad)
		return -EINVAL;
	if (eventfd->fd != -1)
		ctx = eventfd_ctx_fdget(eventfd->fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	gpu_job_set_eventfd(space, ctx);
	return 0;
}

/* Nothing can end any more. */
void gpu_job_forget(struct gpu_space *space)
{
	struct gpu_job *job;

	while ((job = gpu_job_take(space)))
		gpu_job_free(space, job);
	gpu_job_set_eventfd(space, NULL);
}
