// SPDX-License-Identifier: GPL-2.0-only
// Finding: isolate must not end by a signal or a timeout: the device would still reach memory
//
// The SDK completes all tickets when it returns, and the kernel frees the pages.

@callback@
identifier ops, fn;
@@
struct xmmu_ops ops = { .isolate = fn, };

@wait@
identifier callback.fn;
identifier gives_up =~ "^(wait_(event|for_completion)_.*(interruptible|killable|timeout).*|mutex_lock_(interruptible|killable)|down_(interruptible|killable|timeout)|msleep_interruptible)$";
@@
fn(...) { <+...
*gives_up(...)
...+> }
