/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: an interval tree by other names. Of the type of its nodes there is one only. */
#ifndef HOSTED_LINUX_INTERVAL_TREE_GENERIC_H
#define HOSTED_LINUX_INTERVAL_TREE_GENERIC_H

#include <linux/interval_tree.h>

#define INTERVAL_TREE_DEFINE(type, rb, limit, subtree, node_start, node_last, storage, prefix)  \
	storage void prefix##_insert(type *node, struct rb_root_cached *root)                   \
	{                                                                                       \
		interval_tree_insert(node, root);                                               \
	}                                                                                       \
	storage void prefix##_remove(type *node, struct rb_root_cached *root)                   \
	{                                                                                       \
		interval_tree_remove(node, root);                                               \
	}                                                                                       \
	storage type *prefix##_iter_first(struct rb_root_cached *root, limit start, limit last) \
	{                                                                                       \
		return interval_tree_iter_first(root, start, last);                             \
	}                                                                                       \
	storage type *prefix##_iter_next(type *node, limit start, limit last)                   \
	{                                                                                       \
		return interval_tree_iter_next(node, start, last);                              \
	}

#endif
