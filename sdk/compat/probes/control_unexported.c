// SPDX-License-Identifier: GPL-2.0-only
/* Control: must fail on every kernel, it compiles but no kernel exports the symbol. */
/* Needs: xmmu_no_such_symbol */
#include <linux/mmu_notifier.h>
