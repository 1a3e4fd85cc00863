// SPDX-License-Identifier: GPL-2.0-only
// Finding: a driver on the SDK neither walks nor counts by itself; use a walk (xmmu_walk_next())
//
// The sequence, the retry and the notifiers are the SDK's: a second user of them has his own races.

@sdk@
@@
#include <xmmu/xmmu.h>

@bypass depends on sdk@
identifier raw =~ "^(mmu_interval_(notifier_(insert|remove).*|read_(begin|retry)|check_retry|set_seq)|mmu_notifier_(register|unregister|get|put)|hmm_range_fault.*|pin_user_pages.*|get_user_pages.*)$";
@@
*raw(...)
