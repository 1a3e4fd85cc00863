/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: capabilities. */
#ifndef HOSTED_LINUX_CAPABILITY_H
#define HOSTED_LINUX_CAPABILITY_H

#include <linux/types.h>

struct user_namespace;

#define CAP_SYS_PTRACE 19
#define CAP_SYS_ADMIN  21

bool ns_capable(struct user_namespace *ns, int capability);

#endif
