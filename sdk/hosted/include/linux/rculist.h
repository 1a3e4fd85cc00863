/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: lists that are read under RCU. */
#ifndef HOSTED_LINUX_RCULIST_H
#define HOSTED_LINUX_RCULIST_H

#include <linux/list.h>
#include <linux/rcupdate.h>

static inline void hlist_add_head_rcu(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	node->next = first;
	WRITE_ONCE(node->pprev, &head->first);
	smp_store_release(&head->first, node);
	if (first)
		WRITE_ONCE(first->pprev, &node->next);
}

static inline void hlist_del_init_rcu(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	__hlist_del(node);
	WRITE_ONCE(node->pprev, NULL);
}

#define hlist_for_each_entry_rcu(position, head, member, ...)                                   \
	for (position = hlist_entry_safe(rcu_dereference((head)->first), __typeof__(*position), \
					 member);                                               \
	     position; position = hlist_entry_safe(rcu_dereference((position)->member.next),    \
						   __typeof__(*position), member))

#endif
