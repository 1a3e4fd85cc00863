/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: stretches without interrupts; an interrupt runs as a task of its own. */
#ifndef HOSTED_LINUX_IRQFLAGS_H
#define HOSTED_LINUX_IRQFLAGS_H

#include <linux/preempt.h>

unsigned long hosted_irq_save(void);
void hosted_irq_restore(unsigned long flags);
bool irqs_disabled(void);

#define local_irq_save(flags)    ((flags) = hosted_irq_save())
#define local_irq_restore(flags) hosted_irq_restore(flags)

#endif
