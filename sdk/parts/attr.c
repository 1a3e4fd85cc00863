// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of addresses: a tree of spans that do not overlap. Spans side by side have different
 * values.
 */
#include <linux/interval_tree.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <xmmu/attr.h>

#include "internal.h"

struct xmmu_attr_span {
	struct interval_tree_node node;
	unsigned long value;
};

/* The first that has something of these addresses. Under the lock, as all here. */
static struct xmmu_attr_span *xmmu_attr_first(struct xmmu_attr *attr, unsigned long start,
					      unsigned long last)
{
	struct interval_tree_node *node = interval_tree_iter_first(&attr->spans, start, last);

	return node ? container_of(node, struct xmmu_attr_span, node) : NULL;
}

static void xmmu_attr_insert(struct xmmu_attr *attr, struct xmmu_attr_span *span,
			     unsigned long start, unsigned long last, unsigned long value)
{
	span->node.start = start;
	span->node.last = last;
	span->value = value;
	interval_tree_insert(&span->node, &attr->spans);
}

/* Where the stretch with this value that has the span begins and ends. */
static void xmmu_attr_widen(struct xmmu_attr *attr, unsigned long *start, unsigned long *last,
			    unsigned long value)
{
	struct xmmu_attr_span *span;

	span = *start ? xmmu_attr_first(attr, *start - 1, *start - 1) : NULL;
	if (span && span->value == value)
		*start = span->node.start;
	span = *last + 1 ? xmmu_attr_first(attr, *last + 1, *last + 1) : NULL;
	if (span && span->value == value)
		*last = span->node.last;
}

/* What lies in between goes. If there is something left behind it, that takes the spare span. */
static void xmmu_attr_clear(struct xmmu_attr *attr, unsigned long start, unsigned long last,
			    struct xmmu_attr_span **spare)
{
	struct xmmu_attr_span *span;
	unsigned long first, end;

	while ((span = xmmu_attr_first(attr, start, last))) {
		first = span->node.start;
		end = span->node.last;
		interval_tree_remove(&span->node, &attr->spans);
		if (end > last) {
			xmmu_attr_insert(attr, *spare, last + 1, end, span->value);
			*spare = NULL;
		}
		if (first < start)
			xmmu_attr_insert(attr, span, first, start - 1, span->value);
		else
			kfree(span);
		/* A program may have set any number. */
		cond_resched();
	}
}

void xmmu_attr_init(struct xmmu_attr *attr)
{
	mutex_init(&attr->lock);
	attr->spans = RB_ROOT_CACHED;
}

void xmmu_attr_destroy(struct xmmu_attr *attr)
{
	mutex_lock(&attr->lock);
	xmmu_attr_clear(attr, 0, ULONG_MAX, NULL);
	mutex_unlock(&attr->lock);
	mutex_destroy(&attr->lock);
}

int xmmu_attr_set(struct xmmu_attr *attr, unsigned long start, unsigned long end,
		  unsigned long value)
{
	unsigned long last = end - 1;
	struct xmmu_attr_span *span, *spare;

	if (xmmu_span_check(start, end))
		return -EINVAL;
	span = kmalloc(sizeof(*span), GFP_KERNEL_ACCOUNT);
	spare = kmalloc(sizeof(*spare), GFP_KERNEL_ACCOUNT);
	if (!span || !spare) {
		kfree(span);
		kfree(spare);
		return -ENOMEM;
	}
	mutex_lock(&attr->lock);
	if (value)
		xmmu_attr_widen(attr, &start, &last, value);
	xmmu_attr_clear(attr, start, last, &spare);
	if (value) {
		xmmu_attr_insert(attr, span, start, last, value);
		span = NULL;
	}
	mutex_unlock(&attr->lock);
	kfree(span);
	kfree(spare);
	return 0;
}

unsigned long xmmu_attr_get(struct xmmu_attr *attr, unsigned long addr, unsigned long *end)
{
	unsigned long value = 0, stop = ULONG_MAX;
	struct xmmu_attr_span *span;

	mutex_lock(&attr->lock);
	span = xmmu_attr_first(attr, addr, ULONG_MAX);
	if (span && span->node.start <= addr) {
		value = span->value;
		stop = span->node.last + 1;
	} else if (span) {
		stop = span->node.start;
	}
	mutex_unlock(&attr->lock);
	if (end)
		*end = stop;
	return value;
}
