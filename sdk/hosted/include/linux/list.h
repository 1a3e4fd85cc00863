/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: doubly linked lists that notice a second deletion. */
#ifndef HOSTED_LINUX_LIST_H
#define HOSTED_LINUX_LIST_H

#include <linux/bug.h>
#include <linux/container_of.h>
#include <linux/types.h>

#define LIST_POISON1 ((void *)0xdead000000000100UL)
#define LIST_POISON2 ((void *)0xdead000000000122UL)

#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	WRITE_ONCE(list->next, list);
	WRITE_ONCE(list->prev, list);
}

static inline void __list_add(struct list_head *entry, struct list_head *prev,
			      struct list_head *next)
{
	BUG_ON(next->prev != prev || prev->next != next || entry == prev || entry == next);
	next->prev = entry;
	entry->next = next;
	entry->prev = prev;
	WRITE_ONCE(prev->next, entry);
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	__list_add(entry, head, head->next);
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	__list_add(entry, head->prev, head);
}

static inline void __list_del_entry(struct list_head *entry)
{
	struct list_head *prev = entry->prev, *next = entry->next;

	BUG_ON(next == LIST_POISON1 || prev == LIST_POISON2);
	BUG_ON(prev->next != entry || next->prev != entry);
	next->prev = prev;
	WRITE_ONCE(prev->next, next);
}

static inline void list_del(struct list_head *entry)
{
	__list_del_entry(entry);
	entry->next = LIST_POISON1;
	entry->prev = LIST_POISON2;
}

static inline void list_del_init(struct list_head *entry)
{
	__list_del_entry(entry);
	INIT_LIST_HEAD(entry);
}

static inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	__list_del_entry(entry);
	list_add_tail(entry, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

static inline bool list_is_last(const struct list_head *entry, const struct list_head *head)
{
	return entry->next == head;
}

/* All of the list, to the end of another. */
static inline void list_splice_tail(const struct list_head *list, struct list_head *head)
{
	struct list_head *first = list->next, *last = list->prev, *prev = head->prev;

	if (list_empty(list))
		return;
	first->prev = prev;
	last->next = head;
	head->prev = last;
	WRITE_ONCE(prev->next, first);
}

static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	list_splice_tail(list, head);
	INIT_LIST_HEAD(list);
}

#define list_entry(pointer, type, member)    container_of(pointer, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_next_entry(position, member) \
	list_entry((position)->member.next, __typeof__(*(position)), member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_entry_is_head(position, head, member) (&(position)->member == (head))

#define list_for_each_entry(position, head, member)                            \
	for (position = list_first_entry(head, __typeof__(*position), member); \
	     !list_entry_is_head(position, head, member);                      \
	     position = list_next_entry(position, member))

#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_prev_entry(position, member) \
	list_entry((position)->member.prev, __typeof__(*(position)), member)
#define list_for_each_entry_reverse(position, head, member)                   \
	for (position = list_last_entry(head, __typeof__(*position), member); \
	     !list_entry_is_head(position, head, member);                     \
	     position = list_prev_entry(position, member))

#define list_for_each_entry_safe(position, following, head, member)            \
	for (position = list_first_entry(head, __typeof__(*position), member), \
	    following = list_next_entry(position, member);                     \
	     !list_entry_is_head(position, head, member);                      \
	     position = following, following = list_next_entry(following, member))

static inline void INIT_HLIST_NODE(struct hlist_node *node)
{
	node->next = NULL;
	node->pprev = NULL;
}

#define HLIST_HEAD_INIT       \
	{                     \
		.first = NULL \
	}
#define INIT_HLIST_HEAD(head) ((head)->first = NULL)

static inline bool hlist_unhashed(const struct hlist_node *node)
{
	return !node->pprev;
}

static inline bool hlist_empty(const struct hlist_head *head)
{
	return !READ_ONCE(head->first);
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	WRITE_ONCE(node->next, first);
	if (first)
		WRITE_ONCE(first->pprev, &node->next);
	WRITE_ONCE(head->first, node);
	WRITE_ONCE(node->pprev, &head->first);
}

static inline void __hlist_del(struct hlist_node *node)
{
	struct hlist_node *next = node->next, **pprev = node->pprev;

	WRITE_ONCE(*pprev, next);
	if (next)
		WRITE_ONCE(next->pprev, pprev);
}

static inline void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	__hlist_del(node);
	INIT_HLIST_NODE(node);
}

#define hlist_entry(pointer, type, member) container_of(pointer, type, member)
#define hlist_entry_safe(pointer, type, member)                    \
	({                                                         \
		__typeof__(pointer) __node = (pointer);            \
		__node ? hlist_entry(__node, type, member) : NULL; \
	})
#define hlist_for_each_entry(position, head, member)                                              \
	for (position = hlist_entry_safe((head)->first, __typeof__(*position), member); position; \
	     position = hlist_entry_safe((position)->member.next, __typeof__(*position), member))
#define hlist_for_each_entry_safe(position, following, head, member)                    \
	for (position = hlist_entry_safe((head)->first, __typeof__(*position), member); \
	     position && ({                                                             \
		     following = position->member.next;                                 \
		     1;                                                                 \
	     });                                                                        \
	     position = hlist_entry_safe(following, __typeof__(*position), member))

#endif
