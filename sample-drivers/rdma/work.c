// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work: posted by a program, given to the device one piece after the other, and kept when it has
 * ended until the program has read that.
 *
 * All of it is under rdma->lock, for both sides of a connection. The device looks at the keys.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "eventfd.h"
#include "rdma.h"

/* Of a file. */
#define RDMA_WORKS 256
/* As far as addresses of the device go. */
#define RDMA_LENGTH BIT_ULL(SOFTDEV_PAGE_SHIFT + SOFTDEV_LEVELS * SOFTDEV_INDEX_BITS)

/* ---- what the device is told */

/* Which operand is memory here. */
static enum softdev_operand rdma_local_operand(const struct rdma_work *work)
{
	switch (work->todo.op) {
	case XMMU_RDMA_SEND:
	case XMMU_RDMA_WRITE:
		return SOFTDEV_SRC;
	case XMMU_RDMA_READ:
		return SOFTDEV_DST;
	default:
		return 0;
	}
}

static enum softdev_op rdma_device_op(const struct rdma_work *work)
{
	switch (work->todo.op) {
	case XMMU_RDMA_FETCH_ADD:
		return SOFTDEV_ADD;
	case XMMU_RDMA_COMPARE_SWAP:
		return SOFTDEV_SWAP;
	default:
		return SOFTDEV_COPY;
	}
}

static struct softdev_command rdma_command(const struct rdma_pair *pair)
{
	const struct xmmu_rdma_work *todo = &pair->active->todo;
	struct softdev_key local = { todo->local_key, rdma_local_domain(pair->domain) };
	struct softdev_key remote = { todo->remote_key, rdma_remote_domain(pair->peer->domain) };
	struct softdev_command command = {
		.op = rdma_device_op(pair->active),
		.dst = todo->remote_addr,
		.dst_key = remote,
		.src = todo->local_addr,
		.src_key = local,
		.count = todo->len / sizeof(u64),
		.value = todo->value,
		.expected = todo->expected,
	};

	if (pair->target) {
		command.dst = pair->target->todo.local_addr;
		command.dst_key.key = pair->target->todo.local_key;
		command.dst_key.domain = rdma_local_domain(pair->peer->domain);
	}
	if (todo->op == XMMU_RDMA_READ) {
		swap(command.dst, command.src);
		swap(command.dst_key, command.src_key);
	}
	return command;
}

/* ---- how work ends */

static void rdma_complete(struct rdma_work *work, enum xmmu_rdma_status status, int error,
			  u64 result)
{
	struct rdma_domain *domain = work->domain;

	work->done = (struct xmmu_rdma_completion){
		.cookie = work->todo.cookie,
		.result = status == XMMU_RDMA_OK ? result : 0,
		.pair = work->todo.pair,
		.op = work->todo.op,
		.status = status,
		.error = error,
	};
	list_add_tail(&work->node, &domain->done);
	if (domain->eventfd)
		xmmu_compat_eventfd_signal(domain->eventfd);
	wake_up(&domain->wait);
}

void rdma_works_flush(struct list_head *works)
{
	struct rdma_work *work, *next;

	list_for_each_entry_safe(work, next, works, node) {
		list_del(&work->node);
		rdma_complete(work, XMMU_RDMA_FLUSHED, 0, 0);
	}
}

static enum xmmu_rdma_status rdma_status(const struct rdma_work *work, int error,
					 enum softdev_operand failed)
{
	switch (error) {
	case 0:
		return XMMU_RDMA_OK;
	case -ECANCELED:
		return XMMU_RDMA_FLUSHED;
	case -EIO:
	case -ENODEV:
		return XMMU_RDMA_DEVICE;
	default:
		return failed == rdma_local_operand(work) ? XMMU_RDMA_LOCAL_PROTECTION :
							    XMMU_RDMA_REMOTE_ACCESS;
	}
}

