// SPDX-License-Identifier: GPL-2.0-only
// Finding: mmput() may tear the address space down here, under the caller's locks; use mmput_async()

@@
expression mm;
@@
*mmput(mm)
