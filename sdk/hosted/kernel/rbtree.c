// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sorted trees, and trees of intervals: treaps, which are balanced by priorities that come from a
 * counter.
 */
#include <linux/interval_tree.h>
#include <linux/rbtree.h>

#include "internal.h"

static unsigned int next_priority(void)
{
	static unsigned int counter;

	return ++counter * 2654435761U;
}

static struct rb_node **link_of(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = node->rb_parent;

	if (!parent)
		return &root->rb_node;
	hosted_check(parent, sizeof(*parent));
	return parent->rb_left == node ? &parent->rb_left : &parent->rb_right;
}

/* The child takes the place of its parent, which becomes its child. */
static void rotate_up(struct rb_node *child, struct rb_root *root, hosted_rb_augment augment)
{
	struct rb_node *parent = child->rb_parent, *moved;
	struct rb_node **link = link_of(parent, root);

	if (parent->rb_left == child) {
		moved = child->rb_right;
		parent->rb_left = moved;
		child->rb_right = parent;
	} else {
		moved = child->rb_left;
		parent->rb_right = moved;
		child->rb_left = parent;
	}
	if (moved)
		moved->rb_parent = parent;
	child->rb_parent = parent->rb_parent;
	parent->rb_parent = child;
	*link = child;
	if (augment)
		augment(parent);
}

static void augment_up(struct rb_node *node, hosted_rb_augment augment)
{
	for (; node && augment; node = node->rb_parent)
		augment(node);
}

/* A change writes the root and the node: a look at the tree reads the one, a step the other. */
static void point_change(struct rb_node *node, struct rb_root *root)
{
	hosted_point(HOSTED_WRITE, root, sizeof(*root));
	hosted_point(HOSTED_WRITE, node, sizeof(*node));
}

void hosted_rb_insert(struct rb_node *node, struct rb_root *root, hosted_rb_augment augment)
{
	node->rb_priority = next_priority();
	while (node->rb_parent && node->rb_parent->rb_priority < node->rb_priority)
		rotate_up(node, root, augment);
	augment_up(node, augment);
}

void hosted_rb_erase(struct rb_node *node, struct rb_root *root, hosted_rb_augment augment)
{
	struct rb_node *left, *right, *parent;

	while ((left = node->rb_left) || node->rb_right) {
		right = node->rb_right;
		if (!right || (left && left->rb_priority > right->rb_priority))
			rotate_up(left, root, augment);
		else
			rotate_up(right, root, augment);
	}
	parent = node->rb_parent;
	*link_of(node, root) = NULL;
	augment_up(parent, augment);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	hosted_rb_insert(node, root, NULL);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	point_change(node, root);
	hosted_rb_erase(node, root, NULL);
}

static struct rb_node *leftmost(struct rb_node *node)
{
	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static struct rb_node *rightmost(struct rb_node *node)
{
	while (node && node->rb_right)
		node = node->rb_right;
	return node;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return leftmost(root->rb_node);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return rightmost(root->rb_node);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	const struct rb_node *parent;

	if (node->rb_right)
		return leftmost(node->rb_right);
	for (parent = node->rb_parent; parent && parent->rb_right == node;
	     parent = parent->rb_parent)
		node = parent;
	return (struct rb_node *)parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	const struct rb_node *parent;

	if (node->rb_left)
		return rightmost(node->rb_left);
	for (parent = node->rb_parent; parent && parent->rb_left == node;
	     parent = parent->rb_parent)
		node = parent;
	return (struct rb_node *)parent;
}

/* ---- intervals */

static struct interval_tree_node *to_interval(struct rb_node *rb)
{
	if (!rb)
		return NULL;
	hosted_check(rb, sizeof(struct interval_tree_node));
	return container_of(rb, struct interval_tree_node, rb);
}

static void raise_last(struct interval_tree_node *node, struct rb_node *child)
{
	if (child)
		node->__subtree_last =
			max(node->__subtree_last, to_interval(child)->__subtree_last);
}

static void interval_augment(struct rb_node *rb)
{
	struct interval_tree_node *node = to_interval(rb);

	node->__subtree_last = node->last;
	raise_last(node, rb->rb_left);
	raise_last(node, rb->rb_right);
}

void interval_tree_insert(struct interval_tree_node *node, struct rb_root_cached *root)
{
	struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;

	point_change(&node->rb, &root->rb_root);
	while (*link) {
		parent = *link;
		link = node->start < to_interval(parent)->start ? &parent->rb_left :
								  &parent->rb_right;
	}
	rb_link_node(&node->rb, parent, link);
	hosted_rb_insert(&node->rb, &root->rb_root, interval_augment);
}

void interval_tree_remove(struct interval_tree_node *node, struct rb_root_cached *root)
{
	point_change(&node->rb, &root->rb_root);
	hosted_rb_erase(&node->rb, &root->rb_root, interval_augment);
}

/* Below a node: the first that overlaps. Nothing in a subtree ends after its __subtree_last. */
static struct interval_tree_node *first_below(struct rb_node *rb, unsigned long start,
					      unsigned long last)
{
	struct interval_tree_node *node = to_interval(rb), *found;

	if (!node || node->__subtree_last < start)
		return NULL;
	found = first_below(rb->rb_left, start, last);
	if (found || node->start > last)
		return found;
	return node->last >= start ? node : first_below(rb->rb_right, start, last);
}

struct interval_tree_node *interval_tree_iter_first(struct rb_root_cached *root,
						    unsigned long start, unsigned long last)
{
	hosted_point(HOSTED_READ, root, sizeof(*root));
	hosted_check(root, sizeof(*root));
	return first_below(root->rb_root.rb_node, start, last);
}

struct interval_tree_node *interval_tree_iter_next(struct interval_tree_node *node,
						   unsigned long start, unsigned long last)
{
	struct interval_tree_node *found;
	struct rb_node *rb = &node->rb, *parent;

	hosted_point(HOSTED_READ, &node->rb, sizeof(node->rb));
	found = to_interval(rb) ? first_below(rb->rb_right, start, last) : NULL;
	for (; !found && (parent = rb->rb_parent); rb = parent) {
		if (parent->rb_right == rb)
			continue;
		if (to_interval(parent)->start > last)
			return NULL;
		found = to_interval(parent)->last >= start ?
				to_interval(parent) :
				first_below(parent->rb_right, start, last);
	}
	return found;
}
