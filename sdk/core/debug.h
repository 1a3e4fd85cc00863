/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The debug build (XMMU_DEBUG=1): checks that a release build does without, and injection of the
 * events that make races. In a release build every function here is empty.
 */
#ifndef XMMU_DEBUG_H
#define XMMU_DEBUG_H

#include <linux/types.h>

struct dentry;
struct seq_file;
struct xmmu_gather;
struct xmmu_mirror;
struct xmmu_range;

typedef void (*xmmu_confirm_fn)(struct xmmu_mirror *mirror, u64 ticket);

#ifdef XMMU_DEBUG

void xmmu_debug_init(struct dentry *folder);
void xmmu_debug_exit(void);
/* Which checks of its own the kernel makes. */
void xmmu_debug_show(struct seq_file *file);

/* Teach lockdep, before the first real event, what the lock nests inside of. */
void xmmu_debug_prime_locks(struct xmmu_mirror *mirror);
/* Nothing of a mirror may be left. */
void xmmu_debug_check_detached(struct xmmu_mirror *mirror);
/* A driver reports only what it was told to zap. */
void xmmu_debug_check_gather(const struct xmmu_gather *gather, unsigned long start,
			     unsigned long end);
/* When everything is confirmed, the device has forgotten the span. Under the lock. */
void xmmu_debug_check_forgotten(struct xmmu_range *range, unsigned long start, unsigned long end);
/* The kernel does this around list notifiers only. */
void xmmu_debug_nonblock_start(void);
void xmmu_debug_nonblock_end(void);
/* In between nobody takes the lock of a mirror. */
void xmmu_debug_aging_start(void);
void xmmu_debug_aging_end(void);
void xmmu_debug_range_added(void);
void xmmu_debug_range_freed(void);
void xmmu_debug_poison(unsigned long *pfns, unsigned long count);

/* Each is steered by the file of its name in debugfs, xmmu-<driver>/inject. */
bool xmmu_inject_collide(void);
bool xmmu_inject_fail(void);
bool xmmu_inject_nonblock(void);
void xmmu_inject_delay(void);
bool xmmu_inject_late_flush(struct xmmu_mirror *mirror, u64 ticket, xmmu_confirm_fn confirm);

#else

static inline void xmmu_debug_init(struct dentry *folder)
{
}

static inline void xmmu_debug_exit(void)
{
}

static inline void xmmu_debug_show(struct seq_file *file)
{
}

static inline void xmmu_debug_prime_locks(struct xmmu_mirror *mirror)
{
}

static inline void xmmu_debug_check_detached(struct xmmu_mirror *mirror)
{
}

static inline void xmmu_debug_check_gather(const struct xmmu_gather *gather, unsigned long start,
					   unsigned long end)
{
}

static inline void xmmu_debug_check_forgotten(struct xmmu_range *range, unsigned long start,
					      unsigned long end)
{
}

static inline void xmmu_debug_nonblock_start(void)
{
}

static inline void xmmu_debug_nonblock_end(void)
{
}

static inline void xmmu_debug_aging_start(void)
{
}

static inline void xmmu_debug_aging_end(void)
{
}

static inline void xmmu_debug_range_added(void)
{
}

static inline void xmmu_debug_range_freed(void)
{
}

static inline void xmmu_debug_poison(unsigned long *pfns, unsigned long count)
{
}

static inline bool xmmu_inject_collide(void)
{
	return false;
}

static inline bool xmmu_inject_fail(void)
{
	return false;
}

static inline bool xmmu_inject_nonblock(void)
{
	return false;
}

static inline void xmmu_inject_delay(void)
{
}

static inline bool xmmu_inject_late_flush(struct xmmu_mirror *mirror, u64 ticket,
					  xmmu_confirm_fn confirm)
{
	return false;
}

#endif

#endif
