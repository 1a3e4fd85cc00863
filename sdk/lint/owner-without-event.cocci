// SPDX-License-Identifier: GPL-2.0-only
// Finding: range->owner is only set for MMU_NOTIFY_MIGRATE and MMU_NOTIFY_EXCLUSIVE; look at the event first
//
// For drivers without the SDK. A condition that begins with the owner reads what was on the stack.

@looked@
struct mmu_notifier_range *range;
expression first, who;
position p;
@@
(
 first && range->owner@p == who
|
 first || range->owner@p != who
)

@@
struct mmu_notifier_range *range;
position p != looked.p;
@@
*range->owner@p
