/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: memory barriers. */
#ifndef HOSTED_LINUX_BARRIER_H
#define HOSTED_LINUX_BARRIER_H

#include <linux/compiler.h>

#define smp_mb()                 __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()                __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()                __atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_mb__before_atomic()  smp_mb()
#define smp_mb__after_atomic()   smp_mb()
#define smp_mb__after_spinlock() smp_mb()
#define mb()                     smp_mb()
#define rmb()                    smp_rmb()
#define wmb()                    smp_wmb()
#define dma_rmb()                smp_rmb()
#define dma_wmb()                smp_wmb()

#define smp_load_acquire(pointer)         __atomic_load_n(pointer, __ATOMIC_ACQUIRE)
#define smp_store_release(pointer, value) __atomic_store_n(pointer, value, __ATOMIC_RELEASE)

#endif
