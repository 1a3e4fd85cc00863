/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: processors have no numbers; all are the first. */
#ifndef HOSTED_LINUX_SMP_H
#define HOSTED_LINUX_SMP_H

#define raw_smp_processor_id() 0U

#endif
