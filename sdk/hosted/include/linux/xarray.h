/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: sparse arrays of pointers. */
#ifndef HOSTED_LINUX_XARRAY_H
#define HOSTED_LINUX_XARRAY_H

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>

struct xarray {
	struct rb_root entries;
	unsigned int flags;
	spinlock_t xa_lock;
};

struct xa_limit {
	u32 max;
	u32 min;
};

#define XA_FLAGS_TRACK_FREE 0x04U
#define XA_FLAGS_ZERO_BUSY  0x08U
#define XA_FLAGS_ALLOC1     (XA_FLAGS_TRACK_FREE | XA_FLAGS_ZERO_BUSY)
#define XA_FLAGS_ALLOC      XA_FLAGS_TRACK_FREE
#define XA_FLAGS_ACCOUNT    0x20U

#define XA_LIMIT(_min, _max)                 \
	(struct xa_limit)                    \
	{                                    \
		.min = (_min), .max = (_max) \
	}
#define xa_limit_32b XA_LIMIT(0, UINT_MAX)

#define xa_init_flags(xa, f)                    \
	do {                                    \
		(xa)->entries = RB_ROOT;        \
		(xa)->flags = (f);              \
		spin_lock_init(&(xa)->xa_lock); \
	} while (0)
#define xa_init(xa) xa_init_flags(xa, 0)

void *xa_load(struct xarray *xa, unsigned long index);
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
void *xa_erase(struct xarray *xa, unsigned long index);
void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp);
int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
int xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp);
bool xa_empty(const struct xarray *xa);
void xa_destroy(struct xarray *xa);
/* The first entry from *index to max, whose index is stored there; the other: beyond *index. */
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, unsigned int filter);
void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max,
		    unsigned int filter);

#define XA_PRESENT 8U

static inline bool xa_is_err(const void *entry)
{
	return IS_ERR(entry);
}

static inline int xa_err(const void *entry)
{
	return xa_is_err(entry) ? (int)PTR_ERR(entry) : 0;
}

#define xa_for_each_range(xa, index, entry, start, last)                          \
	for (index = start, entry = xa_find(xa, &index, last, XA_PRESENT); entry; \
	     entry = xa_find_after(xa, &index, last, XA_PRESENT))
#define xa_for_each_start(xa, index, entry, start) \
	xa_for_each_range(xa, index, entry, start, ULONG_MAX)
#define xa_for_each(xa, index, entry) xa_for_each_start(xa, index, entry, 0)

#endif
