/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: singly linked lists that need no lock. */
#ifndef HOSTED_LINUX_LLIST_H
#define HOSTED_LINUX_LLIST_H

#include <linux/atomic.h>
#include <linux/container_of.h>

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

static inline void init_llist_head(struct llist_head *head)
{
	head->first = NULL;
}

static inline bool llist_empty(const struct llist_head *head)
{
	return !READ_ONCE(head->first);
}

/* Whether it was empty. */
static inline bool llist_add(struct llist_node *node, struct llist_head *head)
{
	struct llist_node *first = READ_ONCE(head->first);

	do {
		node->next = first;
	} while (!__atomic_compare_exchange_n(&head->first, &first, node, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return !first;
}

static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return xchg(&head->first, NULL);
}

/* The order in which they were added. */
static inline struct llist_node *llist_reverse_order(struct llist_node *node)
{
	struct llist_node *next, *reversed = NULL;

	for (; node; node = next) {
		next = node->next;
		node->next = reversed;
		reversed = node;
	}
	return reversed;
}

#define llist_entry(pointer, type, member) container_of(pointer, type, member)

/* The entry may be freed inside of the loop. */
#define llist_for_each_entry_safe(entry, after, first, member)                     \
	for (entry = llist_entry(first, typeof(*entry), member);                   \
	     (unsigned long)entry + offsetof(typeof(*entry), member) &&            \
	     (after = llist_entry(entry->member.next, typeof(*entry), member), 1); \
	     entry = after)

#endif
