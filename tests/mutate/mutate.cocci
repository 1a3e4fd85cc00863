// SPDX-License-Identifier: GPL-2.0-only
// All mutants of a file at once: each call can be left out, change places with the call before it,
// and each condition can be the opposite. What is left out or turned round is decided when the
// program starts, see mutant.h.
//
// Some calls are left alone, because no test on the hosted kernel can show a difference:
// - Assertions, annotations for sparse, traces, and what injects faults: they do nothing then.
// - Messages, whose text is for people.
// - Memory barriers: those that are here stand between marked accesses, which the hosted kernel
//   does one after the other, in the order of the program. Acquire and release are mutants.
// - xmmu_compat_clear_frames(): it is empty but on kernels that the hosted one does not stand for.
// And some are left out but do not change places:
// - What initialises something before anybody else can see it. Each has its own variable.
// - What counts. Counters are atomic, not ordered with anything, and read when all is over.
// - Files of debugfs that are made one after the other.
// - A wake-up and the unlock that is beside it. Who is woken takes the lock before he looks, so he
//   waits a little longer for one of them, and sees the same.
// - Two unlocks: locks may be dropped in any order.

@swap@
identifier f !~ "^(lockdep_assert_held|xmmu_mirror_assert_locked|WARN(_ON)?(_ONCE)?|__acquire|__release|smp_([rw]?mb|mb__.*)|xmmu_compat_clear_frames|(pr|dev)_(info|warn|err)(_.*)?|(trace_xmmu|xmmu_inject|xmmu_debug)_.*|INIT_.*|init_.*|.*_init(_.*)?|xa_init_flags|xmmu_gather_clear|xmmu_count(_.*)?|atomic64_(inc|add)|debugfs_create_.*)$";
identifier g !~ "^(lockdep_assert_held|xmmu_mirror_assert_locked|WARN(_ON)?(_ONCE)?|__acquire|__release|smp_([rw]?mb|mb__.*)|xmmu_compat_clear_frames|(pr|dev)_(info|warn|err)(_.*)?|(trace_xmmu|xmmu_inject|xmmu_debug)_.*|INIT_.*|init_.*|.*_init(_.*)?|xa_init_flags|xmmu_gather_clear|xmmu_count(_.*)?|atomic64_(inc|add)|debugfs_create_.*)$";
identifier m, n;
identifier wake =~ "^(xmmu_mirror_wake|wake_up.*)$", unlock =~ "unlock", unlock_too =~ "unlock";
expression d, e;
expression list x, y;
@@
(
 unlock(x);
 unlock_too(y);
|
 wake(x);
 unlock(y);
|
 unlock(y);
 wake(x);
|
 f(x);
 g(y);
+MUTANT_SWAP(f(x), g(y));
|
 d->m(x);
 g(y);
+MUTANT_SWAP(d->m(x), g(y));
|
 f(x);
 e->n(y);
+MUTANT_SWAP(f(x), e->n(y));
|
 d->m(x);
 e->n(y);
+MUTANT_SWAP(d->m(x), e->n(y));
)

@delete@
identifier f !~ "^(MUTANT_SWAP|lockdep_assert_held|xmmu_mirror_assert_locked|WARN(_ON)?(_ONCE)?|__acquire|__release|smp_([rw]?mb|mb__.*)|xmmu_compat_clear_frames|(pr|dev)_(info|warn|err)(_.*)?|(trace_xmmu|xmmu_inject|xmmu_debug)_.*)$";
identifier member;
expression e;
expression list x;
@@
(
-f(x);
+MUTANT_DELETE(f(x));
|
-e->member(x);
+MUTANT_DELETE(e->member(x));
)

@condition_if@
expression e;
statement s, t;
@@
(
 if (
-    e
+    MUTANT_NEGATE(e)
    ) s else t
|
 if (
-    e
+    MUTANT_NEGATE(e)
    ) s
)

@condition_while@
expression e;
statement s;
@@
 while (
-       e
+       MUTANT_NEGATE(e)
       ) s

@condition_for@
expression e;
expression a, b;
statement s;
@@
(
 for (a;
-     e
+     MUTANT_NEGATE(e)
     ; b) s
|
 for (;
-     e
+     MUTANT_NEGATE(e)
     ; b) s
)

@condition_choice@
expression e;
expression a, b;
@@
-e
+MUTANT_NEGATE(e)
 ? a : b
