/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: lists that are read under RCU. */
#ifndef HOSTED_LINUX_RCULIST_H
#define HOSTED_LINUX_RCULIST_H

#include <linux/list.h>
#include <linux/rcupdate.h>

static inline void list_add_rcu(struct list_head *entry, struct list_head *head)
{
	struct list_head *next = head->next;

	entry->next = next;
	entry->prev = head;
	smp_store_release(&head->next, entry);
	next->prev = entry;
}

static inline void list_del_rcu(struct list_head *entry)
{
	__list_del_entry(entry);
	entry->prev = LIST_POISON2;
}

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

#define list_for_each_entry_rcu(position, head, member, ...)                                      \
	for (position = list_entry(rcu_dereference((head)->next), __typeof__(*position), member); \
	     &position->member != (head);                                                         \
	     position = list_entry(rcu_dereference(position->member.next), __typeof__(*position), \
				   member))
#define hlist_for_each_entry_rcu(position, head, member, ...)                                   \
	for (position = hlist_entry_safe(rcu_dereference((head)->first), __typeof__(*position), \
					 member);                                               \
	     position; position = hlist_entry_safe(rcu_dereference((position)->member.next),    \
						   __typeof__(*position), member))
#define hlist_for_each_entry_srcu(position, head, member, ...) \
	hlist_for_each_entry_rcu(position, head, member)

#endif
