/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: attributes, marked accesses, and what sparse would check. */
#ifndef HOSTED_LINUX_COMPILER_H
#define HOSTED_LINUX_COMPILER_H

#define __user
#define __kernel
#define __iomem
#define __rcu
#define __force
#define __bitwise
#define __must_check    __attribute__((__warn_unused_result__))
#define __maybe_unused  __attribute__((__unused__))
#define __uninitialized /* what is on a stack is never zeroed here */
#define __always_unused __attribute__((__unused__))
#define __used          __attribute__((__used__))
#define __weak          __attribute__((__weak__))
#define __packed        __attribute__((__packed__))
#define __aligned(n)    __attribute__((__aligned__(n)))
#define __section(name) __attribute__((__section__(name)))
#define __printf(f, a)  __attribute__((__format__(printf, f, a)))
#define __noreturn      __attribute__((__noreturn__))
#undef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#define noinline        __attribute__((__noinline__))
#define __flatten       __attribute__((__flatten__))
#define fallthrough     __attribute__((__fallthrough__))
#define __acquires(lock)
#define __releases(lock)
#define __must_hold(lock)
#define __acquire(lock) ((void)0)
#define __release(lock) ((void)0)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier()   __asm__ __volatile__("" ::: "memory")

/* Marked accesses are volatile: the instrumentation tells them from plain ones by that. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)                               \
	do {                                               \
		*(volatile __typeof__(x) *)&(x) = (value); \
	} while (0)

#define __PASTE2(a, b)      a##b
#define __PASTE(a, b)       __PASTE2(a, b)
#define __UNIQUE_ID(prefix) __PASTE(prefix, __COUNTER__)

#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))

#endif
