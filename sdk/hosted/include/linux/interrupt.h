/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: interrupts: each runs as a task of its own, which must not sleep. */
#ifndef HOSTED_LINUX_INTERRUPT_H
#define HOSTED_LINUX_INTERRUPT_H

#include <linux/irqflags.h>
#include <linux/types.h>

struct device;

typedef enum irqreturn {
	IRQ_NONE,
	IRQ_HANDLED,
} irqreturn_t;

typedef irqreturn_t (*irq_handler_t)(int irq, void *data);

#define IRQF_SHARED 0x80

int devm_request_irq(struct device *dev, unsigned int irq, irq_handler_t handler,
		     unsigned long flags, const char *name, void *data);
void synchronize_irq(unsigned int irq);

#endif
