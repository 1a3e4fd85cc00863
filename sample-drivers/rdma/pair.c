// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queue pairs, and who is connected with whom.
 *
 * A number is given out once, so that nobody finds another behind a number than he has been told of.
 * Two queue pairs that are connected point to each other until one of them is destroyed, which is
 * done by one at a time and ends what the other one has the device do, too.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "rdma.h"

#define RDMA_PAIRS 64

/* One of this domain, or NULL. Under rdma->lock. */
struct rdma_pair *rdma_pair_find(struct rdma_domain *domain, u32 number)
{
	struct rdma_pair *pair = xa_load(&domain->rdma->pairs, number);

	return pair && pair->domain == domain ? pair : NULL;
}

static void rdma_pair_stop(struct rdma_pair *pair)
{
	pair->state = XMMU_RDMA_ERROR;
	rdma_works_flush(&pair->sends);
	rdma_works_flush(&pair->receives);
}

/* Neither side begins anything any more. Under rdma->lock. */
void rdma_pair_break(struct rdma_pair *pair)
{
	rdma_pair_stop(pair);
	if (pair->peer)
		rdma_pair_stop(pair->peer);
}

/* ---- create */

static struct rdma_pair *rdma_pair_alloc(struct rdma_domain *domain)
{
	struct rdma_pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL_ACCOUNT);

	if (!pair)
		return NULL;
	pair->domain = domain;
	INIT_LIST_HEAD(&pair->sends);
	INIT_LIST_HEAD(&pair->receives);
	pair->queue = softdev_queue_create(domain->space, pair);
	if (!IS_ERR(pair->queue))
		return pair;
	kfree(pair);
	return NULL;
}

/* Under pairs_lock. */
static int rdma_pair_add(struct rdma_pair *pair)
{
	struct rdma_domain *domain = pair->domain;
	struct rdma_device *rdma = domain->rdma;
	int ret;

	if (domain->nr_pairs == RDMA_PAIRS)
		return -ENOSPC;
	pair->number = ++rdma->last_pair ?: ++rdma->last_pair;
	ret = xa_insert(&rdma->pairs, pair->number, pair, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	spin_lock(&rdma->lock);
	domain->nr_pairs++;
	list_add_tail(&pair->node, &domain->pairs);
	spin_unlock(&rdma->lock);
	return 0;
}

int rdma_pair_create(struct rdma_domain *domain, struct xmmu_rdma_pair *arg)
{
	struct rdma_pair *pair;
	int ret;

	if (arg->peer || arg->state || arg->pad)
		return -EINVAL;
	pair = rdma_pair_alloc(domain);
	if (!pair)
		return -ENOMEM;
	mutex_lock(&domain->rdma->pairs_lock);
	ret = rdma_pair_add(pair);
	/* Who finds it may destroy it. */
	arg->number = pair->number;
	mutex_unlock(&domain->rdma->pairs_lock);
	if (ret) {
		softdev_queue_destroy(pair->queue);
		kfree(pair);
	}
	return ret;
}

/* ---- connect, query */

/* Under rdma->lock. */
static int rdma_pair_name(struct rdma_domain *domain, u32 number, u32 named)
{
	struct rdma_pair *pair = rdma_pair_find(domain, number), *peer;

	if (!pair)
		return -ENOENT;
	if (pair->named)
		return -EBUSY;
	pair->named = named;
	peer = xa_load(&domain->rdma->pairs, named);
	if (!peer || peer->named != number)
		return 0;
	pair->peer = peer;
	peer->peer = pair;
	pair->state = XMMU_RDMA_READY;
	peer->state = XMMU_RDMA_READY;
	return 0;
}

int rdma_pair_connect(struct rdma_domain *domain, const struct xmmu_rdma_pair *arg)
{
	struct rdma_device *rdma = domain->rdma;
	int ret;

	if (!arg->peer || arg->state || arg->pad)
		return -EINVAL;
	mutex_lock(&rdma->pairs_lock);
	spin_lock(&rdma->lock);
	ret = rdma_pair_name(domain, arg->number, arg->peer);
	spin_unlock(&rdma->lock);
	mutex_unlock(&rdma->pairs_lock);
	return ret;
}

int rdma_pair_query(struct rdma_domain *domain, struct xmmu_rdma_pair *arg)
{
	struct rdma_pair *pair;

	if (arg->peer || arg->state || arg->pad)
		return -EINVAL;
	spin_lock(&domain->rdma->lock);
	pair = rdma_pair_find(domain, arg->number);
	if (pair)
		arg->state = pair->state == XMMU_RDMA_READY && softdev_queue_parked(pair->queue) ?
				     XMMU_RDMA_SUSPENDED :
				     pair->state;
	spin_unlock(&domain->rdma->lock);
	return pair ? 0 : -ENOENT;
}

/* ---- destroy: under pairs_lock, so that the other side stays meanwhile */

/* Nobody finds it, and it begins nothing. Returns the other side, if that is another one. */
static struct rdma_pair *rdma_pair_unlink(struct rdma_pair *pair)
{
	struct rdma_device *rdma = pair->domain->rdma;
	struct rdma_pair *peer;

	spin_lock(&rdma->lock);
	xa_erase(&rdma->pairs, pair->number);
	list_del(&pair->node);
	pair->domain->nr_pairs--;
	rdma_pair_break(pair);
	peer = pair->peer == pair ? NULL : pair->peer;
	pair->peer = NULL;
	if (peer)
		peer->peer = NULL;
	spin_unlock(&rdma->lock);
	return peer;
}

/* What the other side has under way may use a buffer of this one. */
static void rdma_pair_end(struct rdma_pair *pair)
{
	struct rdma_pair *peer = rdma_pair_unlink(pair);

	if (peer)
		softdev_queue_abort(peer->queue, -ECANCELED);
	softdev_queue_destroy(pair->queue);
	kfree(pair);
}

int rdma_pair_destroy(struct rdma_domain *domain, const struct xmmu_rdma_pair *arg)
{
	struct rdma_device *rdma = domain->rdma;
	struct rdma_pair *pair;

	if (arg->peer || arg->state || arg->pad)
		return -EINVAL;
	mutex_lock(&rdma->pairs_lock);
	spin_lock(&rdma->lock);
	pair = rdma_pair_find(domain, arg->number);
	spin_unlock(&rdma->lock);
	if (pair)
		rdma_pair_end(pair);
	mutex_unlock(&rdma->pairs_lock);
	return pair ? 0 : -ENOENT;
}

/* The file is closed: no command comes any more. */
void rdma_pairs_end(struct rdma_domain *domain)
{
	struct rdma_pair *pair, *next;

	mutex_lock(&domain->rdma->pairs_lock);
	list_for_each_entry_safe(pair, next, &domain->pairs, node)
		rdma_pair_end(pair);
	mutex_unlock(&domain->rdma->pairs_lock);
}
