// SPDX-License-Identifier: GPL-2.0-only
/* Control: must fail on every kernel, the member does not exist. */
#include <linux/mmu_notifier.h>

const struct mmu_interval_notifier_ops probe = { .xmmu_no_such_callback = NULL };
