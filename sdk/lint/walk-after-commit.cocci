// SPDX-License-Identifier: GPL-2.0-only
// Finding: the window is closed by xmmu_walk_commit(); its leaves may be somebody else's pages by now

@@
iterator name xmmu_walk_for_each;
expression walk;
identifier leaf;
statement body;
@@
xmmu_walk_commit(walk);
... when != xmmu_walk_next(walk)
    when any
(
*xmmu_walk_for_each(walk, leaf)
 body
|
*xmmu_walk_for_each(walk, &leaf)
 body
)

@@
expression walk;
identifier window =~ "^xmmu_(walk_(frames|start|stop)|pt_populate)$";
@@
xmmu_walk_commit(walk);
... when != xmmu_walk_next(walk)
*window(..., walk, ...)
