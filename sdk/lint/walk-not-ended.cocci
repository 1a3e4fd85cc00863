// SPDX-License-Identifier: GPL-2.0-only
// Finding: a walk that was begun must be ended by xmmu_walk_end() on every way out
//
// Within an open window the mirror's lock is held.

@@
expression walk, e;
@@
xmmu_walk_init(walk, ...);
... when != xmmu_walk_end(walk)
(
 return <+... xmmu_walk_end(walk) ...+>;
|
*return e;
)

@@
expression walk;
@@
xmmu_walk_init(walk, ...);
... when != xmmu_walk_end(walk)
*return;
