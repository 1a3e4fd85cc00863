/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: sorting a list. */
#ifndef HOSTED_LINUX_LIST_SORT_H
#define HOSTED_LINUX_LIST_SORT_H

#include <linux/list.h>

/* Above 0 if a comes after b; otherwise they stay in the order in which they are. */
typedef int (*list_cmp_func_t)(void *priv, const struct list_head *a, const struct list_head *b);

void list_sort(void *priv, struct list_head *head, list_cmp_func_t cmp);

#endif
