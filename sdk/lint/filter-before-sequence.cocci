// SPDX-License-Identifier: GPL-2.0-only
// Finding: a callback that says yes must have called mmu_interval_set_seq(), filtered events included
//
// For drivers without the SDK. A walk may be on its way though nothing is mapped yet.

@callback@
identifier ops, fn;
@@
struct mmu_interval_notifier_ops ops = { .invalidate = fn, };

@@
identifier callback.fn;
symbol true;
@@
fn(...) {
... when != mmu_interval_set_seq(...)
*return true;
}
