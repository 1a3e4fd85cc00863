/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: stretches without preemption. */
#ifndef HOSTED_LINUX_PREEMPT_H
#define HOSTED_LINUX_PREEMPT_H

#include <linux/types.h>

void preempt_disable(void);
void preempt_enable(void);
bool in_atomic(void);
bool in_hardirq(void);

#endif