/* A buffer is filled, or it is bad, or something else was. */
static void rdma_target_done(struct rdma_work *target, const struct rdma_work *sent, int error,
			     enum softdev_operand failed)
{
	if (!error)
		rdma_complete(target, XMMU_RDMA_OK, 0, sent->todo.len);
	else if (failed == SOFTDEV_DST)
		rdma_complete(target, XMMU_RDMA_LOCAL_PROTECTION, error, 0);
	else
		rdma_complete(target, XMMU_RDMA_FLUSHED, 0, 0);
}

/* The device is through with it. Under rdma->lock. */
static void rdma_active_done(struct rdma_pair *pair, int error, u64 result)
{
	struct rdma_work *work = pair->active, *target = pair->target;
	enum xmmu_rdma_status status = rdma_status(work, error, result);

	pair->active = NULL;
	pair->target = NULL;
	if (target)
		rdma_target_done(target, work, error, result);
	rdma_complete(work, status, status == XMMU_RDMA_FLUSHED ? 0 : error, result);
	if (error)
		rdma_pair_break(pair);
}

/* From an engine, or from whoever aborts it. */
void rdma_command_done(void *context, u64 cookie, int status, u64 result)
{
	struct rdma_pair *pair = context;
	struct rdma_device *rdma = pair->domain->rdma;

	spin_lock(&rdma->lock);
	rdma_active_done(pair, status, result);
	rdma_pair_run(pair);
	spin_unlock(&rdma->lock);
}

/* ---- how it begins */

/* Find a buffer for what is sent. False if it has to wait, or can not be. */
static bool rdma_find_target(struct rdma_pair *pair, struct rdma_work *work)
{
	struct rdma_work *target =
		list_first_entry_or_null(&pair->peer->receives, struct rdma_work, node);

	if (!target)
		return false;
	if (work->todo.len <= target->todo.len) {
		list_del(&target->node);
		pair->target = target;
		return true;
	}
	list_del(&target->node);
	list_del(&work->node);
	rdma_complete(target, XMMU_RDMA_LENGTH, 0, 0);
	rdma_complete(work, XMMU_RDMA_LENGTH, 0, 0);
	rdma_pair_break(pair);
	return false;
}

/* Have the device do what is next, if it can. Under rdma->lock. */
void rdma_pair_run(struct rdma_pair *pair)
{
	struct softdev_command command;
	struct rdma_work *work;
	int ret;

	if (pair->state != XMMU_RDMA_READY || pair->active)
		return;
	work = list_first_entry_or_null(&pair->sends, struct rdma_work, node);
	if (!work || (work->todo.op == XMMU_RDMA_SEND && !rdma_find_target(pair, work)))
		return;
	list_del(&work->node);
	pair->active = work;
	command = rdma_command(pair);
	ret = softdev_submit(pair->queue, &command);
	if (ret)
		rdma_active_done(pair, ret, 0);
}

/* Under rdma->lock. */
static int rdma_post_to(struct rdma_pair *pair, struct rdma_work *work)
{
	bool receive = work->todo.op == XMMU_RDMA_RECEIVE;

	if (pair->state == XMMU_RDMA_IDLE && !receive)
		return -ENOTCONN;
	if (pair->state == XMMU_RDMA_ERROR) {
		rdma_complete(work, XMMU_RDMA_FLUSHED, 0, 0);
		return 0;
	}
	list_add_tail(&work->node, receive ? &pair->receives : &pair->sends);
	if (!receive)
		rdma_pair_run(pair);
	else if (pair->peer)
		rdma_pair_run(pair->peer);
	return 0;
}

static bool rdma_work_valid(const struct xmmu_rdma_work *todo)
{
	bool atomic = todo->op == XMMU_RDMA_FETCH_ADD || todo->op == XMMU_RDMA_COMPARE_SWAP;

	return todo->op <= XMMU_RDMA_COMPARE_SWAP && todo->len && todo->len <= RDMA_LENGTH &&
	       !((todo->local_addr | todo->remote_addr | todo->len) % sizeof(u64)) &&
	       (!atomic || todo->len == sizeof(u64));
}

