// SPDX-License-Identifier: GPL-2.0-only
// Finding: detach and removal wait for walks and callbacks: no lock may be held that those take
//
// A lock that neither of them takes is fine, and the finding then wrong.

@@
expression lock;
identifier waits =~ "^xmmu_(mirror_detach|range_remove|faultq_destroy|devmem_destroy)$";
@@
(
spin_lock(lock)
|
spin_lock_irqsave(lock, ...)
|
mmap_read_lock(lock)
|
mmap_write_lock(lock)
|
xmmu_mirror_lock(lock)
)
... when != spin_unlock(lock)
    when != spin_unlock_irqrestore(lock, ...)
    when != mmap_read_unlock(lock)
    when != mmap_write_unlock(lock)
    when != xmmu_mirror_unlock(lock)
*waits(...)
