/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: the processor. */
#ifndef HOSTED_LINUX_PROCESSOR_H
#define HOSTED_LINUX_PROCESSOR_H

/* In a loop that waits for another processor. */
void cpu_relax(void);

#endif
