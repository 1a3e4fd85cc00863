/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: one node. */
#ifndef HOSTED_LINUX_TOPOLOGY_H
#define HOSTED_LINUX_TOPOLOGY_H

static inline int numa_node_id(void)
{
	return 0;
}

#endif
