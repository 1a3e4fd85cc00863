/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: sorted trees. */
#ifndef HOSTED_LINUX_RBTREE_H
#define HOSTED_LINUX_RBTREE_H

#include <linux/container_of.h>
#include <linux/types.h>

/* The priority, given at insertion, keeps the tree balanced: no child has a higher one. */
struct rb_node {
	struct rb_node *rb_parent;
	struct rb_node *rb_left;
	struct rb_node *rb_right;
	unsigned int rb_priority;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

#define RB_ROOT          \
	(struct rb_root) \
	{                \
		NULL     \
	}
#define RB_ROOT_CACHED          \
	(struct rb_root_cached) \
	{                       \
		{               \
			NULL    \
		}               \
	}

#define rb_entry(pointer, type, member) container_of(pointer, type, member)
#define RB_EMPTY_ROOT(root)             (!READ_ONCE((root)->rb_node))
#define RB_EMPTY_NODE(node)             ((node)->rb_parent == (node))
#define RB_CLEAR_NODE(node)             ((node)->rb_parent = (node))

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->rb_parent = parent;
	node->rb_left = NULL;
	node->rb_right = NULL;
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

static inline struct rb_node *rb_first_cached(const struct rb_root_cached *root)
{
	return rb_first(&root->rb_root);
}

/* Recomputes what a node knows about those below it. */
typedef void (*hosted_rb_augment)(struct rb_node *node);
void hosted_rb_insert(struct rb_node *node, struct rb_root *root, hosted_rb_augment augment);
void hosted_rb_erase(struct rb_node *node, struct rb_root *root, hosted_rb_augment augment);

#endif