static struct rdma_work *rdma_work_alloc(struct rdma_domain *domain,
					 const struct xmmu_rdma_work *todo)
{
	struct rdma_work *work = kzalloc(sizeof(*work), GFP_KERNEL_ACCOUNT);

	if (work) {
		work->domain = domain;
		work->todo = *todo;
	}
	return work;
}

int rdma_post(struct rdma_domain *domain, const struct xmmu_rdma_work *todo)
{
	struct rdma_device *rdma = domain->rdma;
	struct rdma_work *work;
	struct rdma_pair *pair;
	int ret = -EAGAIN;

	if (!rdma_work_valid(todo))
		return -EINVAL;
	work = rdma_work_alloc(domain, todo);
	if (!work)
		return -ENOMEM;
	spin_lock(&rdma->lock);
	if (domain->works < RDMA_WORKS) {
		pair = rdma_pair_find(domain, todo->pair);
		ret = pair ? rdma_post_to(pair, work) : -ENOENT;
		domain->works += !ret;
	}
	spin_unlock(&rdma->lock);
	if (ret)
		kfree(work);
	return ret;
}

/* ---- what programs read */

bool rdma_done_any(struct rdma_domain *domain)
{
	bool any;

	spin_lock(&domain->rdma->lock);
	any = !list_empty(&domain->done);
	spin_unlock(&domain->rdma->lock);
	return any;
}

/* The first that has ended, which is the caller's then, or NULL. */
static struct rdma_work *rdma_done_take(struct rdma_domain *domain)
{
	struct rdma_work *work;

	spin_lock(&domain->rdma->lock);
	work = list_first_entry_or_null(&domain->done, struct rdma_work, node);
	if (work)
		list_del(&work->node);
	spin_unlock(&domain->rdma->lock);
	return work;
}

static void rdma_done_free(struct rdma_domain *domain, struct rdma_work *work)
{
	kfree(work);
	spin_lock(&domain->rdma->lock);
	domain->works--;
	spin_unlock(&domain->rdma->lock);
}

/* It can be read again, by somebody who waits for it perhaps. */
static void rdma_done_put_back(struct rdma_domain *domain, struct rdma_work *work)
{
	spin_lock(&domain->rdma->lock);
	list_add(&work->node, &domain->done);
	spin_unlock(&domain->rdma->lock);
	wake_up(&domain->wait);
}

/* -EAGAIN if there is none. */
ssize_t rdma_done_read(struct rdma_domain *domain, void __user *user)
{
	struct rdma_work *work = rdma_done_take(domain);

	if (!work)
		return -EAGAIN;
	if (copy_to_user(user, &work->done, sizeof(work->done))) {
		rdma_done_put_back(domain, work);
		return -EFAULT;
	}
	rdma_done_free(domain, work);
	return sizeof(work->done);
}

static void rdma_set_eventfd(struct rdma_domain *domain, struct eventfd_ctx *eventfd)
{
	spin_lock(&domain->rdma->lock);
	swap(domain->eventfd, eventfd);
	spin_unlock(&domain->rdma->lock);
	if (eventfd)
		eventfd_ctx_put(eventfd);
}

int rdma_eventfd(struct rdma_domain *domain, const struct xmmu_rdma_eventfd *arg)
{
	struct eventfd_ctx *ctx = NULL;

	if (arg->pad)
		return -EINVAL;
	if (arg->fd != -1)
		ctx = eventfd_ctx_fdget(arg->fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	rdma_set_eventfd(domain, ctx);
	return 0;
}

/* Nothing can end any more. */
void rdma_done_forget(struct rdma_domain *domain)
{
	struct rdma_work *work;

	while ((work = rdma_done_take(domain)))
		rdma_done_free(domain, work);
	rdma_set_eventfd(domain, NULL);
}
